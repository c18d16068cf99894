//! Lines of a log, by time: a ring bounded in bytes that counts what it let go, with the places of what is searched for. Pure.

use std::collections::VecDeque;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// Bytes of text that are kept.
pub const KEPT: usize = 16 << 20;
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
}

/// The lines, and where what is searched for stands.
#[derive(Debug, Default)]
pub struct Ring {
    lines: VecDeque<Line>,
    bytes: usize,
    room: usize,
    /// Lines let go; the place of the first one kept.
    lost: u64,
    find: String,
    needle: Needle,
    /// Places of lines that hold it.
    hits: VecDeque<u64>,
    /// Places of hits let go, so that those kept keep theirs.
    lost_hits: u64,
}

impl Ring {
    /// An empty one that keeps so many bytes of text.
    pub fn new(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// Takes a line in where its time belongs; streams of several containers come one after the other.
    pub fn push(&mut self, line: Line) {
        let behind = self.lines.iter().rev().take_while(|other| other.at > line.at).count();
        let at = self.lines.len() - behind;
        let place = self.lost + at as u64;
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
        if self.hits.front() == Some(&self.lost) {
            self.hits.pop_front();
            self.lost_hits += 1;
        }
        self.lost += 1;
    }

    /// Forgets all lines.
    pub fn clear(&mut self) {
        let (room, find) = (self.room, std::mem::take(&mut self.find));
        *self = Self::new(room);
        self.search(&find);
    }

    /// All lines kept.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    /// What is wanted, as far as it is there.
    pub fn window(&mut self, want: &Want) -> Window {
        self.search(&want.find);
        let only = want.only && !want.find.is_empty();
        let (start, count) = if only { (self.lost_hits, self.hits.len()) } else { (self.lost, self.lines.len()) };
        let end = start + count as u64;
        let newest = end.saturating_sub(want.rows as u64).max(start);
        let top = want.top.map_or(newest, |top| top.clamp(start, newest));
        let places = (top..end).take(want.rows).map(|at| if only { self.hits.get((at - start) as usize).copied().unwrap_or(at) } else { at });
        let lines: Vec<(u64, Line)> = places.filter_map(|place| Some((place, self.line(place)?.clone()))).collect();
        let first = lines.first().map_or(0, |(place, _)| *place);
        let from = self.hits.partition_point(|hit| *hit < first);
        let after = self.hits.partition_point(|hit| *hit <= first);
        Window {
            lines,
            top,
            start,
            end,
            kept: self.lines.len() as u64,
            lost: self.lost,
            hits: self.hits.len() as u64,
            next: self.hits.get(after).copied(),
            previous: from.checked_sub(1).and_then(|at| self.hits.get(at)).copied(),
        }
    }

    fn line(&self, place: u64) -> Option<&Line> {
        self.lines.get(usize::try_from(place.checked_sub(self.lost)?).ok()?)
    }

    fn search(&mut self, find: &str) {
        if self.find == find {
            return;
        }
        find.clone_into(&mut self.find);
        self.needle = Needle::of(find);
        let places = self.lines.iter().enumerate().filter(|(_, line)| self.needle.holds(&line.text)).map(|(at, _)| self.lost + at as u64);
        self.hits = places.collect();
        self.lost_hits = 0;
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
                prop_assert_eq!(ring.line(*place), Some(line));
            }
        }
    }
}
