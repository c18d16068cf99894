//! A server that speaks TLS and says "ok" to everything, with certificates from OpenSSL for every way in which one can be wrong.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

/// An authority with its key, in a folder of its own.
pub struct Authority(tempfile::TempDir);

const DATABASE: &str = "[ca]\ndefault_ca=own\n[own]\ndatabase=index\nunique_subject=no\nnew_certs_dir=.\nrand_serial=yes\npolicy=any\ndefault_md=sha256\n[any]\ncommonName=supplied\n";
const KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

impl Authority {
    pub fn new(openssl: &Path, name: &str) -> Self {
        let own = Self(tempfile::tempdir().unwrap());
        std::fs::write(own.path("index"), "").unwrap();
        std::fs::write(own.path("database"), DATABASE).unwrap();
        own.openssl(
            openssl,
            &[&["req", "-x509", "-nodes", "-days", "2", "-subj", &format!("/CN={name}"), "-keyout", "ca.key", "-out", "ca.crt"], &KEY[..]].concat(),
        );
        own
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A certificate for these names, that holds between two dates (`20240101000000Z`).
    pub fn signs(&self, openssl: &Path, names: &str, from: &str, until: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        std::fs::write(self.path("names"), format!("subjectAltName={names}\n")).unwrap();
        self.openssl(openssl, &[&["req", "-new", "-nodes", "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr"], &KEY[..]].concat());
        let signing = ["ca", "-batch", "-notext", "-config", "database", "-cert", "ca.crt", "-keyfile", "ca.key", "-in", "server.csr"];
        self.openssl(openssl, &[&signing[..], &["-out", "server.crt", "-extfile", "names", "-startdate", from, "-enddate", until]].concat());
        let certificate = CertificateDer::from_pem_file(self.path("server.crt")).unwrap();
        (vec![certificate], PrivateKeyDer::from_pem_file(self.path("server.key")).unwrap())
    }

    fn openssl(&self, openssl: &Path, arguments: &[&str]) {
        let output = Command::new(openssl).args(arguments).current_dir(self.0.path()).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Starts a server with that certificate; it lives as long as the test program.
pub fn serve((chain, key): (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let config = config.clone();
            // Most clients here go away in the middle of the handshake: that is what is tested.
            std::thread::spawn(move || stream.and_then(|stream| answer(stream, config)));
        }
    });
    address
}

fn answer(mut socket: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    let mut talk = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = Stream::new(&mut talk, &mut socket);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")?;
    stream.conn.send_close_notify();
    stream.flush()
}
