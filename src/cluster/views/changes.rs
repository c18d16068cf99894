//! `:changes`: what was changed lately, by whom, the newest first. There is no history to ask for: revisions, the times of managed fields, conditions and
//! events are what the API server still tells; what is removed is known from the moment we look on. Of Secrets and ConfigMaps only metadata is asked for.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::rows::{Cell, Row, RowState, Uid};
use super::book::{Entry, FOREVER, Maker, Page, Pen, Taken};
use super::object::{Condition, Metadata, unix};
use crate::names::Gvk;

mod template;

use template::Print;

pub(super) const KINDS: &[&str] = &[
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "cronjobs.batch",
    "replicasets.apps",
    "controllerrevisions.apps",
    "nodes",
    "configmaps#",
    "secrets#",
    "events?reason=SuccessfulRescale",
];

pub(super) const COLUMNS: &[&str] = &["WHEN", "KIND", "OBJECT", "WHAT", "BY"];
/// How far back it looks where nothing is said.
pub(super) const SPAN: Duration = Duration::from_secs(30 * 60);

/// What happens within so many seconds of an object's creation belongs to it.
const TOGETHER: i64 = 5;
/// A rollout begins so soon after its template was written, in seconds.
const SOON: i64 = 60;

/// Reads the changes of the last so many seconds.
pub(super) struct Changes {
    span: i64,
    /// Revisions of each workload, by its uid.
    revisions: HashMap<Uid, BTreeMap<u64, Revision>>,
    /// Which revision an object is.
    places: HashMap<Uid, (Uid, u64)>,
    workloads: HashMap<Uid, Workload>,
}

/// One revision of a workload.
struct Revision {
    object: Uid,
    row: Row,
    when: i64,
    print: Print,
    /// It was there before and is taken up again.
    back: bool,
    by: String,
}

/// What has to be known of a workload to tell what became of it.
struct Workload {
    row: Row,
    replicas: Option<u32>,
    /// Who wrote the template last, and when.
    author: Option<(String, i64)>,
    scaled: Option<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    metadata: Metadata,
}

/// The same object again, as far as only its changes are told by it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Extra<'a>,
    spec: Spec,
    status: Status,
    /// Of a controller revision.
    data: Option<Value>,
    revision: u64,
    /// Of an event.
    message: String,
    involved_object: Involved,
    last_timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Extra<'a> {
    annotations: Notes,
    #[serde(borrow)]
    managed_fields: Vec<Managed<'a>>,
}

/// Annotations that tell who is behind a change.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Notes {
    #[serde(rename = "deployment.kubernetes.io/revision")]
    revision: String,
    #[serde(rename = "deployment.kubernetes.io/revision-history")]
    history: String,
    #[serde(rename = "kubernetes.io/change-cause")]
    cause: String,
    #[serde(rename = "meta.helm.sh/release-name")]
    helm: String,
    #[serde(rename = "argocd.argoproj.io/tracking-id")]
    argo: String,
    #[serde(rename = "control-plane.alpha.kubernetes.io/leader")]
    leader: String,
}

/// An entry of `managedFields`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Managed<'a> {
    manager: String,
    time: Option<String>,
    subresource: String,
    #[serde(rename = "fieldsV1", borrow)]
    fields: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    replicas: Option<u32>,
    template: Option<Value>,
    taints: Vec<Taint>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Taint {
    key: String,
    time_added: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Involved {
    namespace: String,
    name: String,
}

impl Maker for Changes {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, now: i64) -> Result<Taken, serde_json::Error> {
        let Head { metadata: meta } = serde_json::from_slice(json)?;
        let it: Object<'_> = serde_json::from_slice(json)?;
        let object = meta.object();
        let pages = match &*pen.gvk.kind {
            "ReplicaSet" | "ControllerRevision" => self.revision(&meta, &it, pen),
            "Node" => vec![(object, self.node(&meta, &it, pen))],
            "ConfigMap" | "Secret" => vec![(object, self.configuration(&meta, &it, pen))],
            "Event" => vec![(object, self.rescaled(&meta, &it, pen))],
            _ => self.workload(&meta, &it, pen, now),
        };
        Ok(Taken { object, version: meta.resource_version, pages })
    }

    fn forget(&mut self, object: Uid, now: i64) -> Vec<Page> {
        if let Some((owner, number)) = self.places.remove(&object)
            && let Some(revisions) = self.revisions.get_mut(&owner)
        {
            revisions.remove(&number);
        }
        self.revisions.remove(&object);
        let Some(Workload { mut row, .. }) = self.workloads.remove(&object) else { return Vec::new() };
        row.uid = part(object, "removed");
        row.state = RowState::Warn;
        row.cells =
            [Cell::Since(now), Cell::Text(row.gvk.kind.clone()), Cell::Text(row.name.clone()), Cell::Text("removed".into()), Cell::Empty].into();
        vec![(row.uid, vec![self.entry(row, now)])]
    }
}

impl Changes {
    pub(super) fn new(span: Duration) -> Self {
        let span = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        Self { span, revisions: HashMap::new(), places: HashMap::new(), workloads: HashMap::new() }
    }

    fn entry(&self, row: Row, when: i64) -> Entry {
        Entry { row, from: 0, until: when.saturating_add(self.span).min(FOREVER) }
    }

    /// A change of an object; `name` tells it from others of the same object.
    fn change(&self, meta: &Metadata, name: &str, state: RowState, [what, by]: [&str; 2], when: i64, pen: &mut Pen<'_>) -> Entry {
        let cells = vec![Cell::Since(when), Cell::Text(pen.gvk.kind.clone()), pen.cell(&meta.name), pen.cell(what), pen.cell(by)];
        let row = pen.row(meta, state, cells);
        self.entry(Row { uid: if name.is_empty() { row.uid } else { part(row.uid, name) }, ..row }, when)
    }

    /// A replica set of a deployment, or a controller revision of a set: it and the revision after it are told anew.
    fn revision(&mut self, meta: &Metadata, it: &Object<'_>, pen: &mut Pen<'_>) -> Vec<Page> {
        let Some(owner) = meta.controller() else { return Vec::new() };
        let template = it.spec.template.as_ref().or_else(|| it.data.as_ref()?.pointer("/spec/template"));
        let number = if it.revision > 0 { it.revision } else { it.metadata.annotations.revision.parse().unwrap_or(0) };
        let (owner_uid, object) = (Uid::parse(&owner.uid), meta.object());
        let written = it.written().map_or(0, |(_, time)| time);
        let back = if it.revision > 0 { written > meta.created() + TOGETHER } else { !it.metadata.annotations.history.is_empty() };
        let gvk = std::sync::Arc::new(Gvk::new("apps", "v1", &crate::text::sanitise(&owner.kind)));
        let row = pen.row(meta, RowState::Fine, Vec::new());
        let row = Row { gvk: gvk.clone(), name: crate::text::sanitise(&owner.name).as_ref().into(), owner: None, ..row };
        let when = if back { written.max(meta.created()) } else { meta.created() };
        let revision = Revision { object, row, when, print: Print::of(template.unwrap_or(&Value::Null)), back, by: it.metadata.annotations.behind() };
        // A revision that is taken up again gets another number.
        if let Some((_, before)) = self.places.insert(object, (owner_uid, number))
            && let Some(revisions) = self.revisions.get_mut(&owner_uid)
        {
            revisions.remove(&before);
        }
        let revisions = self.revisions.entry(owner_uid).or_default();
        revisions.insert(number, revision);
        let next = revisions.range(number + 1..).next().map(|(number, _)| *number);
        std::iter::once(number).chain(next).filter_map(|number| self.page(owner_uid, number, pen)).collect()
    }

    /// What one revision changed.
    fn page(&self, owner: Uid, number: u64, pen: &mut Pen<'_>) -> Option<Page> {
        let revisions = self.revisions.get(&owner)?;
        let revision = revisions.get(&number)?;
        let before = revisions.range(..number).next_back().map(|(_, revision)| &revision.print);
        let what = match before {
            Some(before) => revision.print.changes(before),
            // A workload's first revision is the workload itself.
            None if number <= 1 => return Some((revision.object, Vec::new())),
            None => format!("revision {number}: {}", revision.print.images()),
        };
        let what = if revision.back { format!("back: {what}") } else { what };
        let author = self.workloads.get(&owner).and_then(|workload| workload.author.as_ref());
        let near = author.filter(|(_, time)| (time - revision.when).abs() <= SOON).map(|(manager, _)| manager.as_str());
        let by = near.unwrap_or(&revision.by);
        let name = Cell::Text(revision.row.name.clone());
        let cells = vec![Cell::Since(revision.when), Cell::Text(revision.row.gvk.kind.clone()), name, pen.cell(&what), pen.cell(by)];
        Some((revision.object, vec![self.entry(Row { cells: cells.into(), ..revision.row.clone() }, revision.when)]))
    }

    fn workload(&mut self, meta: &Metadata, it: &Object<'_>, pen: &mut Pen<'_>, now: i64) -> Vec<Page> {
        let (object, replicas) = (meta.object(), it.spec.replicas);
        let manager = it.written().map(|(manager, _)| manager).unwrap_or_default();
        let mut entries = Vec::new();
        if now - meta.created() < self.span {
            entries.push(self.change(meta, "new", RowState::Fine, ["new", &manager], meta.created(), pen));
        }
        let before = self.workloads.remove(&object);
        let scaled = match (before.as_ref().and_then(|before| before.replicas), replicas) {
            (Some(old), Some(new)) if old != new => {
                let (by, when) = it.last().unwrap_or((manager.clone(), now));
                Some(self.change(meta, "scaled", RowState::Fine, [&format!("replicas {old} → {new}"), &by], when, pen))
            }
            _ => before.as_ref().and_then(|before| before.scaled.clone()).or_else(|| self.scaled(meta, it, pen)),
        };
        entries.extend(scaled.clone());
        let author = it.author();
        let told_anew = before.as_ref().is_none_or(|before| before.author != author);
        let row = before.map_or_else(|| pen.row(meta, RowState::Fine, Vec::new()), |before| before.row);
        self.workloads.insert(object, Workload { row, replicas, author, scaled });
        let newest = self.revisions.get(&object).and_then(|revisions| revisions.last_key_value()).map(|(number, _)| *number);
        let newest = newest.filter(|_| told_anew).and_then(|number| self.page(object, number, pen));
        std::iter::once((object, entries)).chain(newest).collect()
    }

    /// Somebody used the scale subresource; an autoscaler tells more of itself by an event.
    fn scaled(&self, meta: &Metadata, it: &Object<'_>, pen: &mut Pen<'_>) -> Option<Entry> {
        let scale =
            it.metadata.managed_fields.iter().find(|managed| managed.subresource == "scale" && managed.manager != "kube-controller-manager")?;
        let what = format!("scaled to {}", it.spec.replicas?);
        let when = unix(&scale.time);
        (when > meta.created() + TOGETHER).then(|| self.change(meta, "scaled", RowState::Fine, [&what, &known(&scale.manager)], when, pen))
    }

    fn node(&self, meta: &Metadata, it: &Object<'_>, pen: &mut Pen<'_>) -> Vec<Entry> {
        let cordoned =
            it.spec.taints.iter().filter(|taint| taint.key == "node.kubernetes.io/unschedulable").map(|taint| unix(&taint.time_added)).max();
        let ready = it.status.conditions.iter().find(|condition| condition.kind == "Ready");
        let mut entries = vec![self.change(meta, "new", RowState::Fine, ["new node", ""], meta.created(), pen)];
        entries.extend(cordoned.filter(|time| *time > 0).map(|time| self.change(meta, "cordoned", RowState::Warn, ["cordoned", ""], time, pen)));
        if let Some(ready) = ready.filter(|ready| ready.since() > meta.created() + SOON) {
            let (what, state) = match ready.status.as_str() {
                "True" => ("ready again".to_owned(), RowState::Fine),
                _ => (format!("not ready: {}", ready.message), RowState::Bad),
            };
            entries.push(self.change(meta, "ready", state, [&what, ""], ready.since(), pen));
        }
        entries
    }

    /// What a Secret or ConfigMap holds is not asked for: only that it was written, when and by whom.
    fn configuration(&self, meta: &Metadata, it: &Object<'_>, pen: &mut Pen<'_>) -> Vec<Entry> {
        let label = |name: &str| meta.labels.get(name).map(String::as_str);
        // An election of leaders writes every few seconds, and every namespace is given the same root.
        if !it.metadata.annotations.leader.is_empty() || meta.name == "kube-root-ca.crt" {
            return Vec::new();
        }
        if label("owner") == Some("helm") {
            let (status, version) = (label("status").unwrap_or_default(), label("version").unwrap_or_default());
            let state = if status == "failed" { RowState::Bad } else { RowState::Fine };
            let what = format!("release {} revision {version} {status}", label("name").unwrap_or_default());
            return vec![self.change(meta, "", state, [&what, "Helm"], meta.created(), pen)];
        }
        let (by, written) = it.written().unwrap_or_default();
        let (what, when) = if written > meta.created() + TOGETHER { ("changed", written) } else { ("new", meta.created()) };
        vec![self.change(meta, "", RowState::Fine, [what, &by], when, pen)]
    }

    fn rescaled(&self, meta: &Metadata, it: &Object<'_>, pen: &mut Pen<'_>) -> Vec<Entry> {
        let when = unix(&it.last_timestamp).max(meta.created());
        let about = Metadata {
            name: it.involved_object.name.clone(),
            namespace: it.involved_object.namespace.clone(),
            uid: meta.uid.clone(),
            ..Metadata::default()
        };
        let gvk = std::sync::Arc::new(Gvk::new("autoscaling", "v2", "HorizontalPodAutoscaler"));
        let mut pen = Pen { cluster: pen.cluster, gvk: &gvk, words: &mut *pen.words };
        vec![self.change(&about, "", RowState::Fine, [&it.message, "autoscaler"], when, &mut pen)]
    }
}

impl Object<'_> {
    /// Who wrote the object last, its status aside, and when.
    fn written(&self) -> Option<(String, i64)> {
        self.latest(|managed| managed.subresource.is_empty())
    }

    /// The same, by whatever way.
    fn last(&self) -> Option<(String, i64)> {
        self.latest(|managed| managed.subresource != "status")
    }

    /// Who wrote the pod template last. The fields of a manager are a tree whose nodes are called like `f:template`.
    fn author(&self) -> Option<(String, i64)> {
        self.latest(|managed| managed.subresource.is_empty() && managed.fields.is_some_and(|fields| fields.get().contains("\"f:template\"")))
    }

    fn latest(&self, meant: impl Fn(&Managed<'_>) -> bool) -> Option<(String, i64)> {
        let last = self.metadata.managed_fields.iter().filter(|managed| meant(managed)).max_by_key(|managed| unix(&managed.time))?;
        Some((known(&last.manager), unix(&last.time)))
    }
}

impl Notes {
    /// Who is behind a template, as its annotations say.
    fn behind(&self) -> String {
        match self {
            Self { cause, .. } if !cause.is_empty() => cause.clone(),
            Self { argo, .. } if !argo.is_empty() => "Argo CD".to_owned(),
            Self { helm, .. } if !helm.is_empty() => "Helm".to_owned(),
            _ => String::new(),
        }
    }
}

/// Field managers by the names people know them by.
const MANAGERS: &[(&str, &str)] = &[
    ("kubectl-client-side-apply", "kubectl apply"),
    ("kubectl-edit", "kubectl edit"),
    ("kubectl-set", "kubectl set"),
    ("kubectl-patch", "kubectl patch"),
    ("kubectl-create", "kubectl create"),
    ("kubectl-rollout", "kubectl rollout"),
    ("helm", "Helm"),
    ("kustomize-controller", "Flux"),
    ("helm-controller", "Flux, Helm"),
    ("argocd-controller", "Argo CD"),
    ("argocd-application-controller", "Argo CD"),
    ("kube-controller-manager", "a controller"),
];

fn known(manager: &str) -> String {
    MANAGERS.iter().find(|(name, _)| *name == manager).map_or(manager, |(_, name)| name).to_owned()
}

/// One of several rows of an object.
fn part(object: Uid, name: &str) -> Uid {
    Uid::parse(&format!("{:x} {name}", object.0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::book::{Book, Changed};
    use super::*;
    use crate::names::ClusterId;

    const NOW: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z

    fn at(minutes: i64) -> String {
        jiff::Timestamp::from_second(NOW - minutes * 60).unwrap().to_string()
    }

    struct World(Book, BTreeMap<Uid, Row>);

    impl World {
        fn new() -> Self {
            Self(Book::new(ClusterId::new("c"), Box::new(Changes::new(SPAN))), BTreeMap::new())
        }

        fn take(&mut self, kind: &str, object: Value) -> &mut Self {
            self.0.take(&Arc::new(Gvk::new("", "v1", kind)), object.to_string().as_bytes(), NOW).unwrap();
            self.settle()
        }

        fn settle(&mut self) -> &mut Self {
            let Changed { upserts, removed } = self.0.changed();
            removed.iter().for_each(|uid| _ = self.1.remove(uid));
            self.1.extend(upserts);
            self
        }

        /// Object, what, by: the newest first.
        fn told(&self) -> Vec<[String; 3]> {
            let mut rows: Vec<&Row> = self.1.values().collect();
            rows.sort_by(|a, b| a.cells[0].order(&b.cells[0]).then_with(|| a.name.cmp(&b.name)));
            rows.iter().map(|row| [2, 3, 4].map(|at| row.cells[at].show(NOW).into_owned())).collect()
        }
    }

    fn set(revision: u64, minutes: i64, image: &str) -> Value {
        json!({"metadata": {"name": format!("web-{revision}"), "namespace": "shop", "uid": format!("rs{revision}"), "creationTimestamp": at(minutes),
                "annotations": {"deployment.kubernetes.io/revision": revision.to_string()},
                "ownerReferences": [{"kind": "Deployment", "name": "web", "uid": "d", "controller": true}]},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "web", "image": image}]}}}})
    }

    fn deployment(replicas: u32, managed: Value) -> Value {
        json!({"metadata": {"name": "web", "namespace": "shop", "uid": "d", "creationTimestamp": at(9_000), "managedFields": managed}, "spec": {"replicas": replicas}})
    }

    fn wrote(manager: &str, minutes: i64) -> Value {
        json!([{"manager": manager, "operation": "Update", "time": at(minutes), "fieldsV1": {"f:spec": {"f:template": {"f:spec": {}}}}}])
    }

    #[test]
    fn a_rollout_tells_what_it_changed_and_by_whom_in_whichever_order_it_is_read() {
        let wanted = [["web", "image web 1.4.1 → 1.4.2", "kubectl set"]];
        let parts = [
            ("ReplicaSet", set(7, 9_000, "shop/web:1.4.1")),
            ("ReplicaSet", set(8, 12, "shop/web:1.4.2")),
            ("Deployment", deployment(3, wrote("kubectl-set", 12))),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut world = World::new();
            order.into_iter().for_each(|at| _ = world.take(parts[at].0, parts[at].1.clone()));
            assert_eq!(world.told(), wanted, "{order:?}");
        }
    }

    #[test]
    fn what_is_too_long_ago_is_not_told() {
        let mut world = World::new();
        world.take("ReplicaSet", set(7, 9_000, "shop/web:1.4.1")).take("ReplicaSet", set(8, 31, "shop/web:1.4.2"));
        assert_eq!(world.told(), [] as [[&str; 3]; 0]);
    }

    #[test]
    fn scaling_and_removal_are_told_as_they_are_seen() {
        let mut world = World::new();
        world.take("Deployment", deployment(3, json!([]))).take("Deployment", deployment(5, wrote("kubectl-edit", 0)));
        assert_eq!(world.told(), [["web", "replicas 3 → 5", "kubectl edit"]]);
        world.0.forget(Uid::parse("d"), NOW);
        assert_eq!(world.settle().told(), [["web", "removed", ""]]);
    }

    /// Metadata as the API server keeps it (reference of `managedFields`), and nothing of what a Secret holds.
    #[test]
    fn configuration_tells_only_that_it_was_written() {
        let managed = json!([{"manager": "kubectl-edit", "time": at(4)}, {"manager": "other", "time": at(1), "subresource": "status"}]);
        let object = |name: &str| json!({"metadata": {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": at(9_000), "managedFields": managed}});
        let mut world = World::new();
        world.take("Secret", object("key")).take("ConfigMap", object("kube-root-ca.crt"));
        assert_eq!(world.told(), [["key", "changed", "kubectl edit"]]);
        let labels = json!({"owner": "helm", "name": "cart", "version": "8", "status": "failed"});
        world.take("Secret", json!({"metadata": {"name": "sh.helm.release.v1.cart.v8", "uid": "h", "creationTimestamp": at(2), "labels": labels}}));
        assert_eq!(world.told()[0][1..], ["release cart revision 8 failed", "Helm"]);
    }

    #[test]
    fn nodes_tell_of_their_readiness() {
        let ready = |status: &str, minutes| json!([{"type": "Ready", "status": status, "message": "Kubelet stopped posting node status.", "lastTransitionTime": at(minutes)}]);
        let node = |conditions: Value| json!({"metadata": {"name": "n1", "uid": "n1", "creationTimestamp": at(90_000)}, "spec": {}, "status": {"conditions": conditions}});
        let mut world = World::new();
        assert_eq!(world.take("Node", node(ready("Unknown", 5))).told(), [["n1", "not ready: Kubelet stopped posting node status.", ""]]);
        assert_eq!(world.take("Node", node(ready("True", 1))).told(), [["n1", "ready again", ""]]);
    }
}
