//! The highest rate at which limits hold: doubled until they do not, then halved in between, then confirmed. Pure: it says what to try, and is told what
//! came of it. A rate is judged by runs of its own, best of three; never by what one run says of itself in its middle.
//!
//! A run whose stamp is INVALID says nothing of the target: it ends the search upwards, but is never counted against it.

use std::fmt;

use super::limit::{Limit, Limits, measured};
use crate::load::audit::Stamp;
use crate::results::{Run, State};
use crate::text::quantity::rate;

/// What a run says of its rate.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Every limit holds.
    Held,
    /// Limits that do not, with what was measured.
    Broken(String),
    /// The run is not to be believed, and why.
    Invalid(String),
    /// Too little was measured to say, and of what. At a lower rate it would be less still.
    Little(String),
}

/// Runs at one rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Requests a second.
    pub rate: f64,
    /// It is there to confirm what was found.
    pub confirms: bool,
    /// Runs by their ids, and what each says.
    pub runs: Vec<(String, Verdict)>,
}

/// What the search came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The highest rate that was confirmed.
    pub rate: Option<f64>,
    /// The lowest rate above it that did not hold, and why.
    pub above: Option<(f64, Verdict)>,
    /// So many of so many runs held when it was confirmed.
    pub confirmed: (usize, usize),
}

/// A search under way.
#[derive(Clone, Debug)]
pub struct Search {
    from: f64,
    to: f64,
    /// How near the two ends have to come: 0.05 is five per cent.
    precision: f64,
    repeats: usize,
    held: Option<f64>,
    above: Option<(f64, Verdict)>,
    steps: Vec<Step>,
    over: bool,
    confirmed: Option<(f64, usize, usize)>,
}

/// Runs that decide a rate.
const TRIES: usize = 3;

/// Share of the planned requests that have to be answered.
const ANSWERED: f64 = 0.95;

/// How often a rate that was found may fail to be confirmed before the search gives up.
const CONFIRMATIONS: usize = 6;

/// How far below the first rate is looked, when not even that one holds.
const DOWN: f64 = 1_024.0;

impl Verdict {
    /// What a run says.
    pub fn of(run: &Run, limits: &Limits) -> Self {
        if run.state != State::Done {
            return Self::Invalid("it did not come to its end".into());
        }
        if run.stamp == Some(Stamp::Invalid) {
            let reasons: Vec<String> = run.reasons.iter().filter(|reason| reason.stamp == Stamp::Invalid).map(|reason| reason.text()).collect();
            return Self::Invalid(reasons.join("; "));
        }
        let values: Vec<(&Limit, Option<f64>)> = limits.0.iter().map(|limit| (limit, measured(run, limit.metric))).collect();
        let not = values.iter().filter_map(|(limit, value)| value.filter(|value| !limit.holds(*value)).map(|value| limit.said(value)));
        let broken: Vec<String> = behind(run).into_iter().chain(not).collect();
        let unknown: Vec<String> = values.iter().filter(|(_, value)| value.is_none()).map(|(limit, _)| limit.to_string()).collect();
        match (broken.is_empty(), unknown.is_empty()) {
            (false, _) => Self::Broken(broken.join("; ")),
            (true, false) => Self::Little(unknown.join(", ")),
            (true, true) => Self::Held,
        }
    }
}

/// A rate that is planned and not answered does not hold, whatever latencies are.
fn behind(run: &Run) -> Option<String> {
    let planned = run.plan.rate?;
    let slots = planned * run.elapsed_ns as f64 / 1e9;
    // The last answers may be on their way when a short run ends.
    let few = (run.requests as f64) + 2.0 < slots * ANSWERED;
    few.then(|| format!("answered {}/s of {}/s", rate(run.requests_per_second), rate(planned)))
}

impl Step {
    /// What its runs say together: held or broken by most of three, or not to be decided.
    pub fn verdict(&self) -> Option<Verdict> {
        let count = |of: fn(&Verdict) -> bool| self.runs.iter().filter(|(_, verdict)| of(verdict)).count();
        let last = |of: fn(&Verdict) -> bool| self.runs.iter().rev().map(|(_, verdict)| verdict).find(|verdict| of(verdict)).cloned();
        let enough = TRIES.div_ceil(2);
        let kinds: [fn(&Verdict) -> bool; 4] = [
            |one| matches!(one, Verdict::Held),
            |one| matches!(one, Verdict::Broken(_)),
            |one| matches!(one, Verdict::Little(_)),
            |one| matches!(one, Verdict::Invalid(_)),
        ];
        let decided = kinds.into_iter().find(|of| count(*of) >= enough).and_then(last);
        // One of each: nothing can be said of it.
        let undecided = || last(kinds[3]).or_else(|| last(kinds[2])).filter(|_| self.runs.len() >= TRIES);
        decided.or_else(undecided)
    }
}

impl Search {
    /// Begins at a rate and goes no higher than another.
    pub fn new(from: f64, to: f64, precision: f64, repeats: usize) -> Self {
        let mut search = Self { from, to, precision, repeats, held: None, above: None, steps: Vec::new(), over: false, confirmed: None };
        search.step(from.min(to), false);
        search
    }

    /// The rate of the next run, and whether it is there to confirm; none: the search is over.
    pub fn next(&self) -> Option<(f64, bool)> {
        self.steps.last().filter(|_| !self.over).map(|step| (step.rate, step.confirms))
    }

    /// Every rate that was tried, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Takes in what the run of [`Search::next`] says.
    pub fn take(&mut self, run: String, verdict: Verdict) {
        let Some(step) = self.steps.last_mut().filter(|_| !self.over) else { return };
        step.runs.push((run, verdict));
        let step = step.clone();
        if step.confirms {
            self.confirm(&step)
        } else if let Some(verdict) = step.verdict() {
            self.decided(step.rate, verdict)
        }
    }

    fn step(&mut self, rate: f64, confirms: bool) {
        self.steps.push(Step { rate, confirms, runs: Vec::new() });
    }

    fn decided(&mut self, rate: f64, verdict: Verdict) {
        if matches!(verdict, Verdict::Little(_)) && self.held.is_none() {
            // What is known of a higher rate says more.
            self.above.get_or_insert((rate, verdict));
            self.over = true;
            return;
        }
        match verdict {
            Verdict::Held => self.held = Some(self.held.map_or(rate, |held| held.max(rate))),
            not => self.above = Some((rate, not)),
        }
        match (self.held, self.above.as_ref().map(|(rate, _)| *rate)) {
            (Some(held), None) if held >= self.to => self.step(held, true),
            (Some(held), None) => self.step((held * 2.0).min(self.to), false),
            (Some(held), Some(above)) if above / held <= 1.0 + self.precision => self.step(held, true),
            (Some(held), Some(above)) => self.step((held * above).sqrt(), false),
            (None, Some(above)) if above <= self.from / DOWN => self.over = true,
            (None, Some(above)) => self.step(above / 2.0, false),
            (None, None) => self.over = true,
        }
    }

    /// All runs have to hold, those that say nothing left out. Where one does not, a lower rate is confirmed.
    fn confirm(&mut self, step: &Step) {
        let held = step.runs.iter().filter(|(_, verdict)| *verdict == Verdict::Held).count();
        let said = step.runs.iter().filter(|(_, verdict)| !matches!(verdict, Verdict::Invalid(_) | Verdict::Little(_))).count();
        let invalid = step.runs.len() - said;
        if said > held || invalid > self.repeats {
            let not = step.runs.last().map(|(_, verdict)| verdict.clone()).filter(|verdict| *verdict != Verdict::Held);
            self.above = Some((step.rate, not.unwrap_or_else(|| Verdict::Invalid("its runs were not to be believed".into()))));
            let lower = step.rate / (1.0 + self.precision);
            let tried = self.steps.iter().filter(|step| step.confirms).count();
            if tried >= CONFIRMATIONS || lower <= self.from / DOWN {
                self.over = true;
            } else {
                self.step(lower, true);
            }
        } else if held >= self.repeats {
            self.confirmed = Some((step.rate, held, step.runs.len()));
            self.over = true;
        }
    }

    /// What is known so far.
    pub fn answer(&self) -> Answer {
        let confirmed = self.confirmed.map_or((0, 0), |(_, held, of)| (held, of));
        Answer { rate: self.confirmed.map(|(rate, _, _)| rate), above: self.above.clone(), confirmed }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("holds"),
            Self::Broken(why) => write!(f, "broken: {why}"),
            Self::Invalid(why) => write!(f, "not valid: {why}"),
            Self::Little(what) => write!(f, "too little was measured of {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches where a rate is judged by a rule; the answer and the number of runs.
    fn searched(from: f64, to: f64, mut judge: impl FnMut(f64, usize) -> Verdict) -> (Answer, usize) {
        let mut search = Search::new(from, to, 0.05, 5);
        let mut runs = 0;
        while let Some((rate, _)) = search.next() {
            runs += 1;
            assert!(runs < 200, "it does not end");
            search.take(runs.to_string(), judge(rate, runs));
        }
        (search.answer(), runs)
    }

    fn below(limit: f64) -> impl Fn(f64, usize) -> Verdict {
        move |rate, _| if rate <= limit { Verdict::Held } else { Verdict::Broken("p99 60 ms, limit p99<50ms".into()) }
    }

    #[test]
    fn it_finds_the_limit_to_within_its_precision_and_confirms_it() {
        for limit in [53.0, 700.0, 1234.0, 90_000.0] {
            let (answer, runs) = searched(50.0, 1e6, below(limit));
            let rate = answer.rate.unwrap();
            assert!(rate <= limit && rate >= limit / 1.05 && answer.confirmed == (5, 5), "{limit}: {answer:?}");
            assert!(matches!(&answer.above, Some((above, Verdict::Broken(_))) if *above > limit && *above / rate <= 1.05), "{answer:?}");
            assert!(runs < 50, "{runs}");
        }
        // Below where it began.
        let (answer, _) = searched(1_000.0, 1e6, below(30.0));
        assert!(answer.rate.is_some_and(|rate| (30.0 / 1.05..=30.0).contains(&rate)), "{answer:?}");
        let (answer, _) = searched(1_000.0, 1e6, below(0.0));
        assert_eq!(answer.rate, None);
    }

    #[test]
    fn a_run_that_is_not_valid_is_never_the_targets_failure() {
        let generator =
            |rate: f64, _| if rate <= 400.0 { Verdict::Held } else { Verdict::Invalid("a generator thread used 99 % of its core".into()) };
        let (answer, _) = searched(50.0, 1e6, generator);
        assert!(
            answer.rate.is_some_and(|rate| rate <= 400.0 && rate > 380.0) && matches!(answer.above, Some((_, Verdict::Invalid(_)))),
            "{answer:?}"
        );
        // One in three is stolen from: the answer stays.
        let stolen =
            |rate, run: usize| if run.is_multiple_of(3) { Verdict::Invalid("the hypervisor took 40 %".into()) } else { below(700.0)(rate, run) };
        let (answer, _) = searched(50.0, 1e6, stolen);
        assert!(answer.rate.is_some_and(|rate| (700.0 / 1.05..=700.0).contains(&rate)), "{answer:?}");
    }

    #[test]
    fn where_too_little_is_measured_no_lower_rate_is_tried() {
        let little = |from: f64| move |rate: f64, _| if rate < from { Verdict::Little("p99<50ms".into()) } else { below(30.0)(rate, 0) };
        let (answer, runs) = searched(100.0, 1e6, little(1e9));
        assert_eq!((answer.rate, answer.above, runs), (None, Some((100.0, Verdict::Little("p99<50ms".into()))), 2));
        // That 100/s breaks it is what is told, not that 50/s is too little.
        let (answer, runs) = searched(100.0, 1e6, little(100.0));
        assert!(answer.rate.is_none() && runs == 4 && matches!(answer.above, Some((100.0, Verdict::Broken(_)))), "{answer:?}");
    }

    #[test]
    fn one_bad_run_of_three_decides_nothing_and_an_upper_end_is_kept_to() {
        let once = |rate, run| if run == 2 { Verdict::Broken("a hiccup".into()) } else { below(700.0)(rate, run) };
        let (answer, _) = searched(50.0, 1e6, once);
        assert!(answer.rate.is_some_and(|rate| rate > 660.0), "{answer:?}");
        let (answer, _) = searched(50.0, 500.0, below(700.0));
        assert_eq!((answer.rate, answer.above), (Some(500.0), None));
    }

    #[test]
    fn a_rate_that_cannot_be_confirmed_is_lowered() {
        // It holds twice and then no more: as a target that tires.
        let tired = |rate: f64, run: usize| below(if run < 21 { 700.0 } else { 600.0 })(rate, run);
        let (answer, _) = searched(50.0, 1e6, tired);
        assert!(answer.rate.is_some_and(|rate| (600.0 / 1.05..=600.0).contains(&rate)), "{answer:?}");
    }
}
