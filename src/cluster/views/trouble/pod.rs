//! What is wrong with a pod. The reasons are those of the kubelet and of the scheduler (`pkg/kubelet/images`, `pkg/kubelet/container`, pod life cycle).

use super::*;
use crate::cluster::decode::status::{ContainerStatus, Terminated};

/// A pod that was given a node and does not run yet.
pub(super) const STARTING: &str = "Starting";

/// Seconds a pod may take for what usually takes less.
const START: i64 = 120;
const READY: i64 = 60;
/// Seconds for which a container that ended badly and runs again is still told.
const REMEMBERED: i64 = 600;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    pub(super) metadata: Metadata,
    spec: PodSpec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: String,
    reason: String,
    message: String,
    conditions: Vec<Condition>,
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
}

/// What a container that waits says, in one word each.
const WAITING: &[(&str, &str)] = &[
    ("CrashLoopBackOff", "CrashLoopBackOff"),
    ("ImagePullBackOff", "ImagePull"),
    ("ErrImagePull", "ImagePull"),
    ("ErrImageNeverPull", "ImagePull"),
    ("InvalidImageName", "ImagePull"),
    ("ImageInspectError", "ImagePull"),
    ("RegistryUnavailable", "ImagePull"),
    ("SignatureValidationFailed", "ImagePull"),
    ("CreateContainerConfigError", "ConfigError"),
    ("CreateContainerError", "CreateError"),
    ("RunContainerError", "RunError"),
    ("PreStartHookError", "RunError"),
    ("PostStartHookError", "RunError"),
];

/// Why a pod failed as a whole.
const FAILED: &[(&str, &str)] = &[
    ("Evicted", "Evicted"),
    ("DeadlineExceeded", "Deadline"),
    ("NodeLost", "NodeNotReady"),
    ("NodeShutdown", "NodeShutdown"),
    ("Terminated", "NodeShutdown"),
    ("Shutdown", "NodeShutdown"),
    ("Preempting", "Preempted"),
    ("UnexpectedAdmissionError", "Admission"),
];

fn word(table: &[(&str, &'static str)], reason: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == reason).map(|(_, word)| *word)
}

impl Pod {
    /// The first thing that is wrong, the most telling first.
    pub(super) fn finding(&self, now: i64) -> Option<Finding> {
        let finding = match self.status.phase.as_str() {
            "Succeeded" => None,
            "Failed" => self.failed(),
            _ => self.terminating().or_else(|| self.unscheduled()).or_else(|| self.container(now)).or_else(|| self.unready()),
        }?;
        let node = self.spec.node_name.clone();
        let version = if finding.version.is_empty() { self.spec.version("").unwrap_or_default() } else { finding.version.clone() };
        Some(Finding { node, version, ..finding })
    }

    /// A pod of a job that failed is the job's to tell: it may be tried again.
    fn failed(&self) -> Option<Finding> {
        if self.metadata.controller().is_some_and(|owner| owner.kind == "Job") {
            return None;
        }
        let ended = self.all().filter_map(|status| Some((status, status.state.terminated.as_ref()?))).find(|(_, end)| end.exit_code != 0);
        let since = self.status.conditions.iter().map(Condition::since).max().unwrap_or(0);
        let since = if since > 0 { since } else { self.metadata.created() };
        Some(match (word(FAILED, &self.status.reason), ended) {
            (Some(cause), _) => Finding::new(RowState::Bad, cause, since, &*self.status.message),
            (None, Some((status, end))) => Finding::new(RowState::Bad, cause_of(end), since, self.told(status, end)),
            (None, None) => Finding::new(RowState::Bad, "Failed", since, [&*self.status.reason, &*self.status.message].join(" ")),
        })
    }

    /// The deletion's time already holds the grace period.
    fn terminating(&self) -> Option<Finding> {
        let since = unix(&self.metadata.deletion_timestamp);
        let finalizers = match self.metadata.finalizers.as_slice() {
            [] => String::new(),
            held => format!("waits for {}", held.join(", ")),
        };
        (since > 0).then(|| match self.status.reason.as_str() {
            "NodeLost" => Finding::new(RowState::Bad, "NodeNotReady", since, &*self.status.message),
            _ => Finding::new(RowState::Warn, "Terminating", since, finalizers).after(READY),
        })
    }

    fn unscheduled(&self) -> Option<Finding> {
        if !self.spec.node_name.is_empty() {
            return None;
        }
        let Some(waits) = is(&self.status.conditions, "PodScheduled", "False") else {
            return Some(Finding::new(RowState::Bad, "Unschedulable", self.metadata.created(), "no scheduler has looked at it yet").after(READY));
        };
        match waits.reason.as_str() {
            // Somebody wants it to wait.
            "SchedulingGated" => None,
            _ => Some(Finding::new(RowState::Bad, "Unschedulable", self.since_or(waits.since()), &*waits.message).after(5)),
        }
    }

    fn container(&self, now: i64) -> Option<Finding> {
        let since = self.since_or(is(&self.status.conditions, "Ready", "False").map_or(0, Condition::since));
        for status in self.all() {
            let last = status.last_state.terminated.as_ref();
            let finding = match (&status.state.waiting, &status.state.terminated, last) {
                (Some(waiting), ..) => {
                    let Some(cause) = word(WAITING, &waiting.reason) else { continue };
                    match last.filter(|_| cause == "CrashLoopBackOff") {
                        Some(end) if end.reason == "OOMKilled" => Finding::new(RowState::Bad, cause_of(end), since, self.told(status, end)),
                        Some(end) => Finding::new(RowState::Bad, cause, since, self.told(status, end)),
                        None => Finding::new(RowState::Bad, cause, since, format!("{}: {}", status.name, waiting.message)),
                    }
                }
                (None, Some(end), _) if end.exit_code != 0 => Finding::new(RowState::Bad, cause_of(end), since, self.told(status, end)),
                (None, None, Some(end)) if end.exit_code != 0 => {
                    let ended = unix(&end.finished_at);
                    if ended + REMEMBERED <= now {
                        continue;
                    }
                    let state = if status.ready { RowState::Warn } else { RowState::Bad };
                    Finding { until: ended + REMEMBERED, ..Finding::new(state, cause_of(end), ended, self.told(status, end)) }
                }
                _ => continue,
            };
            return Some(Finding { version: self.spec.version(&status.name).unwrap_or_default(), ..finding });
        }
        None
    }

    fn unready(&self) -> Option<Finding> {
        let ready = self.status.conditions.iter().find(|condition| condition.kind == "Ready");
        let since = self.since_or(ready.map_or(0, Condition::since));
        match self.status.phase.as_str() {
            "Pending" => {
                let waits = self.all().filter_map(|status| status.state.waiting.as_ref()).find(|waiting| !waiting.reason.is_empty());
                Some(Finding::new(RowState::Progress, STARTING, since, waits.map_or_else(String::new, |waits| waits.reason.clone())).after(START))
            }
            "Unknown" => Some(Finding::new(RowState::Unknown, "NodeNotReady", since, &*self.status.message)),
            _ => {
                let ready = ready.filter(|ready| ready.status != "True")?;
                // A pod that is done with all but its sidecars is not ready on purpose.
                (ready.reason != "PodCompleted").then(|| Finding::new(RowState::Warn, "NotReady", since, &*ready.message).after(READY))
            }
        }
    }

    fn since_or(&self, since: i64) -> i64 {
        if since > 0 { since } else { self.metadata.created() }
    }

    /// Containers in the order in which they hold the pod up.
    fn all(&self) -> impl Iterator<Item = &ContainerStatus> {
        self.status.init_container_statuses.iter().chain(&self.status.container_statuses)
    }

    /// How a container ended, and how often.
    fn told(&self, status: &ContainerStatus, end: &Terminated) -> String {
        let how = if end.signal == 0 { format!("exit {}", end.exit_code) } else { format!("signal {}", end.signal) };
        let restarts = match status.restart_count {
            0 => String::new(),
            1 => ", 1 restart".to_owned(),
            count => format!(", {count} restarts"),
        };
        let said = end.message.lines().next().filter(|line| !line.is_empty()).map_or_else(String::new, |line| format!(": {line}"));
        format!("{} {how}{restarts}{said}", status.name)
    }
}

/// How a container ended, in one word.
fn cause_of(end: &Terminated) -> &'static str {
    match end.reason.as_str() {
        "OOMKilled" => "OOMKilled",
        "ContainerCannotRun" | "StartError" => "RunError",
        "DeadlineExceeded" => "Deadline",
        "ContainerStatusUnknown" => "NodeNotReady",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z

    fn finding(status: Value) -> Option<Finding> {
        let spec = json!({"nodeName": "n1", "containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "x:2"}]});
        let object = json!({"metadata": {"name": "p", "creationTimestamp": "2025-12-31T23:00:00Z"}, "spec": spec, "status": status});
        serde_json::from_value::<Pod>(object).unwrap().finding(NOW)
    }

    /// Statuses as kubelet and scheduler write them (Kubernetes documentation, "Debug Pods" and "Pod Lifecycle").
    #[test]
    fn each_status_has_one_word() {
        let one =
            |state: Value| json!({"phase": "Running", "containerStatuses": [{"name": "a", "state": {"running": {}}}, {"name": "b", "state": state}]});
        let waits = |reason: &str| one(json!({"waiting": {"reason": reason, "message": "m"}}));
        let cases = [
            (waits("ImagePullBackOff"), "ImagePull", RowState::Bad),
            (waits("CreateContainerConfigError"), "ConfigError", RowState::Bad),
            (waits("CrashLoopBackOff"), "CrashLoopBackOff", RowState::Bad),
            (one(json!({"terminated": {"reason": "OOMKilled", "exitCode": 137}})), "OOMKilled", RowState::Bad),
            (one(json!({"terminated": {"reason": "Error", "exitCode": 1}})), "Error", RowState::Bad),
            (json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}), "Evicted", RowState::Bad),
            (
                json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]}),
                "NotReady",
                RowState::Warn,
            ),
            (json!({"phase": "Pending"}), "Starting", RowState::Progress),
        ];
        for (status, cause, state) in cases {
            let found = finding(status.clone()).unwrap_or_else(|| panic!("{status}"));
            assert_eq!((found.cause, found.state), (cause, state), "{status}");
        }
        for well in [
            json!({"phase": "Succeeded"}),
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "a", "ready": true}]}),
        ] {
            assert_eq!(finding(well.clone()), None, "{well}");
        }
    }

    #[test]
    fn the_image_is_that_of_the_container_that_fails() {
        let found =
            finding(json!({"phase": "Running", "containerStatuses": [{"name": "b", "state": {"waiting": {"reason": "ErrImagePull"}}}]})).unwrap();
        assert_eq!(found.version, "2");
    }

    #[test]
    fn what_ended_a_while_ago_and_runs_since_is_forgiven() {
        let ended = |at: &str| {
            json!({"phase": "Running", "containerStatuses": [{"name": "a", "ready": true, "restartCount": 2, "state": {"running": {}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": at}}}],
                "conditions": [{"type": "Ready", "status": "True"}]})
        };
        let found = finding(ended("2025-12-31T23:55:00Z")).unwrap();
        assert_eq!((found.cause, found.state, found.until), ("OOMKilled", RowState::Warn, NOW - 300 + REMEMBERED));
        assert_eq!(finding(ended("2025-12-31T23:40:00Z")), None);
    }

    #[test]
    fn the_scheduler_is_quoted() {
        let message = "0/3 nodes are available: 3 Insufficient memory.";
        let object = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]},
            "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]}});
        let found = serde_json::from_value::<Pod>(object).unwrap().finding(NOW).unwrap();
        assert_eq!((found.cause, found.message.as_str()), ("Unschedulable", message));
    }
}
