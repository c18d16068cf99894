//! Ports of the shop's pods, forwarded over a WebSocket of subprotocol `v4.channel.k8s.io`: data on the even channel of a port, errors on the odd one, and
//! on both first the port itself, little endian (k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go). One port a connection; kubectl's SPDY is not spoken.

use futures::{SinkExt, StreamExt};
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::*;

const PROTOCOL: &str = "v4.channel.k8s.io";
const DATA: u8 = 0;
const ERROR: u8 = 1;

/// The pod whose port is asked for.
pub(super) fn asked(path: &str) -> Option<Place> {
    match path.trim_start_matches('/').split('/').collect::<Vec<_>>().as_slice() {
        ["api", "v1", "namespaces", namespace, "pods", name, "portforward"] => Some(("pods", (*namespace).to_owned(), (*name).to_owned())),
        _ => None,
    }
}

/// Answers with another protocol, which is spoken from then on.
pub(super) fn forward(store: &Arc<Store>, place: Place, mut request: Request<Incoming>) -> Answer {
    let pod = store.get(&place).ok_or_else(|| missing(Kind::named("Pod").unwrap_or(&KINDS[0]), &place))?.value();
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !header(SEC_WEBSOCKET_PROTOCOL).split(',').any(|one| one.trim() == PROTOCOL) {
        return Err(bad(format!(
            "the sandbox forwards ports over WebSockets of subprotocol {PROTOCOL} only: use `meshplay perf run --via port-forward`"
        )));
    }
    let query = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let ports = query.filter(|(name, _)| name == "ports").find_map(|(_, value)| value.parse::<u16>().ok());
    let port = ports.ok_or_else(|| bad("one port is wanted: ports=8080"))?;
    let accept = derive_accept_key(header(SEC_WEBSOCKET_KEY).as_bytes());
    let (store, listens) = (store.clone(), listens(store, &pod, port));
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            tokio::select! {
                () = carry(upgraded, port, listens) => {}
                () = gone(&store, &place) => {}
            }
        }
    });
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let accept = HeaderValue::from_str(&accept).map_err(|_| bad("it has no key"))?;
    let words = [(CONNECTION, "Upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_PROTOCOL, PROTOCOL)];
    response.headers_mut().extend(words.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// Where a port of a pod really listens: what a pod of the shop has is its service on loopback.
fn listens(store: &Store, pod: &Value, port: u16) -> Option<u16> {
    let has = pod.pointer("/spec/containers/0/ports/0/containerPort").is_some_and(|one| *one == port);
    let app = pod.pointer("/metadata/labels/app").and_then(Value::as_str)?;
    store.listener(app).filter(|_| has)
}

/// Waits until an object is there no more.
async fn gone(store: &Store, place: &Place) {
    let mut feed = store.subscribe();
    while store.get(place).is_some() {
        // Who is too slow for all of them looks again.
        if let Err(tokio::sync::broadcast::error::RecvError::Closed) = feed.recv().await {
            return;
        }
    }
}

async fn carry(upgraded: Upgraded, port: u16, listens: Option<u16>) {
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    let (mut sink, mut source) = socket.split();
    let [low, high] = port.to_le_bytes();
    for channel in [DATA, ERROR] {
        _ = sink.send(Message::binary(vec![channel, low, high])).await;
    }
    let stream = match listens {
        Some(listens) => TcpStream::connect(("127.0.0.1", listens)).await,
        None => Err(std::io::ErrorKind::ConnectionRefused.into()),
    };
    let (mut read, mut write) = match stream {
        Ok(stream) => {
            _ = stream.set_nodelay(true);
            stream.into_split()
        }
        Err(error) => {
            let said = format!("error forwarding port {port}: {error}");
            _ = sink.send(Message::binary([&[ERROR], said.as_bytes()].concat())).await;
            _ = sink.close().await;
            return;
        }
    };
    let inwards = async {
        while let Some(Ok(message)) = source.next().await {
            match message {
                Message::Binary(bytes) => {
                    if let Some((&DATA, data)) = bytes.split_first()
                        && write.write_all(data).await.is_err()
                    {
                        return;
                    }
                }
                Message::Close(_) => return,
                _ => {}
            }
        }
    };
    let outwards = async {
        let mut part = vec![DATA; 16 << 10];
        while let Ok(count @ 1..) = read.read(&mut part[1..]).await {
            if sink.send(Message::binary(part[..=count].to_vec())).await.is_err() {
                return;
            }
        }
        _ = sink.close().await;
    };
    tokio::select! {
        () = inwards => {}
        () = outwards => {}
    }
}
