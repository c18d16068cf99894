//! Views that are kept side by side, of which one is seen. Plain data.

use serde::{Deserialize, Serialize};

use super::{Place, View};
use crate::cluster::table::Sort;
use crate::names::ObjectKey;

/// The tabs that are not seen, and where the one that is seen stands among them.
#[derive(Debug, Default)]
pub struct Tabs {
    /// All others, in their order.
    pub others: Vec<OtherTab>,
    /// The place of the one that is seen among all of them.
    pub at: usize,
}

/// A tab that is not seen: nothing is watched for it.
#[derive(Debug)]
pub struct OtherTab {
    /// Its view, as it was left.
    pub place: Place,
    /// Places looked at in it before.
    pub past: Vec<Place>,
    /// Places gone back from in it.
    pub ahead: Vec<Place>,
}

/// What is remembered of a tab that is not seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    /// What it looks at.
    pub view: View,
    /// Its filter as typed.
    pub filter: String,
    /// Only what is in trouble.
    pub trouble: bool,
    /// Its order.
    pub sort: Sort,
    /// The object under its cursor.
    pub cursor: Option<ObjectKey>,
}

impl Tabs {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.others.len() + 1
    }
}
