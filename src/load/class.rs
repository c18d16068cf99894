//! Why an answer does not count as one: names, meanings and remedies, as one table.

use std::io;

use serde::{Deserialize, Serialize};

/// Why an answer does not count as one. What was unfinished when a run ended is none of these, nor is a slot of the plan that was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The name has no address.
    Dns,
    /// Nobody listens there.
    Refused,
    /// The connection was not made in time.
    ConnectTimeout,
    /// No way leads there.
    Unreachable,
    /// The connection could not be made for another reason.
    Connect,
    /// The handshake of TLS failed.
    Tls,
    /// The request could not be written.
    Write,
    /// No answer in time.
    Timeout,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the answer was whole.
    Closed,
    /// The connection was ended with GOAWAY and an error (RFC 9113, 6.8).
    #[serde(rename = "goaway")]
    GoAway,
    /// One stream was ended with RST_STREAM (RFC 9113, 6.4).
    #[serde(rename = "rst_stream")]
    StreamReset,
    /// What came does not follow the protocol.
    Nonsense,
    /// A status from 400 to 499.
    #[serde(rename = "status_4xx")]
    Status4xx,
    /// A status from 500.
    #[serde(rename = "status_5xx")]
    Status5xx,
    /// A gRPC status other than OK.
    Grpc,
    /// The generator had no file descriptor left: not the server's error.
    Descriptors,
    /// The generator had no port left to connect from: not the server's error.
    Ports,
}

/// Stable name, meaning as the rest of a sentence about the target, and what to do.
struct Facts(&'static str, &'static str, &'static str);

const FACTS: [Facts; Class::ALL.len()] = [
    Facts("dns", "its name has no address", "check the name; one of a cluster's inside is known only there"),
    Facts("refused", "nobody listens there", "check the port, and that the service is running"),
    Facts(
        "connect_timeout",
        "no connection was made in time",
        "check firewalls and network policies between here and there; fewer connections at once may help",
    ),
    Facts("unreachable", "no way leads there", "check the address, the route to it and whether a VPN is needed"),
    Facts("connect", "no connection could be made", "check the address and the route to it"),
    Facts("tls", "TLS could not be agreed on", "look at the certificate and its name; `openssl s_client -connect` shows the handshake"),
    Facts("write", "the request could not be written", "look at the target's own log; a limit on the size of requests often ends them"),
    Facts("timeout", "no whole answer came in time", "try fewer connections or a longer --timeout; `curl -v` shows how far one request gets"),
    Facts("reset", "it reset the connection", "look at the target's own log; a proxy or a limit of connections often ends them"),
    Facts(
        "closed",
        "it closed the connection before the answer was whole",
        "look at the target's own log; a proxy or a limit of connections often ends them",
    ),
    Facts(
        "goaway",
        "it ended the connection in the middle (GOAWAY)",
        "look at the target's own log; proxies end connections that ask too much of them",
    ),
    Facts("rst_stream", "it ended the request in the middle (RST_STREAM)", "look at the target's own log; fewer --streams may be what it allows"),
    Facts(
        "nonsense",
        "what it sent does not follow the protocol",
        "check that the port speaks what the address says: HTTP/1.1, HTTP/2 (--http2), TLS (https), gRPC; or the protocol of a database",
    ),
    Facts("status_4xx", "it answered with a status from 400 to 499", "check the path; `curl -i` shows the answer"),
    Facts("status_5xx", "it answered with a status from 500", "look at the target's own log"),
    Facts("grpc_status", "it answered with a gRPC status other than OK", "look at the target's own log; `grpcurl -v` shows one answer"),
    Facts("fd_exhausted", "this machine had no file descriptor left for a connection", "raise `ulimit -n`, or ask for fewer connections"),
    Facts(
        "ports_exhausted",
        "this machine had no port left to connect from",
        "keep connections alive, use fewer, or widen net.ipv4.ip_local_port_range; closed ones hold their port for a minute",
    ),
];

impl Class {
    /// All classes, in the order they are listed.
    pub const ALL: [Self; 18] = [
        Self::Dns,
        Self::Refused,
        Self::ConnectTimeout,
        Self::Unreachable,
        Self::Connect,
        Self::Tls,
        Self::Write,
        Self::Timeout,
        Self::Reset,
        Self::Closed,
        Self::GoAway,
        Self::StreamReset,
        Self::Nonsense,
        Self::Status4xx,
        Self::Status5xx,
        Self::Grpc,
        Self::Descriptors,
        Self::Ports,
    ];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        FACTS[self as usize].0
    }

    /// What it means, as the rest of a sentence about the target.
    pub fn meaning(self) -> &'static str {
        FACTS[self as usize].1
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        FACTS[self as usize].2
    }

    /// Whole answers that do not count as success; the others are no answers at all.
    pub fn answered(self) -> bool {
        matches!(self, Self::Status4xx | Self::Status5xx | Self::Grpc)
    }

    /// The generator's own fault, not the server's.
    pub fn own(self) -> bool {
        matches!(self, Self::Descriptors | Self::Ports)
    }

    /// The class of a connection that could not be made.
    pub fn of_connect(error: &io::Error) -> Self {
        match (error.kind(), error.raw_os_error().map(rustix::io::Errno::from_raw_os_error)) {
            (io::ErrorKind::ConnectionRefused, _) => Self::Refused,
            (io::ErrorKind::TimedOut, _) => Self::ConnectTimeout,
            (io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable, _) => Self::Unreachable,
            (io::ErrorKind::ConnectionReset, _) => Self::Reset,
            (_, Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)) => Self::Descriptors,
            // connect(2): EADDRNOTAVAIL when all ports of the local range are in use.
            (_, Some(rustix::io::Errno::ADDRNOTAVAIL)) => Self::Ports,
            _ => Self::Connect,
        }
    }

    /// The class of a failure on an open connection.
    pub fn of_read(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Reset,
            io::ErrorKind::TimedOut => Self::Timeout,
            _ => Self::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_of_connect_2_have_their_classes() {
        use rustix::io::Errno;
        for (errno, class) in [
            (Errno::CONNREFUSED, Class::Refused),
            (Errno::TIMEDOUT, Class::ConnectTimeout),
            (Errno::HOSTUNREACH, Class::Unreachable),
            (Errno::NETUNREACH, Class::Unreachable),
            (Errno::MFILE, Class::Descriptors),
            (Errno::NFILE, Class::Descriptors),
            (Errno::ADDRNOTAVAIL, Class::Ports),
            (Errno::ACCESS, Class::Connect),
        ] {
            assert_eq!(Class::of_connect(&io::Error::from_raw_os_error(errno.raw_os_error())), class, "{errno:?}");
        }
    }

    #[test]
    fn every_class_stands_at_its_own_place() {
        assert!(Class::ALL.into_iter().enumerate().all(|(at, class)| class as usize == at));
    }
}
