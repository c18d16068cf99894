//! The gate: everything that changes something or puts load on somebody's system asks here first, and is written down here afterwards.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::names::{ClusterId, ObjectKey, Problem};

/// Rules and the audit log.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    rules: Arc<Rules>,
    /// Clusters in maintenance. Clones share them.
    held: Arc<RwLock<Vec<ClusterId>>>,
}

#[derive(Debug, Default)]
struct Rules {
    limits: RwLock<Limits>,
    audit: Option<PathBuf>,
}

#[derive(Clone, Debug, Default)]
struct Limits {
    readonly: bool,
    protected: Vec<String>,
    /// The only places that may be loaded.
    targets: Option<Targets>,
}

/// Places that may be loaded, where somebody has named them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    /// Globs of hosts, of hosts with ports, or of Unix sockets as `unix:/run/*`.
    pub globs: Vec<String>,
    /// Where they are named: file and line.
    pub named_in: String,
}

impl Targets {
    /// An address is one of them.
    fn hold(&self, url: &str) -> bool {
        let place = url.split_once("://").map_or(url, |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let host = place.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(place, |(host, _)| host);
        self.globs.iter().any(|glob| [place, host].iter().any(|text| super::filter::glob(glob, text)))
    }
}

/// The end of the audit log that is read back, in bytes.
const TAIL: u64 = 256 << 10;

/// Something a person wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// `delete`, `load`.
    pub verb: &'static str,
    /// Where, if it is in a cluster.
    pub cluster: Option<ClusterId>,
    /// To what: an object or an address.
    pub target: String,
}

impl Action {
    /// The deletion of an object.
    pub fn delete(key: &ObjectKey) -> Self {
        Self { verb: "delete", cluster: Some(key.cluster.clone()), target: key.to_string() }
    }
}

impl Action {
    /// A change of an object by a patch.
    pub fn patch(key: &ObjectKey) -> Self {
        Self { verb: "patch", cluster: Some(key.cluster.clone()), target: key.to_string() }
    }
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on after the usual question.
    Allowed,
    /// The cluster is protected: its name has to be typed.
    TypeName(String),
    /// Not at all.
    Refused(Problem),
}

/// A line of the audit log: something that was done or tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// When, unix seconds.
    pub unix: i64,
    /// `delete`, `load`.
    pub verb: String,
    /// Where, if it was in a cluster.
    pub cluster: Option<String>,
    /// To what.
    pub target: String,
    /// `done` or `failed`.
    pub outcome: String,
}

impl Gate {
    /// A gate with these rules; `protected` are globs of context names.
    pub fn new(readonly: bool, protected: Vec<String>, audit: Option<PathBuf>) -> Self {
        Self { rules: Arc::new(Rules { limits: RwLock::new(Limits { readonly, protected, targets: None }), audit }), held: Arc::default() }
    }

    /// Adds rules while the program runs, for everybody who holds this gate; none is ever taken away.
    pub fn tighten(&self, readonly: bool, protected: &[String]) {
        let mut limits = self.rules.limits.write().unwrap_or_else(PoisonError::into_inner);
        limits.readonly |= readonly;
        let more: Vec<String> = protected.iter().filter(|glob| !limits.protected.contains(glob)).cloned().collect();
        limits.protected.extend(more);
    }

    /// From now on only these places may be loaded, for everybody who holds this gate.
    pub fn confine(&self, targets: Targets) {
        self.rules.limits.write().unwrap_or_else(PoisonError::into_inner).targets = Some(targets);
    }

    fn limits(&self) -> Limits {
        self.rules.limits.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same rules with these clusters in maintenance; the gate it comes from stays as it is.
    #[must_use]
    pub fn holding(&self, clusters: Vec<ClusterId>) -> Self {
        Self { rules: self.rules.clone(), held: Arc::new(RwLock::new(clusters)) }
    }

    /// From now on these clusters are in maintenance, for everybody who has a clone of this gate.
    pub fn hold(&self, clusters: Vec<ClusterId>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = clusters;
    }

    /// Actions on this cluster are refused until the person ends its maintenance.
    pub fn is_held(&self, cluster: &ClusterId) -> bool {
        self.held.read().unwrap_or_else(PoisonError::into_inner).contains(cluster)
    }

    /// Nothing may be changed.
    pub fn readonly(&self) -> bool {
        self.limits().readonly
    }

    /// Actions on this cluster ask for its name.
    pub fn is_protected(&self, cluster: &ClusterId) -> bool {
        self.limits().protected.iter().any(|pattern| super::filter::glob(pattern, cluster.as_str()))
    }

    /// May this be done?
    pub fn check(&self, action: &Action) -> Verdict {
        if self.readonly() {
            return Verdict::Refused(Problem {
                code: "gate.readonly",
                what: format!("{} {} was not done", action.verb, action.target),
                why: "this session is read-only".into(),
                hints: vec!["start without --readonly, or take `readonly` out of the settings".into()],
            });
        }
        if let Some(targets) = self.limits().targets.filter(|targets| action.verb == "load" && !targets.hold(&action.target)) {
            return Verdict::Refused(Problem {
                code: "gate.target",
                what: format!("{} was not loaded", action.target),
                why: format!("{} names the only places that may be: {}", targets.named_in, targets.globs.join(", ")),
                hints: vec!["add its host there if its owner agrees".into()],
            });
        }
        match &action.cluster {
            Some(cluster) if self.is_held(cluster) => Verdict::Refused(Problem {
                code: "gate.maintenance",
                what: format!("{cluster} is in maintenance"),
                why: format!("{} {} was not done", action.verb, action.target),
                hints: vec!["M in the list of connections (,k) ends it".into()],
            }),
            Some(cluster) if self.is_protected(cluster) => Verdict::TypeName(cluster.to_string()),
            _ => Verdict::Allowed,
        }
    }

    /// Writes down what was done, one JSON object a line.
    ///
    /// # Errors
    /// What the disk says; the action itself has already happened.
    pub fn record(&self, action: &Action, outcome: &str, unix: i64) -> std::io::Result<()> {
        let Some(path) = &self.rules.audit else { return Ok(()) };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let cluster = action.cluster.as_ref().map(ToString::to_string);
        let line = Deed { unix, verb: action.verb.to_owned(), cluster, target: action.target.clone(), outcome: outcome.to_owned() };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(&text)
    }

    /// What was written down last, the newest first, out of the end of the log; lines that cannot be read are left out.
    ///
    /// # Errors
    /// What the disk says.
    pub fn history(&self) -> std::io::Result<Vec<Deed>> {
        let Some(path) = &self.rules.audit else { return Ok(Vec::new()) };
        let mut file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let before = file.metadata()?.len().saturating_sub(TAIL);
        file.seek(SeekFrom::Start(before))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).lines().rev().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_may_be_loaded() {
        let gate = Gate::new(false, vec![], None);
        let load = |target: &str| Action { verb: "load", cluster: None, target: target.into() };
        assert_eq!(gate.check(&load("http://example.com/")), Verdict::Allowed);
        let globs = ["127.0.0.1", "*.shop.example", "db:5432", "[::1]", "unix:/run/shop*"].map(str::to_owned).to_vec();
        gate.clone().confine(Targets { globs, named_in: "config.toml:3".into() });
        for target in ["http://127.0.0.1:8080/a", "https://a.shop.example/?x", "tcp://db:5432", "udp://[::1]:53", "unix:/run/shop.sock:/"] {
            assert_eq!(gate.check(&load(target)), Verdict::Allowed, "{target}");
        }
        for target in
            ["http://example.com/", "http://example.com/x.shop.example", "tcp://db:5433", "http://127.0.0.1.example/", "unix:/etc/x:/run/shop"]
        {
            let Verdict::Refused(problem) = gate.check(&load(target)) else { panic!("{target}") };
            assert!(problem.code == "gate.target" && problem.why.contains("config.toml:3"), "{problem}");
        }
        assert_eq!(gate.check(&delete("lab")), Verdict::Allowed);
    }

    fn delete(cluster: &str) -> Action {
        Action { verb: "delete", cluster: Some(ClusterId::new(cluster)), target: "pod web".into() }
    }

    #[test]
    fn protected_clusters_ask_for_their_name_and_read_only_refuses() {
        let gate = Gate::new(false, vec!["prod*".into()], None);
        assert_eq!(gate.check(&delete("prod-eu")), Verdict::TypeName("prod-eu".into()));
        assert_eq!(gate.check(&delete("lab")), Verdict::Allowed);
        assert!(matches!(Gate::new(true, vec![], None).check(&delete("lab")), Verdict::Refused(_)));
    }

    #[test]
    fn a_cluster_in_maintenance_is_only_looked_at() {
        let gate = Gate::new(false, vec![], None);
        let held = gate.holding(vec![ClusterId::new("lab")]);
        assert!(matches!(held.check(&delete("lab")), Verdict::Refused(problem) if problem.what.contains("maintenance")));
        assert_eq!((held.check(&delete("prod")), gate.check(&delete("lab"))), (Verdict::Allowed, Verdict::Allowed));
    }

    #[test]
    fn what_was_done_is_a_line_of_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/audit.ndjson");
        let gate = Gate::new(false, vec![], Some(path.clone()));
        gate.record(&delete("lab"), "done", 7).unwrap();
        gate.record(&delete("lab"), "failed", 8).unwrap();
        let lines: Vec<serde_json::Value> = std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[1]["outcome"]), (2, &serde_json::json!("failed")));
        let told: Vec<(i64, String)> = gate.history().unwrap().into_iter().map(|deed| (deed.unix, deed.outcome)).collect();
        assert_eq!(told, [(8, "failed".to_owned()), (7, "done".to_owned())]);
    }

    #[test]
    fn rules_that_are_added_hold_for_everybody_and_none_is_taken_away() {
        let gate = Gate::new(false, vec!["prod*".into()], None);
        let held = gate.clone();
        gate.tighten(false, &["lab".into()]);
        assert!(["prod-eu", "lab"].iter().all(|name| matches!(held.check(&delete(name)), Verdict::TypeName(_))));
        gate.tighten(true, &[]);
        gate.tighten(false, &[]);
        assert!(held.readonly());
    }
}
