//! What the other side says, frame by frame (RFC 9113, 6).

use super::super::frame::{Code, Frame, flag, kind};
use super::super::hpack;
use super::{Broken, ENOUGH, LAST_STREAM, Partial, State};
use crate::load::record::Class;
use crate::load::wire::Fault;

/// More than this is not kept for somebody who asks for answers and does not read them.
const TOO_MUCH: usize = 1 << 20;

/// No head is larger.
const LARGEST_HEAD: usize = 64 << 10;

/// The other side broke the rules: with which code it is told, and why.
pub(super) struct Wrong(pub(super) Code, pub(super) &'static str);

impl From<Code> for Wrong {
    fn from(code: Code) -> Self {
        match code {
            Code::FRAME_SIZE => Self(code, "a frame has a size that it cannot have"),
            Code::FLOW_CONTROL => Self(code, "it sent more than it was allowed to"),
            _ => Self(code, "a frame contradicts itself"),
        }
    }
}

impl From<hpack::Broken> for Wrong {
    fn from(_: hpack::Broken) -> Self {
        Self(Code::COMPRESSION, "a head cannot be read")
    }
}

impl State {
    /// What one frame of the other side means.
    pub(super) fn take(&mut self, frame: Frame) -> Result<(), Wrong> {
        if !self.greeted && (frame.kind, frame.has(flag::ACK)) != (kind::SETTINGS, false) {
            return Err(Wrong(Code::PROTOCOL, "it does not begin as HTTP/2 does"));
        }
        if self.partial.is_some() && frame.kind != kind::CONTINUATION {
            return Err(Wrong(Code::PROTOCOL, "something stands between the parts of a head"));
        }
        let possible = match frame.kind {
            kind::SETTINGS | kind::PING | kind::GOAWAY => frame.stream == 0,
            kind::DATA | kind::HEADERS | kind::RST_STREAM => self.was_begun(frame.stream),
            kind::WINDOW_UPDATE => frame.stream == 0 || self.was_begun(frame.stream),
            _ => true,
        };
        if !possible {
            return Err(Wrong(Code::PROTOCOL, "a frame belongs to a stream that it cannot belong to"));
        }
        match frame.kind {
            kind::DATA => self.data(frame)?,
            kind::HEADERS => self.part_of_head(frame, Vec::new(), frame.has(flag::END_STREAM))?,
            kind::CONTINUATION => {
                let partial = self.partial.take().filter(|partial| partial.stream == frame.stream);
                let Partial { block, ends, .. } = partial.ok_or(Wrong(Code::PROTOCOL, "a head goes on that has not begun"))?;
                self.part_of_head(frame, block, ends)?;
            }
            kind::RST_STREAM => {
                let code = Code(number(frame.payload)?);
                if let Some(slot) = self.find(frame.stream) {
                    let fault = Fault { alive: true, ..Fault::new(Class::StreamReset, code.meaning()) };
                    self.end(slot, Err(Broken::Fault(fault)));
                }
            }
            kind::SETTINGS if frame.has(flag::ACK) => {}
            kind::SETTINGS => self.settle(frame.payload)?,
            kind::PUSH_PROMISE => return Err(Wrong(Code::PROTOCOL, "it promises what nobody asked for")),
            kind::PING if frame.payload.len() != 8 => return Err(Code::FRAME_SIZE.into()),
            kind::PING if !frame.has(flag::ACK) => Frame::write(&mut self.out, kind::PING, flag::ACK, 0, frame.payload),
            kind::GOAWAY => self.go_away(frame.payload)?,
            kind::WINDOW_UPDATE => self.widen(frame)?,
            // Priorities are advice to servers; what is not known is to be passed over (RFC 9113, 5.5).
            _ => {}
        }
        if self.unwritten() > TOO_MUCH { Err(Wrong(Code::CALM, "it asks and does not read the answers")) } else { Ok(()) }
    }

    fn was_begun(&self, stream: u32) -> bool {
        stream % 2 == 1 && stream < self.next
    }

    fn find(&self, stream: u32) -> Option<usize> {
        self.ids.iter().position(|id| *id == stream)
    }

    fn data(&mut self, frame: Frame) -> Result<(), Wrong> {
        // Padding counts too (RFC 9113, 6.9.1).
        let length = frame.payload.len();
        if let Some(more) = self.receive.take(length)? {
            Frame::write(&mut self.out, kind::WINDOW_UPDATE, 0, 0, &more.to_be_bytes());
        }
        let content = frame.content()?;
        // What was given up may still be on its way.
        let Some(at) = self.find(frame.stream) else { return Ok(()) };
        let ends = frame.has(flag::END_STREAM);
        let slot = &mut self.slots[at];
        if !slot.headed {
            self.refuse(at, "a body came before its head");
            return Ok(());
        }
        let more = slot.receive.take(length)?;
        let whole = &mut slot.whole;
        whole.bytes += content.len() as u64;
        whole.start.extend_from_slice(&content[..content.len().min(slot.wanted - whole.start.len())]);
        if whole.head.length.is_some_and(|length| whole.bytes > length) {
            self.refuse(at, "its body is longer than it said");
        } else if ends {
            self.finish(at);
        } else if let Some(more) = more {
            Frame::write(&mut self.out, kind::WINDOW_UPDATE, 0, frame.stream, &more.to_be_bytes());
        }
        Ok(())
    }

    /// Heads come in one frame or in several.
    fn part_of_head(&mut self, frame: Frame, mut block: Vec<u8>, ends: bool) -> Result<(), Wrong> {
        let content = if frame.kind == kind::HEADERS { frame.content()? } else { frame.payload };
        if frame.has(flag::END_HEADERS) && block.is_empty() {
            return self.head(frame.stream, content, ends);
        }
        block.extend_from_slice(content);
        if block.len() > LARGEST_HEAD {
            return Err(Wrong(Code::CALM, "a head is larger than any should be"));
        }
        if frame.has(flag::END_HEADERS) {
            return self.head(frame.stream, &block, ends);
        }
        self.partial = Some(Partial { stream: frame.stream, ends, block });
        Ok(())
    }

    fn head(&mut self, stream: u32, block: &[u8], ends: bool) -> Result<(), Wrong> {
        // Also for those who are gone: what it says belongs to the next ones too.
        let head = self.decoder.head(block)?;
        let Some(at) = self.find(stream) else { return Ok(()) };
        let slot = &mut self.slots[at];
        match head.status {
            _ if slot.headed && !ends => self.refuse(at, "two heads came"),
            _ if slot.headed => {
                slot.whole.trailers = Some(head);
                self.finish(at);
            }
            // Interim answers come before the final one (RFC 9110, 15.2).
            Some(100..=199) if !ends => {}
            Some(200..) => {
                slot.headed = true;
                slot.whole.head = head;
                if ends {
                    self.finish(at);
                }
            }
            _ => self.refuse(at, "an answer has no status"),
        }
        Ok(())
    }

    fn finish(&mut self, at: usize) {
        let slot = &self.slots[at];
        let head = &slot.whole.head;
        let empty = slot.bare || matches!(head.status, Some(204 | 304));
        if !empty && head.length.is_some_and(|length| length != slot.whole.bytes) {
            return self.refuse(at, "its body is shorter than it said");
        }
        // An answer may come before all was asked (RFC 9113, 8.1).
        if !slot.unsent.is_empty() {
            self.reset(self.ids[at], Code::NO_ERROR);
        }
        self.end(at, Ok(()));
    }

    fn settle(&mut self, payload: &[u8]) -> Result<(), Wrong> {
        let (settings, []) = payload.as_chunks::<6>() else { return Err(Code::FRAME_SIZE.into()) };
        for &[a, b, rest @ ..] in settings {
            let value = u32::from_be_bytes(rest);
            match u16::from_be_bytes([a, b]) {
                // What is kept with less space is more trouble than it saves.
                1 => self.forgets |= (value as usize) < hpack::TABLE,
                3 => self.theirs.streams = value,
                4 if value > LAST_STREAM => return Err(Code::FLOW_CONTROL.into()),
                4 => {
                    let more = i64::from(value) - i64::from(self.theirs.window);
                    self.slots.iter_mut().for_each(|slot| slot.send += more);
                    self.theirs.window = value;
                }
                5 if !(1 << 14..1 << 24).contains(&value) => return Err(Wrong(Code::PROTOCOL, "it wants frames of a size that they cannot have")),
                // Larger ones would only be more to hold at once.
                5 => self.theirs.frame = (value as usize).min(ENOUGH),
                _ => {}
            }
        }
        Frame::write(&mut self.out, kind::SETTINGS, flag::ACK, 0, &[]);
        self.greeted = true;
        self.admit();
        self.pump();
        Ok(())
    }

    fn go_away(&mut self, payload: &[u8]) -> Result<(), Wrong> {
        let last = number(payload.get(..4).ok_or(Code::FRAME_SIZE)?)? & LAST_STREAM;
        let code = Code(number(payload.get(4..8).ok_or(Code::FRAME_SIZE)?)?);
        self.over = Some((Class::GoAway, format!("GOAWAY: {}", code.meaning())));
        // Streams above the last one it names were not begun (RFC 9113, 6.8).
        self.end_above(last, || match code {
            Code::NO_ERROR => Broken::Elsewhere,
            _ => Broken::Fault(Fault::new(Class::GoAway, code.meaning())),
        });
        Ok(())
    }

    fn widen(&mut self, frame: Frame) -> Result<(), Wrong> {
        let more = i64::from(number(frame.payload)? & LAST_STREAM);
        let window = match self.find(frame.stream) {
            _ if frame.stream == 0 => &mut self.send,
            Some(slot) => &mut self.slots[slot].send,
            None => return Ok(()),
        };
        *window += more;
        if more == 0 || *window > i64::from(LAST_STREAM) {
            return Err(Wrong(Code::FLOW_CONTROL, "it allows what cannot be allowed"));
        }
        self.pump();
        Ok(())
    }
}

/// The four bytes that are all there may be.
fn number(payload: &[u8]) -> Result<u32, Wrong> {
    payload.try_into().map(u32::from_be_bytes).map_err(|_| Code::FRAME_SIZE.into())
}
