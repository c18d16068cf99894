//! What the environment says about the terminal: colour depth, SSH, tmux. Reads no environment itself: it is given a lookup.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: meaning by glyph, bold and reverse only.
    None,
    /// The sixteen of the terminal's own palette.
    Ansi16,
    /// The 256 of xterm.
    Ansi256,
    /// 24 bits.
    True,
}

/// Whether something is done that depends on the terminal: bytes saved, the mouse asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// Always.
    On,
    /// Never.
    Off,
    /// As the terminal and the line to it suggest.
    #[default]
    Auto,
}

impl Switch {
    /// What is wanted whatever the terminal is; none: it is looked at.
    pub fn forced(self) -> Option<bool> {
        match self {
            Self::On => Some(true),
            Self::Off => Some(false),
            Self::Auto => None,
        }
    }
}

/// What is known about the terminal before a byte was exchanged with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `TERM`.
    pub term: String,
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `NO_COLOR` is set to anything but nothing (no-color.org).
    pub no_color: bool,
    /// The program runs behind SSH.
    pub ssh: bool,
    /// The program runs inside tmux.
    pub tmux: bool,
    /// The locale says UTF-8.
    pub utf8: bool,
}

impl Facts {
    /// Gathers the facts; `get` answers `None` for what is empty or not set.
    pub fn from_lookup(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let locale = get("LC_ALL").or_else(|| get("LC_CTYPE")).or_else(|| get("LANG")).unwrap_or_default().to_lowercase();
        Self {
            term: get("TERM").unwrap_or_default(),
            colorterm: get("COLORTERM"),
            no_color: get("NO_COLOR").is_some(),
            ssh: get("SSH_CONNECTION").or_else(|| get("SSH_TTY")).is_some(),
            tmux: get("TMUX").is_some(),
            utf8: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    /// How long a lone Esc waits for the rest of a split escape sequence.
    pub fn escape_gap(&self) -> Duration {
        Duration::from_millis(if self.ssh { 75 } else { 25 })
    }

    /// How far apart frames are kept that no key asked for.
    pub fn frame_gap(&self) -> Duration {
        Duration::from_millis(if self.ssh { 80 } else { 33 })
    }
}

/// What decided the colour depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `--color`.
    Flag,
    /// `color` in the settings.
    Config,
    /// `NO_COLOR` is set.
    NoColor,
    /// `COLORTERM` names 24 bits.
    Colorterm,
    /// The table of `TERM`s.
    Term,
    /// Nothing speaks: every terminal has sixteen.
    Default,
}

/// The colour depth in use: flag over config over `NO_COLOR` over `COLORTERM` over a table of `TERM`s.
pub fn depth(flag: Option<Depth>, config: Option<Depth>, facts: &Facts) -> Depth {
    decide(flag, config, facts).0
}

/// The colour depth in use, and what decided it.
pub fn decide(flag: Option<Depth>, config: Option<Depth>, facts: &Facts) -> (Depth, Rule) {
    let said = flag.map(|depth| (depth, Rule::Flag)).or(config.map(|depth| (depth, Rule::Config)));
    said.unwrap_or_else(|| observed(facts))
}

/// What the terminal is taken for and what says so, as names and values for a person.
pub fn told(flag: Option<Depth>, config: Option<Depth>, facts: &Facts) -> Vec<(String, String)> {
    let (depth, rule) = decide(flag, config, facts);
    let colours = match depth {
        Depth::None => "none",
        Depth::Ansi16 => "16",
        Depth::Ansi256 => "256",
        Depth::True => "24 bits",
    };
    let why = match rule {
        Rule::Flag => "--color".to_owned(),
        Rule::Config => "`color` in config.toml".to_owned(),
        Rule::NoColor => "NO_COLOR".to_owned(),
        Rule::Colorterm => format!("COLORTERM={}", facts.colorterm.as_deref().unwrap_or_default()),
        Rule::Term => format!("TERM={}", facts.term),
        Rule::Default => "nothing that names more".to_owned(),
    };
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let row = |name: &str, value: String| (name.to_owned(), value);
    vec![
        row("TERM", facts.term.clone()),
        row("colours", format!("{colours}, decided by {why}")),
        row("SSH", yes(facts.ssh)),
        row("tmux", yes(facts.tmux)),
        row("UTF-8", yes(facts.utf8)),
    ]
}

fn observed(facts: &Facts) -> (Depth, Rule) {
    if facts.no_color {
        return (Depth::None, Rule::NoColor);
    }
    match facts.colorterm.as_deref() {
        Some("truecolor" | "24bit") => (Depth::True, Rule::Colorterm),
        _ => TERMS.iter().find(|(part, _)| facts.term.contains(part)).map_or((Depth::Ansi16, Rule::Default), |(_, depth)| (*depth, Rule::Term)),
    }
}

/// Parts of `TERM` and what such terminals can do, the most particular first.
const TERMS: &[(&str, Depth)] = &[
    ("direct", Depth::True),
    ("kitty", Depth::True),
    ("ghostty", Depth::True),
    ("alacritty", Depth::True),
    ("foot", Depth::True),
    ("256color", Depth::Ansi256),
    ("dumb", Depth::None),
    ("vt100", Depth::None),
    ("vt220", Depth::None),
];

/// Reads the value of `--color`.
///
/// # Errors
/// A sentence with the words that are understood.
pub fn parse_depth(text: &str) -> Result<Depth, String> {
    match text {
        "none" | "never" | "0" => Ok(Depth::None),
        "16" => Ok(Depth::Ansi16),
        "256" => Ok(Depth::Ansi256),
        "true" | "truecolor" | "24bit" => Ok(Depth::True),
        _ => Err(format!("`{text}` is no colour depth: none, 16, 256 or true")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_speaks_wins() {
        let facts = |term: &str, colorterm: Option<&str>, no_color| Facts {
            term: term.into(),
            colorterm: colorterm.map(Into::into),
            no_color,
            ..Facts::default()
        };
        let cases = [
            (Some(Depth::Ansi16), Some(Depth::True), facts("xterm", Some("truecolor"), true), (Depth::Ansi16, Rule::Flag)),
            (None, Some(Depth::Ansi256), facts("xterm", Some("truecolor"), true), (Depth::Ansi256, Rule::Config)),
            (None, None, facts("xterm-256color", Some("truecolor"), true), (Depth::None, Rule::NoColor)),
            (None, None, facts("xterm-256color", Some("truecolor"), false), (Depth::True, Rule::Colorterm)),
            (None, None, facts("xterm-256color", None, false), (Depth::Ansi256, Rule::Term)),
            (None, None, facts("xterm", None, false), (Depth::Ansi16, Rule::Default)),
            (None, None, facts("dumb", None, false), (Depth::None, Rule::Term)),
        ];
        for (flag, config, facts, wanted) in cases {
            assert_eq!(decide(flag, config, &facts), wanted, "{facts:?}");
        }
    }
}
