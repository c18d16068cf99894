//! The fleet: every context of the merged kubeconfig as a connection of its own. The only place that builds a kube client.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use kube::config::Kubeconfig;
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::client::{BuildFrom, Builder};
use super::connection::{Connected, Connection, Health, keep, unix_now};
use super::gate::Gate;
use super::kinds::Kinds;
use super::metrics::Poller;
use super::watch::{Subscription, WatchSpec, current};
use crate::names::{ClusterId, Problem};
use crate::text::sanitise;

/// Dials an API server inside this process.
pub type Dial = Arc<dyn Fn() -> DuplexStream + Send + Sync>;

/// An API server inside this process, shown as one more context.
#[derive(Clone)]
pub struct Embedded {
    /// The context's name.
    pub name: String,
    /// The namespace looked at first.
    pub namespace: String,
    /// Opens a connection.
    pub dial: Dial,
}

/// Where clusters come from and what may be done to them.
#[derive(Clone, Default)]
pub struct FleetOptions {
    /// Kubeconfig files in merge order.
    pub kubeconfigs: Vec<PathBuf>,
    /// The sandbox, if it is open.
    pub embedded: Option<Embedded>,
    /// Nothing is changed.
    pub readonly: bool,
    /// Globs of contexts that ask for their name before an action.
    pub protected: Vec<String>,
    /// The audit log.
    pub audit: Option<PathBuf>,
}

/// One context of the merged kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Its name.
    pub id: ClusterId,
    /// The namespace it starts in.
    pub namespace: String,
    /// The server's address.
    pub server: String,
    /// The kubeconfig's current one.
    pub current: bool,
    /// Actions ask for its name.
    pub protected: bool,
}

/// A handle to all clusters of one person. Cloning shares everything; the last clone ends every task.
#[derive(Clone)]
pub struct Fleet {
    inner: Arc<Inner>,
}

struct Inner {
    kubeconfig: Kubeconfig,
    embedded: Option<Embedded>,
    contexts: Vec<Context>,
    lines: HashMap<ClusterId, Line>,
    status: watch::Sender<Arc<[Connection]>>,
    gate: Gate,
}

/// One context's life: its connection, and the task that keeps it.
struct Line {
    connected: watch::Sender<Option<Connected>>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Asks for uses while somebody looks.
    poller: Mutex<Weak<Poller>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for line in self.lines.values() {
            line.stop();
        }
    }
}

impl Line {
    fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        self.connected.send_replace(None);
    }
}

impl Fleet {
    /// Reads the kubeconfigs and connects to nothing yet.
    ///
    /// # Errors
    /// A kubeconfig that cannot be read, with the file and the line where that is known; a context without a cluster is not an error here.
    pub fn open(options: FleetOptions) -> Result<Self, Problem> {
        let kubeconfig = merged(&options.kubeconfigs)?;
        let gate = Gate::new(options.readonly, options.protected, options.audit);
        let contexts = contexts(&kubeconfig, options.embedded.as_ref(), &gate);
        let off = |context: &Context| Connection {
            id: context.id.clone(),
            health: Health::Off,
            since: unix_now(),
            problem: None,
            version: None,
            latency_ms: None,
        };
        let (status, _) = watch::channel(contexts.iter().map(off).collect());
        let line =
            |context: &Context| (context.id.clone(), Line { connected: watch::channel(None).0, task: Mutex::default(), poller: Mutex::default() });
        let lines = contexts.iter().map(line).collect();
        Ok(Self { inner: Arc::new(Inner { kubeconfig, embedded: options.embedded, contexts, lines, status, gate }) })
    }

    /// Every context, in the order of the kubeconfig.
    pub fn contexts(&self) -> &[Context] {
        &self.inner.contexts
    }

    /// The context to begin with: the kubeconfig's current one, or the only one there is.
    pub fn current(&self) -> Option<&Context> {
        let contexts = self.contexts();
        contexts.iter().find(|context| context.current).or(if contexts.len() == 1 { contexts.first() } else { None })
    }

    /// The context of that name.
    ///
    /// # Errors
    /// There is none; the problem names those there are.
    pub fn context(&self, id: &ClusterId) -> Result<&Context, Problem> {
        self.contexts().iter().find(|context| context.id == *id).ok_or_else(|| no_context(id, self.contexts()))
    }

    /// The rules for actions.
    pub fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// How every connection does, now and whenever it changes.
    pub fn status(&self) -> watch::Receiver<Arc<[Connection]>> {
        self.inner.status.subscribe()
    }

    /// Opens a connection and keeps it. Needs a tokio runtime.
    pub fn connect(&self, id: &ClusterId) {
        let Some(line) = self.inner.lines.get(id) else { return };
        let mut task = line.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_some() {
            return;
        }
        let (builder, reporter) = (self.builder(id), self.inner.status.clone());
        let (name, connected) = (id.clone(), line.connected.clone());
        *task = Some(tokio::spawn(async move {
            let report = |health, problem, version, latency| tell(&reporter, &name, health, problem, version, latency);
            keep(builder, connected, report).await;
        }));
    }

    /// Makes the client of a context.
    pub(super) fn builder(&self, id: &ClusterId) -> Builder {
        let source = match &self.inner.embedded {
            Some(own) if own.name == id.as_str() => BuildFrom::Dial(own.dial.clone()),
            _ => BuildFrom::Kubeconfig(Box::new(self.inner.kubeconfig.clone())),
        };
        Builder::new(id.clone(), source)
    }

    /// Closes a connection; its watches wait for it to come back.
    pub fn disconnect(&self, id: &ClusterId) {
        if let Some(line) = self.inner.lines.get(id) {
            line.stop();
            tell(&self.inner.status, id, Health::Off, None, None, None);
        }
    }

    /// What a cluster serves, as soon as it is connected.
    ///
    /// # Errors
    /// No such context, or the cluster refused to say.
    pub async fn kinds(&self, id: &ClusterId) -> Result<Arc<Kinds>, Problem> {
        self.connected(id).await?.kinds().await
    }

    /// Watches one view of one cluster, from the moment it is connected.
    pub fn watch(&self, spec: WatchSpec) -> Subscription {
        let connected = match self.inner.lines.get(&spec.cluster) {
            Some(line) => line.connected.subscribe(),
            None => watch::channel(None).1,
        };
        Subscription::start(spec, connected)
    }

    /// Who asks a cluster for uses, started when nobody did yet. Needs a tokio runtime.
    pub(super) fn poller(&self, id: &ClusterId) -> Option<Arc<Poller>> {
        let line = self.inner.lines.get(id)?;
        let mut place = line.poller.lock().unwrap_or_else(PoisonError::into_inner);
        Some(place.upgrade().unwrap_or_else(|| {
            let poller = Arc::new(Poller::start(line.connected.subscribe()));
            *place = Arc::downgrade(&poller);
            poller
        }))
    }

    /// The connection of a cluster, waited for at most as long as a person waits.
    pub(super) async fn connected(&self, id: &ClusterId) -> Result<Connected, Problem> {
        let line = self.inner.lines.get(id).ok_or_else(|| no_context(id, self.contexts()))?;
        let mut receiver = line.connected.subscribe();
        match tokio::time::timeout(Duration::from_secs(20), self.or_trouble(id, current(&mut receiver))).await {
            Ok(answer) => answer,
            Err(_) => Err(self.trouble(id).unwrap_or_else(|| slow(id))),
        }
    }

    /// A connection that is known not to come is not waited for.
    async fn or_trouble(&self, id: &ClusterId, connected: impl Future<Output = Option<Connected>>) -> Result<Connected, Problem> {
        let mut status = self.status();
        let failed = async {
            let lost = |all: &Arc<[Connection]>| {
                all.iter().any(|one| one.id == *id && one.problem.is_some() && matches!(one.health, Health::AuthNeeded | Health::Unreachable))
            };
            _ = status.wait_for(lost).await;
        };
        tokio::select! {
            biased;
            connected = connected => connected.ok_or_else(|| slow(id)),
            () = failed => Err(self.trouble(id).unwrap_or_else(|| slow(id))),
        }
    }

    fn trouble(&self, id: &ClusterId) -> Option<Problem> {
        self.inner.status.borrow().iter().find(|one| one.id == *id)?.problem.clone()
    }
}

fn tell(
    status: &watch::Sender<Arc<[Connection]>>,
    id: &ClusterId,
    health: Health,
    problem: Option<Problem>,
    version: Option<String>,
    latency_ms: Option<u32>,
) {
    status.send_if_modified(|all| {
        let Some((place, one)) = all.iter().enumerate().find(|(_, one)| one.id == *id) else { return false };
        let since = if one.health == health { one.since } else { unix_now() };
        let version = version.or_else(|| one.version.clone());
        let now = Connection { id: id.clone(), health, since, problem, version, latency_ms };
        // A heartbeat that takes a little longer is no news; one that begins or ends to be slow is.
        let same = Connection { latency_ms: one.latency_ms, ..now.clone() } == *one && now.slow() == one.slow();
        if same {
            return false;
        }
        let mut next = all.to_vec();
        next[place] = now;
        *all = next.into();
        true
    });
}

fn slow(id: &ClusterId) -> Problem {
    Problem {
        code: "cluster.slow",
        what: format!("{id} is not connected yet"),
        why: "it has not answered within 20 s".into(),
        hints: vec!["`meshplay doctor` looks at every step of the connection".into()],
    }
}

fn no_context(id: &ClusterId, contexts: &[Context]) -> Problem {
    let names: Vec<&str> = contexts.iter().map(|context| context.id.as_str()).take(12).collect();
    let why = if names.is_empty() { "there are no contexts at all".to_owned() } else { format!("there are: {}", names.join(", ")) };
    Problem {
        code: "cluster.context",
        what: format!("there is no context called {id}"),
        why: sanitise(&why).into_owned(),
        hints: vec!["`kubectl config get-contexts` lists them".into()],
    }
}

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

fn merged(files: &[PathBuf]) -> Result<Kubeconfig, Problem> {
    let mut all = Kubeconfig::default();
    for file in files {
        all = all.merge(read(file)?).map_err(|error| broken(file, &error.to_string()))?;
    }
    Ok(all)
}

fn contexts(kubeconfig: &Kubeconfig, embedded: Option<&Embedded>, gate: &Gate) -> Vec<Context> {
    let server = |cluster: &str| {
        kubeconfig.clusters.iter().find(|one| one.name == cluster).and_then(|one| one.cluster.as_ref()?.server.clone()).unwrap_or_default()
    };
    let from_file = kubeconfig.contexts.iter().filter_map(|named| {
        let context = named.context.as_ref()?;
        let id = ClusterId::new(sanitise(&named.name).as_ref());
        Some(Context {
            namespace: context.namespace.as_deref().map_or_else(|| "default".into(), |namespace| sanitise(namespace).into_owned()),
            server: sanitise(&server(&context.cluster)).into_owned(),
            current: kubeconfig.current_context.as_deref() == Some(&named.name) && embedded.is_none(),
            protected: gate.is_protected(&id),
            id,
        })
    });
    let own = embedded.map(|own| Context {
        id: ClusterId::new(own.name.as_str()),
        namespace: own.namespace.clone(),
        server: "in this process".into(),
        current: true,
        protected: false,
    });
    own.into_iter().chain(from_file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Result<Fleet, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        Fleet::open(FleetOptions { kubeconfigs: vec![path], protected: vec!["prod*".into()], ..FleetOptions::default() })
    }

    #[test]
    fn contexts_keep_the_order_of_the_file_and_know_their_protection() {
        let fleet = open(
            "apiVersion: v1\nkind: Config\ncurrent-context: lab\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:6443'}}]\n\
             contexts: [{name: prod-eu, context: {cluster: c, user: u}}, {name: lab, context: {cluster: c, user: u, namespace: shop}}]\nusers: [{name: u, user: {}}]\n",
        )
        .unwrap();
        let names: Vec<_> = fleet.contexts().iter().map(|context| (context.id.as_str(), context.protected)).collect();
        assert_eq!(names, [("prod-eu", true), ("lab", false)]);
        assert_eq!(fleet.current().map(|context| (context.id.as_str(), context.namespace.as_str())), Some(("lab", "shop")));
    }

    #[tokio::test]
    async fn an_address_without_a_scheme_is_a_problem_and_no_panic() {
        let fleet = open(
            "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'lab.example:6443'}}]\ncontexts: [{name: lab, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n",
        )
        .unwrap();
        let problem = fleet.builder(&ClusterId::new("lab")).build().await.err().unwrap();
        assert_eq!(problem.code, "kubeconfig.server");
        assert!(problem.why.contains("lab.example:6443"), "{problem}");
    }

    #[test]
    fn a_broken_kubeconfig_names_the_file() {
        let problem = open("clusters: [").err().unwrap();
        assert_eq!(problem.code, "kubeconfig.broken");
        assert!(problem.what.contains("config"), "{}", problem.what);
    }
}
