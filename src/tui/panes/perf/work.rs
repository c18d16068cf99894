//! How the perf pane reaches runs: starting, watching, stopping, and what is on disk. Nothing else of the pane waits.

mod begin;
mod kept;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use tokio::sync::RwLock;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::state::series::Series;
use crate::cluster::fleet::Fleet;
use crate::load::sample::Sample;
use crate::names::{ClusterId, ObjectKey, Problem};
use crate::perf::abort::Rule;
use crate::perf::apart::watching::{self, Watching};
use crate::perf::apart::{self, Launch, Refusal};
use crate::perf::permute::conduct::recover;
use crate::perf::permute::journal::{self, Entry};
use crate::perf::schedule::{Book, News};
use crate::perf::verdict::Verdict;
use crate::perf::{Handle, Order, Stopper, service};
use crate::results::baseline::Baseline;
use crate::results::compare::{Compared, Metric};
use crate::results::difference::Difference;
use crate::results::gate::Check;
use crate::results::note::Note;
use crate::results::past::Past;
use crate::results::{Run, State, Store};

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
    /// Write down what a person says of a moment of a run.
    Note {
        /// Which.
        id: String,
        /// The moment, in seconds since its start.
        second: u64,
        /// What is said; empty: nothing is said of it any more.
        text: String,
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
    /// Look through the runs like one.
    Past {
        /// That one.
        run: Box<Run>,
        /// What is looked at.
        metric: Metric,
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
        /// So often, one after the other.
        times: usize,
    },
    /// Run every part of a profile as often as it says.
    Profile {
        /// As it is kept, or its file.
        name: String,
        /// Whose Services are meant where it does not say.
        cluster: Option<ClusterId>,
        /// What ends each of its runs before its time.
        aborts: Vec<Rule>,
    },
    /// Make runs what later runs of their series are held against.
    Pin {
        /// One of the series.
        of: Box<Run>,
        /// Their ids; none: the baseline is taken away.
        runs: Vec<String>,
    },
    /// Hold the newest runs of a series against its baseline.
    Judge {
        /// One of the series.
        of: Box<Run>,
        /// The baseline's, oldest first.
        before: Vec<Run>,
        /// The newest, oldest first.
        now: Vec<Run>,
        /// What decides, beside errors.
        metric: Metric,
        /// The person is told of a regression.
        tell: bool,
    },
    /// Say what may be said of a profile whose last run has ended.
    Verdict {
        /// That run.
        of: Box<Run>,
    },
    /// Put back an object that permutations left changed.
    Recover {
        /// Which.
        key: ObjectKey,
        /// The name of the cluster as the person typed it, where it is protected.
        typed: Option<String>,
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
    /// What people wrote at the moments of a run.
    Notes {
        /// Which.
        id: String,
        /// Earliest first.
        notes: Vec<Note>,
    },
    /// A Service's address, or why there is none.
    Resolved {
        /// Which.
        key: ObjectKey,
        /// Its address.
        url: Result<String, Problem>,
    },
    /// The past of a run.
    Past {
        /// Which.
        id: String,
        /// The history of the runs like it.
        past: Past,
    },
    /// What came of runs held against each other.
    Compared {
        /// Ids of A.
        a: Vec<String>,
        /// Ids of B.
        b: Vec<String>,
        /// The numbers.
        compared: Compared,
        /// What was another for B.
        #[serde(default)]
        changed: Vec<Difference>,
    },
    /// A run has begun.
    Started {
        /// What is known of it.
        run: Box<Run>,
    },
    /// The next of several runs has begun that were asked for together.
    Again {
        /// What is known of it.
        run: Box<Run>,
        /// Its place from 1.
        nth: usize,
        /// Of so many.
        of: usize,
    },
    /// All baselines.
    Baselines {
        /// By the short names of their series.
        all: BTreeMap<String, Baseline>,
        /// A run of the series whose baseline was changed just now.
        changed: Option<Box<Run>>,
    },
    /// What came of the newest runs of a series against its baseline.
    Judged {
        /// One of the series.
        of: Box<Run>,
        /// What decided, beside errors.
        metric: Metric,
        /// All that was asked.
        checks: Vec<Check>,
        /// The person is told of a regression.
        tell: bool,
    },
    /// What came of a profile whose last run has ended.
    Verdict {
        /// That run.
        of: Box<Run>,
        /// What was asked, and the answers.
        verdict: Verdict,
    },
    /// What permutations that were cut off left changed.
    Left {
        /// Oldest first.
        entries: Vec<Entry>,
        /// What was put back just now.
        put_back: Option<String>,
        /// Why something was not.
        problem: Option<Problem>,
    },
    /// A run that another start began is under way.
    Found {
        /// What is known of it.
        run: Box<Run>,
        /// Its process can be spoken to.
        #[serde(default = "yes")]
        reached: bool,
    },
    /// A run has begun because it was due.
    Scheduled {
        /// The schedule.
        name: String,
        /// What is known of it.
        run: Box<Run>,
    },
    /// A schedule was due while nobody waited.
    Missed {
        /// Which.
        name: String,
        /// How often.
        times: usize,
    },
    /// A run has begun that ends with this program.
    Inside {
        /// Which.
        id: String,
        /// Why it has no process of its own.
        problem: Problem,
    },
    /// Something else could not be done: a run that was due, an old one that cannot be read.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// A run that was asked for cannot begin.
    NotBegun {
        /// Why.
        problem: Problem,
    },
    /// Nobody will say how a run has ended: it never began, or what was kept of it cannot be read.
    Lost {
        /// Which.
        id: String,
        /// Why.
        problem: Problem,
    },
    /// The profiles that are kept.
    Profiles {
        /// Their names.
        names: Vec<String>,
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

fn yes() -> bool {
    true
}

/// Runs under way. Those of this process end with it; those in a process of their own go on.
pub struct Work<F> {
    desk: Desk<F>,
}

/// What every task of this work needs.
struct Desk<F> {
    fleet: Fleet,
    store: Store,
    launch: Launch,
    /// Where it is written what permutations have changed.
    journals: PathBuf,
    reports: Sender<F>,
    wrap: fn(Report) -> F,
    running: Arc<Mutex<HashMap<String, Running>>>,
    /// Held by whoever starts a run, until that is known as one of ours.
    starting: Arc<RwLock<()>>,
}

/// A run under way.
struct Running {
    stopper: Stopper,
    /// What it loads ends with this program.
    ends_with_us: bool,
    over: CancellationToken,
}

impl<F> Clone for Desk<F> {
    fn clone(&self) -> Self {
        Self {
            fleet: self.fleet.clone(),
            store: self.store.clone(),
            launch: self.launch.clone(),
            journals: self.journals.clone(),
            reports: self.reports.clone(),
            wrap: self.wrap,
            running: self.running.clone(),
            starting: self.starting.clone(),
        }
    }
}

impl<F: Send + 'static> Work<F> {
    /// Looks for runs that other starts left under way. `wrap` turns this pane's reports into the house's.
    pub fn new(fleet: Fleet, store: Store, launch: Launch, reports: Sender<F>, wrap: fn(Report) -> F) -> Self {
        let desk = Desk { fleet, store, launch, journals: PathBuf::new(), reports, wrap, running: Arc::default(), starting: Arc::default() };
        tokio::spawn(desk.clone().find());
        desk.profiles();
        Self { desk }
    }

    /// Does what is due by the person's schedules, while there are any and nobody else does.
    pub fn keep_schedules(&self, book: Book) {
        if book.exists() {
            tokio::spawn(self.desk.clone().keep_schedules(book));
        }
    }

    /// Says what permutations that were cut off left changed; a journal there that somebody holds is none of those.
    pub fn look_for_left(&mut self, journals: PathBuf) {
        self.desk.journals = journals;
        let desk = self.desk.clone();
        tokio::spawn(async move {
            let entries = desk.left().await;
            if !entries.is_empty() {
                desk.report(Report::Left { entries, put_back: None, problem: None }).await;
            }
        });
    }

    /// Begins what is wanted; answers at once.
    pub fn run(&mut self, effect: Effect) {
        let desk = self.desk.clone();
        match effect {
            Effect::List => {
                desk.list();
                desk.profiles();
            }
            Effect::Series { id } => desk.series(id),
            Effect::Note { id, second, text } => desk.note(id, second, text),
            Effect::Compare { a, b, gate } => desk.compare(a, b, gate),
            Effect::Past { run, metric } => desk.past(*run, metric),
            Effect::Resolve { key } => desk.resolve(key),
            Effect::Start { order, times } => _ = tokio::spawn(desk.start(*order, times)),
            Effect::Profile { name, cluster, aborts } => _ = tokio::spawn(desk.profile(name, cluster, aborts)),
            Effect::Pin { of, runs } => desk.pin(of, runs),
            Effect::Judge { of, before, now, metric, tell } => desk.judge(of, before, now, metric, tell),
            Effect::Verdict { of } => desk.verdict(of),
            Effect::Recover { key, typed } => _ = tokio::spawn(desk.recover(key, typed)),
            Effect::Stop { id } => {
                if let Some(run) = desk.running().get(&id) {
                    run.stopper.stop();
                }
            }
        }
    }

    /// Stops the runs that end with this program and waits until what was measured is kept, at most `limit`. The others go on.
    pub async fn close(&mut self, limit: Duration) {
        let ends: Vec<CancellationToken> = {
            let running = self.desk.running();
            let ending = running.values().filter(|run| run.ends_with_us);
            ending.inspect(|run| run.stopper.stop()).map(|run| run.over.clone()).collect()
        };
        // Reports find nobody any more; a run that takes longer keeps its lines and reads as interrupted.
        let all = async {
            for end in ends {
                end.cancelled().await;
            }
        };
        _ = tokio::time::timeout(limit, all).await;
    }
}

impl<F: Send + 'static> Desk<F> {
    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn report(&self, report: Report) {
        // The loop may be over: then nobody is left to be told.
        _ = self.reports.send((self.wrap)(report)).await;
    }

    /// Watches what other starts have under way, and what they begin from now on.
    async fn find(self) {
        // Before anything is looked at, so that no run falls between.
        let mut watching = Watching::of(&self.store);
        for handle in apart::running(&self.store, &self.launch).await {
            self.found(handle);
        }
        loop {
            match watching.next().await {
                watching::News::Begun(run) => {
                    // What is being started here says so itself.
                    drop(self.starting.write().await);
                    if self.running().contains_key(&run.id) {
                        continue;
                    }
                    match apart::attach(&self.store, &self.launch, (*run).clone()).await {
                        Some(handle) => self.found(handle),
                        None => {
                            watching.mind(&run.id);
                            self.report(Report::Found { run, reached: false }).await;
                        }
                    }
                }
                watching::News::Ended(run) => self.report(Report::Finished { run, problems: Vec::new() }).await,
            }
        }
    }

    fn found(&self, handle: Handle) {
        let run = Box::new(handle.run().clone());
        let over = self.enter(&handle, false);
        tokio::spawn(self.clone().follow(handle, over, Report::Found { run, reached: true }));
    }

    /// What is left changed now.
    async fn left(&self) -> Vec<Entry> {
        let journals = self.journals.clone();
        let read = tokio::task::spawn_blocking(move || journal::left(&journals).into_iter().map(|left| left.entry).collect());
        read.await.unwrap_or_default()
    }

    async fn recover(self, key: ObjectKey, typed: Option<String>) {
        let journals = self.journals.clone();
        let found = tokio::task::spawn_blocking(move || journal::left(&journals)).await.unwrap_or_default();
        let meant = found.into_iter().find(|left| left.entry.key == key);
        let outcome = match &meant {
            Some(left) => recover(left, &self.fleet, typed.as_deref()).await,
            None => Err(Problem::new("perf.busy", format!("{key} was not put back"), "somebody else has done it, or does it now")),
        };
        // Its lock goes, so that what is left can be read again.
        drop(meant);
        let (put_back, problem) = outcome.map_or_else(|problem| (None, Some(problem)), |()| (Some(key.to_string()), None));
        self.report(Report::Left { entries: self.left().await, put_back, problem }).await;
    }

    fn resolve(&self, key: ObjectKey) {
        let (fleet, reports, wrap) = (self.fleet.clone(), self.reports.clone(), self.wrap);
        tokio::spawn(async move {
            let url = fleet.service_url(&key, None).await;
            _ = reports.send(wrap(Report::Resolved { key, url })).await;
        });
    }

    async fn keep_schedules(self, book: Book) {
        let mut keeper = match book.keep() {
            Ok(Some(keeper)) => keeper,
            Ok(None) => return,
            Err(problem) => return self.report(Report::Refused { problem }).await,
        };
        loop {
            match keeper.next().await {
                News::Trouble(problem) => self.report(Report::Refused { problem }).await,
                News::Missed(name, times, _) => self.report(Report::Missed { name, times }).await,
                News::Due(name, orders) => {
                    // One after the other: they must not load each other's target.
                    for mut order in orders {
                        if let Err(problem) = service::find(&mut order, &self.fleet, None).await {
                            self.report(Report::Refused { problem }).await;
                            continue;
                        }
                        let starting = self.starting.read().await;
                        match apart::start(&order, &self.launch, self.fleet.gate(), &self.store).await {
                            Ok(handle) => {
                                let (run, over) = (Box::new(handle.run().clone()), self.enter(&handle, false));
                                drop(starting);
                                self.clone().follow(handle, over, Report::Scheduled { name: name.clone(), run }).await;
                            }
                            Err(Refusal::Order(problem) | Refusal::Apart(problem)) => self.report(Report::Refused { problem }).await,
                        }
                    }
                }
            }
        }
    }

    /// Makes it one of the runs under way here; what is answered says that its end is told once it is dropped.
    fn enter(&self, handle: &Handle, ends_with_us: bool) -> DropGuard {
        let over = CancellationToken::new();
        self.running().insert(handle.run().id.clone(), Running { stopper: handle.stopper(), ends_with_us, over: over.clone() });
        over.drop_guard()
    }

    /// Hands samples on as they come, then the result. Whether it ended as planned.
    async fn follow(self, mut handle: Handle, _over: DropGuard, first: Report) -> bool {
        let id = handle.run().id.clone();
        self.report(first).await;
        let mut samples = handle.samples();
        while samples.changed().await.is_ok() {
            let sample = samples.borrow_and_update().clone();
            let last = sample.ended.is_some();
            // The latest value counts: a screen that is behind misses samples, never delays them.
            _ = self.reports.try_send((self.wrap)(Report::Sample { id: id.clone(), sample }));
            if last {
                break;
            }
        }
        let report = match handle.finished().await {
            Ok(finished) => Report::Finished { run: Box::new(finished.run), problems: finished.problems },
            Err(problem) => Report::Lost { id: id.clone(), problem },
        };
        let whole = matches!(&report, Report::Finished { run, .. } if run.state == State::Done);
        self.running().remove(&id);
        self.report(report).await;
        whole
    }
}
