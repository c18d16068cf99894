//! Load tests against targets that behave, and against those that do not: what is counted, what is said, what is kept.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends here when something is wrong"
)]

#[path = "load/apart.rs"]
mod apart;
#[path = "load/formats.rs"]
mod formats;
#[path = "load/ports.rs"]
mod ports;
#[path = "load/profiles.rs"]
mod profiles;
#[path = "support/real.rs"]
mod real;
#[path = "load/search.rs"]
mod search;
#[path = "load/wire.rs"]
mod wire;

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use meshplay::cluster::gate::Gate;
use meshplay::load::audit::Stamp;
use meshplay::load::plan::{Endpoint, Pace, Plan};
use meshplay::load::target::Target;
use meshplay::names::ClusterId;
use meshplay::perf::{self, Finished, Order};
use meshplay::results::{Run, State, Store};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world!";

/// A target on loopback that answers every request in the same way and counts them.
struct Server {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
}

/// What follows an answer.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Keep,
    Close,
    Reset,
    Stall,
    /// It keeps the connection, and takes its time before each answer.
    Slow,
    /// The same, and a good deal more of it.
    Sluggish,
}

impl Server {
    fn start(answer: &'static [u8], then: Then) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = Self { address: listener.local_addr().unwrap(), requests: Arc::default(), connections: Arc::default() };
        let (requests, connections) = (server.requests.clone(), server.connections.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::SeqCst);
                let requests = requests.clone();
                std::thread::spawn(move || serve(stream, answer, then, &requests));
            }
        });
        server
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn counted(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, answer: &[u8], then: Then, requests: &AtomicU64) {
    if then == Then::Reset {
        // A socket closed with unread bytes in it sends a reset (RFC 9293, 3.10.4; RFC 1122, 4.2.2.13).
        _ = stream.peek(&mut [0]);
        requests.fetch_add(1, Ordering::SeqCst);
        return;
    }
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while whole_request(&mut reader) {
        requests.fetch_add(1, Ordering::SeqCst);
        match then {
            Then::Slow => std::thread::sleep(Duration::from_millis(3)),
            Then::Sluggish => std::thread::sleep(Duration::from_millis(20)),
            _ => {}
        }
        if stream.write_all(answer).is_err() || then == Then::Close {
            return;
        }
        if then == Then::Stall {
            // Until the other side goes away.
            _ = std::io::copy(&mut reader, &mut std::io::sink());
        }
    }
}

fn whole_request(reader: &mut impl BufRead) -> bool {
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if !reader.read_line(&mut line).is_ok_and(|read| read > 0) {
            return false;
        }
    }
    true
}

/// Two connections, eight requests.
fn plan(url: &str) -> Plan {
    let plan = Plan::gentle(Target::parse(url).unwrap());
    Plan { connections: 2, requests: Some(8), duration: Duration::from_secs(30), timeout: Duration::from_secs(20), ..plan }
}

async fn conducted(plan: Plan) -> Finished {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path());
    let finished = perf::start(Order::new(plan), &Gate::default(), &store).unwrap().finished().await.unwrap();
    assert_eq!(finished.problems, []);
    assert_eq!(store.read(&finished.run.id).unwrap(), finished.run, "what is kept is what is reported");
    finished
}

async fn loaded(answer: &'static [u8], then: Then) -> (Run, Server) {
    let server = Server::start(answer, then);
    (conducted(plan(&server.url())).await.run, server)
}

/// Nothing succeeds, all eight attempts fail in this one way, and the message says so.
fn all_failed(run: &Run, class: &str, words: &str) {
    assert_eq!(run.errors, [(class.to_owned(), 8)].into(), "{run:?}");
    let problem = run.trouble().unwrap();
    assert_eq!(problem.code, "perf.nothing-succeeded");
    assert!(problem.why.contains(words) && problem.what.contains(&run.target.url) && !problem.hints.is_empty(), "{problem}");
}

#[tokio::test]
async fn a_target_that_refuses() {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let run = conducted(plan(&format!("http://{address}/"))).await.run;
    all_failed(&run, "refused", "nobody listens there");
    assert_eq!((run.state, run.requests, run.latencies.min), (State::Done, 0, None));
}

#[tokio::test]
async fn a_target_that_stalls() {
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nHello"] {
        let server = Server::start(answer, Then::Stall);
        let run = conducted(Plan { timeout: Duration::from_millis(50), ..plan(&server.url()) }).await.run;
        all_failed(&run, "timeout", "no whole answer came in time");
        assert_eq!(server.counted(), 8);
    }
}

#[tokio::test]
async fn a_target_that_is_still_silent_when_the_run_ends_made_no_error() {
    let server = Server::start(b"", Then::Stall);
    let run = conducted(Plan { duration: Duration::from_millis(300), ..plan(&server.url()) }).await.run;
    assert_eq!((run.failed(), run.unfinished, run.requests), (0, 2, 0));
    assert!(run.trouble().unwrap().why.contains("2 requests"), "{run:?}");
}

#[tokio::test]
async fn a_target_that_resets() {
    let (run, _) = loaded(b"", Then::Reset).await;
    all_failed(&run, "reset", "reset the connection");
}

#[tokio::test]
async fn a_target_that_sends_nonsense() {
    for answer in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nHello\r\n",
        b"HTTP/1.1 2OO OK\r\n\r\n",
    ] {
        let (run, _) = loaded(answer, Then::Stall).await;
        all_failed(&run, "nonsense", "does not follow the protocol");
    }
}

#[tokio::test]
async fn a_head_without_end() {
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(200_000));
    let (run, _) = loaded(endless.into_bytes().leak(), Then::Stall).await;
    all_failed(&run, "nonsense", "does not follow the protocol");
}

#[tokio::test]
async fn a_target_that_closes_early() {
    for answer in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nHello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n",
    ] {
        let (run, _) = loaded(answer, Then::Close).await;
        all_failed(&run, "closed", "closed the connection before the answer was whole");
    }
}

#[tokio::test]
async fn error_statuses_are_answers_that_do_not_count_as_success() {
    let (run, server) = loaded(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops", Then::Keep).await;
    all_failed(&run, "status_5xx", "a status from 500");
    assert_eq!((run.requests, run.succeeded(), server.counted()), (8, 0, 8));
    assert!(run.latencies.min.is_some());
    let (run, _) = loaded(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Then::Keep).await;
    all_failed(&run, "status_4xx", "a status from 400 to 499");
}

#[tokio::test]
async fn bodies_of_every_form_are_read_to_their_end() {
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n8;a=b\r\n, world!\r\n0\r\nX-Trailer: y\r\n\r\n";
    const ONE_ZERO: &[u8] = b"HTTP/1.0 200 OK\r\n\r\nHello, world!";
    const CLOSED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\nHello, world!";
    const GZIPPED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n2\r\n\x1f\x8b\r\n0\r\n\r\n";
    const HINTED: &[u8] = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const EMPTY: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
    for (answer, then, connections) in [
        (OK, Then::Keep, 2),
        (EMPTY, Then::Keep, 2),
        (CHUNKED, Then::Keep, 2),
        (GZIPPED, Then::Keep, 2),
        (HINTED, Then::Keep, 2),
        (ONE_ZERO, Then::Close, 8),
        (CLOSED, Then::Close, 8),
    ] {
        let (run, server) = loaded(answer, then).await;
        assert_eq!((run.requests, run.failed(), run.unfinished, run.trouble()), (8, 0, 0, None), "{run:?}");
        // A quick connection may have sent all eight before the other was opened.
        let opened = server.connections.load(Ordering::SeqCst);
        let fitting = if then == Then::Close { opened == connections } else { (1..=connections).contains(&opened) };
        assert!(fitting && server.counted() == 8, "{opened} connections, {} requests: {}", server.counted(), String::from_utf8_lossy(answer));
        assert_eq!(run.histogram.iter().map(|bucket| bucket.count).sum::<u64>(), 8);
    }
}

#[tokio::test]
async fn a_name_without_address_is_told_at_the_end() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path());
    // RFC 6761: nothing under .invalid has an address.
    let mut handle = perf::start(Order::new(plan("http://nowhere.invalid/")), &Gate::default(), &store).unwrap();
    assert_eq!(handle.finished().await.unwrap_err().code, "load.dns");
    assert_eq!(store.list(), (vec![], vec![]));
}

#[tokio::test]
async fn a_rate_is_kept_to() {
    let server = Server::start(OK, Then::Keep);
    let plan = Plan { requests: None, duration: Duration::from_secs(2), pace: Pace::Rate(50.0), ..plan(&server.url()) };
    let run = conducted(plan).await.run;
    assert!((90..=101).contains(&run.requests), "{} of 100", run.requests);
}

#[tokio::test]
async fn stopping_takes_less_than_200_ms() {
    let server = Server::start(b"", Then::Stall);
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path());
    let mut fastest = Duration::MAX;
    // The machine may be busy with something else once.
    for _ in 0..3 {
        let mut handle = perf::start(Order::new(plan(&server.url())), &Gate::default(), &store).unwrap();
        handle.samples().wait_for(|sample| sample.in_flight == 2).await.unwrap();
        let begun = Instant::now();
        handle.stop();
        let run = handle.finished().await.unwrap().run;
        fastest = fastest.min(begun.elapsed());
        assert_eq!((run.state, run.unfinished), (State::Stopped, 2));
        assert!(handle.samples().borrow().ended.is_some());
    }
    assert!(fastest < Duration::from_millis(200), "{fastest:?}");
}

#[tokio::test]
async fn a_run_that_cannot_be_kept_goes_on_and_says_so() {
    let server = Server::start(OK, Then::Keep);
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("runs"), "a file where the folder should be").unwrap();
    let mut handle = perf::start(Order::new(plan(&server.url())), &Gate::default(), &Store::open(data.path())).unwrap();
    let Finished { run, problems } = handle.finished().await.unwrap();
    assert_eq!((run.requests, run.trouble()), (8, None));
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["results.unwritable"]);
}

#[tokio::test]
async fn load_passes_the_gate_and_is_written_down() {
    let server = Server::start(OK, Then::Keep);
    let data = tempfile::tempdir().unwrap();
    let (store, audit) = (Store::open(data.path()), data.path().join("audit.ndjson"));
    let gate = Gate::new(false, vec!["prod*".into()], Some(audit.clone()));
    let order = Order { cluster: Some(ClusterId::new("prod-eu")), what: Some("service shop/web".into()), ..Order::new(plan(&server.url())) };
    assert_eq!(perf::start(order.clone(), &gate, &store).unwrap_err().code, "gate.name");
    assert_eq!(perf::start(order.clone(), &Gate::new(true, vec![], None), &store).unwrap_err().code, "gate.readonly");
    assert_eq!((server.counted(), audit.exists()), (0, false));
    let run = perf::start(Order { typed: Some("prod-eu".into()), ..order }, &gate, &store).unwrap().finished().await.unwrap().run;
    assert_eq!((run.target.cluster.as_deref(), run.target.what.as_deref()), (Some("prod-eu"), Some("service shop/web")));
    let lines: Vec<Value> = std::fs::read_to_string(audit).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcomes: Vec<_> = lines.iter().map(|line| (line["cluster"].as_str().unwrap(), line["outcome"].as_str().unwrap())).collect();
    assert_eq!(outcomes, [("prod-eu", "started"), ("prod-eu", "done: 8 answers, 0 failures")]);
}

/// The real program with a home of its own.
fn meshplay(home: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshplay"));
    command.args(line.split_whitespace()).env_clear().env("HOME", home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit code, standard output, standard error.
fn ran(home: &Path, line: &str) -> (Option<i32>, String, String) {
    let output = meshplay(home, line).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Starts it and reads what it says of its progress until so many seconds have been told.
fn after_seconds(home: &Path, line: &str, seconds: u64) -> (Child, BufReader<ChildStderr>) {
    let mut child = meshplay(home, line).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.trim_start().starts_with(&format!("{seconds}s ")) {
        told.clear();
        assert!(err.read_line(&mut told).unwrap() > 0, "it ended too early");
    }
    (child, err)
}

#[test]
fn a_run_from_a_script_prints_json_and_nothing_else() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let (code, out, err) = ran(home.path(), &format!("perf run {} -c 2 -n 500 -d 30s -o json", server.url()));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains(&server.url()), "the target is shown: {err}");
    assert_eq!((json["requests"].as_u64(), server.counted()), (Some(500), 500));
    assert_eq!((&json["state"], &json["errors"]), (&"done".into(), &serde_json::json!({})));
    // 500 answers of 13 bytes and a head each.
    assert_eq!(json["bytes"].as_u64(), Some(500 * OK.len() as u64));
    let (rate, elapsed) = (json["requests_per_second"].as_f64().unwrap(), json["elapsed_ns"].as_f64().unwrap() / 1e9);
    assert!((rate * elapsed - 500.0).abs() < 0.01, "{rate} × {elapsed}");
    let latency = |name: &str| json["latencies"][name].as_u64();
    let ordered = ["min", "p50", "p75", "p90", "max"].map(|name| latency(name).unwrap());
    assert!(ordered.is_sorted() && ordered[0] > 1_000 && ordered[4] < 30_000_000_000, "{ordered:?}");
    // Five answers lie beyond p99 of 500.
    assert_eq!((latency("p99"), latency("p99_9")), (None, None));

    let id = json["id"].as_str().unwrap();
    let (code, shown, _) = ran(home.path(), &format!("perf show {id} -o json"));
    assert_eq!((code, shown), (Some(0), out));
    let (code, list, _) = ran(home.path(), "perf list -o json");
    assert_eq!((code, &serde_json::from_str::<Value>(&list).unwrap()["runs"][0]), (Some(0), &json));
    let (_, text, _) = ran(home.path(), "perf show last");
    assert!(text.contains(&server.url()) && text.contains("500") && text.contains("p50"), "{text}");
}

#[test]
fn what_the_target_counts_is_what_is_reported() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let (_, out, _) = ran(home.path(), &format!("perf run {} -c 3 -d 500ms -o json", server.url()));
    let json: Value = serde_json::from_str(&out).unwrap();
    let (requests, unfinished) = (json["requests"].as_u64().unwrap(), json["unfinished"].as_u64().unwrap());
    assert!(requests > 0 && unfinished <= 3, "{json}");
    // A request that was cut off may have reached the target or not.
    assert!((requests..=requests + unfinished).contains(&server.counted()), "{} counted, {requests} + {unfinished}", server.counted());
}

#[test]
fn ctrl_c_ends_a_run_and_its_result_is_printed() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let (child, _err) = after_seconds(home.path(), &format!("perf run {} -c 1 -d 60s --rate 100 -o json", server.url()), 1);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &json["state"]), (Some(0), &"stopped".into()));
    assert!(json["requests"].as_u64().unwrap() > 0 && json["elapsed_ns"].as_u64().unwrap() < 60_000_000_000);
}

#[test]
fn a_killed_run_keeps_what_was_measured() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let (mut child, _err) = after_seconds(home.path(), &format!("perf run {} -c 1 -d 60s --rate 100", server.url()), 2);
    let (_, running, _) = ran(home.path(), "perf show last -o json");
    assert_eq!(serde_json::from_str::<Value>(&running).unwrap()["state"], "running");
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, out, _) = ran(home.path(), "perf show last -o json");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["state"]), (Some(0), &"interrupted".into()));
    // Lines of whole seconds, at 100 a second.
    assert!(json["requests"].as_u64().unwrap() >= 80 && json["latencies"]["max"].is_u64(), "{json}");
    // Every latency was logged, so percentiles are known: those that have ten answers beyond them.
    assert!(json["latencies"]["p50"].is_u64() && json["service"]["p50"].is_u64() && json["lateness"]["p50"].is_u64(), "{json}");
}

#[test]
fn exit_codes_tell_failure_from_wrong_usage() {
    let home = tempfile::tempdir().unwrap();
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let (code, out, err) = ran(home.path(), &format!("perf run http://{address}/ -n 2 -o json"));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["errors"], serde_json::json!({"refused": 2}));
    assert!(code == Some(1) && err.contains("nobody listens there"), "{err}");
    let (code, out, err) = ran(home.path(), &format!("--readonly perf run http://{address}/ -n 2"));
    assert!(code == Some(1) && out.is_empty() && err.contains("read-only"), "{err}");
    for wrong in ["perf run", "perf run ftp://x", "perf run x -c 0", "perf run x -d soon", "perf run x --rate 0", "perf walk"] {
        let (code, out, err) = ran(home.path(), wrong);
        assert!(code == Some(2) && out.is_empty() && !err.is_empty(), "{wrong}: {code:?} {err}");
    }
}

#[test]
fn a_slower_second_address_is_called_worse_and_the_runs_can_be_compared_again() {
    let (home, quick, slow) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep), Server::start(OK, Then::Slow));
    let line = format!("perf compare {} {} --pairs 6 -d 300ms -c 2 -r max --gate p50 -o json", quick.url(), slow.url());
    let (code, out, err) = ran(home.path(), &line);
    assert_eq!(code, Some(0), "{err}");
    let result: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(result["verdict"], "worse", "{result:#}");
    let gated = result["metrics"].as_array().unwrap().iter().find(|metric| metric["metric"] == "p50").unwrap();
    assert!(gated["pairs"] == 6 && gated["ratio"].as_f64().unwrap() > 3.0 && gated["p"] == 0.03125, "{gated:#}");
    assert!(err.contains("1 of 12") && err.contains("12 of 12"), "{err}");
    // The same runs, the other way round.
    let ids = |side: &str| result[side].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect::<Vec<_>>().join(",");
    let (code, out, err) = ran(home.path(), &format!("perf compare {} {} --gate p50", ids("b"), ids("a")));
    assert!(code == Some(0) && out.contains("BETTER  p50"), "{out}{err}");
    // Too few answers for a p99 in any of them, as each of the slow ones took 3 ms.
    let (code, out, err) = ran(home.path(), &format!("perf compare {} {}", ids("b"), ids("a")));
    assert!(code == Some(0) && out.contains("BETTER  p") && !out.contains("BETTER  p99"), "{out}{err}");
    assert!(err.contains("p99 is not known of every run, so p") && err.contains("decides"), "{err}");
    for verb in ["compare", "gate"] {
        let (code, out, err) = ran(home.path(), &format!("perf {verb} {} {}", ids("a"), ids("a")));
        assert!(code != Some(0) && out.is_empty() && err.contains("a run is not compared with itself"), "{verb}: {out}{err}");
    }
}

/// What a plan asks for, with 8 connections for a second and a half.
fn planned(url: &str, pace: Pace) -> Plan {
    Plan { connections: 8, requests: None, duration: Duration::from_millis(1_500), pace, ..plan(url) }
}

#[tokio::test]
async fn a_stall_is_seen_from_the_plan_and_not_from_the_send() {
    // One connection, 200 a second, and every answer takes 20 ms: of each second's slots the target serves 50 at most.
    let server = Server::start(OK, Then::Sluggish);
    let plan = Plan { connections: 1, ..planned(&server.url(), Pace::Rate(200.0)) };
    let run = conducted(plan).await.run;
    let (response, service) = (run.latencies.max.unwrap(), run.service.max.unwrap());
    assert!(run.latencies.p50.unwrap() > 5 * run.service.p50.unwrap() && response > 500_000_000, "{response} {service}");
    assert_eq!(run.stamp, Some(Stamp::Invalid), "three quarters were never sent: {:?}", run.reasons);
    // Every slot of the plan was answered, is under way, or was missed.
    assert!((299..=301).contains(&(run.requests + run.unfinished + run.missed)), "{run:?}");
}

#[tokio::test]
async fn a_rate_that_no_machine_can_hold_ends_in_time_and_is_invalid() {
    let server = Server::start(OK, Then::Keep);
    for pace in [Pace::Rate(1e7), Pace::Poisson { rate: 1e6, seed: 1 }, Pace::Burst { every: Duration::from_millis(1), size: 10_000 }] {
        let begun = Instant::now();
        let run = conducted(Plan { duration: Duration::from_millis(500), ..planned(&server.url(), pace) }).await.run;
        assert!(run.missed > 0 && run.stamp == Some(Stamp::Invalid) && begun.elapsed() < Duration::from_secs(20), "{run:?}");
    }
}

#[tokio::test]
async fn a_refused_plan_is_the_target_s_error_and_every_slot_is_told() {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let run = conducted(Plan { duration: Duration::from_millis(500), ..planned(&format!("http://{address}/"), Pace::Rate(100.0)) }).await.run;
    assert!(run.errors.keys().eq(["refused"]) && run.requests == 0, "{run:?}");
    assert!((49..=51).contains(&(run.failed() + run.missed)), "{run:?}");
}

#[tokio::test]
async fn endpoints_get_their_share_and_a_warm_up_is_told_apart() {
    let (a, b) = (Server::start(OK, Then::Keep), Server::start(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", Then::Keep));
    let also = vec![Endpoint { name: "b".into(), target: Target::parse(&b.url()).unwrap(), weight: 1 }];
    let load = Plan { weight: 3, also, warm_up: Duration::from_millis(300), ..planned(&a.url(), Pace::Rate(400.0)) };
    let run = conducted(Plan { requests: Some(400), duration: Duration::from_secs(20), ..load }).await.run;
    let shares: Vec<_> = run.endpoints.iter().map(|endpoint| (endpoint.requests, endpoint.errors)).collect();
    assert_eq!((run.requests, shares), (400, vec![(300, 0), (100, 100)]), "{run:?}");
    assert_eq!(run.statuses, [(200, 300), (500, 100)].into());
    let warm = run.warm_up.unwrap();
    assert!((100..=120).contains(&warm.requests) && a.counted() + b.counted() == 400 + warm.requests, "{warm:?}");
    assert_eq!(run.peers.values().sum::<u64>(), 400);
}

#[tokio::test]
async fn connections_end_when_they_are_told_to() {
    for (keep_alive, reuse, opened) in [(false, None, 8..=9), (true, Some((2, 2)), 4..=5), (true, None, 1..=2)] {
        let server = Server::start(OK, Then::Keep);
        let run = conducted(Plan { keep_alive, reuse, ..plan(&server.url()) }).await.run;
        let connections = server.connections.load(Ordering::SeqCst);
        assert!((run.requests, run.failed()) == (8, 0) && opened.contains(&connections), "{connections} for {keep_alive} {reuse:?}");
    }
}

#[tokio::test]
async fn another_place_is_connected_to_and_the_name_stays() {
    let server = Server::start(OK, Then::Keep);
    let load = Plan { connect_to: Some(server.address.to_string()), ..plan("http://shop.invalid/") };
    let run = conducted(load).await.run;
    assert_eq!((run.requests, run.peers.keys().map(String::as_str).collect::<Vec<_>>()), (8, vec![server.address.to_string().as_str()]));
}

#[test]
fn a_machine_without_file_descriptors_is_not_the_target_s_fault() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let program = env!("CARGO_BIN_EXE_meshplay");
    let line = format!("ulimit -n 40; exec {program} perf run {} -c 200 -d 1s -o json", server.url());
    let output = Command::new("sh").args(["-c", &line]).env_clear().env("HOME", home.path()).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert!(json["errors"].as_object().unwrap().keys().eq(["fd_exhausted"]) && json["requests"].as_u64().unwrap() > 0, "{json}");
    assert_eq!((&json["stamp"], &json["reasons"][0]["cause"]), (&"invalid".into(), &"descriptors".into()));
    // It is kept all the same, with every latency, and so is what was done to somebody's system.
    let (_, kept, err) = ran(home.path(), "perf show last -o json");
    assert_eq!(serde_json::from_str::<Value>(&kept).ok().as_ref(), Some(&json), "{err}");
    let (_, table, err) = ran(home.path(), "perf export last --format hgrm");
    assert!(table.contains(&format!("Total count    = {:>12}", json["requests"].as_u64().unwrap())) && !err.contains("cut off"), "{table}{err}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("Too many open files (os error 24)\n"), "{}", String::from_utf8_lossy(&output.stderr));
}
