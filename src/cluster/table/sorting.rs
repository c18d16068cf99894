//! An order that is made in slices: runs of neighbouring slots are sorted one after the other and then merged, while the order before is still shown. Rows
//! that come, change and go meanwhile leave their run before they do, and find their place in what is made so far.

use std::cmp::Ordering;

use super::super::rows::Row;
use super::order::{self, NOTHING, Ranking};
use super::{Entry, Sort, Table};

/// Rows on their way into an order. Every slot that was taken is in exactly one of the lists, each of which is in order; nothing in a run or among the late
/// ones comes before anything that is merged.
#[derive(Debug)]
pub(super) struct Sorting {
    sort: Sort,
    /// Slots of a run.
    length: usize,
    /// Slots below this one have been taken.
    taken: usize,
    /// What is left of the runs: the first of the first slots, and so on.
    runs: Vec<Vec<u32>>,
    /// What found its place after its run was sorted.
    late: Vec<u32>,
    merged: Vec<u32>,
    /// Slots whose rows came or changed and have no place yet.
    homeless: Vec<u32>,
}

impl Sorting {
    fn new(sort: Sort, length: usize) -> Self {
        Self { sort, length, taken: 0, runs: Vec::new(), late: Vec::new(), merged: Vec::new(), homeless: Vec::new() }
    }

    fn ranking<'a>(&self, rows: &'a [Entry]) -> Ranking<'a> {
        Ranking { rows, sort: self.sort, held: false }
    }

    /// Sorts one more run, or merges as many rows. True when everything is in order.
    fn step(&mut self, rows: &[Entry]) -> bool {
        if self.taken >= rows.len() {
            return self.merge(rows);
        }
        let run = self.taken..rows.len().min(self.taken + self.length);
        let filled = run.filter(|slot| rows.get(*slot).is_some_and(|entry| entry.row.is_some()));
        let mut run: Vec<u32> = filled.filter_map(|slot| u32::try_from(slot).ok()).collect();
        self.ranking(rows).sort(&mut run);
        self.runs.push(run);
        self.taken += self.length;
        if self.taken >= rows.len() {
            // What comes behind them from now on is late.
            self.taken = usize::MAX;
        }
        self.taken == usize::MAX && self.runs.len() == 1 && self.merge(rows)
    }

    /// The smallest of all heads goes over, as often as a slice is long.
    fn merge(&mut self, rows: &[Entry]) -> bool {
        let ranking = self.ranking(rows);
        let before = |a: &[u32], b: &[u32]| match (a.first(), b.first()) {
            (Some(a), Some(b)) => ranking.compare(*a, *b) == Ordering::Less,
            _ => false,
        };
        let lists = self.runs.iter().chain([&self.late]).map(Vec::as_slice).enumerate();
        // The one that begins with the smallest at the end.
        let mut heads: Vec<(usize, &[u32])> = Vec::new();
        for (at, list) in lists.filter(|(_, list)| !list.is_empty()) {
            heads.insert(heads.partition_point(|(_, other)| before(list, other)), (at, list));
        }
        for _ in 0..self.length {
            let Some((at, list)) = heads.pop() else { break };
            if heads.is_empty() {
                self.merged.extend_from_slice(list);
                break;
            }
            let Some((head, rest)) = list.split_first() else { continue };
            self.merged.push(*head);
            if !rest.is_empty() {
                heads.insert(heads.partition_point(|(_, other)| before(rest, other)), (at, rest));
            }
        }
        let mut left = vec![0; self.runs.len() + 1];
        for (at, list) in heads {
            if let Some(left) = left.get_mut(at) {
                *left = list.len();
            }
        }
        for (list, left) in self.runs.iter_mut().chain([&mut self.late]).zip(&left) {
            list.drain(..list.len() - left);
        }
        left.iter().all(|left| *left == 0)
    }

    /// Slots leave the lists before their rows change or go.
    fn take_out(&mut self, rows: &[Entry], mut slots: Vec<u32>) {
        slots.retain(|slot| (*slot as usize) < self.taken);
        slots.sort_unstable();
        let (ranking, length) = (self.ranking(rows), self.length);
        let run = |slot: &u32| *slot as usize / length;
        for part in slots.chunk_by(|a, b| run(a) == run(b)) {
            if let Some(list) = part.first().and_then(|slot| self.runs.get_mut(run(slot))) {
                ranking.take_out(list, part);
            }
        }
        ranking.take_out(&mut self.late, &slots);
        ranking.take_out(&mut self.merged, &slots);
    }

    /// Those that came and changed find their places.
    fn house(&mut self, rows: &[Entry]) {
        let mut slots = std::mem::take(&mut self.homeless);
        slots.retain(|slot| (*slot as usize) < self.taken && rows.get(*slot as usize).is_some_and(|entry| entry.row.is_some()));
        let ranking = self.ranking(rows);
        slots.sort_unstable_by(|a, b| ranking.compare(*a, *b));
        slots.dedup();
        let last = self.merged.last();
        let (passed, ahead) = slots.split_at(slots.partition_point(|slot| last.is_some_and(|last| ranking.compare(*slot, *last) == Ordering::Less)));
        ranking.put_in(&mut self.merged, passed);
        ranking.put_in(&mut self.late, ahead);
    }

    /// A row came into a slot that was free.
    pub(super) fn came(&mut self, slot: u32) {
        self.homeless.push(slot);
    }

    /// Slots that this does not hold of are about to be emptied.
    pub(super) fn retain(&mut self, stays: impl Fn(&u32) -> bool) {
        self.runs.iter_mut().chain([&mut self.late, &mut self.merged]).for_each(|list| list.retain(&stays));
    }
}

impl Table {
    /// The order that was asked for last.
    pub fn sort(&self) -> Sort {
        self.sorting.as_ref().map_or(self.sort, |job| job.sort)
    }

    /// Changes the order: at once where there are few rows, else when [`Self::work`] is done with it.
    pub fn set_sort(&mut self, sort: Sort) {
        if self.sorting.as_ref().is_none_or(|job| job.sort != sort) {
            self.begin(sort);
        }
    }

    /// From now on rows stay where they are while what they are ordered by changes, or no longer do so from the next time they are arranged.
    pub fn hold(&mut self, hold: bool) {
        self.hold = hold;
    }

    /// Rows stand where they would not be put now, and nobody is about to put them elsewhere.
    pub fn is_held(&self) -> bool {
        self.held > 0 && self.sorting.is_none()
    }

    /// Puts every row where it belongs now, as [`Self::set_sort`] does.
    pub fn arrange(&mut self) {
        self.begin(self.sort());
    }

    fn begin(&mut self, sort: Sort) {
        self.sorting = (sort != self.sort || self.held > 0).then(|| Box::new(Sorting::new(sort, self.slice.0)));
        self.sort_on();
    }

    /// Sorts some more rows. True when those were all, and the order is shown.
    pub(super) fn sort_on(&mut self) -> bool {
        let Some(mut job) = self.sorting.take() else { return false };
        if !job.step(&self.rows) {
            self.sorting = Some(job);
            return false;
        }
        (self.sort, self.sorted) = (job.sort, job.merged);
        if self.held > 0 {
            self.rows.iter_mut().for_each(|entry| entry.held = None);
            self.held = 0;
        }
        self.show();
        true
    }

    /// Keys of rows changed where they stand: an order in the making that goes by them begins again.
    pub(super) fn sort_again(&mut self, goes_by_them: impl Fn(Sort) -> bool) {
        if let Some(job) = self.sorting.take() {
            let anew = goes_by_them(job.sort);
            self.sorting = Some(if anew { Box::new(Sorting::new(job.sort, self.slice.0)) } else { job });
        }
    }

    /// Rows are about to change and to go: in an order in the making they leave their places.
    pub(super) fn unsettle(&mut self, source: u16, upserts: &[Row], mut going: Vec<u32>) {
        let Some(mut job) = self.sorting.take() else { return };
        let moved = upserts.iter().filter_map(|row| {
            let slot = *self.index.get(&super::Key::new(source, row.uid))?;
            let before = self.rows.get(slot as usize)?.row.as_ref()?;
            order::compare(job.sort, (before, NOTHING), (row, NOTHING)).is_ne().then_some(slot)
        });
        job.homeless.extend(moved);
        going.extend(&job.homeless);
        job.take_out(&self.rows, going);
        self.sorting = Some(job);
    }

    /// Rows have changed and come: in an order in the making they find their places.
    pub(super) fn settle(&mut self) {
        if let Some(job) = &mut self.sorting {
            job.house(&self.rows);
        }
    }
}
