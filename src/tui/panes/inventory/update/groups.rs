//! Rows seen in groups: counting them, moving among them, opening one and going back.

use std::time::Duration;

use super::super::commands::{Command, Order};
use super::super::state::{Grouping, State};
use super::super::work::Effect;
use super::say;
use super::table::{filtered, target};
use crate::cluster::groups::{GroupOrder, choices, grouped};
use crate::cluster::views::Ask;
use crate::tui::flow::{At, Step};

/// More rows than these are not counted at every change.
const MANY: usize = 20_000;
/// But so often at most.
const COUNTED: Duration = Duration::from_millis(250);

/// What a view begins with.
pub(super) fn first(kind: &str) -> Option<Grouping> {
    let by = Ask::parse(kind)?.view.group?;
    Some(Grouping { by: by.to_owned(), ..Grouping::default() })
}

/// What commands do while groups are seen; none: what they always do.
pub(super) fn command(state: &mut State, command: &Command) -> Option<Step<Effect>> {
    let last = state.grouping.as_ref().filter(|grouping| grouping.open.is_none())?.groups.len().saturating_sub(1);
    let page = state.seen.page;
    let grouping = state.grouping.as_mut()?;
    match command {
        Command::Move(step) => {
            grouping.position = target(grouping.position, *step, page, last);
            grouping.held = true;
        }
        Command::Drill => return Some(open(state)),
        Command::Sort(Order::Status) => return Some(ordered(state, GroupOrder::Worst)),
        Command::Sort(Order::Name) => return Some(ordered(state, GroupOrder::Name)),
        Command::SortHere => return Some(ordered(state, GroupOrder::Count)),
        Command::Describe
        | Command::Yaml
        | Command::Events
        | Command::Mark
        | Command::Delete
        | Command::LoadTest
        | Command::CopyName
        | Command::CopyNamespace
        | Command::Follow => {
            return Some(say("these are groups: enter opens one"));
        }
        _ => return None,
    }
    Some(Step::redraw())
}

fn open(state: &mut State) -> Step<Effect> {
    let Some(grouping) = &mut state.grouping else { return Step::quiet() };
    let Some(group) = grouping.groups.get(grouping.position) else { return Step::quiet() };
    grouping.open = Some(group.value.clone());
    (state.position, state.top, state.cursor) = (0, 0, None);
    filtered(state)
}

/// From a group's rows back to the groups. None: groups are seen already, or none are wanted.
pub(super) fn close(state: &mut State) -> Option<Step<Effect>> {
    state.grouping.as_mut()?.open.take()?;
    state.top = 0;
    Some(filtered(state))
}

/// Back to rows, where the person wished for groups. None: the view is one of groups.
pub(super) fn leave(state: &mut State) -> Option<Step<Effect>> {
    let own = first(&state.view.kind).map(|grouping| grouping.by);
    let by = state.grouping.as_ref().map(|grouping| &grouping.by)?;
    if own.as_ref() == Some(by) {
        return None;
    }
    state.grouping = first(&state.view.kind);
    Some(filtered(state))
}

/// Sees the rows in groups by a column, or as rows.
pub(super) fn group(state: &mut State, by: Option<String>) -> Step<Effect> {
    if let Some(heading) = &by
        && !choices(state.table.columns()).contains(heading)
    {
        return say(&format!("there is no column {heading} here; v lists what there is"));
    }
    state.grouping = by.map(|by| Grouping { by, ..Grouping::default() });
    (state.position, state.top, state.cursor) = (0, 0, None);
    state.detail = None;
    state.in_detail = false;
    filtered(state)
}

fn ordered(state: &mut State, order: GroupOrder) -> Step<Effect> {
    if let Some(grouping) = &mut state.grouping {
        grouping.order = order;
    }
    count(state);
    Step::redraw()
}

/// Counts anew. A cursor that was put on a group stays on it.
pub(super) fn count(state: &mut State) {
    let Some(grouping) = &mut state.grouping else { return };
    grouping.due = None;
    if grouping.open.is_some() {
        return;
    }
    let groups = grouped(&state.table, &grouping.by, grouping.order).unwrap_or_default();
    let on = grouping.groups.get(grouping.position).filter(|_| grouping.held).map(|group| group.value.clone());
    let found = on.and_then(|value| groups.iter().position(|group| group.value == value));
    grouping.position = found.unwrap_or(grouping.position).min(groups.len().saturating_sub(1));
    grouping.groups = groups;
}

/// Rows have changed: few are counted at once, many after a moment.
pub(super) fn changed(state: &mut State, at: At) {
    if state.table.visible() <= MANY {
        return count(state);
    }
    if let Some(grouping) = &mut state.grouping {
        grouping.due.get_or_insert(at.mono + COUNTED);
    }
}

/// The group whose rows are seen, as a column and a word.
pub(super) fn opened(state: &State) -> Option<(String, String)> {
    let grouping = state.grouping.as_ref()?;
    Some((grouping.by.clone(), grouping.open.as_deref()?.to_owned()))
}
