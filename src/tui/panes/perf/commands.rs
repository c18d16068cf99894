//! What a person can ask of the load tests. What each does to the state is in `update.rs`.

use crate::tui::flow::CommandSpec;

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
    TABLE.iter().find(|(spelling, _)| *spelling == text).map(|(_, command)| *command)
}

/// What help, palette and footer say.
pub const SPECS: &[CommandSpec] = &[
    spec("perf.new", "new load test…", Some(1)),
    spec("perf.stop", "stop", Some(2)),
    spec("perf.freeze", "freeze", Some(3)),
    spec("perf.down", "next run", Some(4)),
    spec("perf.up", "run before", None),
    spec("perf.top", "newest run", None),
    spec("perf.bottom", "oldest run", None),
    spec("perf.copy", "copy address", None),
];

const fn spec(name: &'static str, title: &'static str, footer: Option<u8>) -> CommandSpec {
    CommandSpec { name, title, contexts: &["perf"], footer }
}

const TABLE: &[(&str, Command)] = &[
    ("perf.down", Command::Down),
    ("perf.up", Command::Up),
    ("perf.top", Command::Top),
    ("perf.bottom", Command::Bottom),
    ("perf.freeze", Command::Freeze),
    ("perf.new", Command::New),
    ("perf.stop", Command::Stop),
    ("perf.copy", Command::Copy),
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
