//! `meshplay perf run --detach`, `perf attach`, `perf stop`: runs in a process of their own, and the hidden verb that is such a process.

use std::io::{self, Read};

use clap::Args;

use super::super::Streams;
use super::form::Form;
use super::{Around, ended, report, to_its_end, to_its_end_unless, told, usage};
use crate::names::Problem;
use crate::perf::apart::{self, Refusal};
use crate::perf::{Handle, Order};
use crate::results::{Run, State};

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
    if around.is_embedded(&order) {
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

/// Shows how it goes and its result. Ctrl-c goes away and leaves it alone.
pub(super) async fn attach(name: RunName, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let handle = match found(&name, around).await {
        Ok(Ok(handle)) => handle,
        Ok(Err(run)) if run.state == State::Running => return io.fail(&out_of_reach(&run)),
        Ok(Err(run)) => return ended(&run, &[], &[], name.output, io),
        Err(problem) => return io.fail(&problem),
    };
    _ = writeln!(io.err, "run {}, {}; ctrl-c leaves it running", handle.run().id, handle.run().target.url);
    match to_its_end_unless(handle, stop, io.err).await {
        None => {
            _ = writeln!(io.err, "it goes on");
            Ok(0)
        }
        Some(Ok(finished)) => ended(&finished.run, &finished.problems, &[], name.output, io),
        Some(Err(problem)) => io.fail(&problem),
    }
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
    Problem::new("perf.inside", format!("run {} cannot be reached", run.id), "it runs inside the program that started it")
        .hint("go to that terminal; only runs started with --detach or on the screen have a process of their own")
}

/// Is the process of a run: takes the order from `input` and says on `out` whether it has begun.
///
/// # Errors
/// Whoever ordered it has gone.
pub async fn serve(input: &mut dyn Read, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let mut order = Vec::new();
    input.read_to_end(&mut order)?;
    let begun = apart::serve::run(&order, &around.launch, &around.gate, &around.store, stop, io.out).await?;
    Ok(u8::from(!begun))
}
