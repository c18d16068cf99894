//! What keeps pods running: Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob. Their pods stand one by one, the worst first.

use serde_json::Value;

use super::general::how_many;
use super::read::{Facts, at, conditions, count, is, joined, list, listed, moment, owner, paired, selector, text, troubles, whole, words};
use super::{Around, Description, Fact, Said, Section, controlled, controls, pod, unread};
use crate::cluster::rows::{Cell, Row, RowState};
use crate::names::{ObjectKey, Problem};
use crate::text::age::human;

/// Pods that are listed one by one.
const PODS: usize = 12;

/// A label that holds no name.
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

pub(super) async fn deployment(around: &Around<'_>, object: &Value) -> Description {
    let mut facts = Facts::default();
    let [wanted, ready] = [count(object, "/spec/replicas"), count(object, "/status/readyReplicas")];
    let each = ["updatedReplicas", "replicas", "availableReplicas", "unavailableReplicas"].map(|part| count(object, &format!("/status/{part}")));
    let [updated, total, available, unavailable] = each;
    facts.put("replicas", format!("{ready} of {wanted} ready"), how_many(ready, wanted));
    paused(&mut facts, object, "/spec/paused");
    let sets = around.list("replicasets.apps", &query(object)).await;
    facts.0.extend(rollout(&sets, object));
    let counts = format!("{wanted} desired, {updated} updated, {total} total, {available} available, {unavailable} unavailable");
    facts.add("replica counts", counts);
    facts.add("strategy", strategy(object));
    facts.take(object, &[("min ready seconds", "/spec/minReadySeconds"), ("progress deadline", "/spec/progressDeadlineSeconds")]);
    let (history, newest) = match &sets {
        Ok(sets) => (sets_table(sets, object), controlled(sets, object).max_by_key(|set| revision(set)).cloned()),
        Err(problem) => (Facts(unread("replica sets", problem).into_iter().collect()).titled("replica sets"), None),
    };
    let owners: Vec<&Value> = sets.iter().flatten().filter(|set| controls(object, set)).collect();
    let mut described = with_pods(around, object, &owners, facts, history).await;
    if let Some(newest) = newest.filter(|_| ready < wanted) {
        described.about.push(key_of(around, "replicasets.apps", &newest).await.unwrap_or_else(|_| around.key.clone()));
    }
    described
}

pub(super) async fn replica_set(around: &Around<'_>, object: &Value) -> Description {
    let mut facts = Facts::default();
    let [current, wanted, ready] = [count(object, "/status/replicas"), count(object, "/spec/replicas"), count(object, "/status/readyReplicas")];
    facts.put("replicas", format!("{ready} of {wanted} ready: {current} current, {wanted} desired"), how_many(ready, wanted));
    facts.add("rollout", at(object, REVISION));
    with_pods(around, object, &[object], facts, None).await
}

pub(super) async fn stateful_set(around: &Around<'_>, object: &Value) -> Description {
    let mut facts = Facts::default();
    let [total, wanted, ready] = [count(object, "/status/replicas"), count(object, "/spec/replicas"), count(object, "/status/readyReplicas")];
    facts.put("replicas", format!("{ready} of {wanted} ready: {wanted} desired, {total} total"), how_many(ready, wanted));
    let rolling = paired(object, "/spec/updateStrategy/rollingUpdate", " ");
    let strategy = at(object, "/spec/updateStrategy/type");
    facts.add("update strategy", if rolling.is_empty() { strategy } else { format!("{strategy}: {rolling}") });
    facts.take(object, &[("service", "/spec/serviceName"), ("pod management", "/spec/podManagementPolicy")]);
    with_pods(around, object, &[object], facts, claims(object)).await
}

pub(super) async fn daemon_set(around: &Around<'_>, object: &Value) -> Description {
    let mut facts = Facts::default();
    let [wanted, ready] = ["desiredNumberScheduled", "numberReady"].map(|part| count(object, &format!("/status/{part}")));
    facts.put("nodes", format!("{ready} of {wanted} ready"), how_many(ready, wanted));
    let parts = [
        ("desired", "desiredNumberScheduled"),
        ("current", "currentNumberScheduled"),
        ("up to date", "updatedNumberScheduled"),
        ("available", "numberAvailable"),
        ("misscheduled", "numberMisscheduled"),
    ];
    facts.add("scheduled", joined(parts.iter().map(|(label, part)| format!("{} {label}", count(object, &format!("/status/{part}"))))));
    let rolling = paired(object, "/spec/updateStrategy/rollingUpdate", " ");
    facts.add("update strategy", format!("{} {rolling}", at(object, "/spec/updateStrategy/type")).trim_end().to_owned());
    with_pods(around, object, &[object], facts, None).await
}

pub(super) async fn job(around: &Around<'_>, object: &Value) -> Description {
    let mut facts = Facts::default();
    let [active, ready, succeeded, failed] = ["active", "ready", "succeeded", "failed"].map(|part| count(object, &format!("/status/{part}")));
    let state = match (failed, active) {
        (1.., 0) if succeeded == 0 => RowState::Bad,
        (1.., _) => RowState::Warn,
        (0, 1..) => RowState::Progress,
        _ => RowState::Fine,
    };
    facts.put("pod statuses", format!("{active} active ({ready} ready), {succeeded} succeeded, {failed} failed"), state);
    paused(&mut facts, object, "/spec/suspend");
    facts.take(object, &[("start time", "/status/startTime"), ("completed at", "/status/completionTime")]);
    if let Some((from, to)) = moment(object, "/status/startTime").zip(moment(object, "/status/completionTime")) {
        facts.add("duration", human(to - from));
    }
    facts.0.extend(job_spec(&object["spec"]).0);
    facts.take(object, &[("completed indexes", "/status/completedIndexes"), ("failed indexes", "/status/failedIndexes")]);
    with_pods(around, object, &[object], facts, None).await
}

fn job_spec(spec: &Value) -> Facts {
    let mut facts = Facts::default();
    facts.take(
        spec,
        &[
            ("parallelism", "/parallelism"),
            ("completions", "/completions"),
            ("completion mode", "/completionMode"),
            ("suspend", "/suspend"),
            ("backoff limit", "/backoffLimit"),
            ("ttl after finished", "/ttlSecondsAfterFinished"),
        ],
    );
    if let Some(seconds) = whole(spec, "/activeDeadlineSeconds") {
        facts.add("active deadline", format!("{seconds}s"));
    }
    facts
}

pub(super) async fn cron_job(around: &Around<'_>, object: &Value) -> Description {
    let mut facts = Facts::default();
    let zone = at(object, "/spec/timeZone");
    facts.add("schedule", format!("{} {zone}", at(object, "/spec/schedule")).trim_end().to_owned());
    facts.add("suspend", if is(object, "/spec/suspend") { "True" } else { "False" });
    facts.take(object, &[("last schedule time", "/status/lastScheduleTime"), ("last success", "/status/lastSuccessfulTime")]);
    let active = joined(list(object, "/status/active").map(|one| at(one, "/name")));
    facts.add("active jobs", if active.is_empty() { "none".to_owned() } else { active });
    facts.take(
        object,
        &[
            ("concurrency policy", "/spec/concurrencyPolicy"),
            ("successful jobs kept", "/spec/successfulJobsHistoryLimit"),
            ("failed jobs kept", "/spec/failedJobsHistoryLimit"),
        ],
    );
    if let Some(seconds) = whole(object, "/spec/startingDeadlineSeconds") {
        facts.add("starting deadline", format!("{seconds}s"));
    }
    facts.add("controlled by", owner(object));
    facts.take(object, &[("created", "/metadata/creationTimestamp")]);
    let jobs = around.list("jobs.batch", "").await.map(|jobs| jobs_table(&jobs, object));
    let jobs = jobs.unwrap_or_else(|problem| Facts(unread("jobs", &problem).into_iter().collect()).titled("jobs"));
    let spec = &object["spec"]["jobTemplate"]["spec"];
    let mut job = job_spec(spec);
    if let Some(found) = spec.get("selector") {
        job.add("selector", selector(found));
    }
    let sections = jobs.into_iter().chain(job.titled("job template")).chain(pod::template(&spec["template"])).chain(words(object)).collect();
    Description { facts: facts.0, sections, about: Vec::new() }
}

/// The last jobs of a cron job, the newest first.
fn jobs_table(jobs: &[Value], object: &Value) -> Option<Section> {
    let mut own: Vec<&Value> = controlled(jobs, object).collect();
    own.sort_by_key(|job| std::cmp::Reverse(moment(job, "/metadata/creationTimestamp")));
    let row = |job: &&Value| {
        let [succeeded, failed] = ["succeeded", "failed"].map(|part| count(job, &format!("/status/{part}")));
        let state = if list(job, "/status/conditions").any(|one| at(one, "/type") == "Failed" && at(one, "/status") == "True") {
            RowState::Bad
        } else {
            RowState::Fine
        };
        let when = moment(job, "/metadata/creationTimestamp").map_or_else(Said::default, |then| Said::default().ago(then).and(" "));
        Fact::new(at(job, "/metadata/name"), when.and(format!("{succeeded} succeeded, {failed} failed")), state)
    };
    Facts(own.iter().take(PODS).map(row).collect()).titled("jobs")
}

/// A switch that keeps everything from happening.
fn paused(facts: &mut Facts, object: &Value, pointer: &str) {
    if is(object, pointer) {
        facts.put(pointer.rsplit('/').next().unwrap_or_default(), "True", RowState::Warn);
    }
}

fn strategy(object: &Value) -> String {
    let kind = at(object, "/spec/strategy/type");
    let [unavailable, surge] = ["maxUnavailable", "maxSurge"].map(|part| at(object, &format!("/spec/strategy/rollingUpdate/{part}")));
    if unavailable.is_empty() && surge.is_empty() { kind } else { format!("{kind}: {unavailable} max unavailable, {surge} max surge") }
}

fn query(object: &Value) -> String {
    let selector = object.pointer("/spec/selector").map(selector).unwrap_or_default();
    if selector.is_empty() { selector } else { format!("labelSelector={}", crate::cluster::wire::encode(&selector)) }
}

fn revision(set: &Value) -> i64 {
    at(set, REVISION).parse().unwrap_or(0)
}

fn images(set: &Value) -> String {
    joined(list(set, "/spec/template/spec/containers").map(|one| at(one, "/image")))
}

/// `8 since 41m: cart:2.3.0 → cart:2.4.0`.
fn rollout(sets: &Result<Vec<Value>, Problem>, object: &Value) -> Option<Fact> {
    let mut own: Vec<&Value> = controlled(sets.as_ref().ok()?, object).collect();
    own.sort_by_key(|set| std::cmp::Reverse(revision(set)));
    let newest = own.first()?;
    let since = moment(newest, "/metadata/creationTimestamp");
    let number = at(newest, REVISION);
    let begun = if number.is_empty() { "begun " } else { ", begun " };
    let said = Said::from(number);
    let said = since.map_or(said.clone(), |since| said.and(begun).ago(since));
    let change = own.get(1).map(|before| (images(before), images(newest))).filter(|(before, now)| before != now);
    Some(Fact::new("rollout", said.and(change.map_or_else(String::new, |(before, now)| format!(": {before} → {now}"))), RowState::Fine))
}

/// The rollouts there are, the newest first.
fn sets_table(sets: &[Value], object: &Value) -> Option<Section> {
    let mut own: Vec<&Value> = controlled(sets, object).collect();
    own.sort_by_key(|set| std::cmp::Reverse(revision(set)));
    let row = |set: &&Value| Fact {
        more: vec![
            format!("{}/{}", count(set, "/status/replicas"), count(set, "/spec/replicas")).into(),
            at(set, REVISION).into(),
            images(set).into(),
            moment(set, "/metadata/creationTimestamp").map_or_else(Said::default, |since| Said::default().since(since)),
        ],
        ..Fact::new(at(set, "/metadata/name"), "", RowState::Fine)
    };
    let heads = ["REPLICA SET", "REPLICAS", "ROLLOUT", "IMAGES", "AGE"].map(str::to_owned).to_vec();
    let facts: Vec<Fact> = own.iter().take(PODS).map(row).collect();
    (!facts.is_empty()).then(|| Section { title: "replica sets".into(), heads, facts })
}

/// What each pod of a stateful set claims.
fn claims(object: &Value) -> Option<Section> {
    let mut facts = Facts::default();
    for claim in list(object, "/spec/volumeClaimTemplates") {
        let size = at(claim, "/spec/resources/requests/storage");
        let size = if size.is_empty() { "default size".to_owned() } else { size };
        let class = at(claim, "/spec/storageClassName");
        let class = if class.is_empty() { "the default class".to_owned() } else { class };
        let words = [paired(claim, "/metadata/labels", "="), paired(claim, "/metadata/annotations", "=")];
        let words: Vec<String> = words.into_iter().filter(|words| !words.is_empty()).collect();
        let said = [format!("{size} of {class}, {}", listed(claim, "/spec/accessModes"))].into_iter().chain(words);
        facts.add(at(claim, "/metadata/name"), joined(said));
    }
    facts.titled("volume claims")
}

/// Adds the pods of these owners, conditions, template and labels to what was told of a workload.
async fn with_pods(around: &Around<'_>, object: &Value, owners: &[&Value], mut facts: Facts, own: Option<Section>) -> Description {
    let selector = object.pointer("/spec/selector").map(selector).unwrap_or_default();
    let mut about = Vec::new();
    facts.0.extend(troubles(object));
    match around.pods(&selector).await {
        Err(problem) => facts.0.extend(unread("pods", &problem)),
        Ok(pods) => {
            let theirs: Vec<Value> = pods.into_iter().filter(|pod| owners.iter().any(|owner| controls(owner, pod))).collect();
            let rows = around.rows(&theirs).await;
            about.extend(rows.first().filter(|row| row.state >= RowState::Warn).map(Row::key));
            facts.0.extend(rows.iter().take(PODS).map(|row| Fact::new("pod", pod_line(row), row.state)));
            if rows.len() > PODS {
                facts.add("pod", format!("and {} more", rows.len() - PODS));
            }
            facts.add("pods status", phases(&theirs));
        }
    }
    facts.add("images", images(object));
    facts.add("selector", selector);
    facts.add("controlled by", owner(object));
    facts.take(object, &[("created", "/metadata/creationTimestamp"), ("deleted", "/metadata/deletionTimestamp")]);
    let sections = own.into_iter().chain(conditions(object)).chain(pod::template(&object["spec"]["template"])).chain(words(object)).collect();
    Description { facts: facts.0, sections, about }
}

/// `2 running, 1 waiting`, by phase as kubectl counts them.
fn phases(pods: &[Value]) -> String {
    let of = |phase: &str| pods.iter().filter(|pod| at(pod, "/status/phase") == phase).count();
    let words = [("Running", "running"), ("Pending", "waiting"), ("Succeeded", "succeeded"), ("Failed", "failed")];
    joined(words.iter().map(|(phase, word)| format!("{} {word}", of(phase))))
}

fn pod_line(pod: &Row) -> String {
    let cell = |at: usize| {
        pod.cells.get(at).map(|cell| match cell {
            Cell::Restarts(0, _) => String::new(),
            Cell::Restarts(count, _) => format!("{count} restarts"),
            other => other.show(0).into_owned(),
        })
    };
    let parts: Vec<String> = (0..4).filter_map(cell).filter(|text| !text.is_empty()).collect();
    format!("{}  {}", pod.name, parts.join("  "))
}

async fn key_of(around: &Around<'_>, kind: &str, object: &Value) -> Result<ObjectKey, Problem> {
    let gvk = around.kind(kind).await?.gvk;
    let name = at(object, "/metadata/name").into();
    Ok(ObjectKey { gvk, name, uid: text(&object["metadata"]["uid"]).into(), ..around.key.clone() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(name: &str, revision: &str, image: &str, owner: &str) -> Value {
        json!({"metadata": {"name": name, "creationTimestamp": "2026-05-12T13:22:00Z", "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"uid": owner, "controller": true}]}, "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": image}]}}}, "status": {"replicas": 2}})
    }

    #[test]
    fn the_last_rollout_is_told_by_what_it_changed() {
        let deployment = json!({"metadata": {"uid": "a"}});
        let sets = vec![set("cart-1", "9", "cart:2.3.0", "a"), set("cart-2", "10", "cart:2.4.0", "a"), set("else", "99", "else:1", "b")];
        // 2026-05-12T14:04:00Z
        assert_eq!(rollout(&Ok(sets.clone()), &deployment).unwrap().said.show(1_778_594_640), "10, begun 42m ago: cart:2.3.0 → cart:2.4.0");
        let table = sets_table(&sets, &deployment).unwrap();
        assert_eq!(table.facts.iter().map(|fact| fact.label.as_str()).collect::<Vec<_>>(), ["cart-2", "cart-1"]);
    }
}
