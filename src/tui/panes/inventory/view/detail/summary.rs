//! The summary: facts with the worst first, the newest events, then every section there is.

use super::super::super::state::Heard;
use super::super::{role_of, sign};
use super::events;
use crate::cluster::describe::{Description, Fact, Section};
use crate::cluster::rows::RowState;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::lines::{Spans, plain};
use crate::tui::widgets::paint::width;

/// Labels up to this width stand in one column; longer ones push their own line's text to the right.
const LABEL: u16 = 22;
/// Events that are shown here.
const EVENTS: usize = 6;
/// Space between the columns of a table.
const GAP: usize = 2;

pub(super) fn lines(description: &Description, heard: &Heard, look: &Look<'_>) -> Vec<Spans> {
    let plain_sections = description.sections.iter().filter(|section| section.heads.is_empty());
    let labels = description.facts.iter().chain(plain_sections.flat_map(|section| &section.facts)).map(|fact| width(&fact.label));
    let label = usize::from(labels.filter(|width| *width <= LABEL).max().unwrap_or(0));
    let mut lines: Vec<Spans> = description.facts.iter().map(|fact| fact_line(fact, label, look)).collect();
    if !heard.about.is_empty() {
        lines.extend(title("events"));
        lines.extend(events::newest(heard, EVENTS, look));
    }
    lines.extend(description.sections.iter().flat_map(|section| section_lines(section, label, look)));
    lines
}

fn title(text: &str) -> [Spans; 2] {
    [plain("", Role::Text), plain(text, Role::Header)]
}

fn section_lines(section: &Section, label: usize, look: &Look<'_>) -> Vec<Spans> {
    let mut lines: Vec<Spans> = title(&section.title).into();
    if section.heads.is_empty() {
        // What has no labels at all begins where labels do.
        let label = if section.facts.iter().all(|fact| fact.label.is_empty()) { 0 } else { label };
        lines.extend(section.facts.iter().map(|fact| fact_line(fact, label, look)));
        return lines;
    }
    let rows: Vec<Vec<String>> = section.facts.iter().map(|fact| cells(fact, look.now)).collect();
    let widths: Vec<usize> = section.heads.iter().enumerate().map(|(at, head)| widest(head, &rows, at)).collect();
    let padded = |cells: &[String]| -> String {
        let cells = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat((width + GAP).saturating_sub(usize::from(self::width(cell))))));
        cells.collect::<String>().trim_end().to_owned()
    };
    lines.push(vec![("  ".into(), Role::Text), (padded(&section.heads), Role::Dim)]);
    for (fact, cells) in section.facts.iter().zip(&rows) {
        let (glyph, role) = crate::tui::widgets::table::sign(sign(fact.state), look.theme);
        lines.push(vec![(format!("{glyph} "), role), (padded(cells), role_of(fact.state))]);
    }
    lines
}

/// A table's row: the label, and the further columns.
fn cells(fact: &Fact, now: i64) -> Vec<String> {
    let said = (!fact.said.is_empty()).then(|| fact.said.show(now));
    std::iter::once(fact.label.clone()).chain(said).chain(fact.more.iter().map(|said| said.show(now))).collect()
}

fn widest(head: &str, rows: &[Vec<String>], at: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell));
    usize::from(cells.max().unwrap_or(0).max(width(head)))
}

fn fact_line(fact: &Fact, label: usize, look: &Look<'_>) -> Spans {
    let (glyph, role) = crate::tui::widgets::table::sign(sign(fact.state), look.theme);
    let text = if fact.state == RowState::Done { Role::Stale } else { role_of(fact.state) };
    vec![(format!("{glyph} "), role), (format!("{:<label$}  ", fact.label), Role::Dim), (fact.said.show(look.now), text)]
}
