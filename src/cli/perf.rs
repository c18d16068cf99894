//! `meshplay perf`: start a load test and report it, list the runs that are kept, show one of them. Its layout as text is in `report`.

mod compare;
mod report;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Output, Streams};
use crate::cluster::gate::Gate;
use crate::load::engine::Sample;
use crate::load::plan::{Pace, Plan};
use crate::load::target::Target;
use crate::names::Problem;
use crate::perf::{self, Finished, Handle, Order};
use crate::results::{Interval, Run, Store};
use crate::text::age;

/// What to do about load tests.
#[derive(Clone, Debug, Subcommand)]
pub enum PerfVerb {
    /// Load an address and report what it did.
    Run(RunArgs),
    /// List the runs that are kept, newest first.
    List(ListArgs),
    /// Show one run.
    Show(ShowArgs),
    /// Measure two addresses in turn, or take runs that are kept, and say what may be said about the second.
    Compare(compare::CompareArgs),
}

/// How to load.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// An address; without a scheme it is http.
    url: String,
    /// Connections kept open.
    #[arg(short, long, default_value_t = 4)]
    connections: usize,
    /// How long: 10s, 1m30s, 500ms.
    #[arg(short, long, default_value = "10s", value_parser = age::parse)]
    duration: Duration,
    /// End earlier, after so many requests.
    #[arg(short = 'n', long)]
    requests: Option<u64>,
    /// Requests a second over all connections, sent by plan whether or not answers have come (an open loop), or `max`: the next one when the last is answered
    /// (a closed loop). If not given, `max` on this machine itself and 100 elsewhere.
    #[arg(short, long, value_parser = pace)]
    rate: Option<Pace>,
    /// How long an answer may take.
    #[arg(long, default_value = "10s", value_parser = age::parse)]
    timeout: Duration,
    /// How to write the result.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// How to list.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What to show.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// A run by its id, the beginning or the end of that, or `last`.
    id: String,
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// Does it; a load test ends early when `stop` comes.
///
/// # Errors
/// The streams are gone.
pub async fn run(verb: PerfVerb, gate: &Gate, store: &Store, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    match verb {
        PerfVerb::Run(args) => load(args, gate, store, stop, io).await,
        PerfVerb::List(args) => list(&args, store, io),
        PerfVerb::Show(args) => show(&args, store, io),
        PerfVerb::Compare(args) => compare::run(args, gate, store, stop, io).await,
    }
}

async fn load(args: RunArgs, gate: &Gate, store: &Store, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let plan = match plan(&args) {
        Ok(plan) => plan,
        Err(problem) => return usage(&problem, io),
    };
    let order = Order::new(plan);
    let announced = report::announced(&order.plan);
    let handle = match perf::start(order, gate, store) {
        Ok(handle) => handle,
        Err(problem) => return io.fail(&problem),
    };
    // Nobody reading what it says of itself must not cost the result.
    _ = writeln!(io.err, "{announced}; ctrl-c ends it");
    let Finished { run, problems } = match to_its_end(handle, stop, io.err).await {
        Ok(finished) => finished,
        Err(problem) => return io.fail(&problem),
    };
    print_problems(&problems, io);
    print(&run, args.output, io.out)?;
    run.trouble().map_or(Ok(0), |problem| io.fail(&problem))
}

fn print_problems(problems: &[Problem], io: &mut Streams<'_>) {
    for problem in problems {
        _ = writeln!(io.err, "meshplay: {problem}");
    }
}

fn plan(args: &RunArgs) -> Result<Plan, Problem> {
    let gentle = Plan::gentle(Target::parse(&args.url)?);
    let plan = Plan {
        connections: args.connections,
        duration: args.duration,
        requests: args.requests,
        pace: args.rate.clone().unwrap_or(gentle.pace),
        timeout: args.timeout,
        ..gentle
    };
    plan.check().map(|()| plan)
}

fn usage(problem: &Problem, io: &mut Streams<'_>) -> io::Result<u8> {
    io.fail(problem).map(|_| 2)
}

/// Says how it goes once a second.
async fn to_its_end(mut handle: Handle, stop: impl Future<Output = ()>, err: &mut dyn Write) -> Result<Finished, Problem> {
    let (mut samples, stopper) = (handle.samples(), handle.stopper());
    let mut told: Option<Arc<Sample>> = None;
    let mut stop = std::pin::pin!(stop);
    let mut stopped = false;
    loop {
        tokio::select! {
            biased;
            outcome = handle.finished() => return outcome,
            () = &mut stop, if !stopped => {
                stopped = true;
                stopper.stop();
            }
            Ok(()) = samples.changed() => {
                let sample = samples.borrow_and_update().clone();
                let before = told.as_ref().map_or(0, |told| told.elapsed.as_secs());
                if sample.elapsed.as_secs() > before && sample.ended.is_none() {
                    _ = writeln!(err, "{}", report::progress(&Interval::between(told.as_deref(), &sample)));
                    told = Some(sample);
                }
            }
        }
    }
}

fn list(args: &ListArgs, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    let (runs, problems) = perf::list(store);
    for problem in &problems {
        writeln!(io.err, "meshplay: {problem}")?;
    }
    match args.output {
        Output::Text => write!(io.out, "{}", report::table(&runs))?,
        Output::Json => writeln!(io.out, "{:#}", json!({ "runs": runs }))?,
    }
    Ok(0)
}

fn show(args: &ShowArgs, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    match store.find(&args.id).and_then(|id| store.read(&id)) {
        Ok(run) => print(&run, args.output, io.out).map(|()| 0),
        Err(problem) => io.fail(&problem),
    }
}

fn print(run: &Run, output: Output, out: &mut dyn Write) -> io::Result<()> {
    match output {
        Output::Text => write!(out, "{}", report::text(run)),
        Output::Json => serde_json::to_string_pretty(run).map_err(io::Error::from).and_then(|text| writeln!(out, "{text}")),
    }
}

fn pace(text: &str) -> Result<Pace, String> {
    if text == "max" {
        return Ok(Pace::Max);
    }
    let rate = text.strip_suffix("/s").unwrap_or(text).parse::<f64>().ok().filter(|rate| *rate > 0.0 && rate.is_finite());
    rate.map(Pace::Rate).ok_or_else(|| "write a number of requests a second above 0, or max".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        verb: PerfVerb,
    }

    fn parsed(line: &str) -> Result<Plan, String> {
        match Line::try_parse_from(line.split_whitespace()).map_err(|error| error.to_string())?.verb {
            PerfVerb::Run(args) => plan(&args).map_err(|problem| problem.to_string()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn flags_make_a_plan_that_is_gentle_elsewhere() {
        assert_eq!(parsed("perf run example.com").unwrap().pace, Pace::Rate(100.0));
        assert_eq!(parsed("perf run example.com --rate max").unwrap().pace, Pace::Max);
        let plan = parsed("perf run localhost:1/a -c 2 -d 1m30s -n 7 --rate 5/s --timeout 1s").unwrap();
        assert_eq!((plan.connections, plan.duration, plan.requests, plan.pace), (2, Duration::from_secs(90), Some(7), Pace::Rate(5.0)));
        assert_eq!(parsed("perf run localhost:1").unwrap().pace, Pace::Max);
        for wrong in ["perf run", "perf run x --rate 0", "perf run x --rate fast", "perf run x -d 10x", "perf run ftp://x", "perf run x -c 0"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_read_only_session_loads_nothing_and_a_wrong_address_is_wrong_usage() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        let gate = Gate::new(true, Vec::new(), None);
        for (line, expected, word) in
            [("perf run 127.0.0.1:9", 1, "read-only"), ("perf run ftp://127.0.0.1", 2, "not spoken"), ("perf show x", 1, "no run")]
        {
            let verb = Line::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{error}")).verb;
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = run(verb, &gate, &store, std::future::pending(), &mut Streams { out: &mut out, err: &mut err }).await.unwrap();
            let err = String::from_utf8(err).unwrap();
            assert!(code == expected && out.is_empty() && err.contains(word), "{line}: {code} {err}");
        }
    }
}
