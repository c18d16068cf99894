//! One run: how its generator does, a table of its latencies with its errors beside it, and the charts below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{charts, judged, marks, measured};
use crate::load::audit::{Cause, Reason};
use crate::names::Problem;
use crate::results::{Latencies, Run, State as RunState};
use crate::text::quantity::{count, latency, rate, share};
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::series::Point;
use crate::tui::panes::perf::state::{Entry, State, View};
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, bar};
use crate::tui::widgets::lines::{self, fold};
use crate::tui::widgets::paint::{put, put_right, row};

/// Columns of the table of latencies, and of the limits beside it where there are any.
const TABLE: u16 = 44;
const LIMITS: u16 = 12;
/// Rows of it, with its headings.
const ROWS: u16 = 6;

/// One run's figures, wherever they come from.
pub(super) struct Figures {
    /// Answers a second, in the last second while it runs.
    pub rate: f64,
    /// Requests a second that are planned.
    pub planned: Option<f64>,
    pub answers: u64,
    pub in_flight: u64,
    /// Of the last second, while it runs.
    pub last: Option<Latencies>,
    /// Response times of the whole run.
    pub whole: Latencies,
    /// Service times of it.
    pub service: Latencies,
    /// How late requests were sent.
    pub lateness: Latencies,
    /// Failures by class.
    pub errors: Vec<(String, u64)>,
    pub unfinished: u64,
    pub missed: u64,
    pub backlog: u64,
    /// The busiest generator thread's share of its core.
    pub cpu: Option<f64>,
    pub steal: f64,
    /// Answers by latency: upper ends and counts.
    pub buckets: Vec<(u64, u64)>,
}

impl Figures {
    /// Those of a run under way, or as they were kept.
    pub(super) fn of(entry: &Entry) -> Self {
        let run = &entry.run;
        let Some(sample) = &entry.sample else { return Self::kept(run) };
        let point = Point::of(sample, entry.last.as_deref());
        let whole = &sample.whole;
        Self {
            rate: point.rate,
            planned: run.planned_rate,
            answers: whole.requests(),
            in_flight: sample.in_flight as u64,
            last: Some(Latencies::of(sample.last.response())),
            whole: Latencies::of(whole.response()),
            service: Latencies::of(whole.service()),
            lateness: whole.lateness().map(Latencies::of).unwrap_or_default(),
            errors: whole.errors().map(|(class, count)| (class.name().to_owned(), count)).collect(),
            unfinished: 0,
            missed: whole.missed,
            backlog: sample.backlog as u64,
            cpu: (sample.generator.wall_ns > 0).then(|| sample.generator.busiest()),
            steal: sample.generator.steal(),
            buckets: whole.buckets(),
        }
    }

    fn kept(run: &Run) -> Self {
        let generator = run.generator.clone().filter(|generator| generator.threads > 0);
        Self {
            rate: run.requests_per_second,
            planned: run.planned_rate,
            answers: run.requests,
            in_flight: 0,
            last: None,
            whole: run.latencies.clone(),
            service: run.service.clone(),
            lateness: run.lateness.clone(),
            errors: run.errors.iter().map(|(class, count)| (class.clone(), *count)).collect(),
            unfinished: run.unfinished,
            missed: run.missed,
            backlog: run.backlog_max,
            cpu: generator.as_ref().map(|generator| generator.busiest_share),
            steal: generator.map_or(0.0, |generator| generator.steal_share),
            buckets: run.histogram.iter().map(|bucket| (bucket.up_to_ns, bucket.count)).collect(),
        }
    }

    /// All failures.
    pub(super) fn failed(&self) -> u64 {
        self.errors.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// All that was tried: answers, and failures that were none. A bad status is both.
    pub(super) fn tried(&self) -> u64 {
        let bad = self.errors.iter().filter(|(class, _)| class.starts_with("status")).fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        self.answers.saturating_sub(bad).saturating_add(self.failed())
    }

    /// Something was planned: response and service time are two.
    pub(super) fn open(&self) -> bool {
        self.planned.is_some()
    }
}

/// Draws it.
pub(super) fn draw(entry: &Entry, state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let figures = Figures::of(entry);
    health(entry, &figures, look, row(area, 0), buf);
    let reasons = reasons(&entry.run, state.view, look, Rect { y: area.y + 1, height: (area.height / 6).max(1), ..area }, buf);
    let table = Rect { y: area.y + 1 + reasons, height: ROWS.min(area.height.saturating_sub(1 + reasons)), ..area };
    let limited = NAMES.iter().any(|name| marks::wanted(&entry.run, name).is_some());
    let wide = TABLE + if limited { LIMITS } else { 0 };
    latencies(&entry.run, &figures, look, Rect { width: wide.min(area.width), ..table }, buf);
    if area.width >= wide + 16 {
        errors(&figures, look, Rect { x: area.x + wide, width: area.width - wide - 1, ..table }, buf);
    }
    let above = 1 + reasons + ROWS;
    if area.height > above + 3 {
        let below = Rect { y: area.y + above, height: area.height - above, width: area.width.saturating_sub(1), ..area };
        if entry.series.is_empty() {
            // Axes without anything on them say nothing.
            let text = match (&entry.sample, entry.run.state) {
                (Some(_), _) => "its first second is not over yet",
                (None, RunState::Running) => "nothing of it is known yet; a run of another program shows at its end",
                (None, _) => "no seconds of it are known",
            };
            put(buf, below, 1, 1, text, look.theme.style(Role::Dim));
            return;
        }
        charts::draw(entry, state, figures.open(), look, below, buf);
    }
}

/// Whether it may be believed, and what says so.
pub(super) fn health(entry: &Entry, figures: &Figures, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let (sign, word, role) = judged(&entry.run, look.theme);
    let mut parts = vec![Segment::new(format!("{sign} {word}"), role, 0)];
    let mut say = |text: String, role: Role, rank: u8| parts.push(Segment::new(text, role, rank));
    if let Some(stamp) = entry.run.stamp.filter(|stamp| stamp.word() != word) {
        say(stamp.word().to_owned(), Role::Text, 3);
    }
    if let Some(planned) = figures.planned {
        say(format!("plan {}/s", rate(planned)), Role::Text, 3);
    }
    if entry.sample.is_none() && entry.run.state == RunState::Running {
        // What is not known is not nothing.
        bar(buf, area, &parts, &[], look.theme.style(Role::Text), look.theme);
        return;
    }
    say(format!("answered {}/s", rate(figures.rate)), Role::Title, 1);
    if figures.missed > 0 {
        say(format!("missed {}", count(figures.missed)), Role::StatusWarn, 1);
    }
    if let Some(late) = figures.lateness.p99.or(figures.lateness.max) {
        say(format!("late p99 {}", latency(late)), Role::Text, 2);
    }
    if figures.backlog > 0 {
        let when = if entry.sample.is_some() { "waiting" } else { "most waiting" };
        say(format!("{when} {}", count(figures.backlog)), Role::StatusWarn, 2);
    }
    if entry.sample.is_some() {
        say(format!("in flight {}", count(figures.in_flight)), Role::Text, 4);
    }
    if let Some(cpu) = figures.cpu {
        say(format!("generator CPU {:.0} %", cpu * 100.0), if figures.open() && cpu > 0.85 { Role::StatusWarn } else { Role::Text }, 3);
    }
    if figures.steal > 0.03 {
        say(format!("steal {:.0} %", figures.steal * 100.0), Role::StatusWarn, 2);
    }
    say(format!("answers {}", count(figures.answers)), Role::Dim, 5);
    bar(buf, area, &parts, &[], look.theme.style(Role::Text), look.theme);
}

/// Why it failed, or the worst reason of its stamp, and how many more there are: in as many rows as it takes and there are. Answers how many it took.
fn reasons(run: &Run, view: View, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> u16 {
    let all = whys(run);
    let Some(worst) = all.first() else { return 0 };
    let key = if view == View::List { "enter" } else { "v" };
    let more = if all.len() > 1 { format!("  and {} more, {key} shows them", all.len() - 1) } else { String::new() };
    let told = vec![("   ".to_owned(), Role::Text), (worst.clone(), judged(run, look.theme).2), (more, Role::Dim)];
    let rows = fold(&[told], area.width.saturating_sub(2), true);
    for (spans, y) in rows.iter().zip(0..area.height) {
        lines::line(spans, "", row(area, y), buf, look.theme);
    }
    let taken = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    if taken > area.height {
        put_right(buf, area, area.width, area.height - 1, look.theme.glyphs().cut, look.theme.style(Role::Dim));
    }
    taken.min(area.height)
}

/// Why nothing succeeded and what to do, then the reasons of the stamp, the worst first.
fn whys(run: &Run) -> Vec<String> {
    let trouble = run.trouble();
    // That nothing was answered is said better by what stood in the way.
    let reasons = run.reasons.iter().filter(|reason| trouble.is_none() || reason.cause != Cause::Nothing).map(Reason::text);
    trouble.as_ref().map(Problem::clause).into_iter().chain(reasons).collect()
}

/// The percentiles that are shown.
const NAMES: [&str; 5] = ["p50", "p90", "p99", "p99.9", "max"];

fn latencies(run: &Run, figures: &Figures, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let style = |role| look.theme.style(role);
    let limit = |name: &str| marks::wanted(run, name);
    if NAMES.iter().any(|name| limit(name).is_some()) {
        put_right(buf, area, 51, 0, "limit", style(Role::Header));
    }
    put(buf, area, 1, 0, if figures.open() { "response time" } else { "service time" }, style(Role::Header));
    if figures.last.is_some() {
        put_right(buf, area, 26, 0, "last 1 s", style(Role::Header));
    }
    put_right(buf, area, 39, 0, "whole run", style(Role::Header));
    for (name, y) in NAMES.into_iter().zip(1..) {
        put(buf, area, 1, y, name, style(Role::Dim));
        if let Some(last) = &figures.last {
            put_right(buf, area, 26, y, &measured(named(last, name)), style(Role::Text));
        }
        let whole = named(&figures.whole, name);
        let limit = limit(name);
        let over = limit.zip(whole).is_some_and(|(limit, whole)| whole as f64 >= limit);
        put_right(buf, area, 39, y, &measured(whole), style(if over { Role::StatusBad } else { Role::Text }));
        if let Some(limit) = limit {
            put_right(buf, area, 51, y, &latency(limit as u64), style(Role::Dim));
            put(buf, area, 52, y, if over { look.theme.glyphs().bad } else { "" }, style(Role::StatusBad));
        }
    }
}

/// The latency of that name.
pub(super) fn named(latencies: &Latencies, name: &str) -> Option<u64> {
    latencies.named().into_iter().find(|(known, _)| *known == name).and_then(|(_, value)| value)
}

/// Failures by class, the most frequent first.
pub(super) fn errors(figures: &Figures, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let failed = figures.failed();
    put(buf, area, 0, 0, "errors", look.theme.style(Role::Header));
    let role = if failed > 0 { Role::StatusBad } else { Role::Dim };
    put_right(buf, area, 24.min(area.width), 0, &share(failed, figures.tried()), look.theme.style(role));
    let mut all = figures.errors.clone();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if figures.unfinished > 0 {
        all.push(("unfinished".into(), figures.unfinished));
    }
    let room = usize::from(area.height.saturating_sub(1));
    for ((class, failures), y) in all.iter().take(room).zip(1..) {
        let role = if class == "unfinished" { Role::Dim } else { Role::StatusBad };
        put(buf, area, 0, y, class, look.theme.style(role));
        put_right(buf, area, 24.min(area.width), y, &count(*failures), look.theme.style(role));
    }
    if all.is_empty() {
        put(buf, area, 0, 1, "none", look.theme.style(Role::Dim));
    }
}
