//! What several panes read. Only the app changes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cluster::connection::Connection;
use crate::cluster::filter::glob;
use crate::cluster::fleet::Context;
use crate::cluster::gate::Gate;
use crate::cluster::standing::{Declared, Record};
use crate::names::{ClusterId, ConnectionKind, Standing};

/// Clusters and rules, as the panes see them.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// Every context there is.
    pub contexts: Vec<Context>,
    /// Contexts that the kubeconfig named when the program started and names no more.
    pub vanished: Vec<Context>,
    /// Connections of other kinds, from the settings.
    pub declared: Vec<Declared>,
    /// Named groups of contexts.
    pub environments: BTreeMap<String, Environment>,
    /// How connections stand; those nobody has decided about are not in it.
    pub standings: BTreeMap<ClusterId, Record>,
    /// How the connections do.
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

/// A named group of contexts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Names and globs of its contexts.
    pub contexts: Vec<String>,
    /// Made with `:env`, and so remembered; otherwise it stands in the settings.
    pub typed: bool,
}

impl Shared {
    /// How a connection stands.
    pub fn standing(&self, id: &ClusterId) -> Standing {
        self.standings.get(id).map(|record| record.standing).unwrap_or_default()
    }

    /// What a connection leads to.
    pub fn kind(&self, id: &ClusterId) -> ConnectionKind {
        self.declared.iter().find(|one| one.id == *id).map(|one| one.kind).unwrap_or_default()
    }

    /// A glob or an environment may open it.
    pub fn may_be_meant(&self, id: &ClusterId) -> bool {
        self.standings.get(id).is_none_or(Record::may_be_meant)
    }

    /// The uid of the cluster that a context leads to, once it was connected.
    pub fn identity(&self, id: &ClusterId) -> Option<&str> {
        let now = self.connection(id).and_then(|one| one.identity.as_deref());
        now.or_else(|| self.standings.get(id)?.identity.as_deref())
    }

    /// Both lead to one cluster.
    pub fn same(&self, one: &ClusterId, other: &ClusterId) -> bool {
        self.identity(one).is_some_and(|identity| self.identity(other) == Some(identity))
    }

    /// The contexts of an environment that may be opened; none: there is no such environment.
    pub fn members(&self, environment: &str) -> Option<Vec<ClusterId>> {
        let environment = self.environments.get(environment)?;
        let meant = |id: &&ClusterId| environment.contexts.iter().any(|pattern| glob(pattern, id.as_str())) && self.may_be_meant(id);
        Some(self.contexts.iter().map(|context| &context.id).filter(meant).cloned().collect())
    }

    /// The environments a connection belongs to.
    pub fn environments_of(&self, id: &ClusterId) -> Vec<&str> {
        let holds = |environment: &Environment| environment.contexts.iter().any(|pattern| glob(pattern, id.as_str()));
        self.environments.iter().filter(|(_, environment)| holds(environment)).map(|(name, _)| name.as_str()).collect()
    }

    /// How a cluster's connection does.
    pub fn connection(&self, id: &ClusterId) -> Option<&Connection> {
        self.connections.iter().find(|one| one.id == *id)
    }

    /// The namespace a context starts in.
    pub fn namespace(&self, id: &ClusterId) -> Option<&str> {
        self.contexts.iter().find(|one| one.id == *id).map(|one| one.namespace.as_str())
    }
}
