//! What the tree knows: what is asked, the world of each cluster, which lines are folded, and the lines as they stand now. No behaviour but lookups.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::rows::Phase;
use crate::names::{ClusterId, Gvk, Problem};
use crate::relations::graph::At;
use crate::survey::world::{Relation, World};

/// Everything the pane draws and decides from.
#[derive(Debug, Default)]
pub struct State {
    /// What is looked at; none before anybody asked.
    pub ask: Option<Ask>,
    /// Counts askings; what an earlier one found is dropped.
    pub generation: u64,
    /// One a cluster.
    pub groves: Vec<Grove>,
    /// Lines the person folded or unfolded.
    pub folds: HashMap<u64, bool>,
    /// Everything was folded (or unfolded) with one key.
    pub all: Option<bool>,
    /// The filter as typed.
    pub filter: String,
    /// What there is to be seen, in order.
    pub lines: Vec<Line>,
    /// The line the cursor was put on.
    pub cursor: Option<u64>,
    /// Where it stands.
    pub position: usize,
    /// The first line seen.
    pub top: usize,
    /// Lines a page has.
    pub page: usize,
    /// The world has changed since the lines were made: when they are made again.
    pub due: Option<Duration>,
    /// When they were made last.
    pub made: Option<Duration>,
}

/// A kind and namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// A kind by any of its names.
    pub kind: String,
    /// These namespaces; none: all.
    pub namespaces: Vec<String>,
}

/// What is known of one cluster.
#[derive(Debug)]
pub struct Grove {
    /// Which.
    pub cluster: ClusterId,
    /// The kind of the roots, once the cluster has said what it serves.
    pub root: Option<Arc<Gvk>>,
    /// Its objects.
    pub world: World,
    /// Why nothing is known.
    pub problem: Option<Problem>,
}

/// One line of the tree.
#[derive(Clone, Debug)]
pub struct Line {
    /// The same for the same thing in the same place, whatever comes before it.
    pub key: u64,
    /// Which grove it is of.
    pub grove: usize,
    /// How deep it stands.
    pub depth: usize,
    /// For each level above, whether more follows there: a bit a level.
    pub rails: u64,
    /// Nothing follows on its own level.
    pub last: bool,
    /// What it shows.
    pub what: What,
    /// It has something below it, and whether that is shown.
    pub open: Option<bool>,
}

/// What a line shows.
#[derive(Clone, Debug)]
pub enum What {
    /// A cluster, where there are several.
    Cluster,
    /// An object below another.
    Object(At),
    /// A container, by its place.
    Inside(At, usize),
    /// Something an object needs, and where it is.
    Need(Box<Relation>, Option<At>),
}

/// How far the roots of a grove are.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// They are not all known yet.
    Reading,
    /// These are all there are.
    Known,
    /// Nothing new is heard of them.
    Failed(&'a Problem),
}

impl Grove {
    /// How far its roots are.
    pub fn standing(&self) -> Standing<'_> {
        let phase = self.root.as_ref().and_then(|root| self.world.phases().iter().find(|(kind, _)| kind == root));
        match (&self.problem, phase.map(|(_, phase)| phase)) {
            (Some(problem), _) | (None, Some(Phase::Stale { problem, .. })) => Standing::Failed(problem),
            (None, Some(Phase::Synced)) => Standing::Known,
            (None, _) => Standing::Reading,
        }
    }
}

impl State {
    /// The line under the cursor.
    pub fn line(&self) -> Option<&Line> {
        self.lines.get(self.position)
    }

    /// Roots there are.
    pub fn roots(&self) -> usize {
        self.groves.iter().filter_map(|grove| Some(grove.world.of_kind(grove.root.as_ref()?).len())).sum()
    }
}
