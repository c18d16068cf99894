//! Stories about tables: columns that do not fit, names that are too long, marks, namespaces.

use super::*;

fn marked(stage: &Stage) -> Vec<String> {
    let inventory = &stage.model.inventory;
    let rows = (0..inventory.table.len()).filter_map(|at| inventory.table.row(at));
    rows.filter(|row| inventory.marks.contains(&(row.cluster.clone(), row.uid))).map(|row| row.name.to_string()).collect()
}

#[test]
fn columns_that_do_not_fit_scroll_behind_those_that_name_the_object() {
    let mut stage = looking_at_pods(&["web-5b9bbd4df6-kk2lm"]);
    stage.resize(60, 14);
    let head = |stage: &mut Stage| stage.line(2);
    assert!(head(&mut stage).contains("NAME") && !head(&mut stage).contains("IP") && head(&mut stage).ends_with('▸'), "{}", stage.screen());
    stage.play("<right> <right>");
    assert!(head(&mut stage).contains("◂RESTARTS") && head(&mut stage).contains("NAME"), "{}", stage.screen());
    stage.play("<right> <right> <right> <right> <right>");
    assert!(head(&mut stage).contains("AGE") && !head(&mut stage).ends_with('▸'), "{}", stage.screen());
    assert_shown(&mut stage, &["web-5b9bbd4df6-kk2lm"]);
    // The last one is seen: there is nothing to scroll to, and the list of actions says so.
    let before = stage.screen();
    stage.play("<right>");
    assert_eq!(stage.screen(), before);
    stage.play("<left> <left> <left> <left> <left> <left> <left>");
    assert!(head(&mut stage).contains("READY") && !head(&mut stage).contains('◂'), "{}", stage.screen());
    stage.resize(160, 45).play(".");
    assert_shown(&mut stage, &["not now: all columns are shown"]);
}

#[test]
fn the_column_that_is_chosen_scrolls_into_view_and_is_sorted_on() {
    let mut stage = looking_at_pods(&["a", "b"]);
    stage.resize(48, 14).rows("lab", changed(vec![pods(&["a"]).remove(0).node("node-9"), pods(&["b"]).remove(0).node("node-1")]));
    assert_not_shown(&mut stage, &["node-9"]);
    stage.play("> > > > >");
    assert_shown(&mut stage, &["NODE", "node-9"]);
    stage.play("O g");
    assert!(stage.cursor().starts_with("b "), "{}", stage.screen());
    stage.play("< < < < <");
    assert!(stage.line(2).contains("READY") && !stage.line(2).contains('◂'), "{}", stage.screen());
}

#[test]
fn a_name_of_253_characters_breaks_nothing_and_keeps_both_its_ends() {
    let long = format!("begin-{}-end42", "x".repeat(241));
    assert_eq!(long.len(), 253);
    let mut stage = looking_at_pods(&["web", &long]);
    for (width, height) in [(40, 10), (80, 24), (160, 45), (200, 60)] {
        stage.resize(width, height);
        let row = stage.lines_with("begin-").remove(0);
        assert!(row.contains("-end42"), "{width}: {row}");
        assert_shown(&mut stage, &["READY", "web"]);
    }
}

#[test]
fn a_range_is_marked_from_the_last_mark_and_all_marks_are_taken_away_by_one_key() {
    let mut stage = looking_at_pods(&["a", "b", "c", "d", "e"]);
    stage.play("j <space> j V");
    assert_eq!(marked(&stage), ["b", "c", "d"]);
    assert_shown(&mut stage, &["3 marked"]);
    stage.play("g V");
    assert_eq!(marked(&stage), ["a", "b", "c", "d"], "a range also goes up, from where the last one ended");
    stage.play("ctrl-\\");
    assert_eq!(marked(&stage), [""; 0]);
    stage.play("G V");
    assert_eq!(marked(&stage), ["e"], "without a mark the range is the row itself");
}

#[test]
fn marks_survive_filter_and_order_and_a_range_never_begins_at_what_is_hidden() {
    let mut stage = looking_at_pods(&["web-1", "cart-1", "web-2", "cart-2"]);
    stage.play("<space> / web <ret> G <space>");
    assert_eq!(marked(&stage), ["web-2"], "of those that are seen");
    stage.play("<esc> <esc> N");
    assert_eq!(marked(&stage).len(), 2);
    stage.play("N S");
    assert_eq!(marked(&stage).len(), 2);
    stage.play("/ cart <ret> V");
    assert_shown(&mut stage, &["hidden by the filter"]);
    stage.play("<esc> <esc>");
    assert_eq!(marked(&stage).len(), 2);
}
