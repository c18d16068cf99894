//! Charts on one time axis: columns of eighths, filled from the left; and horizontal bars. Values come ready, nothing is computed from time here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{put, put_right, width};
use crate::tui::theme::{Role, Theme};

/// One chart: a label at the left, columns, the largest value at the axis.
pub struct Columns<'a> {
    /// Values, oldest first; `None` where nothing was measured.
    pub values: &'a [Option<f64>],
    /// What the full height stands for; 0 or less: the largest value.
    pub full: f64,
    /// The label of the upper end of the axis.
    pub upper: &'a str,
    /// The label of the lower end.
    pub lower: &'a str,
    /// How the columns look.
    pub role: Role,
}

impl Columns<'_> {
    /// Draws it with `label` columns left of the axis.
    pub fn draw(&self, area: Rect, label: u16, buf: &mut Buffer, theme: &Theme) {
        let axis = theme.style(Role::ChartAxis);
        for row in 0..area.height {
            put(buf, area, label, row, theme.glyphs().side, axis);
        }
        let text = theme.style(Role::Dim);
        put_right(buf, area, label, 0, self.upper, text);
        if area.height > 1 {
            put_right(buf, area, label, area.height - 1, self.lower, text);
        }
        let largest = self.values.iter().flatten().copied().fold(0.0, f64::max);
        let full = if self.full > 0.0 { self.full } else { largest };
        let room = area.width.saturating_sub(label + 1);
        for (value, column) in self.values.iter().zip(0..room) {
            if let Some(value) = value.filter(|_| full > 0.0) {
                self.column(value / full, label + 1 + column, area, buf, theme);
            }
        }
    }

    fn column(&self, share: f64, x: u16, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let eighths = (share.clamp(0.0, 1.0) * f64::from(area.height) * 8.0).round();
        // Between 0 and 8 × the height of a screen.
        let eighths = (eighths as u16).max(1);
        for up in 0..area.height {
            let here = eighths.saturating_sub(up * 8).min(8);
            if here == 0 {
                break;
            }
            put(buf, area, x, area.height - 1 - up, theme.glyphs().heights[usize::from(here) - 1], theme.style(self.role));
        }
    }
}

/// Draws a bar of `share` (0 to 1) of the width.
pub fn bar(area: Rect, share: f64, role: Role, buf: &mut Buffer, theme: &Theme) {
    let lengths = &theme.glyphs().lengths;
    let eighths = (share.clamp(0.0, 1.0) * f64::from(area.width) * 8.0).round() as usize;
    let full = lengths[7].repeat(eighths / 8);
    let rest = if eighths.is_multiple_of(8) { "" } else { lengths[eighths % 8 - 1] };
    let text = if eighths == 0 && share > 0.0 { lengths[0].to_owned() } else { full + rest };
    put(buf, area, 0, 0, &text, theme.style(role));
}

/// Rows of `label  bar  value`: labels at the left, values at the right, bars between, the longest for `largest`.
pub fn bars(rows: &[(String, f64, String)], area: Rect, role: Role, buf: &mut Buffer, theme: &Theme) {
    let label = rows.iter().map(|(label, _, _)| width(label)).max().unwrap_or(0);
    let value = rows.iter().map(|(_, _, value)| width(value)).max().unwrap_or(0);
    let largest = rows.iter().map(|(_, size, _)| *size).fold(0.0, f64::max);
    let room = area.width.saturating_sub(label + value + 3);
    for ((name, size, shown), y) in rows.iter().zip(0..area.height) {
        put_right(buf, area, label, y, name, theme.style(Role::Dim));
        let place = Rect { x: area.x + label + 1, y: area.y + y, width: room, height: 1 };
        if largest > 0.0 {
            bar(place, size / largest, role, buf, theme);
        }
        put_right(buf, area, label + 2 + room + value, y, shown, theme.style(Role::Text));
    }
}

/// Values joined so that they fit `room` columns: each column stands for as many of them as a power of two needs, and
/// shows the largest. Answers the columns and how many values one stands for.
pub fn halved(values: &[Option<f64>], room: usize) -> (Vec<Option<f64>>, usize) {
    let mut each = 1;
    while room > 0 && values.len().div_ceil(each) > room {
        each *= 2;
    }
    let largest = |some: &[Option<f64>]| some.iter().flatten().copied().reduce(f64::max);
    (values.chunks(each).map(largest).collect(), each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_chart_halves_its_resolution() {
        let values: Vec<Option<f64>> = (0..9).map(|value| Some(f64::from(value))).collect();
        assert_eq!(halved(&values, 9), (values.clone(), 1));
        assert_eq!(halved(&values, 8), (vec![Some(1.0), Some(3.0), Some(5.0), Some(7.0), Some(8.0)], 2));
    }
}
