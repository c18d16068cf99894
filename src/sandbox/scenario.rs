//! What is there when the sandbox opens: a shop whose cart really fails, three nodes, and as many bulk pods as were asked for. The same seed makes the same shop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::kinds::Kind;
use super::shop::{SERVICES, Service};
use super::store::{Expected, Place, Store};
use super::{Options, release, rights};

/// The image whose containers run out of memory.
pub(super) const FAILING: &str = "shop/cart:2.4.0";

pub(super) const NODES: [&str; 3] = ["node-01", "node-02", "node-03"];

/// What was rolled out lately, in place of what, by whom and how many seconds ago.
struct Before {
    name: &'static str,
    image: &'static str,
    by: &'static str,
    ago: i64,
}

const BEFORE: &[Before] = &[
    Before { name: "cart", image: "shop/cart:2.3.0", by: "helm", ago: 3 * HOUR },
    Before { name: "search", image: "shop/search:4.9.3", by: "kubectl-set", ago: 12 * MINUTE },
];

/// Bulk pods live in namespaces of that prefix; no controller looks after them.
pub(super) const BULK: &str = "bulk-";

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Fills an empty store.
pub(super) fn fill(store: &Store, options: &Options, ports: &HashMap<&'static str, u16>) {
    // Ages of more than eight days are told in days: where nothing happens, nothing that is shown changes either.
    let past = if options.still { 9 * DAY } else { 0 };
    let scene = Scene { store, now: jiff::Timestamp::now().as_second() - past, noise: options.seed };
    for (age, namespace) in [(90 * DAY, "default"), (90 * DAY, "kube-system"), (40 * DAY, "shop")] {
        scene.put("Namespace", "", namespace, age, json!({"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}));
    }
    for (at, node) in NODES.iter().enumerate() {
        scene.put("Node", "", node, 60 * DAY + i64::try_from(at).unwrap_or(0) * HOUR, node_body(at));
    }
    for (at, service) in SERVICES.iter().enumerate() {
        scene.service(service, ports.get(service.name).copied().unwrap_or(80), at);
        scene.deployment(service, i64::try_from(at).unwrap_or(0));
    }
    scene.database();
    scene.rest();
    scene.bulk(options.pods);
}

struct Scene<'a> {
    store: &'a Store,
    now: i64,
    noise: u64,
}

impl Scene<'_> {
    /// Puts an object that is `age` seconds old.
    fn put(&self, kind: &str, namespace: &str, name: &str, age: i64, body: Value) -> Value {
        let Some(kind) = Kind::named(kind) else { return Value::Null };
        let mut object = body;
        object["metadata"]["name"] = json!(name);
        stamp(&mut object, kind, namespace, self.noise);
        object["metadata"]["creationTimestamp"] = json!(time(self.now - age));
        // The store is empty, so nothing is refused.
        let stored = self.store.create((kind.plural, namespace.to_owned(), name.to_owned()), object);
        stored.map(|stored| stored.value()).unwrap_or_default()
    }

    fn service(&self, service: &Service, port: u16, at: usize) {
        let body = json!({
            "metadata": {"labels": {"app": service.name}},
            "spec": {"type": "LoadBalancer", "clusterIP": format!("10.96.0.{}", 20 + at), "selector": {"app": service.name},
                "ports": [{"name": "http", "port": port, "targetPort": 8080, "protocol": "TCP"}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}},
        });
        self.put("Service", "shop", service.name, 40 * DAY, body);
    }

    fn deployment(&self, service: &Service, at: i64) {
        let age = 38 * DAY - at * DAY * 2;
        let failing = service.image == FAILING;
        let template = template(service.name, service.image);
        let conditions = json!([
            condition("Available", !failing, if failing { "MinimumReplicasUnavailable" } else { "MinimumReplicasAvailable" }, self.now - age),
            condition("Progressing", true, "NewReplicaSetAvailable", self.now - age),
        ]);
        let ready = if failing { 0 } else { service.replicas };
        let status = json!({"observedGeneration": 1, "replicas": service.replicas, "updatedReplicas": service.replicas, "readyReplicas": ready, "availableReplicas": ready,
            "unavailableReplicas": service.replicas - ready, "conditions": conditions});
        let spec = json!({"replicas": service.replicas, "selector": {"matchLabels": {"app": service.name}}, "template": template,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}});
        let before = BEFORE.iter().find(|before| before.name == service.name);
        let rolled = before.map(|before| before.ago);
        let mut meta = json!({"labels": {"app": service.name}});
        if let Some(before) = before {
            let fields = json!({"f:spec": {"f:template": {"f:spec": {}}}});
            meta["managedFields"] = json!([{"manager": before.by, "operation": "Update", "apiVersion": "apps/v1", "time": time(self.now - before.ago), "fieldsType": "FieldsV1", "fieldsV1": fields}]);
        }
        let owner = self.put("Deployment", "shop", service.name, age, json!({"metadata": meta, "spec": spec, "status": status}));
        if let Some(before) = before {
            let mut old = owner.clone();
            old["spec"]["template"]["spec"]["containers"][0]["image"] = json!(before.image);
            let set = revision(replica_set(&old, 0, 0), 1);
            self.put("ReplicaSet", "shop", &set_name(service.name, &old["spec"]["template"]), age - MINUTE, set);
        }
        let set = revision(replica_set(&owner, service.replicas, ready), if before.is_some() { 2 } else { 1 });
        let set = self.put("ReplicaSet", "shop", &set_name(service.name, &template), rolled.unwrap_or(age - MINUTE), set);
        for index in 0..service.replicas {
            let usual = if failing { 3 * HOUR } else { (2 + i64::from(index) * 7 + at * 5) * HOUR + HOUR };
            let age = rolled.unwrap_or(usual);
            let mut pod = pod_of(&set, NODES[(index as usize + service.name.len()) % NODES.len()]);
            let status = if failing { crashed(14, self.now - 40, self.now - age) } else { running(self.now - age, 0) };
            report(&mut pod, status);
            let name = pod_name(&set, self.noise + u64::from(index) * 7_919);
            let pod = self.put("Pod", "shop", &name, age, pod);
            if failing {
                let message = format!("Back-off restarting failed container cart in pod {name}_shop");
                let involved = json!({"kind": "Pod", "namespace": "shop", "name": name, "apiVersion": "v1", "uid": pod["metadata"]["uid"]});
                self.event(&involved, "BackOff", "Warning", &message, 31, 3 * HOUR);
            }
        }
    }

    fn event(&self, involved: &Value, reason: &str, kind: &str, message: &str, count: u32, age: i64) {
        let name = format!("{}.{:x}", involved["name"].as_str().unwrap_or_default(), hash(&[reason]));
        let body = json!({"involvedObject": involved, "reason": reason, "type": kind, "message": message, "count": count, "source": {"component": "kubelet"},
            "firstTimestamp": time(self.now - age), "lastTimestamp": time(self.now - if age > 2 * HOUR { 2 * HOUR + MINUTE } else { MINUTE })});
        self.put("Event", "shop", &name, age, body);
    }

    fn database(&self) {
        let template = template("db", "shop/postgres:17.2");
        let spec = json!({"replicas": 1, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}}, "template": template});
        let status = json!({"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1});
        let owner = self.put("StatefulSet", "shop", "db", 38 * DAY, json!({"metadata": {"labels": {"app": "db"}}, "spec": spec, "status": status}));
        let mut pod = pod_of(&owner, NODES[0]);
        report(&mut pod, running(self.now - 12 * DAY, 2));
        self.put("Pod", "shop", "db-0", 12 * DAY, pod);
        let claim = json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}, "volumeName": "pv-db-0"}, "status": {"phase": "Bound", "capacity": {"storage": "20Gi"}}});
        self.put("PersistentVolumeClaim", "shop", "data-db-0", 38 * DAY, claim);
        let volume = json!({"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "20Gi"}, "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data-db-0"}, "hostPath": {"path": "/none"}}, "status": {"phase": "Bound"}});
        self.put("PersistentVolume", "", "pv-db-0", 38 * DAY, volume);
    }

    fn rest(&self) {
        let job = json!({"schedule": "15 3 * * *", "suspend": false, "jobTemplate": {"spec": {"template": template("report", "shop/report:1.0.0")}}});
        self.put(
            "CronJob",
            "shop",
            "nightly-report",
            30 * DAY,
            json!({"spec": job, "status": {"lastScheduleTime": time(self.now - 9 * HOUR), "lastSuccessfulTime": time(self.now - 9 * HOUR + 40)}}),
        );
        let claim = json!({"spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "5Gi"}}, "storageClassName": "shared"}, "status": {"phase": "Pending"}});
        self.put("PersistentVolumeClaim", "shop", "report-archive", 2 * DAY, claim);
        let edited = json!([{"manager": "kubectl-edit", "operation": "Update", "apiVersion": "v1", "time": time(self.now - 17 * MINUTE)}]);
        let words = json!({"theme": "plain", "on": "no", "limit": "1_000"});
        self.put("ConfigMap", "shop", "web-config", 38 * DAY, json!({"metadata": {"managedFields": edited}, "data": words}));
        self.put("Secret", "shop", "payments-key", 38 * DAY, json!({"type": "Opaque", "data": {"key": "bm90LWEtcmVhbC1rZXk="}}));
        for (kind, namespace, name, body) in rights::all() {
            self.put(kind, namespace, name, 38 * DAY, body);
        }
        for (name, age, body) in release::revisions(self.now, 38 * DAY) {
            self.put("Secret", "shop", &name, age, body);
        }
        self.put("ServiceAccount", "shop", "default", 40 * DAY, json!({}));
        let rule = json!({"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"name": "http"}}}}]}});
        self.put("Ingress", "shop", "web", 38 * DAY, json!({"spec": {"ingressClassName": "nginx", "rules": [rule]}}));
        for (name, stock, price) in [("teapot", 12, "19.90"), ("kettle", 0, "34.50"), ("whisk", 81, "6.25")] {
            self.put("Gadget", "shop", name, 20 * DAY, json!({"spec": {"stock": stock, "price": price}}));
        }
    }

    fn bulk(&self, pods: usize) {
        for index in 0..pods.div_ceil(1_000) {
            self.put("Namespace", "", &format!("{BULK}{index}"), 10 * DAY, json!({"status": {"phase": "Active"}}));
            self.put("ServiceAccount", &format!("{BULK}{index}"), "default", 10 * DAY, json!({}));
        }
        for index in 0..pods {
            let age = 3 * HOUR + i64::try_from(index % 5_000).unwrap_or(0) * 37;
            let app = format!("app-{}", index % 97);
            let template = template(&app, "shop/bulk:1.0.0");
            let mut pod = json!({"metadata": {"labels": {"app": app}}, "spec": template["spec"]});
            report(&mut pod, running(self.now - age, u32::try_from(index % 3).unwrap_or(0)));
            pod["spec"]["nodeName"] = json!(NODES[index % NODES.len()]);
            self.put("Pod", &format!("{BULK}{}", index / 1_000), &format!("bulk-{index:06}"), age, pod);
        }
    }
}

/// Bulk pods change their restart counts, so many a second, in a fixed order.
pub(super) async fn churn(store: Arc<Store>, options: Options) {
    let mut interval = tokio::time::interval(Duration::from_millis(10));
    let (mut index, mut owed) = (0usize, 0f64);
    loop {
        interval.tick().await;
        owed += f64::from(options.churn) / 100.0;
        while owed >= 1.0 && options.pods > 0 {
            owed -= 1.0;
            index = (index + 7_919) % options.pods;
            let place: Place = ("pods", format!("{BULK}{}", index / 1_000), format!("bulk-{index:06}"));
            let bump = |pod: &mut Value| {
                let count = &mut pod["status"]["containerStatuses"][0]["restartCount"];
                *count = json!(count.as_u64().unwrap_or(0) + 1);
            };
            // A pod that was deleted stays deleted.
            _ = store.update(&place, &Expected::default(), bump);
        }
    }
}

/// What the server adds to every new object.
pub(super) fn stamp(object: &mut Value, kind: &Kind, namespace: &str, salt: u64) {
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    object["apiVersion"] = json!(kind.api_version());
    object["kind"] = json!(kind.kind);
    if kind.namespaced {
        object["metadata"]["namespace"] = json!(namespace);
    }
    let (high, low) = (hash(&[kind.kind, namespace, &name]), hash(&[&name, &salt.to_string(), kind.plural]));
    let text = format!("{high:016x}{low:016x}");
    object["metadata"]["uid"] = json!([&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-"));
    object["metadata"]["creationTimestamp"] = json!(time(jiff::Timestamp::now().as_second()));
}

/// RFC 3339 of unix seconds.
pub(super) fn time(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map(|time| time.to_string()).unwrap_or_default()
}

/// FNV-1a, 64 bits.
pub(super) fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Ten letters Kubernetes uses where names are generated: no vowels, so no words.
fn letters(mut number: u64, count: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut one = || {
        let letter = ALPHABET[usize::try_from(number % ALPHABET.len() as u64).unwrap_or(0)];
        number /= ALPHABET.len() as u64;
        char::from(letter)
    };
    (0..count).map(|_| one()).collect()
}

/// The name of the replica set of a template.
pub(super) fn set_name(deployment: &str, template: &Value) -> String {
    format!("{deployment}-{}", template_hash(template))
}

/// The hash the deployment controller labels a template's pods with.
pub(super) fn template_hash(template: &Value) -> String {
    letters(hash(&[&template.to_string()]), 10)
}

/// A fresh name for a pod of a set.
pub(super) fn pod_name(set: &Value, salt: u64) -> String {
    let set = set["metadata"]["name"].as_str().unwrap_or_default();
    format!("{set}-{}", letters(hash(&[set, &salt.to_string()]), 5))
}

pub(super) fn template(app: &str, image: &str) -> Value {
    let mut container = json!({"name": app, "image": image, "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}});
    let mut spec = json!({"restartPolicy": "Always"});
    match app {
        "web" => container["envFrom"] = json!([{"configMapRef": {"name": "web-config"}}]),
        "payments" => container["env"] = json!([{"name": "PAYMENTS_KEY", "valueFrom": {"secretKeyRef": {"name": "payments-key", "key": "key"}}}]),
        // It was there when its pods began; somebody has deleted it since.
        "reviews" => {
            container["envFrom"] = json!([{"configMapRef": {"name": "reviews-words"}}, {"configMapRef": {"name": "reviews-extra", "optional": true}}])
        }
        "db" => {
            container["volumeMounts"] = json!([{"name": "data", "mountPath": "/var/lib/postgresql/data"}]);
            spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]);
        }
        _ => {}
    }
    spec["containers"] = json!([container]);
    json!({"metadata": {"labels": {"app": app}}, "spec": spec})
}

/// A replica set of a deployment, with its template's hash among the labels.
pub(super) fn replica_set(owner: &Value, replicas: u32, ready: u32) -> Value {
    let mut template = owner["spec"]["template"].clone();
    let hash = template_hash(&template);
    template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
    let selector = template["metadata"]["labels"].clone();
    json!({
        "metadata": {"labels": selector, "ownerReferences": [owner_of(owner)]},
        "spec": {"replicas": replicas, "selector": {"matchLabels": selector}, "template": template},
        "status": {"observedGeneration": 1, "replicas": replicas, "readyReplicas": ready, "availableReplicas": ready},
    })
}

/// A replica set with the number its deployment gave it.
pub(super) fn revision(mut set: Value, number: u32) -> Value {
    set["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": number.to_string()});
    set
}

/// A pod of a replica set or stateful set; without a node when `node` is empty.
pub(super) fn pod_of(owner: &Value, node: &str) -> Value {
    let template = &owner["spec"]["template"];
    let mut pod = json!({"metadata": {"labels": template["metadata"]["labels"], "ownerReferences": [owner_of(owner)]}, "spec": template["spec"], "status": {"phase": "Pending"}});
    if template["metadata"]["annotations"].is_object() {
        pod["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
    }
    if !node.is_empty() {
        pod["spec"]["nodeName"] = json!(node);
    }
    pod
}

fn owner_of(owner: &Value) -> Value {
    json!({"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true})
}

pub(super) fn condition(kind: &str, holds: bool, reason: &str, since: i64) -> Value {
    json!({"type": kind, "status": if holds { "True" } else { "False" }, "reason": reason, "lastTransitionTime": time(since)})
}

/// Gives a pod its status; its one container is called as the pod's own words call it.
pub(super) fn report(pod: &mut Value, mut status: Value) {
    let container = pod.pointer("/spec/containers/0").cloned().unwrap_or_default();
    if let Some(reported) = status.pointer_mut("/containerStatuses/0").filter(|_| container["name"].is_string()) {
        reported["name"] = container["name"].clone();
        reported["image"] = container["image"].clone();
    }
    pod["status"] = status;
}

/// The status of a pod that works since then.
pub(super) fn running(since: i64, restarts: u32) -> Value {
    let mut status =
        json!({"name": "main", "ready": true, "started": true, "restartCount": restarts, "state": {"running": {"startedAt": time(since)}}});
    if restarts > 0 {
        status["lastState"] = json!({"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": time(since)}});
    }
    pod_status("Running", since, true, status)
}

/// The status of a pod whose container ended for want of memory at `ended`.
pub(super) fn crashed(restarts: u32, ended: i64, started: i64) -> Value {
    let end = json!({"terminated": {"reason": "OOMKilled", "exitCode": 137, "startedAt": time(ended - 15), "finishedAt": time(ended)}});
    let waiting = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}});
    let status = json!({"name": "main", "ready": false, "started": false, "restartCount": restarts, "state": waiting, "lastState": end});
    pod_status("Running", started, false, status)
}

pub(super) fn pod_status(phase: &str, started: i64, ready: bool, container: Value) -> Value {
    let conditions =
        json!([condition("PodScheduled", true, "", started), condition("Initialized", true, "", started), condition("Ready", ready, "", started)]);
    json!({"phase": phase, "startTime": time(started), "podIP": "10.244.0.7", "conditions": conditions, "containerStatuses": [container]})
}

fn node_body(at: usize) -> Value {
    json!({
        "metadata": {"labels": {"kubernetes.io/hostname": NODES[at]}},
        "spec": {"podCIDR": format!("10.244.{at}.0/24")},
        "status": {
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "addresses": [{"type": "InternalIP", "address": format!("192.0.2.{}", 11 + at)}],
            "nodeInfo": {"kubeletVersion": "v1.36.0-meshplay-sandbox", "osImage": "none: this node is a story", "kernelVersion": "-", "containerRuntimeVersion": "-"},
            "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
        },
    })
}
