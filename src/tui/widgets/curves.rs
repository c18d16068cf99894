//! Lines over one time axis and one logarithmic axis of latency, oldest at the left: for percentiles, whose parts do not add up to an area.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::paint::{put, put_right};
use super::scale::{Scale, Unit, latencies};
use crate::tui::theme::{Role, Theme};

/// One line.
pub struct Curve<'a> {
    /// Nanoseconds, one a column, oldest first; `None` where too little was measured.
    pub values: &'a [Option<f64>],
    /// How it looks.
    pub role: Role,
    /// What stands for it where only ASCII is drawn.
    pub letter: &'a str,
}

/// Draws lines over one another, the last on top, with `label` columns left of the axis; a limit is a dotted line.
pub fn draw(curves: &[Curve<'_>], scale: Scale, limit: Option<f64>, area: Rect, label: u16, buf: &mut Buffer, theme: &Theme) {
    axis(scale, latencies, area, label, buf, theme);
    let plot = Rect { x: area.x + label + 1, width: area.width.saturating_sub(label + 1), ..area };
    if let Some(y) = limit.filter(|limit| scale.holds(*limit)).map(|limit| height(scale, limit, area.height)) {
        (0..plot.width).step_by(2).for_each(|x| _ = put(buf, plot, x, y, theme.glyphs().limit, theme.style(Role::StatusWarn)));
    }
    for curve in curves {
        let mut canvas = Canvas::new(plot.width, plot.height);
        let down = canvas.down();
        let mut before: Option<(u16, u16)> = None;
        for (value, x) in curve.values.iter().zip(0..plot.width) {
            let here = value.map(|value| (x * 2, down.saturating_sub(1) - scale.cell(value, down)));
            if let Some((x, y)) = here {
                let from = before.unwrap_or((x, y));
                canvas.line(from, (x, y));
                // A column is as wide as its time: the line reaches its end.
                canvas.line((x, y), (x + 1, y));
            }
            before = here.map(|(x, y)| (x + 1, y));
        }
        canvas.draw(curve.letter, theme.style(curve.role), plot, buf, theme);
    }
}

/// A logarithmic axis with round numbers, the highest at the top.
pub fn axis(scale: Scale, unit: Unit, area: Rect, label: u16, buf: &mut Buffer, theme: &Theme) {
    (0..area.height).for_each(|y| _ = put(buf, area, label, y, theme.glyphs().side, theme.style(Role::ChartAxis)));
    let mut free = area.height;
    for tick in scale.ticks(usize::from(area.height.div_ceil(2)).max(2)) {
        let y = height(scale, tick, area.height);
        if y < free {
            put_right(buf, area, label, y, &unit(tick), theme.style(Role::Dim));
            free = y;
        }
    }
}

/// The row of a value, from the top.
pub fn height(scale: Scale, value: f64, rows: u16) -> u16 {
    let dots = rows * 4;
    (dots.saturating_sub(1) - scale.cell(value, dots)) / 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::paint::tests::{drawn, theme};

    fn curves(ascii: bool) -> Vec<String> {
        let (p99, p50) = ([Some(1e6), Some(1e6), Some(1e7), None, Some(1e7)], [Some(1e5); 5]);
        let lines = [Curve { values: &p50, role: Role::Chart1, letter: "o" }, Curve { values: &p99, role: Role::Chart2, letter: "*" }];
        drawn(14, 3, |area, buf| draw(&lines, Scale::log(1e5, 1e7), None, area, 8, buf, &theme("mono", ascii)))
    }

    #[test]
    fn lines_have_gaps_where_nothing_was_measured() {
        assert_eq!(curves(true), [" 10.0 ms| ** *", "        |**   ", "  100 µs|ooooo"]);
    }

    #[test]
    fn braille_draws_four_steps_a_row() {
        assert_eq!(curves(false)[2], "  100 µs▏⣀⣀⣀⣀⣀");
    }
}
