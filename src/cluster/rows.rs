//! What a watch yields and what a table holds: columns, rows, deltas. Plain data; who fetched it and who draws it live elsewhere.

use std::sync::Arc;

use crate::names::{ClusterId, Gvk, Problem};

/// How an object does. The order is the order of `sort by fault`: worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing there.
    #[default]
    Empty,
    /// Words.
    Text(Arc<str>),
    /// A count.
    Number(i64),
    /// A moment, unix seconds; drawn as its age.
    Since(i64),
    /// `ready/wanted`.
    Ratio(u32, u32),
    /// Restarts and when the last one happened, unix seconds (0: not known).
    Restarts(u32, i64),
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Heading in capitals, `RESTARTS`.
    pub name: Arc<str>,
    /// Shown only in the wide view (`ctrl-w`).
    pub wide: bool,
    /// Numbers stand at the right edge.
    pub right: bool,
}

/// One object as a row. The fixed columns (cluster, namespace, name, age) are fields; `cells` follow the table's columns.
#[derive(Clone, Debug, PartialEq)]
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
}

/// An object's identity: the UUID the server gave, or a hash of an identifier that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(pub u128);

/// How far a watch is.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// What changed since the last delta of one subscription. Bounded by the number of objects: changes of one object coalesce.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    /// New column definitions; rows that follow fit them.
    pub columns: Option<Arc<[Column]>>,
    /// Forget all rows of this subscription first.
    pub reset: bool,
    /// New or changed rows.
    pub upserts: Vec<Row>,
    /// Gone.
    pub removed: Vec<Uid>,
    /// How far the watch is, when that changed.
    pub phase: Option<Phase>,
}
