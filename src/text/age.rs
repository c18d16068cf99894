//! Ages and durations as people of this field write them (kubectl's `HumanDuration`), and the reading of `10s`, `1m30s`.

use std::time::Duration;

/// An age for a table: steps of ten seconds below a minute and of minutes above, so that a still cluster redraws
/// almost nothing; from ten minutes on it reads as kubectl's [`human`]: `41m`, `3h4m`, `3d4h`, `9d`, `2y30d`.
///
/// Seconds in, text of at most six characters out. Ages below ten seconds (and clock skew) read `<10s`.
pub fn age(seconds: i64) -> String {
    match seconds {
        ..10 => "<10s".to_owned(),
        10..60 => format!("{}s", seconds / 10 * 10),
        60..600 => format!("{}m", seconds / 60),
        _ => human(seconds),
    }
}

/// A span in whole nanoseconds; one of more than 584 years counts as that.
pub fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// kubectl's `duration.HumanDuration` (k8s.io/apimachinery/pkg/util/duration): exact seconds below two minutes.
pub fn human(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let pair = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    let s = seconds.max(0);
    match s {
        _ if s < 2 * MINUTE => format!("{s}s"),
        _ if s < 10 * MINUTE => pair(s / MINUTE, "m", s % MINUTE, "s"),
        _ if s < 3 * HOUR => format!("{}m", s / MINUTE),
        _ if s < 8 * HOUR => pair(s / HOUR, "h", s % HOUR / MINUTE, "m"),
        _ if s < 2 * DAY => format!("{}h", s / HOUR),
        _ if s < 8 * DAY => pair(s / DAY, "d", s % DAY / HOUR, "h"),
        _ if s < 2 * YEAR => format!("{}d", s / DAY),
        _ if s < 8 * YEAR => pair(s / YEAR, "y", s % YEAR / DAY, "d"),
        _ => format!("{}y", s / YEAR),
    }
}

/// Reads `10s`, `1m30s`, `500ms`, `2h`, or a bare number of seconds.
///
/// # Errors
/// A sentence saying what was expected.
pub fn parse(text: &str) -> Result<Duration, String> {
    let expected = || format!("`{text}` is not a duration; write 10s, 1m30s, 500ms or 2h");
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| expected());
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(expected)?;
        let value: f64 = rest[..digits].parse().map_err(|_| expected())?;
        let tail = &rest[digits..];
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let unit = match &tail[..letters] {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(expected()),
        };
        let part = Duration::try_from_secs_f64(value * unit).map_err(|_| expected())?;
        total = total.checked_add(part).ok_or_else(expected)?;
        rest = &tail[letters..];
    }
    match total {
        Duration::ZERO if text.is_empty() => Err(expected()),
        Duration::ZERO => Err(format!("`{text}` is no time at all; write 10s, 1m30s, 500ms or 2h")),
        _ => Ok(total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn human_durations_read_as_kubectls() {
        // Cases of k8s.io/apimachinery/pkg/util/duration/duration_test.go.
        for (seconds, text) in [
            (1, "1s"),
            (70, "70s"),
            (190, "3m10s"),
            (600, "10m"),
            (2820, "47m"),
            (10_800, "3h"),
            (11_640, "3h14m"),
            (28_800, "8h"),
            (172_800, "2d"),
            (180_000, "2d2h"),
            (31_536_000, "365d"),
            (66_000_000, "2y33d"),
        ] {
            assert_eq!(human(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn young_ages_move_in_steps_of_ten_seconds() {
        assert_eq!((age(-5).as_str(), age(9).as_str(), age(19).as_str(), age(59).as_str(), age(90).as_str()), ("<10s", "<10s", "10s", "50s", "1m"));
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("2.5"), Ok(Duration::from_millis(2500)));
        for wrong in ["", "s", "10x", "-3s", "1e400", "0s", "213503982334601d213503982334601d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
