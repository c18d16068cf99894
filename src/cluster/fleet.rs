//! The fleet: every context of the merged kubeconfig as a connection of its own, and the connections of other kinds that a person declares. The only
//! place that builds a kube client.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use kube::config::Kubeconfig;
use serde::{Deserialize, Serialize};
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::client::{BuildFrom, Builder, InCluster};
use super::connection::{Connected, Connection, Farewell, Health, Voice, keep};
use super::decode::Look;
use super::gate::Gate;
use super::kinds::Kinds;
use super::kubeconfig::{self, definition, merged};
use super::login::Logins;
use super::metrics::Poller;
use super::proxy::Proxies;
use super::standing::{Declared, clash};
use super::tally::{Particulars, Tally};
use super::watch::{Subscription, WatchSpec, current};
use crate::names::{ClusterId, ConnectionKind, Problem};
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
    /// The cluster this program runs in, where no kubeconfig names one.
    pub in_cluster: Option<InCluster>,
    /// Connections that no kubeconfig names.
    pub declared: Vec<Declared>,
    /// What the environment says about proxies.
    pub proxies: Proxies,
    /// Nothing is changed.
    pub readonly: bool,
    /// Globs of contexts that ask for their name before an action.
    pub protected: Vec<String>,
    /// Clusters in maintenance: nothing is changed there.
    pub held: Vec<ClusterId>,
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
    files: Vec<PathBuf>,
    kubeconfig: RwLock<Arc<Kubeconfig>>,
    embedded: Option<Embedded>,
    in_cluster: Option<InCluster>,
    declared: Vec<Declared>,
    /// What is wrong with those that are not used.
    refused: Vec<Problem>,
    proxies: Proxies,
    logins: Logins,
    contexts: watch::Sender<Arc<[Context]>>,
    lines: Mutex<HashMap<ClusterId, Arc<Line>>>,
    status: watch::Sender<Arc<[Connection]>>,
    gate: Gate,
}

/// One connection's life: what can be asked of it, and the task that keeps it.
struct Line {
    connected: watch::Sender<Option<Connected>>,
    /// Why it can be asked no more.
    farewell: Farewell,
    tally: Arc<Tally>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Asks for uses while somebody looks.
    poller: Mutex<Weak<Poller>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for line in self.lines.get_mut().unwrap_or_else(PoisonError::into_inner).values() {
            line.stop();
        }
    }
}

impl Inner {
    fn kubeconfig(&self) -> Arc<Kubeconfig> {
        self.kubeconfig.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Our own cluster, where there is one, and those of a kubeconfig.
    fn contexts_of(&self, kubeconfig: &Kubeconfig) -> Arc<[Context]> {
        let pod = || self.in_cluster.as_ref().map(|pod| kubeconfig::in_cluster(pod, &self.gate));
        let own = self.embedded.as_ref().map(kubeconfig::embedded).or_else(pod);
        let from_files = kubeconfig::contexts(kubeconfig, own.is_none(), &self.gate);
        own.into_iter().chain(from_files).collect()
    }
}

impl Line {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            connected: watch::channel(None).0,
            farewell: Farewell::default(),
            tally: Arc::default(),
            task: Mutex::default(),
            poller: Mutex::default(),
        })
    }

    fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        self.connected.send_replace(None);
    }

    fn runs(&self) -> bool {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

impl Fleet {
    /// Reads the kubeconfigs and connects to nothing yet.
    ///
    /// # Errors
    /// A kubeconfig that cannot be read, with the file and the line where that is known; a context without a cluster is not an error here.
    pub fn open(options: FleetOptions) -> Result<Self, Problem> {
        let kubeconfig = merged(&options.kubeconfigs)?;
        let gate = Gate::new(options.readonly, options.protected, options.audit).holding(options.held);
        let mut inner = Inner {
            files: options.kubeconfigs,
            kubeconfig: RwLock::new(Arc::new(kubeconfig)),
            embedded: options.embedded,
            in_cluster: options.in_cluster,
            declared: Vec::new(),
            refused: Vec::new(),
            proxies: options.proxies,
            logins: Logins::default(),
            contexts: watch::channel(Arc::from([])).0,
            lines: Mutex::default(),
            status: watch::channel(Arc::from([])).0,
            gate,
        };
        let mut taken: Vec<ClusterId> = inner.contexts_of(&inner.kubeconfig()).iter().map(|context| context.id.clone()).collect();
        for one in options.declared {
            match clash(&one, &taken) {
                Some(problem) => inner.refused.push(problem),
                None => {
                    taken.push(one.id.clone());
                    inner.declared.push(one);
                }
            }
        }
        let fleet = Self { inner: Arc::new(inner) };
        fleet.name_all();
        Ok(fleet)
    }

    /// Every context, in the order of the kubeconfig.
    pub fn contexts(&self) -> Arc<[Context]> {
        self.inner.contexts.borrow().clone()
    }

    /// Connections that no kubeconfig names.
    pub fn declared(&self) -> &[Declared] {
        &self.inner.declared
    }

    /// What is wrong with connections that were declared and are not used.
    pub fn refused(&self) -> &[Problem] {
        &self.inner.refused
    }

    /// What would be wrong with these, were they declared beside the contexts there are.
    pub fn clashes(&self, declared: &[Declared]) -> Vec<Problem> {
        let contexts = self.contexts();
        let before = |at: usize| contexts.iter().map(|context| &context.id).chain(declared[..at].iter().map(|one| &one.id));
        declared.iter().enumerate().filter_map(|(at, one)| clash(one, before(at))).collect()
    }

    /// The context to begin with: the kubeconfig's current one, or the only one there is.
    pub fn current(&self) -> Option<Context> {
        let contexts = self.contexts();
        let only = if contexts.len() == 1 { contexts.first() } else { None };
        contexts.iter().find(|context| context.current).or(only).cloned()
    }

    /// The context of that name.
    ///
    /// # Errors
    /// There is none; the problem names those there are.
    pub fn context(&self, id: &ClusterId) -> Result<Context, Problem> {
        self.contexts().iter().find(|context| context.id == *id).cloned().ok_or_else(|| no_context(id, &self.contexts()))
    }

    /// It is the server inside this process, which ends with it.
    pub fn is_embedded(&self, id: &ClusterId) -> bool {
        self.inner.embedded.as_ref().is_some_and(|own| own.name == id.as_str())
    }

    /// The rules for actions.
    pub fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// How every connection does, now and whenever it changes.
    pub fn status(&self) -> watch::Receiver<Arc<[Connection]>> {
        self.inner.status.subscribe()
    }

    /// What a connection costs, and what else is known of it.
    pub fn particulars(&self, id: &ClusterId) -> Option<Particulars> {
        Some(self.line(id)?.tally.read())
    }

    /// Opens a connection and keeps it. Needs a tokio runtime.
    pub fn connect(&self, id: &ClusterId) {
        let Some(line) = self.line(id) else { return };
        let mut task = line.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_some() {
            return;
        }
        let (builder, voice) = (self.builder(id), Voice::new(id.clone(), self.inner.status.clone()));
        let (connected, farewell) = (line.connected.clone(), line.farewell.clone());
        *task = Some(match self.inner.declared.iter().find(|one| one.id == *id) {
            Some(declared) => tokio::spawn(super::probe::probe(builder, declared.kind, voice)),
            None => tokio::spawn(keep(builder, connected, farewell, voice)),
        });
    }

    /// Makes the client of a connection.
    pub(super) fn builder(&self, id: &ClusterId) -> Builder {
        let declared = self.inner.declared.iter().find(|one| one.id == *id);
        let source = match (&self.inner.embedded, declared) {
            (_, Some(declared)) => BuildFrom::Address(declared.url.clone()),
            (Some(own), None) if own.name == id.as_str() => BuildFrom::Dial(own.dial.clone()),
            _ => match &self.inner.in_cluster {
                Some(pod) if id.as_str() == kubeconfig::IN_CLUSTER => BuildFrom::Pod(pod.clone()),
                _ => BuildFrom::Kubeconfig(self.kubeconfig()),
            },
        };
        let tally = self.line(id).map(|line| line.tally.clone()).unwrap_or_default();
        Builder::new(id.clone(), source, tally, self.inner.logins.clone(), self.inner.proxies.clone())
    }

    /// Closes a connection; its watches wait for it to come back.
    pub fn disconnect(&self, id: &ClusterId) {
        if let Some(line) = self.line(id) {
            line.stop();
            Voice::new(id.clone(), self.inner.status.clone()).tell(Health::Off, None);
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
        let connected = self.connections_of(&spec.cluster);
        Subscription::start(spec, connected, None)
    }

    /// Watches one kind of one cluster and shows every whole object to `look` before its row comes; also those whose deletion is told.
    pub fn watch_objects(&self, spec: WatchSpec, look: Look) -> Subscription {
        let connected = self.connections_of(&spec.cluster);
        Subscription::start(spec, connected, Some(look))
    }

    fn connections_of(&self, id: &ClusterId) -> watch::Receiver<Option<Connected>> {
        self.line(id).map_or_else(|| watch::channel(None).1, |line| line.connected.subscribe())
    }

    /// Reads the kubeconfigs again. Contexts that are new can be connected; those that are gone are closed and say so; those whose server or
    /// credentials are others are connected anew. False: nothing is different.
    ///
    /// # Errors
    /// A file cannot be used, or is empty while it is being written: what was known stays in use.
    pub(super) fn reload(&self) -> Result<bool, Problem> {
        let empty = |file: &PathBuf| std::fs::metadata(file).is_ok_and(|about| about.len() == 0);
        if self.inner.files.iter().any(empty) {
            return Ok(false);
        }
        let new = merged(&self.inner.files)?;
        let contexts = self.inner.contexts_of(&new);
        if let Some(problem) = self.inner.declared.iter().find_map(|one| clash(one, contexts.iter().map(|context| &context.id))) {
            return Err(problem.hint("the contexts that were read before stay in use until then"));
        }
        let old = self.kubeconfig();
        let text = |kubeconfig: &Kubeconfig| serde_json::to_string(kubeconfig).ok();
        if text(&old) == text(&new) {
            return Ok(false);
        }
        *self.inner.kubeconfig.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        self.name_all();
        let new = self.kubeconfig();
        let others: Vec<ClusterId> =
            self.lines().iter().filter(|(id, line)| line.runs() && definition(&old, id) != definition(&new, id)).map(|(id, _)| id.clone()).collect();
        for id in others {
            self.defined_anew(&id, definition(&new, &id).is_some());
        }
        Ok(true)
    }

    /// A connection that is open is defined otherwise, or by nothing any more.
    fn defined_anew(&self, id: &ClusterId, still: bool) {
        let Some(line) = self.line(id).filter(|_| !self.is_ours(id)) else { return };
        if still {
            line.stop();
            return self.connect(id);
        }
        let problem = gone(id);
        line.farewell.say(problem.clone());
        line.stop();
        Voice::new(id.clone(), self.inner.status.clone()).tell(Health::Unreachable, Some(problem));
    }

    /// It comes from no kubeconfig.
    fn is_ours(&self, id: &ClusterId) -> bool {
        let embedded = self.inner.embedded.as_ref().is_some_and(|own| own.name == id.as_str());
        embedded || self.inner.in_cluster.is_some() && id.as_str() == kubeconfig::IN_CLUSTER || self.inner.declared.iter().any(|one| one.id == *id)
    }

    /// Gives every connection there is its line and its status; the status of what is neither named nor open any more goes.
    fn name_all(&self) {
        let contexts = self.inner.contexts_of(&self.kubeconfig());
        let clusters = contexts.iter().map(|context| (context.id.clone(), ConnectionKind::Kubernetes));
        let named: Vec<(ClusterId, ConnectionKind)> = clusters.chain(self.inner.declared.iter().map(|one| (one.id.clone(), one.kind))).collect();
        let mut lines = self.lines();
        for (id, _) in &named {
            lines.entry(id.clone()).or_insert_with(Line::new);
        }
        self.inner.status.send_modify(|all| {
            let known = |id: &ClusterId| all.iter().find(|one| one.id == *id).cloned();
            let now = named.iter().map(|(id, kind)| known(id).unwrap_or_else(|| Connection::off(id.clone(), *kind)));
            let lost = all.iter().filter(|one| one.health != Health::Off && !named.iter().any(|(id, _)| *id == one.id));
            *all = now.chain(lost.cloned()).collect();
        });
        drop(lines);
        self.inner.contexts.send_replace(contexts);
    }

    /// The files contexts come from.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.inner.files
    }

    fn kubeconfig(&self) -> Arc<Kubeconfig> {
        self.inner.kubeconfig()
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<ClusterId, Arc<Line>>> {
        self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, id: &ClusterId) -> Option<Arc<Line>> {
        self.lines().get(id).cloned()
    }

    /// Who asks a cluster for uses, started when nobody did yet. Needs a tokio runtime.
    pub(super) fn poller(&self, id: &ClusterId) -> Option<Arc<Poller>> {
        let line = self.line(id)?;
        let mut place = line.poller.lock().unwrap_or_else(PoisonError::into_inner);
        Some(place.upgrade().unwrap_or_else(|| {
            let poller = Arc::new(Poller::start(line.connected.subscribe()));
            *place = Arc::downgrade(&poller);
            poller
        }))
    }

    /// The connection of a cluster, waited for at most as long as a person waits.
    pub(super) async fn connected(&self, id: &ClusterId) -> Result<Connected, Problem> {
        let line = self.line(id).ok_or_else(|| no_context(id, &self.contexts()))?;
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

fn slow(id: &ClusterId) -> Problem {
    Problem {
        code: "cluster.slow",
        what: format!("{id} is not connected yet"),
        why: "it has not answered within 20 s".into(),
        hints: vec!["`meshplay doctor` looks at every step of the connection".into()],
    }
}

/// Why a context that was open is not asked any more.
fn gone(id: &ClusterId) -> Problem {
    Problem::new("kubeconfig.gone", format!("{id} is not asked any more"), "the context is gone from the kubeconfig")
        .hint("what is shown stays until it is closed; it is connected again when the context is there again")
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
        let contexts = fleet.contexts();
        let names: Vec<_> = contexts.iter().map(|context| (context.id.as_str(), context.protected)).collect();
        assert_eq!(names, [("prod-eu", true), ("lab", false)]);
        assert_eq!(fleet.current().map(|context| (context.id.to_string(), context.namespace)), Some(("lab".into(), "shop".into())));
    }

    #[test]
    fn of_connections_that_share_a_name_the_contexts_and_the_first_are_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let context = |name: &str| format!("apiVersion: v1\nkind: Config\ncontexts: [{{name: {name}, context: {{cluster: c, user: u}}}}]\n");
        std::fs::write(&path, context("lab")).unwrap();
        let declared = ["lab", "metrics", "metrics"].map(|name| Declared {
            id: ClusterId::new(name),
            kind: ConnectionKind::Grafana,
            url: "http://127.0.0.1:1".into(),
            place: "config.toml:7".into(),
        });
        let options = FleetOptions { kubeconfigs: vec![path.clone()], declared: declared.to_vec(), ..FleetOptions::default() };
        let fleet = Fleet::open(options).unwrap();
        assert_eq!(fleet.refused().iter().map(|problem| problem.code).collect::<Vec<_>>(), ["config.connection"; 2]);
        let names = || fleet.inner.status.borrow().iter().map(|one| (one.id.to_string(), one.kind)).collect::<Vec<_>>();
        let before = [("lab".to_owned(), ConnectionKind::Kubernetes), ("metrics".to_owned(), ConnectionKind::Grafana)];
        assert_eq!(names(), before);
        // A kubeconfig that takes a name that is taken is not used; what was read before is.
        std::fs::write(&path, context("metrics")).unwrap();
        assert_eq!(fleet.reload().map_err(|problem| problem.code), Err("config.connection"));
        assert_eq!(names(), before);
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
