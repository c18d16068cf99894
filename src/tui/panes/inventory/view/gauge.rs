//! Columns of uses: where they stand, when there is room for them, and how near a number is to what it may be.

use super::super::state::State;
use crate::cluster::metrics::{Gauge, Subject, Trend};
use crate::cluster::rows::{Column, RowState};
use crate::names::ClusterId;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::theme::glyph::Glyphs;
use crate::tui::widgets::bar::Segment;
use crate::tui::widgets::table::{Cell, EXTRA};

/// Uses from the most telling on; the others come with the wide columns.
const FIRST: [&str; 6] = ["%MEM", "%CPU", "MEM", "CPU", "%MEM/L", "%CPU/L"];
const WIDE: [&str; 2] = ["%CPU/R", "%MEM/R"];

/// The indices of the columns that are shown, in their order: uses before what only the wide view asks for, and only where something is measured.
pub(super) fn in_order(state: &State) -> Vec<usize> {
    let columns = state.table.columns();
    let gauges = Subject::of(&state.view.kind).is_some();
    let hidden = |column: &Column| gauges && !state.table.measures().served() && place(column).is_some();
    let group = |column: &Column| match (gauges, place(column)) {
        _ if !column.wide => 0,
        (true, Some(at)) if at < FIRST.len() => 1,
        _ => 2,
    };
    let mut all: Vec<usize> = (0..columns.len()).filter(|at| !columns.get(*at).is_some_and(hidden)).collect();
    all.sort_by_key(|at| columns.get(*at).map(group));
    all
}

fn place(column: &Column) -> Option<usize> {
    FIRST.iter().chain(&WIDE).position(|name| **name == *column.name)
}

/// Where room is short uses go after what only the wide view asks for; no name is cut for them unless they were asked for.
pub(super) fn rank(column: &Column, wide: bool, state: &State) -> Option<u8> {
    let at = place(column).filter(|at| *at < FIRST.len() && Subject::of(&state.view.kind).is_some())?;
    let at = u8::try_from(at).unwrap_or_default();
    Some(if wide { 4 + at } else { EXTRA + at })
}

/// A use with one place before it: for where it moved, how near it is, or that it is old.
pub(super) fn cell(gauge: &Gauge, column: &Column, cluster: &ClusterId, state: &State, look: &Look<'_>) -> Cell {
    let text = gauge.show();
    let glyphs = look.theme.glyphs();
    if text.is_empty() {
        return Cell { text, role: Role::Text };
    }
    // More than was asked for is what limits are for.
    let near = if column.name.ends_with("/R") { RowState::Fine } else { gauge.state() };
    let (sign, role) = match near {
        _ if state.table.measures().stale(cluster, look.now) => (glyphs.unknown, Role::Stale),
        RowState::Bad => (glyphs.bad, Role::StatusBad),
        RowState::Warn => (glyphs.warn, Role::StatusWarn),
        _ => (moved(gauge.trend(), glyphs), Role::Text),
    };
    Cell { text: format!("{sign}{text}"), role }
}

fn moved(trend: Trend, glyphs: &Glyphs) -> &'static str {
    match trend {
        Trend::Still => " ",
        Trend::Up => glyphs.ascending,
        Trend::Down => glyphs.descending,
    }
}

/// Why there are no numbers, or no newer ones.
pub(super) fn crumb(state: &State) -> Option<Segment> {
    Subject::of(&state.view.kind)?;
    let (_, problem) = state.table.measures().problem()?;
    Some(Segment::new(format!("no CPU, MEM: {}", problem.what), Role::Dim, 4))
}
