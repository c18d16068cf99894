//! `meshplay perf search`: the highest rate at which limits hold, by short runs in an open loop.

use std::io;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::super::{Output, Streams};
use super::how::HowArgs;
use super::report::span;
use super::{Around, gentle, print_problems, to_its_end, usage};
use crate::load::plan::{Pace, Plan};
use crate::names::Problem;
use crate::perf::Order;
use crate::perf::limit::Limits;
use crate::perf::search::{Search, Verdict};
use crate::perf::service;
use crate::results::{Run, State};
use crate::text::age::{self, nanoseconds};
use crate::text::quantity::{latency, rate};

/// What to search.
#[derive(Clone, Debug, Args)]
pub struct SearchArgs {
    /// An address; without a scheme it is http. Or a Service of the cluster, service://shop/web/.
    url: String,
    /// What has to hold: `p99<50ms,errors<1%`.
    #[arg(long, value_parser = limits)]
    slo: Limits,
    /// Requests a second to begin with.
    #[arg(long, default_value_t = 50.0, value_parser = positive)]
    from: f64,
    /// Requests a second that are enough.
    #[arg(long, default_value_t = 100_000.0, value_parser = positive)]
    to: f64,
    /// How near it has to be found, in per cent.
    #[arg(long, default_value_t = 5.0, value_parser = positive)]
    precision: f64,
    /// Runs that have to hold in the end.
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// How long each run lasts; a p99 needs a thousand answers.
    #[arg(short, long, default_value = "5s", value_parser = age::parse)]
    duration: Duration,
    /// Connections kept open.
    #[arg(short, long, default_value_t = 64)]
    connections: usize,
    #[command(flatten)]
    how: HowArgs,
    /// How to write the result.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

fn limits(text: &str) -> Result<Limits, String> {
    text.parse()
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite()).ok_or_else(|| "write a number above 0".to_owned())
}

/// How long each run loads before anything counts, unless it is said.
const WARM_UP: Duration = Duration::from_secs(1);

impl SearchArgs {
    /// It loads a Service.
    pub(super) fn names_service(&self) -> bool {
        service::is(&self.url)
    }
}

/// Searches; answers 1 where no rate was confirmed.
pub(super) async fn run(args: SearchArgs, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let order = match order(&args) {
        Ok(order) => around.found(order, io).await,
        Err(problem) => return usage(&problem, io),
    };
    let order = match order {
        Ok(order) => order,
        Err(problem) => return io.fail(&problem),
    };
    let mut search = Search::new(args.from, args.to, args.precision / 100.0, args.repeats.max(1));
    let mut stop = std::pin::pin!(stop);
    let mut runs: Vec<Run> = Vec::new();
    while let Some((wanted, confirms)) = search.next() {
        let plan = Plan { pace: Pace::Rate(wanted), ..order.plan.clone() };
        let handle = match around.start(Order { plan, ..order.clone() }).await {
            Ok(handle) => handle,
            Err(problem) => return io.fail(&problem),
        };
        let finished = match to_its_end(handle, stop.as_mut(), &mut io::sink()).await {
            Ok(finished) => finished,
            Err(problem) => return io.fail(&problem),
        };
        print_problems(&finished.problems, io);
        if finished.run.state == State::Stopped {
            break;
        }
        let verdict = Verdict::of(&finished.run, &args.slo);
        let p99 = finished.run.latencies.p99.map_or_else(|| "–".to_owned(), latency);
        _ = writeln!(io.err, "{:>10}/s  p99 {p99:>7}  {}{verdict}", rate(wanted), if confirms { "confirming: " } else { "" });
        search.take(finished.run.id.clone(), verdict);
        runs.push(finished.run);
    }
    match args.output {
        Output::Text => write!(io.out, "{}", text(&args, &search, &runs))?,
        _ => writeln!(io.out, "{:#}", value(&args, &search))?,
    }
    match search.answer().rate {
        Some(_) => Ok(0),
        None => {
            let why =
                search.answer().above.map_or_else(|| "it was stopped".to_owned(), |(lowest, verdict)| format!("at {}/s: {verdict}", rate(lowest)));
            io.fail(
                &Problem::new("perf.search", format!("no rate was found at which {} holds", args.slo), why)
                    .hint("let each run last longer (-d): a p99 takes a thousand answers; or begin lower (--from)"),
            )
        }
    }
}

/// The runs, at the rate it begins with.
fn order(args: &SearchArgs) -> Result<Order, Problem> {
    let (gentle, services) = gentle(&args.url)?;
    let plan = Plan { connections: args.connections, duration: args.duration, warm_up: WARM_UP, pace: Pace::Rate(args.from), ..gentle };
    args.how.order(plan, services)
}

fn text(args: &SearchArgs, search: &Search, runs: &[Run]) -> String {
    let mut text = format!("{}   {}   {} connections, {} each\n\n", args.url, args.slo, args.connections, span(nanoseconds(args.duration)));
    text.push_str(&format!("{:>12}   {:>4}   {:>8}   {:>8}   {}\n", "REQ/S", "RUNS", "P50", "P99", "VERDICT"));
    for step in search.steps().iter().filter(|step| !step.runs.is_empty()) {
        let of_step: Vec<&Run> = runs.iter().filter(|run| step.runs.iter().any(|(id, _)| *id == run.id)).collect();
        let span = |of: fn(&Run) -> Option<u64>| {
            let mut values: Vec<u64> = of_step.iter().filter_map(|run| of(run)).collect();
            values.sort_unstable();
            values.get(values.len() / 2).map_or_else(|| "–".to_owned(), |middle| latency(*middle))
        };
        let held = step.runs.iter().filter(|(_, verdict)| *verdict == Verdict::Held).count();
        let said = if step.confirms {
            format!("confirmed by {held} of {}", step.runs.len())
        } else {
            step.verdict().map_or_else(|| "cut off".to_owned(), |verdict| verdict.to_string())
        };
        let (p50, p99) = (span(|run| run.latencies.p50), span(|run| run.latencies.p99));
        text.push_str(&format!("{:>12}   {:>4}   {p50:>8}   {p99:>8}   {said}\n", rate(step.rate), step.runs.len()));
    }
    let answer = search.answer();
    let Some(found) = answer.rate else { return text };
    let above = match &answer.above {
        None => format!("which is as far as was looked (--to {})", rate(args.to)),
        Some((above, Verdict::Invalid(why))) => format!("and perhaps more: at {}/s runs were not valid ({why})", rate(*above)),
        Some((above, _)) => format!("and not at {}/s", rate(*above)),
    };
    text.push_str(&format!("\n{} holds at {}/s in {} of {} runs, {above}\n", args.slo, rate(found), answer.confirmed.0, answer.confirmed.1));
    text
}

fn value(args: &SearchArgs, search: &Search) -> Value {
    let verdict = |verdict: &Verdict| match verdict {
        Verdict::Held => json!({"verdict": "held"}),
        Verdict::Broken(why) => json!({"verdict": "broken", "why": why}),
        Verdict::Invalid(why) => json!({"verdict": "invalid", "why": why}),
        Verdict::Little(what) => json!({"verdict": "too little", "why": what}),
    };
    let steps: Vec<Value> = search
        .steps()
        .iter()
        .map(|step| {
            let runs: Vec<Value> = step.runs.iter().map(|(id, said)| json!({"run": id, "said": verdict(said)})).collect();
            json!({"rate": step.rate, "confirms": step.confirms, "runs": runs})
        })
        .collect();
    let answer = search.answer();
    let above = answer.above.as_ref().map(|(rate, said)| json!({"rate": rate, "said": verdict(said)}));
    json!({"url": args.url, "slo": args.slo.to_string(), "rate": answer.rate, "above": above,
        "confirmed": {"held": answer.confirmed.0, "runs": answer.confirmed.1}, "steps": steps})
}
