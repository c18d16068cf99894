//! The binary behind OpenSSH's `ssh -t`: a server of the test's own on the loopback, with keys that live as long as the test.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::process::Signal;

use crate::pty::Pty;
use crate::{SOON, first_screen, real};

/// The program is gone this long after its client was killed, at the latest.
const GONE: Duration = Duration::from_secs(2);

/// An SSH server that is killed when its test ends.
struct Server {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl Server {
    fn start(sshd: &Path, keygen: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for key in ["host", "user"] {
            let made = Command::new(keygen).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.path().join(key)).status().unwrap();
            assert!(made.success());
        }
        assert!(Command::new("mkfifo").arg(folder.path().join("held")).status().unwrap().success());
        if rustix::process::getuid().is_root() {
            // Where the server of a whole machine separates privileges; its package makes it when the machine starts.
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = folder.path().display();
        let settings = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nAuthorizedKeysFile {place}/user.pub\nPidFile none\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nPrintMotd no\nPrintLastLog no\n"
        );
        let file = folder.path().join("sshd_config");
        std::fs::write(&file, settings).unwrap();
        let mut process = Command::new(sshd).args(["-D", "-e", "-f"]).arg(&file).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap());
        let mut lines = String::new();
        while !lines.contains("Server listening on") {
            assert!(said.read_line(&mut lines).unwrap() > 0, "it does not listen: {lines}");
        }
        // Whoever writes into a closed pipe ends.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self { process, port, folder }
    }

    /// Runs the program behind `ssh -t`. The shell's process becomes the client. What is answered besides comes when the program has ended: it alone holds
    /// the writing end of a pipe.
    fn connect(&self, cols: u16, rows: u16) -> (Pty, Receiver<()>) {
        let place = self.folder.path().display();
        let meshplay = env!("CARGO_BIN_EXE_meshplay");
        let remote = self.folder.path().join("remote");
        let home = format!("HOME={place}/home XDG_CONFIG_HOME={place}/home XDG_STATE_HOME={place}/home XDG_DATA_HOME={place}/home LANG=C.UTF-8");
        let script = format!("#!/bin/sh\nexec 9>{place}/held\nexec env -u KUBECONFIG {home} {meshplay} --sandbox\n");
        let mut file = File::options().create(true).truncate(true).write(true).mode(0o755).open(&remote).unwrap();
        file.write_all(script.as_bytes()).unwrap();
        drop(file);
        let held = self.folder.path().join("held");
        let (sender, ended) = mpsc::channel();
        std::thread::spawn(move || {
            // Opening waits for the one who writes, reading for its end.
            std::io::copy(&mut File::open(held).unwrap(), &mut std::io::sink()).unwrap();
            _ = sender.send(());
        });
        let options =
            "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes -o ControlPath=none";
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| whoami());
        let line = format!("exec ssh -tt {options} -i {place}/user -p {} {user}@127.0.0.1 {}", self.port, remote.display());
        (Pty::shell(&line, &[], cols, rows), ended)
    }
}

/// The name of whoever runs the tests, for a machine that does not say it in the environment.
fn whoami() -> String {
    String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap().trim().to_owned()
}

fn found(test: &str) -> Option<(PathBuf, PathBuf)> {
    let sshd = real::program(test, "sshd", &["/usr/sbin/sshd"])?;
    real::program(test, "ssh", &[])?;
    Some((sshd, real::program(test, "ssh-keygen", &[])?))
}

#[test]
fn it_lives_behind_ssh_ends_with_its_client_and_comes_back_where_it_was() {
    let Some((sshd, keygen)) = found("it_lives_behind_ssh_ends_with_its_client_and_comes_back_where_it_was") else { return };
    let server = Server::start(&sshd, &keygen);
    let (mut pty, ended) = server.connect(80, 24);
    pty.wait(|text| first_screen(text) && text.contains("11 rows"), SOON);
    // The guide is put away: whoever is shown around is not taken elsewhere.
    pty.send(",h:deploy\r");
    pty.wait(|text| text.contains("deployments") && text.contains("web"), SOON);
    pty.send("/re\r");
    pty.wait(|text| text.contains("of 9") || text.contains(" of "), SOON);
    pty.send("G");
    pty.resize(100, 30);
    let screen = pty.wait(|text| text.lines().count() == 30 && text.lines().any(|line| line.starts_with('▌')), SOON);
    let row = |text: &str| text.lines().find(|line| line.starts_with('▌')).and_then(|line| line.split_whitespace().nth(1)).map(str::to_owned);
    let left = row(&screen).expect("a cursor");

    pty.signal(Signal::KILL);
    assert_eq!(ended.recv_timeout(GONE), Ok(()), "it outlived its client");

    let (mut pty, ended) = server.connect(80, 24);
    let screen = pty.wait(|text| text.contains("deployments") && text.contains("/re") && row(text).as_ref() == Some(&left), Duration::from_secs(20));
    assert!(!screen.contains("payments"), "{screen}");
    pty.send(":q\r");
    assert!(pty.exit(SOON).success());
    assert_eq!(ended.recv_timeout(GONE), Ok(()));
}
