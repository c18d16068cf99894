//! What one start leaves for the next. Plain data; who keeps it where is not known here.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cluster::standing::Record;
use crate::names::ClusterId;

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
    /// Lines typed after `:`, oldest first.
    pub history: Vec<String>,
}

/// Keeps something for the next start.
pub type Remember = Arc<dyn Fn(Memory) -> std::io::Result<()> + Send + Sync>;
