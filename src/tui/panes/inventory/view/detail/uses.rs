//! What an object uses and what uses it: one line each, what is wrong first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::super::state::Detail;
use super::super::{role_of, sign};
use crate::survey::world::{Relation, There};
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::lines::{Spans, plain};
use crate::tui::widgets::paint::{put, row, tint, width};

pub(super) fn content(detail: &Detail, look: &Look<'_>) -> Vec<Spans> {
    let related = &detail.related;
    let verbs = related.lines.iter().map(|line| width(&line.verb)).max().unwrap_or(0);
    let mut lines: Vec<Spans> = related.lines.iter().map(|line| relation(line, usize::from(verbs), detail, look)).collect();
    if lines.is_empty() {
        lines.push(plain(if related.complete { "it uses nothing, and nothing uses it" } else { "looking…" }, Role::Dim));
    } else if !related.complete {
        lines.push(plain("  looking further…", Role::Dim));
    }
    let unknown = related
        .unknown
        .iter()
        .map(|(kind, why)| vec![(format!("{} ", look.theme.glyphs().unknown), Role::StatusUnknown), (format!("{kind}: {why}"), Role::Dim)]);
    lines.extend(unknown);
    lines
}

fn relation(line: &Relation, verbs: usize, detail: &Detail, look: &Look<'_>) -> Spans {
    let glyphs = look.theme.glyphs();
    let quiet = matches!(line.there, There::Optional | There::Unknown);
    let (glyph, role) = match &line.there {
        There::Missing | There::Lacks(_) => (glyphs.bad, Role::StatusBad),
        There::Yes => crate::tui::widgets::table::sign(sign(line.state), look.theme),
        There::Optional | There::Unknown => (" ", Role::Dim),
    };
    let place = line.other.namespace.as_deref().filter(|own| Some(*own) != detail.key.namespace.as_deref());
    let name = place.map_or_else(|| line.other.name.to_string(), |place| format!("{place}/{}", line.other.name));
    let (told, told_role) = match &line.there {
        There::Missing => ("is missing".to_owned(), Role::StatusBad),
        There::Lacks(key) => (format!("has no key {key}"), Role::StatusBad),
        There::Optional => ("not there, and need not be".to_owned(), Role::Dim),
        There::Unknown => ("not looked at".to_owned(), Role::Dim),
        There::Yes if line.more > 0 => (format!("{}  and {} more it owns", line.note, line.more).trim_start().to_owned(), Role::Dim),
        There::Yes => (line.note.clone(), role_of(line.state)),
    };
    let arrow = if line.out { glyphs.right } else { glyphs.left };
    vec![
        (format!("{glyph} "), role),
        (format!("{arrow} {:<verbs$}  ", line.verb), Role::Dim),
        (format!("{} ", line.other.gvk.kind), Role::Dim),
        (name, if quiet { Role::Stale } else { Role::Text }),
        (format!("  {told}"), told_role),
    ]
}

/// The bar of the cursor; where the keys go somewhere else it is only a sign.
pub(super) fn cursor(detail: &Detail, top: usize, focus: bool, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let Some(line) = detail.related.position.checked_sub(top).and_then(|line| u16::try_from(line).ok()).filter(|line| *line < area.height) else {
        return;
    };
    if focus {
        tint(buf, row(area, line), look.theme.style(Role::Cursor));
        put(buf, area, 0, line, look.theme.glyphs().cursor, look.theme.style(Role::Cursor));
    }
}
