//! What a run is to do: connections, pace, and when it ends. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::target::Target;
use crate::names::Problem;

/// How fast requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// The next one as soon as the last is answered.
    Max,
    /// So many a second at most, over all connections.
    Rate(f64),
}

/// Requests a second: one a day, the longest run there is.
const SLOWEST: f64 = 1.0 / 86_400.0;

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What is loaded.
    pub target: Target,
    /// Connections kept open.
    pub connections: usize,
    /// When it ends.
    pub duration: Duration,
    /// It ends earlier after so many requests.
    pub requests: Option<u64>,
    /// How fast.
    pub pace: Pace,
    /// Threads; 0: one a core.
    pub threads: usize,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Plan {
    /// A gentle plan: 100 requests a second for 10 s; on this machine itself as fast as possible.
    pub fn gentle(target: Target) -> Self {
        let pace = if target.is_loopback() { Pace::Max } else { Pace::Rate(100.0) };
        Self { target, connections: 4, duration: Duration::from_secs(10), requests: None, pace, threads: 0, timeout: Duration::from_secs(10) }
    }

    /// Whether it can be run.
    ///
    /// # Errors
    /// What is out of bounds.
    pub fn check(&self) -> Result<(), Problem> {
        let wrong = |why: &str| Err(Problem { code: "load.plan", what: "this load test cannot be run".into(), why: why.into(), hints: vec![] });
        match self {
            Self { connections, .. } if !(1..=10_000).contains(connections) => wrong("connections have to be from 1 to 10,000"),
            Self { duration, .. } if duration.is_zero() || *duration > Duration::from_secs(86_400) => {
                wrong("the duration has to be from a moment to a day")
            }
            Self { requests: Some(0), .. } => wrong("at least one request is needed"),
            Self { pace: Pace::Rate(rate), .. } if !(*rate >= SLOWEST && rate.is_finite()) => wrong("the rate has to be at least one request a day"),
            Self { timeout, .. } if timeout.is_zero() => wrong("an answer needs some time"),
            _ => Ok(()),
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
        for rate in [0.0, -1.0, 1e-300, f64::NAN, f64::INFINITY] {
            assert!(Plan { pace: Pace::Rate(rate), ..fine.clone() }.check().is_err(), "{rate}");
        }
        assert!(Plan { timeout: Duration::ZERO, ..fine }.check().is_err());
    }

    #[test]
    fn somebody_elses_system_is_loaded_gently() {
        assert_eq!(Plan::gentle(Target::parse("example.com").unwrap()).pace, Pace::Rate(100.0));
    }
}
