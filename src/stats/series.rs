//! A history of one metric: outliers clipped, and the points at which it changed for good.
//!
//! Change points are found as Matteson and James do (E-divisive, 2014) and kept only where Student's test agrees, as in Hunter (Fleming, Kołaczkowski and
//! others, ICPE 2023): weak points in sliding windows first, then those that do not hold between their neighbours are dropped.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{deviation, mean, median};

/// What counts as a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sensitivity {
    /// Points looked at together.
    pub window: usize,
    /// Chance may explain it with this probability at most.
    pub p: f64,
    /// Smallest change of the mean that counts, as a share.
    pub least: f64,
}

impl Default for Sensitivity {
    fn default() -> Self {
        Self { window: 50, p: 0.001, least: 0.0 }
    }
}

/// The point from which a series was different.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The first point that is different.
    pub at: usize,
    /// The mean between the change before and this one.
    pub before: f64,
    /// The mean from here to the next change.
    pub after: f64,
    /// The probability of this by chance alone.
    pub p: f64,
}

impl Change {
    /// How large it is, as a share of what was before.
    pub fn share(&self) -> f64 {
        self.after / self.before - 1.0
    }
}

/// Values that stand alone are brought back to three scaled deviations (1.4826 MAD) from the median of their `reach` neighbours on each side: Hampel's filter.
pub fn clipped(values: &[f64], reach: usize) -> Vec<f64> {
    let one = |at: usize| {
        let around = &values[at.saturating_sub(reach)..(at + reach + 1).min(values.len())];
        let Some(centre) = median(around) else { return values[at] };
        let far: Vec<f64> = around.iter().map(|value| (value - centre).abs()).collect();
        let most = 3.0 * 1.4826 * median(&far).unwrap_or(0.0);
        if most == 0.0 { values[at] } else { values[at].clamp(centre - most, centre + most) }
    };
    (0..values.len()).map(one).collect()
}

/// The points at which a series of values above zero changed, in order. It is looked at as logarithms: a change is a factor.
pub fn changes(values: &[f64], sensitivity: &Sensitivity) -> Vec<Change> {
    let logs: Vec<f64> = values.iter().map(|value| value.max(f64::MIN_POSITIVE).ln()).collect();
    let mut points = weak(&logs, sensitivity);
    loop {
        let tested = regimes(&logs, &points);
        let worst = tested.iter().enumerate().max_by(|(_, a), (_, b)| a.p.total_cmp(&b.p));
        let drop = worst
            .filter(|(_, change)| change.p >= sensitivity.p)
            .map(|(at, _)| at)
            .or_else(|| tested.iter().position(|change| (change.after - change.before).exp_m1().abs() < sensitivity.least));
        match drop {
            Some(at) => _ = points.remove(at),
            None => return tested.into_iter().map(|change| Change { before: change.before.exp(), after: change.after.exp(), ..change }).collect(),
        }
    }
}

/// Points that may be changes, found in windows that overlap by half.
fn weak(logs: &[f64], sensitivity: &Sensitivity) -> Vec<usize> {
    let window = sensitivity.window.max(4);
    let mut points: Vec<usize> = Vec::new();
    let mut from = 0;
    loop {
        let to = (from + window).min(logs.len());
        divide(logs, from, to, sensitivity.p * 10.0, &mut points);
        if to == logs.len() {
            break;
        }
        from += window / 2;
    }
    points.sort_unstable();
    points.dedup();
    points
}

/// Divides a stretch where it differs most, as long as the parts differ enough.
fn divide(logs: &[f64], from: usize, to: usize, p: f64, points: &mut Vec<usize>) {
    let stretch = &logs[from..to];
    let Some(at) = best_split(stretch) else { return };
    if differ(&stretch[..at], &stretch[at..]) >= p {
        return;
    }
    points.push(from + at);
    divide(logs, from, from + at, p, points);
    divide(logs, from + at, to, p, points);
}

/// Where the energy distance between what is left of it and what is right of it, up to any end, is largest; both sides have two points at least.
fn best_split(values: &[f64]) -> Option<usize> {
    let n = values.len();
    // sums[i][j]: distances between any of the first i and any of the first j points.
    let mut sums = vec![vec![0.0; n + 1]; n + 1];
    for i in 0..n {
        for j in 0..n {
            sums[i + 1][j + 1] = (values[i] - values[j]).abs() + sums[i][j + 1] + sums[i + 1][j] - sums[i][j];
        }
    }
    let between = |a: (usize, usize), b: (usize, usize)| sums[a.1][b.1] - sums[a.0][b.1] - sums[a.1][b.0] + sums[a.0][b.0];
    let energy = |split: usize, end: usize| {
        let (left, right) = (split as f64, (end - split) as f64);
        let across = 2.0 * between((0, split), (split, end)) / (left * right);
        let inside = |part: (usize, usize), size: f64| between(part, part) / (size * (size - 1.0));
        left * right / (left + right) * (across - inside((0, split), left) - inside((split, end), right))
    };
    let candidates = (2..n.saturating_sub(1)).flat_map(|split| (split + 2..=n).map(move |end| (split, end)));
    let best = candidates.map(|(split, end)| (split, energy(split, end))).max_by(|a, b| a.1.total_cmp(&b.1));
    best.filter(|(_, energy)| *energy > 0.0).map(|(split, _)| split)
}

/// What lies before and after each point, with how sure that is.
fn regimes(logs: &[f64], points: &[usize]) -> Vec<Change> {
    let ends: Vec<usize> = std::iter::once(0).chain(points.iter().copied()).chain([logs.len()]).collect();
    let one = |three: &[usize]| {
        let (before, after) = (&logs[three[0]..three[1]], &logs[three[1]..three[2]]);
        Change { at: three[1], before: mean(before).unwrap_or(0.0), after: mean(after).unwrap_or(0.0), p: differ(before, after) }
    };
    ends.windows(3).map(one).collect()
}

/// Student's test of two samples with equal variance, two-sided; 1 where it cannot be made. Where neither sample varies it knows no chance at all: then it is
/// the share of all ways to part the values into two such samples that part them as these do, or the other way round.
pub fn differ(a: &[f64], b: &[f64]) -> f64 {
    let (Some(mean_a), Some(mean_b)) = (mean(a), mean(b)) else { return 1.0 };
    let (n, m) = (a.len() as f64, b.len() as f64);
    let free = n + m - 2.0;
    if free < 1.0 {
        return 1.0;
    }
    let squares = |values: &[f64], n: f64| deviation(values).unwrap_or(0.0).powi(2) * (n - 1.0);
    let pooled = (squares(a, n) + squares(b, m)) / free;
    let error = (pooled * (1.0 / n + 1.0 / m)).sqrt();
    if error == 0.0 {
        return if mean_a == mean_b { 1.0 } else { (2.0 / ways(a.len(), b.len())).min(1.0) };
    }
    let t = (mean_a - mean_b).abs() / error;
    StudentsT::new(0.0, 1.0, free).map_or(1.0, |students| 2.0 * students.sf(t))
}

/// In how many ways values can be parted into so many and so many.
fn ways(some: usize, others: usize) -> f64 {
    (1..=some.min(others)).fold(1.0, |ways, at| ways * (some.max(others) + at) as f64 / at as f64)
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    /// Vectors of `tests/statistics/vectors.py`, which asks SciPy.
    #[test]
    fn students_test_is_scipys() {
        let vectors: Vec<(Vec<f64>, Vec<f64>, f64)> = serde_json::from_str(include_str!("../../tests/statistics/student.json")).unwrap();
        assert!(vectors.len() > 10);
        for (a, b, p) in vectors {
            assert!((differ(&a, &b) - p).abs() < 1e-9 + p * 1e-6, "{a:?} {b:?}: {} is not {p}", differ(&a, &b));
        }
    }

    #[test]
    fn one_value_that_stands_alone_is_brought_back_and_a_step_stays() {
        let series = [10.0, 11.0, 10.5, 90.0, 9.8, 11.2, 10.1, 20.0, 21.0, 20.5, 21.3, 19.8];
        let clipped = clipped(&series, 3);
        assert!(clipped[3] < 15.0 && clipped[8] > 19.0, "{clipped:?}");
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let series: Vec<f64> = (0..60).map(|at| if at < 37 { 100.0 } else { 115.0 } * (1.0 + 0.01 * f64::from((at * 7) % 5 - 2))).collect();
        let found = changes(&series, &Sensitivity::default());
        assert_eq!(found.iter().map(|change| change.at).collect::<Vec<_>>(), [37]);
        assert!((found[0].share() - 0.15).abs() < 0.01, "{found:?}");
        assert!(changes(&series, &Sensitivity { least: 0.2, ..Sensitivity::default() }).is_empty());
        assert!(changes(&[], &Sensitivity::default()).is_empty() && changes(&[1.0; 5], &Sensitivity::default()).is_empty());
    }

    #[test]
    fn values_that_do_not_vary_are_no_certainty() {
        // Of the six ways to part two and two, two part them so.
        assert_eq!((differ(&[1.0; 2], &[2.0; 2]), differ(&[1.0], &[2.0; 2]), differ(&[1.0; 3], &[1.0; 3])), (1.0 / 3.0, 2.0 / 3.0, 1.0));
        let step = |each: usize| [vec![1.0; each], vec![2.0; each]].concat();
        assert!(changes(&step(2), &Sensitivity::default()).is_empty());
        assert_eq!(changes(&step(10), &Sensitivity::default()).iter().map(|change| change.at).collect::<Vec<_>>(), [10]);
    }

    /// One history point: the median of so many runs, 6 % of noise between runs and every tenth disturbed by a neighbour.
    fn point(random: &mut Random, runs: usize, level: f64) -> f64 {
        let mut run = || {
            let normal = (-2.0 * random.unit().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * random.unit()).cos();
            let neighbour = if random.unit() < 0.1 { 1.0 + random.unit() } else { 1.0 };
            level * neighbour * (0.06 * normal).exp()
        };
        let runs: Vec<f64> = (0..runs).map(|_| run()).collect();
        median(&runs).unwrap()
    }

    /// The shares of histories of medians of five, clipped, in which something is found: where nothing changed, and ten points after +10 % and +20 %.
    #[test]
    fn false_alarms_are_rare_and_ten_per_cent_are_found_after_ten_points() {
        let mut random = Random::new(11);
        let mut found = |step: f64| {
            let histories = (0..60).filter(|_| {
                let series: Vec<f64> = (0..60).map(|at| point(&mut random, 5, if at < 50 { 100.0 } else { 100.0 * step })).collect();
                let changes = changes(&clipped(&series, 5), &Sensitivity::default());
                if step == 1.0 { !changes.is_empty() } else { changes.iter().any(|change| change.at.abs_diff(50) <= 3) }
            });
            histories.count()
        };
        let (nothing, ten, twenty) = (found(1.0), found(1.1), found(1.2));
        assert!(nothing <= 4 && ten >= 50 && twenty >= 57, "{nothing}, {ten} and {twenty} of 60");
    }
}
