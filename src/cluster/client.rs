//! The kube client of one context: the only code that knows credentials, plugins and transports.

use std::time::Duration;

use kube::client::{AuthError, Body};
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::entrance::Entrance;
use super::fleet::Dial;
use super::wire::Wire;
use crate::names::{ClusterId, Problem};
use crate::text::sanitise;

/// Makes the client of one context, as often as credentials have to be renewed.
pub(super) struct Builder {
    id: ClusterId,
    source: BuildFrom,
    /// A client that is still being made. A plugin that hangs cannot be ended from here, but no second one is started beside it.
    started: Mutex<Option<JoinHandle<Result<kube::Client, kube::Error>>>>,
}

/// What a client is made from.
pub(super) enum BuildFrom {
    Dial(Dial),
    Kubeconfig(Box<Kubeconfig>),
}

impl Builder {
    pub(super) fn new(id: ClusterId, source: BuildFrom) -> Self {
        Self { id, source, started: Mutex::default() }
    }

    pub(super) async fn build(&self) -> Result<Wire, Problem> {
        match &self.source {
            BuildFrom::Dial(dial) => Ok(Wire::new(self.id.clone(), embedded_client(dial.clone()))),
            BuildFrom::Kubeconfig(kubeconfig) => self.ask_with(kubeconfig).await,
        }
    }

    async fn ask_with(&self, kubeconfig: &Kubeconfig) -> Result<Wire, Problem> {
        let mut kubeconfig = kubeconfig.clone();
        for exec in kubeconfig.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()?.exec.as_mut()) {
            // A plugin that asks questions would do so on the screen that is drawn upon.
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
        let options = KubeConfigOptions { context: Some(self.id.to_string()), ..KubeConfigOptions::default() };
        let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| self.no_client(&error.to_string()))?;
        if !matches!(config.cluster_url.scheme_str(), Some("http" | "https")) {
            return Err(self.no_scheme(&config.cluster_url));
        }
        config.default_retry = false;
        config.connect_timeout = Some(Duration::from_secs(5));
        // A watch may be silent for as long as it lives; the heartbeat finds dead lines.
        config.read_timeout = None;
        config.disable_compression = is_near(&config.cluster_url);
        let entrance = Entrance::of(&config);
        let mut started = self.started.lock().await;
        let build = started.get_or_insert_with(|| start(config));
        let Ok(built) = tokio::time::timeout(Duration::from_secs(20), build).await else {
            return Err(self.no_client("the credential plugin has not answered within 20 s"));
        };
        *started = None;
        match built {
            Ok(Ok(client)) => Ok(Wire::new(self.id.clone(), client).entered(entrance)),
            Ok(Err(error)) => Err(self.no_client(&said(&error))),
            Err(error) => Err(self.no_client(&error.to_string())),
        }
    }

    /// kube takes such an address and panics when it is used.
    fn no_scheme(&self, url: &http::Uri) -> Problem {
        let url = sanitise(&url.to_string()).into_owned();
        Problem::new(
            "kubeconfig.server",
            format!("{} has no address that can be asked", self.id),
            format!("`server: {url}` begins with neither https:// nor http://"),
        )
        .hint("write `server: https://HOST:PORT` for its cluster in the kubeconfig")
    }

    fn no_client(&self, why: &str) -> Problem {
        Problem {
            code: "cluster.credentials",
            what: format!("{} cannot be asked with these credentials", self.id),
            why: sanitise(why).into_owned(),
            hints: vec![format!("run `kubectl --context {} get ns` once: it shows what the plugin or the file wants", self.id)],
        }
    }
}

/// What a credential plugin said, rather than how it was run.
fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Auth(AuthError::AuthExecRun { out, .. }) => {
            let text = String::from_utf8_lossy(&out.stderr);
            let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let said = if lines.is_empty() { "it said nothing".to_owned() } else { lines.join("; ") };
            format!("the credential plugin ended with {}: {said}", out.status)
        }
        error => error.to_string(),
    }
}

/// Building runs credential plugins and reads files: never on a thread that serves others.
fn start(config: kube::Config) -> JoinHandle<Result<kube::Client, kube::Error>> {
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let _entered = handle.enter();
        _ = rustls::crypto::ring::default_provider().install_default();
        kube::Client::try_from(config)
    })
}

/// Compression costs the server more than a loopback saves.
fn is_near(url: &http::Uri) -> bool {
    matches!(url.host(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// A client that dials a new in-process connection a request: that costs a few kilobytes and saves a pool.
fn embedded_client(dial: Dial) -> kube::Client {
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let stream = dial();
        async move {
            let (mut sender, line) = hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await?;
            tokio::spawn(line);
            sender.send_request(request).await
        }
    });
    kube::Client::new(service, "default")
}
