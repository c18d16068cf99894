//! How one object leads to others: the labels by which it selects pods, and who owns it.

use serde_json::Value;

use super::fleet::Fleet;
use crate::names::{Gvk, ObjectKey, Problem};
use crate::text::sanitise;

impl Fleet {
    /// The label selector of a workload or Service, as a query takes it: `app=web,tier in (a,b)`.
    ///
    /// # Errors
    /// The object is gone, selects nothing, or the cluster does not answer.
    pub async fn selector(&self, key: &ObjectKey) -> Result<String, Problem> {
        let object = self.object(key).await?;
        object.pointer("/spec/selector").map(|selector| sanitise(&query(selector)).into_owned()).filter(|text| !text.is_empty()).ok_or_else(|| {
            Problem::new("relations.no-selector", format!("{key} selects no pods"), "it has no selector: whoever made it sets its endpoints")
                .hint("esc goes back; d says what it is")
        })
    }

    /// The object that controls this one, else the first that owns it.
    ///
    /// # Errors
    /// The object is gone or owned by nobody, or the cluster does not answer.
    pub async fn owner(&self, key: &ObjectKey) -> Result<ObjectKey, Problem> {
        let object = self.object(key).await?;
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let Some(owner) = owners.iter().find(|one| one["controller"] == true).or(owners.first()) else {
            return Err(Problem::new("relations.no-owner", format!("nothing owns {key}"), ""));
        };
        let text = |name: &str| sanitise(owner[name].as_str().unwrap_or_default()).into_owned();
        let gvk = gvk(&text("apiVersion"), &text("kind"));
        let kinds = self.kinds(&key.cluster).await?;
        // An owner lives in the namespace of what it owns, or in none.
        let namespace = key.namespace.clone().filter(|_| kinds.of(&gvk).is_none_or(|kind| kind.namespaced));
        Ok(ObjectKey { cluster: key.cluster.clone(), gvk: gvk.into(), namespace, name: text("name").into(), uid: text("uid").into() })
    }
}

fn gvk(api_version: &str, kind: &str) -> Gvk {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Gvk::new(group, version, kind)
}

/// A plain map of labels or a `LabelSelector`, in the grammar of queries.
pub(super) fn query(selector: &Value) -> String {
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    let labels = selector.get("matchLabels").or_else(|| expressions.is_none().then_some(selector)).and_then(Value::as_object);
    let equal = labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    equal.chain(expressions.into_iter().flatten().filter_map(expression)).collect::<Vec<_>>().join(",")
}

/// One `LabelSelectorRequirement`.
fn expression(one: &Value) -> Option<String> {
    let key = one["key"].as_str()?;
    let values: Vec<&str> = one["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match one["operator"].as_str()? {
        "In" => Some(format!("{key} in ({})", values.join(","))),
        "NotIn" => Some(format!("{key} notin ({})", values.join(","))),
        "Exists" => Some(key.to_owned()),
        "DoesNotExist" => Some(format!("!{key}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The forms of a selector as the documentation of labels and selectors writes them.
    #[test]
    fn selectors_are_written_as_queries_take_them() {
        assert_eq!(query(&json!({"app": "web", "tier": "front"})), "app=web,tier=front");
        let selector = json!({"matchLabels": {"component": "redis"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["cache", "db"]}, {"key": "environment", "operator": "NotIn", "values": ["dev"]},
            {"key": "partition", "operator": "Exists"}, {"key": "old", "operator": "DoesNotExist"}]});
        assert_eq!(query(&selector), "component=redis,tier in (cache,db),environment notin (dev),partition,!old");
        assert_eq!(query(&json!({})), "");
    }
}
