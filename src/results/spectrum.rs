//! Latencies as bins of any width: what every format of results can be read into and written from.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::{Bucket, Latencies};

/// So many answers took longer than `from_ns` and no longer than `to_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// Lower end in nanoseconds.
    pub from_ns: u64,
    /// Upper end in nanoseconds.
    pub to_ns: u64,
    /// Answers.
    pub count: u64,
}

/// Bins from fast to slow that do not overlap, with what is known of all answers together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spectrum {
    /// The bins; empty ones are left out.
    pub bins: Vec<Bin>,
    /// The fastest answer, in nanoseconds.
    pub min_ns: u64,
    /// The slowest.
    pub max_ns: u64,
    /// The mean.
    pub mean_ns: f64,
    /// The standard deviation.
    pub deviation_ns: f64,
}

/// Most bins a run shows of itself.
const SHOWN: usize = 48;

impl Spectrum {
    /// The recorded values of a histogram of nanoseconds, in bins as fine as it keeps them.
    pub fn of_histogram(histogram: &Histogram<u64>) -> Self {
        let bin = |value: u64, count| Bin {
            from_ns: histogram.lowest_equivalent(value).saturating_sub(1),
            to_ns: histogram.highest_equivalent(value),
            count,
        };
        let bins = histogram.iter_recorded().map(|step| bin(step.value_iterated_to(), step.count_at_value())).collect();
        Self { min_ns: histogram.min(), max_ns: histogram.max(), mean_ns: histogram.mean(), deviation_ns: histogram.stdev(), bins }
    }

    /// The few bins that a run's summary holds; the deviation is taken from their middles.
    pub fn of_buckets(buckets: &[Bucket], latencies: &Latencies) -> Self {
        let mut from_ns = latencies.min.unwrap_or(0).saturating_sub(1);
        let mut bins = Vec::new();
        for bucket in buckets {
            if bucket.count > 0 {
                bins.push(Bin { from_ns: from_ns.min(bucket.up_to_ns), to_ns: bucket.up_to_ns, count: bucket.count });
            }
            from_ns = bucket.up_to_ns;
        }
        Self::of_bins(bins, latencies.min, latencies.max, latencies.mean.map(|mean| mean as f64))
    }

    /// Bins with what the file says of all of them together; what it does not say is taken from the bins.
    pub fn of_bins(bins: Vec<Bin>, min_ns: Option<u64>, max_ns: Option<u64>, mean_ns: Option<f64>) -> Self {
        let count = bins.iter().map(|bin| bin.count as f64).sum::<f64>().max(1.0);
        let mean_ns = mean_ns.unwrap_or_else(|| bins.iter().map(|bin| bin.middle() * bin.count as f64).sum::<f64>() / count);
        let squares: f64 = bins.iter().map(|bin| (bin.middle() - mean_ns).powi(2) * bin.count as f64).sum();
        let min_ns = min_ns.or_else(|| bins.first().map(|bin| bin.from_ns)).unwrap_or(0);
        let max_ns = max_ns.or_else(|| bins.last().map(|bin| bin.to_ns)).unwrap_or(0);
        Self { min_ns, max_ns, mean_ns, deviation_ns: (squares / count).sqrt(), bins }
    }

    /// Answers.
    pub fn count(&self) -> u64 {
        self.bins.iter().fold(0, |sum, bin| sum.saturating_add(bin.count))
    }

    /// The latency not exceeded by that share of the answers, linear within a bin as Fortio reads it; none where fewer than ten answers lie beyond it.
    pub fn percentile(&self, share: f64) -> Option<u64> {
        let count = self.count() as f64;
        // 1 - 0.99 is a hair above a hundredth, and so on: the tolerance is for that.
        (count * (1.0 - share) >= 10.0 - 1e-6).then(|| self.within(share * count))
    }

    /// The value of the answer of that rank.
    fn within(&self, rank: f64) -> u64 {
        // The fastest is known by itself.
        let mut before = 1.0;
        if rank <= before {
            return self.min_ns;
        }
        let mut passed = 0.0;
        for (at, bin) in self.bins.iter().enumerate() {
            passed += bin.count as f64;
            if rank <= passed {
                let from = if at == 0 { self.min_ns } else { bin.from_ns } as f64;
                let to = if at + 1 == self.bins.len() { self.max_ns } else { bin.to_ns } as f64;
                return (from + (rank - before) / (passed - before) * (to - from)) as u64;
            }
            before = passed;
        }
        self.max_ns
    }

    /// The percentiles a run shows.
    pub fn latencies(&self) -> Latencies {
        let known = !self.bins.is_empty();
        Latencies {
            min: known.then_some(self.min_ns),
            mean: known.then_some(self.mean_ns.round() as u64),
            p50: self.percentile(0.5),
            p75: self.percentile(0.75),
            p90: self.percentile(0.9),
            p99: self.percentile(0.99),
            p99_9: self.percentile(0.999),
            max: known.then_some(self.max_ns),
        }
    }

    /// The bins as a run shows them: as they are where they are few, else in steps that double. An empty one keeps the lower end of the next.
    pub fn buckets(&self) -> Vec<Bucket> {
        let mut buckets: Vec<Bucket> = Vec::new();
        if self.bins.len() <= SHOWN {
            for bin in &self.bins {
                if buckets.last().is_some_and(|last| last.up_to_ns < bin.from_ns) {
                    buckets.push(Bucket { up_to_ns: bin.from_ns, count: 0 });
                }
                buckets.push(Bucket { up_to_ns: bin.to_ns, count: bin.count });
            }
            return buckets;
        }
        for bin in &self.bins {
            let up_to_ns = bin.to_ns.div_ceil(1_000).checked_next_power_of_two().map_or(u64::MAX, |step| step.saturating_mul(1_000));
            match buckets.last_mut().filter(|last| last.up_to_ns == up_to_ns) {
                Some(last) => last.count = last.count.saturating_add(bin.count),
                None => buckets.push(Bucket { up_to_ns, count: bin.count }),
            }
        }
        buckets
    }

    /// The width of the widest bin that reaches below the 99th percentile: two latencies closer than that cannot be told apart.
    pub fn width_ns(&self) -> u64 {
        let p99 = self.within(0.99 * self.count() as f64);
        self.bins.iter().filter(|bin| bin.from_ns < p99).map(|bin| bin.to_ns.saturating_sub(bin.from_ns)).max().unwrap_or(0)
    }

    /// All of it as a histogram of three digits; each answer counts as the upper end of its bin.
    pub fn histogram(&self) -> Option<Histogram<u64>> {
        let mut histogram = Histogram::new_with_bounds(1, self.max_ns.max(2), 3).ok()?;
        for (at, bin) in self.bins.iter().enumerate() {
            let value = if at + 1 == self.bins.len() { self.max_ns } else { bin.to_ns };
            histogram.saturating_record_n(value.max(1), bin.count);
        }
        Some(histogram)
    }
}

impl Bin {
    fn middle(&self) -> f64 {
        (self.from_ns as f64 + self.to_ns as f64) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram() -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        (1..=20_000u64).for_each(|at| histogram.record(at * 1_000).unwrap());
        histogram
    }

    #[test]
    fn bins_of_a_histogram_hold_its_percentiles() {
        let (histogram, spectrum) = (histogram(), Spectrum::of_histogram(&histogram()));
        assert_eq!((spectrum.count(), spectrum.min_ns), (20_000, histogram.min()));
        for share in [0.5, 0.9, 0.99, 0.999] {
            let (ours, theirs) = (spectrum.percentile(share).unwrap(), histogram.value_at_quantile(share));
            assert!(ours.abs_diff(theirs) <= theirs / 1_000 + 1, "{share}: {ours} is not {theirs}");
        }
        assert!(spectrum.percentile(0.9999).is_none());
        assert!((1..=20_000).contains(&spectrum.width_ns()));
        let back = spectrum.histogram().unwrap();
        assert!(back.len() == 20_000 && back.value_at_quantile(0.99).abs_diff(histogram.value_at_quantile(0.99)) <= 20_000);
    }

    #[test]
    fn many_bins_are_shown_as_few_and_none_is_lost() {
        let spectrum = Spectrum::of_histogram(&histogram());
        let shown = spectrum.buckets();
        assert!(shown.len() < 20 && shown.is_sorted_by_key(|bucket| bucket.up_to_ns), "{shown:?}");
        assert_eq!(shown.iter().map(|bucket| bucket.count).sum::<u64>(), 20_000);
    }

    #[test]
    fn a_gap_between_bins_stays_one() {
        let bin = |from_ns, to_ns, count| Bin { from_ns, to_ns, count };
        let spectrum = Spectrum::of_bins(vec![bin(10, 20, 5), bin(50, 60, 1)], None, None, None);
        assert_eq!(spectrum.buckets(), [(20, 5), (50, 0), (60, 1)].map(|(up_to_ns, count)| Bucket { up_to_ns, count }));
        let again = Spectrum::of_buckets(&spectrum.buckets(), &Latencies { min: Some(11), ..Latencies::default() });
        assert_eq!(again.bins, spectrum.bins);
    }

    #[test]
    fn numbers_made_to_overflow_do_not() {
        let bin = |from_ns, to_ns, count| Bin { from_ns, to_ns, count };
        let spectrum = Spectrum::of_bins(vec![bin(0, u64::MAX, u64::MAX), bin(u64::MAX, u64::MAX, u64::MAX)], None, None, None);
        assert_eq!(spectrum.count(), u64::MAX);
        assert!(spectrum.percentile(0.5).is_some() && spectrum.histogram().is_some() && !spectrum.buckets().is_empty());
        assert_eq!(Spectrum::default().latencies(), Latencies::default());
    }
}
