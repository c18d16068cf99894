//! Numbers that only look random: the same seed gives the same ones on every machine and for ever, so that a stored result can be computed again.

/// PCG-XSH-RR with 64 bits of state (O'Neill, «PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms», 2014).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    stream: u64,
}

const MULTIPLIER: u64 = 6_364_136_223_846_793_005;

impl Random {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self::on_stream(seed, 54)
    }

    fn on_stream(seed: u64, stream: u64) -> Self {
        let mut random = Self { state: 0, stream: stream << 1 | 1 };
        random.bits();
        random.state = random.state.wrapping_add(seed);
        random.bits();
        random
    }

    /// 32 bits.
    pub fn bits(&mut self) -> u32 {
        let old = self.state;
        self.state = old.wrapping_mul(MULTIPLIER).wrapping_add(self.stream);
        let shifted = (((old >> 18) ^ old) >> 27) as u32;
        shifted.rotate_right((old >> 59) as u32)
    }

    /// A whole number below `end`; 0 where there is none. Lemire's multiplication; its bias is below `end` in 2³².
    pub fn below(&mut self, end: usize) -> usize {
        (u64::from(self.bits()).wrapping_mul(end as u64) >> 32) as usize
    }

    /// A number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        f64::from(self.bits()) / f64::from(u32::MAX).mul_add(1.0, 1.0)
    }

    /// Puts a list into an order of chance (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            let other = self.below(at + 1);
            list.swap(at, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of `pcg32-demo` of the reference implementation, seed 42 on stream 54.
    #[test]
    fn it_is_the_reference_generator() {
        let mut random = Random::on_stream(42, 54);
        let have: Vec<u32> = (0..6).map(|_| random.bits()).collect();
        assert_eq!(have, [0xa15c_02b7, 0x7b47_f409, 0xba1d_3330, 0x83d2_f293, 0xbfa4_784b, 0xcbed_606e]);
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut random = Random::new(1);
        assert!((0..10_000).all(|_| random.below(3) < 3 && (0.0..1.0).contains(&random.unit())));
        assert_eq!(random.below(0), 0);
    }
}
