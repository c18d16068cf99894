//! Stories of changes that mark themselves: what came, changed and went is seen for a moment, and then nothing is.

use std::time::Duration;

use meshplay::cluster::rows::{Delta, RowState};
use meshplay::tui::panes::inventory;

use crate::play::{Opening, Stage};
use crate::scene::{Make, changed, gone, listed, pod};
use crate::{assert_shown, deleted, looking_at_pods, pods, with_pods};

/// What stands before a row's sign.
fn before(stage: &mut Stage, name: &str) -> char {
    let lines: Vec<String> = stage.lines_with(&format!(" {name} ")).into_iter().filter(|line| line.contains("/1 ")).collect();
    assert_eq!(lines.len(), 1, "{}", stage.screen());
    lines[0].chars().nth(1).unwrap()
}

fn wake(stage: &Stage) -> Option<Duration> {
    inventory::update::next_wake(&stage.model.inventory)
}

#[test]
fn what_came_changed_and_went_is_marked_for_a_moment_and_then_nothing_wakes() {
    let mut stage = looking_at_pods(&["a", "b", "c"]);
    assert_eq!((before(&mut stage, "a"), wake(&stage)), (' ', None), "a list is no news");
    let failed = pod("lab/shop/b", "0/1", "Error").state(RowState::Bad);
    stage.rows("lab", changed(vec![failed, pod("lab/shop/d", "0/1", "Pending"), pod("lab/shop/c", "1/1", "Running")]));
    stage.rows("lab", gone(&pods(&["a"])));
    let marks = ["a", "b", "c", "d"].map(|name| before(&mut stage, name));
    assert_eq!(marks, ['-', 'Δ', ' ', '+'], "{}", stage.screen());
    // What is new stays new while it settles.
    stage.wait(Duration::from_secs(2)).rows("lab", changed(vec![pod("lab/shop/d", "1/1", "Running")]));
    assert_eq!(before(&mut stage, "d"), '+');
    stage.wait(Duration::from_secs(2));
    assert!(stage.lines_with(" a ").is_empty(), "{}", stage.screen());
    stage.wait(Duration::from_secs(2));
    assert_eq!(["b", "c", "d"].map(|name| before(&mut stage, name)), [' '; 3]);
    assert_eq!(wake(&stage), None, "a still table asks for nothing");
}

#[test]
fn a_list_that_is_read_again_marks_only_what_is_another() {
    let mut stage = looking_at_pods(&["a", "b"]);
    stage.play("ctrl-r");
    let again = |rows| Delta { reset: false, ..listed("pods", rows) };
    // The first rows of a watch are no news, whatever they are.
    stage.rows("lab", Delta { first: true, ..again(vec![pod("lab/shop/a", "0/1", "Error"), pod("lab/shop/b", "1/1", "Running")]) });
    assert_eq!(["a", "b"].map(|name| before(&mut stage, name)), [' ', ' ']);
    // A watch that was cut off lists again: what changed meanwhile is told.
    stage.rows("lab", again(vec![pod("lab/shop/a", "1/1", "Running"), pod("lab/shop/b", "1/1", "Running")]));
    assert_eq!(["a", "b"].map(|name| before(&mut stage, name)), ['Δ', ' ']);
}

#[test]
fn nothing_is_done_to_what_is_gone_and_still_seen() {
    let mut stage = looking_at_pods(&["a", "b", "c"]);
    stage.play("j").rows("lab", gone(&pods(&["b"])));
    assert!(stage.cursor().starts_with("b ") && before(&mut stage, "b") == '-', "{}", stage.screen());
    stage.play("ctrl-d");
    assert_eq!(deleted(&mut stage), []);
    assert!(!stage.line(-1).contains("describe"), "{}", stage.line(-1));
    stage.play(".");
    assert_shown(&mut stage, &["it is gone"]);
    stage.play("<esc>").wait(Duration::from_secs(4));
    assert!(stage.cursor().starts_with("c "), "{}", stage.screen());
}

#[test]
fn marks_are_seen_beside_those_of_the_person_and_in_ascii() {
    let mut stage = with_pods(Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).ascii(), &["a", "b", "c"]);
    stage.play("<space>").rows("lab", changed(vec![pod("lab/shop/c", "0/1", "Error"), pod("lab/shop/d", "0/1", "Pending")]));
    stage.rows("lab", gone(&pods(&["b"])));
    assert_eq!(["a", "b", "c", "d"].map(|name| before(&mut stage, name)), ['*', '-', '%', '+'], "{}", stage.screen());
    // Both are seen of one row, and its columns stand where they stood.
    stage.rows("lab", changed(vec![pod("lab/shop/a", "0/1", "Error").state(RowState::Bad)]));
    assert_eq!(stage.lines_with("*X%a ").len(), 1, "{}", stage.screen());
}

#[test]
fn what_changes_out_of_sight_or_all_the_time_wakes_nobody() {
    let names: Vec<String> = (100..200).map(|number| format!("pod-{number}")).collect();
    let mut stage = looking_at_pods(&names.iter().map(String::as_str).collect::<Vec<_>>());
    stage.rows("lab", changed(vec![pod("lab/shop/pod-190", "0/1", "Error")])).rows("lab", gone(&pods(&["pod-191"])));
    assert_eq!(wake(&stage), None);
    stage.play("G");
    assert_eq!(before(&mut stage, "pod-190"), 'Δ');
    assert!(wake(&stage).is_some());
    stage.wait(Duration::from_secs(6));
    assert_eq!((before(&mut stage, "pod-190"), wake(&stage)), (' ', None));
    // A flood is no news.
    let flood = (0..5_000).map(|number| pod(&format!("lab/shop/z-{number}"), "1/1", "Running")).collect();
    stage.rows("lab", changed(flood)).play("G");
    assert_eq!((before(&mut stage, "z-999"), wake(&stage)), (' ', None));
}
