//! Asking for uses: one poller a cluster, shared by all who look and ended with the last of them. However much is looked at, it asks once every quarter
//! of a minute; it delays no table and no other cluster.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::{Known, Reading, decode};
use crate::cluster::connection::{Connected, unix_now};
use crate::cluster::fleet::Fleet;
use crate::cluster::kinds::{Kind, Kinds};
use crate::cluster::watch::{WatchSpec, current};
use crate::cluster::wire::{JSON, LIMIT, Trouble};
use crate::names::ClusterId;
use crate::text::sanitise;

/// Between two requests to one cluster: four a minute.
const PAUSE: Duration = Duration::from_secs(15);
/// What failed for want of an answer is tried again after so long.
const RETRY: Duration = Duration::from_secs(60);
/// What is not allowed or not there is asked for again after so long.
const REFUSED: Duration = Duration::from_secs(300);
/// More namespaces than this are read as all of them: they would wait too long for their turns.
const PLACES: usize = 4;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Pods, by their containers.
    Pods,
    /// Nodes.
    Nodes,
}

/// What somebody wants to know the use of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MeterSpec {
    /// Which cluster.
    pub cluster: ClusterId,
    /// Of what.
    pub subject: Subject,
    /// Of these namespaces; none: all.
    pub namespaces: Vec<String>,
}

impl Subject {
    /// What is measured of a view by any of its names; most things are not.
    pub fn of(view: &str) -> Option<Self> {
        match view {
            "pods" | "pod" | "po" => Some(Self::Pods),
            "nodes" | "node" | "no" => Some(Self::Nodes),
            _ => None,
        }
    }
}

impl MeterSpec {
    /// What is measured of a view, if anything is.
    pub fn of(spec: &WatchSpec) -> Option<Self> {
        let subject = Subject::of(&spec.view)?;
        let namespaces = if subject == Subject::Pods { spec.namespaces.clone() } else { Vec::new() };
        Some(Self { cluster: spec.cluster.clone(), subject, namespaces })
    }
}

/// Somebody looks at uses. Dropping it is looking away.
pub struct Meter {
    places: Vec<watch::Receiver<Reading>>,
    _poller: Option<Arc<Poller>>,
}

impl Meter {
    /// Waits for news of one of its places. Cancel-safe.
    pub async fn next(&mut self) -> Option<Reading> {
        if self.places.is_empty() {
            return None;
        }
        let changes = self.places.iter_mut().map(|place| Box::pin(place.changed()));
        let (changed, at, _) = futures::future::select_all(changes).await;
        changed.ok()?;
        Some(self.places.get_mut(at)?.borrow_and_update().clone())
    }
}

/// Asks one cluster for as long as somebody looks.
pub(in crate::cluster) struct Poller {
    desk: Arc<Desk>,
    _task: JoinSet<()>,
}

#[derive(Default)]
struct Desk {
    places: Mutex<Vec<Place>>,
    changed: Notify,
}

/// One list that is asked for.
#[derive(Clone)]
struct Place {
    subject: Subject,
    namespace: Option<Arc<str>>,
    reading: watch::Sender<Reading>,
    /// When it is asked for next; none: at once.
    due: Option<Instant>,
}

impl Poller {
    pub(in crate::cluster) fn start(connected: watch::Receiver<Option<Connected>>) -> Self {
        let desk = Arc::new(Desk::default());
        let mut task = JoinSet::new();
        task.spawn(poll(desk.clone(), connected));
        Self { desk, _task: task }
    }

    /// Looks at what is wanted, together with all who look at the same.
    pub(in crate::cluster) fn look(self: &Arc<Self>, spec: &MeterSpec) -> Meter {
        let whole = spec.namespaces.is_empty() || spec.namespaces.len() > PLACES;
        let namespaces: Vec<Option<Arc<str>>> =
            if whole { vec![None] } else { spec.namespaces.iter().map(|name| Some(name.as_str().into())).collect() };
        let places = namespaces.into_iter().map(|namespace| self.desk.place(spec.subject, namespace)).collect();
        self.desk.changed.notify_one();
        Meter { places, _poller: Some(self.clone()) }
    }
}

impl Desk {
    fn place(&self, subject: Subject, namespace: Option<Arc<str>>) -> watch::Receiver<Reading> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let known = places.iter().find(|place| place.subject == subject && place.namespace == namespace);
        let mut receiver = match known {
            Some(place) => place.reading.subscribe(),
            None => {
                let (reading, receiver) = watch::channel(Reading { namespace: namespace.clone(), known: Known::Nothing });
                places.push(Place { subject, namespace, reading, due: None });
                receiver
            }
        };
        // What is known already is news to who comes now.
        receiver.mark_changed();
        receiver
    }

    /// The place whose turn is next, of those that somebody still looks at, and how many there are.
    fn next(&self) -> Option<(Place, usize)> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|place| place.reading.receiver_count() > 0);
        let next = places.iter().min_by_key(|place| place.due).cloned();
        next.map(|place| (place, places.len()))
    }

    fn set_due(&self, read: &Place, due: Instant) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        for place in places.iter_mut().filter(|place| place.reading.same_channel(&read.reading)) {
            place.due = Some(due);
        }
    }
}

async fn poll(desk: Arc<Desk>, mut connected: watch::Receiver<Option<Connected>>) {
    // The last request of a place that had been read before: those keep the pace.
    let mut paced: Option<Instant> = None;
    loop {
        let Some((place, places)) = desk.next() else {
            desk.changed.notified().await;
            continue;
        };
        if let Some(due) = place.due {
            let due = turn(due, paced);
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                () = desk.changed.notified() => continue,
            }
        }
        let Some(now) = current(&mut connected).await else { return };
        // Everybody has a turn before anybody has a second one.
        let every = PAUSE * u32::try_from(places).unwrap_or(1);
        paced = Some(Instant::now());
        let pause = match read(&now, &place, every).await {
            Ok(known) => {
                let pause = if known == Known::Unserved { RETRY } else { every };
                tell(&place, known);
                pause
            }
            Err(Trouble { status, problem, after }) => {
                tell(&place, Known::Failed(problem));
                let refused = matches!(status, Some(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND));
                after.unwrap_or_default().max(if refused { REFUSED } else { RETRY })
            }
        };
        desk.set_due(&place, Instant::now() + pause);
    }
}

/// A place that was read before waits until the server has had its pause from whatever was read last.
fn turn(due: Instant, last: Option<Instant>) -> Instant {
    last.map_or(due, |last| due.max(last + PAUSE))
}

fn tell(place: &Place, known: Known) {
    place.reading.send_if_modified(|reading| {
        let news = reading.known != known;
        reading.known = known;
        news
    });
}

async fn read(now: &Connected, place: &Place, every: Duration) -> Result<Known, Trouble> {
    // Discovery has its own ways to fail, and others tell of them.
    let Ok(kinds) = now.kinds().await else { return Ok(Known::Nothing) };
    let Some(kind) = metrics_kind(&kinds, place.subject) else { return Ok(Known::Unserved) };
    if matches!(place.reading.borrow().known, Known::Nothing | Known::Unserved) {
        tell(place, Known::Awaited);
    }
    let body = now.wire.whole(Method::GET, &kind.path(place.namespace.as_deref()), JSON, Vec::new(), LIMIT).await?;
    let every = u32::try_from(every.as_secs()).unwrap_or(u32::MAX);
    let uses = decode::uses(&body, unix_now(), every).map_err(|error| now.wire.nonsense(&body, &sanitise(&error.to_string())))?;
    Ok(Known::Measured(Arc::new(uses)))
}

/// The group under which uses are served.
pub(super) const GROUP: &str = "metrics.k8s.io";

/// A cluster measures what its pods use.
pub(in crate::cluster) fn served(kinds: &Kinds) -> bool {
    metrics_kind(kinds, Subject::Pods).is_some()
}

/// The kind that holds the uses of a subject, where it is served.
pub(super) fn metrics_kind(kinds: &Kinds, subject: Subject) -> Option<&Kind> {
    let plural = if subject == Subject::Pods { "pods" } else { "nodes" };
    kinds.iter().find(|kind| &*kind.gvk.group == GROUP && kind.plural == plural)
}

impl Fleet {
    /// Looks at the use of something from the moment its cluster is connected.
    pub fn meter(&self, spec: &MeterSpec) -> Meter {
        match self.poller(&spec.cluster) {
            Some(poller) => poller.look(spec),
            None => Meter { places: Vec::new(), _poller: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gate: an idle cluster is asked at most four times a minute, whatever is looked at; and nobody waits for ever.
    #[test]
    fn four_requests_a_minute_are_shared_by_all_who_look() {
        for looks in 1..=6usize {
            let desk = Desk::default();
            let names = ["a", "b", "c", "d"].map(|name| Some(Arc::from(name)));
            let all = [(Subject::Pods, None), (Subject::Nodes, None)].into_iter().chain(names.map(|name| (Subject::Pods, name)));
            let receivers: Vec<_> = all.take(looks).map(|(subject, namespace)| desk.place(subject, namespace)).collect();
            let begin = Instant::now();
            let (mut now, mut last, mut asked) = (begin, None, Vec::new());
            while now < begin + Duration::from_secs(600) {
                let (place, places) = desk.next().unwrap();
                now = place.due.map_or(now, |due| turn(due, last).max(now));
                last = Some(now);
                asked.push((now - begin, place.reading.receiver_count()));
                desk.set_due(&place, now + PAUSE * u32::try_from(places).unwrap());
            }
            // After the first look at everything, which is at once.
            for minute in 0..9 {
                let within =
                    |(at, _): &&(Duration, usize)| (1..=60).contains(&at.as_secs().saturating_sub(minute * 60)) && at.as_secs() > minute * 60;
                assert!(asked.iter().skip(looks).filter(within).count() <= 4, "{looks} looks: {asked:?}");
            }
            assert!(asked.len() >= 36, "{looks} looks: {}", asked.len());
            assert_eq!(receivers.len(), looks);
        }
    }

    #[test]
    fn two_who_look_at_the_same_are_one_place_and_who_is_gone_is_none() {
        let desk = Desk::default();
        let first = desk.place(Subject::Pods, None);
        let second = desk.place(Subject::Pods, None);
        let other = desk.place(Subject::Nodes, None);
        assert_eq!(desk.next().map(|(_, places)| places), Some(2));
        drop((first, other));
        assert_eq!(desk.next().map(|(place, places)| (place.subject, places)), Some((Subject::Pods, 1)));
        drop(second);
        assert!(desk.next().is_none());
    }
}
