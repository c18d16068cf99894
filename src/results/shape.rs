//! What is loaded, and how: the target and the plan of a run, as they are kept.

use serde::{Deserialize, Serialize};

use super::interval::millionths;
use crate::load::plan::{Pace, Path, Plan};
use crate::load::request::Asked;
use crate::text::age::nanoseconds;

/// What is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The address.
    pub url: String,
    /// What it is an address of, `service shop/web`, where that is known.
    #[serde(default)]
    pub what: Option<String>,
    /// The cluster it belongs to, where it belongs to one.
    #[serde(default)]
    pub cluster: Option<String>,
}

/// The plan of a run, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Connections kept open.
    pub connections: usize,
    /// When it was to end.
    pub duration_ns: u64,
    /// After how many requests it was to end earlier.
    #[serde(default)]
    pub requests: Option<u64>,
    /// Mean requests a second; none: as fast as possible, a closed loop.
    #[serde(default)]
    pub rate: Option<f64>,
    /// When requests were to be sent; none where that is too long to be kept, and in old runs.
    #[serde(default)]
    pub pace: Option<Pace>,
    /// Loaded for so long before anything counted.
    #[serde(default)]
    pub warm_up_ns: u64,
    /// How the target was reached.
    #[serde(default)]
    pub path: Path,
    /// How long an answer might take.
    #[serde(default)]
    pub timeout_ns: u64,
    /// What was asked, apart from the address.
    #[serde(default)]
    pub request: Asked,
}

impl Shape {
    /// What is kept of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self {
            connections: plan.connections,
            duration_ns: nanoseconds(plan.duration),
            requests: plan.requests,
            rate: plan.pace.mean(plan.duration).map(millionths),
            pace: Some(plan.pace.clone()).filter(|pace| !matches!(pace, Pace::Replay(_))),
            warm_up_ns: nanoseconds(plan.warm_up),
            path: plan.path,
            timeout_ns: nanoseconds(plan.timeout),
            request: plan.request.asked(),
        }
    }
}
