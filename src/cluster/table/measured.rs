//! Uses that come into the rows of a table. Where the order is by them, rows move, or are held where they stand.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::metrics::{Measures, Reading};
use super::super::rows::{Cell, Row};
use super::{Sort, SortBy, Table, order};
use crate::names::ClusterId;

impl Table {
    /// Puts uses that were read into the cells of their rows. True when numbers changed.
    pub fn measure(&mut self, source: &ClusterId, reading: Reading) -> bool {
        if !self.measures.take(source, reading) {
            return false;
        }
        self.fill(source);
        true
    }

    /// Puts into the rows of a cluster's nodes how many pods there are on each.
    pub fn count_pods(&mut self, source: &ClusterId, pods: HashMap<Arc<str>, u32>) {
        self.measures.count(source, pods);
        self.fill(source);
    }

    fn fill(&mut self, source: &ClusterId) {
        let (at, sort) = (self.source(source), self.sort);
        let goes_by_it = |sort: Sort, row: &Row| matches!(sort.by, SortBy::Column(index) if matches!(row.cells.get(index), Some(Cell::Gauge(_))));
        let (mut moves, wanted, mut in_the_making) = (false, self.sort(), false);
        for entry in self.rows.iter_mut().filter(|entry| entry.source == at) {
            let Some(row) = &mut entry.row else { continue };
            in_the_making |= goes_by_it(wanted, row);
            let key = if goes_by_it(sort, row) { order::key(sort, row) } else { None };
            self.measures.fill(source, row.namespace.as_deref(), &row.name, &mut row.cells);
            // It stays where it stands until all of them are put where they belong.
            if let Some(key) = key.filter(|key| order::key(sort, row).as_ref() != Some(key)) {
                moves = true;
                if entry.held.is_none() {
                    entry.held = Some(Box::new(key));
                    self.held += 1;
                }
            }
        }
        if moves && !self.hold && self.sorting.is_none() {
            self.arrange();
        } else {
            self.sort_again(|_| in_the_making);
        }
    }

    /// The uses that were read.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }
}
