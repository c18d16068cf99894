//! How a use went over its last readings: a byte each, as a share of the largest among them, so that a hundred thousand objects stay small.

/// Readings that are kept.
pub const READINGS: usize = 8;

/// The last readings of one number, the oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Past {
    /// The largest one, in the number's own unit.
    largest: f32,
    /// Shares of it in 255ths.
    shares: [u8; READINGS],
    count: u8,
}

impl Past {
    /// One more reading; the oldest goes.
    pub fn push(&mut self, value: u64) {
        let mut values = [0.0; READINGS];
        let before = usize::from(self.count).min(READINGS);
        // More than there is room for: the first one is left out.
        let left_out = usize::from(before == READINGS);
        let kept = before - left_out;
        for (place, share) in values.iter_mut().zip(self.shares.get(left_out..before).unwrap_or_default()) {
            *place = f32::from(*share) / 255.0 * self.largest;
        }
        if let Some(place) = values.get_mut(kept) {
            *place = value as f32;
        }
        self.largest = values.iter().copied().fold(0.0, f32::max);
        self.count = kept as u8 + 1;
        let of = |value: f32| if self.largest > 0.0 { (value / self.largest * 255.0).round() as u8 } else { 0 };
        self.shares = values.map(of);
    }

    /// The readings as shares of the largest, the oldest first.
    pub fn shares(&self) -> impl Iterator<Item = f32> {
        self.shares.iter().take(usize::from(self.count)).map(|share| f32::from(*share) / 255.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_takes_thirteen_bytes_and_their_alignment() {
        assert_eq!(size_of::<Past>(), 16);
    }

    proptest! {
        /// Of whatever came, the last eight are there, each within a percent of the largest.
        #[test]
        fn the_last_readings_are_kept_as_shares(values in prop::collection::vec(0u64..10_000, 0..30)) {
            let mut past = Past::default();
            values.iter().for_each(|value| past.push(*value));
            let last = &values[values.len().saturating_sub(READINGS)..];
            let largest = last.iter().copied().max().unwrap_or(0).max(1) as f32;
            let shares: Vec<f32> = past.shares().collect();
            prop_assert_eq!(shares.len(), last.len());
            for (share, value) in shares.iter().zip(last) {
                prop_assert!((share - *value as f32 / largest).abs() < 0.03, "{:?} {:?}", last, shares);
            }
        }
    }
}
