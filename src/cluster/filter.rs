//! The filter of a table: `web|cart !canary ^web-.*x$ -f wbx -l app=shop ns:prod @edge*`. Every part has to hold. Pure text against rows.

use regex::{Regex, RegexBuilder};

use super::rows::{Cell, Column, Row, RowState};

/// A filter as typed. The default lets everything through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    wanted: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// One of these stands anywhere in the row.
    Words(Vec<String>),
    /// One of these stands in the column of that name.
    In(String, Vec<String>),
    /// The name or the text of a cell matches.
    Matches(Expression),
    /// The letters stand in the name, in this order.
    Fuzzy(String),
    /// A label is there, or has this value.
    Label(String, Option<String>),
    /// The cluster's name matches one of these globs.
    Cluster(Vec<String>),
    /// The column of that name holds this and nothing else.
    Exactly(String, String),
}

/// A regular expression that ignores case; the same text is the same expression.
#[derive(Clone, Debug)]
struct Expression(Regex);

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// What makes a word a regular expression. `.` and `|` alone do not: addresses and alternatives are written with them.
const EXPRESSION: &[char] = &['^', '$', '*', '+', '?', '(', ')', '[', ']', '{', '}', '\\'];
/// Bytes that a compiled expression may take.
const LARGEST_EXPRESSION: usize = 1 << 20;

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// A sentence naming the part that is not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            if word == "-l" {
                let list = words.next().ok_or("-l wants a label: -l app=web")?;
                parts.extend(list.split(',').filter(|one| !one.is_empty()).map(label));
            } else if word == "-f" {
                let letters = words.next().ok_or("-f wants letters of a name: -f wbx")?;
                parts.push(Part { wanted: true, test: Test::Fuzzy(letters.to_lowercase()) });
            } else {
                parts.extend(part(word)?);
            }
        }
        Ok(Self { parts })
    }

    /// The same, and only rows that hold exactly this word in a column.
    #[must_use]
    pub fn and_exactly(mut self, column: &str, word: &str) -> Self {
        self.parts.push(Part { wanted: true, test: Test::Exactly(column.to_lowercase(), word.to_owned()) });
        self
    }

    /// Nothing is held back.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// [`Self::matches`] looks at the text of a row, not only at its fields.
    pub fn reads_text(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.test, Test::Words(_)))
    }

    /// Whatever passes this passes `other` too, as far as that is seen without a row: each part of `other` is here again, or as longer words.
    pub fn narrows(&self, other: &Self) -> bool {
        other.parts.iter().all(|wide| self.parts.iter().any(|part| part.implies(wide)))
    }

    /// Whether a row stays; `haystack` is its text in lower case.
    pub fn matches(&self, row: &Row, columns: &[Column], haystack: &str) -> bool {
        self.parts.iter().all(|part| part.test.holds(row, columns, haystack) == part.wanted)
    }
}

impl Part {
    fn implies(&self, wide: &Self) -> bool {
        let longer = |words: &[String], parts: &[String]| words.iter().all(|word| parts.iter().any(|part| word.contains(part.as_str())));
        match (&self.test, &wide.test) {
            _ if self == wide => true,
            (Test::Words(words), Test::Words(parts)) => self.wanted && wide.wanted && longer(words, parts),
            (Test::In(column, words), Test::In(same, parts)) => column == same && self.wanted && wide.wanted && longer(words, parts),
            (Test::Fuzzy(letters), Test::Fuzzy(start)) => self.wanted && wide.wanted && letters.starts_with(start.as_str()),
            _ => false,
        }
    }
}

fn label(text: &str) -> Part {
    let (name, value, wanted) = match text.split_once("!=").map(|pair| (pair, false)).or_else(|| text.split_once('=').map(|pair| (pair, true))) {
        Some(((name, value), wanted)) => (name, Some(value.trim_start_matches('=').to_owned()), wanted),
        None => (text.trim_start_matches('!'), None, !text.starts_with('!')),
    };
    Part { wanted, test: Test::Label(name.to_owned(), value) }
}

fn part(word: &str) -> Result<Option<Part>, String> {
    let (wanted, rest) = word.strip_prefix('!').map_or((true, word), |rest| (false, rest));
    let test = match rest.strip_prefix('@') {
        Some(globs) => Test::Cluster(alternatives(globs)),
        None => match rest.split_once(':') {
            Some((column, words)) if !column.is_empty() && column.chars().all(|c| c.is_alphanumeric() || c == '-') => {
                Test::In(column.to_lowercase(), alternatives(words))
            }
            _ if rest.contains(EXPRESSION) => Test::Matches(expression(rest)?),
            _ => Test::Words(alternatives(rest)),
        },
    };
    let nothing = matches!(&test, Test::Words(words) | Test::In(_, words) | Test::Cluster(words) if words.is_empty());
    Ok((!nothing).then_some(Part { wanted, test }))
}

fn expression(text: &str) -> Result<Expression, String> {
    let built = RegexBuilder::new(text).case_insensitive(true).size_limit(LARGEST_EXPRESSION).build();
    // The last line of its message says what is wrong; those before draw the place.
    built.map(Expression).map_err(|error| format!("{text} is no regular expression: {}", error.to_string().lines().last().unwrap_or_default()))
}

fn alternatives(text: &str) -> Vec<String> {
    text.split('|').filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

impl Test {
    fn holds(&self, row: &Row, columns: &[Column], haystack: &str) -> bool {
        match self {
            Self::Words(words) => words.iter().any(|word| memchr::memmem::find(haystack.as_bytes(), word.as_bytes()).is_some()),
            Self::In(column, words) => {
                let text = field(row, columns, column).to_lowercase();
                words.iter().any(|word| text.contains(word.as_str()))
            }
            Self::Matches(Expression(expression)) => {
                let cell = |cell: &Cell| matches!(cell, Cell::Text(text) if expression.is_match(text));
                expression.is_match(&row.name) || row.cells.iter().any(cell)
            }
            Self::Fuzzy(letters) => {
                let name = row.name.to_lowercase();
                let mut rest = name.chars();
                letters.chars().all(|letter| rest.any(|have| have == letter))
            }
            Self::Label(name, value) => row.labels.iter().any(|label| {
                let (key, have) = label.split_once('=').unwrap_or((label, ""));
                key == name && value.as_ref().is_none_or(|wanted| wanted == have)
            }),
            Self::Exactly(column, word) => field(row, columns, column) == word.as_str(),
            Self::Cluster(patterns) => {
                let name = row.cluster.as_str().to_lowercase();
                patterns.iter().any(|pattern| glob(pattern, &name))
            }
        }
    }
}

fn field<'a>(row: &'a Row, columns: &[Column], name: &str) -> std::borrow::Cow<'a, str> {
    match name {
        "name" => row.name.as_ref().into(),
        "ns" | "namespace" => row.namespace.as_deref().unwrap_or_default().into(),
        "cluster" | "ctx" => row.cluster.as_str().into(),
        "kind" => row.gvk.kind.as_ref().into(),
        "is" if differs(row, columns) => format!("differing {}", condition(row.state)).into(),
        "is" => condition(row.state).into(),
        _ => columns
            .iter()
            .position(|column| is_called(&column.name, name))
            .and_then(|index| row.cells.get(index))
            .map_or_else(Default::default, |cell| cell.show(0)),
    }
}

/// Another cluster has another image there.
fn differs(row: &Row, columns: &[Column]) -> bool {
    let elsewhere = columns.iter().position(|column| &*column.name == "ELSEWHERE");
    elsewhere.and_then(|at| row.cells.get(at)).is_some_and(|cell| *cell != Cell::Empty)
}

/// `ports` means PORT(S), `access-modes` ACCESS MODES: of a heading only letters and digits count.
fn is_called(heading: &str, name: &str) -> bool {
    fn plain(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase())
    }
    plain(heading).eq(plain(name))
}

/// What `is:` looks at.
fn condition(state: RowState) -> &'static str {
    match state {
        RowState::Fine => "fine",
        RowState::Done => "done",
        RowState::Progress => "progress",
        RowState::Unknown => "unknown",
        RowState::Warn => "trouble warning",
        RowState::Bad => "trouble failed",
    }
}

/// `*` stands for any text, also for none.
pub fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => match text.strip_prefix(head) {
            None => false,
            Some(rest) => (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| glob(tail, &rest[at..])),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cluster::rows::{Cell, Uid};
    use crate::names::{ClusterId, Gvk};

    fn matches(filter: &str) -> bool {
        let row = Row {
            uid: Uid(1),
            cluster: ClusterId::new("prod-eu"),
            gvk: Arc::new(Gvk::new("", "v1", "Pod")),
            namespace: Some("shop".into()),
            name: "web-1".into(),
            created: 0,
            state: RowState::Fine,
            cells: Box::new([Cell::Text("Running".into())]),
            labels: Arc::new(["app=web".into(), "tier=front".into()]),
            owner: None,
        };
        let columns = [Column { name: "STATUS".into(), wide: false, right: false }];
        Filter::parse(filter).unwrap().matches(&row, &columns, "prod-eu shop web-1 running")
    }

    #[test]
    fn headings_are_called_by_their_letters() {
        for (heading, name) in [("PORT(S)", "ports"), ("ACCESS MODES", "access-modes"), ("CLUSTER-IP", "cluster-ip"), ("STATUS", "status")] {
            assert!(is_called(heading, name), "{heading} {name}");
        }
        assert!(!is_called("STATUS", "stat") && !is_called("PORT(S)", "port"));
    }

    #[test]
    fn every_part_has_to_hold() {
        for yes in [
            "",
            "web",
            "WEB run",
            "cart|web",
            "!cart",
            "-l app=web",
            "-l app",
            "-l app!=cart,tier=front",
            "status:run",
            "ns:shop",
            "@prod*",
            "!@lab",
            "@lab|prod-eu",
        ] {
            assert!(matches(yes), "{yes}");
        }
        for no in ["cart", "web cart", "!web", "-l app=cart", "-l nothing", "-l !app", "status:failed", "ns:other", "@lab*"] {
            assert!(!matches(no), "{no}");
        }
    }

    #[test]
    fn a_letter_more_narrows_and_anything_else_does_not() {
        let narrows = |new: &str, old: &str| Filter::parse(new).unwrap().narrows(&Filter::parse(old).unwrap());
        for (new, old) in
            [("web", ""), ("web", "we"), ("web x", "web"), ("carts|webs", "cart|web"), ("status:run", "status:ru"), ("web -l app", "-l app")]
        {
            assert!(narrows(new, old), "{new} {old}");
        }
        for (new, old) in
            [("", "w"), ("we", "web"), ("web|x", "web"), ("!web", "!we"), ("status:run", "ru"), ("ns:run", "status:ru"), ("@lab", "@la")]
        {
            assert!(!narrows(new, old), "{new} {old}");
        }
    }

    #[test]
    fn expressions_and_letters_in_order_find_what_k9s_finds() {
        for yes in ["^web", "web-[0-9]+$", "^WEB-.$", "!^cart", "^Run", "-f wb1", "-f W1"] {
            assert!(matches(yes), "{yes}");
        }
        for no in ["^eb", "web$", "-f 1w", "!web-?"] {
            assert!(!matches(no), "{no}");
        }
        assert!(Filter::parse("web(").unwrap_err().contains("web( is no regular expression"));
        assert!(Filter::parse("((a{1000}){1000}){1000}").is_err() && Filter::parse("-f").is_err());
    }

    #[test]
    fn a_label_flag_without_a_label_is_refused() {
        assert!(Filter::parse("web -l").is_err());
    }
}
