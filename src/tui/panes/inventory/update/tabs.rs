//! Tabs: each keeps its view, filter, cursor and history. Only the one that is seen is watched.

use super::super::commands::TabStep;
use super::super::state::{OtherTab, Place, Shown, State, Tabs};
use super::super::work::Effect;
use super::places::{here, leave, restore};
use super::{groups, say};
use crate::tui::app::shared::Shared;
use crate::tui::flow::Step;

/// Tabs there are at most: each has a digit.
const MOST: usize = 9;

pub(super) fn step(state: &mut State, shared: &Shared, step: TabStep) -> Step<Effect> {
    let (at, count) = (state.tabs.at, state.tabs.count());
    match step {
        TabStep::New if count >= MOST => say(&format!("there are {MOST} tabs; :tab close closes one")),
        TabStep::New => open(state),
        TabStep::Close => close(state, shared),
        TabStep::Next => to(state, shared, (at + 1) % count),
        TabStep::Previous => to(state, shared, (at + count - 1) % count),
        TabStep::To(place) => to(state, shared, place),
    }
}

/// The view goes on in a new tab, without the way that led to it; the old one keeps that.
fn open(state: &mut State) -> Step<Effect> {
    let place = here(state, false);
    let (past, ahead) = (std::mem::take(&mut state.past), std::mem::take(&mut state.ahead));
    state.tabs.others.insert(state.tabs.at, OtherTab { place, past, ahead });
    state.tabs.at += 1;
    Step::redraw()
}

/// Another one is seen.
pub(super) fn to(state: &mut State, shared: &Shared, place: usize) -> Step<Effect> {
    match place {
        _ if state.tabs.count() == 1 => return say(ONE),
        _ if place >= state.tabs.count() => return say(&format!("there are {} tabs", state.tabs.count())),
        _ if place == state.tabs.at => return Step::redraw(),
        _ => {}
    }
    // Rows are kept of the one that is left now, and of no other than the one that is gone to.
    let goal = place - usize::from(place > state.tabs.at);
    state.tabs.others.iter_mut().enumerate().filter(|(at, _)| *at != goal).for_each(|(_, tab)| tab.place.table = None);
    let left = leave(state, false);
    let (past, ahead) = (std::mem::take(&mut state.past), std::mem::take(&mut state.ahead));
    state.tabs.others.insert(state.tabs.at, OtherTab { place: left, past, ahead });
    see(state, shared, place)
}

fn close(state: &mut State, shared: &Shared) -> Step<Effect> {
    if state.tabs.others.is_empty() {
        return say(ONE);
    }
    let next = state.tabs.at.min(state.tabs.others.len() - 1);
    see(state, shared, next)
}

fn see(state: &mut State, shared: &Shared, place: usize) -> Step<Effect> {
    let tab = state.tabs.others.remove(place);
    state.tabs.at = place;
    (state.past, state.ahead) = (tab.past, tab.ahead);
    restore(state, shared, tab.place)
}

/// Why a step is not possible now; none: it is.
pub(super) const ONE: &str = "there is one tab only; ctrl-t opens another";

/// What the next start should know of the tabs that are not seen, and where the one that is seen stands among them.
pub fn kept(state: &State) -> (Vec<Shown>, usize) {
    let one = |OtherTab { place, .. }: &OtherTab| Shown {
        view: place.view.clone(),
        filter: place.filter.clone(),
        trouble: place.trouble,
        sort: place.sort,
        cursor: place.cursor.clone(),
    };
    (state.tabs.others.iter().map(one).collect(), state.tabs.at)
}

/// The tabs that another start left. Nothing is asked for.
pub fn reopen(state: &mut State, tabs: Vec<Shown>, at: usize) {
    let one = |shown: Shown| {
        let place = Place {
            grouping: groups::first(&shown.view.kind),
            view: shown.view,
            filter: shown.filter,
            trouble: shown.trouble,
            column: 0,
            sort: shown.sort,
            cursor: shown.cursor,
            position: 0,
            top: 0,
            table: None,
            returns: false,
        };
        OtherTab { place, past: Vec::new(), ahead: Vec::new() }
    };
    let others: Vec<OtherTab> = tabs.into_iter().take(MOST - 1).map(one).collect();
    state.tabs = Tabs { at: at.min(others.len()), others };
}
