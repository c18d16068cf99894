//! A run as it runs: threads with a runtime of their own, each with its share of the connections and of the plan, and samples ten times a second.
//!
//! Threads share nothing while they send. What they measured they lay on a shelf ten times a second, where [`observe`](observe) collects it.

mod address;
mod clock;
mod deadline;
mod dispatch;
mod lane;
mod observe;
mod patience;
mod shard;
mod timer;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{Barrier, watch};
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::record::Record;
pub use super::sample::{Ended, Sample};
use super::wire::Wire;
use crate::names::Problem;
use crate::text::age::nanoseconds;

/// How often threads hand over what they measured.
const TICK: Duration = Duration::from_millis(100);

/// A thread that sends keeps a plan of so many a second without hurry; for more there are more threads, and then it looks at the plan less often.
const UNHURRIED: f64 = 8_000.0;

/// How often a hurried thread looks at its plan.
const QUANTUM: Duration = Duration::from_micros(250);

/// A run. Dropping it stops it.
pub struct Run {
    samples: watch::Receiver<Arc<Sample>>,
    shared: Arc<Shared>,
}

/// What all threads of a run know.
struct Shared {
    plan: Plan,
    endpoints: Vec<Destination>,
    /// Which endpoint each request goes to, again and again.
    turns: Vec<usize>,
    threads: usize,
    quantum: Duration,
    stop: CancellationToken,
    /// Requests of a closed loop that nobody has taken yet.
    left: AtomicU64,
    /// In an open loop threads begin together, once all connections have been tried.
    ready: Barrier,
    begun: OnceLock<Instant>,
    shelves: Vec<Mutex<Shelf>>,
}

/// One endpoint as it is sent to.
struct Destination {
    wire: Wire,
    addresses: Vec<SocketAddr>,
}

/// What one thread has to hand over.
#[derive(Default)]
struct Shelf {
    full: Option<Box<Record>>,
    spare: Option<Box<Record>>,
    warm: Option<Box<Record>>,
    gauges: Gauges,
}

/// What one thread says of itself.
#[derive(Clone, Copy, Default)]
struct Gauges {
    connections: usize,
    in_flight: usize,
    planned: u64,
    backlog: usize,
    backlog_max: usize,
    cpu: Duration,
    involuntary: u64,
    coarse: bool,
    /// When it ended, once it has.
    ended: Option<Instant>,
}

/// Starts a run on threads of its own and answers at once.
///
/// # Errors
/// The plan is out of bounds, a host has no address, or no thread can be started.
pub fn start(plan: Plan) -> Result<Run, Problem> {
    plan.check()?;
    let endpoints = plan.endpoints().into_iter().map(|endpoint| {
        let addresses = address::resolve(&endpoint.target, plan.connect_to.as_deref())?;
        let wire = Wire::new(&endpoint.target, &plan, addresses[0])?;
        Ok(Destination { wire, addresses })
    });
    let endpoints = endpoints.collect::<Result<Vec<_>, Problem>>()?;
    let threads = threads(&plan);
    let hurried = plan.pace.peak(plan.duration) / threads as f64 > UNHURRIED;
    let shared = Arc::new(Shared {
        endpoints,
        turns: plan.turns(),
        threads,
        quantum: if hurried { QUANTUM } else { Duration::ZERO },
        stop: CancellationToken::new(),
        left: AtomicU64::new(plan.requests.unwrap_or(u64::MAX)),
        ready: Barrier::new(threads),
        begun: OnceLock::new(),
        shelves: (0..threads).map(|_| Mutex::new(Shelf { spare: Some(Box::default()), ..Shelf::default() })).collect(),
        plan,
    });
    let (sender, samples) = watch::channel(Arc::<Sample>::default());
    // From here on a failure drops the run, and that stops the threads there are.
    let run = Run { samples, shared: shared.clone() };
    let failed = |error: std::io::Error| Problem::new("load.threads", "the load test cannot start its threads", error.to_string());
    let (working, ends) = mpsc::channel::<Infallible>();
    for thread in 0..threads {
        let (shared, working) = (shared.clone(), working.clone());
        let body = move || {
            shard::work(thread, &shared);
            drop(working);
        };
        std::thread::Builder::new().name(format!("load-{thread}")).spawn(body).map_err(failed)?;
    }
    drop(working);
    std::thread::Builder::new().name("load-samples".into()).spawn(move || observe::observe(&shared, &ends, &sender)).map_err(failed)?;
    Ok(run)
}

/// One a core for a closed loop; for a plan as many as it takes to keep it without hurry.
fn threads(plan: &Plan) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let needed = if plan.pace.is_open() { (plan.pace.peak(plan.duration) / UNHURRIED).ceil() as usize } else { cores };
    let wanted = if plan.threads == 0 { needed.clamp(1, cores) } else { plan.threads };
    wanted.min(plan.connections)
}

impl Run {
    /// The newest sample, now and whenever there is another; the last one says how it ended.
    pub fn samples(&self) -> watch::Receiver<Arc<Sample>> {
        self.samples.clone()
    }

    /// Ends it at once; the last sample follows within milliseconds.
    pub fn stop(&self) {
        self.shared.stop.cancel();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.stop();
    }
}
