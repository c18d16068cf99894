//! How many events of a watch the library takes in on one core: a server with everything encoded beforehand sends as fast as it is read, the client has one
//! thread, which decodes, coalesces and sorts as the program's do. Counted is what was on the wire.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use meshplay::cluster::fleet::{Fleet, FleetOptions};
use meshplay::cluster::rows::{Cell, Delta, Phase};
use meshplay::cluster::table::Table;
use meshplay::cluster::watch::{Subscription, WatchSpec};
use meshplay::names::ClusterId;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use super::figures::{Line, median};
use super::process::Served;
use super::{Effort, fleet, http, say};

/// Pods of one cluster.
pub const PODS: usize = 10_000;
/// Restarts of the pod in the last event.
const LAST: u32 = 4_000_000;

/// Events a second of wall time.
pub fn taken_in(effort: &Effort) -> Vec<Line> {
    let (rounds, times) = (effort.times(10, 3), effort.times(5, 2));
    let sandbox = Served::with(&["--still"]);
    let bytes = pod(0, 1).to_string().len();
    let runs: Vec<(f64, f64)> = (0..times).map(|_| once(sandbox.address, rounds)).collect();
    let (wall, core): (Vec<f64>, Vec<f64>) = runs.into_iter().unzip();
    let measured = format!("{:.0} median, {:.0} a second of processor time; pods of {:.1} kB", median(&wall), median(&core), bytes as f64 / 1e3);
    vec![Line::judged("events taken in per second on one core, 10,000 pods in the table", "≥ 10,000", measured, median(&wall) >= 10_000.0)]
}

/// Events a second, and events a second of the client's processor time.
fn once(sandbox: SocketAddr, rounds: usize) -> (f64, f64) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (go, begin) = channel();
    let begin = Arc::new(Mutex::new(begin));
    thread::spawn(move || {
        for line in listener.incoming().map_while(Result::ok) {
            let begin = begin.clone();
            // A client that is done hangs up.
            thread::spawn(move || _ = serve(line, sandbox, |line| fast(line, &begin, rounds)));
        }
    });
    let client = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(take(address, &go))
    });
    let (wall, used, deltas) = client.join().expect("the client is well");
    let events = (rounds * PODS) as f64;
    say(&format!("  {events} events in {:.2} s, {:.2} s of processor time, {deltas} deltas", wall.as_secs_f64(), used.as_secs_f64()));
    (events / wall.as_secs_f64(), events / used.as_secs_f64())
}

/// A server of ten thousand pods that report so many events a second, from the end of their list on.
pub fn paced(sandbox: SocketAddr, rate: u32) -> SocketAddr {
    fleet::between(move |line| serve(line, sandbox, |line| slow(line, rate)))
}

/// Reads the list, lets the events begin, and answers how long they took.
async fn take(address: SocketAddr, go: &Sender<()>) -> (Duration, Duration, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: c\n  cluster: {{server: 'http://{address}'}}\nusers:\n- name: u\n  user: {{}}\n\
         contexts:\n- name: c\n  context: {{cluster: c, user: u}}\n"
    );
    std::fs::write(&file, text).expect("a file");
    let fleet = Fleet::open(FleetOptions { kubeconfigs: vec![file], ..FleetOptions::default() }).expect("a fleet");
    let cluster = ClusterId::new("c");
    fleet.connect(&cluster);
    let mut watch = fleet.watch(WatchSpec {
        cluster: cluster.clone(),
        view: "pods".into(),
        namespaces: vec![],
        labels: String::new(),
        fields: String::new(),
        columns: Vec::new(),
        exact: false,
    });
    let mut table = Table::new();
    until(&mut watch, &mut table, &cluster, |delta| delta.phase == Some(Phase::Synced)).await;
    assert_eq!(table.len(), PODS, "the list came");
    let (begun, used) = (Instant::now(), thread_time());
    go.send(()).expect("the server waits");
    let last = |delta: &Delta| delta.upserts.iter().any(|row| row.cells.iter().any(|cell| matches!(cell, Cell::Restarts(LAST, _))));
    let deltas = until(&mut watch, &mut table, &cluster, last).await;
    (begun.elapsed(), thread_time() - used, deltas)
}

/// Takes deltas into the table until one is as wanted; how many there were.
async fn until(watch: &mut Subscription, table: &mut Table, cluster: &ClusterId, wanted: impl Fn(&Delta) -> bool) -> usize {
    let limit = Duration::from_secs(120);
    for count in 1.. {
        let delta = tokio::time::timeout(limit, watch.next()).await.expect("news in time").expect("the watch lives");
        let done = wanted(&delta);
        table.apply(cluster, delta);
        if done {
            return count;
        }
    }
    0
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).expect("a time"), u32::try_from(time.tv_nsec).expect("a part of a second"))
}

/// Watches of pods are answered here, everything else by the sandbox.
fn serve(mut line: TcpStream, sandbox: SocketAddr, events: impl FnOnce(&mut TcpStream) -> std::io::Result<()>) -> std::io::Result<()> {
    line.set_nodelay(true)?;
    let mut reader = BufReader::new(line.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    if !head.starts_with("GET /api/v1/pods?") {
        let request = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        return line.write_all(&http::exchange(sandbox, request.as_bytes())?);
    }
    if !head.contains("watch=1") {
        // No Table here: what is measured are the events of objects.
        return line.write_all(b"HTTP/1.1 406 Not Acceptable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    line.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")?;
    line.write_all(&chunk(&initial()))?;
    events(&mut line)?;
    // Until the client hangs up.
    reader.read_to_end(&mut Vec::new()).map(|_| ())
}

/// Every pod so many times, as fast as it is read, and at the end the last event.
fn fast(line: &mut TcpStream, begin: &Mutex<Receiver<()>>, rounds: usize) -> std::io::Result<()> {
    // Built before the clock runs.
    let (events, last) = (&CHUNKS[0], &*LAST_CHUNK);
    begin.lock().expect("nobody panics here").recv().expect("the client begins");
    for round in 0..rounds {
        for (at, events) in events.iter().enumerate() {
            line.write_all(if round + 1 == rounds && at + 1 == PODS / A_CHUNK { last } else { events })?;
        }
    }
    Ok(())
}

/// One change after the other at a steady pace, until the client hangs up.
fn slow(line: &mut TcpStream, rate: u32) -> std::io::Result<()> {
    let (begun, a_chunk) = (Instant::now(), Duration::from_secs(1) * u32::try_from(A_CHUNK).expect("a few") / rate);
    for (count, events) in (0u32..).zip(CHUNKS.iter().flatten().collect::<Vec<_>>().into_iter().cycle()) {
        thread::sleep((a_chunk * count).saturating_sub(begun.elapsed()));
        line.write_all(events)?;
    }
    Ok(())
}

/// Events in one piece.
const A_CHUNK: usize = 20;

static LAST_CHUNK: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    let range = PODS - A_CHUNK..PODS;
    let events: Vec<u8> = range.flat_map(|index| event("MODIFIED", &pod(index, if index + 1 == PODS { LAST } else { 2 }))).collect();
    chunk(&events)
});

fn initial() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..PODS).flat_map(|index| event("ADDED", &pod(index, 1))).collect();
    let annotations = json!({"k8s.io/initial-events-end": "true"});
    let mark = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "1", "annotations": annotations}});
    bytes.extend(event("BOOKMARK", &mark));
    bytes
}

/// Two changes of every pod.
static CHUNKS: std::sync::LazyLock<[Vec<Vec<u8>>; 2]> = std::sync::LazyLock::new(|| [2, 3].map(chunks));

/// One change of every pod, in another order than that of their names.
fn chunks(restarts: u32) -> Vec<Vec<u8>> {
    let order: Vec<usize> = (0..PODS).map(|at| at * 7_919 % PODS).collect();
    let encode = |indices: &[usize]| chunk(&indices.iter().flat_map(|index| event("MODIFIED", &pod(*index, restarts))).collect::<Vec<u8>>());
    order.chunks(A_CHUNK).map(encode).collect()
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn event(kind: &str, object: &Value) -> Vec<u8> {
    format!("{}\n", json!({"type": kind, "object": object})).into_bytes()
}

/// A pod as a kubelet reports it, without managed fields.
fn pod(index: usize, restarts: u32) -> Value {
    let (app, node, time) = (format!("app-{}", index % 97), format!("node-{:03}", index % 91), "2026-01-05T10:00:00Z");
    let condition = |kind: &str| json!({"type": kind, "status": "True", "observedGeneration": 1, "lastProbeTime": null, "lastTransitionTime": time});
    let conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition);
    let mount = json!({"name": "kube-api-access-x7k2p", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
    let probe = json!({"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3});
    let sources = json!([{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]);
    let tolerations = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
        .map(|key| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
    let container = json!({"name": "main", "image": "registry.example/shop/app:1.4.2", "imagePullPolicy": "IfNotPresent", "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}],
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}}, "livenessProbe": probe, "readinessProbe": probe, "volumeMounts": [mount],
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"});
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": format!("{app}-6c9f7d5b8-{index:05}"), "generateName": format!("{app}-6c9f7d5b8-"), "namespace": format!("team-{}", index % 20),
            "uid": format!("0f8fad5b-d9cb-469f-a165-{index:012x}"), "resourceVersion": format!("{}", 1_000 + index), "generation": 1, "creationTimestamp": time,
            "labels": {"app": app, "pod-template-hash": "6c9f7d5b8", "app.kubernetes.io/part-of": "shop"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{app}-6c9f7d5b8"), "uid": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "controller": true, "blockOwnerDeletion": true}]},
        "spec": {"volumes": [{"name": "kube-api-access-x7k2p", "projected": {"sources": sources, "defaultMode": 420}}], "containers": [container], "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "serviceAccountName": "default", "serviceAccount": "default", "nodeName": node, "securityContext": {},
            "schedulerName": "default-scheduler", "tolerations": tolerations, "priority": 0, "enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority"},
        "status": {"phase": "Running", "observedGeneration": 1,
            "conditions": conditions,
            "hostIP": "198.18.0.7", "hostIPs": [{"ip": "198.18.0.7"}], "podIP": "10.0.3.7", "podIPs": [{"ip": "10.0.3.7"}], "startTime": time,
            "containerStatuses": [{"name": "main", "state": {"running": {"startedAt": time}}, "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": time, "finishedAt": time}},
                "ready": true, "restartCount": restarts, "image": "registry.example/shop/app:1.4.2", "imageID": "registry.example/shop/app@sha256:9b7c0e5b6c6f0b9c3c1b3b9b1f0f4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b",
                "containerID": "containerd://9b7c0e5b6c6f0b9c3c1b3b9b1f0f4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b", "started": true}],
            "qosClass": "Burstable"}
    })
}
