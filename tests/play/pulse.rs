//! Stories of the pulse: everything counted on one screen, and the way from there to what is wrong.

use std::time::Duration;

use meshplay::cluster::metrics::{Known, Reading, Use, Uses};
use meshplay::cluster::rows::Phase;
use meshplay::names::ClusterId;
use meshplay::tui::app::model::{Effect, Report};
use meshplay::tui::flow::PaneId;
use meshplay::tui::panes::inventory;
use meshplay::tui::panes::pulse::state::Tally;
use meshplay::tui::panes::pulse::work;

use crate::play::{NOW, Opening, Stage};
use crate::scene::{KINDS, ready};
use crate::{assert_shown, wanted};

fn counted(stage: &mut Stage, kind: &str, states: [usize; 6], whole: (u64, u64)) {
    let tally = Tally { states, phase: Some(Phase::Synced), whole, minutes: vec![(NOW / 60, 3)] };
    let generation = stage.model.pulse.generation;
    stage.report(Report::Pulse(work::Report::Counted { generation, cluster: ClusterId::new("lab"), kind: kind.into(), tally }));
}

fn measured(stage: &mut Stage, cpu: u64, memory: u64) {
    let of = [("".into(), [("node-1".into(), Use { cpu, memory })].into())].into();
    let reading = Reading { namespace: None, known: Known::Measured(Uses { at: NOW, every: 15, window: 15, of }.into()) };
    let generation = stage.model.pulse.generation;
    stage.report(Report::Pulse(work::Report::Measured { generation, cluster: ClusterId::new("lab"), reading }));
}

fn looking() -> Stage {
    let mut stage = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).start();
    stage.connections(vec![ready("lab")]).kinds(KINDS).play(",u");
    counted(&mut stage, "pods", [1_200, 0, 3, 0, 0, 2], (9_000, 20 << 30));
    counted(&mut stage, "deployments", [40, 0, 0, 0, 0, 0], (0, 0));
    counted(&mut stage, "nodes", [3, 0, 0, 0, 0, 0], (24_000, 96 << 30));
    counted(&mut stage, "events", [0, 0, 0, 0, 3, 0], (0, 0));
    measured(&mut stage, 21_000, 48 << 30);
    stage
}

#[test]
fn everything_is_counted_and_what_is_wrong_is_opened_alone() {
    let mut stage = looking();
    assert_shown(&mut stage, &["✗ pods", "1,205", "✗2", "◐3", "cpu", "▲88%", "50%", "3 in the last 5 min"]);
    stage.wait(Duration::from_secs(40));
    assert_shown(&mut stage, &["?88%"]);
    stage.wanted();
    stage.play("j <tab> <ret>");
    assert_eq!(stage.model.pane, PaneId::Inventory);
    assert_shown(&mut stage, &["pods", "all namespaces", "trouble only"]);
    // Nothing is counted for nobody.
    let wanted = wanted(&mut stage);
    assert!(wanted.iter().any(|effect| matches!(effect, Effect::Pulse(work::Effect::Look { clusters, .. }) if clusters.is_empty())), "{wanted:?}");
    let watched = |effect: &Effect| matches!(effect, Effect::Inventory(inventory::work::Effect::Watch { specs, .. }) if specs[0].view == "pods");
    assert!(wanted.iter().any(watched), "{wanted:?}");
}

#[test]
fn a_kind_that_is_well_is_opened_whole() {
    let mut stage = looking();
    stage.play("j <ret>");
    assert_shown(&mut stage, &["deployments", "all namespaces"]);
    assert!(!stage.model.inventory.trouble);
}
