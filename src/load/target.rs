//! What is loaded: an address and how it is spoken to. Pure.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::names::Problem;
use crate::text::sanitise;

/// How a target is spoken to, as the beginning of its address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP over TCP.
    Http,
    /// HTTP over TLS.
    Https,
    /// HTTP/2 over TCP without asking first (RFC 9113, 3.3).
    H2c,
    /// gRPC over HTTP/2 without TLS.
    Grpc,
    /// gRPC over TLS.
    Grpcs,
    /// A TCP connection, with an echo where there is something to send.
    Tcp,
    /// Datagrams that come back.
    Udp,
    /// HTTP over a Unix socket.
    Unix,
}

/// An address to be loaded; as JSON, what [`Target::url`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target {
    scheme: Scheme,
    /// Path of a Unix socket.
    socket: Option<PathBuf>,
    host: Host,
    /// As it was written; none: what the scheme means.
    port: Option<u16>,
    /// Path and query, with places for templates as they were written; empty where the scheme has none.
    path: String,
    shown: String,
}

impl Scheme {
    /// All of them, in the order they are listed.
    pub const ALL: [Self; 8] = [Self::Http, Self::Https, Self::H2c, Self::Grpc, Self::Grpcs, Self::Tcp, Self::Udp, Self::Unix];

    /// What it is called in an address.
    pub fn name(self) -> &'static str {
        ["http", "https", "h2c", "grpc", "grpcs", "tcp", "udp", "http+unix"][self as usize]
    }

    /// Over TLS.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Https | Self::Grpcs)
    }

    /// Calls of gRPC.
    pub fn is_grpc(self) -> bool {
        matches!(self, Self::Grpc | Self::Grpcs)
    }

    /// Requests and answers of HTTP, gRPC not among them.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https | Self::H2c | Self::Unix)
    }

    fn port(self) -> Option<u16> {
        match self {
            Self::Http | Self::H2c | Self::Grpc => Some(80),
            Self::Https | Self::Grpcs => Some(443),
            Self::Tcp | Self::Udp | Self::Unix => None,
        }
    }
}

impl Target {
    /// Reads an address; a text without a scheme is taken as `http://`. A Unix socket is `unix:/run/x.sock:/path` or `http+unix://%2Frun%2Fx.sock/path`.
    ///
    /// # Errors
    /// It is none, holds credentials, or is of a scheme that is not spoken.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("unix:") {
            let (socket, path) = rest.split_once(":/").map_or((rest, String::new()), |(socket, path)| (socket, format!("/{path}")));
            return Self::of_socket(text, socket.strip_prefix("//").unwrap_or(socket), &path);
        }
        let (name, rest) = text.split_once("://").unwrap_or(("http", text));
        let name = name.to_ascii_lowercase();
        let scheme = Scheme::ALL.into_iter().find(|scheme| scheme.name() == name);
        let scheme = scheme
            .ok_or_else(|| wrong(text, format!("{} is not spoken", sanitise(&name)), "http, https, h2c, grpc, grpcs, tcp, udp and unix are"))?;
        let (authority, _) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains("{{") {
            return Err(wrong(text, "its host is a template".into(), "one run loads one host; path, headers and body may change"));
        }
        if authority.contains('@') {
            let what = Problem::new("load.target", "this address cannot be loaded", "it holds a name or password, which would be kept with the run");
            return Err(what.hint("leave them out: --basic and --bearer send credentials and keep none"));
        }
        if scheme == Scheme::Unix {
            let socket = percent_decoded(authority).ok_or_else(|| wrong(text, "its socket is no path".into(), SOCKET))?;
            return Self::of_socket(text, &socket, &rest[authority.len()..]);
        }
        let base = if scheme.is_secure() { "https" } else { "http" };
        let (url, path) = parsed(base, rest).map_err(|why| wrong(text, why, PLAIN))?;
        let host = url.host().map(|host| host.to_owned()).ok_or_else(|| wrong(text, "it names no host".into(), PLAIN))?;
        let written = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        if scheme.port().or(written).is_none() {
            return Err(wrong(text, "it names no port".into(), "write it behind the host, as in tcp://127.0.0.1:6379"));
        }
        let bare = matches!(scheme, Scheme::Tcp | Scheme::Udp);
        if bare && path != "/" {
            return Err(wrong(text, format!("{} has no path", scheme.name()), "an address looks like tcp://127.0.0.1:6379"));
        }
        let port = written.filter(|port| scheme.port() != Some(*port));
        let path = if bare || (scheme.is_grpc() && path == "/") { String::new() } else { path };
        let shown = format!("{}://{host}{}{path}", scheme.name(), port.map_or_else(String::new, |port| format!(":{port}")));
        Ok(Self { scheme, socket: None, host, port, path, shown })
    }

    fn of_socket(text: &str, socket: &str, path: &str) -> Result<Self, Problem> {
        if !socket.starts_with('/') || socket.contains('\0') {
            return Err(wrong(text, "its socket is no absolute path".into(), SOCKET));
        }
        let (_, path) = parsed("http", &format!("localhost{path}")).map_err(|why| wrong(text, why, SOCKET))?;
        let shown = format!("unix:{}:{path}", sanitise(socket));
        Ok(Self { scheme: Scheme::Unix, socket: Some(socket.into()), host: Host::Domain("localhost".into()), port: None, path, shown })
    }

    /// How it is spoken to.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The whole address.
    pub fn url(&self) -> &str {
        &self.shown
    }

    /// Host name or address, without brackets.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// The port; that of the scheme where none is written, 0 where there are none.
    pub fn port(&self) -> u16 {
        self.port.or(self.scheme.port()).unwrap_or(0)
    }

    /// Host and port as a request names them (RFC 9110, 7.2).
    pub fn authority(&self) -> String {
        format!("{}{}", self.host, self.port.map_or_else(String::new, |port| format!(":{port}")))
    }

    /// Path and query, with places for templates as they were written; empty where there is none.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Path and query of what an answer to `from` points to; none where that is another server.
    pub(super) fn beside(&self, from: &str, location: &str) -> Option<String> {
        let scheme = if self.scheme.is_secure() { "https" } else { "http" };
        let base = Url::parse(&format!("{scheme}://{}{}", self.authority(), from.split_once('?').map_or(from, |(path, _)| path))).ok()?;
        let there = base.join(location).ok().filter(|there| there.origin() == base.origin())?;
        Some(there.query().map_or_else(|| there.path().to_owned(), |query| format!("{}?{query}", there.path())))
    }

    /// The Unix socket, where it is one.
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// It is this machine itself.
    pub fn is_loopback(&self) -> bool {
        self.socket.is_some() || self.host() == "localhost" || self.host().parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl TryFrom<String> for Target {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.shown
    }
}

const PLAIN: &str = "an address looks like http://127.0.0.1:8080/path";
const SOCKET: &str = "a Unix socket looks like unix:/run/app.sock:/path";

fn wrong(text: &str, why: String, hint: &str) -> Problem {
    Problem { code: "load.target", what: format!("{} cannot be loaded", sanitise(text)), why, hints: vec![hint.to_owned()] }
}

/// Reads an address, and its path and query with the templates in them left as they are.
fn parsed(base: &str, rest: &str) -> Result<(Url, String), String> {
    // Letters that no address holds stand for templates while it is put in order.
    let (mut plain, mut templates, mut left) = (String::new(), Vec::new(), rest);
    while let Some((before, inside, after)) = next_template(left) {
        plain.push_str(before);
        plain.push_str(&stand_in(rest, templates.len()));
        templates.push(inside);
        left = after;
    }
    plain.push_str(left);
    let url = Url::parse(&format!("{base}://{plain}")).map_err(|error| error.to_string())?;
    let mut path = url.path().to_owned();
    path.extend(url.query().iter().flat_map(|query| ["?", query]));
    for (at, template) in templates.iter().enumerate() {
        path = path.replace(&stand_in(rest, at), template);
    }
    Ok((url, path))
}

fn next_template(text: &str) -> Option<(&str, &str, &str)> {
    let from = text.find("{{")?;
    let to = from + text[from..].find("}}")? + 2;
    Some((&text[..from], &text[from..to], &text[to..]))
}

/// A word for the template of that number that is not in the text.
fn stand_in(text: &str, number: usize) -> String {
    let mut word = String::from("slot");
    while text.contains(&word) {
        word.push('-');
    }
    format!("{word}{number}.")
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [left.next()?, left.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let target = Target::parse("127.0.0.1:8080/a?b=c").unwrap();
        assert!(target.is_loopback());
        assert_eq!((target.port(), target.path(), target.url()), (8080, "/a?b=c", "http://127.0.0.1:8080/a?b=c"));
        assert!(Target::parse("http://[::1]/").unwrap().is_loopback());
        assert!(!Target::parse("example.com").unwrap().is_loopback());
        for (text, scheme, port, shown) in [
            ("https://Example.com", Scheme::Https, 443, "https://example.com/"),
            ("https://example.com:80/", Scheme::Https, 80, "https://example.com:80/"),
            ("h2c://[::1]:8080/a b", Scheme::H2c, 8080, "h2c://[::1]:8080/a%20b"),
            ("grpc://example.com:443", Scheme::Grpc, 443, "grpc://example.com:443"),
            ("grpcs://example.com/shop.Cart/Get", Scheme::Grpcs, 443, "grpcs://example.com/shop.Cart/Get"),
            ("tcp://127.0.0.1:80", Scheme::Tcp, 80, "tcp://127.0.0.1:80"),
            ("udp://[::1]:53/", Scheme::Udp, 53, "udp://[::1]:53"),
            ("http://example.com:80/#top", Scheme::Http, 80, "http://example.com/"),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!((target.scheme(), target.port(), target.url()), (scheme, port, shown));
            assert_eq!(Target::parse(shown).unwrap(), target, "what is shown is read as the same");
        }
    }

    #[test]
    fn sockets_are_paths_with_paths() {
        for text in ["unix:/run/a.sock:/b?c", "http+unix://%2Frun%2Fa.sock/b?c"] {
            let target = Target::parse(text).unwrap();
            assert_eq!((target.socket(), target.path(), target.authority()), (Some(Path::new("/run/a.sock")), "/b?c", "localhost".into()));
            assert!(target.is_loopback() && target.url() == "unix:/run/a.sock:/b?c");
        }
        assert_eq!(Target::parse("unix:/run/a.sock").unwrap().path(), "/");
    }

    #[test]
    fn templates_stay_as_they_are_written() {
        let target = Target::parse("http://x/slot/{{ feed.a b }}/ü?n={{random 1 9}}&{{counter}}").unwrap();
        assert_eq!(target.path(), "/slot/{{ feed.a b }}/%C3%BC?n={{random 1 9}}&{{counter}}");
        assert!(Target::parse("http://{{feed.host}}/").is_err(), "one run loads one host");
    }

    /// RFC 3986, 5.4: references and what they resolve to.
    #[test]
    fn redirects_stay_on_the_same_server() {
        let target = Target::parse("http://a:80/b/c/d?q").unwrap();
        for (location, path) in [("g", "/b/c/g"), ("/g", "/g"), ("../g?y", "/b/g?y"), ("http://a/g#s", "/g"), ("//a:80/", "/")] {
            assert_eq!(target.beside("/b/c/d?q", location).as_deref(), Some(path), "{location}");
        }
        for other in ["http://b/", "https://a/", "//a:81/", "ftp://a/", "http://"] {
            assert_eq!(target.beside("/", other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_spoken_is_refused_with_a_reason() {
        let secret = Target::parse("http://me:hunter2@127.0.0.1/").unwrap_err();
        assert!(!secret.to_string().contains("hunter2"), "{secret}");
        for wrong in [
            "ftp://x",
            "http://",
            "http://[::",
            "a b",
            "tcp://x",
            "tcp://x:1/a",
            "udp://x",
            "unix:",
            "unix:a.sock",
            "http+unix://%2/",
            "http://x:99999",
        ] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }
}
