//! The terminal as ours for a while: raw mode and the alternate screen, given back clean on every way out, also in a panic, a stop or a hang-up.

use std::io::{self, Write};

use crossterm::terminal;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// Alternate screen, bracketed paste, no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// The same undone, with synchronized output ended in case a frame was cut, and no reports of the mouse.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?25h\x1b[?2004l\x1b[?1049l";
/// Reports of buttons and wheel, and none of movements, with places of any size.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// None any more.
const NO_MOUSE: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// The terminal is ours while this lives.
pub struct Session {
    entered: bool,
    /// The terminal reports the mouse.
    mouse: bool,
}

impl Session {
    /// Takes the terminal. Its panic hook gives it back before the report is printed.
    ///
    /// # Errors
    /// Standard input is no terminal.
    pub fn enter() -> io::Result<Self> {
        let ui = std::thread::current().id();
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // A panic of another thread is caught there; the screen stays ours.
            if std::thread::current().id() == ui {
                give_back();
                report(info);
            }
        }));
        let mut session = Self { entered: false, mouse: false };
        session.resume()?;
        Ok(session)
    }

    /// Takes the terminal again after [`Session::leave`].
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn resume(&mut self) -> io::Result<()> {
        terminal::enable_raw_mode()?;
        self.entered = true;
        put(ENTER)
    }

    /// Asks for reports of the mouse, or for none; writes nothing where it is so already.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        if self.mouse == on {
            return Ok(());
        }
        self.mouse = on;
        put(if on { MOUSE } else { NO_MOUSE })
    }

    /// Gives the terminal back.
    pub fn leave(&mut self) {
        self.mouse = false;
        if std::mem::take(&mut self.entered) {
            give_back();
        }
    }

    /// Stops this process as the shell's job control would, and comes back when it is continued.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn stop(&mut self) -> io::Result<()> {
        self.leave();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        self.resume()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.leave();
    }
}

fn give_back() {
    // The terminal may be gone: then there is nothing to give back.
    _ = put(LEAVE);
    _ = terminal::disable_raw_mode();
}

fn put(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Columns and rows; 80×24 when the terminal does not say.
pub fn size() -> (u16, u16) {
    terminal::size().ok().filter(|(width, height)| *width > 0 && *height > 0).unwrap_or((80, 24))
}

/// What the system wants of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The terminal went away, or somebody wants us to end.
    End,
    /// Give the terminal away and stop.
    Stop,
    /// The window has another size.
    Resize,
}

/// Signals as they come.
pub struct Signals {
    hangup: Stream,
    terminate: Stream,
    stop: Stream,
    resize: Stream,
}

impl Signals {
    /// Listens from now on. Needs a tokio runtime.
    ///
    /// # Errors
    /// The system lets nobody listen.
    pub fn new() -> io::Result<Self> {
        let stop = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            stop: signal(stop)?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// The next one. Cancel-safe.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            _ = self.hangup.recv() => Signal::End,
            _ = self.terminate.recv() => Signal::End,
            _ = self.stop.recv() => Signal::Stop,
            _ = self.resize.recv() => Signal::Resize,
        }
    }
}
