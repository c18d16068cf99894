//! When a run ends by itself before its time: `errors>5%/10s`, `p99>500ms/10s`. Pure: it is told the samples as they come.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limit::{Limit, Metric, with_span};
use crate::load::engine::Sample;
use crate::load::record::{Class, Record};
use crate::text::sanitise;

/// What must not be the case for so long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    /// What is not wanted.
    pub limit: Limit,
    /// How long it may be so.
    pub span: Duration,
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (limit, span) = with_span(text)?;
        if !(Duration::from_secs(1)..=Duration::from_secs(3_600)).contains(&span) {
            return Err(format!("`{}`: the time has to be from a second to an hour", sanitise(text)));
        }
        Ok(Self { limit: limit.parse()?, span })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.span.as_millis();
        if milliseconds.is_multiple_of(1_000) {
            write!(f, "{}/{}s", self.limit, milliseconds / 1_000)
        } else {
            write!(f, "{}/{milliseconds}ms", self.limit)
        }
    }
}

impl TryFrom<String> for Rule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

/// Watches the samples of one run. Its memory is bounded by the number of rules.
#[derive(Debug)]
pub(super) struct Judge(Vec<Watched>);

/// A rule and the stretches of its span, the oldest first.
#[derive(Debug)]
struct Watched {
    rule: Rule,
    /// Ends of stretches; the first is where the span begins.
    marks: VecDeque<Arc<Sample>>,
    /// For each stretch between two marks, whether the rule was broken in it; none where too little was measured to say.
    broken: VecDeque<Option<bool>>,
}

/// Stretches a span is divided into, unless they would be shorter than a second.
const STRETCHES: u32 = 10;

impl Judge {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        Self(rules.into_iter().map(|rule| Watched { rule, marks: VecDeque::new(), broken: VecDeque::new() }).collect())
    }

    /// The rule that was broken for the whole of its span.
    pub(super) fn broken(&mut self, sample: &Arc<Sample>) -> Option<Rule> {
        // All of them have to see the sample.
        let broken: Vec<Rule> = self.0.iter_mut().filter_map(|watched| watched.take(sample).then_some(watched.rule)).collect();
        broken.first().copied()
    }
}

impl Watched {
    fn stretch(&self) -> Duration {
        (self.rule.span / STRETCHES).max(Duration::from_secs(1))
    }

    /// True when it was so in every stretch that can be told, and over all of them together.
    fn take(&mut self, sample: &Arc<Sample>) -> bool {
        let Some(last) = self.marks.back() else {
            // Before its first sample a run has measured nothing.
            self.marks.push_back(Arc::default());
            return false;
        };
        if sample.elapsed < last.elapsed + self.stretch() {
            return false;
        }
        self.broken.push_back(self.judged(last, sample));
        self.marks.push_back(sample.clone());
        while self.marks.get(1).is_some_and(|second| sample.elapsed.saturating_sub(second.elapsed) >= self.rule.span) {
            self.marks.pop_front();
            self.broken.pop_front();
        }
        let Some(first) = self.marks.front() else { return false };
        sample.elapsed.saturating_sub(first.elapsed) >= self.rule.span
            && !self.broken.contains(&Some(false))
            && self.judged(first, sample) == Some(true)
    }

    fn judged(&self, from: &Sample, to: &Sample) -> Option<bool> {
        let span = to.elapsed.saturating_sub(from.elapsed).as_secs_f64();
        let value = measured(&to.whole.since(&from.whole), span, self.rule.limit.metric)?;
        Some(self.rule.limit.holds(value))
    }
}

/// What a stretch measured; none where too little was measured to say.
fn measured(part: &Record, seconds: f64, metric: Metric) -> Option<f64> {
    match metric {
        Metric::Errors => {
            let failed: u64 = part.errors().map(|(_, count)| count).sum();
            let bad: u64 = part.errors().filter(|(class, _)| matches!(class, Class::Status4xx | Class::Status5xx)).map(|(_, count)| count).sum();
            let tried = part.requests() - bad.min(part.requests()) + failed;
            (tried > 0).then(|| failed as f64 / tried as f64)
        }
        Metric::Rate => (seconds > 0.0).then(|| part.requests() as f64 / seconds),
        Metric::Latency(name) => latency(part, name),
    }
}

fn latency(part: &Record, name: &str) -> Option<f64> {
    let spread = part.spread();
    match name {
        "min" => spread.map(|(min, _, _)| min as f64),
        "mean" => spread.map(|(_, mean, _)| mean),
        "max" => spread.map(|(_, _, max)| max as f64),
        percentile => {
            let share: f64 = percentile.strip_prefix('p')?.parse().ok()?;
            part.percentile(share / 100.0).map(|value| value as f64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run told second by second: answers of so many milliseconds and failures. The second in which a rule ended it.
    fn ended(rule: &str, seconds: &[(u64, u64, u64)]) -> Option<usize> {
        let mut judge = Judge::new(vec![rule.parse().unwrap()]);
        let mut whole = Record::default();
        assert_eq!(judge.broken(&Arc::new(Sample::default())), None);
        seconds.iter().enumerate().find_map(|(at, (answers, milliseconds, failures))| {
            (0..*answers).for_each(|_| whole.answer(milliseconds * 1_000_000, 1));
            (0..*failures).for_each(|_| whole.error(Class::Timeout));
            let sample = Sample { elapsed: Duration::from_secs(at as u64 + 1), whole: whole.clone(), ..Sample::default() };
            judge.broken(&Arc::new(sample)).map(|_| at + 1)
        })
    }

    #[test]
    fn a_run_ends_when_it_was_so_for_the_whole_span_and_not_before() {
        let fine = [(100, 1, 0); 5];
        let bad = [(90, 1, 10); 12];
        assert_eq!(ended("errors>5%/10s", &[&fine[..], &bad[..]].concat()), Some(15));
        assert_eq!(ended("errors>5%/10s", &[&bad[..9], &fine[..], &bad[..9]].concat()), None);
        assert_eq!(ended("errors>10%/10s", &bad), None, "exactly the limit is not over it");
        // One bad second in a quiet stretch breaks the whole but not every part.
        assert_eq!(ended("errors>5%/10s", &[&fine[..], &[(0, 1, 100)], &fine[..], &fine[..]].concat()), None);
    }

    #[test]
    fn seconds_too_short_for_a_percentile_are_judged_together() {
        // Of 100 a second p99 is not known, of 1,000 in ten seconds it is.
        assert_eq!(ended("p99>500ms/10s", &[(100, 600, 0); 12]), Some(10));
        assert_eq!(ended("p99>500ms/10s", &[(100, 400, 0); 12]), None);
        assert_eq!(ended("p99>500ms/10s", &[(10, 600, 0); 12]), None, "too few to say");
        assert_eq!(ended("p50>500ms/2s", &[(100, 600, 0); 3]), Some(2));
    }

    #[test]
    fn a_target_that_answers_nothing_at_all_breaks_a_limit_of_its_rate() {
        assert_eq!(ended("rate<1/3s", &[(5, 1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0)]), Some(4));
        assert_eq!(ended("errors>5%/3s", &[(0, 1, 0); 5]), None);
    }

    #[test]
    fn rules_are_read_and_written_back() {
        for text in ["errors>5%/10s", "p99>500ms/1m30s"] {
            let rule: Rule = text.parse().unwrap();
            assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
        }
        for wrong in ["errors>5%", "errors>5%/0s", "errors>5%/2h", "/10s", "p99>500ms/"] {
            assert!(wrong.parse::<Rule>().is_err(), "{wrong}");
        }
    }
}
