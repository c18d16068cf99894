//! What a person can ask of the tree. What each does to the state is in `update.rs`.

use crate::tui::flow::{CommandRow, row, spelt};

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
    spelt(TABLE, text)
}

/// How they are spelt, and what help, palette and footer say of them.
pub const TABLE: &[CommandRow<Command>] = &[
    spec("xray.reveal", Command::Reveal, "in the inventory", Some(1)),
    spec("xray.unfold", Command::Unfold, "unfold", Some(3)),
    spec("xray.fold", Command::Fold, "fold, or up a level", Some(2)),
    spec("xray.fold-all", Command::FoldAll, "fold all, or none", Some(4)),
    spec("xray.down", Command::Down, "down", None),
    spec("xray.up", Command::Up, "up", None),
    spec("xray.page-down", Command::PageDown, "page down", None),
    spec("xray.page-up", Command::PageUp, "page up", None),
    spec("xray.top", Command::Top, "first line", None),
    spec("xray.bottom", Command::Bottom, "last line", None),
];

const fn spec(name: &'static str, command: Command, title: &'static str, footer: Option<u8>) -> CommandRow<Command> {
    row(name, command, title, &["xray"], footer)
}
