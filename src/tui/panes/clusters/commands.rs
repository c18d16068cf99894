//! What a person can ask of the list of connections.

use crate::names::Standing;
use crate::tui::flow::{CommandRow, row, spelt};

/// One request to the clusters pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The next connection.
    Down,
    /// The one before.
    Up,
    /// Mark it, to decide about several together.
    Mark,
    /// Open the marked ones, else the one under the cursor, and no others.
    Open,
    /// Everything known about the one under the cursor, or nothing of it.
    Detail,
    /// Those that are deleted too, or not.
    All,
    /// Let the marked ones, else the one under the cursor, stand so. `Maintenance` ends what it began.
    Stand(Standing),
}

/// Reads the command of a keymap row or of the `:` line.
pub fn parse(text: &str) -> Option<Command> {
    spelt(TABLE, text)
}

/// How they are spelt, and what help, palette and footer say of them.
pub const TABLE: &[CommandRow<Command>] = &[
    spec("clusters.open", Command::Open, "open", Some(1)),
    spec("clusters.mark", Command::Mark, "mark several", Some(2)),
    spec("clusters.detail", Command::Detail, "detail", Some(3)),
    spec("clusters.connect", Command::Stand(Standing::Connected), "connect too", Some(4)),
    spec("clusters.disconnect", Command::Stand(Standing::Disconnected), "disconnect…", Some(5)),
    spec("clusters.maintenance", Command::Stand(Standing::Maintenance), "maintenance…", Some(6)),
    spec("clusters.ignore", Command::Stand(Standing::Ignored), "ignore…", Some(7)),
    spec("clusters.register", Command::Stand(Standing::Registered), "register…", Some(8)),
    spec("clusters.delete", Command::Stand(Standing::Deleted), "delete from the list…", Some(13)),
    spec("clusters.all", Command::All, "deleted ones too", Some(14)),
    spec("clusters.down", Command::Down, "down", None),
    spec("clusters.up", Command::Up, "up", None),
];

const fn spec(name: &'static str, command: Command, title: &'static str, footer: Option<u8>) -> CommandRow<Command> {
    row(name, command, title, &["clusters"], footer)
}
