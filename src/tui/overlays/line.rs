//! The `:` line with its completions, and the `/` line. What the text means is the app's business.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::flow::Look;
use crate::tui::keys::line::{accept, rank, word_at};
use crate::tui::keys::readline::{Outcome, Readline};
use crate::tui::term::key::{Code, Key};
use crate::tui::theme::Role;
use crate::tui::widgets::lines::Spans;
use crate::tui::widgets::paint::{page, put, scroll};
use crate::tui::widgets::popup;
use crate::tui::widgets::spot::{Drawn, Spot};

/// Something the line offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What is put into the line.
    pub text: String,
    /// What it is or does.
    pub about: String,
    /// The keys that do the same.
    pub keys: String,
}

/// A line being typed.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// The text.
    pub input: Readline,
    /// What fits, best first.
    pub offers: Vec<Candidate>,
    /// The offer chosen with the arrows.
    pub chosen: Option<usize>,
    /// The arrows go through the lines typed before.
    pub recalling: bool,
}

/// What a key amounted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The text changed: offers have to be found again.
    Changed,
    /// Nothing but the picture.
    Redraw,
    /// Run this.
    Accept(String),
    /// Given up.
    Cancel,
}

/// Rows of offers that are seen.
const OFFERS: u16 = 12;

impl Line {
    /// An empty line with the lines typed before.
    pub fn new(history: Vec<String>) -> Self {
        Self { input: Readline::with_history(history), ..Self::default() }
    }

    /// Finds what fits among everything that could stand at the cursor.
    pub fn offer(&mut self, all: Vec<Candidate>) {
        let needle = word_at(self.input.text(), self.input.cursor()).text;
        let texts: Vec<&str> = all.iter().map(|one| one.text.as_str()).collect();
        let fits: Vec<usize> = rank(&needle, &texts).into_iter().map(|fit| fit.index).collect();
        let told = (0..all.len()).filter(|at| !fits.contains(at) && all[*at].about.contains(&needle));
        self.offers = fits.iter().copied().chain(told).map(|at| all[at].clone()).collect();
        // What begins like it, then what holds it, then what only has its letters or is about it.
        self.offers.sort_by_key(|offer| (!offer.text.starts_with(&needle), !offer.text.contains(&needle)));
        self.chosen = None;
    }

    /// A key while the line is open.
    pub fn key(&mut self, key: Key) -> Answer {
        let offers = self.offers.len();
        let arrow = matches!(key.code, Code::Down | Code::Up);
        if arrow && !self.recalling && !self.input.text().is_empty() && offers > 0 {
            self.chosen = step(self.chosen, offers, key.code == Code::Down);
            return Answer::Redraw;
        }
        self.recalling = arrow;
        match self.input.key(key) {
            Outcome::Changed => Answer::Changed,
            Outcome::Unchanged | Outcome::Ignored => Answer::Redraw,
            Outcome::Cancel => Answer::Cancel,
            Outcome::Complete => self.complete(),
            Outcome::Accept => {
                if self.chosen.is_some() {
                    _ = self.complete();
                }
                Answer::Accept(self.input.take().trim().to_owned())
            }
        }
    }

    fn complete(&mut self) -> Answer {
        let Some(offer) = self.offers.get(self.chosen.unwrap_or(0)) else { return Answer::Redraw };
        let (text, cursor) = accept(self.input.text(), self.input.cursor(), &offer.text);
        self.input.set(&text, cursor);
        Answer::Changed
    }

    /// A click on an offer takes it.
    pub fn click(&mut self, row: usize) -> Answer {
        self.chosen = Some(row);
        self.complete()
    }

    /// Draws sign and text over the last row of `area`, offers above.
    pub fn draw(&self, sign: &str, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Drawn {
        let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        page(buf, last, look.theme.style(Role::Input));
        let start = put(buf, last, 0, 0, sign, look.theme.style(Role::Input).patch(look.theme.style(Role::Title)));
        let window = self.input.window(last.width.saturating_sub(start + 1));
        put(buf, last, start, 0, window.text, look.theme.style(Role::Input));
        let offers = self.draw_offers(look, Rect { height: area.height.saturating_sub(1), ..area }, buf);
        Drawn { cursor: Some(Position::new(last.x + start + window.cursor, last.y)), spots: offers.into_iter().collect() }
    }

    fn draw_offers(&self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Spot> {
        let rows = u16::try_from(self.offers.len()).unwrap_or(u16::MAX).min(OFFERS).min(area.height.saturating_sub(4));
        if rows == 0 {
            return None;
        }
        let width = area.width.min(76);
        let place = Rect { y: area.bottom() - rows - 2, height: rows + 2, width, ..area };
        let title = format!("{} fit, tab takes the first", self.offers.len());
        let inside = popup::frame(place, &title, buf, look.theme);
        let top = scroll(0, self.chosen.unwrap_or(0), usize::from(rows), self.offers.len());
        let lines: Vec<Spans> = self.offers.iter().map(offer_line).collect();
        Some(popup::list(&lines, top, self.chosen, inside, buf, look.theme))
    }
}

fn offer_line(offer: &Candidate) -> Spans {
    vec![(format!("{:<26} ", offer.text), Role::Text), (format!("{:<34} ", offer.about), Role::Dim), (offer.keys.clone(), Role::FooterKey)]
}

fn step(chosen: Option<usize>, count: usize, down: bool) -> Option<usize> {
    match (chosen, down) {
        (None, true) => Some(0),
        (None, false) => Some(count - 1),
        (Some(at), true) => (at + 1 < count).then_some(at + 1),
        (Some(at), false) => at.checked_sub(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    fn typed(text: &str) -> Line {
        let mut line = Line::default();
        text.chars().for_each(|letter| _ = line.key(key(Code::Char(letter))));
        let offer = |text: &str| Candidate { text: text.into(), about: String::new(), keys: String::new() };
        line.offer(vec![offer("pods"), offer("podtemplates"), offer("services")]);
        line
    }

    #[test]
    fn enter_runs_what_was_typed_unless_an_offer_was_chosen() {
        assert_eq!(typed("po").key(key(Code::Enter)), Answer::Accept("po".into()));
        let mut line = typed("po");
        _ = line.key(key(Code::Down));
        assert_eq!(line.key(key(Code::Enter)), Answer::Accept("pods".into()));
    }

    #[test]
    fn tab_takes_the_first() {
        let mut line = typed("ser");
        assert_eq!(line.key(key(Code::Tab)), Answer::Changed);
        assert_eq!(line.input.text(), "services ");
    }
}
