//! `meshplay perf gate`: whether the newest runs of a profile may pass against its baseline, or B against A. Exit code 0 passed, 1 a regression, 2 not to be told.

use std::io;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::super::Streams;
use super::Around;
use super::compare::{self, CompareArgs, metric};
use super::form::{self, Form};
use super::how::HowArgs;
use crate::load::plan::Pace;
use crate::names::Problem;
use crate::perf::service;
use crate::perf::verdict::{self, Asked};
use crate::results::Store;
use crate::results::baseline::Kind;
use crate::results::compare::{Compared, Metric};
use crate::results::gate::{Check, Outcome, checks};
use crate::text::age;

/// What to judge.
#[derive(Clone, Debug, Args)]
pub struct GateArgs {
    /// A profile by name or its file, or what runs without one loaded, an address or `shop/web`; or, with a second one, A: an address or runs that are kept, `id,id,…`.
    what: String,
    /// B: the same.
    b: Option<String>,
    /// What a profile is held against instead of its baseline: `regime`, `release`, `release:LABEL`, or runs, `id,id,…`.
    #[arg(long, value_name = "BASELINE")]
    baseline: Option<String>,
    /// The newest runs that are judged; if not given, as often as the profile is repeated, five at least.
    #[arg(long, value_name = "N", value_parser = compare::pairs)]
    runs: Option<usize>,
    /// The metrics that decide; several are corrected after Holm and take eight pairs. If not given, those of the profile, else p99; of A and B the highest
    /// percentile that every run knows.
    #[arg(long, value_delimiter = ',', value_parser = metric)]
    metrics: Vec<Metric>,
    /// The smallest change that matters, in per cent; if not given, that of the profile, else 3.
    #[arg(long, value_parser = compare::band, allow_hyphen_values = true)]
    band: Option<f64>,
    /// So many pairs of A and B.
    #[arg(long, default_value_t = 6, value_parser = compare::pairs)]
    pairs: usize,
    /// How long each run of A and B lasts.
    #[arg(short, long, default_value = "10s", value_parser = age::parse)]
    duration: Duration,
    /// Connections kept open to A and B.
    #[arg(short, long, default_value_t = 4)]
    connections: usize,
    /// Requests a second to A and B, or `max`.
    #[arg(short, long, value_parser = super::pace, allow_hyphen_values = true)]
    rate: Option<Pace>,
    #[command(flatten)]
    how: HowArgs,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

impl GateArgs {
    /// One of its sides is a Service.
    pub(super) fn names_services(&self) -> bool {
        self.b.as_ref().is_some_and(|b| service::is(b) || service::is(&self.what))
    }
}

/// Judges.
pub(super) async fn run(args: GateArgs, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let judged = match &args.b {
        None => of_profile(&args, &around.store),
        Some(b) => of_two(&args, b, around, stop, io).await?,
    };
    match judged {
        Ok(checks) => report(&args, &checks, io),
        // Nothing was told, which is no regression; who reads a file of results finds that in it.
        Err(problem) => {
            if args.output != Form::Text {
                let said = [&problem.what, &problem.why].into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(": ");
                report(&args, &[Check { name: "compared".into(), outcome: Outcome::Inconclusive, said }], io)?;
            }
            io.fail(&problem).map(|_| Outcome::Inconclusive.code())
        }
    }
}

fn of_profile(args: &GateArgs, store: &Store) -> Result<Vec<Check>, Problem> {
    let baseline = args.baseline.as_ref().map(|text| kind(text, store)).transpose()?;
    let band = args.band.map(|band| band / 100.0);
    verdict::of_profile(store, &args.what, &Asked { baseline, runs: args.runs, metrics: args.metrics.clone(), band, seed: args.seed })
}

fn kind(text: &str, store: &Store) -> Result<Kind, Problem> {
    Ok(match text {
        "regime" => Kind::Regime,
        "release" => Kind::Release { label: "release".into() },
        _ => match text.strip_prefix("release:") {
            Some(label) => Kind::Release { label: label.into() },
            None => Kind::Pinned { runs: text.split(',').map(|id| store.find(id)).collect::<Result<_, _>>()? },
        },
    })
}

async fn of_two(
    args: &GateArgs,
    b: &str,
    around: &Around,
    stop: impl Future<Output = ()>,
    io: &mut Streams<'_>,
) -> io::Result<Result<Vec<Check>, Problem>> {
    let compare = CompareArgs {
        a: args.what.clone(),
        b: b.to_owned(),
        pairs: args.pairs,
        duration: args.duration,
        connections: args.connections,
        rate: args.rate.clone(),
        how: args.how.clone(),
        gate: args.metrics.first().copied(),
        band: args.band.unwrap_or(3.0),
        seed: args.seed,
        output: Form::Text,
    };
    let [a, b] = match compare::sides(&compare, around, stop, io).await? {
        Ok(sides) => sides,
        Err((problem, _)) => return Ok(Err(problem)),
    };
    let gate = compare::decides(compare.gate, [&a, &b], io)?;
    let metrics = if args.metrics.is_empty() { vec![gate] } else { args.metrics.clone() };
    Ok(Ok(checks(&Compared::of(&a, &b, gate, compare.band / 100.0, args.seed), &metrics, &[])))
}

fn report(args: &GateArgs, checks: &[Check], io: &mut Streams<'_>) -> io::Result<u8> {
    let outcome = Outcome::of(checks);
    let row = |check: &Check| vec![check.outcome.name().to_owned(), check.name.clone(), check.said.clone()];
    let rows: Vec<Vec<String>> = checks.iter().map(row).collect();
    match args.output {
        Form::Json | Form::Yaml => {
            let check = |check: &Check| json!({"name": check.name, "outcome": check.outcome.name(), "said": check.said});
            form::value(args.output, &json!({"outcome": outcome.name(), "checks": checks.iter().map(check).collect::<Vec<_>>()}), io.out)?;
        }
        Form::Csv => form::rows(Form::Csv, &["outcome", "check", "said"], &rows, io.out)?,
        Form::Markdown => {
            writeln!(io.out, "**{}**: {}\n", outcome.name(), args.what)?;
            form::rows(Form::Markdown, &["outcome", "check", "said"], &rows, io.out)?;
        }
        Form::Junit => form::junit(&args.what, checks, io.out)?,
        Form::Text => {
            writeln!(io.out, "{}  {}", outcome.name().to_uppercase(), args.what)?;
            let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
            for check in checks {
                writeln!(io.out, "  {:<12}  {:<width$}  {}", check.outcome.name(), check.name, check.said)?;
            }
        }
    }
    Ok(outcome.code())
}
