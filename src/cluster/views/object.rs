//! What mixed views read of any object: its metadata, its owners, its conditions. Nothing is drawn from here before it passed the sanitiser.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::rows::Uid;

/// `ObjectMeta`, as far as these views need it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) creation_timestamp: Option<String>,
    pub(super) deletion_timestamp: Option<String>,
    pub(super) finalizers: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) owner_references: Vec<Owner>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Owner {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) controller: bool,
}

/// A condition of a status.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) reason: String,
    pub(super) message: String,
    last_transition_time: Option<String>,
}

/// A template of pods.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Template {
    pub(super) spec: PodSpec,
}

/// A pod's spec: where it runs, and what.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PodSpec {
    pub(super) node_name: String,
    pub(super) containers: Vec<Container>,
    pub(super) init_containers: Vec<Container>,
}

/// A container as it is wanted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
}

impl PodSpec {
    /// The version of a container's image; of the first container where there is none of that name.
    pub(super) fn version(&self, container: &str) -> Option<String> {
        let found = self.init_containers.iter().chain(&self.containers).find(|one| one.name == container && !container.is_empty());
        found.or(self.containers.first()).map(|container| tag(&container.image))
    }
}

impl Metadata {
    pub(super) fn object(&self) -> Uid {
        Uid::parse(if self.uid.is_empty() { &self.name } else { &self.uid })
    }

    /// The controller, as `metav1.GetControllerOf` finds it.
    pub(super) fn controller(&self) -> Option<&Owner> {
        self.owner_references.iter().find(|owner| owner.controller)
    }

    /// Unix seconds; 0 when the server did not say.
    pub(super) fn created(&self) -> i64 {
        unix(&self.creation_timestamp)
    }
}

impl Condition {
    /// Since when it is what it is, unix seconds; 0 when nobody says.
    pub(super) fn since(&self) -> i64 {
        unix(&self.last_transition_time)
    }
}

/// The condition of that name, where it has that status.
pub(super) fn is<'a>(conditions: &'a [Condition], kind: &str, status: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind && condition.status == status)
}

/// Unix seconds of an RFC 3339 time; 0 when there is none.
pub(super) fn unix(time: &Option<String>) -> i64 {
    time.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok()).map_or(0, jiff::Timestamp::as_second)
}

/// `2.4.0` of `shop/cart:2.4.0`; the beginning of a digest where there is no tag; `latest` where there is neither, because that is what is pulled.
pub(super) fn tag(image: &str) -> String {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let tag = name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
    match (tag, digest) {
        (Some(tag), _) => tag.to_owned(),
        (None, Some(digest)) => digest.split_once(':').map_or(digest, |(_, hex)| hex).chars().take(12).collect(),
        (None, None) if image.is_empty() => String::new(),
        (None, None) => "latest".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forms of the distribution specification's reference grammar.
    #[test]
    fn a_tag_is_what_stands_behind_the_last_colon_of_a_path() {
        for (image, wanted) in [
            ("shop/cart:2.4.0", "2.4.0"),
            ("registry:5000/cart", "latest"),
            ("registry:5000/cart:1", "1"),
            ("cart@sha256:0123456789abcdef", "0123456789ab"),
            ("cart:1@sha256:0123456789abcdef", "1"),
            ("", ""),
        ] {
            assert_eq!(tag(image), wanted, "{image}");
        }
    }
}
