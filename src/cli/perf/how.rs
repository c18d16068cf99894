//! How a target is loaded and what is asked of it, whatever verb loads it: flags of run, compare, gate, search and permute. Over a plan that says such things
//! itself, as that of a profile does, what is given here wins.

use std::time::Duration;

use clap::Args;

use super::ask::AskArgs;
use crate::load::plan::{Path, Plan};
use crate::names::Problem;
use crate::perf::Order;
use crate::perf::service::Service;
use crate::text::age;

/// How to load.
#[derive(Clone, Debug, Default, Args)]
pub struct HowArgs {
    /// Requests at once on each connection, where HTTP/2 or gRPC is spoken.
    #[arg(long, value_name = "N")]
    streams: Option<usize>,
    /// Load for so long before anything counts.
    #[arg(long, value_name = "TIME", value_parser = age::parse)]
    warm_up: Option<Duration>,
    /// How long an answer may take; if not given, 10s.
    #[arg(long, value_name = "TIME", value_parser = age::parse)]
    timeout: Option<Duration>,
    /// Connect to this `host:port` instead; what is asked for stays.
    #[arg(long, value_name = "HOST:PORT")]
    connect_to: Option<String>,
    /// How a Service is reached: direct (a load balancer or a node's port), ingress, or port-forward (a port of a pod, through the API server; SUSPECT at
    /// best). If not given, direct, or port-forward where there is no other way. Of another address it only says how that is reached; a port of this machine
    /// that kubectl forwards is noticed by itself.
    #[arg(long, value_name = "WAY", value_parser = ["direct", "ingress", "port-forward"])]
    via: Option<String>,
    /// A new connection for every request.
    #[arg(long, conflicts_with = "reuse")]
    no_keep_alive: bool,
    /// A connection serves between so many requests, `10:100`.
    #[arg(long, value_name = "LEAST:MOST", value_parser = range)]
    reuse: Option<(u64, u64)>,
    #[command(flatten)]
    ask: AskArgs,
    /// The name of the cluster, where it is protected.
    #[arg(long, value_name = "CLUSTER")]
    pub(super) confirm: Option<String>,
}

impl HowArgs {
    /// An order of a plan that is done as the flags say.
    ///
    /// # Errors
    /// As [`HowArgs::over`].
    pub(super) fn order(&self, plan: Plan, services: Vec<Service>) -> Result<Order, Problem> {
        Ok(Order { services, via: self.via(), typed: self.confirm.clone(), ..Order::new(self.over(plan)?) })
    }

    /// How Services are reached; none: as well as it goes.
    pub(super) fn via(&self) -> Option<Path> {
        self.via.as_deref().map(way)
    }

    /// The same plan, done as the flags say; reads the files that they name.
    ///
    /// # Errors
    /// One of the files cannot be read or used, or what comes out is out of bounds.
    pub(super) fn over(&self, plan: Plan) -> Result<Plan, Problem> {
        let plan = Plan {
            request: self.ask.over(plan.request.clone())?,
            streams: self.streams.unwrap_or(plan.streams),
            warm_up: self.warm_up.unwrap_or(plan.warm_up),
            timeout: self.timeout.unwrap_or(plan.timeout),
            connect_to: self.connect_to.clone().or_else(|| plan.connect_to.clone()),
            path: self.via().unwrap_or(plan.path),
            keep_alive: plan.keep_alive && !self.no_keep_alive,
            reuse: self.reuse.or(plan.reuse),
            ..plan
        };
        plan.check().map(|()| plan)
    }
}

/// A way as it is written.
fn way(word: &str) -> Path {
    match word {
        "ingress" => Path::Ingress,
        "port-forward" => Path::PortForward,
        _ => Path::Direct,
    }
}

/// `10:100`, requests that a connection serves; one number for both.
fn range(text: &str) -> Result<(u64, u64), String> {
    let (least, most) = text.split_once(':').unwrap_or((text, text));
    match (least.parse(), most.parse()) {
        (Ok(least), Ok(most)) => Ok((least, most)),
        _ => Err("write two numbers of requests, 10:100".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::load::request::{Body, Header, Request};
    use crate::load::target::Target;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        how: HowArgs,
    }

    #[test]
    fn what_is_given_wins_over_a_plan_and_the_rest_of_it_stays() {
        let request = Request { method: "PUT".into(), headers: vec![Header::new("A", "1"), Header::new("B", "2")], ..Request::default() };
        let written =
            Plan { request, timeout: Duration::from_secs(3), keep_alive: false, ..Plan::gentle(Target::parse("https://127.0.0.1:1").unwrap()) };
        let over = |words: &[&str]| {
            let line = Line::try_parse_from(std::iter::once("x").chain(words.iter().copied())).unwrap();
            line.how.over(written.clone()).unwrap()
        };
        assert_eq!(over(&[]), written);
        let plan = over(&["-H", "a: 9", "-k", "--warm-up", "2s", "--connect-to", "localhost:5"]);
        assert_eq!(plan.request.headers, [Header::new("B", "2"), Header::new("a", "9")]);
        assert_eq!((plan.request.method.as_str(), plan.request.tls.insecure, plan.timeout), ("PUT", true, written.timeout));
        assert_eq!((plan.warm_up, plan.connect_to.as_deref(), plan.keep_alive), (Duration::from_secs(2), Some("localhost:5"), false));
        assert_eq!((over(&["--via", "ingress"]).path, over(&["--via", "port-forward"]).path), (Path::Ingress, Path::PortForward));
        assert_eq!(over(&["--body", "x"]).request.body, Body::Text("x".into()));
    }
}
