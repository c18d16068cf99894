//! What RBAC rules allow, as the API server judges them (`pkg/apis/rbac/v1/evaluation_helpers.go`); who is meant by a subject. Values in, values out.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};

/// Everything: of verbs, groups, resources and URLs.
pub(in crate::cluster) const ALL: &str = "*";
/// The API server asks no role about this group: it may do everything.
pub(in crate::cluster) const MASTERS: &str = "system:masters";

/// One rule of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Rule {
    #[serde(deserialize_with = "or_none")]
    pub(in crate::cluster) verbs: Vec<String>,
    #[serde(deserialize_with = "or_none")]
    pub(in crate::cluster) api_groups: Vec<String>,
    #[serde(deserialize_with = "or_none")]
    pub(in crate::cluster) resources: Vec<String>,
    #[serde(deserialize_with = "or_none")]
    pub(in crate::cluster) resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs", deserialize_with = "or_none")]
    pub(in crate::cluster) non_resource_urls: Vec<String>,
}

/// Go writes an empty list as null.
pub(in crate::cluster) fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// What somebody may want to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cluster) struct Deed {
    /// `delete`.
    pub(in crate::cluster) verb: String,
    /// To what.
    pub(in crate::cluster) what: What,
}

/// What a deed is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cluster) enum What {
    /// Objects of a kind.
    Objects {
        /// Its group.
        group: String,
        /// Its plural.
        plural: String,
        /// A part of the object, `log`; may be empty.
        part: String,
        /// One object; none: any.
        name: Option<String>,
    },
    /// A path of the API server.
    Url(String),
}

/// How much of a deed rules allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cluster) enum Grant {
    /// All of it; some rule says so by `*`, or none has to.
    All {
        /// Only a rule with a `*` says so.
        starred: bool,
    },
    /// To objects of these names.
    Only(BTreeSet<String>),
}

/// What these rules allow together; none: nothing of it.
pub(in crate::cluster) fn granted(rules: &[Rule], deed: &Deed) -> Option<Grant> {
    rules.iter().filter_map(|rule| allows(rule, deed)).reduce(|one, other| match (one, other) {
        (Grant::All { starred }, Grant::All { starred: too }) => Grant::All { starred: starred && too },
        (Grant::Only(names), Grant::Only(more)) => Grant::Only(names.into_iter().chain(more).collect()),
        (all @ Grant::All { .. }, _) | (_, all) => all,
    })
}

fn allows(rule: &Rule, deed: &Deed) -> Option<Grant> {
    let any = |list: &[String], wanted: &str| list.iter().any(|one| one == ALL || one == wanted);
    let star = |list: &[String]| list.iter().any(|one| one == ALL);
    if !any(&rule.verbs, &deed.verb) {
        return None;
    }
    let (group, plural, part, name) = match &deed.what {
        What::Url(url) => {
            let fits = |own: &String| own == ALL || own == url || own.strip_suffix('*').is_some_and(|begin| url.starts_with(begin));
            let starred = star(&rule.verbs) || rule.non_resource_urls.iter().any(|own| own == ALL);
            return rule.non_resource_urls.iter().any(fits).then_some(Grant::All { starred });
        }
        What::Objects { group, plural, part, name } => (group, plural, part, name),
    };
    let whole = if part.is_empty() { plural.clone() } else { format!("{plural}/{part}") };
    let fits = |own: &String| own == ALL || *own == whole || !part.is_empty() && own.strip_prefix("*/") == Some(part);
    if !any(&rule.api_groups, group) || !rule.resources.iter().any(fits) {
        return None;
    }
    let starred = star(&rule.verbs) || star(&rule.api_groups) || rule.resources.iter().any(|own| own == ALL);
    match (rule.resource_names.as_slice(), name) {
        ([], _) => Some(Grant::All { starred }),
        (names, Some(name)) => names.contains(name).then_some(Grant::All { starred }),
        (names, None) => Some(Grant::Only(names.iter().cloned().collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]) -> Rule {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Rule { verbs: list(verbs), api_groups: list(groups), resources: list(resources), resource_names: list(names), ..Rule::default() }
    }

    fn deed(verb: &str, group: &str, resource: &str, name: Option<&str>) -> Deed {
        let (plural, part) = resource.split_once('/').unwrap_or((resource, ""));
        let what = What::Objects { group: group.into(), plural: plural.into(), part: part.into(), name: name.map(str::to_owned) };
        Deed { verb: verb.into(), what }
    }

    const ANY: Option<Grant> = Some(Grant::All { starred: false });
    const STARRED: Option<Grant> = Some(Grant::All { starred: true });

    /// The examples of "Using RBAC Authorization" (kubernetes.io): pod-reader, secret-reader, "Referring to resources", "Role examples".
    #[test]
    fn the_examples_of_the_documentation_allow_what_it_says() {
        let pods = rule(&[""], &["pods"], &["get", "watch", "list"], &[]);
        let logs = rule(&[""], &["pods", "pods/log"], &["get", "list"], &[]);
        let updater = rule(&[""], &["configmaps"], &["update", "get"], &["my-configmap"]);
        let both = rule(&["extensions", "apps"], &["deployments"], &["get", "list", "watch", "create", "update", "patch", "delete"], &[]);
        let every = rule(&["example.com"], &["*"], &["*"], &[]);
        let cases = [
            (&pods, deed("list", "", "pods", None), ANY),
            (&pods, deed("delete", "", "pods", None), None),
            (&pods, deed("get", "", "pods/log", None), None),
            (&pods, deed("get", "metrics.k8s.io", "pods", None), None),
            (&logs, deed("get", "", "pods/log", Some("web")), ANY),
            (&updater, deed("get", "", "configmaps", Some("my-configmap")), ANY),
            (&updater, deed("get", "", "configmaps", Some("other")), None),
            (&updater, deed("get", "", "configmaps", None), Some(Grant::Only(BTreeSet::from(["my-configmap".to_owned()])))),
            (&both, deed("create", "apps", "deployments", None), ANY),
            (&both, deed("create", "batch", "deployments", None), None),
            (&every, deed("anything", "example.com", "widgets/status", None), STARRED),
            (&every, deed("get", "", "pods", None), None),
        ];
        for (rule, deed, wanted) in cases {
            assert_eq!(granted(std::slice::from_ref(rule), &deed), wanted, "{rule:?} {deed:?}");
        }
    }

    /// `*/scale` of every resource, as "Referring to resources" and the API reference of PolicyRule describe subresources.
    #[test]
    fn a_part_of_every_resource_is_no_resource() {
        let scale = [rule(&["*"], &["*/scale"], &["get"], &[])];
        assert_eq!(granted(&scale, &deed("get", "apps", "deployments/scale", None)), STARRED);
        assert_eq!(granted(&scale, &deed("get", "apps", "deployments", None)), None);
    }

    /// "Allow GET and POST requests to the non-resource endpoint /healthz and all subpaths".
    #[test]
    fn urls_may_end_in_a_star() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let rules = [Rule { verbs: list(&["get", "post"]), non_resource_urls: list(&["/healthz", "/healthz/*"]), ..Rule::default() }];
        let url = |verb: &str, url: &str| granted(&rules, &Deed { verb: verb.into(), what: What::Url(url.into()) });
        assert_eq!([url("get", "/healthz"), url("post", "/healthz/etcd"), url("get", "/version"), url("delete", "/healthz")], [ANY, ANY, None, None]);
    }

    #[test]
    fn rules_of_one_role_add_up() {
        let named = |name: &str| rule(&[""], &["secrets"], &["get"], &[name]);
        let get = deed("get", "", "secrets", None);
        assert_eq!(granted(&[named("a"), named("b")], &get), Some(Grant::Only(BTreeSet::from(["a".to_owned(), "b".to_owned()]))));
        assert_eq!(granted(&[named("a"), rule(&["*"], &["*"], &["*"], &[]), rule(&[""], &["secrets"], &["get"], &[])], &get), ANY);
    }
}
