//! Schedules: which load tests are due when, and where that is written. Who waits until one is due is in `keeper`; who runs them is the doors' business.

pub mod cron;
mod keeper;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use self::cron::Cron;
pub use self::keeper::{Keeper, News};
use super::profile::kept::Profiles;
use super::profile::{Part, in_turn};
use super::{Order, service};
use crate::load::plan::{Pace, Plan};
use crate::names::{ClusterId, Problem};
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
    /// The context of the cluster in which a Service among that is looked for; none: the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
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
        Ok(in_turn(&round, times))
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
        let cluster = self.cluster.as_deref().filter(|_| service.is_some()).map(|name| ClusterId::new(sanitise(name)));
        Ok(Order { cluster, what: Some(format!("schedule {}", sanitise(&self.name))), services: service.into_iter().collect(), ..Order::new(plan) })
    }

    /// When it is due after that moment.
    ///
    /// # Errors
    /// Its time zone is unknown.
    pub fn next(&self, after: Timestamp) -> Result<Option<Timestamp>, Problem> {
        Ok(self.cron.next(after, &self.zone()?))
    }
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
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let half = path.with_extension("new");
    fs::write(&half, text)?;
    fs::rename(half, path)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(super) fn schedule(name: &str, cron: &str) -> Schedule {
        Schedule {
            name: name.into(),
            cron: cron.parse().unwrap(),
            timezone: None,
            url: Some("http://127.0.0.1:8080/".into()),
            cluster: None,
            profile: None,
            duration: "1s".into(),
            connections: Some(2),
            rate: Some(10.0),
            runs: 5,
        }
    }

    #[test]
    fn a_service_is_looked_for_in_the_cluster_that_was_meant_when_it_was_added() {
        let data = tempfile::tempdir().unwrap();
        let cluster = |url: &str| {
            let schedule = Schedule { url: Some(url.into()), cluster: Some("kind-shop".into()), ..schedule("night", "@daily") };
            schedule.orders(&Profiles::open(data.path())).unwrap()[0].cluster.clone()
        };
        assert_eq!(cluster("service://shop/web/"), Some(ClusterId::new("kind-shop")));
        assert_eq!(cluster("http://127.0.0.1:8080/"), None);
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
