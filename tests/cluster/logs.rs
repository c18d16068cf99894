//! Logs over streams that break, of pods that are gone, and of all pods of a workload.

use meshplay::cluster::logs::ring::{Level, Want, Window};
use meshplay::cluster::logs::{LogSpec, Logs, Since};
use meshplay::names::{Gvk, ObjectKey};

use super::*;

const ALL: usize = 1_000;

fn key(kind: &str, group: &str, name: &str) -> ObjectKey {
    ObjectKey { cluster: id("lab"), gvk: Gvk::new(group, "v1", kind).into(), namespace: Some("default".into()), name: name.into(), uid: "".into() }
}

fn follow(fleet: &Fleet, of: ObjectKey) -> Logs {
    Logs::start(fleet.clone(), LogSpec { of: vec![of], container: None, previous: false, since: Since::Tail(100) }, None)
}

fn seen(logs: &Logs) -> Window {
    logs.look(&Want { rows: ALL, ..Want::default() }).0
}

async fn wait_for(what: &str, logs: &Logs, wanted: impl Fn(&Window) -> bool) -> Window {
    let waited = async {
        loop {
            let window = seen(logs);
            if wanted(&window) {
                return window;
            }
            logs.changed().await;
        }
    };
    until(what, waited).await
}

/// The lines of containers, without ours.
fn texts(window: &Window) -> Vec<&str> {
    window.lines.iter().filter(|(_, line)| line.level != Level::Note).map(|(_, line)| &*line.text).collect()
}

fn pod_with(containers: &[&str]) -> String {
    let containers: Vec<_> = containers.iter().map(|name| json!({"name": name})).collect();
    json!({"kind": "Pod", "metadata": {"name": "web", "namespace": "default", "uid": "u"}, "spec": {"containers": containers}, "status": {"phase": "Running"}}).to_string()
}

#[tokio::test]
async fn a_stream_that_breaks_goes_on_where_it_was_and_says_nothing_twice() {
    let (server, fleet, _folder) = connected(|path, before| match path {
        "/api/v1/namespaces/default/pods/web" => Some(Reply::Says(200, pod_with(&["app"]))),
        _ if path.contains("/log?") && path.contains("tailLines") => {
            Some(Reply::Cuts("2026-11-25T18:00:01Z one\n2026-11-25T18:00:02.5Z two\n2026-11-25T18:00:03Z half".into()))
        }
        _ if path.contains("/log?") && before == 0 => {
            Some(Reply::Holds(["02.5Z two", "03Z half", "04Z four"].iter().map(|line| format!("2026-11-25T18:00:{line}")).collect()))
        }
        _ => None,
    })
    .await;
    let logs = follow(&fleet, key("Pod", "", "web"));
    let window = wait_for("what came after the break", &logs, |window| texts(window).contains(&"four")).await;
    assert_eq!(texts(&window), ["one", "two", "half", "four"]);
    let told = window.lines.iter().find(|(_, line)| line.level == Level::Note).expect("the break is told");
    assert!(told.1.text.starts_with("web/app: "), "{told:?}");
    let asked = server.asked().borrow().clone();
    assert!(asked.iter().any(|path| path.contains("sinceTime=2026-11-25T18%3A00%3A0")), "{asked:?}");
}

#[tokio::test]
async fn all_containers_stand_by_time_and_a_gone_pod_is_told() {
    let (_server, fleet, _folder) = connected(|path, _| match path {
        "/api/v1/namespaces/default/pods/web" => Some(Reply::Says(200, pod_with(&["app", "proxy"]))),
        _ if path.contains("container=app") => {
            Some(Reply::Holds(vec!["2026-11-25T18:00:01Z a1".into(), "2026-11-25T18:00:03Z \u{1b}[31ma3\u{1b}[0m".into()]))
        }
        _ if path.contains("container=proxy") && path.contains("tailLines") => Some(Reply::Ends(vec!["2026-11-25T18:00:02Z p2".into()])),
        _ if path.contains("container=proxy") => Some(Reply::Says(404, status(404, "NotFound", "pods \"web\" not found"))),
        _ => None,
    })
    .await;
    let logs = follow(&fleet, key("Pod", "", "web"));
    let window = wait_for("the end of the pod", &logs, |window| window.lines.iter().any(|(_, line)| &*line.text == "web is gone")).await;
    assert_eq!(texts(&window), ["a1", "p2", "a3"]);
    let (_, sources, problem) = logs.look(&Want::default());
    assert_eq!((sources.len(), problem), (2, None));
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let (_server, fleet, _folder) = connected(|path, _| match path {
        "/api/v1/namespaces/default/pods/web" => Some(Reply::Says(403, status(403, "Forbidden", "pods \"web\" is forbidden: no\u{1b}[2J"))),
        _ => None,
    })
    .await;
    let logs = follow(&fleet, key("Pod", "", "web"));
    until("the problem", async {
        while logs.look(&Want::default()).2.is_none() {
            logs.changed().await;
        }
    })
    .await;
    is_said(&logs.look(&Want::default()).2.unwrap(), "cluster.forbidden", "is forbidden");
}

#[tokio::test]
async fn a_workload_is_followed_over_all_its_pods_in_the_sandbox() {
    let sandbox = meshplay::sandbox::Sandbox::start(meshplay::sandbox::Options::default()).await.unwrap();
    let dial = std::sync::Arc::new(move || sandbox.dial());
    let embedded = Some(meshplay::cluster::fleet::Embedded { name: "lab".into(), namespace: "shop".into(), dial });
    let fleet = Fleet::open(FleetOptions { embedded, ..FleetOptions::default() }).unwrap();
    fleet.connect(&id("lab"));
    let of = ObjectKey { namespace: Some("shop".into()), ..key("Deployment", "apps", "web") };
    let logs = follow(&fleet, of);
    let wanted = fleet.selector(&ObjectKey { namespace: Some("shop".into()), ..key("Deployment", "apps", "web") }).await.unwrap();
    assert_eq!(wanted, "app=web");
    wait_for("lines of two pods", &logs, |window| window.kept > 60 && logs.look(&Want::default()).1.len() > 1).await;
    let window = seen(&logs);
    assert!(window.lines.windows(2).all(|pair| pair[0].1.at <= pair[1].1.at));
    let mut text = Vec::new();
    logs.write(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let first = text.lines().next().unwrap();
    assert!(first.contains("Z web-") && first.split(' ').count() > 2, "{first}");
}
