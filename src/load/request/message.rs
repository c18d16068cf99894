//! A request ready to be sent again and again: one block of bytes for HTTP/1.1, a head and a body for HTTP/2, only a body for echoes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::feed::Feed;
use super::template::{Names, Place, Template, Turn, encoded};
use super::{Body, Request};
use crate::load::chance::Random;
use crate::load::target::Target;
use crate::names::Problem;

/// What is sent, read and checked once.
pub(in crate::load) struct Message {
    pub(in crate::load) method: Method,
    path: Template,
    headers: Vec<(HeaderName, Template)>,
    body: Template,
    /// Request line and headers as HTTP/1.1 writes them.
    head: Template,
    feed: Option<Arc<Feed>>,
    /// Requests so far, over all connections.
    counter: AtomicU64,
}

/// What one line fills in and sends; its buffers are used again.
pub(in crate::load) struct Letter {
    message: Arc<Message>,
    chance: Random,
    bytes: Vec<u8>,
    body: Vec<u8>,
    /// The bytes are the same each time and have been written.
    still: bool,
}

impl Message {
    /// Reads what is asked of a target.
    ///
    /// # Errors
    /// A template, the method or a header cannot be sent.
    pub(in crate::load) fn new(request: &Request, target: &Target, keep_alive: bool) -> Result<Self, Problem> {
        Self::at(request, target, target.path(), keep_alive)
    }

    /// The same for another path of it.
    pub(in crate::load) fn at(request: &Request, target: &Target, path: &str, keep_alive: bool) -> Result<Self, Problem> {
        let names = Names { own: &request.values, feed: request.feed.as_deref() };
        let wrong = |why: String, hint: &str| Problem::new("load.request", format!("this cannot be asked of {}", target.url()), why).hint(hint);
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| wrong(format!("{} is no method", crate::text::sanitise(&request.method)), "a method is a word like GET or POST"))?;
        let path = Template::read(path, Place::Url, "the path", names)?;
        let body = body(&request.body, names)?;
        let mut headers = Vec::new();
        for header in &request.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes())
                .map_err(|_| wrong(format!("{} is no name of a header", crate::text::sanitise(&header.name)), "write name: value"))?;
            HeaderValue::from_str(&header.value)
                .map_err(|_| wrong(format!("the header {name} holds what no header can"), "line breaks and control characters are not allowed"))?;
            headers.push((name, Template::read(&header.value, Place::Header, &format!("the header {}", header.name), names)?));
        }
        let has = |headers: &[(HeaderName, Template)], name: HeaderName| headers.iter().any(|(have, _)| *have == name);
        for (name, value) in [(http::header::USER_AGENT, concat!("meshplay/", env!("CARGO_PKG_VERSION"))), (http::header::ACCEPT, "*/*")] {
            if !has(&headers, name.clone()) {
                headers.push((name, Template::plain(value.as_bytes())));
            }
        }
        if matches!(request.body, Body::Form(_)) && !has(&headers, http::header::CONTENT_TYPE) {
            headers.push((http::header::CONTENT_TYPE, Template::plain(b"application/x-www-form-urlencoded")));
        }
        let head = head(&method, &path, &headers, target, (request.body != Body::Empty).then_some(&body), keep_alive);
        Ok(Self { method, path, headers, body, head, feed: request.feed.clone(), counter: AtomicU64::new(0) })
    }

    /// Every request has the same bytes.
    pub(in crate::load) fn is_still(&self) -> bool {
        self.head.still().is_some() && self.body.still().is_some()
    }

    /// What the server is called instead of its address, where that is said.
    pub(in crate::load) fn host(&self) -> Option<&str> {
        let (_, host) = self.headers.iter().find(|(name, _)| *name == http::header::HOST)?;
        std::str::from_utf8(host.still()?).ok()
    }

    /// A writer of its own for one line; the seed makes its chance differ from that of others.
    pub(in crate::load) fn letter(self: &Arc<Self>, seed: u64) -> Letter {
        Letter { message: self.clone(), chance: Random(seed), bytes: Vec::new(), body: Vec::new(), still: false }
    }
}

impl Letter {
    pub(in crate::load) fn message(&self) -> &Message {
        &self.message
    }

    /// The next request as HTTP/1.1 sends it.
    pub(in crate::load) fn write(&mut self) -> &[u8] {
        if self.still {
            return &self.bytes;
        }
        self.still = self.message.is_still();
        let Self { message, chance, bytes, body, .. } = self;
        let mut turn = message.turn();
        body.clear();
        message.body.fill(&mut turn, chance, body);
        turn.length = body.len();
        bytes.clear();
        message.head.fill(&mut turn, chance, bytes);
        bytes.extend_from_slice(body);
        bytes
    }

    /// The same request for another place of the same server, without its body where a redirect turns it into a GET (RFC 9110, 15.4).
    pub(in crate::load) fn write_to(&mut self, path: &str, get: bool) -> Vec<u8> {
        // Its values are filled in anew; a redirect is not what is measured by the nanosecond.
        let Self { message, chance, .. } = self;
        let mut turn = message.turn();
        let mut body = Vec::new();
        if !get {
            message.body.fill(&mut turn, chance, &mut body);
        }
        turn.length = body.len();
        let mut bytes = Vec::new();
        message.head.fill(&mut turn, chance, &mut bytes);
        let first = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |end| end + 1);
        let method = if get { "GET" } else { message.method.as_str() };
        let mut out = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
        for line in bytes[first..].split_inclusive(|byte| *byte == b'\n') {
            let about_body = ["content-length:", "content-type:"]
                .iter()
                .any(|name| line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name.as_bytes()));
            if !(get && about_body) {
                out.extend_from_slice(line);
            }
        }
        out.extend_from_slice(&body);
        out
    }

    /// The next request as HTTP/2 sends it: path, headers and body.
    pub(in crate::load) fn parts(&mut self) -> (Bytes, HeaderMap, Bytes) {
        let Self { message, chance, .. } = self;
        let mut turn = message.turn();
        let mut filled = |template: &Template| match template.still() {
            Some(bytes) => Bytes::copy_from_slice(bytes),
            None => {
                let mut bytes = Vec::new();
                template.fill(&mut turn, chance, &mut bytes);
                bytes.into()
            }
        };
        let path = filled(&message.path);
        let mut headers = HeaderMap::with_capacity(message.headers.len());
        for (name, value) in message.headers.iter().filter(|(name, _)| *name != http::header::HOST) {
            if let Ok(value) = HeaderValue::from_maybe_shared(filled(value)) {
                headers.append(name.clone(), value);
            }
        }
        (path, headers, filled(&message.body))
    }

    /// The next body alone.
    pub(in crate::load) fn body(&mut self) -> &[u8] {
        let Self { message, chance, body, .. } = self;
        body.clear();
        message.body.fill(&mut message.turn(), chance, body);
        body
    }
}

impl Message {
    fn turn(&self) -> Turn<'_> {
        // Requests that are all the same need not be counted, which threads would have to agree on.
        let counter = if self.is_still() { 0 } else { self.counter.fetch_add(1, Ordering::Relaxed) };
        Turn::new(counter, self.feed.as_deref())
    }
}

fn body(body: &Body, names: Names<'_>) -> Result<Template, Problem> {
    match body {
        Body::Empty => Ok(Template::default()),
        Body::Text(text) => Template::read(text, Place::Body, "the body", names),
        Body::Bytes(bytes) => Ok(Template::plain(bytes)),
        Body::Form(fields) => {
            let mut template = Template::default();
            for (at, (name, value)) in fields.iter().enumerate() {
                let mut before = if at == 0 { Vec::new() } else { vec![b'&'] };
                encoded(name.as_bytes(), &mut before);
                before.push(b'=');
                template.push_text(&before);
                template.push(Template::read(value, Place::Url, &format!("the field {name}"), names)?.encoded());
            }
            Ok(template)
        }
    }
}

/// Request line and headers (RFC 9112, 3).
fn head(
    method: &Method,
    path: &Template,
    headers: &[(HeaderName, Template)],
    target: &Target,
    body: Option<&Template>,
    keep_alive: bool,
) -> Template {
    let mut head = Template::plain(format!("{method} ").as_bytes());
    head.push(path.clone());
    head.push_text(b" HTTP/1.1\r\n");
    let has = |name: HeaderName| headers.iter().any(|(have, _)| *have == name);
    if !has(http::header::HOST) {
        head.push_text(format!("Host: {}\r\n", target.authority()).as_bytes());
    }
    for (name, value) in headers {
        head.push_text(format!("{}: ", title(name)).as_bytes());
        head.push(value.clone());
        head.push_text(b"\r\n");
    }
    if !keep_alive && !has(http::header::CONNECTION) {
        head.push_text(b"Connection: close\r\n");
    }
    // A method that is meant to have a body says so even if it is empty (RFC 9110, 8.6).
    let wanted = body.is_some() || matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    if wanted && !has(http::header::CONTENT_LENGTH) {
        head.push_text(b"Content-Length: ");
        match body.map_or(Some(&[][..]), Template::still) {
            Some(bytes) => head.push_text(bytes.len().to_string().as_bytes()),
            None => head.push(Template::length()),
        }
        head.push_text(b"\r\n");
    }
    head.push_text(b"\r\n");
    head
}

/// `Content-Type`, as people are used to read it.
fn title(name: &HeaderName) -> String {
    let mut title = name.as_str().to_owned();
    for at in 0..title.len() {
        if at == 0 || title.as_bytes()[at - 1] == b'-' {
            title[at..=at].make_ascii_uppercase();
        }
    }
    title
}

#[cfg(test)]
mod tests {
    use super::super::{Header, Request};
    use super::*;

    fn message(url: &str, request: &Request) -> Arc<Message> {
        Arc::new(Message::new(request, &Target::parse(url).unwrap(), true).unwrap())
    }

    fn written(url: &str, request: &Request) -> String {
        String::from_utf8(message(url, request).letter(1).write().to_vec()).unwrap()
    }

    #[test]
    fn a_request_is_http() {
        let plain = written("127.0.0.1:8080/a?b=c", &Request::default());
        assert!(plain.starts_with("GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n") && plain.ends_with("\r\n\r\n"), "{plain}");
        let request = Request {
            method: "POST".into(),
            headers: vec![Header::new("host", "shop.example"), Header::new("X-Number", "{{counter}}"), Header::new("accept", "text/plain")],
            body: Body::Text("n={{counter}}!".into()),
            ..Request::default()
        };
        let message = message("http://[::1]:81/{{counter}}", &request);
        let mut letter = message.letter(1);
        let written: Vec<String> = (0..11).map(|_| String::from_utf8(letter.write().to_vec()).unwrap()).collect();
        let agent = concat!("User-Agent: meshplay/", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            written[10],
            format!("POST /10 HTTP/1.1\r\nHost: shop.example\r\nX-Number: 10\r\nAccept: text/plain\r\n{agent}\r\nContent-Length: 5\r\n\r\nn=10!")
        );
        assert!(written[9].contains("Content-Length: 4\r\n\r\nn=9!"));
        let get = String::from_utf8(letter.write_to("/there", true)).unwrap();
        assert!(get.starts_with("GET /there HTTP/1.1\r\nHost: shop.example\r\n") && get.ends_with("\r\n\r\n") && !get.contains("Length"), "{get}");
        let post = String::from_utf8(letter.write_to("/there", false)).unwrap();
        assert!(post.starts_with("POST /there") && post.ends_with("\r\nContent-Length: 5\r\n\r\nn=12!"), "{post}");
    }

    #[test]
    fn a_form_is_encoded() {
        let fields = vec![("a b".to_owned(), "c&d=ü".to_owned()), ("n".to_owned(), "{{counter}} x".to_owned())];
        let text = written("http://x", &Request { method: "POST".into(), body: Body::Form(fields), ..Request::default() });
        assert!(text.contains("Content-Type: application/x-www-form-urlencoded\r\n"), "{text}");
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        // As the URL standard reads forms.
        let read: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
        assert_eq!(read, [("a b".into(), "c&d=ü".into()), ("n".into(), "0 x".into())]);
    }

    #[test]
    fn the_same_request_is_written_once() {
        let still = message("http://x", &Request::default());
        let mut letter = still.letter(1);
        let first = letter.write().as_ptr();
        assert!(still.is_still() && letter.write().as_ptr() == first);
    }
}
