//! A load test that somebody watches in the pane: what watching costs, and how much memory pane and run take together.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::super::figures::{Line, Verdict, median};
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

/// What is allocated once is there by then.
const SETTLED: Duration = Duration::from_secs(20);

/// Memory at one moment in KiB, and how many requests there had been.
#[derive(Clone, Copy)]
struct Point {
    requests: u64,
    pane: u64,
    run: u64,
}

/// A pane with a load test in it. The run has a process of its own, which would outlive this.
struct Pane(Pty);

/// Runs that are watched in turns with runs that are not. Both have a process of their own, so that both are in a session of their own: the kernel shares
/// out processors by sessions.
pub fn beside_headless(effort: &Effort) -> Vec<Line> {
    const WHAT: &str = "HTTP/1.1 against nginx with the live pane on, beside headless";
    let (gate, told) = if effort.loose { (0.5, "≥ 0.5× its requests/s") } else { (0.95, "≥ 0.95× its requests/s") };
    let nginx = match nginx::start(None) {
        Ok(nginx) => nginx,
        Err(why) => return vec![Line::new(WHAT, told, "", Verdict::LeftOut(why))],
    };
    let (mut pane, seconds) = (Pane::open(), effort.times(4, 2));
    let measured = pairs::of(effort.times(12, 3), ["meshplay", "headless"], || Ok(pane.watched(&nginx, seconds)), || headless(&nginx, seconds));
    vec![match measured {
        Ok(pairs) => Line::judged(WHAT, told, pairs.to_string(), pairs.rate() >= gate),
        Err(why) => Line::new(WHAT, told, why, Verdict::Failed),
    }]
}

/// After a million requests, and from there to five million; `--minutes` lets it go on for so long.
pub fn memory(effort: &Effort) -> Vec<Line> {
    let (early, late) = if effort.quick { (100_000, 300_000) } else { (1_000_000, 5_000_000) };
    let nginx = match nginx::start(None) {
        Ok(nginx) => nginx,
        Err(why) => return vec![Line::new("memory of a run and the pane it is watched in", "≤ 64 MiB, growth 0", "", Verdict::LeftOut(why))],
    };
    let mut pane = Pane::open();
    pane.begin(&nginx.url, "24h");
    let more = effort.minutes.map_or(SETTLED, |minutes| Duration::from_secs(60 * minutes));
    let points = pane.followed(early, if effort.minutes.is_some() { 0 } else { late }, more);
    pane.end();
    // One look may fall on a moment at which something is being drawn.
    let about = |points: &[Point]| {
        let of = |what: fn(&Point) -> u64| median(&points.iter().map(what).collect::<Vec<_>>());
        Point { requests: of(|point| point.requests), pane: of(|point| point.pane), run: of(|point| point.run) }
    };
    let quarter = points.len() / 4 + 1;
    let (first, last) = (about(&points[..quarter]), about(&points[points.len() - quarter..]));
    let (pane, run) = (last.pane.saturating_sub(first.pane), last.run.saturating_sub(first.run));
    let what = format!("growth of pane and run from {} to {} requests", spaced(first.requests), spaced(last.requests));
    let growth = Line::judged(what, "≤ 2 MiB and ≤ 0.25 MiB", format!("{} and {}", mib(pane), mib(run)), pane <= 2 << 10 && run <= 256);
    if effort.loose {
        // The program itself is four times as large then.
        return vec![growth];
    }
    let all = |point: &Point| format!("{}: {} the pane and {} the run", mib(point.pane + point.run), mib(point.pane), mib(point.run));
    let judged = |point: &Point| {
        let what = format!("memory of a run and the pane it is watched in after {} requests", spaced(point.requests));
        Line::judged(what, "≤ 64 MiB", all(point), point.pane + point.run <= 64 << 10)
    };
    vec![judged(&first), judged(&last), growth]
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

    /// Looks at it five times a second, from so many requests on until so many, and for so long.
    fn followed(&self, early: u64, late: u64, time: Duration) -> Vec<Point> {
        let (begun, mut points, mut counts) = (Instant::now(), Vec::<Point>::new(), None::<Instant>);
        let mut told = Duration::ZERO;
        loop {
            linger(Duration::from_millis(200));
            let point = self.point();
            if counts.is_none() && point.requests >= early && begun.elapsed() > SETTLED {
                counts = Some(Instant::now());
            }
            if counts.is_some() {
                points.push(point);
            }
            if begun.elapsed() > told + Duration::from_secs(10) {
                told = begun.elapsed();
                say(&format!("  {} requests, {} the pane and {} the run", spaced(point.requests), mib(point.pane), mib(point.run)));
            }
            if point.requests >= late && counts.is_some_and(|counts| counts.elapsed() > time) {
                return points;
            }
            assert!(begun.elapsed() < time + Duration::from_secs(600), "it does not get on: {}", self.0.screen());
        }
    }

    fn point(&self) -> Point {
        let of = |pid| machine::resident(pid).unwrap_or(0);
        Point { requests: self.answers(), pane: of(self.0.pid()), run: machine::children(self.0.pid()).into_iter().map(of).sum() }
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

fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

/// `1,000,000`.
fn spaced(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}
