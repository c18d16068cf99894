//! Lines of dots in cells: eight dots of braille a cell, or one letter where only ASCII is drawn. What they mean is the caller's business.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::put;
use crate::tui::theme::Theme;

/// Dots of a braille cell by row and column, as Unicode numbers them (U+2800).
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A field of dots, two a column and four a row.
#[derive(Clone, Debug)]
pub struct Canvas {
    width: u16,
    height: u16,
    cells: Vec<u8>,
}

impl Canvas {
    /// An empty field of so many cells.
    pub fn new(width: u16, height: u16) -> Self {
        Self { width, height, cells: vec![0; usize::from(width) * usize::from(height)] }
    }

    /// Dots in a row.
    pub fn across(&self) -> u16 {
        self.width * 2
    }

    /// Dots in a column.
    pub fn down(&self) -> u16 {
        self.height * 4
    }

    /// Sets a dot, counted from the left and the top.
    pub fn dot(&mut self, x: u16, y: u16) {
        if x < self.across() && y < self.down() {
            let at = usize::from(y / 4) * usize::from(self.width) + usize::from(x / 2);
            self.cells[at] |= DOTS[usize::from(y % 4)][usize::from(x % 2)];
        }
    }

    /// Sets the dots from one to another: a straight line.
    pub fn line(&mut self, from: (u16, u16), to: (u16, u16)) {
        let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
        for step in 0..=steps {
            let between = |a: u16, b: u16| f64::from(a) + (f64::from(b) - f64::from(a)) * f64::from(step) / f64::from(steps);
            // Between two dots of the field.
            self.dot(between(from.0, to.0).round() as u16, between(from.1, to.1).round() as u16);
        }
    }

    /// Sets every dot below and at `y`.
    pub fn fill(&mut self, x: u16, y: u16) {
        (y..self.down()).for_each(|y| self.dot(x, y));
    }

    /// Draws the cells that have dots, with those that others have drawn there before; `letter` stands for them where only ASCII is drawn.
    pub fn draw(&self, letter: &str, style: Style, area: Rect, buf: &mut Buffer, theme: &Theme) {
        for (at, dots) in self.cells.iter().enumerate().filter(|(_, dots)| **dots > 0) {
            // A field is as large as a screen.
            let (x, y) = ((at % usize::from(self.width)) as u16, (at / usize::from(self.width)) as u16);
            let all = dots | seen(buf, (area.x + x, area.y + y));
            match char::from_u32(0x2800 + u32::from(all)).filter(|_| theme.glyphs().braille) {
                Some(sign) => put(buf, area, x, y, sign.encode_utf8(&mut [0; 4]), style),
                None => put(buf, area, x, y, letter, style),
            };
        }
    }
}

/// The dots of a cell that is braille already.
fn seen(buf: &Buffer, place: (u16, u16)) -> u8 {
    let sign = buf.cell(place).and_then(|cell| cell.symbol().chars().next()).map_or(0, u32::from);
    sign.checked_sub(0x2800).and_then(|dots| u8::try_from(dots).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::paint::tests::{drawn, theme};

    fn slope(ascii: bool) -> Vec<String> {
        drawn(4, 2, |area, buf| {
            let mut canvas = Canvas::new(4, 2);
            canvas.line((0, 7), (7, 0));
            canvas.dot(99, 0);
            canvas.draw("*", Style::new(), area, buf, &theme("mono", ascii));
        })
    }

    #[test]
    fn two_lines_in_one_cell_are_both_seen() {
        let both = drawn(2, 1, |area, buf| {
            for y in [0, 3] {
                let mut canvas = Canvas::new(2, 1);
                canvas.line((0, y), (3, y));
                canvas.draw("*", Style::new(), area, buf, &theme("mono", false));
            }
        });
        assert_eq!(both, ["⣉⣉"]);
    }

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        assert_eq!(slope(false), ["  ⡠⠊", "⡠⠊  "]);
        assert_eq!(slope(true), ["  **", "**  "]);
    }
}
