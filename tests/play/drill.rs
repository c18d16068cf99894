//! Stories of going from one object to others and back: enter, o, J, w, esc, `[`.

use std::sync::Arc;

use meshplay::cluster::rows::{Cell, Column, Delta, Phase, Row, Uid};
use meshplay::cluster::watch::WatchSpec;
use meshplay::names::{Gvk, Problem};
use meshplay::tui::app::model::{Effect, Report};
use meshplay::tui::panes::inventory::jumps::Jump;
use meshplay::tui::panes::inventory::work;

use crate::play::{Opening, Stage};
use crate::scene::{self, KINDS, Make, changed, listed, pod, ready, shop, workload};
use crate::{assert_not_shown, assert_shown, newcomer, wanted};

fn effects(stage: &mut Stage) -> Vec<work::Effect> {
    let own = |effect| match effect {
        Effect::Inventory(effect) => Some(effect),
        _ => None,
    };
    wanted(stage).into_iter().filter_map(own).collect()
}

/// What is watched from here on.
fn watched(stage: &mut Stage) -> Vec<WatchSpec> {
    let specs = |effect| match effect {
        work::Effect::Watch { specs, .. } => Some(specs),
        _ => None,
    };
    effects(stage).into_iter().filter_map(specs).next_back().expect("a watch")
}

fn say(stage: &mut Stage, report: work::Report) {
    stage.report(Report::Inventory(report));
}

fn selects(stage: &mut Stage, labels: Result<&str, Problem>) {
    let generation = stage.model.inventory.generation;
    say(stage, work::Report::Selected { generation, labels: labels.map(str::to_owned) });
}

/// A row of any kind.
fn row(gvk: Gvk, cluster: &str, namespace: Option<&str>, name: &str) -> Row {
    Row {
        uid: Uid::parse(&format!("{} {name}", gvk.kind)),
        namespace: namespace.map(Into::into),
        gvk: gvk.into(),
        cells: Box::default(),
        ..pod(&format!("{cluster}/x/{name}"), "1/1", "Running")
    }
}

fn plain(rows: Vec<Row>) -> Delta {
    let column = Column { name: "STATUS".into(), wide: false, right: false };
    let rows = rows.into_iter().map(|row| Row { cells: Box::new([Cell::Text("Ready".into())]), ..row }).collect();
    Delta { columns: Some([column].into()), reset: true, upserts: rows, phase: Some(Phase::Synced), ..Delta::default() }
}

fn web_pods() -> Vec<Row> {
    ["web-1", "web-2"].map(|name| pod(&format!("sandbox/shop/{name}"), "1/1", "Running").label("app=web")).into()
}

#[test]
fn enter_shows_the_pods_of_a_workload_and_esc_comes_back_to_it() {
    let mut stage = newcomer();
    stage.play("/ e <ret> G k");
    let left = stage.screen();
    assert!(stage.cursor().starts_with("shipping"), "{left}");
    stage.play("k <ret>");
    assert_shown(&mut stage, &["pods  shop  of Deployment search", "reading pods of sandbox"]);
    match &effects(&mut stage)[..] {
        // Nothing is watched before it is known what belongs to it.
        [work::Effect::Watch { specs, .. }, work::Effect::Select { key, .. }] => assert_eq!((specs.len(), &*key.name), (0, "search")),
        other => panic!("{other:?}"),
    }
    selects(&mut stage, Ok("app=search"));
    let specs = watched(&mut stage);
    assert_eq!((specs[0].view.as_str(), specs[0].labels.as_str(), &specs[0].namespaces[..]), ("pods", "app=search", &["shop".to_owned()][..]));
    stage.rows("sandbox", listed("pods", web_pods()));
    assert_shown(&mut stage, &["pods  shop  of Deployment search  2 rows", "web-1"]);
    assert_not_shown(&mut stage, &["-l app"]);

    stage.play("j <esc>");
    // As it was left, and without waiting for a server.
    assert!(stage.cursor().starts_with("search"), "{}", stage.screen());
    assert_shown(&mut stage, &["workloads  shop", "/e"]);
    assert_eq!(watched(&mut stage)[0].view, "workloads");
    stage.rows("sandbox", Delta { columns: None, ..shop() });
    assert!(stage.cursor().starts_with("search"), "{}", stage.screen());
    stage.play("]");
    assert_shown(&mut stage, &["pods  shop  of Deployment search"]);
    assert!(stage.cursor().starts_with("web-2"), "{}", stage.screen());
    assert_eq!(watched(&mut stage)[0].labels, "app=search");
}

#[test]
fn rows_that_are_known_stand_there_before_the_server_answers() {
    let mut stage = newcomer();
    let rows = web_pods().into_iter().chain([pod("sandbox/shop/cart-1", "1/1", "Running").label("app=cart")]).collect();
    stage.play(": po <ret>").rows("sandbox", listed("pods", rows)).play("':wl' <ret>").rows("sandbox", shop());
    stage.play("G <ret>");
    selects(&mut stage, Ok("app=web"));
    assert_shown(&mut stage, &["of Deployment web  2 rows", "web-1", "web-2", "reading sandbox"]);
    assert_not_shown(&mut stage, &["cart-1"]);
    // What the server says counts.
    stage.rows("sandbox", Delta { columns: None, reset: false, ..listed("pods", web_pods().split_off(1)) });
    assert_shown(&mut stage, &["of Deployment web  1 row"]);
}

#[test]
fn a_service_without_a_selector_says_that_it_has_no_pods_of_its_own() {
    let mut stage = newcomer();
    stage.play(": svc <ret>").rows("sandbox", listed("services", vec![crate::scene::service("sandbox/shop/web")])).play("<ret>");
    selects(&mut stage, Err(Problem::new("relations.no-selector", "Service shop/web in sandbox selects no pods", "it has no selector")));
    assert_shown(&mut stage, &["selects no pods", "it has no selector"]);
    stage.play("<esc>");
    assert_shown(&mut stage, &["services  shop"]);
}

#[test]
fn of_a_cron_job_only_its_own_jobs_are_shown_and_of_a_node_its_pods() {
    let mut stage = newcomer();
    let cron = workload("sandbox/shop/nightly", "CronJob", "", "Scheduled", "report");
    let owner = Some(cron.uid);
    stage.rows("sandbox", listed("workloads", vec![cron])).play("<ret>");
    assert_eq!(watched(&mut stage)[0].view, "jobs");
    let job = |name| row(Gvk::new("batch", "v1", "Job"), "sandbox", Some("shop"), name);
    stage.rows("sandbox", plain(vec![Row { owner, ..job("nightly-1") }, job("other-1")]));
    assert_shown(&mut stage, &["jobs  shop  of CronJob nightly  1 row", "nightly-1"]);

    stage.play(": no <ret>").rows("sandbox", plain(vec![row(Gvk::new("", "v1", "Node"), "sandbox", None, "node-01")])).play("<ret>");
    let specs = watched(&mut stage);
    assert_eq!((specs[0].view.as_str(), specs[0].fields.as_str(), specs[0].namespaces.len()), ("pods", "spec.nodeName=node-01", 0));
    assert_shown(&mut stage, &["pods  all namespaces  of Node node-01"]);
    // A digit means the kind again, not what belonged to the node.
    stage.rows("sandbox", listed("pods", web_pods())).play("1");
    assert_eq!(watched(&mut stage)[0].fields, "");
}

#[test]
fn a_definition_leads_to_its_objects_and_a_namespace_to_its_workloads() {
    let mut stage = newcomer();
    let definition = row(Gvk::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), "sandbox", None, "gadgets.shop.meshplay.dev");
    stage.play(": crd <ret>").rows("sandbox", plain(vec![definition])).play("<ret>");
    assert_eq!(watched(&mut stage)[0].view, "gadgets.shop.meshplay.dev");
    stage.play(": ns <ret>").rows("sandbox", plain(vec![row(Gvk::new("", "v1", "Namespace"), "sandbox", None, "team-a")])).play("<ret>");
    let specs = watched(&mut stage);
    assert_eq!((specs[0].view.as_str(), &specs[0].namespaces[..]), ("workloads", &["team-a".to_owned()][..]));
}

#[test]
fn only_the_cluster_of_the_object_is_asked() {
    let mut stage = Opening::kubeconfig(&["prod/shop", "lab/shop"]).open(&["prod", "lab"]).start();
    stage.kinds(KINDS).connections(vec![ready("prod"), ready("lab")]);
    stage.rows("lab", listed("workloads", vec![workload("lab/shop/web", "Deployment", "1/1", "Available", "web")])).play("<ret>");
    selects(&mut stage, Ok("app=web"));
    let specs = watched(&mut stage);
    assert_eq!(specs.iter().map(|spec| spec.cluster.as_str()).collect::<Vec<_>>(), ["lab"]);
    assert_shown(&mut stage, &["of Deployment web @lab"]);
}

#[test]
fn o_goes_to_the_node_and_capital_j_to_the_owner() {
    let mut stage = newcomer();
    let owned = Row { owner: Some(Uid(7)), ..web_pods().remove(0).node("node-02") };
    stage.play(": po <ret>").rows("sandbox", listed("pods", vec![owned.clone()])).play("o");
    assert_eq!(watched(&mut stage)[0].view, "nodes");
    let nodes = ["node-01", "node-02", "node-03"].map(|name| row(Gvk::new("", "v1", "Node"), "sandbox", None, name));
    stage.rows("sandbox", plain(nodes.into()));
    assert!(stage.cursor().starts_with("node-02"), "{}", stage.screen());
    stage.play("J");
    assert_shown(&mut stage, &["nothing owns it"]);

    stage.play("<esc> <esc>").rows("sandbox", listed("pods", vec![owned])).play("J");
    let Some(work::Effect::Owner { generation, key }) = effects(&mut stage).pop() else { panic!() };
    let set = meshplay::names::ObjectKey { gvk: Gvk::new("apps", "v1", "ReplicaSet").into(), name: "web-5b9".into(), uid: "".into(), ..key };
    say(&mut stage, work::Report::Owner { generation, owner: Ok(set) });
    assert_eq!(watched(&mut stage)[0].view, "replicasets");
    let sets = ["cart-77c", "web-5b9"].map(|name| row(Gvk::new("apps", "v1", "ReplicaSet"), "sandbox", Some("shop"), name));
    stage.rows("sandbox", plain(sets.into()));
    assert!(stage.cursor().starts_with("web-5b9"), "{}", stage.screen());
}

#[test]
fn w_keeps_the_kind_and_the_object_and_leaves_the_other_namespaces() {
    let mut stage = newcomer();
    stage.play(":po <ret> 0").play("':po all' <ret>");
    let rows = vec![pod("sandbox/cart/a", "1/1", "Running"), pod("sandbox/shop/b", "1/1", "Running"), pod("sandbox/shop/c", "1/1", "Running")];
    stage.rows("sandbox", listed("pods", rows.clone())).play("2j w");
    let specs = watched(&mut stage);
    assert_eq!((specs[0].view.as_str(), &specs[0].namespaces[..]), ("pods", &["shop".to_owned()][..]));
    // The cursor waits for its object, however late it comes.
    stage.rows("sandbox", listed("pods", vec![rows[1].clone()]));
    stage.rows("sandbox", changed(vec![rows[2].clone()]));
    assert!(stage.cursor().starts_with("c "), "{}", stage.screen());
    stage.play("w");
    assert_shown(&mut stage, &["only shop is shown already"]);
}

#[test]
fn jumps_of_ones_own_lead_down_by_labels_or_to_what_is_controlled() {
    let mut stage = newcomer();
    let jump = |from: &str, to: &str, labels: Option<&str>| Jump { from: from.into(), to: to.into(), labels: labels.map(str::to_owned) };
    stage.model.inventory.jumps = vec![
        jump("gd.shop.dev", "pods", Some("app={label:app},gadget={name}")),
        jump("services", "configmaps", None),
        jump("gadgets.other.dev", "nodes", None),
    ];
    let gadget = |name: &str| Row { gvk: Arc::new(Gvk::new("shop.dev", "v1", "Gadget")), ..pod(&format!("sandbox/shop/{name}"), "1/1", "Running") };
    stage.play(": gadgets <ret>").rows("sandbox", plain(vec![gadget("lamp").label("app=light"), gadget("odd")]));
    stage.wanted();
    stage.play("g <ret>");
    let specs = watched(&mut stage);
    let asked = (specs[0].view.as_str(), specs[0].labels.as_str(), &specs[0].namespaces[..]);
    assert_eq!(asked, ("pods", "app=light,gadget=lamp", &["shop".to_owned()][..]));
    assert_shown(&mut stage, &["of Gadget lamp"]);
    stage.play("<esc> j <ret>");
    assert_shown(&mut stage, &["odd has no label app"]);
    // A jump of one's own goes before what the program knows.
    stage.play(": svc <ret>").rows("sandbox", listed("services", vec![scene::service("sandbox/shop/web")]));
    stage.wanted();
    stage.play("<ret>");
    assert_eq!(watched(&mut stage)[0].view, "configmaps");
}
