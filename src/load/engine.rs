//! A run as it runs: threads with a runtime of their own, connections in a closed loop, and samples ten times a second.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::record::Record;
pub use super::sample::{Ended, Sample};
use super::wire::{Line, Wire};
use crate::names::Problem;

/// How often threads hand over what they measured.
const TICK: Duration = Duration::from_millis(100);

/// How long one of several addresses may take to answer before the next is tried.
const PROBE: Duration = Duration::from_secs(1);

/// A run. Dropping it stops it.
pub struct Run {
    samples: watch::Receiver<Arc<Sample>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: CancellationToken,
    /// Requests that may still be begun.
    left: AtomicU64,
    in_flight: AtomicUsize,
    connections: AtomicUsize,
    parts: Mutex<Record>,
}

/// Starts a run on threads of its own and answers at once.
///
/// # Errors
/// The plan is out of bounds, its host has no address, or no thread can be started.
pub fn start(plan: Plan) -> Result<Run, Problem> {
    plan.check()?;
    let address = resolve(&plan)?;
    let wire = Wire::new(&plan.target, &plan, address)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if plan.threads == 0 { cores } else { plan.threads }.min(plan.connections);
    let shared = Arc::new(Shared { left: AtomicU64::new(plan.requests.unwrap_or(u64::MAX)), ..Shared::default() });
    let (sender, samples) = watch::channel(Arc::<Sample>::default());
    // From here on a failure drops the run, and that stops the threads there are.
    let run = Run { samples, shared: shared.clone() };
    let plan = Arc::new(plan);
    let failed = |error: std::io::Error| Problem {
        code: "load.threads",
        what: "the load test cannot start its threads".into(),
        why: error.to_string(),
        hints: vec![],
    };
    let (working, ends) = mpsc::channel::<Infallible>();
    for thread in 0..threads {
        let (plan, wire, shared, working) = (plan.clone(), wire.clone(), shared.clone(), working.clone());
        let body = move || {
            work(thread, threads, address, &plan, &wire, &shared);
            drop(working);
        };
        std::thread::Builder::new().name(format!("load-{thread}")).spawn(body).map_err(failed)?;
    }
    drop(working);
    std::thread::Builder::new().name("load-samples".into()).spawn(move || observe(&shared, &ends, &sender)).map_err(failed)?;
    Ok(run)
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

/// The first address of the host that answers, or the first of all. May wait for the resolver.
fn resolve(plan: &Plan) -> Result<SocketAddr, Problem> {
    if plan.target.socket().is_some() {
        // A path is all the address it has.
        return Ok(SocketAddr::from(([127, 0, 0, 1], 0)));
    }
    let host = plan.target.host();
    let unknown = |why: String| Problem {
        code: "load.dns",
        what: format!("{host} has no address"),
        why,
        hints: vec!["check the name, or give an address".into()],
    };
    let found = (host.as_str(), plan.target.port()).to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
    let found: Vec<SocketAddr> = found.collect();
    // `localhost` is often both ::1 and 127.0.0.1 while only one of them is listened on.
    let answers = |address: &&SocketAddr| std::net::TcpStream::connect_timeout(address, PROBE).is_ok();
    let chosen = if found.len() > 1 { found.iter().find(answers).or(found.first()) } else { found.first() };
    chosen.copied().ok_or_else(|| unknown("the resolver answered nothing".into()))
}

/// Adds what the threads hand over, until all of them have ended.
fn observe(shared: &Shared, ends: &mpsc::Receiver<Infallible>, sender: &watch::Sender<Arc<Sample>>) {
    let begun = Instant::now();
    let mut sample = Sample::default();
    let mut recent: VecDeque<(Instant, Record)> = VecDeque::new();
    let mut before = begun;
    loop {
        // Nothing is ever sent: the channel closes when the last thread has ended.
        let over = matches!(ends.recv_timeout(TICK), Err(RecvTimeoutError::Disconnected));
        let part = std::mem::take(&mut *shared.parts.lock().unwrap_or_else(PoisonError::into_inner));
        let now = Instant::now();
        sample.whole.add(&part);
        recent.push_back((before, part));
        before = now;
        while recent.len() > 10 {
            recent.pop_front();
        }
        sample.last.clear();
        recent.iter().for_each(|(_, part)| sample.last.add(part));
        sample.last_span = recent.front().map_or(TICK, |(first, _)| now - *first);
        sample.elapsed = now - begun;
        sample.connections = shared.connections.load(Ordering::Relaxed);
        sample.in_flight = shared.in_flight.load(Ordering::Relaxed);
        let ended = if shared.stop.is_cancelled() { Ended::Stopped } else { Ended::Done };
        sample.ended = over.then_some(ended);
        // Nobody looking is fine.
        _ = sender.send(Arc::new(sample.clone()));
        if over {
            return;
        }
    }
}

fn work(thread: usize, threads: usize, address: SocketAddr, plan: &Arc<Plan>, wire: &Wire, shared: &Arc<Shared>) {
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        let worker = Worker { record: RefCell::default(), wire: wire.clone(), address, plan: plan.clone(), shared: shared.clone() };
        runtime.block_on(tokio::task::LocalSet::new().run_until(thread_main(thread, threads, worker)));
    }
}

async fn thread_main(thread: usize, threads: usize, worker: Worker) {
    let worker = Rc::new(worker);
    let begun = tokio::time::Instant::now();
    let mut connections = JoinSet::new();
    for index in (thread..worker.plan.connections).step_by(threads) {
        let worker = worker.clone();
        connections.spawn_local(async move { worker.connection(index, begun).await });
    }
    let mut tick = tokio::time::interval(TICK);
    let end = begun + worker.plan.duration;
    loop {
        tokio::select! {
            () = worker.shared.stop.cancelled() => break,
            _ = tick.tick() => worker.hand_over(),
            () = tokio::time::sleep_until(end) => break,
            ended = connections.join_next() => if ended.is_none() { break },
        }
    }
    connections.shutdown().await;
    worker.hand_over();
}

/// What the connections of one thread share.
struct Worker {
    record: RefCell<Record>,
    wire: Wire,
    address: SocketAddr,
    plan: Arc<Plan>,
    shared: Arc<Shared>,
}

impl Worker {
    fn hand_over(&self) {
        let mut record = self.record.borrow_mut();
        self.shared.parts.lock().unwrap_or_else(PoisonError::into_inner).add(&record);
        record.clear();
    }

    /// One more request may be begun.
    fn permit(&self) -> bool {
        self.plan.requests.is_none() || self.shared.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// The closed loops of one connection, one for each of its streams, opened again whenever they have ended.
    async fn connection(&self, index: usize, begun: tokio::time::Instant) {
        let streams = self.plan.streams;
        let mut turns: Vec<Turns> = (0..streams).map(|stream| self.turns(index * streams + stream, begun)).collect();
        let mut wait = Duration::from_millis(10);
        while self.permit() {
            let lines = match self.wire.open(self.address).await {
                Ok(lines) => lines,
                Err(fault) => {
                    self.record.borrow_mut().fault(fault.class, fault.reason.as_deref());
                    // A target that refuses must not be hammered.
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_millis(500));
                    continue;
                }
            };
            self.shared.connections.fetch_add(1, Ordering::Relaxed);
            let loops = lines.into_iter().zip(&mut turns).enumerate().map(|(at, (line, turn))| self.requests(line, turn, at == 0));
            let answered = futures::future::join_all(loops).await.contains(&true);
            self.shared.connections.fetch_sub(1, Ordering::Relaxed);
            if answered {
                wait = Duration::from_millis(10);
            } else {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_millis(500));
            }
        }
    }

    /// Requests on one line until it breaks; whether the permit for the first has been taken. True when any was answered.
    async fn requests(&self, mut line: Line, turn: &mut Turns, mut permitted: bool) -> bool {
        let mut answered = false;
        while std::mem::take(&mut permitted) || self.permit() {
            turn.wait().await;
            let begun = Instant::now();
            self.shared.in_flight.fetch_add(1, Ordering::Relaxed);
            let outcome = line.exchange().await;
            self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
            let mut record = self.record.borrow_mut();
            match outcome {
                Ok(answer) => {
                    answered = true;
                    if let Some(status) = answer.status {
                        record.status(status);
                    }
                    record.peer(self.address);
                    record.answer(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX), answer.bytes);
                    if let Some(class) = answer.class {
                        record.error(class);
                    }
                    if !answer.alive {
                        return answered;
                    }
                }
                Err(fault) => {
                    record.fault(fault.class, fault.reason.as_deref());
                    if !fault.alive {
                        return answered;
                    }
                }
            }
        }
        answered
    }

    fn turns(&self, index: usize, begun: tokio::time::Instant) -> Turns {
        match self.plan.pace.mean(self.plan.duration) {
            None => Turns { every: Duration::ZERO, next: begun },
            Some(rate) => {
                let every = Duration::from_secs_f64((self.plan.connections * self.plan.streams) as f64 / rate);
                Turns { every, next: begun + every.mul_f64(index as f64 / (self.plan.connections * self.plan.streams) as f64) }
            }
        }
    }
}

/// When a connection may send again.
struct Turns {
    every: Duration,
    next: tokio::time::Instant,
}

impl Turns {
    async fn wait(&mut self) {
        if self.every.is_zero() {
            return;
        }
        tokio::time::sleep_until(self.next).await;
        // Turns that were missed are not made up for: this is a closed loop.
        self.next = (self.next + self.every).max(tokio::time::Instant::now());
    }
}
