//! Kinds that a server does not show: named in line 2, and explained where there is no row at all.

use super::super::state::State;
use crate::cluster::rows::{Gap, Row};
use crate::tui::theme::Role;
use crate::tui::widgets::bar::Segment;
use crate::tui::widgets::lines::Spans;

/// Parts of one cluster that are named one by one.
const NAMED: usize = 3;

/// `configmaps, secrets forbidden in lab`, one a cluster and reason.
pub(super) fn crumbs(state: &State) -> Vec<Segment> {
    let mut segments = Vec::new();
    for (cluster, gaps) in state.table.gaps() {
        let mut words: Vec<&str> = gaps.iter().map(Gap::word).collect();
        words.sort_unstable();
        words.dedup();
        for word in words {
            let parts: Vec<String> = gaps.iter().filter(|gap| gap.word() == word).map(name).collect();
            let parts = if parts.len() > NAMED { format!("{} kinds", parts.len()) } else { parts.join(", ") };
            segments.push(Segment::new(format!("{parts} {word} in {cluster}"), Role::StatusUnknown, 1));
        }
    }
    segments
}

/// `configmaps`, or `configmaps of shop` where it may be read elsewhere.
fn name(gap: &Gap) -> String {
    gap.namespace.as_ref().map_or_else(|| gap.plural.to_string(), |namespace| format!("{} of {namespace}", gap.plural))
}

/// What is said about them where there are no rows: each reason once.
pub(super) fn told(state: &State) -> Vec<Spans> {
    let mut seen: Vec<&str> = Vec::new();
    let gaps = state.table.gaps().iter().flat_map(|(_, gaps)| gaps.iter());
    gaps.filter(|gap| {
        let new = !seen.contains(&gap.problem.why.as_str());
        seen.push(&gap.problem.why);
        new
    })
    .flat_map(|gap| super::told(&gap.problem))
    .collect()
}

/// Nothing new is heard of the row, because its kind may not be read any more.
pub(super) fn hides(state: &State, row: &Row) -> bool {
    state.table.gaps().iter().any(|(cluster, gaps)| *cluster == row.cluster && gaps.iter().any(|gap| gap.holds(row)))
}
