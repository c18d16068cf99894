//! One run from target to folder: pass the gate, load, sample, store. The one place where load and results meet; nothing is drawn or printed here.

pub mod abort;
pub mod apart;
mod begun;
mod conduct;
pub mod forward;
pub mod found;
pub mod limit;
pub mod past;
pub mod permute;
pub mod profile;
pub mod schedule;
pub mod search;
pub mod service;
pub mod verdict;
mod via;
mod ways;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::abort::Rule;
use self::begun::Begun;
use self::conduct::Job;
use self::forward::Forwarded;
use self::service::Service;
use crate::cluster::fleet::Fleet;
use crate::cluster::gate::{Action, Gate, Verdict};
use crate::load::engine::Sample;
use crate::load::plan::{Path, Plan};
use crate::names::{ClusterId, Problem};
use crate::results::store::new_id;
use crate::results::{Environment, Provenance, Run, Store, Subject};
use crate::text::age::nanoseconds;

/// A run that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What to do.
    pub plan: Plan,
    /// What the address belongs to, `service shop/web`, where that is known.
    pub what: Option<String>,
    /// The cluster it belongs to, where it belongs to one.
    pub cluster: Option<ClusterId>,
    /// The name of the cluster as the person typed it, where the gate asked for it.
    pub typed: Option<String>,
    /// When it ends by itself before its time.
    #[serde(default)]
    pub aborts: Vec<Rule>,
    /// What the run belongs to: profile, permutation, labels. Where it is measured is filled in.
    #[serde(default)]
    pub provenance: Provenance,
    /// Services whose addresses are still to be found; nothing is loaded before.
    #[serde(default)]
    pub services: Vec<Service>,
    /// How they are to be reached; none: as well as it goes.
    #[serde(default)]
    pub via: Option<Path>,
    /// The port that is forwarded for it alone, where it goes through one.
    #[serde(default)]
    pub forward: Option<Forwarded>,
    /// What is to be done after it by the same process, one after the other, as long as each ends as planned.
    #[serde(default)]
    pub then: Vec<Order>,
}

/// An order that has passed the gate and has a name.
#[derive(Debug)]
pub struct Prepared {
    order: Order,
    run: Run,
    begun: Begun,
    environment: Environment,
}

/// A run under way. Dropping it stops a run of this process; one in a process of its own goes on.
#[derive(Debug)]
pub struct Handle {
    run: Run,
    samples: watch::Receiver<Arc<Sample>>,
    finished: oneshot::Receiver<Result<Finished, Problem>>,
    stop: CancellationToken,
    _guard: Option<DropGuard>,
    /// Where others speak to it, if that is in this process: gone before whoever waits for its end goes on.
    place: Option<apart::Guard>,
}

/// Stops a run from elsewhere.
#[derive(Clone, Debug)]
pub struct Stopper(CancellationToken);

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What was measured.
    pub run: Run,
    /// What could not be kept of it.
    pub problems: Vec<Problem>,
}

impl Order {
    /// A run on a bare address.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            what: None,
            cluster: None,
            typed: None,
            aborts: Vec::new(),
            provenance: Provenance::default(),
            services: Vec::new(),
            via: None,
            forward: None,
            then: Vec::new(),
        }
    }

    /// What to ask the gate for, before the person is asked.
    pub fn action(&self) -> Action {
        Action { verb: "load", cluster: self.cluster.clone(), target: self.plan.target.url().to_owned() }
    }

    /// What it loads lives in this very process, or what one that follows it does, and ends with it.
    pub fn is_embedded(&self, fleet: &Fleet) -> bool {
        self.cluster.as_ref().is_some_and(|cluster| fleet.is_embedded(cluster)) || self.then.iter().any(|next| next.is_embedded(fleet))
    }

    /// A plan of another load that goes the same way.
    fn led(&self, plan: Plan) -> Plan {
        let path = if self.plan.path == Path::Direct { plan.path } else { self.plan.path };
        Plan { path, connect_to: plan.connect_to.or_else(|| self.plan.connect_to.clone()), ..plan }
    }

    fn subject(&self) -> Subject {
        Subject {
            url: self.plan.target.url().to_owned(),
            what: self.what.clone(),
            cluster: self.cluster.as_ref().map(|cluster| cluster.as_str().to_owned()),
        }
    }
}

/// Checks an order and gives its run a name; nothing is loaded yet.
///
/// # Errors
/// The gate refuses, or the plan is out of bounds.
pub fn prepare(mut order: Order, gate: &Gate, store: &Store) -> Result<Prepared, Problem> {
    check(&order, gate)?;
    order.forward.as_ref().map_or(Ok(()), Forwarded::check)?;
    order.plan.path = via::of(&order.plan);
    let begun = Begun::now(|from, until| store.newest_between(from, until));
    let mut run = Run::begin(new_id(&order.subject(), begun.at), order.subject(), &order.plan, begun.at);
    run.put_off_ns = nanoseconds(begun.put_off);
    let environment = Environment::here(run.target.cluster.as_deref());
    let ends = order.aborts.iter().map(ToString::to_string).collect();
    run.provenance = Provenance { environment: Some(environment.id.clone()), ends, ..order.provenance.clone() };
    Ok(Prepared { order, run, begun, environment })
}

/// Opens what a run goes through, and starts it.
///
/// # Errors
/// As [`forward::open`] and [`start`].
pub async fn begin(mut order: Order, fleet: Option<&Fleet>, gate: &Gate, store: &Store) -> Result<Handle, Problem> {
    forward::open(&mut order, fleet, gate).await?;
    start(order, gate, store)
}

/// Starts a run on threads of its own and answers at once; an address that is not found is told by [`Handle::finished`].
///
/// # Errors
/// The gate refuses, the plan is out of bounds, or no thread can be started.
pub fn start(order: Order, gate: &Gate, store: &Store) -> Result<Handle, Problem> {
    prepare(order, gate, store)?.start(gate, store)
}

impl Prepared {
    /// The run as it will begin.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Begins it.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(self, gate: &Gate, store: &Store) -> Result<Handle, Problem> {
        let Self { order, run, begun, environment } = self;
        let stop = CancellationToken::new();
        let (sender, samples) = watch::channel(Arc::<Sample>::default());
        let (done, finished) = oneshot::channel();
        let handle = Handle { run: run.clone(), samples, finished, stop: stop.clone(), _guard: Some(stop.clone().drop_guard()), place: None };
        let job = Job::new(order, begun, environment, gate.clone(), store.clone(), stop, sender);
        let body = move || _ = done.send(job.conduct(run));
        std::thread::Builder::new()
            .name("perf".into())
            .spawn(body)
            .map_err(|error| Problem::new("perf.thread", "the load test cannot be started", error.to_string()))?;
        Ok(handle)
    }
}

/// Every run that is kept, newest first, and what is wrong with the others.
pub fn list(store: &Store) -> (Vec<Run>, Vec<Problem>) {
    store.list()
}

/// Whether an order could be done, before anything is opened for it.
fn check(order: &Order, gate: &Gate) -> Result<(), Problem> {
    order.services.first().map_or(Ok(()), |service| Err(service.unknown()))?;
    order.plan.check()?;
    allowed(order, gate)
}

fn allowed(order: &Order, gate: &Gate) -> Result<(), Problem> {
    let others = order.plan.also.iter().map(|endpoint| endpoint.target.url().to_owned());
    // What is connected to is what is loaded, whatever it is asked for; a port of our own leads to what is asked for.
    let instead = order.plan.connect_to.iter().filter(|_| order.forward.is_none()).map(|place| format!("tcp://{place}"));
    for target in others.chain(instead) {
        if let Verdict::Refused(problem) = gate.check(&Action { target, ..order.action() }) {
            return Err(problem);
        }
    }
    match gate.check(&order.action()) {
        Verdict::Allowed => Ok(()),
        Verdict::TypeName(name) if order.typed.as_ref() == Some(&name) => Ok(()),
        Verdict::TypeName(name) => {
            Err(Problem::new("gate.name", format!("{} was not loaded", order.plan.target.url()), format!("{name} is protected"))
                .hint("type the name of the cluster to go on"))
        }
        Verdict::Refused(problem) => Err(problem),
    }
}

impl Handle {
    /// The run as it began; its id is the name its result is kept under.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The newest sample, about ten times a second; the last one says how it ended.
    pub fn samples(&self) -> watch::Receiver<Arc<Sample>> {
        self.samples.clone()
    }

    /// Ends it at once; [`Handle::finished`] follows within 200 ms.
    pub fn stop(&self) {
        self.stopper().stop();
    }

    /// Something small that can stop it while another waits for its end.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Its end. Waiting again after an answer is an error.
    ///
    /// # Errors
    /// It could not begin: the address has none, or no thread can be started.
    pub async fn finished(&mut self) -> Result<Finished, Problem> {
        let lost = |_| Err(Problem::new("perf.lost", "the load test has no result", "its thread has ended"));
        (&mut self.finished).await.unwrap_or_else(lost)
    }
}

impl Stopper {
    /// Ends the run.
    pub fn stop(&self) {
        self.0.cancel();
    }
}
