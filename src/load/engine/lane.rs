//! One request at a time: a connection, or a stream of one, that takes what it is to send from its loop and records what came of it.

use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::dispatch::Slot;
use super::nanoseconds;
use super::shard::Shard;
use crate::load::record::Class;
use crate::load::wire::{Answer, Fault, Line};

/// A target that refuses must not be hammered: so long is waited after the first failure, and twice as long after each further one.
const FIRST: Duration = Duration::from_millis(10);
/// At most so long.
const LONGEST: Duration = Duration::from_millis(500);
/// How long connections may take before an open loop begins without them.
const TRY: Duration = Duration::from_secs(1);

/// One lane.
pub(super) struct Lane {
    shard: Rc<Shard>,
    group: Rc<Group>,
    index: usize,
    /// Of each endpoint.
    held: Vec<Option<Held>>,
}

/// Lanes that share connections: of each endpoint, the lines that nobody has taken.
pub(super) struct Group(Vec<Mutex<Vec<Held>>>);

struct Held {
    line: Line,
    peer: SocketAddr,
    served: u64,
    /// After so many it is closed.
    most: u64,
    _open: Rc<Open>,
}

/// A connection that is counted as long as one of its lines lives.
struct Open(Rc<Shard>);

/// A request failed; whether its line had answered before.
struct Failed {
    answered: bool,
}

impl Group {
    pub(super) fn new(endpoints: usize) -> Self {
        Self((0..endpoints).map(|_| Mutex::default()).collect())
    }
}

impl Open {
    fn new(shard: Rc<Shard>) -> Rc<Self> {
        shard.connections.set(shard.connections.get() + 1);
        Rc::new(Self(shard))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.set(self.0.connections.get().saturating_sub(1));
    }
}

impl Lane {
    pub(super) fn new(shard: Rc<Shard>, group: Rc<Group>, index: usize) -> Self {
        let held = shard.shared.endpoints.iter().map(|_| None).collect();
        Self { shard, group, index, held }
    }

    /// A closed loop: the next request when the last is answered.
    pub(super) async fn closed(mut self) {
        self.shard.turn_to_open(self.index).await;
        let mut wait = FIRST;
        while self.shard.permit() {
            let endpoint = self.shard.turn();
            let outcome = self.serve(endpoint, None).await;
            pause(&outcome, &mut wait).await;
        }
    }

    /// An open loop: the next request when its slot has come.
    pub(super) async fn open(mut self) {
        // What does not answer now is told when something was to be sent to it.
        _ = timeout(TRY, Box::pin(self.line(0))).await;
        self.shard.has_tried();
        let mut wait = FIRST;
        let shard = self.shard.clone();
        loop {
            let slot = shard.dispatch.next(self.index).await;
            let turns = &shard.shared.turns;
            let endpoint = turns[usize::try_from(slot.number % turns.len() as u64).unwrap_or(0)];
            let outcome = self.serve(endpoint, Some(slot)).await;
            pause(&outcome, &mut wait).await;
        }
    }

    /// One request, from here to its record.
    async fn serve(&mut self, endpoint: usize, slot: Option<Slot>) -> Result<(), Failed> {
        let mut begun = Instant::now();
        let warm = slot.map_or_else(|| self.shard.is_warm(begun), |slot| slot.warm);
        if let Some(slot) = slot {
            self.shard.note(warm, |record| record.sent(nanoseconds(begun.saturating_duration_since(slot.at))));
        }
        if self.held[endpoint].is_none() {
            if let Err(fault) = Box::pin(self.line(endpoint)).await {
                self.fail(endpoint, warm, &fault);
                return Err(Failed { answered: false });
            }
            begun = Instant::now();
        }
        let Some(held) = &mut self.held[endpoint] else { return Err(Failed { answered: false }) };
        let in_flight = &self.shard.in_flight;
        in_flight.set(in_flight.get() + 1);
        let outcome = self.shard.deadlines[self.index].limit(begun, pin!(held.line.exchange())).await;
        in_flight.set(in_flight.get() - 1);
        let fault = match outcome {
            Some(Ok(answer)) => {
                held.served += 1;
                let (peer, over) = (held.peer, !answer.alive || held.served >= held.most);
                if over {
                    self.held[endpoint] = None;
                }
                self.record(endpoint, warm, peer, &answer, begun, slot);
                return Ok(());
            }
            Some(Err(fault)) => fault,
            None => Fault { alive: held.line.outlives_timeouts(), ..Class::Timeout.into() },
        };
        let answered = held.served > 0;
        if !fault.alive {
            self.held[endpoint] = None;
        }
        self.fail(endpoint, warm, &fault);
        Err(Failed { answered })
    }

    fn record(&self, endpoint: usize, warm: bool, peer: SocketAddr, answer: &Answer, begun: Instant, slot: Option<Slot>) {
        let ended = Instant::now();
        let service = nanoseconds(ended.duration_since(begun));
        let response = slot.map_or(service, |slot| nanoseconds(ended.saturating_duration_since(slot.at)));
        self.shard.note(warm, |record| {
            match slot {
                Some(_) => record.answer_planned(response, service, answer.bytes),
                None => record.answer(service, answer.bytes),
            }
            answer.status.into_iter().for_each(|status| record.status(status));
            record.peer(peer);
            answer.class.into_iter().for_each(|class| record.error(class));
            if self.held.len() > 1 {
                record.endpoint(endpoint, Some(response), answer.class.is_some());
            }
        });
    }

    fn fail(&self, endpoint: usize, warm: bool, fault: &Fault) {
        self.shard.note(warm, |record| {
            record.fault(fault.class, fault.reason.as_deref());
            if self.held.len() > 1 {
                record.endpoint(endpoint, None, true);
            }
        });
    }

    /// Takes a line to an endpoint, or opens a connection.
    async fn line(&mut self, endpoint: usize) -> Result<(), Fault> {
        let mut lines = self.group.0[endpoint].lock().await;
        if lines.is_empty() {
            let (shard, peer) = (&self.shard, self.shard.address(endpoint));
            let opened = shard.shared.endpoints[endpoint].wire.open(peer).await?;
            let open = Open::new(shard.clone());
            lines.extend(opened.into_iter().map(|line| Held { line, peer, served: 0, most: self.most(), _open: open.clone() }));
        }
        self.held[endpoint] = lines.pop();
        Ok(())
    }

    /// How many requests a new line serves.
    fn most(&self) -> u64 {
        let plan = &self.shard.shared.plan;
        match plan.reuse {
            _ if !plan.keep_alive => 1,
            Some((least, most)) => least + self.shard.random.borrow_mut().bits() % (most - least).saturating_add(1),
            None => u64::MAX,
        }
    }
}

/// After a failure on a line that had not answered anything, some time for the target.
async fn pause(outcome: &Result<(), Failed>, wait: &mut Duration) {
    if let Err(Failed { answered: false }) = outcome {
        tokio::time::sleep(*wait).await;
        *wait = (*wait * 2).min(LONGEST);
    } else {
        *wait = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size<F: Future>(_: impl FnOnce(&'static mut Lane, usize, Option<Slot>) -> F) -> usize {
        size_of::<F>()
    }

    /// Ten thousand of them are held, and the state of a request that is not pinned is moved: a buffer inside once took a tenth of the processor's time.
    #[test]
    fn a_request_is_small_while_it_is_on_its_way() {
        assert!(size(Lane::serve) <= 2_048, "{} B", size(Lane::serve));
    }
}
