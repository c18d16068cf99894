//! A form over the pane that asked for it. What the fields mean is that pane's business.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::flow::{self, Look};
use crate::tui::keys::readline::{Outcome, Readline};
use crate::tui::term::key::{Code, Key};
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldView, FormView, INPUT};
use crate::tui::widgets::lines::plain;
use crate::tui::widgets::paint::middle;
use crate::tui::widgets::spot::Drawn;

/// A form being filled in.
#[derive(Clone, Debug)]
pub struct Form {
    asked: flow::Form,
    texts: Vec<Readline>,
    /// The field typed into; behind the last one are Cancel and the button.
    focus: usize,
    fault: String,
}

/// What a key amounted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Still open.
    Open,
    /// Given up.
    Cancel,
    /// Sent off, with the text of every field.
    Submit(Vec<String>),
}

impl Form {
    /// Opens it.
    pub fn new(asked: flow::Form) -> Self {
        let texts: Vec<Readline> = asked.fields.iter().map(|field| Readline::with_text(&field.text)).collect();
        let focus = asked.focus.unwrap_or(texts.len() + 1);
        Self { asked, texts, focus, fault: String::new() }
    }

    /// A key while it is open; it swallows all of them.
    pub fn key(&mut self, key: Key) -> Answer {
        let (fields, places) = (self.texts.len(), self.texts.len() + 2);
        match key.code {
            Code::Esc => return Answer::Cancel,
            Code::Char('c') if key.ctrl => return Answer::Cancel,
            Code::Tab | Code::Down => self.focus = (self.focus + 1) % places,
            Code::BackTab | Code::Up => self.focus = (self.focus + places - 1) % places,
            Code::Right if self.focus >= fields => self.focus = places - 1,
            Code::Left if self.focus >= fields => self.focus = fields,
            Code::Enter if self.focus == fields => return Answer::Cancel,
            Code::Enter => return Answer::Submit(self.texts.iter().map(|text| text.text().trim().to_owned()).collect()),
            _ => self.typed(key),
        }
        Answer::Open
    }

    fn typed(&mut self, key: Key) {
        if self.texts.get_mut(self.focus).is_some_and(|text| text.key(key) == Outcome::Changed) {
            self.fault.clear();
        }
    }

    /// A click on a field goes there. On Cancel it presses; on the button only once the focus is there, so that none is pressed by a slip.
    pub fn click(&mut self, place: usize) -> Answer {
        let (fields, here) = (self.texts.len(), self.focus == place);
        self.focus = place.min(fields + 1);
        if place == fields || here && place > fields {
            self.key(Key { code: Code::Enter, ctrl: false, alt: false, shift: false })
        } else {
            Answer::Open
        }
    }

    /// A paste goes into the field that is typed into.
    pub fn paste(&mut self, text: &str) {
        if let Some(field) = self.texts.get_mut(self.focus) {
            field.insert(text);
            self.fault.clear();
        }
    }

    /// Puts text into a field the person has left alone; the focus goes to the button.
    pub fn fill(&mut self, field: usize, text: &str) {
        let untouched = self.asked.fields.get(field).is_some_and(|asked| self.texts.get(field).is_some_and(|now| now.text() == asked.text));
        if let Some(place) = self.texts.get_mut(field).filter(|_| untouched) {
            *place = Readline::with_text(text);
            self.focus = self.texts.len() + 1;
        }
    }

    /// Says what is wrong; the focus goes to the field, where it is one field's fault.
    pub fn complain(&mut self, field: Option<usize>, fault: String) {
        self.fault = fault;
        self.focus = field.unwrap_or(self.focus);
    }

    /// Draws it.
    pub fn draw(&self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Drawn {
        let windows: Vec<_> = self.texts.iter().map(|text| text.window(INPUT)).collect();
        let view = |(at, (field, window)): (usize, (&flow::Field, &crate::tui::keys::readline::Window<'_>))| FieldView {
            label: field.label,
            text: window.text.to_owned(),
            hint: field.hint,
            cursor: (self.focus == at).then_some(window.cursor),
        };
        let fields: Vec<FieldView<'_>> = self.asked.fields.iter().zip(&windows).enumerate().map(view).collect();
        let about: Vec<_> =
            Some(&self.asked.about).filter(|about| !about.is_empty()).map(|about| plain(about.clone(), Role::Title)).into_iter().collect();
        let buttons = ["Cancel", self.asked.button.as_str()];
        let pressed = self.focus.checked_sub(self.texts.len());
        let form = FormView { title: &self.asked.title, about: &about, fields: &fields, buttons: &buttons, pressed, fault: &self.fault };
        let (width, height) = form.size();
        form.draw(middle(area, width, height), buf, look.theme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    fn form(focus: Option<usize>) -> Form {
        let field = |label| flow::Field { label, hint: "", text: String::new() };
        Form::new(flow::Form { title: "T".into(), about: String::new(), fields: vec![field("a"), field("b")], button: "Go".into(), focus })
    }

    #[test]
    fn enter_sends_off_from_a_field_and_from_the_button_only() {
        let mut open = form(Some(0));
        _ = open.key(key(Code::Char('x')));
        assert_eq!(open.key(key(Code::Enter)), Answer::Submit(vec!["x".into(), String::new()]));
        let mut open = form(None);
        _ = open.key(key(Code::Left));
        assert_eq!(open.key(key(Code::Enter)), Answer::Cancel);
    }

    #[test]
    fn what_the_person_typed_is_not_overwritten() {
        let mut open = form(Some(0));
        _ = open.key(key(Code::Char('x')));
        open.fill(0, "late");
        assert_eq!(open.key(key(Code::Enter)), Answer::Submit(vec!["x".into(), String::new()]));
    }
}
