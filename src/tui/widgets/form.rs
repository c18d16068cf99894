//! A short form: labelled fields, buttons, one sentence on what is wrong. Which field is typed into is the caller's business.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::lines::{Spans, fold, line, plain};
use super::paint::{put, width};
use super::popup;
use super::spot::{Drawn, Spot, What};
use crate::tui::theme::{Role, Theme};

/// A field as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldView<'a> {
    /// Its name.
    pub label: &'a str,
    /// The part of its text that is seen.
    pub text: String,
    /// What it wants, in a few words.
    pub hint: &'a str,
    /// Column of the text cursor, when this field is typed into.
    pub cursor: Option<u16>,
}

/// A form or a question to be drawn.
pub struct FormView<'a> {
    /// The verb.
    pub title: &'a str,
    /// What it is about.
    pub about: &'a [Spans],
    /// Fields, if any.
    pub fields: &'a [FieldView<'a>],
    /// Names of the buttons.
    pub buttons: &'a [&'a str],
    /// The button that enter presses.
    pub pressed: Option<usize>,
    /// What is wrong with the fields.
    pub fault: &'a str,
}

/// Columns the input of a field takes.
pub const INPUT: u16 = 34;
/// Columns a field's hint takes beside it at most; a longer one is read below the fields while its field is typed into.
const HINT: u16 = 38;
/// Columns of what is wrong before it is folded.
const FAULT: u16 = 70;

impl FormView<'_> {
    /// Rows and columns it wants, with its frame.
    pub fn size(&self) -> (u16, u16) {
        let about = self.about.iter().map(|line| line.iter().map(|(text, _)| width(text)).sum::<u16>()).max().unwrap_or(0);
        let hints = self.fields.iter().map(|field| width(field.hint)).filter(|hint| *hint <= HINT).max().unwrap_or(0);
        let fields = if self.fields.is_empty() { 0 } else { self.label_width() + INPUT + 2 + hints };
        let rows = self.about.len() + self.fields.len() + usize::from(!self.fields.is_empty()) + 2 + usize::from(!self.about.is_empty());
        let columns = about.max(fields).max(width(self.fault).min(FAULT)).max(36);
        let rows = rows + self.wrong(columns).len().max(1);
        (columns + 4, u16::try_from(rows).unwrap_or(u16::MAX) + 1)
    }

    /// What is wrong, in rows.
    fn wrong(&self, columns: u16) -> Vec<Spans> {
        if self.fault.is_empty() { Vec::new() } else { fold(&[plain(self.fault, Role::NoticeError)], columns, true) }
    }

    fn label_width(&self) -> u16 {
        self.fields.iter().map(|field| width(field.label)).max().unwrap_or(0) + 2
    }

    /// Draws it; its buttons are counted behind its fields.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Drawn {
        let inside = popup::frame(area, self.title, buf, theme);
        let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
        let mut y = 0;
        // Where room is short the fields stay, and as much as fits of what they are about.
        let (_, wanted) = self.size();
        let short = area.height < wanted && !self.fields.is_empty();
        let room = usize::from(inside.height).saturating_sub(self.fields.len() + 1);
        let about = if short { &self.about[..self.about.len().min(room)] } else { self.about };
        for spans in about {
            let place = Rect { y: inside.y + y, height: 1, ..inside };
            line(spans, "", place, buf, theme);
            popup::ground(place, buf, theme);
            y += 1;
        }
        y += u16::from(!about.is_empty() && !short);
        let mut drawn = Drawn::default();
        for (at, field) in self.fields.iter().enumerate() {
            drawn.cursor = self.field(field, y, inside, buf, theme).or(drawn.cursor);
            drawn.spots.extend((y < inside.height).then(|| Spot::new(Rect { y: inside.y + y, height: 1, ..inside }, What::Field(at))));
            y += 1;
        }
        if short && !self.fault.is_empty() {
            // It stands where the buttons are: enter and esc mean the same without them.
            put(buf, inside, 0, inside.height.saturating_sub(1), self.fault, theme.style(Role::NoticeError));
            return drawn;
        }
        for (spans, at) in self.wrong(inside.width).iter().zip(y..inside.height.saturating_sub(1)) {
            let place = Rect { y: inside.y + at, height: 1, ..inside };
            line(spans, "", place, buf, theme);
            popup::ground(place, buf, theme);
        }
        let long = self.fields.iter().find(|field| field.cursor.is_some() && !self.beside(field.hint, inside));
        if let Some(field) = long.filter(|_| self.fault.is_empty() && y < inside.height.saturating_sub(1)) {
            put(buf, inside, 0, y, field.hint, theme.style(Role::Dim));
        }
        drawn.spots.extend(self.buttons(inside.height.saturating_sub(1), inside, buf, theme));
        drawn
    }

    /// There is room for a hint beside its field.
    fn beside(&self, hint: &str, inside: Rect) -> bool {
        self.label_width() + INPUT + 1 + width(hint) <= inside.width
    }

    fn field(&self, field: &FieldView<'_>, y: u16, inside: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        if y >= inside.height {
            return None;
        }
        let start = self.label_width();
        let room = INPUT.min(inside.width.saturating_sub(start));
        let label = if field.cursor.is_some() { theme.style(Role::Title) } else { Style::new() };
        put(buf, inside, 0, y, field.label, theme.style(Role::Popup).patch(label));
        put(buf, inside, start, y, &" ".repeat(usize::from(room)), theme.style(Role::Input));
        put(buf, Rect { width: start + room, ..inside }, start, y, &field.text, theme.style(Role::Input));
        if self.beside(field.hint, inside) {
            put(buf, inside, start + room + 1, y, field.hint, theme.style(Role::Dim));
        }
        field.cursor.map(|column| Position::new(inside.x + start + column.min(room.saturating_sub(1)), inside.y + y))
    }

    fn buttons(&self, y: u16, inside: Rect, buf: &mut Buffer, theme: &Theme) -> Vec<Spot> {
        let (mut column, mut spots) = (0, Vec::new());
        for (at, name) in self.buttons.iter().enumerate() {
            let role = if self.pressed == Some(at) { Role::ButtonFocus } else { Role::Button };
            let text = if self.pressed == Some(at) { format!("[ {name} ]") } else { format!("  {name}  ") };
            let place = Rect { x: inside.x + column, y: inside.y + y, width: width(&text).min(inside.width.saturating_sub(column)), height: 1 };
            spots.push(Spot::new(place, What::Field(self.fields.len() + at)));
            column = put(buf, inside, column, y, &text, theme.style(role)) + 2;
        }
        spots
    }
}
