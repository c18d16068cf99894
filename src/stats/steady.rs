//! Whether a run had settled: from where on its windows may be counted, and whether they still go somewhere.

use statrs::distribution::{ContinuousCDF, Normal};

/// How probable a trend at least as strong is by chance alone: Mann and Kendall's test (1945, 1975), two-sided, with the variance corrected for ties. The sign
/// of the first number says which way it goes; 1 for fewer than four values.
pub fn trend(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mut sum = 0.0;
    for (at, earlier) in values.iter().enumerate() {
        sum += values[at + 1..].iter().map(|later| f64::from(i8::from(later > earlier) - i8::from(later < earlier))).sum::<f64>();
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|same| same.len() as f64).map(|t| t * (t - 1.0) * (2.0 * t + 5.0)).sum();
    let variance = (n * (n - 1.0) * (2.0 * n + 5.0) - ties) / 18.0;
    if values.len() < 4 || variance <= 0.0 {
        return (sum, 1.0);
    }
    (sum, (2.0 * Normal::standard().sf(sum.abs() / variance.sqrt())).min(1.0))
}

/// By how much a series goes up from one value to the next: the median of the slopes between all pairs (Theil 1950, Sen 1968); none for fewer than two values.
/// It holds a number for each pair: a long series is [`condensed`] first.
pub fn slope(values: &[f64]) -> Option<f64> {
    let from = |i: usize| (i + 1..values.len()).map(move |j| (values[j] - values[i]) / (j - i) as f64);
    super::middle(&mut (0..values.len()).flat_map(from).collect::<Vec<_>>())
}

/// So many values at most, for whoever looks at all pairs of them: medians of stretches of equal length; what is left at the end is left out.
pub fn condensed(values: &[f64], most: usize) -> Vec<f64> {
    let length = values.len().div_ceil(most.max(1)).max(1);
    values.chunks_exact(length).filter_map(super::median).collect()
}

/// How many values at the start belong to the warm-up, in groups of five (MSER-5). At most half of them; none where there are fewer than four groups.
pub fn warm_up(values: &[f64]) -> usize {
    const GROUP: usize = 5;
    let means: Vec<f64> = values.chunks_exact(GROUP).filter_map(super::mean).collect();
    if means.len() < 4 { 0 } else { unsettled(&means, means.len() / 2) * GROUP }
}

/// How many values at the start, `most` at most, to leave out so that the standard error of the mean of the rest is smallest: White's marginal standard error
/// rule (MSER, 1997).
pub fn unsettled(values: &[f64], most: usize) -> usize {
    let error = |from: usize| {
        let rest = values.get(from..)?;
        let mean = super::mean(rest)?;
        Some((from, rest.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (rest.len() as f64).powi(2)))
    };
    (0..=most).filter_map(error).min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(from, _)| from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of `tests/statistics/vectors.py`, which asks SciPy for Kendall's τ against time.
    #[test]
    fn trends_are_scipys() {
        let vectors: Vec<(Vec<f64>, f64)> = serde_json::from_str(include_str!("../../tests/statistics/trend.json")).unwrap();
        assert!(vectors.len() > 10);
        for (values, p) in vectors {
            assert!((trend(&values).1 - p).abs() < 1e-9, "{values:?}: {} is not {p}", trend(&values).1);
        }
        assert_eq!((trend(&[1.0, 2.0, 3.0]), trend(&[2.0; 9])), ((3.0, 1.0), (0.0, 1.0)));
    }

    /// `scipy.stats.theilslopes([9, 2, 7, 7, 1, 12, 5], range(7))`, and of 1 to 5.
    #[test]
    fn slopes_are_scipys() {
        let near = |values: &[f64], wanted: f64| assert!((slope(values).unwrap() - wanted).abs() < 1e-12, "{values:?}: {:?}", slope(values));
        near(&[9.0, 2.0, 7.0, 7.0, 1.0, 12.0, 5.0], -0.3333333333333333);
        near(&[1.0, 2.0, 3.0, 4.0, 5.0], 1.0);
        assert_eq!((slope(&[1.0]), slope(&[])), (None, None));
    }

    #[test]
    fn a_day_of_seconds_is_condensed_to_what_can_be_looked_at_in_pairs() {
        let day: Vec<f64> = (0..86_400).map(f64::from).collect();
        let few = condensed(&day, 300);
        assert_eq!((few.len(), few[0], few[299]), (300, 143.5, 86_255.5));
        assert_eq!(condensed(&day[..300], 300), day[..300]);
        assert_eq!((condensed(&day[..301], 300).len(), condensed(&[], 300).len()), (150, 0));
    }

    #[test]
    fn a_slow_start_is_cut_off_and_a_steady_run_is_not() {
        let noise = |at: usize| [0.3, -0.2, 0.1, -0.4, 0.2, 0.0, -0.1][at % 7];
        let slow: Vec<f64> = (0..100).map(|at| 10.0 + noise(at) + if at < 20 { 20.0 - at as f64 } else { 0.0 }).collect();
        assert!((15..=25).contains(&warm_up(&slow)), "{}", warm_up(&slow));
        let steady: Vec<f64> = (0..100).map(|at| 10.0 + noise(at)).collect();
        assert!(warm_up(&steady) <= 10, "{}", warm_up(&steady));
        assert_eq!(warm_up(&[1.0; 12]), 0);
    }
}
