//! A filter that is put on in slices: which rows pass is decided slot after slot, while those that passed the one before are still shown. Rows that come,
//! change and go meanwhile are decided anew where they have been looked at already.

use super::super::filter::Filter;
use super::super::rows::{Column, Row, RowState};
use super::Table;
use super::text::passes;

/// What passes a filter, as far as it is known.
#[derive(Debug)]
pub(super) struct Filtering {
    filter: Filter,
    /// Nothing passes it that does not pass the filter in use.
    narrows: bool,
    /// Whether the row of a slot passes: of the slots looked at so far, from the first one.
    passed: Vec<bool>,
    /// Those that pass, by state.
    counts: [usize; 6],
}

impl Filtering {
    fn new(filter: Filter, now: &Filter) -> Self {
        let narrows = filter.narrows(now);
        Self { filter, narrows, passed: Vec::new(), counts: [0; 6] }
    }

    /// Looks at so many more rows. What cannot pass costs nothing. True when every slot was looked at.
    fn look(&mut self, table: &Table, most: usize) -> bool {
        let (mut text, mut looked) = (String::new(), 0);
        self.passed.reserve_exact(table.rows.len().saturating_sub(self.passed.len()));
        while looked < most
            && let Some(entry) = table.rows.get(self.passed.len())
        {
            let possible = !self.narrows || table.matched.get(self.passed.len()) == Some(&true);
            looked += usize::from(possible);
            let row = entry.row.as_ref().filter(|row| possible && passes(&self.filter, row, &table.columns, &mut text));
            self.passed.push(row.is_some());
            count(&mut self.counts, row.map(|row| row.state), true);
        }
        self.passed.len() >= table.rows.len()
    }

    /// The row of a slot is another one than before, or gone.
    pub(super) fn changed(&mut self, slot: u32, before: Option<RowState>, row: Option<&Row>, columns: &[Column]) {
        let Some(passed) = self.passed.get_mut(slot as usize) else { return };
        count(&mut self.counts, before.filter(|_| *passed), false);
        let row = row.filter(|row| passes(&self.filter, row, columns, &mut String::new()));
        *passed = row.is_some();
        count(&mut self.counts, row.map(|row| row.state), true);
    }
}

/// One more or less of those that do like this.
pub(super) fn count(counts: &mut [usize; 6], state: Option<RowState>, more: bool) {
    if let Some(count) = state.and_then(|state| counts.get_mut(state as usize)) {
        *count = if more { *count + 1 } else { *count - 1 };
    }
}

impl Table {
    /// The filter that was asked for last.
    pub fn filter(&self) -> &Filter {
        self.filtering.as_ref().map_or(&self.filter, |job| &job.filter)
    }

    /// Shows only what passes: at once where there are few rows, else when [`Self::work`] is done with it. One that narrows the filter before looks only
    /// at what that one let through. True when it is what is shown.
    pub fn set_filter(&mut self, filter: Filter) -> bool {
        if filter != *self.filter() {
            self.filtering = (filter != self.filter).then(|| Box::new(Filtering::new(filter, &self.filter)));
            self.filter_on();
        }
        self.filtering.is_none()
    }

    /// Looks at some more rows. True when that was all, and what passes is shown.
    pub(super) fn filter_on(&mut self) -> bool {
        let Some(mut job) = self.filtering.take() else { return false };
        if !job.look(self, self.slice.0) {
            self.filtering = Some(job);
            return false;
        }
        (self.filter, self.matched, self.counts) = (job.filter, job.passed, job.counts);
        self.show();
        true
    }

    /// Filters mean columns by their names: where those change, everything is looked at again.
    pub(super) fn filter_again(&mut self) {
        if let Some(job) = self.filtering.take() {
            self.filtering = Some(Box::new(Filtering { narrows: false, ..Filtering::new(job.filter, &self.filter) }));
        }
    }
}
