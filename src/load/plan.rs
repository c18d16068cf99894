//! What a run is to do: target, connections, pace, and when it ends. Pure.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::names::Problem;
use crate::text::sanitise;

/// An HTTP address to be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target {
    url: Url,
}

impl TryFrom<String> for Target {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.url.into()
    }
}

impl Target {
    /// Reads an address; a text without a scheme is taken as `http://`.
    ///
    /// # Errors
    /// It is none, or of a scheme that is not spoken yet.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let wrong = |why: String, hint: &str| Problem {
            code: "load.target",
            what: format!("{} cannot be loaded", sanitise(text)),
            why,
            hints: vec![hint.to_owned()],
        };
        let url = Url::parse(&full).map_err(|error| wrong(error.to_string(), "an address looks like http://127.0.0.1:8080/path"))?;
        if !url.username().is_empty() || url.password().is_some() {
            let what = Problem::new("load.target", "this address cannot be loaded", "it holds a name or password, which would be kept with the run");
            return Err(what.hint("leave them out; requests carry no credentials yet"));
        }
        match (url.scheme(), url.host()) {
            ("http", Some(_)) => Ok(Self { url }),
            ("https", _) => Err(wrong("TLS is not spoken yet".into(), "aim at a plain HTTP port of the service")),
            (_, None) => Err(wrong("it names no host".into(), "an address looks like http://127.0.0.1:8080/path")),
            (scheme, _) => Err(wrong(format!("{scheme} is not spoken"), "http:// is")),
        }
    }

    /// The whole address.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Host name or address, without brackets.
    pub fn host(&self) -> String {
        match self.url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => String::new(),
        }
    }

    /// The port, 80 where none is written.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }

    /// It is this machine itself.
    pub fn is_loopback(&self) -> bool {
        self.host() == "localhost" || self.host().parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The bytes of one request.
    pub fn request(&self) -> Vec<u8> {
        let query = self.url.query().map_or_else(String::new, |query| format!("?{query}"));
        let port = self.url.port().map_or_else(String::new, |port| format!(":{port}"));
        let host = self.url.host_str().unwrap_or_default();
        format!(
            "GET {}{query} HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: meshplay/{}\r\nAccept: */*\r\n\r\n",
            self.url.path(),
            env!("CARGO_PKG_VERSION")
        )
        .into_bytes()
    }
}

/// How fast requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// The next one as soon as the last is answered.
    Max,
    /// So many a second at most, over all connections.
    Rate(f64),
}

/// Requests a second: one a day, the longest run there is.
const SLOWEST: f64 = 1.0 / 86_400.0;

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What is loaded.
    pub target: Target,
    /// Connections kept open.
    pub connections: usize,
    /// When it ends.
    pub duration: Duration,
    /// It ends earlier after so many requests.
    pub requests: Option<u64>,
    /// How fast.
    pub pace: Pace,
    /// Threads; 0: one a core.
    pub threads: usize,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Plan {
    /// A gentle plan: 100 requests a second for 10 s; on this machine itself as fast as possible.
    pub fn gentle(target: Target) -> Self {
        let pace = if target.is_loopback() { Pace::Max } else { Pace::Rate(100.0) };
        Self { target, connections: 4, duration: Duration::from_secs(10), requests: None, pace, threads: 0, timeout: Duration::from_secs(10) }
    }

    /// Whether it can be run.
    ///
    /// # Errors
    /// What is out of bounds.
    pub fn check(&self) -> Result<(), Problem> {
        let wrong = |why: &str| Err(Problem { code: "load.plan", what: "this load test cannot be run".into(), why: why.into(), hints: vec![] });
        match self {
            Self { connections, .. } if !(1..=10_000).contains(connections) => wrong("connections have to be from 1 to 10,000"),
            Self { duration, .. } if duration.is_zero() || *duration > Duration::from_secs(86_400) => {
                wrong("the duration has to be from a moment to a day")
            }
            Self { requests: Some(0), .. } => wrong("at least one request is needed"),
            Self { pace: Pace::Rate(rate), .. } if !(*rate >= SLOWEST && rate.is_finite()) => wrong("the rate has to be at least one request a day"),
            Self { timeout, .. } if timeout.is_zero() => wrong("an answer needs some time"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_requests_are_http() {
        let target = Target::parse("127.0.0.1:8080/a?b=c").unwrap();
        assert!(target.is_loopback());
        assert_eq!(target.port(), 8080);
        let request = String::from_utf8(target.request()).unwrap();
        assert!(request.starts_with("GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n") && request.ends_with("\r\n\r\n"), "{request}");
        assert!(Target::parse("http://[::1]/").unwrap().is_loopback());
        assert!(!Target::parse("example.com").unwrap().is_loopback());
    }

    #[test]
    fn a_plan_that_no_clock_can_keep_is_refused() {
        let fine = Plan::gentle(Target::parse("127.0.0.1").unwrap());
        assert_eq!(fine.check(), Ok(()));
        for rate in [0.0, -1.0, 1e-300, f64::NAN, f64::INFINITY] {
            assert!(Plan { pace: Pace::Rate(rate), ..fine.clone() }.check().is_err(), "{rate}");
        }
        assert!(Plan { timeout: Duration::ZERO, ..fine }.check().is_err());
    }

    #[test]
    fn what_is_not_spoken_is_refused_with_a_reason() {
        let secret = Target::parse("http://me:hunter2@127.0.0.1/").unwrap_err();
        assert!(!secret.to_string().contains("hunter2"), "{secret}");
        for wrong in ["https://example.com", "ftp://x", "http://", "http://[::", "a b"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn somebody_elses_system_is_loaded_gently() {
        assert_eq!(Plan::gentle(Target::parse("example.com").unwrap()).pace, Pace::Rate(100.0));
    }
}
