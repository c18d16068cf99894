//! How the list of connections asks the fleet: what connections cost, and other kinds once more whether they answer.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::cluster::fleet::Fleet;
use crate::cluster::tally::Particulars;
use crate::names::ClusterId;

/// What the list wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Say what these cost. Nothing is asked of them.
    Look(Vec<ClusterId>),
    /// Ask these anew.
    Again(Vec<ClusterId>),
}

/// What was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// What connections cost.
    Looked(Vec<(ClusterId, Particulars)>),
}

/// The pane's way to the fleet.
pub struct Work<F> {
    fleet: Fleet,
    reports: Sender<F>,
    wrap: fn(Report) -> F,
}

impl<F: Send + 'static> Work<F> {
    /// `wrap` turns this pane's reports into the house's.
    pub fn new(fleet: Fleet, reports: Sender<F>, wrap: fn(Report) -> F) -> Self {
        Self { fleet, reports, wrap }
    }

    /// Begins what is wanted; answers at once.
    pub fn run(&self, effect: Effect) {
        match effect {
            Effect::Look(ids) => {
                let known = ids.into_iter().filter_map(|id| Some((id.clone(), self.fleet.particulars(&id)?))).collect();
                // Where so much waits that there is no room, the next look is soon enough.
                _ = self.reports.try_send((self.wrap)(Report::Looked(known)));
            }
            Effect::Again(ids) => {
                for id in &ids {
                    self.fleet.disconnect(id);
                    self.fleet.connect(id);
                }
            }
        }
    }
}
