//! What the perf pane knows: runs, those under way with their newest sample, and the form of the next one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::load::engine::Sample;
use crate::load::record::Record;
use crate::names::{ClusterId, ObjectKey};
use crate::perf::Order;
use crate::results::{Interval, Run};

/// Everything the pane draws and decides from.
#[derive(Debug, Default)]
pub struct State {
    /// Runs, the newest first.
    pub runs: Vec<Entry>,
    /// The list has been read from disk.
    pub listed: bool,
    /// The run shown: an index into the list.
    pub chosen: usize,
    /// The picture is held: what the chosen run looked like then.
    pub frozen: Option<Entry>,
    /// What is known beside the fields of the form, while one is open.
    pub pending: Pending,
    /// A filled-in form that waits for a yes.
    pub waiting: Option<Order>,
    /// Runs that have no process of their own, by their ids.
    pub inside: Vec<String>,
}

/// A run, under way or over.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What is known of it.
    pub run: Run,
    /// The newest sample, while it runs here.
    pub sample: Option<Arc<Sample>>,
    /// One point a second.
    pub series: Vec<Point>,
    /// The series of an old run has been asked for.
    pub asked: bool,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Answers a second.
    pub rate: f64,
    /// Failures.
    pub errors: u64,
    /// Latencies in nanoseconds: p50, p90, p99; where enough was measured.
    pub latencies: [Option<u64>; 3],
}

/// A form that is open: what is known beside the fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pending {
    /// What the address belongs to, `service shop/web`.
    pub what: Option<String>,
    /// The cluster it belongs to.
    pub cluster: Option<ClusterId>,
    /// Its address is being looked up.
    pub resolving: Option<ObjectKey>,
    /// The address that was found: another one that is typed is not the Service's.
    pub url: Option<String>,
}

impl Point {
    /// The last second of a run.
    pub fn of(sample: &Sample) -> Self {
        let seconds = sample.last_span.as_secs_f64();
        Self {
            rate: if seconds > 0.0 { sample.last.requests() as f64 / seconds } else { 0.0 },
            errors: sample.last.errors().map(|(_, count)| count).sum(),
            latencies: percentiles(&sample.last),
        }
    }

    /// The same, kept.
    pub fn kept(interval: &Interval) -> Self {
        let latencies = &interval.latencies;
        Self { rate: interval.requests_per_second, errors: interval.errors.values().sum(), latencies: [latencies.p50, latencies.p90, latencies.p99] }
    }
}

/// p50, p90 and p99.
pub fn percentiles(record: &Record) -> [Option<u64>; 3] {
    [0.5, 0.9, 0.99].map(|share| record.percentile(share))
}

impl State {
    /// The run that is drawn.
    pub fn shown(&self) -> Option<&Entry> {
        self.frozen.as_ref().or_else(|| self.runs.get(self.chosen))
    }

    /// Runs under way that end with this program: those without a process of their own, and those on the sandbox.
    pub fn ending(&self, sandbox: Option<&ClusterId>) -> usize {
        let inside = |run: &Run| self.inside.contains(&run.id) || sandbox.is_some_and(|id| run.target.cluster.as_deref() == Some(id.as_str()));
        self.runs.iter().filter(|entry| entry.sample.is_some() && inside(&entry.run)).count()
    }

    /// Runs under way.
    pub fn running(&self) -> usize {
        self.runs.iter().filter(|entry| entry.sample.is_some()).count()
    }
}
