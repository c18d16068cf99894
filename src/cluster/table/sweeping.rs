//! A cluster that is listed anew: its rows stay until the new list is complete, and then those go that were not in it, a slice at a time where they are
//! many.

use super::super::rows::Uid;
use super::{Key, Listed, Table};
use crate::names::ClusterId;

/// A row that goes costs as much as so many that are looked at.
const DEAR: usize = 8;

impl Table {
    /// A cluster is read anew from its beginning: its rows stay until the new list is complete, and those that were not in it go then.
    pub fn outdate(&mut self, source: &ClusterId) {
        let at = self.source(source);
        if let Some(source) = self.sources.get_mut(usize::from(at)) {
            source.outdated = true;
        }
        // What is about to go is not waited for again.
        let current = self.rows.iter_mut().filter(|entry| entry.source == at && entry.listed == Listed::Now);
        current.for_each(|entry| entry.listed = Listed::Before);
    }

    /// The new list of a cluster is complete: what was not in it is gone, or goes when [`Self::work`] comes to it. True where something was.
    pub(super) fn swept(&mut self, at: u16) -> bool {
        let Some(source) = self.sources.get_mut(usize::from(at)).filter(|source| source.outdated) else { return false };
        source.outdated = false;
        for entry in self.rows.iter_mut().filter(|entry| entry.source == at && entry.listed == Listed::Before) {
            entry.listed = Listed::Never;
            self.going.extend(entry.row.as_ref().map(|row| Key::new(at, row.uid)));
        }
        self.sweep_on()
    }

    /// Some of the rows go that are to go. True when there were any.
    pub(super) fn sweep_on(&mut self) -> bool {
        let rest = self.going.len().saturating_sub((self.slice.0 / DEAR).max(1));
        let mut keys = self.going.split_off(rest);
        if self.going.is_empty() {
            self.going = Vec::new();
        }
        // What has come again meanwhile stays.
        keys.retain(|key| self.index.get(key).and_then(|slot| self.rows.get(*slot as usize)).is_some_and(|entry| entry.listed == Listed::Never));
        for of_one in keys.chunk_by(|a, b| a.source == b.source) {
            let uids: Vec<Uid> = of_one.iter().map(|key| key.uid()).collect();
            of_one.iter().take(1).for_each(|key| self.take_in(key.source, Vec::new(), &uids));
        }
        !keys.is_empty()
    }
}
