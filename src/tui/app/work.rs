//! How effects are done: connections, what is remembered, and the panes' own work. The only file of the shell that waits.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::memory::{Memory, Remember};
use super::model::{Effect, Report};
use crate::cluster::fleet::Fleet;
use crate::cluster::logs::spill::Disk;
use crate::names::{ObjectKey, Problem};
use crate::perf::apart::Launch;
use crate::perf::schedule::Book;
use crate::results::Store;
use crate::text::sanitise;
use crate::tui::panes::{clusters, inventory, logs, perf, pulse, xray};

/// What the work needs of the world.
#[derive(Clone)]
pub struct Context {
    /// The clusters.
    pub fleet: Fleet,
    /// The runs on disk.
    pub store: Store,
    /// How a load test gets a process of its own.
    pub launch: Launch,
    /// The person's schedules.
    pub book: Book,
    /// The folder with what permutations have changed and not put back yet.
    pub journals: PathBuf,
    /// The folder for what is saved.
    pub saved: PathBuf,
    /// Where lines of logs go that memory has no room for; none: they are let go.
    pub disk: Option<Disk>,
    /// Where reports go.
    pub reports: Sender<Report>,
    /// Keeps what the next start should know.
    pub remember: Remember,
}

/// Work under way. Dropping it ends it.
pub struct Work {
    context: Context,
    inventory: inventory::work::Work<Report>,
    logs: logs::work::Work<Report>,
    pulse: pulse::work::Work<Report>,
    perf: perf::work::Work<Report>,
    xray: xray::work::Work<Report>,
    clusters: clusters::work::Work<Report>,
    status: JoinHandle<()>,
    /// Reports contexts as the kubeconfigs change.
    files: JoinHandle<()>,
    /// The newest of what the next start should know; one writer, so that an older one never wins.
    memory: watch::Sender<Option<Memory>>,
    writer: JoinHandle<()>,
}

/// What only the owner of the terminal can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Put text into the clipboard.
    Copy(String),
    /// Draw everything anew.
    Repaint,
}

impl Work {
    /// Begins to report how the connections do.
    pub fn new(context: Context) -> Self {
        let inventory = inventory::work::Work::new(context.fleet.clone(), context.reports.clone(), context.saved.join("tables"), Report::Inventory);
        let pulse = pulse::work::Work::new(context.fleet.clone(), context.reports.clone(), Report::Pulse);
        let (saved, disk) = (context.saved.join("logs"), context.disk.clone());
        let logs = logs::work::Work::new(context.fleet.clone(), saved, disk, context.reports.clone(), Report::Logs);
        let mut perf =
            perf::work::Work::new(context.fleet.clone(), context.store.clone(), context.launch.clone(), context.reports.clone(), Report::Perf);
        perf.keep_schedules(context.book.clone());
        perf.look_for_left(context.journals.clone());
        let xray = xray::work::Work::new(context.fleet.clone(), context.reports.clone(), Report::Xray);
        let clusters = clusters::work::Work::new(context.fleet.clone(), context.reports.clone(), Report::Clusters);
        let files = tokio::spawn(follow(context.fleet.clone(), context.reports.clone()));
        let (mut connections, reports) = (context.fleet.status(), context.reports.clone());
        let status = tokio::spawn(async move {
            loop {
                let now = connections.borrow_and_update().clone();
                if reports.send(Report::Connections(now)).await.is_err() || connections.changed().await.is_err() {
                    return;
                }
            }
        });
        let (memory, newest) = watch::channel(None);
        let writer = tokio::spawn(write(newest, context.remember.clone(), context.reports.clone()));
        Self { context, inventory, logs, perf, pulse, xray, clusters, status, files, memory, writer }
    }

    /// Begins what is wanted; what only the terminal's owner can do is answered.
    pub fn run(&mut self, effect: Effect) -> Option<Wish> {
        match effect {
            Effect::Inventory(effect) => self.inventory.run(effect),
            Effect::Logs(effect) => self.logs.run(effect),
            Effect::Pulse(effect) => self.pulse.run(effect),
            Effect::Perf(effect) => self.perf.run(effect),
            Effect::Xray(effect) => self.xray.run(effect),
            Effect::Clusters(effect) => self.clusters.run(effect),
            Effect::Hold(clusters) => self.context.fleet.gate().hold(clusters),
            Effect::Connect(id) => self.context.fleet.connect(&id),
            Effect::Disconnect(id) => self.context.fleet.disconnect(&id),
            Effect::Remember(memory) => _ = self.memory.send_replace(Some(memory)),
            Effect::Copy(text) => return Some(Wish::Copy(text)),
            Effect::CopyYaml(key) => self.copy_yaml(key),
            Effect::Write { path, text } => self.report(move || write_new(&path, &text).map(|()| Report::Wrote(path))),
            Effect::Did => {
                let gate = self.context.fleet.gate().clone();
                self.report(move || gate.history().map(Report::Did).map_err(unread));
            }
            Effect::Repaint => return Some(Wish::Repaint),
        }
        None
    }

    fn copy_yaml(&self, key: ObjectKey) {
        let (fleet, reports) = (self.context.fleet.clone(), self.context.reports.clone());
        tokio::spawn(async move {
            let report = fleet.yaml(&key, false).await.map_or_else(Report::Failed, Report::ToCopy);
            _ = reports.send(report).await;
        });
    }

    /// Does what waits for a disk, and reports it.
    fn report(&self, work: impl FnOnce() -> Result<Report, Problem> + Send + 'static) {
        let reports = self.context.reports.clone();
        tokio::task::spawn_blocking(move || {
            // The loop may be over: then nobody is left to be told.
            _ = reports.blocking_send(work().unwrap_or_else(Report::Failed));
        });
    }

    /// Stops load tests that end with this program and waits until what they measured is kept, at most `limit`.
    pub async fn close(&mut self, limit: Duration) {
        // Its receiver sees the last value before it sees that the sender is gone.
        self.memory = watch::channel(None).0;
        _ = tokio::join!(self.perf.close(limit), tokio::time::timeout(limit, &mut self.writer));
    }
}

/// A file that is there already is left alone.
fn write_new(path: &str, text: &str) -> Result<(), Problem> {
    let written = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Problem::new("copy.unwritten", format!("{} was not written", sanitise(path)), error.to_string()).hint("name a file that is not there yet")
    })
}

fn unread(error: std::io::Error) -> Problem {
    Problem::new("gate.unread", "what was done cannot be read", error.to_string()).hint("see that audit.ndjson in the data folder can be read")
}

/// Reports the contexts whenever the kubeconfigs name others.
async fn follow(fleet: Fleet, reports: Sender<Report>) {
    let mut files = fleet.follow();
    while let Some(read) = files.next().await {
        let report = read.map_or_else(Report::Failed, |()| Report::Contexts(fleet.contexts()));
        if reports.send(report).await.is_err() {
            return;
        }
    }
}

/// Writes the newest state whenever there is another one, and the last one before it ends.
async fn write(mut newest: watch::Receiver<Option<Memory>>, remember: Remember, reports: Sender<Report>) {
    while newest.changed().await.is_ok() {
        let Some(memory) = newest.borrow_and_update().clone() else { continue };
        let remember = remember.clone();
        let written = tokio::task::spawn_blocking(move || remember(memory)).await;
        if let Ok(Err(error)) = written {
            let problem = Problem::new("state.unwritten", "this start will not be remembered", error.to_string());
            // The loop may be over: then nobody is left to be told.
            _ = reports.try_send(Report::Failed(problem.hint("see that the state folder can be written")));
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.status.abort();
        self.files.abort();
    }
}
