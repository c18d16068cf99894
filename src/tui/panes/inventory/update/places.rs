//! Going back and forth between places: each is found as it was left.

use super::super::state::{News, Place, State};
use super::super::work::Effect;
use super::detail::close;
use super::{filtered, watch};
use crate::cluster::rows::Row;
use crate::tui::app::shared::Shared;
use crate::tui::flow::Step;

/// Places that can be gone back to.
const PAST: usize = 50;

/// Places whose rows are kept, so that they are there at once.
const KEPT: usize = 3;

/// Rows of a place that are kept, at most; more are cheaper to ask for than to hold.
const ROWS: usize = 10_000;

/// Leaves the view for another one. `returns`: for something in it, from where `esc` comes back.
pub(super) fn remember(state: &mut State, returns: bool) {
    let place = leave(state, returns);
    state.past.push(place);
    state.ahead.clear();
    if state.past.len() > PAST {
        state.past.remove(0);
    }
    thin(&mut state.past);
}

/// The view before, or the one after it again.
pub fn travel(state: &mut State, shared: &Shared, back: bool) -> Step<Effect> {
    let from = if back { &mut state.past } else { &mut state.ahead };
    let Some(place) = from.pop() else { return Step::quiet() };
    let left = leave(state, place.returns);
    let to = if back { &mut state.ahead } else { &mut state.past };
    to.push(left);
    thin(to);
    restore(state, shared, place)
}

/// `esc` has a place to go back to.
pub(super) fn returns(state: &State) -> bool {
    state.past.last().is_some_and(|place| place.returns)
}

pub(super) fn leave(state: &mut State, returns: bool) -> Place {
    state.known_namespaces = state.namespaces();
    let place = here(state, returns);
    let table = std::mem::take(&mut state.table);
    state.table.set_sort(place.sort);
    Place { table: Some(table).filter(|table| table.len() <= ROWS), ..place }
}

/// The place now, without its rows.
pub(super) fn here(state: &State, returns: bool) -> Place {
    let (sort, cursor) = (state.table.sort(), state.cursor.as_ref().and_then(|_| state.row().map(Row::key)));
    Place {
        view: state.view.clone(),
        filter: state.filter.clone(),
        trouble: state.trouble,
        grouping: state.grouping.clone(),
        column: state.column,
        sort,
        // Gone back to before its rows came: it is still the one that was looked for.
        cursor: cursor.or_else(|| state.seek.clone()),
        position: state.position,
        top: state.top,
        table: None,
        returns,
    }
}

/// Only the places that were left last keep their rows.
fn thin(places: &mut [Place]) {
    if let Some(place) = places.iter_mut().rev().nth(KEPT) {
        place.table = None;
    }
}

pub(super) fn restore(state: &mut State, shared: &Shared, place: Place) -> Step<Effect> {
    let known = place.table.is_some();
    if place.view.kind != state.view.kind {
        (state.skip, state.lent, state.order) = (0, None, None);
        state.seen.widths.clear();
    }
    state.view = place.view;
    (state.filter, state.trouble, state.column) = (place.filter, place.trouble, place.column);
    state.table = place.table.unwrap_or_default();
    state.news = News::default();
    state.table.set_sort(place.sort);
    (state.grouping, state.followed) = (place.grouping, None);
    let closed: Vec<_> = state.table.phases().iter().map(|(id, _)| id).filter(|id| !shared.open.contains(id)).cloned().collect();
    closed.iter().for_each(|id| state.table.drop_source(id));
    let closed = close(state);
    state.cursor = place.cursor.as_ref().map(|key| (key.cluster.clone(), crate::cluster::rows::Uid::parse(&key.uid)));
    (state.position, state.top, state.seek) = (place.position, place.top, place.cursor);
    let step = {
        _ = filtered(state);
        watch(state, shared)
    };
    if known {
        shared.open.iter().for_each(|id| state.table.outdate(id));
    }
    closed.then(step)
}
