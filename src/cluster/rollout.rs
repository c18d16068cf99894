//! What a workload still misses until its newest version runs everywhere it should. Pure; after `kubectl rollout status`
//! (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go).

use serde_json::Value;

/// What is missing, as a sentence; none when it is all there, or the object is no workload.
pub(super) fn missing(object: &Value) -> Option<String> {
    let kind = object["kind"].as_str().unwrap_or_default();
    if !matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") {
        return None;
    }
    let (spec, status) = (&object["spec"], &object["status"]);
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    if number(&object["metadata"]["generation"]) > number(&status["observedGeneration"]) {
        return Some("its controller has not seen the change yet".into());
    }
    let wanted = spec["replicas"].as_u64().unwrap_or(1);
    match kind {
        "Deployment" => {
            let (updated, replicas, available) =
                (number(&status["updatedReplicas"]), number(&status["replicas"]), number(&status["availableReplicas"]));
            if updated < wanted {
                Some(format!("{updated} of {wanted} replicas are of the new version{}", overdue(status)))
            } else if replicas > updated {
                Some(format!("{} old replicas still run", replicas - updated))
            } else {
                (available < wanted).then(|| format!("{available} of {wanted} replicas are available{}", overdue(status)))
            }
        }
        "StatefulSet" => {
            let (ready, updated) = (number(&status["readyReplicas"]), number(&status["updatedReplicas"]));
            let rolling = !status["currentRevision"].is_null() && status["currentRevision"] != status["updateRevision"];
            if ready < wanted {
                Some(format!("{ready} of {wanted} replicas are ready"))
            } else {
                (rolling && updated < wanted).then(|| format!("{updated} of {wanted} replicas are of the new version"))
            }
        }
        "DaemonSet" => {
            let wanted = number(&status["desiredNumberScheduled"]);
            let (updated, available) = (number(&status["updatedNumberScheduled"]), number(&status["numberAvailable"]));
            let few = updated.min(available);
            (few < wanted).then(|| format!("{few} of {wanted} nodes run the new version"))
        }
        _ => {
            let available = number(&status["availableReplicas"]);
            (available < wanted).then(|| format!("{available} of {wanted} replicas are available"))
        }
    }
}

/// The deployment controller has given up waiting.
fn overdue(status: &Value) -> &'static str {
    let conditions = status["conditions"].as_array();
    let given_up = conditions.is_some_and(|all| all.iter().any(|one| one["reason"] == "ProgressDeadlineExceeded"));
    if given_up { ", and its progress deadline is over" } else { "" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Cases of k8s.io/kubectl/pkg/polymorphichelpers/rollout_status_test.go, `TestDeploymentStatusViewerStatus`.
    #[test]
    fn deployments_are_judged_as_kubectl_does() {
        for (generation, wanted, status, done) in [
            (0, 1, json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 0, "availableReplicas": 1, "unavailableReplicas": 0}), false),
            (1, 1, json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 2, "unavailableReplicas": 0}), false),
            (1, 2, json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1, "unavailableReplicas": 1}), false),
            (1, 2, json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "unavailableReplicas": 0}), true),
            (2, 2, json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "unavailableReplicas": 0}), false),
        ] {
            let object = json!({"kind": "Deployment", "metadata": {"generation": generation}, "spec": {"replicas": wanted}, "status": status});
            assert_eq!(missing(&object).is_none(), done, "{object}: {:?}", missing(&object));
        }
        assert_eq!(missing(&json!({"kind": "ConfigMap"})), None);
    }
}
