//! What of a pod template is kept to tell it from the one before: images as they are written, everything else only as a number that changes with it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use serde_json::Value;

use super::super::object::tag;

/// A template, bounded by its number of containers.
#[derive(Debug, Default)]
pub(super) struct Print {
    containers: Vec<Container>,
    restarted: u64,
    rest: u64,
}

#[derive(Debug)]
struct Container {
    name: String,
    image: String,
    parts: [u64; PARTS.len()],
    rest: u64,
}

/// What of a container is told apart, and the fields it stands in.
const PARTS: [(&str, &[&str]); 5] = [
    ("env", &["env", "envFrom"]),
    ("resources", &["resources"]),
    ("command", &["command", "args"]),
    ("probes", &["livenessProbe", "readinessProbe", "startupProbe"]),
    ("mounts", &["volumeMounts", "volumeDevices"]),
];

/// The annotation that `kubectl rollout restart` writes.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";
/// The label that a replica set adds to its template.
const HASH: &str = "pod-template-hash";

fn number(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.to_string().hash(&mut hasher);
    hasher.finish()
}

impl Print {
    pub(super) fn of(template: &Value) -> Self {
        let all = |name: &str| template["spec"][name].as_array().into_iter().flatten();
        let containers = all("initContainers").chain(all("containers")).map(Container::of).collect();
        let mut rest = template.clone();
        if let Some(spec) = rest.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("containers");
            spec.remove("initContainers");
        }
        for (part, key) in [("annotations", RESTARTED), ("labels", HASH)] {
            if let Some(words) = rest.pointer_mut(&format!("/metadata/{part}")).and_then(Value::as_object_mut) {
                words.remove(key);
            }
        }
        // Empty and not there are the same.
        if let Some(metadata) = rest.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|_, value| !value.is_null() && value.as_object().is_none_or(|words| !words.is_empty()));
        }
        Self { containers, restarted: number(&template["metadata"]["annotations"][RESTARTED]), rest: number(&rest) }
    }

    /// `web:1.4.2, proxy:1.30`.
    pub(super) fn images(&self) -> String {
        self.containers.iter().map(|container| format!("{} {}", container.name, tag(&container.image))).collect::<Vec<_>>().join(", ")
    }

    /// What is other than before, what most likely matters first.
    pub(super) fn changes(&self, before: &Self) -> String {
        let find = |all: &'_ [Container], name: &str| all.iter().position(|one| one.name == name);
        let both = || self.containers.iter().filter_map(|now| Some((&before.containers[find(&before.containers, &now.name)?], now)));
        let mut told: Vec<String> = both().filter_map(|(old, new)| image(old, new)).collect();
        told.extend(
            self.containers.iter().filter(|new| find(&before.containers, &new.name).is_none()).map(|new| format!("new container {}", new.name)),
        );
        told.extend(
            before.containers.iter().filter(|old| find(&self.containers, &old.name).is_none()).map(|old| format!("no container {}", old.name)),
        );
        for (at, (part, _)) in PARTS.iter().enumerate() {
            told.extend(both().filter(|(old, new)| old.parts[at] != new.parts[at]).map(|(_, new)| format!("{part} of {}", new.name)));
        }
        told.extend(both().filter(|(old, new)| old.rest != new.rest).map(|(_, new)| format!("settings of {}", new.name)));
        if self.rest != before.rest {
            told.push("pod settings".into());
        }
        if self.restarted != before.restarted {
            told.push("restarted".into());
        }
        if told.is_empty() { "the same again".into() } else { told.join(", ") }
    }
}

impl Container {
    fn of(container: &Value) -> Self {
        let text = |name: &str| container[name].as_str().unwrap_or_default().to_owned();
        let mut rest = container.clone();
        if let Some(fields) = rest.as_object_mut() {
            let told = PARTS.iter().flat_map(|(_, fields)| fields.iter());
            told.chain(&["name", "image"]).for_each(|field| _ = fields.remove(*field));
        }
        let part = |(_, fields): (&str, &[&str])| number(&fields.iter().map(|field| container[*field].clone()).collect());
        Self { name: text("name"), image: text("image"), parts: PARTS.map(part), rest: number(&rest) }
    }
}

/// `image web 1.4.1 → 1.4.2`; where more than the tag changed, all of it.
fn image(old: &Container, new: &Container) -> Option<String> {
    let repository = |image: &str| image.split('@').next().map(|name| name.strip_suffix(&format!(":{}", tag(image))).unwrap_or(name).to_owned());
    let same = repository(&old.image) == repository(&new.image);
    let (from, to) = if same { (tag(&old.image), tag(&new.image)) } else { (old.image.clone(), new.image.clone()) };
    (old.image != new.image).then(|| format!("image {} {from} → {to}", new.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn print(change: impl FnOnce(&mut Value)) -> Print {
        let mut template = json!({"metadata": {"labels": {"app": "web", "pod-template-hash": "5d"}},
            "spec": {"containers": [{"name": "web", "image": "shop/web:1.4.1", "env": [{"name": "A", "value": "1"}], "resources": {"limits": {"memory": "1Gi"}}}]}});
        change(&mut template);
        Print::of(&template)
    }

    #[test]
    fn each_change_is_named() {
        let before = print(|_| ());
        type Change = fn(&mut Value);
        let cases: [(Change, &str); 7] = [
            (|it| it["spec"]["containers"][0]["image"] = json!("shop/web:1.4.2"), "image web 1.4.1 → 1.4.2"),
            (|it| it["spec"]["containers"][0]["image"] = json!("mirror/web:1.4.1"), "image web shop/web:1.4.1 → mirror/web:1.4.1"),
            (|it| it["spec"]["containers"][0]["env"][0]["value"] = json!("2"), "env of web"),
            (|it| it["spec"]["containers"][0]["resources"] = json!({}), "resources of web"),
            (|it| it["spec"]["nodeSelector"] = json!({"disk": "ssd"}), "pod settings"),
            (|it| it["metadata"]["annotations"] = json!({RESTARTED: "2026-01-01T00:00:00Z"}), "restarted"),
            (|it| it["metadata"]["labels"]["pod-template-hash"] = json!("other"), "the same again"),
        ];
        for (change, wanted) in cases {
            assert_eq!(print(change).changes(&before), wanted);
        }
    }

    #[test]
    fn containers_that_come_and_go_are_named() {
        let before = print(|_| ());
        let after = print(|it| it["spec"]["containers"] = json!([{"name": "site", "image": "shop/site:1"}]));
        assert_eq!(after.changes(&before), "new container site, no container web");
        assert_eq!(after.images(), "site 1");
    }
}
