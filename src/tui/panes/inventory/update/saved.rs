//! Views with a name: kept with everything that makes them, and found again.

use super::super::kept::{Ordered, Saved};
use super::super::state::State;
use super::super::work::Effect;
use super::columns::{columns_changed, user_columns};
use super::{filtered, say};
use crate::cluster::rows::Row;
use crate::cluster::table::{Sort, SortBy};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, Intent, Step};

/// Orders that are no column of a kind.
const ORDERS: &[(&str, SortBy)] =
    &[("name", SortBy::Name), ("namespace", SortBy::Namespace), ("cluster", SortBy::Cluster), ("fault", SortBy::Fault), ("age", SortBy::Age)];

/// Keeps the view under a name; an earlier one of that name is replaced.
pub fn save_view(state: &mut State, shared: &Shared, name: &str) -> Step<Effect> {
    let sort = state.table.sort();
    let by = match sort.by {
        SortBy::Column(at) => state.table.columns().get(at).map(|column| column.name.to_string()),
        by => ORDERS.iter().find(|(_, one)| *one == by).map(|(name, _)| (*name).to_owned()),
    };
    let saved = Saved {
        view: state.view.clone(),
        filter: state.filter.clone(),
        trouble: state.trouble,
        order: by.map(|by| Ordered { by, descending: sort.descending }),
        wide: state.wide,
        columns: state.choices().to_vec(),
        contexts: shared.open.iter().map(ToString::to_string).collect(),
    };
    let again = state.kept.views.insert(name.to_owned(), saved).is_some();
    let said = if again { format!("{name} is another view now") } else { format!("saved as {name}: ,s lists what is saved") };
    say(&said).then(Step::intent(Intent::Remember))
}

/// Forgets a view.
pub fn unsave(state: &mut State, name: &str) -> Step<Effect> {
    match state.kept.views.remove(name) {
        Some(_) => say(&format!("{name} is forgotten")).then(Step::intent(Intent::Remember)),
        None => say(&format!("no view is saved as {name}; ,s lists them")),
    }
}

/// Filter, order and columns of a saved view whose kind is looked at already.
pub fn restore(state: &mut State, shared: &Shared, saved: Saved) -> Step<Effect> {
    let before = user_columns(state);
    (state.filter, state.trouble, state.wide) = (saved.filter, saved.trouble, saved.wide);
    state.lent = Some(saved.columns);
    state.order = saved.order;
    let read = if user_columns(state) == before { Step::redraw() } else { columns_changed(state, shared) };
    order(state);
    filtered(state).then(read)
}

/// Takes the order that waits for its column, as soon as the columns are known.
pub(super) fn order(state: &mut State) {
    let Some(Ordered { by, descending }) = &state.order else { return };
    let own = || state.table.columns().iter().position(|column| &*column.name == by.as_str()).map(SortBy::Column);
    let found = ORDERS.iter().find(|(name, _)| name == by).map(|(_, by)| *by).or_else(own);
    if let Some(by) = found {
        state.table.set_sort(Sort { by, descending: *descending });
        state.order = None;
    }
}

/// Everything that is seen as a file, or what stands in the way.
pub(super) fn save_table(state: &State, at: At) -> Step<Effect> {
    let rows: Vec<Row> = (0..state.table.visible()).filter_map(|at| state.table.row(at)).cloned().collect();
    if rows.is_empty() {
        return say("there are no rows to be saved");
    }
    let namespaced = rows.first().is_some_and(|row| row.namespace.is_some());
    let place = state.view.namespaces.first().filter(|_| namespaced && state.view.namespaces.len() == 1);
    let words = std::iter::once(&state.view.kind).chain(place).map(String::as_str);
    Step::effect(Effect::Save { name: words.collect::<Vec<_>>().join("-"), columns: state.table.columns().into(), rows, now: at.unix })
}
