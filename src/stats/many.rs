//! Several questions asked at once: each more makes it likelier that one looks like news by chance.

/// Holm's step-down adjustment (1979): who calls news what is below α calls something news by chance with a probability of α at most. In the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    adjusted(p, false)
}

/// Benjamini and Hochberg's adjustment (1995): of what is called news below α, a share of α at most is chance. For screening, not for gates.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    adjusted(p, true)
}

fn adjusted(p: &[f64], step_up: bool) -> Vec<f64> {
    let count = p.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut result = vec![1.0; count];
    if step_up {
        let mut least = 1.0f64;
        for (rank, at) in order.iter().enumerate().rev() {
            least = least.min(p[*at] * count as f64 / (rank + 1) as f64);
            result[*at] = least;
        }
    } else {
        let mut most = 0.0f64;
        for (rank, at) in order.iter().enumerate() {
            most = most.max((p[*at] * (count - rank) as f64).min(1.0));
            result[*at] = most;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(values: &[f64]) -> Vec<f64> {
        values.iter().map(|value| (value * 1e6).round() / 1e6).collect()
    }

    /// `p.adjust(c(0.01, 0.04, 0.03, 0.005), …)` of R; for the second also `scipy.stats.false_discovery_control`.
    #[test]
    fn adjustments_are_those_of_r() {
        let p = [0.01, 0.04, 0.03, 0.005];
        assert_eq!(rounded(&holm(&p)), [0.03, 0.06, 0.06, 0.02]);
        assert_eq!(rounded(&benjamini_hochberg(&p)), [0.02, 0.04, 0.04, 0.02]);
        assert!(holm(&[]).is_empty());
    }
}
