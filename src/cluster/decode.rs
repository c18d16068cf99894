//! From JSON to rows. Only the fields a row needs are decoded, while parsing; every text passes the sanitiser here and nowhere later.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;

use super::kinds::Kind;
use super::rows::{Cell, Column, Row, RowState, Uid};
use super::wire::JSON;
use crate::names::{ClusterId, Gvk};
use crate::text::sanitise;

mod ask;
mod pod;
mod table;
mod workload;

/// How the objects of a kind become rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Slim objects with columns of our own.
    Own(Own),
    /// The server's own table, for every other kind.
    Table,
}

/// Kinds with columns of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    Pods,
    Deployments,
    Services,
    Nodes,
    Events,
    /// Any controller of pods, in the mixed view.
    Workloads,
}

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

impl Shape {
    pub(super) fn of(kind: &Kind) -> Self {
        match (&*kind.gvk.group, kind.plural.as_str()) {
            ("", "pods") => Self::Own(Own::Pods),
            ("apps", "deployments") => Self::Own(Own::Deployments),
            ("", "services") => Self::Own(Own::Services),
            ("", "nodes") => Self::Own(Own::Nodes),
            ("", "events") => Self::Own(Own::Events),
            _ => Self::Table,
        }
    }

    pub(super) fn accept(self) -> &'static str {
        if self == Self::Table { TABLE } else { JSON }
    }

    /// The columns, where they are known before the server answers. A trailing `+` marks the wide view, a leading `>` the right edge.
    pub(super) fn columns(self) -> Option<Arc<[Column]>> {
        let names: &[&str] = match self {
            Self::Table => return None,
            Self::Own(Own::Pods) => {
                &[">READY", "STATUS", "RESTARTS", "LAST", "NODE+", "IP+", ">CPU+", ">%CPU/L+", ">MEM+", ">%MEM/L+", ">%CPU/R+", ">%MEM/R+"]
            }
            Self::Own(Own::Deployments) => &[">READY", "STATUS", ">UP-TO-DATE", ">AVAILABLE", "IMAGES+"],
            Self::Own(Own::Services) => &["TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORTS", "SELECTOR+"],
            Self::Own(Own::Nodes) => {
                &["STATUS", "ROLES", "VERSION", "INTERNAL-IP+", "OS+", "KERNEL+", "RUNTIME+", ">CPU+", ">%CPU+", ">MEM+", ">%MEM+"]
            }
            Self::Own(Own::Events) => &["LAST", "TYPE", "REASON", "OBJECT", ">COUNT", "MESSAGE"],
            Self::Own(Own::Workloads) => &["KIND", ">READY", "STATUS", "IMAGES+"],
        };
        Some(names.iter().map(|name| column(name)).collect())
    }
}

fn column(spelling: &str) -> Column {
    let name = spelling.trim_start_matches('>').trim_end_matches('+');
    Column { name: name.into(), wide: spelling.ends_with('+'), right: spelling.starts_with('>') }
}

/// Decodes the objects of one kind of one cluster.
pub(super) struct Decoder {
    shape: Shape,
    cluster: ClusterId,
    gvk: Arc<Gvk>,
    words: Interner,
    /// Uses are measured there, so that they get cells.
    measured: bool,
    /// Column definitions of the last Table that carried some.
    layout: table::Layout,
    /// The resourceVersion of the last object; a Table has none of its own.
    version: String,
}

impl Decoder {
    pub(super) fn new(shape: Shape, cluster: ClusterId, gvk: Arc<Gvk>) -> Self {
        Self { shape, cluster, gvk, words: Interner::default(), measured: false, layout: table::Layout::default(), version: String::new() }
    }

    /// Gives rows the cells of uses, or does not.
    pub(super) fn measured(self, measured: bool) -> Self {
        Self { measured, ..self }
    }

    /// Rows of one object, or of one Table with any number of rows. Columns are answered when they are new.
    pub(super) fn rows(&mut self, json: &[u8], out: &mut Vec<Row>) -> Result<Option<Arc<[Column]>>, serde_json::Error> {
        match self.shape {
            Shape::Table => return self.table(json, out),
            Shape::Own(Own::Pods) => self.own::<pod::Pod>(json, out)?,
            Shape::Own(Own::Deployments) => self.own::<workload::Deployment>(json, out)?,
            Shape::Own(Own::Workloads) => self.own::<workload::Workload>(json, out)?,
            Shape::Own(Own::Services) => self.own::<Service>(json, out)?,
            Shape::Own(Own::Nodes) => self.own::<Node>(json, out)?,
            Shape::Own(Own::Events) => self.own::<Event>(json, out)?,
        }
        Ok(None)
    }

    /// The resourceVersion of the object decoded last; empty where there was none.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Reads the beginning of the server's own Table, up to its rows; what it defines is answered. None: what came is no Table.
    pub(super) fn glance(&mut self, head: &[u8]) -> Option<Arc<[Column]>> {
        let whole = [head, b"]}"].concat();
        self.table(&whole, &mut Vec::new()).ok()?
    }

    /// A row of that Table in the columns of this kind: what the Table does not say stays empty until the object comes.
    /// `now` in unix seconds, because a Table tells ages, not moments.
    pub(super) fn glanced(&mut self, json: &[u8], columns: &[Column], now: i64) -> Result<Row, serde_json::Error> {
        Ok(pod::printed(self.table_row(json)?, columns, now))
    }

    fn own<'a, T: Deserialize<'a> + Cells>(&mut self, json: &'a [u8], out: &mut Vec<Row>) -> Result<(), serde_json::Error> {
        // Two passes that skip most bytes beat one that has to buffer what it does not know yet.
        let Head { mut metadata } = serde_json::from_slice(json)?;
        self.version = std::mem::take(&mut metadata.resource_version);
        let object: T = serde_json::from_slice(json)?;
        if object.hidden(&metadata) {
            return Ok(());
        }
        let (state, mut cells) = object.cells(&metadata, &self.gvk, &mut self.words);
        if self.measured {
            cells.extend(object.gauges());
        }
        let row = self.row(&metadata, state, cells);
        out.push(row);
        Ok(())
    }

    fn row(&mut self, meta: &Meta, state: RowState, cells: Vec<Cell>) -> Row {
        Row {
            uid: Uid::parse(if meta.uid.is_empty() { &meta.name } else { &meta.uid }),
            cluster: self.cluster.clone(),
            gvk: self.gvk.clone(),
            namespace: (!meta.namespace.is_empty()).then(|| self.words.word(&meta.namespace)),
            name: sanitise(&meta.name).as_ref().into(),
            created: unix(&meta.creation_timestamp),
            state,
            cells: cells.into(),
            labels: self.words.labels(&meta.labels),
            owner: meta.owner(),
        }
    }
}

/// What every object has.
#[derive(Deserialize)]
pub(super) struct Head {
    #[serde(default)]
    pub(super) metadata: Meta,
}

/// `ObjectMeta`, as far as rows need it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) creation_timestamp: Option<String>,
    pub(super) deletion_timestamp: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    owner_references: Vec<Owner>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owner {
    uid: String,
    controller: bool,
}

impl Meta {
    /// The controller, as `metav1.GetControllerOf` finds it.
    fn owner(&self) -> Option<Uid> {
        self.owner_references.iter().find(|owner| owner.controller).map(|owner| Uid::parse(&owner.uid))
    }
}

/// What a kind shows.
trait Cells {
    fn cells(&self, meta: &Meta, gvk: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>);

    /// Cells for what it uses, not measured yet; the last columns.
    fn gauges(&self) -> Vec<Cell> {
        Vec::new()
    }

    /// The view leaves it out: something else in the view stands for it.
    fn hidden(&self, _meta: &Meta) -> bool {
        false
    }
}

/// Unix seconds of an RFC 3339 time; 0 when there is none.
fn unix(time: &Option<String>) -> i64 {
    time.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok()).map_or(0, jiff::Timestamp::as_second)
}

/// Words that come again and again are kept once; those that no row holds any more are forgotten.
#[derive(Default)]
pub(super) struct Interner {
    words: HashSet<Arc<str>>,
    lists: HashSet<Arc<[Arc<str>]>>,
    /// At so many words it is looked for those that nobody holds.
    sweep_at: usize,
}

/// Fewer words than this are never looked through.
const FEW: usize = 4_096;

impl Interner {
    fn word(&mut self, text: &str) -> Arc<str> {
        let clean = sanitise(text);
        match self.words.get(clean.as_ref()) {
            Some(word) => word.clone(),
            None => {
                let word: Arc<str> = clean.as_ref().into();
                self.sweep();
                self.words.insert(word.clone());
                word
            }
        }
    }

    /// A watch may live for weeks and see a new message every second. Looking only when the words have doubled costs each word a constant.
    fn sweep(&mut self) {
        if self.words.len() < self.sweep_at.max(FEW) {
            return;
        }
        self.lists.retain(|list| Arc::strong_count(list) > 1);
        self.words.retain(|word| Arc::strong_count(word) > 1);
        self.sweep_at = self.words.len() * 2;
    }

    fn cell(&mut self, text: &str) -> Cell {
        if text.is_empty() { Cell::Empty } else { Cell::Text(self.word(text)) }
    }

    /// A word that hardly any other row has: it is not looked for among the others.
    fn rare(text: &str) -> Cell {
        if text.is_empty() { Cell::Empty } else { Cell::Text(sanitise(text).as_ref().into()) }
    }

    fn labels(&mut self, labels: &BTreeMap<String, String>) -> Arc<[Arc<str>]> {
        let list: Vec<Arc<str>> = labels.iter().map(|(key, value)| self.word(&format!("{key}={value}"))).collect();
        match self.lists.get(list.as_slice()) {
            Some(known) => known.clone(),
            None => {
                let list: Arc<[Arc<str>]> = list.into();
                self.lists.insert(list.clone());
                list
            }
        }
    }
}

/// A condition of a status.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: String,
}

/// The condition of that name, as the API machinery looks conditions up.
fn condition<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}

/// How an object does, from the word its STATUS column says.
fn state_of_word(word: &str) -> RowState {
    const BAD: &[&str] = &["BackOff", "Err", "Fail", "OOM", "Evicted", "Invalid", "ExitCode", "Signal", "Deadline", "Lost", "NotReady,", "CannotRun"];
    const PROGRESS: &[&str] = &["Pending", "Creating", "Initializing", "Init:", "Terminating", "Gated", "Progressing"];
    let has = |list: &[&str]| list.iter().any(|part| word.contains(part));
    match word {
        "Completed" | "Succeeded" | "Complete" | "Released" => RowState::Done,
        "Unknown" => RowState::Unknown,
        "NotReady" => RowState::Warn,
        _ if has(BAD) => RowState::Bad,
        _ if has(PROGRESS) => RowState::Progress,
        _ => RowState::Fine,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Service {
    spec: ServiceSpec,
    status: ServiceStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServiceSpec {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "clusterIP")]
    cluster_ip: String,
    #[serde(rename = "externalIPs")]
    external_ips: Vec<String>,
    external_name: String,
    ports: Vec<Port>,
    selector: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Port {
    port: u32,
    node_port: u32,
    protocol: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServiceStatus {
    load_balancer: LoadBalancer,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadBalancer {
    ingress: Vec<Ingress>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ingress {
    ip: String,
    hostname: String,
}

impl Service {
    fn external(&self) -> String {
        let balanced = self.status.load_balancer.ingress.iter().map(|at| if at.ip.is_empty() { at.hostname.as_str() } else { &at.ip });
        let all: Vec<&str> = balanced.chain(self.spec.external_ips.iter().map(String::as_str)).collect();
        match (self.spec.kind.as_str(), all.is_empty()) {
            ("ExternalName", _) => self.spec.external_name.clone(),
            ("LoadBalancer", true) => "<pending>".into(),
            (_, true) => "<none>".into(),
            _ => all.join(","),
        }
    }

    fn ports(&self) -> String {
        let one = |port: &Port| match port.node_port {
            0 => format!("{}/{}", port.port, port.protocol),
            node => format!("{}:{node}/{}", port.port, port.protocol),
        };
        self.spec.ports.iter().map(one).collect::<Vec<_>>().join(",")
    }
}

impl Cells for Service {
    fn cells(&self, _: &Meta, _: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>) {
        let external = self.external();
        let selector = self.spec.selector.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
        let state = if external == "<pending>" { RowState::Progress } else { RowState::Fine };
        (state, [&self.spec.kind, &self.spec.cluster_ip, &external, &self.ports(), &selector].map(|text| words.cell(text)).into())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Node {
    spec: NodeSpec,
    status: NodeStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeSpec {
    unschedulable: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NodeStatus {
    conditions: Vec<Condition>,
    addresses: Vec<Address>,
    node_info: NodeInfo,
    capacity: ask::Amounts,
    allocatable: ask::Amounts,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    #[serde(rename = "type")]
    kind: String,
    address: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NodeInfo {
    kubelet_version: String,
    os_image: String,
    kernel_version: String,
    container_runtime_version: String,
}

impl Cells for Node {
    fn cells(&self, meta: &Meta, _: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>) {
        let ready = condition(&self.status.conditions, "Ready").map_or("Unknown", |ready| if ready.status == "True" { "Ready" } else { "NotReady" });
        let status = if self.spec.unschedulable { format!("{ready},SchedulingDisabled") } else { ready.to_owned() };
        let state = match (ready, self.spec.unschedulable) {
            ("Ready", false) => RowState::Fine,
            ("Ready", true) => RowState::Warn,
            ("Unknown", _) => RowState::Unknown,
            _ => RowState::Bad,
        };
        let roles: Vec<&str> = meta.labels.keys().filter_map(|key| key.strip_prefix("node-role.kubernetes.io/")).collect();
        let roles = if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") };
        let address = self.status.addresses.iter().find(|address| address.kind == "InternalIP").map_or("", |address| &address.address);
        let info = &self.status.node_info;
        let texts = [&status, &roles, &info.kubelet_version, address, &info.os_image, &info.kernel_version, &info.container_runtime_version];
        (state, texts.map(|text| words.cell(text)).into())
    }

    fn gauges(&self) -> Vec<Cell> {
        ask::of_node(&self.status.capacity, &self.status.allocatable)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Event {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) reason: String,
    pub(super) message: String,
    count: Option<u32>,
    last_timestamp: Option<String>,
    event_time: Option<String>,
    series: Option<Series>,
    involved_object: Involved,
    source: EventSource,
    reporting_component: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Series {
    count: u32,
    last_observed_time: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Involved {
    kind: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct EventSource {
    component: String,
}

impl Event {
    /// Unix seconds of the last time it was seen.
    pub(super) fn last(&self, created: &Option<String>) -> i64 {
        let series = self.series.as_ref().map_or(0, |series| unix(&series.last_observed_time));
        [series, unix(&self.last_timestamp), unix(&self.event_time)].into_iter().find(|time| *time > 0).unwrap_or_else(|| unix(created))
    }

    /// How often it was seen.
    pub(super) fn times(&self) -> u32 {
        self.series.as_ref().map(|series| series.count).or(self.count).unwrap_or(1)
    }

    /// Who says so.
    pub(super) fn from(&self) -> &str {
        if self.source.component.is_empty() { &self.reporting_component } else { &self.source.component }
    }
}

impl Cells for Event {
    fn cells(&self, meta: &Meta, _: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>) {
        let state = if self.kind == "Warning" { RowState::Warn } else { RowState::Fine };
        let object = format!("{}/{}", self.involved_object.kind.to_lowercase(), self.involved_object.name);
        let cells = vec![
            Cell::Since(self.last(&meta.creation_timestamp)),
            words.cell(&self.kind),
            words.cell(&self.reason),
            words.cell(&object),
            Cell::Number(self.times().into()),
            words.cell(&self.message),
        ];
        (state, cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_nobody_holds_are_forgotten() {
        let mut words = Interner::default();
        let kept = words.word("kept");
        for at in 0..100_000 {
            words.labels(&BTreeMap::from([("at".to_owned(), at.to_string())]));
        }
        assert!(words.words.len() <= 2 * FEW && words.lists.len() <= 2 * FEW, "{} {}", words.words.len(), words.lists.len());
        assert!(Arc::ptr_eq(&kept, &words.word("kept")));
    }
}
