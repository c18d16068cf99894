//! What several panes read. Only the app changes it.

use std::sync::Arc;

use crate::cluster::connection::Connection;
use crate::cluster::fleet::Context;
use crate::cluster::gate::Gate;
use crate::names::ClusterId;

/// Clusters and rules, as the panes see them.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// Every context there is.
    pub contexts: Vec<Context>,
    /// How their connections do.
    pub connections: Arc<[Connection]>,
    /// The contexts that are open, in the order they were opened.
    pub open: Vec<ClusterId>,
    /// What may be done.
    pub gate: Gate,
    /// The embedded cluster, when it is open.
    pub sandbox: Option<ClusterId>,
    /// Where kubeconfigs were looked for.
    pub looked_at: Vec<String>,
}

impl Shared {
    /// How a cluster's connection does.
    pub fn connection(&self, id: &ClusterId) -> Option<&Connection> {
        self.connections.iter().find(|one| one.id == *id)
    }

    /// The namespace a context starts in.
    pub fn namespace(&self, id: &ClusterId) -> Option<&str> {
        self.contexts.iter().find(|one| one.id == *id).map(|one| one.namespace.as_str())
    }
}
