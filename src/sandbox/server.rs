//! HTTP: which request means what. Objects are handed to the store and back; no rule of the shop stands here.

use std::convert::Infallible;
use std::sync::Arc;

use futures::Stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

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
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let service = hyper::service::service_fn(move |request| {
        let store = store.clone();
        async move { Ok::<_, Infallible>(answer(&store, request).await) }
    });
    // A client that goes away is no news.
    _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
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

// Answers.

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

// Discovery.

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

fn served(group: &str) -> bool {
    KINDS.iter().any(|kind| kind.group == group)
}

fn group_of(group: &str) -> Value {
    let versions = KINDS.iter().find(|kind| kind.group == group).map(|kind| json!({"groupVersion": kind.api_version(), "version": kind.version}));
    json!({"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": [versions], "preferredVersion": versions})
}

fn discovery(core: bool, ask: &Ask) -> Response<Body> {
    let mut groups: Vec<(&str, &str)> = KINDS.iter().map(|kind| (kind.group, kind.version)).filter(|(group, _)| group.is_empty() == core).collect();
    groups.dedup();
    if ask.accept.contains("g=apidiscovery.k8s.io;v=v2;") {
        let own = (!core).then(metrics::aggregated);
        let items: Vec<Value> = groups.iter().map(|(group, version)| aggregated(group, version)).chain(own).collect();
        let body = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
        return respond(StatusCode::OK, AGGREGATED, full(body.to_string()));
    }
    if core {
        return whole(&json!({"kind": "APIVersions", "versions": ["v1"]}));
    }
    let groups: Vec<Value> = groups.iter().map(|(group, _)| group_of(group)).chain([metrics::group()]).collect();
    whole(&json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
}

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

fn aggregated(group: &str, version: &str) -> Value {
    let resource = |kind: &Kind| {
        let response = |name: &str| json!({"group": kind.group, "version": kind.version, "kind": name});
        let scale = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
        let sub = |name: &&str| json!({"subresource": name, "responseKind": if *name == "scale" { scale.clone() } else { response(kind.kind) }, "verbs": ["get", "patch", "update"]});
        json!({"resource": kind.plural, "responseKind": response(kind.kind), "scope": if kind.namespaced { "Namespaced" } else { "Cluster" }, "singularResource": kind.singular,
            "verbs": VERBS, "shortNames": kind.short, "categories": category(kind), "subresources": kind.subresources.iter().map(sub).collect::<Vec<_>>()})
    };
    let resources: Vec<Value> = KINDS.iter().filter(|kind| kind.group == group).map(resource).collect();
    json!({"metadata": {"name": group}, "versions": [{"version": version, "freshness": "Current", "resources": resources}]})
}

/// What `kubectl get all` means.
fn category(kind: &Kind) -> Value {
    let all = matches!(kind.plural, "pods" | "services" | "deployments" | "replicasets" | "statefulsets" | "daemonsets" | "jobs" | "cronjobs");
    if all { json!(["all"]) } else { json!([]) }
}

fn resources(group: &str, version: &str) -> Value {
    let mut list = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.group == group && kind.version == version) {
        list.push(json!({"name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind, "verbs": VERBS, "shortNames": kind.short, "categories": category(kind)}));
        let sub = |sub: &&str| {
            json!({"name": format!("{}/{sub}", kind.plural), "singularName": "", "namespaced": kind.namespaced, "kind": if *sub == "scale" { "Scale" } else { kind.kind },
            "group": if *sub == "scale" { "autoscaling" } else { kind.group }, "version": "v1", "verbs": ["get", "patch", "update"]})
        };
        list.extend(kind.subresources.iter().map(sub));
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list})
}

/// Everybody may do everything here.
fn allowed(ask: &Ask) -> Response<Body> {
    let mut review: Value = serde_json::from_slice(&ask.body).ok().filter(Value::is_object).unwrap_or_default();
    let all = ["*"];
    review["status"] = if review["kind"] == "SelfSubjectRulesReview" {
        json!({"resourceRules": [{"verbs": all, "apiGroups": all, "resources": all}], "nonResourceRules": [{"verbs": all, "nonResourceURLs": all}], "incomplete": false})
    } else {
        json!({"allowed": true})
    };
    let mut response = whole(&review);
    *response.status_mut() = StatusCode::CREATED;
    response
}

// Reading.

fn selection(kind: &Kind, ask: &Ask) -> Result<Selection, Status> {
    let text = |name: &str| ask.get(name).unwrap_or_default();
    Selection::parse(kind, text("labelSelector"), text("fieldSelector")).map_err(bad)
}

fn list(store: &Store, kind: &'static Kind, namespace: Option<&str>, ask: &Ask) -> Answer {
    let selection = selection(kind, ask)?;
    let limit = ask.get("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let token =
        ask.get("continue").filter(|token| !token.is_empty()).map(|token| Token::parse(token).ok_or_else(|| bad("continue key is not valid")));
    let (begun, after) = token.transpose()?.map_or((None, None), |token| (Some(token.version), Some((token.namespace, token.name))));
    let (now, mut found) = store.list(kind, namespace, after, limit.saturating_add(1));
    // All pages say the version of the first: a watch from there sees what has happened to objects between two pages.
    let version = begun.unwrap_or(now);
    if !store.remembers(version) {
        return Err(status(StatusCode::GONE, "Expired", "The provided continue parameter is too old to display a consistent list result"));
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map_or_else(String::new, |(place, _)| Token::write(version, place));
    found.retain(|(_, stored)| selection.fits(stored));
    let meta = json!({"resourceVersion": version.to_string(), "continue": next});
    if ask.wants_table() {
        let values: Vec<Value> = found.iter().map(|(_, stored)| stored.value()).collect();
        return Ok(whole(&print::table(kind, &values, ask.include(), true, &meta)));
    }
    let mut body = format!("{{\"kind\":\"{}List\",\"apiVersion\":\"{}\",\"metadata\":{meta},\"items\":[", kind.kind, kind.api_version()).into_bytes();
    for (at, (_, stored)) in found.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&stored.json);
    }
    body.extend_from_slice(b"]}");
    Ok(respond(StatusCode::OK, "application/json", full(body)))
}

/// Where a list goes on: the version of its first page, and the last object that was sent.
struct Token {
    version: u64,
    namespace: String,
    name: String,
}

impl Token {
    fn write(version: u64, place: &Place) -> String {
        format!("{version}~{}~{}", place.1, place.2)
    }

    fn parse(text: &str) -> Option<Self> {
        let (version, rest) = text.split_once('~')?;
        let (namespace, name) = rest.split_once('~')?;
        Some(Self { version: version.parse().ok()?, namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

/// One watch as it runs: what is still to be sent, then what happens.
struct Watch {
    kind: &'static Kind,
    namespace: Option<String>,
    selection: Selection,
    table: bool,
    include: Include,
    defined: bool,
    queue: std::vec::IntoIter<Sent>,
    receiver: Feed,
    /// Changes up to here have been seen.
    version: u64,
    until: tokio::time::Instant,
    bookmark: Option<tokio::time::Instant>,
    over: bool,
}

/// What a watch sends first.
enum Sent {
    Added(Arc<Stored>),
    Change(Arc<Change>),
    /// The end of a streaming list.
    End(u64),
}

fn watch(store: &Arc<Store>, kind: &'static Kind, namespace: Option<&str>, ask: &Ask) -> Answer {
    let selection = selection(kind, ask)?;
    let version = ask.get("resourceVersion").unwrap_or_default();
    let initial = ask.is("sendInitialEvents");
    if initial && ask.get("resourceVersionMatch") != Some("NotOlderThan") {
        return Err(invalid("sendInitialEvents requires resourceVersionMatch=NotOlderThan"));
    }
    let (version, queue, receiver) = if initial || matches!(version, "" | "0") {
        let (version, objects, receiver) = store.list_and_follow(kind, namespace);
        let mut queue: Vec<Sent> = objects.into_iter().map(|(_, stored)| Sent::Added(stored)).collect();
        if initial {
            queue.push(Sent::End(version));
        }
        (version, queue, receiver)
    } else {
        let from = version.parse().map_err(|_| bad("the resourceVersion is not one of this server's"))?;
        let Some((past, receiver)) = store.follow(from) else {
            let gone = status(StatusCode::GONE, "Expired", "too old resource version");
            return Ok(respond(StatusCode::OK, "application/json", full(format!("{}\n", json!({"type": "ERROR", "object": gone.value()})))));
        };
        (past.last().map_or(from, |change| change.version), past.into_iter().map(Sent::Change).collect(), receiver)
    };
    let life = ask.get("timeoutSeconds").and_then(|text| text.parse().ok()).unwrap_or(1_800).min(LONGEST_WATCH);
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(life);
    let watch = Watch {
        kind,
        namespace: namespace.map(str::to_owned),
        selection,
        table: ask.wants_table(),
        include: ask.include(),
        defined: false,
        queue: queue.into_iter(),
        receiver,
        version,
        until,
        bookmark: ask.is("allowWatchBookmarks").then(|| next_bookmark(tokio::time::Instant::now(), until)).flatten(),
        over: false,
    };
    Ok(respond(StatusCode::OK, "application/json", StreamBody::new(watch.frames()).boxed_unsync()))
}

/// Bookmarks come every minute and, as the last word, two seconds before a watch ends: the times of a real server.
fn next_bookmark(now: tokio::time::Instant, until: tokio::time::Instant) -> Option<tokio::time::Instant> {
    let last = until.checked_sub(std::time::Duration::from_secs(2))?;
    (now < last).then(|| last.min(now + std::time::Duration::from_secs(60)))
}

impl Watch {
    fn frames(self) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
        futures::stream::unfold(self, |mut watch| async move { watch.next().await.map(|bytes| (Ok(Frame::data(bytes)), watch)) })
    }

    /// Lines to send: whatever is ready, at most some 64 kB of it.
    async fn next(&mut self) -> Option<Bytes> {
        let mut out = Vec::new();
        while out.len() < 64 << 10 {
            match self.queue.next() {
                Some(sent) => self.send(sent, &mut out),
                None if !out.is_empty() => match self.receiver.try_recv() {
                    Ok(change) => self.change(&change, &mut out),
                    Err(_) => break,
                },
                None => self.wait(&mut out).await?,
            }
        }
        Some(out.into())
    }

    async fn wait(&mut self, out: &mut Vec<u8>) -> Option<()> {
        if self.over {
            return None;
        }
        let beat = async {
            match &self.bookmark {
                Some(due) => tokio::time::sleep_until(*due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            change = self.receiver.recv() => match change {
                Ok(change) => self.change(&change, out),
                Err(_) => {
                    self.over = true;
                    let gone = status(StatusCode::GONE, "Expired", "the watch fell too far behind").value();
                    line(out, "ERROR", &gone);
                }
            },
            () = beat => {
                self.bookmark = next_bookmark(tokio::time::Instant::now(), self.until);
                self.mark(self.version, false, out);
            }
            () = tokio::time::sleep_until(self.until) => return None,
        }
        Some(())
    }

    fn send(&mut self, sent: Sent, out: &mut Vec<u8>) {
        match sent {
            Sent::Added(stored) if self.selection.fits(&stored) => self.stored("ADDED", &stored, out),
            Sent::Added(_) => {}
            Sent::Change(change) => self.judge(&change, out),
            Sent::End(version) => self.mark(version, true, out),
        }
    }

    fn change(&mut self, change: &Change, out: &mut Vec<u8>) {
        if change.version > self.version {
            self.version = change.version;
            self.judge(change, out);
        }
    }

    /// What a change means to this watch: an object may come into its selection or leave it.
    fn judge(&mut self, change: &Change, out: &mut Vec<u8>) {
        if change.place.0 != self.kind.plural || self.namespace.as_ref().is_some_and(|wanted| *wanted != change.place.1) {
            return;
        }
        let was = change.before.as_ref().is_some_and(|before| self.selection.fits(before));
        let is = !change.gone && self.selection.fits(&change.after);
        let what = match (was, is) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return,
        };
        match &change.before {
            // What leaves the selection is told as it was when it still belonged here, with the version of the change.
            Some(before) if what == "DELETED" && !change.gone => {
                let mut object = before.value();
                object["metadata"]["resourceVersion"] = json!(change.version.to_string());
                self.object(what, object, out);
            }
            _ => self.stored(what, &change.after, out),
        }
    }

    fn stored(&mut self, what: &str, stored: &Stored, out: &mut Vec<u8>) {
        if self.table {
            self.object(what, stored.value(), out);
        } else {
            out.extend_from_slice(format!("{{\"type\":\"{what}\",\"object\":").as_bytes());
            out.extend_from_slice(&stored.json);
            out.extend_from_slice(b"}\n");
        }
    }

    fn mark(&mut self, version: u64, end: bool, out: &mut Vec<u8>) {
        let annotations = if end { json!({"k8s.io/initial-events-end": "true"}) } else { json!({}) };
        let object = json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": {"resourceVersion": version.to_string(), "annotations": annotations}});
        self.object("BOOKMARK", object, out);
    }

    fn object(&mut self, what: &str, object: Value, out: &mut Vec<u8>) {
        if self.table {
            let first = !std::mem::replace(&mut self.defined, true);
            line(out, what, &print::table(self.kind, &[object], self.include, first, &Value::Null));
        } else {
            line(out, what, &object);
        }
    }
}

fn line(out: &mut Vec<u8>, what: &str, object: &Value) {
    out.extend_from_slice(json!({"type": what, "object": object}).to_string().as_bytes());
    out.push(b'\n');
}

// Writing.

fn body_of(ask: &Ask) -> Result<Value, Status> {
    if ask.content_type.contains("protobuf") {
        let message = "the sandbox takes JSON only: `kubectl create --validate=false -f FILE` sends it, `kubectl create configmap` does not";
        return Err(status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message));
    }
    serde_json::from_slice(&ask.body).map_err(|error| bad(format!("the body is not JSON: {error}")))
}

/// Parts that everything here takes for objects. More of a schema is not checked.
const OBJECTS: [&str; 10] = [
    "",
    "/metadata",
    "/metadata/labels",
    "/metadata/annotations",
    "/spec",
    "/status",
    "/spec/template",
    "/spec/template/metadata",
    "/spec/template/metadata/labels",
    "/spec/template/spec",
];

fn shaped(object: Value) -> Result<Value, Status> {
    let wrong = OBJECTS.iter().find(|path| object.pointer(path).is_some_and(|part| !part.is_object() && !part.is_null()));
    match wrong {
        Some(path) => Err(bad(format!("{} has to be an object", if path.is_empty() { "the body" } else { path }))),
        None if object.is_null() => Err(bad("the body is empty")),
        None => Ok(object),
    }
}

/// The body of a create or an update: it has to be for the place that the path names. An empty name is one that is still to be made.
fn object_of(kind: &Kind, namespace: &str, name: &str, ask: &Ask) -> Result<Value, Status> {
    let object = shaped(body_of(ask)?)?;
    let said = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let differs = |path: &str, wanted: &str| !said(path).is_empty() && said(path) != wanted;
    if differs("/kind", kind.kind) || differs("/apiVersion", &kind.api_version()) {
        return Err(bad(format!("{} in version {} cannot be handled as a {}", said("/kind"), said("/apiVersion"), kind.kind)));
    }
    if differs("/metadata/namespace", namespace) {
        return Err(bad(format!(
            "the namespace of the object ({}) does not match the namespace on the URL ({namespace})",
            said("/metadata/namespace")
        )));
    }
    if !name.is_empty() && differs("/metadata/name", name) {
        return Err(bad(format!("the name of the object ({}) does not match the name on the URL ({name})", said("/metadata/name"))));
    }
    Ok(object)
}

fn create(store: &Store, kind: &'static Kind, namespace: Option<String>, ask: &Ask) -> Answer {
    let namespace = namespace.unwrap_or_default();
    let mut object = object_of(kind, &namespace, "", ask)?;
    if !object["metadata"].is_object() {
        return Err(invalid("metadata.name is required"));
    }
    if object["metadata"]["name"].is_null()
        && let Some(prefix) = object["metadata"]["generateName"].as_str()
    {
        object["metadata"]["name"] = json!(format!("{prefix}{:05x}", store.version() & 0xf_ffff));
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() || name.len() > 253 || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)) {
        return Err(invalid(format!("metadata.name: \"{}\" is not a lowercase RFC 1123 subdomain", crate::text::sanitise(&name))));
    }
    if kind.namespaced && store.get(&("namespaces", String::new(), namespace.clone())).is_none() {
        return Err(status(StatusCode::NOT_FOUND, "NotFound", format!("namespaces \"{namespace}\" not found")));
    }
    scenario::stamp(&mut object, kind, &namespace, store.version());
    let place = (kind.plural, namespace, name);
    if ask.get("dryRun").is_some() {
        return Ok(respond(StatusCode::CREATED, "application/json", full(object.to_string())));
    }
    let made = store.create(place.clone(), object).map_err(|why| refused(kind, &place, &why))?;
    Ok(stored(kind, StatusCode::CREATED, &made, ask))
}

fn replace(store: &Store, kind: &'static Kind, place: &Place, ask: &Ask) -> Answer {
    let new = object_of(kind, &place.1, &place.2, ask)?;
    let said = |name: &str| new["metadata"][name].as_str().map(str::to_owned);
    let expected = Expected { uid: said("uid"), version: said("resourceVersion").filter(|version| !version.is_empty()) };
    write(store, kind, place, &expected, new, ask)
}

/// Puts an object in the place of what is there; a dry run only says what would be there.
fn write(store: &Store, kind: &'static Kind, place: &Place, expected: &Expected, new: Value, ask: &Ask) -> Answer {
    let written = if ask.get("dryRun").is_some() {
        store.rehearse(place, expected, |object| *object = new)
    } else {
        store.update(place, expected, |object| *object = new)
    };
    let written = written.map_err(|why| refused(kind, place, &why))?;
    Ok(stored(kind, StatusCode::OK, &written, ask))
}

fn change(store: &Store, kind: &'static Kind, place: &Place, ask: &Ask) -> Answer {
    let patch = body_of(ask)?;
    let current = store.get(place).ok_or_else(|| missing(kind, place))?.value();
    let mut new = current.clone();
    match ask.content_type.as_str() {
        "application/json-patch+json" => {
            let operations = patch.as_array().ok_or_else(|| bad("a JSON patch is a list of operations"))?;
            patch::json(&mut new, operations).map_err(invalid)?;
        }
        "application/merge-patch+json" | "application/strategic-merge-patch+json" if !patch.is_object() => {
            return Err(bad("a merge patch is an object"));
        }
        "application/merge-patch+json" => patch::merge(&mut new, &patch, false),
        "application/strategic-merge-patch+json" => patch::merge(&mut new, &patch, true),
        other => {
            let message = format!(
                "the sandbox does not know {other}: server-side apply needs a real cluster; `kubectl apply` without --server-side works here"
            );
            return Err(status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message));
        }
    }
    // Between reading and writing somebody may have been faster: the patch is for what was read.
    let base = [&patch, &current].into_iter().find_map(|from| from["metadata"]["resourceVersion"].as_str());
    write(store, kind, place, &Expected { uid: None, version: base.map(str::to_owned) }, shaped(new)?, ask)
}

fn scale(store: &Store, kind: &'static Kind, place: &Place, ask: &Ask) -> Answer {
    let now = match ask.method {
        Method::GET => store.get(place).ok_or_else(|| missing(kind, place))?,
        Method::PUT | Method::PATCH => {
            let body = body_of(ask)?;
            let replicas =
                body.pointer("/spec/replicas").and_then(Value::as_u64).ok_or_else(|| invalid("spec.replicas has to be a number, 0 or more"))?;
            let version = body.pointer("/metadata/resourceVersion").and_then(Value::as_str).map(str::to_owned);
            let expected = Expected { uid: None, version };
            store.update(place, &expected, |object| object["spec"]["replicas"] = json!(replicas)).map_err(|why| refused(kind, place, &why))?
        }
        _ => return Err(not_allowed(ask)),
    }
    .value();
    let (metadata, spec) = (&now["metadata"], &now["spec"]);
    Ok(whole(
        &json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"]}, "spec": {"replicas": spec["replicas"]}, "status": {"replicas": now["status"]["replicas"].as_u64().unwrap_or(0)}}),
    ))
}

fn delete(store: &Store, kind: &'static Kind, place: &Place, ask: &Ask) -> Answer {
    let options: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
    let condition = |name: &str| options["preconditions"][name].as_str().map(str::to_owned);
    let expected = Expected { uid: condition("uid"), version: condition("resourceVersion") };
    if ask.get("dryRun").is_some() || !options["dryRun"].is_null() {
        return store.get(place).map(|stored| one(kind, &stored, ask)).ok_or_else(|| missing(kind, place));
    }
    let gone = store.delete(place, &expected).map_err(|why| refused(kind, place, &why))?.value();
    if kind.kind == "Namespace" {
        empty(store, &place.2);
    }
    Ok(whole(&json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": place.2, "group": kind.group, "kind": kind.plural, "uid": gone["metadata"]["uid"]}})))
}

/// A namespace takes everything in it along.
fn empty(store: &Store, namespace: &str) {
    for kind in KINDS.iter().filter(|kind| kind.namespaced) {
        for (place, _) in store.list(kind, Some(namespace), None, usize::MAX).1 {
            // Somebody else may have deleted it meanwhile: then it is as wished.
            _ = store.delete(&place, &Expected::default());
        }
    }
}

fn delete_many(store: &Store, kind: &'static Kind, namespace: Option<&str>, ask: &Ask) -> Answer {
    let selection = selection(kind, ask)?;
    let (_, found) = store.list(kind, namespace, None, usize::MAX);
    for (place, _) in found.iter().filter(|(_, stored)| selection.fits(stored)) {
        // Somebody else may have deleted it meanwhile: then it is as wished.
        _ = store.delete(place, &Expected::default());
    }
    Ok(whole(&json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})))
}

// Logs.

fn log(store: &Arc<Store>, place: &Place, ask: &Ask) -> Answer {
    let pod = store.get(place).ok_or_else(|| missing(Kind::named("Pod").unwrap_or(&KINDS[0]), place))?.value();
    let now = jiff::Timestamp::now().as_second();
    let seconds = ask.get("sinceSeconds").and_then(|text| text.parse().ok()).map(|seconds: i64| now - seconds);
    let time = ask.get("sinceTime").and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second);
    let since = seconds.or(time).unwrap_or(i64::MIN);
    let stamped = ask.is("timestamps");
    let line = move |at: i64, text: &str| match jiff::Timestamp::from_second(at) {
        Ok(at) if stamped => format!("{at} {text}\n"),
        _ => format!("{text}\n"),
    };
    let lines: Vec<_> = super::shop::log(&pod, ask.is("previous"), now).into_iter().filter(|(at, _)| *at >= since).collect();
    let tail = ask.get("tailLines").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    let skip = lines.len().saturating_sub(tail);
    let text: String = lines.iter().skip(skip).map(|(at, text)| line(*at, text)).collect();
    if !ask.is("follow") {
        return Ok(plain(&text));
    }
    let first = futures::stream::once(async move { Ok(Frame::data(Bytes::from(text))) });
    let rest = futures::stream::unfold((store.clone(), place.clone(), 0u64), move |(store, place, count)| async move {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let pod = store.get(&place)?.value();
        let text = line(jiff::Timestamp::now().as_second(), &super::shop::next_line(&pod, count));
        Some((Ok(Frame::data(Bytes::from(text))), (store, place, count + 1)))
    });
    Ok(respond(StatusCode::OK, "text/plain", StreamBody::new(futures::StreamExt::chain(first, rest)).boxed_unsync()))
}
