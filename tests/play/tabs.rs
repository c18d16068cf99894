//! Tabs: each keeps its view, filter, cursor and history; only the one that is seen is watched, and the next start has them again.

use super::*;

/// The kinds that are watched from now on, one for each time something was asked for.
fn watched(stage: &mut Stage) -> Vec<String> {
    let kinds = |effect| match effect {
        Effect::Inventory(inventory::work::Effect::Watch { specs, .. }) => Some(specs.into_iter().map(|spec| spec.view).collect::<Vec<_>>()),
        _ => None,
    };
    stage.wanted().into_iter().filter_map(kinds).flatten().collect()
}

fn two_tabs() -> Stage {
    let mut stage = looking_at_pods(&["cart-1", "web-1", "web-2"]);
    stage.play("/ web <ret> j ctrl-t");
    assert_eq!(watched(&mut stage), [] as [&str; 0], "what is seen stays what it is");
    stage.play(": services <ret>").rows("lab", listed("services", vec![scene::service("lab/shop/web")]));
    stage
}

#[test]
fn each_tab_is_found_as_it_was_left() {
    let mut stage = two_tabs();
    assert!(stage.line(2).starts_with(" 1 pods shop /web  [2 services shop]"), "{}", stage.screen());
    assert_eq!(watched(&mut stage), ["services"]);
    stage.play("{");
    assert_eq!(watched(&mut stage), ["pods"], "services are watched no more");
    stage.rows("lab", listed("pods", pods(&["cart-1", "web-1", "web-2"])));
    assert!(stage.cursor().starts_with("web-2"), "{}", stage.screen());
    assert_shown(&mut stage, &["[1 pods shop /web]", "2 services shop", "2 of 3"]);
    // Of the tab that was left last the rows are there at once.
    stage.play("} {");
    assert!(stage.cursor().starts_with("web-2"), "{}", stage.screen());
    // History belongs to the tab.
    stage.play(": deploy <ret> [");
    assert_eq!(stage.model.inventory.view.kind, "pods");
    stage.play("} [");
    assert_eq!(stage.model.inventory.view.kind, "pods");
}

#[test]
fn a_tab_is_chosen_by_number_or_click_and_closed() {
    let mut stage = two_tabs();
    stage.play(": 'tab 1' <ret>");
    assert_eq!(stage.model.inventory.view.kind, "pods");
    stage.click("2 services");
    assert_eq!(stage.model.inventory.view.kind, "services");
    // Rows are clicked on where they are, below the line of tabs.
    let names: Vec<Row> = vec![scene::service("lab/shop/cart"), scene::service("lab/shop/db")];
    stage.rows("lab", listed("services", names)).click("db ");
    assert!(stage.cursor().starts_with("db"), "{}", stage.screen());
    stage.play(": 'tab close' <ret>");
    assert_eq!(stage.model.inventory.view.kind, "pods");
    assert!(stage.line(2).contains("NAME"), "one tab wants no line:\n{}", stage.screen());
    stage.play("} : 'tab nine' <ret>");
    assert_shown(&mut stage, &["there is no tab `nine`"]);
}

#[test]
fn the_next_start_has_them_again() {
    let mut stage = two_tabs();
    stage.wait(Duration::from_secs(4));
    let memory =
        stage.wanted().into_iter().filter_map(|effect| if let Effect::Remember(memory) = effect { Some(memory) } else { None }).last().unwrap();
    let text = serde_json::to_string(&memory).unwrap();
    let memory: Memory = serde_json::from_str(&text).unwrap();
    let mut stage = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).remembering(memory).start();
    stage.connections(vec![scene::ready("lab")]).kinds(KINDS).rows("lab", listed("services", vec![scene::service("lab/shop/web")]));
    assert!(stage.line(2).starts_with(" 1 pods shop /web  [2 services shop]"), "{}", stage.screen());
    stage.play("{").rows("lab", listed("pods", pods(&["cart-1", "web-1", "web-2"])));
    assert!(stage.cursor().starts_with("web-2"), "{}", stage.screen());
}
