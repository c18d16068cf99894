//! Ids and messages that every room needs: which cluster, which kind, which object, and what went wrong.
//! No behaviour beyond building and printing them lives here.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of one connection: a kubeconfig context, or `sandbox`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterId(Arc<str>);

impl ClusterId {
    /// Wraps a context name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The context name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a connection leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionKind {
    /// A Kubernetes API server.
    #[default]
    Kubernetes,
    /// A Prometheus server.
    Prometheus,
    /// A Grafana server.
    Grafana,
    /// An OCI registry.
    Registry,
    /// A git repository over HTTP.
    Git,
}

impl ConnectionKind {
    /// Every kind with its word.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Kubernetes, "kubernetes"),
        (Self::Prometheus, "prometheus"),
        (Self::Grafana, "grafana"),
        (Self::Registry, "registry"),
        (Self::Git, "git"),
    ];
}

impl fmt::Display for ConnectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(kind, _)| kind == self).map_or("", |(_, word)| word))
    }
}

/// What a person has decided about a connection. How it does is another matter: its health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It was found; nobody has decided anything.
    #[default]
    Discovered,
    /// It is wanted, and not open.
    Registered,
    /// It is open.
    Connected,
    /// It is not wanted: no glob and no environment opens it.
    Ignored,
    /// It is open, and every action there is refused.
    Maintenance,
    /// It was open and was closed.
    Disconnected,
    /// It was struck off the list; what named it is left as it is.
    Deleted,
    /// What named it names it no more.
    NotFound,
}

impl Standing {
    /// Every standing with its word.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Discovered, "discovered"),
        (Self::Registered, "registered"),
        (Self::Connected, "connected"),
        (Self::Ignored, "ignored"),
        (Self::Maintenance, "maintenance"),
        (Self::Disconnected, "disconnected"),
        (Self::Deleted, "deleted"),
        (Self::NotFound, "not found"),
    ];
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(standing, _)| standing == self).map_or("", |(_, word)| word))
    }
}

/// Group, version and kind, as the API conventions name them; `group` is empty for the core API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gvk {
    /// API group; empty for core.
    pub group: Arc<str>,
    /// API version, `v1`.
    pub version: Arc<str>,
    /// Kind in its own letter case, `Deployment`.
    pub kind: Arc<str>,
}

impl Gvk {
    /// Builds one from its three parts.
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// `v1` or `apps/v1`, as written in a manifest's `apiVersion`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() { write!(f, "{}.{}", self.kind, self.version) } else { write!(f, "{}.{}.{}", self.kind, self.version, self.group) }
    }
}

/// One object of one cluster. The uid tells a recreated object from the one that was meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// Where it lives.
    pub cluster: ClusterId,
    /// What it is.
    pub gvk: Arc<Gvk>,
    /// Its namespace; none for cluster-scoped kinds.
    pub namespace: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
    /// Its uid as the server gave it; empty when not known (typed by a person).
    pub uid: Arc<str>,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.gvk.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{} in {}", self.name, self.cluster)
    }
}

/// Something that went wrong, said for a person: what, why, and what to do. Text in it is already sanitised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable identifier such as `cluster.unreachable`, for scripts and for looking it up.
    #[serde(skip_deserializing, default = "replayed")]
    pub code: &'static str,
    /// One line: what did not happen.
    pub what: String,
    /// Why, as precisely as known; may be empty.
    pub why: String,
    /// What the person can do; most useful first.
    pub hints: Vec<String>,
}

/// The code of a problem that was read back: its own is known to the program that found it.
fn replayed() -> &'static str {
    "replayed"
}

impl Problem {
    /// A problem with its cause; add remedies with [`Problem::hint`].
    pub fn new(code: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { code, what: what.into(), why: why.into(), hints: Vec::new() }
    }

    /// Adds a remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Why, and the first remedy, in one clause: for where it is plain what is spoken of.
    pub fn clause(&self) -> String {
        let why = if self.why.is_empty() { &self.what } else { &self.why };
        self.hints.first().map_or_else(|| why.clone(), |hint| format!("{why}; {hint}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.why.is_empty() {
            write!(f, ": {}", self.why)?;
        }
        for hint in &self.hints {
            write!(f, "\n  {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_kinds_have_no_group_in_their_api_version() {
        assert_eq!(Gvk::new("", "v1", "Pod").api_version(), "v1");
        assert_eq!(Gvk::new("apps", "v1", "Deployment").api_version(), "apps/v1");
    }

    #[test]
    fn a_problem_reads_as_what_why_and_remedies() {
        let problem = Problem::new("x", "cannot open", "no such file").hint("create it");
        assert_eq!(problem.to_string(), "cannot open: no such file\n  create it");
    }
}
