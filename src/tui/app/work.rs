//! How effects are done: connections, what is remembered, and the panes' own work. The only file of the shell that waits.

use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::memory::{Memory, Remember};
use super::model::{Effect, Report};
use crate::cluster::fleet::Fleet;
use crate::names::Problem;
use crate::results::Store;
use crate::tui::panes::{inventory, perf, pulse};

/// What the work needs of the world.
#[derive(Clone)]
pub struct Context {
    /// The clusters.
    pub fleet: Fleet,
    /// The runs on disk.
    pub store: Store,
    /// Where reports go.
    pub reports: Sender<Report>,
    /// Keeps what the next start should know.
    pub remember: Remember,
}

/// Work under way. Dropping it ends it.
pub struct Work {
    context: Context,
    inventory: inventory::work::Work<Report>,
    perf: perf::work::Work<Report>,
    pulse: pulse::work::Work<Report>,
    status: JoinHandle<()>,
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
        let inventory = inventory::work::Work::new(context.fleet.clone(), context.reports.clone(), Report::Inventory);
        let perf = perf::work::Work::new(context.fleet.clone(), context.store.clone(), context.reports.clone(), Report::Perf);
        let pulse = pulse::work::Work::new(context.fleet.clone(), context.reports.clone(), Report::Pulse);
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
        Self { context, inventory, perf, pulse, status, memory, writer }
    }

    /// Begins what is wanted; what only the terminal's owner can do is answered.
    pub fn run(&mut self, effect: Effect) -> Option<Wish> {
        match effect {
            Effect::Inventory(effect) => self.inventory.run(effect),
            Effect::Perf(effect) => self.perf.run(effect),
            Effect::Pulse(effect) => self.pulse.run(effect),
            Effect::Connect(id) => self.context.fleet.connect(&id),
            Effect::Disconnect(id) => self.context.fleet.disconnect(&id),
            Effect::Remember(memory) => _ = self.memory.send_replace(Some(memory)),
            Effect::Copy(text) => return Some(Wish::Copy(text)),
            Effect::Repaint => return Some(Wish::Repaint),
        }
        None
    }

    /// Stops load tests and waits until what they measured is kept, at most `limit`.
    pub async fn close(&mut self, limit: Duration) {
        // Its receiver sees the last value before it sees that the sender is gone.
        self.memory = watch::channel(None).0;
        _ = tokio::join!(self.perf.close(limit), tokio::time::timeout(limit, &mut self.writer));
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
    }
}
