//! `:can`: what one may do here, and `:can VERB RESOURCE`, who may do that: every subject of every binding whose role allows it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::access::rules::{ALL, Deed, Grant, MASTERS, Rule, What, granted, or_none};
use super::super::access::{answer, own, rights};
use super::super::rows::{Cell, Row, RowState, Uid};
use super::super::wire::Wire;
use super::book::{Entry, FOREVER, Maker, Page, Pen, Taken};
use super::object::Metadata;
use crate::names::{Gvk, Problem};
use crate::text::sanitise;

/// Verbs with a column of their own.
const VERBS: [&str; 7] = ["get", "list", "watch", "create", "update", "patch", "delete"];
pub(super) const RIGHTS: &[&str] = &["GET", "LIST", "WATCH", "CREATE", "UPDATE", "PATCH", "DELETE", "OTHER", "ONLY", "MESSAGE"];

pub(super) const KINDS: &[&str] = &[
    "roles.rbac.authorization.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
];
pub(super) const COLUMNS: &[&str] = &["SUBJECT", "KIND", "ROLE", "SCOPE", "MESSAGE"];

/// What the API server says about oneself, as objects of a kind of its own: see [`super::outside`].
const TOLD: &str = "Access";
/// The name of one's own row.
pub const YOU: &str = "you";

/// Everything that one may do in these namespaces; and why it could not be told.
pub(super) async fn all_rights(wire: &Wire, namespaces: &[String]) -> (Vec<(Arc<Gvk>, Value)>, Option<Problem>) {
    // Rules are reviewed for one namespace at a time: of all, `default` stands for those that hold everywhere.
    let all = ["default".to_owned()];
    let namespaces = if namespaces.is_empty() { &all[..] } else { namespaces };
    let (mut objects, mut refused) = (Vec::new(), None);
    for namespace in namespaces {
        match rights(wire, namespace).await {
            Ok((lines, incomplete)) => {
                let one = |line: super::super::access::Right| {
                    told(namespace, &line.what, &line.names.join(","), json!({"verbs": line.verbs, "names": line.names}))
                };
                objects.extend(lines.into_iter().map(one));
                let more = |why| told(namespace, "…", "", json!({"said": format!("there may be more: {why}"), "warns": true}));
                objects.extend(incomplete.map(more));
            }
            Err(problem) => refused = Some(problem),
        }
    }
    (objects, refused)
}

/// Whether one may do it oneself, in each namespace.
pub(super) async fn yourself(wire: &Wire, deed: &Deed, namespaces: &[String]) -> Vec<(Arc<Gvk>, Value)> {
    let everywhere = [String::new()];
    let mut objects = Vec::new();
    for namespace in if namespaces.is_empty() { &everywhere[..] } else { namespaces } {
        let said = match own(wire, deed, namespace).await {
            Ok((true, reason)) => with("yes", &reason),
            Ok((false, reason)) => with("no", &reason),
            Err(problem) => format!("not known: {}", problem.why),
        };
        objects.push(told(namespace, YOU, "", json!({"said": said})));
    }
    let masters = "may do everything: the API server asks no role about this group";
    objects.push(told("", MASTERS, "", json!({"said": masters, "subject": MASTERS, "kind": "Group"})));
    objects
}

fn with(word: &str, reason: &str) -> String {
    if reason.is_empty() { word.to_owned() } else { format!("{word}: {reason}") }
}

fn told(namespace: &str, name: &str, more: &str, mut object: Value) -> (Arc<Gvk>, Value) {
    object["metadata"] = json!({"name": name, "namespace": namespace, "uid": format!("can {namespace} {name} {more}")});
    (Arc::new(answer()), object)
}

/// What is told of oneself, and of who is above all roles.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    metadata: Metadata,
    verbs: Vec<String>,
    names: Vec<String>,
    said: String,
    subject: String,
    kind: String,
    warns: bool,
}

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(sanitise(text).as_ref().into()) }
}

fn page(object: Uid, rows: Vec<Row>) -> Page {
    (object, rows.into_iter().map(|row| Entry { row, from: 0, until: FOREVER }).collect())
}

/// A row for each line of what one may do.
pub(super) struct Rights;

impl Maker for Rights {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, _: i64) -> Result<Taken, serde_json::Error> {
        let it: Told = serde_json::from_slice(json)?;
        let star = it.verbs.iter().any(|verb| verb == ALL);
        let has = |verb: &&str| star || it.verbs.iter().any(|own| own == verb);
        let mut cells: Vec<Cell> = VERBS.iter().map(|verb| text(if has(verb) { "yes" } else { "" })).collect();
        let others: Vec<&str> = it.verbs.iter().map(String::as_str).filter(|verb| !VERBS.contains(verb)).collect();
        cells.extend([text(&others.join(" ")), text(&it.names.join(" ")), text(&it.said)]);
        let row = pen.row(&it.metadata, if it.warns { RowState::Warn } else { RowState::Fine }, cells);
        Ok(Taken { object: row.uid, version: String::new(), pages: vec![page(row.uid, vec![row])] })
    }
}

/// Judges the roles of a cluster by one deed.
pub(super) struct Who {
    deed: Deed,
    /// What it is done to lives in namespaces.
    namespaced: bool,
    roles: HashMap<RoleName, Role>,
    bindings: HashMap<Uid, Binding>,
    bound: HashMap<RoleName, HashSet<Uid>>,
    /// Which role an object is.
    places: HashMap<Uid, RoleName>,
}

/// Namespace, empty for a cluster role, and name.
type RoleName = (String, String);

struct Role {
    grant: Option<Grant>,
    aggregated: bool,
}

struct Binding {
    /// Its row without a subject.
    row: Row,
    role: RoleName,
    subjects: Vec<Subject>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Subject {
    kind: String,
    name: String,
    namespace: String,
}

/// A role or a binding.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    metadata: Metadata,
    #[serde(deserialize_with = "or_none")]
    rules: Vec<Rule>,
    aggregation_rule: Option<serde::de::IgnoredAny>,
    role_ref: RoleRef,
    #[serde(deserialize_with = "or_none")]
    subjects: Vec<Subject>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RoleRef {
    kind: String,
    name: String,
}

impl Maker for Who {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, _: i64) -> Result<Taken, serde_json::Error> {
        if &*pen.gvk.kind == TOLD {
            let it: Told = serde_json::from_slice(json)?;
            let cells = vec![
                text(if it.subject.is_empty() { YOU } else { &it.subject }),
                text(&it.kind),
                Cell::Empty,
                text(&it.metadata.namespace),
                text(&it.said),
            ];
            let row = pen.row(&it.metadata, RowState::Fine, cells);
            return Ok(Taken { object: row.uid, version: String::new(), pages: vec![page(row.uid, vec![row])] });
        }
        let it: Object = serde_json::from_slice(json)?;
        let (object, version) = (it.metadata.object(), it.metadata.resource_version.clone());
        let pages = if pen.gvk.kind.ends_with("Binding") { self.binding(object, it, pen) } else { self.role(object, it) };
        Ok(Taken { object, version, pages })
    }

    fn forget(&mut self, object: Uid, _: i64) -> Vec<Page> {
        if let Some(binding) = self.bindings.remove(&object)
            && let Some(bound) = self.bound.get_mut(&binding.role)
        {
            bound.remove(&object);
        }
        let Some(role) = self.places.remove(&object) else { return Vec::new() };
        self.roles.remove(&role);
        self.pages_of(&role)
    }
}

impl Who {
    pub(super) fn may((deed, namespaced): (Deed, bool)) -> Self {
        let (roles, bindings, bound, places) = Default::default();
        Self { deed, namespaced, roles, bindings, bound, places }
    }

    fn role(&mut self, object: Uid, it: Object) -> Vec<Page> {
        let name = (it.metadata.namespace, it.metadata.name);
        let role = Role { grant: granted(&it.rules, &self.deed), aggregated: it.aggregation_rule.is_some() };
        self.roles.insert(name.clone(), role);
        self.places.insert(object, name.clone());
        self.pages_of(&name)
    }

    fn binding(&mut self, object: Uid, it: Object, pen: &mut Pen<'_>) -> Vec<Page> {
        let role = (if it.role_ref.kind == "Role" { it.metadata.namespace.clone() } else { String::new() }, it.role_ref.name.clone());
        let scope = if it.metadata.namespace.is_empty() { "cluster" } else { &it.metadata.namespace };
        let cells = vec![Cell::Empty, Cell::Empty, text(&format!("{} {}", it.role_ref.kind, role.1)), text(scope), Cell::Empty];
        let row = pen.row(&it.metadata, RowState::Fine, cells);
        // A binding cannot be bound to another role, but may be made again under the same name.
        self.bound.entry(role.clone()).or_default().insert(object);
        self.bindings.insert(object, Binding { row, role, subjects: it.subjects });
        self.bindings.get(&object).map(|binding| page(object, self.rows(binding))).into_iter().collect()
    }

    fn pages_of(&self, role: &RoleName) -> Vec<Page> {
        let bound = self.bound.get(role).into_iter().flatten();
        bound.filter_map(|object| Some(page(*object, self.rows(self.bindings.get(object)?)))).collect()
    }

    /// A row for each subject that may do it by this binding.
    fn rows(&self, binding: &Binding) -> Vec<Row> {
        let Some(role) = self.roles.get(&binding.role) else { return Vec::new() };
        let Some(grant) = role.grant.as_ref().filter(|_| self.reaches(binding)) else { return Vec::new() };
        let message = message(grant, role.aggregated);
        let one = |subject: &Subject| {
            let name = if subject.kind == "ServiceAccount" { format!("{}/{}", subject.namespace, subject.name) } else { subject.name.clone() };
            let mut row = binding.row.clone();
            row.uid = Uid::parse(&format!("{:x} {} {name}", row.uid.0, subject.kind));
            (row.cells[0], row.cells[1], row.cells[4]) = (text(&name), text(&subject.kind), text(&message));
            row
        };
        binding.subjects.iter().map(one).collect()
    }

    /// A binding in a namespace reaches what lives in it, and the namespace itself.
    fn reaches(&self, binding: &Binding) -> bool {
        let namespace = matches!(&self.deed.what, What::Objects { group, plural, .. } if group.is_empty() && plural == "namespaces");
        binding.row.namespace.is_none() || self.namespaced || namespace
    }
}

fn message(grant: &Grant, aggregated: bool) -> String {
    let said = match grant {
        Grant::All { starred: true } => "by a * in the role".to_owned(),
        Grant::All { starred: false } => String::new(),
        Grant::Only(names) => format!("only {}", names.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    let aggregated = if aggregated { "aggregated role" } else { "" };
    [said.as_str(), aggregated].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::book::Book;
    use super::*;
    use crate::names::ClusterId;

    const RBAC: &str = "rbac.authorization.k8s.io";

    fn take(book: &mut Book, kind: &str, mut object: Value) -> Vec<String> {
        object["metadata"]["uid"] = json!(format!("{kind} {}", object["metadata"]));
        book.take(&Arc::new(Gvk::new(RBAC, "v1", kind)), object.to_string().as_bytes(), 0).unwrap();
        let shown =
            |row: Row| format!("{} {}", row.name, row.cells.iter().map(|cell| cell.show(0).into_owned()).collect::<Vec<_>>().join(" ").trim());
        let mut rows: Vec<String> = book.changed().upserts.into_values().map(shown).collect();
        rows.sort();
        rows
    }

    fn deleting_pods(namespaced: bool, plural: &str) -> Book {
        let what = What::Objects { group: String::new(), plural: plural.into(), part: String::new(), name: None };
        Book::new(ClusterId::new("c"), Box::new(Who::may((Deed { verb: "delete".into(), what }, namespaced))))
    }

    #[test]
    fn subjects_come_with_their_binding_whichever_of_role_and_binding_comes_first() {
        let mut book = deleting_pods(true, "pods");
        let subjects = json!([{"kind": "User", "name": "jane"}, {"kind": "ServiceAccount", "namespace": "shop", "name": "bot"}]);
        let binding =
            json!({"metadata": {"name": "edits", "namespace": "shop"}, "roleRef": {"kind": "Role", "name": "editor"}, "subjects": subjects});
        assert!(take(&mut book, "RoleBinding", binding).is_empty());
        let role = |verbs: Value| json!({"metadata": {"name": "editor", "namespace": "shop"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": verbs}]});
        let rows = take(&mut book, "Role", role(json!(["*"])));
        assert_eq!(
            rows,
            ["edits jane User Role editor shop by a * in the role", "edits shop/bot ServiceAccount Role editor shop by a * in the role"]
        );
        // The role of another namespace that is called so is another one.
        let other = json!({"metadata": {"name": "others", "namespace": "web"}, "roleRef": {"kind": "Role", "name": "editor"}, "subjects": [{"kind": "User", "name": "eve"}]});
        assert!(take(&mut book, "RoleBinding", other).is_empty());
        book.take(
            &Arc::new(Gvk::new(RBAC, "v1", "Role")),
            json!({"metadata": {"name": "editor", "namespace": "shop", "uid": "r"}, "rules": null}).to_string().as_bytes(),
            0,
        )
        .unwrap();
        assert_eq!(book.changed().removed.len(), 2);
    }

    #[test]
    fn a_binding_in_a_namespace_gives_nothing_outside_it() {
        let mut book = deleting_pods(false, "nodes");
        take(&mut book, "ClusterRole", json!({"metadata": {"name": "all"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}));
        let bound = |namespace: Option<&str>| {
            let mut object = json!({"metadata": {"name": "all"}, "roleRef": {"kind": "ClusterRole", "name": "all"}, "subjects": [{"kind": "Group", "name": "ops"}]});
            object["metadata"]["namespace"] = json!(namespace.unwrap_or_default());
            object
        };
        assert!(take(&mut book, "RoleBinding", bound(Some("shop"))).is_empty());
        assert_eq!(take(&mut book, "ClusterRoleBinding", bound(None)), ["all ops Group ClusterRole all cluster by a * in the role"]);
    }
}
