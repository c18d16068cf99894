//! What the load tests look like: figures, charts on one time axis, a histogram, the list of runs, and the form. Changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::{Entry, Point, State, percentiles};
use crate::results::{Latencies, Run, State as RunState};
use crate::text::quantity::{count, latency};
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, rule};
use crate::tui::widgets::chart::{Columns, bars, halved};
use crate::tui::widgets::lines;
use crate::tui::widgets::paint::{page, put, put_right, row, scroll};
use crate::tui::widgets::table::{Cell, Head, RowView, Sign, TableView, body_height, measure};

/// Columns left of the charts' axis.
const LABEL: u16 = 11;
/// From this width on the headline says how many requests are in flight; in a closed loop that is hardly news.
const ROOMY: u16 = 100;
/// Columns of the percentile table.
const FIGURES: u16 = 44;

/// Line 2.
pub fn crumbs(state: &State) -> Vec<Segment> {
    let mut segments = vec![
        Segment::new("load tests", Role::Title, 0),
        Segment::new(format!("{} {}", state.runs.len(), if state.runs.len() == 1 { "run" } else { "runs" }), Role::Text, 1),
    ];
    match state.running() {
        0 => {}
        count => segments.push(Segment::new(format!("{count} running"), Role::StatusProgress, 0)),
    }
    if state.frozen.is_some() {
        segments.push(Segment::new("picture held, s goes on", Role::Match, 1));
    }
    segments
}

/// Draws the chosen run and the list.
pub fn draw(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    page(buf, area, look.theme.style(Role::Text));
    let Some(entry) = state.shown() else { return nothing(state, look, area, buf) };
    let list = (area.height / 4).clamp(3, 12).min(u16::try_from(state.runs.len()).unwrap_or(u16::MAX).saturating_add(1));
    let above = Rect { height: area.height.saturating_sub(list + 1), ..area };
    run(entry, look, above, buf);
    let line = Rect { y: area.y + above.height, height: 1, ..area };
    rule(buf, line, &[Segment::new("runs", Role::Title, 0)], &[], false, look.theme);
    let below = Rect { y: line.y + 1, height: area.height.saturating_sub(above.height + 1), ..area };
    runs(state, look, below, buf);
}

fn nothing(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let text = if state.listed { "no load test has been run yet" } else { "reading the list of runs…" };
    let area = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(4), height: area.height.saturating_sub(1) };
    put(buf, area, 0, 0, text, look.theme.style(Role::Dim));
    put(buf, area, 0, 1, "b asks for an address and starts one; b on a Service in the inventory fills it in", look.theme.style(Role::Dim));
}

/// One run's figures, wherever they come from.
struct Figures {
    elapsed: f64,
    rate: f64,
    answers: u64,
    in_flight: Option<usize>,
    last: Option<([Option<u64>; 3], Option<u64>)>,
    whole: ([Option<u64>; 3], Option<u64>),
    errors: Vec<(String, u64)>,
    histogram: Vec<(u64, u64)>,
}

fn figures(entry: &Entry) -> Figures {
    let run = &entry.run;
    let Some(sample) = &entry.sample else { return kept(run) };
    let elapsed = sample.elapsed.as_secs_f64();
    let largest = |record: &crate::load::record::Record| record.spread().map(|(_, _, largest)| largest);
    Figures {
        elapsed,
        rate: Point::of(sample).rate,
        answers: sample.whole.requests(),
        in_flight: Some(sample.in_flight),
        last: Some((percentiles(&sample.last), largest(&sample.last))),
        whole: (percentiles(&sample.whole), largest(&sample.whole)),
        errors: sample.whole.errors().map(|(class, count)| (class.name().to_owned(), count)).collect(),
        histogram: sample.whole.buckets(),
    }
}

fn kept(run: &Run) -> Figures {
    let Latencies { p50, p90, p99, max, .. } = run.latencies;
    Figures {
        elapsed: run.elapsed_ns as f64 / 1e9,
        rate: run.requests_per_second,
        answers: run.requests,
        in_flight: None,
        last: None,
        whole: ([p50, p90, p99], max),
        errors: run.errors.iter().map(|(class, count)| (class.clone(), *count)).collect(),
        histogram: run.histogram.iter().map(|bucket| (bucket.up_to_ns, bucket.count)).collect(),
    }
}

fn run(entry: &Entry, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let figures = figures(entry);
    headline(entry, &figures, look, area, buf);
    table(&figures, look, Rect { y: area.y + 2, height: area.height.saturating_sub(2).min(6), width: FIGURES.min(area.width), ..area }, buf);
    if area.width > FIGURES + 24 && area.height > 4 {
        let right = Rect { x: area.x + FIGURES, y: area.y + 2, width: area.width - FIGURES - 1, height: area.height.saturating_sub(2).min(6) };
        histogram(&figures, look, right, buf);
    }
    if area.height > 11 {
        charts(entry, look, Rect { y: area.y + 9, height: area.height - 9, width: area.width.saturating_sub(1), ..area }, buf);
    }
}

fn headline(entry: &Entry, figures: &Figures, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let run = &entry.run;
    let plan = &run.plan;
    let pace = plan.rate.map_or_else(String::new, |rate| format!(", {rate}/s"));
    let kind = if plan.rate.is_some() { "open" } else { "closed" };
    let what = run.target.what.as_ref().map_or_else(String::new, |what| format!("{what}  "));
    let at = run.target.cluster.as_ref().map_or_else(String::new, |cluster| format!("@{cluster}  "));
    let (word, role) = word(run.state);
    let clock = format!("{:.0} s of {:.0} s", figures.elapsed, plan.duration_ns as f64 / 1e9);
    let left = vec![(format!(" {what}"), Role::Title), (at, Role::Dim), (format!("GET {}", run.target.url), Role::Text)];
    lines::line(&left, "", Rect { width: area.width.saturating_sub(16), ..row(area, 0) }, buf, look.theme);
    put_right(buf, area, area.width.saturating_sub(1), 0, &clock, look.theme.style(Role::Text));
    let in_flight = figures.in_flight.filter(|_| area.width >= ROOMY).map_or_else(String::new, |count| format!("  in flight {count}"));
    let second = vec![
        (format!(" {word}"), role),
        (format!("  {} req/s", count(figures.rate.round() as u64)), Role::Title),
        (format!("  answers {}{in_flight}", count(figures.answers)), Role::Text),
        (format!("  {kind} loop, {} conns{pace}", plan.connections), Role::Dim),
    ];
    lines::line(&second, "", row(area, 1), buf, look.theme);
}

fn word(state: RunState) -> (&'static str, Role) {
    match state {
        RunState::Running => ("running", Role::StatusProgress),
        RunState::Done => ("done", Role::StatusOk),
        RunState::Stopped => ("stopped", Role::StatusWarn),
        RunState::Aborted => ("aborted", Role::StatusBad),
        RunState::Interrupted => ("interrupted", Role::StatusWarn),
    }
}

/// A latency, or a dot where too little was measured for one.
fn measured(nanoseconds: Option<u64>) -> String {
    nanoseconds.map_or_else(|| "·".to_owned(), latency)
}

fn table(figures: &Figures, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let style = |role| look.theme.style(role);
    put(buf, area, 1, 0, "service time", style(Role::Header));
    let live = figures.last.is_some();
    if live {
        put_right(buf, area, 26, 0, "last 1 s", style(Role::Header));
    }
    put_right(buf, area, 39, 0, "whole run", style(Role::Header));
    let names = ["p50", "p90", "p99", "max"];
    for (at, name) in names.iter().enumerate() {
        let pick = |(shares, largest): &([Option<u64>; 3], Option<u64>)| shares.get(at).copied().unwrap_or(*largest);
        // Four names.
        let y = u16::try_from(at + 1).unwrap_or(u16::MAX);
        put(buf, area, 1, y, name, style(Role::Dim));
        if let Some(last) = &figures.last {
            put_right(buf, area, 26, y, &measured(pick(last)), style(Role::Text));
        }
        put_right(buf, area, 39, y, &measured(pick(&figures.whole)), style(Role::Text));
    }
    let errors: Vec<String> = figures.errors.iter().map(|(class, failures)| format!("{class} {}", count(*failures))).collect();
    let (text, role) = if errors.is_empty() { ("none".to_owned(), Role::Dim) } else { (errors.join("  "), Role::StatusBad) };
    lines::line(&vec![(" errors  ".to_owned(), Role::Dim), (text, role)], "", row(area, 5), buf, look.theme);
}

fn histogram(figures: &Figures, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    put(buf, area, 0, 0, "latency of all answers", look.theme.style(Role::Header));
    let mut buckets = figures.histogram.clone();
    let rows = usize::from(area.height.saturating_sub(1)).max(1);
    while buckets.len() > rows {
        buckets = buckets.chunks(2).filter_map(|pair| Some((pair.last()?.0, pair.iter().map(|(_, count)| count).sum()))).collect();
    }
    let all: u64 = buckets.iter().map(|(_, count)| count).sum();
    let share = |count: u64| match count as f64 * 100.0 / all.max(1) as f64 {
        share if count > 0 && share < 0.1 => "<0.1 %".to_owned(),
        share => format!("{share:.1} %"),
    };
    let line = |(end, count): &(u64, u64)| (format!("≤ {}", latency(*end)), *count as f64, share(*count));
    let lines: Vec<_> = buckets.iter().map(line).collect();
    bars(&lines, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, Role::ChartBar, buf, look.theme);
}

/// Requests a second over the highest percentile that could be measured, on one time axis.
fn charts(entry: &Entry, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.width.saturating_sub(LABEL + 1));
    let each = area.height.saturating_sub(1) / 2;
    if each == 0 {
        return;
    }
    let rates: Vec<Option<f64>> = entry.series.iter().map(|point| Some(point.rate)).collect();
    let (name, values) = percentile_series(&entry.series);
    let (rates, seconds) = halved(&rates, room);
    let (values, _) = halved(&values, room);
    let top = |values: &[Option<f64>]| values.iter().flatten().copied().fold(0.0, f64::max);
    let upper = format!("{}/s", short(top(&rates)));
    let columns = Columns { values: &rates, full: 0.0, upper: &upper, lower: "req/s 0", role: Role::Chart1 };
    columns.draw(Rect { height: each, ..area }, LABEL, buf, look.theme);
    let upper = measured(Some(top(&values) as u64).filter(|ns| *ns > 0));
    let lower = format!("{name} 0");
    let columns = Columns { values: &values, full: 0.0, upper: &upper, lower: &lower, role: Role::Chart2 };
    // A row that is left over stands between them.
    let second = each + u16::from(area.height > each * 2 + 1);
    columns.draw(Rect { y: area.y + second, height: each, ..area }, LABEL, buf, look.theme);
    let axis = format!("0 s, 1 column = {seconds} s");
    put(buf, Rect { y: area.y + second + each, height: 1, ..area }, LABEL + 1, 0, &axis, look.theme.style(Role::Dim));
}

/// The highest percentile known for at least half of the seconds.
fn percentile_series(series: &[Point]) -> (&'static str, Vec<Option<f64>>) {
    let known = |which: usize| series.iter().filter(|point| point.latencies[which].is_some()).count() * 2 >= series.len();
    let which = [2, 1, 0].into_iter().find(|which| known(*which)).unwrap_or(0);
    let values = series.iter().map(|point| point.latencies[which].map(|ns| ns as f64)).collect();
    (["p50", "p90", "p99"][which], values)
}

fn short(number: f64) -> String {
    match number {
        1_000_000.0.. => format!("{:.1}M", number / 1e6),
        10_000.0.. => format!("{:.0}k", number / 1e3),
        1_000.0.. => format!("{:.1}k", number / 1e3),
        _ => format!("{number:.0}"),
    }
}

fn runs(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let column = |title: &str, right: bool, grows: bool, rank: u8| Head { title: title.into(), right, grows, rank, ..Head::default() };
    let heads = [
        column("STARTED", false, false, 0),
        column("TARGET", false, true, 0),
        column("STATE", false, false, 4),
        column("REQ/S", true, false, 1),
        column("P50", true, false, 3),
        column("P99", true, false, 2),
        column("ERRORS", true, false, 1),
    ];
    let view = |at: usize| state.runs.get(at).map(run_row).unwrap_or_default();
    // Figures that grow in a running test move no column.
    let widths = measure(&[0, 0, 7, 7, 7, 7, 6], &heads, (0..state.runs.len().min(50)).map(view));
    let top = scroll(0, state.chosen, body_height(area), state.runs.len());
    let table = TableView { heads: &heads, widths: &widths, row: &view, total: state.runs.len(), top, cursor: state.chosen, focus: true, found: &[] };
    table.draw(area, buf, look.theme);
}

fn run_row(entry: &Entry) -> RowView {
    let run = &entry.run;
    let figures = figures(entry);
    let errors: u64 = figures.errors.iter().map(|(_, count)| count).sum();
    let text = |text: String| Cell { text, role: Role::Text };
    let (word, role) = word(run.state);
    let started = run.started.strftime("%d %b %H:%MZ").to_string();
    let target = run.target.what.clone().unwrap_or_else(|| run.target.url.clone());
    let live = entry.sample.is_some();
    RowView {
        sign: if live {
            Sign::Progress
        } else if errors > 0 {
            Sign::Warn
        } else {
            Sign::None
        },
        cells: vec![
            Cell { text: started, role: Role::Dim },
            text(target),
            Cell { text: word.to_owned(), role },
            text(count(figures.rate.round() as u64)),
            text(measured(figures.whole.0[0])),
            text(measured(figures.whole.0[2])),
            Cell { text: count(errors), role: if errors > 0 { Role::StatusBad } else { Role::Text } },
        ],
        ..RowView::default()
    }
}
