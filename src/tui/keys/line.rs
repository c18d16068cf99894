//! The `:` line: what its words are, which word is being typed, and which candidates fit it. What the words mean
//! is the business of whoever asks.

use std::cmp::Reverse;
use std::ops::Range;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// A line taken apart: `po shop /web -l app=x @prod*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The first word: a kind or a command.
    pub head: String,
    /// The other plain words; quotes hold words together and make `/x` or `@x` plain.
    pub args: Vec<String>,
    /// What follows `/`.
    pub filter: Option<String>,
    /// The label selector after `-l`; several are joined by commas.
    pub labels: Option<String>,
    /// Patterns of clusters after `@`.
    pub contexts: Vec<String>,
}

/// What a word is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The first word.
    Head,
    /// A plain word after it, counted from 0.
    Arg(usize),
    /// After `/`.
    Filter,
    /// After `-l`.
    Labels,
    /// After `@`.
    Context,
}

/// The word at the cursor, without its sign (`/`, `@`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it is there for.
    pub slot: Slot,
    /// Its bytes in the line, up to the cursor.
    pub range: Range<usize>,
    /// Its text up to the cursor.
    pub text: String,
}

/// A candidate that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Which of the candidates given.
    pub index: usize,
    /// Which of its characters matched, counted from 0, ascending.
    pub positions: Vec<u32>,
}

/// Takes a line apart. Never fails: a line is read while it is being typed.
pub fn split(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for token in tokens(text) {
        match token.slot {
            Slot::Head => parsed.head = token.text,
            Slot::Arg(_) => parsed.args.push(token.text),
            Slot::Filter => parsed.filter = Some(token.text).filter(|filter| !filter.is_empty()),
            Slot::Labels if token.text.is_empty() => {}
            Slot::Labels => parsed.labels = Some(parsed.labels.map_or_else(|| token.text.clone(), |labels| format!("{labels},{}", token.text))),
            Slot::Context => parsed.contexts.extend(token.text.split(',').filter(|pattern| !pattern.is_empty()).map(str::to_owned)),
        }
    }
    parsed
}

/// The word that the cursor (a byte offset) stands in or at the end of; an empty one when it stands after a space.
pub fn word_at(text: &str, cursor: usize) -> Word {
    let typed = text.get(..cursor).unwrap_or(text);
    let mut tokens = tokens(typed);
    let open = !typed.ends_with(char::is_whitespace) || tokens.last().is_some_and(|token| token.range.end == typed.len());
    match tokens.pop() {
        Some(last) if open && !typed.is_empty() => last,
        last => {
            let slot = match last.map(|last| (last.slot, last.range.is_empty())) {
                None => Slot::Head,
                Some((Slot::Labels, true)) => Slot::Labels,
                Some(_) => Slot::Arg(tokens_of(typed, |slot| matches!(slot, Slot::Arg(_)))),
            };
            Word { slot, range: typed.len()..typed.len(), text: String::new() }
        }
    }
}

/// The candidates that fit the word at the cursor, best first.
pub fn complete<S: AsRef<str>>(text: &str, cursor: usize, candidates: &[S]) -> Vec<Match> {
    rank(&word_at(text, cursor).text, candidates)
}

/// Puts a completion in place of the word at the cursor, with a space after it; the new text and cursor.
pub fn accept(text: &str, cursor: usize, completion: &str) -> (String, usize) {
    let word = word_at(text, cursor);
    let quoted = if completion.contains(char::is_whitespace) { format!("\"{completion}\"") } else { completion.to_owned() };
    let tail = text.get(cursor..).unwrap_or_default();
    let rest = &tail[tail.find(char::is_whitespace).unwrap_or(tail.len())..];
    let before = format!("{}{quoted} ", &text[..word.range.start]);
    let after = format!("{before}{}", rest.strip_prefix(' ').unwrap_or(rest));
    (after, before.len())
}

/// The candidates that contain the needle's characters in order, best first: the whole word, then by nucleo's score
/// with a bonus for the beginning, then the shorter; equals keep their order. An empty needle fits everything.
pub fn rank<S: AsRef<str>>(needle: &str, candidates: &[S]) -> Vec<Match> {
    if needle.is_empty() {
        return (0..candidates.len()).map(|index| Match { index, positions: Vec::new() }).collect();
    }
    let mut config = Config::DEFAULT;
    config.prefer_prefix = true;
    let mut matcher = Matcher::new(config);
    let atom = Atom::new(needle, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy, false);
    let mut characters = Vec::new();
    let mut found = Vec::new();
    for (index, candidate) in candidates.iter().map(AsRef::as_ref).enumerate() {
        let mut positions = Vec::new();
        if let Some(score) = atom.indices(Utf32Str::new(candidate, &mut characters), &mut matcher, &mut positions) {
            let order = (!candidate.eq_ignore_ascii_case(needle), Reverse(score), candidate.len());
            found.push((order, Match { index, positions }));
        }
    }
    found.sort_by_key(|(order, _)| *order);
    found.into_iter().map(|(_, found)| found).collect()
}

fn tokens_of(text: &str, wanted: impl Fn(Slot) -> bool) -> usize {
    tokens(text).iter().filter(|token| wanted(token.slot)).count()
}

/// The words of a line with their meaning. A sign alone (`@`, `-l`) is an empty word of its kind.
fn tokens(text: &str) -> Vec<Word> {
    let mut tokens: Vec<Word> = Vec::new();
    let mut args = 0;
    let mut headless = true;
    for raw in raw_words(text) {
        if let Some(labels) = tokens.last_mut().filter(|last| last.slot == Slot::Labels && last.range.is_empty() && last.text.is_empty()) {
            *labels = Word { slot: Slot::Labels, ..raw.word };
            continue;
        }
        let Word { range, text, .. } = raw.word;
        let signed = |slot, sign: &str| Word { slot, range: range.start + sign.len()..range.end, text: text[sign.len()..].to_owned() };
        let sign = if raw.quoted { None } else { ["/", "@", "-l"].into_iter().find(|sign| text.starts_with(sign)) };
        tokens.push(match sign {
            Some(sign @ "/") => signed(Slot::Filter, sign),
            Some(sign @ "@") => signed(Slot::Context, sign),
            Some(sign) => signed(Slot::Labels, sign),
            None if headless => {
                headless = false;
                Word { slot: Slot::Head, range, text }
            }
            None => {
                args += 1;
                Word { slot: Slot::Arg(args - 1), range, text }
            }
        });
    }
    tokens
}

struct Raw {
    word: Word,
    quoted: bool,
}

/// Words between spaces; quotes, closed or not, hold spaces in. Slots are still to be told.
fn raw_words(text: &str) -> Vec<Raw> {
    let mut words: Vec<Raw> = Vec::new();
    let mut quote: Option<char> = None;
    let mut open = false;
    for (offset, c) in text.char_indices() {
        if quote.is_none() && c.is_whitespace() {
            open = false;
            continue;
        }
        if !open {
            let word = Word { slot: Slot::Head, range: offset..offset, text: String::new() };
            words.push(Raw { word, quoted: matches!(c, '"' | '\'') });
            open = true;
        }
        let Some(raw) = words.last_mut() else { continue };
        raw.word.range.end = offset + c.len_utf8();
        match (quote, c) {
            (Some(end), _) if end == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            _ => raw.word.text.push(c),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_line_is_taken_apart() {
        assert_eq!(
            split("po shop /web -l app=x @prod*"),
            Parsed {
                head: "po".into(),
                args: words(&["shop"]),
                filter: Some("web".into()),
                labels: Some("app=x".into()),
                contexts: words(&["prod*"])
            }
        );
    }

    #[test]
    fn signs_may_stand_anywhere_and_repeat() {
        let parsed = split("  @a,b svc -lapp=x @c -l tier=web  ");
        assert_eq!(parsed.head, "svc");
        assert_eq!(parsed.labels.as_deref(), Some("app=x,tier=web"));
        assert_eq!(parsed.contexts, words(&["a", "b", "c"]));
    }

    #[test]
    fn quotes_hold_words_together_and_make_signs_plain() {
        assert_eq!(split("sort \"last exit\" '/x' /\"a b\"").args, words(&["last exit", "/x"]));
        assert_eq!(split("sort /\"a b\"").filter.as_deref(), Some("a b"));
        assert_eq!(split("x \"open").args, words(&["open"]));
    }

    #[test]
    fn half_typed_lines_are_no_error() {
        for text in ["", " ", "/", "@", "-l", "po -l", "po @,", "\""] {
            let parsed = split(text);
            assert!(parsed.filter.is_none() && parsed.labels.is_none() && parsed.contexts.is_empty(), "{text}: {parsed:?}");
        }
    }

    #[test]
    fn the_word_at_the_cursor_has_a_slot() {
        for (text, cursor, slot, word) in [
            ("", 0, Slot::Head, ""),
            ("po", 2, Slot::Head, "po"),
            ("pods", 2, Slot::Head, "po"),
            ("po ", 3, Slot::Arg(0), ""),
            ("po shop x", 9, Slot::Arg(1), "x"),
            ("po /we", 6, Slot::Filter, "we"),
            ("po @pr", 6, Slot::Context, "pr"),
            ("po -l ", 6, Slot::Labels, ""),
            ("po -l ap", 8, Slot::Labels, "ap"),
            ("po @prod ", 9, Slot::Arg(0), ""),
        ] {
            let found = word_at(text, cursor);
            assert_eq!((found.slot, found.text.as_str()), (slot, word), "{text:?}");
        }
    }

    #[test]
    fn a_completion_takes_the_place_of_the_word() {
        assert_eq!(accept("po @pr", 6, "prod-eu"), ("po @prod-eu ".to_owned(), 12));
        assert_eq!(accept("dep shop", 2, "deployments"), ("deployments shop".to_owned(), 12));
        assert_eq!(accept("", 0, "pods"), ("pods ".to_owned(), 5));
        assert_eq!(accept("sort ", 5, "last exit"), ("sort \"last exit\" ".to_owned(), 17));
    }

    #[test]
    fn whole_words_and_beginnings_come_first() {
        let kinds = ["persistentvolumes", "endpoints", "pods", "poddisruptionbudgets", "po"];
        let names = |needle: &str| rank(needle, &kinds).into_iter().map(|found| kinds[found.index]).collect::<Vec<_>>();
        assert_eq!(names("po")[..3], ["po", "pods", "poddisruptionbudgets"]);
        assert_eq!(names("pdb"), ["poddisruptionbudgets"]);
        assert_eq!(names("zz"), Vec::<&str>::new());
        assert_eq!(names("").len(), 5);
        assert_eq!(complete("get PODS", 8, &kinds)[0].positions, [0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn no_line_breaks_it(text in "[a-zé/@\"' -]{0,24}", cursor in 0usize..30) {
            let word = word_at(&text, cursor);
            prop_assert!(text.get(word.range).is_some());
            if text.is_char_boundary(cursor) {
                let (after, at) = accept(&text, cursor, "done");
                prop_assert!(after.is_char_boundary(at));
            }
            split(&text);
        }
    }
}
