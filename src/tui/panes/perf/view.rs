//! What the load tests look like: line 2, and which view is drawn where. Changes nothing.

mod calendar;
mod charts;
mod compare;
mod figures;
mod held;
mod history;
mod list;
mod marks;
mod run;

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::past::{Worth, worth};
use super::state::{Entry, Seen, State, View};
use crate::load::plan::Path;
use crate::results::compare::Metric;
use crate::results::{Run, State as RunState};
use crate::text::quantity::{latency, rate};
use crate::tui::flow::Look;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::bar::{Segment, rule};
use crate::tui::widgets::lines::{self, fold, plain};
use crate::tui::widgets::paint::{page, row};
use crate::tui::widgets::spot::Spot;
use crate::tui::widgets::table::body_height;

/// Columns left of every axis.
const LABEL: u16 = 12;

/// Line 2: a run that is looked at alone stands there.
pub fn crumbs(state: &State) -> Vec<Segment> {
    let mut segments = match (state.view, state.shown()) {
        (View::Charts | View::Figures, Some(entry)) => headline(entry),
        _ => {
            // How many are compared or looked back on is said where they are.
            let (name, all) = match state.view {
                View::Compare { .. } => ("compare", false),
                View::History => ("history", false),
                View::Calendar => ("calendar", true),
                _ => ("load tests", true),
            };
            let count = state.runs.len();
            let counted = all.then(|| Segment::new(format!("{count} {}", if count == 1 { "run" } else { "runs" }), Role::Text, 2));
            std::iter::once(Segment::new(name, Role::Title, 0)).chain(counted).collect()
        }
    };
    match state.running() {
        0 => {}
        _ if matches!(state.view, View::Charts | View::Figures) => {}
        count => segments.push(Segment::new(format!("{count} running"), Role::StatusProgress, 0)),
    }
    if let Some((_, nth, of)) = state.round.as_ref().filter(|(id, ..)| state.runs.iter().any(|entry| entry.run.id == *id && entry.sample.is_some())) {
        segments.push(Segment::new(format!("run {nth} of {of}"), Role::Text, 2));
    }
    if let Some(what) = &state.starting {
        segments.push(Segment::new(format!("starting {what}"), Role::StatusProgress, 1));
    }
    if let Some(text) = state.left_changed() {
        segments.insert(1, Segment::new(text, Role::StatusWarn, 0));
    }
    if let Some(pairing) = state.pairing.as_ref().filter(|_| matches!(state.view, View::Compare { .. })) {
        // Why these are A and those are B, and whether like is held against like.
        let (text, role) = if pairing.unlike { ("plans or targets differ".to_owned(), Role::StatusWarn) } else { (pairing.why.clone(), Role::Dim) };
        segments.push(Segment::new(text, role, 0));
    }
    if !state.marks.is_empty() {
        segments.push(Segment::new(format!("{} marked", state.marks.len()), Role::Mark, 1));
    }
    if state.frozen.is_some() {
        segments.push(Segment::new("picture held, s goes on", Role::Match, 1));
    }
    segments
}

/// What is loaded, by which path, how, and how far it is.
fn headline(entry: &Entry) -> Vec<Segment> {
    let run = &entry.run;
    let what = run.target.what.clone().unwrap_or_else(|| run.target.url.clone());
    let at = run.target.cluster.as_ref().map_or_else(String::new, |cluster| format!(" @{cluster}"));
    let mut segments = vec![Segment::new(what, Role::Title, 0).and(at, Role::Dim)];
    let (path, role) = path(run.plan.path);
    segments.push(Segment::new(path, role, 3));
    segments.push(Segment::new(pace(run), Role::Text, 4));
    if run.target.what.is_some() {
        segments.push(Segment::new(format!("GET {}", run.target.url), Role::Dim, 5));
    }
    let elapsed = entry.sample.as_ref().map_or(Duration::from_nanos(run.elapsed_ns), |sample| sample.elapsed);
    // A run of ten seconds may end a hair before them.
    let seconds = (elapsed + Duration::from_millis(50)).as_secs();
    let warming = entry.sample.as_ref().and_then(|sample| sample.warming);
    let clock = match warming {
        Some(warming) => format!("warming up, {} s", warming.as_secs()),
        None => format!("{} of {}", clock(seconds), clock(run.plan.duration_ns / 1_000_000_000)),
    };
    segments.push(Segment::new(clock, Role::Text, 2));
    segments
}

/// How the target is reached, and what that is worth.
fn path(path: Path) -> (&'static str, Role) {
    match path {
        Path::Direct => ("direct", Role::Dim),
        Path::Ingress => ("via ingress", Role::Text),
        Path::PortForward => ("via port-forward: SUSPECT at best", Role::StatusWarn),
    }
}

/// `open 5,000/s, 64 conns`.
fn pace(run: &Run) -> String {
    let connections = run.plan.connections;
    let pace = run.plan.rate.map_or_else(|| "closed loop".to_owned(), |wanted| format!("open {}/s", rate(wanted)));
    format!("{pace}, {connections} {}", if connections == 1 { "conn" } else { "conns" })
}

/// `5 s`, `1:05`, `1:00:05`.
fn clock(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// A latency, or a dot where too little was measured for one.
fn measured(nanoseconds: Option<u64>) -> String {
    nanoseconds.map_or_else(|| "·".to_owned(), latency)
}

/// The value of a metric with its unit.
fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Rate => rate(value),
        // Nanoseconds fit; a negative one does not come.
        Metric::P50 | Metric::P90 | Metric::P99 | Metric::Cpu => latency(value.max(0.0) as u64),
    }
}

/// What a run is called in lists of few words.
fn name(run: &Run) -> String {
    let what = run.target.what.clone().unwrap_or_else(|| run.target.url.clone());
    run.target.cluster.as_ref().map_or(what.clone(), |cluster| format!("{what} @{cluster}"))
}

/// When a run began: day and time in UTC.
fn started(run: &Run) -> String {
    run.started.strftime("%d %b %H:%MZ").to_string()
}

/// What a run is worth as a sign, a word and a look.
fn judged(run: &Run, theme: &Theme) -> (&'static str, &'static str, Role) {
    let glyphs = theme.glyphs();
    let word = |usual: &'static str| run.stamp.map_or(usual, crate::load::audit::Stamp::word);
    match worth(run) {
        Worth::Valid => (glyphs.good, word("done"), Role::StatusOk),
        Worth::Suspect => (glyphs.warn, word("SUSPECT"), Role::StatusWarn),
        Worth::Bad => (glyphs.bad, if run.trouble().is_some() { "FAILED" } else { word("INVALID") }, Role::StatusBad),
        Worth::Running => (glyphs.progress, "running", Role::StatusProgress),
        Worth::Cut => (glyphs.unknown, ended(run.state), Role::StatusUnknown),
    }
}

/// How a run ended, where it was not as planned.
fn ended(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Done => "done",
        RunState::Stopped => "stopped",
        RunState::Aborted => "aborted",
        RunState::Interrupted => "cut off",
    }
}

/// Draws the view; answers what it had room for, and where the runs of the list stand.
pub fn draw(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> (Seen, Vec<Spot>) {
    let mut spots = Vec::new();
    let mut seen = Seen { columns: area.width.saturating_sub(LABEL + 2), ..Seen::default() };
    page(buf, area, look.theme.style(Role::Text));
    match state.view {
        View::Calendar => calendar::draw(state, look, area, buf),
        View::History => history::draw(state, look, area, buf),
        View::Compare { face } => compare::draw(state, face, look, area, buf),
        View::List | View::Charts | View::Figures => match (state.shown(), state.view) {
            (None, _) => nothing(state, look, area, buf),
            (Some(entry), View::Figures) => (seen.page, seen.last) = figures::draw(entry, state.top, look, area, buf),
            (Some(entry), View::Charts) => run::draw(entry, state, look, area, buf),
            (Some(entry), _) => (spots, seen.page) = listed(entry, state, look, area, buf),
        },
    }
    (seen, spots)
}

fn nothing(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let text = match (state.listed, state.unreadable) {
        (false, _) => "reading the list of runs…",
        (true, true) => "no run that is kept can be read: ,e says why",
        (true, false) => "no load test has been run yet",
    };
    let area = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(4), height: area.height.saturating_sub(1) };
    let told = [
        plain(text, Role::Text),
        plain("b asks for an address and starts one; on a Service or a workload of the inventory (,i) it knows the address", Role::Dim),
        plain("runs that `meshplay perf run` or another screen begins show here too", Role::Dim),
    ];
    for (spans, y) in fold(&told, area.width, true).iter().zip(0..area.height) {
        lines::line(spans, "", row(area, y), buf, look.theme);
    }
}

/// The list, and above it what is known of the run that is chosen there. Answers where the runs stand, and how many there is room for.
fn listed(entry: &Entry, state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> (Vec<Spot>, usize) {
    let list = (area.height / 4).clamp(3, 12).min(u16::try_from(state.runs.len()).unwrap_or(u16::MAX).saturating_add(1));
    let above = Rect { height: area.height.saturating_sub(list + 1), ..area };
    run::draw(entry, state, look, above, buf);
    let line = Rect { y: area.y + above.height, height: 1, ..area };
    let title = Segment::new("runs", Role::Title, 0);
    rule(buf, line, &[title, Segment::new(name(&entry.run), Role::Dim, 1)], &[], false, look.theme);
    let below = Rect { y: line.y + 1, height: area.height.saturating_sub(above.height + 1), ..area };
    (list::draw(state, look, below, buf), body_height(below))
}
