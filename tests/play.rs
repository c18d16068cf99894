//! Stories: the whole app headless, keys in, screens and effects out. What panes do by themselves is tested beside them; here it is what a person lives
//! through.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

#[path = "support/play.rs"]
mod play;
#[path = "support/scene.rs"]
mod scene;

use meshplay::cluster::rows::{Row, RowState};
use play::{Opening, Stage};
use scene::{KINDS, Make, changed, gone, listed, pod, shop};

/// Pods of one cluster, all well.
fn pods(names: &[&str]) -> Vec<Row> {
    names.iter().map(|name| pod(&format!("lab/shop/{name}"), "1/1", "Running")).collect()
}

/// A cluster with pods on the screen.
fn looking_at_pods(names: &[&str]) -> Stage {
    let mut stage = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).start();
    stage.connections(vec![scene::ready("lab")]).kinds(KINDS);
    stage.play(": po <ret>").rows("lab", listed("pods", pods(names)));
    stage
}

#[test]
fn the_first_screen_is_the_shop() {
    let mut stage = Opening::sandbox().start();
    stage.kinds(KINDS).rows("sandbox", shop());
    println!("{}", stage.screen());
}

#[test]
fn the_cursor_stays_on_its_object_while_rows_come_go_and_are_ordered_anew() {
    let mut stage = looking_at_pods(&["a", "b", "c", "d"]);
    stage.play("2j");
    assert!(stage.cursor().starts_with("c "), "{}", stage.cursor());
    stage.rows("lab", changed(pods(&["aa", "ab"])));
    assert!(stage.cursor().starts_with("c "));
    stage.rows("lab", gone(&pods(&["a", "b"])));
    assert!(stage.cursor().starts_with("c "));
    stage.rows("lab", changed(vec![pods(&["d"]).remove(0).state(RowState::Bad)])).play("S");
    assert!(stage.cursor().starts_with("c "));
    println!("{}", stage.screen());
}
