//! What permutations that were cut off left changed: told where load tests are, and put back by one key, the oldest first.

use super::super::state::State;
use super::super::work::Effect;
use crate::cluster::gate::{Action, Gate, Verdict};
use crate::names::Problem;
use crate::perf::permute::journal::Entry;
use crate::text::sanitise;
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Confirmed, Intent, Notice, Question, Step};

/// Asks before the oldest is put back.
pub(super) fn ask(state: &State, shared: &Shared) -> Step<Effect> {
    let Some(entry) = state.left.first() else { return Step::intent(Intent::Notice(Notice::info("nothing was left changed"))) };
    let type_name = match verdict(&shared.gate, entry) {
        Verdict::Allowed => None,
        Verdict::TypeName(name) => Some(name),
        Verdict::Refused(problem) => return Step::intent(Intent::Notice(Notice::error(problem))),
    };
    let since = entry.since.strftime("%Y-%m-%d %H:%M:%SZ");
    let body = vec![
        entry.key.to_string(),
        format!("changed by the permutations {} at {since}, which were cut off", sanitise(&entry.matrix)),
        format!("merge patch {}", sanitise(&entry.undo.to_string())),
    ];
    Step::intent(Intent::Confirm(Question { verb: "Put back".into(), body, type_name, then: Confirmed::PutBack }))
}

fn verdict(gate: &Gate, entry: &Entry) -> Verdict {
    gate.check(&Action::patch(&entry.key))
}

/// The person said yes, and typed the name where the cluster is protected.
pub fn put_back(state: &State, shared: &Shared) -> Step<Effect> {
    let Some(entry) = state.left.first() else { return Step::quiet() };
    let typed = match verdict(&shared.gate, entry) {
        Verdict::TypeName(name) => Some(name),
        _ => None,
    };
    Step::effect(Effect::Recover { key: entry.key.clone(), typed })
}

/// Takes in what is left, and says what became of one of them.
pub(super) fn left(state: &mut State, entries: Vec<Entry>, put_back: Option<String>, problem: Option<Problem>) -> Step<Effect> {
    state.left = entries;
    let told = put_back.map(|key| Notice::info(format!("{key} is as it was"))).into_iter().chain(problem.map(Notice::error));
    told.fold(Step::redraw(), |step, notice| step.then(Step::intent(Intent::Notice(notice))))
}
