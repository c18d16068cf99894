//! Bytes written for a picture and for what changes in it, at 120×40 in true colour.

use std::time::Duration;

use serde_json::json;

use super::Effort;
use super::figures::{Line, median, size};
use super::process::Served;
use super::pty::Pty;
use super::screen::{self, PATIENCE, linger, open_pods, replay};
use super::{http, say};

/// Four pictures of everyday use.
pub fn bytes(effort: &Effort) -> Vec<Line> {
    let server = Served::with(&["--pods", "10000", "--still"]);
    let mut pty = open_pods(&server.kubeconfig);
    let first = screen::first(&pty, |screen| screen::rows(screen) > 0).end;
    linger(Duration::from_secs(1));
    let moves: Vec<usize> = ["j", "j", "j", "k", "j", "k", "k", "j"].iter().map(|key| written(&pty_with(&mut pty, key))).collect();
    let rows: Vec<usize> = (1..=effort.times(10, 3)).map(|count| row_changed(&pty, &server, count)).collect();
    let ticks = chart(&server);
    let line = |what: &str, gate: usize, sizes: &[usize]| {
        let most = sizes.iter().copied().max().unwrap_or_default();
        let measured = format!("{} median, {} the most", size(median(sizes)), size(most));
        Line::judged(format!("bytes at 120×40: {what}"), format!("{} kB", gate / 1000), measured, most <= gate && most > 0)
    };
    vec![
        Line::judged("bytes at 120×40: first paint, up to the first rows", "24 kB", size(first), first <= 24_000),
        line("cursor move", 1_000, &moves),
        line("one row changed", 1_000, &rows),
        line("chart tick", 5_000, &ticks),
    ]
}

/// Everything written in the time after a mark.
struct After<'a>(&'a Pty, usize);

fn pty_with<'a>(pty: &'a mut Pty, key: &str) -> After<'a> {
    let mark = pty.mark();
    pty.send(key);
    After(pty, mark)
}

fn written(after: &After<'_>) -> usize {
    linger(Duration::from_millis(300));
    after.0.mark() - after.1
}

/// A pod that is seen restarts once more.
fn row_changed(pty: &Pty, server: &Served, count: usize) -> usize {
    const PATH: &str = "/api/v1/namespaces/bulk-0/pods/bulk-000004";
    let mut pod = http::get(server.address, PATH);
    pod["status"]["containerStatuses"][0]["restartCount"] = json!(20 + count);
    let after = After(pty, pty.mark());
    http::put(server.address, PATH, &pod);
    written(&after)
}

/// A load test of the shop, seen from its second to its eighth second.
fn chart(server: &Served) -> Vec<usize> {
    let service = http::get(server.address, "/api/v1/namespaces/shop/services/web");
    let port = service["spec"]["ports"][0]["port"].as_u64().expect("a port");
    let command = format!("load http://127.0.0.1:{port}/");
    let mut pty = screen::open(&server.kubeconfig, &["-c", &command]);
    pty.wait(|screen| screen.contains("connections") || screen.contains("Connections"), PATIENCE);
    pty.send("\r");
    pty.wait(|screen| screen.lines().next().is_some_and(|line| line.contains("Perf")), PATIENCE);
    let begun = std::time::Instant::now();
    linger(Duration::from_secs(8));
    let (mut ends, mut sizes) = (0, Vec::new());
    replay(&pty, |frame, _| {
        let since = frame.at.saturating_duration_since(begun);
        if since > Duration::from_secs(2) {
            sizes.push(frame.end - ends);
        }
        ends = frame.end;
    });
    say(&format!("  {} frames of a chart in 6 s", sizes.len()));
    sizes
}
