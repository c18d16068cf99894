//! The shop's services as real HTTP on loopback, each with a latency of its own, and what its pods would have logged.

mod delays;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(super) use self::delays::{Delays, follow};

/// One service of the shop.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) image: &'static str,
    pub(super) replicas: u32,
    /// The usual answer takes so long.
    usual: Duration,
    /// Every so many answers one takes ten times as long; 0: none does.
    slow_every: u64,
    /// Every so many answers one is a 503; 0: none is.
    fails_every: u64,
}

const fn service(name: &'static str, image: &'static str, replicas: u32, micros: u64, slow_every: u64, fails_every: u64) -> Service {
    Service { name, image, replicas, usual: Duration::from_micros(micros), slow_every, fails_every }
}

/// Everything the shop is made of. Answers below a millisecond do not wait at all: tokio's timer is a millisecond coarse.
pub(super) const SERVICES: &[Service] = &[
    service("web", "shop/web:3.2.1", 3, 0, 500, 0),
    service("cart", "shop/cart:2.4.0", 2, 3_000, 20, 4),
    service("catalog", "shop/catalog:1.9.0", 2, 2_000, 200, 0),
    service("checkout", "shop/checkout:4.0.2", 2, 12_000, 50, 0),
    service("payments", "shop/payments:2.1.7", 2, 25_000, 30, 1_000),
    service("recommend", "shop/recommend:0.8.3", 1, 18_000, 10, 0),
    service("reviews", "shop/reviews:1.3.0", 2, 5_000, 100, 0),
    service("search", "shop/search:5.0.0", 2, 8_000, 25, 0),
    service("shipping", "shop/shipping:1.1.4", 1, 4_000, 100, 0),
];

/// Opens one listener a service on a free loopback port.
///
/// # Errors
/// No port is free.
pub(super) async fn open(tasks: &mut JoinSet<()>, delays: &Arc<Delays>) -> std::io::Result<HashMap<&'static str, u16>> {
    let mut ports = HashMap::new();
    for service in SERVICES {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        ports.insert(service.name, listener.local_addr()?.port());
        tasks.spawn(serve(service, listener, delays.clone()));
    }
    Ok(ports)
}

async fn serve(service: &'static Service, listener: TcpListener, delays: Arc<Delays>) {
    let counter = Arc::new(AtomicU64::new(1));
    // Connections end with the listener, so that nothing outlives the sandbox.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        _ = stream.set_nodelay(true);
        let (counter, delays) = (counter.clone(), delays.clone());
        let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
            let number = counter.fetch_add(1, Ordering::Relaxed);
            let more = delays.of(service.name, number);
            async move { Ok::<_, Infallible>(answer(service, &request, number, more).await) }
        });
        connections.spawn(async move {
            // A client that goes away is no news.
            _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(service: &Service, request: &Request<Incoming>, number: u64, more: Duration) -> Response<Full<Bytes>> {
    let every = |count: u64| count > 0 && number.is_multiple_of(count);
    let wait = if every(service.slow_every) { (service.usual * 10).max(Duration::from_millis(5)) } else { service.usual } + more;
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let failed = every(service.fails_every);
    let text = if failed {
        "no replica is ready\n".to_owned()
    } else {
        format!("{{\"service\":\"{}\",\"path\":\"{}\"}}\n", service.name, request.uri().path())
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    if failed {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// What a pod's container would have written until `now`, each line with its moment in unix seconds: the same pod says the same every time.
pub(super) fn log(pod: &Value, previous: bool, now: i64) -> Vec<(i64, String)> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let failing = pod.pointer("/metadata/labels/app").and_then(Value::as_str) == Some("cart");
    let mut lines = vec![format!("starting {name}"), "listening on :8080".to_owned()];
    lines.extend((0..40).map(|count| next_line(pod, count)));
    if failing || previous {
        lines.extend(
            [
                "loading 81,234 recommendations into memory",
                r#"{"level":"warn","msg":"heap is nearly full","used":"198Mi","limit":"256Mi"}"#,
                r#"{"level":"warn","msg":"heap is nearly full","used":"251Mi","limit":"256Mi"}"#,
                r#"{"level":"fatal","msg":"out of memory"}"#,
            ]
            .map(str::to_owned),
        );
    }
    let count = i64::try_from(lines.len()).unwrap_or(0);
    // A line every two seconds, as it goes on.
    lines.into_iter().zip(0..).map(|(line, at)| (now - 2 * (count - at), line)).collect()
}

/// One more line of a pod that works.
pub(super) fn next_line(pod: &Value, count: u64) -> String {
    const PATHS: [&str; 5] = ["/", "/items/17", "/search?q=teapot", "/healthz", "/items/23/reviews"];
    let app = pod.pointer("/metadata/labels/app").and_then(Value::as_str).unwrap_or("app");
    let path = PATHS[usize::try_from(count).unwrap_or_default() % PATHS.len()];
    format!("{app} GET {path} 200 {}ms", 1 + (count * 7) % 23)
}
