//! One small state machine an object, as in the real controllers: deployment → replica set → pods → containers. What a person writes is what they act upon.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::Instant;

use super::Options;
use super::kinds::Kind;
use super::scenario::{
    BULK, FAILING, NODES, condition, crashed, hash, pod_name, pod_of, pod_status, replica_set, report, revision, running, set_name, stamp, time,
};
use super::store::{Change, Expected, Place, Store};

/// Runs until it is aborted.
pub(super) async fn run(store: Arc<Store>, options: Options) {
    let mut changes = store.subscribe();
    let mut world = World { store, still: options.still, lives: HashMap::new(), made: options.seed };
    world.adopt();
    loop {
        world.reconcile();
        let due = world.lives.values().filter_map(|life| life.due).min();
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timer => world.advance(),
            news = relevant(&mut changes) => if news.is_err() { return },
        }
    }
}

/// Waits for a change a controller cares for; those of bulk pods and events are none.
async fn relevant(changes: &mut tokio::sync::broadcast::Receiver<Arc<Change>>) -> Result<(), RecvError> {
    let cares = |change: &Change| !change.place.1.starts_with(BULK) && change.place.0 != "events";
    loop {
        match changes.recv().await {
            Ok(change) if cares(&change) => break,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => break,
            Err(closed) => return Err(closed),
        }
    }
    // What else has come is answered by the same look at the world.
    while !matches!(changes.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
    Ok(())
}

struct World {
    store: Arc<Store>,
    still: bool,
    lives: HashMap<Place, Life>,
    /// How many names were made, so that no two are alike.
    made: u64,
}

/// A pod as its kubelet knows it.
struct Life {
    stage: Stage,
    due: Option<Instant>,
    restarts: u32,
    started: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Unscheduled,
    Creating,
    Starting,
    Works,
    /// Runs, and will run out of memory.
    Doomed,
    BackOff,
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn after(duration: Duration) -> Option<Instant> {
    Some(Instant::now() + duration)
}

/// The kubelet's back-off: ten seconds, doubled, five minutes at most.
fn back_off(restarts: u32) -> Duration {
    Duration::from_secs(10u64.saturating_mul(1 << restarts.min(5)).min(300))
}

fn count(value: &Value) -> u32 {
    value.as_u64().and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}

fn owned_by(object: &Value, owner: &Value) -> bool {
    object["metadata"]["ownerReferences"].as_array().is_some_and(|all| all.iter().any(|one| one["uid"] == owner["metadata"]["uid"]))
}

fn is_ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"].as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|one| one["ready"] == true))
}

impl World {
    fn of(&self, kind: &str, namespace: Option<&str>) -> Vec<(Place, Value)> {
        let Some(kind) = Kind::named(kind) else { return Vec::new() };
        let (_, found) = self.store.list(kind, namespace, None, usize::MAX);
        found.into_iter().map(|(place, stored)| (place, stored.value())).collect()
    }

    /// Pods that were there before the controllers.
    fn adopt(&mut self) {
        for (place, pod) in self.of("Pod", Some("shop")) {
            let crashing = pod.pointer("/status/containerStatuses/0/state/waiting").is_some();
            let restarts = count(&pod["status"]["containerStatuses"][0]["restartCount"]);
            let due = if crashing && !self.still { after(Duration::from_secs(20 + hash(&[&place.2]) % 60)) } else { None };
            let stage = if crashing { Stage::BackOff } else { Stage::Works };
            self.lives.insert(place, Life { stage, due, restarts, started: now() - 10_800 });
        }
    }

    /// One look at everything, until there is nothing left to do.
    fn reconcile(&mut self) {
        for _ in 0..8 {
            let before = self.store.version();
            for (place, deployment) in self.of("Deployment", None) {
                self.deployment(&place, &deployment);
            }
            for (place, set) in self.of("ReplicaSet", None) {
                self.set(&place, &set, "Deployment");
            }
            for (place, set) in self.of("StatefulSet", None) {
                self.set(&place, &set, "");
            }
            self.pods();
            if self.store.version() == before {
                return;
            }
        }
    }

    /// The deployment controller: a replica set for the template, old ones down as the new one comes up.
    fn deployment(&mut self, place: &Place, deployment: &Value) {
        let wanted = deployment["spec"]["replicas"].as_u64().map_or(1, |_| count(&deployment["spec"]["replicas"]));
        let name = set_name(&place.2, &deployment["spec"]["template"]);
        let sets: Vec<_> = self.of("ReplicaSet", Some(&place.1)).into_iter().filter(|(_, set)| owned_by(set, deployment)).collect();
        let new_ready = sets.iter().find(|(place, _)| place.2 == name).map(|(_, set)| count(&set["status"]["readyReplicas"]));
        let others = sets.iter().any(|(place, set)| place.2 != name && count(&set["spec"]["replicas"]) > 0);
        let target = match new_ready {
            // One more than works, until all do: maxSurge 1, maxUnavailable 0.
            Some(ready) if others => wanted.min(ready + 1),
            Some(_) => wanted,
            None => {
                let numbers =
                    sets.iter().filter_map(|(_, set)| set["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str()?.parse().ok());
                let number = numbers.max().unwrap_or(0) + 1;
                self.make("ReplicaSet", &place.1, &name, revision(replica_set(deployment, if others { 1 } else { wanted }, 0), number));
                let message = format!("Scaled up replica set {name} to {wanted}");
                self.event(
                    &("deployments", place.1.clone(), place.2.clone()),
                    "Deployment",
                    "Normal",
                    "ScalingReplicaSet",
                    &message,
                    "deployment-controller",
                );
                return;
            }
        };
        for (set_place, set) in &sets {
            let replicas =
                if set_place.2 == name { target } else { wanted.saturating_sub(new_ready.unwrap_or(0)).min(count(&set["spec"]["replicas"])) };
            self.write(set_place, |set| set["spec"]["replicas"] = json!(replicas));
        }
        self.deployment_status(place, deployment, wanted, &name, &sets);
    }

    fn deployment_status(&mut self, place: &Place, deployment: &Value, wanted: u32, name: &str, sets: &[(Place, Value)]) {
        let sum = |field: &str| sets.iter().map(|(_, set)| count(&set["status"][field])).sum::<u32>();
        let (replicas, ready) = (sum("replicas"), sum("readyReplicas"));
        let new = sets.iter().find(|(place, _)| place.2 == name);
        let updated = new.map_or(0, |(_, set)| count(&set["status"]["replicas"]));
        let new_ready = new.map_or(0, |(_, set)| count(&set["status"]["readyReplicas"]));
        // Once a rollout was complete it stays so, even when its pods fail later.
        let was_complete =
            deployment["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(|one| one["reason"] == "NewReplicaSetAvailable"))
                && deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"];
        let complete = was_complete || new_ready >= wanted && replicas == updated;
        let old = deployment["status"]["conditions"].clone();
        let keep = |kind: &str, holds: bool, reason: &str| {
            let same = old.as_array().and_then(|all| all.iter().find(|one| one["type"] == kind && one["reason"] == reason)).cloned();
            same.unwrap_or_else(|| condition(kind, holds, reason, now()))
        };
        let available = ready >= wanted;
        let conditions = json!([
            keep("Available", available, if available { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" }),
            keep("Progressing", true, if complete { "NewReplicaSetAvailable" } else { "ReplicaSetUpdated" }),
        ]);
        let status = json!({"observedGeneration": deployment["metadata"]["generation"], "replicas": replicas, "updatedReplicas": updated, "readyReplicas": ready,
            "availableReplicas": ready, "unavailableReplicas": wanted.saturating_sub(ready), "conditions": conditions});
        self.write(place, |it| it["status"] = status);
    }

    /// The replica set and the stateful set controllers: as many pods as wanted. A set whose owner is gone goes too.
    fn set(&mut self, place: &Place, set: &Value, owner_kind: &str) {
        if !owner_kind.is_empty() && self.orphaned(set, &[owner_kind]) {
            _ = self.store.delete(place, &Expected::default());
            return;
        }
        let wanted = count(&set["spec"]["replicas"]);
        let mut pods: Vec<_> = self.of("Pod", Some(&place.1)).into_iter().filter(|(_, pod)| owned_by(pod, set)).collect();
        let have = u32::try_from(pods.len()).unwrap_or(u32::MAX);
        let ready = u32::try_from(pods.iter().filter(|(_, pod)| is_ready(pod)).count()).unwrap_or(u32::MAX);
        let ordinal = place.0 == "statefulsets";
        for _ in have..wanted {
            let name = if ordinal { self.free_ordinal(place) } else { self.fresh_name(set) };
            self.make("Pod", &place.1, &name, pod_of(set, ""));
            let kind = if ordinal { "StatefulSet" } else { "ReplicaSet" };
            self.event(place, kind, "Normal", "SuccessfulCreate", &format!("Created pod: {name}"), "replicaset-controller");
        }
        // Those that do not work go first, then the youngest.
        pods.sort_by_key(|(place, pod)| {
            (is_ready(pod), std::cmp::Reverse(if ordinal { place.2.clone() } else { pod["metadata"]["creationTimestamp"].to_string() }))
        });
        for (pod, _) in pods.iter().take(have.saturating_sub(wanted) as usize) {
            _ = self.store.delete(pod, &Expected::default());
        }
        let status = json!({"observedGeneration": set["metadata"]["generation"], "replicas": have.min(wanted), "readyReplicas": ready.min(wanted), "availableReplicas": ready.min(wanted)});
        self.write(place, |it| {
            if let (Some(old), Value::Object(new)) = (it["status"].as_object_mut(), status) {
                old.extend(new);
            }
        });
    }

    fn orphaned(&self, object: &Value, kinds: &[&str]) -> bool {
        let owners = object["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        let lost = |owner: &Value| {
            let Some(kind) = owner["kind"].as_str().filter(|kind| kinds.contains(kind)).and_then(Kind::named) else { return false };
            let place = (kind.plural, namespace.to_owned(), owner["name"].as_str().unwrap_or_default().to_owned());
            self.store.get(&place).is_none_or(|stored| stored.value()["metadata"]["uid"] != owner["uid"])
        };
        owners.iter().any(lost)
    }

    fn free_ordinal(&self, place: &Place) -> String {
        let name = |ordinal: u32| format!("{}-{ordinal}", place.2);
        (0..).map(name).find(|name| self.store.get(&("pods", place.1.clone(), name.clone())).is_none()).unwrap_or_default()
    }

    fn fresh_name(&mut self, set: &Value) -> String {
        self.made += 1;
        pod_name(set, self.made.wrapping_mul(0x9e37_79b9) ^ self.store.version())
    }

    /// Pods nobody owns any more end; new ones get a life.
    fn pods(&mut self) {
        for (place, pod) in self.of("Pod", None).into_iter().filter(|(place, _)| !place.1.starts_with(BULK)) {
            if self.orphaned(&pod, &["ReplicaSet", "StatefulSet"]) {
                _ = self.store.delete(&place, &Expected::default());
            } else {
                self.lives.entry(place).or_insert_with(|| Life {
                    stage: Stage::Unscheduled,
                    due: after(Duration::from_millis(300)),
                    restarts: 0,
                    started: now(),
                });
            }
        }
        let store = &self.store;
        self.lives.retain(|place, _| store.get(place).is_some());
    }

    /// Every pod whose time has come makes its next step.
    fn advance(&mut self) {
        let at = Instant::now();
        let due: Vec<Place> = self.lives.iter().filter(|(_, life)| life.due.is_some_and(|due| due <= at)).map(|(place, _)| place.clone()).collect();
        for place in due {
            self.step(&place);
        }
    }

    fn step(&mut self, place: &Place) {
        let Some(mut life) = self.lives.remove(place) else { return };
        let Some(pod) = self.store.get(place).map(|stored| stored.value()) else { return };
        let failing = pod.pointer("/spec/containers/0/image").and_then(Value::as_str) == Some(FAILING);
        let container = |state: Value, ready: bool, restarts: u32| json!({"name": "main", "ready": ready, "started": ready, "restartCount": restarts, "state": state});
        let runs = || json!({"running": {"startedAt": time(now())}});
        let (stage, wait, status) = match life.stage {
            Stage::Unscheduled => {
                let node = NODES[usize::try_from(hash(&[&place.2]) % 3).unwrap_or(0)];
                self.write(place, |pod| pod["spec"]["nodeName"] = json!(node));
                self.event(
                    place,
                    "Pod",
                    "Normal",
                    "Scheduled",
                    &format!("Successfully assigned {}/{} to {node}", place.1, place.2),
                    "default-scheduler",
                );
                let state = json!({"waiting": {"reason": "ContainerCreating"}});
                (Stage::Creating, Some(1_500), pod_status("Pending", life.started, false, container(state, false, 0)))
            }
            Stage::Creating => {
                self.event(place, "Pod", "Normal", "Started", "Started container", "kubelet");
                let next = if failing { (Stage::Doomed, Some(15_000)) } else { (Stage::Starting, Some(1_500)) };
                (next.0, next.1, pod_status("Running", life.started, false, container(runs(), false, 0)))
            }
            Stage::Starting | Stage::Works => (Stage::Works, None, running(now(), life.restarts)),
            Stage::Doomed => {
                let message =
                    format!("Back-off restarting failed container {} in pod {}_{}", place.2.split('-').next().unwrap_or_default(), place.2, place.1);
                self.event(place, "Pod", "Warning", "BackOff", &message, "kubelet");
                let wait = u64::try_from(back_off(life.restarts).as_millis()).ok();
                (Stage::BackOff, wait, crashed(life.restarts, now(), life.started))
            }
            Stage::BackOff => {
                life.restarts += 1;
                let mut status = pod_status("Running", life.started, false, container(runs(), false, life.restarts));
                status["containerStatuses"][0]["lastState"] = pod["status"]["containerStatuses"][0]["lastState"].clone();
                (Stage::Doomed, Some(15_000), status)
            }
        };
        self.write(place, |pod| report(pod, status));
        life.stage = stage;
        life.due = wait.and_then(|wait| after(Duration::from_millis(wait)));
        self.lives.insert(place.clone(), life);
    }

    fn make(&mut self, kind: &str, namespace: &str, name: &str, mut object: Value) {
        let Some(kind) = Kind::named(kind) else { return };
        object["metadata"]["name"] = json!(name);
        stamp(&mut object, kind, namespace, self.store.version());
        // If somebody made it in between, the next look at the world sees it.
        _ = self.store.create((kind.plural, namespace.to_owned(), name.to_owned()), object);
    }

    fn write(&self, place: &Place, change: impl FnOnce(&mut Value)) {
        // If it is gone, the next look at the world sees that.
        _ = self.store.update(place, &Expected::default(), change);
    }

    /// The same event again only counts up.
    fn event(&mut self, about: &Place, kind: &str, level: &str, reason: &str, message: &str, from: &str) {
        let name = format!("{}.{:x}", about.2, hash(&[reason]));
        let place: Place = ("events", about.1.clone(), name.clone());
        let again = self.store.update(&place, &Expected::default(), |event| {
            event["count"] = json!(count(&event["count"]) + 1);
            event["lastTimestamp"] = json!(time(now()));
        });
        if again.is_err() {
            let uid = self.store.get(about).map(|stored| stored.value()["metadata"]["uid"].clone());
            let involved = json!({"kind": kind, "namespace": about.1, "name": about.2, "uid": uid});
            let body = json!({"involvedObject": involved, "reason": reason, "type": level, "message": message, "count": 1, "source": {"component": from},
                "firstTimestamp": time(now()), "lastTimestamp": time(now())});
            self.make("Event", &about.1, &name, body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A world as it opens, and what it takes to see it change without waiting.
    async fn world() -> World {
        let store = Arc::new(Store::default());
        super::super::scenario::fill(&store, &Options { still: true, ..Options::default() }, &HashMap::new());
        let mut world = World { store, still: true, lives: HashMap::new(), made: 0 };
        world.adopt();
        world.reconcile();
        world
    }

    fn pods(world: &World, app: &str) -> Vec<Value> {
        world.of("Pod", Some("shop")).into_iter().map(|(_, pod)| pod).filter(|pod| pod["metadata"]["labels"]["app"] == app).collect()
    }

    fn finish(world: &mut World) {
        for _ in 0..40 {
            let all: Vec<Place> =
                world.lives.iter().filter(|(_, life)| life.due.is_some() && life.stage != Stage::BackOff).map(|(place, _)| place.clone()).collect();
            all.iter().for_each(|place| world.step(place));
            world.reconcile();
        }
    }

    #[tokio::test]
    async fn an_opened_shop_has_nothing_to_do() {
        let mut world = world().await;
        let version = world.store.version();
        world.reconcile();
        assert_eq!(world.store.version(), version);
        assert_eq!(pods(&world, "web").len(), 3);
    }

    #[tokio::test]
    async fn scaling_makes_and_ends_pods() {
        let mut world = world().await;
        let web: Place = ("deployments", "shop".into(), "web".into());
        for wanted in [5, 1, 0, 2] {
            world.write(&web, |web| web["spec"]["replicas"] = json!(wanted));
            world.reconcile();
            finish(&mut world);
            assert_eq!(pods(&world, "web").len(), wanted);
            let status = world.store.get(&web).unwrap().value()["status"].clone();
            assert_eq!(
                (count(&status["readyReplicas"]) as usize, &status["observedGeneration"]),
                (wanted, &world.store.get(&web).unwrap().value()["metadata"]["generation"])
            );
        }
    }

    #[tokio::test]
    async fn a_new_image_rolls_out_and_a_good_one_heals_the_cart() {
        let mut world = world().await;
        let cart: Place = ("deployments", "shop".into(), "cart".into());
        world.write(&cart, |cart| cart["spec"]["template"]["spec"]["containers"][0]["image"] = json!("shop/cart:2.3.0"));
        world.reconcile();
        finish(&mut world);
        let after = pods(&world, "cart");
        assert_eq!(after.len(), 2);
        assert!(after.iter().all(|pod| is_ready(pod) && pod["spec"]["containers"][0]["image"] == "shop/cart:2.3.0"), "{after:#?}");
    }

    #[tokio::test]
    async fn deleting_a_deployment_ends_all_that_it_owned() {
        let mut world = world().await;
        world.store.delete(&("deployments", "shop".into(), "web".into()), &Expected::default()).unwrap();
        world.reconcile();
        assert!(pods(&world, "web").is_empty());
        assert!(world.of("ReplicaSet", Some("shop")).iter().all(|(place, _)| !place.2.starts_with("web-")));
    }

    /// The kubelet's documented back-off: 10 s, 20 s, 40 s, …, capped at five minutes.
    #[test]
    fn back_off_doubles_up_to_five_minutes() {
        assert_eq!([0, 1, 2, 3, 4, 5, 14].map(|restarts| back_off(restarts).as_secs()), [10, 20, 40, 80, 160, 300, 300]);
    }
}
