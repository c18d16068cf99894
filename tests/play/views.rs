//! Stories of questions across kinds and clusters: what is in trouble, seen in groups, and back again.

use std::sync::Arc;

use meshplay::cluster::rows::{Cell, Delta, Gap, Row, RowState, Uid};
use meshplay::names::{Gvk, Problem};
use meshplay::tui::app::model::Effect;
use meshplay::tui::panes::inventory;

use crate::play::{Opening, Stage};
use crate::scene::{self, HOUR, KINDS, MINUTE, Make, changed, gone, listed, trouble};
use crate::{assert_not_shown, assert_shown, wanted};

fn oom(cluster: &str, name: &str, ago: i64) -> Row {
    trouble(&format!("{cluster}/shop/{name}"), "Pod", ago, ["OOMKilled", "node-07", "2.4.0", "cart exit 137, 14 restarts"])
}

fn unready(cluster: &str, name: &str) -> Row {
    trouble(&format!("{cluster}/web/{name}"), "Pod", 3 * HOUR, ["NotReady", "node-04", "1.4.2", "containers with unready status: [web]"])
        .state(RowState::Warn)
}

/// Two clusters, in trouble.
fn in_trouble() -> Stage {
    let mut stage = Opening::kubeconfig(&["prod-eu", "prod-us"]).open(&["prod-eu", "prod-us"]).start();
    stage.connections(vec![scene::ready("prod-eu"), scene::ready("prod-us")]).kinds(KINDS);
    stage.play(": trouble <ret>");
    stage.rows("prod-eu", listed("trouble", vec![oom("prod-eu", "cart-1", 41 * MINUTE), unready("prod-eu", "web-1"), unready("prod-eu", "web-2")]));
    stage.rows("prod-us", listed("trouble", vec![oom("prod-us", "cart-2", 2 * HOUR)]));
    stage
}

#[test]
fn trouble_is_asked_of_all_namespaces_and_begins_grouped_by_its_cause() {
    let mut stage = in_trouble();
    let asked = stage.wanted().into_iter().rev().find_map(|effect| match effect {
        Effect::Inventory(inventory::work::Effect::Watch { specs, .. }) => Some(specs),
        _ => None,
    });
    let facts: Vec<_> = asked.unwrap().into_iter().map(|spec| (spec.cluster.to_string(), spec.view, spec.namespaces.len())).collect();
    assert_eq!(facts, [("prod-eu".into(), "trouble".into(), 0), ("prod-us".into(), "trouble".into(), 0)]);
    insta::assert_snapshot!(stage.screen().lines().take(6).collect::<Vec<_>>().join("\n"), @r"
 Inventory  , go  2 ok                                          prod-eu prod-us
 trouble  all namespaces  by cause  4 rows  ✗2 ▲2
    CAUSE      COUNT  SINCE  CLUSTERS          FOR EXAMPLE
▌ ✗ OOMKilled      2   120m  prod-eu, prod-us  shop/cart-1
  ▲ NotReady       2     3h  prod-eu           web/web-1
");
}

#[test]
fn enter_opens_a_group_and_esc_goes_back_to_it() {
    let mut stage = in_trouble();
    stage.play("j <ret>");
    assert_shown(&mut stage, &["cause NotReady", "web-1", "web-2", "2 of 4"]);
    assert_not_shown(&mut stage, &["cart-1"]);
    stage.play("/ web-2 <ret>");
    assert_shown(&mut stage, &["1 of 4"]);
    stage.play("<esc>");
    assert_shown(&mut stage, &["cause NotReady", "web-1"]);
    stage.play("<esc>");
    assert!(stage.cursor().contains("NotReady"), "{}", stage.screen());
    stage.play("<esc>");
    assert_shown(&mut stage, &[":q quits"]);
}

#[test]
fn the_cursor_stays_on_its_group_while_groups_come_and_go() {
    let mut stage = in_trouble();
    stage.play("j");
    let evicted = trouble("prod-us/shop/job-1", "Pod", MINUTE, ["Evicted", "node-01", "", "The node was low on resource: memory."]);
    stage.rows("prod-us", changed(vec![evicted]));
    assert!(stage.cursor().contains("NotReady"), "{}", stage.screen());
    stage.rows("prod-eu", gone(&[oom("prod-eu", "cart-1", 0)])).rows("prod-us", gone(&[oom("prod-us", "cart-2", 0)]));
    assert!(stage.cursor().contains("NotReady"), "{}", stage.screen());
    assert_not_shown(&mut stage, &["OOMKilled"]);
}

#[test]
fn nothing_is_done_to_rows_that_are_not_seen() {
    let mut stage = in_trouble();
    stage.wanted();
    stage.play("ctrl-d");
    assert_not_shown(&mut stage, &["Cancel"]);
    assert_shown(&mut stage, &["enter opens one"]);
    stage.play("d y <space>");
    assert_not_shown(&mut stage, &["[summary]", "marked"]);
}

#[test]
fn any_table_can_be_seen_in_groups_by_any_of_its_columns() {
    let mut stage = in_trouble();
    stage.play(": po <ret>");
    let pods = [("a", "node-1", "Running"), ("b", "node-1", "CrashLoopBackOff"), ("c", "node-2", "Running")];
    let row = |(name, node, status): (&str, &str, &str)| scene::pod(&format!("prod-eu/shop/{name}"), "1/1", status).node(node);
    stage.rows("prod-eu", listed("pods", pods.map(row).into()));
    assert_not_shown(&mut stage, &["COUNT"]);
    stage.play("v");
    assert_shown(&mut stage, &["view as", "in groups by status", "in groups by node", "in groups by cluster"]);
    stage.play("<esc> ':table.group node' <ret>");
    assert_shown(&mut stage, &["by node", "node-1      2", "node-2      1"]);
    stage.play("<ret>");
    assert_shown(&mut stage, &["node node-1", "CrashLoopBackOff"]);
    stage.play("<esc> v g <up> <up> <up> <up> <up> <up> <up> <up> <up> <ret>");
    assert_shown(&mut stage, &["3 rows", "READY"]);
    stage.play("':table.group nowhere' <ret>");
    assert_shown(&mut stage, &["there is no column NOWHERE here"]);
}

/// A container of a workload, as `:images` shows it.
fn image(cluster: &str, workload: &str, version: &str) -> Row {
    let text = |text: &str| Cell::Text(text.into());
    let cells = [text("Deployment"), text(workload), text(version), Cell::Empty, text(&format!("shop/{workload}:{version}"))];
    let row = scene::workload(&format!("{cluster}/shop/{workload}"), "Deployment", "1/1", "", "");
    Row { cells: cells.into(), ..row }
}

#[test]
fn images_are_compared_with_those_of_the_other_clusters() {
    let mut stage = in_trouble();
    stage.play(": images <ret>");
    stage.rows("prod-eu", listed("images", vec![image("prod-eu", "web", "1.4.2"), image("prod-eu", "cart", "2.4.0")]));
    assert_not_shown(&mut stage, &["▲"]);
    stage.rows("prod-us", listed("images", vec![image("prod-us", "web", "1.4.1"), image("prod-us", "cart", "2.4.0")]));
    assert_shown(&mut stage, &["prod-us 1.4.1", "prod-eu 1.4.2", "▲2"]);
    stage.play("/ is:differing <ret>");
    assert_shown(&mut stage, &["2 of 4", "web"]);
    assert_not_shown(&mut stage, &["cart"]);
    stage.rows("prod-us", changed(vec![image("prod-us", "web", "1.4.2")]));
    assert_shown(&mut stage, &["0 of 4"]);
}

#[test]
fn changes_look_back_as_far_as_they_are_asked_and_say_when_there_are_none() {
    let mut stage = in_trouble();
    let asked = |stage: &mut Stage| {
        let watch = stage.wanted().into_iter().rev().find_map(|effect| match effect {
            Effect::Inventory(inventory::work::Effect::Watch { specs, .. }) => specs.into_iter().next(),
            _ => None,
        });
        watch.map(|spec| (spec.view, spec.namespaces))
    };
    stage.play("':changes 2h shop' <ret>");
    assert_eq!(asked(&mut stage), Some(("changes 2h".into(), vec!["shop".into()])));
    stage.play("':changes' <ret>");
    assert_eq!(asked(&mut stage), Some(("changes".into(), Vec::new())));
    stage.rows("prod-eu", listed("changes", vec![])).rows("prod-us", listed("changes", vec![]));
    assert_shown(&mut stage, &["no change that its API server still tells of", "removals are seen"]);
    let change = |seconds: i64, name: &str, what: &str, by: &str| {
        let text = |text: &str| Cell::Text(text.into());
        let cells = [Cell::Since(crate::play::NOW - seconds), text("Deployment"), text(name), text(what), text(by)];
        Row { cells: cells.into(), ..scene::workload(&format!("prod-eu/shop/{name}"), "Deployment", "1/1", "", "") }
    };
    let rows = vec![change(20 * MINUTE, "cart", "image cart 2.3.0 → 2.4.0", "Flux"), change(4 * MINUTE, "web", "replicas 3 → 5", "kubectl edit")];
    stage.rows("prod-eu", changed(rows));
    let lines = stage.lines_with("prod-eu  ");
    assert!(lines[0].contains("replicas 3 → 5") && lines[1].contains("image cart 2.3.0 → 2.4.0"), "{}", stage.screen());
}

/// What an API server told of itself, and a node, below it.
pub fn versions() -> Stage {
    let mut stage = crate::newcomer();
    let rows = vec![scene::version("sandbox/sandbox", "APIServer", "v1.36.0"), scene::version("sandbox/node-1", "Node", "v1.35.2")];
    stage.play(": versions <ret>").rows("sandbox", listed("versions", rows)).play("N");
    stage
}

#[test]
fn what_is_no_object_or_only_tells_of_one_is_not_deleted() {
    let mut stage = versions();
    stage.wanted();
    for keys in ["ctrl-d", "d", "y", "<ret>", "<tab>"] {
        stage.play("g G").play(keys);
        assert_shown(&mut stage, &["APIServer is no object of the cluster: it is what its API server told"]);
        assert_eq!(wanted(&mut stage), [], "{keys}");
        stage.play("<esc>");
    }
    assert!(!stage.line(-1).contains("describe"), "{}", stage.line(-1));
    stage.play("k ctrl-d");
    assert_shown(&mut stage, &["Node node-1 in sandbox", "Cancel"]);
    // Every container has its row: none of them is the workload.
    stage.play("<esc> ': images' <ret>").rows("sandbox", listed("images", vec![image("sandbox", "web", "1.4.1")])).play("ctrl-d");
    assert_shown(&mut stage, &["this row tells of an image and is no Deployment itself"]);
}

#[test]
fn kinds_that_may_not_be_read_are_named_beside_those_that_may() {
    let mut stage = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).size(100, 24).start();
    let job = |name: &str| scene::workload(&format!("lab/shop/{name}"), "Job", "1/1", "Complete", "");
    let gap = |group: &str, kind: &str, plural: &str| Gap {
        gvk: Arc::new(Gvk::new(group, "v1", kind)),
        plural: plural.into(),
        namespace: None,
        forbidden: true,
        problem: Problem::new("cluster.forbidden", "lab does not allow this (403)", format!("User \"sam\" cannot list resource \"{plural}\"")),
    };
    let with = |gaps: Vec<Gap>, delta: Delta| Delta { gaps: Some(gaps.into()), ..delta };
    stage.connections(vec![scene::ready("lab")]).kinds(KINDS);
    stage.rows("lab", with(vec![gap("batch", "CronJob", "cronjobs")], listed("workloads", vec![])));
    // Where nothing else is there it is said why, too.
    assert_shown(&mut stage, &["cronjobs forbidden in lab", "User \"sam\" cannot list resource \"cronjobs\""]);
    stage.rows("lab", changed(vec![job("report"), scene::workload("lab/shop/web", "Deployment", "1/1", "Available", "")]));
    assert_shown(&mut stage, &["2 rows  cronjobs forbidden in lab"]);
    assert_not_shown(&mut stage, &["as of", "? report", "? web"]);
    // What is withdrawn later leaves rows of which nothing new is heard.
    stage.rows("lab", with(vec![gap("batch", "CronJob", "cronjobs"), gap("batch", "Job", "jobs")], changed(vec![])));
    assert_shown(&mut stage, &["cronjobs, jobs forbidden in lab", "? report"]);
    assert_not_shown(&mut stage, &["? web"]);
    stage.rows("lab", with(vec![], changed(vec![])));
    assert_not_shown(&mut stage, &["forbidden"]);
}

#[test]
fn every_question_stands_in_the_completion_with_what_it_answers() {
    let mut stage = in_trouble();
    stage.play(": not");
    assert_shown(&mut stage, &["notready", "pods and nodes that are not ready"]);
    stage.play("<esc> : cert");
    assert_shown(&mut stage, &["until when certificates hold"]);
}

#[test]
fn what_is_followed_is_found_again_when_it_is_replaced() {
    let mut stage = in_trouble();
    stage.play(": po <ret>");
    let owner = Some(Uid::parse("rs"));
    let pod = |name: &str, age| Row { owner, ..scene::pod(&format!("prod-eu/shop/{name}"), "1/1", "Running").age(age) };
    stage.rows("prod-eu", listed("pods", vec![pod("a", 9 * MINUTE), pod("b", 9 * MINUTE), pod("c", 9 * MINUTE)]));
    stage.play("j ':follow' <ret>");
    assert_shown(&mut stage, &["following b"]);
    stage.rows("prod-eu", gone(&[pod("b", 0)]));
    assert_shown(&mut stage, &["following"]);
    stage.rows("prod-eu", changed(vec![pod("z", 0)]));
    assert!(stage.cursor().contains(" z "), "{}", stage.screen());
    stage.play("':follow' <ret>");
    assert_shown(&mut stage, &["z is no longer followed"]);
}
