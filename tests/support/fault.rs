//! An API server that does what no API server should: it is told, request by request, what to answer, down to the last byte. It speaks just enough of
//! the API to be taken for one.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a request gets.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A whole answer.
    Says(u16, String),
    /// The same of another content type.
    Html(u16, String),
    /// The same with more headers, each a whole line.
    Heads(u16, Vec<String>, String),
    /// These lines of a watch, and then silence.
    Holds(Vec<String>),
    /// These lines of a watch, which then ends as it should.
    Ends(Vec<String>),
    /// These bytes of a watch, cut by a reset in the middle.
    Cuts(String),
    /// Nothing, forever.
    Stalls,
    /// The connection is closed before a word is said.
    Hangs,
}

type Rule = Box<dyn Fn(&str, usize) -> Option<Reply> + Send>;

struct Shared {
    rule: Mutex<Rule>,
    /// The only token that is let in; none: everybody is.
    token: Arc<Mutex<Option<String>>>,
    /// Paths with queries, in the order in which they came.
    asked: watch::Sender<Vec<String>>,
}

/// A running server; it ends when it is dropped.
pub struct Fault {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Fault {
    /// Starts one. The rule answers a path with its query and the number of times it was asked before; what it leaves alone is answered as a healthy
    /// server does.
    pub async fn start(rule: impl Fn(&str, usize) -> Option<Reply> + Send + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), rule).await
    }

    /// The same at that address.
    pub async fn start_at(address: SocketAddr, rule: impl Fn(&str, usize) -> Option<Reply> + Send + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { rule: Mutex::new(Box::new(rule)), token: Arc::default(), asked: watch::channel(Vec::new()).0 });
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, shared.clone()));
        Self { address, shared, tasks }
    }

    /// From now on another rule.
    pub fn behave(&self, rule: impl Fn(&str, usize) -> Option<Reply> + Send + 'static) {
        *self.shared.rule.lock().unwrap() = Box::new(rule);
    }

    /// From now on only who has this token is let in.
    pub fn wants(&self, token: &str) {
        *self.shared.token.lock().unwrap() = Some(token.to_owned());
    }

    /// The only token that is let in, to be changed by a rule.
    pub fn token(&self) -> Arc<Mutex<Option<String>>> {
        self.shared.token.clone()
    }

    /// Everything that was asked, as it comes in.
    pub fn asked(&self) -> watch::Receiver<Vec<String>> {
        self.shared.asked.subscribe()
    }

    /// Closes the port and every connection.
    pub async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut lines = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = shared.clone();
        // The other side may go at any moment; that is not what is tested here.
        lines.spawn(async move { _ = serve(stream, &shared).await });
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut path, mut length, mut token) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if path.is_empty() {
            path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        } else if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        } else if line.to_lowercase().starts_with("authorization:") {
            token = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        } else if line.trim().is_empty() {
            break;
        }
    }
    tokio::io::copy(&mut (&mut stream).take(length), &mut tokio::io::sink()).await?;
    let before = shared.asked.borrow().iter().filter(|one| **one == path).count();
    shared.asked.send_modify(|all| all.push(path.clone()));
    if shared.token.lock().unwrap().as_ref().is_some_and(|wanted| *wanted != token) {
        return answer(stream.into_inner(), Reply::Says(401, status(401, "Unauthorized", "Unauthorized"))).await;
    }
    let reply = (shared.rule.lock().unwrap())(&path, before);
    answer(stream.into_inner(), reply.unwrap_or_else(|| healthy(&path))).await
}

async fn answer(mut stream: TcpStream, reply: Reply) -> std::io::Result<()> {
    let whole = |status: u16, kind: &str, body: &str| {
        format!("HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let chunk = |text: &str| if text.is_empty() { String::new() } else { format!("{:x}\r\n{text}\r\n", text.len()) };
    let lines = |lines: &[String]| chunk(&lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    match reply {
        Reply::Says(status, body) => stream.write_all(whole(status, "application/json", &body).as_bytes()).await,
        Reply::Heads(status, heads, body) => {
            let heads: String = heads.iter().map(|line| format!("{line}\r\n")).collect();
            let text = whole(status, "application/json", &body).replacen("Connection: close\r\n", &format!("{heads}Connection: close\r\n"), 1);
            stream.write_all(text.as_bytes()).await
        }
        Reply::Html(status, body) => stream.write_all(whole(status, "text/html", &body).as_bytes()).await,
        Reply::Ends(events) => stream.write_all(format!("{head}{}0\r\n\r\n", lines(&events)).as_bytes()).await,
        Reply::Cuts(bytes) => {
            stream.write_all(format!("{head}{}", chunk(&bytes)).as_bytes()).await?;
            stream.shutdown().await
        }
        Reply::Holds(events) => {
            stream.write_all(format!("{head}{}", lines(&events)).as_bytes()).await?;
            std::future::pending().await
        }
        Reply::Stalls => std::future::pending().await,
        Reply::Hangs => Ok(()),
    }
}

/// What a healthy, empty server answers.
fn healthy(path: &str) -> Reply {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let says = |value: Value| Reply::Says(200, value.to_string());
    match path {
        "/readyz" => Reply::Says(200, "ok".into()),
        "/version" => says(json!({"gitVersion": "v1.36.3"})),
        "/api" => says(groups("", &[("pods", "Pod", "po"), ("secrets", "Secret", ""), ("configmaps", "ConfigMap", "cm")])),
        "/apis" => says(groups("apps", &[("deployments", "Deployment", "deploy")])),
        _ if query.contains("sendInitialEvents") => Reply::Holds(vec![end("1")]),
        _ if query.contains("watch=1") => Reply::Holds(vec![]),
        _ => says(json!({"kind": "List", "metadata": {"resourceVersion": "1"}, "items": []})),
    }
}

fn groups(group: &str, kinds: &[(&str, &str, &str)]) -> Value {
    let resource = |(plural, kind, short): &(&str, &str, &str)| {
        json!({"resource": plural, "responseKind": {"group": group, "version": "v1", "kind": kind}, "scope": "Namespaced", "singularResource": kind.to_lowercase(),
            "shortNames": [short], "verbs": ["get", "list", "watch"]})
    };
    let version = json!({"version": "v1", "resources": kinds.iter().map(resource).collect::<Vec<_>>()});
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": [{"metadata": {"name": group}, "versions": [version]}]})
}

/// An event of a watch about a pod.
pub fn pod(what: &str, name: &str, version: &str) -> String {
    let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default", "uid": name, "resourceVersion": version},
        "spec": {"containers": [{"name": "a"}]}, "status": {"phase": "Running"}});
    json!({"type": what, "object": pod}).to_string()
}

/// The bookmark at the end of a streaming list.
pub fn end(version: &str) -> String {
    let annotations = json!({"k8s.io/initial-events-end": "true"});
    json!({"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": version, "annotations": annotations}}}).to_string()
}

/// A failed `metav1.Status`.
pub fn status(code: u16, reason: &str, message: &str) -> String {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code}).to_string()
}

/// A kubeconfig with one context for each server, by name; the first is the current one. It is gone with its folder.
pub fn kubeconfig(servers: &[(&str, SocketAddr)]) -> (tempfile::TempDir, PathBuf) {
    let list = |one: &dyn Fn(&str, &SocketAddr) -> Value| servers.iter().map(|(name, address)| one(name, address)).collect::<Vec<_>>();
    let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": servers.first().map(|(name, _)| name),
        "clusters": list(&|name, address| json!({"name": name, "cluster": {"server": format!("http://{address}")}})),
        "users": [{"name": "me", "user": {}}],
        "contexts": list(&|name, _| json!({"name": name, "context": {"cluster": name, "user": "me"}}))});
    write(&config.to_string())
}

/// A kubeconfig of exactly this text.
pub fn write(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}
