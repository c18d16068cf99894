//! The use of one object for its summary: a pod's containers against what they ask for and may have, a node against what it can give.

use serde_json::Value;

use super::decode::{Item, seconds};
use super::poll::{Subject, metrics_kind};
use super::{Use, nearness};
use crate::cluster::describe::Fact;
use crate::cluster::fleet::Fleet;
use crate::cluster::rows::RowState;
use crate::cluster::wire::{JSON, LIMIT};
use crate::names::ObjectKey;
use crate::text::quantity::{Amount, cores, memory};
use crate::text::sanitise;

impl Fleet {
    /// What a pod's containers or a node use, as facts; none where the cluster does not measure, or has not yet.
    pub(in crate::cluster) async fn uses_of(&self, key: &ObjectKey, object: &Value) -> Vec<Fact> {
        let subject = match (&*key.gvk.group, &*key.gvk.kind) {
            ("", "Pod") => Subject::Pods,
            ("", "Node") => Subject::Nodes,
            _ => return Vec::new(),
        };
        let Ok(connected) = self.connected(&key.cluster).await else { return Vec::new() };
        let Ok(kinds) = connected.kinds().await else { return Vec::new() };
        let Some(kind) = metrics_kind(&kinds, subject) else { return Vec::new() };
        let path = format!("{}/{}", kind.path(key.namespace.as_deref()), key.name);
        match connected.wire.json::<Item>(&path, JSON, LIMIT).await {
            Ok(item) => facts(&item, object),
            // What has just started has not been measured.
            Err(trouble) if trouble.status == Some(http::StatusCode::NOT_FOUND) => Vec::new(),
            Err(trouble) => vec![fact("use", format!("cannot be read: {}", trouble.problem.why), RowState::Unknown)],
        }
    }
}

fn facts(item: &Item, object: &Value) -> Vec<Fact> {
    let over = format!("over {} s until {}", seconds(&item.window), sanitise(item.timestamp.as_deref().unwrap_or("?")));
    if item.containers.is_empty() {
        let whole = |name: &str| object.pointer("/status/allocatable").or_else(|| object.pointer("/status/capacity")).map(|all| amount(all, name));
        let (cpu, bytes) = (whole("cpu").unwrap_or_default().thousandths(), whole("memory").unwrap_or_default().units());
        return vec![used("use", item.usage.read(), (0, 0), (cpu, bytes), "can be given", &over)];
    }
    let spec = |name: &str| {
        let lists = ["/spec/containers", "/spec/initContainers"].into_iter().filter_map(|list| object.pointer(list)?.as_array());
        lists.flatten().find(|one| one.get("name").and_then(Value::as_str) == Some(name)).cloned().unwrap_or_default()
    };
    let line = |container: &super::decode::Container| {
        let own = spec(&container.name);
        let pair = |at: &str| own.pointer(at).map_or((0, 0), |all| (amount(all, "cpu").thousandths(), amount(all, "memory").units()));
        let label = format!("use {}", sanitise(&container.name));
        used(&label, container.usage.read(), pair("/resources/requests"), pair("/resources/limits"), "allowed", &over)
    };
    item.containers.iter().map(line).collect()
}

fn fact(label: &str, text: String, state: RowState) -> Fact {
    Fact { label: label.into(), said: text.into(), more: Vec::new(), state }
}

fn amount(all: &Value, name: &str) -> Amount {
    match all.get(name) {
        Some(Value::String(text)) => Amount::parse(text).unwrap_or_default(),
        Some(number @ Value::Number(_)) => Amount::parse(&number.to_string()).unwrap_or_default(),
        _ => Amount::default(),
    }
}

/// `cpu 12m of 100m asked for, no limit; memory 198Mi of 128Mi asked for, of 256Mi allowed (77%)`.
fn used(label: &str, used: Use, asked: (u64, u64), limit: (u64, u64), whole: &str, over: &str) -> Fact {
    let one = |name: &str, used: u64, asked: u64, limit: u64, show: fn(u64) -> String| {
        let asked = if asked > 0 { format!(" of {} asked for", show(asked)) } else { String::new() };
        let share = used as f64 / limit.max(1) as f64;
        let limit = if limit > 0 { format!(" of {} {whole} ({:.0}%)", show(limit), share * 100.0) } else { " and no limit".into() };
        format!("{name} {}{asked}{}{limit}", show(used), if asked.is_empty() { "" } else { "," })
    };
    let near = |used: u64, limit: u64| if limit == 0 { RowState::Fine } else { nearness(used as f64 / limit as f64) };
    let text = format!("{}; {}; {over}", one("cpu", used.cpu, asked.0, limit.0, cores), one("memory", used.memory, asked.1, limit.1, memory));
    fact(label, text, near(used.cpu, limit.0).max(near(used.memory, limit.1)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(fact: &Fact) -> String {
        fact.said.show(0)
    }

    #[test]
    fn each_container_stands_against_what_it_asked_for_and_may_have() {
        let pod = json!({"spec": {"containers": [
            {"name": "app", "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}}, {"name": "proxy"}]}});
        let item: Item = serde_json::from_value(json!({"timestamp": "2026-01-01T00:00:00Z", "window": "30s", "containers": [
            {"name": "app", "usage": {"cpu": "12m", "memory": "250Mi"}}, {"name": "proxy", "usage": {"cpu": "1m", "memory": "8Mi"}}]}))
        .unwrap();
        let facts = facts(&item, &pod);
        assert_eq!(facts[0].label, "use app");
        assert_eq!(
            said(&facts[0]),
            "cpu 12m of 100m asked for, and no limit; memory 250Mi of 128Mi asked for, of 256Mi allowed (98%); over 30 s until 2026-01-01T00:00:00Z"
        );
        assert_eq!(facts[0].state, RowState::Bad);
        assert!(said(&facts[1]).starts_with("cpu 1m and no limit; memory 8Mi and no limit"), "{}", said(&facts[1]));
    }

    #[test]
    fn a_node_stands_against_what_it_can_give() {
        let item: Item = serde_json::from_value(json!({"window": "30s", "usage": {"cpu": "2", "memory": "16Gi"}})).unwrap();
        let node = json!({"status": {"allocatable": {"cpu": "8", "memory": "32Gi"}, "capacity": {"cpu": "9", "memory": "33Gi"}}});
        let text = said(&facts(&item, &node)[0]);
        assert!(text.starts_with("cpu 2000m of 8000m can be given (25%); memory 16.0Gi of 32.0Gi can be given (50%)"), "{text}");
    }
}
