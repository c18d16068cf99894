//! Runs as text for a terminal or a log: one run, a table of many, one line of progress. Pure; no colour.

mod latencies;

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use crate::load::audit::Stamp;
use crate::load::plan::{Pace, Path, Plan};
use crate::results::difference::said;
use crate::results::{Interval, Run, Shape, State};
use crate::text::age::human;
use crate::text::quantity::{bytes, count, latency, rate, share};

/// What is about to happen, to whom.
pub(super) fn announced(plan: &Plan) -> String {
    let shape = Shape::of(plan);
    let ends = shape.requests.map_or_else(String::new, |requests| format!(" or {} requests", count(requests)));
    let way = match plan.path {
        Path::Direct => "",
        Path::Ingress => ", via ingress",
        Path::PortForward => ", via port-forward: SUSPECT at best",
    };
    format!("loading {} for {}{ends}, {}{way}", plan.target.url(), span(shape.duration_ns), pace(&shape))
}

/// One second of a run.
pub(super) fn progress(line: &Interval) -> String {
    let failed: u64 = line.errors.values().sum();
    let percentile = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), latency);
    format!(
        "{:>6}  {:>9}/s  p50 {:>7}  p99 {:>7}  errors {}",
        span(line.elapsed_ns / 1_000_000_000 * 1_000_000_000),
        rate(line.requests_per_second),
        percentile(line.latencies.p50),
        percentile(line.latencies.p99),
        count(failed)
    )
}

/// One run, at most 80 columns wide as long as its address is short.
pub(super) fn text(run: &Run) -> String {
    let mut text = String::new();
    head(&mut text, run);
    counts(&mut text, run);
    latencies::table(&mut text, run);
    endpoints(&mut text, run);
    text
}

/// Many runs.
pub(super) fn table(runs: &[Run]) -> String {
    if runs.is_empty() {
        return "no runs are kept yet: `meshplay perf run URL` makes one\n".into();
    }
    let mut lines = vec![["RUN", "STARTED", "STATE", "STAMP", "REQUESTS", "REQ/S", "P50", "P99", "ERRORS", "TARGET"].map(str::to_owned)];
    lines.extend(runs.iter().map(|run| {
        let percentile = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), latency);
        // The summary of a run under way holds nothing yet.
        let known = run.state != State::Running;
        [
            run.id.rsplit('-').next().unwrap_or_default().to_owned(),
            run.started.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            state(run.state).to_owned(),
            stamp(run).to_owned(),
            if known { count(run.requests) } else { "–".to_owned() },
            if known { rate(run.requests_per_second) } else { "–".to_owned() },
            percentile(run.latencies.p50),
            percentile(run.latencies.p99),
            if known { share(run.failed(), run.tried()) } else { "–".to_owned() },
            named(run),
        ]
    }));
    // Numbers stand right.
    let right = [false, false, false, false, true, true, true, true, true, false];
    let width = |at: usize| lines.iter().map(|line| line[at].width()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..right.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells =
            line.iter().zip(&widths).zip(right).map(|((cell, width), right)| if right { to_right(cell, *width) } else { to_left(cell, *width) });
        _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("   ").trim_end());
    }
    text
}

fn head(text: &mut String, run: &Run) {
    _ = writeln!(text, "{}", named(run));
    let left = run.plan.duration_ns.saturating_sub(run.elapsed_ns) > 50_000_000;
    let of = if run.state != State::Done && left { format!(" of {}", span(run.plan.duration_ns)) } else { String::new() };
    _ = writeln!(text, "{} after {}{of}, {}", state(run.state), latency(run.elapsed_ns), pace(&run.plan));
    if let Some(cause) = run.cut_by() {
        _ = writeln!(text, "ended by {cause}");
    }
    _ = writeln!(text, "run {}", run.id);
    if run.put_off_ns >= 1_000_000_000 {
        _ = writeln!(
            text,
            "stamped {} later than the clock said, which had been set back since the run before",
            span(run.put_off_ns / 1_000_000_000 * 1_000_000_000)
        );
    }
    behind(text, run);
    if let Some(stamp) = run.stamp {
        _ = writeln!(text, "{}", stamp.word());
        run.reasons.iter().for_each(|reason| _ = writeln!(text, "  {}", reason.text()));
    }
    text.push('\n');
}

/// What stood behind the target, a few facts a line.
fn behind(text: &mut String, run: &Run) {
    let mut line = String::new();
    for fact in said(&run.provenance.found) {
        if !line.is_empty() && line.width() + fact.width() > 70 {
            _ = writeln!(text, "on {line},");
            line.clear();
        }
        line = if line.is_empty() { fact } else { format!("{line}, {fact}") };
    }
    if !line.is_empty() {
        _ = writeln!(text, "on {line}");
    }
}

fn counts(text: &mut String, run: &Run) {
    let mut lines = vec![["requests".to_owned(), count(run.requests), format!("{}/s", rate(run.requests_per_second))]];
    let per_second = if run.elapsed_ns == 0 { 0 } else { u128::from(run.bytes) * 1_000_000_000 / u128::from(run.elapsed_ns) };
    lines.push(["read".into(), bytes(run.bytes), format!("{}/s", bytes(u64::try_from(per_second).unwrap_or(u64::MAX)))]);
    if let Some(planned) = run.planned_rate {
        lines.push(["missed".into(), count(run.missed), format!("of a plan of {}/s; at most {} waited", rate(planned), count(run.backlog_max))]);
    }
    if let Some(warm) = &run.warm_up {
        lines.push(["warm-up".into(), count(warm.requests), format!("in {} before, not counted", span(warm.duration_ns))]);
    }
    lines.push(["errors".into(), count(run.failed()), share(run.failed(), run.tried())]);
    lines.extend(run.failures().map(|(class, number)| [format!("  {}", class.name()), count(number), run.meaning(class)]));
    lines.extend(run.foreign_failures().map(|(name, number)| [format!("  {name}"), count(number), "as the file that was read calls it".into()]));
    if run.unfinished > 0 {
        lines.push(["unfinished".into(), count(run.unfinished), "cut off at the end, no errors".into()]);
    }
    if let Some(cpu) = run.client_cpu_ns.filter(|_| run.elapsed_ns > 0) {
        lines.push(["own cpu".into(), latency(cpu), format!("{:.0} % of a core", cpu as f64 / run.elapsed_ns as f64 * 100.0)]);
    }
    let (name, number) = (lines.iter().map(|line| line[0].width()).max().unwrap_or(0), lines.iter().map(|line| line[1].width()).max().unwrap_or(0));
    for [what, value, remark] in &lines {
        _ = writeln!(text, "{}   {}   {remark}", to_left(what, name), to_right(value, number));
    }
}

/// What belongs to each of several endpoints.
fn endpoints(text: &mut String, run: &Run) {
    if !run.endpoints.is_empty() {
        _ = writeln!(text, "\n{:>6} {:>12} {:>10} {:>9} {:>9}  endpoint", "weight", "requests", "errors", "p50", "p99");
    }
    for endpoint in &run.endpoints {
        let value = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), latency);
        let (p50, p99) = (value(endpoint.latencies.p50), value(endpoint.latencies.p99));
        let (requests, errors) = (count(endpoint.requests), count(endpoint.errors));
        _ = writeln!(text, "{:>6} {requests:>12} {errors:>10} {p50:>9} {p99:>9}  {}", endpoint.weight, endpoint.name);
    }
}

/// The address, and what it is where that is known.
fn named(run: &Run) -> String {
    let mut text = run.target.url.clone();
    if let Some(what) = &run.target.what {
        _ = write!(text, "  {what}");
    }
    if let Some(cluster) = &run.target.cluster {
        _ = write!(text, " @{cluster}");
    }
    text
}

fn pace(shape: &Shape) -> String {
    let connections = if shape.connections == 1 { "1 connection".to_owned() } else { format!("{} connections", count(shape.connections as u64)) };
    let rate = |wanted: &f64| format!("{}/s", planned(*wanted));
    let pace = match (&shape.pace, &shape.rate) {
        (Some(Pace::Ramp { from, to }), _) => format!("from {} to {} as planned", rate(from), rate(to)),
        (Some(Pace::Stages(stages)), _) => {
            let stages: Vec<_> = stages.iter().map(|stage| format!("{} for {}", rate(&stage.rate), span(stage.duration.as_nanos() as u64))).collect();
            format!("{} as planned", stages.join(", "))
        }
        (Some(Pace::Poisson { rate: wanted, seed }), _) => format!("{} by chance {seed}", rate(wanted)),
        (Some(Pace::Burst { every, size }), _) => format!("{} at once every {}", count(*size), span(every.as_nanos() as u64)),
        (_, Some(wanted)) => format!("{} as planned", rate(wanted)),
        (_, None) => "as fast as possible".to_owned(),
    };
    format!("{connections}, {pace}")
}

/// A planned rate as exactly as it was asked for.
fn planned(rate: f64) -> String {
    if rate.fract() == 0.0 && (0.0..1e15).contains(&rate) { count(rate as u64) } else { rate.to_string() }
}

/// Whether it may be believed, in one word; `–` where nobody judged that.
fn stamp(run: &Run) -> &'static str {
    run.stamp.map_or("–", Stamp::word)
}

fn state(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Done => "done",
        State::Stopped => "stopped",
        State::Aborted => "aborted",
        State::Interrupted => "interrupted",
    }
}

/// A planned time: whole seconds as people write them, less than two minutes exactly.
pub(super) fn span(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    if nanoseconds.is_multiple_of(1_000_000_000) { human(i64::try_from(seconds).unwrap_or(i64::MAX)) } else { latency(nanoseconds) }
}

fn to_left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn to_right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::target::Target;
    use crate::results::{Bucket, Latencies, Subject};

    fn run() -> Run {
        let plan = Plan::gentle(Target::parse("127.0.0.1:8080").unwrap());
        let target = Subject { url: plan.target.url().into(), what: Some("service shop/web".into()), cluster: Some("lab".into()) };
        let begun = "2025-11-24T20:00:00Z".parse().unwrap();
        let bucket = |up_to_ns, count| Bucket { up_to_ns, count };
        Run {
            state: State::Stopped,
            elapsed_ns: 2_500_000_000,
            requests: 1_234_567,
            requests_per_second: 493_826.8,
            bytes: 250_000_000,
            errors: [("timeout".to_owned(), 3), ("status_5xx".to_owned(), 12)].into(),
            unfinished: 4,
            latencies: Latencies {
                min: Some(21_000),
                mean: Some(35_200),
                p50: Some(33_000),
                p99: Some(1_250_000),
                max: Some(48_100_000),
                ..Latencies::default()
            },
            histogram: vec![bucket(32_000, 500_000), bucket(64_000, 700_000), bucket(128_000, 34_566), bucket(256_000, 1)],
            client_cpu_ns: Some(2_000_000_000),
            ..Run::begin("20251124T200000Z-127-0-0-1-8080-00c0de".into(), target, &plan, begun)
        }
    }

    #[test]
    fn a_run_is_one_aligned_page() {
        insta::assert_snapshot!(text(&run()), @r"
        http://127.0.0.1:8080/  service shop/web @lab
        stopped after 2.50 s of 10s, 4 connections, as fast as possible
        run 20251124T200000Z-127-0-0-1-8080-00c0de

        requests       1,234,567   493,827/s
        read              250 MB   100 MB/s
        errors                15   <0.01 %
          timeout              3   no whole answer came in time
          status_5xx          12   it answered with a status from 500
        unfinished             4   cut off at the end, no errors
        own cpu           2.00 s   80 % of a core

        latency           answers by latency
        min    21.0 µs    ≤ 32.0 µs  █████████████████▏        40.5 %
        mean   35.2 µs    ≤ 64.0 µs  ████████████████████████  56.7 %
        p50    33.0 µs    ≤  128 µs  █▏                        2.80 %
        p75          –    ≤  256 µs  ▏                         <0.01 %
        p90          –
        p99    1.25 ms
        p99.9        –
        max    48.1 ms

        –: fewer than ten answers took longer, so that is not known
        ");
        assert!(text(&run()).lines().all(|line| line.width() <= 80));
    }

    #[test]
    fn a_planned_run_shows_three_times_side_by_side_and_what_may_be_said_of_it() {
        use crate::load::audit::{Cause, Reason, Stamp};
        let times = |p50| Latencies { p50: Some(p50), max: Some(p50 * 2_000), ..Latencies::default() };
        let reason = Reason { cause: Cause::Missed, stamp: Stamp::Invalid, value: 0.25, limit: 0.001 };
        let planned = Run {
            stamp: Some(Stamp::Invalid),
            reasons: vec![reason],
            planned_rate: Some(5_000.0),
            missed: 3_125,
            backlog_max: 64,
            latencies: times(150_000),
            service: times(100_000),
            lateness: times(50_000),
            ..run()
        };
        let text = text(&planned);
        assert!(text.contains("INVALID\n  25.0 % of the planned requests were never sent\n"), "{text}");
        assert!(text.contains("missed             3,125   of a plan of 5,000/s; at most 64 waited"), "{text}");
        assert!(text.contains("from   response  service  sent late") && text.contains("p50      150 µs   100 µs    50.0 µs"), "{text}");
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
    }

    #[test]
    fn what_stood_behind_the_target_is_told_in_lines_that_fit() {
        let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut run = run();
        run.provenance.found = [
            fact("image.web", "shop/web:3.2.1"),
            fact("nodes", "node-01, node-02, node-03"),
            fact("kubelet", "v1.36.0"),
            fact("revision", "7"),
            fact("replicas", "3"),
        ]
        .into();
        let text = text(&run);
        assert!(text.contains("on image shop/web:3.2.1, revision 7, replicas 3,\non nodes node-01, node-02, node-03, kubelet v1.36.0\n"), "{text}");
    }

    #[test]
    fn many_runs_are_a_table() {
        let nothing = Run::begin(
            "20251124T190000Z-x-000001".into(),
            Subject { url: "http://x/".into(), ..Subject::default() },
            &Plan::gentle(Target::parse("x").unwrap()),
            run().started,
        );
        insta::assert_snapshot!(table(&[run(), nothing]), @r"
        RUN      STARTED                STATE     STAMP    REQUESTS     REQ/S       P50       P99    ERRORS   TARGET
        00c0de   2025-11-24 20:00:00Z   stopped   –       1,234,567   493,827   33.0 µs   1.25 ms   <0.01 %   http://127.0.0.1:8080/  service shop/web @lab
        000001   2025-11-24 20:00:00Z   running   –               –         –         –         –         –   http://x/
        ");
        assert!(table(&[]).contains("perf run"));
    }

    #[test]
    fn an_announcement_names_the_target_and_what_it_is_in_for() {
        let plan = Plan { requests: Some(5_000), ..Plan::gentle(Target::parse("http://example.com/a").unwrap()) };
        assert_eq!(announced(&plan), "loading http://example.com/a for 10s or 5,000 requests, 4 connections, 100/s as planned");
    }
}
