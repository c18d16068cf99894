//! A pace as it is written on the command line: `max`, `250`, `10..500`, `poisson:100`, `burst:50/1s`, `30s@100,1m@500`, `replay:FILE`.

use std::time::Duration;

use crate::load::plan::{Pace, Stage};
use crate::text::age;

/// What may be written.
const WAYS: &str = "write a number of requests a second, `max`, `10..500` for a ramp, `30s@100,1m@500` for stages, `poisson:100` or `poisson:100:SEED`, \
                    `burst:50/1s`, or `replay:FILE` with seconds since the start, one a line";

/// Reads a pace.
///
/// # Errors
/// What may be written instead.
pub(super) fn parse(text: &str) -> Result<Pace, String> {
    match text.split_once(':') {
        Some(("poisson", rest)) => poisson(rest),
        Some(("burst", rest)) => burst(rest),
        Some(("replay", file)) => replay(file),
        _ if text == "max" => Some(Pace::Max),
        _ if text.contains('@') => text.split(',').map(stage).collect::<Option<_>>().map(Pace::Stages),
        _ => ramp(text).or_else(|| rate(text).filter(|rate| *rate > 0.0).map(Pace::Rate)),
    }
    .ok_or_else(|| WAYS.to_owned())
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

fn replay(file: &str) -> Option<Pace> {
    let text = std::fs::read_to_string(file).ok()?;
    let moment = |line: &str| Duration::try_from_secs_f64(line.trim().parse().ok()?).ok().and_then(|at| u64::try_from(at.as_nanos()).ok());
    text.lines().filter(|line| !line.trim().is_empty()).map(moment).collect::<Option<_>>().map(Pace::Replay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_pace() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0\n0.5\n\n1.25\n").unwrap();
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
            (&format!("replay:{}", file.path().display()), Pace::Replay(vec![0, 500_000_000, 1_250_000_000])),
        ] {
            assert_eq!(parse(text), Ok(pace), "{text}");
        }
        for wrong in
            ["", "0", "-1", "fast", "1..", "..", "10s@", "@5", "poisson:", "poisson:x", "burst:5", "burst:x/1s", "replay:/nowhere", "inf", "NaN"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
