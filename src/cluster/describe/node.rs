//! Nodes: how they do, what they have, and what the pods on them have asked for.

use serde_json::Value;

use super::amount::Amount;
use super::read::{Facts, at, conditions, is, joined, list, moment, pairs, troubles, words};
use super::{Around, Description, Fact, Said, Section, unread};
use crate::cluster::rows::RowState;
use crate::cluster::wire::encode;

/// Pods that stand one by one.
const PODS: usize = 250;

pub(super) async fn describe(around: &Around<'_>, node: &Value) -> Description {
    let name = &around.key.name;
    let mut facts = Facts(troubles(node));
    if facts.0.is_empty() {
        facts.add("status", "Ready");
    }
    let schedulable = if is(node, "/spec/unschedulable") { RowState::Warn } else { RowState::Fine };
    facts.put("unschedulable", is(node, "/spec/unschedulable").to_string(), schedulable);
    for one in list(node, "/spec/taints") {
        facts.add("taint", taint(one));
    }
    let query = format!("fieldSelector={}", encode(&format!("spec.nodeName={name},status.phase!=Succeeded,status.phase!=Failed")));
    let pods = around.list_in(None, "pods", &query).await;
    let running = match &pods {
        Ok(pods) => {
            facts.add("pods", format!("{} not ended", pods.len()));
            vec![allocated(pods, node), pods_table(pods, node)]
        }
        Err(problem) => {
            facts.0.extend(unread("pods", problem));
            Vec::new()
        }
    };
    facts.add("roles", roles(node));
    for address in list(node, "/status/addresses") {
        facts.add(at(address, "/type"), at(address, "/address"));
    }
    facts.take(
        node,
        &[
            ("zone", "/metadata/labels/topology.kubernetes.io~1zone"),
            ("pod cidrs", "/spec/podCIDRs"),
            ("provider id", "/spec/providerID"),
            ("created", "/metadata/creationTimestamp"),
        ],
    );
    let lease = around.get(Some("kube-node-lease"), "leases.coordination.k8s.io", name).await;
    let lease = lease.map_or_else(|problem| Facts(unread("lease", &problem).into_iter().collect()).titled("lease"), |lease| lease_section(&lease));
    let sections = [conditions_with_heartbeats(node), lease, resources(node), system(node)];
    let sections = running.into_iter().chain(sections).flatten().chain(words(node)).collect();
    Description { facts: facts.0, sections, about: Vec::new() }
}

/// `dedicated=batch:NoSchedule`.
pub(super) fn taint(taint: &Value) -> String {
    let value = at(taint, "/value");
    let value = if value.is_empty() { value } else { format!("={value}") };
    format!("{}{value}:{}", at(taint, "/key"), at(taint, "/effect"))
}

/// The roles a node's labels tell, in both spellings kubectl knows.
fn roles(node: &Value) -> String {
    let role = |(key, value): (String, String)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) if !role.is_empty() => Some(role.to_owned()),
        _ if key == "kubernetes.io/role" => Some(value),
        _ => None,
    };
    let roles = joined(pairs(node, "/metadata/labels").into_iter().filter_map(role));
    if roles.is_empty() { "none".into() } else { roles }
}

/// The conditions, with the last time the kubelet reported each.
fn conditions_with_heartbeats(node: &Value) -> Option<Section> {
    let mut section = conditions(node)?;
    for (fact, condition) in section.facts.iter_mut().zip(list(node, "/status/conditions")) {
        if let Some(beat) = moment(condition, "/lastHeartbeatTime") {
            fact.said = std::mem::take(&mut fact.said).and(", reported ").ago(beat);
        }
    }
    Some(section)
}

fn lease_section(lease: &Value) -> Option<Section> {
    let mut facts = Facts::default();
    facts.take(lease, &[("holder", "/spec/holderIdentity"), ("acquired", "/spec/acquireTime"), ("renewed", "/spec/renewTime")]);
    facts.titled("lease")
}

/// What it has and what of it pods may have.
fn resources(node: &Value) -> Option<Section> {
    let row = |(name, capacity): (String, String)| {
        let free = node.pointer("/status/allocatable").and_then(|all| all.get(&name)).map(super::read::text).unwrap_or_default();
        Fact { more: vec![capacity.into(), free.into()], ..Fact::new(name, "", RowState::Fine) }
    };
    let facts: Vec<Fact> = pairs(node, "/status/capacity").into_iter().map(row).collect();
    let heads = ["RESOURCE", "CAPACITY", "ALLOCATABLE"].map(str::to_owned).to_vec();
    (!facts.is_empty()).then(|| Section { title: "resources".into(), heads, facts })
}

fn system(node: &Value) -> Option<Section> {
    let mut facts = Facts::default();
    facts.take(
        node,
        &[
            ("kubelet version", "/status/nodeInfo/kubeletVersion"),
            ("container runtime version", "/status/nodeInfo/containerRuntimeVersion"),
            ("os image", "/status/nodeInfo/osImage"),
            ("kernel version", "/status/nodeInfo/kernelVersion"),
            ("operating system", "/status/nodeInfo/operatingSystem"),
            ("architecture", "/status/nodeInfo/architecture"),
            ("machine id", "/status/nodeInfo/machineID"),
            ("system uuid", "/status/nodeInfo/systemUUID"),
            ("boot id", "/status/nodeInfo/bootID"),
        ],
    );
    facts.titled("system")
}

/// What a pod asks for or may use at most: its containers together, or an init container that alone needs more
/// (k8s.io/component-helpers, `resource.PodRequests`); sidecars run beside both. What is said for the pod as a whole wins.
fn asked(pod: &Value, part: &str, resource: &str) -> Amount {
    let of = |one: &Value| one.pointer(&format!("/resources/{part}")).and_then(|all| all.get(resource)?.as_str()).and_then(Amount::parse);
    if let Some(whole) = of(&pod["spec"]) {
        return whole;
    }
    let mut sidecars = Amount::default();
    let mut peak = Amount::default();
    for one in list(pod, "/spec/initContainers") {
        let own = of(one).unwrap_or_default();
        if at(one, "/restartPolicy") == "Always" {
            sidecars = sidecars.plus(own);
            peak = peak.max(sidecars);
        } else {
            peak = peak.max(sidecars.plus(own));
        }
    }
    let together = list(pod, "/spec/containers").filter_map(of).fold(Amount::default(), Amount::plus).plus(sidecars);
    let most = together.max(peak);
    let overhead = pod.pointer("/spec/overhead").and_then(|all| all.get(resource)?.as_str()).and_then(Amount::parse);
    match overhead {
        // A limit nobody set stays unset.
        Some(overhead) if part == "requests" || most != Amount::default() => most.plus(overhead),
        _ => most,
    }
}

/// `100m (5 %)`.
fn share(amount: Amount, node: &Value, resource: &str) -> Said {
    let whole = ["allocatable", "capacity"].iter().find_map(|part| {
        let amount = node.pointer(&format!("/status/{part}"))?.get(resource)?.as_str()?;
        Amount::parse(amount)
    });
    let percent = whole.and_then(|whole| amount.percent_of(whole)).map_or_else(String::new, |percent| format!(" ({percent}%)"));
    format!("{}{percent}", amount.show()).into()
}

/// What all pods together asked for.
fn allocated(pods: &[Value], node: &Value) -> Option<Section> {
    let usual = ["cpu", "memory", "ephemeral-storage"].map(str::to_owned);
    let others = pairs(node, "/status/allocatable").into_iter().map(|(name, _)| name);
    let others = others.filter(|name| !usual.contains(name) && name != "pods" && name != "storage").collect::<Vec<_>>();
    let row = |resource: &String| {
        let sum = |part: &str| pods.iter().map(|pod| asked(pod, part, resource)).fold(Amount::default(), Amount::plus);
        let more = ["requests", "limits"].map(|part| share(sum(part), node, resource)).to_vec();
        let over = share_of(sum("requests"), node, resource).is_some_and(|percent| percent > 100);
        Fact { more, ..Fact::new(resource.clone(), "", if over { RowState::Warn } else { RowState::Fine }) }
    };
    let facts = usual.iter().chain(&others).map(row).collect();
    let heads = ["RESOURCE", "REQUESTS", "LIMITS"].map(str::to_owned).to_vec();
    Some(Section { title: "allocated".into(), heads, facts })
}

fn share_of(amount: Amount, node: &Value, resource: &str) -> Option<i128> {
    amount.percent_of(Amount::parse(node.pointer("/status/allocatable")?.get(resource)?.as_str()?)?)
}

fn pods_table(pods: &[Value], node: &Value) -> Option<Section> {
    let row = |pod: &Value| {
        let of = |part: &str, resource: &str| share(asked(pod, part, resource), node, resource);
        let age = moment(pod, "/metadata/creationTimestamp").map_or_else(Said::default, |since| Said::default().since(since));
        let more = vec![of("requests", "cpu"), of("limits", "cpu"), of("requests", "memory"), of("limits", "memory"), age];
        Fact { more, ..Fact::new(format!("{}/{}", at(pod, "/metadata/namespace"), at(pod, "/metadata/name")), "", RowState::Fine) }
    };
    let facts: Vec<Fact> = pods.iter().take(PODS).map(row).collect();
    let heads = ["POD", "CPU REQ", "CPU LIM", "MEM REQ", "MEM LIM", "AGE"].map(str::to_owned).to_vec();
    (!facts.is_empty()).then(|| Section { title: "pods".into(), heads, facts })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_asks_for_its_containers_together_or_for_its_largest_start() {
        let cpu = |amount: &str| json!({"resources": {"requests": {"cpu": amount}}});
        let pod = |init: Value, containers: Value| json!({"spec": {"initContainers": init, "containers": containers}});
        let asked = |pod: &Value| asked(pod, "requests", "cpu").show();
        assert_eq!(asked(&pod(json!([]), json!([cpu("100m"), cpu("250m")]))), "350m");
        assert_eq!(asked(&pod(json!([cpu("1")]), json!([cpu("100m"), cpu("250m")]))), "1");
        let mut sidecar = cpu("50m");
        sidecar["restartPolicy"] = json!("Always");
        assert_eq!(asked(&pod(json!([sidecar, cpu("1")]), json!([cpu("100m")]))), "1050m");
        let whole = json!({"spec": {"resources": {"requests": {"cpu": "2"}}, "containers": [cpu("100m")]}});
        assert_eq!(asked(&whole), "2");
    }
}
