//! Changes mark themselves: a row that came or changed is marked for some seconds, and one that goes stays a moment with a mark that says so.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::state::{News, State};
use super::groups;
use super::table::{seat, seat_of};
use crate::cluster::helm;
use crate::cluster::rows::{Cell, Delta, Phase, Row, Uid};
use crate::names::ClusterId;
use crate::tui::flow::At;
use crate::tui::widgets::table::Change;

/// How long a mark is seen.
const SEEN: Duration = Duration::from_secs(5);

/// How long a row stays whose object is gone.
const STAYS: Duration = Duration::from_secs(3);

/// Where more rows than these came and changed lately, no mark tells anything.
const MOST: usize = 2_048;

/// Notes what a delta is about to do to the table, and keeps rows back that go before somebody's eyes. Lists are no news, and what a list found
/// unchanged neither.
pub(super) fn note(state: &mut State, at: At, cluster: &ClusterId, delta: &mut Delta) {
    let known = state.table.phases().iter().any(|(id, phase)| id == cluster && *phase == Phase::Synced);
    if !known || delta.first || delta.reset {
        return;
    }
    let until = at.mono + SEEN;
    for row in &delta.upserts {
        state.news.leaving.retain(|(seat, _)| *seat != seat_of(row));
        if state.news.flood.is_some_and(|until| until > at.mono) {
            continue;
        }
        let Some(change) = change(state.table.find(cluster, row.uid), row) else { continue };
        let noted = state.news.lately.entry(seat_of(row)).or_insert((change, until));
        // What has just come is still new while it settles.
        if noted.0 != Change::Added || noted.1 <= at.mono {
            *noted = (change, until);
        }
    }
    if state.news.lately.len() > MOST {
        state.news.lately.clear();
        state.news.flood = Some(until);
    }
    let mut removed = std::mem::take(&mut delta.removed);
    removed.retain(|uid| {
        let stays = is_seen(state, cluster, *uid);
        if stays {
            state.news.leaving.push(((cluster.clone(), *uid), at.mono + STAYS));
        }
        !stays
    });
    delta.removed = removed;
}

/// Cells of a Helm release that its labels tell. The others are read behind them, and that they have been read is no news.
const LABELLED: usize = 2;

/// What is new of a row; none: nothing that is seen. What is in use changes all the time.
fn change(before: Option<&Row>, row: &Row) -> Option<Change> {
    let Some(before) = before else { return Some(Change::Added) };
    let gauge = |cell: &Cell| matches!(cell, Cell::Gauge(_));
    let other = |(a, b): (&Cell, &Cell)| a != b && !gauge(a) && !gauge(b);
    let release = helm::is(&row.gvk);
    let told = if release { LABELLED } else { row.cells.len() };
    // What fails while it is read says nothing of the release either.
    let differs = !release && before.state != row.state || before.cells.iter().zip(&row.cells).take(told).any(other);
    differs.then_some(Change::Changed)
}

/// The row is on the screen. What is followed goes at once: its successor is looked for.
fn is_seen(state: &State, cluster: &ClusterId, uid: Uid) -> bool {
    let followed = state.followed.as_ref().is_some_and(|followed| followed.seat.0 == *cluster && followed.seat.1 == uid);
    let page = state.top..state.top + state.seen.page;
    !followed && !state.lists_groups() && state.table.position(cluster, uid).is_some_and(|position| page.contains(&position))
}

/// Marks end, and rows go.
pub(super) fn pass(state: &mut State, at: At) {
    state.news.lately.retain(|_, (_, until)| *until > at.mono);
    let mut due: BTreeMap<ClusterId, Vec<Uid>> = BTreeMap::new();
    state.news.leaving.retain(|((cluster, uid), until)| {
        if *until <= at.mono {
            due.entry(cluster.clone()).or_default().push(*uid);
        }
        *until > at.mono
    });
    if due.is_empty() {
        return;
    }
    let before = state.position;
    for (cluster, removed) in due {
        state.table.apply(&cluster, Delta { removed, ..Delta::default() });
    }
    groups::changed(state, at);
    seat(state, Some(before));
}

/// When [`pass`] has something to do next that is seen.
pub(super) fn next(state: &State) -> Option<Duration> {
    let News { lately, leaving, .. } = &state.news;
    let goes = leaving.iter().map(|(_, until)| *until).min();
    if lately.is_empty() || state.lists_groups() {
        return goes;
    }
    let page = (state.top..state.top + state.seen.page).filter_map(|at| state.table.row(at));
    page.filter_map(|row| lately.get(&seat_of(row))).map(|(_, until)| *until).chain(goes).min()
}
