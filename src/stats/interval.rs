//! Intervals: of a share, and of the difference of two shares.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// From and to; both belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether a value lies in it.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// How many standard deviations of a normal distribution hold `confidence` of it.
fn deviations(confidence: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + confidence / 2.0)
}

/// Wilson's score interval of a share (1927), which also serves for none and for all; none where nothing was tried.
pub fn of_share(hits: u64, tried: u64, confidence: f64) -> Option<Interval> {
    if tried == 0 {
        return None;
    }
    let (n, z) = (tried as f64, deviations(confidence));
    let share = hits.min(tried) as f64 / n;
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let reach = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Some(Interval { low: (centre - reach).max(0.0), high: (centre + reach).min(1.0) })
}

/// Newcombe's interval of the difference of two shares, `b − a` (1998, his method 10: Wilson's intervals put together).
pub fn of_difference(a: (u64, u64), b: (u64, u64), confidence: f64) -> Option<Interval> {
    let (of_a, of_b) = (of_share(a.0, a.1, confidence)?, of_share(b.0, b.1, confidence)?);
    let (a, b) = (a.0 as f64 / a.1 as f64, b.0 as f64 / b.1 as f64);
    let low = b - a - ((b - of_b.low).powi(2) + (of_a.high - a).powi(2)).sqrt();
    let high = b - a + ((of_b.high - b).powi(2) + (a - of_a.low).powi(2)).sqrt();
    Some(Interval { low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(have: Interval, low: f64, high: f64) {
        assert!((have.low - low).abs() < 1e-6 && (have.high - high).abs() < 1e-6, "{have:?} is not {low} to {high}");
    }

    /// `scipy.stats.binomtest(k, n).proportion_ci(0.95, "wilson")`.
    #[test]
    fn the_interval_of_a_share_is_scipys() {
        near(of_share(0, 100, 0.95).unwrap(), 0.0, 0.036_993_49);
        near(of_share(13, 5_000, 0.95).unwrap(), 0.001_520_127, 0.004_443_583);
        assert_eq!(of_share(0, 0, 0.95), None);
    }

    /// Newcombe (1998), table II, method 10: (a) 56/70 − 48/80, (e) 5/56 − 0/29, and (g) 10/10 − 0/20.
    #[test]
    fn the_interval_of_a_difference_is_newcombes() {
        let rounded = |interval: Interval| ((interval.low * 1e4).round() / 1e4, (interval.high * 1e4).round() / 1e4);
        assert_eq!(rounded(of_difference((48, 80), (56, 70), 0.95).unwrap()), (0.0524, 0.3339));
        assert_eq!(rounded(of_difference((0, 29), (5, 56), 0.95).unwrap()), (-0.0381, 0.1926));
        assert_eq!(rounded(of_difference((0, 20), (10, 10), 0.95).unwrap()), (0.6791, 1.0));
    }
}
