//! Rows of the controllers of pods: deployments with their own columns, and all of them in the mixed view.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Cell, Cells, Condition, Gvk, Interner, Meta, RowState, condition};

/// The specs and statuses of deployments, stateful sets, daemon sets, jobs and cron jobs, laid over one another.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Workload {
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default, transparent)]
pub(super) struct Deployment(Workload);

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<u32>,
    completions: Option<u32>,
    suspend: bool,
    schedule: String,
    template: Template,
    selector: Selector,
}

/// `metav1.LabelSelector`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Selector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Expression>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Expression {
    key: String,
    operator: String,
    values: BTreeSet<String>,
}

impl Selector {
    /// As the API machinery writes selectors: by key, `app=web,tier in (a,b),!canary`.
    fn text(&self) -> String {
        let labels = self.match_labels.iter().map(|(key, value)| (key.as_str(), format!("{key}={value}")));
        let one = |it: &Expression| {
            let values = it.values.iter().map(String::as_str).collect::<Vec<_>>().join(",");
            match it.operator.as_str() {
                "Exists" => it.key.clone(),
                "DoesNotExist" => format!("!{}", it.key),
                operator => format!("{} {} ({values})", it.key, operator.to_lowercase()),
            }
        };
        let mut parts: Vec<(&str, String)> = labels.chain(self.match_expressions.iter().map(|it| (it.key.as_str(), one(it)))).collect();
        parts.sort_by_key(|(key, _)| *key);
        parts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",")
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    spec: PodSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodSpec {
    containers: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
    image: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    ready_replicas: u32,
    updated_replicas: u32,
    available_replicas: u32,
    number_ready: u32,
    desired_number_scheduled: u32,
    updated_number_scheduled: u32,
    succeeded: u32,
    active: Active,
    conditions: Vec<Condition>,
}

/// A job counts its active pods, a cron job lists its active jobs.
#[derive(Deserialize)]
#[serde(untagged)]
enum Active {
    Count(u32),
    List(Vec<serde::de::IgnoredAny>),
}

impl Default for Active {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl Active {
    fn count(&self) -> u32 {
        match self {
            Self::Count(count) => *count,
            Self::List(list) => u32::try_from(list.len()).unwrap_or(u32::MAX),
        }
    }
}

impl Workload {
    fn images(&self) -> String {
        let images: BTreeSet<&str> = self.spec.template.spec.containers.iter().map(|container| container.image.as_str()).collect();
        images.into_iter().collect::<Vec<_>>().join(",")
    }

    /// Ready, wanted, and up to date.
    fn numbers(&self, kind: &str) -> (u32, u32, u32) {
        let status = &self.status;
        match kind {
            "DaemonSet" => (status.number_ready, status.desired_number_scheduled, status.updated_number_scheduled),
            "Job" => (status.succeeded, self.spec.completions.unwrap_or(1), self.spec.completions.unwrap_or(1)),
            "CronJob" => (status.active.count(), status.active.count(), status.active.count()),
            _ => (status.ready_replicas, self.spec.replicas.unwrap_or(1), status.updated_replicas),
        }
    }

    fn state(&self, kind: &str) -> (RowState, &'static str) {
        let (ready, wanted, updated) = self.numbers(kind);
        let conditions = &self.status.conditions;
        let is = |name: &str, value: &str| condition(conditions, name).is_some_and(|it| it.status == value);
        let rolled_out = condition(conditions, "Progressing").is_none_or(|it| it.reason == "NewReplicaSetAvailable");
        match kind {
            "Job" if is("Failed", "True") => (RowState::Bad, "Failed"),
            "Job" if is("Complete", "True") => (RowState::Done, "Complete"),
            "Job" if self.spec.suspend => (RowState::Done, "Suspended"),
            "Job" => (RowState::Progress, "Running"),
            "CronJob" if self.spec.suspend => (RowState::Done, "Suspended"),
            "CronJob" => (RowState::Fine, "Scheduled"),
            _ if wanted == 0 => (RowState::Done, "Scaled to 0"),
            _ if is("Progressing", "False") => (RowState::Bad, "Stalled"),
            _ if ready >= wanted && updated >= wanted => (RowState::Fine, "Available"),
            _ if ready >= wanted || !rolled_out => (RowState::Progress, "Rolling out"),
            _ if ready == 0 => (RowState::Bad, "Unavailable"),
            _ => (RowState::Warn, "Degraded"),
        }
    }

    fn ready(&self, kind: &str) -> Cell {
        let (ready, wanted, _) = self.numbers(kind);
        if kind == "CronJob" { Cell::Number(ready.into()) } else { Cell::Ratio(ready, wanted) }
    }
}

impl Cells for Workload {
    fn cells(&self, _: &Meta, gvk: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>) {
        let (state, status) = self.state(&gvk.kind);
        let status = if self.spec.schedule.is_empty() { status.to_owned() } else { format!("{status} {}", self.spec.schedule) };
        (state, vec![Cell::Text(gvk.kind.clone()), self.ready(&gvk.kind), words.cell(&status), words.cell(&self.images())])
    }

    /// A job that a cron job made is told by the cron job's row.
    fn hidden(&self, meta: &Meta) -> bool {
        !meta.owner_references.is_empty()
    }
}

impl Cells for Deployment {
    fn cells(&self, _: &Meta, gvk: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>) {
        let (state, status) = self.0.state(&gvk.kind);
        let numbers = [self.0.status.updated_replicas, self.0.status.available_replicas].map(|count| Cell::Number(count.into()));
        let [updated, available] = numbers;
        let all = |part: fn(&Container) -> &str| self.0.spec.template.spec.containers.iter().map(part).collect::<Vec<_>>().join(",");
        let made_of = [all(|container| &container.name), all(|container| &container.image), self.0.spec.selector.text()];
        let counts = [self.0.ready(&gvk.kind), words.cell(status), updated, available];
        (state, counts.into_iter().chain(made_of.iter().map(|text| words.cell(text))).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(kind: &str, object: serde_json::Value) -> (RowState, &'static str) {
        serde_json::from_value::<Workload>(object).unwrap().state(kind)
    }

    #[test]
    fn a_deployment_without_ready_pods_failed_unless_it_still_rolls_out() {
        let with = |reason: &str, status: &str| json!({"spec": {"replicas": 2}, "status": {"updatedReplicas": 2, "conditions": [{"type": "Progressing", "status": status, "reason": reason}]}});
        assert_eq!(state("Deployment", with("NewReplicaSetAvailable", "True")).0, RowState::Bad);
        assert_eq!(state("Deployment", with("ReplicaSetUpdated", "True")).0, RowState::Progress);
        assert_eq!(state("Deployment", with("ProgressDeadlineExceeded", "False")), (RowState::Bad, "Stalled"));
        assert_eq!(state("Deployment", json!({"spec": {"replicas": 0}})).0, RowState::Done);
    }

    #[test]
    fn a_cron_jobs_active_is_a_list_and_a_jobs_a_number() {
        assert_eq!(state("CronJob", json!({"spec": {"schedule": "* * * * *"}, "status": {"active": [{"name": "x"}]}})).0, RowState::Fine);
        assert_eq!(state("Job", json!({"spec": {}, "status": {"active": 1}})).0, RowState::Progress);
    }
}
