//! The API server of one real cluster dies and comes back while its table is open together with another cluster's: what the person sees, without touching
//! a key.

use std::path::Path;
use std::process::Command;

use super::pty::Pty;
use super::two::merged;
use super::*;

/// A server that starts on a busy machine is there by then, and so is what is seen of it.
const SOON: Duration = Duration::from_secs(90);

/// A control plane of this test's own: the others are shared with tests that run beside it.
struct Own(tempfile::TempDir);

impl Own {
    fn start(test: &str) -> Option<Self> {
        let shared = std::env::var_os("MESHPLAY_TEST_KUBERNETES").map(PathBuf::from);
        // The commands in a cluster's folder are links to the place where they all are.
        let commands = shared.and_then(|folder| folder.join("restart").canonicalize().ok());
        let Some(commands) = commands else {
            real::skipped(test, "MESHPLAY_TEST_KUBERNETES names no folder of a cluster that tests/kubernetes/up made");
            return None;
        };
        let own = Self(tempfile::tempdir().unwrap());
        own.run(&commands.with_file_name("up"), &[]);
        Some(own)
    }

    #[track_caller]
    fn run(&self, program: &Path, arguments: &[&str]) {
        let output = Command::new(program).args(arguments).env("MESHPLAY_TEST_KUBERNETES", self.0.path()).output().unwrap();
        assert!(output.status.success(), "{} {arguments:?}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    }

    fn api_server(&self, verb: &str) {
        self.run(&self.0.path().join(verb), &["apiserver"]);
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        _ = Command::new(self.0.path().join("down")).output();
    }
}

/// The row of a config map of a cluster.
fn row<'a>(screen: &'a str, cluster: &str, name: &str) -> Option<&'a str> {
    let is = |line: &&str| line.split_whitespace().any(|word| word == cluster) && line.split_whitespace().any(|word| word == name);
    screen.lines().skip(2).find(is)
}

fn doubted(row: &str) -> bool {
    row.trim_start_matches(['▌', ' ']).starts_with('?')
}

/// It is there and as true as it can be.
fn well(screen: &str, cluster: &str, name: &str) -> bool {
    row(screen, cluster, name).is_some_and(|row| !doubted(row))
}

#[test]
fn an_api_server_that_dies_is_named_its_rows_are_doubted_and_all_heals_without_a_key() {
    let test = "an_api_server_that_dies_is_named_its_rows_are_doubted_and_all_heals_without_a_key";
    let (Some(right), Some(own)) = (Real::find(test), Own::start(test)) else { return };
    let left = Real::in_cluster(test, own.0.path().join("kubeconfig")).unwrap();
    for one in [&left, &right] {
        one.says(&["create", "configmap", "alike"], "");
    }
    let (_folder, both) = fault::write(&merged(&left, &right));
    let line = format!("cm {}", right.namespace);
    let arguments = ["--context", "left", "--context", "right", "-c", &line];
    let pty = Pty::start(&arguments, &[("KUBECONFIG", both.to_str().unwrap())], 120, 30);
    pty.wait(|screen| ["left", "right"].iter().all(|cluster| well(screen, cluster, "alike")), SOON);

    own.api_server("stop");
    let head = |screen: &str, at: usize| screen.lines().nth(at).unwrap_or_default().to_owned();
    let lost = |screen: &str| {
        head(screen, 0).contains("✗ left") && head(screen, 1).contains("left as of") && row(screen, "left", "alike").is_some_and(doubted)
    };
    pty.wait(lost, SOON);
    // The other one goes on as if nothing were the matter.
    right.says(&["create", "configmap", "meanwhile"], "");
    let screen = pty.wait(|screen| well(screen, "right", "meanwhile"), SOON);
    assert!(lost(&screen) && well(&screen, "right", "alike"), "{screen}");
    assert!(!head(&screen, 0).contains("✗ right") && !head(&screen, 1).contains("right as of"), "{screen}");

    own.api_server("start");
    // That it was gone is told until it is read.
    let healed = |screen: &str| {
        head(screen, 0).contains("2 ok") && !screen.contains("as of") && well(screen, "left", "alike") && well(screen, "right", "alike")
    };
    pty.wait(healed, SOON);
    left.says(&["create", "configmap", "afterwards"], "");
    pty.wait(|screen| well(screen, "left", "afterwards"), SOON);
}
