//! Rows that requests take their data from, one after another and again from the first: CSV with a line of names, or NDJSON. Held in memory, so bounded.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::names::Problem;

/// Bytes of a file; a longer one is refused.
pub const LARGEST: u64 = 64 << 20;

/// What was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feed {
    names: Vec<String>,
    /// All cells behind one another, and where each ends.
    bytes: String,
    ends: Vec<u32>,
}

impl Feed {
    /// Reads rows: NDJSON where the first letter is `{`, CSV with a line of names (RFC 4180) otherwise.
    ///
    /// # Errors
    /// There are no rows, they differ in their fields, or it is neither; with the number of the row.
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let wrong =
            |why: String| Problem::new("load.feed", "the feed cannot be used", why).hint("it is CSV with a line of names, or a JSON object a line");
        if bytes.len() as u64 > LARGEST {
            return Err(wrong(format!("it is longer than {} MiB", LARGEST >> 20)));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| wrong(format!("it is no UTF-8 after {} bytes", error.valid_up_to())))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let feed = if text.trim_start().starts_with('{') { Self::of_json(text) } else { Self::of_csv(text) };
        let feed = feed.map_err(wrong)?;
        if feed.ends.is_empty() { Err(wrong("it has no row".into())) } else { Ok(feed) }
    }

    /// Names of its columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.ends.len() / self.names.len().max(1)
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// A cell of the row that request takes.
    pub(super) fn cell(&self, counter: u64, column: usize) -> &[u8] {
        let rows = self.rows().max(1) as u64;
        let at = usize::try_from(counter % rows).unwrap_or(0) * self.names.len() + column;
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        self.bytes.as_bytes().get(at.checked_sub(1).map_or(0, end)..end(at)).unwrap_or_default()
    }

    fn push(&mut self, cell: &str) -> Result<(), String> {
        self.bytes.push_str(cell);
        self.ends.push(u32::try_from(self.bytes.len()).map_err(|_| "it holds too much")?);
        Ok(())
    }

    fn of_json(text: &str) -> Result<Self, String> {
        let mut feed = Self { names: Vec::new(), bytes: String::new(), ends: Vec::new() };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let object: Map<String, Value> = serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))?;
            if feed.names.is_empty() {
                feed.names = object.keys().cloned().collect();
            }
            for name in feed.names.clone() {
                let value = object.get(&name).ok_or_else(|| format!("line {} has no {name}, as the first one has", number + 1))?;
                match value {
                    Value::String(text) => feed.push(text)?,
                    other => feed.push(&other.to_string())?,
                }
            }
        }
        Ok(feed)
    }

    fn of_csv(text: &str) -> Result<Self, String> {
        let mut rows = Rows { left: text, number: 0 };
        let names = rows.next_row()?.unwrap_or_default();
        if names.iter().any(|name| name.trim().is_empty()) {
            return Err("its first line has a column without a name".into());
        }
        let mut feed = Self { names: names.iter().map(|name| name.trim().to_owned()).collect(), bytes: String::new(), ends: Vec::new() };
        while let Some(row) = rows.next_row()? {
            // A last empty line is none.
            if row == [""] && feed.names.len() > 1 {
                continue;
            }
            if row.len() != feed.names.len() {
                return Err(format!("row {} has {} fields, the names are {}", rows.number, row.len(), feed.names.len()));
            }
            row.iter().try_for_each(|cell| feed.push(cell))?;
        }
        Ok(feed)
    }
}

/// Rows of CSV.
struct Rows<'a> {
    left: &'a str,
    number: usize,
}

impl Rows<'_> {
    fn next_row(&mut self) -> Result<Option<Vec<String>>, String> {
        if self.left.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let mut row = Vec::new();
        loop {
            row.push(if self.left.starts_with('"') { self.quoted()? } else { self.bare() });
            if let Some(next) = self.left.strip_prefix(',') {
                self.left = next;
                continue;
            }
            let ended = self.left.strip_prefix("\r\n").or_else(|| self.left.strip_prefix('\n'));
            self.left = ended
                .or_else(|| self.left.is_empty().then_some(""))
                .ok_or_else(|| format!("row {}: something follows a quoted field", self.number))?;
            return Ok(Some(row));
        }
    }

    fn bare(&mut self) -> String {
        let (cell, left) = self.left.split_at(self.left.find([',', '\n']).unwrap_or(self.left.len()));
        let cell = if left.starts_with('\n') { cell.strip_suffix('\r').unwrap_or(cell) } else { cell };
        self.left = left;
        cell.to_owned()
    }

    fn quoted(&mut self) -> Result<String, String> {
        let mut cell = String::new();
        let mut left = &self.left[1..];
        loop {
            let end = left.find('"').ok_or_else(|| format!("row {}: a quote has no end", self.number))?;
            cell.push_str(&left[..end]);
            left = &left[end + 1..];
            let Some(more) = left.strip_prefix('"') else { break };
            cell.push('"');
            left = more;
        }
        self.left = left;
        Ok(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(feed: &Feed) -> Vec<Vec<String>> {
        let cell = |row, column| String::from_utf8(feed.cell(row as u64, column).to_vec()).unwrap();
        (0..feed.rows()).map(|row| (0..feed.names().len()).map(|column| cell(row, column)).collect()).collect()
    }

    #[test]
    fn rows_are_read_in_either_form() {
        // The examples of RFC 4180, 2.
        let csv = Feed::read(b"a,b\r\n\"x\"\"y\",\"1\r\n2\"\r\n,z\r\n").unwrap();
        assert_eq!(
            (csv.names(), rows(&csv)),
            (&["a".to_owned(), "b".to_owned()][..], vec![vec!["x\"y".into(), "1\r\n2".into()], vec![String::new(), "z".into()]])
        );
        assert_eq!(csv.cell(3, 1), b"z", "the first follows the last");
        let json = Feed::read(b"{\"id\": 1, \"name\": \"\\u00fc\"}\n\n{\"name\": null, \"id\": [2]}\n").unwrap();
        assert_eq!((json.column("id"), rows(&json)), (Some(0), vec![vec!["1".into(), "ü".into()], vec!["[2]".into(), "null".into()]]));
        assert_eq!(rows(&Feed::read(b"one\n1\n2").unwrap()), [["1"], ["2"]]);
    }

    #[test]
    fn what_is_no_feed_is_refused_with_the_row() {
        for (bytes, words) in [
            (&b""[..], "no row"),
            (b"a,b\n", "no row"),
            (b"a,b\n1\n", "row 2 has 1 fields"),
            (b"a,\n1,2\n", "without a name"),
            (b"a\n\"1\n", "no end"),
            (b"a\n\"1\"x\n", "something follows"),
            (b"{\"a\": 1}\n{\"b\": 1}\n", "line 2 has no a"),
            (b"{\"a\": 1}\n[1]\n", "line 2"),
            (b"a\n\xff\n", "no UTF-8"),
        ] {
            let problem = Feed::read(bytes).unwrap_err();
            assert!(problem.code == "load.feed" && problem.why.contains(words), "{problem}");
        }
    }
}
