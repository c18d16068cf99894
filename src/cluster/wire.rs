//! HTTP to one API server: whole answers, lines of a watch, and errors said for a person. Knows no kind.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, DATE, HeaderMap, RETRY_AFTER};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use kube::client::Body;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::client::{Built, stamp};
use super::connection::unix_now;
use super::entrance::Entrance;
use super::tally::{Tally, Use};
use super::through::{Refusal, Way};
use crate::names::{ClusterId, Problem};
use crate::text::sanitise;

/// What is asked for where no other form is wanted.
pub(super) const JSON: &str = "application/json";
/// How long one answer to a person's question may take.
pub(super) const LIMIT: Duration = Duration::from_secs(15);

/// Answers bigger than this are refused where one object is expected.
const LARGEST_OBJECT: usize = 64 << 20;

/// One cluster's API server. Cloning shares the connections.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) id: ClusterId,
    /// Replaced when credentials are renewed; what runs goes on with the one it began with.
    client: Arc<RwLock<kube::Client>>,
    tally: Arc<Tally>,
    entrance: Option<Arc<Entrance>>,
    way: Arc<RwLock<Option<Arc<Way>>>>,
}

/// What went wrong on the way, with what a caller decides on.
#[derive(Debug)]
pub(super) struct Trouble {
    /// The status the server answered; none when it did not answer.
    pub(super) status: Option<StatusCode>,
    /// How long the server asked to be left alone.
    pub(super) after: Option<Duration>,
    /// For the person.
    pub(super) problem: Problem,
}

/// `metav1.Status`, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    pub(super) code: u16,
    pub(super) message: String,
    pub(super) reason: String,
}

/// What `/version` answers, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

/// A value of a query.
pub(super) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Wire {
    pub(super) fn new(id: ClusterId, built: Built) -> Self {
        built.tally.credentials_end(built.ends);
        Self {
            id,
            client: Arc::new(RwLock::new(built.client)),
            tally: built.tally,
            entrance: built.entrance.map(Arc::new),
            way: Arc::new(RwLock::new(built.way)),
        }
    }

    /// From now on requests are made with other credentials.
    pub(super) fn renew(&self, built: Built) {
        self.tally.credentials_end(built.ends);
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = built.client;
        *self.way.write().unwrap_or_else(PoisonError::into_inner) = built.way;
    }

    /// The client with the credentials there are, for what is no plain request.
    pub(super) fn client(&self) -> kube::Client {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is counted here.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// When the certificate ends that the server shows, unix seconds; none: it could not be seen.
    pub(super) async fn serving_ends(&self) -> Option<i64> {
        self.entrance.as_ref()?.ends().await
    }

    /// The uid of namespace kube-system, which is the same however the cluster is reached; none where it may not be read.
    pub(super) async fn identity(&self, limit: Duration) -> Option<String> {
        #[derive(Deserialize)]
        struct Object {
            metadata: Meta,
        }
        #[derive(Deserialize)]
        struct Meta {
            uid: String,
        }
        let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
        let object: Object = self.json("/api/v1/namespaces/kube-system", accept, limit).await.ok()?;
        Some(sanitise(&object.metadata.uid).into_owned()).filter(|uid| !uid.is_empty())
    }

    /// A whole answer as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, path: &str, accept: &str, limit: Duration) -> Result<T, Trouble> {
        let body = self.whole(Method::GET, path, accept, Vec::new(), limit).await?;
        serde_json::from_slice(&body).map_err(|error| self.nonsense(&body, &error.to_string()))
    }

    /// The server's version, `v1.36.0`.
    pub(super) async fn version(&self, limit: Duration) -> Result<String, Trouble> {
        let version: Version = self.json("/version", JSON, limit).await?;
        Ok(sanitise(&version.git_version).into_owned())
    }

    /// A whole answer as it came.
    pub(super) async fn whole(&self, method: Method, path: &str, accept: &str, body: Vec<u8>, limit: Duration) -> Result<Bytes, Trouble> {
        let all = async {
            let answer = self.send(method, path, accept, body).await?;
            let limited = http_body_util::Limited::new(answer, LARGEST_OBJECT);
            limited.collect().await.map(http_body_util::Collected::to_bytes).map_err(|error| self.lost(&error.to_string()))
        };
        tokio::time::timeout(limit, all).await.unwrap_or_else(|_| Err(self.slow(limit)))
    }

    /// The answer to a change of an object; `form` says what kind of a patch the body is.
    pub(super) async fn patch(&self, path: &str, form: &str, body: Vec<u8>, limit: Duration) -> Result<Bytes, Trouble> {
        let all = async {
            let answer = self.send_as(Method::PATCH, path, JSON, None, (form, body)).await?;
            let limited = http_body_util::Limited::new(answer, LARGEST_OBJECT);
            limited.collect().await.map(http_body_util::Collected::to_bytes).map_err(|error| self.lost(&error.to_string()))
        };
        tokio::time::timeout(limit, all).await.unwrap_or_else(|_| Err(self.slow(limit)))
    }

    /// The lines of an answer that has no end, a watch. `limit` is for the head of the answer only.
    pub(super) async fn lines(&self, path: &str, accept: &str, limit: Duration) -> Result<Lines, Trouble> {
        // Servers compress a watch event by event, which what undoes it here takes for the end.
        let head = self.send_as(Method::GET, path, accept, Some("identity"), (JSON, Vec::new()));
        let body = tokio::time::timeout(limit, head).await.unwrap_or_else(|_| Err(self.slow(limit)))?;
        Ok(Lines { wire: self.clone(), body, buffer: Vec::new(), from: 0, scanned: 0 })
    }

    /// The parts of a long answer as they come; `limit` is for each of them.
    pub(super) async fn parts(&self, path: &str, accept: &str, limit: Duration) -> Result<Parts, Trouble> {
        let head = self.send(Method::GET, path, accept, Vec::new());
        let body = tokio::time::timeout(limit, head).await.unwrap_or_else(|_| Err(self.slow(limit)))?;
        Ok(Parts { wire: self.clone(), body, limit })
    }

    async fn send(&self, method: Method, path: &str, accept: &str, body: Vec<u8>) -> Result<Body, Trouble> {
        self.send_as(method, path, accept, None, (JSON, body)).await
    }

    async fn send_as(&self, method: Method, path: &str, accept: &str, coding: Option<&str>, (form, body): (&str, Vec<u8>)) -> Result<Body, Trouble> {
        self.tally.count(Use::of(&method, path));
        let mut request = Request::builder().method(method).uri(path).header("accept", accept).header("content-type", form);
        if let Some(coding) = coding {
            request = request.header(ACCEPT_ENCODING, coding);
        }
        let request = request.body(Body::from(body)).map_err(|error| self.lost(&error.to_string()))?;
        let answer = self.client().send(request).await.map_err(|error| self.failed(&error))?;
        if let Some(ahead) = date(answer.headers()).map(|theirs| theirs - unix_now()) {
            self.tally.ahead(ahead);
        }
        let (status, after) = (answer.status(), retry_after(answer.headers()));
        if status.is_success() {
            return Ok(answer.into_body());
        }
        let text = http_body_util::Limited::new(answer.into_body(), 64 << 10).collect().await.map(|all| all.to_bytes()).unwrap_or_default();
        Err(self.refused(status, after, &text))
    }

    fn refused(&self, status: StatusCode, after: Option<Duration>, body: &[u8]) -> Trouble {
        let said = serde_json::from_slice::<Status>(body).ok().filter(|said| !said.message.is_empty());
        let why = said.map_or_else(|| excerpt(body), |said| sanitise(&said.message).into_owned());
        let why = after.map_or_else(|| why.clone(), |after| format!("again in {} s; {why}", after.as_secs()));
        let (code, what, hint) = match status {
            StatusCode::UNAUTHORIZED => (
                "cluster.auth",
                "does not know who you are",
                "log in again with your provider's tool; the next heartbeat picks the new credentials up",
            ),
            StatusCode::FORBIDDEN => {
                ("cluster.forbidden", "does not allow this", "ask for the right named above, or look at one namespace: :ns NAME")
            }
            StatusCode::NOT_FOUND => ("cluster.not-found", "has no such thing", "it may have been deleted, or the kind is not served any more"),
            StatusCode::GONE => ("cluster.gone", "has forgotten that resourceVersion", "the list is taken again by itself"),
            StatusCode::TOO_MANY_REQUESTS => ("cluster.busy", "is too busy", "it is tried again later by itself"),
            _ => ("cluster.refused", "refused the request", "`meshplay doctor` looks at every step of the connection"),
        };
        let problem = self.problem(code, format!("{} {what} ({})", self.id, status.as_u16()), why, hint);
        Trouble { status: Some(status), after, problem }
    }

    /// The server answered, but not as an API server does.
    pub(super) fn nonsense(&self, body: &[u8], error: &str) -> Trouble {
        let html = body.trim_ascii_start().starts_with(b"<");
        let (why, hint) = if html {
            (format!("it sent HTML: {}", excerpt(body)), "the address may belong to a login page or a proxy: check `server:` in the kubeconfig")
        } else {
            (sanitise(error).into_owned(), "check `server:` in the kubeconfig, and what stands between here and there")
        };
        let problem = self.problem("cluster.nonsense", format!("{} did not answer as an API server does", self.id), why, hint);
        Trouble { status: None, after: None, problem }
    }

    /// A request got no answer: the proxy's fault, the certificate's, or one of the line.
    fn failed(&self, error: &(dyn std::error::Error + 'static)) -> Trouble {
        let causes = || std::iter::successors(Some(error), |error| error.source());
        if let Some(Refusal(why)) = causes().find_map(|cause| cause.downcast_ref()) {
            return self.barred(why);
        }
        match causes().find_map(refused_certificate) {
            Some(wrong) => self.mistrusted(wrong),
            None => self.lost(&chain(error)),
        }
    }

    /// The server's certificate is not accepted, so that nothing was said to it.
    fn mistrusted(&self, wrong: &CertificateError) -> Trouble {
        let (why, hint) = mistrust(wrong);
        let problem = self.problem("cluster.certificate", format!("the certificate of {}'s server is not accepted", self.id), why, hint);
        Trouble { status: None, after: None, problem }
    }

    /// The proxy does not let us through.
    fn barred(&self, why: &str) -> Trouble {
        let proxy = self.way().map_or_else(|| "the proxy".to_owned(), |way| format!("the proxy {}", way.proxy));
        let problem = self.problem(
            "cluster.proxy",
            format!("{} cannot be reached through its proxy", self.id),
            format!("{proxy}: {}", sanitise(why)),
            "the cluster itself was not asked: see that the proxy runs and lets you through, or correct `proxy-url` in the kubeconfig, HTTPS_PROXY or NO_PROXY",
        );
        Trouble { status: None, after: None, problem }
    }

    fn way(&self) -> Option<Arc<Way>> {
        self.way.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn lost(&self, why: &str) -> Trouble {
        let why = sanitise(why);
        let problem = self.problem(
            "cluster.unreachable",
            format!("{} cannot be reached", self.id),
            self.way().map_or_else(|| why.clone().into_owned(), |way| format!("{why}; it is asked through the proxy {}", way.proxy)),
            "it is tried again by itself; `meshplay doctor` looks closer",
        );
        Trouble { status: None, after: None, problem }
    }

    fn slow(&self, limit: Duration) -> Trouble {
        match self.way().filter(|way| way.is_stuck()) {
            Some(_) => self.barred(&format!("it has not opened a way within {} s", limit.as_secs_f32())),
            None => self.lost(&format!("no answer within {} s", limit.as_secs_f32())),
        }
    }

    fn problem(&self, code: &'static str, what: String, why: String, hint: &str) -> Problem {
        Problem { code, what, why, hints: vec![hint.to_owned()] }
    }
}

/// What rustls has against a certificate. An I/O error hides what it was made from behind its own text, and may be made from another one.
fn refused_certificate<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a CertificateError> {
    match cause.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(wrong)) => Some(wrong),
        _ => refused_certificate(cause.downcast_ref::<std::io::Error>()?.get_ref()?),
    }
}

/// What is wrong with a server's certificate, and what mends it.
fn mistrust(wrong: &CertificateError) -> (String, &'static str) {
    use CertificateError::{BadSignature, ExpiredContext, NotValidForNameContext, NotValidYetContext, UnknownIssuer};
    let date = |time: &UnixTime| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let dated = |what: &str, time: &UnixTime| format!("it {what} {}; this machine's clock says {}", stamp(date(time)), stamp(unix_now()));
    const RENEW: &str = "who runs the cluster renews it (`kubeadm certs renew apiserver`); check this machine's clock";
    const TRUST: &str = "take the cluster's `certificate-authority-data` anew; where a proxy opens TLS, its authority has to stand there";
    match wrong {
        ExpiredContext { not_after, .. } => (dated("expired at", not_after), RENEW),
        NotValidYetContext { not_before, .. } => (dated("is valid only from", not_before), RENEW),
        NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let names = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
            let why = format!("it is not for {} but for {}", expected.to_str(), sanitise(&names));
            (why, "use one of its names in `server:` of the kubeconfig, or set `tls-server-name` there to one of them")
        }
        UnknownIssuer => ("it is signed by an authority that the kubeconfig does not name (UnknownIssuer)".to_owned(), TRUST),
        // A cluster that was made anew calls its authority as the old one did.
        BadSignature => ("it is signed by another authority of the name that the kubeconfig has (BadSignature)".to_owned(), TRUST),
        other => (sanitise(&other.to_string()).into_owned(), "compare the certificate's dates, names and authority with `server:` in the kubeconfig"),
    }
}

/// `DnsName("a.example")` and `IpAddress(10.0.0.1)` as rustls shows names: what stands within.
fn bare(name: &str) -> &str {
    name.split_once('(').map_or(name, |(_, inner)| inner.trim_end_matches(')').trim_matches('"'))
}

/// The server's time, unix seconds (RFC 9110, 6.6.1).
fn date(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second())
}

/// `Retry-After` in seconds, which is what API servers send (RFC 9110, 10.2.3 also knows dates).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Errors of the stack below carry their cause only in their sources.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    // The names of our own layers say nothing to a person.
    let layers = ["ServiceError: ", "client error (Connect): "];
    layers.iter().fold(text, |text, layer| text.strip_prefix(layer).map(str::to_owned).unwrap_or(text))
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    sanitise(&line.chars().take(120).collect::<String>()).into_owned()
}

/// A body as it comes.
pub(super) struct Parts {
    wire: Wire,
    body: Body,
    limit: Duration,
}

impl Parts {
    /// The next part; `None` when it was the last one. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        loop {
            let frame = tokio::time::timeout(self.limit, self.body.frame()).await.map_err(|_| self.wire.slow(self.limit))?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(self.wire.lost(&chain(&error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// Lines of a body, however they are cut into frames.
pub(super) struct Lines {
    wire: Wire,
    body: Body,
    buffer: Vec<u8>,
    from: usize,
    scanned: usize,
}

impl Lines {
    /// The next line that is not empty; `None` when the server ended the answer. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Option<&[u8]>, Trouble> {
        loop {
            if let Some(length) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) {
                let end = self.scanned + length;
                let start = std::mem::replace(&mut self.from, end + 1);
                self.scanned = end + 1;
                if end > start {
                    return Ok(Some(&self.buffer[start..end]));
                }
                continue;
            }
            self.buffer.drain(..self.from);
            (self.from, self.scanned) = (0, self.buffer.len());
            if self.buffer.len() > LARGEST_OBJECT {
                return Err(self.wire.nonsense(b"", "a line of the watch is longer than any object may be"));
            }
            match self.body.frame().await {
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(self.wire.lost("the watch was cut in the middle of an event")),
                Some(Err(error)) => return Err(self.wire.lost(&chain(&error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    /// What came after the last line feed, once the answer is over.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let rest = self.buffer.split_off(self.from.min(self.buffer.len()));
        self.buffer.clear();
        (self.from, self.scanned) = (0, 0);
        rest
    }

    /// The server these lines come from.
    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// A whole line has already come: taking it will not wait.
    pub(super) fn ready(&self) -> bool {
        memchr::memchr(b'\n', &self.buffer[self.scanned..]).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_accepted_is_told_with_dates_and_names() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let expired = CertificateError::ExpiredContext { time: at(1_800_000_000), not_after: at(1_700_000_000) };
        let early = CertificateError::NotValidYetContext { time: at(1_600_000_000), not_before: at(1_700_000_000) };
        assert!(mistrust(&expired).0.starts_with("it expired at 2023-11-14T22:13:20Z;"));
        assert!(mistrust(&early).0.starts_with("it is valid only from 2023-11-14T22:13:20Z;"));
        let presented = vec!["DnsName(\"api.example\")".to_owned(), "IpAddress(10.0.0.1)".to_owned()];
        let named = CertificateError::NotValidForNameContext { expected: "lab.example".try_into().unwrap(), presented };
        assert_eq!(mistrust(&named).0, "it is not for lab.example but for api.example, 10.0.0.1");
    }
}
