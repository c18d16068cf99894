//! Annotations of the object under the cursor, written as `kubectl annotate` has them: `NAME=VALUE`, or `NAME-` to take it away. Only ever asked for here,
//! bound to the very object that was meant.

use super::super::state::State;
use super::super::work::Effect;
use super::say;
use crate::cluster::gate::{Action, Verdict};
use crate::names::ObjectKey;
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Confirmed, Intent, Notice, Question, Step};

/// What is wanted, as it is shown when that is no annotation.
const WANTED: &str = ":annotate NAME=VALUE sets an annotation of the object under the cursor, :annotate NAME- takes it away";

/// A name and its value; none: it is taken away.
fn written(text: &str) -> Option<(String, Option<String>)> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim().to_owned())),
        None => (text.trim().strip_suffix('-')?, None),
    };
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    (!name.is_empty() && name.chars().all(known)).then(|| (name.to_owned(), value))
}

/// Asks before it is written.
pub fn annotate(state: &State, shared: &Shared, text: &str) -> Step<Effect> {
    let Some((name, value)) = written(text) else { return say(WANTED) };
    let Some(key) = state.row().filter(|_| !super::helm::is_meant(state)).map(crate::cluster::rows::Row::key) else {
        return say("there is no object under the cursor that could be annotated");
    };
    let type_name = match shared.gate.check(&Action::patch(&key)) {
        Verdict::Allowed => None,
        Verdict::TypeName(name) => Some(name),
        Verdict::Refused(problem) => return Step::intent(Intent::Notice(Notice::error(problem))),
    };
    let change = value.as_ref().map_or_else(|| format!("{name} is taken away"), |value| format!("{name}: {value}"));
    let body = vec![key.to_string(), change];
    Step::intent(Intent::Confirm(Question { verb: "Annotate".into(), body, type_name, then: Confirmed::Annotate { key, name, value } }))
}

/// The person said yes, and typed the name where the cluster is protected.
pub fn annotated(shared: &Shared, key: ObjectKey, name: String, value: Option<String>) -> Step<Effect> {
    let typed = match shared.gate.check(&Action::patch(&key)) {
        Verdict::TypeName(name) => Some(name),
        _ => None,
    };
    Step::effect(Effect::Annotate { key, name, value, typed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_set_or_taken_away() {
        assert_eq!(written("shop.meshplay/latency=40ms"), Some(("shop.meshplay/latency".into(), Some("40ms".into()))));
        assert_eq!(written("a = b=c d"), Some(("a".into(), Some("b=c d".into()))));
        assert_eq!((written("a="), written("a-")), (Some(("a".into(), Some(String::new()))), Some(("a".into(), None))));
        assert_eq!([written(""), written("a"), written("=b"), written("a b=c"), written("-")], [const { None }; 5]);
    }
}
