//! What the perf pane knows: runs, those under way with their newest sample, what is looked at, and the form of the next one.

pub mod held;
pub mod past;
pub mod series;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use self::held::Judged;
use self::series::Series;
use crate::load::plan::Path;
use crate::load::sample::Sample;
use crate::names::{ClusterId, ObjectKey};
use crate::perf::Order;
use crate::perf::permute::journal;
use crate::results::Run;
use crate::results::baseline::Baseline;
use crate::results::compare::{Compared, Metric};
use crate::results::difference::Difference;
use crate::results::note::Note;
use crate::results::past::Past;

/// Everything the pane draws and decides from.
#[derive(Debug)]
pub struct State {
    /// Runs, the newest first.
    pub runs: Vec<Entry>,
    /// The list has been read from disk.
    pub listed: bool,
    /// Something on disk was not understood.
    pub unreadable: bool,
    /// The run shown: an index into the list.
    pub chosen: usize,
    /// What is looked at.
    pub view: View,
    /// The picture is held: what the chosen run looked like then.
    pub frozen: Option<Entry>,
    /// Seconds of a run that are looked at; none: all of it.
    pub span: Option<u64>,
    /// The second under the time cursor.
    pub second: Option<u64>,
    /// What is looked at again when the run that was opened is left.
    pub below: View,
    /// Rows of what is told of a run that are scrolled away.
    pub top: usize,
    /// How it was drawn last.
    pub seen: Seen,
    /// Ids of marked runs, in the order of the marks.
    pub marks: Vec<String>,
    /// What decides a comparison and makes a history.
    pub metric: Metric,
    /// Marked runs held against each other.
    pub pairing: Option<Pairing>,
    /// The run whose past is looked at.
    pub past_of: Option<String>,
    /// The history of runs like that one, once it is known.
    pub past: Option<Past>,
    /// The point of the history under the cursor.
    pub point: usize,
    /// The day of the calendar under the cursor.
    pub day: Date,
    /// What is known beside the fields of the form, while one is open.
    pub pending: Pending,
    /// The moment that is written about, while that form is open: the run, and the second of it.
    pub noting: Option<(String, u64)>,
    /// A filled-in form that waits for a yes, and how many runs it asks for.
    pub waiting: Option<(Order, usize)>,
    /// What is being started, until it has begun or cannot.
    pub starting: Option<String>,
    /// The form of which nothing has come yet, as it was filled in.
    pub draft: Option<Draft>,
    /// Names of the profiles that are kept.
    pub profiles: Vec<String>,
    /// Runs that have no process of their own, by their ids.
    pub inside: Vec<String>,
    /// What each series is held against, by its short name.
    pub baselines: BTreeMap<String, Baseline>,
    /// What came of the series that was held against its baseline last.
    pub judged: Option<Judged>,
    /// Of several runs that were asked for together the one that was begun last: its id, its place from 1, and of how many.
    pub round: Option<(String, usize, usize)>,
    /// What permutations that were cut off left changed, oldest first.
    pub left: Vec<journal::Entry>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            listed: false,
            unreadable: false,
            chosen: 0,
            view: View::default(),
            frozen: None,
            span: None,
            second: None,
            below: View::default(),
            top: 0,
            seen: Seen::default(),
            marks: Vec::new(),
            metric: Metric::P99,
            pairing: None,
            past_of: None,
            past: None,
            point: 0,
            day: Date::ZERO,
            pending: Pending::default(),
            noting: None,
            waiting: None,
            starting: None,
            draft: None,
            profiles: Vec::new(),
            inside: Vec::new(),
            baselines: BTreeMap::new(),
            judged: None,
            round: None,
            left: Vec::new(),
        }
    }
}

/// What a frame had room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Columns of the charts.
    pub columns: u16,
    /// Rows of the list, or of what is told of a run.
    pub page: usize,
    /// How far the latter can be scrolled.
    pub last: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self { columns: 60, page: 1, last: 0 }
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The list of runs, and what is known of the chosen one above it.
    #[default]
    List,
    /// One run on a time axis.
    Charts,
    /// One run as figures: percentiles, both latencies, errors, environment.
    Figures,
    /// Marked runs against each other.
    Compare {
        /// What stands below the table.
        face: Face,
    },
    /// Runs like the chosen one over time.
    History,
    /// All runs by day.
    Calendar,
}

/// What stands below the table of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Face {
    /// Both sides by share of answers.
    #[default]
    Shares,
    /// A box for each run.
    Boxes,
    /// B over A at each share of answers.
    Shift,
}

/// A run, under way or over.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What is known of it.
    pub run: Run,
    /// The newest sample, while it runs here.
    pub sample: Option<Arc<Sample>>,
    /// The sample of the newest point of the series.
    pub last: Option<Arc<Sample>>,
    /// Second by second.
    pub series: Series,
    /// What people wrote at its moments, earliest first.
    pub notes: Vec<Note>,
    /// The series of an old run has been asked for.
    pub asked: bool,
}

impl Entry {
    /// A run of which the summary is known.
    pub fn of(run: Run) -> Self {
        Self { run, sample: None, last: None, series: Series::default(), notes: Vec::new(), asked: false }
    }
}

/// Runs that are held against each other, oldest first on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairing {
    /// Ids of A.
    pub a: Vec<String>,
    /// Ids of B.
    pub b: Vec<String>,
    /// Why these are A and those are B.
    pub why: String,
    /// Plans or paths differ: like is not held against like.
    pub unlike: bool,
    /// What came of it, once that is known.
    pub compared: Option<Compared>,
    /// What was another for B, as far as that was written down.
    pub changed: Vec<Difference>,
}

/// A form that is open: what is known beside the fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pending {
    /// What the address belongs to, `service shop/web`.
    pub what: Option<String>,
    /// The cluster it belongs to.
    pub cluster: Option<ClusterId>,
    /// Its address is being looked up.
    pub resolving: Option<ObjectKey>,
    /// What stands behind that address.
    pub path: Option<String>,
    /// The address that was found: another one that is typed is not the Service's.
    pub url: Option<String>,
    /// How its Service is to be reached; none: as well as it goes.
    pub via: Option<Path>,
}

/// A form that was sent off.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What was known beside its fields.
    pub pending: Pending,
    /// What stood in them.
    pub texts: Vec<String>,
}

impl State {
    /// The run that is drawn.
    pub fn shown(&self) -> Option<&Entry> {
        self.frozen.as_ref().or_else(|| self.runs.get(self.chosen))
    }

    /// The run of that id.
    pub fn run(&self, id: &str) -> Option<&Run> {
        self.runs.iter().map(|entry| &entry.run).find(|run| run.id == id)
    }

    /// The runs of the history's point under the cursor, oldest first.
    pub fn of_point(&self) -> &[String] {
        self.past.as_ref().and_then(|past| past.history.points.get(self.point)).map_or(&[], |point| &point.runs)
    }

    /// Runs under way that end with this program: those without a process of their own, and those on the sandbox.
    pub fn ending(&self, sandbox: Option<&ClusterId>) -> usize {
        let inside = |run: &Run| self.inside.contains(&run.id) || sandbox.is_some_and(|id| run.target.cluster.as_deref() == Some(id.as_str()));
        self.runs.iter().filter(|entry| entry.sample.is_some() && inside(&entry.run)).count()
    }

    /// What line 2 says of what was left changed.
    pub fn left_changed(&self) -> Option<String> {
        let first = self.left.first()?;
        let more = self.left.len() - 1;
        let others = if more == 0 { String::new() } else { format!(" and {more} more") };
        Some(format!("{}{others} left changed, R puts back", first.key.name))
    }

    /// Runs under way.
    pub fn running(&self) -> usize {
        self.runs.iter().filter(|entry| entry.sample.is_some()).count()
    }

    /// Runs that began on a day, newest first, by their place in the list.
    pub fn of_day(&self, day: Date) -> Vec<usize> {
        self.runs.iter().enumerate().filter(|(_, entry)| past::day(&entry.run) == day).map(|(at, _)| at).collect()
    }
}
