//! What logs look like: one line each, with its moment and, where there are several streams, its source. Changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;

use super::state::{SINCE, State};
use super::update::title;
use crate::cluster::logs::moment;
use crate::cluster::logs::ring::{Level, Line};
use crate::names::Problem;
use crate::text::quantity::count;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::Segment;
use crate::tui::widgets::lines::{self, Spans, plain};
use crate::tui::widgets::paint::{fit, page, width};

/// Columns a source's name takes at most.
const NAMED: u16 = 22;
/// The looks of sources, in turn.
const SOURCES: [Role; 4] = [Role::Chart1, Role::Chart2, Role::Chart3, Role::Chart4];

/// Line 2.
pub fn crumbs(state: &State) -> Vec<Segment> {
    let window = &state.window;
    let mut segments = vec![Segment::new("logs", Role::Title, 0), Segment::new(title(state), Role::Text, 0)];
    if let Some(container) = &state.container {
        segments.push(Segment::new(container.clone(), Role::Match, 1));
    } else if state.sources.len() > 1 {
        segments.push(Segment::new(format!("{} containers", state.sources.len()), Role::Text, 2));
    }
    segments.push(Segment::new(format!("{} {}", count(window.kept), if window.kept == 1 { "line" } else { "lines" }), Role::Text, 2));
    if window.lost > 0 {
        segments.push(Segment::new(format!("{} older skipped", count(window.lost)), Role::StatusWarn, 1));
    }
    if !state.want.find.is_empty() {
        segments.push(
            Segment::new(format!("/{}", state.want.find), Role::Match, 0)
                .and(format!(" {}{}", count(window.hits), if window.searching { " so far" } else { "" }), Role::Text),
        );
    }
    if state.previous {
        segments.push(Segment::new("previous run", Role::StatusWarn, 0));
    }
    segments.push(Segment::new(SINCE[state.since.min(SINCE.len() - 1)].1, Role::Dim, 3));
    segments.push(match state.want.top {
        None if state.previous => Segment::new("", Role::Dim, 9),
        None => Segment::new("following", Role::StatusOk, 0),
        Some(_) => Segment::new("held", Role::StatusWarn, 0)
            .and(format!(" at {} of {}", count(window.top + 1 - window.start), count(window.end - window.start)), Role::Dim),
    });
    segments
}

/// Draws the window.
pub fn draw(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    page(buf, area, look.theme.style(Role::Text));
    let rows: Vec<Spans> = if state.window.lines.is_empty() {
        empty(state)
    } else {
        let named = named(state);
        let lines: Vec<Spans> = state.window.lines.iter().map(|(_, line)| line_spans(line, named, state, look)).collect();
        lines::fold(&lines, area.width, !state.cut)
    };
    // Folded lines take more rows than there are: who follows wants to see the newest.
    let height = usize::from(area.height);
    let top = if state.want.top.is_none() { rows.len().saturating_sub(height) } else { 0 };
    lines::draw(&rows, top, &needle(&state.want.find), area, buf, look.theme);
}

/// The word that is shown where it stands: what excludes lines, or is an expression, stands nowhere as it was typed.
fn needle(find: &str) -> String {
    find.split_whitespace().find(|word| !word.starts_with('!')).unwrap_or_default().to_owned()
}

/// Columns that the longest name of a source takes, so that what they say stands in one line.
fn named(state: &State) -> u16 {
    state.sources.iter().map(|source| width(&short(&source.pod, &source.container, state))).max().unwrap_or(0).min(NAMED)
}

fn line_spans(line: &Line, named: u16, state: &State, look: &Look<'_>) -> Spans {
    let mut spans: Spans = Vec::new();
    if line.level == Level::Note {
        return plain(format!("{0}{0} {1}", look.theme.glyphs().rule, line.text), Role::Dim);
    }
    if !state.timeless {
        // The day is seen where it is another one; hours, minutes, seconds and thousandths suffice.
        let text = moment(line.at);
        spans.push((format!("{} ", text.get(11..23).unwrap_or(&text)), Role::Dim));
    }
    if state.sources.len() > 1
        && let Some(source) = state.sources.get(usize::from(line.source))
    {
        let name = short(&source.pod, &source.container, state);
        let name = fit(&name, NAMED, look.theme.glyphs().cut);
        let pad = " ".repeat(usize::from(named.saturating_sub(width(&name))));
        spans.push((format!("{name}{pad} "), SOURCES[usize::from(line.source) % SOURCES.len()]));
    }
    let (glyph, role) = match line.level {
        Level::Error => (look.theme.glyphs().bad, Role::StatusBad),
        Level::Warning => (look.theme.glyphs().warn, Role::StatusWarn),
        Level::Plain | Level::Note => (" ", Role::Text),
    };
    spans.push((format!("{glyph} "), role));
    let text = if state.raw { None } else { fields(&line.text) };
    spans.push((text.unwrap_or_else(|| line.text.to_string()), role));
    spans
}

/// The end of a pod's name, by which pods of one workload differ, and the container where there are several.
fn short(pod: &str, container: &str, state: &State) -> String {
    let several_pods = state.sources.iter().any(|source| source.pod != state.sources[0].pod);
    let several_containers = state.container.is_none() && state.containers().len() > 1;
    let tail = pod.rsplit_once('-').map_or(pod, |(_, tail)| tail);
    match (several_pods, several_containers) {
        (true, true) => format!("{tail}/{container}"),
        (true, false) => tail.to_owned(),
        (false, _) => container.to_owned(),
    }
}

/// A line of JSON as its message and its other fields, `message  key=value …`; none where it is no JSON object.
fn fields(text: &str) -> Option<String> {
    let Value::Object(mut object) = serde_json::from_str(text.trim()).ok()? else { return None };
    let show = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let message = ["msg", "message", "log", "event"].iter().find_map(|key| object.remove(*key));
    // The moment and the level are shown already.
    for known in ["ts", "time", "timestamp", "@timestamp", "level", "severity"] {
        object.remove(known);
    }
    let rest = object.iter().map(|(key, value)| format!("{key}={}", show(value)));
    let parts: Vec<String> = message.iter().map(show).chain(rest).collect();
    Some(crate::text::sanitise(&parts.join("  ")).into_owned())
}

fn empty(state: &State) -> Vec<Spans> {
    let said = |problem: &Problem| {
        let hints = problem.hints.iter().map(|hint| plain(hint.clone(), Role::Dim));
        std::iter::once(plain(problem.what.clone(), Role::NoticeError))
            .chain([plain(problem.why.clone(), Role::Text)])
            .chain(hints)
            .collect::<Vec<_>>()
    };
    match &state.problem {
        Some(problem) => said(problem),
        None if !state.answered || state.sources.is_empty() => vec![plain(format!("reading the logs of {}…", title(state)), Role::Dim)],
        None if !state.want.find.is_empty() => vec![plain(format!("no line holds {}; esc clears the search", state.want.find), Role::Dim)],
        None if state.previous => vec![plain("there was no run before this one; p goes back", Role::Dim)],
        None => {
            vec![plain(format!("nothing was written yet ({}); 1 reads from the beginning", SINCE[state.since.min(SINCE.len() - 1)].1), Role::Dim)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_message_and_fields() {
        let line = r#"{"level":"info","ts":1,"msg":"served","path":"/","ms":3,"nested":{"a":1}}"#;
        assert_eq!(fields(line).unwrap(), r#"served  ms=3  nested={"a":1}  path=/"#);
        assert_eq!(fields("plain text"), None);
        assert_eq!(fields("[1]"), None);
    }
}
