//! What the program costs while nobody asks anything of it: memory, processor time, bytes.

use std::time::Duration;

use super::figures::{Line, size};
use super::machine;
use super::process::Served;
use super::screen::{linger, open_pods};
use super::{Effort, say};

/// Ten seconds after ten thousand pods have come.
pub fn memory(_: &Effort) -> Vec<Line> {
    let server = Served::with(&["--pods", "10000"]);
    let pty = open_pods(&server.kubeconfig);
    linger(Duration::from_secs(10));
    let (now, peak) = machine::memory(pty.pid());
    let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
    vec![
        Line::judged("resident memory 10 s after all rows of 10,000 pods", "40 MiB", mib(now), now <= 40 << 10),
        Line::judged("peak of resident memory until then", "60 MiB", mib(peak), peak <= 60 << 10),
    ]
}

/// Ten seconds on a cluster in which nothing happens.
pub fn still(_: &Effort) -> Vec<Line> {
    const TIME: Duration = Duration::from_secs(10);
    let server = Served::with(&["--pods", "10000", "--still"]);
    let pty = open_pods(&server.kubeconfig);
    linger(Duration::from_secs(3));
    let (mark, used) = (pty.mark(), machine::processor_time(pty.pid()));
    linger(TIME);
    let (bytes, used) = (pty.mark() - mark, machine::processor_time(pty.pid()) - used);
    if bytes > 0 {
        say(&format!("  it wrote {}", pty.bytes_since(mark).escape_ascii()));
    }
    // The kernel tells it in hundredths of a second.
    let told = if used.is_zero() { "< 0.1 %".into() } else { format!("{:.1} %", used.as_secs_f64() / TIME.as_secs_f64() * 100.0) };
    let share = used.as_secs_f64() / TIME.as_secs_f64();
    vec![
        Line::judged("bytes written in 10 s on a still cluster of 10,000 pods", "0 B", size(bytes), bytes == 0),
        Line::judged("processor time in those 10 s", "< 0.5 % of a core", told, share < 0.005),
    ]
}
