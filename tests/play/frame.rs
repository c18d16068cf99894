//! The frame around the panes: presets of keys, words of the person's own, what goes to the clipboard and what is said about it.

use std::time::Duration;

use meshplay::cluster::gate::Deed;
use meshplay::cluster::rows::{Row, Uid};
use meshplay::tui::app::copy::LONGEST;
use meshplay::tui::app::memory::Memory;
use meshplay::tui::app::model::{Effect, Report};
use meshplay::tui::panes::inventory::state::Body;

use crate::play::{Opening, Stage};
use crate::scene::{self, KINDS, listed};
use crate::{assert_not_shown, assert_shown, deleted, looking_at_pods, pods, with_pods};

/// What was sent to the terminal's clipboard since this was asked last.
fn sent(stage: &mut Stage) -> Vec<String> {
    let text = |effect| match effect {
        Effect::Copy(text) => Some(text),
        _ => None,
    };
    stage.wanted().into_iter().filter_map(text).collect()
}

/// Chooses the way to copy that is called so.
fn copied_as(stage: &mut Stage, name: &str) -> String {
    stage.play("Y /").write(name).play("<ret>");
    let texts = sent(stage);
    assert_eq!(texts.len(), 1, "{name}: {texts:?}\n{}", stage.screen());
    texts[0].clone()
}

#[test]
fn vim_and_emacs_fingers_find_what_they_know() {
    let names: Vec<String> = (10..60).map(|number| format!("pod-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let begin = |preset| with_pods(Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).preset(preset), &names);
    let mut stage = begin("vim");
    let half = stage.model.inventory.seen.page / 2;
    stage.play("ctrl-d");
    assert!(stage.cursor().starts_with(names[half]), "{}", stage.screen());
    stage.play("G ctrl-u gg");
    assert!(stage.cursor().starts_with(names[0]), "{}", stage.screen());
    stage.play("D <tab> <ret>");
    assert_eq!(deleted(&mut stage).len(), 1, "D deletes, after it was asked");
    stage.play("ZZ");
    assert!(stage.model.ended);

    let mut stage = begin("emacs");
    stage.play("ctrl-n ctrl-n ctrl-p");
    assert!(stage.cursor().starts_with(names[1]), "{}", stage.screen());
    stage.play("ctrl-v alt-v ctrl-s");
    assert!(stage.line(-1).starts_with('/'), "{}", stage.line(-1));
    // Ctrl-g cancels whatever is open.
    for keys in ["", ":", "?", ".", "ctrl-d"] {
        stage.play(keys).play("ctrl-g");
        assert!(stage.model.overlays.is_empty(), "after {keys}:\n{}", stage.screen());
    }
    stage.play("ctrl-x ctrl-c");
    assert!(stage.model.ended);
}

#[test]
fn keys_can_be_changed_while_it_runs() {
    let mut stage = looking_at_pods(&["a", "b"]);
    stage.play(": 'keys vmi' <ret>");
    assert_shown(&mut stage, &["no key preset `vmi`", "k9s, vim, emacs"]);
    stage.play(": 'keys vim' <ret>");
    assert_shown(&mut stage, &["keys of vim"]);
    stage.play("D");
    assert_shown(&mut stage, &["[ Cancel ]"]);
    stage.play("<esc> : 'keys k9s' <ret> ctrl-d");
    assert_shown(&mut stage, &["[ Cancel ]"]);
}

#[test]
fn every_kind_is_listed_with_its_other_names_and_a_persons_own_words_come_first() {
    let mut stage = looking_at_pods(&["a"]);
    stage.model.aliases = [("wp".to_owned(), "po web /cart".to_owned())].into();
    stage.play("ctrl-a");
    assert_shown(&mut stage, &["your own: po web /cart", "deployments", "deploy", "workloads"]);
    stage.play("/ deploym <ret>");
    assert_eq!(stage.model.inventory.view.kind, "deployments");
    stage.play(": wp <ret>");
    let view = &stage.model.inventory.view;
    assert_eq!((view.kind.as_str(), view.namespaces.join(","), stage.model.inventory.filter.as_str()), ("pods", "web".into(), "cart"));
    // What is typed behind the word stays behind it.
    stage.play(": 'wp /other' <ret>");
    assert_eq!(stage.model.inventory.filter, "other");
    stage.play(": a <ret>");
    assert_shown(&mut stage, &["KIND", "ALSO"]);
}

#[test]
fn what_is_copied_is_said_to_be_sent_and_never_to_have_arrived() {
    let mut stage = looking_at_pods(&["web-1", "web-2"]);
    stage.play("c");
    assert_eq!(sent(&mut stage), ["web-1"]);
    assert_shown(&mut stage, &["sent to your terminal: web-1"]);
    assert_not_shown(&mut stage, &["copied"]);
}

#[test]
fn a_text_that_is_too_long_is_cut_said_to_be_and_can_go_to_a_file() {
    let mut stage = looking_at_pods(&["web-1"]);
    let long = "ä".repeat(LONGEST);
    stage.report(Report::ToCopy(long.clone()));
    let texts = sent(&mut stage);
    // Terminals take 100,000 bytes of base64, which makes four of three.
    assert!(texts[0].len() <= LONGEST && texts[0].len().div_ceil(3) * 4 <= 100_000 && long.starts_with(&texts[0]));
    assert_shown(&mut stage, &["only the first 74,994 of 149,988 bytes", ":copy-to FILE"]);
    stage.play(": 'copy-to /tmp/all of it.yaml' <ret>");
    let files: Vec<_> = stage.wanted().into_iter().filter(|effect| matches!(effect, Effect::Write { .. })).collect();
    assert_eq!(files, [Effect::Write { path: "/tmp/all of it.yaml".into(), text: long }]);
    stage.report(Report::Wrote("/tmp/all of it.yaml".into()));
    assert_shown(&mut stage, &["written: /tmp/all of it.yaml"]);
}

#[test]
fn what_is_on_the_screen_is_copied_in_many_ways() {
    let mut stage = looking_at_pods(&["web-1", "web-2"]);
    stage.play("Y");
    assert_shown(&mut stage, &["copy Pod shop/web-1 in lab as", "kubectl --context lab -n shop get pods"]);
    stage.play("<esc>");
    assert_eq!(copied_as(&mut stage, "namespace and name"), "shop/web-1");
    assert_eq!(copied_as(&mut stage, "kubectl: what I see"), "kubectl --context lab -n shop get pods");
    assert_eq!(copied_as(&mut stage, "kubectl logs"), "kubectl --context lab -n shop logs web-1 --all-containers");
    assert!(copied_as(&mut stage, "row, between").starts_with("web-1\t1/1\tRunning\t"));
    stage.play("> >");
    assert_eq!(copied_as(&mut stage, "cell STATUS"), "Running");
    stage.play("d").inspected(Body::Summary(scene::cart()));
    assert_eq!(copied_as(&mut stage, "kubectl: what I see"), "kubectl --context lab -n shop describe pod web-1");
    // What was not read yet is read for it.
    stage.play("Y / manifest <ret>");
    assert!(stage.wanted().iter().any(|effect| matches!(effect, Effect::CopyYaml(key) if &*key.name == "web-1")));
    stage.play("y").inspected(Body::Yaml("kind: Pod\nmetadata: {}\n".into()));
    assert_eq!(copied_as(&mut stage, "manifest"), "kind: Pod\nmetadata: {}\n");
    stage.play("<esc> <esc> <space> <space>");
    assert_eq!(copied_as(&mut stage, "marked names"), "shop/web-1\nshop/web-2");
}

#[test]
fn the_sandbox_has_no_kubectl_lines_and_says_why() {
    let mut stage = Opening::sandbox().start();
    stage.kinds(KINDS).rows("sandbox", scene::shop()).play("Y");
    assert_shown(&mut stage, &["not now: the sandbox is inside this program"]);
}

#[test]
fn own_actions_are_listed_with_their_kubectl_lines() {
    let mut stage = looking_at_pods(&["web-1"]);
    stage.play(": did <ret>");
    assert!(stage.wanted().contains(&Effect::Did));
    let deed = |target: &str, outcome: &str| Deed {
        unix: crate::play::NOW,
        verb: "delete".into(),
        cluster: Some("lab".into()),
        target: target.into(),
        outcome: outcome.into(),
    };
    stage.resize(160, 30).report(Report::Did(vec![deed("Pod shop/web-1 in lab", "done"), deed("Node node-1 in lab", "failed")]));
    assert_shown(&mut stage, &["12 May 14:04:00Z", "Pod shop/web-1 in lab", "failed", "kubectl --context lab -n shop delete pod web-1"]);
    stage.play("j <ret>");
    assert_eq!(sent(&mut stage), ["kubectl --context lab delete node node-1"]);
    stage.report(Report::Did(vec![]));
    assert_shown(&mut stage, &["there is nothing yet"]);
}

#[test]
fn leaving_with_an_exclamation_mark_asks_nothing() {
    let (mut stage, _) = crate::loading();
    stage.play(": q <ret>");
    assert!(!stage.model.ended);
    stage.play("<esc> : q! <ret>");
    assert!(stage.model.ended);
}

#[test]
fn notices_are_a_list_and_each_can_be_read_whole() {
    let mut stage = looking_at_pods(&["web-1"]);
    let problem = meshplay::names::Problem::new("cluster.slow", "lab is slow", "the last answer took 4 s").hint("look at its load");
    stage.report(Report::Failed(problem.clone())).report(Report::Failed(problem)).play("c , n");
    assert_shown(&mut stage, &["sent to your terminal: web-1", "cluster.slow", "lab is slow ×2"]);
    stage.play("j <ret>");
    // What stands in docs/errors.md about the code.
    let known = meshplay::text::errors::explain("cluster.slow").unwrap();
    assert_shown(&mut stage, &["cause", "the last answer took 4 s", "look at its load", known.means]);
    stage.play("<esc>");
    assert_shown(&mut stage, &["notices, the newest first"]);
    stage.play("<esc>");
    assert_not_shown(&mut stage, &["notices, the newest first"]);
}

/// What was kept for the next start the last time.
fn kept(stage: &mut Stage) -> Option<Memory> {
    let memory = |effect| match effect {
        Effect::Remember(memory) => Some(memory),
        _ => None,
    };
    stage.wanted().into_iter().filter_map(memory).next_back()
}

#[test]
fn the_next_start_is_where_the_last_one_was_left() {
    let contexts = || Opening::kubeconfig(&["lab/shop", "eu/shop"]).open(&["lab"]);
    let rows = |names: &[&str]| listed("pods", pods(names));
    let mut stage = contexts().start();
    stage.kinds(KINDS).play(": 'po shop -l app=web' <ret>").rows("lab", rows(&["cart-1", "web-1", "web-2", "web-3"]));
    stage.play("A / web <ret> G");
    assert!(stage.cursor().starts_with("web-3"), "{}", stage.screen());
    // Not at every key, but soon.
    stage.wanted();
    stage.play("k");
    assert_eq!(kept(&mut stage), None);
    stage.wait(Duration::from_secs(5));
    let memory = kept(&mut stage).expect("it is kept");
    stage.wait(Duration::from_secs(60));
    assert_eq!(kept(&mut stage), None, "nothing changed since");

    let memory: Memory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
    let mut stage = contexts().remembering(memory.clone()).start();
    stage.kinds(KINDS).rows("lab", rows(&["web-1", "web-2", "web-3", "cart-1"]));
    assert!(stage.line(1).starts_with(" pods  shop") && stage.line(1).contains("/web"), "{}", stage.line(1));
    assert_shown(&mut stage, &["-l app=web", "age↑"]);
    assert!(stage.cursor().starts_with("web-2"), "{}", stage.screen());

    // The object was made anew meanwhile: the one of its name is meant.
    let anew = pods(&["web-1", "web-2", "web-3"]).into_iter().map(|row| Row { uid: Uid::parse(&format!("new {}", row.name)), ..row }).collect();
    let mut stage = contexts().remembering(memory.clone()).start();
    stage.kinds(KINDS).rows("lab", listed("pods", anew));
    assert!(stage.cursor().starts_with("web-2"), "{}", stage.screen());

    // Another set of contexts has a place of its own.
    let mut stage = contexts().open(&["lab", "eu"]).remembering(memory.clone()).start();
    assert!(stage.line(1).starts_with(" workloads"), "{}", stage.line(1));
    // Who says where to look is taken there.
    let mut stage = contexts().remembering(memory).command("deploy").start();
    assert!(stage.line(1).starts_with(" deploy") && !stage.line(1).contains("/web"), "{}", stage.line(1));
}

#[test]
fn another_pane_comes_back_too_and_whoever_is_new_is_shown_around_first() {
    let mut stage = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).start();
    stage.play(", p").wait(Duration::from_secs(5));
    let memory = kept(&mut stage).unwrap();
    let mut stage = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).remembering(memory).start();
    assert!(stage.line(0).contains("Perf"), "{}", stage.screen());

    let mut stage = Opening::sandbox().start();
    stage.play(": svc <ret>").wait(Duration::from_secs(5));
    let memory = kept(&mut stage).unwrap();
    let mut stage = Opening::sandbox().remembering(Memory { guide_done: false, ..memory.clone() }).start();
    assert!(stage.line(1).starts_with(" workloads"), "{}", stage.line(1));
    let mut stage = Opening::sandbox().remembering(Memory { guide_done: true, ..memory }).start();
    assert!(stage.line(1).starts_with(" svc"), "{}", stage.line(1));
}
