//! As fast as answers come, beside other generators in turns: requests a second, and processor time a request.

use std::time::Instant;

use super::super::figures::{Line, Verdict};
use super::super::{Effort, machine};
use super::child;
use super::nginx::{self, Nginx};
use super::pairs::{self, Pairs};
use super::peers::{AB, FORTIO, H2LOAD, HEY, Installed, K6, OHA, Peer, Task, WRK};
use super::serve::Server;

const CONNECTIONS: usize = 64;

/// What ratios have to be; none: they need not.
#[derive(Clone, Copy, Default)]
struct Gate {
    rate: Option<f64>,
    lower: Option<f64>,
    cost: Option<f64>,
}

/// A peer with what is asked of us beside it.
struct Beside(&'static Peer, Gate);

const fn gate(rate: f64) -> Gate {
    Gate { rate: Some(rate), lower: None, cost: None }
}

const fn gate_at(rate: f64, cost: f64) -> Gate {
    Gate { rate: Some(rate), lower: None, cost: Some(cost) }
}

const NONE: Gate = Gate { rate: None, lower: None, cost: None };

/// HTTP/1.1 on the cores that nginx uses too.
pub fn beside_wrk(effort: &Effort) -> Vec<Line> {
    let gate = Gate { lower: Some(0.95), ..gate_at(1.0, 1.0) };
    let measure = |nginx: &Nginx| {
        vec![one(effort, effort.times(12, 3), "HTTP/1.1 against nginx on the same cores", &Beside(&WRK, gate), &plain(effort, nginx))]
    };
    with_nginx("HTTP/1.1 against nginx", measure)
}

/// The others that one meets.
const PEERS: [Beside; 5] =
    [Beside(&OHA, gate_at(1.5, 0.55)), Beside(&FORTIO, gate_at(1.3, 0.7)), Beside(&HEY, gate(4.0)), Beside(&K6, gate(8.0)), Beside(&AB, NONE)];

/// Beside the others, on the cores that nginx uses too.
pub fn beside_peers(effort: &Effort) -> Vec<Line> {
    let measure = |nginx: &Nginx| {
        let one = |beside: &Beside| one(effort, effort.times(6, 3), "HTTP/1.1 against nginx on the same cores", beside, &plain(effort, nginx));
        PEERS.iter().map(one).chain([wrk_beside(&PEERS, effort, nginx)]).collect()
    };
    with_nginx("HTTP/1.1 against nginx", measure)
}

/// How far ahead of them the leanest generator gets here, where server and kernel take their share of the same cores.
fn wrk_beside(peers: &[Beside], effort: &Effort, nginx: &Nginx) -> Line {
    const WHAT: &str = "HTTP/1.1 against nginx on the same cores, wrk beside the others";
    let wrk = match WRK.installed() {
        Ok(wrk) => wrk,
        Err(why) => return Line::new(WHAT, "", "", Verdict::LeftOut(why)),
    };
    let installed = peers.iter().filter_map(|Beside(peer, _)| peer.installed().ok());
    let told = installed.map(|peer| match pairs::pairs(3, &wrk, &peer, &plain(effort, nginx)) {
        Ok(pairs) => format!("{} {:.2}× at {:.2}× the CPU", peer.peer.name, pairs.rate(), pairs.cost()),
        Err(why) => format!("{}: {why}", peer.peer.name),
    });
    Line::new(WHAT, "", told.collect::<Vec<_>>().join("; "), Verdict::Told)
}

/// The server answers more than a client can ask: a core for each.
pub fn client_bound(effort: &Effort) -> Vec<Line> {
    apart(effort, |what, server, task| {
        let mut line = one(effort, effort.times(12, 3), what, &Beside(&WRK, gate_at(1.1, 0.9)), task);
        // Where the server is the limit, no client can be faster than another.
        let (begun, before) = (Instant::now(), machine::processor_time(server.pid()));
        if Installed::ours().load(task).is_ok() {
            let busy = (machine::processor_time(server.pid()) - before).as_secs_f64() / begun.elapsed().as_secs_f64();
            line.measured.push_str(&format!("; the server was busy for {:.0} % of a run of ours", busy * 100.0));
        }
        vec![line]
    })
}

/// The same beside the others.
pub fn client_bound_peers(effort: &Effort) -> Vec<Line> {
    // ab keeps connections as HTTP/1.0 does, which the responder does not know.
    let known = PEERS.iter().filter(|Beside(peer, _)| peer.name != AB.name);
    apart(effort, |what, _, task| known.map(|beside| one(effort, effort.times(6, 3), what, beside, task)).collect())
}

/// With a minimal responder on one core and the client on another.
fn apart(effort: &Effort, measure: impl FnOnce(&str, &Server, &Task) -> Vec<Line>) -> Vec<Line> {
    const WHAT: &str = "HTTP/1.1 against a minimal responder, a core for each";
    if !child::cores_apart() {
        return vec![no_cores(WHAT)];
    }
    let (server, folder) = (Server::start("plain", Some(0)), tempfile::tempdir().expect("a folder"));
    let task = Task { core: Some(1), ..load(effort, &server.url, folder.path()) };
    measure(WHAT, &server, &task)
}

/// Eight connections with eight streams each: where nginx has a core of its own, and where it has as many workers as there are cores.
pub fn http2(effort: &Effort) -> Vec<Line> {
    const ALONE: &str = "HTTP/2 without TLS, 8 × 8 streams, a core for nginx and one for the client";
    const SHARED: &str = "HTTP/2 without TLS, 8 × 8 streams, nginx on the same cores";
    let measure = |nginx: &Nginx, what: &str, core: Option<usize>| {
        let task = Task { connections: 8, streams: Some(8), core, ..load(effort, &nginx.http2, nginx.folder.path()) };
        let one = |beside: &Beside| one(effort, effort.times(12, 3), what, beside, &task);
        [Beside(&H2LOAD, gate(1.0)), Beside(&OHA, gate(1.2))].iter().map(one).collect()
    };
    let alone = if child::cores_apart() { on(Some(0), ALONE, |nginx| measure(nginx, ALONE, Some(1))) } else { vec![no_cores(ALONE)] };
    alone.into_iter().chain(on(None, SHARED, |nginx| measure(nginx, SHARED, None))).collect()
}

/// TLS 1.3 with connections kept; neither side verifies.
pub fn tls(effort: &Effort) -> Vec<Line> {
    let measure = |nginx: &Nginx| {
        let task = load(effort, &nginx.https, nginx.folder.path());
        vec![one(effort, effort.times(12, 3), "TLS 1.3 keep-alive against nginx", &Beside(&WRK, gate(0.95)), &task)]
    };
    with_nginx("TLS 1.3 against nginx", measure)
}

/// A connection for every request.
pub fn fresh(effort: &Effort) -> Vec<Line> {
    let measure = |nginx: &Nginx| {
        let task = Task { fresh: true, ..plain(effort, nginx) };
        vec![one(effort, effort.times(12, 3), "new connections a second to nginx", &Beside(&AB, gate(1.0)), &task)]
    };
    with_nginx("new connections to nginx", measure)
}

fn no_cores(what: &str) -> Line {
    Line::new(what, "", "", Verdict::LeftOut("it needs two cores and taskset".into()))
}

/// With nginx on every core.
fn with_nginx(what: &str, measure: impl FnOnce(&Nginx) -> Vec<Line>) -> Vec<Line> {
    on(None, what, measure)
}

/// With nginx on that core, or on all of them.
fn on(core: Option<usize>, what: &str, measure: impl FnOnce(&Nginx) -> Vec<Line>) -> Vec<Line> {
    match nginx::start(core) {
        Ok(nginx) => measure(&nginx),
        Err(why) => vec![Line::new(what, "", "", Verdict::LeftOut(why))],
    }
}

fn plain<'a>(effort: &Effort, nginx: &'a Nginx) -> Task<'a> {
    load(effort, &nginx.url, nginx.folder.path())
}

fn load<'a>(effort: &Effort, url: &'a str, folder: &'a std::path::Path) -> Task<'a> {
    Task { url, seconds: effort.times(2, 1), connections: CONNECTIONS, streams: None, rate: None, fresh: false, core: None, folder }
}

fn one(effort: &Effort, wanted: usize, what: &str, Beside(peer, gate): &Beside, task: &Task) -> Line {
    let gate = if effort.loose { gate.loosely() } else { *gate };
    let what = format!("{what}, beside {}", peer.name);
    let installed: Installed = match peer.installed() {
        Ok(installed) => installed,
        Err(why) => return Line::new(what, gate.told(), "", Verdict::LeftOut(why)),
    };
    match pairs::pairs(wanted, &Installed::ours(), &installed, task) {
        Ok(pairs) if gate.rate.is_none() => Line::new(what, gate.told(), pairs.to_string(), Verdict::Told),
        Ok(pairs) => Line::judged(what, gate.told(), gate.measured(&pairs), gate.met(&pairs)),
        Err(why) => Line::new(what, gate.told(), why, Verdict::Failed),
    }
}

impl Gate {
    /// A build for debugging on a machine that does other things: it runs, and is not slower than that explains.
    fn loosely(self) -> Self {
        Self { rate: self.rate.map(|_| 0.05), lower: None, cost: None }
    }

    fn met(self, pairs: &Pairs) -> bool {
        self.rate.is_none_or(|least| pairs.rate() >= least)
            && self.lower.is_none_or(|least| pairs.lower() >= least)
            && self.cost.is_none_or(|most| pairs.cost() <= most)
    }

    fn told(self) -> String {
        let rate = self.rate.map(|least| format!("≥ {least}× its requests/s"));
        let lower = self.lower.map(|least| format!("lower end of the median's 95 % interval ≥ {least}×"));
        let cost = self.cost.map(|most| format!("≤ {most}× its CPU per request"));
        [rate, lower, cost].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn measured(self, pairs: &Pairs) -> String {
        if self.lower.is_some() { format!("{pairs}; lower end {:.2}×", pairs.lower()) } else { pairs.to_string() }
    }
}
