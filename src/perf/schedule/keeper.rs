//! Waits for what is due: the one program that looks after the schedules of a person, what it has done, and what was missed while nobody did.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Book, Schedule, replace};
use crate::names::Problem;
use crate::perf::Order;
use crate::text::sanitise;

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

    /// Up to when a schedule has been looked after. A clock that was set back by much must not hold it up until it is that late again; one that was put right
    /// by little must not make it due twice.
    fn since(&mut self, name: &str, now: Timestamp) -> Timestamp {
        let since = self.done.entry(name.to_owned()).or_insert(now);
        if since.duration_since(now) > GRACE {
            *since = now;
        }
        *since
    }

    /// Puts together what is due and what was missed; answers when the next is due. Of several that are due the first is begun; the others stay due.
    fn look(&mut self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let (mut soonest, before) = (None, self.done.clone());
        for schedule in self.book.read()? {
            let since = self.since(&schedule.name, now);
            let look = schedule.look(since, now)?;
            if look.missed > 0 {
                self.ready.push_back(News::Missed(schedule.name.clone(), look.missed, look.last));
                self.done.insert(schedule.name.clone(), look.last);
            }
            match look.due {
                Some(due) if !self.ready.iter().any(|news| matches!(news, News::Due(..))) => {
                    // Written down before it is done: a program that is killed does not begin it again.
                    self.done.insert(schedule.name.clone(), due);
                    // One whose profile is gone holds up none of the others.
                    self.ready.push_back(
                        schedule.orders(&self.book.profiles).map_or_else(News::Trouble, |orders| News::Due(schedule.name.clone(), orders)),
                    );
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

impl Book {
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

impl Schedule {
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

#[cfg(test)]
mod tests {
    use super::super::tests::schedule;
    use super::*;

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
    fn one_whose_profile_is_gone_is_told_and_holds_up_none_of_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::new(&folder.path().join("config"), &folder.path().join("state"), folder.path());
        book.add(Schedule { url: None, profile: Some("gone".into()), ..schedule("a", "0 * * * *") }).unwrap();
        book.add(schedule("b", "0 * * * *")).unwrap();
        let mut keeper = book.keep().unwrap().unwrap();
        keeper.look(at("2026-05-12T13:30:00Z")).unwrap();
        keeper.look(at("2026-05-12T14:00:01Z")).unwrap();
        let news: Vec<News> = std::mem::take(&mut keeper.ready).into();
        assert!(matches!(&news[..], [News::Trouble(problem), News::Due(name, _)] if problem.code == "perf.no-profile" && name == "b"), "{news:?}");
        keeper.look(at("2026-05-12T14:00:02Z")).unwrap();
        assert!(keeper.ready.is_empty() && book.done().len() == 2);
    }

    #[test]
    fn a_clock_that_is_set_neither_holds_a_schedule_up_nor_makes_it_due_twice() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::new(&folder.path().join("config"), &folder.path().join("state"), folder.path());
        book.add(schedule("a", "*/15 * * * *")).unwrap();
        let mut keeper = book.keep().unwrap().unwrap();
        let mut due = |now: &str| {
            keeper.look(at(now)).unwrap();
            std::mem::take(&mut keeper.ready).iter().filter(|news| matches!(news, News::Due(..))).count()
        };
        assert_eq!((due("2026-05-12T13:59:00Z"), due("2026-05-12T14:00:00.1Z")), (0, 1));
        // Put right by half a second: 14:00 comes again.
        assert_eq!((due("2026-05-12T13:59:59.7Z"), due("2026-05-12T14:00:00.2Z")), (0, 0));
        // Set back by half an hour.
        assert_eq!((due("2026-05-12T13:31:00Z"), due("2026-05-12T13:45:00.1Z")), (0, 1));
        // Put forward by a day: what lies between is missed, and the next one is due as ever.
        assert_eq!((due("2026-05-13T13:40:00Z"), due("2026-05-13T13:45:00.1Z")), (0, 1));
    }
}
