//! How describers read an object: texts are sanitised here and nowhere later, what is not there reads as nothing.

use serde_json::Value;

use super::{Fact, Said, Section};
use crate::cluster::rows::RowState;
use crate::text::sanitise;

/// A value as a person reads it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => sanitise(text).into_owned(),
        Value::Null => String::new(),
        other => sanitise(&other.to_string()).into_owned(),
    }
}

/// The value at a JSON pointer; empty when there is none.
pub(in crate::cluster) fn at(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).map(text).unwrap_or_default()
}

/// The whole number there.
pub(super) fn whole(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// The count there; where nothing is said there are none.
pub(super) fn count(object: &Value, pointer: &str) -> i64 {
    whole(object, pointer).unwrap_or(0)
}

/// It is said there, and it is so.
pub(super) fn is(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool) == Some(true)
}

/// The moment there, unix seconds.
pub(super) fn moment(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_str)?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// The elements of the list there.
pub(in crate::cluster) fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// The entries of the map there, in the order of their names.
pub(super) fn pairs(object: &Value, pointer: &str) -> Vec<(String, String)> {
    let map = object.pointer(pointer).and_then(Value::as_object);
    let mut pairs: Vec<(String, String)> = map.into_iter().flatten().map(|(key, value)| (sanitise(key).into_owned(), text(value))).collect();
    pairs.sort();
    pairs
}

/// `cpu 100m, memory 128Mi`.
pub(super) fn paired(object: &Value, pointer: &str, between: &str) -> String {
    joined(pairs(object, pointer).into_iter().map(|(key, value)| format!("{key}{between}{value}")))
}

/// The texts with commas between them.
pub(super) fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// The list there with commas between its values.
pub(super) fn listed(object: &Value, pointer: &str) -> String {
    joined(list(object, pointer).map(text))
}

/// Facts of a section, one after the other; what says nothing is left out.
#[derive(Default)]
pub(super) struct Facts(pub(super) Vec<Fact>);

impl Facts {
    /// Adds a fact that is fine.
    pub(super) fn add(&mut self, label: impl Into<String>, said: impl Into<Said>) {
        self.put(label, said, RowState::Fine);
    }

    /// Adds a fact and how that is.
    pub(super) fn put(&mut self, label: impl Into<String>, said: impl Into<Said>, state: RowState) {
        let said = said.into();
        if !said.is_empty() {
            self.0.push(Fact::new(label, said, state));
        }
    }

    /// Adds what stands at each of these pointers.
    pub(super) fn take(&mut self, object: &Value, table: &[(&str, &str)]) {
        for (label, pointer) in table {
            match object.pointer(pointer) {
                Some(Value::String(text)) if is_moment(text) => self.when(label, object, pointer),
                Some(Value::Array(_)) => self.add(*label, listed(object, pointer)),
                _ => self.add(*label, at(object, pointer)),
            }
        }
    }

    /// Adds the moment there.
    pub(super) fn when(&mut self, label: &str, object: &Value, pointer: &str) {
        if let Some(moment) = moment(object, pointer) {
            self.add(label, Said::moment(moment));
        }
    }

    /// The section of these facts; none where there are none.
    pub(super) fn titled(self, title: impl Into<String>) -> Option<Section> {
        (!self.0.is_empty()).then(|| Section { title: title.into(), heads: Vec::new(), facts: self.0 })
    }
}

fn is_moment(text: &str) -> bool {
    text.len() >= 20 && text.as_bytes()[4] == b'-' && text.parse::<jiff::Timestamp>().is_ok()
}

/// The object's map at a pointer as a section, one entry a fact.
pub(super) fn map_section(title: &str, object: &Value, pointer: &str) -> Option<Section> {
    let mut facts = Facts::default();
    for (key, value) in pairs(object, pointer) {
        // An entry without a value is an entry all the same.
        facts.add(key, if value.is_empty() { "\"\"".to_owned() } else { value });
    }
    facts.titled(title)
}

/// Labels and annotations, the two sections that every object may have.
pub(super) fn words(object: &Value) -> Vec<Section> {
    let mut annotations = map_section("annotations", object, "/metadata/annotations");
    if let Some(section) = &mut annotations {
        // It repeats the object.
        section.facts.retain(|fact| fact.label != "kubectl.kubernetes.io/last-applied-configuration");
    }
    let some = [map_section("labels", object, "/metadata/labels"), annotations];
    some.into_iter().flatten().filter(|section| !section.facts.is_empty()).collect()
}

/// The controller of an object, `Deployment web`.
pub(super) fn owner(object: &Value) -> String {
    let owners: Vec<&Value> = list(object, "/metadata/ownerReferences").collect();
    let owner = owners.iter().find(|owner| is(owner, "/controller")).or(owners.first());
    owner.map(|owner| format!("{} {}", at(owner, "/kind"), at(owner, "/name"))).unwrap_or_default()
}

/// Conditions that say something bad when they hold.
const GOOD_WHEN_FALSE: [&str; 10] = [
    "MemoryPressure",
    "DiskPressure",
    "PIDPressure",
    "NetworkUnavailable",
    "ReplicaFailure",
    "Failed",
    "FailureTarget",
    "Suspended",
    "Stalled",
    "DisruptionTarget",
];

/// How a condition is. `True` is good for all but a few names.
fn state_of(condition: &Value) -> RowState {
    let (name, status) = (at(condition, "/type"), at(condition, "/status"));
    let bad = (status == "True") == GOOD_WHEN_FALSE.contains(&name.as_str()) && at(condition, "/reason") != "PodCompleted";
    match status.as_str() {
        "Unknown" => RowState::Unknown,
        // A namespace tells of its end by such conditions.
        _ if name.starts_with("Namespace") => {
            if status == "True" {
                RowState::Warn
            } else {
                RowState::Fine
            }
        }
        _ if bad => RowState::Warn,
        _ => RowState::Fine,
    }
}

fn condition(condition: &Value) -> Fact {
    let words = [at(condition, "/reason"), at(condition, "/message")];
    let why: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let mut said = Said::from(at(condition, "/status"));
    if let Some(since) = moment(condition, "/lastTransitionTime") {
        said = said.and(" for ").since(since);
    }
    if !why.is_empty() {
        said = said.and(format!(": {}", why.join(", ")));
    }
    Fact::new(at(condition, "/type"), said, state_of(condition))
}

/// All conditions of a status.
pub(super) fn conditions(object: &Value) -> Option<Section> {
    let facts: Vec<Fact> = list(object, "/status/conditions").map(condition).collect();
    Facts(facts).titled("conditions")
}

/// Conditions that are not as they should be.
pub(super) fn troubles(object: &Value) -> Vec<Fact> {
    list(object, "/status/conditions").map(condition).filter(|fact| fact.state != RowState::Fine).collect()
}

/// The label selector of a workload or the plain one of a Service, `app=web,tier in (a,b)`; what the server takes as a query.
pub(super) fn selector(selector: &Value) -> String {
    let plain = selector.get("matchLabels").is_none() && selector.get("matchExpressions").is_none();
    let equal = pairs(selector, if plain { "" } else { "/matchLabels" }).into_iter().map(|(key, value)| format!("{key}={value}"));
    let expression = |one: &Value| {
        let (key, values) = (at(one, "/key"), list(one, "/values").map(text).collect::<Vec<_>>().join(","));
        match at(one, "/operator").as_str() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key,
        }
    };
    let expressions: Vec<String> = list(selector, "/matchExpressions").map(expression).collect();
    equal.chain(expressions).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_read_as_queries() {
        assert_eq!(selector(&json!({"matchLabels": {"app": "web"}})), "app=web");
        assert_eq!(selector(&json!({"app": "web", "tier": "front"})), "app=web,tier=front");
        let expressions = json!({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"}]});
        assert_eq!(selector(&expressions), "app=web,tier in (a,b),!old");
        assert_eq!(selector(&json!(null)), "");
    }

    #[test]
    fn escape_codes_of_a_status_stay_outside() {
        let facts = troubles(&json!({"status": {"conditions": [{"type": "Ready", "status": "False", "message": "\u{1b}[31mred"}]}}));
        assert!(facts[0].said.show(0).contains("␛"), "{facts:?}");
    }
}
