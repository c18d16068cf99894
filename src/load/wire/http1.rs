//! HTTP/1.1 on an open connection, whatever carries its bytes: the request out, the whole answer in (RFC 9112).

use std::mem::MaybeUninit;

use httparse::ParserConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Fault, Read, decimal, leads_elsewhere};
use crate::load::record::Class;

/// Heads, sizes of chunks and trailers larger than this are nonsense.
const LARGEST_HEAD: usize = 64 << 10;

/// What is to be known of an answer to read it.
#[derive(Clone, Copy)]
pub(super) struct Ask {
    /// It answers HEAD, so nothing follows its head (RFC 9110, 9.3.2).
    pub(super) head: bool,
    /// Where redirects point to is wanted.
    pub(super) location: bool,
}

/// What follows the head.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Body {
    Length(u64),
    Chunked,
    UntilClose,
}

/// What a head says.
#[derive(Debug)]
struct Head {
    status: u16,
    length: usize,
    alive: bool,
    body: Body,
    location: Option<String>,
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
    pub(super) async fn exchange(&mut self, request: &[u8], ask: Ask) -> Result<Read, Fault> {
        self.stream.write_all(request).await.map_err(|error| Fault::of_read(&error))?;
        self.stream.flush().await.map_err(|error| Fault::of_read(&error))?;
        let head = loop {
            match head(&self.buffer[..self.filled], ask)? {
                // Nobody asked for another protocol.
                Some(Head { status: 101, .. }) => return Err(Class::Nonsense.into()),
                // Interim answers come before the final one (RFC 9110, 15.2).
                Some(Head { status: 100..=199, length, .. }) => self.consume(length),
                Some(head) => break head,
                None => self.fill_at_most(LARGEST_HEAD).await?,
            }
        };
        self.consume(head.length);
        let size = match head.body {
            Body::Length(size) => self.skip(size).await.map(|()| size)?,
            Body::Chunked => self.chunks().await?,
            Body::UntilClose => self.rest().await?,
        };
        // Nothing else was asked for: the length was a lie, or somebody talks out of turn.
        if self.filled > 0 {
            return Err(Fault::new(Class::Nonsense, "more came than the answer that was announced"));
        }
        Ok(Read { status: head.status, bytes: (head.length as u64).saturating_add(size), alive: head.alive, location: head.location })
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
            Err(error) => Err(Fault::of_read(&error)),
        }
    }

    async fn fill_at_most(&mut self, limit: usize) -> Result<(), Fault> {
        if self.filled >= limit { Err(Class::Nonsense.into()) } else { self.fill().await }
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
        let mut total = 0_u64;
        loop {
            let (head, size) = loop {
                match httparse::parse_chunk_size(&self.buffer[..self.filled]) {
                    Ok(httparse::Status::Complete(found)) => break found,
                    Ok(httparse::Status::Partial) => self.fill_at_most(LARGEST_HEAD).await?,
                    Err(_) => return Err(Class::Nonsense.into()),
                }
            };
            self.consume(head);
            total = total.saturating_add(size);
            if size == 0 {
                self.trailers().await?;
                return Ok(total);
            }
            self.skip(size).await?;
            self.line_end().await?;
        }
    }

    /// A chunk's bytes end with a line (RFC 9112, 7.1).
    async fn line_end(&mut self) -> Result<(), Fault> {
        while self.filled < 2 {
            self.fill().await?;
        }
        if self.buffer[..2] != *b"\r\n" {
            return Err(Fault::new(Class::Nonsense, "a chunk is longer than it said"));
        }
        self.consume(2);
        Ok(())
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
                None => self.fill_at_most(LARGEST_HEAD).await?,
            }
        }
    }

    /// Everything until an orderly end; one that is torn off is not whole.
    async fn rest(&mut self) -> Result<u64, Fault> {
        let mut total = self.filled as u64;
        self.filled = 0;
        loop {
            match self.stream.read(&mut self.buffer).await {
                Ok(0) => return Ok(total),
                Ok(count) => total += count as u64,
                Err(error) => return Err(Fault::of_read(&error)),
            }
        }
    }
}

fn head(bytes: &[u8], ask: Ask) -> Result<Option<Head>, Fault> {
    let mut headers = [const { MaybeUninit::uninit() }; 64];
    let mut response = httparse::Response::new(&mut []);
    let length = match ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Class::Nonsense.into()),
    };
    let (status, version) = (response.code.unwrap_or(0), response.version.unwrap_or(1));
    let mut head = Head { status, length, alive: version == 1, body: Body::UntilClose, location: None };
    let mut size: Option<u64> = None;
    for header in response.headers.iter() {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let said = decimal(header.value.trim_ascii()).ok_or(Class::Nonsense)?;
            if size.replace(said).is_some_and(|before| before != said) {
                return Err(Fault::new(Class::Nonsense, "it gives two lengths"));
            }
        } else if is("transfer-encoding") && ends_chunked(header.value) {
            head.body = Body::Chunked;
        } else if is("connection") {
            let says = |word: &[u8]| header.value.split(|byte| *byte == b',').any(|said| said.trim_ascii().eq_ignore_ascii_case(word));
            head.alive = !says(b"close") && (head.alive || says(b"keep-alive"));
        } else if ask.location && leads_elsewhere(status) && is("location") {
            head.location = std::str::from_utf8(header.value).ok().map(str::to_owned);
        }
    }
    head.body = match (head.body, size) {
        // Nothing follows, whatever the headers say (RFC 9112, 6.3).
        _ if ask.head || matches!(status, 100..=199 | 204 | 304) => Body::Length(0),
        (Body::UntilClose, Some(size)) => Body::Length(size),
        (body, _) => body,
    };
    head.alive &= head.body != Body::UntilClose;
    Ok(Some(head))
}

/// Chunks are what the body is framed in when they are the last coding applied (RFC 9112, 6.3).
fn ends_chunked(codings: &[u8]) -> bool {
    codings.rsplit(|byte| *byte == b',').next().is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of an answer that arrives in pieces of every size.
    async fn read(answer: &[u8], ask: Ask) -> Result<(u16, u64, bool), Class> {
        let mut outcome = None;
        for piece in [1, 2, 3, 7, answer.len().max(1)] {
            let (near, mut far) = tokio::io::duplex(1 << 20);
            let mut connection = Connection::new(near);
            let send = async {
                for part in answer.chunks(piece) {
                    // Once it has seen enough it goes away.
                    _ = far.write_all(part).await;
                    tokio::task::yield_now().await;
                }
                _ = far.shutdown().await;
            };
            let (read, ()) = tokio::join!(connection.exchange(b"", ask), send);
            let read = read.map(|read| (read.status, read.bytes, read.alive)).map_err(|fault| fault.class);
            assert_eq!(*outcome.get_or_insert(read), read, "in pieces of {piece}: {}", String::from_utf8_lossy(answer));
        }
        outcome.unwrap()
    }

    const GET: Ask = Ask { head: false, location: false };

    #[tokio::test]
    async fn answers_end_where_the_specification_says() {
        let head = |text: &str| text.find("\r\n\r\n").unwrap() as u64 + 4;
        for (answer, body, alive) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nHello", 5, true),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 13\r\n\r\n", 0, true),
            ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", 0, true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\nC: d\r\n\r\n", 3, true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: foo, close\r\n\r\n", 0, false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nok", 2, true),
            ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 13, false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nuntil the end", 13, false),
        ] {
            let status: u16 = answer[9..12].parse().unwrap();
            assert_eq!(read(answer.as_bytes(), GET).await, Ok((status, head(answer) + body, alive)), "{answer}");
        }
        let only_head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
        assert_eq!(read(only_head.as_bytes(), Ask { head: true, location: false }).await, Ok((200, head(only_head), true)));
        let endless = "HTTP/1.1 200 OK\r\n\r\n";
        assert_eq!(read(endless.as_bytes(), Ask { head: true, location: false }).await, Ok((200, head(endless), true)));
    }

    #[tokio::test]
    async fn lies_have_their_classes() {
        for (answer, class) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHell", Class::Closed),
            ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nHello", Class::Nonsense),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nHello", Class::Nonsense),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nHello", Class::Nonsense),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nHello", Class::Nonsense),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nHello\r\n0\r\n\r\n", Class::Nonsense),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\nHello", Class::Closed),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\nHello", Class::Nonsense),
            ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\n\r\n", Class::Nonsense),
            ("HTTP/2 200\r\n\r\n", Class::Nonsense),
            ("HTTP/1.1 100 Continue\r\n\r\n", Class::Closed),
        ] {
            assert_eq!(read(answer.as_bytes(), GET).await, Err(class), "{answer}");
        }
    }

    #[tokio::test]
    async fn nothing_grows_without_end() {
        for start in [
            "HTTP/1.1 200 OK\r\nX: ",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
        ] {
            let (near, mut far) = tokio::io::duplex(1 << 10);
            let mut connection = Connection::new(near);
            let send = async {
                _ = far.write_all(start.as_bytes()).await;
                while far.write_all(&[b'x'; 512]).await.is_ok() {}
            };
            tokio::pin!(send);
            let fault = tokio::select! {
                read = connection.exchange(b"", GET) => read.err().unwrap(),
                () = &mut send => panic!("it is still there"),
            };
            assert!(fault.class == Class::Nonsense && connection.buffer.len() <= 2 * LARGEST_HEAD, "{start}");
        }
    }
}
