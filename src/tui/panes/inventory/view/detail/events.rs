//! What is said about the object: a line for what is said together, with its first and its last time.

use super::super::super::state::Heard;
use super::super::told;
use crate::cluster::events::EventLine;
use crate::cluster::rows::Phase;
use crate::text::age::age;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::lines::{Spans, plain};

/// Everything that was heard.
pub(super) fn all(heard: &Heard, look: &Look<'_>) -> Vec<Spans> {
    let mut lines: Vec<Spans> = heard.lines.iter().flat_map(|event| [head(event, look), body(event)]).collect();
    lines.extend(state(heard));
    lines
}

/// Why there is nothing, or nothing new.
fn state(heard: &Heard) -> Vec<Spans> {
    match &heard.phase {
        None | Some(Phase::Syncing { .. }) => vec![plain("listening…", Role::Dim)],
        Some(Phase::Stale { problem, .. }) => told(problem),
        Some(Phase::Synced) if heard.lines.is_empty() => {
            vec![plain("nothing was said about it in the last hour; what comes is shown at once", Role::Dim)]
        }
        Some(Phase::Synced) => Vec::new(),
    }
}

/// Who said what, when and how often.
fn head(event: &EventLine, look: &Look<'_>) -> Spans {
    let (glyph, role) = if event.warning { (look.theme.glyphs().warn, Role::StatusWarn) } else { (" ", Role::Text) };
    let mut spans = vec![(format!("{glyph} "), role), (format!("{:>5}  ", age(look.now - event.last)), Role::Dim), (event.reason.clone(), role)];
    if event.count > 1 {
        let over = if event.first > 0 { format!(" in {}", age(event.last - event.first)) } else { String::new() };
        spans.push((format!(" ×{}{over}", event.count), role));
    }
    spans.push((format!("  {}", event.about), Role::Dim));
    if !event.from.is_empty() {
        spans.push((format!("  {}", event.from), Role::Dim));
    }
    spans
}

fn body(event: &EventLine) -> Spans {
    vec![("         ".to_owned(), Role::Text), (event.message.clone(), Role::Text)]
}

/// The newest of them in a line each, and how many more there are.
pub(super) fn newest(heard: &Heard, count: usize, look: &Look<'_>) -> Vec<Spans> {
    if heard.lines.is_empty() {
        return state(heard);
    }
    let mut lines: Vec<Spans> = heard.lines.iter().take(count).map(|event| short(event, look)).collect();
    if heard.lines.len() > count {
        lines.push(plain(format!("  and {} more: e", heard.lines.len() - count), Role::Dim));
    }
    lines
}

fn short(event: &EventLine, look: &Look<'_>) -> Spans {
    let (glyph, role) = if event.warning { (look.theme.glyphs().warn, Role::StatusWarn) } else { (" ", Role::Text) };
    let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
    vec![
        (format!("{glyph} "), role),
        (format!("{:>5}  ", age(look.now - event.last)), Role::Dim),
        (format!("{}{times}  ", event.reason), role),
        (event.message.clone(), Role::Text),
        (format!("  {}", event.from), Role::Dim),
    ]
}
