//! Finds the real things some tests need: a real API server, kubectl. It starts none of them; that is `tests/kubernetes`' and `.ci/run`'s work.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::env;
use std::path::{Path, PathBuf};

/// The kubeconfig of a real cluster that tests may write to, from `MESHPLAY_TEST_KUBECONFIG`.
pub fn cluster(test: &str) -> Option<PathBuf> {
    named(test, "MESHPLAY_TEST_KUBECONFIG")
}

/// The kubeconfig of another one beside it, from `MESHPLAY_TEST_KUBECONFIG2`.
pub fn second_cluster(test: &str) -> Option<PathBuf> {
    named(test, "MESHPLAY_TEST_KUBECONFIG2")
}

fn named(test: &str, variable: &str) -> Option<PathBuf> {
    let found = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    found.or_else(|| skip(test, &format!("{variable} names no kubeconfig of a real cluster")))
}

/// kubectl: `MESHPLAY_TEST_KUBECTL`, else the one on the path.
pub fn kubectl(test: &str) -> Option<PathBuf> {
    let named = env::var_os("MESHPLAY_TEST_KUBECTL").map(PathBuf::from);
    let found = named.or_else(|| on_path("kubectl")).filter(|path| path.is_file());
    found.or_else(|| skip(test, "there is no kubectl on the path, and MESHPLAY_TEST_KUBECTL names none"))
}

/// A program by its name: on the path, or where some systems keep it.
pub fn program(test: &str, name: &str, elsewhere: &[&str]) -> Option<PathBuf> {
    let found = on_path(name).or_else(|| elsewhere.iter().map(PathBuf::from).find(|path| path.is_file()));
    found.or_else(|| skip(test, &format!("there is no {name} on the path")))
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| Path::is_file(path))
}

/// A test that needs something else than a server does not run.
pub fn skipped(test: &str, why: &str) {
    skip::<()>(test, why);
}

/// Says why a test does not run; where everything has to be there, that is a failure.
fn skip<T>(test: &str, why: &str) -> Option<T> {
    assert!(env::var_os("MESHPLAY_REQUIRE_REAL").is_none_or(|value| value != "1"), "{test} must not be skipped here: {why}");
    // Past the capture of the test runner, so that a skip is seen in every run.
    _ = std::io::Write::write_all(&mut std::io::stderr(), format!("skipped {test}: {why}\n").as_bytes());
    None
}
