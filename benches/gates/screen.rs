//! The program in a terminal of 120×40, and what of it is measured: which frame showed what, and when it was there. Uses the pseudo terminal of the tests.

use std::num::NonZeroU16;
use std::path::Path;
use std::time::{Duration, Instant};

use vt100::{Parser, Screen};

use super::pty::Pty;

pub const COLS: u16 = 120;
pub const ROWS: u16 = 40;
/// Longer than anything may take.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How a frame ends (mode 2026).
const END: &[u8] = b"\x1b[?2026l";

/// A frame as it stood in the terminal.
pub struct Frame {
    /// When its last byte was read.
    pub at: Instant,
    /// How many bytes there were then.
    pub end: usize,
}

/// Starts the program on the clusters of a kubeconfig.
pub fn open(kubeconfig: &Path, args: &[&str]) -> Pty {
    let kubeconfig = kubeconfig.to_str().expect("a path of letters");
    // The longest way to write a colour.
    Pty::start(args, &[("KUBECONFIG", kubeconfig), ("COLORTERM", "truecolor")], COLS, ROWS)
}

/// Starts it and waits for ten thousand pods.
pub fn open_pods(kubeconfig: &Path) -> Pty {
    open_rows(kubeconfig, 10_000)
}

/// Starts it and waits for so many pods.
pub fn open_rows(kubeconfig: &Path, pods: usize) -> Pty {
    let pty = open(kubeconfig, &["-A", "-c", "pods"]);
    pty.wait(complete(pods), PATIENCE);
    pty
}

/// Line 2 counts so many rows and says of none that it is still being read.
pub fn complete(pods: usize) -> impl Fn(&str) -> bool {
    move |screen| rows(screen) >= pods && !screen.lines().nth(1).unwrap_or_default().contains("reading")
}

/// How many rows line 2 counts.
pub fn rows(screen: &str) -> usize {
    let line = screen.lines().nth(1).unwrap_or_default();
    let before = line.split(" rows").next().filter(|before| before.len() < line.len()).unwrap_or_default();
    let digits = before.rsplit(' ').next().unwrap_or_default().replace(',', "");
    digits.parse().unwrap_or(0)
}

/// Everything a session has shown so far, frame by frame: the first frame for which `wanted` holds.
pub fn first(pty: &Pty, wanted: impl Fn(&str) -> bool) -> Frame {
    loop {
        let (mark, mut found) = (pty.mark(), None);
        replay(pty, |frame, screen| {
            if found.is_none() && wanted(&screen.contents()) {
                found = Some(frame);
            }
        });
        match found {
            Some(frame) => return frame,
            // The frame was seen before its last byte came.
            None => _ = pty.wait_bytes(mark, |bytes| !bytes.is_empty(), PATIENCE),
        }
    }
}

/// Shows all frames again, off the clock.
pub fn replay(pty: &Pty, mut see: impl FnMut(Frame, &Screen)) {
    let (raw, arrivals) = (pty.raw(), pty.arrivals());
    let mut terminal = Parser::new(cells(ROWS), cells(COLS), 0);
    let mut from = 0;
    while let Some(length) = find(&raw[from..], END) {
        let end = from + length + END.len();
        terminal.process(&raw[from..end]);
        let arrival = arrivals.partition_point(|(_, count)| *count < end);
        see(Frame { at: arrivals[arrival].0, end }, terminal.screen());
        from = end;
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// The line on which the table's cursor stands: the one with something in its first cell.
pub fn cursor_line(screen: &Screen) -> Option<u16> {
    (3..ROWS - 1).find(|row| screen.cell(*row, 0).is_some_and(|cell| !matches!(cell.contents(), "" | " ")))
}

/// Lets time go by in which the program may do what it likes.
pub fn linger(time: Duration) {
    std::thread::sleep(time);
}
