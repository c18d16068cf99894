//! What a person does at the terminal, as values.

use serde::{Deserialize, Serialize};

/// What a person did at the terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A key.
    Key(Key),
    /// A whole paste, as it came; never a command.
    Paste(String),
    /// The mouse, where its reports were asked for.
    Mouse(Mouse),
}

/// A report of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mouse {
    /// What it did.
    pub what: Pointing,
    /// The column, from 0.
    pub column: u16,
    /// The row, from 0.
    pub row: u16,
}

/// What the mouse did. Movements and releases are not asked for, or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pointing {
    /// The first button was pressed.
    Press,
    /// The wheel went up one notch.
    WheelUp,
    /// The wheel went down one notch.
    WheelDown,
}

/// A key with the modifiers held. Letters with `ctrl` are lower case; `shift` is set only where the code is not a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// Control held.
    pub ctrl: bool,
    /// Alt (Meta, Option) held.
    pub alt: bool,
    /// Shift held.
    pub shift: bool,
}

/// Which key was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Insert,
    Home,
    End,
    PageUp,
    PageDown,
    Up,
    Down,
    Left,
    Right,
    F(u8),
}
