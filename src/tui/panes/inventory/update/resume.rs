//! Taking up a view where another start left it.

use super::super::state::{State, View};
use super::filtered;
use crate::cluster::filter::Filter;
use crate::cluster::table::Sort;
use crate::names::{ClusterId, ObjectKey};

/// Looks at that view, read the same way, with the cursor on the same object as soon as it is there. Nothing is asked for yet.
pub fn resume(state: &mut State, view: View, filter: &str, trouble: bool, sort: Sort, cursor: Option<ObjectKey>) {
    state.view = view;
    state.table.set_sort(sort);
    if Filter::parse(filter).is_ok() {
        filter.clone_into(&mut state.filter);
    }
    state.trouble = trouble;
    _ = filtered(state);
    state.seek = cursor;
}

/// A cluster's rows are all there: an object that came back under another uid is still the one of that name.
pub(super) fn by_name(state: &mut State, cluster: &ClusterId) {
    let Some(key) = state.seek.clone().filter(|key| key.cluster == *cluster) else { return };
    let rows = (0..state.table.visible()).filter_map(|at| state.table.row(at));
    let found = rows
        .into_iter()
        .find(|row| row.cluster == key.cluster && row.name == key.name && row.namespace == key.namespace && row.gvk.kind == key.gvk.kind);
    if let Some(row) = found {
        state.cursor = Some((row.cluster.clone(), row.uid));
        state.seek = None;
    }
}
