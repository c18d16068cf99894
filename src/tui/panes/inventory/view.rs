//! What the inventory looks like: breadcrumb, table, and the object beside or over it. Changes nothing.

mod detail;
mod gaps;
mod gauge;
mod groups;
mod table;
mod tabs;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub(super) use self::detail::tabs;
pub use self::table::texts;
pub(super) use self::table::{heads, orders};

use self::detail::body;
use self::table::table;
use super::state::{Seen, State, View};
use crate::cluster::access;
use crate::cluster::connection::Health;
use crate::cluster::rows::{Phase, Row, RowState};
use crate::cluster::table::{Sort, SortBy};
use crate::cluster::views::{Ask, YOU};
use crate::names::{ClusterId, Problem};
use crate::text::quantity;
use crate::tui::app::shared::Shared;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::Segment;
use crate::tui::widgets::lines::{self, Spans, plain};
use crate::tui::widgets::paint::row;
use crate::tui::widgets::table::Sign;

/// From this width on the detail stands at the right instead of below.
const BESIDE: u16 = 140;

/// Namespaces that are named one by one.
const NAMED: usize = 3;

/// Line 2: where I am, how much there is, what hurts, how old it is.
pub fn crumbs(state: &State, shared: &Shared, look: &Look<'_>) -> Vec<Segment> {
    let view = &state.view;
    let place = match view.namespaces.as_slice() {
        [] => "all namespaces".to_owned(),
        [..] if view.namespaces.len() <= NAMED => view.namespaces.join(","),
        many => format!("{} namespaces", many.len()),
    };
    let place = if cluster_scoped(state) { String::new() } else { place };
    let mut segments = vec![Segment::new(view.kind.clone(), Role::Title, 0)];
    if !place.is_empty() {
        segments.push(Segment::new(place, Role::Text, 1));
    }
    segments.extend(view.of.as_ref().map(|of| Segment::new(format!("of {}", of.name(shared.open.len() > 1)), Role::Match, 1)));
    segments.extend(state.grouping.as_ref().map(groups::crumb));
    segments.extend(yourself(state, shared));
    segments.push(count(state));
    segments.extend(faults(state, look));
    if !view.labels.is_empty() && view.of.is_none() {
        segments.push(Segment::new(format!("-l {}", view.labels), Role::Match, 2));
    }
    if !state.filter.is_empty() {
        segments.push(Segment::new(format!("/{}", state.filter), Role::Match, 1));
    }
    if state.trouble {
        segments.push(Segment::new("trouble only", Role::Match, 1));
    }
    if !state.marks.is_empty() {
        segments.push(Segment::new(format!("{} marked", state.marks.len()), Role::Mark, 1));
    }
    if let Some(followed) = &state.followed {
        segments.push(Segment::new(format!("following {}", followed.name), Role::Match, 2));
    }
    if state.saving > 0 {
        segments.push(Segment::new("saving", Role::StatusProgress, 1));
    }
    if state.deleting > 0 {
        segments.push(Segment::new(format!("deleting {}", state.deleting), Role::StatusProgress, 1));
    }
    if state.table.sort() != Sort::default() && !state.lists_groups() {
        segments.push(order(state, shared, look));
    }
    if state.table.is_held() {
        segments.push(Segment::new("order held", Role::Dim, 3));
    }
    segments.extend(staleness(state, shared));
    segments.extend(gaps::crumbs(state));
    segments.extend(gauge::crumb(state));
    // The first to go where room is short; `?` lists them too.
    segments.extend(digits(state));
    segments
}

/// Whether one may do oneself what it is asked who may do.
fn yourself(state: &State, shared: &Shared) -> Vec<Segment> {
    if !Ask::parse(&state.view.kind).is_some_and(|ask| ask.asks_who()) {
        return Vec::new();
    }
    let message = state.table.columns().iter().position(|column| &*column.name == "MESSAGE");
    let own = state.table.rows().filter(|row| access::is_answer(&row.gvk) && &*row.name == YOU);
    let one = |row: &Row| {
        let said = message.and_then(|at| row.cells.get(at)).map(|cell| cell.show(0).into_owned()).unwrap_or_default();
        let word = said.split(':').next().unwrap_or_default();
        let cluster = if shared.open.len() > 1 { format!(" in {}", row.cluster) } else { String::new() };
        let namespace = row.namespace.as_ref().filter(|_| state.view.namespaces.len() > 1).map(|name| format!(" in {name}")).unwrap_or_default();
        Segment::new(format!("you{namespace}{cluster}: {word}"), Role::Match, 1)
    };
    own.map(one).collect()
}

/// The digits that never change their meaning.
fn digits(state: &State) -> Option<Segment> {
    let pinned = state.kept.pinned.iter().take(9).zip(1..);
    let texts: Vec<String> = pinned.map(|(name, digit): (_, u8)| format!("{digit} {name}")).collect();
    (!texts.is_empty() && !cluster_scoped(state) || !texts.is_empty() && state.view.kind == "namespaces")
        .then(|| Segment::new(texts.join("  "), Role::Dim, 9))
}

fn cluster_scoped(state: &State) -> bool {
    // A mixed view may begin with a node and go on with pods.
    let mixed = Ask::parse(&state.view.kind).is_some();
    !mixed && (state.scoped.contains(&state.view.kind) || state.table.row(0).is_some_and(|row| row.namespace.is_none()))
}

fn count(state: &State) -> Segment {
    let (seen, all) = (state.table.visible(), state.table.len());
    let text = if seen == all {
        format!("{} {}", quantity::count(all as u64), if all == 1 { "row" } else { "rows" })
    } else {
        format!("{} of {}", quantity::count(seen as u64), quantity::count(all as u64))
    };
    Segment::new(text, Role::Text, 0)
}

fn faults(state: &State, look: &Look<'_>) -> Option<Segment> {
    let counts = state.table.counts();
    let glyphs = look.theme.glyphs();
    let kinds = [
        (RowState::Bad, glyphs.bad, Role::StatusBad),
        (RowState::Warn, glyphs.warn, Role::StatusWarn),
        (RowState::Progress, glyphs.progress, Role::StatusProgress),
    ];
    let some = kinds.into_iter().filter(|(kind, ..)| counts[*kind as usize] > 0);
    some.fold(None, |sum: Option<Segment>, (kind, glyph, role)| {
        let text = format!("{glyph}{}", counts[kind as usize]);
        Some(match sum {
            None => Segment::new(text, role, 0),
            Some(sum) => sum.and(format!(" {text}"), role),
        })
    })
}

fn order(state: &State, shared: &Shared, look: &Look<'_>) -> Segment {
    let sort = state.table.sort();
    let glyphs = look.theme.glyphs();
    let sign = if sort.descending { glyphs.descending } else { glyphs.ascending };
    let name = match sort.by {
        SortBy::Fault => "faults".to_owned(),
        SortBy::Column(at) => state.table.columns().get(at).map(|column| column.name.to_lowercase()).unwrap_or_default(),
        by => orders(state, shared).iter().position(|one| *one == by).map_or_else(String::new, |at| heads(state, shared)[at].title.to_lowercase()),
    };
    Segment::new(format!("{name}{sign}"), Role::Dim, 3)
}

/// How many of the open clusters are in the table as they are, and which are not.
fn staleness(state: &State, shared: &Shared) -> Vec<Segment> {
    let open: Vec<Part<'_>> = shared.open.iter().map(|cluster| Part::of(cluster, state, shared)).collect();
    let old: Vec<&Part<'_>> = open.iter().filter(|part| part.since.is_some()).collect();
    let mut segments = Vec::new();
    if !old.is_empty() && open.len() > 1 {
        let well = open.iter().filter(|part| part.well).count();
        segments.push(Segment::new(format!("{well} of {} clusters", open.len()), Role::StatusUnknown, 0));
    }
    if old.len() > 1 {
        let word = old.iter().map(|part| part.word).reduce(|word, other| if word == other { word } else { "not answering" }).unwrap_or_default();
        let since = old.iter().filter_map(|part| part.since).min().unwrap_or_default();
        segments.push(Segment::new(format!("{} {word} since {}", old.len(), clock(since)), Role::StatusUnknown, 2));
    }
    segments.extend(open.iter().filter(|part| part.since.is_none() || old.len() == 1).filter_map(Part::named));
    segments
}

/// One cluster's part of the table.
struct Part<'a> {
    cluster: &'a ClusterId,
    phase: Option<&'a Phase>,
    /// Its rows are what it has.
    well: bool,
    /// Since when they are not known to be, unix seconds.
    since: Option<i64>,
    word: &'static str,
}

impl<'a> Part<'a> {
    fn of(cluster: &'a ClusterId, state: &'a State, shared: &Shared) -> Self {
        let phase = state.table.phases().iter().find(|(id, _)| id == cluster).map(|(_, phase)| phase);
        let lost = shared.connection(cluster).filter(|one| matches!(one.health, Health::Unreachable | Health::AuthNeeded));
        let since = match phase {
            Some(Phase::Stale { since, .. }) => Some(*since),
            _ => lost.map(|one| one.since),
        };
        let word = match lost.map(|one| one.health) {
            Some(Health::AuthNeeded) => "without login",
            Some(_) => "unreachable",
            None => "not answering",
        };
        Self { cluster, phase, well: since.is_none() && phase == Some(&Phase::Synced), since, word }
    }

    /// What it is waited for, or of when its rows are.
    fn named(&self) -> Option<Segment> {
        let cluster = self.cluster;
        match (self.phase?, self.since) {
            (Phase::Synced, None) => None,
            (Phase::Syncing { count: 0 }, None) => Some(Segment::new(format!("reading {cluster}"), Role::StatusProgress, 1)),
            (Phase::Syncing { count }, None) => {
                Some(Segment::new(format!("reading {cluster}: {}", quantity::count(*count as u64)), Role::StatusProgress, 1))
            }
            (Phase::Stale { since, problem }, _) if problem.code == "cluster.busy" => {
                let when = problem.why.split_once(';').map_or("again soon", |(when, _)| when);
                Some(Segment::new(format!("{cluster} busy since {}, {when}", clock(*since)), Role::StatusUnknown, 1))
            }
            (_, Some(since)) => Some(Segment::new(format!("{cluster} as of {}", clock(since)), Role::StatusUnknown, 1)),
            (Phase::Stale { since, .. }, None) => Some(Segment::new(format!("{cluster} as of {}", clock(*since)), Role::StatusUnknown, 1)),
        }
    }
}

/// `14:03Z`.
pub fn clock(unix: i64) -> String {
    let minutes = unix.rem_euclid(86_400) / 60;
    format!("{:02}:{:02}Z", minutes / 60, minutes % 60)
}

/// Draws tabs, table and detail; answers what was seen.
pub fn draw(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Seen {
    let above = tabs::rows(state).min(area.height);
    let below = Rect { y: area.y + above, height: area.height - above, ..area };
    let mut seen = regions(state, shared, look, below, buf);
    seen.spots.extend(tabs::draw(state, look, area, buf));
    seen
}

fn regions(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Seen {
    if let Some(grouping) = state.grouping.as_ref().filter(|_| state.lists_groups()) {
        return groups::groups(state, grouping, shared, look, area, buf);
    }
    let Some(detail) = &state.detail else { return table(state, shared, look, area, true, buf) };
    if detail.full || area.height < 10 {
        let mut seen = state.seen.clone();
        body(detail, true, look, area, buf, &mut seen);
        return seen;
    }
    let (above, below) = split(area);
    let mut seen = table(state, shared, look, above, !state.in_detail, buf);
    body(detail, state.in_detail, look, below, buf, &mut seen);
    seen
}

/// The detail at the right of a wide screen, else below.
fn split(area: Rect) -> (Rect, Rect) {
    if area.width >= BESIDE {
        let left = area.width * 6 / 10;
        return (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area });
    }
    let above = area.height * 45 / 100;
    (Rect { height: above, ..area }, Rect { y: area.y + above, height: area.height - above, ..area })
}

fn role_of(state: RowState) -> Role {
    match state {
        RowState::Fine | RowState::Done => Role::Text,
        RowState::Progress => Role::StatusProgress,
        RowState::Unknown => Role::StatusUnknown,
        RowState::Warn => Role::StatusWarn,
        RowState::Bad => Role::StatusBad,
    }
}

fn sign(state: RowState) -> Sign {
    match state {
        RowState::Fine | RowState::Done => Sign::None,
        RowState::Progress => Sign::Progress,
        RowState::Unknown => Sign::Unknown,
        RowState::Warn => Sign::Warn,
        RowState::Bad => Sign::Bad,
    }
}

/// What would be here, why it is not, and the key that changes it.
fn empty(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let area = Rect { x: area.x + 4, y: area.y + 2, width: area.width.saturating_sub(6), height: area.height.saturating_sub(2) };
    for (at, line) in lines::fold(&why_empty(state, shared), area.width, true).iter().enumerate() {
        lines::line(line, "", row(area, u16::try_from(at).unwrap_or(u16::MAX)), buf, look.theme);
    }
}

fn why_empty(state: &State, shared: &Shared) -> Vec<Spans> {
    let text = |text: String| plain(text, Role::Dim);
    if shared.open.is_empty() {
        return vec![text("no context is open".into()), text(":ctx lists them; space marks several, enter opens".into())];
    }
    if !state.table.is_empty() {
        return vec![text(format!("none of {} rows passes the filter; esc clears it", quantity::count(state.table.len() as u64)))];
    }
    let mut lines = Vec::new();
    for (cluster, phase) in state.table.phases() {
        match phase {
            Phase::Stale { problem, .. } => lines.extend(told(problem)),
            Phase::Syncing { .. } => lines.push(text(format!("reading {} of {cluster}…", state.view.kind))),
            Phase::Synced => lines.push(text(nothing_there(state, cluster.as_str()))),
        }
    }
    lines.extend(gaps::told(state));
    if lines.is_empty() {
        let troubled = shared.open.iter().filter_map(|id| shared.connection(id)?.problem.as_ref());
        lines.extend(troubled.flat_map(told));
    }
    if lines.is_empty() {
        let names: Vec<&str> = shared.open.iter().map(crate::names::ClusterId::as_str).collect();
        lines.push(text(format!("connecting to {}…", names.join(", "))));
    }
    lines
}

fn nothing_there(state: &State, cluster: &str) -> String {
    if let Some(of) = &state.view.of {
        return format!("{} has no {}; esc goes back", of.name(false), state.view.kind);
    }
    let View { kind, namespaces, labels, .. } = &state.view;
    if let Some(ask) = Ask::parse(kind) {
        return format!("{cluster}: {}", ask.view.nothing);
    }
    let with = if labels.is_empty() { String::new() } else { format!(" with -l {labels}") };
    if namespaces.is_empty() || cluster_scoped(state) {
        return format!("{cluster} has no {kind}{with}");
    }
    format!("{cluster} has no {kind}{with} in namespace {}; 0 shows all namespaces", namespaces.join(", "))
}

/// A problem as lines: what, why, what to do.
pub fn told(problem: &Problem) -> Vec<Spans> {
    let mut lines = vec![plain(problem.what.clone(), Role::NoticeError)];
    if !problem.why.is_empty() {
        lines.push(plain(problem.why.clone(), Role::Text));
    }
    lines.extend(problem.hints.iter().map(|hint| plain(hint.clone(), Role::Dim)));
    lines
}
