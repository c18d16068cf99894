//! What a person can ask of the tree. What each does to the state is in `update.rs`.

use crate::tui::flow::CommandSpec;

/// One request to the xray pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// One line down.
    Down,
    /// One line up.
    Up,
    /// One page down.
    PageDown,
    /// One page up.
    PageUp,
    /// To the first line.
    Top,
    /// To the last one.
    Bottom,
    /// Fold the line; a folded one's parent is gone to.
    Fold,
    /// Unfold the line.
    Unfold,
    /// Fold everything, or show everything again.
    FoldAll,
    /// The object in the inventory.
    Reveal,
}

/// Reads the command of a keymap row or of the `:` line; `None` when it is not one of the tree's.
pub fn parse(text: &str) -> Option<Command> {
    TABLE.iter().find(|(spelling, _)| *spelling == text).map(|(_, command)| *command)
}

/// What help, palette and footer say about them.
pub const SPECS: &[CommandSpec] = &[
    spec("xray.reveal", "in the inventory", Some(1)),
    spec("xray.unfold", "unfold", Some(3)),
    spec("xray.fold", "fold, or up a level", Some(2)),
    spec("xray.fold-all", "fold all, or none", Some(4)),
    spec("xray.down", "down", None),
    spec("xray.up", "up", None),
    spec("xray.page-down", "page down", None),
    spec("xray.page-up", "page up", None),
    spec("xray.top", "first line", None),
    spec("xray.bottom", "last line", None),
];

const fn spec(name: &'static str, title: &'static str, footer: Option<u8>) -> CommandSpec {
    CommandSpec { name, title, contexts: &["xray"], footer }
}

const TABLE: &[(&str, Command)] = &[
    ("xray.down", Command::Down),
    ("xray.up", Command::Up),
    ("xray.page-down", Command::PageDown),
    ("xray.page-up", Command::PageUp),
    ("xray.top", Command::Top),
    ("xray.bottom", Command::Bottom),
    ("xray.fold", Command::Fold),
    ("xray.unfold", Command::Unfold),
    ("xray.fold-all", Command::FoldAll),
    ("xray.reveal", Command::Reveal),
];
