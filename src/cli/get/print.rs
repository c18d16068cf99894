//! Rows as text: aligned columns for people, names for pipes.

use unicode_width::UnicodeWidthStr;

use crate::cluster::rows::{Column, Row};
use crate::names::Gvk;
use crate::text::age::age;

/// What of a table is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'a> {
    pub(super) columns: &'a [Column],
    /// The cluster stands before everything else.
    pub(super) clusters: bool,
    /// So does the namespace, where the kind has one.
    pub(super) namespaced: bool,
    /// Columns of the wide view too.
    pub(super) wide: bool,
    /// Unix seconds, for ages.
    pub(super) now: i64,
}

impl Lines<'_> {
    pub(super) fn head(&self) -> Vec<String> {
        let own = self.shown().map(|(_, column)| &*column.name);
        let fixed = std::iter::empty().chain(self.clusters.then_some("CLUSTER")).chain(self.namespaced.then_some("NAMESPACE")).chain(["NAME"]);
        fixed.chain(own).chain(["AGE"]).map(str::to_owned).collect()
    }

    pub(super) fn row(&self, row: &Row) -> Vec<String> {
        let fixed = std::iter::empty()
            .chain(self.clusters.then(|| row.cluster.to_string()))
            .chain(self.namespaced.then(|| row.namespace.as_deref().unwrap_or_default().to_owned()))
            .chain([row.name.to_string()]);
        let own = self.shown().map(|(at, _)| row.cells.get(at).map_or_else(String::new, |cell| cell.show(self.now).into_owned()));
        fixed.chain(own).chain([if row.created > 0 { age(self.now - row.created) } else { String::new() }]).collect()
    }

    fn shown(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.columns.iter().enumerate().filter(|(_, column)| self.wide || !column.wide)
    }
}

/// Widths that hold every line.
pub(super) fn widths(lines: &[Vec<String>]) -> Vec<usize> {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    (0..columns).map(|at| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.width()).max().unwrap_or_default()).collect()
}

/// One line, three blanks between the columns.
pub(super) fn aligned(line: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in line.iter().zip(widths) {
        text.push_str(cell);
        text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 3));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// A kind as `kubectl get -o name` writes it: `pod`, `deployment.apps`.
pub(super) fn kubectl_name(gvk: &Gvk) -> String {
    let kind = gvk.kind.to_lowercase();
    if gvk.group.is_empty() { kind } else { format!("{kind}.{}", gvk.group) }
}
