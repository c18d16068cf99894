//! What a person can ask of the pulse.

use crate::tui::flow::CommandSpec;

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
    TABLE.iter().find(|(spelling, _)| *spelling == text).map(|(_, command)| *command)
}

/// What help, palette and footer say.
pub const SPECS: &[CommandSpec] = &[
    spec("pulse.open", "open; its faults only, if it has some", Some(1)),
    spec("pulse.next-fault", "next with faults", Some(2)),
    spec("pulse.down", "down", None),
    spec("pulse.up", "up", None),
    spec("pulse.top", "first kind", None),
    spec("pulse.bottom", "last kind", None),
];

const fn spec(name: &'static str, title: &'static str, footer: Option<u8>) -> CommandSpec {
    CommandSpec { name, title, contexts: &["pulse"], footer }
}

const TABLE: &[(&str, Command)] = &[
    ("pulse.down", Command::Down),
    ("pulse.up", Command::Up),
    ("pulse.top", Command::Top),
    ("pulse.bottom", Command::Bottom),
    ("pulse.next-fault", Command::NextFault),
    ("pulse.open", Command::Open),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_command_exists() {
        assert!(SPECS.iter().all(|spec| parse(spec.name).is_some()));
    }
}
