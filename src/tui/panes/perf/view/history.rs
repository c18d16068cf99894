//! Runs like one over time: their figures, the levels between changes, and what each change is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{LABEL, held, judged, name, pace, started};
use crate::results::Run;
use crate::results::compare::Metric;
use crate::stats::series::Change;
use crate::text::quantity::{latency, rate};
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::State;
use crate::tui::panes::perf::state::past::{Past, Worth, worth};
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, rule};
use crate::tui::widgets::history::{Dot, History, Regime, Turn};
use crate::tui::widgets::lines;
use crate::tui::widgets::paint::{put, put_right, row};
use crate::tui::widgets::scale::{Unit, latencies};

/// Fewest runs on both sides of a change that can be found at all, with the noise that runs usually have.
const SIDES: usize = 6;

/// Draws it.
pub(super) fn draw(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let Some(past) = &state.past else { return };
    let Some(run) = past.ids.get(state.point).and_then(|id| state.run(id)) else {
        put(
            buf,
            area,
            2,
            1,
            &format!("no run like this has a {}: each has to answer more requests", past.metric.name()),
            look.theme.style(Role::Dim),
        );
        return;
    };
    title(past, run, look, area, buf);
    let below = u16::try_from(past.changes.len()).unwrap_or(u16::MAX).clamp(1, 4) + 2;
    let chart = Rect { y: area.y + 1, height: area.height.saturating_sub(below + 3), width: area.width.saturating_sub(1), ..area };
    plot(state, past, look, chart, buf);
    dates(state, past, look, Rect { y: chart.bottom(), height: 1, ..chart }, buf);
    let line = Rect { y: chart.bottom() + 1, height: 1, ..area };
    rule(buf, line, &[Segment::new(started(run), Role::Title, 0), Segment::new(&run.id, Role::Dim, 1)], &[], false, look.theme);
    let (sign, word, role) = judged(run, look.theme);
    let text = vec![
        (format!(" {sign} {word}  "), role),
        (format!("{} {}", past.metric.name(), value(past.metric, past.values[state.point])), Role::Title),
        (first_bad(past, state.point), Role::StatusBad),
    ];
    lines::line(&text, "", Rect { y: line.y + 1, height: 1, ..area }, buf, look.theme);
    lines::line(&held::line(state, run, look), "", Rect { y: line.y + 2, height: 1, ..area }, buf, look.theme);
    changes(state, past, look, Rect { y: line.y + 3, height: area.bottom().saturating_sub(line.y + 3), ..area }, buf);
}

fn title(past: &Past, run: &Run, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let without = if past.without > 0 { format!(", {} without it", past.without) } else { String::new() };
    let text = vec![
        (format!(" {} ", past.metric.name()), Role::Title),
        (format!("of {}  ", name(run)), Role::Text),
        (format!("{}  {} runs{without}", pace(run), past.ids.len()), Role::Dim),
    ];
    lines::line(&text, "", row(area, 0), buf, look.theme);
}

fn plot(state: &State, past: &Past, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let role = |id: &String| match state.run(id).map(worth) {
        Some(Worth::Bad) => Role::StatusBad,
        Some(Worth::Suspect) => Role::StatusWarn,
        Some(Worth::Cut) => Role::Dim,
        _ => Role::Chart1,
    };
    let dots: Vec<Dot> = past.ids.iter().zip(&past.values).map(|(id, value)| Dot { value: *value, role: role(id) }).collect();
    let regimes: Vec<Regime> = past.regimes().into_iter().map(|(from, to, level)| Regime { from, to, level }).collect();
    let turn = |change: &Change| Turn {
        at: change.at,
        up: change.share() > 0.0,
        text: format!("{:+.0} % {}", change.share() * 100.0, if past.worse(change) { "worse" } else { "better" }),
        role: if past.worse(change) { Role::StatusBad } else { Role::StatusOk },
    };
    let turns: Vec<Turn> = past.changes.iter().map(turn).collect();
    let unit: Unit = if past.metric == Metric::Rate { rate } else { latencies };
    History { dots: &dots, regimes: &regimes, turns: &turns, cursor: state.point, unit }.draw(area, LABEL, buf, look.theme);
}

/// The days of the first and of the last run.
fn dates(state: &State, past: &Past, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let day = |at: Option<&String>| at.and_then(|id| state.run(id)).map_or_else(String::new, |run| run.started.strftime("%d %b %Y").to_string());
    let dim = look.theme.style(Role::Dim);
    put(buf, area, LABEL + 1, 0, &day(past.ids.first()), dim);
    let dots = past.ids.len();
    let apart = (usize::from(area.width.saturating_sub(LABEL + 1)) / dots.max(1)).clamp(1, 4);
    let end = LABEL + 1 + u16::try_from(dots * apart).unwrap_or(u16::MAX).min(area.width.saturating_sub(LABEL + 1));
    if end > LABEL + 28 {
        put_right(buf, area, end, 0, &day(past.ids.last()), dim);
    }
}

fn first_bad(past: &Past, at: usize) -> String {
    match past.changes.iter().find(|change| change.at == at) {
        Some(change) if past.worse(change) => "  the first run that is worse".to_owned(),
        _ => String::new(),
    }
}

fn changes(state: &State, past: &Past, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    if past.changes.is_empty() {
        let text = if past.ids.len() < SIDES * 2 {
            format!(" no change found; with fewer than {SIDES} runs on both sides none can be, unless it is large")
        } else {
            " no change found; one of 5 % hides in the noise of single runs".to_owned()
        };
        put(buf, area, 0, 0, &text, look.theme.style(Role::Dim));
    }
    for (change, y) in past.changes.iter().rev().zip(0..area.height) {
        let glyphs = look.theme.glyphs();
        let when = past.ids.get(change.at).and_then(|id| state.run(id)).map_or_else(String::new, started);
        let role = if past.worse(change) { Role::StatusBad } else { Role::StatusOk };
        let text = vec![
            (format!(" {} {:+.1} % ", if change.share() > 0.0 { glyphs.rises } else { glyphs.falls }, change.share() * 100.0), role),
            (format!("from {when} on: "), Role::Text),
            (format!("{} before, {} since, p {:.1e}", value(past.metric, change.before), value(past.metric, change.after), change.p), Role::Dim),
        ];
        lines::line(&text, "", row(area, y), buf, look.theme);
    }
}

fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Rate => rate(value),
        // Nanoseconds fit; a negative one does not come.
        Metric::P50 | Metric::P90 | Metric::P99 | Metric::Cpu => latency(value.max(0.0) as u64),
    }
}
