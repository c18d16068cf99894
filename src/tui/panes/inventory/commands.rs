//! What a person can ask of the inventory. What each does to the state is in `update.rs`.

use crate::tui::flow::CommandSpec;

/// One request to the inventory pane.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Move the cursor.
    Move(Move),
    /// What belongs to the object: its pods, its jobs; of what has nothing below it the detail.
    Drill,
    /// The node of the pod.
    Node,
    /// The object that owns this one.
    Owner,
    /// The same kind in the row's namespace only.
    Warp,
    /// The split's summary tab.
    Describe,
    /// The split's manifest tab.
    Yaml,
    /// The split's tab of what a Helm release was installed with.
    Values,
    /// The split's events tab.
    Events,
    /// The split's tab of what the object uses and is used by.
    Uses,
    /// The object under the cursor of that tab.
    GoThere,
    /// What its containers write.
    Logs,
    /// What the run before wrote.
    PreviousLogs,
    /// Load test on the Service under the cursor.
    LoadTest,
    /// The name to the clipboard.
    CopyName,
    /// The namespace to the clipboard.
    CopyNamespace,
    /// Mark or unmark the object.
    Mark,
    /// Mark from the object marked last to this one.
    MarkRange,
    /// Take all marks away.
    Unmark,
    /// Delete the object or the marked ones.
    Delete,
    /// More columns, or fewer.
    Wide,
    /// The chosen column moves.
    Column(Sideways),
    /// The columns that do not fit scroll.
    Pan(Sideways),
    /// Choose which columns are shown.
    Columns,
    /// Write the table to files.
    Save,
    /// Give the namespace a digit for good.
    Pin,
    /// The views that have names.
    SavedViews,
    /// One of them.
    OpenSaved(String),
    /// Sort on the chosen column.
    SortHere,
    /// Sort on a column by its name.
    Sort(Order),
    /// Keep the cursor on this object, and on what replaces it; again: no longer.
    Follow,
    /// See the rows in groups by the column with that heading; none: as rows.
    Group(Option<String>),
    /// `0` is all namespaces, `1`–`9` the most used ones in the order of line 2.
    Namespace(u8),
    /// Only what is in trouble.
    Trouble,
    /// Hold no order: sort again now.
    Reload,
    /// Scroll the split.
    Scroll(Move),
    /// Wrap long lines of the split.
    Wrap,
    /// Fold what is below a line of the split's manifest.
    Fold(Folding),
    /// Managed fields, in a comparison status, or without them again.
    Whole,
    /// The split's text to the clipboard.
    CopyText,
    /// The split's text into a file.
    SaveText,
    /// The keys of a Secret; there a value for a moment.
    Reveal,
    /// Two objects side by side.
    Compare,
    /// Next place where the filter's words stand in the split.
    NextMatch,
    /// The one before.
    PreviousMatch,
}

/// Cursor and scroll movements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// One down.
    Down,
    /// One up.
    Up,
    /// One page down.
    PageDown,
    /// One page up.
    PageUp,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// To the first.
    Top,
    /// To the last.
    Bottom,
}

/// What is done to what lies below a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// Folded away or shown again.
    Toggle,
    /// Folded away.
    Close,
    /// Shown.
    Open,
    /// Everything.
    All,
}

/// Left or right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sideways {
    /// One to the left.
    Left,
    /// One to the right.
    Right,
}

/// Columns that can be sorted on by a key of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By name.
    Name,
    /// By age.
    Age,
    /// Worst first.
    Status,
    /// By namespace.
    Namespace,
}

/// Reads the command of a keymap row or of the `:` line; `None` when it is not one of the inventory's.
pub fn parse(text: &str) -> Option<Command> {
    // Headings differ from kind to kind: which of them there is shows when it is asked for.
    let group = text.strip_prefix("table.group ").map(str::trim).filter(|heading| !heading.is_empty());
    let group = group.map(|heading| Command::Group((heading != "none").then(|| heading.to_uppercase())));
    TABLE.iter().find(|(spelling, _)| *spelling == text).map(|(_, command)| command.clone()).or(group)
}

/// What help, palette and footer say about the inventory's commands.
pub const SPECS: &[CommandSpec] = &[
    spec("table.describe", "describe", Some(1)),
    spec("table.yaml", "yaml", Some(2)),
    spec("table.values", "values of a Helm release", None),
    spec("table.uses", "uses", Some(12)),
    spec("table.logs", "logs", Some(2)),
    spec("table.previous-logs", "logs of the run before", None),
    spec("table.load-test", "load…", Some(3)),
    spec("table.delete", "delete…", Some(4)),
    spec("table.drill", "drill down", Some(13)),
    spec("table.node", "its node", Some(14)),
    spec("table.owner", "its owner", Some(15)),
    spec("table.warp", "only its namespace", Some(16)),
    spec("table.mark", "mark", Some(8)),
    spec("table.mark-range", "mark to here", Some(20)),
    spec("table.unmark", "unmark all", Some(21)),
    spec("inventory.trouble", "trouble only", Some(5)),
    spec("table.namespace all", "all namespaces", Some(6)),
    spec("table.namespace 1", "the fullest namespace; 2 to 9: the next", None),
    spec("table.wide", "wide columns", Some(9)),
    spec("table.down", "down", None),
    spec("table.up", "up", None),
    spec("table.page-down", "page down", None),
    spec("table.page-up", "page up", None),
    spec("table.half-down", "half a page down", None),
    spec("table.half-up", "half a page up", None),
    spec("table.top", "first row", None),
    spec("table.bottom", "last row", None),
    spec("table.reveal", "reveal keys", Some(14)),
    spec("table.compare", "compare", Some(15)),
    spec("table.copy-name", "copy name", None),
    spec("table.copy-namespace", "copy namespace", None),
    spec("table.column-left", "choose the column to the left", None),
    spec("table.column-right", "choose the column to the right", None),
    spec("table.columns", "columns…", None),
    spec("table.save", "save as CSV and JSON", Some(25)),
    spec("table.pin", "pin the namespace to a digit", Some(26)),
    CommandSpec { name: "inventory.saved", title: "saved views", contexts: &["global"], footer: None },
    spec("table.pan-left", "columns left", None),
    spec("table.pan-right", "columns right", None),
    spec("table.sort-here", "sort on the chosen column", None),
    spec("table.sort name", "sort by name", None),
    spec("table.sort age", "sort by age", None),
    spec("table.sort status", "worst first", None),
    spec("table.sort namespace", "sort by namespace", None),
    spec("table.follow", "follow it and its successors", None),
    spec("table.group namespace", "in groups by a column; `none`: as rows", None),
    split("split.tab describe", "summary", Some(1)),
    split("split.tab yaml", "yaml", Some(2)),
    split("split.tab values", "values", Some(2)),
    split("split.tab events", "events", Some(3)),
    split("split.tab uses", "uses", Some(3)),
    split("split.follow", "go there", Some(0)),
    split("split.wrap", "wrap", Some(4)),
    split("split.fold", "fold", Some(5)),
    split("split.fold close", "fold, or go up and fold", None),
    split("split.fold open", "unfold", None),
    split("split.fold all", "fold or unfold all", Some(8)),
    split("split.whole", "managed fields, in a comparison status, in values defaults", Some(10)),
    split("split.copy", "copy", None),
    split("split.save", "save to a file", Some(11)),
    split("split.reveal", "reveal", Some(1)),
    split("split.compare", "compare with the next context", Some(7)),
    split("split.next-match", "next match", Some(6)),
    split("split.previous-match", "previous match", None),
    split("split.down", "scroll down", None),
    split("split.up", "scroll up", None),
    split("split.page-down", "page down", None),
    split("split.page-up", "page up", None),
    split("split.half-down", "half a page down", None),
    split("split.half-up", "half a page up", None),
    split("split.top", "to the top", None),
    split("split.bottom", "to the end", None),
];

const fn spec(name: &'static str, title: &'static str, footer: Option<u8>) -> CommandSpec {
    CommandSpec { name, title, contexts: &["table"], footer }
}

const fn split(name: &'static str, title: &'static str, footer: Option<u8>) -> CommandSpec {
    CommandSpec { name, title, contexts: &["split"], footer }
}

const TABLE: &[(&str, Command)] = &[
    ("table.down", Command::Move(Move::Down)),
    ("table.up", Command::Move(Move::Up)),
    ("table.page-down", Command::Move(Move::PageDown)),
    ("table.page-up", Command::Move(Move::PageUp)),
    ("table.half-down", Command::Move(Move::HalfDown)),
    ("table.half-up", Command::Move(Move::HalfUp)),
    ("table.top", Command::Move(Move::Top)),
    ("table.bottom", Command::Move(Move::Bottom)),
    ("table.drill", Command::Drill),
    ("table.node", Command::Node),
    ("table.owner", Command::Owner),
    ("table.warp", Command::Warp),
    ("table.describe", Command::Describe),
    ("table.yaml", Command::Yaml),
    ("table.values", Command::Values),
    ("table.uses", Command::Uses),
    ("table.logs", Command::Logs),
    ("table.previous-logs", Command::PreviousLogs),
    ("table.load-test", Command::LoadTest),
    ("table.reveal", Command::Reveal),
    ("table.compare", Command::Compare),
    ("table.copy-name", Command::CopyName),
    ("table.copy-namespace", Command::CopyNamespace),
    ("table.mark", Command::Mark),
    ("table.mark-range", Command::MarkRange),
    ("table.unmark", Command::Unmark),
    ("table.delete", Command::Delete),
    ("table.wide", Command::Wide),
    ("table.column-left", Command::Column(Sideways::Left)),
    ("table.column-right", Command::Column(Sideways::Right)),
    ("table.columns", Command::Columns),
    ("table.save", Command::Save),
    ("table.pin", Command::Pin),
    ("inventory.saved", Command::SavedViews),
    ("table.pan-left", Command::Pan(Sideways::Left)),
    ("table.pan-right", Command::Pan(Sideways::Right)),
    ("table.sort-here", Command::SortHere),
    ("table.sort name", Command::Sort(Order::Name)),
    ("table.sort age", Command::Sort(Order::Age)),
    ("table.sort status", Command::Sort(Order::Status)),
    ("table.sort namespace", Command::Sort(Order::Namespace)),
    ("table.follow", Command::Follow),
    ("table.namespace all", Command::Namespace(0)),
    ("table.namespace 1", Command::Namespace(1)),
    ("table.namespace 2", Command::Namespace(2)),
    ("table.namespace 3", Command::Namespace(3)),
    ("table.namespace 4", Command::Namespace(4)),
    ("table.namespace 5", Command::Namespace(5)),
    ("table.namespace 6", Command::Namespace(6)),
    ("table.namespace 7", Command::Namespace(7)),
    ("table.namespace 8", Command::Namespace(8)),
    ("table.namespace 9", Command::Namespace(9)),
    ("inventory.trouble", Command::Trouble),
    ("split.tab describe", Command::Describe),
    ("split.tab yaml", Command::Yaml),
    ("split.tab values", Command::Values),
    ("split.tab events", Command::Events),
    ("split.tab uses", Command::Uses),
    ("split.follow", Command::GoThere),
    ("split.wrap", Command::Wrap),
    ("split.fold", Command::Fold(Folding::Toggle)),
    ("split.fold close", Command::Fold(Folding::Close)),
    ("split.fold open", Command::Fold(Folding::Open)),
    ("split.fold all", Command::Fold(Folding::All)),
    ("split.whole", Command::Whole),
    ("split.copy", Command::CopyText),
    ("split.save", Command::SaveText),
    ("split.reveal", Command::Reveal),
    ("split.compare", Command::Compare),
    ("split.next-match", Command::NextMatch),
    ("split.previous-match", Command::PreviousMatch),
    ("split.down", Command::Scroll(Move::Down)),
    ("split.up", Command::Scroll(Move::Up)),
    ("split.page-down", Command::Scroll(Move::PageDown)),
    ("split.page-up", Command::Scroll(Move::PageUp)),
    ("split.half-down", Command::Scroll(Move::HalfDown)),
    ("split.half-up", Command::Scroll(Move::HalfUp)),
    ("split.top", Command::Scroll(Move::Top)),
    ("split.bottom", Command::Scroll(Move::Bottom)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_command_exists() {
        for spec in SPECS {
            assert!(parse(spec.name).is_some(), "{}", spec.name);
        }
    }

    #[test]
    fn no_spelling_stands_twice() {
        let mut all: Vec<_> = TABLE.iter().map(|(spelling, _)| *spelling).collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
