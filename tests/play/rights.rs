//! Stories of rights: what one may do here, who else may, and what such answers lead to.

use meshplay::tui::app::model::Effect;
use meshplay::tui::panes::inventory::work;

use crate::play::{Opening, Stage};
use crate::scene::{self, KINDS, listed, may, right, yourself};
use crate::{assert_not_shown, assert_shown, wanted};

/// What is watched, in which namespaces, of which clusters.
fn watched(stage: &mut Stage) -> Vec<(String, String, Vec<String>)> {
    let specs = wanted(stage).into_iter().rev().find_map(|effect| match effect {
        Effect::Inventory(work::Effect::Watch { specs, .. }) => Some(specs),
        _ => None,
    });
    specs.into_iter().flatten().map(|spec| (spec.cluster.to_string(), spec.view, spec.namespaces)).collect()
}

#[test]
fn what_one_may_do_leads_to_who_else_may_and_that_to_the_binding() {
    let mut stage = Opening::kubeconfig(&["eu/shop", "us/web"]).open(&["eu", "us"]).start();
    stage.connections(vec![scene::ready("eu"), scene::ready("us")]).kinds(KINDS).play("0");
    stage.play(": can <ret>");
    // Of all namespaces, each context's own.
    let places = [("eu".to_owned(), "can".to_owned(), vec!["shop".to_owned()]), ("us".to_owned(), "can".to_owned(), vec!["web".to_owned()])];
    assert_eq!(watched(&mut stage), places);
    stage.rows("eu", listed("can", vec![right("eu/shop/pods", &["get", "list", "watch"], ""), right("eu/shop/pods/log", &["get"], "")]));
    stage.rows("us", listed("can", vec![right("us/web/*.*", &[], "*")]));
    assert_shown(&mut stage, &["GET", "yes", "pods", "*.*"]);
    stage.play("d");
    assert_shown(&mut stage, &["is no object of the cluster"]);
    // What stands for everything leads nowhere; `pods` is the next.
    stage.play("j <ret>");
    assert_eq!(watched(&mut stage).first().map(|(_, view, _)| view.clone()), Some("can get pods".into()));
    let subjects = vec![
        may("eu/edits", ["jane", "User", "ClusterRole edit", "cluster", ""]),
        may("eu/shop/ci", ["shop/deployer", "ServiceAccount", "Role deployer", "shop", "only web-1"]),
        yourself("eu/shop/you", "yes"),
    ];
    stage.rows("eu", listed("who-can", subjects));
    assert_shown(&mut stage, &["can get pods", "you in eu: yes", "jane", "shop/deployer", "only web-1"]);
    stage.play("g <ret>");
    assert_shown(&mut stage, &["[summary]", "edits"]);
    // The notice of before goes first, then the detail, then the view.
    stage.play("<esc> <esc> <esc>");
    assert_shown(&mut stage, &["GET", "LIST"]);
}

#[test]
fn who_may_stays_where_there_is_no_room_for_the_binding() {
    let mut stage = Opening::kubeconfig(&["eu/shop"]).open(&["eu"]).start();
    stage.connections(vec![scene::ready("eu")]).kinds(KINDS).play("0 ':can delete pods' <ret>");
    let role = "ClusterRole system:controller:horizontal-pod-autoscaler";
    let subject = ["kube-system/horizontal-pod-autoscaler", "ServiceAccount", role, "cluster", ""];
    stage.rows("eu", listed("who-can", vec![may("eu/system:controller:horizontal-pod-autoscaler", subject)]));
    assert_shown(&mut stage, &["SUBJECT", "KIND", "kube-system/horizontal-pod-autoscaler"]);
    assert_not_shown(&mut stage, &[" NAME ", " AGE "]);
}

#[test]
fn a_question_names_its_place_and_a_wrong_one_is_none() {
    let mut stage = Opening::kubeconfig(&["eu/shop"]).open(&["eu"]).start();
    stage.connections(vec![scene::ready("eu")]).kinds(KINDS).play("':can get pods/log in web' <ret>");
    assert_eq!(watched(&mut stage), [("eu".to_owned(), "can get pods/log".to_owned(), vec!["web".to_owned()])]);
    stage.rows("eu", listed("who-can", vec![yourself("eu/web/you", "no: RBAC says so")]));
    assert_shown(&mut stage, &["can get pods/log  web", "you: no"]);
    stage.play("':can delete pods' <ret>");
    assert_eq!(watched(&mut stage), [("eu".to_owned(), "can delete pods".to_owned(), vec!["web".to_owned()])]);
    assert_not_shown(&mut stage, &["you: no"]);
}
