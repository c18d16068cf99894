//! The object looked at closely: its tabs, and what stands in each.

mod events;
mod keys;
mod summary;
mod uses;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::state::{Body, Detail, Seen, Tab};
use super::told;
use crate::cluster::helm;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, rule};
use crate::tui::widgets::document::{Document, Window};
use crate::tui::widgets::lines::{self, Spans, plain};
use crate::tui::widgets::paint::{self, page, put, row, tint, width};
use crate::tui::widgets::spot::{Spot, What};

/// The tabs of an object, with their names.
pub(in super::super) fn tabs(detail: &Detail) -> Vec<(Tab, &str)> {
    let mut tabs = if helm::is(&detail.key.gvk) {
        let values = if detail.whole && detail.tab == Tab::Values { "values with defaults" } else { "values" };
        vec![(Tab::Summary, "summary"), (Tab::Values, values), (Tab::Yaml, "manifest")]
    } else {
        vec![(Tab::Summary, "summary"), (Tab::Yaml, "yaml"), (Tab::Events, "events"), (Tab::Uses, "uses")]
    };
    if &*detail.key.gvk.kind == "Secret" {
        tabs.push((Tab::Keys, "keys"));
    }
    if let Some(other) = detail.against.as_ref().filter(|_| detail.tab == Tab::Difference) {
        tabs.push((Tab::Difference, if other.cluster == detail.key.cluster { "difference" } else { other.cluster.as_str() }));
    }
    tabs
}

pub(super) fn body(detail: &Detail, focus: bool, look: &Look<'_>, area: Rect, buf: &mut Buffer, seen: &mut Seen) {
    let tabs = tabs(detail);
    let title = Segment::new(detail.key.name.to_string(), if focus { Role::Title } else { Role::Text }, 0);
    let tab = |(tab, name): &(Tab, &str)| {
        if *tab == detail.tab { Segment::new(format!("[{name}]"), Role::Title, 1) } else { Segment::new(*name, Role::Dim, 2) }
    };
    let place = match &detail.key.namespace {
        Some(namespace) => format!("{}/{namespace}", detail.key.cluster),
        None => detail.key.cluster.to_string(),
    };
    let left: Vec<Segment> = std::iter::once(title).chain(tabs.iter().map(tab)).collect();
    let placed = rule(buf, row(area, 0), &left, &[Segment::new(place, Role::Dim, 3)], focus, look.theme);
    seen.spots.push(Spot::new(area, What::Text).aside());
    // The first segment is the name.
    seen.spots.extend(placed.into_iter().filter_map(|(at, place)| Some(Spot::new(place, What::Tab(at.checked_sub(1)?)).aside())));
    if !detail.find.is_empty() {
        let text = format!(" /{} ", detail.find);
        put(buf, row(area, 0), area.width.saturating_sub(width(&text) + 24).max(2), 0, &text, look.theme.style(Role::Match));
    }
    let inside = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(1) };
    page(buf, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, look.theme.style(Role::Text));
    // Beside the table a line keeps them apart.
    for y in 1..if area.x > 0 { area.height } else { 0 } {
        put(buf, area, 0, y, look.theme.glyphs().side, look.theme.style(if focus { Role::BorderFocus } else { Role::Border }));
    }
    if let Some(document) = &detail.document {
        text(detail, document, focus, look, inside, buf, seen);
        return;
    }
    if let Body::Keys(all) = &detail.body {
        let (lines, cursor) = keys::lines(detail, all);
        let top = paint::scroll(0, cursor + 1, usize::from(inside.height), lines.len());
        lines::draw(&lines, top, &detail.find, inside, buf, look.theme);
        point(cursor - top.min(cursor), focus, look, inside, buf);
        *seen = Seen { detail_page: usize::from(inside.height), detail_rows: lines.len(), detail_columns: inside.width, ..std::mem::take(seen) };
        return;
    }
    // What can be pointed at takes one row each.
    let wrap = detail.wrap && detail.body != Body::Uses;
    let rows = lines::fold(&content(detail, look), inside.width, wrap);
    let height = usize::from(inside.height);
    let top = detail.top.min(rows.len().saturating_sub(height));
    lines::draw(&rows, top, &detail.find, inside, buf, look.theme);
    if detail.body == Body::Uses && !detail.related.lines.is_empty() {
        let list = Rect { x: area.x, width: area.width, ..inside };
        uses::cursor(detail, top, focus, look, list, buf);
        seen.spots.push(Spot::rows(list, top, detail.related.lines.len()).aside());
    }
    *seen = Seen {
        detail_page: height,
        detail_rows: rows.len(),
        detail_columns: inside.width,
        matches: if detail.find.is_empty() { Vec::new() } else { lines::matches(&rows, &detail.find) },
        ..std::mem::take(seen)
    };
}

/// A text in its window, with the line one stands at.
fn text(detail: &Detail, document: &Document, focus: bool, look: &Look<'_>, area: Rect, buf: &mut Buffer, seen: &mut Seen) {
    let window = Window { columns: area.width, height: usize::from(area.height), wrap: detail.wrap };
    let rows = document.window(window);
    for (y, (at, line)) in rows.iter().enumerate() {
        let y = u16::try_from(y).unwrap_or(u16::MAX);
        lines::line(line, &detail.find, row(area, y), buf, look.theme);
        if *at == document.cursor() {
            point(usize::from(y), focus, look, area, buf);
        }
    }
    *seen =
        Seen { detail_page: window.height, detail_rows: document.len(), detail_columns: window.columns, matches: Vec::new(), ..std::mem::take(seen) };
}

/// Shows where one stands.
fn point(y: usize, focus: bool, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    if focus && let Ok(y) = u16::try_from(y) {
        tint(buf, row(area, y), look.theme.style(Role::Cursor));
    }
}

fn content(detail: &Detail, look: &Look<'_>) -> Vec<Spans> {
    match &detail.body {
        Body::Waiting => vec![plain("reading…", Role::Dim)],
        Body::Failed(problem) => told(problem),
        // They are read as texts or lists of their own.
        Body::Yaml(_) | Body::Difference(_) | Body::Keys(_) => Vec::new(),
        Body::Events => events::all(&detail.heard, look),
        Body::Summary(description) => summary::lines(description, &detail.heard, look),
        Body::Uses => uses::content(detail, look),
    }
}
