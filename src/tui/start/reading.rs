//! The person's own files into keys and looks, at the start and again whenever one of them changes. A file that is wrong is told, and what it said before
//! stays in use.

use std::time::Duration;

use super::super::app::alias;
use super::super::app::commands::{CONTEXTS, Command, parse};
use super::super::app::looks::{Asked, Looks};
use super::super::keys::map::Keymap;
use super::super::keys::{self, Layer, PRESETS};
use super::super::own::{self, File};
use super::super::panes::inventory::jumps::{self, Jump};
use super::super::theme::{BUILTIN, Theme, builtin};
use super::{Flags, declared};
use crate::cluster::fleet::Fleet;
use crate::config::{Config, JumpSetting, Paths, Settings};
use crate::names::Problem;
use crate::terminal::{Depth, depth, parse_depth, told};
use crate::text::fault::Fault;

/// The files as they were read last.
pub struct Reading {
    config: Config,
    flags: Flags,
    /// Whose contexts a connection must not be called.
    fleet: Option<Fleet>,
    /// As they are now, right or wrong.
    seen: Option<Seen>,
    /// The last texts that were right.
    good: Own,
}

#[derive(Clone, PartialEq)]
struct Seen {
    settings: Result<Settings, Problem>,
    own: Own,
    unread: Vec<Problem>,
}

/// The person's own keymap and theme, each with its path.
#[derive(Clone, Debug, Default, PartialEq)]
struct Own {
    keymap: Option<(String, String)>,
    theme: Option<(String, String)>,
}

impl Reading {
    /// Nothing is read yet.
    pub fn new(config: Config, flags: Flags) -> Self {
        Self { config, flags, fleet: None, seen: None, good: Own::default() }
    }

    /// Settings are judged beside the contexts of these clusters.
    #[must_use]
    pub fn beside(self, fleet: Fleet) -> Self {
        Self { fleet: Some(fleet), ..self }
    }

    /// Reads everything for the first time. What is wrong in the settings was told by whoever read them before.
    ///
    /// # Errors
    /// The theme of the flags does not exist.
    pub fn first(&mut self) -> Result<Looks, Problem> {
        let (own, unread) = Own::read(&self.config);
        self.seen = Some(Seen { settings: self.config.settings_now(), own: own.clone(), unread: unread.clone() });
        self.looks(&own, unread)
    }

    /// Reads everything again; nothing where nothing is other than before.
    ///
    /// # Errors
    /// As [`Reading::first`].
    pub fn again(&mut self) -> Option<Result<Looks, Problem>> {
        let (own, unread) = Own::read(&self.config);
        let seen = Seen { settings: self.config.settings_now(), own: own.clone(), unread: unread.clone() };
        if self.seen.as_ref() == Some(&seen) {
            return None;
        }
        let mut problems = unread;
        match &seen.settings {
            Ok(settings) => match self.fleet.as_ref().map(|fleet| fleet.clashes(&declared(settings))).unwrap_or_default() {
                clashes if clashes.is_empty() => self.config.settings = settings.clone(),
                clashes => {
                    problems.extend(clashes.into_iter().map(|problem| problem.hint("the settings that were read before stay in use until then")))
                }
            },
            Err(problem) => problems.push(problem.clone()),
        }
        self.seen = Some(seen);
        Some(self.looks(&own, problems))
    }

    fn looks(&mut self, own: &Own, mut problems: Vec<Problem>) -> Result<Looks, Problem> {
        let settings = &self.config.settings;
        let set = match settings.color.as_deref().map(parse_depth).transpose() {
            Ok(set) => set,
            Err(why) => {
                problems.push(Problem::new("config.color", "`color` in config.toml was not used", why));
                None
            }
        };
        let depth = depth(self.flags.color, set, &self.config.terminal);
        let by_depth = match depth {
            Depth::None => "mono",
            Depth::Ansi16 => "ansi16",
            Depth::Ansi256 | Depth::True => "dark",
        };
        let asked = Asked {
            theme: self.flags.theme.clone().or(settings.theme.clone()).unwrap_or_else(|| by_depth.to_owned()),
            keys: settings.keymap.clone().unwrap_or_else(|| PRESETS[0].0.to_owned()),
        };
        if let (Some(theme), None) = (&self.flags.theme, builtin(&asked.theme)) {
            let names: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
            return Err(Problem::new("theme.unknown", format!("there is no theme `{theme}`"), "").hint(format!("there are {}", names.join(", "))));
        }
        let ascii = self.flags.ascii || settings.ascii || !self.config.terminal.utf8;
        let load = |name: &str, file: File<'_>| Theme::load(name, &builtin, file, depth).map(|(theme, _)| theme.with_ascii(ascii));
        let (broken, warnings) = own.complaints(&asked);
        problems.extend(broken.into_iter().chain(warnings));
        // What was right the last time is used where it is wrong now.
        if load(&asked.theme, file(&own.theme)).is_ok() {
            self.good.theme.clone_from(&own.theme);
        }
        if keymap(PRESETS[0].1, file(&own.keymap)).is_ok() {
            self.good.keymap.clone_from(&own.keymap);
        }
        let theme = load(&asked.theme, file(&self.good.theme)).or_else(|_| load(&asked.theme, None)).or_else(|_| load(by_depth, None));
        let layers = keys::preset(&asked.keys).unwrap_or(PRESETS[0].1);
        let mine = |layers: &[Layer<'_>]| {
            keymap(layers, file(&self.good.keymap)).or_else(|_| keymap(layers, None)).map_err(|faults| embedded("keys", &faults))
        };
        let (aliases, wrong) = alias::checked(&settings.aliases);
        let (jumps, lost) = jumps::checked(written(settings));
        problems.extend(wrong.into_iter().chain(lost));
        Ok(Looks {
            keymap: mine(layers)?,
            theme: theme.map_err(|faults| embedded("looks", &faults))?,
            keymaps: PRESETS.iter().map(|(name, layers)| Ok(((*name).to_owned(), mine(layers)?))).collect::<Result<_, _>>()?,
            themes: BUILTIN.iter().filter_map(|(name, _)| Some(((*name).to_owned(), load(name, None).ok()?))).collect(),
            asked,
            aliases,
            jumps,
            slow: settings.slow.forced(),
            mouse: settings.mouse.forced(),
            frame_gap: settings.frame_ms.map_or_else(|| self.config.terminal.frame_gap(), Duration::from_millis),
            facts: told(self.flags.color, set, &self.config.terminal),
            folders: folders(&self.config.paths),
            readonly: settings.readonly,
            protected: settings.protected.clone(),
            problems,
        })
    }
}

fn keymap(layers: &[Layer<'_>], file: File<'_>) -> Result<Keymap<Command>, Vec<Fault>> {
    Keymap::load(layers, file, CONTEXTS, &|_, text| parse(text))
}

fn folders(paths: &Paths) -> Vec<(String, String)> {
    let all = [("settings", &paths.config), ("runs, actions", &paths.data), ("remembered", &paths.state)];
    all.into_iter().map(|(name, path)| (name.to_owned(), path.display().to_string())).collect()
}

/// What we ship ourselves is wrong; tests see to it that nobody reads this.
fn embedded(what: &str, faults: &[Fault]) -> Problem {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Problem::new("program.broken", format!("the embedded {what} cannot be read"), faults.join("; "))
}

/// What is wrong in the person's own files: what is broken and so not used, and what is only odd.
pub fn complaints(config: &Config) -> (Vec<Problem>, Vec<Problem>) {
    let (own, unread) = Own::read(config);
    let settings = &config.settings;
    let asked = Asked {
        keys: settings.keymap.clone().unwrap_or_else(|| PRESETS[0].0.to_owned()),
        theme: settings.theme.clone().unwrap_or_else(|| "dark".to_owned()),
    };
    let (broken, warnings) = own.complaints(&asked);
    let (_, wrong) = alias::checked(&settings.aliases);
    let (_, lost) = jumps::checked(written(settings));
    (unread.into_iter().chain(broken).chain(wrong).chain(lost).chain(settings.logs.bytes().1).collect(), warnings)
}

fn written(settings: &Settings) -> Vec<Jump> {
    let jump = |JumpSetting { from, to, labels }: &JumpSetting| Jump { from: from.clone(), to: to.clone(), labels: labels.clone() };
    settings.jumps.iter().map(jump).collect()
}

impl Own {
    fn read(config: &Config) -> (Self, Vec<Problem>) {
        let mut unread = Vec::new();
        let mut read = |name, code| {
            config.own(name, code).unwrap_or_else(|problem| {
                unread.push(problem);
                None
            })
        };
        let own = Self { keymap: read("keymap.toml", "config.keymap"), theme: read("theme.toml", "config.theme") };
        (own, unread)
    }

    fn complaints(&self, asked: &Asked) -> (Vec<Problem>, Vec<Problem>) {
        let keys = own::keymap_problems(&asked.keys, file(&self.keymap), CONTEXTS, &|_, text| parse(text));
        let (theme, warnings) = own::theme_problems(&asked.theme, file(&self.theme));
        (keys.into_iter().chain(theme).collect(), warnings)
    }
}

fn file(own: &Option<(String, String)>) -> File<'_> {
    own.as_ref().map(|(path, text)| (path.as_str(), text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::fleet::FleetOptions;

    #[test]
    fn settings_that_call_a_connection_as_a_context_are_told_and_the_old_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("config");
        std::fs::write(&kubeconfig, "apiVersion: v1\nkind: Config\ncontexts: [{name: lab, context: {cluster: c, user: u}}]\n").unwrap();
        let fleet = Fleet::open(FleetOptions { kubeconfigs: vec![kubeconfig], ..FleetOptions::default() }).unwrap();
        let home = folder.path().display().to_string();
        let (config, _) = Config::from_lookup(&|name| matches!(name, "HOME" | "XDG_CONFIG_HOME").then(|| home.clone()));
        std::fs::create_dir(folder.path().join("meshplay")).unwrap();
        let mut reading = Reading::new(config, Flags::default()).beside(fleet);
        reading.first().unwrap();
        let write = |name: &str| {
            let text = format!("keymap = \"vim\"\n[[connections]]\nname = \"{name}\"\nkind = \"git\"\nurl = \"http://127.0.0.1:1\"\n");
            std::fs::write(folder.path().join("meshplay/config.toml"), text).unwrap();
        };
        write("lab");
        let looks = reading.again().unwrap().unwrap();
        let [problem] = &looks.problems[..] else { panic!("{:?}", looks.problems) };
        assert_eq!((problem.code, looks.asked.keys.as_str()), ("config.connection", "k9s"));
        assert!(problem.what.contains("config.toml:3"), "{problem}");
        write("forge");
        let looks = reading.again().unwrap().unwrap();
        assert_eq!((looks.problems.as_slice(), looks.asked.keys.as_str()), (&[][..], "vim"));
    }
}
