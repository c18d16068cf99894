//! Stories of what an object uses and what uses it: the tab, its cursor, and where it leads.

use meshplay::cluster::rows::RowState;
use meshplay::names::{ClusterId, Gvk, ObjectKey};
use meshplay::survey::world::{Relation, There};
use meshplay::tui::app::model::{Effect, Report};
use meshplay::tui::panes::inventory::state::Body;
use meshplay::tui::panes::inventory::work;

use crate::play::Stage;
use crate::{assert_not_shown, assert_shown, newcomer, wanted};

fn relation(out: bool, verb: &str, gvk: Gvk, name: &str, there: There) -> Relation {
    let other = ObjectKey { cluster: ClusterId::new("sandbox"), gvk: gvk.into(), namespace: Some("shop".into()), name: name.into(), uid: "".into() };
    Relation { out, verb: verb.into(), other, state: RowState::Fine, note: String::new(), there, more: 0 }
}

fn relations() -> Vec<Relation> {
    let config = || Gvk::new("", "v1", "ConfigMap");
    vec![
        relation(true, "reads", config(), "web-confg", There::Missing),
        relation(true, "mounts", config(), "web-extra", There::Optional),
        relation(true, "runs as", Gvk::new("", "v1", "ServiceAccount"), "default", There::Yes),
        relation(false, "selected by", Gvk::new("", "v1", "Service"), "web", There::Yes),
    ]
}

fn asked(stage: &mut Stage) -> Vec<Option<String>> {
    let key = |effect| match effect {
        Effect::Inventory(work::Effect::Relate { key, .. }) => Some(key.map(|key| key.name.to_string())),
        _ => None,
    };
    wanted(stage).into_iter().filter_map(key).collect()
}

fn answer(stage: &mut Stage, lines: Vec<Relation>, complete: bool) {
    let job = stage.model.inventory.jobs;
    let unknown = vec![("Secret".to_owned(), "secrets is forbidden".to_owned())];
    stage.report(Report::Inventory(work::Report::Related { job, lines, unknown, complete }));
}

#[test]
fn u_lists_what_an_object_uses_and_enter_goes_there() {
    let mut stage = newcomer();
    stage.play("G u");
    assert_eq!(asked(&mut stage), [Some("web".to_owned())]);
    assert_shown(&mut stage, &["[uses]", "reading…"]);
    stage.inspected(Body::Uses);
    assert_shown(&mut stage, &["looking…"]);
    answer(&mut stage, relations().split_off(2), false);
    assert_shown(&mut stage, &["looking further…"]);
    answer(&mut stage, relations(), true);
    let screen = stage.screen();
    assert_shown(&mut stage, &["✗ ▸ reads        ConfigMap web-confg  is missing", "◂ selected by  Service web", "? Secret: secrets is forbidden"]);
    // What need not be there is quiet.
    assert_shown(&mut stage, &["  ▸ mounts       ConfigMap web-extra  not there, and need not be"]);
    assert_not_shown(&mut stage, &["looking"]);
    stage.play("<ret>");
    assert_shown(&mut stage, &["ConfigMap web-confg is not there"]);
    stage.play("<esc> G <ret>");
    // It is no longer looked at, and the Service is shown in its own table.
    assert_eq!(asked(&mut stage), [None], "{screen}");
    assert_shown(&mut stage, &["services  shop"]);
    stage.play("<esc>");
    assert_shown(&mut stage, &["workloads  shop"]);
    assert!(stage.cursor().starts_with("web"), "{}", stage.screen());
}

#[test]
fn the_cursor_keeps_its_line_while_others_come_and_another_tab_ends_the_looking() {
    let mut stage = newcomer();
    stage.play("G u");
    answer(&mut stage, relations().split_off(2), false);
    stage.play("j");
    answer(&mut stage, relations(), true);
    assert!(stage.cursor().contains("selected by"), "{}", stage.screen());
    asked(&mut stage);
    stage.play("y");
    assert_eq!(asked(&mut stage), [None]);
    answer(&mut stage, relations(), true);
    assert_not_shown(&mut stage, &["selected by"]);
    stage.play("u <esc>");
    assert_eq!(asked(&mut stage), [Some("web".to_owned()), None]);
}
