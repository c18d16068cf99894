//! `meshplay perf`: start a load test and report it. Runs that are kept are listed and shown in `kept`; the layout as text is in `report`.

pub mod apart;
mod ask;
mod compare;
mod files;
mod follow;
mod form;
mod gate;
mod history;
mod how;
mod kept;
mod pace;
pub mod permute;
mod profile;
mod report;
pub mod schedule;
mod search;
mod told;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};

use self::follow::{lasting, to_its_end, to_its_end_unless};
use self::form::Form;
use self::how::HowArgs;
use super::Streams;
use crate::cluster::fleet::Fleet;
use crate::cluster::gate::Gate;
use crate::load::plan::{Pace, Plan};
use crate::names::{ClusterId, Problem};
use crate::perf::abort::Rule;
use crate::perf::apart::serve::Ground;
use crate::perf::apart::{Launch, Refusal};
use crate::perf::profile::kept::Profiles;
use crate::perf::schedule::Book;
use crate::perf::service::{self, Service};
use crate::perf::{self, Finished, Handle, Order};
use crate::results::{Provenance, Run, State, Store};
use crate::text::{age, sanitise};

/// What to do about load tests.
#[derive(Clone, Debug, Subcommand)]
pub enum PerfVerb {
    /// Load an address and report what it did.
    Run(Box<RunArgs>),
    /// List the runs that are kept, newest first.
    List(kept::ListArgs),
    /// Show one run.
    Show(kept::ShowArgs),
    /// Measure two addresses in turn, or take runs that are kept, and say what may be said about the second.
    Compare(Box<compare::CompareArgs>),
    /// Say whether the newest runs of a profile, or B against A, may pass: exit code 0 passed, 1 a regression, 2 not to be told.
    Gate(Box<gate::GateArgs>),
    /// Profiles: what is measured again and again, as YAML files.
    #[command(subcommand)]
    Profile(profile::ProfileVerb),
    /// What later runs of a profile are held against.
    #[command(subcommand)]
    Baseline(history::BaselineVerb),
    /// How a profile did over time, where it changed, and what with it.
    History(history::HistoryArgs),
    /// Read results of other programs into runs: Fortio, HdrHistogram, SMP, Meshery, wrk; and profiles of Meshery and SMP.
    Import(files::ImportArgs),
    /// Write a run in a format of another program.
    Export(files::ExportArgs),
    /// Watch a run that has a process of its own until its end.
    Attach(apart::RunName),
    /// End a run that has a process of its own; what was measured is kept.
    Stop(apart::RunName),
    /// Search the highest rate at which limits hold, by short runs.
    Search(Box<search::SearchArgs>),
    /// Measure every endpoint under every load in every configuration of a target, and put the target back.
    Permute(Box<permute::PermuteArgs>),
    /// Load tests that are due by cron expressions.
    #[command(subcommand)]
    Schedule(schedule::ScheduleVerb),
    /// Be the process of a run.
    #[command(hide = true)]
    ServeRun,
}

/// How to load.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// An address: http (if nothing else is said), https, h2c, grpc, grpcs (a health check, or /shop.Cart/Get), tcp, udp, or unix:/run/app.sock:/path; or a
    /// Service of the cluster, service://shop/web/path.
    #[arg(required_unless_present = "profile")]
    url: Option<String>,
    /// A profile by name, or its file, instead of an address and how to load it.
    #[arg(long, value_name = "PROFILE", conflicts_with_all = ["url", "connections", "duration", "requests", "rate", "also", "weight"])]
    profile: Option<String>,
    /// `name=value`: what is said of the run, as in `release=v2`; history tells when it changed. May be given several times.
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Connections kept open.
    #[arg(short, long, default_value_t = 4)]
    connections: usize,
    /// How long: 10s, 1m30s, 500ms.
    #[arg(short, long, default_value = "10s", value_parser = age::parse)]
    duration: Duration,
    /// End earlier, after so many requests.
    #[arg(short = 'n', long)]
    requests: Option<u64>,
    /// When requests are sent. A number is so many a second over all connections, by plan, whether or not answers have come (an open loop); `max` is the next
    /// one when the last is answered (a closed loop). Also `10..500`, `30s@100,1m@500`, `poisson:100`, `burst:50/1s`, `replay:FILE`. If not given, `max` on
    /// this machine itself and 100 elsewhere.
    #[arg(short, long, value_parser = pace, allow_hyphen_values = true)]
    rate: Option<Pace>,
    /// One more address, `URL` or `URL=WEIGHT`, loaded in the same run; may be repeated.
    #[arg(long, value_name = "URL[=WEIGHT]", value_parser = weighed)]
    also: Vec<(String, u32)>,
    /// The weight of the first address beside those.
    #[arg(long, default_value_t = 1)]
    weight: u32,
    #[command(flatten)]
    how: HowArgs,
    /// End when it was so for so long: `p99>500ms/10s`, `rate<1/30s`. May be given several times; exit code 3.
    #[arg(long = "abort", value_name = "LIMIT/TIME", value_parser = rule)]
    aborts: Vec<Rule>,
    /// End when more than that share failed for so long: `5%/10s`. The same as `--abort 'errors>5%/10s'`.
    #[arg(long, value_name = "SHARE/TIME", value_parser = errors_rule)]
    abort_errors: Option<Rule>,
    /// Run in a process of its own, which outlives this terminal; prints the run's id.
    #[arg(long)]
    detach: bool,
    /// How to write the result.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// What the verbs that load work with; those that only look at what is kept are given the store alone.
pub struct Around {
    /// What is allowed.
    pub gate: Gate,
    /// The runs that are kept.
    pub store: Store,
    /// How a run gets a process of its own.
    pub launch: Launch,
    /// The person's schedules.
    pub book: Book,
    /// The folder for what is remembered between starts.
    pub state: PathBuf,
    /// The clusters, for a verb that [`PerfVerb::needs_clusters`].
    pub fleet: Option<Fleet>,
    /// The cluster that is meant; none: the current one.
    pub context: Option<ClusterId>,
}

impl Around {
    /// Leads an order the way to its Services, and says what is to be said of that.
    async fn found(&self, mut order: Order, io: &mut Streams<'_>) -> Result<Order, Problem> {
        if let Some(fleet) = &self.fleet {
            for told in service::find(&mut order, fleet, self.context.as_ref()).await? {
                _ = writeln!(io.err, "{told}");
            }
        }
        Ok(order)
    }

    /// Starts it in this process; others may watch it.
    async fn start(&self, order: Order) -> Result<Handle, Problem> {
        perf::apart::serve::begin_here(order, &self.ground()).await
    }

    fn ground(&self) -> Ground<'_> {
        Ground { launch: &self.launch, fleet: self.fleet.as_ref(), gate: &self.gate, store: &self.store }
    }

    /// Starts it in a process of its own.
    async fn start_apart(&self, order: &Order) -> Result<Handle, Refusal> {
        perf::apart::start(order, &self.launch, &self.gate, &self.store).await
    }
}

impl PerfVerb {
    /// It changes objects of a cluster, or looks for Services there. `data`: the folder with the person's profiles.
    pub fn needs_clusters(&self, data: &Path, book: &Book) -> bool {
        let profile = |name: &String| Profiles::open(data).read(name).is_ok_and(|profile| profile.names_services());
        match self {
            Self::Permute(_) => true,
            Self::Run(args) => {
                args.url.iter().chain(args.also.iter().map(|(url, _)| url)).any(|url| service::is(url)) || args.profile.as_ref().is_some_and(profile)
            }
            Self::Compare(args) => service::is(&args.a) || service::is(&args.b),
            Self::Gate(args) => args.names_services(),
            Self::Search(args) => args.names_service(),
            Self::Schedule(schedule::ScheduleVerb::Run) => book.names_services(),
            _ => false,
        }
    }
}

/// Does it; a load test ends early when `stop` comes.
///
/// # Errors
/// The streams are gone.
pub async fn run(verb: PerfVerb, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let (store, stop) = (&around.store, lasting(stop));
    match verb {
        PerfVerb::Search(args) => search::run(*args, around, stop, io).await,
        PerfVerb::Permute(args) => permute::run(*args, around, stop, io).await,
        PerfVerb::Schedule(verb) => schedule::run(verb, around, stop, io).await,
        PerfVerb::Run(args) => load(*args, around, stop, io).await,
        PerfVerb::Attach(name) => apart::attach(name, around, stop, io).await,
        PerfVerb::Stop(name) => apart::stop(name, around, io).await,
        PerfVerb::ServeRun => apart::serve(&mut io::empty(), around, stop, io).await,
        PerfVerb::List(args) => kept::list(&args, store, io),
        PerfVerb::Show(args) => kept::show(&args, store, io),
        PerfVerb::Compare(args) => compare::run(*args, around, stop, io).await,
        PerfVerb::Gate(args) => gate::run(*args, around, stop, io).await,
        PerfVerb::Profile(verb) => profile::run(&verb, store, io),
        PerfVerb::Baseline(verb) => history::baseline(&verb, store, io),
        PerfVerb::History(args) => history::history(&args, store, io),
        PerfVerb::Import(args) => files::import(&args, store, io),
        PerfVerb::Export(args) => files::export(&args, store, io),
    }
}

async fn load(args: RunArgs, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    if let Some(name) = &args.profile {
        return profile::conduct(name, &args, around, stop, io).await;
    }
    let order = match order(&args) {
        Ok(order) => order,
        Err(problem) => return usage(&problem, io),
    };
    let order = match around.found(order, io).await {
        Ok(order) => order,
        Err(problem) => return io.fail(&problem),
    };
    if args.detach {
        return apart::detach(order, args.output, around, io).await;
    }
    let (announced, rules) = (report::announced(&order.plan), order.aborts.clone());
    let handle = match around.start(order).await {
        Ok(handle) => handle,
        Err(problem) => return io.fail(&problem),
    };
    // Nobody reading what it says of itself must not cost the result.
    _ = writeln!(io.err, "{announced}; ctrl-c ends it");
    match to_its_end(handle, stop, io.err).await {
        Ok(Finished { run, problems }) => ended(&run, &problems, &rules, args.output, io),
        Err(problem) => io.fail(&problem),
    }
}

/// Exit code of a run that one of its rules ended.
const ABORTED: u8 = 3;

/// Reports a run that is over.
fn ended(run: &Run, problems: &[Problem], rules: &[Rule], output: Form, io: &mut Streams<'_>) -> io::Result<u8> {
    print_problems(problems, io);
    told::run(run, rules, output, io.out)?;
    match (run.trouble(), run.state) {
        (Some(problem), _) => io.fail(&problem).map(|code| if run.state == State::Aborted { ABORTED } else { code }),
        (None, State::Aborted) => Ok(ABORTED),
        (None, _) => Ok(0),
    }
}

fn print_problems(problems: &[Problem], io: &mut Streams<'_>) {
    for problem in problems {
        _ = writeln!(io.err, "meshplay: {problem}");
    }
}

fn order(args: &RunArgs) -> Result<Order, Problem> {
    let (gentle, mut services) = gentle(args.url.as_deref().unwrap_or_default())?;
    let mut also = Vec::new();
    for (nth, (url, weight)) in args.also.iter().enumerate() {
        let (endpoint, service) = service::endpoint(nth + 1, url, *weight)?;
        also.push(endpoint);
        services.extend(service);
    }
    let plan = Plan {
        connections: args.connections,
        duration: args.duration,
        requests: args.requests,
        pace: args.rate.clone().unwrap_or(gentle.pace),
        also,
        weight: args.weight,
        ..gentle
    };
    Ok(Order {
        aborts: args.aborts.iter().copied().chain(args.abort_errors).collect(),
        provenance: Provenance { labels: args.labels.iter().cloned().collect(), ..Provenance::default() },
        ..args.how.order(plan, services)?
    })
}

/// A gentle plan on an address, and the Service that the address names, where it names one.
fn gentle(url: &str) -> Result<(Plan, Vec<Service>), Problem> {
    service::endpoint(0, url, 1).map(|(endpoint, service)| (Plan::gentle(endpoint.target), service.into_iter().collect()))
}

fn usage(problem: &Problem, io: &mut Streams<'_>) -> io::Result<u8> {
    io.fail(problem).map(|_| 2)
}

fn rule(text: &str) -> Result<Rule, String> {
    text.parse()
}

fn errors_rule(text: &str) -> Result<Rule, String> {
    format!("errors>{text}").parse()
}

fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| "write name=value".to_owned())?;
    Ok((sanitise(name).into_owned(), sanitise(value).into_owned()))
}

fn pace(text: &str) -> Result<Pace, String> {
    pace::parse(text)
}

/// `URL` or `URL=3`, an address and its weight.
fn weighed(text: &str) -> Result<(String, u32), String> {
    // The last `=` of a query may be that of its last field, `?page=2`; then it is no weight.
    let own = |url: &str| url.split_once('?').is_some_and(|(_, query)| !query.rsplit('&').next().unwrap_or_default().contains('='));
    let weighed = text.rsplit_once('=').filter(|(url, _)| !own(url)).and_then(|(url, weight)| weight.parse().ok().map(|weight| (url, weight)));
    let (url, weight) = weighed.unwrap_or((text, 1));
    service::endpoint(0, url, weight).map(|_| (url.to_owned(), weight)).map_err(|problem| problem.to_string())
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
            PerfVerb::Run(args) => order(&args).map(|order| order.plan).map_err(|problem| problem.to_string()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn a_number_at_the_end_of_a_query_is_no_weight() {
        for (text, expected) in [
            ("localhost:2/b?page=2", ("localhost:2/b?page=2", 1)),
            ("localhost:2/b?a=1&page=2", ("localhost:2/b?a=1&page=2", 1)),
            ("localhost:2/b?page=2=3", ("localhost:2/b?page=2", 3)),
            ("localhost:2/b=3", ("localhost:2/b", 3)),
        ] {
            assert_eq!(weighed(text), Ok((expected.0.to_owned(), expected.1)), "{text}");
        }
    }

    #[test]
    fn rules_that_end_a_run_are_read_in_both_forms() {
        let read = |line: &str| match Line::try_parse_from(["perf", "run", "x", "--abort", "p99>500ms/10s", "--abort-errors", line]) {
            Ok(Line { verb: PerfVerb::Run(args) }) => Ok((args.aborts.clone(), args.abort_errors)),
            other => Err(other.is_ok()),
        };
        assert_eq!(read("5%/10s"), Ok((vec!["p99>500ms/10s".parse().unwrap()], Some("errors>5%/10s".parse().unwrap()))));
        assert_eq!(read("5%"), Err(false));
    }

    #[test]
    fn flags_make_a_plan_that_is_gentle_elsewhere() {
        assert_eq!(parsed("perf run example.com").unwrap().pace, Pace::Rate(100.0));
        assert_eq!(parsed("perf run example.com --rate max").unwrap().pace, Pace::Max);
        let plan = parsed("perf run localhost:1/a -c 2 -d 1m30s -n 7 --rate 5/s --timeout 1s").unwrap();
        assert_eq!((plan.connections, plan.duration, plan.requests, plan.pace), (2, Duration::from_secs(90), Some(7), Pace::Rate(5.0)));
        assert_eq!(parsed("perf run localhost:1").unwrap().pace, Pace::Max);
        let plan =
            parsed("perf run localhost:1 --also localhost:2/b?c=d=3 --also localhost:4 --reuse 2:9 --warm-up 2s --connect-to localhost:5").unwrap();
        let also: Vec<_> = plan.also.iter().map(|endpoint| (endpoint.name.as_str(), endpoint.weight)).collect();
        assert_eq!(also, [("http://localhost:2/b?c=d", 3), ("http://localhost:4/", 1)]);
        assert_eq!((plan.reuse, plan.warm_up, plan.connect_to.as_deref()), (Some((2, 9)), Duration::from_secs(2), Some("localhost:5")));
        for wrong in [
            "perf run",
            "perf run x --rate 0",
            "perf run x --rate fast",
            "perf run x --reuse 9:2",
            "perf run x --also ftp://x",
            "perf run x -d 10x",
            "perf run ftp://x",
            "perf run x -c 0",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_read_only_session_loads_nothing_and_a_wrong_address_is_wrong_usage() {
        let data = tempfile::tempdir().unwrap();
        for (line, expected, word) in
            [("perf run 127.0.0.1:9", 1, "read-only"), ("perf run ftp://127.0.0.1", 2, "not spoken"), ("perf show x", 1, "no run")]
        {
            let verb = Line::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{error}")).verb;
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let book = Book::new(data.path(), data.path(), data.path());
            let (gate, store) = (Gate::new(true, Vec::new(), None), Store::open(data.path()));
            let around = Around { gate, store, launch: Launch::default(), book, state: data.path().to_path_buf(), fleet: None, context: None };
            let code = run(verb, &around, std::future::pending(), &mut Streams { out: &mut out, err: &mut err }).await.unwrap();
            let err = String::from_utf8(err).unwrap();
            assert!(code == expected && out.is_empty() && err.contains(word), "{line}: {code} {err}");
        }
    }
}
