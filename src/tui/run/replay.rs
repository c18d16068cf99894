//! Plays a recorded session: on the screen at its own pace, or to its end as text. Nothing it shows is done again.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::names::Problem;
use crate::tui::app::looks::{Looks, adopt};
use crate::tui::app::model::{Effect, Model};
use crate::tui::app::update::{begin, seen, update};
use crate::tui::app::view;
use crate::tui::flow::{At, Look};
use crate::tui::tape::{Head, Line};
use crate::tui::term::frame::Screen;
use crate::tui::term::input::Input;
use crate::tui::term::key::{Code, Event};
use crate::tui::term::session::{Session, Signal, Signals, size};

/// Longer pauses are cut to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A session being played.
pub struct Player {
    model: Model,
    lines: std::vec::IntoIter<Line>,
    at: At,
}

impl Player {
    /// Puts the session back to its beginning.
    pub fn new(head: &Head, lines: Vec<Line>, looks: Looks) -> Self {
        let mut model = Model::new(head.shared(), looks.keymap.clone(), looks.theme.clone(), head.size);
        // What is wrong in the person's own files is no part of the recording.
        drop::<Vec<Problem>>(adopt(&mut model, looks));
        // Nothing that was done then is done again: its effects are dropped, here and below.
        drop::<Vec<Effect>>(begin(&mut model, head.at, head.beginning.clone()).effects);
        Self { model, lines: lines.into_iter(), at: head.at }
    }

    /// Takes in the next message; answers how long after the one before it came.
    fn step(&mut self) -> Option<Duration> {
        let line = self.lines.next()?;
        let pause = line.at.mono.saturating_sub(self.at.mono);
        self.at = line.at;
        drop::<Vec<Effect>>(update(&mut self.model, line.at, line.msg).effects);
        // Paging depends on what was seen.
        let (width, height) = self.model.size;
        _ = self.draw(&mut Buffer::empty(Rect::new(0, 0, width, height)));
        Some(pause)
    }

    fn draw(&mut self, buf: &mut Buffer) -> Option<ratatui::layout::Position> {
        let look = Look { theme: &self.model.theme, now: self.at.unix, mono: self.at.mono };
        let hits = view::draw(&self.model, &look, buf);
        let cursor = hits.cursor;
        seen(&mut self.model, hits);
        cursor
    }

    /// Plays to the end and writes the last screen as text.
    ///
    /// # Errors
    /// What the writer says.
    pub fn print(mut self, out: &mut dyn Write) -> io::Result<()> {
        while self.step().is_some() {}
        let (width, height) = self.model.size;
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        self.draw(&mut buf);
        for y in 0..height {
            let line: String = (0..width).filter_map(|x| buf.cell((x, y))).map(ratatui::buffer::Cell::symbol).collect();
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Plays on the screen, `speed` times as fast as it was; `q`, esc and ctrl-c end it.
    ///
    /// # Errors
    /// Standard input is no terminal.
    pub async fn show(mut self, escape_gap: Duration, speed: f64) -> io::Result<()> {
        let mut signals = Signals::new()?;
        let mut session = Session::enter()?;
        let (width, height) = size();
        let mut screen = Screen::new(io::stdout(), width, height);
        let mut input = Input::new(tokio::io::stdin(), escape_gap);
        let mut due = Some(Instant::now());
        loop {
            while due.is_some_and(|due| due <= Instant::now()) {
                due = self.step().map(|pause| Instant::now() + pause.min(LONGEST_PAUSE).div_f64(speed.max(0.01)));
            }
            if screen.draw(|buf| self.draw(buf)).is_err() {
                return Ok(());
            }
            let wait = due.map_or(Duration::from_secs(3600), |due| due.saturating_duration_since(Instant::now()));
            tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    Signal::End => return Ok(()),
                    Signal::Stop => {
                        session.stop()?;
                        screen.repaint();
                    }
                    Signal::Resize => {
                        let (width, height) = size();
                        screen.resize(width, height);
                    }
                },
                event = input.next() => if ends(event?) { return Ok(()); },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

/// The person has seen enough, or the terminal is gone.
fn ends(event: Option<Event>) -> bool {
    match event {
        Some(Event::Key(key)) => matches!(key.code, Code::Esc | Code::Char('q')) || key.ctrl && key.code == Code::Char('c'),
        Some(Event::Paste(_) | Event::Mouse(_)) => false,
        None => true,
    }
}
