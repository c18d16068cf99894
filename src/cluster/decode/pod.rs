//! A pod's row. STATUS follows the rules of `kubectl get pods` (`printPod` in Kubernetes' printers).

use serde::Deserialize;

use super::ask::{self, Amounts, Asked, Asks};
use super::status::{ContainerStatus, State, Terminated};
use super::{Cell, Cells, Column, Condition, Gvk, Interner, Meta, Row, RowState, condition, state_of_word, unix};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: String,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
    readiness_gates: Vec<Gate>,
    resources: Asks,
    overhead: Amounts,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Gate {
    condition_type: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    name: String,
    restart_policy: String,
    resources: Asks,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: String,
    reason: String,
    #[serde(rename = "podIP")]
    pod_ip: String,
    nominated_node_name: String,
    conditions: Vec<Condition>,
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
}

/// What a walk over the container statuses gathers.
struct Summary {
    reason: String,
    ready: u32,
    total: u32,
    restarts: u32,
    last_restart: i64,
}

impl Cells for Pod {
    fn cells(&self, meta: &Meta, _: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>) {
        let summary = self.summary(meta);
        let state = match state_of_word(&summary.reason) {
            RowState::Fine if summary.reason == "Running" && summary.ready < summary.total => RowState::Warn,
            state => state,
        };
        let cells = vec![
            Cell::Ratio(summary.ready, summary.total),
            words.cell(&summary.reason),
            Cell::Restarts(summary.restarts, summary.last_restart),
            words.cell(&self.last_exit()),
            words.cell(&self.spec.node_name),
            Interner::rare(&self.status.pod_ip),
            words.cell(&self.status.nominated_node_name),
            self.gates(),
        ];
        (state, cells)
    }

    fn gauges(&self) -> Vec<Cell> {
        let one = |container: &Container| Asked { sidecar: container.restart_policy == "Always", asks: container.resources.read() };
        let (main, init): (Vec<Asked>, Vec<Asked>) =
            (self.spec.containers.iter().map(one).collect(), self.spec.init_containers.iter().map(one).collect());
        ask::of_pod(&main, &init, self.spec.resources.read(), self.spec.overhead.read())
    }
}

impl Pod {
    /// Conditions beyond readiness that somebody waits for, and how many hold.
    fn gates(&self) -> Cell {
        let holds = |gate: &&Gate| condition(&self.status.conditions, &gate.condition_type).is_some_and(|it| it.status == "True");
        match (self.spec.readiness_gates.iter().filter(holds).count(), self.spec.readiness_gates.len()) {
            (_, 0) => Cell::Empty,
            (true_now, all) => Cell::Ratio(u32::try_from(true_now).unwrap_or(u32::MAX), u32::try_from(all).unwrap_or(u32::MAX)),
        }
    }

    fn summary(&self, meta: &Meta) -> Summary {
        let sidecars = self.spec.init_containers.iter().filter(|container| container.restart_policy == "Always").count();
        let mut summary = Summary {
            reason: self.plain_reason(),
            ready: 0,
            total: u32::try_from(self.spec.containers.len() + sidecars).unwrap_or(u32::MAX),
            restarts: 0,
            last_restart: 0,
        };
        let initializing = self.initializing(&mut summary);
        let initialized = condition(&self.status.conditions, "Initialized").is_some_and(|it| it.status == "True");
        if !initializing || initialized {
            self.running(&mut summary);
        }
        if meta.deletion_timestamp.is_some() {
            if self.status.reason == "NodeLost" {
                summary.reason = "Unknown".into();
            } else if !matches!(self.status.phase.as_str(), "Failed" | "Succeeded") {
                summary.reason = "Terminating".into();
            }
        }
        summary
    }

    fn plain_reason(&self) -> String {
        let gated = condition(&self.status.conditions, "PodScheduled").is_some_and(|it| it.reason == "SchedulingGated");
        match () {
            () if gated => "SchedulingGated".into(),
            () if self.status.reason.is_empty() => self.status.phase.clone(),
            () => self.status.reason.clone(),
        }
    }

    fn is_sidecar(&self, name: &str) -> bool {
        self.spec.init_containers.iter().any(|container| container.name == name && container.restart_policy == "Always")
    }

    /// Init containers in order; true when one of them is not done.
    fn initializing(&self, summary: &mut Summary) -> bool {
        for (index, status) in self.status.init_container_statuses.iter().enumerate() {
            count_restarts(status, summary);
            let reason = match (&status.state.terminated, &status.state.waiting) {
                (Some(end), _) if end.exit_code == 0 => continue,
                _ if self.is_sidecar(&status.name) && status.started == Some(true) => {
                    summary.ready += u32::from(status.ready);
                    continue;
                }
                (Some(end), _) => ending(end),
                (None, Some(waiting)) if !waiting.reason.is_empty() && waiting.reason != "PodInitializing" => waiting.reason.clone(),
                _ => format!("{index}/{}", self.spec.init_containers.len()),
            };
            summary.reason = format!("Init:{reason}");
            return true;
        }
        false
    }

    fn running(&self, summary: &mut Summary) {
        (summary.restarts, summary.last_restart) = (0, 0);
        for status in self.status.init_container_statuses.iter().filter(|status| self.is_sidecar(&status.name)) {
            count_restarts(status, summary);
        }
        let mut some_run = false;
        for status in self.status.container_statuses.iter().rev() {
            count_restarts(status, summary);
            match &status.state {
                State { waiting: Some(waiting), .. } if !waiting.reason.is_empty() => summary.reason.clone_from(&waiting.reason),
                State { terminated: Some(end), .. } => summary.reason = ending(end),
                State { running: Some(_), .. } if status.ready => {
                    some_run = true;
                    summary.ready += 1;
                }
                _ => {}
            }
        }
        if summary.reason == "Completed" && some_run {
            let ready = condition(&self.status.conditions, "Ready").is_some_and(|it| it.status == "True");
            summary.reason = if ready { "Running" } else { "NotReady" }.into();
        }
    }

    /// How the container that ended last did so.
    fn last_exit(&self) -> String {
        let statuses = self.status.container_statuses.iter().chain(&self.status.init_container_statuses);
        let last = statuses.filter_map(|status| status.last_state.terminated.as_ref()).max_by_key(|end| unix(&end.finished_at));
        match last {
            None => String::new(),
            Some(end) if end.reason == "OOMKilled" => "OOM".into(),
            Some(end) if end.signal != 0 => format!("Sig {}", end.signal),
            Some(end) if end.exit_code == 0 => "Done".into(),
            Some(end) => format!("Err {}", end.exit_code),
        }
    }
}

fn ending(end: &Terminated) -> String {
    match (end.reason.as_str(), end.signal) {
        ("", 0) => format!("ExitCode:{}", end.exit_code),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn count_restarts(status: &ContainerStatus, summary: &mut Summary) {
    summary.restarts += status.restart_count;
    if let Some(end) = &status.last_state.terminated {
        summary.last_restart = summary.last_restart.max(unix(&end.finished_at));
    }
}

/// A row of the server's Table with the columns of a pod's own row. How the last container ended is not in a Table.
pub(super) fn printed(row: Row, columns: &[Column], now: i64) -> Row {
    let cell = |name: &str| columns.iter().position(|column| &*column.name == name).and_then(|at| row.cells.get(at)).cloned().unwrap_or_default();
    let ready = ratio(&cell("READY").show(now));
    let status = cell("STATUS");
    let short = matches!(ready, Cell::Ratio(ready, wanted) if ready < wanted);
    let state = if short && *status.show(now) == *"Running" { RowState::Warn } else { row.state };
    let place = [cell("NODE"), cell("IP"), cell("NOMINATED NODE"), cell("READINESS GATES")];
    let cells: Vec<Cell> = [ready, status, restarts(&cell("RESTARTS").show(now), now), Cell::Empty].into_iter().chain(place).collect();
    Row { state, cells: cells.into(), ..row }
}

/// `1/2`.
fn ratio(text: &str) -> Cell {
    let numbers = text.split_once('/').and_then(|(ready, wanted)| Some((ready.parse().ok()?, wanted.parse().ok()?)));
    numbers.map_or(Cell::Empty, |(ready, wanted)| Cell::Ratio(ready, wanted))
}

/// `14 (40s ago)`, or a bare number.
fn restarts(text: &str, now: i64) -> Cell {
    let (count, ago) = text.split_once(" (").unwrap_or((text, ""));
    let since = ago.strip_suffix(" ago)").and_then(|ago| crate::text::age::parse(ago).ok());
    let moment = since.and_then(|since| i64::try_from(since.as_secs()).ok()).map_or(0, |since| now - since);
    count.parse().map_or(Cell::Empty, |count| Cell::Restarts(count, moment))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::{Decoder, Own, Shape};
    use super::*;
    use crate::cluster::pieces::Pieces;
    use crate::names::ClusterId;

    fn row(spec: Value, status: Value, deleted: bool) -> (RowState, Vec<String>) {
        let mut object = json!({"metadata": {"name": "p", "uid": "u"}, "spec": spec, "status": status});
        if deleted {
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        let mut rows = Vec::new();
        let mut decoder = Decoder::new(Shape::Own(Own::Pods), ClusterId::new("c"), Arc::new(Gvk::new("", "v1", "Pod")));
        decoder.rows(object.to_string().as_bytes(), &mut rows).unwrap();
        (rows[0].state, rows[0].cells.iter().map(|cell| cell.show(1_767_225_660).into_owned()).collect())
    }

    /// Cases of Kubernetes' `TestPrintPod` and of the documentation of pod life cycles.
    #[test]
    fn status_is_what_kubectl_says() {
        let two = json!({"containers": [{"name": "a"}, {"name": "b"}]});
        let run = json!({"ready": true, "restartCount": 3, "state": {"running": {}}});
        let cases = [
            (json!({"phase": "Running", "containerStatuses": [run, {"restartCount": 3}]}), false, "1/2", "Running", RowState::Warn),
            (json!({"phase": "Running", "containerStatuses": [run, run]}), false, "2/2", "Running", RowState::Fine),
            (
                json!({"phase": "podPhase", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}, run]}),
                false,
                "1/2",
                "CrashLoopBackOff",
                RowState::Bad,
            ),
            (
                json!({"phase": "Running", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}, run]}),
                false,
                "1/2",
                "ExitCode:3",
                RowState::Bad,
            ),
            (
                json!({"phase": "Running", "containerStatuses": [{"state": {"terminated": {"signal": 9}}}, {}]}),
                false,
                "0/2",
                "Signal:9",
                RowState::Bad,
            ),
            (json!({"phase": "Failed", "reason": "Evicted"}), false, "0/2", "Evicted", RowState::Bad),
            (
                json!({"phase": "Running", "containerStatuses": [run, {"state": {"terminated": {"reason": "Completed", "exitCode": 0}}}]}),
                false,
                "1/2",
                "NotReady",
                RowState::Warn,
            ),
            (json!({"phase": "Running"}), true, "0/2", "Terminating", RowState::Progress),
            (json!({"phase": "Running", "reason": "NodeLost"}), true, "0/2", "Unknown", RowState::Unknown),
            (json!({"phase": "Succeeded"}), true, "0/2", "Succeeded", RowState::Done),
            (
                json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}),
                false,
                "0/2",
                "SchedulingGated",
                RowState::Progress,
            ),
        ];
        for (status, deleted, ready, text, state) in cases {
            let (have, cells) = row(two.clone(), status, deleted);
            assert_eq!((cells[0].as_str(), cells[1].as_str(), have), (ready, text, state));
        }
    }

    #[test]
    fn init_containers_are_counted_and_sidecars_are_containers() {
        let spec = json!({"containers": [{"name": "a"}], "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]});
        let started = json!({"name": "s", "started": true, "ready": true, "state": {"running": {}}});
        let waiting = json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}]});
        assert_eq!(row(spec.clone(), waiting, false).1[1], "Init:0/2");
        let failed = json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "restartCount": 2, "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]});
        assert_eq!(row(spec.clone(), failed, false).1[1], "Init:Error");
        let up = json!({"phase": "Running", "initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 0}}}, started],
            "containerStatuses": [{"ready": true, "state": {"running": {}}}]});
        assert_eq!(row(spec, up, false).1[..2], ["2/2".to_owned(), "Running".to_owned()]);
    }

    #[test]
    fn restarts_say_when_and_last_says_how() {
        let status = json!({"phase": "Running", "containerStatuses": [{"restartCount": 14, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-01-01T00:00:00Z"}}}]});
        let (_, cells) = row(json!({"containers": [{"name": "a"}], "nodeName": "node\u{1b}[31m"}), status, false);
        assert_eq!(cells[2], "14 (1m)");
        assert_eq!(cells[3], "OOM");
        assert!(!cells[4].contains('\u{1b}'));
    }

    /// The Table as kube-apiserver 1.36 prints it.
    #[test]
    fn a_printed_pod_has_the_columns_of_its_own_row() {
        let table = br#"{"kind":"Table","columnDefinitions":[{"name":"Name","type":"string"},{"name":"Ready","type":"string"},{"name":"Status","type":"string"},
            {"name":"Restarts","type":"string"},{"name":"Age","type":"string"},{"name":"IP","type":"string","priority":1},{"name":"Node","type":"string","priority":1}],
            "rows":[{"cells":["a","1/2","Running","14 (40s ago)","3d","10.0.0.1","node-1"],"object":{"metadata":{"name":"a","namespace":"n","uid":"1"}}},
                    {"cells":["b","1/1","Running","0","3d","<none>","node-1"],"object":{"metadata":{"name":"b","namespace":"n","uid":"2"}}}]}"#;
        let gvk = std::sync::Arc::new(Gvk::new("", "v1", "Pod"));
        let mut decoder = super::super::Decoder::new(super::super::Shape::Own(super::super::Own::Pods), crate::names::ClusterId::new("c"), gvk);
        let mut columns = None;
        let mut rows = Vec::new();
        let mut pieces = Pieces::of("rows");
        let take = |piece: &[u8], head: &[u8]| {
            let columns = columns.get_or_insert_with(|| decoder.glance(head).unwrap());
            decoder.glanced(piece, columns, 1_000).map(|row| rows.push(row))
        };
        pieces.feed(table, take).unwrap();
        assert_eq!((rows[0].state, rows[1].state), (RowState::Warn, RowState::Fine));
        assert_eq!(rows[0].cells[..4], [Cell::Ratio(1, 2), Cell::Text("Running".into()), Cell::Restarts(14, 960), Cell::Empty]);
        assert_eq!(rows[1].cells[2], Cell::Restarts(0, 0));
        assert_eq!(rows[1].cells[4], Cell::Text("node-1".into()));
        assert!(decoder.glance(br#"{"kind":"PodList","items":["#).is_none());
    }
}
