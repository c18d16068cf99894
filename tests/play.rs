//! Stories: the whole app headless, keys in, screens and effects out. What panes do by themselves is tested beside them; here it is what a person lives
//! through.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

#[path = "play/baseline.rs"]
mod baseline;
#[path = "play/begun.rs"]
mod begun;
#[path = "play/charts.rs"]
mod charts;
#[path = "play/connections.rs"]
mod connections;
#[path = "play/detail.rs"]
mod detail;
#[path = "play/drill.rs"]
mod drill;
#[path = "play/fingers.rs"]
mod fingers;
#[path = "play/frame.rs"]
mod frame;
#[path = "support/grove.rs"]
mod grove;
#[path = "play/held.rs"]
mod held;
#[path = "play/helm.rs"]
mod helm;
#[path = "play/measure.rs"]
mod measure;
#[path = "play/mouse.rs"]
mod mouse;
#[path = "play/news.rs"]
mod news;
#[path = "support/play.rs"]
mod play;
#[path = "play/profile.rs"]
mod profile;
#[path = "play/pulse.rs"]
mod pulse;
#[path = "play/rights.rs"]
mod rights;
#[path = "support/scene.rs"]
mod scene;
#[path = "play/slices.rs"]
mod slices;
#[path = "play/views.rs"]
mod views;

#[path = "play/logs.rs"]
mod logs;
#[path = "play/tables.rs"]
mod tables;
#[path = "play/tabs.rs"]
mod tabs;
#[path = "play/uses.rs"]
mod uses;
#[path = "play/xray.rs"]
mod xray;

use std::sync::Arc;
use std::time::Duration;

use meshplay::cluster::connection::Health;
use meshplay::cluster::fleet::{Embedded, Fleet, FleetOptions};
use meshplay::cluster::rows::{Row, RowState, Uid};
use meshplay::load::engine::Ended;
use meshplay::load::plan::Pace;
use meshplay::names::{ClusterId, Gvk, ObjectKey, Problem};
use meshplay::perf::Order;
use meshplay::sandbox::{Options, Sandbox};
use meshplay::tui::app::memory::Memory;
use meshplay::tui::app::model::Effect;
use meshplay::tui::flow::Level;
use meshplay::tui::keys::PRESETS;
use meshplay::tui::panes::inventory::state::{Body, Tab};
use meshplay::tui::panes::{inventory, perf};
use play::{Opening, Stage};
use ratatui::style::Modifier;
use scene::{KINDS, Load, MINUTE, Make, changed, gentle, gone, listed, pod, shop};

/// Pods of one cluster, all well.
fn pods(names: &[&str]) -> Vec<Row> {
    names.iter().map(|name| pod(&format!("lab/shop/{name}"), "1/1", "Running")).collect()
}

/// A cluster with pods on the screen.
fn looking_at_pods(names: &[&str]) -> Stage {
    with_pods(Opening::kubeconfig(&["lab/shop"]).open(&["lab"]), names)
}

fn with_pods(opening: Opening, names: &[&str]) -> Stage {
    let mut stage = opening.start();
    stage.connections(vec![scene::ready("lab")]).kinds(KINDS);
    stage.play(": po <ret>").rows("lab", listed("pods", pods(names)));
    stage.wanted();
    stage
}

/// The sandbox as a newcomer meets it.
fn newcomer() -> Stage {
    let mut stage = Opening::sandbox().start();
    stage.connections(vec![scene::ready("sandbox")]).kinds(KINDS).rows("sandbox", shop());
    stage.wanted();
    stage
}

/// What is wanted of the clusters and of load tests; what is remembered for the next start is left out.
fn wanted(stage: &mut Stage) -> Vec<Effect> {
    stage.wanted().into_iter().filter(|effect| !matches!(effect, Effect::Remember(_))).collect()
}

fn deleted(stage: &mut Stage) -> Vec<ObjectKey> {
    let key = |effect| match effect {
        Effect::Inventory(inventory::work::Effect::Delete { key }) => Some(key),
        _ => None,
    };
    stage.wanted().into_iter().filter_map(key).collect()
}

fn started(stage: &mut Stage) -> Vec<Order> {
    let order = |effect| match effect {
        Effect::Perf(perf::work::Effect::Start { order, .. }) => Some(*order),
        _ => None,
    };
    stage.wanted().into_iter().filter_map(order).collect()
}

fn assert_shown(stage: &mut Stage, texts: &[&str]) {
    let screen = stage.screen();
    for text in texts {
        assert!(screen.contains(text), "`{text}` is not shown:\n{screen}");
    }
}

fn assert_not_shown(stage: &mut Stage, texts: &[&str]) {
    let screen = stage.screen();
    for text in texts {
        assert!(!screen.contains(text), "`{text}` is shown:\n{screen}");
    }
}

#[test]
fn the_first_screen_is_the_shop_with_what_fails_and_what_to_do() {
    let mut stage = newcomer();
    insta::assert_snapshot!(stage.screen(), @r"
 Inventory  , go  SANDBOX  no kubeconfig found, nothing real is touched
 workloads  shop  11 rows  ✗1                  1/3  cart is failing: d says why
    NAME            KIND         READY  STATUS                AGE              ▸
▌ ✗ cart            Deployment     0/2  Unavailable           36d
    catalog         Deployment     2/2  Available             34d
    checkout        Deployment     2/2  Available             32d
    db              StatefulSet    1/1  Available             38d
    nightly-report  CronJob          0  Scheduled 15 3 * * *  30d
    payments        Deployment     2/2  Available             30d
    recommend       Deployment     1/1  Available             28d
    reviews         Deployment     2/2  Available             26d
    search          Deployment     2/2  Available             24d
    shipping        Deployment     1/1  Available             22d
    web             Deployment     3/3  Available             38d









 d describe  y yaml  l logs  b load…  / filter  : go or do  ? keys      SANDBOX
");
}

#[test]
fn the_cursor_stays_on_its_object_while_rows_come_go_and_are_ordered_anew() {
    let mut stage = looking_at_pods(&["a", "b", "c", "d"]);
    stage.play("2j");
    assert!(stage.cursor().starts_with("c "), "{}", stage.screen());
    stage.rows("lab", changed(pods(&["aa", "ab"])));
    assert!(stage.cursor().starts_with("c "), "{}", stage.screen());
    stage.rows("lab", gone(&pods(&["a", "b"])));
    assert!(stage.cursor().starts_with("c "), "{}", stage.screen());
    stage.rows("lab", changed(vec![pods(&["d"]).remove(0).state(RowState::Bad)])).play("S");
    assert!(stage.cursor().starts_with("c "), "{}", stage.screen());
    assert_shown(&mut stage, &["faults↓"]);
}

#[test]
fn the_cursor_stays_at_the_top_until_it_is_moved() {
    let mut stage = looking_at_pods(&["m"]);
    stage.rows("lab", changed(pods(&["a"])));
    assert!(stage.cursor().starts_with("a "), "{}", stage.screen());
}

#[test]
fn the_line_of_the_cursor_stays_where_it_is_on_a_scrolled_screen() {
    let names: Vec<String> = (100..200).map(|number| format!("pod-{number}")).collect();
    let mut stage = looking_at_pods(&names.iter().map(String::as_str).collect::<Vec<_>>());
    stage.play("60j 5k");
    let place = |stage: &mut Stage| stage.screen().lines().position(|line| line.contains('▌'));
    let before = (place(&mut stage), stage.cursor());
    stage.rows("lab", changed(pods(&["early-1", "early-2", "early-3"])));
    assert_eq!((place(&mut stage), stage.cursor()), before);
}

#[test]
fn a_row_that_goes_under_the_cursor_leaves_it_in_its_place() {
    let mut stage = looking_at_pods(&["a", "b", "c"]);
    stage.play("j").rows("lab", gone(&pods(&["b"]))).wait(Duration::from_secs(4));
    assert!(stage.cursor().starts_with("c "), "{}", stage.screen());
}

#[test]
fn an_object_that_goes_while_it_is_looked_at_is_not_replaced_by_another() {
    let mut stage = looking_at_pods(&["a", "b", "c"]);
    stage.play("j <ret>").rows("lab", gone(&pods(&["b"])));
    // Nothing is under the cursor, so nothing can be done to what moved up.
    stage.play("ctrl-d");
    assert_not_shown(&mut stage, &["Cancel"]);
    assert_eq!(deleted(&mut stage), []);
    stage.play("k");
    assert!(stage.cursor().starts_with("a "), "{}", stage.screen());
}

#[test]
fn a_lost_cluster_is_told_once_with_its_reason_and_so_is_its_return() {
    let mut stage = with_pods(Opening::kubeconfig(&["lab/shop"]).open(&["lab"]), &["web-1"]);
    let lost = |seconds| vec![scene::troubled("lab", Health::Unreachable, seconds, scene::unreachable("lab"))];
    stage.connections(lost(1));
    let problem = scene::unreachable("lab");
    assert!(stage.line(-2).contains(&problem.what), "{}", stage.screen());
    assert!(stage.line(0).contains("✗1 ,e"), "{}", stage.screen());
    stage.play(", e");
    assert_shown(&mut stage, &["newest error"]);
    let reason: String = problem.why.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    assert_shown(&mut stage, &[reason.as_str()]);
    // Tried again in vain, it is not told again.
    stage.play("<esc>").connections(lost(60));
    assert!(!stage.line(0).contains(",e"), "{}", stage.screen());
    stage.connections(vec![scene::ready("lab")]);
    assert_shown(&mut stage, &["lab answers again"]);
}

#[test]
fn a_slow_cluster_is_named_and_not_counted_as_well() {
    let mut stage = with_pods(Opening::kubeconfig(&["lab/shop", "eu/shop"]).open(&["lab", "eu"]), &["web-1"]);
    let slow = meshplay::cluster::connection::Connection { latency_ms: Some(820), ..scene::ready("eu") };
    stage.connections(vec![scene::ready("lab"), slow]);
    assert!(stage.line(0).contains("1 ok") && stage.line(0).contains("▲ eu slow"), "{}", stage.line(0));
    stage.play(", k");
    assert_shown(&mut stage, &["slow"]);
}

#[test]
fn several_protected_contexts_are_not_deleted_from_with_one_name() {
    let mut stage = with_pods(Opening::kubeconfig(&["lab/shop", "eu/shop"]).open(&["lab", "eu"]).protected("*"), &["web-1"]);
    stage.rows("eu", listed("pods", vec![scene::pod("eu/shop/web-2", "1/1", "Running")]));
    stage.play("<space> <space> ctrl-d");
    assert_shown(&mut stage, &["several protected contexts"]);
    assert_not_shown(&mut stage, &["Cancel"]);
    assert_eq!(deleted(&mut stage), []);
}

#[test]
fn a_filter_follows_every_letter_and_esc_restores_the_one_before() {
    let mut stage = looking_at_pods(&["cart-1", "web-1", "web-2"]);
    stage.play("/ we");
    assert_shown(&mut stage, &["2 of 3", "web-1"]);
    assert_not_shown(&mut stage, &["cart-1"]);
    // The line begins with what held before.
    stage.play("<ret> / -2");
    assert_shown(&mut stage, &["0 of 3", "esc clears it"]);
    stage.play("<esc> / ctrl-u b-2");
    assert_shown(&mut stage, &["1 of 3", "web-2"]);
    stage.play("<esc>");
    assert_shown(&mut stage, &["2 of 3", "web-1", "/we"]);
    assert!(stage.style_of("we").add_modifier.contains(Modifier::UNDERLINED));
}

#[test]
fn esc_climbs_one_rung_a_press_and_never_quits() {
    let mut stage = looking_at_pods(&["cart-1", "web-1"]);
    stage.play("/ web <ret> <space> d");
    assert_shown(&mut stage, &["[summary]"]);
    stage.play("<esc>");
    assert_not_shown(&mut stage, &["[summary]"]);
    assert_shown(&mut stage, &["/web", "1 marked"]);
    stage.play("<esc>");
    assert_not_shown(&mut stage, &["/web"]);
    assert_shown(&mut stage, &["cart-1", "1 marked"]);
    stage.play("<esc>");
    assert_shown(&mut stage, &[":q quits"]);
    stage.play("<esc>");
    assert_not_shown(&mut stage, &[":q quits"]);
    stage.play("4q");
    assert!(!stage.model.ended);
    assert_shown(&mut stage, &["1 marked"]);
}

#[test]
fn esc_leaves_other_panes_for_the_inventory() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play(",p");
    assert!(stage.line(0).contains("Perf"));
    stage.play("<esc>");
    assert!(stage.line(0).contains("Inventory"));
}

#[test]
fn marks_survive_filter_and_order_and_actions_take_those_that_are_seen() {
    let mut stage = looking_at_pods(&["a-1", "a-2", "b-1", "b-2"]);
    stage.play("<space> j <space>");
    assert_shown(&mut stage, &["2 marked"]);
    stage.play("/ a- <ret> A N N");
    assert_shown(&mut stage, &["2 marked", "■  a-1"]);
    stage.play("ctrl-d <tab> <ret>");
    let names: Vec<String> = deleted(&mut stage).iter().map(|key| key.name.to_string()).collect();
    assert_eq!(names, ["a-1"]);
}

#[test]
fn an_action_on_marks_that_are_all_hidden_says_so() {
    let mut stage = looking_at_pods(&["a", "b"]);
    stage.play("<space> / name:b <ret> ctrl-d");
    assert_eq!(deleted(&mut stage), []);
    assert_shown(&mut stage, &["hidden by the filter"]);
}

#[test]
fn deleting_asks_with_the_focus_on_cancel_and_letters_mean_nothing() {
    let mut stage = looking_at_pods(&["web-1"]);
    stage.play("ctrl-d");
    assert_shown(&mut stage, &["Delete", "Pod shop/web-1 in lab", "[ Cancel ]"]);
    stage.play("y d Y <ret>");
    assert_not_shown(&mut stage, &["[ Cancel ]"]);
    assert_eq!(deleted(&mut stage), []);
    stage.play("ctrl-d <esc> ctrl-d ctrl-c");
    assert_eq!(deleted(&mut stage), []);
}

#[test]
fn a_deletion_is_bound_to_the_object_that_was_under_the_cursor() {
    let mut stage = looking_at_pods(&["web-1"]);
    let meant = pods(&["web-1"]).remove(0);
    let another = Row { uid: Uid::parse("another of the same name"), ..meant.clone() };
    stage.play("ctrl-d").rows("lab", gone(std::slice::from_ref(&meant))).rows("lab", changed(vec![another])).play("<tab> <ret>");
    let keys = deleted(&mut stage);
    assert_eq!(keys, [meant.key()]);
    assert_shown(&mut stage, &["deleting 1"]);
    let problem = Some(Problem::new("object.gone", "Pod shop/web-1 in lab is gone", "nothing was done"));
    stage.report(inventory_report(inventory::work::Report::Deleted { key: keys[0].clone(), problem }));
    assert_shown(&mut stage, &["is gone: nothing was done", "✗1"]);
    assert_not_shown(&mut stage, &["deleting 1"]);
}

fn inventory_report(report: inventory::work::Report) -> meshplay::tui::app::model::Report {
    meshplay::tui::app::model::Report::Inventory(report)
}

#[test]
fn a_protected_cluster_wants_its_name_typed() {
    let mut stage = with_pods(Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).protected("l*"), &["web-1"]);
    assert!(stage.line(0).contains("PROTECTED"));
    stage.play("ctrl-d");
    assert_shown(&mut stage, &["type lab", "the cluster is protected"]);
    stage.play("la <ret> <ret>");
    assert_shown(&mut stage, &["the name does not agree"]);
    assert_eq!(deleted(&mut stage), []);
    stage.play("<tab> b <ret> <ret>");
    assert_eq!(deleted(&mut stage).len(), 1);
}

#[test]
fn a_read_only_session_deletes_nothing_and_says_what_to_do() {
    let mut stage = with_pods(Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).readonly(), &["web-1"]);
    assert!(stage.line(0).contains("READ-ONLY"));
    stage.play("ctrl-d");
    assert_shown(&mut stage, &["was not done", "start without --readonly"]);
    assert_not_shown(&mut stage, &["Cancel"]);
    assert_eq!(wanted(&mut stage), []);
}

#[test]
fn the_line_completes_and_remembers() {
    let mut stage = with_pods(Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).history(&["svc", "deploy"]), &["a"]);
    stage.play(": po");
    assert_shown(&mut stage, &[":po", "tab takes the first"]);
    let offers = stage.lines_with("kind");
    assert!(offers[0].contains(" pods "), "{offers:?}");
    assert!(!offers.iter().any(|offer| offer.contains(" pod ")), "a kind stands there once: {offers:?}");
    stage.play("ds <tab>");
    assert!(stage.line(-1).starts_with(":pods"), "{}", stage.line(-1));
    stage.play("<esc> : <up> <up> <up> <down>");
    assert!(stage.line(-1).starts_with(":deploy"), "{}", stage.line(-1));
    stage.play("<ret>");
    assert!(stage.line(1).starts_with(" deployments"), "{}", stage.screen());
}

#[test]
fn a_line_looks_at_a_kind_in_a_namespace_with_a_filter_in_contexts() {
    let mut stage = Opening::kubeconfig(&["prod-eu", "prod-us", "lab"]).open(&["lab"]).start();
    stage.kinds(KINDS).wanted();
    stage.play("':po shop /web -l tier=front @prod*' <ret>");
    let watches: Vec<_> =
        stage.wanted().into_iter().filter(|effect| matches!(effect, Effect::Inventory(inventory::work::Effect::Watch { .. }))).collect();
    let [Effect::Inventory(inventory::work::Effect::Watch { specs, .. })] = &watches[..] else { panic!("{watches:?}") };
    let facts: Vec<_> = specs
        .iter()
        .map(|spec| (spec.cluster.as_str(), spec.view.as_str(), spec.namespaces.first().map(String::as_str), spec.labels.as_str()))
        .collect();
    assert_eq!(facts, [("prod-eu", "pods", Some("shop"), "tier=front"), ("prod-us", "pods", Some("shop"), "tier=front")]);
    assert!(stage.line(1).contains("/web"), "{}", stage.line(1));
}

#[test]
fn kinds_win_over_words_and_a_namespace_can_still_be_named() {
    let mut stage = looking_at_pods(&["a"]);
    stage.kinds(&[&["themes", "theme"]]);
    stage.play(": theme <ret>");
    assert!(stage.line(1).starts_with(" themes"), "{}", stage.line(1));
    stage.play("':po' <ret> ':ns other' <ret>");
    assert!(stage.line(1).starts_with(" pods  other"), "{}", stage.line(1));
    stage.play(": ns <ret>");
    assert!(stage.line(1).starts_with(" namespaces"), "{}", stage.line(1));
}

#[test]
fn a_word_nobody_knows_is_answered_with_what_was_probably_meant() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play(": posd <ret>");
    assert_shown(&mut stage, &["`posd` is neither", "did you mean `pod"]);
    assert!(stage.line(0).contains("✗1"), "{}", stage.line(0));
    stage.play(",n");
    assert_shown(&mut stage, &["notices, the newest first"]);
    assert!(!stage.line(0).contains("✗1"), "looked at is read");
}

#[test]
fn two_clusters_stand_in_one_table_and_old_rows_are_never_shown_as_new() {
    let mut stage = Opening::kubeconfig(&["prod-eu/shop", "lab/shop"]).open(&["prod-eu", "lab"]).size(100, 20).start();
    let down = scene::unreachable("lab");
    stage.kinds(KINDS).connections(vec![scene::ready("prod-eu"), scene::ready("lab")]).play(": po <ret>");
    stage.rows("prod-eu", listed("pods", vec![pod("prod-eu/shop/web-1", "1/1", "Running")]));
    stage.rows("lab", listed("pods", vec![pod("lab/shop/web-2", "1/1", "Running")]));
    assert_shown(&mut stage, &["CLUSTER", "2 ok"]);
    stage.connections(vec![scene::ready("prod-eu"), scene::troubled("lab", Health::Unreachable, 2 * MINUTE, down.clone())]);
    stage.rows("lab", scene::stale(2 * MINUTE, down));
    assert!(stage.line(0).contains("1 ok  ✗ lab unreachable 2m"), "{}", stage.line(0));
    assert!(stage.line(1).contains("lab as of 14:02Z"), "{}", stage.line(1));
    assert!(stage.lines_with("web-2")[0].starts_with("  ? lab "), "{}", stage.screen());
    assert!(stage.lines_with("web-1")[0].contains("   prod-eu "), "{}", stage.screen());
    assert!(stage.style_of("web-2").add_modifier.contains(Modifier::DIM));
    assert!(!stage.style_of("web-1").add_modifier.contains(Modifier::DIM));
    stage.connections(vec![scene::ready("prod-eu"), scene::ready("lab")]);
    stage.rows("lab", listed("pods", vec![pod("lab/shop/web-2", "1/1", "Running")]));
    assert_not_shown(&mut stage, &["as of", "?  lab", "unreachable"]);
}

#[test]
fn a_cluster_that_never_answered_says_why_where_its_rows_would_be() {
    let mut stage = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).start();
    assert_shown(&mut stage, &["connecting to lab…"]);
    stage.connections(vec![scene::troubled("lab", Health::Unreachable, 20, scene::unreachable("lab"))]);
    assert_shown(&mut stage, &["lab does not answer", "connection refused", "it is tried again by"]);
}

#[test]
fn a_prefix_shows_what_can_follow_and_a_wrong_key_ends_it() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play(",");
    assert_shown(&mut stage, &["go", "i     inventory", "p     load tests", "k     clusters"]);
    stage.play("Q");
    assert_not_shown(&mut stage, &["i     inventory"]);
    stage.play(", <esc>");
    assert_not_shown(&mut stage, &["i     inventory"]);
    stage.play(",k");
    assert!(stage.line(0).contains("Clusters"));
    stage.play(",,");
    assert!(stage.line(0).contains("Inventory"));
}

#[test]
fn help_footer_and_guide_tell_the_keys_in_use() {
    const OWN: &str = "[table]\n\"X\" = \"table.describe\"\n\"d\" = \"none\"\n";
    let mut stage = Opening::sandbox().keys(OWN).start();
    stage.kinds(KINDS).rows("sandbox", shop());
    assert!(stage.line(-1).contains("X describe"), "{}", stage.line(-1));
    assert!(stage.line(1).contains("X says why"), "{}", stage.line(1));
    stage.resize(100, 60).play("?");
    let described = stage.lines_with(" describe");
    assert!(described.iter().any(|line| line.contains("X  ")), "{described:?}");
    stage.play("<esc> d");
    assert_not_shown(&mut stage, &["[summary]"]);
    stage.play("X");
    assert_shown(&mut stage, &["[summary]"]);
}

#[test]
fn a_paste_is_text_and_never_a_command() {
    let mut stage = looking_at_pods(&["a"]);
    stage.paste(":q\r");
    assert!(!stage.model.ended);
    assert_shown(&mut stage, &["pasted text does nothing here"]);
    stage.play(":").paste("q\n");
    assert!(!stage.model.ended);
    assert!(stage.line(-1).starts_with(":q"), "{}", stage.line(-1));
    stage.play("<esc> ctrl-d").paste("\t\r");
    assert_eq!(deleted(&mut stage), []);
}

#[test]
fn ctrl_c_quits_only_when_it_comes_twice_in_a_row() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play("ctrl-c");
    assert_shown(&mut stage, &["ctrl-c again quits"]);
    stage.wait(Duration::from_secs(5)).play("ctrl-c");
    assert!(!stage.model.ended);
    stage.play("ctrl-c");
    assert!(stage.model.ended);
}

#[test]
fn a_notice_goes_by_itself_and_stays_in_the_list() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play("c");
    assert_eq!(wanted(&mut stage), [Effect::Copy("a".into())]);
    assert_shown(&mut stage, &["sent to your terminal: a"]);
    stage.wait(Duration::from_secs(7));
    assert_not_shown(&mut stage, &["sent to your terminal: a"]);
    stage.play(",n");
    assert_shown(&mut stage, &["14:04:00Z", "sent to your terminal: a"]);
}

/// A load test on the shop's web that has run for a second.
fn loading() -> (Stage, Load) {
    let mut stage = newcomer();
    let url = "http://127.0.0.1:38111/";
    let mut load = Load::begin("run-1", Some("service shop/web"), Some("sandbox"), gentle(url), 0);
    stage.perf(perf::work::Report::Started { run: Box::new(load.run.clone()) });
    let sample = load.second(2_000, Duration::from_micros(300), 0);
    stage.perf(perf::work::Report::Sample { id: "run-1".into(), sample: Arc::new(sample) });
    stage.wanted();
    (stage, load)
}

#[test]
fn quitting_asks_while_a_load_test_runs() {
    let (mut stage, _) = loading();
    stage.play(": q <ret>");
    assert_shown(&mut stage, &["1 load test will be stopped; what was measured is kept", "[ Cancel ]"]);
    stage.play("<ret>");
    assert!(!stage.model.ended);
    stage.play("ctrl-c ctrl-c");
    assert!(!stage.model.ended, "ctrl-c asks too");
    assert_shown(&mut stage, &["[ Cancel ]"]);
    stage.play("<tab> <ret>");
    assert!(stage.model.ended);
}

#[test]
fn leaving_the_pane_stops_nothing_and_the_end_is_a_notice() {
    let (mut stage, mut load) = loading();
    stage.play(",i 3j / web <ret> <esc>");
    assert_eq!(wanted(&mut stage), []);
    assert!(stage.line(0).contains("1 load test"), "{}", stage.line(0));
    let sample = load.second(2_000, Duration::from_micros(300), 0);
    stage.perf(perf::work::Report::Sample { id: "run-1".into(), sample: Arc::new(sample) });
    stage.perf(perf::work::Report::Finished { run: Box::new(load.end(Ended::Done)), problems: vec![] });
    assert_shown(&mut stage, &["load test of http://127.0.0.1:38111/ ended:", "0 failures"]);
    assert!(!stage.line(0).contains("1 load test"), "{}", stage.line(0));
    stage.play(",p");
    assert_shown(&mut stage, &["VALID", "whole run", "p99"]);
}

#[test]
fn a_load_test_is_stopped_by_a_key_and_by_nothing_else() {
    let (mut stage, load) = loading();
    stage.play("ctrl-d");
    assert_eq!(wanted(&mut stage), [Effect::Perf(perf::work::Effect::Stop { id: "run-1".into() })]);
    stage.perf(perf::work::Report::Finished { run: Box::new(load.end(Ended::Stopped)), problems: vec![] });
    assert_shown(&mut stage, &["stopped"]);
    stage.play("<esc> ctrl-d");
    assert_eq!(wanted(&mut stage), []);
}

#[test]
fn the_guide_goes_on_when_a_thing_is_done_and_never_comes_back() {
    let mut stage = newcomer();
    assert!(stage.line(1).contains("1/3  cart is failing: d says why"), "{}", stage.line(1));
    stage.play("j");
    assert!(stage.line(1).contains("1/3  cart is failing: k up to it, d says why"), "{}", stage.line(1));
    stage.play("d <esc>");
    assert!(stage.line(1).contains("1/3"), "describing what is well is not it: {}", stage.line(1));
    stage.play("k d").inspected(Body::Summary(scene::cart()));
    assert!(stage.line(1).contains("2/3  esc, j to web"), "{}", stage.line(1));
    assert_shown(&mut stage, &["0 of 2 ready", "CrashLoopBackOff  14 restarts"]);
    stage.play("<esc> G b");
    let key = web_service();
    assert_eq!(wanted(&mut stage).last(), Some(&Effect::Perf(perf::work::Effect::Resolve { key: key.clone() })));
    stage.perf(perf::work::Report::Resolved { key, url: Ok("http://127.0.0.1:38111/".into()) }).play("<ret>");
    let order = started(&mut stage).remove(0);
    let load = Load::begin("run-1", order.what.as_deref(), Some("sandbox"), order.plan, 0);
    stage.perf(perf::work::Report::Started { run: Box::new(load.run) });
    assert!(stage.line(0).contains("Perf"), "{}", stage.line(0));
    assert!(stage.line(1).contains("3/3  it runs on: ,i"), "{}", stage.line(1));
    stage.play(",i");
    assert!(stage.line(1).contains("that was it. :ctx lists contexts"), "{}", stage.line(1));
    assert!(stage.wanted().iter().any(|effect| matches!(effect, Effect::Remember(Memory { guide_done: true, .. }))));
    stage.play("j");
    assert_not_shown(&mut stage, &["that was it"]);
    stage.play("G d");
    assert_not_shown(&mut stage, &["1/3", "2/3"]);
}

fn web_service() -> ObjectKey {
    ObjectKey {
        cluster: ClusterId::new("sandbox"),
        gvk: Arc::new(Gvk::new("", "v1", "Service")),
        namespace: Some("shop".into()),
        name: "web".into(),
        uid: "".into(),
    }
}

#[test]
fn the_form_says_what_is_wrong_and_starts_what_was_filled_in() {
    let mut stage = newcomer();
    stage.play("G b");
    assert_shown(&mut stage, &["Load test", "service shop/web in sandbox", "  Start  "]);
    stage.play("<ret>");
    assert_shown(&mut stage, &["its address is not known yet"]);
    stage.perf(perf::work::Report::Resolved { key: web_service(), url: Ok("http://127.0.0.1:38111/".into()) });
    assert_shown(&mut stage, &["http://127.0.0.1:38111/"]);
    // From the button up to the duration, which is typed anew.
    stage.play("<up> <up> <up> <up> <up> ctrl-u '10x' <ret>");
    assert_shown(&mut stage, &["`10x` is not a duration"]);
    assert_eq!(started(&mut stage), []);
    stage.play("ctrl-u '30s' <down> ctrl-u 250 <ret>");
    let order = started(&mut stage).remove(0);
    assert_eq!((order.what.as_deref(), order.cluster), (Some("service shop/web"), Some(ClusterId::new("sandbox"))));
    assert_eq!((order.plan.duration, &order.plan.pace, order.plan.connections), (Duration::from_secs(30), &Pace::Rate(250.0), 4));
    let mut load = Load::begin("run-1", Some("service shop/web"), Some("sandbox"), order.plan, 0);
    stage.perf(perf::work::Report::Started { run: Box::new(load.run.clone()) });
    for _ in 0..3 {
        let sample = load.second(250, Duration::from_millis(2), 2);
        stage.perf(perf::work::Report::Sample { id: "run-1".into(), sample: Arc::new(sample) });
    }
    assert_shown(&mut stage, &["running", "3 s of 30 s", "open 250/s, 4 conns", "status_5xx", "p50", "last 1 s", "whole run"]);
}

#[test]
fn a_run_that_is_refused_is_told_and_nothing_is_shown_as_running() {
    let mut stage = newcomer();
    stage.perf(perf::work::Report::Refused {
        problem: Problem::new("load.address", "nothing.example has no address", "not found").hint("check the name"),
    });
    assert_shown(&mut stage, &["nothing.example has no address", "check the name"]);
    assert!(!stage.line(0).contains("load test"));
}

#[test]
fn an_address_in_a_protected_cluster_is_loaded_only_after_its_name_was_typed() {
    let mut stage = Opening::kubeconfig(&["prod/shop"]).open(&["prod"]).protected("prod").start();
    stage.kinds(KINDS).play(": svc <ret>").rows("prod", listed("services", vec![scene::service("prod/shop/web")]));
    stage.play("b");
    let key = match stage.wanted().pop() {
        Some(Effect::Perf(perf::work::Effect::Resolve { key })) => key,
        other => panic!("{other:?}"),
    };
    stage.perf(perf::work::Report::Resolved { key, url: Ok("http://192.0.2.20:80/".into()) }).play("<ret>");
    assert_shown(&mut stage, &["type prod", "it may hurt whoever uses it now"]);
    assert_eq!(started(&mut stage), []);
    stage.play("prod <ret> <ret>");
    let order = started(&mut stage).remove(0);
    assert_eq!((order.typed.as_deref(), order.plan.pace), (Some("prod"), Pace::Rate(100.0)), "gentle, as nothing else was said");
}

#[tokio::test]
async fn the_yaml_of_a_secret_shows_sizes_and_no_values() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let embedded = Embedded { name: "sandbox".into(), namespace: "shop".into(), dial: Arc::new(move || sandbox.dial()) };
    let fleet = Fleet::open(FleetOptions { embedded: Some(embedded), ..FleetOptions::default() }).unwrap();
    let cluster = ClusterId::new("sandbox");
    fleet.connect(&cluster);
    let key = fleet.find(&cluster, "secrets", Some("shop"), "payments-key").await.unwrap();
    let mut stage = newcomer();
    stage.play(": secrets <ret>").rows("sandbox", listed("secrets", vec![scene::secret("sandbox/shop/payments-key")])).play("y");
    stage.inspected(Body::Yaml(fleet.yaml(&key, false).await.unwrap().into()));
    // `not-a-real-key`.
    assert_shown(&mut stage, &["key: <14 bytes, hidden>"]);
    assert_not_shown(&mut stage, &["bm90LWEtcmVhbC1rZXk", "not-a-real-key"]);
}

#[test]
fn rows_of_an_earlier_view_are_dropped() {
    let mut stage = looking_at_pods(&["a"]);
    let before = stage.model.inventory.generation;
    stage.play(": svc <ret>").rows("lab", listed("services", vec![scene::service("lab/shop/web")]));
    stage.rows_of(before, "lab", changed(pods(&["late"])));
    assert_not_shown(&mut stage, &["late"]);
    assert_shown(&mut stage, &["1 row"]);
}

#[test]
fn an_answer_about_an_object_that_was_left_is_dropped() {
    let mut stage = looking_at_pods(&["a", "b"]);
    stage.play("y");
    let job = stage.model.inventory.jobs;
    stage.play("<esc> j y");
    stage.report(inventory_report(inventory::work::Report::Inspected { job, body: Body::Yaml("name: a".into()) }));
    assert_not_shown(&mut stage, &["name: a"]);
    stage.inspected(Body::Yaml("name: b".into()));
    assert_shown(&mut stage, &["name: b"]);
}

#[test]
fn an_open_detail_follows_the_cursor_once_it_rests() {
    let mut stage = looking_at_pods(&["a", "b", "c"]);
    stage.play("<ret>").inspected(Body::Summary(scene::cart()));
    stage.wanted();
    stage.play("2j");
    assert_shown(&mut stage, &["reading…"]);
    assert_eq!(wanted(&mut stage), [], "the cursor moves yet");
    stage.wait(Duration::from_millis(200));
    let asked = wanted(&mut stage);
    assert!(
        matches!(&asked[..], [Effect::Inventory(inventory::work::Effect::Inspect { key, tab: Tab::Summary, .. })] if &*key.name == "c"),
        "{asked:?}"
    );
}

#[test]
fn several_contexts_are_opened_together_and_the_choice_is_remembered() {
    let mut stage = Opening::kubeconfig(&["prod-eu", "prod-us", "lab"]).open(&["lab"]).start();
    stage.wanted();
    stage.play(": ctx <ret>");
    assert_shown(&mut stage, &["1 of 3 open"]);
    stage.play("2k <space> <space> <ret>");
    let effects = stage.wanted();
    for wanted in [Effect::Connect(ClusterId::new("prod-eu")), Effect::Connect(ClusterId::new("prod-us")), Effect::Disconnect(ClusterId::new("lab"))]
    {
        assert!(effects.contains(&wanted), "{wanted:?} in {effects:?}");
    }
    let remembered = effects.iter().rev().find_map(|effect| match effect {
        Effect::Remember(memory) => Some(memory.contexts.clone()),
        _ => None,
    });
    assert_eq!(remembered.unwrap(), ["prod-eu", "prod-us"]);
    assert_shown(&mut stage, &["Inventory", "prod-eu prod-us"]);
}

#[test]
fn without_a_context_the_list_is_shown_and_nothing_is_connected() {
    let mut stage = Opening::kubeconfig(&["prod-eu", "lab"]).start();
    assert!(stage.line(0).contains("Clusters"), "{}", stage.screen());
    assert!(!stage.wanted().iter().any(|effect| matches!(effect, Effect::Connect(_))));
}

#[test]
fn the_smallest_terminal_still_says_what_matters_and_a_smaller_one_says_so() {
    let mut stage = newcomer();
    stage.resize(40, 10);
    insta::assert_snapshot!(stage.screen(), @r"
 Inventory  SANDBOX
 workloads  shop  11 rows  ✗1
    NAME            KIND         READY ▸
▌ ✗ cart            Deployment     0/2
    catalog         Deployment     2/2
    checkout        Deployment     2/2
    db              StatefulSet    1/1
    nightly-report  CronJob          0
    payments        Deployment     2/2
 d describe  y yaml  ? keys     SANDBOX
");
    stage.play("ctrl-d");
    assert_shown(&mut stage, &["Delete", "[ Cancel ]"]);
    stage.play("<esc> G b");
    assert_shown(&mut stage, &["URL", "  Start  "]);
    stage.play("<esc> ?");
    assert_shown(&mut stage, &["esc closes"]);
    stage.play("<esc> : po");
    assert_shown(&mut stage, &[":po"]);
    stage.play("<esc>").resize(39, 9);
    assert_eq!(stage.screen().trim_end(), "too small: 40×10 is needed");
    stage.resize(1, 1).resize(0, 0).resize(80, 24);
    assert_shown(&mut stage, &["workloads", "cart"]);
}

#[test]
fn every_screen_can_be_drawn_at_every_size() {
    for (name, begin) in SCENES.iter().copied() {
        for (width, height) in [(40, 10), (41, 11), (60, 14), (80, 24), (120, 36), (160, 45), (200, 60)] {
            let mut stage = begin();
            stage.resize(width, height);
            let screen = stage.screen();
            let (first, last) = (stage.line(0), stage.line(-1));
            assert!(!first.trim().is_empty() && !last.trim().is_empty(), "{name} at {width}×{height}\n{screen}");
        }
    }
}

/// A name and how it comes about.
type Scene = (&'static str, fn() -> Stage);

/// Where a footer stands: one scene for everything the contexts of the keymap can look like.
const SCENES: &[Scene] = &[
    ("no rows", || looking_at_pods(&[])),
    ("one row", || looking_at_pods(&["a"])),
    ("rows", || {
        let mut stage = looking_at_pods(&["a", "b", "c"]);
        stage.play("j");
        stage
    }),
    ("read-only", || with_pods(Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).readonly(), &["a", "b"])),
    ("secrets", || {
        let mut stage = newcomer();
        stage.play(": secrets <ret>").rows("sandbox", listed("secrets", vec![scene::secret("sandbox/shop/payments-key")]));
        stage
    }),
    ("an API server", views::versions),
    ("an image", || {
        let mut stage = newcomer();
        stage.play(": images <ret>").rows("sandbox", listed("images", vec![scene::image("sandbox/shop/web", "1.4.2")]));
        stage
    }),
    ("detail", || {
        let mut stage = newcomer();
        let mut cart = scene::cart();
        cart.facts.push(scene::fact("labels", &"app=cart, ".repeat(40), RowState::Fine));
        stage.play("d").inspected(Body::Summary(cart));
        stage
    }),
    ("yaml", || {
        let mut stage = newcomer();
        stage.play("y").inspected(Body::Yaml(
            (0..80).map(|line| format!("line-{line}:\n  below: a long line {}\n", "word ".repeat(60))).collect::<String>().into(),
        ));
        stage
    }),
    ("beside", || {
        let mut stage = newcomer();
        stage.play("<ret>").inspected(Body::Summary(scene::cart())).play("<tab>");
        stage
    }),
    ("no runs", || {
        let mut stage = newcomer();
        stage.play(",p").perf(perf::work::Report::Listed { runs: vec![], problems: vec![] });
        stage
    }),
    ("a run", || loading().0),
    ("old runs", || {
        let mut stage = newcomer();
        let run = |id: &str, ago| {
            let mut load = Load::begin(id, Some("service shop/web"), Some("sandbox"), gentle("http://127.0.0.1:38111/"), ago);
            _ = load.second(1_000, Duration::from_millis(1), 0);
            load.end(Ended::Done)
        };
        stage.play(",p").perf(perf::work::Report::Listed { runs: vec![run("b", 60), run("a", 600)], problems: vec![] });
        stage
    }),
    ("contexts", || {
        let mut stage = Opening::kubeconfig(&["prod-eu", "lab"]).open(&["lab"]).start();
        stage.play(",k k");
        stage
    }),
    ("a context in trouble", || {
        let mut stage = Opening::kubeconfig(&["prod-eu", "lab"]).open(&["lab"]).start();
        stage.connections(vec![scene::troubled("lab", Health::Unreachable, 60, scene::unreachable("lab"))]).play(",k");
        stage
    }),
];

#[test]
fn every_footer_shows_only_what_its_keys_really_do() {
    let mut lies = Vec::new();
    for ((preset, _), (name, begin)) in PRESETS.iter().flat_map(|preset| SCENES.iter().map(move |scene| (preset, scene))) {
        // A scene comes about with the default keys; its footer is of the preset.
        let begin = || {
            let mut stage = begin();
            stage.model.keymap = stage.model.keymaps.iter().find(|(name, _)| name == preset).unwrap().1.clone();
            stage.resize(200, 30);
            stage
        };
        // Drawn once: it comes about the same way each time.
        let before = begin().screen();
        for (keys, title) in hints(before.lines().last().unwrap()) {
            let mut stage = begin();
            stage.wanted();
            let notices = stage.model.notices.len();
            let played: String =
                keys.split(' ').map(|key| if key.len() > 1 && !key.starts_with("ctrl-") { format!("<{key}> ") } else { format!("{key} ") }).collect();
            stage.play(&played);
            let asked = !wanted(&mut stage).is_empty();
            let nothing = stage.screen() == before && !asked;
            let newest = stage.model.notices.get(notices).map(|kept| &kept.notice);
            // What is sent to the clipboard is told as well.
            let refused = !asked && newest.is_some_and(|notice| notice.level == Level::Info || notice.problem.code.starts_with("gate"));
            if nothing || refused {
                lies.push(format!("{preset}, {name}: `{keys} {title}`{}", if refused { " is refused" } else { " does nothing" }));
            }
        }
    }
    assert!(lies.is_empty(), "{}", lies.join("\n"));
}

/// Keys and titles of a footer; pairs stand two blanks apart.
fn hints(footer: &str) -> Vec<(String, String)> {
    let parts = footer.trim().split("  ").map(str::trim).filter(|part| !part.is_empty());
    parts.filter_map(|part| part.split_once(' ')).map(|(keys, title)| (keys.to_owned(), title.to_owned())).collect()
}

#[test]
fn an_open_dialog_has_a_footer_of_its_own() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play("ctrl-d");
    assert!(stage.line(-1).contains("esc cancel") && !stage.line(-1).contains("describe"), "{}", stage.line(-1));
    stage.play("<esc> ?");
    assert!(stage.line(-1).contains("esc close") && !stage.line(-1).contains("describe"), "{}", stage.line(-1));
}

#[test]
fn what_is_not_possible_says_why_in_the_list_of_actions() {
    let mut stage = newcomer();
    stage.play(": secrets <ret>").rows("sandbox", listed("secrets", vec![scene::secret("sandbox/shop/payments-key")])).play(".");
    assert_shown(&mut stage, &["Secret shop/payments-key in sandbox", "not now: a Secret answers no HTTP"]);
    stage.play("<esc>").rows("sandbox", gone(&[scene::secret("sandbox/shop/payments-key")])).play(".");
    assert_shown(&mut stage, &["no row is chosen"]);
}

#[test]
fn ascii_terminals_get_ascii() {
    let mut stage = Opening::sandbox().ascii().start();
    stage.kinds(KINDS).rows("sandbox", shop());
    for keys in ["", "?", "<esc> .", "<esc> ctrl-d", "<esc> <ret>", ",p"] {
        stage.play(keys);
        let odd: String = stage.screen().chars().filter(|letter| !letter.is_ascii()).collect();
        assert_eq!(odd, "", "after `{keys}`:\n{}", stage.screen());
    }
}
