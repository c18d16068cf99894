//! A run on one time axis: throughput, errors, lateness, the generator, percentiles and a heat map over one another, with a cursor through all of them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::{LABEL, clock, marks, measured};
use crate::text::quantity::{count, latency, rate};
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::series::{OCTAVE, Point, Series, Window, bin_end};
use crate::tui::panes::perf::state::{Entry, State};
use crate::tui::theme::Role;
use crate::tui::widgets::chart::Columns;
use crate::tui::widgets::curves::{self, Curve};
use crate::tui::widgets::heat::{Heat, halves, legend};
use crate::tui::widgets::lines;
use crate::tui::widgets::paint::{put, put_right, row, tint, width};
use crate::tui::widgets::scale::{Scale, round_up};

/// Columns of the widest second.
const WIDEST: usize = 8;

/// Percentiles that are drawn.
const NAMES: [&str; 3] = ["p50", "p90", "p99"];

/// How many rows each chart has, from the top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Rows {
    rate: u16,
    errors: u16,
    late: u16,
    cpu: u16,
    percentiles: u16,
    heat: u16,
}

impl Rows {
    /// The heat map gets half of what there is, `heat` rows at most; charts of one row go first where it is little.
    fn of(height: u16, open: bool, cpu: bool, heat: u16) -> Self {
        let mut rows = Self { rate: 1, errors: 1, late: u16::from(open), cpu: u16::from(cpu), ..Self::default() };
        let single = |rows: &Self| rows.errors + rows.late + rows.cpu;
        for give in [|rows: &mut Self| rows.cpu = 0, |rows: &mut Self| rows.late = 0, |rows: &mut Self| rows.errors = 0] {
            if height.saturating_sub(single(&rows)) < 7 {
                give(&mut rows);
            }
        }
        let rest = height.saturating_sub(single(&rows));
        rows.heat = if rest < 3 { 0 } else { rest / 2 }.min(heat.max(3));
        rows.rate = (rest / 6).clamp(1, 6).min(rest);
        rows.percentiles = rest.saturating_sub(rows.heat + rows.rate);
        rows
    }
}

/// Draws all charts: a line that says what is under the cursor, the charts, and the axis.
pub(super) fn draw(entry: &Entry, state: &State, open: bool, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let series = &entry.series;
    let room = usize::from(area.width.saturating_sub(LABEL + 1));
    let window = stretched(entry, state, series.window(state.span, state.second, room), room);
    let cpu = series.points.iter().any(|point| point.cpu.is_some());
    let two = halves(look.theme);
    let ladder = Ladder::of(series, usize::MAX);
    let rows = Rows::of(area.height.saturating_sub(2), open, cpu, u16::try_from(ladder.rows.div_ceil(two)).unwrap_or(u16::MAX));
    let ladder = Ladder::of(series, usize::from(rows.heat) * two);
    let columns = window.columns(|point| ladder.counts(point));
    let most = most(&columns);
    let answered = window.steps.iter().any(|point| point.answers() > 0);
    match state.second.and_then(|second| window.step(second)) {
        Some(step) => readout(entry, &window, step, &ladder, look, row(area, 0), buf),
        None => {
            let told = if answered { "answers in a cell from  " } else { "nothing was answered  " };
            let x = put(buf, row(area, 0), 1, 0, told, look.theme.style(Role::Dim));
            let x = if answered { legend(row(area, 0), x, most, buf, look.theme) } else { x };
            marks::legend(entry, &window, look, row(area, 0), x, buf);
        }
    }
    let mut y = area.y + 1;
    let mut next = |height: u16| {
        let place = Rect { y, height, ..area };
        y += height;
        place
    };
    throughput(series, &window, look, next(rows.rate), buf);
    single(&window, "errors", |point| Some(point.errors as f64), |most| count(most as u64), 0.0, Role::StatusBad, look, next(rows.errors), buf);
    single(&window, "late", |point| point.late.map(|ns| ns as f64), |most| latency(most as u64), 0.0, Role::Chart4, look, next(rows.late), buf);
    single(&window, "gen CPU", |point| point.cpu.map(|cpu| cpu * 100.0), core, 100.0, Role::Chart3, look, next(rows.cpu), buf);
    percentiles(entry, &window, look, next(rows.percentiles), buf);
    let map = next(rows.heat);
    if answered {
        heat(&columns, &ladder, most, look, map, buf);
    }
    marks::broken(&window, look, map, buf);
    let times = next(1);
    axis(&window, look, times, buf);
    marks::notes(entry, &window, look, times, buf);
    pointer(state, &window, look, times, buf);
    cursor(state, &window, look, Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area }, buf);
}

/// A whole run that is planned to be short takes the columns there are: as many for each second from its first to its last.
fn stretched(entry: &Entry, state: &State, window: Window, room: usize) -> Window {
    let planned = (entry.run.plan.duration_ns / 1_000_000_000).max(entry.series.seconds()).div_ceil(window.each);
    let wide = room / usize::try_from(planned).unwrap_or(usize::MAX).max(1);
    if state.span.is_some() { window } else { Window { wide: wide.clamp(1, WIDEST), ..window } }
}

/// The rows of the heat map: each is so many bins, the lowest is the first that holds anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ladder {
    /// Bins a row has.
    each: usize,
    /// The first row.
    first: usize,
    /// How many there are.
    rows: usize,
}

impl Ladder {
    /// As fine as the series is known and `room` rows allow; where there is more room than is needed, rows above stay empty, so that one slow answer
    /// moves nothing.
    fn of(series: &Series, room: usize) -> Self {
        let seen = series.points.iter().filter(|point| !point.bins.1.is_empty());
        let (low, high) = seen.fold((usize::MAX, 0), |(low, high), point| (low.min(point.bins.0), high.max(point.bins.0 + point.bins.1.len() - 1)));
        let low = low.min(high);
        let least = if series.fine() { 1 } else { OCTAVE };
        let needed = |each: usize| high.div_ceil(each) - low.div_ceil(each) + 1;
        let each = [1, 2, 4, 8, 16, 32].into_iter().filter(|each| *each >= least).find(|each| needed(*each) <= room).unwrap_or(64);
        let rows = if room == usize::MAX { needed(each) } else { room.max(1) };
        Self { each, first: low.div_ceil(each), rows }
    }

    fn counts(self, point: &Point) -> Vec<u64> {
        let mut counts = vec![0; self.rows];
        for (row, count) in point.rows(self.each) {
            if let Some(place) = row.checked_sub(self.first).and_then(|at| counts.get_mut(at)) {
                *place = count;
            }
        }
        counts
    }

    fn end(self, row: usize) -> u64 {
        bin_end(row * self.each)
    }
}

/// The most answers any cell of the heat map holds, rounded up to a power of ten so that colours seldom change.
fn most(columns: &[Vec<u64>]) -> u64 {
    let most = columns.iter().flatten().copied().max().unwrap_or(1).max(10);
    10u64.saturating_pow((most as f64).log10().ceil() as u32)
}

fn throughput(series: &Series, window: &Window, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    // Nothing is no little: it has no bar.
    let rates = window.columns(|point| Some(point.rate).filter(|rate| *rate > 0.0));
    // Of the whole run, and round: the picture stays as it is when another second comes.
    let full = round_up(series.points.iter().map(|point| point.rate).fold(0.0, f64::max));
    let upper = if area.height > 1 { format!("{}/s", short(full)) } else { format!("req/s {}", short(full)) };
    Columns { values: &rates, full, upper: &upper, lower: "req/s 0", role: Role::Chart1 }.draw(area, LABEL, buf, look.theme);
}

/// A share of a core in the columns that its name leaves.
fn core(percent: f64) -> String {
    if percent < 99.5 { format!("{percent:.0} %") } else { "full".to_owned() }
}

/// A chart of one row: its name and its largest value at the left.
#[allow(clippy::too_many_arguments, reason = "a row of a table")]
fn single(
    window: &Window,
    name: &str,
    pick: impl Fn(&Point) -> Option<f64>,
    unit: impl Fn(f64) -> String,
    full: f64,
    role: Role,
    look: &Look<'_>,
    area: Rect,
    buf: &mut Buffer,
) {
    if area.height == 0 {
        return;
    }
    let values = window.columns(|point| pick(point).filter(|value| *value > 0.0));
    let most = values.iter().flatten().copied().fold(0.0, f64::max);
    let label = format!("{name} {}", unit(most));
    let full = if full > 0.0 { full } else { round_up(most) };
    Columns { values: &values, full, upper: &label, lower: "", role }.draw(area, LABEL, buf, look.theme);
}

/// The median, and the highest percentile known for at least half of the time.
fn percentiles(entry: &Entry, window: &Window, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let values = |which: usize| window.columns(|point| point.latencies[which].map(|ns| ns as f64));
    let known = |which: usize| window.steps.iter().filter(|point| point.latencies[which].is_some()).count() * 2 >= window.steps.len().max(1);
    let highest = [2, 1].into_iter().find(|which| known(*which));
    let seen = entry.series.points.iter().chain(&window.steps).flat_map(|point| point.latencies.into_iter().flatten()).map(|ns| ns as f64);
    let seen: Vec<f64> = seen.collect();
    let limit = marks::Limit::of(&entry.run, highest.map(|which| NAMES[which]), seen.iter().copied().fold(0.0, f64::max));
    let near = limit.as_ref().and_then(marks::Limit::near);
    let Some(scale) = Scale::around(seen.into_iter().chain(near)).filter(|_| area.height > 0) else { return };
    let (low, high) = (values(0), highest.map(values));
    let mut all = vec![Curve { values: &low, role: Role::Chart1, letter: "." }];
    if let Some(high) = &high {
        all.push(Curve { values: high, role: Role::Chart2, letter: "*" });
    }
    curves::draw(&all, scale, near, area, LABEL, buf, look.theme);
    // What is which; the numbers of the axis stand right of it.
    let names = [highest.map(|which| (NAMES[which], Role::Chart2)), Some(("p50", Role::Chart1))];
    let taken = limit.as_ref().map(|limit| limit.row(scale, area.height));
    let free = (1..area.height).filter(|y| Some(*y) != taken);
    for ((name, role), y) in names.into_iter().flatten().zip(free) {
        put(buf, area, 0, y, name, look.theme.style(role));
    }
    if let Some((limit, y)) = limit.zip(taken) {
        limit.name(y, look, area, buf);
    }
}

fn heat(columns: &[Vec<u64>], ladder: &Ladder, most: u64, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    if area.height > 0 {
        let ends: Vec<u64> = (0..ladder.rows).map(|row| ladder.end(ladder.first + row)).collect();
        Heat { columns, ends: &ends, most }.draw(area, LABEL, buf, look.theme);
    }
}

/// Times below the charts, and what a column stands for.
fn axis(window: &Window, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let dim = look.theme.style(Role::Dim);
    let scale = match (window.each, window.wide) {
        (1, wide) if wide > 1 => format!("{wide} columns = 1 s"),
        (each, _) => format!("1 column = {}", clock(each)),
    };
    let end = area.width.saturating_sub(width(&scale) + 2);
    // Times stand where their second begins.
    let wide = u16::try_from(window.wide).unwrap_or(1).max(1);
    let apart = 16u16.div_ceil(wide) * wide;
    let mut x = 0;
    while LABEL + 1 + x + 8 < end {
        let second = window.from + u64::from(x) / window.wide.max(1) as u64 * window.each;
        put(buf, area, LABEL + 1 + x, 0, &clock(second), dim);
        x += apart;
    }
    put_right(buf, area, area.width, 0, &scale, dim);
}

fn pointer(state: &State, window: &Window, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    if let Some((from, _)) = columns(state, window) {
        put(buf, area, from, 0, look.theme.glyphs().above, look.theme.style(Role::BorderFocus));
    }
}

/// The columns of the cursor: the first, and how many.
fn columns(state: &State, window: &Window) -> Option<(u16, u16)> {
    let step = window.step(state.second?)?;
    // Columns of a screen.
    Some((LABEL + 1 + (step * window.wide) as u16, window.wide as u16))
}

fn cursor(state: &State, window: &Window, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    if let Some((x, wide)) = columns(state, window).filter(|(x, _)| *x < area.width) {
        let place = Rect { x: area.x + x, width: wide.min(area.width - x), ..area };
        tint(buf, place, Style::patch(look.theme.style(Role::BorderFocus), Style::new().add_modifier(Modifier::REVERSED)));
    }
}

/// What was measured in a step of the axis, to the last answer.
fn readout(entry: &Entry, window: &Window, step: usize, ladder: &Ladder, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let point = &window.steps[step];
    let second = window.from + step as u64 * window.each;
    let at = entry
        .run
        .started
        .checked_add(std::time::Duration::from_secs(second))
        .map_or_else(|_| String::new(), |at| at.strftime("%H:%M:%SZ").to_string());
    let rows = point.rows(ladder.each);
    let cell = |(row, answers): &(usize, u64)| {
        format!("{} in {}", count(*answers), between(row.checked_sub(1).map_or(0, |below| ladder.end(below)), ladder.end(*row)))
    };
    let fullest = rows.iter().max_by_key(|(_, answers)| *answers).map(cell);
    let slowest = rows.last().map(cell);
    let mut parts = vec![(format!(" {} ", clock(second)), Role::Title), (format!("{at}  "), Role::Dim)];
    parts.extend(marks::said(entry, window, step, look));
    parts.push((format!("{}/s  ", rate(point.rate)), Role::Text));
    let highest = point.latencies.iter().zip(NAMES).rev().find(|(value, _)| value.is_some());
    parts.extend(highest.map(|(value, name)| (format!("{name} {}  ", measured(*value)), Role::Text)));
    if point.errors > 0 {
        parts.push((format!("errors {}  ", count(point.errors)), Role::StatusBad));
    }
    if point.missed > 0 {
        parts.push((format!("missed {}  ", count(point.missed)), Role::StatusWarn));
    }
    if point.stalled > 0 {
        parts.push(("held up  ".to_owned(), Role::StatusWarn));
    }
    parts.push((fullest.map_or_else(|| "no answers".to_owned(), |cell| format!("most {cell}")), Role::Text));
    if let Some(cell) = slowest {
        parts.push((format!("  slowest {cell}"), Role::Text));
    }
    lines::line(&parts, "", area, buf, look.theme);
}

/// `256–512 µs`.
fn between(from: u64, to: u64) -> String {
    let (from, to) = (latency(from), latency(to));
    match (from.rsplit_once(' '), to.rsplit_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number}–{to}"),
        _ => format!("{from}–{to}"),
    }
}

fn short(number: f64) -> String {
    match number {
        1_000_000.0.. => format!("{:.0}M", number / 1e6),
        10_000.0.. => format!("{:.0}k", number / 1e3),
        1_000.0.. => format!("{:.1}k", number / 1e3),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_height_is_used_to_its_last_row() {
        for height in 1..60 {
            let rows = Rows::of(height, true, true, 9);
            assert_eq!(rows.rate + rows.errors + rows.late + rows.cpu + rows.percentiles + rows.heat, height, "{height}: {rows:?}");
        }
        assert_eq!(Rows::of(12, true, true, 9), Rows { rate: 1, errors: 1, late: 1, cpu: 1, percentiles: 4, heat: 4 });
        assert_eq!(Rows::of(4, true, true, 9), Rows { rate: 1, percentiles: 1, heat: 2, ..Rows::default() });
    }

    #[test]
    fn ranges_have_their_unit_once() {
        let ends = [0, 1_000, 256_000, 512_000, 1_024_000, 2_048_000];
        let ranges: Vec<String> = ends.windows(2).map(|pair| between(pair[0], pair[1])).collect();
        assert_eq!(ranges, ["0 ns–1.00 µs", "1.00–256 µs", "256–512 µs", "512 µs–1.02 ms", "1.02–2.05 ms"]);
    }
}
