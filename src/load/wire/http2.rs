//! HTTP/2: several requests at once on one connection (RFC 9113). A server that asks to go elsewhere is followed: what it has not begun is sent again on a
//! new connection, and the time that takes belongs to the answer.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use http::{HeaderMap, Uri, Version};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;

use super::{Fault, Read, Wire, connect};
use crate::load::record::Class;
use crate::load::request::Letter;

/// Bytes that may be on their way to us: large enough that the server never waits for leave, as other generators do.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 1 << 24;

/// How often one request is begun again because the server went elsewhere.
const AGAIN: usize = 3;

/// A connection that is opened again when its server asks for it.
pub(super) struct Trunk {
    wire: Wire,
    address: SocketAddr,
    now: Mutex<Living>,
}

#[derive(Clone)]
struct Living {
    /// Counts connections.
    number: u64,
    requests: SendRequest<Bytes>,
}

/// One request at a time on a connection that it shares.
pub(super) struct Stream {
    trunk: Arc<Trunk>,
    living: Living,
    /// The request, where all are the same.
    still: Option<Arc<Ready>>,
}

/// A request as it is sent.
pub(super) struct Ready {
    pub(super) request: http::Request<()>,
    pub(super) body: Bytes,
}

/// Everything that came for one request.
pub(super) struct Whole {
    pub(super) head: http::response::Parts,
    /// The first bytes of the body, as many as were wanted.
    pub(super) start: Vec<u8>,
    /// Bytes of the body.
    pub(super) bytes: u64,
    pub(super) trailers: Option<HeaderMap>,
}

impl Trunk {
    /// Opens a connection for so many requests at once.
    pub(super) async fn open(wire: Wire, address: SocketAddr, streams: usize) -> Result<Vec<Stream>, Fault> {
        let living = Living { number: 0, requests: dial(&wire, address).await? };
        let trunk = Arc::new(Self { wire, address, now: Mutex::new(living.clone()) });
        Ok((0..streams).map(|_| Stream { trunk: trunk.clone(), living: living.clone(), still: None }).collect())
    }

    /// The connection after that number: the one somebody else has opened, or a new one.
    async fn after(&self, number: u64) -> Result<Living, Fault> {
        let mut now = self.now.lock().await;
        if now.number == number {
            let requests = dial(&self.wire, self.address).await?;
            *now = Living { number: number + 1, requests };
        }
        Ok(now.clone())
    }
}

async fn dial(wire: &Wire, address: SocketAddr) -> Result<SendRequest<Bytes>, Fault> {
    let stream = connect(address).await?;
    match &wire.0.tls {
        Some(tls) => begin(tls.connect(stream).await?).await,
        None => begin(stream).await,
    }
}

/// Begins HTTP/2 on a connection; a task of its own keeps it going until nobody sends on it any more.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S) -> Result<SendRequest<Bytes>, Fault> {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(STREAM_WINDOW).initial_connection_window_size(CONNECTION_WINDOW).enable_push(false);
    let (requests, connection) = builder.handshake(stream).await.map_err(|error| fault_of(&error))?;
    // Its errors are those of its streams.
    tokio::spawn(async move { _ = connection.await });
    Ok(requests)
}

impl Stream {
    /// Sends a request, to another path where one is given, and reads its answer to the end.
    pub(super) async fn exchange(&mut self, letter: &mut Letter, to: Option<(&str, bool)>, location: bool) -> Result<Read, Fault> {
        let ready = match (self.ready(), to) {
            (Some(ready), None) => ready,
            (_, Some((path, get))) => {
                let (_, mut headers, body) = letter.parts();
                if get {
                    headers.remove(http::header::CONTENT_TYPE);
                    headers.remove(http::header::CONTENT_LENGTH);
                }
                let method = if get { http::Method::GET } else { letter.message().method.clone() };
                let request = self.request(method, &Bytes::copy_from_slice(path.as_bytes()), letter.message().host(), headers)?;
                Arc::new(Ready { request, body: if get { Bytes::new() } else { body } })
            }
            (None, None) => {
                let (path, mut headers, body) = letter.parts();
                if !body.is_empty() {
                    headers.entry(http::header::CONTENT_LENGTH).or_insert(body.len().into());
                }
                let message = letter.message();
                let request = self.request(message.method.clone(), &path, message.host(), headers)?;
                self.keep(Ready { request, body }, message.is_still())
            }
        };
        let whole = self.whole(&ready, 0).await?;
        let status = whole.head.status.as_u16();
        let wanted = location && matches!(status, 301 | 302 | 303 | 307 | 308);
        let there = wanted.then(|| whole.head.headers.get(http::header::LOCATION).and_then(|there| there.to_str().ok()).map(str::to_owned));
        Ok(Read { status, bytes: whole.bytes, alive: true, location: there.flatten() })
    }

    /// The request, where all are the same and one has been put together.
    pub(super) fn ready(&self) -> Option<Arc<Ready>> {
        self.still.clone()
    }

    /// Keeps a request for the next ones, where all are the same.
    pub(super) fn keep(&mut self, ready: Ready, still: bool) -> Arc<Ready> {
        let ready = Arc::new(ready);
        self.still = still.then(|| ready.clone());
        ready
    }

    /// Puts a request together.
    pub(super) fn request(&self, method: http::Method, path: &Bytes, host: Option<&str>, headers: HeaderMap) -> Result<http::Request<()>, Fault> {
        let inner = &self.trunk.wire.0;
        let scheme = if inner.tls.is_some() { "https" } else { "http" };
        let own = inner.target.authority();
        let built = Uri::builder().scheme(scheme).authority(host.unwrap_or(&own)).path_and_query(path.as_ref()).build();
        let uri = built.map_err(|error| Fault { alive: true, ..Fault::new(Class::Write, format!("the request cannot be written: {error}")) })?;
        let mut request = http::Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Sends a request and reads everything that comes for it; the first bytes of the body are kept, as many as are wanted.
    pub(super) async fn whole(&mut self, ready: &Ready, wanted: usize) -> Result<Whole, Fault> {
        for _ in 0..AGAIN {
            // A connection that has ended while nothing was asked of it is no failure of this request.
            if std::future::poll_fn(|context| self.living.requests.poll_ready(context)).await.is_err() {
                self.living = Box::pin(self.trunk.after(self.living.number)).await?;
                continue;
            }
            match once(&mut self.living.requests, ready.request.clone(), ready.body.clone(), wanted).await {
                // Streams above the last one it names were not begun (RFC 9113, 6.8).
                Err(error) if error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR) => {
                    self.living = Box::pin(self.trunk.after(self.living.number)).await?;
                }
                outcome => return outcome.map_err(|error| fault_of(&error)),
            }
        }
        Err(Fault::new(Class::GoAway, "it went elsewhere again and again"))
    }
}

/// Sends a request on an open connection and reads everything that comes for it.
pub(super) async fn once(requests: &mut SendRequest<Bytes>, request: http::Request<()>, body: Bytes, wanted: usize) -> Result<Whole, h2::Error> {
    let (response, mut stream) = requests.send_request(request, body.is_empty())?;
    if !body.is_empty() {
        stream.send_data(body, true)?;
    }
    let (head, body) = response.await?.into_parts();
    let mut whole = Whole { head, start: Vec::new(), bytes: 0, trailers: None };
    whole.read(body, wanted).await?;
    Ok(whole)
}

impl Whole {
    async fn read(&mut self, mut body: RecvStream, wanted: usize) -> Result<(), h2::Error> {
        if body.is_end_stream() {
            return Ok(());
        }
        while let Some(part) = body.data().await {
            let part = part?;
            self.bytes += part.len() as u64;
            self.start.extend_from_slice(&part[..part.len().min(wanted - self.start.len())]);
            body.flow_control().release_capacity(part.len())?;
        }
        self.trailers = body.trailers().await?;
        Ok(())
    }
}

/// What broke a stream or its connection.
pub(super) fn fault_of(error: &h2::Error) -> Fault {
    let reason = error.reason().map(|reason| reason.description().to_owned());
    if let Some(io) = error.get_io() {
        Fault::of_read(io)
    } else if error.is_go_away() && error.is_remote() {
        Fault { class: Class::GoAway, reason, alive: false }
    } else if error.is_reset() && error.is_remote() {
        Fault { class: Class::StreamReset, reason, alive: true }
    } else {
        Fault::new(Class::Nonsense, error.to_string())
    }
}
