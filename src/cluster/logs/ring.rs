//! Lines of a log, by time: a ring bounded in bytes, with the places of what is searched for. What it has no room for goes to disk where one is given;
//! what goes from there, or has nowhere to go, is counted. A line that comes later than newer ones have gone to disk stands behind them.

use std::collections::VecDeque;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::spill::{Disk, Spill};

/// Bytes of text that are kept in memory.
pub const KEPT: usize = 16 << 20;
/// Bytes of text on disk that are searched at a time, so that no key waits for it.
const SLICE: usize = 2 << 20;
/// Bytes of one line that are kept.
pub const LONGEST: usize = 64 << 10;

/// How grave a line is, as far as its own words tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// It says nothing of it.
    #[default]
    Plain,
    /// Something is wrong.
    Warning,
    /// Something failed.
    Error,
    /// Not of the log: what became of the stream.
    Note,
}

/// One line. Its text is sanitised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When it was written, unix nanoseconds.
    pub at: i64,
    /// Which stream it came by: an index into the sources.
    pub source: u16,
    /// How grave it is.
    pub level: Level,
    /// What it says.
    pub text: Box<str>,
}

/// What is to be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// The place of the first line; none: the newest are followed.
    pub top: Option<u64>,
    /// Lines.
    pub rows: usize,
    /// What is searched for; may be empty.
    pub find: String,
    /// Only lines that hold it.
    pub only: bool,
}

/// What is seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The lines, with their places among all lines.
    pub lines: Vec<(u64, Line)>,
    /// The place of the first of them in the list that is looked at.
    pub top: u64,
    /// The first place there is in that list; what was before it was let go.
    pub start: u64,
    /// The place after its last.
    pub end: u64,
    /// Lines there are.
    pub kept: u64,
    /// Older lines that were let go because there is no more room.
    pub lost: u64,
    /// Lines that hold what is searched for.
    pub hits: u64,
    /// The place, among all lines, of the next one that holds it below the top.
    pub next: Option<u64>,
    /// And of the one before.
    pub previous: Option<u64>,
    /// Older lines are still being searched.
    #[serde(default)]
    pub searching: bool,
}

/// The lines, and where what is searched for stands.
#[derive(Debug, Default)]
pub struct Ring {
    lines: VecDeque<Line>,
    bytes: usize,
    room: usize,
    /// The place of the first line in memory.
    first: u64,
    /// Lines before it; none: there is no disk for them, or none any more.
    spill: Option<Spill>,
    /// What was wrong with the disk, until somebody asks.
    refused: Option<std::io::Error>,
    /// What the ring begins with again when it is cleared.
    disk: Option<Disk>,
    find: String,
    needle: Needle,
    /// Places of lines that hold it.
    hits: VecDeque<u64>,
    /// The place of the first hit among hits, so that those kept keep theirs: those let go, and one for each line not searched yet.
    first_hit: u64,
    /// The place from which on everything was searched.
    searched: u64,
}

impl Ring {
    /// An empty one that keeps so many bytes of text.
    pub fn new(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// The same with a disk for what is older.
    #[must_use]
    pub fn with(self, disk: Disk) -> Self {
        Self { spill: Some(Spill::new(disk.clone())), disk: Some(disk), ..self }
    }

    /// Takes a line in where its time belongs; streams of several containers come one after the other.
    pub fn push(&mut self, line: Line) {
        let behind = self.lines.iter().rev().take_while(|other| other.at > line.at).count();
        let at = self.lines.len() - behind;
        let place = self.first + at as u64;
        self.bytes += line.text.len();
        if behind > 0 {
            let from = self.hits.partition_point(|hit| *hit < place);
            self.hits.iter_mut().skip(from).for_each(|hit| *hit += 1);
        }
        if self.needle.holds(&line.text) {
            let from = self.hits.partition_point(|hit| *hit < place);
            self.hits.insert(from, place);
        }
        self.lines.insert(at, line);
        while self.bytes > self.room && self.lines.len() > 1 {
            self.let_go();
        }
    }

    fn let_go(&mut self) {
        let Some(line) = self.lines.pop_front() else { return };
        self.bytes -= line.text.len();
        match self.spill.as_mut().map(|spill| spill.push(self.first, &line)) {
            Some(Ok(refused)) => self.refused = refused.or(self.refused.take()),
            Some(Err(error)) => (self.spill, self.refused) = (None, Some(error)),
            None => {}
        }
        self.first += 1;
        let start = self.start();
        while self.hits.front().is_some_and(|hit| *hit < start) {
            self.hits.pop_front();
            self.first_hit += 1;
        }
        self.searched = self.searched.max(start);
    }

    /// The place of the oldest line there is: so many were let go.
    fn start(&self) -> u64 {
        self.spill.as_ref().and_then(Spill::first).unwrap_or(self.first)
    }

    /// What was wrong with the disk, once.
    pub fn refused(&mut self) -> Option<std::io::Error> {
        self.refused.take()
    }

    /// Forgets all lines.
    pub fn clear(&mut self) {
        let (empty, find) = (Self::new(self.room), std::mem::take(&mut self.find));
        *self = match self.disk.take() {
            Some(disk) => empty.with(disk),
            None => empty,
        };
        self.search(&find);
    }

    /// The newest line.
    pub fn newest(&self) -> Option<&Line> {
        self.lines.back()
    }

    /// Lines from a place on, or from the oldest if that one has gone, at most `most`; and the place to go on from. None: there are no more.
    pub fn part(&mut self, from: u64, most: usize) -> Option<(Vec<Line>, u64)> {
        let from = from.max(self.start());
        let to = (from + most as u64).min(self.first + self.lines.len() as u64);
        (from < to).then(|| ((from..to).filter_map(|place| self.line(place)).collect(), to))
    }

    /// What is wanted, as far as it is there.
    pub fn window(&mut self, want: &Want) -> Window {
        self.search(&want.find);
        self.search_on();
        let only = want.only && !want.find.is_empty();
        let (lost, all) = (self.start(), self.first + self.lines.len() as u64);
        let (start, end) = if only { (self.first_hit, self.first_hit + self.hits.len() as u64) } else { (lost, all) };
        let newest = end.saturating_sub(want.rows as u64).max(start);
        let top = want.top.map_or(newest, |top| top.clamp(start, newest));
        let place = |at: u64| if only { self.hits.get((at - start) as usize).copied().unwrap_or(at) } else { at };
        let places: Vec<u64> = (top..end).take(want.rows).map(place).collect();
        let lines: Vec<(u64, Line)> = places.into_iter().filter_map(|place| Some((place, self.line(place)?))).collect();
        let first = lines.first().map_or(0, |(place, _)| *place);
        let from = self.hits.partition_point(|hit| *hit < first);
        let after = self.hits.partition_point(|hit| *hit <= first);
        Window {
            lines,
            top,
            start,
            end,
            kept: all - lost,
            lost,
            hits: self.hits.len() as u64,
            next: self.hits.get(after).copied(),
            previous: from.checked_sub(1).and_then(|at| self.hits.get(at)).copied(),
            searching: self.searched > lost,
        }
    }

    fn line(&mut self, place: u64) -> Option<Line> {
        match place.checked_sub(self.first) {
            Some(at) => self.lines.get(usize::try_from(at).ok()?).cloned(),
            None => self.spill.as_mut()?.line(place),
        }
    }

    fn search(&mut self, find: &str) {
        if self.find == find {
            return;
        }
        find.clone_into(&mut self.find);
        self.needle = Needle::of(find);
        let places = self.lines.iter().enumerate().filter(|(_, line)| self.needle.holds(&line.text)).map(|(at, _)| self.first + at as u64);
        self.hits = places.collect();
        self.searched = if self.needle.0.is_empty() { self.start() } else { self.first };
        self.first_hit = self.searched - self.start();
    }

    /// Searches a slice more of what is on disk, from the newest to the oldest.
    fn search_on(&mut self) {
        let (start, mut bytes) = (self.start(), 0);
        while self.searched > start && bytes < SLICE {
            let found = self.spill.as_mut().and_then(|spill| spill.block(self.searched - 1));
            let Some((place, lines)) = found else {
                // The disk does not give it: nothing is found there.
                self.searched = start;
                return;
            };
            let older = usize::try_from(self.searched - place).unwrap_or(lines.len());
            for (at, line) in lines.iter().enumerate().take(older).rev() {
                bytes += line.text.len();
                if self.needle.holds(&line.text) {
                    self.hits.push_front(place + at as u64);
                    self.first_hit = self.first_hit.saturating_sub(1);
                }
            }
            self.searched = place;
        }
    }
}

/// What is searched for: words that all have to be there or, after `!`, must not; each a regular expression where it can be read as one. Letter case is no matter.
#[derive(Debug, Default)]
struct Needle(Vec<(bool, Regex)>);

impl Needle {
    fn of(text: &str) -> Self {
        Self(text.split_whitespace().filter_map(word).collect())
    }

    fn holds(&self, text: &str) -> bool {
        !self.0.is_empty() && self.0.iter().all(|(wanted, expression)| expression.is_match(text) == *wanted)
    }
}

fn word(word: &str) -> Option<(bool, Regex)> {
    let (wanted, text) = word.strip_prefix('!').map_or((true, word), |rest| (false, rest));
    if text.is_empty() {
        return None;
    }
    let build = |text: &str| RegexBuilder::new(text).case_insensitive(true).size_limit(1 << 20).build().ok();
    // Half an expression, as it is while one types, is only a word.
    build(text).or_else(|| build(&regex::escape(text))).map(|expression| (wanted, expression))
}

/// How grave a line is: the level of JSON and logfmt (`"level":"error"`, `level=warn`), of klog (`E1125 …`), or a word in capitals near its beginning.
pub fn level(text: &str) -> Level {
    let head: &str = text.get(..text.floor_char_boundary(160)).unwrap_or(text);
    let lower = head.to_ascii_lowercase();
    let said = ["\"level\":\"", "\"severity\":\"", "level=", "lvl="].iter().find_map(|key| lower.split_once(key).map(|(_, rest)| rest));
    if let Some(said) = said {
        return match () {
            () if ["err", "fatal", "crit", "panic", "emerg", "alert"].iter().any(|word| said.starts_with(word)) => Level::Error,
            () if said.starts_with("warn") => Level::Warning,
            () => Level::Plain,
        };
    }
    let mut bytes = head.bytes();
    let klog = (bytes.next(), head.len() > 5 && head.bytes().skip(1).take(4).all(|byte| byte.is_ascii_digit()));
    match klog {
        (Some(b'E' | b'F'), true) => return Level::Error,
        (Some(b'W'), true) => return Level::Warning,
        _ => {}
    }
    let words = || head.split(|c: char| !c.is_ascii_alphabetic());
    if words().any(|word| matches!(word, "ERROR" | "FATAL" | "PANIC" | "CRITICAL" | "SEVERE")) || head.starts_with("panic:") {
        Level::Error
    } else if words().any(|word| matches!(word, "WARN" | "WARNING")) {
        Level::Warning
    } else {
        Level::Plain
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(at: i64, text: &str) -> Line {
        Line { at, source: 0, level: Level::Plain, text: text.into() }
    }

    fn texts(window: &Window) -> Vec<&str> {
        window.lines.iter().map(|(_, line)| &*line.text).collect()
    }

    fn want(top: Option<u64>, rows: usize, find: &str, only: bool) -> Want {
        Want { top, rows, find: find.into(), only }
    }

    #[test]
    fn lines_of_two_streams_stand_by_time() {
        let mut ring = Ring::new(KEPT);
        [(1, "a1"), (3, "a3"), (5, "a5"), (2, "b2"), (3, "b3"), (6, "b6")].into_iter().for_each(|(at, text)| ring.push(line(at, text)));
        assert_eq!(texts(&ring.window(&want(None, 10, "", false))), ["a1", "b2", "a3", "b3", "a5", "b6"]);
    }

    #[test]
    fn what_is_let_go_is_counted_and_places_stay() {
        let mut ring = Ring::new(10);
        (0..10).for_each(|at| ring.push(line(at, "xx")));
        let window = ring.window(&want(Some(7), 2, "", false));
        assert_eq!((window.lost, window.kept, window.start, window.end, window.lines[0].0), (5, 5, 5, 10, 7));
        ring.push(line(10, "yy"));
        assert_eq!(ring.window(&want(Some(7), 2, "", false)).lines[0].0, 7);
    }

    #[test]
    fn a_search_filters_or_shows_hits_among_the_others() {
        let mut ring = Ring::new(KEPT);
        ["ok 1", "Error: disk", "ok 2", "error: net", "ok 3"].iter().enumerate().for_each(|(at, text)| ring.push(line(at as i64, text)));
        assert_eq!(texts(&ring.window(&want(None, 9, "error", true))), ["Error: disk", "error: net"]);
        assert_eq!(texts(&ring.window(&want(None, 9, "error !disk", true))), ["error: net"]);
        assert_eq!(texts(&ring.window(&want(None, 9, "^ok [12]", true))), ["ok 1", "ok 2"]);
        let among = ring.window(&want(Some(1), 2, "error", false));
        assert_eq!((texts(&among), among.hits, among.next, among.previous), (vec!["Error: disk", "ok 2"], 2, Some(3), None));
        // Half an expression is a word.
        assert_eq!(ring.window(&want(None, 9, "ok (", true)).hits, 0);
    }

    #[test]
    fn where_the_disk_ends_lines_are_counted_and_hits_keep_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let mut ring = Ring::new(10).with(Disk { folder: folder.path().to_owned(), room: 1_600 });
        ring.window(&want(None, 1, "hit", true));
        (0..400u64).for_each(|at| ring.push(line(at as i64, if at.is_multiple_of(10) { "hit.." } else { "other" })));
        let window = ring.window(&want(Some(0), 1_000, "hit", true));
        // A line takes twenty bytes on disk: at most 80 there, and two in memory.
        assert!((70..=90).contains(&window.kept) && window.lost + window.kept == 400 && !window.searching, "{window:?}");
        let wanted: Vec<u64> = (window.lost.next_multiple_of(10)..400).step_by(10).collect();
        assert_eq!(window.lines.iter().map(|(place, _)| *place).collect::<Vec<_>>(), wanted);
        assert!(ring.refused().is_none());
    }

    #[test]
    fn without_its_disk_a_ring_goes_on_as_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut ring = Ring::new(10).with(Disk { folder: folder.path().join("gone"), room: 1 << 20 });
        std::fs::write(folder.path().join("gone"), "in the way").unwrap();
        (0..10).for_each(|at| ring.push(line(at, "xx")));
        let window = ring.window(&want(None, 9, "xx", true));
        assert_eq!((window.lost, window.kept, window.hits, window.searching), (5, 5, 5, false));
        assert!(ring.refused().is_some() && ring.refused().is_none());
    }

    /// The forms of klog, JSON as zap and slog write it, logfmt, and Java's words.
    #[test]
    fn the_level_is_read_out_of_the_common_forms() {
        for (text, wanted) in [
            ("E1125 18:00:00.000000       1 main.go:1] failed", Level::Error),
            ("W1125 18:00:00.000000       1 main.go:1] slow", Level::Warning),
            ("I1125 18:00:00.000000       1 main.go:1] ERRORS: 0", Level::Plain),
            (r#"{"ts":1,"level":"error","msg":"x"}"#, Level::Error),
            (r#"{"level":"info","msg":"no ERROR here"}"#, Level::Plain),
            ("time=now level=WARN msg=x", Level::Warning),
            ("2026-11-25 18:00:00 ERROR [main] x", Level::Error),
            ("panic: runtime error", Level::Error),
            ("hello", Level::Plain),
        ] {
            assert_eq!(level(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn hits_are_what_a_search_over_everything_finds(lines in prop::collection::vec((0i64..20, "[ab]{1,3}"), 0..60), room in 5usize..60) {
            let mut ring = Ring::new(room);
            ring.window(&want(None, 1, "a", true));
            lines.iter().for_each(|(at, text)| ring.push(line(*at, text)));
            let window = ring.window(&want(Some(0), 1_000, "a", true));
            let naive: Vec<&Line> = ring.lines.iter().filter(|line| line.text.contains('a')).collect();
            prop_assert_eq!(window.lines.iter().map(|(_, line)| line).collect::<Vec<_>>(), naive);
            for (place, line) in &window.lines {
                prop_assert_eq!(ring.line(*place), Some(line.clone()));
            }
        }

        /// With a disk for what is older the picture is that of a ring that has room for all, as long as lines come in order.
        #[test]
        fn a_disk_is_not_seen(texts in prop::collection::vec("[ab]{1,9}", 1..300), room in 5usize..60, above in 0u64..300, only: bool, early: bool) {
            let folder = tempfile::tempdir().unwrap();
            let mut small = Ring::new(room).with(Disk { folder: folder.path().to_owned(), room: 1 << 30 });
            let mut large = Ring::new(usize::MAX);
            let find = if early { "ab" } else { "" };
            [&mut small, &mut large].into_iter().for_each(|ring| _ = ring.window(&want(None, 1, find, only)));
            for (at, text) in texts.iter().enumerate() {
                [&mut small, &mut large].into_iter().for_each(|ring| ring.push(line(at as i64, text)));
            }
            for find in ["ab", "", "b{3}"] {
                // Hits are counted from another number: what is wanted is counted from the end.
                let seen = |ring: &mut Ring| {
                    let end = ring.window(&want(None, 1, find, only)).end;
                    let window = ring.window(&want(Some(end.saturating_sub(above)), 20, find, only));
                    (window.end - window.top, window.end - window.start, Window { top: 0, start: 0, end: 0, ..window })
                };
                prop_assert_eq!(seen(&mut small), seen(&mut large));
            }
            let mut all = Vec::new();
            while let Some((lines, next)) = small.part(all.len() as u64, 7) {
                all.extend(lines);
                prop_assert_eq!(all.len() as u64, next);
            }
            prop_assert_eq!(large.lines, all);
        }
    }
}
