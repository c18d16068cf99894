//! The house rules: which room may know which, and what only some rooms may use. The table is in `house/rules.rs`;
//! `house/planted` holds sources that break each rule, to prove that it bites.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

#[path = "house/judge.rs"]
mod judge;
#[path = "house/rules.rs"]
mod rules;
#[path = "house/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use judge::{OTHERS, Violation, judge, row};
use rules::{OUTSIDE, PRESERVES, ROOMS};

#[test]
fn every_room_keeps_to_its_row() {
    let found = judge(&tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), ".rs"));
    assert!(found.is_empty(), "the house rules are broken\n{}", report(&found));
}

/// A line for each room or crate that a file must not use: the first place in full, the others by number.
fn report(found: &BTreeSet<Violation>) -> String {
    let mut groups: BTreeMap<_, Vec<&Violation>> = BTreeMap::new();
    for violation in found {
        groups.entry((&violation.file, violation.rule, violation.why, violation.room)).or_default().push(violation);
    }
    let line = |group: Vec<&Violation>| {
        let lines: BTreeSet<usize> = group.iter().map(|violation| violation.line).collect();
        let more: Vec<String> = lines.iter().skip(1).map(ToString::to_string).collect();
        let more = if more.is_empty() { String::new() } else { format!(" (also in line {})", more.join(", ")) };
        group.first().map(|first| format!("{first}{more}\n")).unwrap_or_default()
    };
    groups.into_values().map(line).collect()
}

#[test]
fn what_is_planted_is_found_and_nothing_else() {
    let planted = planted();
    let found: BTreeSet<_> = judge(&planted).into_iter().map(|violation| (violation.file, violation.line, violation.rule.to_owned())).collect();
    let meant: BTreeSet<_> = planted.iter().flat_map(|(path, text)| marks(path, text)).collect();
    assert_eq!(found.difference(&meant).collect::<Vec<_>>(), [] as [&_; 0], "found, but not planted");
    assert_eq!(meant.difference(&found).collect::<Vec<_>>(), [] as [&_; 0], "planted, but not found");
}

#[test]
fn every_rule_has_bitten() {
    let bitten: BTreeSet<&str> = judge(&planted()).into_iter().map(|violation| violation.rule).collect();
    let rules = PRESERVES.iter().map(|preserve| preserve.rule).chain(OUTSIDE.iter().map(|outside| outside.rule)).chain(OTHERS.iter().copied());
    assert_eq!(bitten, rules.collect());
}

/// Every pair of rooms, once allowed, once refused: no row of the table is only decoration.
#[test]
fn the_table_is_applied_to_every_pair_of_rooms() {
    for from in ROOMS {
        for to in ROOMS.iter().filter(|to| to.name != from.name && !["lib", "main", "tui", "tui/panes"].contains(&to.name)) {
            let text = format!("//! Planted.\nuse crate::{}::Thing;\n", concrete(to.name, "other").replace('/', "::"));
            let broken = judge(&[(concrete(from.name, "own") + ".rs", text)]);
            let listed = from.may.concat().iter().any(|entry| to.name == *entry || to.name.starts_with(&format!("{entry}/")));
            assert_eq!(broken.is_empty(), listed, "{} → {}: {broken:?}", from.name, to.name);
        }
    }
}

#[test]
fn the_table_names_only_rooms_that_have_a_row() {
    for name in ROOMS.iter().flat_map(|room| room.may.concat()).chain(PRESERVES.iter().flat_map(|preserve| preserve.only.iter().copied())) {
        assert!(ROOMS.iter().any(|room| room.name == name), "{name}");
    }
}

#[test]
fn the_longest_name_wins() {
    let name = |path: &str| row(&source::module_of(path)).map(|room| room.name);
    assert_eq!(name("tui/panes/perf/view.rs"), Some("tui/panes/*/view"));
    assert_eq!(name("tui/panes/perf/update/keys.rs"), Some("tui/panes/*"));
    assert_eq!(name("tui/term/key.rs"), Some("tui/term/key"));
    assert_eq!(name("tui/unknown.rs"), None);
    assert_eq!(name("cluster/decode/pod.rs"), Some("cluster"));
}

/// A name from the table as a path of modules.
fn concrete(name: &str, pane: &str) -> String {
    name.replace('*', pane)
}

fn planted() -> Vec<(String, String)> {
    tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/house/planted"), ".rs.txt")
}

/// Lines that end in `//~ rule, rule` are meant to break these rules.
fn marks(path: &str, text: &str) -> Vec<(String, usize, String)> {
    let mark = |(index, line): (usize, &str)| {
        let rules = line.split_once("//~ ").map_or("", |(_, rules)| rules).to_owned();
        rules.split(", ").filter(|rule| !rule.is_empty()).map(|rule| (format!("src/{path}"), index + 1, rule.to_owned())).collect::<Vec<_>>()
    };
    text.lines().enumerate().flat_map(mark).collect()
}

/// All files below a folder whose names end so: path from there, ending in `.rs`, and text.
fn tree(root: &Path, ending: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(stem) = path.strip_prefix(root).ok().and_then(Path::to_str).and_then(|name| name.strip_suffix(ending)) {
                files.push((format!("{}.rs", stem.replace('\\', "/")), fs::read_to_string(&path).expect("a source")));
            }
        }
    }
    assert!(!files.is_empty(), "{} holds sources", root.display());
    files.sort();
    files
}
