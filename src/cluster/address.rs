//! Where a Service can be reached from here: at its load balancer, at a port of a node, or within its cluster by who runs there.

use serde_json::Value;

use super::describe::read::list;
use super::fleet::Fleet;
use super::kubeconfig::IN_CLUSTER;
use super::wire::{JSON, LIMIT};
use crate::names::{ObjectKey, Problem};
use crate::text::sanitise;

/// Nodes as the API lists them, no more of them than are needed to find one that is ready.
const NODES: &str = "/api/v1/nodes?limit=50";

impl Fleet {
    /// The address under which a Service answers from here.
    ///
    /// # Errors
    /// The Service is gone, the cluster does not answer, or the Service has no address outside its cluster.
    pub async fn service_url(&self, key: &ObjectKey) -> Result<String, Problem> {
        let service = self.object(key).await?;
        let inside = key.cluster.as_str() == IN_CLUSTER;
        if let Some(url) = balanced(&service).or_else(|| clustered(&service).filter(|_| inside)) {
            return Ok(url);
        }
        if let Some(port) = node_port(&service) {
            let connected = self.connected(&key.cluster).await?;
            // Who may not list nodes has one way less.
            let nodes: Value = connected.wire.json(NODES, JSON, LIMIT).await.unwrap_or_default();
            if let Some(host) = node(&nodes) {
                return Ok(url(host, port));
            }
        }
        Err(Problem {
            code: "service.unreachable",
            what: format!("{key} has no address outside its cluster"),
            why: "it has no load balancer that is ready, and no port on a node that can be asked for".into(),
            hints: vec!["`kubectl port-forward` it and give that address; such a run measures the tunnel too, and says so".into()],
        })
    }
}

fn balanced(service: &Value) -> Option<String> {
    let ingress = service.pointer("/status/loadBalancer/ingress/0")?;
    let host = ingress.get("ip").or_else(|| ingress.get("hostname"))?.as_str()?;
    Some(url(host, service.pointer("/spec/ports/0/port")?.as_u64()?))
}

fn clustered(service: &Value) -> Option<String> {
    let host = service.pointer("/spec/clusterIP")?.as_str().filter(|host| !["", "None"].contains(host))?;
    Some(url(host, service.pointer("/spec/ports/0/port")?.as_u64()?))
}

fn node_port(service: &Value) -> Option<u64> {
    service.pointer("/spec/ports/0/nodePort")?.as_u64().filter(|port| *port > 0)
}

/// Of a node that is ready, the address that is meant for others, or else the one within its network.
fn node(nodes: &Value) -> Option<&str> {
    let ready = |node: &&Value| list(node, "/status/conditions").any(|is| is["type"] == "Ready" && is["status"] == "True");
    let all: Vec<&Value> = list(nodes, "/items").filter(ready).collect();
    ["ExternalIP", "InternalIP"].iter().find_map(|kind| {
        let mut addresses = all.iter().flat_map(|node| list(node, "/status/addresses"));
        addresses.find(|is| is["type"] == *kind)?["address"].as_str()
    })
}

fn url(host: &str, port: u64) -> String {
    let host = sanitise(host);
    // An address of IPv6 stands in brackets (RFC 3986, 3.2.2).
    if host.contains(':') { format!("http://[{host}]:{port}/") } else { format!("http://{host}:{port}/") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_is_reached_where_its_fields_say() {
        let ports = json!([{"port": 80, "nodePort": 30080}]);
        let waits = json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.7", "ports": ports}, "status": {"loadBalancer": {}}});
        assert_eq!((balanced(&waits), node_port(&waits)), (None, Some(30080)));
        assert_eq!(clustered(&waits).as_deref(), Some("http://10.96.0.7:80/"));
        let ready = json!({"spec": {"ports": ports}, "status": {"loadBalancer": {"ingress": [{"ip": "2001:db8::1"}]}}});
        assert_eq!(balanced(&ready).as_deref(), Some("http://[2001:db8::1]:80/"));
        let headless = json!({"spec": {"clusterIP": "None", "ports": [{"port": 80}]}});
        assert_eq!((clustered(&headless), node_port(&headless), balanced(&headless)), (None, None, None));
    }

    #[test]
    fn a_node_that_is_not_ready_answers_for_nothing() {
        let node_of = |ready: &str, addresses: Value| json!({"status": {"conditions": [{"type": "Ready", "status": ready}], "addresses": addresses}});
        let inner = |address: &str| json!([{"type": "Hostname", "address": "a"}, {"type": "InternalIP", "address": address}]);
        let outer = json!([{"type": "InternalIP", "address": "10.0.0.3"}, {"type": "ExternalIP", "address": "192.0.2.3"}]);
        let nodes = |items: Vec<Value>| json!({"items": items});
        assert_eq!(node(&nodes(vec![node_of("False", inner("10.0.0.1")), node_of("True", inner("10.0.0.2"))])), Some("10.0.0.2"));
        assert_eq!(node(&nodes(vec![node_of("True", inner("10.0.0.2")), node_of("True", outer)])), Some("192.0.2.3"));
        assert_eq!(node(&nodes(vec![node_of("Unknown", inner("10.0.0.1"))])), None);
        assert_eq!(node(&Value::Null), None);
    }
}
