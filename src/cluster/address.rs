//! Where a Service can be reached from here: at its load balancer, at a port of a node, or within its cluster by who runs there.

use serde_json::Value;

use super::describe::read::{at, list};
use super::fleet::Fleet;
use super::kubeconfig::IN_CLUSTER;
use super::wire::{JSON, LIMIT};
use crate::names::{ObjectKey, Problem};
use crate::text::sanitise;

/// Nodes as the API lists them, no more of them than are needed to find one that is ready.
const NODES: &str = "/api/v1/nodes?limit=50";

impl Fleet {
    /// The address under which a Service answers from here. `port`: one of its ports, by number or by name; none: its first.
    ///
    /// # Errors
    /// The Service is gone or has no such port, the cluster does not answer, or the Service has no address outside its cluster.
    pub async fn service_url(&self, key: &ObjectKey, port: Option<&str>) -> Result<String, Problem> {
        let service = self.object(key).await?;
        let port = port_of(&service, key, port)?;
        let inside = key.cluster.as_str() == IN_CLUSTER;
        if let Some(url) = balanced(&service, port).or_else(|| clustered(&service, port).filter(|_| inside)) {
            return Ok(url);
        }
        if let Some(port) = node_port(port) {
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
            hints: vec![format!(
                "`meshplay perf run service://{}/{}/` forwards a port of it; such a run measures the tunnel too, and says so",
                key.namespace.as_deref().unwrap_or_default(),
                key.name
            )],
        })
    }
}

/// A Service's port has that number or that name.
pub(super) fn is_called(port: &Value, word: &str) -> bool {
    port["name"] == word || port["port"].as_u64().is_some_and(|number| word.parse() == Ok(number))
}

/// The port of a Service that is meant: by number or by name; none: its first.
pub(super) fn port_of<'s>(service: &'s Value, key: &ObjectKey, wanted: Option<&str>) -> Result<&'s Value, Problem> {
    list(service, "/spec/ports").find(|port| wanted.is_none_or(|wanted| is_called(port, wanted))).ok_or_else(|| {
        let named = |port: &Value| match at(port, "/name") {
            name if name.is_empty() => port["port"].to_string(),
            name => format!("{} ({name})", port["port"]),
        };
        let all: Vec<String> = list(service, "/spec/ports").map(named).collect();
        let why = if all.is_empty() { "it has no ports at all".to_owned() } else { format!("it has {}", all.join(", ")) };
        let what = format!("{key} has no port {}", wanted.map_or_else(|| "at all".into(), sanitise));
        Problem::new("service.port", what, why).hint("name one that it has, as in service://shop/web:http/, or none for its first")
    })
}

fn balanced(service: &Value, port: &Value) -> Option<String> {
    let ingress = service.pointer("/status/loadBalancer/ingress/0")?;
    let host = ingress.get("ip").or_else(|| ingress.get("hostname"))?.as_str()?;
    Some(url(host, port["port"].as_u64()?))
}

fn clustered(service: &Value, port: &Value) -> Option<String> {
    let host = service.pointer("/spec/clusterIP")?.as_str().filter(|host| !["", "None"].contains(host))?;
    Some(url(host, port["port"].as_u64()?))
}

fn node_port(port: &Value) -> Option<u64> {
    port["nodePort"].as_u64().filter(|port| *port > 0)
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
        let ports = json!([{"port": 80, "nodePort": 30080}, {"name": "metrics", "port": 9090}]);
        let port = &ports[0];
        let waits = json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.7", "ports": ports}, "status": {"loadBalancer": {}}});
        assert_eq!((balanced(&waits, port), node_port(port)), (None, Some(30080)));
        assert_eq!(clustered(&waits, port).as_deref(), Some("http://10.96.0.7:80/"));
        let ready = json!({"spec": {"ports": ports}, "status": {"loadBalancer": {"ingress": [{"ip": "2001:db8::1"}]}}});
        assert_eq!(balanced(&ready, port).as_deref(), Some("http://[2001:db8::1]:80/"));
        let headless = json!({"spec": {"clusterIP": "None", "ports": [{"port": 80}]}});
        let only = &headless["spec"]["ports"][0];
        assert_eq!((clustered(&headless, only), node_port(only), balanced(&headless, only)), (None, None, None));
    }

    #[test]
    fn a_port_is_meant_by_its_number_or_its_name() {
        let service = json!({"spec": {"ports": [{"name": "http", "port": 80}, {"name": "metrics", "port": 9090}]}});
        let gvk = std::sync::Arc::new(crate::names::Gvk::new("", "v1", "Service"));
        let key = ObjectKey { cluster: crate::names::ClusterId::new("lab"), gvk, namespace: Some("shop".into()), name: "web".into(), uid: "".into() };
        let found = |wanted| port_of(&service, &key, wanted).map(|port| port["port"].as_u64());
        assert_eq!((found(None), found(Some("metrics")), found(Some("9090"))), (Ok(Some(80)), Ok(Some(9090)), Ok(Some(9090))));
        assert_eq!(found(Some("8080")).unwrap_err().why, "it has 80 (http), 9090 (metrics)");
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
