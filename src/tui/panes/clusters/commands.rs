//! What a person can ask of the list of contexts.

use crate::tui::flow::CommandSpec;

/// One request to the clusters pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The next context.
    Down,
    /// The one before.
    Up,
    /// Mark it, to open several together.
    Mark,
    /// Open the marked ones, else the one under the cursor, and no others.
    Open,
    /// What is wrong with it, whole.
    Problem,
}

/// Reads the command of a keymap row or of the `:` line.
pub fn parse(text: &str) -> Option<Command> {
    TABLE.iter().find(|(spelling, _)| *spelling == text).map(|(_, command)| *command)
}

/// What help, palette and footer say.
pub const SPECS: &[CommandSpec] = &[
    spec("clusters.open", "open", Some(1)),
    spec("clusters.mark", "mark several", Some(2)),
    spec("clusters.problem", "what is wrong", Some(3)),
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
    ("clusters.problem", Command::Problem),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_command_exists() {
        assert!(SPECS.iter().all(|spec| parse(spec.name).is_some()));
    }
}
