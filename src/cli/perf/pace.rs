//! A pace as it is written on the command line: as everywhere, or `replay:FILE`.

use std::time::Duration;

use crate::load::pace;
use crate::load::plan::Pace;

/// What may be written.
const WAYS: &str = "write a number of requests a second, `max`, `10..500` for a ramp, `30s@100,1m@500` for stages, `poisson:100` or `poisson:100:SEED`, \
                    `burst:50/1s`, or `replay:FILE` with seconds since the start, one a line";

/// Reads a pace.
///
/// # Errors
/// What may be written instead.
pub(super) fn parse(text: &str) -> Result<Pace, String> {
    text.strip_prefix("replay:").map_or_else(|| pace::parse(text), replay).ok_or_else(|| WAYS.to_owned())
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
    fn moments_are_read_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0\n0.5\n\n1.25\n").unwrap();
        assert_eq!(parse(&format!("replay:{}", file.path().display())), Ok(Pace::Replay(vec![0, 500_000_000, 1_250_000_000])));
        assert_eq!(parse("10..20"), Ok(Pace::Ramp { from: 10.0, to: 20.0 }));
        assert!(parse("replay:/nowhere").is_err() && parse("fast").is_err());
    }
}
