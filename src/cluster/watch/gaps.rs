//! Parts of a view that a server does not show: told beside the rows, so that one kind of thirty that may not be read leaves the others as they are.

use std::sync::Arc;

use super::super::kinds::Kind;
use super::super::rows::{Gap, Phase};
use super::Pending;
use crate::names::Gvk;

const FORBIDDEN: &str = "cluster.forbidden";

/// What a part of a view is.
pub(super) struct Spot {
    gvk: Arc<Gvk>,
    plural: Arc<str>,
    namespace: Option<Arc<str>>,
}

impl Spot {
    pub(super) fn of(kind: &Kind, namespace: Option<&str>) -> Self {
        Self { gvk: kind.gvk.clone(), plural: kind.plural.as_str().into(), namespace: namespace.map(Into::into) }
    }
}

/// The server answers, and does not show this part.
pub(super) fn refuses(phase: &Phase) -> bool {
    matches!(phase, Phase::Stale { problem, .. } if matches!(problem.code, FORBIDDEN | "cluster.not-found"))
}

impl Pending {
    /// Not every part is refused. Where all are, there is no view.
    pub(super) fn shows_some(&self) -> bool {
        // Behind the parts may stand what is read closer of them.
        self.phases.iter().take(self.spots.len().max(1)).any(|phase| !phase.as_ref().is_some_and(refuses))
    }

    /// The parts that are not shown, where that is something else than was said last.
    pub(super) fn new_gaps(&mut self) -> Option<Arc<[Gap]>> {
        let gap = |(phase, spot): (&Option<Phase>, &Spot)| match phase {
            Some(phase @ Phase::Stale { problem, .. }) if refuses(phase) => {
                let Spot { gvk, plural, namespace } = spot;
                let forbidden = problem.code == FORBIDDEN;
                Some(Gap { gvk: gvk.clone(), plural: plural.clone(), namespace: namespace.clone(), forbidden, problem: problem.clone() })
            }
            _ => None,
        };
        let gaps: Arc<[Gap]> = if self.shows_some() { self.phases.iter().zip(&self.spots).filter_map(gap).collect() } else { Arc::default() };
        (gaps != self.gaps).then(|| {
            self.gaps = gaps.clone();
            gaps
        })
    }
}
