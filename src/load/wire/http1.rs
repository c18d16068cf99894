//! HTTP/1.1 on an open connection, whatever carries its bytes: the request out, the whole answer in (RFC 9112).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Answer, Fault, fault_of};
use crate::load::record::Class;

/// Headers larger than this are nonsense.
const LARGEST_HEAD: usize = 64 << 10;

/// What follows the head.
enum Body {
    Length(u64),
    Chunked,
    UntilClose,
}

/// A connection with its read buffer.
pub(super) struct Connection<S> {
    stream: S,
    buffer: Vec<u8>,
    /// Bytes of the buffer that belong to nobody yet.
    filled: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, buffer: vec![0; 16 << 10], filled: 0 }
    }

    /// Sends a request and reads its answer to the end.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<Answer, Fault> {
        self.stream.write_all(request).await.map_err(|error| fault_of(&error))?;
        let (status, length, alive, body) = loop {
            match head(&self.buffer[..self.filled])? {
                // Nobody asked for another protocol.
                Some((101, ..)) => return Err(Class::Nonsense.into()),
                // Interim answers come before the final one (RFC 9110, 15.2).
                Some((100..=199, length, ..)) => self.consume(length),
                Some(head) => break head,
                None if self.filled >= LARGEST_HEAD => return Err(Class::Nonsense.into()),
                None => self.fill().await?,
            }
        };
        self.consume(length);
        let size = match body {
            Body::Length(size) => self.skip(size).await.map(|()| size)?,
            Body::Chunked => self.chunks().await?,
            Body::UntilClose => self.rest().await?,
        };
        Ok(Answer { status, bytes: length as u64 + size, alive })
    }

    /// Reads some more; an end here is too early.
    async fn fill(&mut self) -> Result<(), Fault> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.stream.read(&mut self.buffer[self.filled..]).await {
            Ok(0) => Err(Class::Closed.into()),
            Ok(count) => {
                self.filled += count;
                Ok(())
            }
            Err(error) => Err(fault_of(&error)),
        }
    }

    fn consume(&mut self, count: usize) {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
    }

    async fn skip(&mut self, mut size: u64) -> Result<(), Fault> {
        loop {
            let here = usize::try_from(size).unwrap_or(usize::MAX).min(self.filled);
            self.consume(here);
            size -= here as u64;
            if size == 0 {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn chunks(&mut self) -> Result<u64, Fault> {
        let mut total = 0;
        loop {
            let (head, size) = loop {
                match httparse::parse_chunk_size(&self.buffer[..self.filled]) {
                    Ok(httparse::Status::Complete(found)) => break found,
                    Ok(httparse::Status::Partial) => self.fill().await?,
                    Err(_) => return Err(Class::Nonsense.into()),
                }
            };
            self.consume(head);
            total += size;
            if size == 0 {
                self.trailers().await?;
                return Ok(total);
            }
            self.skip(size.checked_add(2).ok_or(Class::Nonsense)?).await?;
        }
    }

    /// Trailers end with an empty line.
    async fn trailers(&mut self) -> Result<(), Fault> {
        loop {
            match memchr::memchr(b'\n', &self.buffer[..self.filled]) {
                Some(end) => {
                    let empty = end == 0 || self.buffer[..end] == *b"\r";
                    self.consume(end + 1);
                    if empty {
                        return Ok(());
                    }
                }
                None if self.filled >= LARGEST_HEAD => return Err(Class::Nonsense.into()),
                None => self.fill().await?,
            }
        }
    }

    async fn rest(&mut self) -> Result<u64, Fault> {
        let mut total = self.filled as u64;
        loop {
            self.filled = 0;
            match self.fill().await {
                Ok(()) => total += self.filled as u64,
                Err(fault) if fault.class == Class::Closed => return Ok(total),
                Err(fault) => return Err(fault),
            }
        }
    }
}

type Head = (u16, usize, bool, Body);

fn head(bytes: &[u8]) -> Result<Option<Head>, Fault> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Class::Nonsense.into()),
    };
    let (status, version) = (response.code.unwrap_or(0), response.version.unwrap_or(1));
    let mut alive = version == 1;
    let mut body = if matches!(status, 100..=199 | 204 | 304) { Body::Length(0) } else { Body::UntilClose };
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") && !matches!(body, Body::Chunked) {
            let size = std::str::from_utf8(header.value).ok().and_then(|text| text.trim().parse().ok());
            body = Body::Length(size.ok_or(Class::Nonsense)?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") && ends_chunked(header.value) {
            body = Body::Chunked;
        } else if header.name.eq_ignore_ascii_case("connection") {
            alive = !header.value.eq_ignore_ascii_case(b"close") && (alive || header.value.eq_ignore_ascii_case(b"keep-alive"));
        }
    }
    alive &= !matches!(body, Body::UntilClose);
    Ok(Some((status, length, alive, body)))
}

/// Chunks are what the body is framed in when they are the last coding applied (RFC 9112, 6.3).
fn ends_chunked(codings: &[u8]) -> bool {
    codings.rsplit(|byte| *byte == b',').next().is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}
