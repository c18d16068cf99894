//! What the tree looks like: breadcrumb, and as many of its lines as are seen. Changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::{Grove, Line, Standing, State, What};
use crate::cluster::rows::{Phase, RowState};
use crate::names::Problem;
use crate::survey::world::There;
use crate::text::quantity;
use crate::tui::app::shared::Shared;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::Segment;
use crate::tui::widgets::lines::{self, Spans, plain};
use crate::tui::widgets::paint::{page, put, row, scroll, tint};
use crate::tui::widgets::spot::Spot;
use crate::tui::widgets::table::{Sign, sign};

/// Line 2: what is looked at, how much there is, what hurts, what is not known.
pub fn crumbs(state: &State, look: &Look<'_>) -> Vec<Segment> {
    let mut segments = vec![Segment::new("xray", Role::Title, 0)];
    let Some(ask) = &state.ask else { return segments };
    segments.push(Segment::new(ask.kind.clone(), Role::Title, 0));
    let place = if ask.namespaces.is_empty() { "all namespaces".to_owned() } else { ask.namespaces.join(",") };
    segments.push(Segment::new(place, Role::Text, 1));
    let roots = state.roots();
    segments.push(Segment::new(format!("{} {}", quantity::count(roots as u64), if roots == 1 { "root" } else { "roots" }), Role::Text, 0));
    segments.extend(faults(state, look));
    if !state.filter.is_empty() {
        segments.push(Segment::new(format!("/{}", state.filter), Role::Match, 1));
    }
    let reading = |grove: &&Grove| {
        grove.problem.is_none() && (grove.root.is_none() || grove.world.phases().iter().any(|(_, phase)| matches!(phase, Phase::Syncing { .. })))
    };
    for grove in state.groves.iter().filter(reading) {
        segments.push(Segment::new(format!("reading {}", grove.cluster), Role::StatusProgress, 1));
    }
    let mut unknown: Vec<&str> = state.groves.iter().flat_map(|grove| grove.world.unknown().map(|(kind, _)| &*kind.kind)).collect();
    unknown.sort_unstable();
    unknown.dedup();
    if !unknown.is_empty() {
        segments.push(Segment::new(format!("{} not known: {}", look.theme.glyphs().unknown, unknown.join(", ")), Role::StatusUnknown, 2));
    }
    segments
}

/// What is wrong in the lines that are unfolded.
fn faults(state: &State, look: &Look<'_>) -> Option<Segment> {
    let missing = state.lines.iter().filter(|line| matches!(&line.what, What::Need(need, _) if need.there.is_wrong())).count();
    let bad = |line: &&Line| matches!(line.what, What::Object(at) if state.groves.get(line.grove).and_then(|grove| grove.world.row(at)).is_some_and(|row| row.state == RowState::Bad));
    let bad = state.lines.iter().filter(bad).count();
    let glyph = look.theme.glyphs().bad;
    match (bad, missing) {
        (0, 0) => None,
        (bad, 0) => Some(Segment::new(format!("{glyph}{bad}"), Role::StatusBad, 0)),
        (0, missing) => Some(Segment::new(format!("{missing} missing"), Role::StatusBad, 0)),
        (bad, missing) => Some(Segment::new(format!("{glyph}{bad}  {missing} missing"), Role::StatusBad, 0)),
    }
}

/// Draws the lines that are seen; answers the first of them and how many a page has, and where they stand.
pub fn draw(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> ((usize, usize), Spot) {
    page(buf, area, look.theme.style(Role::Text));
    let height = usize::from(area.height);
    let top = scroll(state.top, state.position, height, state.lines.len());
    for (y, line) in state.lines.iter().skip(top).take(height).enumerate() {
        let Some(grove) = state.groves.get(line.grove) else { continue };
        let y = u16::try_from(y).unwrap_or(u16::MAX);
        let (mark, spans) = told(grove, line, state, look);
        let (glyph, role) = sign(mark, look.theme);
        put(buf, area, 2, y, glyph, look.theme.style(role));
        let inside = Rect { x: area.x + 4, y: area.y + y, width: area.width.saturating_sub(5), height: 1 };
        lines::line(&spans, &state.filter, inside, buf, look.theme);
        if top + usize::from(y) == state.position {
            tint(buf, row(area, y), look.theme.style(Role::Cursor));
            put(buf, area, 0, y, look.theme.glyphs().cursor, look.theme.style(Role::BorderFocus));
        }
    }
    if state.lines.is_empty() {
        empty(state, shared, look, area, buf);
    }
    ((top, height), Spot::rows(area, top, state.lines.len()))
}

fn mark(state: RowState) -> Sign {
    match state {
        RowState::Fine | RowState::Done => Sign::None,
        RowState::Progress => Sign::Progress,
        RowState::Unknown => Sign::Unknown,
        RowState::Warn => Sign::Warn,
        RowState::Bad => Sign::Bad,
    }
}

fn role_of(state: RowState) -> Role {
    match state {
        RowState::Fine => Role::Dim,
        RowState::Done => Role::Stale,
        RowState::Progress => Role::StatusProgress,
        RowState::Unknown => Role::StatusUnknown,
        RowState::Warn => Role::StatusWarn,
        RowState::Bad => Role::StatusBad,
    }
}

/// A line: its sign, then branches, kind, name and how it does.
fn told(grove: &Grove, line: &Line, state: &State, look: &Look<'_>) -> (Sign, Spans) {
    let mut spans = vec![(branches(line, state.groves.len() > 1, look), Role::Border)];
    let glyphs = look.theme.glyphs();
    let fold = match line.open {
        Some(true) => glyphs.below,
        Some(false) => glyphs.right,
        None if line.depth > usize::from(state.groves.len() > 1) => glyphs.rule,
        None => " ",
    };
    spans.push((format!("{fold} "), Role::Border));
    let state = match &line.what {
        What::Cluster => {
            spans.push((grove.cluster.to_string(), Role::Title));
            let kind = state.ask.as_ref().map_or("", |ask| &ask.kind);
            let (note, role, state) = match grove.standing() {
                Standing::Failed(problem) => (refusal(grove, problem), Role::StatusBad, RowState::Bad),
                Standing::Known if line.open.is_none() => (format!("has no {kind} here"), Role::Dim, RowState::Fine),
                Standing::Reading if line.open.is_none() => (format!("reading {kind}…"), Role::StatusProgress, RowState::Progress),
                Standing::Known | Standing::Reading => (String::new(), Role::Dim, RowState::Fine),
            };
            spans.push((format!("  {note}"), role));
            state
        }
        What::Object(at) => {
            let Some(row) = grove.world.row(*at) else { return (Sign::None, spans) };
            let spaced = state.ask.as_ref().is_some_and(|ask| ask.namespaces.len() != 1) && line.depth == usize::from(state.groves.len() > 1);
            let name =
                row.namespace.as_deref().filter(|_| spaced).map_or_else(|| row.name.to_string(), |namespace| format!("{namespace}/{}", row.name));
            spans.extend([(format!("{} ", row.gvk.kind), Role::Dim), (name, if row.state == RowState::Done { Role::Stale } else { Role::Text })]);
            spans.push((format!("  {}", grove.world.note(*at)), role_of(row.state)));
            row.state
        }
        What::Inside(at, place) => {
            let Some(inside) = grove.world.inside(*at).get(*place) else { return (Sign::None, spans) };
            spans.extend([
                (format!("{} ", inside.what), Role::Dim),
                (inside.name.clone(), Role::Text),
                (format!("  {}", inside.note), role_of(inside.state)),
            ]);
            inside.state
        }
        What::Need(need, _) => {
            let quiet = matches!(need.there, There::Optional | There::Unknown);
            let name = (need.other.name.to_string(), if quiet { Role::Stale } else { Role::Text });
            spans.extend([(format!("{} ", need.verb), Role::Dim), (format!("{} ", need.other.gvk.kind), Role::Dim), name]);
            let (text, role) = match &need.there {
                There::Yes => (need.note.clone(), role_of(need.state)),
                There::Missing => ("is missing".to_owned(), Role::StatusBad),
                There::Lacks(key) => (format!("has no key {key}"), Role::StatusBad),
                There::Optional => ("not there, and need not be".to_owned(), Role::Dim),
                There::Unknown => ("not known".to_owned(), Role::StatusUnknown),
            };
            spans.push((format!("  {text}"), role));
            if need.there.is_wrong() { RowState::Bad } else { need.state }
        }
    };
    (mark(state), spans)
}

/// Why nothing is known of a cluster, behind its name.
fn refusal(grove: &Grove, problem: &Problem) -> String {
    let what = problem.what.strip_prefix(grove.cluster.as_str()).unwrap_or(&problem.what).trim_start();
    if problem.why.is_empty() { what.to_owned() } else { format!("{what}: {}", problem.why) }
}

/// The lines that join a line to the one above it.
fn branches(line: &Line, many: bool, look: &Look<'_>) -> String {
    let glyphs = look.theme.glyphs();
    let first = usize::from(many);
    if line.depth <= first {
        return if line.depth == 0 { String::new() } else { "  ".to_owned() };
    }
    let rail = |level: usize| if line.rails >> level & 1 == 1 { glyphs.trunk } else { "  " };
    let rails: String = (first + 1..line.depth).map(rail).collect();
    let lead = if many { "  " } else { "" };
    format!("{lead}{rails}{}", glyphs.branches[usize::from(line.last)])
}

/// What would be here, why it is not, and what changes it.
fn empty(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let area = Rect { x: area.x + 4, y: area.y + 2, width: area.width.saturating_sub(6), height: area.height.saturating_sub(2) };
    for (at, line) in lines::fold(&why_empty(state, shared), area.width, true).iter().enumerate() {
        lines::line(line, "", row(area, u16::try_from(at).unwrap_or(u16::MAX)), buf, look.theme);
    }
}

fn why_empty(state: &State, shared: &Shared) -> Vec<Spans> {
    let text = |text: String| plain(text, Role::Dim);
    let Some(ask) = &state.ask else { return vec![text("a tree of any kind: :xray deploy shop".into())] };
    if shared.open.is_empty() {
        return vec![text("no context is open".into()), text(":ctx lists them; space marks several, enter opens".into())];
    }
    if !state.filter.is_empty() {
        return vec![text(format!("nothing here is called {}; esc shows all", state.filter))];
    }
    let one = |grove: &Grove| -> Vec<Spans> {
        match grove.standing() {
            Standing::Failed(problem) => said(problem),
            Standing::Known => vec![text(format!("{} has no {} here", grove.cluster, ask.kind))],
            Standing::Reading => vec![text(format!("reading {} of {}…", ask.kind, grove.cluster))],
        }
    };
    state.groves.iter().flat_map(one).collect()
}

fn said(problem: &Problem) -> Vec<Spans> {
    let mut lines = vec![plain(problem.what.clone(), Role::NoticeError)];
    if !problem.why.is_empty() {
        lines.push(plain(problem.why.clone(), Role::Text));
    }
    lines.extend(problem.hints.iter().map(|hint| plain(hint.clone(), Role::Dim)));
    lines
}
