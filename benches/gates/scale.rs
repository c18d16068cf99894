//! A hundred thousand pods in a sandbox of another process: memory, also while the list is taken again; letters of a filter; orders; and scrolling while
//! fifty thousand are listed again.

use std::thread;
use std::time::{Duration, Instant};

use super::figures::{Line, median, percentile, span};
use super::keys::{self, Chance};
use super::process::Served;
use super::screen::{self, PATIENCE, linger};
use super::{Effort, machine, say};

const PODS: usize = 100_000;
/// Steady memory that is allowed, in KiB.
const STEADY: u64 = 200 << 10;

/// Resident memory when everything has come, the peak until then, and the peak of a list that is taken again.
pub fn memory(_: &Effort) -> Vec<Line> {
    let mut server = Served::with(&["--pods", &PODS.to_string(), "--still"]);
    let pty = screen::open_rows(&server.kubeconfig, PODS);
    machine::rest(pty.pid());
    let (now, first) = machine::memory(pty.pid());
    let (mark, rows) = (pty.mark(), screen::rows(&pty.screen()));
    machine::forget_peak(pty.pid());
    // The new server knows nothing of the old one's versions: the watch is told to list again.
    server.kill();
    let server = server.revive_with(&["--pods", &(PODS - 1).to_string(), "--still"]);
    pty.wait(|screen| screen::rows(screen) == rows - 1 && !screen.contains("as of"), PATIENCE);
    machine::rest(pty.pid());
    let (after, again) = machine::memory(pty.pid());
    let mut fewest = rows;
    screen::replay(&pty, |frame, seen| {
        if frame.end > mark {
            fewest = fewest.min(screen::rows(&seen.contents()));
        }
    });
    drop(server);
    let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
    let peak = |what: &str, peak: u64| {
        let measured = format!("{}, {:.2}×", mib(peak), peak as f64 / now as f64);
        Line::judged(what, "≤ 1.5× the steady one", measured, peak as f64 <= 1.5 * now as f64)
    };
    vec![
        Line::judged("resident memory with 100,000 pods, at rest", mib(STEADY), mib(now), now <= STEADY),
        peak("peak of resident memory until then", first),
        peak("peak while all of them are listed again (410)", again),
        Line::judged("resident memory after that, at rest", mib(STEADY), mib(after), after <= STEADY),
        Line::judged("fewest rows shown meanwhile, of 100,000", "all that stay", format!("{fewest} of {}", rows - 1), fewest + 1 >= rows),
    ]
}

/// Letters of a filter.
pub fn filter(effort: &Effort) -> Vec<Line> {
    let server = Served::with(&["--pods", &PODS.to_string(), "--still"]);
    let mut pty = screen::open_rows(&server.kubeconfig, PODS);
    machine::rest(pty.pid());
    vec![keys::letters(effort, &mut pty, "filter key → frame at 100,000 rows", Duration::from_millis(60))]
}

/// Every key that sorts, in turns.
pub fn sort(effort: &Effort) -> Vec<Line> {
    const GATE: Duration = Duration::from_millis(60);
    let server = Served::with(&["--pods", &PODS.to_string(), "--still"]);
    let mut pty = screen::open_rows(&server.kubeconfig, PODS);
    machine::rest(pty.pid());
    let presses: Vec<(Instant, &str)> = ["S", "A", "P", "N", "N", "A"]
        .repeat(effort.times(5, 1))
        .into_iter()
        .map(|key| {
            linger(Duration::from_millis(500));
            let at = Instant::now();
            pty.send(key);
            (at, key)
        })
        .collect();
    linger(Duration::from_millis(500));
    let mut sights = Vec::new();
    screen::replay(&pty, |frame, seen| sights.push(keys::Sight { at: frame.at, what: seen.contents() }));
    let answered: Vec<Duration> = presses.iter().filter_map(|(at, _)| keys::settled(&sights, *at, *at + Duration::from_millis(500))).collect();
    let worst = percentile(&answered, 1.0);
    let measured = format!("{} median, {} the longest of {}", span(median(&answered)), span(worst), answered.len());
    vec![Line::judged("sort key → frame at 100,000 rows", span(GATE), measured, median(&answered) <= GATE && answered.len() == presses.len())]
}

/// j and k while the server is another one that has to be listed anew.
pub fn relist(_: &Effort) -> Vec<Line> {
    const GATE: Duration = Duration::from_millis(50);
    let pods = PODS / 2;
    let mut server = Served::with(&["--pods", &pods.to_string(), "--still"]);
    let mut pty = screen::open_rows(&server.kubeconfig, pods);
    machine::rest(pty.pid());
    let rows = screen::rows(&pty.screen());
    server.kill();
    let revived = thread::spawn(move || server.revive_with(&["--pods", &(pods - 1).to_string(), "--still"]));
    let mut done: Option<Instant> = None;
    let begun = Instant::now();
    let presses = keys::moves(&mut pty, &mut Chance(5), Duration::from_millis(20), |pty, _| {
        if done.is_none() && screen::rows(&pty.screen()) == rows - 1 {
            done = Some(Instant::now());
        }
        assert!(begun.elapsed() < 2 * PATIENCE, "the list never came");
        done.is_none_or(|done| done.elapsed() < Duration::from_secs(1))
    });
    let server = revived.join().expect("the server starts again");
    let answered = keys::answers(&pty, &presses);
    drop(server);
    say(&format!("  {} keys in {:.1} s", presses.len(), begun.elapsed().as_secs_f64()));
    let measured = format!("{} median, {} the longest of {}", span(median(&answered)), span(percentile(&answered, 1.0)), presses.len());
    let holds = percentile(&answered, 1.0) <= GATE && answered.len() == presses.len();
    vec![Line::judged("key → frame while 50,000 objects are listed again (410), the latest", span(GATE), measured, holds)]
}
