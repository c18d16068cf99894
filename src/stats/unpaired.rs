//! Two sets of runs that were not measured in turn, a history and what came after it: how far apart they lie, and whether chance alone would explain it.

use super::interval::Interval;
use super::random::Random;
use super::verdict::{Comparison, Good, judged};
use super::{deviation, doubled_ranks, median, middle, quantile};

/// Fewest runs on each side that a verdict is given for.
pub const FEWEST_RUNS: usize = 5;
/// Values on both sides together up to which ranks are counted out; beyond it a normal distribution stands for them.
const EXACT: usize = 60;
/// Resamples behind an interval, and the fewest where the values are many.
const RESAMPLES: usize = 2_000;
const FEWEST_RESAMPLES: usize = 200;
/// Differences that one bootstrap may take.
const DIFFERENCES: usize = 100_000_000;

/// How probable ranks at least as far from their middle are, if it were chance which values are whose: Mann and Whitney's test (1947), two-sided. Exact, also with
/// ties, up to 60 values; beyond that by a normal distribution corrected for ties and continuity. 1 where one side is empty.
pub fn rank_sum(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 1.0;
    }
    let mut all: Vec<(f64, bool)> = a.iter().map(|value| (*value, true)).chain(b.iter().map(|value| (*value, false))).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let sorted: Vec<f64> = all.iter().map(|(value, _)| *value).collect();
    let ranks = doubled_ranks(&sorted);
    let ties: f64 = sorted.chunk_by(|one, other| one == other).map(|same| (same.len() as f64).powi(3) - same.len() as f64).sum();
    let seen: usize = ranks.iter().zip(&all).filter(|(_, (_, of_a))| *of_a).map(|(rank, _)| rank).sum();
    if all.len() <= EXACT { counted(&ranks, a.len(), seen) } else { approximated(a.len() as f64, b.len() as f64, seen as f64 / 2.0, ties) }
}

/// Over all ways to choose so many of the ranks.
fn counted(ranks: &[usize], chosen: usize, seen: usize) -> f64 {
    let all: usize = ranks.iter().sum();
    let mut ways = vec![vec![0.0f64; all + 1]; chosen + 1];
    ways[0][0] = 1.0;
    for (before, rank) in ranks.iter().enumerate() {
        for count in (0..chosen.min(before + 1)).rev() {
            let (fewer, more) = ways.split_at_mut(count + 1);
            more[0].iter_mut().skip(*rank).zip(&fewer[count]).for_each(|(sum, ways)| *sum += ways);
        }
    }
    let ways = &ways[chosen];
    let total: f64 = ways.iter().sum();
    let (below, above): (f64, f64) = (ways[..=seen].iter().sum(), ways[seen..].iter().sum());
    (2.0 * below.min(above) / total).min(1.0)
}

fn approximated(n: f64, m: f64, rank_sum: f64, ties: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF, Normal};
    let all = n + m;
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let variance = n * m / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let far = ((u - n * m / 2.0).abs() - 0.5).max(0.0) / variance.sqrt();
    (2.0 * Normal::standard().sf(far)).min(1.0)
}

/// Hodges and Lehmann's estimate of the distance between two samples (1963): the median of all differences, B − A.
pub fn distance(a: &[f64], b: &[f64]) -> Option<f64> {
    let mut differences: Vec<f64> = a.iter().flat_map(|a| b.iter().map(move |b| b - a)).collect();
    middle(&mut differences)
}

/// Compares runs of A and of B that were measured at different times. What drifted in between is in the result, so the noise of A has to be in `band`. None
/// where either side has fewer than two values above zero.
pub fn compare(a: &[f64], b: &[f64], good: Good, band: f64, seed: u64) -> Option<Comparison> {
    let [a, b] = [a, b].map(|values| values.iter().copied().filter(|value| *value > 0.0 && value.is_finite()).collect::<Vec<_>>());
    let [logs_a, logs_b] = [&a, &b].map(|values| values.iter().map(|value| value.ln()).collect::<Vec<_>>());
    if logs_a.len() < 2 || logs_b.len() < 2 {
        return None;
    }
    let interval = bootstrap(&logs_a, &logs_b, seed)?;
    let interval = Interval { low: interval.low.exp(), high: interval.high.exp() };
    let (ratio, p) = (distance(&logs_a, &logs_b)?.exp(), rank_sum(&logs_a, &logs_b));
    let few = logs_a.len().min(logs_b.len());
    let noise = deviation(&logs_a)?.hypot(deviation(&logs_b)?);
    let word = judged(ratio, interval, p, good, band, few >= FEWEST_RUNS, more_runs(noise, band, few));
    Some(Comparison { pairs: few, a: median(&a)?, b: median(&b)?, ratio, interval, p, word })
}

/// Runs on each side that would show a change as large as the band in four of five cases, less those there are; `noise` is that of a difference.
fn more_runs(noise: f64, band: f64, have: usize) -> usize {
    let wanted = ((1.96f64 + 0.84) * noise / band.max(1e-3).ln_1p()).powi(2).ceil();
    (wanted.min(10_000.0) as usize).max(FEWEST_RUNS).saturating_sub(have).max(1)
}

/// The percentile bootstrap of [`distance`] with 95 %, each side drawn anew from its own runs.
fn bootstrap(a: &[f64], b: &[f64], seed: u64) -> Option<Interval> {
    let mut random = Random::new(seed);
    let mut drawn = |values: &[f64]| (0..values.len()).map(|_| values[random.below(values.len())]).collect::<Vec<_>>();
    let times = (DIFFERENCES / (a.len() * b.len()).max(1)).clamp(FEWEST_RESAMPLES, RESAMPLES);
    let mut found: Vec<f64> = (0..times).filter_map(|_| distance(&drawn(a), &drawn(b))).collect();
    found.sort_by(f64::total_cmp);
    Some(Interval { low: quantile(&found, 0.025)?, high: quantile(&found, 0.975)? })
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Word;
    use super::*;

    /// Vectors of `tests/statistics/vectors.py`, which asks SciPy.
    #[test]
    fn rank_sums_are_scipys() {
        let vectors: Vec<(Vec<f64>, Vec<f64>, f64)> = serde_json::from_str(include_str!("../../tests/statistics/rank_sum.json")).unwrap();
        assert!(vectors.len() > 10);
        for (a, b, p) in vectors {
            assert!((rank_sum(&a, &b) - p).abs() < 1e-9, "{a:?} {b:?}: {} is not {p}", rank_sum(&a, &b));
        }
        assert_eq!(rank_sum(&[], &[1.0]), 1.0);
    }

    #[test]
    fn a_distance_is_the_median_of_all_differences() {
        assert_eq!(distance(&[1.0, 2.0], &[4.0, 8.0]), Some(4.5));
        assert_eq!(distance(&[], &[1.0]), None);
    }

    /// Ten runs before and five after, 6 % of noise: hardly an unchanged pair is called changed, and most that are 20 % slower are.
    #[test]
    fn verdicts_over_a_history_are_seldom_wrong() {
        let mut random = Random::new(5);
        let mut noisy = move |factor: f64| {
            let normal = (-2.0 * random.unit().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * random.unit()).cos();
            100.0 * factor * (0.06 * normal).exp()
        };
        let mut told = |factor: f64| {
            let sets = (0..40).map(|seed| {
                let (a, b): (Vec<f64>, Vec<f64>) = ((0..10).map(|_| noisy(1.0)).collect(), (0..5).map(|_| noisy(factor)).collect());
                compare(&a, &b, Good::Less, 0.03, seed).unwrap().word
            });
            sets.filter(|word| matches!(word, Word::Better | Word::Worse)).count()
        };
        let (nothing, slower) = (told(1.0), told(1.2));
        assert!(nothing <= 5 && slower >= 36, "{nothing} and {slower} of 40");
    }
}
