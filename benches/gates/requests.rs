//! Requests to a cluster in which nothing happens and of which three views were opened, counted by somebody in between.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::figures::Line;
use super::fleet::{between, kubeconfig, pass};
use super::process::Served;
use super::screen::{self, PATIENCE, linger};
use super::{Effort, say};

/// One minute of it.
pub fn idle(_: &Effort) -> Vec<Line> {
    let server = Served::with(&["--pods", "10000", "--still"]);
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let address = counting(server.address, seen.clone());
    let folder = tempfile::tempdir().expect("a folder");
    let mut pty = screen::open(&kubeconfig(folder.path(), &[address]), &["-A", "-c", "pods"]);
    pty.wait(screen::complete(10_000), PATIENCE);
    for kind in ["services", "deployments"] {
        pty.send(format!(":{kind}\r"));
        let wanted = |screen: &str| screen.lines().nth(1).is_some_and(|line| line.contains(kind)) && screen::rows(screen) > 0;
        pty.wait(wanted, PATIENCE);
    }
    linger(Duration::from_secs(5));
    let before = seen.lock().expect("nobody panics here").len();
    linger(Duration::from_secs(60));
    let asked = seen.lock().expect("nobody panics here").split_off(before);
    let count = |what: &dyn Fn(&str) -> bool| asked.iter().filter(|line| what(line)).count();
    let beats = count(&|line| line.contains(" /readyz"));
    let metrics = count(&|line| line.contains("/apis/metrics.k8s.io"));
    let watches = count(&|line| line.contains("watch=1"));
    let others = asked.len() - beats - metrics - watches;
    for line in asked.iter().filter(|line| !line.contains(" /readyz")) {
        say(&format!("  {line}"));
    }
    let measured = format!("{beats} heartbeats, {metrics} for metrics, {others} others; {watches} renewals of watches");
    // The minute may begin just before a heartbeat and end just after one.
    let holds = beats <= 7 && metrics <= 4 && others == 0;
    vec![Line::judged(
        "requests in a minute to an idle cluster, three views open",
        "6 heartbeats, 4 for metrics, and renewals of watches",
        measured,
        holds,
    )]
}

/// Writes down the first line of every request on the way. The program's requests have bodies without empty lines.
fn counting(server: SocketAddr, seen: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    between(move |mut line| {
        let mut other = TcpStream::connect(server)?;
        let (mut back, mut out) = (other.try_clone()?, line.try_clone()?);
        thread::spawn(move || pass(&mut back, &mut out));
        let (mut waiting, mut bytes) = (Vec::new(), [0; 16 << 10]);
        loop {
            let count = line.read(&mut bytes)?;
            if count == 0 {
                return other.shutdown(std::net::Shutdown::Write);
            }
            other.write_all(&bytes[..count])?;
            waiting.extend_from_slice(&bytes[..count]);
            while let Some(end) = waiting.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&waiting[..end]).into_owned();
                waiting.drain(..end + 4);
                // What stands before it is the body of the request before.
                let first = head.lines().find_map(|line| line.strip_suffix(" HTTP/1.1"));
                seen.lock().expect("nobody panics here").extend(first.map(|line| line.rsplit_once('}').map_or(line, |(_, line)| line).to_owned()));
            }
        }
    })
}
