//! `meshplay perf schedule`: load tests that are due by cron expressions, and the loop in the foreground that does them.

use std::io;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::{Output, Streams};
use super::{Around, print_problems, report, to_its_end};
use crate::names::Problem;
use crate::perf::Order;
use crate::perf::apart::Refusal;
use crate::perf::schedule::cron::Cron;
use crate::perf::schedule::{Book, News, Schedule};
use crate::perf::service;
use crate::results::State;
use crate::text::sanitise;

/// What to do about schedules.
#[derive(Clone, Debug, Subcommand)]
pub enum ScheduleVerb {
    /// List them with their next times.
    List(ListArgs),
    /// Add one.
    Add(Box<AddArgs>),
    /// Take one away.
    Remove {
        /// Its name.
        name: String,
    },
    /// Do what is due until ctrl-c. What was missed is told and not made up for.
    Run,
}

/// How to list.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What to add.
#[derive(Clone, Debug, Args)]
pub struct AddArgs {
    /// What it is called.
    name: String,
    /// An address; without a scheme it is http. Or a Service, service://shop/web/, in the cluster that --context names now, or that is current then.
    #[arg(required_unless_present = "profile", conflicts_with = "profile")]
    url: Option<String>,
    /// A profile that is kept, in place of an address and how to load it.
    #[arg(long)]
    profile: Option<String>,
    /// When: minute, hour, day of the month, month, day of the week, as in `30 3 * * mon-fri`; or `@daily`.
    #[arg(long, value_parser = cron)]
    cron: Cron,
    /// Whose clock, as in Europe/Vienna; if not given, UTC.
    #[arg(long)]
    timezone: Option<String>,
    /// How long each run lasts.
    #[arg(short, long, default_value = "10s")]
    duration: String,
    /// Connections kept open.
    #[arg(short, long)]
    connections: Option<usize>,
    /// Requests a second; if not given, as `perf run` has it.
    #[arg(short, long)]
    rate: Option<f64>,
    /// Runs each time: a point of a history is the median of at least five.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

fn cron(text: &str) -> Result<Cron, String> {
    text.parse()
}

/// Does it.
pub(super) async fn run(verb: ScheduleVerb, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let book = &around.book;
    match verb {
        ScheduleVerb::List(args) => list(&args, book, io),
        ScheduleVerb::Add(args) => add(*args, around, io),
        ScheduleVerb::Remove { name } => match book.remove(&name) {
            Ok(()) => writeln!(io.err, "{} is not done any more", sanitise(&name)).map(|()| 0),
            Err(problem) => io.fail(&problem),
        },
        ScheduleVerb::Run => keep(around, stop, io).await,
    }
}

fn add(args: AddArgs, around: &Around, io: &mut Streams<'_>) -> io::Result<u8> {
    let AddArgs { name, url, profile, cron, timezone, duration, connections, rate, runs } = args;
    let cluster = around.context.as_ref().filter(|_| url.as_deref().is_some_and(service::is)).map(ToString::to_string);
    let schedule = Schedule { name, cron, timezone, url, cluster, profile, duration, connections, rate, runs };
    let next = schedule.next(Timestamp::now());
    match around.book.add(schedule).and(next) {
        Ok(next) => writeln!(io.err, "next at {}, while `meshplay perf schedule run` or the screen is open", moment(next)).map(|()| 0),
        Err(problem) => io.fail(&problem),
    }
}

fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d %H:%MZ").to_string())
}

fn list(args: &ListArgs, book: &Book, io: &mut Streams<'_>) -> io::Result<u8> {
    let schedules = match book.read() {
        Ok(schedules) => schedules,
        Err(problem) => return io.fail(&problem),
    };
    let (now, done) = (Timestamp::now(), book.done());
    let next = |schedule: &Schedule| schedule.next(now).ok().flatten();
    if args.output != Output::Text {
        let all: Vec<Value> =
            schedules.iter().map(|one| json!({"schedule": one, "next": next(one), "looked_after_until": done.get(&one.name)})).collect();
        return writeln!(io.out, "{:#}", json!({ "schedules": all })).map(|()| 0);
    }
    if schedules.is_empty() {
        writeln!(io.out, "no schedules yet: `meshplay perf schedule add NAME URL --cron '30 3 * * *'` makes one")?;
    }
    for one in &schedules {
        let zone = one.timezone.as_deref().unwrap_or("UTC");
        let (name, cron) = (sanitise(&one.name), one.cron.to_string());
        let what = match (&one.url, &one.profile) {
            (Some(url), _) => format!("{} × {}   {}", one.runs, sanitise(&one.duration), sanitise(url)),
            (None, profile) => format!("profile {}", sanitise(profile.as_deref().unwrap_or_default())),
        };
        writeln!(io.out, "{name}   {} {}   next {}   {what}", sanitise(&cron), sanitise(zone), moment(next(one)))?;
    }
    Ok(0)
}

async fn keep(around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let mut keeper = match around.book.keep() {
        Ok(Some(keeper)) => keeper,
        Ok(None) => {
            let why = "another program does what is due: `meshplay perf schedule run`, or a screen";
            return io.fail(&Problem::new("perf.scheduled", "nothing is done here", why).hint("end that one first"));
        }
        Err(problem) => return io.fail(&problem),
    };
    let waits = if around.book.read().is_ok_and(|schedules| schedules.is_empty()) {
        "no schedules yet: those that are added are done when due"
    } else {
        "doing what is due"
    };
    _ = writeln!(io.err, "{waits}; ctrl-c ends it");
    let mut stop = std::pin::pin!(stop);
    loop {
        let news = tokio::select! {
            biased;
            () = &mut stop => return Ok(0),
            news = keeper.next() => news,
        };
        match news {
            News::Trouble(problem) => print_problems(&[problem], io),
            News::Missed(name, times, last) => {
                let at = moment(Some(last));
                _ = writeln!(io.err, "{} was missed {times} times, the last time at {at}; nothing of that is made up for", sanitise(&name));
            }
            News::Due(name, orders) => {
                let count = orders.len();
                for (at, order) in orders.into_iter().enumerate() {
                    match around.found(order, io).await {
                        Ok(order) => {
                            _ = writeln!(io.err, "{}: {} of {count}, {}", sanitise(&name), at + 1, report::announced(&order.plan));
                            if !one(order, around, stop.as_mut(), io).await? {
                                return Ok(0);
                            }
                        }
                        Err(problem) => print_problems(&[problem], io),
                    }
                }
            }
        }
    }
}

/// One run, in a process of its own where that is possible; false when it was stopped.
async fn one(order: Order, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<bool> {
    let handle = match around.start_apart(&order).await {
        Ok(handle) => Ok(handle),
        Err(Refusal::Order(problem)) => Err(problem),
        Err(Refusal::Apart(_)) => around.start(order).await,
    };
    let finished = match handle {
        Ok(handle) => to_its_end(handle, stop, &mut io::sink()).await,
        Err(problem) => Err(problem),
    };
    match finished {
        Ok(finished) => {
            print_problems(&finished.problems, io);
            writeln!(io.out, "{}", finished.run.id)?;
            Ok(finished.run.state != State::Stopped)
        }
        Err(problem) => {
            print_problems(&[problem], io);
            Ok(true)
        }
    }
}
