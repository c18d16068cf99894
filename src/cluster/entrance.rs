//! The certificate an API server shows in a TLS handshake. Nothing is sent: the handshake is given up as soon as the certificate is known, so it is taken
//! as it comes and trusted for nothing but its date.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::validity;

/// How long a server may take for each step.
const LIMIT: Duration = Duration::from_secs(5);

/// Where a server is reached.
#[derive(Clone, Debug)]
pub(super) struct Entrance {
    host: String,
    port: u16,
    /// The name the server is asked for.
    name: String,
}

impl Entrance {
    /// Of a server that is reached with TLS; behind a proxy its own certificate is not seen from here.
    pub(super) fn of(config: &kube::Config, direct: bool) -> Option<Self> {
        let url = &config.cluster_url;
        let host = url.host().filter(|_| direct && url.scheme_str() == Some("https"))?.trim_matches(['[', ']']).to_owned();
        let name = config.tls_server_name.clone().unwrap_or_else(|| host.clone());
        Some(Self { host, port: url.port_u16().unwrap_or(443), name })
    }

    /// When the server's certificate ends, unix seconds. Does not hold up the thread it is asked on.
    pub(super) async fn ends(&self) -> Option<i64> {
        let Self { host, port, name } = self.clone();
        tokio::task::spawn_blocking(move || serving(&host, port, &name).ok()).await.ok()?
    }
}

/// When the certificate ends that a server shows, unix seconds. Waits: not for a thread that serves others.
///
/// # Errors
/// A sentence: why it could not be seen.
fn serving(host: &str, port: u16, name: &str) -> Result<i64, String> {
    let seen = Arc::new(Seen::default());
    let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let config = config.dangerous().with_custom_certificate_verifier(seen.clone()).with_no_client_auth();
    let mut talk = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    let mut stream = dial(host, port).map_err(|error| error.to_string())?;
    while talk.is_handshaking() && seen.ends().is_none() {
        if talk.complete_io(&mut stream).is_err() {
            break;
        }
    }
    seen.ends().ok_or_else(|| "it showed no certificate".to_owned())
}

fn dial(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, LIMIT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(LIMIT))?;
                stream.set_write_timeout(Some(LIMIT))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Looks at the certificate and then refuses it: the connection is for nothing else.
#[derive(Debug, Default)]
struct Seen(Mutex<Option<i64>>);

impl Seen {
    fn ends(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = validity(certificate).map(|found| found.until);
        Err(Error::General("seen, and that is all".into()))
    }

    fn verify_tls12_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("seen, and that is all".into()))
    }

    fn verify_tls13_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("seen, and that is all".into()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
