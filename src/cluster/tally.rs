//! What a connection costs and how its clock goes: requests counted by what they were for, the last minute of them, the latest heartbeat, the server's
//! date beside ours. Counting never waits.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use serde::{Deserialize, Serialize};

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// `/readyz`.
    Heartbeat,
    /// The begin or the renewal of a watch.
    Watch,
    /// A list.
    List,
    /// Metrics.
    Metrics,
    /// Anything else: discovery, one object, a change, a log.
    Other,
}

/// Requests by what they were for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// Heartbeats.
    pub heartbeats: u64,
    /// Watches begun or renewed.
    pub watches: u64,
    /// Lists.
    pub lists: u64,
    /// Metrics.
    pub metrics: u64,
    /// All others.
    pub others: u64,
}

/// What is known of a connection beside its health; it changes all the time and is asked for where it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Particulars {
    /// All requests since the program started.
    pub all: Requests,
    /// Those of the last minute.
    pub minute: Requests,
    /// How long the latest heartbeat took.
    pub latency_ms: Option<u32>,
    /// So many seconds the server's clock is ahead of ours.
    pub ahead: Option<i64>,
    /// When our credentials end, unix seconds.
    pub credentials_end: Option<i64>,
}

/// Counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: Particulars,
    /// One entry a second of the last minute in which something was asked.
    recent: VecDeque<(Instant, Requests)>,
}

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

impl Use {
    /// What a request is for, as its path says (API concepts: the shape of resource URIs).
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let within = match segments.first() {
            Some(&"api") => segments.get(2..),
            Some(&"apis") => segments.get(3..),
            _ => None,
        };
        match within {
            _ if path == "/readyz" => Self::Heartbeat,
            _ if path.starts_with("/apis/metrics.k8s.io/") => Self::Metrics,
            _ if query.contains("watch=1") => Self::Watch,
            // `pods`, or `namespaces/NAME/pods`: one segment more is an object, and two more are a part of it.
            Some([_] | ["namespaces", _, _]) if method == Method::GET => Self::List,
            _ => Self::Other,
        }
    }
}

impl Requests {
    fn add(&mut self, what: Use) {
        *match what {
            Use::Heartbeat => &mut self.heartbeats,
            Use::Watch => &mut self.watches,
            Use::List => &mut self.lists,
            Use::Metrics => &mut self.metrics,
            Use::Other => &mut self.others,
        } += 1;
    }

    fn and(self, other: &Self) -> Self {
        Self {
            heartbeats: self.heartbeats + other.heartbeats,
            watches: self.watches + other.watches,
            lists: self.lists + other.lists,
            metrics: self.metrics + other.metrics,
            others: self.others + other.others,
        }
    }

    /// All of them.
    pub fn sum(&self) -> u64 {
        self.heartbeats + self.watches + self.lists + self.metrics + self.others
    }
}

impl Tally {
    pub(super) fn count(&self, what: Use) {
        self.count_at(Instant::now(), what);
    }

    fn count_at(&self, now: Instant, what: Use) {
        self.change(|state| {
            state.known.all.add(what);
            match state.recent.back_mut().filter(|(second, _)| now.duration_since(*second) < SECOND) {
                Some((_, requests)) => requests.add(what),
                None => {
                    let mut requests = Requests::default();
                    requests.add(what);
                    state.recent.push_back((now, requests));
                }
            }
            state.forget(now);
        });
    }

    /// The server's clock is so many seconds ahead, as an answer's `Date` says.
    pub(super) fn ahead(&self, seconds: i64) {
        self.change(|state| state.known.ahead = Some(seconds));
    }

    pub(super) fn beat(&self, took_ms: Option<u32>) {
        self.change(|state| state.known.latency_ms = took_ms);
    }

    pub(super) fn credentials_end(&self, unix: Option<i64>) {
        self.change(|state| state.known.credentials_end = unix);
    }

    pub(super) fn read(&self) -> Particulars {
        self.read_at(Instant::now())
    }

    fn read_at(&self, now: Instant) -> Particulars {
        let mut known = Particulars::default();
        self.change(|state| {
            state.forget(now);
            let minute = state.recent.iter().fold(Requests::default(), |sum, (_, requests)| sum.and(requests));
            known = Particulars { minute, ..state.known.clone() };
        });
        known
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    fn forget(&mut self, now: Instant) {
        while self.recent.front().is_some_and(|(second, _)| now.duration_since(*second) >= MINUTE) {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_what_a_request_is_for() {
        let cases = [
            ("/readyz", Use::Heartbeat),
            ("/api/v1/pods?watch=1&resourceVersion=5", Use::Watch),
            ("/api/v1/pods?limit=500", Use::List),
            ("/api/v1/namespaces", Use::List),
            ("/api/v1/namespaces/shop/pods", Use::List),
            ("/apis/apps/v1/namespaces/shop/deployments", Use::List),
            ("/apis/metrics.k8s.io/v1beta1/nodes", Use::Metrics),
            ("/api/v1/namespaces/shop", Use::Other),
            ("/api/v1/namespaces/shop/pods/web", Use::Other),
            ("/apis/apps/v1/namespaces/shop/deployments/web", Use::Other),
            ("/api/v1/nodes/one", Use::Other),
            ("/apis", Use::Other),
            ("/version", Use::Other),
        ];
        for (path, wanted) in cases {
            assert_eq!(Use::of(&Method::GET, path), wanted, "{path}");
        }
        assert_eq!(Use::of(&Method::POST, "/api/v1/namespaces/shop/pods"), Use::Other);
    }

    #[test]
    fn a_minute_later_only_the_sum_knows_of_it() {
        let (tally, begun) = (Tally::default(), Instant::now());
        tally.count_at(begun, Use::Heartbeat);
        tally.count_at(begun + Duration::from_secs(30), Use::List);
        assert_eq!(tally.read_at(begun + Duration::from_secs(30)).minute.sum(), 2);
        let known = tally.read_at(begun + Duration::from_secs(61));
        assert_eq!((known.minute.sum(), known.minute.lists, known.all.sum()), (1, 1, 2));
    }
}
