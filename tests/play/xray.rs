//! Stories of the tree: what stands below a kind, what it needs, folding, and the way to the inventory and back.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use meshplay::cluster::rows::{Phase, Row, RowState, Uid};
use meshplay::names::{ClusterId, Gvk};
use meshplay::relations::facts::Reader;
use meshplay::relations::rules::Rules;
use meshplay::survey::{Inside, News, Thing};
use meshplay::tui::app::model::{Effect, Report};
use meshplay::tui::panes::{inventory, xray};
use serde_json::{Value, json};

use crate::play::{Opening, Stage};
use crate::scene::{KINDS, listed, pod, ready, shop};
use crate::{assert_not_shown, assert_shown, newcomer, wanted};

static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| Arc::new(Rules::embedded()));

/// An object as a survey tells it, in the namespace `shop` of a cluster.
pub fn thing(cluster: &str, gvk: &Gvk, name: &str, note: &str, state: RowState, mut object: Value) -> Thing {
    let uid = format!("{} {name}", gvk.kind);
    object["metadata"]["name"] = json!(name);
    object["metadata"]["namespace"] = json!("shop");
    object["metadata"]["uid"] = json!(uid);
    let row = Row { uid: Uid::parse(&uid), gvk: Arc::new(gvk.clone()), state, ..pod(&format!("{cluster}/shop/{name}"), "1/1", "Running") };
    let inside = object["spec"]["containers"].as_array().into_iter().flatten();
    let inside =
        inside.map(|container| Inside { name: container["name"].as_str().unwrap().into(), what: "container".into(), state, note: "running".into() });
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

fn surveys(stage: &mut Stage) -> Vec<(Vec<String>, String)> {
    let survey = |effect| match effect {
        Effect::Xray(xray::work::Effect::Survey { clusters, kind, .. }) => Some((clusters.iter().map(ToString::to_string).collect(), kind)),
        _ => None,
    };
    wanted(stage).into_iter().filter_map(survey).collect()
}

#[test]
fn a_tree_shows_what_fails_and_what_is_missing_and_folds_the_rest() {
    let mut stage = newcomer();
    stage.play("':xray deploy shop' <ret>");
    assert_eq!(surveys(&mut stage), [(vec!["sandbox".to_owned()], "deployments".to_owned())]);
    assert_shown(&mut stage, &["reading deployments of sandbox"]);
    grow(&mut stage, "sandbox");
    assert_shown(
        &mut stage,
        &["Deployment cart  0/1 Unavailable", "ReplicaSet cart-1", "Pod cart-1-a  0/1 CrashLoopBackOff", "ConfigMap web-confg", "1 missing"],
    );

    // Fold what the cursor stands on, then everything; the cursor stays on its object.
    stage.play("G 3k");
    assert!(stage.cursor().contains("Pod web-7-b"), "{}", stage.screen());
    stage.play("h");
    assert_not_shown(&mut stage, &["web-confg"]);
    stage.play("h");
    assert!(stage.cursor().contains("ReplicaSet web-7"), "{}", stage.screen());
    stage.play("Z");
    assert_eq!(stage.lines_with("Pod").len(), 0, "{}", stage.screen());
    stage.play("Z / confg <ret>");
    assert_shown(&mut stage, &["Deployment web", "web-confg", "/confg"]);
    assert_not_shown(&mut stage, &["web-7-a", "cart"]);
}

#[test]
fn enter_goes_to_the_object_and_esc_comes_back_to_the_tree() {
    let mut stage = newcomer();
    stage.play("':xray deploy' <ret>");
    grow(&mut stage, "sandbox");
    stage.play("G 3k");
    surveys(&mut stage);
    stage.play("<ret>");
    // Nobody looks at the tree any more.
    assert_eq!(surveys(&mut stage), [(Vec::new(), String::new())]);
    let pods = vec![pod("sandbox/shop/cart-1-a", "1/1", "Running"), pod("sandbox/shop/web-7-b", "1/1", "Running")];
    let pods = pods.into_iter().map(|row| Row { uid: Uid::parse(&format!("Pod {}", row.name)), ..row }).collect();
    stage.rows("sandbox", listed("pods", pods));
    assert!(stage.cursor().starts_with("web-7-b"), "{}", stage.screen());
    stage.play("<esc>");
    assert_eq!(surveys(&mut stage), [(vec!["sandbox".to_owned()], "deployments".to_owned())]);
    grow(&mut stage, "sandbox");
    assert!(stage.cursor().contains("Pod web-7-b"), "{}", stage.screen());
}

#[test]
fn several_clusters_are_the_top_level() {
    let mut stage = Opening::kubeconfig(&["prod/shop", "lab/shop"]).open(&["prod", "lab"]).size(80, 40).start();
    stage.kinds(KINDS).connections(vec![ready("prod"), ready("lab")]).rows("prod", shop());
    stage.play("':xray deploy shop' <ret>");
    grow(&mut stage, "prod");
    assert!(stage.lines_with("prod")[1].contains("▾ prod"), "{}", stage.screen());
    assert_shown(&mut stage, &["└─▾ ReplicaSet cart-1"]);
}

#[test]
fn ten_thousand_pods_are_drawn_by_the_page() {
    let mut stage = newcomer();
    stage.play("':xray po' <ret>");
    let kind = gvk("", "Pod");
    root(&mut stage, "sandbox", &kind);
    let pods = (0..10_000).map(|at| {
        thing("sandbox", &kind, &format!("pod-{at:05}"), "1/1 Running", RowState::Fine, json!({"spec": {"containers": [{"name": "main"}]}}))
    });
    news(&mut stage, "sandbox", &kind, pods.collect());
    assert_shown(&mut stage, &["10,000 roots", "▸ Pod pod-00000"]);
    stage.play("G");
    assert!(stage.cursor().contains("pod-09999"), "{}", stage.screen());
    stage.play("l j j");
    assert_shown(&mut stage, &["container main", "runs as ServiceAccount default  not known"]);
}

#[test]
fn what_is_no_kind_is_told() {
    let mut stage = newcomer();
    stage.play("':xray deplyments' <ret>");
    assert_shown(&mut stage, &["deplyments"]);
    assert!(!wanted(&mut stage).iter().any(|effect| matches!(effect, Effect::Inventory(inventory::work::Effect::Watch { .. }))));
}
