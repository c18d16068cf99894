//! Results from and to other programs' files, through the program; Fortio's own code reads what is exported.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::{OK, Server, Then, ran};

/// Go with Fortio as a module, or why that is not there. In CI it has to be.
fn fortio() -> Option<PathBuf> {
    let places = ["go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"];
    let go = places.into_iter().find(|place| Command::new(place).arg("version").output().is_ok_and(|output| output.status.success()));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fortio");
    let fetched = go.map(|go| Command::new(go).args(["mod", "download"]).current_dir(&folder).output().is_ok_and(|output| output.status.success()));
    match (go, fetched) {
        (Some(go), Some(true)) => Some(go.into()),
        (go, _) => {
            let why = if go.is_none() { "there is no Go here" } else { "Fortio's modules cannot be fetched" };
            assert!(std::env::var_os("MESHPLAY_REQUIRE_REAL").is_none(), "{why}");
            println!("skipped: {why}");
            None
        }
    }
}

fn go_test(go: &Path, name: &str, environment: &[(&str, &Path)]) {
    let mut command = Command::new(go);
    command.args(["test", "-count=1", "-v", "-run", name, "."]).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fortio"));
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains(&format!("--- PASS: {name}")), "{said}");
}

#[test]
fn fortios_own_code_reads_our_export_and_we_read_fortios() {
    let Some(go) = fortio() else { return };
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let (export, own, theirs) = (home.path().join("export.json"), home.path().join("run.json"), home.path().join("fortio.json"));
    let (code, out, err) = ran(home.path(), &format!("perf run {} -c 2 -n 20000 -d 60s -r max -o json", server.url()));
    assert_eq!(code, Some(0), "{err}");
    std::fs::write(&own, out).unwrap();
    let (code, _, err) = ran(home.path(), &format!("perf export last --format fortio -o {}", export.display()));
    assert!(code == Some(0) && err.contains("fortio does not carry"), "{err}");
    go_test(&go, "TestFortioReadsOurExport", &[("MESHPLAY_EXPORT", &export), ("MESHPLAY_RUN", &own)]);

    go_test(&go, "TestFortioWritesWhatWeImport", &[("MESHPLAY_FORTIO", &theirs)]);
    let (code, id, err) = ran(home.path(), &format!("perf import {}", theirs.display()));
    assert!(code == Some(0) && err.contains("UserCredentials"), "{err}");
    let (_, shown, _) = ran(home.path(), &format!("perf show {} -o json", id.trim()));
    assert!(!shown.contains("hunter2") && !shown.contains("bWU6aHVudGVyMg"), "{shown}");
    let (shown, file): (Value, Value) = (serde_json::from_str(&shown).unwrap(), serde_json::from_slice(&std::fs::read(&theirs).unwrap()).unwrap());
    let rows = file["DurationHistogram"]["Percentiles"].as_array().unwrap();
    for (percentile, name) in [(50.0, "p50"), (90.0, "p90"), (99.0, "p99")] {
        let wanted = rows.iter().find(|row| row["Percentile"] == percentile).unwrap()["Value"].as_f64().unwrap() * 1e9;
        let have = shown["latencies"][name].as_f64().unwrap();
        assert!((have - wanted).abs() <= 2.0, "{name}: {have} is not {wanted}");
    }
    assert_eq!((shown["requests"].as_u64(), shown["errors"]["status_5xx"].as_u64()), (Some(2000), file["RetCodes"]["503"].as_u64()));
}

#[test]
fn every_format_is_written_and_what_is_read_again_is_the_same() {
    let (home, server) = (tempfile::tempdir().unwrap(), Server::start(OK, Then::Keep));
    let (_, out, _) = ran(home.path(), &format!("perf run {} -c 2 -n 3000 -d 60s -r max -o json", server.url()));
    let run: Value = serde_json::from_str(&out).unwrap();
    let folder = home.path().join(format!(".local/share/meshplay/runs/{}", run["id"].as_str().unwrap()));
    let environment: Value = serde_json::from_slice(&std::fs::read(folder.join("environment.json")).unwrap()).unwrap();
    assert_eq!((&environment["id"], environment["processors"].as_u64() > Some(0)), (&run["provenance"]["environment"], true));
    for format in ["fortio", "hdr", "hgrm"] {
        let file = home.path().join(format);
        let (code, _, err) = ran(home.path(), &format!("perf export {} -f {format} -o {}", run["id"].as_str().unwrap(), file.display()));
        assert_eq!(code, Some(0), "{err}");
        let (code, id, err) = ran(home.path(), &format!("perf import {}", file.display()));
        assert_eq!(code, Some(0), "{format}: {err}");
        let (_, again, _) = ran(home.path(), &format!("perf show {} -o json", id.trim()));
        let again: Value = serde_json::from_str(&again).unwrap();
        assert_eq!((again["requests"].as_u64(), &again["provenance"]["imported"]["format"]), (Some(3000), &format.into()), "{again:#}");
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
            let (have, wanted) = (again["latencies"][name].as_f64().unwrap(), run["latencies"][name].as_f64().unwrap());
            // A percentile table has a row for every so many answers only: both lie between the same two of them.
            let (low, high) = if format == "hgrm" { rows_around(&file, share) } else { (wanted, wanted) };
            assert!((low * 0.998..=high * 1.002).contains(&have), "{format} {name}: {have} is not {wanted}, or from {low} to {high}");
            assert!((low * 0.998..=high * 1.002).contains(&wanted), "{format} {name}: {wanted} is not from {low} to {high}");
        }
    }
    let (code, csv, _) = ran(home.path(), &format!("perf export {} -f csv", run["id"].as_str().unwrap()));
    assert!(code == Some(0) && csv.starts_with("elapsed_s,") && csv.lines().count() >= 2, "{csv}");
    let (code, _, err) = ran(home.path(), &format!("perf export last -f csv -o {}", home.path().join("hdr").display()));
    assert!(code == Some(1) && err.contains("was not written"), "{err}");
}

/// The values, in nanoseconds, of the rows of a percentile table before and after a share of the answers.
fn rows_around(file: &Path, share: f64) -> (f64, f64) {
    let text = std::fs::read_to_string(file).unwrap();
    let row = |line: &str| {
        let mut numbers = line.split_whitespace().map_while(|word| word.parse::<f64>().ok());
        Some((numbers.next()? * 1e6, numbers.next()?))
    };
    let rows: Vec<(f64, f64)> = text.lines().filter_map(row).collect();
    let low = rows.iter().rev().find(|row| row.1 <= share).map_or(0.0, |row| row.0);
    (low, rows.iter().find(|row| row.1 >= share).unwrap().0)
}

#[test]
fn broken_files_are_told_and_the_others_are_read_and_listed() {
    let home = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fortio.json");
    let whole = std::fs::read_to_string(&fixture).unwrap();
    let broken = home.path().join("broken.json");
    std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let (code, out, err) = ran(home.path(), &format!("perf import {} /dev/zero {}", broken.display(), fixture.display()));
    assert_eq!((code, out.lines().count(), err.matches("meshplay: ").count()), (Some(1), 1, 2), "{out}{err}");
    // The same file is the same run.
    let (code, again, err) = ran(home.path(), &format!("perf import {}", fixture.display()));
    assert!(code == Some(0) && again == out && err.contains("already"), "{again}{err}");
    let runs = home.path().join(".local/share/meshplay/runs");
    for (name, text) in [("cut", &whole[..100]), ("negative", r#"{"requests": -1}"#), ("large", r#"{"requests_per_second": 1e999}"#)] {
        std::fs::create_dir(runs.join(name)).unwrap();
        std::fs::write(runs.join(name).join("run.json"), text).unwrap();
    }
    let (code, list, err) = ran(home.path(), "perf list -o json");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((code, list["runs"].as_array().unwrap().len(), err.matches("cannot be read").count()), (Some(0), 1, 3), "{err}");
}

/// What the program says where no file may be longer than so many blocks of 512 bytes, as on a disk that is full.
fn crammed(home: &Path, blocks: usize, line: &str) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_meshplay");
    let mut command = Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec {program} {line}")]);
    let output = command.env_clear().env("HOME", home).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_full_disk_leaves_no_half_run_and_no_half_file() {
    use meshplay::results::formats::hdr;
    let home = tempfile::tempdir().unwrap();
    let mut second = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
    (1..=2_000u64).for_each(|at| second.record(at * 7_919).unwrap());
    let line = |at: u64| hdr::line(None, Duration::from_secs(at), Duration::from_secs(1), &second).unwrap();
    let log = hdr::header("2026-11-22T21:05:55Z".parse().unwrap()) + &(0..100).map(line).collect::<String>();
    let (file, export) = (home.path().join("a.hlog"), home.path().join("b.hlog"));
    std::fs::write(&file, &log).unwrap();
    let runs = || serde_json::from_str::<Value>(&ran(home.path(), "perf list -o json").1).unwrap()["runs"].as_array().unwrap().len();
    // First its summary does not fit, then its log.
    for blocks in [1, log.len() / 1_024] {
        let (code, err) = crammed(home.path(), blocks, &format!("perf import {}", file.display()));
        assert!(code == Some(1) && err.contains("is not kept") && err.contains("import it again"), "{blocks}: {err}");
        assert_eq!((runs(), std::fs::read_dir(home.path().join(".local/share/meshplay/runs")).map_or(0, Iterator::count)), (0, 0), "{blocks}");
    }
    let (code, id, err) = ran(home.path(), &format!("perf import {}", file.display()));
    assert!(code == Some(0) && !err.contains("already") && runs() == 1, "{err}");
    let (code, err) = crammed(home.path(), 2, &format!("perf export {} -f hdr -o {}", id.trim(), export.display()));
    assert!(code == Some(1) && err.contains("was not written") && !export.exists(), "{err}");
}
