//! Our summary beside `kubectl describe` on a real server: everything kubectl says of a kind has to be found in ours, in the place a table names for
//! it. Words are compared, not their arrangement; what is left out on purpose stands in the table with its reason.

use std::collections::BTreeSet;

use meshplay::cluster::describe::{Description, Piece, Said};
use serde_json::{Value, json};

use super::Real;

/// Where something of kubectl's stands in ours, or why it does not.
#[derive(Debug)]
enum Place {
    /// Section and label; `*` is any. `{}` in it is what the pattern's first `*` stood for.
    At(&'static str, &'static str),
    /// Left out on purpose.
    #[allow(dead_code, reason = "it is for whoever reads the table")]
    Left(&'static str),
}

use Place::{At, Left};

/// kubectl's labels by their path; the first pattern that fits wins. What fits none has to stand under the same label somewhere.
const PLACES: &[(&str, Place)] = &[
    ("Name", Left("it is the title of the detail")),
    ("Namespace", Left("it stands in the title of the detail")),
    ("Events", Left("they are watched beside the summary")),
    ("Labels", At("labels", "*")),
    ("Annotations", At("annotations", "*")),
    ("CreationTimestamp", At("*", "created")),
    ("Conditions", At("conditions", "*")),
    ("Readiness Gates", At("readiness gates", "*")),
    // Pods and templates.
    ("IPs/IP", At("*", "ip")),
    ("SeccompProfile", At("*", "seccomp profile")),
    ("LocalhostProfile", At("*", "localhost profile")),
    ("NominatedNodeName", At("scheduling", "nominated node")),
    ("Priority Class Name", At("scheduling", "priority class")),
    ("Runtime Class Name", At("scheduling", "runtime class")),
    ("Node-Selectors", At("scheduling", "node selectors")),
    ("Node-Selector", At("scheduling", "node selectors")),
    ("Tolerations", At("scheduling", "toleration")),
    ("Topology Spread Constraints", At("scheduling", "spread")),
    ("Volumes/*/Optional", Left("only what is optional is called so")),
    ("Volumes/*/ReadOnly", Left("only what is read-only is called so")),
    ("Volumes/*/HostPathType", At("volumes", "{}")),
    ("Volumes/*/Type", At("volumes", "{}")),
    ("Volumes/*/TokenExpirationSeconds", At("volumes", "{}")),
    ("Volumes/*/DownwardAPI", Left("its source is told by its name")),
    ("Volumes/*", At("volumes", "{}")),
    ("Containers/*/Host Port", At("container {}", "host ports")),
    ("Containers/*/Host Ports", At("container {}", "host ports")),
    ("Containers/*/Port", At("container {}", "ports")),
    ("Containers/*/SeccompProfile", At("container {}", "seccomp profile")),
    ("Containers/*/State", At("container {}", "state")),
    ("Containers/*/Last State", At("container {}", "last state")),
    ("Containers/*/Limits", At("container {}", "limits")),
    ("Containers/*/Requests", At("container {}", "requests")),
    ("Containers/*/Command", At("container {}", "command")),
    ("Containers/*/Args", At("container {}", "args")),
    ("Containers/*/Environment Variables from", At("container {}", "environment from")),
    ("Containers/*/Environment", At("container {}", "*")),
    ("Containers/*/Mounts", At("container {}", "*")),
    ("Containers/*/Devices", At("container {}", "*")),
    // Workloads.
    ("Replicas", At("*", "replica*")),
    ("StrategyType", At("*", "strategy")),
    ("RollingUpdateStrategy", At("*", "strategy")),
    ("MinReadySeconds", At("*", "min ready seconds")),
    ("OldReplicaSets", At("replica sets", "*")),
    ("NewReplicaSet", At("replica sets", "*")),
    ("Desired Number of Nodes Scheduled", At("*", "scheduled")),
    ("Current Number of Nodes Scheduled", At("*", "scheduled")),
    ("Number of Nodes Scheduled with Up-to-date Pods", At("*", "scheduled")),
    ("Number of Nodes Scheduled with Available Pods", At("*", "scheduled")),
    ("Number of Nodes Misscheduled", At("*", "scheduled")),
    ("Update Strategy", At("*", "update strategy")),
    ("Volume Claims", At("volume claims", "*")),
    ("Pods Statuses", At("*", "pod statuses")),
    ("TTL Seconds After Finished", At("*", "ttl after finished")),
    ("Active Deadline Seconds", At("*", "active deadline")),
    ("Time Zone", At("*", "schedule")),
    ("Successful Job History Limit", At("*", "successful jobs kept")),
    ("Failed Job History Limit", At("*", "failed jobs kept")),
    ("Starting Deadline Seconds", At("*", "starting deadline")),
    // Services and Ingresses.
    ("IP", At("*", "*ip")),
    ("IPs", At("*", "cluster ip")),
    ("LoadBalancer Ingress", At("*", "external")),
    ("Desired LoadBalancer IP", At("*", "desired load balancer ip")),
    ("LoadBalancer Source Ranges", At("traffic", "source ranges")),
    ("HealthCheck NodePort", At("traffic", "health check node port")),
    ("TargetPort", At("*", "port")),
    ("NodePort", At("*", "port")),
    ("AppProtocol", At("*", "port")),
    ("Endpoints", At("*", "port")),
    ("TLS", At("*", "tls")),
    ("Rules", At("rules", "*")),
    // Nodes.
    ("Taints", At("*", "taint")),
    ("Lease/HolderIdentity", At("lease", "holder")),
    ("Lease/AcquireTime", At("lease", "acquired")),
    ("Lease/RenewTime", At("lease", "renewed")),
    ("Capacity/*", At("resources", "{}")),
    ("Allocatable/*", At("resources", "{}")),
    ("PodCIDR", At("*", "pod cidrs")),
    ("PodCIDRs", At("*", "pod cidrs")),
    ("ProviderID", At("*", "provider id")),
    ("Non-terminated Pods", At("pods", "*")),
    ("Allocated resources", At("allocated", "*")),
    // Claims and namespaces.
    ("StorageClass", At("*", "storage class")),
    ("VolumeMode", At("*", "volume mode")),
    ("DataSource", At("*", "data source")),
    ("Resource Quotas/Name", Left("it is the title of the quota's section")),
    ("Resource Quotas", At("quota {}", "*")),
    ("Resource Limits", At("limit range {}", "*")),
    // Events.
    ("API Version", Left("the kind is known")),
    ("Kind", Left("the kind is known")),
    ("First Timestamp", At("*", "first seen")),
    ("Last Timestamp", At("*", "last seen")),
    ("Source/Component", At("*", "from")),
    ("Source/Host", At("*", "host")),
    ("Involved Object/UID", At("involved object", "uid")),
    ("Involved Object/API Version", At("involved object", "apiVersion")),
    ("Involved Object/Resource Version", At("involved object", "resourceVersion")),
    ("Involved Object/Field Path", At("involved object", "fieldPath")),
    ("Involved Object/*", At("involved object", "{}")),
    ("Metadata/Creation Timestamp", At("*", "created")),
    ("Metadata", Left("name and uid are in the manifest")),
];

/// Parts whose lines are rows of a table.
const TABLES: &[&str] = &[
    "Conditions",
    "Rules",
    "Non-terminated Pods",
    "Allocated resources",
    "Resource Quotas",
    "Resource Limits",
    "Readiness Gates",
    "TLS",
    "Mounts",
    "Devices",
    "Command",
    "Args",
    "Environment Variables from",
];

/// Headings of tables and remarks in them.
const HEADS: &[&str] = &["Type ", "Host ", "Namespace ", "Resource ", "(Total limits", "----", "---- ", "* "];

/// One thing kubectl says: where, and what.
#[derive(Debug)]
struct Told {
    path: Vec<String>,
    value: String,
}

/// Takes the output of `kubectl describe` apart by its indentation.
fn told(text: &str) -> Vec<Told> {
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut all: Vec<Told> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let body = line.trim();
        let title = TABLES.iter().find(|title| indent == 0 && **title == body);
        let table = path.iter().any(|(at, name)| *at < indent && TABLES.contains(&name.as_str()));
        if HEADS.iter().any(|head| body.starts_with(head)) || body.chars().all(|c| c == '-' || c == ' ') {
            continue;
        }
        if indent >= 8 && !table {
            let path = all.last().map(|told| told.path.clone()).unwrap_or_default();
            all.push(Told { path, value: body.to_owned() });
            continue;
        }
        path.retain(|(at, _)| *at < indent);
        let (label, value) = match body.split_once(':') {
            Some((label, value)) if !table && (value.is_empty() || value.starts_with([' ', '\t'])) => (label, value.trim()),
            _ => (title.copied().unwrap_or_default(), body),
        };
        if !label.is_empty() {
            path.push((indent, label.to_owned()));
        }
        let value = if title.is_some() { "" } else { value };
        all.push(Told { path: path.iter().map(|(_, name)| name.clone()).collect(), value: value.to_owned() });
    }
    all
}

/// Which place a path means, and what the pattern's star stood for.
fn place_of(path: &[String]) -> (Option<&'static Place>, String) {
    if path.len() > 1 && path[0] == "Pod Template" {
        match path[1].as_str() {
            "Labels" => return (Some(&At("template", "labels")), String::new()),
            "Annotations" => return (Some(&At("template annotations", "*")), String::new()),
            _ => {}
        }
    }
    // A template has the parts of a pod.
    let path: Vec<&str> = path.iter().map(String::as_str).filter(|part| *part != "Pod Template").collect();
    let path: Vec<&str> = path.iter().map(|part| if *part == "Init Containers" { "Containers" } else { *part }).collect();
    for (pattern, place) in PLACES {
        let parts: Vec<&str> = pattern.split('/').collect();
        if parts.len() <= path.len() && parts.iter().zip(&path).all(|(wanted, part)| *wanted == "*" || wanted == part) {
            let star = parts.iter().position(|part| *part == "*").map(|at| path[at]).unwrap_or_default();
            return (Some(place), star.to_owned());
        }
    }
    let container = if path.first() == Some(&"Containers") { path.get(1).copied().unwrap_or_default() } else { "" };
    (None, container.to_owned())
}

/// Words of a value: what arranges them is no matter.
fn words(text: &str) -> BTreeSet<String> {
    const FILL: &[&str] = &["set", "to", "the", "in", "of", "from", "replicas", "created", "nodes", "lasts", "optional", "false", "none", "error"];
    let split = |c: char| c.is_whitespace() || ",;|/:()=<>[]'\"→{}".contains(c);
    let plain = |word: &str| word.strip_suffix('s').filter(|number| number.parse::<u64>().is_ok()).unwrap_or(word).to_owned();
    text.to_lowercase().split(split).filter(|word| !matches!(*word, "" | "-") && !FILL.contains(word)).map(plain).collect()
}

/// A line of ours as text in which moments stand in both ways kubectl writes them.
fn ours(said: &Said) -> String {
    let moment = |unix: i64| {
        let moment = jiff::Timestamp::from_second(unix).unwrap();
        format!(" {} {moment} ", moment.strftime("%a, %d %b %Y %H:%M:%S +0000"))
    };
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Ago(unix) | Piece::Since(unix) => moment(*unix),
    };
    said.0.iter().map(piece).collect()
}

/// Section, label, text.
fn entries(description: &Description) -> Vec<(String, String, String)> {
    let top = description.facts.iter().map(|fact| (String::new(), fact));
    let rest = description.sections.iter().flat_map(|section| section.facts.iter().map(|fact| (section.title.clone(), fact)));
    let entry = |(section, fact): (String, &meshplay::cluster::describe::Fact)| {
        let said = std::iter::once(&fact.said).chain(&fact.more).map(ours).collect::<Vec<_>>().join(" ");
        (section, fact.label.clone(), said)
    };
    top.chain(rest).map(entry).collect()
}

/// What kubectl tells and ours does not.
fn missing(kubectl: &str, description: &Description) -> Vec<String> {
    let entries = entries(description);
    let lacks = |told: &Told| {
        // What a kind of volume is stands in parentheses behind it.
        let volume = told.path.first().is_some_and(|part| part == "Volumes") || told.path.get(1).is_some_and(|part| part == "Volumes");
        let value = told.value.split(if volume { " (" } else { "\0" }).next().unwrap_or_default();
        if matches!(value, "" | "<none>" | "<unset>" | "<unknown>" | "0/TCP" | "0") {
            return false;
        }
        let (place, star) = place_of(&told.path);
        let (section, label) = match place {
            Some(Left(_)) => return false,
            Some(At(section, label)) => (section.replace("{}", &star), label.replace("{}", &star)),
            None if !star.is_empty() => (format!("container {star}"), told.path.last().unwrap().to_lowercase()),
            None => ("*".to_owned(), told.path.last().cloned().unwrap_or_default().to_lowercase()),
        };
        let fits = |pattern: &str, text: &str| match pattern {
            "*" => true,
            pattern if pattern.starts_with('*') => text.to_lowercase().ends_with(&pattern[1..].to_lowercase()),
            pattern if pattern.ends_with('*') => text.to_lowercase().starts_with(pattern.trim_end_matches('*')),
            pattern => text.to_lowercase() == pattern.to_lowercase() || text == format!("init {pattern}") || text == format!("ephemeral {pattern}"),
        };
        // Ages move while one reads, and stand last in their row.
        let value = if told.path.last().is_some_and(|part| part == "Non-terminated Pods") {
            value.rsplit_once(char::is_whitespace).unwrap().0
        } else {
            value
        };
        let value = value.split(" + ").next().unwrap_or_default();
        let wanted = words(value);
        !entries.iter().filter(|(at, name, _)| fits(&section, at) && fits(&label, name)).any(|(_, name, said)| {
            let have = words(&format!("{name} {said}"));
            wanted.is_subset(&have)
        })
    };
    told(kubectl).iter().filter(|told| lacks(told)).map(|told| format!("{}: {}", told.path.join("/"), told.value)).collect()
}

/// Describes the object in both ways until both saw the same state of it.
async fn compare(real: &Real, kind: &str, name: &str) {
    let (fleet, cluster) = real.fleet();
    let key = fleet.find(&cluster, kind, Some(&real.namespace), name).await.unwrap();
    let mut lacking = Vec::new();
    for _ in 0..4 {
        let description = fleet.describe(&key).await.unwrap();
        let kubectl = real.says(&["describe", kind, name], "");
        lacking = missing(&kubectl, &description);
        if lacking.is_empty() {
            return;
        }
        lacking.push(format!("kubectl:\n{kubectl}\nours:\n{:#?}", entries(&description)));
    }
    panic!("{kind} {name} lacks\n  {}", lacking.join("\n  "));
}

/// A pod with everything in it that kubectl describes.
fn pod_spec(node: Option<&str>) -> Value {
    let mut spec = json!({
        "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [{"name": "prepare", "image": "example.com/prepare:1", "command": ["sh", "-c", "echo ready"]}],
        "containers": [{
            "name": "app", "image": "example.com/app:2",
            "command": ["serve"], "args": ["--port", "8080"],
            "ports": [{"name": "http", "containerPort": 8080}, {"containerPort": 9090, "hostPort": 9090, "protocol": "UDP"}],
            "env": [{"name": "MODE", "value": "plain"}, {"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                {"name": "MOST", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}},
                {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "password"}}},
                {"name": "THEME", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "theme"}}}],
            "envFrom": [{"configMapRef": {"name": "settings"}, "prefix": "P_"}, {"secretRef": {"name": "keys"}}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi", "cpu": "1"}},
            "livenessProbe": {"httpGet": {"path": "/alive", "port": "http"}, "periodSeconds": 7},
            "readinessProbe": {"tcpSocket": {"port": 8080}},
            "startupProbe": {"exec": {"command": ["test", "-f", "ready"]}},
            "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "settings", "mountPath": "/settings", "readOnly": true, "subPath": "a"}],
        }],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "settings", "configMap": {"name": "settings"}},
            {"name": "keys", "secret": {"secretName": "keys"}},
            {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
            {"name": "host", "hostPath": {"path": "/var/log", "type": "Directory"}},
            {"name": "all", "projected": {"sources": [{"secret": {"name": "keys"}}, {"configMap": {"name": "settings"}}, {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}]}},
            {"name": "words", "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}],
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "batch", "effect": "NoSchedule"}, {"key": "gone", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"app": "web"}}}],
        "readinessGates": [{"conditionType": "example.com/gate"}],
    });
    if let Some(node) = node {
        spec["nodeName"] = json!(node);
    }
    spec
}

fn meta(name: &str) -> Value {
    json!({"name": name, "labels": {"app": "web", "app.kubernetes.io/part-of": "shop"}, "annotations": {"example.com/note": "a word", "example.com/empty": ""}})
}

fn template() -> Value {
    let mut spec = pod_spec(None);
    spec.as_object_mut().unwrap().remove("readinessGates");
    json!({"metadata": {"labels": {"app": "web"}, "annotations": {"example.com/template": "yes"}}, "spec": spec})
}

fn create(real: &Real, object: Value) {
    real.says(&["create", "-f", "-"], &object.to_string());
}

/// Sets a status where nobody is there to report it.
fn status(real: &Real, kind: &str, name: &str, status: &Value) {
    let patch = json!({"status": status}).to_string();
    real.says(&["patch", kind, name, "--subresource=status", "--type=merge", "-p", &patch], "");
}

#[tokio::test]
async fn pods_and_what_keeps_them_are_described_as_fully_as_by_kubectl() {
    let Some(real) = Real::find("pods_and_what_keeps_them_are_described_as_fully_as_by_kubectl") else { return };
    real.says(&["wait", "--for=create", "serviceaccount/default", "--timeout=20s"], "");
    create(&real, json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("one"), "spec": pod_spec(Some("nowhere"))}));
    let ended =
        json!({"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-05-12T14:00:08Z", "finishedAt": "2026-05-12T14:03:20Z"}});
    let containers = json!([{"name": "app", "image": "example.com/app:2", "imageID": "sha256:abc", "containerID": "containerd://1f", "ready": false, "started": false, "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s"}}, "lastState": ended}]);
    let prepared = json!([{"name": "prepare", "image": "example.com/prepare:1", "imageID": "sha256:def", "ready": true, "restartCount": 0,
        "state": {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": "2026-05-12T13:59:08Z", "finishedAt": "2026-05-12T13:59:20Z"}}}]);
    status(
        &real,
        "pod",
        "one",
        &json!({"phase": "Running", "hostIP": "192.0.2.7", "podIP": "10.1.2.3", "podIPs": [{"ip": "10.1.2.3"}, {"ip": "fd00::3"}], "startTime": "2026-05-12T13:58:00Z",
        "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}, {"type": "PodScheduled", "status": "True"}], "containerStatuses": containers, "initContainerStatuses": prepared}),
    );
    compare(&real, "pod", "one").await;

    let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "old", "operator": "DoesNotExist"}]});
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}});
    create(
        &real,
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("web"), "spec": {"replicas": 2, "minReadySeconds": 5, "selector": selector, "strategy": rolling, "template": template()}}),
    );
    real.says(&["wait", "--for=jsonpath={.status.replicas}=2", "deployment/web", "--timeout=30s"], "");
    compare(&real, "deployment", "web").await;
    let sets = real.says(&["get", "rs", "-o", "jsonpath={.items[0].metadata.name}"], "");
    compare(&real, "rs", &sets).await;

    let claim = json!({"metadata": {"name": "data", "labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "slow", "resources": {"requests": {"storage": "1Gi"}}}});
    create(
        &real,
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("db"), "spec": {"replicas": 3, "serviceName": "db", "selector": {"matchLabels": {"app": "web"}},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}, "template": template(), "volumeClaimTemplates": [claim]}}),
    );
    real.says(&["wait", "--for=jsonpath={.status.replicas}=1", "statefulset/db", "--timeout=30s"], "");
    compare(&real, "statefulset", "db").await;

    create(
        &real,
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("agent"), "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template()}}),
    );
    compare(&real, "daemonset", "agent").await;

    let mut once = template();
    once["spec"]["restartPolicy"] = json!("Never");
    create(
        &real,
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("once"), "spec": {"parallelism": 2, "completions": 3, "completionMode": "Indexed", "backoffLimit": 1,
        "activeDeadlineSeconds": 3600, "ttlSecondsAfterFinished": 3600, "template": once.clone()}}),
    );
    real.says(&["wait", "--for=jsonpath={.status.active}=2", "job/once", "--timeout=30s"], "");
    compare(&real, "job", "once").await;

    create(
        &real,
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("nightly"), "spec": {"schedule": "15 3 * * *", "timeZone": "Etc/UTC", "suspend": true, "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 60, "successfulJobsHistoryLimit": 2, "failedJobsHistoryLimit": 1, "jobTemplate": {"spec": {"parallelism": 2, "completions": 4, "template": once}}}}),
    );
    status(&real, "cronjob", "nightly", &json!({"lastScheduleTime": "2026-05-12T03:15:00Z"}));
    compare(&real, "cronjob", "nightly").await;
}

#[tokio::test]
async fn services_claims_and_namespaces_are_described_as_fully_as_by_kubectl() {
    let Some(real) = Real::find("services_claims_and_namespaces_are_described_as_fully_as_by_kubectl") else { return };
    let ports = json!([{"name": "http", "port": 80, "targetPort": "web", "appProtocol": "kubernetes.io/h2c"}, {"name": "metrics", "port": 9090, "targetPort": 9090}]);
    create(
        &real,
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("web"), "spec": {"type": "LoadBalancer", "selector": {"app": "none", "tier": "front"}, "ports": ports,
        "sessionAffinity": "ClientIP", "externalTrafficPolicy": "Local", "externalIPs": ["192.0.2.9"], "loadBalancerSourceRanges": ["198.51.100.0/24"]}}),
    );
    status(&real, "service", "web", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.20", "ipMode": "VIP"}]}}));
    let endpoints = json!([{"addresses": ["10.1.2.3"], "conditions": {"ready": true}, "nodeName": "n1"}, {"addresses": ["10.1.2.4"], "conditions": {"ready": false}}]);
    create(
        &real,
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "endpoints": endpoints, "ports": [{"name": "http", "port": 8080}, {"name": "metrics", "port": 9090}]}),
    );
    compare(&real, "service", "web").await;

    let path =
        |path: &str, service: &str, port: Value| json!({"path": path, "pathType": "Prefix", "backend": {"service": {"name": service, "port": port}}});
    let rules = json!([{"host": "shop.example.com", "http": {"paths": [path("/", "web", json!({"name": "http"})), path("/metrics", "web", json!({"number": 9090})), path("/lost", "nobody", json!({"number": 1}))]}}]);
    create(
        &real,
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta("shop"), "spec": {"ingressClassName": "nginx", "rules": rules,
        "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}, "tls": [{"secretName": "web-tls", "hosts": ["shop.example.com"]}]}}),
    );
    status(&real, "ingress", "shop", &json!({"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}));
    compare(&real, "ingress", "shop").await;

    create(
        &real,
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("data"), "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "slow", "volumeName": "pv-none",
        "resources": {"requests": {"storage": "1Gi"}}, "dataSource": {"kind": "PersistentVolumeClaim", "name": "older"}}}),
    );
    status(
        &real,
        "pvc",
        "data",
        &json!({"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"},
        "conditions": [{"type": "Resizing", "status": "True", "reason": "Asked", "message": "it grows", "lastProbeTime": "2026-05-12T13:58:00Z", "lastTransitionTime": "2026-05-12T13:58:00Z"}]}),
    );
    compare(&real, "pvc", "data").await;

    create(
        &real,
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "most"}, "spec": {"hard": {"pods": "10", "requests.cpu": "4", "services": "1"}}}),
    );
    create(
        &real,
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "usual"}, "spec": {"limits": [
        {"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "10m"}, "default": {"cpu": "500m", "memory": "256Mi"}, "defaultRequest": {"cpu": "100m"}, "maxLimitRequestRatio": {"cpu": "20"}}]}}),
    );
    real.says(&["wait", "--for=jsonpath={.status.used.services}=1", "resourcequota/most", "--timeout=30s"], "");
    let name = real.namespace.clone();
    compare(&real, "namespace", &name).await;

    create(
        &real,
        json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "web.1"}, "type": "Warning", "reason": "BackOff", "message": "again and again", "count": 31, "action": "Waiting",
        "involvedObject": {"apiVersion": "v1", "kind": "Service", "name": "web", "namespace": real.namespace, "uid": "0f8fad5b-d9cb-469f-a165-70867728950e", "fieldPath": "spec.ports"},
        "source": {"component": "kubelet", "host": "n1"}, "firstTimestamp": "2026-05-12T13:58:00Z", "lastTimestamp": "2026-05-12T14:58:00Z", "reportingComponent": "kubelet", "reportingInstance": "n1"}),
    );
    compare(&real, "event", "web.1").await;
}

#[tokio::test]
async fn nodes_are_described_as_fully_as_by_kubectl() {
    let Some(real) = Real::find("nodes_are_described_as_fully_as_by_kubectl") else { return };
    real.says(&["wait", "--for=create", "serviceaccount/default", "--timeout=20s"], "");
    let name = format!("node-{}", real.namespace);
    let labels = json!({"node-role.kubernetes.io/worker": "", "topology.kubernetes.io/zone": "eu-1"});
    create(
        &real,
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels, "annotations": {"example.com/note": "a word"}},
        "spec": {"podCIDR": "10.244.7.0/24", "podCIDRs": ["10.244.7.0/24"], "providerID": "lab://7", "unschedulable": true, "taints": [{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}]}}),
    );
    let condition = |kind: &str, status: &str, reason: &str| json!({"type": kind, "status": status, "reason": reason, "message": "as it is", "lastHeartbeatTime": "2026-05-12T13:58:00Z", "lastTransitionTime": "2026-05-12T13:50:00Z"});
    let amounts = |cpu: &str| json!({"cpu": cpu, "memory": "8Gi", "ephemeral-storage": "20Gi", "pods": "110", "example.com/gpu": "2"});
    let info = json!({"machineID": "m-1", "systemUUID": "s-1", "bootID": "b-1", "kernelVersion": "6.1", "osImage": "Lab Linux 1", "containerRuntimeVersion": "containerd://2.0", "kubeletVersion": "v1.36.0",
        "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64"});
    status(
        &real,
        "node",
        &name,
        &json!({"conditions": [condition("Ready", "True", "KubeletReady"), condition("DiskPressure", "True", "Full")], "capacity": amounts("4"), "allocatable": amounts("3900m"),
        "addresses": [{"type": "InternalIP", "address": "192.0.2.7"}, {"type": "Hostname", "address": "n1"}], "nodeInfo": info}),
    );
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name},
        "spec": {"holderIdentity": name, "renewTime": "2026-05-12T13:58:00.000000Z", "leaseDurationSeconds": 40}});
    real.says(&["create", "-n", "kube-node-lease", "-f", "-"], &lease.to_string());
    for at in 0..2 {
        let container = |name: &str, cpu: &str| json!({"name": name, "image": "a", "resources": {"requests": {"cpu": cpu, "memory": "100Mi"}, "limits": {"memory": "1Gi", "example.com/gpu": "1"}}});
        let tolerations = json!([{"operator": "Exists"}]);
        create(
            &real,
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p-{at}")}, "spec": {"nodeName": name, "automountServiceAccountToken": false, "tolerations": tolerations,
            "containers": [container("a", "150m"), container("b", "1")], "initContainers": [container("i", "2")]}}),
        );
    }
    let outcome = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(compare(&real, "node", &name))).await;
    real.says(&["delete", "node", &name, "--wait=false"], "");
    real.says(&["delete", "lease", &name, "-n", "kube-node-lease"], "");
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure);
    }
}
