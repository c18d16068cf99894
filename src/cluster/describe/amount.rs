//! Kubernetes' quantities, added up; written in the canonical form of `resource.Quantity` (apimachinery, "canonical form").

use crate::text::quantity;

/// An amount in thousand-millionths, and the family its suffix is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    nano: i128,
    binary: bool,
}

const NANO: i128 = 1_000_000_000;
const BINARY: [(&str, u32); 6] = [("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
/// Suffix, and its power of ten over `n`.
const DECIMAL: [(&str, u32); 10] = [("E", 27), ("P", 24), ("T", 21), ("G", 18), ("M", 15), ("k", 12), ("", 9), ("m", 6), ("u", 3), ("n", 0)];

impl Amount {
    /// Reads `100m`, `128Mi`, `1.5`, `1e3`; nothing for what is no quantity.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Some(Self { nano: quantity::Amount::parse(text)?.billionths(), binary: text.ends_with('i') })
    }

    /// Both together; in the form of the first that is not nothing.
    pub(super) fn plus(self, other: Self) -> Self {
        Self { nano: self.nano.saturating_add(other.nano), binary: if self.nano == 0 { other.binary } else { self.binary } }
    }

    /// The larger one.
    pub(super) fn max(self, other: Self) -> Self {
        if other.nano > self.nano { other } else { self }
    }

    /// As a share of another amount in whole per cent, cut off as kubectl cuts it.
    pub(super) fn percent_of(self, whole: Self) -> Option<i128> {
        (whole.nano > 0).then(|| self.nano.saturating_mul(100) / whole.nano)
    }

    /// How often the divisor goes into it, rounded up, as a container sees its own resources; nothing stands for one.
    pub(super) fn over(self, divisor: Self) -> i128 {
        let divisor = if divisor.nano > 0 { divisor.nano } else { NANO };
        self.nano.div_euclid(divisor) + i128::from(self.nano.rem_euclid(divisor) > 0)
    }

    /// The canonical form: the largest suffix that leaves a whole number.
    pub(super) fn show(self) -> String {
        if self.nano == 0 {
            return "0".into();
        }
        if self.binary && self.nano % NANO == 0 {
            let whole = self.nano / NANO;
            let fits = BINARY.iter().find(|(_, power)| whole % (1 << power) == 0 && whole.abs() >= 1 << power);
            return fits.map_or_else(|| whole.to_string(), |(name, power)| format!("{}{name}", whole >> power));
        }
        let fits = DECIMAL.iter().find(|(_, power)| self.nano % 10_i128.pow(*power) == 0);
        fits.map_or_else(String::new, |(name, power)| format!("{}{name}", self.nano / 10_i128.pow(*power)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_and_written_as_kubernetes_writes_them() {
        // Cases of k8s.io/apimachinery/pkg/api/resource/quantity_test.go.
        for (text, canonical) in [
            ("0", "0"),
            ("100m", "100m"),
            ("0.3", "300m"),
            ("1.5", "1500m"),
            ("1000m", "1"),
            ("128Mi", "128Mi"),
            ("1024Mi", "1Gi"),
            ("1500Mi", "1500Mi"),
            ("0.5Gi", "512Mi"),
            ("1e3", "1k"),
            ("12E2", "1200"),
            ("5G", "5G"),
            ("1n", "1n"),
            ("-1Ki", "-1Ki"),
        ] {
            assert_eq!(Amount::parse(text).map(Amount::show).as_deref(), Some(canonical), "{text}");
        }
        for wrong in ["", "Mi", "abc", "1x", "1.2.3"] {
            assert_eq!(Amount::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn amounts_add_up() {
        let sum = ["100m", "250m", "1"].iter().filter_map(|text| Amount::parse(text)).fold(Amount::default(), Amount::plus);
        assert_eq!(sum.show(), "1350m");
        assert_eq!(sum.percent_of(Amount::parse("4").unwrap()), Some(33));
        let memory = ["128Mi", "1G"].iter().filter_map(|text| Amount::parse(text)).fold(Amount::default(), Amount::plus);
        assert_eq!(memory.percent_of(Amount::parse("0").unwrap()), None);
        assert_eq!(memory.show(), "1134217728");
    }
}
