//! What is spoken to a target: TLS, HTTP/2, requests of every form against a real nginx, gRPC, echoes, and servers that break each protocol.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use meshplay::load::plan::{Pace, Plan};
use meshplay::load::request::feed::Feed;
use meshplay::load::request::{Body, Header, Request, Tls};
use meshplay::load::target::Target;
use meshplay::results::Run;
use prost_reflect::prost::Message;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto};
use serde_json::Value;

use super::{Server, Then, all_failed, conducted, meshplay, plan};
use crate::real;

/// A folder of certificates by OpenSSL: `ca`, and what it signed.
struct Certificates(tempfile::TempDir);

impl Certificates {
    fn new(openssl: &Path) -> Self {
        let certificates = Self(tempfile::tempdir().unwrap());
        let run = |line: &str| {
            let done = Command::new(openssl).args(line.split_whitespace()).current_dir(certificates.0.path()).output().unwrap();
            assert!(done.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&done.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        run(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 30"));
        fs::write(certificates.path("names"), "subjectAltName=DNS:localhost,DNS:shop.example,IP:127.0.0.1\n").unwrap();
        fs::write(certificates.path("index"), "").unwrap();
        fs::write(certificates.path("serial"), "01\n").unwrap();
        let settings = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n";
        fs::write(certificates.path("settings"), settings).unwrap();
        for (name, from, to) in [
            ("good", "20200101000000Z", "20491231000000Z"),
            ("old", "20200101000000Z", "20210101000000Z"),
            ("me", "20200101000000Z", "20491231000000Z"),
        ] {
            run(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
            let signed = "ca -batch -notext -config settings -cert ca.pem -keyfile ca.key -extfile names";
            run(&format!("{signed} -startdate {from} -enddate {to} -in {name}.csr -out {name}.pem"));
        }
        certificates
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }
}

/// A real nginx on loopback; ends with the test.
struct Nginx {
    child: Child,
    certificates: Certificates,
    ports: Vec<u16>,
}

/// Ports by what they speak, in the order of [`Nginx::start`].
const PLAIN: usize = 0;
const SECURE: usize = 1;
const H2C: usize = 2;
const MUTUAL: usize = 3;
const OLD: usize = 4;
const TLS12: usize = 5;

impl Nginx {
    fn start(test: &str) -> Option<Self> {
        let (nginx, openssl) = (real::program(test, "nginx", &["/usr/sbin/nginx"])?, real::program(test, "openssl", &[])?);
        let certificates = Certificates::new(&openssl);
        let listeners: Vec<TcpListener> = (0..6).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
        let ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        drop(listeners);
        let folder = certificates.0.path().display();
        let answers = r#"
            location / { return 200 "Hello, world!"; }
            location /moved { return 302 /there?a=b; }
            location /far { return 302 http://127.0.0.1:1/; }
            location /round { return 307 /round; }
            location /page { root html; }
            location /none { return 204; }"#;
        let tls = |name: &str| format!("ssl_certificate {folder}/{name}.pem; ssl_certificate_key {folder}/{name}.key;");
        let server = |port: usize, words: &str, more: String| format!("server {{ listen 127.0.0.1:{}{words}; {more} {answers} }}\n", ports[port]);
        let servers = [
            format!("server {{ listen 127.0.0.1:{}; listen unix:{folder}/socket; {answers} }}\n", ports[PLAIN]),
            server(SECURE, " ssl http2", format!("{} ssl_protocols TLSv1.2 TLSv1.3;", tls("good"))),
            server(H2C, " http2", String::new()),
            server(MUTUAL, " ssl", format!("{} ssl_client_certificate {folder}/ca.pem; ssl_verify_client on;", tls("good"))),
            server(OLD, " ssl", tls("old")),
            server(TLS12, " ssl", format!("{} ssl_protocols TLSv1.2;", tls("good"))),
        ];
        let log = r#"'$request_method $request_uri $server_protocol $ssl_protocol $http_host $http_x_number $content_length $http_content_type $http_authorization'"#;
        let settings = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; events {{ }}\n\
             http {{ log_format told {log}; access_log {folder}/access.log told; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n{} }}",
            servers.concat()
        );
        fs::create_dir(certificates.path("html")).unwrap();
        fs::write(certificates.path("html/page"), "x".repeat(100_000)).unwrap();
        fs::write(certificates.path("settings.nginx"), settings).unwrap();
        let quiet = Stdio::null;
        let child = Command::new(nginx)
            .args(["-e", "error.log", "-p", &folder.to_string(), "-c", "settings.nginx"])
            .stdin(quiet())
            .stdout(quiet())
            .stderr(quiet())
            .spawn()
            .unwrap();
        let started = Self { child, certificates, ports };
        started.answers();
        Some(started)
    }

    /// Waits until it listens.
    fn answers(&self) {
        let began = std::time::Instant::now();
        let last = *self.ports.last().unwrap();
        while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, last)).is_err() {
            let told = fs::read_to_string(self.certificates.path("error.log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "nginx does not listen: {told}");
            std::thread::yield_now();
        }
    }

    fn plan(&self, scheme: &str, port: usize, path: &str) -> Plan {
        plan(&format!("{scheme}://127.0.0.1:{}{path}", self.ports[port]))
    }

    /// Trusts who signed its certificates.
    fn trusting(&self) -> Tls {
        Tls { ca: Some(self.certificates.path("ca.pem")), ..Tls::default() }
    }

    /// What it says was asked since the start, one line a request.
    fn log(&self) -> Vec<String> {
        fs::read_to_string(self.certificates.path("access.log")).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

async fn asked(plan: Plan, request: Request) -> Run {
    conducted(Plan { request, ..plan }).await.run
}

fn all_well(run: &Run, requests: u64) {
    assert_eq!((run.requests, run.failed(), run.unfinished, run.trouble()), (requests, 0, 0, None), "{run:?}");
}

#[tokio::test]
async fn tls_is_verified_unless_somebody_says_otherwise() {
    let Some(nginx) = Nginx::start("tls_is_verified_unless_somebody_says_otherwise") else { return };
    let with = |tls: Tls| Request { tls, ..Request::default() };
    let trusting = || nginx.trusting();
    let me = Tls { certificate: Some(nginx.certificates.path("me.pem")), key: Some(nginx.certificates.path("me.key")), ..trusting() };
    for (port, tls) in [
        (SECURE, trusting()),
        (SECURE, Tls { insecure: true, ..Tls::default() }),
        (SECURE, Tls { only_13: true, ..trusting() }),
        (SECURE, Tls { name: Some("shop.example".into()), ..trusting() }),
        (TLS12, trusting()),
        (MUTUAL, me.clone()),
        (OLD, Tls { insecure: true, ..Tls::default() }),
    ] {
        all_well(&asked(nginx.plan("https", port, "/"), with(tls)).await, 8);
    }
    let versions: BTreeSet<String> = nginx.log().iter().filter_map(|line| line.split(' ').nth(3).map(str::to_owned)).collect();
    assert_eq!(versions, ["TLSv1.2".to_owned(), "TLSv1.3".to_owned()].into());
    for (port, tls, reason) in [
        (SECURE, Tls::default(), "signed by somebody unknown"),
        (OLD, trusting(), "expired"),
        (SECURE, Tls { name: Some("other.example".into()), ..trusting() }, "for another name"),
        (TLS12, Tls { only_13: true, ..trusting() }, "no version of TLS"),
        (PLAIN, trusting(), "no TLS"),
    ] {
        let run = asked(nginx.plan("https", port, "/"), with(tls)).await;
        all_failed(&run, "tls", reason);
    }
    // nginx answers a client without a certificate with 400 (its ngx_http_ssl_module, error 496).
    all_failed(&asked(nginx.plan("https", MUTUAL, "/"), with(trusting())).await, "status_4xx", "400 to 499");
    for tls in [Tls { ca: Some("/nowhere".into()), ..Tls::default() }, Tls { certificate: me.key.clone(), ..me }] {
        let plan = Plan { request: with(tls), ..nginx.plan("https", SECURE, "/") };
        let store = meshplay::results::Store::open(nginx.certificates.0.path());
        let order = meshplay::perf::Order::new(plan);
        let problem = meshplay::perf::start(order, &meshplay::cluster::gate::Gate::default(), &store).unwrap().finished().await.unwrap_err();
        assert_eq!(problem.code, "load.tls");
    }
}

#[tokio::test]
async fn http_2_is_spoken_with_many_requests_at_once_and_goes_on_when_nginx_ends_connections() {
    let Some(nginx) = Nginx::start("http_2_is_spoken_with_many_requests_at_once") else { return };
    // nginx ends a connection with GOAWAY after 1,000 requests (keepalive_requests).
    let many = |plan: Plan| Plan { connections: 2, streams: 8, requests: Some(4_000), ..plan };
    let run = asked(many(nginx.plan("h2c", H2C, "/")), Request::default()).await;
    all_well(&run, 4_000);
    assert_eq!(run.bytes, 4_000 * 13, "bodies are counted");
    let secure = Request { http2: true, tls: nginx.trusting(), ..Request::default() };
    all_well(&asked(many(nginx.plan("https", SECURE, "/")), secure).await, 4_000);
    all_well(&asked(nginx.plan("http", H2C, "/page"), Request { http2: true, ..Request::default() }).await, 8);
    let log = nginx.log();
    assert!(log.len() == 8_008 && log.iter().all(|line| line.contains(" HTTP/2.0 ")), "{}", log.len());
    // HTTP/1.1 where HTTP/2 is meant, and the other way round.
    let run = asked(nginx.plan("http", PLAIN, "/"), Request { http2: true, ..Request::default() }).await;
    assert_eq!(run.succeeded(), 0, "{run:?}");
    let run = asked(nginx.plan("https", TLS12, "/"), Request { http2: true, tls: nginx.trusting(), ..Request::default() }).await;
    all_failed(&run, "tls", "HTTP");
}

#[tokio::test]
async fn requests_arrive_as_they_were_meant() {
    let Some(nginx) = Nginx::start("requests_arrive_as_they_were_meant") else { return };
    let feed = Feed::read(b"name,note\nAda,a b\nBo,c&d\n").unwrap();
    let request = Request {
        method: "POST".into(),
        headers: vec![Header::new("Host", "shop.example"), Header::new("X-Number", "n{{counter}}"), Header::basic("me:secret")],
        body: Body::Form(vec![("who".into(), "{{feed.name}}".into()), ("what".into(), "{{double}}".into())]),
        values: vec![("double".into(), "{{counter}}{{counter}}".into())],
        feed: Some(Arc::new(feed)),
        ..Request::default()
    };
    let eight = |scheme, port| Plan { connections: 1, ..nginx.plan(scheme, port, "/{{feed.name}}?q={{feed.note}}&r={{random 7 7}}") };
    let form = "application/x-www-form-urlencoded Basic bWU6c2VjcmV0";
    for (scheme, port, version) in [("http", PLAIN, "HTTP/1.1"), ("h2c", H2C, "HTTP/2.0")] {
        let before = nginx.log().len();
        let run = asked(eight(scheme, port), request.clone()).await;
        all_well(&run, 8);
        let told = serde_json::to_string(&run).unwrap();
        assert!(told.contains("Authorization: (masked)") && !told.contains("bWU6c2VjcmV0"), "{told}");
        let mut lines = nginx.log().split_off(before);
        lines.sort_by_key(|line| line.split(" n").nth(1).map(str::to_owned));
        assert_eq!(lines[0], format!("POST /Ada?q=a%20b&r=7 {version} - shop.example n0 15 {form}"));
        assert_eq!(lines[3].replace(" 14 ", " 15 "), format!("POST /Bo?q=c%26d&r=7 {version} - shop.example n3 15 {form}"));
    }
    let before = nginx.log().len();
    all_well(&asked(plan(&format!("unix:{}:/a", nginx.certificates.path("socket").display())), Request::default()).await, 8);
    all_well(&asked(nginx.plan("http", PLAIN, "/page"), Request { method: "HEAD".into(), ..Request::default() }).await, 8);
    all_well(&asked(nginx.plan("http", PLAIN, "/none"), Request::default()).await, 8);
    let closing = Plan { keep_alive: false, ..nginx.plan("http", PLAIN, "/page") };
    let run = asked(closing, Request::default()).await;
    all_well(&run, 8);
    assert!(run.bytes > 8 * 100_000);
    assert_eq!(nginx.log().len() - before, 32);
}

#[tokio::test]
async fn redirects_are_followed_on_demand_and_not_to_others() {
    let Some(nginx) = Nginx::start("redirects_are_followed_on_demand") else { return };
    for (scheme, port, path, follow, statuses, seen) in [
        ("http", PLAIN, "/moved", 0, 302, 8),
        ("http", PLAIN, "/moved", 1, 200, 16),
        ("http", PLAIN, "/round", 3, 307, 32),
        ("http", PLAIN, "/far", 3, 302, 8),
        ("h2c", H2C, "/moved", 1, 200, 16),
    ] {
        let before = nginx.log().len();
        let run = asked(nginx.plan(scheme, port, path), Request { follow, ..Request::default() }).await;
        all_well(&run, 8);
        assert_eq!(
            (serde_json::to_value(&run).unwrap()["statuses"].clone(), nginx.log().len() - before),
            (serde_json::json!({statuses.to_string(): 8}), seen),
            "{path}"
        );
    }
    let gets = nginx.log().iter().filter(|line| line.starts_with("GET /there?a=b ")).count();
    assert_eq!(gets, 16);
}

#[tokio::test]
async fn more_than_was_announced_is_nonsense() {
    let server = Server::start(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nHello", Then::Keep);
    all_failed(&conducted(plan(&server.url())).await.run, "nonsense", "more came");
}

#[test]
fn flags_reach_the_server_and_credentials_stay_out_of_what_is_kept() {
    let Some(nginx) = Nginx::start("flags_reach_the_server") else { return };
    let home = tempfile::tempdir().unwrap();
    let url = format!("https://127.0.0.1:{}/", nginx.ports[SECURE]);
    let mut command = meshplay(home.path(), &format!("perf run {url} -n 3 -c 1 -o json --http2 --bearer hunter2 -X PUT --body x --ca"));
    let output = command.arg(nginx.certificates.path("ca.pem")).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    let expected = serde_json::json!({"method": "PUT", "headers": ["Authorization: (masked)"], "body": 1, "http2": true, "tls": ["ca"]});
    assert_eq!((&json["plan"]["request"], json["requests"].as_u64()), (&expected, Some(3)));
    assert!(nginx.log().iter().all(|line| line.starts_with("PUT / HTTP/2.0 TLSv1.3 ") && line.ends_with("Bearer hunter2")), "{:?}", nginx.log());
    let kept = Command::new("grep").args(["-r", "hunter2"]).arg(home.path()).output().unwrap();
    assert_eq!(String::from_utf8(kept.stdout).unwrap(), "");
    for (wrong, words) in [
        ("http://x/{{no}}", "column 2: no is not known"),
        ("http://x --insecure", "TLS"),
        ("http://x --feed /nowhere", "/nowhere"),
        ("tcp://x", "no port"),
    ] {
        let output = meshplay(home.path(), &format!("perf run {wrong}")).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && err.contains(words), "{wrong}: {err}");
    }
}

/// How a server of HTTP/2 behaves.
#[derive(Clone, Copy)]
enum Manner {
    /// Each stream is reset.
    Resets,
    /// It is a gRPC server with a health service and a shop.
    Grpc,
}

/// A server of HTTP/2 on threads of its own; what came in is told by `calls`.
struct Second {
    address: SocketAddr,
    calls: Arc<AtomicU64>,
}

impl Second {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, calls) = (listener.local_addr().unwrap(), Arc::<AtomicU64>::default());
        let counted = calls.clone();
        listener.set_nonblocking(true).unwrap();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, manner, counted.clone()));
                }
            });
        });
        Self { address, calls }
    }
}

async fn serve(stream: tokio::net::TcpStream, manner: Manner, calls: Arc<AtomicU64>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        match manner {
            Manner::Resets => respond.send_reset(Reason::INTERNAL_ERROR),
            Manner::Grpc => drop(tokio::spawn(call(request, respond, calls.clone()))),
        }
    }
}

/// One call: after «gRPC over HTTP2», with a length before each message and a status in the trailers.
async fn call(request: http::Request<h2::RecvStream>, mut respond: h2::server::SendResponse<Bytes>, calls: Arc<AtomicU64>) {
    let path = request.uri().path().to_owned();
    let fits = request.headers()["content-type"] == "application/grpc" && request.headers()["te"] == "trailers";
    let mut body = request.into_body();
    let mut bytes = Vec::new();
    while let Some(Ok(part)) = body.data().await {
        bytes.extend_from_slice(&part);
        _ = body.flow_control().release_capacity(part.len());
    }
    let message = bytes.get(5..).unwrap_or_default().to_vec();
    assert!(fits && bytes[0] == 0 && bytes[1..5] == u32::try_from(message.len()).unwrap().to_be_bytes());
    let (answer, status) = match path.as_str() {
        // HealthCheckResponse { status: SERVING }.
        "/grpc.health.v1.Health/Check" => (Some(vec![0x08, 0x01]), 0),
        "/grpc.health.v1.Health/Sick" => (Some(vec![0x08, 0x02]), 0),
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" => (Some(reflected(&message)), 0),
        // The examples of protobuf.dev, «Encoding»: field 1 is 150, field 2 "testing".
        "/shop.Cart/Get" if message == [0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67] => {
            calls.fetch_add(1, Ordering::SeqCst);
            (Some(vec![]), 0)
        }
        "/shop.Cart/Get" => (None, 3),
        _ => (None, 12),
    };
    let response = http::Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    let Ok(mut stream) = respond.send_response(response, false) else { return };
    if let Some(answer) = answer {
        let mut framed = vec![0];
        framed.extend(u32::try_from(answer.len()).unwrap().to_be_bytes());
        framed.extend(answer);
        _ = stream.send_data(framed.into(), false);
    }
    _ = stream.send_trailers(http::HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), http::HeaderValue::from(status))]));
}

/// Two files, of which the server tells only the one that was asked for.
fn files() -> [FileDescriptorProto; 2] {
    let field = |name: &str, number, kind| FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        r#type: Some(kind),
        label: Some(Label::Optional.into()),
        ..FieldDescriptorProto::default()
    };
    let item = DescriptorProto {
        name: Some("Item".into()),
        field: vec![field("count", 1, Type::Int64.into()), field("name", 2, Type::String.into())],
        ..DescriptorProto::default()
    };
    let method = |name: &str, streams| MethodDescriptorProto {
        name: Some(name.into()),
        input_type: Some(".shop.Item".into()),
        output_type: Some(".shop.Item".into()),
        server_streaming: Some(streams),
        ..MethodDescriptorProto::default()
    };
    let cart = ServiceDescriptorProto {
        name: Some("Cart".into()),
        method: vec![method("Get", false), method("Watch", true)],
        ..ServiceDescriptorProto::default()
    };
    let file = |name: &str| FileDescriptorProto {
        name: Some(name.into()),
        package: Some("shop".into()),
        syntax: Some("proto3".into()),
        ..FileDescriptorProto::default()
    };
    [
        FileDescriptorProto { dependency: vec!["item.proto".into()], service: vec![cart], ..file("cart.proto") },
        FileDescriptorProto { message_type: vec![item], ..file("item.proto") },
    ]
}

/// Answers a ServerReflectionRequest: field 4 is a symbol, field 3 a name of a file.
fn reflected(request: &[u8]) -> Vec<u8> {
    let [cart, item] = files().map(|file| file.encode_to_vec());
    let file = match (request[0] >> 3, &request[2..]) {
        (4, b"shop.Cart") => cart,
        (3, b"item.proto") => item,
        // error_response { error_message: "no" }.
        _ => return vec![0x3a, 0x04, 0x12, 0x02, b'n', b'o'],
    };
    let field = |number: u8, bytes: &[u8]| {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len() % 128).unwrap() | 0x80, u8::try_from(bytes.len() / 128).unwrap()];
        out.extend(bytes);
        out
    };
    field(4, &field(1, &file))
}

#[tokio::test]
async fn what_ends_http_2_has_its_classes() {
    let url = |server: &Second| format!("h2c://{}/", server.address);
    let resets = Second::start(Manner::Resets);
    all_failed(&conducted(plan(&url(&resets))).await.run, "rst_stream", "internal error");
    // SETTINGS, then GOAWAY with ENHANCE_YOUR_CALM; no stream was begun (RFC 9113, 6.5, 6.8 and 7).
    let ends = Server::start(b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0b", Then::Stall);
    all_failed(&conducted(plan(&ends.url().replace("http:", "h2c:"))).await.run, "goaway", "GOAWAY");
    for (answer, then) in [(&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Then::Stall), (b"\x16\x03\x01", Then::Close)] {
        let run = conducted(Plan { timeout: Duration::from_secs(5), ..plan(&Server::start(answer, then).url().replace("http:", "h2c:")) }).await.run;
        assert_eq!((run.succeeded(), run.failed()), (0, 8), "{run:?}");
    }
    // Who is asked in the wrong protocol says in its own what it thinks of that.
    let old = Server::start(b"HTTP/1.1 400 Bad Request\r\n\r\n", Then::Stall);
    all_failed(&conducted(plan(&old.url().replace("http:", "h2c:"))).await.run, "nonsense", "speaks HTTP/1.1");
}

#[tokio::test]
async fn a_grpc_server_is_asked_for_its_health_and_called() {
    let server = Second::start(Manner::Grpc);
    let at = |path: &str| plan(&format!("grpc://{}{path}", server.address));
    all_well(&conducted(Plan { streams: 4, requests: Some(100), ..at("") }).await.run, 100);
    let json = |text: &str| Request { body: Body::Text(text.into()), ..Request::default() };
    all_well(&asked(at("/shop.Cart/Get"), json(r#"{"name": "testing", "count": "{{number}}"}"#.replace("{{number}}", "150").as_str())).await, 8);
    let changing = Request { values: vec![("number".into(), "{{random 150 150}}".into())], ..json(r#"{"name": "testing", "count": {{number}}}"#) };
    all_well(&asked(at("/shop.Cart/Get"), changing).await, 8);
    assert_eq!(server.calls.load(Ordering::SeqCst), 16);
    let set = prost_reflect::prost_types::FileDescriptorSet { file: files().to_vec() };
    let told = Request { descriptors: Some(Arc::new(set.encode_to_vec())), ..json(r#"{"name": "testing", "count": 150}"#) };
    all_well(&asked(at("/shop.Cart/Get"), told).await, 8);

    // An empty message is none of those it takes: INVALID_ARGUMENT is 3.
    let run = asked(at("/shop.Cart/Get"), Request::default()).await;
    all_failed(&run, "grpc_status", "other than OK");
    assert_eq!(serde_json::to_value(&run).unwrap()["statuses"], serde_json::json!({"3": 8}));
    for (path, body, words) in [
        ("/shop.Cart/Put", "{}", "has only Get"),
        ("/shop.Cart/Watch", "{}", "stream"),
        ("/shop.Cart/Get", r#"{"colour": 1}"#, "colour"),
        ("/shop.Cart/Get", "{", "no shop.Item"),
        ("/shop.Till/Open", "{}", "no reflection"),
    ] {
        let data = tempfile::tempdir().unwrap();
        let order = meshplay::perf::Order::new(Plan { request: json(body), ..at(path) });
        let mut handle =
            meshplay::perf::start(order, &meshplay::cluster::gate::Gate::default(), &meshplay::results::Store::open(data.path())).unwrap();
        let problem = handle.finished().await.unwrap_err();
        assert!(problem.code == "load.grpc" && problem.why.contains(words), "{path} {body}: {problem}");
    }
    for wrong in ["grpc://x/shop.Cart", "grpc://x/a/b/c"] {
        assert!(Plan::gentle(Target::parse(wrong).unwrap()).check().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn connections_and_echoes_are_measured() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || _ = std::io::copy(&mut &stream, &mut &stream));
        }
    });
    let tcp = || plan(&format!("tcp://{address}"));
    all_well(&conducted(tcp()).await.run, 8);
    let echo = |text: &str| Request { body: Body::Text(text.into()), ..Request::default() };
    let run = asked(tcp(), echo("ping {{counter}}")).await;
    all_well(&run, 8);
    assert_eq!(run.bytes, 8 * 6);
    let large = "x".repeat(3 << 20);
    all_well(&asked(Plan { requests: Some(2), ..tcp() }, echo(&large)).await, 2);
    let liar = Server::start(b"pong", Then::Keep);
    let run = asked(plan(&liar.url().replace("http:", "tcp:")), echo("ping\r\n\r\n")).await;
    all_failed(&run, "nonsense", "something else");
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    all_failed(&conducted(plan(&format!("tcp://{nobody}"))).await.run, "refused", "nobody listens");
}

#[tokio::test]
async fn datagrams_come_back_or_are_lost() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        let mut seen = 0;
        while let Ok((count, from)) = socket.recv_from(&mut buffer) {
            seen += 1;
            // The third is lost, the fifth comes twice.
            for _ in 0..[1, 1, 0, 1, 2, 1, 1, 1].get(seen - 1).copied().unwrap_or(1) {
                _ = socket.send_to(&buffer[..count], from);
            }
        }
    });
    let request = Request { body: Body::Text("ping {{counter}}".into()), ..Request::default() };
    let run = asked(Plan { connections: 1, timeout: Duration::from_secs(3), pace: Pace::Max, ..plan(&format!("udp://{address}")) }, request).await;
    assert_eq!((run.requests, run.errors), (7, [("timeout".to_owned(), 1)].into()));
    let nobody = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let run = asked(plan(&format!("udp://{nobody}")), Request { body: Body::Text("ping".into()), ..Request::default() }).await;
    all_failed(&run, "refused", "nobody listens");
}
