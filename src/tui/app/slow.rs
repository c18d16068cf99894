//! Whether the line to the terminal is slow, and who says so. What is done about it stands where it is done.

/// What is known about the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What the settings want; none: the line is looked at.
    pub setting: Option<bool>,
    /// What `:slow` wants, which wins over them.
    pub said: Option<Option<bool>>,
    /// The program runs behind SSH.
    pub ssh: bool,
    /// The terminal takes long to take a frame.
    pub blocked: bool,
}

impl Line {
    /// Bytes are saved.
    pub fn slow(self) -> bool {
        self.said.unwrap_or(self.setting).unwrap_or(self.ssh || self.blocked)
    }

    /// Why, in a few words.
    pub fn why(self) -> &'static str {
        match (self.said, self.said.unwrap_or(self.setting)) {
            (Some(_), Some(true)) => "on: you said so",
            (Some(_), Some(false)) => "off: you said so",
            (None, Some(true)) => "on: the settings say so",
            (None, Some(false)) => "off: the settings say so",
            (_, None) if self.ssh => "on: behind SSH",
            (_, None) if self.blocked => "on: the terminal takes long to take a frame",
            (_, None) => "off: nothing says that the line is slow",
        }
    }
}
