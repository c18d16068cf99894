//! What stands behind a Service, a workload or a pod at one moment: images, workload and revision, replicas, nodes, versions, mesh. A few reads when
//! somebody asks, nothing is watched. What may not be read is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;

use super::connection::Connected;
use super::describe::read::{at, list};
use super::detail::segment;
use super::fleet::Fleet;
use super::relate::query;
use super::wire::{JSON, encode};
use crate::names::ObjectKey;
use crate::text::sanitise;

/// Facts by name: `image.web`, `workload`, `revision`, `replicas`, `nodes`, `kubelet`, `kubernetes`, `mesh`. Safe to draw and bounded.
pub type Facts = BTreeMap<String, String>;

/// How long all of it may take: whoever waits wants to begin.
const LIMIT: Duration = Duration::from_secs(3);
/// Most pods that are looked at.
const PODS: usize = 200;
/// Most nodes, workloads and images that are told apart.
const MOST: usize = 8;
/// Letters of a value.
const LETTERS: usize = 300;

/// Containers that are a mesh's proxy, and the mesh.
const PROXIES: [(&str, &str); 4] = [("istio-proxy", "istio"), ("linkerd-proxy", "linkerd"), ("kuma-sidecar", "kuma"), ("consul-dataplane", "consul")];

type Set = BTreeSet<String>;

impl Fleet {
    /// What stands behind an object now; nothing where that is not known within three seconds.
    pub async fn behind(&self, key: &ObjectKey) -> Facts {
        let gathered = tokio::time::timeout(LIMIT, self.gather(key)).await.ok().flatten();
        let bounded = |(name, value): (String, String)| (short(&name, 80), short(&value, LETTERS));
        gathered.unwrap_or_default().into_iter().filter(|(_, value)| !value.is_empty()).map(bounded).collect()
    }

    async fn gather(&self, key: &ObjectKey) -> Option<Facts> {
        let connected = self.connected(&key.cluster).await.ok()?;
        let object = self.object(key).await.ok()?;
        let pods = match &*key.gvk.kind {
            "Pod" => vec![object],
            _ => selected(&connected, &object, key.namespace.as_deref()?).await?,
        };
        let pods: Vec<Value> = pods.into_iter().filter(lives).collect();
        let version = self.status().borrow().iter().find(|one| one.id == key.cluster).and_then(|one| one.version.clone());
        let (workloads, kubelets) = tokio::join!(workloads(&connected, &pods), kubelets(&connected, &pods));
        let mut facts = images(&pods);
        facts.insert("replicas".into(), replicas(&pods));
        facts.insert("nodes".into(), told(&nodes(&pods)));
        facts.insert("kubelet".into(), told(&kubelets));
        facts.insert("kubernetes".into(), version.unwrap_or_default());
        facts.insert("mesh".into(), told(&meshes(&pods)));
        facts.insert("workload".into(), told(&workloads.keys().cloned().collect()));
        facts.insert("revision".into(), revisions(&workloads));
        Some(facts)
    }
}

/// The pods that an object's selector finds; none where it has none or they may not be read.
async fn selected(connected: &Connected, object: &Value, namespace: &str) -> Option<Vec<Value>> {
    let selector = query(object.pointer("/spec/selector")?);
    if selector.is_empty() {
        return None;
    }
    let path = format!("/api/v1/namespaces/{}/pods?labelSelector={}&limit={PODS}", segment(namespace), encode(&selector));
    let mut pods: Value = connected.wire.json(&path, JSON, LIMIT).await.ok()?;
    match pods["items"].take() {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

/// It neither goes nor has ended.
pub(super) fn lives(pod: &Value) -> bool {
    pod.pointer("/metadata/deletionTimestamp").is_none()
        && !matches!(pod.pointer("/status/phase").and_then(Value::as_str), Some("Succeeded" | "Failed"))
}

/// It may be sent something.
pub(super) fn ready(pod: &Value) -> bool {
    list(pod, "/status/conditions").any(|one| one["type"] == "Ready" && one["status"] == "True")
}

/// `3`, or `2 of 3 ready`.
fn replicas(pods: &[Value]) -> String {
    match (pods.iter().filter(|pod| ready(pod)).count(), pods.len()) {
        (ready, all) if ready == all => all.to_string(),
        (ready, all) => format!("{ready} of {all} ready"),
    }
}

fn nodes(pods: &[Value]) -> Set {
    pods.iter().map(|pod| at(pod, "/spec/nodeName")).filter(|name| !name.is_empty()).collect()
}

/// The versions of the kubelets of those nodes.
async fn kubelets(connected: &Connected, pods: &[Value]) -> Set {
    let read = async |name: String| connected.wire.json::<Value>(&format!("/api/v1/nodes/{}", segment(&name)), JSON, LIMIT).await.ok();
    let found = join_all(nodes(pods).into_iter().take(MOST).map(read)).await;
    found.iter().flatten().map(|node| at(node, "/status/nodeInfo/kubeletVersion")).filter(|version| !version.is_empty()).collect()
}

/// Containers of a pod that run beside each other: sidecars that begin first stand among the others (KEP-753).
pub(super) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let sidecars = list(pod, "/spec/initContainers").filter(|one| one["restartPolicy"] == "Always");
    list(pod, "/spec/containers").chain(sidecars)
}

fn proxy(container: &Value) -> Option<&'static str> {
    PROXIES.into_iter().find(|(name, _)| container["name"] == *name).map(|(_, mesh)| mesh)
}

/// `istio 1.24.1`: each mesh with the tag of its proxy.
fn meshes(pods: &[Value]) -> Set {
    let one = |container: &Value| Some(format!("{} {}", proxy(container)?, tag(&at(container, "/image"))));
    pods.iter().flat_map(containers).filter_map(one).collect()
}

/// The tag of an image, its digest where it has none; a colon before the last slash is that of a port.
fn tag(image: &str) -> &str {
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    name.rsplit('/').next().and_then(|last| last.split_once(':')).map_or(digest, |(_, tag)| tag)
}

/// `image.web`: what each container was made from, with its digest where the node has told it.
fn images(pods: &[Value]) -> Facts {
    let mut all: BTreeMap<String, Set> = BTreeMap::new();
    for pod in pods {
        for container in containers(pod).filter(|one| proxy(one).is_none()) {
            let (name, image) = (at(container, "/name"), at(container, "/image"));
            let image = if image.contains('@') { image } else { image + &digest(pod, &name) };
            if all.contains_key(&name) || all.len() < MOST {
                all.entry(name).or_default().insert(image);
            }
        }
    }
    all.into_iter().map(|(name, images)| (format!("image.{name}"), told(&images))).collect()
}

/// `@sha256:…` of a container that has begun: `imageID` is `registry/name@sha256:…`, in older runtimes with a scheme before it or the digest alone.
fn digest(pod: &Value, container: &str) -> String {
    let states = list(pod, "/status/containerStatuses").chain(list(pod, "/status/initContainerStatuses"));
    let id = states.into_iter().find(|one| one["name"] == container).map(|one| at(one, "/imageID")).unwrap_or_default();
    let digest = id.rsplit_once('@').map_or(id.as_str(), |(_, digest)| digest);
    if digest.starts_with("sha256:") { format!("@{digest}") } else { String::new() }
}

/// Who made the pods, each with its revisions.
async fn workloads(connected: &Connected, pods: &[Value]) -> BTreeMap<String, Set> {
    let mut all: BTreeMap<String, Set> = BTreeMap::new();
    let mut sets = BTreeMap::new();
    for pod in pods {
        let Some((kind, name)) = controller(pod) else { continue };
        if kind == "ReplicaSet" {
            sets.insert((at(pod, "/metadata/namespace"), name), pod);
        } else if all.len() < MOST {
            let revision = at(pod, "/metadata/labels/controller-revision-hash");
            // A stateful set writes its own name before the hash.
            let revision = revision.strip_prefix(&format!("{name}-")).unwrap_or(&revision).to_owned();
            all.entry(workload(&kind, &name)).or_default().insert(revision);
        }
    }
    let read = async |((namespace, name), pod): ((String, String), &Value)| {
        let path = format!("/apis/apps/v1/namespaces/{}/replicasets/{}", segment(&namespace), segment(&name));
        match connected.wire.json::<Value>(&path, JSON, LIMIT).await {
            Ok(set) => (controller(&set).map_or_else(|| workload("ReplicaSet", &name), |(kind, name)| workload(&kind, &name)), numbered(&set)),
            Err(_) => (workload("ReplicaSet", &name), at(pod, "/metadata/labels/pod-template-hash")),
        }
    };
    for (workload, revision) in join_all(sets.into_iter().take(MOST).map(read)).await {
        all.entry(workload).or_default().insert(revision);
    }
    all
}

fn workload(kind: &str, name: &str) -> String {
    format!("{} {name}", kind.to_lowercase())
}

/// Kind and name of what controls an object.
fn controller(object: &Value) -> Option<(String, String)> {
    list(object, "/metadata/ownerReferences").find(|one| one["controller"] == true).map(|one| (at(one, "/kind"), at(one, "/name")))
}

/// The number a replica set got: `deployment.kubernetes.io/revision`, and whoever else makes replica sets names it alike.
fn numbered(set: &Value) -> String {
    let annotations = set.pointer("/metadata/annotations").and_then(Value::as_object);
    let number = annotations.into_iter().flatten().find(|(key, _)| key.ends_with("/revision")).and_then(|(_, value)| value.as_str());
    sanitise(number.unwrap_or_default()).into_owned()
}

/// `7`; of several workloads `blue 7, green 1`.
fn revisions(workloads: &BTreeMap<String, Set>) -> String {
    let known = |set: &Set| set.iter().filter(|one| !one.is_empty()).cloned().collect::<Set>();
    if workloads.len() == 1 {
        return workloads.values().next().map(|set| told(&known(set))).unwrap_or_default();
    }
    let one = |(workload, set): (&String, &Set)| format!("{} {}", workload.split_once(' ').map_or("", |(_, name)| name), told(&known(set)));
    workloads.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The first few, and how many more there are.
fn told(all: &Set) -> String {
    let first = all.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > MOST { format!("{first} and {} more", all.len() - MOST) } else { first }
}

fn short(text: &str, letters: usize) -> String {
    sanitise(text).chars().take(letters).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A pod as a kubelet and Istio's injection leave it (Kubernetes 1.29 and later begin the proxy as a sidecar).
    fn pod(image: &str, digest: &str, node: &str, ready: &str) -> Value {
        json!({"metadata": {"name": "web-1", "namespace": "shop"},
            "spec": {"nodeName": node, "containers": [{"name": "web", "image": image}],
                "initContainers": [{"name": "istio-init", "image": "istio/proxyv2:1.24.1"},
                    {"name": "istio-proxy", "image": "docker.io:443/istio/proxyv2:1.24.1", "restartPolicy": "Always"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [{"name": "web", "imageID": digest}]}})
    }

    #[test]
    fn images_have_their_digests_and_a_proxy_is_the_mesh_and_no_image() {
        let both = [pod("shop/web:1.4", "docker.io/shop/web@sha256:aa", "n1", "True"), pod("shop/web:1.4", "sha256:aa", "n2", "False")];
        assert_eq!(images(&both), Facts::from([("image.web".into(), "shop/web:1.4@sha256:aa".into())]));
        assert_eq!((told(&meshes(&both)).as_str(), replicas(&both).as_str()), ("istio 1.24.1", "1 of 2 ready"));
        assert_eq!(told(&nodes(&both)), "n1, n2");
        let rolling = [pod("shop/web@sha256:cc", "x@sha256:dd", "", "True"), pod("shop/web:1.5", "docker://5ab", "", "True")];
        assert_eq!(images(&rolling)["image.web"], "shop/web:1.5, shop/web@sha256:cc");
    }

    #[test]
    fn tags_are_told_from_ports_and_digests() {
        for (image, expected) in [("a/b:1", "1"), ("host:5000/b", ""), ("host:5000/b:2@sha256:x", "2"), ("b@sha256:x", "sha256:x"), ("", "")] {
            assert_eq!(tag(image), expected, "{image}");
        }
    }

    #[test]
    fn what_is_hostile_or_endless_becomes_short_and_plain() {
        let many: Vec<Value> = (0..40).map(|at| pod(&format!("web:{at:02}\u{1b}[2J"), "", &format!("n{at:02}"), "True")).collect();
        let nodes = told(&nodes(&many));
        assert!(nodes.starts_with("n00, n01") && nodes.ends_with("n07 and 32 more"), "{nodes}");
        let image = &images(&many)["image.web"];
        assert!(!image.contains('\u{1b}') && image.ends_with("and 32 more"), "{image}");
        assert_eq!(short(&"x".repeat(1_000), LETTERS).len(), LETTERS);
    }

    #[test]
    fn revisions_of_several_workloads_have_their_names() {
        let set = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Set>();
        let one = BTreeMap::from([("deployment web".to_owned(), set(&["7", "8"]))]);
        assert_eq!(revisions(&one), "7, 8");
        let two = BTreeMap::from([("deployment blue".to_owned(), set(&["7"])), ("statefulset green".to_owned(), set(&["5d8f", ""]))]);
        assert_eq!(revisions(&two), "blue 7, green 5d8f");
        assert_eq!(revisions(&BTreeMap::new()), "");
    }
}
