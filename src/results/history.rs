//! The history of one series of runs: points of several runs each, the points from which it was different, the first run that was, and what changed there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Run;
use super::compare::Metric;
pub use super::difference::{Difference, differences};
use crate::stats::interval::Interval;
use crate::stats::series::{Change, Sensitivity, changes, clipped};
use crate::stats::verdict::Good;
use crate::stats::{median, unpaired};
use crate::text::quantity::{change, change_within};

/// Runs behind one point: single runs find +10 % in a quarter of the cases, medians of five in nine of ten.
pub const RUNS_A_POINT: usize = 5;
/// Points on each side among which one that stands alone is brought back.
const REACH: usize = 5;
/// Points on each side of a change of a tenth that mostly find it (`stats::series`, whose test shows that).
const SIDES: usize = 5;

/// Smallest change of a level that is one, as a share: histograms keep three digits, and the rates that a plan keeps differ by less and less noise than that.
const LEAST: f64 = 0.01;
/// Single runs on each side of a change that its size is taken from, those next to it.
const NEAR: usize = 100;

/// What may have changed between two runs, by name: kernel, versions, labels such as `image.web`.
pub type Facts = BTreeMap<String, String>;

/// Some runs after one another with the same facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Their ids, oldest first.
    pub runs: Vec<String>,
    /// What they measured.
    pub values: Vec<f64>,
    /// The median of that.
    pub median: f64,
    /// What was the case.
    pub facts: Facts,
    /// There are enough of them to be looked at for changes.
    pub whole: bool,
}

/// A point from which the series was different.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Its place among the points.
    pub at: usize,
    /// How it changed.
    pub change: Change,
    /// After over before, from the single runs next to it on both sides, a hundred at most; none where they are too few.
    pub interval: Option<Interval>,
    /// The first run that was different.
    pub first: String,
    /// It is the bad direction.
    pub worse: bool,
    /// What was another before: name, before, after; none where it was not there.
    pub differences: Vec<Difference>,
}

/// The history of one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// What was measured.
    pub metric: Metric,
    /// Runs behind a whole point.
    pub every: usize,
    /// Points, oldest first.
    pub points: Vec<Point>,
    /// Where it changed, oldest first.
    pub turns: Vec<Turn>,
}

impl Turn {
    /// How large it is, with the interval where that is known: `+17.0 % [+9.0, +26.0]`.
    pub fn size(&self) -> String {
        let ratio = 1.0 + self.change.share();
        self.interval.map_or_else(|| change(ratio), |interval| change_within(ratio, interval.low, interval.high))
    }
}

impl History {
    /// Looks through the runs of one series, oldest first, each with its facts. Runs without that metric are left out.
    pub fn of(runs: &[(Run, Facts)], metric: Metric, every: usize, seed: u64) -> Self {
        let points = points(runs, metric, every.max(1));
        let whole: Vec<usize> = (0..points.len()).filter(|at| points[*at].whole).collect();
        let medians: Vec<f64> = whole.iter().map(|at| points[*at].median).collect();
        let found = changes(&clipped(&medians, REACH), &Sensitivity { least: LEAST, ..Sensitivity::default() });
        let ends: Vec<usize> = std::iter::once(0).chain(found.iter().map(|change| change.at)).chain([whole.len()]).collect();
        let turn = |(nth, change): (usize, &Change)| {
            let values = |from: usize, to: usize| whole[from..to].iter().flat_map(|at| points[*at].values.clone()).collect::<Vec<_>>();
            let (before, after) = (values(ends[nth], ends[nth + 1]), values(ends[nth + 1], ends[nth + 2]));
            let at = whole[change.at];
            Turn {
                at,
                change: *change,
                interval: unpaired::compare(newest(&before), oldest(&after), metric.good(), 0.03, seed).map(|found| found.interval),
                first: points[at].runs.first().cloned().unwrap_or_default(),
                worse: (change.after > change.before) == (metric.good() == Good::Less),
                differences: at.checked_sub(1).map(|before| differences(&points[before].facts, &points[at].facts)).unwrap_or_default(),
            }
        };
        let turns = found.iter().enumerate().map(turn).collect();
        Self { metric, every: every.max(1), points, turns }
    }

    /// What to say where no change is found: how large one may hide.
    pub fn unfound(&self) -> String {
        if self.points.iter().filter(|point| point.whole).count() < SIDES * 2 {
            format!("no change found; one of 10 % takes some {SIDES} points of {} runs on each side", self.every)
        } else {
            "no change found; one of 5 % hides in the noise of a dozen points".to_owned()
        }
    }

    /// Regimes between changes: the first point, the point after the last, and the level.
    pub fn regimes(&self) -> Vec<(usize, usize, f64)> {
        let ends: Vec<usize> = std::iter::once(0).chain(self.turns.iter().map(|turn| turn.at)).chain([self.points.len()]).collect();
        let level = |from: usize, to: usize| {
            let whole = self.points[from..to].iter().filter(|point| point.whole).map(|point| point.median).collect::<Vec<_>>();
            median(&whole)
        };
        ends.windows(2).filter_map(|ends| Some((ends[0], ends[1], level(ends[0], ends[1])?))).collect()
    }

    /// The runs since the last change: the regime it is in.
    pub fn regime(&self) -> impl Iterator<Item = &String> {
        let from = self.turns.last().map_or(0, |turn| turn.at);
        self.points[from..].iter().flat_map(|point| &point.runs)
    }
}

fn newest(values: &[f64]) -> &[f64] {
    &values[values.len().saturating_sub(NEAR)..]
}

fn oldest(values: &[f64]) -> &[f64] {
    &values[..values.len().min(NEAR)]
}

fn points(runs: &[(Run, Facts)], metric: Metric, every: usize) -> Vec<Point> {
    let known: Vec<(&Run, &Facts, f64)> = runs.iter().filter_map(|(run, facts)| Some((run, facts, metric.of(run)?))).collect();
    let alike = known.chunk_by(|one, other| one.1 == other.1);
    let point = |group: &[(&Run, &Facts, f64)]| {
        let values: Vec<f64> = group.iter().map(|(_, _, value)| *value).collect();
        Some(Point {
            runs: group.iter().map(|(run, _, _)| run.id.clone()).collect(),
            median: median(&values)?,
            facts: group.first()?.1.clone(),
            whole: values.len() == every,
            values,
        })
    };
    alike.flat_map(|stretch| stretch.chunks(every)).filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Subject;
    use super::*;
    use crate::load::plan::Plan;
    use crate::load::target::Target;

    /// Runs whose p99 is given, with the image they were measured on.
    fn runs(values: impl Iterator<Item = (f64, &'static str)>) -> Vec<(Run, Facts)> {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let one = |(at, (value, image)): (usize, (f64, &str))| {
            let mut run = Run::begin(format!("r{at:03}"), Subject::default(), &plan, jiff::Timestamp::UNIX_EPOCH);
            (run.requests, run.latencies.p99) = (1_000, Some(value as u64));
            (run, Facts::from([("image.web".to_owned(), image.to_owned())]))
        };
        values.enumerate().map(one).collect()
    }

    fn noisy(at: usize, level: f64) -> f64 {
        level * (1.0 + 0.02 * f64::from(u32::try_from((at * 7) % 5).unwrap()) - 0.04)
    }

    #[test]
    fn a_release_that_is_slower_is_named_with_its_first_run_and_what_changed() {
        let series = runs((0..80).map(|at| if at < 40 { (noisy(at, 1e6), "shop:1") } else { (noisy(at, 1.3e6), "shop:2") }));
        let history = History::of(&series, Metric::P99, 5, 1);
        assert_eq!((history.points.len(), history.turns.len()), (16, 1), "{:?}", history.turns);
        let turn = &history.turns[0];
        assert_eq!((turn.at, turn.first.as_str(), turn.worse), (8, "r040", true));
        assert!((turn.change.share() - 0.3).abs() < 0.03 && turn.interval.unwrap().holds(1.3), "{turn:?}");
        let changed = Difference { name: "image.web".into(), before: Some("shop:1".into()), after: Some("shop:2".into()) };
        assert_eq!(turn.differences, [changed]);
        assert_eq!(history.regime().count(), 40);
    }

    #[test]
    fn what_a_plan_holds_to_a_hair_has_not_changed_by_a_hair() {
        let rates = |after: f64| {
            let mut series = runs((0..100).map(|at| (1e6 + f64::from(at), "a")));
            let noise = |at: usize| 0.001 * ((at * 7) % 5) as f64;
            series.iter_mut().enumerate().for_each(|(at, (run, _))| run.requests_per_second = noise(at) + if at < 50 { 5_000.0 } else { after });
            History::of(&series, Metric::Rate, 5, 1).turns.len()
        };
        assert_eq!((rates(4_999.9), rates(4_900.0)), (0, 1));
    }

    #[test]
    fn a_long_history_has_its_change_all_the_same() {
        // Of all its single runs there would be four million differences, two thousand times over: this would not end for minutes.
        let series = runs((0..4_000).map(|at| (noisy(at, if at < 2_000 { 1e6 } else { 1.3e6 }), "a")));
        assert_eq!(History::of(&series, Metric::P99, 5, 1).turns.len(), 1);
    }

    #[test]
    fn points_never_mix_what_is_not_alike_and_short_ones_are_not_looked_at() {
        let series = runs((0..12).map(|at| (noisy(at, 1e6), if at < 7 { "a" } else { "b" })));
        let history = History::of(&series, Metric::P99, 5, 1);
        assert_eq!(history.points.iter().map(|point| (point.runs.len(), point.whole)).collect::<Vec<_>>(), [(5, true), (2, false), (5, true)]);
        assert!(history.turns.is_empty() && history.unfound().contains("5 points of 5 runs"));
        let nothing = History::of(&[], Metric::P99, 0, 1);
        assert!(nothing.points.is_empty() && nothing.regime().next().is_none());
    }
}
