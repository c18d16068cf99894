//! A heat map: columns of time, rows of latency, and how many answers fell into each. Two rows a cell where there are colours; one of ten letters a cell
//! where there are none.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::{put, put_right};
use crate::text::quantity::latency;
use crate::tui::theme::{Role, Theme};

/// Steps of the ramp in colours, fewest first.
const COLOURS: [Role; 5] = [Role::Heat1, Role::Heat2, Role::Heat3, Role::Heat4, Role::Heat5];
/// Steps of the ramp in letters, fewest first; nothing is a blank.
const LETTERS: [&str; 9] = [".", ":", "-", "=", "+", "*", "#", "%", "@"];

/// Counts by time and by latency.
pub struct Heat<'a> {
    /// Oldest first; each has the counts of the same rows, fastest first.
    pub columns: &'a [Vec<u64>],
    /// Upper ends of the rows in nanoseconds, fastest first.
    pub ends: &'a [u64],
    /// The count the ramp ends at: what is more looks the same.
    pub most: u64,
}

impl Heat<'_> {
    /// Draws it with `label` columns left of the axis; the rows it has no room for at the fast end are joined with the last one that is seen.
    pub fn draw(&self, area: Rect, label: u16, buf: &mut Buffer, theme: &Theme) {
        let halves = halves(theme);
        let rows = usize::from(area.height) * halves;
        let skipped = self.ends.len().saturating_sub(rows);
        let count = |column: &[u64], row: usize| -> u64 {
            // The lowest row that is drawn holds everything faster too.
            let from = if row == 0 { 0 } else { row + skipped };
            column.iter().take(row + skipped + 1).skip(from).fold(0, |sum, more| sum.saturating_add(*more))
        };
        for y in 0..area.height {
            let up = usize::from(area.height - 1 - y) * halves;
            self.edge(area, label, y, up + halves - 1 + skipped, buf, theme);
            for (column, x) in self.columns.iter().zip(label + 1..area.width) {
                if halves == 1 {
                    let (sign, style) = letter(count(column, up), self.most, theme);
                    put(buf, area, x, y, sign, style);
                } else {
                    let (low, high) = (count(column, up), count(column, up + 1));
                    half_blocks(buf, (area.x + x, area.y + y), step(low, self.most, COLOURS.len()), step(high, self.most, COLOURS.len()), theme);
                }
            }
        }
    }

    /// The axis of one line of cells, and what it reaches up to.
    fn edge(&self, area: Rect, label: u16, y: u16, row: usize, buf: &mut Buffer, theme: &Theme) {
        put(buf, area, label, y, theme.glyphs().side, theme.style(Role::ChartAxis));
        // Where there are many rows every other one is enough.
        let told = area.height <= 6 || (area.height - y) % 2 == 1;
        if let Some(end) = self.ends.get(row).filter(|_| told) {
            put_right(buf, area, label, y, &format!("<{}", latency(*end)), theme.style(Role::Dim));
        }
    }
}

/// Rows a cell holds.
pub fn halves(theme: &Theme) -> usize {
    if colourless(theme) { 1 } else { 2 }
}

/// There are no colours to count in, or no half blocks to put them in.
fn colourless(theme: &Theme) -> bool {
    theme.ascii() || theme.style(Role::Heat1).fg.is_none()
}

/// The step of a count on a ramp of so many: each step is the same factor. None where there is nothing.
pub fn step(count: u64, most: u64, steps: usize) -> Option<usize> {
    if count == 0 {
        return None;
    }
    let share = (count as f64).ln() / (most.max(2) as f64).ln();
    // Between nothing and the number of steps.
    Some(((share * steps as f64 + 1e-9) as usize).min(steps - 1))
}

fn letter(count: u64, most: u64, theme: &Theme) -> (&'static str, Style) {
    match step(count, most, LETTERS.len()) {
        None => (" ", Style::new()),
        Some(at) => (LETTERS[at], theme.style(COLOURS[at * COLOURS.len() / LETTERS.len()])),
    }
}

fn half_blocks(buf: &mut Buffer, place: (u16, u16), low: Option<usize>, high: Option<usize>, theme: &Theme) {
    let colour = |step: usize| theme.style(COLOURS[step]).fg.unwrap_or_default();
    let (sign, style) = match (high, low) {
        (None, None) => return,
        (Some(high), None) => ("▀", Style::new().fg(colour(high))),
        (None, Some(low)) => ("▄", Style::new().fg(colour(low))),
        (Some(high), Some(low)) if high == low => ("█", Style::new().fg(colour(high))),
        (Some(high), Some(low)) => ("▀", Style::new().fg(colour(high)).bg(colour(low))),
    };
    if let Some(cell) = buf.cell_mut(place) {
        cell.set_symbol(sign).set_style(style);
    }
}

/// Draws what the ramp means from a column on: each step with the smallest count it stands for. Answers the column behind it.
pub fn legend(area: Rect, column: u16, most: u64, buf: &mut Buffer, theme: &Theme) -> u16 {
    let colours = !colourless(theme);
    let steps = if colours { COLOURS.len() } else { LETTERS.len() };
    (0..steps).fold(column, |column, at| {
        // A power between nothing and the end of the ramp; in few letters every third says enough.
        let from = (most.max(2) as f64).powf(at as f64 / steps as f64).ceil() as u64;
        if !colours && at % 2 == 1 {
            return column;
        }
        let (sign, style) =
            if colours { ("█", Style::new().fg(theme.style(COLOURS[at]).fg.unwrap_or_default())) } else { letter(from, most, theme) };
        let column = put(buf, area, column, 0, sign, style);
        put(buf, area, column, 0, &format!("{} ", short(from)), theme.style(Role::Dim))
    })
}

/// A count in four columns at most.
pub fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..10_000 => format!("{:.1}k", count as f64 / 1e3),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", count / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::paint::tests::{drawn, theme};
    use ratatui::style::Color;

    const ENDS: &[u64] = &[1_000_000, 2_000_000, 4_000_000, 8_000_000];

    fn columns() -> Vec<Vec<u64>> {
        vec![vec![100, 10, 0, 0], vec![100, 1, 0, 1], vec![3, 100, 0, 0]]
    }

    fn heat(name: &str, ascii: bool, height: u16) -> Vec<String> {
        let columns = columns();
        drawn(12, height, |area, buf| Heat { columns: &columns, ends: ENDS, most: 100 }.draw(area, 8, buf, &theme(name, ascii)))
    }

    #[test]
    fn without_colours_ten_letters_tell_how_many() {
        assert_eq!(heat("mono", false, 4), ["<8.00 ms▏ . ", "<4.00 ms▏   ", "<2.00 ms▏+.@", "<1.00 ms▏@@-"]);
        assert_eq!(heat("dark", true, 4), ["<8.00 ms| . ", "<4.00 ms|   ", "<2.00 ms|+.@", "<1.00 ms|@@-"]);
    }

    #[test]
    fn with_colours_a_cell_holds_two_rows() {
        assert_eq!(heat("dark", false, 2), ["<8.00 ms▏ ▀ ", "<2.00 ms▏▀▀▀"]);
    }

    #[test]
    fn what_is_faster_than_there_is_room_for_is_in_the_lowest_row() {
        assert_eq!(heat("mono", false, 3), ["<8.00 ms▏ . ", "<4.00 ms▏   ", "<2.00 ms▏@@@"]);
    }

    #[test]
    fn colours_are_those_of_the_ramp() {
        let (columns, theme) = (columns(), theme("dark", false));
        let area = Rect::new(0, 0, 12, 2);
        let mut buf = Buffer::empty(area);
        Heat { columns: &columns, ends: ENDS, most: 100 }.draw(area, 8, &mut buf, &theme);
        let colour = |role| theme.style(role).fg.unwrap_or(Color::Reset);
        // 10 of 100 in the upper half: the third of five steps; 100 in the lower: the last.
        assert_eq!((buf[(9, 1)].fg, buf[(9, 1)].bg), (colour(Role::Heat3), colour(Role::Heat5)));
    }

    #[test]
    fn steps_are_factors() {
        assert_eq!(
            [0, 1, 2, 3, 10, 99, 100, 5_000].map(|count| step(count, 100, 5)),
            [None, Some(0), Some(0), Some(1), Some(2), Some(4), Some(4), Some(4)]
        );
    }

    #[test]
    fn the_legend_says_where_steps_begin() {
        let of = |name, ascii| drawn(30, 1, |area, buf| _ = legend(area, 0, 10_000, buf, &theme(name, ascii)));
        assert_eq!(of("dark", false), ["█1 █7 █40 █252 █1.6k          "]);
        assert_eq!(of("mono", true), [".1 -8 +60 #465 @3.6k          "]);
    }
}
