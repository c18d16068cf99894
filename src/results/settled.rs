//! Whether a run had settled: what of its seconds looks like warm-up, and whether the rest still went somewhere. A remark beside a run, never a verdict.

use super::Interval;
use crate::stats::median;
use crate::stats::steady::{condensed, slope, trend, unsettled, warm_up};

/// Fewest seconds that anything is said about.
const FEWEST: usize = 20;
/// A trend is told below this probability by chance alone.
const SURE: f64 = 0.01;
/// Windows that are looked at in pairs: each is so many seconds of a long run.
const WINDOWS: usize = 300;
/// Fewer windows say nothing of where a run went.
const FEWEST_WINDOWS: usize = 10;

/// By which share of its median a run moved from its beginning to its end, of the medians of its seconds, where that is more than chance (Mann and Kendall). It
/// may settle first, but has to within a fifth of its time.
pub fn moved(medians: &[f64]) -> Option<f64> {
    let windows = condensed(medians, WINDOWS);
    let rest = &windows[unsettled(&windows, windows.len() / 5)..];
    if rest.len() < FEWEST_WINDOWS || trend(rest).1 >= SURE {
        return None;
    }
    let (slope, middle) = (slope(rest)?, median(rest)?);
    (middle > 0.0).then(|| slope * (rest.len() - 1) as f64 / middle)
}

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
        let (sum, p) = trend(&condensed(&medians[warm_up..], WINDOWS));
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
    fn a_run_that_climbs_has_moved_and_noise_has_not() {
        let climbing =
            |seconds: u32| (0..seconds).map(|at| 100.0 + 29.0 * f64::from(at) / f64::from(seconds - 1) + f64::from(at % 3)).collect::<Vec<_>>();
        // By 29 of a median of about 116, or less where the beginning is cut off: at most a fifth. So does one of a day.
        for seconds in [30, 86_400] {
            let found = moved(&climbing(seconds)).unwrap();
            assert!((0.19..0.26).contains(&found), "{seconds}: {found}");
        }
        let noise: Vec<f64> = (0..30).map(|at| 100.0 + f64::from(at * 7919 % 13)).collect();
        let settling: Vec<f64> = [900.0, 400.0, 200.0].into_iter().chain(noise.clone()).collect();
        assert_eq!([moved(&noise), moved(&[1.0; 30]), moved(&climbing(30)[..9]), moved(&settling), moved(&[])], [None; 5]);
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
