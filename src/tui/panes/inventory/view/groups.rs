//! Groups of rows: a word, how many, how the worst does, where and since when.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::state::{Grouping, Seen, State};
use super::{empty, role_of, sign};
use crate::cluster::groups::{Group, GroupOrder};
use crate::text::age::age;
use crate::text::quantity;
use crate::tui::app::shared::Shared;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::Segment;
use crate::tui::widgets::paint::scroll;
use crate::tui::widgets::table::{Cell, Head, RowView, TableView, body_height, measure};

/// Clusters named before they are counted.
const NAMED: usize = 3;

pub(super) fn groups(state: &State, grouping: &Grouping, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Seen {
    let heads = heads(grouping, shared);
    let page = body_height(area);
    let top = scroll(state.top, grouping.position, page, grouping.groups.len());
    let view_of = |at: usize| grouping.groups.get(at).map(|group| line(group, shared, look)).unwrap_or_default();
    let widths = measure(&[], &heads, (0..grouping.groups.len().min(top + page)).map(view_of));
    let view = TableView {
        heads: &heads,
        widths: &widths,
        row: &view_of,
        total: grouping.groups.len(),
        top,
        cursor: grouping.position,
        focus: true,
        found: &[],
    };
    let spots = view.draw(area, buf, look.theme).spots;
    if grouping.groups.is_empty() {
        empty(state, shared, look, area, buf);
    }
    Seen { page, top, hidden: 0, spots, ..state.seen.clone() }
}

fn heads(grouping: &Grouping, shared: &Shared) -> Vec<Head> {
    let head = |title: &str, right, rank, grows| Head { title: title.to_owned(), right, rank, grows, ..Head::default() };
    let mut heads = vec![head(&grouping.by, false, 0, false), head("COUNT", true, 0, false), head("SINCE", true, 2, false)];
    if shared.open.len() > 1 {
        heads.push(head("CLUSTERS", false, 3, false));
    }
    heads.push(head("FOR EXAMPLE", false, 4, true));
    match grouping.order {
        GroupOrder::Name => heads[0].sorted = Some(false),
        GroupOrder::Count => heads[1].sorted = Some(true),
        GroupOrder::Worst => {}
    }
    heads
}

fn line(group: &Group, shared: &Shared, look: &Look<'_>) -> RowView {
    let plain = |text: String| Cell { text, role: Role::Text };
    let value = if group.value.is_empty() { "none".to_owned() } else { group.value.to_string() };
    let mut cells = vec![
        Cell { text: value, role: role_of(group.worst) },
        plain(quantity::count(group.count as u64)),
        Cell { text: if group.since > 0 { age(look.now - group.since) } else { String::new() }, role: Role::Dim },
    ];
    if shared.open.len() > 1 {
        cells.push(plain(clusters(group)));
    }
    cells.push(Cell { text: group.example.clone(), role: Role::Dim });
    RowView { sign: sign(group.worst), cells, ..RowView::default() }
}

fn clusters(group: &Group) -> String {
    let names: Vec<&str> = group.clusters.iter().map(crate::names::ClusterId::as_str).take(NAMED).collect();
    let more = group.clusters.len().saturating_sub(NAMED);
    if more > 0 { format!("{} +{more}", names.join(", ")) } else { names.join(", ") }
}

/// What the rows are grouped by, or which group is seen.
pub(super) fn crumb(grouping: &Grouping) -> Segment {
    let by = grouping.by.to_lowercase();
    match &grouping.open {
        None => Segment::new(format!("by {by}"), Role::Title, 1),
        Some(value) if value.is_empty() => Segment::new(format!("{by} none"), Role::Match, 1),
        Some(value) => Segment::new(format!("{by} {value}"), Role::Match, 1),
    }
}
