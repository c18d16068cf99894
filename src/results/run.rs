//! What is known of one run, as plain values that are written as JSON. No files and no clock: times are parameters.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::interval::{Bucket, Interval, Latencies, buckets, errors, grow, millionths, rate, total};
use super::told::{Endpoint, Generator, WarmUp};
use super::{Provenance, Shape, Subject, settled};
use crate::load::audit::{Figures, Reason, Stamp};
use crate::load::plan::{Pace, Plan};
use crate::load::record::Class;
use crate::load::sample::{Ended, Sample};
use crate::names::Problem;
use crate::text::age::nanoseconds;
use crate::text::sanitise;

/// One run. In JSON every time span is in nanoseconds and every moment RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its name, and the name of its folder; sorts by start.
    pub id: String,
    /// How far it got.
    pub state: State,
    /// The rule that ended it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborted_by: Option<String>,
    /// What was loaded.
    pub target: Subject,
    /// What was planned.
    pub plan: Shape,
    /// When it began.
    pub started: Timestamp,
    /// How much later that is than what the clock said, which had been set back: no run stands before one that it came after.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub put_off_ns: u64,
    /// When it ended, once it has: what the steady clock counted since it began, whatever the wall clock was set to.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// How long it has loaded its target.
    #[serde(default)]
    pub elapsed_ns: u64,
    /// Whole answers, those with an error status among them.
    #[serde(default)]
    pub requests: u64,
    /// Whole answers a second over the whole run.
    #[serde(default)]
    pub requests_per_second: f64,
    /// Requests that were sent and cut off at the end. Not an error of the target.
    #[serde(default)]
    pub unfinished: u64,
    /// Bytes read.
    #[serde(default)]
    pub bytes: u64,
    /// Failures by the name of their class; only those there were.
    #[serde(default)]
    pub errors: BTreeMap<String, u64>,
    /// What was said first of each of these classes, where anything was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub because: BTreeMap<String, String>,
    /// Response time: to the last byte read, from the moment the plan meant a request to be sent, or from the send where nothing was planned.
    #[serde(default)]
    pub latencies: Latencies,
    /// Service time: from the first byte written to the last byte read.
    #[serde(default)]
    pub service: Latencies,
    /// From the moment the plan meant a request to be sent until it was; empty where nothing was planned.
    #[serde(default)]
    pub lateness: Latencies,
    /// Answers by latency, fastest first.
    #[serde(default)]
    pub histogram: Vec<Bucket>,
    /// CPU time of the whole program while it ran, where the system tells.
    #[serde(default)]
    pub client_cpu_ns: Option<u64>,
    /// Whether it may be believed, once it has ended.
    #[serde(default)]
    pub stamp: Option<Stamp>,
    /// Why not simply so, the worst first.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// Mean rate of the plan in requests a second; none in a closed loop.
    #[serde(default)]
    pub planned_rate: Option<f64>,
    /// Slots of the plan that were due and never sent. Not an error of the target.
    #[serde(default)]
    pub missed: u64,
    /// The most slots that ever waited for a connection.
    #[serde(default)]
    pub backlog_max: u64,
    /// What came before anything counted.
    #[serde(default)]
    pub warm_up: Option<WarmUp>,
    /// What the generator did.
    #[serde(default)]
    pub generator: Option<Generator>,
    /// Answers by status.
    #[serde(default)]
    pub statuses: BTreeMap<u16, u64>,
    /// Answers by the address they came from.
    #[serde(default)]
    pub peers: BTreeMap<String, u64>,
    /// What belongs to each of several endpoints; empty where there is one.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// What it belongs to.
    #[serde(default, skip_serializing_if = "Provenance::is_empty")]
    pub provenance: Provenance,
}

/// How far a run got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It runs.
    Running,
    /// It ended as planned.
    Done,
    /// Somebody stopped it.
    Stopped,
    /// One of its rules ended it.
    Aborted,
    /// Its program ended before it did. Written by whoever looks at it first: one that says it runs, and that nobody writes any more.
    Interrupted,
}

impl Run {
    /// A run that is about to begin.
    pub fn begin(id: String, target: Subject, plan: &Plan, started: Timestamp) -> Self {
        Self {
            planned_rate: plan.pace.mean(plan.duration).map(millionths),
            endpoints: if plan.also.is_empty() { Vec::new() } else { plan.endpoints().iter().map(Endpoint::planned).collect() },
            ..Self::blank(id, target, Shape::of(plan), started)
        }
    }

    /// A run of which nothing is known yet.
    pub(super) fn blank(id: String, target: Subject, plan: Shape, started: Timestamp) -> Self {
        Self {
            id,
            state: State::Running,
            aborted_by: None,
            target,
            plan,
            started,
            put_off_ns: 0,
            ended: None,
            elapsed_ns: 0,
            requests: 0,
            requests_per_second: 0.0,
            unfinished: 0,
            bytes: 0,
            errors: BTreeMap::new(),
            because: BTreeMap::new(),
            latencies: Latencies::default(),
            histogram: Vec::new(),
            client_cpu_ns: None,
            service: Latencies::default(),
            lateness: Latencies::default(),
            stamp: None,
            reasons: Vec::new(),
            planned_rate: None,
            missed: 0,
            backlog_max: 0,
            warm_up: None,
            generator: None,
            statuses: BTreeMap::new(),
            peers: BTreeMap::new(),
            endpoints: Vec::new(),
            provenance: Provenance::default(),
        }
    }

    /// Takes in what has been measured so far.
    pub fn take(&mut self, sample: &Sample) {
        self.elapsed_ns = nanoseconds(sample.elapsed);
        self.requests = sample.whole.requests();
        self.requests_per_second = rate(self.requests, self.elapsed_ns);
        self.unfinished = sample.in_flight as u64;
        self.bytes = sample.whole.bytes;
        self.errors = errors(&sample.whole);
        let because = |class: Class| sample.whole.reason(class).map(|reason| (class.name().to_owned(), reason.to_owned()));
        self.because = Class::ALL.into_iter().filter_map(because).collect();
        self.latencies = Latencies::of(sample.whole.response());
        self.service = Latencies::of(sample.whole.service());
        self.lateness = sample.whole.lateness().map(Latencies::of).unwrap_or_default();
        self.histogram = buckets(&sample.whole);
        self.missed = sample.whole.missed;
        self.backlog_max = sample.backlog_max as u64;
        self.warm_up = sample.warm.as_deref().map(|warm| WarmUp::of(warm, self.plan.warm_up_ns));
        self.generator = Some(Generator::of(&sample.generator));
        self.statuses = sample.whole.statuses().into_iter().collect();
        self.peers = sample.whole.peers().into_iter().map(|(address, count)| (address.to_string(), count)).collect();
        self.endpoints.iter_mut().zip(sample.whole.endpoints()).for_each(|(endpoint, part)| endpoint.take(part));
        self.state = match sample.ended {
            None => State::Running,
            Some(Ended::Done) => State::Done,
            Some(Ended::Stopped) => State::Stopped,
        };
    }

    /// Says whether it may be believed, of its last sample and the median latency of each of its seconds.
    pub fn judge(&mut self, plan: &Plan, last: &Sample, medians: &[f64]) {
        // A rate that is meant to move moves latencies.
        let steady = !matches!(plan.pace, Pace::Ramp { .. } | Pace::Stages(_) | Pace::Burst { .. } | Pace::Replay(_));
        let trend = if steady { settled::moved(medians) } else { None };
        let (stamp, reasons) = Figures::of(plan, last, trend).judge();
        let kept = |reason: Reason| Reason { value: millionths(reason.value), limit: millionths(reason.limit), ..reason };
        self.stamp = Some(stamp);
        self.reasons = reasons.into_iter().map(kept).collect();
    }

    /// Takes in what is left of a run whose program ended too early: its lines, and its latencies where they were logged, for percentiles of a whole do not
    /// follow from those of its parts.
    pub fn interrupted(&mut self, lines: &[Interval], logged: Option<Latencies>) {
        self.state = State::Interrupted;
        self.elapsed_ns = lines.last().map_or(0, |line| line.elapsed_ns);
        self.ended = self.started.checked_add(Duration::from_nanos(self.elapsed_ns)).ok();
        self.requests = total(lines.iter().map(|line| line.requests));
        self.requests_per_second = rate(self.requests, self.elapsed_ns);
        self.unfinished = lines.last().map_or(0, |line| line.in_flight);
        self.missed = total(lines.iter().map(|line| line.missed));
        self.bytes = total(lines.iter().map(|line| line.bytes));
        let mut by_latency: BTreeMap<u64, u64> = BTreeMap::new();
        for line in lines {
            line.errors.iter().for_each(|(class, count)| grow(self.errors.entry(class.clone()).or_default(), *count));
            line.histogram.iter().for_each(|bucket| grow(by_latency.entry(bucket.up_to_ns).or_default(), bucket.count));
        }
        self.histogram = by_latency.into_iter().map(|(up_to_ns, count)| Bucket { up_to_ns, count }).collect();
        let waited = |line: &Interval| u128::from(line.latencies.mean.unwrap_or(0)) * u128::from(line.requests);
        let waited = lines.iter().map(waited).fold(0, u128::saturating_add);
        self.latencies = logged.unwrap_or_else(|| Latencies {
            min: lines.iter().filter_map(|line| line.latencies.min).min(),
            mean: waited.checked_div(u128::from(self.requests)).and_then(|mean| u64::try_from(mean).ok()),
            max: lines.iter().filter_map(|line| line.latencies.max).max(),
            ..Latencies::default()
        });
    }

    /// Where its latencies begin: `plan`, when a request was meant to be sent; `send`; or `unknown`, which only a file of somebody else can be.
    pub fn latency(&self) -> &str {
        match &self.provenance.imported {
            Some(from) => &from.latency,
            None if self.planned_rate.is_some() => "plan",
            None => "send",
        }
    }

    /// By what runs are put in order: when they began, and their names where that is the same.
    pub fn order(&self) -> (Timestamp, &str) {
        (self.started, &self.id)
    }

    /// Answers without an error status.
    pub fn succeeded(&self) -> u64 {
        self.requests.saturating_sub(total(self.errors.iter().filter(|(name, _)| is_answer(name)).map(|(_, count)| *count)))
    }

    /// All that was tried: answers, and failures that were none.
    pub fn tried(&self) -> u64 {
        self.succeeded().saturating_add(self.failed())
    }

    /// All failures.
    pub fn failed(&self) -> u64 {
        total(self.errors.values().copied())
    }

    /// Failures by class, in the order of [`Class::ALL`].
    pub fn failures(&self) -> impl Iterator<Item = (Class, u64)> + '_ {
        Class::ALL.into_iter().filter_map(|class| self.errors.get(class.name()).map(|count| (class, *count)))
    }

    /// Failures that another program told by names of its own.
    pub fn foreign_failures(&self) -> impl Iterator<Item = (&str, u64)> {
        self.errors.iter().filter(|(name, _)| Class::ALL.iter().all(|class| class.name() != *name)).map(|(name, count)| (name.as_str(), *count))
    }

    /// What a class of failures means here: in general, and what was said first.
    pub fn meaning(&self, class: Class) -> String {
        self.because.get(class.name()).map_or_else(|| class.meaning().to_owned(), |reason| format!("{}: {reason}", class.meaning()))
    }

    /// What ended it before its time, as a clause: `its rule p99>1s/30s`; rules have no spaces, other reasons are sentences.
    pub fn cut_by(&self) -> Option<String> {
        self.aborted_by.as_ref().map(|cause| if cause.contains(' ') { cause.clone() } else { format!("its rule {cause}") })
    }

    /// Why it cannot count as a measurement: nothing succeeded, and what stood in the way most often.
    pub fn trouble(&self) -> Option<Problem> {
        if self.succeeded() > 0 || self.state == State::Running {
            return None;
        }
        let none = Problem::new("perf.nothing-succeeded", format!("no request to {} succeeded", self.target.url), "");
        let Some((class, _)) = self.failures().max_by_key(|(_, count)| *count) else {
            let foreign: Vec<String> = self.foreign_failures().map(|(name, count)| format!("{count} × {name}")).collect();
            let why = if !foreign.is_empty() {
                foreign.join("; ")
            } else if self.unfinished > 0 {
                format!("it took {} requests and had not answered any when the run ended", self.unfinished)
            } else {
                "the run ended before one was sent".to_owned()
            };
            return Some(Problem { why, ..none }.hint("let it run longer; `curl -v` shows how far one request gets"));
        };
        let why: Vec<String> = self.failures().map(|(class, count)| format!("{} ({} × {})", self.meaning(class), count, class.name())).collect();
        Some(Problem { why: why.join("; "), ..none }.hint(class.remedy()))
    }

    /// Makes harmless what came from a file.
    pub(super) fn sanitised(mut self) -> Self {
        let clean = |text: &mut String| *text = sanitise(text).into_owned();
        clean(&mut self.id);
        self.aborted_by.iter_mut().for_each(clean);
        clean(&mut self.target.url);
        self.target.what.iter_mut().for_each(clean);
        self.target.cluster.iter_mut().for_each(clean);
        self.endpoints.iter_mut().for_each(|endpoint| [&mut endpoint.name, &mut endpoint.url].into_iter().for_each(clean));
        self.peers = self.peers.into_iter().map(|(peer, count)| (sanitise(&peer).into_owned(), count)).collect();
        self.provenance = self.provenance.sanitised();
        self.because = self.because.into_iter().map(|(class, reason)| (sanitise(&class).into_owned(), sanitise(&reason).into_owned())).collect();
        self.plan.request = self.plan.request.sanitised();
        self.errors = self.errors.into_iter().map(|(class, count)| (sanitise(&class).into_owned(), count)).collect();
        self
    }
}

/// A failure of that name came with a whole answer; `status` and `grpc CODE` are the words of other programs for that.
fn is_answer(name: &str) -> bool {
    Class::ALL.iter().any(|class| class.answered() && class.name() == name) || name == "status" || name.starts_with("grpc ")
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::load::record::Record;
    use crate::load::target::Target;

    /// A sample after so many seconds and answers of a millisecond.
    pub(in crate::results) fn sample(seconds: u64, answers: u64, timeouts: u64, ended: Option<Ended>) -> Sample {
        let mut whole = Record::default();
        (0..answers).for_each(|_| whole.answer(1_000_000, 10));
        (0..timeouts).for_each(|_| whole.error(Class::Timeout));
        let elapsed = Duration::from_secs(seconds);
        Sample { elapsed, whole, connections: 4, in_flight: 2, ended, ..Sample::default() }
    }

    pub(in crate::results) fn run() -> Run {
        let plan = Plan::gentle(Target::parse("127.0.0.1:8080/a").unwrap());
        Run::begin("x".into(), Subject { url: plan.target.url().into(), ..Subject::default() }, &plan, Timestamp::from_second(1_700_000_000).unwrap())
    }

    #[test]
    fn json_holds_what_scripts_look_for() {
        let mut run = run();
        run.take(&sample(2, 1000, 3, Some(Ended::Done)));
        let json = serde_json::to_value(&run).unwrap();
        assert_eq!(json["requests_per_second"], 500.0);
        assert_eq!(json["started"], "2023-11-14T22:13:20Z");
        assert_eq!(json["state"], "done");
        assert_eq!(json["errors"], serde_json::json!({"timeout": 3}));
        assert_eq!(json["plan"]["rate"], serde_json::Value::Null);
        // 1,000 answers: ten beyond p99, one beyond p99.9. Three digits are kept.
        let p99 = json["latencies"]["p99"].as_u64().unwrap();
        assert!((999_000..=1_001_000).contains(&p99), "{p99}");
        assert_eq!(json["latencies"]["p99_9"], serde_json::Value::Null);
        assert_eq!(serde_json::from_value::<Run>(json).unwrap(), run);
    }

    #[test]
    fn lines_add_up_to_the_whole() {
        let samples = [sample(1, 100, 0, None), sample(2, 250, 1, None), sample(3, 400, 4, Some(Ended::Done))];
        let lines: Vec<Interval> =
            (0..3_usize).map(|at| Interval::between(at.checked_sub(1).and_then(|before| samples.get(before)), &samples[at])).collect();
        assert_eq!(lines.iter().map(|line| line.requests).collect::<Vec<_>>(), [100, 150, 150]);
        let (mut whole, mut parts) = (run(), run());
        whole.take(&samples[2]);
        parts.interrupted(&lines, None);
        assert_eq!((parts.state, parts.latencies.p50), (State::Interrupted, None));
        assert_eq!(parts.ended.map(|ended| ended.as_second()), Some(1_700_000_003));
        let facts =
            |run: &Run| (run.requests, run.bytes, run.errors.clone(), run.elapsed_ns, run.histogram.clone(), run.latencies.min, run.latencies.max);
        assert_eq!(facts(&parts), facts(&whole));
    }

    #[test]
    fn a_run_without_success_says_what_stood_in_the_way() {
        let mut run = run();
        run.take(&sample(1, 0, 7, Some(Ended::Done)));
        let problem = run.trouble().unwrap();
        assert!(problem.why.contains("no whole answer came in time (7 × timeout)"), "{problem}");
        run.take(&sample(1, 0, 0, Some(Ended::Stopped)));
        assert!(run.trouble().unwrap().why.contains("2 requests"), "{run:?}");
        let foreign = Run { errors: [("socket".to_owned(), 5)].into(), state: State::Done, requests: 0, ..run.clone() };
        assert_eq!(foreign.trouble().unwrap().why, "5 × socket");
        run.take(&sample(1, 1, 7, Some(Ended::Done)));
        assert_eq!(run.trouble(), None);
    }
}
