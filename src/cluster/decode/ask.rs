//! What pods and nodes may use, as the scheduler counts it (`PodRequests` and `PodLimits` in `k8s.io/component-helpers/resource`).

use serde::Deserialize;

use super::Cell;
use crate::cluster::metrics::{Gauge, Resource};
use crate::text::quantity::Amount;

/// Amounts of one container, pod or node, as they are written.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Amounts {
    #[serde(deserialize_with = "amount")]
    cpu: Option<Amount>,
    #[serde(deserialize_with = "amount")]
    memory: Option<Amount>,
    #[serde(deserialize_with = "amount")]
    pods: Option<Amount>,
}

/// Requests and limits of one container, or of a pod as a whole.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asks {
    requests: Amounts,
    limits: Amounts,
}

/// CPU in thousandths of a core, memory in bytes; none: not said.
pub(super) type Pair = [Option<u64>; 2];

/// Requests, then limits.
pub(super) type Both = [Pair; 2];

/// One container of a pod.
pub(super) struct Asked {
    pub(super) sidecar: bool,
    pub(super) asks: Both,
}

impl Amounts {
    pub(super) fn read(&self) -> Pair {
        [self.cpu.map(Amount::thousandths), self.memory.map(Amount::units)]
    }
}

impl Asks {
    pub(super) fn read(&self) -> Both {
        [self.requests.read(), self.limits.read()]
    }
}

/// A quantity in a manifest is a text, or a number as people write it.
fn amount<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
    struct Reader;
    impl serde::de::Visitor<'_> for Reader {
        type Value = Option<Amount>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a quantity")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Amount::parse(text))
        }

        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Amount::parse(&number.to_string()))
        }

        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Amount::parse(&number.to_string()))
        }

        fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
            Ok(Amount::parse(&number.to_string()))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Reader)
}

/// The gauges of a pod: CPU, of its limit; memory, of its limit; CPU and memory of what it asks for.
pub(super) fn of_pod(main: &[Asked], init: &[Asked], own: Both, overhead: Pair) -> Vec<Cell> {
    let whole = |which: usize, resource: usize| {
        let of = |asked: &Asked| asked.asks[which][resource];
        let sum = match own[which][resource] {
            Some(own) => own,
            // What one container may use without a limit, the pod may.
            None if which == 1 && main.iter().chain(init.iter().filter(|one| one.sidecar)).any(|one| of(one).is_none()) => return 0,
            None => total(main, init, of),
        };
        // Overhead is added to what there is; no limit stays none.
        if sum == 0 { 0 } else { sum.saturating_add(overhead[resource].unwrap_or(0)) }
    };
    let cpu = |which| Gauge::share(Resource::Cpu, whole(which, 0));
    let memory = |which| Gauge::share(Resource::Memory, whole(which, 1));
    let number = |resource| Cell::Gauge(Gauge::number(resource));
    vec![number(Resource::Cpu), cpu(1), number(Resource::Memory), memory(1), cpu(0), memory(0)]
}

/// All that run together, or the hungriest of those that run before, each beside the sidecars started until then.
fn total(main: &[Asked], init: &[Asked], of: impl Fn(&Asked) -> Option<u64>) -> u64 {
    let (mut sidecars, mut hungriest) = (0u64, 0u64);
    for one in init {
        let own = of(one).unwrap_or(0);
        if one.sidecar {
            sidecars = sidecars.saturating_add(own);
            hungriest = hungriest.max(sidecars);
        } else {
            hungriest = hungriest.max(sidecars.saturating_add(own));
        }
    }
    let together = main.iter().fold(sidecars, |sum, one| sum.saturating_add(of(one).unwrap_or(0)));
    together.max(hungriest)
}

/// The gauges of a node, against what it can give to pods.
pub(super) fn of_node(capacity: &Amounts, allocatable: &Amounts) -> Vec<Cell> {
    let whole = |resource: usize| allocatable.read()[resource].or(capacity.read()[resource]).unwrap_or(0);
    let number = |resource| Cell::Gauge(Gauge::number(resource));
    vec![number(Resource::Cpu), Gauge::share(Resource::Cpu, whole(0)), number(Resource::Memory), Gauge::share(Resource::Memory, whole(1))]
}

/// How many pods there are on a node, not counted yet, of those it can take.
pub(super) fn pods_of_node(capacity: &Amounts, allocatable: &Amounts) -> Cell {
    Gauge::share(Resource::Pods, allocatable.pods.or(capacity.pods).map_or(0, Amount::units))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(sidecar: bool, request: u64, limit: Option<u64>) -> Asked {
        Asked { sidecar, asks: [[Some(request), None], [limit, None]] }
    }

    /// What the CPU cells are compared with: the limit, and what is asked for.
    fn cpu(main: &[Asked], init: &[Asked], own: Both, overhead: Pair) -> [Cell; 2] {
        let cells = of_pod(main, init, own, overhead);
        [cells[1].clone(), cells[4].clone()]
    }

    /// The cases of KEP-753 (sidecars), the documentation of init containers, KEP-2837 (resources of a pod) and pod overhead.
    #[test]
    fn a_pod_asks_for_what_the_scheduler_counts() {
        let share = |of| Gauge::share(Resource::Cpu, of);
        let none: Both = [[None; 2]; 2];
        let two = [container(false, 100, Some(200)), container(false, 50, Some(100))];
        assert_eq!(cpu(&two, &[], none, [None; 2]), [share(300), share(150)]);
        // A hungry init container counts alone, beside the sidecar that was started before it.
        let init = [container(true, 20, Some(40)), container(false, 500, Some(900))];
        assert_eq!(cpu(&two, &init, none, [None; 2]), [share(940), share(520)]);
        let modest = [container(false, 120, Some(120)), container(true, 20, Some(40))];
        assert_eq!(cpu(&two, &modest, none, [None; 2]), [share(340), share(170)]);
        // One container without a limit: the pod has none.
        let free = [container(false, 100, Some(200)), container(false, 50, None)];
        assert_eq!(cpu(&free, &[], none, [None; 2]), [Cell::Empty, share(150)]);
        // The pod's own word wins, and overhead is added.
        assert_eq!(cpu(&free, &[], [[Some(1_000), None], [Some(2_000), None]], [Some(10), None]), [share(2_010), share(1_010)]);
    }

    #[test]
    fn quantities_may_be_texts_or_numbers() {
        let asks: Asks =
            serde_json::from_str(r#"{"requests":{"cpu":0.5,"memory":"64Mi","nvidia.com/gpu":1},"limits":{"cpu":2,"memory":null}}"#).unwrap();
        assert_eq!(asks.read(), [[Some(500), Some(64 << 20)], [Some(2_000), None]]);
    }
}
