//! Stories of CPU and memory: columns that come with the numbers, what is near its limit, and numbers that grow old.

use std::time::Duration;

use meshplay::cluster::metrics::{Known, Reading};
use meshplay::cluster::rows::Row;
use meshplay::names::{ClusterId, Problem};
use meshplay::tui::app::model::{Effect, Report};
use meshplay::tui::panes::inventory::work::{Effect as Work, Report as Answer};

use crate::play::{Opening, Stage};
use crate::scene::{self, KINDS, Make, changed, listed, pod, uses};
use crate::{assert_not_shown, assert_shown};

const NAMES: [&str; 4] = ["cart-2xk4v", "search-k2m9z", "web-kk2lm", "web-wvbxt"];

fn gauged() -> Vec<Row> {
    NAMES.iter().map(|name| pod(&format!("lab/shop/{name}"), "1/1", "Running").gauged()).collect()
}

fn measuring(opening: Opening) -> Stage {
    let mut stage = opening.open(&["lab"]).start();
    stage.connections(vec![scene::ready("lab")]).kinds(KINDS).play(": po <ret>").rows("lab", listed("gauged pods", gauged()));
    stage
}

fn lab() -> Opening {
    Opening::kubeconfig(&["lab/shop"])
}

const FIRST: &[(&str, u64, u64)] = &[("cart-2xk4v", 12, 250), ("search-k2m9z", 95, 210), ("web-kk2lm", 120, 60)];

#[test]
fn columns_come_with_the_first_word_of_numbers_and_keep_their_place() {
    let mut stage = measuring(lab().size(120, 10));
    assert_not_shown(&mut stage, &["CPU", "MEM"]);
    stage.measured("lab", Reading { namespace: None, known: Known::Awaited });
    assert_shown(&mut stage, &["CPU", "%CPU/L", "MEM", "%MEM/L"]);
    stage.measured("lab", uses(0, FIRST));
    insta::assert_snapshot!(stage.screen(), @r"
 Inventory  , go  1 ok                                                                                              lab
 pods  shop  4 rows
    NAME          READY  STATUS   RESTARTS  LAST    CPU  %CPU/L     MEM  %MEM/L  NODE     IP          %CPU/R  AGE      ▸
▌   cart-2xk4v      1/1  Running  0                 12m           250Mi    ✗98%  node-01  10.244.0.7     12%   3d
    search-k2m9z    1/1  Running  0                 95m           210Mi    ▲82%  node-01  10.244.0.7     95%   3d
    web-kk2lm       1/1  Running  0                120m            60Mi     23%  node-01  10.244.0.7    120%   3d
    web-wvbxt       1/1  Running  0                                              node-01  10.244.0.7           3d


 d describe  y yaml  l logs  b load…  ctrl-d delete…  ! trouble only  / filter  : go or do  ? keys                  lab
");
    // A row that changes keeps its numbers, and one that comes has them at once.
    stage.rows("lab", changed(vec![gauged().remove(0).restarts(1, 5, "OOM")]));
    assert_shown(&mut stage, &["✗98%"]);
    stage.play("ctrl-w");
    assert_shown(&mut stage, &["%CPU/R", "120%"]);
}

/// A level is a seventh of the largest of the last eight readings.
#[test]
fn how_uses_went_stands_beside_them_where_there_is_room() {
    for (ascii, cpu, memory) in [(false, "▅█▃", "███"), (true, "=#:", "###")] {
        let opening = lab().size(170, 10);
        let mut stage = measuring(if ascii { opening.ascii() } else { opening });
        for (ago, millicores) in [(30, 60), (15, 120), (0, 30)] {
            stage.measured("lab", uses(ago, &[("web-kk2lm", millicores, 60)]));
        }
        assert_shown(&mut stage, &["CPU PAST", "MEM PAST", cpu, memory]);
        let place = |stage: &mut Stage| stage.place_of("NODE");
        let before = place(&mut stage);
        (0..20).for_each(|at| _ = stage.measured("lab", uses(-15 * (at + 1), &[("web-kk2lm", 30, 60)])));
        assert_eq!(place(&mut stage), before, "a column keeps its width");
        assert!(stage.lines_with("web-kk2lm")[0].contains(&memory[..memory.len() / 3].repeat(8)), "{}", stage.screen());
    }
    // Where there is no room it is the first to go, and the wide view asks for it.
    let mut stage = measuring(lab().size(100, 10));
    stage.measured("lab", uses(0, FIRST));
    assert_not_shown(&mut stage, &["PAST"]);
    stage.play("ctrl-w").resize(160, 10);
    assert_shown(&mut stage, &["CPU PAST"]);
}

#[test]
fn at_80_columns_no_name_is_cut_for_numbers() {
    let mut stage = measuring(lab());
    stage.measured("lab", uses(0, FIRST));
    assert_shown(&mut stage, &["CPU", "MEM", "250Mi"]);
    let long = pod("lab/shop/a-name-of-36-letters-7d4b8c6f5c-4tn2", "1/1", "Running").gauged();
    stage.rows("lab", changed(vec![long]));
    assert_shown(&mut stage, &["a-name-of-36-letters-7d4b8c6f5c-4tn2"]);
    assert_not_shown(&mut stage, &["250Mi"]);
}

#[test]
fn what_moved_says_where_to_and_old_numbers_say_so() {
    let mut stage = measuring(lab().size(120, 10));
    stage.measured("lab", uses(0, FIRST));
    stage.measured("lab", uses(0, &[("cart-2xk4v", 48, 252), ("web-kk2lm", 60, 61)]));
    assert_shown(&mut stage, &["↑48m", " 252Mi", "↓60m"]);
    // Two newer ones should have come.
    stage.wait(Duration::from_secs(31));
    assert_shown(&mut stage, &["?48m", "?252Mi"]);
    assert_not_shown(&mut stage, &["✗98%"]);
}

#[test]
fn the_hungriest_come_first_when_asked_and_the_cursor_stays_on_its_pod() {
    let mut stage = measuring(lab().size(120, 12));
    stage.measured("lab", uses(0, FIRST)).play("2j");
    assert!(stage.cursor().starts_with("web-kk2lm"), "{}", stage.screen());
    // The column of CPU: name, ready, status, restarts, last, CPU.
    stage.play(">>>>> OO");
    assert_shown(&mut stage, &["cpu↓"]);
    assert!(stage.cursor().starts_with("web-kk2lm"), "{}", stage.screen());
    stage.measured("lab", uses(0, &[("cart-2xk4v", 900, 250), ("web-kk2lm", 1, 60)]));
    let first = |stage: &mut Stage| stage.screen().lines().nth(3).unwrap_or_default().to_owned();
    // Rows do not move under the cursor before they are told to.
    assert_shown(&mut stage, &["order held"]);
    assert!(first(&mut stage).contains("web-kk2lm"), "{}", stage.screen());
    stage.play("ctrl-r");
    assert!(first(&mut stage).contains("cart-2xk4v"), "{}", stage.screen());
    assert!(stage.cursor().starts_with("web-kk2lm"), "{}", stage.screen());
}

#[test]
fn numbers_that_cannot_be_read_are_a_quiet_word() {
    let mut stage = measuring(lab().size(120, 10));
    let problem = Problem::new("cluster.forbidden", "lab does not allow this (403)", "pods.metrics.k8s.io is forbidden");
    stage.measured("lab", Reading { namespace: None, known: Known::Failed(problem) });
    assert_shown(&mut stage, &["no CPU, MEM: lab does not allow this (403)", "web-kk2lm"]);
}

#[test]
fn pods_on_nodes_are_counted_only_while_the_column_is_wanted() {
    let mut stage = Opening::kubeconfig(&["lab"]).open(&["lab"]).size(160, 24).start();
    let counts = |stage: &mut Stage| -> Vec<usize> {
        let count = |effect| if let Effect::Inventory(Work::Count { clusters, .. }) = effect { Some(clusters.len()) } else { None };
        stage.wanted().into_iter().filter_map(count).collect()
    };
    stage.connections(vec![scene::ready("lab")]).kinds(KINDS).play(": nodes <ret>");
    stage.rows("lab", listed("nodes", vec![scene::node("lab/node-1"), scene::node("lab/node-2")]));
    assert_not_shown(&mut stage, &["PODS"]);
    assert!(counts(&mut stage).is_empty());
    stage.play("ctrl-w");
    assert_eq!(counts(&mut stage), [1]);
    let generation = stage.model.inventory.generation;
    let pods = [("node-1".into(), 104), ("node-3".into(), 7)].into();
    stage.report(Report::Inventory(Answer::Counted { generation, cluster: ClusterId::new("lab"), pods }));
    assert_shown(&mut stage, &["PODS", "▲104/110", " 0/110"]);
    // Looking at something else ends it, and it begins again with the nodes.
    stage.play(": po <ret>");
    assert_eq!(counts(&mut stage), [0]);
    stage.play(": nodes <ret>");
    assert_eq!(counts(&mut stage), [1]);
    stage.play("ctrl-w");
    assert_eq!(counts(&mut stage), [0]);
}
