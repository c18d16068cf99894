//! A run as comma-separated values (RFC 4180), a line a second, for spreadsheets; many runs as a table is the door's work.

use std::fmt::Write as _;

use super::super::Interval;

/// Column and what stands in it.
type Column = (&'static str, fn(&Interval) -> String);

const COLUMNS: &[Column] = &[
    ("elapsed_s", |line| seconds(line.elapsed_ns)),
    ("span_s", |line| seconds(line.span_ns)),
    ("requests", |line| line.requests.to_string()),
    ("requests_per_second", |line| line.requests_per_second.to_string()),
    ("bytes", |line| line.bytes.to_string()),
    ("errors", |line| line.errors.values().fold(0, |sum: u64, count| sum.saturating_add(*count)).to_string()),
    ("connections", |line| line.connections.to_string()),
    ("in_flight", |line| line.in_flight.to_string()),
    ("min_ns", |line| value(line.latencies.min)),
    ("mean_ns", |line| value(line.latencies.mean)),
    ("p50_ns", |line| value(line.latencies.p50)),
    ("p75_ns", |line| value(line.latencies.p75)),
    ("p90_ns", |line| value(line.latencies.p90)),
    ("p99_ns", |line| value(line.latencies.p99)),
    ("p99_9_ns", |line| value(line.latencies.p99_9)),
    ("max_ns", |line| value(line.latencies.max)),
];

/// The lines of a run, with names of the columns; an unknown value is empty.
pub fn write(lines: &[Interval]) -> String {
    let mut text = COLUMNS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",") + "\r\n";
    for line in lines {
        _ = write!(text, "{}\r\n", COLUMNS.iter().map(|(_, value)| value(line)).collect::<Vec<_>>().join(","));
    }
    text
}

fn value(value: Option<u64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn seconds(nanoseconds: u64) -> String {
    format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_a_line() {
        let text = write(&[Interval { elapsed_ns: 1_500_000_000, requests: 7, ..Interval::default() }]);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(lines[0].starts_with("elapsed_s,span_s,requests,") && lines[1].starts_with("1.500000000,0.000000000,7,0,"), "{text}");
        assert_eq!(lines[0].matches(',').count(), lines[1].matches(',').count());
    }
}
