//! The index over the facts of many objects: who provides what, who wants what, and with that who uses whom. Kept up to date object by object; each
//! change answers whose relations it changed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::facts::{Facts, Id, Selector, Wanted};

/// The objects of one cluster or design.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Option<Node>>,
    free: Vec<u32>,
    keys: Keys,
    words: Words,
    kinds: Vec<(Arc<str>, Arc<str>)>,
}

/// The place of an object in the graph. Another object may have it when this one is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At(u32);

/// One relation, seen from one of its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// By which rule.
    pub rule: u16,
    /// The other end.
    pub end: End,
    /// It is no problem when the target is missing.
    pub optional: bool,
}

/// The other end of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// An object that is here.
    Here(At),
    /// A target that is not here.
    Missing(Id),
    /// A target that is here but does not hold this key.
    Lacks(At, Arc<str>),
}

#[derive(Debug)]
struct Node {
    kind: u32,
    namespace: Option<Arc<str>>,
    name: Arc<str>,
    labels: Arc<[Arc<str>]>,
    provides: Box<[u32]>,
    wants: Box<[Link]>,
    selects: Box<[Select]>,
}

/// A want by key.
#[derive(Clone, Copy, Debug)]
struct Link {
    key: u32,
    rule: u16,
    optional: bool,
}

/// A want by labels.
#[derive(Debug)]
struct Select {
    rule: u16,
    selector: Selector,
    /// Whatever it selects provides one of these.
    anchors: Box<[u32]>,
}

/// What one object offers and another may want.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(u32, Option<Arc<str>>, Arc<str>),
    Uid(u128),
    /// A label, of pods and their templates (0) or of one kind (its number and one more).
    Label(u32, Option<Arc<str>>, Arc<str>),
    /// Any labels at all.
    Labelled(u32, Option<Arc<str>>),
    /// A key inside an object.
    Inside(Box<(u32, Option<Arc<str>>, Arc<str>, Arc<str>)>),
    Made(u16, Arc<str>),
}

/// Who provides and who wants each key. Keys nobody knows any more are forgotten.
#[derive(Debug, Default)]
struct Keys {
    index: HashMap<Key, u32>,
    entries: Vec<Entry>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    providers: Few,
    wanters: Few,
}

/// Mostly one, sometimes thousands.
#[derive(Debug, Default)]
enum Few {
    #[default]
    None,
    One(u32),
    Many(Box<Vec<u32>>),
}

/// Texts and lists of labels that come again and again are kept once.
#[derive(Debug, Default)]
struct Words {
    words: HashSet<Arc<str>>,
    lists: HashSet<Arc<[Arc<str>]>>,
    sweep_at: usize,
}

/// Fewer words than this are never looked through for those that nobody holds.
const SOME: usize = 4_096;

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Objects there are.
    pub fn len(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    /// No objects at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an object or puts it in the place of the one of the same name. Answers its place, and whose relations may be others now, itself among them.
    pub fn put(&mut self, facts: Facts) -> (At, Vec<At>) {
        let kind = self.kind(&facts.id.group, &facts.id.kind);
        let namespace = facts.id.namespace.as_deref().map(|text| self.words.word(text));
        let name = self.words.word(&facts.id.name);
        let known = self.provider(&Key::Name(kind, namespace.clone(), name.clone()));
        let place = known.map_or_else(|| self.free.pop().unwrap_or_else(|| u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)), |at| at.0);
        let old = self.nodes.get_mut(place as usize).and_then(Option::take);
        let node = self.node(kind, namespace, name, facts);
        let mut affected = self.moved(old.as_ref(), Some(&node));
        // What stays is entered before the old goes, so that nothing is forgotten and made again.
        self.enter(place, &node);
        if let Some(old) = old {
            self.leave(place, &old, Some(&node));
        }
        match self.nodes.get_mut(place as usize) {
            Some(slot) => *slot = Some(node),
            None => self.nodes.push(Some(node)),
        }
        affected.insert(At(place));
        (At(place), affected.into_iter().collect())
    }

    /// Takes an object away. Answers whose relations are others now.
    pub fn remove(&mut self, at: At) -> Vec<At> {
        let Some(old) = self.nodes.get_mut(at.0 as usize).and_then(Option::take) else { return Vec::new() };
        let mut affected = self.moved(Some(&old), None);
        affected.remove(&at);
        self.leave(at.0, &old, None);
        self.free.push(at.0);
        affected.into_iter().collect()
    }

    /// The object of that name.
    pub fn find(&self, id: &Id) -> Option<At> {
        let kind = self.kinds.iter().position(|(group, kind)| *group == id.group && *kind == id.kind)?;
        self.provider(&Key::Name(u32::try_from(kind).ok()?, id.namespace.clone(), id.name.clone()))
    }

    /// What the object there is called.
    pub fn id(&self, at: At) -> Option<Id> {
        let node = self.at(at)?;
        let (group, kind) = self.kinds.get(node.kind as usize)?.clone();
        Some(Id { group, kind, namespace: node.namespace.clone(), name: node.name.clone() })
    }

    /// All objects of a kind, in no order.
    pub fn of_kind<'g>(&'g self, group: &str, kind: &str) -> impl Iterator<Item = At> + use<'g> {
        let kind = self.kinds.iter().position(|(g, k)| **g == *group && **k == *kind).and_then(|at| u32::try_from(at).ok());
        let own = move |(at, node): (usize, &Option<Node>)| (node.as_ref()?.kind == kind?).then(|| At(u32::try_from(at).unwrap_or(u32::MAX)));
        self.nodes.iter().enumerate().filter_map(own)
    }

    /// The relations out of an object: what it uses, by the order of its fields.
    pub fn uses(&self, at: At) -> Vec<Edge> {
        let Some(node) = self.at(at) else { return Vec::new() };
        let links = node.wants.iter().flat_map(|link| self.follow(link));
        let selects = node
            .selects
            .iter()
            .flat_map(|select| self.selected(select).into_iter().map(|end| Edge { rule: select.rule, end: End::Here(end), optional: true }));
        links.chain(selects).collect()
    }

    /// The relations into an object: what uses it.
    pub fn used_by(&self, at: At) -> Vec<Edge> {
        let Some(node) = self.at(at) else { return Vec::new() };
        let mut edges = Vec::new();
        let mut asked = BTreeSet::new();
        for key in &node.provides {
            for wanter in self.keys.wanters(*key) {
                let Some(other) = self.nodes.get(wanter as usize).and_then(Option::as_ref) else { continue };
                let links = other.wants.iter().filter(|link| link.key == *key);
                edges.extend(links.map(|link| Edge { rule: link.rule, end: End::Here(At(wanter)), optional: link.optional }));
                if !other.selects.is_empty() && asked.insert(wanter) {
                    let fitting = other.selects.iter().filter(|select| self.fits(select, node));
                    edges.extend(fitting.map(|select| Edge { rule: select.rule, end: End::Here(At(wanter)), optional: true }));
                }
            }
        }
        // A key inside it is wanted by whoever wants the object itself.
        let mut seen = HashSet::new();
        edges.retain(|edge| match edge.end {
            End::Here(other) => seen.insert((edge.rule, other)),
            _ => false,
        });
        edges
    }

    /// The objects that own this one, the nearest first. A ring, which only a broken controller makes, ends where it began.
    pub fn owners(&self, at: At, owns: u16) -> Vec<At> {
        let mut chain = Vec::new();
        let mut here = at;
        while let Some(next) = self.owner(here, owns).filter(|next| *next != at && !chain.contains(next)) {
            chain.push(next);
            here = next;
        }
        chain
    }

    fn owner(&self, at: At, owns: u16) -> Option<At> {
        let link = self.at(at)?.wants.iter().find(|link| link.rule == owns)?;
        self.keys.providers(link.key).next().map(At)
    }

    /// The objects that this one owns, in no order.
    pub fn children(&self, at: At, owns: u16) -> Vec<At> {
        let Some(node) = self.at(at) else { return Vec::new() };
        let uids = node.provides.iter().filter(|key| matches!(self.keys.key(**key), Some(Key::Uid(_))));
        let wanters = uids.flat_map(|key| self.keys.wanters(*key));
        wanters.map(At).filter(|child| self.at(*child).is_some_and(|node| node.wants.iter().any(|link| link.rule == owns))).collect()
    }

    /// Every relation whose target is not here and should be, with the object it goes out of.
    pub fn dangling(&self) -> Vec<(At, Edge)> {
        let places = (0..self.nodes.len()).filter_map(|at| u32::try_from(at).ok()).map(At);
        let missing = |edge: &Edge| !edge.optional && !matches!(edge.end, End::Here(_));
        places.flat_map(|at| self.uses(at).into_iter().filter(missing).map(move |edge| (at, edge)).collect::<Vec<_>>()).collect()
    }

    fn at(&self, at: At) -> Option<&Node> {
        self.nodes.get(at.0 as usize)?.as_ref()
    }

    fn kind(&mut self, group: &str, kind: &str) -> u32 {
        let at = self.kinds.iter().position(|(g, k)| **g == *group && **k == *kind).unwrap_or_else(|| {
            self.kinds.push((group.into(), kind.into()));
            self.kinds.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    fn provider(&self, key: &Key) -> Option<At> {
        self.keys.providers(*self.keys.index.get(key)?).next().map(At)
    }

    fn follow(&self, link: &Link) -> Vec<Edge> {
        let edge = |end| Edge { rule: link.rule, end, optional: link.optional };
        let here: Vec<u32> = self.keys.providers(link.key).collect();
        match self.keys.key(link.key) {
            // That the object is there at all is a want of its own.
            Some(Key::Inside(inside)) => {
                let (kind, namespace, name, key) = &**inside;
                let holder = self.provider(&Key::Name(*kind, namespace.clone(), name.clone()));
                holder.filter(|_| here.is_empty()).map(|holder| edge(End::Lacks(holder, key.clone()))).into_iter().collect()
            }
            Some(Key::Name(kind, namespace, name)) if here.is_empty() => {
                let Some((group, kind)) = self.kinds.get(*kind as usize).cloned() else { return Vec::new() };
                vec![edge(End::Missing(Id { group, kind, namespace: namespace.clone(), name: name.clone() }))]
            }
            _ => here.into_iter().map(|at| edge(End::Here(At(at)))).collect(),
        }
    }

    /// Starts from the rarest of its labels.
    fn selected(&self, select: &Select) -> Vec<At> {
        let set = self.set_of(&select.selector);
        let namespace = &select.selector.namespace;
        let equal = select.selector.all.iter().filter(|one| one.holds && one.any.len() == 1).filter_map(|one| one.any.first());
        let providers = |label: &Arc<str>| self.keys.index.get(&Key::Label(set, namespace.clone(), label.clone())).copied();
        let exact: Option<Vec<u32>> = equal.map(providers).collect();
        let keys = match exact {
            // A label that nobody has: nothing is selected.
            None => return Vec::new(),
            Some(keys) => keys.into_iter().min_by_key(|key| self.keys.count(*key)).map_or_else(|| select.anchors.to_vec(), |key| vec![key]),
        };
        let candidates: BTreeSet<u32> = keys.into_iter().flat_map(|key| self.keys.providers(key)).collect();
        let fits = |at: &u32| self.nodes.get(*at as usize).and_then(Option::as_ref).is_some_and(|node| self.fits(select, node));
        candidates.into_iter().filter(fits).map(At).collect()
    }

    fn fits(&self, select: &Select, node: &Node) -> bool {
        let Select { selector, .. } = select;
        let kind = selector.kind.as_ref().is_none_or(|wanted| self.kinds.get(node.kind as usize) == Some(wanted));
        kind && selector.namespace == node.namespace && !node.labels.is_empty() && selector.fits(&node.labels)
    }

    /// The number of the set of labels a selector asks in.
    fn set_of(&self, selector: &Selector) -> u32 {
        let number = |wanted: &(Arc<str>, Arc<str>)| self.kinds.iter().position(|known| known == wanted).and_then(|at| u32::try_from(at + 1).ok());
        selector.kind.as_ref().and_then(number).unwrap_or(0)
    }

    fn node(&mut self, kind: u32, namespace: Option<Arc<str>>, name: Arc<str>, facts: Facts) -> Node {
        let (group, kind_name) = (facts.id.group.clone(), facts.id.kind.clone());
        let set = if super::rules::pod_prefix(&group, &kind_name).is_some() { 0 } else { kind + 1 };
        let labels = self.words.list(&facts.labels);
        let mut provides = vec![Key::Name(kind, namespace.clone(), name.clone())];
        provides.extend(facts.uid.map(Key::Uid));
        provides.extend(labels.iter().map(|label| Key::Label(set, namespace.clone(), label.clone())));
        if !labels.is_empty() {
            provides.push(Key::Labelled(set, namespace.clone()));
        }
        for key in &facts.keys {
            let key = self.words.word(key);
            provides.push(Key::Inside(Box::new((kind, namespace.clone(), name.clone(), key))));
        }
        provides.extend(facts.made.into_iter().map(|(rule, text)| Key::Made(rule, text)));
        let provides = provides.into_iter().map(|key| self.keys.intern(key)).collect();
        let (mut wants, mut selects) = (Vec::new(), Vec::new());
        for want in facts.wants {
            let key = match want.of {
                Wanted::Name { id, key } => self.name_key(&id, key.as_deref()),
                Wanted::Uid(uid) => Key::Uid(uid),
                Wanted::Made(text) => Key::Made(want.rule, text),
                Wanted::Labels(selector) => {
                    let anchors = self.anchors(&selector);
                    selects.push(Select { rule: want.rule, selector, anchors });
                    continue;
                }
            };
            wants.push(Link { key: self.keys.intern(key), rule: want.rule, optional: want.optional });
        }
        Node { kind, namespace, name, labels, provides, wants: wants.into(), selects: selects.into() }
    }

    fn name_key(&mut self, id: &Id, inside: Option<&str>) -> Key {
        let kind = self.kind(&id.group, &id.kind);
        let namespace = id.namespace.as_deref().map(|text| self.words.word(text));
        let name = self.words.word(&id.name);
        match inside {
            None => Key::Name(kind, namespace, name),
            Some(key) => Key::Inside(Box::new((kind, namespace, name, self.words.word(key)))),
        }
    }

    /// Keys of which everything that is selected provides one.
    fn anchors(&mut self, selector: &Selector) -> Box<[u32]> {
        if let Some((group, kind)) = &selector.kind {
            self.kind(group, kind);
        }
        let set = self.set_of(selector);
        let namespace = selector.namespace.as_deref().map(|text| self.words.word(text));
        let positive = selector.all.iter().filter(|one| one.holds && !one.any.is_empty()).min_by_key(|one| one.any.len());
        let keys: Vec<Key> = match positive {
            Some(one) => one.any.iter().map(|label| Key::Label(set, namespace.clone(), self.words.word(label))).collect(),
            None => vec![Key::Labelled(set, namespace)],
        };
        keys.into_iter().map(|key| self.keys.intern(key)).collect()
    }

    /// Whose relations are others when one node stands in the place of another.
    fn moved(&self, old: Option<&Node>, new: Option<&Node>) -> BTreeSet<At> {
        let provided = |node: Option<&Node>| node.map(|node| node.provides.iter().copied().collect::<BTreeSet<u32>>()).unwrap_or_default();
        let (before, after) = (provided(old), provided(new));
        let relabelled = old.map(|node| &node.labels) != new.map(|node| &node.labels);
        let mut changed: BTreeSet<u32> = before.symmetric_difference(&after).copied().collect();
        if relabelled {
            // A selector is known by one of its labels, and another may have changed.
            let label = |key: &&u32| matches!(self.keys.key(**key), Some(Key::Label(..) | Key::Labelled(..)));
            changed.extend(before.intersection(&after).filter(label));
        }
        let wanters = changed.iter().flat_map(|key| self.keys.wanters(*key)).map(At);
        let mut affected: BTreeSet<At> = wanters.collect();
        // The far ends of its own relations are used by it, or no longer.
        for node in old.into_iter().chain(new) {
            let ends = node.wants.iter().flat_map(|link| self.keys.providers(link.key)).map(At);
            affected.extend(ends);
            affected.extend(node.selects.iter().flat_map(|select| self.selected(select)));
        }
        affected
    }

    fn enter(&mut self, place: u32, node: &Node) {
        for key in &node.provides {
            self.keys.entry(*key, |entry| entry.providers.add(place));
        }
        for key in node.wants.iter().map(|link| link.key).chain(node.selects.iter().flat_map(|select| select.anchors.iter().copied())) {
            self.keys.entry(key, |entry| entry.wanters.add(place));
        }
    }

    /// What `stays` still provides and wants is left as it is.
    fn leave(&mut self, place: u32, node: &Node, stays: Option<&Node>) {
        let wanted = |node: &Node| -> BTreeSet<u32> {
            node.wants.iter().map(|link| link.key).chain(node.selects.iter().flat_map(|select| select.anchors.iter().copied())).collect()
        };
        let still: BTreeSet<u32> = stays.map(wanted).unwrap_or_default();
        for key in wanted(node).difference(&still) {
            self.keys.entry(*key, |entry| entry.wanters.take(place));
        }
        for key in node.provides.iter().filter(|key| stays.is_none_or(|stays| !stays.provides.contains(key))) {
            self.keys.entry(*key, |entry| entry.providers.take(place));
        }
    }
}

impl Keys {
    fn intern(&mut self, key: Key) -> u32 {
        if let Some(known) = self.index.get(&key) {
            return *known;
        }
        let entry = Entry { key: key.clone(), providers: Few::None, wanters: Few::None };
        let place = match self.free.pop() {
            Some(place) => {
                if let Some(slot) = self.entries.get_mut(place as usize) {
                    *slot = entry;
                }
                place
            }
            None => {
                self.entries.push(entry);
                u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.index.insert(key, place);
        place
    }

    fn entry(&mut self, key: u32, change: impl FnOnce(&mut Entry)) {
        let Some(entry) = self.entries.get_mut(key as usize) else { return };
        change(entry);
        if matches!((&entry.providers, &entry.wanters), (Few::None, Few::None)) {
            self.index.remove(&entry.key);
            self.free.push(key);
        }
    }

    fn key(&self, key: u32) -> Option<&Key> {
        self.entries.get(key as usize).map(|entry| &entry.key)
    }

    fn providers(&self, key: u32) -> impl Iterator<Item = u32> {
        self.entries.get(key as usize).into_iter().flat_map(|entry| entry.providers.all().iter().copied())
    }

    fn wanters(&self, key: u32) -> impl Iterator<Item = u32> {
        self.entries.get(key as usize).into_iter().flat_map(|entry| entry.wanters.all().iter().copied())
    }

    fn count(&self, key: u32) -> usize {
        self.entries.get(key as usize).map_or(0, |entry| entry.providers.all().len())
    }
}

impl Few {
    fn all(&self) -> &[u32] {
        match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// Adds it unless it is there. The newest is looked for last, where it is.
    fn add(&mut self, one: u32) {
        match self {
            Self::None => *self = Self::One(one),
            Self::One(own) if *own == one => {}
            Self::One(own) => *self = Self::Many(Box::new(vec![*own, one])),
            Self::Many(many) => {
                if let Err(at) = many.binary_search(&one) {
                    many.insert(at, one);
                }
            }
        }
        if let Self::Many(many) = self
            && many.len() == 2
        {
            many.sort_unstable();
        }
    }

    fn take(&mut self, one: u32) {
        match self {
            Self::One(own) if *own == one => *self = Self::None,
            Self::Many(many) => {
                if let Ok(at) = many.binary_search(&one) {
                    many.remove(at);
                }
                if let [last] = many[..] {
                    *self = Self::One(last);
                }
            }
            Self::None | Self::One(_) => {}
        }
    }
}

impl Words {
    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return known.clone();
        }
        self.sweep();
        let word: Arc<str> = text.into();
        self.words.insert(word.clone());
        word
    }

    fn list(&mut self, labels: &[Arc<str>]) -> Arc<[Arc<str>]> {
        if let Some(known) = self.lists.get(labels) {
            return known.clone();
        }
        let list: Arc<[Arc<str>]> = labels.iter().map(|label| self.word(label)).collect();
        self.lists.insert(list.clone());
        list
    }

    /// Looking only when the words have doubled costs each word a constant.
    fn sweep(&mut self) {
        if self.words.len() < self.sweep_at.max(SOME) {
            return;
        }
        self.lists.retain(|list| Arc::strong_count(list) > 1);
        self.words.retain(|word| Arc::strong_count(word) > 1);
        self.sweep_at = self.words.len() * 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::facts::{Reader, Want};
    use super::super::rules::Rules;
    use super::*;

    struct World {
        rules: Arc<Rules>,
        graph: Graph,
    }

    impl World {
        fn new() -> Self {
            Self { rules: Arc::new(Rules::embedded()), graph: Graph::new() }
        }

        fn facts(&self, object: &Value) -> Facts {
            let (group, kind) = (object["group"].as_str().unwrap_or_default(), object["kind"].as_str().unwrap());
            Reader::new(self.rules.clone(), group, kind).read(object)
        }

        fn put(&mut self, object: &Value) -> Vec<At> {
            let facts = self.facts(object);
            self.graph.put(facts).1
        }

        fn at(&self, kind: &str, name: &str) -> At {
            let named = |at: &usize| self.graph.id(At(*at as u32)).is_some_and(|id| *id.kind == *kind && *id.name == *name);
            At((0..self.graph.nodes.len()).find(named).unwrap() as u32)
        }

        fn owns(&self) -> u16 {
            self.rules.iter().find(|(_, rule)| rule.id == "owner").unwrap().0
        }

        fn said(&self, edges: Vec<Edge>) -> Vec<String> {
            let name = |at| self.graph.id(at).map(|id: Id| format!("{} {}", id.kind, id.name)).unwrap();
            let mut said: Vec<String> = edges
                .iter()
                .map(|edge| {
                    let rule = &self.rules.get(edge.rule).unwrap().id;
                    match &edge.end {
                        End::Here(at) => format!("{rule} {}", name(*at)),
                        End::Missing(id) => format!("{rule} missing {} {}", id.kind, id.name),
                        End::Lacks(at, key) => format!("{rule} {} lacks {key}", name(*at)),
                    }
                })
                .collect();
            said.sort();
            said
        }
    }

    fn deployment(name: &str, config: &str, key: &str) -> Value {
        let env = json!([{"name": "X", "valueFrom": {"configMapKeyRef": {"name": config, "key": key}}}]);
        json!({"group": "apps", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop", "uid": format!("d-{name}")},
            "spec": {"template": {"metadata": {"labels": {"app": name}}, "spec": {"serviceAccountName": "robot", "containers": [{"env": env}]}}}})
    }

    #[test]
    fn both_ends_of_a_relation_are_told_and_what_is_missing_too() {
        let mut world = World::new();
        world.put(&deployment("web", "web-config", "theme"));
        let web = world.at("Deployment", "web");
        assert_eq!(
            world.said(world.graph.uses(web)),
            ["namespace missing Namespace shop", "pod.account missing ServiceAccount robot", "pod.env.configmap missing ConfigMap web-config"]
        );
        let affected = world.put(&json!({"kind": "ConfigMap", "metadata": {"name": "web-config", "namespace": "shop"}, "data": {"other": "x"}}));
        assert!(affected.contains(&web));
        assert!(world.said(world.graph.uses(web)).contains(&"pod.env.configmap ConfigMap web-config lacks theme".to_owned()));
        world.put(&json!({"kind": "ConfigMap", "metadata": {"name": "web-config", "namespace": "shop"}, "data": {"theme": "x"}}));
        world.put(&json!({"kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}}}));
        assert_eq!(world.said(world.graph.used_by(web)), ["service.pods Service web"]);
        let config = world.at("ConfigMap", "web-config");
        assert_eq!(world.said(world.graph.used_by(config)), ["pod.env.configmap Deployment web"]);
        assert_eq!(world.said(world.graph.dangling().into_iter().map(|(_, edge)| edge).collect()).len(), 4, "namespaces and the account");
    }

    #[test]
    fn owners_are_a_chain_and_children_their_other_end() {
        let mut world = World::new();
        let owned = |group: &str, kind: &str, name: &str, uid: &str, owner: &str| {
            json!({"group": group, "kind": kind, "metadata":
            {"name": name, "namespace": "shop", "uid": uid, "ownerReferences": [{"uid": owner, "name": "x", "kind": "X", "apiVersion": "v1"}]}})
        };
        // Children may come before their owners.
        world.put(&owned("", "Pod", "web-1-a", "p", "r"));
        world.put(&owned("apps", "ReplicaSet", "web-1", "r", "d-web"));
        world.put(&deployment("web", "c", "k"));
        let owners = world.graph.owners(world.at("Pod", "web-1-a"), world.owns());
        assert_eq!(owners, [world.at("ReplicaSet", "web-1"), world.at("Deployment", "web")]);
        assert_eq!(world.graph.children(world.at("Deployment", "web"), world.owns()), [world.at("ReplicaSet", "web-1")]);
        world.put(&owned("", "Pod", "ring", "ring", "ring"));
        assert_eq!(world.graph.owners(world.at("Pod", "ring"), world.owns()), []);
    }

    /// At most 1 kB a pod over its row: what the graph holds for each of many pods as they are in clusters, summed from the sizes of its parts.
    #[test]
    fn a_pod_costs_less_than_a_kilobyte() {
        let mut world = World::new();
        let count = 2_000;
        for at in 0..count {
            let name = format!("checkout-58f6dd9c7d-{at:05}");
            world.put(&json!({"kind": "Pod", "metadata": {"name": name, "namespace": "production-checkout", "uid": format!("{at:032x}"),
                "labels": {"app.kubernetes.io/name": "checkout", "app.kubernetes.io/instance": "checkout", "pod-template-hash": "58f6dd9c7d", "team": "payments"},
                "ownerReferences": [{"uid": "a", "name": "checkout-58f6dd9c7d", "kind": "ReplicaSet", "apiVersion": "apps/v1"}]},
                "spec": {"nodeName": format!("node-{}", at % 50), "serviceAccountName": "checkout", "imagePullSecrets": [{"name": "registry"}],
                    "containers": [{"envFrom": [{"configMapRef": {"name": "checkout"}}, {"secretRef": {"name": "checkout"}}],
                        "env": [{"valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}}, {"valueFrom": {"configMapKeyRef": {"name": "features", "key": "new"}}}]}],
                    "volumes": [{"projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt"}]}}]}}, {"secret": {"secretName": "tls"}}]}}));
        }
        let each = world.graph.bytes() / count;
        assert!(each <= 1_024, "{each} bytes a pod");
    }

    impl Graph {
        /// Bytes on the heap, counted from capacities; allocators add their own.
        fn bytes(&self) -> usize {
            let few = |few: &Few| if let Few::Many(many) = few { size_of::<Vec<u32>>() + many.capacity() * 4 } else { 0 };
            let text = |text: &Arc<str>| 16 + text.len();
            let nodes = self.nodes.capacity() * size_of::<Option<Node>>();
            let parts = |node: &Node| size_of_val(&*node.provides) + size_of_val(&*node.wants) + size_of_val(&*node.selects);
            let parts: usize = self.nodes.iter().flatten().map(parts).sum();
            let inside =
                |entry: &Entry| if matches!(entry.key, Key::Inside(_)) { 2 * size_of::<(u32, Option<Arc<str>>, Arc<str>, Arc<str>)>() } else { 0 };
            let entries: usize = self.keys.entries.iter().map(|entry| few(&entry.providers) + few(&entry.wanters) + inside(entry)).sum();
            // A hash map of std holds at most seven eighths of its buckets, which are a power of two, and a byte for each.
            let buckets = |capacity: usize, size: usize| (capacity * 8 / 7).next_power_of_two() * (size + 1);
            nodes
                + parts
                + entries
                + self.keys.entries.capacity() * size_of::<Entry>()
                + buckets(self.keys.index.capacity(), size_of::<(Key, u32)>())
                + buckets(self.words.words.capacity(), size_of::<Arc<str>>())
                + self.words.words.iter().map(text).sum::<usize>()
        }
    }

    /// What stands between two objects, worked out from their facts alone.
    fn naive(live: &[Facts], from: &Facts) -> Vec<(u16, bool, String)> {
        let name = |facts: &Facts| format!("{} {:?} {}", facts.id.kind, facts.id.namespace, facts.id.name);
        let mut edges = Vec::new();
        for Want { rule, of, optional } in &from.wants {
            let mut here = |to: &Facts, optional| edges.push((*rule, optional, name(to)));
            match of {
                Wanted::Name { id, key: None } => match live.iter().find(|to| to.id == *id) {
                    Some(to) => here(to, *optional),
                    None => edges.push((*rule, *optional, format!("no {} {}", id.kind, id.name))),
                },
                Wanted::Name { id, key: Some(key) } => {
                    if let Some(to) = live.iter().find(|to| to.id == *id).filter(|to| !to.keys.contains(key)) {
                        edges.push((*rule, *optional, format!("{} lacks {key}", name(to))));
                    }
                }
                Wanted::Uid(uid) => live.iter().filter(|to| to.uid == Some(*uid)).for_each(|to| here(to, *optional)),
                Wanted::Made(text) => live.iter().filter(|to| to.made.contains(&(*rule, text.clone()))).for_each(|to| here(to, *optional)),
                Wanted::Labels(selector) => {
                    let fits = |to: &&Facts| !to.labels.is_empty() && to.id.namespace == selector.namespace && selector.fits(&to.labels);
                    live.iter().filter(fits).for_each(|to| here(to, true));
                }
            }
        }
        edges.sort();
        edges
    }

    fn told(graph: &Graph, at: At) -> Vec<(u16, bool, String)> {
        let name = |at| graph.id(at).map(|id: Id| format!("{} {:?} {}", id.kind, id.namespace, id.name)).unwrap();
        let say = |edge: Edge| match &edge.end {
            End::Here(at) => (edge.rule, edge.optional, name(*at)),
            End::Missing(id) => (edge.rule, edge.optional, format!("no {} {}", id.kind, id.name)),
            End::Lacks(at, key) => (edge.rule, edge.optional, format!("{} lacks {key}", name(*at))),
        };
        let mut edges: Vec<_> = graph.uses(at).into_iter().map(say).collect();
        edges.sort();
        edges
    }

    /// A small world in which everything meets: two namespaces, few names, few labels.
    fn object() -> impl Strategy<Value = Value> {
        let (ns, name, label) =
            (prop::sample::select(vec!["a", "b"]), prop::sample::select(vec!["x", "y", "z"]), prop::sample::select(vec!["p", "q"]));
        (0..6u8, ns, name.clone(), name, label.clone(), label, any::<bool>()).prop_map(|(kind, ns, name, other, one, two, flag)| {
            let meta = json!({"name": name, "namespace": ns, "uid": format!("{kind}{ns}{name}"), "labels": {"l": one, "m": two},
                "ownerReferences": if flag { json!([{"uid": format!("1{ns}{other}")}]) } else { json!([]) }});
            match kind {
                0 => json!({"kind": "Pod", "metadata": meta, "spec": {"volumes": [{"configMap": {"name": other, "optional": flag, "items": [{"key": one}]}}]}}),
                1 => json!({"group": "apps", "kind": "ReplicaSet", "metadata": meta, "spec": {"template": {"metadata": {"labels": {"l": two}}, "spec": {}}}}),
                2 => json!({"kind": "ConfigMap", "metadata": meta, "data": {one: "v"}}),
                3 => json!({"kind": "Service", "metadata": meta, "spec": {"selector": if flag { json!({"l": one}) } else { json!({"l": one, "m": two}) }}}),
                4 => json!({"group": "acme.io", "kind": "Widget", "metadata": meta}),
                _ => json!({"group": "apiextensions.k8s.io", "kind": "CustomResourceDefinition", "metadata": {"name": name, "uid": format!("c{name}")},
                    "spec": {"group": "acme.io", "names": {"kind": if flag { "Widget" } else { "Other" }}}}),
            }
        })
    }

    proptest! {
        #[test]
        fn any_history_gives_the_graph_that_the_facts_alone_give(steps in prop::collection::vec((object(), any::<bool>()), 1..40)) {
            let mut world = World::new();
            let mut live: Vec<Facts> = Vec::new();
            for (object, keep) in steps {
                let facts = world.facts(&object);
                let edges = |world: &World| -> HashMap<Id, (Vec<_>, Vec<_>)> {
                    let all = (0..world.graph.nodes.len()).map(|at| At(at as u32)).filter_map(|at| Some((world.graph.id(at)?, at)));
                    let both = |at| {
                        let mut back: Vec<String> = world.said(world.graph.used_by(at));
                        back.sort();
                        (told(&world.graph, at), back)
                    };
                    all.map(|(id, at)| (id, both(at))).collect()
                };
                let before = edges(&world);
                live.retain(|other| other.id != facts.id);
                let affected = if keep {
                    live.push(facts.clone());
                    world.graph.put(facts.clone()).1
                } else {
                    world.graph.find(&facts.id).map(|at| world.graph.remove(at)).unwrap_or_default()
                };
                let after = edges(&world);
                prop_assert_eq!(after.len(), live.len());
                for facts in &live {
                    prop_assert_eq!(&after[&facts.id].0, &naive(&live, facts));
                    // Who uses it is who uses it: both directions say the same.
                    let users = live.iter().flat_map(|from| naive(&live, from).into_iter().filter(|(.., to)| *to == format!("{} {:?} {}", facts.id.kind, facts.id.namespace, facts.id.name)).map(move |(rule, ..)| (rule, from.id.clone()))).collect::<HashSet<_>>();
                    prop_assert_eq!(after[&facts.id].1.len(), users.len());
                    // Whatever changed was said to be affected.
                    let same = before.get(&facts.id) == after.get(&facts.id);
                    let at = world.graph.find(&facts.id).unwrap();
                    prop_assert!(same || affected.contains(&at), "{:?} changed unsaid", facts.id);
                }
            }
            // Nothing is left of what is gone.
            for facts in live {
                let at = world.graph.find(&facts.id).unwrap();
                world.graph.remove(at);
            }
            prop_assert!(world.graph.is_empty() && world.graph.keys.index.is_empty());
        }
    }
}
