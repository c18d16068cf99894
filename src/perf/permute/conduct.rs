//! Permutations as they are done: change the target, wait until it is ready, measure, and put it back however this ends.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::journal::{Entry, Journal, Left};
use super::{Cell, Matrix, wrong};
use crate::cluster::alter::{Earnest, Patch, meant, undo};
use crate::cluster::fleet::Fleet;
use crate::load::plan::{self, Plan};
use crate::names::{ClusterId, ObjectKey, Problem};
use crate::perf::{Order, begin, found, service};
use crate::results::{Provenance, Run, State, Store};

/// What happens meanwhile.
#[derive(Clone, Debug)]
pub enum News<'m> {
    /// Something about the way to an endpoint.
    Led(&'m str),
    /// The target is being changed to that configuration.
    Changing(&'m str),
    /// A run begins: its place from 1, and of how many.
    Measuring(Cell, usize, usize),
    /// What was measured cannot be kept, or something else that does not end the rest.
    Trouble(Problem),
    /// The target is as it was.
    Restored,
}

/// Where it is done.
pub struct Ground<'g> {
    /// The clusters.
    pub fleet: &'g Fleet,
    /// Where runs are kept.
    pub store: &'g Store,
    /// The folder for journals.
    pub journals: &'g Path,
    /// The name of a protected cluster as the person typed it.
    pub typed: Option<String>,
    /// How Services are reached; none: as well as it goes.
    pub via: Option<plan::Path>,
    /// What is asked, and how, beside what the file says of each run.
    pub shape: &'g (dyn Fn(Plan) -> Result<Plan, Problem> + Sync),
}

/// What it came to.
#[derive(Debug, Default)]
pub struct Measured {
    /// Every run that was done, in order.
    pub runs: Vec<(Cell, Run)>,
    /// Why it ended early, where it did.
    pub problem: Option<Problem>,
    /// Somebody stopped it.
    pub stopped: bool,
}

/// The target and what is needed to change it.
struct Subject {
    key: ObjectKey,
    journal: Journal,
    /// The patch that leads back, while it is changed.
    undo: Option<Value>,
}

/// Measures every cell. The target is put back before this returns, also after a failure or when `stop` comes.
///
/// # Errors
/// Nothing was measured or changed: the target or an endpoint is not there, or it is already being measured.
pub async fn conduct(
    matrix: &Matrix,
    ground: &Ground<'_>,
    stop: impl Future<Output = ()>,
    tell: &mut dyn FnMut(News<'_>),
) -> Result<Measured, Problem> {
    let cluster = cluster(matrix, ground)?;
    if let Some(cluster) = &cluster {
        ground.fleet.connect(cluster);
    }
    let endpoints = endpoints(matrix, ground, cluster.as_ref(), tell).await?;
    let mut subject = match (&matrix.target, &cluster) {
        (Some(target), Some(cluster)) => {
            let key = ground.fleet.find(cluster, &target.kind, target.namespace.as_deref(), &target.name).await?;
            if &*key.gvk.kind == "Secret" {
                return Err(wrong(format!("{key} would have to be written down to be put back, and what is in a Secret is written down nowhere")));
            }
            let journal = Journal::open(ground.journals, &key)?;
            if let Some(entry) = journal.left() {
                return Err(super::journal::complaint(&entry));
            }
            Some(Subject { key, journal, undo: None })
        }
        _ => None,
    };
    let mut measured = Measured::default();
    let mut stop = std::pin::pin!(stop);
    let all = rounds(matrix, ground, &endpoints, &mut subject, &mut measured, tell, stop.as_mut()).await;
    measured.problem = all.err();
    if let Some(subject) = &mut subject {
        match subject.back(ground).await {
            Ok(()) => tell(News::Restored),
            // This is what has to be known first.
            Err(problem) => measured.problem = Some(problem.hint("`meshplay perf permute --recover` tries it again")),
        }
    }
    Ok(measured)
}

fn cluster(matrix: &Matrix, ground: &Ground<'_>) -> Result<Option<ClusterId>, Problem> {
    let Some(target) = &matrix.target else { return Ok(None) };
    match &target.cluster {
        Some(name) => ground.fleet.context(&ClusterId::new(name.as_str())).map(|context| Some(context.id)),
        None => ground
            .fleet
            .current()
            .map(|context| Some(context.id))
            .ok_or_else(|| wrong("the kubeconfig names no current context: name the cluster of the target")),
    }
}

/// An order on each endpoint, whatever its load will be.
async fn endpoints(matrix: &Matrix, ground: &Ground<'_>, cluster: Option<&ClusterId>, tell: &mut dyn FnMut(News<'_>)) -> Result<Vec<Order>, Problem> {
    let mut orders = Vec::new();
    for endpoint in &matrix.endpoints {
        let (endpoint, service) = endpoint.address()?;
        let plan = Plan::gentle(endpoint.target);
        let mut order = Order {
            cluster: cluster.cloned(),
            services: service.into_iter().collect(),
            via: ground.via,
            typed: ground.typed.clone(),
            ..Order::new(plan)
        };
        service::find(&mut order, ground.fleet, cluster).await?.iter().for_each(|told| tell(News::Led(told)));
        orders.push(order);
    }
    Ok(orders)
}

async fn rounds(
    matrix: &Matrix,
    ground: &Ground<'_>,
    endpoints: &[Order],
    subject: &mut Option<Subject>,
    measured: &mut Measured,
    tell: &mut dyn FnMut(News<'_>),
    mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
) -> Result<(), Problem> {
    let cells = matrix.order();
    let mut now: Option<usize> = None;
    for (at, cell) in cells.iter().enumerate() {
        if let Some(subject) = subject.as_mut().filter(|_| now != Some(cell.configuration)) {
            let configuration = &matrix.configurations[cell.configuration];
            tell(News::Changing(&configuration.name));
            tokio::select! {
                changed = subject.change(matrix, cell.configuration, ground) => changed?,
                () = &mut stop => {
                    measured.stopped = true;
                    return Ok(());
                }
            }
            now = Some(cell.configuration);
        }
        tell(News::Measuring(*cell, at + 1, cells.len()));
        let endpoint = &endpoints[cell.endpoint];
        let plan = endpoint.led((ground.shape)(matrix.loads[cell.load].plan(endpoint.plan.target.clone())?)?);
        let provenance = Provenance { found: endpoint.provenance.found.clone(), ..provenance(matrix, *cell) };
        let mut order = Order { plan, what: Some(name(matrix, *cell)), provenance, ..endpoint.clone() };
        if let Some(subject) = &*subject {
            found::behind(&mut order, ground.fleet, &subject.key).await;
            // It counts our own changes.
            order.provenance.found.remove("revision");
        }
        let mut handle = begin(order, Some(ground.fleet), ground.fleet.gate(), ground.store).await?;
        let stopper = handle.stopper();
        let finished = tokio::select! {
            finished = handle.finished() => finished?,
            () = &mut stop => {
                stopper.stop();
                measured.stopped = true;
                handle.finished().await?
            }
        };
        finished.problems.into_iter().for_each(|problem| tell(News::Trouble(problem)));
        if measured.stopped {
            return Ok(());
        }
        if finished.run.state != State::Done {
            return Err(cut_short(&finished.run));
        }
        measured.runs.push((*cell, finished.run));
    }
    Ok(())
}

/// Nobody stopped it, and it did not come to its end: what comes after it would be held against less.
fn cut_short(run: &Run) -> Problem {
    let why = run.cut_by().map_or_else(|| "its run did not come to its end".to_owned(), |cause| format!("it was ended by {cause}"));
    Problem::new("perf.cut-short", format!("not everything was measured: {}", run.named()), why)
        .hint("what was measured until then is kept; see to that and measure again")
}

/// Runs of one cell are one series.
fn provenance(matrix: &Matrix, cell: Cell) -> Provenance {
    Provenance { profile: Some(crate::text::sanitise(&matrix.name).into_owned()), permutation: matrix.labels(cell), ..Provenance::default() }
}

/// What a run of it is called: where it stands in the matrix.
fn name(matrix: &Matrix, cell: Cell) -> String {
    let labels: Vec<String> = matrix.labels(cell).into_values().collect();
    format!("{}: {}, round {}", crate::text::sanitise(&matrix.name), labels.join(", "), cell.round + 1)
}

impl Subject {
    /// Leads to a configuration by way of the former state, and waits until it is there.
    async fn change(&mut self, matrix: &Matrix, configuration: usize, ground: &Ground<'_>) -> Result<(), Problem> {
        let Some(target) = &matrix.target else { return Ok(()) };
        self.back(ground).await?;
        let configuration = &matrix.configurations[configuration];
        if let Some(patch) = configuration.change()? {
            let typed = ground.typed.as_deref();
            let former = ground.fleet.object(&self.key).await?;
            let then = ground.fleet.patch(&self.key, &patch, Earnest::Rehearsed, typed).await?;
            if configuration.image.is_some() && containers(&then) != containers(&former) {
                return Err(wrong(format!("{} has no container of the name in `image`; it has {}", self.key, containers(&former).join(", "))));
            }
            let back = undo(&then, &former);
            let entry = Entry { matrix: matrix.name.clone(), key: self.key.clone(), undo: back.clone(), since: Timestamp::now() };
            self.journal.write(&entry)?;
            self.undo = Some(back);
            ground.fleet.patch(&self.key, &patch, Earnest::Done, typed).await?;
        }
        ground.fleet.rolled_out(&self.key, target.ready_within).await?;
        tokio::time::sleep(target.settle).await;
        Ok(())
    }

    /// Puts it back where it is changed.
    async fn back(&mut self, ground: &Ground<'_>) -> Result<(), Problem> {
        let Some(undo) = &self.undo else { return Ok(()) };
        put_back(&self.key, undo, ground.fleet, ground.typed.as_deref()).await?;
        self.undo = None;
        self.journal.clear()
    }
}

fn containers(object: &Value) -> Vec<String> {
    let all = object.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(|one| one["name"].as_str()).map(|name| crate::text::sanitise(name).into_owned()).collect()
}

async fn put_back(key: &ObjectKey, undo: &Value, fleet: &Fleet, typed: Option<&str>) -> Result<(), Problem> {
    if *undo != json!({}) {
        fleet.patch(key, &Patch::Merge(undo.clone()), Earnest::Done, typed).await?;
    }
    Ok(())
}

/// Puts back what a killed program left.
///
/// # Errors
/// The object is gone or another one, or the gate or the cluster refuses; the journal stays for another try, unless the object is gone.
pub async fn recover(left: &Left, fleet: &Fleet, typed: Option<&str>) -> Result<(), Problem> {
    let key = &left.entry.key;
    fleet.context(&key.cluster)?;
    fleet.connect(&key.cluster);
    match meant(fleet, key).await {
        Ok(now) if now.uid == key.uid => {}
        Ok(_) => {
            left.journal().clear()?;
            return Err(gone(key, "another object of that name is there now"));
        }
        Err(problem) if problem.code == "cluster.not-found" => {
            left.journal().clear()?;
            return Err(gone(key, "it has been deleted"));
        }
        Err(problem) => return Err(problem),
    }
    put_back(key, &left.entry.undo, fleet, typed).await?;
    left.journal().clear()
}

fn gone(key: &ObjectKey, why: &str) -> Problem {
    Problem::new("perf.gone", format!("{key} was not put back"), why).hint("nothing is left to be done; its journal is cleared")
}
