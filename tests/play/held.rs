//! Stories of an order that is held while the cursor is in the rows, and of rows that are read anew.

use meshplay::cluster::rows::{Delta, Phase, Row, RowState};
use meshplay::tui::app::model::Effect;
use meshplay::tui::panes::inventory::work;

use crate::play::Stage;
use crate::scene::{changed, pod};
use crate::{looking_at_pods, wanted};

fn failing(name: &str) -> Delta {
    changed(vec![Row { state: RowState::Bad, ..pod(&format!("lab/shop/{name}"), "0/1", "CrashLoopBackOff") }])
}

/// The first words of the rows, from the top.
fn names(stage: &mut Stage) -> Vec<String> {
    let rows = stage.lines_with(" node-01");
    rows.iter().filter_map(|line| line.split_whitespace().find(|word| word.len() == 1 && word.is_ascii()).map(str::to_owned)).collect()
}

fn watches(stage: &mut Stage) -> usize {
    wanted(stage).into_iter().filter(|effect| matches!(effect, Effect::Inventory(work::Effect::Watch { .. }))).count()
}

#[test]
fn a_row_that_fails_stays_where_it_is_until_the_person_sorts_again() {
    let mut stage = looking_at_pods(&["a", "b", "c"]);
    stage.play("S j").rows("lab", failing("c"));
    assert_eq!(names(&mut stage), ["a", "b", "c"]);
    assert!(stage.cursor().starts_with("b ") && stage.line(1).contains("order held"), "{}", stage.screen());
    stage.play("ctrl-r");
    assert_eq!(names(&mut stage), ["c", "a", "b"]);
    assert!(stage.cursor().starts_with("b ") && !stage.line(1).contains("order held"), "{}", stage.screen());
    assert_eq!(watches(&mut stage), 0, "nothing was asked anew for that");
}

#[test]
fn the_order_is_not_held_before_the_cursor_is_put_anywhere() {
    let mut stage = looking_at_pods(&["a", "b", "c"]);
    stage.play("S").rows("lab", failing("c"));
    assert_eq!(names(&mut stage), ["c", "a", "b"]);
}

#[test]
fn rows_that_are_read_anew_stay_until_the_list_is_complete() {
    let mut stage = looking_at_pods(&["a", "b", "c"]);
    stage.play("ctrl-r");
    assert_eq!(watches(&mut stage), 1);
    stage.rows("lab", Delta { phase: Some(Phase::Syncing { count: 1 }), ..changed(vec![pod("lab/shop/b", "1/1", "Running")]) });
    assert_eq!(names(&mut stage), ["a", "b", "c"]);
    stage.rows("lab", Delta { phase: Some(Phase::Synced), ..changed(vec![pod("lab/shop/c", "1/1", "Running")]) });
    assert_eq!(names(&mut stage), ["b", "c"]);
}
