//! All rows of ten thousand pods from a real API server, in turns with `curl` of the same list. The cluster is the tests' own (`tests/kubernetes/up`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;

use super::figures::{Line, Verdict, median, middle, span};
use super::screen;
use super::{Effort, say};

/// Pairs of starts and lists.
pub fn beside_curl(effort: &Effort) -> Vec<Line> {
    const WHAT: &str = "start → all rows of 10,000 pods, real API server, beside curl of the same list";
    const GATE: &str = "≤ 1.0× its time";
    let left_out = |why: &str| vec![Line::new(WHAT, GATE, "", Verdict::LeftOut(why.into()))];
    let Some(kubeconfig) = std::env::var_os("MESHPLAY_TEST_KUBECONFIG").map(PathBuf::from).filter(|path| path.is_file()) else {
        return left_out("MESHPLAY_TEST_KUBECONFIG names no kubeconfig (`tests/kubernetes/up` prints one)");
    };
    let fill = kubeconfig.with_file_name("fill");
    if !fill.is_file() {
        return left_out("beside the kubeconfig is no `fill`: it is not the tests' own cluster");
    }
    let filled = Command::new(fill).arg("10000").stdout(Stdio::null()).status();
    assert!(filled.is_ok_and(|status| status.success()), "the cluster could not be filled");
    let folder = tempfile::tempdir().expect("a folder");
    let curl = Curl::new(&kubeconfig, folder.path());
    // What the server caches for the first who asks is there for both.
    curl.list();
    let (mut ratios, mut firsts, mut alls, mut lists) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for pair in 0..effort.times(8, 6) {
        let before = (pair % 2 == 1).then(|| curl.list());
        let pty = screen::open_pods(&kubeconfig);
        let first = screen::first(&pty, |screen| screen::rows(screen) > 0).at - pty.started;
        let all = screen::first(&pty, screen::all_rows).at - pty.started;
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
    vec![Line::judged(WHAT, GATE, measured, middle(&ratios) <= 1.0)]
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
