//! How the screen begins: contexts, keys and looks out of flags, settings and what the last start left. Nothing is drawn here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::app::commands::{CONTEXTS, Command, parse};
use super::app::memory::Memory;
use super::app::model::Beginning;
use super::app::shared::{Environment, Shared};
use super::keys::{self, map::Keymap};
use super::own::{self, File};
use super::run::replay::Player;
use super::run::{Looks, Start};
use super::tape;
use super::theme::{BUILTIN, Theme, builtin};
use crate::cluster::filter::glob;
use crate::cluster::fleet::Fleet;
use crate::cluster::standing::Record;
use crate::config::Config;
use crate::names::{ClusterId, Problem};
use crate::results::Store;
use crate::terminal::{Depth, depth, parse_depth};
use crate::text::fault::Fault;

/// What the person asked for.
pub struct Opening {
    /// The clusters there are.
    pub fleet: Fleet,
    /// The embedded one, when it is open.
    pub sandbox: Option<ClusterId>,
    /// `--context`: names or globs.
    pub contexts: Vec<String>,
    /// `-n`.
    pub namespace: Option<String>,
    /// `-A`.
    pub all_namespaces: bool,
    /// `-c`.
    pub command: Option<String>,
    /// `--theme`.
    pub theme: Option<String>,
    /// `--color`.
    pub color: Option<Depth>,
    /// `--record`.
    pub record: Option<PathBuf>,
    /// What is wrong with the settings.
    pub problems: Vec<Problem>,
}

/// Puts together what the loop needs. Own files that are wrong are told on the screen and not used.
///
/// # Errors
/// A flag names a context or a theme that does not exist.
pub fn prepare(opening: Opening, config: &Config) -> Result<Start, Problem> {
    let fleet = opening.fleet;
    let remembered: Memory = config.remembered();
    let open = chosen(&fleet, &opening.contexts, &remembered)?;
    let (theme, color, own) = (opening.theme, opening.color, config.clone());
    let look_again = move || looks(&own, theme.as_deref(), color);
    let mut looks = look_again()?;
    let looked_at = config.kubeconfigs.is_empty().then(|| config.looked_at.iter().map(|path| path.display().to_string()).collect());
    let shared = Shared {
        contexts: fleet.contexts().to_vec(),
        declared: fleet.declared().to_vec(),
        environments: environments(config),
        gate: fleet.gate().clone(),
        sandbox: opening.sandbox,
        looked_at: looked_at.unwrap_or_default(),
        ..Shared::default()
    };
    let beginning = Beginning {
        open,
        namespace: opening.namespace,
        all_namespaces: opening.all_namespaces,
        command: opening.command,
        memory: remembered,
        problems: opening.problems.into_iter().chain(std::mem::take(&mut looks.problems)).collect(),
    };
    let paths = config.paths.clone();
    let remember = move |memory: Memory| paths.remember(&memory);
    Ok(Start {
        store: Store::open(&config.paths.data),
        shared,
        looks,
        look_again: Box::new(look_again),
        settings: config.paths.config.clone(),
        beginning,
        escape_gap: config.terminal.escape_gap(),
        frame_gap: config.settings.frame_ms.map_or_else(|| config.terminal.frame_gap(), Duration::from_millis),
        remember: Arc::new(remember),
        record: opening.record,
        fleet,
    })
}

fn environments(config: &Config) -> BTreeMap<String, Environment> {
    let settings = config.settings.environments.iter();
    settings.map(|(name, contexts)| (name.clone(), Environment { contexts: contexts.clone(), typed: false })).collect()
}

/// A recording, ready to be played with the person's own keys and looks.
///
/// # Errors
/// The text is no recording.
pub fn replay(text: &str, config: &Config, theme: Option<&str>, color: Option<Depth>) -> Result<Player, Problem> {
    let (head, lines) = tape::read(text)?;
    let looks = looks(config, theme, color)?;
    Ok(Player::new(&head, lines, looks.keymap, looks.theme))
}

/// The contexts to open: those asked for; those of the last time if the current one is still the same; the current one.
fn chosen(fleet: &Fleet, asked: &[String], remembered: &Memory) -> Result<Vec<ClusterId>, Problem> {
    let contexts = fleet.contexts();
    let all = || contexts.iter().map(|context| &context.id);
    let mut ids: Vec<ClusterId> = Vec::new();
    for pattern in asked {
        let before = ids.len();
        let meant =
            |id: &&ClusterId| id.as_str() == pattern || glob(pattern, id.as_str()) && remembered.standings.get(*id).is_none_or(Record::may_be_meant);
        ids.extend(all().filter(meant).cloned());
        if ids.len() == before {
            // Its problem names those there are.
            fleet.context(&ClusterId::new(pattern.as_str()))?;
        }
    }
    let current = fleet.current().map(|context| context.id);
    if ids.is_empty() && remembered.current == current.as_ref().map(ToString::to_string) {
        ids.extend(all().filter(|id| remembered.contexts.iter().any(|name| name == id.as_str())).cloned());
    }
    if ids.is_empty() {
        ids.extend(current);
    }
    Ok(ids)
}

fn looks(config: &Config, theme: Option<&str>, color: Option<Depth>) -> Result<Looks, Problem> {
    let (set, wrong_depth) = match config.settings.color.as_deref().map(parse_depth).transpose() {
        Ok(set) => (set, None),
        Err(why) => (None, Some(Problem::new("config.color", "`color` in config.toml was not used", why))),
    };
    let depth = depth(color, set, &config.terminal);
    let by_depth = match depth {
        Depth::None => "mono",
        Depth::Ansi16 => "ansi16",
        Depth::Ansi256 | Depth::True => "dark",
    };
    let name = theme.or(config.settings.theme.as_deref()).unwrap_or(by_depth);
    if let (Some(asked), None) = (theme, builtin(name)) {
        let names: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
        return Err(Problem::new("theme.unknown", format!("there is no theme `{asked}`"), "").hint(format!("there are {}", names.join(", "))));
    }
    let own = Own::read(config);
    let (broken, warnings) = own.complaints(config);
    let ascii = config.settings.ascii || !config.terminal.utf8;
    let load = |name: &str, file: File<'_>| Theme::load(name, &builtin, file, depth).map(|(theme, _)| theme.with_ascii(ascii));
    let theme = load(name, file(&own.theme)).or_else(|_| load(name, None)).or_else(|_| load(by_depth, None));
    let theme = theme.map_err(|faults| embedded("looks", &faults))?;
    let themes = BUILTIN.iter().filter_map(|(name, _)| Some(((*name).to_owned(), load(name, None).ok()?))).collect();
    Ok(Looks { keymap: keymap(config, file(&own.keymap))?, theme, themes, problems: broken.into_iter().chain(warnings).chain(wrong_depth).collect() })
}

fn keymap(config: &Config, file: File<'_>) -> Result<Keymap<Command>, Problem> {
    let (name, text) = preset(config);
    let load = |file| Keymap::load(name, text, file, CONTEXTS, &|_, text| parse(text));
    load(file).or_else(|_| load(None)).map_err(|faults| embedded("keys", &faults))
}

/// What we ship ourselves is wrong; tests see to it that nobody reads this.
fn embedded(what: &str, faults: &[Fault]) -> Problem {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Problem::new("program.broken", format!("the embedded {what} cannot be read"), faults.join("; "))
}

/// The preset asked for, else the default one.
fn preset(config: &Config) -> (&'static str, &'static str) {
    let asked = config.settings.keymap.as_deref().unwrap_or("k9s");
    keys::PRESETS.iter().find(|(name, _)| *name == asked).or(keys::PRESETS.first()).copied().unwrap_or(("", ""))
}

/// What is wrong in the person's own keymap and theme: what is broken and so not used, and what is only odd.
pub fn complaints(config: &Config) -> (Vec<Problem>, Vec<Problem>) {
    Own::read(config).complaints(config)
}

/// The person's own files, each with its path.
struct Own {
    keymap: Option<(String, String)>,
    theme: Option<(String, String)>,
    /// Those that are there and cannot be read.
    unread: Vec<Problem>,
}

impl Own {
    fn read(config: &Config) -> Self {
        let mut unread = Vec::new();
        let mut read = |name, code| {
            config.own(name, code).unwrap_or_else(|problem| {
                unread.push(problem);
                None
            })
        };
        let (keymap, theme) = (read("keymap.toml", "config.keymap"), read("theme.toml", "config.theme"));
        Self { keymap, theme, unread }
    }

    fn complaints(&self, config: &Config) -> (Vec<Problem>, Vec<Problem>) {
        let preset = config.settings.keymap.as_deref().unwrap_or("k9s");
        let keys = own::keymap_problems(preset, file(&self.keymap), CONTEXTS, &|_, text| parse(text));
        let (theme, warnings) = own::theme_problems(config.settings.theme.as_deref().unwrap_or("dark"), file(&self.theme));
        (self.unread.iter().cloned().chain(keys).chain(theme).collect(), warnings)
    }
}

fn file(own: &Option<(String, String)>) -> File<'_> {
    own.as_ref().map(|(path, text)| (path.as_str(), text.as_str()))
}
