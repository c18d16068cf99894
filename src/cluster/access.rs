//! Who may do what: the question as a person types it, and what the API server says about oneself. The rules of others are judged in `rules.rs`.

pub(super) mod rules;

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use self::rules::{ALL, Deed, Rule, What, or_none};
use super::kinds::Kinds;
use super::wire::{JSON, LIMIT, Wire};
use crate::names::{Gvk, Problem};

const GROUP: &str = "authorization.k8s.io";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1";

/// A question as it is typed: `delete pods`, `get pods/log`, `update configmaps web-config`, `get /healthz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    verb: String,
    resource: String,
    name: Option<String>,
}

/// What is answered is no object: this stands for its kind.
pub fn answer() -> Gvk {
    Gvk::new(GROUP, "v1", "Access")
}

/// The row tells an answer, and stands for no object.
pub fn is_answer(gvk: &Gvk) -> bool {
    &*gvk.group == GROUP
}

/// `delete pods in shop` taken apart: the question, and the words behind `in`.
pub fn taken_apart(words: &[String]) -> (String, &[String]) {
    let at = words.iter().position(|word| word == "in").unwrap_or(words.len());
    // A single word is where rights are asked for, not what is asked.
    if at == 1 && words.len() == 1 {
        return (String::new(), words);
    }
    (words[..at].join(" "), words.get(at + 1..).unwrap_or_default())
}

impl Question {
    /// Reads it; none: it is no question.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let plain = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-._/*:@".contains(c));
        let (verb, resource, name) = match words[..] {
            [verb, resource] => (verb, resource, None),
            [verb, resource, name] => (verb, resource, Some(name.to_owned())),
            _ => return None,
        };
        words.iter().all(|word| plain(word)).then(|| Self { verb: verb.to_lowercase(), resource: resource.to_owned(), name })
    }

    /// What is meant in a cluster that serves these kinds, and whether it lives in namespaces. None: no such kind is served.
    pub(super) fn meant(&self, kinds: &Kinds) -> Option<(Deed, bool)> {
        let deed = |what| Deed { verb: self.verb.clone(), what };
        if self.resource.starts_with('/') {
            return Some((deed(What::Url(self.resource.clone())), false));
        }
        let (word, part) = self.resource.split_once('/').unwrap_or((&self.resource, ""));
        let objects =
            |group: &str, plural: &str| What::Objects { group: group.into(), plural: plural.into(), part: part.into(), name: self.name.clone() };
        if word == ALL {
            return Some((deed(objects(ALL, ALL)), true));
        }
        if let Some(kind) = kinds.find(word) {
            return Some((deed(objects(&kind.gvk.group, &kind.plural)), kind.namespaced));
        }
        // What cannot be listed, such as reviews, is in no list of kinds.
        word.split_once('.').map(|(plural, group)| (deed(objects(group, plural)), true))
    }

    /// The word that no kind is called.
    pub(super) fn resource(&self) -> &str {
        &self.resource
    }
}

/// What the API server says about oneself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Review<T> {
    status: T,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Access {
    allowed: bool,
    reason: String,
    evaluation_error: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rules {
    #[serde(deserialize_with = "or_none")]
    resource_rules: Vec<Rule>,
    #[serde(deserialize_with = "or_none")]
    non_resource_rules: Vec<Rule>,
    incomplete: bool,
    evaluation_error: String,
}

async fn review<T: serde::de::DeserializeOwned + Default>(wire: &Wire, plural: &str, kind: &str, spec: Value) -> Result<T, Problem> {
    let body = json!({"apiVersion": format!("{GROUP}/v1"), "kind": kind, "spec": spec}).to_string().into_bytes();
    let answer = wire.whole(Method::POST, &format!("{REVIEWS}/{plural}"), JSON, body, LIMIT).await.map_err(|trouble| trouble.problem)?;
    let review: Review<T> = serde_json::from_slice(&answer).map_err(|error| wire.nonsense(&answer, &error.to_string()).problem)?;
    Ok(review.status)
}

/// Whether one may do it oneself, in a namespace or, where that is empty, in all: yes or no, and what is said about it.
pub(super) async fn own(wire: &Wire, deed: &Deed, namespace: &str) -> Result<(bool, String), Problem> {
    let spec = match &deed.what {
        What::Url(path) => json!({"nonResourceAttributes": {"path": path, "verb": deed.verb}}),
        What::Objects { group, plural, part, name } => json!({"resourceAttributes": {
            "namespace": namespace, "verb": deed.verb, "group": group, "resource": plural, "subresource": part, "name": name}}),
    };
    let Access { allowed, reason, evaluation_error } = review(wire, "selfsubjectaccessreviews", "SelfSubjectAccessReview", spec).await?;
    Ok((allowed, if allowed || !reason.is_empty() { reason } else { evaluation_error }))
}

/// One line of what one may do: a resource with its group and part, or a URL; the names it is about, if not about all; the verbs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Right {
    pub(super) what: String,
    pub(super) names: Vec<String>,
    pub(super) verbs: BTreeSet<String>,
}

/// All that one may do in a namespace, and why that may not be all of it.
pub(super) async fn rights(wire: &Wire, namespace: &str) -> Result<(Vec<Right>, Option<String>), Problem> {
    let rules: Rules = review(wire, "selfsubjectrulesreviews", "SelfSubjectRulesReview", json!({"namespace": namespace})).await?;
    let why = if rules.evaluation_error.is_empty() { "the API server does not say why".to_owned() } else { rules.evaluation_error.clone() };
    Ok((lines(&rules), rules.incomplete.then_some(why)))
}

/// Rules that are about the same are one line.
fn lines(rules: &Rules) -> Vec<Right> {
    let mut all: BTreeMap<(String, Vec<String>), BTreeSet<String>> = BTreeMap::new();
    for rule in &rules.resource_rules {
        let mut names = rule.resource_names.clone();
        names.sort();
        for (resource, group) in rule.resources.iter().flat_map(|resource| rule.api_groups.iter().map(move |group| (resource, group))) {
            all.entry((called(resource, group), names.clone())).or_default().extend(rule.verbs.iter().cloned());
        }
    }
    for rule in &rules.non_resource_rules {
        for url in &rule.non_resource_urls {
            all.entry((url.clone(), Vec::new())).or_default().extend(rule.verbs.iter().cloned());
        }
    }
    all.into_iter().map(|((what, names), verbs)| Right { what, names, verbs }).collect()
}

/// `pods`, `deployments.apps`, `deployments.apps/scale`, `*.*`: as it can be asked for again.
fn called(resource: &str, group: &str) -> String {
    let (plural, part) = resource.split_once('/').map_or((resource, String::new()), |(plural, part)| (plural, format!("/{part}")));
    if group.is_empty() { format!("{plural}{part}") } else { format!("{plural}.{group}{part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_question_has_a_verb_and_a_resource_and_may_have_a_place() {
        let apart = |text: &str| {
            let words = words(text);
            let (question, place) = taken_apart(&words);
            (question, place.join(" "))
        };
        assert_eq!(apart("delete pods"), ("delete pods".into(), String::new()));
        assert_eq!(apart("get pods/log in shop"), ("get pods/log".into(), "shop".into()));
        assert_eq!(apart("in shop"), (String::new(), "shop".into()));
        assert_eq!(apart("shop"), (String::new(), "shop".into()));
        assert!(Question::parse("delete pods web-1").is_some());
        for wrong in ["", "delete", "delete pods web-1 web-2", "get 'pods'"] {
            assert!(Question::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn what_is_about_the_same_is_one_line() {
        let rules: Rules = serde_json::from_value(json!({"resourceRules": [
            {"verbs": ["get"], "apiGroups": ["", "apps"], "resources": ["pods", "deployments/scale"]}, {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["b", "a"]}], "nonResourceRules": null}))
        .unwrap();
        let told: Vec<String> = lines(&rules).into_iter().map(|one| format!("{} {:?} {}", one.what, one.names, one.verbs.len())).collect();
        assert_eq!(told, ["deployments.apps/scale [] 1", "deployments/scale [] 1", "pods [] 2", "pods [\"a\", \"b\"] 1", "pods.apps [] 1"]);
    }
}
