//! What a line typed after `:` means, and what could stand in it.

use super::commands::{Command, parse, specs};
use super::model::Model;
use crate::cluster::filter::glob;
use crate::names::{ClusterId, Problem};
use crate::text::fault::did_you_mean;
use crate::tui::flow::PaneId;
use crate::tui::keys::line::{Slot, split, word_at};
use crate::tui::overlays::line::Candidate;
use crate::tui::panes::inventory::state::View;
use crate::tui::theme::Theme;

use super::commands::AppCommand;

/// A line that was understood.
#[derive(Debug)]
pub enum Meaning {
    /// A command by its name.
    Command(Command),
    /// Look at a kind.
    View {
        /// What.
        view: View,
        /// The filter that stood behind `/`.
        filter: Option<String>,
        /// The contexts behind `@`; none: those that are open.
        contexts: Vec<ClusterId>,
    },
    /// Open these contexts.
    Open(Vec<ClusterId>),
    /// Open the form of a load test.
    Load(String),
    /// Another theme.
    Theme(Box<Theme>),
}

/// Words of the line that are no kinds: spelling, other spellings, what they do.
const WORDS: &[(&str, &[&str], &str)] = &[
    ("ctx", &["context", "contexts"], "contexts; with names: open them"),
    ("ns", &["namespace"], "one namespace, or `all`"),
    ("load", &[], "load test on an address…"),
    ("perf", &["runs"], "load tests"),
    ("pulse", &["pu", "pulses"], "how everything does, on one screen"),
    ("notices", &[], "notices"),
    ("theme", &[], "another theme"),
    ("help", &[], "keys here"),
    ("q", &["quit", "q!", "exit"], "quit"),
];

/// What the line means.
///
/// # Errors
/// Nothing; with what was probably meant.
pub fn understand(model: &Model, text: &str) -> Result<Meaning, Problem> {
    let parsed = split(text);
    let head = parsed.head.as_str();
    // Namespaces live in no namespace: behind their kind's name one of them is meant.
    if word(head) == Some("ns") && !parsed.args.is_empty() {
        return namespace(model, &parsed.args);
    }
    // Kinds always win: a kind that is called like a word of ours is still a kind.
    if is_kind(model, head) {
        return view(model, head, &parsed);
    }
    match word(head) {
        Some("ctx") if parsed.args.is_empty() => Ok(Meaning::Command(Command::App(AppCommand::Go(PaneId::Clusters)))),
        Some("ctx") => contexts(model, &parsed.args).map(Meaning::Open),
        Some("ns") => namespace(model, &parsed.args),
        Some("load") => Ok(Meaning::Load(parsed.args.join(" "))),
        Some("perf") => Ok(Meaning::Command(Command::App(AppCommand::Go(PaneId::Perf)))),
        Some("pulse") => Ok(Meaning::Command(Command::App(AppCommand::Go(PaneId::Pulse)))),
        Some("notices") => Ok(Meaning::Command(Command::App(AppCommand::Notices))),
        Some("theme") => theme(model, &parsed.args),
        Some("help") => Ok(Meaning::Command(Command::App(AppCommand::Help))),
        Some("q") => Ok(Meaning::Command(Command::App(AppCommand::Quit))),
        _ => parse(text).map(Meaning::Command).or_else(|_| late(model, head, &parsed)),
    }
}

/// A word nobody knows: before the clusters have said what they serve it may be a kind all the same.
fn late(model: &Model, head: &str, parsed: &crate::tui::keys::line::Parsed) -> Result<Meaning, Problem> {
    if model.inventory.kinds.is_empty() && !head.is_empty() {
        return view(model, head, parsed);
    }
    let known = WORDS.iter().map(|(name, ..)| *name).chain(model.inventory.kinds.keys().map(String::as_str));
    let mut problem = crate::tui::panes::inventory::update::unknown(head);
    if let Some(hint) = did_you_mean(head, known) {
        problem.hints.insert(0, hint);
    }
    Err(problem)
}

fn word(head: &str) -> Option<&'static str> {
    WORDS.iter().find(|(name, others, _)| *name == head || others.contains(&head)).map(|(name, ..)| *name)
}

fn is_kind(model: &Model, head: &str) -> bool {
    let head = head.to_lowercase();
    // `widgets.acme.io`: which of several groups is meant is the server's to know.
    let word = head.split_once('.').map_or(head.as_str(), |(word, _)| word);
    head == "workloads" || head == "wl" || model.inventory.kinds.contains_key(word) && parse(&head).is_err()
}

fn view(model: &Model, head: &str, parsed: &crate::tui::keys::line::Parsed) -> Result<Meaning, Problem> {
    let now = &model.inventory.view;
    let namespaces = match parsed.args.first() {
        None => now.namespaces.clone(),
        Some(word) => named(word),
    };
    let head = head.to_lowercase();
    let kind = if head == "wl" { "workloads" } else { model.inventory.kinds.get(&head).unwrap_or(&head) };
    let view = View { kind: kind.to_owned(), namespaces, labels: parsed.labels.clone().unwrap_or_default(), ..View::default() };
    let contexts = if parsed.contexts.is_empty() { Vec::new() } else { contexts(model, &parsed.contexts)? };
    Ok(Meaning::View { view, filter: parsed.filter.clone(), contexts })
}

/// Contexts by name or glob.
fn contexts(model: &Model, patterns: &[String]) -> Result<Vec<ClusterId>, Problem> {
    let all = || model.shared.contexts.iter().map(|context| &context.id);
    let mut found: Vec<ClusterId> = Vec::new();
    for pattern in patterns {
        let pattern = pattern.trim_start_matches('@');
        let matching: Vec<&ClusterId> = all().filter(|id| glob(pattern, id.as_str())).collect();
        if matching.is_empty() {
            let hint = did_you_mean(pattern, all().map(ClusterId::as_str)).unwrap_or_else(|| ":ctx lists them".into());
            return Err(Problem::new("line.context", format!("no context is called {pattern}"), "").hint(hint));
        }
        found.extend(matching.into_iter().filter(|id| !found.contains(id)).cloned().collect::<Vec<_>>());
    }
    Ok(found)
}

fn namespace(model: &Model, args: &[String]) -> Result<Meaning, Problem> {
    let view = match args.first() {
        // Without a name the namespaces are listed.
        None => View { kind: "namespaces".into(), ..View::default() },
        Some(word) => model.inventory.view.within(named(word)),
    };
    Ok(Meaning::View { view, filter: None, contexts: Vec::new() })
}

/// `shop,cart`; none for `all`.
fn named(word: &str) -> Vec<String> {
    if matches!(word, "all" | "*") { Vec::new() } else { word.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect() }
}

fn theme(model: &Model, args: &[String]) -> Result<Meaning, Problem> {
    let names: Vec<&str> = model.themes.iter().map(|(name, _)| name.as_str()).collect();
    let asked = args.first().map(String::as_str).unwrap_or_default();
    let found = model.themes.iter().find(|(name, _)| name == asked).map(|(_, theme)| Meaning::Theme(Box::new(theme.clone())));
    found.ok_or_else(|| Problem::new("line.theme", format!("there is no theme `{asked}`"), "").hint(format!("there are {}", names.join(", "))))
}

/// Everything that could stand at the cursor.
pub fn candidates(model: &Model, text: &str, cursor: usize) -> Vec<Candidate> {
    let parsed = split(text);
    match word_at(text, cursor).slot {
        Slot::Head => heads(model),
        Slot::Context => model.shared.contexts.iter().map(|context| plain(context.id.as_str(), "context")).collect(),
        Slot::Arg(_) if word(&parsed.head) == Some("ctx") => {
            model.shared.contexts.iter().map(|context| plain(context.id.as_str(), &context.server)).collect()
        }
        Slot::Arg(0) if word(&parsed.head) == Some("theme") => model.themes.iter().map(|(name, _)| plain(name, "theme")).collect(),
        Slot::Arg(0) if is_kind(model, &parsed.head) || word(&parsed.head) == Some("ns") => {
            let spaces = model.inventory.namespaces();
            std::iter::once(plain("all", "all namespaces")).chain(spaces.iter().map(|name| plain(name, "namespace"))).collect()
        }
        _ => Vec::new(),
    }
}

fn plain(text: &str, about: &str) -> Candidate {
    Candidate { text: text.to_owned(), about: about.to_owned(), keys: String::new() }
}

fn heads(model: &Model) -> Vec<Candidate> {
    let about = |word: &str, plural: &str| if word == plural { "kind".to_owned() } else { format!("kind {plural}") };
    // What the plural begins with needs no line of its own.
    let own = |word: &str, plural: &str| word == plural || !plural.starts_with(word);
    let served = model.inventory.kinds.iter().filter(|(word, plural)| own(word, plural));
    let served = served.map(|(word, plural)| plain(word, &about(word, plural)));
    let kinds = std::iter::once(plain("workloads", "what runs, of all kinds")).chain(served);
    let words = WORDS.iter().map(|(name, _, about)| plain(name, about));
    let contexts = model.contexts();
    let commands = specs().filter(|spec| spec.contexts.iter().any(|context| contexts.contains(context))).map(|spec| {
        let keys = parse(spec.name).ok().and_then(|command| model.keymap.keys_for(contexts, &command)).unwrap_or_default();
        Candidate { text: spec.name.to_owned(), about: spec.title.to_owned(), keys }
    });
    kinds.chain(words).chain(commands).collect()
}
