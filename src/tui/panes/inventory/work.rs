//! How the inventory reaches the clusters: watches, details, deletions. The only file of the pane that waits.

use tokio::sync::mpsc::Sender;
use tokio::task::{AbortHandle, JoinSet};

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::state::{Body, Tab};
use crate::cluster::alter::{Earnest, Patch};
use crate::cluster::census::Count;
use crate::cluster::connection::unix_now;
use crate::cluster::events::EventLine;
use crate::cluster::export::{Sheet, save_text};
use crate::cluster::fleet::Fleet;
use crate::cluster::gate::Action;
use crate::cluster::helm::{self, Part};
use crate::cluster::kinds::Kind;
use crate::cluster::metrics::{Meter, MeterSpec, Reading};
use crate::cluster::rows::{Column, Delta, Phase, Row};
use crate::cluster::secret::Hidden;
use crate::cluster::watch::WatchSpec;
use crate::names::{ClusterId, ObjectKey, Problem};
use crate::relations::rules::Rules;
use crate::survey::world::{Relation, World};
use crate::survey::{Survey, plan};

/// Between two deltas of one watch: shorter than a frame, long enough that a flood comes in gulps.
const BREATH: Duration = Duration::from_millis(12);

/// Between two counts of the pods of one cluster.
const COUNTED: Duration = Duration::from_millis(500);

/// What the inventory wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Watch these, and nothing else any more. Those of them that the same view watches already go on.
    Watch {
        /// Which view they belong to.
        generation: u64,
        /// One a cluster.
        specs: Vec<WatchSpec>,
    },
    /// Count the pods on each node of these clusters, and of no other any more.
    Count {
        /// Which view they belong to.
        generation: u64,
        /// Which clusters; none: nobody wants to know.
        clusters: Vec<ClusterId>,
    },
    /// Read an object closely; an earlier request is given up.
    Inspect {
        /// The request.
        job: u64,
        /// Which object.
        key: ObjectKey,
        /// What of it.
        tab: Tab,
        /// With what is usually left out.
        whole: bool,
        /// What it is compared with.
        against: Option<ObjectKey>,
    },
    /// Write a text that is read into a file.
    SaveText {
        /// What it is of.
        name: String,
        /// `yaml`.
        ending: &'static str,
        /// The text.
        text: std::sync::Arc<str>,
        /// When, unix seconds.
        now: i64,
    },
    /// Show the value behind a key of a Secret.
    Reveal {
        /// Which Secret.
        key: ObjectKey,
        /// Which key of it.
        name: String,
    },
    /// Say what an object uses and what uses it, as long as somebody looks.
    Relate {
        /// The request.
        job: u64,
        /// Which object; none: nobody looks any more.
        key: Option<ObjectKey>,
    },
    /// Hear what is said about these, and about nobody else any more.
    Listen {
        /// The request.
        job: u64,
        /// Who; nobody: no more.
        about: Vec<ObjectKey>,
    },
    /// Say which labels the pods of a workload or Service have.
    Select {
        /// The view that waits for it.
        generation: u64,
        /// Whose pods.
        key: ObjectKey,
    },
    /// Say who owns an object.
    Owner {
        /// The view it was asked in.
        generation: u64,
        /// Whose owner.
        key: ObjectKey,
    },
    /// Write a table to files.
    Save {
        /// What it shows, `pods-shop`.
        name: String,
        /// Its columns.
        columns: std::sync::Arc<[Column]>,
        /// Its rows, in order.
        rows: Vec<Row>,
        /// When, unix seconds.
        now: i64,
    },
    /// Delete the very object that was meant.
    Delete {
        /// Which.
        key: ObjectKey,
    },
    /// Set an annotation of the very object that was meant, or take it away.
    Annotate {
        /// Which object.
        key: ObjectKey,
        /// The annotation's name.
        name: String,
        /// Its value; none: it is taken away.
        value: Option<String>,
        /// The name of the cluster as the person typed it, where it is protected.
        typed: Option<String>,
    },
    /// Say what a cluster serves, once it is connected.
    Kinds {
        /// Which cluster.
        cluster: ClusterId,
    },
}

/// What happened outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// Rows came, changed or went.
    Rows {
        /// Which view they belong to.
        generation: u64,
        /// Whose they are.
        cluster: ClusterId,
        /// What changed.
        delta: Delta,
    },
    /// All that an object uses and is used by, as far as it is known.
    Related {
        /// The request.
        job: u64,
        /// What is wrong first.
        lines: Vec<Relation>,
        /// Kinds that cannot be looked at, and why.
        unknown: Vec<(String, String)>,
        /// Everything that could be asked has answered.
        complete: bool,
    },
    /// Uses were read, or could not be.
    Measured {
        /// Which view they belong to.
        generation: u64,
        /// Whose they are.
        cluster: ClusterId,
        /// What is known.
        reading: Reading,
    },
    /// The pods on each node were counted.
    Counted {
        /// Which view they belong to.
        generation: u64,
        /// Whose they are.
        cluster: ClusterId,
        /// By the name of the node.
        pods: Count,
    },
    /// How an object selects its pods was read, or could not be.
    Selected {
        /// The view that waits for it.
        generation: u64,
        /// A label selector.
        labels: Result<String, Problem>,
    },
    /// The owner of an object was read, or could not be.
    Owner {
        /// The view it was asked in.
        generation: u64,
        /// Who it is.
        owner: Result<ObjectKey, Problem>,
    },
    /// An object was read, or could not be.
    Inspected {
        /// The request.
        job: u64,
        /// What was read.
        body: Body,
    },
    /// A value of a Secret, which no recording holds.
    Revealed {
        /// Which Secret.
        key: ObjectKey,
        /// Which key of it.
        name: String,
        /// The value, or why not.
        value: Result<Hidden, Problem>,
    },
    /// All that was said, and how far the watch is.
    Heard {
        /// The request.
        job: u64,
        /// The newest first.
        lines: Vec<EventLine>,
        /// How far.
        phase: Phase,
    },
    /// What a cluster serves.
    Kinds {
        /// Plurals, singulars and short names, each with the plural.
        words: Vec<(String, String)>,
        /// Plurals of the kinds that live in no namespace.
        #[serde(default)]
        scoped: Vec<String>,
    },
    /// A table was written to files, or was not; what to say.
    Saved(Result<String, Problem>),
    /// An annotation was written, or was not.
    Annotated {
        /// Of which object.
        key: ObjectKey,
        /// Its name.
        name: String,
        /// Why not.
        problem: Option<Problem>,
    },
    /// An object was deleted, or was not.
    Deleted {
        /// Which.
        key: ObjectKey,
        /// Why not.
        problem: Option<Problem>,
    },
}

/// Tasks under way for the pane. Dropping it ends them.
pub struct Work<F> {
    fleet: Fleet,
    reports: Sender<F>,
    /// Where tables are written to.
    tables: PathBuf,
    wrap: fn(Report) -> F,
    /// The view that is watched, and the tasks of each of its parts.
    view: u64,
    watches: HashMap<WatchSpec, JoinSet<()>>,
    counting: JoinSet<()>,
    inspecting: Option<AbortHandle>,
    relating: JoinSet<()>,
    rules: Arc<Rules>,
    listening: JoinSet<()>,
}

impl<F: Send + 'static> Work<F> {
    /// `wrap` turns this pane's reports into the house's.
    pub fn new(fleet: Fleet, reports: Sender<F>, tables: PathBuf, wrap: fn(Report) -> F) -> Self {
        Self {
            fleet,
            reports,
            tables,
            wrap,
            view: 0,
            watches: HashMap::new(),
            counting: JoinSet::new(),
            inspecting: None,
            listening: JoinSet::new(),
            relating: JoinSet::new(),
            rules: Arc::new(Rules::embedded()),
        }
    }

    /// Begins what is wanted; answers at once.
    pub fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Watch { generation, specs } => self.watch(generation, specs),
            Effect::Count { generation, clusters } => self.count(generation, clusters),
            Effect::Relate { job, key } => self.relate(job, key),
            Effect::Inspect { job, key, tab, whole, against } => self.inspect(job, key, tab, whole, against),
            Effect::SaveText { name, ending, text, now } => {
                let folder = self.tables.with_file_name("manifests");
                self.ask(move |_| async move {
                    let written = tokio::task::spawn_blocking(move || save_text(&folder, &name, ending, &text, now)).await;
                    Report::Saved(written.unwrap_or_else(|ended| Err(Problem::new("text.unwritten", "it was not saved", ended.to_string()))))
                });
            }
            Effect::Reveal { key, name } => self.ask(move |fleet| async move {
                let value = fleet.reveal(&key, &name).await;
                Report::Revealed { key, name, value }
            }),
            Effect::Listen { job, about } => self.listen(job, &about),
            Effect::Select { generation, key } => {
                self.ask(move |fleet| async move { Report::Selected { generation, labels: fleet.selector(&key).await } });
            }
            Effect::Owner { generation, key } => self.ask(move |fleet| async move { Report::Owner { generation, owner: fleet.owner(&key).await } }),
            Effect::Save { name, columns, rows, now } => self.save(name, columns, rows, now),
            Effect::Delete { key } => self.delete(key),
            Effect::Annotate { key, name, value, typed } => self.annotate(key, name, value, typed),
            Effect::Kinds { cluster } => self.kinds(cluster),
        }
    }

    fn watch(&mut self, generation: u64, specs: Vec<WatchSpec>) {
        if std::mem::replace(&mut self.view, generation) != generation {
            // Who looked before still does: what is measured already need not be asked for again.
            let meters: Vec<Meter> = specs.iter().filter_map(MeterSpec::of).map(|spec| self.fleet.meter(&spec)).collect();
            self.watches.clear();
            specs.into_iter().for_each(|spec| self.begin(generation, spec));
            drop(meters);
            return;
        }
        self.watches.retain(|spec, _| specs.contains(spec));
        let new: Vec<WatchSpec> = specs.into_iter().filter(|spec| !self.watches.contains_key(spec)).collect();
        new.into_iter().for_each(|spec| self.begin(generation, spec));
    }

    /// Watches one part of a view, and measures it.
    fn begin(&mut self, generation: u64, spec: WatchSpec) {
        let mut tasks = JoinSet::new();
        if let Some(meter) = MeterSpec::of(&spec) {
            self.measure(&mut tasks, generation, spec.cluster.clone(), self.fleet.meter(&meter));
        }
        let (cluster, mut subscription) = (spec.cluster.clone(), self.fleet.watch(spec.clone()));
        let (reports, wrap) = (self.reports.clone(), self.wrap);
        tasks.spawn(async move {
            while let Some(delta) = subscription.next().await {
                if reports.send(wrap(Report::Rows { generation, cluster: cluster.clone(), delta })).await.is_err() {
                    return;
                }
                // Meanwhile changes gather in the subscription, one an object.
                tokio::time::sleep(BREATH).await;
            }
        });
        self.watches.insert(spec, tasks);
    }

    fn measure(&self, tasks: &mut JoinSet<()>, generation: u64, cluster: ClusterId, mut meter: Meter) {
        let (reports, wrap) = (self.reports.clone(), self.wrap);
        tasks.spawn(async move {
            while let Some(reading) = meter.next().await {
                if reports.send(wrap(Report::Measured { generation, cluster: cluster.clone(), reading })).await.is_err() {
                    return;
                }
            }
        });
    }

    fn count(&mut self, generation: u64, clusters: Vec<ClusterId>) {
        self.counting = JoinSet::new();
        for cluster in clusters {
            let (mut census, reports, wrap) = (self.fleet.census(&cluster), self.reports.clone(), self.wrap);
            self.counting.spawn(async move {
                while let Some(told) = census.next().await {
                    // Why pods are not told is told where pods are.
                    let Ok(pods) = told else { continue };
                    if reports.send(wrap(Report::Counted { generation, cluster: cluster.clone(), pods })).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(COUNTED).await;
                }
            });
        }
    }

    fn inspect(&mut self, job: u64, key: ObjectKey, tab: Tab, whole: bool, against: Option<ObjectKey>) {
        if let Some(earlier) = self.inspecting.take() {
            earlier.abort();
        }
        let (fleet, reports, wrap) = (self.fleet.clone(), self.reports.clone(), self.wrap);
        let task = tokio::spawn(async move {
            let read = match tab {
                Tab::Summary => fleet.describe(&key).await.map(Body::Summary),
                Tab::Yaml if helm::is(&key.gvk) => fleet.release_text(&key, Part::Manifest).await.map(|text| Body::Yaml(text.into())),
                Tab::Values => {
                    let part = if whole { Part::AllValues } else { Part::Values };
                    fleet.release_text(&key, part).await.map(|text| Body::Yaml(text.into()))
                }
                Tab::Yaml => fleet.yaml(&key, whole).await.map(|text| Body::Yaml(text.into())),
                Tab::Keys => fleet.secret_keys(&key).await.map(Body::Keys),
                Tab::Difference => match &against {
                    Some(against) => fleet.difference(&key, against, whole).await.map(|text| Body::Difference(text.into())),
                    None => Ok(Body::Waiting),
                },
                Tab::Events => Ok(Body::Events),
                Tab::Uses => Ok(Body::Uses),
            };
            _ = reports.send(wrap(Report::Inspected { job, body: read.unwrap_or_else(Body::Failed) })).await;
        });
        self.inspecting = Some(task.abort_handle());
    }

    fn relate(&mut self, job: u64, key: Option<ObjectKey>) {
        self.relating = JoinSet::new();
        let Some(key) = key else { return };
        let (fleet, reports, wrap, rules) = (self.fleet.clone(), self.reports.clone(), self.wrap, self.rules.clone());
        self.relating.spawn(async move {
            let parts = match plan::around(&fleet, &rules, &key).await {
                Ok(parts) => parts,
                Err(problem) => {
                    _ = reports.send(wrap(Report::Inspected { job, body: Body::Failed(problem) })).await;
                    return;
                }
            };
            let (mut survey, mut world, asked) = (Survey::begin(&fleet, &rules, parts.clone()), World::new(rules.clone()), parts.len());
            while let Some(news) = survey.next().await {
                world.apply(news);
                let lines = world.find(&key).map(|at| world.relations(at)).unwrap_or_default();
                let unknown = world.unknown().map(|(kind, problem)| (kind.kind.to_string(), problem.why.clone())).collect();
                let answered = world.phases().iter().filter(|(_, phase)| !matches!(phase, Phase::Syncing { .. })).count();
                if reports.send(wrap(Report::Related { job, lines, unknown, complete: answered == asked })).await.is_err() {
                    return;
                }
            }
        });
    }

    fn listen(&mut self, job: u64, about: &[ObjectKey]) {
        self.listening = JoinSet::new();
        if about.is_empty() {
            return;
        }
        let (mut events, reports, wrap) = (self.fleet.events(about), self.reports.clone(), self.wrap);
        self.listening.spawn(async move {
            loop {
                let (lines, phase) = events.next().await;
                if reports.send(wrap(Report::Heard { job, lines, phase })).await.is_err() {
                    return;
                }
                tokio::time::sleep(BREATH).await;
            }
        });
    }

    /// One question, one report.
    fn ask<A: Future<Output = Report> + Send + 'static>(&self, question: impl FnOnce(Fleet) -> A) {
        let (answer, reports, wrap) = (question(self.fleet.clone()), self.reports.clone(), self.wrap);
        tokio::spawn(async move { _ = reports.send(wrap(answer.await)).await });
    }

    fn save(&self, name: String, columns: std::sync::Arc<[Column]>, rows: Vec<Row>, now: i64) {
        let folder = self.tables.clone();
        self.ask(move |_| async move {
            let written = tokio::task::spawn_blocking(move || Sheet { columns: &columns, rows: &rows, now }.save(&folder, &name)).await;
            let ended = |error: tokio::task::JoinError| Err(Problem::new("table.unwritten", "the table was not written", error.to_string()));
            Report::Saved(written.unwrap_or_else(ended))
        });
    }

    fn delete(&self, key: ObjectKey) {
        let (fleet, reports, wrap) = (self.fleet.clone(), self.reports.clone(), self.wrap);
        tokio::spawn(async move {
            let outcome = fleet.delete(&key).await;
            let (gate, action, said) = (fleet.gate().clone(), Action::delete(&key), if outcome.is_ok() { "done" } else { "failed" });
            let written = tokio::task::spawn_blocking(move || gate.record(&action, said, unix_now())).await.unwrap_or_else(|ended| Err(ended.into()));
            let problem = outcome.err().or_else(|| written.err().map(unwritten));
            _ = reports.send(wrap(Report::Deleted { key, problem })).await;
        });
    }

    fn annotate(&self, key: ObjectKey, name: String, value: Option<String>, typed: Option<String>) {
        let (fleet, reports, wrap) = (self.fleet.clone(), self.reports.clone(), self.wrap);
        tokio::spawn(async move {
            let patch = Patch::Merge(serde_json::json!({"metadata": {"annotations": {name.clone(): value}}}));
            let problem = fleet.patch(&key, &patch, Earnest::Done, typed.as_deref()).await.err();
            _ = reports.send(wrap(Report::Annotated { key, name, problem })).await;
        });
    }

    fn kinds(&self, cluster: ClusterId) {
        let (fleet, reports, wrap) = (self.fleet.clone(), self.reports.clone(), self.wrap);
        tokio::spawn(async move {
            // A cluster that cannot say leaves the completion shorter; its health says why.
            let Ok(kinds) = fleet.kinds(&cluster).await else { return };
            let names = |kind: &Kind| -> Vec<(String, String)> {
                let all = [&kind.plural, &kind.singular].into_iter().chain(&kind.short);
                all.filter(|word| !word.is_empty()).map(|word| (word.clone(), kind.plural.clone())).collect()
            };
            // The first that serves a word wins, as it does with kubectl.
            let mut words: Vec<(String, String)> = kinds.iter().flat_map(names).collect();
            words.reverse();
            let scoped = kinds.iter().filter(|kind| !kind.namespaced).map(|kind| kind.plural.clone()).collect();
            _ = reports.send(wrap(Report::Kinds { words, scoped })).await;
        });
    }
}

fn unwritten(error: std::io::Error) -> Problem {
    Problem::new("gate.audit", "it was done, but not written down", error.to_string()).hint("see that the data folder can be written")
}
