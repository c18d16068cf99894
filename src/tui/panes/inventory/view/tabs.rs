//! The line of tabs, where there are several: each with its number, its kind, where and what of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::state::{State, View};
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, bar};
use crate::tui::widgets::paint::row;
use crate::tui::widgets::spot::{Spot, What};

/// Rows the line takes.
pub(super) fn rows(state: &State) -> u16 {
    u16::from(!state.tabs.others.is_empty())
}

pub(super) fn draw(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Vec<Spot> {
    if state.tabs.others.is_empty() {
        return Vec::new();
    }
    let mut names: Vec<String> = state.tabs.others.iter().map(|tab| name(&tab.place.view, &tab.place.filter, tab.place.trouble)).collect();
    names.insert(state.tabs.at.min(names.len()), name(&state.view, &state.filter, state.trouble));
    let segment = |(at, name): (usize, &String)| {
        let text = format!("{} {name}", at + 1);
        if at == state.tabs.at { Segment::new(format!("[{text}]"), Role::Title, 0) } else { Segment::new(text, Role::Dim, 1) }
    };
    let segments: Vec<Segment> = names.iter().enumerate().map(segment).collect();
    let placed = bar(buf, row(area, 0), &segments, &[], look.theme.style(Role::Text), look.theme);
    placed.into_iter().map(|(at, place)| Spot::new(place, What::Tab(at))).collect()
}

fn name(view: &View, filter: &str, trouble: bool) -> String {
    let place = match view.namespaces.as_slice() {
        [] => String::new(),
        [one] => format!(" {one}"),
        [one, rest @ ..] => format!(" {one}+{}", rest.len()),
    };
    let of = view.of.as_ref().map(|of| format!(" of {}", of.key.name)).unwrap_or_default();
    let filter = if filter.is_empty() { String::new() } else { format!(" /{filter}") };
    format!("{}{place}{of}{filter}{}", view.kind, if trouble { " !" } else { "" })
}
