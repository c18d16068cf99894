//! Between a form that was sent off and its run: what is awaited is seen, and what cannot begin loses nothing of what was typed.

use super::super::state::{State, View};
use super::super::work::Effect;
use crate::names::Problem;
use crate::perf::Order;
use crate::results::State as RunState;
use crate::tui::flow::{Intent, Notice, PaneId, Step};

/// Wants it begun. That can take a while, where a name leads nowhere for instance, and is seen where load tests are.
pub(super) fn begin(state: &mut State, order: Order, times: usize) -> Step<Effect> {
    state.starting = Some(order.plan.target.url().to_owned());
    Step::intent(Intent::Go(PaneId::Perf)).and(Effect::Start { order: Box::new(order), times })
}

/// It cannot begin. The form, where there was one, opens again as it was filled in.
pub(super) fn not(state: &mut State, problem: Problem) -> Step<Effect> {
    state.starting = None;
    let problem = if state.draft.is_some() { problem.hint("b among the load tests opens the form again, filled in") } else { problem };
    Step::redraw().then(Step::intent(Intent::Notice(Notice::error(problem))))
}

/// Nobody will say how a run has ended. What was seen of it stays; one of which nothing was measured has never been.
pub(super) fn lost(state: &mut State, id: &str, problem: Problem) -> Step<Effect> {
    let told = Step::redraw().then(Step::intent(Intent::Notice(Notice::error(problem))));
    let Some(place) = state.runs.iter().position(|entry| entry.run.id == id) else { return told };
    let entry = &mut state.runs[place];
    if let Some(sample) = entry.sample.take() {
        entry.run.take(&sample);
        (entry.run.state, entry.last) = (RunState::Interrupted, None);
        return told;
    }
    state.runs.remove(place);
    if place == state.chosen && matches!(state.view, View::Charts | View::Figures) {
        state.view = View::List;
    }
    if place < state.chosen {
        state.chosen -= 1;
    }
    state.chosen = state.chosen.min(state.runs.len().saturating_sub(1));
    told.then(super::series(state))
}
