//! What a story's world reports: rows with the columns of `cluster::decode`, connections, descriptions, samples of load tests. Plain values, made
//! short to write; ages are counted back from the beginning of the story.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use meshplay::cluster::connection::{Connection, Health};
use meshplay::cluster::describe::{Description, Fact, Said, Section};
use meshplay::cluster::events::EventLine;
use meshplay::cluster::metrics::{Gauge, Known, Reading, Resource, Use, Uses};
use meshplay::cluster::rows::{Cell, Column, Delta, Phase, Row, RowState, Uid};
use meshplay::load::plan::Plan;
use meshplay::load::record::{Class, Latency, Record};
use meshplay::load::sample::{Ended, Generator, Sample};
use meshplay::load::target::Target;
use meshplay::names::{ClusterId, ConnectionKind, Gvk, ObjectKey, Problem};
use meshplay::results::baseline::Baseline;
use meshplay::results::compare::{Compared, Metric};
use meshplay::results::difference::{Difference, between};
use meshplay::results::gate::checks;
use meshplay::results::history::RUNS_A_POINT;
use meshplay::results::past::Past;
use meshplay::results::{Run, Subject};
use meshplay::tui::app::model::Effect;
use meshplay::tui::panes::perf::work as perf;

use crate::play::NOW;

/// Seconds.
pub const MINUTE: i64 = 60;
/// Seconds.
pub const HOUR: i64 = 60 * MINUTE;
/// Seconds.
pub const DAY: i64 = 24 * HOUR;

/// The past of a run is looked through outside; here at once, among the runs that are listed, with what their clusters said of them.
pub fn look_back(stage: &mut crate::play::Stage, baseline: Option<&Baseline>) {
    for effect in stage.wanted() {
        match effect {
            Effect::Perf(perf::Effect::Past { run, metric }) => looked_back(stage, *run, metric, baseline),
            Effect::Perf(perf::Effect::Judge { of, before, now, metric, tell }) => {
                let checks = checks(&Compared::apart(&before, &now, metric, 0.03, 1), &[metric], &[]);
                stage.perf(perf::Report::Judged { of, metric, checks, tell });
            }
            _ => {}
        }
    }
}

/// The past of that run.
pub fn looked_back(stage: &mut crate::play::Stage, run: Run, metric: Metric, baseline: Option<&Baseline>) {
    let all: Vec<Run> = stage.model.perf.runs.iter().map(|entry| entry.run.clone()).collect();
    let past = Past::of(&run, &all, |run| run.provenance.found.clone(), RUNS_A_POINT, baseline, metric);
    stage.perf(perf::Report::Past { id: run.id, past });
}

/// What was another for B, as the cluster said it when each run began.
pub fn changed_between(a: &[Run], b: &[Run]) -> Vec<Difference> {
    let [a, b] = [a, b].map(|runs| runs.iter().map(|run| run.provenance.found.clone()).collect::<Vec<_>>());
    between(&a.iter().collect::<Vec<_>>(), &b.iter().collect::<Vec<_>>())
}

/// The columns of a view, as `cluster::decode` names them.
pub fn columns(view: &str) -> Arc<[Column]> {
    let names: &[&str] = match view {
        "pods" => &[">READY", "STATUS", "RESTARTS", "LAST", "NODE+", "IP+"],
        "gauged pods" => &[">READY", "STATUS", "RESTARTS", "LAST", "NODE+", "IP+", ">CPU+", ">%CPU/L+", ">MEM+", ">%MEM/L+", ">%CPU/R+", ">%MEM/R+"],
        "services" => &["TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "SELECTOR+"],
        "workloads" => &["KIND", ">READY", "STATUS", "IMAGES+"],
        "secrets" => &["TYPE", "DATA"],
        "can" => &["GET", "LIST", "WATCH", "CREATE", "UPDATE", "PATCH", "DELETE", "OTHER", "ONLY", "MESSAGE"],
        "who-can" => &["SUBJECT", "KIND", "ROLE", "SCOPE", "MESSAGE"],
        "helm" => &[">REVISION", "STATUS", "CHART", "APP VERSION", "UPDATED", "MESSAGE"],
        "changes" => &["WHEN", "KIND", "OBJECT", "WHAT", "BY"],
        "images" => &["KIND", "CONTAINER", "VERSION", "ELSEWHERE", "IMAGE"],
        "nodes" => &["STATUS", "ROLES", "VERSION", ">PODS+"],
        "versions" => &["COMPONENT", "VERSION", "SKEW", "MESSAGE"],
        "trouble" => &["KIND", "CAUSE", "SINCE", "NODE", "VERSION", "MESSAGE"],
        other => panic!("no columns for {other}"),
    };
    let column = |name: &&str| Column {
        name: name.trim_start_matches('>').trim_end_matches('+').into(),
        wide: name.ends_with('+'),
        right: name.starts_with('>'),
    };
    names.iter().map(column).collect()
}

/// All rows of a cluster, as they stand when a list has come in.
pub fn listed(view: &str, rows: Vec<Row>) -> Delta {
    Delta { columns: Some(columns(view)), reset: true, upserts: rows, phase: Some(Phase::Synced), ..Delta::default() }
}

/// What pods of the shop use, measured so many seconds ago: names, millicores, mebibytes.
pub fn uses(ago: i64, pods: &[(&str, u64, u64)]) -> Reading {
    let of = pods.iter().map(|(name, cpu, memory)| ((*name).into(), Use { cpu: *cpu, memory: memory << 20 })).collect();
    let uses = Uses { at: NOW - ago, every: 15, window: 15, of: [("shop".into(), of)].into() };
    Reading { namespace: None, known: Known::Measured(Arc::new(uses)) }
}

/// Rows that came or changed.
pub fn changed(rows: Vec<Row>) -> Delta {
    Delta { upserts: rows, ..Delta::default() }
}

/// Rows that went.
pub fn gone(rows: &[Row]) -> Delta {
    Delta { removed: rows.iter().map(|row| row.uid).collect(), ..Delta::default() }
}

/// The watch was cut off so many seconds ago.
pub fn stale(seconds: i64, problem: Problem) -> Delta {
    Delta { phase: Some(Phase::Stale { since: NOW - seconds, problem }), ..Delta::default() }
}

/// `cluster/namespace/name`, or `cluster/name` for what has no namespace.
fn row(gvk: Gvk, place: &str, cells: Vec<Cell>) -> Row {
    let parts: Vec<&str> = place.splitn(3, '/').collect();
    let (cluster, namespace, name) = match parts[..] {
        [cluster, namespace, name] => (cluster, Some(namespace.into()), name),
        [cluster, name] => (cluster, None, name),
        _ => panic!("{place} is no place"),
    };
    Row {
        uid: Uid::parse(&format!("{} {place}", gvk.kind)),
        cluster: ClusterId::new(cluster),
        gvk: Arc::new(gvk),
        namespace,
        name: name.into(),
        created: NOW - 3 * DAY,
        state: RowState::Fine,
        cells: cells.into(),
        labels: Arc::new([]),
        owner: None,
    }
}

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text.into()) }
}

fn ratio(text: &str) -> Cell {
    let (ready, wanted) = text.split_once('/').unwrap();
    Cell::Ratio(ready.parse().unwrap(), wanted.parse().unwrap())
}

/// A pod, `1/2`, `CrashLoopBackOff`.
pub fn pod(place: &str, ready: &str, status: &str) -> Row {
    let cells = vec![ratio(ready), text(status), Cell::Restarts(0, 0), Cell::Empty, text("node-01"), text("10.244.0.7")];
    row(Gvk::new("", "v1", "Pod"), place, cells)
}

/// A workload of that kind, `0/2`, `Unavailable`.
pub fn workload(place: &str, kind: &str, ready: &str, status: &str, image: &str) -> Row {
    let group = if matches!(kind, "CronJob" | "Job") { "batch" } else { "apps" };
    let count = if kind == "CronJob" { Cell::Number(0) } else { ratio(ready) };
    row(Gvk::new(group, "v1", kind), place, vec![text(kind), count, text(status), text(image)])
}

/// A Service on port 80.
pub fn service(place: &str) -> Row {
    let cells = vec![text("LoadBalancer"), text("10.96.0.20"), text("192.0.2.20"), text("80/TCP"), text("app=web")];
    row(Gvk::new("", "v1", "Service"), place, cells)
}

/// What is wrong with an object of that kind, since so many seconds: cause, node, version and message.
pub fn trouble(place: &str, kind: &str, seconds: i64, [cause, node, version, message]: [&str; 4]) -> Row {
    let cells = vec![text(kind), text(cause), Cell::Since(NOW - seconds), text(node), text(version), text(message)];
    row(Gvk::new("", "v1", kind), place, cells).state(RowState::Bad)
}

/// What was changed of an object so many seconds ago, and by whom.
pub fn change(place: &str, kind: &str, seconds: i64, [what, by]: [&str; 2]) -> Row {
    let name = place.rsplit('/').next().unwrap_or_default();
    row(Gvk::new("", "v1", kind), place, vec![Cell::Since(NOW - seconds), text(kind), text(name), text(what), text(by)])
}

/// A deployment's only container, called like it, of the shop's images.
pub fn image(place: &str, version: &str) -> Row {
    let name = place.rsplit('/').next().unwrap_or_default();
    let cells = vec![text("Deployment"), text(name), text(version), Cell::Empty, text(&format!("shop/{name}:{version}"))];
    row(Gvk::new("apps", "v1", "Deployment"), place, cells)
}

/// A node that can take 110 pods.
pub fn node(place: &str) -> Row {
    row(Gvk::new("", "v1", "Node"), place, vec![text("Ready"), text("worker"), text("v1.36.0"), Gauge::share(Resource::Pods, 110)])
}

/// A release of Helm, or one of its revisions: status, chart, app version, what Helm said last; updated so many seconds ago.
pub fn helm(place: &str, kind: &str, revision: i64, seconds: i64, [status, chart, app, said]: [&str; 4]) -> Row {
    let state = match status {
        "failed" => RowState::Bad,
        "superseded" => RowState::Done,
        pending if pending.starts_with("pending") => RowState::Progress,
        _ => RowState::Fine,
    };
    let cells = vec![Cell::Number(revision), text(status), text(chart), text(app), Cell::Since(NOW - seconds), text(said)];
    row(Gvk::new("helm.sh", "v1", kind), place, cells).state(state)
}

/// A version: of the API server, which is no object, or of a node's kubelet.
pub fn version(place: &str, kind: &str, version: &str) -> Row {
    let component = if kind == "Node" { "kubelet" } else { "kube-apiserver" };
    row(Gvk::new("", "v1", kind), place, vec![text(component), text(version), Cell::Empty, Cell::Empty])
}

/// What one may do: verbs of the columns, and others.
pub fn right(place: &str, verbs: &[&str], others: &str) -> Row {
    let has = |verb: &str| text(if verbs.contains(&verb) || others == "*" { "yes" } else { "" });
    let mut cells: Vec<Cell> = ["get", "list", "watch", "create", "update", "patch", "delete"].iter().map(|verb| has(verb)).collect();
    cells.extend([text(others), Cell::Empty, Cell::Empty]);
    row(Gvk::new("authorization.k8s.io", "v1", "Access"), place, cells)
}

/// Who may do something, by a binding: subject, its kind, role, scope, message.
pub fn may(place: &str, words: [&str; 5]) -> Row {
    let kind = if words[3] == "cluster" { "ClusterRoleBinding" } else { "RoleBinding" };
    row(Gvk::new("rbac.authorization.k8s.io", "v1", kind), place, words.iter().map(|word| text(word)).collect())
}

/// Whether one may do it oneself.
pub fn yourself(place: &str, said: &str) -> Row {
    let cells = ["you", "", "", "shop", said].iter().map(|word| text(word)).collect();
    row(Gvk::new("authorization.k8s.io", "v1", "Access"), place, cells)
}

/// A Secret.
pub fn secret(place: &str) -> Row {
    row(Gvk::new("", "v1", "Secret"), place, vec![text("Opaque"), Cell::Number(1)])
}

/// What stories change in a row.
pub trait Make {
    /// So old, in seconds.
    fn age(self, seconds: i64) -> Self;
    /// How it does.
    fn state(self, state: RowState) -> Self;
    /// A pod that was restarted, the last time so many seconds ago, after it ended like this.
    fn restarts(self, count: u32, seconds: i64, last: &str) -> Self;
    /// A pod's node.
    fn node(self, name: &str) -> Self;
    /// A pod's address; empty while it has none.
    fn ip(self, address: &str) -> Self;
    /// A label, `app=web`.
    fn label(self, label: &str) -> Self;
    /// A pod that asks for 100m and 128Mi and may have no more than 256Mi, in a cluster that measures.
    fn gauged(self) -> Self;
}

impl Make for Row {
    fn age(self, seconds: i64) -> Self {
        Self { created: NOW - seconds, ..self }
    }

    fn state(self, state: RowState) -> Self {
        Self { state, ..self }
    }

    fn restarts(mut self, count: u32, seconds: i64, last: &str) -> Self {
        self.cells[2] = Cell::Restarts(count, NOW - seconds);
        self.cells[3] = text(last);
        self
    }

    fn node(mut self, name: &str) -> Self {
        self.cells[4] = text(name);
        self
    }

    fn ip(mut self, address: &str) -> Self {
        self.cells[5] = text(address);
        self
    }

    fn label(self, label: &str) -> Self {
        Self { labels: Arc::new([label.into()]), ..self }
    }

    fn gauged(self) -> Self {
        const MI: u64 = 1 << 20;
        let number = |resource| Cell::Gauge(Gauge::number(resource));
        let (cpu, memory) = (Resource::Cpu, Resource::Memory);
        let gauges =
            [number(cpu), Cell::Empty, number(memory), Gauge::share(memory, 256 * MI), Gauge::share(cpu, 100), Gauge::share(memory, 128 * MI)];
        Self { cells: self.cells.iter().cloned().chain(gauges).collect(), ..self }
    }
}

/// The workloads of the sandbox's shop: all well but cart.
pub fn shop() -> Delta {
    const SERVICES: [(&str, &str, u32); 9] = [
        ("web", "3.2.1", 3),
        ("cart", "2.4.0", 2),
        ("catalog", "1.9.0", 2),
        ("checkout", "4.0.2", 2),
        ("payments", "2.1.7", 2),
        ("recommend", "0.8.3", 1),
        ("reviews", "1.3.0", 2),
        ("search", "5.0.0", 2),
        ("shipping", "1.1.4", 1),
    ];
    let deployment = |(at, (name, version, replicas)): (usize, &(&str, &str, u32))| {
        let (ready, status, state) = match *name {
            "cart" => (0, "Unavailable", RowState::Bad),
            _ => (*replicas, "Available", RowState::Fine),
        };
        let made = workload(&format!("sandbox/shop/{name}"), "Deployment", &format!("{ready}/{replicas}"), status, &format!("shop/{name}:{version}"));
        made.state(state).age((38 - 2 * i64::try_from(at).unwrap()) * DAY)
    };
    let mut rows: Vec<Row> = SERVICES.iter().enumerate().map(deployment).collect();
    rows.push(workload("sandbox/shop/db", "StatefulSet", "1/1", "Available", "shop/postgres:17.2").age(38 * DAY));
    rows.push(workload("sandbox/shop/nightly-report", "CronJob", "", "Scheduled 15 3 * * *", "shop/report:1.0.0").age(30 * DAY));
    listed("workloads", rows)
}

/// What the sandbox serves.
pub const KINDS: &[&[&str]] = &[
    &["pods", "pod", "po"],
    &["services", "service", "svc"],
    &["deployments", "deployment", "deploy"],
    &["replicasets", "replicaset", "rs"],
    &["statefulsets", "statefulset", "sts"],
    &["daemonsets", "daemonset", "ds"],
    &["jobs", "job"],
    &["cronjobs", "cronjob", "cj"],
    &["configmaps", "configmap", "cm"],
    &["secrets", "secret"],
    &["events", "event", "ev"],
    &["nodes", "node", "no"],
    &["namespaces", "namespace", "ns"],
    &["persistentvolumeclaims", "persistentvolumeclaim", "pvc"],
    &["ingresses", "ingress", "ing"],
    &["gadgets", "gadget", "gd"],
];

/// A connection that works.
pub fn ready(id: &str) -> Connection {
    let off = Connection::off(ClusterId::new(id), ConnectionKind::Kubernetes);
    Connection { health: Health::Ready, since: NOW - 2 * HOUR, version: Some("v1.36.0".into()), latency_ms: Some(12), ..off }
}

/// A connection in trouble for so many seconds.
pub fn troubled(id: &str, health: Health, seconds: i64, problem: Problem) -> Connection {
    Connection { health, since: NOW - seconds, problem: Some(problem), latency_ms: None, ..ready(id) }
}

/// What is said of a server that does not answer any more.
pub fn unreachable(id: &str) -> Problem {
    Problem::new("cluster.unreachable", format!("{id} does not answer"), "connection refused (192.0.2.30:6443)")
        .hint("see that the server runs and the address is right; it is tried again by itself")
}

/// A fact of a description.
pub fn fact(label: &str, text: &str, state: RowState) -> Fact {
    Fact::new(label, text, state)
}

/// Why the sandbox's cart fails, as the real describe puts it.
pub fn cart() -> Description {
    let crashed = |name: &str| format!("{name}  0/2  CrashLoopBackOff  14 restarts  OOM");
    let label = |key: &str, value: &str| fact(key, value, RowState::Fine);
    let section = |title: &str, facts: Vec<Fact>| Section { title: title.into(), heads: Vec::new(), facts };
    Description {
        facts: vec![
            fact("replicas", "0 of 2 ready", RowState::Bad),
            fact("pod", &crashed("cart-6c4d9f7d8b-2xk4v"), RowState::Bad),
            fact("pod", &crashed("cart-6c4d9f7d8b-9fz7q"), RowState::Bad),
            fact("Available", "False for 41m: MinimumReplicasUnavailable", RowState::Warn),
            Fact::new("rollout", Said::from("8, begun ").ago(NOW - 41 * MINUTE).and(": shop/cart:2.3.0 → shop/cart:2.4.0"), RowState::Fine),
            fact("replica counts", "2 desired, 2 updated, 2 total, 0 available, 2 unavailable", RowState::Fine),
            fact("strategy", "RollingUpdate: 0 max unavailable, 1 max surge", RowState::Fine),
            fact("pods status", "2 running, 0 waiting, 0 succeeded, 0 failed", RowState::Fine),
            fact("images", "shop/cart:2.4.0", RowState::Fine),
            fact("selector", "app=cart", RowState::Fine),
            Fact::new("created", Said::moment(NOW - 36 * DAY), RowState::Fine),
        ],
        sections: vec![
            section("container cart", vec![label("image", "shop/cart:2.4.0"), label("ports", "8080/TCP (http)"), label("limits", "memory 256Mi")]),
            section("labels", vec![label("app", "cart")]),
        ],
        about: vec![ObjectKey {
            cluster: ClusterId::new("sandbox"),
            gvk: Arc::new(Gvk::new("apps", "v1", "Deployment")),
            namespace: Some("shop".into()),
            name: "cart".into(),
            uid: "1".into(),
        }],
    }
}

/// What is said about it.
pub fn cart_events() -> Vec<EventLine> {
    let event = |seconds, warning, reason: &str, message: &str, count, from: &str| EventLine {
        last: NOW - seconds,
        first: NOW - 3 * HOUR,
        warning,
        reason: reason.into(),
        message: message.into(),
        count,
        from: from.into(),
        about: "pod/cart-6c4d9f7d8b-2xk4v".into(),
    };
    vec![
        event(60, true, "BackOff", "Back-off restarting failed container cart in pod cart-6c4d9f7d8b-2xk4v_shop", 31, "kubelet"),
        event(100, false, "Pulled", "Container image \"shop/cart:2.4.0\" already present on machine", 15, "kubelet"),
        event(100, false, "Started", "Container started", 15, "kubelet"),
    ]
}

/// A load test as it is measured second by second, always the same for the same seed.
pub struct Load {
    /// What is known of the run.
    pub run: Run,
    whole: Record,
    seconds: u64,
    seed: u64,
    plan: Plan,
}

impl Load {
    /// A run on an address that belongs to a Service of that cluster.
    pub fn begin(id: &str, what: Option<&str>, cluster: Option<&str>, plan: Plan, seconds_ago: i64) -> Self {
        let subject = Subject { url: plan.target.url().to_owned(), what: what.map(str::to_owned), cluster: cluster.map(str::to_owned) };
        let started = Timestamp::from_second(NOW - seconds_ago).unwrap();
        Self { run: Run::begin(id.to_owned(), subject, &plan, started), whole: Record::default(), seconds: 0, seed: 7, plan }
    }

    /// Another beginning of chance: two runs are never the same to the nanosecond.
    pub fn seeded(self, seed: u64) -> Self {
        Self { seed: seed.max(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, ..self }
    }

    /// One more second: about so many answers, half of them within `usual`, and so many failures. Where requests were planned, some wait for their turn.
    pub fn second(&mut self, answers: u64, usual: Duration, failures: u64) -> Sample {
        let mut last = Record::default();
        let usual = usual.as_nanos() as f64;
        for _ in 0..answers - self.noise(answers / 20 + 1) {
            let service = (usual * self.stretch()) as u64;
            if self.plan.pace.is_open() {
                let late = 20_000 + self.noise(60_000) + if self.noise(400) == 0 { service * 4 } else { 0 };
                last.sent(late);
                last.answer_planned(service + late, service, 180);
            } else {
                last.answer(service, 180);
            }
        }
        (0..failures).for_each(|_| last.error(Class::Status5xx));
        self.whole.add(&last);
        self.seconds += 1;
        self.sample(last)
    }

    /// One more second in which the target stood still: few answers, each so late, and slots of the plan that were never sent.
    pub fn stalled(&mut self, answers: u64, late: Duration, missed: u64) -> Sample {
        let mut last = Record::default();
        let late = late.as_nanos() as u64;
        for _ in 0..answers {
            let service = 400_000 + self.noise(100_000);
            last.sent(late);
            last.answer_planned(service + late, service, 180);
        }
        last.missed = missed;
        self.whole.add(&last);
        self.seconds += 1;
        self.sample(last)
    }

    /// The end.
    pub fn end(mut self, ended: Ended) -> Run {
        let last = Sample { ended: Some(ended), in_flight: 0, ..self.sample(Record::default()) };
        self.run.take(&last);
        self.run.judge(&self.plan, &last, &[]);
        self.run.ended = Timestamp::from_second(self.run.started.as_second() + i64::try_from(self.seconds).unwrap()).ok();
        self.run
    }

    fn sample(&self, last: Record) -> Sample {
        Sample {
            elapsed: Duration::from_secs(self.seconds),
            last,
            last_span: Duration::from_secs(1),
            whole: self.whole.clone(),
            connections: self.plan.connections,
            in_flight: self.plan.connections,
            planned: self.whole.lateness().map_or(0, Latency::count),
            generator: Generator {
                threads: 2,
                wall_ns: self.seconds * 1_000_000_000,
                cpu_ns: self.seconds * 600_000_000,
                busiest_ns: self.seconds * 340_000_000,
                ..Generator::default()
            },
            ..Sample::default()
        }
    }

    /// A factor with a median of one and a tail to the right, as latencies have.
    fn stretch(&mut self) -> f64 {
        let sum: u64 = (0..4).map(|_| self.noise(1000)).sum();
        let bell = (sum as f64 - 2000.0) / 577.0;
        let tail = if self.noise(250) == 0 { 6.0 } else { 1.0 };
        (bell * 0.35).exp() * tail
    }

    /// A number below `bound` (xorshift64, Marsaglia 2003).
    fn noise(&mut self, bound: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % bound
    }
}

/// The plan the form makes of an address when nothing is changed in it.
pub fn gentle(url: &str) -> Plan {
    Plan::gentle(Target::parse(url).unwrap())
}
