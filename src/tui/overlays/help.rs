//! Pages of names and what they mean: help with every key that means something here, and the status page.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::flow::Look;
use crate::tui::term::key::{Code, Key};
use crate::tui::theme::Role;
use crate::tui::widgets::lines::{Spans, fold, plain};
use crate::tui::widgets::paint::{middle, width};
use crate::tui::widgets::popup;

/// A section: its title, then keys and what they do.
pub type Section = (String, Vec<(String, String)>);

/// Columns it takes at most, and those of them that its frame and the distance to it take.
const WIDTH: u16 = 78;
const FRAME: u16 = 4;

/// Where the person reads.
#[derive(Clone, Debug, Default)]
pub struct Help {
    /// What it is.
    pub title: &'static str,
    /// What there is to read.
    pub sections: Vec<Section>,
    /// The first row seen.
    pub top: usize,
}

impl Help {
    /// A key while help is open on a terminal of so many columns, with a page of so many rows; true: it is to be closed.
    pub fn key(&mut self, key: Key, columns: u16, page: usize) -> bool {
        let last = self.lines(columns.min(WIDTH).saturating_sub(FRAME)).len().saturating_sub(page);
        match key.code {
            Code::Down | Code::Char('j') => self.top = (self.top + 1).min(last),
            Code::Up | Code::Char('k') => self.top = self.top.saturating_sub(1),
            Code::PageDown | Code::Char(' ') => self.top = (self.top + page).min(last),
            Code::PageUp => self.top = self.top.saturating_sub(page),
            Code::Home | Code::Char('g') => self.top = 0,
            Code::End | Code::Char('G') => self.top = last,
            Code::Esc | Code::Char('q' | '?') | Code::Enter => return true,
            Code::Char('c') if key.ctrl => return true,
            _ => {}
        }
        false
    }

    /// All of it, folded where it is longer than a row.
    fn lines(&self, columns: u16) -> Vec<Spans> {
        let keys = self.sections.iter().flat_map(|(_, rows)| rows).map(|(keys, _)| width(keys)).max().unwrap_or(0);
        let mut lines: Vec<Spans> = Vec::new();
        for (title, rows) in &self.sections {
            lines.push(plain(title.clone(), Role::Title));
            let row = |(chords, what): &(String, String)| {
                let pad = " ".repeat(usize::from(keys.saturating_sub(width(chords))));
                vec![(format!("  {chords}{pad}  "), Role::FooterKey), (what.clone(), Role::Text)]
            };
            lines.extend(rows.iter().map(row));
            lines.push(plain("", Role::Text));
        }
        fold(&lines, columns, true)
    }

    /// Draws it over nearly everything.
    pub fn draw(&self, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
        let place = middle(area, WIDTH, area.height.saturating_sub(2));
        let inside = popup::frame(place, self.title, buf, look.theme);
        popup::list(&self.lines(place.width.saturating_sub(FRAME)), self.top, None, inside, buf, look.theme);
    }
}
