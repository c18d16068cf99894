//! One line: how runs stand to their baseline.

use crate::results::Run;
use crate::results::gate::Outcome;
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::State;
use crate::tui::panes::perf::state::held::{Held, held};
use crate::tui::theme::Role;

/// The line for the series of a run.
pub(super) fn line(state: &State, run: &Run, look: &Look<'_>) -> Vec<(String, Role)> {
    let glyphs = look.theme.glyphs();
    let Some(baseline) = state.baselines.get(&run.series()) else {
        return vec![(" no baseline; B: later runs are held against those up to here".to_owned(), Role::Dim)];
    };
    let against = format!("against the baseline, {}", baseline.kind.name());
    let judged = state.judged.as_ref().filter(|judged| judged.series == run.series());
    match (held(state, run), judged) {
        (Some(Held::Wanting(more)), _) => {
            let runs = if more == 1 { "run" } else { "runs" };
            vec![(format!(" {} {against}: {more} more {runs} like these are needed: b", glyphs.unknown), Role::StatusUnknown)]
        }
        (Some(Held::Lost(problem)), _) => vec![(format!(" {} {against}: {}", glyphs.unknown, problem.why), Role::StatusUnknown)],
        (Some(Held::Enough { metric, .. }), Some(judged)) if judged.metric == metric => {
            let (sign, word, role) = match judged.outcome {
                Outcome::Passed => (glyphs.good, "passed", Role::StatusOk),
                Outcome::Inconclusive => (glyphs.unknown, "cannot be told", Role::StatusUnknown),
                Outcome::Regressed => (glyphs.bad, "REGRESSION", Role::StatusBad),
            };
            vec![(format!(" {sign} {word}  "), role), (judged.said.clone(), Role::Text), (format!("  {against}"), Role::Dim)]
        }
        _ => vec![(format!(" {against}…"), Role::Dim)],
    }
}
