//! How the perf pane reaches runs: starting, watching, stopping, and what is on disk. The only file of the pane that waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use jiff::Timestamp;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use super::state::Point;
use crate::cluster::fleet::Fleet;
use crate::load::engine::Sample;
use crate::names::{ObjectKey, Problem};
use crate::perf::{self, Handle, Order, Stopper};
use crate::results::{Run, Store, Subject};

/// What the pane wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Read the list of runs.
    List,
    /// Read the seconds of an old run.
    Series {
        /// Which.
        id: String,
    },
    /// Find the address of a Service.
    Resolve {
        /// Which.
        key: ObjectKey,
    },
    /// Begin.
    Start {
        /// What.
        order: Box<Order>,
    },
    /// End a run; what was measured is kept.
    Stop {
        /// Which.
        id: String,
    },
}

/// What happened outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// The list of runs.
    Listed {
        /// The newest first.
        runs: Vec<Run>,
        /// What is wrong with the others.
        problems: Vec<Problem>,
    },
    /// The seconds of an old run.
    Series {
        /// Which.
        id: String,
        /// One a second.
        points: Vec<Point>,
    },
    /// A Service's address, or why there is none.
    Resolved {
        /// Which.
        key: ObjectKey,
        /// Its address.
        url: Result<String, Problem>,
    },
    /// A run has begun.
    Started {
        /// What is known of it.
        run: Box<Run>,
    },
    /// A run could not begin.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// A run's newest sample.
    Sample {
        /// Which.
        id: String,
        /// What was measured.
        sample: Arc<Sample>,
    },
    /// A run is over.
    Finished {
        /// What was measured.
        run: Box<Run>,
        /// What could not be kept.
        problems: Vec<Problem>,
    },
}

/// Runs under way. Dropping it stops them.
pub struct Work<F> {
    fleet: Fleet,
    store: Store,
    reports: Sender<F>,
    wrap: fn(Report) -> F,
    running: HashMap<String, Stopper>,
    tasks: JoinSet<()>,
}

impl<F: Send + 'static> Work<F> {
    /// `wrap` turns this pane's reports into the house's.
    pub fn new(fleet: Fleet, store: Store, reports: Sender<F>, wrap: fn(Report) -> F) -> Self {
        Self { fleet, store, reports, wrap, running: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Begins what is wanted; answers at once.
    pub fn run(&mut self, effect: Effect) {
        match effect {
            Effect::List => self.list(),
            Effect::Series { id } => self.series(id),
            Effect::Resolve { key } => self.resolve(key),
            Effect::Start { order } => self.start(*order),
            Effect::Stop { id } => {
                if let Some(stopper) = self.running.get(&id) {
                    stopper.stop();
                }
            }
        }
    }

    /// Stops every run and waits until what was measured is kept, at most `limit`.
    pub async fn close(&mut self, limit: Duration) {
        self.running.values().for_each(Stopper::stop);
        // Reports find nobody any more; a run that takes longer keeps its lines and reads as interrupted.
        _ = tokio::time::timeout(limit, async { while self.tasks.join_next().await.is_some() {} }).await;
    }

    fn list(&mut self) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::spawn(async move {
            if let Ok((runs, problems)) = tokio::task::spawn_blocking(move || perf::list(&store)).await {
                _ = reports.send(wrap(Report::Listed { runs, problems })).await;
            }
        });
    }

    fn series(&mut self, id: String) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::spawn(async move {
            let read = |id: &str| store.samples(id).unwrap_or_default().iter().map(Point::kept).collect();
            let points: Vec<Point> = read(&id);
            _ = reports.send(wrap(Report::Series { id, points })).await;
        });
    }

    fn resolve(&mut self, key: ObjectKey) {
        let (fleet, reports, wrap) = (self.fleet.clone(), self.reports.clone(), self.wrap);
        tokio::spawn(async move {
            let url = fleet.service_url(&key).await;
            _ = reports.send(wrap(Report::Resolved { key, url })).await;
        });
    }

    fn start(&mut self, order: Order) {
        let subject =
            Subject { url: order.plan.target.url().to_owned(), what: order.what.clone(), cluster: order.cluster.as_ref().map(ToString::to_string) };
        let plan = order.plan.clone();
        let (reports, wrap) = (self.reports.clone(), self.wrap);
        match perf::start(order, self.fleet.gate(), &self.store) {
            Err(problem) => {
                tokio::spawn(async move { _ = reports.send(wrap(Report::Refused { problem })).await });
            }
            Ok(handle) => {
                let run = Run::begin(handle.id().to_owned(), subject, &plan, Timestamp::now());
                self.running.insert(handle.id().to_owned(), handle.stopper());
                self.tasks.spawn(follow(handle, run, reports, wrap));
            }
        }
    }
}

/// Hands samples on as they come, then the result.
async fn follow<F>(mut handle: Handle, run: Run, reports: Sender<F>, wrap: fn(Report) -> F) {
    let id = run.id.clone();
    _ = reports.send(wrap(Report::Started { run: Box::new(run) })).await;
    let mut samples = handle.samples();
    while samples.changed().await.is_ok() {
        let sample = samples.borrow_and_update().clone();
        let over = sample.ended.is_some();
        // The latest value counts: a screen that is behind misses samples, never delays them.
        _ = reports.try_send(wrap(Report::Sample { id: id.clone(), sample }));
        if over {
            break;
        }
    }
    let report = match handle.finished().await {
        Ok(finished) => Report::Finished { run: Box::new(finished.run), problems: finished.problems },
        Err(problem) => Report::Refused { problem },
    };
    _ = reports.send(wrap(report)).await;
}
