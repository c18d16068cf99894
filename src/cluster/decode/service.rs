//! A Service's row. EXTERNAL-IP and PORT(S) follow the rules of `kubectl get services` (`printService` in Kubernetes' printers).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Cell, Cells, Gvk, Interner, Meta, RowState};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Service {
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
        let balanced: BTreeSet<&str> =
            self.status.load_balancer.ingress.iter().map(|at| if at.ip.is_empty() { at.hostname.as_str() } else { &at.ip }).collect();
        let all: Vec<&str> = balanced.into_iter().chain(self.spec.external_ips.iter().map(String::as_str)).collect();
        match (self.spec.kind.as_str(), all.is_empty()) {
            ("ExternalName", _) => self.spec.external_name.clone(),
            ("LoadBalancer", true) => "<pending>".into(),
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
