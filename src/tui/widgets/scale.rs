//! Where values lie on an axis, in steps or in factors, and the round numbers that are written at it.

use crate::text::quantity::latency;

/// How a number is written at an axis.
pub type Unit = fn(f64) -> String;

/// Nanoseconds at an axis.
pub fn latencies(nanoseconds: f64) -> String {
    // Numbers at an axis are above zero and far below the end of the range.
    latency(nanoseconds.max(0.0) as u64)
}

/// An axis from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// Equal distances are equal differences.
    pub fn linear(low: f64, high: f64) -> Self {
        Self { low, high: if high > low { high } else { low + 1.0 }, log: false }
    }

    /// Equal distances are equal factors; both ends lie above zero.
    pub fn log(low: f64, high: f64) -> Self {
        let low = low.max(f64::MIN_POSITIVE);
        Self { low, high: if high > low { high } else { low * 10.0 }, log: true }
    }

    /// A logarithmic axis with round ends that holds every value above zero; none where there is none. Its ends seldom move when values come.
    pub fn around(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = values.filter(|value| *value > 0.0).fold((f64::MAX, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        (high > 0.0).then(|| {
            let (low, high) = (round_down(low), round_up(high));
            Self::log(low, if high > low { high } else { round_up(high * 1.01) })
        })
    }

    /// From 0 at the low end to 1 at the high one; what lies outside is at an end.
    pub fn share(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.clamp(0.0, 1.0)
    }

    /// Which of so many cells holds it, from the low end; the last where there are none.
    pub fn cell(&self, value: f64, cells: u16) -> u16 {
        let last = cells.saturating_sub(1);
        // A share of a number of cells fits.
        ((self.share(value) * f64::from(last)).round() as u16).min(last)
    }

    /// The value lies on the axis.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Round numbers on a logarithmic axis, `most` at most, lowest first: every 1, 2 and 5, or every power of ten, or fewer.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let of = |digits: &[f64], each: usize| -> Vec<f64> {
            let powers = (first..=last).step_by(each);
            let all = powers.flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)));
            // A tick at an end may be a hair outside.
            all.filter(|tick| *tick >= self.low * (1.0 - 1e-9) && *tick <= self.high * (1.0 + 1e-9)).collect()
        };
        let finer = [of(&[1.0, 2.0, 5.0], 1), of(&[1.0], 1)].into_iter();
        let mut coarser = (2..12).map(|each| of(&[1.0], each));
        finer.chain(coarser.by_ref()).find(|ticks| ticks.len() <= most).unwrap_or_default()
    }
}

/// The next of 1, 2 and 5 times a power of ten that is not smaller.
pub fn round_up(value: f64) -> f64 {
    rounded(value, |digit, value| *digit >= value * (1.0 - 1e-9))
}

/// The last of 1, 2 and 5 times a power of ten that is not larger.
pub fn round_down(value: f64) -> f64 {
    let up = round_up(value);
    if up <= value * (1.0 + 1e-9) {
        return up;
    }
    let power = 10f64.powf(up.log10().floor());
    // 2 falls to 1, 5 to 2, and 10 to 5.
    match (up / power).round() as u8 {
        1 => power / 2.0,
        2 => power,
        _ => power * 2.0,
    }
}

fn rounded(value: f64, fits: impl Fn(&f64, f64) -> bool) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power).into_iter().find(|digit| fits(digit, value)).unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_one_two_and_five() {
        for (value, down, up) in
            [(1.0, 1.0, 1.0), (3.0, 2.0, 5.0), (7.0, 5.0, 10.0), (0.013, 0.01, 0.02), (200.0, 200.0, 200.0), (999.0, 500.0, 1000.0)]
        {
            assert!((round_down(value) / down - 1.0).abs() < 1e-9 && (round_up(value) / up - 1.0).abs() < 1e-9, "{value}");
        }
        assert_eq!((round_up(0.0), round_up(f64::NAN)), (1.0, 1.0));
    }

    #[test]
    fn a_factor_is_a_distance() {
        let scale = Scale::log(1.0, 100.0);
        assert_eq!([0.1, 1.0, 10.0, 100.0, 1e9].map(|value| scale.cell(value, 11)), [0, 0, 5, 10, 10]);
        assert_eq!(Scale::linear(0.0, 10.0).cell(5.0, 11), 5);
        assert_eq!(Scale::around([3.0, 70.0, 0.0].into_iter()), Some(Scale::log(2.0, 100.0)));
        assert_eq!(Scale::around(std::iter::empty()), None);
    }

    #[test]
    fn ticks_are_as_fine_as_there_is_room() {
        let close =
            |found: Vec<f64>, wanted: &[f64]| found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a / b - 1.0).abs() < 1e-9);
        assert!(close(Scale::log(1.0, 100.0).ticks(7), &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]));
        assert!(close(Scale::log(1.0, 100.0).ticks(3), &[1.0, 10.0, 100.0]));
        assert!(close(Scale::log(1.0, 100.0).ticks(2), &[1.0, 100.0]));
    }
}
