//! The embedded Kubernetes API server with a small shop living in it: the default when there is no cluster, and the bed our tests lie in.
//!
//! It serves discovery, metrics of pods and nodes, get, list (limit, continue, label and field selectors), watch (bookmarks, streaming lists), Tables, create, update, JSON and merge
//! patches, delete, scale and pod logs. It does **not** run containers, authenticate anybody, validate schemas, apply on the server's side, exec, forward
//! ports or keep anything after it ends; a request for one of these is refused with a sentence that says so.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::names::Problem;

mod controllers;
mod kinds;
mod metrics;
mod patch;
mod print;
mod release;
mod rights;
mod scenario;
mod select;
mod server;
mod shop;
mod store;

/// What lives in the sandbox.
#[derive(Clone, Debug)]
pub struct Options {
    /// Pods besides the shop's, in namespaces `bulk-0`, `bulk-1`, …
    pub pods: usize,
    /// Status changes a second among those pods.
    pub churn: u32,
    /// Nothing changes by itself, and everything is more than eight days old, so that not even an age does.
    pub still: bool,
    /// The same seed gives the same scenario.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { pods: 0, churn: 0, still: false, seed: 7 }
    }
}

/// A running sandbox. Cloning shares it; it ends with its last clone.
#[derive(Clone)]
pub struct Sandbox {
    store: Arc<store::Store>,
    _tasks: Arc<JoinSet<()>>,
}

/// Bytes that may wait in a pipe between us and ourselves, each way.
const PIPE: usize = 256 << 10;

impl Sandbox {
    /// Fills the store, opens the shop's services on loopback and lets the controllers run. Needs a tokio runtime.
    ///
    /// # Errors
    /// No loopback port can be opened.
    pub async fn start(options: Options) -> Result<Self, Problem> {
        let mut tasks = JoinSet::new();
        let no_port = |error: std::io::Error| Problem {
            code: "sandbox.loopback",
            what: "the sandbox's shop cannot open its services".into(),
            why: error.to_string(),
            hints: vec!["it needs a few free ports on 127.0.0.1".into()],
        };
        let delays = Arc::default();
        let ports = shop::open(&mut tasks, &delays).await.map_err(no_port)?;
        let store = Arc::new(store::Store::new(options.still));
        scenario::fill(&store, &options, &ports);
        store.listen(ports);
        tasks.spawn(shop::follow(store.clone(), delays));
        tasks.spawn(controllers::run(store.clone(), options.clone()));
        if options.churn > 0 && !options.still {
            tasks.spawn(scenario::churn(store.clone(), options));
        }
        Ok(Self { store, _tasks: Arc::new(tasks) })
    }

    /// One connection from inside this process, served by the same server as any other.
    pub fn dial(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        tokio::spawn(server::connection(self.store.clone(), TokioIo::new(theirs)));
        ours
    }

    /// Serves plain HTTP until the listener fails.
    ///
    /// # Errors
    /// What the listener says.
    pub async fn serve(&self, listener: TcpListener) -> std::io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            // A watch sends small lines that should not wait for each other.
            _ = stream.set_nodelay(true);
            tokio::spawn(server::connection(self.store.clone(), TokioIo::new(stream)));
        }
    }

    /// A kubeconfig for everyone else, as YAML.
    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: sandbox\nclusters:\n- name: sandbox\n  cluster:\n    server: http://{address}\n\
             users:\n- name: sandbox\n  user: {{}}\ncontexts:\n- name: sandbox\n  context:\n    cluster: sandbox\n    user: sandbox\n    namespace: shop\n"
        )
    }
}
