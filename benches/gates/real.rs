//! All rows of ten and of fifty thousand pods from a real API server, in turns with `curl` of the same list. The cluster is the tests' own (`tests/kubernetes/up`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;

use super::figures::{Line, Verdict, median, middle, span};
use super::screen;
use super::{Effort, machine, say};

/// Pairs of starts and lists of ten thousand pods.
pub fn beside_curl(effort: &Effort) -> Vec<Line> {
    let what = "start → all rows of 10,000 pods, real API server, beside curl of the same list";
    let Some(found) = Real::with(10_000) else { return left_out(what) };
    vec![found.pairs(effort.times(8, 6), what).0]
}

/// The same with fifty thousand; also when the first rows come, and what is resident in the end.
pub fn fifty_thousand(effort: &Effort) -> Vec<Line> {
    const FIRST: Duration = Duration::from_millis(300);
    const MEMORY: u64 = 110 << 10;
    let what = "start → all rows of 50,000 pods, real API server, beside curl of the same list";
    let Some(found) = Real::with(50_000) else { return left_out(what) };
    let (all, firsts) = found.pairs(effort.times(6, 3), what);
    let pty = screen::open_rows(&found.kubeconfig, found.pods);
    machine::rest(pty.pid());
    let (now, peak) = machine::memory(pty.pid());
    let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
    vec![
        Line::judged("start → first rows of 50,000 pods, real API server", span(FIRST), span(median(&firsts)), median(&firsts) <= FIRST),
        all,
        Line::judged("resident memory with them, at rest", mib(MEMORY), mib(now), now <= MEMORY),
        Line::judged("peak of resident memory until then", "≤ 1.5× that", mib(peak), peak as f64 <= 1.5 * now as f64),
    ]
}

fn left_out(what: &str) -> Vec<Line> {
    let why = "MESHPLAY_TEST_KUBECONFIG names no kubeconfig with a `fill` beside it (`tests/kubernetes/up` prints one)";
    vec![Line::new(what, "", "", Verdict::LeftOut(why.into()))]
}

/// The tests' own cluster, filled.
struct Real {
    kubeconfig: PathBuf,
    pods: usize,
    folder: tempfile::TempDir,
}

impl Real {
    fn with(pods: usize) -> Option<Self> {
        let kubeconfig = std::env::var_os("MESHPLAY_TEST_KUBECONFIG").map(PathBuf::from).filter(|path| path.is_file())?;
        let fill = Some(kubeconfig.with_file_name("fill")).filter(|fill| fill.is_file())?;
        let filled = Command::new(fill).arg(pods.to_string()).stdout(Stdio::null()).status();
        assert!(filled.is_ok_and(|status| status.success()), "the cluster could not be filled");
        Some(Self { kubeconfig, pods, folder: tempfile::tempdir().expect("a folder") })
    }

    /// Starts and lists in turns: the line for all rows, and when the first ones came.
    fn pairs(&self, pairs: usize, what: &str) -> (Line, Vec<Duration>) {
        let curl = Curl::new(&self.kubeconfig, self.folder.path());
        // What the server caches for the first who asks is there for both.
        curl.list();
        let (mut ratios, mut firsts, mut alls, mut lists) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for pair in 0..pairs {
            let before = (pair % 2 == 1).then(|| curl.list());
            let pty = screen::open_rows(&self.kubeconfig, self.pods);
            let first = screen::first(&pty, |screen| screen::rows(screen) > 0).at - pty.started;
            let all = screen::first(&pty, screen::complete(self.pods)).at - pty.started;
            drop(pty);
            let list = before.unwrap_or_else(|| curl.list());
            say(&format!("  all rows {}, curl {}", span(all), span(list)));
            ratios.push(all.as_secs_f64() / list.as_secs_f64());
            firsts.push(first);
            alls.push(all);
            lists.push(list);
        }
        let (least, most) = (ratios.iter().copied().fold(f64::MAX, f64::min), ratios.iter().copied().fold(0.0, f64::max));
        let measured = format!(
            "{:.2}× median of {} pairs, {least:.2}–{most:.2}×; first rows {}, all rows {}, curl {}",
            middle(&ratios),
            ratios.len(),
            span(median(&firsts)),
            span(median(&alls)),
            span(median(&lists))
        );
        (Line::judged(what, "≤ 1.0× its time", measured, middle(&ratios) <= 1.0), firsts)
    }
}

/// curl with what the kubeconfig's user shows.
struct Curl {
    server: String,
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Curl {
    fn new(kubeconfig: &Path, folder: &Path) -> Self {
        let text = fs::read_to_string(kubeconfig).expect("a kubeconfig");
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_else(|| panic!("the kubeconfig has no {name}")).trim().to_owned()
        };
        let file = |name: &str| {
            let path = folder.join(name);
            let bytes = base64::engine::general_purpose::STANDARD.decode(value(name)).expect("base64");
            fs::write(&path, bytes).expect("a file");
            path
        };
        Self {
            server: value("server"),
            authority: file("certificate-authority-data"),
            certificate: file("client-certificate-data"),
            key: file("client-key-data"),
        }
    }

    fn list(&self) -> Duration {
        let begun = Instant::now();
        let mut command = Command::new("curl");
        command.arg("-sfo/dev/null").arg("--cacert").arg(&self.authority).arg("--cert").arg(&self.certificate).arg("--key").arg(&self.key);
        let status = command.arg(format!("{}/api/v1/pods?resourceVersion=0", self.server)).status().expect("curl runs");
        assert!(status.success(), "curl: {status}");
        begun.elapsed()
    }
}
