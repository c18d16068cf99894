//! TLS: what is trusted, who we are, and what a failed handshake means.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Fault;
use crate::load::record::Class;
use crate::load::request::Tls;
use crate::load::target::Target;
use crate::names::Problem;

/// Agrees on TLS with one server; sessions are resumed where it allows that.
pub(super) struct Client {
    connector: TlsConnector,
    name: ServerName<'static>,
    /// The server has to agree on this.
    protocol: Option<Vec<u8>>,
}

impl Client {
    /// Reads certificates. `protocol` is what is spoken over it (ALPN, RFC 7301).
    ///
    /// # Errors
    /// A file is missing or holds no certificate or key, they do not fit, or the name is none.
    pub(super) fn new(options: &Tls, target: &Target, protocol: &[u8]) -> Result<Self, Problem> {
        let wrong = |why: String| Problem::new("load.tls", format!("TLS with {} cannot be tried", target.url()), why);
        let provider = Arc::new(ring::default_provider());
        let versions: &[_] = if options.only_13 { &[&TLS13] } else { &[&TLS13, &TLS12] };
        let builder =
            ClientConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).map_err(|error| wrong(error.to_string()))?;
        let builder = if options.insecure {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        } else {
            builder.with_root_certificates(
                roots(options.ca.as_deref()).map_err(|why| wrong(why).hint("--ca FILE names who signed it, --insecure takes any"))?,
            )
        };
        let mut config = match options.certificate.as_deref().zip(options.key.as_deref()) {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let told = |path: &Path, error: &dyn std::fmt::Display| wrong(format!("{}: {error}", path.display()));
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| told(key, &error))?;
                let chain = certificates(certificate).map_err(wrong)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| told(certificate, &error))?
            }
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = options.name.clone().unwrap_or_else(|| target.host());
        let name = ServerName::try_from(name.clone()).map_err(|_| wrong(format!("{} is no name of a server", crate::text::sanitise(&name))))?;
        let protocol = (protocol == b"h2").then(|| protocol.to_vec());
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name, protocol })
    }

    /// Shakes hands.
    pub(super) async fn connect(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Fault> {
        let agreed = self.connector.connect(self.name.clone(), stream).await;
        let stream =
            agreed.map_err(|error| fault_of(&error).unwrap_or_else(|| Fault::new(Class::Tls, format!("the handshake broke off: {error}"))))?;
        if self.protocol.is_some() && stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec) != self.protocol {
            return Err(Fault::new(Class::Tls, "it does not speak HTTP/2"));
        }
        Ok(stream)
    }
}

/// Whom to trust: the file's, or everybody this machine trusts.
fn roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = match file {
        Some(file) => certificates(file)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let (added, _) = roots.add_parsable_certificates(found);
    match file {
        _ if added > 0 => Ok(roots),
        Some(file) => Err(format!("{} holds no certificate that can be trusted", file.display())),
        None => Err("this machine trusts no certificates at all".into()),
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(|error| told(&error))?.collect();
    let all = all.map_err(|error| told(&error))?;
    if all.is_empty() { Err(told(&"it holds no certificate")) } else { Ok(all) }
}

/// What an error of TLS on a connection means; none where it is one of the connection itself.
pub(super) fn fault_of(error: &io::Error) -> Option<Fault> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(Fault::new(Class::Tls, reason(error)))
}

fn reason(error: &rustls::Error) -> String {
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage, PeerIncompatible};
    match error {
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => "its certificate has expired".into(),
        InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            "its certificate is not valid yet; one of the clocks may be wrong".into()
        }
        InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            "its certificate is for another name".into()
        }
        InvalidCertificate(CertificateError::UnknownIssuer) => "its certificate is signed by somebody unknown".into(),
        InvalidCertificate(other) => format!("its certificate is not accepted: {other:?}"),
        InvalidMessage(_) => "what it sent is no TLS".into(),
        AlertReceived(AlertDescription::CertificateRequired) => "it wants a certificate of us".into(),
        AlertReceived(AlertDescription::ProtocolVersion) | PeerIncompatible(_) => "it speaks no version of TLS that is allowed here".into(),
        AlertReceived(AlertDescription::NoApplicationProtocol) => "it does not speak the version of HTTP that was asked for".into(),
        AlertReceived(alert) => format!("it refused: {alert:?}"),
        other => other.to_string(),
    }
}

/// Takes any certificate, as `--insecure` says; signatures of the handshake are checked all the same.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl Anybody {
    fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.0.signature_verification_algorithms
    }
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, self.algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, self.algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms().supported_schemes()
    }
}
