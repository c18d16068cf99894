//! What an object uses and what uses it: asked for while its tab is seen, a cursor over it, and the way to whatever stands under that.

use super::super::state::{Body, Detail, Related, State, Tab};
use super::super::work::Effect;
use super::drill::jump;
use super::say;
use crate::survey::world::{Relation, There};
use crate::tui::app::shared::Shared;
use crate::tui::flow::Step;
use crate::tui::widgets::paint::scroll;

/// Begins to look at the object of the detail.
pub(super) fn begin(state: &mut State) -> Step<Effect> {
    let Some(detail) = &mut state.detail else { return Step::quiet() };
    // It is looked at live: nothing has to be asked again, unless it could not be read.
    if detail.related.job.is_some() && !matches!(detail.body, Body::Failed(_)) {
        detail.body = Body::Uses;
        return Step::redraw();
    }
    state.jobs += 1;
    detail.job = Some(state.jobs);
    detail.related = Related { job: detail.job, ..Related::default() };
    Step::effect(Effect::Relate { job: state.jobs, key: Some(detail.key.clone()) })
}

/// Looks no longer, unless the tab is still seen.
pub(super) fn end(state: &mut State) -> Step<Effect> {
    match &mut state.detail {
        Some(detail) if detail.related.job.is_some() => {
            detail.related = Related::default();
            Step::effect(Effect::Relate { job: 0, key: None })
        }
        _ => Step::redraw(),
    }
}

pub(super) fn related(state: &mut State, job: u64, lines: Vec<Relation>, unknown: Vec<(String, String)>, complete: bool) -> Step<Effect> {
    let page = state.seen.detail_page;
    let Some(detail) = state.detail.as_mut().filter(|detail| detail.related.job == Some(job) && detail.tab == Tab::Uses) else {
        return Step::quiet();
    };
    (detail.job, detail.body) = (None, Body::Uses);
    if (&detail.related.lines, &detail.related.unknown, detail.related.complete) == (&lines, &unknown, complete) {
        return Step::quiet();
    }
    // The cursor stays on its line while others come before it; at the top it stays until it is moved.
    let held = detail.related.lines.get(detail.related.position).filter(|_| detail.related.position > 0);
    let same = |one: &Relation, other: &Relation| one.other == other.other && one.verb == other.verb;
    let position = held.and_then(|held| lines.iter().position(|line| same(line, held))).unwrap_or(detail.related.position);
    let position = position.min(lines.len().saturating_sub(1));
    (detail.related.lines, detail.related.unknown, detail.related.complete) = (lines, unknown, complete);
    point(detail, position, page);
    Step::redraw()
}

/// Puts the cursor on a line; it is seen.
pub(super) fn point(detail: &mut Detail, position: usize, page: usize) {
    detail.related.position = position.min(detail.related.lines.len().saturating_sub(1));
    detail.top = scroll(detail.top, detail.related.position, page, detail.related.lines.len());
}

/// Goes to the object under the cursor.
pub(super) fn follow(state: &mut State, shared: &Shared) -> Step<Effect> {
    match (refusal(state), chosen(state).map(|relation| relation.other.clone())) {
        (None, Some(key)) => jump(state, shared, key),
        (why, _) => why.map_or_else(Step::quiet, |why| say(&why)),
    }
}

fn chosen(state: &State) -> Option<&Relation> {
    let detail = state.detail.as_ref().filter(|detail| detail.tab == Tab::Uses)?;
    detail.related.lines.get(detail.related.position)
}

/// Why there is nowhere to go; none: there is.
pub(super) fn refusal(state: &State) -> Option<String> {
    match chosen(state) {
        None => Some("there is nothing to go to here; u lists what it uses".into()),
        Some(Relation { there: There::Missing | There::Optional, other, .. }) => Some(format!("{} {} is not there", other.gvk.kind, other.name)),
        Some(_) => None,
    }
}
