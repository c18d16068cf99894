//! Marked runs against each other: the verdict in words, a table with a forest plot, and below it both distributions or a box for each run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::figures::points;
use super::{name, started, value};
use crate::results::compare::{Compared, Metric};
use crate::results::difference::{Difference, told};
use crate::results::{Bucket, Run};
use crate::stats::interval::Interval;
use crate::stats::paired::Shift;
use crate::stats::verdict::{Comparison, FEWEST_PAIRS, Word};
use crate::text::quantity::{chance, change_within, share};
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::{Face, State};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::bar::{Segment, bar, rule};
use crate::tui::widgets::boxes::{self, BoxRow};
use crate::tui::widgets::forest::{Forest, Ratio};
use crate::tui::widgets::lines::{self, fold};
use crate::tui::widgets::paint::{fit, put, put_right, row};
use crate::tui::widgets::percentiles::{self, Distribution};

/// Columns of the table left of the forest plot.
const TABLE: u16 = 46;
/// Columns of the words at the right end.
const WORDS: u16 = 17;
/// Columns of the shift's figures.
const SHIFT: u16 = 28;
/// Rows below the table from which on a blank one stands between them.
const ROOM: u16 = 12;

/// Draws it.
pub(super) fn draw(state: &State, face: Face, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let Some(pairing) = &state.pairing else { return };
    let runs = |ids: &[String]| ids.iter().filter_map(|id| state.run(id)).collect::<Vec<&Run>>();
    let (a, b) = (runs(&pairing.a), runs(&pairing.b));
    sides(&a, &b, look, area, buf);
    let Some(compared) = &pairing.compared else {
        put(buf, area, 1, 3, "the comparison is being made…", look.theme.style(Role::Dim));
        return;
    };
    verdict(compared, look, row(area, 2), buf);
    let rows = table(compared, look, Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area }, buf);
    let used = 3 + rows;
    let used = used + changed(&pairing.changed, look, Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area }, buf);
    // A blank line goes first where there is little room.
    let gap = u16::from(area.height > used + ROOM);
    let line = Rect { y: area.y + used + gap, height: 1, ..area };
    if area.height < used + gap + 4 {
        return;
    }
    let few = a.len() + b.len() > usize::from(area.bottom().saturating_sub(line.y + 2));
    let (title, more) = match face {
        Face::Shares => ("A ● and B ◆ by share of answers", "all runs of a side together"),
        Face::Boxes if few => ("the newest runs", "box p25 to p75, whiskers p5 to p99, ● p99.9"),
        Face::Boxes => ("each run", "box p25 to p75, whiskers p5 to p99, ● p99.9"),
        Face::Shift => ("B/A at each share of answers", "with 95 %, from whole pairs"),
    };
    rule(buf, line, &[Segment::new(title, Role::Title, 0), Segment::new(more, Role::Dim, 1)], &[], false, look.theme);
    let below = Rect { y: line.y + 1, height: area.bottom().saturating_sub(line.y + 1), width: area.width.saturating_sub(1), ..area };
    match face {
        Face::Shares => both(&a, &b, look, below, buf),
        Face::Boxes => each(&a, &b, look, below, buf),
        Face::Shift => shifted(compared, look, below, buf),
    }
}

/// What was another for B, in a few rows; answers how many it took.
fn changed(differences: &[Difference], look: &Look<'_>, area: Rect, buf: &mut Buffer) -> u16 {
    if differences.is_empty() {
        return 0;
    }
    let told = vec![(" changed  ".to_owned(), Role::Dim), (told(differences), Role::Text)];
    let rows = fold(&[told], area.width.saturating_sub(1), true);
    // The table and what stands below are worth more.
    let most = (area.height / 4).clamp(1, 4).min(area.height);
    for (spans, y) in rows.iter().zip(0..most) {
        lines::line(spans, "", row(area, y), buf, look.theme);
    }
    let all = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    if all > most {
        put_right(buf, area, area.width.saturating_sub(1), most.saturating_sub(1), look.theme.glyphs().cut, look.theme.style(Role::Dim));
    }
    all.min(most)
}

/// The shift function: how much slower B is at each decile and in the tail.
fn shifted(compared: &Compared, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let style = |role| look.theme.style(role);
    let room = usize::from(area.height.saturating_sub(1));
    let mut shown: Vec<&Shift> = compared.shift.iter().collect();
    // Where there is little room the median and the tail stay.
    for q in [0.1, 0.3, 0.6, 0.8, 0.4, 0.2, 0.7, 0.75] {
        if shown.len() > room {
            shown.retain(|one| one.q != q);
        }
    }
    if shown.is_empty() {
        put(buf, area, 1, 0, "it takes two pairs of runs with answers enough", style(Role::Dim));
        return;
    }
    let ratio = |one: &Shift| Ratio { low: one.interval.low, centre: one.ratio, high: one.interval.high, band: compared.band };
    let ratios: Vec<Ratio> = shown.iter().map(|one| ratio(one)).collect();
    let forest = Forest::wide(&ratios);
    let plot = Rect { x: area.x + SHIFT, width: area.width.saturating_sub(SHIFT + 1).min(81) / 2 * 2 + 1, ..area };
    put(buf, area, 1, 0, "share", style(Role::Header));
    put(buf, area, 8, 0, "B/A [95 %]", style(Role::Header));
    forest.axis(row(plot, 0), buf, look.theme);
    for ((one, ratio), y) in shown.iter().zip(&ratios).zip(1..area.height) {
        // An interval without 1 is told by its look and by where it stands.
        let role = match one.interval {
            within if within.low > 1.0 => Role::StatusBad,
            within if within.high < 1.0 => Role::StatusOk,
            _ => Role::Text,
        };
        put(buf, area, 1, y, &one.name(), style(Role::Dim));
        put(buf, area, 8, y, &ratios_said(one.ratio, one.interval), style(Role::Text));
        forest.row(*ratio, role, row(plot, y), buf, look.theme);
    }
}

/// `1.17 [1.09, 1.26]`; from ten on whole numbers say enough.
fn ratios_said(ratio: f64, interval: Interval) -> String {
    let one = |ratio: f64| if ratio >= 9.995 { format!("{ratio:.0}") } else { format!("{ratio:.2}") };
    format!("{} [{}, {}]", one(ratio), one(interval.low), one(interval.high))
}

/// What A is and what B is.
fn sides(a: &[&Run], b: &[&Run], look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let side = |letter: &str, runs: &[&Run], role: Role| {
        let what = runs.first().map_or_else(String::new, |run| name(run));
        let when = match (runs.first(), runs.last()) {
            (Some(first), Some(last)) if runs.len() > 1 => format!("{} to {}", started(first), started(last)),
            (Some(first), _) => started(first),
            _ => String::new(),
        };
        let count = format!("{} {}", runs.len(), if runs.len() == 1 { "run" } else { "runs" });
        vec![(format!(" {letter} "), role), (what, Role::Text), (format!("  {count}  {when}"), Role::Dim)]
    };
    lines::line(&side("A", a, Role::Chart1), "", row(area, 0), buf, look.theme);
    lines::line(&side("B", b, Role::Chart2), "", row(area, 1), buf, look.theme);
}

/// A verdict as a sign, a word and a look: none of them alone.
fn word(word: Word, theme: &Theme) -> (&'static str, String, Role) {
    let glyphs = theme.glyphs();
    match word {
        Word::Better => (glyphs.good, "better".into(), Role::StatusOk),
        Word::Worse => (glyphs.bad, "worse".into(), Role::StatusBad),
        Word::Equivalent => ("=", "equal".into(), Role::Text),
        Word::Inconclusive(_) => (glyphs.unknown, word.wanted().unwrap_or_default(), Role::StatusUnknown),
    }
}

fn verdict(compared: &Compared, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let mut parts = Vec::new();
    let mut say = |text: String, role: Role, rank: u8| parts.push(Segment::new(text, role, rank));
    match (compared.word(), compared.gated()) {
        (Some(Word::Worse), _) if compared.fails_more() => {
            say(format!("{} WORSE", look.theme.glyphs().bad), Role::StatusBad, 0);
            say("it fails more often; latencies are not weighed against that".into(), Role::Text, 1);
        }
        (Some(said), Some(found)) => {
            let (sign, text, role) = word(said, look.theme);
            let text = if let Word::Inconclusive(_) = said { "INCONCLUSIVE".to_owned() } else { text.to_uppercase() };
            say(format!("{sign} {text}"), role, 0);
            let change = change_within(found.ratio, found.interval.low, found.interval.high);
            say(format!("{} {change}", compared.gate.name()), Role::Title, 0);
            say(format!("p {}", chance(found.p)), Role::Text, 3);
            if let Some(wanted) = said.wanted() {
                say(format!("about {wanted} needed"), Role::Text, 1);
            }
        }
        _ => {
            say(format!("{} INCONCLUSIVE", look.theme.glyphs().unknown), Role::StatusUnknown, 0);
            say(format!("{} is not known of two pairs; a verdict takes {FEWEST_PAIRS}", compared.gate.name()), Role::Text, 1);
        }
    }
    let pairs = compared.gated().map_or(0, |found| found.pairs);
    say(format!("{pairs} pairs"), Role::Dim, 2);
    say(format!("band ±{:.1} %", compared.band * 100.0), Role::Dim, 3);
    say("one gated metric, so no correction".into(), Role::Dim, 6);
    bar(buf, area, &parts, &[], look.theme.style(Role::Text), look.theme);
}

/// Draws the table; answers how many rows it took.
fn table(compared: &Compared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> u16 {
    let style = |role| look.theme.style(role);
    // The plot goes where there is no room for it; words never go.
    let words = area.width.saturating_sub(WORDS);
    let plot = Rect { x: area.x + TABLE, width: words.saturating_sub(TABLE + 2).min(61) / 2 * 2 + 1, ..area };
    let plotted = words > TABLE + 10;
    for (title, end) in [("A", 17), ("B", 26)] {
        put_right(buf, area, end, 0, title, style(Role::Header));
    }
    put(buf, area, 1, 0, "metric", style(Role::Header));
    put(buf, area, 28, 0, "B/A [95 %]", style(Role::Header));
    let words = if plotted { plot.x - area.x + plot.width + 2 } else { words.max(TABLE + 1).min(area.width.saturating_sub(12)) };
    put(buf, area, words, 0, "verdict", style(Role::Header));
    errors(compared, words, look, area, buf);
    let ratio = |found: &Comparison, metric: Metric| Ratio {
        low: found.interval.low,
        centre: found.ratio,
        high: found.interval.high,
        band: if metric == compared.gate { compared.band } else { 0.03 },
    };
    let ratios: Vec<Ratio> = compared.metrics.iter().map(|(metric, found)| ratio(found, *metric)).collect();
    let forest = Forest::around(&ratios);
    if plotted {
        forest.axis(row(plot, 0), buf, look.theme);
    }
    for (((metric, found), ratio), y) in compared.metrics.iter().zip(&ratios).zip(2..) {
        let gate = *metric == compared.gate;
        let (sign, text, role) = word(found.word, look.theme);
        put(buf, area, 1, y, metric.name(), style(if gate { Role::Title } else { Role::Text }));
        put_right(buf, area, 17, y, &value(*metric, found.a), style(Role::Text));
        put_right(buf, area, 26, y, &value(*metric, found.b), style(Role::Text));
        put(buf, area, 28, y, &ratios_said(found.ratio, found.interval), style(Role::Text));
        if plotted {
            forest.row(*ratio, if gate { role } else { Role::Text }, row(plot, y), buf, look.theme);
        }
        let text = format!("{sign} {text}{}", if gate { "" } else { " (info)" });
        put(buf, area, words, y, &fit(&text, area.width.saturating_sub(words), look.theme.glyphs().cut), style(if gate { role } else { Role::Dim }));
    }
    2 + u16::try_from(compared.metrics.len()).unwrap_or(u16::MAX)
}

/// The first row: a server that fails faster is not faster.
fn errors(compared: &Compared, words: u16, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let style = |role| look.theme.style(role);
    let [a, b] = compared.errors.map(|(failed, tried)| share(failed, tried));
    put(buf, area, 1, 1, "errors", style(Role::Text));
    put_right(buf, area, 17, 1, &a, style(Role::Text));
    put_right(buf, area, 26, 1, &b, style(Role::Text));
    if let Some(more) = compared.more_errors {
        put(buf, area, 28, 1, &format!("{:+.2} to {:+.2} points", more.low * 100.0, more.high * 100.0), style(Role::Text));
    }
    let (sign, text, role) = match compared.fails_more() {
        true => (look.theme.glyphs().bad, "worse", Role::StatusBad),
        false if compared.fails_less() => (look.theme.glyphs().good, "better", Role::StatusOk),
        false => ("=", "no change", Role::Text),
    };
    put(buf, area, words, 1, &format!("{sign} {text}"), style(role));
}

/// Both sides as distributions, all runs of a side together.
fn both(a: &[&Run], b: &[&Run], look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let (of_a, of_b) = (together(a), together(b));
    let glyphs = look.theme.glyphs();
    let all = [
        Distribution { points: &of_a.0, answers: of_a.1, role: Role::Chart1, marker: glyphs.point },
        Distribution { points: &of_b.0, answers: of_b.1, role: Role::Chart2, marker: glyphs.here },
    ];
    percentiles::draw(&all, area, super::LABEL, buf, look.theme);
}

/// Points and answers of several runs: counts add up, percentiles do not, so one run alone knows more.
fn together(runs: &[&Run]) -> (Vec<(f64, f64)>, u64) {
    let mut all = std::collections::BTreeMap::<u64, u64>::new();
    runs.iter().flat_map(|run| &run.histogram).for_each(|Bucket { up_to_ns, count }| *all.entry(*up_to_ns).or_default() += count);
    let buckets: Vec<(u64, u64)> = all.into_iter().collect();
    let answers = runs.iter().fold(0u64, |sum, run| sum.saturating_add(run.requests));
    let latencies = match runs {
        [one] => one.latencies.clone(),
        _ => crate::results::Latencies { min: runs.iter().filter_map(|run| run.latencies.min).min(), ..Default::default() },
    };
    (points(&buckets, &latencies), answers)
}

/// A box for each run, those of A first; where there is no room for all of them, for the newest of both sides.
fn each(a: &[&Run], b: &[&Run], look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let row = |letter: &str, role: Role, at: usize, run: &Run| {
        let five = five(run)?;
        Some(BoxRow { label: format!("{letter}{}", at + 1), five, tail: run.latencies.p99_9.map(|ns| ns as f64), role })
    };
    let room = usize::from(area.height.saturating_sub(1));
    let most = |other: usize| (room / 2).max(room.saturating_sub(other));
    let of = |letter: &'static str, role: Role, runs: &[&Run], other: usize| -> Vec<BoxRow> {
        runs.iter().enumerate().skip(runs.len().saturating_sub(most(other))).filter_map(|(at, run)| row(letter, role, at, run)).collect()
    };
    let rows = [of("A", Role::Chart1, a, b.len()), of("B", Role::Chart2, b, a.len())].concat();
    boxes::draw(&rows, area, 5, buf, look.theme);
}

/// p5, p25, p50, p75 and p99 of a run, between the points that are known.
fn five(run: &Run) -> Option<[f64; 5]> {
    let buckets: Vec<(u64, u64)> = run.histogram.iter().map(|bucket| (bucket.up_to_ns, bucket.count)).collect();
    let points = points(&buckets, &run.latencies);
    let one = Distribution { points: &points, answers: run.requests, role: Role::Text, marker: "" };
    let [a, b, c, d, e] = [0.05, 0.25, 0.5, 0.75, 0.99].map(|share| one.at(share));
    Some([a?, b?, c?, d?, e?])
}
