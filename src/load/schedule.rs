//! When requests are to be sent: the absolute plan of an open loop, t(k) for slot k. Pure; moments are nanoseconds since the start.
//!
//! A slot's moment follows from its number alone (for chance: from the seed and its number), never from when the slot before was sent, so that a late
//! generator catches up instead of drifting, and what was late is known.

use std::time::Duration;

use super::chance::Random;
use super::plan::{Pace, Plan, Stage};
use crate::text::age::nanoseconds;

/// Nanoseconds of a second.
const SECOND: f64 = 1e9;

/// The slots of a plan in order, each with its moment.
#[derive(Clone, Debug)]
pub struct Schedule {
    law: Law,
    /// Slots before the plan proper, evenly at its first rate, and how long they take.
    warm: (u64, f64, u64),
    /// The next slot and how many there are to the one after it.
    slot: u64,
    step: u64,
    /// Slots end at this number and at this moment after the warm-up.
    limit: u64,
    end: u64,
}

/// t(k) of the plan proper.
#[derive(Clone, Debug)]
enum Law {
    Even(f64),
    /// From a rate, and by how much it grows a second.
    Ramp(f64, f64),
    /// Slots before each stage, its begin in seconds, and its rate.
    Stages(Vec<(f64, f64, f64)>),
    Poisson {
        rate: f64,
        random: Random,
        /// The slot whose moment is `at`, in seconds.
        slot: u64,
        at: f64,
    },
    Burst(u64, u64),
    Replay(Vec<u64>),
}

impl Schedule {
    /// The slots `thread`, `thread + threads`, … of a plan; none where it is a closed loop.
    pub fn of(plan: &Plan, thread: usize, threads: usize) -> Option<Self> {
        let law = Law::of(&plan.pace, plan.duration)?;
        let first = plan.pace.at(Duration::ZERO, plan.duration);
        let warm_up = nanoseconds(plan.warm_up);
        let warm = if first > 0.0 { ((warm_up as f64 / SECOND * first).ceil() as u64, first, warm_up) } else { (0, 1.0, warm_up) };
        let limit = plan.requests.map_or(u64::MAX, |requests| requests.saturating_add(warm.0));
        Some(Self { law, warm, slot: thread as u64, step: threads.max(1) as u64, limit, end: nanoseconds(plan.duration) })
    }
}

impl Iterator for Schedule {
    /// The number of a slot and its moment.
    type Item = (u64, u64);

    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.slot;
        let at = self.moment(slot)?;
        self.slot += self.step;
        Some((slot, at))
    }
}

impl Schedule {
    /// Leaves out the slots up to a moment; answers how many. Slots of chance are found only one after another, so of those none is left out.
    pub fn leave_out(&mut self, until: u64) -> u64 {
        if matches!(self.law, Law::Poisson { .. }) {
            return 0;
        }
        let first = self.slot;
        let mut due = |count: u64| self.step.checked_mul(count).and_then(|more| self.moment(first.checked_add(more)?)).is_some_and(|at| at <= until);
        if !due(0) {
            return 0;
        }
        let (mut low, mut high) = (0, 1);
        while due(high) {
            (low, high) = (high, high.saturating_mul(2));
        }
        while high - low > 1 {
            let middle = u64::midpoint(low, high);
            if due(middle) { low = middle } else { high = middle }
        }
        self.slot = first + high * self.step;
        high
    }

    fn moment(&mut self, slot: u64) -> Option<u64> {
        let (warm, rate, length) = self.warm;
        match slot.checked_sub(warm) {
            _ if slot >= self.limit => None,
            None => Some((slot as f64 / rate * SECOND) as u64),
            Some(slot) => length.checked_add(self.law.at(slot).filter(|at| *at < self.end)?),
        }
    }
}

impl Law {
    fn of(pace: &Pace, duration: Duration) -> Option<Self> {
        Some(match pace {
            Pace::Max => return None,
            Pace::Rate(rate) => Self::Even(*rate),
            Pace::Ramp { from, to } => Self::Ramp(*from, (to - from) / duration.as_secs_f64()),
            Pace::Stages(stages) => Self::Stages(begins(stages)),
            Pace::Poisson { rate, seed } => {
                let mut random = Random(*seed);
                let at = random.exponential(*rate);
                Self::Poisson { rate: *rate, random, slot: 0, at }
            }
            Pace::Burst { every, size } => Self::Burst(nanoseconds(*every), (*size).max(1)),
            Pace::Replay(moments) => Self::Replay(moments.clone()),
        })
    }

    /// The moment of a slot; of chance, no earlier slot may be asked for again. None after the last one.
    fn at(&mut self, slot: u64) -> Option<u64> {
        let k = slot as f64;
        let seconds = match self {
            Self::Even(rate) => k / *rate,
            // The root of k = from·t + growth·t²/2 that does not cancel when the growth is small.
            Self::Ramp(from, growth) => {
                let root = (*from * *from + 2.0 * *growth * k).sqrt();
                if k == 0.0 { 0.0 } else { 2.0 * k / (*from + root) }
            }
            Self::Stages(stages) => {
                // A pause begins with the same slot as the stage after it; the last stage is held.
                let (before, begin, rate) = stages.iter().rev().find(|(before, ..)| *before <= k)?;
                begin + (k - before) / rate
            }
            Self::Poisson { rate, random, slot: known, at } => {
                while *known < slot {
                    *at += random.exponential(*rate);
                    *known += 1;
                }
                *at
            }
            Self::Burst(every, size) => return (slot / *size).checked_mul(*every),
            Self::Replay(moments) => return moments.get(usize::try_from(slot).ok()?).copied(),
        };
        // A falling ramp never reaches slots beyond its last one, and a pause none at all.
        (seconds.is_finite() && seconds >= 0.0).then_some((seconds * SECOND) as u64)
    }
}

/// The first whole slot of every stage, its begin and its rate.
fn begins(stages: &[Stage]) -> Vec<(f64, f64, f64)> {
    let (mut slots, mut begin) = (0.0_f64, 0.0);
    let one = |stage: &Stage| {
        let row = (slots.ceil(), begin, stage.rate);
        slots = slots.ceil() + stage.rate * stage.duration.as_secs_f64();
        begin += stage.duration.as_secs_f64();
        row
    };
    stages.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::target::Target;
    use proptest::prelude::*;

    fn plan(pace: Pace, seconds: f64) -> Plan {
        Plan { pace, duration: Duration::from_secs_f64(seconds), ..Plan::gentle(Target::parse("127.0.0.1").unwrap()) }
    }

    fn moments(plan: &Plan) -> Vec<u64> {
        Schedule::of(plan, 0, 1).unwrap().map(|(_, at)| at).collect()
    }

    proptest! {
        /// Counting slots up to the end is integrating the rate: at most one is lost or won at each end of a stage.
        #[test]
        fn the_slots_of_a_plan_are_the_integral_of_its_rate(from in 0.0..3_000.0_f64, to in 1.0..3_000.0_f64, seconds in 0.5..5.0_f64) {
            let stage = |rate, share: f64| Stage { duration: Duration::from_secs_f64(seconds * share), rate };
            for (pace, integral, slack) in [
                (Pace::Rate(to), to * seconds, 1.0),
                (Pace::Ramp { from, to }, f64::midpoint(from, to) * seconds, 1.0),
                (Pace::Ramp { from: to, to: from }, f64::midpoint(from, to) * seconds, 1.0),
                (Pace::Stages(vec![stage(from, 0.5), stage(to, 0.5)]), f64::midpoint(from, to) * seconds, 2.0),
            ] {
                let slots = moments(&plan(pace.clone(), seconds));
                prop_assert!((slots.len() as f64 - integral).abs() <= slack + 1e-6, "{pace:?}: {} for {integral}", slots.len());
                prop_assert!(slots.is_sorted());
            }
        }

        /// However many threads share a plan, together they have exactly its slots.
        #[test]
        fn threads_share_a_plan_without_gap_or_overlap(threads in 1_usize..7, seed: u64) {
            for pace in [Pace::Rate(700.0), Pace::Poisson { rate: 700.0, seed }, Pace::Burst { every: Duration::from_millis(100), size: 13 }] {
                let plan = plan(pace, 1.0);
                let mut all: Vec<_> = (0..threads).flat_map(|thread| Schedule::of(&plan, thread, threads).unwrap()).collect();
                all.sort_unstable();
                prop_assert_eq!(all, Schedule::of(&plan, 0, 1).unwrap().collect::<Vec<_>>());
            }
        }

        /// Gaps of a Poisson process have mean 1/rate and the same standard deviation; 5 standard errors of each are allowed.
        #[test]
        fn chance_has_the_mean_and_the_spread_of_poisson(seed: u64) {
            let slots = moments(&plan(Pace::Poisson { rate: 1_000.0, seed }, 20.0));
            let gaps: Vec<f64> = slots.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e6).collect();
            let n = gaps.len() as f64;
            let mean = gaps.iter().sum::<f64>() / n;
            let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / (n - 1.0);
            // Of an exponential, the mean's standard error is 1/√n, the variance's √(8/n).
            prop_assert!((mean - 1.0).abs() < 5.0 / n.sqrt() && (variance - 1.0).abs() < 5.0 * (8.0 / n).sqrt(), "{} {}", mean, variance);
        }
    }

    #[test]
    fn slots_that_are_left_out_are_those_that_were_due() {
        for pace in [Pace::Rate(1e6), Pace::Ramp { from: 10.0, to: 1e6 }, Pace::Replay(vec![1, 2, 3, 900_000_000])] {
            let plan = plan(pace.clone(), 1.0);
            let (mut some, mut all) = (Schedule::of(&plan, 1, 2).unwrap(), Schedule::of(&plan, 1, 2).unwrap());
            let due = all.by_ref().take_while(|(_, at)| *at <= 500_000_000).count() as u64;
            assert_eq!((some.leave_out(500_000_000), some.leave_out(500_000_000)), (due, 0), "{pace:?}");
            // `take_while` has eaten the first one that was not due.
            assert!(some.next().is_none_or(|(_, at)| at > 500_000_000) && some.next() == all.next(), "{pace:?}");
        }
    }

    #[test]
    fn the_same_seed_is_the_same_chance_and_another_is_not() {
        let of = |seed| moments(&plan(Pace::Poisson { rate: 100.0, seed }, 2.0));
        assert!(of(1) == of(1) && of(1) != of(2));
    }

    #[test]
    fn moments_stand_where_the_formula_says() {
        assert_eq!(moments(&plan(Pace::Rate(4.0), 1.0)), [0, 250_000_000, 500_000_000, 750_000_000]);
        // From 0 to 2 a second in 2 s: t(k) = √(2k).
        assert_eq!(moments(&plan(Pace::Ramp { from: 0.0, to: 2.0 }, 2.0)), [0, 1_414_213_562]);
        assert_eq!(moments(&plan(Pace::Burst { every: Duration::from_secs(1), size: 2 }, 2.0)), [0, 0, 1_000_000_000, 1_000_000_000]);
        assert_eq!(moments(&plan(Pace::Replay(vec![0, 5, 5, 900]), 1.0)), [0, 5, 5, 900]);
        let stages = vec![
            Stage { duration: Duration::from_secs(1), rate: 2.0 },
            Stage { duration: Duration::from_secs(1), rate: 0.0 },
            Stage { duration: Duration::from_secs(1), rate: 1.0 },
        ];
        assert_eq!(moments(&plan(Pace::Stages(stages), 3.0)), [0, 500_000_000, 2_000_000_000]);
    }

    #[test]
    fn the_warm_up_goes_before_and_a_limit_counts_without_it() {
        let plan = Plan { warm_up: Duration::from_secs(1), requests: Some(3), ..plan(Pace::Ramp { from: 2.0, to: 4.0 }, 10.0) };
        let slots = moments(&plan);
        assert_eq!((&slots[..3], slots.len()), (&[0, 500_000_000, 1_000_000_000][..], 5));
        assert!(Schedule::of(&Plan { pace: Pace::Max, ..plan }, 0, 1).is_none());
    }
}
