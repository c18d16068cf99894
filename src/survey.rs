//! Surveys: the objects of one cluster read into relations, live while somebody looks. It stands above `cluster` and `relations`, which do not know
//! each other, because two panes and a script need the same join: which kinds to watch for a question, what an object in the graph is called on the
//! screen, and what of the answer is known and what only was not looked at.

pub mod plan;
pub mod world;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::plan::Part;
use crate::cluster::fleet::Fleet;
use crate::cluster::rows::{Column, Delta, Phase, Row, RowState, Uid};
use crate::cluster::watch::Subscription;
use crate::names::Gvk;
use crate::relations::facts::{Facts, Reader};
use crate::relations::rules::Rules;

/// Watches under way. Dropping it ends them.
pub struct Survey {
    news: mpsc::Receiver<News>,
    _tasks: JoinSet<()>,
}

/// What changed in one kind since it was told last. Bounded by the number of its objects.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct News {
    /// Which kind.
    pub kind: Arc<Gvk>,
    /// New and changed objects.
    pub upserts: Vec<Thing>,
    /// Gone.
    pub removed: Vec<Uid>,
    /// How far the watch is, when that changed.
    pub phase: Option<Phase>,
}

/// One object: how it does, what it is related to, what is inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Thing {
    /// Its row.
    pub row: Row,
    /// How it does, in words: `1/2 CrashLoopBackOff`.
    pub note: String,
    /// What the rules read of it.
    pub facts: Facts,
    /// The containers of a pod.
    pub inside: Vec<Inside>,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// Its name.
    pub name: String,
    /// `container`, `init container`, …
    pub what: String,
    /// How it does.
    pub state: RowState,
    /// The same in words.
    pub note: String,
}

/// Between two pieces of news of one kind: a flood comes in gulps.
const BREATH: Duration = Duration::from_millis(50);

/// Pieces of news that wait, at most.
const WAITING: usize = 16;

/// What was read of objects whose rows have not come yet.
type Read = Arc<Mutex<HashMap<Uid, (Facts, Vec<Inside>)>>>;

impl Survey {
    /// Begins to watch. Needs a tokio runtime.
    pub fn begin(fleet: &Fleet, rules: &Arc<Rules>, parts: Vec<Part>) -> Self {
        let (sender, news) = mpsc::channel(WAITING);
        let mut tasks = JoinSet::new();
        for Part { kind, spec } in parts {
            let read = Read::default();
            let (reader, seen) = (Reader::new(rules.clone(), &kind.group, &kind.kind), read.clone());
            let look = move |uid: Uid, object: serde_json::Value| {
                let inside = if reader.of("", "Pod") { containers(&object) } else { Vec::new() };
                seen.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, (reader.read(&object), inside));
            };
            let subscription = fleet.watch_objects(spec, Arc::new(look));
            tasks.spawn(tell(kind, subscription, read, sender.clone()));
        }
        Self { news, _tasks: tasks }
    }

    /// Waits for news. `None`: there is nothing to watch. Cancel-safe.
    pub async fn next(&mut self) -> Option<News> {
        self.news.recv().await
    }
}

async fn tell(kind: Arc<Gvk>, mut subscription: Subscription, read: Read, news: mpsc::Sender<News>) {
    let mut columns: Arc<[Column]> = Arc::new([]);
    while let Some(delta) = subscription.next().await {
        let Delta { columns: defined, upserts, removed, phase, .. } = delta;
        columns = defined.unwrap_or(columns);
        let upserts = {
            let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
            removed.iter().for_each(|uid| _ = read.remove(uid));
            let thing = |row: Row| {
                let (facts, inside) = read.remove(&row.uid)?;
                Some(Thing { note: note(&row, &columns), row, facts, inside })
            };
            upserts.into_iter().filter_map(thing).collect()
        };
        if news.send(News { kind: kind.clone(), upserts, removed, phase }).await.is_err() {
            return;
        }
        tokio::time::sleep(BREATH).await;
    }
}

/// What a row says about how its object does.
fn note(row: &Row, columns: &[Column]) -> String {
    let cell = |name: &str| {
        let at = columns.iter().position(|column| &*column.name == name)?;
        Some(row.cells.get(at)?.show(0).into_owned()).filter(|text| !text.is_empty())
    };
    ["READY", "STATUS", "TYPE"].iter().filter_map(|name| cell(name)).collect::<Vec<_>>().join(" ")
}

/// A pod's containers, in the order they are started.
fn containers(pod: &serde_json::Value) -> Vec<Inside> {
    let lists = [("initContainers", "initContainerStatuses", "init container"), ("containers", "containerStatuses", "container")];
    let lists = lists.into_iter().chain([("ephemeralContainers", "ephemeralContainerStatuses", "debug container")]);
    let one = |statuses: &str, what: &str, container: &serde_json::Value| {
        let name = container["name"].as_str()?;
        let status = pod["status"][statuses].as_array().and_then(|all| all.iter().find(|status| status["name"] == name));
        let (state, note) = status.map_or_else(|| (RowState::Progress, String::new()), container_state);
        Some(Inside { name: name.to_owned(), what: what.to_owned(), state, note })
    };
    let of = |(list, statuses, what): (&str, &str, &str)| {
        pod["spec"][list].as_array().into_iter().flatten().filter_map(|container| one(statuses, what, container)).collect::<Vec<_>>()
    };
    lists.flat_map(of).collect()
}

/// How a container does: what it waits for, that it runs, or how it ended.
fn container_state(status: &serde_json::Value) -> (RowState, String) {
    let reason = |name: &str| status["state"][name]["reason"].as_str().unwrap_or_default().to_owned();
    if status["state"]["running"].is_object() {
        return if status["ready"] == true { (RowState::Fine, "running".into()) } else { (RowState::Warn, "running, not ready".into()) };
    }
    if let Some(ended) = status["state"]["terminated"].as_object() {
        let code = ended.get("exitCode").and_then(serde_json::Value::as_i64).unwrap_or_default();
        return if code == 0 { (RowState::Done, "completed".into()) } else { (RowState::Bad, format!("{} exit {code}", reason("terminated"))) };
    }
    let waits = reason("waiting");
    let begins = matches!(waits.as_str(), "" | "ContainerCreating" | "PodInitializing");
    (if begins { RowState::Progress } else { RowState::Bad }, waits)
}
