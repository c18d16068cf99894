//! Objects as Tables, with the columns `kubectl get` shows for each kind.

use serde_json::{Value, json};

use super::kinds::Kind;
use crate::text::age;

type Cells = fn(&Value, i64) -> Vec<Value>;

/// Columns between NAME and AGE; a trailing `+` marks those of the wide view.
struct Printer {
    kind: &'static str,
    columns: &'static [&'static str],
    cells: Cells,
}

const PRINTERS: &[Printer] = &[
    Printer { kind: "Pod", columns: &["Ready", "Status", "Restarts"], cells: pod },
    Printer { kind: "Deployment", columns: &["Ready", "Up-to-date", "Available"], cells: deployment },
    Printer {
        kind: "ReplicaSet",
        columns: &["Desired", "Current", "Ready"],
        cells: |it, _| vec![count(it, "/spec/replicas"), count(it, "/status/replicas"), count(it, "/status/readyReplicas")],
    },
    Printer { kind: "StatefulSet", columns: &["Ready"], cells: |it, _| vec![ratio(it, "/status/readyReplicas", "/spec/replicas")] },
    Printer {
        kind: "DaemonSet",
        columns: &["Desired", "Current", "Ready"],
        cells: |it, _| ["desiredNumberScheduled", "currentNumberScheduled", "numberReady"].map(|name| count(it, &format!("/status/{name}"))).into(),
    },
    Printer { kind: "Service", columns: &["Type", "Cluster-IP", "External-IP", "Port(s)"], cells: service },
    Printer { kind: "Node", columns: &["Status", "Roles", "Version"], cells: node },
    Printer { kind: "Namespace", columns: &["Status"], cells: |it, _| vec![text(it, "/status/phase")] },
    Printer { kind: "Event", columns: &["Last Seen", "Type", "Reason", "Object", "Message"], cells: event },
    Printer { kind: "ConfigMap", columns: &["Data"], cells: |it, _| vec![size(it)] },
    Printer { kind: "Secret", columns: &["Type", "Data"], cells: |it, _| vec![text(it, "/type"), size(it)] },
    Printer {
        kind: "Job",
        columns: &["Status", "Completions"],
        cells: |it, _| vec![text(it, "/status/conditions/0/type"), ratio(it, "/status/succeeded", "/spec/completions")],
    },
    Printer {
        kind: "CronJob",
        columns: &["Schedule", "Suspend"],
        cells: |it, _| vec![text(it, "/spec/schedule"), json!(if it["spec"]["suspend"] == true { "True" } else { "False" })],
    },
    Printer {
        kind: "Ingress",
        columns: &["Class", "Hosts"],
        cells: |it, _| vec![text(it, "/spec/ingressClassName"), text(it, "/spec/rules/0/host")],
    },
    Printer {
        kind: "PersistentVolumeClaim",
        columns: &["Status", "Volume", "Capacity"],
        cells: |it, _| vec![text(it, "/status/phase"), text(it, "/spec/volumeName"), text(it, "/status/capacity/storage")],
    },
    Printer { kind: "Gadget", columns: &["Stock", "Price"], cells: |it, _| vec![count(it, "/spec/stock"), text(it, "/spec/price")] },
];

/// A Table of objects; definitions only where they are asked for, as in a watch.
pub(super) fn table(kind: &Kind, objects: &[Value], define: bool, metadata: &Value) -> Value {
    let printer = PRINTERS.iter().find(|printer| printer.kind == kind.kind);
    let now = jiff::Timestamp::now().as_second();
    let rows: Vec<Value> = objects.iter().map(|object| row(object, printer, now)).collect();
    let columns = if define { definitions(printer) } else { Value::Null };
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": if metadata.is_null() { json!({}) } else { metadata.clone() }, "columnDefinitions": columns, "rows": rows})
}

fn definitions(printer: Option<&Printer>) -> Value {
    let column =
        |name: &str| json!({"name": name, "type": "string", "format": if name == "Name" { "name" } else { "" }, "description": "", "priority": 0});
    let own = printer.map_or(&[][..], |printer| printer.columns);
    std::iter::once("Name").chain(own.iter().copied()).chain(std::iter::once("Age")).map(column).collect()
}

fn row(object: &Value, printer: Option<&Printer>, now: i64) -> Value {
    let mut cells = vec![object["metadata"]["name"].clone()];
    if let Some(printer) = printer {
        cells.extend((printer.cells)(object, now));
    }
    cells.push(json!(since(&object["metadata"]["creationTimestamp"], now)));
    json!({"cells": cells, "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]}})
}

fn since(time: &Value, now: i64) -> String {
    let then = time.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    then.map_or_else(|| "<unknown>".into(), |then| age::human(now - then.as_second()))
}

fn text(object: &Value, path: &str) -> Value {
    object.pointer(path).cloned().unwrap_or_else(|| json!("<none>"))
}

fn number(object: &Value, path: &str) -> u64 {
    object.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

fn count(object: &Value, path: &str) -> Value {
    json!(number(object, path))
}

fn ratio(object: &Value, have: &str, wanted: &str) -> Value {
    json!(format!("{}/{}", number(object, have), number(object, wanted)))
}

fn size(object: &Value) -> Value {
    json!(object["data"].as_object().map_or(0, serde_json::Map::len))
}

fn deployment(it: &Value, _: i64) -> Vec<Value> {
    vec![ratio(it, "/status/readyReplicas", "/spec/replicas"), count(it, "/status/updatedReplicas"), count(it, "/status/availableReplicas")]
}

fn pod(it: &Value, now: i64) -> Vec<Value> {
    let statuses = it["status"]["containerStatuses"].as_array().map_or(&[][..], Vec::as_slice);
    let ready = statuses.iter().filter(|status| status["ready"] == true).count();
    let total = it["spec"]["containers"].as_array().map_or(0, Vec::len);
    let waiting = statuses.iter().find_map(|status| status.pointer("/state/waiting/reason").or_else(|| status.pointer("/state/terminated/reason")));
    let deleted = !it["metadata"]["deletionTimestamp"].is_null();
    let status = if deleted { json!("Terminating") } else { waiting.cloned().unwrap_or_else(|| text(it, "/status/phase")) };
    let restarts: u64 = statuses.iter().map(|status| number(status, "/restartCount")).sum();
    let last = statuses.iter().find_map(|status| status.pointer("/lastState/terminated/finishedAt"));
    let restarts = last.map_or_else(|| restarts.to_string(), |last| format!("{restarts} ({} ago)", since(last, now)));
    vec![json!(format!("{ready}/{total}")), status, json!(restarts)]
}

fn service(it: &Value, _: i64) -> Vec<Value> {
    let ports = it["spec"]["ports"].as_array().map_or(&[][..], Vec::as_slice).iter();
    let ports: Vec<String> = ports.map(|port| format!("{}/{}", number(port, "/port"), port["protocol"].as_str().unwrap_or("TCP"))).collect();
    vec![text(it, "/spec/type"), text(it, "/spec/clusterIP"), text(it, "/status/loadBalancer/ingress/0/ip"), json!(ports.join(","))]
}

fn node(it: &Value, _: i64) -> Vec<Value> {
    let ready = it["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"));
    vec![json!(if ready { "Ready" } else { "NotReady" }), json!("<none>"), text(it, "/status/nodeInfo/kubeletVersion")]
}

fn event(it: &Value, now: i64) -> Vec<Value> {
    let object = &it["involvedObject"];
    let object = format!("{}/{}", object["kind"].as_str().unwrap_or_default().to_lowercase(), object["name"].as_str().unwrap_or_default());
    vec![json!(since(&it["lastTimestamp"], now)), text(it, "/type"), text(it, "/reason"), json!(object), text(it, "/message")]
}
