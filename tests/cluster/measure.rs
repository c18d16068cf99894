//! CPU and memory from servers that measure, refuse, or do not; and from the sandbox.

use std::collections::HashMap;
use std::sync::Arc;

use meshplay::cluster::fleet::Embedded;
use meshplay::cluster::metrics::{Known, Meter, MeterSpec, Reading, Subject, Uses};
use meshplay::sandbox::{Options, Sandbox};

use super::*;

fn meter(fleet: &Fleet, cluster: &str, subject: Subject, namespaces: &[&str]) -> Meter {
    fleet.meter(&MeterSpec { cluster: id(cluster), subject, namespaces: namespaces.iter().map(ToString::to_string).collect() })
}

async fn known(what: &str, meter: &mut Meter, wanted: impl Fn(&Known) -> bool) -> Reading {
    let gather = async {
        loop {
            let reading = meter.next().await.expect("a meter does not end");
            if wanted(&reading.known) {
                return reading;
            }
        }
    };
    until(what, gather).await
}

fn measured(reading: &Reading) -> &Uses {
    match &reading.known {
        Known::Measured(uses) => uses,
        other => panic!("not measured: {other:?}"),
    }
}

/// A server that measures, and what it answers when it is asked.
fn serving(answer: Reply) -> impl Fn(&str, usize) -> Option<Reply> + Send + 'static {
    move |path, _| match path {
        "/apis" => {
            let resource = |plural: &str, kind: &str, scope: &str| json!({"resource": plural, "responseKind": {"group": "metrics.k8s.io", "version": "v1beta1", "kind": kind}, "scope": scope, "verbs": ["get", "list"]});
            let version = json!({"version": "v1beta1", "resources": [resource("pods", "PodMetrics", "Namespaced"), resource("nodes", "NodeMetrics", "Cluster")]});
            let groups = json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "metrics.k8s.io"}, "versions": [version]}]});
            Some(Reply::Says(200, groups.to_string()))
        }
        path if path.starts_with("/apis/metrics.k8s.io/") => Some(answer.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn all_who_look_share_one_request() {
    let list = json!({"items": [{"metadata": {"name": "web", "namespace": "shop"}, "window": "15s", "containers": [{"name": "a", "usage": {"cpu": "1500u", "memory": "3Mi"}}]}]});
    let (server, fleet, _folder) = connected(serving(Reply::Says(200, list.to_string()))).await;
    let (mut one, mut other) = (meter(&fleet, "lab", Subject::Pods, &["shop"]), meter(&fleet, "lab", Subject::Pods, &["shop"]));
    for meter in [&mut one, &mut other] {
        let reading = known("a use", meter, |known| matches!(known, Known::Measured(_))).await;
        assert_eq!((reading.namespace.as_deref(), measured(&reading).of["shop"]["web"].cpu), (Some("shop"), 2));
        assert_eq!(measured(&reading).every, 15);
    }
    let asked = server.asked().borrow().iter().filter(|path| path.starts_with("/apis/metrics.k8s.io/")).cloned().collect::<Vec<_>>();
    assert_eq!(asked, ["/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"]);
}

#[tokio::test]
async fn a_server_that_refuses_or_does_not_measure_says_so_and_its_rows_come_all_the_same() {
    let forbidden = Reply::Says(403, fault::status(403, "Forbidden", "pods.metrics.k8s.io is forbidden\u{1b}[31m"));
    for (reply, code) in
        [(forbidden, "cluster.forbidden"), (Reply::Says(503, String::new()), "cluster.refused"), (Reply::Html(200, "<p>".into()), "cluster.nonsense")]
    {
        let (_server, fleet, _folder) = connected(serving(reply)).await;
        let reading = known(code, &mut meter(&fleet, "lab", Subject::Nodes, &[]), |known| matches!(known, Known::Failed(_))).await;
        let Known::Failed(problem) = reading.known else { unreachable!() };
        is_said(&problem, code, "");
        let mut seen = Seen::default();
        seen.synced(&mut watch(&fleet, "lab", "pods")).await;
    }
    let (_server, fleet, _folder) = connected(|_, _| None).await;
    known("the word that nothing is measured", &mut meter(&fleet, "lab", Subject::Pods, &[]), |known| *known == Known::Unserved).await;
}

#[tokio::test]
async fn the_sandbox_measures_what_runs() {
    let sandbox = Sandbox::start(Options { still: true, ..Options::default() }).await.unwrap();
    let embedded = Embedded { name: "sandbox".into(), namespace: "shop".into(), dial: Arc::new(move || sandbox.dial()) };
    let fleet = Fleet::open(FleetOptions { embedded: Some(embedded), ..FleetOptions::default() }).unwrap();
    fleet.connect(&id("sandbox"));
    let pods = known("pods", &mut meter(&fleet, "sandbox", Subject::Pods, &[]), |known| matches!(known, Known::Measured(_))).await;
    let names: &HashMap<_, _> = &measured(&pods).of["shop"];
    // A container that waits for its next try uses nothing.
    assert!(names.keys().any(|name| name.starts_with("web-")) && !names.keys().any(|name| name.starts_with("cart-")), "{names:?}");
    let nodes = known("nodes", &mut meter(&fleet, "sandbox", Subject::Nodes, &[]), |known| matches!(known, Known::Measured(_))).await;
    let nodes = &measured(&nodes).of[""];
    let memory = |uses: &HashMap<Arc<str>, meshplay::cluster::metrics::Use>| uses.values().map(|one| one.memory).sum::<u64>();
    assert!(nodes.len() == 3 && memory(nodes) > memory(names), "{nodes:?}");
    let pod = fleet.find(&id("sandbox"), "pods", Some("shop"), "db-0").await.unwrap();
    let facts = fleet.describe(&pod).await.unwrap().facts;
    assert!(facts.iter().any(|fact| fact.label == "use db" && fact.said.show(0).contains("of 256Mi allowed")), "{facts:?}");
}
