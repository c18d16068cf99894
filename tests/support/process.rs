//! The program's own binary as a child that does not outlive its test.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A child that is killed when its test ends, however that ends.
pub struct Guard(pub Child);

impl Drop for Guard {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// `meshplay sandbox serve` in a process of its own.
pub struct Served {
    pub process: Guard,
    pub address: SocketAddr,
    pub kubeconfig: PathBuf,
    folder: tempfile::TempDir,
    more: Vec<String>,
    /// Kept open: whoever writes into a closed pipe ends.
    _said: BufReader<ChildStdout>,
}

impl Served {
    /// Starts it on a free port.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts it on a free port with more arguments.
    pub fn with(more: &[&str]) -> Self {
        Self::at(tempfile::tempdir().unwrap(), "127.0.0.1:0", more.iter().map(|&one| one.to_owned()).collect())
    }

    /// Kills it, as a power cut would, and forgets nothing else.
    pub fn kill(&mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// Starts it again where it was.
    pub fn revive(self) -> Self {
        let address = self.address.to_string();
        drop(self.process);
        Self::at(self.folder, &address, self.more)
    }

    /// Kills it if it still runs, and starts it where it was with other arguments.
    pub fn revive_with(mut self, more: &[&str]) -> Self {
        self.more = more.iter().map(|&one| one.to_owned()).collect();
        self.revive()
    }

    fn at(folder: tempfile::TempDir, listen: &str, more: Vec<String>) -> Self {
        let kubeconfig = folder.path().join("kubeconfig");
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshplay"));
        command.args(["sandbox", "serve", "--listen", listen, "--kubeconfig"]).arg(&kubeconfig).args(&more);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut first).unwrap();
        let process = Guard(child);
        let address = first.trim().strip_prefix("sandbox at http://").unwrap_or_else(|| panic!("it said: {first:?}")).parse().unwrap();
        Self { process, address, kubeconfig, folder, more, _said: said }
    }

    /// A program that looks at this cluster and at nothing of the person who runs the tests.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", self.folder.path()).env_remove("KUBECACHEDIR").stdin(Stdio::null());
        command
    }
}
