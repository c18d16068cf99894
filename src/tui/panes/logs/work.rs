//! How the pane reaches logs: one task that follows them and sends the window that is wanted. The only file of the pane that waits.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cluster::fleet::Fleet;
use crate::cluster::logs::ring::{Want, Window};
use crate::cluster::logs::spill::Disk;
use crate::cluster::logs::{LogSpec, Logs, Source};
use crate::names::Problem;

/// Between two windows that no key asked for.
const BREATH: Duration = Duration::from_millis(50);

/// What the pane wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Follow these, and no others any more.
    Open {
        /// Which opening it is.
        generation: u64,
        /// Whose.
        spec: LogSpec,
        /// What is to be seen first.
        want: Want,
    },
    /// Another window.
    Look {
        /// Which.
        want: Want,
    },
    /// Forget what has come.
    Clear,
    /// A line of dashes.
    Mark,
    /// Everything kept, into a file.
    Save {
        /// What it is named after.
        name: String,
    },
    /// End the streams.
    Close,
}

/// What happened outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// What is seen now.
    Seen {
        /// Which opening it belongs to.
        generation: u64,
        /// The lines.
        window: Window,
        /// The streams.
        sources: Vec<Source>,
        /// What stands in the way of all of it.
        problem: Option<Problem>,
    },
    /// The file is written.
    Saved {
        /// Where.
        path: String,
    },
    /// Something failed.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// Logs that are followed. Dropping it ends them.
pub struct Work<F> {
    fleet: Fleet,
    /// Where files are saved.
    folder: PathBuf,
    /// Where lines go that memory has no room for.
    disk: Option<Disk>,
    reports: Sender<F>,
    wrap: fn(Report) -> F,
    open: Option<Open>,
}

struct Open {
    logs: Arc<Logs>,
    want: watch::Sender<Want>,
    task: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<F: Send + 'static> Work<F> {
    /// `wrap` turns this pane's reports into the house's.
    pub fn new(fleet: Fleet, folder: PathBuf, disk: Option<Disk>, reports: Sender<F>, wrap: fn(Report) -> F) -> Self {
        Self { fleet, folder, disk, reports, wrap, open: None }
    }

    /// Begins what is wanted; answers at once.
    pub fn run(&mut self, effect: Effect) {
        match (effect, &self.open) {
            (Effect::Open { generation, spec, want }, _) => self.open(generation, spec, want),
            (Effect::Look { want }, Some(open)) => _ = open.want.send_replace(want),
            (Effect::Clear, Some(open)) => open.logs.clear(),
            (Effect::Mark, Some(open)) => open.logs.mark(),
            (Effect::Save { name }, Some(open)) => self.save(open.logs.clone(), &name),
            (Effect::Close, _) => self.open = None,
            (_, None) => {}
        }
    }

    fn open(&mut self, generation: u64, spec: LogSpec, want: Want) {
        self.open = None;
        let logs = Arc::new(Logs::start(self.fleet.clone(), spec, self.disk.clone()));
        let (sender, wanted) = watch::channel(want);
        let task = tokio::spawn(show(logs.clone(), wanted, generation, self.reports.clone(), self.wrap));
        self.open = Some(Open { logs, want: sender, task });
    }

    fn save(&self, logs: Arc<Logs>, name: &str) {
        let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' }).collect();
        let path = self.folder.join(format!("{plain}-{}.log", crate::cluster::connection::unix_now()));
        let (folder, reports, wrap) = (self.folder.clone(), self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let written = std::fs::create_dir_all(&folder).and_then(|()| {
                let mut out = BufWriter::new(File::create(&path)?);
                logs.write(&mut out).and_then(|()| out.flush())
            });
            let report = match written {
                Ok(()) => Report::Saved { path: path.display().to_string() },
                Err(error) => Report::Failed {
                    problem: Problem::new("logs.unsaved", format!("{} was not written", path.display()), error.to_string())
                        .hint("see that the folder can be written and that the disk is not full"),
                },
            };
            _ = reports.blocking_send(wrap(report));
        });
    }
}

/// Sends a window whenever another one is wanted, and when what is seen has changed.
async fn show<F>(logs: Arc<Logs>, mut wanted: watch::Receiver<Want>, generation: u64, reports: Sender<F>, wrap: fn(Report) -> F) {
    let mut last = None;
    loop {
        let now = logs.look(&wanted.borrow_and_update());
        let searching = now.0.searching;
        if let Some(problem) = logs.refused()
            && reports.send(wrap(Report::Failed { problem })).await.is_err()
        {
            return;
        }
        if last.as_ref() != Some(&now) {
            let (window, sources, problem) = now.clone();
            last = Some(now);
            if reports.send(wrap(Report::Seen { generation, window, sources, problem })).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { return },
            // The search goes on in slices, between which lines and keys are taken in.
            () = tokio::task::yield_now(), if searching => {}
            () = async {
                logs.changed().await;
                // Meanwhile lines gather; a key is not kept waiting by them.
                tokio::time::sleep(BREATH).await;
            } => {}
        }
    }
}
