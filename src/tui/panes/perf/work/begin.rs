//! How runs begin: one, several in turn, or those of a profile; each in a process of its own, where that is possible.

use std::collections::VecDeque;

use super::{Desk, Report};
use crate::names::{ClusterId, Problem};
use crate::perf::abort::Rule;
use crate::perf::apart::serve::{Ground, begin_here};
use crate::perf::apart::{self, Refusal};
use crate::perf::profile::kept::Profiles;
use crate::perf::profile::{Profile, in_turn};
use crate::perf::{Order, service};
use crate::results::Run;

/// Why a run has no process of its own.
fn tied() -> Problem {
    Problem::new("perf.embedded", "this load test ends with this program", "the embedded cluster does").hint("`meshplay sandbox serve` keeps one")
}

impl<F: Send + 'static> Desk<F> {
    /// One run after the other, until one of them does not end as planned.
    pub(super) async fn start(self, order: Order, times: usize) {
        for nth in 1..=times {
            let order = match self.led(order.clone()).await {
                Ok(order) => order,
                Err(problem) => return self.report(Report::NotBegun { problem }).await,
            };
            let first = move |run| if nth == 1 { Report::Started { run } } else { Report::Again { run, nth, of: times } };
            if !self.clone().one(order, first).await.0 {
                return;
            }
        }
    }

    /// With the addresses of its Services, and what stands behind its target.
    async fn led(&self, mut order: Order) -> Result<Order, Problem> {
        service::find(&mut order, &self.fleet, None).await.map(|_| order)
    }

    /// Every part of a profile as often as it says: in a process that goes on to the last run without this one; where that is not possible, from here.
    pub(super) async fn profile(self, name: String, cluster: Option<ClusterId>, aborts: Vec<Rule>) {
        let profiles = Profiles::open(self.store.data());
        let read = tokio::task::spawn_blocking(move || profiles.read(&name)).await;
        let Ok(read) = read else { return };
        let orders = match read {
            Ok(profile) => self.orders(&profile, cluster, &aborts).await,
            Err(problem) => Err(problem),
        };
        let orders = match orders {
            Ok(orders) => orders,
            Err(problem) => return self.report(Report::NotBegun { problem }).await,
        };
        let of = orders.len();
        let embedded = orders.iter().any(|order| order.is_embedded(&self.fleet));
        let together = |orders: Vec<Order>| {
            let mut rest = orders.into_iter();
            rest.next().map(|first| Order { then: rest.collect(), ..first }).into_iter().collect()
        };
        let mut orders: VecDeque<Order> = if embedded { orders.into() } else { together(orders) };
        for nth in 1.. {
            let Some(order) = orders.pop_front() else { return };
            let first = move |run| if nth == 1 { Report::Started { run } } else { Report::Again { run, nth, of } };
            let (whole, left) = self.clone().one(order, first).await;
            if !whole {
                return;
            }
            orders.extend(left);
        }
    }

    async fn orders(&self, profile: &Profile, cluster: Option<ClusterId>, aborts: &[Rule]) -> Result<Vec<Order>, Problem> {
        let mut parts = Vec::new();
        for part in &profile.parts {
            let order = profile.order(part);
            let cluster = order.cluster.or_else(|| cluster.clone().filter(|_| !order.services.is_empty()));
            parts.push(self.led(Order { cluster, aborts: aborts.to_vec(), ..order }).await?);
        }
        Ok(in_turn(&parts, profile.repeat))
    }

    /// In a process of its own, and those that are to follow it too; where that is not possible, it alone in this one. Whether it ended as planned, and which
    /// of the others nobody does.
    pub(super) async fn one(self, mut order: Order, first: impl FnOnce(Box<Run>) -> Report) -> (bool, Vec<Order>) {
        // The sandbox's services end with this program, and a run on them with it.
        let embedded = order.is_embedded(&self.fleet);
        let starting = self.starting.clone().read_owned().await;
        let apart = match &order.forward {
            // Another process has no such cluster to forward a port of.
            Some(_) if embedded => Err(Refusal::Apart(tied())),
            _ => apart::start(&order, &self.launch, self.fleet.gate(), &self.store).await,
        };
        let rest = std::mem::take(&mut order.then);
        let (handle, inside) = match apart {
            Ok(handle) => (Ok(handle), None),
            Err(Refusal::Order(problem)) => (Err(problem), None),
            Err(Refusal::Apart(problem)) => {
                let ground = Ground { launch: &self.launch, fleet: Some(&self.fleet), gate: self.fleet.gate(), store: &self.store };
                (begin_here(order, &ground).await, Some(problem))
            }
        };
        let handle = match handle {
            Ok(handle) => handle,
            Err(problem) => {
                self.report(Report::NotBegun { problem }).await;
                return (false, Vec::new());
            }
        };
        let (run, ends_with_us) = (Box::new(handle.run().clone()), embedded || inside.is_some());
        let over = self.enter(&handle, ends_with_us);
        drop(starting);
        let Some(problem) = inside else { return (self.follow(handle, over, first(run)).await, Vec::new()) };
        self.report(Report::Inside { id: run.id.clone(), problem }).await;
        (self.follow(handle, over, first(run)).await, rest)
    }
}
