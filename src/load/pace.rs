//! A pace as people write it: `max`, `250`, `10..500`, `poisson:100`, `burst:50/1s`, `30s@100,1m@500`. Pure; the moments of a replay lie in a file, which is
//! read by who knows files.

use super::plan::{Pace, Stage};
use crate::text::age;

/// What may be written, in one line.
pub const WAYS: &str = "250, max, 10..500, 30s@100,1m@500, poisson:100, burst:50/1s";

/// Reads a pace; none: it is none of those.
pub fn parse(text: &str) -> Option<Pace> {
    match text.split_once(':') {
        Some(("poisson", rest)) => poisson(rest),
        Some(("burst", rest)) => burst(rest),
        _ if text == "max" => Some(Pace::Max),
        _ if text.contains('@') => text.split(',').map(stage).collect::<Option<_>>().map(Pace::Stages),
        _ => ramp(text).or_else(|| rate(text).filter(|rate| *rate > 0.0).map(Pace::Rate)),
    }
}

/// Writes a pace so that it can be read again; none: it is a replay.
pub fn written(pace: &Pace) -> Option<String> {
    let span = |span: &std::time::Duration| {
        let milliseconds = span.as_millis();
        if milliseconds.is_multiple_of(1_000) { format!("{}s", milliseconds / 1_000) } else { format!("{milliseconds}ms") }
    };
    Some(match pace {
        Pace::Max => "max".into(),
        Pace::Rate(rate) => rate.to_string(),
        Pace::Ramp { from, to } => format!("{from}..{to}"),
        Pace::Stages(stages) => stages.iter().map(|stage| format!("{}@{}", span(&stage.duration), stage.rate)).collect::<Vec<_>>().join(","),
        Pace::Poisson { rate, seed: 1 } => format!("poisson:{rate}"),
        Pace::Poisson { rate, seed } => format!("poisson:{rate}:{seed}"),
        Pace::Burst { every, size } => format!("burst:{size}/{}", span(every)),
        Pace::Replay(_) => return None,
    })
}

fn rate(text: &str) -> Option<f64> {
    text.strip_suffix("/s").unwrap_or(text).parse().ok().filter(|rate: &f64| *rate >= 0.0 && rate.is_finite())
}

fn ramp(text: &str) -> Option<Pace> {
    let (from, to) = text.split_once("..")?;
    Some(Pace::Ramp { from: rate(from)?, to: rate(to)? })
}

fn stage(text: &str) -> Option<Stage> {
    let (duration, held) = text.split_once('@')?;
    Some(Stage { duration: age::parse(duration).ok()?, rate: rate(held)? })
}

fn poisson(text: &str) -> Option<Pace> {
    let (mean, seed) = text.split_once(':').unwrap_or((text, "1"));
    Some(Pace::Poisson { rate: rate(mean)?, seed: seed.parse().ok()? })
}

fn burst(text: &str) -> Option<Pace> {
    let (size, every) = text.split_once('/')?;
    Some(Pace::Burst { every: age::parse(every).ok()?, size: size.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_way_to_write_a_pace_is_read_and_written_back() {
        let stage = |seconds, rate| Stage { duration: Duration::from_secs(seconds), rate };
        for (text, pace) in [
            ("max", Pace::Max),
            ("250", Pace::Rate(250.0)),
            ("0.5/s", Pace::Rate(0.5)),
            ("10..500", Pace::Ramp { from: 10.0, to: 500.0 }),
            ("30s@100,1m@500/s", Pace::Stages(vec![stage(30, 100.0), stage(60, 500.0)])),
            ("poisson:100", Pace::Poisson { rate: 100.0, seed: 1 }),
            ("poisson:100/s:7", Pace::Poisson { rate: 100.0, seed: 7 }),
            ("burst:50/2s", Pace::Burst { every: Duration::from_secs(2), size: 50 }),
            ("burst:50/1500ms", Pace::Burst { every: Duration::from_millis(1_500), size: 50 }),
        ] {
            assert_eq!(parse(text).as_ref(), Some(&pace), "{text}");
            assert_eq!(parse(&written(&pace).unwrap()), Some(pace), "{text}");
        }
        for wrong in ["", "0", "-1", "fast", "1..", "..", "10s@", "@5", "poisson:", "poisson:x", "burst:5", "burst:x/1s", "inf", "NaN"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
