//! How effects are done: connections, what is remembered, and the panes' own work. The only file of the shell that waits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

use super::model::{Effect, Report};
use crate::cluster::fleet::Fleet;
use crate::names::Problem;
use crate::results::Store;
use crate::tui::panes::{inventory, perf};

/// Keeps something for the next start.
pub type Remember = Arc<dyn Fn(Vec<String>, bool, Vec<String>) -> std::io::Result<()> + Send + Sync>;

/// What the work needs of the world.
#[derive(Clone)]
pub struct Context {
    /// The clusters.
    pub fleet: Fleet,
    /// The runs on disk.
    pub store: Store,
    /// Where reports go.
    pub reports: Sender<Report>,
    /// Contexts, whether the guide is done, lines typed.
    pub remember: Remember,
}

/// Work under way. Dropping it ends it.
pub struct Work {
    context: Context,
    inventory: inventory::work::Work<Report>,
    perf: perf::work::Work<Report>,
    status: JoinHandle<()>,
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
        let (mut connections, reports) = (context.fleet.status(), context.reports.clone());
        let status = tokio::spawn(async move {
            loop {
                let now = connections.borrow_and_update().clone();
                if reports.send(Report::Connections(now)).await.is_err() || connections.changed().await.is_err() {
                    return;
                }
            }
        });
        Self { context, inventory, perf, status }
    }

    /// Begins what is wanted; what only the terminal's owner can do is answered.
    pub fn run(&mut self, effect: Effect) -> Option<Wish> {
        match effect {
            Effect::Inventory(effect) => self.inventory.run(effect),
            Effect::Perf(effect) => self.perf.run(effect),
            Effect::Connect(id) => self.context.fleet.connect(&id),
            Effect::Disconnect(id) => self.context.fleet.disconnect(&id),
            Effect::Remember { contexts, guide_done, history } => self.remember(contexts, guide_done, history),
            Effect::Copy(text) => return Some(Wish::Copy(text)),
            Effect::Repaint => return Some(Wish::Repaint),
        }
        None
    }

    /// Stops load tests and waits until what they measured is kept, at most `limit`.
    pub async fn close(&mut self, limit: Duration) {
        self.perf.close(limit).await;
    }

    fn remember(&self, contexts: Vec<String>, guide_done: bool, history: Vec<String>) {
        let (remember, reports) = (self.context.remember.clone(), self.context.reports.clone());
        tokio::task::spawn_blocking(move || {
            if let Err(error) = remember(contexts, guide_done, history) {
                let problem = Problem::new("state.unwritten", "this start will not be remembered", error.to_string());
                // The loop may be over: then nobody is left to be told.
                _ = reports.try_send(Report::Failed(problem.hint("see that the state folder can be written")));
            }
        });
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.status.abort();
    }
}
