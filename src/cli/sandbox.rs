//! `meshplay sandbox serve`: the embedded API server for everyone else on this machine.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use tokio::net::TcpListener;

use super::Streams;
use crate::names::Problem;
use crate::sandbox::{Options, Sandbox};

/// What to do with the sandbox.
#[derive(Debug, Subcommand)]
pub enum SandboxVerb {
    /// Serve it over HTTP until this command is stopped.
    Serve(ServeArgs),
}

/// How to serve it.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Write a kubeconfig for it here.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Pods besides the shop's.
    #[arg(long, default_value_t = 0)]
    pods: usize,
    /// Status changes a second among those pods.
    #[arg(long, default_value_t = 0)]
    churn: u32,
    /// Nothing changes by itself.
    #[arg(long)]
    still: bool,
    /// Another shop.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// Serves until `stop` comes.
///
/// # Errors
/// The streams are gone.
pub async fn serve(args: ServeArgs, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    if !args.listen.ip().is_loopback() {
        let problem = Problem {
            code: "sandbox.listen",
            what: format!("the sandbox does not listen on {}", args.listen),
            why: "it lets everybody do everything".into(),
            hints: vec!["listen on 127.0.0.1 and tunnel to it".into()],
        };
        io.fail(&problem)?;
        return Ok(2);
    }
    let cannot = |what: String, error: &io::Error| Problem { code: "sandbox.serve", what, why: error.to_string(), hints: vec![] };
    let sandbox = match Sandbox::start(Options { pods: args.pods, churn: args.churn, still: args.still, seed: args.seed }).await {
        Ok(sandbox) => sandbox,
        Err(problem) => return io.fail(&problem),
    };
    let listener = match TcpListener::bind(args.listen).await {
        Ok(listener) => listener,
        Err(error) => return io.fail(&cannot(format!("the sandbox cannot listen on {}", args.listen), &error)),
    };
    let address = listener.local_addr()?;
    if let Some(path) = &args.kubeconfig
        && let Err(error) = tokio::fs::write(path, sandbox.kubeconfig(address)).await
    {
        return io.fail(&cannot(format!("{} cannot be written", path.display()), &error));
    }
    writeln!(io.out, "sandbox at http://{address}")?;
    if let Some(path) = &args.kubeconfig {
        writeln!(io.out, "kubectl --kubeconfig {} get pods", path.display())?;
    }
    io.out.flush()?;
    tokio::select! {
        ended = sandbox.serve(listener) => ended.map(|()| 0),
        () = stop => Ok(0),
    }
}
