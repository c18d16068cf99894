//! Credential plugins (client-go's "exec" users), run by ourselves: without a terminal, one at a time for one user entry, killed when they hang, and what
//! they say kept for the problem instead of the screen.

use std::collections::HashMap;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::config::{ExecAuthCluster, ExecConfig};
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::connection::unix_now;
use crate::text::{sanitise, yaml};

/// Longest wait for a plugin.
pub(super) const LIMIT: Duration = Duration::from_secs(20);
/// What is kept of what a plugin says, in bytes: credentials are smaller than this.
const MOST: u64 = 1 << 20;
/// Credentials with less left, in seconds, are asked for anew.
const LEAST: i64 = 10;

/// What a plugin answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) token: Option<String>,
    /// PEM, not encoded once more.
    pub(super) certificate: Option<(String, String)>,
    /// Unix seconds.
    pub(super) ends: Option<i64>,
}

/// The plugins of one fleet. Cloning shares them.
#[derive(Clone, Default)]
pub(super) struct Logins(Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<Login>>>>>);

/// One user entry's plugin. Whoever holds the lock runs it.
#[derive(Default)]
struct Login {
    /// When it answered last, and what.
    last: Option<(Instant, Result<Credential, String>)>,
}

/// `ExecCredential` of client.authentication.k8s.io, as far as it is read.
#[derive(Deserialize)]
struct ExecCredential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<jiff::Timestamp>,
}

impl Logins {
    /// What the plugin answers, or has answered while this one waited for it. `renew`: what was known before is not good enough.
    pub(super) async fn ask(&self, exec: &ExecConfig, cluster: Option<ExecAuthCluster>, renew: bool) -> Result<Credential, String> {
        let asked = Instant::now();
        let login = self.of(exec, cluster.as_ref());
        let mut login = login.lock().await;
        let good = |(then, answer): &(Instant, Result<Credential, String>)| match answer {
            _ if *then >= asked => true,
            Ok(credential) => !renew && credential.ends.is_none_or(|ends| ends > unix_now() + LEAST),
            Err(_) => false,
        };
        if let Some((_, answer)) = login.last.as_ref().filter(|last| good(last)) {
            return answer.clone();
        }
        let answer = run(exec, cluster).await;
        login.last = Some((Instant::now(), answer.clone()));
        answer
    }

    fn of(&self, exec: &ExecConfig, cluster: Option<&ExecAuthCluster>) -> Arc<tokio::sync::Mutex<Login>> {
        // Two users with the same command are the same login; what a plugin is told about the cluster makes it another.
        let key = serde_json::to_string(&(exec, cluster)).unwrap_or_default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }
}

async fn run(exec: &ExecConfig, cluster: Option<ExecAuthCluster>) -> Result<Credential, String> {
    let program = exec.command.as_deref().ok_or("the user's exec entry names no command")?;
    let mut plugin = Plugin(start(exec, program, cluster).map_err(|error| not_started(exec, program, &error))?);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (plugin.0.stdout.take(), plugin.0.stderr.take());
    let ended = async {
        let read_out = async {
            if let Some(pipe) = stdout {
                _ = pipe.take(MOST).read_to_end(&mut out).await
            }
        };
        let read_err = async {
            if let Some(pipe) = stderr {
                _ = pipe.take(MOST).read_to_end(&mut err).await
            }
        };
        tokio::join!(read_out, read_err);
        plugin.0.wait().await
    };
    let status = match tokio::time::timeout(LIMIT, ended).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return Err(format!("the credential plugin {program} cannot be waited for: {error}")),
        Err(_) => {
            drop(plugin);
            return Err(format!("the credential plugin {program} has not answered within {} s and was ended: {}", LIMIT.as_secs(), said(&err)));
        }
    };
    if !status.success() {
        return Err(failed(exec, program, status, &err));
    }
    read(&out).ok_or_else(|| format!("the credential plugin {program} answered with no ExecCredential that has a status: {}", said(&err)))
}

/// Starts it in a session of its own, so that it has no terminal to ask or to write on. Where there is no `setsid` it is at least in the background.
fn start(exec: &ExecConfig, program: &str, cluster: Option<ExecAuthCluster>) -> std::io::Result<Child> {
    let mut spec = json!({"interactive": false});
    if let (Some(cluster), Some(spec)) = (cluster, spec.as_object_mut()) {
        spec.insert("cluster".into(), serde_json::to_value(cluster)?);
    }
    let info = json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec}).to_string();
    let dress = |command: &mut Command| {
        for pair in exec.env.iter().flatten() {
            if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
                command.env(name, value);
            }
        }
        command.args(exec.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", &info);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn()
    };
    let mut alone = Command::new("setsid");
    match dress(alone.arg(program)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => dress(Command::new(program).process_group(0)),
        started => started,
    }
}

/// A plugin that runs. When nobody waits for it any more it ends with everything it started: they are of its group.
struct Plugin(Child);

impl Drop for Plugin {
    fn drop(&mut self) {
        // One that was waited for has no id any more, and its number may be another's.
        let group = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

fn read(out: &[u8]) -> Option<Credential> {
    let answer: ExecCredential = yaml::read(std::str::from_utf8(out).ok()?).ok()?;
    let status = answer.status?;
    Some(Credential {
        certificate: status.client_certificate_data.zip(status.client_key_data),
        ends: status.expiration_timestamp.map(jiff::Timestamp::as_second),
        token: status.token,
    })
}

fn failed(exec: &ExecConfig, program: &str, status: ExitStatus, err: &[u8]) -> String {
    let absent = String::from_utf8_lossy(err).starts_with("setsid: failed to execute");
    if absent {
        return not_started(exec, program, &std::io::ErrorKind::NotFound.into());
    }
    format!("the credential plugin {program} ended with {status}: {}", said(err))
}

fn not_started(exec: &ExecConfig, program: &str, error: &std::io::Error) -> String {
    let hint = exec.install_hint.as_deref().map_or_else(String::new, |hint| format!("; {}", said(hint.as_bytes())));
    format!("the credential plugin {program} cannot be started: {error}{hint}")
}

/// What it said, in one line.
fn said(err: &[u8]) -> String {
    let text = String::from_utf8_lossy(err);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line: String = lines.join("; ").chars().take(600).collect();
    if line.is_empty() { "it said nothing".to_owned() } else { sanitise(&line).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(script: &str) -> ExecConfig {
        let text = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", script]});
        serde_json::from_value(text).unwrap()
    }

    #[tokio::test]
    async fn many_who_want_the_same_login_at_once_get_one() {
        let folder = tempfile::tempdir().unwrap();
        let starts = folder.path().join("starts");
        let answer = r#"{"kind": "ExecCredential", "status": {"token": "t", "expirationTimestamp": "2099-01-01T00:00:00Z"}}"#;
        let exec = plugin(&format!("echo x >> {}; echo '{answer}'", starts.display()));
        let logins = Logins::default();
        let all = futures::future::join_all((0..8).map(|_| logins.ask(&exec, None, true))).await;
        assert!(all.iter().all(|one| one.as_ref().unwrap().token.as_deref() == Some("t")));
        let runs = || std::fs::read_to_string(&starts).unwrap().lines().count();
        assert_eq!(runs(), 1);
        logins.ask(&exec, None, false).await.unwrap();
        assert_eq!(runs(), 1, "it holds for years");
        logins.ask(&exec, None, true).await.unwrap();
        assert_eq!(runs(), 2, "it was refused");
    }

    #[tokio::test]
    async fn a_plugin_has_no_terminal_and_what_it_says_is_kept() {
        let wrong = Logins::default().ask(&plugin("(echo hello > /dev/tty) 2>/dev/null && exit 7; echo no tty >&2; exit 3"), None, false).await;
        let why = wrong.unwrap_err();
        assert!(why.contains("exit status: 3") && why.ends_with("no tty"), "{why}");
    }

    #[tokio::test]
    async fn a_plugin_that_is_not_there_says_how_to_get_it() {
        let exec = ExecConfig { command: Some("meshplay-no-such-plugin".into()), install_hint: Some("brew\ninstall it".into()), ..plugin("") };
        let why = Logins::default().ask(&exec, None, false).await.unwrap_err();
        assert!(why.contains("cannot be started") && why.contains("brew; install it"), "{why}");
    }

    /// It hangs in something it started, which holds its pipes: both end when nobody waits any more.
    #[tokio::test]
    async fn a_plugin_that_is_given_up_ends_with_everything_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let held = folder.path().join("held");
        assert!(std::process::Command::new("mkfifo").arg(&held).status().unwrap().success());
        // Whoever reads sees the end when the last of them has gone, and not before.
        let exec = plugin(&format!("exec 9> {}; sleep 300 & sleep 300", held.display()));
        let logins = Logins::default();
        let asked = tokio::spawn(async move { logins.ask(&exec, None, false).await });
        let mut pipe = tokio::fs::File::open(&held).await.unwrap();
        asked.abort();
        let mut said = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(30), pipe.read_to_end(&mut said)).await;
        assert_eq!(ended.expect("they live on").unwrap(), 0);
    }

    /// client-go reads what plugins answer with a codec that knows YAML.
    #[tokio::test]
    async fn an_answer_may_be_yaml() {
        let exec = plugin("printf 'kind: ExecCredential\\nstatus:\\n  clientCertificateData: C\\n  clientKeyData: K\\n'");
        let credential = Logins::default().ask(&exec, None, false).await.unwrap();
        assert_eq!(credential.certificate, Some(("C".into(), "K".into())));
    }
}
