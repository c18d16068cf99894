//! Reading one object closely: folding and searching its manifest, values that are shown for a moment, two objects side by side, what is said live.

use meshplay::cluster::events::EventLine;
use meshplay::cluster::secret::SecretKey;
use meshplay::tui::tape;

use super::*;
use crate::play::NOW;

const POD: &str =
    "kind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - image: web:1\n    name: web\n  nodeName: node-1\nstatus:\n  phase: Running\n";

fn inspections(stage: &mut Stage) -> Vec<inventory::work::Effect> {
    let ours = |effect| if let Effect::Inventory(effect @ inventory::work::Effect::Inspect { .. }) = effect { Some(effect) } else { None };
    stage.wanted().into_iter().filter_map(ours).collect()
}

#[test]
fn a_manifest_is_folded_searched_copied_and_saved() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play("y").inspected(Body::Yaml(POD.into()));
    stage.play("3j <space>");
    assert_shown(&mut stage, &["spec: … 4 lines", "phase: Running"]);
    assert_not_shown(&mut stage, &["nodeName"]);
    // What is found is unfolded.
    stage.play("/ image <ret>");
    assert_shown(&mut stage, &["image: web:1"]);
    stage.play("Z");
    assert_shown(&mut stage, &["metadata: … 1 lines"]);
    stage.play("Z");
    // The place is kept when the object changes.
    stage.play("<esc> G m").inspected(Body::Yaml(POD.replace("kind: Pod\n", "kind: Pod\nmore: lines\n").into()));
    stage.wanted();
    stage.play("c");
    assert!(stage.wanted().iter().any(|effect| matches!(effect, Effect::Copy(text) if text.starts_with("kind: Pod") && text.ends_with("Running\n"))));
    assert_shown(&mut stage, &["sent to your terminal", "and 10 more lines"]);
    stage.play("ctrl-s");
    let saved = stage.wanted();
    assert!(
        matches!(&saved[..], [Effect::Inventory(inventory::work::Effect::SaveText { name, ending: "yaml", .. })] if name == "lab-shop-Pod-a"),
        "{saved:?}"
    );
}

#[test]
fn managed_fields_come_when_they_are_asked_for() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play("y").inspected(Body::Yaml(POD.into()));
    stage.wanted();
    stage.play("m");
    let asked = inspections(&mut stage);
    assert!(matches!(&asked[..], [inventory::work::Effect::Inspect { tab: Tab::Yaml, whole: true, .. }]), "{asked:?}");
}

#[test]
fn a_value_is_shown_for_15_seconds_and_written_nowhere() {
    let mut stage = newcomer();
    stage.play(": secrets <ret>").rows("sandbox", listed("secrets", vec![scene::secret("sandbox/shop/payments-key")])).play("x");
    let keys = vec![SecretKey { name: "cert".into(), bytes: 900 }, SecretKey { name: "key".into(), bytes: 14 }];
    stage.inspected(Body::Keys(keys));
    assert_shown(&mut stage, &["[keys]", "cert  900 B, hidden", "key   14 B, hidden"]);
    stage.wanted();
    stage.play("j x");
    let asked = stage.wanted();
    let Some(Effect::Inventory(inventory::work::Effect::Reveal { key, name })) = asked.last().cloned() else { panic!("{asked:?}") };
    assert_eq!(name, "key");
    let value = meshplay::cluster::secret::Hidden::new("correct-horse");
    let report = inventory_report(inventory::work::Report::Revealed { key, name, value: Ok(value) });
    // A recording of this moment holds no value.
    let written = String::from_utf8(tape::write(&report).unwrap()).unwrap();
    assert!(!written.contains("correct-horse"), "{written}");
    stage.report(report);
    assert_shown(&mut stage, &["correct-horse", "shown for 15 s"]);
    stage.wait(Duration::from_secs(14));
    assert_shown(&mut stage, &["correct-horse"]);
    stage.wait(Duration::from_secs(2));
    assert_not_shown(&mut stage, &["correct-horse"]);
    assert!(!format!("{:?}", stage.model).contains("correct-horse"));
}

#[tokio::test]
async fn looking_at_a_value_is_written_down_and_the_value_is_not() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let embedded = Embedded { name: "sandbox".into(), namespace: "shop".into(), dial: Arc::new(move || sandbox.dial()) };
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit.ndjson");
    let fleet = Fleet::open(FleetOptions { embedded: Some(embedded), audit: Some(audit.clone()), ..FleetOptions::default() }).unwrap();
    let cluster = ClusterId::new("sandbox");
    fleet.connect(&cluster);
    let key = fleet.find(&cluster, "secrets", Some("shop"), "payments-key").await.unwrap();
    assert_eq!(fleet.secret_keys(&key).await.unwrap(), [SecretKey { name: "key".into(), bytes: 14 }]);
    assert!(!audit.exists(), "sizes are no values");
    assert_eq!(fleet.reveal(&key, "key").await.unwrap().show(), "not-a-real-key");
    let written = std::fs::read_to_string(&audit).unwrap();
    assert!(
        written.contains("\"reveal\"") && written.contains("key key of Secret shop/payments-key") && !written.contains("not-a-real-key"),
        "{written}"
    );
    assert_eq!(fleet.reveal(&key, "other").await.unwrap_err().code, "secret.gone");
    let replaced = ObjectKey { uid: "another".into(), ..key };
    assert_eq!(fleet.reveal(&replaced, "key").await.unwrap_err().code, "secret.gone");
}

#[test]
fn one_object_stands_beside_its_like_in_the_next_open_context() {
    let mut stage = with_pods(Opening::kubeconfig(&["eu/shop", "us/shop", "lab/shop"]).open(&["eu", "us", "lab"]), &["web"]);
    stage.rows("eu", listed("pods", vec![scene::pod("eu/shop/web", "1/1", "Running")]));
    stage.wanted();
    stage.play("=");
    let against = |stage: &mut Stage| match &inspections(stage)[..] {
        [.., inventory::work::Effect::Inspect { key, tab: Tab::Difference, against: Some(other), .. }] => {
            assert_eq!(key.name, other.name);
            (key.cluster.to_string(), other.cluster.to_string())
        }
        other => panic!("{other:?}"),
    };
    let (first, second) = against(&mut stage);
    assert_ne!(first, second);
    let diff = "--- Pod shop/web in eu\n+++ Pod shop/web in us\n@@ -1,3 +1,3 @@\n kind: Pod\n-image: 1\n+image: 2\n@@ -30,1 +30,2 @@\n+more: yes\n";
    stage.inspected(Body::Difference(diff.into()));
    assert_shown(&mut stage, &["-image: 1", "+image: 2", "Pod shop/web in us"]);
    // The next change, and the next context.
    stage.play("n n");
    stage.play("=");
    let (again, third) = against(&mut stage);
    assert_eq!(again, first);
    assert_ne!(third, second);
}

#[test]
fn what_is_said_is_heard_while_the_detail_is_open() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play("d e");
    let listens = |stage: &mut Stage| {
        let heard = |effect| if let Effect::Inventory(inventory::work::Effect::Listen { about, .. }) = effect { Some(about.len()) } else { None };
        stage.wanted().into_iter().filter_map(heard).collect::<Vec<_>>()
    };
    assert_eq!(listens(&mut stage), [1]);
    assert_shown(&mut stage, &["listening…"]);
    let line = EventLine {
        last: NOW - 60,
        first: NOW - 660,
        warning: true,
        reason: "BackOff".into(),
        message: "again".into(),
        count: 31,
        from: "kubelet".into(),
        about: "pod/a".into(),
    };
    stage.heard(vec![line]);
    assert_shown(&mut stage, &["BackOff ×31 in 10m", "again"]);
    stage.play("<esc>");
    assert_eq!(listens(&mut stage), [0], "nobody listens any more");
}
