//! What a person can ask of the logs. What each does to the state is in `update.rs`.

use crate::tui::flow::CommandSpec;

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
    TABLE.iter().find(|(spelling, _)| *spelling == text).map(|(_, command)| *command)
}

/// What help, palette and footer say.
pub const SPECS: &[CommandSpec] = &[
    spec("logs.follow", "follow", Some(1)),
    spec("logs.previous", "previous run", Some(2)),
    spec("logs.in-place", "in its place", Some(3)),
    spec("logs.wrap", "wrap", Some(4)),
    spec("logs.time", "time", Some(5)),
    spec("logs.json", "JSON fields", Some(6)),
    spec("logs.save", "save", Some(7)),
    spec("logs.next-container", "next container", Some(8)),
    spec("logs.previous-container", "container before", None),
    spec("logs.all", "all containers", None),
    spec("logs.since tail", "the last lines", None),
    spec("logs.since head", "from the beginning", None),
    spec("logs.since 1m", "last minute", None),
    spec("logs.since 5m", "last 5 minutes", None),
    spec("logs.since 15m", "last 15 minutes", None),
    spec("logs.since 30m", "last 30 minutes", None),
    spec("logs.since 1h", "last hour", None),
    spec("logs.mark", "mark the time", None),
    spec("logs.clear", "clear", None),
    spec("logs.copy", "copy what is seen", None),
    spec("logs.next-match", "next match", None),
    spec("logs.previous-match", "match before", None),
    spec("logs.down", "down", None),
    spec("logs.up", "up", None),
    spec("logs.page-down", "page down", None),
    spec("logs.page-up", "page up", None),
    spec("logs.top", "oldest line", None),
    spec("logs.bottom", "newest line", None),
];

const fn spec(name: &'static str, title: &'static str, footer: Option<u8>) -> CommandSpec {
    CommandSpec { name, title, contexts: &["logs"], footer }
}

const TABLE: &[(&str, Command)] = &[
    ("logs.follow", Command::Follow),
    ("logs.previous", Command::Previous),
    ("logs.in-place", Command::InPlace),
    ("logs.wrap", Command::Wrap),
    ("logs.time", Command::Time),
    ("logs.json", Command::Json),
    ("logs.save", Command::Save),
    ("logs.next-container", Command::NextContainer),
    ("logs.previous-container", Command::PreviousContainer),
    ("logs.all", Command::All),
    ("logs.since tail", Command::Since(0)),
    ("logs.since head", Command::Since(1)),
    ("logs.since 1m", Command::Since(2)),
    ("logs.since 5m", Command::Since(3)),
    ("logs.since 15m", Command::Since(4)),
    ("logs.since 30m", Command::Since(5)),
    ("logs.since 1h", Command::Since(6)),
    ("logs.mark", Command::Mark),
    ("logs.clear", Command::Clear),
    ("logs.copy", Command::Copy),
    ("logs.next-match", Command::NextMatch),
    ("logs.previous-match", Command::PreviousMatch),
    ("logs.down", Command::Down),
    ("logs.up", Command::Up),
    ("logs.page-down", Command::PageDown),
    ("logs.page-up", Command::PageUp),
    ("logs.top", Command::Top),
    ("logs.bottom", Command::Bottom),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_command_exists() {
        assert!(SPECS.iter().all(|spec| parse(spec.name).is_some()));
        assert_eq!(SPECS.len(), TABLE.len());
    }
}
