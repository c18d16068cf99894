//! The ways to a Service: its own address outside of the cluster, an ingress, or a forwarded port; which of them a run takes, and that it takes only one.

use super::Order;
use super::forward::Forwarded;
use super::service::Service;
use crate::cluster::fleet::Fleet;
use crate::load::plan::Path;
use crate::load::target::Target;
use crate::names::{ObjectKey, Problem};

/// How one of the Services of an order is reached.
pub(super) struct Way {
    /// Its place among the addresses of the plan.
    at: usize,
    /// What is asked for; none: the name that the Service has within its cluster.
    target: Option<Target>,
    lead: Lead,
    /// What whoever ordered it should hear.
    told: Option<String>,
}

/// Where connections go.
#[derive(PartialEq)]
enum Lead {
    /// Where the target says.
    There,
    /// To an ingress: to that `host:port`, or where the target says.
    Ingress(Option<String>),
    /// Into a pod.
    Forward(Forwarded),
}

/// The way to a Service: the one that is wanted, else its own address, else a forwarded port.
///
/// # Errors
/// There is no such way.
pub(super) async fn to(service: &Service, key: &ObjectKey, order: &Order, fleet: &Fleet) -> Result<Way, Problem> {
    let (at, port) = (service.at, service.port.as_deref());
    let forward = |told| Way { at, target: None, lead: Lead::Forward(Forwarded::new(key.clone(), service.port.clone())), told };
    let via = order.via;
    match via {
        Some(Path::PortForward) => Ok(forward(None)),
        Some(Path::Ingress) => {
            let entry = fleet.ingress_to(key, port, &service.path, order.plan.request.host()).await?;
            Ok(Way { at, target: Some(Target::parse(&entry.url)?), lead: Lead::Ingress(entry.place), told: entry.choice })
        }
        Some(Path::Direct) | None => match fleet.service_url(key, port).await {
            Ok(url) => Ok(Way { at, target: Some(Target::parse(&format!("{url}{}", service.path))?), lead: Lead::There, told: None }),
            Err(problem) if via.is_none() && problem.code == "service.unreachable" => {
                Ok(forward(Some(format!("{}: a port of one of its pods is forwarded", problem.what))))
            }
            Err(problem) => Err(problem),
        },
    }
}

/// Leads an order these ways, and answers what whoever ordered it should hear of them.
///
/// # Errors
/// Connections of one run all go to one place where they do not go where its addresses say, and these do not.
pub(super) fn take(order: &mut Order, ways: Vec<Way>) -> Result<Vec<String>, Problem> {
    let all = ways.len() == order.plan.also.len() + 1;
    let Some(first) = ways.first() else { return Ok(Vec::new()) };
    let around = ways.iter().any(|way| !matches!(way.lead, Lead::There | Lead::Ingress(None)));
    if around && !(all && ways.iter().all(|way| way.lead == first.lead)) {
        let why = "through an ingress or a forwarded port one run goes to one place, and its addresses lead to several";
        return Err(Problem::new("perf.ways", "these addresses cannot be loaded in one run", why)
            .hint("give each its own run, or only paths of one Service; --via direct goes to load balancers and nodes alone"));
    }
    let via = |way: &Way| match way.lead {
        Lead::There => Path::Direct,
        Lead::Ingress(_) => Path::Ingress,
        Lead::Forward(_) => Path::PortForward,
    };
    // What stands between is measured as well, wherever it stands.
    order.plan.path = ways.iter().map(via).find(|path| *path != Path::Direct).unwrap_or_default();
    match &first.lead {
        Lead::There => {}
        // Who says where to connect to knows better.
        Lead::Ingress(place) => order.plan.connect_to = order.plan.connect_to.take().or_else(|| place.clone()),
        Lead::Forward(forwarded) => order.forward = Some(forwarded.clone()),
    }
    let mut said = Vec::new();
    for Way { at, target, told, .. } in ways {
        said.extend(told.filter(|told| !said.contains(told)));
        let Some(target) = target else { continue };
        match at.checked_sub(1) {
            None => order.plan.target = target,
            Some(nth) => order.plan.also.get_mut(nth).into_iter().for_each(|endpoint| endpoint.target = target.clone()),
        }
    }
    Ok(said)
}
