//! What is asked of a target, apart from where it is: method, headers, body, data that changes, and how TLS is agreed on. Plain values; files are read by
//! who makes them, but for certificates.

pub mod feed;
mod message;
pub(super) mod template;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use feed::Feed;
pub(super) use message::{Letter, Message};

use super::target::{Scheme, Target};
use crate::names::Problem;
use crate::text::sanitise;

/// What is asked. The default is a GET without anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The method of HTTP.
    pub method: String,
    /// Headers, or metadata of gRPC, with places for templates.
    pub headers: Vec<Header>,
    /// What follows them.
    pub body: Body,
    /// HTTP/2, where the scheme would mean HTTP/1.1.
    pub http2: bool,
    /// Redirects that are followed.
    pub follow: u8,
    /// Names that templates may use, and what they stand for.
    pub values: Vec<(String, String)>,
    /// Where templates take data from.
    pub feed: Option<Arc<Feed>>,
    /// How TLS is agreed on.
    pub tls: Tls,
    /// What a gRPC server would tell by reflection: a `FileDescriptorSet`, as `protoc --include_imports --descriptor_set_out` writes it.
    pub descriptors: Option<Arc<Vec<u8>>>,
}

/// A header.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value, with places for templates.
    pub value: String,
}

/// What follows the headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Text with places for templates; JSON that becomes the message of a gRPC call.
    Text(String),
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// Fields of a form, with places for templates.
    Form(Vec<(String, String)>),
}

/// How TLS is agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tls {
    /// Any certificate is taken.
    pub insecure: bool,
    /// Who may have signed it, instead of whom this machine trusts: a PEM file.
    pub ca: Option<PathBuf>,
    /// Our own certificate, a PEM file with those between it and the root.
    pub certificate: Option<PathBuf>,
    /// Its key, a PEM file.
    pub key: Option<PathBuf>,
    /// The name to ask for and to find in the certificate, instead of the host.
    pub name: Option<String>,
    /// Nothing older than TLS 1.3.
    pub only_13: bool,
}

/// What was asked, as it is kept with a run: nothing that gives access.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The method, where it is not that of a plain GET.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Headers as `name: value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Length of the body in bytes, before templates are filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<usize>,
    /// HTTP/2 was asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub http2: bool,
    /// Redirects that were followed at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow: Option<u8>,
    /// Rows of the feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed: Option<usize>,
    /// What of TLS was not as usual: `insecure`, `ca`, `mtls`, `sni NAME`, `1.3`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tls: Vec<String>,
}

/// Stands for what is not told.
const MASK: &str = "(masked)";

impl Default for Request {
    fn default() -> Self {
        Self {
            method: "GET".into(),
            headers: Vec::new(),
            body: Body::Empty,
            http2: false,
            follow: 0,
            values: Vec::new(),
            feed: None,
            tls: Tls::default(),
            descriptors: None,
        }
    }
}

impl Request {
    /// The host that its headers name, where they name one that does not change.
    pub fn host(&self) -> Option<&str> {
        let host = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case("host"))?;
        (!host.value.contains("{{")).then_some(host.value.as_str())
    }
}

impl Header {
    /// A name and a value, both trimmed.
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: name.trim().to_owned(), value: value.trim().to_owned() }
    }

    /// Name and password in the basic scheme (RFC 7617).
    pub fn basic(credentials: &str) -> Self {
        Self::new("Authorization", &format!("Basic {}", BASE64.encode(credentials.trim_end_matches(['\r', '\n']))))
    }

    /// A bearer token (RFC 6750).
    pub fn bearer(token: &str) -> Self {
        Self::new("Authorization", &format!("Bearer {}", token.trim()))
    }

    /// It may give access, so its value is never told.
    fn is_secret(&self) -> bool {
        const WORDS: [&str; 8] = ["auth", "cookie", "token", "secret", "passw", "key", "credential", "session"];
        let name = self.name.to_ascii_lowercase();
        WORDS.iter().any(|word| name.contains(word))
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, if self.is_secret() { MASK } else { &self.value })
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Asked {
    /// Makes harmless what came from a file.
    #[must_use]
    pub fn sanitised(mut self) -> Self {
        let clean = |text: &mut String| *text = sanitise(text).into_owned();
        self.method.iter_mut().chain(&mut self.headers).chain(&mut self.tls).for_each(clean);
        self
    }
}

impl Body {
    fn length(&self) -> Option<usize> {
        match self {
            Self::Empty => None,
            Self::Text(text) => Some(text.len()),
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::Form(fields) => Some(fields.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>().saturating_sub(1)),
        }
    }
}

impl Request {
    /// Whether it can be sent to a target.
    ///
    /// # Errors
    /// Something of it does not fit the scheme, no header can hold it, or a template cannot be filled in.
    pub fn check(&self, target: &Target) -> Result<(), Problem> {
        let wrong = |why: &str, hint: &str| Err(Problem::new("load.request", format!("this cannot be asked of {}", target.url()), why).hint(hint));
        let scheme = target.scheme();
        let http = scheme.is_http() || scheme.is_grpc();
        match self {
            Self { headers, .. } if !http && !headers.is_empty() => wrong("it knows no headers", "headers go to http, https, h2c and grpc"),
            Self { http2: true, .. } if !matches!(scheme, Scheme::Http | Scheme::Https | Scheme::H2c) => {
                wrong("HTTP/2 is not a choice there", "--http2 goes with http:// and https://; gRPC always speaks it")
            }
            Self { body: Body::Empty, .. } if scheme == Scheme::Udp => {
                wrong("datagrams need something in them", "--body TEXT says what; it has to come back")
            }
            Self { body: Body::Form(_), .. } if !scheme.is_http() => wrong("only HTTP has forms", "--body TEXT says what is sent"),
            Self { descriptors: Some(_), .. } if !scheme.is_grpc() => wrong("only gRPC has descriptors", "write grpc:// or grpcs://"),
            Self { tls, .. } if *tls != Tls::default() && !scheme.is_secure() => wrong("it does not speak TLS", "write https:// or grpcs://"),
            Self { tls: Tls { certificate, key, .. }, .. } if certificate.is_some() != key.is_some() => {
                wrong("a certificate of our own needs its key, and a key its certificate", "give both --cert and --key")
            }
            Self { tls: Tls { insecure: true, ca: Some(_), .. }, .. } => {
                wrong("any certificate is taken, so nobody has to have signed it", "leave out --insecure or --ca")
            }
            _ if scheme.is_grpc() => super::wire::check_call(self, target),
            _ => Message::new(self, target, true).map(|_| ()),
        }
    }

    /// Several requests can be under way at once on one connection.
    pub fn multiplexes(&self, target: &Target) -> bool {
        self.http2 || target.scheme() == Scheme::H2c || target.scheme().is_grpc()
    }

    /// What may be kept of it.
    pub fn asked(&self) -> Asked {
        let given = |word: &str, given: bool| given.then(|| word.to_owned());
        let Tls { insecure, ca, certificate, name, only_13, .. } = &self.tls;
        let sni = name.as_ref().map(|name| format!("sni {name}"));
        let tls = [given("insecure", *insecure), given("ca", ca.is_some()), given("mtls", certificate.is_some()), sni, given("1.3", *only_13)];
        Asked {
            method: (self.method != "GET").then(|| self.method.clone()),
            headers: self.headers.iter().map(Header::to_string).collect(),
            body: self.body.length(),
            http2: self.http2,
            follow: (self.follow > 0).then_some(self.follow),
            feed: self.feed.as_ref().map(|feed| feed.rows()),
            tls: tls.into_iter().flatten().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_access_is_neither_kept_nor_printed() {
        // The example of RFC 7617, 2.
        assert_eq!(Header::basic("Aladdin:open sesame\n").value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let secrets = [Header::basic("me:hunter2"), Header::bearer("hunter2"), Header::new("X-Api-Key", "hunter2"), Header::new("cookie", "hunter2")];
        let request = Request { headers: secrets.to_vec(), ..Request::default() };
        let told = format!("{request:?} {}", serde_json::to_string(&request.asked()).unwrap());
        assert!(!told.contains("hunter2") && !told.contains(&BASE64.encode("me:hunter2")), "{told}");
        assert!(told.contains("X-Api-Key: (masked)") && Header::new("Accept", "*/*").to_string() == "Accept: */*");
    }

    #[test]
    fn what_does_not_fit_a_scheme_is_refused() {
        let with = |change: &dyn Fn(&mut Request)| {
            let mut request = Request::default();
            change(&mut request);
            request
        };
        let tls = |tls: Tls| Request { tls, ..Request::default() };
        for (url, request, words) in [
            ("tcp://x:1", with(&|request| request.headers.push(Header::new("a", "b"))), "no headers"),
            ("grpc://x", with(&|request| request.http2 = true), "not a choice"),
            ("udp://x:1", Request::default(), "something in them"),
            ("http://x", tls(Tls { insecure: true, ..Tls::default() }), "TLS"),
            ("https://x", tls(Tls { key: Some("k".into()), ..Tls::default() }), "its certificate"),
            ("https://x", tls(Tls { insecure: true, ca: Some("c".into()), ..Tls::default() }), "any certificate"),
            ("http://x", with(&|request| request.method = "GE T".into()), "method"),
            ("http://x", with(&|request| request.headers.push(Header::new("a b", "c"))), "header"),
            ("http://x", with(&|request| request.headers.push(Header::new("a", "b\r\nc: d"))), "header"),
            ("http://x/{{no}}", Request::default(), "no is not known"),
        ] {
            let problem = request.check(&Target::parse(url).unwrap()).unwrap_err();
            assert!(problem.to_string().contains(words), "{url}: {problem}");
        }
        assert_eq!(Request::default().check(&Target::parse("https://x").unwrap()), Ok(()));
    }
}
