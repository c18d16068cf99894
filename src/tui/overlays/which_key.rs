//! What the keys pressed so far could become.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::lines::Spans;
use crate::tui::widgets::popup;

/// Draws the next keys and what each does, at the bottom.
pub fn draw(title: &str, keys: &[(String, String)], look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let rows = u16::try_from(keys.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let place = Rect { y: area.bottom() - rows, height: rows, width: area.width.min(40), ..area };
    let inside = popup::frame(place, title, buf, look.theme);
    let line = |(key, what): &(String, String)| -> Spans { vec![(format!("{key:<5} "), Role::FooterKey), (what.clone(), Role::Text)] };
    let lines: Vec<Spans> = keys.iter().map(line).collect();
    popup::list(&lines, 0, None, inside, buf, look.theme);
}
