//! Tables as files: every column of the given rows as CSV (RFC 4180) or JSON. Pure; who writes them where is the doors' business.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::rows::{Column, Row};
use crate::names::{ObjectKey, Problem};
use crate::text::age::human;
use crate::text::csv::line;

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

/// Writes a text into a folder under a name and the moment (unix seconds); what to say about it.
///
/// # Errors
/// The disk is full or the folder cannot be written.
pub fn save_text(folder: &Path, name: &str, ending: &str, text: &str, now: i64) -> Result<String, Problem> {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '-' }).collect();
    let file = format!("{}-{}.{ending}", name.get(..name.len().min(120)).unwrap_or_default(), moment(now).replace([':', '-'], ""));
    let written = std::fs::create_dir_all(folder).and_then(|()| write(&folder.join(&file), text));
    written.map(|()| format!("saved as {file} in {}", folder.display())).map_err(|error| {
        Problem::new("text.unwritten", format!("it was not saved to {}", folder.display()), error.to_string())
            .hint("see that the folder can be written and the disk has room, or point XDG_DATA_HOME elsewhere")
    })
}

impl Sheet<'_> {
    /// Writes the table as CSV and as JSON into a folder, under a name and the moment; what to say about it.
    ///
    /// # Errors
    /// The disk is full or the folder cannot be written: then neither file is there.
    pub fn save(&self, folder: &Path, name: &str) -> Result<String, Problem> {
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '-' }).collect();
        let moment = moment(self.now).replace([':', '-'], "");
        let stem = folder.join(format!("{}-{moment}", name.get(..name.len().min(120)).unwrap_or_default()));
        let parts = [("csv", self.csv()), ("json", format!("{:#}\n", self.json()))];
        let written =
            std::fs::create_dir_all(folder).and_then(|()| parts.iter().try_for_each(|(ending, text)| write(&ending_in(&stem, ending), text)));
        match written {
            Ok(()) => {
                let file = stem.file_name().unwrap_or_default().to_string_lossy();
                Ok(format!("saved {} rows as {file}.csv and .json in {}", self.rows.len(), folder.display()))
            }
            Err(error) => {
                // A half table is worse than none.
                parts.iter().for_each(|(ending, _)| _ = std::fs::remove_file(ending_in(&stem, ending)));
                Err(Problem::new("table.unwritten", format!("the table was not saved to {}", folder.display()), error.to_string())
                    .hint("see that the folder can be written and the disk has room, or point XDG_DATA_HOME elsewhere"))
            }
        }
    }

    /// CSV with a line of headings; lines end as the standard wants it.
    pub fn csv(&self) -> String {
        let fixed = ["CLUSTER", "NAMESPACE", "NAME", "KIND"].into_iter();
        let headings = fixed.chain(self.columns.iter().map(|column| &*column.name)).chain(["AGE", "CREATED"]);
        line(headings) + &self.csv_rows()
    }

    /// The same without the headings.
    pub fn csv_rows(&self) -> String {
        let mut text = String::new();
        for row in self.rows {
            let place = [row.cluster.as_str(), row.namespace.as_deref().unwrap_or_default(), &row.name, &row.gvk.kind].map(str::to_owned);
            let cells = (0..self.columns.len()).map(|at| row.cells.get(at).map_or_else(String::new, |cell| cell.show(self.now).into_owned()));
            let age = if row.created > 0 { human(self.now - row.created) } else { String::new() };
            text.push_str(&line(place.into_iter().chain(cells).chain([age, moment(row.created)])));
        }
        text
    }

    /// `{"items": […]}`, each with what identifies the object and its columns by their headings in lower case.
    pub fn json(&self) -> Value {
        json!({"items": self.rows.iter().map(|row| item(row, self.columns, self.now)).collect::<Vec<_>>()})
    }
}

/// Names may hold points: an ending is put behind, not in place of one.
fn ending_in(stem: &Path, ending: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    name.into()
}

/// Whole or not at all, so that nobody reads a half one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let half = ending_in(path, "new");
    let written = std::fs::write(&half, text).and_then(|()| std::fs::rename(&half, path));
    if written.is_err() {
        _ = std::fs::remove_file(&half);
    }
    written
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cluster::rows::{Cell, RowState, Uid};
    use crate::names::{ClusterId, Gvk};

    #[test]
    fn what_cannot_be_written_is_told_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let sheet = Sheet { columns: &[], rows: &[row()], now: 1_778_594_640 };
        let said = sheet.save(&folder.path().join("tables"), "pods/..-shop").unwrap();
        assert!(said.starts_with("saved 1 rows as ") && said.contains("pods-..-shop-20260512T140400Z.csv"), "{said}");
        assert_eq!(std::fs::read_dir(folder.path().join("tables")).unwrap().count(), 2);
        // A file stands where the folder would be.
        let blocked = folder.path().join("blocked");
        std::fs::write(&blocked, "").unwrap();
        let problem = sheet.save(&blocked, "pods").unwrap_err();
        assert_eq!(problem.code, "table.unwritten");
        assert!(problem.what.contains("blocked") && !problem.why.is_empty() && !problem.hints.is_empty(), "{problem:?}");
    }

    /// `/dev/full` answers every write as a full disk does.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join("pods-20260512T140400Z.json.new")).unwrap();
        let problem = Sheet { columns: &[], rows: &[row()], now: 1_778_594_640 }.save(folder.path(), "pods").unwrap_err();
        assert!(problem.why.contains("No space left"), "{problem:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    fn row() -> Row {
        Row {
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
        }
    }

    #[test]
    fn a_sheet_has_every_column_and_a_line_each() {
        let column = |name: &str, wide| Column { name: name.into(), wide, right: false };
        let sheet = Sheet { columns: &[column("READY", false), column("NODE", true)], rows: &[row()], now: 1_778_594_640 + 90 };
        assert_eq!(sheet.csv(), "CLUSTER,NAMESPACE,NAME,KIND,READY,NODE,AGE,CREATED\r\nlab,shop,web,Pod,1/2,,90s,2026-05-12T14:04:00Z\r\n");
        assert_eq!(sheet.json()["items"][0]["columns"]["ready"], "1/2");
    }
}
