//! What a person can ask of the pulse.

use crate::tui::flow::{CommandRow, row, spelt};

/// One request to the pulse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The next kind.
    Down,
    /// The one before.
    Up,
    /// The first kind.
    Top,
    /// The last one.
    Bottom,
    /// The next kind with faults.
    NextFault,
    /// Open the kind; only its faults where it has some.
    Open,
}

/// Reads the command of a keymap row or of the `:` line.
pub fn parse(text: &str) -> Option<Command> {
    spelt(TABLE, text)
}

/// How they are spelt, and what help, palette and footer say of them.
pub const TABLE: &[CommandRow<Command>] = &[
    spec("pulse.open", Command::Open, "open; its faults only, if it has some", Some(1)),
    spec("pulse.next-fault", Command::NextFault, "next with faults", Some(2)),
    spec("pulse.down", Command::Down, "down", None),
    spec("pulse.up", Command::Up, "up", None),
    spec("pulse.top", Command::Top, "first kind", None),
    spec("pulse.bottom", Command::Bottom, "last kind", None),
];

const fn spec(name: &'static str, command: Command, title: &'static str, footer: Option<u8>) -> CommandRow<Command> {
    row(name, command, title, &["pulse"], footer)
}
