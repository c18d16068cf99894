//! The fleet against everything that can be wrong with a cluster: files, servers, credentials, watches, texts; and against a real API server.
//! How the rows are drawn is no matter here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends here when something is wrong"
)]

#[path = "cluster/describe.rs"]
mod describe;
#[path = "support/fault.rs"]
mod fault;
#[path = "cluster/faults.rs"]
mod faults;
#[path = "support/line.rs"]
mod line;
#[path = "support/process.rs"]
mod process;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/real.rs"]
mod real;
#[path = "support/tls.rs"]
mod tls;
#[path = "support/until.rs"]
mod until;

#[path = "cluster/access.rs"]
mod access;
#[path = "cluster/alter.rs"]
mod alter;
#[path = "cluster/behind.rs"]
mod behind;
#[path = "cluster/columns.rs"]
mod columns;
#[path = "cluster/forward.rs"]
mod forward;
#[path = "cluster/gaps.rs"]
mod gaps;
#[path = "cluster/get.rs"]
mod get;
#[path = "cluster/helm.rs"]
mod helm;
#[path = "cluster/kept.rs"]
mod kept;
#[path = "cluster/logs.rs"]
mod logs;
#[path = "cluster/measure.rs"]
mod measure;
#[path = "cluster/relations.rs"]
mod relations;
#[path = "cluster/restart.rs"]
mod restart;
#[path = "cluster/two.rs"]
mod two;
#[path = "cluster/way.rs"]
mod way;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fault::{Fault, Reply, end, kubeconfig, pod, status};
use meshplay::cluster::connection::Health;
use meshplay::cluster::fleet::{Fleet, FleetOptions};
use meshplay::cluster::rows::Phase;
use meshplay::cluster::watch::{Subscription, WatchSpec};
use meshplay::names::{ClusterId, Problem};
use serde_json::json;
use until::{Seen, health, until};

fn fleet(kubeconfig: PathBuf) -> Result<Fleet, Problem> {
    Fleet::open(FleetOptions { kubeconfigs: vec![kubeconfig], ..FleetOptions::default() })
}

fn id(name: &str) -> ClusterId {
    ClusterId::new(name)
}

fn watch(fleet: &Fleet, cluster: &str, view: &str) -> Subscription {
    fleet.watch(WatchSpec {
        cluster: id(cluster),
        view: view.into(),
        namespaces: vec![],
        labels: String::new(),
        fields: String::new(),
        columns: Vec::new(),
        exact: false,
    })
}

/// A fleet of one server, connected.
async fn connected(rule: impl Fn(&str, usize) -> Option<Reply> + Send + 'static) -> (Fault, Fleet, tempfile::TempDir) {
    let server = Fault::start(rule).await;
    let (folder, path) = kubeconfig(&[("lab", server.address)]);
    let fleet = fleet(path).unwrap();
    fleet.connect(&id("lab"));
    (server, fleet, folder)
}

/// A problem says what, why and what to do, and nothing that a terminal would obey.
#[track_caller]
fn is_said(problem: &Problem, code: &str, why: &str) {
    assert_eq!(problem.code, code, "{problem:?}");
    assert!(problem.why.contains(why), "{problem:?} does not say {why:?}");
    assert!(!problem.what.is_empty() && !problem.hints.is_empty(), "{problem:?}");
    harmless(&format!("{}{}{}", problem.what, problem.why, problem.hints.concat()));
}

#[track_caller]
fn harmless(text: &str) {
    let dangerous = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
    };
    assert!(!text.contains(dangerous), "{text:?}");
}

fn pods(path: &str) -> bool {
    path.starts_with("/api/v1/pods")
}

fn streams(path: &str) -> bool {
    path.contains("sendInitialEvents")
}

/// The reason for which a subscription's rows are old.
fn stale(seen: &Seen) -> Option<&Problem> {
    match &seen.phase {
        Some(Phase::Stale { problem, .. }) => Some(problem),
        _ => None,
    }
}

// Kubeconfigs.

#[test]
fn a_broken_kubeconfig_is_a_problem_that_names_the_file() {
    for text in
        ["clusters: [", "\u{0}\u{1}\u{2}", "just a word", "clusters: 5", "contexts: [{name: []}]", "contexts:\n- name: \"\\e[2J\"\n  context: 7\n"]
    {
        let (_folder, path) = fault::write(text);
        let problem = fleet(path.clone()).err().unwrap_or_else(|| panic!("{text:?} was taken"));
        is_said(&problem, "kubeconfig.broken", "");
        assert!(problem.what.contains(path.to_str().unwrap()) && !problem.why.is_empty(), "{problem:?}");
    }
    let (folder, path) = fault::write("");
    is_said(&fleet(folder.path().to_owned()).err().unwrap(), "kubeconfig.broken", "");
    is_said(&fleet(path.with_file_name("nobody")).err().unwrap(), "kubeconfig.broken", "");
}

#[test]
fn without_a_current_context_nothing_is_guessed() {
    let there = "127.0.0.1:1".parse().unwrap();
    let (_folder, path) = kubeconfig(&[("a", there), ("b", there)]);
    let text = std::fs::read_to_string(&path).unwrap().replace("\"current-context\":\"a\"", "\"current-context\":\"gone\"");
    let (_folder, path) = fault::write(&text);
    let fleet = fleet(path.clone()).unwrap();
    assert!(fleet.current().is_none());
    assert_eq!(fleet.contexts().len(), 2);
    let problem = fleet.context(&id("gone")).err().unwrap();
    is_said(&problem, "cluster.context", "there are: a, b");
    // The door says so too.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_meshplay")).args(["get", "pods"]).env("KUBECONFIG", &path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.stdout.is_empty() && said.contains("no context is chosen") && said.contains("--context"), "{said}");
}

#[tokio::test]
async fn a_context_without_its_cluster_says_so_and_harms_no_other() {
    let server = Fault::start(|_, _| None).await;
    let (_folder, path) = kubeconfig(&[("lab", server.address)]);
    let lost = "\"contexts\":[{\"name\":\"lost\",\"context\":{\"cluster\":\"nowhere\",\"user\":\"me\"}},";
    let text = std::fs::read_to_string(&path).unwrap().replace("\"contexts\":[", lost);
    let (_folder, path) = fault::write(&text);
    let fleet = fleet(path).unwrap();
    fleet.contexts().iter().for_each(|context| fleet.connect(&context.id));
    health(&fleet, &id("lab"), Health::Ready).await;
    let problem = health(&fleet, &id("lost"), Health::AuthNeeded).await.problem.unwrap();
    is_said(&problem, "cluster.credentials", "cluster");
}

// Servers.

#[tokio::test]
async fn every_way_a_server_fails_has_a_name_and_a_reason_and_heals() {
    let cases = [
        (Reply::Says(401, status(401, "Unauthorized", "token \u{1b}[2Jexpired")), Health::AuthNeeded, "cluster.auth", "expired"),
        (Reply::Says(403, status(403, "Forbidden", "user \"me\" cannot get path")), Health::Forbidden, "cluster.forbidden", "cannot get path"),
        (Reply::Says(500, "[-]etcd failed\n\u{1b}]0;pwned\u{7}".into()), Health::Degraded, "cluster.refused", "etcd failed"),
        (Reply::Html(200, "<html>Log in\u{202e}</html>".into()), Health::Unreachable, "cluster.nonsense", "HTML"),
        (Reply::Html(502, "<html>Bad gateway</html>".into()), Health::Degraded, "cluster.refused", "Bad gateway"),
        (Reply::Hangs, Health::Unreachable, "cluster.unreachable", ""),
        (Reply::Stalls, Health::Unreachable, "cluster.unreachable", "no answer within 3 s"),
    ];
    let mut all = tokio::task::JoinSet::new();
    for (reply, wanted, code, why) in cases {
        all.spawn(async move {
            let (server, fleet, _folder) = connected(move |path, _| (path == "/readyz").then(|| reply.clone())).await;
            let problem = health(&fleet, &id("lab"), wanted).await.problem.expect("a reason");
            is_said(&problem, code, why);
            server.behave(|_, _| None);
            let healed = health(&fleet, &id("lab"), Health::Ready).await;
            assert_eq!((healed.problem, healed.version.as_deref()), (None, Some("v1.36.3")));
        });
    }
    all.join_all().await;
}

#[tokio::test]
async fn a_refused_connection_is_said_at_once_and_heals_without_a_call() {
    let mut server = Fault::start(|_, _| None).await;
    let (_folder, path) = kubeconfig(&[("lab", server.address)]);
    server.stop().await;
    let fleet = fleet(path).unwrap();
    fleet.connect(&id("lab"));
    let begun = Instant::now();
    let problem = health(&fleet, &id("lab"), Health::Unreachable).await.problem.unwrap();
    is_said(&problem, "cluster.unreachable", "refused");
    // Who asks now is not kept waiting for it.
    is_said(&fleet.kinds(&id("lab")).await.err().unwrap(), "cluster.unreachable", "refused");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_slow_dead_context_does_not_delay_another() {
    let (dead, alive) = (Fault::start(|_, _| Some(Reply::Stalls)).await, Fault::start(|_, _| None).await);
    let (_folder, path) = kubeconfig(&[("dead", dead.address), ("alive", alive.address)]);
    let fleet = fleet(path).unwrap();
    for name in ["dead", "alive"] {
        fleet.connect(&id(name));
    }
    let mut asked = dead.asked();
    until("a request to the dead one", asked.wait_for(|all| !all.is_empty())).await.unwrap();
    let mut lost = watch(&fleet, "dead", "pods");
    let mut seen = Seen::default();
    // The dead one is given up after 3 s; the other has to be there before.
    let (mut live, gone) = (watch(&fleet, "alive", "pods"), id("dead"));
    tokio::select! {
        biased;
        _ = health(&fleet, &gone, Health::Unreachable) => panic!("the other had to wait"),
        () = seen.synced(&mut live) => {}
    }
    let problem = health(&fleet, &id("dead"), Health::Unreachable).await.problem.unwrap();
    is_said(&problem, "cluster.unreachable", "no answer");
    drop(lost.next());
}

#[tokio::test]
async fn one_may_see_objects_without_being_allowed_to_ask_for_health() {
    let (_server, fleet, _folder) = connected(|path, _| match path {
        "/readyz" => Some(Reply::Says(403, status(403, "Forbidden", "no"))),
        path if pods(path) && streams(path) => Some(Reply::Holds(vec![pod("ADDED", "one", "5"), end("5")])),
        path if path.starts_with("/api/v1/secrets") => Some(Reply::Says(403, status(403, "Forbidden", "secrets is forbidden: User \u{1b}[31mme"))),
        _ => None,
    })
    .await;
    let (mut seen, mut forbidden) = (Seen::default(), Seen::default());
    seen.synced(&mut watch(&fleet, "lab", "pods")).await;
    assert_eq!(seen.names(), ["one"]);
    forbidden.until("a refusal", &mut watch(&fleet, "lab", "secrets"), |seen| stale(seen).is_some()).await;
    is_said(stale(&forbidden).unwrap(), "cluster.forbidden", "secrets is forbidden");
}

#[tokio::test]
async fn a_kind_nobody_serves_is_said_and_comes_when_it_is_served() {
    let (server, fleet, _folder) = connected(|_, _| None).await;
    let (mut seen, mut subscription) = (Seen::default(), watch(&fleet, "lab", "gadgets"));
    seen.until("a problem", &mut subscription, |seen| stale(seen).is_some()).await;
    is_said(stale(&seen).unwrap(), "cluster.kind", "");
    let gadgets = json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "shop.dev"}, "versions": [{"version": "v1", "resources": [
        {"resource": "gadgets", "responseKind": {"kind": "Gadget"}, "scope": "Namespaced", "verbs": ["list", "watch"]}]}]}]});
    server.behave(move |path, _| (path == "/apis").then(|| Reply::Says(200, gadgets.to_string())));
    seen.synced(&mut subscription).await;
}

// Watches.

/// A watch of pods whose streaming list holds `one`; what the watch after it does is up to the rule.
async fn followed(after: impl Fn(usize) -> Reply + Send + 'static) -> (Seen, Subscription, Fault, Fleet, tempfile::TempDir) {
    let (server, fleet, folder) = connected(move |path, times| match path {
        path if pods(path) && streams(path) => Some(if times == 0 { Reply::Ends(vec![pod("ADDED", "one", "5"), end("5")]) } else { after(times) }),
        path if pods(path) && path.contains("watch=1") => Some(after(times)),
        _ => None,
    })
    .await;
    let mut subscription = watch(&fleet, "lab", "pods");
    let mut seen = Seen::default();
    seen.until("the first row", &mut subscription, |seen| seen.names() == ["one"]).await;
    (seen, subscription, server, fleet, folder)
}

#[tokio::test]
async fn a_closed_watch_goes_on_where_it_was() {
    let (mut seen, mut subscription, server, _fleet, _folder) =
        followed(|times| if times == 0 { Reply::Ends(vec![pod("ADDED", "two", "9")]) } else { Reply::Holds(vec![]) }).await;
    seen.until("two", &mut subscription, |seen| seen.names() == ["one", "two"]).await;
    let mut asked = server.asked();
    let again = |all: &Vec<String>| all.iter().any(|path| path.contains("resourceVersion=9"));
    until("a watch from version 9", asked.wait_for(again)).await.unwrap();
    assert_eq!(asked.borrow().iter().filter(|path| streams(path)).count(), 1, "the list is not taken again");
    assert_eq!(seen.names(), ["one", "two"]);
}

#[tokio::test]
async fn a_version_that_is_too_old_means_a_new_list() {
    for gone in [
        Reply::Holds(vec![
            json!({"type": "ERROR", "object": serde_json::from_str::<serde_json::Value>(&status(410, "Expired", "too old")).unwrap()}).to_string(),
        ]),
        Reply::Says(410, status(410, "Gone", "too old")),
    ] {
        let (server, fleet, _folder) = connected(move |path, times| match path {
            path if pods(path) && streams(path) && times == 0 => {
                Some(Reply::Ends(vec![pod("ADDED", "one", "5"), pod("ADDED", "two", "6"), end("6")]))
            }
            path if pods(path) && streams(path) => Some(Reply::Holds(vec![pod("ADDED", "two", "6"), pod("ADDED", "three", "8"), end("9")])),
            path if pods(path) && path.contains("resourceVersion=6") => Some(gone.clone()),
            _ => None,
        })
        .await;
        let (mut seen, mut subscription) = (Seen::default(), watch(&fleet, "lab", "pods"));
        seen.until("the second list", &mut subscription, |seen| seen.names() == ["three", "two"]).await;
        seen.synced(&mut subscription).await;
        drop(server);
    }
}

#[tokio::test]
async fn nonsense_in_a_watch_keeps_the_rows_and_says_what_it_was() {
    let cases = [
        (Reply::Ends(vec!["garbage \u{1b}[31m".into()]), "cluster.nonsense"),
        (Reply::Ends(vec!["{\"type\":\"ADDED\"}".into()]), "cluster.nonsense"),
        (Reply::Ends(vec!["{\"type\":\"ADDED\",\"object\":[1]}".into()]), "cluster.nonsense"),
        (Reply::Ends(vec!["<html>Session expired</html>".into()]), "cluster.nonsense"),
        (Reply::Cuts(pod("ADDED", "two", "9")[..40].to_owned()), "cluster.unreachable"),
        (Reply::Cuts("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"tw".into()), "cluster.unreachable"),
        (Reply::Says(500, "\u{1b}[2J broken".into()), "cluster.refused"),
        (Reply::Hangs, "cluster.unreachable"),
    ];
    let mut all = tokio::task::JoinSet::new();
    for (reply, code) in cases {
        all.spawn(async move {
            let what = format!("{reply:?}");
            let (mut seen, mut subscription, server, _fleet, _folder) = followed(move |_| reply.clone()).await;
            seen.until(&what, &mut subscription, |seen| stale(seen).is_some()).await;
            is_said(stale(&seen).unwrap(), code, "");
            assert_eq!(seen.names(), ["one"], "{what}");
            let Some(Phase::Stale { since, .. }) = seen.phase else { unreachable!() };
            assert!(since > 1_700_000_000, "{since}");
            // It goes on by itself, from where it was.
            server.behave(|path, _| (pods(path) && path.contains("resourceVersion=5")).then(|| Reply::Holds(vec![pod("ADDED", "three", "9")])));
            seen.until("three", &mut subscription, |seen| seen.names() == ["one", "three"] && seen.phase == Some(Phase::Synced)).await;
        });
    }
    all.join_all().await;
}

/// The watch goes on behind the last event it understood: what came with the nonsense in one gulp must not be lost.
#[tokio::test]
async fn what_came_just_before_nonsense_is_kept() {
    let gulp = format!("{}\ngarbage", pod("ADDED", "two", "9"));
    let (mut seen, mut subscription, _server, _fleet, _folder) = followed(move |_| Reply::Ends(vec![gulp.clone()])).await;
    seen.until("two", &mut subscription, |seen| stale(seen).is_some() && seen.names() == ["one", "two"]).await;
}

/// A server or a proxy that ends every watch at once must not be asked again and again as fast as the wire allows.
#[tokio::test]
async fn a_watch_that_always_ends_at_once_is_asked_for_calmly() {
    let gone = json!({"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}).to_string();
    tokio::join!(is_calm(Reply::Ends(vec![])), is_calm(Reply::Ends(vec![gone])));
}

async fn is_calm(always: Reply) {
    let (server, fleet, _folder) = connected(move |path, _| match path {
        path if pods(path) && streams(path) => Some(Reply::Ends(vec![pod("ADDED", "one", "5"), end("5")])),
        path if pods(path) && path.contains("watch=1") => Some(always.clone()),
        _ => None,
    })
    .await;
    let _subscription = watch(&fleet, "lab", "pods");
    let (mut asked, begun) = (server.asked(), Instant::now());
    let many = |all: &Vec<String>| all.iter().filter(|path| pods(path) && path.contains("watch=1")).count() >= 5;
    until("a few requests", asked.wait_for(many)).await.unwrap();
    // The pauses are at least 0.25, 0.5, 1 and 2 s.
    assert!(begun.elapsed() > Duration::from_millis(3_700), "5 requests within {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_without_streaming_lists_is_paged() {
    let item = |name: &str| json!({"metadata": {"name": name, "namespace": "default", "uid": name}, "spec": {}, "status": {}});
    let first = json!({"metadata": {"resourceVersion": "7", "continue": "a b&c"}, "items": [item("one")]}).to_string();
    let second = json!({"metadata": {"resourceVersion": "7"}, "items": [item("two")]}).to_string();
    let (_server, fleet, _folder) = connected(move |path, _| match path {
        path if pods(path) && streams(path) => Some(Reply::Says(422, status(422, "Invalid", "sendInitialEvents is forbidden"))),
        path if pods(path) && path.contains("continue=a+b%26c") => Some(Reply::Says(200, second.clone())),
        path if pods(path) && path.contains("resourceVersion=7") => Some(Reply::Holds(vec![pod("ADDED", "three", "8")])),
        path if pods(path) => Some(Reply::Says(200, first.clone())),
        _ => None,
    })
    .await;
    let (mut seen, mut subscription) = (Seen::default(), watch(&fleet, "lab", "pods"));
    seen.until("the watch after the pages", &mut subscription, |seen| seen.names() == ["one", "three", "two"]).await;
}

// Texts.

/// Escape codes, bidi controls, tags and joiners, everywhere a server can put a text.
#[tokio::test]
async fn nothing_a_terminal_obeys_reaches_a_row_or_a_problem() {
    const EVIL: &str = "\u{1b}[2J\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}evil\u{2066}\u{200d}\u{e0041}\r\n\u{0}";
    let labels = json!({EVIL: EVIL});
    let meta = json!({"name": EVIL, "namespace": EVIL, "uid": EVIL, "resourceVersion": "5", "labels": labels});
    let state = json!({"waiting": {"reason": EVIL, "message": EVIL}});
    let evil_pod = json!({"type": "ADDED", "object": {"metadata": meta, "spec": {"nodeName": EVIL, "containers": [{"name": EVIL, "image": EVIL}]},
        "status": {"phase": EVIL, "reason": EVIL, "podIP": EVIL, "containerStatuses": [{"name": EVIL, "ready": true, "restartCount": 1, "state": state,
            "lastState": {"terminated": {"reason": EVIL, "exitCode": 1, "finishedAt": EVIL}}}]}}});
    let table = json!({"type": "ADDED", "object": {"kind": "Table", "columnDefinitions": [{"name": "Name", "type": "string"}, {"name": EVIL, "type": EVIL}],
        "rows": [{"cells": [EVIL, {"deep": EVIL}], "object": {"metadata": meta}}, {"cells": [EVIL, EVIL], "object": {"metadata": {"name": "two", "uid": "2"}}}]}});
    let discovery = json!({"items": [{"metadata": {"name": EVIL}, "versions": [{"version": EVIL, "resources": [{"resource": "gadgets", "responseKind": {"kind": EVIL},
        "scope": "Namespaced", "singularResource": EVIL, "shortNames": [EVIL], "verbs": ["list"]}]}]}]});
    let (_server, fleet, _folder) = connected(move |path, _| {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        Some(match path {
            "/version" => Reply::Says(200, json!({"gitVersion": EVIL}).to_string()),
            "/apis" => Reply::Says(200, discovery.to_string()),
            "/api/v1/pods" => Reply::Holds(vec![evil_pod.to_string(), end("5")]),
            "/api/v1/configmaps" => Reply::Holds(vec![table.to_string(), end("5")]),
            "/api/v1/secrets" => Reply::Says(403, status(403, EVIL, EVIL)),
            _ => return None,
        })
    })
    .await;
    let ready = health(&fleet, &id("lab"), Health::Ready).await;
    harmless(&ready.version.unwrap());
    for kind in fleet.kinds(&id("lab")).await.unwrap().iter() {
        harmless(&format!("{} {} {} {}", kind.gvk, kind.plural, kind.singular, kind.short.concat()));
    }
    for (view, count) in [("pods", 1), ("configmaps", 2)] {
        let (mut seen, mut subscription) = (Seen::default(), watch(&fleet, "lab", view));
        seen.until(view, &mut subscription, |seen| seen.rows.len() == count).await;
        seen.columns.iter().flat_map(|columns| columns.iter()).for_each(|column| harmless(&column.name));
        for row in seen.rows.values() {
            harmless(&row.name);
            harmless(row.namespace.as_deref().unwrap_or_default());
            row.labels.iter().for_each(|label| harmless(label));
            row.cells.iter().for_each(|cell| harmless(&cell.show(0)));
            harmless(&row.key().to_string());
        }
        assert!(seen.rows.values().any(|row| row.name.contains("evil")), "nothing is deleted silently");
    }
    let mut seen = Seen::default();
    seen.until("a refusal", &mut watch(&fleet, "lab", "secrets"), |seen| stale(seen).is_some()).await;
    is_said(stale(&seen).unwrap(), "cluster.forbidden", "evil");
}

#[test]
fn nothing_a_terminal_obeys_comes_out_of_a_kubeconfig() {
    let text = r#"{"current-context": "a\u001b[2J", "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1/\u001b]0;x\u0007"}}],
        "contexts": [{"name": "a\u001b[2J", "context": {"cluster": "c", "user": "u", "namespace": "\u202en"}}], "users": [{"name": "u", "user": {}}]}"#;
    let (_folder, path) = fault::write(text);
    let fleet = fleet(path).unwrap();
    let context = &fleet.contexts()[0];
    assert!(context.current);
    for text in [context.id.as_str(), &context.server, &context.namespace] {
        harmless(text);
    }
}

// Credential plugins.

/// A fleet of two contexts: `plugin`, whose credentials come from this shell script, and `plain`.
fn with_plugin(script: &str, address: std::net::SocketAddr) -> (Fleet, tempfile::TempDir) {
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", script], "interactiveMode": "Always"});
    let config = json!({"current-context": "plugin", "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "plugin", "user": {"exec": exec}}, {"name": "plain", "user": {}}],
        "contexts": [{"name": "plugin", "context": {"cluster": "c", "user": "plugin"}}, {"name": "plain", "context": {"cluster": "c", "user": "plain"}}]});
    let (folder, path) = fault::write(&config.to_string());
    let fleet = fleet(path).unwrap();
    fleet.contexts().iter().for_each(|context| fleet.connect(&context.id));
    (fleet, folder)
}

#[tokio::test]
async fn a_plugin_that_wants_a_terminal_gets_none_and_is_told_so() {
    let server = Fault::start(|_, _| None).await;
    // What it reads ends at once, and what it says on its standard error does not reach ours.
    let script = "read answer || { printf 'password: \\033[2J' >&2; exit 3; }; sleep 60";
    let (fleet, _folder) = with_plugin(script, server.address);
    health(&fleet, &id("plain"), Health::Ready).await;
    let problem = health(&fleet, &id("plugin"), Health::AuthNeeded).await.problem.unwrap();
    is_said(&problem, "cluster.credentials", "password");
}

#[tokio::test]
async fn a_plugin_that_talks_nonsense_or_is_not_there_is_said() {
    let server = Fault::start(|_, _| None).await;
    for script in ["echo '\u{1b}[31mhello'", "true", "exit 9", "exec /nowhere/at/all"] {
        let (fleet, _folder) = with_plugin(script, server.address);
        let problem = health(&fleet, &id("plugin"), Health::AuthNeeded).await.problem.unwrap();
        is_said(&problem, "cluster.credentials", "");
        assert!(!problem.why.is_empty(), "{script}");
    }
}

#[tokio::test]
async fn a_plugin_that_works_lets_us_in() {
    let server = Fault::start(|_, _| None).await;
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}});
    let (fleet, _folder) = with_plugin(&format!("echo '{credential}'"), server.address);
    health(&fleet, &id("plugin"), Health::Ready).await;
}

/// It is given up after a while and ended with what it started, asked for once only however long it hangs, and heard when it answers at last.
#[tokio::test]
async fn a_plugin_that_hangs_is_given_up_and_not_started_again_and_again() {
    let server = Fault::start(|_, _| None).await;
    let folder = tempfile::tempdir().unwrap();
    let [starts, done, lives] = ["starts", "done", "lives"].map(|name| folder.path().join(name));
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}});
    // It and what it starts hold a pipe open as long as they live. Once it is done it answers at once.
    assert!(std::process::Command::new("mkfifo").arg(&lives).status().unwrap().success());
    let [starts_at, done_at, lives_at] = [&starts, &done, &lives].map(|path| path.display().to_string());
    let script = format!("echo x >> {starts_at}; [ -e {done_at} ] || {{ exec 9> {lives_at}; sleep 300; }}; echo '{credential}'");
    let life = tokio::task::spawn(async move { tokio::io::copy(&mut tokio::fs::File::open(lives).await?, &mut tokio::io::sink()).await });
    let (fleet, _folder) = with_plugin(&script, server.address);
    health(&fleet, &id("plain"), Health::Ready).await;
    let problem = health(&fleet, &id("plugin"), Health::AuthNeeded).await.problem.unwrap();
    is_said(&problem, "cluster.credentials", "20 s");
    assert_eq!(std::fs::read_to_string(&starts).unwrap(), "x\n");
    std::fs::write(&done, "").unwrap();
    until("the end of the plugin and of what it started", life).await.unwrap().unwrap();
    health(&fleet, &id("plugin"), Health::Ready).await;
    // The client library asks up to three times for one client; a second client beside the hanging one would have asked again.
    assert!(std::fs::read_to_string(&starts).unwrap().lines().count() <= 3);
}

// Death and revival.

#[tokio::test]
async fn a_killed_server_is_seen_at_once_and_its_revival_heals_everything_without_a_call() {
    let mut served = process::Served::start();
    let fleet = fleet(served.kubeconfig.clone()).unwrap();
    let sandbox = id("sandbox");
    fleet.connect(&sandbox);
    let (mut pods, mut maps) = (watch(&fleet, "sandbox", "pods"), watch(&fleet, "sandbox", "configmaps"));
    let (mut pod_rows, mut map_rows) = (Seen::default(), Seen::default());
    pod_rows.synced(&mut pods).await;
    map_rows.synced(&mut maps).await;
    let before: Vec<String> = map_rows.names().into_iter().map(str::to_owned).collect();

    served.kill();
    pod_rows.until("stale rows", &mut pods, |seen| stale(seen).is_some()).await;
    map_rows.until("stale rows", &mut maps, |seen| stale(seen).is_some()).await;
    is_said(stale(&pod_rows).unwrap(), "cluster.unreachable", "");
    assert_eq!(map_rows.names(), before, "what was known is still shown");
    let problem = health(&fleet, &sandbox, Health::Unreachable).await.problem.unwrap();
    is_said(&problem, "cluster.unreachable", "refused");

    let _served = served.revive();
    health(&fleet, &sandbox, Health::Ready).await;
    pod_rows.synced(&mut pods).await;
    map_rows.synced(&mut maps).await;
    assert_eq!(map_rows.names(), before);
}

/// A server that is stopped keeps its connections open and says nothing: only the heartbeat can tell.
#[tokio::test]
async fn a_silent_server_is_found_out_by_the_heartbeat() {
    let served = process::Served::start();
    let fleet = fleet(served.kubeconfig.clone()).unwrap();
    fleet.connect(&id("sandbox"));
    let (mut seen, mut subscription) = (Seen::default(), watch(&fleet, "sandbox", "configmaps"));
    seen.synced(&mut subscription).await;
    let process = rustix::process::Pid::from_child(&served.process.0);
    rustix::process::kill_process(process, rustix::process::Signal::STOP).unwrap();
    // One beat that is missed makes the rows doubtful, the next one the cluster unreachable.
    seen.until("doubtful rows", &mut subscription, |seen| stale(seen).is_some()).await;
    is_said(stale(&seen).unwrap(), "cluster.suspect", "no answer");
    seen.until("stale rows", &mut subscription, |seen| stale(seen).is_some_and(|problem| problem.code == "cluster.unreachable")).await;
    health(&fleet, &id("sandbox"), Health::Unreachable).await;
    rustix::process::kill_process(process, rustix::process::Signal::CONT).unwrap();
    health(&fleet, &id("sandbox"), Health::Ready).await;
    seen.synced(&mut subscription).await;
}

// A real API server.

/// kubectl's words, piped to a real server; what it prints.
struct Real {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    namespace: String,
}

impl Real {
    fn find(test: &str) -> Option<Self> {
        Self::in_cluster(test, real::cluster(test)?)
    }

    /// The same in the second cluster.
    fn second(test: &str) -> Option<Self> {
        Self::in_cluster(test, real::second_cluster(test)?)
    }

    fn in_cluster(test: &str, kubeconfig: PathBuf) -> Option<Self> {
        let kubectl = real::kubectl(test)?;
        let namespace = format!("fleet-{}-{test}", std::process::id()).replace('_', "-");
        let namespace = namespace.get(..namespace.len().min(60)).unwrap_or_default().trim_end_matches('-').to_owned();
        let found = Self { kubeconfig, kubectl, namespace };
        found.says(&["create", "namespace", &found.namespace], "");
        Some(found)
    }

    /// Where its API server listens.
    fn address(&self) -> std::net::SocketAddr {
        let url = self.says(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"], "");
        url.trim_start_matches("https://").parse().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(&self.kubectl);
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(["-n", &self.namespace]).args(arguments);
        command
    }

    #[track_caller]
    fn says(&self, arguments: &[&str], input: &str) -> String {
        let (_folder, file) = fault::write(input);
        let output = self.command(arguments).stdin(std::fs::File::open(file).unwrap()).output().unwrap();
        assert!(output.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The fleet of its kubeconfig, connected, and the name of its current context.
    fn fleet(&self) -> (Fleet, ClusterId) {
        let fleet = fleet(self.kubeconfig.clone()).unwrap();
        let current = fleet.current().unwrap().id.clone();
        fleet.connect(&current);
        (fleet, current)
    }

    fn watch(&self, fleet: &Fleet, cluster: &ClusterId, view: &str) -> Subscription {
        fleet.watch(WatchSpec {
            cluster: cluster.clone(),
            view: view.into(),
            namespaces: vec![self.namespace.clone()],
            labels: String::new(),
            fields: String::new(),
            columns: Vec::new(),
            exact: false,
        })
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        _ = self.command(&["delete", "namespace", &self.namespace, "--wait=false"]).output();
    }
}

#[tokio::test]
async fn rows_of_a_real_server_appear_and_change_live() {
    let Some(real) = Real::find("rows_of_a_real_server_appear_and_change_live") else { return };
    let (fleet, cluster) = real.fleet();
    let connection = health(&fleet, &cluster, Health::Ready).await;
    assert!(connection.version.unwrap().starts_with("v1."));
    let (mut spaces, mut seen) = (watch(&fleet, cluster.as_str(), "ns"), Seen::default());
    seen.synced(&mut spaces).await;
    assert_eq!(seen.cell(&real.namespace, "STATUS").as_deref(), Some("Active"));
    for name in ["default", "kube-system"] {
        assert!(seen.row(name).is_some(), "{:?}", seen.names());
    }
    let later = format!("{}-2", real.namespace);
    real.says(&["create", "namespace", &later], "");
    seen.until("a new namespace", &mut spaces, |seen| seen.row(&later).is_some()).await;
    real.says(&["delete", "namespace", &later, "--wait=false"], "");
    seen.until("its end", &mut spaces, |seen| seen.row(&later).is_none()).await;

    let (mut pods, mut seen) = (real.watch(&fleet, &cluster, "po"), Seen::default());
    seen.synced(&mut pods).await;
    assert!(seen.rows.is_empty());
    // No node runs it and no account is needed: it stays pending, which is all that is asked here.
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "labels": {"app": "web"}},
        "spec": {"nodeSelector": {"no": "where"}, "automountServiceAccountToken": false, "containers": [{"name": "a", "image": "example.com/a"}, {"name": "b", "image": "example.com/b"}]}});
    real.says(&["wait", "--for=create", "serviceaccount/default", "--timeout=20s"], "");
    real.says(&["create", "-f", "-"], &pod.to_string());
    seen.until("a pod", &mut pods, |seen| seen.cell("one", "STATUS").as_deref() == Some("Pending")).await;
    assert_eq!(seen.cell("one", "READY").as_deref(), Some("0/2"));
    let uid = real.says(&["get", "pod", "one", "-o", "jsonpath={.metadata.uid}"], "");
    assert_eq!(&*seen.row("one").unwrap().key().uid, uid);
    real.says(&["label", "pod", "one", "tier=front"], "");
    seen.until("its label", &mut pods, |seen| seen.row("one").is_some_and(|row| row.labels.iter().any(|label| &**label == "tier=front"))).await;
    let key = seen.row("one").unwrap().key();
    fleet.delete(&key).await.unwrap();
    seen.until("its end", &mut pods, |seen| seen.rows.is_empty()).await;
    is_said(&fleet.object(&key).await.err().unwrap(), "cluster.not-found", "not found");
}

#[tokio::test]
async fn custom_kinds_of_a_real_server_are_kinds_like_any_other() {
    let Some(real) = Real::find("custom_kinds_of_a_real_server_are_kinds_like_any_other") else { return };
    let (fleet, cluster) = real.fleet();
    // They are asked for before they are there, on a connection that has already looked around.
    assert!(fleet.kinds(&cluster).await.unwrap().find("widgets").is_none());
    let group = format!("g{}.meshplay.dev", std::process::id());
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}, "note": {"type": "string"}}}}});
    let columns = json!([{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}, {"name": "Note", "type": "string", "jsonPath": ".spec.note", "priority": 1}]);
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("widgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wdg"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}, "additionalPrinterColumns": columns}]}});
    let definition = definition.to_string();
    real.says(&["create", "-f", "-"], &definition);
    let outcome = std::panic::AssertUnwindSafe(widgets(&real, &fleet, &cluster, &group, &definition));
    let outcome = futures::FutureExt::catch_unwind(outcome).await;
    real.says(&["delete", "crd", &format!("widgets.{group}"), "--wait=false"], "");
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure);
    }
}

async fn widgets(real: &Real, fleet: &Fleet, cluster: &ClusterId, group: &str, definition: &str) {
    real.says(&["wait", "--for=condition=Established", "--timeout=30s", &format!("crd/widgets.{group}")], "");
    let widget = |size: u32| {
        let widget = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "one"}, "spec": {"size": size, "note": "\u{1b}[2J\u{202e}hi"}});
        widget.to_string()
    };
    let (mut subscription, mut seen) = (real.watch(fleet, cluster, "wdg"), Seen::default());
    seen.synced(&mut subscription).await;
    real.says(&["create", "-f", "-"], &widget(3));
    seen.until("a widget", &mut subscription, |seen| seen.cell("one", "SIZE").as_deref() == Some("3")).await;
    let note = seen.cell("one", "NOTE").unwrap();
    harmless(&note);
    assert!(note.ends_with("hi"), "{note}");
    real.says(&["replace", "-f", "-"], &widget(8));
    seen.until("its new size", &mut subscription, |seen| seen.cell("one", "SIZE").as_deref() == Some("8")).await;
    let key = fleet.find(cluster, "widget", Some(&real.namespace), "one").await.unwrap();
    assert_eq!(key.uid, seen.row("one").unwrap().key().uid);
    let yaml = fleet.yaml(&key, false).await.unwrap();
    yaml.lines().for_each(harmless);
    assert!(yaml.contains("size: 8") && !yaml.contains("managedFields"), "{yaml}");
    real.says(&["delete", &format!("widgets.{group}"), "one"], "");
    seen.until("its end", &mut subscription, |seen| seen.rows.is_empty()).await;
    // The kind goes while it is shown, and comes back.
    real.says(&["delete", "crd", &format!("widgets.{group}")], "");
    seen.until("the end of the kind", &mut subscription, |seen| stale(seen).is_some_and(|problem| problem.code == "cluster.not-found")).await;
    assert!(stale(&seen).unwrap().hints[0].contains("not served any more"), "{:?}", seen.phase);
    real.says(&["create", "-f", "-"], definition);
    real.says(&["wait", "--for=condition=Established", "--timeout=30s", &format!("crd/widgets.{group}")], "");
    real.says(&["create", "-f", "-"], &widget(5));
    seen.until("a widget of the new definition", &mut subscription, |seen| seen.cell("one", "SIZE").as_deref() == Some("5")).await;
    seen.synced(&mut subscription).await;
}

#[tokio::test]
async fn a_secret_of_a_real_server_keeps_its_values() {
    let Some(real) = Real::find("a_secret_of_a_real_server_keeps_its_values") else { return };
    let (fleet, cluster) = real.fleet();
    // `apply` repeats the values in an annotation.
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one"}, "stringData": {"password": "correct-horse"}});
    real.says(&["apply", "-f", "-"], &secret.to_string());
    let key = fleet.find(&cluster, "secret", Some(&real.namespace), "one").await.unwrap();
    let text = format!("{}{}", fleet.yaml(&key, false).await.unwrap(), fleet.object(&key).await.unwrap());
    assert!(text.contains("password:") && text.contains("hidden"), "{text}");
    for value in ["correct-horse", "Y29ycmVjdC1ob3JzZQ"] {
        assert!(!text.contains(value), "{text}");
    }
    let (mut subscription, mut seen) = (real.watch(&fleet, &cluster, "secrets"), Seen::default());
    seen.synced(&mut subscription).await;
    assert_eq!((seen.cell("one", "TYPE").as_deref(), seen.cell("one", "DATA").as_deref()), (Some("Opaque"), Some("1")));
}
