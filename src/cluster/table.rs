//! A table over the rows of several clusters: order, match set, counts. Pure: no clock, no task, no drawing.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::filter::Filter;
use super::metrics::{Measures, Reading};
use super::rows::{Cell, Column, Delta, Phase, Row, RowState, Uid};
use crate::names::ClusterId;

/// Rows of one view, of any number of clusters.
#[derive(Debug, Default)]
pub struct Table {
    columns: Arc<[Column]>,
    rows: Vec<Entry>,
    index: HashMap<(ClusterId, Uid), u32>,
    free: Vec<u32>,
    /// Emptied since the last [`Table::settle`]; still in `sorted`, so not to be filled again before it.
    emptied: Vec<u32>,
    /// All rows, in order.
    sorted: Vec<u32>,
    /// Those that pass the filter, in order.
    order: Vec<u32>,
    phases: Vec<(ClusterId, Phase)>,
    filter: Filter,
    sort: Sort,
    measures: Measures,
}

#[derive(Debug)]
struct Entry {
    row: Option<Row>,
    matched: bool,
}

/// What rows are ordered by; the same for every row that compares equal: namespace, then name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    /// The key.
    pub by: SortBy,
    /// Largest first.
    pub descending: bool,
}

/// The key of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

impl Table {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what one cluster's subscription yielded. True when rows or columns changed.
    pub fn apply(&mut self, source: &ClusterId, delta: Delta) -> bool {
        let rows_changed = delta.reset || !delta.upserts.is_empty() || !delta.removed.is_empty();
        if delta.reset {
            self.forget(source);
        }
        if let Some(columns) = delta.columns {
            self.columns = columns;
        }
        for uid in delta.removed {
            self.remove(&(source.clone(), uid));
        }
        for row in delta.upserts {
            self.insert(source, row);
        }
        if let Some(phase) = delta.phase {
            self.set_phase(source, phase);
        }
        if rows_changed {
            self.settle();
        }
        rows_changed
    }

    /// Puts uses that were read into the cells of their rows. True when numbers changed.
    pub fn measure(&mut self, source: &ClusterId, reading: Reading) -> bool {
        let changed = self.measures.take(source, reading);
        if changed {
            for row in self.rows.iter_mut().filter_map(|entry| entry.row.as_mut()).filter(|row| row.cluster == *source) {
                self.measures.fill(source, row.namespace.as_deref(), &row.name, &mut row.cells);
            }
            if matches!(self.sort.by, SortBy::Column(_)) {
                self.settle();
            }
        }
        changed
    }

    /// The uses that were read.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    /// Forgets a cluster: it was closed.
    pub fn drop_source(&mut self, source: &ClusterId) {
        self.measures.forget(source);
        self.forget(source);
        self.phases.retain(|(id, _)| id != source);
        self.settle();
    }

    /// Column definitions of the view.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Every cluster of this table with how far its watch is.
    pub fn phases(&self) -> &[(ClusterId, Phase)] {
        &self.phases
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

    /// Where an object stands in the current order.
    pub fn position(&self, cluster: &ClusterId, uid: Uid) -> Option<usize> {
        let slot = self.index.get(&(cluster.clone(), uid))?;
        self.order.iter().position(|at| at == slot)
    }

    /// Visible rows by state, indexed by `RowState as usize`.
    pub fn counts(&self) -> [usize; 6] {
        let mut counts = [0; 6];
        for row in (0..self.visible()).filter_map(|position| self.row(position)) {
            counts[row.state as usize] += 1;
        }
        counts
    }

    /// Namespaces of the visible and hidden rows with their number of objects, the fullest first.
    pub fn namespaces(&self) -> Vec<(Arc<str>, usize)> {
        let mut counts: HashMap<Arc<str>, usize> = HashMap::new();
        for namespace in self.rows.iter().filter_map(|entry| entry.row.as_ref()?.namespace.clone()) {
            *counts.entry(namespace).or_default() += 1;
        }
        let mut list: Vec<_> = counts.into_iter().collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    }

    /// The filter in use.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Shows only what passes.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        let (columns, filter) = (&self.columns, &self.filter);
        let mut text = String::new();
        for entry in &mut self.rows {
            entry.matched = entry.row.as_ref().is_some_and(|row| matches(filter, row, columns, &mut text));
        }
        self.select();
    }

    /// The order in use.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// Changes the order.
    pub fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.settle();
    }

    fn insert(&mut self, source: &ClusterId, mut row: Row) {
        self.measures.fill(source, row.namespace.as_deref(), &row.name, &mut row.cells);
        let matched = matches(&self.filter, &row, &self.columns, &mut String::new());
        let key = (source.clone(), row.uid);
        let entry = Entry { row: Some(row), matched };
        match self.index.get(&key) {
            Some(slot) => self.put(*slot, entry),
            None => {
                let slot = self.free.pop().unwrap_or_else(|| u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
                self.index.insert(key, slot);
                self.sorted.push(slot);
                self.put(slot, entry);
            }
        }
    }

    fn put(&mut self, slot: u32, entry: Entry) {
        match self.rows.get_mut(slot as usize) {
            Some(place) => *place = entry,
            None => self.rows.push(entry),
        }
    }

    fn remove(&mut self, key: &(ClusterId, Uid)) {
        if let Some(slot) = self.index.remove(key) {
            self.put(slot, Entry { row: None, matched: false });
            self.emptied.push(slot);
        }
    }

    fn forget(&mut self, source: &ClusterId) {
        let gone: Vec<_> = self.index.keys().filter(|(id, _)| id == source).cloned().collect();
        for key in gone {
            self.remove(&key);
        }
    }

    fn set_phase(&mut self, source: &ClusterId, phase: Phase) {
        match self.phases.iter_mut().find(|(id, _)| id == source) {
            Some((_, place)) => *place = phase,
            None => self.phases.push((source.clone(), phase)),
        }
    }

    /// Puts all rows in order. They nearly are: the stable sort sees runs and costs little more than one look at each row.
    fn settle(&mut self) {
        let (rows, sort) = (&self.rows, self.sort);
        let row = |slot: &u32| rows.get(*slot as usize).and_then(|entry| entry.row.as_ref());
        if !self.emptied.is_empty() {
            self.sorted.retain(|slot| row(slot).is_some());
            self.free.append(&mut self.emptied);
        }
        self.sorted.sort_by(|a, b| match (row(a), row(b)) {
            (Some(a), Some(b)) => compare(sort, a, b),
            _ => Ordering::Equal,
        });
        self.select();
    }

    /// Takes over what passes the filter.
    fn select(&mut self) {
        let rows = &self.rows;
        self.order.clear();
        self.order.extend(self.sorted.iter().filter(|slot| rows.get(**slot as usize).is_some_and(|entry| entry.matched)));
    }
}

fn compare(sort: Sort, a: &Row, b: &Row) -> Ordering {
    let first = match sort.by {
        SortBy::Name => a.name.cmp(&b.name),
        SortBy::Namespace => a.namespace.cmp(&b.namespace),
        SortBy::Cluster => a.cluster.cmp(&b.cluster),
        SortBy::Fault => a.state.cmp(&b.state),
        SortBy::Age => b.created.cmp(&a.created),
        SortBy::Column(index) => match (a.cells.get(index), b.cells.get(index)) {
            (Some(a), Some(b)) => a.order(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        },
    };
    let first = if sort.descending { first.reverse() } else { first };
    first.then_with(|| (&a.namespace, &a.name, &a.cluster, a.uid).cmp(&(&b.namespace, &b.name, &b.cluster, b.uid)))
}

fn matches(filter: &Filter, row: &Row, columns: &[Column], text: &mut String) -> bool {
    if filter.is_empty() {
        return true;
    }
    text.clear();
    haystack(row, text);
    filter.matches(row, columns, text)
}

/// Everything of a row one may look for, in lower case. Ages and uses are left out: they change while one types.
fn haystack(row: &Row, text: &mut String) {
    let mut push = |part: &str| {
        let from = text.len();
        text.push_str(part);
        // Nearly everything in a cluster is ASCII, and this is done for every row at every letter of a filter.
        match text.get_mut(from..) {
            Some(part) if part.is_ascii() => part.make_ascii_lowercase(),
            _ => {
                text.truncate(from);
                text.extend(part.chars().flat_map(char::to_lowercase));
            }
        }
        text.push(' ');
    };
    push(row.cluster.as_str());
    push(row.namespace.as_deref().unwrap_or_default());
    push(&row.name);
    for cell in &row.cells {
        match cell {
            Cell::Text(words) => push(words),
            Cell::Empty | Cell::Since(_) | Cell::Gauge(_) => {}
            other => push(&other.show(0)),
        }
    }
    push(match row.state {
        RowState::Bad => "failed",
        RowState::Warn => "warning",
        _ => "",
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::names::Gvk;

    fn row(uid: u128, name: &str, state: RowState) -> Row {
        Row {
            uid: Uid(uid),
            cluster: ClusterId::new("c"),
            gvk: Arc::new(Gvk::new("", "v1", "Pod")),
            namespace: Some("shop".into()),
            name: name.into(),
            created: 0,
            state,
            cells: Box::new([Cell::Number(uid as i64)]),
            labels: Arc::new([]),
            owner: None,
        }
    }

    fn names(table: &Table) -> Vec<String> {
        (0..table.visible()).filter_map(|at| table.row(at)).map(|row| row.name.to_string()).collect()
    }

    fn apply(table: &mut Table, upserts: Vec<Row>, removed: Vec<Uid>) {
        table.apply(&ClusterId::new("c"), Delta { upserts, removed, ..Delta::default() });
    }

    #[test]
    fn faults_come_first_when_asked_and_names_break_ties() {
        let mut table = Table::new();
        apply(&mut table, vec![row(1, "b", RowState::Fine), row(2, "a", RowState::Fine), row(3, "z", RowState::Bad)], vec![]);
        assert_eq!(names(&table), ["a", "b", "z"]);
        table.set_sort(Sort { by: SortBy::Fault, descending: true });
        assert_eq!(names(&table), ["z", "a", "b"]);
        table.set_sort(Sort { by: SortBy::Column(0), descending: true });
        assert_eq!(names(&table), ["z", "a", "b"]);
    }

    #[test]
    fn a_reset_forgets_only_its_own_cluster() {
        let mut table = Table::new();
        apply(&mut table, vec![row(1, "a", RowState::Fine)], vec![]);
        let other = ClusterId::new("d");
        table.apply(&other, Delta { upserts: vec![Row { cluster: other.clone(), ..row(1, "b", RowState::Fine) }], ..Delta::default() });
        table.apply(&other, Delta { reset: true, ..Delta::default() });
        assert_eq!(names(&table), ["a"]);
    }

    #[test]
    fn rows_that_come_as_others_go_are_counted_once() {
        let mut table = Table::new();
        apply(&mut table, vec![row(1, "a", RowState::Fine), row(2, "b", RowState::Fine)], vec![]);
        apply(&mut table, vec![row(3, "c", RowState::Fine), row(4, "a", RowState::Fine)], vec![Uid(1), Uid(2)]);
        apply(&mut table, vec![row(5, "b", RowState::Fine)], vec![Uid(3)]);
        assert_eq!(names(&table), ["a", "b"]);
        assert_eq!((table.len(), table.visible()), (2, 2));
    }

    proptest! {
        #[test]
        fn any_history_ends_as_the_naive_model(steps in prop::collection::vec((0u128..8, "[a-c]{1,2}", any::<bool>()), 0..60)) {
            let (mut table, mut model) = (Table::new(), std::collections::BTreeMap::new());
            table.set_filter(Filter::parse("a").unwrap());
            for (uid, name, keep) in steps {
                if keep {
                    model.insert(uid, name.clone());
                    apply(&mut table, vec![row(uid, &name, RowState::Fine)], vec![]);
                } else {
                    model.remove(&uid);
                    apply(&mut table, vec![], vec![Uid(uid)]);
                }
            }
            // The namespace `shop` and the cluster `c` hold no `a`.
            let mut wanted: Vec<String> = model.into_values().filter(|name| name.contains('a')).collect();
            wanted.sort();
            prop_assert_eq!(names(&table), wanted);
        }
    }

    /// Rows that come one by one stand where a full sort would put them.
    #[test]
    fn a_few_changes_leave_the_same_order_as_a_sort() {
        let cluster = ClusterId::new("c");
        let (mut one_by_one, mut at_once) = (Table::new(), Table::new());
        let sort = Sort { by: SortBy::Fault, descending: true };
        let rows: Vec<Row> =
            (0..200u128).map(|at| row_with(at, ["b", "a", "c"][at as usize % 3], if at % 7 == 0 { RowState::Bad } else { RowState::Fine })).collect();
        one_by_one.set_sort(sort);
        at_once.set_sort(sort);
        let delta = |upserts: Vec<Row>, removed: Vec<Uid>| Delta { upserts, removed, ..Delta::default() };
        for row in rows.clone() {
            one_by_one.apply(&cluster, delta(vec![row], vec![]));
        }
        let changed = row_with(5, "zz", RowState::Bad);
        one_by_one.apply(&cluster, delta(vec![changed.clone()], vec![Uid(7)]));
        at_once.apply(&cluster, delta(rows, vec![]));
        at_once.apply(&cluster, delta(vec![changed], vec![Uid(7)]));
        at_once.set_sort(sort);
        let order = |table: &Table| (0..table.visible()).map(|at| table.row(at).unwrap().uid).collect::<Vec<_>>();
        assert_eq!(order(&one_by_one), order(&at_once));
        assert_eq!(one_by_one.visible(), 199);
    }

    fn row_with(uid: u128, name: &str, state: RowState) -> Row {
        Row {
            uid: Uid(uid),
            cluster: ClusterId::new("c"),
            gvk: crate::names::Gvk::new("", "v1", "Pod").into(),
            namespace: Some("n".into()),
            name: name.into(),
            created: 0,
            state,
            cells: Box::default(),
            labels: [].into(),
            owner: None,
        }
    }
}
