//! The program: error reports, arguments, hand over to a door.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use meshplay::cli::{self, Streams};
use meshplay::cluster::fleet::{Embedded, Fleet, FleetOptions};
use meshplay::config::Config;
use meshplay::names::Problem;
use meshplay::sandbox::{Options, Sandbox};

/// See, design and measure cloud native infrastructure from a terminal.
#[derive(Debug, Parser)]
#[command(name = "meshplay", version, about, args_conflicts_with_subcommands = false)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// Flags every door understands.
#[derive(Clone, Debug, Args)]
struct SharedArgs {
    /// Contexts to open; may be given several times.
    #[arg(long, global = true)]
    context: Vec<String>,
    /// One namespace.
    #[arg(short, long, global = true)]
    namespace: Option<String>,
    /// All namespaces.
    #[arg(short = 'A', long, global = true)]
    all_namespaces: bool,
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
    Get(cli::get::GetArgs),
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
        Some(Verb::Get(args)) => {
            let scope = cli::get::Scope {
                contexts: cli.shared.context.clone(),
                namespace: cli.shared.namespace.clone(),
                all_namespaces: cli.shared.all_namespaces,
            };
            match open(&config, &cli.shared).await {
                Ok((fleet, _sandbox)) => cli::get::run(args, scope, &fleet, jiff::Timestamp::now().as_second(), &mut io).await,
                Err(problem) => io.fail(&problem),
            }
        }
        Some(Verb::Sandbox(cli::sandbox::SandboxVerb::Serve(args))) => cli::sandbox::serve(args, asked_to_stop(), &mut io).await,
        None => Ok(0),
    }
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
        audit: Some(config.paths.data.join("audit.ndjson")),
    })?;
    Ok((fleet, sandbox))
}

/// Ctrl-C or a polite kill.
async fn asked_to_stop() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
