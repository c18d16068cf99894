//! How the screen begins: contexts, keys and looks out of flags, settings and what the last start left. Nothing is drawn here.

mod reading;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use self::reading::Reading;
pub use self::reading::complaints;
use super::app::memory::Memory;
use super::app::model::Beginning;
use super::app::shared::{Environment, Shared};
use super::run::Start;
use super::run::replay::Player;
use super::tape;
use crate::cluster::filter::glob;
use crate::cluster::fleet::Fleet;
use crate::cluster::logs::spill::Disk;
use crate::cluster::standing::{Declared, Record};
use crate::config::{Config, ConnectionSetting, Settings};
use crate::names::{ClusterId, Problem};
use crate::perf::apart::Launch;
use crate::perf::permute::journal;
use crate::perf::schedule::Book;
use crate::results::Store;
use crate::terminal::Depth;
use crate::text::sanitise;

/// What flags say, which wins over all files.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--theme`.
    pub theme: Option<String>,
    /// `--color`.
    pub color: Option<Depth>,
    /// `--ascii`.
    pub ascii: bool,
}

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
    /// `--theme`, `--color`, `--ascii`.
    pub flags: Flags,
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
    let mut reading = Reading::new(config.clone(), opening.flags).beside(fleet.clone());
    let mut looks = reading.first()?;
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
    let (room, wrong) = config.settings.logs.bytes();
    let beginning = Beginning {
        open,
        namespace: opening.namespace,
        all_namespaces: opening.all_namespaces,
        command: opening.command,
        memory: remembered,
        problems: opening.problems.into_iter().chain(std::mem::take(&mut looks.problems)).chain(left_changed(config)).chain(wrong).collect(),
    };
    let paths = config.paths.clone();
    let remember = move |memory: Memory| paths.remember(&memory);
    Ok(Start {
        store: Store::open(&config.paths.data),
        book: Book::new(&config.paths.config, &config.paths.state, &config.paths.data),
        launch: Launch { program: config.program.clone(), runtime: config.paths.runtime.clone() },
        journals: config.paths.state.join(journal::FOLDER),
        saved: config.paths.data.clone(),
        disk: (room > 0).then(|| Disk { folder: config.paths.state.clone(), room }),
        shared,
        looks,
        look_again: Box::new(move || reading.again()),
        settings: config.paths.config.clone(),
        beginning,
        escape_gap: config.terminal.escape_gap(),
        terminal: config.terminal.clone(),
        remember: Arc::new(remember),
        record: opening.record,
        fleet,
    })
}

/// What killed permutations left changed.
fn left_changed(config: &Config) -> Vec<Problem> {
    let told = |left: &journal::Left| {
        let mut problem = journal::complaint(&left.entry);
        problem.hints.insert(0, "R among the load tests (,p) puts it back".into());
        problem
    };
    journal::left(&config.paths.state.join(journal::FOLDER)).iter().map(told).collect()
}

/// Connections that no kubeconfig names.
pub fn declared(settings: &Settings) -> Vec<Declared> {
    let one = |one: &ConnectionSetting| Declared {
        id: ClusterId::new(sanitise(one.name.get_ref()).as_ref()),
        kind: one.kind,
        url: one.url.clone(),
        place: one.place.clone(),
    };
    settings.connections.iter().map(one).collect()
}

fn environments(config: &Config) -> BTreeMap<String, Environment> {
    let settings = config.settings.environments.iter();
    settings.map(|(name, contexts)| (name.clone(), Environment { contexts: contexts.clone(), typed: false })).collect()
}

/// A recording, ready to be played with the person's own keys and looks.
///
/// # Errors
/// The text is no recording.
pub fn replay(text: &str, config: &Config, flags: Flags) -> Result<Player, Problem> {
    let (head, lines) = tape::read(text)?;
    let looks = Reading::new(config.clone(), flags).first()?;
    Ok(Player::new(&head, lines, looks))
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
