//! What a cluster serves: kinds by plural, singular, short name or `plural.group`. From aggregated discovery, else from the older one.

use std::sync::Arc;

use serde::Deserialize;

use super::wire::{JSON, LIMIT, Trouble, Wire, encode};
use crate::names::Gvk;
use crate::text::sanitise;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// One kind a cluster serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Group, version, kind.
    pub gvk: Arc<Gvk>,
    /// `deployments`.
    pub plural: String,
    /// `deployment`.
    pub singular: String,
    /// `deploy`.
    pub short: Vec<String>,
    /// Its objects live in namespaces.
    pub namespaced: bool,
    /// `get`, `list`, `watch`, …
    pub verbs: Vec<String>,
}

/// Everything one cluster serves, in the server's order of preference.
#[derive(Clone, Debug, Default)]
pub struct Kinds(Vec<Kind>);

impl Kinds {
    /// The kind a person means by a word, in any letter case.
    pub fn find(&self, word: &str) -> Option<&Kind> {
        let word = word.to_lowercase();
        let (name, group) = word.split_once('.').map_or((word.as_str(), None), |(name, group)| (name, Some(group)));
        let fits = |kind: &&Kind| group.is_none_or(|group| kind.gvk.group.to_lowercase() == group) && kind.is_called(name);
        self.0.iter().find(|kind| fits(kind) && kind.plural == name).or_else(|| self.0.iter().find(fits))
    }

    /// The kind of an object that is already known.
    pub fn of(&self, gvk: &Gvk) -> Option<&Kind> {
        self.0.iter().find(|kind| *kind.gvk == *gvk).or_else(|| self.0.iter().find(|kind| kind.gvk.group == gvk.group && kind.gvk.kind == gvk.kind))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.0.iter()
    }

    pub(super) async fn discover(wire: &Wire) -> Result<Self, Trouble> {
        let (core, groups) = tokio::try_join!(part(wire, "/api"), part(wire, "/apis"))?;
        Ok(Self(core.into_iter().chain(groups).filter(|kind| kind.verbs.iter().any(|verb| verb == "list")).collect()))
    }
}

impl Kind {
    fn is_called(&self, name: &str) -> bool {
        self.plural == name || self.singular == name || self.gvk.kind.to_lowercase() == name || self.short.iter().any(|short| short == name)
    }

    /// The path of its objects: `/apis/apps/v1/namespaces/shop/deployments`.
    pub fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.gvk.group.is_empty() { format!("/api/{}", self.gvk.version) } else { format!("/apis/{}", self.gvk.api_version()) };
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{root}/namespaces/{}/{}", encode(namespace), self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }
}

/// `APIGroupDiscoveryList`, or what an older server answers instead.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Aggregated { items: Vec<Group> },
    Groups { groups: Vec<OldGroup> },
    Core { versions: Vec<String> },
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Name,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
struct Name {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource: String,
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    singular_resource: String,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldGroup {
    preferred_version: OldVersion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldVersion {
    group_version: String,
}

#[derive(Deserialize)]
struct OldList {
    resources: Vec<OldResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldResource {
    name: String,
    kind: String,
    namespaced: bool,
    #[serde(default)]
    singular_name: String,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    verbs: Vec<String>,
}

async fn part(wire: &Wire, path: &str) -> Result<Vec<Kind>, Trouble> {
    match wire.json::<Answer>(path, AGGREGATED, LIMIT).await? {
        Answer::Aggregated { items } => Ok(items.into_iter().flat_map(preferred).collect()),
        Answer::Groups { groups } => {
            older(wire, groups.into_iter().map(|group| group.preferred_version.group_version).map(|gv| (format!("/apis/{gv}"), gv))).await
        }
        Answer::Core { versions } => older(wire, versions.into_iter().map(|version| (format!("/api/{version}"), version))).await,
    }
}

/// The first version a group lists is the one it prefers; a resource may live only in a later one.
fn preferred(group: Group) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for version in group.versions {
        for resource in version.resources {
            if !kinds.iter().any(|kind| kind.plural == resource.resource) {
                kinds.push(kind(&group.metadata.name, &version.version, resource));
            }
        }
    }
    kinds
}

fn kind(group: &str, version: &str, resource: Resource) -> Kind {
    let name = resource.response_kind.map_or_else(|| resource.singular_resource.clone(), |response| response.kind);
    Kind {
        gvk: Arc::new(Gvk::new(&sanitise(group), &sanitise(version), &sanitise(&name))),
        plural: sanitise(&resource.resource).into_owned(),
        singular: sanitise(&resource.singular_resource).into_owned(),
        short: resource.short_names.iter().map(|short| sanitise(short).into_owned()).collect(),
        namespaced: resource.scope == "Namespaced",
        verbs: resource.verbs,
    }
}

async fn older(wire: &Wire, lists: impl Iterator<Item = (String, String)>) -> Result<Vec<Kind>, Trouble> {
    let mut kinds = Vec::new();
    for (path, group_version) in lists {
        // One broken aggregated API server must not hide all other kinds.
        let Ok(list) = wire.json::<OldList>(&path, JSON, LIMIT).await else { continue };
        let (group, version) = group_version.split_once('/').unwrap_or(("", &group_version));
        kinds.extend(list.resources.into_iter().filter(|resource| !resource.name.contains('/')).map(|old| {
            let scope = if old.namespaced { "Namespaced" } else { "Cluster" };
            let resource = Resource {
                resource: old.name,
                response_kind: Some(ResponseKind { kind: old.kind }),
                scope: scope.into(),
                singular_resource: old.singular_name,
                short_names: old.short_names,
                verbs: old.verbs,
            };
            kind(group, version, resource)
        }));
    }
    Ok(kinds)
}
