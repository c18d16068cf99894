//! How the perf pane reaches runs: starting, watching, stopping, and what is on disk. The only file of the pane that waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use super::state::series::{Point, Series};
use crate::cluster::fleet::Fleet;
use crate::load::sample::Sample;
use crate::names::{ObjectKey, Problem};
use crate::perf::{self, Handle, Order, Stopper};
use crate::results::compare::{Compared, Metric};
use crate::results::{Run, Store};

/// The smallest change that is believed, unless repeats of A differ by more; and where chance begins. Both as `meshplay perf compare` has them.
const BAND: f64 = 0.03;
const SEED: u64 = 1;

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
    /// Hold runs against each other.
    Compare {
        /// A, oldest first.
        a: Vec<Run>,
        /// B, oldest first.
        b: Vec<Run>,
        /// What decides.
        gate: Metric,
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
        /// Second by second.
        series: Series,
    },
    /// A Service's address, or why there is none.
    Resolved {
        /// Which.
        key: ObjectKey,
        /// Its address.
        url: Result<String, Problem>,
    },
    /// What came of runs held against each other.
    Compared {
        /// Ids of A.
        a: Vec<String>,
        /// Ids of B.
        b: Vec<String>,
        /// The numbers.
        compared: Compared,
    },
    /// A run has begun.
    Started {
        /// What is known of it.
        run: Box<Run>,
    },
    /// A run could not begin, or an old one cannot be read.
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
    tasks: JoinSet<String>,
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
            Effect::Compare { a, b, gate } => self.compare(a, b, gate),
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
        tokio::task::spawn_blocking(move || {
            let (runs, problems) = perf::list(&store);
            _ = reports.blocking_send(wrap(Report::Listed { runs, problems }));
        });
    }

    fn series(&mut self, id: String) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let report = match store.samples(&id) {
                Ok(lines) => Report::Series { id, series: Series::of(lines.iter().map(Point::kept)) },
                Err(problem) => Report::Refused { problem },
            };
            _ = reports.blocking_send(wrap(report));
        });
    }

    fn compare(&mut self, a: Vec<Run>, b: Vec<Run>, gate: Metric) {
        let (reports, wrap) = (self.reports.clone(), self.wrap);
        // Ten thousand resamples of each metric take a while.
        tokio::task::spawn_blocking(move || {
            let compared = Compared::of(&a, &b, gate, BAND, SEED);
            let ids = |runs: Vec<Run>| runs.into_iter().map(|run| run.id).collect();
            _ = reports.blocking_send(wrap(Report::Compared { a: ids(a), b: ids(b), compared }));
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
        // Runs that are over need nobody who stops them.
        while let Some(over) = self.tasks.try_join_next() {
            if let Ok(id) = over {
                self.running.remove(&id);
            }
        }
        let (reports, wrap) = (self.reports.clone(), self.wrap);
        match perf::start(order, self.fleet.gate(), &self.store) {
            Err(problem) => {
                tokio::spawn(async move { _ = reports.send(wrap(Report::Refused { problem })).await });
            }
            Ok(handle) => {
                self.running.insert(handle.run().id.clone(), handle.stopper());
                self.tasks.spawn(follow(handle, reports, wrap));
            }
        }
    }
}

/// Hands samples on as they come, then the result; answers the run's id.
async fn follow<F>(mut handle: Handle, reports: Sender<F>, wrap: fn(Report) -> F) -> String {
    let run = handle.run().clone();
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
    id
}
