//! The mouse: what a click, a double click and the wheel mean for what is drawn there, and when they are asked for.

use meshplay::cluster::logs::ring::Want;
use meshplay::tui::panes::logs;
use meshplay::tui::term::key::Pointing::{Press, WheelDown, WheelUp};

use super::*;

fn many(count: usize) -> Stage {
    let names: Vec<String> = (100..100 + count).map(|number| format!("pod-{number}")).collect();
    looking_at_pods(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_click_chooses_a_row_and_a_double_click_opens_it() {
    let mut stage = looking_at_pods(&["a-1", "b-2", "c-3"]);
    stage.click("c-3");
    assert!(stage.cursor().starts_with("c-3"), "{}", stage.screen());
    // Slowly again it is only chosen again.
    stage.wait(Duration::from_secs(1)).click("c-3");
    assert!(stage.model.inventory.detail.is_none());
    // A row that slides under the pointer between two clicks is not the one that is opened.
    stage.wait(Duration::from_secs(1)).click("b-2");
    let (column, row) = stage.place_of("b-2");
    stage.rows("lab", gone(&pods(&["a-1"]))).wait(Duration::from_secs(4));
    stage.mouse(Press, column, row - 1).mouse(Press, column, row - 1);
    assert!(stage.model.inventory.detail.as_ref().is_some_and(|detail| &*detail.key.name == "b-2"), "{}", stage.screen());
}

#[test]
fn a_click_on_a_heading_sorts_and_again_turns_the_order() {
    let mut stage = looking_at_pods(&["a", "b", "c"]);
    let first = |stage: &mut Stage| stage.line(3).trim_start_matches(['▌', ' ']).chars().next();
    stage.click("STATUS");
    assert_shown(&mut stage, &["status↑"]);
    stage.click("NAME");
    assert_eq!(first(&mut stage), Some('a'));
    stage.click("NAME");
    assert_eq!(first(&mut stage), Some('c'), "{}", stage.screen());
}

#[test]
fn the_wheel_moves_rows_and_takes_the_cursor_along_only_at_the_edge() {
    let mut stage = many(60);
    stage.play("10j").mouse(WheelDown, 20, 10).mouse(WheelDown, 20, 10);
    assert!(stage.cursor().starts_with("pod-110"), "{}", stage.screen());
    assert!(stage.line(3).contains("pod-106"), "{}", stage.screen());
    (0..3).for_each(|_| _ = stage.mouse(WheelDown, 20, 10));
    assert!(stage.cursor().starts_with("pod-115") && stage.line(3).contains("pod-115"), "{}", stage.screen());
    (0..99).for_each(|_| _ = stage.mouse(WheelDown, 20, 10));
    assert!(stage.screen().contains("pod-159"), "{}", stage.screen());
    (0..99).for_each(|_| _ = stage.mouse(WheelUp, 20, 10));
    assert!(stage.line(3).contains("pod-100"), "{}", stage.screen());
}

#[test]
fn the_region_under_the_pointer_is_meant_and_tabs_are_picked() {
    let mut stage = many(60);
    stage.play("<tab>");
    assert!(!stage.model.inventory.in_detail);
    stage.click("yaml");
    let text: String = (0..90).map(|at| format!("key-{at}: 1\n")).collect();
    stage.inspected(Body::Yaml(text.into()));
    assert!(stage.model.inventory.in_detail && stage.model.inventory.detail.as_ref().unwrap().tab == Tab::Yaml, "{}", stage.screen());
    let (column, row) = stage.place_of("key-0");
    (0..20).for_each(|_| _ = stage.mouse(WheelDown, column, row + 2));
    assert!(stage.screen().contains("key-60") && stage.line(3).contains("pod-100"), "{}", stage.screen());
    stage.mouse(WheelDown, 20, 4);
    assert!(stage.line(3).contains("pod-103") && stage.model.inventory.in_detail, "{}", stage.screen());
    stage.click("pod-105");
    assert!(!stage.model.inventory.in_detail && stage.cursor().starts_with("pod-105"), "{}", stage.screen());
}

#[test]
fn hints_of_the_footer_are_buttons_and_a_dialog_wants_two_clicks() {
    let mut stage = looking_at_pods(&["a", "b"]);
    stage.play("j").click("keys").play("G");
    assert_shown(&mut stage, &["double click"]);
    stage.click("esc close ");
    assert!(stage.model.overlays.is_empty(), "{}", stage.screen());
    stage.play("ctrl-d").click("Delete  ");
    assert_eq!(deleted(&mut stage), []);
    stage.click("[ Delete ]");
    assert_eq!(deleted(&mut stage).len(), 1);
    stage.play("ctrl-d").click("Cancel");
    assert!(stage.model.overlays.is_empty() && deleted(&mut stage).is_empty());
    // Outside of a dialog nothing is meant.
    stage.play("ctrl-d").mouse(Press, 1, 3);
    assert_eq!(stage.model.overlays.len(), 1);
}

#[test]
fn lists_over_a_pane_are_chosen_from_and_offers_taken() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play(":").write("servi").click("services");
    stage.play("<ret>");
    assert_eq!(stage.model.inventory.view.kind, "services");
    stage.play("ctrl-a").click("deployments").click("deployments");
    assert!(stage.model.overlays.is_empty());
    assert_eq!(stage.model.inventory.view.kind, "deployments");
}

#[test]
fn the_wheel_scrolls_logs() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play("l");
    stage.wanted();
    stage.model.logs.window.end = 500;
    stage.model.logs.window.top = 480;
    stage.mouse(WheelUp, 10, 10);
    let looks = stage.wanted();
    assert!(looks.iter().any(|effect| matches!(effect, Effect::Logs(logs::work::Effect::Look { want: Want { top: Some(477), .. } }))), "{looks:?}");
}

#[test]
fn behind_ssh_it_is_off_unless_it_is_asked_for() {
    let mut stage = looking_at_pods(&["a"]);
    assert!(stage.model.mouse.on());
    stage.model.mouse.ssh = true;
    assert!(!stage.model.mouse.on());
    stage.play("? G");
    assert_shown(&mut stage, &[":mouse on"]);
    stage.play("<esc> : 'mouse on' <ret>");
    assert!(stage.model.mouse.on());
    assert_shown(&mut stage, &["mouse on: you said so"]);
    stage.play(": 'mouse auto' <ret>");
    assert!(!stage.model.mouse.on());
    stage.play(": 'mouse maybe' <ret>");
    assert_shown(&mut stage, &[":mouse wants a word"]);
}
