//! What the mouse does in the inventory: rows, headings, tabs, and whatever the wheel turns over.

use super::super::commands::{Command, Move, Order};
use super::super::state::{State, Tab};
use super::super::view::{self, orders};
use super::super::work::Effect;
use super::detail::{described, follow, open, scroll};
use super::table::{seat_of, sort_by};
use super::{groups, helm, tabs, uses};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, Step};
use crate::tui::widgets::spot::{Spot, What};

/// A click on what stood on that line of a spot.
pub fn clicked(state: &mut State, shared: &Shared, at: At, spot: Spot, line: u16) -> Step<Effect> {
    state.in_detail = state.detail.is_some() && spot.beside;
    match (spot.what, spot.row(line)) {
        (What::Head(head), _) => heading(state, shared, head),
        (What::Tab(place), _) if spot.beside => tab(state, at, place),
        (What::Tab(place), _) => tabs::to(state, shared, place),
        (_, Some(row)) if spot.beside => {
            let page = state.seen.detail_page;
            if let Some(detail) = state.detail.as_mut().filter(|detail| detail.tab == Tab::Uses) {
                uses::point(detail, row, page);
            }
            Step::redraw()
        }
        (_, Some(row)) if state.lists_groups() => group(state, row),
        (_, Some(row)) => to(state, at, row),
        _ => Step::redraw(),
    }
}

/// Rows go by under the wheel; the cursor goes along only where it would leave the screen.
pub fn wheeled(state: &mut State, at: At, beside: bool, lines: isize) -> Step<Effect> {
    if beside {
        let step = if lines > 0 { Move::Down } else { Move::Up };
        return (0..lines.unsigned_abs()).fold(Step::quiet(), |done, _| done.then(scroll(state, step)));
    }
    if let Some(position) = state.grouping.as_ref().filter(|grouping| grouping.open.is_none()).map(|grouping| grouping.position) {
        return group(state, position.saturating_add_signed(lines));
    }
    let (page, total) = (state.seen.page.max(1), state.table.visible());
    state.top = state.top.saturating_add_signed(lines).min(total.saturating_sub(page));
    let position = state.position.clamp(state.top, (state.top + page - 1).max(state.top));
    if position == state.position { Step::redraw() } else { to(state, at, position) }
}

/// The cursor goes to a row.
fn to(state: &mut State, at: At, row: usize) -> Step<Effect> {
    state.seek = None;
    state.position = row.min(state.table.visible().saturating_sub(1));
    state.cursor = state.table.row(state.position).map(seat_of);
    follow(state, at)
}

fn group(state: &mut State, row: usize) -> Step<Effect> {
    if let Some(grouping) = &mut state.grouping {
        grouping.position = row.min(grouping.groups.len().saturating_sub(1));
        grouping.held = true;
    }
    Step::redraw()
}

/// Sorts on the column; again: the other way round.
fn heading(state: &mut State, shared: &Shared, head: usize) -> Step<Effect> {
    if state.lists_groups() {
        let command = match head {
            0 => Command::Sort(Order::Name),
            1 => Command::SortHere,
            _ => Command::Sort(Order::Status),
        };
        return groups::command(state, &command).unwrap_or_else(Step::quiet);
    }
    match orders(state, shared).get(head) {
        Some(by) => sort_by(state, *by, false),
        None => Step::quiet(),
    }
}

fn tab(state: &mut State, at: At, place: usize) -> Step<Effect> {
    let tab = state.detail.as_ref().and_then(|detail| view::tabs(detail).get(place).map(|(tab, _)| *tab));
    match tab {
        None | Some(Tab::Difference) => Step::redraw(),
        Some(Tab::Summary) => described(state, at),
        Some(Tab::Values) => helm::values(state, at),
        Some(tab) => open(state, at, tab, true),
    }
}
