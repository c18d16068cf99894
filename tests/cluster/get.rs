//! `meshplay get` as a script sees it: every output, filters, columns of one's own, and `--watch`, which goes on until it is stopped.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use process::{Guard, Served};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::*;

/// A sandbox that stands still.
fn still() -> Served {
    Served::with(&["--still"])
}

fn meshplay(served: &Served, arguments: &[&str]) -> std::process::Command {
    let mut command = served.command(env!("CARGO_BIN_EXE_meshplay"));
    command.arg("get").args(arguments);
    command
}

#[track_caller]
fn says(served: &Served, arguments: &[&str]) -> String {
    let output = meshplay(served, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_output_says_the_same_rows_in_its_own_way() {
    let served = still();
    let csv = says(&served, &["deployments", "-n", "shop", "-o", "csv"]);
    let mut lines = csv.split("\r\n");
    assert_eq!(lines.next(), Some("CLUSTER,NAMESPACE,NAME,KIND,READY,STATUS,UP-TO-DATE,AVAILABLE,CONTAINERS,IMAGES,SELECTOR,AGE,CREATED"));
    let web = lines.find(|line| line.contains(",web,")).unwrap();
    assert!(web.starts_with("sandbox,shop,web,Deployment,3/3,Available,3,3,"), "{web}");
    let json: Value = serde_json::from_str(&says(&served, &["deployments", "-n", "shop", "-o", "json"])).unwrap();
    let items = json["items"].as_array().unwrap();
    assert_eq!(items.len(), csv.lines().count() - 1);
    let names = says(&served, &["deployments", "-n", "shop", "-o", "name"]);
    assert_eq!(names.lines().next(), Some("deployment.apps/cart"));
    let (plain, wide) = (says(&served, &["deployments", "-n", "shop"]), says(&served, &["deployments", "-n", "shop", "-o", "wide"]));
    assert!(!plain.contains("IMAGES") && wide.contains("IMAGES") && wide.contains("SELECTOR"), "{wide}");
    assert_eq!(plain.lines().count(), wide.lines().count());
    let one = says(&served, &["deployment", "web", "-n", "shop", "-o", "wide"]);
    assert_eq!(one.lines().count(), 2, "{one}");
}

#[test]
fn the_wide_view_tells_what_is_in_use_and_how_full_nodes_are() {
    let served = still();
    let pods = says(&served, &["pods", "-n", "shop", "-o", "wide"]);
    let web = pods.lines().find(|line| line.contains("web-")).unwrap();
    assert!(pods.lines().next().unwrap().contains("%MEM/L") && web.contains("Mi") && web.contains('%'), "{pods}");
    let nodes = says(&served, &["nodes", "-o", "wide"]);
    assert!(nodes.lines().next().unwrap().contains("PODS"), "{nodes}");
    for line in nodes.lines().skip(1) {
        let node = line.split_whitespace().next().unwrap();
        assert!(line.contains(&format!(" {}/110 ", pods_on(&served, node))), "{nodes}");
    }
    assert!(!says(&served, &["nodes"]).contains("PODS"));
}

/// Pods that have not ended, as their own table tells them.
fn pods_on(served: &Served, node: &str) -> usize {
    let all = says(served, &["pods", "-A", "-o", "csv"]);
    let mut lines = all.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| head.iter().position(|one| *one == name).unwrap();
    let (node_at, status) = (at("NODE"), at("STATUS"));
    let here = |line: &&str| {
        let cells: Vec<&str> = line.split(',').collect();
        cells[node_at] == node && !matches!(cells[status], "Completed" | "Error" | "Failed" | "Succeeded")
    };
    lines.filter(here).count()
}

#[test]
fn rows_are_filtered_and_get_columns_of_ones_own() {
    let served = still();
    let failing = says(&served, &["pods", "-n", "shop", "--filter", "is:failed", "-o", "name"]);
    assert!(!failing.is_empty() && failing.lines().all(|line| line.starts_with("pod/cart-")), "{failing}");
    let owned = says(&served, &["pods", "-n", "shop", "--filter", "web", "--column", "APP=label:app", "--column", "FIRST=.spec.containers[0].image"]);
    assert!(owned.lines().next().is_some_and(|head| head.contains("APP") && head.contains("FIRST")), "{owned}");
    assert!(owned.lines().skip(1).all(|line| line.contains("web") && line.contains("shop/web:")), "{owned}");
    // A kind whose rows the server makes.
    let maps = says(&served, &["configmaps", "-n", "shop", "--column", "UID=.metadata.uid"]);
    assert!(maps.lines().skip(1).all(|line| line.matches('-').count() >= 4), "{maps}");
    for (wrong, part) in [(["--column", "X=.a[?(@.b)]"], "filters"), (["--filter", "web -l"], "-l wants")] {
        let output = meshplay(&served, &["pods"]).args(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(part), "{output:?}");
    }
}

#[test]
fn a_secret_has_no_column_that_shows_what_it_keeps() {
    let served = still();
    let text = says(&served, &["secrets", "-n", "shop", "--column", "KEY=.data.key", "--column", "ALL=.data", "--column", "TYPE2=.type"]);
    // `not-a-real-key`.
    assert!(!text.contains("bm90LWEtcmVhbC1rZXk") && text.contains("TYPE2"), "{text}");
}

/// A change made past Meshplay.
fn put(served: &Served, name: &str, data: &Value) {
    let mut client = std::net::TcpStream::connect(served.address).unwrap();
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}).to_string();
    let head = format!(
        "POST /api/v1/namespaces/shop/configmaps HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    std::io::Write::write_all(&mut client, format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

/// A watch as a child, and its lines.
fn watching(served: &Served, arguments: &[&str]) -> (Guard, std::io::Lines<BufReader<std::process::ChildStdout>>) {
    let mut child = meshplay(served, arguments).arg("--watch").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (Guard(child), lines)
}

#[test]
fn a_watch_prints_what_changes_and_ends_well_when_it_is_interrupted() {
    let served = still();
    let (mut child, mut lines) = watching(&served, &["configmaps", "-n", "shop", "-o", "json"]);
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&first["type"], &first["kind"]), (&json!("ADDED"), &json!("ConfigMap")));
    put(&served, "fresh", &json!({"a": "1", "b": "2"}));
    let fresh = lines.by_ref().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()).find(|event| event["name"] == "fresh").unwrap();
    assert_eq!((&fresh["type"], &fresh["columns"]["data"]), (&json!("ADDED"), &json!("2")));
    kill_process(Pid::from_child(&child.0), Signal::INT).unwrap();
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
}

#[test]
fn a_watch_whose_reader_goes_away_ends_without_a_word() {
    let served = still();
    let mut child = meshplay(&served, &["configmaps", "-n", "shop", "-w"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("NAME"));
    drop(lines);
    // Nobody reads the next line: `head -1` has gone.
    put(&served, "unread", &json!({}));
    let mut child = Guard(child);
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    child.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}
