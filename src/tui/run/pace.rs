//! When the next frame may be drawn: soon after a key, seldom otherwise, and seldomer still where the line is slow. Input is never held back here, only
//! pictures of it are.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::tui::app::model::Traffic;

/// A frame that answers a key is held back no longer than this after the last.
const AFTER_KEY: Duration = Duration::from_millis(16);
/// The same on a slow line, where one frame for two keys saves half of the bytes.
const AFTER_KEY_SLOW: Duration = Duration::from_millis(50);
/// On a slow line frames that no key asked for are at least so far apart.
const SLOW: Duration = Duration::from_millis(100);
/// And at most.
const SLOWEST: Duration = Duration::from_millis(250);
/// A write that takes longer has filled everything between here and the terminal.
const BLOCKED: Duration = Duration::from_millis(50);
/// So many quick writes in a row, and frames come twice as often again.
const QUICK: u32 = 20;
/// Bytes a second are an average over this.
const WINDOW: Duration = Duration::from_secs(10);

/// The pace of frames, and how much they amount to.
pub struct Pace {
    /// How far apart frames are kept that no key asked for.
    pub gap: Duration,
    /// Bytes are saved.
    pub slow: bool,
    /// There is something new to be seen.
    pub dirty: bool,
    /// A key asked for it.
    pub asked: bool,
    last: Option<Instant>,
    /// Doubles with every write that blocks.
    factor: u32,
    quick: u32,
    recent: VecDeque<(Instant, u64)>,
    bytes: u64,
    frames: u64,
}

impl Pace {
    /// The first frame is due at once.
    pub fn new(gap: Duration) -> Self {
        Self { gap, slow: false, dirty: true, asked: true, last: None, factor: 1, quick: 0, recent: VecDeque::new(), bytes: 0, frames: 0 }
    }

    /// When the next frame is to be drawn; none: there is nothing new.
    pub fn due(&self) -> Option<Instant> {
        self.dirty.then(|| self.last.map_or_else(Instant::now, |last| last + self.distance()))
    }

    fn distance(&self) -> Duration {
        let least = match (self.asked, self.slow) {
            (true, false) => AFTER_KEY,
            (true, true) => AFTER_KEY_SLOW,
            (false, false) => self.gap,
            (false, true) => self.gap.max(SLOW),
        };
        (least * self.factor).min(SLOWEST.max(least))
    }

    /// Writes block: the line takes less than is drawn.
    pub fn blocked(&self) -> bool {
        self.factor > 1
    }

    /// A frame was drawn: so many bytes, and the write took so long.
    pub fn drew(&mut self, now: Instant, bytes: usize, took: Duration) {
        (self.last, self.dirty, self.asked) = (Some(now), false, false);
        if bytes == 0 {
            return;
        }
        if took > BLOCKED {
            (self.factor, self.quick) = ((self.factor * 2).min(16), 0);
        } else {
            self.quick += 1;
            if self.quick >= QUICK {
                (self.factor, self.quick) = ((self.factor / 2).max(1), 0);
            }
        }
        self.frames += 1;
        self.bytes += bytes as u64;
        self.recent.push_back((now, bytes as u64));
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        while self.recent.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW) {
            self.recent.pop_front();
        }
    }

    /// What was written so far.
    pub fn traffic(&mut self, now: Instant) -> Traffic {
        self.forget(now);
        let recent: u64 = self.recent.iter().map(|(_, bytes)| bytes).sum();
        let gap = u64::try_from((self.gap.max(if self.slow { SLOW } else { Duration::ZERO }) * self.factor).min(SLOWEST.max(self.gap)).as_millis())
            .unwrap_or(u64::MAX);
        Traffic { bytes: self.bytes, frames: self.frames, per_second: recent / WINDOW.as_secs(), gap_ms: gap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_millis(33);

    #[test]
    fn keys_are_answered_soon_and_the_rest_keeps_its_distance() {
        let mut pace = Pace::new(GAP);
        let now = Instant::now();
        pace.drew(now, 10, Duration::ZERO);
        assert_eq!(pace.due(), None);
        pace.dirty = true;
        assert_eq!(pace.due(), Some(now + GAP));
        pace.asked = true;
        assert_eq!(pace.due(), Some(now + AFTER_KEY));
        pace.slow = true;
        assert_eq!(pace.due(), Some(now + AFTER_KEY_SLOW));
        pace.asked = false;
        assert_eq!(pace.due(), Some(now + SLOW));
    }

    #[test]
    fn writes_that_block_halve_the_frames_and_quick_ones_bring_them_back() {
        let mut pace = Pace::new(GAP);
        let now = Instant::now();
        let gap = |pace: &mut Pace, took: u64| {
            pace.drew(now, 10, Duration::from_millis(took));
            pace.dirty = true;
            pace.due().map(|due| due - now)
        };
        assert_eq!(gap(&mut pace, 80), Some(GAP * 2));
        assert!(pace.blocked());
        assert_eq!(gap(&mut pace, 80), Some(GAP * 4));
        for _ in 0..10 {
            gap(&mut pace, 80);
        }
        assert_eq!(gap(&mut pace, 80), Some(SLOWEST), "it never stands still");
        for _ in 0..QUICK * 4 {
            gap(&mut pace, 1);
        }
        assert_eq!(gap(&mut pace, 1), Some(GAP));
        assert!(!pace.blocked());
    }

    #[test]
    fn bytes_a_second_are_of_the_last_ten() {
        let mut pace = Pace::new(GAP);
        let now = Instant::now();
        pace.drew(now, 1_000, Duration::ZERO);
        pace.drew(now + Duration::from_secs(8), 500, Duration::ZERO);
        let traffic = pace.traffic(now + Duration::from_secs(9));
        assert_eq!((traffic.bytes, traffic.frames, traffic.per_second), (1_500, 2, 150));
        assert_eq!(pace.traffic(now + Duration::from_secs(15)).per_second, 50);
    }
}
