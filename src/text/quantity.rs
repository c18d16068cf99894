//! Numbers as people read them: counts with separators, latencies, bytes, shares. Each in the unit that leaves three digits.
//! And amounts as Kubernetes writes them: `100m`, `1.5Gi`.

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

/// `1 run`, `12 runs`.
pub fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(number as u64)) }
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

/// B over A as people say it: `+17.0 %`, and from ten times on the factor itself, `77×`.
pub fn change(ratio: f64) -> String {
    if ratio >= FACTOR { factor(ratio) } else { percent(ratio) + " %" }
}

/// The same with the interval it lies in: `+17.0 % [+9.0, +26.0]`, `77× [8.1×, 95×]`.
pub fn change_within(ratio: f64, low: f64, high: f64) -> String {
    if ratio.max(high) >= FACTOR {
        format!("{} [{}, {}]", factor(ratio), factor(low), factor(high))
    } else {
        format!("{} % [{}, {}]", percent(ratio), percent(low), percent(high))
    }
}

/// A probability by chance alone: `0.031`, `<0.001`.
pub fn chance(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

/// From here on nobody thinks in per cent.
const FACTOR: f64 = 10.0;

fn percent(ratio: f64) -> String {
    format!("{:+.1}", (ratio - 1.0) * 100.0)
}

fn factor(ratio: f64) -> String {
    // A ratio of two measurements: above zero, and far below the end of the range.
    if ratio >= 9.95 { format!("{}×", count(ratio.round() as u64)) } else { format!("{ratio:.1}×") }
}

/// Memory in powers of two, as Kubernetes writes it: `512Ki`, `198Mi`, `1.94Gi`.
pub fn memory(bytes: u64) -> String {
    let (mut number, mut unit) = (bytes as f64 / 1_024.0, "Ki");
    for next in ["Mi", "Gi", "Ti", "Pi"] {
        if number < 999.5 {
            break;
        }
        (number, unit) = (number / 1_024.0, next);
    }
    if matches!(unit, "Ki" | "Mi") { format!("{number:.0}{unit}") } else { format!("{}{unit}", three_digits(number)) }
}

/// CPU as Kubernetes writes it: thousandths of a core below ten of them, `250m`, then cores.
pub fn cores(millicores: u64) -> String {
    if millicores < 10_000 { format!("{millicores}m") } else { three_digits(millicores as f64 / 1_000.0) }
}

/// An amount of something a container asks for or uses, exact to a billionth of its unit (`k8s.io/apimachinery/pkg/api/resource`, `Quantity`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i128);

/// Billionths of a unit.
const NANO: i128 = 1_000_000_000;
/// No amount is larger.
const LARGEST: i128 = i64::MAX as i128 * NANO;
/// Digits behind the point that can still matter before an exponent.
const PRECISE: usize = 18;

impl Amount {
    /// Reads `100m`, `1.5Gi`, `1e3`. What is finer than a billionth is rounded away from nothing, what is larger than 2⁶³ − 1 is capped, as Kubernetes does.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && part.is_empty() || part.contains('.') {
            return None;
        }
        let (two, ten) = multiplier(suffix)?;
        let (kept, lost) = part.split_at(part.len().min(PRECISE));
        let digits = whole.bytes().chain(kept.bytes()).try_fold(0i128, |sum, digit| sum.checked_mul(10)?.checked_add(i128::from(digit - b'0')));
        let digits = digits.map(|digits| digits + i128::from(lost.bytes().any(|digit| digit != b'0')));
        let exponent = ten + 9 - i64::try_from(kept.len()).ok()?;
        let nanos =
            digits.and_then(|digits| digits.checked_shl(two).filter(|shifted| shifted >> two == digits)).map_or(LARGEST, |n| shifted(n, exponent));
        let nanos = nanos.min(LARGEST);
        Some(Self(if negative { -nanos } else { nanos }))
    }

    /// Billionths of a unit.
    pub fn billionths(self) -> i128 {
        self.0
    }

    /// Whole units, rounded up: bytes, pods, cores.
    pub fn units(self) -> u64 {
        up(self.0, NANO)
    }

    /// Thousandths of a unit, rounded up: millicores.
    pub fn thousandths(self) -> u64 {
        up(self.0, NANO / 1_000)
    }
}

/// Powers of two and of ten that a suffix stands for.
fn multiplier(suffix: &str) -> Option<(u32, i64)> {
    const TENS: [(&str, i64); 10] = [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
    const TWOS: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
    let ten = TENS.iter().find(|(name, _)| *name == suffix).map(|(_, ten)| (0, *ten));
    let two = || TWOS.iter().find(|(name, _)| *name == suffix).map(|(_, two)| (*two, 0));
    let exponent = || Some((0, suffix.strip_prefix(['e', 'E'])?.parse::<i64>().ok()?));
    ten.or_else(two).or_else(exponent)
}

/// `digits × 10^exponent`, rounded up.
fn shifted(digits: i128, exponent: i64) -> i128 {
    let power = u32::try_from(exponent.unsigned_abs()).ok().and_then(|power| 10i128.checked_pow(power));
    match (power, exponent < 0) {
        _ if digits == 0 => 0,
        (Some(power), false) => digits.saturating_mul(power),
        (Some(power), true) => digits / power + i128::from(digits % power != 0),
        (None, false) => LARGEST,
        (None, true) => 1,
    }
}

/// A use that is less than nothing is none.
fn up(nanos: i128, unit: i128) -> u64 {
    u64::try_from(nanos / unit + i128::from(nanos % unit > 0)).unwrap_or(if nanos < 0 { 0 } else { u64::MAX })
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
        assert_eq!([0, 1, 1_200].map(|number| counted(number, "run")), ["0 runs", "1 run", "1,200 runs"]);
        assert_eq!([0.25, 99.8, 999.6, 12_345.6].map(rate), ["0.25", "99.8", "1,000", "12,346"]);
    }

    #[test]
    fn three_digits_are_shown_in_the_fitting_unit() {
        let texts = [0, 850, 999, 1_000, 64_200, 99_960, 999_600, 3_100_000, 1_250_000_000, 60_000_000_000].map(latency);
        assert_eq!(texts, ["0 ns", "850 ns", "999 ns", "1.00 µs", "64.2 µs", "100 µs", "1.00 ms", "3.10 ms", "1.25 s", "60.0 s"]);
        assert_eq!([512, 1_250_000].map(bytes), ["512 B", "1.25 MB"]);
    }

    /// Suffixes, exponents, rounding and the cap, from the documentation of `resource.Quantity` and its `MilliValue` and `Value`.
    #[test]
    fn amounts_are_read_as_kubernetes_reads_them() {
        let units = |text: &str| Amount::parse(text).map(Amount::units);
        let thousandths = |text: &str| Amount::parse(text).map(Amount::thousandths);
        for (text, wanted) in [
            ("0", 0),
            ("1.5Gi", 1_610_612_736),
            ("1Ki", 1_024),
            ("1Ei", 1 << 60),
            ("128974848", 128_974_848),
            ("129e6", 129_000_000),
            ("129M", 129_000_000),
            ("128974848000m", 128_974_848),
            ("123Mi", 128_974_848),
            ("1E3", 1_000),
            ("1E", 1_000_000_000_000_000_000),
            ("12e+2", 1_200),
            ("1500e-3", 2),
            ("+5.", 5),
            (".5k", 500),
            ("9Ei", i64::MAX as u64),
            ("99999999999999999999999999999999999999999999", i64::MAX as u64),
            ("-1", 0),
        ] {
            assert_eq!(units(text), Some(wanted), "{text}");
        }
        for (text, wanted) in [("100m", 100), ("0.1", 100), ("12345678n", 13), ("250u", 1), ("2", 2_000), ("0.1n", 1), ("1e-99", 1), ("0e99", 0)] {
            assert_eq!(thousandths(text), Some(wanted), "{text}");
        }
        for text in ["", ".", "m", "1.2.3", "1 Gi", "1K", "1e", "1mi", "0x10", "1Gi1", "--1", "ten"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
        assert!(Amount::parse("0.5Gi") == Amount::parse("512Mi") && Amount::parse("1") > Amount::parse("999m"));
    }

    #[test]
    fn use_is_told_in_the_units_of_kubernetes() {
        assert_eq!([0, 512 << 10, 198 << 20, 1_983 << 20, 32 << 30].map(memory), ["0Ki", "512Ki", "198Mi", "1.94Gi", "32.0Gi"]);
        assert_eq!([0, 12, 9_999, 12_345].map(cores), ["0m", "12m", "9999m", "12.3"]);
    }

    #[test]
    fn changes_are_told_in_per_cent_and_large_ones_as_factors() {
        assert_eq!([1.17, 0.25, 1.0, 9.9, 10.0, 76.98, 12_345.6].map(change), ["+17.0 %", "-75.0 %", "+0.0 %", "+890.0 %", "10×", "77×", "12,346×"]);
        assert_eq!(change_within(1.17, 1.09, 1.26), "+17.0 % [+9.0, +26.0]");
        assert_eq!(change_within(8.1, 0.9, 12.4), "8.1× [0.9×, 12×]");
    }

    #[test]
    fn a_share_that_is_not_none_never_reads_as_none_nor_all() {
        let texts = [(0, 10), (1, 1_000_000), (1, 8), (1, 50), (999_999, 1_000_000), (3, 3), (0, 0)].map(|(part, whole)| share(part, whole));
        assert_eq!(texts, ["0 %", "<0.01 %", "12.5 %", "2.00 %", "99.9 %", "100 %", "0 %"]);
    }
}
