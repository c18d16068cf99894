//! The book of one mixed view of one cluster: what its objects contribute to the table now. Objects that have nothing to say are not kept; what becomes
//! true or stops being true by the passing of time alone is written in and struck out by the clock, without asking the server.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::super::connection::unix_now;
use super::super::decode::Interner;
use super::super::rows::{Cell, Row, RowState, Uid};
use super::object::Metadata;
use crate::names::{ClusterId, Gvk};
use crate::text::sanitise;

/// Reads the objects of one view.
pub(in crate::cluster) trait Maker: Send {
    /// What an object contributes as it is now, and what that changes about others.
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, now: i64) -> Result<Taken, serde_json::Error>;

    /// It is gone, or was found to be gone at the moment `now`: what that changes about others.
    fn forget(&mut self, _object: Uid, _now: i64) -> Vec<Page> {
        Vec::new()
    }

    /// What has to be read closer than a watch does, each once.
    fn wants(&mut self) -> Vec<Want> {
        Vec::new()
    }
}

/// An object that is read closer.
#[derive(Debug)]
pub(in crate::cluster) struct Want {
    pub(super) namespace: String,
    pub(super) plural: &'static str,
    pub(super) name: String,
    pub(super) uid: String,
    /// Its resourceVersion when it was wanted.
    pub(super) version: String,
}

/// One object that was read.
pub(in crate::cluster) struct Taken {
    pub(in crate::cluster) object: Uid,
    /// Its resourceVersion.
    pub(in crate::cluster) version: String,
    pub(super) pages: Vec<Page>,
}

/// Everything one object contributes: it replaces what was there before.
pub(in crate::cluster) type Page = (Uid, Vec<Entry>);

/// A row and the time it stands in.
#[derive(Clone)]
pub(in crate::cluster) struct Entry {
    pub(super) row: Row,
    /// It is shown from this moment on, unix seconds.
    pub(super) from: i64,
    /// And until this one.
    pub(super) until: i64,
}

/// An entry that stands until it is replaced.
pub(super) const FOREVER: i64 = i64::MAX;

/// Writes rows of one kind.
pub(in crate::cluster) struct Pen<'a> {
    pub(super) cluster: &'a ClusterId,
    pub(super) gvk: &'a Arc<Gvk>,
    pub(super) words: &'a mut Interner,
}

impl Pen<'_> {
    /// A row of an object.
    pub(super) fn row(&mut self, meta: &Metadata, state: RowState, cells: Vec<Cell>) -> Row {
        Row {
            uid: meta.object(),
            cluster: self.cluster.clone(),
            gvk: self.gvk.clone(),
            namespace: (!meta.namespace.is_empty()).then(|| self.words.word(&meta.namespace)),
            name: sanitise(&meta.name).as_ref().into(),
            created: meta.created(),
            state,
            cells: cells.into(),
            labels: self.words.labels(&meta.labels),
            owner: meta.controller().map(|owner| Uid::parse(&owner.uid)),
        }
    }

    /// A word as a cell.
    pub(super) fn cell(&mut self, text: &str) -> Cell {
        self.words.cell(text)
    }
}

/// What the objects of one view contribute.
pub(in crate::cluster) struct Book {
    cluster: ClusterId,
    maker: Box<dyn Maker>,
    words: Interner,
    /// The rows of each object that has any.
    pages: HashMap<Uid, Vec<Uid>>,
    /// Rows that wait for their time, or for its end.
    timed: HashMap<Uid, Entry>,
    due: BTreeSet<(i64, Uid)>,
    changed: Changed,
    woken: Arc<Notify>,
    /// Who reads what is wanted; none: nobody does.
    reader: Option<Arc<Notify>>,
}

/// What has not been handed over yet.
#[derive(Default)]
pub(in crate::cluster) struct Changed {
    pub(in crate::cluster) upserts: HashMap<Uid, Row>,
    pub(in crate::cluster) removed: HashSet<Uid>,
}

impl Book {
    pub(in crate::cluster) fn new(cluster: ClusterId, maker: Box<dyn Maker>) -> Self {
        Self {
            cluster,
            maker,
            words: Interner::default(),
            pages: HashMap::new(),
            timed: HashMap::new(),
            due: BTreeSet::new(),
            changed: Changed::default(),
            woken: Arc::default(),
            reader: None,
        }
    }

    /// Reads an object.
    pub(in crate::cluster) fn take(&mut self, gvk: &Arc<Gvk>, json: &[u8], now: i64) -> Result<(Uid, String), serde_json::Error> {
        let mut pen = Pen { cluster: &self.cluster, gvk, words: &mut self.words };
        let Taken { object, version, pages } = self.maker.take(json, &mut pen, now)?;
        pages.into_iter().for_each(|page| self.turn(page, now));
        self.call_reader();
        Ok((object, version))
    }

    /// An object is gone.
    pub(in crate::cluster) fn forget(&mut self, object: Uid, now: i64) {
        self.turn((object, Vec::new()), now);
        let pages = self.maker.forget(object, now);
        pages.into_iter().for_each(|page| self.turn(page, now));
        self.call_reader();
    }

    /// Says from now on when something may be wanted.
    pub(in crate::cluster) fn wanted(&mut self) -> Arc<Notify> {
        let reader = self.reader.get_or_insert_default().clone();
        reader.notify_one();
        reader
    }

    /// What is wanted now, each once.
    pub(in crate::cluster) fn wants(&mut self) -> Vec<Want> {
        self.maker.wants()
    }

    /// Something may be wanted, or all that can be wanted is known.
    pub(in crate::cluster) fn call_reader(&self) {
        if let Some(reader) = &self.reader {
            reader.notify_one();
        }
    }

    /// What is to be handed over.
    pub(in crate::cluster) fn changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    fn turn(&mut self, (object, entries): Page, now: i64) {
        let before = self.pages.remove(&object).unwrap_or_default();
        let rows: Vec<Uid> = entries.iter().map(|entry| entry.row.uid).collect();
        before.iter().filter(|uid| !rows.contains(uid)).for_each(|uid| self.strike(*uid));
        for entry in entries {
            self.unmark(entry.row.uid);
            self.write(entry, now);
        }
        if !rows.is_empty() {
            self.pages.insert(object, rows);
        }
    }

    /// Shows an entry whose time it is, and remembers when that begins or ends.
    fn write(&mut self, entry: Entry, now: i64) {
        let uid = entry.row.uid;
        if entry.until <= now {
            return self.strike(uid);
        }
        let next = if entry.from > now { entry.from } else { entry.until };
        if entry.from > now {
            self.strike(uid);
        } else {
            self.changed.removed.remove(&uid);
            self.changed.upserts.insert(uid, entry.row.clone());
        }
        if next < FOREVER {
            self.due.insert((next, uid));
            self.timed.insert(uid, entry);
            self.woken.notify_one();
        }
    }

    fn strike(&mut self, uid: Uid) {
        self.unmark(uid);
        self.changed.upserts.remove(&uid);
        self.changed.removed.insert(uid);
    }

    fn unmark(&mut self, uid: Uid) {
        if let Some(entry) = self.timed.remove(&uid) {
            self.due.remove(&(entry.from, uid));
            self.due.remove(&(entry.until, uid));
        }
    }

    /// Does what the time has brought.
    fn ripen(&mut self, now: i64) {
        while let Some((at, uid)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, uid));
            if let Some(entry) = self.timed.remove(&uid) {
                self.write(entry, now);
            }
        }
    }
}

/// Lets the time pass in a book; `tell` hands over what that changed. Ends with its task.
pub(in crate::cluster) async fn clock(book: Arc<Mutex<Book>>, tell: impl Fn(Changed)) {
    let open = |book: &Mutex<Book>| {
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        book.ripen(unix_now());
        let next = book.due.first().map(|(at, _)| *at);
        (book.changed(), next, book.woken.clone())
    };
    loop {
        let (changed, next, woken) = open(&book);
        tell(changed);
        // At least a second: moments are whole ones.
        let wait = next.map(|at| Duration::from_secs(u64::try_from(at - unix_now()).unwrap_or(0).max(1)));
        tokio::select! {
            () = woken.notified() => {}
            () = async { match wait { Some(wait) => tokio::time::sleep(wait).await, None => std::future::pending().await } } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Objects are `{"uid": …, "from": …, "until": …}`; without times they have nothing to say.
    struct Plain;

    impl Maker for Plain {
        fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, _: i64) -> Result<Taken, serde_json::Error> {
            let object: serde_json::Value = serde_json::from_slice(json)?;
            let meta = Metadata { uid: object["uid"].as_str().unwrap_or_default().into(), ..Metadata::default() };
            let row = pen.row(&meta, RowState::Warn, Vec::new());
            let entry = |from| Entry { row, from, until: object["until"].as_i64().unwrap_or(FOREVER) };
            let entries = object["from"].as_i64().map(entry).into_iter().collect();
            Ok(Taken { object: meta.object(), version: String::new(), pages: vec![(meta.object(), entries)] })
        }
    }

    fn book() -> (Book, Arc<Gvk>) {
        (Book::new(ClusterId::new("c"), Box::new(Plain)), Arc::new(Gvk::new("", "v1", "Pod")))
    }

    fn shown(book: &mut Book) -> (usize, usize) {
        let Changed { upserts, removed } = book.changed();
        (upserts.len(), removed.len())
    }

    #[test]
    fn a_row_stands_only_in_its_time() {
        let (mut book, gvk) = book();
        book.take(&gvk, br#"{"uid":"a","from":10,"until":20}"#, 5).unwrap();
        assert_eq!(shown(&mut book).0, 0);
        book.ripen(10);
        assert_eq!(shown(&mut book), (1, 0));
        book.ripen(19);
        assert_eq!(shown(&mut book), (0, 0));
        book.ripen(20);
        assert_eq!(shown(&mut book), (0, 1));
        assert!(book.due.is_empty() && book.timed.is_empty());
    }

    #[test]
    fn an_object_that_recovers_loses_its_row_and_what_waited_for_it() {
        let (mut book, gvk) = book();
        book.take(&gvk, br#"{"uid":"a","from":1}"#, 5).unwrap();
        book.take(&gvk, br#"{"uid":"b","from":50}"#, 5).unwrap();
        book.changed();
        book.take(&gvk, br#"{"uid":"a"}"#, 6).unwrap();
        book.take(&gvk, br#"{"uid":"b"}"#, 6).unwrap();
        book.ripen(60);
        let Changed { upserts, removed } = book.changed();
        assert!(upserts.is_empty() && removed.contains(&Uid::parse("a")));
        assert!(book.pages.is_empty() && book.due.is_empty());
    }
}
