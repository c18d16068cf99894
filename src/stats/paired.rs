//! A and B measured in turn, pair by pair: how much larger B is, how sure that is, and whether chance alone would explain it.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::interval::Interval;
use super::random::Random;
use super::{doubled_ranks, middle, quantile};

/// The pairs of A and B that say something: both are above zero.
pub fn pairs(a: &[f64], b: &[f64]) -> Vec<(f64, f64)> {
    a.iter().copied().zip(b.iter().copied()).filter(|(a, b)| *a > 0.0 && *b > 0.0 && a.is_finite() && b.is_finite()).collect()
}

/// The logarithms of B over A, pair by pair, of those that say something.
pub fn log_ratios(a: &[f64], b: &[f64]) -> Vec<f64> {
    pairs(a, b).into_iter().map(|(a, b)| (b / a).ln()).collect()
}

/// Hodges and Lehmann's estimate of the centre (1963): the median of the means of all pairs of values, each with itself too.
pub fn centre(values: &[f64]) -> Option<f64> {
    let mut means = Vec::with_capacity(values.len() * (values.len() + 1) / 2);
    for (at, first) in values.iter().enumerate() {
        means.extend(values[at..].iter().map(|second| (first + second) / 2.0));
    }
    middle(&mut means)
}

/// Means of pairs that one bootstrap may take.
const MEANS: usize = 200_000_000;
/// Fewest resamples.
const FEWEST: usize = 400;
/// Values up to which signs are counted out; beyond it a normal distribution stands for their sum.
const EXACT: usize = 200;

/// The percentile bootstrap of [`centre`] over whole pairs; the same seed gives the same interval. None for fewer than two values. Of hundreds of values, whose
/// centres take long, it draws fewer than `times`.
pub fn bootstrap(values: &[f64], confidence: f64, times: usize, seed: u64) -> Option<Interval> {
    let means = values.len() * (values.len() + 1) / 2;
    resampled(values, times.min((MEANS / means.max(1)).max(FEWEST)), seed, centre).and_then(|sorted| inner(&sorted, confidence))
}

/// Any statistic over resamples of the values, sorted.
fn resampled<T: Copy>(values: &[T], times: usize, seed: u64, statistic: impl Fn(&[T]) -> Option<f64>) -> Option<Vec<f64>> {
    if values.len() < 2 {
        return None;
    }
    let mut random = Random::new(seed);
    let mut drawn = Vec::with_capacity(values.len());
    let mut found: Vec<f64> = Vec::with_capacity(times);
    for _ in 0..times {
        drawn.clear();
        drawn.extend((0..values.len()).map(|_| values[random.below(values.len())]));
        found.extend(statistic(&drawn));
    }
    found.sort_by(f64::total_cmp);
    Some(found)
}

fn inner(sorted: &[f64], confidence: f64) -> Option<Interval> {
    let half = (1.0 - confidence) / 2.0;
    Some(Interval { low: quantile(sorted, half)?, high: quantile(sorted, 1.0 - half)? })
}

/// How probable a sum of signed ranks at least as far from its middle is, if the signs were chance: Wilcoxon's test (1945), two-sided. Exact, also with ties, up
/// to 200 values: the distribution is counted out over the ranks there are; beyond that by a normal distribution corrected for ties. Zeros are left out. 1 where
/// nothing is left.
pub fn signed_rank(values: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = values.iter().copied().filter(|value| *value != 0.0).collect();
    sizes.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = doubled_ranks(&sizes.iter().map(|value| value.abs()).collect::<Vec<_>>());
    let positive: usize = sizes.iter().zip(&ranks).filter(|(value, _)| **value > 0.0).map(|(_, rank)| rank).sum();
    let all: usize = ranks.iter().sum();
    if ranks.len() > EXACT {
        // Ranks are doubled, so half of each is its share of the middle, and a quarter of their squares the variance of the doubled sum.
        let deviation = (ranks.iter().map(|rank| (*rank as f64).powi(2)).sum::<f64>() / 4.0).sqrt();
        return (2.0 * Normal::standard().sf((positive as f64 - all as f64 / 2.0).abs() / deviation)).min(1.0);
    }
    let mut ways = vec![0.0; all + 1];
    ways[0] = 1.0;
    for rank in ranks {
        for sum in (rank..=all).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let total: f64 = ways.iter().sum();
    let below: f64 = ways[..=positive].iter().sum();
    let above: f64 = ways[positive..].iter().sum();
    (2.0 * below.min(above) / total).min(1.0)
}

/// One point of a shift function.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// The quantile.
    pub q: f64,
    /// B over A there.
    pub ratio: f64,
    /// Where that lies, from a bootstrap over whole pairs of runs.
    pub interval: Interval,
}

impl Shift {
    /// `p50`, `p99.9`.
    pub fn name(&self) -> String {
        format!("p{}", (self.q * 10_000.0).round() / 100.0)
    }
}

/// How far B's whole distribution is shifted against A's: at each quantile the centre of the ratios of the pairs (after Doksum, 1974, and Wilcox). Each run is
/// given as its values at `quantiles`.
pub fn shift(quantiles: &[f64], a: &[Vec<f64>], b: &[Vec<f64>], confidence: f64, seed: u64) -> Vec<Shift> {
    let point = |(at, q): (usize, &f64)| {
        let column = |runs: &[Vec<f64>]| runs.iter().map(|run| run.get(at).copied().unwrap_or(f64::NAN)).collect::<Vec<_>>();
        let ratios = log_ratios(&column(a), &column(b));
        let interval = bootstrap(&ratios, confidence, 2_000, seed)?;
        Some(Shift { q: *q, ratio: centre(&ratios)?.exp(), interval: Interval { low: interval.low.exp(), high: interval.high.exp() } })
    };
    quantiles.iter().enumerate().filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of `tests/statistics/vectors.py`, which asks SciPy.
    #[test]
    fn signed_ranks_are_scipys() {
        let vectors: Vec<(Vec<f64>, f64)> = serde_json::from_str(include_str!("../../tests/statistics/signed_rank.json")).unwrap();
        assert!(vectors.len() > 20);
        for (values, p) in vectors {
            let have = signed_rank(&values);
            assert!((have - p).abs() < 1e-9, "{values:?}: {have} is not {p}");
        }
    }

    /// `scipy.stats.wilcoxon(…, zero_method="wilcox", method="asymptotic", correction=False)`: of more than a thousand the ways are more than a number holds.
    #[test]
    fn sums_of_many_ranks_are_scipys() {
        let values = |count: i64, of: i64, from: i64| (1..=count).map(|at| (at * 37 % of - from) as f64).collect::<Vec<_>>();
        for (values, p) in [
            (values(300, 401, 150), 1.059_827_340_652_229_1e-10),
            (values(1_200, 41, 18), 1.597_774_091_105_517_4e-8),
            (values(240, 41, 18), 0.004_568_750_855_170_01),
        ] {
            let have = signed_rank(&values);
            assert!((have - p).abs() < p * 1e-6, "{}: {have} is not {p}", values.len());
        }
    }

    #[test]
    fn six_pairs_are_the_fewest_that_can_be_significant() {
        assert_eq!(signed_rank(&[1.0, 2.0, 3.0, 4.0, 5.0]), 0.0625);
        assert_eq!(signed_rank(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 0.03125);
        assert_eq!(signed_rank(&[]), 1.0);
    }

    #[test]
    fn the_centre_is_the_median_of_the_means_of_pairs() {
        // Means: 1, 1.5, 3, 2, 3.5, 5.
        assert_eq!(centre(&[1.0, 2.0, 5.0]), Some(2.5));
        assert_eq!(centre(&[]), None);
    }

    /// Of 400 sets of 8 pairs around +10 % with 6 % of noise, so many intervals hold the truth. A percentile bootstrap of 8 pairs is known to be a little narrow.
    #[test]
    fn the_bootstrap_holds_the_truth_about_as_often_as_it_says() {
        let mut random = Random::new(7);
        let mut normal = move || (-2.0 * random.unit().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * random.unit()).cos();
        let truth = 1.1f64.ln();
        let held = (0..400).filter(|seed| {
            let pairs: Vec<f64> = (0..8).map(|_| truth + 0.06 * normal()).collect();
            bootstrap(&pairs, 0.95, 400, *seed).unwrap().holds(truth)
        });
        let held = held.count();
        assert!((345..=392).contains(&held), "{held} of 400");
    }

    #[test]
    fn a_shift_is_seen_where_it_is() {
        let run = |factor: f64| vec![1.0, 2.0, 10.0 * factor];
        let (a, b): (Vec<_>, Vec<_>) = ((0..6).map(|_| run(1.0)).collect(), (0..6).map(|_| run(1.5)).collect());
        let ratios: Vec<f64> = shift(&[0.5, 0.9, 0.99], &a, &b, 0.95, 1).iter().map(|shift| (shift.ratio * 100.0).round() / 100.0).collect();
        assert_eq!(ratios, [1.0, 1.0, 1.5]);
    }
}
