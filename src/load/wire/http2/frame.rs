//! Frames of HTTP/2 (RFC 9113, 4 and 6): a head of nine bytes and what it says follows.

/// Bytes of a frame's head.
pub(super) const HEAD: usize = 9;

/// The largest payload either side may send before it was told otherwise (RFC 9113, 4.2).
pub(super) const LARGEST: usize = 1 << 14;

/// What a client says first (RFC 9113, 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames (RFC 9113, 6).
pub(super) mod kind {
    pub(in super::super) const DATA: u8 = 0;
    pub(in super::super) const HEADERS: u8 = 1;
    pub(in super::super) const RST_STREAM: u8 = 3;
    pub(in super::super) const SETTINGS: u8 = 4;
    pub(in super::super) const PUSH_PROMISE: u8 = 5;
    pub(in super::super) const PING: u8 = 6;
    pub(in super::super) const GOAWAY: u8 = 7;
    pub(in super::super) const WINDOW_UPDATE: u8 = 8;
    pub(in super::super) const CONTINUATION: u8 = 9;
}

/// Flags of frames; which of them means something depends on the kind.
pub(super) mod flag {
    pub(in super::super) const ACK: u8 = 1;
    pub(in super::super) const END_STREAM: u8 = 1;
    pub(in super::super) const END_HEADERS: u8 = 4;
    pub(in super::super) const PADDED: u8 = 8;
    pub(in super::super) const PRIORITY: u8 = 32;
}

/// Why a stream or a connection ends (RFC 9113, 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(pub(super) u32);

impl Code {
    pub(super) const NO_ERROR: Self = Self(0);
    pub(super) const PROTOCOL: Self = Self(1);
    pub(super) const FLOW_CONTROL: Self = Self(3);
    pub(super) const FRAME_SIZE: Self = Self(6);
    pub(super) const CANCEL: Self = Self(8);
    pub(super) const COMPRESSION: Self = Self(9);
    pub(super) const CALM: Self = Self(11);

    /// What it means, in words.
    pub(super) fn meaning(self) -> String {
        const MEANINGS: [&str; 14] = [
            "no error",
            "protocol error",
            "internal error",
            "flow control error",
            "settings were not acknowledged in time",
            "a frame came for a closed stream",
            "a frame has the wrong size",
            "the stream was refused",
            "cancelled",
            "compression error",
            "the connection of CONNECT broke",
            "too many requests, enhance your calm",
            "the encryption is too weak",
            "HTTP/1.1 is required",
        ];
        usize::try_from(self.0).ok().and_then(|code| MEANINGS.get(code)).map_or_else(|| format!("code {}", self.0), |&meaning| meaning.to_owned())
    }
}

/// One frame as it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame<'a> {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first frame of these bytes, if it is whole; or that it is larger than anybody may send.
    pub(super) fn first(bytes: &'a [u8]) -> Result<Option<Self>, Code> {
        let Some((&[a, b, c, kind, flags, s, t, u, v], rest)) = bytes.split_first_chunk::<HEAD>() else { return Ok(None) };
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        if length > LARGEST {
            return Err(Code::FRAME_SIZE);
        }
        // The highest bit is reserved.
        let stream = u32::from_be_bytes([s, t, u, v]) & 0x7fff_ffff;
        Ok(rest.get(..length).map(|payload| Self { kind, flags, stream, payload }))
    }

    /// All bytes of it.
    pub(super) fn length(&self) -> usize {
        HEAD + self.payload.len()
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The payload without padding and, in HEADERS, without a priority.
    pub(super) fn content(&self) -> Result<&'a [u8], Code> {
        let mut content = self.payload;
        let mut padding = 0;
        if self.has(flag::PADDED) {
            padding = usize::from(*content.split_off_first().ok_or(Code::FRAME_SIZE)?);
        }
        if self.kind == kind::HEADERS && self.has(flag::PRIORITY) {
            content.split_off(..5).ok_or(Code::FRAME_SIZE)?;
        }
        let end = content.len().checked_sub(padding).ok_or(Code::PROTOCOL)?;
        Ok(&content[..end])
    }

    /// Writes one.
    pub(super) fn write(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let [_, a, b, c] = (payload.len() as u32).to_be_bytes();
        out.extend_from_slice(&[a, b, c, kind, flags]);
        out.extend_from_slice(&stream.to_be_bytes());
        out.extend_from_slice(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart() {
        let mut bytes = Vec::new();
        Frame::write(&mut bytes, kind::HEADERS, flag::END_HEADERS, 5, b"abc");
        Frame::write(&mut bytes, kind::PING, 0, 0, &[7; 8]);
        let first = Frame::first(&bytes).unwrap().unwrap();
        assert_eq!(first, Frame { kind: kind::HEADERS, flags: flag::END_HEADERS, stream: 5, payload: b"abc" });
        let second = Frame::first(&bytes[first.length()..]).unwrap().unwrap();
        assert_eq!((second.kind, second.payload), (kind::PING, &[7; 8][..]));
        for cut in 0..first.length() {
            assert_eq!(Frame::first(&bytes[..cut]), Ok(None));
        }
        assert_eq!(Frame::first(&[0, 0x40, 1, 0, 0, 0, 0, 0, 1]), Err(Code::FRAME_SIZE));
    }

    #[test]
    fn padding_and_priorities_are_left_out() {
        let frame = |kind, flags, payload| Frame { kind, flags, stream: 1, payload };
        assert_eq!(frame(kind::DATA, flag::PADDED, b"\x02abc\0\0").content(), Ok(&b"abc"[..]));
        assert_eq!(frame(kind::HEADERS, flag::PADDED | flag::PRIORITY, b"\x01\0\0\0\0\x10abc\0").content(), Ok(&b"abc"[..]));
        assert_eq!(frame(kind::DATA, flag::PADDED, b"\x04abc").content(), Err(Code::PROTOCOL));
        assert_eq!(frame(kind::DATA, flag::PADDED, b"").content(), Err(Code::FRAME_SIZE));
        assert_eq!(frame(kind::HEADERS, flag::PRIORITY, b"\0\0").content(), Err(Code::FRAME_SIZE));
    }
}
