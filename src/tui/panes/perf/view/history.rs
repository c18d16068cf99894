//! Runs like one over time: points of several runs each, the levels between changes, the baseline, and what each change is and what changed with it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{LABEL, held, name, pace, started, value};
use crate::load::audit::Stamp;
use crate::results::compare::Metric;
use crate::results::difference::{self, Difference};
use crate::results::history::{Point, Turn};
use crate::results::past::Past;
use crate::results::{Run, State as RunState};
use crate::text::quantity::{self, rate};
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::State;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, bar, rule};
use crate::tui::widgets::history::{Dot, History, Regime, Turn as Mark};
use crate::tui::widgets::lines::{self, Spans, fold};
use crate::tui::widgets::paint::{put, put_right, row};
use crate::tui::widgets::scale::{Unit, latencies};

/// Draws it.
pub(super) fn draw(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let say = |text: &str, buf: &mut Buffer| _ = put(buf, area, 2, 1, text, look.theme.style(Role::Dim));
    let Some(run) = state.past_of.as_ref().and_then(|id| state.run(id)) else { return };
    let Some(past) = &state.past else { return say("looking through the runs like this one…", buf) };
    title(past, run, look, area, buf);
    let Some(point) = past.history.points.get(state.point) else {
        return say(&nothing(past, run), buf);
    };
    let told = fold(&told(state, past, run, point, look), area.width.saturating_sub(1), true);
    let below = u16::try_from(told.len()).unwrap_or(u16::MAX).min((area.height / 2).max(3));
    let chart = Rect { y: area.y + 1, height: area.height.saturating_sub(below + 3), width: area.width.saturating_sub(1), ..area };
    plot(state, past, look, chart, buf);
    dates(state, past, look, Rect { y: chart.bottom(), height: 1, ..chart }, buf);
    let line = Rect { y: chart.bottom() + 1, height: 1, ..area };
    let first = point.runs.first().and_then(|id| state.run(id)).map_or_else(String::new, started);
    let ids = point
        .runs
        .first()
        .zip(point.runs.last())
        .map_or_else(String::new, |(first, last)| if first == last { first.clone() } else { format!("{first} to {last}") });
    rule(buf, line, &[Segment::new(first, Role::Title, 0), Segment::new(ids, Role::Dim, 1)], &[], false, look.theme);
    for (spans, y) in told.iter().zip(0..area.bottom().saturating_sub(line.bottom())) {
        lines::line(spans, "", Rect { y: line.bottom() + y, height: 1, ..area }, buf, look.theme);
    }
}

fn title(past: &Past, run: &Run, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let history = &past.history;
    let (points, runs) = (history.points.len(), history.points.iter().map(|point| point.runs.len()).sum::<usize>());
    let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let left_out = if past.left_out > 0 { format!(", {} left out", past.left_out) } else { String::new() };
    let segments = [
        Segment::new(history.metric.name(), Role::Title, 0)
            .and(format!(" of {}", run.provenance.profile.clone().unwrap_or_else(|| name(run))), Role::Text),
        Segment::new(many(runs, "run") + &left_out, Role::Dim, 1),
        Segment::new(format!("{}, each the median of {}", many(points, "point"), history.every), Role::Dim, 2),
        Segment::new(pace(run), Role::Dim, 3),
    ];
    bar(buf, row(area, 0), &segments, &[], look.theme.style(Role::Text), look.theme);
}

/// Why there is no point.
fn nothing(past: &Past, run: &Run) -> String {
    let name = past.history.metric.name();
    if run.state == RunState::Done && run.stamp != Some(Stamp::Invalid) {
        format!("no run like this has a {name}: each has to answer more requests; > shows another figure")
    } else {
        format!("no run like this counts: those that ended early or are INVALID do not, and the others have no {name}")
    }
}

fn plot(state: &State, past: &Past, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let history = &past.history;
    let glyphs = look.theme.glyphs();
    let dot = |point: &Point| {
        let (role, sign) = match (point.whole, suspect(state, point)) {
            (false, _) => (Role::Dim, Some(glyphs.unknown)),
            (true, 1..) => (Role::StatusWarn, Some(glyphs.warn)),
            (true, 0) => (Role::Chart1, None),
        };
        Dot { value: point.median, role, sign }
    };
    let dots: Vec<Dot> = history.points.iter().map(dot).collect();
    let regimes: Vec<Regime> = history.regimes().into_iter().map(|(from, to, level)| Regime { from, to, level }).collect();
    let mark = |turn: &Turn| {
        let with = turn.differences.first().map_or_else(String::new, Difference::told);
        let size = quantity::change(1.0 + turn.change.share());
        Mark { at: turn.at, up: turn.change.share() > 0.0, size, word: word(turn).to_owned(), with, role: judged(turn) }
    };
    let marks: Vec<Mark> = history.turns.iter().map(mark).collect();
    let unit: Unit = if history.metric == Metric::Rate { rate } else { latencies };
    let baseline = past.baseline.as_ref().and_then(|line| line.value);
    History { dots: &dots, regimes: &regimes, turns: &marks, baseline, cursor: state.point, unit }.draw(area, LABEL, buf, look.theme);
}

/// How many runs of a point are SUSPECT.
fn suspect(state: &State, point: &Point) -> usize {
    point.runs.iter().filter_map(|id| state.run(id)).filter(|run| run.stamp == Some(Stamp::Suspect)).count()
}

/// The days of the first and of the last point.
fn dates(state: &State, past: &Past, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let points = &past.history.points;
    let day = |point: Option<&Point>| {
        let run = point.and_then(|point| state.run(point.runs.first()?));
        run.map_or_else(String::new, |run| run.started.strftime("%d %b %Y").to_string())
    };
    let dim = look.theme.style(Role::Dim);
    put(buf, area, LABEL + 1, 0, &day(points.first()), dim);
    let apart = (usize::from(area.width.saturating_sub(LABEL + 1)) / points.len().max(1)).clamp(1, 4);
    let end = LABEL + 1 + u16::try_from(points.len() * apart).unwrap_or(u16::MAX).min(area.width.saturating_sub(LABEL + 1));
    if end > LABEL + 28 {
        put_right(buf, area, end, 0, &day(points.last()), dim);
    }
}

fn word(turn: &Turn) -> &'static str {
    if turn.worse { "worse" } else { "better" }
}

fn judged(turn: &Turn) -> Role {
    if turn.worse { Role::StatusBad } else { Role::StatusOk }
}

/// The point under the cursor, the baseline, and every change with what changed there, the newest first.
fn told(state: &State, past: &Past, run: &Run, point: &Point, look: &Look<'_>) -> Vec<Spans> {
    let history = &past.history;
    let metric = history.metric;
    let of = if point.whole {
        format!("the median of {} runs", point.runs.len())
    } else {
        format!("{} of {} runs, too few to tell", point.runs.len(), history.every)
    };
    let bent = suspect(state, point);
    let of = if bent > 0 { format!("{of}, {bent} of them SUSPECT") } else { of };
    let against = held::line(state, run, look);
    // A verdict is what one looks for: it is the last to go where there is little room.
    let (verdict, hint) = if state.baselines.contains_key(&run.series()) { (Some(against), None) } else { (None, Some(against)) };
    let first = history.turns.iter().find(|turn| turn.at == state.point && turn.worse).map_or("", |_| "  the first run that is worse is its first");
    let mut all: Vec<Spans> = verdict.into_iter().collect();
    all.push(vec![
        (format!(" {} {}", metric.name(), value(metric, point.median)), Role::Title),
        (format!("  {of}"), Role::Dim),
        (first.to_owned(), Role::StatusBad),
    ]);
    // How many per cent say more beside a verdict than alone.
    all.extend(past.baseline.as_ref().and_then(|line| Some((&line.name, line.value?))).map(|(name, level)| {
        vec![
            (" baseline ".to_owned(), Role::Match),
            (format!("{name}: {}", value(metric, level)), Role::Text),
            (format!("  this point {}", quantity::change(point.median / level)), Role::Dim),
        ]
    }));
    all.extend(hint);
    if history.turns.is_empty() {
        all.push(vec![(" ".to_owned(), Role::Dim), (history.unfound(), Role::Dim)]);
    }
    all.extend(history.turns.iter().rev().flat_map(|turn| change(state, metric, turn, look)));
    all
}

/// How large it is and since which run, and what was another there.
fn change(state: &State, metric: Metric, turn: &Turn, look: &Look<'_>) -> [Spans; 2] {
    let glyphs = look.theme.glyphs();
    let when = state.run(&turn.first).map_or_else(String::new, started);
    let sign = if turn.change.share() > 0.0 { glyphs.rises } else { glyphs.falls };
    let size = vec![
        (format!(" {sign} "), judged(turn)),
        (format!("{} {} ", turn.size(), word(turn)), judged(turn)),
        (format!("from {when} on, first {}", turn.first), Role::Text),
        (format!("  {} before, {} since", value(metric, turn.change.before), value(metric, turn.change.after)), Role::Dim),
    ];
    let changed = if turn.differences.is_empty() {
        lines::plain("   nothing that was written down changed there".to_owned(), Role::Dim)
    } else {
        vec![("   ".to_owned(), Role::Text), (difference::told(&turn.differences), Role::Text)]
    };
    [size, changed]
}
