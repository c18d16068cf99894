//! What is in use: numbers that come into the rows.

use super::super::state::State;
use super::super::work::Effect;
use super::table::seat;
use crate::cluster::metrics::Reading;
use crate::names::ClusterId;
use crate::tui::flow::Step;

/// Numbers move rows where the order is by them, unless the cursor is among the rows: then the order is held.
pub(super) fn measured(state: &mut State, cluster: &ClusterId, reading: Reading) -> Step<Effect> {
    let before = state.position;
    state.table.hold(state.cursor.is_some());
    if state.table.measure(cluster, reading) {
        seat(state, Some(before));
    }
    Step::redraw()
}
