//! Rows of the server's own Tables (`meta.k8s.io/v1`): any kind, custom resources included, with the columns its printers define.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Cell, Column, Decoder, Meta, Row, RowState, state_of_word};
use crate::text::sanitise;

/// Which of a Table's columns are shown; name and age are columns of every row already.
#[derive(Default)]
pub(super) struct Layout {
    shown: Vec<usize>,
    status: Option<usize>,
}

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
struct TableRow {
    #[serde(default)]
    cells: Vec<Value>,
    #[serde(default)]
    object: Partial,
}

#[derive(Default, Deserialize)]
struct Partial {
    #[serde(default)]
    metadata: Meta,
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
        let row: TableRow = serde_json::from_slice(json)?;
        let cells: Vec<Cell> = self.layout.shown.iter().map(|at| row.cells.get(*at)).map(|value| cell(value, &mut self.words)).collect();
        let state = self.layout.status.and_then(|at| row.cells.get(at)?.as_str().map(state_of_word)).unwrap_or(RowState::Fine);
        Ok(self.row(&row.object.metadata, state, cells))
    }

    fn lay_out(&mut self, all: &[Definition]) -> Arc<[Column]> {
        let own = |definition: &Definition| !matches!(definition.name.as_str(), "Name" | "Age");
        self.layout = Layout {
            shown: (0..all.len()).filter(|at| own(&all[*at])).collect(),
            status: all.iter().position(|definition| definition.name.eq_ignore_ascii_case("status")),
        };
        all.iter()
            .filter(|definition| own(definition))
            .map(|definition| Column {
                name: sanitise(&definition.name).to_uppercase().into(),
                wide: definition.priority > 0,
                right: matches!(definition.kind.as_str(), "integer" | "number"),
            })
            .collect()
    }
}

fn cell(value: Option<&Value>, words: &mut super::Interner) -> Cell {
    match value {
        None | Some(Value::Null) => Cell::Empty,
        Some(Value::String(text)) => words.cell(text),
        Some(Value::Number(number)) if number.is_i64() => Cell::Number(number.as_i64().unwrap_or_default()),
        Some(other) => words.cell(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::*;
    use crate::names::{ClusterId, Gvk};

    #[test]
    fn definitions_of_the_first_event_serve_the_next() {
        let mut decoder = Decoder::new(Shape::Table, ClusterId::new("c"), Arc::new(Gvk::new("", "v1", "ConfigMap")));
        let mut rows = Vec::new();
        let first = br#"{"kind":"Table","columnDefinitions":[{"name":"Name","type":"string"},{"name":"Data","type":"integer","priority":0},{"name":"Age","type":"string"}],
            "rows":[{"cells":["a",2,"3d"],"object":{"metadata":{"name":"a","namespace":"n","uid":"1"}}}]}"#;
        let columns = decoder.rows(first, &mut rows).unwrap().unwrap();
        assert_eq!(columns.iter().map(|column| &*column.name).collect::<Vec<_>>(), ["DATA"]);
        let next = br#"{"kind":"Table","columnDefinitions":null,"rows":[{"cells":["b",5,"3d"],"object":{"metadata":{"name":"b","uid":"2"}}}]}"#;
        assert!(decoder.rows(next, &mut rows).unwrap().is_none());
        assert_eq!(rows.iter().map(|row| row.cells[0].clone()).collect::<Vec<_>>(), [Cell::Number(2), Cell::Number(5)]);
    }
}
