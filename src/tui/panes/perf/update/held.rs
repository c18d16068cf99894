//! Baselines by keys: which runs a run and those like it are held against, and what comes of it once there are enough new ones.

use std::collections::BTreeMap;

use super::super::state::held::{Held, Judged, held};
use super::super::state::{State, View};
use super::super::work::Effect;
use super::look;
use crate::names::Problem;
use crate::perf::verdict::Verdict;
use crate::results::Run;
use crate::results::baseline::{Baseline, Kind};
use crate::results::compare::Metric;
use crate::results::gate::{Check, Outcome};
use crate::results::history::RUNS_A_POINT;
use crate::results::past::Past;
use crate::results::series::counts;
use crate::tui::flow::{Intent, Notice, Step};

/// Makes the run under the cursor and those like it before, back to the last change, what later ones are held against: or those of them that are marked. A
/// second time it takes the baseline away.
pub(super) fn pin(state: &mut State) -> Step<Effect> {
    let Some(run) = meant(state) else { return Step::quiet() };
    let ids = pinned(state, run);
    if ids.is_empty() {
        return Step::intent(Intent::Notice(Notice::info("no run here ended as planned; nothing is held against it")));
    }
    let again = state.baselines.get(&run.series()).is_some_and(|baseline| baseline.kind == Kind::Pinned { runs: ids.clone() });
    let runs = if again { Vec::new() } else { ids };
    Step::effect(Effect::Pin { of: Box::new(run.clone()), runs })
}

/// The run a baseline would be for.
pub(super) fn meant(state: &State) -> Option<&Run> {
    let at = if state.view == View::History {
        let newest = state.of_point().last()?;
        state.runs.iter().position(|entry| entry.run.id == *newest)
    } else {
        Some(state.chosen)
    };
    at.and_then(|at| state.runs.get(at)).filter(|entry| entry.sample.is_none()).map(|entry| &entry.run)
}

fn pinned(state: &State, run: &Run) -> Vec<String> {
    let series = run.series();
    let good = |id: &&String| state.run(id).is_some_and(|run| counts(run) && run.series() == series);
    let marked: Vec<String> = state.marks.iter().filter(good).cloned().collect();
    if !marked.is_empty() {
        return marked;
    }
    let all: Vec<Run> = state.runs.iter().map(|entry| entry.run.clone()).collect();
    let history = Past::of(run, &all, |run| run.provenance.found.clone(), RUNS_A_POINT, None, state.metric).history;
    let Some(at) = history.points.iter().position(|point| point.runs.contains(&run.id)) else {
        return [run.id.clone()].into_iter().filter(|id| good(&id)).collect();
    };
    let from = history.turns.iter().map(|turn| turn.at).filter(|turn| *turn <= at).max().unwrap_or(0);
    let before = history.points[from..at].iter().flat_map(|point| &point.runs);
    let with = history.points[at].runs.iter().take_while(|id| **id != run.id).chain([&run.id]);
    before.chain(with).filter(good).cloned().collect()
}

/// Takes in the baselines there are, and says what was done to one of them.
pub(super) fn baselines(state: &mut State, all: BTreeMap<String, Baseline>, changed: Option<Box<Run>>) -> Step<Effect> {
    state.baselines = all;
    let Some(run) = changed else { return Step::redraw() };
    let said = match state.baselines.get(&run.series()) {
        None => format!("{} has no baseline any more", run.named()),
        Some(baseline) => {
            let runs = if let Kind::Pinned { runs } = &baseline.kind { runs.len() } else { 0 };
            let few = if runs < RUNS_A_POINT { format!(", {RUNS_A_POINT} give a verdict") } else { String::new() };
            format!("baseline of {}: {runs} {}{few}; newer ones are held: H", run.named(), if runs == 1 { "run" } else { "runs" })
        }
    };
    state.judged = None;
    let step = Step::intent(Intent::Notice(Notice::info(said))).then(judge(state, &run, false));
    if state.view == View::History { step.then(look::looked_back(state)) } else { step }
}

/// Asks how the newest runs like this one do against their baseline, if there are enough.
pub(super) fn judge(state: &State, run: &Run, tell: bool) -> Step<Effect> {
    match held(state, run) {
        Some(Held::Enough { before, now, metric }) => Step::effect(Effect::Judge { of: Box::new(run.clone()), before, now, metric, tell }),
        _ => Step::redraw(),
    }
}

/// Says what a profile's runs come to.
pub(super) fn told(state: &State, run: &Run, verdict: &Verdict) -> Step<Effect> {
    let what = |how: &str| format!("{} {how}", run.named());
    let runs = run.provenance.turn.map_or(1, |turn| turn.of);
    let notice = match verdict.outcome() {
        Some(Outcome::Regressed) => {
            let how = if verdict.by_limits() { "does not keep its limits" } else { "has regressed" };
            let what = format!("{}: {}", what(how), verdict.brief());
            Notice::error(Problem::new("perf.regressed", what, verdict.told()).hint("H shows its history, = compares marked runs"))
        }
        Some(Outcome::Inconclusive) => Notice::info(format!("{}: {}", what("cannot be judged"), verdict.brief())),
        Some(Outcome::Passed) => Notice::info(format!("{}, {runs} runs: {}", what("passed"), verdict.told())),
        None => Notice::info(format!("{}: {runs} runs, no limits and no baseline yet: B", what("is done"))),
    };
    // The line of the history is up to date too.
    Step::intent(Intent::Notice(notice)).then(judge(state, run, false))
}

/// Takes in what came of it. A regression that nobody has been told of is told.
pub(super) fn judged(state: &mut State, run: &Run, metric: Metric, checks: &[Check], tell: bool) -> Step<Effect> {
    let outcome = Outcome::of(checks);
    // Against what is said beside it.
    let named = |check: &Check| format!("{} {}", check.name.trim_end_matches(" against the baseline"), check.said);
    let said = checks.iter().find(|check| check.outcome == outcome).map_or_else(String::new, named);
    let found = Judged { series: run.series(), metric, outcome, said };
    let known = state.judged.as_ref().is_some_and(|before| before.series == found.series && before.outcome == outcome);
    let news = tell && outcome == Outcome::Regressed && !known;
    let notice = news.then(|| {
        let what = format!("{} has regressed", run.named());
        Notice::error(Problem::new("perf.regressed", what, found.said.clone()).hint("H shows its history, = compares marked runs"))
    });
    state.judged = Some(found);
    notice.map_or_else(Step::redraw, |notice| Step::intent(Intent::Notice(notice)))
}
