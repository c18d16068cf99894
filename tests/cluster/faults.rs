//! What goes wrong with one cluster: what the person sees of it, and that another cluster does not notice. Each story has a sick cluster and a well one.

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use meshplay::cluster::connection::Connection;
use meshplay::cluster::rows::Delta;
use meshplay::cluster::tally::Particulars;

use super::line::{APART, Apart, Stalling};
use super::*;

/// A cluster beside the sick one, with a pod of its own, watched all the time.
pub struct Beside {
    _server: Fault,
    pub fleet: Fleet,
    seen: Seen,
    pods: Subscription,
    since: Connection,
}

/// A fleet of a cluster called `sick`, as kubeconfigs describe it, and of a healthy one beside it, both connected.
pub async fn beside(sick: serde_json::Value, user: serde_json::Value) -> (Beside, tempfile::TempDir, PathBuf) {
    let well = Fault::start(|path, _| (pods(path) && streams(path)).then(|| Reply::Holds(vec![pod("ADDED", "fine", "5"), end("5")]))).await;
    let config = json!({"current-context": "sick",
        "clusters": [{"name": "sick", "cluster": sick}, {"name": "well", "cluster": {"server": format!("http://{}", well.address)}}],
        "users": [{"name": "me", "user": user}, {"name": "nobody", "user": {}}],
        "contexts": [{"name": "sick", "context": {"cluster": "sick", "user": "me"}}, {"name": "well", "context": {"cluster": "well", "user": "nobody"}}]});
    let (folder, path) = fault::write(&config.to_string());
    let fleet = fleet(path.clone()).unwrap();
    fleet.contexts().iter().for_each(|context| fleet.connect(&context.id));
    let since = health(&fleet, &id("well"), Health::Ready).await;
    let (mut seen, mut pods) = (Seen::default(), watch(&fleet, "well", "pods"));
    seen.synced(&mut pods).await;
    (Beside { _server: well, fleet, seen, pods, since }, folder, path)
}

/// A cluster of a kubeconfig at that address.
fn at(server: std::net::SocketAddr) -> serde_json::Value {
    json!({"server": format!("http://{server}")})
}

impl Beside {
    /// Nothing has happened to it: it answers as it did, and its rows were never doubted.
    #[track_caller]
    pub fn has_not_noticed(&mut self) {
        let now = self.fleet.status().borrow().iter().find(|one| one.id == id("well")).cloned().unwrap();
        assert_eq!((now.health, now.since, &now.problem), (Health::Ready, self.since.since, &None));
        if let Some(Some(Delta { phase, removed, .. })) = self.pods.next().now_or_never() {
            assert!(phase.is_none_or(|phase| phase == Phase::Synced) && removed.is_empty());
        }
        assert_eq!(self.seen.names(), ["fine"]);
    }
}

fn particulars(fleet: &Fleet, name: &str) -> Particulars {
    fleet.particulars(&id(name)).unwrap()
}

/// The reasons a subscription has had for its rows being old, in order, until it is as wanted.
async fn reasons(seen: &mut Seen, subscription: &mut Subscription, wanted: impl Fn(&Seen) -> bool) -> Vec<&'static str> {
    let mut codes = Vec::new();
    while !wanted(seen) {
        // One delta at a time, so that no reason is missed.
        seen.take(until("the next word", subscription.next()).await.unwrap());
        codes.extend(stale(seen).map(|problem| problem.code));
    }
    codes.dedup();
    codes
}

#[tokio::test]
async fn a_server_that_asks_to_be_left_alone_is_left_alone_for_so_long() {
    let server = Fault::start(|path, times| {
        let busy = || Reply::Heads(429, vec!["Retry-After: 2".into()], status(429, "TooManyRequests", "too many requests"));
        match path {
            path if pods(path) && streams(path) => Some(if times == 0 { busy() } else { Reply::Holds(vec![pod("ADDED", "one", "5"), end("5")]) }),
            path if pods(path) && path.contains("limit=") => Some(busy()),
            _ => None,
        }
    })
    .await;
    let (mut well, _folder, _) = beside(at(server.address), json!({})).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "pods"));
    seen.until("a refusal", &mut rows, |seen| stale(seen).is_some()).await;
    let begun = Instant::now();
    let problem = stale(&seen).unwrap();
    is_said(problem, "cluster.busy", "again in 2 s");
    assert!(problem.what.contains("too busy"), "{problem}");
    seen.synced(&mut rows).await;
    assert!(begun.elapsed() >= Duration::from_millis(1_900), "{:?}", begun.elapsed());
    well.has_not_noticed();
}

#[tokio::test]
async fn a_list_whose_end_is_never_told_is_read_in_pages() {
    let server = Fault::start(|path, _| match path {
        path if pods(path) && streams(path) => Some(Reply::Holds(vec![pod("ADDED", "one", "5")])),
        path if pods(path) && path.contains("limit=") => {
            let object: serde_json::Value = serde_json::from_str(&pod("ADDED", "one", "5")).unwrap();
            Some(Reply::Says(200, json!({"kind": "List", "metadata": {"resourceVersion": "6"}, "items": [object["object"]]}).to_string()))
        }
        path if pods(path) && path.contains("watch=1") => Some(Reply::Holds(vec![pod("ADDED", "two", "7")])),
        _ => None,
    })
    .await;
    let (mut well, _folder, _) = beside(at(server.address), json!({})).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "pods"));
    seen.until("both rows", &mut rows, |seen| seen.names() == ["one", "two"] && seen.phase == Some(Phase::Synced)).await;
    well.has_not_noticed();
}

#[tokio::test]
async fn behind_a_proxy_that_stalls_rows_are_doubtful_first_and_old_then() {
    let server = Fault::start(|path, _| (pods(path) && streams(path)).then(|| Reply::Holds(vec![pod("ADDED", "one", "5"), end("5")]))).await;
    let proxy = Stalling::before(server.address).await;
    let (mut well, _folder, _) = beside(at(proxy.address), json!({})).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "pods"));
    seen.synced(&mut rows).await;
    proxy.stall();
    seen.until("doubt", &mut rows, |seen| stale(seen).is_some()).await;
    is_said(stale(&seen).unwrap(), "cluster.suspect", "no answer within 3 s");
    assert_eq!(seen.names(), ["one"], "what was known is still shown");
    seen.until("certainty", &mut rows, |seen| stale(seen).is_some_and(|problem| problem.code == "cluster.unreachable")).await;
    health(&well.fleet, &id("sick"), Health::Unreachable).await;
    proxy.flow();
    health(&well.fleet, &id("sick"), Health::Ready).await;
    seen.synced(&mut rows).await;
    well.has_not_noticed();
}

/// No test of its own: the server of the next one, in another network.
#[tokio::test]
async fn a_server_apart() {
    let Ok(address) = std::env::var(APART) else { return };
    let rule = |path: &str, _| (pods(path) && streams(path)).then(|| Reply::Holds(vec![pod("ADDED", "one", "5"), end("5")]));
    let _server = Fault::start_at(address.parse().unwrap(), rule).await;
    std::future::pending().await
}

#[tokio::test]
async fn where_packets_are_dropped_the_sockets_probe_and_the_heartbeat_tells() {
    let test = "where_packets_are_dropped_the_sockets_probe_and_the_heartbeat_tells";
    let apart = match Apart::running("faults::a_server_apart").await {
        Ok(apart) => apart,
        Err(why) => return real::skipped(test, &format!("no network of its own can be made (it needs root and iproute2): {why}")),
    };
    let (mut well, _folder, _) = beside(at(apart.address), json!({})).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "pods"));
    seen.synced(&mut rows).await;
    let sockets = apart.sockets();
    assert!(sockets.contains("timer:(keepalive,"), "{sockets}");
    apart.drop_packets();
    let begun = Instant::now();
    seen.until("doubt", &mut rows, |seen| stale(seen).is_some()).await;
    is_said(stale(&seen).unwrap(), "cluster.suspect", "no answer");
    seen.until("certainty", &mut rows, |seen| stale(seen).is_some_and(|problem| problem.code == "cluster.unreachable")).await;
    // A beat every ten seconds, two of three seconds that are missed, one second between them.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    apart.deliver();
    health(&well.fleet, &id("sick"), Health::Ready).await;
    seen.synced(&mut rows).await;
    well.has_not_noticed();
}

#[tokio::test]
async fn a_token_that_ends_in_mid_stream_is_renewed_once_and_the_watch_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (token, starts) = (folder.path().join("token"), folder.path().join("starts"));
    std::fs::write(&token, "t1").unwrap();
    let script = format!(
        "echo x >> {}; printf '{{\"kind\": \"ExecCredential\", \"status\": {{\"token\": \"%s\"}}}}' \"$(cat {})\"",
        starts.display(),
        token.display()
    );
    let exec =
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", script], "interactiveMode": "Never"}});
    let server = Fault::start(|_, _| None).await;
    server.wants("t1");
    let wanted = server.token();
    server.behave(move |path, _| match path {
        path if pods(path) && streams(path) => {
            // As soon as the list is there, the token is worth nothing.
            *wanted.lock().unwrap() = Some("t2".into());
            std::fs::write(&token, "t2").unwrap();
            Some(Reply::Ends(vec![pod("ADDED", "one", "5"), end("5")]))
        }
        path if pods(path) && path.contains("watch=1") => Some(Reply::Holds(vec![pod("ADDED", "two", "6")])),
        _ => None,
    });
    let (mut well, _folder, _) = beside(at(server.address), exec).await;
    health(&well.fleet, &id("sick"), Health::Ready).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "pods"));
    let codes = reasons(&mut seen, &mut rows, |seen| seen.names() == ["one", "two"]).await;
    assert_eq!(codes, <[&str; 0]>::default(), "nothing was ever told to be old");
    assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), 2, "asked at the beginning and once more");
    let now = well.fleet.status().borrow().iter().find(|one| one.id == id("sick")).cloned().unwrap();
    assert_eq!(now.health, Health::Ready);
    well.has_not_noticed();
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_named() {
    let server = Fault::start(|path, _| {
        let theirs = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(20);
        let date = theirs.strftime("%a, %d %b %Y %H:%M:%S GMT");
        (path == "/readyz").then(|| Reply::Heads(200, vec![format!("Date: {date}")], "ok".into()))
    })
    .await;
    let (mut well, _folder, _) = beside(at(server.address), json!({})).await;
    let problem = health(&well.fleet, &id("sick"), Health::Ready).await.problem.unwrap();
    is_said(&problem, "cluster.clock", "ages are counted on this machine's clock");
    assert_eq!(problem.what, "the clock of sick is 20m ahead of this machine's");
    let ahead = particulars(&well.fleet, "sick").ahead.unwrap();
    assert!((1_198..=1_202).contains(&ahead), "{ahead}");
    well.has_not_noticed();
}

#[tokio::test]
async fn a_context_that_is_deleted_while_it_is_open_says_so_and_comes_back() {
    let server = Fault::start(|path, _| (pods(path) && streams(path)).then(|| Reply::Holds(vec![pod("ADDED", "one", "5"), end("5")]))).await;
    let (mut well, _folder, path) = beside(at(server.address), json!({})).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "pods"));
    seen.synced(&mut rows).await;
    let mut files = well.fleet.follow();
    let whole = std::fs::read_to_string(&path).unwrap();
    let mut without: serde_json::Value = serde_json::from_str(&whole).unwrap();
    without["contexts"].as_array_mut().unwrap().remove(0);
    // Replaced as kubectl and editors do it.
    let write = |text: &str| {
        std::fs::write(path.with_extension("new"), text).unwrap();
        std::fs::rename(path.with_extension("new"), &path).unwrap();
    };
    write(&without.to_string());
    until("the change", files.next()).await.unwrap().unwrap();
    assert_eq!(well.fleet.contexts().iter().map(|context| context.id.as_str()).collect::<Vec<_>>(), ["well"]);
    seen.until("old rows", &mut rows, |seen| stale(seen).is_some()).await;
    is_said(stale(&seen).unwrap(), "kubeconfig.gone", "the context is gone from the kubeconfig");
    assert_eq!(seen.names(), ["one"], "what was known is still shown");
    let problem = health(&well.fleet, &id("sick"), Health::Unreachable).await.problem.unwrap();
    assert_eq!(problem.code, "kubeconfig.gone");
    // A file that is being written, and one that is broken, change nothing.
    write("contexts: [");
    is_said(&until("the fault", files.next()).await.unwrap().unwrap_err(), "kubeconfig.broken", "");
    write(&whole);
    until("the change", files.next()).await.unwrap().unwrap();
    well.fleet.connect(&id("sick"));
    health(&well.fleet, &id("sick"), Health::Ready).await;
    seen.synced(&mut rows).await;
    well.has_not_noticed();
}

/// It is gone, and comes back at the same address as another process: what it still knows is not read again.
#[tokio::test]
async fn a_server_that_comes_back_is_watched_from_where_it_was() {
    let first = |path: &str, _| (pods(path) && streams(path)).then(|| Reply::Holds(vec![pod("ADDED", "one", "5"), end("5")]));
    let mut server = Fault::start(first).await;
    let (mut well, _folder, _) = beside(at(server.address), json!({})).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "pods"));
    seen.synced(&mut rows).await;
    server.stop().await;
    seen.until("old rows", &mut rows, |seen| stale(seen).is_some()).await;
    health(&well.fleet, &id("sick"), Health::Unreachable).await;
    let later = |path: &str, _| (pods(path) && path.contains("watch=1")).then(|| Reply::Holds(vec![pod("ADDED", "two", "6")]));
    let again = Fault::start_at(server.address, later).await;
    seen.until("what came meanwhile", &mut rows, |seen| seen.names() == ["one", "two"] && seen.phase == Some(Phase::Synced)).await;
    let asked = again.asked().borrow().iter().filter(|path| pods(path)).cloned().collect::<Vec<_>>();
    assert!(asked.len() == 1 && asked[0].contains("resourceVersion=5") && !streams(&asked[0]), "{asked:?}");
    well.has_not_noticed();
}

/// Whoever changes something passes the fleet's gate, also where nobody looks at a screen.
#[tokio::test]
async fn a_cluster_in_maintenance_is_watched_and_not_changed() {
    let server = Fault::start(|path, _| (pods(path) && streams(path)).then(|| Reply::Holds(vec![pod("ADDED", "one", "5"), end("5")]))).await;
    let (_folder, path) = kubeconfig(&[("lab", server.address)]);
    let fleet = Fleet::open(FleetOptions { kubeconfigs: vec![path], held: vec![id("lab")], ..FleetOptions::default() }).unwrap();
    fleet.connect(&id("lab"));
    let (mut seen, mut rows) = (Seen::default(), watch(&fleet, "lab", "pods"));
    seen.synced(&mut rows).await;
    let key = seen.row("one").unwrap().key();
    let problem = fleet.delete(&key).await.unwrap_err();
    is_said(&problem, "gate.maintenance", "delete");
    assert!(!server.asked().borrow().iter().any(|path| path.contains("/pods/one")), "it was not even asked");
    fleet.gate().hold(Vec::new());
    fleet.delete(&key).await.unwrap();
    assert!(server.asked().borrow().iter().any(|path| path.contains("/pods/one")));
}

/// A discovery document of kinds by their plurals, all of group `shop.dev`.
fn serving(kinds: &[String]) -> String {
    let one = |plural: &String| json!({"resource": plural, "responseKind": {"kind": plural}, "scope": "Namespaced", "verbs": ["list", "watch"]});
    let resources: Vec<_> = kinds.iter().map(one).collect();
    json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "shop.dev"}, "versions": [{"version": "v1", "resources": resources}]}]})
        .to_string()
}

/// A row of a Table, and the bookmark that ends the list.
fn table(name: &str) -> Vec<String> {
    let object = |more: serde_json::Value| json!({"kind": "PartialObjectMetadata", "metadata": more});
    let columns = json!([{"name": "Name", "type": "string", "format": "name", "priority": 0}]);
    let row = json!({"type": "ADDED", "object": {"kind": "Table", "columnDefinitions": columns,
        "rows": [{"cells": [name], "object": object(json!({"name": name, "namespace": "default", "uid": name, "resourceVersion": "5"}))}]}});
    let mark = object(json!({"resourceVersion": "5", "annotations": {"k8s.io/initial-events-end": "true"}}));
    let last = json!({"type": "BOOKMARK", "object": {"kind": "Table", "rows": [{"cells": [], "object": mark}]}});
    vec![row.to_string(), last.to_string()]
}

#[tokio::test]
async fn a_kind_whose_definition_is_removed_while_it_is_shown_says_that_it_is_gone() {
    let gone = Arc::new(Mutex::new(false));
    let removed = gone.clone();
    let server = Fault::start(move |path, _| {
        let gone = *removed.lock().unwrap();
        match path {
            "/apis" => Some(Reply::Says(200, serving(&if gone { vec![] } else { vec!["gadgets".into()] }))),
            // The API server ends the watches of a definition that is deleted, and knows the path no more.
            path if path.starts_with("/apis/shop.dev") && gone => Some(Reply::Says(404, "404 page not found".into())),
            path if path.starts_with("/apis/shop.dev") && streams(path) => {
                *removed.lock().unwrap() = true;
                Some(Reply::Ends(table("one")))
            }
            _ => None,
        }
    })
    .await;
    let (mut well, _folder, _) = beside(at(server.address), json!({})).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "gadgets"));
    seen.until("its end", &mut rows, |seen| stale(seen).is_some()).await;
    let problem = stale(&seen).unwrap();
    is_said(problem, "cluster.not-found", "404 page not found");
    assert!(problem.hints[0].contains("not served any more"), "{problem}");
    assert_eq!(seen.names(), ["one"], "what was there is shown, as old");
    assert!(*gone.lock().unwrap());
    well.has_not_noticed();
}

#[tokio::test]
async fn one_kind_of_thirty_that_is_forbidden_is_named_and_hides_no_other() {
    let kinds: Vec<String> = (0..30).map(|number| format!("kind{number}s")).collect();
    let document = serving(&kinds);
    let server = Fault::start(move |path, _| match path {
        "/apis" => Some(Reply::Says(200, document.clone())),
        path if path.contains("/kind7s") => Some(Reply::Says(403, status(403, "Forbidden", "kind7s.shop.dev is forbidden: User \"me\" cannot list"))),
        path if path.starts_with("/apis/shop.dev") && streams(path) => Some(Reply::Holds(table("one"))),
        _ => None,
    })
    .await;
    let (mut well, _folder, _) = beside(at(server.address), json!({})).await;
    let mut all: Vec<(String, Subscription)> = kinds.iter().map(|kind| (kind.clone(), watch(&well.fleet, "sick", kind))).collect();
    for (kind, rows) in &mut all {
        let mut seen = Seen::default();
        if kind == "kind7s" {
            seen.until("a refusal", rows, |seen| stale(seen).is_some()).await;
            is_said(stale(&seen).unwrap(), "cluster.forbidden", "kind7s.shop.dev is forbidden");
        } else {
            seen.synced(rows).await;
            assert_eq!(seen.names(), ["one"], "{kind}");
        }
    }
    well.has_not_noticed();
}

#[tokio::test]
async fn what_is_refused_stays_as_it_was_said_until_it_is_granted() {
    let server = Fault::start(move |path, asked| match path {
        "/apis" => Some(Reply::Says(200, serving(&["toys".into()]))),
        path if path.contains("/toys") && asked < 2 => {
            Some(Reply::Says(403, status(403, "Forbidden", "toys.shop.dev is forbidden: User \"me\" cannot list")))
        }
        path if path.contains("/toys") => Some(Reply::Holds(table("one"))),
        _ => None,
    })
    .await;
    let (mut well, _folder, _) = beside(at(server.address), json!({})).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "toys"));
    seen.until("a refusal", &mut rows, |seen| stale(seen).is_some()).await;
    seen.until("something else", &mut rows, |seen| stale(seen).is_none()).await;
    let toys = server.asked().borrow().iter().filter(|path| path.contains("/toys")).count();
    assert_eq!(toys, 3, "it was said to be shown, or on its way, before it was granted");
    seen.synced(&mut rows).await;
    assert_eq!(seen.names(), ["one"]);
    well.has_not_noticed();
}

#[tokio::test]
async fn ten_thousand_namespaces_long_names_and_large_objects_are_rows_like_any_other() {
    let long = "n".repeat(253);
    let name = long.clone();
    let server = Fault::start(move |path, _| match path {
        path if pods(path) && streams(path) => {
            let mut large: serde_json::Value = serde_json::from_str(&pod("ADDED", "large", "6")).unwrap();
            large["object"]["metadata"]["annotations"] = json!({"note": "x".repeat(1 << 20)});
            Some(Reply::Holds(vec![pod("ADDED", &name, "5"), large.to_string(), end("6")]))
        }
        "/apis" => Some(Reply::Says(200, serving(&["spaces".into()]))),
        path if path.contains("/spaces") && streams(path) => {
            let mut lines: Vec<String> = (0..10_000).map(|number| table(&format!("team-{number}")).remove(0)).collect();
            lines.push(table("last").remove(1));
            Some(Reply::Holds(lines))
        }
        _ => None,
    })
    .await;
    let (mut well, _folder, _) = beside(at(server.address), json!({})).await;
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "pods"));
    seen.synced(&mut rows).await;
    assert_eq!(seen.names(), ["large", long.as_str()]);
    let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "spaces"));
    seen.synced(&mut rows).await;
    assert_eq!(seen.rows.len(), 10_000);
    well.has_not_noticed();
}

/// The gate: six heartbeats a minute and no other request while nothing happens. Two beats are waited for.
#[tokio::test]
async fn an_idle_cluster_with_three_views_open_is_asked_for_its_health_and_for_nothing_else() {
    let server = Fault::start(|_, _| None).await;
    let (mut well, _folder, _) = beside(at(server.address), json!({})).await;
    let mut views: Vec<Subscription> = ["pods", "secrets", "configmaps"].iter().map(|view| watch(&well.fleet, "sick", view)).collect();
    for rows in &mut views {
        Seen::default().synced(rows).await;
    }
    let before = particulars(&well.fleet, "sick").all;
    let mut asked = server.asked();
    let beats = |all: &Vec<String>| all.iter().filter(|path| *path == "/readyz").count();
    let begun = Instant::now();
    let now = beats(&asked.borrow());
    until("two beats", asked.wait_for(|all| beats(all) == now + 2)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(10), "at most one beat in ten seconds");
    let after = particulars(&well.fleet, "sick");
    let one = |requests: meshplay::cluster::tally::Requests| requests.sum() - requests.heartbeats;
    assert_eq!(one(after.all), one(before), "{after:?}");
    assert!(after.minute.watches >= 3 && after.minute.sum() <= after.all.sum(), "{after:?}");
    well.has_not_noticed();
}
