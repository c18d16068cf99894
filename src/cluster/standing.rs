//! Standings: which moves there are between them, what each one means, and the record a connection keeps of them. Pure; who asks for a move and what is
//! done about it stand elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::{ClusterId, ConnectionKind, Problem, Standing};

/// One move from a standing to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// From here.
    pub from: Standing,
    /// To there.
    pub to: Standing,
    /// Only connections that lead to a Kubernetes API server make it.
    pub cluster: bool,
    /// The verb, for the title of a question.
    pub verb: &'static str,
    /// What it means, said before it is done.
    pub guard: &'static str,
}

const fn any(from: Standing, to: Standing, verb: &'static str, guard: &'static str) -> Transition {
    Transition { from, to, cluster: false, verb, guard }
}

const fn cluster(from: Standing, to: Standing, verb: &'static str, guard: &'static str) -> Transition {
    Transition { from, to, cluster: true, verb, guard }
}

const REGISTER: &str = "it is kept in the list as one you work with; nothing is asked of it";
const CONNECT: &str = "it is asked with your credentials and watched; nothing is changed there";
const IGNORE: &str = "no glob and no environment opens it any more; `:ctx NAME` still does";
const MAINTAIN: &str = "it is watched on; every action there is refused until you end this";
const RESUME: &str = "actions there are possible again";
const DISCONNECT: &str = "its watches end and its rows go; nothing is changed there";
const DELETE: &str = "it is struck off this list; kubeconfig and cluster stay as they are";
const RESTORE: &str = "it is in the list again; nothing is asked of it";
const VANISH: &str = "what named it names it no more";

/// Every move there is. Those of Meshery's two state machines (kubernetes, and prometheus and grafana), and ours: into and out of maintenance, which
/// has no implementation there; out of `ignored` and `deleted` for every kind, so that no slip is for ever; and to `not found` from wherever the
/// connection stands, because the kubeconfig is not ours.
pub const TRANSITIONS: &[Transition] = &[
    any(Standing::Discovered, Standing::Registered, "Register", REGISTER),
    cluster(Standing::Discovered, Standing::NotFound, "Lose", VANISH),
    any(Standing::Discovered, Standing::Ignored, "Ignore", IGNORE),
    any(Standing::Discovered, Standing::Deleted, "Delete", DELETE),
    any(Standing::Registered, Standing::Connected, "Connect", CONNECT),
    any(Standing::Registered, Standing::Ignored, "Ignore", IGNORE),
    cluster(Standing::Registered, Standing::NotFound, "Lose", VANISH),
    any(Standing::Connected, Standing::Disconnected, "Disconnect", DISCONNECT),
    any(Standing::Connected, Standing::Deleted, "Delete", DELETE),
    cluster(Standing::Connected, Standing::NotFound, "Lose", VANISH),
    any(Standing::Connected, Standing::Ignored, "Ignore", IGNORE),
    cluster(Standing::Connected, Standing::Maintenance, "Hold for maintenance", MAINTAIN),
    cluster(Standing::Maintenance, Standing::Connected, "End maintenance", RESUME),
    cluster(Standing::Maintenance, Standing::Disconnected, "Disconnect", DISCONNECT),
    cluster(Standing::Maintenance, Standing::NotFound, "Lose", VANISH),
    any(Standing::Ignored, Standing::Deleted, "Delete", DELETE),
    any(Standing::Ignored, Standing::Registered, "Register", REGISTER),
    cluster(Standing::Ignored, Standing::NotFound, "Lose", VANISH),
    any(Standing::Disconnected, Standing::Connected, "Connect", CONNECT),
    any(Standing::Disconnected, Standing::Ignored, "Ignore", IGNORE),
    any(Standing::Disconnected, Standing::Deleted, "Delete", DELETE),
    cluster(Standing::Disconnected, Standing::NotFound, "Lose", VANISH),
    cluster(Standing::NotFound, Standing::Discovered, "Find", RESTORE),
    cluster(Standing::NotFound, Standing::Deleted, "Delete", DELETE),
    any(Standing::Deleted, Standing::Discovered, "Restore", RESTORE),
];

/// The move between two standings, if a connection of that kind can make it.
pub fn transition(kind: ConnectionKind, from: Standing, to: Standing) -> Option<&'static Transition> {
    moves(kind, from).find(|one| one.to == to)
}

/// Every move a connection of that kind can make from there.
pub fn moves(kind: ConnectionKind, from: Standing) -> impl Iterator<Item = &'static Transition> {
    TRANSITIONS.iter().filter(move |one| one.from == from && (!one.cluster || kind == ConnectionKind::Kubernetes))
}

/// The moves that lead from a standing to another, the fewest there are; none where no way leads there. Nobody is led through a standing that only
/// the world decides about, or through being struck off.
pub fn route(kind: ConnectionKind, from: Standing, to: Standing) -> Option<Vec<&'static Transition>> {
    let mut reached: Vec<(Standing, Vec<&'static Transition>)> = vec![(from, Vec::new())];
    let mut next = 0;
    while let Some((here, way)) = reached.get(next).cloned() {
        if here == to {
            return Some(way);
        }
        for step in moves(kind, here) {
            let through = step.to == to || !matches!(step.to, Standing::NotFound | Standing::Deleted);
            if through && !reached.iter().any(|(there, _)| *there == step.to) {
                reached.push((step.to, way.iter().copied().chain([step]).collect()));
            }
        }
        next += 1;
    }
    None
}

/// How a connection stands and how it came to that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// How it stands.
    pub standing: Standing,
    /// The moves it made, the newest last.
    pub history: Vec<Move>,
    /// The uid of its cluster's namespace kube-system, once known: contexts that share it are one cluster.
    pub identity: Option<String>,
}

/// A move that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// When, unix seconds.
    pub at: i64,
    /// From here.
    pub from: Standing,
    /// To there.
    pub to: Standing,
}

/// Moves that are remembered.
const KEPT: usize = 20;

impl Record {
    /// Makes the moves that lead there; false where no way does.
    pub fn go(&mut self, kind: ConnectionKind, to: Standing, at: i64) -> bool {
        let Some(way) = route(kind, self.standing, to) else { return false };
        self.history.extend(way.iter().map(|step| Move { at, from: step.from, to: step.to }));
        let surplus = self.history.len().saturating_sub(KEPT);
        self.history.drain(..surplus);
        self.standing = to;
        true
    }

    /// Since when it stands so, unix seconds; none where it never moved.
    pub fn since(&self) -> Option<i64> {
        self.history.last().map(|last| last.at)
    }

    /// A glob or an environment may open it.
    pub fn may_be_meant(&self) -> bool {
        !matches!(self.standing, Standing::Ignored | Standing::Deleted | Standing::NotFound)
    }
}

/// A connection that no kubeconfig names: declared by the person in the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// Its name, among those of the contexts.
    pub id: ClusterId,
    /// What it leads to.
    pub kind: ConnectionKind,
    /// Where it is.
    pub url: String,
    /// Where it is declared, `config.toml:7` with the path.
    #[serde(default)]
    pub place: String,
}

/// What is wrong with a declared connection whose name a context or an earlier one has; none where it is free. `taken` are those names.
pub(super) fn clash<'a>(declared: &Declared, taken: impl IntoIterator<Item = &'a ClusterId>) -> Option<Problem> {
    let Declared { id, place, .. } = declared;
    taken.into_iter().any(|one| one == id).then(|| {
        let why = format!("a context of the kubeconfig, or a connection before it, is called {id} too: nobody could tell them apart");
        Problem::new("config.connection", format!("{place}: the connection {id} was not used"), why).hint("give it a name of its own")
    })
}

/// What a start leaves for the next, as far as whoever changes something has to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Standings {
    /// How connections stand.
    standings: BTreeMap<ClusterId, Record>,
}

impl Standings {
    /// The clusters in maintenance.
    pub fn held(&self) -> Vec<ClusterId> {
        self.standings.iter().filter(|(_, record)| record.standing == Standing::Maintenance).map(|(id, _)| id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Standing as S;
    use super::*;

    /// Meshery's tables, as its server has them (server/machines/kubernetes/machine.go and default_machine.go).
    #[test]
    fn every_move_of_mesherys_machines_is_possible() {
        let kubernetes: [(S, &[S]); 6] = [
            (S::Discovered, &[S::Registered, S::NotFound, S::Deleted]),
            (S::Registered, &[S::Connected, S::Ignored]),
            (S::Connected, &[S::Disconnected, S::Deleted, S::NotFound, S::Ignored]),
            (S::Ignored, &[S::Deleted, S::Registered]),
            (S::Disconnected, &[S::Connected, S::Deleted]),
            (S::NotFound, &[S::Discovered, S::Deleted]),
        ];
        let others: [(S, &[S]); 4] = [
            (S::Discovered, &[S::Registered, S::Ignored]),
            (S::Registered, &[S::Connected, S::Ignored]),
            (S::Connected, &[S::Disconnected, S::Deleted]),
            (S::Disconnected, &[S::Connected, S::Deleted]),
        ];
        for (kind, table) in [(ConnectionKind::Kubernetes, &kubernetes[..]), (ConnectionKind::Prometheus, &others[..])] {
            for (from, all) in table {
                for to in *all {
                    assert!(transition(kind, *from, *to).is_some(), "{kind}: {from} → {to}");
                }
            }
        }
    }

    #[test]
    fn every_standing_can_be_left_and_every_move_says_what_it_means() {
        for (standing, word) in S::ALL {
            assert!(moves(ConnectionKind::Kubernetes, standing).next().is_some(), "{word}");
            assert!(route(ConnectionKind::Kubernetes, standing, S::Connected).is_some(), "{word}");
        }
        assert!(TRANSITIONS.iter().all(|one| !one.guard.is_empty() && !one.verb.is_empty()));
    }

    #[test]
    fn what_is_new_is_registered_before_it_is_connected_and_both_are_kept() {
        let mut record = Record::default();
        assert!(record.go(ConnectionKind::Kubernetes, S::Connected, 7));
        let moves: Vec<_> = record.history.iter().map(|one| (one.from, one.to)).collect();
        assert_eq!(moves, [(S::Discovered, S::Registered), (S::Registered, S::Connected)]);
        assert_eq!((record.standing, record.since()), (S::Connected, Some(7)));
    }

    /// As the screen writes it, with much that is not read here.
    #[test]
    fn who_changes_something_learns_what_is_in_maintenance() {
        let text = r#"{"contexts": ["lab"], "standings": {"lab": {"standing": "maintenance", "history": []}, "prod": {"standing": "connected"}}}"#;
        assert_eq!(serde_json::from_str::<Standings>(text).unwrap().held(), [ClusterId::new("lab")]);
    }

    #[test]
    fn a_prometheus_knows_no_maintenance() {
        let mut record = Record::default();
        assert!(!record.go(ConnectionKind::Prometheus, S::Maintenance, 7));
        assert_eq!(record, Record::default());
    }
}
