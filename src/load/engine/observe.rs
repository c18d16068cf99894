//! Collects what the threads of a run have laid on their shelves, ten times a second, and tells of it as samples.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::clock::Clocks;
use super::{Gauges, Shared, TICK, nanoseconds};
use crate::load::record::Record;
use crate::load::sample::{Ended, Generator, Sample};

/// Parts that make up the last second.
const PARTS: usize = 10;

/// What is known from the parts so far.
struct Observer<'s> {
    shared: &'s Shared,
    sample: Sample,
    /// The parts of the last second, each with its begin.
    recent: VecDeque<(Instant, Box<Record>)>,
    before: Instant,
    clocks: Clocks,
    /// The machine's time when it began to count.
    origin: Option<(u64, u64)>,
}

/// Tells of a run until all of its threads have ended.
pub(super) fn observe(shared: &Shared, ends: &Receiver<Infallible>, sender: &watch::Sender<Arc<Sample>>) {
    let (sample, recent, clocks) = (Sample::default(), VecDeque::new(), Clocks::now());
    let mut observer = Observer { shared, sample, recent, before: Instant::now(), clocks, origin: None };
    loop {
        // Nothing is ever sent: the channel closes when the last thread has ended.
        let over = matches!(ends.recv_timeout(TICK), Err(RecvTimeoutError::Disconnected));
        observer.collect();
        if over {
            let ended = if shared.stop.is_cancelled() { Ended::Stopped } else { Ended::Done };
            observer.sample.ended = Some(ended);
        }
        // Nobody looking is fine.
        _ = sender.send(Arc::new(observer.sample.clone()));
        if over {
            return;
        }
    }
}

impl Observer<'_> {
    fn collect(&mut self) {
        let now = Instant::now();
        // The part that leaves the last second makes room for the one that comes.
        let oldest = if self.recent.len() < PARTS { None } else { self.recent.pop_front() };
        let mut part = oldest.map_or_else(Box::default, |(_, oldest)| {
            self.sample.last.subtract(&oldest);
            oldest
        });
        part.clear();
        let gauges: Vec<Gauges> = (0..self.shared.shelves.len()).map(|thread| self.clear(thread, &mut part)).collect();
        self.sample.whole.add(&part);
        self.sample.last.add(&part);
        self.recent.push_back((self.before, part));
        self.before = now;
        self.sample.last_span = self.recent.front().map_or(TICK, |(first, _)| now - *first);
        self.tell(&gauges, now);
    }

    /// Takes what lies on a shelf.
    fn clear(&mut self, thread: usize, part: &mut Record) -> Gauges {
        let shelf = || self.shared.shelves[thread].lock().unwrap_or_else(PoisonError::into_inner);
        let (full, warm, gauges) = {
            let mut shelf = shelf();
            (shelf.full.take(), shelf.warm.take(), shelf.gauges)
        };
        if let Some(mut full) = full {
            part.add(&full);
            full.clear();
            shelf().spare = Some(full);
        }
        if let Some(warm) = warm {
            let mut all = self.sample.warm.take().map_or_else(Record::default, |known| Record::clone(&known));
            all.add(&warm);
            self.sample.warm = Some(Arc::new(all));
        }
        gauges
    }

    fn tell(&mut self, gauges: &[Gauges], now: Instant) {
        let sum = |of: fn(&Gauges) -> usize| gauges.iter().map(of).sum();
        let sample = &mut self.sample;
        sample.connections = sum(|gauges| gauges.connections);
        sample.in_flight = sum(|gauges| gauges.in_flight);
        sample.backlog = sum(|gauges| gauges.backlog);
        sample.backlog_max = sum(|gauges| gauges.backlog_max);
        sample.planned = gauges.iter().map(|gauges| gauges.planned).sum();
        let jump = self.clocks.look();
        let Some(begun) = self.shared.begun.get() else { return };
        let counts = *begun + self.shared.plan.warm_up;
        // The end is when the last thread ended, not when that was seen.
        let now = gauges.iter().map(|gauges| gauges.ended).collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max()).unwrap_or(now);
        sample.elapsed = now.saturating_duration_since(counts);
        sample.warming = (now < counts).then(|| now.saturating_duration_since(*begun));
        if now >= counts {
            let machine = *self.origin.get_or_insert_with(machine_time);
            sample.generator = Generator { clock_jump_ns: nanoseconds(jump), ..generator(self.shared, gauges, sample.elapsed, machine) };
        }
    }
}

fn generator(shared: &Shared, gauges: &[Gauges], elapsed: Duration, (stolen, machine): (u64, u64)) -> Generator {
    let now = machine_time();
    Generator {
        threads: gauges.len(),
        wall_ns: nanoseconds(elapsed),
        cpu_ns: gauges.iter().map(|gauges| nanoseconds(gauges.cpu)).sum(),
        busiest_ns: gauges.iter().map(|gauges| nanoseconds(gauges.cpu)).max().unwrap_or(0),
        involuntary: gauges.iter().map(|gauges| gauges.involuntary).sum(),
        stolen: now.0.saturating_sub(stolen),
        machine: now.1.saturating_sub(machine),
        quantum_ns: nanoseconds(shared.quantum),
        coarse: gauges.iter().any(|gauges| gauges.coarse),
        clock_jump_ns: 0,
    }
}

/// Of the machine's CPU time so far, what the hypervisor gave to others, and all of it (proc(5): user nice system idle iowait irq softirq steal).
fn machine_time() -> (u64, u64) {
    let times = std::fs::read_to_string("/proc/stat").ok().and_then(|text| {
        let times: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).take(8).filter_map(|word| word.parse().ok()).collect();
        Some((*times.get(7)?, times.iter().sum()))
    });
    times.unwrap_or((0, 0))
}
