//! Rows of the server's own Tables (`meta.k8s.io/v1`): any kind, custom resources included, with the columns its printers define.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::state::{Test, judge, tests};
use super::{Cell, Column, Decoder, Head, Interner, Row};
use crate::text::{measure, sanitise};

/// Which of a Table's columns are shown, and how they are read; name and age are columns of every row already.
#[derive(Default)]
pub(super) struct Layout {
    shown: Vec<(usize, Reading)>,
    /// Places among those that are shown.
    tests: Vec<(usize, Test, Option<usize>)>,
}

/// What a column's texts are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// How long ago something happened: it has to go on growing.
    Moment,
    /// How long something lasted.
    Span,
    /// Words, numbers, quantities.
    Plain,
}

/// Headings whose texts are ages though the definition does not say so.
const MOMENTS: &[&str] = &["LAST SCHEDULE", "LAST SEEN", "FIRST SEEN", "LAST BACKUP", "LAST TRANSITION"];

/// What stands in a heading over spans: there `5m` is five minutes and not five thousandths.
const SPANS: &[&str] = &["AGE", "DURATION", "INTERVAL", "TIMEOUT", "PERIOD", "TTL", "SINCE", "UPTIME", "DELAY", "WINDOW", "EXPIR", "TIME"];

/// Rows are decoded one by one: ten thousand at once would take many times the memory of what is made of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table<'a> {
    #[serde(default)]
    column_definitions: Option<Vec<Definition>>,
    #[serde(borrow, default)]
    rows: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Definition {
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    priority: i32,
}

#[derive(Deserialize)]
struct TableRow<'a> {
    #[serde(default)]
    cells: Vec<Value>,
    /// Its metadata, or all of it.
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
}

impl Decoder {
    pub(super) fn table(&mut self, json: &[u8], out: &mut Vec<Row>) -> Result<Option<Arc<[Column]>>, serde_json::Error> {
        let table: Table<'_> = serde_json::from_slice(json)?;
        // Definitions come with the first event of a watch only.
        let columns = table.column_definitions.filter(|all| !all.is_empty()).map(|all| self.lay_out(&all));
        for row in table.rows.unwrap_or_default() {
            let row = self.table_row(row.get().as_bytes())?;
            out.push(row);
        }
        Ok(columns)
    }

    /// One element of a Table's `rows`.
    pub(super) fn table_row(&mut self, json: &[u8]) -> Result<Row, serde_json::Error> {
        let row: TableRow<'_> = serde_json::from_slice(json)?;
        let object = row.object.map_or("{}", RawValue::get);
        let (layout, now) = (&self.layout, self.now);
        let mut cells: Vec<Cell> = layout.shown.iter().map(|(at, reading)| cell(row.cells.get(*at), *reading, now, &mut self.words)).collect();
        let judged = layout.tests.iter().filter_map(|(at, test, by)| Some(judge(*test, cells.get(*at)?, by.and_then(|by| cells.get(by)))));
        let state = judged.max().unwrap_or_default();
        cells.extend(self.chosen(object.as_bytes())?);
        let Head { metadata } = serde_json::from_str(object)?;
        Ok(self.row(&metadata, state, cells))
    }

    fn lay_out(&mut self, all: &[Definition]) -> Arc<[Column]> {
        let own = |definition: &&Definition| !matches!(definition.name.as_str(), "Name" | "Age");
        let columns: Arc<[Column]> = all
            .iter()
            .filter(own)
            .map(|definition| Column {
                name: sanitise(&definition.name).to_uppercase().into(),
                wide: definition.priority > 0,
                right: matches!(definition.kind.as_str(), "integer" | "number"),
            })
            .collect();
        let headings: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
        let places = (0..all.len()).filter(|at| own(&&all[*at]));
        self.layout = Layout {
            shown: places.zip(&headings).map(|(at, heading)| (at, reading(heading, &all[at].kind))).collect(),
            tests: tests(&self.gvk.kind, &headings),
        };
        columns.iter().cloned().chain(self.own_columns()).collect()
    }
}

/// What a column of the person's own holds.
pub(super) fn read(text: &str, heading: &str, now: i64, words: &mut Interner) -> Cell {
    match reading(heading, "string") {
        Reading::Moment => typed(text, Reading::Span, now, words),
        reading => typed(text, reading, now, words),
    }
}

fn reading(heading: &str, kind: &str) -> Reading {
    match () {
        () if kind == "date" || MOMENTS.contains(&heading) => Reading::Moment,
        () if SPANS.iter().any(|part| heading.contains(part)) => Reading::Span,
        () => Reading::Plain,
    }
}

fn cell(value: Option<&Value>, reading: Reading, now: i64, words: &mut Interner) -> Cell {
    match value {
        None | Some(Value::Null) => Cell::Empty,
        Some(Value::String(text)) => typed(text, reading, now, words),
        Some(Value::Number(number)) if number.is_i64() => Cell::Number(number.as_i64().unwrap_or_default()),
        Some(other) => typed(&other.to_string(), reading, now, words),
    }
}

/// A text with its order: what the server wrote about sizes is compared by size.
fn typed(text: &str, reading: Reading, now: i64, words: &mut Interner) -> Cell {
    if matches!(text, "" | "<none>" | "<unset>") {
        return Cell::Empty;
    }
    // Most cells hold words: only what holds a digit is looked at closely.
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return words.cell(text);
    }
    let age = || measure::age(text);
    match reading {
        // Seconds of any age are far from the end of their range.
        Reading::Moment => age().map(|seconds| Cell::Since(now - seconds as i64)),
        Reading::Span => age().map(|seconds| Cell::Measure(seconds as f32, words.word(text))),
        Reading::Plain => None,
    }
    .or_else(|| number(text))
    .or_else(|| measure::quantity(text).or_else(age).map(|size| Cell::Measure(size as f32, words.word(text))))
    .unwrap_or_else(|| words.cell(text))
}

/// `7`, `2/3`; only where it would be written the same way.
fn number(text: &str) -> Option<Cell> {
    let digits = |text: &str| text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    match text.split_once('/') {
        Some((have, wanted)) if digits(have) && digits(wanted) => Some(Cell::Ratio(have.parse().ok()?, wanted.parse().ok()?)),
        None if digits(text) => text.parse().ok().map(Cell::Number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::*;
    use crate::cluster::rows::RowState;
    use crate::names::{ClusterId, Gvk};

    fn decoder(group: &str, kind: &str) -> Decoder {
        let mut decoder = Decoder::new(Shape::Table, ClusterId::new("c"), Arc::new(Gvk::new(group, "v1", kind)));
        decoder.at(10_000);
        decoder
    }

    #[test]
    fn definitions_of_the_first_event_serve_the_next() {
        let mut decoder = decoder("", "ConfigMap");
        let mut rows = Vec::new();
        let first = br#"{"kind":"Table","columnDefinitions":[{"name":"Name","type":"string"},{"name":"Data","type":"integer","priority":0},{"name":"Age","type":"string"}],
            "rows":[{"cells":["a",2,"3d"],"object":{"metadata":{"name":"a","namespace":"n","uid":"1"}}}]}"#;
        let columns = decoder.rows(first, &mut rows).unwrap().unwrap();
        assert_eq!(columns.iter().map(|column| &*column.name).collect::<Vec<_>>(), ["DATA"]);
        let next = br#"{"kind":"Table","columnDefinitions":null,"rows":[{"cells":["b",5,"3d"],"object":{"metadata":{"name":"b","uid":"2"}}}]}"#;
        assert!(decoder.rows(next, &mut rows).unwrap().is_none());
        assert_eq!(rows.iter().map(|row| row.cells[0].clone()).collect::<Vec<_>>(), [Cell::Number(2), Cell::Number(5)]);
    }

    #[test]
    fn an_age_of_a_table_goes_on_growing_and_sizes_are_compared_by_size() {
        let table = br#"{"kind":"Table","columnDefinitions":[{"name":"Name","type":"string"},{"name":"Suspend","type":"boolean"},{"name":"Last Schedule","type":"string"},{"name":"Renewed","type":"date"},{"name":"Age","type":"string"}],
            "rows":[{"cells":["a","True","40s","3d",""],"object":{"metadata":{"name":"a"}}},{"cells":["b","False","<none>","<unknown>",""],"object":{"metadata":{"name":"b"}}}]}"#;
        let mut rows = Vec::new();
        decoder("batch", "CronJob").rows(table, &mut rows).unwrap();
        assert_eq!(rows[0].cells[1..], [Cell::Since(9_960), Cell::Since(10_000 - 259_200)]);
        assert_eq!(rows[1].cells[1..], [Cell::Empty, Cell::Text("<unknown>".into())]);
        assert_eq!((rows[0].state, rows[1].state), (RowState::Done, RowState::Fine));
        for (heading, less, more) in [
            ("CAPACITY", "900Mi", "10Gi"),
            ("CPU", "250m", "2"),
            ("READY", "1/3", "2/3"),
            ("DURATION", "40s", "5m"),
            ("DURATION", "3h", "3d4h"),
            ("CPU", "9%", "80%"),
            ("X", "<unknown>", "1"),
            ("X", "9", "10"),
        ] {
            let read = |text: &str| typed(text, reading(heading, "string"), 0, &mut Interner::default());
            assert_eq!(read(less).order(&read(more)), std::cmp::Ordering::Less, "{heading}: {less} {more}");
            assert_eq!((&*read(less).show(0), &*read(more).show(0)), (less, more));
        }
    }
}
