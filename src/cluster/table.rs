//! A table over the rows of several clusters: order, match set, counts. Pure: no clock, no task, no drawing. What a delta costs depends on what it
//! changes, not on how many rows there are; what has to look at all rows is done in slices, and shown when it is done.

mod changing;
mod filtering;
mod measured;
mod order;
mod sorting;
mod sweeping;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::filtering::Filtering;
use self::order::{NOTHING, Ranking};
use self::sorting::Sorting;
use super::filter::Filter;
use super::metrics::Measures;
use super::rows::{Cell, Column, Delta, Gap, Phase, Row, Uid};
use crate::names::ClusterId;

/// Rows of one view, of any number of clusters.
#[derive(Debug, Default)]
pub struct Table {
    columns: Arc<[Column]>,
    rows: Vec<Entry>,
    index: HashMap<Key, u32>,
    /// Slots of `rows` that hold nothing.
    free: Vec<u32>,
    /// All rows, in order.
    sorted: Vec<u32>,
    /// Those that pass the filter, in order.
    order: Vec<u32>,
    /// Whether the row of a slot passes.
    matched: Vec<bool>,
    /// Those that pass, by state.
    counts: [usize; 6],
    /// All rows, by namespace.
    spaces: HashMap<Arc<str>, usize>,
    /// Every cluster that was ever heard of here.
    sources: Vec<Source>,
    phases: Vec<(ClusterId, Phase)>,
    gaps: Vec<(ClusterId, Arc<[Gap]>)>,
    filter: Filter,
    sort: Sort,
    hold: bool,
    /// Rows that stand where they stood, and not where they would be put now.
    held: usize,
    measures: Measures,
    /// The filter that comes next.
    filtering: Option<Box<Filtering>>,
    /// The order that comes next.
    sorting: Option<Box<Sorting>>,
    /// Rows that were not in the newest list of their cluster and have yet to go.
    going: Vec<Key>,
    slice: Slice,
}

/// Rows that are filtered, sorted or merged in one go, so that no key waits longer than a few milliseconds.
#[derive(Clone, Copy, Debug)]
struct Slice(usize);

impl Default for Slice {
    fn default() -> Self {
        Self(8_192)
    }
}

#[derive(Debug)]
struct Entry {
    row: Option<Row>,
    listed: Listed,
    source: u16,
    /// The key that the row is ordered by while it is held; none: its own.
    held: Option<Box<Cell>>,
}

/// Which list of its cluster a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    /// The newest one.
    Now,
    /// An earlier one; the new one has not come to it yet.
    Before,
    /// An earlier one, and it is not in the new one.
    Never,
}

#[derive(Debug)]
struct Source {
    id: ClusterId,
    /// It is being read anew: what is not seen again is gone.
    outdated: bool,
}

/// A uid in two halves, because a whole one would be padded to half as much again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    high: u64,
    low: u64,
    source: u16,
}

impl Key {
    fn new(source: u16, uid: Uid) -> Self {
        // The halves of 128 bits.
        Self { high: (uid.0 >> 64) as u64, low: uid.0 as u64, source }
    }

    fn uid(self) -> Uid {
        Uid(u128::from(self.high) << 64 | u128::from(self.low))
    }
}

impl Entry {
    fn held(&self) -> &Cell {
        self.held.as_deref().unwrap_or(NOTHING)
    }
}

/// What rows are ordered by; the same for every row that compares equal: namespace, then name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The key.
    pub by: SortBy,
    /// Largest first.
    pub descending: bool,
}

/// The key of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SortBy {
    /// Name within namespace.
    #[default]
    Name,
    /// Namespace, then name.
    Namespace,
    /// Cluster, then namespace and name.
    Cluster,
    /// How the object does.
    Fault,
    /// Creation; ascending is youngest first.
    Age,
    /// One of the table's own columns.
    Column(usize),
}

/// What came of a slice of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worked {
    /// Nothing that is seen.
    Nothing,
    /// The filter or the order that was asked for is shown.
    Arranged,
    /// Rows went.
    Swept,
}

/// What becomes of a row that came: decided while the table still is as it was.
struct Fate {
    matched: bool,
    /// It leaves its place, if it has one.
    moves: bool,
    /// The key it is held by from now on.
    held: Option<Box<Cell>>,
}

impl Table {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what one cluster's subscription yielded. True when rows or columns changed.
    pub fn apply(&mut self, source: &ClusterId, mut delta: Delta) -> bool {
        let rows_changed = delta.reset || !delta.upserts.is_empty() || !delta.removed.is_empty();
        let at = self.source(source);
        if delta.reset {
            self.drop_rows(|entry| entry.source == at);
        }
        if let Some(columns) = delta.columns.filter(|columns| *columns != self.columns) {
            self.columns = columns;
            self.filter_again();
        }
        delta.upserts.iter_mut().for_each(|row| self.measures.fill(source, row.namespace.as_deref(), &row.name, &mut row.cells));
        self.take_in(at, delta.upserts, &delta.removed);
        if let Some(gaps) = delta.gaps {
            self.gaps.retain(|(id, _)| id != source);
            self.gaps.extend((!gaps.is_empty()).then(|| (source.clone(), gaps)));
        }
        if let Some(phase) = delta.phase {
            let complete = phase == Phase::Synced;
            self.set_phase(source, phase);
            return complete && self.swept(at) || rows_changed;
        }
        rows_changed
    }

    /// Forgets a cluster: it was closed.
    pub fn drop_source(&mut self, source: &ClusterId) {
        let at = self.source(source);
        self.measures.forget(source);
        self.phases.retain(|(id, _)| id != source);
        self.gaps.retain(|(id, _)| id != source);
        self.drop_rows(|entry| entry.source == at);
    }

    /// Column definitions of the view.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Every cluster of this table with how far its watch is.
    pub fn phases(&self) -> &[(ClusterId, Phase)] {
        &self.phases
    }

    /// Every cluster that does not show all of the view, with the parts that are not in the table as they are.
    pub fn gaps(&self) -> &[(ClusterId, Arc<[Gap]>)] {
        &self.gaps
    }

    /// Rows there are, matched or not.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// No rows at all.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Rows that pass the filter.
    pub fn visible(&self) -> usize {
        self.order.len()
    }

    /// The row at a position of the current order.
    pub fn row(&self, position: usize) -> Option<&Row> {
        self.rows.get(*self.order.get(position)? as usize)?.row.as_ref()
    }

    /// Every row, matched or not, in no order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter_map(|entry| entry.row.as_ref())
    }

    /// The row of an object, matched or not.
    pub fn find(&self, cluster: &ClusterId, uid: Uid) -> Option<&Row> {
        self.rows.get(self.slot(cluster, uid)? as usize)?.row.as_ref()
    }

    /// Where an object stands in the current order.
    pub fn position(&self, cluster: &ClusterId, uid: Uid) -> Option<usize> {
        self.ranking().find(&self.order, self.slot(cluster, uid)?)
    }

    fn slot(&self, cluster: &ClusterId, uid: Uid) -> Option<u32> {
        let source = self.sources.iter().position(|source| source.id == *cluster)?;
        self.index.get(&Key::new(u16::try_from(source).ok()?, uid)).copied()
    }

    /// Visible rows by state, indexed by `RowState as usize`.
    pub fn counts(&self) -> [usize; 6] {
        self.counts
    }

    /// Namespaces of the visible and hidden rows with their number of objects, the fullest first.
    pub fn namespaces(&self) -> Vec<(Arc<str>, usize)> {
        let mut list: Vec<_> = self.spaces.iter().map(|(space, count)| (space.clone(), *count)).collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    }

    /// Something is not done yet that [`Self::work`] goes on with.
    pub fn is_busy(&self) -> bool {
        self.filtering.is_some() || self.sorting.is_some() || !self.going.is_empty()
    }

    /// Goes on with what takes long, for a few milliseconds. A filter or an order is shown when it is complete; until then all is as it was before.
    pub fn work(&mut self) -> Worked {
        let done = |done: bool| if done { Worked::Arranged } else { Worked::Nothing };
        if self.filtering.is_some() {
            done(self.filter_on())
        } else if self.sorting.is_some() {
            done(self.sort_on())
        } else if self.sweep_on() {
            Worked::Swept
        } else {
            Worked::Nothing
        }
    }

    /// Does all that was asked for, however long it takes.
    pub fn finish(&mut self) {
        while self.is_busy() {
            self.work();
        }
    }

    /// Those that pass are shown, in order.
    fn show(&mut self) {
        self.order.clear();
        self.order.extend(self.sorted.iter().filter(|slot| self.matched.get(**slot as usize) == Some(&true)));
    }

    fn ranking(&self) -> Ranking<'_> {
        Ranking { rows: &self.rows, sort: self.sort, held: true }
    }

    /// The number of a cluster. More than 65,536 of them share the last one's.
    fn source(&mut self, id: &ClusterId) -> u16 {
        let known = self.sources.iter().position(|source| source.id == *id);
        let at = known.unwrap_or_else(|| {
            self.sources.push(Source { id: id.clone(), outdated: false });
            self.sources.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    fn set_phase(&mut self, source: &ClusterId, phase: Phase) {
        match self.phases.iter_mut().find(|(id, _)| id == source) {
            Some((_, place)) => *place = phase,
            None => self.phases.push((source.clone(), phase)),
        }
    }
}

#[cfg(test)]
mod tests;
