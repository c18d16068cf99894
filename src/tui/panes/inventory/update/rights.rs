//! Rights are answers and no objects, but one leads to the next.

use super::super::state::{State, View};
use super::super::work::Effect;
use super::enter;
use crate::cluster::access;
use crate::names::ClusterId;
use crate::tui::app::shared::Shared;
use crate::tui::flow::Step;

/// From what one may do oneself to who else may: the first verb counts.
pub(super) fn drill(state: &mut State, shared: &Shared, kind: String) -> Step<Effect> {
    super::places::remember(state, true);
    let view = View { kind, ..state.view.clone() };
    enter(state, shared, view)
}

/// The question that the row under the cursor leads to.
pub(super) fn leads_to(state: &State) -> Option<String> {
    let row = state.row().filter(|row| state.view.kind == "can" && access::is_answer(&row.gvk))?;
    let (column, _) = state.table.columns().iter().zip(&row.cells).find(|(_, cell)| cell.show(0) == "yes")?;
    // What stands for everything is no kind.
    let plain = row.name.chars().all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c));
    plain.then(|| format!("can {} {}", column.name.to_lowercase(), row.name))
}

/// Where rows are asked for. Rights are told of one namespace at a time: of all of them, the one a context begins in is meant.
pub(super) fn namespaces(state: &State, shared: &Shared, cluster: &ClusterId) -> Vec<String> {
    if state.view.kind != "can" || !state.view.namespaces.is_empty() {
        return state.view.namespaces.clone();
    }
    shared.contexts.iter().filter(|context| context.id == *cluster).map(|context| context.namespace.clone()).collect()
}
