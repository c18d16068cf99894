//! What a person can ask of the list of connections.

use crate::names::Standing;
use crate::tui::flow::CommandSpec;

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
    TABLE.iter().find(|(spelling, _)| *spelling == text).map(|(_, command)| *command)
}

/// What help, palette and footer say.
pub const SPECS: &[CommandSpec] = &[
    spec("clusters.open", "open", Some(1)),
    spec("clusters.mark", "mark several", Some(2)),
    spec("clusters.detail", "detail", Some(3)),
    spec("clusters.connect", "connect too", Some(4)),
    spec("clusters.disconnect", "disconnect…", Some(5)),
    spec("clusters.maintenance", "maintenance…", Some(6)),
    spec("clusters.ignore", "ignore…", Some(7)),
    spec("clusters.register", "register…", Some(8)),
    spec("clusters.delete", "delete from the list…", Some(13)),
    spec("clusters.all", "deleted ones too", Some(14)),
    spec("clusters.down", "down", None),
    spec("clusters.up", "up", None),
];

const fn spec(name: &'static str, title: &'static str, footer: Option<u8>) -> CommandSpec {
    CommandSpec { name, title, contexts: &["clusters"], footer }
}

const TABLE: &[(&str, Command)] = &[
    ("clusters.down", Command::Down),
    ("clusters.up", Command::Up),
    ("clusters.mark", Command::Mark),
    ("clusters.open", Command::Open),
    ("clusters.detail", Command::Detail),
    ("clusters.all", Command::All),
    ("clusters.connect", Command::Stand(Standing::Connected)),
    ("clusters.disconnect", Command::Stand(Standing::Disconnected)),
    ("clusters.maintenance", Command::Stand(Standing::Maintenance)),
    ("clusters.ignore", Command::Stand(Standing::Ignored)),
    ("clusters.register", Command::Stand(Standing::Registered)),
    ("clusters.delete", Command::Stand(Standing::Deleted)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_command_exists() {
        assert!(SPECS.iter().all(|spec| parse(spec.name).is_some()));
    }
}
