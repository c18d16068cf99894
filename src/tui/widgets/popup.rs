//! Pages that lie over others: a framed box with a title, and a list in it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::lines::{self, Spans};
use super::paint::{fit, page, put, tint};
use super::spot::Spot;
use crate::tui::theme::{Role, Theme};

/// Blanks `area`, frames it, writes the title into the upper edge; answers the inside.
pub fn frame(area: Rect, title: &str, buf: &mut Buffer, theme: &Theme) -> Rect {
    page(buf, area, theme.style(Role::Popup));
    if area.width < 4 || area.height < 3 {
        return area;
    }
    let border = theme.style(Role::Popup).patch(theme.style(Role::BorderFocus));
    let edges = if theme.glyphs().braille { ["╭", "╮", "╰", "╯", "─", "│"] } else { ["+", "+", "+", "+", "-", "|"] };
    let across = edges[4].repeat(usize::from(area.width - 2));
    put(buf, area, 0, 0, &format!("{}{across}{}", edges[0], edges[1]), border);
    put(buf, area, 0, area.height - 1, &format!("{}{across}{}", edges[2], edges[3]), border);
    for row in 1..area.height - 1 {
        put(buf, area, 0, row, edges[5], border);
        put(buf, area, area.width - 1, row, edges[5], border);
    }
    if !title.is_empty() {
        let text = format!(" {} ", fit(title, area.width - 6, theme.glyphs().cut));
        put(buf, area, 2, 0, &text, theme.style(Role::Popup).patch(theme.style(Role::Title)));
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

/// Gives what stands in a line the background of a pop-up.
pub fn ground(line: Rect, buf: &mut Buffer, theme: &Theme) {
    let bg = theme.style(Role::Popup).bg;
    for x in line.left()..line.right() {
        if let (Some(cell), Some(bg)) = (buf.cell_mut((x, line.y)), bg) {
            cell.set_bg(bg);
        }
    }
}

/// Draws lines on the page of a pop-up; `chosen` is the one that enter takes. Answers where they stand.
pub fn list(rows: &[Spans], top: usize, chosen: Option<usize>, area: Rect, buf: &mut Buffer, theme: &Theme) -> Spot {
    for ((at, row), y) in rows.iter().enumerate().skip(top).zip(0..area.height) {
        let line = Rect { x: area.x + 1, y: area.y + y, width: area.width.saturating_sub(2), height: 1 };
        lines::line(row, "", line, buf, theme);
        ground(line, buf, theme);
        if chosen == Some(at) {
            tint(buf, Rect { y: area.y + y, height: 1, ..area }, theme.style(Role::Selected));
            put(buf, area, 0, y, theme.glyphs().cursor, theme.style(Role::BorderFocus));
        }
    }
    Spot::rows(area, top, rows.len())
}
