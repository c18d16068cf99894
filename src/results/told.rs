//! What a run tells beside its latencies: its warm-up, its endpoints, and what the generator did. Plain values that are written as JSON.

use serde::{Deserialize, Serialize};

use super::interval::{Latencies, millionths};
use crate::load::plan;
use crate::load::record::{Part, Record};
use crate::load::sample;

/// What came before anything counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WarmUp {
    /// How long it was to be.
    pub duration_ns: u64,
    /// Whole answers.
    pub requests: u64,
    /// Failures.
    pub errors: u64,
    /// Response times.
    pub latencies: Latencies,
}

/// One of several endpoints of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    /// What it is called.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Its share of all weights.
    pub weight: u32,
    /// Whole answers.
    pub requests: u64,
    /// Failures.
    pub errors: u64,
    /// Response times.
    pub latencies: Latencies,
}

/// What the generator did, and what the machine did to it. Shares are of 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generator {
    /// Threads that sent.
    pub threads: usize,
    /// Their CPU time.
    pub cpu_ns: u64,
    /// The same as a share of a core for each of them.
    pub cpu_share: f64,
    /// The busiest thread's share of its core.
    pub busiest_share: f64,
    /// Share of the machine's time that the hypervisor gave to others.
    pub steal_share: f64,
    /// How often a thread was made to wait by the machine's scheduler.
    pub involuntary_switches: u64,
    /// The shortest time between two looks at the plan.
    pub quantum_ns: u64,
    /// The farthest the wall clock jumped at once, in either direction.
    pub clock_jump_ns: u64,
}

impl WarmUp {
    /// What was measured in it.
    pub fn of(record: &Record, duration_ns: u64) -> Self {
        let errors = record.errors().map(|(_, count)| count).sum();
        Self { duration_ns, requests: record.requests(), errors, latencies: Latencies::of(record.response()) }
    }
}

impl Endpoint {
    /// One that has not been loaded yet.
    pub fn planned(endpoint: &plan::Endpoint) -> Self {
        let (name, url) = (endpoint.name.clone(), endpoint.target.url().to_owned());
        Self { name, url, weight: endpoint.weight, ..Self::default() }
    }

    /// Takes in what was measured of it so far.
    pub fn take(&mut self, part: &Part) {
        (self.requests, self.errors) = (part.requests, part.errors);
        self.latencies = Latencies::of(&part.response);
    }
}

impl Generator {
    /// What is kept of its figures.
    pub fn of(figures: &sample::Generator) -> Self {
        Self {
            threads: figures.threads,
            cpu_ns: figures.cpu_ns,
            cpu_share: millionths(figures.cpu()),
            busiest_share: millionths(figures.busiest()),
            steal_share: millionths(figures.steal()),
            involuntary_switches: figures.involuntary,
            quantum_ns: figures.quantum_ns,
            clock_jump_ns: figures.clock_jump_ns,
        }
    }
}
