//! Runs in a process of their own, which outlive the terminal they were started from: starting one, finding those under way, watching them. What such a
//! process itself does is in `apart/serve.rs`, what the two say to each other in `apart/frame.rs`.

mod frame;
mod place;
pub mod serve;
pub mod watching;

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::frame::Frame;
pub(super) use self::place::Guard;
use super::{Finished, Handle, Order, check};
use crate::cluster::gate::Gate;
use crate::load::engine::Sample;
use crate::names::Problem;
use crate::results::{Run, State, Store};

/// How such a process is started and where it may be spoken to.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// This program itself; none: no process can be started.
    pub program: Option<PathBuf>,
    /// The folder of this login for sockets (`XDG_RUNTIME_DIR`), where there is one.
    pub runtime: Option<PathBuf>,
}

/// Why nothing was started.
#[derive(Debug)]
pub enum Refusal {
    /// The order itself cannot be done.
    Order(Problem),
    /// No process of its own can be started for it; it may still be done in this one.
    Apart(Problem),
}

/// How long a new process may take to say that it has begun; a busy machine starts slowly.
const BEGIN: Duration = Duration::from_secs(20);

/// How long the summary of a run whose process has gone may be under way to the disk.
const SETTLE: Duration = Duration::from_millis(1_500);

/// Starts a run in a process of its own and watches it.
///
/// # Errors
/// See [`Refusal`].
pub async fn start(order: &Order, launch: &Launch, gate: &Gate, store: &Store) -> Result<Handle, Refusal> {
    // The process asks the gate of its own, which knows the settings but not this session.
    check(order, gate).map_err(Refusal::Order)?;
    let text = serde_json::to_vec(order).map_err(|error| Refusal::Apart(impossible(&error.to_string())))?;
    let mut child = spawned(launch).map_err(|error| Refusal::Apart(impossible(&error)))?;
    let said = tokio::time::timeout(BEGIN, first_words(&mut child, text)).await;
    match said.unwrap_or_else(|_| Err("it did not begin in time".into())) {
        Ok(Frame::Run(run)) => {
            let stream = place::connect(store, launch, &run.id).await.map_err(|error| Refusal::Apart(impossible(&error.to_string())))?;
            Ok(watched(*run, stream, store.clone()))
        }
        Ok(Frame::Failed(told)) => Err(Refusal::Order(told.problem())),
        Ok(Frame::Alone(told)) => Err(Refusal::Apart(told.problem())),
        Ok(_) => Err(Refusal::Apart(impossible("it said something nobody expected"))),
        Err(why) => {
            // What has not begun must not begin later.
            _ = child.start_kill();
            Err(Refusal::Apart(impossible(&why)))
        }
    }
}

fn spawned(launch: &Launch) -> Result<Child, String> {
    let program = launch.program.as_ref().ok_or("this program does not know where it lies")?;
    let mut command = Command::new(program);
    command.args(["perf", "serve-run"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("{}: {error}", program.display()))
}

/// Hands it the order, and takes the one line it says.
async fn first_words(child: &mut Child, order: Vec<u8>) -> Result<Frame, String> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { return Err("it has no streams".into()) };
    stdin.write_all(&order).await.map_err(|error| error.to_string())?;
    drop(stdin);
    let mut line = Vec::new();
    BufReader::new(stdout).read_until(b'\n', &mut line).await.map_err(|error| error.to_string())?;
    serde_json::from_slice(&line).map_err(|_| "it ended without a word".to_owned())
}

fn impossible(why: &str) -> Problem {
    Problem::new("perf.apart", "the load test cannot have a process of its own", crate::text::sanitise(why))
        .hint("it ends with the program that started it")
}

/// Watches a run that is under way in a process of its own; none: nobody answers for it any more.
pub async fn attach(store: &Store, launch: &Launch, run: Run) -> Option<Handle> {
    if run.state != State::Running {
        return None;
    }
    let stream = place::connect(store, launch, &run.id).await.ok()?;
    Some(watched(run, stream, store.clone()))
}

/// Watches every run that is under way in a process of its own, and takes away what dead ones left.
pub async fn running(store: &Store, launch: &Launch) -> Vec<Handle> {
    let (all, launched) = (store.clone(), launch.clone());
    let listed = tokio::task::spawn_blocking(move || {
        place::sweep(&all, &launched);
        all.list().0
    });
    let mut handles = Vec::new();
    for run in listed.await.unwrap_or_default() {
        handles.extend(attach(store, launch, run).await);
    }
    handles
}

/// A handle on a run elsewhere. Dropping it leaves the run alone.
fn watched(run: Run, stream: UnixStream, store: Store) -> Handle {
    let (sender, samples) = watch::channel(Arc::<Sample>::default());
    let (done, finished) = oneshot::channel();
    let stop = CancellationToken::new();
    let (read, mut write) = stream.into_split();
    let (asked, gone) = (stop.clone(), CancellationToken::new());
    let over = gone.clone().drop_guard();
    tokio::spawn(async move {
        tokio::select! {
            () = gone.cancelled() => {}
            // A process that has just ended needs no order to.
            () = asked.cancelled() => { _ = write.write_all(frame::STOP).await; }
        }
        gone.cancelled().await;
    });
    let id = run.id.clone();
    tokio::spawn(async move {
        let _over = over;
        let end = match followed(read, &sender).await {
            Some(end) => end,
            None => ended_unseen(&store, &id).await,
        };
        _ = done.send(end);
    });
    Handle { run, samples, finished, stop, _guard: None, place: None }
}

/// Hands samples on until the run has ended; none: the process went away before it could say.
async fn followed(read: OwnedReadHalf, samples: &watch::Sender<Arc<Sample>>) -> Option<Result<Finished, Problem>> {
    let mut frames = frame::Reader::new(read);
    loop {
        match frames.next().await? {
            Frame::Sample(sample) => _ = samples.send_replace(sample),
            Frame::Finished { run, problems } => {
                let problems = problems.into_iter().map(frame::Told::problem).collect();
                return Some(Ok(Finished { run: *run, problems }));
            }
            Frame::Failed(told) => return Some(Err(told.problem())),
            Frame::Run(_) | Frame::Alone(_) => {}
        }
    }
}

/// What is on disk of a run whose process has gone.
async fn ended_unseen(store: &Store, id: &str) -> Result<Finished, Problem> {
    let begun = tokio::time::Instant::now();
    loop {
        let (all, name) = (store.clone(), id.to_owned());
        let read = tokio::task::spawn_blocking(move || all.read(&name)).await;
        let run = read.map_err(|error| Problem::new("perf.lost", "the load test has no result", error.to_string()))??;
        // The system closes the files of a killed process one after the other, and the lock may be the last of them.
        if run.state == State::Running && begun.elapsed() < SETTLE {
            tokio::time::sleep(SETTLE / 15).await;
            continue;
        }
        let problems = if run.state == State::Interrupted { vec![interrupted(&run)] } else { Vec::new() };
        return Ok(Finished { run, problems });
    }
}

fn interrupted(run: &Run) -> Problem {
    let what = format!("the load test of {} was cut off", run.target.url);
    Problem::new("perf.interrupted", what, "its process ended before it did").hint("what was measured until then is kept")
}
