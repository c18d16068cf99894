//! The plan of an open loop on one thread: slots that are due go to idle lanes, or wait in line, or are missed; nothing is ever left out silently.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::nanoseconds;
use super::shard::Shard;
use super::timer::Timer;
use crate::load::schedule::Schedule;

/// So many slots are handed out before others on this thread have their turn.
const BATCH: usize = 4_096;

/// One planned request.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) number: u64,
    /// When it was meant to be sent.
    pub(super) at: Instant,
    /// Before anything counts.
    pub(super) warm: bool,
}

/// Slots on their way to lanes.
#[derive(Default)]
pub(super) struct Dispatch {
    waiting: RefCell<VecDeque<Slot>>,
    /// Lanes without work, the one that has waited longest first.
    idle: RefCell<VecDeque<usize>>,
    posts: RefCell<Vec<Post>>,
    /// Nothing more will be due.
    over: Cell<bool>,
    /// Slots that were looked at, those of the warm-up among them.
    seen: Cell<u64>,
    pub(super) planned: Cell<u64>,
    pub(super) backlog_max: Cell<usize>,
    all_idle: Notify,
}

/// Where a lane finds its next slot.
#[derive(Default)]
struct Post {
    slot: Option<Slot>,
    waker: Option<Waker>,
}

impl Dispatch {
    pub(super) fn new(lanes: usize) -> Self {
        Self { posts: RefCell::new((0..lanes).map(|_| Post::default()).collect()), ..Self::default() }
    }

    /// Slots that wait for a lane.
    pub(super) fn backlog(&self) -> usize {
        self.waiting.borrow().len()
    }

    /// Slots that were looked at.
    pub(super) fn seen(&self) -> u64 {
        self.seen.get()
    }

    /// Forgets slots that wait; answers how many counted.
    pub(super) fn forget(&self) -> u64 {
        self.waiting.borrow_mut().drain(..).filter(|slot| !slot.warm).count() as u64
    }

    /// The next slot of a lane.
    pub(super) async fn next(&self, lane: usize) -> Slot {
        if let Some(slot) = self.waiting.borrow_mut().pop_front() {
            return slot;
        }
        self.idle.borrow_mut().push_back(lane);
        if self.over.get() {
            self.all_idle.notify_one();
        }
        std::future::poll_fn(|context| {
            let post = &mut self.posts.borrow_mut()[lane];
            if let Some(slot) = post.slot.take() {
                return std::task::Poll::Ready(slot);
            }
            if !post.waker.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
                post.waker = Some(context.waker().clone());
            }
            std::task::Poll::Pending
        })
        .await
    }

    /// To an idle lane, or into the line where there is room; false: it is missed.
    fn hand_out(&self, slot: Slot, room: usize) -> bool {
        if let Some(lane) = self.idle.borrow_mut().pop_front() {
            let post = &mut self.posts.borrow_mut()[lane];
            post.slot = Some(slot);
            if let Some(waker) = &post.waker {
                waker.wake_by_ref();
            }
            return true;
        }
        let mut waiting = self.waiting.borrow_mut();
        let fits = waiting.len() < room;
        if fits {
            waiting.push_back(slot);
            self.backlog_max.set(self.backlog_max.get().max(waiting.len()));
        }
        fits
    }

    /// Waits until every lane has nothing to do.
    async fn drained(&self) {
        self.over.set(true);
        while self.idle.borrow().len() < self.posts.borrow().len() {
            self.all_idle.notified().await;
        }
    }
}

impl Shard {
    /// Hands out this thread's slots when they are due, until the last one has been answered.
    pub(super) async fn dispatch(&self, mut schedule: Schedule, timer: Timer, begun: Instant) {
        let warm_up = nanoseconds(self.shared.plan.warm_up);
        let room = (self.shared.plan.backlog / self.shared.threads).max(1);
        let mut pending = schedule.next();
        while let Some((_, first)) = pending {
            let before = Instant::now();
            let now = nanoseconds(before.saturating_duration_since(begun));
            let mut handed = 0;
            while let Some((number, at)) = pending.filter(|(_, at)| *at <= now && handed < BATCH) {
                let slot = Slot { number, at: begun + Duration::from_nanos(at), warm: at < warm_up };
                let fits = self.dispatch.hand_out(slot, room);
                // Where the line is full, what else is due by now is missed as well.
                let missed = if fits { 0 } else { 1 + schedule.leave_out(now) };
                let all = missed.max(1);
                self.dispatch.seen.set(self.dispatch.seen.get() + all);
                if !slot.warm {
                    self.planned(missed, all);
                }
                handed += 1;
                pending = schedule.next();
            }
            let next = pending.map_or(first, |(_, at)| at);
            if pending.is_some() {
                timer.until((begun + Duration::from_nanos(next)).max(before + self.shared.quantum)).await;
            }
        }
        self.dispatch.drained().await;
    }
}
