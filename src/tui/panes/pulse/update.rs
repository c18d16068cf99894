//! What commands, counts and readings do to the pulse.

use super::commands::Command;
use super::state::{EVENTS, KINDS, Load, State, faults};
use super::work::{Effect, Report};
use crate::cluster::metrics::{Known, Reading};
use crate::names::ClusterId;
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Intent, Step};

/// Does what the person asked.
pub fn command(state: &mut State, shared: &Shared, command: Command) -> Step<Effect> {
    let last = KINDS.len() - 1;
    match command {
        Command::Down => state.position = (state.position + 1).min(last),
        Command::Up => state.position = state.position.saturating_sub(1),
        Command::Top => state.position = 0,
        Command::Bottom => state.position = last,
        Command::NextFault => {
            let ahead = (1..=KINDS.len()).map(|step| (state.position + step) % KINDS.len());
            if let Some(at) = ahead.into_iter().find(|at| troubled(state, shared, KINDS.get(*at).copied().unwrap_or_default())) {
                state.position = at;
            }
        }
        Command::Open => {
            let kind = state.kind();
            return Step::intent(Intent::Look { kind: kind.to_owned(), trouble: troubled(state, shared, kind) });
        }
    }
    Step::redraw()
}

/// The cursor goes to a kind that was clicked on.
pub fn clicked(state: &mut State, row: usize) -> Step<Effect> {
    state.position = row.min(KINDS.len() - 1);
    Step::redraw()
}

fn troubled(state: &State, shared: &Shared, kind: &str) -> bool {
    // Old warnings are no fault of now.
    kind != EVENTS && state.sum(&shared.open, kind).is_some_and(|tally| faults(&tally) > 0)
}

/// The pane is seen, or other clusters are open: everything is counted from here on.
pub fn entered(state: &mut State, shared: &Shared) -> Step<Effect> {
    state.generation += 1;
    state.tallies.retain(|(id, _), _| shared.open.contains(id));
    state.loads.retain(|id, _| shared.open.contains(id));
    Step::effect(Effect::Look { generation: state.generation, clusters: shared.open.clone() })
}

/// The pane is not seen any more: nothing is counted.
pub fn left(state: &mut State) -> Step<Effect> {
    state.generation += 1;
    Step::effect(Effect::Look { generation: state.generation, clusters: Vec::new() })
}

/// Takes in what was counted and read.
pub fn report(state: &mut State, report: Report) -> Step<Effect> {
    match report {
        Report::Counted { generation, cluster, kind, tally } if generation == state.generation => {
            state.tallies.insert((cluster, kind), tally);
        }
        Report::Measured { generation, cluster, reading } if generation == state.generation => measured(state, cluster, reading),
        Report::Counted { .. } | Report::Measured { .. } => return Step::quiet(),
    }
    Step::redraw()
}

fn measured(state: &mut State, cluster: ClusterId, reading: Reading) {
    let load: &mut Load = state.loads.entry(cluster).or_default();
    match reading.known {
        Known::Measured(uses) => {
            let all = uses.of.values().flat_map(|names| names.values());
            let sum = all.fold((0u64, 0u64), |sum, one| (sum.0.saturating_add(one.cpu), sum.1.saturating_add(one.memory)));
            load.problem = None;
            // What is read again on the way back into the pane is no new reading.
            if load.at.0 != uses.at {
                load.at = (uses.at, uses.every);
                load.push(sum);
            }
        }
        Known::Failed(problem) => load.problem = Some(problem),
        Known::Nothing | Known::Unserved | Known::Awaited => {}
    }
}

/// Why a command is not possible now; none: it is.
pub fn refusal(state: &State, shared: &Shared, command: Command) -> Option<String> {
    let none = || !KINDS.iter().any(|kind| troubled(state, shared, kind));
    match command {
        _ if shared.open.is_empty() => Some("no context is open".into()),
        Command::NextFault if none() => Some("nothing is wrong".into()),
        _ => None,
    }
}
