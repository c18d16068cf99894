//! Numbers that only look random, quick enough to be drawn for each request: the same seed gives the same ones on every machine.

/// SplitMix64 (Steele, Lea, Flood, «Fast Splittable Pseudorandom Number Generators», 2014).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Above 0, at most 1.
    fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 1.0) / (1_u64 << 53) as f64
    }

    /// Seconds to the next of so many a second.
    pub fn exponential(&mut self, rate: f64) -> f64 {
        -self.unit().ln() / rate
    }

    /// A whole number; both ends may come.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        let choices = u128::from(to - from) + 1;
        from + u64::try_from((u128::from(self.bits()) * choices) >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of seed 1234567 of the reference implementation (Vigna's `splitmix64.c`, as Rosetta Code lists them).
    #[test]
    fn it_is_the_reference_generator() {
        let mut random = Random(1_234_567);
        let first =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431, 16_408_922_859_458_223_821];
        assert_eq!([0; 5].map(|_| random.bits()), first);
        assert!((0..1_000).map(|_| random.between(3, 5)).all(|number| (3..=5).contains(&number)));
        assert_eq!((random.between(7, 7), random.between(0, u64::MAX) == random.between(0, u64::MAX)), (7, false));
    }
}
