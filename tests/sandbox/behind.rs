//! What stands behind a Service of the shop, before and after a release, and what is told of it beside a change of a history.

use std::sync::Arc;
use std::time::Duration;

use meshplay::cluster::alter::{Earnest, Patch};
use meshplay::cluster::fleet::{Embedded, Fleet, FleetOptions};
use meshplay::load::plan::Plan;
use meshplay::load::target::Target;
use meshplay::names::{ClusterId, ObjectKey};
use meshplay::perf::{Order, found};
use meshplay::results::difference::{differences, told};
use meshplay::sandbox::{Options, Sandbox};
use serde_json::json;

async fn shop() -> Fleet {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let embedded = Embedded { name: "sandbox".into(), namespace: "shop".into(), dial: Arc::new(move || sandbox.dial()) };
    let fleet = Fleet::open(FleetOptions { embedded: Some(embedded), ..FleetOptions::default() }).unwrap();
    fleet.connect(&ClusterId::new("sandbox"));
    fleet
}

async fn named(fleet: &Fleet, kind: &str, name: &str) -> ObjectKey {
    fleet.find(&ClusterId::new("sandbox"), kind, Some("shop"), name).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_told_as_another_image_and_the_next_revision() {
    let fleet = shop().await;
    let (service, deployment) = (named(&fleet, "service", "catalog").await, named(&fleet, "deployment", "catalog").await);
    let before = fleet.behind(&service).await;
    let expected = [
        ("image.catalog", "shop/catalog:1.9.0"),
        ("kubelet", "v1.36.0-meshplay-sandbox"),
        ("kubernetes", "v1.36.0-meshplay-sandbox"),
        ("replicas", "2"),
        ("revision", "1"),
        ("workload", "deployment catalog"),
    ];
    assert!(expected.iter().all(|(name, value)| before[*name] == *value), "{before:?}");
    assert!(before["nodes"].starts_with("node-0") && before.len() == 7, "{before:?}");
    assert_eq!(fleet.behind(&deployment).await, before, "a workload is what stands behind its Service");

    let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "shop/catalog:2.0.0"}]);
    fleet.patch(&deployment, &Patch::Json(patch), Earnest::Done, None).await.unwrap();
    fleet.rolled_out(&deployment, Duration::from_secs(120)).await.unwrap();
    let after = fleet.behind(&service).await;
    let changed = told(&differences(&before, &after));
    assert!(changed.starts_with("image catalog:1.9.0 → catalog:2.0.0, revision 1 → 2"), "{changed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_names_a_service_takes_along_what_stands_behind_it() {
    let fleet = shop().await;
    let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
    let mut order = Order { what: Some("service shop/web".into()), cluster: Some(ClusterId::new("sandbox")), ..Order::new(plan) };
    found::look(&mut order, &fleet).await;
    let found = &order.provenance.found;
    assert_eq!((found["image.web"].as_str(), found["replicas"].as_str()), ("shop/web:3.2.1", "3"));
    let mut elsewhere = Order { what: None, ..order.clone() };
    elsewhere.provenance.found.clear();
    found::look(&mut elsewhere, &fleet).await;
    assert!(elsewhere.provenance.found.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_nothing_behind_it_tells_nothing() {
    let fleet = shop().await;
    assert!(fleet.behind(&named(&fleet, "configmap", "web-config").await).await.is_empty());
    let gone = ObjectKey { name: "nobody".into(), ..named(&fleet, "service", "web").await };
    assert!(fleet.behind(&gone).await.is_empty());
}
