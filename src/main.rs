//! The program: error reports, arguments, hand over to a door.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use meshplay::cli::doctor::{DoctorArgs, Grade, Patient};
use meshplay::cli::perf::Around;
use meshplay::cli::{self, Streams};
use meshplay::cluster::client::InCluster;
use meshplay::cluster::fleet::{Embedded, Fleet, FleetOptions};
use meshplay::cluster::gate::{Gate, Targets};
use meshplay::cluster::proxy::Proxies;
use meshplay::cluster::standing::Standings;
use meshplay::config::Config;
use meshplay::names::{ClusterId, Problem};
use meshplay::perf::apart::Launch;
use meshplay::perf::schedule::Book;
use meshplay::results::Store;
use meshplay::sandbox::{Options, Sandbox};
use meshplay::terminal::{Depth, parse_depth};
use meshplay::tui::start::{self, Flags, Opening};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The context that is the embedded cluster.
const SANDBOX: &str = "sandbox";

/// See, design and measure cloud native infrastructure from a terminal.
#[derive(Debug, Parser)]
#[command(name = "meshplay", version, about, args_conflicts_with_subcommands = false)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    screen: ScreenArgs,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// How the terminal door begins.
#[derive(Clone, Debug, Args)]
struct ScreenArgs {
    /// A line as typed after `:`, done at the start: `-c 'po shop /web'`.
    #[arg(short, long)]
    command: Option<String>,
    /// dark, light, high-contrast, high-contrast-light, ansi16 or mono.
    #[arg(long)]
    theme: Option<String>,
    /// Colours: none, 16, 256 or true.
    #[arg(long, value_parser = parse_depth)]
    color: Option<Depth>,
    /// Draw with ASCII only.
    #[arg(long)]
    ascii: bool,
    /// Write every message of the session to this file, for `meshplay replay`.
    #[arg(long)]
    record: Option<PathBuf>,
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
    /// Say what is wrong with kubeconfigs, contexts, settings and terminal, and what mends it.
    Doctor(DoctorArgs),
    /// Play a recorded session: on the screen, or its last screen as text into a pipe.
    Replay {
        /// What `--record` wrote.
        file: PathBuf,
        /// So many times as fast as it was.
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
    },
    /// Print what makes a shell complete meshplay's words: `source <(meshplay completions bash)`.
    Completions {
        /// Which shell.
        shell: ShellName,
    },
    /// The embedded cluster.
    #[command(subcommand)]
    Sandbox(cli::sandbox::SandboxVerb),
}

/// A shell that can complete.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShellName {
    Bash,
    Zsh,
    Fish,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(Verb::Completions { shell }) = cli.verb {
        return completions(shell);
    }
    // Without its colours a report is still one.
    _ = color_eyre::install();
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

/// Needs no settings, no cluster and no threads.
fn completions(shell: ShellName) -> ExitCode {
    let shell = match shell {
        ShellName::Bash => clap_complete::Shell::Bash,
        ShellName::Zsh => clap_complete::Shell::Zsh,
        ShellName::Fish => clap_complete::Shell::Fish,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "meshplay", &mut text);
    // The reader of a pipe may go away.
    _ = io::stdout().write_all(&text);
    ExitCode::SUCCESS
}

fn complain(why: &str) -> ExitCode {
    _ = writeln!(io::stderr(), "meshplay: {why}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> io::Result<u8> {
    let (config, problems) = Config::read();
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut io = Streams { out: &mut out, err: &mut err };
    // The doctor reports them among what else it finds, the screen as notices.
    if !matches!(cli.verb, Some(Verb::Doctor(_)) | None) {
        for problem in &problems {
            writeln!(io.err, "meshplay: {problem}")?;
        }
    }
    match cli.verb {
        Some(Verb::Doctor(args)) => doctor(args, cli.screen.color, &config, &cli.shared, problems, &mut io).await,
        Some(Verb::Get { place, what }) => {
            let scope = cli::get::Scope {
                contexts: cli.shared.context.clone(),
                namespace: place.namespace.or(cli.place.namespace),
                all_namespaces: place.all_namespaces || cli.place.all_namespaces,
            };
            match open(&config, &cli.shared).await {
                Ok((fleet, sandbox)) => {
                    if sandbox.is_some() && !cli.shared.sandbox {
                        // What is printed must never be taken for a cluster's.
                        writeln!(io.err, "SANDBOX: no kubeconfig was found; this is the embedded cluster")?;
                    }
                    for problem in fleet.refused() {
                        writeln!(io.err, "meshplay: {problem}")?;
                    }
                    cli::get::run(what, scope, &fleet, jiff::Timestamp::now().as_second(), asked_to_stop(), &mut io).await
                }
                Err(problem) => io.fail(&problem),
            }
        }
        Some(Verb::Perf(cli::perf::PerfVerb::ServeRun)) => {
            // A terminal that hangs up is none of its business.
            let _hung_up = signal(SignalKind::hangup());
            let stop = any_of([SignalKind::interrupt(), SignalKind::terminate()]);
            let mut around = around(&config, &cli.shared);
            // Whoever ordered it has found its clusters there; what needs none does not miss them.
            around.fleet = Fleet::open(fleet_options(&config, &cli.shared, None)).ok();
            cli::perf::apart::serve(&mut io::stdin(), &around, stop, &mut io).await
        }
        Some(Verb::Perf(verb)) => {
            let stop = asked_to_stop();
            let mut around = around(&config, &cli.shared);
            if verb.needs_clusters(&config.paths.data, &around.book) {
                match open(&config, &cli.shared).await {
                    Ok((fleet, _)) => around.fleet = Some(fleet),
                    Err(problem) => return io.fail(&problem),
                }
            }
            cli::perf::run(verb, &around, stop, &mut io).await
        }
        Some(Verb::Sandbox(cli::sandbox::SandboxVerb::Serve(args))) => cli::sandbox::serve(args, asked_to_stop(), &mut io).await,
        Some(Verb::Replay { file, speed }) => replay(&file, speed, &config, &cli.screen, &mut io).await,
        // Printed before anything was read.
        Some(Verb::Completions { .. }) => Ok(0),
        None => screen(cli, &config, problems, &mut io).await,
    }
}

/// Opens the terminal door.
async fn screen(cli: Cli, config: &Config, problems: Vec<Problem>, io: &mut Streams<'_>) -> io::Result<u8> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        writeln!(io.err, "meshplay: the screen needs a terminal\n  `meshplay get` and `meshplay perf run` are made for scripts and pipes")?;
        return Ok(2);
    }
    let (fleet, sandbox) = match open(config, &cli.shared).await {
        Ok(opened) => opened,
        Err(problem) => return io.fail(&problem),
    };
    let problems = problems.into_iter().chain(fleet.refused().iter().cloned()).collect();
    let opening = Opening {
        fleet,
        sandbox: sandbox.as_ref().map(|_| ClusterId::new(SANDBOX)),
        contexts: cli.shared.context,
        namespace: cli.place.namespace,
        all_namespaces: cli.place.all_namespaces,
        command: cli.screen.command.clone(),
        flags: flags(&cli.screen),
        record: cli.screen.record,
        problems,
    };
    match start::prepare(opening, config) {
        Ok(start) => meshplay::tui::run::run(start).await.map(|()| 0),
        Err(problem) => io.fail(&problem),
    }
}

/// What wins over all files.
fn flags(args: &ScreenArgs) -> Flags {
    Flags { theme: args.theme.clone(), color: args.color, ascii: args.ascii }
}

/// Plays a recording on the screen, or its end into a pipe.
async fn replay(file: &Path, speed: f64, config: &Config, args: &ScreenArgs, io: &mut Streams<'_>) -> io::Result<u8> {
    let unread = |error: io::Error| Problem::new("replay.unread", format!("{} cannot be read", file.display()), error.to_string());
    let text = std::fs::read_to_string(file).map_err(unread);
    match text.and_then(|text| start::replay(&text, config, flags(args))) {
        Ok(player) if io::stdin().is_terminal() && io::stdout().is_terminal() => player.show(config.terminal.escape_gap(), speed).await.map(|()| 0),
        Ok(player) => player.print(io.out).map(|()| 0),
        Err(problem) => io.fail(&problem),
    }
}

/// The rules for actions that need no cluster: a broken kubeconfig does not stand in the way of a load test.
fn gate(config: &Config, shared: &SharedArgs) -> Gate {
    let gate = Gate::new(shared.readonly || config.settings.readonly, config.settings.protected.clone(), Some(audit(config)));
    confine(&gate, config);
    gate.holding(config.remembered::<Standings>().held())
}

/// Keeps load tests to the places that the settings name, where they name any.
fn confine(gate: &Gate, config: &Config) {
    let perf = &config.settings.perf;
    if let Some(targets) = &perf.targets {
        gate.confine(Targets { globs: targets.get_ref().clone(), named_in: perf.targets_named_in.clone() });
    }
}

/// What the verbs of load tests work with; clusters are opened only for those that need them.
fn around(config: &Config, shared: &SharedArgs) -> Around {
    let paths = &config.paths;
    Around {
        gate: gate(config, shared),
        store: Store::open(&paths.data),
        launch: Launch { program: config.program.clone(), runtime: paths.runtime.clone() },
        book: Book::new(&paths.config, &paths.state, &paths.data),
        state: paths.state.clone(),
        fleet: None,
        context: shared.context.first().map(|name| ClusterId::new(name.as_str())),
    }
}

fn audit(config: &Config) -> PathBuf {
    config.paths.data.join("audit.ndjson")
}

/// The fleet a person means, and the sandbox if it is part of it. A broken kubeconfig is an error, never the sandbox.
async fn open(config: &Config, shared: &SharedArgs) -> Result<(Fleet, Option<Sandbox>), Problem> {
    let sandbox = sandbox(config, shared).await?;
    let fleet = Fleet::open(fleet_options(config, shared, sandbox.as_ref()))?;
    confine(fleet.gate(), config);
    Ok((fleet, sandbox))
}

/// The sandbox, if it is asked for or there is nothing else.
async fn sandbox(config: &Config, shared: &SharedArgs) -> Result<Option<Sandbox>, Problem> {
    let wanted = shared.sandbox || config.kubeconfigs.is_empty() && config.in_cluster.is_none();
    if wanted { Sandbox::start(Options::default()).await.map(Some) } else { Ok(None) }
}

fn fleet_options(config: &Config, shared: &SharedArgs, sandbox: Option<&Sandbox>) -> FleetOptions {
    let embedded =
        sandbox.cloned().map(|sandbox| Embedded { name: SANDBOX.into(), namespace: "shop".into(), dial: Arc::new(move || sandbox.dial()) });
    let pod = config.in_cluster.clone().filter(|_| embedded.is_none() && config.kubeconfigs.is_empty());
    FleetOptions {
        kubeconfigs: if embedded.is_some() { Vec::new() } else { config.kubeconfigs.clone() },
        embedded,
        in_cluster: pod.map(|(server, folder)| InCluster { server, folder }),
        declared: start::declared(&config.settings),
        proxies: Proxies { https: config.https_proxy.clone(), http: config.http_proxy.clone(), none: config.no_proxy.clone() },
        readonly: shared.readonly || config.settings.readonly,
        protected: config.settings.protected.clone(),
        held: config.remembered::<Standings>().held(),
        audit: Some(audit(config)),
    }
}

async fn doctor(
    args: DoctorArgs,
    color: Option<Depth>,
    config: &Config,
    shared: &SharedArgs,
    problems: Vec<Problem>,
    io: &mut Streams<'_>,
) -> io::Result<u8> {
    let sandbox = match sandbox(config, shared).await {
        Ok(sandbox) => sandbox,
        Err(problem) => return io.fail(&problem),
    };
    let options = fleet_options(config, shared, sandbox.as_ref());
    // Kubeconfigs that cannot be read are found out in their own section.
    let refused = Fleet::open(options.clone()).map(|fleet| fleet.refused().to_vec()).unwrap_or_default();
    let patient = Patient {
        config,
        complaints: complaints(config, problems.into_iter().chain(refused).collect()),
        color,
        contexts: &shared.context,
        fleet: options,
        size: rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| (size.ws_col, size.ws_row)),
    };
    cli::doctor::run(args, patient, io).await
}

/// What is wrong in the person's own files.
fn complaints(config: &Config, settings: Vec<Problem>) -> Vec<(Grade, Problem)> {
    let (broken, warnings) = start::complaints(config);
    let broken = settings.into_iter().chain(broken).map(|problem| (Grade::Broken, problem));
    broken.chain(warnings.into_iter().map(|problem| (Grade::Remark, problem))).collect()
}

/// Ctrl-C, a polite kill or a hang-up.
fn asked_to_stop() -> impl Future<Output = ()> {
    any_of([SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()])
}

/// Signals, watched for from the call on, not only once they are waited for.
fn any_of<const N: usize>(kinds: [SignalKind; N]) -> impl Future<Output = ()> {
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
