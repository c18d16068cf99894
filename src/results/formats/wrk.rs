//! What wrk and wrk2 print: a headline, percentiles, and from wrk2 with `--latency` a whole spectrum. Latencies of wrk count from the send, of wrk2 from the plan.

use regex::Regex;

use super::super::spectrum::Spectrum;
use super::super::{Latencies, Shape};
use super::{Read, Sketch, hdr};
use crate::load::record::Class;
use crate::text::credentials::stripped;

/// Whether a text is one.
pub(super) fn is_output(text: &str) -> bool {
    text.contains(" test @ ") && text.contains("Requests/sec:")
}

/// Reads it.
pub(super) fn read(text: &str) -> Result<Read, String> {
    let url = captured(text, r"test @ (\S+)").unwrap_or_default();
    let (url, taken) = stripped(&url);
    let connections = captured(text, r"and (\d+) connections").and_then(|count| count.parse().ok()).unwrap_or(0);
    let whole = Regex::new(r"(\d+) requests in ([\d.]+\w+), ([\d.]+)([KMGTP]?)B read").ok().and_then(|line| line.captures(text));
    let whole = whole.ok_or("it has no line `N requests in T, X read`")?;
    let requests: u64 = whole[1].parse().map_err(|_| "its count of requests is none")?;
    let elapsed_ns = span(&whole[2]).ok_or("its time is none")?;
    let scale = ["", "K", "M", "G", "T", "P"].iter().position(|unit| *unit == &whole[4]).unwrap_or(0);
    let bytes = whole[3].parse::<f64>().unwrap_or(0.0) * 1024f64.powi(i32::try_from(scale).unwrap_or(0));
    let spectrum =
        text.split_once("Detailed Percentile spectrum:").map(|(_, rest)| hdr::read_table(rest.lines().take_while(|line| !line.contains("#[")), 1e6));
    let spectrum: Spectrum = spectrum.unwrap_or_default();
    let version = if text.contains("HdrHistogram") { ("wrk2", "plan") } else { ("wrk", "send") };
    let mut remarks = vec![format!("{}'s latencies count from the {}; headers and bodies are not told", version.0, version.1)];
    if spectrum.bins.is_empty() {
        remarks.push("it holds no spectrum, only some percentiles".into());
    }
    if taken {
        remarks.push("credentials in the address were taken out".into());
    }
    let sketch = Sketch {
        format: version.0,
        latency: version.1,
        url,
        elapsed_ns,
        requests,
        rate: captured(text, r"Requests/sec:\s+([\d.]+)").and_then(|rate| rate.parse().ok()),
        bytes: bytes as u64,
        errors: errors(text),
        plan: Shape { connections, duration_ns: captured(text, r"Running (\S+) test").and_then(|time| span(&time)).unwrap_or(0), ..Shape::default() },
        latencies: spectrum.bins.is_empty().then(|| latencies(text)),
        ..Sketch::default()
    };
    Ok(Read { runs: vec![sketch.run(spectrum, Vec::new(), None, &remarks)], remarks })
}

fn latencies(text: &str) -> Latencies {
    let at = |percent: &str| captured(text, &format!(r"(?m)^\s+{percent}(?:\.0+)?%\s+([\d.]+\w+)")).and_then(|time| span(&time));
    let line = |column: usize| text.lines().find(|line| line.trim_start().starts_with("Latency  "))?.split_whitespace().nth(column).and_then(span);
    Latencies { mean: line(1), max: line(3), p50: at("50"), p75: at("75"), p90: at("90"), p99: at("99"), ..Latencies::default() }
}

fn errors(text: &str) -> std::collections::BTreeMap<String, u64> {
    let sockets = [("connect", Class::Connect.name()), ("read", Class::Reset.name()), ("write", "write"), ("timeout", Class::Timeout.name())];
    let count = |word: &str| captured(text, &format!(r"Socket errors:.*\b{word} (\d+)")).and_then(|count| count.parse::<u64>().ok());
    let statuses = captured(text, r"Non-2xx or 3xx responses: (\d+)").and_then(|count| count.parse().ok());
    let all = sockets.into_iter().map(|(word, class)| (class.to_owned(), count(word))).chain([("status".to_owned(), statuses)]);
    all.filter_map(|(class, count)| Some((class, count.filter(|count| *count > 0)?))).collect()
}

fn captured(text: &str, pattern: &str) -> Option<String> {
    Some(Regex::new(pattern).ok()?.captures(text)?.get(1)?.as_str().to_owned())
}

/// `551.88us`, `3.64ms`, `10.10s`, `1.5m`, `2h`, in nanoseconds.
fn span(text: &str) -> Option<u64> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let unit = match &text[at..] {
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3_600e9,
        _ => return None,
    };
    Some((text[..at].parse::<f64>().ok()? * unit).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As wrk 4.1.0 prints it.
    const WRK: &str = "Running 10s test @ http://me:pw@127.0.0.1:8080/\n  2 threads and 64 connections\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency   551.88us   82.35us   3.64ms   90.08%\n    Req/Sec    57.15k     1.03k   59.13k    72.28%\n  Latency Distribution\n     50%  544.00us\n     75%  580.00us\n     90%  620.00us\n     99%    1.05ms\n  1148437 requests in 10.10s, 2.00MB read\n  Socket errors: connect 1, read 2, write 0, timeout 3\n  Non-2xx or 3xx responses: 5\nRequests/sec: 113706.29\nTransfer/sec:     93.49MB\n";

    #[test]
    fn what_wrk_prints_is_read() {
        assert!(is_output(WRK));
        let found = read(WRK).unwrap();
        let run = &found.runs[0].run;
        assert_eq!((run.requests, run.elapsed_ns, run.bytes, run.requests_per_second), (1_148_437, 10_100_000_000, 2 << 20, 113_706.29));
        assert_eq!(
            (run.latencies.p50, run.latencies.p99, run.latencies.mean, run.latencies.max),
            (Some(544_000), Some(1_050_000), Some(551_880), Some(3_640_000))
        );
        assert_eq!(run.errors, [("connect".to_owned(), 1), ("reset".into(), 2), ("status".into(), 5), ("timeout".into(), 3)].into());
        assert_eq!((run.target.url.as_str(), run.plan.connections), ("http://127.0.0.1:8080/", 64));
        assert!(!format!("{found:?}").contains("me:pw"));
        // All that was tried are its answers, the five with a bad status among them, and the six that were none.
        assert_eq!((run.tried(), run.failed(), run.succeeded()), (1_148_443, 11, 1_148_432));
    }

    /// As wrk2 prints it with `--latency`, its table shortened.
    #[test]
    fn the_spectrum_of_wrk2_is_a_histogram() {
        let text = "Running 10s test @ http://127.0.0.1/\n  1 threads and 4 connections\n  Latency Distribution (HdrHistogram - Recorded Latency)\n 50.000%    1.00ms\n  Detailed Percentile spectrum:\n       Value   Percentile   TotalCount 1/(1-Percentile)\n\n       0.100     0.000000            1         1.00\n       1.000     0.500000        10000         2.00\n       2.000     0.990000        19800       100.00\n       5.000     1.000000        20000          inf\n#[Mean    =        1.000, StdDeviation   =        0.500]\n----------------------------------------------------------\n  20000 requests in 10.00s, 1.00KB read\nRequests/sec:   2000.00\n";
        let run = &read(text).unwrap().runs[0].run;
        assert_eq!(
            (run.provenance.imported.as_ref().unwrap().latency.as_str(), run.latencies.p50, run.latencies.p99),
            ("plan", Some(1_000_000), Some(2_000_000))
        );
        assert!(read("Running 1s test @ http://x/\nRequests/sec: 1\n").is_err());
    }
}
