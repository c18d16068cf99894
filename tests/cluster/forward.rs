//! Forwarded ports in a real API server: what it says to who may not, and where there is no kubelet. That bytes get through is seen in the sandbox.

use std::path::Path;

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_port_is_not_forwarded_without_the_right_or_without_a_kubelet() {
    let Some(real) = Real::find("a_port_is_not_forwarded_without_the_right_or_without_a_kubelet") else { return };
    let create = |object: serde_json::Value| _ = real.says(&["create", "-f", "-"], &object.to_string());
    let labels = json!({"app": "web"});
    create(
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": "http"}]}}),
    );
    real.says(&["wait", "--for=create", "serviceaccount/default", "--timeout=20s"], "");
    create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "labels": labels}, "spec": {"nodeName": "no-such-node",
        "automountServiceAccountToken": false, "containers": [{"name": "web", "image": "example.com/web", "ports": [{"name": "http", "containerPort": 8080}]}]}}));
    let rules = json!([{"apiGroups": [""], "resources": ["services", "pods"], "verbs": ["get", "list"]}]);
    create(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "looker"}, "rules": rules}));
    real.says(&["create", "rolebinding", "lookers", "--role=looker", "--user=jane"], "");

    // The same cluster, as somebody who may look and no more.
    let text = std::fs::read_to_string(&real.kubeconfig).unwrap();
    let (_folder, janes) = fault::write(&text.replace("  user:\n", "  user:\n    as: jane\n"));
    let forward = async |kubeconfig: &Path| {
        let fleet = fleet(kubeconfig.to_owned()).unwrap();
        let cluster = fleet.current().unwrap().id;
        fleet.connect(&cluster);
        let key = fleet.find(&cluster, "service", Some(&real.namespace), "web").await.unwrap();
        fleet.forward(&key, None).await.map(|forward| forward.address()).unwrap_err()
    };
    is_said(&forward(&real.kubeconfig).await, "forward.no-pod", "none of the 1 is ready");
    let ready = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    real.says(&["patch", "pod", "web-1", "--subresource=status", "--type=merge", "-p", &ready.to_string()], "");
    let told = forward(&janes).await;
    is_said(&told, "forward.forbidden", "cannot get resource \"pods/portforward\"");
    is_said(&forward(&real.kubeconfig).await, "forward.refused", "no-such-node");
}
