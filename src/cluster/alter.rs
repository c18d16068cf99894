//! Changes of one object by a patch, and the wait until they have been rolled out. Every change passes the gate and is written down there.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::connection::{Connected, unix_now};
use super::decode::Head;
use super::detail::{kind_of, path};
use super::fleet::Fleet;
use super::gate::{Action, Verdict};
use super::kinds::Kind;
use super::rollout::missing;
use super::wire::{JSON, LIMIT, Trouble, encode};
use crate::names::{ObjectKey, Problem};

/// A watch that ended is not asked for sooner than so long after the last one.
const AGAIN: Duration = Duration::from_millis(500);

/// A change of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// RFC 7386.
    Merge(Value),
    /// RFC 6902: a list of operations.
    Json(Value),
    /// Kubernetes' own: lists of named things are merged by name.
    Strategic(Value),
}

/// Whether a change is made or only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earnest {
    /// The server says what would be there; nothing is changed.
    Rehearsed,
    /// It is made.
    Done,
}

impl Patch {
    fn form(&self) -> &'static str {
        match self {
            Self::Merge(_) => "application/merge-patch+json",
            Self::Json(_) => "application/json-patch+json",
            Self::Strategic(_) => "application/strategic-merge-patch+json",
        }
    }

    /// With the condition that it is still the object that was meant.
    fn body(&self, uid: &str) -> Vec<u8> {
        let mut body = match self {
            Self::Merge(body) | Self::Json(body) | Self::Strategic(body) => body.clone(),
        };
        if !uid.is_empty() {
            match &mut body {
                Value::Object(_) => body["metadata"]["uid"] = json!(uid),
                Value::Array(steps) => steps.insert(0, json!({"op": "test", "path": "/metadata/uid", "value": uid})),
                _ => {}
            }
        }
        body.to_string().into_bytes()
    }
}

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Merge(body) => write!(f, "merge patch {body}"),
            Self::Json(body) => write!(f, "JSON patch {body}"),
            Self::Strategic(body) => write!(f, "strategic patch {body}"),
        }
    }
}

impl Fleet {
    /// Changes an object, or asks the server what the change would make of it. What it is then. `typed` is the name of a protected cluster as the person
    /// typed it.
    ///
    /// # Errors
    /// The gate refuses, the object is gone or is another one, or the cluster refuses.
    pub async fn patch(&self, key: &ObjectKey, patch: &Patch, earnest: Earnest, typed: Option<&str>) -> Result<Value, Problem> {
        let action = Action::patch(key);
        match self.gate().check(&action) {
            Verdict::Allowed => {}
            Verdict::TypeName(name) if typed == Some(&name) => {}
            Verdict::TypeName(name) => {
                return Err(Problem::new("gate.name", format!("{key} was not changed"), format!("{name} is protected"))
                    .hint("type the name of the cluster to go on: --confirm NAME"));
            }
            Verdict::Refused(problem) => return Err(problem),
        }
        let connected = self.connected(&key.cluster).await?;
        let kind = kind_of(&connected, key).await?;
        let ask = if earnest == Earnest::Rehearsed { "?dryRun=All" } else { "" };
        let path = format!("{}{ask}", path(&kind, key));
        let answer = connected.wire.patch(&path, patch.form(), patch.body(&key.uid), LIMIT).await;
        let noted = match earnest {
            Earnest::Rehearsed => Ok(()),
            Earnest::Done => self.gate().record(&action, if answer.is_ok() { "done" } else { "failed" }, unix_now()),
        };
        // What was refused is told first: then nothing happened that had to be written down.
        let body = answer.map_err(|trouble| trouble.problem)?;
        noted.map_err(|error| {
            Problem::new("gate.audit", format!("the change of {key} is not in the audit log"), error.to_string())
                .hint("the change itself was made; free or mend that place")
        })?;
        serde_json::from_slice(&body).map_err(|error| connected.wire.nonsense(&body, &error.to_string()).problem)
    }

    /// Waits until the newest version of a workload runs everywhere it should; other objects are ready as they are.
    ///
    /// # Errors
    /// It takes longer than `limit`: the problem says what is still missing. The object is gone, or the cluster does not answer.
    pub async fn rolled_out(&self, key: &ObjectKey, limit: Duration) -> Result<(), Problem> {
        let connected = self.connected(&key.cluster).await?;
        let kind = kind_of(&connected, key).await?;
        let mut last = "the cluster did not say how far it is".to_owned();
        let waited = tokio::time::timeout(limit, watched(&connected, &kind, key, &mut last)).await;
        waited.unwrap_or_else(|_| {
            let what = format!("{key} was not ready after {}", crate::text::age::human(i64::try_from(limit.as_secs()).unwrap_or(i64::MAX)));
            Err(Problem::new("cluster.rollout", what, last).hint("`kubectl describe` its pods, or give it more time"))
        })
    }
}

/// Looks once and then at every change, until nothing is missing.
async fn watched(connected: &Connected, kind: &Kind, key: &ObjectKey, last: &mut String) -> Result<(), Problem> {
    loop {
        let begun = Instant::now();
        let object: Value = connected.wire.json(&path(kind, key), JSON, LIMIT).await.map_err(|trouble| trouble.problem)?;
        let Some(why) = missing(&object) else { return Ok(()) };
        *last = why;
        match changes(connected, kind, key, &object, last).await {
            Ok(true) => return Ok(()),
            // The server ended the watch: look again, but not as fast as the wire allows where it always does so at once.
            Ok(false) => tokio::time::sleep(AGAIN.saturating_sub(begun.elapsed())).await,
            Err(trouble) => return Err(trouble.problem),
        }
    }
}

async fn changes(connected: &Connected, kind: &Kind, key: &ObjectKey, from: &Value, last: &mut String) -> Result<bool, Trouble> {
    let version = from.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
    let selector = encode(&format!("metadata.name={}", key.name));
    let ask = format!("{}?watch=true&fieldSelector={selector}&resourceVersion={version}&timeoutSeconds=240", kind.path(key.namespace.as_deref()));
    let mut lines = connected.wire.lines(&ask, JSON, LIMIT).await?;
    while let Some(line) = lines.next().await? {
        let event: Value = serde_json::from_slice(line).unwrap_or_default();
        match event["type"].as_str() {
            Some("ADDED" | "MODIFIED") => match missing(&event["object"]) {
                None => return Ok(true),
                Some(why) => *last = why,
            },
            Some("BOOKMARK") => {}
            _ => break,
        }
    }
    Ok(false)
}

/// What has to be patched for `now` to become `former` again: a merge patch (RFC 7386). Of its metadata only labels and annotations are put back, and its
/// status is not: what else is there belongs to the server.
pub fn undo(now: &Value, former: &Value) -> Value {
    difference(&ours(now), &ours(former)).unwrap_or_else(|| json!({}))
}

/// What a person writes of an object, whatever its kind calls that: `spec`, `data`, `rules`.
fn ours(object: &Value) -> Value {
    let mut own = object.as_object().cloned().unwrap_or_default();
    ["apiVersion", "kind", "metadata", "status"].iter().for_each(|name| _ = own.remove(*name));
    let written = ["labels", "annotations"].map(|name| (name.to_owned(), object["metadata"].get(name).cloned().unwrap_or_else(|| json!({}))));
    own.insert("metadata".into(), Value::Object(written.into_iter().collect()));
    Value::Object(own)
}

fn difference(now: &Value, former: &Value) -> Option<Value> {
    if now == former {
        return None;
    }
    let (Value::Object(now), Value::Object(former)) = (now, former) else { return Some(former.clone()) };
    let mut patch = Map::new();
    for (key, value) in former {
        match now.get(key) {
            None => _ = patch.insert(key.clone(), value.clone()),
            Some(present) => patch.extend(difference(present, value).map(|change| (key.clone(), change))),
        }
    }
    for key in now.keys().filter(|key| !former.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Some(Value::Object(patch))
}

/// The uid of an object, as far as its key does not know it.
///
/// # Errors
/// As [`Fleet::object`].
pub async fn meant(fleet: &Fleet, key: &ObjectKey) -> Result<ObjectKey, Problem> {
    let object = fleet.object(key).await?;
    let head: Head =
        serde_json::from_value(object).map_err(|error| Problem::new("cluster.nonsense", format!("{key} has no uid"), error.to_string()))?;
    Ok(ObjectKey { uid: crate::text::sanitise(&head.metadata.uid).as_ref().into(), ..key.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7386, 2.
    fn merged(target: &Value, patch: &Value) -> Value {
        let Value::Object(changes) = patch else { return patch.clone() };
        let mut object = target.as_object().cloned().unwrap_or_default();
        for (key, change) in changes {
            if change.is_null() {
                object.remove(key);
            } else {
                let changed = merged(object.get(key).unwrap_or(&Value::Null), change);
                object.insert(key.clone(), changed);
            }
        }
        Value::Object(object)
    }

    #[test]
    fn what_was_changed_is_put_back_and_nothing_else() {
        let former = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"replicas": 3, "paused": true,
            "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}});
        let now = json!({"metadata": {"labels": {"app": "web"}, "annotations": {"variant": "slow"}}, "spec": {"replicas": 5,
            "template": {"metadata": {"annotations": {"a": "b"}}, "spec": {"containers": [{"name": "web", "image": "web:2"}]}}}});
        let patch = undo(&now, &former);
        assert_eq!(merged(&now, &patch)["spec"], former["spec"]);
        assert_eq!(patch["metadata"], json!({"annotations": {"variant": null}}));
        // Who changed something else meanwhile keeps it.
        let mut later = now.clone();
        later["spec"]["minReadySeconds"] = json!(9);
        assert_eq!(merged(&later, &patch)["spec"]["minReadySeconds"], 9);
        assert_eq!(undo(&former, &former), json!({}));
    }

    /// Not every kind has a `spec` (ConfigMap, v1; ClusterRole, rbac.authorization.k8s.io/v1).
    #[test]
    fn what_a_kind_without_a_specification_holds_is_put_back_too() {
        let former = json!({"kind": "ConfigMap", "metadata": {"uid": "u", "resourceVersion": "1"}, "data": {"cache": "on", "size": "1"}});
        let now = json!({"kind": "ConfigMap", "metadata": {"uid": "u", "resourceVersion": "2"}, "data": {"cache": "off", "size": "1", "new": "x"}, "status": {}});
        assert_eq!(undo(&now, &former), json!({"data": {"cache": "on", "new": null}}));
        let (rules, none) = (json!({"kind": "ClusterRole", "rules": [{"verbs": ["get"]}]}), json!({"kind": "ClusterRole", "rules": []}));
        assert_eq!(undo(&none, &rules), json!({"rules": [{"verbs": ["get"]}]}));
    }

    #[test]
    fn a_patch_is_for_the_object_that_was_meant() {
        let body = |patch: Patch| serde_json::from_slice::<Value>(&patch.body("u-1")).unwrap();
        assert_eq!(body(Patch::Merge(json!({"spec": {}})))["metadata"]["uid"], "u-1");
        assert_eq!(body(Patch::Json(json!([{"op": "remove", "path": "/spec"}])))[0], json!({"op": "test", "path": "/metadata/uid", "value": "u-1"}));
    }
}
