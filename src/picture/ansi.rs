//! Grids as text with SGR sequences (ECMA-48, 24-bit colours of ISO 8613-6). No cursor movement, so that it can go through a pipe.

use std::fmt::Write as _;

use super::{Grid, Style};

pub(super) fn print(grid: &Grid) -> String {
    let mut out = String::new();
    for row in 0..grid.rows() {
        let mut last = Style::default();
        for (_, _, cell) in grid.row(row) {
            if cell.style != last {
                out.push_str(&sgr(&cell.style));
                last = cell.style;
            }
            out.push_str(&cell.symbol);
        }
        if last != Style::default() {
            out.push_str("\x1b[0m");
        }
        out.push('\n');
    }
    out
}

/// Everything anew, from reset: the sequence does not depend on what came before.
fn sgr(style: &Style) -> String {
    let mut out = String::from("\x1b[0");
    let flags = [(style.bold, 1), (style.dim, 2), (style.italic, 3), (style.underline, 4), (style.reverse, 7)];
    for (_, code) in flags.into_iter().filter(|(on, _)| *on) {
        _ = write!(out, ";{code}");
    }
    for (base, colour) in [(38, style.fg), (48, style.bg)] {
        if let Some((r, g, b)) = colour {
            _ = write!(out, ";{base};2;{r};{g};{b}");
        }
    }
    out + "m"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_end_with_their_line() {
        let mut grid = Grid::new(3, 2);
        let style = Style { fg: Some((1, 2, 3)), bold: true, reverse: true, ..Style::default() };
        grid.write(1, 0, "ab", style);
        assert_eq!(grid.to_ansi(), " \x1b[0;1;7;38;2;1;2;3mab\x1b[0m\n   \n");
    }

    #[test]
    fn a_terminal_reads_back_what_was_drawn() {
        let mut grid = Grid::new(12, 2);
        grid.write(0, 0, "日 ok", Style { fg: Some((10, 20, 30)), underline: true, ..Style::default() });
        grid.write(6, 1, "x", Style { bg: Some((1, 1, 1)), italic: true, dim: true, ..Style::default() });
        let size = |count| std::num::NonZero::new(count).unwrap();
        let mut terminal = vt100::Parser::new(size(2), size(12), 0);
        terminal.process(grid.to_ansi().trim_end_matches('\n').replace('\n', "\r\n").as_bytes());
        let screen = terminal.screen();
        let first = screen.cell(0, 0).unwrap();
        assert_eq!((first.contents(), first.fgcolor(), first.underline()), ("日", vt100::Color::Rgb(10, 20, 30), true));
        let other = screen.cell(1, 6).unwrap();
        assert_eq!((other.contents(), other.bgcolor(), other.italic(), other.dim()), ("x", vt100::Color::Rgb(1, 1, 1), true, true));
        assert_eq!(screen.cell(1, 7).unwrap().bgcolor(), vt100::Color::Default);
    }
}
