//! What the inventory knows: the view, its table, the cursor, marks, and the object looked at closely. No behaviour but lookups.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

mod news;
mod place;
mod tabs;

pub use self::news::News;
pub use self::place::{Origin, Place, Tie};
pub use self::tabs::{OtherTab, Shown, Tabs};

use serde::{Deserialize, Serialize};

use super::jumps::Jump;
use super::kept::{Choice, Kept, Ordered};
use crate::cluster::describe::Description;
use crate::cluster::events::EventLine;
use crate::cluster::groups::{Group, GroupOrder};
use crate::cluster::rows::{Phase, Row, Uid};
use crate::cluster::secret::{Hidden, SecretKey};
use crate::cluster::table::Table;
use crate::names::{ClusterId, ObjectKey, Problem};
use crate::survey::world::Relation;
use crate::tui::widgets::document::Document;
use crate::tui::widgets::spot::Spot;

/// Everything the pane draws and decides from.
#[derive(Debug, Default)]
pub struct State {
    /// What is looked at.
    pub view: View,
    /// Counts views; rows of an earlier one are dropped.
    pub generation: u64,
    /// Its rows.
    pub table: Table,
    /// What became of rows a moment ago.
    pub news: News,
    /// The object the cursor was put on; none before the person moved it: then it stays at the top while rows come.
    pub cursor: Option<Seat>,
    /// Where the cursor stands in the order.
    pub position: usize,
    /// The first row to be seen.
    pub top: usize,
    /// Objects marked with space.
    pub marks: HashSet<Seat>,
    /// The one marked last: a range begins there.
    pub last_mark: Option<Seat>,
    /// The filter as typed.
    pub filter: String,
    /// Only what is in trouble.
    pub trouble: bool,
    /// Wide columns go before others where room is short.
    pub wide: bool,
    /// What is arranged and remembered: columns, pinned namespaces, saved views.
    pub kept: Kept,
    /// The view for which pods are counted on nodes; none: they are not.
    pub counting: Option<u64>,
    /// Columns of a saved view, before those that are kept for its kind.
    pub lent: Option<Vec<Choice>>,
    /// An order that waits for its column.
    pub order: Option<Ordered>,
    /// Tables being written to files.
    pub saving: usize,
    /// The column that `O` sorts on: an index into the view's headings.
    pub column: usize,
    /// The rows in groups, where they are seen so.
    pub grouping: Option<Grouping>,
    /// The object that is followed through its replacements.
    pub followed: Option<Followed>,
    /// Columns scrolled out to the left, those that stay not counted.
    pub skip: usize,
    /// The object looked at closely.
    pub detail: Option<Detail>,
    /// The keys go to the detail.
    pub in_detail: bool,
    /// The object the cursor is put on as soon as its row comes, unless the person moves it before.
    pub seek: Option<ObjectKey>,
    /// Places looked at before, the newest last.
    pub past: Vec<Place>,
    /// Places gone back from, the nearest last.
    pub ahead: Vec<Place>,
    /// The other tabs.
    pub tabs: Tabs,
    /// Namespaces of the last view of all of them, the fullest first.
    pub known_namespaces: Vec<Arc<str>>,
    /// Jumps of the person's own.
    pub jumps: Vec<Jump>,
    /// Kinds the open clusters serve: every word for one, with its plural.
    pub kinds: BTreeMap<String, String>,
    /// Plurals of the kinds that live in no namespace.
    pub scoped: HashSet<String>,
    /// What the last frame showed.
    pub seen: Seen,
    /// The line to the terminal is slow: fewer rows move, and details wait longer.
    pub slow: bool,
    /// Counts requests for details.
    pub jobs: u64,
    /// Deletions that have not been answered.
    pub deleting: usize,
}

/// Cluster and uid: one object, whatever its row's place.
pub type Seat = (ClusterId, Uid);

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// A mixed view such as `workloads`, or a kind by any of its names.
    pub kind: String,
    /// These namespaces; none: all.
    pub namespaces: Vec<String>,
    /// A label selector for the servers.
    pub labels: String,
    /// A field selector for the servers.
    pub fields: String,
    /// The object whose own these are; none: all there are.
    pub of: Option<Origin>,
}

impl Default for View {
    fn default() -> Self {
        Self { kind: "workloads".into(), namespaces: Vec::new(), labels: String::new(), fields: String::new(), of: None }
    }
}

impl View {
    /// The same kind in other namespaces. What belongs to one object is not elsewhere, so then all of the kind is meant.
    #[must_use]
    pub fn within(&self, namespaces: Vec<String>) -> Self {
        let base = if self.of.is_some() { Self { kind: self.kind.clone(), ..Self::default() } } else { self.clone() };
        Self { namespaces, ..base }
    }
}

/// Rows seen in groups.
#[derive(Clone, Debug, Default)]
pub struct Grouping {
    /// The heading of the column they are grouped by.
    pub by: String,
    /// The groups, in order.
    pub groups: Vec<Group>,
    /// Their order.
    pub order: GroupOrder,
    /// The group whose rows are seen; none: the groups themselves.
    pub open: Option<Arc<str>>,
    /// The group the cursor is on.
    pub position: usize,
    /// The cursor was put there: it stays on its group.
    pub held: bool,
    /// When they are counted anew: rows have changed since.
    pub due: Option<Duration>,
}

/// An object that is followed.
#[derive(Clone, Debug)]
pub struct Followed {
    /// Its name.
    pub name: String,
    /// Which it is.
    pub seat: Seat,
    /// What controls it.
    pub owner: Option<Uid>,
    /// What it has in common with its successors where they have another owner.
    pub family: Option<String>,
    /// When it was made, unix seconds.
    pub created: i64,
    /// It is gone, and nothing has replaced it yet.
    pub lost: bool,
}

/// What the last frame showed: for paging, and so that columns keep their width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Rows of the table.
    pub page: usize,
    /// The first of them.
    pub top: usize,
    /// Widths of its columns.
    pub widths: Vec<u16>,
    /// Columns there was no room for.
    pub hidden: usize,
    /// Columns scrolled out to the left.
    pub skip: usize,
    /// More columns can be scrolled to.
    pub more: bool,
    /// Width there was for columns.
    pub room: u16,
    /// Rows of the detail that were seen.
    pub detail_page: usize,
    /// Width of the detail's text.
    pub detail_columns: u16,
    /// Rows of the detail there are.
    pub detail_rows: usize,
    /// Rows of the detail that hold what is searched for.
    pub matches: Vec<usize>,
    /// What stood where, for the mouse; the house keeps it.
    pub spots: Vec<Spot>,
}

/// One object looked at closely.
#[derive(Debug)]
pub struct Detail {
    /// Which.
    pub key: ObjectKey,
    /// What of it.
    pub tab: Tab,
    /// It takes the whole body.
    pub full: bool,
    /// Long lines are folded.
    pub wrap: bool,
    /// The first row seen.
    pub top: usize,
    /// What is searched for.
    pub find: String,
    /// What is known.
    pub body: Body,
    /// When the next request is due: the cursor rests, or the object changed.
    pub due: Option<Duration>,
    /// The request that is under way.
    pub job: Option<u64>,
    /// What it uses and is used by, live.
    pub related: Related,
    /// What is said about it, live.
    pub heard: Heard,
    /// The text that is read, and the place in it.
    pub document: Option<Document>,
    /// With what is usually left out: managed fields, in a comparison status.
    pub whole: bool,
    /// What it is compared with.
    pub against: Option<ObjectKey>,
    /// The key of a Secret under the cursor.
    pub picked: usize,
    /// The value that is shown for a moment.
    pub revealed: Option<Revealed>,
}

/// A value of a Secret as long as it is shown.
#[derive(Debug)]
pub struct Revealed {
    /// Its key.
    pub name: String,
    /// The value.
    pub value: Hidden,
    /// When it is hidden again.
    pub until: Duration,
}

/// What an object uses and what uses it, as long as somebody looks.
#[derive(Debug, Default)]
pub struct Related {
    /// The request; none: nobody looks. What an earlier one found is dropped.
    pub job: Option<u64>,
    /// What is wrong first, then what it uses, then what uses it.
    pub lines: Vec<Relation>,
    /// Kinds that cannot be looked at, and why.
    pub unknown: Vec<(String, String)>,
    /// Everything that could be asked has answered.
    pub complete: bool,
    /// The line the cursor stands on.
    pub position: usize,
}

/// What is said about an object and what belongs to it, as long as its detail is open.
#[derive(Debug, Default)]
pub struct Heard {
    /// Who is listened to; nobody: nothing is heard.
    pub about: Vec<ObjectKey>,
    /// The request; what an earlier one heard is dropped.
    pub job: u64,
    /// What was said, the newest first.
    pub lines: Vec<EventLine>,
    /// How far the watch is; none before it has said anything.
    pub phase: Option<Phase>,
}

/// What of an object is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// How it does and why.
    #[default]
    Summary,
    /// Its manifest.
    Yaml,
    /// What a Helm release was installed with.
    Values,
    /// What was said about it.
    Events,
    /// What it uses and what uses it.
    Uses,
    /// The keys of a Secret.
    Keys,
    /// Side by side with another object.
    Difference,
}

/// What is known about the object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Body {
    /// Nothing yet.
    Waiting,
    /// It could not be read.
    Failed(Problem),
    /// Its summary.
    Summary(Description),
    /// Its manifest.
    Yaml(Arc<str>),
    /// Its events, which are heard and not asked for.
    Events,
    /// What it uses and is used by, which comes and goes while one looks.
    Uses,
    /// The keys of a Secret.
    Keys(Vec<SecretKey>),
    /// A unified diff.
    Difference(Arc<str>),
}

impl State {
    /// The row under the cursor. None where its object is gone while its detail or its row is still seen, until a key moves the cursor.
    pub fn row(&self) -> Option<&Row> {
        self.pointed().filter(|row| !self.news.leaves(row))
    }

    /// The row the cursor stands on, also one whose object is gone.
    pub fn pointed(&self) -> Option<&Row> {
        if self.lists_groups() {
            return None;
        }
        let here = |row: &&Row| self.cursor.as_ref().is_none_or(|(cluster, uid)| row.cluster == *cluster && row.uid == *uid);
        self.table.row(self.position).filter(here)
    }

    /// Groups are on the screen, and no rows.
    pub fn lists_groups(&self) -> bool {
        self.grouping.as_ref().is_some_and(|grouping| grouping.open.is_none())
    }

    /// Namespaces for the digits: those that are pinned, then the fullest first.
    pub fn namespaces(&self) -> Vec<Arc<str>> {
        let pinned = self.kept.pinned.iter().map(|name| name.as_str().into());
        let others = self.fullest().into_iter().filter(|name| !self.kept.pinned.iter().any(|pinned| **pinned == **name));
        pinned.chain(others).collect()
    }

    /// What is chosen about the columns of the kind that is looked at; nothing where they are as usual.
    pub fn choices(&self) -> &[Choice] {
        self.lent.as_ref().or_else(|| self.kept.columns.get(&self.view.kind)).map_or(&[], Vec::as_slice)
    }

    fn fullest(&self) -> Vec<Arc<str>> {
        let here: Vec<Arc<str>> = self.table.namespaces().into_iter().map(|(name, _)| name).collect();
        if self.view.namespaces.is_empty() && !here.is_empty() || self.known_namespaces.is_empty() { here } else { self.known_namespaces.clone() }
    }

    /// The objects an action is about: the marked ones, else the one under the cursor.
    pub fn chosen(&self) -> Vec<ObjectKey> {
        if self.lists_groups() {
            return Vec::new();
        }
        if self.marks.is_empty() {
            return self.row().map(Row::key).into_iter().collect();
        }
        let rows = (0..self.table.visible()).filter_map(|at| self.table.row(at));
        rows.filter(|row| self.marks.contains(&(row.cluster.clone(), row.uid)) && !self.news.leaves(row)).map(Row::key).collect()
    }
}
