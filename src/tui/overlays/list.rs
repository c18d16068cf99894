//! A table to read and to choose from, with a filter of its own: aliases, what was done, ways to copy. What choosing means is the caller's business.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::flow::Look;
use crate::tui::keys::readline::{Outcome, Readline};
use crate::tui::term::key::{Code, Key};
use crate::tui::theme::Role;
use crate::tui::widgets::lines::{Spans, plain};
use crate::tui::widgets::paint::{find_all, middle, put, scroll, width};
use crate::tui::widgets::popup;
use crate::tui::widgets::spot::Drawn;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<C> {
    /// Its cells, one a heading.
    pub cells: Vec<(String, Role)>,
    /// What enter does; none: nothing.
    pub command: Option<C>,
}

/// A table with a cursor.
#[derive(Clone, Debug)]
pub struct List<C> {
    title: String,
    heads: &'static [&'static str],
    entries: Vec<Entry<C>>,
    chosen: usize,
    needle: Readline,
    typing: bool,
}

/// What a key amounted to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<C> {
    /// Nothing but the picture.
    Redraw,
    /// Closed.
    Close,
    /// Do this.
    Take(C),
}

/// Columns between two cells.
const GAP: usize = 2;

impl<C: Clone> List<C> {
    /// A list whose first row is chosen.
    pub fn new(title: impl Into<String>, heads: &'static [&'static str], entries: Vec<Entry<C>>) -> Self {
        Self { title: title.into(), heads, entries, chosen: 0, needle: Readline::default(), typing: false }
    }

    /// A key while it is open; `page` is how many rows are seen.
    pub fn key(&mut self, key: Key, page: usize) -> Answer<C> {
        let last = self.fitting().len().saturating_sub(1);
        match key.code {
            Code::Down => self.chosen = (self.chosen + 1).min(last),
            Code::Up => self.chosen = self.chosen.saturating_sub(1),
            Code::PageDown => self.chosen = (self.chosen + page).min(last),
            Code::PageUp => self.chosen = self.chosen.saturating_sub(page),
            Code::Char('c') if key.ctrl => return Answer::Close,
            Code::Enter => {
                if let Some(command) = self.fitting().get(self.chosen).and_then(|entry| entry.command.clone()) {
                    return Answer::Take(command);
                }
            }
            Code::Esc if !self.needle.text().is_empty() || self.typing => {
                (self.needle, self.typing, self.chosen) = (Readline::default(), false, 0);
            }
            _ if self.typing => self.typed(key),
            Code::Char('j') => self.chosen = (self.chosen + 1).min(last),
            Code::Char('k') => self.chosen = self.chosen.saturating_sub(1),
            Code::Home | Code::Char('g') => self.chosen = 0,
            Code::End | Code::Char('G') => self.chosen = last,
            Code::Char('/') => self.typing = true,
            Code::Esc | Code::Char('q') => return Answer::Close,
            _ => {}
        }
        Answer::Redraw
    }

    /// The cursor goes to a row that was clicked on.
    pub fn choose(&mut self, row: usize) {
        self.chosen = row.min(self.fitting().len().saturating_sub(1));
    }

    fn typed(&mut self, key: Key) {
        if self.needle.key(key) == Outcome::Changed {
            self.chosen = 0;
        }
    }

    /// The rows that hold what is typed.
    fn fitting(&self) -> Vec<&Entry<C>> {
        let needle = self.needle.text();
        let holds = |entry: &&Entry<C>| needle.is_empty() || entry.cells.iter().any(|(text, _)| !find_all(text, needle).is_empty());
        self.entries.iter().filter(holds).collect()
    }

    /// Draws it.
    pub fn draw(&self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Drawn {
        let fitting = self.fitting();
        let widths = self.widths();
        let head = self.heads.iter().map(|head| ((*head).to_owned(), Role::Header)).collect::<Vec<_>>();
        let longest: usize = widths.iter().map(|width| width + GAP).sum();
        let longest = u16::try_from(longest).unwrap_or(u16::MAX).max(width(&self.title) + 2).max(40);
        let rows = u16::try_from(self.entries.len().max(1)).unwrap_or(u16::MAX);
        let place = middle(area, longest.saturating_add(4), rows.saturating_add(3));
        let title = if self.needle.text().is_empty() && !self.typing { self.title.clone() } else { format!("/{}", self.needle.text()) };
        let inside = popup::frame(place, &title, buf, look.theme);
        popup::list(&[padded(&head, &widths)], 0, None, Rect { height: inside.height.min(1), ..inside }, buf, look.theme);
        let body = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
        let mut lines: Vec<Spans> = fitting.iter().map(|entry| padded(&entry.cells, &widths)).collect();
        if lines.is_empty() {
            lines.push(plain(if self.entries.is_empty() { "there is nothing yet" } else { "nothing fits; esc shows all again" }, Role::Dim));
        }
        let chosen = self.chosen.min(lines.len().saturating_sub(1));
        let rows = popup::list(&lines, scroll(0, chosen, usize::from(body.height), lines.len()), Some(chosen), body, buf, look.theme);
        let count = format!(" {} of {} ", (chosen + 1).min(fitting.len()), fitting.len());
        if fitting.len() > usize::from(body.height) && place.width > width(&count) + 4 {
            let style = look.theme.style(Role::Popup).patch(look.theme.style(Role::Dim));
            put(buf, place, place.width - width(&count) - 2, place.height - 1, &count, style);
        }
        let cursor = self.typing.then(|| Position::new((place.x + 4 + width(self.needle.text())).min(place.right().saturating_sub(2)), place.y));
        Drawn { cursor, spots: vec![rows] }
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |at: usize| self.entries.iter().filter_map(|entry| entry.cells.get(at)).map(|(text, _)| usize::from(width(text))).max();
        self.heads.iter().enumerate().map(|(at, head)| widest(at).unwrap_or(0).max(usize::from(width(head)))).collect()
    }
}

/// Cells under their headings; the last one is not filled up.
fn padded(cells: &[(String, Role)], widths: &[usize]) -> Spans {
    let pad = |(at, (text, role)): (usize, &(String, Role))| {
        let room = if at + 1 < cells.len() { widths.get(at).map_or(0, |width| width + GAP) } else { 0 };
        let blank = room.saturating_sub(usize::from(width(text)));
        (format!("{text}{}", " ".repeat(blank)), *role)
    };
    cells.iter().enumerate().map(pad).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    fn list() -> List<u8> {
        let entry = |(at, name): (u8, &str)| Entry { cells: vec![(name.into(), Role::Text), (format!("no {at}"), Role::Dim)], command: Some(at) };
        List::new("kinds", &["KIND", "ALSO"], [(1, "pods"), (2, "services"), (3, "nodes")].map(entry).into())
    }

    #[test]
    fn what_is_typed_narrows_it_and_enter_takes_the_first_that_fits() {
        let mut list = list();
        for code in [Code::Char('/'), Code::Char('o'), Code::Char('D')] {
            assert_eq!(list.key(key(code), 10), Answer::Redraw);
        }
        assert_eq!(list.fitting().len(), 2);
        _ = list.key(key(Code::Down), 10);
        assert_eq!(list.key(key(Code::Enter), 10), Answer::Take(3));
        assert_eq!(list.key(key(Code::Esc), 10), Answer::Redraw, "the filter goes first");
        assert_eq!(list.fitting().len(), 3);
        assert_eq!(list.key(key(Code::Esc), 10), Answer::Close);
    }

    #[test]
    fn the_cursor_stays_within_the_rows() {
        let mut list = list();
        _ = list.key(key(Code::PageDown), 10);
        assert_eq!(list.key(key(Code::Enter), 10), Answer::Take(3));
        _ = list.key(key(Code::Char('j')), 10);
        _ = list.key(key(Code::Char('g')), 10);
        assert_eq!(list.key(key(Code::Enter), 10), Answer::Take(1));
    }
}
