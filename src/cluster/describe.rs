//! What one object is about, in the order a person asks in an incident: how it does and why, its pods, its containers, then what it is. Facts,
//! not drawing.

use serde::{Deserialize, Serialize};

use serde_json::Value;

use super::decode::{Decoder, Own, Shape};
use super::detail::EventLine;
use super::fleet::Fleet;
use super::rows::{Cell, Row, RowState};
use super::wire::{JSON, LIMIT, encode};
use crate::names::{ObjectKey, Problem};
use crate::text::sanitise;

/// Pods of a workload that are listed one by one.
const PODS: usize = 12;

/// One thing worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about: `container app`.
    pub label: String,
    /// What is so.
    pub text: String,
    /// How that is.
    pub state: RowState,
}

/// Everything the summary of an object shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The worst first, then what it is.
    pub facts: Vec<Fact>,
    /// What was said about it and its pods, the newest first.
    pub events: Vec<EventLine>,
}

impl Fleet {
    /// What the object is about. Events that cannot be read are left out and said so.
    ///
    /// # Errors
    /// The object is gone, or the cluster does not answer.
    pub async fn describe(&self, key: &ObjectKey) -> Result<Description, Problem> {
        let object = self.object(key).await?;
        let mut facts = about(&object);
        let mut events = match self.events_of(key).await {
            Ok(events) => events,
            Err(problem) => {
                facts.push(fact("events", format!("cannot be read: {}", problem.why), RowState::Unknown));
                Vec::new()
            }
        };
        let mut pods = self.pods_of(key, &object).await.unwrap_or_default();
        pods.sort_by(|a, b| b.state.cmp(&a.state).then_with(|| a.name.cmp(&b.name)));
        if let Some(worst) = pods.first().filter(|pod| pod.state >= RowState::Warn) {
            events.extend(self.events_of(&worst.key()).await.unwrap_or_default());
            events.sort_by_key(|line| std::cmp::Reverse(line.last));
        }
        let pods = pods.iter().take(PODS).map(|pod| fact("pod", pod_line(pod), pod.state)).collect::<Vec<_>>();
        let behind = facts.iter().rposition(|fact| fact.label.starts_with("container ")).map_or(0, |at| at + 1);
        facts.splice(behind..behind, self.uses_of(key, &object).await);
        facts.sort_by_key(|fact| std::cmp::Reverse(fact.state.max(RowState::Done)));
        let at = facts.iter().position(|fact| fact.state == RowState::Fine).unwrap_or(facts.len());
        facts.splice(at..at, pods);
        Ok(Description { facts, events })
    }

    /// The pods a workload or Service selects.
    async fn pods_of(&self, key: &ObjectKey, object: &Value) -> Result<Vec<Row>, Problem> {
        let Some((namespace, labels)) = key.namespace.as_deref().zip(selector(object)) else { return Ok(Vec::new()) };
        let connected = self.connected(&key.cluster).await?;
        let kinds = connected.kinds().await?;
        let Some(kind) = kinds.find("pods") else { return Ok(Vec::new()) };
        let path = format!("{}?limit=500&labelSelector={}", kind.path(Some(namespace)), encode(&labels));
        let list: Value = connected.wire.json(&path, JSON, LIMIT).await.map_err(|trouble| trouble.problem)?;
        let mut decoder = Decoder::new(Shape::Own(Own::Pods), key.cluster.clone(), kind.gvk.clone());
        let mut rows = Vec::new();
        for item in list.get("items").and_then(Value::as_array).into_iter().flatten() {
            // A pod that cannot be read is left out of a summary.
            _ = decoder.rows(item.to_string().as_bytes(), &mut rows);
        }
        Ok(rows)
    }
}

fn fact(label: impl Into<String>, text: impl Into<String>, state: RowState) -> Fact {
    Fact { label: label.into(), text: text.into(), state }
}

fn pod_line(pod: &Row) -> String {
    let cell = |at: usize| {
        pod.cells.get(at).map(|cell| match cell {
            Cell::Restarts(0, _) => String::new(),
            Cell::Restarts(count, _) => format!("{count} restarts"),
            other => other.show(0).into_owned(),
        })
    };
    let parts: Vec<String> = (0..4).filter_map(cell).filter(|text| !text.is_empty()).collect();
    format!("{}  {}", pod.name, parts.join("  "))
}

/// The label selector of a workload (`matchLabels`) or a Service (a plain map).
fn selector(object: &Value) -> Option<String> {
    let selector = object.pointer("/spec/selector")?;
    let labels = selector.get("matchLabels").or_else(|| selector.get("matchExpressions").is_none().then_some(selector))?.as_object()?;
    let pairs: Vec<String> = labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}

/// Facts of the object itself, in trouble first.
fn about(object: &Value) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    facts.extend(replicas(object));
    facts.extend(conditions(object));
    facts.extend(containers(object));
    facts.sort_by_key(|fact| std::cmp::Reverse(fact.state.max(RowState::Done)));
    facts.extend(what_it_is(object));
    facts
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => sanitise(text).into_owned(),
        Value::Null => String::new(),
        other => sanitise(&other.to_string()).into_owned(),
    }
}

fn at(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).map(text).unwrap_or_default()
}

fn replicas(object: &Value) -> Option<Fact> {
    let count = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let wanted = count("/spec/replicas").or_else(|| count("/status/desiredNumberScheduled"))?;
    let ready = count("/status/readyReplicas").or_else(|| count("/status/numberReady")).unwrap_or(0);
    let state = if ready >= wanted {
        RowState::Fine
    } else if ready == 0 {
        RowState::Bad
    } else {
        RowState::Warn
    };
    Some(fact("replicas", format!("{ready} of {wanted} ready"), state))
}

/// Conditions that are not as they should be. `True` is good for all but a few names.
fn conditions(object: &Value) -> Vec<Fact> {
    const GOOD_WHEN_FALSE: [&str; 8] =
        ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "ReplicaFailure", "Failed", "Suspended", "Stalled"];
    let list = object.pointer("/status/conditions").and_then(Value::as_array);
    let wrong = |condition: &&Value| {
        let (name, status) = (at(condition, "/type"), at(condition, "/status"));
        status == "Unknown" || (status == "True") == GOOD_WHEN_FALSE.contains(&name.as_str()) && at(condition, "/reason") != "PodCompleted"
    };
    let line = |condition: &Value| {
        let words = [at(condition, "/reason"), at(condition, "/message")];
        let why: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let text = if why.is_empty() { at(condition, "/status") } else { format!("{}: {}", at(condition, "/status"), why.join(", ")) };
        fact(at(condition, "/type"), text, RowState::Warn)
    };
    list.into_iter().flatten().filter(wrong).map(line).collect()
}

fn containers(object: &Value) -> Vec<Fact> {
    let statuses = |pointer: &str| object.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let all = [statuses("/status/initContainerStatuses"), statuses("/status/containerStatuses")].concat();
    if all.is_empty() {
        let templates = object.pointer("/spec/template/spec/containers").or_else(|| object.pointer("/spec/containers"));
        let line = |one: &Value| fact(format!("container {}", at(one, "/name")), at(one, "/image"), RowState::Fine);
        return templates.and_then(Value::as_array).into_iter().flatten().map(line).collect();
    }
    all.iter().map(container).collect()
}

fn container(status: &Value) -> Fact {
    let (mut words, mut state) = (Vec::new(), RowState::Fine);
    if let Some(waiting) = status.pointer("/state/waiting") {
        let reason = at(waiting, "/reason");
        state = if matches!(reason.as_str(), "ContainerCreating" | "PodInitializing" | "") { RowState::Progress } else { RowState::Bad };
        words.push(format!("waiting: {reason}"));
        words.push(at(waiting, "/message"));
    } else if let Some(done) = status.pointer("/state/terminated") {
        let code = at(done, "/exitCode");
        state = if code == "0" { RowState::Done } else { RowState::Bad };
        words.push(format!("ended with {code} {} at {}", at(done, "/reason"), at(done, "/finishedAt")));
    } else if status.pointer("/state/running").is_some() {
        let ready = status.get("ready").and_then(Value::as_bool).unwrap_or(false);
        state = if ready { RowState::Fine } else { RowState::Warn };
        words.push(format!("running since {}{}", at(status, "/state/running/startedAt"), if ready { "" } else { ", not ready" }));
    }
    let restarts = status.get("restartCount").and_then(Value::as_i64).unwrap_or(0);
    if restarts > 0 {
        words.push(format!("{restarts} restarts"));
    }
    if let Some(last) = status.pointer("/lastState/terminated") {
        words.push(format!("last exit {} {} at {}", at(last, "/exitCode"), at(last, "/reason"), at(last, "/finishedAt")));
        words.push(at(last, "/message"));
    }
    words.push(at(status, "/image"));
    words.retain(|word| !word.trim().is_empty());
    fact(format!("container {}", at(status, "/name")), words.join("  "), state)
}

/// The plain facts: where, whose, since when, and the scalars of its kind.
fn what_it_is(object: &Value) -> Vec<Fact> {
    const KNOWN: [(&str, &str); 22] = [
        ("phase", "/status/phase"),
        ("node", "/spec/nodeName"),
        ("pod IP", "/status/podIP"),
        ("service account", "/spec/serviceAccountName"),
        ("type", "/spec/type"),
        ("cluster IP", "/spec/clusterIP"),
        ("external", "/status/loadBalancer/ingress/0/ip"),
        ("external", "/status/loadBalancer/ingress/0/hostname"),
        ("strategy", "/spec/strategy/type"),
        ("schedule", "/spec/schedule"),
        ("suspended", "/spec/suspend"),
        ("class", "/spec/ingressClassName"),
        ("storage class", "/spec/storageClassName"),
        ("volume", "/spec/volumeName"),
        ("kubelet", "/status/nodeInfo/kubeletVersion"),
        ("OS", "/status/nodeInfo/osImage"),
        ("runtime", "/status/nodeInfo/containerRuntimeVersion"),
        ("cpu", "/status/allocatable/cpu"),
        ("memory", "/status/allocatable/memory"),
        ("reason", "/reason"),
        ("message", "/message"),
        ("created", "/metadata/creationTimestamp"),
    ];
    let known = KNOWN.iter().map(|(label, pointer)| fact(*label, at(object, pointer), RowState::Fine));
    let owner = object.pointer("/metadata/ownerReferences/0").map(|owner| format!("{} {}", at(owner, "/kind"), at(owner, "/name")));
    let ports = object.pointer("/spec/ports").and_then(Value::as_array).map(|ports| joined(ports.iter().map(port)));
    let keys = object.get("data").and_then(Value::as_object).map(|data| joined(data.keys().map(|key| sanitise(key).into_owned())));
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    let labels = labels.map(|labels| joined(labels.iter().map(|(key, value)| format!("{}={}", sanitise(key), text(value)))));
    let more = [("ports", ports), ("owner", owner), ("selects", selector(object)), ("keys", keys), ("labels", labels)];
    let more = more.into_iter().filter_map(|(label, value)| Some(fact(label, sanitise(&value?).into_owned(), RowState::Fine)));
    known.chain(more).filter(|fact| !fact.text.is_empty()).collect()
}

fn port(port: &Value) -> String {
    let target = at(port, "/targetPort");
    let arrow = if target.is_empty() { String::new() } else { format!(" → {target}") };
    format!("{} {}/{}{arrow}", at(port, "/name"), at(port, "/port"), at(port, "/protocol")).trim().to_owned()
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_hurts_comes_first() {
        let pod = json!({"spec": {"nodeName": "node-1"}, "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}, {"type": "Initialized", "status": "True"}],
            "containerStatuses": [
                {"name": "proxy", "ready": true, "restartCount": 0, "image": "proxy:1", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}},
                {"name": "app", "ready": false, "restartCount": 7, "image": "app:2", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                 "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:00:00Z"}}}]}});
        let facts = about(&pod);
        assert_eq!(facts[0].label, "container app");
        assert_eq!(facts[0].text, "waiting: CrashLoopBackOff  7 restarts  last exit 137 OOMKilled at 2026-01-01T00:00:00Z  app:2");
        assert_eq!((facts[1].label.as_str(), facts[1].state), ("Ready", RowState::Warn));
        assert!(facts.iter().any(|fact| fact.label == "node" && fact.text == "node-1"));
        assert!(!facts.iter().any(|fact| fact.label == "Initialized"));
    }

    #[test]
    fn selectors_of_workloads_and_services_are_read() {
        assert_eq!(selector(&json!({"spec": {"selector": {"matchLabels": {"app": "web"}}}})), Some("app=web".into()));
        assert_eq!(selector(&json!({"spec": {"selector": {"app": "web"}}})), Some("app=web".into()));
        assert_eq!(selector(&json!({"spec": {}})), None);
    }

    #[test]
    fn escape_codes_of_a_status_stay_outside() {
        let facts = about(&json!({"status": {"conditions": [{"type": "Ready", "status": "False", "message": "\u{1b}[31mred"}]}}));
        assert!(facts.iter().all(|fact| !fact.text.contains('\u{1b}')), "{facts:?}");
    }
}
