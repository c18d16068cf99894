//! Rules: which field of which kind refers to what. Data, read from TOML; the embedded ones are `rules.toml`, whose head says what each field means.

use toml::de::{DeTable, DeValue};

use super::path::Path;
use crate::text::fault::{Fault, Source, did_you_mean, written};

/// The rules that are always there.
const EMBEDDED: &str = include_str!("rules.toml");

/// All rules that hold, in the order in which they were read. A rule is known by its index.
#[derive(Debug, Default)]
pub struct Rules(Vec<Rule>);

/// One relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name.
    pub id: String,
    /// Whose field it is.
    pub from: Vec<Holder>,
    /// Where the reference stands; several where the path had a macro.
    pub paths: Vec<Path>,
    /// What it refers to.
    pub to: Target,
    /// How the two are matched.
    pub by: Match,
    /// In which namespace the target is.
    pub ns: Place,
    /// What has to be inside the target.
    pub key: Vec<Path>,
    /// When a missing target is no problem.
    pub optional: Optional,
    /// The name where none is written.
    pub default: Option<String>,
    /// An empty selector selects everything.
    pub empty_is_all: bool,
    /// What sort of relation it is.
    pub class: Class,
    /// How it is told from its `from`, and from its `to`.
    pub says: [String; 2],
    /// What connecting two objects writes; kept for later.
    pub write: Option<String>,
    /// Which side is deployed first; kept for later.
    pub order: Order,
}

/// Whose field a rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Any kind.
    Any,
    /// Every kind with a pod template, and pods.
    Pod,
    /// Every kind that a definition made.
    Custom,
    /// One kind.
    Kind(Kind),
}

/// What a rule refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The reference itself says.
    Any,
    /// Pods and what has a template of them, by their labels.
    PodLabels,
    /// One kind.
    Kind(Kind),
}

/// Group and kind; the group is empty for the core API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group.
    pub group: String,
    /// `ConfigMap`.
    pub kind: String,
}

/// How the two sides of a rule are matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// The field is the target's name.
    Name,
    /// The field is an object that names kind and name.
    Ref,
    /// The field is a map of labels or a label selector.
    Selector,
    /// The field is an owner reference.
    Owner,
    /// Both sides make a text of their fields.
    Pattern {
        /// What the `from` side makes.
        computed: Pattern,
        /// What the `to` side makes.
        provides: Pattern,
    },
}

/// A text with places for fields, `{spec.group}/{spec.names.kind}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub Vec<Piece>);

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// The object's own API group.
    Group,
    /// The object's own kind.
    Kind,
    /// A field.
    Field(Path),
}

/// In which namespace a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In that of the object.
    Same,
    /// In none.
    None,
    /// In any.
    Any,
    /// In the one a field names, relative to the reference; the object's own where it is absent.
    Field(Path),
    /// In those a selector of namespaces selects; kept for later rules.
    Selector(Path),
}

/// When a missing target is no problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Optional {
    /// Never.
    No,
    /// Always.
    Yes,
    /// When this field, relative to the reference, is true.
    Field(Path),
}

/// What sort of relation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The target is the place of the object.
    Contains,
    /// The target controls the object.
    Owns,
    /// By labels.
    Selects,
    /// Traffic goes there.
    Routes,
    /// As a volume.
    Mounts,
    /// As values.
    Reads,
    /// Rights.
    Grants,
    /// Replicas.
    Scales,
    /// Traffic is allowed or refused.
    Guards,
    /// Metrics.
    Scrapes,
    /// To a subject or a volume.
    Binds,
    /// The target comes from the object.
    Produces,
    /// Everything else that has to be there.
    Attaches,
}

/// Which side is deployed first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// It does not matter.
    #[default]
    None,
    /// The target.
    ToFirst,
    /// The object.
    FromFirst,
}

/// Classes by name, with how both directions are told.
const CLASSES: &[(&str, Class, [&str; 2])] = &[
    ("contains", Class::Contains, ["is in", "contains"]),
    ("owns", Class::Owns, ["owned by", "owns"]),
    ("selects", Class::Selects, ["selects", "selected by"]),
    ("routes", Class::Routes, ["routes to", "routed to by"]),
    ("mounts", Class::Mounts, ["mounts", "mounted by"]),
    ("reads", Class::Reads, ["reads", "read by"]),
    ("grants", Class::Grants, ["grants", "granted by"]),
    ("scales", Class::Scales, ["scales", "scaled by"]),
    ("guards", Class::Guards, ["guards", "guarded by"]),
    ("scrapes", Class::Scrapes, ["scrapes", "scraped by"]),
    ("binds", Class::Binds, ["binds", "bound by"]),
    ("produces", Class::Produces, ["produces", "produced by"]),
    ("attaches", Class::Attaches, ["needs", "needed by"]),
];

/// Fields of a rule.
const FIELDS: &[&str] =
    &["id", "from", "path", "to", "match", "ns", "key", "optional", "default", "empty", "computed", "provides", "class", "says", "write", "order"];

const MATCHES: &[&str] = &["name", "ref", "selector", "owner", "pattern"];

/// Kinds with pods in them, and where the pod's spec stands.
pub const PODS: &[(&str, &str, &str)] = &[
    ("", "Pod", "spec"),
    ("apps", "Deployment", "spec.template.spec"),
    ("apps", "ReplicaSet", "spec.template.spec"),
    ("apps", "StatefulSet", "spec.template.spec"),
    ("apps", "DaemonSet", "spec.template.spec"),
    ("batch", "Job", "spec.template.spec"),
    ("", "ReplicationController", "spec.template.spec"),
    ("batch", "CronJob", "spec.jobTemplate.spec.template.spec"),
    ("", "PodTemplate", "template.spec"),
    ("argoproj.io", "Rollout", "spec.template.spec"),
    ("serving.knative.dev", "Service", "spec.template.spec"),
];

/// Groups with a dot that are Kubernetes' own and not made by definitions.
const OWN_GROUPS: &[&str] = &[
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "metrics.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Where the spec of a kind's pods stands; none: it has none.
pub fn pod_prefix(group: &str, kind: &str) -> Option<&'static str> {
    PODS.iter().find(|(g, k, _)| *g == group && *k == kind).map(|(.., prefix)| *prefix)
}

impl Rules {
    /// The embedded rules.
    pub fn embedded() -> Self {
        let mut rules = Self::default();
        // A test holds that it has no faults.
        _ = rules.parse(Source { file: "rules.toml", text: EMBEDDED });
        rules
    }

    /// Reads one more file of rules. A rule with the id of an earlier one takes its place.
    pub fn parse(&mut self, source: Source<'_>) -> Vec<Fault> {
        let document = match source.parse() {
            Ok(document) => document,
            Err(faults) => return faults,
        };
        let mut faults = Vec::new();
        for (section, offset, value) in written(&document) {
            match value.get_ref() {
                DeValue::Array(tables) if section == "rel" => {
                    for table in tables {
                        match table.get_ref().as_table().map(|rows| rule(source, table.span().start, rows)) {
                            Some(Ok(rule)) => self.put(rule),
                            Some(Err(found)) => faults.extend(found),
                            None => faults.push(source.fault(table.span().start, "a rule is a table, `[[rel]]`", None)),
                        }
                    }
                }
                _ => faults.push(source.fault(offset, format!("`{section}` is no rule"), Some("rules stand under `[[rel]]`".into()))),
            }
        }
        faults
    }

    fn put(&mut self, rule: Rule) {
        match self.0.iter_mut().find(|old| old.id == rule.id) {
            Some(old) => *old = rule,
            None => self.0.push(rule),
        }
    }

    /// All of them; their places are what [`Rules::get`] takes.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Rule)> {
        self.0.iter().enumerate().map(|(at, rule)| (u16::try_from(at).unwrap_or(u16::MAX), rule))
    }

    /// The rule of that index.
    pub fn get(&self, index: u16) -> Option<&Rule> {
        self.0.get(usize::from(index))
    }
}

impl Rule {
    /// It reads a field of that kind.
    pub fn reads(&self, group: &str, kind: &str) -> bool {
        self.from.iter().any(|from| match from {
            Holder::Any => true,
            Holder::Pod => pod_prefix(group, kind).is_some(),
            Holder::Custom => group.contains('.') && !OWN_GROUPS.contains(&group),
            Holder::Kind(own) => own.is(group, kind),
        })
    }

    /// Its paths begin in the spec of the kind's pods.
    pub fn in_pod(&self) -> bool {
        self.from.contains(&Holder::Pod)
    }
}

impl Kind {
    /// It is that one.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no kind; kinds are written `group/Kind`, those of the core API `/Kind`");
        let (group, kind) = text.rsplit_once('/').ok_or_else(wrong)?;
        if kind.is_empty() || kind.contains(char::is_whitespace) { Err(wrong()) } else { Ok(Self { group: group.to_owned(), kind: kind.to_owned() }) }
    }
}

impl Holder {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self::Any),
            "@pod" => Ok(Self::Pod),
            "@custom" => Ok(Self::Custom),
            kind => Kind::parse(kind).map(Self::Kind),
        }
    }
}

impl Target {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self::Any),
            "@podlabels" => Ok(Self::PodLabels),
            kind => Kind::parse(kind).map(Self::Kind),
        }
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (field, after) = after.split_once('}').ok_or_else(|| format!("`{text}` has no `}}` for its `{{`"))?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(match field {
                "group" => Piece::Group,
                "kind" => Piece::Kind,
                field => Piece::Field(one_path(field)?),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }
}

impl Place {
    fn parse(text: &str) -> Result<Self, String> {
        match (text, text.split_once(':')) {
            ("same", _) => Ok(Self::Same),
            ("none", _) => Ok(Self::None),
            ("any", _) => Ok(Self::Any),
            (_, Some(("field", path))) => one_path(path).map(Self::Field),
            (_, Some(("selector", path))) => one_path(path).map(Self::Selector),
            _ => Err(format!("`{text}` is no namespace rule; there are same, none, any, field:PATH and selector:PATH")),
        }
    }
}

impl Optional {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(Self::Yes),
            "false" => Ok(Self::No),
            path => one_path(path).map(Self::Field),
        }
    }
}

fn one_path(text: &str) -> Result<Path, String> {
    Path::parse(text)?.into_iter().next().ok_or_else(|| "a path is missing".to_owned())
}

/// The rows of one rule while they are read, with what is wrong in them.
struct Rows<'a, 't> {
    source: Source<'a>,
    start: usize,
    rows: &'a DeTable<'t>,
    faults: Vec<Fault>,
}

impl Rows<'_, '_> {
    fn fault(&mut self, name: &str, what: String, hint: Option<String>) {
        let offset = self.rows.iter().find(|(key, _)| key.get_ref() == name).map_or(self.start, |(_, value)| value.span().start);
        self.faults.push(self.source.fault(offset, what, hint));
    }

    /// One text, or a list of texts.
    fn texts(&mut self, name: &str) -> Vec<String> {
        let value = self.rows.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value.get_ref());
        let text = |value: &DeValue<'_>| value.as_str().map(str::to_owned);
        let texts = match value {
            None => return Vec::new(),
            Some(DeValue::Array(list)) => list.iter().map(|item| text(item.get_ref())).collect(),
            Some(value) => text(value).map(|text| vec![text]),
        };
        texts.unwrap_or_else(|| {
            self.fault(name, format!("`{name}` needs text in quotes"), None);
            Vec::new()
        })
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.texts(name).into_iter().next()
    }

    fn needed(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.fault(name, format!("a rule needs `{name}`"), None);
            String::new()
        })
    }

    /// A field that is read further; where it is absent or wrong, `otherwise` stands in.
    fn read<T>(&mut self, name: &str, otherwise: T, read: impl Fn(&str) -> Result<T, String>) -> T {
        let Some(text) = self.text(name) else { return otherwise };
        read(&text).unwrap_or_else(|what| {
            self.fault(name, what, None);
            otherwise
        })
    }

    fn unknown(&mut self) {
        let unknown: Vec<String> =
            self.rows.iter().map(|(key, _)| key.get_ref().to_string()).filter(|name| !FIELDS.contains(&name.as_str())).collect();
        for name in unknown {
            let hint = did_you_mean(&name, FIELDS.iter().copied());
            self.fault(&name, format!("`{name}` is no field of a rule"), hint);
        }
    }
}

fn rule(source: Source<'_>, start: usize, rows: &DeTable<'_>) -> Result<Rule, Vec<Fault>> {
    let mut rows = Rows { source, start, rows, faults: Vec::new() };
    rows.unknown();
    let id = rows.needed("id");
    let from = {
        let texts = rows.texts("from");
        if texts.is_empty() {
            rows.fault("from", "a rule needs `from`".into(), None);
        }
        let parsed: Result<Vec<Holder>, String> = texts.iter().map(|text| Holder::parse(text)).collect();
        parsed.unwrap_or_else(|what| {
            rows.fault("from", what, None);
            Vec::new()
        })
    };
    let to = rows.needed("to");
    let to = Target::parse(&to).unwrap_or_else(|what| {
        rows.fault("to", what, None);
        Target::Any
    });
    let (class, words) = class(&mut rows);
    let says = match rows.texts("says").as_slice() {
        [out, back] => [out.clone(), back.clone()],
        _ => words.map(str::to_owned),
    };
    let rule = Rule {
        id,
        from,
        paths: rows.read("path", Vec::new(), Path::parse),
        to,
        by: matched(&mut rows),
        ns: rows.read("ns", Place::Same, Place::parse),
        key: rows.read("key", Vec::new(), Path::parse),
        optional: rows.read("optional", Optional::No, Optional::parse),
        default: rows.text("default"),
        empty_is_all: rows.text("empty").is_some_and(|text| text == "all"),
        class,
        says,
        write: rows.text("write"),
        order: rows.read("order", Order::None, |text| match text {
            "to-first" => Ok(Order::ToFirst),
            "from-first" => Ok(Order::FromFirst),
            "none" => Ok(Order::None),
            _ => Err(format!("`{text}` is no order; there are to-first, from-first and none")),
        }),
    };
    if rule.paths.is_empty() && !matches!(rule.by, Match::Pattern { .. }) && rows.faults.is_empty() {
        rows.fault("path", "a rule needs `path`".into(), None);
    }
    if rows.faults.is_empty() { Ok(rule) } else { Err(rows.faults) }
}

fn class(rows: &mut Rows<'_, '_>) -> (Class, [&'static str; 2]) {
    let name = rows.needed("class");
    match CLASSES.iter().find(|(known, ..)| *known == name) {
        Some((_, class, says)) => (*class, *says),
        None => {
            let names = CLASSES.iter().map(|(known, ..)| *known);
            let hint = did_you_mean(&name, names.clone()).unwrap_or_else(|| format!("there are {}", names.collect::<Vec<_>>().join(", ")));
            rows.fault("class", format!("`{name}` is no class"), Some(hint));
            (Class::Attaches, [""; 2])
        }
    }
}

fn matched(rows: &mut Rows<'_, '_>) -> Match {
    match rows.needed("match").as_str() {
        "name" => Match::Name,
        "ref" => Match::Ref,
        "selector" => Match::Selector,
        "owner" => Match::Owner,
        "pattern" => {
            let [computed, provides] = ["computed", "provides"].map(|name| {
                rows.needed(name);
                rows.read(name, Pattern(Vec::new()), Pattern::parse)
            });
            Match::Pattern { computed, provides }
        }
        other => {
            let hint = did_you_mean(other, MATCHES.iter().copied()).unwrap_or_else(|| format!("there are {}", MATCHES.join(", ")));
            rows.fault("match", format!("`{other}` is no way to match"), Some(hint));
            Match::Name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rules_have_no_faults() {
        let mut rules = Rules::default();
        assert_eq!(rules.parse(Source { file: "rules.toml", text: EMBEDDED }), []);
        assert!(rules.iter().count() > 20);
        let mut ids: Vec<&str> = rules.iter().map(|(_, rule)| rule.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), EMBEDDED.matches("\nid = ").count(), "an id stands twice");
    }

    #[test]
    fn faults_name_their_line_and_what_was_meant() {
        let text = "[[rel]]\nid = 'x'\nfrom = 'ConfigMap'\npath = 'a..b'\nto = '/Secret'\nmatch = 'nam'\nclas = 'reads'\n";
        let said: Vec<String> = Rules::default().parse(Source { file: "mine.toml", text }).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "mine.toml:7: `clas` is no field of a rule; did you mean `class`?",
                "mine.toml:3: `ConfigMap` is no kind; kinds are written `group/Kind`, those of the core API `/Kind`",
                "mine.toml:1: a rule needs `class`",
                "mine.toml:1: `` is no class; there are contains, owns, selects, routes, mounts, reads, grants, scales, guards, scrapes, binds, produces, attaches",
                "mine.toml:4: `` is no step of a path; steps are `name`, `name[*]`, `^` and `@containers[*]`",
                "mine.toml:6: `nam` is no way to match; did you mean `name`?",
            ]
        );
    }

    #[test]
    fn a_persons_rule_takes_the_place_of_an_embedded_one_and_others_follow() {
        let mut rules = Rules::embedded();
        let count = rules.iter().count();
        let rule = |id: &str| {
            format!("[[rel]]\nid = '{id}'\nfrom = 'acme.io/Widget'\npath = 'spec.box'\nto = 'acme.io/Box'\nmatch = 'name'\nclass = 'reads'\n")
        };
        let text = rule("pod.claim") + &rule("widget.box");
        assert_eq!(rules.parse(Source { file: "mine.toml", text: &text }), []);
        assert_eq!(rules.iter().count(), count + 1);
        assert!(rules.iter().any(|(_, rule)| rule.id == "pod.claim" && rule.reads("acme.io", "Widget") && !rule.reads("", "Pod")));
    }
}
