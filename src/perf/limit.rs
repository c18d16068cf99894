//! Limits as people write them: `p99<50ms`, `errors<1%`, `rate>100`. Pure: what is measured comes in as a lookup by name.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::results::Run;
use crate::text::age;
use crate::text::quantity::{latency, rate};
use crate::text::sanitise;

/// What a limit is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// A latency by its name in [`crate::results::Latencies::named`], in nanoseconds.
    Latency(&'static str),
    /// Failures of all attempts, 0 to 1.
    Errors,
    /// Whole answers a second.
    Rate,
}

/// Names of latencies a limit may be on.
const LATENCIES: [&str; 8] = ["min", "mean", "p50", "p75", "p90", "p99", "p99.9", "max"];

/// A value and the side of it that is wanted, or, in a rule that ends a run, that is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// What it is on.
    pub metric: Metric,
    /// Below the value; else above it.
    pub below: bool,
    /// Nanoseconds, a share, or answers a second.
    pub value: f64,
}

/// Several limits that have to hold together: a service level objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits(pub Vec<Limit>);

impl Limit {
    /// Whether a measured value keeps it.
    pub fn holds(&self, measured: f64) -> bool {
        if self.below { measured < self.value } else { measured > self.value }
    }

    /// What was measured beside what was wanted: `p99 60 ms, limit p99<50ms`.
    pub fn said(&self, measured: f64) -> String {
        match self.metric {
            // Nanoseconds are whole and not below zero.
            Metric::Latency(name) => format!("{name} {}, limit {self}", latency(measured.max(0.0) as u64)),
            Metric::Errors => format!("errors {:.2} %, limit {self}", measured * 100.0),
            Metric::Rate => format!("rate {}/s, limit {self}", rate(measured)),
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{}` is no limit; write p99<50ms, errors<1% or rate>100", sanitise(text));
        let text = text.trim();
        let at = text.find(['<', '>']).ok_or_else(expected)?;
        let (name, below, value) = (text[..at].trim(), text[at..].starts_with('<'), text[at + 1..].trim_start_matches('=').trim());
        let metric = match name {
            "errors" => Metric::Errors,
            "rate" | "req/s" => Metric::Rate,
            _ => Metric::Latency(LATENCIES.into_iter().find(|known| *known == name).ok_or_else(|| unknown(name))?),
        };
        let value = match metric {
            Metric::Latency(_) => age::parse(value)?.as_nanos() as f64,
            Metric::Errors => share(value).ok_or_else(expected)?,
            Metric::Rate => value.trim_end_matches("/s").parse().ok().filter(|rate: &f64| *rate >= 0.0 && rate.is_finite()).ok_or_else(expected)?,
        };
        Ok(Self { metric, below, value })
    }
}

fn unknown(name: &str) -> String {
    format!("`{}` is not measured; there are errors, rate, {}", sanitise(name), LATENCIES.join(", "))
}

/// `5%` or `0.05`, from 0 to 1.
pub fn share(text: &str) -> Option<f64> {
    let value = match text.strip_suffix('%') {
        Some(number) => number.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&value).then_some(value)
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.below { '<' } else { '>' };
        match self.metric {
            Metric::Latency(name) => write!(f, "{name}{sign}{}", exact(self.value)),
            Metric::Errors => write!(f, "errors{sign}{}%", (self.value * 1e8).round() / 1e6),
            Metric::Rate => write!(f, "rate{sign}{}", self.value),
        }
    }
}

/// Nanoseconds in the largest unit that loses nothing.
fn exact(nanoseconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns")];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| nanoseconds % unit == 0.0).unwrap_or((1.0, "ns"));
    format!("{}{name}", nanoseconds / unit)
}

impl FromStr for Limits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let limits: Vec<Limit> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        let twice =
            limits.iter().enumerate().find(|(at, limit)| limits[..*at].iter().any(|one| one.metric == limit.metric && one.below == limit.below));
        twice.map_or(Ok(()), |(_, limit)| Err(format!("{limit}: there are two limits on the same thing")))?;
        Ok(Self(limits))
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(", "))
    }
}

/// What a whole run measured; none where too little was measured to say.
pub fn measured(run: &Run, metric: Metric) -> Option<f64> {
    match metric {
        Metric::Latency(name) => run.latencies.named().into_iter().find(|(known, _)| *known == name)?.1.map(|value| value as f64),
        Metric::Errors => {
            let (failed, tried) = (run.failed(), run.tried());
            (tried > 0).then(|| failed as f64 / tried as f64)
        }
        Metric::Rate => (run.elapsed_ns > 0).then_some(run.requests_per_second),
    }
}

/// A span behind a slash: `p99>500ms/10s`; the text before it and the span.
pub(super) fn with_span(text: &str) -> Result<(&str, Duration), String> {
    let (limit, span) =
        text.rsplit_once('/').ok_or_else(|| format!("`{}` says not for how long; write for example errors>5%/10s", sanitise(text)))?;
    Ok((limit, age::parse(span.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_written_back() {
        for (text, value) in
            [("p99<50ms", 50e6), ("errors<1%", 0.01), ("errors>0.05", 0.05), ("rate>100/s", 100.0), ("p99.9 <= 1m30s", 90e9), ("max<250us", 250e3)]
        {
            let limit: Limit = text.parse().unwrap();
            assert!((limit.value - value).abs() < value * 1e-12, "{text}: {limit:?}");
            assert_eq!(limit.to_string().parse::<Limit>(), Ok(limit), "{text}");
        }
        assert_eq!("p99<50ms, errors<1%".parse::<Limits>().unwrap().to_string(), "p99<50ms, errors<1%");
        for wrong in ["", "p99", "p99<", "p98<1ms", "p99<fast", "errors<101%", "errors<-1%", "rate>-1", "rate>inf", "p99<1ms,,", "p99<1ms,p99<2ms"] {
            assert!(wrong.parse::<Limits>().is_err(), "{wrong}");
        }
    }
}
