//! One run from target to folder: pass the gate, load, sample, store. The one place where load and results meet; nothing is drawn or printed here.

use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::cluster::gate::{Action, Gate, Verdict};
use crate::load::engine::{self, Ended, Sample};
use crate::load::plan::Plan;
use crate::names::{ClusterId, Problem};
use crate::results::store::new_id;
use crate::results::{Interval, Run, Store, Subject, Writing};

/// How often a line is kept.
const LINE: Duration = Duration::from_secs(1);

/// A run that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What to do.
    pub plan: Plan,
    /// What the address belongs to, `service shop/web`, where that is known.
    pub what: Option<String>,
    /// The cluster it belongs to, where it belongs to one.
    pub cluster: Option<ClusterId>,
    /// The name of the cluster as the person typed it, where the gate asked for it.
    pub typed: Option<String>,
}

/// A run under way. Dropping it stops it.
#[derive(Debug)]
pub struct Handle {
    run: Run,
    samples: watch::Receiver<Arc<Sample>>,
    finished: oneshot::Receiver<Result<Finished, Problem>>,
    stop: DropGuard,
}

/// Stops a run from elsewhere.
#[derive(Clone, Debug)]
pub struct Stopper(CancellationToken);

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What was measured.
    pub run: Run,
    /// What could not be kept of it.
    pub problems: Vec<Problem>,
}

impl Order {
    /// A run on a bare address.
    pub fn new(plan: Plan) -> Self {
        Self { plan, what: None, cluster: None, typed: None }
    }

    /// What to ask the gate for, before the person is asked.
    pub fn action(&self) -> Action {
        Action { verb: "load", cluster: self.cluster.clone(), target: self.plan.target.url().to_owned() }
    }

    fn subject(&self) -> Subject {
        Subject {
            url: self.plan.target.url().to_owned(),
            what: self.what.clone(),
            cluster: self.cluster.as_ref().map(|cluster| cluster.as_str().to_owned()),
        }
    }
}

/// Starts a run on threads of its own and answers at once; an address that is not found is told by [`Handle::finished`].
///
/// # Errors
/// The gate refuses, or the plan is out of bounds.
pub fn start(order: Order, gate: &Gate, store: &Store) -> Result<Handle, Problem> {
    order.plan.check()?;
    allowed(&order, gate)?;
    // Whole milliseconds read better and say as much.
    let started = Timestamp::now();
    let started = started.round(Unit::Millisecond).unwrap_or(started);
    let run = Run::begin(new_id(&order.subject(), started), order.subject(), &order.plan, started);
    let stop = CancellationToken::new();
    let (sender, samples) = watch::channel(Arc::<Sample>::default());
    let (done, finished) = oneshot::channel();
    let handle = Handle { run: run.clone(), samples, finished, stop: stop.clone().drop_guard() };
    let job = Job { order, gate: gate.clone(), store: store.clone(), stop, sender, kept: None, medians: Vec::new(), problems: Vec::new() };
    let body = move || _ = done.send(job.conduct(run));
    std::thread::Builder::new()
        .name("perf".into())
        .spawn(body)
        .map_err(|error| Problem::new("perf.thread", "the load test cannot be started", error.to_string()))?;
    Ok(handle)
}

/// Every run that is kept, newest first, and what is wrong with the others.
pub fn list(store: &Store) -> (Vec<Run>, Vec<Problem>) {
    store.list()
}

fn allowed(order: &Order, gate: &Gate) -> Result<(), Problem> {
    match gate.check(&order.action()) {
        Verdict::Allowed => Ok(()),
        Verdict::TypeName(name) if order.typed.as_ref() == Some(&name) => Ok(()),
        Verdict::TypeName(name) => {
            Err(Problem::new("gate.name", format!("{} was not loaded", order.plan.target.url()), format!("{name} is protected"))
                .hint("type the name of the cluster to go on"))
        }
        Verdict::Refused(problem) => Err(problem),
    }
}

impl Handle {
    /// The run as it began; its id is the name its result is kept under.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The newest sample, about ten times a second; the last one says how it ended.
    pub fn samples(&self) -> watch::Receiver<Arc<Sample>> {
        self.samples.clone()
    }

    /// Ends it at once; [`Handle::finished`] follows within 200 ms.
    pub fn stop(&self) {
        self.stopper().stop();
    }

    /// Something small that can stop it while another waits for its end.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.token().clone())
    }

    /// Its end. Waiting again after an answer is an error.
    ///
    /// # Errors
    /// It could not begin: the address has none, or no thread can be started.
    pub async fn finished(&mut self) -> Result<Finished, Problem> {
        let lost = |_| Err(Problem::new("perf.lost", "the load test has no result", "its thread has ended"));
        (&mut self.finished).await.unwrap_or_else(lost)
    }
}

impl Stopper {
    /// Ends the run.
    pub fn stop(&self) {
        self.0.cancel();
    }
}

/// What the thread of a run works with.
struct Job {
    order: Order,
    gate: Gate,
    store: Store,
    stop: CancellationToken,
    sender: watch::Sender<Arc<Sample>>,
    /// Its folder, as long as that can be written.
    kept: Option<Writing>,
    /// The median latency of each second, in nanoseconds.
    medians: Vec<f64>,
    problems: Vec<Problem>,
}

impl Job {
    fn conduct(mut self, run: Run) -> Result<Finished, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| Problem::new("perf.thread", "the load test cannot be started", error.to_string()))?;
        let outcome = runtime.block_on(self.measure(run));
        // A resolver that hangs must not hold the answer back.
        runtime.shutdown_background();
        let mut run = outcome?;
        run.ended = Timestamp::now().round(Unit::Millisecond).ok();
        if let Some(kept) = self.kept.take() {
            let written = kept.finish(&run);
            self.note(written);
        }
        let (requests, failed) = (run.requests, run.failed());
        self.audit(&format!(
            "{}: {requests} answers, {failed} failures",
            if run.state == crate::results::State::Stopped { "stopped" } else { "done" }
        ));
        Ok(Finished { run, problems: self.problems })
    }

    async fn measure(&mut self, mut run: Run) -> Result<Run, Problem> {
        let plan = self.order.plan.clone();
        let cpu = cpu_time();
        let begun = tokio::task::spawn_blocking(move || engine::start(plan));
        let load = tokio::select! {
            begun = begun => begun.map_err(|error| Problem::new("perf.lost", "the load test cannot be started", error.to_string()))??,
            () = self.stop.cancelled() => {
                let sample = Sample { ended: Some(Ended::Stopped), ..Sample::default() };
                run.take(&sample);
                self.sender.send_replace(Arc::new(sample));
                return Ok(run);
            }
        };
        self.audit("started");
        let begun = self.store.begin(&run);
        self.kept = self.note(begun);
        let last = self.follow(&load).await;
        run.take(&last);
        run.judge(&self.order.plan, &last, &self.medians);
        run.client_cpu_ns = cpu.zip(cpu_time()).and_then(|(before, after)| u64::try_from(after.saturating_sub(before).as_nanos()).ok());
        Ok(run)
    }

    /// Hands samples on and keeps a line a second, until the last one.
    async fn follow(&mut self, load: &engine::Run) -> Arc<Sample> {
        let mut samples = load.samples();
        let mut kept: Option<Arc<Sample>> = None;
        let mut due = LINE;
        loop {
            let changed = until(&self.stop, samples.changed()).await;
            if changed.is_none() {
                load.stop();
                // The last sample is on its way.
                self.stop = CancellationToken::new();
                continue;
            }
            let sample = samples.borrow_and_update().clone();
            let over = sample.ended.is_some() || matches!(changed, Some(Err(_)));
            if over || sample.elapsed >= due {
                self.keep(kept.as_deref(), &sample);
                kept = Some(sample.clone());
                due = LINE * u32::try_from(sample.elapsed.as_secs() + 1).unwrap_or(u32::MAX);
            }
            self.sender.send_replace(sample.clone());
            if over {
                return sample;
            }
        }
    }

    fn keep(&mut self, before: Option<&Sample>, sample: &Sample) {
        let line = Interval::between(before, sample);
        // The last one may be a stump.
        if line.span_ns > LINE.as_nanos() as u64 / 2 {
            self.medians.extend(line.latencies.p50.map(|median| median as f64));
        }
        let Some(writing) = &mut self.kept else { return };
        let written = writing.append(&line);
        self.note(written);
    }

    /// Says in the audit log what is done to somebody's system.
    fn audit(&mut self, outcome: &str) {
        let written = self.gate.record(&self.order.action(), outcome, Timestamp::now().as_second());
        let told = written.map_err(|error| Problem::new("gate.audit", "the load is not in the audit log", error.to_string()));
        self.note(told);
    }

    /// Keeps a problem, once.
    fn note<T>(&mut self, outcome: Result<T, Problem>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(problem) => {
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
                None
            }
        }
    }
}

/// What a future answers, or nothing once a stop is asked for.
async fn until<T>(stop: &CancellationToken, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        answer = future => Some(answer),
    }
}

/// CPU time of this program so far.
fn cpu_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}
