//! The kube client of one connection: the only code that knows credentials and transports. Its sockets find out by themselves that the other end is gone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use kube::config::{AuthInfo, Cluster, ExecAuthCluster, Kubeconfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tower::{BoxError, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

use super::certificate::validity;
use super::connection::unix_now;
use super::entrance::Entrance;
use super::fleet::Dial;
use super::login::Logins;
use super::proxy::{Proxies, without_password};
use super::tally::Tally;
use super::through::{Through, Way};
use crate::names::{ClusterId, Problem};
use crate::text::sanitise;

/// Makes the client of one connection, as often as credentials have to be renewed.
pub(super) struct Builder {
    id: ClusterId,
    source: BuildFrom,
    tally: Arc<Tally>,
    logins: Logins,
    proxies: Proxies,
}

/// What a client is made from.
pub(super) enum BuildFrom {
    /// Something in this process.
    Dial(Dial),
    /// The context of that name.
    Kubeconfig(Arc<Kubeconfig>),
    /// The service account of the pod this runs in.
    Pod(InCluster),
    /// An address that wants no credentials.
    Address(String),
}

/// The cluster this program runs in, as the kubelet tells its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InCluster {
    /// `https://HOST:PORT` of the API server.
    pub server: String,
    /// The folder with `token`, `ca.crt` and `namespace`; the kubelet renews the first two.
    pub folder: PathBuf,
}

/// A client and what goes with it.
pub(super) struct Built {
    pub(super) client: kube::Client,
    pub(super) tally: Arc<Tally>,
    /// When its credentials end, unix seconds.
    pub(super) ends: Option<i64>,
    /// Where the server shows its own certificate.
    pub(super) entrance: Option<Entrance>,
    /// The proxy it goes through.
    pub(super) way: Option<Arc<Way>>,
}

/// How long the other end may be silent where it has to say something: unacknowledged data, or a probe on an idle line.
const SILENCE: Duration = Duration::from_secs(15);
const PROBES: u32 = 3;
const CONNECT: Duration = Duration::from_secs(5);

impl Builder {
    pub(super) fn new(id: ClusterId, source: BuildFrom, tally: Arc<Tally>, logins: Logins, proxies: Proxies) -> Self {
        Self { id, source, tally, logins, proxies }
    }

    pub(super) fn id(&self) -> &ClusterId {
        &self.id
    }

    /// A client with the credentials there are.
    pub(super) async fn build(&self) -> Result<Built, Problem> {
        self.make(false).await
    }

    /// A client with credentials that are asked for anew.
    pub(super) async fn renew(&self) -> Result<Built, Problem> {
        self.make(true).await
    }

    async fn make(&self, renew: bool) -> Result<Built, Problem> {
        let (config, proxy, ends) = match &self.source {
            BuildFrom::Dial(dial) => return Ok(self.built(embedded_client(dial.clone()), None, None, None)),
            BuildFrom::Address(url) => (kube::Config::new(self.address(url)?), None, None),
            BuildFrom::Pod(pod) => (self.in_cluster(pod)?, None, None),
            BuildFrom::Kubeconfig(kubeconfig) => self.of_context(kubeconfig, renew).await?,
        };
        let proxy = self.proxies.choose(&config.cluster_url, proxy.as_deref()).map_err(|why| self.no_proxy(why))?;
        let entrance = Entrance::of(&config, proxy.is_none());
        let way = proxy.as_ref().map(|proxy| Arc::new(Way::of(without_password(proxy.to_string().trim_end_matches('/')))));
        let through = proxy.zip(way.clone());
        // Files are read while a client is made: not on a thread that serves others.
        let made = tokio::task::spawn_blocking(move || client(config, through)).await;
        let client = made.map_err(|error| self.no_client(&error.to_string()))?.map_err(|error| self.no_client(&error.to_string()))?;
        Ok(self.built(client, ends, entrance, way))
    }

    fn built(&self, client: kube::Client, ends: Option<i64>, entrance: Option<Entrance>, way: Option<Arc<Way>>) -> Built {
        Built { client, tally: self.tally.clone(), ends, entrance, way }
    }

    /// What the kubeconfig says about a context, with the credentials of its user, its cluster's own proxy, and when the credentials end.
    async fn of_context(&self, kubeconfig: &Kubeconfig, renew: bool) -> Result<(kube::Config, Option<String>, Option<i64>), Problem> {
        let (cluster, user) = self.entries(kubeconfig)?;
        let mut config = kube::Config::new(self.address(cluster.server.as_deref().unwrap_or_default())?);
        let told = ExecAuthCluster::try_from(&cluster).map_err(|error| self.no_client(&error.to_string()))?;
        config.root_cert = told.certificate_authority_data.as_deref().map(|pem| self.authorities(pem)).transpose()?;
        config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
        config.disable_compression = cluster.disable_compression.unwrap_or(false) || is_near(&config.cluster_url);
        config.tls_server_name = cluster.tls_server_name;
        config.auth_info = user;
        let mut ends = None;
        if let Some(exec) = config.auth_info.exec.take() {
            let told = exec.provide_cluster_info.then_some(told);
            let credential = self.logins.ask(&exec, told, renew).await.map_err(|why| self.no_client(&why))?;
            ends = credential.ends;
            if let Some((certificate, key)) = credential.certificate {
                config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
                config.auth_info.client_key_data = Some(STANDARD.encode(key).into());
            } else {
                config.auth_info.token = credential.token.map(Into::into);
            }
        }
        let own = self.own_certificate(&config.auth_info)?;
        Ok((config, cluster.proxy_url, ends.into_iter().chain(own).min()))
    }

    fn entries(&self, kubeconfig: &Kubeconfig) -> Result<(Cluster, AuthInfo), Problem> {
        let context = kubeconfig.contexts.iter().find(|named| sanitise(&named.name) == self.id.as_str()).and_then(|named| named.context.as_ref());
        let context = context.ok_or_else(|| self.no_client("the context is gone from the kubeconfig"))?;
        let missing = |what: &str, name: &str| self.no_client(&format!("its context names the {what} `{name}`, which the kubeconfig does not have"));
        let cluster = kubeconfig.clusters.iter().find(|one| one.name == context.cluster).and_then(|one| one.cluster.clone());
        let cluster = cluster.ok_or_else(|| missing("cluster", &context.cluster))?;
        let Some(name) = context.user.as_ref().filter(|name| !name.is_empty()) else { return Ok((cluster, AuthInfo::default())) };
        let user = kubeconfig.auth_infos.iter().find(|one| one.name == *name).ok_or_else(|| missing("user", name))?;
        Ok((cluster, user.auth_info.clone().unwrap_or_default()))
    }

    fn in_cluster(&self, pod: &InCluster) -> Result<kube::Config, Problem> {
        let mut config = kube::Config::new(self.address(&pod.server)?);
        let (token, authority) = (pod.folder.join("token"), pod.folder.join("ca.crt"));
        let unread =
            |path: &PathBuf, error: std::io::Error| self.no_client(&format!("{} of the service account cannot be read: {error}", path.display()));
        // The token is read by kube, which says nothing that helps.
        std::fs::metadata(&token).map_err(|error| unread(&token, error))?;
        config.root_cert = Some(self.authorities(&std::fs::read(&authority).map_err(|error| unread(&authority, error))?)?);
        config.root_cert_file = Some(authority);
        config.auth_info.token_file = Some(token.display().to_string());
        Ok(config)
    }

    fn authorities(&self, pem: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).map(|one| one.map(|der| der.to_vec())).collect();
        all.map_err(|error| self.no_client(&format!("the certificate authority of its cluster cannot be read: {error}")))
    }

    /// An address without a scheme is taken by kube, which panics when it is used.
    fn address(&self, text: &str) -> Result<Uri, Problem> {
        let url: Option<Uri> = text.parse().ok();
        url.filter(|url| matches!(url.scheme_str(), Some("http" | "https"))).ok_or_else(|| self.no_scheme(text))
    }

    fn no_scheme(&self, url: &str) -> Problem {
        let url = sanitise(url).into_owned();
        Problem::new(
            "kubeconfig.server",
            format!("{} has no address that can be asked", self.id),
            format!("`server: {url}` begins with neither https:// nor http://"),
        )
        .hint("write `server: https://HOST:PORT` for its cluster in the kubeconfig")
    }

    /// When the client's own certificate ends; none where it has none. One that has ended is not sent: servers answer it with 401 and no reason.
    fn own_certificate(&self, user: &AuthInfo) -> Result<Option<i64>, Problem> {
        let pem = match (&user.client_certificate_data, &user.client_certificate) {
            (Some(data), _) => STANDARD.decode(data.trim()).ok(),
            (None, Some(path)) => std::fs::read(path).ok(),
            (None, None) => return Ok(None),
        };
        // What cannot be read is told by whoever uses it.
        let first = pem.and_then(|pem| CertificateDer::from_pem_slice(&pem).ok()).and_then(|der| validity(&der));
        let Some(own) = first else { return Ok(None) };
        let (now, id) = (unix_now(), &self.id);
        let (moment, what) = if own.until < now {
            (own.until, "expired at")
        } else if own.from > now {
            (own.from, "is valid only from")
        } else {
            return Ok(Some(own.until));
        };
        let problem = Problem::new(
            "cluster.certificate",
            format!("your client certificate for {id} {what} {}", stamp(moment)),
            format!("it was issued for {}; this machine's clock says {}", own.name, stamp(now)),
        );
        Err(problem.hint("get a new one from whoever runs the cluster (`kubeadm certs renew`, `k3s certificate rotate`, a CertificateSigningRequest), and check this machine's clock"))
    }

    fn no_proxy(&self, why: String) -> Problem {
        Problem::new("cluster.proxy", format!("{} cannot be reached through its proxy", self.id), why)
            .hint("correct `proxy-url` of its cluster in the kubeconfig, or HTTPS_PROXY; NO_PROXY names servers that are reached without")
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

/// `2026-05-12T14:04:00Z`.
pub(super) fn stamp(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map_or_else(|_| unix.to_string(), |moment| moment.to_string())
}

/// Compression costs the server more than a loopback saves.
fn is_near(url: &Uri) -> bool {
    matches!(url.host(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// The client, through a proxy where one leads there. kube's own stack has no word for what its sockets shall do.
fn client(config: kube::Config, proxy: Option<(Uri, Arc<Way>)>) -> kube::Result<kube::Client> {
    _ = rustls::crypto::ring::default_provider().install_default();
    let tcp = sockets();
    let Some((url, way)) = proxy else { return stack(&config, tcp) };
    match url.scheme_str() {
        Some("socks5" | "socks5h") => {
            let (user, password) = login(&url).unwrap_or_default();
            let socks = SocksV5::new(without_login(&url), tcp);
            stack(&config, Through::new(way, if user.is_empty() { socks } else { socks.with_auth(user, password) }))
        }
        Some("https") => stack(&config, Through::new(way, tunnel(&url, config.rustls_https_connector_with_connector(tcp)?))),
        _ => stack(&config, Through::new(way, tunnel(&url, tcp))),
    }
}

/// Sockets that notice within [`SILENCE`] that packets are dropped: by keepalive where nothing is sent, by the user timeout where something is.
fn sockets() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_keepalive(Some(SILENCE / 3));
    tcp.set_keepalive_interval(Some(SILENCE / 3));
    tcp.set_keepalive_retries(Some(PROBES - 1));
    #[cfg(target_os = "linux")]
    tcp.set_tcp_user_timeout(Some(SILENCE));
    tcp
}

/// The layers kube's own client has, over other sockets; a watch may be silent for as long as it lives, so that there is no timeout for reading.
fn stack<H>(config: &kube::Config, connector: H) -> kube::Result<kube::Client>
where
    H: tower::Service<Uri> + Clone + Send + Sync + 'static,
    H::Response: hyper::rt::Read + hyper::rt::Write + Connection + Send + Unpin + 'static,
    H::Future: Send + 'static,
    H::Error: Into<BoxError>,
{
    let https = config.rustls_https_connector_with_connector(connector)?;
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build(https);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(client);
    Ok(kube::Client::new(service, config.default_namespace.clone()))
}

fn tunnel<C>(proxy: &Uri, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(without_login(proxy), connector);
    let basic =
        login(proxy).and_then(|(user, password)| HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))).ok());
    match basic {
        Some(header) => tunnel.with_auth(header),
        None => tunnel,
    }
}

/// Name and password of a proxy's address.
fn login(proxy: &Uri) -> Option<(String, String)> {
    let (login, _) = proxy.authority()?.as_str().rsplit_once('@')?;
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    Some((decoded(user), decoded(password)))
}

fn without_login(proxy: &Uri) -> Uri {
    let bare = proxy.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(_, place)| place.to_owned());
    let rebuilt = bare.map(|place| format!("{}://{place}/", proxy.scheme_str().unwrap_or("http")));
    rebuilt.and_then(|text| text.parse().ok()).unwrap_or_else(|| proxy.clone())
}

/// Undoes percent-encoding (RFC 3986, 2.1).
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A client that dials a new in-process connection a request: that costs a few kilobytes and saves a pool.
fn embedded_client(dial: Dial) -> kube::Client {
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let stream = dial();
        async move {
            let (mut sender, line) = hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await?;
            tokio::spawn(line.with_upgrades());
            sender.send_request(request).await
        }
    });
    kube::Client::new(service, "default")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_login_is_taken_out_of_its_address() {
        let url: Uri = "http://me:p%40ss%3Aw@proxy.corp:3128".parse().unwrap();
        assert_eq!(login(&url), Some(("me".into(), "p@ss:w".into())));
        assert_eq!(without_login(&url).to_string(), "http://proxy.corp:3128/");
        assert_eq!(login(&"http://proxy.corp:3128".parse().unwrap()), None);
    }
}
