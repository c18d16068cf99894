//! Says when something changes among the person's own files, also when their folder comes into being only later.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{Instant, sleep_until};

/// Whoever writes a file is given so long to finish it.
const SETTLE: Duration = Duration::from_millis(40);

/// A folder that is watched, or the nearest one above it until it is there.
pub struct Changes {
    folder: PathBuf,
    seen: Receiver<()>,
    /// Ends the watching when it is dropped; none where nothing can be watched.
    watcher: Option<RecommendedWatcher>,
    /// What is watched now.
    watched: Option<PathBuf>,
    /// Something was seen; when it is told.
    due: Option<Instant>,
}

impl Changes {
    /// Begins to watch.
    pub fn of(folder: &Path) -> Self {
        let (sender, seen) = mpsc::channel(1);
        let told = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                // One that waits already is enough.
                _ = sender.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(told).ok();
        let mut changes = Self { folder: folder.to_owned(), seen, watcher, watched: None, due: None };
        changes.follow();
        changes
    }

    /// Waits for the next change; may be given up at any time without losing one.
    pub async fn next(&mut self) {
        if self.due.is_none() {
            if self.seen.recv().await.is_none() {
                // Nothing can be watched: there will never be news.
                std::future::pending::<()>().await;
            }
            self.due = Some(Instant::now() + SETTLE);
        }
        if let Some(due) = self.due {
            sleep_until(due).await;
        }
        self.due = None;
        self.follow();
    }

    /// Watches the folder, or the nearest above it that is there. What comes into being meanwhile is seen too.
    fn follow(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        loop {
            let Some(nearest) = self.folder.ancestors().find(|path| path.is_dir()) else { return };
            if self.watched.as_deref() == Some(nearest) {
                return;
            }
            if let Some(before) = self.watched.take() {
                // One that is gone is not watched any more anyway.
                _ = watcher.unwatch(&before);
            }
            if watcher.watch(nearest, RecursiveMode::NonRecursive).is_err() {
                return;
            }
            self.watched = Some(nearest.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(changes: &mut Changes) {
        tokio::time::timeout(Duration::from_secs(20), changes.next()).await.unwrap();
    }

    #[tokio::test]
    async fn a_folder_that_comes_later_is_watched_from_then_on() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("config/meshplay");
        let mut changes = Changes::of(&folder);
        assert_eq!(changes.watched.as_deref(), Some(above.path()));
        std::fs::create_dir_all(&folder).unwrap();
        while changes.watched.as_deref() != Some(&*folder) {
            told(&mut changes).await;
        }
        std::fs::write(folder.join("config.toml"), "").unwrap();
        told(&mut changes).await;
        // Taken away and made again, as a person who keeps settings in git does.
        std::fs::remove_dir_all(&folder).unwrap();
        while changes.watched.as_deref() == Some(&*folder) {
            told(&mut changes).await;
        }
        std::fs::create_dir_all(&folder).unwrap();
        while changes.watched.as_deref() != Some(&*folder) {
            told(&mut changes).await;
        }
    }
}
