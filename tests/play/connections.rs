//! Connections as things: standings, environments, clusters that are reached in two ways, contexts that go, and no cluster at all.

use meshplay::cluster::connection::Connection;
use meshplay::cluster::fleet::Context;
use meshplay::cluster::rows::{Delta, Phase};
use meshplay::cluster::standing::{Declared, Move};
use meshplay::names::{ConnectionKind, Standing};
use meshplay::tui::app::model::Report;

use super::*;

const CONTEXTS: &[&str] = &["prod-eu/shop", "prod-us/shop", "lab"];

fn id(name: &str) -> ClusterId {
    ClusterId::new(name)
}

/// A connection that works, to a cluster with this uid.
fn leading_to(name: &str, identity: &str) -> Connection {
    Connection { identity: Some(identity.into()), ..scene::ready(name) }
}

fn remembered(stage: &mut Stage) -> Memory {
    let memory = |effect| if let Effect::Remember(memory) = effect { Some(memory) } else { None };
    stage.wanted().into_iter().rev().find_map(memory).expect("something is remembered")
}

fn standing(stage: &Stage, name: &str) -> Standing {
    stage.model.shared.standing(&id(name))
}

#[test]
fn what_a_decision_means_is_said_before_it_is_taken_and_kept_afterwards() {
    let mut stage = Opening::kubeconfig(CONTEXTS).open(&["prod-eu"]).start();
    stage.connections(vec![scene::ready("prod-eu")]).play(",k j I");
    assert_shown(&mut stage, &["Ignore", "prod-us", "no glob and no environment opens it any more"]);
    stage.play("<esc>");
    assert_eq!(standing(&stage, "prod-us"), Standing::Discovered, "esc decides nothing");
    stage.play("I <tab> <ret>");
    assert!(stage.lines_with("prod-us")[0].contains("ignored"), "{}", stage.screen());
    let memory = remembered(&mut stage);
    let moves: Vec<_> = memory.standings[&id("prod-us")].history.iter().map(|Move { from, to, .. }| (*from, *to)).collect();
    assert_eq!(moves, [(Standing::Discovered, Standing::Ignored)]);
    // A glob does not mean it any more, its name does.
    stage.play("':ctx prod*' <ret>");
    assert_eq!(stage.model.shared.open, [id("prod-eu")]);
    stage.play("':ctx prod-us' <ret>");
    assert_eq!(stage.model.shared.open, [id("prod-us")]);
    assert_eq!(standing(&stage, "prod-eu"), Standing::Disconnected);
}

#[test]
fn in_maintenance_a_cluster_is_watched_and_nothing_is_done_there() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play(",k M");
    assert_shown(&mut stage, &["Hold for maintenance", "every action there is refused until you end this"]);
    stage.play("<tab> <ret>");
    assert!(stage.wanted().contains(&Effect::Hold(vec![id("lab")])));
    assert!(stage.line(0).contains("MAINTENANCE"), "{}", stage.line(0));
    stage.play(",i ctrl-d");
    assert_shown(&mut stage, &["lab is in maintenance", "M in the list of connections"]);
    assert_eq!(deleted(&mut stage), []);
    stage.play(",k M <tab> <ret>");
    assert_eq!(standing(&stage, "lab"), Standing::Connected);
    assert!(stage.wanted().contains(&Effect::Hold(vec![])));
}

#[test]
fn several_are_decided_about_at_once_and_what_cannot_be_says_why() {
    let mut stage = Opening::kubeconfig(CONTEXTS).open(&["lab"]).start();
    stage.play(",k 2k <space> <space> ctrl-d");
    assert_shown(&mut stage, &["Delete", "prod-eu, prod-us", "kubeconfig and cluster stay as they are"]);
    stage.play("<tab> <ret>");
    assert_shown(&mut stage, &["2 deleted: a shows them"]);
    assert_not_shown(&mut stage, &["prod-eu"]);
    stage.play("a g");
    assert!(stage.lines_with("prod-eu")[0].contains("deleted"), "{}", stage.screen());
    stage.play("k k .");
    assert_shown(&mut stage, &["not now: prod-eu is not connected"]);
}

#[test]
fn two_ways_to_one_cluster_are_one_connection_and_are_not_opened_together() {
    let mut stage = Opening::kubeconfig(CONTEXTS).open(&["prod-eu", "lab"]).start();
    stage.wanted();
    stage.connections(vec![leading_to("prod-eu", "0f8f"), leading_to("lab", "0f8f")]);
    assert!(stage.wanted().contains(&Effect::Disconnect(id("lab"))), "its rows would stand there twice");
    assert_shown(&mut stage, &["lab is the same cluster as prod-eu"]);
    stage.play(",k d");
    assert_shown(&mut stage, &["prod-eu +1", "prod-eu, lab lead to the same cluster", "1 of 2 open"]);
    // The next start knows it from the beginning.
    stage.play("':ctx lab prod-eu' <ret>");
    assert_eq!(stage.model.shared.open, [id("lab")]);
    assert_shown(&mut stage, &["prod-eu is the same cluster as lab"]);
}

#[test]
fn an_environment_is_a_name_for_contexts_wherever_contexts_are_named() {
    let mut stage = Opening::kubeconfig(CONTEXTS).open(&["lab"]).start();
    stage.kinds(KINDS).play("':env prod prod-*' <ret>");
    assert_shown(&mut stage, &["environment prod has 2 contexts now"]);
    assert_eq!(remembered(&mut stage).environments["prod"], ["prod-*"]);
    stage.play("':po @prod' <ret>");
    assert_eq!(stage.model.shared.open, [id("prod-eu"), id("prod-us")]);
    stage.play("':ctx lab' <ret> ':po @env:prod' <ret>");
    assert_eq!(stage.model.shared.open, [id("prod-eu"), id("prod-us")]);
    stage.play("': po @pr'");
    assert_shown(&mut stage, &["prod-eu", "prod-*"]);
    stage.play("<esc> ,k");
    assert!(stage.cursor().ends_with("  prod"), "{}", stage.screen());
    stage.rows("prod-eu", listed("pods", vec![pod("prod-eu/shop/web-1", "1/1", "Running")]));
    stage.rows("prod-us", listed("pods", vec![pod("prod-us/shop/web-2", "1/1", "Running")]));
    stage.play(",i '/@prod-u'");
    assert_shown(&mut stage, &["prod-us", "context"]);
    stage.play("<tab> <ret>");
    assert_shown(&mut stage, &["web-2", "1 of 2"]);
    stage.play("/ ctrl-u '@prod' <ret>");
    assert_shown(&mut stage, &["web-1", "web-2"]);
}

#[test]
fn a_context_that_goes_from_the_kubeconfig_says_so_and_comes_back_with_it() {
    let mut stage = looking_at_pods(&["a"]);
    let contexts: Vec<Context> = stage.model.shared.contexts.clone();
    stage.report(Report::Contexts(Vec::new().into()));
    assert_shown(&mut stage, &["lab gone from the kubeconfig", " a "]);
    let gone = Problem::new("kubeconfig.gone", "lab is not asked any more", "the context is gone from the kubeconfig");
    stage.connections(vec![scene::troubled("lab", Health::Unreachable, 0, gone.clone())]).rows("lab", scene::stale(0, gone));
    assert!(stage.line(0).contains("lab gone"), "{}", stage.line(0));
    assert!(stage.lines_with(" a ")[0].contains('?'), "{}", stage.screen());
    stage.play(",k");
    assert!(stage.lines_with("lab")[1].contains("not found"), "{}", stage.screen());
    stage.wanted();
    stage.report(Report::Contexts(contexts.into()));
    assert!(stage.wanted().contains(&Effect::Connect(id("lab"))), "it was open and nobody closed it");
    assert_eq!(standing(&stage, "lab"), Standing::Connected);
}

#[test]
fn a_connection_of_another_kind_is_asked_when_the_person_connects_it_and_not_before() {
    let mut stage = Opening::kubeconfig(&["lab"]).open(&["lab"]).start();
    stage.model.shared.declared =
        vec![Declared { id: id("metrics"), kind: ConnectionKind::Prometheus, url: "http://metrics.example:9090".into(), place: String::new() }];
    stage.wanted();
    stage.play(",k j");
    assert!(stage.lines_with("metrics")[0].contains("prometheus"), "{}", stage.screen());
    assert!(!stage.wanted().contains(&Effect::Connect(id("metrics"))));
    stage.play("<ret>");
    assert!(stage.wanted().contains(&Effect::Connect(id("metrics"))));
    let up = Connection { kind: ConnectionKind::Prometheus, version: Some("3.7.0".into()), ..scene::ready("metrics") };
    stage.connections(vec![scene::ready("lab"), up]);
    assert!(stage.cursor().contains("connected  ready"), "{}", stage.screen());
    stage.play("M");
    assert_shown(&mut stage, &["a prometheus connection that is connected cannot be maintenance"]);
}

#[test]
fn without_any_cluster_the_screen_says_what_can_be_done() {
    let mut stage = Opening::kubeconfig(&[]).start();
    assert_shown(&mut stage, &["no kubeconfig names a cluster", ":load http://HOST/", "meshplay --sandbox", "meshplay doctor"]);
    stage.resize(40, 10);
    assert_shown(&mut stage, &["no kubeconfig names a cluster", ":load"]);
}

#[test]
fn partial_results_say_how_many_clusters_are_in_the_table() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let mut stage = Opening::kubeconfig(&names).open(&names).size(120, 24).start();
    stage.kinds(KINDS).connections(names.iter().map(|name| scene::ready(name)).collect()).play(": po <ret>");
    for name in names {
        stage.rows(name, listed("pods", vec![pod(&format!("{name}/shop/web"), "1/1", "Running")]));
    }
    assert_not_shown(&mut stage, &["of 9 clusters"]);
    let lost = |name: &str| scene::troubled(name, Health::Unreachable, 2 * MINUTE, scene::unreachable(name));
    let state = names.iter().map(|name| if ["h", "i"].contains(name) { lost(name) } else { scene::ready(name) });
    stage.connections(state.collect());
    for name in ["h", "i"] {
        stage.rows(name, scene::stale(2 * MINUTE, scene::unreachable(name)));
    }
    assert!(stage.line(1).contains("7 of 9 clusters  2 unreachable since 14:02Z"), "{}", stage.line(1));
    stage.play("/ web-long-enough-to-leave-no-room <ret>").resize(80, 24);
    assert!(stage.line(1).contains("7 of 9 clusters"), "{}", stage.line(1));
    // A cluster that asks to be left alone says for how long.
    stage.resize(120, 24).play("<esc>").connections(names.iter().map(|name| scene::ready(name)).collect());
    stage
        .rows("h", listed("pods", vec![]))
        .rows("i", scene::stale(0, Problem::new("cluster.busy", "i is too busy (429)", "again in 12 s; slow down")));
    assert!(stage.line(1).contains("8 of 9 clusters") && stage.line(1).contains("i busy since 14:04Z, again in 12 s"), "{}", stage.line(1));
}

/// A list of one pod, complete.
fn complete(place: &str) -> Delta {
    Delta { phase: Some(Phase::Synced), ..scene::changed(vec![scene::pod(place, "1/1", "Running")]) }
}

#[test]
fn opening_a_cluster_beside_another_leaves_the_rows_there_as_they_are() {
    let mut stage = Opening::kubeconfig(CONTEXTS).open(&["prod-eu"]).start();
    stage.connections(vec![scene::ready("prod-eu")]).play(":po <ret>").rows("prod-eu", complete("prod-eu/shop/web"));
    let watched = |stage: &mut Stage| {
        let watch = |effect| match effect {
            Effect::Inventory(inventory::work::Effect::Watch { generation, specs }) => Some((generation, specs.len())),
            _ => None,
        };
        stage.wanted().into_iter().rev().find_map(watch).expect("a watch")
    };
    let (view, _) = watched(&mut stage);
    stage.play("':ctx prod-eu prod-us' <ret>");
    assert_eq!(stage.model.shared.open, [id("prod-eu"), id("prod-us")]);
    assert_eq!(watched(&mut stage), (view, 2), "the same view, of two clusters");
    stage.rows("prod-us", complete("prod-us/shop/cart"));
    assert_shown(&mut stage, &["web", "cart"]);
    stage.play("':ctx prod-us' <ret>");
    assert_eq!(watched(&mut stage), (view, 1));
    // Rows that were on their way when it was closed.
    stage.rows("prod-eu", complete("prod-eu/shop/late"));
    assert_shown(&mut stage, &["cart"]);
    assert_not_shown(&mut stage, &["web", "late"]);
}
