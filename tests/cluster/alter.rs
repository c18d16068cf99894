//! Changes of a workload by patches on a real control plane, whose controllers say when they have been rolled out. There is no kubelet: the test says in
//! its place that pods are ready.

use std::time::Duration;

use meshplay::cluster::alter::{Earnest, Patch, undo};
use serde_json::{Value, json};

use super::*;

fn image(object: &Value) -> &str {
    object.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str).unwrap()
}

/// What a kubelet would say of every pod there is.
fn all_ready(real: &Real) {
    real.says(&["wait", "--for=create", "pod", "-l", "app=web", "--timeout=60s"], "");
    let ready = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}).to_string();
    for pod in real.says(&["get", "pods", "-l", "app=web", "-o", "name"], "").lines() {
        real.says(&["patch", pod, "--subresource=status", "--type=merge", "-p", &ready], "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_rehearsed_made_waited_for_and_taken_back() {
    let Some(real) = Real::find("a_change_is_rehearsed_made_waited_for_and_taken_back") else { return };
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]}});
    let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}});
    real.says(&["create", "-f", "-"], &web.to_string());
    let (fleet, cluster) = real.fleet();
    let key = fleet.find(&cluster, "deployment", Some(&real.namespace), "web").await.unwrap();

    let missing = fleet.rolled_out(&key, Duration::from_secs(2)).await.unwrap_err();
    assert!(missing.code == "cluster.rollout" && missing.why.contains("of 1 replicas"), "{missing}");
    all_ready(&real);
    until("the rollout", async { fleet.rolled_out(&key, Duration::from_secs(90)).await.unwrap() }).await;

    let former = fleet.object(&key).await.unwrap();
    let newer =
        Patch::Strategic(json!({"spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "web", "image": "example.com/web:2"}]}}}}));
    let then = fleet.patch(&key, &newer, Earnest::Rehearsed, None).await.unwrap();
    assert_eq!((image(&then), image(&fleet.object(&key).await.unwrap())), ("example.com/web:2", "example.com/web:1"));
    let back = undo(&then, &former);
    fleet.patch(&key, &newer, Earnest::Done, None).await.unwrap();
    let missing = fleet.rolled_out(&key, Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(missing.code, "cluster.rollout", "{missing}");
    fleet.patch(&key, &Patch::Merge(back), Earnest::Done, None).await.unwrap();
    let now = fleet.object(&key).await.unwrap();
    assert_eq!(now["spec"], former["spec"]);

    // Another object of the same name is left alone, whatever kind of patch it is.
    let other = meshplay::names::ObjectKey { uid: "00000000-0000-0000-0000-000000000000".into(), ..key.clone() };
    for patch in [Patch::Merge(json!({"spec": {"replicas": 9}})), Patch::Json(json!([{"op": "replace", "path": "/spec/replicas", "value": 9}]))] {
        assert!(fleet.patch(&other, &patch, Earnest::Done, None).await.is_err());
    }
    assert_eq!(fleet.object(&key).await.unwrap()["spec"]["replicas"], 1);
    let gate = FleetOptions { kubeconfigs: vec![real.kubeconfig.clone()], readonly: true, ..FleetOptions::default() };
    let held = Fleet::open(gate).unwrap();
    assert_eq!(held.patch(&key, &newer, Earnest::Done, None).await.unwrap_err().code, "gate.readonly");
}
