//! Kubeconfigs on disk: read, merged, turned into contexts, and followed while they change. Nothing is ever written to one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::Kubeconfig;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::client::InCluster;
use super::fleet::{Context, Embedded, Fleet};
use super::gate::Gate;
use crate::names::{ClusterId, Problem};
use crate::text::sanitise;

/// How long a file has to be left alone before it is read again: some writers empty it first.
const QUIET: Duration = Duration::from_millis(200);

/// The context that is the cluster this program runs in.
pub(super) const IN_CLUSTER: &str = "in-cluster";

/// What one kubeconfig names. Of several files with one name the first wins, so that another's entry is not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubeconfigNames {
    /// Its contexts.
    pub contexts: Vec<String>,
    /// Its clusters.
    pub clusters: Vec<String>,
    /// Its users.
    pub users: Vec<String>,
}

/// Reads one kubeconfig and answers what it names.
///
/// # Errors
/// It cannot be read, with the line where that is known.
pub fn examine_kubeconfig(file: &Path) -> Result<KubeconfigNames, Problem> {
    let Kubeconfig { contexts, clusters, auth_infos, .. } = read(file)?;
    let clean = |name: &str| sanitise(name).into_owned();
    Ok(KubeconfigNames {
        contexts: contexts.iter().map(|named| clean(&named.name)).collect(),
        clusters: clusters.iter().map(|named| clean(&named.name)).collect(),
        users: auth_infos.iter().map(|named| clean(&named.name)).collect(),
    })
}

fn read(file: &Path) -> Result<Kubeconfig, Problem> {
    Kubeconfig::read_from(file).map_err(|error| broken(file, &error.to_string()))
}

fn broken(file: &Path, why: &str) -> Problem {
    // The parser's message is its first line; after it comes a drawing of the place.
    let why = why.lines().next().unwrap_or_default();
    Problem {
        code: "kubeconfig.broken",
        what: format!("the kubeconfig {} cannot be used", file.display()),
        why: sanitise(why).into_owned(),
        hints: vec!["mend the file, or point KUBECONFIG at another; `meshplay --sandbox` needs none".into()],
    }
}

/// All files as one, the first to name something winning.
pub(super) fn merged(files: &[PathBuf]) -> Result<Kubeconfig, Problem> {
    let mut all = Kubeconfig::default();
    for file in files {
        all = all.merge(read(file)?).map_err(|error| broken(file, &error.to_string()))?;
    }
    Ok(all)
}

/// The contexts of a kubeconfig, in its order.
pub(super) fn contexts(kubeconfig: &Kubeconfig, current: bool, gate: &Gate) -> Vec<Context> {
    let server = |cluster: &str| {
        kubeconfig.clusters.iter().find(|one| one.name == cluster).and_then(|one| one.cluster.as_ref()?.server.clone()).unwrap_or_default()
    };
    let context = |named: &kube::config::NamedContext| {
        let context = named.context.as_ref()?;
        let id = ClusterId::new(sanitise(&named.name).as_ref());
        Some(Context {
            namespace: context.namespace.as_deref().map_or_else(|| "default".into(), |namespace| sanitise(namespace).into_owned()),
            server: sanitise(&server(&context.cluster)).into_owned(),
            current: current && kubeconfig.current_context.as_deref() == Some(&named.name),
            protected: gate.is_protected(&id),
            id,
        })
    };
    kubeconfig.contexts.iter().filter_map(context).collect()
}

/// The embedded cluster as a context.
pub(super) fn embedded(own: &Embedded) -> Context {
    Context {
        id: ClusterId::new(own.name.as_str()),
        namespace: own.namespace.clone(),
        server: "in this process".into(),
        current: true,
        protected: false,
    }
}

/// The cluster this program runs in as a context, beginning in the pod's namespace.
pub(super) fn in_cluster(pod: &InCluster, gate: &Gate) -> Context {
    let namespace = std::fs::read_to_string(pod.folder.join("namespace")).unwrap_or_default();
    let namespace = sanitise(namespace.trim()).into_owned();
    let id = ClusterId::new(IN_CLUSTER);
    Context {
        namespace: if namespace.is_empty() { "default".into() } else { namespace },
        server: sanitise(&pod.server).into_owned(),
        current: true,
        protected: gate.is_protected(&id),
        id,
    }
}

/// Everything that makes a context's client what it is: when this is another text, the client is another.
pub(super) fn definition(kubeconfig: &Kubeconfig, id: &ClusterId) -> Option<String> {
    let named = kubeconfig.contexts.iter().find(|named| sanitise(&named.name) == id.as_str())?;
    let context = named.context.as_ref()?;
    let cluster = kubeconfig.clusters.iter().find(|one| one.name == context.cluster);
    let user = kubeconfig.auth_infos.iter().find(|one| Some(&one.name) == context.user.as_ref());
    serde_json::to_string(&(context, cluster, user)).ok()
}

/// Contexts as they change on disk. Dropping it ends the watching.
pub struct Following {
    fleet: Fleet,
    seen: mpsc::Receiver<()>,
    /// None where nothing can be watched: then nothing is ever seen.
    _watcher: Option<RecommendedWatcher>,
}

impl Fleet {
    /// Follows the kubeconfigs. Needs a tokio runtime.
    pub fn follow(&self) -> Following {
        let (sender, seen) = mpsc::channel(1);
        let told = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                // One that waits already is enough.
                _ = sender.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(told).and_then(|mut watcher| {
            // Files are replaced by others of their name, so that it is their folders that have to be watched.
            for folder in self.files().iter().filter_map(|file| file.parent()) {
                watcher.watch(folder, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        Following { fleet: self.clone(), seen, _watcher: watcher.ok() }
    }
}

impl Following {
    /// Waits until the contexts are others and reads them; `None` when nothing can be followed.
    ///
    /// # Errors
    /// A file cannot be used: what was known of it stays in use.
    pub async fn next(&mut self) -> Option<Result<(), Problem>> {
        loop {
            self.seen.recv().await?;
            while tokio::time::timeout(QUIET, self.seen.recv()).await.is_ok_and(|seen| seen.is_some()) {}
            match self.fleet.reload() {
                Ok(false) => {}
                Ok(true) => return Some(Ok(())),
                Err(problem) => return Some(Err(problem)),
            }
        }
    }
}
