//! The frame: line 1, the pane's line 2, its body, what lies over it, the footer. Changes nothing.

use std::cmp::Ordering;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::commands::{Command, parse, specs};
use super::model::{Guide, Model, Overlay};
use super::mouse::{Press, Spots};
use super::possible::refusal;
use crate::cluster::connection::{Connection, Health};
use crate::cluster::rows::RowState;
use crate::tui::flow::{GuideStep, Look, PaneId};
use crate::tui::keys::chord::{parse_key, show_key};
use crate::tui::keys::map::Lookup;
use crate::tui::overlays::{notices, which_key};
use crate::tui::panes::inventory::commands::Command as Inventory;
use crate::tui::panes::inventory::state::Seen;
use crate::tui::panes::{clusters, inventory, logs, perf, pulse, xray};
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{GAP, Segment, bar};
use crate::tui::widgets::paint::{ascii, page, put, row};
use crate::tui::widgets::spot::Drawn;

/// The smallest terminal in which anything can be shown.
pub const SMALLEST: (u16, u16) = (40, 10);

/// What a frame showed.
#[derive(Debug, Default)]
pub struct Hits {
    /// Where the text cursor stands.
    pub cursor: Option<Position>,
    /// What the inventory showed, if it was seen.
    pub inventory: Option<Seen>,
    /// What of the tree was seen: the first line, and how many a page has.
    pub xray: Option<(usize, usize)>,
    /// What of load tests was seen.
    pub perf: Option<perf::state::Seen>,
    /// What stands where.
    pub spots: Spots,
}

/// Draws everything.
pub fn draw(model: &Model, look: &Look<'_>, buf: &mut Buffer) -> Hits {
    let area = buf.area;
    page(buf, area, look.theme.style(Role::Text));
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("too small: {}×{} is needed", SMALLEST.0, SMALLEST.1);
        put(buf, area, 0, 0, &text, look.theme.style(Role::Text));
        return Hits::default();
    }
    line_one(model, look, row(area, 0), buf);
    bar(buf, row(area, 1), &crumbs(model, look), &guide(model), look.theme.style(Role::Text), look.theme);
    let body = Rect { y: area.y + 2, height: area.height - 3, ..area };
    let mut hits = Hits::default();
    match model.pane {
        PaneId::Inventory => {
            let mut seen = inventory::view::draw(&model.inventory, &model.shared, look, body, buf);
            hits.spots.pane = std::mem::take(&mut seen.spots);
            hits.inventory = Some(seen);
        }
        PaneId::Pulse => hits.spots.pane = pulse::view::draw(&model.pulse, &model.shared, look, body, buf),
        PaneId::Logs => logs::view::draw(&model.logs, look, body, buf),
        PaneId::Perf => {
            let (seen, spots) = perf::view::draw(&model.perf, look, body, buf);
            (hits.perf, hits.spots.pane) = (Some(seen), spots);
        }
        PaneId::Clusters => hits.spots.pane = clusters::view::draw(&model.clusters, &model.shared, look, body, buf),
        PaneId::Xray => {
            let (seen, spot) = xray::view::draw(&model.xray, &model.shared, look, body, buf);
            (hits.xray, hits.spots.pane) = (Some(seen), vec![spot]);
        }
    }
    hits.spots.footer = footer(model, look, row(area, area.height - 1), buf);
    if let Some(newest) = model.notices.last().filter(|_| model.flash.is_some()) {
        notices::draw_line(&newest.notice, look, row(area, area.height - 2), buf);
    }
    which(model, look, body, buf);
    for overlay in &model.overlays {
        let drawn = over(model, overlay, look, area, body, buf);
        (hits.cursor, hits.spots.over) = (drawn.cursor, drawn.spots);
    }
    if look.theme.ascii() {
        ascii(buf);
    }
    hits
}

fn over(model: &Model, overlay: &Overlay, look: &Look<'_>, area: Rect, body: Rect, buf: &mut Buffer) -> Drawn {
    match overlay {
        Overlay::Line(line) => line.draw(":", look, area, buf),
        Overlay::Filter(line, _) => line.draw("/", look, area, buf),
        Overlay::Form(form) => form.draw(look, area, buf),
        Overlay::Columns(columns) => columns.draw(look, body, buf),
        Overlay::Confirm(confirm) => confirm.draw(look, area, buf),
        Overlay::Menu(menu) => menu.draw(look, body, buf),
        Overlay::List(list) => list.draw(look, body, buf),
        Overlay::Notices(open) => open.draw(&model.notices, look, body, buf),
        Overlay::Help(help) | Overlay::Status(help) => {
            help.draw(look, body, buf);
            Drawn::default()
        }
    }
}

fn line_one(model: &Model, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let name = match model.pane {
        PaneId::Inventory => "Inventory",
        PaneId::Logs => "Logs",
        PaneId::Pulse => "Pulse",
        PaneId::Perf => "Perf",
        PaneId::Clusters => "Clusters",
        PaneId::Xray => "Xray",
    };
    let mut left = vec![Segment::new(name, Role::Title, 0), Segment::hint(",", "go", 6)];
    left.extend(danger(model));
    let mut right = Vec::new();
    if model.perf.running() > 0 {
        right.push(Segment::new(format!("{} load test", model.perf.running()), Role::StatusProgress, 2));
    }
    let unread = notices::unread(&model.notices);
    if unread > 0 {
        right.push(Segment::new(format!("{}{unread}", look.theme.glyphs().bad), Role::StatusBad, 1).and(" ,e", Role::Dim));
    }
    if model.shared.sandbox.is_none() {
        let names: Vec<&str> = model.shared.open.iter().map(crate::names::ClusterId::as_str).collect();
        let text = if names.len() > 3 { format!("{} contexts", names.len()) } else { names.join(" ") };
        right.push(Segment::new(text, Role::Text, 3));
    }
    let taken: u16 = left.iter().chain(&right).filter(|segment| segment.rank() < 3).map(|segment| segment.width() + GAP).sum();
    left.extend(health(model, look, area.width.saturating_sub(taken + 2)));
    bar(buf, area, &left, &right, look.theme.style(Role::Bar), look.theme);
}

/// What is dangerous, or only looks like the real thing, stands first.
fn danger(model: &Model) -> Vec<Segment> {
    let mut segments = Vec::new();
    if model.shared.sandbox.is_some() {
        let why = if model.shared.looked_at.is_empty() { "nothing real is touched" } else { "no kubeconfig found, nothing real is touched" };
        segments.push(Segment::new("SANDBOX", Role::Sandbox, 0));
        segments.push(Segment::new(why, Role::Bar, 5));
    }
    if model.shared.gate.readonly() {
        segments.push(Segment::new("READ-ONLY", Role::ReadOnly, 0));
    }
    if model.shared.open.iter().any(|id| model.shared.gate.is_held(id)) {
        segments.push(Segment::new("MAINTENANCE", Role::ReadOnly, 0));
    }
    if model.shared.open.iter().any(|id| model.shared.gate.is_protected(id)) {
        segments.push(Segment::new("PROTECTED", Role::Protected, 0));
    }
    segments
}

/// How the open clusters do: the healthy counted, the troubled named, worst first, three at most and as many as fit.
fn health(model: &Model, look: &Look<'_>, room: u16) -> Vec<Segment> {
    if model.shared.sandbox.is_some() {
        return Vec::new();
    }
    let open: Vec<&Connection> = model.shared.open.iter().filter_map(|id| model.shared.connection(id)).collect();
    let well = |one: &&Connection| one.health == Health::Ready && !one.slow();
    let ready = open.iter().filter(|one| well(one)).count();
    let mut troubled: Vec<&Connection> = open.into_iter().filter(|one| !well(one) && one.health != Health::Off).collect();
    troubled.sort_by_key(|one| !matches!(one.health, Health::Unreachable | Health::AuthNeeded));
    let shown = |named: usize, words: bool| -> Vec<Segment> {
        let ok = (ready > 0).then(|| Segment::new(format!("{ready} ok"), Role::StatusOk, 1));
        let more = troubled.len().saturating_sub(named);
        let more = (more > 0).then(|| Segment::new(format!("{}+{more}", look.theme.glyphs().bad), Role::StatusBad, 1));
        ok.into_iter().chain(troubled.iter().take(named).map(|one| trouble(one, words, look))).chain(more).collect()
    };
    let width = |segments: &[Segment]| segments.iter().map(|segment| segment.width() + GAP).sum::<u16>();
    let tries = [(3, true), (3, false), (2, false), (1, false)];
    let fits = tries.into_iter().map(|(named, words)| shown(named, words)).find(|segments| width(segments) <= room);
    fits.unwrap_or_else(|| shown(0, false))
}

fn trouble(one: &Connection, words: bool, look: &Look<'_>) -> Segment {
    let (word, sign, role) = clusters::view::condition(one);
    let (glyph, _) = crate::tui::widgets::table::sign(sign, look.theme);
    let word = if words { format!(" {word}") } else { String::new() };
    // Since when it answers says nothing about since when it is slow.
    let since = if one.slow() { String::new() } else { format!(" {}", crate::text::age::age(look.now - one.since)) };
    Segment::new(format!("{glyph} {}{word}{since}", one.id), role, 1)
}

fn crumbs(model: &Model, look: &Look<'_>) -> Vec<Segment> {
    match model.pane {
        PaneId::Inventory => inventory::view::crumbs(&model.inventory, &model.shared, look),
        PaneId::Logs => logs::view::crumbs(&model.logs),
        PaneId::Pulse => pulse::view::crumbs(&model.pulse, &model.shared, look),
        PaneId::Perf => perf::view::crumbs(&model.perf),
        PaneId::Clusters => clusters::view::crumbs(&model.clusters, &model.shared),
        PaneId::Xray => xray::view::crumbs(&model.xray, look),
    }
}

/// The guide of the first minute, one sentence at the right end of line 2.
fn guide(model: &Model) -> Vec<Segment> {
    let keys = |command: &Command| model.keymap.keys_for(&["table", "global"], command).unwrap_or_default();
    let sentence = match model.guide {
        Guide::Hidden => return Vec::new(),
        Guide::Thanks => "that was it. :ctx lists contexts, ? lists keys".to_owned(),
        // What is failing is told where it is seen.
        Guide::Waits(GuideStep::Described | GuideStep::Loaded) if model.pane != PaneId::Inventory => return Vec::new(),
        Guide::Waits(GuideStep::Described) => {
            let describe = keys(&Command::Inventory(Inventory::Describe));
            match failing(model) {
                Some((name, Ordering::Equal)) => format!("1/3  {name} is failing: {describe} says why"),
                Some((name, Ordering::Greater)) => format!("1/3  {name} is failing: j down to it, {describe} says why"),
                Some((name, Ordering::Less)) => format!("1/3  {name} is failing: k up to it, {describe} says why"),
                None => return Vec::new(),
            }
        }
        Guide::Waits(GuideStep::Loaded) => {
            let load = keys(&Command::Inventory(Inventory::LoadTest));
            let first = if model.inventory.detail.is_some() { "esc, " } else { "" };
            format!("2/3  {first}j to web, {load}, enter: a real load test")
        }
        Guide::Waits(GuideStep::Returned) => "3/3  it runs on: ,i back to the inventory".to_owned(),
    };
    vec![Segment::new(sentence, Role::Sandbox, 1)]
}

/// The first failing workload, and where it stands from the cursor.
fn failing(model: &Model) -> Option<(String, Ordering)> {
    let table = &model.inventory.table;
    let at = (0..table.visible()).find(|at| table.row(*at).is_some_and(|row| row.state == RowState::Bad))?;
    Some((table.row(at)?.name.to_string(), at.cmp(&model.inventory.position)))
}

/// What can be done here, the most useful first; and where. Help is the last to be dropped.
fn footer(model: &Model, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Vec<(Rect, Press)> {
    let place = match &model.shared.sandbox {
        Some(_) => Segment::new("SANDBOX", Role::Sandbox, 0),
        None => Segment::new(here(model), Role::Text, 2),
    };
    let left = overlay_hints(model).unwrap_or_else(|| hints(model));
    let segments: Vec<Segment> = left.iter().map(|(segment, _)| segment.clone()).collect();
    let placed = bar(buf, area, &segments, &[place], look.theme.style(Role::Bar), look.theme);
    placed.into_iter().filter_map(|(at, place)| Some((place, left.get(at)?.1.clone()?))).collect()
}

/// The cluster a key would be about.
fn here(model: &Model) -> String {
    let cluster = match model.pane {
        PaneId::Inventory => model.inventory.row().map(|row| row.cluster.to_string()),
        PaneId::Pulse => None,
        PaneId::Logs => model.logs.of.first().map(|key| key.cluster.to_string()),
        PaneId::Perf => model.perf.shown().and_then(|entry| entry.run.target.cluster.clone()),
        PaneId::Clusters => clusters::state::here(&model.clusters, &model.shared).map(|line| line.id.to_string()),
        PaneId::Xray => model.xray.line().and_then(|line| model.xray.groves.get(line.grove)).map(|grove| grove.cluster.to_string()),
    };
    cluster.unwrap_or_default()
}

/// What keys do in what lies over the pane: it swallows all others.
fn overlay_hints(model: &Model) -> Option<Vec<Hint>> {
    let hints: &[(&str, &str)] = match model.overlays.last() {
        None if model.pressed.is_empty() => return None,
        // On a slow line no page is drawn over others for one key.
        None if model.slow.slow() => return Some(next_keys(model).iter().map(|(keys, what)| (Segment::hint(keys, what, 1), None)).collect()),
        None => &[("esc", "cancel")],
        Some(Overlay::Line(_) | Overlay::Filter(..)) => &[],
        Some(Overlay::Form(_) | Overlay::Confirm(_)) => &[("tab", "next"), ("enter", "take"), ("esc", "cancel")],
        Some(Overlay::Columns(columns)) if columns.typing() => &[("enter", "add"), ("esc", "cancel")],
        Some(Overlay::Columns(_)) => {
            &[("space", "show or hide"), ("J K", "carry"), ("a", "add"), ("x", "remove"), ("enter", "take"), ("esc", "cancel")]
        }
        Some(Overlay::Menu(_)) => &[("j k", "choose"), ("enter", "do it"), ("esc", "close")],
        Some(Overlay::List(_)) => &[("j k", "choose"), ("enter", "take"), ("/", "narrow"), ("esc", "close")],
        Some(Overlay::Notices(open)) if open.whole.is_none() && !open.newest_error => &[("j k", "choose"), ("enter", "read"), ("esc", "close")],
        Some(Overlay::Help(_) | Overlay::Status(_) | Overlay::Notices(_)) => &[("j k", "scroll"), ("esc", "close")],
    };
    // Of two keys none is meant.
    let press = |keys: &str| model.overlays.last().and_then(|_| parse_key(keys).ok()).map(Press::Key);
    Some(hints.iter().map(|(keys, what)| (Segment::hint(keys, what, 1), press(keys))).collect())
}

/// A hint of the footer, and what a click on it does.
type Hint = (Segment, Option<Press>);

fn hints(model: &Model) -> Vec<Hint> {
    let contexts = model.contexts();
    let mut hints: Vec<(u8, Hint)> = Vec::new();
    for spec in specs().filter(|spec| spec.contexts.iter().any(|context| contexts.contains(context))) {
        let (Some(place), Ok(command)) = (spec.footer, parse(spec.name)) else { continue };
        if refusal(model, &command).is_some() {
            continue;
        }
        if let Some(keys) = model.keymap.keys_for(contexts, &command) {
            let rank = match spec.name {
                "app.help" => 1,
                "app.back" => 2,
                "app.line" | "app.filter" => 3,
                _ => place.saturating_add(1),
            };
            let title = if spec.name == "app.filter" && model.inventory.in_detail { "search" } else { spec.title };
            hints.push((place, (Segment::hint(&keys, title, rank), Some(Press::Command(command)))));
        }
    }
    hints.sort_by_key(|(place, _)| *place);
    hints.into_iter().map(|(_, hint)| hint).collect()
}

fn which(model: &Model, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let keys = next_keys(model);
    if keys.is_empty() || model.slow.slow() {
        return;
    }
    let title = model.keymap.prefix_title("global", &model.pressed).unwrap_or_default().to_owned();
    which_key::draw(&title, &keys, look, area, buf);
}

/// What the keys pressed so far could become.
fn next_keys(model: &Model) -> Vec<(String, String)> {
    if model.pressed.is_empty() {
        return Vec::new();
    }
    let Lookup::Prefix(next) = model.keymap.lookup(model.contexts(), &model.pressed) else { return Vec::new() };
    let name = |command: &Option<Command>, text: &str| {
        let spec = command.as_ref().and_then(|command| specs().find(|spec| parse(spec.name).as_ref() == Ok(command)));
        spec.map_or_else(|| text.to_owned(), |spec| spec.title.to_owned())
    };
    next.iter().map(|(key, text, command)| (show_key(*key), name(command, text))).collect()
}
