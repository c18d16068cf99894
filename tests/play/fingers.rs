//! The habits of k9s, as its users have them in their fingers: one evening from key to key, and a table of what each key does to the state.

use meshplay::cluster::table::{Sort, SortBy};
use meshplay::tui::flow::PaneId;

use super::*;

/// What a key asks of the clusters about the object under the cursor.
fn inspected(stage: &mut Stage) -> Option<(String, Tab)> {
    let inspect = |effect| match effect {
        Effect::Inventory(inventory::work::Effect::Inspect { key, tab, .. }) => Some((key.name.to_string(), tab)),
        _ => None,
    };
    stage.wanted().into_iter().filter_map(inspect).next_back()
}

fn kind(stage: &Stage) -> &str {
    &stage.model.inventory.view.kind
}

#[test]
fn an_evening_with_the_keys_of_k9s() {
    let mut stage = looking_at_pods(&["cart-1", "web-1", "web-2"]);
    // Filter, down, describe, YAML: each full screen and left with esc.
    stage.play("/ web <ret> j d");
    assert_eq!(inspected(&mut stage), Some(("web-2".into(), Tab::Summary)));
    stage.play("<esc> y");
    assert_eq!(inspected(&mut stage), Some(("web-2".into(), Tab::Yaml)));
    stage.play("<esc> <ret>");
    assert_eq!(inspected(&mut stage), Some(("web-2".into(), Tab::Summary)), "enter looks inside a pod");
    stage.play("<esc>");
    assert!(stage.cursor().starts_with("web-2") && stage.model.inventory.filter == "web", "{}", stage.screen());
    // Logs, those before, and back to the same row.
    for key in ["l", "p"] {
        stage.play(key);
        assert_eq!(stage.model.pane, PaneId::Logs, "{key}");
        stage.play("<esc>");
        assert_eq!(stage.model.pane, PaneId::Inventory, "{key}");
        assert!(stage.cursor().starts_with("web-2"), "{key}: {}", stage.screen());
    }
    // The next esc clears the filter, and ctrl-d only asks.
    stage.play("<esc>");
    assert_shown(&mut stage, &["cart-1", "web-1", "web-2"]);
    stage.play("ctrl-d <ret>");
    assert_eq!(deleted(&mut stage), [], "Cancel is focused");
    stage.play("ctrl-d <tab> <ret>");
    assert_eq!(deleted(&mut stage).iter().map(|key| key.name.to_string()).collect::<Vec<_>>(), ["web-2"]);
    // Help lies over the table and is gone with esc; q goes back and never quits.
    stage.play("?");
    assert_shown(&mut stage, &["describe", "keys"]);
    stage.play("<esc> q q");
    assert!(!stage.model.ended);
    stage.play(": q <ret>");
    assert!(stage.model.ended);
}

#[test]
fn lines_of_k9s_lead_where_they_lead_there() {
    let views = [("po", "pods"), ("deploy", "deployments"), ("svc", "services"), ("cm", "configmaps"), ("ns", "namespaces"), ("wk", "workloads")];
    for (typed, wanted) in views {
        let mut stage = looking_at_pods(&["a"]);
        stage.play(&format!(": {typed} <ret>"));
        assert_eq!(kind(&stage), wanted, ":{typed}");
    }
    for (typed, pane) in [("ctx", PaneId::Clusters), ("pu", PaneId::Pulse)] {
        let mut stage = looking_at_pods(&["a"]);
        stage.play(&format!(": {typed} <ret>"));
        assert_eq!(stage.model.pane, pane, ":{typed}");
    }
    let mut stage = looking_at_pods(&["a"]);
    stage.play("': xray deploy' <ret>");
    assert_eq!(stage.model.pane, PaneId::Xray);
}

#[test]
fn what_was_looked_at_is_found_again_with_brackets_and_minus() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play(": deploy <ret> : svc <ret> [");
    assert_eq!(kind(&stage), "deployments");
    stage.play("[");
    assert_eq!(kind(&stage), "pods");
    stage.play("]");
    assert_eq!(kind(&stage), "deployments");
    stage.play("-");
    assert_eq!(kind(&stage), "pods", "minus is the last one");
}

#[test]
fn capitals_sort_and_once_more_turns_the_order_round() {
    let mut stage = looking_at_pods(&["a", "b"]);
    for (key, by) in [("A", SortBy::Age), ("P", SortBy::Namespace), ("S", SortBy::Fault), ("N", SortBy::Name)] {
        stage.play(key);
        let first = stage.model.inventory.table.sort();
        assert_eq!(first.by, by, "{key}");
        stage.play(key);
        assert_eq!(stage.model.inventory.table.sort(), Sort { descending: !first.descending, ..first }, "{key} {key}");
    }
    // The column that is chosen with < and > is sorted on with O.
    stage.play("> O");
    assert!(
        matches!(stage.model.inventory.table.sort().by, SortBy::Column(_) | SortBy::Name | SortBy::Age),
        "{:?}",
        stage.model.inventory.table.sort()
    );
}

#[test]
fn digits_choose_the_fullest_namespaces_and_zero_all_of_them() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play("0").rows(
        "lab",
        listed("pods", vec![pod("lab/shop/a", "1/1", "Running"), pod("lab/shop/b", "1/1", "Running"), pod("lab/web/c", "1/1", "Running")]),
    );
    assert!(stage.model.inventory.view.namespaces.is_empty());
    for (digit, namespace) in [("1", "shop"), ("2", "web")] {
        stage.play("0").rows(
            "lab",
            listed("pods", vec![pod("lab/shop/a", "1/1", "Running"), pod("lab/shop/b", "1/1", "Running"), pod("lab/web/c", "1/1", "Running")]),
        );
        stage.play(digit);
        assert_eq!(stage.model.inventory.view.namespaces, [namespace], "{digit}");
    }
}

#[test]
fn switches_of_the_table_are_where_they_were() {
    let mut stage = looking_at_pods(&["a", "b"]);
    stage.play("ctrl-z");
    assert!(stage.model.inventory.trouble);
    stage.play("ctrl-z ctrl-w");
    assert!(!stage.model.inventory.trouble && stage.model.inventory.wide);
    stage.play("<space> j ctrl-space");
    assert_eq!(stage.model.inventory.marks.len(), 2);
    stage.play("ctrl-\\ G");
    assert!(stage.model.inventory.marks.is_empty() && stage.cursor().starts_with('b'), "{}", stage.screen());
    stage.play("g");
    assert!(stage.cursor().starts_with('a'), "{}", stage.screen());
    stage.wanted();
    stage.play("ctrl-r");
    let asked = |effect: &Effect| matches!(effect, Effect::Inventory(inventory::work::Effect::Watch { .. }));
    assert!(stage.wanted().iter().any(asked), "ctrl-r asks anew");
}
