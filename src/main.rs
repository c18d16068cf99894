//! The program: error reports, arguments, hand over to a door.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;

use clap::{Args, Parser, Subcommand};
use meshplay::cli::{self, Streams};
use meshplay::cluster::fleet::{Embedded, Fleet, FleetOptions};
use meshplay::cluster::gate::Gate;
use meshplay::config::Config;
use meshplay::names::Problem;
use meshplay::results::Store;
use meshplay::sandbox::{Options, Sandbox};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// See, design and measure cloud native infrastructure from a terminal.
#[derive(Debug, Parser)]
#[command(name = "meshplay", version, about, args_conflicts_with_subcommands = false)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// Which namespaces are meant. Not for every verb: `-n` of a load test is a number.
#[derive(Clone, Debug, Args)]
struct PlaceArgs {
    /// One namespace.
    #[arg(short, long)]
    namespace: Option<String>,
    /// All namespaces.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
}

/// Flags every door understands.
#[derive(Clone, Debug, Args)]
struct SharedArgs {
    /// Contexts to open; may be given several times.
    #[arg(long, global = true)]
    context: Vec<String>,
    /// Use the embedded cluster, whatever kubeconfigs there are.
    #[arg(long, global = true)]
    sandbox: bool,
    /// Change nothing, load nothing.
    #[arg(long, global = true)]
    readonly: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the rows of a kind, or one object.
    Get {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        what: cli::get::GetArgs,
    },
    /// Load tests.
    #[command(subcommand)]
    Perf(cli::perf::PerfVerb),
    /// The embedded cluster.
    #[command(subcommand)]
    Sandbox(cli::sandbox::SandboxVerb),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("no threads can be started: {error}")),
    };
    let code = runtime.block_on(run(cli));
    // Credential plugins that hang must not keep the program.
    runtime.shutdown_background();
    match code {
        Ok(code) => ExitCode::from(code),
        // The reader of a pipe went away: nobody is left to be told.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string()),
    }
}

fn complain(why: &str) -> ExitCode {
    _ = writeln!(io::stderr(), "meshplay: {why}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> io::Result<u8> {
    let (config, problems) = Config::read();
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut io = Streams { out: &mut out, err: &mut err };
    for problem in &problems {
        writeln!(io.err, "meshplay: {problem}")?;
    }
    match cli.verb {
        Some(Verb::Get { place, what }) => {
            let scope = cli::get::Scope {
                contexts: cli.shared.context.clone(),
                namespace: place.namespace.or(cli.place.namespace),
                all_namespaces: place.all_namespaces || cli.place.all_namespaces,
            };
            match open(&config, &cli.shared).await {
                Ok((fleet, _sandbox)) => cli::get::run(what, scope, &fleet, jiff::Timestamp::now().as_second(), &mut io).await,
                Err(problem) => io.fail(&problem),
            }
        }
        Some(Verb::Perf(verb)) => {
            let stop = asked_to_stop();
            cli::perf::run(verb, &gate(&config, &cli.shared), &Store::open(&config.paths.data), stop, &mut io).await
        }
        Some(Verb::Sandbox(cli::sandbox::SandboxVerb::Serve(args))) => cli::sandbox::serve(args, asked_to_stop(), &mut io).await,
        None => Ok(0),
    }
}

/// The rules for actions that need no cluster: a broken kubeconfig does not stand in the way of a load test.
fn gate(config: &Config, shared: &SharedArgs) -> Gate {
    Gate::new(shared.readonly || config.settings.readonly, config.settings.protected.clone(), Some(audit(config)))
}

fn audit(config: &Config) -> PathBuf {
    config.paths.data.join("audit.ndjson")
}

/// The fleet a person means, and the sandbox if it is part of it. A broken kubeconfig is an error, never the sandbox.
async fn open(config: &Config, shared: &SharedArgs) -> Result<(Fleet, Option<Sandbox>), Problem> {
    let sandbox = if shared.sandbox || config.kubeconfigs.is_empty() { Some(Sandbox::start(Options::default()).await?) } else { None };
    let embedded =
        sandbox.clone().map(|sandbox| Embedded { name: "sandbox".into(), namespace: "shop".into(), dial: Arc::new(move || sandbox.dial()) });
    let fleet = Fleet::open(FleetOptions {
        kubeconfigs: if embedded.is_some() { Vec::new() } else { config.kubeconfigs.clone() },
        embedded,
        readonly: shared.readonly || config.settings.readonly,
        protected: config.settings.protected.clone(),
        audit: Some(audit(config)),
    })?;
    Ok((fleet, sandbox))
}

/// Ctrl-C, a polite kill or a hang-up. Watched for from the call on, not only once it is waited for.
fn asked_to_stop() -> impl Future<Output = ()> {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let mut signals: Vec<Signal> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    async move {
        // Any of them; without any, never.
        std::future::poll_fn(|context| {
            let came = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
