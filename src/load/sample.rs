//! The newest state of a run, as its threads tell it: what was measured, and what the generator itself was doing meanwhile. Plain values.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::Record;

/// The newest state of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// Since the start, the warm-up not counted.
    pub elapsed: Duration,
    /// The last second, or what there is of it.
    pub last: Record,
    /// How long `last` is.
    pub last_span: Duration,
    /// Everything but the warm-up.
    pub whole: Record,
    /// How long it has warmed up, while it does.
    pub warming: Option<Duration>,
    /// What came before anything counted, once that is over.
    pub warm: Option<Arc<Record>>,
    /// Connections that are open.
    pub connections: usize,
    /// Requests sent and not answered: at the end, those that were cut off. Not an error of the server.
    pub in_flight: usize,
    /// Slots of the plan that were due so far.
    pub planned: u64,
    /// Slots that are due and wait for a connection.
    pub backlog: usize,
    /// The most that ever waited at once.
    pub backlog_max: usize,
    /// What the generator did.
    pub generator: Generator,
    /// How it ended, once it has.
    pub ended: Option<Ended>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// As planned.
    Done,
    /// Somebody stopped it.
    Stopped,
}

/// What the generator did and what the machine did to it, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generator {
    /// Threads that send.
    pub threads: usize,
    /// Since when these figures count.
    pub wall_ns: u64,
    /// CPU time of all of them.
    pub cpu_ns: u64,
    /// CPU time of the busiest one.
    pub busiest_ns: u64,
    /// How often one of them was made to wait by the machine's scheduler, where the system tells.
    pub involuntary: u64,
    /// CPU time of the machine that the hypervisor gave to others, and all there was, in the same units; 0 where the system does not tell.
    pub stolen: u64,
    /// See `stolen`.
    pub machine: u64,
    /// The shortest time between two looks at the plan; 0: every slot is waited for.
    pub quantum_ns: u64,
    /// The system has no precise timer: slots are waited for in whole milliseconds.
    pub coarse: bool,
    /// The farthest the wall clock jumped at once, in either direction.
    pub clock_jump_ns: u64,
}

impl Generator {
    /// CPU time as a share of the cores it may use, one a thread.
    pub fn cpu(&self) -> f64 {
        share(self.cpu_ns, self.wall_ns.saturating_mul(self.threads as u64))
    }

    /// CPU time of the busiest thread as a share of its core.
    pub fn busiest(&self) -> f64 {
        share(self.busiest_ns, self.wall_ns)
    }

    /// Share of the machine's CPU time that the hypervisor gave to others.
    pub fn steal(&self) -> f64 {
        share(self.stolen, self.machine)
    }

    /// What came after an earlier state of the same figures.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            wall_ns: self.wall_ns.saturating_sub(earlier.wall_ns),
            cpu_ns: self.cpu_ns.saturating_sub(earlier.cpu_ns),
            busiest_ns: self.busiest_ns.saturating_sub(earlier.busiest_ns),
            involuntary: self.involuntary.saturating_sub(earlier.involuntary),
            stolen: self.stolen.saturating_sub(earlier.stolen),
            machine: self.machine.saturating_sub(earlier.machine),
            ..*self
        }
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_cores_that_may_be_used() {
        let generator = Generator { threads: 2, wall_ns: 100, cpu_ns: 150, busiest_ns: 90, stolen: 3, machine: 200, ..Generator::default() };
        assert_eq!((generator.cpu(), generator.busiest(), generator.steal()), (0.75, 0.9, 0.015));
        let later = Generator { wall_ns: 200, cpu_ns: 160, ..generator };
        assert_eq!(later.since(&generator).cpu(), 0.05);
        assert_eq!(Generator::default().cpu(), 0.0);
    }
}
