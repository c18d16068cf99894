//! Rows of boxes on one logarithmic axis of latency: the box from a quarter to three quarters of the answers, whiskers around it, the median, and how far
//! the tail reaches.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{fit, put, put_right};
use super::scale::{Scale, latencies};
use crate::tui::theme::{Role, Theme};

/// One distribution, in nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxRow {
    /// Left of the axis.
    pub label: String,
    /// Where the whisker begins, the box, the median, the box's end, and where the whisker ends.
    pub five: [f64; 5],
    /// How far the tail reaches, where enough was measured.
    pub tail: Option<f64>,
    /// How it looks.
    pub role: Role,
}

/// Draws as many rows as there is room for, and below them the axis.
pub fn draw(rows: &[BoxRow], area: Rect, label: u16, buf: &mut Buffer, theme: &Theme) {
    let shown = usize::from(area.height.saturating_sub(1)).min(rows.len());
    let rows = &rows[..shown];
    let Some(scale) = Scale::around(rows.iter().flat_map(|row| row.five.into_iter().chain(row.tail))) else { return };
    let plot = Rect { x: area.x + label + 1, width: area.width.saturating_sub(label + 1), ..area };
    for (row, y) in rows.iter().zip(0..) {
        put_right(buf, area, label, y, &fit(&row.label, label, theme.glyphs().cut), theme.style(Role::Text));
        one(row, scale, y, plot, buf, theme);
    }
    // As many as there are rows of a screen.
    ticks(scale, plot, shown as u16, buf, theme);
}

fn one(row: &BoxRow, scale: Scale, y: u16, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    let [low, first, middle, third, high] = row.five.map(|value| scale.cell(value, plot.width));
    let style = theme.style(row.role);
    for x in low..=high {
        let sign = match x {
            _ if x == middle => theme.glyphs().median,
            _ if (first..=third).contains(&x) => theme.glyphs().filled,
            _ if x == low => theme.glyphs().ends[0],
            _ if x == high => theme.glyphs().ends[1],
            _ => theme.glyphs().rule,
        };
        put(buf, plot, x, y, sign, style);
    }
    if let Some(tail) = row.tail.map(|value| scale.cell(value, plot.width)).filter(|tail| *tail > high) {
        put(buf, plot, tail, y, theme.glyphs().point, style);
    }
}

fn ticks(scale: Scale, plot: Rect, y: u16, buf: &mut Buffer, theme: &Theme) {
    let mut free = 0;
    for tick in scale.ticks(usize::from(plot.width / 9).max(2)) {
        let text = latencies(tick);
        let wide = super::paint::width(&text);
        let start = scale.cell(tick, plot.width).saturating_sub(wide / 2).min(plot.width.saturating_sub(wide));
        if start >= free {
            put(buf, plot, start, y, &text, theme.style(Role::Dim));
            free = start + wide + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::paint::tests::{drawn, theme};

    fn boxes(ascii: bool) -> Vec<String> {
        let row = |label: &str, factor: f64, tail| BoxRow {
            label: label.into(),
            five: [1e5, 2e5, 5e5, 1e6, 1e7].map(|value| value * factor),
            tail,
            role: Role::Chart1,
        };
        let rows = [row("quick", 1.0, Some(1e8)), row("slow", 10.0, None)];
        drawn(40, 3, |area, buf| draw(&rows, area, 6, buf, &theme("mono", ascii)))
    }

    #[test]
    fn boxes_stand_on_one_axis() {
        assert_eq!(
            boxes(true),
            [" quick |--####O####---------|          o", "  slow            |--####O###----------|", "       100 µs            10.0 ms        ",]
        );
        assert_eq!(boxes(false)[1], "  slow            ├──▒▒▒▒█▒▒▒──────────┤");
    }
}
