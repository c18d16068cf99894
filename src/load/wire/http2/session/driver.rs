//! The task of a connection: it writes what lanes have laid down and reads what they wait for.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Weak;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::frame::{Code, Frame, kind};
use super::State;
use super::heard::Wrong;
use crate::load::record::Class;
use crate::load::wire::Fault;

/// So many bytes are read at once.
const READ: usize = 32 << 10;

/// Carries bytes between a stream and a state.
pub(super) struct Driver<S> {
    stream: S,
    state: Weak<RefCell<State>>,
    buffer: Box<[u8]>,
    filled: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(super) fn new(stream: S, state: Weak<RefCell<State>>) -> Self {
        Self { stream, state, buffer: vec![0; READ].into(), filled: 0 }
    }

    /// Until nobody is left who could use the connection.
    pub(super) async fn run(mut self) {
        poll_fn(|context| self.turn(context)).await;
    }

    /// Writes and reads what can be.
    fn turn(&mut self, context: &mut Context) -> Poll<()> {
        let Some(state) = self.state.upgrade() else { return Poll::Ready(()) };
        let mut state = state.borrow_mut();
        if !state.driver.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
            state.driver = Some(context.waker().clone());
        }
        loop {
            if let Err(error) = self.write(context, &mut state) {
                state.fail(&Fault::of_read(&error));
                return Poll::Ready(());
            }
            if state.over.is_some() && state.open == 0 {
                return Poll::Ready(());
            }
            let mut space = ReadBuf::new(&mut self.buffer[self.filled..]);
            match Pin::new(&mut self.stream).poll_read(context, &mut space) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => state.fail(&Fault::of_read(&error)),
                Poll::Ready(Ok(())) if space.filled().is_empty() => state.fail(&Class::Closed.into()),
                Poll::Ready(Ok(())) => {
                    self.filled += space.filled().len();
                    state.heard += 1;
                    if let Err(Wrong(code, why)) = self.understand(&mut state) {
                        Frame::write(&mut state.out, kind::GOAWAY, 0, 0, &[[0; 4], code.0.to_be_bytes()].concat());
                        state.fail(&Fault::new(Class::Nonsense, why));
                    }
                }
            }
        }
    }

    fn write(&mut self, context: &mut Context, state: &mut State) -> std::io::Result<()> {
        while state.written < state.out.len() {
            match Pin::new(&mut self.stream).poll_write(context, &state.out[state.written..]) {
                Poll::Pending => {
                    state.shorten();
                    return Ok(());
                }
                Poll::Ready(written) => state.written += written?,
            }
            if state.written == state.out.len() {
                state.out.clear();
                state.written = 0;
                state.pump();
                state.admit();
            }
        }
        // TLS may hold bytes back; what it cannot write now it tells of when it is asked again.
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes all whole frames out of the buffer.
    fn understand(&mut self, state: &mut State) -> Result<(), Wrong> {
        if !state.greeted && self.buffer[..self.filled].starts_with(b"HTTP/1") {
            return Err(Wrong(Code::PROTOCOL, "it speaks HTTP/1.1 and not HTTP/2"));
        }
        let mut taken = 0;
        while let Some(frame) = Frame::first(&self.buffer[taken..self.filled])? {
            taken += frame.length();
            state.take(frame)?;
        }
        self.buffer.copy_within(taken..self.filled, 0);
        self.filled -= taken;
        Ok(())
    }
}
