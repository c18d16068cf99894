//! Runs as they begin and end, whoever starts them: the folder they are kept in is watched. Nothing is polled.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{self, Receiver};

use crate::results::{Run, State, Store};

/// Whoever writes is given so long to finish it.
const SETTLE: Duration = Duration::from_millis(40);

/// What became of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// It has begun.
    Begun(Box<Run>),
    /// One that is minded is over.
    Ended(Box<Run>),
}

/// The runs that begin from now on. Dropping it ends the watching.
pub struct Watching {
    store: Store,
    known: HashSet<String>,
    /// Runs whose folder is watched too.
    minded: Vec<String>,
    seen: Receiver<()>,
    /// None where nothing can be watched: then there will never be news.
    watcher: Option<RecommendedWatcher>,
}

impl Watching {
    /// Begins to watch; what is there already is no news. Makes the folder of runs.
    pub fn of(store: &Store) -> Self {
        let (sender, seen) = mpsc::channel(1);
        let folder = store.folder("x").parent().map_or_else(PathBuf::new, PathBuf::from);
        let above = folder.clone();
        let told = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| event.paths.iter().any(|path| matters(&event.kind, path.parent() == Some(&above), path.file_name()))) {
                // One that waits already is enough.
                _ = sender.try_send(());
            }
        };
        let watcher = fs::create_dir_all(&folder).ok().and_then(|()| notify::recommended_watcher(told).ok());
        let watcher = watcher.and_then(|mut watcher| watcher.watch(&folder, RecursiveMode::NonRecursive).ok().map(|()| watcher));
        Self { store: store.clone(), known: store.ids().into_iter().collect(), minded: Vec::new(), seen, watcher }
    }

    /// Says later when that run is over, whose process cannot be spoken to.
    pub fn mind(&mut self, id: &str) {
        if let Some(watcher) = &mut self.watcher
            && watcher.watch(&self.store.folder(id), RecursiveMode::NonRecursive).is_ok()
        {
            self.minded.push(id.to_owned());
        }
    }

    /// Waits for the next of them; may be given up at any time without losing one.
    pub async fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.news() {
                return news;
            }
            if self.seen.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
            // That a file is closed is told a moment before its lock goes.
            tokio::time::sleep(SETTLE).await;
        }
    }

    /// What there is to be told now: a look at some names, and at the summaries of few runs.
    fn news(&mut self) -> Option<News> {
        let new: Vec<String> = self.store.ids().into_iter().filter(|id| !self.known.contains(id)).collect();
        for id in new {
            self.known.insert(id.clone());
            if let Some(run) = self.store.read(&id).ok().filter(|run| run.state == State::Running) {
                return Some(News::Begun(Box::new(run)));
            }
        }
        let over = |id: &String| self.store.read(id).ok().filter(|run| run.state != State::Running);
        let (at, run) = self.minded.iter().enumerate().find_map(|(at, id)| Some((at, over(id)?)))?;
        let id = self.minded.remove(at);
        if let Some(watcher) = &mut self.watcher {
            // One that is gone is not watched any more anyway.
            _ = watcher.unwatch(&self.store.folder(&id));
        }
        Some(News::Ended(Box::new(run)))
    }
}

/// In the folder of runs everything that comes; in that of a run its summary, and that its lines are closed, which is all that a killed program says.
fn matters(kind: &EventKind, among_runs: bool, name: Option<&OsStr>) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => name == Some(OsStr::new("samples.ndjson")),
        EventKind::Access(_) => false,
        _ => among_runs || name == Some(OsStr::new("run.json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::Plan;
    use crate::load::target::Target;
    use crate::results::Subject;

    fn run(id: &str) -> Run {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        Run::begin(id.into(), Subject::default(), &plan, jiff::Timestamp::UNIX_EPOCH)
    }

    async fn told(watching: &mut Watching) -> (bool, String, State) {
        match tokio::time::timeout(Duration::from_secs(30), watching.next()).await.unwrap() {
            News::Begun(run) => (true, run.id, run.state),
            News::Ended(run) => (false, run.id, run.state),
        }
    }

    #[tokio::test]
    async fn a_run_is_told_when_it_begins_and_when_it_ends_however_that_is() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        let mut watching = Watching::of(&store);
        let first = store.begin(&run("a")).unwrap();
        assert_eq!(told(&mut watching).await, (true, "a".into(), State::Running));
        watching.mind("a");
        let killed = store.begin(&run("b")).unwrap();
        assert_eq!(told(&mut watching).await, (true, "b".into(), State::Running));
        watching.mind("b");
        first.finish(&Run { state: State::Done, ..run("a") }).unwrap();
        assert_eq!(told(&mut watching).await, (false, "a".into(), State::Done));
        drop(killed);
        assert_eq!(told(&mut watching).await, (false, "b".into(), State::Interrupted));
        // What is there already is no news.
        drop(store.begin(&run("c")).unwrap());
        let mut later = Watching::of(&store);
        let _held = store.begin(&run("d")).unwrap();
        assert_eq!(told(&mut later).await.1, "d");
    }
}
