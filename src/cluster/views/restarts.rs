//! `:restarts`: pods whose containers were restarted, how often, when last and how they ended. `:notready`: pods and nodes that are not ready.

use serde::Deserialize;

use super::super::decode::status::{ContainerStatus, Terminated};
use super::super::rows::{Cell, RowState};
use super::book::{Entry, FOREVER, Maker, Pen, Taken};
use super::object::{Condition, Metadata, PodSpec, unix};

pub(super) const RESTARTED: &[&str] = &["pods"];
pub(super) const RESTART_COLUMNS: &[&str] = &["RESTARTS", "SINCE", "LAST", "CONTAINER", "VERSION", "NODE"];
pub(super) const UNREADY: &[&str] = &["pods", "nodes"];
pub(super) const UNREADY_COLUMNS: &[&str] = &["KIND", "REASON", "SINCE", "NODE", "VERSION", "MESSAGE"];

/// Pods that were restarted.
pub(super) struct Restarts;

/// Pods and nodes that are not ready now.
pub(super) struct Unready;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    metadata: Metadata,
    spec: PodSpec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: String,
    conditions: Vec<Condition>,
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
    node_info: NodeInfo,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NodeInfo {
    kubelet_version: String,
}

impl Object {
    fn version(&self, container: &str) -> String {
        self.spec.version(container).unwrap_or_else(|| self.status.node_info.kubelet_version.clone())
    }

    fn taken(self, entry: Option<Entry>) -> Taken {
        let object = self.metadata.object();
        Taken { object, version: self.metadata.resource_version, pages: vec![(object, entry.into_iter().collect())] }
    }
}

impl Maker for Restarts {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, _: i64) -> Result<Taken, serde_json::Error> {
        let pod: Object = serde_json::from_slice(json)?;
        let all = || pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
        let count: u32 = all().map(|status| status.restart_count).sum();
        let ended = |status: &ContainerStatus| status.last_state.terminated.as_ref().map_or(0, |end| unix(&end.finished_at));
        let last = all().filter(|status| status.restart_count > 0).max_by_key(|status| (ended(status), status.restart_count));
        let entry = last.filter(|_| count > 0).map(|last| {
            let state = if all().all(|status| status.ready || status.restart_count == 0) { RowState::Fine } else { RowState::Bad };
            let how = last.last_state.terminated.as_ref().map(told).unwrap_or_default();
            let cells = vec![
                Cell::Number(count.into()),
                Cell::Since(ended(last)),
                pen.cell(&how),
                pen.cell(&last.name),
                pen.cell(&pod.version(&last.name)),
                pen.cell(&pod.spec.node_name),
            ];
            Entry { row: pen.row(&pod.metadata, state, cells), from: 0, until: FOREVER }
        });
        Ok(pod.taken(entry))
    }
}

fn told(end: &Terminated) -> String {
    match (end.reason.as_str(), end.signal) {
        ("OOMKilled", _) => "OOMKilled".to_owned(),
        (_, 0) => format!("exit {}", end.exit_code),
        (_, signal) => format!("signal {signal}"),
    }
}

impl Maker for Unready {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, _: i64) -> Result<Taken, serde_json::Error> {
        let object: Object = serde_json::from_slice(json)?;
        let done = matches!(object.status.phase.as_str(), "Succeeded" | "Failed");
        let ready = object.status.conditions.iter().find(|condition| condition.kind == "Ready" && condition.status != "True");
        let entry = ready.filter(|ready| !done && ready.reason != "PodCompleted").map(|ready| {
            let node = if &*pen.gvk.kind == "Node" { &object.metadata.name } else { &object.spec.node_name };
            let state = if &*pen.gvk.kind == "Node" { RowState::Bad } else { RowState::Warn };
            let cells = vec![
                Cell::Text(pen.gvk.kind.clone()),
                pen.cell(&ready.reason),
                Cell::Since(ready.since()),
                pen.cell(node),
                pen.cell(&object.version("")),
                pen.cell(&ready.message),
            ];
            Entry { row: pen.row(&object.metadata, state, cells), from: 0, until: FOREVER }
        });
        Ok(object.taken(entry))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::book::Book;
    use super::*;
    use crate::names::{ClusterId, Gvk};

    fn shown(maker: Box<dyn Maker>, kind: &str, status: Value) -> Option<(RowState, Vec<String>)> {
        let mut book = Book::new(ClusterId::new("c"), maker);
        let spec = json!({"nodeName": "n1", "containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "x:2"}]});
        let object = json!({"metadata": {"name": "p", "uid": "u"}, "spec": spec, "status": status});
        book.take(&Arc::new(Gvk::new("", "v1", kind)), object.to_string().as_bytes(), 0).unwrap();
        let row = book.changed().upserts.into_values().next()?;
        Some((row.state, row.cells.iter().map(|cell| cell.show(1_767_225_660).into_owned()).collect()))
    }

    #[test]
    fn restarts_are_added_up_and_the_last_end_is_told() {
        let end = |at: &str| json!({"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": at}});
        let statuses = json!([{"name": "a", "ready": true, "restartCount": 2, "lastState": end("2025-12-31T00:00:00Z")},
            {"name": "b", "ready": true, "restartCount": 5, "lastState": end("2026-01-01T00:00:00Z")}]);
        let (state, cells) = shown(Box::new(Restarts), "Pod", json!({"containerStatuses": statuses})).unwrap();
        assert_eq!((state, cells), (RowState::Fine, ["7", "1m", "OOMKilled", "b", "2", "n1"].map(str::to_owned).into()));
        assert_eq!(shown(Box::new(Restarts), "Pod", json!({"containerStatuses": [{"name": "a", "ready": true}]})), None);
    }

    #[test]
    fn only_what_should_be_ready_and_is_not_is_told() {
        let with =
            |phase: &str, status: &str, reason: &str| json!({"phase": phase, "conditions": [{"type": "Ready", "status": status, "reason": reason}]});
        assert!(shown(Box::new(Unready), "Pod", with("Running", "False", "ContainersNotReady")).is_some());
        assert_eq!(shown(Box::new(Unready), "Node", with("", "Unknown", "NodeStatusUnknown")).map(|(state, _)| state), Some(RowState::Bad));
        for well in [with("Running", "True", ""), with("Succeeded", "False", "PodCompleted"), with("Running", "False", "PodCompleted")] {
            assert_eq!(shown(Box::new(Unready), "Pod", well.clone()), None, "{well}");
        }
    }
}
