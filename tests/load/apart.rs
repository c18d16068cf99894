//! Runs in a process of their own: they outlive whoever started them, are watched and stopped from elsewhere, and end by their own rules.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use super::{OK, Server, Then, meshplay, ran};

/// What has to happen has happened by then, on a busy machine too.
const SOON: Duration = Duration::from_secs(30);

/// Starts a run of its own and answers its id.
fn detached(home: &Path, more: &str) -> String {
    let (code, out, err) = ran(home, &format!("perf run --detach {more}"));
    assert_eq!(code, Some(0), "{err}");
    out.trim().to_owned()
}

fn shown(home: &Path, id: &str) -> Value {
    let (code, out, err) = ran(home, &format!("perf show {id} -o json"));
    assert_eq!(code, Some(0), "{err}");
    serde_json::from_str(&out).unwrap()
}

fn runs(home: &Path) -> PathBuf {
    home.join(".local/share/meshplay/runs")
}

fn sockets(home: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runs(home)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "sock")).collect()
}

/// The process that writes a run: the one that serves it.
fn process_of(home: &Path) -> Pid {
    let home = home.to_str().unwrap().as_bytes().to_vec();
    let belongs = |pid: i32| {
        let read = |what: &str| std::fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
        let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        has(&read("cmdline"), b"serve-run") && has(&read("environ"), &home)
    };
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<i32>().ok());
    let found: Vec<i32> = pids.filter(|pid| belongs(*pid)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    Pid::from_raw(found[0]).unwrap()
}

/// Watches a run until its first second is told.
fn seen_by_a_watcher(home: &Path, id: &str) {
    let mut child = meshplay(home, &format!("perf attach {id}")).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("p50") {
        line.clear();
        assert!(err.read_line(&mut line).unwrap() > 0, "it ended too early");
    }
    // Going away leaves it alone.
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success() && rest.contains("it goes on"), "{rest}");
}

#[test]
fn a_run_outlives_the_session_it_was_started_from_and_is_watched_to_its_end() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    // A shell that leads a process group, as one in a terminal does; the whole group is then hung up on and killed.
    let script = format!("\"$MESHPLAY\" perf run --detach {} -c 2 -d 4s --rate 100; exec sleep 60", server.url());
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").env("MESHPLAY", env!("CARGO_BIN_EXE_meshplay"));
    let mut shell = std::os::unix::process::CommandExt::process_group(&mut shell, 0).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut id = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut id).unwrap();
    let process = process_of(home.path());
    assert_eq!(rustix::process::getsid(Some(process)).unwrap(), process, "it leads a session of its own");
    for signal in [Signal::HUP, Signal::KILL] {
        _ = kill_process_group(Pid::from_child(&shell), signal);
    }
    shell.wait().unwrap();
    let (code, out, err) = ran(home.path(), &format!("perf attach {} -o json", id.trim()));
    let json: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!((code, &json["state"]), (Some(0), &"done".into()), "{err}");
    assert_eq!(json, shown(home.path(), id.trim()), "what is told is what is kept");
    // All of its four seconds.
    let (requests, elapsed) = (json["requests"].as_u64().unwrap(), json["elapsed_ns"].as_u64().unwrap());
    assert!(requests > 200 && elapsed > 3_900_000_000 && requests <= server.counted(), "{json}");
    let begun = Instant::now();
    while !sockets(home.path()).is_empty() {
        assert!(begun.elapsed() < SOON, "its socket stays");
        std::thread::yield_now();
    }
}

#[test]
fn a_run_is_seen_and_stopped_from_elsewhere() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let id = detached(home.path(), &format!("{} -c 1 -d 60s --rate 100", server.url()));
    assert_eq!(shown(home.path(), &id)["state"], "running");
    seen_by_a_watcher(home.path(), &id);
    let (code, out, err) = ran(home.path(), "perf stop last -o json");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["state"], &json["id"]), (Some(0), &"stopped".into(), &id.as_str().into()), "{err}");
    assert!(json["requests"].as_u64().unwrap() > 0);
    let (code, _, err) = ran(home.path(), "perf stop last");
    assert!(code == Some(1) && err.contains("is over"), "{err}");
    let (code, out, _) = ran(home.path(), "perf attach last");
    assert!(code == Some(0) && out.contains("stopped after"), "{out}");
}

#[test]
fn a_run_of_another_terminal_is_seen_and_stopped_too_and_leaves_no_socket() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let mut here = meshplay(home.path(), &format!("perf run {} -c 1 -d 60s --rate 100 -o json", server.url())).spawn().unwrap();
    let mut err = BufReader::new(here.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("p50") {
        line.clear();
        assert!(err.read_line(&mut line).unwrap() > 0, "it ended too early");
    }
    seen_by_a_watcher(home.path(), "last");
    let (code, out, told) = ran(home.path(), "perf stop last -o json");
    let json: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{told}"));
    assert_eq!((code, &json["state"]), (Some(0), &"stopped".into()), "{told}");
    let output = here.wait_with_output().unwrap();
    assert_eq!(json, serde_json::from_slice::<Value>(&output.stdout).unwrap(), "both tell what is kept");
    assert_eq!(sockets(home.path()), Vec::<PathBuf>::new());
}

#[test]
fn a_killed_process_leaves_what_it_measured_and_no_socket_that_misleads() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let id = detached(home.path(), &format!("{} -c 1 -d 60s --rate 100", server.url()));
    let mut watcher = meshplay(home.path(), "perf attach last -o json").spawn().unwrap();
    let mut err = BufReader::new(watcher.stderr.take().unwrap());
    let mut line = String::new();
    while !line.trim_start().starts_with("2s ") {
        line.clear();
        assert!(err.read_line(&mut line).unwrap() > 0, "it ended too early");
    }
    kill_process(process_of(home.path()), Signal::KILL).unwrap();
    let output = watcher.wait_with_output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["state"], "interrupted");
    assert!(json["requests"].as_u64().unwrap() > 50, "{json}");
    let mut told = String::new();
    err.read_to_string(&mut told).unwrap();
    assert!(told.contains("was cut off") && told.contains("what was measured until then is kept"), "{told}");
    // The socket is still there, and nobody is taken in by it.
    assert_eq!(sockets(home.path()).len(), 1);
    assert_eq!(shown(home.path(), &id)["state"], "interrupted");
    let (code, _, err) = ran(home.path(), "perf stop last");
    assert!(code == Some(1) && err.contains("is over"), "{err}");
}

#[test]
fn a_run_that_cannot_begin_says_so_where_it_was_ordered() {
    let home = tempfile::tempdir().unwrap();
    let (code, out, err) = ran(home.path(), "perf run --detach http://nowhere.invalid/ -d 1s");
    assert!(code == Some(1) && out.is_empty() && err.contains("has no address"), "{out}{err}");
    let (code, out, err) = ran(home.path(), "--readonly perf run --detach http://127.0.0.1:9/");
    assert!(code == Some(1) && out.is_empty() && err.contains("read-only"), "{err}");
    let settings = home.path().join(".config/meshplay");
    std::fs::create_dir_all(&settings).unwrap();
    std::fs::write(settings.join("config.toml"), "[perf]\ntargets = [\"*.test.example\"]\n").unwrap();
    for how in ["", "--detach"] {
        let (code, out, err) = ran(home.path(), &format!("perf run http://127.0.0.1:9/ {how}"));
        assert!(code == Some(1) && out.is_empty() && err.contains("only places"), "{how}: {err}");
    }
    std::fs::remove_file(settings.join("config.toml")).unwrap();
    std::fs::create_dir_all(home.path().join(".local/share/meshplay")).unwrap();
    _ = std::fs::remove_dir_all(runs(home.path()));
    std::fs::write(runs(home.path()), "a file where the folder should be").unwrap();
    let (code, out, err) = ran(home.path(), "perf run --detach http://127.0.0.1:9/");
    assert!(code == Some(1) && out.is_empty() && err.contains("process of its own"), "{out}{err}");
}

#[test]
fn a_rule_ends_a_run_and_its_exit_code_says_so() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", Then::Keep);
    let (code, out, err) = ran(home.path(), &format!("perf run {} -c 1 -d 60s --rate 50 --abort-errors 5%/2s -o json", server.url()));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["state"], &json["aborted_by"]), (Some(3), &"aborted".into(), &"errors>5%/2s".into()), "{err}");
    assert!(json["elapsed_ns"].as_u64().unwrap() < 30_000_000_000, "{json}");
    let slow = Server::start(OK, Then::Slow);
    let (code, out, _) = ran(home.path(), &format!("perf run {} -c 1 -d 60s --rate 50 --abort p50>1ms/2s", slow.url()));
    assert!(code == Some(3) && out.contains("ended by its rule p50>1ms/2s") && out.contains("aborted after"), "{out}");
    let (code, _, err) = ran(home.path(), "perf run 127.0.0.1:9 --abort p98>1ms/2s");
    assert!(code == Some(2) && err.contains("p99.9"), "{err}");
}

#[test]
fn a_profile_is_run_whole_by_a_process_of_its_own_until_one_of_its_runs_is_stopped() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let file = home.path().join("x.yaml");
    let written = |more: &str| {
        let text = format!("name: x\nendpoints: ['{}']\nqps: 100\nduration: 60s\nmeshplay: {{repeat: 3{more}}}\n", server.url());
        std::fs::write(&file, text).unwrap();
    };
    written(", requests: 20");
    let first = detached(home.path(), &format!("--profile {}", file.display()));
    let all = |home: &Path| -> Vec<Value> {
        let (_, out, _) = ran(home, "perf list -o json");
        serde_json::from_str::<Value>(&out).unwrap()["runs"].as_array().unwrap().clone()
    };
    let begun = Instant::now();
    let done = |home: &Path| all(home).iter().filter(|run| run["state"] == "done" && run["requests"] == 20).count();
    while done(home.path()) < 3 {
        assert!(begun.elapsed() < SOON, "{:?}", all(home.path()));
        std::thread::yield_now();
    }
    assert_eq!(all(home.path())[2]["id"], first.as_str());

    written("");
    let id = detached(home.path(), &format!("--profile {}", file.display()));
    let (code, _, err) = ran(home.path(), &format!("perf stop {id}"));
    assert_eq!(code, Some(0), "{err}");
    while !sockets(home.path()).is_empty() {
        assert!(begun.elapsed() < SOON * 2, "its socket stays");
        std::thread::yield_now();
    }
    assert_eq!(all(home.path()).len(), 4, "what was stopped is followed by nothing");
}

#[test]
fn who_watches_a_profile_sees_its_next_runs_and_hears_what_they_come_to() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let file = home.path().join("x.yaml");
    // No answer is as fast as that.
    let text = format!(
        "name: x\nendpoints: ['{}']\nqps: 20\nduration: 60s\nmeshplay: {{repeat: 3, requests: 50, slo: [max<1us, errors<1%]}}\n",
        server.url()
    );
    std::fs::write(&file, text).unwrap();
    let id = detached(home.path(), &format!("--profile {}", file.display()));
    assert_eq!(shown(home.path(), &id)["provenance"]["turn"], serde_json::json!({"nth": 1, "of": 3}));
    let (code, out, err) = ran(home.path(), &format!("perf attach {id}"));
    assert!(err.contains("2 of 3: ") && err.contains("3 of 3: "), "{err}");
    assert!(err.contains("x: REGRESSION, max<1us: kept by 0 of 3 runs"), "{err}");
    assert_eq!((code, out.matches("done after").count()), (Some(1), 3), "{out}");
}
