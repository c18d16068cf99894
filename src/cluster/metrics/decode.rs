//! From `PodMetricsList` and `NodeMetricsList` (metrics.k8s.io) to uses. Items are decoded one by one out of the body.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Use, Uses};
use crate::text::quantity::Amount;
use crate::text::sanitise;

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
}

/// `PodMetrics` or `NodeMetrics`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    metadata: Name,
    pub(super) timestamp: Option<String>,
    pub(super) window: String,
    /// Of a node.
    pub(super) usage: Amounts,
    /// Of a pod.
    pub(super) containers: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Name {
    name: String,
    namespace: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) usage: Amounts,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Amounts {
    cpu: String,
    memory: String,
}

impl Amounts {
    pub(super) fn read(&self) -> Use {
        let amount = |text: &str| Amount::parse(text).unwrap_or_default();
        Use { cpu: amount(&self.cpu).thousandths(), memory: amount(&self.memory).units() }
    }
}

impl Item {
    fn total(&self) -> Use {
        self.containers
            .iter()
            .map(|container| container.usage.read())
            .fold(self.usage.read(), |sum, one| Use { cpu: sum.cpu.saturating_add(one.cpu), memory: sum.memory.saturating_add(one.memory) })
    }
}

/// All uses of a list. `at` and `every` are the poller's.
pub(super) fn uses(json: &[u8], at: i64, every: u32) -> Result<Uses, serde_json::Error> {
    let list: List<'_> = serde_json::from_slice(json)?;
    let mut uses = Uses { at, every, ..Uses::default() };
    for item in list.items {
        let item: Item = serde_json::from_str(item.get())?;
        uses.window = seconds(&item.window);
        let name: Arc<str> = sanitise(&item.metadata.name).as_ref().into();
        let namespace = sanitise(&item.metadata.namespace);
        match uses.of.get_mut(namespace.as_ref()) {
            Some(names) => _ = names.insert(name, item.total()),
            None => _ = uses.of.insert(namespace.as_ref().into(), HashMap::from([(name, item.total())])),
        }
    }
    uses.of.values_mut().for_each(HashMap::shrink_to_fit);
    Ok(uses)
}

/// Whole seconds of a duration as Go writes it: `15s`, `1m0.5s`.
pub(super) fn seconds(text: &str) -> u32 {
    text.parse::<jiff::SignedDuration>().ok().and_then(|window| u32::try_from(window.as_secs()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists as metrics-server 0.8 answers them.
    #[test]
    fn containers_add_up_and_nodes_have_no_namespace() {
        let pods =
            br#"{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{"name":"web","namespace":"shop",
            "creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"web"}},"timestamp":"2026-01-01T00:00:00Z","window":"15.033s",
            "containers":[{"name":"app","usage":{"cpu":"1234567n","memory":"20480Ki"}},{"name":"proxy","usage":{"cpu":"0","memory":"1Mi"}}]}]}"#;
        let uses = uses(pods, 7, 15).unwrap();
        assert_eq!(uses.of["shop"]["web"], Use { cpu: 2, memory: 21 << 20 });
        assert_eq!((uses.at, uses.every, uses.window), (7, 15, 15));
        let nodes =
            br#"{"items":[{"metadata":{"name":"node-1"},"timestamp":"2026-01-01T00:00:00Z","window":"1m0s","usage":{"cpu":"250m","memory":"1Gi"}}]}"#;
        let uses = super::uses(nodes, 7, 15).unwrap();
        assert_eq!((uses.of[""]["node-1"], uses.window), (Use { cpu: 250, memory: 1 << 30 }, 60));
    }

    #[test]
    fn an_empty_list_and_nonsense_are_two_things() {
        assert!(uses(br#"{"items":[]}"#, 0, 0).unwrap().of.is_empty());
        assert!(uses(b"<html>", 0, 0).is_err());
    }
}
