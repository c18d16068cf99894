//! What is written down before a target is changed, so that it can be put back by whoever comes after a program that was killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::{ObjectKey, Problem};
use crate::text::sanitise;

/// The folder of journals, in the one for what is remembered between starts.
pub const FOLDER: &str = "permutations";

/// What leads back to the former state of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The permutations that changed it.
    pub matrix: String,
    /// The object, with its uid.
    pub key: ObjectKey,
    /// The merge patch that puts it back.
    pub undo: Value,
    /// When it was changed.
    pub since: Timestamp,
}

/// The journal of one object; nobody else measures it meanwhile.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    _lock: File,
}

/// What a killed program left.
#[derive(Debug)]
pub struct Left {
    /// What leads back.
    pub entry: Entry,
    journal: Journal,
}

impl Journal {
    /// The journal of that object in a folder.
    ///
    /// # Errors
    /// Somebody measures the object now, or the folder cannot be written: then nothing must be changed.
    pub fn open(folder: &Path, key: &ObjectKey) -> Result<Self, Problem> {
        let name: String = key.to_string().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = folder.join(format!("{}.json", name.get(..name.len().min(200)).unwrap_or_default()));
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        Self::lock(path)?.ok_or_else(|| {
            Problem::new("perf.busy", format!("{key} is being measured"), "other permutations change it now").hint("wait for their end")
        })
    }

    fn lock(path: PathBuf) -> Result<Option<Self>, Problem> {
        let lock = path.with_extension("lock");
        let file = OpenOptions::new().create(true).append(true).open(&lock).map_err(|error| unwritable(&lock, &error))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            // A file system without locks keeps journals as well.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(Self { path, _lock: file })),
        }
    }

    /// What was left in it.
    pub fn left(&self) -> Option<Entry> {
        serde_json::from_slice(&fs::read(&self.path).ok()?).ok()
    }

    /// Writes it whole, and waits until it is on the disk.
    ///
    /// # Errors
    /// What the disk says: then nothing must be changed.
    pub fn write(&self, entry: &Entry) -> Result<(), Problem> {
        let half = self.path.with_extension("new");
        let written = || -> io::Result<()> {
            // A specification may hold what gives access: nobody else reads it.
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
            file.write_all(&serde_json::to_vec_pretty(entry)?)?;
            file.sync_all()?;
            fs::rename(&half, &self.path)?;
            self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        written().map_err(|error| unwritable(&self.path, &error))
    }

    /// Nothing has to be put back any more.
    ///
    /// # Errors
    /// What the disk says.
    pub fn clear(&self) -> Result<(), Problem> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(&self.path, &error)),
            _ => Ok(()),
        }
    }
}

impl Left {
    /// Its journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }
}

/// What killed programs left in a folder, oldest first.
pub fn left(folder: &Path) -> Vec<Left> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let paths = entries.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let mut all: Vec<Left> = paths
        .filter_map(|path| {
            let journal = Journal::lock(path).ok().flatten()?;
            let entry = journal.left()?;
            Some(Left { entry, journal })
        })
        .collect();
    all.sort_by_key(|left| left.entry.since);
    all
}

/// What to say of that at a start.
pub fn complaint(left: &Entry) -> Problem {
    let what = format!("{} is not as it was", left.key);
    let why = format!("the permutations {} changed it at {} and were cut off", sanitise(&left.matrix), left.since.strftime("%Y-%m-%d %H:%M:%SZ"));
    Problem::new("perf.left", what, why).hint("`meshplay perf permute --recover` puts it back")
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    let what = format!("{} cannot be written", sanitise(&path.display().to_string()));
    Problem::new("perf.journal", what, error.to_string())
        .hint("without it a change could not be put back, so nothing is changed; free or mend that place")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::names::{ClusterId, Gvk};

    fn key() -> ObjectKey {
        let gvk = Arc::new(Gvk::new("apps", "v1", "Deployment"));
        ObjectKey { cluster: ClusterId::new("lab"), gvk, namespace: Some("shop".into()), name: "web".into(), uid: "u-1".into() }
    }

    #[test]
    fn a_journal_is_found_by_the_next_program_but_not_while_its_own_lives() {
        let folder = tempfile::tempdir().unwrap();
        let entry = Entry { matrix: "m".into(), key: key(), undo: serde_json::json!({"spec": {"replicas": 3}}), since: Timestamp::UNIX_EPOCH };
        let journal = Journal::open(folder.path(), &key()).unwrap();
        journal.write(&entry).unwrap();
        assert_eq!(Journal::open(folder.path(), &key()).unwrap_err().code, "perf.busy");
        assert!(left(folder.path()).is_empty());
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&journal.path).unwrap().permissions()) & 0o777, 0o600);
        drop(journal);
        let found = left(folder.path());
        assert_eq!(found.iter().map(|left| &left.entry).collect::<Vec<_>>(), [&entry]);
        found[0].journal().clear().unwrap();
        drop(found);
        assert!(left(folder.path()).is_empty());
    }
}
