//! How pods are reached: Service with its endpoints, Ingress with its rules and what stands behind each.

use std::collections::BTreeMap;

use serde_json::Value;

use super::read::{Facts, at, count, is, joined, list, listed, selector, text, troubles, words};
use super::{Around, Description, Fact, Said, Section, UNSERVED, unread};
use crate::cluster::rows::{Row, RowState};
use crate::cluster::wire::encode;
use crate::names::Problem;

/// Endpoints that are told one by one.
const ENDPOINTS: usize = 12;

pub(super) async fn service(around: &Around<'_>, object: &Value) -> Description {
    let mut facts = Facts::default();
    let slices = slices(around, &around.key.name).await;
    let found = object.pointer("/spec/selector").map(selector).unwrap_or_default();
    facts.0.extend(endpoints_fact(&slices, object));
    let mut about = Vec::new();
    if let Ok(pods) = around.pods(&found).await {
        let rows = around.rows(&pods).await;
        about.extend(rows.first().filter(|row| row.state >= RowState::Warn).map(Row::key));
        facts.0.extend(rows.iter().take(ENDPOINTS).map(|row| Fact::new("pod", row.name.to_string(), row.state)));
    }
    facts.add("type", at(object, "/spec/type"));
    facts.add("cluster ip", listed(object, "/spec/clusterIPs"));
    facts.add("external", joined(list(object, "/status/loadBalancer/ingress").map(address)));
    facts.take(
        object,
        &[("external ips", "/spec/externalIPs"), ("external name", "/spec/externalName"), ("desired load balancer ip", "/spec/loadBalancerIP")],
    );
    facts.add("selector", found);
    for port in list(object, "/spec/ports") {
        let name = at(port, "/name");
        let endpoints = slices.as_deref().map(|slices| ready(slices, Some(&name)));
        let endpoints = endpoints.map_or_else(|_| String::new(), |ready| format!("  endpoints {}", shown(&ready)));
        facts.add("port", format!("{}{endpoints}", port_line(port)));
    }
    facts.0.extend(troubles(object));
    facts.take(object, &[("created", "/metadata/creationTimestamp"), ("deleted", "/metadata/deletionTimestamp")]);
    let sections = slices_section(&slices).into_iter().chain(traffic(object)).chain(words(object)).collect();
    Description { facts: facts.0, sections, about }
}

fn address(ingress: &Value) -> String {
    let mode = at(ingress, "/ipMode");
    let mode = if mode.is_empty() { mode } else { format!(" ({mode})") };
    format!("{}{}{mode}", at(ingress, "/ip"), if at(ingress, "/ip").is_empty() { at(ingress, "/hostname") } else { String::new() })
}

/// `http 80/TCP → 8080, node port 30080, grpc`.
fn port_line(port: &Value) -> String {
    let [name, number, protocol, target, protocol_of] =
        ["name", "port", "protocol", "targetPort", "appProtocol"].map(|part| at(port, &format!("/{part}")));
    let node = count(port, "/nodePort");
    let node = if node > 0 { format!(", node port {node}/{protocol}") } else { String::new() };
    let app = if protocol_of.is_empty() { protocol_of } else { format!(", speaks {protocol_of}") };
    format!("{name} {number}/{protocol} → {target}/{protocol}{node}{app}").trim_start().to_owned()
}

fn traffic(object: &Value) -> Option<Section> {
    let mut facts = Facts::default();
    facts.take(
        object,
        &[
            ("ip family policy", "/spec/ipFamilyPolicy"),
            ("ip families", "/spec/ipFamilies"),
            ("session affinity", "/spec/sessionAffinity"),
            ("external traffic policy", "/spec/externalTrafficPolicy"),
            ("internal traffic policy", "/spec/internalTrafficPolicy"),
            ("traffic distribution", "/spec/trafficDistribution"),
            ("health check node port", "/spec/healthCheckNodePort"),
            ("source ranges", "/spec/loadBalancerSourceRanges"),
            ("load balancer class", "/spec/loadBalancerClass"),
            ("publishes before ready", "/spec/publishNotReadyAddresses"),
        ],
    );
    facts.titled("traffic")
}

async fn slices(around: &Around<'_>, service: &str) -> Result<Vec<Value>, Problem> {
    around.list("endpointslices.discovery.k8s.io", &format!("labelSelector={}", encode(&format!("kubernetes.io/service-name={service}")))).await
}

/// An endpoint counts as ready unless it says that it is not (discovery.k8s.io/v1, `EndpointConditions`).
fn is_ready(endpoint: &Value) -> bool {
    endpoint.pointer("/conditions/ready").and_then(Value::as_bool) != Some(false)
}

/// `10.244.0.7:8080` of every ready endpoint, for one port by its name or for all.
fn ready(slices: &[Value], port: Option<&str>) -> Vec<String> {
    let of = |slice: &'_ Value| -> Vec<String> {
        let ports: Vec<String> =
            list(slice, "/ports").filter(|one| port.is_none_or(|name| at(one, "/name") == name)).map(|one| at(one, "/port")).collect();
        let bare = list(slice, "/ports").next().is_none();
        let addresses = list(slice, "/endpoints").filter(|one| is_ready(one)).map(|one| at(one, "/addresses/0"));
        if bare {
            return addresses.collect();
        }
        let host = |address: &str| if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let addresses: Vec<String> = addresses.collect();
        ports.iter().flat_map(|port| addresses.iter().map(move |address| format!("{}:{port}", host(address)))).collect()
    };
    slices.iter().flat_map(of).collect()
}

fn shown(addresses: &[String]) -> String {
    match addresses.len() {
        0 => "none".into(),
        1..=3 => addresses.join(", "),
        many => format!("{} and {} more", addresses[..3].join(", "), many - 3),
    }
}

/// A Service that selects pods and reaches none is the trouble people look for.
fn endpoints_fact(slices: &Result<Vec<Value>, Problem>, object: &Value) -> Option<Fact> {
    let slices = match slices {
        Ok(slices) => slices,
        Err(problem) => return unread("endpoints", problem),
    };
    let all: Vec<&Value> = slices.iter().flat_map(|slice| list(slice, "/endpoints")).collect();
    let well = all.iter().filter(|endpoint| is_ready(endpoint)).count();
    let outside = at(object, "/spec/type") == "ExternalName";
    let state = if well == 0 && !outside {
        RowState::Bad
    } else if well < all.len() {
        RowState::Warn
    } else {
        RowState::Fine
    };
    (!outside || !all.is_empty()).then(|| Fact::new("endpoints", format!("{well} of {} ready", all.len()), state))
}

fn slices_section(slices: &Result<Vec<Value>, Problem>) -> Option<Section> {
    let all = slices.as_ref().ok()?.iter().flat_map(|slice| list(slice, "/endpoints"));
    let row = |endpoint: &Value| {
        let flags = [("ready", "ready"), ("serving", "serving"), ("terminating", "terminating")];
        let flags = flags.iter().filter(|(part, _)| is(endpoint, &format!("/conditions/{part}"))).map(|(_, word)| (*word).to_owned());
        let said = [joined(flags), at(endpoint, "/targetRef/name"), at(endpoint, "/nodeName"), at(endpoint, "/zone")];
        let said = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
        Fact::new(listed(endpoint, "/addresses"), said, if is_ready(endpoint) { RowState::Fine } else { RowState::Warn })
    };
    Facts(all.take(ENDPOINTS * 4).map(row).collect()).titled("endpoints")
}

pub(super) async fn ingress(around: &Around<'_>, object: &Value) -> Description {
    let mut behind = Behind { around, known: BTreeMap::new() };
    let mut rules = Vec::new();
    for rule in list(object, "/spec/rules") {
        let host = at(rule, "/host");
        let host = if host.is_empty() { "*".to_owned() } else { host };
        for path in list(rule, "/http/paths") {
            let (said, state) = behind.of(&path["backend"]).await;
            let kind = at(path, "/pathType");
            rules.push(Fact { more: vec![at(path, "/path").into(), kind.into(), said], ..Fact::new(host.clone(), "", state) });
        }
    }
    let mut facts = Facts::default();
    let worst = rules.iter().filter(|rule| rule.state != RowState::Fine).count();
    if worst > 0 {
        facts.put("rules", format!("{worst} of {} lead to nothing that is ready", rules.len()), RowState::Warn);
    }
    if let Some(backend) = object.pointer("/spec/defaultBackend") {
        let (said, state) = behind.of(backend).await;
        facts.put("default backend", said, state);
    } else {
        facts.add("default backend", "<default>");
    }
    facts.0.extend(troubles(object));
    let addresses = joined(list(object, "/status/loadBalancer/ingress").map(address));
    facts.put("address", if addresses.is_empty() { "none yet".to_owned() } else { addresses }, RowState::Fine);
    facts.add("ingress class", at(object, "/spec/ingressClassName"));
    for tls in list(object, "/spec/tls") {
        let (secret, hosts) = (at(tls, "/secretName"), listed(tls, "/hosts"));
        facts.add("tls", if secret.is_empty() { format!("SNI routes {hosts}") } else { format!("{secret} terminates {hosts}") });
    }
    facts.take(object, &[("created", "/metadata/creationTimestamp"), ("deleted", "/metadata/deletionTimestamp")]);
    let heads = ["HOST", "PATH", "TYPE", "BACKEND"].map(str::to_owned).to_vec();
    let rules = (!rules.is_empty()).then(|| Section { title: "rules".into(), heads, facts: rules });
    let sections = rules.into_iter().chain(words(object)).collect();
    Description { facts: facts.0, sections, about: Vec::new() }
}

/// A Service and its endpoint slices; none where the cluster does not serve them.
type Found = (Value, Option<Vec<Value>>);

/// What stands behind the backends of an Ingress; each Service is asked for once.
struct Behind<'a> {
    around: &'a Around<'a>,
    known: BTreeMap<String, Result<Found, Problem>>,
}

impl Behind<'_> {
    async fn of(&mut self, backend: &Value) -> (Said, RowState) {
        let Some(service) = backend.get("service") else {
            let group = at(backend, "/resource/apiGroup");
            let group = if group.is_empty() { "<none>".to_owned() } else { group };
            let said = format!("{} {} of {group}", at(backend, "/resource/kind"), at(backend, "/resource/name"));
            return (said.into(), RowState::Fine);
        };
        let (name, port) =
            (at(service, "/name"), service.get("port").map(|port| [at(port, "/name"), at(port, "/number")].concat()).unwrap_or_default());
        if !self.known.contains_key(&name) {
            let found = match self.around.get(self.around.key.namespace.as_deref(), "services", &name).await {
                Ok(found) => match slices(self.around, &name).await {
                    Err(problem) if problem.code != UNSERVED => Err(problem),
                    slices => Ok((found, slices.ok())),
                },
                Err(problem) => Err(problem),
            };
            self.known.insert(name.clone(), found);
        }
        match self.known.get(&name) {
            Some(Ok((found, slices))) => reached(&name, &port, found, slices.as_deref()),
            Some(Err(problem)) => (format!("{name}:{port}: {}", problem.why).into(), RowState::Bad),
            None => (Said::default(), RowState::Unknown),
        }
    }
}

/// `slices` are none where the cluster does not serve them.
fn reached(name: &str, port: &str, service: &Value, slices: Option<&[Value]>) -> (Said, RowState) {
    let fits = |one: &&Value| at(one, "/port") == port || at(one, "/name") == port;
    let Some(found) = list(service, "/spec/ports").find(fits) else {
        return (format!("{name}:{port}: the Service has no such port, it has {}", ports_of(service)).into(), RowState::Bad);
    };
    let Some(slices) = slices else { return (format!("{name}:{port}").into(), RowState::Fine) };
    let addresses = ready(slices, Some(&text(&found["name"])));
    let state = if addresses.is_empty() { RowState::Warn } else { RowState::Fine };
    (format!("{name}:{port} ({})", shown(&addresses)).into(), state)
}

fn ports_of(service: &Value) -> String {
    joined(list(service, "/spec/ports").map(|port| at(port, "/port")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_without_a_ready_endpoint_hurts() {
        let slice = |flag: Value| json!({"ports": [{"name": "http", "port": 8080}], "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": flag}}, {"addresses": ["fd00::1"], "conditions": {"ready": false}}]});
        let service = json!({"spec": {"type": "ClusterIP"}});
        let state = |slices: Vec<Value>| endpoints_fact(&Ok(slices), &service).map(|fact| (fact.said.show(0), fact.state)).unwrap();
        assert_eq!(state(vec![]), ("0 of 0 ready".into(), RowState::Bad));
        assert_eq!(state(vec![slice(json!(true))]), ("1 of 2 ready".into(), RowState::Warn));
        // Nothing said means ready.
        assert_eq!(ready(&[slice(Value::Null)], Some("http")), ["10.0.0.1:8080"]);
        assert_eq!(ready(&[slice(Value::Null)], Some("other")), Vec::<String>::new());
        assert_eq!(endpoints_fact(&Ok(vec![]), &json!({"spec": {"type": "ExternalName"}})), None);
    }

    #[test]
    fn a_backend_whose_port_is_not_there_is_told() {
        let service = json!({"spec": {"ports": [{"name": "http", "port": 80}]}});
        let (said, state) = reached("web", "81", &service, Some(&[]));
        assert_eq!((said.show(0).as_str(), state), ("web:81: the Service has no such port, it has 80", RowState::Bad));
        assert_eq!(reached("web", "http", &service, Some(&[])).1, RowState::Warn);
    }
}
