//! Objects as Tables, with the columns `kubectl get` shows for each kind.

use serde_json::{Value, json};

use super::kinds::Kind;
use crate::text::age::human;

/// Writes the cells of one object at a moment in unix seconds.
type Cells = fn(&Value, i64) -> Vec<Value>;

/// The columns of a kind, those of the real server; a trailing `+` marks the wide view, a `#` numbers.
struct Printer {
    kind: &'static str,
    columns: &'static [&'static str],
    cells: Cells,
}

/// How much of an object a row carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Include {
    None,
    Metadata,
    Object,
}

const PRINTERS: &[Printer] = &[
    Printer {
        kind: "Pod",
        columns: &["Name", "Ready", "Status", "Restarts", "Age", "IP+", "Node+", "Nominated Node+", "Readiness Gates+"],
        cells: pod,
    },
    Printer {
        kind: "Deployment",
        columns: &["Name", "Ready", "Up-to-date", "Available", "Age", "Containers+", "Images+", "Selector+"],
        cells: |it, now| {
            let status = ["updatedReplicas", "availableReplicas"].map(|name| count(it, &format!("/status/{name}")));
            row_of([name(it), ratio(it, "/status/readyReplicas", "/spec/replicas")], status, [age(it, now)], containers(it), [selector(it)])
        },
    },
    Printer {
        kind: "ReplicaSet",
        columns: &["Name", "Desired#", "Current#", "Ready#", "Age", "Containers+", "Images+", "Selector+"],
        cells: |it, now| {
            let counts = ["/spec/replicas", "/status/replicas", "/status/readyReplicas"].map(|path| count(it, path));
            row_of([name(it)], counts, [age(it, now)], containers(it), [selector(it)])
        },
    },
    Printer {
        kind: "StatefulSet",
        columns: &["Name", "Ready", "Age", "Containers+", "Images+"],
        cells: |it, now| row_of([name(it)], [ratio(it, "/status/readyReplicas", "/spec/replicas")], [age(it, now)], containers(it), []),
    },
    Printer {
        kind: "DaemonSet",
        columns: &[
            "Name",
            "Desired#",
            "Current#",
            "Ready#",
            "Up-to-date#",
            "Available#",
            "Node Selector",
            "Age",
            "Containers+",
            "Images+",
            "Selector+",
        ],
        cells: |it, now| {
            let counts = ["desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"];
            let counts = counts.map(|name| count(it, &format!("/status/{name}")));
            row_of([name(it)], counts, [pairs(&it["spec"]["template"]["spec"]["nodeSelector"]), age(it, now)], containers(it), [selector(it)])
        },
    },
    Printer {
        kind: "Service",
        columns: &["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector+"],
        cells: |it, now| {
            let texts = ["/spec/type", "/spec/clusterIP", "/status/loadBalancer/ingress/0/ip"].map(|path| text(it, path));
            row_of([name(it)], texts, [ports(it), age(it, now)], [pairs(&it["spec"]["selector"])], [])
        },
    },
    Printer {
        kind: "Node",
        columns: &["Name", "Status", "Roles", "Age", "Version", "Internal-IP+", "External-IP+", "OS-Image+", "Kernel-Version+", "Container-Runtime+"],
        cells: |it, now| {
            let info = ["osImage", "kernelVersion", "containerRuntimeVersion"].map(|name| text(it, &format!("/status/nodeInfo/{name}")));
            let version = text(it, "/status/nodeInfo/kubeletVersion");
            let addresses = ["InternalIP", "ExternalIP"].map(|kind| address(it, kind));
            row_of([name(it), node_status(it)], [none()], [age(it, now), version], addresses, info)
        },
    },
    Printer { kind: "Namespace", columns: &["Name", "Status", "Age"], cells: |it, now| vec![name(it), text(it, "/status/phase"), age(it, now)] },
    Printer {
        kind: "Event",
        columns: &["Last Seen", "Type", "Reason", "Object", "Subobject+", "Source+", "Message", "First Seen+", "Count+", "Name+"],
        cells: |it, now| {
            let seen = |path: &str| json!(since(&it[path], now));
            let (kind, reason, message) = (text(it, "/type"), text(it, "/reason"), text(it, "/message"));
            let (part, source) = (text(it, "/involvedObject/fieldPath"), text(it, "/source/component"));
            row_of(
                [seen("lastTimestamp")],
                [kind, reason, involved(it)],
                [part, source, message],
                [seen("firstTimestamp"), count(it, "/count")],
                [name(it)],
            )
        },
    },
    Printer { kind: "ConfigMap", columns: &["Name", "Data", "Age"], cells: |it, now| vec![name(it), size(it), age(it, now)] },
    Printer { kind: "Secret", columns: &["Name", "Type", "Data", "Age"], cells: |it, now| vec![name(it), text(it, "/type"), size(it), age(it, now)] },
    Printer {
        kind: "PersistentVolumeClaim",
        columns: &["Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass", "Age", "VolumeMode+"],
        cells: |it, now| {
            let texts = ["/status/phase", "/spec/volumeName", "/status/capacity/storage"].map(|path| text(it, path));
            let classes = ["/spec/storageClassName", "/spec/volumeAttributesClassName"].map(|path| text(it, path));
            row_of([name(it)], texts, [modes(it)], classes, [age(it, now), text(it, "/spec/volumeMode")])
        },
    },
    Printer {
        kind: "Job",
        columns: &["Name", "Status", "Completions", "Duration", "Age", "Containers+", "Images+", "Selector+"],
        cells: |it, now| {
            let status = [text(it, "/status/conditions/0/type"), ratio(it, "/status/succeeded", "/spec/completions"), none()];
            row_of([name(it)], status, [age(it, now)], containers(it), [selector(it)])
        },
    },
    Printer {
        kind: "CronJob",
        columns: &["Name", "Schedule", "Timezone", "Suspend", "Active#", "Last Schedule", "Age", "Containers+", "Images+", "Selector+"],
        cells: |it, now| {
            let suspended = json!(if it["spec"]["suspend"] == true { "True" } else { "False" });
            let active = json!(it["status"]["active"].as_array().map_or(0, Vec::len));
            let last = json!(since(&it["status"]["lastScheduleTime"], now));
            let job = &it["spec"]["jobTemplate"];
            let plan = [text(it, "/spec/schedule"), text(it, "/spec/timeZone"), suspended];
            row_of([name(it)], plan, [active, last, age(it, now)], containers(job), [selector(job)])
        },
    },
    Printer {
        kind: "Ingress",
        columns: &["Name", "Class", "Hosts", "Address", "Ports", "Age"],
        cells: |it, now| {
            let texts = ["/spec/ingressClassName", "/spec/rules/0/host"].map(|path| text(it, path));
            row_of([name(it)], texts, [text(it, "/status/loadBalancer/ingress/0/ip")], [json!("80"), age(it, now)], [])
        },
    },
    Printer { kind: "Role", columns: &["Name", "Created At"], cells: created },
    Printer { kind: "ClusterRole", columns: &["Name", "Created At"], cells: created },
    Printer { kind: "RoleBinding", columns: &["Name", "Role", "Age", "Users+", "Groups+", "ServiceAccounts+"], cells: binding },
    Printer { kind: "ClusterRoleBinding", columns: &["Name", "Role", "Age", "Users+", "Groups+", "ServiceAccounts+"], cells: binding },
    Printer {
        kind: "Gadget",
        columns: &["Name", "Stock#", "Price", "Age"],
        cells: |it, now| vec![name(it), count(it, "/spec/stock"), text(it, "/spec/price"), age(it, now)],
    },
];

/// What a kind without columns of its own shows.
const PLAIN: Printer = Printer { kind: "", columns: &["Name", "Age"], cells: |it, now| vec![name(it), age(it, now)] };

/// A Table of objects; definitions only where they are asked for, as in a watch.
pub(super) fn table(kind: &Kind, objects: &[Value], include: Include, define: bool, metadata: &Value) -> Value {
    let printer = PRINTERS.iter().find(|printer| printer.kind == kind.kind).unwrap_or(&PLAIN);
    let now = jiff::Timestamp::now().as_second();
    let rows: Vec<Value> = objects.iter().map(|object| row(object, printer, include, now)).collect();
    let columns = if define { printer.columns.iter().map(|spelling| definition(spelling)).collect() } else { Value::Null };
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": if metadata.is_null() { json!({}) } else { metadata.clone() }, "columnDefinitions": columns, "rows": rows})
}

fn definition(spelling: &str) -> Value {
    let name = spelling.trim_end_matches(['+', '#']);
    json!({"name": name, "type": if spelling.ends_with('#') { "integer" } else { "string" }, "format": if name == "Name" { "name" } else { "" },
        "description": "", "priority": i32::from(spelling.ends_with('+'))})
}

fn row(object: &Value, printer: &Printer, include: Include, now: i64) -> Value {
    let carried = match include {
        Include::None => Value::Null,
        Include::Metadata => json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]}),
        Include::Object => object.clone(),
    };
    json!({"cells": (printer.cells)(object, now), "object": carried})
}

fn row_of<const A: usize, const B: usize, const C: usize, const D: usize, const E: usize>(
    a: [Value; A],
    b: [Value; B],
    c: [Value; C],
    d: [Value; D],
    e: [Value; E],
) -> Vec<Value> {
    a.into_iter().chain(b).chain(c).chain(d).chain(e).collect()
}

fn created(object: &Value, _: i64) -> Vec<Value> {
    vec![name(object), object["metadata"]["creationTimestamp"].clone()]
}

/// A binding with its role, and its subjects by their kinds.
fn binding(object: &Value, now: i64) -> Vec<Value> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let subjects = |kind: &str| {
        let all = object["subjects"].as_array().into_iter().flatten().filter(|subject| subject["kind"] == kind);
        let called = |subject: &Value| {
            if kind == "ServiceAccount" { format!("{}/{}", word(&subject["namespace"]), word(&subject["name"])) } else { word(&subject["name"]) }
        };
        json!(all.map(called).collect::<Vec<_>>().join(", "))
    };
    let role = json!(format!("{}/{}", word(&object["roleRef"]["kind"]), word(&object["roleRef"]["name"])));
    let [users, groups, accounts] = ["User", "Group", "ServiceAccount"].map(subjects);
    vec![name(object), role, age(object, now), users, groups, accounts]
}

fn name(object: &Value) -> Value {
    object["metadata"]["name"].clone()
}

fn age(object: &Value, now: i64) -> Value {
    json!(since(&object["metadata"]["creationTimestamp"], now))
}

fn none() -> Value {
    json!("<none>")
}

/// Words with commas between, `<none>` when there are none.
fn joined(words: impl Iterator<Item = String>) -> Value {
    let text = words.collect::<Vec<_>>().join(",");
    if text.is_empty() { none() } else { json!(text) }
}

fn pairs(labels: &Value) -> Value {
    let labels = labels.as_object().into_iter().flatten();
    joined(labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())))
}

fn selector(object: &Value) -> Value {
    pairs(&object["spec"]["selector"]["matchLabels"])
}

/// Names and images of a template's containers.
fn containers(object: &Value) -> [Value; 2] {
    ["name", "image"].map(|field| {
        let all = object.pointer("/spec/template/spec/containers").and_then(Value::as_array).into_iter().flatten();
        joined(all.map(|one| one[field].as_str().unwrap_or_default().to_owned()))
    })
}

fn since(time: &Value, now: i64) -> String {
    let then = time.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    then.map_or_else(|| "<unknown>".into(), |then| human(now - then.as_second()))
}

fn text(object: &Value, path: &str) -> Value {
    object.pointer(path).cloned().unwrap_or_else(none)
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
    let place = ["/status/podIP", "/spec/nodeName", "/status/nominatedNodeName"].map(|path| text(it, path));
    row_of([name(it), json!(format!("{ready}/{total}"))], [status, json!(restarts)], [age(it, now)], place, [none()])
}

fn ports(it: &Value) -> Value {
    let ports = it["spec"]["ports"].as_array().into_iter().flatten();
    joined(ports.map(|port| format!("{}/{}", number(port, "/port"), port["protocol"].as_str().unwrap_or("TCP"))))
}

/// Access modes in the short form everybody knows: `RWO`.
fn modes(it: &Value) -> Value {
    let modes = it["spec"]["accessModes"].as_array().into_iter().flatten();
    joined(modes.map(|mode| mode.as_str().unwrap_or_default().chars().filter(char::is_ascii_uppercase).collect()))
}

fn node_status(it: &Value) -> Value {
    let ready = it["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"));
    json!(if ready { "Ready" } else { "NotReady" })
}

fn address(it: &Value, kind: &str) -> Value {
    let found = it["status"]["addresses"].as_array().and_then(|all| all.iter().find(|one| one["type"] == kind)).map(|one| one["address"].clone());
    found.unwrap_or_else(none)
}

fn involved(it: &Value) -> Value {
    let object = &it["involvedObject"];
    json!(format!("{}/{}", object["kind"].as_str().unwrap_or_default().to_lowercase(), object["name"].as_str().unwrap_or_default()))
}
