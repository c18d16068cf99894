//! What one start leaves for the next. Plain data; who keeps it where is not known here.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::cluster::standing::Record;
use crate::cluster::table::Sort;
use crate::names::{ClusterId, ObjectKey};
use crate::tui::flow::PaneId;
use crate::tui::panes::inventory::kept::Kept;
use crate::tui::panes::inventory::state::{Shown, View};

/// Everything that is remembered. Every part is optional, so that an older file still counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Contexts that were open.
    pub contexts: Vec<String>,
    /// The kubeconfig's current context at that time; when it changes, it is opened instead.
    pub current: Option<String>,
    /// How connections stand, and how they came to that.
    pub standings: BTreeMap<ClusterId, Record>,
    /// Named groups of contexts, made with `:env`.
    pub environments: BTreeMap<String, Vec<String>>,
    /// The guide has been done or was hidden.
    pub guide_done: bool,
    /// What is arranged about tables.
    pub tables: Kept,
    /// Lines typed after `:`, oldest first.
    pub history: Vec<String>,
    /// Where the person was, once for every set of contexts, the newest last.
    #[serde(deserialize_with = "readable")]
    pub places: Vec<Left>,
}

/// A place as it was left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Left {
    /// The contexts that were open, in the order of the alphabet.
    pub contexts: Vec<String>,
    /// The pane that was seen.
    pub pane: PaneId,
    /// What the inventory looked at.
    pub view: View,
    /// Its filter as typed.
    pub filter: String,
    /// Only what was in trouble.
    pub trouble: bool,
    /// Its order.
    pub sort: Sort,
    /// The object under the cursor.
    pub cursor: Option<ObjectKey>,
    /// The other tabs.
    #[serde(deserialize_with = "readable")]
    pub tabs: Vec<Shown>,
    /// Where the one that was seen stood among all of them.
    pub tab: usize,
}

impl Default for Left {
    fn default() -> Self {
        Self {
            contexts: Vec::new(),
            pane: PaneId::Inventory,
            view: View::default(),
            filter: String::new(),
            trouble: false,
            sort: Sort::default(),
            cursor: None,
            tabs: Vec::new(),
            tab: 0,
        }
    }
}

/// Places that are kept.
const PLACES: usize = 20;

impl Left {
    /// The name of a set of contexts.
    pub fn set(contexts: &[ClusterId]) -> Vec<String> {
        let mut names: Vec<String> = contexts.iter().map(ToString::to_string).collect();
        names.sort();
        names
    }

    /// Puts a place into the list, instead of an earlier one of the same contexts.
    pub fn keep(self, places: &mut Vec<Self>) {
        places.retain(|place| place.contexts != self.contexts);
        places.push(self);
        if places.len() > PLACES {
            places.remove(0);
        }
    }
}

/// Those that can be read: one that another version wrote is nobody's fault and takes no other with it.
fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let values = Vec::<serde_json::Value>::deserialize(deserializer)?;
    Ok(values.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect())
}

/// Keeps something for the next start.
pub type Remember = Arc<dyn Fn(Memory) -> std::io::Result<()> + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_or_a_newer_file_still_counts() {
        let memory: Memory = serde_json::from_str(
            r#"{"history":["po"],"places":[{"contexts":["lab"],"pane":"balcony"},{"contexts":["lab"],"filter":"web","of tomorrow":1}]}"#,
        )
        .unwrap();
        assert_eq!(memory.history, ["po"]);
        assert_eq!(memory.places, [Left { contexts: vec!["lab".into()], filter: "web".into(), ..Left::default() }]);
    }

    #[test]
    fn there_is_one_place_for_a_set_of_contexts() {
        let mut places = Vec::new();
        for (contexts, filter) in [(["a", "b"], "1"), (["a", "c"], "2"), (["b", "a"], "3")] {
            let contexts = Left::set(&contexts.map(ClusterId::new));
            Left { contexts, filter: filter.into(), ..Left::default() }.keep(&mut places);
        }
        assert_eq!(places.iter().map(|place| place.filter.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    }
}
