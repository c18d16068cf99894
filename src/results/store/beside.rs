//! What lies in a run's folder beside summary and lines: the environment, every latency as an HDR interval log, and the bins of a run that was imported.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use hdrhistogram::Histogram;
use jiff::Timestamp;

use super::super::environment::Environment;
use super::super::formats::{Found, hdr, logs};
use super::super::note::{self, Note};
use super::super::spectrum::Spectrum;
use super::super::{Interval, Latencies, Run};
use super::{Lines, Store, Writing, hidden, unreadable};
use crate::names::Problem;
use crate::text::sanitise;

/// Every latency: an HDR interval log with a line a second.
const LOG: &str = "latencies.hlog";
const ENVIRONMENT: &str = "environment.json";
/// The bins of an imported run, which are no histogram of ours.
const BINS: &str = "bins.json";

/// What people say of its moments: a line a note.
const NOTES: &str = "notes.ndjson";

/// Largest file of a run that is read, in bytes; a day of lines is a third of it.
pub(super) const LARGEST: u64 = 256 * 1024 * 1024;

/// A run with everything that is kept of it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The summary.
    pub run: Run,
    /// A line a second.
    pub lines: Vec<Interval>,
    /// Every latency, as fine as it is known.
    pub spectrum: Spectrum,
    /// The log of latencies as it lies there, where there is one.
    pub log: Option<String>,
    /// Where it was measured, where that was written down.
    pub environment: Option<Environment>,
    /// What people wrote at its moments, earliest first.
    pub notes: Vec<Note>,
}

impl Store {
    /// A run with everything beside it.
    ///
    /// # Errors
    /// There is no such run, or its summary cannot be read; what is missing beside it is none.
    pub fn kept(&self, id: &str) -> Result<Kept, Problem> {
        let run = self.read(id)?;
        let folder = self.folder(id);
        let log = log(&folder);
        let logged = log.as_deref().and_then(spectrum_of);
        let spectrum = logged.or_else(|| binned(&folder)).unwrap_or_else(|| Spectrum::of_buckets(&run.histogram, &run.latencies));
        Ok(Kept { lines: self.samples(id).unwrap_or_default(), environment: self.environment(id), notes: self.notes(id), run, spectrum, log })
    }

    /// Every latency of each run; none of one of which only the summary is known.
    pub fn spectra(&self, runs: &[Run]) -> Vec<Option<Spectrum>> {
        runs.iter().map(|run| logged(&self.folder(&run.id)).or_else(|| binned(&self.folder(&run.id)))).collect()
    }

    /// Response times, service times and lateness as far as a run had logged them; the first none where nothing was logged.
    pub(super) fn logged(&self, id: &str) -> (Option<Latencies>, Latencies, Latencies) {
        let log = log(&self.folder(id)).unwrap_or_default();
        let of = |tag| hdr::whole(&log, tag).map(|histogram| logs::latencies(&histogram));
        let response = of(None);
        // Where nothing was planned it is the response time.
        let service = of(Some("service")).or_else(|| response.clone());
        (response, service.unwrap_or_default(), of(Some("lateness")).unwrap_or_default())
    }

    /// Where the log of latencies of a run lies, where there is one.
    pub(super) fn log_path(&self, id: &str) -> Option<String> {
        let path = self.folder(id).join(LOG);
        path.is_file().then(|| sanitise(&path.display().to_string()).into_owned())
    }

    /// The data folder that the runs lie in.
    pub fn data(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// Where a run was measured; none where that is not known.
    pub fn environment(&self, id: &str) -> Option<Environment> {
        let bytes = read_file(&self.folder(id).join(ENVIRONMENT)).ok()?;
        serde_json::from_slice::<Environment>(&bytes).ok().map(Environment::sanitised)
    }

    /// What people wrote at the moments of a run, earliest first.
    pub fn notes(&self, id: &str) -> Vec<Note> {
        read_file(&self.folder(id).join(NOTES)).map_or_else(|_| Vec::new(), |bytes| note::read(&bytes))
    }

    /// Writes down what somebody says of a moment of a run, in place of what stood there; without a text nothing stands there any more.
    ///
    /// # Errors
    /// There is no such run, or what the disk says.
    pub fn annotate(&self, id: &str, note: &Note) -> Result<Vec<Note>, Problem> {
        self.read(id)?;
        let path = self.folder(id).join(NOTES);
        let append = || Lines(OpenOptions::new().create(true).append(true).open(&path)?).append(&note.line());
        append().map(|()| self.notes(id)).map_err(|error| {
            let what = format!("the note is not kept in {}", sanitise(&path.display().to_string()));
            Problem::new("results.unwritable", what, error.to_string()).hint("free or mend that place")
        })
    }

    /// Keeps a run that was read from a file, all of it or nothing; whether it was not there before.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&self, found: &Found) -> Result<bool, Problem> {
        let id = &found.run.id;
        if self.folder(id).is_dir() {
            return Ok(false);
        }
        let unwritable = |why: String| {
            let what = format!("the run is not kept in {}", sanitise(&self.folder(id).display().to_string()));
            Problem::new("results.unwritable", what, why).hint("free or mend that place, and import it again")
        };
        // What was left by somebody who was killed meanwhile.
        let half = hidden(id);
        if !self.is_written(&half) {
            _ = fs::remove_dir_all(self.folder(&half));
        }
        let mut writing = self.prepare(&found.run).map_err(|error| unwritable(error.to_string()))?;
        let written = found.lines.iter().try_for_each(|line| writing.append(line)).and_then(|()| match &found.log {
            Some(log) => writing.put(LOG, log.as_bytes()),
            None => writing.put(BINS, &json(&found.spectrum)),
        });
        let kept = written.map_err(|problem| problem.why).and_then(|()| self.appear(&mut writing, id).map_err(|error| error.to_string()));
        kept.map(|()| true).map_err(|why| {
            writing.discard();
            unwritable(why)
        })
    }
}

impl Writing {
    /// Writes down where the run is measured.
    ///
    /// # Errors
    /// What the disk says.
    pub fn environment(&self, environment: &Environment) -> Result<(), Problem> {
        self.put(ENVIRONMENT, &json(environment))
    }

    /// Begins the log of latencies: later there may be no file descriptor left to open it with.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open_log(&mut self, started: Timestamp) -> Result<(), Problem> {
        let open = || {
            let mut log = Lines(OpenOptions::new().create_new(true).append(true).open(self.folder.join(LOG))?);
            log.append(hdr::header(started).as_bytes()).map(|()| log)
        };
        self.log = Some(open().map_err(|error| self.incomplete(&error))?);
        Ok(())
    }

    /// Adds the latencies of a stretch of time, in nanoseconds, to the log that was begun; `tag` says which latencies, none response times.
    ///
    /// # Errors
    /// What the disk says.
    pub fn log(&mut self, tag: Option<&str>, from: Duration, span: Duration, part: &Histogram<u64>) -> Result<(), Problem> {
        let Some(log) = &mut self.log else { return Ok(()) };
        let line = hdr::line(tag, from, span, part).map_err(io::Error::other);
        line.and_then(|line| log.append(line.as_bytes())).map_err(|error| self.incomplete(&error))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        fs::write(self.folder.join(name), bytes).map_err(|error| self.incomplete(&error))
    }
}

fn log(folder: &Path) -> Option<String> {
    read_file(&folder.join(LOG)).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

fn logged(folder: &Path) -> Option<Spectrum> {
    log(folder).as_deref().and_then(spectrum_of)
}

fn spectrum_of(log: &str) -> Option<Spectrum> {
    hdr::whole(log, None).map(|histogram| Spectrum::of_histogram(&histogram))
}

fn binned(folder: &Path) -> Option<Spectrum> {
    read_file(&folder.join(BINS)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok())
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    // Plain structs of numbers and text always have a form.
    serde_json::to_vec_pretty(value).unwrap_or_default()
}

/// Reads a file of a run: a regular one, and not without end.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if about.len() > LARGEST {
        return Err(io::Error::other(format!("its {} bytes are more than the {LARGEST} that are read", about.len())));
    }
    fs::read(path)
}

/// Reads a file that a person names, for import.
///
/// # Errors
/// It is not there, is no file, or is larger than [`LARGEST`] bytes.
pub fn open_file(path: &Path) -> Result<Vec<u8>, Problem> {
    read_file(path).map_err(|error| Problem { hints: vec![], ..unreadable(path, &error.to_string()) })
}
