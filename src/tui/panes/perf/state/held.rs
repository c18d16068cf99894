//! A run and those like it held against their baseline: which runs are in question, and what came of it. Pure.

use super::State;
use crate::names::Problem;
use crate::results::Run;
use crate::results::baseline::Kind;
use crate::results::compare::Metric;
use crate::results::gate::Outcome;
use crate::results::history::{Facts, RUNS_A_POINT};
use crate::results::series::counts;

/// How a series stands to its baseline.
#[derive(Clone, Debug, PartialEq)]
pub enum Held {
    /// Its runs cannot be found.
    Lost(Problem),
    /// So many more are needed before anything can be told.
    Wanting(usize),
    /// It can be told.
    Enough {
        /// The runs of the baseline, oldest first.
        before: Vec<Run>,
        /// The newest ones, oldest first.
        now: Vec<Run>,
        /// What decides: what is looked at, or what both sides know instead, as the median of runs too short for a p99.
        metric: Metric,
    },
}

/// What came of the newest runs of a series against its baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Which series.
    pub series: String,
    /// What decided, beside errors.
    pub metric: Metric,
    /// The worst of all that was asked.
    pub outcome: Outcome,
    /// That in words.
    pub said: String,
}

/// How the series of a run stands to its baseline; none: it has none.
pub fn held(state: &State, run: &Run) -> Option<Held> {
    let key = run.series();
    let baseline = state.baselines.get(&key)?;
    let mut runs: Vec<(Run, Facts)> = state
        .runs
        .iter()
        .filter(|entry| entry.sample.is_none() && counts(&entry.run) && entry.run.series() == key)
        .map(|entry| (entry.run.clone(), Facts::new()))
        .collect();
    runs.sort_by_key(|(run, _)| run.started);
    // What is pinned is never in question, nor what is older.
    let newer = match &baseline.kind {
        Kind::Pinned { runs: pinned } => runs.iter().rev().take_while(|(run, _)| !pinned.contains(&run.id)).count(),
        Kind::Release { .. } | Kind::Regime => runs.len().saturating_sub(1),
    };
    if newer < RUNS_A_POINT {
        return Some(Held::Wanting(RUNS_A_POINT - newer));
    }
    Some(match baseline.kind.resolve(&runs, RUNS_A_POINT, state.metric) {
        Ok(before) => {
            let new = baseline.kind.in_question(&runs, RUNS_A_POINT);
            let now: Vec<Run> = runs.split_off(runs.len() - new).into_iter().map(|(run, _)| run).collect();
            let metric = state.metric.known([&before, &now], RUNS_A_POINT);
            Held::Enough { before, now, metric }
        }
        Err(problem) => Held::Lost(problem),
    })
}
