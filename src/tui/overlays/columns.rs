//! The columns of a table: which are shown, in which order, and one's own. Where their values come from is the pane's business.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::flow::{ColumnItem, Look, Show};
use crate::tui::keys::readline::{Outcome, Readline};
use crate::tui::term::key::{Code, Key};
use crate::tui::theme::Role;
use crate::tui::widgets::lines::Spans;
use crate::tui::widgets::paint::{middle, put, scroll, width};
use crate::tui::widgets::popup;
use crate::tui::widgets::spot::Drawn;

/// The list while it is open.
#[derive(Clone, Debug)]
pub struct Columns {
    kind: String,
    items: Vec<ColumnItem>,
    chosen: usize,
    /// A column being typed.
    adding: Option<Readline>,
    fault: String,
}

/// What a key amounted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing but the picture.
    Redraw,
    /// Closed, nothing changed.
    Close,
    /// These, in this order.
    Take(Vec<ColumnItem>),
    /// Read this; [`Columns::add`] or [`Columns::complain`] is the answer.
    Add(String),
}

/// What is typed for a column, and what it looks like.
const ASKED: &str = "NAME=.path or label:KEY  ";

impl Columns {
    /// Opens the list.
    pub fn new(kind: String, items: Vec<ColumnItem>) -> Self {
        Self { kind, items, chosen: 0, adding: None, fault: String::new() }
    }

    /// A key while the list is open; it swallows all of them.
    pub fn key(&mut self, key: Key) -> Answer {
        if let Some(input) = &mut self.adding {
            match input.key(key) {
                Outcome::Accept => return Answer::Add(input.text().trim().to_owned()),
                Outcome::Cancel => self.adding = None,
                Outcome::Changed => self.fault.clear(),
                _ => {}
            }
            return Answer::Redraw;
        }
        let last = self.items.len().saturating_sub(1);
        match key.code {
            Code::Esc | Code::Char('q') => return Answer::Close,
            Code::Char('c') if key.ctrl => return Answer::Close,
            Code::Enter => return Answer::Take(std::mem::take(&mut self.items)),
            Code::Down | Code::Char('j') => self.chosen = (self.chosen + 1).min(last),
            Code::Up | Code::Char('k') => self.chosen = self.chosen.saturating_sub(1),
            Code::Char('J') => self.carry((self.chosen + 1).min(last)),
            Code::Char('K') => self.carry(self.chosen.saturating_sub(1)),
            Code::Char(' ') => self.toggle(),
            Code::Char('a') => self.adding = Some(Readline::default()),
            Code::Char('x') if self.items.get(self.chosen).is_some_and(|item| item.path.is_some()) => {
                self.items.remove(self.chosen);
                self.chosen = self.chosen.min(self.items.len().saturating_sub(1));
            }
            _ => {}
        }
        Answer::Redraw
    }

    /// The cursor goes to a row that was clicked on.
    pub fn choose(&mut self, row: usize) {
        self.chosen = row.min(self.items.len().saturating_sub(1));
    }

    /// The column goes where another one is; the cursor goes with it.
    fn carry(&mut self, to: usize) {
        if self.chosen < self.items.len() {
            let item = self.items.remove(self.chosen);
            self.items.insert(to, item);
            self.chosen = to;
        }
    }

    fn toggle(&mut self) {
        if let Some(item) = self.items.get_mut(self.chosen) {
            item.show = match (item.show, item.wide) {
                (Show::Usual, true) => Show::Always,
                (Show::Usual, false) | (Show::Always, _) => Show::Never,
                (Show::Never, _) => Show::Usual,
            };
        }
    }

    /// Text from the clipboard, for the column being typed.
    pub fn paste(&mut self, text: &str) {
        if let Some(input) = &mut self.adding {
            input.insert(text);
        }
    }

    /// The column that was typed, behind the one under the cursor.
    pub fn add(&mut self, item: ColumnItem) {
        let fresh = self.items.iter().all(|one| one.name != item.name);
        if !fresh {
            return self.complain(format!("there is a column {} already; give it another name", item.name));
        }
        self.chosen = (self.chosen + 1).min(self.items.len());
        self.items.insert(self.chosen, item);
        self.adding = None;
    }

    /// Says what is wrong with what was typed.
    pub fn complain(&mut self, fault: String) {
        self.fault = fault;
    }

    /// A column is being typed: the keys mean letters.
    pub fn typing(&self) -> bool {
        self.adding.is_some()
    }

    /// Draws it.
    pub fn draw(&self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Drawn {
        let names = self.items.iter().map(|item| usize::from(width(&item.name))).max().unwrap_or(0);
        let lines: Vec<Spans> = self.items.iter().map(|item| line(item, names)).collect();
        let longest = lines.iter().map(|line| line.iter().map(|(text, _)| width(text)).sum()).max().unwrap_or(0);
        let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let below = if self.adding.is_some() { 2 } else { 0 };
        let place = middle(area, longest.max(52) + 4, rows.saturating_add(2 + below));
        let inside = popup::frame(place, &format!("columns of {}", self.kind), buf, look.theme);
        let list = Rect { height: inside.height.saturating_sub(below), ..inside };
        let rows = popup::list(&lines, scroll(0, self.chosen, usize::from(list.height), lines.len()), Some(self.chosen), list, buf, look.theme);
        let mut drawn = Drawn { cursor: None, spots: vec![rows] };
        let Some(input) = &self.adding else { return drawn };
        let ground = look.theme.style(Role::Popup);
        let at = list.height;
        let start = put(buf, inside, 1, at, ASKED, ground.patch(look.theme.style(Role::Dim)));
        let window = input.window(inside.width.saturating_sub(start + 1));
        put(buf, inside, start, at, window.text, ground.patch(look.theme.style(Role::Text)));
        put(buf, inside, 1, at + 1, &self.fault, ground.patch(look.theme.style(Role::NoticeError)));
        drawn.cursor = Some(Position::new(inside.x + start + window.cursor, inside.y + at));
        drawn
    }
}

fn line(item: &ColumnItem, names: usize) -> Spans {
    let (sign, about) = match (item.show, item.wide) {
        (Show::Never, _) => ("[ ]", ""),
        (Show::Usual, true) => ("[w]", "where there is room, and in the wide view"),
        (Show::Always | Show::Usual, _) => ("[x]", ""),
    };
    let role = if item.show == Show::Never { Role::Dim } else { Role::Text };
    let about = item.path.clone().unwrap_or_else(|| about.to_owned());
    vec![(format!("{sign} "), Role::FooterKey), (format!("{:<names$}  ", item.name), role), (about, Role::Dim)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: char) -> Key {
        Key { code: Code::Char(letter), ctrl: false, alt: false, shift: false }
    }

    fn open() -> Columns {
        let item = |name: &str, wide| ColumnItem { name: name.into(), path: None, wide, show: Show::Usual };
        Columns::new("pods".into(), vec![item("A", false), item("B", true), item("C", false)])
    }

    fn taken(mut columns: Columns) -> Vec<(String, Show)> {
        match columns.key(Key { code: Code::Enter, ..key(' ') }) {
            Answer::Take(items) => items.into_iter().map(|item| (item.name, item.show)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn columns_are_hidden_and_carried() {
        let mut columns = open();
        for letter in " jK jj".chars() {
            _ = columns.key(key(letter));
        }
        let shown: Vec<_> = taken(columns);
        assert_eq!(shown, [("B".into(), Show::Always), ("A".into(), Show::Never), ("C".into(), Show::Usual)]);
    }

    #[test]
    fn a_column_of_ones_own_is_typed_and_can_be_removed() {
        let mut columns = open();
        _ = columns.key(key('a'));
        assert!(columns.typing());
        "X=.a".chars().for_each(|letter| _ = columns.key(key(letter)));
        assert_eq!(columns.key(Key { code: Code::Enter, ..key(' ') }), Answer::Add("X=.a".into()));
        columns.add(ColumnItem { name: "X".into(), path: Some(".a".into()), wide: false, show: Show::Usual });
        assert_eq!(taken(columns.clone()).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["A", "X", "B", "C"]);
        _ = columns.key(key('x'));
        _ = columns.key(key('x'));
        assert_eq!(taken(columns).len(), 3, "only one's own can be removed");
    }
}
