//! Schedules: which load tests are due when, what was missed, and what is known of it between starts. Who runs them while it waits is the doors' business.

pub mod cron;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::cron::Cron;
use super::profile::{Part, in_turn};
use super::profile::kept::Profiles;
use super::{Order, service};
use crate::load::plan::{Pace, Plan};
use crate::names::Problem;
use crate::text::{age, sanitise, yaml};

/// One load test that is done again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// What it is called.
    pub name: String,
    /// When it is due.
    pub cron: Cron,
    /// The clock that is meant, `Europe/Vienna`; none: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// What is loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// In place of an address and of all that follows, a profile that is kept, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// How long each run lasts.
    #[serde(default = "ten_seconds")]
    pub duration: String,
    /// Connections kept open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<usize>,
    /// Requests a second; none: as gently as elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Runs each time: a point of a history is the median of at least five short ones.
    #[serde(default = "five")]
    pub runs: usize,
}

fn ten_seconds() -> String {
    "10s".into()
}

fn five() -> usize {
    5
}

/// Where schedules are written, and where it is kept what was done.
#[derive(Clone, Debug)]
pub struct Book {
    file: PathBuf,
    done: PathBuf,
    profiles: Profiles,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    schedules: Vec<Schedule>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// It is due: these runs, one after the other.
    Due(String, Vec<Order>),
    /// It was due so often while nobody waited, the last time then. Nothing of that is made up for.
    Missed(String, usize, Timestamp),
    /// The file cannot be read, or what was done cannot be kept.
    Trouble(Problem),
}

/// How late something may begin: another test may be under way when it is due.
const GRACE: SignedDuration = SignedDuration::from_mins(10);

/// The file may change and the clock be set while it waits: it looks at both as often as that.
const LOOK: Duration = Duration::from_secs(30);

/// Missed times that are counted.
const COUNTED: usize = 100;

impl Schedule {
    /// Whether it can be done.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), Problem> {
        self.zone()?;
        match (&self.url, &self.profile) {
            (Some(url), None) => _ = self.order(url)?,
            (None, Some(_)) => {}
            _ => return Err(self.wrong("it needs either a url or a profile")),
        }
        if !(1..=100).contains(&self.runs) {
            return Err(self.wrong("from 1 to 100 runs are possible each time"));
        }
        Ok(())
    }

    fn wrong(&self, why: impl Into<String>) -> Problem {
        Problem::new("perf.schedule", format!("the schedule {} cannot be kept", sanitise(&self.name)), why)
    }

    fn zone(&self) -> Result<TimeZone, Problem> {
        let Some(name) = &self.timezone else { return Ok(TimeZone::UTC) };
        TimeZone::get(name)
            .map_err(|_| self.wrong(format!("no time zone is called {}", sanitise(name))).hint("as in Europe/Vienna; without one it is UTC"))
    }

    /// The runs of one time: a profile's parts in turn, so that what drifts meanwhile touches all of them.
    ///
    /// # Errors
    /// Its address or its numbers are wrong, or there is no such profile.
    pub fn orders(&self, profiles: &Profiles) -> Result<Vec<Order>, Problem> {
        if let Some(url) = &self.url {
            return Ok(vec![self.order(url)?; self.runs]);
        }
        let profile = profiles.read(self.profile.as_deref().unwrap_or_default())?;
        let what = format!("schedule {}", sanitise(&self.name));
        let one = |part: &Part| Order { what: Some(what.clone()), ..profile.order(part) };
        let round: Vec<Order> = profile.parts.iter().map(one).collect();
        let times = profile.every().max(self.runs);
        Ok(in_turn((0..times).flat_map(|_| round.iter().cloned()).collect()))
    }

    fn order(&self, url: &str) -> Result<Order, Problem> {
        let (endpoint, service) = service::endpoint(0, url, 1)?;
        let gentle = Plan::gentle(endpoint.target);
        let plan = Plan {
            connections: self.connections.unwrap_or(gentle.connections),
            duration: age::parse(&self.duration).map_err(|why| self.wrong(why))?,
            pace: self.rate.map_or_else(|| gentle.pace.clone(), Pace::Rate),
            ..gentle
        };
        plan.check()?;
        Ok(Order { what: Some(format!("schedule {}", sanitise(&self.name))), services: service.into_iter().collect(), ..Order::new(plan) })
    }

    /// When it is due after that moment.
    ///
    /// # Errors
    /// Its time zone is unknown.
    pub fn next(&self, after: Timestamp) -> Result<Option<Timestamp>, Problem> {
        Ok(self.cron.next(after, &self.zone()?))
    }

    /// What was missed since a moment, and when it is or was due.
    fn look(&self, since: Timestamp, now: Timestamp) -> Result<Look, Problem> {
        let zone = self.zone()?;
        let late = now.checked_sub(GRACE).unwrap_or(now).max(since);
        let mut look = Look { missed: 0, last: since, due: None };
        let mut at = since;
        while let Some(next) = self.cron.next(at, &zone).filter(|next| *next <= late && look.missed < COUNTED) {
            (at, look.last) = (next, next);
            look.missed += 1;
        }
        let mut at = late;
        while let Some(next) = self.cron.next(at, &zone).filter(|next| *next <= now) {
            look.missed += usize::from(look.due.is_some());
            look.last = look.due.unwrap_or(look.last);
            look.due = Some(next);
            at = next;
        }
        Ok(look)
    }
}

/// How a schedule stands.
#[derive(Debug, PartialEq)]
struct Look {
    missed: usize,
    /// The last that was missed.
    last: Timestamp,
    /// It is due now, since then.
    due: Option<Timestamp>,
}

impl Book {
    /// The schedules of a person, in their folders for settings and for what is remembered; profiles lie among their data.
    pub fn new(config: &Path, state: &Path, data: &Path) -> Self {
        Self { file: config.join("schedules.yaml"), done: state.join("schedules.json"), profiles: Profiles::open(data) }
    }

    /// Somebody has written schedules.
    pub fn exists(&self) -> bool {
        self.file.is_file()
    }

    /// One of them loads a Service, whose address has to be found in a cluster first.
    pub fn names_services(&self) -> bool {
        let one = |schedule: &Schedule| schedule.orders(&self.profiles).is_ok_and(|orders| orders.iter().any(|order| !order.services.is_empty()));
        self.read().is_ok_and(|schedules| schedules.iter().any(one))
    }

    /// All schedules.
    ///
    /// # Errors
    /// The file cannot be read, or one of them is wrong.
    pub fn read(&self) -> Result<Vec<Schedule>, Problem> {
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.wrong(error.to_string())),
        };
        let Written { schedules } = yaml::read(&text).map_err(|why| self.wrong(sanitise(&why)))?;
        for (at, schedule) in schedules.iter().enumerate() {
            schedule.check()?;
            if schedules[..at].iter().any(|one| one.name == schedule.name) {
                return Err(self.wrong(format!("there are two called {}", sanitise(&schedule.name))));
            }
        }
        Ok(schedules)
    }

    fn wrong(&self, why: impl Into<String>) -> Problem {
        let what = format!("{} cannot be used", sanitise(&self.file.display().to_string()));
        Problem::new("perf.schedule", what, why).hint("mend it; no schedule is kept until then")
    }

    /// Adds one.
    ///
    /// # Errors
    /// It is wrong, there is one of that name, or the file cannot be read or written.
    pub fn add(&self, schedule: Schedule) -> Result<(), Problem> {
        schedule.check()?;
        let mut schedules = self.read()?;
        if schedules.iter().any(|one| one.name == schedule.name) {
            return Err(schedule.wrong("there is one of that name").hint("remove that one first, or choose another name"));
        }
        schedules.push(schedule);
        self.write(schedules)
    }

    /// Takes one away.
    ///
    /// # Errors
    /// There is none of that name, or the file cannot be read or written.
    pub fn remove(&self, name: &str) -> Result<(), Problem> {
        let mut schedules = self.read()?;
        let before = schedules.len();
        schedules.retain(|one| one.name != name);
        if schedules.len() == before {
            return Err(Problem::new("perf.schedule", format!("there is no schedule called {}", sanitise(name)), "")
                .hint("`meshplay perf schedule list` lists them"));
        }
        self.write(schedules)
    }

    fn write(&self, schedules: Vec<Schedule>) -> Result<(), Problem> {
        let text = yaml::write(&Written { schedules }).map_err(|why| self.wrong(why))?;
        replace(&self.file, text.as_bytes()).map_err(|error| self.wrong(error.to_string()))
    }

    /// Up to when each has been looked after.
    pub fn done(&self) -> BTreeMap<String, Timestamp> {
        fs::read(&self.done).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Looks after all schedules, if nobody else does.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn keep(&self) -> Result<Option<Keeper>, Problem> {
        let unwritable = |error: io::Error| {
            let what = format!("{} cannot be written", sanitise(&self.done.display().to_string()));
            Problem::new("perf.schedule", what, error.to_string()).hint("without it nobody knows what was done; mend that folder")
        };
        if let Some(folder) = self.done.parent() {
            fs::create_dir_all(folder).map_err(unwritable)?;
        }
        let lock = OpenOptions::new().create(true).append(true).open(self.done.with_extension("lock")).map_err(unwritable)?;
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            return Ok(None);
        }
        Ok(Some(Keeper { book: self.clone(), done: self.done(), ready: VecDeque::new(), trouble: None, _lock: lock }))
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let half = path.with_extension("new");
    fs::write(&half, text)?;
    fs::rename(half, path)
}

/// The one that looks after the schedules.
#[derive(Debug)]
pub struct Keeper {
    book: Book,
    done: BTreeMap<String, Timestamp>,
    ready: VecDeque<News>,
    /// What was told last, so that it is told once.
    trouble: Option<Problem>,
    _lock: File,
}

impl Keeper {
    /// Waits for what comes next. Cancel-safe.
    pub async fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.ready.pop_front() {
                return news;
            }
            let now = Timestamp::now();
            match self.look(now) {
                Ok(next) => {
                    self.trouble = None;
                    if self.ready.is_empty() {
                        let wait = next.map_or(LOOK, |next| Duration::try_from(next.duration_since(now)).unwrap_or_default().min(LOOK));
                        tokio::time::sleep(wait).await;
                    }
                }
                Err(problem) if self.trouble.as_ref() != Some(&problem) => {
                    self.trouble = Some(problem.clone());
                    return News::Trouble(problem);
                }
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Puts together what is due and what was missed; answers when the next is due. Of several that are due the first is begun; the others stay due.
    fn look(&mut self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let (mut soonest, before) = (None, self.done.clone());
        for schedule in self.book.read()? {
            let since = *self.done.entry(schedule.name.clone()).or_insert(now);
            // A clock that was set back must not hold it up.
            let since = since.min(now);
            let look = schedule.look(since, now)?;
            if look.missed > 0 {
                self.ready.push_back(News::Missed(schedule.name.clone(), look.missed, look.last));
                self.done.insert(schedule.name.clone(), look.last);
            }
            match look.due {
                Some(due) if !self.ready.iter().any(|news| matches!(news, News::Due(..))) => {
                    let orders = schedule.orders(&self.book.profiles)?;
                    // Written down before it is done: a program that is killed does not begin it again.
                    self.done.insert(schedule.name.clone(), due);
                    self.ready.push_back(News::Due(schedule.name.clone(), orders));
                }
                _ => soonest = soonest.into_iter().chain(schedule.next(now)?).min(),
            }
        }
        if self.done != before {
            let text = serde_json::to_vec_pretty(&self.done).unwrap_or_default();
            if let Err(error) = replace(&self.book.done, &text) {
                let what = format!("{} cannot be written", sanitise(&self.book.done.display().to_string()));
                self.ready.push_front(News::Trouble(Problem::new("perf.schedule", what, error.to_string())));
            }
        }
        Ok(soonest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(name: &str, cron: &str) -> Schedule {
        Schedule {
            name: name.into(),
            cron: cron.parse().unwrap(),
            timezone: None,
            url: Some("http://127.0.0.1:8080/".into()),
            profile: None,
            duration: "1s".into(),
            connections: Some(2),
            rate: Some(10.0),
            runs: 5,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_missed_is_told_and_not_made_up_for() {
        let hourly = schedule("hourly", "0 * * * *");
        let look = |since: &str, now: &str| hourly.look(at(since), at(now)).unwrap();
        let missed = look("2026-05-12T10:00:00Z", "2026-05-12T14:30:00Z");
        assert_eq!(missed, Look { missed: 4, last: at("2026-05-12T14:00:00Z"), due: None });
        // A little late is not missed.
        let due = look("2026-05-12T12:00:00Z", "2026-05-12T14:05:00Z");
        assert_eq!(due, Look { missed: 1, last: at("2026-05-12T13:00:00Z"), due: Some(at("2026-05-12T14:00:00Z")) });
        assert_eq!(look("2026-05-12T14:00:00Z", "2026-05-12T14:59:59Z").due, None);
        assert_eq!(schedule("x", "* * * * *").look(at("2020-05-12T14:00:00Z"), at("2026-05-12T14:00:30Z")).unwrap().missed, COUNTED + 9);
    }

    #[test]
    fn one_at_a_time_is_due_and_a_second_program_keeps_away() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::new(&folder.path().join("config"), &folder.path().join("state"), folder.path());
        assert!(!book.exists());
        book.add(schedule("a", "0 * * * *")).unwrap();
        book.add(schedule("b", "0 * * * *")).unwrap();
        assert_eq!(book.add(schedule("a", "0 * * * *")).unwrap_err().code, "perf.schedule");
        let mut keeper = book.keep().unwrap().unwrap();
        assert!(book.keep().unwrap().is_none());
        assert_eq!(keeper.look(at("2026-05-12T13:30:00Z")).unwrap(), Some(at("2026-05-12T14:00:00Z")));
        let mut due = |now: &str| {
            keeper.look(at(now)).unwrap();
            std::mem::take(&mut keeper.ready)
                .into_iter()
                .map(|news| match news {
                    News::Due(name, orders) => format!("{name} {}", orders.len()),
                    News::Missed(name, count, _) => format!("{name} missed {count}"),
                    News::Trouble(problem) => problem.to_string(),
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(due("2026-05-12T14:00:01Z"), ["a 5"]);
        assert_eq!(due("2026-05-12T14:01:00Z"), ["b 5"]);
        assert_eq!(due("2026-05-12T14:02:00Z"), Vec::<String>::new());
        drop(keeper);
        // The next start knows what was done.
        let mut keeper = book.keep().unwrap().unwrap();
        keeper.look(at("2026-05-12T16:30:00Z")).unwrap();
        assert!(matches!(&keeper.ready.make_contiguous()[0], News::Missed(name, 2, _) if name == "a"), "{:?}", keeper.ready);
        book.remove("a").unwrap();
        assert_eq!(book.read().unwrap(), [schedule("b", "0 * * * *")]);
        assert_eq!(book.remove("a").unwrap_err().code, "perf.schedule");
    }

    #[test]
    fn a_file_that_cannot_be_used_says_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::new(folder.path(), folder.path(), folder.path());
        for (text, word) in [
            ("schedules: [{name: a, cron: '61 * * * *', url: 'http://x/'}]", "minute"),
            ("schedules: [{name: a, cron: '@daily', url: 'ftp://x/'}]", "spoken"),
            ("schedules: [{name: a, cron: '@daily', url: 'http://x/', timezone: Nowhere/At-all}]", "time zone"),
            ("schedules: [{name: a, cron: '@daily', url: 'http://x/', runs: 0}]", "runs"),
            ("schedules: [{name: a, cron: '@daily', url: 'http://x/', every: 5}]", "every"),
            ("schedules: [{name: a, cron: '@daily'}]", "url or a profile"),
            ("schedules: [", "cannot be used"),
        ] {
            std::fs::write(folder.path().join("schedules.yaml"), text).unwrap();
            let problem = book.read().unwrap_err();
            assert!(problem.to_string().contains(word), "{text}: {problem}");
        }
    }
}
