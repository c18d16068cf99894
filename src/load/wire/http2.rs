//! HTTP/2: several requests at once on one connection (RFC 9113). A server that asks to go elsewhere is followed: what it has not begun is sent again on a
//! new connection, and the time that takes belongs to the answer.
//!
//! It is spoken here and not by a library: a general one took nearly three times as much of the processor's time for itself, which the server lacked.

mod frame;
mod hpack;
mod huffman;
mod session;
mod window;

use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, Method};
use tokio::sync::Mutex;

pub(super) use self::hpack::{Block, Head};
pub(super) use self::session::{Broken, Ready, Session, Whole};
use super::{Fault, Read, Wire, connect, decimal, leads_elsewhere};
use crate::load::record::Class;
use crate::load::request::Letter;

/// How often one request is begun again because the server went elsewhere.
const AGAIN: usize = 3;

/// What is said of a connection has no meaning here (RFC 9113, 8.2.2).
const OF_CONNECTIONS: [HeaderName; 5] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

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
    session: Session,
}

/// One request at a time on a connection that it shares.
pub(super) struct Stream {
    trunk: Rc<Trunk>,
    living: Living,
    /// The request, where all are the same.
    still: Option<Rc<Ready>>,
}

impl Trunk {
    /// Opens a connection for so many requests at once.
    pub(super) async fn open(wire: Wire, address: SocketAddr, streams: usize) -> Result<Vec<Stream>, Fault> {
        let living = Living { number: 0, session: dial(&wire, address).await? };
        let trunk = Rc::new(Self { wire, address, now: Mutex::new(living.clone()) });
        Ok((0..streams).map(|_| Stream { trunk: trunk.clone(), living: living.clone(), still: None }).collect())
    }

    /// The connection after that number: the one somebody else has opened, or a new one.
    async fn after(&self, number: u64) -> Result<Living, Fault> {
        let mut now = self.now.lock().await;
        if now.number == number {
            *now = Living { number: number + 1, session: dial(&self.wire, self.address).await? };
        }
        Ok(now.clone())
    }
}

async fn dial(wire: &Wire, address: SocketAddr) -> Result<Session, Fault> {
    let stream = connect(address).await?;
    match &wire.0.tls {
        Some(tls) => Session::begin(tls.connect(stream).await?).await,
        None => Session::begin(stream).await,
    }
}

impl Stream {
    /// Sends a request, to another path where one is given, and reads its answer to the end.
    pub(super) async fn exchange(&mut self, letter: &mut Letter, to: Option<(&str, bool)>) -> Result<Read, Fault> {
        let ready = match (self.ready(), to) {
            (Some(ready), None) => ready,
            (_, Some((path, get))) => {
                let (_, mut headers, body) = letter.parts();
                if get {
                    headers.remove(header::CONTENT_TYPE);
                    headers.remove(header::CONTENT_LENGTH);
                }
                let method = if get { Method::GET } else { letter.message().method.clone() };
                let body = if get { Bytes::new() } else { body };
                Rc::new(self.request(&method, path.as_bytes(), letter.message().host(), &headers, body, false)?)
            }
            (None, None) => {
                let (path, mut headers, body) = letter.parts();
                if !body.is_empty() {
                    headers.entry(header::CONTENT_LENGTH).or_insert(body.len().into());
                }
                let message = letter.message();
                let ready = self.request(&message.method, &path, message.host(), &headers, body, message.is_still())?;
                self.keep(ready, message.is_still())
            }
        };
        let whole = self.whole(&ready, 0).await?;
        let status = whole.head.status.unwrap_or(0);
        let location = whole.head.location.filter(|_| leads_elsewhere(status));
        Ok(Read { status, bytes: whole.bytes, alive: true, location })
    }

    /// The request, where all are the same and one has been put together.
    pub(super) fn ready(&self) -> Option<Rc<Ready>> {
        self.still.clone()
    }

    /// Keeps a request for the next ones, where all are the same.
    pub(super) fn keep(&mut self, ready: Ready, still: bool) -> Rc<Ready> {
        let ready = Rc::new(ready);
        self.still = still.then(|| ready.clone());
        ready
    }

    /// Puts a request together; `still` if all are the same.
    pub(super) fn request(
        &self,
        method: &Method,
        path: &[u8],
        host: Option<&str>,
        headers: &HeaderMap,
        body: Bytes,
        still: bool,
    ) -> Result<Ready, Fault> {
        let inner = &self.trunk.wire.0;
        if let Some(wrong) = path.iter().find(|byte| !byte.is_ascii_graphic()) {
            let why = format!("the request cannot be written: its path holds the byte 0x{wrong:02x}");
            return Err(Fault { alive: true, ..Fault::new(Class::Write, why) });
        }
        let own = inner.target.authority();
        Ok(Ready::new(method, inner.tls.is_some(), host.unwrap_or(&own), path, headers, body, still))
    }

    /// Sends a request and reads everything that comes for it; the first bytes of the body are kept, as many as are wanted.
    pub(super) async fn whole(&mut self, ready: &Ready, wanted: usize) -> Result<Whole, Fault> {
        for _ in 0..AGAIN {
            match self.living.session.exchange(ready, wanted).await {
                Ok(whole) => return Ok(whole),
                Err(Broken::Fault(fault)) => return Err(fault),
                // A connection that has ended while nothing was asked of it is no failure of this request.
                Err(Broken::Elsewhere) => self.living = Box::pin(self.trunk.after(self.living.number)).await?,
            }
        }
        Err(Fault::new(Class::GoAway, "it went elsewhere again and again"))
    }
}

impl Ready {
    /// Puts a request together; `still` if it is sent again and again.
    pub(super) fn new(method: &Method, secure: bool, authority: &str, path: &[u8], headers: &HeaderMap, body: Bytes, still: bool) -> Self {
        let scheme = if secure { "https" } else { "http" };
        let pseudo: [(&[u8], &[u8]); 4] =
            [(b":method", method.as_str().as_bytes()), (b":scheme", scheme.as_bytes()), (b":authority", authority.as_bytes()), (b":path", path)];
        let fields =
            headers.iter().filter(|(name, _)| !OF_CONNECTIONS.contains(name)).map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
        let fields: Vec<_> = pseudo.into_iter().chain(fields).collect();
        Self { block: Block::new(&fields, still), body, bare: *method == Method::HEAD }
    }
}
