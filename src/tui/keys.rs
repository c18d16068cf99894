//! Keys and what they mean: how chords are written, the keymap of each context, the one-line editor and the `:` line.
//! What a command does is not known here.

pub mod chord;
pub mod line;
pub mod map;
pub mod readline;

/// A file of key rows: its path or name, and its TOML text.
pub type Layer<'a> = (&'a str, &'a str);

const K9S: Layer<'static> = ("k9s.toml", include_str!("../../keymaps/k9s.toml"));

/// The embedded presets: name, and the files that make it, each over the one before. The first is the default.
pub const PRESETS: &[(&str, &[Layer<'static>])] = &[
    ("k9s", &[K9S]),
    ("vim", &[K9S, ("vim.toml", include_str!("../../keymaps/vim.toml"))]),
    ("emacs", &[K9S, ("emacs.toml", include_str!("../../keymaps/emacs.toml"))]),
];

/// The files of a preset.
pub fn preset(name: &str) -> Option<&'static [Layer<'static>]> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, layers)| *layers)
}
