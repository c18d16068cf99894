//! One run as a page of HTML that needs nothing else: figures, percentiles, the course over time and the spectrum as inline SVG. No script, no network.

use std::fmt::Write as _;

use super::super::spectrum::Spectrum;
use super::super::store::Kept;
use super::super::{Interval, Run};
use crate::text::quantity::{bytes, count, latency, rate, share};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse}td,th{padding:.15rem 1.2rem .15rem 0;text-align:right;\
border-bottom:1px solid #d8dee4}td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}text{font:11px system-ui,sans-serif;fill:#57606a}\
.a{fill:none;stroke:#0969da;stroke-width:1.5}.b{fill:none;stroke:#bc4c00;stroke-width:1.5;stroke-dasharray:5 3}.g{stroke:#d8dee4}.f{fill:#0969da}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}td,th{border-color:#30363d}text{fill:#8b949e}.g{stroke:#30363d}}";

/// Width and height of a chart, and what is left free for its words.
const WIDE: f64 = 880.0;
const HIGH: f64 = 240.0;
const LEFT: f64 = 70.0;
const FOOT: f64 = 24.0;

/// The whole page.
pub(super) fn write(kept: &Kept) -> String {
    let run = &kept.run;
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{0}</title><style>{STYLE}</style></head><body>\n<h1>{0}</h1>\n",
        escaped(&format!("{} {}", run.target.what.as_deref().unwrap_or("load test of"), run.target.url))
    );
    table(&mut page, "Run", &figures(kept));
    let planned = run.lateness.max.is_some();
    let of_response = if planned { "Latency: response time, from the plan" } else { "Latency" };
    for (title, latencies) in [(of_response, &run.latencies), ("Service time, from the send", &run.service), ("Lateness of the sends", &run.lateness)]
    {
        if planned || title == of_response {
            let told = latencies.named().map(|(name, value)| (name.to_owned(), value.map_or_else(|| "too few answers".to_owned(), latency)));
            table(&mut page, title, &told);
        }
    }
    if !run.errors.is_empty() {
        table(&mut page, "Errors", &run.errors.iter().map(|(class, number)| (class.clone(), count(*number))).collect::<Vec<_>>());
    }
    if !kept.notes.is_empty() {
        table(&mut page, "Notes", &kept.notes.iter().map(|note| (note.when(), note.text.clone())).collect::<Vec<_>>());
    }
    percentiles(&mut page, &kept.spectrum);
    course(&mut page, "Answers a second", &kept.lines, &[("a", |line| Some(line.requests_per_second))], rate);
    let ns = |value: f64| latency(value.max(0.0) as u64);
    let p50: fn(&Interval) -> Option<f64> = |line| line.latencies.p50.map(|value| value as f64);
    let p99: fn(&Interval) -> Option<f64> = |line| line.latencies.p99.map(|value| value as f64);
    course(&mut page, "Latency over time: p50 solid, p99 dashed", &kept.lines, &[("a", p50), ("b", p99)], ns);
    spectrum(&mut page, run);
    page.push_str("</body></html>\n");
    page
}

fn figures(kept: &Kept) -> Vec<(String, String)> {
    let run = &kept.run;
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = vec![
        row("run", run.id.clone()),
        row("started", run.started.to_string()),
        row("lasted", latency(run.elapsed_ns)),
        row("requests", count(run.requests)),
        row("requests a second", rate(run.requests_per_second)),
        row("read", bytes(run.bytes)),
        row("failed", format!("{} ({})", count(run.failed()), share(run.failed(), run.tried()))),
        row("connections", run.plan.connections.to_string()),
        row("planned", run.plan.rate.map_or_else(|| "as fast as possible".to_owned(), |wanted| format!("{wanted}/s"))),
    ];
    if let Some(stamp) = run.stamp {
        let because: String = run.reasons.iter().map(|reason| format!("; {}", reason.text())).collect();
        rows.insert(0, row("may it be believed", format!("{}{because}", stamp.word())));
    }
    rows.extend(run.provenance.profile.clone().map(|profile| ("profile".to_owned(), profile)));
    rows.extend(run.provenance.permutation.iter().chain(&run.provenance.labels).map(|(name, value)| (name.clone(), value.clone())));
    rows.extend(kept.environment.iter().flat_map(|environment| environment.facts()));
    rows.extend(run.provenance.imported.iter().map(|from| ("imported from".to_owned(), from.format.clone())));
    rows
}

fn table(page: &mut String, title: &str, rows: &[(String, String)]) {
    _ = write!(page, "<h2>{}</h2>\n<table>\n", escaped(title));
    for (name, value) in rows {
        _ = writeln!(page, "<tr><td>{}</td><td>{}</td></tr>", escaped(name), escaped(value));
    }
    page.push_str("</table>\n");
}

/// Latency against the share of answers that took no longer; each step to the right is a tenth of the answers of the one before.
fn percentiles(page: &mut String, spectrum: &Spectrum) {
    let shares = (0..=80).map(|at| 1.0 - 10f64.powf(-f64::from(at) / 20.0));
    let points: Vec<(f64, f64)> =
        shares.filter_map(|share| Some((-(1.0 - share).log10(), (spectrum.percentile(share)?.max(1) as f64).log10()))).collect();
    let Some(far) = points.last().map(|last| last.0.max(0.3)) else { return };
    let (low, high) = range(points.iter().map(|point| point.1));
    let place = |(x, y): (f64, f64)| (LEFT + x / far * (WIDE - LEFT), (HIGH - FOOT) * (1.0 - (y - low) / (high - low)));
    begin(page, "Percentiles");
    for (name, x) in [("p0", 0.0), ("p50", 0.301), ("p90", 1.0), ("p99", 2.0), ("p99.9", 3.0), ("p99.99", 4.0)] {
        if x <= far + 1e-9 {
            let (x, _) = place((x, low));
            _ = write!(
                page,
                "<line class=\"g\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{:.1}\"/><text x=\"{x:.1}\" y=\"{:.1}\">{name}</text>",
                HIGH - FOOT,
                HIGH - 6.0
            );
        }
    }
    scale(page, low, high, |log| latency(10f64.powf(log) as u64));
    line(page, "a", points.into_iter().map(place));
    page.push_str("</svg>\n");
}

/// A class of the style, and what of a second is drawn with it.
type Course<'a> = (&'a str, fn(&Interval) -> Option<f64>);

/// A value over the time of the run.
fn course(page: &mut String, title: &str, lines: &[Interval], values: &[Course<'_>], words: impl Fn(f64) -> String) {
    let end = lines.last().map_or(0, |line| line.elapsed_ns) as f64;
    let all: Vec<f64> = lines.iter().flat_map(|line| values.iter().filter_map(|(_, value)| value(line))).collect();
    if all.len() < 2 || end <= 0.0 {
        return;
    }
    let (_, high) = range(all.into_iter());
    begin(page, title);
    scale(page, 0.0, high, words);
    _ = write!(
        page,
        "<text x=\"{LEFT}\" y=\"{0:.1}\">0</text><text x=\"{1:.1}\" y=\"{0:.1}\" text-anchor=\"end\">{2}</text>",
        HIGH - 6.0,
        WIDE,
        latency(end as u64)
    );
    for (class, value) in values {
        let points =
            lines.iter().filter_map(|one| Some((LEFT + one.elapsed_ns as f64 / end * (WIDE - LEFT), (HIGH - FOOT) * (1.0 - value(one)? / high))));
        line(page, class, points);
    }
    page.push_str("</svg>\n");
}

/// A bar for each bucket of the summary.
fn spectrum(page: &mut String, run: &Run) {
    let buckets: Vec<_> = run.histogram.iter().filter(|bucket| bucket.count > 0).collect();
    let Some(most) = buckets.iter().map(|bucket| bucket.count).max() else { return };
    let (row, high) = (18.0, 18.0 * buckets.len() as f64);
    _ = write!(page, "<h2>Answers by latency</h2>\n<svg viewBox=\"0 0 {WIDE} {high}\" role=\"img\">");
    for (at, bucket) in buckets.iter().enumerate() {
        let (y, wide) = (at as f64 * row, bucket.count as f64 / most as f64 * (WIDE - LEFT - 160.0));
        let (end, number) = (latency(bucket.up_to_ns), share(bucket.count, run.requests));
        _ = write!(
            page,
            "<text x=\"0\" y=\"{:.1}\">≤ {end}</text><rect class=\"f\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"12\"/>",
            y + 12.0,
            y + 2.0
        );
        _ = write!(page, "<text x=\"{:.1}\" y=\"{:.1}\">{number}</text>", LEFT + wide + 6.0, y + 12.0);
    }
    page.push_str("</svg>\n");
}

fn begin(page: &mut String, title: &str) {
    _ = write!(page, "<h2>{}</h2>\n<svg viewBox=\"0 0 {WIDE} {HIGH}\" role=\"img\" aria-label=\"{0}\">", escaped(title));
}

fn scale(page: &mut String, low: f64, high: f64, words: impl Fn(f64) -> String) {
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let (y, value) = ((HIGH - FOOT) * (1.0 - share), low + share * (high - low));
        _ = write!(
            page,
            "<line class=\"g\" x1=\"{LEFT}\" x2=\"{WIDE}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"0\" y=\"{:.1}\">{}</text>",
            y.max(10.0),
            words(value)
        );
    }
}

fn line(page: &mut String, class: &str, points: impl Iterator<Item = (f64, f64)>) {
    let points: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    _ = write!(page, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "));
}

/// The smallest and the largest, never the same.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if high > low { (low, high) } else { (low - 0.5, low + 0.5) }
}

/// Text inside HTML.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::note::Note;
    use crate::results::run::tests::run;

    #[test]
    fn a_page_needs_nothing_else_and_runs_nothing() {
        let mut run = run();
        run.target.url = "http://x/<script>alert(1)</script>?a=\"b\"".into();
        let spectrum = super::super::fortio::tests::found().spectrum;
        (run.latencies, run.histogram, run.requests) = (spectrum.latencies(), spectrum.buckets(), spectrum.count());
        let second = |at: u64| Interval { elapsed_ns: at * 1_000_000_000, requests_per_second: at as f64, ..Interval::default() };
        let notes = vec![Note { at_ns: 65_000_000_000, text: "cache <emptied>".into(), written: jiff::Timestamp::UNIX_EPOCH }];
        let kept = Kept { run, lines: (1..5).map(second).collect(), spectrum, log: None, environment: None, notes };
        let page = write(&kept);
        assert!(page.contains("<tr><td>1:05</td><td>cache &lt;emptied&gt;</td></tr>"), "{page}");
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "{page}");
        for outside in ["src=", "href=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!((page.matches("<svg").count(), page.matches("</svg>").count(), page.matches("NaN").count()), (3, 3, 0));
    }
}
