//! What is wrong in a settings file, with its place; keymaps and themes both report this way. No reading of files.

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One mistake in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file's path, or the name of an embedded preset.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, in one sentence.
    pub what: String,
    /// What was probably meant, or how to mend it.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// A TOML text with its name, so that places in it can be told.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Path or preset name.
    pub file: &'a str,
    /// The TOML text.
    pub text: &'a str,
}

impl<'a> Source<'a> {
    /// The line, from 1, of a byte offset.
    pub fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    /// A fault at a byte offset.
    pub fn fault(&self, offset: usize, what: impl Into<String>, hint: Option<String>) -> Fault {
        Fault { file: self.file.to_owned(), line: self.line(offset), what: what.into(), hint }
    }

    /// Reads the text.
    ///
    /// # Errors
    /// Every syntax error with its line.
    pub fn parse(&self) -> Result<DeTable<'a>, Vec<Fault>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        if errors.is_empty() {
            return Ok(table.into_inner());
        }
        Err(errors
            .iter()
            .map(|error| self.fault(error.span().map_or(0, |span| span.start), error.message().trim().replace('\n', " "), None))
            .collect())
    }
}

/// A table's rows in the order in which they are written.
pub fn written<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t str, usize, &'t Spanned<DeValue<'i>>)> {
    let mut rows: Vec<_> = table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span().start, value)).collect();
    rows.sort_by_key(|(_, offset, _)| *offset);
    rows
}

/// "did you mean …?" when one of the candidates is near enough to be a slip of the hand.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate)).min()?;
    (near.0 <= 1 + word.chars().count() / 5 && near.0 < word.chars().count().min(near.1.chars().count()).div_ceil(2))
        .then(|| format!("did you mean `{}`?", near.1))
}

/// Edits between two words: insert, delete, replace, or swap of two neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut older = vec![0; b.len() + 1];
    let mut old: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut new = vec![i];
        for j in 1..=b.len() {
            let replaced = old[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(old[j] + 1).min(new[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(older[j - 2] + 1);
            }
            new.push(least);
        }
        older = std::mem::replace(&mut old, new);
    }
    old[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (a, b, edits) in [("kitten", "sitting", 3), ("", "abc", 3), ("table", "tabel", 1), ("same", "same", 0)] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }

    #[test]
    fn only_near_words_are_suggested() {
        assert_eq!(did_you_mean("tabel.down", ["table.down", "table.up"]), Some("did you mean `table.down`?".into()));
        assert_eq!(did_you_mean("quit", ["table.down"]), None);
        assert_eq!(did_you_mean("x", []), None);
    }

    #[test]
    fn syntax_errors_name_their_line() {
        let faults = Source { file: "keys.toml", text: "[global]\n\"a\" = \n" }.parse().expect_err("broken");
        assert_eq!((faults[0].file.as_str(), faults[0].line), ("keys.toml", 2));
    }
}
