//! What was measured in a stretch of time: a line a second of a run, its latencies, and answers by latency. Plain values that are written as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::told::Generator;
use crate::load::record::{Latency, Record};
use crate::load::sample::Sample;
use crate::text::age::nanoseconds;

/// One line of `samples.ndjson`: what happened since the line before, about a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its end, since the start.
    pub elapsed_ns: u64,
    /// Its length.
    pub span_ns: u64,
    /// Whole answers.
    pub requests: u64,
    /// Whole answers a second.
    pub requests_per_second: f64,
    /// Bytes read.
    pub bytes: u64,
    /// Failures by class.
    pub errors: BTreeMap<String, u64>,
    /// Response times of these answers.
    pub latencies: Latencies,
    /// Their service times.
    #[serde(default)]
    pub service: Latencies,
    /// How late requests were sent.
    #[serde(default)]
    pub lateness: Latencies,
    /// These answers by latency.
    pub histogram: Vec<Bucket>,
    /// Connections open at its end.
    pub connections: usize,
    /// Requests under way at its end.
    pub in_flight: u64,
    /// Slots of the plan that were missed.
    #[serde(default)]
    pub missed: u64,
    /// Slots that waited for a connection at its end.
    #[serde(default)]
    pub backlog: u64,
    /// What the generator did meanwhile.
    #[serde(default)]
    pub generator: Generator,
}

/// Latencies in nanoseconds. A percentile is missing where fewer than ten answers lie beyond it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latencies {
    /// The fastest answer.
    pub min: Option<u64>,
    /// The mean.
    pub mean: Option<u64>,
    /// Half of the answers took no longer.
    pub p50: Option<u64>,
    /// Three quarters.
    pub p75: Option<u64>,
    /// Nine tenths.
    pub p90: Option<u64>,
    /// 99 of 100.
    pub p99: Option<u64>,
    /// 999 of 1,000.
    pub p99_9: Option<u64>,
    /// The slowest answer.
    pub max: Option<u64>,
}

/// So many answers took no longer than this, and longer than the bucket before allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Upper end in nanoseconds.
    pub up_to_ns: u64,
    /// Answers.
    pub count: u64,
}

impl Interval {
    /// What happened between two samples of one run; none: since its start.
    pub fn between(before: Option<&Sample>, sample: &Sample) -> Self {
        let part = before.map_or_else(|| sample.whole.clone(), |before| sample.whole.since(&before.whole));
        let span_ns = nanoseconds(sample.elapsed.saturating_sub(before.map_or(Duration::ZERO, |before| before.elapsed)));
        Self {
            elapsed_ns: nanoseconds(sample.elapsed),
            span_ns,
            requests: part.requests(),
            requests_per_second: rate(part.requests(), span_ns),
            bytes: part.bytes,
            errors: errors(&part),
            latencies: Latencies::of(part.response()),
            service: Latencies::of(part.service()),
            lateness: part.lateness().map(Latencies::of).unwrap_or_default(),
            histogram: buckets(&part),
            connections: sample.connections,
            in_flight: sample.in_flight as u64,
            missed: part.missed,
            backlog: sample.backlog as u64,
            generator: Generator::of(&before.map_or(sample.generator, |before| sample.generator.since(&before.generator))),
        }
    }
}

impl Latencies {
    /// Those of a histogram.
    pub fn of(record: &Latency) -> Self {
        let spread = record.spread();
        Self {
            min: spread.map(|(min, _, _)| min),
            // Latencies are whole nanoseconds up to a minute, so this loses nothing that matters.
            mean: spread.map(|(_, mean, _)| mean.round() as u64),
            p50: record.percentile(0.5),
            p75: record.percentile(0.75),
            p90: record.percentile(0.9),
            p99: record.percentile(0.99),
            p99_9: record.percentile(0.999),
            max: spread.map(|(_, _, max)| max),
        }
    }

    /// All of them with their names, in the order they are shown.
    pub fn named(&self) -> [(&'static str, Option<u64>); 8] {
        [
            ("min", self.min),
            ("mean", self.mean),
            ("p50", self.p50),
            ("p75", self.p75),
            ("p90", self.p90),
            ("p99", self.p99),
            ("p99.9", self.p99_9),
            ("max", self.max),
        ]
    }
}

pub(super) fn buckets(record: &Record) -> Vec<Bucket> {
    record.buckets().into_iter().map(|(up_to_ns, count)| Bucket { up_to_ns, count }).collect()
}

pub(super) fn errors(record: &Record) -> BTreeMap<String, u64> {
    record.errors().map(|(class, count)| (class.name().to_owned(), count)).collect()
}

/// A sum of counts that may come from a file: one that was tampered with must not overflow.
pub(super) fn total(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

pub(super) fn grow(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

pub(super) fn rate(count: u64, span_ns: u64) -> f64 {
    if span_ns == 0 { 0.0 } else { millionths(count as f64 / (span_ns as f64 / 1e9)) }
}

/// Numbers of so few digits are read from JSON exactly as they were written.
pub(super) fn millionths(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_they_were_written() {
        for span in (1..200_000_000_000).step_by(77_777_777) {
            let rate = rate(500, span);
            assert_eq!(serde_json::from_str::<f64>(&serde_json::to_string(&rate).unwrap()).unwrap().to_bits(), rate.to_bits(), "{rate}");
        }
    }
}
