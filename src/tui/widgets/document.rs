//! A long text read in a window: its lines, what of them is folded away, and where one stands in it. Only what is seen is coloured and wrapped, so
//! that a megabyte scrolls as a page does.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::lines::{self, Spans, plain};
use super::paint::find_all;
use crate::tui::theme::Role;

/// How the lines are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By keys and values; what is below a key can be folded away.
    Yaml,
    /// A unified diff: by the sign at the beginning of each line.
    Diff,
}

/// A text and the place in it.
#[derive(Debug)]
pub struct Document {
    text: Arc<str>,
    kind: Kind,
    /// Where each line begins, in bytes.
    starts: Vec<usize>,
    /// Lines inside a block scalar: what looks like a key there is none.
    literal: Vec<bool>,
    /// Lines whose inside is folded away.
    folded: BTreeSet<usize>,
    /// The lines that are not folded away.
    rows: Vec<usize>,
    /// Where one stands: an index into `rows`.
    cursor: usize,
    /// The first one seen, and how many rows of the screen of it are above the window.
    top: (usize, usize),
}

/// The window the text is seen through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Its width.
    pub columns: u16,
    /// Its height.
    pub height: usize,
    /// Long lines go on in the next row.
    pub wrap: bool,
}

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// So many lines down, or up where it is less than nothing.
    Lines(isize),
    /// So many windows.
    Pages(isize),
    /// To the first line.
    Top,
    /// To the last.
    Bottom,
}

impl Document {
    /// A text at whose beginning one stands.
    pub fn new(text: Arc<str>, kind: Kind) -> Self {
        let mut document =
            Self { text, kind, starts: Vec::new(), literal: Vec::new(), folded: BTreeSet::new(), rows: Vec::new(), cursor: 0, top: (0, 0) };
        document.read();
        document
    }

    /// Another state of the same text. One stays at the line one stood at, and what was folded stays folded.
    pub fn replace(&mut self, text: Arc<str>) {
        if self.text == text {
            return;
        }
        let old = std::mem::replace(self, Self::new(text, self.kind));
        let common = |ours: &mut dyn Iterator<Item = (usize, usize)>| ours.take_while(|(a, b)| self.line(*a) == old.line(*b)).count();
        let (new_count, old_count) = (self.starts.len(), old.starts.len());
        let before = common(&mut (0..new_count.min(old_count)).map(|at| (at, at)));
        let most = new_count.min(old_count) - before;
        let after = common(&mut (1..=most).map(|at| (new_count - at, old_count - at)));
        // Lines behind the change moved with it.
        let moved = |line: usize| if line >= old_count - after { line + new_count - old_count } else { line.min(new_count.saturating_sub(1)) };
        self.folded = old.folded.iter().map(|line| moved(*line)).filter(|line| self.inside(*line) > *line).collect();
        let place = |row: usize| old.rows.get(row).map_or(0, |line| moved(*line));
        let (cursor, top) = (place(old.cursor), place(old.top.0));
        self.arrange();
        self.cursor = self.row_of(cursor);
        self.top = (self.row_of(top), old.top.1);
    }

    fn read(&mut self) {
        let bytes = self.text.as_bytes();
        let ends = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1).filter(|at| *at < bytes.len());
        self.starts = if bytes.is_empty() { Vec::new() } else { std::iter::once(0).chain(ends).collect() };
        self.literal = if self.kind == Kind::Yaml { lines::literal((0..self.starts.len()).map(|at| self.line(at))) } else { Vec::new() };
        self.arrange();
    }

    /// Which lines are not folded away.
    fn arrange(&mut self) {
        let mut rows = Vec::with_capacity(self.starts.len());
        let mut at = 0;
        while at < self.starts.len() {
            rows.push(at);
            at = if self.folded.contains(&at) { self.inside(at) + 1 } else { at + 1 };
        }
        self.rows = rows;
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        self.top.0 = self.top.0.min(self.rows.len().saturating_sub(1));
    }

    /// The row of a line, or of what it is folded into.
    fn row_of(&self, line: usize) -> usize {
        self.rows.partition_point(|row| *row <= line).saturating_sub(1)
    }

    fn line(&self, at: usize) -> &str {
        let Some(start) = self.starts.get(at) else { return "" };
        let end = self.starts.get(at + 1).copied().unwrap_or(self.text.len());
        self.text.get(*start..end).unwrap_or_default().trim_end_matches('\n')
    }

    /// How deep a line lies; an element of a list lies below a key of the same indent. None: it is blank.
    fn depth(&self, at: usize) -> Option<usize> {
        let line = self.line(at);
        let body = line.trim_start();
        (!body.is_empty())
            .then(|| 2 * (line.len() - body.len()) + usize::from(body.starts_with("- ") && !self.literal.get(at).copied().unwrap_or(false)))
    }

    /// The last line below this one; itself where there is none.
    fn inside(&self, at: usize) -> usize {
        if self.kind == Kind::Diff {
            return at;
        }
        let Some(depth) = self.depth(at) else { return at };
        let deeper = (at + 1..self.starts.len()).take_while(|below| self.depth(*below).is_none_or(|other| other > depth));
        deeper.last().unwrap_or(at)
    }

    /// All of it.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Lines there are, those folded away not counted.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row one stands at, counted from the first.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Folds what is below the line one stands at, or unfolds it. On a line with nothing below it what it stands in is folded.
    pub fn fold(&mut self, wanted: Option<bool>) {
        let Some(line) = self.rows.get(self.cursor).copied() else { return };
        let close = wanted.unwrap_or_else(|| !self.folded.contains(&line));
        if !close {
            self.folded.remove(&line);
        } else if self.inside(line) > line && !self.folded.contains(&line) {
            self.folded.insert(line);
        } else if let Some(outer) = self.outer(line) {
            self.folded.insert(outer);
            self.arrange();
            self.cursor = self.row_of(outer);
            return;
        }
        self.arrange();
        self.cursor = self.row_of(line);
    }

    /// The line this one stands below.
    fn outer(&self, line: usize) -> Option<usize> {
        let depth = self.depth(line)?;
        (0..line).rev().find(|above| self.depth(*above).is_some_and(|other| other < depth))
    }

    /// Folds everything, or unfolds it where something is folded.
    pub fn fold_all(&mut self) {
        let line = self.rows.get(self.cursor).copied().unwrap_or(0);
        if self.folded.is_empty() {
            // One pass from the end: a line can be folded where the next one lies deeper.
            let depths: Vec<Option<usize>> = (0..self.starts.len()).map(|at| self.depth(at)).collect();
            let deeper = |at: &usize| depths[*at].zip(depths.get(at + 1).copied().flatten()).is_some_and(|(own, next)| next > own);
            self.folded = if self.kind == Kind::Yaml { (0..depths.len()).filter(deeper).collect() } else { BTreeSet::new() };
        } else {
            self.folded.clear();
        }
        self.arrange();
        self.cursor = self.row_of(line);
        self.top = (self.top.0.min(self.cursor), 0);
    }

    /// Goes somewhere; the window goes along as little as it has to.
    pub fn go(&mut self, way: Way, window: Window) {
        let last = self.rows.len().saturating_sub(1);
        let by = |from: usize, count: isize| from.saturating_add_signed(count).min(last);
        match way {
            // A line longer than the window is read to its end first.
            Way::Lines(1) if self.top.0 == self.cursor && self.top.1 + window.height < self.height(self.cursor, window) => self.top.1 += 1,
            Way::Lines(-1) if self.top.0 == self.cursor && self.top.1 > 0 => self.top.1 -= 1,
            Way::Lines(count) => self.cursor = by(self.cursor, count),
            Way::Pages(count) => {
                let page = isize::try_from(self.seen(window).saturating_sub(1).max(1)).unwrap_or(isize::MAX);
                self.cursor = by(self.cursor, count.saturating_mul(page));
                self.top = (by(self.top.0, count.saturating_mul(page)), 0);
            }
            Way::Top => self.cursor = 0,
            Way::Bottom => self.cursor = last,
        }
        self.settle(window);
    }

    /// Rows of the screen a line takes.
    fn height(&self, row: usize, window: Window) -> usize {
        if window.wrap { lines::fold(&[self.spans(row)], window.columns, true).len().max(1) } else { 1 }
    }

    /// Lines of which something is seen.
    fn seen(&self, window: Window) -> usize {
        let mut room = window.height + self.top.1;
        let fits = (self.top.0..self.rows.len()).take_while(|row| {
            let begins = room > 0;
            room = room.saturating_sub(self.height(*row, window));
            begins
        });
        fits.count()
    }

    /// Moves the window so that the line one stands at is seen, and no further than the end.
    pub fn settle(&mut self, window: Window) {
        // The first row such that everything down to this one fits.
        let first = |down_to: usize| {
            let mut room = window.height.max(1);
            let mut first = down_to;
            for row in (0..=down_to).rev() {
                let height = self.height(row, window);
                if height > room {
                    break;
                }
                room -= height;
                first = row;
            }
            first
        };
        let (least, most) = (first(self.cursor), first(self.rows.len().saturating_sub(1)));
        if self.top.0 > most.max(least) {
            self.top = (most.max(least), 0);
        }
        if self.cursor < self.top.0 {
            self.top = (self.cursor, 0);
        } else if self.top.0 < least {
            self.top = (least, 0);
        }
    }

    /// What is seen: each row of the screen with the row of the text it belongs to.
    pub fn window(&self, window: Window) -> Vec<(usize, Spans)> {
        let mut seen = Vec::with_capacity(window.height);
        for row in self.top.0..self.rows.len() {
            let skip = if row == self.top.0 { self.top.1 } else { 0 };
            let parts = lines::fold(&[self.spans(row)], window.columns, window.wrap);
            seen.extend(parts.into_iter().skip(skip).take(window.height - seen.len()).map(|part| (row, part)));
            if seen.len() >= window.height {
                break;
            }
        }
        seen
    }

    fn spans(&self, row: usize) -> Spans {
        let Some(at) = self.rows.get(row).copied() else { return Spans::new() };
        let line = self.line(at);
        if self.kind == Kind::Diff {
            let role = match line.as_bytes().first() {
                Some(b'+') => Role::DiffAdd,
                Some(b'-') => Role::DiffDel,
                Some(b'@') => Role::Header,
                _ => Role::Text,
            };
            return plain(line, role);
        }
        let mut spans = if self.literal.get(at).copied().unwrap_or(false) { plain(line, Role::YamlString) } else { lines::yaml_line(line) };
        if self.folded.contains(&at) {
            spans.push((format!(" … {} lines", self.inside(at) - at), Role::Dim));
        }
        spans
    }

    /// Goes to the next line that fits, from the end on to the beginning; it is unfolded. False: there is none.
    pub fn find(&mut self, fits: impl Fn(&str) -> bool, forward: bool, window: Window) -> bool {
        let count = self.starts.len();
        let Some(here) = self.rows.get(self.cursor).copied() else { return false };
        let order = (1..=count).map(|step| if forward { (here + step) % count } else { (here + count - step) % count });
        let Some(line) = order.into_iter().find(|at| fits(self.line(*at))) else { return false };
        let hiding: Vec<usize> = self.folded.range(..line).copied().filter(|fold| self.inside(*fold) >= line).collect();
        hiding.iter().for_each(|fold| _ = self.folded.remove(fold));
        self.arrange();
        self.cursor = self.row_of(line);
        self.settle(window);
        true
    }

    /// The words stand in the line one stands at.
    pub fn is_at(&self, needle: &str) -> bool {
        self.rows.get(self.cursor).is_some_and(|line| !find_all(self.line(*line), needle).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "kind: Pod\nspec:\n  containers:\n  - name: web\n    image: a\n  - name: proxy\n  nodeName: n1\nstatus:\n  phase: Running\n";
    const WINDOW: Window = Window { columns: 40, height: 4, wrap: false };

    fn seen(document: &Document) -> Vec<String> {
        document.window(WINDOW).iter().map(|(_, spans)| spans.iter().map(|(text, _)| text.as_str()).collect()).collect()
    }

    fn yaml(text: &str) -> Document {
        Document::new(text.into(), Kind::Yaml)
    }

    #[test]
    fn what_is_below_a_key_is_folded_into_it() {
        let mut document = yaml(TEXT);
        document.go(Way::Lines(2), WINDOW);
        document.fold(None);
        assert_eq!(seen(&document), ["kind: Pod", "spec:", "  containers: … 3 lines", "  nodeName: n1"]);
        // A line with nothing below it folds what it stands in.
        document.go(Way::Lines(1), WINDOW);
        document.fold(Some(true));
        assert_eq!(seen(&document), ["kind: Pod", "spec: … 5 lines", "status:", "  phase: Running"]);
        assert_eq!(document.cursor(), 1);
        document.fold(Some(false));
        assert_eq!(seen(&document)[2], "  containers: … 3 lines");
    }

    #[test]
    fn all_is_folded_and_unfolded() {
        let mut document = yaml(TEXT);
        document.fold_all();
        assert_eq!(seen(&document), ["kind: Pod", "spec: … 5 lines", "status: … 1 lines"]);
        document.fold_all();
        assert_eq!(document.len(), 9);
    }

    #[test]
    fn a_match_is_unfolded_and_found_from_the_end_on() {
        let mut document = yaml(TEXT);
        document.fold_all();
        assert!(document.find(|line| line.contains("image"), true, WINDOW));
        assert!(document.is_at("IMAGE"));
        assert!(document.find(|line| line.contains("kind"), true, WINDOW));
        assert_eq!(document.cursor(), 0);
        assert!(!document.find(|line| line.contains("nowhere"), true, WINDOW));
    }

    #[test]
    fn one_stays_at_the_line_when_lines_come_above_it() {
        let mut document = yaml(TEXT);
        document.go(Way::Bottom, WINDOW);
        document.go(Way::Lines(-1), WINDOW);
        document.fold(Some(true));
        document.replace("kind: Pod\nmetadata:\n  name: a\n".to_owned().add(&TEXT["kind: Pod\n".len()..]).into());
        assert_eq!(seen(&document).last().unwrap(), "status: … 1 lines");
        assert_eq!(document.cursor(), document.len() - 1);
    }

    #[test]
    fn a_line_longer_than_the_window_is_read_to_its_end() {
        let mut document = yaml(&format!("a: {}\nb: 2\n", "word ".repeat(60)));
        let window = Window { wrap: true, ..WINDOW };
        let height = document.height(0, window);
        assert!(height > window.height);
        for _ in 0..height - window.height {
            document.go(Way::Lines(1), window);
            assert_eq!(document.cursor(), 0);
        }
        document.go(Way::Lines(1), window);
        assert_eq!(document.cursor(), 1);
    }

    #[test]
    fn a_megabyte_is_walked_through_in_no_time() {
        let text: String = (0..30_000).map(|at| format!("  key-{at}: a value that is as long as such values are\n")).collect();
        let mut document = yaml(&format!("data:\n{text}"));
        let window = Window { columns: 80, height: 40, wrap: true };
        document.go(Way::Bottom, window);
        let seen = document.window(window);
        assert_eq!(seen.len(), 40);
        assert_eq!(seen.last().map(|(row, _)| *row), Some(30_000));
        document.go(Way::Pages(-1), window);
        assert!(document.cursor() < 30_000);
        document.go(Way::Top, window);
        document.fold(None);
        assert_eq!(document.len(), 1);
    }

    use std::ops::Add;
}
