//! Roles of the sandbox's shop and who has them. Nobody is kept from anything by them: whoever asks may do everything here.

use serde_json::{Value, json};

/// Kind, namespace, name and body of each.
pub(super) fn all() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
    let bound = |kind: &str, role: &str, subjects: Value| json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}, "subjects": subjects});
    let group = |name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name});
    let user = |name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name});
    let account = |name: &str| json!({"kind": "ServiceAccount", "namespace": "shop", "name": name});
    let read = &["get", "list", "watch"];
    let change = &["get", "list", "watch", "create", "update", "patch", "delete"];
    let mut config = rule(&[""], &["configmaps"], &["get", "update"]);
    config["resourceNames"] = json!(["web-config"]);
    vec![
        ("ClusterRole", "", "cluster-admin", json!({"rules": [rule(&["*"], &["*"], &["*"])]})),
        ("ClusterRole", "", "view", json!({"rules": [rule(&["", "apps", "batch"], &["pods", "pods/log", "services", "deployments", "jobs"], read)]})),
        ("ClusterRoleBinding", "", "cluster-admin", bound("ClusterRole", "cluster-admin", json!([group("system:masters")]))),
        ("ClusterRoleBinding", "", "everybody-looks", bound("ClusterRole", "view", json!([group("system:authenticated")]))),
        ("Role", "shop", "deployer", json!({"rules": [rule(&["", "apps"], &["pods", "deployments", "deployments/scale"], change), config]})),
        ("RoleBinding", "shop", "deployers", bound("Role", "deployer", json!([group("shop-developers"), user("jane"), account("deployer")]))),
    ]
}
