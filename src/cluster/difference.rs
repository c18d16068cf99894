//! Two objects side by side as one unified diff of their manifests, without what differs between any two objects.

use serde_json::Value;
use similar::TextDiff;

use super::fleet::Fleet;
use crate::names::{ObjectKey, Problem};
use crate::text::sanitise::sanitise_lines;

/// Metadata that no two objects share.
const NOISE: [&str; 6] = ["uid", "resourceVersion", "managedFields", "creationTimestamp", "generation", "selfLink"];
/// Lines around a change.
const AROUND: usize = 3;

impl Fleet {
    /// What has to be changed in the left object to make it the right one; `status` compares how they do as well.
    ///
    /// # Errors
    /// One of the two is gone, or its cluster does not answer.
    pub async fn difference(&self, left: &ObjectKey, right: &ObjectKey, status: bool) -> Result<String, Problem> {
        let (one, other) = tokio::try_join!(self.object(left), self.object(right))?;
        let write = |object: Value, key: &ObjectKey| {
            let text = crate::text::yaml::write(&quiet(object, status));
            text.map_err(|why| Problem::new("object.yaml", format!("{key} cannot be written as YAML"), why))
        };
        Ok(unified(&left.to_string(), &write(one, left)?, &right.to_string(), &write(other, right)?))
    }
}

/// The object without its noise.
fn quiet(mut object: Value, status: bool) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !NOISE.contains(&name.as_str()));
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        for owner in metadata.get_mut("ownerReferences").and_then(Value::as_array_mut).into_iter().flatten() {
            owner.as_object_mut().map(|owner| owner.remove("uid"));
        }
    }
    if !status && let Some(all) = object.as_object_mut() {
        all.remove("status");
    }
    object
}

fn unified(left: &str, one: &str, right: &str, other: &str) -> String {
    if one == other {
        return format!("--- {left}\n+++ {right}\n\n the two do not differ, but for uid, versions and times\n");
    }
    let diff = TextDiff::from_lines(one, other);
    sanitise_lines(&diff.unified_diff().context_radius(AROUND).header(left, right).to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_between_any_two_objects_is_no_difference() {
        let object = |uid: &str, ready: u32| {
            json!({"metadata": {"name": "web", "uid": uid, "resourceVersion": uid, "generation": ready, "creationTimestamp": "2026-05-12T14:04:00Z",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": uid, "note": "n"}, "ownerReferences": [{"name": "a", "uid": uid}]}, "status": {"ready": ready}})
        };
        assert_eq!(quiet(object("1", 1), false), quiet(object("2", 2), false));
        assert_ne!(quiet(object("1", 1), true), quiet(object("1", 2), true));
    }

    #[test]
    fn a_change_stands_between_the_lines_around_it() {
        let text = unified("web in a", "kind: X\nimage: 1\nport: 80\n", "web in b", "kind: X\nimage: 2\nport: 80\n");
        assert_eq!(text, "--- web in a\n+++ web in b\n@@ -1,3 +1,3 @@\n kind: X\n-image: 1\n+image: 2\n port: 80\n");
        assert!(unified("a", "x\n", "b", "x\n").contains("do not differ"));
    }
}
