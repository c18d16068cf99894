//! What a person can ask of the logs. What each does to the state is in `update.rs`.

use crate::tui::flow::{CommandRow, row, spelt};

/// One request to the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// A line down.
    Down,
    /// A line up.
    Up,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// To the oldest line.
    Top,
    /// To the newest line, and on with it.
    Bottom,
    /// Follow the newest line, or hold.
    Follow,
    /// The run before, or this one again.
    Previous,
    /// All containers again.
    All,
    /// Only the next container.
    NextContainer,
    /// Only the container before.
    PreviousContainer,
    /// From when on: an index into [`super::state::SINCE`].
    Since(usize),
    /// Moments, or none.
    Time,
    /// Fold long lines, or cut them.
    Wrap,
    /// JSON as fields, or as it came.
    Json,
    /// A line of dashes.
    Mark,
    /// Forget what has come so far.
    Clear,
    /// The lines seen, to the clipboard.
    Copy,
    /// Everything kept, into a file.
    Save,
    /// Show what was found among the other lines.
    InPlace,
    /// The next line that holds what is searched for.
    NextMatch,
    /// The one before.
    PreviousMatch,
}

/// Reads the command of a keymap row or of the `:` line.
pub fn parse(text: &str) -> Option<Command> {
    spelt(TABLE, text)
}

/// How they are spelt, and what help, palette and footer say of them.
pub const TABLE: &[CommandRow<Command>] = &[
    spec("logs.follow", Command::Follow, "follow", Some(1)),
    spec("logs.previous", Command::Previous, "previous run", Some(2)),
    spec("logs.in-place", Command::InPlace, "in its place", Some(3)),
    spec("logs.wrap", Command::Wrap, "wrap", Some(4)),
    spec("logs.time", Command::Time, "time", Some(5)),
    spec("logs.json", Command::Json, "JSON fields", Some(6)),
    spec("logs.save", Command::Save, "save", Some(7)),
    spec("logs.next-container", Command::NextContainer, "next container", Some(8)),
    spec("logs.previous-container", Command::PreviousContainer, "container before", None),
    spec("logs.all", Command::All, "all containers", None),
    spec("logs.since tail", Command::Since(0), "the last lines", None),
    spec("logs.since head", Command::Since(1), "from the beginning", None),
    spec("logs.since 1m", Command::Since(2), "last minute", None),
    spec("logs.since 5m", Command::Since(3), "last 5 minutes", None),
    spec("logs.since 15m", Command::Since(4), "last 15 minutes", None),
    spec("logs.since 30m", Command::Since(5), "last 30 minutes", None),
    spec("logs.since 1h", Command::Since(6), "last hour", None),
    spec("logs.mark", Command::Mark, "mark the time", None),
    spec("logs.clear", Command::Clear, "clear", None),
    spec("logs.copy", Command::Copy, "copy what is seen", None),
    spec("logs.next-match", Command::NextMatch, "next match", None),
    spec("logs.previous-match", Command::PreviousMatch, "match before", None),
    spec("logs.down", Command::Down, "down", None),
    spec("logs.up", Command::Up, "up", None),
    spec("logs.page-down", Command::PageDown, "page down", None),
    spec("logs.page-up", Command::PageUp, "page up", None),
    spec("logs.top", Command::Top, "oldest line", None),
    spec("logs.bottom", Command::Bottom, "newest line", None),
];

const fn spec(name: &'static str, command: Command, title: &'static str, footer: Option<u8>) -> CommandRow<Command> {
    row(name, command, title, &["logs"], footer)
}
