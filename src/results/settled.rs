//! Whether a run had settled: what of its seconds looks like warm-up, and whether the rest still went somewhere. A remark beside a run, never a verdict.

use super::Interval;
use crate::stats::steady::{trend, warm_up};

/// Fewest seconds that anything is said about.
const FEWEST: usize = 20;
/// A trend is told below this probability by chance alone.
const SURE: f64 = 0.01;

/// What its lines tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settled {
    /// So many lines at the start look like warm-up (MSER-5).
    pub warm_up: usize,
    /// The rest went up, or down, with that probability by chance alone (Mann and Kendall).
    pub trend: Option<(bool, f64)>,
}

impl Settled {
    /// Looks at the median latency of each line; nothing where they are fewer than twenty.
    pub fn of(lines: &[Interval]) -> Option<Self> {
        let medians: Vec<f64> = lines.iter().filter_map(|line| line.latencies.p50.map(|ns| ns as f64)).collect();
        if medians.len() < FEWEST {
            return None;
        }
        let warm_up = warm_up(&medians);
        let (sum, p) = trend(&medians[warm_up..]);
        Some(Self { warm_up, trend: (p < SURE).then_some((sum > 0.0, p)) })
    }

    /// In words; none where there is nothing to say.
    pub fn told(&self) -> Option<String> {
        let start = (self.warm_up > 0).then(|| format!("its first {} seconds look like warm-up", self.warm_up));
        let drift = self.trend.map(|(up, p)| {
            let chance = if p < 0.001 { "less than 0.1 %".to_owned() } else { format!("{:.1} %", p * 100.0) };
            format!("latency was still {} when it ended (by chance in {chance} of cases)", if up { "rising" } else { "falling" })
        });
        let told: Vec<String> = start.into_iter().chain(drift).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Latencies;
    use super::*;

    fn lines(median: impl Fn(u64) -> u64) -> Vec<Interval> {
        let line = |at: u64| Interval {
            latencies: Latencies { p50: Some(median(at) + (at * 7) % 5 * 1_000), ..Latencies::default() },
            ..Interval::default()
        };
        (0..60).map(line).collect()
    }

    #[test]
    fn a_run_that_drifts_is_told_from_one_that_has_settled() {
        let steady = Settled::of(&lines(|_| 1_000_000)).unwrap();
        assert_eq!(steady.trend, None);
        let rising = Settled::of(&lines(|at| 1_000_000 + at * 2_000)).unwrap();
        assert!(rising.trend.is_some_and(|(up, p)| up && p < 0.001) && rising.told().unwrap().contains("rising"), "{rising:?}");
        let cold = Settled::of(&lines(|at| if at < 10 { 5_000_000 } else { 1_000_000 })).unwrap();
        assert!(cold.warm_up == 10 && cold.trend.is_none() && cold.told().unwrap().contains("first 10 seconds"), "{cold:?}");
        assert_eq!(Settled::of(&lines(|_| 1)[..10]), None);
    }
}
