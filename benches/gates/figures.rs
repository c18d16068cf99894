//! Figures and the lines of the table they end up in. Measures nothing.

use std::fmt;
use std::time::Duration;

/// A line of the table.
#[derive(Debug)]
pub struct Line {
    pub what: String,
    pub gate: String,
    pub measured: String,
    pub verdict: Verdict,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
    /// There is no gate: it is told for comparison.
    Told,
    /// Not measured, because something is not here.
    LeftOut(String),
    /// It could not be measured.
    Failed,
}

impl Line {
    pub fn new(what: impl Into<String>, gate: impl Into<String>, measured: impl Into<String>, verdict: Verdict) -> Self {
        Self { what: what.into(), gate: gate.into(), measured: measured.into(), verdict }
    }

    /// Met if it holds.
    pub fn judged(what: impl Into<String>, gate: impl Into<String>, measured: impl Into<String>, holds: bool) -> Self {
        Self::new(what, gate, measured, if holds { Verdict::Met } else { Verdict::Missed })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (gate {}): {}", self.what, self.measured, self.gate, self.verdict)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Met => f.write_str("met"),
            Self::Missed => f.write_str("**missed**"),
            Self::Told => f.write_str("for comparison"),
            Self::LeftOut(why) => write!(f, "left out: {why}"),
            Self::Failed => f.write_str("could not be measured"),
        }
    }
}

/// The smallest figure that at least this share of all are not above (nearest rank).
pub fn percentile<T: Copy + PartialOrd>(figures: &[T], share: f64) -> T {
    let mut sorted = figures.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).expect("figures are numbers"));
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// The middle one.
pub fn median<T: Copy + PartialOrd>(figures: &[T]) -> T {
    percentile(figures, 0.5)
}

/// The middle of ratios, or the mean of the two in the middle: of few pairs it matters which.
pub fn middle(ratios: &[f64]) -> f64 {
    let mut sorted = ratios.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { f64::midpoint(sorted[half - 1], sorted[half]) }
}

/// `1.6 ms`, `48 ms`, `1.21 s`.
pub fn span(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        ..10.0 => format!("{ms:.1} ms"),
        ..1000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1e3),
    }
}

/// `940 B`, `12.3 kB`.
pub fn size(bytes: usize) -> String {
    if bytes < 1000 { format!("{bytes} B") } else { format!("{:.1} kB", bytes as f64 / 1e3) }
}
