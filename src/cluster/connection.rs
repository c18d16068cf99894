//! One cluster's connection: built from its context, kept by a heartbeat, healing by itself. It delays no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify, watch};

use super::client::Builder;
use super::kinds::Kinds;
use super::wire::{Trouble, Wire};
use crate::names::{ClusterId, Problem};

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
    /// Its context.
    pub id: ClusterId,
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
}

/// From this on a connection counts as slow.
const SLOW_MS: u32 = 500;

impl Connection {
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
    doubts: Arc<Notify>,
}

const BEAT: Duration = Duration::from_secs(10);
const BEAT_LIMIT: Duration = Duration::from_secs(3);

impl Connected {
    fn new(wire: Wire, doubts: Arc<Notify>) -> Self {
        Self { wire, kinds: Arc::default(), streams: Arc::new(AtomicBool::new(true)), doubts }
    }

    /// Something was lost on the way: the heartbeat looks now and not in a while.
    pub(super) fn doubt(&self) {
        self.doubts.notify_one();
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

/// Connects, beats, and says how it goes through `report`, until dropped.
pub(super) async fn keep(
    builder: Builder,
    connected: watch::Sender<Option<Connected>>,
    report: impl Fn(Health, Option<Problem>, Option<String>, Option<u32>),
) {
    report(Health::Connecting, None, None, None);
    let mut wait = Duration::from_secs(1);
    loop {
        match builder.build().await {
            Ok(wire) => {
                beat(wire, &connected, &report).await;
                connected.send_replace(None);
            }
            Err(problem) => report(Health::AuthNeeded, Some(problem), None, None),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(BEAT);
    }
}

/// Beats until the credentials are refused: then the client is built anew, because a plugin may have better ones.
async fn beat(wire: Wire, connected: &watch::Sender<Option<Connected>>, report: &impl Fn(Health, Option<Problem>, Option<String>, Option<u32>)) {
    let (mut missed, mut version) = (0, None);
    let doubts = Arc::new(Notify::new());
    loop {
        let begun = Instant::now();
        let answer = wire.whole(http::Method::GET, "/readyz", "*/*", Vec::new(), BEAT_LIMIT).await;
        let took = u32::try_from(begun.elapsed().as_millis()).ok();
        let pause = match answer.map(|body| body.to_vec()) {
            Ok(body) if body.trim_ascii_start().starts_with(b"<") => {
                report(Health::Unreachable, Some(wire.nonsense(&body, "").problem), None, took);
                BEAT
            }
            Ok(_) => {
                missed = 0;
                // Watches do not wait for what is only told.
                attach(&wire, &doubts, connected);
                if version.is_none() {
                    // Who may not ask for it may still see objects.
                    version = wire.version(BEAT_LIMIT).await.ok();
                }
                report(Health::Ready, None, version.clone(), took);
                BEAT
            }
            Err(Trouble { status: Some(StatusCode::UNAUTHORIZED), problem }) => {
                report(Health::AuthNeeded, Some(problem), None, took);
                return;
            }
            Err(Trouble { status: Some(status), problem }) => {
                missed = 0;
                let forbidden = status == StatusCode::FORBIDDEN;
                // Who may not ask for health may still see objects.
                attach(&wire, &doubts, connected);
                report(if forbidden { Health::Forbidden } else { Health::Degraded }, Some(problem), version.clone(), took);
                BEAT
            }
            Err(Trouble { status: None, problem }) => {
                missed += 1;
                let never = connected.borrow().is_none();
                if missed > 1 || never {
                    connected.send_replace(None);
                    report(Health::Unreachable, Some(problem), version.clone(), None);
                }
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = doubts.notified() => {}
        }
    }
}

fn attach(wire: &Wire, doubts: &Arc<Notify>, connected: &watch::Sender<Option<Connected>>) {
    connected.send_if_modified(|place| {
        let new = place.is_none();
        if new {
            *place = Some(Connected::new(wire.clone(), doubts.clone()));
        }
        new
    });
}

/// Now, in unix seconds.
pub fn unix_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
