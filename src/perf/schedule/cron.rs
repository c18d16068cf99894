//! When something is due by a cron expression of five fields. Pure: the moment comes in. An own parser, because those of the registry either read six or
//! seven fields, or say nothing of what happens when clocks are set; this one is tested against what cron(8) of Debian says of that.
//!
//! A time that a clock skips is due when it has been set; one that comes twice is due the first time. Where the hour is `*`, only what the clock really
//! shows counts, as often as it shows it.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text::sanitise;

/// Minute, hour, day of the month, month, day of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
}

/// Numbers below 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set {
    bits: u64,
    /// Written with a star at its begin: for days that means that the other field decides.
    star: bool,
}

/// A field: its name, its bounds and the names its numbers have.
struct Field {
    name: &'static str,
    from: u8,
    to: u8,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 5] = [
    Field { name: "minute", from: 0, to: 59, names: &[] },
    Field { name: "hour", from: 0, to: 23, names: &[] },
    Field { name: "day of the month", from: 1, to: 31, names: &[] },
    Field { name: "month", from: 1, to: 12, names: MONTHS },
    Field { name: "day of the week", from: 0, to: 7, names: WEEKDAYS },
];

const SHORT: [(&str, &str); 6] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
];

/// Days that are looked at: the 29th of February comes after eight years at the latest.
const FARTHEST: usize = 9 * 366;

impl Set {
    fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| self.bits.checked_shr(number).is_some_and(|bits| bits & 1 == 1))
    }

    fn all(self) -> impl Iterator<Item = i8> {
        (0..60).filter(move |number| self.has(*number))
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let full = SHORT.iter().find(|(short, _)| *short == text).map_or(text, |(_, full)| full);
        let parts: Vec<&str> = full.split_whitespace().collect();
        if parts.len() != FIELDS.len() {
            let (shown, count) = (sanitise(text), parts.len());
            return Err(format!("`{shown}` has {count} fields; cron wants five: minute hour day month weekday, as in `30 3 * * mon-fri`"));
        }
        let mut sets = [Set { bits: 0, star: false }; 5];
        for ((set, part), field) in sets.iter_mut().zip(&parts).zip(&FIELDS) {
            *set = field.read(part)?;
        }
        let [minutes, hours, days, months, mut weekdays] = sets;
        // Sunday is 0 and 7.
        weekdays.bits = weekdays.bits | (weekdays.bits >> 7 & 1);
        let cron = Self { text: text.to_owned(), minutes, hours, days, months, weekdays };
        let ever = days.star || !weekdays.star || months.all().any(|month| days.all().any(|day| day <= longest(month)));
        if ever { Ok(cron) } else { Err(format!("`{}` is never: no such month has such a day", sanitise(text))) }
    }
}

/// Days of a month, in a leap year.
fn longest(month: i8) -> i8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Field {
    fn read(&self, text: &str) -> Result<Set, String> {
        let mut bits = 0;
        for part in text.split(',') {
            let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
            let step = step.map_or(Some(1), |step| step.parse::<u8>().ok().filter(|step| *step > 0)).ok_or_else(|| self.wrong(part))?;
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (self.from, self.to),
                Some((from, to)) => (self.number(from)?, self.number(to)?),
                // `5/15` is from there on, as Debian's cron has it.
                None if part.contains('/') => (self.number(range)?, self.to),
                None => (self.number(range)?, self.number(range)?),
            };
            if from > to {
                return Err(self.wrong(part));
            }
            bits |= (from..=to).step_by(usize::from(step)).fold(0_u64, |bits, number| bits | 1 << number);
        }
        Ok(Set { bits, star: text.starts_with('*') })
    }

    fn number(&self, text: &str) -> Result<u8, String> {
        let lower = text.to_ascii_lowercase();
        let named = self.names.iter().position(|name| *name == lower).and_then(|at| u8::try_from(at).ok()).map(|at| at + self.from);
        let plain = || text.parse().ok().filter(|number| text.bytes().all(|byte| byte.is_ascii_digit()) && (self.from..=self.to).contains(number));
        named.or_else(plain).ok_or_else(|| self.wrong(text))
    }

    fn wrong(&self, text: &str) -> String {
        format!("`{}` is no {}: it goes from {} to {}", sanitise(text), self.name, self.from, self.to)
    }
}

impl Cron {
    /// The first moment after that one at which it is due; none within eight years.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut day = after.to_zoned(zone.clone()).date().checked_sub(Span::new().days(1)).ok()?;
        let mut found: Option<Timestamp> = None;
        for _ in 0..FARTHEST {
            if self.on(day) {
                let before = found;
                found = found.into_iter().chain(self.of_day(day, zone).filter(|moment| *moment > after)).min();
                if before.is_some() {
                    return found;
                }
            } else if found.is_some() {
                return found;
            }
            day = day.tomorrow().ok()?;
        }
        found
    }

    fn on(&self, day: Date) -> bool {
        let (monthly, weekly) = (self.days.has(day.day()), self.weekdays.has(day.weekday().to_sunday_zero_offset()));
        // crontab(5): where both are restricted, either is enough.
        let fits = if self.days.star || self.weekdays.star { monthly && weekly } else { monthly || weekly };
        self.months.has(day.month()) && fits
    }

    fn of_day<'c>(&'c self, day: Date, zone: &'c TimeZone) -> impl Iterator<Item = Timestamp> + 'c {
        let times = self.hours.all().flat_map(move |hour| self.minutes.all().map(move |minute| (hour, minute)));
        times.flat_map(move |(hour, minute)| self.moments(day.at(hour, minute, 0, 0), zone))
    }

    /// When a clock on the wall shows that time.
    fn moments(&self, time: DateTime, zone: &TimeZone) -> Vec<Timestamp> {
        let shown = zone.to_ambiguous_timestamp(time);
        let any_hour = self.hours.star;
        match shown.offset() {
            AmbiguousOffset::Unambiguous { .. } => shown.compatible().into_iter().collect(),
            AmbiguousOffset::Gap { .. } if any_hour => Vec::new(),
            AmbiguousOffset::Gap { .. } => {
                let set = shown.earlier().ok().and_then(|before| zone.following(before).next().map(|transition| transition.timestamp()));
                set.into_iter().collect()
            }
            AmbiguousOffset::Fold { .. } => {
                let twice = shown.later().ok().filter(|_| any_hour);
                shown.earlier().into_iter().chain(twice).collect()
            }
        }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Cron {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(cron: &str, zone: &TimeZone, after: &str, count: usize) -> Vec<String> {
        let cron: Cron = cron.parse().unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        let mut next = || {
            at = cron.next(at, zone)?;
            Some(at.to_string())
        };
        (0..count).map_while(|_| next()).collect()
    }

    /// Known times; most are cases of the test of `next` in github.com/robfig/cron (spec_test.go).
    #[test]
    fn the_next_time_is_the_one_other_crons_find() {
        for (from, cron, next) in [
            ("2012-07-09T14:45:00Z", "0/15 * * * *", "2012-07-09T15:00:00Z"),
            ("2012-07-09T14:59:59Z", "0/15 * * * *", "2012-07-09T15:00:00Z"),
            ("2012-07-09T15:45:00Z", "20-35/15 * * * *", "2012-07-09T16:20:00Z"),
            ("2012-07-09T23:46:00Z", "*/15 * * * *", "2012-07-10T00:00:00Z"),
            ("2012-12-31T23:59:45Z", "* * * * *", "2013-01-01T00:00:00Z"),
            ("2012-07-09T23:35:00Z", "0 0 */5 apr,aug,oct mon", "2012-08-06T00:00:00Z"),
            ("2012-07-09T23:35:00Z", "0 0 * feb mon", "2013-02-04T00:00:00Z"),
            ("2012-07-09T23:35:00Z", "0 0 29 feb *", "2016-02-29T00:00:00Z"),
        ] {
            let found = cron.parse::<Cron>().ok().and_then(|cron| cron.next(from.parse().unwrap(), &TimeZone::UTC));
            assert_eq!(found.map_or_else(String::new, |found| found.to_string()), next, "{cron} after {from}");
        }
    }

    /// crontab(5): «0 0 1,15 * fri» runs on the first and the fifteenth and on every Friday. cron(8): what lies in the hour that is skipped runs at
    /// once after it, what lies in the hour that comes twice runs once.
    #[test]
    fn days_and_clocks_that_are_set_are_as_cron_says() {
        assert_eq!(
            due("0 0 1,15 * fri", &TimeZone::UTC, "2026-05-01T00:00:00Z", 3),
            ["2026-05-08T00:00:00Z", "2026-05-15T00:00:00Z", "2026-05-22T00:00:00Z"]
        );
        assert_eq!(due("0 0 * * 7", &TimeZone::UTC, "2026-05-04T00:00:00Z", 1), ["2026-05-10T00:00:00Z"]);
        // Vienna: on 29 March 2026 two o'clock becomes three, on 25 October three becomes two.
        let vienna = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        assert_eq!(due("30 2 * * *", &vienna, "2026-03-28T12:00:00Z", 2), ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
        assert_eq!(due("30 2 * * *", &vienna, "2026-10-24T12:00:00Z", 2), ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
        assert_eq!(due("30 * * * *", &vienna, "2026-03-29T00:00:00Z", 3), ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"]);
        assert_eq!(due("30 * * * *", &vienna, "2026-10-25T00:00:00Z", 3), ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]);
    }

    #[test]
    fn what_is_no_cron_is_refused_with_the_field() {
        for (wrong, word) in [
            ("", "five"),
            ("* * * *", "five"),
            ("0 15 5 ? * WED", "five"),
            ("60 * * * *", "minute"),
            ("* 24 * * *", "hour"),
            ("* * 0 * *", "day of the month"),
            ("* * * foo *", "month"),
            ("* * * * 8", "day of the week"),
            ("5-1 * * * *", "minute"),
            ("*/0 * * * *", "minute"),
            ("+5 * * * *", "minute"),
            ("0 0 31 2 *", "never"),
        ] {
            let error = wrong.parse::<Cron>().unwrap_err();
            assert!(error.contains(word), "{wrong}: {error}");
        }
        let daily: Cron = "@daily".parse().unwrap();
        assert_eq!(daily.to_string(), "@daily");
    }
}
