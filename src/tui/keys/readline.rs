//! A one-line text editor with the keys that shells taught everybody. It draws nothing and decides nothing: the
//! caller is told what a key amounted to.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::tui::term::key::{Code, Key};

/// Longest text that is held, in bytes; what a paste has beyond it is dropped.
pub const LONGEST: usize = 4096;

const LONGEST_HISTORY: usize = 500;

/// What a key amounted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The text is another one.
    Changed,
    /// The key was used; the text is as before, the cursor may have moved.
    Unchanged,
    /// Enter: the text is finished.
    Accept,
    /// Esc: the text is given up.
    Cancel,
    /// Tab: take a completion.
    Complete,
    /// Not a key of this editor.
    Ignored,
}

/// Text, cursor and history of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readline {
    text: String,
    cursor: usize,
    killed: String,
    history: Vec<String>,
    recalled: Option<usize>,
    draft: String,
}

/// The part of a line that fits a width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<'a> {
    /// What is seen.
    pub text: &'a str,
    /// Column of the cursor in it.
    pub cursor: u16,
}

/// A key's work on the line.
type Edit = fn(&mut Readline);

const CONTROL: &[(char, Edit)] = &[
    ('a', Readline::go_start),
    ('e', Readline::go_end),
    ('b', Readline::left),
    ('f', Readline::right),
    ('k', Readline::kill_to_end),
    ('u', Readline::kill_to_start),
    ('w', Readline::kill_word_back),
    ('y', Readline::yank),
    ('d', Readline::delete),
    ('h', Readline::backspace),
    ('p', Readline::older),
    ('n', Readline::newer),
];

const META: &[(char, Edit)] = &[('b', Readline::word_left), ('f', Readline::word_right), ('d', Readline::kill_word)];

const NAMED: &[(Code, Edit)] = &[
    (Code::Home, Readline::go_start),
    (Code::End, Readline::go_end),
    (Code::Left, Readline::left),
    (Code::Right, Readline::right),
    (Code::Up, Readline::older),
    (Code::Down, Readline::newer),
    (Code::Backspace, Readline::backspace),
    (Code::Delete, Readline::delete),
];

impl Readline {
    /// An empty line with lines remembered from before, oldest first.
    pub fn with_history(history: Vec<String>) -> Self {
        Self { history, ..Self::default() }
    }

    /// A line that holds a text, cursor at its end.
    pub fn with_text(text: &str) -> Self {
        let mut line = Self::default();
        line.insert(text);
        line
    }

    /// Does what the key says.
    pub fn key(&mut self, key: Key) -> Outcome {
        match (key.code, key.ctrl || key.alt) {
            (Code::Enter, _) => return Outcome::Accept,
            (Code::Esc, _) => return Outcome::Cancel,
            (Code::Tab, false) => return Outcome::Complete,
            (Code::Char(c), false) => {
                let before = self.text.len();
                self.insert(c.encode_utf8(&mut [0; 4]));
                return if self.text.len() == before { Outcome::Unchanged } else { Outcome::Changed };
            }
            _ => {}
        }
        let Some(edit) = edit_for(key) else { return Outcome::Ignored };
        let before = self.text.clone();
        edit(self);
        if self.text == before { Outcome::Unchanged } else { Outcome::Changed }
    }

    /// The text as it stands.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor as a byte offset; always between two graphemes.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Remembered lines, oldest first.
    pub fn history(&self) -> &[String] {
        &self.history
    }

    /// Inserts text at the cursor, as from a paste: newlines and tabs become spaces, other control characters are dropped.
    pub fn insert(&mut self, text: &str) {
        let spaced = text.replace("\r\n", " ");
        let clean = spaced.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).filter(|c| !c.is_control());
        let mut room = LONGEST.saturating_sub(self.text.len());
        let fits = clean.take_while(|c| {
            let fits = c.len_utf8() <= room;
            room = room.saturating_sub(c.len_utf8());
            fits
        });
        let inserted: String = fits.collect();
        self.text.insert_str(self.cursor, &inserted);
        self.place(self.cursor + inserted.len());
        self.recalled = None;
    }

    /// Replaces the text; the cursor is a byte offset and is moved to the next gap between graphemes.
    pub fn set(&mut self, text: &str, cursor: usize) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
        self.place(cursor);
    }

    /// Empties the line.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
        self.recalled = None;
    }

    /// Hands the text out, remembers it (once, and not when blank) and empties the line.
    pub fn take(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        self.clear();
        if !text.trim().is_empty() {
            self.history.retain(|known| *known != text);
            self.history.push(text.clone());
            let extra = self.history.len().saturating_sub(LONGEST_HISTORY);
            self.history.drain(..extra);
        }
        text
    }

    /// What fits into `width` columns, such that the cursor is in it.
    pub fn window(&self, width: u16) -> Window<'_> {
        let room = usize::from(width).saturating_sub(1);
        let mut start = self.cursor;
        let mut before = 0;
        for (offset, grapheme) in self.text[..self.cursor].grapheme_indices(true).rev() {
            if before + grapheme.width() > room {
                break;
            }
            before += grapheme.width();
            start = offset;
        }
        let mut end = start;
        let mut columns = 0;
        for (offset, grapheme) in self.text[start..].grapheme_indices(true) {
            columns += grapheme.width();
            if columns > usize::from(width) {
                break;
            }
            end = start + offset + grapheme.len();
        }
        Window { text: &self.text[start..end.max(start)], cursor: before as u16 }
    }

    fn place(&mut self, offset: usize) {
        let ends = self.text.grapheme_indices(true).map(|(start, grapheme)| start + grapheme.len());
        self.cursor = std::iter::once(0).chain(ends).find(|end| *end >= offset).unwrap_or(self.text.len());
    }

    fn previous(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(offset, _)| offset)
    }

    fn next(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    fn left(&mut self) {
        self.cursor = self.previous();
    }

    fn right(&mut self) {
        self.cursor = self.next();
    }

    fn go_start(&mut self) {
        self.cursor = 0;
    }

    fn go_end(&mut self) {
        self.cursor = self.text.len();
    }

    fn word_left(&mut self) {
        let words = self.text.unicode_word_indices().map(|(start, _)| start);
        let start = words.take_while(|start| *start < self.cursor).last().unwrap_or(0);
        self.place(start);
    }

    fn word_right(&mut self) {
        let mut ends = self.text.unicode_word_indices().map(|(start, word)| start + word.len());
        let end = ends.find(|end| *end > self.cursor).unwrap_or(self.text.len());
        self.place(end);
    }

    fn backspace(&mut self) {
        let start = self.previous();
        self.cut(start, self.cursor);
    }

    fn delete(&mut self) {
        let end = self.next();
        self.cut(self.cursor, end);
    }

    fn kill_to_end(&mut self) {
        self.kill(self.cursor, self.text.len());
    }

    fn kill_to_start(&mut self) {
        self.kill(0, self.cursor);
    }

    /// As in a shell, `ctrl-w` knows only spaces: it takes a whole `app=x` or path.
    fn kill_word_back(&mut self) {
        let before = self.text[..self.cursor].trim_end();
        let start = before.char_indices().rev().find(|(_, c)| c.is_whitespace()).map_or(0, |(offset, c)| offset + c.len_utf8());
        self.kill(start, self.cursor);
    }

    fn kill_word(&mut self) {
        let start = self.cursor;
        self.word_right();
        self.kill(start, self.cursor);
    }

    fn kill(&mut self, start: usize, end: usize) {
        if start < end {
            self.killed = self.text[start..end].to_owned();
            self.cut(start, end);
        }
    }

    fn yank(&mut self) {
        let killed = std::mem::take(&mut self.killed);
        self.insert(&killed);
        self.killed = killed;
    }

    fn cut(&mut self, start: usize, end: usize) {
        self.text.replace_range(start..end, "");
        self.place(start);
        self.recalled = None;
    }

    fn older(&mut self) {
        let wanted = match self.recalled {
            None => self.history.len().checked_sub(1),
            Some(index) => index.checked_sub(1),
        };
        let Some(wanted) = wanted else { return };
        if self.recalled.is_none() {
            self.draft = self.text.clone();
        }
        self.recall(Some(wanted));
    }

    fn newer(&mut self) {
        if let Some(index) = self.recalled {
            self.recall(Some(index + 1).filter(|next| *next < self.history.len()));
        }
    }

    fn recall(&mut self, index: Option<usize>) {
        self.text = index.map_or_else(|| std::mem::take(&mut self.draft), |index| self.history[index].clone());
        self.cursor = self.text.len();
        self.recalled = index;
    }
}

fn edit_for(key: Key) -> Option<Edit> {
    let found = |table: &[(char, Edit)], wanted: char| table.iter().find(|(c, _)| *c == wanted).map(|(_, edit)| *edit);
    match (key.code, key.ctrl, key.alt) {
        (Code::Char(c), true, false) => found(CONTROL, c),
        (Code::Char(c), false, true) => found(META, c),
        (Code::Left, ctrl, alt) if ctrl || alt => Some(Readline::word_left),
        (Code::Right, ctrl, alt) if ctrl || alt => Some(Readline::word_right),
        (Code::Backspace, false, true) => Some(Readline::kill_word_back),
        (code, false, false) => NAMED.iter().find(|(named, _)| *named == code).map(|(_, edit)| *edit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keys::chord::parse_key;
    use proptest::prelude::*;

    fn press(line: &mut Readline, keys: &str) -> Outcome {
        keys.split(' ').map(|key| line.key(parse_key(key).expect("key"))).last().expect("a key")
    }

    fn after(text: &str, keys: &str) -> (String, usize) {
        let mut line = Readline::with_text(text);
        press(&mut line, keys);
        (line.text().to_owned(), line.cursor())
    }

    #[test]
    fn keys_do_what_readline_taught() {
        for (text, keys, expected, cursor) in [
            ("po shop", "ctrl-a x", "xpo shop", 1),
            ("po shop", "ctrl-a ctrl-e x", "po shopx", 8),
            ("abc", "ctrl-b ctrl-b ctrl-f", "abc", 2),
            ("po shop", "ctrl-a right right ctrl-k", "po", 2),
            ("po shop", "left ctrl-u", "p", 0),
            ("po app=x ", "ctrl-w", "po ", 3),
            ("po app=x", "ctrl-w ctrl-y ctrl-y", "po app=xapp=x", 13),
            ("abc", "home ctrl-d", "bc", 0),
            ("abc", "ctrl-h backspace", "a", 1),
            ("abc", "home delete delete", "c", 0),
            ("one two-three", "alt-b", "one two-three", 8),
            ("one two-three", "alt-b alt-b alt-b alt-f", "one two-three", 3),
            ("one two", "home alt-d", " two", 0),
            ("abc", "end delete", "abc", 3),
            ("abc", "home backspace", "abc", 0),
            ("a", "space", "a ", 2),
        ] {
            assert_eq!(after(text, keys), (expected.to_owned(), cursor), "{text:?} {keys}");
        }
    }

    #[test]
    fn outcomes_tell_what_happened() {
        let mut line = Readline::with_text("ab");
        for (keys, outcome) in [
            ("c", Outcome::Changed),
            ("left", Outcome::Unchanged),
            ("ctrl-a", Outcome::Unchanged),
            ("backspace", Outcome::Unchanged),
            ("tab", Outcome::Complete),
            ("enter", Outcome::Accept),
            ("esc", Outcome::Cancel),
            ("ctrl-c", Outcome::Ignored),
            ("ctrl-l", Outcome::Ignored),
            ("f5", Outcome::Ignored),
            ("pgup", Outcome::Ignored),
            ("alt-z", Outcome::Ignored),
        ] {
            assert_eq!(press(&mut line, keys), outcome, "{keys}");
        }
    }

    #[test]
    fn a_grapheme_is_one_step_however_many_bytes_it_has() {
        let family = "👩‍👩‍👧";
        let (text, cursor) = after(&format!("a{family}é"), "left left");
        assert_eq!((text.len(), cursor), (1 + family.len() + 2, 1));
        assert_eq!(after(&format!("a{family}"), "backspace").0, "a");
        assert_eq!(after("e\u{301}", "backspace").0, "");
    }

    #[test]
    fn a_paste_is_one_clean_line() {
        let mut line = Readline::default();
        line.insert("one\r\ntwo\nthree\tfour\u{1b}[31m\u{7}");
        assert_eq!(line.text(), "one two three four[31m");
        line.insert(&"x".repeat(LONGEST * 2));
        assert_eq!(line.text().len(), LONGEST);
    }

    #[test]
    fn history_walks_back_and_returns_to_the_draft() {
        let mut line = Readline::with_history(vec!["one".into(), "two".into()]);
        line.insert("dra");
        for (keys, text) in [("up", "two"), ("up", "one"), ("up", "one"), ("down", "two"), ("down", "dra"), ("down", "dra")] {
            press(&mut line, keys);
            assert_eq!(line.text(), text, "{keys}");
        }
    }

    #[test]
    fn taken_lines_are_remembered_once() {
        let mut line = Readline::with_history(vec!["one".into(), "two".into()]);
        for text in ["one", "  "] {
            line.set(text, 0);
            assert_eq!(line.take(), text);
        }
        assert_eq!((line.text(), line.history()), ("", ["two".to_owned(), "one".to_owned()].as_slice()));
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let mut line = Readline::with_text("0123456789");
        assert_eq!(line.window(5), Window { text: "6789", cursor: 4 });
        press(&mut line, "home");
        assert_eq!(line.window(5), Window { text: "01234", cursor: 0 });
        assert_eq!(Readline::with_text("日本語").window(4), Window { text: "語", cursor: 2 });
        assert_eq!(line.window(0).cursor, 0);
    }

    proptest! {
        #[test]
        fn no_key_breaks_the_line(steps in proptest::collection::vec((any::<char>(), 0usize..26, any::<bool>(), any::<bool>()), 0..60), width in 0u16..30) {
            let codes = [Code::Left, Code::Right, Code::Up, Code::Down, Code::Home, Code::End, Code::Backspace, Code::Delete];
            let mut line = Readline::with_history(vec!["e\u{301}🇩🇪x".into(), "two words".into()]);
            for (c, choice, ctrl, alt) in steps {
                let code = match choice {
                    0..8 => codes[choice],
                    8..18 => Code::Char(c),
                    _ => Code::Char(char::from(b'a' + choice as u8 - 18)),
                };
                line.key(Key { code, ctrl, alt, shift: false });
                let (text, cursor) = (line.text(), line.cursor());
                prop_assert!(cursor == text.len() || text.grapheme_indices(true).any(|(start, _)| start == cursor));
                prop_assert!(!text.chars().any(char::is_control));
                let window = line.window(width);
                prop_assert!(window.text.width() <= usize::from(width) && window.cursor <= width.saturating_sub(1));
            }
        }
    }
}
