//! One request, one answer or a class of error, whatever is spoken. When requests are sent and what is counted is not known here.

mod echo;
mod grpc;
mod http1;
mod http2;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use super::plan::Plan;
use super::record::Class;
use super::request::{Letter, Message};
use super::target::{Scheme, Target};
use crate::names::Problem;
pub(super) use grpc::check as check_call;

/// How the requests of a run are sent: made once for each target, shared by its threads.
#[derive(Clone)]
pub(super) struct Wire(Arc<Inner>);

struct Inner {
    target: Target,
    speech: Speech,
    message: Arc<Message>,
    tls: Option<tls::Client>,
    streams: usize,
    keep_alive: bool,
    follow: u8,
    timeout: Duration,
    /// Gives each line a number of its own.
    lines: AtomicU64,
}

/// What is spoken once a connection stands.
enum Speech {
    Http1,
    Http2,
    Grpc(grpc::Call),
    /// A connection is all there is to it.
    Connect,
    Echo,
    Datagrams,
}

/// A whole answer.
pub(super) struct Answer {
    /// The status of HTTP or of gRPC, where there is one.
    pub(super) status: Option<u16>,
    /// Why it does not count as a success.
    pub(super) class: Option<Class>,
    /// Bytes read: with their heads in HTTP/1.1, bodies alone in HTTP/2.
    pub(super) bytes: u64,
    /// The line may be used again.
    pub(super) alive: bool,
}

/// Why there is none.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) class: Class,
    /// More than the class says, where that is known.
    pub(super) reason: Option<String>,
    /// The line may be used all the same.
    pub(super) alive: bool,
}

/// What carries one request at a time: a connection, or a stream of one.
pub(super) struct Line {
    wire: Wire,
    address: SocketAddr,
    letter: Letter,
    carrier: Carrier,
}

enum Carrier {
    Plain(http1::Connection<TcpStream>),
    Secure(Box<http1::Connection<TlsStream<TcpStream>>>),
    Socket(http1::Connection<UnixStream>),
    Stream(http2::Stream),
    /// Connected anew for each request.
    None,
    Echo(echo::Echo),
    Datagrams(echo::Datagrams),
}

/// An answer of HTTP as it is read.
struct Read {
    status: u16,
    bytes: u64,
    alive: bool,
    /// Where it points to, only if somebody wants to go there.
    location: Option<String>,
}

impl Wire {
    /// Gets everything ready that is the same for all requests. Reads certificates; asks a gRPC server what its messages look like, which takes as long as
    /// an answer may take at most. Not to be called from asynchronous code.
    ///
    /// # Errors
    /// Something that is named is missing or does not fit.
    pub(super) fn new(target: &Target, plan: &Plan, address: SocketAddr) -> Result<Self, Problem> {
        let request = &plan.request;
        request.check(target)?;
        let mut speech = match target.scheme() {
            Scheme::Http | Scheme::Https if !request.http2 => Speech::Http1,
            Scheme::Http | Scheme::Https | Scheme::H2c => Speech::Http2,
            Scheme::Unix => Speech::Http1,
            Scheme::Tcp if request.body == super::request::Body::Empty => Speech::Connect,
            Scheme::Tcp => Speech::Echo,
            Scheme::Udp => Speech::Datagrams,
            Scheme::Grpc | Scheme::Grpcs => Speech::Grpc(grpc::Call::new(target)),
        };
        let alpn: &[u8] = if matches!(speech, Speech::Http1) { b"http/1.1" } else { b"h2" };
        let tls = target.scheme().is_secure().then(|| tls::Client::new(&request.tls, target, alpn)).transpose()?;
        let message = match &speech {
            Speech::Grpc(_) => grpc::message(request, target, plan.keep_alive),
            _ => Message::new(request, target, plan.keep_alive),
        };
        let message = Arc::new(message?);
        if let Speech::Grpc(call) = &mut speech {
            call.learn(request, &mut message.letter(0), tls.as_ref(), target, address, plan.timeout)?;
        }
        // Two runs, or two workers of one, are not to write the same by chance.
        let lines = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        let (target, follow) = (target.clone(), request.follow);
        let inner = Inner {
            target,
            speech,
            message,
            tls,
            streams: plan.streams,
            keep_alive: plan.keep_alive,
            follow,
            timeout: plan.timeout,
            lines: AtomicU64::new(lines),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Opens a connection: as many lines as requests that it is to carry at the same time. `address` is meaningless where the target is a Unix socket.
    pub(super) async fn open(&self, address: SocketAddr) -> Result<Vec<Line>, Fault> {
        let carriers = self.in_time(Class::ConnectTimeout, self.carriers(address)).await?;
        Ok(carriers.into_iter().map(|carrier| self.line(address, carrier)).collect())
    }

    fn line(&self, address: SocketAddr, carrier: Carrier) -> Line {
        let number = self.0.lines.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        Line { wire: self.clone(), address, letter: self.0.message.letter(number), carrier }
    }

    async fn in_time<T>(&self, class: Class, future: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        tokio::time::timeout(self.0.timeout, future).await.unwrap_or_else(|_| Err(class.into()))
    }

    async fn carriers(&self, address: SocketAddr) -> Result<Vec<Carrier>, Fault> {
        Ok(match self.0.speech {
            Speech::Http2 | Speech::Grpc(_) => {
                http2::Trunk::open(self.clone(), address, self.0.streams).await?.into_iter().map(Carrier::Stream).collect()
            }
            _ => vec![self.carrier(address).await?],
        })
    }

    /// A connection for one request at a time.
    async fn carrier(&self, address: SocketAddr) -> Result<Carrier, Fault> {
        Ok(match (&self.0.speech, self.0.target.socket(), &self.0.tls) {
            (Speech::Connect, ..) => Carrier::None,
            (Speech::Datagrams, ..) => Carrier::Datagrams(echo::Datagrams::open(address).await?),
            (Speech::Echo, ..) => Carrier::Echo(echo::Echo::new(connect(address).await?)),
            (_, Some(path), _) => {
                Carrier::Socket(http1::Connection::new(UnixStream::connect(path).await.map_err(|error| Fault::of_connect(&error))?))
            }
            (_, _, Some(tls)) => Carrier::Secure(Box::new(http1::Connection::new(tls.connect(connect(address).await?).await?))),
            _ => Carrier::Plain(http1::Connection::new(connect(address).await?)),
        })
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Fault> {
    let stream = TcpStream::connect(address).await.map_err(|error| Fault::of_connect(&error))?;
    // Without it small requests would wait for acknowledgements.
    _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Digits and nothing else (RFC 9110, 8.6).
fn decimal(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(value).ok()?.parse().ok()).flatten()
}

/// Answers with that status may say where to ask instead (RFC 9110, 15.4).
fn leads_elsewhere(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

impl Line {
    /// What comes too late on a connection of its own would be taken for the next answer; the others may be used again.
    pub(super) fn outlives_timeouts(&self) -> bool {
        matches!(self.carrier, Carrier::Stream(_) | Carrier::Datagrams(_) | Carrier::None)
    }

    /// Sends a request and reads its answer to the end, however long that takes. Rare ways are boxed: a future as large as the longest of them would be
    /// moved for every request.
    pub(super) async fn exchange(&mut self) -> Result<Answer, Fault> {
        match &mut self.carrier {
            Carrier::None => {
                connect(self.address).await.map_err(|fault| Fault { alive: fault.class != Class::Refused, ..fault })?;
                Ok(Answer { status: None, class: None, bytes: 0, alive: true })
            }
            Carrier::Echo(echo) => echo.exchange(self.letter.body()).await,
            Carrier::Datagrams(socket) => socket.exchange(self.letter.body()).await,
            Carrier::Stream(stream) if let Speech::Grpc(call) = &self.wire.0.speech => call.exchange(stream, &mut self.letter).await,
            _ => self.http().await,
        }
    }

    async fn http(&mut self) -> Result<Answer, Fault> {
        let ask = http1::Ask { head: self.letter.message().method == http::Method::HEAD, location: self.wire.0.follow > 0 };
        let mut read = match &mut self.carrier {
            Carrier::Plain(connection) => connection.exchange(self.letter.write(), ask).await?,
            Carrier::Secure(connection) => connection.exchange(self.letter.write(), ask).await?,
            Carrier::Socket(connection) => connection.exchange(self.letter.write(), ask).await?,
            Carrier::Stream(stream) => stream.exchange(&mut self.letter, None).await?,
            Carrier::None | Carrier::Echo(_) | Carrier::Datagrams(_) => return Err(Class::Connect.into()),
        };
        if read.location.is_some() {
            read = Box::pin(self.follow(read, ask)).await?;
        }
        let class = match read.status {
            400..=499 => Some(Class::Status4xx),
            500.. => Some(Class::Status5xx),
            _ => None,
        };
        let alive = read.alive && (self.wire.0.keep_alive || matches!(self.carrier, Carrier::Stream(_)));
        Ok(Answer { status: Some(read.status), class, bytes: read.bytes, alive })
    }

    /// Goes where answers point to, as long as that is the same server and no further than wanted: nobody asked for load on another one. The answer that
    /// is not followed is the answer.
    async fn follow(&mut self, mut read: Read, mut ask: http1::Ask) -> Result<Read, Fault> {
        let mut from = self.wire.0.target.path().to_owned();
        let (mut get, mut bytes) = (false, read.bytes);
        for _ in 0..self.wire.0.follow {
            let Some(path) = read.location.take().and_then(|location| self.wire.0.target.beside(&from, &location)) else { break };
            get |= read.status == 303 || (matches!(read.status, 301 | 302) && self.letter.message().method == http::Method::POST);
            ask.head &= !get || self.letter.message().method == http::Method::HEAD;
            if !read.alive && !matches!(self.carrier, Carrier::Stream(_)) {
                self.carrier = self.wire.carrier(self.address).await?;
            }
            read = match &mut self.carrier {
                Carrier::Plain(connection) => connection.exchange(&self.letter.write_to(&path, get), ask).await?,
                Carrier::Secure(connection) => connection.exchange(&self.letter.write_to(&path, get), ask).await?,
                Carrier::Socket(connection) => connection.exchange(&self.letter.write_to(&path, get), ask).await?,
                Carrier::Stream(stream) => stream.exchange(&mut self.letter, Some((&path, get))).await?,
                Carrier::None | Carrier::Echo(_) | Carrier::Datagrams(_) => break,
            };
            bytes += read.bytes;
            from = path;
        }
        Ok(Read { bytes, ..read })
    }
}

impl From<Class> for Fault {
    fn from(class: Class) -> Self {
        Self { class, reason: None, alive: false }
    }
}

impl Fault {
    fn new(class: Class, reason: impl Into<String>) -> Self {
        Self { class, reason: Some(reason.into()), alive: false }
    }

    /// What stands in the way of a connection.
    fn of_connect(error: &io::Error) -> Self {
        Self::new(Class::of_connect(error), error.to_string())
    }

    /// What broke an open connection.
    fn of_read(error: &io::Error) -> Self {
        tls::fault_of(error).unwrap_or_else(|| Class::of_read(error).into())
    }
}
