//! `meshplay perf history` and `baseline`: how a profile did over time, where it changed and what with it, and what later runs are held against.

use std::io;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Streams;
use super::compare::{metric, show};
use super::form::{self, Form};
use crate::names::Problem;
use crate::perf::past::series;
use crate::perf::profile::kept::Profiles;
use crate::results::baseline::{Baseline, Baselines, Kind};
use crate::results::compare::Metric;
use crate::results::history::{History, Turn};
use crate::results::past::Line;
use crate::results::series::Series;
use crate::results::{Run, Store};
use crate::text::quantity::change;

/// Whose history.
#[derive(Clone, Debug, Args)]
pub struct HistoryArgs {
    /// A profile by name, or its file; or what runs without one loaded, an address or `shop/web`.
    profile: String,
    /// The metric: p99, p90, p50, req/s, CPU/1k; if not given, the highest percentile that every run knows.
    #[arg(long, value_parser = metric)]
    metric: Option<Metric>,
    /// Runs behind one point; if not given, as often as the profile is repeated, five at least.
    #[arg(long)]
    every: Option<usize>,
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// What to do about baselines.
#[derive(Clone, Debug, Subcommand)]
pub enum BaselineVerb {
    /// Say what later runs of a profile are held against.
    Set(SetArgs),
    /// Show the baselines there are.
    Show {
        /// Only those of this profile.
        profile: Option<String>,
        /// How to write them.
        #[arg(short, long, value_enum, default_value_t = Form::Text)]
        output: Form,
    },
    /// Take the baselines of a profile away.
    Clear {
        /// The profile.
        profile: String,
    },
}

/// A baseline.
#[derive(Clone, Debug, Args)]
pub struct SetArgs {
    /// A profile by name, or its file; or what runs without one loaded, an address or `shop/web`.
    profile: String,
    /// Those runs, `id,id,…`; `last:5` are the five newest of each series.
    #[arg(long, conflicts_with_all = ["release", "regime"])]
    runs: Option<String>,
    /// The newest runs whose label has another value: `--release` or `--release image.web`.
    #[arg(long, value_name = "LABEL", num_args = 0..=1, default_missing_value = "release", conflicts_with = "regime")]
    release: Option<String>,
    /// Every run since the last change of the series; this is what is taken if nothing else is said.
    #[arg(long)]
    regime: bool,
}

/// Prints a history.
pub(super) fn history(args: &HistoryArgs, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    let (all, every) = match series(store, &args.profile) {
        Ok(found) => found,
        Err(problem) => return io.fail(&problem),
    };
    let every = args.every.unwrap_or(every);
    let one = |series: Series| {
        let metric = args.metric.unwrap_or_else(|| {
            let runs: Vec<Run> = series.runs.iter().map(|(run, _)| run.clone()).collect();
            Metric::P99.known([&runs, &[]], usize::MAX)
        });
        let history = History::of(&series.runs, metric, every, 1);
        (series, history)
    };
    let histories: Vec<(Series, History)> = all.into_iter().map(one).collect();
    match args.output {
        Form::Json | Form::Yaml => form::value(args.output, &json!({ "series": histories.iter().map(value).collect::<Vec<_>>() }), io.out)?,
        Form::Csv | Form::Markdown => {
            let head = ["series", "point", "runs", "first", "median", "change"];
            let rows: Vec<Vec<String>> = histories.iter().flat_map(rows).collect();
            form::rows(args.output, &head, &rows, io.out)?;
        }
        Form::Junit => return super::usage(&Problem::new("perf.form", "a history is no test", "").hint("`meshplay perf gate` writes JUnit"), io),
        Form::Text => histories.iter().try_for_each(|one| text(one, store, io))?,
    }
    Ok(0)
}

fn title(series: &Series) -> String {
    let of = &series.of;
    let cell = of.cell();
    let environment = of.environment.as_ref().map_or_else(String::new, |id| format!("  environment {id}"));
    format!("{}{}{cell}{environment}", series.name, if cell.is_empty() { "" } else { "  " })
}

fn text((series, history): &(Series, History), store: &Store, io: &mut Streams<'_>) -> io::Result<()> {
    let metric = history.metric;
    writeln!(io.out, "{}   {}, medians of {} runs", title(series), metric.name(), history.every)?;
    let most = history.points.iter().map(|point| point.median).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    for (at, point) in history.points.iter().enumerate() {
        let turn = history.turns.iter().find(|turn| turn.at == at);
        let started = series
            .runs
            .iter()
            .find(|(run, _)| Some(&run.id) == point.runs.first())
            .map(|(run, _)| run.started.strftime("%Y-%m-%d %H:%M").to_string());
        let bar = "#".repeat((point.median / most * 24.0).round().clamp(0.0, 24.0) as usize);
        let mark = turn.map_or_else(String::new, |turn| {
            format!("  {} {}", if turn.change.share() > 0.0 { "▲" } else { "▼" }, change(1.0 + turn.change.share()))
        });
        let short = if point.whole { String::new() } else { format!("  ({} of {})", point.runs.len(), history.every) };
        let line = format!("  {}  {:>10}  {bar:<24}{mark}{short}", started.unwrap_or_default(), show(metric, point.median));
        writeln!(io.out, "{}", line.trim_end())?;
    }
    if let Ok(Some(baseline)) = Baselines::open(store.data()).of(&series.key) {
        let line = Line::of(&baseline.kind, &series.runs, history);
        let value = line.value.map_or_else(|| line.problem.map_or_else(String::new, |problem| problem.why), |value| show(metric, value));
        writeln!(io.out, "baseline: {}, {} {value}", line.name, metric.name())?;
    }
    for turn in &history.turns {
        writeln!(io.out, "{}", told(turn, metric))?;
    }
    if history.points.is_empty() {
        return writeln!(io.out, "no run measured enough of {}: a percentile needs ten answers beyond it", metric.name());
    }
    if history.turns.is_empty() {
        writeln!(io.out, "{}", history.unfound())?;
    }
    Ok(())
}

/// One change in words: how large, since which run, and what else is another since then.
fn told(turn: &Turn, metric: Metric) -> String {
    let word = if turn.worse { "worse" } else { "better" };
    let mut text = format!(
        "{word}: {} {} → {}, {}; the first such run is {}",
        metric.name(),
        show(metric, turn.change.before),
        show(metric, turn.change.after),
        turn.size(),
        turn.first
    );
    turn.differences.iter().for_each(|one| text.push_str(&format!("\n    {}", one.told())));
    if turn.differences.is_empty() {
        text.push_str("\n    nothing that was written down changed there");
    }
    text
}

fn rows((series, history): &(Series, History)) -> Vec<Vec<String>> {
    let row = |(at, point): (usize, &crate::results::history::Point)| {
        let turn = history.turns.iter().find(|turn| turn.at == at);
        let change = turn.map_or_else(String::new, |turn| change(1.0 + turn.change.share()));
        vec![title(series), at.to_string(), point.runs.len().to_string(), point.runs[0].clone(), point.median.to_string(), change]
    };
    history.points.iter().enumerate().map(row).collect()
}

fn value((series, history): &(Series, History)) -> Value {
    let turn = |turn: &Turn| {
        json!({
            "point": turn.at, "first_run": turn.first, "worse": turn.worse, "before": turn.change.before, "after": turn.change.after, "share": turn.change.share(),
            "interval": turn.interval.map(|interval| [interval.low, interval.high]), "p": turn.change.p, "changed": turn.differences,
        })
    };
    json!({
        "of": series.of, "metric": history.metric, "every": history.every,
        "points": history.points.iter().map(|point| json!({"runs": point.runs, "values": point.values, "median": point.median, "whole": point.whole})).collect::<Vec<_>>(),
        "changes": history.turns.iter().map(turn).collect::<Vec<_>>(),
    })
}

/// Sets, shows and clears baselines.
pub(super) fn baseline(verb: &BaselineVerb, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    let done = match verb {
        BaselineVerb::Set(args) => set(args, store, io),
        BaselineVerb::Clear { profile } => clear(profile, store, io),
        BaselineVerb::Show { profile, output } => show_all(profile.as_deref(), *output, store, io),
    };
    match done? {
        Ok(()) => Ok(0),
        Err(problem) => io.fail(&problem),
    }
}

fn set(args: &SetArgs, store: &Store, io: &mut Streams<'_>) -> io::Result<Result<(), Problem>> {
    let all = match series(store, &args.profile) {
        Ok((all, _)) => all,
        Err(problem) => return Ok(Err(problem)),
    };
    for series in &all {
        let set = kind(args, series, store).and_then(|kind| {
            let baseline = Baseline::new(&series.name, &series.of, kind.clone(), Timestamp::now());
            Baselines::open(store.data()).set(&series.key, Some(baseline)).map(|_| kind)
        });
        match set {
            Ok(kind) => writeln!(io.out, "{}: {}", title(series), kind.name())?,
            Err(problem) => return Ok(Err(problem)),
        }
    }
    Ok(Ok(()))
}

fn kind(args: &SetArgs, series: &Series, store: &Store) -> Result<Kind, Problem> {
    if let Some(label) = &args.release {
        return Ok(Kind::Release { label: label.clone() });
    }
    let Some(runs) = &args.runs else { return Ok(Kind::Regime) };
    let ids = match runs.strip_prefix("last:").map(str::parse::<usize>) {
        Some(Ok(count)) => series.runs.iter().rev().take(count).map(|(run, _)| run.id.clone()).collect(),
        _ => runs.split(',').map(|id| store.find(id)).collect::<Result<Vec<_>, _>>()?,
    };
    Ok(Kind::Pinned { runs: ids })
}

fn clear(profile: &str, store: &Store, io: &mut Streams<'_>) -> io::Result<Result<(), Problem>> {
    let all = match series(store, profile) {
        Ok((all, _)) => all,
        Err(problem) => return Ok(Err(problem)),
    };
    for series in &all {
        match Baselines::open(store.data()).set(&series.key, None) {
            Ok(had) => writeln!(io.out, "{}: {}", title(series), if had { "cleared" } else { "had none" })?,
            Err(problem) => return Ok(Err(problem)),
        }
    }
    Ok(Ok(()))
}

fn show_all(profile: Option<&str>, output: Form, store: &Store, io: &mut Streams<'_>) -> io::Result<Result<(), Problem>> {
    let mut all = match Baselines::open(store.data()).all() {
        Ok(all) => all,
        Err(problem) => return Ok(Err(problem)),
    };
    let named = profile.map(|profile| Profiles::open(store.data()).read(profile).map_or_else(|_| profile.to_owned(), |kept| kept.name));
    let same = |name: &String, called: &String| called == name || called.strip_prefix("service ") == Some(name);
    all.retain(|_, baseline| named.as_ref().is_none_or(|named| same(named, &baseline.profile)));
    let row = |baseline: &crate::results::baseline::Baseline| {
        vec![
            baseline.profile.clone(),
            baseline.cell.clone(),
            baseline.environment.clone().unwrap_or_default(),
            baseline.kind.name(),
            baseline.set.to_string(),
        ]
    };
    match output {
        Form::Json | Form::Yaml => form::value(output, &json!({ "baselines": all.values().collect::<Vec<_>>() }), io.out)?,
        Form::Csv | Form::Markdown => {
            form::rows(output, &["profile", "permutation", "environment", "baseline", "set"], &all.values().map(row).collect::<Vec<_>>(), io.out)?
        }
        Form::Junit => return Ok(Err(Problem::new("perf.form", "baselines are no test", ""))),
        Form::Text if all.is_empty() => writeln!(io.out, "no baseline is set: `meshplay perf baseline set PROFILE` sets one")?,
        Form::Text => all.values().try_for_each(|baseline| {
            writeln!(io.out, "{}", row(baseline).into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("   "))
        })?,
    }
    Ok(Ok(()))
}
