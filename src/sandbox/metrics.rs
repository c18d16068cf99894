//! metrics.k8s.io: what pods and nodes would use, if there were any. Numbers follow from names and the time, and move slowly; where nothing changes they
//! stand still. Bulk pods are figures without containers and use nothing.

use hyper::Method;
use serde_json::{Value, json};

use super::kinds::Kind;
use super::scenario::{BULK, hash, time};
use super::store::{Place, Store};

/// The group.
pub(super) const GROUP: &str = "metrics.k8s.io";
/// Its one version.
pub(super) const VERSION: &str = "v1beta1";

/// Its kinds: plural, kind, namespaced.
const KINDS: [(&str, &str, bool); 2] = [("nodes", "NodeMetrics", false), ("pods", "PodMetrics", true)];

/// Seconds over which a number is the mean.
const WINDOW: i64 = 30;
const MI: f64 = 1_048_576.0;

/// The group in aggregated discovery.
pub(super) fn aggregated() -> Value {
    let resource = |(plural, kind, namespaced): &(&str, &str, bool)| {
        json!({"resource": plural, "responseKind": {"group": GROUP, "version": VERSION, "kind": kind},
            "scope": if *namespaced { "Namespaced" } else { "Cluster" }, "singularResource": "", "verbs": ["get", "list"]})
    };
    let resources: Vec<Value> = KINDS.iter().map(resource).collect();
    json!({"metadata": {"name": GROUP}, "versions": [{"version": VERSION, "freshness": "Current", "resources": resources}]})
}

/// The group in the older discovery.
pub(super) fn group() -> Value {
    let version = json!({"groupVersion": format!("{GROUP}/{VERSION}"), "version": VERSION});
    json!({"kind": "APIGroup", "apiVersion": "v1", "name": GROUP, "versions": [version], "preferredVersion": version})
}

/// Its kinds in the older discovery.
pub(super) fn resources() -> Value {
    let resource = |(plural, kind, namespaced): &(&str, &str, bool)| json!({"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]});
    let list: Vec<Value> = KINDS.iter().map(resource).collect();
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{GROUP}/{VERSION}"), "resources": list})
}

/// The answer to a path behind the version; `None`: there is no such thing. `now` in unix seconds.
pub(super) fn answer(store: &Store, method: &Method, rest: &[&str], now: i64) -> Option<Value> {
    let list = |kind: &str, items: Vec<Value>| json!({"kind": format!("{kind}List"), "apiVersion": format!("{GROUP}/{VERSION}"), "metadata": {}, "items": items});
    if *method != Method::GET {
        return None;
    }
    match rest {
        ["pods"] => Some(list("PodMetrics", pods(store, None, now))),
        ["namespaces", namespace, "pods"] => Some(list("PodMetrics", pods(store, Some(namespace), now))),
        ["namespaces", namespace, "pods", name] => {
            let place: Place = ("pods", (*namespace).to_owned(), (*name).to_owned());
            pod(&store.get(&place)?.value(), now)
        }
        ["nodes"] => Some(list("NodeMetrics", nodes(store, now))),
        ["nodes", name] => nodes(store, now).into_iter().find(|node| node["metadata"]["name"] == *name),
        _ => None,
    }
}

fn pods(store: &Store, namespace: Option<&str>, now: i64) -> Vec<Value> {
    let Some(kind) = Kind::named("Pod") else { return Vec::new() };
    let (_, found) = store.list(kind, namespace, None, usize::MAX);
    found.into_iter().filter(|(place, _)| !place.1.starts_with(BULK)).filter_map(|(_, stored)| pod(&stored.value(), now)).collect()
}

/// `PodMetrics` of a pod whose containers run.
fn pod(pod: &Value, now: i64) -> Option<Value> {
    let running = |name: &Value| {
        let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
        statuses.into_iter().flatten().any(|status| status["name"] == *name && status["state"]["running"].is_object())
    };
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten().filter(|one| running(&one["name"]));
    let containers: Vec<Value> = containers.map(|one| container(pod, one, now)).collect();
    (!containers.is_empty()).then(|| item(&pod["metadata"], "PodMetrics", now, json!({"containers": containers})))
}

fn item(metadata: &Value, kind: &str, now: i64, mut item: Value) -> Value {
    item["kind"] = json!(kind);
    item["apiVersion"] = json!(format!("{GROUP}/{VERSION}"));
    item["metadata"] = json!({"name": metadata["name"], "creationTimestamp": time(now), "labels": metadata["labels"]});
    if metadata["namespace"].is_string() {
        item["metadata"]["namespace"] = metadata["namespace"].clone();
    }
    item["timestamp"] = json!(time(now));
    item["window"] = json!(format!("{WINDOW}s"));
    item
}

fn container(pod: &Value, container: &Value, now: i64) -> Value {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let (cpu, memory) = uses(name, container["name"].as_str().unwrap_or_default(), now);
    json!({"name": container["name"], "usage": usage(cpu, memory)})
}

/// As metrics-server writes them: billionths of a core, and kibibytes.
fn usage(cores: f64, bytes: f64) -> Value {
    json!({"cpu": format!("{}n", (cores * 1e9) as u64), "memory": format!("{}Ki", (bytes / 1_024.0) as u64)})
}

/// Cores and bytes of a container of the shop, whose containers may have 256 Mi each: most live well within, one is near its end.
fn uses(pod: &str, app: &str, now: i64) -> (f64, f64) {
    let noise = (hash(&[pod, app]) % 1_000) as f64 / 1_000.0;
    let share = match app {
        "recommend" => 0.955,
        "search" => 0.83,
        _ => 0.25 + 0.4 * noise,
    };
    let cores = 0.01 + 0.09 * noise * (1.0 + 0.5 * wave(now, 420.0, noise));
    (cores, 256.0 * MI * (share + 0.015 * wave(now, 1_900.0, noise)))
}

/// Between -1 and 1, once up and down in a period of seconds; each begins elsewhere in it.
fn wave(now: i64, period: f64, begin: f64) -> f64 {
    ((now.rem_euclid(86_400) as f64 / period + begin) * std::f64::consts::TAU).sin()
}

/// Nodes use what their pods use, and something for themselves.
fn nodes(store: &Store, now: i64) -> Vec<Value> {
    let (Some(node), Some(pods)) = (Kind::named("Node"), Kind::named("Pod")) else { return Vec::new() };
    let (_, all) = store.list(pods, None, None, usize::MAX);
    let pods: Vec<Value> = all.into_iter().filter(|(place, _)| !place.1.starts_with(BULK)).map(|(_, stored)| stored.value()).collect();
    let (_, nodes) = store.list(node, None, None, usize::MAX);
    let one = |(place, stored): (Place, std::sync::Arc<super::store::Stored>)| {
        let noise = (hash(&[&place.2]) % 1_000) as f64 / 1_000.0;
        let own = (0.6 + 2.8 * noise + 0.2 * wave(now, 600.0, noise), MI * 1_024.0 * (5.0 + 14.0 * noise));
        let here = pods.iter().filter(|pod| pod["spec"]["nodeName"] == *place.2);
        let names =
            here.map(|pod| (pod["metadata"]["name"].as_str().unwrap_or_default(), pod["spec"]["containers"][0]["name"].as_str().unwrap_or_default()));
        let sum = names.map(|(name, app)| uses(name, app, now)).fold(own, |sum, one| (sum.0 + one.0, sum.1 + one.1));
        item(&stored.value()["metadata"], "NodeMetrics", now, json!({"usage": usage(sum.0, sum.1)}))
    };
    nodes.into_iter().map(one).collect()
}
