//! Keys, looks and the other settings that hold while the program runs, and how another set of them is taken over. Nothing is read here.

use std::time::Duration;

use super::alias::Aliases;
use super::commands::Command;
use super::model::Model;
use crate::names::Problem;
use crate::tui::keys::map::Keymap;
use crate::tui::panes::inventory::jumps::Jump;
use crate::tui::theme::Theme;

/// What the person's own files amount to.
pub struct Looks {
    /// The preset and the theme that are asked for.
    pub asked: Asked,
    /// Keys: the preset with the person's rows over it.
    pub keymap: Keymap<Command>,
    /// Looks: the theme with the person's roles over it.
    pub theme: Theme,
    /// The person's rows over each preset, by the preset's name.
    pub keymaps: Vec<(String, Keymap<Command>)>,
    /// All looks there are, by name.
    pub themes: Vec<(String, Theme)>,
    /// Words for the `:` line.
    pub aliases: Aliases,
    /// Where `enter` leads from kinds of the person's own.
    pub jumps: Vec<Jump>,
    /// Whether bytes are saved; none: the line is looked at.
    pub slow: Option<bool>,
    /// Whether the mouse is used; none: not behind SSH.
    pub mouse: Option<bool>,
    /// How far apart frames are kept that no key asked for.
    pub frame_gap: Duration,
    /// What the terminal is taken for, name and value.
    pub facts: Vec<(String, String)>,
    /// Our folders, in the same way.
    pub folders: Vec<(String, String)>,
    /// Nothing is to be changed.
    pub readonly: bool,
    /// Globs of contexts that ask for their name.
    pub protected: Vec<String>,
    /// What was wrong with what was asked for.
    pub problems: Vec<Problem>,
}

/// Names of a preset and of a theme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The preset of keys.
    pub keys: String,
    /// The theme.
    pub theme: String,
}

/// Takes everything over. What was chosen on the screen with `:keys` or `:theme` stays until the settings ask for something else than before; rules of
/// safety only become stricter.
pub fn adopt(model: &mut Model, looks: Looks) -> Vec<Problem> {
    let keys = model.chosen.keys.take().filter(|_| model.asked.keys == looks.asked.keys);
    let theme = model.chosen.theme.take().filter(|_| model.asked.theme == looks.asked.theme);
    let named = |name: &String| looks.keymaps.iter().find(|(known, _)| known == name).map(|(_, keymap)| keymap.clone());
    model.keymap = keys.as_ref().and_then(named).unwrap_or(looks.keymap);
    let named = |name: &String| looks.themes.iter().find(|(known, _)| known == name).map(|(_, theme)| theme.clone());
    model.theme = theme.as_ref().and_then(named).unwrap_or(looks.theme);
    (model.chosen.keys, model.chosen.theme) = (keys, theme);
    (model.keymaps, model.themes, model.aliases, model.asked) = (looks.keymaps, looks.themes, looks.aliases, looks.asked);
    model.inventory.jumps = looks.jumps;
    (model.facts, model.folders, model.slow.setting) = (looks.facts, looks.folders, looks.slow);
    model.mouse.setting = looks.mouse;
    model.shared.gate.tighten(looks.readonly, &looks.protected);
    for context in &mut model.shared.contexts {
        context.protected = model.shared.gate.is_protected(&context.id);
    }
    looks.problems
}
