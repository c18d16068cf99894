//! Our tables beside kubectl's, for every kind a real server has built in: headings, what is wide, and cells. Every difference that is meant stands in
//! a table here with its reason; any other one fails.

use std::collections::{BTreeMap, BTreeSet};

use meshplay::cluster::kinds::Kind;
use meshplay::text::measure;
use serde_json::{Value, json};

use super::*;

/// A difference that is meant.
#[derive(Debug)]
enum Meant {
    /// A column that kubectl has not.
    Ours(&'static str),
    /// kubectl's heading and ours.
    Called(&'static str, &'static str),
    /// Always shown, where kubectl has it in the wide view only.
    Shown(&'static str),
    /// The columns stand in another order.
    Order,
    /// The cells of a column are written otherwise; how kubectl's text becomes ours.
    Written(&'static str, fn(&str) -> String),
    /// The cells of a column are ages, which go on growing here.
    Ages(&'static str),
}

/// The kind as `plural.group`, the difference, and why.
const MEANT: &[(&str, Meant, &str)] = &[
    ("pods", Meant::Ours("LAST"), "how the container that ended last did so is the first question after a restart"),
    ("pods", Meant::Order, "the node is asked for more often than the address"),
    ("pods", Meant::Written("RESTARTS", restarts), "`ago` says nothing that the brackets do not say, and the column is narrow"),
    ("pods", Meant::Ours("CPU"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("pods", Meant::Ours("%CPU/L"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("pods", Meant::Ours("MEM"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("pods", Meant::Ours("%MEM/L"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("pods", Meant::Ours("%CPU/R"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("pods", Meant::Ours("%MEM/R"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("nodes", Meant::Ours("PODS"), "how full a node is, counted only where it is asked for: kubectl tells it one node at a time, in describe"),
    ("nodes", Meant::Ours("CPU"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("nodes", Meant::Ours("%CPU"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("nodes", Meant::Ours("MEM"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("nodes", Meant::Ours("%MEM"), "`kubectl top` is another command; it is seen only where metrics are served"),
    ("deployments.apps", Meant::Ours("STATUS"), "a word says what three numbers mean"),
    ("events", Meant::Called("LAST SEEN", "LAST"), "the message needs the room"),
    ("events", Meant::Shown("COUNT"), "once and a thousand times are not the same event"),
    ("events", Meant::Order, "COUNT stands before the message, which has no end"),
    ("events", Meant::Ages("LAST"), "ages are counted here"),
    ("events", Meant::Ages("FIRST SEEN"), "ages are counted here"),
    ("events.events.k8s.io", Meant::Ages("LAST SEEN"), "ages are counted here"),
    ("events.events.k8s.io", Meant::Ages("FIRST SEEN"), "ages are counted here"),
    ("cronjobs.batch", Meant::Ages("LAST SCHEDULE"), "a Table says what was so when it was sent; ages are counted here"),
    ("jobs.batch", Meant::Ages("DURATION"), "a running job's is as of its last change, in a Table's watch as well"),
];

/// Groups the server brings along.
const GROUPS: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// `14 (40s ago)` → `14 (40s)`, as far as ages go: those are steps here.
fn restarts(text: &str) -> String {
    text.split_once(" (").map_or(text, |(count, _)| count).to_owned()
}

/// A table as kubectl prints it, by heading; rows by name.
struct Printed {
    headings: Vec<String>,
    rows: BTreeMap<String, Vec<String>>,
}

impl Printed {
    /// kubectl puts at least three blanks between two columns.
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let head = lines.next()?;
        let starts: Vec<usize> =
            (0..head.len()).filter(|at| head[*at..].starts_with(|c| c != ' ') && (*at == 0 || head[..*at].ends_with("  "))).collect();
        let cells = |line: &str| -> Vec<String> {
            let end = |at: usize| starts.get(at + 1).copied().unwrap_or(line.len()).min(line.len());
            starts.iter().enumerate().map(|(at, from)| line.get(*from..end(at)).unwrap_or_default().trim().to_owned()).collect()
        };
        let headings = cells(head);
        // Events show theirs in the wide view only.
        let name = headings.iter().position(|heading| heading == "NAME");
        let rows = lines.map(cells).filter_map(|row| Some((row[name?].clone(), row))).collect();
        Some(Self { rows, headings })
    }

    fn cell(&self, name: &str, heading: &str) -> Option<&str> {
        Some(self.rows.get(name)?.get(self.headings.iter().position(|one| one == heading)?)?.as_str())
    }
}

/// What is not the same, in words.
fn differences(kind: &str, seen: &Seen, plain: &Printed, wide: &Printed, used: &mut BTreeSet<usize>) -> Vec<String> {
    let meant: Vec<(usize, &Meant)> = MEANT.iter().enumerate().filter(|(_, (of, ..))| *of == kind).map(|(at, (_, meant, _))| (at, meant)).collect();
    let mut is_meant = |wanted: &dyn Fn(&Meant) -> bool| {
        let found = meant.iter().find(|(_, meant)| wanted(meant));
        used.extend(found.map(|(at, _)| *at));
        found.map(|(_, meant)| *meant)
    };
    let mut said = Vec::new();
    let ours: Vec<_> = seen.columns.iter().flat_map(|columns| columns.iter()).collect();
    let kubectls = wide.headings.iter().filter(|heading| !matches!(heading.as_str(), "NAMESPACE" | "NAME" | "AGE"));
    let mut order = Vec::new();
    for theirs in kubectls {
        let called = is_meant(&|meant| matches!(meant, Meant::Called(name, _) if name == theirs));
        let name = match called {
            Some(Meant::Called(_, ours)) => ours,
            _ => theirs.as_str(),
        };
        let Some(column) = ours.iter().find(|column| &*column.name == name) else {
            said.push(format!("{kind}: there is no {name}"));
            continue;
        };
        order.push(name.to_owned());
        if column.wide == plain.headings.contains(theirs) && is_meant(&|meant| matches!(meant, Meant::Shown(shown) if *shown == name)).is_none() {
            said.push(format!("{kind}: {name} is {} here", if column.wide { "wide" } else { "not wide" }));
        }
        for row in seen.rows.values() {
            // What came or went between the two is no difference.
            let Some(text) = wide.cell(&row.name, theirs) else { continue };
            let text = if matches!(text, "<none>" | "<unset>") { "" } else { text };
            let have = seen.cell(&row.name, name).unwrap_or_default();
            let same = match is_meant(&|meant| matches!(meant, Meant::Written(of, _) | Meant::Ages(of) if *of == name)) {
                Some(Meant::Written(_, write)) => write(text) == write(&have),
                Some(Meant::Ages(_)) => text == have || measure::age(text).is_some() && (have == "<10s" || measure::age(&have).is_some()),
                _ => text == have,
            };
            if !same {
                said.push(format!("{kind} {}: {name} is `{have}` here and `{text}` there", row.name));
            }
        }
    }
    let mine: Vec<&str> = ours.iter().map(|column| &*column.name).filter(|name| order.iter().any(|one| one == name)).collect();
    if mine != order && is_meant(&|meant| matches!(meant, Meant::Order)).is_none() {
        said.push(format!("{kind}: {mine:?} and there {order:?}"));
    }
    for column in ours.iter().filter(|column| !order.iter().any(|name| **name == *column.name)) {
        if is_meant(&|meant| matches!(meant, Meant::Ours(name) if **name == *column.name)).is_none() {
            said.push(format!("{kind}: kubectl has no {}", column.name));
        }
    }
    said
}

fn full_name(kind: &Kind) -> String {
    if kind.gvk.group.is_empty() { kind.plural.clone() } else { format!("{}.{}", kind.plural, kind.gvk.group) }
}

#[tokio::test]
async fn every_built_in_kind_has_the_columns_of_kubectl() {
    let Some(real) = Real::find("every_built_in_kind_has_the_columns_of_kubectl") else { return };
    real.says(&["wait", "--for=create", "serviceaccount/default", "--timeout=20s"], "");
    let mark = format!("columns-{}", std::process::id());
    let outcome = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(compare(&real, &mark))).await;
    let scoped = "nodes,pv,mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings,\
                  mutatingadmissionpolicies,mutatingadmissionpolicybindings,crd,csr,ingressclasses,runtimeclasses,clusterrolebindings,deviceclasses,\
                  resourceslices,csidrivers,csinodes,storageclasses,volumeattachments,volumeattributesclasses";
    real.says(&["delete", scoped, "-l", &format!("mark={mark}"), "--wait=false"], "");
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure);
    }
}

async fn compare(real: &Real, mark: &str) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": manifests(mark, &real.namespace)});
    real.says(&["create", "-f", "-"], &list.to_string());
    settle(real);
    let (fleet, cluster) = real.fleet();
    let kinds = fleet.kinds(&cluster).await.unwrap();
    let (mut said, mut used, mut unseen) = (Vec::new(), BTreeSet::new(), Vec::new());
    let built_in = |kind: &&Kind| GROUPS.contains(&&*kind.gvk.group) && ["list", "watch"].iter().all(|verb| kind.verbs.iter().any(|one| one == verb));
    for kind in kinds.iter().filter(built_in) {
        let name = full_name(kind);
        let print = |wide: &[&str]| Printed::read(&real.says(&[&["get", name.as_str()], wide].concat(), ""));
        let mut found = None;
        // What belongs to no namespace belongs to other tests too, and may change between two looks; what differs for good differs again.
        for _ in 0..3 {
            let (mut subscription, mut seen) = (real.watch(&fleet, &cluster, &name), Seen::default());
            seen.synced(&mut subscription).await;
            // kubectl prints no headings over nothing.
            let (Some(plain), Some(wide)) = (print(&[]), print(&["-o", "wide"])) else { break };
            found = Some(differences(&name, &seen, &plain, &wide, &mut used));
            if found.as_ref().is_some_and(|found| found.is_empty()) {
                break;
            }
        }
        match found {
            Some(found) => said.extend(found),
            None => unseen.push(name),
        }
    }
    assert!(said.is_empty(), "{mark}:\n{}", said.join("\n"));
    assert!(unseen.is_empty(), "nothing was there to be compared: {unseen:?}");
    let stale: Vec<_> = (0..MEANT.len()).filter(|at| !used.contains(at)).map(|at| &MEANT[at]).collect();
    assert!(stale.is_empty(), "these are no differences any more: {stale:?}");
}

/// Gives the objects a status that nobody else will change, and waits for what the controllers make of them.
fn settle(real: &Real) {
    let patch = |what: &str, status: Value| {
        real.says(&["patch", what, "--subresource=status", "--type=merge", "-p", &json!({"status": status}).to_string()], "");
    };
    patch(
        "pod/one",
        json!({"phase": "Running", "podIP": "10.9.8.7", "podIPs": [{"ip": "10.9.8.7"}], "nominatedNodeName": "elsewhere",
            "conditions": [{"type": "example.com/gate", "status": "True"}],
            "containerStatuses": [{"name": "a", "image": "a", "imageID": "a", "ready": true, "restartCount": 14, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z"}}}]}),
    );
    patch("service/balanced", json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}, {"ip": "192.0.2.10"}, {"hostname": "lb.example.com"}]}}));
    patch("cronjob/nightly", json!({"lastScheduleTime": "2026-01-01T00:00:00Z"}));
    for (what, path, wanted) in [
        ("deployment/web", "{.status.updatedReplicas}", "2"),
        ("deployment/web", "{.status.observedGeneration}", "1"),
        ("replicaset/few", "{.status.replicas}", "1"),
        ("rc/old", "{.status.replicas}", "1"),
        ("statefulset/db", "{.status.replicas}", "1"),
        ("job/once", "{.status.active}", "1"),
        ("daemonset/agent", "{.status.observedGeneration}", "1"),
        ("pdb/some", "{.status.observedGeneration}", "1"),
    ] {
        real.says(&["wait", &format!("--for=jsonpath={path}={wanted}"), what, "--timeout=30s"], "");
    }
}

/// One object of each kind that the server does not make by itself; those without a namespace carry a label by which they are taken away again.
fn manifests(mark: &str, namespace: &str) -> Vec<Value> {
    let pod = json!({"nodeSelector": {"no": "where"}, "automountServiceAccountToken": false, "containers": [{"name": "a", "image": "example.com/a:1"}, {"name": "b", "image": "example.com/b:2"}]});
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": pod});
    let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["b", "a"]}, {"key": "canary", "operator": "DoesNotExist"}]});
    let of = |version: &str, kind: &str, name: &str, rest: Value| {
        let mut object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": {"mark": mark}}});
        let fields = object.as_object_mut().unwrap();
        fields.extend(rest.as_object().unwrap().clone());
        object
    };
    let single = |part: &Value| {
        let mut one = part.clone();
        one["spec"]["containers"].as_array_mut().unwrap().truncate(1);
        one["spec"]["readinessGates"] = json!([{"conditionType": "example.com/gate"}, {"conditionType": "example.com/other"}]);
        one["spec"].clone()
    };
    let job = json!({"metadata": {}, "spec": {"restartPolicy": "Never", "nodeSelector": {"no": "where"}, "automountServiceAccountToken": false, "containers": [{"name": "a", "image": "example.com/a:1"}]}});
    let claim = json!({"devices": {"requests": [{"name": "one", "exactly": {"deviceClassName": mark}}]}});
    let schema = json!({"openAPIV3Schema": {"type": "object"}});
    let service = json!({"clientConfig": {"url": "https://127.0.0.1:1/"}, "name": "never.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "failurePolicy": "Ignore", "namespaceSelector": {"matchLabels": {"no": "where"}}, "rules": []});
    let policy = json!({"matchConstraints": {"namespaceSelector": {"matchLabels": {"no": "where"}}, "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]}});
    let with = |base: &Value, more: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let old = format!("old-{mark}");
    vec![
        of("v1", "Pod", "one", json!({"spec": single(&template)})),
        of("v1", "PodTemplate", "plan", json!({"template": template})),
        of(
            "v1",
            "ReplicationController",
            "old",
            json!({"spec": {"replicas": 1, "selector": {"app": old}, "template": {"metadata": {"labels": {"app": old}}, "spec": pod}}}),
        ),
        of(
            "v1",
            "Service",
            "plain",
            json!({"spec": {"selector": {"app": "web", "tier": "front"}, "ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]}}),
        ),
        of("v1", "Service", "balanced", json!({"spec": {"type": "LoadBalancer", "externalIPs": ["198.51.100.7"], "ports": [{"port": 443}]}})),
        of("v1", "Service", "waiting", json!({"spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})),
        of("v1", "Service", "named", json!({"spec": {"type": "ExternalName", "externalName": "db.example.com"}})),
        of("v1", "Service", "headless", json!({"spec": {"clusterIP": "None", "ports": [{"port": 80}]}})),
        of("v1", "Endpoints", "old", json!({"subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]})),
        of(
            "v1",
            "Event",
            "said",
            json!({"involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "one", "namespace": namespace, "fieldPath": "spec.containers{a}"}, "type": "Warning",
            "reason": "BackOff", "message": " Back-off restarting\n", "count": 31, "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-02T00:00:00Z",
            "source": {"component": "kubelet", "host": "node-1"}}),
        ),
        of("v1", "ConfigMap", "map", json!({"data": {"a": "1", "b": "2"}})),
        of("v1", "Secret", "keys", json!({"type": "kubernetes.io/tls", "stringData": {"tls.crt": "", "tls.key": ""}})),
        of("v1", "LimitRange", "limits", json!({"spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "1Ti"}}]}})),
        of("v1", "ResourceQuota", "quota", json!({"spec": {"hard": {"configmaps": "100", "requests.storage": "10Gi"}}})),
        of(
            "v1",
            "PersistentVolumeClaim",
            "data",
            json!({"spec": {"accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "storageClassName": mark, "resources": {"requests": {"storage": "1Gi"}}}}),
        ),
        of(
            "v1",
            "PersistentVolume",
            mark,
            json!({"spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": format!("{mark}-other"), "hostPath": {"path": "/nowhere"}}}),
        ),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": mark, "labels": {"mark": mark, "node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "db"}},
            "spec": {"unschedulable": true, "taints": [{"key": "example.com/never", "effect": "NoSchedule"}]},
            "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.5"}, {"type": "ExternalIP", "address": "203.0.113.5"}],
                "nodeInfo": {"machineID": "", "systemUUID": "", "bootID": "", "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64",
                    "kubeletVersion": "v1.36.0", "osImage": "Plain Linux 1", "kernelVersion": "6.1.0", "containerRuntimeVersion": "containerd://2.0.0"}}}),
        of(
            "apps/v1",
            "Deployment",
            "web",
            json!({"spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}, "matchExpressions": selector["matchExpressions"]}, "template": template}}),
        ),
        of(
            "apps/v1",
            "ReplicaSet",
            "few",
            json!({"spec": {"replicas": 1, "selector": {"matchLabels": {"app": "few"}}, "template": {"metadata": {"labels": {"app": "few"}}, "spec": pod}}}),
        ),
        of(
            "apps/v1",
            "StatefulSet",
            "db",
            json!({"spec": {"replicas": 1, "serviceName": "headless", "selector": {"matchLabels": {"app": "db"}}, "template": {"metadata": {"labels": {"app": "db"}}, "spec": pod}}}),
        ),
        of(
            "apps/v1",
            "DaemonSet",
            "agent",
            json!({"spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": {"metadata": {"labels": {"app": "agent"}}, "spec": pod}}}),
        ),
        of("batch/v1", "Job", "once", json!({"spec": {"template": job}})),
        of(
            "batch/v1",
            "CronJob",
            "nightly",
            json!({"spec": {"schedule": "0 3 1 1 *", "suspend": true, "timeZone": "Europe/Berlin", "jobTemplate": {"spec": {"template": job}}}}),
        ),
        of(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "web",
            json!({"spec": {"minReplicas": 2, "maxReplicas": 5, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]}}),
        ),
        of("policy/v1", "PodDisruptionBudget", "some", json!({"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}})),
        of(
            "networking.k8s.io/v1",
            "Ingress",
            "front",
            json!({"spec": {"ingressClassName": mark, "tls": [{"hosts": ["a.example.com"]}], "rules": [{"host": "a.example.com",
            "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "plain", "port": {"number": 80}}}}]}}]}}),
        ),
        of("networking.k8s.io/v1", "IngressClass", mark, json!({"spec": {"controller": "example.com/none"}})),
        of("networking.k8s.io/v1", "NetworkPolicy", "closed", json!({"spec": {"podSelector": {"matchLabels": {"app": "web"}}}})),
        of(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            "slice",
            json!({"addressType": "IPv4", "ports": [{"port": 80}], "endpoints": [{"addresses": ["10.1.2.3"]}]}),
        ),
        of("coordination.k8s.io/v1", "Lease", "turn", json!({"spec": {"holderIdentity": "me"}})),
        of("rbac.authorization.k8s.io/v1", "Role", "reader", json!({"rules": []})),
        of(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            "readers",
            json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}, {"kind": "ServiceAccount", "name": "default", "namespace": "default"}]}),
        ),
        of(
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            mark,
            json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "Group", "name": "nobody", "apiGroup": "rbac.authorization.k8s.io"}]}),
        ),
        of("storage.k8s.io/v1", "StorageClass", mark, json!({"provisioner": "example.com/none", "volumeBindingMode": "WaitForFirstConsumer"})),
        of("storage.k8s.io/v1", "CSIDriver", mark, json!({"spec": {}})),
        of("storage.k8s.io/v1", "CSINode", mark, json!({"spec": {"drivers": []}})),
        of("storage.k8s.io/v1", "CSIStorageCapacity", "room", json!({"storageClassName": mark, "capacity": "1Ti"})),
        of(
            "storage.k8s.io/v1",
            "VolumeAttachment",
            mark,
            json!({"spec": {"attacher": "none.example.com", "nodeName": mark, "source": {"persistentVolumeName": mark}}}),
        ),
        of("storage.k8s.io/v1", "VolumeAttributesClass", mark, json!({"driverName": "example.com/none", "parameters": {"iops": "100"}})),
        of("node.k8s.io/v1", "RuntimeClass", mark, json!({"handler": "none"})),
        of("resource.k8s.io/v1", "DeviceClass", mark, json!({"spec": {}})),
        of(
            "resource.k8s.io/v1",
            "ResourceSlice",
            mark,
            json!({"spec": {"driver": "example.com", "nodeName": mark, "pool": {"name": mark, "generation": 1, "resourceSliceCount": 1}, "devices": []}}),
        ),
        of("resource.k8s.io/v1", "ResourceClaim", "device", json!({"spec": claim})),
        of("resource.k8s.io/v1", "ResourceClaimTemplate", "device", json!({"spec": {"spec": claim}})),
        of(
            "certificates.k8s.io/v1",
            "CertificateSigningRequest",
            mark,
            json!({"spec": {"signerName": "example.com/none", "usages": ["client auth"], "request": REQUEST}}),
        ),
        of(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            &format!("things.{mark}.example.com"),
            json!({"spec": {"group": format!("{mark}.example.com"), "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"}, "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}}),
        ),
        of("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", mark, json!({"webhooks": [service]})),
        of("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", mark, json!({"webhooks": [service]})),
        of(
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
            mark,
            json!({"spec": with(&policy, json!({"validations": [{"expression": "true"}]}))}),
        ),
        of(
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicyBinding",
            mark,
            json!({"spec": {"policyName": mark, "validationActions": ["Audit"]}}),
        ),
        of(
            "admissionregistration.k8s.io/v1",
            "MutatingAdmissionPolicy",
            mark,
            json!({"spec": with(&policy, json!({"reinvocationPolicy": "Never",
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}]}))}),
        ),
        of("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding", mark, json!({"spec": {"policyName": mark}})),
    ]
}

/// A certificate signing request for `CN=jane` (openssl req), PEM in base64.
const REQUEST: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIS01IRUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWFtRnVaVEJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSApBMElBQkFuYU92WEhnUXJjUWMzR0IzSEhjZ3lJMW5MYUlYbmlQb2xrU3d6VG5aY2l1YkZuZkZwQ2o3QU9mSytyCnM3U3FsbGpIUEhJQlR5TzdWRnRqbllCUmFrMmdBREFLQmdncWhrak9QUVFEQWdOSkFEQkdBaUVBMlh3VEU4UEMKd0dOWC9KMlJ0emcwL1hHMDRINXYrUStuY3RBVTQwbDFpMVlDSVFDb2gzUWtJYXV3aDQ4c0JvZ1hJeGpwSWEvZApGVUpsdG1hQjNmTlZmUXJVR3c9PQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K";
