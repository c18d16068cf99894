//! One cluster's connection: built from its context, kept by a heartbeat, healing by itself. It delays no other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify, watch};

use super::client::Builder;
use super::kinds::Kinds;
use super::wire::{Trouble, Wire};
use crate::names::{ClusterId, ConnectionKind, Problem};

/// How a connection does, as observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// Nobody asked for it.
    Off,
    /// On its way.
    Connecting,
    /// It answers.
    Ready,
    /// It wants credentials it was not given.
    AuthNeeded,
    /// It knows who asks and refuses.
    Forbidden,
    /// It answers, and says that it is not well.
    Degraded,
    /// It does not answer.
    Unreachable,
}

/// A connection as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its context, or the name it was declared by.
    pub id: ClusterId,
    /// What it leads to.
    #[serde(default)]
    pub kind: ConnectionKind,
    /// How it does.
    pub health: Health,
    /// Since when, unix seconds.
    pub since: i64,
    /// Why, when it is not well.
    pub problem: Option<Problem>,
    /// The server's version, once known.
    pub version: Option<String>,
    /// How long a heartbeat took when the connection became what it is.
    pub latency_ms: Option<u32>,
    /// The uid of the cluster's namespace kube-system, once known: connections that share it lead to one cluster.
    #[serde(default)]
    pub identity: Option<String>,
}

/// From this on a connection counts as slow.
const SLOW_MS: u32 = 500;

impl Connection {
    /// One that nobody has asked for.
    pub fn off(id: ClusterId, kind: ConnectionKind) -> Self {
        Self { id, kind, health: Health::Off, since: unix_now(), problem: None, version: None, latency_ms: None, identity: None }
    }

    /// It answers, but so late that a person should know.
    pub fn slow(&self) -> bool {
        self.health == Health::Ready && self.latency_ms.is_some_and(|ms| ms >= SLOW_MS)
    }
}

/// A connection that can be asked.
#[derive(Clone)]
pub(super) struct Connected {
    pub(super) wire: Wire,
    kinds: Arc<Mutex<Option<Arc<Kinds>>>>,
    streams: Arc<AtomicBool>,
    beat: Asked,
}

/// What the watches and the heartbeat of one connection say to each other.
#[derive(Clone)]
struct Asked {
    /// Look now and not in a while.
    doubts: Arc<Notify>,
    /// Credentials were refused: better ones are wanted.
    refused: Arc<AtomicBool>,
    /// How often credentials were renewed, or could not be.
    renewals: watch::Sender<u64>,
    /// Since the last heartbeat was not answered: since when nothing is certain, unix seconds, and why.
    suspicion: watch::Sender<Option<(i64, Problem)>>,
    farewell: Farewell,
}

/// Why a connection ended, for those who used it.
#[derive(Clone, Default)]
pub(super) struct Farewell(Arc<std::sync::Mutex<Option<Problem>>>);

impl Farewell {
    pub(super) fn say(&self, problem: Problem) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }

    fn unsay(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn said(&self) -> Option<Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

const BEAT: Duration = Duration::from_secs(10);
const BEAT_LIMIT: Duration = Duration::from_secs(3);
/// A server that asks to be left alone is not left alone longer than this.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// After a heartbeat that was not answered the next one comes so soon.
const AGAIN: Duration = Duration::from_secs(1);
/// Credentials that end are renewed so long before, in seconds; client-go does it as they end, and kube a minute before.
const EARLY: i64 = 60;
/// Renewed credentials count as new for so long.
const NEW: Duration = Duration::from_secs(5);
/// The longest wait for credentials, which may come from a plugin.
const RENEWAL: Duration = Duration::from_secs(25);
/// From this on the difference of two clocks is told, in seconds.
const SKEW: i64 = 30;

impl Connected {
    fn new(wire: Wire, beat: Asked) -> Self {
        Self { wire, kinds: Arc::default(), streams: Arc::new(AtomicBool::new(true)), beat }
    }

    /// Something was lost on the way: the heartbeat looks now and not in a while.
    pub(super) fn doubt(&self) {
        self.beat.doubts.notify_one();
    }

    /// The credentials were refused: waits until others were asked for, once for all who want them.
    pub(super) async fn renewed(&self) {
        let mut renewals = self.beat.renewals.subscribe();
        renewals.mark_unchanged();
        self.beat.refused.store(true, Ordering::Relaxed);
        self.doubt();
        // None may come: then the next request says so.
        _ = tokio::time::timeout(RENEWAL, renewals.changed()).await;
    }

    /// Since when nothing is certain, and why; none while heartbeats are answered.
    pub(super) fn suspicion(&self) -> watch::Receiver<Option<(i64, Problem)>> {
        self.beat.suspicion.subscribe()
    }

    /// Why this connection is no more.
    pub(super) fn farewell(&self) -> Problem {
        self.beat.farewell.said().unwrap_or_else(|| self.wire.lost("it was closed").problem)
    }

    /// What the server serves, as it was when this was asked first or [`Self::kinds_anew`] last.
    pub(super) async fn kinds(&self) -> Result<Arc<Kinds>, Problem> {
        let mut known = self.kinds.lock().await;
        match &*known {
            Some(kinds) => Ok(kinds.clone()),
            None => self.discover(&mut known).await,
        }
    }

    /// What the server serves now: kinds come and go with their definitions.
    pub(super) async fn kinds_anew(&self) -> Result<Arc<Kinds>, Problem> {
        self.discover(&mut *self.kinds.lock().await).await
    }

    /// What was found among the kinds; they are asked for again before it is said that there is no such kind.
    pub(super) async fn among_kinds<T>(&self, find: impl Fn(&Kinds) -> Result<T, Problem>) -> Result<T, Problem> {
        match find(&*self.kinds().await?) {
            Ok(found) => Ok(found),
            Err(_) => find(&*self.kinds_anew().await?),
        }
    }

    async fn discover(&self, known: &mut Option<Arc<Kinds>>) -> Result<Arc<Kinds>, Problem> {
        let kinds = Kinds::discover(&self.wire).await.map(Arc::new).map_err(|trouble| trouble.problem)?;
        *known = Some(kinds.clone());
        Ok(kinds)
    }

    /// Streaming lists are served, as far as is known.
    pub(super) fn streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
    }

    pub(super) fn refuses_streams(&self) {
        self.streams.store(false, Ordering::Relaxed);
    }
}

/// Says how one connection does.
pub(super) struct Voice {
    id: ClusterId,
    status: watch::Sender<Arc<[Connection]>>,
}

impl Voice {
    pub(super) fn new(id: ClusterId, status: watch::Sender<Arc<[Connection]>>) -> Self {
        Self { id, status }
    }

    /// It does so, for this reason.
    pub(super) fn tell(&self, health: Health, problem: Option<Problem>) {
        self.change(|one| Connection { health, problem, latency_ms: None, ..one });
    }

    /// It answers.
    pub(super) fn ready(&self, version: Option<String>) {
        self.change(|one| Connection { health: Health::Ready, problem: None, version: version.or(one.version.clone()), ..one });
    }

    fn change(&self, change: impl FnOnce(Connection) -> Connection) {
        self.status.send_if_modified(|all| {
            let Some((place, one)) = all.iter().enumerate().find(|(_, one)| one.id == self.id) else { return false };
            let mut now = change(one.clone());
            now.since = if one.health == now.health { one.since } else { unix_now() };
            // A heartbeat that takes a little longer is no news; one that begins or ends to be slow is.
            let same = Connection { latency_ms: one.latency_ms, ..now.clone() } == *one && now.slow() == one.slow();
            if same {
                return false;
            }
            let mut next = all.to_vec();
            next[place] = now;
            *all = next.into();
            true
        });
    }
}

/// Connects, beats, and says how it goes, until dropped.
pub(super) async fn keep(builder: Builder, connected: watch::Sender<Option<Connected>>, farewell: Farewell, voice: Voice) {
    voice.tell(Health::Connecting, None);
    let (mut wait, mut first) = (AGAIN, true);
    loop {
        // What was refused once is not tried again.
        let built = if std::mem::take(&mut first) { builder.build().await } else { builder.renew().await };
        match built {
            Ok(built) => {
                let ends = built.ends;
                let mut heart = Heart {
                    wire: Wire::new(builder.id().clone(), built),
                    builder: &builder,
                    connected: &connected,
                    voice: &voice,
                    asked: Asked {
                        doubts: Arc::default(),
                        refused: Arc::default(),
                        renewals: watch::channel(0).0,
                        suspicion: watch::channel(None).0,
                        farewell: farewell.clone(),
                    },
                    ends,
                    renewed: None,
                    missed: 0,
                    version: None,
                    identity: None,
                };
                if heart.beat().await {
                    wait = AGAIN;
                }
                connected.send_replace(None);
            }
            Err(problem) => voice.tell(Health::AuthNeeded, Some(problem)),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(BEAT);
    }
}

/// One client's life.
struct Heart<'a> {
    wire: Wire,
    builder: &'a Builder,
    connected: &'a watch::Sender<Option<Connected>>,
    voice: &'a Voice,
    asked: Asked,
    /// When the credentials end, unix seconds.
    ends: Option<i64>,
    /// When they were renewed last.
    renewed: Option<Instant>,
    missed: u32,
    version: Option<String>,
    identity: Option<String>,
}

impl Heart<'_> {
    /// Beats until the credentials are refused though they are new. True: it was answered at least once.
    async fn beat(&mut self) -> bool {
        let mut lived = false;
        loop {
            let wanted = self.asked.refused.swap(false, Ordering::Relaxed);
            if wanted || self.ends.is_some_and(|ends| unix_now() >= ends - EARLY) {
                self.renew().await;
            }
            let begun = Instant::now();
            let answer = self.wire.whole(Method::GET, "/readyz", "*/*", Vec::new(), BEAT_LIMIT).await;
            let took = u32::try_from(begun.elapsed().as_millis()).ok();
            self.wire.tally().beat(took.filter(|_| !matches!(&answer, Err(Trouble { status: None, .. }))));
            let pause = match answer.map(|body| body.to_vec()) {
                Ok(body) if body.trim_ascii_start().starts_with(b"<") => {
                    self.voice.tell(Health::Unreachable, Some(self.wire.nonsense(&body, "").problem));
                    BEAT
                }
                Ok(_) => {
                    lived = true;
                    self.answered(Health::Ready, self.skew(), took).await;
                    BEAT
                }
                Err(Trouble { status: Some(StatusCode::UNAUTHORIZED), problem, .. }) => {
                    if !self.is_new() && self.renew().await {
                        continue;
                    }
                    self.asked.farewell.say(problem.clone());
                    self.voice.tell(Health::AuthNeeded, Some(problem));
                    return lived;
                }
                Err(Trouble { status: Some(status), problem, after }) => {
                    let health = if status == StatusCode::FORBIDDEN { Health::Forbidden } else { Health::Degraded };
                    // Who may not ask for health may still see objects.
                    self.answered(health, Some(problem), took).await;
                    after.map_or(BEAT, |after| after.clamp(BEAT, LONGEST_PAUSE))
                }
                Err(Trouble { status: None, problem, .. }) => {
                    self.missed(problem);
                    AGAIN
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.asked.doubts.notified() => {}
            }
        }
    }

    async fn answered(&mut self, health: Health, problem: Option<Problem>, took: Option<u32>) {
        self.missed = 0;
        self.asked.suspicion.send_if_modified(|suspicion| suspicion.take().is_some());
        self.connected.send_if_modified(|place| {
            let new = place.is_none();
            if new {
                self.asked.farewell.unsay();
                *place = Some(Connected::new(self.wire.clone(), self.asked.clone()));
            }
            new
        });
        if self.version.is_none() && health == Health::Ready {
            // Watches do not wait for what is only told. Who may not ask for it may still see objects.
            self.version = self.wire.version(BEAT_LIMIT).await.ok();
            self.identity = self.wire.identity(BEAT_LIMIT).await;
        }
        let (version, identity) = (self.version.clone(), self.identity.clone());
        self.voice.change(|one| Connection {
            health,
            problem,
            latency_ms: took,
            version: version.or(one.version.clone()),
            identity: identity.or(one.identity.clone()),
            ..one
        });
    }

    /// One beat that is missed makes everything doubtful, a second one ends the connection.
    fn missed(&mut self, problem: Problem) {
        self.missed += 1;
        let never = self.connected.borrow().is_none();
        if self.missed == 1 && !never {
            let what = format!("{} has not answered the last heartbeat", self.builder.id());
            let doubt = Problem::new("cluster.suspect", what, problem.why).hint("it is asked again at once; what is shown may be old");
            self.asked.suspicion.send_replace(Some((unix_now(), doubt)));
            return;
        }
        self.asked.farewell.say(problem.clone());
        self.connected.send_replace(None);
        self.voice.tell(Health::Unreachable, Some(problem));
    }

    /// Asks for other credentials; requests after this are made with them, and streams that run go on. False: there are none.
    async fn renew(&mut self) -> bool {
        let renewed = self.is_new()
            || match self.builder.renew().await {
                Ok(built) => {
                    self.ends = built.ends;
                    self.wire.renew(built);
                    true
                }
                // The next request says what is wrong with those there are.
                Err(_) => false,
            };
        self.renewed = Some(Instant::now());
        self.asked.renewals.send_modify(|count| *count += 1);
        renewed
    }

    fn is_new(&self) -> bool {
        self.renewed.is_some_and(|then| then.elapsed() < NEW)
    }

    /// What is to be told of the server's clock.
    fn skew(&self) -> Option<Problem> {
        let ahead = self.wire.tally().read().ahead.filter(|seconds| seconds.abs() > SKEW)?;
        let (by, side) = (crate::text::age::age(ahead.abs()), if ahead > 0 { "ahead of" } else { "behind" });
        let id = self.builder.id();
        Some(
            Problem::new(
                "cluster.clock",
                format!("the clock of {id} is {by} {side} this machine's"),
                "ages are counted on this machine's clock, so they are wrong by as much; tokens and certificates may be refused",
            )
            .hint("see which of the two is wrong (`timedatectl`, `chronyc tracking`) and set it by NTP"),
        )
    }
}

/// Now, in unix seconds.
pub fn unix_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
