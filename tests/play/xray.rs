//! Stories of the tree: what stands below a kind, what it needs, folding, and the way to the inventory and back.

use std::sync::Arc;
use std::time::Duration;

use meshplay::cluster::rows::{Phase, Row, RowState, Uid};
use meshplay::names::{ClusterId, Problem};
use meshplay::survey::News;
use meshplay::tui::app::model::{Effect, Report};
use meshplay::tui::panes::{inventory, xray};
use serde_json::json;

use crate::grove::{grow, gvk, news, root, thing};
use crate::play::{NOW, Opening, Stage};
use crate::scene::{KINDS, listed, pod, ready, shop};
use crate::{assert_not_shown, assert_shown, newcomer, wanted};

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
fn a_cluster_that_refuses_the_kind_stands_beside_one_that_answers() {
    let opening = || Opening::kubeconfig(&["prod/shop", "lab/shop", "edge/shop"]).open(&["prod", "lab", "edge"]);
    let mut stage = opening().size(100, 40).start();
    stage.kinds(KINDS).connections(["prod", "lab", "edge"].map(ready).into()).rows("prod", shop());
    stage.play("':xray deploy shop' <ret>");
    assert_shown(&mut stage, &["lab  reading deployments…"]);
    grow(&mut stage, "prod");
    // One knows no such kind; the other one may not be asked for it.
    let deployment = gvk("apps", "Deployment");
    let refused = |what: &str| Problem::new("cluster.forbidden", what, "deployments.apps is forbidden: User \"sam\" cannot list resource");
    let (generation, unknown) = (stage.model.xray.generation, Err(refused("edge serves no kind called deployments")));
    stage.report(Report::Xray(xray::work::Report::Root { generation, cluster: ClusterId::new("edge"), root: unknown }));
    root(&mut stage, "lab", &deployment);
    let phase = Some(Phase::Stale { since: NOW, problem: refused("lab does not let you list deployments") });
    let news = News { kind: Arc::new(deployment), upserts: Vec::new(), removed: Vec::new(), phase };
    stage.report(Report::Xray(xray::work::Report::News { generation, cluster: ClusterId::new("lab"), news })).wait(Duration::from_millis(100));
    assert_shown(
        &mut stage,
        &["✗   lab  does not let you list deployments: deployments.apps is forbidden", "✗   edge  serves no kind", "ReplicaSet cart-1"],
    );
    assert!(stage.line(1).contains("2 roots"), "{}", stage.screen());
    // They are lines like any other.
    stage.play("G k");
    assert!(stage.cursor().contains("lab"), "{}", stage.screen());
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
