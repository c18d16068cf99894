//! `meshplay perf compare`: A and B measured in turn, or runs that are kept, and what may be said about B.

use std::io;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::super::Streams;
use super::form::{self, Form};
use super::how::HowArgs;
use super::{Around, gentle, print_problems, report, to_its_end};
use crate::load::audit::Stamp;
use crate::load::plan::{Pace, Plan};
use crate::names::Problem;
use crate::perf::Order;
use crate::results::compare::{Compared, Metric, twice, unlike};
use crate::results::difference::Difference;
use crate::results::gate::checks;
use crate::results::series::changed;
use crate::results::{Run, State, Store};
use crate::stats::paired::Shift;
use crate::stats::random::Random;
use crate::stats::verdict::{Comparison, FEWEST_PAIRS, Word};
use crate::text::age;
use crate::text::quantity::{chance, change_within, counted, latency, rate, share};

/// What to compare, and how.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// A: an address, service://shop/web/ among them, or runs that are kept, `id,id,…`.
    pub(super) a: String,
    /// B: the same.
    pub(super) b: String,
    /// So many pairs, measured in turn; fewer than six are never a verdict.
    #[arg(long, default_value_t = 6, value_parser = pairs)]
    pub(super) pairs: usize,
    /// How long each run lasts.
    #[arg(short, long, default_value = "10s", value_parser = age::parse)]
    pub(super) duration: Duration,
    /// Connections kept open.
    #[arg(short, long, default_value_t = 4)]
    pub(super) connections: usize,
    /// Requests a second over all connections, or `max`.
    #[arg(short, long, value_parser = super::pace, allow_hyphen_values = true)]
    pub(super) rate: Option<Pace>,
    #[command(flatten)]
    pub(super) how: HowArgs,
    /// The metric that decides: p99, p90, p50, req/s, CPU/1k; if not given, the highest of these percentiles that every run knows.
    #[arg(long, value_parser = metric)]
    pub(super) gate: Option<Metric>,
    /// The smallest change that matters, in per cent.
    #[arg(long, default_value_t = 3.0, value_parser = band, allow_hyphen_values = true)]
    pub(super) band: f64,
    /// Where chance begins: the same number gives the same order and the same intervals.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// How to write the result.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
}

/// A number of pairs; more of them than that are a mistake, and take days.
pub(super) fn pairs(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|pairs| (1..=1_000).contains(pairs)).ok_or_else(|| "write a number from 1 to 1,000".to_owned())
}

/// The smallest change that matters.
pub(super) fn band(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse().ok();
    number.filter(|band| (0.0..100.0).contains(band)).ok_or_else(|| "write per cent from 0 to below 100, as in 3".to_owned())
}

pub(super) fn metric(text: &str) -> Result<Metric, String> {
    let all = Metric::ALL.map(Metric::name);
    Metric::ALL.into_iter().find(|metric| metric.name() == text).ok_or_else(|| format!("there are {}", all.join(", ")))
}

/// Compares; answers 1 where too little was measured.
pub(super) async fn run(args: CompareArgs, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let [a, b] = match sides(&args, around, stop, io).await? {
        Ok(sides) => sides,
        Err((problem, code)) => return io.fail(&problem).map(|_| code),
    };
    let gate = decides(args.gate, [&a, &b], io)?;
    let compared = Compared::of(&a, &b, gate, args.band / 100.0, args.seed).deepened(&around.store.spectra(&a), &around.store.spectra(&b), args.seed);
    doubts(&a, &b).iter().try_for_each(|doubt| writeln!(io.err, "{doubt}"))?;
    match args.output {
        Form::Text => write!(io.out, "{}", text(&args, &compared, &changed(&around.store, &a, &b)))?,
        Form::Json | Form::Yaml => form::value(args.output, &value(&compared, &changed(&around.store, &a, &b), &a, &b), io.out)?,
        Form::Csv | Form::Markdown => form::rows(args.output, &ROW, &rows(&compared), io.out)?,
        Form::Junit => form::junit("compare", &checks(&compared, &[gate], &[]), io.out)?,
    }
    match compared.word() {
        Some(_) => Ok(0),
        None => io.fail(&too_little(a.len().min(b.len()), gate)),
    }
}

/// The metric that was asked for; else one that every run knows, and which, where that is not p99.
pub(super) fn decides(asked: Option<Metric>, sides: [&[Run]; 2], io: &mut Streams<'_>) -> io::Result<Metric> {
    let gate = asked.unwrap_or_else(|| Metric::P99.known(sides, usize::MAX));
    if asked.is_none() && gate != Metric::P99 {
        writeln!(io.err, "p99 is not known of every run, so {} decides: a percentile takes ten answers beyond it", gate.name())?;
    }
    Ok(gate)
}

/// The runs of both sides, kept ones or measured now; or what stood in the way, with the exit code of that.
pub(super) async fn sides(
    args: &CompareArgs,
    around: &Around,
    stop: impl Future<Output = ()>,
    io: &mut Streams<'_>,
) -> io::Result<Result<[Vec<Run>; 2], (Problem, u8)>> {
    match kept(args, &around.store) {
        Some(kept) => Ok(kept.map_err(|problem| (problem, 1))),
        None => Ok(in_turn(args, around, stop, io).await?.map_err(|problem| (problem, 2))),
    }
}

/// What has to be known of runs that say less than it looks. They are compared all the same: a target that cannot keep up with a plan makes them INVALID.
fn doubts(a: &[Run], b: &[Run]) -> Vec<String> {
    let count = |of: fn(&Run) -> bool| {
        let [in_a, in_b] = [a, b].map(|runs| runs.iter().filter(|run| of(run)).count());
        (in_a + in_b > 0).then(|| format!("{in_a} of {} runs of A and {in_b} of {} of B", a.len(), b.len()))
    };
    let mut doubts = Vec::new();
    let why = a.iter().chain(b).flat_map(|run| &run.reasons).find(|reason| reason.stamp == Stamp::Invalid);
    if let Some((which, why)) = count(|run| run.stamp == Some(Stamp::Invalid)).zip(why) {
        doubts.push(format!("INVALID are {which}, the first because {}", why.text()));
    }
    doubts.extend(count(|run| run.state != State::Done).map(|which| format!("not ended as planned: {which}")));
    if a.len() != b.len() {
        let (longer, left) = if a.len() > b.len() { ("A", &a[b.len()..]) } else { ("B", &b[a.len()..]) };
        doubts.push(format!("the last {} of {longer} have no partner and count for errors only", counted(left.len(), "run")));
    }
    let differ = unlike(&a.iter().chain(b).collect::<Vec<_>>());
    if !differ.is_empty() {
        doubts.push(format!("like is not held against like, the runs differ in: {}", differ.join(", ")));
    }
    doubts
}

fn too_little(pairs: usize, gate: Metric) -> Problem {
    Problem::new(
        "perf.compare",
        "there is too little to compare",
        format!("{} has to be known of both runs of two pairs at least; there are {pairs}", gate.name()),
    )
    .hint("a percentile needs ten answers beyond it: let each run last longer, or gate another metric")
}

/// The runs that are named, where both sides name runs; each may be named once.
fn kept(args: &CompareArgs, store: &Store) -> Option<Result<[Vec<Run>; 2], Problem>> {
    let address = |side: &str| side.contains(['/', ':']) || side.contains('.') || side == "localhost";
    if address(&args.a) || address(&args.b) {
        return None;
    }
    let read = |side: &str| side.split(',').map(|id| store.find(id).and_then(|id| store.read(&id))).collect::<Result<Vec<_>, _>>();
    let both = read(&args.a).and_then(|a| read(&args.b).map(|b| [a, b]));
    Some(both.and_then(|[a, b]| twice(&a, &b).map_or(Ok([a, b]), Err)))
}

/// Measures both in turn, ABBA, which side first is chance: what drifts meanwhile touches both alike.
async fn in_turn(
    args: &CompareArgs,
    around: &Around,
    stop: impl Future<Output = ()>,
    io: &mut Streams<'_>,
) -> io::Result<Result<[Vec<Run>; 2], Problem>> {
    let orders = match (order(args, &args.a, around, io).await, order(args, &args.b, around, io).await) {
        (Ok(a), Ok(b)) => [a, b],
        (Err(problem), _) | (_, Err(problem)) => return Ok(Err(problem)),
    };
    let mut sides = [Vec::new(), Vec::new()];
    let mut stop = std::pin::pin!(stop);
    let turns = turns(args.pairs, args.seed);
    for (at, side) in turns.iter().enumerate() {
        let handle = match around.start(orders[*side].clone()).await {
            Ok(handle) => handle,
            Err(problem) => return Ok(Err(problem)),
        };
        _ = writeln!(io.err, "{} of {}: {}, {}", at + 1, turns.len(), ["A", "B"][*side], report::announced(&orders[*side].plan));
        let finished = match to_its_end(handle, stop.as_mut(), &mut io::sink()).await {
            Ok(finished) => finished,
            Err(problem) => return Ok(Err(problem)),
        };
        print_problems(&finished.problems, io);
        let stopped = finished.run.state == crate::results::State::Stopped;
        if stopped {
            break;
        }
        sides[*side].push(finished.run);
    }
    let pairs = sides[0].len().min(sides[1].len());
    sides.iter_mut().for_each(|side| side.truncate(pairs));
    Ok(Ok(sides))
}

/// Sides in the order in which they are measured.
fn turns(pairs: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed);
    let first = random.below(2);
    (0..pairs).flat_map(|pair| if pair % 2 == 0 { [first, 1 - first] } else { [1 - first, first] }).collect()
}

async fn order(args: &CompareArgs, url: &str, around: &Around, io: &mut Streams<'_>) -> Result<Order, Problem> {
    let (gentle, services) = gentle(url)?;
    let plan = Plan { connections: args.connections, duration: args.duration, pace: args.rate.clone().unwrap_or(gentle.pace), ..gentle };
    around.found(args.how.order(plan, services)?, io).await
}

fn text(args: &CompareArgs, compared: &Compared, changed: &[Difference]) -> String {
    let pairs = compared.gated().map_or(0, |found| found.pairs);
    let band = compared.band * 100.0;
    let noise = if band > args.band { format!(", for so much do runs of A differ ({:.1} % was asked for)", args.band) } else { String::new() };
    let mut text =
        format!("A {}\nB {}\n{}   gate: {}   changes count from ±{band:.1} %{noise}\n", args.a, args.b, counted(pairs, "pair"), compared.gate.name());
    text.push_str(&format!("{}\n\n", headline(compared)));
    text.push_str(&format!("{:<8} {:>10} {:>10}   {:<26} {}\n", "metric", "A", "B", "B/A [95 %]", "verdict"));
    let [a, b] = compared.errors.map(|(failed, tried)| share(failed, tried));
    let more = compared.more_errors.map_or_else(String::new, |more| format!("{:+.2} to {:+.2} points", more.low * 100.0, more.high * 100.0));
    let said = match () {
        () if compared.more_errors.is_none() => "not known",
        () if compared.fails_more() => "worse",
        () if compared.fails_less() => "better",
        () => "no change",
    };
    text.push_str(&format!("{:<8} {a:>10} {b:>10}   {more:<26} {said}\n", "errors"));
    for (metric, found) in &compared.metrics {
        let ratio = format!("{:.3} [{:.3}, {:.3}]", found.ratio, found.interval.low, found.interval.high);
        let said = if *metric == compared.gate { word(found.word) } else { format!("{} (not gated)", word(found.word)) };
        text.push_str(&format!("{:<8} {:>10} {:>10}   {ratio:<26} {said}\n", metric.name(), show(*metric, found.a), show(*metric, found.b)));
    }
    let at = |shift: &Shift| format!("{} {:.2} [{:.2}, {:.2}]", shift.name(), shift.ratio, shift.interval.low, shift.interval.high);
    let shifts: Vec<String> = compared.shift.iter().map(at).collect();
    for (nth, three) in shifts.chunks(3).enumerate() {
        text.push_str(&format!("{:<8} {}\n", if nth == 0 { "shift" } else { "" }, three.join("   ")));
    }
    for (nth, one) in changed.iter().enumerate() {
        text.push_str(&format!("{:<8} {}\n", if nth == 0 { "changed" } else { "" }, one.told()));
    }
    text
}

fn headline(compared: &Compared) -> String {
    if compared.fails_more() {
        return "WORSE  it fails more often; latencies are not weighed against that".into();
    }
    let Some(Comparison { ratio, interval, p, word: said, .. }) = compared.gated() else { return "too little was measured".into() };
    let said = word(*said);
    let (first, rest) = said.split_once(':').map_or((said.as_str(), ""), |(first, rest)| (first, rest.trim()));
    let rest = if rest.is_empty() { String::new() } else { format!("   {rest}") };
    format!(
        "{}  {} {}   p {} (one gated metric, so no correction){rest}",
        first.to_uppercase(),
        compared.gate.name(),
        change_within(*ratio, interval.low, interval.high),
        chance(*p)
    )
}

fn word(word: Word) -> String {
    match word {
        Word::Better => "better".into(),
        Word::Worse => "worse".into(),
        Word::Equivalent => "equivalent".into(),
        Word::Inconclusive(_) => format!("inconclusive: about {} needed", word.wanted().unwrap_or_default()),
    }
}

pub(super) fn show(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Rate => rate(value),
        // Nanoseconds fit; a negative one does not come.
        Metric::P50 | Metric::P90 | Metric::P99 | Metric::Cpu => latency(value.max(0.0) as u64),
    }
}

const ROW: [&str; 9] = ["metric", "a", "b", "ratio", "low", "high", "p", "pairs", "verdict"];

fn rows(compared: &Compared) -> Vec<Vec<String>> {
    let row = |(metric, found): &(Metric, Comparison)| {
        let numbers = [found.a, found.b, found.ratio, found.interval.low, found.interval.high, found.p].map(|number| number.to_string());
        let last = [found.pairs.to_string(), word(found.word)];
        std::iter::once(metric.name().to_owned()).chain(numbers).chain(last).collect()
    };
    compared.metrics.iter().map(row).collect()
}

fn value(compared: &Compared, changed: &[Difference], a: &[Run], b: &[Run]) -> Value {
    let ids = |runs: &[Run]| runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>();
    let metric = |((metric, found), q): (&(Metric, Comparison), f64)| {
        json!({"q": q, "metric": metric, "a": found.a, "b": found.b, "ratio": found.ratio, "low": found.interval.low, "high": found.interval.high,
            "p": found.p, "pairs": found.pairs, "verdict": word(found.word)})
    };
    json!({
        "a": ids(a), "b": ids(b), "gate": compared.gate, "band": compared.band, "fewest_pairs": FEWEST_PAIRS,
        "verdict": compared.word().map(word), "changed": changed,
        "errors": {"a": compared.errors[0], "b": compared.errors[1], "more": compared.more_errors.map(|more| [more.low, more.high])},
        "metrics": compared.metrics.iter().zip(compared.screened()).map(metric).collect::<Vec<_>>(),
        "shift": compared.shift.iter().map(|shift| json!({"q": shift.q, "ratio": shift.ratio, "low": shift.interval.low, "high": shift.interval.high})).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_take_turns_and_both_come_first() {
        let turns = turns(4, 9);
        assert_eq!(turns.len(), 8);
        assert!(turns.chunks(2).all(|pair| pair[0] != pair[1]), "{turns:?}");
        assert_ne!(turns[0], turns[2]);
        assert_eq!(turns, super::turns(4, 9));
    }
}
