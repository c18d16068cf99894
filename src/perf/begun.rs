//! When a run began, by both clocks: the wall clock is asked once, and every later stamp of the run is that one and what the steady clock has counted since.
//! So a clock that is set in mid-run puts no end before its begin, and one that was set back puts no run before those that it came after.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp, Unit};

/// Runs that are stamped later than now by no more than this were made before the clock was set back. What lies farther ahead was stamped by a clock that was
/// wrong then, and stays where it is.
pub(super) const BACK: SignedDuration = SignedDuration::from_hours(24);

/// The moment a run began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// As it is stamped, in whole milliseconds, which read better and say as much.
    pub(super) at: Timestamp,
    /// How much later that is than what the wall clock said.
    pub(super) put_off: Duration,
    steady: Instant,
}

impl Begun {
    /// Now. `newest` finds the newest run that was stamped between two moments.
    pub(super) fn now(newest: impl FnOnce(Timestamp, Timestamp) -> Option<Timestamp>) -> Self {
        Self::by(Timestamp::now(), Instant::now(), newest)
    }

    fn by(wall: Timestamp, steady: Instant, newest: impl FnOnce(Timestamp, Timestamp) -> Option<Timestamp>) -> Self {
        let now = whole(wall);
        let next = now.checked_add(BACK).ok().and_then(|until| newest(now, until)?.checked_add(SignedDuration::from_millis(1)).ok());
        let at = next.map_or(now, |next| whole(next).max(now));
        Self { at, put_off: at.duration_since(now).unsigned_abs(), steady }
    }

    /// The stamp of a later moment.
    pub(super) fn stamp(&self, moment: Instant) -> Timestamp {
        self.at.checked_add(moment.saturating_duration_since(self.steady)).map_or(self.at, whole)
    }
}

fn whole(stamp: Timestamp) -> Timestamp {
    stamp.round(Unit::Millisecond).unwrap_or(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn stamps_follow_the_steady_clock_whatever_the_other_is_set_to() {
        let steady = Instant::now();
        let begun = Begun::by(at("2026-05-12T10:00:00.0004Z"), steady, |_, _| None);
        assert_eq!((begun.at, begun.put_off), (at("2026-05-12T10:00:00Z"), Duration::ZERO));
        assert_eq!(begun.stamp(steady + Duration::from_millis(10_250)), at("2026-05-12T10:00:10.25Z"));
        assert_eq!(begun.stamp(steady), begun.at);
    }

    #[test]
    fn a_run_never_stands_before_those_that_it_came_after() {
        let steady = Instant::now();
        // The clock was set back by an hour after a run that began at 11:00.
        let begun = Begun::by(at("2026-05-12T10:00:00Z"), steady, |from, until| {
            assert_eq!((from, until), (at("2026-05-12T10:00:00Z"), at("2026-05-13T10:00:00Z")));
            Some(at("2026-05-12T11:00:00Z"))
        });
        assert_eq!((begun.at, begun.put_off), (at("2026-05-12T11:00:00.001Z"), Duration::from_millis(3_600_001)));
        assert_eq!(begun.stamp(steady + Duration::from_secs(5)), at("2026-05-12T11:00:05.001Z"));
    }
}
