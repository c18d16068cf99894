//! `meshplay perf run --detach`, `perf attach`, `perf stop`: runs in a process of their own, and the hidden verb that is such a process.

use std::io::{self, Read};
use std::time::Duration;

use clap::Args;

use super::super::Streams;
use super::form::Form;
use super::{Around, ended, report, to_its_end, to_its_end_unless, told, usage};
use crate::names::Problem;
use crate::perf::apart::watching::{News, Watching};
use crate::perf::apart::{self, Refusal};
use crate::perf::{Finished, Handle, Order, verdict};
use crate::results::gate::Outcome;
use crate::results::{Run, State, Store};

/// Which run.
#[derive(Clone, Debug, Args)]
pub struct RunName {
    /// A run by its id, the beginning or the end of that, or `last`.
    id: String,
    /// How to write the result.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// Starts it and lets it go.
pub(super) async fn detach(order: Order, output: Form, around: &Around, io: &mut Streams<'_>) -> io::Result<u8> {
    if around.fleet.as_ref().is_some_and(|fleet| order.is_embedded(fleet)) {
        let why = "the embedded cluster ends with this command";
        return usage(&Problem::new("perf.embedded", "a run on it cannot outlive it", why).hint("`meshplay sandbox serve` keeps one"), io);
    }
    let more = order.then.len();
    let others = if more == 0 { String::new() } else { format!(", then {more} more") };
    let announced = format!("{}{others}", report::announced(&order.plan));
    let handle = match around.start_apart(&order).await {
        Ok(handle) => handle,
        Err(Refusal::Order(problem) | Refusal::Apart(problem)) => return io.fail(&problem),
    };
    _ = writeln!(io.err, "{announced}; `meshplay perf attach {id}` watches it, `perf stop` ends it", id = short(handle.run()));
    match output {
        Form::Json | Form::Yaml => told::run(handle.run(), &order.aborts, output, io.out)?,
        _ => writeln!(io.out, "{}", handle.run().id)?,
    }
    Ok(0)
}

/// The end of an id is enough to find it.
fn short(run: &Run) -> &str {
    run.id.rsplit('-').next().unwrap_or(&run.id)
}

/// A run under way that can be spoken to; else the run as it is kept.
async fn found(name: &RunName, around: &Around) -> Result<Result<Handle, Run>, Problem> {
    let Around { store, launch, .. } = around;
    let run = store.read(&store.find(&name.id)?)?;
    match apart::attach(store, launch, run.clone()).await {
        Some(handle) => Ok(Ok(handle)),
        // It may have ended in between.
        None => store.read(&run.id).map(Err),
    }
}

/// Shows how it goes and its result; of a profile, as text, the next run as well, to the last one. Ctrl-c goes away and leaves it alone.
pub(super) async fn attach(name: RunName, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    // Before anything is looked at, so that no run falls between.
    let mut watching = Watching::of(&around.store);
    let mut handle = match found(&name, around).await {
        Ok(Ok(handle)) => handle,
        Ok(Err(run)) if run.state == State::Running => return io.fail(&out_of_reach(&run)),
        Ok(Err(run)) => return ended(&run, &[], &[], name.output, io),
        Err(problem) => return io.fail(&problem),
    };
    let mut stop = std::pin::pin!(stop);
    _ = writeln!(io.err, "run {}, {}; ctrl-c leaves it running", handle.run().id, handle.run().target.url);
    loop {
        let Finished { run, problems } = match to_its_end_unless(handle, stop.as_mut(), io.err).await {
            None => {
                _ = writeln!(io.err, "it goes on");
                return Ok(0);
            }
            Some(Ok(finished)) => finished,
            Some(Err(problem)) => return io.fail(&problem),
        };
        let code = ended(&run, &problems, &[], name.output, io)?;
        // Who asked for data asked for one run.
        let more = run.provenance.turn.filter(|turn| turn.nth < turn.of && run.state == State::Done && name.output == Form::Text);
        let Some(turn) = more else { return judged(&run, code, &around.store, io) };
        let next = tokio::select! {
            next = after(&run, &mut watching, around) => next,
            () = &mut stop => None,
        };
        handle = match next {
            Some(next) => next,
            None => {
                _ = writeln!(io.err, "its next run is not waited for");
                return Ok(code);
            }
        };
        _ = writeln!(io.err, "\n{} of {}: {}", turn.nth + 1, turn.of, handle.run().id);
    }
}

/// How long the next run of a profile may take to begin.
const NEXT: Duration = Duration::from_secs(30);

/// The run that the same process does next; none: it does not come.
async fn after(run: &Run, watching: &mut Watching, around: &Around) -> Option<Handle> {
    let (from, turn) = (&run.provenance, run.provenance.turn?);
    let next = async {
        loop {
            let News::Begun(next) = watching.next().await else { continue };
            let place = next.provenance.turn.is_some_and(|one| (one.nth, one.of) == (turn.nth + 1, turn.of));
            if place && (&next.provenance.profile, &next.provenance.profile_hash) == (&from.profile, &from.profile_hash) {
                return apart::attach(&around.store, &around.launch, *next).await;
            }
        }
    };
    tokio::time::timeout(NEXT, next).await.ok().flatten()
}

/// What may be said of a profile once its last run has ended; exit code 1 where it has regressed.
fn judged(run: &Run, code: u8, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    let Some(verdict) = verdict::due(store, run) else { return Ok(code) };
    _ = writeln!(io.err, "{}: {}", run.named(), verdict.line());
    Ok(code.max(u8::from(verdict.outcome() == Some(Outcome::Regressed))))
}

/// Ends it and says what it measured.
pub(super) async fn stop(name: RunName, around: &Around, io: &mut Streams<'_>) -> io::Result<u8> {
    let handle = match found(&name, around).await {
        Ok(Ok(handle)) => handle,
        Ok(Err(run)) if run.state == State::Running => return io.fail(&out_of_reach(&run)),
        Ok(Err(run)) => {
            let why = format!("run {} is over", run.id);
            return io.fail(&Problem::new("perf.over", "nothing was stopped", why).hint("`meshplay perf list` shows which runs are under way"));
        }
        Err(problem) => return io.fail(&problem),
    };
    match to_its_end(handle, std::future::ready(()), &mut io::sink()).await {
        Ok(finished) => ended(&finished.run, &finished.problems, &[], name.output, io),
        Err(problem) => io.fail(&problem),
    }
}

fn out_of_reach(run: &Run) -> Problem {
    Problem::new("perf.inside", format!("run {} cannot be reached", run.id), "the program that started it, and in which it runs, does not answer")
        .hint("go to that terminal; a run started with --detach or on the screen has a process of its own")
}

/// Is the process of a run: takes the order from `input` and says on `out` whether it has begun.
///
/// # Errors
/// Whoever ordered it has gone.
pub async fn serve(input: &mut dyn Read, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let mut order = Vec::new();
    input.read_to_end(&mut order)?;
    let begun = apart::serve::run(&order, &around.ground(), stop, io.out).await?;
    Ok(u8::from(!begun))
}
