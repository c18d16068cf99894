//! Versioned objects, and the changes that led to them. Writers see one order; watchers see all of it or learn that they are too late.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::kinds::Kind;

/// Where an object lives: plural with group, namespace, name.
pub(super) type Place = (&'static str, String, String);

/// An object as it is served.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) json: Bytes,
    pub(super) labels: BTreeMap<String, String>,
}

/// What happened to an object.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) place: Place,
    /// What it was before; `None`: it is new.
    pub(super) before: Option<Arc<Stored>>,
    /// What it is now, or was last when it is gone.
    pub(super) after: Arc<Stored>,
    pub(super) gone: bool,
}

/// Why a write did not happen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    NotFound,
    Exists,
    /// Somebody else wrote in between.
    Conflict,
    /// It is another object, or another version of it, than the writer meant.
    Precondition,
}

/// What a writer believes to be there; nothing: whatever is there is meant.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub(super) uid: Option<String>,
    pub(super) version: Option<String>,
}

impl Expected {
    fn fits_uid(&self, object: &Value) -> bool {
        self.uid.as_ref().is_none_or(|uid| object["metadata"]["uid"] == **uid)
    }

    fn fits_version(&self, object: &Value) -> bool {
        self.version.as_ref().is_none_or(|version| object["metadata"]["resourceVersion"] == **version)
    }
}

/// The sandbox's etcd.
pub(super) struct Store {
    /// Nothing moves by itself.
    pub(super) still: bool,
    /// Where the shop's services listen on loopback, by name.
    listeners: OnceLock<HashMap<&'static str, u16>>,
    state: Mutex<State>,
    changes: broadcast::Sender<Arc<Change>>,
}

struct State {
    version: u64,
    objects: BTreeMap<Place, Arc<Stored>>,
    history: VecDeque<Arc<Change>>,
}

impl State {
    fn remembers(&self, version: u64) -> bool {
        let oldest = self.history.front().map_or(self.version, |change| change.version - 1);
        (oldest..=self.version).contains(&version)
    }
}

/// A feed of changes, complete or known to be too slow.
pub(super) type Feed = broadcast::Receiver<Arc<Change>>;

/// Changes that are remembered for watches that begin in the past.
const HISTORY: usize = 20_000;

impl Default for Store {
    fn default() -> Self {
        Self::new(false)
    }
}

impl Store {
    /// An empty store of a sandbox in which something moves by itself, or nothing does.
    pub(super) fn new(still: bool) -> Self {
        let state = State { version: 1_000, objects: BTreeMap::new(), history: VecDeque::new() };
        Self { still, listeners: OnceLock::new(), state: Mutex::new(state), changes: broadcast::channel(16_384).0 }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says where the shop's services listen; once.
    pub(super) fn listen(&self, ports: HashMap<&'static str, u16>) {
        _ = self.listeners.set(ports);
    }

    /// Where a service of the shop listens on loopback.
    pub(super) fn listener(&self, service: &str) -> Option<u16> {
        self.listeners.get()?.get(service).copied()
    }

    /// The newest resourceVersion.
    pub(super) fn version(&self) -> u64 {
        self.lock().version
    }

    /// One object.
    pub(super) fn get(&self, place: &Place) -> Option<Arc<Stored>> {
        self.lock().objects.get(place).cloned()
    }

    /// Objects of a kind after a place, in order, at most `limit`, and the version they are of.
    pub(super) fn list(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        after: Option<(String, String)>,
        limit: usize,
    ) -> (u64, Vec<(Place, Arc<Stored>)>) {
        let state = self.lock();
        let start = match after {
            Some((namespace, name)) => Bound::Excluded((kind.plural, namespace, name)),
            None => Bound::Included((kind.plural, namespace.unwrap_or_default().to_owned(), String::new())),
        };
        let fits = |place: &Place| place.0 == kind.plural && namespace.is_none_or(|wanted| place.1 == wanted);
        let objects = state.objects.range((start, Bound::Unbounded)).take_while(|(place, _)| fits(place)).take(limit);
        (state.version, objects.map(|(place, stored)| (place.clone(), stored.clone())).collect())
    }

    /// All objects of a kind and everything that happens after, without a gap between the two.
    pub(super) fn list_and_follow(&self, kind: &'static Kind, namespace: Option<&str>) -> (u64, Vec<(Place, Arc<Stored>)>, Feed) {
        // The receiver comes first: a change in between is seen twice, and the version tells.
        let receiver = self.changes.subscribe();
        let (version, objects) = self.list(kind, namespace, None, usize::MAX);
        (version, objects, receiver)
    }

    /// A watch could still begin at this version.
    pub(super) fn remembers(&self, version: u64) -> bool {
        self.lock().remembers(version)
    }

    /// Everything that happened after a version, and what will. `None`: that is too long ago.
    pub(super) fn follow(&self, version: u64) -> Option<(Vec<Arc<Change>>, Feed)> {
        let state = self.lock();
        state.remembers(version).then(|| {
            let past = state.history.iter().filter(|change| change.version > version).cloned().collect();
            (past, self.changes.subscribe())
        })
    }

    /// What will happen from now on.
    pub(super) fn subscribe(&self) -> Feed {
        self.changes.subscribe()
    }

    /// Puts a new object; name, namespace, uid and creation time have to be in it.
    pub(super) fn create(&self, place: Place, mut object: Value) -> Result<Arc<Stored>, Refused> {
        let mut state = self.lock();
        if state.objects.contains_key(&place) {
            return Err(Refused::Exists);
        }
        if object["metadata"]["generation"].is_null() && !object["spec"].is_null() {
            object["metadata"]["generation"] = json!(1);
        }
        Ok(self.commit(&mut state, place, object))
    }

    /// Changes an object, if it is the expected one. What nobody may change stays as it was.
    pub(super) fn update(&self, place: &Place, expected: &Expected, change: impl FnOnce(&mut Value)) -> Result<Arc<Stored>, Refused> {
        let mut state = self.lock();
        let (stored, new) = changed(&state, place, expected, change)?;
        Ok(match new {
            Some(new) => self.commit(&mut state, place.clone(), new),
            None => stored,
        })
    }

    /// What [`Self::update`] would leave behind; nothing is written.
    pub(super) fn rehearse(&self, place: &Place, expected: &Expected, change: impl FnOnce(&mut Value)) -> Result<Arc<Stored>, Refused> {
        let (stored, new) = changed(&self.lock(), place, expected, change)?;
        Ok(new.map_or(stored, |new| Arc::new(stored_of(&new))))
    }

    /// Removes an object, if it is the expected one.
    pub(super) fn delete(&self, place: &Place, expected: &Expected) -> Result<Arc<Stored>, Refused> {
        let mut state = self.lock();
        let stored = state.objects.get(place).cloned().ok_or(Refused::NotFound)?;
        let mut object: Value = serde_json::from_slice(&stored.json).unwrap_or_default();
        if !expected.fits_uid(&object) || !expected.fits_version(&object) {
            return Err(Refused::Precondition);
        }
        state.objects.remove(place);
        state.version += 1;
        object["metadata"]["resourceVersion"] = json!(state.version.to_string());
        let after = Arc::new(stored_of(&object));
        let version = state.version;
        self.tell(&mut state, Change { version, place: place.clone(), before: Some(stored), after: after.clone(), gone: true });
        Ok(after)
    }

    fn commit(&self, state: &mut State, place: Place, mut object: Value) -> Arc<Stored> {
        state.version += 1;
        object["metadata"]["resourceVersion"] = json!(state.version.to_string());
        let after = Arc::new(stored_of(&object));
        let before = state.objects.insert(place.clone(), after.clone());
        let version = state.version;
        self.tell(state, Change { version, place, before, after: after.clone(), gone: false });
        after
    }

    fn tell(&self, state: &mut State, change: Change) {
        let change = Arc::new(change);
        if state.history.len() == HISTORY {
            state.history.pop_front();
        }
        state.history.push_back(change.clone());
        // Nobody listening is fine.
        _ = self.changes.send(change);
    }
}

impl Stored {
    /// The object as a value.
    pub(super) fn value(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap_or_default()
    }
}

/// What is stored, and what it becomes by a change; `None`: the change changes nothing.
fn changed(state: &State, place: &Place, expected: &Expected, change: impl FnOnce(&mut Value)) -> Result<(Arc<Stored>, Option<Value>), Refused> {
    let stored = state.objects.get(place).cloned().ok_or(Refused::NotFound)?;
    let old = stored.value();
    if !expected.fits_uid(&old) {
        return Err(Refused::Precondition);
    }
    if !expected.fits_version(&old) {
        return Err(Refused::Conflict);
    }
    let mut new = old.clone();
    change(&mut new);
    for fixed in ["uid", "creationTimestamp", "name", "namespace", "resourceVersion", "generation"] {
        new["metadata"][fixed] = old["metadata"][fixed].clone();
    }
    if let Some(metadata) = new["metadata"].as_object_mut() {
        metadata.retain(|_, value| !value.is_null());
    }
    for fixed in ["apiVersion", "kind"] {
        new[fixed] = old[fixed].clone();
    }
    if new == old {
        return Ok((stored, None));
    }
    if new["spec"] != old["spec"] {
        new["metadata"]["generation"] = json!(old["metadata"]["generation"].as_u64().unwrap_or(1) + 1);
    }
    Ok((stored, Some(new)))
}

fn stored_of(object: &Value) -> Stored {
    let label = |(key, value): (&String, &Value)| (key.clone(), value.as_str().unwrap_or_default().to_owned());
    let labels = object["metadata"]["labels"].as_object().map(|labels| labels.iter().map(label).collect()).unwrap_or_default();
    Stored { json: serde_json::to_vec(object).unwrap_or_default().into(), labels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Place {
        ("pods", "shop".into(), name.into())
    }

    fn pod(name: &str) -> Value {
        json!({"metadata": {"name": name, "namespace": "shop", "uid": name}, "spec": {"a": 1}})
    }

    #[test]
    fn a_watch_from_a_version_sees_exactly_what_came_after() {
        let store = Store::default();
        store.create(place("a"), pod("a")).unwrap();
        let from = store.version();
        store.create(place("b"), pod("b")).unwrap();
        store.delete(&place("a"), &Expected::default()).unwrap();
        let (past, _) = store.follow(from).unwrap();
        assert_eq!(past.iter().map(|change| (change.place.2.as_str(), change.gone)).collect::<Vec<_>>(), [("b", false), ("a", true)]);
        assert!(store.follow(from + 100).is_none(), "a version from the future is none of ours");
    }

    #[test]
    fn generation_counts_changes_of_the_spec_only_and_conflicts_are_found() {
        let store = Store::default();
        store.create(place("a"), pod("a")).unwrap();
        let generation = |stored: Arc<Stored>| stored.value()["metadata"]["generation"].clone();
        assert_eq!(generation(store.update(&place("a"), &Expected::default(), |pod| pod["status"] = json!(1)).unwrap()), 1);
        assert_eq!(generation(store.update(&place("a"), &Expected::default(), |pod| pod["spec"]["a"] = json!(2)).unwrap()), 2);
        let version = Expected { version: Some("1".into()), ..Expected::default() };
        let uid = Expected { uid: Some("other".into()), ..Expected::default() };
        assert_eq!(store.update(&place("a"), &version, |_| ()).unwrap_err(), Refused::Conflict);
        for wrong in [version, uid] {
            assert_eq!(store.delete(&place("a"), &wrong).unwrap_err(), Refused::Precondition);
        }
    }
}
