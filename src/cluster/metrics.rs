//! CPU and memory in use: what was measured, and how much of what was asked for or allowed that is. Plain data; `poll` fetches it where a cluster
//! serves metrics.k8s.io.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::past::Past;
use super::rows::{Cell, RowState};
use crate::names::{ClusterId, Problem};
use crate::text::quantity;

mod decode;
mod facts;
pub mod past;
mod poll;

pub use self::poll::{Meter, MeterSpec, Subject};
pub(super) use self::poll::{Poller, served};

/// What something uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Thousandths of a core.
    pub cpu: u64,
    /// Bytes; the working set, as the kubelet counts it.
    pub memory: u64,
}

/// What everything in one place uses, as it was measured last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Uses {
    /// When the answer came, unix seconds.
    pub at: i64,
    /// Seconds until it is asked again.
    pub every: u32,
    /// Seconds over which the servers measured.
    pub window: u32,
    /// By namespace (empty: it has none) and name.
    pub of: HashMap<Arc<str>, HashMap<Arc<str>, Use>>,
}

/// What is known of the uses in one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The namespace; none: all, or there are none.
    pub namespace: Option<Arc<str>>,
    /// What is known.
    pub known: Known,
}

/// What is known of uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Known {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The cluster measures nothing.
    Unserved,
    /// It does, and has been asked.
    Awaited,
    /// What was measured.
    Measured(Arc<Uses>),
    /// It could not be read; what was measured before still holds.
    Failed(Problem),
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    /// In thousandths of a core.
    Cpu,
    /// In bytes.
    Memory,
    /// Pods on a node; counted, not measured.
    Pods,
}

/// How a number moved since it was measured before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trend {
    /// Hardly.
    #[default]
    Still,
    /// Up.
    Up,
    /// Down.
    Down,
}

/// A cell for a use: the number itself, or its share of a whole. Seven digits are more than anybody reads, and keep cells small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gauge {
    resource: Resource,
    trend: Trend,
    used: f32,
    of: f32,
}

/// Not measured; no real use is less than nothing.
const UNKNOWN: f32 = -1.0;

impl Gauge {
    /// The number itself, not measured yet.
    pub fn number(resource: Resource) -> Self {
        Self { resource, trend: Trend::Still, used: UNKNOWN, of: 0.0 }
    }

    /// The share of a whole; of nothing there is none.
    pub fn share(resource: Resource, of: u64) -> Cell {
        if of == 0 { Cell::Empty } else { Cell::Gauge(Self { of: of as f32, ..Self::number(resource) }) }
    }

    /// The same, measured.
    #[must_use]
    pub fn measured(self, used: Option<Use>, before: Option<Use>) -> Self {
        let of = |used: Use| if self.resource == Resource::Memory { used.memory } else { used.cpu };
        let trend = used.zip(before).map_or(Trend::Still, |(now, before)| trend(of(before), of(now)));
        Self { used: used.map_or(UNKNOWN, |used| of(used) as f32), trend, ..self }
    }

    /// The same, counted; none: not yet.
    #[must_use]
    pub fn counted(self, count: Option<u32>) -> Self {
        Self { used: count.map_or(UNKNOWN, |count| count as f32), ..self }
    }

    /// What is measured.
    pub fn resource(&self) -> Resource {
        self.resource
    }

    /// What it is a share of; 0: of nothing.
    pub fn whole(&self) -> u64 {
        self.of as u64
    }

    /// The share where it is one, else the number; none: not measured.
    pub fn size(&self) -> Option<f64> {
        let of = if self.of > 0.0 { self.of } else { 1.0 };
        (self.used >= 0.0).then(|| f64::from(self.used) / f64::from(of))
    }

    /// As a person reads it: `120m`, `198Mi`, `77%`, `12/110` pods; empty where nothing was measured.
    pub fn show(&self) -> String {
        match (self.size(), self.resource) {
            (None, _) => String::new(),
            (_, Resource::Pods) => format!("{:.0}/{:.0}", self.used, self.of),
            (Some(share), _) if self.of > 0.0 => format!("{:.0}%", share * 100.0),
            // Neither is less than nothing here.
            (_, Resource::Cpu) => quantity::cores(self.used as u64),
            (_, Resource::Memory) => quantity::memory(self.used as u64),
        }
    }

    /// How it moved; told of numbers only, their shares move with them.
    pub fn trend(&self) -> Trend {
        if self.of > 0.0 { Trend::Still } else { self.trend }
    }

    /// How near a share is to its whole.
    pub fn state(&self) -> RowState {
        if self.of > 0.0 { nearness(self.size().unwrap_or_default()) } else { RowState::Fine }
    }
}

/// How near a use is to what it may be: from 80 % on somebody should look, from 95 % on it is bad.
pub fn nearness(share: f64) -> RowState {
    match share {
        _ if share >= 0.95 => RowState::Bad,
        _ if share >= 0.8 => RowState::Warn,
        _ => RowState::Fine,
    }
}

/// What moves by less than a tenth stands still.
fn trend(before: u64, now: u64) -> Trend {
    match () {
        () if before.abs_diff(now) <= before.max(now) / 10 => Trend::Still,
        () if now > before => Trend::Up,
        () => Trend::Down,
    }
}

/// The newest uses of several clusters, for the rows that are there and those to come.
#[derive(Debug, Default)]
pub struct Measures {
    clusters: HashMap<ClusterId, Sheet>,
    /// Pods by the name of their node.
    counted: HashMap<ClusterId, HashMap<Arc<str>, u32>>,
}

/// What is known of one cluster.
#[derive(Debug, Default)]
struct Sheet {
    served: bool,
    /// One a place.
    readings: Vec<Place>,
    /// How uses went, by namespace and name: of the processor, and of memory.
    past: HashMap<Arc<str>, HashMap<Arc<str>, [Past; 2]>>,
}

impl Sheet {
    /// Every object of a reading has gone on; what is not in it any more is forgotten.
    fn go_on(&mut self, namespace: Option<&str>, uses: &Uses) {
        let meant = |space: &str| namespace.is_none_or(|only| only == space);
        self.past.retain(|space, _| !meant(space) || uses.of.contains_key(space));
        for (space, names) in uses.of.iter().filter(|(space, _)| meant(space)) {
            let past = self.past.entry(space.clone()).or_default();
            past.retain(|name, _| names.contains_key(name));
            for (name, used) in names {
                let [cpu, memory] = past.entry(name.clone()).or_default();
                cpu.push(used.cpu);
                memory.push(used.memory);
            }
        }
    }
}

#[derive(Debug)]
struct Place {
    namespace: Option<Arc<str>>,
    now: Option<Arc<Uses>>,
    before: Option<Arc<Uses>>,
    problem: Option<Problem>,
}

impl Measures {
    /// Takes in what was read. True when numbers changed.
    pub fn take(&mut self, cluster: &ClusterId, reading: Reading) -> bool {
        let sheet = self.clusters.entry(cluster.clone()).or_default();
        sheet.served = !matches!(reading.known, Known::Nothing | Known::Unserved);
        let place = match sheet.readings.iter_mut().position(|place| place.namespace == reading.namespace) {
            Some(at) => sheet.readings.get_mut(at),
            None => {
                sheet.readings.push(Place { namespace: reading.namespace, now: None, before: None, problem: None });
                sheet.readings.last_mut()
            }
        };
        let Some(place) = place else { return false };
        match reading.known {
            Known::Measured(uses) => {
                // What is told again is no new reading.
                let news = place.now.as_ref().is_none_or(|now| now.at != uses.at);
                place.before = place.now.replace(uses.clone());
                place.problem = None;
                let namespace = place.namespace.clone();
                if news {
                    sheet.go_on(namespace.as_deref(), &uses);
                }
                return true;
            }
            Known::Failed(problem) => place.problem = Some(problem),
            Known::Nothing | Known::Unserved | Known::Awaited => {}
        }
        false
    }

    /// How a use went since the view was opened; none: it was never measured, or is a count.
    pub fn past(&self, cluster: &ClusterId, namespace: Option<&str>, name: &str, resource: Resource) -> Option<&Past> {
        let [cpu, memory] = self.clusters.get(cluster)?.past.get(namespace.unwrap_or_default())?.get(name)?;
        match resource {
            Resource::Cpu => Some(cpu),
            Resource::Memory => Some(memory),
            Resource::Pods => None,
        }
    }

    /// Takes in how many pods there are on each node of a cluster.
    pub fn count(&mut self, cluster: &ClusterId, pods: HashMap<Arc<str>, u32>) {
        self.counted.insert(cluster.clone(), pods);
    }

    /// Some cluster measures, so that there is a place for numbers.
    pub fn served(&self) -> bool {
        self.clusters.values().any(|sheet| sheet.served)
    }

    /// Why there are no newer numbers.
    pub fn problem(&self) -> Option<(&ClusterId, &Problem)> {
        self.clusters.iter().find_map(|(id, sheet)| Some((id, sheet.readings.iter().find_map(|place| place.problem.as_ref())?)))
    }

    /// The numbers of a cluster are so old that two newer ones should have come.
    pub fn stale(&self, cluster: &ClusterId, now: i64) -> bool {
        let old = |uses: &Arc<Uses>| now - uses.at > 2 * i64::from(uses.every);
        self.clusters.get(cluster).is_some_and(|sheet| sheet.readings.iter().filter_map(|place| place.now.as_ref()).any(old))
    }

    /// Puts what was measured into the cells of an object.
    pub fn fill(&self, cluster: &ClusterId, namespace: Option<&str>, name: &str, cells: &mut [Cell]) {
        if self.clusters.is_empty() && self.counted.is_empty() {
            return;
        }
        let mut found = None;
        for gauge in cells.iter_mut().filter_map(|cell| if let Cell::Gauge(gauge) = cell { Some(gauge) } else { None }) {
            if gauge.resource == Resource::Pods {
                *gauge = gauge.counted(self.counted.get(cluster).map(|counted| counted.get(name).copied().unwrap_or(0)));
                continue;
            }
            let (now, before) = *found.get_or_insert_with(|| self.find(cluster, namespace.unwrap_or_default(), name));
            *gauge = gauge.measured(now, before);
        }
    }

    fn find(&self, cluster: &ClusterId, namespace: &str, name: &str) -> (Option<Use>, Option<Use>) {
        let of = |uses: &Option<Arc<Uses>>| uses.as_ref().and_then(|uses| uses.of.get(namespace)?.get(name).copied());
        let places = self.clusters.get(cluster).into_iter().flat_map(|sheet| &sheet.readings);
        places.map(|place| (of(&place.now), of(&place.before))).find(|(now, _)| now.is_some()).unwrap_or_default()
    }

    /// Forgets a cluster: it was closed.
    pub fn forget(&mut self, cluster: &ClusterId) {
        self.clusters.remove(cluster);
        self.counted.remove(cluster);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MI: u64 = 1 << 20;

    fn measured(at: i64, name: &str, cpu: u64, memory: u64) -> Reading {
        let of = HashMap::from([("shop".into(), HashMap::from([(name.into(), Use { cpu, memory })]))]);
        Reading { namespace: None, known: Known::Measured(Arc::new(Uses { at, every: 15, window: 15, of })) }
    }

    fn cells() -> [Cell; 4] {
        let number = |resource| Cell::Gauge(Gauge::number(resource));
        [number(Resource::Cpu), number(Resource::Memory), Gauge::share(Resource::Memory, 256 * MI), Gauge::share(Resource::Cpu, 0)]
    }

    fn shown(measures: &Measures, name: &str) -> [String; 4] {
        let mut cells = cells();
        measures.fill(&ClusterId::new("lab"), Some("shop"), name, &mut cells);
        cells.map(|cell| cell.show(0).into_owned())
    }

    #[test]
    fn numbers_come_into_the_cells_of_their_object_and_of_no_other() {
        let lab = ClusterId::new("lab");
        let mut measures = Measures::default();
        assert_eq!(shown(&measures, "web"), ["", "", "", ""]);
        assert!(!measures.take(&lab, Reading { namespace: None, known: Known::Awaited }) && measures.served());
        assert!(measures.take(&lab, measured(100, "web", 120, 198 * MI)));
        assert_eq!(shown(&measures, "web"), ["120m", "198Mi", "77%", ""]);
        assert_eq!(shown(&measures, "cart"), ["", "", "", ""]);
        assert!(!measures.stale(&lab, 130) && measures.stale(&lab, 131));
    }

    #[test]
    fn what_moved_by_a_tenth_says_where_to_and_a_failure_keeps_the_numbers() {
        let lab = ClusterId::new("lab");
        let mut measures = Measures::default();
        for (cpu, wanted) in [(100, Trend::Still), (105, Trend::Still), (200, Trend::Up), (100, Trend::Down)] {
            measures.take(&lab, measured(100, "web", cpu, MI));
            let mut cells = cells();
            measures.fill(&lab, Some("shop"), "web", &mut cells);
            assert!(matches!(cells[0], Cell::Gauge(gauge) if gauge.trend() == wanted), "{cpu}: {cells:?}");
        }
        measures.take(&lab, Reading { namespace: None, known: Known::Failed(Problem::new("x", "x", "x")) });
        assert_eq!(shown(&measures, "web")[0], "100m");
        assert!(measures.problem().is_some());
    }

    #[test]
    fn how_uses_went_is_kept_of_what_is_measured_and_of_nothing_else() {
        let lab = ClusterId::new("lab");
        let mut measures = Measures::default();
        for (at, cpu) in [(100, 50), (115, 100), (115, 100), (130, 0)] {
            measures.take(&lab, measured(at, "web", cpu, 8 * MI));
        }
        let shares = |measures: &Measures, name: &str, resource| -> Option<Vec<f32>> {
            measures.past(&lab, Some("shop"), name, resource).map(|past| past.shares().map(|share| (share * 100.0).round()).collect())
        };
        assert_eq!(shares(&measures, "web", Resource::Cpu), Some(vec![50.0, 100.0, 0.0]), "what is told twice counts once");
        assert_eq!(shares(&measures, "web", Resource::Memory), Some(vec![100.0; 3]));
        measures.take(&lab, measured(145, "cart", 1, MI));
        assert_eq!((shares(&measures, "web", Resource::Cpu), shares(&measures, "cart", Resource::Cpu)), (None, Some(vec![100.0])));
    }

    #[test]
    fn a_share_warns_before_it_is_the_whole() {
        let state = |used: u64| {
            let Cell::Gauge(gauge) = Gauge::share(Resource::Memory, 100 * MI) else { panic!("a gauge") };
            gauge.measured(Some(Use { cpu: 0, memory: used * MI }), None).state()
        };
        assert_eq!([79, 80, 94, 95, 130].map(state), [RowState::Fine, RowState::Warn, RowState::Warn, RowState::Bad, RowState::Bad]);
    }

    #[test]
    fn pods_of_a_node_are_told_with_what_it_can_take() {
        let lab = ClusterId::new("lab");
        let shown = |measures: &Measures, node: &str| {
            let mut cells = [Gauge::share(Resource::Pods, 110)];
            measures.fill(&lab, None, node, &mut cells);
            cells[0].show(0).into_owned()
        };
        let mut measures = Measures::default();
        assert_eq!(shown(&measures, "node-1"), "", "nothing is told before it was counted");
        measures.count(&lab, HashMap::from([("node-1".into(), 12)]));
        assert_eq!([shown(&measures, "node-1"), shown(&measures, "node-2")], ["12/110", "0/110"]);
        let Cell::Gauge(full) = Gauge::share(Resource::Pods, 110) else { panic!("a gauge") };
        assert_eq!(full.counted(Some(90)).state(), RowState::Warn);
    }

    #[test]
    fn a_cell_is_no_larger_for_it() {
        assert_eq!(size_of::<Cell>(), 24);
    }
}
