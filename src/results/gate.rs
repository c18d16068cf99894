//! Whether B may pass: errors first, then what was declared, then thresholds. Passed, a regression, or not to be told yet.

use serde::{Deserialize, Serialize};

use super::Run;
use super::compare::{Compared, Metric};
use crate::stats::many::holm;
use crate::stats::verdict::Word;
use crate::text::quantity::{chance, change_within, count, share};

/// Fewest pairs for several metrics at once: with six the smallest exact p is 0.031, so that no correction could be passed.
pub const FEWEST_FOR_SEVERAL: usize = 8;

/// Of a metric or a limit that cannot be judged.
const TOO_LITTLE: &str = "too little was measured of it: a percentile needs ten answers beyond it";

/// What came of a check, or of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It cannot be told.
    Inconclusive,
    /// It does not hold.
    Regressed,
}

/// One question and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was asked: `errors`, `p99 against the baseline`, `p99<50ms`.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, in one line.
    pub said: String,
}

/// A value that has to be kept, as the profile says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// As it is written, `p99<50ms`.
    pub name: String,
    /// What each run measured of it and whether that keeps it; none where too little was measured.
    pub runs: Vec<Option<(f64, bool)>>,
}

impl Outcome {
    /// Its word.
    pub fn name(self) -> &'static str {
        ["passed", "inconclusive", "regression"][self as usize]
    }

    /// The exit code: 0 passed, 1 a regression, 2 not to be told.
    pub fn code(self) -> u8 {
        [0, 2, 1][self as usize]
    }

    /// The worst of several; not to be told where there is none.
    pub fn of(checks: &[Check]) -> Self {
        checks.iter().map(|check| check.outcome).max().unwrap_or(Self::Inconclusive)
    }
}

/// Asks everything of one comparison. `metrics`: those declared; more than one are corrected after Holm.
pub fn checks(compared: &Compared, metrics: &[Metric], thresholds: &[Threshold]) -> Vec<Check> {
    let mut checks = vec![errors(compared)];
    let found: Vec<_> =
        metrics.iter().map(|metric| (*metric, compared.metrics.iter().find(|(one, _)| one == metric).map(|(_, found)| found))).collect();
    let adjusted = holm(&found.iter().map(|(_, found)| found.map_or(1.0, |found| found.p)).collect::<Vec<_>>());
    let several = metrics.len() > 1;
    for ((metric, found), p) in found.into_iter().zip(adjusted) {
        let name = format!("{} against the baseline", metric.name());
        let Some(found) = found else {
            checks.push(Check { name, outcome: Outcome::Inconclusive, said: TOO_LITTLE.into() });
            continue;
        };
        let change = change_within(found.ratio, found.interval.low, found.interval.high);
        let correction = if several { format!(" (Holm over {})", metrics.len()) } else { String::new() };
        let (outcome, word) = match found.word {
            Word::Better => (Outcome::Passed, "better".to_owned()),
            Word::Equivalent => (Outcome::Passed, "equivalent".to_owned()),
            Word::Worse if several && (p >= 0.05 || found.pairs < FEWEST_FOR_SEVERAL) => {
                let more = FEWEST_FOR_SEVERAL.saturating_sub(found.pairs).max(1);
                (
                    Outcome::Inconclusive,
                    format!("inconclusive: worse, but not beyond what {} metrics show by chance; {more} more needed", metrics.len()),
                )
            }
            Word::Worse => (Outcome::Regressed, "worse".to_owned()),
            Word::Inconclusive(more) => (Outcome::Inconclusive, format!("inconclusive: about {more} more needed")),
        };
        checks.push(Check { name, outcome, said: format!("{word}, {change}, p {}{correction}", chance(p)) });
    }
    checks.extend(thresholds.iter().map(threshold));
    checks
}

fn errors(compared: &Compared) -> Check {
    let [a, b] = compared.errors.map(|(failed, tried)| format!("{} ({} of {})", share(failed, tried), count(failed), count(tried)));
    let outcome = match compared.more_errors {
        None => Outcome::Inconclusive,
        Some(_) if compared.fails_more() => Outcome::Regressed,
        Some(_) => Outcome::Passed,
    };
    Check { name: "errors against the baseline".into(), outcome, said: format!("A {a}, B {b}") }
}

/// Kept where the median run keeps it, whatever those would say that measured too little of it.
pub fn threshold(threshold: &Threshold) -> Check {
    let known = || threshold.runs.iter().flatten();
    let (all, of) = (threshold.runs.len(), known().count());
    let kept = known().filter(|(_, kept)| *kept).count();
    let outcome = match () {
        () if kept * 2 > all => Outcome::Passed,
        () if of > 0 && (of - kept) * 2 >= all => Outcome::Regressed,
        () => Outcome::Inconclusive,
    };
    let said = match (of, all - of) {
        (0, _) => TOO_LITTLE.to_owned(),
        (_, 0) => format!("kept by {kept} of {of} runs"),
        (_, few) => format!("kept by {kept} of {of} runs; {few} more measured too little of it"),
    };
    Check { name: threshold.name.clone(), outcome, said }
}

/// The runs of B that thresholds are asked of, with a function that says what one measured and whether that keeps it.
pub fn asked(name: String, runs: &[Run], measured: impl Fn(&Run) -> Option<(f64, bool)>) -> Threshold {
    Threshold { name, runs: runs.iter().map(measured).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::Subject;
    use super::*;
    use crate::load::plan::Plan;
    use crate::load::target::Target;

    fn runs(count: u64, p99: u64, failed: u64) -> Vec<Run> {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let one = |at: u64| {
            let mut run = Run::begin(format!("r{at}"), Subject::default(), &plan, jiff::Timestamp::UNIX_EPOCH);
            (run.requests, run.requests_per_second) = (10_000, 1_000.0 + at as f64);
            (run.latencies.p99, run.latencies.p50) = (Some(p99 + at * 500), Some(400_000 + at * 200));
            run.errors = std::collections::BTreeMap::from([("status_5xx".to_owned(), failed)]);
            run
        };
        (0..count).map(one).collect()
    }

    fn outcome(count: u64, b: &[Run], metrics: &[Metric]) -> Outcome {
        Outcome::of(&checks(&Compared::of(&runs(count, 1_000_000, 0), b, metrics[0], 0.03, 1), metrics, &[]))
    }

    #[test]
    fn a_gate_passes_regresses_or_says_that_it_cannot_tell() {
        let one = [Metric::P99];
        assert_eq!(outcome(6, &runs(6, 1_300_000, 0), &one), Outcome::Regressed);
        assert_eq!(outcome(6, &runs(6, 1_000_100, 0), &one), Outcome::Passed);
        assert_eq!(outcome(6, &runs(6, 700_000, 0), &one), Outcome::Passed);
        assert_eq!(outcome(6, &runs(6, 700_000, 100), &one), Outcome::Regressed, "it fails more");
        assert_eq!(outcome(5, &runs(5, 1_300_000, 0), &one), Outcome::Inconclusive, "five pairs never tell");
        assert_eq!([Outcome::Passed, Outcome::Regressed, Outcome::Inconclusive].map(Outcome::code), [0, 1, 2]);
    }

    #[test]
    fn several_metrics_take_eight_pairs() {
        let several = [Metric::P99, Metric::P50, Metric::Rate, Metric::P90];
        assert_eq!(outcome(6, &runs(6, 1_300_000, 0), &several[..3]), Outcome::Inconclusive);
        assert_eq!(outcome(8, &runs(8, 1_300_000, 0), &several[..3]), Outcome::Regressed);
        assert_eq!(outcome(8, &runs(8, 1_300_000, 0), &several), Outcome::Regressed, "0.0078 × 4 is below 0.05");
    }

    #[test]
    fn a_threshold_is_kept_by_the_median_run() {
        let asked = |values: &[Option<bool>]| {
            threshold(&Threshold { name: "p99<50ms".into(), runs: values.iter().map(|kept| kept.map(|kept| (1.0, kept))).collect() }).outcome
        };
        assert_eq!(asked(&[Some(true), Some(false), Some(true)]), Outcome::Passed);
        assert_eq!(asked(&[Some(true), Some(false)]), Outcome::Regressed);
        assert_eq!(asked(&[None]), Outcome::Inconclusive);
        // Those that measured too little may have gone either way.
        assert_eq!(asked(&[Some(true), None, None]), Outcome::Inconclusive);
        assert_eq!(asked(&[Some(false), None, None]), Outcome::Inconclusive);
        assert_eq!([asked(&[Some(true), Some(true), None]), asked(&[Some(false), None])], [Outcome::Passed, Outcome::Regressed]);
    }

    #[test]
    fn a_few_failures_of_millions_are_seen_in_what_is_said() {
        let said = |failed: u64| errors(&Compared::of(&runs(6, 1_000_000, 0), &runs(6, 1_000_000, failed), Metric::P99, 0.03, 1));
        let few = said(2);
        assert_eq!((few.outcome, few.said.as_str()), (Outcome::Regressed, "A 0 % (0 of 60,000), B 0.02 % (12 of 60,000)"));
        assert_eq!(said(0).outcome, Outcome::Passed);
    }
}
