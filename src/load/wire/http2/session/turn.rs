//! Whose turn it is to begin a stream: no more are open than the server allows, and whoever has waited longest is the next.

use std::task::{Context, Poll, Waker};

use super::{Broken, ENOUGH, LAST_STREAM, Ready, Session, State};

/// A lane that wants to begin; where it has to wait, it has drawn a number, and leaves its place to the next when it goes away.
pub(super) struct Turn<'a> {
    pub(super) session: &'a Session,
    pub(super) number: Option<u64>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.session.0.borrow_mut().forgo(number);
        }
    }
}

impl State {
    /// Opens a stream as soon as there may be one more and nobody has waited longer.
    pub(super) fn begin(&mut self, context: &Context, number: &mut Option<u64>, ready: &Ready, wanted: usize) -> Poll<Result<usize, Broken>> {
        if self.over.is_some() || self.next > LAST_STREAM {
            return Poll::Ready(Err(Broken::Elsewhere));
        }
        let place = number.and_then(|number| self.place(number));
        if place.unwrap_or(self.waiting.len()) >= self.room() {
            let waker = context.waker().clone();
            match place {
                Some(place) => self.waiting[place].1 = waker,
                None => {
                    self.drawn += 1;
                    *number = Some(self.drawn);
                    self.waiting.push_back((self.drawn, waker));
                }
            }
            return Poll::Pending;
        }
        if number.take().is_some()
            && let Some(place) = place
        {
            self.waiting.remove(place);
        }
        let id = self.next;
        self.next += 2;
        self.open += 1;
        let slot = self.slot(id, ready, wanted);
        self.write_head(id, ready);
        if !ready.body.is_empty() {
            self.unsent += 1;
            self.pump();
        }
        self.nudge();
        Poll::Ready(Ok(slot))
    }

    /// How many streams may be opened now.
    fn room(&self) -> usize {
        // Somebody who answers what was not asked yet must not make the heap grow by what is asked next.
        if self.unwritten() >= ENOUGH { 0 } else { self.theirs.streams.saturating_sub(self.open) as usize }
    }

    fn place(&self, number: u64) -> Option<usize> {
        self.waiting.iter().position(|(one, _)| *one == number)
    }

    /// Whoever drew that number goes away.
    fn forgo(&mut self, number: u64) {
        if let Some(place) = self.place(number) {
            self.waiting.remove(place);
        }
        // It may have been woken to begin, and the next was not. Where nothing more begins all of them know already.
        if self.over.is_none() {
            self.admit();
        }
    }

    /// Those who wait for leave and have it now try again: all of them where nothing more begins, so that they go elsewhere.
    pub(super) fn admit(&mut self) {
        self.opener.take().into_iter().for_each(Waker::wake);
        let room = if self.over.is_some() { self.waiting.len() } else { self.room() };
        self.waiting.iter().take(room).for_each(|(_, waker)| waker.wake_by_ref());
    }
}
