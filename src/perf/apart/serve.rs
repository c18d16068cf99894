//! The process of a run: it leaves the terminal's session, does what it was ordered, and tells whoever connects. Nothing is printed but the first line.
//! A run of another program may be watched and stopped in the same way.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::frame::{Frame, STOP, Told};
use super::{Launch, place};
use crate::cluster::fleet::Fleet;
use crate::cluster::gate::Gate;
use crate::load::engine::Sample;
use crate::names::Problem;
use crate::perf::{Finished, Handle, Order, Stopper, forward, prepare};
use crate::results::{Run, State, Store};

/// How often a watcher is told at most.
const EVERY: Duration = Duration::from_millis(200);

/// How long watchers may take to hear of the end.
const LINGER: Duration = Duration::from_secs(3);

/// Watchers at a time.
const WATCHERS: usize = 32;

/// Bytes a watcher may say.
const WORDS: u64 = 4 << 10;

/// What such a process works with.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    /// Where it may be spoken to.
    pub launch: &'g Launch,
    /// The clusters, for what goes through a port of one of them.
    pub fleet: Option<&'g Fleet>,
    /// What is allowed.
    pub gate: &'g Gate,
    /// Where runs are kept.
    pub store: &'g Store,
}

/// Those who watch a run, and what they are told.
struct Watchers {
    run: Run,
    samples: watch::Receiver<Arc<Sample>>,
    stopper: Stopper,
    end: End,
    all: JoinSet<()>,
}

/// The last line, once there is one.
#[derive(Clone, Default)]
struct End {
    line: Arc<OnceLock<Vec<u8>>>,
    written: CancellationToken,
}

/// Does what is ordered until its end or until `stop` comes. The first line says whether it has begun; true when it had.
///
/// # Errors
/// The one who ordered it has gone.
pub async fn run(order: &[u8], ground: &Ground<'_>, stop: impl Future<Output = ()>, out: &mut dyn Write) -> io::Result<bool> {
    // One that leads a session already is where it should be.
    _ = rustix::process::setsid();
    let mut then = Vec::new();
    let order = serde_json::from_slice(order).map_err(|error| alone(&error.to_string()));
    let begun = match order.map(|mut order: Order| (std::mem::take(&mut order.then), order)) {
        Ok((rest, order)) => {
            then = rest;
            begin(order, ground).await
        }
        Err(frame) => Err(frame),
    };
    let first = match &begun {
        Ok((handle, _, _)) => Frame::Run(Box::new(handle.run().clone())),
        Err(frame) => return out.write_all(&frame.line()).and_then(|()| out.flush()).map(|()| false),
    };
    let Ok((handle, listener, guard)) = begun else { return Ok(false) };
    out.write_all(&first.line())?;
    out.flush()?;
    let mut stop = std::pin::pin!(stop);
    let mut whole = attend(handle, listener, stop.as_mut()).await;
    drop(guard);
    for order in then {
        // Nobody listens any more who could be told why one cannot begin.
        if !whole {
            break;
        }
        let Ok((handle, listener, guard)) = begin(order, ground).await else { break };
        whole = attend(handle, listener, stop.as_mut()).await;
        drop(guard);
    }
    Ok(true)
}

/// A run that measures, and where it may be spoken to.
async fn begin(mut order: Order, ground: &Ground<'_>) -> Result<(Handle, UnixListener, place::Guard), Frame> {
    let Ground { launch, fleet, gate, store } = *ground;
    let failed = |problem: Problem| Frame::Failed(Told::from(problem));
    forward::open(&mut order, fleet, gate).await.map_err(failed)?;
    let prepared = prepare(order, gate, store).map_err(failed)?;
    let (listener, guard) = place::listen(store, launch, &prepared.run().id).map_err(|error| alone(&error.to_string()))?;
    let handle = prepared.start(gate, store).map_err(failed)?;
    measuring(handle).await.map(|handle| (handle, listener, guard))
}

fn alone(why: &str) -> Frame {
    Frame::Alone(Told::from(super::impossible(why)))
}

/// The handle once something is measured; else why nothing will be: only then is it known that the host has an address.
async fn measuring(mut handle: Handle) -> Result<Handle, Frame> {
    if handle.samples().changed().await.is_ok() {
        return Ok(handle);
    }
    Err(match handle.finished().await {
        Ok(_) => Frame::Failed(Problem::new("perf.lost", "the load test has no result", "it ended before it began").into()),
        Err(problem) => Frame::Failed(problem.into()),
    })
}

/// As [`crate::perf::begin`], and as long as it measures others may watch the run and stop it, as those that have a process of their own.
///
/// # Errors
/// As [`crate::perf::begin`].
pub async fn begin_here(mut order: Order, ground: &Ground<'_>) -> Result<Handle, Problem> {
    let Ground { launch, fleet, gate, store } = *ground;
    forward::open(&mut order, fleet, gate).await?;
    let prepared = prepare(order, gate, store)?;
    // Before its folder is there, which others look for; where nobody can be told it is measured all the same.
    let place = place::listen(store, launch, &prepared.run().id).ok();
    let mut handle = prepared.start(gate, store)?;
    if let Some((listener, guard)) = place {
        tokio::spawn(beside(Watchers::of(&handle), listener));
        handle.place = Some(guard);
    }
    Ok(handle)
}

/// Answers whoever connects as long as the run measures: how it ended is on the disk by then, and is read there.
async fn beside(mut watchers: Watchers, listener: UnixListener) {
    let mut samples = watchers.samples.clone();
    let mut over = std::pin::pin!(async { while samples.changed().await.is_ok() {} });
    loop {
        tokio::select! {
            biased;
            () = &mut over => return,
            Ok((stream, _)) = listener.accept() => watchers.take(stream),
        }
    }
}

/// Answers whoever connects until the run has ended and they have heard of it. Whether it ended as planned.
async fn attend(mut handle: Handle, listener: UnixListener, mut stop: Pin<&mut impl Future<Output = ()>>) -> bool {
    let mut watchers = Watchers::of(&handle);
    let stopper = handle.stopper();
    let mut stopped = false;
    let whole = loop {
        tokio::select! {
            biased;
            outcome = handle.finished() => {
                let whole = outcome.as_ref().is_ok_and(|finished| finished.run.state == State::Done);
                _ = watchers.end.line.set(last(outcome).line());
                watchers.end.written.cancel();
                break whole;
            }
            () = &mut stop, if !stopped => {
                stopped = true;
                stopper.stop();
            }
            Ok((stream, _)) = listener.accept() => watchers.take(stream),
        }
    };
    let rest = async { while watchers.all.join_next().await.is_some() {} };
    _ = tokio::time::timeout(LINGER, rest).await;
    whole && !stopped
}

impl Watchers {
    fn of(handle: &Handle) -> Self {
        Self { run: handle.run().clone(), samples: handle.samples(), stopper: handle.stopper(), end: End::default(), all: JoinSet::new() }
    }

    /// One more, unless it is another user or there are too many.
    fn take(&mut self, stream: UnixStream) {
        while self.all.try_join_next().is_some() {}
        if ours(&stream) && self.all.len() < WATCHERS {
            self.all.spawn(tell(stream, self.run.clone(), self.samples.clone(), self.end.clone(), self.stopper.clone()));
        }
    }
}

fn last(outcome: Result<Finished, Problem>) -> Frame {
    match outcome {
        Ok(Finished { run, problems }) => Frame::Finished { run: Box::new(run), problems: problems.into_iter().map(Told::from).collect() },
        Err(problem) => Frame::Failed(problem.into()),
    }
}

/// The same user is at the other end.
fn ours(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == rustix::process::getuid().as_raw())
}

/// Tells one watcher the newest there is, as fast as it reads but no faster than that, and the end.
async fn tell(stream: UnixStream, run: Run, mut samples: watch::Receiver<Arc<Sample>>, end: End, stopper: Stopper) {
    let (read, mut write) = stream.into_split();
    let mut words = BufReader::new(read.take(WORDS));
    let mut word = Vec::new();
    let mut heard = true;
    if write.write_all(&Frame::Run(Box::new(run)).line()).await.is_err() {
        return;
    }
    samples.mark_changed();
    let mut due = tokio::time::Instant::now();
    loop {
        tokio::select! {
            biased;
            () = end.written.cancelled() => break,
            read = words.read_until(b'\n', &mut word), if heard => {
                // Who has said all it wants to may still listen.
                heard = read.is_ok_and(|read| read > 0);
                if word == STOP {
                    stopper.stop();
                }
                word.clear();
            }
            Ok(()) = changed(due, &mut samples) => {
                let sample = samples.borrow_and_update().clone();
                due = tokio::time::Instant::now() + EVERY;
                if write.write_all(&Frame::Sample(sample).line()).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
    if let Some(line) = end.line.get() {
        // Who does not hear it reads it from disk.
        _ = write.write_all(line).await;
    }
}

async fn changed(due: tokio::time::Instant, samples: &mut watch::Receiver<Arc<Sample>>) -> Result<(), watch::error::RecvError> {
    tokio::time::sleep_until(due).await;
    samples.changed().await
}
