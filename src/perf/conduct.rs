//! The thread of a run: load, keep a line a second, end by a rule, store. What is ordered and how it is watched is in `perf`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::abort::Judge;
use super::begun::Begun;
use super::{Finished, Order};
use crate::cluster::gate::Gate;
use crate::load::engine::{self, Ended, Sample};
use crate::names::Problem;
use crate::results::{Environment, Interval, Run, State, Store, Writing};

/// How often a line is kept.
const LINE: Duration = Duration::from_secs(1);
/// So long the log of latencies has a line for each of them too; after that each of its lines is a thousandth of the time before it, or a day would be more than
/// is ever read of a log.
const FINE: Duration = Duration::from_secs(3_600);

/// What the thread of a run works with.
pub(super) struct Job {
    order: Order,
    begun: Begun,
    /// Where it is measured.
    environment: Environment,
    gate: Gate,
    store: Store,
    stop: CancellationToken,
    sender: watch::Sender<Arc<Sample>>,
    /// Its folder, as long as that can be written.
    kept: Option<Writing>,
    /// The sample up to which its latencies are in the log.
    logged: Option<Arc<Sample>>,
    /// The median latency of each second, in nanoseconds.
    medians: Vec<f64>,
    problems: Vec<Problem>,
    /// Whether it is to end by itself.
    judge: Judge,
    /// The rule, or the loss, that ended it.
    aborted: Option<String>,
}

impl Job {
    pub(super) fn new(
        order: Order,
        begun: Begun,
        environment: Environment,
        gate: Gate,
        store: Store,
        stop: CancellationToken,
        sender: watch::Sender<Arc<Sample>>,
    ) -> Self {
        let judge = Judge::new(order.aborts.clone());
        let (medians, problems) = (Vec::new(), Vec::new());
        Self { order, begun, environment, gate, store, stop, sender, kept: None, logged: None, medians, problems, judge, aborted: None }
    }

    /// Does it all; returns when the last line is kept.
    pub(super) fn conduct(mut self, run: Run) -> Result<Finished, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| Problem::new("perf.thread", "the load test cannot be started", error.to_string()))?;
        let outcome = runtime.block_on(self.measure(run));
        // A resolver that hangs must not hold the answer back.
        runtime.shutdown_background();
        let mut run = outcome?;
        run.ended = Some(self.begun.stamp(Instant::now()));
        if let Some(rule) = self.aborted.take() {
            run.state = State::Aborted;
            run.aborted_by = Some(rule);
        }
        if let Some(kept) = self.kept.take() {
            let written = kept.finish(&run);
            self.note(written);
        }
        let (requests, failed) = (run.requests, run.failed());
        let how = match run.state {
            State::Stopped => "stopped",
            State::Aborted => "aborted",
            _ => "done",
        };
        self.audit(&format!("{how}: {requests} answers, {failed} failures"));
        Ok(Finished { run, problems: self.problems })
    }

    async fn measure(&mut self, mut run: Run) -> Result<Run, Problem> {
        let plan = self.order.plan.clone();
        // The load may take every file descriptor there is.
        self.keep_a_place(&run);
        self.audit("started");
        let cpu = cpu_time();
        let begun = tokio::task::spawn_blocking(move || engine::start(plan));
        let load = tokio::select! {
            begun = begun => match begun.map_err(|error| Problem::new("perf.lost", "the load test cannot be started", error.to_string())).flatten() {
                Ok(load) => load,
                Err(problem) => {
                    self.give_up_the_place();
                    self.audit(&format!("not loaded: {}", problem.what));
                    return Err(problem);
                }
            },
            () = self.stop.cancelled() => {
                self.give_up_the_place();
                let sample = Sample { ended: Some(Ended::Stopped), ..Sample::default() };
                run.take(&sample);
                self.sender.send_replace(Arc::new(sample));
                return Ok(run);
            }
        };
        let last = self.follow(&load).await;
        run.take(&last);
        run.judge(&self.order.plan, &last, &self.medians);
        run.client_cpu_ns = cpu.zip(cpu_time()).and_then(|(before, after)| u64::try_from(after.saturating_sub(before).as_nanos()).ok());
        Ok(run)
    }

    /// Makes the folder of the run and opens its files.
    fn keep_a_place(&mut self, run: &Run) {
        let begun = self.store.begin(run);
        let Some(mut kept) = self.note(begun) else { return };
        let told = [kept.environment(&self.environment), kept.open_log(run.started)];
        told.into_iter().for_each(|told| _ = self.note(told));
        self.kept = Some(kept);
    }

    /// Nothing was measured.
    fn give_up_the_place(&mut self) {
        if let Some(kept) = self.kept.take() {
            kept.discard();
        }
    }

    /// Hands samples on and keeps a line a second, until the last one.
    async fn follow(&mut self, load: &engine::Run) -> Arc<Sample> {
        let mut samples = load.samples();
        let mut kept: Option<Arc<Sample>> = None;
        let mut due = LINE;
        loop {
            let changed = tokio::select! {
                biased;
                problem = super::forward::lost(&self.order), if self.aborted.is_none() => {
                    self.aborted = Some(format!("the loss of its way: {}: {}", problem.what, problem.why));
                    self.note::<()>(Err(problem));
                    load.stop();
                    continue;
                }
                changed = until(&self.stop, samples.changed()) => changed,
            };
            if changed.is_none() {
                load.stop();
                // The last sample is on its way.
                self.stop = CancellationToken::new();
                continue;
            }
            let sample = samples.borrow_and_update().clone();
            let over = sample.ended.is_some() || matches!(changed, Some(Err(_)));
            if over || sample.elapsed >= due {
                self.keep(kept.as_deref(), &sample);
                self.log(&sample, over);
                kept = Some(sample.clone());
                due = LINE * u32::try_from(sample.elapsed.as_secs() + 1).unwrap_or(u32::MAX);
            }
            if !over && let Some(rule) = self.judge.broken(&sample) {
                self.aborted.get_or_insert_with(|| rule.to_string());
                load.stop();
            }
            self.sender.send_replace(sample.clone());
            if over {
                return sample;
            }
        }
    }

    fn keep(&mut self, before: Option<&Sample>, sample: &Sample) {
        let line = Interval::between(before, sample);
        // The last one may be a stump.
        if line.span_ns > LINE.as_nanos() as u64 / 2 {
            self.medians.extend(line.latencies.p50.map(|median| median as f64));
        }
        let Some(writing) = &mut self.kept else { return };
        let written = writing.append(&line);
        self.note(written);
    }

    /// Adds to the log of latencies what was measured since its last line, if that is due. What does not fit on a full disk is in a later line.
    fn log(&mut self, sample: &Arc<Sample>, over: bool) {
        let Some(writing) = &mut self.kept else { return };
        let from = self.logged.as_ref().map_or(Duration::ZERO, |before| before.elapsed);
        if !over && !due(from, sample.elapsed) {
            return;
        }
        let part = self.logged.as_ref().map_or_else(|| sample.whole.clone(), |before| sample.whole.since(&before.whole));
        // In a closed loop response and service time are one, and nothing is late.
        let mut parts = vec![(None, part.response().histogram())];
        if let Some(late) = part.lateness() {
            parts.extend([(Some("service"), part.service().histogram()), (Some("lateness"), late.histogram())]);
        }
        let logged = writing.log(from, sample.elapsed.saturating_sub(from), &parts);
        if self.note(logged).is_some() {
            self.logged = Some(sample.clone());
        }
    }

    /// Says in the audit log what is done to somebody's system.
    fn audit(&mut self, outcome: &str) {
        let written = self.gate.record(&self.order.action(), outcome, Timestamp::now().as_second());
        let told = written.map_err(|error| Problem::new("gate.audit", "the load is not in the audit log", error.to_string()));
        self.note(told);
    }

    /// Keeps a problem, once.
    fn note<T>(&mut self, outcome: Result<T, Problem>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(problem) => {
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
                None
            }
        }
    }
}

/// Whether the log gets a line of what was measured from one moment of a run to another.
fn due(from: Duration, now: Duration) -> bool {
    now < FINE || now.saturating_sub(from) >= now / 1_000
}

/// What a future answers, or nothing once a stop is asked for.
async fn until<T>(stop: &CancellationToken, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        answer = future => Some(answer),
    }
}

/// CPU time of this program so far.
fn cpu_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_a_day_has_a_line_a_second_for_an_hour_and_is_not_endless() {
        let lines = |seconds: u64| {
            let mut lines = vec![0];
            for now in 1..=seconds {
                if due(Duration::from_secs(lines[lines.len() - 1]), Duration::from_secs(now)) {
                    lines.push(now);
                }
            }
            lines.len() - 1
        };
        // 3,600 and then 1,000 × ln 24, or ln 168, for each line is a thousandth of what is before it: a little fewer, as seconds are whole.
        assert_eq!((lines(10), lines(3_599)), (10, 3_599));
        assert!((6_000..=6_800).contains(&lines(86_400)) && (7_500..=8_800).contains(&lines(7 * 86_400)), "{} {}", lines(86_400), lines(7 * 86_400));
    }
}
