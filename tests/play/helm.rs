//! Stories of Helm releases: their table, their revisions, what is read of them, and what is not done to them here.

use meshplay::tui::app::model::Effect;
use meshplay::tui::panes::inventory::state::{Body, Tab};
use meshplay::tui::panes::inventory::work;

use crate::play::Stage;
use crate::scene::{self, DAY, changed, listed};
use crate::{assert_not_shown, assert_shown, newcomer, wanted};

fn revision(number: i64, status: &str) -> meshplay::cluster::rows::Row {
    let said = [status, "postgres-16.4.2", "17.2", "Upgrade complete"];
    scene::helm(&format!("sandbox/shop/db.v{number}"), "Revision", number, number * DAY, said)
}

/// `:hr` with one release.
fn released() -> Stage {
    let mut stage = newcomer();
    stage.play(": hr <ret>");
    let db = scene::helm("sandbox/shop/db", "Release", 3, DAY, ["deployed", "postgres-16.4.2", "17.2", "Upgrade complete"]);
    stage.rows("sandbox", listed("helm", vec![db]));
    stage
}

/// What is watched: view, namespaces, labels.
fn watched(stage: &mut Stage) -> Option<(String, Vec<String>, String)> {
    wanted(stage).into_iter().rev().find_map(|effect| match effect {
        Effect::Inventory(work::Effect::Watch { specs, .. }) => specs.into_iter().next().map(|spec| (spec.view, spec.namespaces, spec.labels)),
        _ => None,
    })
}

/// What is read closely: of whom, what, with what else, beside whom.
fn inspected(stage: &mut Stage) -> Vec<(String, Tab, bool, Option<String>)> {
    let asked = |effect| match effect {
        Effect::Inventory(work::Effect::Inspect { key, tab, whole, against, .. }) => {
            Some((key.name.to_string(), tab, whole, against.map(|key| key.name.to_string())))
        }
        _ => None,
    };
    wanted(stage).into_iter().filter_map(asked).collect()
}

#[test]
fn releases_of_all_namespaces_lead_to_their_revisions_and_those_are_compared() {
    let mut stage = released();
    assert_eq!(watched(&mut stage), Some(("helm".into(), vec![], String::new())));
    assert_shown(&mut stage, &["helm  all namespaces", "postgres-16.4.2", "deployed", "Upgrade complete"]);
    stage.play("<ret>");
    assert_eq!(watched(&mut stage), Some(("revisions".into(), vec!["shop".into()], "name=db".into())));
    stage.rows("sandbox", listed("helm", vec![revision(1, "superseded"), revision(2, "superseded"), revision(3, "deployed")]));
    assert_shown(&mut stage, &["of Release db", "db.v1", "revision↓"]);
    stage.play("<space> <space> =");
    assert_eq!(inspected(&mut stage), [("db.v3".into(), Tab::Difference, false, Some("db.v2".into()))]);
    stage.play("<esc> <esc>");
    assert_shown(&mut stage, &["helm  all namespaces", "db "]);
}

#[test]
fn what_is_read_of_a_release_after_its_labels_is_no_change_and_an_upgrade_is_one() {
    let mut stage = newcomer();
    stage.play(": hr <ret>");
    let release = |number, said| scene::helm("sandbox/shop/db", "Release", number, DAY, said);
    stage.rows("sandbox", listed("helm", vec![release(3, ["deployed", "", "", ""])]));
    stage.rows("sandbox", changed(vec![release(3, ["deployed", "postgres-16.4.2", "17.2", "Upgrade complete"])]));
    assert_shown(&mut stage, &["postgres-16.4.2"]);
    assert_not_shown(&mut stage, &["Δ"]);
    stage.rows("sandbox", changed(vec![release(4, ["deployed", "postgres-16.4.3", "17.2", "Upgrade complete"])]));
    assert_shown(&mut stage, &["Δ"]);
}

#[test]
fn values_are_read_with_their_defaults_and_without() {
    let mut stage = released();
    stage.play("d");
    assert_shown(&mut stage, &["[summary]  values  manifest"]);
    assert_not_shown(&mut stage, &["events  uses"]);
    stage.play("v");
    stage.inspected(Body::Yaml("auth:\n  password: <19 bytes, hidden>\n".into()));
    assert_shown(&mut stage, &["[values]", "password: <19 bytes, hidden>"]);
    stage.play("m");
    assert_shown(&mut stage, &["[values with defaults]"]);
    let whole = ("db".to_owned(), Tab::Values, true, None);
    assert_eq!(inspected(&mut stage).pop(), Some(whole));
    stage.play("y");
    assert_eq!(inspected(&mut stage).pop().map(|(_, tab, whole, _)| (tab, whole)), Some((Tab::Yaml, false)));
}

#[test]
fn a_release_is_not_deleted_as_if_it_were_an_object_and_has_the_lines_of_helm() {
    let mut stage = released();
    stage.play("ctrl-d");
    assert_shown(&mut stage, &["helm uninstall"]);
    assert_not_shown(&mut stage, &["Cancel"]);
    stage.play("u");
    assert_shown(&mut stage, &["a release is no object"]);
    // What is no release has no values.
    let mut stage = newcomer();
    stage.play("d v");
    assert_shown(&mut stage, &["only Helm releases have values"]);
}
