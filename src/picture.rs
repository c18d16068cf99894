//! Grids of styled cells, and what they become: SVG, PNG, text with colours, plain text. For screenshots, scripts and
//! previews of packages. Widgets, terminals and files are not known here.

mod ansi;
#[cfg(feature = "shots-png")]
pub mod png;
pub mod shape;
mod svg;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// How a cell is drawn. `None` is the colour of the palette.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Style {
    pub fg: Option<Rgb>,
    pub bg: Option<Rgb>,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub reverse: bool,
}

/// One grapheme and how it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// A grapheme one or two columns wide, without control characters.
    pub symbol: String,
    /// How it is drawn.
    pub style: Style,
}

/// Rows of cells, all equally long. A cell that follows a wide one is hidden by it, as in a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    cols: usize,
    cells: Vec<Cell>,
}

/// The colours of cells that name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Of text.
    pub text: Rgb,
    /// Of what lies behind it.
    pub ground: Rgb,
}

impl Default for Palette {
    fn default() -> Self {
        Self { text: (0xd8, 0xde, 0xe9), ground: (0x14, 0x17, 0x1c) }
    }
}

impl Grid {
    /// A grid of blanks.
    pub fn new(cols: u16, rows: u16) -> Self {
        let blank = Cell { symbol: " ".into(), style: Style::default() };
        Self { cols: cols.into(), cells: vec![blank; usize::from(cols) * usize::from(rows)] }
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.cells.len().checked_div(self.cols).unwrap_or(0)
    }

    /// Puts one grapheme into a cell; outside the grid nothing happens. A control character becomes U+FFFD, what has no width a blank.
    pub fn set(&mut self, col: u16, row: u16, symbol: &str, style: Style) {
        let (col, row) = (usize::from(col), usize::from(row));
        if col < self.cols
            && let Some(cell) = self.cells.get_mut(row * self.cols + col)
        {
            *cell = Cell { symbol: harmless(symbol), style };
        }
    }

    /// Writes a line of text from a cell to the right, and answers the column after it. What does not fit is left out.
    pub fn write(&mut self, col: u16, row: u16, text: &str, style: Style) -> u16 {
        let mut at = col;
        for symbol in text.graphemes(true) {
            self.set(at, row, symbol, style);
            at = at.saturating_add(u16::try_from(symbol.width()).unwrap_or(1));
        }
        at
    }

    /// The cells of one row that are seen: column, width in columns, cell.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, usize, &Cell)> {
        let start = (row * self.cols).min(self.cells.len());
        let cells = &self.cells[start..(start + self.cols).min(self.cells.len())];
        let mut next = 0;
        std::iter::from_fn(move || {
            let (col, cell) = (next, cells.get(next)?);
            let width = cell.symbol.width().clamp(1, 2).min(cells.len() - col);
            next = col + width;
            Some((col, width, cell))
        })
    }

    /// The symbols alone, a line a row, without blanks at the ends.
    pub fn to_text(&self) -> String {
        let line = |row| self.row(row).map(|(_, _, cell)| cell.symbol.as_str()).collect::<String>();
        (0..self.rows()).map(|row| line(row).trim_end().to_owned() + "\n").collect()
    }

    /// The grid as a terminal with 24-bit colours prints it. Every line ends in the terminal's own colours.
    pub fn to_ansi(&self) -> String {
        ansi::print(self)
    }

    /// The grid as one SVG document. The same grid always gives the same text.
    pub fn to_svg(&self, palette: &Palette) -> String {
        svg::draw(self, palette)
    }
}

impl Style {
    /// The colours of the text and of what lies behind it, with reverse and dim done.
    pub fn colours(&self, palette: &Palette) -> (Rgb, Rgb) {
        let (mut fg, mut bg) = (self.fg.unwrap_or(palette.text), self.bg.unwrap_or(palette.ground));
        if self.reverse {
            std::mem::swap(&mut fg, &mut bg);
        }
        if self.dim {
            fg = (two_thirds(fg.0, bg.0), two_thirds(fg.1, bg.1), two_thirds(fg.2, bg.2));
        }
        (fg, bg)
    }
}

fn two_thirds(near: u8, far: u8) -> u8 {
    u8::try_from((2 * u16::from(near) + u16::from(far)) / 3).unwrap_or(near)
}

fn harmless(symbol: &str) -> String {
    match symbol.width() {
        _ if symbol.contains(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) => "\u{fffd}".into(),
        0 => " ".into(),
        _ => symbol.into(),
    }
}

/// What xterm shows for one of its 256 colours: sixteen named ones, a cube of six levels, 24 greys.
pub fn indexed(index: u8) -> Rgb {
    const NAMED: [Rgb; 16] = [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    match index {
        0..=15 => NAMED[usize::from(index)],
        16..=231 => (level((index - 16) / 36), level((index - 16) / 6 % 6), level((index - 16) % 6)),
        _ => (8 + 10 * (index - 232), 8 + 10 * (index - 232), 8 + 10 * (index - 232)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_was_written_where() {
        let mut grid = Grid::new(8, 2);
        assert_eq!(grid.write(1, 0, "pods 日本", Style::default()), 10);
        grid.write(6, 1, "abc", Style::default());
        assert_eq!(grid.to_text(), " pods 日\n      ab\n");
    }

    #[test]
    fn a_wide_cell_hides_the_next_one() {
        let mut grid = Grid::new(4, 1);
        grid.set(0, 0, "日", Style::default());
        grid.set(1, 0, "x", Style::default());
        grid.set(3, 0, "本", Style::default());
        let seen: Vec<_> = grid.row(0).map(|(col, width, cell)| (col, width, cell.symbol.as_str())).collect();
        assert_eq!(seen, [(0, 2, "日"), (2, 1, " "), (3, 1, "本")]);
    }

    #[test]
    fn nothing_outside_is_touched_and_nothing_harmful_gets_in() {
        let mut grid = Grid::new(2, 1);
        for (col, row) in [(2, 0), (0, 1), (u16::MAX, u16::MAX)] {
            grid.set(col, row, "x", Style::default());
        }
        grid.set(0, 0, "\x1b", Style::default());
        grid.set(1, 0, "\u{200b}", Style::default());
        assert_eq!(grid.to_text(), "\u{fffd}\n");
        assert_eq!(Grid::new(0, 3).to_text(), "");
        assert_eq!(Grid::new(3, 0).row(7).count(), 0);
    }

    #[test]
    fn reverse_swaps_and_dim_goes_a_third_of_the_way_to_the_ground() {
        let palette = Palette { text: (90, 90, 90), ground: (0, 30, 0) };
        assert_eq!(Style::default().colours(&palette), ((90, 90, 90), (0, 30, 0)));
        assert_eq!(Style { reverse: true, ..Style::default() }.colours(&palette), ((0, 30, 0), (90, 90, 90)));
        assert_eq!(Style { dim: true, ..Style::default() }.colours(&palette), ((60, 70, 60), (0, 30, 0)));
        assert_eq!(Style { fg: Some((9, 9, 9)), bg: Some((1, 2, 3)), ..Style::default() }.colours(&palette), ((9, 9, 9), (1, 2, 3)));
    }

    #[test]
    fn the_256_are_those_of_xterm() {
        // 256colres.pl of xterm.
        for (index, rgb) in
            [(16, (0, 0, 0)), (67, (95, 135, 175)), (196, (255, 0, 0)), (231, (255, 255, 255)), (232, (8, 8, 8)), (255, (238, 238, 238))]
        {
            assert_eq!(indexed(index), rgb, "{index}");
        }
    }
}
