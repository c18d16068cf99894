//! Whether the line to the terminal is slow, and who says so. What is done about it stands where it is done.

use crate::terminal::Slow;

/// What is known about the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The settings.
    pub setting: Slow,
    /// `:slow`, which wins over them.
    pub said: Option<Slow>,
    /// The program runs behind SSH.
    pub ssh: bool,
    /// The terminal takes long to take a frame.
    pub blocked: bool,
}

impl Line {
    /// Bytes are saved.
    pub fn slow(self) -> bool {
        match self.said.unwrap_or(self.setting) {
            Slow::On => true,
            Slow::Off => false,
            Slow::Auto => self.ssh || self.blocked,
        }
    }

    /// Why, in a few words.
    pub fn why(self) -> &'static str {
        match (self.said, self.setting) {
            (Some(Slow::On), _) => "on: you said so",
            (Some(Slow::Off), _) => "off: you said so",
            (None, Slow::On) => "on: the settings say so",
            (None, Slow::Off) => "off: the settings say so",
            (Some(Slow::Auto) | None, _) if self.ssh => "on: behind SSH",
            (Some(Slow::Auto) | None, _) if self.blocked => "on: the terminal takes long to take a frame",
            (Some(Slow::Auto) | None, _) => "off: nothing says that the line is slow",
        }
    }
}
