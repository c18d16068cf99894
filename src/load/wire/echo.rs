//! What comes back as it was sent: over a TCP connection, or as datagrams of which some may be lost.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::{Answer, Fault};
use crate::load::record::Class;

/// Larger than any datagram (RFC 768: 16 bits of length).
const LARGEST: usize = 1 << 16;

/// A connection that sends back what comes.
pub(super) struct Echo {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Echo {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: vec![0; 16 << 10] }
    }

    /// Sends bytes and reads them again.
    pub(super) async fn exchange(&mut self, sent: &[u8]) -> Result<Answer, Fault> {
        let Self { stream, buffer } = self;
        let mut back = 0;
        // Long ones come back while they are still being sent.
        let (mut reader, mut writer) = stream.split();
        let write = async { writer.write_all(sent).await.map_err(|error| Fault::of_read(&error)) };
        let read = async {
            while back < sent.len() {
                let wanted = (sent.len() - back).min(buffer.len());
                match reader.read(&mut buffer[..wanted]).await.map_err(|error| Fault::of_read(&error))? {
                    0 => return Err(Class::Closed.into()),
                    count if buffer[..count] != sent[back..back + count] => return Err(Fault::new(Class::Nonsense, "it sent back something else")),
                    count => back += count,
                }
            }
            Ok(())
        };
        tokio::try_join!(write, read)?;
        Ok(Answer { status: None, class: None, bytes: sent.len() as u64, alive: true })
    }
}

/// A socket that speaks only with one address.
pub(super) struct Datagrams {
    socket: UdpSocket,
    buffer: Vec<u8>,
}

impl Datagrams {
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Fault> {
        let any = if address.is_ipv4() { SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)) } else { SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)) };
        let bound = async {
            let socket = UdpSocket::bind(any).await?;
            socket.connect(address).await.map(|()| socket)
        };
        let socket = bound.await.map_err(|error: io::Error| Fault::of_connect(&error))?;
        Ok(Self { socket, buffer: vec![0; LARGEST] })
    }

    /// Sends a datagram and waits for it to come back. Others are late ones that nobody waits for any more.
    pub(super) async fn exchange(&mut self, sent: &[u8]) -> Result<Answer, Fault> {
        // Nobody listening is told by an answer to an earlier one (RFC 1122, 4.1.3.3); the socket stays as good as it was.
        let fault = |error: io::Error| Fault { alive: true, ..Fault::of_connect(&error) };
        while self.socket.try_recv(&mut self.buffer).is_ok() {}
        self.socket.send(sent).await.map_err(fault)?;
        loop {
            let count = self.socket.recv(&mut self.buffer).await.map_err(fault)?;
            if self.buffer[..count] == *sent {
                return Ok(Answer { status: None, class: None, bytes: count as u64, alive: true });
            }
        }
    }
}
