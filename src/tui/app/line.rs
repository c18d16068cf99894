//! What a line typed after `:` means, and what could stand in it.

use std::collections::BTreeSet;

use super::alias;
use super::commands::{Command, parse, specs};
use super::model::Model;
use super::shared::Shared;
use crate::cluster::filter::glob;
use crate::cluster::views::{Ask, BUILT_IN};
use crate::names::{ClusterId, Problem};
use crate::text::fault::did_you_mean;
use crate::tui::flow::PaneId;
use crate::tui::keys::line::{Slot, split, word_at};
use crate::tui::keys::map::Keymap;
use crate::tui::overlays::line::Candidate;
use crate::tui::panes::inventory::commands::{Command as Inventory, TabStep};
use crate::tui::panes::inventory::kept::Saved;
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
    /// Run a profile that is kept.
    Profile(String),
    /// A kind as a tree.
    Xray {
        /// Which.
        kind: String,
        /// In these namespaces; none: all.
        namespaces: Vec<String>,
    },
    /// Annotate the object under the cursor.
    Annotate(String),
    /// Add these columns.
    Columns(Vec<String>),
    /// Keep the view under this name.
    SaveView(String),
    /// Look at the view of this name.
    SavedView(String),
    /// Forget it.
    Unsave(String),
    /// Another theme.
    Theme(String, Box<Theme>),
    /// Another preset of keys.
    Keys(String, Box<Keymap<Command>>),
    /// Whether the line to the terminal is slow; none: it is looked at.
    Slow(Option<bool>),
    /// Another tab of the inventory.
    Tab(TabStep),
    /// Whether the mouse is used; none: not behind SSH.
    Mouse(Option<bool>),
    /// What was copied last into this file.
    CopyTo(String),
    /// End the program without asking.
    Leave,
}

/// Words of the line that are no kinds: spelling, other spellings, what they do.
const WORDS: &[(&str, &[&str], &str)] = &[
    ("ctx", &["context", "contexts"], "contexts; with names: open them"),
    ("env", &["environment", "environments"], "open an environment; with contexts behind it: make it"),
    ("ns", &["namespace"], "one namespace, or `all`"),
    ("load", &[], "load test on an address…"),
    ("perf", &["runs"], "load tests"),
    ("profile", &["profiles"], "run a profile of load tests that is kept, by its name"),
    ("xray", &[], "a kind as a tree: what is below it, what it needs"),
    ("annotate", &[], "NAME=VALUE or NAME- on the object under the cursor"),
    ("columns", &["cols"], "columns; NAME=.path or label:KEY adds one"),
    ("save", &[], "keep this view under a name"),
    ("view", &["views"], "a view that was saved"),
    ("unsave", &[], "forget a saved view"),
    ("pulse", &["pu", "pulses"], "how everything does, on one screen"),
    ("notices", &[], "notices"),
    ("follow", &[], "follow the object under the cursor and what replaces it"),
    ("theme", &["skin"], "another theme"),
    ("keys", &["keymap"], "another preset of keys"),
    ("slow", &[], "on, off or auto: fewer bytes for a slow line"),
    ("tab", &["tabs"], "new, close, next, previous, or its number"),
    ("mouse", &[], "on, off or auto: click and wheel"),
    ("aliases", &["alias", "a"], "kinds and their other names"),
    ("status", &["version"], "terminal, bytes a second, version, folders"),
    ("did", &[], "what I did, with its kubectl lines"),
    ("copy-to", &[], "what was copied last into a new file"),
    ("help", &[], "keys here"),
    ("q", &["quit", "exit"], "quit"),
    ("q!", &["quit!"], "quit without asking"),
];

/// What the line means.
///
/// # Errors
/// Nothing; with what was probably meant.
pub fn understand(model: &Model, text: &str) -> Result<Meaning, Problem> {
    let text = &alias::expand(&model.aliases, text);
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
        Some("profile") => Ok(Meaning::Profile(parsed.args.join(" "))),
        Some("perf") => Ok(Meaning::Command(Command::App(AppCommand::Go(PaneId::Perf)))),
        Some("xray") => xray(model, &parsed.args),
        Some("follow") => Ok(Meaning::Command(Command::Inventory(crate::tui::panes::inventory::commands::Command::Follow))),
        Some("columns") if parsed.args.is_empty() => Ok(Meaning::Command(Command::Inventory(Inventory::Columns))),
        Some("columns") => Ok(Meaning::Columns(parsed.args)),
        Some("view") if parsed.args.is_empty() => Ok(Meaning::Command(Command::Inventory(Inventory::SavedViews))),
        Some(verb @ ("save" | "view" | "unsave")) => saved(verb, &parsed.args),
        Some("pulse") => Ok(Meaning::Command(Command::App(AppCommand::Go(PaneId::Pulse)))),
        Some("notices") => Ok(Meaning::Command(Command::App(AppCommand::Notices))),
        Some("theme") => theme(model, &parsed.args),
        Some("keys") => keys(model, &parsed.args),
        Some("slow") => switch("slow", &parsed.args).map(Meaning::Slow),
        Some("tab") => tab(&parsed.args).map(Meaning::Tab),
        Some("mouse") => switch("mouse", &parsed.args).map(Meaning::Mouse),
        Some("aliases") => Ok(Meaning::Command(Command::App(AppCommand::Kinds))),
        Some("status") => Ok(Meaning::Command(Command::App(AppCommand::Status))),
        Some("did") => Ok(Meaning::Command(Command::App(AppCommand::Did))),
        // A path or a value is no filter, whatever it begins with.
        Some("copy-to") => Ok(Meaning::CopyTo(text.trim_start().trim_start_matches(head).trim().to_owned())),
        Some("annotate") => Ok(Meaning::Annotate(text.trim_start().trim_start_matches(head).trim().to_owned())),
        Some("help") => Ok(Meaning::Command(Command::App(AppCommand::Help))),
        Some("q") => Ok(Meaning::Command(Command::App(AppCommand::Quit))),
        Some("q!") => Ok(Meaning::Leave),
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
    Ask::parse(&head).is_some() || model.inventory.kinds.contains_key(word) && parse(&head).is_err()
}

fn view(model: &Model, head: &str, parsed: &crate::tui::keys::line::Parsed) -> Result<Meaning, Problem> {
    let now = &model.inventory.view;
    let head = head.to_lowercase();
    let (kind, args) = kind_of(model, &head, &parsed.args);
    let everywhere = Ask::parse(&kind).is_some_and(|ask| ask.view.everywhere);
    let namespaces = match args.first() {
        None if everywhere => Vec::new(),
        None => now.namespaces.clone(),
        Some(word) => named(word),
    };
    let view = View { kind, namespaces, labels: parsed.labels.clone().unwrap_or_default(), ..View::default() };
    let contexts = if parsed.contexts.is_empty() { Vec::new() } else { contexts(model, &parsed.contexts)? };
    Ok(Meaning::View { view, filter: parsed.filter.clone(), contexts })
}

/// `xray [kind] [namespaces]`; of what is looked at where nothing is said.
fn xray(model: &Model, args: &[String]) -> Result<Meaning, Problem> {
    let now = &model.inventory.view;
    let word = args.first().map_or(now.kind.as_str(), String::as_str).to_lowercase();
    let word = if matches!(word.as_str(), "workloads" | "wl" | "wk") { "deployments" } else { &word };
    let kinds = &model.inventory.kinds;
    // Before the clusters have said what they serve it may be a kind all the same; `widgets.acme.io` is the server's to know.
    if !kinds.is_empty() && !word.contains('.') && !kinds.contains_key(word) {
        let mut problem = crate::tui::panes::inventory::update::unknown(word);
        problem.hints.splice(0..0, did_you_mean(word, kinds.keys().map(String::as_str)));
        return Err(problem);
    }
    let namespaces = args.get(1).map_or_else(|| now.namespaces.clone(), |word| named(word));
    Ok(Meaning::Xray { kind: kinds.get(word).map_or(word, String::as_str).to_owned(), namespaces })
}

/// What is looked at, and the words behind it: a mixed view with its stretch of time, or a kind by its plural.
fn kind_of<'a>(model: &Model, head: &str, args: &'a [String]) -> (String, &'a [String]) {
    let Some(ask) = Ask::parse(head) else {
        let plural = model.inventory.kinds.get(head).filter(|plural| Ask::parse(plural).is_none());
        return (plural.map_or(head, String::as_str).to_owned(), args);
    };
    if let Some(question) = Ask::question(head, args) {
        return question;
    }
    let spanned = args.first().map(|span| format!("{} {span}", ask.view.name)).filter(|text| Ask::parse(text).is_some());
    match spanned {
        Some(text) => (text, &args[1..]),
        None => (ask.view.name.to_owned(), args),
    }
}

/// Saved views are called by one word, or by several in quotes.
fn saved(verb: &str, args: &[String]) -> Result<Meaning, Problem> {
    match (verb, args) {
        (_, []) => Err(Problem::new("line.name", format!(":{verb} wants a name"), "").hint(format!(":{verb} NAME; ,s lists what is saved"))),
        ("save", _) => Ok(Meaning::SaveView(args.join(" "))),
        ("view", _) => Ok(Meaning::SavedView(args.join(" "))),
        _ => Ok(Meaning::Unsave(args.join(" "))),
    }
}

/// A saved view as the line that would show it.
pub fn written(saved: &Saved) -> String {
    let view = &saved.view;
    let mut words = vec![view.kind.clone()];
    words.extend((!view.namespaces.is_empty()).then(|| view.namespaces.join(",")));
    words.extend((!view.labels.is_empty()).then(|| format!("-l {}", view.labels)));
    words.extend((!saved.filter.is_empty()).then(|| format!("/{}", saved.filter)));
    words.extend(saved.trouble.then(|| "trouble only".to_owned()));
    words.extend(saved.contexts.iter().map(|context| format!("@{context}")));
    words.join(" ")
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
    let found = model.themes.iter().find(|(name, _)| name == asked).map(|(name, theme)| Meaning::Theme(name.clone(), Box::new(theme.clone())));
    found.ok_or_else(|| Problem::new("line.theme", format!("there is no theme `{asked}`"), "").hint(format!("there are {}", names.join(", "))))
}

fn keys(model: &Model, args: &[String]) -> Result<Meaning, Problem> {
    let names: Vec<&str> = model.keymaps.iter().map(|(name, _)| name.as_str()).collect();
    let asked = args.first().map(String::as_str).unwrap_or_default();
    let found = model.keymaps.iter().find(|(name, _)| name == asked).map(|(name, map)| Meaning::Keys(name.clone(), Box::new(map.clone())));
    found.ok_or_else(|| Problem::new("line.keys", format!("there is no key preset `{asked}`"), "").hint(format!("there are {}", names.join(", "))))
}

fn tab(args: &[String]) -> Result<TabStep, Problem> {
    let place = |word: &str| word.parse::<usize>().ok()?.checked_sub(1);
    match args.first().map(String::as_str) {
        Some("new") => Ok(TabStep::New),
        Some("close") => Ok(TabStep::Close),
        None | Some("next") => Ok(TabStep::Next),
        Some("previous") => Ok(TabStep::Previous),
        Some(word) => place(word).map(TabStep::To).ok_or_else(|| {
            Problem::new("line.tab", format!("there is no tab `{word}`"), "").hint(":tab new, close, next, previous, or a number from 1 on")
        }),
    }
}

/// `on`, `off`, or `auto`, which is none of both.
fn switch(word: &str, args: &[String]) -> Result<Option<bool>, Problem> {
    match args.first().map(String::as_str) {
        Some("on") => Ok(Some(true)),
        Some("off") => Ok(Some(false)),
        Some("auto") => Ok(None),
        _ => {
            let hint = format!(":{word} on, :{word} off, or :{word} auto");
            Err(Problem::new("line.switch", format!(":{word} wants a word"), "").hint(hint))
        }
    }
}

/// Everything that could stand at the cursor.
pub fn candidates(model: &Model, text: &str, cursor: usize) -> Vec<Candidate> {
    let parsed = split(&alias::expand(&model.aliases, text));
    match word_at(text, cursor).slot {
        Slot::Head => heads(model),
        Slot::Context => model.shared.contexts.iter().map(|context| plain(context.id.as_str(), "context")).chain(environments(model)).collect(),
        Slot::Arg(0) if word(&parsed.head) == Some("env") => environments(model).collect(),
        Slot::Arg(_) if matches!(word(&parsed.head), Some("ctx" | "env")) => {
            let contexts = model.shared.contexts.iter().map(|context| plain(context.id.as_str(), &context.server));
            contexts.chain(environments(model)).collect()
        }
        Slot::Arg(0) if word(&parsed.head) == Some("xray") => kinds(model).collect(),
        Slot::Arg(1) if word(&parsed.head) == Some("xray") => namespaces(model).collect(),
        Slot::Arg(0) if matches!(word(&parsed.head), Some("view" | "unsave")) => {
            model.inventory.kept.views.iter().map(|(name, saved)| plain(name, &written(saved))).collect()
        }
        Slot::Arg(_) if word(&parsed.head) == Some("columns") => labels(model),
        // The one annotation that the embedded cluster itself listens to.
        Slot::Arg(0) if word(&parsed.head) == Some("annotate") && model.shared.sandbox.is_some() => {
            vec![plain("shop.meshplay/latency=40ms", "a deployment of the shop: slower by that")]
        }
        Slot::Arg(0) if word(&parsed.head) == Some("profile") => model.perf.profiles.iter().map(|name| plain(name, "profile")).collect(),
        Slot::Arg(0) if word(&parsed.head) == Some("theme") => model.themes.iter().map(|(name, _)| plain(name, "theme")).collect(),
        Slot::Arg(0) if word(&parsed.head) == Some("keys") => model.keymaps.iter().map(|(name, _)| plain(name, "preset of keys")).collect(),
        Slot::Arg(0) if word(&parsed.head) == Some("tab") => ["new", "close", "next", "previous"].iter().map(|word| plain(word, "")).collect(),
        Slot::Arg(0) if matches!(word(&parsed.head), Some("slow" | "mouse")) => ["on", "off", "auto"].iter().map(|word| plain(word, "")).collect(),
        Slot::Arg(0) if is_kind(model, &parsed.head) || word(&parsed.head) == Some("ns") => namespaces(model).collect(),
        _ => Vec::new(),
    }
}

fn plain(text: &str, about: &str) -> Candidate {
    Candidate { text: text.to_owned(), about: about.to_owned(), keys: String::new() }
}

fn namespaces(model: &Model) -> impl Iterator<Item = Candidate> {
    let names: Vec<Candidate> = model.inventory.namespaces().iter().map(|name| plain(name, "namespace")).collect();
    std::iter::once(plain("all", "all namespaces")).chain(names)
}

/// Labels of the rows that are shown, as columns.
fn labels(model: &Model) -> Vec<Candidate> {
    let table = &model.inventory.table;
    let rows = (0..table.visible().min(200)).filter_map(|at| table.row(at));
    let keys: BTreeSet<&str> = rows.flat_map(|row| row.labels.iter()).filter_map(|label| Some(label.split_once('=')?.0)).collect();
    keys.into_iter().map(|key| plain(&format!("label:{key}"), "label")).collect()
}

/// Kinds the clusters serve, by every word for them.
fn kinds(model: &Model) -> impl Iterator<Item = Candidate> {
    let about = |word: &str, plural: &str| if word == plural { "kind".to_owned() } else { format!("kind {plural}") };
    // What the plural begins with needs no line of its own.
    let own = |word: &str, plural: &str| word == plural || !plural.starts_with(word);
    let served = model.inventory.kinds.iter().filter(move |(word, plural)| own(word, plural));
    served.map(move |(word, plural)| plain(word, &about(word, plural)))
}

fn heads(model: &Model) -> Vec<Candidate> {
    let kinds = BUILT_IN.iter().map(|view| plain(view.name, view.about)).chain(kinds(model));
    let words = WORDS.iter().map(|(name, _, about)| plain(name, about));
    let own = model.aliases.iter().map(|(name, line)| plain(name, &format!("your own: {line}")));
    let contexts = model.contexts();
    let commands = specs().filter(|spec| spec.contexts.iter().any(|context| contexts.contains(context))).map(|spec| {
        let keys = parse(spec.name).ok().and_then(|command| model.keymap.keys_for(contexts, &command)).unwrap_or_default();
        Candidate { text: spec.name.to_owned(), about: spec.sentence().to_owned(), keys }
    });
    own.chain(kinds).chain(words).chain(commands).collect()
}
