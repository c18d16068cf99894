//! What is wrong with anything but a pod: specs and statuses of all kinds laid over one another, and a rule a kind. A kind without a rule is asked for the
//! condition `Ready`, which custom resources have by convention.

use super::*;

/// Seconds for what usually takes less.
const GRACE: i64 = 60;
/// Seconds a claim may wait: many wait for the first pod that uses them.
const CLAIM: i64 = 300;
/// A certificate is told so long before it ends, in seconds.
const ENDING: i64 = 7 * 86_400;

/// An object of any of the kinds.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Object {
    pub(super) metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "lenient")]
    replicas: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    suspend: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    unschedulable: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    taints: Option<Vec<Taint>>,
    #[serde(deserialize_with = "lenient")]
    template: Option<Template>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Taint {
    key: String,
    time_added: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    #[serde(deserialize_with = "lenient")]
    phase: Option<String>,
    #[serde(deserialize_with = "lenient")]
    conditions: Option<Vec<Condition>>,
    #[serde(deserialize_with = "lenient")]
    ready_replicas: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    updated_replicas: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    number_ready: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    desired_number_scheduled: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    updated_number_scheduled: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    active: Option<Vec<serde::de::IgnoredAny>>,
    #[serde(deserialize_with = "lenient")]
    last_schedule_time: Option<String>,
    #[serde(deserialize_with = "lenient")]
    last_successful_time: Option<String>,
    #[serde(deserialize_with = "lenient")]
    node_info: Option<NodeInfo>,
    #[serde(deserialize_with = "lenient")]
    current_healthy: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    desired_healthy: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    expected_pods: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    not_after: Option<String>,
    #[serde(deserialize_with = "lenient")]
    health: Option<Health>,
    #[serde(deserialize_with = "lenient")]
    sync: Option<Sync>,
    #[serde(deserialize_with = "lenient")]
    operation_state: Option<OperationState>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NodeInfo {
    kubelet_version: String,
}

/// Argo CD's word for how an application does.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Health {
    status: String,
    message: String,
    last_transition_time: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sync {
    status: String,
    revision: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OperationState {
    phase: String,
    message: String,
    finished_at: Option<String>,
}

/// One name may hold one thing in one kind and another in the next: what does not fit is not there.
fn lenient<'de, D: serde::Deserializer<'de>, T: serde::de::DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// What is asked of each kind.
type Rule = fn(&Object, i64) -> Option<Finding>;

const RULES: &[(&str, Rule)] = &[
    ("Deployment", |it, _| it.deployment()),
    ("StatefulSet", |it, now| it.set(it.status.ready_replicas, it.spec.replicas.unwrap_or(1), it.status.updated_replicas, now)),
    ("DaemonSet", |it, now| it.set(it.status.number_ready, it.status.desired_number_scheduled.unwrap_or(0), it.status.updated_number_scheduled, now)),
    ("Job", |it, _| it.job()),
    ("CronJob", |it, _| it.cron_job()),
    ("Node", |it, _| it.node()),
    ("Namespace", |it, _| it.namespace()),
    ("PersistentVolumeClaim", |it, _| it.claim()),
    ("HorizontalPodAutoscaler", |it, _| it.autoscaler()),
    ("PodDisruptionBudget", |it, _| it.budget()),
    ("APIService", |it, _| it.condition("Available", "ApiUnavailable", RowState::Bad)),
    ("Certificate", |it, now| it.certificate(now)),
    ("Application", |it, _| it.application()),
    ("Gateway", |it, _| it.condition("Programmed", "NotReady", RowState::Warn)),
];

impl Object {
    pub(super) fn finding(&self, kind: &str, now: i64) -> Option<Finding> {
        let rule = RULES.iter().find(|(known, _)| *known == kind).map(|(_, rule)| rule);
        let finding = rule.map_or_else(|| self.ready(), |rule| rule(self, now))?;
        let version = if finding.version.is_empty() { self.version() } else { finding.version.clone() };
        Some(Finding { version, ..finding })
    }

    fn version(&self) -> String {
        let of_template = self.spec.template.as_ref().and_then(|template| template.spec.version(""));
        of_template.or_else(|| Some(self.status.node_info.as_ref()?.kubelet_version.clone())).unwrap_or_default()
    }

    fn conditions(&self) -> &[Condition] {
        self.status.conditions.as_deref().unwrap_or_default()
    }

    /// A condition that is false says so under that name.
    fn condition(&self, kind: &str, cause: &'static str, state: RowState) -> Option<Finding> {
        let it = is(self.conditions(), kind, "False")?;
        let said = if it.message.is_empty() { &it.reason } else { &it.message };
        Some(Finding::new(state, cause, self.since_or(it.since()), &**said).after(GRACE))
    }

    fn ready(&self) -> Option<Finding> {
        let stalled =
            is(self.conditions(), "Stalled", "True").map(|it| Finding::new(RowState::Bad, "Stalled", self.since_or(it.since()), &*it.message));
        stalled.or_else(|| self.condition("Ready", "NotReady", RowState::Bad))
    }

    fn since_or(&self, since: i64) -> i64 {
        if since > 0 { since } else { self.metadata.created() }
    }

    fn deployment(&self) -> Option<Finding> {
        if let Some(failed) = is(self.conditions(), "ReplicaFailure", "True") {
            return Some(Finding::new(RowState::Bad, refusal(&failed.message), self.since_or(failed.since()), &*failed.message));
        }
        if let Some(late) = is(self.conditions(), "Progressing", "False") {
            return Some(Finding::new(RowState::Bad, "Deadline", self.since_or(late.since()), &*late.message));
        }
        let (ready, wanted) = (self.status.ready_replicas.unwrap_or(0), self.spec.replicas.unwrap_or(1));
        let lacks = is(self.conditions(), "Available", "False").filter(|_| ready < wanted)?;
        Some(unavailable(ready, wanted, self.since_or(lacks.since())))
    }

    /// Sets have no conditions: since when something is missing is not known, and while they roll out it is meant to be.
    fn set(&self, ready: Option<u32>, wanted: u32, updated: Option<u32>, now: i64) -> Option<Finding> {
        let ready = ready.unwrap_or(0);
        let rolls = updated.is_some_and(|updated| updated < wanted);
        let young = self.metadata.created() + 2 * GRACE > now;
        let finding = || Finding { since: 0, ..unavailable(ready, wanted, now) };
        (ready < wanted).then(|| Finding { from: if rolls || young { now + 2 * GRACE } else { 0 }, ..finding() })
    }

    /// A cron job's jobs come and go: the cron job says how its last one ended.
    fn job(&self) -> Option<Finding> {
        let failed = is(self.conditions(), "Failed", "True")?;
        let own = self.metadata.controller().is_none_or(|owner| owner.kind != "CronJob");
        let cause = if failed.reason == "DeadlineExceeded" { "Deadline" } else { "JobFailed" };
        own.then(|| Finding::new(RowState::Bad, cause, self.since_or(failed.since()), &*failed.message))
    }

    fn cron_job(&self) -> Option<Finding> {
        let (last, well) = (unix(&self.status.last_schedule_time), unix(&self.status.last_successful_time));
        let runs = self.status.active.as_ref().is_some_and(|active| !active.is_empty());
        let failed = last > 0 && well < last && !runs && !self.spec.suspend.unwrap_or(false);
        failed.then(|| Finding::new(RowState::Bad, "JobFailed", last, "its last job did not succeed").after(GRACE))
    }

    fn node(&self) -> Option<Finding> {
        const PRESSURES: [(&str, &str); 4] = [
            ("MemoryPressure", "MemoryPressure"),
            ("DiskPressure", "DiskPressure"),
            ("PIDPressure", "PidPressure"),
            ("NetworkUnavailable", "NetworkUnavailable"),
        ];
        let conditions = self.conditions();
        let lost = conditions.iter().find(|condition| condition.kind == "Ready" && condition.status != "True");
        let pressed = || PRESSURES.iter().find_map(|(kind, cause)| is(conditions, kind, "True").map(|it| (*cause, it)));
        let told = |cause, it: &Condition, state| Finding::new(state, cause, self.since_or(it.since()), &*it.message);
        let finding = match (lost, pressed()) {
            (Some(lost), _) => Some(told("NodeNotReady", lost, RowState::Bad)),
            (None, Some((cause, it))) => Some(told(cause, it, RowState::Bad)),
            (None, None) => self.spec.unschedulable.unwrap_or(false).then(|| {
                let taints = self.spec.taints.iter().flatten();
                let since = taints.filter(|taint| taint.key == "node.kubernetes.io/unschedulable").map(|taint| unix(&taint.time_added)).max();
                Finding::new(RowState::Warn, "Cordoned", since.unwrap_or(0), "takes no new pods")
            }),
        }?;
        Some(Finding { node: self.metadata.name.clone(), ..finding })
    }

    fn namespace(&self) -> Option<Finding> {
        let since = unix(&self.metadata.deletion_timestamp);
        let said =
            ["NamespaceDeletionDiscoveryFailure", "NamespaceDeletionContentFailure", "NamespaceFinalizersRemaining", "NamespaceContentRemaining"];
        let why = said.iter().find_map(|kind| is(self.conditions(), kind, "True")).map_or("", |it| &it.message);
        (since > 0).then(|| Finding::new(RowState::Warn, "Terminating", since, why).after(2 * GRACE))
    }

    fn claim(&self) -> Option<Finding> {
        match self.status.phase.as_deref()? {
            "Lost" => Some(Finding::new(RowState::Bad, "ClaimLost", self.metadata.created(), "its volume is gone")),
            "Pending" => Some(Finding::new(RowState::Progress, "ClaimPending", self.metadata.created(), "no volume is bound to it yet").after(CLAIM)),
            _ => None,
        }
    }

    fn autoscaler(&self) -> Option<Finding> {
        let conditions = self.conditions();
        let blind = is(conditions, "ScalingActive", "False").filter(|it| it.reason != "ScalingDisabled");
        let most = is(conditions, "ScalingLimited", "True").filter(|it| it.reason == "TooManyReplicas");
        let (cause, it) = blind
            .map(|it| ("NoMetrics", it))
            .or_else(|| Some(("CannotScale", is(conditions, "AbleToScale", "False")?)))
            .or(most.map(|it| ("AtMaximum", it)))?;
        Some(Finding::new(RowState::Warn, cause, self.since_or(it.since()), &*it.message).after(GRACE))
    }

    fn budget(&self) -> Option<Finding> {
        let (healthy, wanted) = (self.status.current_healthy.unwrap_or(0), self.status.desired_healthy.unwrap_or(0));
        let some = self.status.expected_pods.unwrap_or(0) > 0;
        let since = is(self.conditions(), "DisruptionAllowed", "False").map_or(0, Condition::since);
        (some && healthy < wanted).then(|| {
            Finding::new(RowState::Warn, "BudgetUnmet", self.since_or(since), format!("{healthy} of {wanted} pods are healthy")).after(GRACE)
        })
    }

    fn certificate(&self, now: i64) -> Option<Finding> {
        let ends = unix(&self.status.not_after);
        if ends > 0 && ends <= now {
            return Some(Finding::new(RowState::Bad, "Expired", ends, "the certificate has ended"));
        }
        let ending = || {
            (ends > 0)
                .then(|| Finding { from: ends - ENDING, ..Finding::new(RowState::Warn, "Expiring", ends - ENDING, "the certificate ends soon") })
        };
        self.ready().or_else(ending)
    }

    fn application(&self) -> Option<Finding> {
        let health = self.status.health.as_ref();
        let sync = self.status.sync.as_ref();
        let version = sync.map(|sync| sync.revision.chars().take(8).collect::<String>()).unwrap_or_default();
        let unwell = health.filter(|health| matches!(health.status.as_str(), "Degraded" | "Missing" | "Unknown"));
        let failed = self.status.operation_state.as_ref().filter(|state| matches!(state.phase.as_str(), "Failed" | "Error"));
        let finding = match (unwell, failed) {
            (Some(health), _) => Some(Finding::new(RowState::Bad, "Degraded", self.since_or(unix(&health.last_transition_time)), &*health.message)),
            (None, Some(failed)) => Some(Finding::new(RowState::Bad, "SyncFailed", self.since_or(unix(&failed.finished_at)), &*failed.message)),
            (None, None) => sync
                .filter(|sync| sync.status == "OutOfSync")
                .map(|_| Finding::new(RowState::Warn, "OutOfSync", 0, "what runs is not what is wanted")),
        }?;
        Some(Finding { version, ..finding })
    }
}

/// Why a controller could not make pods.
fn refusal(message: &str) -> &'static str {
    match message {
        _ if message.contains("exceeded quota") => "Quota",
        _ if message.contains("admission webhook") || message.contains("violates PodSecurity") => "Admission",
        _ => "FailedCreate",
    }
}

fn unavailable(ready: u32, wanted: u32, since: i64) -> Finding {
    let state = if ready == 0 { RowState::Bad } else { RowState::Warn };
    Finding::new(state, "Unavailable", since, format!("{ready} of {wanted} pods are ready")).after(GRACE)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z

    fn cause(kind: &str, mut object: Value) -> Option<&'static str> {
        object["metadata"]["creationTimestamp"] = json!("2025-12-31T20:00:00Z");
        serde_json::from_value::<Object>(object).unwrap().finding(kind, NOW).map(|finding| finding.cause)
    }

    fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
        json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": "2025-12-31T23:00:00Z"})
    }

    /// Conditions and their reasons as Kubernetes' controllers write them.
    #[test]
    fn each_kind_tells_its_trouble_in_one_word() {
        let with = |condition: Value| json!({"spec": {}, "status": {"conditions": [condition]}});
        let quota = "pods \"web-1\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10";
        let cases = [
            ("Deployment", with(condition("ReplicaFailure", "True", "FailedCreate", quota)), Some("Quota")),
            ("Deployment", with(condition("Progressing", "False", "ProgressDeadlineExceeded", "")), Some("Deadline")),
            ("Deployment", with(condition("Available", "True", "MinimumReplicasAvailable", "")), None),
            ("Deployment", with(condition("Available", "False", "MinimumReplicasUnavailable", "")), Some("Unavailable")),
            ("StatefulSet", json!({"spec": {"replicas": 3}, "status": {"readyReplicas": 2, "updatedReplicas": 3}}), Some("Unavailable")),
            ("DaemonSet", json!({"status": {"numberReady": 3, "desiredNumberScheduled": 3}}), None),
            ("Job", with(condition("Failed", "True", "DeadlineExceeded", "")), Some("Deadline")),
            ("Job", with(condition("Failed", "True", "BackoffLimitExceeded", "")), Some("JobFailed")),
            ("Node", with(condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")), Some("NodeNotReady")),
            ("Node", with(condition("DiskPressure", "True", "KubeletHasDiskPressure", "")), Some("DiskPressure")),
            (
                "Node",
                json!({"spec": {"unschedulable": true}, "status": {"conditions": [condition("Ready", "True", "KubeletReady", "")]}}),
                Some("Cordoned"),
            ),
            ("PersistentVolumeClaim", json!({"status": {"phase": "Pending"}}), Some("ClaimPending")),
            ("PersistentVolumeClaim", json!({"status": {"phase": "Bound"}}), None),
            ("HorizontalPodAutoscaler", with(condition("ScalingActive", "False", "FailedGetResourceMetric", "")), Some("NoMetrics")),
            ("PodDisruptionBudget", json!({"status": {"currentHealthy": 1, "desiredHealthy": 2, "expectedPods": 2}}), Some("BudgetUnmet")),
            ("PodDisruptionBudget", json!({"status": {"currentHealthy": 0, "desiredHealthy": 1, "expectedPods": 0}}), None),
            ("Certificate", json!({"status": {"notAfter": "2025-12-01T00:00:00Z"}}), Some("Expired")),
            ("Application", json!({"status": {"health": {"status": "Degraded"}, "sync": {"status": "Synced"}}}), Some("Degraded")),
            ("Kustomization", with(condition("Ready", "False", "BuildFailed", "kustomize build failed")), Some("NotReady")),
            ("Kustomization", json!({"spec": {"replicas": "all", "suspend": "yes"}, "status": {"active": 1}}), None),
        ];
        for (kind, object, wanted) in cases {
            assert_eq!(cause(kind, object.clone()), wanted, "{kind} {object}");
        }
    }

    #[test]
    fn a_cron_job_tells_how_its_last_job_ended() {
        let with =
            |well: &str, active: Value| json!({"status": {"lastScheduleTime": "2025-12-31T22:00:00Z", "lastSuccessfulTime": well, "active": active}});
        assert_eq!(cause("CronJob", with("2025-12-31T21:00:10Z", json!([]))), Some("JobFailed"));
        assert_eq!(cause("CronJob", with("2025-12-31T21:00:10Z", json!([{"name": "now"}]))), None);
        assert_eq!(cause("CronJob", with("2025-12-31T22:00:10Z", json!([]))), None);
        let job = json!({"metadata": {"ownerReferences": [{"kind": "CronJob", "name": "n", "uid": "u", "controller": true}]},
            "status": {"conditions": [condition("Failed", "True", "BackoffLimitExceeded", "")]}});
        assert_eq!(cause("Job", job), None);
    }
}
