//! Where the person is, so that the next start (after a dropped connection too) is there again: noted when it changes, handed out seldom, taken up at the
//! beginning.

use std::time::Duration;

use super::memory::Left;
use super::model::{Effect, Guide, Model};
use super::update::{Wanted, go, remember};
use crate::tui::flow::{At, PaneId, Step};
use crate::tui::panes::inventory;

/// What changes is handed out no oftener than this; the end hands out the last.
const SELDOM: Duration = Duration::from_secs(3);

/// What is known of earlier places, and when the next one is handed out.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// One for every set of contexts, the newest last.
    pub left: Vec<Left>,
    /// When a change is handed out.
    pub due: Option<Duration>,
}

/// The place now; none where nothing is open.
pub fn here(model: &Model) -> Option<Left> {
    if model.shared.open.is_empty() {
        return None;
    }
    let state = &model.inventory;
    let cursor = state.row().filter(|_| state.cursor.is_some()).map(crate::cluster::rows::Row::key);
    let (tabs, tab) = inventory::update::kept_tabs(state);
    Some(Left {
        contexts: Left::set(&model.shared.open),
        // Logs that are left are closed: they are come back to by the object they are of.
        pane: if model.pane == PaneId::Logs { PaneId::Inventory } else { model.pane },
        view: state.view.clone(),
        filter: state.filter.clone(),
        trouble: state.trouble,
        sort: state.table.sort(),
        cursor: cursor.or_else(|| state.seek.clone()),
        tabs,
        tab,
    })
}

/// All places, the one now among them.
pub fn all(model: &Model) -> Vec<Left> {
    let mut places = model.places.left.clone();
    if let Some(here) = here(model) {
        here.keep(&mut places);
    }
    places
}

/// The person did something: a place that is another one now is due to be kept.
pub fn note(model: &mut Model, at: At) {
    if model.places.due.is_none() && here(model).as_ref() != model.places.left.last() {
        model.places.due = Some(at.mono + SELDOM);
    }
}

/// What is to be kept at this moment.
pub fn due(model: &mut Model, at: At) -> Wanted {
    if model.places.due.is_none_or(|due| due > at.mono) {
        return Step::quiet();
    }
    Step { effects: vec![last(model)], ..Step::quiet() }
}

/// Everything that is to be kept, now.
pub fn last(model: &mut Model) -> Effect {
    model.places = Places { left: all(model), due: None };
    remember(model)
}

/// Goes to where the person was with the contexts that are open now. Whoever is new is shown around instead.
pub fn restore(model: &mut Model, at: At) -> Wanted {
    let set = Left::set(&model.shared.open);
    let Some(left) = model.places.left.iter().find(|place| place.contexts == set).cloned().filter(|_| !matches!(model.guide, Guide::Waits(_))) else {
        return Step::quiet();
    };
    inventory::update::reopen(&mut model.inventory, left.tabs, left.tab);
    inventory::update::resume(&mut model.inventory, left.view, &left.filter, left.trouble, left.sort, left.cursor);
    if left.pane == PaneId::Inventory { Step::redraw() } else { go(model, at, left.pane) }
}
