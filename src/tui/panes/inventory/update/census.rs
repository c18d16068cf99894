//! How many pods there are on each node: counted only while the column that says so is wanted, because it takes a watch of all pods.

use super::super::state::State;
use super::super::work::Effect;
use super::table::seat;
use crate::cluster::census::{Count, PODS};
use crate::cluster::metrics::Subject;
use crate::names::ClusterId;
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Show, Step};

/// The column is seen: with the wide ones, or because it was chosen.
fn wanted(state: &State) -> bool {
    let chosen = || state.choices().iter().find(|choice| choice.name == PODS).map(|choice| choice.show);
    Subject::of(&state.view.kind) == Some(Subject::Nodes)
        && chosen().map_or(state.wide, |show| show == Show::Always || show == Show::Usual && state.wide)
}

/// Begins to count where that is wanted and ends it where it is not any more.
pub(super) fn settle(state: &mut State, shared: &Shared) -> Step<Effect> {
    let counts = wanted(state);
    let generation = state.generation;
    match (counts, std::mem::replace(&mut state.counting, counts.then_some(generation))) {
        (true, before) if before != Some(generation) => Step::effect(Effect::Count { generation, clusters: shared.open.clone() }),
        (false, Some(_)) => Step::effect(Effect::Count { generation, clusters: Vec::new() }),
        _ => Step::redraw(),
    }
}

pub(super) fn counted(state: &mut State, cluster: &ClusterId, pods: Count) -> Step<Effect> {
    let before = state.position;
    state.table.hold(state.cursor.is_some());
    state.table.count_pods(cluster, pods);
    seat(state, Some(before));
    Step::redraw()
}
