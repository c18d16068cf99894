//! Pure numbers: intervals, comparisons of pairs, change points over a history. No clock, no files, no run: values in, values out.
//!
//! Verdicts are made from whole runs as samples and never from inside one run: the requests of one run resemble one another far more than those of the next
//! run do, so that an interval from within covers the truth half the time at best.

pub mod interval;
pub mod many;
pub mod paired;
pub mod random;
pub mod series;
pub mod steady;
pub mod unpaired;
pub mod verdict;

/// The value below which half of the others lie; none for nothing. Values that are no numbers sort last.
pub fn median(values: &[f64]) -> Option<f64> {
    middle(&mut values.to_vec())
}

/// The same of values whose order need not be kept.
fn middle(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let half = values.len() / 2;
    let odd = values.len() % 2 == 1;
    let (below, upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let lower = if odd { *upper } else { below.iter().copied().max_by(f64::total_cmp)? };
    Some((lower + *upper) / 2.0)
}

/// Twice the ranks of sorted values, counted from 1: those that are the same share the middle of theirs, which is a whole number only when doubled.
fn doubled_ranks(sorted: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(sorted.len());
    for same in sorted.chunk_by(|one, other| one == other) {
        // Ranks from+1 … from+same have the mean (2·from + same + 1) / 2.
        ranks.extend(std::iter::repeat_n(2 * ranks.len() + same.len() + 1, same.len()));
    }
    ranks
}

/// A quantile of sorted values, interpolated linearly (Hyndman and Fan's definition 7, the default of NumPy and R).
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (at.floor(), at.ceil());
    let (a, b) = (sorted.get(low as usize)?, sorted.get(high as usize)?);
    Some(a + (b - a) * (at - low))
}

/// The mean; none for nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation of a sample, with n − 1; none for fewer than two.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.quantile([1, 2, 3, 4, 10], [0, .1, .5, .9, 1])` and `numpy.std(…, ddof=1)`.
    #[test]
    fn quantiles_and_deviation_are_numpys() {
        let sorted = [1.0, 2.0, 3.0, 4.0, 10.0];
        let have: Vec<f64> = [0.0, 0.1, 0.5, 0.9, 1.0].iter().map(|q| quantile(&sorted, *q).unwrap()).collect();
        assert!(have.iter().zip([1.0, 1.4, 3.0, 7.6, 10.0]).all(|(have, wanted)| (have - wanted).abs() < 1e-12), "{have:?}");
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0])), (Some(2.0), Some(2.5)));
        assert!((deviation(&sorted).unwrap() - 3.535_533_905_932_737_8).abs() < 1e-12);
        assert_eq!((median(&[]), deviation(&[1.0])), (None, None));
    }
}
