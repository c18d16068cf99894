//! What is done to the objects under the cursor: only ever asked for here, bound to the very objects that were meant.

use super::super::state::State;
use super::super::work::Effect;
use super::say;
use crate::cluster::gate::{Action, Verdict};
use crate::cluster::rows::{Row, Uid};
use crate::names::{Gvk, ObjectKey};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Confirmed, Intent, Level, Notice, Question, Step};

/// Objects that a question names.
const NAMED: usize = 8;

pub(super) fn copy(state: &State, what: impl Fn(&Row) -> String) -> Step<Effect> {
    match state.row().map(what).filter(|text| !text.is_empty()) {
        Some(text) => Step::intent(Intent::Copy(text)),
        None => say("there is nothing to copy here"),
    }
}

/// A Service is resolved by the perf pane; a workload is meant by the Service of its name.
pub(super) fn load_test(state: &State, shared: &Shared) -> Step<Effect> {
    let Some(row) = state.row() else { return Step::quiet() };
    let load = Action { verb: "load", cluster: Some(row.cluster.clone()), target: row.key().to_string() };
    if let Verdict::Refused(problem) = shared.gate.check(&load) {
        return Step::intent(Intent::Notice(Notice::error(problem)));
    }
    match row.gvk.kind.as_ref() {
        "Service" => Step::intent(Intent::LoadTest(row.key())),
        "Deployment" | "StatefulSet" | "DaemonSet" | "Pod" => {
            let name = if &*row.gvk.kind == "Pod" { service_of(row) } else { row.name.to_string() };
            Step::intent(Intent::LoadTest(ObjectKey { gvk: Gvk::new("", "v1", "Service").into(), name: name.into(), uid: "".into(), ..row.key() }))
        }
        kind => say(&format!("a {kind} answers no HTTP; load tests run on Services and workloads, or on any address with :load URL")),
    }
}

/// Kinds that have containers, or select pods that do.
pub(super) fn logged(kind: &str) -> bool {
    const KINDS: [&str; 8] = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Service"];
    KINDS.contains(&kind)
}

/// The logs of what is marked, else of what is under the cursor.
pub(super) fn logs(state: &State, previous: bool) -> Step<Effect> {
    let keys: Vec<ObjectKey> = state.chosen().into_iter().filter(|key| logged(&key.gvk.kind)).collect();
    match (keys.is_empty(), state.row()) {
        (false, _) => Step::intent(Intent::Logs(keys, previous)),
        (true, Some(row)) => say(&format!("a {} has no containers; logs are those of pods and of what selects pods", row.gvk.kind)),
        (true, None) => Step::quiet(),
    }
}

pub(super) fn service_of(pod: &Row) -> String {
    let label = |name: &str| pod.labels.iter().find_map(|label| label.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
    label("app").or_else(|| label("app.kubernetes.io/name")).unwrap_or_else(|| pod.name.to_string())
}

pub(super) fn delete(state: &State, shared: &Shared) -> Step<Effect> {
    if super::helm::is_meant(state) {
        return say(super::helm::UNINSTALLS);
    }
    let keys = state.chosen();
    let hidden = state.marks.len().saturating_sub(keys.len());
    let Some(first) = keys.first() else {
        return if hidden > 0 { say("what is marked is hidden by the filter; nothing was done") } else { Step::quiet() };
    };
    let mut type_name = None;
    for key in &keys {
        match shared.gate.check(&Action::delete(key)) {
            Verdict::Allowed => {}
            Verdict::TypeName(name) if type_name.as_ref().is_some_and(|other| *other != name) => {
                return say("what is marked lies in several protected contexts; delete it in one after the other");
            }
            Verdict::TypeName(name) => type_name = Some(name),
            Verdict::Refused(problem) => return Step::intent(Intent::Notice(Notice { level: Level::Error, problem })),
        }
    }
    let mut body = match keys.len() {
        1 => vec![format!("{first}")],
        count => std::iter::once(format!("{count} objects:")).chain(keys.iter().take(NAMED).map(ToString::to_string)).collect(),
    };
    if keys.len() > NAMED {
        body.push(format!("and {} more", keys.len() - NAMED));
    }
    if !state.marks.is_empty() && hidden > 0 {
        body.push(format!("{hidden} more marked: hidden by the filter, left alone"));
    }
    Step::intent(Intent::Confirm(Question { verb: "Delete".into(), body, type_name, then: Confirmed::Delete(keys) }))
}

/// The person said yes.
pub fn confirmed(state: &mut State, keys: Vec<ObjectKey>) -> Step<Effect> {
    for key in &keys {
        state.marks.remove(&(key.cluster.clone(), Uid::parse(&key.uid)));
    }
    state.deleting += keys.len();
    keys.into_iter().fold(Step::redraw(), |step, key| step.and(Effect::Delete { key }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::filter;
    use super::super::table::{mark, rows};
    use super::*;
    use crate::cluster::rows::{Delta, RowState};
    use crate::names::ClusterId;
    use crate::tui::flow::At;

    fn row(uid: u128, name: &str) -> Row {
        Row {
            uid: Uid(uid),
            cluster: ClusterId::new("lab"),
            gvk: Arc::new(Gvk::new("", "v1", "Pod")),
            namespace: Some("shop".into()),
            name: name.into(),
            created: 0,
            state: RowState::Fine,
            cells: Box::new([]),
            labels: Arc::new([]),
            owner: None,
        }
    }

    /// Two pods, both marked.
    fn marked() -> State {
        let mut state = State::default();
        state.table.apply(&ClusterId::new("lab"), Delta { upserts: vec![row(1, "web"), row(2, "cart")], ..Delta::default() });
        _ = mark(&mut state);
        _ = mark(&mut state);
        state
    }

    fn asked(step: &Step<Effect>) -> &Question {
        match &step.intents[..] {
            [Intent::Confirm(question)] => question,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_filter_hides_is_left_alone_and_keeps_its_mark() {
        let mut state = marked();
        _ = filter(&mut state, "web").unwrap();
        let step = delete(&state, &Shared::default());
        let question = asked(&step);
        assert!(question.body.iter().any(|line| line.contains("1 more marked")), "{:?}", question.body);
        let Confirmed::Delete(keys) = question.then.clone() else { panic!() };
        _ = confirmed(&mut state, keys);
        assert_eq!(state.marks.iter().map(|(_, uid)| *uid).collect::<Vec<_>>(), [Uid(2)]);
        let step = delete(&state, &Shared::default());
        assert!(matches!(&step.intents[..], [Intent::Notice(_)]), "{step:?}");
    }

    #[test]
    fn an_object_that_is_gone_is_no_longer_marked() {
        let mut state = marked();
        _ = rows(&mut state, At::default(), &ClusterId::new("lab"), Delta { removed: vec![Uid(1)], ..Delta::default() });
        assert_eq!(state.marks.len(), 1);
    }

    #[test]
    fn a_read_only_session_offers_no_load_test() {
        let shared = Shared { gate: crate::cluster::gate::Gate::new(true, vec![], None), ..Shared::default() };
        let step = load_test(&marked(), &shared);
        assert!(matches!(&step.intents[..], [Intent::Notice(Notice { level: Level::Error, .. })]), "{step:?}");
    }
}
