//! The load generator's closed loop beside `wrk`, in turns, against the same nginx on the same cores.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::figures::{Line, Verdict, middle};
use super::process::Guard;
use super::{Effort, http, say};

/// Pairs of runs with 32 connections each.
pub fn beside_wrk(effort: &Effort) -> Vec<Line> {
    const WHAT: &str = "closed loop against nginx on the same cores, beside wrk";
    const GATE: &str = "≥ 0.9× its requests/s";
    let (Some(nginx), Some(wrk)) = (find("nginx"), find("wrk")) else {
        return vec![Line::new(WHAT, GATE, "", Verdict::LeftOut("nginx or wrk is not installed".into()))];
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (server, url) = serve(&nginx, folder.path());
    let seconds = effort.times(5, 2);
    let mut ratios = Vec::new();
    for pair in 0..effort.times(8, 6) {
        // Neither is always the first.
        let (ours, theirs) = if pair % 2 == 0 {
            let ours = meshplay(&url, seconds, folder.path());
            (ours, run_wrk(&wrk, &url, seconds))
        } else {
            let theirs = run_wrk(&wrk, &url, seconds);
            (meshplay(&url, seconds, folder.path()), theirs)
        };
        say(&format!("  meshplay {ours:.0}/s, wrk {theirs:.0}/s: {:.2}×", ours / theirs));
        ratios.push(ours / theirs);
    }
    drop(server);
    let (least, most) = (ratios.iter().copied().fold(f64::MAX, f64::min), ratios.iter().copied().fold(0.0, f64::max));
    let measured = format!("{:.2}× median of {} pairs, {least:.2}–{most:.2}×", middle(&ratios), ratios.len());
    vec![Line::judged(WHAT, GATE, measured, middle(&ratios) >= 0.9)]
}

/// Debian keeps nginx where only root's path leads.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(["/usr/sbin".into()]).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// nginx with as many workers as there are cores, answering 13 bytes from memory.
fn serve(nginx: &Path, folder: &Path) -> (Guard, String) {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let place = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {place}/{name};\n")).concat();
    let settings = format!(
        "daemon off; worker_processes auto; pid {place}/pid; error_log {place}/errors;\nevents {{ worker_connections 1024; }}\nhttp {{ access_log off; \
         keepalive_requests 100000000; default_type text/plain;\n{temporary}server {{ listen {address}; location / {{ return 200 'Hello, world!'; }} }} }}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, settings).expect("a file");
    let mut command = Command::new(nginx);
    command.arg("-p").arg(folder).arg("-e").arg(folder.join("errors")).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
    // Ended kindly, or its workers would outlive it.
    let server = Guard(command.spawn().expect("nginx starts"));
    let begun = Instant::now();
    while http::exchange(address, b"GET / HTTP/1.0\r\n\r\n").is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "nginx does not answer: {}",
            fs::read_to_string(folder.join("errors")).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    (server, format!("http://{address}/"))
}

fn meshplay(url: &str, seconds: usize, home: &Path) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshplay"));
    command.args(["perf", "run", url, "-c", "32", "-d", &format!("{seconds}s"), "-o", "json"]).env("HOME", home).env_remove("XDG_DATA_HOME");
    let output = command.stderr(Stdio::null()).output().expect("meshplay runs");
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", output.stdout.escape_ascii()));
    run["requests_per_second"].as_f64().expect("a rate")
}

fn run_wrk(wrk: &Path, url: &str, seconds: usize) -> f64 {
    let output = Command::new(wrk).args(["-c32", "-t2", &format!("-d{seconds}s"), url]).output().expect("wrk runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).unwrap_or_else(|| panic!("wrk said: {text}"));
    rate.trim().parse().expect("a rate")
}
