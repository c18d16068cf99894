//! What a person can ask of the inventory. What each does to the state is in `update.rs`.

use crate::tui::flow::{CommandRow, CommandSpec, row, spelt};

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
    /// Another tab.
    Tab(TabStep),
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

/// What becomes of tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TabStep {
    /// The view goes on in a new one.
    New,
    /// The one that is seen goes.
    Close,
    /// The next one is seen.
    Next,
    /// The one before.
    Previous,
    /// The one at that place, from 0, is seen.
    To(usize),
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
    let tab = text.strip_prefix("table.tab ").and_then(|number| number.trim().parse::<usize>().ok()?.checked_sub(1));
    spelt(TABLE, text).or(group).or(tab.map(|place| Command::Tab(TabStep::To(place))))
}

/// How they are spelt, and what help, palette and footer say of them.
pub const TABLE: &[CommandRow<Command>] = &[
    spec("table.describe", Command::Describe, "describe", Some(1)),
    spec("table.yaml", Command::Yaml, "yaml", Some(2)),
    spec("table.values", Command::Values, "values of a Helm release", None),
    spec("table.uses", Command::Uses, "uses", Some(12)),
    spec("table.logs", Command::Logs, "logs", Some(2)),
    spec("table.previous-logs", Command::PreviousLogs, "logs of the run before", None),
    spec("table.load-test", Command::LoadTest, "load…", Some(3)),
    spec("table.delete", Command::Delete, "delete…", Some(4)),
    spec("table.drill", Command::Drill, "drill down", Some(13)),
    spec("table.node", Command::Node, "its node", Some(14)),
    spec("table.owner", Command::Owner, "its owner", Some(15)),
    spec("table.warp", Command::Warp, "only its namespace", Some(16)),
    spec("table.mark", Command::Mark, "mark", Some(8)),
    spec("table.mark-range", Command::MarkRange, "mark to here", Some(20)),
    spec("table.unmark", Command::Unmark, "unmark all", Some(21)),
    spec("inventory.trouble", Command::Trouble, "trouble only", Some(5)),
    spec("table.namespace all", Command::Namespace(0), "all namespaces", Some(6)),
    spec("table.namespace 1", Command::Namespace(1), "the fullest namespace; 2 to 9: the next", None),
    spec("table.wide", Command::Wide, "wide columns", Some(9)),
    spec("table.down", Command::Move(Move::Down), "down", None),
    spec("table.up", Command::Move(Move::Up), "up", None),
    spec("table.page-down", Command::Move(Move::PageDown), "page down", None),
    spec("table.page-up", Command::Move(Move::PageUp), "page up", None),
    spec("table.half-down", Command::Move(Move::HalfDown), "half a page down", None),
    spec("table.half-up", Command::Move(Move::HalfUp), "half a page up", None),
    spec("table.top", Command::Move(Move::Top), "first row", None),
    spec("table.bottom", Command::Move(Move::Bottom), "last row", None),
    spec("table.reveal", Command::Reveal, "reveal keys", Some(14)),
    spec("table.compare", Command::Compare, "compare", Some(15)),
    spec("table.copy-name", Command::CopyName, "copy name", None),
    spec("table.copy-namespace", Command::CopyNamespace, "copy namespace", None),
    spec("table.column-left", Command::Column(Sideways::Left), "choose the column to the left", None),
    spec("table.column-right", Command::Column(Sideways::Right), "choose the column to the right", None),
    spec("table.columns", Command::Columns, "columns…", None),
    spec("table.save", Command::Save, "save as CSV and JSON", Some(25)),
    spec("table.pin", Command::Pin, "pin the namespace to a digit", Some(26)),
    row("inventory.saved", Command::SavedViews, "saved views", &["global"], None),
    spec("table.pan-left", Command::Pan(Sideways::Left), "columns left", None),
    spec("table.pan-right", Command::Pan(Sideways::Right), "columns right", None),
    row("table.tab new", Command::Tab(TabStep::New), "a new tab of this view", BOTH, None),
    row("table.tab next", Command::Tab(TabStep::Next), "next tab", BOTH, None),
    row("table.tab previous", Command::Tab(TabStep::Previous), "tab before", BOTH, None),
    row("table.tab close", Command::Tab(TabStep::Close), "close the tab", BOTH, None),
    spec("table.sort-here", Command::SortHere, "sort on the chosen column", None),
    spec("table.sort name", Command::Sort(Order::Name), "sort by name", None),
    spec("table.sort age", Command::Sort(Order::Age), "sort by age", None),
    spec("table.sort status", Command::Sort(Order::Status), "worst first", None),
    spec("table.sort namespace", Command::Sort(Order::Namespace), "sort by namespace", None),
    spec("table.follow", Command::Follow, "follow it and its successors", None),
    split("split.tab describe", Command::Describe, "summary", Some(1)),
    split("split.tab yaml", Command::Yaml, "yaml", Some(2)),
    split("split.tab values", Command::Values, "values", Some(2)),
    split("split.tab events", Command::Events, "events", Some(3)),
    split("split.tab uses", Command::Uses, "uses", Some(3)),
    split("split.follow", Command::GoThere, "go there", Some(0)),
    split("split.wrap", Command::Wrap, "wrap", Some(4)),
    split("split.fold", Command::Fold(Folding::Toggle), "fold", Some(5)),
    split("split.fold close", Command::Fold(Folding::Close), "fold, or go up and fold", None),
    split("split.fold open", Command::Fold(Folding::Open), "unfold", None),
    split("split.fold all", Command::Fold(Folding::All), "fold or unfold all", Some(8)),
    split("split.whole", Command::Whole, "managed fields, in a comparison status, in values defaults", Some(10)),
    split("split.copy", Command::CopyText, "copy", None),
    split("split.save", Command::SaveText, "save to a file", Some(11)),
    split("split.reveal", Command::Reveal, "reveal", Some(1)),
    split("split.compare", Command::Compare, "compare with the next context", Some(7)),
    split("split.next-match", Command::NextMatch, "next match", Some(6)),
    split("split.previous-match", Command::PreviousMatch, "previous match", None),
    split("split.down", Command::Scroll(Move::Down), "scroll down", None),
    split("split.up", Command::Scroll(Move::Up), "scroll up", None),
    split("split.page-down", Command::Scroll(Move::PageDown), "page down", None),
    split("split.page-up", Command::Scroll(Move::PageUp), "page up", None),
    split("split.half-down", Command::Scroll(Move::HalfDown), "half a page down", None),
    split("split.half-up", Command::Scroll(Move::HalfUp), "half a page up", None),
    split("split.top", Command::Scroll(Move::Top), "to the top", None),
    split("split.bottom", Command::Scroll(Move::Bottom), "to the end", None),
    spec("table.namespace 2", Command::Namespace(2), "", None),
    spec("table.namespace 3", Command::Namespace(3), "", None),
    spec("table.namespace 4", Command::Namespace(4), "", None),
    spec("table.namespace 5", Command::Namespace(5), "", None),
    spec("table.namespace 6", Command::Namespace(6), "", None),
    spec("table.namespace 7", Command::Namespace(7), "", None),
    spec("table.namespace 8", Command::Namespace(8), "", None),
    spec("table.namespace 9", Command::Namespace(9), "", None),
];

/// Those that carry a word of the person's own.
pub const WITH_WORD: &[CommandSpec] =
    &[CommandSpec { name: "table.group namespace", title: "in groups by a column; `none`: as rows", about: "", contexts: &["table"], footer: None }];

const BOTH: &[&str] = &["table", "split"];

const fn spec(name: &'static str, command: Command, title: &'static str, footer: Option<u8>) -> CommandRow<Command> {
    row(name, command, title, &["table"], footer)
}

const fn split(name: &'static str, command: Command, title: &'static str, footer: Option<u8>) -> CommandRow<Command> {
    row(name, command, title, &["split"], footer)
}
