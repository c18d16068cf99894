//! How the pulse reaches the clusters: one watch a kind, of which only counts are kept. The only file of the pane that waits.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use super::state::{EVENTS, KINDS, MINUTES, NODES, PODS, Tally};
use crate::cluster::fleet::Fleet;
use crate::cluster::metrics::{MeterSpec, Reading, Resource, Subject};
use crate::cluster::rows::{Cell, Delta, Row, RowState, Uid};
use crate::cluster::watch::WatchSpec;
use crate::names::ClusterId;

/// Between two counts of one kind: a person reads no faster.
const BREATH: Duration = Duration::from_millis(250);

/// What the pulse wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Count everything in these clusters, and nothing else any more.
    Look {
        /// Which look it belongs to.
        generation: u64,
        /// Where; nowhere ends it.
        clusters: Vec<ClusterId>,
    },
}

/// What happened outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// A kind was counted.
    Counted {
        /// The look it belongs to.
        generation: u64,
        /// Where.
        cluster: ClusterId,
        /// Which kind.
        kind: String,
        /// How many, and how they do.
        tally: Tally,
    },
    /// What nodes use was read, or could not be.
    Measured {
        /// The look it belongs to.
        generation: u64,
        /// Where.
        cluster: ClusterId,
        /// What is known.
        reading: Reading,
    },
}

/// Tasks under way for the pane. Dropping it ends them.
pub struct Work<F> {
    fleet: Fleet,
    reports: Sender<F>,
    wrap: fn(Report) -> F,
    looks: JoinSet<()>,
}

impl<F: Send + 'static> Work<F> {
    /// `wrap` turns this pane's reports into the house's.
    pub fn new(fleet: Fleet, reports: Sender<F>, wrap: fn(Report) -> F) -> Self {
        Self { fleet, reports, wrap, looks: JoinSet::new() }
    }

    /// Begins what is wanted; answers at once.
    pub fn run(&mut self, effect: Effect) {
        let Effect::Look { generation, clusters } = effect;
        self.looks.abort_all();
        self.looks = JoinSet::new();
        for cluster in clusters {
            let looker = Looker { generation, cluster, fleet: self.fleet.clone(), reports: self.reports.clone(), wrap: self.wrap };
            for kind in KINDS {
                self.looks.spawn(looker.clone().count(kind));
            }
            self.looks.spawn(looker.measure());
        }
    }
}

/// Looks at one cluster.
struct Looker<F> {
    generation: u64,
    cluster: ClusterId,
    fleet: Fleet,
    reports: Sender<F>,
    wrap: fn(Report) -> F,
}

impl<F> Clone for Looker<F> {
    fn clone(&self) -> Self {
        let Self { generation, cluster, fleet, reports, wrap } = self;
        Self { generation: *generation, cluster: cluster.clone(), fleet: fleet.clone(), reports: reports.clone(), wrap: *wrap }
    }
}

impl<F: Send + 'static> Looker<F> {
    async fn count(self, kind: &'static str) {
        // A cluster that does not answer says so in line 1, and is asked again when it does.
        while let Err(problem) = self.serves(kind).await {
            if problem {
                return;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let fields = if kind == EVENTS { "type=Warning".to_owned() } else { String::new() };
        let spec = WatchSpec {
            cluster: self.cluster.clone(),
            view: kind.into(),
            namespaces: Vec::new(),
            labels: String::new(),
            fields,
            columns: Vec::new(),
            exact: false,
        };
        let (mut subscription, mut counter) = (self.fleet.watch(spec), Counter::new(kind));
        while let Some(delta) = subscription.next().await {
            counter.take(delta);
            let report = Report::Counted { generation: self.generation, cluster: self.cluster.clone(), kind: kind.into(), tally: counter.tally() };
            if self.reports.send((self.wrap)(report)).await.is_err() {
                return;
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Whether a kind is served; true as an error: it is not.
    async fn serves(&self, kind: &str) -> Result<(), bool> {
        let kinds = self.fleet.kinds(&self.cluster).await.map_err(|_| false)?;
        kinds.find(kind).map(|_| ()).ok_or(true)
    }

    async fn measure(self) {
        let spec = MeterSpec { cluster: self.cluster.clone(), subject: Subject::Nodes, namespaces: Vec::new() };
        let mut meter = self.fleet.meter(&spec);
        while let Some(reading) = meter.next().await {
            let report = Report::Measured { generation: self.generation, cluster: self.cluster.clone(), reading };
            if self.reports.send((self.wrap)(report)).await.is_err() {
                return;
            }
        }
    }
}

/// What is kept of one object.
#[derive(Clone, Copy, Default)]
struct Kept {
    state: RowState,
    whole: (u64, u64),
    /// The minute in which a warning was seen last.
    minute: i64,
}

/// Counts the objects of one kind out of the changes of its watch.
struct Counter {
    kind: &'static str,
    objects: HashMap<Uid, Kept>,
    tally: Tally,
    minutes: BTreeMap<i64, u32>,
}

impl Counter {
    fn new(kind: &'static str) -> Self {
        Self { kind, objects: HashMap::new(), tally: Tally::default(), minutes: BTreeMap::new() }
    }

    fn take(&mut self, delta: Delta) {
        if delta.reset {
            let all: Vec<Uid> = self.objects.keys().copied().collect();
            all.iter().for_each(|uid| self.remove(*uid));
        }
        delta.removed.iter().for_each(|uid| self.remove(*uid));
        for row in &delta.upserts {
            self.remove(row.uid);
            self.add(row);
        }
        self.tally.phase = delta.phase.or(self.tally.phase.take());
    }

    fn add(&mut self, row: &Row) {
        let kept = Kept { state: if self.kind == EVENTS { RowState::Warn } else { row.state }, whole: self.whole(row), minute: self.minute(row) };
        self.sum(kept, true);
        self.objects.insert(row.uid, kept);
    }

    fn remove(&mut self, uid: Uid) {
        if let Some(kept) = self.objects.remove(&uid) {
            self.sum(kept, false);
        }
    }

    fn sum(&mut self, kept: Kept, add: bool) {
        let step = |sum: u64, one: u64| if add { sum.saturating_add(one) } else { sum.saturating_sub(one) };
        if let Some(count) = self.tally.states.get_mut(kept.state as usize) {
            *count = if add { *count + 1 } else { count.saturating_sub(1) };
        }
        self.tally.whole = (step(self.tally.whole.0, kept.whole.0), step(self.tally.whole.1, kept.whole.1));
        if kept.minute > 0 {
            let count = self.minutes.entry(kept.minute).or_default();
            *count = if add { *count + 1 } else { count.saturating_sub(1) };
        }
    }

    /// What a pod asks for, or a node can give. Finished pods ask for nothing any more.
    fn whole(&self, row: &Row) -> (u64, u64) {
        let gauges = row.cells.iter().filter_map(|cell| if let Cell::Gauge(gauge) = cell { Some(gauge) } else { None });
        let last =
            |resource: Resource| gauges.clone().filter(|gauge| gauge.resource() == resource).map(|gauge| gauge.whole()).next_back().unwrap_or(0);
        match self.kind {
            // The last gauges of a pod are those of what it asks for.
            PODS if row.state != RowState::Done => (last(Resource::Cpu), last(Resource::Memory)),
            NODES => (last(Resource::Cpu), last(Resource::Memory)),
            _ => (0, 0),
        }
    }

    fn minute(&self, row: &Row) -> i64 {
        let seen = row.cells.iter().find_map(|cell| if let Cell::Since(at) = cell { Some(*at) } else { None });
        if self.kind == EVENTS { seen.unwrap_or(row.created) / 60 } else { 0 }
    }

    fn tally(&mut self) -> Tally {
        // Older minutes are not drawn; one that is spread over too many would only grow.
        let newest = self.minutes.keys().next_back().copied().unwrap_or_default();
        self.minutes.retain(|minute, count| *count > 0 && *minute > newest - 2 * MINUTES);
        Tally { minutes: self.minutes.iter().map(|(minute, count)| (*minute, *count)).collect(), ..self.tally.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::metrics::Gauge;
    use crate::cluster::rows::Phase;
    use crate::names::Gvk;

    fn pod(uid: u128, state: RowState, asks: u64) -> Row {
        Row {
            uid: Uid(uid),
            cluster: ClusterId::new("c"),
            gvk: std::sync::Arc::new(Gvk::new("", "v1", "Pod")),
            namespace: Some("shop".into()),
            name: "web".into(),
            created: 0,
            state,
            cells: Box::new([Cell::Gauge(Gauge::number(Resource::Cpu)), Gauge::share(Resource::Cpu, 9_000), Gauge::share(Resource::Cpu, asks)]),
            labels: [].into(),
            owner: None,
        }
    }

    #[test]
    fn what_changes_is_counted_once_and_what_is_done_asks_for_nothing() {
        let mut counter = Counter::new(PODS);
        let delta = |upserts: Vec<Row>, removed: Vec<Uid>| Delta { upserts, removed, phase: Some(Phase::Synced), ..Delta::default() };
        counter.take(delta(vec![pod(1, RowState::Fine, 100), pod(2, RowState::Progress, 50)], vec![]));
        counter.take(delta(vec![pod(2, RowState::Bad, 50), pod(3, RowState::Done, 500)], vec![]));
        let tally = counter.tally();
        assert_eq!((tally.total(), tally.of(RowState::Bad), tally.of(RowState::Progress), tally.whole.0), (3, 1, 0, 150));
        counter.take(delta(vec![], vec![Uid(1), Uid(7)]));
        assert_eq!((counter.tally().total(), counter.tally().whole.0), (2, 50));
        counter.take(Delta { reset: true, ..Delta::default() });
        assert_eq!((counter.tally().total(), counter.tally().whole), (0, (0, 0)));
    }
}
