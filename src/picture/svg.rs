//! Grids as SVG: backgrounds and shapes as geometry in whole units, everything else as runs of text whose length is forced.

use std::fmt::Write as _;

use super::shape::{self, HEIGHT, Part, WIDTH};
use super::{Cell, Grid, Palette, Rgb, Style};

/// Space around the grid, in units.
const MARGIN: u32 = 12;
/// Of the letters, from the upper side of a cell.
const BASELINE: u32 = 15;
/// Of an underline, from the upper side of a cell.
const UNDERLINE: u32 = 17;
/// The size at which letters of DejaVu Sans Mono and Menlo (1233 of 2048 units wide) are as wide as a cell.
const FONT_SIZE: &str = "16.61";

pub(super) fn draw(grid: &Grid, palette: &Palette) -> String {
    let (width, height) = (units(grid.cols()) * WIDTH + 2 * MARGIN, units(grid.rows()) * HEIGHT + 2 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n<g shape-rendering=\"crispEdges\">\n",
        hex(palette.ground)
    );
    let rows: Vec<Vec<Seen>> = (0..grid.rows()).map(|row| seen(grid, row, palette)).collect();
    for cells in &rows {
        grounds(cells, palette, &mut out);
    }
    for cells in &rows {
        shapes(cells, &mut out);
    }
    _ = write!(out, "</g>\n<g font-family=\"DejaVu Sans Mono, Menlo, monospace\" font-size=\"{FONT_SIZE}\">\n");
    for cells in &rows {
        texts(cells, &mut out);
    }
    out.push_str("</g>\n</g>\n</svg>\n");
    out
}

/// A cell with its place in units and its final colours.
struct Seen<'a> {
    x: u32,
    y: u32,
    width: u32,
    cell: &'a Cell,
    fg: Rgb,
    bg: Rgb,
    parts: Option<Vec<Part>>,
}

fn seen<'a>(grid: &'a Grid, row: usize, palette: &Palette) -> Vec<Seen<'a>> {
    let place = |(col, width, cell): (usize, usize, &'a Cell)| {
        let (fg, bg) = cell.style.colours(palette);
        Seen { x: units(col) * WIDTH, y: units(row) * HEIGHT, width: units(width) * WIDTH, cell, fg, bg, parts: shape::parts(&cell.symbol) }
    };
    grid.row(row).map(place).collect()
}

fn grounds(cells: &[Seen<'_>], palette: &Palette, out: &mut String) {
    for run in cells.chunk_by(|a, b| a.bg == b.bg).filter(|run| run.iter().all(|cell| cell.bg != palette.ground)) {
        if let Some(first) = run.first() {
            let width: u32 = run.iter().map(|cell| cell.width).sum();
            _ = writeln!(out, "<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{}\"/>", first.x, first.y, hex(first.bg));
        }
    }
}

fn shapes(cells: &[Seen<'_>], out: &mut String) {
    for run in cells.chunk_by(|a, b| a.fg == b.fg) {
        let Some(fg) = run.first().map(|cell| hex(cell.fg)) else { continue };
        let path = joined(run.iter().flat_map(fills).collect());
        if !path.is_empty() {
            _ = writeln!(out, "<path fill=\"{fg}\" d=\"{path}\"/>");
        }
        for (cell, part) in run.iter().flat_map(|cell| cell.parts.iter().flatten().map(move |part| (cell, part))) {
            match *part {
                Part::Fill { .. } => {}
                Part::Shade(quarters) => {
                    let (x, y, opacity) = (cell.x, cell.y, quarters * 25);
                    _ = writeln!(out, "<path fill=\"{fg}\" fill-opacity=\"0.{opacity}\" d=\"{}\"/>", rectangle(x, y, WIDTH, HEIGHT));
                }
                Part::Arc { down, right } => {
                    _ = writeln!(out, "<path fill=\"none\" stroke=\"{fg}\" shape-rendering=\"auto\" d=\"{}\"/>", arc(cell, down, right))
                }
            }
        }
    }
}

type Rectangle = (u32, u32, u32, u32);

/// The filled rectangles of a cell, its underline included.
fn fills<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = Rectangle> + 'a {
    let parts = seen.parts.iter().flatten().filter_map(|part| match *part {
        Part::Fill { x, y, w, h } => Some((seen.x + x, seen.y + y, w, h)),
        _ => None,
    });
    parts.chain(seen.cell.style.underline.then_some((seen.x, seen.y + UNDERLINE, seen.width, 1)))
}

/// A path of rectangles; those that lie side by side become one.
fn joined(mut fills: Vec<Rectangle>) -> String {
    fills.sort_unstable_by_key(|(x, y, w, h)| (*y, *h, *x, *w));
    let mut wide: Vec<Rectangle> = Vec::new();
    for (x, y, w, h) in fills {
        match wide.last_mut() {
            Some(last) if (last.1, last.3) == (y, h) && last.0 + last.2 >= x => last.2 = last.2.max(x + w - last.0),
            _ => wide.push((x, y, w, h)),
        }
    }
    wide.into_iter().map(|(x, y, w, h)| rectangle(x, y, w, h)).collect()
}

fn rectangle(x: u32, y: u32, w: u32, h: u32) -> String {
    format!("M{x} {y}h{w}v{h}h-{w}z")
}

/// A quarter of a circle between the middles of two sides, one unit thick, met by the light lines of the neighbours.
fn arc(cell: &Seen<'_>, down: bool, right: bool) -> String {
    let (middle, level) = (cell.x + 4, cell.y + 9);
    let start = if down { cell.y + HEIGHT } else { cell.y };
    let bend = if down { format!("{}.5", level + 4) } else { format!("{}.5", level - 4) };
    let (turn, end) = if right { (format!("{}.5", middle + 4), cell.x + WIDTH) } else { (format!("{}.5", middle - 4), cell.x) };
    let sweep = u8::from(down == right);
    format!("M{middle}.5 {start}V{bend}A4 4 0 0 {sweep} {turn} {level}.5H{end}")
}

fn texts(cells: &[Seen<'_>], out: &mut String) {
    let letters = |run: &&[Seen<'_>]| run.iter().all(|cell| cell.parts.is_none());
    for run in cells.chunk_by(|a, b| look(a) == look(b) && plain(a) && plain(b)).filter(letters) {
        for words in split_at_gaps(run) {
            text(words, out);
        }
    }
}

/// The words of a run. A single blank is part of them, a wider gap needs no text.
fn split_at_gaps<'r, 'a>(run: &'r [Seen<'a>]) -> Vec<&'r [Seen<'a>]> {
    let blank = |cell: &Seen<'_>| cell.cell.symbol.trim().is_empty();
    let mut words = Vec::new();
    let (mut start, mut end) = (0, 0);
    for (index, _) in run.iter().enumerate().filter(|(_, cell)| !blank(cell)) {
        if index > end + 1 || end == 0 {
            words.extend(run.get(start..end).filter(|word| !word.is_empty()));
            start = index;
        }
        end = index + 1;
    }
    words.extend(run.get(start..end).filter(|word| !word.is_empty()));
    words
}

fn text(words: &[Seen<'_>], out: &mut String) {
    let Some(first) = words.first() else { return };
    let style = &first.cell.style;
    let width: u32 = words.iter().map(|cell| cell.width).sum();
    _ = write!(out, "<text x=\"{}\" y=\"{}\" textLength=\"{width}\" fill=\"{}\"", first.x, first.y + BASELINE, hex(first.fg));
    out.push_str(if style.bold { " font-weight=\"bold\"" } else { "" });
    out.push_str(if style.italic { " font-style=\"italic\"" } else { "" });
    let symbols: String = words.iter().map(|cell| escaped(&cell.cell.symbol)).collect();
    _ = writeln!(out, ">{symbols}</text>");
}

fn look(cell: &Seen<'_>) -> (Rgb, bool, bool, bool) {
    let Style { bold, italic, .. } = cell.cell.style;
    (cell.fg, bold, italic, cell.parts.is_some())
}

/// Letters every monospaced font has at its own width. Others may come from another font and stand alone, so that they move nobody else.
fn plain(cell: &Seen<'_>) -> bool {
    cell.cell.symbol.chars().all(|c| c < '\u{250}')
}

fn escaped(symbol: &str) -> String {
    symbol.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn units(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX / 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PALETTE: Palette = Palette { text: (255, 255, 255), ground: (0, 0, 0) };

    fn body(grid: &Grid) -> Vec<String> {
        let svg = draw(grid, &PALETTE);
        svg.lines().filter(|line| line.starts_with("<path") || line.starts_with("<text") || line.starts_with("<rect x")).map(str::to_owned).collect()
    }

    fn line(text: &str, style: Style) -> Grid {
        let mut grid = Grid::new(12, 1);
        grid.write(0, 0, text, style);
        grid
    }

    #[test]
    fn the_document_has_a_size_a_ground_and_a_font_stack() {
        let expected = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"44\" height=\"44\" viewBox=\"0 0 44 44\">\n\
             <rect width=\"44\" height=\"44\" rx=\"8\" fill=\"#000000\"/>\n\
             <g transform=\"translate(12 12)\">\n<g shape-rendering=\"crispEdges\">\n</g>\n\
             <g font-family=\"DejaVu Sans Mono, Menlo, monospace\" font-size=\"16.61\">\n</g>\n</g>\n</svg>\n";
        assert_eq!(draw(&Grid::new(2, 1), &PALETTE), expected);
    }

    #[test]
    fn runs_of_words_have_their_length_and_gaps_are_left_out() {
        let texts = body(&line("a <b>   c&d", Style { bold: true, italic: true, ..Style::default() }));
        let attributes = "fill=\"#ffffff\" font-weight=\"bold\" font-style=\"italic\"";
        assert_eq!(
            texts,
            [
                format!("<text x=\"0\" y=\"15\" textLength=\"50\" {attributes}>a &lt;b&gt;</text>"),
                format!("<text x=\"80\" y=\"15\" textLength=\"30\" {attributes}>c&amp;d</text>"),
            ]
        );
    }

    #[test]
    fn letters_that_may_come_from_another_font_stand_alone() {
        let places: Vec<String> =
            body(&line("ab● 日本 c", Style::default())).iter().map(|text| text[..text.find(" fill").unwrap()].to_owned()).collect();
        let place = |x: u32, width: u32| format!("<text x=\"{x}\" y=\"15\" textLength=\"{width}\"");
        assert_eq!(places, [place(0, 20), place(20, 10), place(40, 20), place(60, 20), place(90, 10)]);
    }

    #[test]
    fn one_rectangle_a_run_of_ground() {
        let mut grid = line("ab", Style { bg: Some((9, 9, 9)), ..Style::default() });
        grid.write(2, 0, "日", Style { bg: Some((9, 9, 9)), bold: true, ..Style::default() });
        grid.write(5, 0, "x", Style { reverse: true, ..Style::default() });
        let grounds: Vec<_> = body(&grid).into_iter().filter(|line| line.starts_with("<rect")).collect();
        assert_eq!(
            grounds,
            [
                "<rect x=\"0\" y=\"0\" width=\"40\" height=\"20\" fill=\"#090909\"/>",
                "<rect x=\"50\" y=\"0\" width=\"10\" height=\"20\" fill=\"#ffffff\"/>",
            ]
        );
    }

    #[test]
    fn lines_are_joined_across_cells() {
        assert_eq!(body(&line("───", Style::default())), ["<path fill=\"#ffffff\" d=\"M0 9h30v1h-30z\"/>"]);
        assert_eq!(body(&line("▁▁", Style::default())), ["<path fill=\"#ffffff\" d=\"M0 17h20v3h-20z\"/>"]);
        assert_eq!(body(&line("▒", Style::default())), ["<path fill=\"#ffffff\" fill-opacity=\"0.50\" d=\"M0 0h10v20h-10z\"/>"]);
    }

    #[test]
    fn rounded_corners_start_and_end_where_the_light_lines_are() {
        let arcs: Vec<_> = "╭╮╯╰".chars().map(|corner| body(&line(&corner.to_string(), Style::default())).concat()).collect();
        let paths = [
            "M4.5 20V13.5A4 4 0 0 1 8.5 9.5H10",
            "M4.5 20V13.5A4 4 0 0 0 0.5 9.5H0",
            "M4.5 0V5.5A4 4 0 0 1 0.5 9.5H0",
            "M4.5 0V5.5A4 4 0 0 0 8.5 9.5H10",
        ];
        assert_eq!(arcs, paths.map(|path| format!("<path fill=\"none\" stroke=\"#ffffff\" shape-rendering=\"auto\" d=\"{path}\"/>")));
    }

    #[test]
    fn an_underline_runs_below_blanks_too() {
        let drawn = body(&line("a b", Style { underline: true, ..Style::default() }));
        assert_eq!(drawn[0], "<path fill=\"#ffffff\" d=\"M0 17h30v1h-30z\"/>");
    }
}
