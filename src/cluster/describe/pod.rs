//! Pods: how their containers do and how they ended last, whether others of their kind fail too, what their node says; then containers, volumes and
//! scheduling in full. The parts that a template has as well are told for it too.

use std::collections::BTreeSet;

use serde_json::Value;

use super::amount::Amount;
use super::read::{Facts, at, conditions, count, is, joined, list, map_section, moment, owner, paired, pairs, text, troubles, whole, words};
use super::{Around, Description, Fact, Said, Section, controlled, unread};
use crate::cluster::rows::RowState;
use crate::text::age::human;

/// Labels that tell the pods of one rollout from those of another.
const ROLLOUT: [&str; 3] = ["pod-template-hash", "controller-revision-hash", "batch.kubernetes.io/job-name"];

pub(super) async fn describe(around: &Around<'_>, pod: &Value) -> Description {
    let mut facts = Facts(containers(pod));
    facts.0.extend(troubles(pod));
    facts.0.extend(like(around, pod).await);
    facts.0.extend(what_it_is(pod));
    let node = node(around, pod).await;
    let places =
        [("/spec/initContainers", "init container"), ("/spec/containers", "container"), ("/spec/ephemeralContainers", "ephemeral container")];
    let each = places.iter().flat_map(|(pointer, title)| list(pod, pointer).map(move |one| container(title, one, pod)));
    let rest = [conditions(pod), gates(pod), volumes(&pod["spec"]), scheduling(&pod["spec"], Some(pod)), node];
    let sections = each.chain(rest.into_iter().flatten()).chain(words(pod)).collect();
    Description { facts: facts.0, sections, about: Vec::new() }
}

/// How each container does, and how it ended last.
pub(super) fn containers(pod: &Value) -> Vec<Fact> {
    let places = ["/status/initContainerStatuses", "/status/containerStatuses", "/status/ephemeralContainerStatuses"];
    let told: Vec<Fact> = places.iter().flat_map(|pointer| list(pod, pointer)).map(how).collect();
    if !told.is_empty() {
        return told;
    }
    // Nobody has begun with it yet.
    list(pod, "/spec/containers").map(|one| Fact::new(at(one, "/name"), format!("not started  {}", at(one, "/image")), RowState::Progress)).collect()
}

fn how(status: &Value) -> Fact {
    let (said, state) = now(status);
    let mut said = said;
    let restarts = count(status, "/restartCount");
    if restarts > 0 {
        said = said.and(format!("  {restarts} restarts"));
    }
    if let Some(last) = status.pointer("/lastState/terminated") {
        said = ended(said.and("  last exit "), last);
    }
    Fact::new(at(status, "/name"), said.and(format!("  {}", at(status, "/image"))), state)
}

/// What a container does now.
fn now(status: &Value) -> (Said, RowState) {
    if let Some(waiting) = status.pointer("/state/waiting") {
        let (reason, message) = (at(waiting, "/reason"), at(waiting, "/message"));
        let calm = matches!(reason.as_str(), "ContainerCreating" | "PodInitializing" | "");
        let message = if message.is_empty() { String::new() } else { format!(": {message}") };
        let what = if reason.is_empty() { "waiting".to_owned() } else { reason };
        return (Said::from(format!("{what}{message}")), if calm { RowState::Progress } else { RowState::Bad });
    }
    if let Some(done) = status.pointer("/state/terminated") {
        let state = if count(done, "/exitCode") == 0 { RowState::Done } else { RowState::Bad };
        return (ended(Said::from("ended with "), done), state);
    }
    if let Some(running) = status.pointer("/state/running") {
        let ready = is(status, "/ready");
        let said = Said::from(if ready { "running" } else { "running, not ready" });
        let said = moment(running, "/startedAt").map_or(said.clone(), |started| said.and(" for ").since(started));
        return (said, if ready { RowState::Fine } else { RowState::Warn });
    }
    (Said::from("waiting"), RowState::Progress)
}

/// `137 OOMKilled 40s ago, lived 3m12s: its last words`.
fn ended(said: Said, end: &Value) -> Said {
    let (from, to) = (moment(end, "/startedAt"), moment(end, "/finishedAt"));
    let signal = whole(end, "/signal").filter(|signal| *signal > 0).map_or_else(String::new, |signal| format!(" signal {signal}"));
    let mut said = said.and(format!("{} {}{signal}", at(end, "/exitCode"), at(end, "/reason")).trim().to_owned());
    if let Some(to) = to {
        said = said.and(" ").ago(to);
    }
    if let Some((from, to)) = from.zip(to) {
        said = said.and(format!(", lived {}", human(to - from)));
    }
    let message = at(end, "/message");
    said.and(if message.is_empty() { String::new() } else { format!(": {}", message.trim_end_matches(['␊', ' '])) })
}

/// Whether the others of its rollout fail too, and where.
async fn like(around: &Around<'_>, pod: &Value) -> Option<Fact> {
    let (label, value) = ROLLOUT.iter().find_map(|label| Some((label, pod.pointer("/metadata/labels")?.get(label)?.as_str()?)))?;
    let pods = around.pods(&format!("{label}={value}")).await.ok()?;
    let holder = list(pod, "/metadata/ownerReferences").find(|one| is(one, "/controller"))?;
    let set = match at(holder, "/kind").as_str() {
        "ReplicaSet" => around.get(around.key.namespace.as_deref(), "replicasets.apps", &at(holder, "/name")).await.ok(),
        _ => None,
    };
    let rollout = set.map(|set| at(&set, "/metadata/annotations/deployment.kubernetes.io~1revision")).filter(|number| !number.is_empty());
    let holder = serde_json::json!({"metadata": {"uid": at(holder, "/uid")}});
    let group: Vec<&Value> = controlled(&pods, &holder).collect();
    compared(&group, rollout.as_deref())
}

/// `2 of 2 pods of rollout 8 fail, on node-01 and node-02`.
fn compared(group: &[&Value], rollout: Option<&str>) -> Option<Fact> {
    let all = group.len();
    let fails = |pod: &&&Value| at(pod, "/status/phase") == "Failed" || containers(pod).iter().any(|one| one.state == RowState::Bad);
    let failing: Vec<&&Value> = group.iter().filter(fails).collect();
    if all < 2 {
        return None;
    }
    let which = rollout.map_or_else(|| "alike".to_owned(), |number| format!("of rollout {number}"));
    if failing.is_empty() {
        return Some(Fact::new("like", format!("none of {all} pods {which} fails"), RowState::Fine));
    }
    let nodes: BTreeSet<String> = failing.iter().map(|pod| at(pod, "/spec/nodeName")).filter(|node| !node.is_empty()).collect();
    let others = group.iter().map(|pod| at(pod, "/spec/nodeName")).any(|node| !node.is_empty() && !nodes.contains(&node));
    let place = match nodes.len() {
        0 => String::new(),
        1 if others => format!(", all on {}", joined(nodes.into_iter())),
        1..=3 => format!(", on {}", joined(nodes.into_iter())),
        many => format!(", on {many} nodes"),
    };
    let verb = if failing.len() == 1 { "fails" } else { "fail" };
    Some(Fact::new("like", format!("{} of {all} pods {which} {verb}{place}", failing.len()), RowState::Fine))
}

fn what_it_is(pod: &Value) -> Vec<Fact> {
    let mut facts = Facts::default();
    match moment(pod, "/metadata/deletionTimestamp") {
        Some(since) => {
            let grace = whole(pod, "/metadata/deletionGracePeriodSeconds").map_or_else(String::new, |seconds| format!(", grace period {seconds}s"));
            facts.put("status", Said::from("Terminating since ").ago(since).and(grace), RowState::Progress);
        }
        None => facts.add("status", at(pod, "/status/phase")),
    }
    let bad = if at(pod, "/status/phase") == "Failed" { RowState::Bad } else { RowState::Fine };
    facts.put("reason", at(pod, "/status/reason"), bad);
    facts.put("message", at(pod, "/status/message"), bad);
    let node = [at(pod, "/spec/nodeName"), at(pod, "/status/hostIP")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    facts.add("node", if node.is_empty() { "none yet".to_owned() } else { node });
    let mut addresses: Vec<String> = list(pod, "/status/podIPs").map(|one| at(one, "/ip")).collect();
    if addresses.is_empty() {
        addresses.push(at(pod, "/status/podIP"));
    }
    facts.add("ip", joined(addresses.into_iter()));
    facts.add("controlled by", owner(pod));
    facts.take(
        pod,
        &[
            ("start time", "/status/startTime"),
            ("created", "/metadata/creationTimestamp"),
            ("service account", "/spec/serviceAccountName"),
            ("seccomp profile", "/spec/securityContext/seccompProfile/type"),
            ("localhost profile", "/spec/securityContext/seccompProfile/localhostProfile"),
        ],
    );
    resources(&mut facts, &pod["spec"]["resources"]);
    facts.0
}

fn resources(facts: &mut Facts, resources: &Value) {
    facts.add("limits", paired(resources, "/limits", " "));
    facts.add("requests", paired(resources, "/requests", " "));
}

/// One container as it is written and as it does; a template's has no status.
pub(super) fn container(title: &str, one: &Value, pod: &Value) -> Section {
    let name = at(one, "/name");
    let places = ["/status/initContainerStatuses", "/status/containerStatuses", "/status/ephemeralContainerStatuses"];
    let status = places.iter().flat_map(|pointer| list(pod, pointer)).find(|status| at(status, "/name") == name);
    let mut facts = Facts::default();
    facts.take(one, &[("image", "/image")]);
    if let Some(status) = status {
        facts.take(status, &[("image id", "/imageID"), ("container id", "/containerID")]);
        let (said, state) = now(status);
        facts.put("state", worded(&status["state"], said), state);
        if let Some(last) = status.pointer("/lastState/terminated") {
            facts.put("last state", worded(&status["lastState"], ended(Said::from("exit "), last)), RowState::Warn);
        }
        facts.add("ready", if is(status, "/ready") { "True" } else { "False" });
        facts.add("restart count", count(status, "/restartCount").to_string());
    }
    facts.add("ports", joined(list(one, "/ports").map(|port| port_of(port, "/containerPort"))));
    let host = list(one, "/ports").filter(|port| count(port, "/hostPort") > 0).map(|port| port_of(port, "/hostPort"));
    facts.add("host ports", joined(host));
    facts.take(
        one,
        &[("seccomp profile", "/securityContext/seccompProfile/type"), ("localhost profile", "/securityContext/seccompProfile/localhostProfile")],
    );
    facts.add("command", list(one, "/command").map(text).collect::<Vec<_>>().join(" "));
    facts.add("args", list(one, "/args").map(text).collect::<Vec<_>>().join(" "));
    resources(&mut facts, &one["resources"]);
    for (label, part) in [("liveness", "livenessProbe"), ("readiness", "readinessProbe"), ("startup", "startupProbe")] {
        facts.add(label, probe(&one[part]));
    }
    for from in list(one, "/envFrom") {
        let prefix = at(from, "/prefix");
        let prefix = if prefix.is_empty() { String::new() } else { format!(" with prefix '{prefix}'") };
        let source = [("ConfigMap", "configMapRef"), ("Secret", "secretRef")].into_iter().find(|(_, part)| from.get(part).is_some());
        if let Some((kind, part)) = source {
            facts.add("environment from", format!("{kind} {}{prefix}{}", at(&from[part], "/name"), optional(&from[part])));
        }
    }
    for variable in list(one, "/env") {
        facts.add(format!("${}", at(variable, "/name")), value_of(variable, one, pod));
    }
    for mount in list(one, "/volumeMounts") {
        let sub = at(mount, "/subPath");
        let sub = if sub.is_empty() { String::new() } else { format!(", path={sub:?}") };
        let mode = if is(mount, "/readOnly") { "ro" } else { "rw" };
        facts.add(format!("mount {}", at(mount, "/mountPath")), format!("from {} ({mode}{sub})", at(mount, "/name")));
    }
    for device in list(one, "/volumeDevices") {
        facts.add(format!("device {}", at(device, "/devicePath")), format!("from {}", at(device, "/name")));
    }
    Section { title: format!("{title} {name}"), heads: Vec::new(), facts: facts.0 }
}

/// A state by its name, and since when where only its end was told.
fn worded(state: &Value, said: Said) -> Said {
    let word = [("waiting", "Waiting: "), ("terminated", "Terminated: ")].into_iter().find(|(part, _)| state.get(part).is_some());
    let mut all = Said::from(word.map_or("", |(_, word)| word));
    all.0.extend(said.0);
    match moment(state, "/terminated/startedAt") {
        Some(from) => all.and(", started ").ago(from),
        None => all,
    }
}

fn port_of(port: &Value, number: &str) -> String {
    let name = at(port, "/name");
    let name = if name.is_empty() { name } else { format!(" ({name})") };
    format!("{}/{}{name}", at(port, number), at(port, "/protocol"))
}

fn optional(source: &Value) -> &'static str {
    if is(source, "/optional") { ", optional" } else { "" }
}

/// The value of an environment variable, or where it comes from. A reference into the pod is resolved.
fn value_of(variable: &Value, container: &Value, pod: &Value) -> String {
    let Some(from) = variable.get("valueFrom") else {
        let value = at(variable, "/value");
        return if value.is_empty() { "\"\"".into() } else { value };
    };
    if let Some(field) = from.get("fieldRef") {
        let path = at(field, "/fieldPath");
        return format!("{} ({}:{path})", field_of(pod, &path), at(field, "/apiVersion")).trim_start().to_owned();
    }
    if let Some(field) = from.get("resourceFieldRef") {
        let resource = at(field, "/resource");
        let found = at(container, &format!("/resources/{}", resource.replace('.', "/")));
        let divisor = Amount::parse(&at(field, "/divisor")).unwrap_or_default();
        let found = match Amount::parse(&found) {
            Some(amount) => amount.over(divisor).to_string(),
            None => "node allocatable".to_owned(),
        };
        return format!("{found} ({resource})");
    }
    for (part, kind) in [("secretKeyRef", "secret"), ("configMapKeyRef", "config map")] {
        if let Some(key) = from.get(part) {
            return format!("key '{}' of {kind} '{}'{}", at(key, "/key"), at(key, "/name"), optional(key));
        }
    }
    String::new()
}

/// `metadata.labels['app']` of a pod.
fn field_of(pod: &Value, path: &str) -> String {
    match path.split_once("['").and_then(|(map, key)| Some((map, key.strip_suffix("']")?))) {
        Some((map, key)) => pod.pointer(&format!("/{}", map.replace('.', "/"))).and_then(|map| map.get(key)).map(text).unwrap_or_default(),
        None => at(pod, &format!("/{}", path.replace('.', "/"))),
    }
}

/// A probe in one line, in kubectl's words.
fn probe(probe: &Value) -> String {
    if probe.is_null() {
        return String::new();
    }
    let or = |pointer: &str, usual: i64| whole(probe, pointer).unwrap_or(usual);
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        or("/initialDelaySeconds", 0),
        or("/timeoutSeconds", 1),
        or("/periodSeconds", 10),
        or("/successThreshold", 1),
        or("/failureThreshold", 3)
    );
    let what = if let Some(exec) = probe.get("exec") {
        format!("exec [{}]", list(exec, "/command").map(text).collect::<Vec<_>>().join(" "))
    } else if let Some(get) = probe.get("httpGet") {
        let scheme = at(get, "/scheme").to_lowercase();
        format!("http-get {}://{}:{}{}", if scheme.is_empty() { "http" } else { &scheme }, at(get, "/host"), at(get, "/port"), at(get, "/path"))
    } else if let Some(tcp) = probe.get("tcpSocket") {
        format!("tcp-socket {}:{}", at(tcp, "/host"), at(tcp, "/port"))
    } else if let Some(grpc) = probe.get("grpc") {
        format!("grpc <pod>:{} {}", at(grpc, "/port"), at(grpc, "/service")).trim_end().to_owned()
    } else {
        "unknown".into()
    };
    format!("{what} {attributes}")
}

fn gates(pod: &Value) -> Option<Section> {
    let mut facts = Facts::default();
    for gate in list(pod, "/spec/readinessGates") {
        let kind = at(gate, "/conditionType");
        let status = list(pod, "/status/conditions").find(|one| at(one, "/type") == kind).map(|one| at(one, "/status"));
        let state = if status.as_deref() == Some("True") { RowState::Fine } else { RowState::Warn };
        facts.put(kind, status.unwrap_or_else(|| "not reported".into()), state);
    }
    facts.titled("readiness gates")
}

/// The volumes of a pod or of a template, each with its source.
pub(super) fn volumes(spec: &Value) -> Option<Section> {
    let mut facts = Facts::default();
    for volume in list(spec, "/volumes") {
        let source = volume.as_object().into_iter().flatten().find(|(name, _)| *name != "name");
        if let Some((kind, source)) = source {
            facts.add(at(volume, "/name"), source_of(kind, source));
        }
    }
    facts.titled("volumes")
}

/// `Secret web-tls, optional`.
fn source_of(kind: &str, source: &Value) -> String {
    let name = |pointer: &str| at(source, pointer);
    let flags = optional(source);
    match kind {
        "secret" => format!("Secret {}{flags}", name("/secretName")),
        "configMap" => format!("ConfigMap {}{flags}", name("/name")),
        "persistentVolumeClaim" => {
            format!("PersistentVolumeClaim {}{}", name("/claimName"), if is(source, "/readOnly") { ", read-only" } else { "" })
        }
        "projected" => format!("Projected {}", joined(list(source, "/sources").map(projected))),
        "downwardAPI" => format!("DownwardAPI {}", joined(list(source, "/items").map(item))),
        "emptyDir" => format!("EmptyDir {}", details(source)).trim_end().to_owned(),
        "hostPath" => format!("HostPath {}", details(source)),
        "ephemeral" => format!("EphemeralVolume {}", details(&source["volumeClaimTemplate"]["spec"])),
        other => {
            let mut letters = crate::text::sanitise(other).into_owned();
            if let Some(first) = letters.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            format!("{letters} {}", details(source))
        }
    }
}

/// The scalars of a source, `path /data, type Directory`.
fn details(source: &Value) -> String {
    let Some(section) = super::general::scalars("", source) else { return String::new() };
    joined(section.facts.iter().map(|fact| format!("{} {}", fact.label, fact.said.show(0))))
}

fn projected(source: &Value) -> String {
    let known = [("secret", "Secret"), ("configMap", "ConfigMap"), ("serviceAccountToken", "token"), ("downwardAPI", "DownwardAPI")];
    let Some((part, title)) = known.into_iter().find(|(part, _)| source.get(part).is_some()) else { return details(source) };
    match part {
        "serviceAccountToken" => format!("{title} for {}s", at(source, "/serviceAccountToken/expirationSeconds")),
        "downwardAPI" => title.to_owned(),
        _ => format!("{title} {}{}", at(&source[part], "/name"), optional(&source[part])),
    }
}

fn item(item: &Value) -> String {
    let from = [at(item, "/fieldRef/fieldPath"), at(item, "/resourceFieldRef/resource")].concat();
    format!("{from} → {}", at(item, "/path"))
}

/// Where a pod may run; `pod` where it is one and not a template.
pub(super) fn scheduling(spec: &Value, pod: Option<&Value>) -> Option<Section> {
    let mut facts = Facts::default();
    if let Some(pod) = pod {
        facts.take(pod, &[("qos class", "/status/qosClass"), ("nominated node", "/status/nominatedNodeName")]);
    }
    facts.take(
        spec,
        &[
            ("priority", "/priority"),
            ("priority class", "/priorityClassName"),
            ("runtime class", "/runtimeClassName"),
            ("scheduler", "/schedulerName"),
            ("scheduling group", "/schedulingGroup/podGroupName"),
        ],
    );
    facts.add("node selectors", paired(spec, "/nodeSelector", "="));
    for toleration in list(spec, "/tolerations") {
        facts.add("toleration", tolerated(toleration));
    }
    for spread in list(spec, "/topologySpreadConstraints") {
        let key = at(spread, "/topologyKey");
        let selector = spread.get("labelSelector").map(super::read::selector).filter(|selector| !selector.is_empty());
        let selector = selector.map_or_else(String::new, |selector| format!(" for selector {selector}"));
        facts.add("spread", format!("{key}: {} when max skew {} is exceeded{selector}", at(spread, "/whenUnsatisfiable"), at(spread, "/maxSkew")));
    }
    facts.titled("scheduling")
}

/// `node.kubernetes.io/not-ready:NoExecute for 300s`.
fn tolerated(toleration: &Value) -> String {
    let (key, value, effect) = (at(toleration, "/key"), at(toleration, "/value"), at(toleration, "/effect"));
    let value = if value.is_empty() { value } else { format!("={value}") };
    let effect = if effect.is_empty() { effect } else { format!(":{effect}") };
    let exists = if at(toleration, "/operator") == "Exists" && value.is_empty() { " op=Exists" } else { "" };
    let seconds = whole(toleration, "/tolerationSeconds").map_or_else(String::new, |seconds| format!(" for {seconds}s"));
    format!("{key}{value}{effect}{exists}{seconds}").trim_start().to_owned()
}

/// What a template asks of its pods.
pub(super) fn template(template: &Value) -> Vec<Section> {
    let spec = &template["spec"];
    let mut facts = Facts::default();
    facts.add("labels", joined(pairs(template, "/metadata/labels").into_iter().map(|(key, value)| format!("{key}={value}"))));
    facts.take(spec, &[("service account", "/serviceAccountName"), ("restart policy", "/restartPolicy")]);
    let places = [("/initContainers", "init container"), ("/containers", "container")];
    let each = places.iter().flat_map(|(pointer, title)| list(spec, pointer).map(move |one| container(title, one, template)));
    let annotations = map_section("template annotations", template, "/metadata/annotations");
    let rest = [volumes(spec), scheduling(spec, None), annotations];
    facts.titled("template").into_iter().chain(each).chain(rest.into_iter().flatten()).collect()
}

/// What the pod's node says of itself.
async fn node(around: &Around<'_>, pod: &Value) -> Option<Section> {
    let name = Some(at(pod, "/spec/nodeName")).filter(|name| !name.is_empty())?;
    let node = match around.get(None, "nodes", &name).await {
        Ok(node) => node,
        Err(problem) => return Facts(unread("node", &problem).into_iter().collect()).titled(format!("node {name}")),
    };
    let mut facts = Facts(troubles(&node));
    if facts.0.is_empty() {
        facts.add("conditions", "all well");
    }
    if is(&node, "/spec/unschedulable") {
        facts.put("scheduling", "disabled", RowState::Warn);
    }
    let taints: Vec<String> = list(&node, "/spec/taints").map(super::node::taint).collect();
    facts.add("taints", joined(taints.into_iter()));
    facts.take(
        &node,
        &[
            ("zone", "/metadata/labels/topology.kubernetes.io~1zone"),
            ("instance", "/metadata/labels/node.kubernetes.io~1instance-type"),
            ("kubelet", "/status/nodeInfo/kubeletVersion"),
            ("runtime", "/status/nodeInfo/containerRuntimeVersion"),
            ("os", "/status/nodeInfo/osImage"),
            ("addresses", "/spec/podCIDRs"),
        ],
    );
    facts.add("allocatable", joined(["cpu", "memory", "pods"].iter().filter_map(|name| allocatable(&node, name))));
    facts.titled(format!("node {name}"))
}

fn allocatable(node: &Value, resource: &str) -> Option<String> {
    Some(at(node, &format!("/status/allocatable/{resource}"))).filter(|amount| !amount.is_empty()).map(|amount| format!("{resource} {amount}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn crashed(node: &str) -> Value {
        json!({"spec": {"nodeName": node}, "status": {"phase": "Running", "containerStatuses": [{"name": "app", "ready": false, "restartCount": 3, "image": "app:2",
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-05-12T14:00:08Z", "finishedAt": "2026-05-12T14:03:20Z"}}}]}})
    }

    #[test]
    fn how_a_container_ended_is_told_with_how_long_it_lived() {
        // 2026-05-12T14:04:00Z
        let facts = containers(&crashed("node-1"));
        assert_eq!(facts[0].state, RowState::Bad);
        assert_eq!(facts[0].said.show(1_778_594_640), "CrashLoopBackOff  3 restarts  last exit 137 OOMKilled 40s ago, lived 3m12s  app:2");
    }

    #[test]
    fn pods_alike_are_compared() {
        let well = json!({"spec": {"nodeName": "node-2"}, "status": {"phase": "Running", "containerStatuses": [
            {"name": "app", "ready": true, "state": {"running": {"startedAt": "2026-05-12T14:00:08Z"}}}]}});
        let (one, two) = (crashed("node-1"), crashed("node-1"));
        let told = |group: &[&Value]| compared(group, Some("8")).map(|fact| fact.said.show(0));
        assert_eq!(told(&[&one, &two]).as_deref(), Some("2 of 2 pods of rollout 8 fail, on node-1"));
        assert_eq!(told(&[&one, &two, &well]).as_deref(), Some("2 of 3 pods of rollout 8 fail, all on node-1"));
        assert_eq!(told(&[&well, &well]).as_deref(), Some("none of 2 pods of rollout 8 fails"));
        assert_eq!(told(&[&one]), None);
    }

    #[test]
    fn variables_say_their_value_or_where_it_comes_from() {
        let pod = json!({"metadata": {"name": "web-0", "labels": {"app.kubernetes.io/name": "web"}}});
        let container = json!({"resources": {"limits": {"memory": "256Mi"}}});
        let told = |variable: Value| value_of(&variable, &container, &pod);
        assert_eq!(told(json!({"name": "A", "value": "1"})), "1");
        assert_eq!(told(json!({"valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}})), "web-0 (v1:metadata.name)");
        assert_eq!(
            told(json!({"valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['app.kubernetes.io/name']"}}})),
            "web (v1:metadata.labels['app.kubernetes.io/name'])"
        );
        assert_eq!(told(json!({"valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}})), "268435456 (limits.memory)");
        assert_eq!(told(json!({"valueFrom": {"secretKeyRef": {"key": "k", "name": "s", "optional": true}}})), "key 'k' of secret 's', optional");
    }
}
