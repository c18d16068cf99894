//! The addresses of a target: those that answer, all of which are used in turn.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::load::target::{Scheme, Target};
use crate::names::Problem;
use crate::text::sanitise;

/// How long one of several addresses may take to answer.
const PROBE: Duration = Duration::from_secs(1);

/// More addresses of one name are not used.
const MOST: usize = 64;

/// Every address of the host that answers, or all where none does. May wait for the resolver.
pub(super) fn resolve(target: &Target, instead: Option<&str>) -> Result<Vec<SocketAddr>, Problem> {
    if target.socket().is_some() {
        // A path is all the address it has.
        return Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]);
    }
    let shown = instead.map_or_else(|| target.host(), |instead| sanitise(instead).into_owned());
    let unknown = |why: String| Problem::new("load.dns", format!("{shown} has no address"), why).hint("check the name, or give an address");
    let found = match instead {
        Some(instead) => instead.to_socket_addrs(),
        None => (target.host().as_str(), target.port()).to_socket_addrs(),
    };
    let mut found: Vec<SocketAddr> = found.map_err(|error| unknown(error.to_string()))?.collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST);
    match found.len() {
        0 => Err(unknown("the resolver answered nothing".into())),
        1 => Ok(found),
        // Datagrams are not answered before something is asked.
        _ if target.scheme() == Scheme::Udp => Ok(found),
        _ => Ok(answering(found)),
    }
}

/// `localhost` is often both ::1 and 127.0.0.1 while only one of them is listened on.
fn answering(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let probe = |address: SocketAddr| std::thread::spawn(move || TcpStream::connect_timeout(&address, PROBE).is_ok());
    let probes: Vec<_> = found.iter().map(|address| probe(*address)).collect();
    let answers: Vec<bool> = probes.into_iter().map(|probe| probe.join().unwrap_or(false)).collect();
    if answers.contains(&true) { found.into_iter().zip(answers).filter(|(_, answers)| *answers).map(|(address, _)| address).collect() } else { found }
}
