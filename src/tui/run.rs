//! The loop: one `select!` over signals, input, reports and the clock; pacing, suspend, quit. The only file that sees terminal, work and app together.

mod changes;
mod pace;
pub mod replay;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::{self, Receiver};

use self::changes::Changes;
use self::pace::Pace;
use super::app::looks::{Looks, adopt};
use super::app::memory::Remember;
use super::app::model::{Beginning, Model, Msg, Report};
use super::app::place;
use super::app::shared::Shared;
use super::app::update::{Wanted, begin, seen, update};
use super::app::view;
use super::app::work::{Context, Wish, Work};
use super::flow::{At, Look};
use super::tape::{self, Head, Line};
use super::term::clipboard;
use super::term::frame::Screen;
use super::term::input::Input;
use super::term::session::{Session, Signal, Signals, size};
use crate::cluster::fleet::Fleet;
use crate::cluster::logs::spill::Disk;
use crate::names::Problem;
use crate::perf::apart::Launch;
use crate::perf::schedule::Book;
use crate::results::Store;
use crate::terminal::Facts;

/// Everything the door needs; read and decided by `main`.
pub struct Start {
    /// The clusters.
    pub fleet: Fleet,
    /// The runs on disk.
    pub store: Store,
    /// How a load test gets a process of its own.
    pub launch: Launch,
    /// The person's schedules.
    pub book: Book,
    /// The folder with what permutations have changed and not put back yet.
    pub journals: PathBuf,
    /// The folder for what is saved.
    pub saved: PathBuf,
    /// Where lines of logs go that memory has no room for.
    pub disk: Option<Disk>,
    /// What the panes read.
    pub shared: Shared,
    /// Keys and looks.
    pub looks: Looks,
    /// Reads them again; nothing where nothing is other than before.
    pub look_again: LookAgain,
    /// Where the person's own lie.
    pub settings: PathBuf,
    /// What is opened first.
    pub beginning: Beginning,
    /// How long the pieces of an escape sequence may be apart.
    pub escape_gap: Duration,
    /// What the environment says about the terminal.
    pub terminal: Facts,
    /// Keeps what the next start should know.
    pub remember: Remember,
    /// Where every message is written down.
    pub record: Option<PathBuf>,
}

/// Reads the person's own files again.
pub type LookAgain = Box<dyn FnMut() -> Option<Result<Looks, Problem>>>;

/// Reports taken in before a frame.
const DRAIN: usize = 256;
/// Time spent on them.
const DRAIN_TIME: Duration = Duration::from_millis(4);
/// How long load tests are given to keep what they measured, also when the terminal has gone; without any it ends at once.
const CLOSING: Duration = Duration::from_millis(500);

/// Runs until the person quits or the terminal goes away.
///
/// # Errors
/// Standard input is no terminal, or signals cannot be listened to.
pub async fn run(start: Start) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let (sender, reports) = mpsc::channel(64);
    let clock = Clock(Instant::now());
    let head = Head::new(&start.shared, &start.beginning, size(), clock.now());
    let tape = start.record.as_deref().map(|path| record(path, &head)).transpose()?;
    let mut session = Session::enter()?;
    let context = Context {
        fleet: start.fleet.clone(),
        store: start.store,
        launch: start.launch,
        book: start.book,
        journals: start.journals,
        saved: start.saved,
        disk: start.disk,
        reports: sender,
        remember: start.remember,
    };
    let size = size();
    let mut house = House {
        model: Model::new(start.shared, start.looks.keymap.clone(), start.looks.theme.clone(), size),
        work: Work::new(context),
        screen: Screen::new(io::stdout(), size.0, size.1),
        clock,
        tape,
        look_again: start.look_again,
        tmux: start.terminal.tmux,
        pace: Pace::new(start.looks.frame_gap),
    };
    (house.model.slow.ssh, house.model.mouse.ssh) = (start.terminal.ssh, start.terminal.ssh);
    // What is wrong in them was told already, among what is said first.
    _ = adopt(&mut house.model, start.looks);
    let mut changes = Changes::of(&start.settings);
    let step = begin(&mut house.model, house.clock.now(), start.beginning);
    // A terminal that cannot be written to any more is no error: nobody is left to be told.
    if house.settle(step).is_ok() {
        let input = Input::new(tokio::io::stdin(), start.escape_gap);
        _ = house.live(&mut session, &mut signals, &mut changes, input, reports).await;
    }
    session.leave();
    let kept = place::last(&mut house.model);
    house.work.run(kept);
    house.work.close(CLOSING).await;
    Ok(())
}

/// What the loop holds together.
struct House {
    model: Model,
    work: Work,
    screen: Screen<io::Stdout>,
    clock: Clock,
    /// The recording, until it cannot be written any more.
    tape: Option<File>,
    look_again: LookAgain,
    /// The program runs inside tmux.
    tmux: bool,
    pace: Pace,
}

/// The time since the start and of the day.
struct Clock(Instant);

impl Clock {
    fn now(&self) -> At {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        At { mono: self.0.elapsed(), unix }
    }
}

impl House {
    /// Lives until the person quits or the terminal goes away.
    async fn live(
        &mut self,
        session: &mut Session,
        signals: &mut Signals,
        changes: &mut Changes,
        mut input: Input<tokio::io::Stdin>,
        mut reports: Receiver<Report>,
    ) -> io::Result<()> {
        while !self.model.ended {
            session.mouse(self.model.mouse.on())?;
            if self.pace.due().is_some_and(|due| due <= Instant::now()) {
                self.draw()?;
            }
            tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    Signal::End => return Ok(()),
                    Signal::Stop => self.stop(session)?,
                    Signal::Resize => self.resize()?,
                },
                event = input.next() => match event? {
                    None => return Ok(()),
                    Some(event) => {
                        self.pace.asked = true;
                        self.take(Msg::Input(event))?;
                        while let Some(event) = input.ready() {
                            self.take(Msg::Input(event))?;
                        }
                    }
                },
                report = reports.recv() => match report {
                    None => return Ok(()),
                    Some(report) => self.drain(report, &mut reports)?,
                },
                () = changes.next() => self.look_again()?,
                () = tokio::time::sleep_until(self.wake().into()) => self.tick()?,
            }
        }
        Ok(())
    }

    fn wake(&self) -> Instant {
        let at = self.clock.now();
        let tick = self.model.next_wake(at).map_or_else(|| Instant::now() + Duration::from_secs(3600), |wake| self.clock.0 + wake);
        self.pace.due().map_or(tick, |due| due.min(tick))
    }

    /// The clock struck: for a frame, which the loop draws, or for the model.
    fn tick(&mut self) -> io::Result<()> {
        if self.is_due() || !self.pace.dirty {
            return self.strike();
        }
        Ok(())
    }

    fn is_due(&self) -> bool {
        let at = self.clock.now();
        self.model.next_wake(at).is_some_and(|wake| wake <= at.mono)
    }

    fn strike(&mut self) -> io::Result<()> {
        let worked = self.model.is_at_work();
        self.take(Msg::Tick)?;
        // What a key began is complete: that is what the key asked for.
        self.pace.asked |= worked && !self.model.is_at_work();
        Ok(())
    }

    fn drain(&mut self, first: Report, reports: &mut Receiver<Report>) -> io::Result<()> {
        let begun = Instant::now();
        self.take(Msg::Report(Box::new(first)))?;
        for _ in 1..DRAIN {
            match reports.try_recv() {
                Ok(report) if begun.elapsed() < DRAIN_TIME => self.take(Msg::Report(Box::new(report)))?,
                Ok(report) => {
                    self.take(Msg::Report(Box::new(report)))?;
                    break;
                }
                Err(_) => break,
            }
        }
        // However many reports there are, the clock strikes between them.
        if self.is_due() { self.strike() } else { Ok(()) }
    }

    fn take(&mut self, msg: Msg) -> io::Result<()> {
        let at = self.clock.now();
        let line = Line { at, msg };
        if let Some(problem) = self.keep(&line) {
            let told = update(&mut self.model, at, Msg::Report(Box::new(Report::Failed(problem))));
            self.settle(told)?;
        }
        let step = update(&mut self.model, at, line.msg);
        self.settle(step)
    }

    /// Writes a message into the recording; a disk that is full ends the recording, not the session.
    fn keep(&mut self, line: &Line) -> Option<Problem> {
        let file = self.tape.as_mut()?;
        let error = tape::write(line).map_err(io::Error::from).and_then(|bytes| file.write_all(&bytes)).err()?;
        self.tape = None;
        Some(
            Problem::new("record.write", "the session is not recorded any more", error.to_string())
                .hint("what was written until now can be replayed"),
        )
    }

    fn settle(&mut self, step: Wanted) -> io::Result<()> {
        self.pace.dirty |= step.dirty;
        for effect in step.effects {
            match self.work.run(effect) {
                Some(Wish::Repaint) => self.screen.repaint(),
                Some(Wish::Copy(text)) => self.screen.send(&clipboard::offer(&text, self.tmux))?,
                None => {}
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let at = self.clock.now();
        self.model.traffic = self.pace.traffic(Instant::now());
        let (model, screen) = (&self.model, &mut self.screen);
        let look = Look { theme: &model.theme, now: at.unix, mono: at.mono };
        let mut hits = view::Hits::default();
        let bytes = screen.draw(|buf| {
            hits = view::draw(model, &look, buf);
            hits.cursor
        })?;
        seen(&mut self.model, hits);
        self.pace.drew(Instant::now(), bytes, self.screen.took());
        self.model.slow.blocked = self.pace.blocked();
        self.pace.slow = self.model.slow.slow();
        Ok(())
    }

    /// The person's own files changed. What is wrong with them is told, and what is in use stays.
    fn look_again(&mut self) -> io::Result<()> {
        let problems = match (self.look_again)() {
            None => return Ok(()),
            Some(Ok(looks)) => {
                self.pace.gap = looks.frame_gap;
                self.screen.repaint();
                adopt(&mut self.model, looks)
            }
            Some(Err(problem)) => vec![problem],
        };
        self.pace.dirty = true;
        problems.into_iter().try_for_each(|problem| self.take(Msg::Report(Box::new(Report::Failed(problem)))))
    }

    fn stop(&mut self, session: &mut Session) -> io::Result<()> {
        session.stop()?;
        self.screen.repaint();
        self.resize()
    }

    fn resize(&mut self) -> io::Result<()> {
        let (width, height) = size();
        self.screen.resize(width, height);
        self.pace.asked = true;
        self.take(Msg::Resize(width, height))
    }
}

fn record(path: &Path, head: &Head) -> io::Result<File> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{} cannot be written: {error}", path.display()));
    let mut file = File::create(path).map_err(named)?;
    file.write_all(&tape::write(head)?).map_err(named)?;
    Ok(file)
}
