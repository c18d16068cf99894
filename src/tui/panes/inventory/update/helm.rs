//! What is asked of Helm releases: their values; and what cannot be asked, because a release is no object of its cluster.

use super::super::state::{State, Tab};
use super::super::work::Effect;
use super::detail::open;
use super::say;
use crate::cluster::helm;
use crate::tui::flow::{At, Step};

pub(super) const ONLY_RELEASES: &str = "only Helm releases have values; :helm lists them";
pub(super) const NOTHING_AROUND: &str = "a release is no object: its events and uses are those of what it is made of";
pub(super) const UNINSTALLS: &str = "a release is more than one object: `helm uninstall` takes it away; Y has the line";

/// What is looked at, or under the cursor, is a release or one of its revisions.
pub(super) fn is_meant(state: &State) -> bool {
    let looked_at = state.detail.as_ref().map(|detail| &detail.key.gvk);
    looked_at.or_else(|| state.row().map(|row| &row.gvk)).is_some_and(|gvk| helm::is(gvk))
}

pub(super) fn values(state: &mut State, at: At) -> Step<Effect> {
    if is_meant(state) { open(state, at, Tab::Values, true) } else { say(ONLY_RELEASES) }
}
