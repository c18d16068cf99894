//! What a person has arranged about tables and what is remembered of it: columns of a kind, namespaces that are pinned, views with a name. Plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::View;
use crate::cluster::path::UserColumn;
use crate::tui::flow::Show;

/// Everything that is remembered. Every part is optional, so that an older file still counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// Columns by the kind's plural, where they are not the usual ones.
    pub columns: BTreeMap<String, Vec<Choice>>,
    /// Namespaces that have the first digits, in the order in which they were pinned.
    pub pinned: Vec<String>,
    /// Views by their names.
    pub views: BTreeMap<String, Saved>,
}

/// One column of a kind as the person wants it. Columns nobody has chosen about come after those.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// Its heading.
    pub name: String,
    /// Where its value comes from, for a column of the person's own.
    pub path: Option<String>,
    /// When it is shown.
    pub show: Show,
}

/// A view with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Kind, namespaces, selectors.
    pub view: View,
    /// The filter.
    pub filter: String,
    /// Only what is in trouble.
    pub trouble: bool,
    /// What the rows are ordered by; none: the kind's usual order.
    pub order: Option<Ordered>,
    /// Wide columns too.
    pub wide: bool,
    /// Columns, where they are not the usual ones.
    pub columns: Vec<Choice>,
    /// Contexts that were open.
    pub contexts: Vec<String>,
}

/// An order by the name of its column, which still holds when columns have come or gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// The heading, or `fault`, `cluster`, `namespace`, `age`.
    pub by: String,
    /// Largest first.
    pub descending: bool,
}

impl Choice {
    /// The column of the person's own that this is, where it is shown.
    pub fn user(&self) -> Option<UserColumn> {
        let path = self.path.clone().filter(|_| self.show != Show::Never)?;
        Some(UserColumn { name: self.name.clone(), path })
    }
}
