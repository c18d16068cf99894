//! A run second by second, in memory that does not grow with it: when the series is full, two points become one. And the part of it that is looked at.

use serde::{Deserialize, Serialize};

use crate::load::sample::Sample;
use crate::results::Interval;

/// Points that are kept; a screen has fewer columns.
const MOST: usize = 1_024;

/// Upper end of the lowest bin of the heat map, in nanoseconds.
const LOWEST: f64 = 1_000.0;
/// Bins of an octave: a bin ends where its latency is a fifth more than that of the bin before.
pub const OCTAVE: usize = 4;
/// Bins from there up to more than a minute.
pub const BINS: usize = 26 * OCTAVE + 1;

const SECOND: u64 = 1_000_000_000;
/// One request of a hundred that is sent so late or later met a stall, in nanoseconds.
const STALL: u64 = SECOND / 10;

/// Some seconds of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Point {
    /// Answers a second.
    pub rate: f64,
    /// Failures.
    pub errors: u64,
    /// Response times in nanoseconds: p50, p90, p99; where enough was measured.
    pub latencies: [Option<u64>; 3],
    /// How late requests were sent, the 99th percentile, in nanoseconds; the latest one where that is not known.
    pub late: Option<u64>,
    /// Slots of the plan that were missed.
    pub missed: u64,
    /// Seconds in which nothing was answered though something was asked, or in which requests had to wait long to be sent.
    pub stalled: u64,
    /// Slots that waited for a connection.
    pub backlog: u64,
    /// The busiest generator thread's share of its core.
    pub cpu: Option<f64>,
    /// Answers by bin of their latency: from the first that is not empty.
    pub bins: (usize, Vec<u64>),
}

/// A run as points of equal length, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Series {
    /// Whole points.
    pub points: Vec<Point>,
    /// Seconds a point stands for: a power of two.
    pub each: u64,
    /// Seconds that make no whole point yet.
    rest: Vec<Point>,
}

impl Default for Series {
    fn default() -> Self {
        Self { points: Vec::new(), each: 1, rest: Vec::new() }
    }
}

/// The part of a series that is drawn on so many columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// One point a step.
    pub steps: Vec<Point>,
    /// The second the first step begins at.
    pub from: u64,
    /// Seconds a step stands for.
    pub each: u64,
    /// Columns a step takes.
    pub wide: usize,
}

/// The bin of a latency: 0 for what took no longer than a microsecond.
fn bin(nanoseconds: u64) -> usize {
    // Histograms keep three digits: a hair above the end of a bin still belongs to it.
    let octaves = (nanoseconds as f64 / LOWEST).max(1.0).log2();
    ((octaves * OCTAVE as f64 - 0.01).ceil().max(0.0) as usize).min(BINS - 1)
}

/// The upper end of a bin, in nanoseconds.
pub fn bin_end(bin: usize) -> u64 {
    (LOWEST * (bin.min(BINS) as f64 / OCTAVE as f64).exp2()).round() as u64
}

/// Whether a second stood still: 1 or 0.
fn stalled(answers: u64, errors: u64, in_flight: u64, late: Option<u64>) -> u64 {
    u64::from(answers == 0 && errors == 0 && in_flight > 0 || late.is_some_and(|late| late >= STALL))
}

fn bins(latencies: impl Iterator<Item = (u64, u64)>) -> (usize, Vec<u64>) {
    let mut all = [0u64; BINS];
    latencies.for_each(|(nanoseconds, count)| all[bin(nanoseconds)] = all[bin(nanoseconds)].saturating_add(count));
    trimmed(&all)
}

fn trimmed(all: &[u64]) -> (usize, Vec<u64>) {
    let first = all.iter().position(|count| *count > 0).unwrap_or(0);
    let end = all.iter().rposition(|count| *count > 0).map_or(first, |last| last + 1);
    (first, all.get(first..end).unwrap_or_default().to_vec())
}

impl Point {
    /// The last second of a run.
    pub fn of(sample: &Sample, before: Option<&Sample>) -> Self {
        let seconds = sample.last_span.as_secs_f64();
        let last = &sample.last;
        let generator = before.map_or(sample.generator, |before| sample.generator.since(&before.generator));
        let late = last.lateness().and_then(|late| late.percentile(0.99).or(late.spread().map(|(_, _, most)| most)));
        let errors = last.errors().map(|(_, count)| count).sum();
        Self {
            rate: if seconds > 0.0 { last.requests() as f64 / seconds } else { 0.0 },
            errors,
            latencies: [0.5, 0.9, 0.99].map(|share| last.percentile(share)),
            late,
            missed: last.missed,
            stalled: stalled(last.requests(), errors, sample.in_flight as u64, late),
            backlog: sample.backlog as u64,
            cpu: (generator.wall_ns > 0).then(|| generator.busiest()),
            bins: bins(last.response().histogram().iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value()))),
        }
    }

    /// The same, kept.
    pub fn kept(line: &Interval) -> Self {
        let latencies = &line.latencies;
        let errors = line.errors.values().fold(0u64, |sum, count| sum.saturating_add(*count));
        let late = line.lateness.p99.or(line.lateness.max);
        // The end of a run may be a stump in which nothing could be answered yet.
        let whole = line.span_ns >= SECOND / 2;
        Self {
            rate: line.requests_per_second,
            errors,
            latencies: [latencies.p50, latencies.p90, latencies.p99],
            late,
            missed: line.missed,
            stalled: if whole { stalled(line.requests, errors, line.in_flight, late) } else { 0 },
            backlog: line.backlog,
            cpu: (line.generator.threads > 0).then_some(line.generator.busiest_share),
            bins: bins(line.histogram.iter().map(|bucket| (bucket.up_to_ns, bucket.count))),
        }
    }

    /// Several as one: the mean rate, all failures, and the worst of each percentile, for a percentile of the whole does not follow from them.
    pub fn joined(parts: &[Self]) -> Self {
        let most = |pick: &dyn Fn(&Self) -> Option<u64>| parts.iter().filter_map(pick).max();
        let sum = |pick: &dyn Fn(&Self) -> u64| parts.iter().map(pick).fold(0, u64::saturating_add);
        let cpu: Vec<f64> = parts.iter().filter_map(|part| part.cpu).collect();
        let mut all = [0u64; BINS];
        for part in parts {
            for (sum, more) in all.iter_mut().skip(part.bins.0).zip(&part.bins.1) {
                *sum = sum.saturating_add(*more);
            }
        }
        Self {
            rate: parts.iter().map(|part| part.rate).sum::<f64>() / parts.len().max(1) as f64,
            errors: sum(&|part| part.errors),
            latencies: [0, 1, 2].map(|which: usize| most(&|part| part.latencies[which])),
            late: most(&|part| part.late),
            missed: sum(&|part| part.missed),
            stalled: sum(&|part| part.stalled),
            backlog: most(&|part| Some(part.backlog)).unwrap_or(0),
            cpu: (!cpu.is_empty()).then(|| cpu.iter().sum::<f64>() / cpu.len() as f64),
            bins: trimmed(&all),
        }
    }

    /// Answers in it.
    pub fn answers(&self) -> u64 {
        self.bins.1.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Answers by rows of so many bins each, from the fastest; each row ends at a multiple of them, and is left out where it is empty.
    pub fn rows(&self, each: usize) -> Vec<(usize, u64)> {
        let mut rows: Vec<(usize, u64)> = Vec::new();
        for (bin, count) in self.bins.1.iter().enumerate().filter(|(_, count)| **count > 0) {
            let row = (bin + self.bins.0).div_ceil(each);
            match rows.last_mut() {
                Some((last, sum)) if *last == row => *sum = sum.saturating_add(*count),
                _ => rows.push((row, *count)),
            }
        }
        rows
    }
}

impl Series {
    /// Of the kept seconds of a run.
    pub fn of(points: impl Iterator<Item = Point>) -> Self {
        let mut series = Self::default();
        points.for_each(|point| series.push(point));
        series
    }

    /// One more second.
    pub fn push(&mut self, second: Point) {
        self.rest.push(second);
        if self.rest.len() as u64 == self.each {
            self.points.push(Point::joined(&self.rest));
            self.rest.clear();
        }
        if self.points.len() == MOST {
            self.points = self.points.chunks(2).map(Point::joined).collect();
            self.each *= 2;
        }
    }

    /// Seconds that are known.
    pub fn seconds(&self) -> u64 {
        self.points.len() as u64 * self.each + self.rest.len() as u64
    }

    /// Latencies are known to a bin, not only to an octave, as in lines of old runs.
    pub fn fine(&self) -> bool {
        let fine = |point: &Point| point.bins.1.iter().enumerate().any(|(at, count)| *count > 0 && !(at + point.bins.0).is_multiple_of(OCTAVE));
        self.points.iter().chain(&self.rest).any(fine)
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.seconds() == 0
    }

    /// What is seen on `room` columns: everything, or so many seconds, those around the cursor or the newest. The whole fills from the left and is halved when
    /// it is full; a part of it moves on by half of itself when it is full.
    pub fn window(&self, span: Option<u64>, cursor: Option<u64>, room: usize) -> Window {
        let mut points = self.points.clone();
        if !self.rest.is_empty() {
            points.push(Point::joined(&self.rest));
        }
        let all = points.len();
        let wanted = span.map_or(all, |span| usize::try_from(span.div_ceil(self.each)).unwrap_or(all)).max(1);
        let start = match (span, cursor) {
            (None, _) => 0,
            (Some(_), Some(cursor)) => usize::try_from(cursor / self.each).unwrap_or(all).saturating_sub(wanted / 2).min(all.saturating_sub(wanted)),
            (Some(_), None) => {
                let leap = (wanted / 2).max(1);
                all.saturating_sub(wanted).div_ceil(leap) * leap
            }
        };
        let mut joined = 1;
        while room > 0 && wanted.div_ceil(joined) > room {
            joined *= 2;
        }
        let shown = points.get(start..all.min(start + wanted)).unwrap_or_default();
        let steps = shown.chunks(joined).map(Point::joined).collect();
        let wide = if span.is_some() { (room / wanted).clamp(1, 8) } else { 1 };
        Window { steps, from: start as u64 * self.each, each: self.each * joined as u64, wide }
    }
}

impl Window {
    /// The step that holds a second; the last one for what comes later.
    pub fn step(&self, second: u64) -> Option<usize> {
        let at = usize::try_from(second.checked_sub(self.from)? / self.each).ok()?;
        Some(at.min(self.steps.len().checked_sub(1)?))
    }

    /// One value a column.
    pub fn columns<T: Clone>(&self, pick: impl Fn(&Point) -> T) -> Vec<T> {
        self.steps.iter().flat_map(|step| std::iter::repeat_n(pick(step), self.wide)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at: u64) -> Point {
        Point { rate: at as f64, errors: 1, latencies: [None, None, Some(at)], bins: (3, vec![1, 2]), ..Point::default() }
    }

    fn series(seconds: u64) -> Series {
        Series::of((0..seconds).map(second))
    }

    #[test]
    fn a_day_takes_no_more_than_a_quarter_of_an_hour() {
        let day = series(86_400);
        assert!(day.points.len() < MOST && day.seconds() == 86_400, "{} points", day.points.len());
        assert_eq!(day.each, 128);
        let all = day.window(None, None, usize::MAX);
        assert_eq!(all.steps.iter().map(|step| step.errors).sum::<u64>(), 86_400);
        assert_eq!(all.steps.iter().map(Point::answers).sum::<u64>(), 3 * 86_400);
        assert_eq!(all.steps[0].latencies[2], Some(127), "the worst of its seconds");
    }

    #[test]
    fn the_whole_fills_from_the_left_and_is_halved_when_it_is_full() {
        for (seconds, room, each, columns) in [(1, 10, 1, 1), (10, 10, 1, 10), (11, 10, 2, 6), (20, 10, 2, 10), (21, 10, 4, 6)] {
            let window = series(seconds).window(None, None, room);
            assert_eq!((window.each, window.columns(|point| point.rate).len()), (each, columns), "{seconds}");
        }
    }

    #[test]
    fn a_part_of_it_moves_by_halves_and_is_as_wide_as_there_is_room() {
        let from = |seconds| series(seconds).window(Some(10), None, 40).from;
        assert_eq!([9, 10, 11, 15, 16, 20, 21].map(from), [0, 0, 5, 5, 10, 10, 15]);
        let window = series(60).window(Some(10), Some(30), 40);
        assert_eq!((window.from, window.wide, window.step(30), window.steps[5].rate), (25, 4, Some(5), 30.0));
        assert_eq!(window.columns(|point| point.rate).len(), 40);
        assert_eq!(window.step(3), None);
    }

    #[test]
    fn a_second_stands_still_without_answers_or_where_requests_wait_to_be_sent() {
        let late = |ms: u64| Some(ms * 1_000_000);
        let told = [stalled(0, 0, 4, None), stalled(9, 0, 4, late(440)), stalled(9, 0, 4, late(99)), stalled(0, 9, 4, None), stalled(0, 0, 0, None)];
        assert_eq!(told, [1, 1, 0, 0, 0], "failures are no stall, nor is it one where nothing was asked");
        let line = |span_ns| Interval { span_ns, in_flight: 4, ..Interval::default() };
        assert_eq!([SECOND, SECOND / 10].map(|span| Point::kept(&line(span)).stalled), [1, 0]);
        assert_eq!(Point::joined(&[Point { stalled: 1, ..second(1) }, second(2)]).stalled, 1);
    }

    #[test]
    fn four_bins_are_an_octave() {
        assert_eq!([1, 999, 1_000, 1_100, 1_999, 2_000, 2_001, 4_000].map(bin), [0, 0, 0, 1, 4, 4, 4, 8]);
        assert_eq!((bin(u64::MAX), bin_end(0), bin_end(1), bin_end(4 * 10)), (BINS - 1, 1_000, 1_189, 1_024_000));
        let point = Point { bins: bins([(1_000, 5), (1_500, 1), (1_999, 6), (3_999, 7)].into_iter()), ..Point::default() };
        assert_eq!(point.bins, (0, vec![5, 0, 0, 1, 6, 0, 0, 0, 7]));
        assert_eq!((point.rows(4), point.rows(1), point.answers()), (vec![(0, 5), (1, 7), (2, 7)], vec![(0, 5), (3, 1), (4, 6), (8, 7)], 19));
    }
}
