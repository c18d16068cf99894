//! What a survey tells of a small world: web, whose config is mistyped, and cart, whose pod fails.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use meshplay::cluster::rows::{Phase, Row, RowState, Uid};
use meshplay::names::{ClusterId, Gvk};
use meshplay::relations::facts::Reader;
use meshplay::relations::rules::Rules;
use meshplay::survey::{Inside, News, Thing};
use meshplay::tui::app::model::Report;
use meshplay::tui::panes::xray;
use serde_json::{Value, json};

use crate::play::Stage;
use crate::scene::pod;

static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| Arc::new(Rules::embedded()));

/// An object as a survey tells it, in the namespace `shop` of a cluster.
pub fn thing(cluster: &str, gvk: &Gvk, name: &str, note: &str, state: RowState, mut object: Value) -> Thing {
    let uid = format!("{} {name}", gvk.kind);
    object["metadata"]["name"] = json!(name);
    object["metadata"]["namespace"] = json!("shop");
    object["metadata"]["uid"] = json!(uid);
    let row = Row { uid: Uid::parse(&uid), gvk: Arc::new(gvk.clone()), state, ..pod(&format!("{cluster}/shop/{name}"), "1/1", "Running") };
    let inside = object["spec"]["containers"].as_array().into_iter().flatten();
    let inside = inside.map(|container| Inside {
        name: container["name"].as_str().unwrap().into(),
        what: "container".into(),
        state,
        note: if state == RowState::Bad { "CrashLoopBackOff" } else { "running" }.into(),
    });
    Thing { inside: inside.collect(), row, note: note.into(), facts: Reader::new(RULES.clone(), &gvk.group, &gvk.kind).read(&object) }
}

fn owned(kind: &str, name: &str) -> Value {
    json!({"ownerReferences": [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": format!("{kind} {name}"), "controller": true}]})
}

pub fn gvk(group: &str, kind: &str) -> Gvk {
    Gvk::new(group, "v1", kind)
}

pub fn news(stage: &mut Stage, cluster: &str, gvk: &Gvk, upserts: Vec<Thing>) {
    let news = News { kind: Arc::new(gvk.clone()), upserts, removed: Vec::new(), phase: Some(Phase::Synced) };
    let generation = stage.model.xray.generation;
    stage.report(Report::Xray(xray::work::Report::News { generation, cluster: ClusterId::new(cluster), news }));
    stage.wait(Duration::from_millis(100));
}

pub fn root(stage: &mut Stage, cluster: &str, gvk: &Gvk) {
    let generation = stage.model.xray.generation;
    stage.report(Report::Xray(xray::work::Report::Root { generation, cluster: ClusterId::new(cluster), root: Ok(Arc::new(gvk.clone())) }));
}

/// Web, whose config is mistyped, and cart, whose pod fails.
pub fn grow(stage: &mut Stage, cluster: &str) {
    let deployment = gvk("apps", "Deployment");
    root(stage, cluster, &deployment);
    let plain = |name, note, state| thing(cluster, &deployment, name, note, state, json!({}));
    news(stage, cluster, &deployment, vec![plain("web", "2/2 Available", RowState::Fine), plain("cart", "0/1 Unavailable", RowState::Bad)]);
    let set = gvk("apps", "ReplicaSet");
    let of = |name, owner, state| thing(cluster, &set, name, "", state, json!({"metadata": owned("Deployment", owner)}));
    // A set of an earlier rollout is history.
    news(stage, cluster, &set, vec![of("web-7", "web", RowState::Fine), of("web-6", "web", RowState::Done), of("cart-1", "cart", RowState::Bad)]);
    let one = |name: &str, owner, note, state, from: Value| {
        let spec = json!({"containers": [{"name": "main", "envFrom": from}], "serviceAccountName": "robot"});
        thing(cluster, &gvk("", "Pod"), name, note, state, json!({"metadata": owned("ReplicaSet", owner), "spec": spec}))
    };
    let reads = |name: &str| json!([{"configMapRef": {"name": name}}]);
    let pods = vec![
        one("web-7-a", "web-7", "1/1 Running", RowState::Fine, reads("web-config")),
        one("web-7-b", "web-7", "1/1 Running", RowState::Fine, reads("web-confg")),
        one("cart-1-a", "cart-1", "0/1 CrashLoopBackOff", RowState::Bad, json!([])),
    ];
    news(stage, cluster, &gvk("", "Pod"), pods);
    news(stage, cluster, &gvk("", "ConfigMap"), vec![thing(cluster, &gvk("", "ConfigMap"), "web-config", "", RowState::Fine, json!({}))]);
    news(stage, cluster, &gvk("", "ServiceAccount"), vec![thing(cluster, &gvk("", "ServiceAccount"), "robot", "", RowState::Fine, json!({}))]);
}
