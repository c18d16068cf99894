//! A pace as it is written on the command line: as everywhere, or `replay:FILE`.

use std::fs::File;
use std::io::Read as _;
use std::time::Duration;

use crate::load::pace;
use crate::load::plan::Pace;
use crate::text::age::nanoseconds;
use crate::text::sanitise;

/// What may be written.
const WAYS: &str = "write a number of requests a second, `max`, `10..500` for a ramp, `30s@100,1m@500` for stages, `poisson:100` or `poisson:100:SEED`, \
                    `burst:50/1s`, or `replay:FILE` with seconds since the start, one a line";

/// Largest file of moments that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Reads a pace.
///
/// # Errors
/// What may be written instead, or what is wrong with the file.
pub(super) fn parse(text: &str) -> Result<Pace, String> {
    match text.strip_prefix("replay:") {
        Some(file) => replay(file),
        None => pace::parse(text).ok_or_else(|| WAYS.to_owned()),
    }
}

fn replay(file: &str) -> Result<Pace, String> {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    read.map_err(|error| format!("{} cannot be read: {error}", sanitise(file)))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let moments: Vec<u64> = lines.map(|(at, line)| moment(line).ok_or_else(|| wrong(file, at, line))).collect::<Result<_, _>>()?;
    if moments.is_empty() {
        Err(format!("{} holds no moment: write seconds since the start, one a line", sanitise(file)))
    } else {
        Ok(Pace::Replay(moments))
    }
}

/// Seconds since the start as nanoseconds.
fn moment(line: &str) -> Option<u64> {
    Duration::try_from_secs_f64(line.trim().parse().ok()?).ok().map(nanoseconds)
}

fn wrong(file: &str, at: usize, line: &str) -> String {
    let shown: String = line.chars().take(40).collect();
    format!("{}:{}: `{}` is no number of seconds since the start", sanitise(file), at + 1, sanitise(&shown))
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
        std::fs::write(file.path(), "0\n0.5\n-1\n").unwrap();
        let wrong = |text: &str| parse(text).unwrap_err();
        assert!(wrong(&format!("replay:{}", file.path().display())).ends_with(":3: `-1` is no number of seconds since the start"));
        assert!(wrong("replay:/nowhere").contains("No such file") && wrong("replay:/dev/null").contains("no moment"));
        assert_eq!([wrong("fast"), wrong("-5"), wrong("0")], [WAYS; 3]);
    }
}
