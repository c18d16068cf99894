//! The latencies of a run as text: a table of percentiles, answers by latency beside it as bars, and what its words and dashes stand for.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::{to_left, to_right};
use crate::results::{Bucket, Latencies, Run};
use crate::text::quantity::{latency, share};

/// Cells of the longest bar.
const BAR: usize = 24;

/// Adds all of it, at most 80 columns wide.
pub(super) fn table(text: &mut String, run: &Run) {
    let latencies = latencies(run);
    let room = 80 - (latencies.iter().map(|line| line.width()).max().unwrap_or(0) + 24).min(72);
    side_by_side(text, &latencies, &bars(&run.histogram, room.min(BAR)));
    explained(text, run);
}

/// Response time; where requests were planned also service time and how late they were sent.
fn latencies(run: &Run) -> Vec<String> {
    if run.requests == 0 {
        return Vec::new();
    }
    let planned = is_planned(run);
    let columns: &[_] =
        if planned { &[("response", &run.latencies), ("service", &run.service), ("sent late", &run.lateness)] } else { &[("", &run.latencies)] };
    let cells = |(title, latencies): &(&str, &Latencies)| {
        let values = latencies.named().map(|(_, value)| value.map_or_else(|| "–".to_owned(), latency));
        std::iter::once((*title).to_owned()).chain(values).collect::<Vec<_>>()
    };
    let columns: Vec<Vec<String>> = columns.iter().map(cells).collect();
    let widths: Vec<usize> = columns.iter().map(|column| column.iter().map(|cell| cell.width()).max().unwrap_or(0)).collect();
    let names = std::iter::once(if planned { "from" } else { "latency" }).chain(run.latencies.named().map(|(name, _)| name));
    let line = |(at, name): (usize, &str)| {
        let cells: String = columns.iter().zip(&widths).map(|(column, width)| format!("  {}", to_right(&column[at], *width))).collect();
        format!("{}{cells}", to_left(name, 5)).trim_end().to_owned()
    };
    names.enumerate().map(line).collect()
}

/// What the words and the dashes of the table of latencies stand for.
fn explained(text: &mut String, run: &Run) {
    if run.requests == 0 {
        return;
    }
    if is_planned(run) {
        _ = writeln!(text, "\nresponse: from the plan; service: from the send; sent late: between the two");
    }
    if run.latencies.named().iter().any(|(_, value)| value.is_none()) {
        _ = writeln!(text, "{}–: fewer than ten answers took longer, so that is not known", if is_planned(run) { "" } else { "\n" });
    }
}

/// Its requests were sent by a plan, and how late is known.
fn is_planned(run: &Run) -> bool {
    run.planned_rate.is_some() && run.lateness.max.is_some()
}

/// A bar for each bucket, as long as its share; a trace is shown as a trace.
fn bars(histogram: &[Bucket], longest: usize) -> Vec<String> {
    const PARTS: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
    let largest = histogram.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    let total: u64 = histogram.iter().map(|bucket| bucket.count).sum();
    if largest == 0 {
        return Vec::new();
    }
    let bar = |count: u64| {
        let eighths = usize::try_from(u128::from(count) * (longest * 8) as u128 / u128::from(largest)).unwrap_or(0).max(usize::from(count > 0));
        format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
    };
    let ends: Vec<String> = histogram.iter().map(|bucket| latency(bucket.up_to_ns)).collect();
    let width = ends.iter().map(|end| end.width()).max().unwrap_or(0);
    let line = |(bucket, end): (&Bucket, &String)| {
        format!("≤ {}  {}  {}", to_right(end, width), to_left(&bar(bucket.count), longest), share(bucket.count, total))
    };
    std::iter::once("answers by latency".to_owned()).chain(histogram.iter().zip(&ends).map(line)).collect()
}

fn side_by_side(text: &mut String, left: &[String], right: &[String]) {
    if left.is_empty() && right.is_empty() {
        return;
    }
    text.push('\n');
    let width = left.iter().map(|line| line.width()).max().unwrap_or(0);
    for at in 0..left.len().max(right.len()) {
        let (a, b) = (left.get(at).map_or("", String::as_str), right.get(at).map_or("", String::as_str));
        _ = writeln!(text, "{}", format!("{}    {b}", to_left(a, width)).trim_end());
    }
}
