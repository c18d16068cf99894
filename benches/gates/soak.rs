//! The program left alone for a long time while things happen: memory has to stay flat.
//!
//! `cargo bench --bench gates -- soak` takes half an hour, `-- soak --minutes=2` two minutes; among all other rows it takes two.

use std::time::{Duration, Instant};

use super::figures::Line;
use super::process::Served;
use super::screen::{self, linger};
use super::{Effort, machine, say};

/// Growth that is called flat, in KiB an hour, and what memory may differ by in a short time without growing.
const FLAT: (f64, f64) = (2048.0, 1024.0);

/// Five hundred events a second among ten thousand pods, seen in the order of their restarts.
pub fn flat(effort: &Effort) -> Vec<Line> {
    let time = Duration::from_secs(60 * effort.minutes(30, 2));
    let server = Served::with(&["--pods", "10000", "--churn", "500"]);
    let mut pty = screen::open_rows(&server.kubeconfig, 10_000);
    pty.send("S");
    // What is allocated once is there after a while.
    linger((time / 5).clamp(Duration::from_secs(60), Duration::from_secs(120)));
    let (begun, mut points) = (Instant::now(), Vec::new());
    let mut told = Duration::ZERO;
    while begun.elapsed() < time {
        linger(Duration::from_secs(2));
        let (resident, _) = machine::memory(pty.pid());
        points.push((begun.elapsed().as_secs_f64() / 3600.0, resident as f64));
        if begun.elapsed() >= told + Duration::from_secs(60) {
            told = begun.elapsed();
            say(&format!("  {:.1} MiB after {} s", resident as f64 / 1024.0, told.as_secs()));
        }
    }
    let slope = slope(&points);
    let grown = slope * points.last().map_or(0.0, |point| point.0);
    let (first, last) = (points.first().map_or(0.0, |point| point.1), points.last().map_or(0.0, |point| point.1));
    let measured = format!("{:.1} → {:.1} MiB, {:+.1} MiB an hour", first / 1024.0, last / 1024.0, slope / 1024.0);
    let what = format!("growth of resident memory in {} min at 500 events per second", time.as_secs() / 60);
    vec![Line::judged(what, "flat: ≤ 2 MiB an hour, or ≤ 1 MiB at all", measured, slope <= FLAT.0 || grown <= FLAT.1)]
}

/// The slope of the line that fits best (least squares).
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let middle = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (middle(|point| point.0), middle(|point| point.1));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    above / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}
