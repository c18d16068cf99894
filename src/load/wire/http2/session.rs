//! One connection of HTTP/2 as its client keeps it (RFC 9113): who waits for which stream, how much either side may send, and what the other side has said.
//! A task of its own reads and writes; lanes lay their requests down and are woken when everything for them has come. All of it lives on one thread.

mod driver;
mod heard;
mod turn;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use self::driver::Driver;
use self::turn::Turn;
use super::Fault;
use super::frame::{Code, Frame, LARGEST, PREFACE, flag, kind};
use super::hpack::{self, Block, Decoder, Head};
use super::window::Window;
use crate::load::record::Class;

/// Bytes that may be on their way to us: large enough that the server never waits for leave, as other generators do.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 1 << 24;

/// What either side may send before it was told otherwise (RFC 9113, 6.9.2).
const FIRST_WINDOW: u32 = 65_535;

/// Bodies, and requests that have not begun, wait while so much lies ready to be written.
const ENOUGH: usize = 256 << 10;

/// Streams have odd numbers up to this one.
const LAST_STREAM: u32 = 0x7fff_ffff;

/// Stands where a stream was that has ended and whose lane has not looked yet.
const ENDED: u32 = u32::MAX;

/// A request as it is sent.
pub(in super::super) struct Ready {
    pub(in super::super) block: Block,
    pub(in super::super) body: Bytes,
    /// Its answer has no body, whatever it says (RFC 9110, 9.3.2).
    pub(in super::super) bare: bool,
}

/// Everything that came for one request.
#[derive(Default)]
pub(in super::super) struct Whole {
    pub(in super::super) head: Head,
    /// The first bytes of the body, as many as were wanted.
    pub(in super::super) start: Vec<u8>,
    /// Bytes of the body.
    pub(in super::super) bytes: u64,
    pub(in super::super) trailers: Option<Head>,
}

/// Why nothing came.
pub(in super::super) enum Broken {
    /// The server wants to be asked on another connection, and has not begun.
    Elsewhere,
    Fault(Fault),
}

/// A connection that several lanes use.
#[derive(Clone)]
pub(in super::super) struct Session(Rc<RefCell<State>>);

struct State {
    /// What is to be written, and how much of it has been.
    out: Vec<u8>,
    written: usize,
    driver: Option<Waker>,
    /// Of each slot the stream that uses it; 0: none.
    ids: Vec<u32>,
    slots: Vec<Slot>,
    next: u32,
    open: u32,
    /// Who opens the connection, until they have said something.
    opener: Option<Waker>,
    /// Lanes that wait for leave to begin, each with the number it drew, the one that has waited longest first.
    waiting: VecDeque<(u64, Waker)>,
    drawn: u64,
    theirs: Settings,
    /// They have said something.
    greeted: bool,
    /// Why no more streams begin.
    over: Option<(Class, String)>,
    send: i64,
    receive: Window,
    decoder: Decoder,
    /// A head whose end has not come.
    partial: Option<Partial>,
    /// The head that the server has kept.
    taught: Option<Vec<u8>>,
    /// The server keeps nothing, and has yet to be told that we know.
    forgets: bool,
    resized: bool,
    /// Slots with bytes of a body that have not been sent.
    unsent: usize,
    /// How often something came.
    heard: u64,
}

struct Slot {
    waker: Option<Waker>,
    whole: Whole,
    headed: bool,
    wanted: usize,
    bare: bool,
    ended: Option<Result<(), Broken>>,
    send: i64,
    receive: Window,
    unsent: Bytes,
    /// How often something had come when it was opened.
    heard: u64,
}

/// What the other side has settled (RFC 9113, 6.5.2).
struct Settings {
    streams: u32,
    window: u32,
    frame: usize,
}

struct Partial {
    stream: u32,
    ends: bool,
    block: Vec<u8>,
}

/// A stream that somebody waits for; it is reset when that one goes away before its end.
struct Held<'a> {
    session: &'a Session,
    slot: usize,
}

impl Session {
    /// Begins HTTP/2 on a connection, and waits until the other side has said how. A task of this thread keeps it going until nobody uses it any more.
    pub(in super::super) async fn begin<S: AsyncRead + AsyncWrite + Unpin + 'static>(stream: S) -> Result<Self, Fault> {
        let session = Self(Rc::new(RefCell::new(State::new())));
        tokio::task::spawn_local(Driver::new(stream, Rc::downgrade(&session.0)).run());
        poll_fn(|context| {
            let mut state = session.0.borrow_mut();
            match &state.over {
                Some((class, why)) => Poll::Ready(Err(Fault::new(*class, why.clone()))),
                None if state.greeted => Poll::Ready(Ok(())),
                None => {
                    state.opener = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await?;
        Ok(session)
    }

    /// Sends a request and waits for everything that comes for it; the first bytes of its body are kept, as many as are wanted.
    pub(in super::super) async fn exchange(&self, ready: &Ready, wanted: usize) -> Result<Whole, Broken> {
        let mut turn = Turn { session: self, number: None };
        let slot = poll_fn(|context| self.0.borrow_mut().begin(context, &mut turn.number, ready, wanted)).await?;
        let held = Held { session: self, slot };
        poll_fn(|context| held.session.0.borrow_mut().end_of(context, held.slot)).await
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.session.0.borrow_mut().release(self.slot);
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }
}

impl State {
    fn new() -> Self {
        let mut out = PREFACE.to_vec();
        // Nobody is to push (2), and every stream may send so much (4).
        let mut settings = vec![0, 2, 0, 0, 0, 0, 0, 4];
        settings.extend_from_slice(&STREAM_WINDOW.to_be_bytes());
        Frame::write(&mut out, kind::SETTINGS, 0, 0, &settings);
        Frame::write(&mut out, kind::WINDOW_UPDATE, 0, 0, &(CONNECTION_WINDOW - FIRST_WINDOW).to_be_bytes());
        Self {
            out,
            written: 0,
            driver: None,
            ids: Vec::new(),
            slots: Vec::new(),
            next: 1,
            open: 0,
            opener: None,
            waiting: VecDeque::new(),
            drawn: 0,
            theirs: Settings { streams: u32::MAX, window: FIRST_WINDOW, frame: LARGEST },
            greeted: false,
            over: None,
            send: i64::from(FIRST_WINDOW),
            receive: Window::new(CONNECTION_WINDOW),
            decoder: Decoder::default(),
            partial: None,
            taught: None,
            forgets: false,
            resized: false,
            unsent: 0,
            heard: 0,
        }
    }

    /// Bytes that lie ready.
    fn unwritten(&self) -> usize {
        self.out.len() - self.written
    }

    /// What has been written is forgotten, though not all has: somebody may read on and on without ever coming to the end.
    fn shorten(&mut self) {
        if self.written >= ENOUGH {
            self.out.drain(..self.written);
            self.written = 0;
        }
    }

    /// A place for a stream: a free one, or a new one.
    fn slot(&mut self, id: u32, ready: &Ready, wanted: usize) -> usize {
        let slot = Slot {
            waker: None,
            whole: Whole::default(),
            headed: false,
            wanted,
            bare: ready.bare,
            ended: None,
            send: i64::from(self.theirs.window),
            receive: Window::new(STREAM_WINDOW),
            unsent: ready.body.clone(),
            heard: self.heard,
        };
        match self.ids.iter().position(|id| *id == 0) {
            Some(free) => {
                self.ids[free] = id;
                let waker = self.slots[free].waker.take();
                self.slots[free] = Slot { waker, ..slot };
                free
            }
            None => {
                self.ids.push(id);
                self.slots.push(slot);
                self.ids.len() - 1
            }
        }
    }

    /// The head of a request, in as many frames as it needs.
    fn write_head(&mut self, id: u32, ready: &Ready) {
        let block = match &ready.block.lesson {
            Some(lesson) if !self.forgets => match &self.taught {
                None => {
                    self.taught = Some(lesson.first.clone());
                    &lesson.first
                }
                Some(known) if *known == lesson.first => &lesson.again,
                Some(_) => &ready.block.plain,
            },
            _ => &ready.block.plain,
        };
        let mut resized = Vec::new();
        let mut rest = block.as_slice();
        if self.forgets && !std::mem::replace(&mut self.resized, true) {
            hpack::resize(&mut resized, 0);
            resized.extend_from_slice(block);
            rest = &resized;
        }
        let ends = if ready.body.is_empty() { flag::END_STREAM } else { 0 };
        let (mut what, mut flags) = (kind::HEADERS, ends);
        loop {
            let (part, after) = rest.split_at(rest.len().min(self.theirs.frame));
            if after.is_empty() {
                flags |= flag::END_HEADERS;
            }
            Frame::write(&mut self.out, what, flags, id, part);
            if after.is_empty() {
                return;
            }
            (rest, what, flags) = (after, kind::CONTINUATION, 0);
        }
    }

    /// Lays down as much of the bodies as may be sent now.
    fn pump(&mut self) {
        for at in 0..self.slots.len() {
            if self.unsent == 0 {
                return;
            }
            let slot = &mut self.slots[at];
            while !slot.unsent.is_empty() && self.out.len() < ENOUGH {
                let most = i64::try_from(self.theirs.frame).unwrap_or(i64::MAX).min(self.send).min(slot.send);
                let Ok(room @ 1..) = usize::try_from(most) else { break };
                let part = slot.unsent.split_to(room.min(slot.unsent.len()));
                let length = i64::try_from(part.len()).unwrap_or(i64::MAX);
                self.send -= length;
                slot.send -= length;
                let last = slot.unsent.is_empty();
                self.unsent -= usize::from(last);
                Frame::write(&mut self.out, kind::DATA, if last { flag::END_STREAM } else { 0 }, self.ids[at], &part);
            }
        }
    }

    /// What came of a stream, once it is over.
    fn end_of(&mut self, context: &Context, slot: usize) -> Poll<Result<Whole, Broken>> {
        let slot = &mut self.slots[slot];
        match slot.ended.take() {
            Some(ended) => Poll::Ready(ended.map(|()| std::mem::take(&mut slot.whole))),
            None => {
                if !slot.waker.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
                    slot.waker = Some(context.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Nobody waits for it any more.
    fn release(&mut self, slot: usize) {
        let id = std::mem::take(&mut self.ids[slot]);
        if id != ENDED {
            self.reset(id, Code::CANCEL);
            // Nothing has come for as long as it was waited: whoever asks next does it on another connection.
            if self.slots[slot].heard == self.heard {
                self.over.get_or_insert_with(|| (Class::Timeout, Class::Timeout.meaning().to_owned()));
            }
            self.leave(slot);
            self.nudge();
        }
    }

    /// A stream is over.
    fn end(&mut self, slot: usize, how: Result<(), Broken>) {
        self.ids[slot] = ENDED;
        self.slots[slot].ended = Some(how);
        if let Some(waker) = &self.slots[slot].waker {
            waker.wake_by_ref();
        }
        self.leave(slot);
    }

    fn leave(&mut self, slot: usize) {
        if !std::mem::take(&mut self.slots[slot].unsent).is_empty() {
            self.unsent -= 1;
        }
        self.open -= 1;
        self.admit();
    }

    fn reset(&mut self, id: u32, code: Code) {
        Frame::write(&mut self.out, kind::RST_STREAM, 0, id, &code.0.to_be_bytes());
    }

    /// A stream breaks the rules, the connection need not.
    fn refuse(&mut self, slot: usize, why: &str) {
        self.reset(self.ids[slot], Code::PROTOCOL);
        self.end(slot, Err(Broken::Fault(Fault { alive: true, ..Fault::new(Class::Nonsense, why) })));
    }

    /// The connection is over, and with it all that is on it.
    fn fail(&mut self, fault: &Fault) {
        self.over.get_or_insert_with(|| (fault.class, fault.reason.clone().unwrap_or_else(|| fault.class.meaning().to_owned())));
        self.end_above(0, || Broken::Fault(Fault { class: fault.class, reason: fault.reason.clone(), alive: false }));
    }

    /// All streams above that one are over, and no more begin.
    fn end_above(&mut self, last: u32, how: impl Fn() -> Broken) {
        for slot in 0..self.ids.len() {
            if self.ids[slot] > last && self.ids[slot] != ENDED {
                self.end(slot, Err(how()));
            }
        }
        self.admit();
    }

    fn nudge(&self) {
        if let Some(driver) = &self.driver {
            driver.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests;
