//! What a gRPC server tells of its own messages (grpc.reflection.v1, and v1alpha of older ones). The few messages of it are written and read by hand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use prost_reflect::DescriptorPool;
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::FileDescriptorProto;
use tokio::task::LocalSet;

use super::{PREFIX, framed, tls, told};
use crate::load::target::Target;
use crate::load::wire::http2::{Broken, Ready, Session};
use crate::load::wire::{Fault, connect};
use crate::text::sanitise;

/// Newest first.
const VERSIONS: [&str; 2] = ["v1", "v1alpha"];

/// More files than this are no description of a service.
const MOST: usize = 1_000;

/// Bytes of one answer.
const LARGEST: usize = 16 << 20;

/// Fields of ServerReflectionRequest: what is asked for.
const BY_NAME: u8 = 3;
const BY_SYMBOL: u8 = 4;

/// Everything a service's messages are made of.
pub(super) fn ask(
    service: &str,
    target: &Target,
    tls: Option<&tls::Client>,
    address: SocketAddr,
    timeout: Duration,
) -> Result<DescriptorPool, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let asked = async {
        tokio::time::timeout(timeout, files(service, target, tls, address)).await.unwrap_or_else(|_| Err("it did not answer in time".into()))
    };
    let files = LocalSet::new().block_on(&runtime, asked)?;
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(files).map_err(|error| format!("what it tells of its messages does not fit together: {error}"))?;
    Ok(pool)
}

async fn files(service: &str, target: &Target, tls: Option<&tls::Client>, address: SocketAddr) -> Result<Vec<FileDescriptorProto>, String> {
    let stream = connect(address).await.map_err(said)?;
    let session = match tls {
        Some(tls) => Session::begin(tls.connect(stream).await.map_err(said)?).await,
        None => Session::begin(stream).await,
    }
    .map_err(said)?;
    let mut refused = String::new();
    for version in VERSIONS {
        let conversation = Conversation { session: &session, target, secure: tls.is_some(), version };
        match conversation.all(service).await {
            Ok(files) => return Ok(files),
            // Only the first refusal says what is wrong.
            Err(why) if refused.is_empty() => refused = why,
            Err(_) => {}
        }
    }
    Err(refused)
}

struct Conversation<'a> {
    session: &'a Session,
    target: &'a Target,
    secure: bool,
    version: &'static str,
}

impl Conversation<'_> {
    /// The file that holds the service, and all that it imports: servers may tell those unasked or not.
    async fn all(&self, service: &str) -> Result<Vec<FileDescriptorProto>, String> {
        let mut files = BTreeMap::new();
        let mut missing = vec![];
        let mut answer = self.one(BY_SYMBOL, service).await?;
        loop {
            for file in answer {
                let file =
                    FileDescriptorProto::decode(file.as_slice()).map_err(|error| format!("what it tells of its messages is broken: {error}"))?;
                missing.extend(file.dependency.clone());
                files.insert(file.name().to_owned(), file);
            }
            missing.retain(|name: &String| !files.contains_key(name));
            if files.len() + missing.len() > MOST {
                return Err("it tells of more files than any service needs".into());
            }
            let Some(name) = missing.pop() else { return Ok(files.into_values().collect()) };
            answer = self.one(BY_NAME, &name).await?;
        }
    }

    async fn one(&self, kind: u8, text: &str) -> Result<Vec<Vec<u8>>, String> {
        let path = format!("/grpc.reflection.{}.ServerReflection/ServerReflectionInfo", self.version);
        let headers = [("content-type", "application/grpc"), ("te", "trailers")];
        let headers = headers.map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let (headers, authority) = (HeaderMap::from_iter(headers), self.target.authority());
        let request = Ready::new(&Method::POST, self.secure, &authority, path.as_bytes(), &headers, framed(&wanted(kind, text)), false);
        let whole = self.session.exchange(&request, LARGEST).await.map_err(|broken| match broken {
            Broken::Elsewhere => "it cannot be asked: it ends the connection".to_owned(),
            Broken::Fault(fault) => format!("it cannot be asked: {}", said(fault)),
        })?;
        let Some(head) = told(&whole) else { return Err("what answers does not speak gRPC".into()) };
        match head.grpc_status.unwrap_or(0) {
            0 => read(&whole.start),
            12 => Err("it does not tell what its messages look like (no reflection)".into()),
            code => {
                let message = sanitise(head.grpc_message.as_deref().unwrap_or_default());
                Err(format!("it does not tell what its messages look like: gRPC status {code} {message}"))
            }
        }
    }
}

fn said(fault: Fault) -> String {
    fault.reason.unwrap_or_else(|| fault.class.meaning().to_owned())
}

/// A request: one field of text.
fn wanted(field: u8, text: &str) -> Vec<u8> {
    let mut bytes = vec![field << 3 | 2];
    let mut length = text.len();
    while length > 0x7f {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// Files in an answer, or what it says is wrong.
fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let length = bytes.get(1..PREFIX).and_then(|length| length.try_into().ok()).map_or(0, u32::from_be_bytes) as usize;
    let message = bytes.get(PREFIX..PREFIX + length).ok_or("its answer is cut off")?;
    for (number, value) in fields(message) {
        match (number, value) {
            (4, Value::Bytes(files)) => {
                return Ok(fields(files)
                    .filter_map(|(number, value)| if let (1, Value::Bytes(file)) = (number, value) { Some(file.to_vec()) } else { None })
                    .collect());
            }
            (7, Value::Bytes(error)) => {
                let text = fields(error).find_map(|(number, value)| if let (2, Value::Bytes(text)) = (number, value) { Some(text) } else { None });
                return Err(sanitise(&String::from_utf8_lossy(text.unwrap_or_default())).into_owned());
            }
            _ => {}
        }
    }
    Err("its answer holds no files".into())
}

/// A value of a message; fixed numbers are passed over.
#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Fields of a message by number, up to where it breaks off (protobuf.dev, «Encoding»).
pub(super) fn fields(mut bytes: &[u8]) -> impl Iterator<Item = (u64, Value<'_>)> {
    std::iter::from_fn(move || {
        loop {
            let key = number(&mut bytes)?;
            let value = match key & 7 {
                0 => Value::Number(number(&mut bytes)?),
                2 => {
                    let length = usize::try_from(number(&mut bytes)?).ok()?;
                    Value::Bytes(bytes.split_off(..length)?)
                }
                1 => {
                    bytes.split_off(..8)?;
                    continue;
                }
                5 => {
                    bytes.split_off(..4)?;
                    continue;
                }
                _ => return None,
            };
            return Some((key >> 3, value));
        }
    })
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for at in 0..10 {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << (7 * at).min(63);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_documented() {
        // The examples of protobuf.dev, «Encoding»: field 1 is 150; field 2 is "testing"; field 3 holds the first.
        assert_eq!(fields(&[0x08, 0x96, 0x01]).collect::<Vec<_>>(), [(1, Value::Number(150))]);
        assert_eq!(fields(&[0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]).collect::<Vec<_>>(), [(2, Value::Bytes(b"testing"))]);
        assert_eq!(fields(&[0x1a, 0x03, 0x08, 0x96, 0x01]).collect::<Vec<_>>(), [(3, Value::Bytes(&[0x08, 0x96, 0x01]))]);
        assert_eq!(wanted(2, "testing"), [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
        for broken in [&[0x12, 0x7f, 1][..], &[0x80], &[0x0b], &[0xff; 12]] {
            assert_eq!(fields(broken).count(), 0);
        }
        assert!(fields(&wanted(4, &"x".repeat(300))).eq([(4, Value::Bytes("x".repeat(300).as_bytes()))]));
    }
}
