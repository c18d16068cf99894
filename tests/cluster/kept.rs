//! What is asked of a cluster while others are opened and closed beside it: nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use meshplay::cluster::rows::Delta;
use meshplay::tui::panes::inventory::work::{Effect, Report, Work};
use tokio::sync::mpsc::Receiver;

use super::*;

fn spec(cluster: &str) -> WatchSpec {
    WatchSpec {
        cluster: id(cluster),
        view: "pods".into(),
        namespaces: Vec::new(),
        labels: String::new(),
        fields: String::new(),
        columns: Vec::new(),
        exact: false,
    }
}

/// The next rows of a cluster that are complete, with what came before them from anybody.
async fn complete(reports: &mut Receiver<Report>, cluster: &str) -> Vec<ClusterId> {
    let mut heard = Vec::new();
    loop {
        if let Report::Rows { cluster: from, delta: Delta { phase, .. }, .. } = until("rows", reports.recv()).await.unwrap() {
            heard.push(from.clone());
            if from == id(cluster) && phase == Some(Phase::Synced) {
                return heard;
            }
        }
    }
}

#[tokio::test]
async fn a_cluster_that_stays_open_is_not_asked_again_when_another_is_opened_or_closed() {
    let rule = |path: &str, _| (pods(path) && streams(path)).then(|| Reply::Holds(vec![pod("ADDED", "one", "5"), end("5")]));
    let (one, other) = (Fault::start(rule).await, Fault::start(rule).await);
    let (folder, path) = kubeconfig(&[("one", one.address), ("other", other.address)]);
    let fleet = fleet(path).unwrap();
    let (sender, mut reports) = tokio::sync::mpsc::channel(64);
    let mut work = Work::new(fleet.clone(), sender, folder.path().join("tables"), |report| report);
    fleet.connect(&id("one"));
    work.run(Effect::Watch { generation: 1, specs: vec![spec("one")] });
    complete(&mut reports, "one").await;
    let asked = |server: &Fault| server.asked().borrow().iter().filter(|path| *path != "/readyz").cloned().collect::<Vec<_>>();
    let before = asked(&one);
    assert_eq!(before.iter().filter(|path| streams(path)).count(), 1, "{before:?}");

    fleet.connect(&id("other"));
    work.run(Effect::Watch { generation: 1, specs: vec![spec("one"), spec("other")] });
    let heard = complete(&mut reports, "other").await;
    assert!(!heard.contains(&id("one")), "its rows are known: {heard:?}");
    work.run(Effect::Watch { generation: 1, specs: vec![spec("one")] });
    work.run(Effect::Watch { generation: 1, specs: vec![spec("other"), spec("one")] });
    complete(&mut reports, "other").await;
    assert_eq!(asked(&one), before, "it was asked for nothing but its health");
    assert_eq!(asked(&other).iter().filter(|path| streams(path)).count(), 2, "it was closed and opened again");

    // Another view is read from its beginning.
    work.run(Effect::Watch { generation: 2, specs: vec![spec("one")] });
    complete(&mut reports, "one").await;
    assert_eq!(asked(&one).iter().filter(|path| streams(path)).count(), 2);
}

/// The API has no form of a Secret with its keys and without its values (PartialObjectMetadata has neither), so that a tree reads both: the values go no
/// further than the reader.
#[tokio::test]
async fn a_tree_keeps_the_keys_of_secrets_and_maps_and_none_of_their_values() {
    const VALUE: &str = "correct-horse-battery-staple";
    let object = |kind: &str, data: serde_json::Value| {
        let metadata = json!({"name": "one", "namespace": "default", "uid": kind, "resourceVersion": "5", "annotations": {"last": VALUE}});
        json!({"type": "ADDED", "object": {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data}}).to_string()
    };
    let server = Fault::start(move |path, _| match path {
        path if streams(path) && path.contains("/secrets") => {
            Some(Reply::Holds(vec![object("Secret", json!({"password": STANDARD.encode(VALUE)})), end("5")]))
        }
        path if streams(path) && path.contains("/configmaps") => Some(Reply::Holds(vec![object("ConfigMap", json!({"motd": VALUE})), end("5")])),
        _ => None,
    })
    .await;
    let (_folder, path) = kubeconfig(&[("lab", server.address)]);
    let fleet = fleet(path).unwrap();
    fleet.connect(&id("lab"));
    let rules = std::sync::Arc::new(meshplay::relations::rules::Rules::embedded());
    let (_, parts) = meshplay::survey::plan::below(&fleet, &id("lab"), "pods", &[]).await.unwrap();
    let mut survey = meshplay::survey::Survey::begin(&fleet, &rules, parts);
    let mut told = String::new();
    while !["password", "motd"].iter().all(|key| told.contains(key)) {
        let news = until("keys", survey.next()).await.unwrap();
        told += &serde_json::to_string(&news).unwrap();
    }
    assert!(!told.contains(VALUE) && !told.contains(&STANDARD.encode(VALUE)), "{told}");
}
