//! Watches: one task a kind, one coalescing delta a subscription. A lost watch keeps its rows, says since when they are stale, and comes back.

mod closer;
mod gaps;
mod queue;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use self::closer::closer;
use self::gaps::Spot;
use self::queue::Queue;
use super::access::rules::Deed;
use super::connection::{Connected, LONGEST_PAUSE, unix_now};
use super::decode::{Decoder, Head, Look, Own, Shape};
use super::metrics;
use super::path::UserColumn;
use super::pieces::Pieces;
use super::rows::{Delta, Gap, Phase, Row, Uid};
use super::views::{Ask, Book, Changed, Part, clock, outside};
use super::wire::{LIMIT, Lines, Status, Trouble, Wire, encode};
use crate::names::{ClusterId, Problem};
use crate::text::sanitise;

/// What is watched: one view of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WatchSpec {
    /// Which cluster.
    pub cluster: ClusterId,
    /// A mixed view of [`super::views`], or a kind by any of its names.
    pub view: String,
    /// These namespaces; none: all.
    pub namespaces: Vec<String>,
    /// A label selector for the server; may be empty.
    pub labels: String,
    /// A field selector for the server; may be empty.
    pub fields: String,
    /// Columns of the person's own, behind the kind's.
    pub columns: Vec<UserColumn>,
    /// Every row is complete when it comes; else some come sooner as the server prints them, and are completed later.
    pub exact: bool,
}

/// A running watch. Dropping it stops the watch.
pub struct Subscription {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    changed: Notify,
    /// The consumer took something: lists that wait for that go on.
    taken: Notify,
}

/// What the consumer has not taken yet. Bounded by the number of objects.
#[derive(Default)]
struct Pending {
    columns: Option<Arc<[super::rows::Column]>>,
    upserts: Queue,
    removed: HashSet<Uid>,
    /// One phase a part of the view, a kind in a namespace; `None` before its task has said anything.
    phases: Vec<Option<Phase>>,
    /// Which parts have been listed once.
    settled: Vec<bool>,
    /// Where in the queue the rows begin that came after all first lists; none: they are not complete yet.
    news: Option<usize>,
    /// What the parts are, where there are several.
    spots: Vec<Spot>,
    /// What was said last of those that are not shown.
    gaps: Arc<[Gap]>,
    /// Since when nothing is certain, unix seconds, and why.
    doubt: Option<(i64, Problem)>,
    phase_changed: bool,
}

/// Server-side life of one watch request, in seconds; below the servers' own minimum so that it is renewed calmly.
const LIFE: u32 = 290;
/// A watch that lived so long is renewed at once.
const CALM: Duration = Duration::from_secs(5);
/// Longest pause before a watch that always ends at once, but well, is renewed.
const LONGEST_RENEWAL: Duration = Duration::from_secs(5);
/// Longest pause after an error.
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// Rows handed over at once, at most.
const BURST: usize = 512;
/// Rows in one delta, at most: what it costs to take them in is never long.
const GULP: usize = 1_024;
/// Rows of a list that wait to be taken, at most; then it is not read on, so that no list is ever in memory twice.
const FULL: usize = 4 * GULP;
/// A streaming list that says nothing for so long has no end.
const UNENDED: Duration = Duration::from_secs(10);
/// How long the server may think about a Table of everything, before it is asked for the objects without one.
const GLANCE: Duration = Duration::from_secs(3);
/// Objects a page, where lists are paged; the size `kubectl` uses.
const PAGE: u32 = 500;

impl WatchSpec {
    /// The places a kind is watched in: one a namespace, or one for all of them.
    fn places(&self, part: &Part) -> Vec<Option<&str>> {
        if self.namespaces.is_empty() || !part.kind.namespaced {
            return vec![None];
        }
        self.namespaces.iter().map(|namespace| Some(namespace.as_str())).collect()
    }

    /// The selectors as the end of a query, with those that come with the kind.
    fn selectors(&self, own: &Part) -> String {
        let part = |name: &str, texts: [&str; 2]| {
            let text = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(",");
            if text.is_empty() { String::new() } else { format!("&{name}={}", encode(&text)) }
        };
        part("labelSelector", [&self.labels, own.labels]) + &part("fieldSelector", [&self.fields, own.fields])
    }
}

impl Subscription {
    /// Starts the watch as soon as the cluster is connected.
    /// With a `look`, whole objects are read and shown to it before their rows come.
    pub(super) fn start(spec: WatchSpec, connected: watch::Receiver<Option<Connected>>, look: Option<Look>) -> Self {
        let shared = Arc::new(Shared::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(supervise(spec, connected, shared.clone(), look));
        Self { shared, _tasks: tasks }
    }

    /// Waits for changes and takes all of them. `None` never comes while the subscription lives. Cancel-safe.
    pub async fn next(&mut self) -> Option<Delta> {
        loop {
            let changed = self.shared.changed.notified();
            if let Some(delta) = self.shared.take() {
                return Some(delta);
            }
            changed.await;
        }
    }
}

impl Shared {
    fn take(&self) -> Option<Delta> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let first = pending.news.is_none_or(|from| pending.upserts.ends().0 < from);
        let upserts = pending.upserts.take(GULP);
        let more = !pending.upserts.is_empty();
        // How far it is is said with the last of the rows that it is said about.
        let phase = (!more && std::mem::take(&mut pending.phase_changed)).then(|| pending.phase());
        let gaps = phase.as_ref().and_then(|_| pending.new_gaps());
        let removed = pending.removed.drain().collect();
        let delta = Delta { columns: pending.columns.take(), reset: false, first, upserts, removed, phase, gaps };
        let nothing = delta.phase.is_none() && delta.columns.is_none() && delta.upserts.is_empty() && delta.removed.is_empty();
        if more {
            self.changed.notify_one();
        } else {
            pending.upserts.shrink_to(FULL);
        }
        drop(pending);
        self.taken.notify_waiters();
        (!nothing).then_some(delta)
    }

    /// Waits until there is room for more rows of a list.
    async fn room(&self) {
        loop {
            let taken = self.taken.notified();
            if self.pending.lock().unwrap_or_else(PoisonError::into_inner).upserts.len() < FULL {
                return;
            }
            taken.await;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Pending)) {
        change(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// What the book of a mixed view has new.
    fn hand_over(&self, changed: Changed) {
        if changed.upserts.is_empty() && changed.removed.is_empty() {
            return;
        }
        self.change(|pending| {
            for uid in changed.removed {
                pending.upserts.remove(uid);
                pending.removed.insert(uid);
            }
            for (uid, row) in changed.upserts {
                pending.removed.remove(&uid);
                pending.upserts.put(row);
            }
        });
    }

    /// The last heartbeat was not answered, or heartbeats are answered again.
    fn set_doubt(&self, doubt: Option<(i64, Problem)>) {
        self.change(|pending| {
            pending.phase_changed |= pending.doubt != doubt;
            pending.doubt = doubt;
        });
    }

    /// All parts before that one are as they are on the server, or not shown.
    fn listed(&self, part: usize) -> bool {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.phases.iter().take(part).all(|phase| phase.as_ref().is_some_and(|phase| *phase == Phase::Synced || gaps::refuses(phase)))
    }

    fn set_phase(&self, part: usize, phase: Phase) {
        self.change(|pending| {
            if let Some(place) = pending.phases.get_mut(part)
                && place.as_ref() != Some(&phase)
            {
                *place = Some(phase);
                pending.phase_changed = true;
                pending.begin_news();
            }
        });
    }

    /// A part is listed now. One that is not shown stays as it was said until it is answered: who may not read it is asked about again and again.
    fn asks(&self, part: usize) {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let stale = matches!(pending.phases.get(part), Some(Some(Phase::Stale { .. })));
        drop(pending);
        if !stale {
            self.set_phase(part, Phase::Syncing { count: 0 });
        }
    }

    fn settle(&self, part: usize) {
        self.change(|pending| {
            pending.settled.get_mut(part).into_iter().for_each(|settled| *settled = true);
            pending.begin_news();
        });
    }
}

impl Pending {
    /// From here on rows are news, once every part has been listed or is not shown.
    fn begin_news(&mut self) {
        let listed = |(settled, phase): (&bool, &Option<Phase>)| *settled || phase.as_ref().is_some_and(gaps::refuses);
        if self.news.is_none() && !self.settled.is_empty() && self.settled.iter().zip(&self.phases).all(listed) {
            self.news = Some(self.upserts.ends().1);
        }
    }

    /// The whole view is as good as its worst part; counts add up. Parts that are not shown say nothing about the others.
    fn phase(&self) -> Phase {
        let some = self.shows_some();
        let stale = self.phases.iter().flatten().find(|phase| matches!(phase, Phase::Stale { .. }) && !(some && gaps::refuses(phase)));
        if let Some(stale) = stale {
            return stale.clone();
        }
        if let Some((since, problem)) = self.doubt.clone() {
            return Phase::Stale { since, problem };
        }
        let counts = self.phases.iter().map(|phase| match phase {
            Some(Phase::Synced) => None,
            Some(Phase::Syncing { count }) => Some(*count),
            Some(Phase::Stale { .. }) => None,
            None => Some(0),
        });
        let open: Vec<usize> = counts.flatten().collect();
        if open.is_empty() { Phase::Synced } else { Phase::Syncing { count: open.into_iter().sum() } }
    }
}

/// Waits for the connection, resolves the view to kinds, and runs one task a kind.
async fn supervise(spec: WatchSpec, mut connected: watch::Receiver<Option<Connected>>, shared: Arc<Shared>, look: Option<Look>) {
    shared.change(|pending| pending.phases = vec![None]);
    let (now, parts, measured, meant) = loop {
        let Some(now) = current(&mut connected).await else { return };
        match now.among_kinds(|kinds| Ok((resolve(&spec, kinds)?, metrics::served(kinds), asked(&spec, kinds)?))).await {
            Ok((parts, measured, meant)) => break (now, parts, measured, meant),
            Err(problem) => {
                shared.set_phase(0, Phase::Stale { since: unix_now(), problem });
                if wait_for_change(&mut connected, Duration::from_secs(10)).await.is_err() {
                    return;
                }
            }
        }
    };
    // Who looks at whole objects gets no Tables.
    let whole = |part: Part| if look.is_some() { Part { shape: Shape::whole(&part.kind), ..part } } else { part };
    let parts: Vec<Part> = parts.into_iter().map(whole).collect();
    let ask = Ask::parse(&spec.view);
    let maker = ask.as_ref().and_then(|ask| ask.maker(meant.clone()));
    let book = maker.map(|maker| Arc::new(Mutex::new(Book::new(spec.cluster.clone(), maker))));
    let places: Vec<(&Part, Option<&str>)> = parts.iter().flat_map(|part| spec.places(part).into_iter().map(move |place| (part, place))).collect();
    let decoder = |part: &Part| {
        let decoder = Decoder::new(part.shape, spec.cluster.clone(), part.kind.gvk.clone()).with(&spec.columns).measured(measured);
        decoder.writing(book.clone()).shown_to(look.clone())
    };
    shared.change(|pending| {
        let closer = spec.exact && !places.is_empty() && ask.as_ref().is_some_and(Ask::reads_closer);
        let at_once = ask.as_ref().is_some_and(Ask::told_at_once);
        pending.phases = vec![None; places.len() + usize::from(closer || at_once)];
        pending.settled = vec![false; places.len()];
        pending.spots = places.iter().map(|(part, namespace)| Spot::of(&part.kind, *namespace)).collect();
        pending.columns = places.first().and_then(|(part, _)| decoder(part).columns());
        // Where nothing of a view is served, nothing more will come.
        pending.phase_changed |= places.is_empty() && !at_once;
        if at_once {
            pending.columns = ask.as_ref().and_then(Ask::columns);
        }
    });
    let mut tasks = JoinSet::new();
    if let Some((book, ask)) = book.clone().zip(ask) {
        let refused = tell_outside(&ask, meant, &spec.namespaces, &now.wire, &book, &shared).await;
        if ask.told_at_once() {
            shared.set_phase(0, refused.map_or(Phase::Synced, |problem| Phase::Stale { since: unix_now(), problem }));
        }
        let shared = shared.clone();
        if ask.reads_closer() {
            tasks.spawn(closer(book.clone(), connected.clone(), shared.clone(), spec.exact.then_some(places.len())));
        }
        tasks.spawn(clock(book, move |changed| shared.hand_over(changed)));
    }
    for (at, (part, namespace)) in places.into_iter().enumerate() {
        // Without them a Table carries no more of an object than its metadata.
        let whole = if part.shape == Shape::Table && !spec.columns.is_empty() { "&includeObject=Object" } else { "" };
        let mut source = Source {
            part: at,
            shape: part.shape,
            path: part.kind.path(namespace),
            query: spec.selectors(part) + whole,
            decoder: decoder(part),
            book: book.clone(),
            rows: Vec::new(),
            known: HashMap::new(),
            round: 0,
            glanced: false,
            exact: spec.exact || look.is_some() || !spec.columns.is_empty(),
            version: String::new(),
            fresh: unix_now(),
            shared: shared.clone(),
        };
        let mut connected = connected.clone();
        tasks.spawn(async move { source.run(&mut connected).await });
    }
    tokio::select! {
        () = async { while tasks.join_next().await.is_some() {} } => {}
        () = doubts(&mut connected, &shared) => {}
    }
}

/// Makes every part of a view as doubtful as its connection is.
async fn doubts(connected: &mut watch::Receiver<Option<Connected>>, shared: &Shared) {
    while let Some(now) = current(connected).await {
        connected.mark_unchanged();
        let mut suspicion = now.suspicion();
        loop {
            shared.set_doubt(suspicion.borrow_and_update().clone());
            tokio::select! {
                changed = suspicion.changed() => if changed.is_err() { break },
                _ = connected.changed() => break,
            }
        }
        shared.set_doubt(None);
    }
}

/// Writes down what a mixed view tells of a cluster beside its objects; answers why not all of it could be told.
async fn tell_outside(
    ask: &Ask,
    meant: Option<(Deed, bool)>,
    namespaces: &[String],
    wire: &Wire,
    book: &Mutex<Book>,
    shared: &Shared,
) -> Option<Problem> {
    let (objects, refused) = outside(ask, meant, namespaces, wire).await;
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    for (gvk, object) in objects {
        // Written here and read there: it fits.
        _ = book.take(&gvk, object.to_string().as_bytes(), unix_now());
    }
    shared.hand_over(book.changed());
    refused
}

/// What is asked about, where it is asked who may do something.
fn asked(spec: &WatchSpec, kinds: &super::kinds::Kinds) -> Result<Option<(Deed, bool)>, Problem> {
    Ask::parse(&spec.view).map_or(Ok(None), |ask| ask.meant(kinds).map_err(|word| unserved(&spec.cluster, word)))
}

fn unserved(cluster: &ClusterId, word: &str) -> Problem {
    Problem {
        code: "cluster.kind",
        what: format!("{cluster} serves no kind called {}", sanitise(word)),
        why: String::new(),
        hints: vec!["`:` and tab lists the kinds; `kubectl api-resources` does too".into()],
    }
}

fn resolve(spec: &WatchSpec, kinds: &super::kinds::Kinds) -> Result<Vec<Part>, Problem> {
    if let Some(ask) = Ask::parse(&spec.view) {
        return Ok(ask.parts(kinds));
    }
    let part = |kind: &super::kinds::Kind| vec![Part { shape: Shape::of(kind), kind: kind.clone(), fields: "", labels: "" }];
    kinds.find(&spec.view).map(part).ok_or_else(|| unserved(&spec.cluster, &spec.view))
}

/// The connection once there is one; `None` when the fleet is gone.
pub(super) async fn current(connected: &mut watch::Receiver<Option<Connected>>) -> Option<Connected> {
    connected.wait_for(Option::is_some).await.ok()?.clone()
}

async fn wait_for_change(connected: &mut watch::Receiver<Option<Connected>>, limit: Duration) -> Result<(), watch::error::RecvError> {
    tokio::time::timeout(limit, connected.changed()).await.unwrap_or(Ok(()))
}

/// One kind of a view, with what is known of it.
struct Source {
    part: usize,
    shape: Shape,
    path: String,
    query: String,
    decoder: Decoder,
    /// Where the decoder writes the objects of a mixed view: rows come from there.
    book: Option<Arc<Mutex<Book>>>,
    /// Decoded and not handed over yet. The version is already past them, so they must not be lost with the request they came by.
    rows: Vec<Row>,
    /// Every object there is, with the list it was last seen in or after.
    known: HashMap<Uid, u32>,
    /// Counts lists.
    round: u32,
    /// The rows were shown as the server prints them: what comes only completes them.
    glanced: bool,
    /// They are not to be.
    exact: bool,
    /// Where the next watch begins; empty: take the list first.
    version: String,
    /// The last moment the rows were known to be true.
    fresh: i64,
    shared: Arc<Shared>,
}

/// How far a list is.
struct Listed {
    count: usize,
}

/// An event of a watch, its object not decoded yet.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// A list whose items are not decoded yet.
#[derive(Deserialize)]
struct List<'a> {
    metadata: ListMeta,
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    next: String,
}

/// Why a request ended well.
enum End {
    /// The list is complete, the watch is next.
    Listed,
    /// The server closed it: renew from where it was.
    Renew,
    /// The server has forgotten where we were: list again.
    Relist,
}

impl Source {
    async fn run(&mut self, connected: &mut watch::Receiver<Option<Connected>>) {
        let (mut wait, mut refused) = (Duration::ZERO, false);
        while let Some(now) = current(connected).await {
            connected.mark_unchanged();
            let begun = Instant::now();
            let ended = tokio::select! {
                ended = self.once(&now) => ended,
                // The heartbeat lost the cluster, or it was closed: what is shown may be old.
                changed = connected.changed() => match changed {
                    Ok(()) => Err(Trouble { status: None, after: None, problem: now.farewell() }),
                    Err(_) => return,
                },
            };
            self.hand_over(None);
            refused &= ended.is_err();
            let calm = begun.elapsed() >= CALM;
            if calm {
                wait = Duration::ZERO;
            }
            let mut asked = None;
            let longest = match forgotten(ended) {
                Ok(End::Listed) => continue,
                Ok(End::Relist) => {
                    self.version.clear();
                    LONGEST_RENEWAL
                }
                Ok(End::Renew) => LONGEST_RENEWAL,
                Err(trouble) => {
                    if trouble.status.is_none() {
                        now.doubt();
                    }
                    // A token that ended between two requests: with another one the watch goes on where it was.
                    if trouble.status == Some(StatusCode::UNAUTHORIZED) && !std::mem::replace(&mut refused, true) {
                        now.renewed().await;
                        continue;
                    }
                    asked = trouble.after;
                    self.shared.set_phase(self.part, Phase::Stale { since: self.fresh, problem: trouble.problem });
                    self.call_reader();
                    LONGEST_RETRY
                }
            };
            // What ends as soon as it is asked for is not asked for as fast as the wire allows.
            if calm && longest == LONGEST_RENEWAL {
                continue;
            }
            wait = (wait * 2).clamp(Duration::from_millis(500), longest);
            let pause = asked.map_or_else(|| jitter(wait), |asked| asked.clamp(wait, LONGEST_PAUSE));
            if wait_for_change(connected, pause).await.is_err() {
                return;
            }
        }
    }

    /// One request: a list where one is needed, then the watch until it ends.
    async fn once(&mut self, now: &Connected) -> Result<End, Trouble> {
        if !self.version.is_empty() {
            let path = format!(
                "{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={LIFE}&resourceVersion={}{}",
                self.path,
                encode(&self.version),
                self.query
            );
            let lines = self.request(now, &path).await?;
            self.shared.set_phase(self.part, Phase::Synced);
            return self.follow(lines, None).await;
        }
        self.shared.asks(self.part);
        if self.shape == Shape::Own(Own::Pods) && self.known.is_empty() && !self.exact {
            self.glance(now).await;
        }
        if now.streams() {
            match self.stream(now).await {
                Err(trouble) if matches!(trouble.status, Some(StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST)) => now.refuses_streams(),
                ended => return ended,
            }
        }
        self.pages(now).await?;
        Ok(End::Listed)
    }

    /// Pods as the server prints them, from its memory: their objects cost it five times as much to write, and follow.
    async fn glance(&mut self, now: &Connected) {
        // A first page, which comes at once, and all of them where there are more.
        for query in [format!("limit={PAGE}"), "resourceVersion=0".to_owned()] {
            let path = format!("{}?{query}{}", self.path, self.query);
            // The stream that follows says what is wrong, if something is.
            let Ok(Some(count)) = self.printed(now, &path).await else { return };
            if count < PAGE as usize {
                break;
            }
        }
        self.glanced = true;
        self.fresh = unix_now();
        self.shared.set_phase(self.part, Phase::Synced);
    }

    /// Rows of a Table as they come; how many there were. None: it is no Table.
    async fn printed(&mut self, now: &Connected, path: &str) -> Result<Option<usize>, Trouble> {
        let mut body = now.wire.parts(path, Shape::Table.accept(), GLANCE).await?;
        let (mut pieces, mut columns, mut count, at) = (Pieces::of("rows"), None, 0, unix_now());
        while let Some(part) = body.next().await? {
            let (decoder, rows) = (&mut self.decoder, &mut self.rows);
            let take = |piece: &[u8], head: &[u8]| {
                if columns.is_none() {
                    columns = decoder.glance(head);
                }
                let row = columns.as_ref().and_then(|columns| decoder.glanced(piece, columns, at).ok()).ok_or(())?;
                rows.push(row);
                Ok::<(), ()>(())
            };
            if pieces.feed(&part, take).is_err() {
                return Ok(None);
            }
            count += self.rows.len();
            self.hand_over(Some(count));
            self.shared.room().await;
        }
        let whole = columns.is_some() || self.decoder.glance(pieces.rest().strip_suffix(b"]}").unwrap_or_default()).is_some();
        Ok(whole.then_some(count))
    }

    async fn request(&self, now: &Connected, path: &str) -> Result<Lines, Trouble> {
        now.wire.lines(path, self.shape.accept(), LIMIT).await
    }

    /// A streaming list: the watch itself begins with all there is.
    async fn stream(&mut self, now: &Connected) -> Result<End, Trouble> {
        let initial = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
        let lines = self.request(now, &format!("{}?{initial}&timeoutSeconds={LIFE}{}", self.path, self.query)).await?;
        let round = self.begin();
        self.follow(lines, Some(round)).await
    }

    /// A list begins: what is seen from now on is of this one.
    fn begin(&mut self) -> Listed {
        self.round = self.round.wrapping_add(1);
        self.shared.set_phase(self.part, Phase::Syncing { count: 0 });
        Listed { count: 0 }
    }

    /// `listed` counts the objects of a streaming list until its closing bookmark.
    async fn follow(&mut self, mut lines: Lines, mut listed: Option<Listed>) -> Result<End, Trouble> {
        let wire = lines.wire().clone();
        loop {
            // Rows are handed over a burst at a time: whatever has already come.
            if !lines.ready() || self.rows.len() >= BURST {
                self.hand_over(listed.as_ref().map(|listed| listed.count));
                if listed.is_some() {
                    self.shared.room().await;
                }
            }
            let line = match listed {
                Some(_) => tokio::time::timeout(UNENDED, lines.next()).await.unwrap_or_else(|_| Err(endless(&wire)))?,
                None => lines.next().await?,
            };
            let Some(line) = line else { return Ok(End::Renew) };
            let nonsense = |error: serde_json::Error| wire.nonsense(line, &error.to_string());
            let event: Event<'_> = serde_json::from_slice(line).map_err(nonsense)?;
            let object = event.object.get().as_bytes();
            self.decoder.at(unix_now());
            match event.kind {
                "ERROR" => return refused(&wire, object),
                "BOOKMARK" => self.marked(object, &mut listed),
                "DELETED" => self.deleted(object),
                _ => self.changed(object, listed.as_mut()),
            }
            .map_err(nonsense)?;
            self.fresh = unix_now();
        }
    }

    /// A bookmark says how far the watch is, and once that the list is complete.
    fn marked(&mut self, object: &[u8], listed: &mut Option<Listed>) -> Result<(), serde_json::Error> {
        let meta = bookmark(object)?;
        self.define(object)?;
        self.version.clone_from(&meta.resource_version);
        let closing = meta.annotations.get("k8s.io/initial-events-end").is_some_and(|value| value == "true");
        if listed.take_if(|_| closing).is_some() {
            self.hand_over(None);
            self.settle();
        }
        Ok(())
    }

    fn deleted(&mut self, object: &[u8]) -> Result<(), serde_json::Error> {
        self.hand_over(None);
        let mut gone = Vec::new();
        self.decoder.rows(object, &mut gone)?;
        let gone = gone.iter().map(|row| row.uid).filter(|uid| self.known.remove(uid).is_some()).collect();
        self.remove(gone);
        self.advance();
        Ok(())
    }

    fn changed(&mut self, object: &[u8], listed: Option<&mut Listed>) -> Result<(), serde_json::Error> {
        let before = self.rows.len();
        let columns = self.decoder.rows(object, &mut self.rows)?;
        if columns.is_some() {
            self.shared.change(|pending| pending.columns = columns);
        }
        match listed {
            Some(listed) => listed.count += self.rows.len() - before,
            None => self.advance(),
        }
        Ok(())
    }

    /// Pages of a list without resourceVersion, where streaming lists are not served.
    async fn pages(&mut self, now: &Connected) -> Result<(), Trouble> {
        let (mut begun, mut next) = (None, String::new());
        loop {
            let path = format!(
                "{}?limit={PAGE}{}{}",
                self.path,
                self.query,
                if next.is_empty() { String::new() } else { format!("&continue={}", encode(&next)) }
            );
            let body = now.wire.whole(http::Method::GET, &path, self.shape.accept_list(), Vec::new(), LIMIT * 4).await?;
            let listed = begun.get_or_insert_with(|| self.begin());
            let meta = self.page(&body).map_err(|error| now.wire.nonsense(&body, &error.to_string()))?;
            drop(body);
            listed.count += self.rows.len();
            self.hand_over(Some(listed.count));
            if meta.next.is_empty() {
                self.version = meta.resource_version;
                self.settle();
                return Ok(());
            }
            self.shared.room().await;
            next = meta.next;
        }
    }

    fn page(&mut self, body: &[u8]) -> Result<ListMeta, serde_json::Error> {
        let list: List<'_> = serde_json::from_slice(body)?;
        self.decoder.at(unix_now());
        if self.shape == Shape::Table {
            if let Some(columns) = self.decoder.rows(body, &mut self.rows)? {
                self.shared.change(|pending| pending.columns = Some(columns));
            }
        } else {
            for item in list.items {
                self.decoder.rows(item.get().as_bytes(), &mut self.rows)?;
            }
        }
        Ok(list.metadata)
    }

    fn hand_over(&mut self, listed: Option<usize>) {
        if self.rows.is_empty() {
            return;
        }
        self.known.extend(self.rows.iter().map(|row| (row.uid, self.round)));
        match &self.book {
            Some(book) => {
                self.rows.clear();
                self.shared.hand_over(book.lock().unwrap_or_else(PoisonError::into_inner).changed());
            }
            None => self.shared.change(|pending| {
                for row in self.rows.drain(..) {
                    pending.removed.remove(&row.uid);
                    pending.upserts.put(row);
                }
            }),
        }
        if let Some(count) = listed.filter(|_| !self.glanced) {
            self.shared.set_phase(self.part, Phase::Syncing { count });
        }
    }

    fn remove(&mut self, gone: Vec<Uid>) {
        if let Some(book) = &self.book {
            let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
            gone.into_iter().for_each(|uid| book.forget(uid, unix_now()));
            return self.shared.hand_over(book.changed());
        }
        self.shared.change(|pending| {
            for uid in gone {
                pending.upserts.remove(uid);
                pending.removed.insert(uid);
            }
        });
    }

    /// The list is complete: what it did not hold is gone.
    fn settle(&mut self) {
        let round = self.round;
        let gone = self.known.extract_if(|_, seen| *seen != round).map(|(uid, _)| uid).collect();
        self.remove(gone);
        self.fresh = unix_now();
        self.shared.settle(self.part);
        self.shared.set_phase(self.part, Phase::Synced);
        self.call_reader();
    }

    /// All that may be wanted of this part is known now.
    fn call_reader(&self) {
        if let Some(book) = &self.book {
            book.lock().unwrap_or_else(PoisonError::into_inner).call_reader();
        }
    }

    /// Takes the columns from a bookmark: where there are no objects, it is the first event of a Table and the only one that says what they are.
    fn define(&mut self, object: &[u8]) -> Result<(), serde_json::Error> {
        if self.shape == Shape::Table
            && let Some(columns) = self.decoder.rows(object, &mut Vec::new())?
        {
            self.shared.change(|pending| pending.columns = Some(columns));
        }
        Ok(())
    }

    /// Remembers where a broken watch would go on. In a Table the version stands in the rows' objects; bookmarks, which come every minute, are near
    /// enough there.
    fn advance(&mut self) {
        if self.shape != Shape::Table {
            self.decoder.version().clone_into(&mut self.version);
        }
    }
}

/// A streaming list whose end is not told, by a server that does not know such lists and has not said so: it is as good as refused.
fn endless(wire: &Wire) -> Trouble {
    Trouble { status: Some(StatusCode::UNPROCESSABLE_ENTITY), ..wire.lost("the end of the list was not told") }
}

/// The metadata of a bookmark, also of one inside a Table.
fn bookmark(object: &[u8]) -> Result<super::decode::Meta, serde_json::Error> {
    #[derive(Deserialize)]
    struct Rows {
        rows: Vec<RowObject>,
    }
    #[derive(Deserialize)]
    struct RowObject {
        object: Head,
    }
    if let Ok(Rows { mut rows }) = serde_json::from_slice(object)
        && let Some(row) = rows.pop()
    {
        return Ok(row.object.metadata);
    }
    serde_json::from_slice::<Head>(object).map(|head| head.metadata)
}

fn refused(wire: &Wire, object: &[u8]) -> Result<End, Trouble> {
    let status: Status = serde_json::from_slice(object).map_err(|error| wire.nonsense(object, &error.to_string()))?;
    if status.code == 410 || matches!(status.reason.as_str(), "Expired" | "Gone") {
        return Ok(End::Relist);
    }
    Err(wire.lost(&format!("the watch ended: {}", sanitise(&status.message))))
}

/// Some servers and proxies say that a version is too old in the status of the answer and not in an event.
fn forgotten(ended: Result<End, Trouble>) -> Result<End, Trouble> {
    match ended {
        Err(Trouble { status: Some(StatusCode::GONE), .. }) => Ok(End::Relist),
        other => other,
    }
}

/// Anything between half and the whole, so that many watches do not come back in one moment.
fn jitter(wait: Duration) -> Duration {
    let noise = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    wait / 2 + wait.mul_f64(f64::from(noise % 1_000) / 2_000.0)
}
