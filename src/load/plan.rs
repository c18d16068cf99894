//! What a run is to do: connections, pace, and when it ends. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::request::Request;
use super::target::Target;
use crate::names::Problem;

/// One of several addresses that are loaded in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// What it is called in results; its address where nothing else is said.
    pub name: String,
    /// What is loaded.
    pub target: Target,
    /// So many of the sum of all weights go here.
    pub weight: u32,
}

/// When requests are sent. All but [`Pace::Max`] are open loops: they send when the plan says, whether or not answers have come, and a request that has
/// to wait for a connection has waited for the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// A closed loop: the next one as soon as the last is answered.
    Max,
    /// So many a second, evenly, over all connections.
    Rate(f64),
    /// From one rate to another, evenly over the run.
    Ramp {
        /// Requests a second at its begin.
        from: f64,
        /// At its end.
        to: f64,
    },
    /// One rate after another.
    Stages(Vec<Stage>),
    /// By chance, as independent visitors come.
    Poisson {
        /// Requests a second in the mean.
        rate: f64,
        /// The same number gives the same moments.
        seed: u64,
    },
    /// Many at once, again and again.
    Burst {
        /// From one burst to the next.
        #[serde(with = "nanoseconds")]
        every: Duration,
        /// How many at once.
        size: u64,
    },
    /// At these moments: nanoseconds since the start, in order.
    Replay(Vec<u64>),
}

/// A rate that is held for some time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// How long.
    #[serde(rename = "duration_ns", with = "nanoseconds")]
    pub duration: Duration,
    /// Requests a second; 0 is a pause.
    pub rate: f64,
}

/// Spans of time in files are whole nanoseconds.
mod nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(crate::text::age::nanoseconds(*span))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }
}

/// How the target is reached from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// As its clients reach it.
    #[default]
    Direct,
    /// Through an ingress or a gateway.
    Ingress,
    /// Through a forwarded port: the API server and a tunnel are measured as well.
    PortForward,
}

/// Requests a second: one a day, the longest run there is.
const SLOWEST: f64 = 1.0 / 86_400.0;

/// Requests a second: more than any machine can plan, let alone send.
const FASTEST: f64 = 1e7;

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What is loaded.
    pub target: Target,
    /// What is asked of it, and of the others.
    pub request: Request,
    /// Its weight beside the others.
    pub weight: u32,
    /// What is loaded in the same run.
    pub also: Vec<Endpoint>,
    /// Connections kept open.
    pub connections: usize,
    /// Requests under way at once on each connection; more than one only where the protocol can.
    pub streams: usize,
    /// When it ends, the warm-up not counted.
    pub duration: Duration,
    /// It ends earlier after so many requests, the warm-up not counted.
    pub requests: Option<u64>,
    /// When requests are sent.
    pub pace: Pace,
    /// So long is loaded before anything counts; reported apart.
    pub warm_up: Duration,
    /// Threads; 0: as many as the pace needs, at most one a core.
    pub threads: usize,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Connections serve more than one request.
    pub keep_alive: bool,
    /// A connection serves a number of requests between these, by chance.
    pub reuse: Option<(u64, u64)>,
    /// `host:port` to connect to instead of what the addresses say; what is asked for stays.
    pub connect_to: Option<String>,
    /// Slots of an open loop that may wait for a connection; more are missed.
    pub backlog: usize,
    /// How the target is reached.
    pub path: Path,
}

impl Pace {
    /// Requests are sent by plan.
    pub fn is_open(&self) -> bool {
        *self != Self::Max
    }

    /// The mean rate over a run of that duration, in requests a second; none in a closed loop.
    pub fn mean(&self, duration: Duration) -> Option<f64> {
        let seconds = duration.as_secs_f64();
        Some(match self {
            Self::Max => return None,
            Self::Rate(rate) | Self::Poisson { rate, .. } => *rate,
            Self::Ramp { from, to } => f64::midpoint(*from, *to),
            Self::Stages(stages) => {
                let (mut left, mut slots) = (seconds, 0.0);
                for stage in stages {
                    let span = stage.duration.as_secs_f64().min(left);
                    slots += stage.rate * span;
                    left -= span;
                }
                // The last one is held to the end.
                (slots + stages.last().map_or(0.0, |last| last.rate * left)) / seconds
            }
            Self::Burst { every, size } => *size as f64 / every.as_secs_f64(),
            Self::Replay(moments) => moments.iter().filter(|at| **at < crate::text::age::nanoseconds(duration)).count() as f64 / seconds,
        })
    }

    /// The rate that is planned at a moment of a run of that duration; a closed loop plans none.
    pub fn at(&self, moment: Duration, duration: Duration) -> f64 {
        match self {
            Self::Ramp { from, to } => from + (to - from) * (moment.as_secs_f64() / duration.as_secs_f64()).min(1.0),
            Self::Stages(stages) => {
                let mut end = Duration::ZERO;
                let held = stages.iter().find(|stage| {
                    end += stage.duration;
                    moment < end
                });
                held.or(stages.last()).map_or(0.0, |stage| stage.rate)
            }
            other => other.mean(duration).unwrap_or(0.0),
        }
    }

    /// The highest rate of a run of that duration.
    pub fn peak(&self, duration: Duration) -> f64 {
        match self {
            Self::Ramp { from, to } => from.max(*to),
            Self::Stages(stages) => stages.iter().map(|stage| stage.rate).fold(0.0, f64::max),
            other => other.mean(duration).unwrap_or(0.0),
        }
    }

    /// What is wrong with it.
    fn fault(&self) -> Option<&'static str> {
        let fits = |rate: f64| (SLOWEST..=FASTEST).contains(&rate);
        let pause = |rate: f64| rate == 0.0 || fits(rate);
        match self {
            Self::Rate(rate) | Self::Poisson { rate, .. } if !fits(*rate) => Some("the rate has to be from one request a day to 10,000,000 a second"),
            Self::Ramp { from, to } if !(pause(*from) && pause(*to) && from + to > 0.0) => {
                Some("both rates of a ramp have to be from 0 to 10,000,000 a second, and one of them above 0")
            }
            Self::Stages(stages) if !(stages.iter().all(|stage| pause(stage.rate)) && stages.iter().any(|stage| stage.rate > 0.0)) => {
                Some("the rates of stages have to be from 0 to 10,000,000 a second, and one of them above 0")
            }
            Self::Burst { every, size } if every.is_zero() || *size == 0 || !fits(*size as f64 / every.as_secs_f64()) => {
                Some("bursts need some time between them and at least one request each, at most 10,000,000 a second")
            }
            Self::Replay(moments) if moments.is_empty() || !moments.is_sorted() => {
                Some("moments to be replayed have to be in order, and one at least")
            }
            _ => None,
        }
    }
}

impl Plan {
    /// A gentle plan: 100 requests a second for 10 s; on this machine itself as fast as possible.
    pub fn gentle(target: Target) -> Self {
        let pace = if target.is_loopback() { Pace::Max } else { Pace::Rate(100.0) };
        Self {
            target,
            request: Request::default(),
            weight: 1,
            also: Vec::new(),
            connections: 4,
            streams: 1,
            duration: Duration::from_secs(10),
            requests: None,
            pace,
            warm_up: Duration::ZERO,
            threads: 0,
            timeout: Duration::from_secs(10),
            keep_alive: true,
            reuse: None,
            connect_to: None,
            backlog: 65_536,
            path: Path::Direct,
        }
    }

    /// Everything that is loaded, the first one first.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let first = Endpoint { name: self.target.url().to_owned(), target: self.target.clone(), weight: self.weight };
        std::iter::once(first).chain(self.also.iter().cloned()).collect()
    }

    /// Which endpoint each request goes to, again and again: by weight, and as evenly mixed as weights allow (smooth weighted round robin, as nginx does).
    pub fn turns(&self) -> Vec<usize> {
        let weights: Vec<i64> = self.endpoints().iter().map(|endpoint| i64::from(endpoint.weight)).collect();
        let all: i64 = weights.iter().sum();
        let mut due = vec![0; weights.len()];
        let one = |_| {
            due.iter_mut().zip(&weights).for_each(|(due, weight)| *due += weight);
            // The first of those that have waited longest.
            let next = due.iter().enumerate().rev().max_by_key(|(_, due)| **due).map_or(0, |(at, _)| at);
            due[next] -= all;
            next
        };
        (0..all).map(one).collect()
    }

    /// Whether it can be run.
    ///
    /// # Errors
    /// What is out of bounds.
    pub fn check(&self) -> Result<(), Problem> {
        let wrong = |why: &str| Err(Problem { code: "load.plan", what: "this load test cannot be run".into(), why: why.into(), hints: vec![] });
        match self {
            Self { connections, .. } if !(1..=10_000).contains(connections) => wrong("connections have to be from 1 to 10,000"),
            Self { streams, .. } if !(1..=1_000).contains(streams) => wrong("streams have to be from 1 to 1,000"),
            Self { streams: 2.., .. } if !self.endpoints().iter().all(|endpoint| self.request.multiplexes(&endpoint.target)) => {
                wrong("only HTTP/2 and gRPC carry several streams on one connection")
            }
            Self { duration, .. } if duration.is_zero() || *duration > Duration::from_secs(86_400) => {
                wrong("the duration has to be longer than nothing and a day at most")
            }
            Self { warm_up, .. } if *warm_up > Duration::from_secs(86_400) => wrong("the warm-up has to be a day at most"),
            Self { requests: Some(0), .. } => wrong("at least one request is needed"),
            Self { timeout, .. } if timeout.is_zero() => wrong("an answer needs some time"),
            Self { also, .. } if also.len() >= 32 => wrong("at most 32 addresses can be loaded in one run"),
            Self { reuse: Some((least, most)), .. } if *least == 0 || least > most => wrong("a connection has to serve one request at least"),
            Self { weight, also, .. } if *weight == 0 || also.iter().any(|endpoint| endpoint.weight == 0) => wrong("a weight has to be 1 at least"),
            Self { weight, also, .. } if also.iter().fold(*weight, |sum, endpoint| sum.saturating_add(endpoint.weight)) > 10_000 => {
                wrong("weights may be 10,000 together")
            }
            _ if let Some(why) = self.pace.fault() => wrong(why),
            _ => self.endpoints().iter().try_for_each(|endpoint| self.request.check(&endpoint.target)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_no_clock_can_keep_is_refused() {
        let fine = Plan::gentle(Target::parse("127.0.0.1").unwrap());
        assert_eq!(fine.check(), Ok(()));
        for rate in [0.0, -1.0, 1e-300, 1e300, f64::NAN, f64::INFINITY] {
            assert!(Plan { pace: Pace::Rate(rate), ..fine.clone() }.check().is_err(), "{rate}");
            assert!(Plan { pace: Pace::Ramp { from: rate, to: rate }, ..fine.clone() }.check().is_err(), "{rate}");
            let stages = vec![Stage { duration: Duration::from_secs(1), rate }];
            assert!(Plan { pace: Pace::Stages(stages), ..fine.clone() }.check().is_err(), "{rate}");
        }
        for pace in [Pace::Burst { every: Duration::ZERO, size: 1 }, Pace::Replay(vec![]), Pace::Replay(vec![2, 1])] {
            assert!(Plan { pace: pace.clone(), ..fine.clone() }.check().is_err(), "{pace:?}");
        }
        assert!(Plan { timeout: Duration::ZERO, ..fine }.check().is_err());
    }

    #[test]
    fn every_endpoint_has_its_share_of_turns_and_they_are_mixed() {
        let other = |weight| Endpoint { name: "b".into(), target: Target::parse("127.0.0.1/b").unwrap(), weight };
        let plan = Plan { weight: 5, also: vec![other(1), other(1)], ..Plan::gentle(Target::parse("127.0.0.1").unwrap()) };
        // The example of nginx's commit 52327e0: { 5, 1, 1 } is served as a a b a c a a.
        assert_eq!(plan.turns(), [0, 0, 1, 0, 2, 0, 0]);
        assert!(Plan { weight: 0, ..plan.clone() }.check().is_err() && Plan { weight: 9_999, ..plan }.check().is_err());
    }

    #[test]
    fn rates_have_means_and_peaks() {
        let stage = |seconds, rate| Stage { duration: Duration::from_secs(seconds), rate };
        let ten = Duration::from_secs(10);
        for (pace, mean, peak, third) in [
            (Pace::Rate(7.0), 7.0, 7.0, 7.0),
            (Pace::Ramp { from: 10.0, to: 110.0 }, 60.0, 110.0, 40.0),
            (Pace::Stages(vec![stage(2, 100.0), stage(3, 20.0)]), 36.0, 100.0, 20.0),
            (Pace::Burst { every: Duration::from_secs(2), size: 10 }, 5.0, 5.0, 5.0),
        ] {
            assert_eq!((pace.mean(ten), pace.peak(ten), pace.at(Duration::from_secs(3), ten)), (Some(mean), peak, third), "{pace:?}");
        }
        assert_eq!(Pace::Max.mean(ten), None);
    }

    #[test]
    fn somebody_elses_system_is_loaded_gently() {
        assert_eq!(Plan::gentle(Target::parse("example.com").unwrap()).pace, Pace::Rate(100.0));
    }
}
