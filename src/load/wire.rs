//! One request, one answer or a class of error, whatever is spoken. When requests are sent and what is counted is not known here.

mod http1;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::plan::Plan;
use super::record::Class;
use super::target::{Scheme, Target};
use crate::names::Problem;

/// How the requests of a run are sent: made once, shared by its threads.
pub(super) struct Wire {
    request: Arc<[u8]>,
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) bytes: u64,
    /// The connection may be used again.
    pub(super) alive: bool,
}

/// Why there is none.
pub(super) struct Fault {
    pub(super) class: Class,
}

/// What carries one request at a time: a connection, or a stream of one.
pub(super) struct Line {
    request: Arc<[u8]>,
    carrier: Carrier,
}

enum Carrier {
    Plain(http1::Connection<TcpStream>),
}

impl Wire {
    /// Gets everything ready that is the same for all requests. May read files.
    ///
    /// # Errors
    /// Something the plan names is missing or does not fit.
    pub(super) fn new(plan: &Plan) -> Result<Self, Problem> {
        if plan.target.scheme() != Scheme::Http {
            let why = format!("{} is not spoken yet", plan.target.scheme().name());
            return Err(
                Problem::new("load.target", format!("{} cannot be loaded", plan.target.url()), why).hint("aim at a plain HTTP port of the service")
            );
        }
        Ok(Self { request: request(&plan.target).into() })
    }

    /// Opens a connection: as many lines as requests that it is to carry at the same time. They end together.
    pub(super) async fn open(&self, address: SocketAddr) -> Result<Vec<Line>, Fault> {
        let stream = TcpStream::connect(address).await.map_err(|error| fault_of_connect(&error))?;
        // Without it small requests would wait for acknowledgements.
        _ = stream.set_nodelay(true);
        Ok(vec![Line { request: self.request.clone(), carrier: Carrier::Plain(http1::Connection::new(stream)) }])
    }
}

impl Line {
    /// Sends a request and reads its answer to the end. After a fault nothing more can be sent.
    pub(super) async fn exchange(&mut self) -> Result<Answer, Fault> {
        match &mut self.carrier {
            Carrier::Plain(connection) => connection.exchange(&self.request).await,
        }
    }
}

fn request(target: &Target) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    format!("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: meshplay/{version}\r\nAccept: */*\r\n\r\n", target.path(), target.authority()).into_bytes()
}

impl From<Class> for Fault {
    fn from(class: Class) -> Self {
        Self { class }
    }
}

/// What stands in the way of a connection.
fn fault_of_connect(error: &io::Error) -> Fault {
    Class::of_connect(error).into()
}

/// What broke an open connection.
fn fault_of(error: &io::Error) -> Fault {
    Class::of_read(error).into()
}
