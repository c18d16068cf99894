//! gRPC over HTTP/2: the health check, and unary calls whose messages are written as JSON. What messages look like is told by the server (reflection) or
//! by a file of descriptors. After <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.

mod reflection;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::Deserializer;

use super::http2::{Head, Stream, Whole};
use super::{Answer, Fault, tls};
use crate::load::record::Class;
use crate::load::request::{Body, Header, Letter, Message, Request};
use crate::load::target::Target;
use crate::names::Problem;
use crate::text::sanitise;

/// What a bare address is asked (grpc.health.v1).
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// A compressed flag and a length stand before each message.
const PREFIX: usize = 5;

/// Bytes of an answer that are looked into.
const WANTED: usize = PREFIX + 16;

/// One method and what its messages look like.
pub(super) struct Call {
    health: bool,
    /// What JSON becomes; none: the body is the message itself.
    input: Option<MessageDescriptor>,
}

/// Whether such a call can be made.
///
/// # Errors
/// The path names no method, the body is none, or a template cannot be filled in.
pub(in crate::load) fn check(request: &Request, target: &Target) -> Result<(), Problem> {
    let wrong = |why: &str, hint: &str| Err(Problem::new("load.request", format!("this cannot be asked of {}", target.url()), why).hint(hint));
    let named = target.path().strip_prefix('/').and_then(|path| path.split_once('/'));
    match named {
        _ if !["GET", "POST"].contains(&request.method.as_str()) => return wrong("gRPC knows no methods of HTTP", "leave out --method"),
        None if target.path().is_empty() && request.body != Body::Empty => {
            return wrong("a health check has no body", "name a method, as in grpc://host:port/shop.Cart/Get");
        }
        None if !target.path().is_empty() => return wrong("its path names no method", "it looks like /shop.Cart/Get"),
        Some((service, method)) if service.is_empty() || method.is_empty() || method.contains(['/', '?']) => {
            return wrong("its path names no method", "it looks like /shop.Cart/Get");
        }
        _ => {}
    }
    message(request, target, true).map(|_| ())
}

/// The request that carries a call.
pub(super) fn message(request: &Request, target: &Target, keep_alive: bool) -> Result<Message, Problem> {
    let mut request = request.clone();
    request.method = "POST".into();
    request.headers.retain(|header| !["te", "content-type", "accept"].iter().any(|own| header.name.eq_ignore_ascii_case(own)));
    request.headers.extend([Header::new("te", "trailers"), Header::new("content-type", "application/grpc")]);
    let path = if target.path().is_empty() { HEALTH } else { target.path() };
    Message::at(&request, target, path, keep_alive)
}

impl Call {
    pub(super) fn new(target: &Target) -> Self {
        Self { health: target.path().is_empty() || target.path() == HEALTH, input: None }
    }

    /// Finds out what the message looks like, where its body is JSON, and tries it once.
    pub(super) fn learn(
        &mut self,
        request: &Request,
        letter: &mut Letter,
        tls: Option<&tls::Client>,
        target: &Target,
        address: SocketAddr,
        timeout: Duration,
    ) -> Result<(), Problem> {
        if !matches!(request.body, Body::Text(_)) {
            return Ok(());
        }
        let wrong = |why: String| Problem::new("load.grpc", format!("{} cannot be called", target.url()), why);
        let (service, method) = target.path().trim_start_matches('/').split_once('/').unwrap_or_default();
        let pool = match &request.descriptors {
            Some(bytes) => DescriptorPool::decode(bytes.as_slice()).map_err(|error| wrong(format!("the descriptors cannot be read: {error}")))?,
            None => reflection::ask(service, target, tls, address, timeout)
                .map_err(|why| wrong(why).hint("protoc --include_imports --descriptor_set_out=FILE writes what --descriptors FILE reads"))?,
        };
        let found = pool.get_service_by_name(service).ok_or_else(|| wrong(format!("there is no service {}", sanitise(service))))?;
        let known: Vec<String> = found.methods().map(|method| method.name().to_owned()).collect();
        let method = found.methods().find(|known| known.name() == method);
        let method = method.ok_or_else(|| wrong(format!("{} has only {}", sanitise(service), sanitise(&known.join(", ")))))?;
        if method.is_client_streaming() || method.is_server_streaming() {
            return Err(wrong("it is a stream; only calls with one message and one answer are made".into()));
        }
        let input = method.input();
        encoded(&input, letter.body()).map_err(|why| wrong(format!("the body is no {}: {why}", sanitise(input.full_name()))))?;
        self.input = Some(input);
        Ok(())
    }

    pub(super) async fn exchange(&self, stream: &mut Stream, letter: &mut Letter) -> Result<Answer, Fault> {
        let ready = match stream.ready() {
            Some(ready) => ready,
            None => {
                let (path, headers, body) = letter.parts();
                let body: Bytes = match &self.input {
                    None => body,
                    Some(input) => encoded(input, &body).map_err(|why| Fault { alive: true, ..Fault::new(Class::Write, why) })?.into(),
                };
                let message = letter.message();
                let ready = stream.request(&http::Method::POST, &path, message.host(), &headers, framed(&body), message.is_still())?;
                stream.keep(ready, message.is_still())
            }
        };
        let whole = stream.whole(&ready, WANTED).await?;
        self.judge(&whole).map_err(|fault| Fault { alive: true, ..fault })
    }

    fn judge(&self, whole: &Whole) -> Result<Answer, Fault> {
        let answer = |status, class| Ok(Answer { status: Some(status), class, bytes: whole.bytes, alive: true });
        match whole.head.status.unwrap_or(0) {
            200 => {}
            status @ 400..=499 => return answer(status, Some(Class::Status4xx)),
            status @ 500.. => return answer(status, Some(Class::Status5xx)),
            status => return Err(Fault::new(Class::Nonsense, format!("it answered a call with the status {status}"))),
        }
        let status = told(whole).and_then(|head| head.grpc_status).ok_or_else(|| Fault::new(Class::Nonsense, "its answer has no gRPC status"))?;
        if status != 0 {
            return answer(status, Some(Class::Grpc));
        }
        let length = whole.start.get(1..PREFIX).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
        if length.is_none_or(|length| u64::from(length) + PREFIX as u64 != whole.bytes) {
            return Err(Fault::new(Class::Nonsense, "its answer is not one message"));
        }
        let serving = !self.health || reflection::fields(&whole.start[PREFIX..]).any(|field| field == (1, reflection::Value::Number(1)));
        answer(0, (!serving).then_some(Class::Grpc))
    }
}

/// What says how a call went: the trailers, or the head where there is nothing but a status.
fn told(whole: &Whole) -> Option<&Head> {
    whole.trailers.iter().chain([&whole.head]).find(|head| head.grpc_status.is_some())
}

/// JSON as a message.
fn encoded(input: &MessageDescriptor, json: &[u8]) -> Result<Vec<u8>, String> {
    let mut reader = Deserializer::from_slice(json);
    let message = DynamicMessage::deserialize(input.clone(), &mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(message.encode_to_vec())
}

/// A message with what stands before it, not compressed.
fn framed(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(PREFIX + message.len());
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    bytes.put_slice(message);
    bytes.freeze()
}
