//! A question before something is done: Cancel has the focus, no letter answers, a protected cluster wants its name typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::flow::{Look, Question};
use crate::tui::keys::readline::Readline;
use crate::tui::term::key::{Code, Key};
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldView, FormView, INPUT};
use crate::tui::widgets::lines::plain;
use crate::tui::widgets::paint::middle;
use crate::tui::widgets::spot::Drawn;

/// A question that is open.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// What is asked.
    pub question: Question,
    /// The name, as far as it was typed.
    typed: Readline,
    /// The name, Cancel, or the verb.
    focus: Focus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Focus {
    Name,
    Cancel,
    Go,
}

/// What a key amounted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Still open.
    Open,
    /// No.
    No,
    /// Yes.
    Yes,
}

impl Confirm {
    /// Asks.
    pub fn new(question: Question) -> Self {
        let focus = if question.type_name.is_some() { Focus::Name } else { Focus::Cancel };
        Self { question, typed: Readline::default(), focus }
    }

    /// A key while it is open; it swallows all of them.
    pub fn key(&mut self, key: Key) -> Answer {
        match (key.code, self.focus) {
            (Code::Esc, _) | (Code::Enter, Focus::Cancel) => return Answer::No,
            (Code::Char('c'), _) if key.ctrl => return Answer::No,
            (Code::Enter, Focus::Name) => self.focus = Focus::Go,
            (Code::Enter, Focus::Go) if self.agreed() => return Answer::Yes,
            (Code::Tab | Code::Down, _) => self.focus = self.after(),
            (Code::BackTab | Code::Up, _) => self.focus = self.before(),
            (Code::Right, Focus::Cancel) => self.focus = Focus::Go,
            (Code::Left, Focus::Go) => self.focus = Focus::Cancel,
            (_, Focus::Name) => _ = self.typed.key(key),
            _ => {}
        }
        Answer::Open
    }

    /// A click on the field or on a button goes there. Cancel is pressed at once, the verb only once the focus is on it.
    pub fn click(&mut self, place: usize) -> Answer {
        let place = if self.question.type_name.is_some() { place } else { place + 1 };
        let to = [Focus::Name, Focus::Cancel, Focus::Go].get(place).copied().unwrap_or(Focus::Cancel);
        let presses = to == Focus::Cancel || to == Focus::Go && self.focus == to;
        self.focus = to;
        if presses { self.key(Key { code: Code::Enter, ctrl: false, alt: false, shift: false }) } else { Answer::Open }
    }

    fn agreed(&self) -> bool {
        self.question.type_name.as_ref().is_none_or(|name| name == self.typed.text())
    }

    fn after(&self) -> Focus {
        match self.focus {
            Focus::Name => Focus::Cancel,
            Focus::Cancel => Focus::Go,
            Focus::Go if self.question.type_name.is_some() => Focus::Name,
            Focus::Go => Focus::Cancel,
        }
    }

    fn before(&self) -> Focus {
        match self.focus {
            Focus::Go => Focus::Cancel,
            Focus::Cancel if self.question.type_name.is_some() => Focus::Name,
            Focus::Cancel | Focus::Name => Focus::Go,
        }
    }

    /// Draws it.
    pub fn draw(&self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Drawn {
        let about: Vec<_> = self.question.body.iter().map(|line| plain(line.clone(), Role::Text)).collect();
        let window = self.typed.window(INPUT);
        let label = self.question.type_name.as_ref().map(|name| format!("type {name}"));
        let hint = if self.agreed() { "" } else { "the cluster is protected" };
        let field = |label| FieldView { label, text: window.text.to_owned(), hint, cursor: (self.focus == Focus::Name).then_some(window.cursor) };
        let fields: Vec<_> = label.as_deref().map(field).into_iter().collect();
        let pressed = match self.focus {
            Focus::Name => None,
            Focus::Cancel => Some(0),
            Focus::Go => Some(1),
        };
        let fault = if self.focus == Focus::Go && !self.agreed() { "the name does not agree" } else { "" };
        let buttons = ["Cancel", self.question.verb.as_str()];
        let view = FormView { title: &self.question.verb, about: &about, fields: &fields, buttons: &buttons, pressed, fault };
        let (width, height) = view.size();
        view.draw(middle(area, width, height), buf, look.theme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::flow::Confirmed;

    #[test]
    fn one_click_cancels_and_the_verb_wants_two() {
        assert_eq!(question(None).click(0), Answer::No);
        let mut open = question(None);
        assert_eq!((open.click(1), open.click(1)), (Answer::Open, Answer::Yes));
        let mut open = question(Some("prod"));
        assert_eq!((open.click(2), open.click(2)), (Answer::Open, Answer::Open), "the name is not typed");
        assert_eq!((open.click(0), open.click(1)), (Answer::Open, Answer::No));
    }

    fn key(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    fn question(type_name: Option<&str>) -> Confirm {
        Confirm::new(Question { verb: "Delete".into(), body: vec![], type_name: type_name.map(Into::into), then: Confirmed::Quit })
    }

    #[test]
    fn enter_alone_is_a_no_and_letters_mean_nothing() {
        assert_eq!(question(None).key(key(Code::Enter)), Answer::No);
        let mut asked = question(None);
        assert_eq!(asked.key(key(Code::Char('y'))), Answer::Open);
        _ = asked.key(key(Code::Tab));
        assert_eq!(asked.key(key(Code::Enter)), Answer::Yes);
    }

    #[test]
    fn a_protected_cluster_wants_its_name() {
        let mut asked = question(Some("prod"));
        for letter in "pro".chars() {
            _ = asked.key(key(Code::Char(letter)));
        }
        _ = asked.key(key(Code::Enter));
        assert_eq!(asked.key(key(Code::Enter)), Answer::Open);
        _ = asked.key(key(Code::Tab));
        _ = asked.key(key(Code::Char('d')));
        _ = asked.key(key(Code::Enter));
        assert_eq!(asked.key(key(Code::Enter)), Answer::Yes);
    }
}
