//! Tables as files: every column of the given rows as CSV (RFC 4180) or JSON. Pure; who writes them where is the doors' business.
//!
//! A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, and is no number) gets an apostrophe before it: names, labels
//! and messages come from whoever may create objects.

use serde_json::{Value, json};

use super::rows::{Column, Row};
use crate::names::ObjectKey;
use crate::text::age::human;

/// A table with the moment it is written at, unix seconds.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'a> {
    /// Headings of the rows' own cells.
    pub columns: &'a [Column],
    /// The rows, in order.
    pub rows: &'a [Row],
    /// For ages.
    pub now: i64,
}

impl Sheet<'_> {
    /// CSV with a line of headings; lines end as the standard wants it.
    pub fn csv(&self) -> String {
        let fixed = ["CLUSTER", "NAMESPACE", "NAME", "KIND"].into_iter();
        let headings = fixed.chain(self.columns.iter().map(|column| &*column.name)).chain(["AGE", "CREATED"]);
        let mut text = headings.map(field).collect::<Vec<_>>().join(",") + "\r\n";
        for row in self.rows {
            let mut line = [row.cluster.as_str(), row.namespace.as_deref().unwrap_or_default(), &row.name, &row.gvk.kind].map(field).join(",");
            let cells = (0..self.columns.len()).map(|at| row.cells.get(at).map_or_else(String::new, |cell| cell.show(self.now).into_owned()));
            let age = if row.created > 0 { human(self.now - row.created) } else { String::new() };
            for cell in cells.chain([age, moment(row.created)]) {
                line.push(',');
                line.push_str(&field(&cell));
            }
            text.push_str(&line);
            text.push_str("\r\n");
        }
        text
    }

    /// `{"items": […]}`, each with what identifies the object and its columns by their headings in lower case.
    pub fn json(&self) -> Value {
        json!({"items": self.rows.iter().map(|row| item(row, self.columns, self.now)).collect::<Vec<_>>()})
    }
}

/// One row as JSON.
pub fn item(row: &Row, columns: &[Column], now: i64) -> Value {
    let ObjectKey { cluster, gvk, namespace, name, uid } = row.key();
    let cells = columns.iter().zip(&row.cells).map(|(column, cell)| (column.name.to_lowercase(), json!(cell.show(now))));
    json!({"cluster": cluster.as_str(), "apiVersion": gvk.api_version(), "kind": &*gvk.kind, "namespace": namespace.as_deref(), "name": &*name, "uid": &*uid,
        "created": row.created, "columns": cells.collect::<serde_json::Map<_, _>>()})
}

/// `2026-05-12T14:04:00Z`; nothing where the server did not say.
fn moment(created: i64) -> String {
    jiff::Timestamp::from_second(created).ok().filter(|_| created > 0).map_or_else(String::new, |moment| moment.to_string())
}

fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    let guarded = if formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cluster::rows::{Cell, RowState, Uid};
    use crate::names::{ClusterId, Gvk};

    /// The rules of RFC 4180, section 2, and OWASP's on CSV injection.
    #[test]
    fn cells_are_quoted_by_the_standard_and_are_no_formulas() {
        for (text, written) in [
            ("web", "web"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-5", "-5"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("", ""),
        ] {
            assert_eq!(field(text), written);
        }
    }

    #[test]
    fn a_sheet_has_every_column_and_a_line_each() {
        let row = Row {
            uid: Uid(1),
            cluster: ClusterId::new("lab"),
            gvk: Arc::new(Gvk::new("", "v1", "Pod")),
            namespace: Some("shop".into()),
            name: "web".into(),
            created: 1_778_594_640,
            state: RowState::Fine,
            cells: Box::new([Cell::Ratio(1, 2), Cell::Empty]),
            labels: Arc::new([]),
            owner: None,
        };
        let column = |name: &str, wide| Column { name: name.into(), wide, right: false };
        let sheet = Sheet { columns: &[column("READY", false), column("NODE", true)], rows: &[row], now: 1_778_594_640 + 90 };
        assert_eq!(sheet.csv(), "CLUSTER,NAMESPACE,NAME,KIND,READY,NODE,AGE,CREATED\r\nlab,shop,web,Pod,1/2,,90s,2026-05-12T14:04:00Z\r\n");
        assert_eq!(sheet.json()["items"][0]["columns"]["ready"], "1/2");
    }
}
