//! From the start of the process to what is seen: the first frame, the first rows, all rows.

use std::time::Duration;

use super::Effort;
use super::figures::{Line, median, percentile, span};
use super::process::Served;
use super::screen::{self, PATIENCE};

/// Without any kubeconfig, as a newcomer starts it: the sandbox in the same process.
pub fn first_frame(effort: &Effort) -> Vec<Line> {
    let folder = tempfile::tempdir().expect("a folder");
    let none = folder.path().join("none");
    let one = || {
        let pty = screen::open(&none, &["--sandbox"]);
        pty.wait(|screen| screen.starts_with(" Inventory") || screen.starts_with("Inventory"), PATIENCE);
        screen::first(&pty, |screen| screen.lines().next().is_some_and(|line| line.contains("Inventory"))).at - pty.started
    };
    let times: Vec<Duration> = (0..effort.times(30, 5)).map(|_| one()).collect();
    let (middle, worst) = (median(&times), percentile(&times, 0.99));
    let measured = format!("{} median, {} p99", span(middle), span(worst));
    vec![Line::judged("start → first frame, in a pty", "50 ms", measured, middle <= Duration::from_millis(50))]
}

/// Ten thousand pods in a sandbox of another process.
pub fn rows(effort: &Effort) -> Vec<Line> {
    let server = Served::with(&["--pods", "10000"]);
    let one = || {
        let pty = screen::open_pods(&server.kubeconfig);
        let first = screen::first(&pty, |screen| screen::rows(screen) > 0).at - pty.started;
        (first, screen::first(&pty, screen::complete(10_000)).at - pty.started)
    };
    let (first, all): (Vec<Duration>, Vec<Duration>) = (0..effort.times(15, 3)).map(|_| one()).unzip();
    let line = |what: &str, gate: Duration, times: &[Duration]| {
        let measured = format!("{} median, {} p99", span(median(times)), span(percentile(times, 0.99)));
        Line::judged(what, span(gate), measured, median(times) <= gate)
    };
    vec![
        line("start → first rows of 10,000 pods, sandbox in another process", Duration::from_millis(250), &first),
        line("start → all rows of 10,000 pods, sandbox in another process", Duration::from_millis(1500), &all),
    ]
}
