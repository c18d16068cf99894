//! What a person says of a moment of a run: one line of JSON each, only ever appended. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text::sanitise;

/// Letters of the longest note.
pub const LONGEST: usize = 200;

/// Notes of a run that are read.
const MOST: usize = 1_000;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The moment, since the start of the run, in nanoseconds.
    pub at_ns: u64,
    /// What is said; empty: what was said there before is taken back.
    pub text: String,
    /// When that was written.
    pub written: Timestamp,
}

impl Note {
    /// The moment in whole seconds.
    pub fn second(&self) -> u64 {
        self.at_ns / 1_000_000_000
    }

    /// The moment as people read it, `1:05`, `1:00:05`.
    pub fn when(&self) -> String {
        let second = self.second();
        match second / 3_600 {
            0 => format!("{}:{:02}", second / 60, second % 60),
            hours => format!("{hours}:{:02}:{:02}", second / 60 % 60, second % 60),
        }
    }

    /// As one line of the file.
    pub fn line(&self) -> Vec<u8> {
        // Plain text and numbers always have a form.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// Reads the lines of a file: of several at one moment the last one counts. What cannot be read is left out.
pub fn read(bytes: &[u8]) -> Vec<Note> {
    let mut notes = std::collections::BTreeMap::new();
    for line in String::from_utf8_lossy(bytes).lines().take(MOST) {
        if let Ok(note) = serde_json::from_str::<Note>(line) {
            let text = sanitise(note.text.trim()).chars().take(LONGEST).collect();
            notes.insert(note.at_ns, Note { text, ..note });
        }
    }
    notes.into_values().filter(|note| !note.text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(second: u64, text: &str) -> Note {
        Note { at_ns: second * 1_000_000_000, text: text.into(), written: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn the_last_word_on_a_moment_counts_and_an_empty_one_takes_it_back() {
        let written = [note(65, "second"), note(5, "first"), note(65, "better"), note(9, "gone"), note(9, ""), note(3_605, "a\u{1b}[2Jb")];
        let mut bytes: Vec<u8> = written.iter().flat_map(Note::line).collect();
        bytes.extend(b"{\"at_ns\":7");
        let read = read(&bytes);
        let told: Vec<(String, &str)> = read.iter().map(|note| (note.when(), note.text.as_str())).collect();
        assert_eq!((told[0].clone(), told[1].clone(), read.len()), (("0:05".to_owned(), "first"), ("1:05".to_owned(), "better"), 3));
        assert!(told[2].0 == "1:00:05" && !told[2].1.contains('\u{1b}'), "{told:?}");
    }
}
