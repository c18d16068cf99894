//! A profile from its file to a gate, through the program: saved, run, given a baseline, passed, and shown to regress once its target is slower.

use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::{OK, ran, whole_request};

/// A target whose latency can be raised while it runs.
fn moody() -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let slow = Arc::new(AtomicBool::new(false));
    let mood = slow.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mood = mood.clone();
            std::thread::spawn(move || {
                let (mut reader, mut writer) = (BufReader::new(stream.try_clone().unwrap()), stream);
                while whole_request(&mut reader) {
                    if mood.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    if writer.write_all(OK).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, slow)
}

fn saved(home: &Path, text: &str) -> String {
    let file = home.join("given.yaml");
    std::fs::write(&file, text).unwrap();
    let (code, name, err) = ran(home, &format!("perf profile save {}", file.display()));
    assert_eq!(code, Some(0), "{err}");
    name.trim().to_owned()
}

#[test]
fn a_profile_is_run_given_a_baseline_and_regresses_when_its_target_does() {
    let (home, (url, slow)) = (tempfile::tempdir().unwrap(), moody());
    let home = home.path();
    let text = format!(
        "name: The shop\nendpoints: [{url}, {url}cart]\nconcurrentRequest: 2\nqps: 0\nduration: 200ms\n\
         meshplay: {{repeat: 5, gate: [p50], band: 60, slo: [errors<1%], labels: {{release: v1}}}}\n"
    );
    let name = saved(home, &text);
    assert_eq!(name, "the-shop");
    let (code, list, _) = ran(home, "perf profile list -o csv");
    assert!(code == Some(0) && list.contains("the-shop,1,5,"), "{list}");
    let run = |label: &str| {
        let (code, out, err) = ran(home, &format!("perf run --profile {name} --label release={label} -o json"));
        assert_eq!(code, Some(0), "{err}");
        serde_json::from_str::<Value>(&out).unwrap()
    };
    let runs = run("v1");
    let first = &runs["runs"][0];
    assert_eq!((runs["runs"].as_array().unwrap().len(), &first["provenance"]["profile"]), (5, &"The shop".into()));
    assert_eq!(first["endpoints"].as_array().unwrap().len(), 2, "{first:#}");
    let (code, _, err) = ran(home, &format!("perf gate {name}"));
    assert!(code == Some(2) && err.contains("nothing to compare"), "{err}");
    let (code, out, err) = ran(home, &format!("perf baseline set {name} --runs last:5"));
    assert!(code == Some(0) && out.contains("5 pinned runs"), "{out}{err}");

    run("v1");
    let (code, out, err) = ran(home, &format!("perf gate {name} -o json"));
    assert_ne!(code, Some(1), "the same target is no regression: {out}{err}");
    slow.store(true, Ordering::SeqCst);
    run("v2");
    let (code, out, err) = ran(home, &format!("perf gate {name} -o junit"));
    assert!(code == Some(1) && out.contains("<failure message=\"worse") && out.contains("errors&lt;1%"), "{out}{err}");
    let (code, out, _) = ran(home, &format!("perf gate {name} --baseline release -o markdown"));
    assert!(code == Some(1) && out.starts_with("**regression**") && out.contains("| regression | p50 against the baseline |"), "{out}");

    // Slow runs have too few answers for a p99, and belong to the history all the same.
    for metric in ["--metric p50", ""] {
        let (code, out, err) = ran(home, &format!("perf history {name} {metric} -o json"));
        let history: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, history["series"][0]["points"].as_array().unwrap().len()), (Some(0), 3), "{out}{err}");
    }
    let (code, out, _) = ran(home, &format!("perf baseline clear {name}"));
    assert!(code == Some(0) && out.contains("cleared"), "{out}");
}

#[test]
fn a_broken_profile_is_told_with_its_line_and_runs_nothing() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("x.yaml");
    std::fs::write(&file, "name: x\nendpoints: [http://127.0.0.1:1/]\nmeshplay:\n  slo: [p98 < 1ms]\n").unwrap();
    for verb in ["profile check", "profile save", "run --profile"] {
        let (code, out, err) = ran(home.path(), &format!("perf {verb} {}", file.display()));
        assert!(code == Some(1) && out.is_empty() && err.contains("x.yaml:4") && err.contains("p98"), "{verb}: {err}");
    }
    // Templates that stand for each other.
    let text = "name: x\nendpoints: ['http://127.0.0.1:1/{{a}}']\nmeshplay:\n  values: {a: '{{b}}', b: '{{a}}'}\n";
    std::fs::write(&file, text).unwrap();
    let (code, out, err) = ran(home.path(), &format!("perf run --profile {}", file.display()));
    assert!(code == Some(1) && out.is_empty() && err.contains("x.yaml:2") && err.contains("a → b → a leads in a circle"), "{err}");
    let (code, _, err) = ran(home.path(), "perf run --profile nothing");
    assert!(code == Some(1) && err.contains("no profile"), "{err}");
}

#[test]
fn a_profile_of_meshery_is_imported_without_what_gives_access() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("meshery.json");
    let text = r#"{"id": "x", "name": "Istio", "endpoints": ["http://127.0.0.1:1/"], "concurrent_request": 2, "qps": 5, "duration": "1s",
        "request_headers": "{\"Authorization\": \"Bearer hunter2\", \"X-Team\": \"a\"}", "load_generators": ["fortio"]}"#;
    std::fs::write(&file, text).unwrap();
    let (code, out, err) = ran(home.path(), &format!("perf import {}", file.display()));
    assert!(code == Some(0) && out == "profile istio\n" && err.contains("Authorization"), "{out}{err}");
    let (_, shown, _) = ran(home.path(), "perf profile show istio");
    assert!(!shown.contains("hunter2") && shown.contains("X-Team"), "{shown}");
}

#[test]
fn a_gate_that_has_nothing_to_compare_says_so_in_the_file_that_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let (code, out, err) = ran(home.path(), "perf gate shop -o junit");
    let told = out.contains("tests=\"1\" failures=\"0\" errors=\"1\"") && out.contains("<error message=\"no runs of shop are kept\"/>");
    assert!(code == Some(2) && told && err.contains("no runs of shop"), "{out}{err}");
    let (_, out, _) = ran(home.path(), "perf gate shop -o json");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["outcome"], "inconclusive");
}
