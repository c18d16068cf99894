//! What stands behind a Service of a real cluster, held against what kubectl says of it.

use meshplay::cluster::behind::Facts;

use super::*;

const DIGEST: &str = "sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1";

/// Pods of the Deployment are bound to a node that has no kubelet: what one would report is written by hand.
fn objects(node: &str) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"nodeName": node, "containers": [
                {"name": "web", "image": "registry.example:5000/shop/web:1.0"},
                {"name": "linkerd-proxy", "image": "cr.l5d.io/linkerd/proxy:edge-26.1.1"}]}}}}
    ]})
    .to_string()
}

#[tokio::test]
async fn what_stands_behind_a_service_is_what_kubectl_says() {
    let Some(real) = Real::find("what_stands_behind_a_service_is_what_kubectl_says") else { return };
    let node = format!("node-of-{}", real.namespace);
    real.says(&["create", "-f", "-"], &objects(&node));
    let info = json!({"status": {"nodeInfo": {"kubeletVersion": "v1.35.7"}}}).to_string();
    real.says(&["patch", "node", &node, "--subresource=status", "--patch", &info], "");
    let settled = |replicas: u32| {
        let wanted = format!("--for=jsonpath={{.status.replicas}}={replicas}");
        real.says(&["wait", &wanted, "--timeout=60s", "deployment/web"], "");
    };
    settled(2);
    let status = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "web", "image": "registry.example:5000/shop/web:1.0", "imageID": format!("registry.example:5000/shop/web@{DIGEST}"),
            "ready": true, "restartCount": 0}]}})
    .to_string();
    let ready = |names: &str| {
        for pod in names.split_whitespace() {
            real.says(&["patch", pod, "--subresource=status", "--patch", &status], "");
        }
    };
    ready(&real.says(&["get", "pods", "-l", "app=web", "-o", "name"], ""));

    let (fleet, cluster) = real.fleet();
    let service = fleet.find(&cluster, "service", Some(&real.namespace), "web").await.unwrap();
    let facts = fleet.behind(&service).await;
    let revision = real.says(&["get", "deployment", "web", "-o", r"jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}"], "");
    let server: serde_json::Value = serde_json::from_str(&real.says(&["version", "-o", "json"], "")).unwrap();
    let image = format!("registry.example:5000/shop/web:1.0@{DIGEST}");
    let expected = [
        ("image.web", image.as_str()),
        ("kubelet", "v1.35.7"),
        ("kubernetes", server["serverVersion"]["gitVersion"].as_str().unwrap()),
        ("mesh", "linkerd edge-26.1.1"),
        ("nodes", &node),
        ("replicas", "2"),
        ("revision", revision.trim()),
        ("workload", "deployment web"),
    ];
    assert_eq!(facts, Facts::from(expected.map(|(name, value)| (name.to_owned(), value.to_owned()))));

    // A release whose first pod is not ready yet.
    real.says(&["set", "image", "deployment/web", "web=registry.example:5000/shop/web:1.1"], "");
    settled(3);
    let facts = fleet.behind(&service).await;
    assert_eq!((facts["replicas"].as_str(), facts["revision"].as_str()), ("2 of 3 ready", "1, 2"));
    assert!(facts["image.web"].contains(&image) && facts["image.web"].contains("shop/web:1.1"), "{facts:?}");
    real.says(&["delete", "node", &node], "");
}
