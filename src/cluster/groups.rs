//! Rows in groups: as many of them as there are words in one column, each counted and with its worst row told. Pure.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::rows::{Cell, Column, Row, RowState};
use super::table::Table;
use crate::names::ClusterId;

/// Rows that have the same word in one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The word; empty where a row has none.
    pub value: Arc<str>,
    /// Rows.
    pub count: usize,
    /// How the worst of them does.
    pub worst: RowState,
    /// Rows that do as badly as that.
    pub bad: usize,
    /// Whose rows they are, in the order in which they came up.
    pub clusters: Vec<ClusterId>,
    /// The earliest moment the rows tell, unix seconds; 0: none tells one.
    pub since: i64,
    /// One of the worst, `shop/cart-1`.
    pub example: String,
}

/// In which order groups stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupOrder {
    /// The worst first, then the largest.
    #[default]
    Worst,
    /// The largest first.
    Count,
    /// By their words.
    Name,
}

/// What rows can be grouped by: headings, the fixed ones first.
pub fn choices(columns: &[Column]) -> Vec<String> {
    const MEANT: [&str; 4] = ["MESSAGE", "AGE", "SINCE", "WHEN"];
    let fixed = ["CLUSTER", "NAMESPACE", "KIND"].map(str::to_owned);
    let own = columns.iter().map(|column| column.name.to_string());
    let own: Vec<String> = own.filter(|name| !fixed.contains(name) && !MEANT.contains(&name.as_str())).collect();
    fixed.into_iter().chain(own).collect()
}

/// The rows that pass the table's filter, by the words of the column with that heading. None: there is no such column.
pub fn grouped(table: &Table, heading: &str, order: GroupOrder) -> Option<Vec<Group>> {
    let word = By::of(table.columns(), heading)?;
    let since = table.columns().iter().position(|column| matches!(&*column.name, "SINCE" | "WHEN"));
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::new();
    let mut groups: Vec<(Group, Option<&Row>)> = Vec::new();
    for row in (0..table.visible()).filter_map(|at| table.row(at)) {
        let value = word.word(row);
        let at = match places.get(&value) {
            Some(at) => *at,
            None => {
                groups.push((Group::empty(&value), None));
                places.insert(value, groups.len() - 1);
                groups.len() - 1
            }
        };
        let (group, worst) = &mut groups[at];
        group.count(row, since);
        if worst.is_none_or(|worst| worst.state < row.state) {
            *worst = Some(row);
        }
    }
    let told = |(group, worst): (Group, Option<&Row>)| Group { example: worst.map(example).unwrap_or_default(), ..group };
    let mut groups: Vec<Group> = groups.into_iter().map(told).collect();
    match order {
        GroupOrder::Worst => {
            groups.sort_by(|a, b| (Reverse(a.worst), Reverse(a.count), &a.value).cmp(&(Reverse(b.worst), Reverse(b.count), &b.value)))
        }
        GroupOrder::Count => {
            groups.sort_by(|a, b| (Reverse(a.count), Reverse(a.worst), &a.value).cmp(&(Reverse(b.count), Reverse(b.worst), &b.value)))
        }
        GroupOrder::Name => groups.sort_by(|a, b| a.value.cmp(&b.value)),
    }
    Some(groups)
}

/// Where a row's word stands.
enum By {
    Cluster,
    Namespace,
    Kind,
    Column(usize),
}

impl By {
    fn of(columns: &[Column], heading: &str) -> Option<Self> {
        let own = || columns.iter().position(|column| column.name.eq_ignore_ascii_case(heading)).map(Self::Column);
        match heading {
            "CLUSTER" => Some(Self::Cluster),
            "NAMESPACE" => Some(Self::Namespace),
            "KIND" => own().or(Some(Self::Kind)),
            _ => own(),
        }
    }

    fn word<'a>(&self, row: &'a Row) -> Cow<'a, str> {
        match self {
            Self::Cluster => row.cluster.as_str().into(),
            Self::Namespace => row.namespace.as_deref().unwrap_or_default().into(),
            Self::Kind => row.gvk.kind.as_ref().into(),
            Self::Column(at) => row.cells.get(*at).map(|cell| cell.show(0)).unwrap_or_default(),
        }
    }
}

impl Group {
    fn empty(value: &str) -> Self {
        Self { value: value.into(), count: 0, worst: RowState::Fine, bad: 0, clusters: Vec::new(), since: 0, example: String::new() }
    }

    fn count(&mut self, row: &Row, since: Option<usize>) {
        self.count += 1;
        if row.state > self.worst {
            (self.worst, self.bad) = (row.state, 0);
        }
        self.bad += usize::from(row.state == self.worst);
        if !self.clusters.contains(&row.cluster) {
            self.clusters.push(row.cluster.clone());
        }
        if let Some(Cell::Since(moment)) = since.and_then(|at| row.cells.get(at))
            && *moment > 0
            && (self.since == 0 || *moment < self.since)
        {
            self.since = *moment;
        }
    }
}

fn example(row: &Row) -> String {
    match &row.namespace {
        Some(namespace) => format!("{namespace}/{}", row.name),
        None => row.name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::filter::Filter;
    use crate::cluster::rows::{Delta, Uid};
    use crate::names::Gvk;

    fn row(uid: u128, cluster: &str, cause: &str, since: i64, state: RowState) -> Row {
        Row {
            uid: Uid(uid),
            cluster: ClusterId::new(cluster),
            gvk: Arc::new(Gvk::new("", "v1", "Pod")),
            namespace: Some("shop".into()),
            name: format!("p{uid}").into(),
            created: 0,
            state,
            cells: Box::new([Cell::Text(cause.into()), Cell::Since(since)]),
            labels: Arc::new([]),
            owner: None,
        }
    }

    fn table() -> Table {
        let mut table = Table::new();
        let columns = ["CAUSE", "SINCE"].map(|name| Column { name: name.into(), wide: false, right: false });
        let rows = [
            row(1, "eu", "NotReady", 50, RowState::Warn),
            row(2, "eu", "NotReady", 40, RowState::Warn),
            row(3, "us", "OOMKilled", 90, RowState::Bad),
            row(4, "us", "NotReady", 0, RowState::Warn),
        ];
        for row in rows {
            let delta = Delta { columns: Some(columns.clone().into()), upserts: vec![row.clone()], ..Delta::default() };
            table.apply(&row.cluster, delta);
        }
        table
    }

    #[test]
    fn groups_are_counted_and_the_worst_comes_first() {
        let groups = grouped(&table(), "CAUSE", GroupOrder::Worst).unwrap();
        let facts: Vec<_> =
            groups.iter().map(|group| (&*group.value, group.count, group.bad, group.worst, group.since, group.clusters.len())).collect();
        assert_eq!(facts, [("OOMKilled", 1, 1, RowState::Bad, 90, 1), ("NotReady", 3, 3, RowState::Warn, 40, 2)]);
        let by_count = grouped(&table(), "CAUSE", GroupOrder::Count).unwrap();
        assert_eq!(&*by_count[0].value, "NotReady");
        assert_eq!(grouped(&table(), "CLUSTER", GroupOrder::Name).unwrap().iter().map(|group| group.count).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(grouped(&table(), "NOWHERE", GroupOrder::Name), None);
    }

    #[test]
    fn opening_a_group_shows_exactly_its_rows() {
        let mut table = table();
        for group in grouped(&table, "CAUSE", GroupOrder::Worst).unwrap() {
            table.set_filter(Filter::default().and_exactly("CAUSE", &group.value));
            assert_eq!(table.visible(), group.count, "{}", group.value);
            table.set_filter(Filter::default());
        }
    }
}
