//! The way through a proxy: what goes wrong on it is the proxy's fault and told as that. What goes wrong behind it is not known here.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Uri;
use tower::{BoxError, Service};

use super::wire::chain;

/// One proxy, and whether it opens ways.
#[derive(Debug)]
pub(super) struct Way {
    /// Its address as a person may read it.
    pub(super) proxy: String,
    /// The last one who wanted through gave up waiting.
    stuck: AtomicBool,
}

impl Way {
    pub(super) fn of(proxy: String) -> Self {
        Self { proxy, stuck: AtomicBool::new(false) }
    }

    /// It was asked last for a way that it has neither opened nor refused.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }
}

/// A proxy's refusal, in words.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// A connector that goes through a proxy.
#[derive(Clone)]
pub(super) struct Through<C> {
    way: Arc<Way>,
    inner: C,
}

impl<C> Through<C> {
    pub(super) fn new(way: Arc<Way>, inner: C) -> Self {
        Self { way, inner }
    }
}

/// Somebody waits; who gives up does so by dropping it.
struct Waiting(Option<Arc<Way>>);

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(way) = self.0.take() {
            way.stuck.store(true, Ordering::Relaxed);
        }
    }
}

impl<C> Service<Uri> for Through<C>
where
    C: Service<Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, Refusal>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        self.inner.poll_ready(context).map_err(|error| refusal(error.into(), None))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let mut waiting = Waiting(Some(self.way.clone()));
        let place = server.authority().map(ToString::to_string);
        let dialled = self.inner.call(server);
        Box::pin(async move {
            let answer = dialled.await;
            if let Some(way) = waiting.0.take() {
                way.stuck.store(false, Ordering::Relaxed);
            }
            answer.map_err(|error| refusal(error.into(), place.as_deref()))
        })
    }
}

/// What hyper-util's tunnel and SOCKS handshakes say, in a person's words. SOCKS keeps why the proxy could not be dialled to itself.
const WORDS: &[(&str, &str)] = &[
    ("proxy authorization required", "it wants a login: write it into its address, http://NAME:PASSWORD@HOST:PORT"),
    ("tunnel error: unsuccessful", "it refuses to open a way to SERVER"),
    ("unexpected end of file", "it closed the connection instead of opening a way to SERVER"),
    ("io error during SOCKS handshake", "it closed the connection instead of opening a way to SERVER"),
    ("SOCKS error: failed to create underlying connection", "no connection to it can be made"),
    ("tunnel error: failed to create underlying connection: ", "no connection to it can be made: "),
];

fn refusal(error: BoxError, server: Option<&str>) -> Refusal {
    let text = chain(&*error);
    let said = WORDS.iter().find_map(|(part, words)| Some(format!("{words}{}", text.split_once(part)?.1)));
    Refusal(said.unwrap_or(text).replace("SERVER", server.unwrap_or("the server")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_way_is_stuck_when_who_waits_for_it_gives_up() {
        let way = Arc::new(Way::of("http://proxy".into()));
        let silent = tower::service_fn(|_: Uri| std::future::pending::<Result<(), BoxError>>());
        let waited = Through::new(way.clone(), silent).oneshot(Uri::from_static("https://lab"));
        assert!(tokio::time::timeout(Duration::ZERO, waited).await.is_err());
        assert!(way.is_stuck());
        let refusing = tower::service_fn(|_: Uri| async { Err::<(), BoxError>("tunnel error: unsuccessful".into()) });
        let refused = Through::new(way.clone(), refusing).oneshot(Uri::from_static("https://lab:6443")).await;
        assert_eq!(refused.unwrap_err().to_string(), "it refuses to open a way to lab:6443");
        assert!(!way.is_stuck());
    }
}
