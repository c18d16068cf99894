//! The wall clock beside the steady one: how far it was put forward or back while a run went on. Time spans are never taken from it.

use std::time::{Duration, Instant, SystemTime};

/// Two looks at the steady clock that are farther apart say nothing of the look at the other that lies between them: the thread was made to wait.
const NEAR: Duration = Duration::from_millis(1);

/// Both clocks as they were seen last, and the farthest that they ever went apart at once. Slewing moves both alike (`clock_gettime(2)`): they part where the
/// wall clock is set, and where the machine sleeps, which the steady one does not count.
pub(super) struct Clocks {
    last: (Instant, SystemTime),
    jump: Duration,
}

impl Clocks {
    /// As they stand now.
    pub(super) fn now() -> Self {
        Self::at(Instant::now(), SystemTime::now())
    }

    fn at(steady: Instant, wall: SystemTime) -> Self {
        Self { last: (steady, wall), jump: Duration::ZERO }
    }

    /// Looks at both again; the farthest jump so far.
    pub(super) fn look(&mut self) -> Duration {
        let (before, wall) = (Instant::now(), SystemTime::now());
        self.see(before, wall, Instant::now())
    }

    /// The same with what the clocks say: the steady one before and after the other.
    fn see(&mut self, before: Instant, wall: SystemTime, after: Instant) -> Duration {
        if after.saturating_duration_since(before) < NEAR {
            let steadily = before.saturating_duration_since(self.last.0);
            let jump = match wall.duration_since(self.last.1) {
                Ok(on) => on.abs_diff(steadily),
                Err(back) => back.duration() + steadily,
            };
            self.jump = self.jump.max(jump);
            self.last = (before, wall);
        }
        self.jump
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wall clock is put by so many seconds before each look, of which there is one every tenth of a second.
    fn seen(puts: &[i64]) -> Vec<u64> {
        let (mut steady, mut wall) = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let mut clocks = Clocks::at(steady, wall);
        let look = |put: &i64| {
            steady += Duration::from_millis(100);
            wall += Duration::from_millis(100);
            wall = if *put < 0 { wall - Duration::from_secs(put.unsigned_abs()) } else { wall + Duration::from_secs(put.unsigned_abs()) };
            clocks.see(steady, wall, steady).as_secs()
        };
        puts.iter().map(look).collect()
    }

    #[test]
    fn a_jump_is_told_in_full_whichever_way_and_also_when_it_is_undone() {
        assert_eq!(seen(&[0, 0, 0]), [0, 0, 0]);
        assert_eq!(seen(&[0, 3_600, 0]), [0, 3_600, 3_600]);
        assert_eq!(seen(&[0, -3_600, 0]), [0, 3_600, 3_600], "farther back than the run is long");
        assert_eq!(seen(&[3_600, 0, -3_600]), [3_600; 3], "put right again before the end");
    }

    #[test]
    fn a_look_that_was_held_up_says_nothing_and_the_next_makes_up_for_it() {
        let (steady, wall) = (Instant::now(), SystemTime::now());
        let mut clocks = Clocks::at(steady, wall);
        let later = |ms: u64| (steady + Duration::from_millis(ms), wall + Duration::from_millis(ms));
        // 80 ms lie between the look at the one and at the other: no jump, but the thread was not run.
        assert_eq!(clocks.see(later(100).0, later(180).1, later(180).0), Duration::ZERO);
        assert_eq!(clocks.see(later(200).0, later(200).1, later(200).0), Duration::ZERO);
        assert_eq!(clocks.see(later(300).0, later(800).1, later(300).0), Duration::from_millis(500));
    }
}
