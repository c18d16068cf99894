//! What one object is about, in the order a person asks in an incident: how it does and why, its pods, its containers, then everything else that is
//! known of it, section by section. Facts, not drawing; each family of kinds has its own describer in a file below.

mod amount;
mod claim;
mod general;
mod namespace;
mod network;
mod node;
mod pod;
pub(super) mod read;
mod workload;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::read::{at, list};
use super::connection::Connected;
use super::decode::{Decoder, Own, Shape};
use super::fleet::Fleet;
use super::kinds::Kind;
use super::rows::{Row, RowState};
use super::wire::{JSON, LIMIT, encode};
use crate::names::{ObjectKey, Problem};
use crate::text::age::age;

/// Objects of one kind that are read around the one that is described, at most.
const AROUND: usize = 1_000;

/// Everything the summary of an object shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The worst first, then what it is.
    pub facts: Vec<Fact>,
    /// Everything else there is to know, in parts.
    pub sections: Vec<Section>,
    /// The objects whose events belong here: itself, and what of its own fails.
    pub about: Vec<ObjectKey>,
}

/// Facts that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// `container app`.
    pub title: String,
    /// Headings of the columns, where its facts are rows of a table; the first stands over the labels.
    pub heads: Vec<String>,
    /// The facts.
    pub facts: Vec<Fact>,
}

/// One thing worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about: `container app`.
    pub label: String,
    /// What is so.
    pub said: Said,
    /// The further columns of a table's row.
    pub more: Vec<Said>,
    /// How that is.
    pub state: RowState,
}

/// Words with moments among them, which read as ages when they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said(pub Vec<Piece>);

/// A part of what is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// Words, sanitised.
    Text(String),
    /// How long ago that was, unix seconds: `41m ago`.
    Ago(i64),
    /// For how long it has been so, unix seconds: `41m`.
    Since(i64),
}

impl Fact {
    /// A fact.
    pub fn new(label: impl Into<String>, said: impl Into<Said>, state: RowState) -> Self {
        Self { label: label.into(), said: said.into(), more: Vec::new(), state }
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self(if text.is_empty() { Vec::new() } else { vec![Piece::Text(text)] })
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Said {
    /// A moment, unix seconds.
    pub fn moment(unix: i64) -> Self {
        Self(vec![Piece::Ago(unix)])
    }

    /// More words.
    #[must_use]
    pub fn and(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Piece::Text(text));
        }
        self
    }

    /// And how long ago.
    #[must_use]
    pub fn ago(mut self, unix: i64) -> Self {
        self.0.push(Piece::Ago(unix));
        self
    }

    /// And for how long.
    #[must_use]
    pub fn since(mut self, unix: i64) -> Self {
        self.0.push(Piece::Since(unix));
        self
    }

    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How it reads at the moment `now` (unix seconds). A moment that stands alone is told in full as well.
    pub fn show(&self, now: i64) -> String {
        if let [Piece::Ago(then)] = self.0[..] {
            let full = jiff::Timestamp::from_second(then).map(|moment| moment.to_string()).unwrap_or_default();
            return format!("{} ago, {}", age(now - then), full.replace('T', " "));
        }
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Ago(then) => format!("{} ago", age(now - then)),
            Piece::Since(then) => age(now - then),
        };
        self.0.iter().map(piece).collect()
    }
}

impl Fleet {
    /// What the object is about.
    ///
    /// # Errors
    /// The object is gone, or the cluster does not answer. What stands around it and cannot be read is told in its place.
    pub async fn describe(&self, key: &ObjectKey) -> Result<Description, Problem> {
        if super::helm::is(&key.gvk) {
            return self.describe_release(key).await;
        }
        let object = self.object(key).await?;
        let around = Around { connected: self.connected(&key.cluster).await?, key };
        let mut described = match (&*key.gvk.group, &*key.gvk.kind) {
            ("", "Pod") => pod::describe(&around, &object).await,
            ("apps", "Deployment") => workload::deployment(&around, &object).await,
            ("apps", "ReplicaSet") => workload::replica_set(&around, &object).await,
            ("apps", "StatefulSet") => workload::stateful_set(&around, &object).await,
            ("apps", "DaemonSet") => workload::daemon_set(&around, &object).await,
            ("batch", "Job") => workload::job(&around, &object).await,
            ("batch", "CronJob") => workload::cron_job(&around, &object).await,
            ("", "Service") => network::service(&around, &object).await,
            ("networking.k8s.io", "Ingress") => network::ingress(&around, &object).await,
            ("", "Node") => node::describe(&around, &object).await,
            ("", "PersistentVolumeClaim") => claim::describe(&around, &object).await,
            ("", "Namespace") => namespace::describe(&around, &object).await,
            ("" | "events.k8s.io", "Event") => general::event(&object),
            _ => general::describe(&object),
        };
        let uses = self.uses_of(key, &object).await;
        // After the word that says how it does.
        let behind = described.facts.len().min(1);
        described.facts.splice(behind..behind, uses);
        described.facts.sort_by_key(|fact| std::cmp::Reverse(fact.state.max(RowState::Done)));
        let uid = Some(at(&object, "/metadata/annotations/kubernetes.io~1config.mirror")).filter(|uid| !uid.is_empty());
        // The kubelet writes of a mirror pod by the uid it knows it by.
        let own = ObjectKey { uid: uid.map_or_else(|| at(&object, "/metadata/uid").into(), Into::into), ..key.clone() };
        described.about.insert(0, own);
        Ok(described)
    }
}

/// What stands around the object that is described.
struct Around<'a> {
    connected: Connected,
    key: &'a ObjectKey,
}

impl Around<'_> {
    /// Objects of a kind in the object's namespace, or of all for a kind without; `query` as `labelSelector=…`, may be empty.
    async fn list(&self, kind: &str, query: &str) -> Result<Vec<Value>, Problem> {
        self.list_in(self.key.namespace.as_deref(), kind, query).await
    }

    async fn list_in(&self, namespace: Option<&str>, kind: &str, query: &str) -> Result<Vec<Value>, Problem> {
        let kind = self.kind(kind).await?;
        let and = if query.is_empty() { "" } else { "&" };
        let path = format!("{}?limit={AROUND}{and}{query}", kind.path(namespace));
        let list: Value = self.connected.wire.json(&path, JSON, LIMIT).await.map_err(|trouble| trouble.problem)?;
        Ok(read::list(&list, "/items").cloned().collect())
    }

    /// One object.
    async fn get(&self, namespace: Option<&str>, kind: &str, name: &str) -> Result<Value, Problem> {
        let kind = self.kind(kind).await?;
        let path = format!("{}/{}", kind.path(namespace), super::detail::segment(name));
        self.connected.wire.json(&path, JSON, LIMIT).await.map_err(|trouble| trouble.problem)
    }

    async fn kind(&self, kind: &str) -> Result<Kind, Problem> {
        let none = || Problem::new(UNSERVED, format!("{} serves no {kind}", self.key.cluster), "");
        self.connected.kinds().await?.find(kind).cloned().ok_or_else(none)
    }

    /// The pods the object's selector finds.
    async fn pods(&self, selector: &str) -> Result<Vec<Value>, Problem> {
        if selector.is_empty() {
            return Ok(Vec::new());
        }
        self.list("pods", &format!("labelSelector={}", encode(selector))).await
    }

    /// Objects as rows of their kind's table, the worst first.
    async fn rows(&self, objects: &[Value]) -> Vec<Row> {
        let Ok(kind) = self.kind("pods").await else { return Vec::new() };
        let mut decoder = Decoder::new(Shape::Own(Own::Pods), self.key.cluster.clone(), kind.gvk.clone());
        let mut rows = Vec::new();
        for object in objects {
            // A pod that cannot be read is left out of a summary.
            _ = decoder.rows(object.to_string().as_bytes(), &mut rows);
        }
        rows.sort_by(|a, b| b.state.cmp(&a.state).then_with(|| a.name.cmp(&b.name)));
        rows
    }
}

/// The code of what a cluster does not serve.
const UNSERVED: &str = "cluster.kind";

/// What around the object could not be read, told where it would stand; what the cluster does not even serve is not missed.
fn unread(label: &str, problem: &Problem) -> Option<Fact> {
    let why = if problem.why.is_empty() { &problem.what } else { &problem.why };
    (problem.code != UNSERVED).then(|| Fact::new(label, format!("cannot be read: {why}"), RowState::Unknown))
}

/// The objects of a list that this one controls.
fn controlled<'a>(objects: &'a [Value], owner: &Value) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| controls(owner, object))
}

/// The owner is the object's controller.
fn controls(owner: &Value, object: &Value) -> bool {
    let uid = at(owner, "/metadata/uid");
    list(object, "/metadata/ownerReferences").any(|one| read::is(one, "/controller") && at(one, "/uid") == uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_ages_and_alone_in_full() {
        // 2026-05-12T14:04:00Z
        let now = 1_778_594_640;
        assert_eq!(Said::moment(now - 7_200).show(now), "120m ago, 2026-05-12 12:04:00Z");
        assert_eq!(Said::from("last exit 137 ").ago(now - 40).and(", lived 15s").show(now), "last exit 137 40s ago, lived 15s");
        assert!(Said::from("").is_empty());
    }
}
