//! Waits for named events, never for time: a wait that ends by its deadline is a failure that says what did not come.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use meshplay::cluster::connection::{Connection, Health};
use meshplay::cluster::fleet::Fleet;
use meshplay::cluster::rows::{Column, Delta, Phase, Row, Uid};
use meshplay::cluster::watch::Subscription;
use meshplay::names::ClusterId;

/// Longest wait for anything that is expected to come.
pub const LONG: Duration = Duration::from_secs(30);

/// Waits for an event.
pub async fn until<T>(what: &str, event: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, event).await.unwrap_or_else(|_| panic!("{what} has not come within {LONG:?}"))
}

/// Waits until a connection is as wanted.
pub async fn health(fleet: &Fleet, id: &ClusterId, wanted: Health) -> Connection {
    let mut status = fleet.status();
    let one = |all: &Arc<[Connection]>| all.iter().find(|one| one.id == *id).cloned();
    let waited = tokio::time::timeout(LONG, status.wait_for(|all| one(all).is_some_and(|one| one.health == wanted))).await;
    match waited {
        Ok(all) => one(&all.unwrap()).unwrap(),
        Err(_) => panic!("{id} is not {wanted:?} after {LONG:?} but {:?}", one(&fleet.status().borrow())),
    }
}

/// Everything a subscription has said, put together.
#[derive(Debug, Default)]
pub struct Seen {
    pub rows: HashMap<Uid, Row>,
    pub columns: Option<Arc<[Column]>>,
    pub phase: Option<Phase>,
}

impl Seen {
    /// Takes deltas until it is as wanted.
    pub async fn until(&mut self, what: &str, subscription: &mut Subscription, wanted: impl Fn(&Self) -> bool) {
        let gather = async {
            while !wanted(self) {
                self.take(subscription.next().await.expect("a subscription does not end"));
            }
        };
        if tokio::time::timeout(LONG, gather).await.is_err() {
            panic!("{what} has not come within {LONG:?}; seen so far: {:?}, {:?}", self.phase, self.names());
        }
    }

    /// Takes one delta.
    pub fn take(&mut self, delta: Delta) {
        self.columns = delta.columns.or(self.columns.take());
        if delta.reset {
            self.rows.clear();
        }
        delta.removed.iter().for_each(|uid| _ = self.rows.remove(uid));
        self.rows.extend(delta.upserts.into_iter().map(|row| (row.uid, row)));
        self.phase = delta.phase.or(self.phase.take());
    }

    /// Takes deltas until the rows are complete.
    pub async fn synced(&mut self, subscription: &mut Subscription) {
        self.until("the end of the list", subscription, |seen| seen.phase == Some(Phase::Synced)).await;
    }

    /// Names of all rows, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.rows.values().map(|row| &*row.name).collect();
        names.sort_unstable();
        names
    }

    /// The row of that name.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.values().find(|row| &*row.name == name)
    }

    /// The text of one cell, by the heading of its column.
    pub fn cell(&self, name: &str, column: &str) -> Option<String> {
        let at = self.columns.as_ref()?.iter().position(|one| &*one.name == column)?;
        Some(self.row(name)?.cells.get(at)?.show(0).into_owned())
    }
}
