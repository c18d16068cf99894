//! What was measured: histograms in nanoseconds, errors by class, windows. Constant memory however long a run is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer as V2Deserializer, Serializer as _, V2Serializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// The largest latency kept apart, one minute; longer ones count as that.
const LARGEST_NS: u64 = 60_000_000_000;

/// Why an answer does not count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nobody listens there.
    Refused,
    /// The connection could not be made for another reason.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the answer was whole.
    Closed,
    /// What came is no HTTP.
    Nonsense,
    /// A status from 400 to 499.
    Status4xx,
    /// A status from 500.
    Status5xx,
}

impl Class {
    /// All classes, in the order they are listed.
    pub const ALL: [Self; 8] =
        [Self::Refused, Self::Connect, Self::Timeout, Self::Reset, Self::Closed, Self::Nonsense, Self::Status4xx, Self::Status5xx];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        ["refused", "connect", "timeout", "reset", "closed", "nonsense", "status_4xx", "status_5xx"][self as usize]
    }

    /// What it means, as the rest of a sentence about the target.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Refused => "nobody listens there",
            Self::Connect => "no connection could be made",
            Self::Timeout => "no whole answer came in time",
            Self::Reset => "it reset the connection",
            Self::Closed => "it closed the connection before the answer was whole",
            Self::Nonsense => "what it sent is no HTTP/1.1",
            Self::Status4xx => "it answered with a status from 400 to 499",
            Self::Status5xx => "it answered with a status from 500",
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Refused => "check the port, and that the service is running",
            Self::Connect => "check the address and the route to it; with many connections also `ulimit -n`",
            Self::Timeout => "try fewer connections or a longer --timeout; `curl -v` shows how far one request gets",
            Self::Reset | Self::Closed => "look at the target's own log; a proxy or a limit of connections often ends them",
            Self::Nonsense => "check that the port speaks plain HTTP, not TLS, gRPC or a database's protocol",
            Self::Status4xx => "check the path; `curl -i` shows the answer",
            Self::Status5xx => "look at the target's own log",
        }
    }
}

/// Counts and latencies of some stretch of time.
#[derive(Clone, Debug)]
pub struct Record {
    histogram: Histogram<u64>,
    /// Bytes read.
    pub bytes: u64,
    errors: [u64; Class::ALL.len()],
}

impl Serialize for Record {
    /// The histogram in HdrHistogram's own V2 form as base64, then bytes and failures.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&self.histogram, &mut bytes).map_err(|error| ser::Error::custom(format!("{error:?}")))?;
        (BASE64.encode(bytes), self.bytes, self.errors).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (text, bytes, errors) = <(String, u64, [u64; Class::ALL.len()])>::deserialize(deserializer)?;
        let coded = BASE64.decode(text).map_err(de::Error::custom)?;
        let histogram = V2Deserializer::new().deserialize(&mut coded.as_slice()).map_err(|error| de::Error::custom(format!("{error:?}")))?;
        Ok(Self { histogram, bytes, errors })
    }
}

impl Default for Record {
    fn default() -> Self {
        // Three digits over a minute of nanoseconds; the bounds are constants, so the first branch is the one taken.
        let histogram = Histogram::new_with_bounds(1, LARGEST_NS, 3)
            .unwrap_or_else(|_| Histogram::new(3).unwrap_or_else(|_| unreachable!("three digits are allowed")));
        Self { histogram, bytes: 0, errors: [0; Class::ALL.len()] }
    }
}

impl Record {
    /// An answer that took so long.
    pub fn answer(&mut self, nanoseconds: u64, bytes: u64) {
        self.histogram.saturating_record(nanoseconds.clamp(1, LARGEST_NS));
        self.bytes += bytes;
    }

    /// A failure.
    pub fn error(&mut self, class: Class) {
        self.errors[class as usize] += 1;
    }

    /// Adds another stretch.
    pub fn add(&mut self, other: &Self) {
        // Both have the same bounds, so nothing can be out of them.
        _ = self.histogram.add(&other.histogram);
        self.bytes += other.bytes;
        for (sum, more) in self.errors.iter_mut().zip(other.errors) {
            *sum += more;
        }
    }

    /// What came after `earlier`, which is a former state of this same record.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut part = self.clone();
        // A former state holds no more than this one, so nothing goes below zero.
        _ = part.histogram.subtract(&earlier.histogram);
        part.bytes = self.bytes.saturating_sub(earlier.bytes);
        for (count, before) in part.errors.iter_mut().zip(earlier.errors) {
            *count = count.saturating_sub(before);
        }
        part
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.histogram.reset();
        self.bytes = 0;
        self.errors = Default::default();
    }

    /// Whole answers, those with an error status among them.
    pub fn requests(&self) -> u64 {
        self.histogram.len()
    }

    /// Failures by class, only those there were.
    pub fn errors(&self) -> impl Iterator<Item = (Class, u64)> {
        Class::ALL.into_iter().zip(self.errors).filter(|(_, count)| *count > 0)
    }

    /// The latency not exceeded by that share of the answers; only where ten answers lie beyond it.
    pub fn percentile(&self, share: f64) -> Option<u64> {
        let beyond = self.requests() as f64 * (1.0 - share);
        // 1 - 0.99 is a hair above a hundredth, and so on: the tolerance is for that.
        (beyond >= 10.0 - 1e-6).then(|| self.histogram.value_at_quantile(share))
    }

    /// All of it, in nanoseconds.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }

    /// Fastest, mean and slowest.
    pub fn spread(&self) -> Option<(u64, f64, u64)> {
        (self.requests() > 0).then(|| (self.histogram.min(), self.histogram.mean(), self.histogram.max()))
    }

    /// Answers by latency: upper ends that double, and how many lie below each and above the one before.
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        let all: Vec<(u64, u64)> =
            self.histogram.iter_log(1_000, 2.0).map(|step| (step.value_iterated_to(), step.count_since_last_iteration())).collect();
        let first = all.iter().position(|(_, count)| *count > 0).unwrap_or(all.len());
        all[first..].to_vec()
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
}
