//! Text into cells: placed, cut by display width, never outside its area. What it means is the caller's business.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Writes `text` at a column of an area's row; what does not fit is left out. Answers the column behind it.
pub fn put(buf: &mut Buffer, area: Rect, column: u16, row: u16, text: &str, style: Style) -> u16 {
    if row >= area.height || column >= area.width {
        return column;
    }
    let room = usize::from(area.width - column);
    let (end, _) = buf.set_stringn(area.x + column, area.y + row, text, room, style);
    end - area.x
}

/// Writes `text` so that it ends at `end` (a column of the area, exclusive); too long a text loses its end.
pub fn put_right(buf: &mut Buffer, area: Rect, end: u16, row: u16, text: &str, style: Style) {
    let width = width(text).min(end);
    put(buf, area, end - width, row, text, style);
}

/// Gives a whole area one style and blanks it.
pub fn page(buf: &mut Buffer, area: Rect, style: Style) {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }
}

/// Puts the nearest ASCII in place of everything a terminal without Unicode cannot draw.
pub fn ascii(buf: &mut Buffer) {
    for cell in &mut buf.content {
        if !cell.symbol().is_ascii() {
            let plain = match cell.symbol() {
                "…" | "·" => ".",
                "×" => "x",
                "≤" => "<",
                "→" | "▸" | "≥" | "›" => ">",
                "◂" | "←" | "‹" => "<",
                "─" | "—" | "–" | "╌" => "-",
                "│" | "▕" | "▏" | "┤" | "├" => "|",
                "•" => "*",
                "±" | "┼" | "└" | "┌" | "┐" | "┘" | "╭" | "╮" | "╰" | "╯" => "+",
                "▾" => "v",
                "▴" => "^",
                "✗" => "X",
                "▲" => "!",
                "▼" => "v",
                "●" => "o",
                "◆" => "x",
                "✓" => "+",
                "░" => ":",
                "┊" => ":",
                "█" => "#",
                "◐" => "~",
                "µ" => "u",
                _ => "?",
            };
            cell.set_symbol(plain);
        }
    }
}

/// Lays a style over what is there.
pub fn tint(buf: &mut Buffer, area: Rect, style: Style) {
    buf.set_style(area, style);
}

/// Columns a text takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The text, or as much of its beginning as fits with the `cut` sign behind it.
pub fn fit<'a>(text: &'a str, room: u16, cut: &str) -> Cow<'a, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    let room = room.saturating_sub(width(cut));
    let mut used = 0;
    let kept: String = text
        .graphemes(true)
        .take_while(|part| {
            used += width(part);
            used <= room
        })
        .collect();
    Cow::Owned(kept + cut)
}

/// The text, or as much of its beginning and end as fits with the `cut` sign between them.
pub fn fit_middle<'a>(text: &'a str, room: u16, cut: &str) -> Cow<'a, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    let room = room.saturating_sub(width(cut));
    let within = |most: u16| {
        let mut used = 0;
        move |part: &&str| {
            used += width(part);
            used <= most
        }
    };
    let head: String = text.graphemes(true).take_while(within(room.div_ceil(2))).collect();
    let tail: Vec<&str> = text.graphemes(true).rev().take_while(within(room / 2)).collect();
    Cow::Owned(head + cut + &tail.into_iter().rev().collect::<String>())
}

/// One row of an area; empty when it has none such.
pub fn row(area: Rect, row: u16) -> Rect {
    if row < area.height { Rect { y: area.y + row, height: 1, ..area } } else { Rect { height: 0, ..area } }
}

/// A piece of `area` of at most that size, in its middle.
pub fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// Where `needle` stands in `text`, in bytes, ignoring the case of ASCII letters.
pub fn find_all(text: &str, needle: &str) -> Vec<std::ops::Range<usize>> {
    if needle.is_empty() {
        return Vec::new();
    }
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let starts = (0..text.len().saturating_sub(needle.len() - 1)).filter(|at| text[*at..*at + needle.len()].eq_ignore_ascii_case(needle));
    starts.map(|at| at..at + needle.len()).collect()
}

/// The first visible row such that the cursor is seen and as little as possible moves.
pub fn scroll(top: usize, cursor: usize, height: usize, total: usize) -> usize {
    let top = top.min(total.saturating_sub(height.max(1)));
    if cursor < top {
        cursor
    } else if height > 0 && cursor >= top + height {
        cursor + 1 - height
    } else {
        top
    }
}

/// The same in thirds of a page, so that most steps of the cursor move no row: a row that moves is a row that is sent.
pub fn leap(top: usize, cursor: usize, height: usize, total: usize) -> usize {
    let next = scroll(top, cursor, height, total);
    let third = height / 3;
    match next.cmp(&top.min(total.saturating_sub(height.max(1)))) {
        std::cmp::Ordering::Less => next.saturating_sub(third),
        std::cmp::Ordering::Greater => (next + third).min(cursor).min(total.saturating_sub(height)),
        std::cmp::Ordering::Equal => next,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::terminal::Depth;
    use crate::tui::theme::{Theme, builtin};

    /// A theme in the colours it is made for.
    pub fn theme(name: &str, ascii: bool) -> Theme {
        let depth = if name == "mono" { Depth::None } else { Depth::True };
        Theme::load(name, &builtin, None, depth).unwrap().0.with_ascii(ascii)
    }

    /// What is drawn on so many columns and rows, row by row.
    pub fn drawn(width: u16, height: u16, draw: impl FnOnce(Rect, &mut Buffer)) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        draw(area, &mut buf);
        (0..height).map(|y| (0..width).map(|x| buf[(x, y)].symbol()).collect()).collect()
    }

    #[test]
    fn what_is_not_ascii_is_replaced_in_place() {
        let mut buf = Buffer::with_lines(["µs ≤ 日本 …"]);
        ascii(&mut buf);
        assert_eq!(buf, Buffer::with_lines(["us < ? ?  ."]));
    }

    #[test]
    fn wide_letters_are_cut_between_them() {
        assert_eq!(fit("日本語", 5, "…"), "日本…");
        assert_eq!(fit("日本語", 6, "…"), "日本語");
    }

    #[test]
    fn names_keep_their_beginning_and_their_end() {
        assert_eq!(fit_middle("web-5b9bbd4df6-kk2lm", 12, "…"), "web-5b…kk2lm");
        assert_eq!(fit_middle("日本語", 5, "…"), "日…語");
        assert_eq!(fit_middle("web", 3, "…"), "web");
        assert_eq!(fit_middle("web", 0, "…"), "…");
    }

    #[test]
    fn scrolling_moves_as_little_as_possible() {
        assert_eq!(scroll(0, 9, 10, 100), 0);
        assert_eq!(scroll(0, 10, 10, 100), 1);
        assert_eq!(scroll(50, 3, 10, 100), 3);
        assert_eq!(scroll(95, 99, 10, 100), 90);
    }

    #[test]
    fn leaping_keeps_the_cursor_in_sight_and_moves_seldom() {
        let mut top = 0;
        let mut moves = 0;
        for cursor in (0..100).chain((0..100).rev()) {
            let next = leap(top, cursor, 12, 100);
            assert!(next <= cursor && cursor < next + 12 && next <= 88, "{cursor}: {next}");
            moves += usize::from(next != top);
            top = next;
        }
        assert!(moves < 50, "{moves} of 200 steps moved the rows");
        assert_eq!(leap(0, 3, 12, 5), 0);
    }

    #[test]
    fn a_needle_is_found_in_any_case() {
        assert_eq!(find_all("Web web", "web"), [0..3, 4..7]);
    }
}
