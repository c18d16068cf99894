//! Buffers to bytes: what changed since the last frame, in one write inside synchronized output. An unchanged frame writes nothing.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// The terminal's picture as it should be there now, and the way to it.
pub struct Screen<W> {
    out: W,
    shown: Buffer,
    cursor: Option<Position>,
    stale: bool,
    /// How long the terminal took to take the last frame.
    took: Duration,
}

impl<W: Write> Screen<W> {
    /// A screen of that size whose contents are unknown.
    pub fn new(out: W, width: u16, height: u16) -> Self {
        Self { out, shown: Buffer::empty(Rect::new(0, 0, width, height)), cursor: None, stale: true, took: Duration::ZERO }
    }

    /// The size changed: everything is drawn anew.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.shown = Buffer::empty(Rect::new(0, 0, width, height));
        self.stale = true;
    }

    /// What is there cannot be trusted any more.
    pub fn repaint(&mut self) {
        self.stale = true;
    }

    /// Draws a frame; `render` answers where the cursor stands, if it is seen. Answers how many bytes were written.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, render: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<usize> {
        let mut next = Buffer::empty(self.shown.area);
        let cursor = render(&mut next);
        let mut body = Vec::new();
        if std::mem::take(&mut self.stale) {
            self.shown.reset();
            body.extend_from_slice(b"\x1b[0m\x1b[2J");
            self.cursor = None;
        }
        encode(&self.shown.diff(&next), &mut body);
        move_cursor(self.cursor, cursor, &mut body);
        self.shown = next;
        self.cursor = cursor;
        self.took = Duration::ZERO;
        if body.is_empty() {
            return Ok(0);
        }
        let frame = [&b"\x1b[?2026h"[..], &body, b"\x1b[?2026l"].concat();
        let begun = Instant::now();
        self.out.write_all(&frame)?;
        self.out.flush()?;
        self.took = begun.elapsed();
        Ok(frame.len())
    }

    /// How long the terminal took to take the last frame: long where the line is slower than what is drawn.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Bytes that are no part of the picture, such as a clipboard request.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }
}

fn move_cursor(before: Option<Position>, after: Option<Position>, body: &mut Vec<u8>) {
    match (before, after) {
        (Some(_), None) => body.extend_from_slice(b"\x1b[?25l"),
        (_, Some(at)) if before != after || !body.is_empty() => {
            body.extend_from_slice(format!("\x1b[{};{}H\x1b[?25h", at.y + 1, at.x + 1).as_bytes());
        }
        _ => {}
    }
}

type Look = (Color, Color, Modifier);

fn encode(changes: &[(u16, u16, &Cell)], body: &mut Vec<u8>) {
    let (mut at, mut look): (Option<(u16, u16)>, Option<Look>) = (None, None);
    for (x, y, cell) in changes {
        if at != Some((*x, *y)) {
            body.extend_from_slice(travel(at, *x, *y).as_bytes());
        }
        let wanted = (cell.fg, cell.bg, cell.modifier);
        if look != Some(wanted) {
            body.extend_from_slice(sgr(wanted).as_bytes());
            look = Some(wanted);
        }
        body.extend_from_slice(cell.symbol().as_bytes());
        let width = u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
        at = Some((x.saturating_add(width), *y));
    }
    if look.is_some_and(|look| look != (Color::Reset, Color::Reset, Modifier::empty())) {
        body.extend_from_slice(b"\x1b[0m");
    }
}

/// The shorter way to a cell: forward in its line, or by address.
fn travel(from: Option<(u16, u16)>, x: u16, y: u16) -> String {
    match from {
        Some((column, row)) if row == y && column < x => format!("\x1b[{}C", x - column),
        _ => format!("\x1b[{};{}H", y + 1, x + 1),
    }
}

/// The bits of SGR that ratatui's modifiers mean.
const MODIFIERS: [(Modifier, &str); 7] = [
    (Modifier::BOLD, ";1"),
    (Modifier::DIM, ";2"),
    (Modifier::ITALIC, ";3"),
    (Modifier::UNDERLINED, ";4"),
    (Modifier::SLOW_BLINK, ";5"),
    (Modifier::REVERSED, ";7"),
    (Modifier::CROSSED_OUT, ";9"),
];

fn sgr((fg, bg, modifier): Look) -> String {
    let mut text = String::from("\x1b[0");
    for (bit, code) in MODIFIERS {
        if modifier.contains(bit) {
            text.push_str(code);
        }
    }
    text.push_str(&colour(fg, 30));
    text.push_str(&colour(bg, 40));
    text.push('m');
    text
}

/// `base` is 30 for the foreground and 40 for the background; the bright eight are 60 further.
fn colour(colour: Color, base: u8) -> String {
    const NAMED: [(Color, u8); 16] = [
        (Color::Black, 0),
        (Color::Red, 1),
        (Color::Green, 2),
        (Color::Yellow, 3),
        (Color::Blue, 4),
        (Color::Magenta, 5),
        (Color::Cyan, 6),
        (Color::Gray, 7),
        (Color::DarkGray, 60),
        (Color::LightRed, 61),
        (Color::LightGreen, 62),
        (Color::LightYellow, 63),
        (Color::LightBlue, 64),
        (Color::LightMagenta, 65),
        (Color::LightCyan, 66),
        (Color::White, 67),
    ];
    match colour {
        Color::Reset => String::new(),
        Color::Rgb(r, g, b) => format!(";{};2;{r};{g};{b}", base + 8),
        Color::Indexed(index) => format!(";{};5;{index}", base + 8),
        named => NAMED.iter().find(|(name, _)| *name == named).map_or_else(String::new, |(_, code)| format!(";{}", base + code)),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn contents(bytes: &[u8], width: u16, height: u16) -> String {
        let mut terminal = vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0);
        terminal.process(bytes);
        terminal.screen().contents()
    }

    #[test]
    fn an_unchanged_frame_writes_nothing_and_a_changed_cell_writes_little() {
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out, 80, 24);
        let render = |text: &'static str| {
            move |buffer: &mut Buffer| {
                buffer.set_string(0, 3, text, Style::new().fg(Color::Red));
                None
            }
        };
        assert!(screen.draw(render("hello wörld 漢字")).unwrap() > 0);
        assert_eq!(screen.draw(render("hello wörld 漢字")).unwrap(), 0);
        assert!(screen.draw(render("hallo wörld 漢字")).unwrap() < 60);
        assert_eq!(contents(&out, 80, 24).trim(), "hallo wörld 漢字");
    }

    #[test]
    fn a_frame_is_one_synchronized_update() {
        let mut out = Vec::new();
        Screen::new(&mut out, 10, 2)
            .draw(|buffer| {
                buffer.set_string(0, 0, "x", Style::new());
                Some(Position::new(1, 0))
            })
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("\x1b[?2026h") && text.ends_with("\x1b[?2026l"), "{text:?}");
        assert_eq!(text.matches("2026").count(), 2);
    }
}
