//! From worlds to lines: what stands below what, what is folded, what the filter leaves. Only what is unfolded is looked at.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::state::{Grove, Line, State, What};
use crate::cluster::rows::{Row, RowState};
use crate::relations::graph::At;
use crate::survey::world::Relation;

/// Up to so many roots are shown unfolded, and up to so many pods are looked into for trouble.
const FEW: usize = 60;

/// Up to so many objects a filter looks into what is folded too.
const SEARCHED: usize = 5_000;

/// Nothing is deeper; a ring of needs ends here.
const DEEPEST: usize = 10;

/// Makes the lines anew; the cursor stays on its own, or waits for it in its place.
pub(super) fn lines(state: &mut State) {
    let many = state.groves.len() > 1;
    let mut lines = Vec::new();
    for (at, grove) in state.groves.iter().enumerate() {
        let mut roots = grove.root.as_ref().map(|root| grove.world.of_kind(root)).unwrap_or_default();
        sort(grove, &mut roots);
        let count = state.roots();
        let searched = !state.filter.is_empty() && count <= SEARCHED;
        let mut tree = Tree { state, grove, index: at, few: count <= FEW, searched, lines: Vec::new() };
        let roots: Vec<What> = roots.into_iter().map(What::Object).collect();
        if many {
            // A cluster of which nothing is known has its line too, which says why.
            let key = hash(0, grove.cluster.as_str());
            let open = (!roots.is_empty()).then(|| state.folds.get(&key).copied().unwrap_or(true));
            tree.lines.push(Line { key, grove: at, depth: 0, rails: 0, last: true, what: What::Cluster, open });
            if open == Some(true) {
                tree.level(roots, 1, key);
            }
        } else {
            tree.level(roots, 0, hash(0, grove.cluster.as_str()));
        }
        lines.extend(filtered(tree.lines, grove, &state.filter));
    }
    join(&mut lines);
    state.lines = lines;
    let found = state.cursor.and_then(|key| state.lines.iter().position(|line| line.key == key));
    state.position = found.unwrap_or(state.position).min(state.lines.len().saturating_sub(1));
}

struct Tree<'a> {
    state: &'a State,
    grove: &'a Grove,
    index: usize,
    few: bool,
    searched: bool,
    lines: Vec<Line>,
}

impl Tree<'_> {
    /// Lines on one level, each with what is below it.
    fn level(&mut self, all: Vec<What>, depth: usize, above: u64) {
        let crowded = all.len() > FEW;
        for what in all {
            let key = hash(above, &name(self.grove, &what));
            let below = if depth < DEEPEST { self.below(&what) } else { Below::Nothing };
            let open = match below {
                Below::Nothing => None,
                Below::Something => Some(self.is_open(key, &what, depth, crowded)),
            };
            self.lines.push(Line { key, grove: self.index, depth, rails: 0, last: true, what: what.clone(), open });
            if open == Some(true) {
                self.level(self.inside(&what), depth + 1, key);
            }
        }
    }

    fn is_open(&self, key: u64, what: &What, depth: usize, crowded: bool) -> bool {
        let told = self.state.folds.get(&key).copied().or(self.state.all);
        let root = depth == usize::from(self.state.groves.len() > 1);
        self.searched
            || told.unwrap_or_else(|| match what {
                What::Object(at) if self.is_pod(*at) => self.few && !crowded && self.is_troubled(*at),
                What::Object(_) if root => self.few,
                What::Object(_) | What::Need(..) | What::Cluster | What::Inside(..) => true,
            })
    }

    fn is_pod(&self, at: At) -> bool {
        self.grove.world.row(at).is_some_and(|row| &*row.gvk.kind == "Pod" && row.gvk.group.is_empty())
    }

    fn is_troubled(&self, at: At) -> bool {
        let bad = self.grove.world.row(at).is_some_and(|row| row.state >= RowState::Warn);
        bad || self.grove.world.needs(at).iter().any(|need| need.there.is_wrong())
    }

    /// Whether anything stands below, as cheaply as that can be said.
    fn below(&self, what: &What) -> Below {
        let something = match what {
            What::Cluster => true,
            What::Inside(..) => false,
            // A pod runs something; what that is is looked at when it is unfolded.
            What::Object(at) if self.is_pod(*at) => true,
            What::Object(at) => !self.objects(*at).is_empty() || !self.grove.world.needs(*at).is_empty(),
            What::Need(_, at) => at.is_some_and(|at| !self.grove.world.needs(at).is_empty()),
        };
        if something { Below::Something } else { Below::Nothing }
    }

    /// What stands below a line.
    fn inside(&self, what: &What) -> Vec<What> {
        let needs = |at: At| self.grove.world.needs(at).into_iter().map(|need| self.need(need));
        match what {
            What::Object(at) if self.is_pod(*at) => {
                let containers = (0..self.grove.world.inside(*at).len()).map(|place| What::Inside(*at, place));
                containers.chain(needs(*at)).collect()
            }
            What::Object(at) => {
                let objects = self.objects(*at);
                // What pods need is said at the pods.
                if objects.is_empty() { needs(*at).collect() } else { objects.into_iter().map(What::Object).collect() }
            }
            What::Need(_, Some(at)) => needs(*at).collect(),
            _ => Vec::new(),
        }
    }

    fn need(&self, need: Relation) -> What {
        let at = self.grove.world.find(&need.other);
        What::Need(Box::new(need), at)
    }

    /// Objects below an object: what it controls, or the pods it selects. Sets that hold no pods any more are history.
    fn objects(&self, at: At) -> Vec<At> {
        let world = &self.grove.world;
        let mut all = world.children(at);
        if all.is_empty() {
            all = world.selected(at).into_iter().filter(|pod| self.is_pod(*pod)).collect();
        }
        all.retain(|child| {
            world.row(*child).is_some_and(|row| &*row.gvk.kind != "ReplicaSet" || row.state != RowState::Done || !world.children(*child).is_empty())
        });
        sort(self.grove, &mut all);
        all
    }
}

enum Below {
    Nothing,
    Something,
}

/// By kind, namespace and name.
fn sort(grove: &Grove, all: &mut [At]) {
    let key = |at: &At| grove.world.row(*at).map(|row| (row.gvk.kind.clone(), row.namespace.clone(), row.name.clone()));
    all.sort_by_cached_key(key);
}

/// Lines with the text, and the lines above them.
fn filtered(lines: Vec<Line>, grove: &Grove, filter: &str) -> Vec<Line> {
    if filter.is_empty() {
        return lines;
    }
    let needle = filter.to_lowercase();
    let mut kept = vec![false; lines.len()];
    // The lines above the one at hand, the nearest last.
    let mut above: Vec<usize> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        above.retain(|up| lines.get(*up).is_some_and(|up| up.depth < line.depth));
        if name(grove, &line.what).to_lowercase().contains(&needle) {
            for up in above.iter().chain([&at]) {
                if let Some(mark) = kept.get_mut(*up) {
                    *mark = true;
                }
            }
        }
        above.push(at);
    }
    lines.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(line, _)| line).collect()
}

/// Says of each line what follows on its own level and on those above.
fn join(lines: &mut [Line]) {
    let mut more = 0u64;
    for line in lines.iter_mut().rev() {
        let own = 1u64 << line.depth.min(63);
        line.last = more & own == 0;
        line.rails = more & (own - 1);
        more = more & (own - 1) | own;
    }
}

/// What a line is known by, among those beside it.
fn name(grove: &Grove, what: &What) -> String {
    match what {
        What::Cluster => grove.cluster.to_string(),
        What::Object(at) => grove.world.row(*at).map(object).unwrap_or_default(),
        What::Inside(at, place) => grove.world.inside(*at).get(*place).map(|inside| format!("{} {}", inside.what, inside.name)).unwrap_or_default(),
        What::Need(need, _) => format!("{} {}", need.other.gvk.kind, need.other.name),
    }
}

fn object(row: &Row) -> String {
    match &row.namespace {
        Some(namespace) => format!("{} {namespace}/{}", row.gvk.kind, row.name),
        None => format!("{} {}", row.gvk.kind, row.name),
    }
}

fn hash(above: u64, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (above, name).hash(&mut hasher);
    hasher.finish()
}
