//! A port that is forwarded for one run alone: named in its order, opened by the process that loads, held until the run is over.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Order, allowed};
use crate::cluster::fleet::Fleet;
use crate::cluster::forward::Forward;
use crate::cluster::gate::Gate;
use crate::names::{ObjectKey, Problem};

/// The Service whose port is forwarded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Forwarded {
    /// The Service.
    pub service: ObjectKey,
    /// One of its ports, by number or by name; none: its first.
    pub port: Option<String>,
    /// The port of this machine, once it is open. It does not outlive this process, and another one opens its own.
    #[serde(skip)]
    open: Option<Arc<Forward>>,
}

impl PartialEq for Forwarded {
    fn eq(&self, other: &Self) -> bool {
        (&self.service, &self.port) == (&other.service, &other.port)
    }
}

/// Opens the port that an order goes through, where it goes through one, and leads it there.
///
/// # Errors
/// The gate refuses the order, or the port cannot be forwarded.
pub async fn open(order: &mut Order, fleet: Option<&Fleet>, gate: &Gate) -> Result<(), Problem> {
    let Some(wanted) = order.forward.clone() else { return Ok(()) };
    // Nothing is opened for what would not be loaded.
    allowed(order, gate)?;
    if let Some(place) = &order.plan.connect_to {
        return Err(wanted.closed(&format!("the connections are meant to go to {place} instead")).hint("leave --connect-to out"));
    }
    let fleet = fleet.ok_or_else(|| wanted.closed("this process knows no clusters"))?;
    fleet.connect(&wanted.service.cluster);
    let forward = fleet.forward(&wanted.service, wanted.port.as_deref()).await?;
    order.plan.connect_to = Some(forward.address().to_string());
    order.forward = Some(Forwarded { open: Some(Arc::new(forward)), ..wanted });
    Ok(())
}

/// Waits until the port that an order goes through leads nowhere any more; for ever where it goes through none.
pub(super) async fn lost(order: &Order) -> Problem {
    match order.forward.as_ref().and_then(|forwarded| forwarded.open.as_ref()) {
        Some(forward) => forward.lost().await,
        None => std::future::pending().await,
    }
}

impl Forwarded {
    /// To be opened.
    pub(super) fn new(service: ObjectKey, port: Option<String>) -> Self {
        Self { service, port, open: None }
    }

    /// It leads somewhere.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.open.is_some() { Ok(()) } else { Err(self.closed("nobody has opened it")) }
    }

    fn closed(&self, why: &str) -> Problem {
        Problem::new("forward.closed", format!("no port of {} is forwarded", self.service), why)
    }
}
