//! What a line typed after `:` means, and what could stand in it.

use super::commands::{Command, parse, specs};
use super::model::Model;
use super::shared::Shared;
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
    /// Name a group of contexts; without any, forget it.
    Environment(String, Vec<String>),
    /// Tell something.
    Say(String),
    /// Open the form of a load test.
    Load(String),
    /// Another theme.
    Theme(Box<Theme>),
}

/// Words of the line that are no kinds: spelling, other spellings, what they do.
const WORDS: &[(&str, &[&str], &str)] = &[
    ("ctx", &["context", "contexts"], "contexts; with names: open them"),
    ("env", &["environment", "environments"], "open an environment; with contexts behind it: make it"),
    ("ns", &["namespace"], "one namespace, or `all`"),
    ("load", &[], "load test on an address…"),
    ("perf", &["runs"], "load tests"),
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
        Some("env") => environment(model, &parsed.args, &parsed.contexts),
        Some("ns") => namespace(model, &parsed.args),
        Some("load") => Ok(Meaning::Load(parsed.args.join(" "))),
        Some("perf") => Ok(Meaning::Command(Command::App(AppCommand::Go(PaneId::Perf)))),
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

/// Contexts by name, environment or glob. What is ignored or deleted is only meant by its name.
fn contexts(model: &Model, patterns: &[String]) -> Result<Vec<ClusterId>, Problem> {
    let mut found: Vec<ClusterId> = Vec::new();
    for pattern in patterns {
        let pattern = pattern.trim_start_matches('@');
        let matching = meant(&model.shared, pattern)?;
        found.extend(matching.into_iter().filter(|id| !found.contains(id)).collect::<Vec<_>>());
    }
    Ok(found)
}

fn meant(shared: &Shared, pattern: &str) -> Result<Vec<ClusterId>, Problem> {
    let all = || shared.contexts.iter().map(|context| &context.id);
    if let Some(id) = all().find(|id| id.as_str() == pattern) {
        return Ok(vec![id.clone()]);
    }
    let (matching, hint) = match shared.members(pattern.strip_prefix("env:").unwrap_or(pattern)) {
        Some(members) => (members, ":env NAME contexts… says which contexts it has"),
        None => (all().filter(|id| glob(pattern, id.as_str()) && shared.may_be_meant(id)).cloned().collect(), ":ctx lists them"),
    };
    if !matching.is_empty() {
        return Ok(matching);
    }
    if all().any(|id| glob(pattern, id.as_str())) {
        let problem = Problem::new("line.context", format!("every context that {pattern} fits is ignored or deleted"), "");
        return Err(problem.hint("name it whole, or ,k and r: it is registered again"));
    }
    let known = all().map(ClusterId::as_str).chain(shared.environments.keys().map(String::as_str));
    let hint = did_you_mean(pattern, known).unwrap_or_else(|| hint.into());
    Err(Problem::new("line.context", format!("no context is called {pattern}"), "").hint(hint))
}

/// `:env` tells them, `:env NAME` opens one, `:env NAME CONTEXT…` makes one, `:env NAME none` forgets it.
fn environment(model: &Model, args: &[String], at: &[String]) -> Result<Meaning, Problem> {
    let environments = &model.shared.environments;
    let Some((name, contexts)) = args.split_first() else {
        let one = |name: &String| format!("{name} ({})", model.shared.members(name).unwrap_or_default().len());
        let all: Vec<String> = environments.keys().map(one).collect();
        let said = if all.is_empty() {
            "there are no environments; :env NAME CONTEXT… makes one".to_owned()
        } else {
            format!("environments: {}", all.join(", "))
        };
        return Ok(Meaning::Say(said));
    };
    let contexts: Vec<String> = contexts.iter().chain(at).map(|pattern| pattern.trim_start_matches('@').to_owned()).collect();
    if contexts.is_empty() {
        return meant(&model.shared, &format!("env:{name}")).map(Meaning::Open);
    }
    if environments.get(name).is_some_and(|environment| !environment.typed) {
        let problem = Problem::new("line.environment", format!("environment {name} stands in config.toml"), "");
        return Err(problem.hint("change it there, under [environments], or take another name"));
    }
    Ok(Meaning::Environment(name.clone(), if contexts == ["none"] { Vec::new() } else { contexts }))
}

/// A filter in which `@NAME` of an environment is the names of its contexts.
pub fn expanded(model: &Model, text: &str) -> String {
    let word = |word: &str| {
        let (not, rest) = word.strip_prefix('!').map_or(("", word), |rest| ("!", rest));
        let members = rest.strip_prefix('@').and_then(|name| model.shared.members(name.strip_prefix("env:").unwrap_or(name)));
        let names: Vec<String> = members.unwrap_or_default().iter().map(ToString::to_string).collect();
        if names.is_empty() { word.to_owned() } else { format!("{not}@{}", names.join("|")) }
    };
    if text.contains('@') { text.split(' ').map(word).collect::<Vec<_>>().join(" ") } else { text.to_owned() }
}

/// What could stand behind `@` in a filter: clusters that are open, and environments.
pub fn clusters_to_filter(model: &Model, text: &str, cursor: usize) -> Vec<Candidate> {
    if word_at(text, cursor).slot != Slot::Context {
        return Vec::new();
    }
    let open = model.shared.open.iter().map(|id| plain(id.as_str(), "context"));
    open.chain(environments(model)).collect()
}

fn environments(model: &Model) -> impl Iterator<Item = Candidate> {
    model.shared.environments.iter().map(|(name, environment)| plain(name, &environment.contexts.join(" ")))
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
        Slot::Context => model.shared.contexts.iter().map(|context| plain(context.id.as_str(), "context")).chain(environments(model)).collect(),
        Slot::Arg(0) if word(&parsed.head) == Some("env") => environments(model).collect(),
        Slot::Arg(_) if matches!(word(&parsed.head), Some("ctx" | "env")) => {
            let contexts = model.shared.contexts.iter().map(|context| plain(context.id.as_str(), &context.server));
            contexts.chain(environments(model)).collect()
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
