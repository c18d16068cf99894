//! The object looked at closely: opening it, reading it, moving in it.

use std::time::Duration;

use super::super::commands::Move;
use super::super::state::{Body, Detail, Heard, Related, State, Tab};
use super::super::work::Effect;
use super::table::target;
use super::{redraw, say, told, uses};
use crate::cluster::events::EventLine;
use crate::cluster::rows::{Phase, Row, RowState};
use crate::names::ObjectKey;
use crate::tui::flow::{At, GuideStep, Intent, Step};

/// How long the cursor rests before an object is fetched.
const REST: Duration = Duration::from_millis(150);

/// The same where the line to the terminal is slow.
const REST_SLOW: Duration = Duration::from_millis(300);

/// How often a changing object is fetched again at most.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// The next region: table, detail beside it, and back.
pub fn next_region(state: &mut State, at: At) -> Step<Effect> {
    match &state.detail {
        None => open(state, at, Tab::Summary, false),
        Some(_) => redraw(state, |state| state.in_detail = !state.in_detail || state.detail.as_ref().is_some_and(|detail| detail.full)),
    }
}

/// The detail takes the whole body, or shares it.
pub fn zoom(state: &mut State, at: At) -> Step<Effect> {
    match &mut state.detail {
        None => open(state, at, Tab::Summary, true),
        Some(detail) => {
            detail.full = !detail.full;
            state.in_detail = detail.full;
            Step::redraw()
        }
    }
}

/// An open detail goes with the cursor, once it rests.
pub(super) fn follow(state: &mut State, at: At) -> Step<Effect> {
    let key = state.row().map(Row::key);
    let rest = if state.slow { REST_SLOW } else { REST };
    if let (Some(detail), Some(key)) = (&mut state.detail, key)
        && detail.key != key
        && detail.tab != Tab::Difference
    {
        detail.key = key;
        detail.body = Body::Waiting;
        detail.top = 0;
        detail.job = None;
        detail.related = Related::default();
        detail.heard = Heard::default();
        (detail.document, detail.revealed, detail.picked) = (None, None, 0);
        detail.due = Some(at.mono + rest);
    }
    Step::redraw()
}

/// `d`: full screen, or the tab of an open detail. Describing what fails is a step of the guide.
pub(super) fn described(state: &mut State, at: At) -> Step<Effect> {
    let failing = state.row().is_some_and(|row| row.state == RowState::Bad);
    let step = open(state, at, Tab::Summary, true);
    if failing { step.then(Step::intent(Intent::Guide(GuideStep::Described))) } else { step }
}

pub(super) fn open(state: &mut State, at: At, tab: Tab, full: bool) -> Step<Effect> {
    if let Some(detail) = &mut state.detail {
        if detail.tab != tab {
            detail.tab = tab;
            detail.top = 0;
            detail.body = Body::Waiting;
            (detail.document, detail.revealed, detail.picked, detail.whole) = (None, None, 0, false);
        }
        let ends = uses::end(state);
        return ends.then(inspect(state));
    }
    let Some(key) = state.row().map(Row::key) else { return Step::quiet() };
    if let Some(why) = told::no_object(&key.gvk) {
        return say(&why);
    }
    state.detail = Some(Detail {
        key,
        tab,
        full,
        wrap: !matches!(tab, Tab::Yaml | Tab::Values | Tab::Difference),
        top: 0,
        find: String::new(),
        body: Body::Waiting,
        due: Some(at.mono),
        job: None,
        heard: Heard::default(),
        related: Related::default(),
        document: None,
        whole: false,
        against: None,
        picked: 0,
        revealed: None,
    });
    state.in_detail = full;
    inspect(state)
}

pub(super) fn inspect(state: &mut State) -> Step<Effect> {
    let Some(detail) = &mut state.detail else { return Step::quiet() };
    detail.due = None;
    if detail.tab == Tab::Uses {
        return uses::begin(state);
    }
    if detail.tab == Tab::Events {
        detail.body = Body::Events;
        // A summary listens to what belongs to the object as well.
        let listens = detail.heard.about.first().is_some_and(|first| same(first, &detail.key));
        let about = vec![detail.key.clone()];
        return if listens { Step::redraw() } else { listen(state, about) };
    }
    state.jobs += 1;
    detail.job = Some(state.jobs);
    let against = detail.against.clone().filter(|_| detail.tab == Tab::Difference);
    Step::effect(Effect::Inspect { job: state.jobs, key: detail.key.clone(), tab: detail.tab, whole: detail.whole, against })
}

/// The same object; its uid may be told otherwise where events are meant.
fn same(one: &ObjectKey, other: &ObjectKey) -> bool {
    ObjectKey { uid: other.uid.clone(), ..one.clone() } == *other
}

/// Hears what is said about these from now on, while the detail is open.
fn listen(state: &mut State, about: Vec<ObjectKey>) -> Step<Effect> {
    let Some(detail) = &mut state.detail else { return Step::quiet() };
    if detail.heard.about == about {
        return Step::redraw();
    }
    state.jobs += 1;
    detail.heard = Heard { about: about.clone(), job: state.jobs, ..Heard::default() };
    Step::effect(Effect::Listen { job: state.jobs, about })
}

/// Closes the detail; nobody listens any more.
pub(super) fn close(state: &mut State) -> Step<Effect> {
    state.in_detail = false;
    let ends = uses::end(state);
    ends.then(match state.detail.take() {
        Some(detail) if !detail.heard.about.is_empty() => Step::effect(Effect::Listen { job: 0, about: Vec::new() }),
        _ => Step::redraw(),
    })
}

pub(super) fn heard(state: &mut State, job: u64, lines: Vec<EventLine>, phase: Phase) -> Step<Effect> {
    let Some(heard) = state.detail.as_mut().map(|detail| &mut detail.heard).filter(|heard| heard.job == job) else { return Step::quiet() };
    heard.lines = lines;
    heard.phase = Some(phase);
    Step::redraw()
}

pub(super) fn inspected(state: &mut State, job: u64, body: Body) -> Step<Effect> {
    let Some(detail) = state.detail.as_mut().filter(|detail| detail.job == Some(job)) else { return Step::quiet() };
    detail.job = None;
    if detail.body == body {
        return Step::quiet();
    }
    let about = if let Body::Summary(description) = &body { description.about.clone() } else { Vec::new() };
    super::reading::read(detail, &body);
    detail.body = body;
    if about.is_empty() { Step::redraw() } else { listen(state, about) }
}

pub(super) fn scroll(state: &mut State, step: Move) -> Step<Effect> {
    if let Some(gone) = super::reading::go(state, step) {
        return gone;
    }
    let (page, rows) = (state.seen.detail_page, state.seen.detail_rows);
    let last = rows.saturating_sub(page);
    if let Some(detail) = &mut state.detail {
        if detail.tab == Tab::Uses {
            let position = target(detail.related.position, step, page, rows.saturating_sub(1));
            uses::point(detail, position, page);
        } else {
            detail.top = target(detail.top.min(last), step, page, last);
        }
    }
    Step::redraw()
}

pub(super) fn next_match(state: &mut State, forward: bool) -> Step<Effect> {
    if let Some(gone) = super::reading::next(state, forward) {
        return gone;
    }
    let Some(detail) = &mut state.detail else { return Step::quiet() };
    if detail.find.is_empty() {
        return say("/ searches here; then n and N go from match to match");
    }
    let matches = &state.seen.matches;
    let here = if detail.tab == Tab::Uses { detail.related.position } else { detail.top };
    let next = if forward {
        matches.iter().find(|row| **row > here).or(matches.first())
    } else {
        matches.iter().rev().find(|row| **row < here).or(matches.last())
    };
    match next {
        Some(row) if detail.tab == Tab::Uses => {
            uses::point(detail, *row, state.seen.detail_page);
            Step::redraw()
        }
        Some(row) => {
            detail.top = *row;
            Step::redraw()
        }
        None => {
            let what = format!("{} is not in here", detail.find);
            say(&what)
        }
    }
}
