//! The past of a run: the history of the runs like it, what stands as their baseline, and which of them do not count. For both doors.

use serde::{Deserialize, Serialize};

use super::Run;
use super::baseline::{Baseline, Kind};
use super::compare::Metric;
use super::history::{Facts, History};
use super::series::counts;
use crate::names::Problem;
use crate::stats::median;

/// What runs like one have measured so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Points, changes, and what changed with them.
    pub history: History,
    /// What was set as the baseline; none: nothing was.
    pub baseline: Option<Line>,
    /// Runs like it that do not count: they did not end as planned, or were INVALID, or too little was measured.
    pub left_out: usize,
}

/// A baseline as a line across a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Which runs are meant, `5 pinned runs`.
    pub name: String,
    /// The median of what they measured; none where there are none.
    pub value: Option<f64>,
    /// Why there are none.
    pub problem: Option<Problem>,
}

impl Past {
    /// Of all runs those like `run`, oldest first. `every`: runs behind one point.
    pub fn of(run: &Run, all: &[Run], facts: impl Fn(&Run) -> Facts, every: usize, baseline: Option<&Baseline>, metric: Metric) -> Self {
        let series = run.series();
        let mut like: Vec<&Run> = all.iter().filter(|other| other.series() == series).collect();
        like.sort_by_key(|run| run.order());
        let series: Vec<(Run, Facts)> = like.iter().filter(|run| counts(run)).map(|run| ((*run).clone(), facts(run))).collect();
        let history = History::of(&series, metric, every, 1);
        let shown: usize = history.points.iter().map(|point| point.runs.len()).sum();
        Self { baseline: baseline.map(|baseline| Line::of(&baseline.kind, &series, &history)), left_out: like.len() - shown, history }
    }
}

impl Line {
    /// The line of a baseline of a series, whose history is known.
    pub fn of(kind: &Kind, series: &[(Run, Facts)], history: &History) -> Self {
        // A release is that before the newest point's; pinned runs and a regime have no runs in question.
        let new = if matches!(kind, Kind::Release { .. }) { history.every.min(series.len()) } else { 0 };
        let found = kind.resolve(series, new, history.metric);
        let values = |runs: Vec<Run>| median(&runs.iter().filter_map(|run| history.metric.of(run)).collect::<Vec<_>>());
        match found {
            Ok(runs) => Self { name: kind.name(), value: values(runs), problem: None },
            Err(problem) => Self { name: kind.name(), value: None, problem: Some(problem) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{State, Subject};
    use super::*;
    use crate::load::audit::Stamp;
    use crate::load::plan::Plan;
    use crate::load::target::Target;

    fn run(at: i64, p99: u64, release: &str) -> Run {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let subject = Subject { what: Some("service shop/web".into()), ..Subject::default() };
        let mut run = Run::begin(format!("r{at:02}"), subject, &plan, jiff::Timestamp::from_second(at * 3_600).unwrap());
        (run.state, run.requests, run.latencies.p99) = (State::Done, 1_000, Some(p99));
        run.provenance.labels = [("release".to_owned(), release.to_owned())].into();
        run
    }

    fn baseline(kind: Kind) -> Baseline {
        Baseline { profile: "shop".into(), cell: String::new(), environment: None, kind, set: jiff::Timestamp::UNIX_EPOCH }
    }

    /// Ten points at 1 ms, then eight at 1.3 ms; every run a hair from its level.
    fn all() -> Vec<Run> {
        let one = |at: i64| {
            let (level, release) = if at < 50 { (1_000_000, "v1") } else { (1_300_000, "v2") };
            run(at, level + 5_000 * (at as u64 * 7 % 5), release)
        };
        let mut all: Vec<Run> = (0..90).map(one).collect();
        all.reverse();
        all
    }

    #[test]
    fn runs_like_one_are_its_past_and_those_that_do_not_count_are_counted() {
        let mut runs = all();
        runs[0].stamp = Some(Stamp::Invalid);
        runs[1].state = State::Stopped;
        runs[2].latencies.p99 = None;
        runs[3].target.what = Some("service shop/cart".into());
        let past = Past::of(&runs[40], &runs, |run| run.provenance.labels.clone(), 5, None, Metric::P99);
        let [turn] = &past.history.turns[..] else { panic!("{:?}", past.history.turns) };
        assert_eq!((turn.first.as_str(), turn.worse, past.left_out, past.baseline.as_ref()), ("r50", true, 3, None));
        assert_eq!(crate::results::difference::told(&turn.differences), "release v1 → v2");
    }

    #[test]
    fn each_baseline_is_a_line_at_the_median_of_its_runs() {
        let runs = all();
        let of = |kind: Kind| {
            let past = Past::of(&runs[0], &runs, |run| run.provenance.labels.clone(), 5, Some(&baseline(kind)), Metric::P99);
            past.baseline.unwrap()
        };
        // Of five runs in a row the medians are those of 0, 5, 10, 15 and 20 µs over the level.
        assert_eq!(of(Kind::Regime).value, Some(1_310_000.0));
        assert_eq!(of(Kind::Release { label: "release".into() }).value, Some(1_010_000.0));
        assert_eq!(of(Kind::Pinned { runs: vec!["r00".into(), "r50".into(), "r51".into()] }).value, Some(1_300_000.0));
        let gone = of(Kind::Pinned { runs: vec!["gone".into()] });
        assert!(gone.value.is_none() && gone.problem.is_some_and(|problem| problem.code == "results.no-baseline"));
    }
}
