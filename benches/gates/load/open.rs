//! Five thousand requests a second by plan, seen at the server: how evenly they come, and whether a server that freezes is told as long as it was felt.

use std::time::Duration;

use super::super::figures::{Line, Verdict, median, percentile};
use super::super::{Effort, machine, say};
use super::child;
use super::pairs::STOLEN;
use super::peers::{FORTIO, HEY, Installed, OHA, Peer, Task, VEGETA};
use super::serve::{FREEZE, Server};

/// Requests a second; and where all that is wanted is that a busy machine does the right thing.
const RATE: usize = 5_000;
const GENTLE: usize = 500;
const CONNECTIONS: usize = 64;

/// A run of six seconds that stands still for half a second in its middle.
const SECONDS: usize = 6;

const PEERS: [&Peer; 4] = [&OHA, &FORTIO, &HEY, &VEGETA];

/// How evenly requests came.
struct Arrivals {
    /// Off the rate that was wanted, as a share of it.
    error: f64,
    /// Behind the evenly spaced line that none is before.
    p50: Duration,
    p99: Duration,
}

/// Rate and lateness at the server.
pub fn evenly(effort: &Effort) -> Vec<Line> {
    let rate = rate(effort);
    let what = |what: &str| format!("open loop, {rate} a second, seen at the server: {what}");
    let (mut server, folder) = (Server::start("timed", core(0)), tempfile::tempdir().expect("a folder"));
    let url = server.url.clone();
    let task = Task { seconds: effort.times(6, 3), ..task(&url, rate, folder.path()) };
    let wanted = effort.times(5, 2);
    let (mut runs, mut disturbed) = (Vec::new(), 0);
    for _ in 0..2 * wanted {
        if runs.len() == wanted {
            break;
        }
        let before = machine::stolen();
        server.ask("again");
        let tally = Installed::ours().load(&task).unwrap_or_else(|why| panic!("{why}"));
        let arrivals = Arrivals::read(&server.ask("arrivals"), rate);
        let stolen = machine::stolen_since(before);
        let itself = tally.late.map_or_else(String::new, |(p50, p99)| format!("; it says {} p50, {} p99", micros(p50), micros(p99)));
        let remark = if stolen <= STOLEN { "" } else { ", dropped" };
        say(&format!("  {arrivals}{itself}; {:.1} % stolen{remark}", stolen * 100.0));
        if stolen <= STOLEN {
            runs.push(arrivals);
        } else {
            disturbed += 1;
        }
    }
    assert!(!runs.is_empty(), "the hypervisor took more than 3 % in all {disturbed} runs");
    let dropped = if disturbed > 0 { format!("; {disturbed} dropped for stolen time") } else { String::new() };
    let of = |what: fn(&Arrivals) -> Duration| runs.iter().map(what).collect::<Vec<_>>();
    let (p50, p99) = (of(|run| run.p50), of(|run| run.p99));
    let error = median(&runs.iter().map(|run| run.error.abs()).collect::<Vec<_>>());
    let range = |all: &[Duration]| format!("{} [{}..{}]", micros(median(all)), micros(percentile(all, 0.0)), micros(percentile(all, 1.0)));
    let mut lines = if effort.loose {
        // How late is a matter of the machine.
        vec![Line::judged(what("rate"), "within 1 %", format!("{:.3} % off", error * 100.0), error <= 0.01)]
    } else {
        let judged = |name: &str, gate: u64, all: &[Duration]| {
            Line::judged(
                what(name),
                format!("≤ {gate} µs"),
                format!("{}, median of {} runs{dropped}", range(all), all.len()),
                median(all) <= Duration::from_micros(gate),
            )
        };
        vec![
            Line::judged(what("rate"), "within 0.05 %", format!("{:.4} % off", error * 100.0), error <= 0.0005),
            judged("late, p50", 100, &p50),
            judged("late, p99", 500, &p99),
        ]
    };
    if !effort.loose {
        let late = |server: &mut Server, installed: &Installed| {
            server.ask("again");
            installed.load(&task).map(|_| micros(Arrivals::read(&server.ask("arrivals"), rate).p50))
        };
        lines.push(beside(&what("late, p50, of others"), &mut server, late));
    }
    lines
}

/// The slowest hundredth, where theory knows it.
pub fn frozen(effort: &Effort) -> Vec<Line> {
    let rate = rate(effort);
    let what = |what: &str| format!("one stall of {} ms in {SECONDS} s at {rate} a second: {what}", FREEZE.as_millis());
    let (mut server, folder) = (Server::start("timed", core(0)), tempfile::tempdir().expect("a folder"));
    let url = server.url.clone();
    let task = task(&url, rate, folder.path());
    // Requests planned in the stall wait for what is left of it; the slowest hundredth of all is the first of them.
    let theory = FREEZE - Duration::from_secs(SECONDS as u64) / 100;
    let p99 = |server: &mut Server, installed: &Installed| {
        server.ask("freeze");
        installed.load(&task)?.p99.ok_or_else(|| "no p99".to_owned())
    };
    let told: Vec<Duration> = (0..effort.times(3, 1)).map(|_| p99(&mut server, &Installed::ours()).unwrap_or_else(|why| panic!("{why}"))).collect();
    let (share, least) = if effort.loose { (0.25, "25 %") } else { (0.05, "5 %") };
    let off = median(&told).as_secs_f64() / theory.as_secs_f64() - 1.0;
    let measured = format!("{} ms, {:+.1} %", median(&told).as_millis(), off * 100.0);
    let mut lines = vec![Line::judged(what("p99 as told"), format!("{} ms within {least}", theory.as_millis()), measured, off.abs() <= share)];
    if !effort.loose {
        let told = |server: &mut Server, installed: &Installed| p99(server, installed).map(|p99| format!("{:.1} ms", p99.as_secs_f64() * 1e3));
        lines.push(beside(&what("p99 as others tell it"), &mut server, told));
    }
    lines
}

fn rate(effort: &Effort) -> usize {
    if effort.loose { GENTLE } else { RATE }
}

/// A core for the server and one for the generator, where there are two.
fn core(number: usize) -> Option<usize> {
    child::cores_apart().then_some(number)
}

fn task<'a>(url: &'a str, rate: usize, folder: &'a std::path::Path) -> Task<'a> {
    Task { url, seconds: SECONDS, connections: CONNECTIONS, streams: None, rate: Some(rate), fresh: false, core: core(1), folder }
}

/// What others do, in one line.
fn beside(what: &str, server: &mut Server, mut measure: impl FnMut(&mut Server, &Installed) -> Result<String, String>) -> Line {
    let told: Vec<String> = PEERS
        .into_iter()
        .map(|peer| {
            let measured = peer.installed().and_then(|installed| measure(server, &installed));
            let measured = measured.unwrap_or_else(|why| {
                say(&format!("  {why}"));
                "–".into()
            });
            say(&format!("  {} {measured}", peer.name));
            format!("{} {measured}", peer.name)
        })
        .collect();
    Line::new(what, "", told.join(", "), Verdict::Told)
}

impl Arrivals {
    /// From moments in nanoseconds, and the rate that was wanted.
    fn read(text: &str, wanted: usize) -> Self {
        let mut moments: Vec<f64> = text.split_whitespace().map(|word| word.parse::<f64>().expect("a number") / 1e9).collect();
        assert!(moments.len() > 1, "nothing came");
        moments.sort_by(f64::total_cmp);
        // Of the line that fits best (least squares).
        let middle = (moments.len() - 1) as f64 / 2.0;
        let (above, below) = moments.iter().enumerate().fold((0.0, 0.0), |(above, below), (number, moment)| {
            let off = number as f64 - middle;
            (above + off * moment, below + off * off)
        });
        let rate = below / above;
        // The evenly spaced line of the plan is the latest that none is before.
        let behind = |(number, moment): (usize, &f64)| moment - number as f64 / wanted as f64;
        let earliest = moments.iter().enumerate().map(behind).fold(f64::MAX, f64::min);
        let late: Vec<f64> = moments.iter().enumerate().map(|one| behind(one) - earliest).collect();
        let at = |share| Duration::from_secs_f64(percentile(&late, share).max(0.0));
        Self { error: rate / wanted as f64 - 1.0, p50: at(0.5), p99: at(0.99) }
    }
}

impl std::fmt::Display for Arrivals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rate {:+.4} %, {} p50, {} p99", self.error * 100.0, micros(self.p50), micros(self.p99))
    }
}

fn micros(time: Duration) -> String {
    format!("{} µs", time.as_micros())
}
