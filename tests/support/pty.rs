//! The real binary in a pseudo terminal: what it draws is a screen that can be waited for, what it is told are bytes, sizes and signals. No assertion
//! about Meshplay stands here. A test program takes it with `#[path = "support/pty.rs"] mod pty;`.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{OptionalActions, SpecialCodeIndex};

/// The program in its terminal. It is killed when this is dropped.
pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    line: PathBuf,
    pid: Pid,
    shared: Arc<Shared>,
    /// The moment before it was started.
    pub started: Instant,
    /// The line discipline's settings before the program started.
    pub line_before: String,
    /// Its `HOME`, empty at the start.
    pub home: tempfile::TempDir,
}

struct Shared {
    seen: Mutex<Seen>,
    news: Condvar,
}

/// Everything the terminal has seen.
struct Seen {
    terminal: vt100::Parser,
    raw: Vec<u8>,
    /// When bytes were read, with how many there were then.
    arrivals: Vec<(Instant, usize)>,
    /// Nobody has the terminal open any more, or we hung up.
    closed: bool,
    /// We hang up: the reader lets go of its end.
    hung_up: bool,
    status: Option<ExitStatus>,
}

/// Modes that a program turns on and has to turn off again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// The alternate screen is shown.
    pub alternate: bool,
    /// The cursor is hidden.
    pub hidden_cursor: bool,
    /// Pastes are bracketed.
    pub paste: bool,
    /// Frames are held back until they are whole (mode 2026).
    pub synchronized: bool,
    /// Mouse reports.
    pub mouse: bool,
    /// Keys come one by one, without echo and without signals.
    pub raw: bool,
}

impl Pty {
    /// Runs `meshplay` with these arguments. Of this process's environment it gets `PATH` alone; besides, it gets an empty home, a UTF-8 locale, 256
    /// colours, and `env`, which may override all of these.
    pub fn start(args: &[&str], env: &[(&str, &str)], cols: u16, rows: u16) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_meshplay"));
        command.args(args);
        Self::run(command, env, cols, rows)
    }

    /// Runs a shell script in which `$MESHPLAY` is the binary: job control needs a parent in the same session.
    pub fn shell(script: &str, env: &[(&str, &str)], cols: u16, rows: u16) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", script]);
        Self::run(command, env, cols, rows)
    }

    fn run(mut command: CommandBuilder, env: &[(&str, &str)], cols: u16, rows: u16) -> Self {
        let home = tempfile::tempdir().expect("a folder for the home");
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home.path());
        command.env("MESHPLAY", env!("CARGO_BIN_EXE_meshplay"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.cwd(home.path());
        for (name, value) in env {
            command.env(name, value);
        }
        let pair = native_pty_system().openpty(size(cols, rows)).expect("a pseudo terminal");
        let line = pair.master.tty_name().expect("the terminal's name");
        let line_before = line_settings(&*pair.master);
        let reader = pair.master.try_clone_reader().expect("the terminal's output");
        let writer = pair.master.take_writer().expect("the terminal's input");
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the program starts");
        // Only the program holds the terminal now, so that its end is the end of what can be read.
        drop(pair.slave);
        let pid = child.process_id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).expect("the program's id");
        let (rows, cols) = cells(cols, rows);
        let seen =
            Seen { terminal: vt100::Parser::new(rows, cols, 0), raw: Vec::new(), arrivals: Vec::new(), closed: false, hung_up: false, status: None };
        let shared = Arc::new(Shared { seen: Mutex::new(seen), news: Condvar::new() });
        thread::spawn({
            let shared = shared.clone();
            move || read(reader, &shared)
        });
        thread::spawn({
            let shared = shared.clone();
            move || await_end(child, &shared)
        });
        Self { master: Some(pair.master), writer: Some(writer), line, pid, shared, started, line_before, home }
    }

    /// Waits until the screen's text is as wanted and answers it. Looks whenever new bytes have come and at no other time.
    pub fn wait(&self, wanted: impl Fn(&str) -> bool, deadline: Duration) -> String {
        self.until("the screen", deadline, |seen| {
            let text = seen.terminal.screen().contents();
            wanted(&text).then_some(text)
        })
    }

    /// Waits until the bytes that came after `mark` are as wanted and answers them.
    pub fn wait_bytes(&self, mark: usize, wanted: impl Fn(&[u8]) -> bool, deadline: Duration) -> Vec<u8> {
        self.until("the bytes", deadline, |seen| wanted(&seen.raw[mark..]).then(|| seen.raw[mark..].to_vec()))
    }

    /// Waits until the program ended and everything it wrote was read, and answers its status.
    pub fn exit(&self, deadline: Duration) -> ExitStatus {
        self.until("the end", deadline, |seen| seen.status.clone().filter(|_| seen.closed))
    }

    /// Types.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let writer = self.writer.as_mut().expect("the line is open");
        writer.write_all(bytes.as_ref()).and_then(|()| writer.flush()).expect("the terminal takes input");
    }

    /// Waits until the program has taken everything that was typed, as far as the kernel tells.
    pub fn taken(&self, deadline: Duration) {
        let begun = Instant::now();
        let line = self.open_line();
        while rustix::io::ioctl_fionread(&line).expect("the terminal says how much waits in it") > 0 {
            assert!(begun.elapsed() < deadline, "input was not taken within {deadline:?}; {}", self.report());
            thread::yield_now();
        }
    }

    /// Gives the window another size.
    pub fn resize(&self, cols: u16, rows: u16) {
        let (high, wide) = cells(cols, rows);
        self.seen().terminal.screen_mut().set_size(high, wide);
        self.master.as_ref().expect("the line is open").resize(size(cols, rows)).expect("another size");
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("the program takes signals");
    }

    /// Sends the process group in the foreground's leader a signal: under [`Pty::shell`] the job, not the shell.
    pub fn signal_foreground(&self, signal: Signal) {
        let leader = self.master.as_ref().and_then(|master| master.process_group_leader()).and_then(Pid::from_raw);
        kill_process(leader.expect("somebody is in the foreground"), signal).expect("the job takes signals");
    }

    /// The terminal vanishes, as when a connection is lost.
    pub fn hang_up(&mut self) {
        self.seen().hung_up = true;
        let mut line = self.open_line();
        // portable-pty types a line end and the end-of-file character when its writer is dropped, unless there is no such character.
        let mut settings = rustix::termios::tcgetattr(&line).expect("the line's settings");
        settings.special_codes[SpecialCodeIndex::VEOF] = 0;
        rustix::termios::tcsetattr(&line, OptionalActions::Now, &settings).expect("the line takes settings");
        // A byte from our own side wakes the reader, which then lets go.
        line.write_all(b" ").expect("the line takes a byte");
        drop(line);
        self.until("the reader", Duration::from_secs(5), |seen| seen.closed.then_some(()));
        self.writer = None;
        self.master = None;
    }

    /// The screen's text now.
    pub fn screen(&self) -> String {
        self.seen().terminal.screen().contents()
    }

    /// The terminal as it is now: cells, colours, cursor.
    pub fn picture(&self) -> vt100::Screen {
        self.seen().terminal.screen().clone()
    }

    /// All bytes so far.
    pub fn raw(&self) -> Vec<u8> {
        self.seen().raw.clone()
    }

    /// When bytes came, each time with how many there were then.
    pub fn arrivals(&self) -> Vec<(Instant, usize)> {
        self.seen().arrivals.clone()
    }

    /// How many bytes came so far: a place for [`Pty::bytes_since`].
    pub fn mark(&self) -> usize {
        self.seen().raw.len()
    }

    /// The bytes that came after a mark.
    pub fn bytes_since(&self, mark: usize) -> Vec<u8> {
        self.seen().raw[mark..].to_vec()
    }

    /// Modes of the terminal and of its line discipline.
    pub fn modes(&self) -> Modes {
        let raw =
            self.master.as_ref().and_then(|master| master.get_termios()).is_some_and(|line| !format!("{:?}", line.local_flags).contains("ICANON"));
        let seen = self.seen();
        let screen = seen.terminal.screen();
        Modes {
            alternate: screen.alternate_screen(),
            hidden_cursor: screen.hide_cursor(),
            paste: screen.bracketed_paste(),
            synchronized: on_last(&seen.raw, b"\x1b[?2026"),
            mouse: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
            raw,
        }
    }

    /// Everything the line discipline is set to, as text that can be compared.
    pub fn line_settings(&self) -> String {
        line_settings(&**self.master.as_ref().expect("the line is open"))
    }

    /// The program's process id, for looking at its memory and its processor time.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    fn until<T>(&self, what: &str, deadline: Duration, look: impl Fn(&Seen) -> Option<T>) -> T {
        let begun = Instant::now();
        let mut seen = self.seen();
        loop {
            if let Some(found) = look(&seen) {
                return found;
            }
            let left = deadline.saturating_sub(begun.elapsed());
            let over = seen.closed && seen.status.is_some();
            if left.is_zero() || over {
                let why = if over { "before the program ended".to_owned() } else { format!("within {deadline:?}") };
                let report = seen.report();
                drop(seen);
                panic!("{what} did not become what was waited for {why}; {report}");
            }
            seen = self.shared.news.wait_timeout(seen, left).expect("the reader is well").0;
        }
    }

    fn report(&self) -> String {
        self.seen().report()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().expect("the reader is well")
    }

    fn open_line(&self) -> File {
        open_line(&self.line)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if self.shared.seen.lock().is_ok_and(|seen| seen.status.is_none()) {
            _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

impl Seen {
    fn report(&self) -> String {
        let text = self.terminal.screen().contents();
        let lines: String = text.lines().map(|line| format!("\n  │{line}")).collect();
        let tail = self.raw[self.raw.len().saturating_sub(200)..].escape_ascii();
        let status = self.status.as_ref().map_or_else(|| "it runs".to_owned(), |status| format!("it ended: {status:?}"));
        format!("{status}; screen:{lines}\n  {} bytes, the last: {tail}", self.raw.len())
    }
}

/// Feeds the terminal until nobody has it open.
fn read(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = reader.read(&mut buffer).unwrap_or(0);
        let now = Instant::now();
        let mut seen = shared.seen.lock().expect("nobody panics while looking");
        if count == 0 || seen.hung_up {
            drop(reader);
            seen.closed = true;
            shared.news.notify_all();
            return;
        }
        seen.raw.extend_from_slice(&buffer[..count]);
        let length = seen.raw.len();
        seen.arrivals.push((now, length));
        seen.terminal.process(&buffer[..count]);
        shared.news.notify_all();
    }
}

fn await_end(mut child: Box<dyn Child + Send + Sync>, shared: &Shared) {
    let status = child.wait().unwrap_or_else(|_| ExitStatus::with_exit_code(u32::MAX));
    shared.seen.lock().expect("nobody panics while looking").status = Some(status);
    shared.news.notify_all();
}

/// Our own handle on the program's side of the terminal, without making it our controlling terminal.
fn open_line(path: &Path) -> File {
    let flags = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).expect("a flag");
    File::options().read(true).write(true).custom_flags(flags).open(path).expect("the terminal's own side")
}

fn line_settings(master: &(dyn MasterPty + Send)) -> String {
    let line = master.get_termios().expect("the terminal's settings");
    format!("{:?} {:?} {:?} {:?} {:?}", line.input_flags, line.output_flags, line.control_flags, line.local_flags, line.control_chars)
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// Rows and columns in the order and type of the emulator.
fn cells(cols: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    (NonZeroU16::new(rows).expect("a row"), NonZeroU16::new(cols).expect("a column"))
}

/// The last switch of a private mode was to on.
fn on_last(raw: &[u8], mode: &[u8]) -> bool {
    let last = raw.windows(mode.len() + 1).rev().find(|window| window.starts_with(mode));
    last.is_some_and(|window| window.ends_with(b"h"))
}
