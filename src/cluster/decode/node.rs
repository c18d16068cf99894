//! A node's row. STATUS and ROLES follow the rules of `kubectl get nodes` (`printNode` in Kubernetes' printers).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::ask::{self, Amounts};
use super::{Cell, Cells, Condition, Gvk, Interner, Meta, RowState, condition};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
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
    capacity: Amounts,
    allocatable: Amounts,
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
    architecture: String,
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
        let (roles, info) = (roles(&meta.labels), &self.status.node_info);
        let kernel =
            if info.architecture.is_empty() { info.kernel_version.clone() } else { format!("{} ({})", info.kernel_version, info.architecture) };
        let (inside, outside) = (self.address("InternalIP"), self.address("ExternalIP"));
        let texts = [&status, &roles, &info.kubelet_version, inside, outside, &info.os_image, &kernel, &info.container_runtime_version];
        let mut cells: Vec<Cell> = texts.map(|text| words.cell(text)).into();
        cells.insert(3, ask::pods_of_node(&self.status.capacity, &self.status.allocatable));
        (state, cells)
    }

    fn gauges(&self) -> Vec<Cell> {
        ask::of_node(&self.status.capacity, &self.status.allocatable)
    }
}

impl Node {
    fn address(&self, kind: &str) -> &str {
        self.status.addresses.iter().find(|address| address.kind == kind).map_or("", |address| &address.address)
    }
}

/// What labels say a node is for, in either of their two spellings.
fn roles(labels: &BTreeMap<String, String>) -> String {
    let role = |(key, value): (&'_ String, &'_ String)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => Some(role.to_owned()),
        None => (key == "kubernetes.io/role").then(|| value.clone()),
    };
    let roles: BTreeSet<String> = labels.iter().filter_map(role).filter(|role| !role.is_empty()).collect();
    roles.into_iter().collect::<Vec<_>>().join(",")
}
