//! Columns of uses: where they stand, when there is room for them, and how near a number is to what it may be.

use super::super::state::State;
use crate::cluster::metrics::past::READINGS;
use crate::cluster::metrics::{Gauge, Subject, Trend};
use crate::cluster::rows::{Cell as Value, Column, Row, RowState};
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

/// The number whose course can be shown in a column of its own: the uses themselves, where something measures. On a slow line only the wide view has it.
pub(super) fn has_past(column: &Column, state: &State) -> bool {
    let number = matches!(&*column.name, "CPU" | "MEM") && Subject::of(&state.view.kind).is_some();
    number && state.table.measures().served() && (state.wide || !state.slow)
}

/// How a use went over its last readings, the oldest at the left, each beside the largest among them.
pub(super) fn past(row: &Row, at: usize, state: &State, look: &Look<'_>) -> Cell {
    let measures = state.table.measures();
    let resource = row.cells.get(at).and_then(|cell| if let Value::Gauge(gauge) = cell { Some(gauge.resource()) } else { None });
    let past = resource.and_then(|resource| measures.past(&row.cluster, row.namespace.as_deref(), &row.name, resource));
    let levels = look.theme.glyphs().levels;
    // A share is no larger than the whole.
    let level = |share: f32| levels.get((share * 7.0).round() as usize).copied().unwrap_or_default();
    // One or two readings are no course, and each of them is as large as itself.
    let text: String = past.filter(|past| past.shares().count() > 2).map(|past| past.shares().map(level).collect()).unwrap_or_default();
    // All places are taken from the beginning, so that the column has its width.
    Cell { text: format!("{text:<READINGS$}"), role: if measures.stale(&row.cluster, look.now) { Role::Stale } else { Role::Dim } }
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
