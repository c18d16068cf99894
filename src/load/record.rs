//! What was measured: histograms in nanoseconds, errors by class, counts by status, address and endpoint. Constant memory however long a run is.
//!
//! Three latencies are told apart. *Response* time runs from the moment the plan meant a request to be sent; *service* time from the moment it was sent;
//! *lateness* is what lies between the two. In a closed loop nothing is planned: response and service time are one, and nothing is late.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer as V2Deserializer, Serializer as _, V2Serializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

pub use super::class::Class;
use crate::text::sanitise;

/// The largest latency kept apart, one minute; longer ones count as that.
const LARGEST_NS: u64 = 60_000_000_000;

/// Most addresses and statuses that are counted apart.
const APART: usize = 64;

/// Latencies of some stretch of time: nanoseconds to three digits, or coarser.
#[derive(Clone, Debug)]
pub struct Latency(Histogram<u64>);

/// Counts and latencies of some stretch of time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// From the plan.
    response: Latency,
    /// From the send; none where nothing was planned, because it is the response time then.
    service: Option<Box<Latency>>,
    /// From the plan to the send; none where nothing was planned.
    lateness: Option<Box<Latency>>,
    /// Bytes read.
    pub bytes: u64,
    /// Slots of the plan that were due and never sent: the generator's doing, not errors of the server.
    pub missed: u64,
    errors: [u64; Class::ALL.len()],
    /// What was said first of each class.
    reasons: Vec<(Class, String)>,
    statuses: Vec<(u16, u64)>,
    peers: Vec<(SocketAddr, u64)>,
    endpoints: Vec<Part>,
}

/// What belongs to one of several endpoints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// Whole answers.
    pub requests: u64,
    /// Failures.
    pub errors: u64,
    /// Response times, in microseconds to two digits.
    pub response: Latency,
}

impl Default for Latency {
    fn default() -> Self {
        Self::bounded(1, 3)
    }
}

impl Default for Part {
    fn default() -> Self {
        Self { requests: 0, errors: 0, response: Latency::bounded(1_000, 2) }
    }
}

impl Serialize for Latency {
    /// HdrHistogram's own V2 form as base64.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&self.0, &mut bytes).map_err(|error| ser::Error::custom(format!("{error:?}")))?;
        BASE64.encode(bytes).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let coded = BASE64.decode(String::deserialize(deserializer)?).map_err(de::Error::custom)?;
        let histogram = V2Deserializer::new().deserialize(&mut coded.as_slice()).map_err(|error| de::Error::custom(format!("{error:?}")))?;
        Ok(Self(histogram))
    }
}

impl Latency {
    /// From `least` nanoseconds to a minute.
    fn bounded(least: u64, digits: u8) -> Self {
        // The bounds are constants, so the first branch is the one taken.
        let histogram = Histogram::new_with_bounds(least, LARGEST_NS, digits)
            .unwrap_or_else(|_| Histogram::new(3).unwrap_or_else(|_| unreachable!("three digits are allowed")));
        Self(histogram)
    }

    /// One more.
    pub fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds.clamp(1, LARGEST_NS));
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The histogram itself, for files of other programs.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    /// The one not exceeded by that share of them; only where ten lie beyond it.
    pub fn percentile(&self, share: f64) -> Option<u64> {
        let beyond = self.count() as f64 * (1.0 - share);
        // 1 - 0.99 is a hair above a hundredth, and so on: the tolerance is for that.
        (beyond >= 10.0 - 1e-6).then(|| self.0.value_at_quantile(share))
    }

    /// Fastest, mean and slowest.
    pub fn spread(&self) -> Option<(u64, f64, u64)> {
        (self.count() > 0).then(|| (self.0.min(), self.0.mean(), self.0.max()))
    }

    /// Upper ends that double, and how many lie below each and above the one before.
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        let all: Vec<(u64, u64)> = self.0.iter_log(1_000, 2.0).map(|step| (step.value_iterated_to(), step.count_since_last_iteration())).collect();
        let first = all.iter().position(|(_, count)| *count > 0).unwrap_or(all.len());
        all[first..].to_vec()
    }

    fn add(&mut self, other: &Self) {
        // Both have the same bounds, so nothing can be out of them.
        _ = self.0.add(&other.0);
    }

    fn subtract(&mut self, earlier: &Self) {
        // A former state holds no more than this one, so nothing goes below zero.
        _ = self.0.subtract(&earlier.0);
    }
}

impl Record {
    /// An answer of a closed loop that took so long.
    pub fn answer(&mut self, nanoseconds: u64, bytes: u64) {
        self.response.record(nanoseconds);
        self.bytes += bytes;
    }

    /// A request was sent so long after the plan meant it to be.
    pub fn sent(&mut self, late: u64) {
        self.lateness.get_or_insert_default().record(late);
    }

    /// An answer of an open loop: how long after the plan, and how long after the send.
    pub fn answer_planned(&mut self, response: u64, service: u64, bytes: u64) {
        self.service.get_or_insert_default().record(service);
        self.answer(response, bytes);
    }

    /// A failure.
    pub fn error(&mut self, class: Class) {
        self.errors[class as usize] += 1;
    }

    /// A failure, and what is known of it beside its class.
    pub fn fault(&mut self, class: Class, reason: Option<&str>) {
        self.error(class);
        if let Some(reason) = reason {
            self.because(class, reason);
        }
    }

    fn because(&mut self, class: Class, reason: &str) {
        if self.reasons.iter().all(|(known, _)| *known != class) {
            self.reasons.push((class, sanitise(reason).chars().take(200).collect()));
        }
    }

    /// An answer had that status.
    pub fn status(&mut self, code: u16) {
        grow(&mut self.statuses, code, 1);
    }

    /// An answer came from that address.
    pub fn peer(&mut self, address: SocketAddr) {
        grow(&mut self.peers, address, 1);
    }

    /// One of several endpoints answered after so long, well or with an error status, or failed without an answer.
    pub fn endpoint(&mut self, index: usize, answered: Option<u64>, failed: bool) {
        if self.endpoints.len() <= index {
            self.endpoints.resize_with(index + 1, Part::default);
        }
        let part = &mut self.endpoints[index];
        part.errors += u64::from(failed);
        if let Some(nanoseconds) = answered {
            part.requests += 1;
            part.response.record(nanoseconds);
        }
    }

    /// Adds another stretch.
    pub fn add(&mut self, other: &Self) {
        self.response.add(&other.response);
        add_some(&mut self.service, other.service.as_deref());
        add_some(&mut self.lateness, other.lateness.as_deref());
        self.bytes += other.bytes;
        self.missed += other.missed;
        self.errors.iter_mut().zip(other.errors).for_each(|(sum, more)| *sum += more);
        other.reasons.iter().for_each(|(class, reason)| self.because(*class, reason));
        other.statuses.iter().for_each(|(code, count)| grow(&mut self.statuses, *code, *count));
        other.peers.iter().for_each(|(address, count)| grow(&mut self.peers, *address, *count));
        if self.endpoints.len() < other.endpoints.len() {
            self.endpoints.resize_with(other.endpoints.len(), Part::default);
        }
        for (sum, more) in self.endpoints.iter_mut().zip(&other.endpoints) {
            sum.requests += more.requests;
            sum.errors += more.errors;
            sum.response.add(&more.response);
        }
    }

    /// What came after `earlier`, which is a former state of this same record.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut part = self.clone();
        part.subtract(earlier);
        part
    }

    /// Takes away a stretch that was added before.
    pub fn subtract(&mut self, earlier: &Self) {
        self.response.subtract(&earlier.response);
        subtract_some(&mut self.service, earlier.service.as_deref());
        subtract_some(&mut self.lateness, earlier.lateness.as_deref());
        self.bytes = self.bytes.saturating_sub(earlier.bytes);
        self.missed = self.missed.saturating_sub(earlier.missed);
        self.errors.iter_mut().zip(earlier.errors).for_each(|(count, before)| *count = count.saturating_sub(before));
        shrink(&mut self.statuses, &earlier.statuses);
        shrink(&mut self.peers, &earlier.peers);
        for (part, before) in self.endpoints.iter_mut().zip(&earlier.endpoints) {
            part.requests = part.requests.saturating_sub(before.requests);
            part.errors = part.errors.saturating_sub(before.errors);
            part.response.subtract(&before.response);
        }
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.response.0.reset();
        self.service.iter_mut().chain(&mut self.lateness).for_each(|latency| latency.0.reset());
        (self.bytes, self.missed, self.errors) = (0, 0, Default::default());
        self.reasons.clear();
        self.statuses.iter_mut().for_each(|(_, count)| *count = 0);
        self.peers.iter_mut().for_each(|(_, count)| *count = 0);
        for part in &mut self.endpoints {
            (part.requests, part.errors) = (0, 0);
            part.response.0.reset();
        }
    }

    /// Whole answers, those with an error status among them.
    pub fn requests(&self) -> u64 {
        self.response.count()
    }

    /// Failures by class, only those there were.
    pub fn errors(&self) -> impl Iterator<Item = (Class, u64)> {
        Class::ALL.into_iter().zip(self.errors).filter(|(_, count)| *count > 0)
    }

    /// What was said first of a class, where anything was.
    pub fn reason(&self, class: Class) -> Option<&str> {
        self.reasons.iter().find(|(known, _)| *known == class).map(|(_, reason)| reason.as_str())
    }

    /// Answers by status, in the order of the codes.
    pub fn statuses(&self) -> Vec<(u16, u64)> {
        let mut found: Vec<_> = self.statuses.iter().copied().filter(|(_, count)| *count > 0).collect();
        found.sort_unstable();
        found
    }

    /// Answers by the address they came from.
    pub fn peers(&self) -> Vec<(SocketAddr, u64)> {
        let mut found: Vec<_> = self.peers.iter().copied().filter(|(_, count)| *count > 0).collect();
        found.sort_unstable();
        found
    }

    /// What belongs to each of several endpoints, in the order of the plan; empty where there is one.
    pub fn endpoints(&self) -> &[Part] {
        &self.endpoints
    }

    /// Latencies from the plan.
    pub fn response(&self) -> &Latency {
        &self.response
    }

    /// Latencies from the send.
    pub fn service(&self) -> &Latency {
        self.service.as_deref().unwrap_or(&self.response)
    }

    /// How late requests were sent; none in a closed loop.
    pub fn lateness(&self) -> Option<&Latency> {
        self.lateness.as_deref()
    }

    /// The response time not exceeded by that share of the answers; only where ten answers lie beyond it.
    pub fn percentile(&self, share: f64) -> Option<u64> {
        self.response.percentile(share)
    }

    /// Fastest, mean and slowest response time.
    pub fn spread(&self) -> Option<(u64, f64, u64)> {
        self.response.spread()
    }

    /// Answers by response time: upper ends that double, and how many lie below each and above the one before.
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        self.response.buckets()
    }
}

fn add_some(sum: &mut Option<Box<Latency>>, more: Option<&Latency>) {
    if let Some(more) = more {
        sum.get_or_insert_default().add(more);
    }
}

fn subtract_some(sum: &mut Option<Box<Latency>>, before: Option<&Latency>) {
    if let (Some(sum), Some(before)) = (sum, before) {
        sum.subtract(before);
    }
}

/// Few different keys, so a list is quicker than a map; what is too much to be told apart counts with the last.
fn grow<K: Copy + PartialEq>(counts: &mut Vec<(K, u64)>, key: K, more: u64) {
    match counts.iter().position(|(known, _)| *known == key) {
        None if counts.len() < APART => counts.push((key, more)),
        found => counts[found.unwrap_or(APART - 1)].1 += more,
    }
}

fn shrink<K: Copy + PartialEq>(counts: &mut [(K, u64)], before: &[(K, u64)]) {
    for (key, less) in before {
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| known == key) {
            *count = count.saturating_sub(*less);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_needs_ten_answers_beyond_it() {
        let mut record = Record::default();
        (1..=999).for_each(|ms| record.answer(ms * 1_000_000, 1));
        assert!(record.percentile(0.99).is_none());
        record.answer(1_000_000_000, 1);
        let p99 = record.percentile(0.99).unwrap();
        assert!((989_000_000..=991_500_000).contains(&p99), "{p99}");
        assert!(record.percentile(0.999).is_none());
    }

    #[test]
    fn stretches_add_up() {
        let (mut a, mut b) = (Record::default(), Record::default());
        a.answer(1_000, 10);
        b.answer(2_000, 20);
        b.error(Class::Timeout);
        a.add(&b);
        assert_eq!((a.requests(), a.bytes, a.errors().collect::<Vec<_>>()), (2, 30, vec![(Class::Timeout, 1)]));
        let before = a.clone();
        a.answer(3_000, 5);
        a.error(Class::Timeout);
        let part = a.since(&before);
        assert_eq!((part.requests(), part.bytes, part.errors().collect::<Vec<_>>()), (1, 5, vec![(Class::Timeout, 1)]));
        assert_eq!(part.spread().map(|(min, _, max)| (min, max)), Some((3_000, 3_001)));
        let a = before;
        assert_eq!(a.buckets().iter().map(|(_, count)| count).sum::<u64>(), 2);
    }

    #[test]
    fn a_planned_answer_has_two_latencies_and_a_closed_loop_one() {
        let mut record = Record::default();
        record.answer(5_000, 1);
        assert_eq!((record.service().spread(), record.lateness().is_none()), (record.response().spread(), true));
        let mut record = Record::default();
        record.sent(400_000);
        record.answer_planned(500_000, 100_000, 1);
        let largest = |latency: &Latency| latency.spread().map_or(0, |(_, _, max)| max / 1_000);
        assert_eq!((largest(record.response()), largest(record.service()), record.lateness().map(largest)), (500, 100, Some(400)));
    }

    #[test]
    fn what_a_record_holds_survives_being_written_added_and_cleared() {
        let peer: SocketAddr = "192.0.2.1:80".parse().unwrap();
        let mut record = Record { missed: 3, ..Record::default() };
        record.answer_planned(2_000_000, 1_000_000, 7);
        record.status(200);
        record.status(503);
        record.peer(peer);
        record.endpoint(1, Some(2_000_000), true);
        let read: Record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        let mut twice = read.clone();
        twice.add(&record);
        assert_eq!((twice.statuses(), twice.peers(), twice.missed), (vec![(200, 2), (503, 2)], vec![(peer, 2)], 6));
        assert_eq!(twice.endpoints().iter().map(|part| (part.requests, part.errors)).collect::<Vec<_>>(), [(0, 0), (2, 2)]);
        let once = twice.since(&read);
        assert_eq!((once.statuses(), once.service().count(), once.endpoints()[1].requests), (vec![(200, 1), (503, 1)], 1, 1));
        twice.clear();
        assert_eq!((twice.requests(), twice.statuses(), twice.peers(), twice.missed), (0, vec![], vec![], 0));
    }

    #[test]
    fn a_server_with_a_thousand_statuses_needs_no_memory_of_its_own() {
        let mut record = Record::default();
        (100..1_000).for_each(|code| record.status(code));
        assert_eq!((record.statuses().len(), record.statuses().iter().map(|(_, count)| count).sum::<u64>()), (APART, 900));
    }
}
