//! What a person can ask of the load tests. What each does to the state is in `update.rs`.

use crate::tui::flow::{CommandRow, row, spelt};

/// One request to the perf pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The next run of the list.
    Down,
    /// The run before.
    Up,
    /// The newest run.
    Top,
    /// The oldest run.
    Bottom,
    /// Hold the picture; the run goes on.
    Freeze,
    /// A new run, filled in like the one shown.
    New,
    /// End the run shown.
    Stop,
    /// Its address to the clipboard.
    Copy,
}

/// Reads the command of a keymap row or of the `:` line.
pub fn parse(text: &str) -> Option<Command> {
    spelt(TABLE, text)
}

/// How they are spelt, and what help, palette and footer say of them.
pub const TABLE: &[CommandRow<Command>] = &[
    spec("perf.new", Command::New, "new load test…", Some(1)),
    spec("perf.stop", Command::Stop, "stop", Some(2)),
    spec("perf.freeze", Command::Freeze, "freeze", Some(3)),
    spec("perf.down", Command::Down, "next run", Some(4)),
    spec("perf.up", Command::Up, "run before", None),
    spec("perf.top", Command::Top, "newest run", None),
    spec("perf.bottom", Command::Bottom, "oldest run", None),
    spec("perf.copy", Command::Copy, "copy address", None),
];

const fn spec(name: &'static str, command: Command, title: &'static str, footer: Option<u8>) -> CommandRow<Command> {
    row(name, command, title, &["perf"], footer)
}
