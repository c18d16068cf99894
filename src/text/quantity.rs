//! Numbers as people read them: counts with separators, latencies, bytes, shares. Each in the unit that leaves three digits.

/// `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many a second: `0.25`, `99.8`, `12,345`.
pub fn rate(per_second: f64) -> String {
    // Rates are counts over seconds: never negative, never near the end of the range.
    if per_second >= 999.5 { count(per_second.round() as u64) } else { three_digits(per_second) }
}

/// Nanoseconds as `850 ns`, `64.2 µs`, `3.10 ms`, `1.25 s`.
pub fn latency(nanoseconds: u64) -> String {
    scaled(nanoseconds as f64, 1_000.0, &["ns", "µs", "ms", "s"])
}

/// Bytes in powers of ten: `512 B`, `1.25 MB`.
pub fn bytes(number: u64) -> String {
    scaled(number as f64, 1_000.0, &["B", "kB", "MB", "GB", "TB", "PB"])
}

/// A part of a whole as `12.5 %`; less than can be shown, but some, as `<0.01 %`.
pub fn share(part: u64, whole: u64) -> String {
    let percent = if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 };
    match percent {
        _ if part > 0 && percent < 0.01 => "<0.01 %".to_owned(),
        0.0 => "0 %".to_owned(),
        100.0 => "100 %".to_owned(),
        _ if percent >= 99.95 => "99.9 %".to_owned(),
        _ if percent >= 10.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.2} %"),
    }
}

fn scaled(mut number: f64, step: f64, units: &[&str]) -> String {
    let mut at = 0;
    // What would be rounded up to the next unit is shown in it.
    while number >= step - 0.5 && at + 1 < units.len() {
        number /= step;
        at += 1;
    }
    let unit = units.get(at).copied().unwrap_or_default();
    if at == 0 { format!("{number:.0} {unit}") } else { format!("{} {unit}", three_digits(number)) }
}

fn three_digits(number: f64) -> String {
    match number {
        _ if number < 9.995 => format!("{number:.2}"),
        _ if number < 99.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.25, 99.8, 999.6, 12_345.6].map(rate), ["0.25", "99.8", "1,000", "12,346"]);
    }

    #[test]
    fn three_digits_are_shown_in_the_fitting_unit() {
        let texts = [0, 850, 999, 1_000, 64_200, 99_960, 999_600, 3_100_000, 1_250_000_000, 60_000_000_000].map(latency);
        assert_eq!(texts, ["0 ns", "850 ns", "999 ns", "1.00 µs", "64.2 µs", "100 µs", "1.00 ms", "3.10 ms", "1.25 s", "60.0 s"]);
        assert_eq!([512, 1_250_000].map(bytes), ["512 B", "1.25 MB"]);
    }

    #[test]
    fn a_share_that_is_not_none_never_reads_as_none_nor_all() {
        let texts = [(0, 10), (1, 1_000_000), (1, 8), (1, 50), (999_999, 1_000_000), (3, 3), (0, 0)].map(|(part, whole)| share(part, whole));
        assert_eq!(texts, ["0 %", "<0.01 %", "12.5 %", "2.00 %", "99.9 %", "100 %", "0 %"]);
    }
}
