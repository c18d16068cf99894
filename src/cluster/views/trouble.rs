//! `:trouble`: what is broken, each object with one word for its cause. Read from statuses and conditions; of events only failed mounts, because nothing
//! else tells of them. A workload whose pods are listed is told by its pods, a job by its cron job.

use std::collections::HashMap;

use serde::Deserialize;

use super::super::rows::{Cell, RowState, Uid};
use super::book::{Entry, FOREVER, Maker, Page, Pen, Taken};
use super::object::{Condition, Metadata, PodSpec, Template, is, unix};

mod kinds;
mod pod;

pub(super) const KINDS: &[&str] = &[
    "pods",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "nodes",
    "namespaces",
    "persistentvolumeclaims",
    "horizontalpodautoscalers.autoscaling",
    "poddisruptionbudgets.policy",
    "apiservices.apiregistration.k8s.io",
    "certificates.cert-manager.io",
    "issuers.cert-manager.io",
    "clusterissuers.cert-manager.io",
    "externalsecrets.external-secrets.io",
    "gitrepositories.source.toolkit.fluxcd.io",
    "helmrepositories.source.toolkit.fluxcd.io",
    "ocirepositories.source.toolkit.fluxcd.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
    "helmreleases.helm.toolkit.fluxcd.io",
    "applications.argoproj.io",
    "gateways.gateway.networking.k8s.io",
    "services.serving.knative.dev",
    "clusters.cluster.x-k8s.io",
    "machines.cluster.x-k8s.io",
    "events?reason=FailedMount",
];

pub(super) const COLUMNS: &[&str] = &["KIND", "CAUSE", "SINCE", "NODE", "VERSION", "MESSAGE"];
const CAUSE: usize = 1;
const MESSAGE: usize = 5;

/// What is wrong with one object.
#[derive(Debug, PartialEq)]
struct Finding {
    state: RowState,
    /// One word.
    cause: &'static str,
    /// Since when, unix seconds; 0: nobody says.
    since: i64,
    /// It counts from this moment on: until then it may well be on its way.
    from: i64,
    /// It is forgiven at this moment.
    until: i64,
    node: String,
    version: String,
    message: String,
}

impl Finding {
    fn new(state: RowState, cause: &'static str, since: i64, message: impl Into<String>) -> Self {
        Self { state, cause, since, from: 0, until: FOREVER, node: String::new(), version: String::new(), message: message.into() }
    }

    /// Forgiven for the first seconds.
    fn after(self, seconds: i64) -> Self {
        Self { from: self.since + seconds, ..self }
    }

    /// Told by the listed pods of a workload rather than by it.
    fn folds(&self) -> bool {
        self.cause == "Unavailable"
    }

    fn entry(self, meta: &Metadata, pen: &mut Pen<'_>) -> Entry {
        let cells = vec![
            Cell::Text(pen.gvk.kind.clone()),
            pen.cell(self.cause),
            Cell::Since(self.since),
            pen.cell(&self.node),
            pen.cell(&self.version),
            pen.cell(self.message.trim()),
        ];
        Entry { row: pen.row(meta, self.state, cells), from: self.from, until: self.until }
    }
}

/// A place by namespace and name.
type Place = (String, String);

/// What has to be known of several objects to tell one of them.
#[derive(Default)]
pub(super) struct Trouble {
    /// Pods that are listed, with the workload behind them.
    pods: HashMap<Uid, Behind>,
    /// How many pods of a workload are listed.
    listed: HashMap<Behind, usize>,
    /// Workloads that would only repeat what their pods say.
    folding: HashMap<Behind, (Uid, Entry)>,
    /// Pods that wait for something that only an event names.
    starting: HashMap<Place, (Uid, Entry)>,
    /// What events say about mounts, by pod.
    mounts: HashMap<Place, String>,
    /// Which pod an event is about.
    events: HashMap<Uid, Place>,
}

/// A workload: kind, namespace, name.
type Behind = (&'static str, String, String);

/// An event, as far as it tells of mounts.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MountEvent {
    metadata: Metadata,
    involved_object: Involved,
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Involved {
    namespace: String,
    name: String,
}

impl Maker for Trouble {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, now: i64) -> Result<Taken, serde_json::Error> {
        match &*pen.gvk.kind {
            "Pod" => serde_json::from_slice(json).map(|pod| self.pod(&pod, pen, now)),
            "Event" => serde_json::from_slice(json).map(|event| self.event(event)),
            _ => serde_json::from_slice(json).map(|object| self.other(&object, pen, now)),
        }
    }

    fn forget(&mut self, object: Uid, _: i64) -> Vec<Page> {
        if let Some(place) = self.events.remove(&object) {
            self.mounts.remove(&place);
        }
        self.starting.retain(|_, (uid, _)| *uid != object);
        self.folding.retain(|_, (uid, _)| *uid != object);
        self.unlist(object).into_iter().collect()
    }
}

impl Trouble {
    fn pod(&mut self, pod: &pod::Pod, pen: &mut Pen<'_>, now: i64) -> Taken {
        let (meta, object) = (&pod.metadata, pod.metadata.object());
        let place = (meta.namespace.clone(), meta.name.clone());
        let finding = pod.finding(now);
        let starting = finding.as_ref().is_some_and(|finding| finding.cause == pod::STARTING);
        let mut entry = finding.map(|finding| finding.entry(meta, pen));
        let mut pages = match entry.as_ref().and(behind(meta)) {
            Some(behind) => self.list(object, behind),
            None => self.unlist(object).into_iter().collect(),
        };
        self.starting.remove(&place);
        if let Some(entry) = entry.as_mut().filter(|_| starting) {
            self.starting.insert(place.clone(), (object, entry.clone()));
            if let Some(message) = self.mounts.get(&place) {
                unmounted(entry, message, pen);
            }
        }
        pages.push((object, entry.into_iter().collect()));
        Taken { object, version: meta.resource_version.clone(), pages }
    }

    fn event(&mut self, event: MountEvent) -> Taken {
        let object = event.metadata.object();
        let place = (event.involved_object.namespace, event.involved_object.name);
        let message = crate::text::sanitise(&event.message).into_owned();
        let page = self.starting.get(&place).map(|(pod, entry)| {
            let mut entry = entry.clone();
            entry.row.cells[CAUSE] = Cell::Text(UNMOUNTED.into());
            entry.row.cells[MESSAGE] = Cell::Text(message.as_str().into());
            (*pod, vec![Entry { from: 0, ..entry }])
        });
        self.mounts.insert(place.clone(), message);
        self.events.insert(object, place);
        Taken { object, version: event.metadata.resource_version, pages: page.into_iter().collect() }
    }

    fn other(&mut self, it: &kinds::Object, pen: &mut Pen<'_>, now: i64) -> Taken {
        let (meta, object) = (&it.metadata, it.metadata.object());
        let finding = it.finding(&pen.gvk.kind, now);
        let folds = finding.as_ref().is_some_and(Finding::folds);
        let entry = finding.map(|finding| finding.entry(meta, pen));
        let mut entries: Vec<Entry> = entry.into_iter().collect();
        if let Some(behind) = WORKLOADS.iter().find(|kind| **kind == &*pen.gvk.kind).map(|kind| (*kind, meta.namespace.clone(), meta.name.clone())) {
            self.folding.remove(&behind);
            if let Some(entry) = entries.first().filter(|_| folds) {
                let told = self.listed.contains_key(&behind);
                self.folding.insert(behind, (object, entry.clone()));
                if told {
                    entries.clear();
                }
            }
        }
        Taken { object, version: meta.resource_version.clone(), pages: vec![(object, entries)] }
    }

    /// A pod is in trouble: its workload need not say so too.
    fn list(&mut self, pod: Uid, behind: Behind) -> Vec<Page> {
        if self.pods.get(&pod) == Some(&behind) {
            return Vec::new();
        }
        let mut pages: Vec<Page> = self.unlist(pod).into_iter().collect();
        self.pods.insert(pod, behind.clone());
        let count = self.listed.entry(behind.clone()).or_default();
        *count += 1;
        if *count == 1 {
            pages.extend(self.folding.get(&behind).map(|(workload, _)| (*workload, Vec::new())));
        }
        pages
    }

    /// It is not, or gone: was it the last one, then its workload says what is wrong, if something is.
    fn unlist(&mut self, pod: Uid) -> Option<Page> {
        let behind = self.pods.remove(&pod)?;
        let count = self.listed.get_mut(&behind)?;
        *count = count.saturating_sub(1);
        if *count > 0 {
            return None;
        }
        self.listed.remove(&behind);
        self.folding.get(&behind).map(|(workload, entry)| (*workload, vec![entry.clone()]))
    }
}

const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];
const UNMOUNTED: &str = "FailedMount";

/// A pod that does not start says why, once an event said it.
fn unmounted(entry: &mut Entry, message: &str, pen: &mut Pen<'_>) {
    entry.row.cells[CAUSE] = pen.cell(UNMOUNTED);
    entry.row.cells[MESSAGE] = pen.cell(message);
    entry.from = 0;
}

/// The workload behind a pod. A replica set is called like its deployment, with the hash of the template that its pods carry as a label.
fn behind(meta: &Metadata) -> Option<Behind> {
    let owner = meta.controller()?;
    let (kind, name) = match owner.kind.as_str() {
        "ReplicaSet" => {
            let hash = meta.labels.get("pod-template-hash")?;
            ("Deployment", owner.name.strip_suffix(hash.as_str())?.strip_suffix('-')?)
        }
        "StatefulSet" => ("StatefulSet", owner.name.as_str()),
        "DaemonSet" => ("DaemonSet", owner.name.as_str()),
        _ => return None,
    };
    Some((kind, meta.namespace.clone(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::super::rows::Row;
    use super::super::book::{Book, Changed};
    use super::*;
    use crate::names::{ClusterId, Gvk};

    const NOW: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z
    const BEFORE: &str = "2025-12-31T23:00:00Z";

    /// A book, and what a person would see of it.
    struct World {
        book: Book,
        rows: BTreeMap<Uid, Row>,
    }

    impl World {
        fn new() -> Self {
            Self { book: Book::new(ClusterId::new("c"), Box::<Trouble>::default()), rows: BTreeMap::new() }
        }

        fn take(&mut self, kind: &str, object: Value) -> &mut Self {
            self.book.take(&Arc::new(Gvk::new("", "v1", kind)), object.to_string().as_bytes(), NOW).unwrap();
            self.settle()
        }

        fn forget(&mut self, uid: &str) -> &mut Self {
            self.book.forget(Uid::parse(uid), NOW);
            self.settle()
        }

        fn settle(&mut self) -> &mut Self {
            let Changed { upserts, removed } = self.book.changed();
            removed.iter().for_each(|uid| _ = self.rows.remove(uid));
            self.rows.extend(upserts);
            self
        }

        fn causes(&self) -> Vec<String> {
            let mut all: Vec<String> = self.rows.values().map(|row| format!("{} {}", row.name, row.cells[CAUSE].show(NOW))).collect();
            all.sort();
            all
        }
    }

    fn cart(uid: &str, status: Value) -> Value {
        json!({"metadata": {"name": uid, "namespace": "shop", "uid": uid, "creationTimestamp": BEFORE, "labels": {"pod-template-hash": "5d"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "cart-5d", "uid": "rs", "controller": true}]},
            "spec": {"nodeName": "n1", "containers": [{"name": "cart", "image": "shop/cart:2.4.0"}]}, "status": status})
    }

    fn crashing() -> Value {
        json!({"phase": "Running", "containerStatuses": [{"name": "cart", "restartCount": 14,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": BEFORE}}}]})
    }

    fn running() -> Value {
        json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "cart", "ready": true, "state": {"running": {}}}]})
    }

    fn deployment(ready: u32) -> Value {
        json!({"metadata": {"name": "cart", "namespace": "shop", "uid": "d", "creationTimestamp": BEFORE}, "spec": {"replicas": 2},
            "status": {"readyReplicas": ready, "availableReplicas": ready, "conditions": [{"type": "Available", "status": "False", "lastTransitionTime": BEFORE}]}})
    }

    #[test]
    fn a_workload_is_told_by_its_pods_while_they_are_listed() {
        let mut world = World::new();
        assert_eq!(world.take("Deployment", deployment(0)).causes(), ["cart Unavailable"]);
        assert_eq!(world.take("Pod", cart("p1", crashing())).causes(), ["p1 OOMKilled"]);
        assert_eq!(world.take("Pod", cart("p2", crashing())).take("Deployment", deployment(0)).causes(), ["p1 OOMKilled", "p2 OOMKilled"]);
        assert_eq!(world.take("Pod", cart("p1", running())).forget("p2").causes(), ["cart Unavailable"]);
        assert_eq!(world.take("Deployment", deployment(2)).causes(), [] as [&str; 0]);
    }

    #[test]
    fn a_failed_mount_is_told_whichever_comes_first() {
        let creating = || json!({"phase": "Pending", "containerStatuses": [{"name": "cart", "state": {"waiting": {"reason": "ContainerCreating"}}}]});
        let event =
            json!({"metadata": {"uid": "e"}, "involvedObject": {"namespace": "shop", "name": "p"}, "message": "secret \"web-tsl\" not found"});
        let mut world = World::new();
        assert_eq!(world.take("Pod", cart("p", creating())).causes(), ["p Starting"]);
        assert_eq!(world.take("Event", event.clone()).causes(), ["p FailedMount"]);
        let mut world = World::new();
        assert_eq!(world.take("Event", event).take("Pod", cart("p", creating())).causes(), ["p FailedMount"]);
        assert_eq!(world.take("Pod", cart("p", running())).causes(), [] as [&str; 0]);
    }

    #[test]
    fn what_is_well_leaves_nothing_behind() {
        let mut world = World::new();
        for at in 0..100 {
            world.take("Pod", cart(&format!("p{at}"), crashing())).take("Pod", cart(&format!("p{at}"), running()));
        }
        let mut trouble = Trouble::default();
        let gvk = Arc::new(Gvk::new("", "v1", "Pod"));
        let (cluster, mut words) = (ClusterId::new("c"), super::super::super::decode::Interner::default());
        for status in [crashing(), running()] {
            let mut pen = Pen { cluster: &cluster, gvk: &gvk, words: &mut words };
            trouble.take(cart("p", status).to_string().as_bytes(), &mut pen, NOW).unwrap();
        }
        assert!(world.rows.is_empty() && trouble.pods.is_empty() && trouble.listed.is_empty() && trouble.starting.is_empty());
    }

    #[test]
    fn hostile_words_are_made_harmless() {
        let mut world = World::new();
        let status = json!({"phase": "Pending", "containerStatuses": [{"name": "cart", "state": {"waiting": {"reason": "ErrImagePull", "message": "no\u{1b}[31m"}}}]});
        world.take("Pod", cart("p", status));
        let row = world.rows.values().next().unwrap();
        assert!(!row.cells[MESSAGE].show(NOW).contains('\u{1b}'), "{row:?}");
    }
}
