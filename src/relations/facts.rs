//! One object read by the rules: what it provides and what it wants. Plain data, small enough to travel in thousands.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path::{Path, Step};
use super::rules::{Holder, Kind, Match, Optional, Pattern, Piece, Place, Rule, Rules, Target, pod_prefix};

/// What an object is called: group, kind, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Id {
    /// API group; empty for core.
    pub group: Arc<str>,
    /// Its kind.
    pub kind: Arc<str>,
    /// Its namespace, if it has one.
    pub namespace: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
}

/// What the rules read of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Which object.
    pub id: Id,
    /// Its uid, if it has one.
    pub uid: Option<u128>,
    /// Labels a selector may ask for, `key=value`, sorted: of the pod, of the template of pods, or of a kind that a rule selects.
    pub labels: Vec<Arc<str>>,
    /// What is inside and may be wanted: the keys of a ConfigMap's or Secret's data.
    pub keys: Vec<Arc<str>>,
    /// Texts it makes for pattern rules, with the rule.
    pub made: Vec<(u16, Arc<str>)>,
    /// What it refers to.
    pub wants: Vec<Want>,
}

/// One reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Want {
    /// By which rule.
    pub rule: u16,
    /// What is wanted.
    pub of: Wanted,
    /// It is no problem when that is missing.
    pub optional: bool,
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Wanted {
    /// An object by its name, or a key inside it.
    Name {
        /// Which.
        id: Id,
        /// What has to be inside.
        key: Option<Arc<str>>,
    },
    /// An owner.
    Uid(u128),
    /// Objects by their labels.
    Labels(Selector),
    /// An object by a text it makes.
    Made(Arc<str>),
}

/// A label selector in one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector {
    /// Where; none: objects without a namespace.
    pub namespace: Option<Arc<str>>,
    /// Only objects of that kind; none: pods and what has a template of them.
    pub kind: Option<(Arc<str>, Arc<str>)>,
    /// All of these have to hold.
    pub all: Vec<Requirement>,
}

/// One condition of a selector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The label's key.
    pub key: Arc<str>,
    /// `key=value` for each value; none: any value.
    pub any: Vec<Arc<str>>,
    /// It has to hold, or has not to.
    pub holds: bool,
}

impl Selector {
    /// As a query takes it: `app=web,tier in (a,b),!old`.
    pub fn query(&self) -> String {
        self.all.iter().map(Requirement::query).collect::<Vec<_>>().join(",")
    }

    /// The labels are selected.
    pub fn fits(&self, labels: &[Arc<str>]) -> bool {
        self.all.iter().all(|one| one.fits(labels))
    }
}

impl Requirement {
    fn query(&self) -> String {
        let Self { key, any, holds } = self;
        let value = |label: &Arc<str>| label.strip_prefix(&**key).and_then(|rest| rest.strip_prefix('=')).unwrap_or_default().to_owned();
        let values = || any.iter().map(value).collect::<Vec<_>>().join(",");
        match (any.as_slice(), holds) {
            ([], true) => key.to_string(),
            ([], false) => format!("!{key}"),
            ([one], true) => one.to_string(),
            (_, true) => format!("{key} in ({})", values()),
            (_, false) => format!("{key} notin ({})", values()),
        }
    }

    fn fits(&self, labels: &[Arc<str>]) -> bool {
        let has = if self.any.is_empty() {
            labels.iter().any(|label| label.strip_prefix(&*self.key).is_some_and(|rest| rest.starts_with('=')))
        } else {
            self.any.iter().any(|label| labels.binary_search(label).is_ok())
        };
        has == self.holds
    }
}

/// Reads the objects of one kind.
#[derive(Debug)]
pub struct Reader {
    rules: Arc<Rules>,
    group: Arc<str>,
    kind: Arc<str>,
    /// Where the labels stand that selectors ask for.
    labels: Option<Path>,
    bound: Vec<Bound>,
    made: Vec<(u16, Pattern)>,
}

/// A rule with its paths from the root of the kind's objects.
#[derive(Debug)]
struct Bound {
    index: u16,
    paths: Vec<Path>,
    /// What has to be there for the default name to count.
    root: Option<Path>,
}

fn path(text: &str) -> Option<Path> {
    Path::parse(text).ok()?.into_iter().next()
}

impl Reader {
    /// A reader for a kind.
    pub fn new(rules: Arc<Rules>, group: &str, kind: &str) -> Self {
        let prefix = pod_prefix(group, kind);
        let root = prefix.and_then(path);
        let bind = |(index, rule): (u16, &Rule)| {
            let under = |one: &Path| if rule.in_pod() { root.as_ref().map(|root| one.under(root)) } else { Some(one.clone()) };
            Bound { index, paths: rule.paths.iter().filter_map(under).collect(), root: root.clone().filter(|_| rule.in_pod()) }
        };
        let selected =
            rules.iter().any(|(_, rule)| rule.by == Match::Selector && rule.to == Target::Kind(Kind { group: group.into(), kind: kind.into() }));
        let labels = match prefix.and_then(|prefix| prefix.strip_suffix("spec")) {
            Some(before) => path(&format!("{before}metadata.labels")),
            None => path("metadata.labels").filter(|_| selected),
        };
        let makes = |(index, rule): (u16, &Rule)| match &rule.by {
            Match::Pattern { provides, .. } if matches!(&rule.to, Target::Kind(own) if own.is(group, kind)) => Some((index, provides.clone())),
            _ => None,
        };
        Self {
            bound: rules.iter().filter(|(_, rule)| rule.reads(group, kind)).map(bind).collect(),
            made: rules.iter().filter_map(makes).collect(),
            labels,
            rules,
            group: group.into(),
            kind: kind.into(),
        }
    }

    /// It reads that kind.
    pub fn of(&self, group: &str, kind: &str) -> bool {
        *self.group == *group && *self.kind == *kind
    }

    /// What an object provides and wants. Every field may be missing.
    pub fn read(&self, object: &Value) -> Facts {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        let id = Id {
            group: self.group.clone(),
            kind: self.kind.clone(),
            namespace: text("/metadata/namespace").map(Into::into),
            name: text("/metadata/name").unwrap_or_default().into(),
        };
        let mut wants = Vec::new();
        for bound in &self.bound {
            if let Some(rule) = self.rules.get(bound.index) {
                self.wants(object, &id, bound, rule, &mut wants);
            }
        }
        Facts {
            uid: text("/metadata/uid").map(uid),
            labels: self.labels.as_ref().map(|path| labels(path, object)).unwrap_or_default(),
            keys: keys(object),
            made: self.made.iter().filter_map(|(index, pattern)| Some((*index, self.make(pattern, object)?))).collect(),
            wants,
            id,
        }
    }

    fn wants(&self, object: &Value, id: &Id, bound: &Bound, rule: &Rule, wants: &mut Vec<Want>) {
        if let Match::Pattern { computed, .. } = &rule.by {
            let made = self.make(computed, object).map(Wanted::Made);
            wants.extend(made.map(|of| Want { rule: bound.index, of, optional: rule.optional == Optional::Yes }));
            return;
        }
        let before = wants.len();
        for path in &bound.paths {
            path.walk(object, &mut |trail| reference(id, bound.index, rule, trail, wants));
        }
        let there = bound.root.as_ref().is_none_or(|root| {
            let mut there = false;
            root.walk(object, &mut |_| there = true);
            there
        });
        if let Some(default) = rule.default.as_deref().filter(|_| wants.len() == before && there) {
            name(id, bound.index, rule, default, &[object], wants);
        }
    }

    fn make(&self, pattern: &Pattern, object: &Value) -> Option<Arc<str>> {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => Some(text.clone()),
            Piece::Group => Some(self.group.to_string()),
            Piece::Kind => Some(self.kind.to_string()),
            Piece::Field(path) => path.text(&[object]).map(str::to_owned),
        };
        pattern.0.iter().map(piece).collect::<Option<String>>().map(Into::into)
    }
}

/// One place where a rule found something.
fn reference(id: &Id, index: u16, rule: &Rule, trail: &[&Value], wants: &mut Vec<Want>) {
    let Some(here) = trail.last() else { return };
    let field = |field: &str| here.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let mut want = |of| wants.push(Want { rule: index, of, optional: optional(rule, trail) });
    match rule.by {
        Match::Name => {
            if let Some(text) = here.as_str().filter(|text| !text.is_empty()) {
                name(id, index, rule, text, trail, wants);
            }
        }
        Match::Owner => {
            if let Some(owner) = field("uid") {
                want(Wanted::Uid(uid(owner)));
            }
        }
        Match::Ref => {
            let default = match &rule.to {
                Target::Kind(kind) => Some(kind),
                Target::Any | Target::PodLabels => None,
            };
            let of_version = field("apiVersion").map(|version| version.split_once('/').map_or("", |(group, _)| group));
            let group = of_version.or_else(|| field("apiGroup")).or_else(|| field("group"));
            let group = group.or(default.map(|kind| kind.group.as_str())).unwrap_or_default();
            let kind = field("kind").or(default.map(|kind| kind.kind.as_str()));
            let Some((kind, name)) = kind.zip(field("name")) else { return };
            // A subject of kind ServiceAccount says no group, or the core's.
            if default.is_none_or(|only| only.is(group, kind)) {
                let id = Id { group: group.into(), kind: kind.into(), namespace: namespace(id, rule, trail), name: name.into() };
                want(Wanted::Name { id, key: None });
            }
        }
        Match::Selector => {
            let all = requirements(here);
            if rule.empty_is_all || !all.is_empty() {
                let kind = match &rule.to {
                    Target::Kind(kind) => Some((kind.group.as_str().into(), kind.kind.as_str().into())),
                    Target::Any | Target::PodLabels => None,
                };
                want(Wanted::Labels(Selector { namespace: namespace(id, rule, trail), kind, all }));
            }
        }
        Match::Pattern { .. } => {}
    }
}

/// A reference by name, and one more for each key it wants inside.
fn name(id: &Id, index: u16, rule: &Rule, text: &str, trail: &[&Value], wants: &mut Vec<Want>) {
    let Target::Kind(kind) = &rule.to else { return };
    let target = Id { group: kind.group.as_str().into(), kind: kind.kind.as_str().into(), namespace: namespace(id, rule, trail), name: text.into() };
    let optional = optional(rule, trail);
    let mut keys = Vec::new();
    for path in &rule.key {
        path.walk_from(trail, &mut |found| keys.extend(found.last().and_then(|key| key.as_str()).map(Arc::<str>::from)));
    }
    let mut want = |key| {
        let want = Want { rule: index, of: Wanted::Name { id: target.clone(), key }, optional };
        // The same reference again says nothing new.
        if !wants.contains(&want) {
            wants.push(want);
        }
    };
    want(None);
    keys.into_iter().for_each(|key| want(Some(key)));
}

fn namespace(id: &Id, rule: &Rule, trail: &[&Value]) -> Option<Arc<str>> {
    match &rule.ns {
        Place::None | Place::Any => None,
        Place::Same | Place::Selector(_) => id.namespace.clone(),
        Place::Field(path) => path.text(trail).map(Into::into).or_else(|| id.namespace.clone()),
    }
}

fn optional(rule: &Rule, trail: &[&Value]) -> bool {
    match &rule.optional {
        Optional::Yes => true,
        Optional::No => false,
        Optional::Field(path) => {
            let mut yes = false;
            path.walk_from(trail, &mut |found| yes |= found.last().is_some_and(|value| **value == true));
            yes
        }
    }
}

fn labels(path: &Path, object: &Value) -> Vec<Arc<str>> {
    let mut all: Vec<Arc<str>> = Vec::new();
    path.walk(object, &mut |found| {
        let map = found.last().and_then(|labels| labels.as_object());
        all.extend(map.into_iter().flatten().filter_map(|(key, value)| Some(label(key, value.as_str()?))));
    });
    all.sort();
    all
}

fn label(key: &str, value: &str) -> Arc<str> {
    format!("{key}={value}").into()
}

/// The keys of an object's data; the values are none of our business.
fn keys(object: &Value) -> Vec<Arc<str>> {
    let parts = ["data", "binaryData", "stringData"].iter().filter_map(|part| object.get(part).and_then(Value::as_object));
    parts.flat_map(|part| part.keys()).map(|key| key.as_str().into()).collect()
}

/// A plain map of labels, or a `LabelSelector`.
fn requirements(selector: &Value) -> Vec<Requirement> {
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    let labels = selector.get("matchLabels").or_else(|| expressions.is_none().then_some(selector)).and_then(Value::as_object);
    let equal = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some(Requirement { key: key.as_str().into(), any: vec![label(key, value.as_str()?)], holds: true }));
    equal.chain(expressions.into_iter().flatten().filter_map(requirement)).collect()
}

/// One `LabelSelectorRequirement`.
fn requirement(one: &Value) -> Option<Requirement> {
    let key = one.get("key")?.as_str()?;
    let values = one.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let any: Vec<Arc<str>> = values.map(|value| label(key, value)).collect();
    let (any, holds) = match one.get("operator")?.as_str()? {
        "In" => (any, true),
        "NotIn" => (any, false),
        "Exists" => (Vec::new(), true),
        "DoesNotExist" => (Vec::new(), false),
        _ => return None,
    };
    Some(Requirement { key: key.into(), any, holds })
}

/// The number of a UUID; of any other text a hash (FNV-1a over 128 bits), so that odd servers still get a graph.
pub fn uid(text: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hex: String = text.chars().filter(|c| *c != '-').collect();
    match u128::from_str_radix(&hex, 16) {
        Ok(number) if hex.len() == 32 => number,
        _ => text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME)),
    }
}

/// Every path a rule reads in the objects of a kind, for a check against the kind's schema: from the root, keys and other fields beside the
/// reference too.
pub fn schema_paths(rule: &Rule, group: &str, kind: &str) -> Vec<Path> {
    let prefix = pod_prefix(group, kind).filter(|_| rule.in_pod()).and_then(path);
    let beside = |one: &Path| -> Vec<Path> {
        let extra = match (&rule.optional, &rule.ns) {
            (Optional::Field(optional), Place::Field(ns)) => vec![optional, ns],
            (Optional::Field(path), _) | (_, Place::Field(path)) => vec![path],
            _ => Vec::new(),
        };
        std::iter::once(one.clone()).chain(extra.into_iter().chain(&rule.key).map(|relative| joined(one, relative))).collect()
    };
    let all = rule.paths.iter().flat_map(beside);
    all.map(|one| prefix.as_ref().map_or_else(|| one.clone(), |prefix| one.under(prefix))).collect()
}

/// A path with a relative one behind it, without its steps upwards.
fn joined(base: &Path, relative: &Path) -> Path {
    let ups = relative.steps().iter().take_while(|step| **step == Step::Up).count();
    let mut steps = base.steps().to_vec();
    for _ in 0..ups {
        steps.pop();
        while steps.last() == Some(&Step::Each) {
            steps.pop();
            steps.pop();
        }
    }
    Path::of(steps.into_iter().chain(relative.steps().iter().skip(ups).cloned()).collect())
}

impl Rule {
    /// The kinds whose fields it reads, where they are named.
    pub fn kinds(&self) -> Vec<(String, String)> {
        let kinds = |from: &Holder| match from {
            Holder::Any | Holder::Custom => Vec::new(),
            Holder::Pod => super::rules::PODS.iter().map(|(group, kind, _)| ((*group).to_owned(), (*kind).to_owned())).collect(),
            Holder::Kind(Kind { group, kind }) => vec![(group.clone(), kind.clone())],
        };
        self.from.iter().flat_map(kinds).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(group: &str, kind: &str, object: Value) -> Vec<String> {
        let rules = Arc::new(Rules::embedded());
        let facts = Reader::new(rules.clone(), group, kind).read(&object);
        let say = |want: &Want| {
            let rule = &rules.get(want.rule).unwrap().id;
            let what = match &want.of {
                Wanted::Name { id, key } => {
                    let place = id.namespace.as_deref().map_or_else(String::new, |namespace| format!("{namespace}/"));
                    let inside = key.as_deref().map_or_else(String::new, |key| format!("#{key}"));
                    format!("{} {place}{}{inside}", id.kind, id.name)
                }
                Wanted::Uid(_) => "an owner".into(),
                Wanted::Labels(selector) => format!("{} conditions", selector.all.len()),
                Wanted::Made(text) => text.to_string(),
            };
            format!("{rule}: {what}{}", if want.optional { "?" } else { "" })
        };
        facts.wants.iter().map(say).collect()
    }

    /// Every way of the Kubernetes documentation to use a ConfigMap or a Secret in a pod ("Configure a Pod to Use a ConfigMap", "Distribute
    /// Credentials Securely Using Secrets").
    #[test]
    fn a_template_names_what_its_pods_use() {
        let spec = json!({
            "containers": [{"envFrom": [{"configMapRef": {"name": "special-config"}}, {"secretRef": {"name": "test-secret", "optional": true}}],
                "env": [{"name": "L", "valueFrom": {"configMapKeyRef": {"name": "special-config", "key": "special.how"}}}]}],
            "initContainers": [{"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "backend-user", "key": "user"}}}]}],
            "volumes": [{"name": "c", "configMap": {"name": "special-config", "items": [{"key": "SPECIAL_LEVEL", "path": "keys"}]}},
                {"name": "s", "secret": {"secretName": "test-secret", "optional": true}},
                {"name": "all", "projected": {"sources": [{"secret": {"name": "user"}}, {"configMap": {"name": "more"}}]}},
                {"name": "d", "persistentVolumeClaim": {"claimName": "task-pv-claim"}}],
            "imagePullSecrets": [{"name": "regcred"}], "serviceAccountName": "build-robot"});
        let said = read("apps", "Deployment", json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": {"spec": spec}}}));
        let wanted = [
            "namespace: Namespace shop",
            "pod.volume.configmap: ConfigMap shop/special-config",
            "pod.volume.configmap: ConfigMap shop/special-config#SPECIAL_LEVEL",
            "pod.projected.configmap: ConfigMap shop/more",
            "pod.projected.secret: Secret shop/user",
            "pod.envfrom.configmap: ConfigMap shop/special-config",
            "pod.env.configmap: ConfigMap shop/special-config",
            "pod.env.configmap: ConfigMap shop/special-config#special.how",
            "pod.volume.secret: Secret shop/test-secret?",
            "pod.envfrom.secret: Secret shop/test-secret?",
            "pod.env.secret: Secret shop/backend-user",
            "pod.env.secret: Secret shop/backend-user#user",
            "pod.pull.secret: Secret shop/regcred",
            "pod.claim: PersistentVolumeClaim shop/task-pv-claim",
            "pod.account: ServiceAccount shop/build-robot",
        ];
        assert_eq!(said, wanted);
    }

    #[test]
    fn a_pod_without_an_account_runs_as_the_default_one_and_an_unscheduled_one_on_no_node() {
        let pod = |spec: Value| read("", "Pod", json!({"metadata": {"name": "p", "namespace": "n"}, "spec": spec}));
        assert_eq!(pod(json!({"nodeName": ""})), ["namespace: Namespace n", "pod.account: ServiceAccount n/default"]);
        assert!(pod(json!({"nodeName": "node-1"})).contains(&"pod.node: Node node-1".to_owned()));
        assert_eq!(read("", "Pod", json!({})), Vec::<String>::new());
    }

    /// The forms of the API reference: `roleRef` and `subjects` of bindings, `scaleTargetRef`, a Service without a selector.
    #[test]
    fn references_say_kind_and_place_themselves() {
        let meta = json!({"name": "b", "namespace": "n"});
        let binding = json!({"metadata": meta, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "ci", "namespace": "build"}, {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}]});
        assert_eq!(
            read("rbac.authorization.k8s.io", "RoleBinding", binding),
            ["namespace: Namespace n", "binding.clusterrole: ClusterRole view", "binding.account: ServiceAccount build/ci"]
        );
        let scaler = json!({"metadata": meta, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
        assert_eq!(read("autoscaling", "HorizontalPodAutoscaler", scaler)[1], "autoscaler.target: Deployment n/web");
        assert_eq!(read("", "Service", json!({"metadata": meta, "spec": {"selector": {}}})).len(), 1, "empty selects nothing");
        assert_eq!(read("acme.io", "Widget", json!({"metadata": {"name": "w"}})), ["custom.definition: acme.io/Widget"]);
    }

    /// The requirements of the documentation of labels and selectors.
    #[test]
    fn selectors_hold_as_the_documentation_says() {
        let fits = |selector: Value, labels: &[&str]| {
            let selector = Selector { namespace: None, kind: None, all: requirements(&selector) };
            selector.fits(&labels.iter().map(|label| Arc::from(*label)).collect::<Vec<_>>())
        };
        let expression = |operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": "env", "operator": operator, "values": values}]});
        assert!(fits(json!({"matchLabels": {"env": "prod"}}), &["env=prod", "tier=front"]));
        assert!(!fits(json!({"env": "prod", "tier": "back"}), &["env=prod", "tier=front"]));
        assert!(fits(expression("In", &["prod", "qa"]), &["env=qa"]));
        assert!(!fits(expression("In", &["prod", "qa"]), &["tier=qa"]));
        assert!(fits(expression("NotIn", &["prod"]), &["tier=x"]), "a missing key is not in");
        assert!(!fits(expression("NotIn", &["prod"]), &["env=prod"]));
        assert!(fits(expression("Exists", &[]), &["env="]) && !fits(expression("Exists", &[]), &["environment=x"]));
        assert!(fits(expression("DoesNotExist", &[]), &["environment=x"]) && !fits(expression("DoesNotExist", &[]), &["env=x"]));
    }
}
