//! A load test that somebody watches in the pane: what watching costs, and how much memory pane and run take together.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::super::figures::{Line, Verdict};
use super::super::pty::Pty;
use super::super::screen::{self, PATIENCE, linger};
use super::super::{Effort, machine, say};
use super::child;
use super::nginx::{self, Nginx};
use super::pairs;
use super::peers::Tally;

const CONNECTIONS: &str = "64";

/// Where runs are kept below a home.
const RUNS: &str = ".local/share/meshplay/runs";

/// A pane with a load test in it. The run has a process of its own, which would outlive this.
struct Pane(Pty);

/// Runs that are watched in turns with runs that are not. Both have a process of their own, so that both are in a session of their own: the kernel shares
/// out processors by sessions.
pub fn beside_headless(effort: &Effort) -> Vec<Line> {
    const WHAT: &str = "HTTP/1.1 against nginx with the live pane on, beside headless";
    let (gate, told) = if effort.loose { (0.5, "≥ 0.5× its requests/s") } else { (0.95, "≥ 0.95× its requests/s") };
    let nginx = match nginx::start() {
        Ok(nginx) => nginx,
        Err(why) => return vec![Line::new(WHAT, told, "", Verdict::LeftOut(why))],
    };
    let (mut pane, seconds) = (Pane::open(), effort.times(4, 2));
    let measured = pairs::of(effort.times(12, 3), "headless", || Ok(pane.watched(&nginx, seconds)), || headless(&nginx, seconds));
    vec![match measured {
        Ok(pairs) => Line::judged(WHAT, told, pairs.to_string(), pairs.rate() >= gate),
        Err(why) => Line::new(WHAT, told, why, Verdict::Failed),
    }]
}

/// After a hundred thousand requests and a million; `--minutes` lets it go on for so long.
pub fn memory(effort: &Effort) -> Vec<Line> {
    let (early, late) = if effort.quick { (20_000, 200_000) } else { (100_000, 1_000_000) };
    let what = |count: u64| format!("memory of pane and run after {} requests", spaced(count));
    let nginx = match nginx::start() {
        Ok(nginx) => nginx,
        Err(why) => return vec![Line::new(what(late), "≤ 64 MiB, growth 0", "", Verdict::LeftOut(why))],
    };
    let mut pane = Pane::open();
    pane.begin(&nginx.url, "24h");
    let (begun, limit) = (Instant::now(), effort.minutes.map(|minutes| Duration::from_secs(60 * minutes)));
    let (mut first, mut told) = (None, Duration::ZERO);
    let (count, last) = loop {
        linger(Duration::from_millis(200));
        let (count, resident) = (pane.answers(), pane.resident());
        if first.is_none() && count >= early {
            first = Some((count, resident));
        }
        if begun.elapsed() > told + Duration::from_secs(30) {
            told = begun.elapsed();
            say(&format!("  {} requests, {}", spaced(count), mib(resident)));
        }
        if limit.map_or(count >= late, |limit| begun.elapsed() >= limit) {
            break (count, resident);
        }
        assert!(limit.is_some() || begun.elapsed() < Duration::from_secs(600), "it does not get on: {}", pane.0.screen());
    };
    pane.end();
    let (from, before) = first.expect("it began small");
    let grown = last.0 + last.1 - (before.0 + before.1).min(last.0 + last.1);
    let measured = format!("{}; {} after {}", mib(last), mib(before), spaced(from));
    let flat = grown <= 1 << 10;
    vec![
        Line::judged(what(count), "≤ 64 MiB", measured, last.0 + last.1 <= 64 << 10),
        Line::judged(
            format!("its growth between {} and {}", spaced(from), spaced(count)),
            "≤ 1 MiB",
            format!("{:.1} MiB", grown as f64 / 1024.0),
            flat,
        ),
    ]
}

/// A run without anybody, from its start to its end.
fn headless(nginx: &Nginx, seconds: usize) -> Result<Tally, String> {
    let folder = nginx.folder.path();
    let before = kept(folder).len();
    let mut command = child::command(env!("CARGO_BIN_EXE_meshplay").as_ref(), None, folder);
    command.args(["perf", "run", &nginx.url, "-c", CONNECTIONS, "-d", &format!("{seconds}s"), "--rate", "max", "--detach"]);
    child::run(command, folder, PATIENCE, |_| {})?;
    Ok(ended(folder, before, seconds))
}

impl Pane {
    fn open() -> Self {
        let nowhere = tempfile::tempdir().expect("a folder");
        let pty = screen::open(&nowhere.path().join("none"), &["--sandbox", "-c", "perf"]);
        pty.wait(|screen| screen.contains("Perf"), PATIENCE);
        Self(pty)
    }

    /// Fills in the form.
    fn begin(&mut self, url: &str, time: &str) {
        self.0.send(format!(":load {url}\r"));
        self.0.wait(|screen| screen.contains("ends itself"), PATIENCE);
        // From the button to the address, then down; ctrl-u empties a field.
        self.0.send(format!("\t\t\x15{CONNECTIONS}\t\x15{time}\t\x15max\r"));
        self.0.wait(|screen| !screen.contains("ends itself") && screen.contains("running"), PATIENCE);
    }

    /// A whole run.
    fn watched(&mut self, nginx: &Nginx, seconds: usize) -> Tally {
        let home = self.0.home.path().to_owned();
        let before = kept(&home).len();
        self.begin(&nginx.url, &format!("{seconds}s"));
        let tally = ended(&home, before, seconds);
        self.0.wait(|screen| !screen.contains("running"), PATIENCE);
        tally
    }

    /// How many answers it shows.
    fn answers(&self) -> u64 {
        let screen = self.0.screen();
        let number = screen.split_once("answers ").and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or_default();
        number.replace(',', "").parse().unwrap_or(0)
    }

    /// KiB of the pane and of the process of its run.
    fn resident(&self) -> (u64, u64) {
        let of = |pid| machine::resident(pid).unwrap_or(0);
        (of(self.0.pid()), machine::children(self.0.pid()).into_iter().map(of).sum())
    }

    /// Ends the run.
    fn end(&mut self) {
        self.0.send("\x04");
        self.0.wait(|screen| !screen.contains("running"), PATIENCE);
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        for run in machine::children(self.0.pid()).into_iter().filter_map(Pid::from_raw) {
            _ = kill_process(run, Signal::TERM);
        }
    }
}

/// The summaries of all runs below a home.
fn kept(home: &Path) -> Vec<Value> {
    let folders = fs::read_dir(home.join(RUNS)).into_iter().flatten().flatten();
    folders.filter_map(|folder| serde_json::from_slice(&fs::read(folder.path().join("run.json")).ok()?).ok()).collect()
}

/// Waits until there is one more that has ended.
fn ended(home: &Path, before: usize, seconds: usize) -> Tally {
    let begun = Instant::now();
    loop {
        linger(Duration::from_millis(100));
        let runs = kept(home);
        if runs.len() > before && runs.iter().all(|run| run["state"] != "running") {
            let newest = runs.iter().max_by_key(|run| run["id"].as_str().unwrap_or_default().to_owned()).expect("there is one");
            assert_eq!(newest["state"], "done", "{newest}");
            let number = |value: &Value| value.as_f64().expect("a number");
            let cpu = Duration::from_nanos(newest["client_cpu_ns"].as_u64().unwrap_or(0));
            return Tally { rate: number(&newest["requests_per_second"]), requests: number(&newest["requests"]), cpu, ..Tally::default() };
        }
        assert!(begun.elapsed() < PATIENCE + Duration::from_secs(2 * seconds as u64), "the run does not end");
    }
}

fn mib((pane, run): (u64, u64)) -> String {
    let mib = |kib: u64| kib as f64 / 1024.0;
    format!("{:.1} MiB, {:.1} of them the pane", mib(pane + run), mib(pane))
}

/// `1,000,000`.
fn spaced(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}
