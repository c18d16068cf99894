//! Keys and what they mean: how chords are written, the keymap of each context, the one-line editor and the `:` line.
//! What a command does is not known here.

pub mod chord;
pub mod line;
pub mod map;
pub mod readline;

/// The embedded presets: name and TOML text.
pub const PRESETS: &[(&str, &str)] = &[("k9s", include_str!("../../keymaps/k9s.toml"))];
