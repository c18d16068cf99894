//! One thread of a run: its lanes, its share of the plan, and what it measured. Nothing in here is seen by another thread but what lies on its shelf.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::deadline::{self, Deadline};
use super::dispatch::Dispatch;
use super::lane::{Group, Lane};
use super::timer::Timer;
use super::{Gauges, Shared, TICK, patience};
use crate::load::chance::Random;
use crate::load::plan::Pace;
use crate::load::record::Record;
use crate::load::schedule::Schedule;

/// Requests of a closed loop that a thread takes at once, at most.
const BLOCK: u64 = 1_024;

/// How often the kernel is asked how often a thread had to wait for its turn, in ticks.
const SELDOM: u64 = 10;

/// In this time the connections of a closed loop are opened.
const OPENING: Duration = Duration::from_millis(50);

/// When the connection of that number is opened, of so many.
fn turn(number: usize, connections: usize) -> Duration {
    OPENING.mul_f64(number as f64 / connections.max(1) as f64)
}

/// What the lanes of one thread share.
pub(super) struct Shard {
    pub(super) shared: Arc<Shared>,
    thread: usize,
    pub(super) record: RefCell<Box<Record>>,
    warm: RefCell<Option<Box<Record>>>,
    /// When this run began, and when it began to count.
    begun: Cell<Instant>,
    counts: Cell<Instant>,
    pub(super) dispatch: Dispatch,
    pub(super) deadlines: Vec<Deadline>,
    pub(super) connections: Cell<usize>,
    pub(super) in_flight: Cell<usize>,
    /// Lanes that have tried their connection, and word of it.
    tried: Cell<usize>,
    tried_one: Notify,
    permits: Cell<u64>,
    turn: Cell<usize>,
    /// Of each endpoint, the address that is connected to next.
    next_address: Vec<Cell<usize>>,
    pub(super) random: RefCell<Random>,
    ticks: Cell<u64>,
    /// CPU time and involuntary switches before anything counted.
    before: Cell<Option<(Duration, u64)>>,
    involuntary: Cell<u64>,
    coarse: Cell<bool>,
}

/// The whole life of a thread.
pub(super) fn work(thread: usize, shared: &Arc<Shared>) {
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        let shard = Rc::new(Shard::new(thread, shared.clone()));
        let all = LocalSet::new();
        // A task of its own: what a set runs directly is polled whenever any of its tasks is.
        let run = all.spawn_local(shard.run());
        _ = runtime.block_on(all.run_until(run));
    }
}

impl Shard {
    fn new(thread: usize, shared: Arc<Shared>) -> Self {
        let lanes = (thread..shared.plan.connections).step_by(shared.threads).count() * shared.plan.streams;
        let now = Instant::now();
        Self {
            thread,
            record: RefCell::default(),
            warm: RefCell::new((!shared.plan.warm_up.is_zero()).then(Box::default)),
            begun: Cell::new(now),
            counts: Cell::new(now),
            dispatch: Dispatch::new(lanes),
            deadlines: (0..lanes).map(|_| Deadline::default()).collect(),
            connections: Cell::default(),
            in_flight: Cell::default(),
            tried: Cell::default(),
            tried_one: Notify::new(),
            permits: Cell::default(),
            turn: Cell::new(thread % shared.turns.len()),
            next_address: shared.endpoints.iter().map(|_| Cell::new(thread)).collect(),
            random: RefCell::new(Random(thread as u64)),
            ticks: Cell::default(),
            before: Cell::default(),
            involuntary: Cell::default(),
            coarse: Cell::default(),
            shared,
        }
    }

    async fn run(self: Rc<Self>) {
        let plan = &self.shared.plan;
        let schedule = Schedule::of(plan, self.thread, self.shared.threads);
        let mut lanes = self.lanes(schedule.is_some());
        let mut stop = pin!(self.shared.stop.cancelled());
        if schedule.is_some() {
            let ready = async {
                while self.tried.get() < self.deadlines.len() {
                    self.tried_one.notified().await;
                }
                self.shared.ready.wait().await;
            };
            tokio::select! {
                () = &mut stop => {}
                () = ready => {}
            }
        }
        self.begin();
        let end = self.counts.get() + plan.duration;
        let mut over = pin!(self.over(schedule, &mut lanes));
        let mut end = pin!(sleep_until(end.into()));
        let (mut tick, mut look) = (interval(TICK), interval(deadline::grain(plan.timeout)));
        // Ticks that were missed need not be made up for.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // A plan is kept to the microsecond, which takes a thread that is woken at once.
        let mut hasty = plan.pace == Pace::Max;
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = &mut over => break,
                () = &mut end => break,
                _ = tick.tick() => {
                    self.hand_over(None);
                    // Connections are opened as others open them: of a server with several processes, the first that wakes would take all of them otherwise.
                    if hasty && self.begun.get().elapsed() >= TICK {
                        patience::learn();
                        hasty = false;
                    }
                }
                _ = look.tick() => self.look(),
            }
        }
        let ended = Instant::now();
        self.give_up(ended.saturating_duration_since(self.begun.get()));
        self.hand_over(Some(ended));
    }

    fn begin(&self) {
        let begun = *self.shared.begun.get_or_init(Instant::now);
        self.begun.set(begun);
        self.counts.set(begun + self.shared.plan.warm_up);
    }

    /// Lanes, each a task of this thread.
    fn lanes(self: &Rc<Self>, open: bool) -> JoinSet<()> {
        let mut lanes = JoinSet::new();
        for index in 0..self.deadlines.len() / self.shared.plan.streams {
            let group = Rc::new(Group::new(self.shared.endpoints.len()));
            for stream in 0..self.shared.plan.streams {
                let lane = Lane::new(self.clone(), group.clone(), index * self.shared.plan.streams + stream);
                if open {
                    lanes.spawn_local(lane.open())
                } else {
                    lanes.spawn_local(lane.closed())
                };
            }
        }
        lanes
    }

    /// Until a lane of a closed loop may open its connection: one after the other in the first moments of a run. Of a server with several processes, the one
    /// that wakes first would take most of them if all were asked for at once; one that is at work leaves the next to the others. Where requests are counted,
    /// the first connections would have done them all.
    pub(super) async fn turn_to_open(&self, lane: usize) {
        let plan = &self.shared.plan;
        if plan.requests.is_none() {
            let number = self.thread + lane / plan.streams * self.shared.threads;
            sleep_until((self.begun.get() + turn(number, plan.connections)).into()).await;
        }
    }

    /// Until everything that was planned has been done.
    async fn over(&self, schedule: Option<Schedule>, lanes: &mut JoinSet<()>) {
        match schedule {
            Some(schedule) => {
                let timer = Timer::new();
                self.coarse.set(timer.coarse());
                self.dispatch(schedule, timer, self.begun.get()).await;
            }
            None => while lanes.join_next().await.is_some() {},
        }
    }

    /// A lane has tried to connect.
    pub(super) fn has_tried(&self) {
        self.tried.set(self.tried.get() + 1);
        self.tried_one.notify_one();
    }

    /// It is sent before anything counts.
    pub(super) fn is_warm(&self, moment: Instant) -> bool {
        !self.shared.plan.warm_up.is_zero() && moment < self.counts.get()
    }

    /// Into the record that the request belongs to. What began in the warm-up and ends long after it counts nowhere.
    pub(super) fn note(&self, warm: bool, write: impl FnOnce(&mut Record)) {
        if !warm {
            write(&mut self.record.borrow_mut());
        } else if let Some(record) = &mut *self.warm.borrow_mut() {
            write(record);
        }
    }

    /// One more request of a closed loop may be begun.
    pub(super) fn permit(&self) -> bool {
        if self.shared.plan.requests.is_none() || self.is_warm(Instant::now()) {
            return true;
        }
        if self.permits.get() == 0 {
            self.permits.set(self.block());
        }
        let left = self.permits.get();
        self.permits.set(left.saturating_sub(1));
        left > 0
    }

    /// Takes requests from those that are left: fewer the fewer there are, so that all threads end together.
    fn block(&self) -> u64 {
        let share = |left: u64| (left / (4 * self.shared.threads as u64)).clamp(1, BLOCK).min(left);
        let taken = self.shared.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left - share(left)));
        taken.map_or(0, share)
    }

    /// The endpoint of the next request of a closed loop.
    pub(super) fn turn(&self) -> usize {
        let turns = &self.shared.turns;
        if turns.len() == 1 {
            return 0;
        }
        let turn = self.turn.get();
        self.turn.set((turn + 1) % turns.len());
        turns[turn]
    }

    /// The address that an endpoint is connected to next.
    pub(super) fn address(&self, endpoint: usize) -> std::net::SocketAddr {
        let addresses = &self.shared.endpoints[endpoint].addresses;
        let next = self.next_address[endpoint].replace(self.next_address[endpoint].get() + 1);
        addresses[next % addresses.len()]
    }

    /// Ends what takes too long.
    fn look(&self) {
        let now = Instant::now();
        self.deadlines.iter().for_each(|deadline| deadline.look(now, self.shared.plan.timeout));
    }

    /// Lays what was measured on the shelf: the whole record for an empty one, so that it costs next to nothing.
    fn hand_over(&self, ended: Option<Instant>) {
        let gauges = self.gauges(ended);
        let mut record = self.record.borrow_mut();
        let mut shelf = self.shared.shelves[self.thread].lock().unwrap_or_else(PoisonError::into_inner);
        shelf.gauges = gauges;
        if ended.is_some() || Instant::now() > self.counts.get() + TICK {
            shelf.warm = shelf.warm.take().or_else(|| self.warm.take());
        }
        match (shelf.full.take(), ended) {
            // Where there is no empty one yet, what was measured waits for the next time.
            (None, None) => shelf.full = shelf.spare.take().map(|spare| std::mem::replace(&mut *record, spare)),
            (None, Some(_)) => shelf.full = Some(std::mem::take(&mut *record)),
            (Some(mut full), Some(_)) => {
                full.add(&record);
                shelf.full = Some(full);
            }
            (full, None) => shelf.full = full,
        }
    }

    fn gauges(&self, ended: Option<Instant>) -> Gauges {
        let ticks = self.ticks.replace(self.ticks.get() + 1);
        if ticks.is_multiple_of(SELDOM) || ended.is_some() {
            self.involuntary.set(involuntary().unwrap_or(0));
        }
        let cpu = cpu_time();
        let (cpu_before, involuntary_before) = match self.before.get() {
            Some(before) => before,
            None => {
                let now = (cpu, self.involuntary.get());
                if !self.is_warm(Instant::now()) {
                    self.before.set(Some(now));
                }
                now
            }
        };
        Gauges {
            connections: self.connections.get(),
            in_flight: self.in_flight.get(),
            planned: self.dispatch.planned.get(),
            backlog: self.dispatch.backlog(),
            backlog_max: self.dispatch.backlog_max.get(),
            cpu: cpu.saturating_sub(cpu_before),
            involuntary: self.involuntary.get().saturating_sub(involuntary_before),
            coarse: self.coarse.get(),
            ended,
        }
    }

    /// What still waits when a run ends, and what was due and not even looked at, was never sent.
    fn give_up(&self, elapsed: Duration) {
        let Some(mut all) = Schedule::of(&self.shared.plan, self.thread, self.shared.threads) else { return };
        let unseen = all.leave_out(super::nanoseconds(elapsed)).saturating_sub(self.dispatch.seen());
        self.planned(self.dispatch.forget() + unseen, unseen);
    }

    /// So many slots were planned, and so many missed.
    pub(super) fn planned(&self, missed: u64, all: u64) {
        self.dispatch.planned.set(self.dispatch.planned.get() + all);
        if missed > 0 {
            self.record.borrow_mut().missed += missed;
        }
    }
}

/// CPU time of this thread so far.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// How often this thread was made to wait by the scheduler (proc(5)).
fn involuntary() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_opened_one_after_the_other_in_no_time_to_speak_of() {
        let turns = |connections: usize| (0..connections).map(|number| turn(number, connections)).collect::<Vec<_>>();
        assert_eq!(turns(1), [Duration::ZERO]);
        assert_eq!(turns(8)[..3], [0, 6_250, 12_500].map(Duration::from_micros));
        let many = turns(10_000);
        assert!(many.is_sorted() && many[9_999] < OPENING && many[1] > Duration::ZERO);
    }
}
