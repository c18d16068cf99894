//! HTTP: which request means what. Objects are handed to the store and back; no rule of the shop stands here.

mod discovery;
mod forward;
mod log;
mod read;
mod watch;
mod write;

use std::convert::Infallible;
use std::sync::Arc;

use futures::Stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use self::discovery::{allowed, discovery, group_of, resources, served};
use self::forward::forward;
use self::log::log;
use self::read::list;
use self::watch::watch;
use self::write::{change, create, delete, delete_many, replace, scale};
use super::kinds::{KINDS, Kind};
use super::print::Include;
use super::select::Selection;
use super::store::{Change, Expected, Feed, Place, Refused, Store, Stored};
use super::{metrics, patch, print, scenario};

type Body = UnsyncBoxBody<Bytes, Infallible>;
type Answer = Result<Response<Body>, Status>;

/// Largest body of a write; etcd's own limit is half of it.
const LARGEST: usize = 3 << 20;

/// Longest life of a watch, in seconds: a day.
const LONGEST_WATCH: u64 = 86_400;

/// Serves one connection until it ends.
pub(super) async fn connection<I>(store: Arc<Store>, io: I)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request| {
        let store = store.clone();
        async move { Ok::<_, Infallible>(answer(&store, request).await) }
    });
    // A client that goes away is no news.
    _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).with_upgrades().await;
}

/// An error as `metav1.Status`.
#[derive(Debug)]
struct Status {
    code: StatusCode,
    reason: &'static str,
    message: String,
    /// Which object it is about, where it is about one.
    details: Option<Value>,
}

fn status(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Status {
    Status { code, reason, message: message.into(), details: None }
}

fn bad(message: impl Into<String>) -> Status {
    status(StatusCode::BAD_REQUEST, "BadRequest", message)
}

fn invalid(message: impl Into<String>) -> Status {
    status(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
}

impl Status {
    fn about(self, kind: &Kind, name: &str) -> Self {
        let mut details = json!({"name": name, "kind": kind.plural});
        if !kind.group.is_empty() {
            details["group"] = json!(kind.group);
        }
        Self { details: Some(details), ..self }
    }

    fn value(&self) -> Value {
        let mut value = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message, "reason": self.reason, "code": self.code.as_u16()});
        if let Some(details) = &self.details {
            value["details"] = details.clone();
        }
        value
    }
}

/// What a path asks for.
struct Target {
    kind: &'static Kind,
    namespace: Option<String>,
    name: Option<String>,
    sub: Option<String>,
}

/// A request taken apart.
struct Ask {
    method: Method,
    query: Vec<(String, String)>,
    accept: String,
    content_type: String,
    body: Bytes,
}

impl Ask {
    fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn is(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "true"))
    }

    fn wants_table(&self) -> bool {
        self.accept.contains("as=Table")
    }

    /// How much of an object a Table's row carries.
    fn include(&self) -> Include {
        match self.get("includeObject") {
            Some("None") => Include::None,
            Some("Object") => Include::Object,
            _ => Include::Metadata,
        }
    }
}

async fn answer(store: &Arc<Store>, request: Request<Incoming>) -> Response<Body> {
    if let Some(place) = forward::asked(request.uri().path()) {
        return forward(store, place, request).unwrap_or_else(|error| failed(&error));
    }
    let (head, body) = request.into_parts();
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let Ok(body) = Limited::new(body, LARGEST).collect().await.map(http_body_util::Collected::to_bytes) else {
        return failed(&status(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "the body is larger than 3 MiB"));
    };
    let ask = Ask { method: head.method, query, accept: header("accept"), content_type: header("content-type"), body };
    route(store, head.uri.path(), &ask).unwrap_or_else(|error| failed(&error))
}

fn route(store: &Arc<Store>, path: &str, ask: &Ask) -> Answer {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["readyz" | "livez" | "healthz", ..] => Ok(plain("ok")),
        ["version"] => Ok(whole(&json!({"major": "1", "minor": "36", "gitVersion": "v1.36.0-meshplay-sandbox", "platform": "sandbox"}))),
        ["api"] | ["apis"] => Ok(discovery(parts[0] == "api", ask)),
        ["api", "v1"] => Ok(whole(&resources("", "v1"))),
        ["apis", metrics::GROUP] => Ok(whole(&metrics::group())),
        ["apis", metrics::GROUP, metrics::VERSION] => Ok(whole(&metrics::resources())),
        ["apis", metrics::GROUP, metrics::VERSION, rest @ ..] => measured(store, rest, ask),
        ["apis", group] if served(group) => Ok(whole(&group_of(group))),
        ["apis", group, version] if served(group) => Ok(whole(&resources(group, version))),
        ["api", "v1", rest @ ..] => objects(store, target("", "v1", rest)?, ask),
        ["apis", "authorization.k8s.io", "v1", _] if ask.method == Method::POST => Ok(allowed(ask)),
        ["apis", group, version, rest @ ..] => objects(store, target(group, version, rest)?, ask),
        _ => Err(status(StatusCode::NOT_FOUND, "NotFound", "the sandbox does not serve this path: use a real cluster for it")),
    }
}

/// What is used now; where nothing moves, at the beginning of time.
fn measured(store: &Store, rest: &[&str], ask: &Ask) -> Answer {
    let now = if store.still { 0 } else { jiff::Timestamp::now().as_second() };
    let missing = || status(StatusCode::NOT_FOUND, "NotFound", "the sandbox has not measured this");
    metrics::answer(store, &ask.method, rest, now).map(|value| whole(&value)).ok_or_else(missing)
}

fn target(group: &str, version: &str, rest: &[&str]) -> Result<Target, Status> {
    let (namespace, rest) = match rest {
        ["namespaces", namespace, plural, rest @ ..] if !matches!(*plural, "status" | "finalize") => {
            (Some((*namespace).to_owned()), [&[*plural], rest].concat())
        }
        rest => (None, rest.to_vec()),
    };
    let plural = rest.first().copied().unwrap_or_default();
    let kind = Kind::served(group, version, plural).ok_or_else(|| {
        status(StatusCode::NOT_FOUND, "NotFound", format!("the sandbox does not serve {plural} of {group}/{version}: use a real cluster for them"))
    })?;
    let text = |at: usize| rest.get(at).map(|text| (*text).to_owned());
    Ok(Target { kind, namespace, name: text(1), sub: text(2) })
}

fn objects(store: &Arc<Store>, target: Target, ask: &Ask) -> Answer {
    let Target { kind, namespace, name, sub } = target;
    let Some(name) = name else {
        return match ask.method {
            Method::GET if ask.is("watch") => watch(store, kind, namespace.as_deref(), ask),
            Method::GET => list(store, kind, namespace.as_deref(), ask),
            Method::POST => create(store, kind, namespace, ask),
            Method::DELETE => delete_many(store, kind, namespace.as_deref(), ask),
            _ => Err(not_allowed(ask)),
        };
    };
    let place: Place = (kind.plural, namespace.unwrap_or_default(), name);
    match (sub.as_deref(), &ask.method) {
        (None | Some("status"), &Method::GET) => store.get(&place).map(|stored| one(kind, &stored, ask)).ok_or_else(|| missing(kind, &place)),
        (Some("log"), &Method::GET) if kind.kind == "Pod" => log(store, &place, ask),
        (Some("scale"), _) if kind.subresources.contains(&"scale") => scale(store, kind, &place, ask),
        (None | Some("status"), &Method::PUT) => replace(store, kind, &place, ask),
        (None | Some("status"), &Method::PATCH) => change(store, kind, &place, ask),
        (None, &Method::DELETE) => delete(store, kind, &place, ask),
        (Some(sub), _) => Err(status(
            StatusCode::NOT_FOUND,
            "NotFound",
            format!("the sandbox does not serve {}/{sub}: it runs no containers, use a real cluster for it", kind.plural),
        )),
        _ => Err(not_allowed(ask)),
    }
}

fn not_allowed(ask: &Ask) -> Status {
    status(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", format!("the sandbox does not take {} here", ask.method))
}

fn missing(kind: &Kind, place: &Place) -> Status {
    status(StatusCode::NOT_FOUND, "NotFound", format!("{} \"{}\" not found", qualified(kind), place.2)).about(kind, &place.2)
}

fn qualified(kind: &Kind) -> String {
    if kind.group.is_empty() { kind.plural.to_owned() } else { format!("{}.{}", kind.plural, kind.group) }
}

fn refused(kind: &Kind, place: &Place, why: &Refused) -> Status {
    let conflict = |reason, why: &str| status(StatusCode::CONFLICT, reason, why).about(kind, &place.2);
    let cannot = |why: &str| conflict("Conflict", &format!("Operation cannot be fulfilled on {} \"{}\": {why}", qualified(kind), place.2));
    match why {
        Refused::NotFound => missing(kind, place),
        Refused::Exists => conflict("AlreadyExists", &format!("{} \"{}\" already exists", qualified(kind), place.2)),
        Refused::Conflict => cannot("the object has been modified; please apply your changes to the latest version and try again"),
        Refused::Precondition => cannot("the object is not the one that was meant: its uid or resourceVersion is another"),
    }
}

fn respond(code: StatusCode, content_type: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    if let Ok(value) = content_type.parse() {
        response.headers_mut().insert("content-type", value);
    }
    response
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

fn whole(value: &Value) -> Response<Body> {
    respond(StatusCode::OK, "application/json", full(value.to_string()))
}

fn plain(text: &str) -> Response<Body> {
    respond(StatusCode::OK, "text/plain", full(text.to_owned()))
}

fn failed(error: &Status) -> Response<Body> {
    respond(error.code, "application/json", full(error.value().to_string()))
}

fn one(kind: &Kind, stored: &Stored, ask: &Ask) -> Response<Body> {
    if ask.wants_table() {
        whole(&print::table(kind, &[stored.value()], ask.include(), true, &Value::Null))
    } else {
        respond(StatusCode::OK, "application/json", full(stored.json.clone()))
    }
}

fn stored(kind: &Kind, code: StatusCode, stored: &Stored, ask: &Ask) -> Response<Body> {
    let mut response = one(kind, stored, ask);
    *response.status_mut() = code;
    response
}
