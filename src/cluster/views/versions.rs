//! `:versions`: the versions of API servers and kubelets, and whether Kubernetes supports the distance between them
//! (<https://kubernetes.io/releases/version-skew-policy/>).

use std::cmp::Ordering;
use std::collections::HashMap;

use serde::Deserialize;

use super::super::rows::{Cell, Row, RowState, Uid};
use super::book::{Entry, FOREVER, Maker, Page, Pen, Taken};
use super::object::Metadata;

pub(super) const KINDS: &[&str] = &["nodes"];
pub(super) const COLUMNS: &[&str] = &["COMPONENT", "VERSION", "SKEW", "MESSAGE"];
/// What is told of an API server beside its objects: see [`super::outside`].
pub(super) const SERVER: &str = "APIServer";

/// Reads nodes, and their API server's version.
#[derive(Default)]
pub(super) struct Versions {
    server: Option<(Uid, Row, Version)>,
    nodes: HashMap<Uid, (Row, Version)>,
}

/// Major, minor, patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32, u32);

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    metadata: Metadata,
    status: Status,
    git_version: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    node_info: NodeInfo,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NodeInfo {
    kubelet_version: String,
}

impl Maker for Versions {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, _: i64) -> Result<Taken, serde_json::Error> {
        let it: Object = serde_json::from_slice(json)?;
        let object = it.metadata.object();
        let server = &*pen.gvk.kind == SERVER;
        let (component, text) = if server { ("kube-apiserver", &it.git_version) } else { ("kubelet", &it.status.node_info.kubelet_version) };
        let cells = vec![pen.cell(component), pen.cell(text), Cell::Empty, Cell::Empty];
        let row = pen.row(&it.metadata, RowState::Fine, cells);
        let version = Version::parse(text).unwrap_or(Version(0, 0, 0));
        let pages = if server {
            self.server = Some((object, row, version));
            let nodes = self.nodes.iter().map(|(uid, node)| self.node(*uid, node, pen));
            nodes.collect::<Vec<Page>>()
        } else {
            self.nodes.insert(object, (row, version));
            self.nodes.get(&object).map(|node| self.node(object, node, pen)).into_iter().collect()
        };
        let pages = pages.into_iter().chain(self.summary(pen)).collect();
        Ok(Taken { object, version: it.metadata.resource_version, pages })
    }

    fn forget(&mut self, object: Uid, _: i64) -> Vec<Page> {
        self.nodes.remove(&object);
        Vec::new()
    }
}

impl Versions {
    /// The server's row says between which versions its nodes are.
    fn summary(&self, pen: &mut Pen<'_>) -> Option<Page> {
        let (object, row, _) = self.server.as_ref()?;
        let all = || self.nodes.values().filter(|(_, version)| version.1 > 0);
        let text =
            |found: Option<&(Row, Version)>| found.and_then(|(row, _)| row.cells.get(1)).map(|cell| cell.show(0).into_owned()).unwrap_or_default();
        let (oldest, newest) = (text(all().min_by_key(|(_, version)| *version)), text(all().max_by_key(|(_, version)| *version)));
        let message = match (oldest.is_empty(), oldest == newest) {
            (true, _) => String::new(),
            (false, true) => format!("all kubelets are {oldest}"),
            (false, false) => format!("kubelets from {oldest} to {newest}"),
        };
        let mut row = row.clone();
        row.cells[3] = pen.cell(&message);
        Some((*object, vec![Entry { row, from: 0, until: FOREVER }]))
    }

    fn node(&self, object: Uid, (row, version): &(Row, Version), pen: &mut Pen<'_>) -> Page {
        let mut row = row.clone();
        if let Some((.., server)) = self.server.as_ref().filter(|(.., server)| server.1 > 0 && version.1 > 0) {
            let (state, skew, message) = skew(*server, *version);
            row.state = state;
            row.cells[2] = pen.cell(&skew);
            row.cells[3] = pen.cell(message);
        }
        (object, vec![Entry { row, from: 0, until: FOREVER }])
    }
}

/// How far a kubelet is from its API server, and what the policy says about it.
fn skew(server: Version, kubelet: Version) -> (RowState, String, &'static str) {
    // Kubelets before 1.25 may be two minors older, later ones three.
    let allowed = if kubelet.1 < 25 { 2 } else { 3 };
    let older = server.1.saturating_sub(kubelet.1);
    match (server.0, server.1).cmp(&(kubelet.0, kubelet.1)) {
        Ordering::Less => (RowState::Bad, "newer".to_owned(), "never supported: a kubelet must not be newer than its API server"),
        Ordering::Equal => (RowState::Fine, "none".to_owned(), ""),
        Ordering::Greater if older > allowed => (RowState::Bad, format!("{older} older"), "not supported: too many minor versions behind"),
        Ordering::Greater if older == allowed => (RowState::Warn, format!("{older} older"), "to be updated before the API server goes on"),
        Ordering::Greater => (RowState::Fine, format!("{older} older"), ""),
    }
}

impl Version {
    /// Reads `v1.36.0-gke.100`.
    fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str| part.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
        let mut parts = text.trim_start_matches('v').split('.');
        Some(Self(parts.next().and_then(digits)?, parts.next().and_then(digits)?, parts.next().and_then(digits).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::book::Book;
    use super::*;
    use crate::names::{ClusterId, Gvk};

    /// Cases of the version skew policy.
    #[test]
    fn skew_is_judged_as_the_policy_says() {
        let minor = |minor| Version(1, minor, 0);
        let cases = [
            (minor(36), minor(36), RowState::Fine),
            (minor(36), minor(34), RowState::Fine),
            (minor(36), minor(33), RowState::Warn),
            (minor(36), minor(32), RowState::Bad),
            (minor(36), minor(37), RowState::Bad),
            (minor(26), minor(24), RowState::Warn),
            (minor(27), minor(24), RowState::Bad),
        ];
        for (server, kubelet, state) in cases {
            assert_eq!(skew(server, kubelet).0, state, "{server:?} {kubelet:?}");
        }
        assert_eq!(skew(minor(36), Version(1, 36, 9)).0, RowState::Fine, "patches are no skew");
    }

    #[test]
    fn versions_of_providers_are_read() {
        assert_eq!(Version::parse("v1.31.4-eks-aeac579"), Some(Version(1, 31, 4)));
        assert_eq!(Version::parse("v1.36.0+k3s1"), Some(Version(1, 36, 0)));
        assert_eq!(Version::parse("unknown"), None);
    }

    #[test]
    fn nodes_are_judged_as_soon_as_the_server_is_known() {
        let mut book = Book::new(ClusterId::new("c"), Box::<Versions>::default());
        let mut take = |kind: &str, object: Value| {
            book.take(&Arc::new(Gvk::new("", "v1", kind)), object.to_string().as_bytes(), 0).unwrap();
            book.changed().upserts
        };
        let node = |name: &str, version: &str| json!({"metadata": {"name": name, "uid": name}, "status": {"nodeInfo": {"kubeletVersion": version}}});
        take("Node", node("old", "v1.32.1"));
        take("Node", node("new", "v1.35.0"));
        let rows = take(SERVER, json!({"metadata": {"name": "c", "uid": "server"}, "gitVersion": "v1.36.0"}));
        assert_eq!(rows[&Uid::parse("old")].state, RowState::Bad);
        assert_eq!(rows[&Uid::parse("server")].cells[3].show(0), "kubelets from v1.32.1 to v1.35.0");
    }
}
