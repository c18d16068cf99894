//! Rows as they come, change and go: each in its slot, and what is counted of them kept right. What is shown in which order follows from that.

use std::cmp::Ordering;
use std::sync::Arc;

use super::filtering::count;
use super::order::{self, NOTHING};
use super::text::passes;
use super::{Entry, Fate, Key, Listed, Table};
use crate::cluster::rows::{Cell, Row, RowState, Uid};

impl Table {
    /// Rows that came, changed and went: first everything that leaves its place leaves it, then the rows change, then everything finds its place.
    pub(super) fn take_in(&mut self, source: u16, upserts: Vec<Row>, removed: &[Uid]) {
        let mut text = String::new();
        let mut leaving: Vec<u32> = removed.iter().filter_map(|uid| self.index.get(&Key::new(source, *uid)).copied()).collect();
        self.unsettle(source, &upserts, leaving.clone());
        let fates: Vec<Fate> = upserts.iter().map(|row| self.fate(source, row, &mut leaving, &mut text)).collect();
        self.take_out(&leaving);
        for uid in removed {
            self.remove(&Key::new(source, *uid));
        }
        let mut coming: Vec<u32> = upserts.into_iter().zip(fates).filter_map(|(row, fate)| self.put(source, row, fate)).collect();
        if !coming.is_empty() {
            self.put_in(&mut coming);
        }
        self.settle();
    }

    pub(super) fn fate(&self, source: u16, row: &Row, leaving: &mut Vec<u32>, text: &mut String) -> Fate {
        let matched = passes(&self.filter, row, &self.columns, text);
        let known = self.index.get(&Key::new(source, row.uid)).and_then(|slot| Some((*slot, self.rows.get(*slot as usize)?)));
        let Some((slot, entry)) = known else { return Fate { matched, moves: true, held: None } };
        let Some(before) = &entry.row else { return Fate { matched, moves: true, held: None } };
        let key = || order::key(self.sort, before).filter(|_| self.hold).map(Box::new);
        let held = entry.held.clone();
        let stays = |held: &Cell| order::compare(self.sort, (before, entry.held()), (row, held)) == Ordering::Equal;
        // Its own key again: it need not be held.
        let held = if stays(NOTHING) { None } else { held.filter(|_| self.hold).or_else(key) };
        let moves = self.passes(slot) != matched || !stays(held.as_deref().unwrap_or(NOTHING));
        if moves {
            leaving.push(slot);
        }
        Fate { matched, moves, held }
    }

    /// The row of a slot is shown.
    pub(super) fn passes(&self, slot: u32) -> bool {
        self.matched.get(slot as usize) == Some(&true)
    }

    /// Puts a row into its slot; answers that slot when it has to find a place in the order.
    pub(super) fn put(&mut self, source: u16, row: Row, fate: Fate) -> Option<u32> {
        let key = Key::new(source, row.uid);
        let known = self.index.get(&key).copied();
        let slot = known.or_else(|| self.free.pop()).unwrap_or_else(|| u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
        let space = row.namespace.clone();
        self.held += usize::from(fate.held.is_some());
        let state = row.state;
        let entry = Entry { row: Some(row), listed: Listed::Now, source, held: fate.held };
        let before = match self.rows.get_mut(slot as usize) {
            Some(place) => std::mem::replace(place, entry),
            None => {
                self.rows.push(entry);
                self.matched.push(false);
                Entry { row: None, listed: Listed::Now, source, held: None }
            }
        };
        self.held -= usize::from(before.held.is_some());
        self.note(slot, before.row.as_ref().map(|row| row.state), fate.matched.then_some(state));
        self.count_space(before.row.and_then(|row| row.namespace), space);
        if known.is_none() {
            self.index.insert(key, slot);
            if let Some(job) = &mut self.sorting {
                job.came(slot);
            }
        }
        (known.is_none() || fate.moves).then_some(slot)
    }

    pub(super) fn remove(&mut self, key: &Key) {
        let Some(slot) = self.index.remove(key) else { return };
        self.free.push(slot);
        let Some(entry) = self.rows.get_mut(slot as usize) else { return };
        let (row, held) = (entry.row.take(), entry.held.take());
        self.held -= usize::from(held.is_some());
        if let Some(row) = row {
            self.note(slot, Some(row.state), None);
            self.count_space(row.namespace, None);
        }
    }

    /// A slot's row did like this and passes now, doing like that.
    pub(super) fn note(&mut self, slot: u32, before: Option<RowState>, passes: Option<RowState>) {
        let Some(matched) = self.matched.get_mut(slot as usize) else { return };
        count(&mut self.counts, before.filter(|_| *matched), false);
        count(&mut self.counts, passes, true);
        *matched = passes.is_some();
        if let Some(job) = &mut self.filtering {
            let row = self.rows.get(slot as usize).and_then(|entry| entry.row.as_ref());
            job.changed(slot, before, row, &self.columns);
        }
    }

    /// A row left a namespace, came into one, or stays where it was.
    pub(super) fn count_space(&mut self, left: Option<Arc<str>>, came: Option<Arc<str>>) {
        if left == came {
            return;
        }
        if let Some(space) = came {
            *self.spaces.entry(space).or_default() += 1;
        }
        if let Some(space) = left
            && let Some(count) = self.spaces.get_mut(&space)
        {
            *count -= 1;
            if *count == 0 {
                self.spaces.remove(&space);
            }
        }
    }

    pub(super) fn take_out(&mut self, leaving: &[u32]) {
        if leaving.is_empty() {
            return;
        }
        let (mut sorted, mut order) = (std::mem::take(&mut self.sorted), std::mem::take(&mut self.order));
        self.ranking().take_out(&mut sorted, leaving);
        self.ranking().take_out(&mut order, leaving);
        (self.sorted, self.order) = (sorted, order);
    }

    pub(super) fn put_in(&mut self, coming: &mut Vec<u32>) {
        let (mut sorted, mut order) = (std::mem::take(&mut self.sorted), std::mem::take(&mut self.order));
        let ranking = self.ranking();
        coming.sort_unstable_by(|a, b| ranking.compare(*a, *b));
        coming.dedup();
        ranking.put_in(&mut sorted, coming);
        coming.retain(|slot| self.passes(*slot));
        ranking.put_in(&mut order, coming);
        (self.sorted, self.order) = (sorted, order);
    }

    /// Removes every row of which this holds.
    pub(super) fn drop_rows(&mut self, gone: impl Fn(&Entry) -> bool) {
        let rows = &self.rows;
        let stays = |slot: &u32| rows.get(*slot as usize).is_some_and(|entry| !gone(entry));
        self.sorted.retain(stays);
        self.order.retain(stays);
        if let Some(job) = &mut self.sorting {
            job.retain(stays);
        }
        let keys = rows.iter().filter(|entry| gone(entry)).filter_map(|entry| Some(Key::new(entry.source, entry.row.as_ref()?.uid)));
        let keys: Vec<Key> = keys.collect();
        keys.iter().for_each(|key| self.remove(key));
    }
}
