//! `:helm`: releases by their newest revision, and `:revisions`, every one of them. Watched are the labels that Helm gives the objects it keeps
//! them in, nothing else of them; what labels do not say is read once a revision, while the view is open.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::helm::{self, payload::state};
use super::super::rows::{Cell, Row, RowState, Uid};
use super::super::wire::Wire;
use super::book::{Entry, FOREVER, Maker, Page, Pen, Taken, Want};
use super::object::Metadata;
use crate::names::Gvk;

pub(super) const KINDS: &[&str] = &["secrets#?type=helm.sh/release.v1&owner=helm", "configmaps#?&owner=helm"];
pub(super) const COLUMNS: &[&str] = &[">REVISION", "STATUS", "CHART", "APP VERSION", "UPDATED", "MESSAGE"];
const STATUS: usize = 1;
const CHART: usize = 2;
const APP: usize = 3;
const UPDATED: usize = 4;
const MESSAGE: usize = 5;

/// What a payload said, as an object of a kind of its own.
const TOLD: &str = "HelmPayload";

/// Reads the labels of revisions.
#[derive(Default)]
pub(super) struct Releases {
    /// Every revision has a row.
    all: bool,
    /// Revisions by namespace and release, in order.
    known: HashMap<Name, BTreeMap<(i64, Uid), Revision>>,
    places: HashMap<Uid, (Name, i64)>,
}

/// Namespace and release.
type Name = (String, String);

struct Revision {
    row: Row,
    /// What is read for the rest; none: it was asked for.
    want: Option<Want>,
    /// The state of the object that the row tells of.
    version: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    metadata: Metadata,
    chart: String,
    app_version: String,
    message: String,
    status: String,
    first: i64,
    updated: i64,
    problem: String,
}

impl Maker for Releases {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, _: i64) -> Result<Taken, serde_json::Error> {
        let it: Object = serde_json::from_slice(json)?;
        let (object, version) = (it.metadata.object(), it.metadata.resource_version.clone());
        let name = if &*pen.gvk.kind == TOLD { self.told(&it, pen) } else { self.labelled(it.metadata, pen) };
        Ok(Taken { object, version, pages: name.and_then(|name| self.page(&name, object)).into_iter().collect() })
    }

    fn forget(&mut self, object: Uid, _: i64) -> Vec<Page> {
        let Some((name, number)) = self.places.remove(&object) else { return Vec::new() };
        if let Some(revisions) = self.known.get_mut(&name) {
            revisions.remove(&(number, object));
        }
        self.page(&name, object).into_iter().collect()
    }

    fn wants(&mut self) -> Vec<Want> {
        let all = self.all;
        let shown = self.known.values_mut().flat_map(|revisions| revisions.values_mut().rev().take(if all { usize::MAX } else { 1 }));
        shown.filter_map(|revision| revision.want.take()).collect()
    }
}

impl Releases {
    /// A row for every revision, not only for the newest of each release.
    pub(super) fn every_revision() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// A revision as its labels tell it; none: it is no revision.
    fn labelled(&mut self, metadata: Metadata, pen: &mut Pen<'_>) -> Option<Name> {
        let label = |name: &str| metadata.labels.get(name).cloned();
        let (release, number) = (label("name")?, label("version")?.parse::<i64>().ok()?);
        let (object, name) = (metadata.object(), (metadata.namespace.clone(), release.clone()));
        let revisions = self.known.entry(name.clone()).or_default();
        let status = label("status").unwrap_or_default();
        let mut cells = vec![Cell::Number(number), pen.cell(&status), Cell::Empty, Cell::Empty, Cell::Since(metadata.created()), Cell::Empty];
        // What was read of it stays until it is read again.
        if let Some(before) = revisions.get(&(number, object)) {
            cells[CHART..].clone_from_slice(&before.row.cells[CHART..]);
        }
        let (gvk, called) = if self.all { (helm::revision(), format!("{release}.v{number}")) } else { (helm::release(), release) };
        let plural = if &*pen.gvk.kind == "Secret" { "secrets" } else { "configmaps" };
        let want = Want {
            namespace: metadata.namespace.clone(),
            plural,
            name: metadata.name.clone(),
            uid: metadata.uid.clone(),
            version: metadata.resource_version.clone(),
        };
        let row = pen.row(&metadata, state(&status), cells);
        let row = Row { gvk: gvk.into(), name: crate::text::sanitise(&called).as_ref().into(), ..row };
        revisions.insert((number, object), Revision { row, want: Some(want), version: metadata.resource_version });
        self.places.insert(object, (name.clone(), number));
        Some(name)
    }

    /// The rest of it, unless it has changed since it was asked for.
    fn told(&mut self, it: &Object, pen: &mut Pen<'_>) -> Option<Name> {
        let object = it.metadata.object();
        let (name, number) = self.places.get(&object)?.clone();
        let revision = self.known.get_mut(&name)?.get_mut(&(number, object)).filter(|revision| revision.version == it.metadata.resource_version)?;
        let cells = &mut revision.row.cells;
        if !it.problem.is_empty() {
            cells[MESSAGE] = pen.cell(&it.problem);
            revision.row.state = revision.row.state.max(RowState::Unknown);
            return Some(name);
        }
        (cells[CHART], cells[APP], cells[MESSAGE]) = (pen.cell(&it.chart), pen.cell(&it.app_version), pen.cell(&it.message));
        if it.updated > 0 {
            cells[UPDATED] = Cell::Since(it.updated);
        }
        if cells[STATUS] == Cell::Empty {
            cells[STATUS] = pen.cell(&it.status);
            revision.row.state = state(&it.status);
        }
        if it.first > 0 && !self.all {
            revision.row.created = it.first;
        }
        Some(name)
    }

    /// The row of a revision, or that of its release.
    fn page(&mut self, name: &Name, object: Uid) -> Option<Page> {
        let entry = |row: Row| Entry { row, from: 0, until: FOREVER };
        let revisions = self.known.get(name)?;
        if self.all {
            let own = revisions.iter().find(|((_, uid), _)| *uid == object).map(|(_, revision)| entry(revision.row.clone()));
            return Some((object, own.into_iter().collect()));
        }
        let uid = Uid::parse(&format!("release {}/{}", name.0, name.1));
        let oldest = revisions.values().map(|revision| revision.row.created).min().unwrap_or_default();
        let newest = revisions.values().next_back().map(|revision| entry(Row { uid, created: oldest, ..revision.row.clone() }));
        if newest.is_none() {
            self.known.remove(name);
        }
        Some((uid, newest.into_iter().collect()))
    }
}

/// What the payload of a revision says.
pub(super) async fn told(wire: &Wire, want: Want) -> (Arc<Gvk>, Value) {
    let mut object = helm::told(wire, &want.namespace, want.plural, &want.name).await;
    object["metadata"] = json!({"uid": want.uid, "resourceVersion": want.version});
    (Arc::new(Gvk::new("", "v1", TOLD)), object)
}

#[cfg(test)]
mod tests {
    use super::super::book::Book;
    use super::*;
    use crate::names::ClusterId;

    fn book(all: bool) -> Book {
        Book::new(ClusterId::new("c"), Box::new(Releases { all, ..Releases::default() }))
    }

    /// The labels Helm 3 gives to a revision.
    fn labelled(number: i64, status: &str, version: &str) -> Value {
        json!({"metadata": {"name": format!("sh.helm.release.v1.db.v{number}"), "namespace": "shop", "uid": format!("u{number}"), "resourceVersion": version,
            "labels": {"owner": "helm", "name": "db", "status": status, "version": number.to_string(), "modifiedAt": "1"}}})
    }

    fn take(book: &mut Book, kind: &str, object: &Value) -> Vec<Row> {
        book.take(&Arc::new(Gvk::new("", "v1", kind)), object.to_string().as_bytes(), 0).unwrap();
        book.changed().upserts.into_values().collect()
    }

    fn shown(row: &Row) -> String {
        row.cells.iter().map(|cell| cell.show(0).into_owned()).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_release_is_its_newest_revision_in_whatever_order_they_come() {
        let mut book = book(false);
        for number in [1, 10, 2] {
            take(&mut book, "Secret", &labelled(number, if number == 10 { "deployed" } else { "superseded" }, "1"));
        }
        assert_eq!(book.wants().into_iter().map(|want| want.name).collect::<Vec<_>>(), ["sh.helm.release.v1.db.v10"]);
        let told = json!({"metadata": {"uid": "u10", "resourceVersion": "1"}, "chart": "postgres-16.4.2", "appVersion": "17.2", "message": "Upgrade complete"});
        let rows = take(&mut book, TOLD, &told);
        assert_eq!((rows.len(), &*rows[0].name, shown(&rows[0]).as_str()), (1, "db", "10 deployed postgres-16.4.2 17.2 Upgrade complete"));
        // Its deletion leaves the one before, and the last one's takes the row away.
        for number in [10, 2, 1] {
            book.forget(Uid::parse(&format!("u{number}")), 0);
        }
        assert!(book.changed().removed.contains(&rows[0].uid));
    }

    #[test]
    fn what_was_read_of_another_state_is_not_told_and_a_payload_that_is_none_says_so() {
        let mut book = book(true);
        take(&mut book, "Secret", &labelled(1, "pending-install", "1"));
        assert_eq!(book.wants().len(), 1);
        take(&mut book, "Secret", &labelled(1, "deployed", "2"));
        let told = |version: &str| json!({"metadata": {"uid": "u1", "resourceVersion": version}, "problem": "it is no base64"});
        assert!(take(&mut book, TOLD, &told("1")).is_empty());
        let rows = take(&mut book, TOLD, &told("2"));
        assert_eq!((rows[0].state, &*rows[0].name, shown(&rows[0]).as_str()), (RowState::Unknown, "db.v1", "1 deployed it is no base64"));
        assert_eq!(book.wants().len(), 1, "it is read again as it is now");
    }
}
