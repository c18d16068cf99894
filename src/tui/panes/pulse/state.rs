//! What the pulse knows: of every kind in every open cluster how many there are and how they do, and what the clusters' nodes have to give.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::cluster::rows::{Phase, RowState};
use crate::names::{ClusterId, Problem};

/// The kinds that are counted, by the names people open them under; of events only warnings.
pub const KINDS: [&str; 15] = [
    "pods",
    "deployments",
    "statefulsets",
    "daemonsets",
    "replicasets",
    "jobs",
    "cronjobs",
    "nodes",
    "services",
    "ingresses",
    "horizontalpodautoscalers",
    "persistentvolumeclaims",
    "persistentvolumes",
    "namespaces",
    EVENTS,
];

/// The kind of which only warnings are counted.
pub const EVENTS: &str = "events";
/// The kind whose rows say what a cluster's containers ask for.
pub const PODS: &str = "pods";
/// The kind whose rows say what a cluster can give.
pub const NODES: &str = "nodes";

/// Minutes that are looked back on warnings.
pub const MINUTES: i64 = 30;
/// Readings that are kept of each cluster; more are joined two and two.
const KEPT: usize = 240;

/// Everything the pane draws and decides from.
#[derive(Debug, Default)]
pub struct State {
    /// Counts looks; what belongs to an earlier one is dropped.
    pub generation: u64,
    /// The kind under the cursor.
    pub position: usize,
    /// What was counted.
    pub tallies: HashMap<(ClusterId, String), Tally>,
    /// Readings of each cluster.
    pub loads: HashMap<ClusterId, Load>,
}

/// One kind of one cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Objects by state, indexed by `RowState as usize`.
    pub states: [usize; 6],
    /// How far the count is; none: the cluster serves no such kind.
    pub phase: Option<Phase>,
    /// What all of them ask for, or can give: millicores and bytes.
    pub whole: (u64, u64),
    /// Of warnings: how many were seen last in each minute (unix minutes).
    pub minutes: Vec<(i64, u32)>,
}

/// What a cluster's nodes use.
#[derive(Debug, Default)]
pub struct Load {
    /// Millicores and bytes in use; none: not measured.
    pub now: Option<(u64, u64)>,
    /// When that was, unix seconds, and in how many seconds it is measured again.
    pub at: (i64, u32),
    /// The same over time, oldest first.
    pub past: Vec<(u64, u64)>,
    /// Why there are no numbers, or no newer ones.
    pub problem: Option<Problem>,
}

impl Load {
    /// One more reading; when there are too many, of each two the larger one stays.
    pub fn push(&mut self, used: (u64, u64)) {
        self.now = Some(used);
        if self.past.len() >= KEPT {
            self.past = self.past.chunks(2).filter_map(|two| two.iter().copied().reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)))).collect();
        }
        self.past.push(used);
    }
}

impl Tally {
    /// All objects.
    pub fn total(&self) -> usize {
        self.states.iter().sum()
    }

    /// Objects in that state.
    pub fn of(&self, state: RowState) -> usize {
        self.states.get(state as usize).copied().unwrap_or_default()
    }

    /// Two kinds, or clusters, as one.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.states.iter_mut().zip(other.states).for_each(|(sum, more)| *sum += more);
        self
    }
}

impl State {
    /// What is known of a kind in one cluster.
    pub fn tally(&self, cluster: &ClusterId, kind: &str) -> Option<&Tally> {
        self.tallies.get(&(cluster.clone(), kind.to_owned()))
    }

    /// A kind over these clusters; none: nothing was counted yet, or nobody serves it.
    pub fn sum(&self, clusters: &[ClusterId], kind: &str) -> Option<Tally> {
        let counted = clusters.iter().filter_map(|id| self.tally(id, kind)).filter(|tally| tally.phase.is_some());
        counted.fold(None, |sum: Option<Tally>, one| Some(sum.unwrap_or_default().and(one)))
    }

    /// The kind under the cursor.
    pub fn kind(&self) -> &'static str {
        KINDS.get(self.position).copied().unwrap_or(KINDS[0])
    }
}

/// Objects that somebody should look at.
pub fn faults(tally: &Tally) -> usize {
    tally.of(RowState::Bad) + tally.of(RowState::Warn)
}
