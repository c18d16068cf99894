//! `meshplay perf permute`: every endpoint under every load in every configuration of a target, and putting back what a killed one left.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::super::{Output, Streams};
use super::Around;
use super::how::HowArgs;
use crate::cluster::fleet::Fleet;
use crate::names::Problem;
use crate::perf::permute::conduct::{Ground, Measured, News, conduct, recover};
use crate::perf::permute::{Cell, Matrix, journal};
use crate::results::Run;
use crate::text::quantity::{latency, rate, share};
use crate::text::sanitise;

/// What to measure.
#[derive(Clone, Debug, Args)]
pub struct PermuteArgs {
    /// A YAML file: name, seed, repeats, target, endpoints, loads, configurations.
    #[arg(required_unless_present = "recover")]
    file: Option<PathBuf>,
    /// Only print the order and the changes; nothing is loaded or changed.
    #[arg(long)]
    dry_run: bool,
    /// Put back the targets that a killed one left changed.
    #[arg(long, conflicts_with_all = ["file", "dry_run"])]
    recover: bool,
    #[command(flatten)]
    how: HowArgs,
    /// How to write the result.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// Measures; answers 1 where it ended early.
///
/// # Errors
/// The streams are gone.
pub(super) async fn run(args: PermuteArgs, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let journals = around.state.join(journal::FOLDER);
    let Some(fleet) = &around.fleet else {
        return io.fail(&Problem::new("cluster.none", "there is no cluster", "").hint("start with --sandbox, or get a kubeconfig"));
    };
    let Some(file) = &args.file else { return put_back(&args, fleet, &journals, io).await };
    let matrix = match read(file) {
        Ok(matrix) => matrix,
        Err(problem) => return io.fail(&problem).map(|_| 2),
    };
    if args.dry_run {
        return planned(&matrix, args.output, io);
    }
    let ground = Ground {
        fleet,
        store: &around.store,
        journals: &journals,
        typed: args.how.confirm.clone(),
        via: args.how.via(),
        shape: &|plan| args.how.over(plan),
    };
    let measured = {
        let err = &mut *io.err;
        // Nobody reading what it says of itself must not cost the result.
        let mut tell = |news: News<'_>| _ = told(&matrix, news, &mut *err);
        conduct(&matrix, &ground, stop, &mut tell).await
    };
    let measured = match measured {
        Ok(measured) => measured,
        Err(problem) => return io.fail(&problem),
    };
    match args.output {
        Output::Text => write!(io.out, "{}", table(&matrix, &measured))?,
        _ => writeln!(io.out, "{:#}", value(&matrix, &measured))?,
    }
    match measured.problem {
        Some(problem) => io.fail(&problem),
        None => Ok(0),
    }
}

fn read(file: &Path) -> Result<Matrix, Problem> {
    let shown = || sanitise(&file.display().to_string()).into_owned();
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| Problem::new("perf.permutations", format!("{} cannot be read", shown()), error.to_string()))?;
    Matrix::read(&text).map_err(|problem| Problem { what: format!("{}: {}", shown(), problem.what), ..problem })
}

fn told(matrix: &Matrix, news: News<'_>, err: &mut dyn io::Write) -> io::Result<()> {
    match news {
        News::Changing(name) => writeln!(err, "configuration {}: waiting until it is ready", sanitise(name)),
        News::Measuring(cell, at, of) => writeln!(err, "{at} of {of}: {}", named(matrix, cell)),
        News::Led(told) => writeln!(err, "{told}"),
        News::Trouble(problem) => writeln!(err, "meshplay: {problem}"),
        News::Restored => writeln!(err, "the target is as it was"),
    }
}

fn named(matrix: &Matrix, cell: Cell) -> String {
    let labels = matrix.labels(cell);
    let label = |axis: &str| labels.get(axis).cloned().unwrap_or_default();
    format!("{}, {}, {}", label("configuration"), label("endpoint"), label("load"))
}

/// What would be done.
fn planned(matrix: &Matrix, output: Output, io: &mut Streams<'_>) -> io::Result<u8> {
    let cells = matrix.order();
    if output != Output::Text {
        let order: Vec<Value> = cells.iter().map(|cell| json!({"round": cell.round + 1, "permutation": matrix.labels(*cell)})).collect();
        return writeln!(io.out, "{:#}", json!({"name": matrix.name, "seed": matrix.seed, "runs": order})).map(|()| 0);
    }
    writeln!(io.out, "{}: {} runs, seed {}", sanitise(&matrix.name), cells.len(), matrix.seed)?;
    let mut now = None;
    for cell in cells {
        if now != Some((cell.round, cell.configuration)) {
            now = Some((cell.round, cell.configuration));
            let configuration = &matrix.configurations[cell.configuration];
            // Checked when the file was read.
            let change = configuration.change().ok().flatten().map_or_else(|| "as it is".to_owned(), |patch| patch.to_string());
            writeln!(io.out, "round {}  {}: {}", cell.round + 1, sanitise(&configuration.name), sanitise(&change))?;
        }
        writeln!(io.out, "  {}, {}", sanitise(&matrix.endpoints[cell.endpoint].name), sanitise(&matrix.loads[cell.load].name))?;
    }
    writeln!(io.out, "then the target is put back as it was")?;
    Ok(0)
}

/// Runs of each cell, all rounds together, in the order of the file.
fn cells<'r>(matrix: &Matrix, measured: &'r Measured) -> Vec<(Cell, Vec<&'r Run>)> {
    let mut all: Vec<(Cell, Vec<&Run>)> = Vec::new();
    for (cell, run) in &measured.runs {
        let same = |one: &Cell| Cell { round: 0, ..*one } == Cell { round: 0, ..*cell };
        match all.iter_mut().find(|(one, _)| same(one)) {
            Some((_, runs)) => runs.push(run),
            None => all.push((*cell, vec![run])),
        }
    }
    all.sort_by_key(|(cell, _)| (cell.endpoint, cell.load, cell.configuration));
    debug_assert!(all.len() <= matrix.endpoints.len() * matrix.loads.len() * matrix.configurations.len());
    all
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count.is_multiple_of(2) => Some((values[middle - 1] + values[middle]) / 2.0),
        _ => Some(values[middle]),
    }
}

fn table(matrix: &Matrix, measured: &Measured) -> String {
    let mut lines = vec![["ENDPOINT", "LOAD", "CONFIGURATION", "RUNS", "REQ/S", "P50", "P99", "P99 FROM-TO", "ERRORS"].map(str::to_owned)];
    for (cell, runs) in cells(matrix, measured) {
        let labels = matrix.labels(cell);
        let label = |axis: &str| labels.get(axis).cloned().unwrap_or_default();
        let values = |of: fn(&Run) -> Option<u64>| runs.iter().filter_map(|run| of(run)).map(|value| value as f64).collect::<Vec<_>>();
        let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| latency(value as u64));
        let p99 = values(|run| run.latencies.p99);
        let ends = p99
            .iter()
            .copied()
            .fold(None, |ends: Option<(f64, f64)>, value| Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value)))));
        let tried: u64 = runs.iter().map(|run| run.tried()).sum();
        lines.push([
            label("endpoint"),
            label("load"),
            label("configuration"),
            runs.len().to_string(),
            median(runs.iter().map(|run| run.requests_per_second).collect()).map_or_else(|| "–".to_owned(), rate),
            shown(median(values(|run| run.latencies.p50))),
            shown(median(p99)),
            ends.map_or_else(|| "–".to_owned(), |(low, high)| format!("{}-{}", latency(low as u64), latency(high as u64))),
            share(runs.iter().map(|run| run.failed()).sum(), tried),
        ]);
    }
    let widths: Vec<usize> = (0..9).map(|at| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).enumerate().map(
            |(at, (cell, width))| {
                if at < 3 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            },
        );
        _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("   ").trim_end());
    }
    text.push_str("medians over the runs of each row; `meshplay perf compare id,id,… id,id,…` says whether two of them differ\n");
    text
}

fn value(matrix: &Matrix, measured: &Measured) -> Value {
    let cells: Vec<Value> = cells(matrix, measured)
        .into_iter()
        .map(|(cell, runs)| json!({"permutation": matrix.labels(cell), "runs": runs.iter().map(|run| &run.id).collect::<Vec<_>>()}))
        .collect();
    json!({"name": matrix.name, "seed": matrix.seed, "repeats": matrix.repeats, "cells": cells, "stopped": measured.stopped})
}

async fn put_back(args: &PermuteArgs, fleet: &Fleet, journals: &Path, io: &mut Streams<'_>) -> io::Result<u8> {
    let mut code = 0;
    let all = journal::left(journals);
    if all.is_empty() {
        writeln!(io.err, "nothing was left changed")?;
    }
    for left in &all {
        match recover(left, fleet, args.how.confirm.as_deref()).await {
            Ok(()) => writeln!(io.out, "{} is as it was before {}", left.entry.key, sanitise(&left.entry.matrix))?,
            Err(problem) => code = io.fail(&problem)?,
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_the_two_in_it() {
        assert_eq!((median(vec![3.0, 1.0, 2.0]), median(vec![4.0, 1.0, 2.0, 3.0]), median(vec![])), (Some(2.0), Some(2.5), None));
    }
}
