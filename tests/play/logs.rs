//! Logs as a person reads them: opened with `l`, followed, held, searched, and left.

use meshplay::cluster::logs::Source;
use meshplay::cluster::logs::ring::{Line, Want, Window};
use meshplay::tui::app::model::{Effect, Report};
use meshplay::tui::panes::logs::work::{Effect as Logs, Report as Answer};

use super::*;

fn line(at: i64, source: u16, text: &str) -> (u64, Line) {
    let level = meshplay::cluster::logs::ring::level(text);
    (at as u64, Line { at: 1_795_629_600_000_000_000 + at * 1_000_000_000, source, level, text: text.into() })
}

/// What the engine would answer to the newest wish.
fn answered(stage: &mut Stage, lines: Vec<(u64, Line)>, total: u64) -> &mut Stage {
    let top = lines.first().map_or(0, |(place, _)| *place);
    let window = Window { lines, top, start: 0, end: total, kept: total, hits: 2, next: Some(7), ..Window::default() };
    let source = |container: &str| Source { pod: "web-5b9bbd4df6-kk2lm".into(), container: container.into() };
    stage.report(Report::Logs(Answer::Seen { generation: 1, window, sources: vec![source("app"), source("proxy")], problem: None }))
}

fn last_want(stage: &mut Stage) -> Want {
    let wants = stage.wanted().into_iter().filter_map(|effect| match effect {
        Effect::Logs(Logs::Look { want } | Logs::Open { want, .. }) => Some(want),
        _ => None,
    });
    wants.last().expect("a window is wanted")
}

#[test]
fn logs_are_followed_held_searched_and_left() {
    let mut stage = looking_at_pods(&["web-5b9bbd4df6-kk2lm"]);
    stage.wanted();
    stage.play("l");
    assert_eq!(stage.line(0).split_whitespace().next(), Some("Logs"));
    let want = last_want(&mut stage);
    assert_eq!((want.top, want.rows), (None, 21));
    let error = r#"{"level":"error","msg":"disk full","path":"/var"}"#;
    answered(&mut stage, vec![line(0, 0, "GET / 200"), line(1, 1, "WARN slow upstream"), line(2, 0, error)], 300);
    assert_shown(&mut stage, &["following", "GET / 200", "app", "proxy", "✗ disk full  path=/var", "▲ WARN slow upstream", "18:00:02.000"]);
    // J shows JSON as it came, t takes the moments away.
    stage.play("J t");
    assert_shown(&mut stage, &[error]);
    assert_not_shown(&mut stage, &["18:00:02.000"]);
    // Up from the newest line holds the view there.
    answered(&mut stage, vec![line(279, 0, "near the end")], 300);
    stage.play("k");
    assert_eq!(last_want(&mut stage).top, Some(278));
    stage.play("s");
    assert_eq!(last_want(&mut stage).top, None);
    // Searching shows only what holds it; enter shows the first of it in its place.
    stage.play("/ disk <ret>");
    let want = last_want(&mut stage);
    assert_eq!((want.find.as_str(), want.only), ("disk", true));
    answered(&mut stage, vec![line(120, 0, "disk full")], 2);
    stage.play("<ret>");
    let want = last_want(&mut stage);
    assert_eq!((want.top, want.only), (Some(113), false));
    stage.play("n");
    assert_eq!(last_want(&mut stage).top, Some(7));
    // esc climbs: the search, then the pane, whose streams end.
    stage.play("<esc>");
    assert_eq!(last_want(&mut stage).find, "");
    stage.play("<esc>");
    assert!(stage.wanted().contains(&Effect::Logs(Logs::Close)));
    assert_eq!(stage.line(0).split_whitespace().next(), Some("Inventory"));
}

#[test]
fn digits_choose_the_time_and_arrows_the_container() {
    let mut stage = looking_at_pods(&["web-5b9bbd4df6-kk2lm"]);
    stage.play("p");
    let opened = |stage: &mut Stage| {
        let specs = stage.wanted().into_iter().filter_map(|effect| match effect {
            Effect::Logs(Logs::Open { spec, .. }) => Some((spec.since, spec.previous, spec.container)),
            _ => None,
        });
        specs.last()
    };
    use meshplay::cluster::logs::Since;
    assert_eq!(opened(&mut stage), Some((Since::Tail(1_000), true, None)));
    answered(&mut stage, vec![line(0, 0, "x")], 1);
    stage.play("p 3");
    assert_eq!(opened(&mut stage), Some((Since::Seconds(300), false, None)));
    stage.play(">");
    assert_eq!(opened(&mut stage), Some((Since::Seconds(300), false, Some("app".into()))));
    stage.play("> >");
    assert_eq!(opened(&mut stage).unwrap().2, Some("app".into()));
    stage.play("a");
    assert_eq!(opened(&mut stage).unwrap().2, None);
}

#[test]
fn what_is_let_go_is_counted_and_a_search_that_goes_on_says_so() {
    let mut stage = looking_at_pods(&["web-5b9bbd4df6-kk2lm"]);
    stage.play("l / x <ret>");
    let window = Window {
        lines: vec![line(900, 0, "x")],
        top: 700,
        start: 600,
        end: 800,
        kept: 5_000,
        lost: 1_200,
        hits: 200,
        searching: true,
        ..Window::default()
    };
    let seen = |window| Report::Logs(Answer::Seen { generation: 1, window, sources: vec![], problem: None });
    stage.report(seen(window.clone()));
    assert_shown(&mut stage, &["1,200 older skipped", "/x 200 so far"]);
    stage.play("k").report(seen(Window { searching: false, ..window }));
    assert_shown(&mut stage, &["/x 200", "held at 101 of 200"]);
    assert_not_shown(&mut stage, &["so far"]);
}

#[test]
fn what_has_no_containers_says_so() {
    let mut stage = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).start();
    stage.kinds(KINDS).play(": secrets <ret>").rows("lab", listed("secrets", vec![scene::secret("lab/shop/token")]));
    stage.play("l");
    assert_shown(&mut stage, &["a Secret has no containers"]);
}
