//! What of a row is searched: one text in lower case.

use std::fmt::Write;

use super::super::filter::Filter;
use super::super::rows::{Cell, Column, Row, RowState};

/// Whether a row passes; `text` is room to work in.
pub(super) fn passes(filter: &Filter, row: &Row, columns: &[Column], text: &mut String) -> bool {
    if filter.is_empty() {
        return true;
    }
    text.clear();
    if filter.reads_text() {
        haystack(row, text);
    }
    filter.matches(row, columns, text)
}

/// Everything of a row one may look for, in lower case. Ages and uses are left out: they change while one types.
fn haystack(row: &Row, text: &mut String) {
    push(row.cluster.as_str(), text);
    push(row.namespace.as_deref().unwrap_or_default(), text);
    push(&row.name, text);
    for cell in &row.cells {
        // Writing into a text does not fail.
        _ = match cell {
            Cell::Text(words) => {
                push(words, text);
                Ok(())
            }
            Cell::Empty | Cell::Since(_) | Cell::Gauge(_) => Ok(()),
            Cell::Number(number) => write!(text, "{number} "),
            Cell::Ratio(ready, wanted) => write!(text, "{ready}/{wanted} "),
            other => {
                push(&other.show(0), text);
                Ok(())
            }
        };
    }
    text.push_str(match row.state {
        RowState::Bad => "failed ",
        RowState::Warn => "warning ",
        _ => "",
    });
}

fn push(part: &str, text: &mut String) {
    let from = text.len();
    text.push_str(part);
    // Nearly everything in a cluster is ASCII, and this is done for every row at every letter of a filter.
    match text.get_mut(from..) {
        Some(part) if part.is_ascii() => part.make_ascii_lowercase(),
        _ => {
            text.truncate(from);
            text.extend(part.chars().flat_map(char::to_lowercase));
        }
    }
    text.push(' ');
}
