//! How much slower each pod of the shop answers than it is used to: a variant of a service that is worth measuring, rolled out like any other.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;

use crate::sandbox::kinds::Kind;
use crate::sandbox::store::Store;
use crate::text::age;

/// The annotation of a deployment, or of the template of its pods, that says how much slower they answer: `20ms`.
pub(in crate::sandbox) const LATENCY: &str = "shop.meshplay/latency";

/// The longest there is.
const LONGEST: Duration = Duration::from_secs(10);

/// What each ready pod of each service adds.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Delays(RwLock<HashMap<String, Vec<Duration>>>);

impl Delays {
    /// What the pod adds that gives the answer of that number: pods take turns.
    pub(super) fn of(&self, service: &str, number: u64) -> Duration {
        let delays = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(pods) = delays.get(service).filter(|pods| !pods.is_empty()) else { return Duration::ZERO };
        pods[usize::try_from(number % pods.len() as u64).unwrap_or(0)]
    }

    fn read(&self, store: &Store) {
        let mut delays: HashMap<String, Vec<Duration>> = HashMap::new();
        let of_service = all(store, "Deployment");
        for pod in all(store, "Pod").into_iter().filter(ready) {
            let Some(app) = pod.pointer("/metadata/labels/app").and_then(Value::as_str) else { continue };
            let own = of_service.iter().find(|deployment| deployment["metadata"]["name"] == app).and_then(latency);
            delays.entry(app.to_owned()).or_default().push(latency(&pod).or(own).unwrap_or_default());
        }
        delays.retain(|_, pods| pods.iter().any(|delay| !delay.is_zero()));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = delays;
    }
}

/// Keeps them as the shop's objects say.
pub(in crate::sandbox) async fn follow(store: Arc<Store>, delays: Arc<Delays>) {
    let mut changes = store.subscribe();
    loop {
        delays.read(&store);
        loop {
            match changes.recv().await {
                Ok(change) if change.place.1 == "shop" && matches!(change.place.0, "pods" | "deployments") => break,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

fn all(store: &Store, kind: &str) -> Vec<Value> {
    let Some(kind) = Kind::named(kind) else { return Vec::new() };
    store.list(kind, Some("shop"), None, usize::MAX).1.into_iter().map(|(_, stored)| stored.value()).collect()
}

fn ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"].as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|one| one["ready"] == true))
}

/// What an object's annotation says; nothing where it is no time.
fn latency(object: &Value) -> Option<Duration> {
    let text = object["metadata"]["annotations"][LATENCY].as_str()?;
    age::parse(text).ok().map(|delay| delay.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::Options;
    use crate::sandbox::store::Expected;

    #[test]
    fn each_ready_pod_adds_what_its_annotation_says() {
        let store = Store::default();
        crate::sandbox::scenario::fill(&store, &Options { still: true, ..Options::default() }, &HashMap::new());
        let delays = Delays::default();
        delays.read(&store);
        assert_eq!(delays.of("web", 0), Duration::ZERO);
        let place = ("deployments", "shop".to_owned(), "web".to_owned());
        store.update(&place, &Expected::default(), |web| web["metadata"]["annotations"] = json!({LATENCY: "20ms"})).unwrap();
        delays.read(&store);
        assert_eq!((delays.of("web", 1), delays.of("search", 1)), (Duration::from_millis(20), Duration::ZERO));
        // One pod of three is another variant.
        let pods = store.list(Kind::named("Pod").unwrap(), Some("shop"), None, usize::MAX).1;
        let (pod, _) = pods.into_iter().find(|(place, _)| place.2.starts_with("web-")).unwrap();
        store.update(&pod, &Expected::default(), |pod| pod["metadata"]["annotations"] = json!({LATENCY: "1h"})).unwrap();
        delays.read(&store);
        let mut three: Vec<_> = (0..3).map(|number| delays.of("web", number)).collect();
        three.sort_unstable();
        assert_eq!(three, [Duration::from_millis(20), Duration::from_millis(20), LONGEST]);
    }
}
