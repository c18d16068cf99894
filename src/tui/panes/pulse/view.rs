//! What the pulse looks like: a row a kind, and under them what each cluster's nodes use and how often something warned. Changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::{EVENTS, KINDS, Load, MINUTES, NODES, PODS, State, Tally, faults};
use crate::cluster::metrics::nearness;
use crate::cluster::rows::{Phase, RowState};
use crate::names::ClusterId;
use crate::text::age::age;
use crate::text::quantity;
use crate::tui::app::shared::Shared;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::theme::glyph::Glyphs;
use crate::tui::widgets::bar::{Segment, rule};
use crate::tui::widgets::chart::{Columns, bar, halved};
use crate::tui::widgets::paint::{page, put, put_right, row, scroll};
use crate::tui::widgets::spot::Spot;
use crate::tui::widgets::table::{Cell, EXTRA, Head, RowView, Sign, TableView, body_height, measure};

/// Columns of the bar that says how many are well and how many are not.
const HEALTH: usize = 10;
/// Columns of a bar of use.
const BAR: u16 = 8;
/// Rows that kinds have at least, before clusters have theirs.
const KIND_ROWS: u16 = 8;

/// Line 2.
pub fn crumbs(state: &State, shared: &Shared, look: &Look<'_>) -> Vec<Segment> {
    let clusters = shared.open.len();
    let mut segments = vec![
        Segment::new("pulse", Role::Title, 0),
        Segment::new(format!("{clusters} {}", if clusters == 1 { "cluster" } else { "clusters" }), Role::Text, 0),
        Segment::new("all namespaces", Role::Text, 2),
    ];
    let all = KINDS.iter().filter(|kind| **kind != EVENTS).filter_map(|kind| state.sum(&shared.open, kind));
    let all = all.fold(Tally::default(), |sum, one| sum.and(&one));
    for (of, glyph, role) in signs(look.theme.glyphs()) {
        if all.of(of) > 0 {
            segments.push(Segment::new(format!("{glyph}{}", quantity::count(all.of(of) as u64)), role, 1));
        }
    }
    segments.extend(shared.open.iter().filter_map(|id| behind(state, id, look.now)));
    segments
}

fn signs(glyphs: &Glyphs) -> [(RowState, &'static str, Role); 3] {
    [
        (RowState::Bad, glyphs.bad, Role::StatusBad),
        (RowState::Warn, glyphs.warn, Role::StatusWarn),
        (RowState::Progress, glyphs.progress, Role::StatusProgress),
    ]
}

/// A cluster whose counts are not the newest.
fn behind(state: &State, id: &ClusterId, now: i64) -> Option<Segment> {
    let phases = || KINDS.iter().filter_map(|kind| state.tally(id, kind)?.phase.as_ref());
    let old = phases().find_map(|phase| if let Phase::Stale { since, .. } = phase { Some(*since) } else { None });
    let reading = phases().next().is_none() || phases().any(|phase| matches!(phase, Phase::Syncing { .. }));
    match old {
        Some(since) => Some(Segment::new(format!("{id} as of {} ago", age(now - since)), Role::StatusUnknown, 1)),
        None if reading => Some(Segment::new(format!("reading {id}"), Role::StatusProgress, 1)),
        None => None,
    }
}

/// Draws kinds, clusters and warnings; answers where the kinds stand.
pub fn draw(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Vec<Spot> {
    let clusters = u16::try_from(shared.open.len()).unwrap_or(u16::MAX);
    let wanted = clusters.saturating_mul(2).saturating_add(2);
    let below = wanted.min(area.height.saturating_sub(KIND_ROWS));
    let below = if below < 3 { 0 } else { below };
    let above = Rect { height: area.height - below, ..area };
    let spots = kinds(state, shared, look, above, buf);
    if below > 0 {
        loads(state, shared, look, Rect { y: area.y + above.height, height: below, ..area }, buf);
    }
    spots
}

fn kinds(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Vec<Spot> {
    let heads = heads(shared);
    let view = |at: usize| KINDS.get(at).map(|kind| kind_row(kind, state, shared, look)).unwrap_or_default();
    let widths = measure(&[], &heads, (0..KINDS.len()).map(view));
    let top = scroll(0, state.position, body_height(area), KINDS.len());
    let table = TableView { heads: &heads, widths: &widths, row: &view, total: KINDS.len(), top, cursor: state.position, focus: true, found: &[] };
    table.draw(area, buf, look.theme).spots
}

fn heads(shared: &Shared) -> Vec<Head> {
    let head = |title: &str, rank: u8, right: bool| Head { title: title.into(), rank, right, ..Head::default() };
    let mut heads = vec![
        Head { grows: true, ..head("KIND", 0, false) },
        head("TOTAL", 1, true),
        head("FAILED", 0, true),
        head("WARNING", 1, true),
        head("ON ITS WAY", 2, true),
        head("UNKNOWN", 9, true),
        head("WELL", 5, false),
    ];
    if shared.open.len() > 1 {
        heads.extend(shared.open.iter().map(|id| head(id.as_str(), EXTRA, true)));
    }
    heads
}

fn kind_row(kind: &str, state: &State, shared: &Shared, look: &Look<'_>) -> RowView {
    let plain = |text: String| Cell { text, role: Role::Text };
    let Some(tally) = state.sum(&shared.open, kind) else {
        return RowView { cells: vec![Cell { text: kind.into(), role: Role::Dim }], grey: true, ..RowView::default() };
    };
    let number = |of: RowState, role: Role| match tally.of(of) {
        0 => plain(String::new()),
        count => Cell { text: quantity::count(count as u64), role },
    };
    let (well, text) = health(kind, &tally, look);
    let mut cells = vec![
        plain(if kind == EVENTS { "events, warnings only".into() } else { kind.into() }),
        plain(quantity::count(tally.total() as u64)),
        number(RowState::Bad, Role::StatusBad),
        number(RowState::Warn, Role::StatusWarn),
        number(RowState::Progress, Role::StatusProgress),
        number(RowState::Unknown, Role::StatusUnknown),
        Cell { text, role: well },
    ];
    if shared.open.len() > 1 {
        cells.extend(shared.open.iter().map(|id| here(state.tally(id, kind), look)));
    }
    RowView { sign: sign(kind, &tally), cells, grey: tally.total() == 0, ..RowView::default() }
}

/// How many there are in one cluster, and how many of them somebody should look at.
fn here(tally: Option<&Tally>, look: &Look<'_>) -> Cell {
    let Some(tally) = tally.filter(|tally| tally.phase.is_some()) else { return Cell { text: String::new(), role: Role::Dim } };
    let total = quantity::count(tally.total() as u64);
    match (faults(tally), tally.of(RowState::Bad)) {
        (0, _) => Cell { text: total, role: Role::Text },
        (some, 0) => Cell { text: format!("{}{some} {total}", look.theme.glyphs().warn), role: Role::StatusWarn },
        (some, _) => Cell { text: format!("{}{some} {total}", look.theme.glyphs().bad), role: Role::StatusBad },
    }
}

/// Old warnings are no fault of now.
fn sign(kind: &str, tally: &Tally) -> Sign {
    match () {
        () if kind == EVENTS => Sign::None,
        () if tally.of(RowState::Bad) > 0 => Sign::Bad,
        () if tally.of(RowState::Warn) > 0 => Sign::Warn,
        () if tally.of(RowState::Unknown) > 0 => Sign::Unknown,
        () if tally.of(RowState::Progress) > 0 => Sign::Progress,
        () => Sign::None,
    }
}

/// A bar whose thin part is well and whose full part is not, and its look: where all is well it is quiet.
fn health(kind: &str, tally: &Tally, look: &Look<'_>) -> (Role, String) {
    let total = tally.total();
    if total == 0 || kind == EVENTS {
        return (Role::Text, String::new());
    }
    let ill = faults(tally) + tally.of(RowState::Progress) + tally.of(RowState::Unknown);
    // One that is ill is seen among thousands.
    let well = if ill == 0 { HEALTH } else { ((total - ill) * HEALTH / total).min(HEALTH - 1) };
    let role = match (ill, tally.of(RowState::Bad)) {
        (0, _) => Role::Dim,
        (_, 0) => Role::StatusWarn,
        _ => Role::StatusBad,
    };
    (role, look.theme.glyphs().rule.repeat(well) + &look.theme.glyphs().lengths[7].repeat(HEALTH - well))
}

/// What nodes use of what they can give, two rows a cluster; and how often something warned.
fn loads(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    page(buf, area, look.theme.style(Role::Text));
    let title = [Segment::new("in use", Role::Text, 0), Segment::new("of what nodes can give to pods", Role::Dim, 2)];
    rule(buf, row(area, 0), &title, &[Segment::new("over time, from the left", Role::Dim, 3)], false, look.theme);
    let names = shared.open.iter().map(|id| crate::tui::widgets::paint::width(id.as_str())).max().unwrap_or(0).min(20);
    let mut y = 1;
    for id in &shared.open {
        if y + 2 >= area.height {
            break;
        }
        let load = state.loads.get(id);
        let whole = state.tally(id, NODES).map(|tally| tally.whole).unwrap_or_default();
        let asked = state.tally(id, PODS).map(|tally| tally.whole).unwrap_or_default();
        put(buf, Rect { width: names + 2, ..area }, 2, y, id.as_str(), look.theme.style(Role::Text));
        let lines = [
            Line {
                name: "cpu",
                used: load.and_then(|load| load.now).map(|now| now.0),
                whole: whole.0,
                asked: asked.0,
                show: quantity::cores,
                pick: |one| one.0,
            },
            Line {
                name: "memory",
                used: load.and_then(|load| load.now).map(|now| now.1),
                whole: whole.1,
                asked: asked.1,
                show: quantity::memory,
                pick: |one| one.1,
            },
        ];
        for line in lines {
            line.draw(load, look, Rect { x: area.x + names + 4, y: area.y + y, width: area.width.saturating_sub(names + 4), height: 1 }, buf);
            y += 1;
        }
    }
    warnings(state, shared, look, row(area, area.height - 1), buf);
}

/// One resource of one cluster.
struct Line {
    name: &'static str,
    used: Option<u64>,
    whole: u64,
    asked: u64,
    show: fn(u64) -> String,
    pick: fn(&(u64, u64)) -> u64,
}

impl Line {
    fn draw(&self, load: Option<&Load>, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
        let dim = look.theme.style(Role::Dim);
        put(buf, area, 0, 0, self.name, dim);
        let Some((used, load)) = self.used.zip(load) else {
            let why = load.and_then(|load| load.problem.as_ref()).map_or_else(|| "not measured".to_owned(), |problem| problem.what.clone());
            put(buf, area, 8, 0, &why, dim);
            return;
        };
        let share = if self.whole == 0 { 0.0 } else { used as f64 / self.whole as f64 };
        let old = look.now - load.at.0 > 2 * i64::from(load.at.1);
        let (glyph, role) = match nearness(share) {
            _ if old => (look.theme.glyphs().unknown, Role::Stale),
            RowState::Bad => (look.theme.glyphs().bad, Role::StatusBad),
            RowState::Warn => (look.theme.glyphs().warn, Role::StatusWarn),
            _ => (" ", Role::Text),
        };
        let style = look.theme.style(role);
        put_right(buf, area, 14, 0, &(self.show)(used), style);
        if self.whole > 0 {
            put(buf, area, 15, 0, &format!("of {}", (self.show)(self.whole)), dim);
            put_right(buf, area, 29, 0, &format!("{glyph}{:.0}%", share * 100.0), style);
            let colour = if role == Role::Text { Role::Chart1 } else { role };
            bar(Rect { x: area.x + 30, width: BAR.min(area.width.saturating_sub(30)), ..area }, share, colour, buf, look.theme);
        }
        let mut end = 30 + BAR + 2;
        if self.asked > 0 && area.width > 70 {
            let text = format!("asked {}", (self.show)(self.asked));
            put(buf, area, end, 0, &text, dim);
            end += 14;
        }
        let aged = if old { format!("{} old", age(look.now - load.at.0)) } else { String::new() };
        let chart = Rect { x: area.x + end, width: area.width.saturating_sub(end + 1), ..area };
        let values: Vec<Option<f64>> = load.past.iter().map(|one| Some((self.pick)(one) as f64)).collect();
        let (values, _) = halved(&values, usize::from(chart.width.saturating_sub(1)));
        let full = if self.whole > 0 { self.whole as f64 } else { 0.0 };
        Columns { values: &values, full, upper: "", lower: "", role: Role::Chart1 }.draw(chart, 0, buf, look.theme);
        put_right(buf, area, area.width, 0, &aged, dim);
    }
}

/// Warnings by the minute in which they were seen last.
fn warnings(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let now = look.now / 60;
    let mut counts = vec![0u32; usize::try_from(MINUTES).unwrap_or_default()];
    for (minute, count) in shared.open.iter().filter_map(|id| state.tally(id, EVENTS)).flat_map(|tally| &tally.minutes) {
        let at = usize::try_from(MINUTES - 1 - (now - minute)).ok();
        if let Some(place) = at.and_then(|at| counts.get_mut(at)) {
            *place += count;
        }
    }
    let last: u32 = counts.iter().rev().take(5).sum();
    let text = format!("warnings  {last} in the last 5 min");
    let end = put(buf, area, 2, 0, &text, look.theme.style(if last > 0 { Role::StatusWarn } else { Role::Dim }));
    let label = "  30 min ago ";
    let start = put(buf, area, end + 2, 0, label, look.theme.style(Role::Dim));
    let values: Vec<Option<f64>> = counts.iter().map(|count| (*count > 0).then_some(f64::from(*count))).collect();
    let width = u16::try_from(counts.len() + 1).unwrap_or(u16::MAX).min(area.width.saturating_sub(start + 5));
    let chart = Rect { x: area.x + start, width, ..area };
    Columns { values: &values, full: 0.0, upper: "", lower: "", role: Role::StatusWarn }.draw(chart, 0, buf, look.theme);
    put(buf, area, start + width + 1, 0, "now", look.theme.style(Role::Dim));
}
