//! The ways to a Service, by the real program: a forwarded port, also of a run with a process of its own, and an ingress.

use http::Method;
use serde_json::{Value, json};

use super::process::Served;
use super::script::{asked, begun, ran};

/// A line of a script that has to be done; the run it tells.
fn run(served: &Served, line: &str) -> (Value, String) {
    let (code, out, err) = ran(served, line);
    assert_eq!(code, Some(0), "meshplay {line}\n{err}");
    (serde_json::from_str(&out).unwrap(), err)
}

fn causes(run: &Value) -> Vec<&str> {
    run["reasons"].as_array().unwrap().iter().map(|reason| reason["cause"].as_str().unwrap()).collect()
}

/// The Service web as most clusters have it: without an address outside, and its port under another number and a name.
async fn hide_web(served: &Served) {
    let ports = json!([{"name": "www", "port": 80, "targetPort": "http", "protocol": "TCP"}]);
    let patch = json!({"spec": {"type": "ClusterIP", "ports": ports}, "status": null});
    asked(served, Method::PATCH, "/api/v1/namespaces/shop/services/web", Some(patch)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_an_address_is_loaded_through_a_forwarded_port() {
    let served = Served::start();
    hide_web(&served).await;
    let (told, err) = run(&served, "perf run service://shop/web/items --also service://shop/web/cart -n 40 -o json");
    assert_eq!((&told["target"]["url"], &told["plan"]["path"]), (&json!("http://web.shop.svc/items"), &json!("port-forward")));
    assert_eq!((&told["requests"], &told["target"]["what"], &told["target"]["cluster"]), (&json!(40), &json!("service shop/web"), &json!("sandbox")));
    assert!(told["statuses"] == json!({"200": 40}) && told["stamp"] != "valid" && causes(&told).contains(&"forwarded"), "{told}");
    assert!(err.contains("has no address outside its cluster: a port of one of its pods is forwarded"), "{err}");
    assert!(err.contains("via port-forward: SUSPECT at best"), "{err}");

    // What is wanted otherwise is not replaced by it, and what cannot be done is told before anything is loaded.
    for (line, word) in [
        ("perf run service://shop/web/ --via direct", "has no address outside its cluster"),
        ("perf run service://shop/web:8080/ --via port-forward", "it has 80 (www)"),
        ("perf run service://shop/cart/ --via port-forward", "none of the 2 is ready"),
        ("perf run service://shop/web/ --also service://shop/search/", "in one run"),
        ("perf run service://shop/web/ --connect-to 127.0.0.1:9", "--connect-to"),
        ("--readonly perf run service://shop/web/", "read-only"),
    ] {
        let (code, out, err) = ran(&served, line);
        assert!(code == Some(1) && out.is_empty() && err.contains(word), "{line}: {code:?} {err}");
    }
}

#[test]
fn a_run_with_a_process_of_its_own_keeps_its_port_open() {
    let served = Served::start();
    let (code, id, err) = ran(&served, "perf run service://shop/web:http/ --via port-forward -n 60 --rate 50 --detach");
    assert_eq!(code, Some(0), "{err}");
    let (told, _) = run(&served, &format!("perf attach {} -o json", id.trim()));
    assert_eq!((&told["statuses"], &told["plan"]["path"]), (&json!({"200": 60}), &json!("port-forward")));
    assert!(causes(&told).contains(&"forwarded"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_ends_when_the_pod_behind_its_port_goes() {
    let served = Served::start();
    let (mut child, mut err) = begun(&served, "perf run service://shop/web/ --via port-forward --rate 50 -d 10m -o json", "    1s");
    asked(&served, Method::DELETE, "/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb", None).await;
    let mut told = String::new();
    std::io::Read::read_to_string(&mut err, &mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{told}");
    assert!(told.contains("the port-forward to pod shop/web-") && told.contains("not found"), "{told}");
    let (_, shown, _) = ran(&served, "perf show last");
    assert!(shown.contains("ended by the loss of its way: the port-forward to pod shop/web-"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ingress_leads_to_a_service_under_its_own_host() {
    let served = Served::start();
    let web = asked(&served, Method::GET, "/api/v1/namespaces/shop/services/web", None).await;
    // The balancer of this test is the service itself.
    let balancer = json!({"ip": "127.0.0.1", "ports": [{"port": web["spec"]["ports"][0]["port"], "protocol": "TCP"}]});
    let patch = json!({"status": {"loadBalancer": {"ingress": [balancer]}}});
    asked(&served, Method::PATCH, "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web", Some(patch)).await;
    let (told, err) = run(&served, "perf run service://shop/web/items --via ingress -n 20 -o json");
    assert_eq!((&told["target"]["url"], &told["plan"]["path"]), (&json!("http://shop.example.com/items"), &json!("ingress")));
    assert!(told["statuses"] == json!({"200": 20}) && err.contains("via ingress"), "{told} {err}");
    let (code, _, err) = ran(&served, "perf run service://shop/search/ --via ingress");
    assert!(code == Some(1) && err.contains("none of those in its namespace routes there"), "{err}");
}
