//! A list to choose from: everything possible here, and why the rest is not.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::flow::Look;
use crate::tui::term::key::{Code, Key};
use crate::tui::theme::Role;
use crate::tui::widgets::lines::Spans;
use crate::tui::widgets::paint::{middle, scroll, width};
use crate::tui::widgets::popup;
use crate::tui::widgets::spot::Drawn;

/// One thing to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<C> {
    /// What it does.
    pub title: String,
    /// The keys that do the same.
    pub keys: String,
    /// What is done.
    pub command: C,
    /// Why it is not possible now.
    pub refusal: Option<String>,
}

/// A list with a cursor.
#[derive(Clone, Debug)]
pub struct Menu<C> {
    /// Its title.
    pub title: String,
    /// Its items.
    pub items: Vec<Item<C>>,
    /// The one that enter takes.
    pub chosen: usize,
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

impl<C: Clone> Menu<C> {
    /// A key while the menu is open.
    pub fn key(&mut self, key: Key) -> Answer<C> {
        let last = self.items.len().saturating_sub(1);
        match key.code {
            Code::Down | Code::Char('j') => self.chosen = (self.chosen + 1).min(last),
            Code::Up | Code::Char('k') => self.chosen = self.chosen.saturating_sub(1),
            Code::Esc | Code::Char('q' | '.') => return Answer::Close,
            Code::Char('c') if key.ctrl => return Answer::Close,
            Code::Enter => {
                if let Some(item) = self.items.get(self.chosen).filter(|item| item.refusal.is_none()) {
                    return Answer::Take(item.command.clone());
                }
            }
            _ => {}
        }
        Answer::Redraw
    }

    /// Draws it.
    pub fn draw(&self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Drawn {
        let rows = u16::try_from(self.items.len()).unwrap_or(u16::MAX);
        let titles = self.items.iter().map(|item| usize::from(width(&item.title))).max().unwrap_or(0);
        let line = |item: &Item<C>| -> Spans {
            let why = item.refusal.as_ref().map_or_else(String::new, |why| format!("not now: {why}"));
            let role = if item.refusal.is_some() { Role::Dim } else { Role::Text };
            vec![(format!("{:<8}", item.keys), Role::FooterKey), (format!("{:<titles$}  ", item.title), role), (why, Role::Dim)]
        };
        let lines: Vec<Spans> = self.items.iter().map(line).collect();
        let longest = lines.iter().map(|line| line.iter().map(|(text, _)| width(text)).sum()).max().unwrap_or(0);
        let place = middle(area, longest.max(width(&self.title)).max(40) + 6, rows.saturating_add(2));
        let inside = popup::frame(place, &self.title, buf, look.theme);
        let rows = popup::list(&lines, scroll(0, self.chosen, usize::from(inside.height), lines.len()), Some(self.chosen), inside, buf, look.theme);
        Drawn { cursor: None, spots: vec![rows] }
    }
}
