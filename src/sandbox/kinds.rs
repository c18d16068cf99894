//! The kinds the sandbox serves, as a table of facts.

/// One served kind.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    pub(super) singular: &'static str,
    pub(super) short: &'static [&'static str],
    pub(super) namespaced: bool,
    pub(super) subresources: &'static [&'static str],
}

const RBAC: &str = "rbac.authorization.k8s.io";

pub(super) const KINDS: &[Kind] = &[
    core("Pod", "pods", "pod", &["po"], &["log", "status"]),
    core("Service", "services", "service", &["svc"], &["status"]),
    core("Event", "events", "event", &["ev"], &[]),
    core("ConfigMap", "configmaps", "configmap", &["cm"], &[]),
    core("Secret", "secrets", "secret", &[], &[]),
    core("ServiceAccount", "serviceaccounts", "serviceaccount", &["sa"], &[]),
    core("PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim", &["pvc"], &["status"]),
    cluster("Node", "nodes", "node", &["no"]),
    cluster("PersistentVolume", "persistentvolumes", "persistentvolume", &["pv"]),
    cluster("Namespace", "namespaces", "namespace", &["ns"]),
    of("apps", "v1", "Deployment", "deployments", "deployment", &["deploy"], &["scale", "status"]),
    of("apps", "v1", "ReplicaSet", "replicasets", "replicaset", &["rs"], &["scale", "status"]),
    of("apps", "v1", "StatefulSet", "statefulsets", "statefulset", &["sts"], &["scale", "status"]),
    of("apps", "v1", "DaemonSet", "daemonsets", "daemonset", &["ds"], &["status"]),
    of("batch", "v1", "Job", "jobs", "job", &[], &["status"]),
    of("batch", "v1", "CronJob", "cronjobs", "cronjob", &["cj"], &["status"]),
    of("networking.k8s.io", "v1", "Ingress", "ingresses", "ingress", &["ing"], &["status"]),
    of(RBAC, "v1", "Role", "roles", "role", &[], &[]),
    of(RBAC, "v1", "RoleBinding", "rolebindings", "rolebinding", &[], &[]),
    Kind { namespaced: false, ..of(RBAC, "v1", "ClusterRole", "clusterroles", "clusterrole", &[], &[]) },
    Kind { namespaced: false, ..of(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding", &[], &[]) },
    of("shop.meshplay.dev", "v1", "Gadget", "gadgets", "gadget", &["gd"], &["status"]),
];

const fn core(
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    short: &'static [&'static str],
    subresources: &'static [&'static str],
) -> Kind {
    of("", "v1", kind, plural, singular, short, subresources)
}

const fn cluster(kind: &'static str, plural: &'static str, singular: &'static str, short: &'static [&'static str]) -> Kind {
    Kind { namespaced: false, ..of("", "v1", kind, plural, singular, short, &["status"]) }
}

const fn of(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    short: &'static [&'static str],
    subresources: &'static [&'static str],
) -> Kind {
    Kind { group, version, kind, plural, singular, short, namespaced: true, subresources }
}

impl Kind {
    /// `v1` or `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The kind served under a plural.
    pub(super) fn served(group: &str, version: &str, plural: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
    }

    /// The kind of that name, for code that knows what it wants.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.kind == name)
    }
}
