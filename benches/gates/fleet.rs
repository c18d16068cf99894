//! Many clusters at once: twenty of which one is dead and one slow, and ten thousand events a second over several.

use std::fmt::Write;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::figures::{Line, median, percentile, span};
use super::keys::{self, Chance};
use super::process::Served;
use super::screen::{self, PATIENCE, linger};
use super::{Effort, events, machine};

/// Clusters that are well.
const WELL: usize = 18;
const PODS: usize = 2_000;
/// How late the slow one answers.
const LATE: Duration = Duration::from_secs(5);

/// From the start to rows of every cluster that is well.
pub fn many(effort: &Effort) -> Vec<Line> {
    const GATE: Duration = Duration::from_secs(1);
    let mut servers = sandboxes(WELL + 1, PODS);
    let behind = servers.pop().expect("one more");
    // It takes calls and never says a word.
    let dead = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    addresses.push(dead.local_addr().expect("an address"));
    addresses.push(late(behind.address));
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = kubeconfig(folder.path(), &addresses);
    let mut times = Vec::new();
    for _ in 0..effort.times(7, 3) {
        let pty = screen::open(&kubeconfig, &["-A", "--context", "c*", "-c", "pods"]);
        // By name the first pods of all clusters stand together, so that a screen shows which have come.
        let every = |screen: &str| (0..WELL).all(|at| screen.lines().any(|line| line.contains(&format!(" c{at} ")) && line.contains("bulk-000000")));
        pty.wait(every, PATIENCE);
        let all = |screen: &str| screen::rows(screen) >= WELL * PODS;
        pty.wait(all, PATIENCE);
        let at = |wanted: &dyn Fn(&str) -> bool| screen::first(&pty, wanted).at - pty.started;
        times.push([at(&|screen| screen::rows(screen) > 0), at(&every), at(&all)]);
    }
    let [first, every, all] = [0, 1, 2].map(|which| median(&times.iter().map(|times| times[which]).collect::<Vec<_>>()));
    let measured = format!("{} median; the first row of any {}, all rows {}", span(every), span(first), span(all));
    vec![Line::judged(
        "start → first rows of every cluster that is well, of 20 clusters × 2,000 pods, one dead, one answering after 5 s",
        span(GATE),
        measured,
        every <= GATE,
    )]
}

/// From a key to its frame, and processor time, while four clusters of ten thousand pods report ten thousand events a second.
pub fn flood(effort: &Effort) -> Vec<Line> {
    const GATE: Duration = Duration::from_millis(33);
    const RATE: u32 = 2_500;
    let behind = sandboxes(4, 0);
    let addresses: Vec<SocketAddr> = behind.iter().map(|sandbox| events::paced(sandbox.address, RATE)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = kubeconfig(folder.path(), &addresses);
    let mut pty = screen::open(&kubeconfig, &["-A", "--context", "c*", "-c", "pods"]);
    pty.wait(screen::complete(4 * events::PODS), PATIENCE);
    linger(Duration::from_secs(3));
    let (begun, used) = (Instant::now(), machine::processor_time(pty.pid()));
    let count = effort.times(300, 60);
    let presses = keys::moves(&mut pty, &mut Chance(9), Duration::from_millis(50), |_, pressed| pressed < count);
    let (time, used) = (begun.elapsed(), machine::processor_time(pty.pid()) - used);
    let answered = keys::answers(&pty, &presses);
    let share = used.as_secs_f64() / time.as_secs_f64();
    let worst = percentile(&answered, 0.99);
    let measured = format!("{} p50, {} p99 of {}", span(percentile(&answered, 0.5)), span(worst), presses.len());
    vec![
        Line::judged(
            "key → frame under 10,000 events per second over 4 clusters, p99",
            span(GATE),
            measured,
            worst <= GATE && answered.len() == presses.len(),
        ),
        Line::judged("processor time under them", "≤ 1 core", format!("{share:.2} cores"), share <= 1.0),
    ]
}

/// So many, each with an identity of its own: contexts that lead to the same cluster count as one.
fn sandboxes(count: usize, pods: usize) -> Vec<Served> {
    (0..count).map(|seed| Served::with(&["--pods", &pods.to_string(), "--still", "--seed", &seed.to_string()])).collect()
}

/// A context for each address: `c0`, `c1`, …
pub fn kubeconfig(folder: &Path, addresses: &[SocketAddr]) -> PathBuf {
    let (mut clusters, mut contexts) = (String::new(), String::new());
    for (at, address) in addresses.iter().enumerate() {
        _ = writeln!(clusters, "- name: c{at}\n  cluster: {{server: 'http://{address}'}}");
        _ = writeln!(contexts, "- name: c{at}\n  context: {{cluster: c{at}, user: u}}");
    }
    let file = folder.join("kubeconfig");
    let text =
        format!("apiVersion: v1\nkind: Config\ncurrent-context: c0\nclusters:\n{clusters}users:\n- name: u\n  user: {{}}\ncontexts:\n{contexts}");
    std::fs::write(&file, text).expect("a file");
    file
}

/// Somebody in between who lets every connection wait.
fn late(server: SocketAddr) -> SocketAddr {
    between(move |line| {
        thread::sleep(LATE);
        let other = TcpStream::connect(server)?;
        let (mut up, mut down) = ((line.try_clone()?, other.try_clone()?), (other, line));
        thread::spawn(move || pass(&mut up.0, &mut up.1));
        pass(&mut down.0, &mut down.1);
        Ok(())
    })
}

/// A listener whose connections are looked after, each by a thread.
pub fn between(serve: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for line in listener.incoming().map_while(Result::ok) {
            let serve = serve.clone();
            // Whoever is done hangs up.
            thread::spawn(move || _ = serve(line));
        }
    });
    address
}

/// Everything from one to the other, and its end.
pub fn pass(from: &mut TcpStream, to: &mut TcpStream) {
    _ = io::copy(from, to);
    _ = to.shutdown(Shutdown::Write);
}
