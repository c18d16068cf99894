//! Following one object: the cursor and an open detail stay on it, and go on to its successor when it is replaced.

use super::super::state::{Followed, State};
use super::super::work::Effect;
use super::detail::follow as detail_follows;
use super::say;
use super::table::seat_of;
use crate::cluster::rows::{Row, Uid};
use crate::tui::flow::{At, Intent, Notice, Step};

/// Begins to follow the object under the cursor, or stops.
pub(super) fn follow(state: &mut State) -> Step<Effect> {
    if let Some(followed) = state.followed.take() {
        return say(&format!("{} is no longer followed", followed.name));
    }
    let Some(row) = state.row() else { return say("no row is chosen") };
    let (name, seat) = (row.name.to_string(), seat_of(row));
    let followed = Followed { name: name.clone(), seat: seat.clone(), owner: row.owner, family: family(row), created: row.created, lost: false };
    state.cursor = Some(seat);
    state.followed = Some(followed);
    say(&format!("following {name}, and what comes after it"))
}

/// Rows have changed: is the object gone, the cursor goes to what replaced it as soon as that is there.
pub(super) fn keep(state: &mut State, at: At) -> Step<Effect> {
    let Some(followed) = &state.followed else { return Step::quiet() };
    if state.table.rows().any(|row| seat_of(row) == followed.seat) {
        return Step::quiet();
    }
    let successor = state.table.rows().filter(|row| followed.is_family(row)).max_by_key(|row| (row.created, row.uid)).cloned();
    let (old, waited) = (followed.name.clone(), followed.lost);
    let Some(row) = successor else {
        if let Some(followed) = &mut state.followed {
            followed.lost = true;
        }
        return if waited { Step::quiet() } else { say(&format!("{old} is gone; its successor is waited for")) };
    };
    state.followed =
        Some(Followed { name: row.name.to_string(), seat: seat_of(&row), owner: row.owner, family: family(&row), created: row.created, lost: false });
    state.cursor = Some(seat_of(&row));
    state.position = state.table.position(&row.cluster, row.uid).unwrap_or(state.position);
    let notice = Intent::Notice(Notice::info(format!("{old} is gone; following {}", row.name)));
    detail_follows(state, at).then(Step::intent(notice))
}

impl Followed {
    fn is_family(&self, row: &Row) -> bool {
        let same = |owner: Option<Uid>| owner.is_some() && row.owner == owner;
        // Its neighbours were there before it: what is younger took its place.
        let younger = row.created > self.created || row.name.as_ref() == self.name;
        younger && row.cluster == self.seat.0 && (same(self.owner) || row.owner.is_some() && self.family.is_some() && family(row) == self.family)
    }
}

/// What the pods of one workload have in common through all its replica sets: their namespace, and their name without the set's hash and their own.
fn family(row: &Row) -> Option<String> {
    let hash = row.labels.iter().find_map(|label| label.strip_prefix("pod-template-hash="))?;
    let (workload, _) = row.name.split_once(&format!("-{hash}"))?;
    Some(format!("{}/{workload}", row.namespace.as_deref().unwrap_or_default()))
}
