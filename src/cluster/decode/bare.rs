//! Objects of kinds that have no columns here, and whole objects for those who look at them.

use serde::Deserialize;
use serde_json::Value;

use super::{Cell, Cells, Condition, Gvk, Interner, Meta, RowState, condition, state_of_word};
use crate::text::sanitise;

/// What kinds have in common by the API conventions: replicas, a phase, conditions.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Bare {
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    replicas: Option<u32>,
    completions: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Option<String>,
    ready_replicas: u32,
    number_ready: u32,
    desired_number_scheduled: Option<u32>,
    succeeded: u32,
    conditions: Vec<Condition>,
}

impl Bare {
    /// Ready and wanted, of kinds that count.
    fn numbers(&self, kind: &str) -> Option<(u32, u32)> {
        match kind {
            "Job" => Some((self.status.succeeded, self.spec.completions.unwrap_or(1))),
            "DaemonSet" => Some((self.status.number_ready, self.status.desired_number_scheduled?)),
            _ => Some((self.status.ready_replicas, self.spec.replicas?)),
        }
    }

    fn word(&self) -> String {
        let is = |name: &str, value: &str| condition(&self.status.conditions, name).filter(|it| it.status == value);
        if let Some(phase) = &self.status.phase {
            return phase.clone();
        }
        let done = ["Failed", "Complete"].iter().find(|name| is(name, "True").is_some()).map(|name| (*name).to_owned());
        done.or_else(|| is("Ready", "False").map(|it| if it.reason.is_empty() { "NotReady".to_owned() } else { it.reason.clone() }))
            .unwrap_or_default()
    }
}

impl Cells for Bare {
    fn cells(&self, _: &Meta, gvk: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>) {
        let word = self.word();
        let numbers = self.numbers(&gvk.kind);
        let state = match (state_of_word(&word), numbers) {
            (RowState::Fine, Some((_, 0))) => RowState::Done,
            (RowState::Fine, Some((0, _))) if &*gvk.kind != "Job" => RowState::Bad,
            (RowState::Fine, Some((ready, wanted))) if ready < wanted => RowState::Progress,
            (RowState::Fine, _) if condition(&self.status.conditions, "Ready").is_some_and(|it| it.status == "False") => RowState::Warn,
            (state, _) => state,
        };
        let ready = numbers.map_or(Cell::Empty, |(ready, wanted)| Cell::Ratio(ready, wanted));
        (state, vec![ready, words.cell(&word)])
    }
}

/// The whole object, safe to draw and without secrets: keys of data stay, their values do not.
pub(super) fn shown(json: &[u8], gvk: &Gvk) -> Result<Value, serde_json::Error> {
    let mut object: Value = serde_json::from_slice(json)?;
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    if gvk.group.is_empty() && matches!(&*gvk.kind, "Secret" | "ConfigMap") {
        for part in ["data", "stringData", "binaryData"] {
            for value in object.get_mut(part).and_then(Value::as_object_mut).into_iter().flat_map(|values| values.values_mut()) {
                *value = Value::Bool(true);
            }
        }
    }
    clean(&mut object);
    Ok(object)
}

/// Every text passes the sanitiser; nearly none is changed by it.
fn clean(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(plain) = sanitise(text) {
                *text = plain;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(fields) => {
            let odd: Vec<String> = fields.keys().filter(|key| matches!(sanitise(key), std::borrow::Cow::Owned(_))).cloned().collect();
            for key in odd {
                if let Some(value) = fields.remove(&key) {
                    fields.insert(sanitise(&key).into_owned(), value);
                }
            }
            fields.values_mut().for_each(clean);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_secrets_only_the_keys_are_shown_and_of_texts_nothing_a_terminal_obeys() {
        let secret = json!({"metadata": {"name": "s\u{1b}[31m", "managedFields": [{}], "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"data\":\"cGFzcw==\"}"}},
            "data": {"password": "cGFzcw=="}, "type": "Opaque"});
        let object = shown(secret.to_string().as_bytes(), &Gvk::new("", "v1", "Secret")).unwrap();
        let text = object.to_string();
        assert!(!text.contains("cGFzcw") && !text.contains('\u{1b}') && !text.contains("\\u001b"), "{text}");
        assert!(object["data"].get("password").is_some());
    }

    #[test]
    fn a_set_without_ready_pods_fails_and_one_of_none_rests() {
        let state = |kind: &str, object: Value| {
            let bare: Bare = serde_json::from_value(object).unwrap();
            bare.cells(&Meta::default(), &Gvk::new("apps", "v1", kind), &mut Interner::default()).0
        };
        assert_eq!(state("ReplicaSet", json!({"spec": {"replicas": 2}, "status": {}})), RowState::Bad);
        assert_eq!(state("ReplicaSet", json!({"spec": {"replicas": 0}})), RowState::Done);
        assert_eq!(state("StatefulSet", json!({"spec": {"replicas": 2}, "status": {"readyReplicas": 1}})), RowState::Progress);
        assert_eq!(state("PersistentVolumeClaim", json!({"status": {"phase": "Bound"}})), RowState::Fine);
        assert_eq!(state("PersistentVolumeClaim", json!({"status": {"phase": "Pending"}})), RowState::Progress);
    }
}
