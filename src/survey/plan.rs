//! Which kinds to watch for a question: those an object refers to, those that may refer to it, and those below a kind in its tree.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::cluster::fleet::Fleet;
use crate::cluster::kinds::{Kind, Kinds};
use crate::cluster::watch::WatchSpec;
use crate::names::{ClusterId, Gvk, ObjectKey, Problem};
use crate::relations::facts::{Facts, Reader, Wanted};
use crate::relations::rules::{Match, PODS, Place, Rule, Rules, Target, pod_prefix};

/// One kind to be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which kind.
    pub kind: Arc<Gvk>,
    /// Which of its objects.
    pub spec: WatchSpec,
}

/// What controllers make of an object, where it is known: group, kind, then what it controls.
const MAKES: &[(&str, &str, &[(&str, &str)])] = &[
    ("apps", "Deployment", &[("apps", "ReplicaSet")]),
    ("apps", "ReplicaSet", &[("", "Pod")]),
    ("apps", "StatefulSet", &[("", "Pod")]),
    ("apps", "DaemonSet", &[("", "Pod")]),
    ("batch", "Job", &[("", "Pod")]),
    ("batch", "CronJob", &[("batch", "Job")]),
    ("", "ReplicationController", &[("", "Pod")]),
];

/// What stands below anything in a tree: what controllers make, and what pods use.
const BELOW: &[(&str, &str)] = &[
    ("apps", "ReplicaSet"),
    ("batch", "Job"),
    ("", "Pod"),
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "ServiceAccount"),
    ("", "PersistentVolumeClaim"),
    ("", "PersistentVolume"),
];

/// What to watch to see everything one object uses and is used by.
///
/// # Errors
/// The object is gone, or the cluster does not answer.
pub async fn around(fleet: &Fleet, rules: &Arc<Rules>, key: &ObjectKey) -> Result<Vec<Part>, Problem> {
    let object = fleet.object(key).await?;
    let kinds = fleet.kinds(&key.cluster).await?;
    let facts = Reader::new(rules.clone(), &key.gvk.group, &key.gvk.kind).read(&object);
    let mut plan = Plan { kinds: &kinds, cluster: &key.cluster, parts: Vec::new() };
    plan.one(&key.gvk.group, &key.gvk.kind, key.namespace.as_deref(), &key.name);
    plan.outwards(&facts, &object);
    plan.inwards(rules, key);
    Ok(plan.parts)
}

/// What to watch for a tree of a kind: the kind itself and everything that may stand below it.
///
/// # Errors
/// The cluster serves no such kind, or does not answer.
pub async fn below(fleet: &Fleet, cluster: &ClusterId, word: &str, namespaces: &[String]) -> Result<(Arc<Gvk>, Vec<Part>), Problem> {
    let kinds = fleet.kinds(cluster).await?;
    let unknown = || {
        Problem::new("cluster.kind", format!("{cluster} serves no kind called {}", crate::text::sanitise(word)), "")
            .hint("`:xray` and a kind it serves: `:xray deploy shop`")
    };
    let root = kinds.find(word).ok_or_else(unknown)?.gvk.clone();
    let mut plan = Plan { kinds: &kinds, cluster, parts: Vec::new() };
    let spaces: BTreeSet<&str> = namespaces.iter().map(String::as_str).collect();
    plan.many(&root.group, &root.kind, &spaces);
    let (workload, job) = (&*root.group == "apps" && &*root.kind == "Deployment", &*root.kind == "CronJob");
    for (group, kind) in BELOW {
        // Only what can stand there is asked for; of a kind that is not known nobody knows.
        let needless = match *kind {
            "ReplicaSet" => !workload && MAKES.iter().any(|(group, kind, _)| *group == &*root.group && *kind == &*root.kind) || is_leaf(&root),
            "Job" => !job && (MAKES.iter().any(|(group, kind, _)| *group == &*root.group && *kind == &*root.kind) || is_leaf(&root)),
            _ => false,
        };
        if !needless {
            plan.many(group, kind, &spaces);
        }
    }
    Ok((root, plan.parts))
}

/// Nothing is controlled by these.
fn is_leaf(gvk: &Gvk) -> bool {
    gvk.group.is_empty()
        && matches!(&*gvk.kind, "Pod" | "Service" | "ConfigMap" | "Secret" | "ServiceAccount" | "PersistentVolumeClaim" | "PersistentVolume")
}

struct Plan<'a> {
    kinds: &'a Kinds,
    cluster: &'a ClusterId,
    parts: Vec<Part>,
}

impl Plan<'_> {
    fn kind(&self, group: &str, kind: &str) -> Option<Kind> {
        let watched = |one: &&Kind| *one.gvk.group == *group && *one.gvk.kind == *kind && one.verbs.iter().any(|verb| verb == "watch");
        self.kinds.iter().find(watched).cloned()
    }

    fn add(&mut self, group: &str, kind: &str, namespaces: &BTreeSet<&str>, labels: String, fields: String) {
        let Some(kind) = self.kind(group, kind) else { return };
        let namespaces: Vec<String> = if kind.namespaced { namespaces.iter().map(ToString::to_string).collect() } else { Vec::new() };
        let view = if kind.gvk.group.is_empty() { kind.plural.clone() } else { format!("{}.{}", kind.plural, kind.gvk.group) };
        let spec = WatchSpec { cluster: self.cluster.clone(), view, namespaces, labels, fields, columns: Vec::new(), exact: true };
        let known = self.parts.iter_mut().find(|part| part.kind == kind.gvk);
        match known {
            None => self.parts.push(Part { kind: kind.gvk, spec }),
            Some(part) if part.spec == spec => {}
            // Two wishes for one kind: all of it, in all the places that were meant.
            Some(part) => {
                let everywhere = part.spec.namespaces.is_empty() || spec.namespaces.is_empty();
                let both: BTreeSet<String> = part.spec.namespaces.drain(..).chain(spec.namespaces).collect();
                part.spec.namespaces = if everywhere { Vec::new() } else { both.into_iter().collect() };
                part.spec.labels.clear();
                part.spec.fields.clear();
            }
        }
    }

    fn one(&mut self, group: &str, kind: &str, namespace: Option<&str>, name: &str) {
        self.add(group, kind, &namespace.into_iter().collect(), String::new(), format!("metadata.name={name}"));
    }

    fn many(&mut self, group: &str, kind: &str, namespaces: &BTreeSet<&str>) {
        self.add(group, kind, namespaces, String::new(), String::new());
    }

    /// What the object refers to.
    fn outwards(&mut self, facts: &Facts, object: &Value) {
        for want in &facts.wants {
            match &want.of {
                Wanted::Name { id, .. } => self.one(&id.group, &id.kind, id.namespace.as_deref(), &id.name),
                Wanted::Labels(selector) if selector.kind.is_none() => {
                    self.add("", "Pod", &selector.namespace.as_deref().into_iter().collect(), selector.query(), String::new());
                }
                Wanted::Labels(_) | Wanted::Uid(_) | Wanted::Made(_) => {}
            }
        }
        for owner in object.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| owner[name].as_str().unwrap_or_default();
            let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
            self.one(group, text("kind"), facts.id.namespace.as_deref(), text("name"));
        }
    }

    /// What may refer to the object.
    fn inwards(&mut self, rules: &Rules, key: &ObjectKey) {
        let (group, kind) = (&*key.gvk.group, &*key.gvk.kind);
        let own: BTreeSet<&str> = key.namespace.as_deref().into_iter().collect();
        let everywhere = BTreeSet::new();
        for (made_group, made_kind) in MAKES.iter().filter(|(g, k, _)| *g == group && *k == kind).flat_map(|(.., made)| *made) {
            self.many(made_group, made_kind, &own);
        }
        if (group, kind) == ("", "Node") {
            self.add("", "Pod", &everywhere, String::new(), format!("spec.nodeName={}", key.name));
        }
        for (_, rule) in rules.iter().filter(|(_, rule)| points_to(rule, group, kind)) {
            let places = if matches!(rule.ns, Place::Same) { &own } else { &everywhere };
            for (from_group, from_kind) in rule.kinds() {
                self.many(&from_group, &from_kind, places);
            }
        }
    }
}

/// The rule may lead to an object of that kind. Nodes, namespaces and definitions are left out: whatever is in them is a view of its own.
fn points_to(rule: &Rule, group: &str, kind: &str) -> bool {
    match (&rule.to, &rule.by) {
        (Target::Kind(own), _) => own.is(group, kind) && !matches!((group, kind), ("", "Node" | "Namespace")),
        (Target::PodLabels, _) => pod_prefix(group, kind).is_some(),
        // Whatever can be scaled may be referred to: pods' controllers and custom resources.
        (Target::Any, Match::Ref) => {
            group.contains('.') && !group.ends_with(".k8s.io") || PODS.iter().any(|(g, k, _)| *g == group && *k == kind && *k != "Pod")
        }
        (Target::Any, _) => false,
    }
}
