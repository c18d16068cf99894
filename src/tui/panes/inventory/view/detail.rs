//! The object looked at closely: its tabs, and what stands in each.

mod events;
mod summary;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::state::{Body, Detail, Seen, Tab};
use super::told;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, rule};
use crate::tui::widgets::lines::{self, Spans, plain};
use crate::tui::widgets::paint::{page, put, row, width};

pub(super) fn body(detail: &Detail, focus: bool, look: &Look<'_>, area: Rect, buf: &mut Buffer, seen: &mut Seen) {
    let tabs = [(Tab::Summary, "summary"), (Tab::Yaml, "yaml"), (Tab::Events, "events")];
    let title = Segment::new(detail.key.name.to_string(), if focus { Role::Title } else { Role::Text }, 0);
    let tab = |(tab, name): &(Tab, &str)| {
        if *tab == detail.tab { Segment::new(format!("[{name}]"), Role::Title, 1) } else { Segment::new(*name, Role::Dim, 2) }
    };
    let place = match &detail.key.namespace {
        Some(namespace) => format!("{}/{namespace}", detail.key.cluster),
        None => detail.key.cluster.to_string(),
    };
    let left: Vec<Segment> = std::iter::once(title).chain(tabs.iter().map(tab)).collect();
    rule(buf, row(area, 0), &left, &[Segment::new(place, Role::Dim, 3)], focus, look.theme);
    let inside = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(1) };
    page(buf, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, look.theme.style(Role::Text));
    // Beside the table a line keeps them apart.
    for y in 1..if area.x > 0 { area.height } else { 0 } {
        put(buf, area, 0, y, look.theme.glyphs().side, look.theme.style(if focus { Role::BorderFocus } else { Role::Border }));
    }
    let rows = lines::fold(&content(detail, look), inside.width, detail.wrap);
    let height = usize::from(inside.height);
    let top = detail.top.min(rows.len().saturating_sub(height));
    lines::draw(&rows, top, &detail.find, inside, buf, look.theme);
    if !detail.find.is_empty() {
        let text = format!(" /{} ", detail.find);
        put(buf, row(area, 0), area.width.saturating_sub(width(&text) + 24).max(2), 0, &text, look.theme.style(Role::Match));
    }
    *seen = Seen {
        detail_page: height,
        detail_rows: rows.len(),
        matches: if detail.find.is_empty() { Vec::new() } else { lines::matches(&rows, &detail.find) },
        ..std::mem::take(seen)
    };
}

fn content(detail: &Detail, look: &Look<'_>) -> Vec<Spans> {
    match &detail.body {
        Body::Waiting => vec![plain("reading…", Role::Dim)],
        Body::Failed(problem) => told(problem),
        Body::Yaml(text) => lines::yaml(text),
        Body::Events => events::all(&detail.heard, look),
        Body::Summary(description) => summary::lines(description, &detail.heard, look),
    }
}
