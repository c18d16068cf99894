//! How many pods there are on each node, counted from one watch for as long as somebody wants to know. What is kept of a pod is its node.

use std::collections::HashMap;
use std::sync::Arc;

use super::fleet::Fleet;
use super::rows::{Cell, Delta, Phase, Row, Uid};
use super::watch::{Subscription, WatchSpec};
use crate::names::{ClusterId, Problem};

/// Pods that have ended take no room; `kubectl describe node` leaves them out in the same way.
const RUNNING: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// The heading of the column that shows it.
pub const PODS: &str = "PODS";

/// Pods by the name of their node.
pub type Count = HashMap<Arc<str>, u32>;

/// A count under way. Dropping it ends its watch.
pub struct Census {
    pods: Subscription,
    sheet: Sheet,
}

#[derive(Default)]
struct Sheet {
    /// The column that names a pod's node.
    column: Option<usize>,
    places: HashMap<Uid, Arc<str>>,
    names: HashMap<Arc<str>, Arc<str>>,
    /// All pods have been seen.
    whole: bool,
}

impl Census {
    /// Waits until all pods are counted, or counts have changed. Cancel-safe.
    ///
    /// # Errors
    /// The cluster does not tell its pods; a later count may come all the same.
    pub async fn next(&mut self) -> Option<Result<Count, Problem>> {
        loop {
            if let Some(news) = self.sheet.take(self.pods.next().await?) {
                return Some(news);
            }
        }
    }
}

impl Sheet {
    /// What is to be told after a delta, if anything is.
    fn take(&mut self, delta: Delta) -> Option<Result<Count, Problem>> {
        if let Some(columns) = &delta.columns {
            self.column = columns.iter().position(|column| &*column.name == "NODE");
        }
        if delta.reset {
            self.places.clear();
        }
        let moved = !delta.upserts.is_empty() || !delta.removed.is_empty() || delta.reset;
        delta.removed.iter().for_each(|uid| _ = self.places.remove(uid));
        delta.upserts.iter().for_each(|pod| self.put(pod));
        let begins = delta.phase == Some(Phase::Synced) && !self.whole;
        self.whole |= begins;
        match delta.phase {
            Some(Phase::Stale { problem, .. }) => Some(Err(problem)),
            _ => (begins || self.whole && moved).then(|| Ok(self.count())),
        }
    }

    fn put(&mut self, pod: &Row) {
        let node = match self.column.and_then(|at| pod.cells.get(at)) {
            Some(Cell::Text(node)) if &**node != "<none>" => node,
            _ => return,
        };
        let name = self.names.entry(node.clone()).or_insert_with(|| node.clone());
        self.places.insert(pod.uid, name.clone());
    }

    fn count(&self) -> Count {
        let mut count = Count::new();
        for node in self.places.values() {
            *count.entry(node.clone()).or_default() += 1;
        }
        count
    }
}

impl Fleet {
    /// Counts the pods on each node of a cluster from the moment it is connected.
    pub fn census(&self, cluster: &ClusterId) -> Census {
        let pods = self.watch(WatchSpec {
            cluster: cluster.clone(),
            view: "pods".into(),
            namespaces: Vec::new(),
            labels: String::new(),
            fields: RUNNING.into(),
            columns: Vec::new(),
            exact: false,
        });
        Census { pods, sheet: Sheet::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Column, RowState};
    use super::*;
    use crate::names::Gvk;

    fn pod(uid: u128, node: &str) -> Row {
        Row {
            uid: Uid(uid),
            cluster: ClusterId::new("lab"),
            gvk: Arc::new(Gvk::new("", "v1", "Pod")),
            namespace: None,
            name: "p".into(),
            created: 0,
            state: RowState::Fine,
            cells: [if node.is_empty() { Cell::Empty } else { Cell::Text(node.into()) }].into(),
            labels: Arc::new([]),
            owner: None,
        }
    }

    #[test]
    fn pods_are_counted_once_all_are_seen_and_then_as_they_come_and_go() {
        let columns: Arc<[Column]> = [Column { name: "NODE".into(), wide: true, right: false }].into();
        let mut sheet = Sheet::default();
        let first = Delta { columns: Some(columns), upserts: vec![pod(1, "a"), pod(2, "a"), pod(3, "")], ..Delta::default() };
        assert!(sheet.take(first).is_none(), "half a count is none");
        let mut told =
            |delta: Delta| sheet.take(delta).map(|told| told.unwrap().into_iter().map(|(node, pods)| (node.to_string(), pods)).collect::<Vec<_>>());
        let of = |pods| Some(vec![("a".to_owned(), pods)]);
        assert_eq!(told(Delta { phase: Some(Phase::Synced), ..Delta::default() }), of(2));
        assert_eq!(told(Delta { upserts: vec![pod(3, "a"), pod(1, "a")], ..Delta::default() }), of(3));
        assert_eq!(told(Delta { removed: vec![Uid(1), Uid(2)], ..Delta::default() }), of(1));
        assert_eq!(told(Delta { phase: Some(Phase::Synced), ..Delta::default() }), None);
    }
}
