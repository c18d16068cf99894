//! Lines that fail without a word: a proxy that stops handing on, and a network that drops every packet.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::process::Guard;
use super::until::until;

/// A proxy in front of a server. It keeps every connection and hands on what is said, until it is told to stall.
pub struct Stalling {
    pub address: SocketAddr,
    flows: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl Stalling {
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, flows) = (listener.local_addr().unwrap(), watch::channel(true).0);
        let mut tasks = JoinSet::new();
        let flow = flows.subscribe();
        tasks.spawn(async move {
            let mut lines = JoinSet::new();
            loop {
                let (ours, _) = listener.accept().await.unwrap();
                let flow = flow.clone();
                lines.spawn(async move {
                    let Ok(theirs) = TcpStream::connect(server).await else { return };
                    let ((a, b), (c, d)) = (ours.into_split(), theirs.into_split());
                    tokio::select! {
                        () = hand_on(a, d, flow.clone()) => {}
                        () = hand_on(c, b, flow) => {}
                    }
                });
            }
        });
        Self { address, flows, _tasks: tasks }
    }

    /// From now on nothing is handed on; nothing is closed either.
    pub fn stall(&self) {
        self.flows.send_replace(false);
    }

    /// What was held back is handed on.
    pub fn flow(&self) {
        self.flows.send_replace(true);
    }
}

async fn hand_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut flow: watch::Receiver<bool>) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if flow.wait_for(|flows| *flows).await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Where a server of this test program listens when it runs in a network of its own.
pub const APART: &str = "MESHPLAY_TEST_APART";

/// A network of its own with a server in it, reached over a pair of virtual cards. It is gone with everything when it is dropped.
pub struct Apart {
    pub address: SocketAddr,
    name: String,
    server: Option<Guard>,
}

/// Runs a program that must succeed.
fn run(line: &str) -> Result<String, String> {
    let mut words = line.split_whitespace();
    let output = Command::new(words.next().unwrap()).args(words).stdin(Stdio::null()).output().map_err(|error| format!("{line}: {error}"))?;
    let said = String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr }).into_owned();
    if output.status.success() { Ok(said) } else { Err(format!("{line}: {}", said.trim())) }
}

impl Apart {
    /// Runs a test of this program in it, which is a server at the address that [`APART`] names. Needs root and iproute2; says why it cannot be.
    pub async fn running(test: &str) -> Result<Self, String> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = (std::process::id() + 7 * MADE.fetch_add(1, Ordering::Relaxed)) % 4_000;
        // Networks of four addresses in 10.213.0.0/16.
        let address = format!("10.213.{}.{}:7443", number / 64, number % 64 * 4 + 2).parse().unwrap();
        let mut apart = Self { address, name: format!("mp{number}"), server: None };
        let (name, host) = (apart.name.clone(), apart.host());
        for line in [
            format!("ip netns add {name}"),
            format!("ip link add {name}a type veth peer name {name}b netns {name}"),
            format!("ip addr add {host}/30 dev {name}a"),
            format!("ip link set {name}a up"),
            format!("ip -n {name} addr add {}/30 dev {name}b", address.ip()),
            format!("ip -n {name} link set {name}b up"),
        ] {
            run(&line)?;
        }
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &name]).arg(std::env::current_exe().unwrap()).args(["--exact", test]);
        command.env(APART, address.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        apart.server = Some(Guard(command.spawn().map_err(|error| error.to_string())?));
        let listens = async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        until("the server apart", listens).await;
        Ok(apart)
    }

    fn host(&self) -> String {
        let SocketAddr::V4(address) = self.address else { unreachable!() };
        let [a, b, c, d] = address.ip().octets();
        format!("{a}.{b}.{c}.{}", d - 1)
    }

    /// What the other side sends is dropped on the way: no reset, no word, not even an acknowledgement.
    pub fn drop_packets(&self) {
        run(&format!("ip -n {} route add blackhole {}/32", self.name, self.host())).unwrap();
    }

    /// The way is open again.
    pub fn deliver(&self) {
        run(&format!("ip -n {} route del blackhole {}/32", self.name, self.host())).unwrap();
    }

    /// The sockets of this machine to there, as `ss` tells them with their timers.
    pub fn sockets(&self) -> String {
        run(&format!("ss -Htno dst {}", self.address.ip())).unwrap_or_else(|why| why)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        drop(self.server.take());
        _ = run(&format!("ip link del {}a", self.name));
        _ = run(&format!("ip netns del {}", self.name));
    }
}
