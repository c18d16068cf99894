//! The search for the highest rate, and schedules, by the real program.

use serde_json::Value;

use super::{OK, Server, Then, meshplay, ran};

#[test]
fn a_target_of_a_known_speed_is_found_to_be_no_faster() {
    // Each connection waits three milliseconds before each answer: two of them give no more than 667 answers a second.
    let (home, slow) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Slow));
    let line = format!("perf search {} --slo p50<30ms,errors<1% -c 2 -d 400ms --warm-up 100ms --precision 40 --repeats 2 -o json", slow.url());
    let (code, out, err) = ran(home.path(), &line);
    let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    let rate = answer["rate"].as_f64().unwrap_or_else(|| panic!("{answer:#}{err}"));
    assert!(code == Some(0) && (25.0..720.0).contains(&rate), "{rate} {err}");
    assert!(answer["above"]["rate"].as_f64().unwrap() > rate && answer["confirmed"]["held"] == 2, "{answer:#}");
    assert!(err.contains("confirming"), "{err}");
    let text = ran(home.path(), "perf list").1;
    assert!(text.contains("STARTED"), "every run of it is kept: {text}");
}

#[test]
fn an_objective_that_never_holds_is_said_so() {
    let (home, slow) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Slow));
    let (code, out, err) =
        ran(home.path(), &format!("perf search {} --slo p50<1ms -c 2 -d 200ms --warm-up 0.01s --from 4096 --repeats 1", slow.url()));
    assert!(code == Some(1) && out.contains("VERDICT") && err.contains("no rate was found"), "{out}{err}");
    for wrong in ["--slo p50", "--slo p98<1ms", "--slo p50<1ms --from 0", ""] {
        let (code, _, err) = ran(home.path(), &format!("perf search 127.0.0.1:9 {wrong}"));
        assert!(code == Some(2) && !err.is_empty(), "{wrong}: {err}");
    }
}

#[test]
fn a_schedule_is_kept_and_what_was_missed_is_told() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let add = |name: &str| {
        let mut command = meshplay(home.path(), "perf schedule add");
        command.args([name, &server.url(), "--cron", "* * * * *", "-d", "200ms", "-c", "1", "--rate", "100", "--runs", "2"]);
        command.output().unwrap()
    };
    assert!(add("often").status.success());
    let again = add("often");
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("one of that name"));
    let (code, out, _) = ran(home.path(), "perf schedule list -o json");
    let listed: Value = serde_json::from_str(&out).unwrap();
    assert!(code == Some(0) && listed["schedules"][0]["next"].is_string(), "{out}");

    // Somebody looked after it an hour ago and not since: what lies longer back than the grace was missed, the newest is due now.
    let state = home.path().join(".local/state/meshplay");
    std::fs::create_dir_all(&state).unwrap();
    let hour = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    let hour = jiff::Timestamp::try_from(hour).unwrap();
    std::fs::write(state.join("schedules.json"), serde_json::json!({"often": hour.to_string()}).to_string()).unwrap();
    let mut child = meshplay(home.path(), "perf schedule run").spawn().unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    for _ in 0..2 {
        let mut id = String::new();
        std::io::BufRead::read_line(&mut out, &mut id).unwrap();
        let (_, run, _) = ran(home.path(), &format!("perf show {} -o json", id.trim()));
        assert_eq!(serde_json::from_str::<Value>(&run).unwrap()["state"], "done");
    }
    let (code, _, err) = ran(home.path(), "perf schedule run");
    assert!(code == Some(1) && err.contains("another program"), "{err}");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    let mut told = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut told).unwrap();
    assert!(child.wait().unwrap().success() && told.contains("was missed"), "{told}");
    assert_eq!(ran(home.path(), "perf schedule remove often").0, Some(0));
    assert!(ran(home.path(), "perf schedule list").1.contains("no schedules yet"));
}
