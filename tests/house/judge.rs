//! Applies the table to what was read. Which rules there are is in `rules.rs`.

use std::collections::BTreeSet;
use std::fmt;

use super::rules::{DOERS, OUTSIDE, PRESERVES, PURE, ROOMS, Room, WITHIN};
use super::source::{self, Fact, How, Mention, Module, Target};

/// Rooms that hold nothing but their rooms: a file beside those needs a row of its own.
const SHELLS: &[&str] = &["tui", "tui/panes"];

/// Rules that are no row of a table.
pub const OTHERS: &[&str] = &["room", "no row", "re-export", "signature", "await", "unsafe", "opening", "mod.rs"];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub file: String,
    pub line: usize,
    pub rule: &'static str,
    pub what: String,
    pub why: &'static str,
    /// The room that is used, if it is one of ours.
    pub room: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: [{}] {}: {}", self.file, self.line, self.rule, self.what, self.why)
    }
}

/// Judges files: path relative to `src`, and text.
pub fn judge(files: &[(String, String)]) -> BTreeSet<Violation> {
    let read = |(path, text): &(String, String)| (path.clone(), source::read(path, text).unwrap_or_else(|error| panic!("src/{path}: {error}")));
    let sources: Vec<_> = files.iter().map(read).collect();
    let tests: Vec<&Module> = sources.iter().flat_map(|(_, source)| &source.tests).collect();
    let mut found = BTreeSet::new();
    for (path, source) in &sources {
        if !tests.iter().any(|test| source::module_of(path).starts_with(test)) {
            File { path, reads_clock_types: source.mentions.iter().any(is_clock_type) }.judge(&source.mentions, &mut found);
        }
    }
    found
}

fn is_clock_type(mention: &Mention) -> bool {
    matches!(&mention.fact, Fact::Path(Target::Crate(path), _) if leads_to(path, "std::time::Instant") || leads_to(path, "std::time::SystemTime"))
}

struct File<'a> {
    path: &'a str,
    reads_clock_types: bool,
}

impl File<'_> {
    fn judge(&self, mentions: &[Mention], found: &mut BTreeSet<Violation>) {
        let mut add = |line: usize, room: &'static str, (rule, what, why): Verdict| {
            found.insert(Violation { file: format!("src/{}", self.path), line, rule, what, why, room });
        };
        let module = self.place(&source::module_of(self.path));
        if row(&module).is_none() {
            add(
                1,
                "",
                ("no row", format!("`{}` is in no room", module.join("/")), "every room says whom it may know; add it to tests/house/rules.rs"),
            );
        }
        for mention in mentions {
            let from = self.place(&mention.module);
            let verdicts = match &mention.fact {
                Fact::Path(Target::Ours(path), how) => rooms(&from, path, *how),
                Fact::Path(Target::Crate(path), how) => crates(&from, path, *how),
                fact => self.words(&from, fact),
            };
            let room = if let Fact::Path(Target::Ours(path), _) = &mention.fact { row(path).map_or("", |room| room.name) } else { "" };
            for verdict in verdicts {
                add(mention.line, room, verdict);
            }
        }
    }

    /// The crate's root is two rooms: the map and the program.
    fn place(&self, module: &[String]) -> Module {
        match self.path {
            "main.rs" => ["main".to_owned()].into_iter().chain(module.iter().cloned()).collect(),
            "lib.rs" if module.is_empty() => vec!["lib".into()],
            _ => module.to_vec(),
        }
    }

    fn words(&self, from: &[String], fact: &Fact) -> Vec<Verdict> {
        match fact {
            Fact::Await if is_pure(from) => vec![("await", "waits".into(), "update and view never wait: what takes time is an effect")],
            Fact::Elapsed if is_pure(from) && self.reads_clock_types => vec![("clock", "`elapsed` reads the clock".into(), OUTSIDE[0].why)],
            Fact::Unsafe => vec![("unsafe", "`unsafe`".into(), "nothing here needs it, and no reader should have to prove it")],
            Fact::NoOpening => {
                vec![("opening", "no `//!` in the first line".into(), "a file opens with a sentence on what it is for and what is not in it")]
            }
            Fact::ModRs => vec![("mod.rs", "`mod.rs`".into(), "a room is `room.rs` and `room/`, so that files have names of their own")],
            _ => Vec::new(),
        }
    }
}

type Verdict = (&'static str, String, &'static str);

fn rooms(from: &[String], to: &[String], how: How) -> Vec<Verdict> {
    let Some(here) = row(from) else { return Vec::new() };
    let shown = to.join("::");
    let Some(there) = row(to) else {
        return vec![("no row", format!("`{shown}` is in no room"), "every room has a row; add it to tests/house/rules.rs")];
    };
    if same(from, here, to, there) {
        return Vec::new();
    }
    let mut verdicts = Vec::new();
    if !here.may.iter().flat_map(|some| some.iter()).any(|entry| begins(there.name.split('/'), entry)) {
        verdicts.push(("room", format!("`{}` must not know `{shown}` of `{}`", here.name, there.name), here.why));
    }
    if how == How::Exported {
        verdicts.push((
            "re-export",
            format!("`{}` passes on `{shown}` of `{}`", here.name, there.name),
            "who uses a thing names its room, or the table would say nothing",
        ));
    }
    verdicts
}

/// One room: the same row, or two files of one pane.
fn same(from: &[String], here: &Room, to: &[String], there: &Room) -> bool {
    if here.name.starts_with("tui/panes/*") && there.name.starts_with("tui/panes/*") { from.get(2) == to.get(2) } else { here.name == there.name }
}

fn crates(from: &[String], path: &[String], how: How) -> Vec<Verdict> {
    let shown = path.join("::");
    let mut verdicts = Vec::new();
    for preserve in PRESERVES.iter().filter(|preserve| preserve.paths.iter().any(|own| leads_to(path, own))) {
        if !preserve.only.iter().any(|room| begins(from.iter().map(String::as_str), room)) {
            verdicts.push((preserve.rule, format!("`{shown}` outside {}", preserve.only.join(", ")), preserve.why));
        }
        if how == How::Exported {
            verdicts.push(("re-export", format!("passes on `{shown}`"), "who uses a crate names it, or the table would say nothing"));
        }
    }
    for outside in OUTSIDE.iter().filter(|outside| is_pure(from) && outside.paths.iter().any(|one| leads_to(path, one))) {
        verdicts.push((outside.rule, format!("`{shown}`"), outside.why));
    }
    let (names, home, why) = WITHIN;
    if how == How::InSignature && names.iter().any(|name| leads_to(path, name)) && !begins(from.iter().map(String::as_str), home) {
        verdicts.push(("signature", format!("`{shown}` in what others see"), why));
    }
    verdicts
}

fn is_pure(module: &[String]) -> bool {
    let within = |places: &[&str]| places.iter().any(|place| begins(module.iter().map(String::as_str), place));
    within(PURE) && !within(DOERS)
}

/// The row of a module: the longest name that fits.
pub fn row(module: &[String]) -> Option<&'static Room> {
    let fits = |room: &&Room| {
        begins(module.iter().map(String::as_str), room.name) && (!SHELLS.contains(&room.name) || room.name.split('/').count() == module.len())
    };
    ROOMS.iter().filter(fits).max_by_key(|room| (room.name.split('/').count(), !room.name.ends_with('*')))
}

fn begins<'a>(mut whole: impl Iterator<Item = &'a str>, start: &str) -> bool {
    start.split('/').all(|wanted| whole.next().is_some_and(|segment| wanted == "*" || wanted == segment))
}

fn leads_to(path: &[String], start: &str) -> bool {
    let mut path = path.iter();
    start.split("::").all(|wanted| path.next().is_some_and(|segment| segment == wanted))
}
