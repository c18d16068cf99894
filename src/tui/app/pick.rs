//! Lists to choose from that are the shell's own: every kind with its other names, what was done, ways to copy; and what choosing in them does.

use std::collections::BTreeMap;

use super::asked::run_line;
use super::copy;
use super::model::{Effect, Model, Overlay};
use super::update::Wanted;
use crate::cluster::gate::Deed;
use crate::cluster::kubectl;
use crate::names::ObjectKey;
use crate::text::sanitise;
use crate::tui::flow::{At, Step};
use crate::tui::overlays::list::{Entry, List};
use crate::tui::theme::Role;

/// What a row of such a list does.
#[derive(Clone, Debug, PartialEq)]
pub enum Pick {
    /// Run this line, as typed after `:`.
    Line(String),
    /// Send this to the terminal's clipboard.
    Copy(String),
    /// The same with an object's manifest, once it was read.
    CopyYaml(ObjectKey),
}

/// Does it.
pub fn picked(model: &mut Model, at: At, pick: Pick) -> Wanted {
    match pick {
        Pick::Line(line) => run_line(model, at, &line),
        Pick::Copy(text) => copy::send(model, at, text),
        Pick::CopyYaml(key) => Step::effect(Effect::CopyYaml(key)),
    }
}

/// Opens the list of everything a line may begin with: the person's own words, then every kind.
pub fn kinds(model: &mut Model) -> Wanted {
    let row = |name: &str, also: &str, from: &str| Entry {
        cells: vec![(name.to_owned(), Role::Text), (also.to_owned(), Role::FooterKey), (from.to_owned(), Role::Dim)],
        command: Some(Pick::Line(name.to_owned())),
    };
    let mut entries: Vec<Entry<Pick>> = model.aliases.iter().map(|(name, line)| row(name, "", &format!("your own: {line}"))).collect();
    entries.push(row("workloads", "wl wk", "what runs, of all kinds"));
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (word, plural) in &model.inventory.kinds {
        let others = kinds.entry(plural).or_default();
        if word != plural {
            others.push(word);
        }
    }
    for (plural, mut others) in kinds {
        others.sort_by_key(|word| word.len());
        let whole = if model.inventory.scoped.contains(plural) { "the whole cluster's" } else { "" };
        entries.push(row(plural, &others.join(" "), whole));
    }
    model.overlays.push(Overlay::List(List::new("kinds; / narrows, enter looks", &["KIND", "ALSO", ""], entries)));
    Step::redraw()
}

/// Opens the list of what was done, the newest first.
pub fn did(model: &mut Model, deeds: &[Deed]) -> Wanted {
    let entry = |deed: &Deed| {
        let line = kubectl::done(deed);
        let role = if deed.outcome == "done" { Role::Text } else { Role::StatusBad };
        let text = |text: &str| sanitise(text).into_owned();
        let cells = vec![
            (clock(deed.unix), Role::Dim),
            (text(&deed.verb), role),
            (text(&deed.target), role),
            (text(&deed.outcome), role),
            (line.clone().unwrap_or_default(), Role::Dim),
        ];
        Entry { cells, command: Some(Pick::Copy(line.unwrap_or_else(|| text(&deed.target)))) }
    };
    let entries = deeds.iter().map(entry).collect();
    model.overlays.push(Overlay::List(List::new("what I did, the newest first; enter copies", &["WHEN", "DID", "TO", "", "KUBECTL"], entries)));
    Step::redraw()
}

/// `12 May 14:04:00Z`, in UTC.
fn clock(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map_or_else(|_| String::new(), |time| time.strftime("%d %b %H:%M:%SZ").to_string())
}
