//! Runs of A and B, measured in turn, held against each other: errors first, then one gated metric, then the rest for information.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Run;
use super::interval::total;
use super::spectrum::Spectrum;
use crate::names::Problem;
use crate::stats::interval::{self, Interval};
use crate::stats::many::benjamini_hochberg;
use crate::stats::paired::{Shift, shift};
use crate::stats::unpaired;
use crate::stats::verdict::{Comparison, Good, Word, compare, noise};

/// What of a run is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Median latency, in nanoseconds.
    P50,
    /// 90th percentile of latency, in nanoseconds.
    P90,
    /// 99th percentile of latency, in nanoseconds.
    P99,
    /// Whole answers a second.
    Rate,
    /// CPU time of the generator for 1,000 answers, in nanoseconds.
    Cpu,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Failures of all that was tried, of A and of B.
    pub errors: [(u64, u64); 2],
    /// By how much B's share of failures is larger, with 95 %; none where nothing was tried.
    pub more_errors: Option<Interval>,
    /// Every metric that both have.
    pub metrics: Vec<(Metric, Comparison)>,
    /// The one that decides.
    pub gate: Metric,
    /// B over A at each quantile that runs know: where in the distribution it changed. For information.
    pub shift: Vec<Shift>,
    /// The smallest change of it that is believed, as a share: what was asked for, or the noise between repeats of A where that is larger.
    pub band: f64,
}

/// The quantiles at which the shift is looked at where only summaries are known.
const QUANTILES: [f64; 5] = [0.5, 0.75, 0.9, 0.99, 0.999];
/// Those where whole distributions are: the deciles, and the tail.
const DECILES: [f64; 12] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];

impl Metric {
    /// In the order of a table.
    pub const ALL: [Self; 5] = [Self::P99, Self::P90, Self::P50, Self::Rate, Self::Cpu];

    /// Its name in a table and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::Rate => "req/s",
            Self::Cpu => "CPU/1k",
        }
    }

    /// Which way is good.
    pub fn good(self) -> Good {
        if self == Self::Rate { Good::More } else { Good::Less }
    }

    /// What a run measured of it, above zero; none where it measured too little.
    pub fn of(self, run: &Run) -> Option<f64> {
        let measured = match self {
            Self::P50 => run.latencies.p50.map(|ns| ns as f64),
            Self::P90 => run.latencies.p90.map(|ns| ns as f64),
            Self::P99 => run.latencies.p99.map(|ns| ns as f64),
            Self::Rate => (run.requests > 0).then_some(run.requests_per_second),
            Self::Cpu => run.client_cpu_ns.filter(|_| run.requests > 0).map(|ns| ns as f64 * 1_000.0 / run.requests as f64),
        };
        // Files of other programs may know answers and no time.
        measured.filter(|value| *value > 0.0 && value.is_finite())
    }

    /// What decides where this one is looked at: itself, if at least `enough` runs of each side measured it, or all where these are fewer; else the highest
    /// percentile of which that is true.
    pub fn known(self, sides: [&[Run]; 2], enough: usize) -> Self {
        let measured = |runs: &[Run], metric: Self| runs.iter().filter(|run| metric.of(run).is_some()).count();
        let known = |metric: &Self| sides.iter().all(|runs| measured(runs, *metric) >= enough.min(runs.len()));
        [self, Self::P99, Self::P90, Self::P50].into_iter().find(known).unwrap_or(self)
    }
}

/// What is wrong with two sides of which one names a run twice, or both the same: it would be compared with itself, or count as two measurements.
pub fn twice(a: &[Run], b: &[Run]) -> Option<Problem> {
    let mut seen = BTreeSet::new();
    let again = &a.iter().chain(b).find(|run| !seen.insert(&run.id))?.id;
    let (what, why) = if [a, b].iter().all(|side| side.iter().any(|run| run.id == *again)) {
        ("a run is not compared with itself", format!("{again} stands on both sides, and nothing can differ there"))
    } else {
        ("a run does not count twice", format!("{again} is named twice on one side, and one measurement is no two"))
    };
    let hint = "name each run once; to see how far runs of the same differ, give one address as A and as B: both are measured";
    Some(Problem::new("results.twice", what, why).hint(hint))
}

/// In what runs were not measured alike, so that like is not held against like. What they loaded is not asked.
pub fn unlike(runs: &[&Run]) -> Vec<&'static str> {
    const ASKED: [(&str, fn(&Run) -> String); 5] = [
        ("connections", |run| run.plan.connections.to_string()),
        ("rate", |run| format!("{:?}", run.plan.rate)),
        ("way to the target", |run| format!("{:?}", run.plan.path)),
        ("what was asked", |run| format!("{:?}", run.plan.request)),
        ("where a latency begins", |run| run.latency().to_owned()),
    ];
    let differ = |of: fn(&Run) -> String| runs.windows(2).any(|two| of(two[0]) != of(two[1]));
    ASKED.into_iter().filter(|(_, of)| differ(*of)).map(|(name, _)| name).collect()
}

impl Compared {
    /// Compares runs pair by pair, in the order given.
    pub fn of(a: &[Run], b: &[Run], gate: Metric, band: f64, seed: u64) -> Self {
        let compared = Self::by(a, b, gate, band, |a, b, good, band| compare(a, b, good, band, seed));
        let at = |run: &Run| {
            let known = [run.latencies.p50, run.latencies.p75, run.latencies.p90, run.latencies.p99, run.latencies.p99_9];
            known.map(|value| value.map_or(f64::NAN, |ns| ns as f64)).to_vec()
        };
        let [at_a, at_b] = [a, b].map(|runs| runs.iter().map(at).collect::<Vec<_>>());
        Self { shift: shift(&QUANTILES, &at_a, &at_b, 0.95, seed), ..compared }
    }

    /// With the shift as whole distributions tell it, one for each run in the order of the pairs; where one of them is not known it stays as it is.
    pub fn deepened(self, a: &[Option<Spectrum>], b: &[Option<Spectrum>], seed: u64) -> Self {
        let at = |one: &Spectrum| DECILES.map(|q| one.percentile(q).map_or(f64::NAN, |ns| ns as f64)).to_vec();
        let known = |side: &[Option<Spectrum>]| side.iter().map(|one| one.as_ref().map(at)).collect::<Option<Vec<_>>>();
        match known(a).zip(known(b)) {
            Some((a, b)) => Self { shift: shift(&DECILES, &a, &b, 0.95, seed), ..self },
            None => self,
        }
    }

    /// Compares runs that were not measured in turn.
    pub fn apart(a: &[Run], b: &[Run], gate: Metric, band: f64, seed: u64) -> Self {
        Self::by(a, b, gate, band, |a, b, good, band| unpaired::compare(a, b, good, band, seed))
    }

    fn by(a: &[Run], b: &[Run], gate: Metric, band: f64, compare: impl Fn(&[f64], &[f64], Good, f64) -> Option<Comparison>) -> Self {
        let all = |runs: &[Run]| (total(runs.iter().map(Run::failed)), total(runs.iter().map(Run::tried)));
        let errors = [all(a), all(b)];
        let values = |runs: &[Run], metric: Metric| runs.iter().map(|run| metric.of(run).unwrap_or(f64::NAN)).collect::<Vec<_>>();
        let band_of = |metric: Metric| noise(&values(a, metric)).map_or(band, |noise| noise.max(band));
        let one = |metric: Metric| compare(&values(a, metric), &values(b, metric), metric.good(), band_of(metric)).map(|found| (metric, found));
        Self {
            errors,
            more_errors: interval::of_difference(errors[0], errors[1], 0.95),
            metrics: Metric::ALL.into_iter().filter_map(one).collect(),
            gate,
            shift: Vec::new(),
            band: band_of(gate),
        }
    }

    /// The gated metric.
    pub fn gated(&self) -> Option<&Comparison> {
        self.metrics.iter().find(|(metric, _)| *metric == self.gate).map(|(_, found)| found)
    }

    /// The probabilities of all metrics, corrected after Benjamini and Hochberg: for looking which of them may have changed, not for a gate.
    pub fn screened(&self) -> Vec<f64> {
        benjamini_hochberg(&self.metrics.iter().map(|(_, found)| found.p).collect::<Vec<_>>())
    }

    /// B fails more often than chance explains. A server that fails faster is not faster, so this goes before every latency.
    pub fn fails_more(&self) -> bool {
        self.more_errors.is_some_and(|more| more.low > 0.0)
    }

    /// B fails less often than chance explains.
    pub fn fails_less(&self) -> bool {
        self.more_errors.is_some_and(|more| more.high < 0.0)
    }

    /// What may be said of B; none where there is too little to compare.
    pub fn word(&self) -> Option<Word> {
        if self.fails_more() { Some(Word::Worse) } else { self.gated().map(|found| found.word) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::Plan;
    use crate::load::target::Target;
    use crate::results::Subject;
    use crate::results::spectrum::Bin;

    fn runs(p99: impl Fn(u64) -> u64, failed: u64) -> Vec<Run> {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let one = |at: u64| {
            let mut run = Run::begin(format!("r{at}"), Subject::default(), &plan, jiff::Timestamp::UNIX_EPOCH);
            (run.requests, run.requests_per_second) = (10_000, 1_000.0 + at as f64);
            run.latencies.p99 = Some(p99(at));
            run.errors = std::collections::BTreeMap::from([("status_5xx".to_owned(), failed)]);
            run
        };
        (0..8).map(one).collect()
    }

    #[test]
    fn a_slower_b_is_worse_and_a_b_that_fails_is_worse_whatever_its_latency() {
        let compared = |b: &[Run]| Compared::of(&runs(|at| 1_000_000 + at * 1_000, 0), b, Metric::P99, 0.03, 1);
        assert_eq!(compared(&runs(|at| 1_300_000 + at * 1_500, 0)).word(), Some(Word::Worse));
        assert_eq!(compared(&runs(|at| 1_000_000 + at * 1_100, 0)).word(), Some(Word::Equivalent));
        let slower = compared(&runs(|at| 1_300_000 + at * 1_500, 0));
        // Only p99 is known of these runs.
        assert!(slower.shift.len() == 1 && (slower.shift[0].q, (slower.shift[0].ratio * 100.0).round()) == (0.99, 130.0), "{:?}", slower.shift);
        assert!(
            slower.screened().len() == slower.metrics.len() && slower.screened().iter().zip(&slower.metrics).all(|(q, (_, found))| *q >= found.p)
        );
        let failing = compared(&runs(|at| 500_000 + at * 1_000, 100));
        assert!(failing.fails_more() && failing.word() == Some(Word::Worse), "{failing:?}");
        assert_eq!(failing.gated().unwrap().word, Word::Better);
    }

    /// Every answer of B takes a tenth longer, but the slowest twentieth twice as long: so it is at every decile and in the tail.
    #[test]
    fn whole_distributions_tell_where_it_is_slower() {
        let of = |run: u64, slower: bool| {
            let end = |at: u64| {
                (1_000_000 + at * 10_000 + run * 1_000) / 10
                    * if !slower {
                        10
                    } else if at >= 95 {
                        20
                    } else {
                        11
                    }
            };
            let bins = (0..100).map(|at| Bin { from_ns: end(at) - 1, to_ns: end(at), count: 200 }).collect();
            Some(Spectrum::of_bins(bins, None, None, None))
        };
        let [a, b] = [false, true].map(|slower| (0..6).map(|run| of(run, slower)).collect::<Vec<_>>());
        let summaries = Compared::of(&runs(|_| 1_000_000, 0), &runs(|_| 1_100_000, 0), Metric::P99, 0.03, 1);
        let told: Vec<(f64, f64)> =
            summaries.clone().deepened(&a, &b, 1).shift.iter().map(|one| (one.q, (one.ratio * 100.0).round() / 100.0)).collect();
        // The answer at p95 is the last of the faster ones.
        assert_eq!(told, DECILES.map(|q| (q, if q <= 0.95 { 1.1 } else { 2.0 })));
        assert_eq!(summaries.clone().deepened(&a, &[None], 1), summaries);
    }

    #[test]
    fn what_neither_has_is_not_compared() {
        let compared = Compared::of(&runs(|_| 1, 0), &[], Metric::P99, 0.03, 1);
        assert_eq!((compared.word(), compared.metrics.len()), (None, 0));
        // A table of percentiles tells answers and no time, so there is no rate.
        let timeless: Vec<Run> = runs(|at| 1_000_000 + at, 0).into_iter().map(|run| Run { requests_per_second: 0.0, ..run }).collect();
        assert_eq!([Metric::Rate, Metric::Cpu].map(|metric| metric.of(&timeless[0])), [None, None]);
    }

    #[test]
    fn the_metric_that_decides_is_one_that_all_know() {
        let (long, mut short) = (runs(|at| 1_000_000 + at, 0), runs(|at| 1_000_000 + at, 0));
        (short[5].latencies.p99, short[5].latencies.p50) = (None, Some(1));
        assert_eq!(Metric::P99.known([&long, &long], usize::MAX), Metric::P99);
        assert_eq!(Metric::P99.known([&long, &short], usize::MAX), Metric::P99, "no percentile is known of all of these");
        assert_eq!(Metric::P90.known([&long, &short], 7), Metric::P99);
        let halves = |runs: &[Run]| runs.iter().cloned().map(|mut run| (run.latencies.p50 = Some(1), run).1).collect::<Vec<_>>();
        assert_eq!(Metric::P99.known([&halves(&long), &halves(&short)], usize::MAX), Metric::P50);
        assert_eq!(Metric::Rate.known([&long, &short], usize::MAX), Metric::Rate);
    }

    #[test]
    fn no_run_stands_against_itself_or_counts_twice() {
        let all = runs(|_| 1, 0);
        let why = |a: &[Run], b: &[Run]| twice(a, b).map(|problem| (problem.code, problem.what));
        assert_eq!(why(&all[..4], &all[4..]), None);
        let both = Some(("results.twice", "a run is not compared with itself".to_owned()));
        assert_eq!([why(&all, &all), why(&all[..5], &all[4..])], [both.clone(), both]);
        assert_eq!(why(&[all[0].clone(), all[0].clone()], &all[1..]).unwrap().1, "a run does not count twice");
    }

    #[test]
    fn what_was_not_measured_alike_is_named() {
        let all = runs(|_| 1, 0);
        assert!(unlike(&all.iter().collect::<Vec<_>>()).is_empty());
        let mut other = all[0].clone();
        (other.plan.connections, other.planned_rate, other.plan.request.http2) = (64, Some(9.0), true);
        assert_eq!(unlike(&[&all[0], &other]), ["connections", "what was asked", "where a latency begins"]);
    }
}
