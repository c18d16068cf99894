//! The table: rows that come and go, the cursor that stays on its object, filter, order and marks.

use super::super::commands::{Move, Order, Sideways};
use super::super::state::{Body, Origin, Seat, State, Tie};
use super::super::view::heads;
use super::super::work::Effect;
use super::detail::{AGAIN, follow};
use super::resume::by_name;
use super::{groups, news, say};
use crate::cluster::filter::Filter;
use crate::cluster::rows::{Delta, Phase, Row, Uid};
use crate::cluster::table::{Sort, SortBy, Worked};
use crate::cluster::views::images::differences;
use crate::names::{ClusterId, ObjectKey};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, Step};
use crate::tui::widgets::table::{furthest, reveal};

/// What is typed after `/`: filters the table, or searches the detail that has the focus.
pub fn filter(state: &mut State, text: &str) -> Result<Step<Effect>, String> {
    if let Some(detail) = state.detail.as_mut().filter(|_| state.in_detail) {
        text.clone_into(&mut detail.find);
        super::reading::found(state);
        return Ok(Step::redraw());
    }
    Filter::parse(text)?;
    text.clone_into(&mut state.filter);
    Ok(filtered(state))
}

pub(super) fn filtered(state: &mut State) -> Step<Effect> {
    let text = if state.trouble { format!("{} is:trouble", state.filter) } else { state.filter.clone() };
    // Parsed before it was taken over, and `is:` is always right.
    let filter = Filter::parse(&text).unwrap_or_default();
    let is_shown = state.table.set_filter(match groups::opened(state) {
        Some((column, word)) => filter.and_exactly(&column, &word),
        None => filter,
    });
    if is_shown {
        shown(state);
    }
    Step::redraw()
}

/// Other rows are shown, or in another order: the cursor is put back on its object, or on the one it waits for.
fn shown(state: &mut State) {
    groups::count(state);
    let sought = state.seek.as_ref().and_then(|key| state.table.rows().find(|row| is(row, key)));
    if let Some(seat) = sought.map(seat_of).filter(|(cluster, uid)| state.table.position(cluster, *uid).is_some()) {
        state.cursor = Some(seat);
    }
    seat(state, None);
}

/// Goes on with what takes long: a filter or an order of many rows, and many rows that go.
pub fn work(state: &mut State, at: At) -> Step<Effect> {
    let before = state.position;
    match state.table.work() {
        Worked::Nothing => return Step::quiet(),
        Worked::Arranged => shown(state),
        Worked::Swept => {
            groups::changed(state, at);
            seat(state, Some(before));
        }
    }
    Step::redraw()
}

pub(super) fn moved(state: &mut State, at: At, step: Move) -> Step<Effect> {
    state.seek = None;
    let last = state.table.visible().saturating_sub(1);
    state.position = target(state.position, step, state.seen.page, last);
    state.cursor = state.table.row(state.position).map(seat_of);
    follow(state, at)
}

pub(super) fn target(from: usize, step: Move, page: usize, last: usize) -> usize {
    let half = (page / 2).max(1);
    let page = page.saturating_sub(1).max(1);
    match step {
        Move::Down => (from + 1).min(last),
        Move::Up => from.saturating_sub(1),
        Move::PageDown => (from + page).min(last),
        Move::PageUp => from.saturating_sub(page),
        Move::HalfDown => (from + half).min(last),
        Move::HalfUp => from.saturating_sub(half),
        Move::Top => 0,
        Move::Bottom => last,
    }
}

pub(super) fn seat_of(row: &Row) -> Seat {
    (row.cluster.clone(), row.uid)
}

pub(super) fn rows(state: &mut State, at: At, cluster: &ClusterId, mut delta: Delta) -> Step<Effect> {
    let touched = state.detail.as_ref().filter(|detail| detail.key.cluster == *cluster).map(|detail| Uid::parse(&detail.key.uid));
    let failed = state.detail.as_ref().is_some_and(|detail| matches!(detail.body, Body::Failed(_)));
    // It changed, it is gone, or what could not be read may be read again.
    let changed = touched.is_some_and(|uid| {
        delta.upserts.iter().any(|row| row.uid == uid) || delta.removed.contains(&uid) || failed && delta.phase == Some(Phase::Synced)
    });
    for uid in &delta.removed {
        state.marks.remove(&(cluster.clone(), *uid));
    }
    if let Some(detail) = state.detail.as_mut().filter(|detail| changed && detail.due.is_none()) {
        detail.due = Some(at.mono + AGAIN);
    }
    let before = state.position;
    belonging(state, &mut delta);
    sought(state, &delta);
    news::note(state, at, cluster, &mut delta);
    let (defined, whole) = (delta.columns.is_some(), delta.phase == Some(Phase::Synced));
    // Once the person has put the cursor on an object, no other slides over it.
    state.table.hold(state.cursor.is_some());
    state.table.apply(cluster, delta);
    if state.view.kind == "images" {
        differences(&state.table).into_iter().for_each(|(cluster, delta)| _ = state.table.apply(&cluster, delta));
    }
    groups::changed(state, at);
    if defined {
        super::saved::order(state);
    }
    if whole {
        by_name(state, cluster);
    }
    seat(state, Some(before));
    Step::redraw().then(super::follow::keep(state, at))
}

/// Drops the rows that are not of the object whose own are looked at, where the servers cannot select them.
fn belonging(state: &State, delta: &mut Delta) {
    if let Some(Origin { key, tie: Tie::Owner }) = &state.view.of {
        let owner = Some(Uid::parse(&key.uid));
        delta.upserts.retain(|row| row.owner == owner);
    }
}

/// The object that was jumped to has come: the cursor goes there.
fn sought(state: &mut State, delta: &Delta) {
    let Some(key) = &state.seek else { return };
    if let Some(row) = delta.upserts.iter().find(|row| is(row, key)) {
        state.cursor = Some(seat_of(row));
        state.seek = None;
    }
}

/// The row is that object; by its name where its uid is not known.
pub(super) fn is(row: &Row, key: &ObjectKey) -> bool {
    let same = if key.uid.is_empty() { row.name == key.name && row.namespace == key.namespace } else { row.uid == Uid::parse(&key.uid) };
    same && row.cluster == key.cluster
}

/// Puts the cursor back on its object; its line on the screen stays where it was.
pub(super) fn seat(state: &mut State, before: Option<usize>) {
    let found = state.cursor.as_ref().and_then(|(cluster, uid)| state.table.position(cluster, *uid));
    let line = state.position.saturating_sub(state.top);
    match found {
        Some(position) => state.position = position,
        // It was taken away, not filtered out: the cursor never slides onto another object beside the old one's detail.
        None if before.is_some() && state.detail.is_some() && state.cursor.is_some() => return,
        None => {
            state.position = state.position.min(state.table.visible().saturating_sub(1));
            state.cursor = state.cursor.take().and_then(|_| state.pointed().map(seat_of));
        }
    }
    if before.is_some_and(|before| before != state.position) && state.top > 0 {
        state.top = state.position.saturating_sub(line);
    }
}

pub(super) fn mark(state: &mut State) -> Step<Effect> {
    let Some(seat) = state.row().map(seat_of) else { return Step::quiet() };
    if !state.marks.remove(&seat) {
        state.last_mark = Some(seat.clone());
        state.marks.insert(seat);
    }
    let last = state.table.visible().saturating_sub(1);
    state.position = (state.position + 1).min(last);
    state.cursor = state.table.row(state.position).map(seat_of);
    Step::redraw()
}

/// Marks everything from the object marked last to the cursor. What the filter hides stays as it is.
pub(super) fn mark_range(state: &mut State) -> Step<Effect> {
    let Some(here) = state.row().map(seat_of) else { return Step::quiet() };
    let from = match &state.last_mark {
        None => state.position,
        Some((cluster, uid)) => match state.table.position(cluster, *uid) {
            Some(from) => from,
            None => return say("what was marked last is hidden by the filter or gone: space marks where the range begins"),
        },
    };
    let range = from.min(state.position)..=from.max(state.position);
    state.marks.extend(range.filter_map(|at| state.table.row(at)).map(seat_of));
    state.last_mark = Some(here);
    Step::redraw()
}

pub(super) fn unmark(state: &mut State) -> Step<Effect> {
    state.marks.clear();
    state.last_mark = None;
    Step::redraw()
}

/// Scrolls columns that do not fit; those that say which object it is stay.
pub(super) fn pan(state: &mut State, shared: &Shared, side: Sideways) -> Step<Effect> {
    let most = furthest(&heads(state, shared), &state.seen.widths, state.seen.room);
    let now = state.skip.min(most);
    match side {
        Sideways::Right if most == 0 => return say("all columns are shown"),
        Sideways::Right => state.skip = (now + 1).min(most),
        Sideways::Left => state.skip = now.saturating_sub(1),
    }
    Step::redraw()
}

pub(super) fn column(state: &mut State, shared: &Shared, side: Sideways) -> Step<Effect> {
    let last = super::super::view::orders(state, shared).len().saturating_sub(1);
    state.column = match side {
        Sideways::Left => state.column.saturating_sub(1),
        Sideways::Right => (state.column + 1).min(last),
    };
    state.skip = reveal(&heads(state, shared), &state.seen.widths, state.seen.room, state.skip, state.column);
    Step::redraw()
}

pub(super) fn sort_here(state: &mut State, shared: &Shared) -> Step<Effect> {
    match super::super::view::orders(state, shared).get(state.column) {
        Some(by) => sort_by(state, *by, false),
        None => Step::quiet(),
    }
}

pub(super) fn sort(state: &mut State, order: Order) -> Step<Effect> {
    match order {
        Order::Name => sort_by(state, SortBy::Name, false),
        Order::Age => sort_by(state, SortBy::Age, false),
        Order::Status => sort_by(state, SortBy::Fault, true),
        Order::Namespace => sort_by(state, SortBy::Namespace, false),
    }
}

/// The same key again turns the order round.
pub(super) fn sort_by(state: &mut State, by: SortBy, descending: bool) -> Step<Effect> {
    let now = state.table.sort();
    let descending = if now.by == by { !now.descending } else { descending };
    state.table.set_sort(Sort { by, descending });
    seat(state, None);
    Step::redraw()
}
