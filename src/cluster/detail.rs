//! One object closely: its manifest, and the one change there is yet, deletion.

use http::Method;
use serde_json::Value;

use super::connection::Connected;
use super::decode::Head;
use super::fleet::Fleet;
use super::gate::{Action, Verdict};
use super::helm;
use super::kinds::Kind;
use super::wire::{JSON, LIMIT};
use crate::names::{ClusterId, ObjectKey, Problem};
use crate::text::sanitise;
use crate::text::sanitise::sanitise_lines;

impl Fleet {
    /// The object as the server has it, without managed fields; the values of a Secret are replaced by their sizes.
    ///
    /// # Errors
    /// The object is gone, or the cluster does not answer.
    pub async fn object(&self, key: &ObjectKey) -> Result<Value, Problem> {
        self.masked(key, false).await
    }

    async fn masked(&self, key: &ObjectKey, managed: bool) -> Result<Value, Problem> {
        if helm::is(&key.gvk) {
            return self.release_object(key).await;
        }
        let mut object = self.whole(key).await?;
        if !managed && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        if &*key.gvk.kind == "Secret" {
            mask(&mut object);
        }
        Ok(object)
    }

    /// The object with everything in it. Values of a Secret stay in this room.
    pub(super) async fn whole(&self, key: &ObjectKey) -> Result<Value, Problem> {
        let connected = self.connected(&key.cluster).await?;
        let kind = kind_of(&connected, key).await?;
        connected.wire.json(&path(&kind, key), JSON, LIMIT).await.map_err(|trouble| trouble.problem)
    }

    /// The same as a manifest, if wished with its managed fields. Safe to draw.
    ///
    /// # Errors
    /// As [`Fleet::object`].
    pub async fn yaml(&self, key: &ObjectKey, managed: bool) -> Result<String, Problem> {
        let object = self.masked(key, managed).await?;
        let text = crate::text::yaml::write(&object).map_err(|why| Problem {
            code: "object.yaml",
            what: format!("{key} cannot be written as YAML"),
            why,
            hints: vec![],
        })?;
        Ok(sanitise_lines(&text).into_owned())
    }

    /// The object a person names by words.
    ///
    /// # Errors
    /// No such kind or object.
    pub async fn find(&self, cluster: &ClusterId, word: &str, namespace: Option<&str>, name: &str) -> Result<ObjectKey, Problem> {
        if let Some(found) = self.find_release(cluster, word, namespace, name).await {
            return found;
        }
        let connected = self.connected(cluster).await?;
        let unknown = || Problem {
            code: "cluster.kind",
            what: format!("{cluster} serves no kind called {}", sanitise(word)),
            why: String::new(),
            hints: vec!["`kubectl api-resources` lists them".into()],
        };
        let kind = connected.among_kinds(|kinds| kinds.find(word).cloned().ok_or_else(unknown)).await?;
        let namespace = namespace.filter(|_| kind.namespaced).map(Into::into);
        let key = ObjectKey { cluster: cluster.clone(), gvk: kind.gvk.clone(), namespace, name: name.into(), uid: "".into() };
        let Head { metadata } = connected.wire.json(&path(&kind, &key), JSON, LIMIT).await.map_err(|trouble| trouble.problem)?;
        Ok(ObjectKey { uid: sanitise(&metadata.uid).as_ref().into(), ..key })
    }

    /// Deletes the very object that was meant: another one of the same name is left alone. Whether a protected cluster's name was typed is the door's
    /// to see to.
    ///
    /// # Errors
    /// The gate refuses, the object is gone or has been replaced, or the cluster refuses.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), Problem> {
        if let Verdict::Refused(problem) = self.gate().check(&Action::delete(key)) {
            return Err(problem);
        }
        let connected = self.connected(&key.cluster).await?;
        let kind = kind_of(&connected, key).await?;
        let mut body = serde_json::json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
        if !key.uid.is_empty() {
            body["preconditions"] = serde_json::json!({"uid": &*key.uid});
        }
        let answer = connected.wire.whole(Method::DELETE, &path(&kind, key), JSON, body.to_string().into_bytes(), LIMIT).await;
        answer.map(|_| ()).map_err(|trouble| trouble.problem)
    }
}

pub(super) async fn kind_of(connected: &Connected, key: &ObjectKey) -> Result<Kind, Problem> {
    let gone =
        || Problem { code: "cluster.kind", what: format!("{} does not serve {} any more", key.cluster, key.gvk), why: String::new(), hints: vec![] };
    connected.among_kinds(|kinds| kinds.of(&key.gvk).cloned().ok_or_else(gone)).await
}

pub(super) fn path(kind: &Kind, key: &ObjectKey) -> String {
    format!("{}/{}", kind.path(key.namespace.as_deref()), segment(&key.name))
}

/// One segment of a path (RFC 3986, 3.3): names of roles and bindings may hold almost anything.
pub(super) fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Puts sizes where a Secret's values stand, and drops the annotation that repeats them.
pub(super) fn mask(secret: &mut Value) {
    for part in ["data", "stringData"] {
        for value in secret.get_mut(part).and_then(Value::as_object_mut).into_iter().flat_map(|values| values.values_mut()) {
            let text = value.as_str().unwrap_or_default();
            // Base64 writes three bytes as four letters and fills up with `=`.
            let padding = text.len() - text.trim_end_matches('=').len();
            let bytes = if part == "data" { (text.len() / 4 * 3).saturating_sub(padding) } else { text.len() };
            *value = Value::String(format!("<{bytes} bytes, hidden>"));
        }
    }
    if let Some(annotations) = secret.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_read_only_session_deletes_nothing() {
        let dial = std::sync::Arc::new(|| unreachable!("nothing is asked"));
        let embedded = Some(crate::cluster::fleet::Embedded { name: "lab".into(), namespace: "shop".into(), dial });
        let options = crate::cluster::fleet::FleetOptions { embedded, readonly: true, ..Default::default() };
        let gvk = crate::names::Gvk::new("", "v1", "Pod").into();
        let key = ObjectKey { cluster: ClusterId::new("lab"), gvk, namespace: None, name: "web".into(), uid: "".into() };
        assert_eq!(Fleet::open(options).unwrap().delete(&key).await.unwrap_err().code, "gate.readonly");
    }

    #[test]
    fn nothing_of_a_secret_is_shown() {
        let mut secret = json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2", "note": "n"}},
            "data": {"password": "aHVudGVyMg=="}, "stringData": {"plain": "hunter2"}});
        mask(&mut secret);
        let text = secret.to_string();
        assert!(!text.contains("aHVudGVyMg") && !text.contains("hunter2"), "{text}");
        assert_eq!(secret["metadata"]["annotations"]["note"], "n");
        assert_eq!(secret["data"]["password"], "<7 bytes, hidden>");
    }
}
