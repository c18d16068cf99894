//! nginx answering 13 bytes from memory: over HTTP/1.1, HTTP/2 without TLS, and TLS 1.3.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::super::http;
use super::child::{self, Kind};

/// A running one; it ends when this is dropped.
pub struct Nginx {
    _process: Kind,
    pub url: String,
    pub http2: String,
    pub https: String,
    /// For what generators write.
    pub folder: tempfile::TempDir,
}

/// Starts one: on a core of its own with one worker, or with as many workers as there are cores.
///
/// # Errors
/// Something it needs is not installed.
pub fn start(core: Option<usize>) -> Result<Nginx, String> {
    let nginx = child::find("nginx").ok_or("nginx is not installed (Debian's package nginx-light)")?;
    let folder = tempfile::tempdir().expect("a folder");
    certify(folder.path())?;
    let [plain, http2, tls] = free();
    let file = folder.path().join("nginx.conf");
    fs::write(&file, settings(folder.path(), core.is_some(), [plain, http2, tls])).expect("a file");
    let mut command = child::command(&nginx, core, folder.path());
    command.arg("-p").arg(folder.path()).arg("-e").arg(folder.path().join("errors")).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = Kind(command.spawn().expect("nginx starts"));
    let begun = Instant::now();
    while http::exchange(plain, b"GET / HTTP/1.0\r\n\r\n").is_err() {
        let over = process.0.try_wait().is_ok_and(|status| status.is_some());
        let said = || fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
        assert!(!over && begun.elapsed() < Duration::from_secs(10), "nginx does not answer: {}", said());
        std::thread::sleep(Duration::from_millis(20));
    }
    let address = |scheme: &str, address: SocketAddr| format!("{scheme}://{address}/");
    Ok(Nginx { _process: process, url: address("http", plain), http2: address("http", http2), https: address("https", tls), folder })
}

/// Ports that were free a moment ago.
fn free() -> [SocketAddr; 3] {
    let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    held.map(|port| port.local_addr().expect("its address"))
}

fn settings(folder: &Path, alone: bool, [plain, http2, tls]: [SocketAddr; 3]) -> String {
    let workers = if alone { "1" } else { "auto" };
    let place = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {place}/{name};\n")).concat();
    // `listen … http2` is what every version of Debian understands; a newer one would rather have it said otherwise.
    let server = |listen: String| format!("server {{ listen {listen}; location / {{ return 200 'Hello, world!'; }} }}\n");
    format!(
        "daemon off; worker_processes {workers}; pid {place}/pid; error_log {place}/errors;\nevents {{ worker_connections 2048; }}\n\
         http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600; default_type text/plain;\n{temporary}\
         ssl_certificate {place}/certificate; ssl_certificate_key {place}/key; ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;\n\
         {}{}{} }}\n",
        server(format!("{plain} backlog=4096")),
        server(format!("{http2} http2")),
        server(format!("{tls} ssl backlog=4096"))
    )
}

/// A certificate that nobody has signed.
fn certify(folder: &Path) -> Result<(), String> {
    let openssl = child::find("openssl").ok_or("openssl is not installed")?;
    let mut command = child::command(&openssl, None, folder);
    command.args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    command.args(["-keyout", "key", "-out", "certificate"]);
    child::run(command, folder, Duration::from_secs(20), |_| {}).map(|_| ())
}
