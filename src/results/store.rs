//! Runs on disk: a folder a run, `run.json` with the summary and `samples.ndjson` with a line a second. Nothing is measured here.
//!
//! A folder appears whole, the summary is replaced whole, and lines are only appended, so that a program that is killed leaves what it measured. The
//! program that writes a run holds a lock on its samples; where nobody holds it, a run that says that it is running was interrupted.

mod beside;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use self::beside::{Kept, open_file};
use super::{Interval, Run, State, Subject};
use crate::names::Problem;
use crate::text::sanitise;

const SUMMARY: &str = "run.json";
const SAMPLES: &str = "samples.ndjson";
/// The summary while it is being written.
const HALF: &str = "run.json.new";

/// The folder all runs are kept in.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// A run being written.
#[derive(Debug)]
pub struct Writing {
    folder: PathBuf,
    samples: Lines,
    /// The log of latencies, once it has begun.
    log: Option<Lines>,
}

/// A file that lines are added to: each is there whole or not at all, also on a disk that is full for a while.
#[derive(Debug)]
struct Lines(File);

impl Lines {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let before = self.0.metadata()?.len();
        self.0.write_all(line).inspect_err(|_| _ = self.0.set_len(before))
    }
}

impl Store {
    /// The runs under a data folder. Touches nothing yet.
    pub fn open(data: &Path) -> Self {
        Self { folder: data.join("runs") }
    }

    /// Where a run lies.
    pub fn folder(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// Writes the folder of a run that begins.
    ///
    /// # Errors
    /// What the disk says.
    pub fn begin(&self, run: &Run) -> Result<Writing, Problem> {
        self.create(run).map_err(|error| unwritable(&self.folder(&run.id), &error))
    }

    fn create(&self, run: &Run) -> io::Result<Writing> {
        let mut writing = self.prepare(run)?;
        match self.appear(&mut writing, &run.id) {
            Ok(()) => Ok(writing),
            Err(error) => {
                writing.discard();
                Err(error)
            }
        }
    }

    /// Writes a folder where nobody looks yet.
    fn prepare(&self, run: &Run) -> io::Result<Writing> {
        let folder = self.folder.join(hidden(&run.id));
        fs::create_dir_all(&folder)?;
        let samples = OpenOptions::new().create_new(true).append(true).open(folder.join(SAMPLES))?;
        // A file system without locks keeps runs as well; only interrupted ones are not told from running ones there.
        _ = samples.try_lock();
        let writing = Writing { folder, samples: Lines(samples), log: None };
        match write_summary(&writing.folder, HALF, run) {
            Ok(()) => Ok(writing),
            Err(error) => {
                writing.discard();
                Err(error)
            }
        }
    }

    /// Gives it its place.
    fn appear(&self, writing: &mut Writing, id: &str) -> io::Result<()> {
        let place = self.folder(id);
        fs::rename(&writing.folder, &place)?;
        writing.folder = place;
        Ok(())
    }

    /// Every run, newest first, and what is wrong with the folders that hold none.
    pub fn list(&self) -> (Vec<Run>, Vec<Problem>) {
        let names = match self.names() {
            Ok(names) => names,
            Err(problem) => return (Vec::new(), vec![problem]),
        };
        let (mut runs, mut problems) = (Vec::new(), Vec::new());
        for name in names {
            match self.read(&name) {
                Ok(run) => runs.push(run),
                Err(problem) => problems.push(problem),
            }
        }
        runs.sort_by(|a, b| b.order().cmp(&a.order()));
        (runs, problems)
    }

    /// When the newest run of ours began that is stamped between two moments. Asks the names of folders first, which begin with that.
    pub fn newest_between(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let (low, high) = (stamp(from), stamp(until));
        let names = self.names().unwrap_or_default();
        let between = |name: &&String| name.get(..low.len()).is_some_and(|begin| (low.as_str()..=high.as_str()).contains(&begin));
        // What another program measured, perhaps elsewhere, says nothing of the clock here.
        let started = |name: &String| self.read(name).ok().filter(|run| run.provenance.imported.is_none()).map(|run| run.started);
        let mut stamped = names.iter().rev().filter(between).filter_map(started).filter(|started| (from..=until).contains(started));
        let newest = stamped.next()?;
        // Names do not tell apart what began in one second.
        stamped.take_while(|other| stamp(*other) == stamp(newest)).chain([newest]).max()
    }

    /// The names of all runs; none where the folder cannot be read.
    pub fn ids(&self) -> Vec<String> {
        self.names().unwrap_or_default()
    }

    fn names(&self) -> Result<Vec<String>, Problem> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                let what = format!("the runs in {} cannot be read", sanitise(&self.folder.display().to_string()));
                return Err(Problem::new("results.unreadable", what, error.to_string()).hint("see that it is a folder, and one that you may read"));
            }
        };
        let folders = entries.flatten().filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| !name.starts_with('.')).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The run of that id.
    ///
    /// # Errors
    /// There is none, or its folder cannot be read.
    pub fn read(&self, id: &str) -> Result<Run, Problem> {
        if !is_id(id) {
            return Err(unknown(id));
        }
        let run = self.summary(id)?;
        if run.state != State::Running || self.is_written(id) {
            return Ok(run);
        }
        // It may have ended between the two looks.
        let mut run = self.summary(id)?;
        if run.state == State::Running {
            let (response, service, lateness) = self.logged(id);
            run.interrupted(&self.samples(id)?, response);
            (run.service, run.lateness) = (service, lateness);
            // The names of failures also come from the lines.
            run = run.sanitised();
            // Nobody writes it any more, and whoever looks next need not add it up again. A disk that cannot be written is no trouble here.
            _ = write_summary(&self.folder(id), &format!(".{SUMMARY}.{}", std::process::id()), &run);
        }
        Ok(run)
    }

    fn summary(&self, id: &str) -> Result<Run, Problem> {
        let path = self.folder(id).join(SUMMARY);
        let text = beside::read_file(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if !self.folder(id).is_dir() => unknown(id),
            _ => unreadable(&path, &error.to_string()),
        })?;
        let run: Run = serde_json::from_slice(&text).map_err(|error| {
            let problem = unreadable(&path, &error.to_string());
            let problem = if error.is_data() { problem.hint("a newer meshplay may have written it") } else { problem };
            self.log_path(id).map_or(problem.clone(), |log| problem.hint(format!("its latencies may still be read: `meshplay perf import {log}`")))
        })?;
        Ok(Run { id: id.to_owned(), ..run }.sanitised())
    }

    /// The id a person means: all of it, its beginning or its end, or `last`.
    ///
    /// # Errors
    /// No run is called so, or several are.
    pub fn find(&self, text: &str) -> Result<String, Problem> {
        let names = self.names()?;
        if text == "last" {
            let newest = self.list().0.into_iter().next().map(|run| run.id);
            return newest.ok_or_else(|| unknown(text));
        }
        let mut fitting = names.iter().filter(|name| name.starts_with(text) || name.ends_with(text));
        match (names.iter().find(|name| *name == text), fitting.next(), fitting.next()) {
            (Some(name), _, _) | (None, Some(name), None) => Ok(name.clone()),
            (None, Some(one), Some(other)) => {
                Err(Problem::new("results.ambiguous", format!("{} is more than one run", sanitise(text)), format!("{one}, {other}"))
                    .hint("write more of it"))
            }
            _ => Err(unknown(text)),
        }
    }

    /// The lines of a run, up to the first that is not whole.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn samples(&self, id: &str) -> Result<Vec<Interval>, Problem> {
        if !is_id(id) {
            return Err(unknown(id));
        }
        let path = self.folder(id).join(SAMPLES);
        let bytes = beside::read_file(&path).map_err(|error| unreadable(&path, &error.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().map_while(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Somebody holds the lock, or nobody can tell.
    fn is_written(&self, id: &str) -> bool {
        match File::open(self.folder(id).join(SAMPLES)).map(|file| file.try_lock_shared()) {
            Ok(Err(TryLockError::WouldBlock)) => true,
            Ok(Err(TryLockError::Error(error))) => error.kind() == io::ErrorKind::Unsupported,
            // As where this program has no file descriptor left.
            Err(error) => error.kind() != io::ErrorKind::NotFound,
            Ok(Ok(())) => false,
        }
    }
}

impl Writing {
    /// Adds a line.
    ///
    /// # Errors
    /// What the disk says.
    pub fn append(&mut self, line: &Interval) -> Result<(), Problem> {
        let text = serde_json::to_vec(line).map_err(io::Error::from);
        text.and_then(|text| self.samples.append(&[&text[..], b"\n"].concat())).map_err(|error| self.incomplete(&error))
    }

    /// Writes the summary of a run that has ended, and lets go of it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(self, run: &Run) -> Result<(), Problem> {
        write_summary(&self.folder, HALF, run).map_err(|error| self.incomplete(&error))
    }

    /// Takes the folder away again: the run did not begin.
    pub fn discard(self) {
        // What cannot be removed is seen as a run that was interrupted.
        _ = fs::remove_dir_all(self.folder);
    }

    /// The same for all of its files, so that it is told once.
    fn incomplete(&self, error: &io::Error) -> Problem {
        let what = format!("the run is not kept whole in {}", sanitise(&self.folder.display().to_string()));
        Problem::new("results.unwritable", what, error.to_string()).hint("free or mend that place; what is reported here is whole")
    }
}

/// A name for a run of that target which begins now: time, target, and six letters so that no two are the same.
pub fn new_id(target: &Subject, started: Timestamp) -> String {
    // The standard library seeds every one of these anew.
    let chance = RandomState::new().hash_one(started.as_nanosecond()) & 0xff_ffff;
    format!("{}-{}-{chance:06x}", stamp(started), slug(&target.url))
}

/// How the name of a run begins that began then.
fn stamp(started: Timestamp) -> String {
    started.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The address without its scheme, in letters, digits and single dashes.
fn slug(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let words = rest.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    slug.truncate(40);
    slug.trim_end_matches('-').to_owned()
}

/// What the folder of a run is called until it is whole.
fn hidden(id: &str) -> String {
    format!(".{id}")
}

/// A plain name: nothing that leads out of the folder.
fn is_id(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Writes it under the name `half` first.
fn write_summary(folder: &Path, half: &str, run: &Run) -> io::Result<()> {
    let half = folder.join(half);
    let mut file = File::create(&half)?;
    serde_json::to_writer_pretty(io::BufWriter::new(&mut file), run)?;
    file.write_all(b"\n")?;
    // Without it a loss of power may leave the new name on an empty file.
    file.sync_data()?;
    fs::rename(half, folder.join(SUMMARY))
}

fn unknown(id: &str) -> Problem {
    Problem::new("results.unknown", format!("there is no run called {}", sanitise(id)), "").hint("`meshplay perf list` lists them")
}

fn unreadable(path: &Path, why: &str) -> Problem {
    let what = format!("{} cannot be read", sanitise(&path.display().to_string()));
    Problem::new("results.unreadable", what, sanitise(why)).hint("remove the folder of that run if nobody needs it")
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    let what = format!("the run is not kept in {}", sanitise(&path.display().to_string()));
    Problem::new("results.unwritable", what, error.to_string())
        .hint("free or mend that place; the run itself goes on and its result is still reported")
}

#[cfg(test)]
mod tests {
    use super::super::run::tests::{run, sample};
    use std::time::Duration;

    use super::super::Latencies;
    use super::*;
    use crate::load::engine::Ended;

    fn named(id: &str, second: i64) -> Run {
        Run { id: id.into(), started: Timestamp::from_second(second).unwrap(), ..run() }
    }

    #[test]
    fn a_run_goes_to_disk_and_comes_back() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        assert_eq!(store.list(), (vec![], vec![]));
        let mut run = named("b-1", 20);
        let mut writing = store.begin(&run).unwrap();
        let last = sample(1, 100, 0, Some(Ended::Done));
        writing.append(&Interval::between(None, &last)).unwrap();
        assert_eq!(store.read("b-1").unwrap().state, State::Running);
        run.take(&last);
        writing.finish(&run).unwrap();
        assert_eq!(store.read("b-1").unwrap(), run);
        assert_eq!(store.samples("b-1").unwrap(), [Interval::between(None, &last)]);
        store.begin(&named("a-2", 30)).unwrap();
        assert_eq!(store.list().0.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["a-2", "b-1"]);
        assert_eq!(
            (store.find("b").unwrap().as_str(), store.find("last").unwrap().as_str(), store.find("2").unwrap().as_str()),
            ("b-1", "a-2", "a-2")
        );
        assert_eq!(store.find("").unwrap_err().code, "results.ambiguous");
    }

    #[test]
    fn a_run_nobody_writes_any_more_was_interrupted_and_keeps_its_lines_and_percentiles() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        let mut writing = store.begin(&named("a", 20)).unwrap();
        writing.open_log(Timestamp::from_second(20).unwrap()).unwrap();
        let sample = sample(3, 300, 2, None);
        writing.append(&Interval::between(None, &sample)).unwrap();
        let response = sample.whole.response();
        writing.log(Duration::ZERO, sample.elapsed, &[(None, response.histogram())]).unwrap();
        // A kill in the middle of a line.
        writing.samples.append(b"{\"elapsed_ns\":4").unwrap();
        assert_eq!(store.read("a").unwrap().state, State::Running);
        drop(writing);
        let run = store.read("a").unwrap();
        assert_eq!((run.state, run.requests, run.requests_per_second, run.failed()), (State::Interrupted, 300, 100.0, 2));
        assert_eq!((run.latencies.clone(), run.service.p50), (Latencies::of(response), response.percentile(0.5)));
        // It is added up once.
        fs::remove_file(data.path().join("runs/a/samples.ndjson")).unwrap();
        assert_eq!(store.read("a"), Ok(run));
    }

    #[test]
    fn a_line_that_does_not_fit_leaves_nothing_of_itself() {
        // This device takes no byte; what was there before is not touched, and the cause is told once for all files.
        let full = || Lines(OpenOptions::new().append(true).open("/dev/full").unwrap());
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        let mut writing = Writing { samples: full(), log: Some(full()), ..store.begin(&named("a", 20)).unwrap() };
        let last = sample(1, 100, 0, None);
        let append = writing.append(&Interval::between(None, &last)).unwrap_err();
        let log = writing.log(Duration::ZERO, last.elapsed, &[(None, last.whole.response().histogram())]).unwrap_err();
        assert!(append == log && append.code == "results.unwritable" && append.what.ends_with("runs/a"), "{append}");
        writing.discard();
        assert_eq!(store.list(), (vec![], vec![]));
    }

    #[test]
    fn a_run_is_not_called_interrupted_where_nobody_can_tell() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        drop(store.begin(&named("a", 20)).unwrap());
        let samples = data.path().join("runs/a/samples.ndjson");
        fs::remove_file(&samples).unwrap();
        // A link to itself cannot be opened, and is not missing either.
        std::os::unix::fs::symlink(&samples, &samples).unwrap();
        assert_eq!(store.read("a").unwrap().state, State::Running);
    }

    #[test]
    fn a_run_that_could_not_be_begun_leaves_nothing() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        fs::create_dir_all(data.path().join("runs/a")).unwrap();
        fs::write(data.path().join("runs/a/in-the-way"), "").unwrap();
        assert_eq!(store.begin(&named("a", 20)).unwrap_err().code, "results.unwritable");
        assert_eq!(fs::read_dir(data.path().join("runs")).unwrap().count(), 1);
    }

    #[test]
    fn broken_folders_are_told_beside_the_runs() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        drop(store.begin(&named("good", 20)).unwrap());
        fs::create_dir(data.path().join("runs/empty")).unwrap();
        fs::create_dir(data.path().join("runs/nonsense")).unwrap();
        fs::write(data.path().join("runs/nonsense/run.json"), "{").unwrap();
        drop(store.begin(&named("newer", 20)).unwrap());
        let newer = data.path().join("runs/newer");
        fs::write(newer.join("latencies.hlog"), "").unwrap();
        let summary = fs::read_to_string(newer.join("run.json")).unwrap();
        fs::write(newer.join("run.json"), summary.replace("\"running\"", "\"dreaming\"")).unwrap();
        fs::write(data.path().join("runs/a-file"), "").unwrap();
        let (runs, problems) = store.list();
        assert_eq!((runs.len(), problems.len()), (1, 3), "{problems:?}");
        let hints = store.read("newer").unwrap_err().hints.join("; ");
        assert!(hints.contains("a newer meshplay") && hints.contains("latencies.hlog"), "{hints}");
        assert!(problems.iter().all(|problem| problem.code == "results.unreadable"));
    }

    #[test]
    fn the_newest_run_of_ours_is_found_by_the_stamps_of_names() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let keep = |started: &str, imported: bool| {
            let mut run = Run { started: at(started), ..run() };
            run.id = new_id(&run.target, run.started);
            run.provenance.imported = imported.then(Default::default);
            drop(store.begin(&run).unwrap());
        };
        for started in ["2026-05-12T11:00:00.7Z", "2026-05-12T11:00:00.2Z", "2026-05-12T11:00:00.5Z", "2026-05-12T10:59:00Z", "2026-05-14T00:00:00Z"]
        {
            keep(started, false);
        }
        keep("2026-05-12T11:30:00Z", true);
        fs::create_dir(data.path().join("runs/20260512T111500Z-broken-000000")).unwrap();
        let newest = |from: &str| store.newest_between(at(from), at("2026-05-13T10:00:00Z"));
        assert_eq!(newest("2026-05-12T10:00:00Z"), Some(at("2026-05-12T11:00:00.7Z")));
        assert_eq!(newest("2026-05-12T11:00:00.8Z"), None, "the clock was not set back");
        assert_eq!(Store::open(&data.path().join("none")).newest_between(at("2026-05-12T10:00:00Z"), at("2026-05-13T10:00:00Z")), None);
    }

    #[test]
    fn an_id_never_leads_out_of_the_folder() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        for id in ["..", "../x", "/etc", "", ".hidden", "a/b", "\u{1b}[2J"] {
            assert_eq!(store.read(id).unwrap_err().code, "results.unknown", "{id}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_a_problem_with_its_place() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("runs"), "a file where the folder should be").unwrap();
        let problem = Store::open(data.path()).begin(&named("a", 1)).unwrap_err();
        assert_eq!(problem.code, "results.unwritable");
        assert_eq!(Store::open(data.path()).list().1.len(), 1);
    }

    #[test]
    fn ids_sort_by_time_and_name_the_target() {
        let subject = Subject { url: "http://[::1]:8080/Cart?id=1".into(), ..Subject::default() };
        let id = new_id(&subject, Timestamp::from_second(1_700_000_000).unwrap());
        assert!(id.starts_with("20231114T221320Z-1-8080-cart-id-1-") && is_id(&id), "{id}");
        assert_eq!(id.rsplit('-').next().map(str::len), Some(6));
        assert_eq!(slug(&format!("http://{}", "a/".repeat(60))).len(), 39);
    }
}
