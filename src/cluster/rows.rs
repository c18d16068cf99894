//! What a watch yields and what a table holds: columns, rows, deltas. Plain data; who fetched it and who draws it live elsewhere.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::metrics::Gauge;
use crate::names::{ClusterId, Gvk, ObjectKey, Problem};
use crate::text::age::age;

/// How an object does. The order is the order of `sort by fault`: worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RowState {
    /// Nothing to say.
    #[default]
    Fine,
    /// Finished or scaled to nothing: unimportant.
    Done,
    /// On its way.
    Progress,
    /// Not known.
    Unknown,
    /// Somebody should look.
    Warn,
    /// Failed.
    Bad,
}

/// One value of a row. Text in it is sanitised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing there.
    #[default]
    Empty,
    /// Words.
    Text(Arc<str>),
    /// A size as somebody else wrote it, `10Gi`, with what it is ordered by.
    Measure(f32, Arc<str>),
    /// A count.
    Number(i64),
    /// A moment, unix seconds; drawn as its age.
    Since(i64),
    /// `ready/wanted`.
    Ratio(u32, u32),
    /// Restarts and when the last one happened, unix seconds (0: not known).
    Restarts(u32, i64),
    /// What is in use, once it was measured.
    Gauge(Gauge),
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Heading in capitals, `RESTARTS`.
    pub name: Arc<str>,
    /// Shown only in the wide view (`ctrl-w`).
    pub wide: bool,
    /// Numbers stand at the right edge.
    pub right: bool,
}

/// One object as a row. The fixed columns (cluster, namespace, name, age) are fields; `cells` follow the table's columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Identity over updates; derived from the server's uid.
    pub uid: Uid,
    /// Where it lives.
    pub cluster: ClusterId,
    /// What it is.
    pub gvk: Arc<Gvk>,
    /// Its namespace, if the kind has one.
    pub namespace: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
    /// Creation, unix seconds; 0 when the server did not say.
    pub created: i64,
    /// How it does.
    pub state: RowState,
    /// One cell a column.
    pub cells: Box<[Cell]>,
    /// Labels as sorted `key=value` texts.
    pub labels: Arc<[Arc<str>]>,
    /// The object that controls this one, if any.
    pub owner: Option<Uid>,
}

/// An object's identity: the UUID the server gave, or a hash of an identifier that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Uid(pub u128);

/// How far a watch is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Connection or list under way; so many rows have come.
    Syncing {
        /// Rows so far.
        count: usize,
    },
    /// What is shown is what the server has.
    Synced,
    /// Shown rows are as of `since` (unix seconds).
    Stale {
        /// Last moment the rows were known to be true.
        since: i64,
        /// Why.
        problem: Problem,
    },
}

/// A part of a view that its server does not show: a kind, or a kind in one namespace. The rest of the view is as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Which kind.
    pub gvk: Arc<Gvk>,
    /// The same as it is typed, `configmaps`.
    pub plural: Arc<str>,
    /// Only there; none: everywhere that was asked for.
    pub namespace: Option<Arc<str>>,
    /// It may not be read; else it is not served.
    pub forbidden: bool,
    /// Why.
    pub problem: Problem,
}

impl Gap {
    /// The row is of this part: nothing new is heard of it.
    pub fn holds(&self, row: &Row) -> bool {
        let kind = row.gvk.group == self.gvk.group && row.gvk.kind == self.gvk.kind;
        kind && (self.namespace.is_none() || self.namespace == row.namespace)
    }

    /// Why in a word.
    pub fn word(&self) -> &'static str {
        if self.forbidden { "forbidden" } else { "not served" }
    }
}

/// What changed since the last delta of one subscription. Bounded by the number of objects: changes of one object coalesce.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Delta {
    /// New column definitions; rows that follow fit them.
    pub columns: Option<Arc<[Column]>>,
    /// Forget all rows of this subscription first.
    pub reset: bool,
    /// The rows are some of the first list: that they are there is no news.
    #[serde(default)]
    pub first: bool,
    /// New or changed rows.
    pub upserts: Vec<Row>,
    /// Gone.
    pub removed: Vec<Uid>,
    /// How far the watch is, when that changed.
    pub phase: Option<Phase>,
    /// All parts of the view that the server does not show, when that changed.
    #[serde(default)]
    pub gaps: Option<Arc<[Gap]>>,
}

impl Uid {
    /// Reads the canonical form of a UUID; any other text is hashed, so that odd servers still get stable rows.
    pub fn parse(text: &str) -> Self {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        match u128::from_str_radix(&hex, 16) {
            Ok(number) if hex.len() == 32 => Self(number),
            _ => Self(fnv(text.as_bytes())),
        }
    }
}

/// FNV-1a over 128 bits (Fowler, Noll, Vo: offset basis and prime from their page).
fn fnv(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

impl Row {
    /// The object this row stands for.
    pub fn key(&self) -> ObjectKey {
        let uid = uuid(self.uid.0);
        ObjectKey {
            cluster: self.cluster.clone(),
            gvk: self.gvk.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            uid: uid.into(),
        }
    }
}

fn uuid(number: u128) -> String {
    let hex = format!("{number:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

impl Cell {
    /// The cell as a person reads it at the moment `now` (unix seconds).
    pub fn show(&self, now: i64) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) | Self::Measure(_, text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Since(0) => Cow::Borrowed(""),
            Self::Since(then) => Cow::Owned(age(now - then)),
            Self::Ratio(ready, wanted) => Cow::Owned(format!("{ready}/{wanted}")),
            Self::Restarts(count, 0) => Cow::Owned(count.to_string()),
            Self::Restarts(count, then) => Cow::Owned(format!("{count} ({})", age(now - then))),
            Self::Gauge(gauge) => Cow::Owned(gauge.show()),
        }
    }

    /// Order within a column: numbers by size, words by letters, empty first.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self.rank(), other.rank()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (None, None) => self.show(0).cmp(&other.show(0)),
            (Some(_), None) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
        }
    }

    /// The size of what has one; everything else is a text or nothing.
    pub(super) fn rank(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number as f64),
            Self::Measure(size, _) => Some(f64::from(*size)),
            Self::Since(then) => Some(-(*then as f64)),
            Self::Ratio(ready, wanted) => Some(if *wanted == 0 { 1.0 } else { f64::from(*ready) / f64::from(*wanted) }),
            Self::Restarts(count, _) => Some(f64::from(*count)),
            // What was not measured is less than nothing.
            Self::Gauge(gauge) => Some(gauge.size().unwrap_or(-1.0)),
            Self::Empty | Self::Text(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_survives_the_row() {
        let text = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(uuid(Uid::parse(text).0), text);
    }

    #[test]
    fn fnv_of_nothing_is_the_basis_and_of_a_is_the_published_value() {
        assert_eq!(fnv(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }
}
