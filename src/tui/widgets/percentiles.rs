//! A percentile plot: latency over the share of answers that took no longer, where each nine more is the same distance, so that the tail has room. A curve
//! ends where fewer than ten answers lie beyond it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::curves::axis;
use super::paint::{put, width};
use super::scale::{Scale, latencies};
use crate::tui::theme::{Role, Theme};

/// Shares with a tick, and what is written at it.
const TICKS: [(f64, &str); 5] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"), (0.9999, "p99.99")];

/// One distribution.
pub struct Distribution<'a> {
    /// Shares from 0 to 1 and the nanoseconds not exceeded by them, both ascending.
    pub points: &'a [(f64, f64)],
    /// Answers behind it: where fewer than ten of them lie beyond, the curve ends.
    pub answers: u64,
    /// How the curve looks.
    pub role: Role,
    /// What stands on the curve at each tick, beside the colour.
    pub marker: &'a str,
}

impl Distribution<'_> {
    /// The last share with ten answers beyond it.
    pub fn known(&self) -> f64 {
        (1.0 - 10.0 / self.answers.max(10) as f64).max(0.0)
    }

    /// The latency at a share, between two points on a straight line of the plot; none outside of what is known.
    pub fn at(&self, share: f64) -> Option<f64> {
        let after = self.points.iter().position(|(at, _)| *at >= share - 1e-12)?;
        let (to, high) = self.points[after];
        let Some((from, low)) = after.checked_sub(1).map(|before| self.points[before]) else { return Some(high) };
        let (x, from, to) = (nines(share), nines(from), nines(to));
        let part = if to > from { ((x - from) / (to - from)).clamp(0.0, 1.0) } else { 1.0 };
        Some((low.max(1.0).ln() * (1.0 - part) + high.max(1.0).ln() * part).exp())
    }
}

/// −log₁₀(1 − share): 0.3 for the median, 1 for p90, 2 for p99.
fn nines(share: f64) -> f64 {
    -(1.0 - share).max(1e-9).log10()
}

/// Draws distributions over one another, the last on top, with `label` columns left of the axis and the ticks in the last row.
pub fn draw(all: &[Distribution<'_>], area: Rect, label: u16, buf: &mut Buffer, theme: &Theme) {
    let plot = Rect { x: area.x + label + 1, width: area.width.saturating_sub(label + 1), height: area.height.saturating_sub(1), ..area };
    let known = all.iter().filter(|one| !one.points.is_empty()).map(Distribution::known).fold(0.0, f64::max);
    let seen = |one: &Distribution<'_>| one.points.iter().filter(|(share, _)| *share <= known + 1e-12).map(|(_, ns)| *ns).collect::<Vec<_>>();
    let values = all.iter().flat_map(|one| seen(one).into_iter().chain(one.at(one.known())).chain(one.at(0.5)));
    let Some(scale) = Scale::around(values) else { return };
    // One tick beyond what is known, and never less than p99.
    let last = TICKS.iter().map(|(share, _)| nines(*share)).find(|at| *at >= nines(known) - 1e-9).unwrap_or(4.0).max(2.0);
    axis(scale, latencies, Rect { height: plot.height, ..area }, label, buf, theme);
    ticks(last, area, plot, buf, theme);
    for one in all {
        curve(one, last, scale, plot, buf, theme);
    }
}

fn ticks(last: f64, area: Rect, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    let mut free = area.width + 1;
    for (share, name) in TICKS.into_iter().rev().filter(|(share, _)| nines(*share) <= last + 1e-9) {
        let x = place(nines(share), last, plot.width);
        let start = (plot.x - area.x + x).saturating_sub(width(name) / 2).min(area.width.saturating_sub(width(name)));
        if start + width(name) < free {
            put(buf, area, start, plot.height, name, theme.style(Role::Dim));
            free = start;
        }
    }
}

fn curve(one: &Distribution<'_>, last: f64, scale: Scale, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    let mut canvas = Canvas::new(plot.width, plot.height);
    let (across, down) = (canvas.across(), canvas.down());
    let end = nines(one.known());
    let mut before = None;
    for x in 0..across {
        let at = f64::from(x) / f64::from(across.saturating_sub(1).max(1)) * last;
        if at > end + 1e-9 {
            break;
        }
        let Some(value) = one.at(1.0 - 10f64.powf(-at)) else { continue };
        let here = (x, down.saturating_sub(1) - scale.cell(value, down));
        canvas.line(before.unwrap_or(here), here);
        before = Some(here);
    }
    let style = theme.style(one.role);
    if end < last - 1e-9 && before.is_some() {
        let x = place(end, last, plot.width);
        (0..plot.height).for_each(|y| _ = put(buf, plot, x, y, theme.glyphs().limit, theme.style(Role::Dim)));
    }
    canvas.draw(theme.glyphs().line, style, plot, buf, theme);
    for (share, _) in TICKS.iter().filter(|(share, _)| nines(*share) <= end.min(last) + 1e-9) {
        if let Some(value) = one.at(*share) {
            let y = plot.height.saturating_sub(1) - scale.cell(value, down) / 4;
            put(buf, plot, place(nines(*share), last, plot.width), y, one.marker, style);
        }
    }
}

fn place(at: f64, last: f64, columns: u16) -> u16 {
    Scale::linear(0.0, last).cell(at, columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::paint::tests::{drawn, theme};

    const POINTS: &[(f64, f64)] = &[(0.0, 1e5), (0.5, 1e6), (0.9, 1e6), (0.99, 1e7), (0.9999, 1e8)];

    fn plot(answers: u64, ascii: bool) -> Vec<String> {
        let one = Distribution { points: POINTS, answers, role: Role::Chart1, marker: "●" };
        drawn(36, 5, |area, buf| {
            draw(&[one], area, 8, buf, &theme("mono", ascii));
            if ascii {
                crate::tui::widgets::paint::ascii(buf);
            }
        })
    }

    #[test]
    fn a_nine_more_is_the_same_distance_and_the_curve_ends_with_the_samples() {
        let drawn = plot(5_000, true);
        assert!(drawn[4].contains("p50   p90     p99   p99.9"), "{drawn:#?}");
        // Ten of 5,000 lie beyond p99.8.
        let end = drawn[3].rfind(':').unwrap();
        let p99_9 = drawn[4].find("p99.9").unwrap() + 4;
        assert!(end > drawn[4].find("p99 ").unwrap() && end < p99_9, "{drawn:#?}");
        assert_eq!(drawn.iter().map(|row| row.matches('o').count()).sum::<usize>(), 3, "{drawn:#?}");
    }

    #[test]
    fn more_answers_show_more_of_the_tail() {
        assert!(plot(1_000_000, false)[4].contains("p99.99"));
        assert!(plot(0, false).iter().take(4).all(|row| !row.contains('●')));
    }

    #[test]
    fn a_share_between_two_points_lies_on_the_line_between_them() {
        let one = Distribution { points: POINTS, answers: 100_000, role: Role::Chart1, marker: "" };
        // Half a nine between p90 and p99: the geometric middle of 1 and 10 ms.
        let middle = one.at(1.0 - 10f64.powf(-1.5)).unwrap();
        assert!((middle / 10f64.powf(6.5) - 1.0).abs() < 1e-6, "{middle}");
    }
}
