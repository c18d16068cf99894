//! What commands do to the list of contexts.

use super::commands::Command;
use super::state::State;
use crate::names::ClusterId;
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Intent, Notice, PaneId, Step};

/// Does what the person asked. There is no work of this pane's own.
pub fn command(state: &mut State, shared: &Shared, command: Command) -> Step<()> {
    let last = shared.contexts.len().saturating_sub(1);
    match command {
        Command::Down => state.position = (state.position + 1).min(last),
        Command::Up => state.position = state.position.saturating_sub(1),
        Command::Mark => mark(state, shared),
        Command::Open => return open(state, shared),
        Command::Problem => return problem(state, shared),
    }
    Step::redraw()
}

fn here<'s>(state: &State, shared: &'s Shared) -> Option<&'s ClusterId> {
    shared.contexts.get(state.position).map(|context| &context.id)
}

fn mark(state: &mut State, shared: &Shared) {
    let Some(id) = here(state, shared).cloned() else { return };
    if !state.marks.remove(&id) {
        state.marks.insert(id);
    }
    state.position = (state.position + 1).min(shared.contexts.len().saturating_sub(1));
}

fn open(state: &mut State, shared: &Shared) -> Step<()> {
    let marked = shared.contexts.iter().map(|context| &context.id).filter(|id| state.marks.contains(id)).cloned();
    let mut wanted: Vec<ClusterId> = marked.collect();
    if wanted.is_empty() {
        wanted.extend(here(state, shared).cloned());
    }
    state.marks.clear();
    Step::intent(Intent::Open(wanted)).then(Step::intent(Intent::Go(PaneId::Inventory)))
}

fn problem(state: &State, shared: &Shared) -> Step<()> {
    let problem = here(state, shared).and_then(|id| shared.connection(id)?.problem.clone());
    Step::intent(Intent::Notice(problem.map_or_else(|| Notice::info("nothing is wrong with it"), Notice::error)))
}

/// Why a command is not possible now; none: it is.
pub fn refusal(state: &State, shared: &Shared, command: Command) -> Option<String> {
    match (command, here(state, shared)) {
        (Command::Open | Command::Mark | Command::Problem, None) => Some("there is no context".into()),
        (Command::Problem, Some(id)) if shared.connection(id).is_none_or(|one| one.problem.is_none()) => Some("nothing is wrong with it".into()),
        _ => None,
    }
}

/// The cursor stands on an open context when the pane is entered.
pub fn entered(state: &mut State, shared: &Shared) {
    if let Some(place) = shared.contexts.iter().position(|context| shared.open.contains(&context.id)) {
        state.position = place;
    }
    state.marks = shared.open.iter().filter(|_| shared.open.len() > 1).cloned().collect();
}
