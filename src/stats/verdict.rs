//! What may be said about B against A: better, worse, equivalent, or that it takes more pairs. Always from an interval, never from a p-value alone.

use serde::{Deserialize, Serialize};

use super::interval::Interval;
use super::paired::{bootstrap, centre, log_ratios, pairs, signed_rank};
use super::{deviation, median};

/// Fewest pairs that a verdict is given for: with five an exact test cannot reach 5 %.
pub const FEWEST_PAIRS: usize = 6;
/// Resamples behind an interval.
const RESAMPLES: usize = 10_000;

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Good {
    /// Latencies, cost.
    Less,
    /// Throughput.
    More,
}

/// What may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// B is better by more than the band.
    Better,
    /// B is worse by more than chance explains.
    Worse,
    /// The whole interval lies in the band.
    Equivalent,
    /// So many more pairs would probably tell.
    Inconclusive(usize),
}

impl Word {
    /// What is still wanted where nothing may be said: `1 more pair`, `5 more pairs`.
    pub fn wanted(self) -> Option<String> {
        match self {
            Self::Inconclusive(1) => Some("1 more pair".into()),
            Self::Inconclusive(more) => Some(format!("{more} more pairs")),
            _ => None,
        }
    }
}

/// A comparison of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Pairs that counted.
    pub pairs: usize,
    /// The median of A, of the pairs that counted.
    pub a: f64,
    /// The median of B, of the same.
    pub b: f64,
    /// B over A.
    pub ratio: f64,
    /// Where that lies with 95 %.
    pub interval: Interval,
    /// The probability of this or more by chance alone; exact as long as values are few, as [`signed_rank`] and [`super::unpaired::rank_sum`] say.
    pub p: f64,
    /// The verdict.
    pub word: Word,
}

/// Compares pairs. `band` is the smallest change that is believed or cared for, 0.03 for 3 %; at least the noise between A and A. None where fewer than two
/// pairs can be compared at all.
pub fn compare(a: &[f64], b: &[f64], good: Good, band: f64, seed: u64) -> Option<Comparison> {
    compare_with(a, b, good, band, seed, RESAMPLES)
}

fn compare_with(a: &[f64], b: &[f64], good: Good, band: f64, seed: u64, resamples: usize) -> Option<Comparison> {
    let ratios = log_ratios(a, b);
    let interval = bootstrap(&ratios, 0.95, resamples, seed)?;
    let interval = Interval { low: interval.low.exp(), high: interval.high.exp() };
    let p = signed_rank(&ratios);
    let ratio = centre(&ratios)?.exp();
    let word = judged(ratio, interval, p, good, band, ratios.len() >= FEWEST_PAIRS, more_pairs(&ratios, band));
    let (a, b): (Vec<f64>, Vec<f64>) = pairs(a, b).into_iter().unzip();
    Some(Comparison { pairs: ratios.len(), a: median(&a)?, b: median(&b)?, ratio, interval, p, word })
}

/// The word for a ratio, its interval and its probability; `enough`: there are as many values as a verdict takes, `more`: so many would probably tell.
pub(super) fn judged(ratio: f64, interval: Interval, p: f64, good: Good, band: f64, enough: bool, more: usize) -> Word {
    let (low, high) = (1.0 / (1.0 + band), 1.0 + band);
    let within = interval.low >= low && interval.high <= high;
    let apart = !interval.holds(1.0) && p < 0.05 && (ratio > high || ratio < low);
    match (enough, within, apart) {
        (true, true, _) => Word::Equivalent,
        (true, false, true) if (ratio > 1.0) == (good == Good::More) => Word::Better,
        (true, false, true) => Word::Worse,
        _ => Word::Inconclusive(more),
    }
}

/// Pairs that would show a change as large as the band in four of five cases, less those there are: k ≈ (1.96 + 0.84)²·s²/δ², s the deviation of the log-ratios.
fn more_pairs(ratios: &[f64], band: f64) -> usize {
    let noise = deviation(ratios).unwrap_or(0.0);
    let wanted = ((1.96f64 + 0.84) * noise / band.max(1e-3).ln_1p()).powi(2).ceil();
    let wanted = (wanted.min(10_000.0) as usize).max(FEWEST_PAIRS);
    wanted.saturating_sub(ratios.len()).max(1)
}

/// The noise between repeats of the same: the largest change that A against A shows in 19 of 20 cases, as a share. Never below zero; none for fewer than two.
pub fn noise(same: &[f64]) -> Option<f64> {
    let known = same.windows(2).filter(|pair| pair.iter().all(|value| *value > 0.0));
    let mut steps: Vec<f64> = known.map(|pair| (pair[1] / pair[0]).ln().abs()).collect();
    steps.sort_by(f64::total_cmp);
    super::quantile(&steps, 0.95).map(f64::exp_m1)
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    const A: [f64; 8] = [100.0, 102.0, 99.0, 101.0, 98.0, 100.0, 103.0, 100.0];

    fn times(factor: f64) -> Vec<f64> {
        A.iter().enumerate().map(|(at, value)| value * factor * (1.0 + 0.002 * (at as f64 - 3.5))).collect()
    }

    #[test]
    fn which_way_is_good_decides_the_word() {
        let word = |b: &[f64], good| compare(&A, b, good, 0.03, 1).unwrap().word;
        assert_eq!(word(&times(1.2), Good::Less), Word::Worse);
        assert_eq!(word(&times(1.2), Good::More), Word::Better);
        assert_eq!(word(&times(0.8), Good::Less), Word::Better);
        assert_eq!(word(&times(1.0), Good::Less), Word::Equivalent);
    }

    #[test]
    fn runs_of_which_a_metric_is_not_known_count_for_nothing() {
        let unknown = |at: usize| if at < 5 { f64::NAN } else { A[at] };
        let a: Vec<f64> = (0..8).map(unknown).collect();
        let found = compare(&a, &times(1.0), Good::Less, 0.03, 1).unwrap();
        assert_eq!((found.pairs, found.a), (3, 100.0));
    }

    #[test]
    fn one_pair_is_no_pairs() {
        assert_eq!(
            [Word::Inconclusive(1), Word::Inconclusive(2), Word::Better].map(Word::wanted),
            [Some("1 more pair".into()), Some("2 more pairs".into()), None]
        );
    }

    #[test]
    fn five_pairs_are_never_a_verdict() {
        let comparison = compare(&A[..5], &times(1.5)[..5], Good::Less, 0.03, 1).unwrap();
        assert!(matches!(comparison.word, Word::Inconclusive(_)), "{comparison:?}");
        assert_eq!(compare(&A[..1], &A[..1], Good::Less, 0.03, 1), None);
    }

    /// Where nothing changed, with 6 % of noise between runs, hardly a set of eight pairs is called better or worse; where B is 20 % slower most are.
    #[test]
    fn verdicts_are_seldom_wrong() {
        let mut random = Random::new(3);
        let mut noisy = move |factor: f64| {
            let normal = (-2.0 * random.unit().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * random.unit()).cos();
            100.0 * factor * (0.06 * normal).exp()
        };
        let mut told = |factor: f64| {
            let sets = (0..60).map(|seed| {
                let (a, b): (Vec<f64>, Vec<f64>) = (0..8).map(|_| (noisy(1.0), noisy(factor))).unzip();
                compare_with(&a, &b, Good::Less, 0.03, seed, 500).unwrap().word
            });
            sets.filter(|word| matches!(word, Word::Better | Word::Worse)).count()
        };
        let (nothing, slower) = (told(1.0), told(1.2));
        assert!(nothing <= 6 && slower >= 54, "{nothing} and {slower} of 60");
    }

    #[test]
    fn noise_is_what_repeats_of_the_same_show() {
        assert_eq!(noise(&[1.0]), None);
        let noise = noise(&[100.0, 103.0, 100.0, 103.0]).unwrap();
        assert!((noise - 0.03).abs() < 1e-9, "{noise}");
    }
}
