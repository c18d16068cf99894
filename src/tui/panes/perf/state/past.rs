//! The past of a run: those like it in their order, where they changed for good, and what each is worth. Pure.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::load::audit::Stamp;
use crate::results::compare::Metric;
use crate::results::{Run, State as RunState};
use crate::stats::series::{Change, Sensitivity, changes, clipped};

/// Neighbours on each side by which a run is judged to stand alone.
const REACH: usize = 5;

/// Runs like one, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Their ids.
    pub ids: Vec<String>,
    /// Their figures, in the metric's unit.
    pub values: Vec<f64>,
    /// What the figure is.
    pub metric: Metric,
    /// Where it changed.
    pub changes: Vec<Change>,
    /// Runs like it that have no such figure.
    pub without: usize,
}

impl Past {
    /// Of all runs those of the same series as `run`.
    pub fn of<'r>(run: &Run, all: impl Iterator<Item = &'r Run>, metric: Metric) -> Self {
        let series = run.series();
        let mut alike: Vec<&Run> = all.filter(|other| other.state != RunState::Running && other.series() == series).collect();
        alike.sort_by_key(|run| run.started);
        let known: Vec<(&Run, f64)> = alike.iter().filter_map(|run| Some((*run, metric.of(run).filter(|value| *value > 0.0)?))).collect();
        let values: Vec<f64> = known.iter().map(|(_, value)| *value).collect();
        Self {
            ids: known.iter().map(|(run, _)| run.id.clone()).collect(),
            changes: changes(&clipped(&values, REACH), &Sensitivity::default()),
            without: alike.len() - known.len(),
            values,
            metric,
        }
    }

    /// Runs between two changes with their level: from, to (exclusive), level.
    pub fn regimes(&self) -> Vec<(usize, usize, f64)> {
        let ends: Vec<usize> = std::iter::once(0).chain(self.changes.iter().map(|change| change.at)).chain([self.values.len()]).collect();
        let level = |from: usize, to: usize| crate::stats::median(self.values.get(from..to).unwrap_or_default());
        ends.windows(2).filter_map(|pair| Some((pair[0], pair[1], level(pair[0], pair[1])?))).collect()
    }

    /// A change is one for the worse.
    pub fn worse(&self, change: &Change) -> bool {
        (change.share() > 0.0) == (self.metric != Metric::Rate)
    }
}

/// What a run is worth, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// It may be believed.
    Valid,
    /// It ended before its time, or nobody judged it.
    Cut,
    /// It runs.
    Running,
    /// Something may have bent its figures.
    Suspect,
    /// It failed, or measured something else than was planned.
    Bad,
}

/// What a run is worth.
pub fn worth(run: &Run) -> Worth {
    match (run.state, run.stamp) {
        (RunState::Running, _) => Worth::Running,
        _ if run.trouble().is_some() => Worth::Bad,
        (_, Some(Stamp::Invalid)) => Worth::Bad,
        (_, Some(Stamp::Suspect)) => Worth::Suspect,
        (RunState::Done, _) => Worth::Valid,
        _ => Worth::Cut,
    }
}

/// The day a run began, in UTC.
pub fn day(run: &Run) -> Date {
    run.started.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::{Pace, Plan};
    use crate::load::target::Target;
    use crate::results::Subject;

    fn run(at: i64, p99: u64, rate: f64) -> Run {
        let plan = Plan { pace: Pace::Rate(rate), ..Plan::gentle(Target::parse("127.0.0.1:1").unwrap()) };
        let subject = Subject { what: Some("service shop/web".into()), ..Subject::default() };
        let mut run = Run::begin(format!("r{at}"), subject, &plan, jiff::Timestamp::from_second(at * 3_600).unwrap());
        (run.state, run.requests) = (RunState::Done, 1_000);
        run.latencies.p99 = Some(p99);
        run
    }

    #[test]
    fn a_step_is_found_among_runs_that_are_alike() {
        let level = |at: i64| if at < 12 { 2_700_000 } else { 3_200_000 };
        let mut all: Vec<Run> = (0..24).map(|at| run(at, level(at) + 10_000 * (at as u64 * 7 % 5), 100.0)).collect();
        all.push(run(3, 99_000_000, 500.0));
        all.reverse();
        let past = Past::of(&all[5], all.iter(), Metric::P99);
        assert_eq!((past.ids.len(), past.changes.iter().map(|change| change.at).collect::<Vec<_>>()), (24, vec![12]));
        assert_eq!(past.ids[12], "r12", "the first run that is worse");
        assert!(past.worse(&past.changes[0]) && past.regimes().len() == 2);
    }

    #[test]
    fn what_failed_is_worth_less_than_what_was_cut_off() {
        let mut run = run(1, 1, 1.0);
        assert_eq!(worth(&run), Worth::Valid);
        run.stamp = Some(Stamp::Suspect);
        assert_eq!(worth(&run), Worth::Suspect);
        run.errors.insert("status_5xx".into(), 1_000);
        assert_eq!(worth(&run), Worth::Bad);
        assert_eq!(day(&run), jiff::civil::date(1970, 1, 1));
    }
}
