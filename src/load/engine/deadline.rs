//! How long an answer may take, without a timer for every request: a lane notes when it began, and a thread looks at all its lanes now and then.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// One lane's clock.
#[derive(Default)]
pub(super) struct Deadline {
    since: Cell<Option<Instant>>,
    expired: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// How often to look: an answer may take a twentieth longer than it may, at least a millisecond, at most a tenth of a second.
pub(super) fn grain(timeout: Duration) -> Duration {
    (timeout / 20).clamp(Duration::from_millis(1), Duration::from_millis(100))
}

impl Deadline {
    /// What a future that began then answers, or none if [`Self::look`] found that it takes too long. It is pinned by the caller, because a large one would
    /// be moved here for every request.
    pub(super) async fn limit<T>(&self, begun: Instant, mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        self.since.set(Some(begun));
        self.expired.set(false);
        let outcome = poll_fn(|context| {
            if self.expired.get() {
                return Poll::Ready(None);
            }
            let polled = future.as_mut().poll(context).map(Some);
            if polled.is_pending() {
                let mut waker = self.waker.borrow_mut();
                if !waker.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
                    *waker = Some(context.waker().clone());
                }
            }
            polled
        })
        .await;
        self.since.set(None);
        outcome
    }

    /// Ends what takes longer.
    pub(super) fn look(&self, now: Instant, timeout: Duration) {
        if self.since.get().is_some_and(|since| now.duration_since(since) >= timeout) {
            self.expired.set(true);
            if let Some(waker) = &*self.waker.borrow() {
                waker.wake_by_ref();
            }
        }
    }
}
