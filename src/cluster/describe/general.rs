//! Kinds without a describer of their own: conditions, whose it is, since when, and every scalar of its spec and status. And events, which are read
//! out of context here.

use serde_json::Value;

use super::read::{Facts, at, conditions, joined, moment, owner, selector, text, troubles, words};
use super::{Description, Fact, Said, Section};
use crate::cluster::rows::RowState;
use crate::text::sanitise;

/// Scalars of one object that are told, at most: a summary is no manifest.
const TOLD: usize = 120;
/// How deep they are looked for.
const DEEP: usize = 6;

pub(super) fn describe(object: &Value) -> Description {
    let mut facts = Facts::default();
    facts.0.extend(replicas(object));
    facts.0.extend(troubles(object));
    facts.take(
        object,
        &[
            ("phase", "/status/phase"),
            ("type", "/type"),
            ("provisioner", "/provisioner"),
            ("class", "/spec/ingressClassName"),
            ("storage class", "/spec/storageClassName"),
        ],
    );
    if let Some(found) = object.pointer("/spec/selector") {
        facts.add("selector", selector(found));
    }
    facts.add("keys", keys(object));
    facts.add("controlled by", owner(object));
    facts.take(
        object,
        &[("created", "/metadata/creationTimestamp"), ("deleted", "/metadata/deletionTimestamp"), ("finalizers", "/metadata/finalizers")],
    );
    let conditions = conditions(object);
    let body = ["spec", "status"].into_iter().filter_map(|part| scalars(part, object.get(part)?));
    let rest = rest(object);
    let sections = body.chain(rest).chain(conditions).chain(words(object)).collect();
    Description { facts: facts.0, sections, about: Vec::new() }
}

/// `3 of 5 ready`, for whatever says how many replicas it wants.
fn replicas(object: &Value) -> Option<Fact> {
    let count = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let wanted = count("/spec/replicas")?;
    let ready = count("/status/readyReplicas").unwrap_or(0);
    Some(Fact::new("replicas", format!("{ready} of {wanted} ready"), how_many(ready, wanted)))
}

/// All, some or none of those that are wanted.
pub(super) fn how_many(ready: i64, wanted: i64) -> RowState {
    match ready {
        _ if ready >= wanted => RowState::Fine,
        0 => RowState::Bad,
        _ => RowState::Warn,
    }
}

/// The keys of a ConfigMap or Secret; what stands behind them is no matter of a summary.
fn keys(object: &Value) -> String {
    let parts = ["/data", "/binaryData"].into_iter().filter_map(|part| object.pointer(part)?.as_object());
    joined(parts.flat_map(|data| data.keys()).map(|key| sanitise(key).into_owned()))
}

/// Parts beside metadata, spec and status that some kinds have: `rules`, `subjects`, `roleRef`.
fn rest(object: &Value) -> Vec<Section> {
    const KNOWN: [&str; 9] = ["apiVersion", "kind", "metadata", "spec", "status", "data", "binaryData", "stringData", "type"];
    let parts = object.as_object().into_iter().flatten().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
    let mut plain = Facts::default();
    let mut sections = Vec::new();
    for (name, value) in parts {
        match value {
            Value::Object(_) | Value::Array(_) => sections.extend(scalars(&sanitise(name), value)),
            value => plain.add(sanitise(name).into_owned(), text(value)),
        }
    }
    plain.titled("fields").into_iter().chain(sections).collect()
}

/// Every scalar below a value, by its path.
pub(super) fn scalars(title: &str, value: &Value) -> Option<Section> {
    let mut facts = Facts::default();
    walk(value, String::new(), 0, &mut facts);
    let more = facts.0.len().saturating_sub(TOLD);
    facts.0.truncate(TOLD);
    if more > 0 {
        facts.add("…", format!("{more} more in the manifest"));
    }
    facts.titled(title)
}

fn walk(value: &Value, path: String, depth: usize, facts: &mut Facts) {
    let below = |name: &str| if path.is_empty() { sanitise(name).into_owned() } else { format!("{path}.{}", sanitise(name)) };
    match value {
        // They have a section of their own.
        Value::Array(_) if path == "conditions" => {}
        Value::Object(map) if depth < DEEP => map.iter().for_each(|(name, value)| walk(value, below(name), depth + 1, facts)),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => facts.add(path, joined(items.iter().map(text))),
        Value::Array(items) if depth < DEEP => {
            items.iter().enumerate().for_each(|(place, item)| walk(item, format!("{path}[{place}]"), depth + 1, facts));
        }
        Value::Object(_) | Value::Array(_) => facts.add(path, "…"),
        Value::String(text) if text.len() >= 20 && moment(value, "").is_some() => {
            facts.add(path, moment(value, "").map(Said::moment).unwrap_or_else(|| text.as_str().into()));
        }
        value => facts.add(path, text(value)),
    }
}

/// An event as an object: what it says and about whom comes first.
pub(super) fn event(object: &Value) -> Description {
    let about = ["/involvedObject", "/regarding"].into_iter().find_map(|pointer| object.pointer(pointer)).unwrap_or(&Value::Null);
    let place = [at(about, "/namespace"), at(about, "/name")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let mut facts = Facts::default();
    let said = [at(object, "/message"), at(object, "/note")].concat();
    let state = if at(object, "/type") == "Warning" { RowState::Warn } else { RowState::Fine };
    facts.put(at(object, "/reason"), said, state);
    facts.add("about", format!("{} {place}", at(about, "/kind")).trim().to_owned());
    facts.take(
        object,
        &[
            ("type", "/type"),
            ("reason", "/reason"),
            ("count", "/count"),
            ("first seen", "/firstTimestamp"),
            ("last seen", "/lastTimestamp"),
            ("event time", "/eventTime"),
            ("action", "/action"),
            ("from", "/source/component"),
            ("host", "/source/host"),
            ("reporting component", "/reportingComponent"),
            ("reporting instance", "/reportingInstance"),
            ("created", "/metadata/creationTimestamp"),
        ],
    );
    let parts = [("involved object", about), ("series", &object["series"]), ("related", &object["related"])];
    let parts = parts.into_iter().filter_map(|(title, value)| scalars(title, value));
    let sections = parts.chain(words(object)).collect();
    Description { facts: facts.0, sections, about: Vec::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_scalar_of_an_unknown_kind_is_told_and_what_hurts_comes_first() {
        let object = json!({"metadata": {"name": "one", "ownerReferences": [{"kind": "Shop", "name": "s", "controller": true}]},
            "spec": {"size": 3, "hosts": ["a", "b"], "rules": [{"path": "/"}]},
            "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "NotYet"}], "observedGeneration": 2}});
        let described = describe(&object);
        assert_eq!((described.facts[0].label.as_str(), described.facts[0].state), ("Ready", RowState::Warn));
        let spec = described.sections.iter().find(|section| section.title == "spec").unwrap();
        let told: Vec<(&str, String)> = spec.facts.iter().map(|fact| (fact.label.as_str(), fact.said.show(0))).collect();
        assert_eq!(told, [("hosts", "a, b".into()), ("rules[0].path", "/".into()), ("size", "3".to_owned())]);
        assert!(described.facts.iter().any(|fact| fact.label == "controlled by" && fact.said.show(0) == "Shop s"));
    }

    #[test]
    fn a_summary_of_something_huge_stays_a_summary() {
        let spec: serde_json::Map<String, Value> = (0..5_000).map(|at| (format!("key-{at}"), json!(at))).collect();
        let section = scalars("spec", &Value::Object(spec)).unwrap();
        assert_eq!(section.facts.len(), TOLD + 1);
        assert!(section.facts.last().unwrap().said.show(0).contains("4880 more"));
    }
}
