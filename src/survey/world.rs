//! What a survey has found: the graph, how each object in it does, and what of it is known. Pure: no watch, no clock.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Inside, News, Thing};
use crate::cluster::rows::{Phase, Row, RowState, Uid};
use crate::names::{ClusterId, Gvk, ObjectKey, Problem};
use crate::relations::facts::Id;
use crate::relations::graph::{At, Edge, End, Graph};
use crate::relations::rules::{Class, Rules};

/// The objects of one cluster.
#[derive(Debug)]
pub struct World {
    rules: Arc<Rules>,
    owns: u16,
    graph: Graph,
    things: HashMap<At, Known>,
    places: HashMap<Uid, At>,
    phases: Vec<(Arc<Gvk>, Phase)>,
}

/// What is kept of an object beside its facts, which are in the graph.
#[derive(Debug)]
struct Known {
    row: Row,
    note: String,
    inside: Vec<Inside>,
}

/// One relation of an object, to be read by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// It goes out of the object; else it comes in.
    pub out: bool,
    /// `mounts`, `selected by`.
    pub verb: String,
    /// The other object.
    pub other: ObjectKey,
    /// How that does.
    pub state: RowState,
    /// The same in words.
    pub note: String,
    /// Whether it is there.
    pub there: There,
    /// So many more that it owns are related in the same way.
    pub more: usize,
}

/// Whether a target is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum There {
    /// It is.
    Yes,
    /// It is not.
    Missing,
    /// It is not, and need not be.
    Optional,
    /// It has no such key inside.
    Lacks(String),
    /// It was not looked at, or may not be.
    Unknown,
}

impl There {
    /// Somebody should look.
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Missing | Self::Lacks(_))
    }
}

impl World {
    /// A world of which nothing is known yet.
    pub fn new(rules: Arc<Rules>) -> Self {
        let owns = rules.iter().find(|(_, rule)| rule.class == Class::Owns).map_or(u16::MAX, |(index, _)| index);
        Self { rules, owns, graph: Graph::new(), things: HashMap::new(), places: HashMap::new(), phases: Vec::new() }
    }

    /// Takes in what changed.
    pub fn apply(&mut self, news: News) {
        for uid in news.removed {
            if let Some(at) = self.places.remove(&uid) {
                self.graph.remove(at);
                self.things.remove(&at);
            }
        }
        for Thing { row, note, facts, inside } in news.upserts {
            let (at, _) = self.graph.put(facts);
            // One of the same name may have been another one.
            if let Some(old) = self.things.get(&at).map(|known| known.row.uid).filter(|uid| *uid != row.uid) {
                self.places.remove(&old);
            }
            self.places.insert(row.uid, at);
            self.things.insert(at, Known { row, note, inside });
        }
        if let Some(phase) = news.phase {
            match self.phases.iter_mut().find(|(kind, _)| *kind == news.kind) {
                Some((_, old)) => *old = phase,
                None => self.phases.push((news.kind, phase)),
            }
        }
    }

    /// How far each kind is.
    pub fn phases(&self) -> &[(Arc<Gvk>, Phase)] {
        &self.phases
    }

    /// What cannot be looked at, and why.
    pub fn unknown(&self) -> impl Iterator<Item = (&Gvk, &Problem)> {
        self.phases.iter().filter_map(|(kind, phase)| if let Phase::Stale { problem, .. } = phase { Some((&**kind, problem)) } else { None })
    }

    /// The object of that key, by its uid where that is known.
    pub fn find(&self, key: &ObjectKey) -> Option<At> {
        let by_uid = self.places.get(&Uid::parse(&key.uid)).copied().filter(|_| !key.uid.is_empty());
        let id = || Id { group: key.gvk.group.clone(), kind: key.gvk.kind.clone(), namespace: key.namespace.clone(), name: key.name.clone() };
        by_uid.or_else(|| self.graph.find(&id()))
    }

    /// All objects of a kind, in no order.
    pub fn of_kind(&self, gvk: &Gvk) -> Vec<At> {
        self.graph.of_kind(&gvk.group, &gvk.kind).collect()
    }

    /// The row of an object.
    pub fn row(&self, at: At) -> Option<&Row> {
        self.things.get(&at).map(|known| &known.row)
    }

    /// How an object does, in words.
    pub fn note(&self, at: At) -> &str {
        self.things.get(&at).map_or("", |known| &known.note)
    }

    /// The containers of a pod.
    pub fn inside(&self, at: At) -> &[Inside] {
        self.things.get(&at).map_or(&[], |known| &known.inside)
    }

    /// What the object controls.
    pub fn children(&self, at: At) -> Vec<At> {
        self.graph.children(at, self.owns)
    }

    /// What it selects.
    pub fn selected(&self, at: At) -> Vec<At> {
        let selects = |edge: &Edge| self.rules.get(edge.rule).is_some_and(|rule| rule.class == Class::Selects);
        let here = |edge: Edge| if let End::Here(at) = edge.end { Some(at) } else { None };
        self.graph.uses(at).into_iter().filter(selects).filter_map(here).collect()
    }

    /// Everything the object needs to be there, for a tree: not its place, its owner, its node, or what it selects.
    pub fn needs(&self, at: At) -> Vec<Relation> {
        let above = |class: Class| matches!(class, Class::Contains | Class::Owns | Class::Selects);
        let wanted = |edge: &Edge| self.rules.get(edge.rule).is_some_and(|rule| !above(rule.class) && rule.id != "pod.node");
        let cluster = self.row(at).map(|row| row.cluster.clone());
        let Some(cluster) = cluster else { return Vec::new() };
        let mut needs: Vec<Relation> = Vec::new();
        for edge in self.graph.uses(at).into_iter().filter(wanted) {
            let Some(next) = self.relation(&edge, true, &cluster) else { continue };
            // Mounted and read is needed once; that it lacks something counts more.
            match needs.iter_mut().find(|known| known.other.gvk == next.other.gvk && known.other.name == next.other.name) {
                Some(known) if next.there.is_wrong() && !known.there.is_wrong() => *known = next,
                Some(_) => {}
                None => needs.push(next),
            }
        }
        needs
    }

    /// Everything an object uses and is used by: what is wrong first, then what it uses, then what uses it.
    pub fn relations(&self, at: At) -> Vec<Relation> {
        let Some(cluster) = self.row(at).map(|row| row.cluster.clone()) else { return Vec::new() };
        let out = self.graph.uses(at).into_iter().filter_map(|edge| Some((self.rank(&edge), self.relation(&edge, true, &cluster)?)));
        let back = self.topmost(self.graph.used_by(at)).into_iter();
        let back = back.filter_map(|(edge, more)| Some((self.rank(&edge), Relation { more, ..self.relation(&edge, false, &cluster)? })));
        let mut all: Vec<(u8, Relation)> = out.chain(back).collect();
        all.sort_by(|(a_rank, a), (b_rank, b)| {
            let key = |rank: &u8, one: &Relation| {
                (!one.there.is_wrong(), !one.out, *rank, one.verb.clone(), one.other.gvk.kind.clone(), one.other.name.clone())
            };
            key(a_rank, a).cmp(&key(b_rank, b))
        });
        let mut all: Vec<Relation> = all.into_iter().map(|(_, relation)| relation).collect();
        all.dedup();
        all
    }

    /// Owners first, the place last.
    fn rank(&self, edge: &Edge) -> u8 {
        match self.rules.get(edge.rule).map(|rule| rule.class) {
            Some(Class::Owns) => 0,
            Some(Class::Contains) | None => u8::MAX,
            Some(class) => 1 + class as u8,
        }
    }

    /// Of users that own one another only the topmost, with how many more there are below it.
    fn topmost(&self, edges: Vec<Edge>) -> Vec<(Edge, usize)> {
        let verbs: HashMap<(At, u16), ()> =
            edges.iter().filter_map(|edge| if let End::Here(at) = edge.end { Some(((at, edge.rule), ())) } else { None }).collect();
        let mut below: HashMap<(At, u16), usize> = HashMap::new();
        let mut top = Vec::new();
        for edge in edges {
            let End::Here(at) = edge.end else { continue };
            let owners = self.graph.owners(at, self.owns);
            match owners.into_iter().rev().find(|owner| verbs.contains_key(&(*owner, edge.rule))) {
                Some(owner) => *below.entry((owner, edge.rule)).or_default() += 1,
                None => top.push((at, edge)),
            }
        }
        let more = |(at, edge): (At, Edge)| {
            let count = below.get(&(at, edge.rule)).copied().unwrap_or_default();
            (edge, count)
        };
        top.into_iter().map(more).collect()
    }

    fn relation(&self, edge: &Edge, out: bool, cluster: &ClusterId) -> Option<Relation> {
        let rule = self.rules.get(edge.rule)?;
        let [outwards, inwards] = &rule.says;
        let verb = if out { outwards.clone() } else { inwards.clone() };
        let there = |at: At| (self.row(at).map(Row::key), self.row(at).map(|row| row.state), self.note(at).to_owned());
        let (other, state, note, there) = match &edge.end {
            End::Here(at) => {
                let (key, state, note) = there(*at);
                (key?, state.unwrap_or_default(), note, There::Yes)
            }
            End::Lacks(at, key) => {
                let (object, _, note) = there(*at);
                let lacks = if edge.optional { There::Optional } else { There::Lacks(key.to_string()) };
                (object?, RowState::Bad, note, lacks)
            }
            End::Missing(id) => {
                let (gvk, there) = self.missing(id, edge.optional);
                let state = if there.is_wrong() { RowState::Bad } else { RowState::Fine };
                let key = ObjectKey { cluster: cluster.clone(), gvk, namespace: id.namespace.clone(), name: id.name.clone(), uid: "".into() };
                (key, state, String::new(), there)
            }
        };
        Some(Relation { out, verb, other, state, note, there, more: 0 })
    }

    /// What is not here is missing only where everything of its kind is known.
    fn missing(&self, id: &Id, optional: bool) -> (Arc<Gvk>, There) {
        let known = self.phases.iter().find(|(kind, _)| kind.group == id.group && kind.kind == id.kind);
        let gvk =
            known.map_or_else(|| Arc::new(Gvk { group: id.group.clone(), version: "".into(), kind: id.kind.clone() }), |(kind, _)| kind.clone());
        match known {
            Some((_, Phase::Synced)) if optional => (gvk, There::Optional),
            Some((_, Phase::Synced)) => (gvk, There::Missing),
            _ => (gvk, There::Unknown),
        }
    }
}
