//! `meshplay doctor` with the real binary: a home of its own, kubeconfigs of every kind, and servers that answer, refuse, stay silent or want a login.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn meshplay(&self, args: &[&str], env: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshplay"));
        command.args(args).env_clear().env("HOME", self.0.path()).env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        command.envs(env.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Exit code and document.
    fn doctor(&self, args: &[&str], env: &[(&str, &str)]) -> (i32, Value) {
        let Output { status, stdout, stderr } = self.meshplay(&[&["doctor", "-o", "json"], args].concat(), env).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&stderr), "");
        (status.code().unwrap(), serde_json::from_slice(&stdout).unwrap())
    }
}

fn kubeconfig(name: &str, server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {name}\nclusters:\n- name: {name}\n  cluster: {{server: '{server}'}}\nusers:\n- name: {name}\n  user: {{}}\n\
         contexts:\n- name: {name}\n  context: {{cluster: {name}, user: {name}}}\n"
    )
}

/// `meshplay sandbox serve`, until dropped.
struct Served(Child, #[expect(dead_code, reason = "its closing would end the server")] BufReader<ChildStdout>);

impl Served {
    fn start(home: &Home, kubeconfig: &Path) -> Self {
        let mut child = home.meshplay(&["sandbox", "serve", "--kubeconfig", kubeconfig.to_str().unwrap()], &[]).spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert!(line.starts_with("sandbox at http://127.0.0.1:"), "{line}");
        Self(child, stdout)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {list:#}"))
}

/// Every problem says what mends it.
fn assert_remedies(report: &Value) {
    for section in ["kubeconfigs", "contexts", "settings", "folders", "terminal"] {
        for finding in report[section].as_array().unwrap() {
            for problem in finding["problems"].as_array().unwrap() {
                assert!(!problem["hints"].as_array().unwrap().is_empty(), "{problem:#}");
            }
        }
    }
}

#[test]
fn without_a_kubeconfig_the_sandbox_is_well_and_the_missing_file_is_noted() {
    let home = Home::new();
    let (code, report) = home.doctor(&[], &[]);
    assert_eq!((code, &report["ok"]), (0, &Value::Bool(true)), "{report:#}");
    let missing = named(&report["kubeconfigs"], home.path(".kube/config").to_str().unwrap());
    assert_eq!(missing["grade"], "note");
    assert!(missing["problems"][0]["why"].as_str().unwrap().contains("sandbox"), "{missing:#}");
    let sandbox = named(&report["contexts"], "sandbox");
    assert_eq!((&sandbox["grade"], &sandbox["namespace"], &sandbox["current"]), (&"ok".into(), &"shop".into(), &true.into()));
    assert!(sandbox["version"].as_str().unwrap().starts_with("v1."), "{sandbox:#}");
    assert!(sandbox["latency_ms"].as_f64().unwrap() > 0.0);
    assert!(sandbox["rights"].as_array().unwrap().iter().all(|right| right["allowed"] == true), "{sandbox:#}");
    let colours = named(&report["terminal"], "colours");
    assert_eq!((&colours["depth"], &colours["rule"]), (&"256".into(), &"TERM".into()));
    let output = home.meshplay(&["--color", "16", "doctor", "-o", "json"], &[("NO_COLOR", "1")]).output().unwrap();
    let flagged: Value = serde_json::from_slice(&output.stdout).unwrap();
    let colours = named(&flagged["terminal"], "colours");
    assert_eq!((&colours["depth"], &colours["rule"]), (&"16".into(), &"flag".into()));
    assert_remedies(&report);
    assert_eq!(std::fs::read_dir(home.0.path()).unwrap().count(), 0, "the doctor leaves nothing behind");
}

#[test]
fn a_broken_kubeconfig_names_its_line_and_the_other_contexts_are_examined() {
    let home = Home::new();
    let served = home.path("served");
    let _server = Served::start(&home, &served);
    let broken = home.write("broken", "apiVersion: v1\nkind: Config\nclusters: [{name: a\ncontexts: []\n");
    let second = home.write("second", &kubeconfig("sandbox", "https://other:6443").replace("contexts:\n- name: sandbox", "contexts:\n- name: again"));
    let list = format!("{}:{}:{}:{}", broken.display(), served.display(), second.display(), home.path("gone").display());
    let (code, report) = home.doctor(&[], &[("KUBECONFIG", &list)]);
    assert_eq!((code, &report["ok"]), (1, &Value::Bool(false)));
    let problem = &named(&report["kubeconfigs"], broken.to_str().unwrap())["problems"][0];
    assert_eq!(problem["code"], "kubeconfig.broken");
    assert!(problem["why"].as_str().unwrap().contains("line 3"), "{problem:#}");
    assert_eq!(named(&report["kubeconfigs"], home.path("gone").to_str().unwrap())["grade"], "note");
    let second = named(&report["kubeconfigs"], second.to_str().unwrap());
    assert!(second["problems"][0]["what"].as_str().unwrap().ends_with("cluster sandbox, user sandbox"), "{second:#}");
    assert_eq!(named(&report["contexts"], "sandbox")["grade"], "ok", "{report:#}");
    assert_remedies(&report);
}

#[test]
fn servers_that_refuse_want_a_login_or_stay_silent_are_told_apart_and_delay_nobody() {
    let home = Home::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    // Connections to these are made by the kernel and never answered.
    let silent = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let login = TcpListener::bind("127.0.0.1:0").unwrap();
    let login_at = format!("http://{}", login.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = login.accept() {
            _ = stream.read(&mut [0; 4096]);
            let body = r#"{"kind": "Status", "message": "Unauthorized", "reason": "Unauthorized", "code": 401}"#;
            _ = write!(stream, "HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    let silent_at = |at: usize| format!("http://{}", silent[at].local_addr().unwrap());
    let served = home.path("served");
    let _server = Served::start(&home, &served);
    let servers = [("refused", refused.clone()), ("login", login_at), ("silent-a", silent_at(0)), ("silent-b", silent_at(1))];
    let files: Vec<String> = servers
        .iter()
        .map(|(name, server)| home.write(name, &kubeconfig(name, server)).display().to_string())
        .chain([served.display().to_string()])
        .collect();

    let begun = Instant::now();
    let (code, report) = home.doctor(&[], &[("KUBECONFIG", &files.join(":"))]);
    assert!(begun.elapsed() < Duration::from_millis(5900), "two silent servers cost 3 s together, not each: {:?}", begun.elapsed());
    assert_eq!(code, 1);
    let problem = |name: &str| named(&report["contexts"], name)["problems"][0].clone();
    assert_eq!(problem("refused")["code"], "cluster.unreachable");
    let hint = problem("refused")["hints"][0].as_str().unwrap().to_owned();
    assert!(hint.contains("nothing listens") && hint.contains(&refused), "{hint}");
    assert_eq!(problem("login")["code"], "cluster.auth");
    assert!(problem("login")["hints"][0].as_str().unwrap().contains("log in again"));
    for name in ["silent-a", "silent-b"] {
        assert!(problem(name)["hints"][0].as_str().unwrap().contains("firewall"), "{:#}", problem(name));
    }
    assert_eq!(named(&report["contexts"], "sandbox")["grade"], "ok", "{report:#}");
    assert_remedies(&report);

    let (code, report) = home.doctor(&["--context", "sandbox"], &[("KUBECONFIG", &files.join(":"))]);
    assert_eq!((code, report["contexts"].as_array().unwrap().len()), (0, 1), "only the context that was named is asked");
}

#[test]
fn an_error_code_is_explained_and_an_unknown_one_is_told_what_was_meant() {
    let home = Home::new();
    let run = |args: &[&str]| home.meshplay(args, &[]).output().unwrap();
    let told = run(&["doctor", "explain", "cluster.unreachable"]);
    assert!(told.status.success() && String::from_utf8_lossy(&told.stdout).contains("\n> "), "{told:?}");
    let wrong = run(&["doctor", "explain", "cluster.unreachabel"]);
    assert!(wrong.status.code() == Some(1) && String::from_utf8_lossy(&wrong.stderr).contains("cluster.unreachable"), "{wrong:?}");
}

#[test]
fn completions_are_scripts_that_their_shells_can_read() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let printed = home.meshplay(&["completions", shell], &[]).output().unwrap();
        assert!(printed.status.success() && printed.stderr.is_empty());
        let script = home.write(shell, std::str::from_utf8(&printed.stdout).unwrap());
        let text = String::from_utf8(printed.stdout).unwrap();
        assert!(["doctor", "perf", "sandbox", "readonly"].iter().all(|word| text.contains(word)), "{shell}");
        // Bash, zsh and fish all read a script without running it with -n.
        if let Ok(read) = Command::new(shell).arg("-n").arg(&script).output() {
            assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
        }
    }
}

#[test]
fn faults_of_the_persons_own_files_are_told_with_their_lines() {
    let home = Home::new();
    home.write(".config/meshplay/config.toml", "ascii = true\ntheem = \"dark\"\n");
    home.write(".config/meshplay/keymap.toml", "[tabel]\n\"j\" = \"table.down\"\n");
    home.write(".config/meshplay/theme.toml", "[palette]\n\nink = \"blackish\"\n");
    home.write(".local/share", "a file where a folder belongs");
    let output = home.meshplay(&["doctor"], &[("TERM", "dumb"), ("LANG", "C")]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "the report is the one place where it is told");
    for part in [
        "theem",
        "config.toml:2",
        "keymap.toml:1",
        "theme.toml:3",
        ".local/share/meshplay",
        "TERM is dumb",
        "not UTF-8",
        "none, decided by TERM=dumb",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert!(!text.contains('\x1b'), "{text:?}");
    assert!(text.lines().last().unwrap().contains("broken"), "{text}");
}

#[test]
fn a_connection_that_is_called_as_a_context_is_told_with_its_line_and_not_used() {
    let home = Home::new();
    home.write(".kube/config", &kubeconfig("lab", "http://127.0.0.1:1"));
    let one = |name: &str| format!("[[connections]]\nname = \"{name}\"\nkind = \"prometheus\"\nurl = \"http://127.0.0.1:2\"\n");
    let file = home.write(".config/meshplay/config.toml", &["metrics", "lab", "metrics"].map(one).concat());
    let (code, report) = home.doctor(&[], &[]);
    let finding = named(&report["settings"], file.to_str().unwrap());
    let said: Vec<_> = finding["problems"].as_array().unwrap().iter().map(|problem| problem["what"].as_str().unwrap()).collect();
    let wanted = [(6, "lab"), (10, "metrics")].map(|(line, name)| format!("{}:{line}: the connection {name} was not used", file.display()));
    assert_eq!((code, said), (1, wanted.iter().map(String::as_str).collect()));
    assert_remedies(&report);
    let get = home.meshplay(&["get", "pods"], &[]).output().unwrap();
    assert!(String::from_utf8_lossy(&get.stderr).contains(&wanted[0]), "{get:?}");
}

#[test]
fn a_real_cluster_says_who_we_are_and_what_we_may() {
    let Some(kubeconfig) = std::env::var("MESHPLAY_TEST_KUBECONFIG").ok() else {
        println!("skipped: MESHPLAY_TEST_KUBECONFIG names no kubeconfig of a real API server");
        assert!(std::env::var("MESHPLAY_REQUIRE_REAL").is_err(), "MESHPLAY_REQUIRE_REAL is set");
        return;
    };
    let home = Home::new();
    let (code, report) = home.doctor(&[], &[("KUBECONFIG", &kubeconfig)]);
    assert_eq!(code, 0, "{report:#}");
    let context = &report["contexts"][0];
    assert!(context["user"].as_str().is_some_and(|user| !user.is_empty()), "{context:#}");
    assert_eq!(context["rights"].as_array().unwrap().len(), 2);
}
