//! `:images`: which image every container of every workload runs, and where another cluster runs another one.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;

use super::super::rows::{Cell, Delta, Row, RowState, Uid};
use super::super::table::Table;
use super::book::{Entry, FOREVER, Maker, Pen, Taken};
use super::object::{Container, Metadata, Template, tag};
use crate::names::ClusterId;

pub(super) const KINDS: &[&str] = &["deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch"];

pub(super) const COLUMNS: &[&str] = &["KIND", "CONTAINER", "VERSION", "ELSEWHERE", "IMAGE"];
const CONTAINER: usize = 1;
const ELSEWHERE: usize = 3;
const IMAGE: usize = 4;

/// Reads workloads: a row a container.
pub(super) struct Images;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Workload {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    template: Template,
    job_template: JobTemplate,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    template: Template,
}

impl Maker for Images {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, _: i64) -> Result<Taken, serde_json::Error> {
        let Workload { metadata, spec } = serde_json::from_slice(json)?;
        let entry = |container: &Container| {
            let cells = vec![
                Cell::Text(pen.gvk.kind.clone()),
                pen.cell(&container.name),
                pen.cell(&tag(&container.image)),
                Cell::Empty,
                pen.cell(&container.image),
            ];
            let row = pen.row(&metadata, RowState::Fine, cells);
            let uid = Uid::parse(&format!("{:x} {}", row.uid.0, container.name));
            Entry { row: Row { uid, ..row }, from: 0, until: FOREVER }
        };
        let pods = [spec.template.spec, spec.job_template.spec.template.spec];
        let entries = pods.iter().flat_map(|pod| pod.init_containers.iter().chain(&pod.containers)).map(entry).collect();
        Ok(Taken { object: metadata.object(), version: metadata.resource_version.clone(), pages: vec![(metadata.object(), entries)] })
    }
}

/// Rows of a table of images that have to say something else about other clusters than they do now.
pub fn differences(table: &Table) -> Vec<(ClusterId, Delta)> {
    let many = table.phases().len() > 1;
    let mut same: HashMap<(&str, &str, &str, &str), Vec<&Row>> = HashMap::new();
    for row in table.rows() {
        same.entry(key(row)).or_default().push(row);
    }
    let mut changed: HashMap<ClusterId, Vec<Row>> = HashMap::new();
    for row in table.rows() {
        let others = same.get(&key(row)).filter(|_| many).into_iter().flatten();
        let others = others.filter(|other| other.cluster != row.cluster && other.cells.get(IMAGE) != row.cells.get(IMAGE));
        let elsewhere: BTreeSet<String> = others.map(|other| elsewhere(row, other)).collect();
        let cell = if elsewhere.is_empty() { Cell::Empty } else { Cell::Text(Arc::from(elsewhere.into_iter().collect::<Vec<_>>().join(", "))) };
        if row.cells.get(ELSEWHERE).is_some_and(|now| *now != cell) {
            let mut row = row.clone();
            row.state = if cell == Cell::Empty { RowState::Fine } else { RowState::Warn };
            row.cells[ELSEWHERE] = cell;
            changed.entry(row.cluster.clone()).or_default().push(row);
        }
    }
    changed.into_iter().map(|(cluster, upserts)| (cluster, Delta { upserts, ..Delta::default() })).collect()
}

fn key(row: &Row) -> (&str, &str, &str, &str) {
    let container = match row.cells.get(CONTAINER) {
        Some(Cell::Text(name)) => name,
        _ => "",
    };
    (row.namespace.as_deref().unwrap_or_default(), &row.gvk.kind, &row.name, container)
}

/// `prod-us 1.4.1`; the whole image where its version is the same.
fn elsewhere(row: &Row, other: &Row) -> String {
    let text = |row: &Row, at: usize| row.cells.get(at).map(|cell| cell.show(0).into_owned()).unwrap_or_default();
    let version = text(other, 2);
    let told = if version == text(row, 2) { text(other, IMAGE) } else { version };
    format!("{} {told}", other.cluster)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::book::Book;
    use super::*;
    use crate::cluster::filter::Filter;
    use crate::cluster::rows::{Column, Phase};
    use crate::names::Gvk;

    fn read(cluster: &str, image: &str) -> Delta {
        let mut book = Book::new(ClusterId::new(cluster), Box::new(Images));
        let object = json!({"metadata": {"name": "web", "namespace": "shop", "uid": cluster}, "spec": {"template": {"spec": {
            "initContainers": [{"name": "init", "image": "shop/init:1"}], "containers": [{"name": "web", "image": image}]}}}});
        book.take(&Arc::new(Gvk::new("apps", "v1", "Deployment")), object.to_string().as_bytes(), 0).unwrap();
        let columns = COLUMNS.iter().map(|name| Column { name: (*name).into(), wide: false, right: false }).collect();
        Delta { columns: Some(columns), upserts: book.changed().upserts.into_values().collect(), phase: Some(Phase::Synced), ..Delta::default() }
    }

    fn settle(table: &mut Table) {
        for (cluster, delta) in differences(table) {
            table.apply(&cluster, delta);
        }
        assert!(differences(table).is_empty(), "told once");
    }

    fn differing(table: &mut Table) -> Vec<(String, String)> {
        table.set_filter(Filter::parse("is:differing").unwrap());
        let rows = (0..table.visible()).filter_map(|at| table.row(at));
        let mut all: Vec<_> = rows.map(|row| (row.cluster.to_string(), row.cells[ELSEWHERE].show(0).into_owned())).collect();
        table.set_filter(Filter::default());
        all.sort();
        all
    }

    #[test]
    fn a_container_differs_while_another_cluster_runs_another_image() {
        let mut table = Table::new();
        table.apply(&ClusterId::new("eu"), read("eu", "shop/web:1.4.2"));
        settle(&mut table);
        assert_eq!(differing(&mut table), []);
        table.apply(&ClusterId::new("us"), read("us", "shop/web:1.4.1"));
        settle(&mut table);
        let wanted = [("eu".to_owned(), "us 1.4.1".to_owned()), ("us".to_owned(), "eu 1.4.2".to_owned())];
        assert_eq!(differing(&mut table), wanted);
        table.apply(&ClusterId::new("us"), read("us", "shop/web:1.4.2"));
        settle(&mut table);
        assert_eq!(differing(&mut table), []);
    }

    #[test]
    fn the_same_version_of_another_repository_is_told_whole() {
        let mut table = Table::new();
        table.apply(&ClusterId::new("eu"), read("eu", "shop/web:1"));
        table.apply(&ClusterId::new("us"), read("us", "mirror/web:1"));
        settle(&mut table);
        assert_eq!(differing(&mut table)[0].1, "us mirror/web:1");
    }
}
