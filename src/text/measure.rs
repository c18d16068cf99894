//! Reads the sizes in texts that others wrote: Kubernetes quantities (`10Gi`, `250m`), shares (`80%`) and ages (`3d4h`). Only for comparing; what is
//! shown stays as it was written.

/// Suffixes of quantities and what they multiply by (k8s.io/apimachinery/pkg/api/resource).
const SUFFIXES: &[(&str, f64)] = &[
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("%", 1.0),
    ("", 1.0),
];

/// Units of ages and their seconds (k8s.io/apimachinery/pkg/util/duration, and Go's `time.Duration`).
const UNITS: &[(&str, f64)] = &[("y", 31_536_000.0), ("d", 86_400.0), ("h", 3_600.0), ("ms", 1e-3), ("m", 60.0), ("s", 1.0)];

/// A quantity, a share or a bare number.
pub fn quantity(text: &str) -> Option<f64> {
    let digits = text.bytes().rev().position(|byte| byte.is_ascii_digit()).map(|behind| text.len() - behind)?;
    let (number, suffix) = text.split_at(digits);
    let (_, factor) = SUFFIXES.iter().find(|(name, _)| *name == suffix)?;
    plain(number).map(|number| number * factor)
}

/// An age, in seconds: `40s`, `3m10s`, `3d4h`, `2y30d`.
pub fn age(text: &str) -> Option<f64> {
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let letters = rest.get(digits..)?.find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |end| digits + end);
        let (_, unit) = UNITS.iter().find(|(name, _)| Some(*name) == rest.get(digits..letters))?;
        seconds += plain(rest.get(..digits)?)? * unit;
        rest = rest.get(letters..)?;
    }
    (!text.is_empty()).then_some(seconds)
}

/// Digits with at most one point, and a sign before them: not all that Rust reads as a number.
fn plain(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let fits = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    fits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_kubernetes_reads_them() {
        // k8s.io/apimachinery/pkg/api/resource/quantity_test.go, TestQuantityParse.
        for (text, value) in [
            ("0", 0.0),
            ("100m", 0.1),
            ("1Ki", 1024.0),
            ("8Mi", 8.0 * 1024.0 * 1024.0),
            ("1.5Gi", 1.5 * 1024.0 * 1024.0 * 1024.0),
            ("2k", 2000.0),
            ("-3", -3.0),
        ] {
            assert_eq!(quantity(text), Some(value), "{text}");
        }
        for text in ["", "Gi", "1.2.3", "10.0.0.1", "v1", "1x", "nan", "inf", "80/TCP", "1e", "٣"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn ages_are_seconds() {
        for (text, seconds) in [("40s", 40.0), ("3m10s", 190.0), ("3d4h", 273_600.0), ("2y30d", 65_664_000.0), ("5m", 300.0), ("1.5s", 1.5)] {
            assert_eq!(age(text), Some(seconds), "{text}");
        }
        for text in ["", "5", "m", "3d4", "5Mi", "<unknown>", "Running", "é5s"] {
            assert_eq!(age(text), None, "{text}");
        }
    }
}
