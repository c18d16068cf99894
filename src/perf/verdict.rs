//! Whether a profile's newest runs may pass: against what they are held to, and by the limits they have. For `perf gate`, and for whoever sees the last of
//! several runs end.

use serde::{Deserialize, Serialize};

use super::limit::{Limit, measured};
use super::past::series;
use super::profile::kept::Profiles;
use crate::names::Problem;
use crate::results::baseline::{Baselines, Kind};
use crate::results::compare::{Compared, Metric};
use crate::results::gate::{Check, Outcome, asked, checks, threshold};
use crate::results::history::RUNS_A_POINT;
use crate::results::series::Series;
use crate::results::{Run, State, Store};

/// The end of the names of checks against a baseline.
const BASELINE: &str = " against the baseline";

/// What is asked otherwise than the profile has it.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What it is held against instead of its baseline.
    pub baseline: Option<Kind>,
    /// The newest runs that are judged; none: as often as the profile is repeated, five at least.
    pub runs: Option<usize>,
    /// The metrics that decide; none of them: those of the profile, else p99.
    pub metrics: Vec<Metric>,
    /// The smallest change that matters, as a share; none: that of the profile, else 3 %.
    pub band: Option<f64>,
    /// Where chance begins.
    pub seed: u64,
}

/// What came of runs that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was asked of them, and the answers.
    pub checks: Vec<Check>,
    /// Why nothing was held against a baseline.
    pub problem: Option<Problem>,
}

/// Asks everything of a profile by name, by its file, or of what runs without one loaded. Waits for the disk.
///
/// # Errors
/// There are no runs, or nothing to hold them against.
pub fn of_profile(store: &Store, profile: &str, asked: &Asked) -> Result<Vec<Check>, Problem> {
    let kept = Profiles::open(store.data()).read(profile).ok();
    let (all, every) = series(store, profile)?;
    let new = asked.runs.unwrap_or(every.max(RUNS_A_POINT));
    let newest = all.first().and_then(|series| series.of.environment.clone());
    let metrics = match (&asked.metrics[..], &kept) {
        ([], Some(kept)) => kept.gate.clone(),
        ([], None) => vec![Metric::P99],
        (metrics, _) => metrics.to_vec(),
    };
    let band = asked.band.or(kept.as_ref().map(|kept| kept.band)).unwrap_or(0.03);
    let (mut found, mut without) = (Vec::new(), Vec::new());
    // Series of other machines are history.
    for series in all.iter().filter(|series| series.of.environment == newest) {
        let kind = match &asked.baseline {
            Some(kind) => kind.clone(),
            None => Baselines::open(store.data()).of(&series.key)?.map_or(Kind::Regime, |baseline| baseline.kind),
        };
        let now: Vec<Run> = series.runs.iter().rev().take(kind.in_question(&series.runs, new)).rev().map(|(run, _)| run.clone()).collect();
        let limits = kept.as_ref().map_or_else(Vec::new, |kept| kept.thresholds(&now));
        let asked = match kind.resolve(&series.runs, new, metrics[0]) {
            Ok(before) => checks(&Compared::apart(&before, &now, metrics[0], band, asked.seed), &metrics, &limits),
            // What is new in a matrix hides nothing of what is not.
            Err(problem) => {
                let name = format!("{}{BASELINE}", metrics[0].name());
                let untold = Check { name, outcome: Outcome::Inconclusive, said: format!("{}: {}", problem.what, problem.why) };
                without.push(problem);
                std::iter::once(untold).chain(limits.iter().map(threshold)).collect()
            }
        };
        found.push(asked.into_iter().map(|check| named(check, series)).collect::<Vec<_>>());
    }
    match without.pop() {
        Some(problem) if without.len() + 1 == found.len() => Err(problem),
        _ => Ok(found.concat()),
    }
}

/// A check with the part and the permutation it is of.
fn named(check: Check, series: &Series) -> Check {
    let cell = series.of.cell();
    if cell.is_empty() { check } else { Check { name: format!("{cell}: {}", check.name), ..check } }
}

/// It is the last of several runs of a profile that were ordered together: a verdict is due.
pub fn is_last(run: &Run) -> bool {
    run.provenance.profile.is_some() && run.provenance.turn.is_some_and(|turn| turn.nth == turn.of)
}

/// What is to be said now that a run has ended; none: it is not the last of its profile, or did not end as planned. Waits for the disk.
pub fn due(store: &Store, run: &Run) -> Option<Verdict> {
    (is_last(run) && run.state == State::Done).then(|| at_the_end(store, run))
}

/// What is to be said when the last run of a profile has ended: as [`of_profile`] says it, and where there is nothing to hold it against what its limits say.
/// Waits for the disk.
pub fn at_the_end(store: &Store, run: &Run) -> Verdict {
    let name = run.provenance.profile.as_deref().unwrap_or_default();
    // A profile is called one thing inside and its file may be called another.
    let kept = Profiles::open(store.data()).list().0.into_iter().find(|(file, profile)| profile.name == name || file == name);
    let file = kept.map_or_else(|| name.to_owned(), |(file, _)| file);
    match of_profile(store, &file, &Asked { seed: 1, ..Asked::default() }) {
        Ok(checks) => Verdict { checks, problem: None },
        Err(problem) => Verdict { checks: limits(store, run), problem: Some(problem) },
    }
}

/// The limits that a run has, asked of those that were ordered with it.
fn limits(store: &Store, last: &Run) -> Vec<Check> {
    let of = last.provenance.turn.map_or(1, |turn| turn.of);
    let same = |run: &Run| run.provenance.series() == last.provenance.series();
    let runs: Vec<Run> = store.list().0.into_iter().filter(|run| same(run) && run.started <= last.started).take(of).collect();
    let one = |text: &String| {
        let limit = text.parse::<Limit>().ok()?;
        Some(threshold(&asked(limit.to_string(), &runs, |run| measured(run, limit.metric).map(|value| (value, limit.holds(value))))))
    };
    last.provenance.limits.iter().filter_map(one).collect()
}

impl Verdict {
    /// The worst of all that was asked; none: nothing was.
    pub fn outcome(&self) -> Option<Outcome> {
        (!self.checks.is_empty()).then(|| Outcome::of(&self.checks))
    }

    /// The outcome and what decided, in one line: `REGRESSION, p99 against the baseline: worse, +17.0 %`.
    pub fn line(&self) -> String {
        let word = self.outcome().map_or("no verdict", |outcome| match outcome {
            Outcome::Passed => "passed",
            Outcome::Inconclusive => "cannot be told",
            Outcome::Regressed => "REGRESSION",
        });
        format!("{word}, {}", self.told())
    }

    /// Only limits decided, no baseline.
    pub fn by_limits(&self) -> bool {
        self.outcome().is_some_and(|outcome| self.checks.iter().all(|check| check.outcome < outcome || !check.name.ends_with(BASELINE)))
    }

    /// The first of what decided, without what is said beside it.
    pub fn brief(&self) -> String {
        let first = self.outcome().and_then(|outcome| self.checks.iter().find(|check| check.outcome == outcome));
        first.map_or_else(String::new, |check| format!("{} {}", check.name.trim_end_matches(BASELINE), check.said))
    }

    /// What decided, in one line.
    pub fn told(&self) -> String {
        let Some(outcome) = self.outcome() else {
            let why = self.problem.as_ref().map_or("nothing was asked of them", |problem| &problem.what);
            return format!("{why}, and no limits");
        };
        let decided = self.checks.iter().filter(|check| check.outcome == outcome).map(|check| format!("{}: {}", check.name, check.said));
        decided.collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::Plan;
    use crate::load::target::Target;
    use crate::results::provenance::Turn;
    use crate::results::{Provenance, Subject};

    fn keep(store: &Store, at: i64, p99: u64, turn: Turn) -> Run {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let mut run = Run::begin(format!("r{at:02}"), Subject::default(), &plan, jiff::Timestamp::from_second(at * 60).unwrap());
        (run.state, run.requests, run.latencies.p99) = (State::Done, 10_000, Some(p99 + at as u64 % 5 * 1_000));
        let limits = vec!["p99<5ms".to_owned()];
        run.provenance =
            Provenance { profile: Some("shop".into()), profile_hash: Some("h".into()), limits, turn: Some(turn), ..Provenance::default() };
        store.begin(&run).unwrap().finish(&run).unwrap();
        run
    }

    #[test]
    fn without_anything_to_be_held_against_the_limits_decide_and_with_it_the_gate() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        let round = |nth: i64, p99: u64| {
            (0..5).map(|at| keep(&store, nth * 5 + at, p99, Turn { nth: at as usize + 1, of: 5 })).collect::<Vec<_>>().pop().unwrap()
        };
        let last = round(0, 2_000_000);
        assert!(is_last(&last) && !is_last(&store.read("r03").unwrap()));
        let first = at_the_end(&store, &last);
        assert_eq!((first.outcome(), first.problem.as_ref().map(|problem| problem.code)), (Some(Outcome::Passed), Some("results.no-baseline")));
        assert_eq!(first.checks.len(), 1);
        assert!(first.checks[0].name.contains("p99<5ms") && first.by_limits(), "{:?}", first.checks);
        round(1, 2_000_000);
        round(2, 2_000_000);
        let slower = at_the_end(&store, &round(3, 3_000_000));
        assert_eq!(slower.outcome(), Some(Outcome::Regressed));
        assert!(slower.told().starts_with("p99 against the baseline: worse, +"), "{}", slower.told());
        assert!(slower.brief().starts_with("p99 worse, +") && !slower.by_limits(), "{}", slower.brief());
    }

    #[test]
    fn a_cell_of_a_matrix_that_is_new_hides_no_regression_of_another() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        let turn = Turn { nth: 1, of: 1 };
        (0..15).for_each(|at| _ = keep(&store, at, if at < 10 { 2_000_000 } else { 3_000_000 }, turn));
        let mut new = keep(&store, 15, 2_000_000, turn);
        new.provenance.permutation = [("replicas".to_owned(), "3".to_owned())].into();
        std::fs::remove_dir_all(store.folder(&new.id)).unwrap();
        store.begin(&new).unwrap().finish(&new).unwrap();
        let asked = Asked { seed: 1, ..Asked::default() };
        let checks = of_profile(&store, "shop", &asked).unwrap();
        assert_eq!(Outcome::of(&checks), Outcome::Regressed, "{checks:?}");
        let untold = checks.iter().find(|check| check.name == "replicas=3: p99 against the baseline").unwrap();
        assert!(untold.outcome == Outcome::Inconclusive && untold.said.contains("those in question"), "{untold:?}");
    }
}
