//! What is wrong in the person's own keymap and theme, told without opening the terminal. No file is read here.

use super::keys;
use super::keys::map::{Keymap, Resolve};
use super::theme::{self, Theme};
use crate::names::Problem;
use crate::terminal::Depth;
use crate::text::fault::{Fault, did_you_mean};
use crate::text::sanitise;

/// A file of the person's own: its path and its text.
pub type File<'a> = Option<(&'a str, &'a str)>;

/// Faults of the keymap: the preset that is asked for, with the person's file over it.
pub fn keymap_problems<C: Clone + PartialEq>(preset: &str, file: File<'_>, contexts: &[&str], resolve: Resolve<'_, C>) -> Vec<Problem> {
    let names = || keys::PRESETS.iter().map(|(name, _)| *name);
    let Some(layers) = keys::preset(preset) else {
        let hint = did_you_mean(preset, names()).unwrap_or_else(|| format!("there are: {}", names().collect::<Vec<_>>().join(", ")));
        return vec![Problem::new("config.keymap", format!("there is no key preset `{preset}`"), "`keymap` in config.toml names it").hint(hint)];
    };
    let faults = Keymap::load(layers, file, contexts, resolve).err().unwrap_or_default();
    faults.iter().map(|fault| problem("config.keymap", fault)).collect()
}

/// Faults of the theme that is asked for with the person's file over it, then warnings, with which it is used all the same.
pub fn theme_problems(name: &str, file: File<'_>) -> (Vec<Problem>, Vec<Problem>) {
    let all = |faults: &[Fault]| faults.iter().map(|fault| problem("config.theme", fault)).collect();
    match Theme::load(name, &theme::builtin, file, Depth::True) {
        Ok((_, warnings)) => (Vec::new(), all(&warnings)),
        Err(faults) => (all(&faults), Vec::new()),
    }
}

fn problem(code: &'static str, fault: &Fault) -> Problem {
    let Fault { file, line, what, hint } = fault;
    let hint = hint.clone().unwrap_or_else(|| "mend or remove that line".to_owned());
    Problem::new(code, format!("{file}:{line}"), sanitise(what)).hint(sanitise(&hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keymap(preset: &str, file: File<'_>) -> Vec<Problem> {
        keymap_problems(preset, file, crate::tui::app::commands::CONTEXTS, &|_, text| Ok::<_, String>(text.to_owned()))
    }

    #[test]
    fn what_is_embedded_has_no_faults() {
        assert_eq!(keymap("k9s", None), []);
        for (name, _) in theme::BUILTIN {
            assert_eq!(theme_problems(name, None), (vec![], vec![]), "{name}");
        }
    }

    #[test]
    fn faults_name_file_and_line_and_what_mends_them() {
        let faults = keymap("k9s", Some(("keys.toml", "[global]\n\"hyper-x\" = \"app.help\"\n")));
        assert_eq!((faults.len(), faults[0].what.as_str()), (1, "keys.toml:2"));
        assert!(!faults[0].hints.is_empty());
        assert!(keymap("k9", None)[0].hints[0].contains("k9s"));
        let (faults, _) = theme_problems("drak", None);
        assert!(faults[0].hints[0].contains("`dark`"), "{faults:?}");
        let (_, warnings) = theme_problems("dark", Some(("theme.toml", "[roles]\nui.txet = \"red\"\n")));
        assert_eq!((warnings.len(), warnings[0].what.as_str()), (1, "theme.toml:2"));
    }
}
