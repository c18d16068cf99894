//! From JSON to rows. Only the fields a row needs are decoded, while parsing; every text passes the sanitiser here and nowhere later.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;

use super::connection::unix_now;
use super::kinds::Kind;
use super::path::{self, Step, UserColumn};
use super::rows::{Cell, Column, Row, RowState, Uid};
use super::views::Book;
use super::wire::JSON;
use crate::names::{ClusterId, Gvk};
use crate::text::sanitise;

mod ask;
mod bare;
mod event;
mod node;
mod pod;
mod service;
mod state;
pub(super) mod status;
mod table;
mod workload;

use self::state::state_of_word;

/// How the objects of a kind become rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Slim objects with columns of our own.
    Own(Own),
    /// What the book of a mixed view makes of them, with these columns.
    Book(&'static [&'static str]),
    /// The same of objects whose metadata alone is asked for.
    Metadata(&'static [&'static str]),
    /// The server's own table, for every other kind.
    Table,
}

/// Kinds with columns of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    Pods,
    Deployments,
    Services,
    Nodes,
    Events,
    /// Any controller of pods, in the mixed view.
    Workloads,
    /// Any kind at all, as far as one can tell without knowing it: for those who look at whole objects.
    Bare,
}

/// Without another form behind it: what a Secret holds is not to be sent instead.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
pub(super) const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

impl Shape {
    pub(super) fn of(kind: &Kind) -> Self {
        match (&*kind.gvk.group, kind.plural.as_str()) {
            ("", "pods") => Self::Own(Own::Pods),
            ("apps", "deployments") => Self::Own(Own::Deployments),
            ("", "services") => Self::Own(Own::Services),
            ("", "nodes") => Self::Own(Own::Nodes),
            ("", "events") => Self::Own(Own::Events),
            _ => Self::Table,
        }
    }

    /// How whole objects of a kind are read: never as a Table.
    pub(super) fn whole(kind: &Kind) -> Self {
        match Self::of(kind) {
            Self::Table => Self::Own(Own::Bare),
            own => own,
        }
    }

    pub(super) fn accept(self) -> &'static str {
        match self {
            Self::Table => TABLE,
            Self::Metadata(_) => METADATA,
            Self::Own(_) | Self::Book(_) => JSON,
        }
    }

    /// The same for a list that is answered whole.
    pub(super) fn accept_list(self) -> &'static str {
        if matches!(self, Self::Metadata(_)) { METADATA_LIST } else { self.accept() }
    }

    /// The columns, where they are known before the server answers. A trailing `+` marks the wide view, a leading `>` the right edge.
    pub(super) fn columns(self) -> Option<Arc<[Column]>> {
        let names: &[&str] = match self {
            Self::Table => return None,
            Self::Book(columns) | Self::Metadata(columns) => columns,
            Self::Own(Own::Pods) => &[
                ">READY",
                "STATUS",
                "RESTARTS",
                "LAST",
                "NODE+",
                "IP+",
                "NOMINATED NODE+",
                ">READINESS GATES+",
                ">CPU+",
                ">%CPU/L+",
                ">MEM+",
                ">%MEM/L+",
                ">%CPU/R+",
                ">%MEM/R+",
            ],
            Self::Own(Own::Deployments) => &[">READY", "STATUS", ">UP-TO-DATE", ">AVAILABLE", "CONTAINERS+", "IMAGES+", "SELECTOR+"],
            Self::Own(Own::Services) => &["TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "SELECTOR+"],
            Self::Own(Own::Nodes) => &[
                "STATUS",
                "ROLES",
                "VERSION",
                ">PODS+",
                "INTERNAL-IP+",
                "EXTERNAL-IP+",
                "OS-IMAGE+",
                "KERNEL-VERSION+",
                "CONTAINER-RUNTIME+",
                ">CPU+",
                ">%CPU+",
                ">MEM+",
                ">%MEM+",
            ],
            Self::Own(Own::Events) => &["LAST", "TYPE", "REASON", "OBJECT", ">COUNT", "MESSAGE", "SUBOBJECT+", "SOURCE+", "FIRST SEEN+"],
            Self::Own(Own::Workloads) => &["KIND", ">READY", "STATUS", "IMAGES+"],
            Self::Own(Own::Bare) => &[">READY", "STATUS"],
        };
        Some(names.iter().map(|name| column(name)).collect())
    }
}

fn column(spelling: &str) -> Column {
    let name = spelling.trim_start_matches('>').trim_end_matches('+');
    Column { name: name.into(), wide: spelling.ends_with('+'), right: spelling.starts_with('>') }
}

/// Decodes the objects of one kind of one cluster.
pub(super) struct Decoder {
    shape: Shape,
    cluster: ClusterId,
    gvk: Arc<Gvk>,
    words: Interner,
    /// Uses are measured there, so that they get cells.
    measured: bool,
    /// Column definitions of the last Table that carried some.
    layout: table::Layout,
    /// The resourceVersion of the last object; a Table has none of its own.
    version: String,
    /// Who looks at every whole object before its row is handed over.
    look: Option<Look>,
    /// Unix seconds: a Table tells ages where moments are meant.
    now: i64,
    /// Columns of the person's own, with the ways to their values.
    own: Vec<(UserColumn, Vec<Step>)>,
    /// Where a mixed view's objects are written down.
    book: Option<Arc<Mutex<Book>>>,
}

/// Takes a whole object as it comes. What is in it is sanitised; the values of Secrets and ConfigMaps are taken out, their keys are left.
pub type Look = Arc<dyn Fn(Uid, Value) + Send + Sync>;

impl Decoder {
    pub(super) fn new(shape: Shape, cluster: ClusterId, gvk: Arc<Gvk>) -> Self {
        let (words, layout) = (Interner::default(), table::Layout::default());
        Self { shape, cluster, gvk, words, layout, measured: false, version: String::new(), look: None, now: 0, own: Vec::new(), book: None }
    }

    /// Shows every whole object to somebody from now on.
    pub(super) fn shown_to(self, look: Option<Look>) -> Self {
        Self { look, ..self }
    }

    /// Gives rows the cells of uses, or does not.
    pub(super) fn measured(self, measured: bool) -> Self {
        Self { measured, ..self }
    }

    /// The same with columns of the person's own behind the others.
    pub(super) fn with(self, columns: &[UserColumn]) -> Self {
        Self { own: columns.iter().map(|column| (column.clone(), column.steps())).collect(), ..self }
    }

    /// The same, with the book its objects are written into.
    pub(super) fn writing(self, book: Option<Arc<Mutex<Book>>>) -> Self {
        Self { book, ..self }
    }

    /// It is that moment now, in unix seconds.
    pub(super) fn at(&mut self, now: i64) {
        self.now = now;
    }

    /// Rows of one object, or of one Table with any number of rows. Columns are answered when they are new.
    pub(super) fn rows(&mut self, json: &[u8], out: &mut Vec<Row>) -> Result<Option<Arc<[Column]>>, serde_json::Error> {
        match self.shape {
            Shape::Table => return self.table(json, out),
            Shape::Book(_) | Shape::Metadata(_) => self.booked(json, out)?,
            Shape::Own(Own::Pods) => self.own::<pod::Pod>(json, out)?,
            Shape::Own(Own::Deployments) => self.own::<workload::Deployment>(json, out)?,
            Shape::Own(Own::Workloads) => self.own::<workload::Workload>(json, out)?,
            Shape::Own(Own::Services) => self.own::<service::Service>(json, out)?,
            Shape::Own(Own::Nodes) => self.own::<node::Node>(json, out)?,
            Shape::Own(Own::Events) => self.own::<event::Event>(json, out)?,
            Shape::Own(Own::Bare) => self.own::<bare::Bare>(json, out)?,
        }
        Ok(None)
    }

    /// The resourceVersion of the object decoded last; empty where there was none.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Reads the beginning of the server's own Table, up to its rows; what it defines is answered. None: what came is no Table.
    pub(super) fn glance(&mut self, head: &[u8]) -> Option<Arc<[Column]>> {
        let whole = [head, b"]}"].concat();
        self.table(&whole, &mut Vec::new()).ok()?
    }

    /// A row of that Table in the columns of this kind: what the Table does not say stays empty until the object comes.
    /// `now` in unix seconds, because a Table tells ages, not moments.
    pub(super) fn glanced(&mut self, json: &[u8], columns: &[Column], now: i64) -> Result<Row, serde_json::Error> {
        Ok(pod::printed(self.table_row(json)?, columns, now))
    }

    /// Writes an object into the book; the row says only that there is one.
    fn booked(&mut self, json: &[u8], out: &mut Vec<Row>) -> Result<(), serde_json::Error> {
        let Some(book) = &self.book else { return Ok(()) };
        let (uid, version) = book.lock().unwrap_or_else(PoisonError::into_inner).take(&self.gvk, json, unix_now())?;
        self.version = version;
        let row = self.row(&Meta::default(), RowState::Fine, Vec::new());
        out.push(Row { uid, ..row });
        Ok(())
    }

    fn own<'a, T: Deserialize<'a> + Cells>(&mut self, json: &'a [u8], out: &mut Vec<Row>) -> Result<(), serde_json::Error> {
        // Two passes that skip most bytes beat one that has to buffer what it does not know yet.
        let Head { mut metadata } = serde_json::from_slice(json)?;
        self.version = std::mem::take(&mut metadata.resource_version);
        let object: T = serde_json::from_slice(json)?;
        if object.hidden(&metadata) {
            return Ok(());
        }
        let (state, mut cells) = object.cells(&metadata, &self.gvk, &mut self.words);
        // The person's own columns stand behind those of uses.
        if self.measured || !self.own.is_empty() {
            cells.extend(object.gauges());
        }
        cells.extend(self.chosen(json)?);
        let row = self.row(&metadata, state, cells);
        if let Some(look) = &self.look {
            look(row.uid, bare::shown(json, &self.gvk)?);
        }
        out.push(row);
        Ok(())
    }

    /// The cells of the person's own columns: only for them is a whole object read.
    fn chosen(&mut self, json: &[u8]) -> Result<Vec<Cell>, serde_json::Error> {
        if self.own.is_empty() {
            return Ok(Vec::new());
        }
        let mut object: serde_json::Value = serde_json::from_slice(json)?;
        if &*self.gvk.kind == "Secret" {
            path::mask(&mut object);
        }
        let (words, now) = (&mut self.words, self.now);
        Ok(self.own.iter().map(|(column, steps)| table::read(&path::value(&object, steps), &column.name, now, words)).collect())
    }

    /// The columns of the person's own, as a table has them.
    fn own_columns(&self) -> impl Iterator<Item = Column> {
        self.own.iter().map(|(user, _)| Column { name: user.name.as_str().into(), wide: false, right: false })
    }

    /// All columns, where they are known before the server answers.
    pub(super) fn columns(&self) -> Option<Arc<[Column]>> {
        self.shape.columns().map(|columns| columns.iter().cloned().chain(self.own_columns()).collect())
    }

    fn row(&mut self, meta: &Meta, state: RowState, cells: Vec<Cell>) -> Row {
        Row {
            uid: Uid::parse(if meta.uid.is_empty() { &meta.name } else { &meta.uid }),
            cluster: self.cluster.clone(),
            gvk: self.gvk.clone(),
            namespace: (!meta.namespace.is_empty()).then(|| self.words.word(&meta.namespace)),
            name: sanitise(&meta.name).as_ref().into(),
            created: unix(&meta.creation_timestamp),
            state,
            cells: cells.into(),
            labels: self.words.labels(&meta.labels),
            owner: meta.owner(),
        }
    }
}

/// What every object has.
#[derive(Deserialize)]
pub(super) struct Head {
    #[serde(default)]
    pub(super) metadata: Meta,
}

/// `ObjectMeta`, as far as rows need it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) creation_timestamp: Option<String>,
    pub(super) deletion_timestamp: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    owner_references: Vec<Owner>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owner {
    uid: String,
    controller: bool,
}

impl Meta {
    /// The controller, as `metav1.GetControllerOf` finds it.
    fn owner(&self) -> Option<Uid> {
        self.owner_references.iter().find(|owner| owner.controller).map(|owner| Uid::parse(&owner.uid))
    }
}

/// What a kind shows.
trait Cells {
    fn cells(&self, meta: &Meta, gvk: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>);

    /// Cells for what it uses, not measured yet; the last columns.
    fn gauges(&self) -> Vec<Cell> {
        Vec::new()
    }

    /// The view leaves it out: something else in the view stands for it.
    fn hidden(&self, _meta: &Meta) -> bool {
        false
    }
}

/// Unix seconds of an RFC 3339 time; 0 when there is none.
fn unix(time: &Option<String>) -> i64 {
    time.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok()).map_or(0, jiff::Timestamp::as_second)
}

/// Words that come again and again are kept once; those that no row holds any more are forgotten.
#[derive(Default)]
pub(super) struct Interner {
    words: HashSet<Arc<str>>,
    lists: HashSet<Arc<[Arc<str>]>>,
    /// At so many words it is looked for those that nobody holds.
    sweep_at: usize,
}

/// Fewer words than this are never looked through.
const FEW: usize = 4_096;

impl Interner {
    pub(super) fn word(&mut self, text: &str) -> Arc<str> {
        let clean = sanitise(text);
        match self.words.get(clean.as_ref()) {
            Some(word) => word.clone(),
            None => {
                let word: Arc<str> = clean.as_ref().into();
                self.sweep();
                self.words.insert(word.clone());
                word
            }
        }
    }

    /// A watch may live for weeks and see a new message every second. Looking only when the words have doubled costs each word a constant.
    fn sweep(&mut self) {
        if self.words.len() < self.sweep_at.max(FEW) {
            return;
        }
        self.lists.retain(|list| Arc::strong_count(list) > 1);
        self.words.retain(|word| Arc::strong_count(word) > 1);
        self.sweep_at = self.words.len() * 2;
    }

    pub(super) fn cell(&mut self, text: &str) -> Cell {
        if text.is_empty() { Cell::Empty } else { Cell::Text(self.word(text)) }
    }

    /// A word that hardly any other row has: it is not looked for among the others.
    fn rare(text: &str) -> Cell {
        if text.is_empty() { Cell::Empty } else { Cell::Text(sanitise(text).as_ref().into()) }
    }

    pub(super) fn labels(&mut self, labels: &BTreeMap<String, String>) -> Arc<[Arc<str>]> {
        let list: Vec<Arc<str>> = labels.iter().map(|(key, value)| self.word(&format!("{key}={value}"))).collect();
        match self.lists.get(list.as_slice()) {
            Some(known) => known.clone(),
            None => {
                let list: Arc<[Arc<str>]> = list.into();
                self.lists.insert(list.clone());
                list
            }
        }
    }
}

/// A condition of a status.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: String,
}

/// The condition of that name, as the API machinery looks conditions up.
fn condition<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_nobody_holds_are_forgotten() {
        let mut words = Interner::default();
        let kept = words.word("kept");
        for at in 0..100_000 {
            words.labels(&BTreeMap::from([("at".to_owned(), at.to_string())]));
        }
        assert!(words.words.len() <= 2 * FEW && words.lists.len() <= 2 * FEW, "{} {}", words.words.len(), words.lists.len());
        assert!(Arc::ptr_eq(&kept, &words.word("kept")));
    }
}
