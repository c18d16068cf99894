//! Several namespaces at once, and those that keep their digit.

use super::super::state::{State, View};
use super::super::work::Effect;
use super::{go, say};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Intent, Step};

/// Namespaces that are looked at one by one, each by a watch of its own; more are a view of all of them.
const MOST: usize = 30;

/// The view that lists namespaces.
const LIST: &str = "namespaces";

/// The kind one came from in the marked namespaces; none where none is marked or something else is looked at.
pub(super) fn enter_marked(state: &mut State, shared: &Shared) -> Option<Step<Effect>> {
    if state.view.kind != LIST || state.marks.is_empty() {
        return None;
    }
    let mut names: Vec<String> = state.chosen().iter().map(|key| key.name.to_string()).collect();
    names.sort_unstable();
    // The same name in two clusters.
    names.dedup();
    if names.is_empty() {
        return Some(say("what is marked is hidden by the filter"));
    }
    if names.len() > MOST {
        return Some(say(&format!("at most {MOST} namespaces are watched one by one; 0 shows all, and ns:… filters them")));
    }
    let view = came_from(state).within(names);
    Some(go(state, shared, view, true))
}

/// The last view of something that lives in namespaces.
fn came_from(state: &State) -> View {
    let namespaced = |view: &&View| view.kind != LIST && !state.scoped.contains(&view.kind);
    state.past.iter().rev().map(|place| &place.view).find(namespaced).cloned().unwrap_or_default()
}

/// Gives the namespace under the cursor the next digit, for good, or takes it away.
pub(super) fn pin(state: &mut State) -> Step<Effect> {
    if let Some(why) = no_pin(state) {
        return say(why);
    }
    let Some(name) = state.row().map(|row| row.name.to_string()) else { return Step::quiet() };
    let before = state.kept.pinned.len();
    state.kept.pinned.retain(|one| *one != name);
    let said = if state.kept.pinned.len() < before {
        format!("{name} is pinned no more")
    } else {
        state.kept.pinned.push(name.clone());
        match state.kept.pinned.len() {
            digit @ 1..=9 => format!("{digit} goes to {name} from now on"),
            _ => format!("{name} is pinned; the nine digits are taken by those before it"),
        }
    };
    say(&said).then(Step::intent(Intent::Remember))
}

/// Why nothing can be pinned here; none: it can.
pub(super) fn no_pin(state: &State) -> Option<&'static str> {
    match state.row() {
        None => Some("no row is chosen"),
        Some(_) if state.view.kind != LIST => Some("namespaces are pinned to digits, and :ns lists them"),
        Some(_) => None,
    }
}
