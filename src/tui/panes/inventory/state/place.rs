//! Places of the inventory that can be gone back to, and what a view was drilled from. Plain data.

use serde::{Deserialize, Serialize};

use super::View;
use crate::cluster::table::{Sort, Table};
use crate::names::ObjectKey;

/// A view as it was left: on return it is read the same way, with the cursor on the same object.
#[derive(Debug)]
pub struct Place {
    /// What was looked at.
    pub view: View,
    /// The filter as typed.
    pub filter: String,
    /// Only what was in trouble.
    pub trouble: bool,
    /// The rows were seen in groups.
    pub grouping: Option<super::Grouping>,
    /// The chosen column.
    pub column: usize,
    /// The order.
    pub sort: Sort,
    /// The object the cursor was put on.
    pub cursor: Option<ObjectKey>,
    /// Where the cursor stood.
    pub position: usize,
    /// The first row that was seen.
    pub top: usize,
    /// Its rows, while they are few: shown until newer ones come.
    pub table: Option<Table>,
    /// It was left for something that belongs to an object in it: `esc` comes back here.
    pub returns: bool,
}

/// The object whose own a view shows, and how they are told from others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Which object.
    pub key: ObjectKey,
    /// How.
    pub tie: Tie,
}

/// How rows belong to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tie {
    /// The object's label selector, once it is known the view's `labels`.
    Selector,
    /// The object controls them.
    Owner,
    /// The view's kind, namespaces and fields say it already.
    View,
}

impl Origin {
    /// `Deployment web`; where several clusters are open, with its own.
    pub fn name(&self, many: bool) -> String {
        let ObjectKey { cluster, gvk, name, .. } = &self.key;
        if many { format!("{} {name} @{cluster}", gvk.kind) } else { format!("{} {name}", gvk.kind) }
    }
}
