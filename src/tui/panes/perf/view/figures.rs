//! One run as figures: a percentile plot, response and service time side by side with what lies between them, errors, and what the run was measured by.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::run::{Figures, errors, health, named};
use super::{measured, name, pace, path, started};
use crate::load::audit::Stamp;
use crate::load::record::Class;
use crate::results::difference::said;
use crate::results::{Latencies, Run};
use crate::text::quantity::{bytes, count, latency, share};
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::Entry;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, rule};
use crate::tui::widgets::lines::{self, Spans, fold, plain};
use crate::tui::widgets::paint::{put, put_right, row};
use crate::tui::widgets::percentiles::{self, Distribution};

/// Columns of the table of latencies.
const TABLE: u16 = 38;
/// Its rows: headings and percentiles.
const ROWS: u16 = 8;

/// Draws it, what is told below from its row `top` on. Answers how many rows of that are seen, and how far it can be scrolled.
pub(super) fn draw(entry: &Entry, top: usize, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> (usize, usize) {
    let figures = Figures::of(entry);
    health(entry, &figures, look, row(area, 0), buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    // What is told below the plot, in as many lines as it takes.
    let told = fold(&told(entry, &figures, look), area.width.saturating_sub(2), true);
    let below = u16::try_from(told.len()).unwrap_or(u16::MAX).min(body.height.saturating_sub(ROWS + 1));
    let above = Rect { height: body.height.saturating_sub(below + 1), ..body };
    if area.width >= TABLE + 30 {
        latencies(&figures, look, Rect { width: TABLE, ..above }, buf);
        errors(&figures, look, Rect { x: area.x + 1, y: above.y + ROWS + 1, width: TABLE - 2, height: above.height.saturating_sub(ROWS + 1) }, buf);
        plot(&figures, look, Rect { x: area.x + TABLE, width: area.width - TABLE - 1, ..above }, buf);
    } else {
        latencies(&figures, look, above, buf);
    }
    let line = Rect { y: body.y + above.height, height: 1, ..area };
    let (page, last) = (usize::from(below), told.len().saturating_sub(usize::from(below)));
    let top = top.min(last);
    let where_one_is = format!("{} to {} of {}, pgdn pgup", top + 1, top + page, told.len());
    let more = (last > 0).then(|| Segment::new(where_one_is, Role::Dim, 1));
    rule(buf, line, &[Segment::new("how it was measured", Role::Title, 0)], more.as_slice(), false, look.theme);
    let text = Rect { x: area.x + 1, y: line.y + 1, width: area.width.saturating_sub(2), height: below };
    for (line, y) in told.iter().skip(top).zip(0..below) {
        lines::line(line, "", row(text, y), buf, look.theme);
    }
    (page, last)
}

/// Response and service time, and how late requests were sent, where that was planned.
fn latencies(figures: &Figures, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let style = |role| look.theme.style(role);
    let columns: &[(&str, &Latencies, u16)] = if figures.open() {
        &[("response", &figures.whole, 16), ("service", &figures.service, 26), ("sent late", &figures.lateness, 36)]
    } else {
        &[("service", &figures.whole, 16)]
    };
    for (title, values, end) in columns {
        put_right(buf, area, *end, 0, title, style(Role::Header));
        for (name, y) in ["min", "p50", "p75", "p90", "p99", "p99.9", "max"].into_iter().zip(1..area.height) {
            put(buf, area, 1, y, name, style(Role::Dim));
            put_right(buf, area, *end, y, &measured(named(values, name)), style(Role::Text));
        }
    }
}

fn plot(figures: &Figures, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let answers = figures.answers;
    let response = points(&figures.buckets, &figures.whole);
    let service = points(&[], &figures.service);
    let (title, role) = if figures.open() { ("response ● and service ◆ by share", Role::Chart1) } else { ("by share of answers", Role::Chart1) };
    put(buf, area, 0, 0, title, look.theme.style(Role::Header));
    let mut all = Vec::new();
    if figures.open() {
        all.push(Distribution { points: &service, answers, role: Role::Chart2, marker: look.theme.glyphs().here });
    }
    all.push(Distribution { points: &response, answers, role, marker: look.theme.glyphs().point });
    percentiles::draw(&all, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, 8, buf, look.theme);
    if answers < 10 {
        put(buf, area, 0, 1, "too few answers for a curve", look.theme.style(Role::Dim));
    }
}

/// Shares of answers and the latencies they did not exceed: ends of buckets are exact, and so are the percentiles that are known.
pub(super) fn points(buckets: &[(u64, u64)], latencies: &Latencies) -> Vec<(f64, f64)> {
    let total = buckets.iter().fold(0u64, |sum, (_, count)| sum.saturating_add(*count)) as f64;
    let mut passed = 0.0;
    let mut all: Vec<(f64, f64)> = latencies.min.map(|min| (0.0, min as f64)).into_iter().collect();
    for (end, count) in buckets.iter().filter(|(_, count)| *count > 0) {
        passed += *count as f64;
        if passed < total {
            all.push((passed / total, *end as f64));
        }
    }
    let known = [(0.5, latencies.p50), (0.75, latencies.p75), (0.9, latencies.p90), (0.99, latencies.p99), (0.999, latencies.p99_9)];
    all.extend(known.into_iter().filter_map(|(share, ns)| Some((share, ns? as f64))));
    all.extend(latencies.max.filter(|_| total > 0.0).map(|max| (1.0 - 1.0 / (total + 1.0), max as f64)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Three digits are kept: of two that are as good as the same the second may be a hair smaller.
    let mut most = 0.0f64;
    all.iter_mut().for_each(|(_, ns)| {
        most = most.max(*ns);
        *ns = most;
    });
    all
}

/// The difference between the latencies, the reasons for the stamp, failures with their meaning, and the circumstances.
fn told(entry: &Entry, figures: &Figures, look: &Look<'_>) -> Vec<Spans> {
    let run = &entry.run;
    let mut lines = vec![plain(difference(figures), Role::Text)];
    for reason in &run.reasons {
        let glyphs = look.theme.glyphs();
        let (sign, role) = if reason.stamp == Stamp::Invalid { (glyphs.bad, Role::StatusBad) } else { (glyphs.warn, Role::StatusWarn) };
        lines.push(vec![(format!("{sign} {}  ", reason.stamp.word()), role), (reason.text(), Role::Text)]);
    }
    for (class, failures) in Class::ALL.into_iter().filter_map(|class| Some((class, figures.errors.iter().find(|(name, _)| name == class.name())?.1)))
    {
        let head = format!("{} {} × {} ({})  ", look.theme.glyphs().bad, count(failures), class.name(), share(failures, figures.tried()));
        lines.push(vec![(head, Role::StatusBad), (class.meaning().to_owned(), Role::Text)]);
    }
    if let Some(worst) = worst(figures) {
        lines.push(vec![("to do     ".to_owned(), Role::Dim), (worst.remedy().to_owned(), Role::Text)]);
    }
    if figures.unfinished > 0 {
        let text = format!("{} requests were under way when it ended; that is not an error of the target", count(figures.unfinished));
        lines.push(plain(text, Role::Dim));
    }
    let here = look.theme.glyphs().here;
    lines.extend(entry.notes.iter().map(|note| vec![(format!("{here} {}  ", note.when()), Role::Mark), (note.text.clone(), Role::Text)]));
    lines.extend(circumstances(run));
    lines
}

/// What stood in the way most often.
fn worst(figures: &Figures) -> Option<Class> {
    let (name, _) = figures.errors.iter().max_by_key(|(_, count)| *count)?;
    Class::ALL.into_iter().find(|class| class.name() == name)
}

/// Why there are two latencies, and how far they are apart.
fn difference(figures: &Figures) -> String {
    if !figures.open() {
        return "closed loop: nothing was planned, so there is one latency, from the send; while the target stalls nothing is sent, and what would have \
                waited then is not in these figures"
            .to_owned();
    }
    let apart = figures.whole.p99.zip(figures.service.p99).map(|(response, service)| response.saturating_sub(service));
    let first = "response time counts from the plan, service time from the send";
    match apart {
        Some(apart) if apart > figures.service.p99.unwrap_or(0) / 10 => {
            format!("{first}: at p99 they waited {} for their turn; believe the response time", latency(apart))
        }
        Some(_) => format!("{first}; hardly any had to wait for its turn"),
        None => first.to_owned(),
    }
}

fn circumstances(run: &Run) -> Vec<Spans> {
    let row = |title: &str, text: String| vec![(format!("{title:<10}"), Role::Dim), (text, Role::Text)];
    let url = &run.target.url;
    let target = if run.target.what.is_some() {
        format!("{}  {url}  {}", name(run), path(run.plan.path).0)
    } else {
        format!("{url}  {}", path(run.plan.path).0)
    };
    let mut rows = vec![
        row("target", target),
        row("load", format!("{} for {}", pace(run), super::clock(run.plan.duration_ns / 1_000_000_000))),
        row("started", format!("{}  id {}", started(run), run.id)),
        row("behind it", if run.provenance.found.is_empty() { "not known".to_owned() } else { said(&run.provenance.found).join(", ") }),
        row("read", format!("{} in {} answers", bytes(run.bytes), count(run.requests))),
    ];
    let (limits, ends) = (&run.provenance.limits, &run.provenance.ends);
    if !limits.is_empty() || !ends.is_empty() {
        let limits = if limits.is_empty() { "none".to_owned() } else { limits.join(", ") };
        let ends = if ends.is_empty() { String::new() } else { format!(";  ends itself at {}", ends.join(", ")) };
        rows.push(row("limits", limits + &ends));
    }
    if let Some(generator) = run.generator.as_ref().filter(|generator| generator.threads > 0) {
        let text = format!(
            "{} {}, the busiest {:.0} % of its core, steal {:.1} %, made to wait {} times",
            generator.threads,
            if generator.threads == 1 { "thread" } else { "threads" },
            generator.busiest_share * 100.0,
            generator.steal_share * 100.0,
            count(generator.involuntary_switches)
        );
        rows.push(row("generator", text));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_join_buckets_and_percentiles_and_never_fall() {
        let latencies = Latencies { min: Some(500), p50: Some(1_500), p90: Some(1_990), max: Some(9_000), ..Latencies::default() };
        let points = points(&[(1_000, 10), (2_000, 80), (4_000, 0), (8_000, 9), (16_000, 1)], &latencies);
        let shares: Vec<f64> = points.iter().map(|(share, _)| *share).collect();
        assert_eq!(shares[..6], [0.0, 0.1, 0.5, 0.9, 0.9, 0.99]);
        assert!(points.windows(2).all(|pair| pair[0].1 <= pair[1].1 && pair[0].0 <= pair[1].0), "{points:?}");
    }
}
