//! What a person can ask of the load tests. What each does to the state is in `update.rs` and in `update/look.rs`.

use crate::tui::flow::{CommandRow, row, spelt};

/// One request to the perf pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The next run, or the day after.
    Down,
    /// The run or day before.
    Up,
    /// The newest run.
    Top,
    /// The oldest run.
    Bottom,
    /// The time cursor to the left: earlier.
    Left,
    /// The time cursor to the right: later.
    Right,
    /// The run under the cursor, whole.
    Open,
    /// Charts or figures of a run, percentiles or boxes of a comparison.
    Face,
    /// Less time on the same columns.
    ZoomIn,
    /// More time on them.
    ZoomOut,
    /// So many seconds; none: all.
    Span(Option<u64>),
    /// Hold the picture; the run goes on.
    Freeze,
    /// Say something of the moment under the time cursor.
    Note,
    /// Mark the run to be compared.
    Mark,
    /// Hold marked runs against each other.
    Compare,
    /// Runs like this one over time.
    History,
    /// What later runs like this one are held against.
    Baseline,
    /// All runs by day.
    Calendar,
    /// Put back what permutations that were cut off left changed.
    Recover,
    /// Another figure decides.
    Metric,
    /// A new run, filled in like the one shown.
    New,
    /// End the run shown.
    Stop,
    /// Its address to the clipboard.
    Copy,
}

/// Reads the command of a keymap row or of the `:` line.
pub fn parse(text: &str) -> Option<Command> {
    spelt(TABLE, text)
}

/// How they are spelt, and what help, palette and footer say of them.
pub const TABLE: &[CommandRow<Command>] = &[
    spec("perf.open", Command::Open, "open", Some(1)),
    spec("perf.stop", Command::Stop, "stop", Some(2)),
    spec("perf.freeze", Command::Freeze, "freeze", Some(3)),
    spec("perf.face", Command::Face, "view", Some(4)),
    spec("perf.note", Command::Note, "note…", Some(4)),
    spec("perf.mark", Command::Mark, "mark", Some(5)),
    spec("perf.compare", Command::Compare, "compare", Some(5)),
    spec("perf.new", Command::New, "new…", Some(6)),
    spec("perf.history", Command::History, "history", Some(7)),
    spec("perf.baseline", Command::Baseline, "baseline", Some(6)),
    spec("perf.recover", Command::Recover, "put back…", Some(1)),
    spec("perf.calendar", Command::Calendar, "calendar", Some(8)),
    spec("perf.metric", Command::Metric, "metric", Some(4)),
    spec("perf.zoom-in", Command::ZoomIn, "zoom in", Some(7)),
    spec("perf.zoom-out", Command::ZoomOut, "zoom out", Some(8)),
    spec("perf.left", Command::Left, "cursor to earlier", Some(6)),
    spec("perf.right", Command::Right, "cursor to later", None),
    spec("perf.down", Command::Down, "next run", Some(9)),
    spec("perf.up", Command::Up, "run before", None),
    spec("perf.top", Command::Top, "newest run", None),
    spec("perf.bottom", Command::Bottom, "oldest run", None),
    spec("perf.span all", Command::Span(None), "whole run", None),
    spec("perf.span 10s", Command::Span(Some(10)), "10 seconds", None),
    spec("perf.span 30s", Command::Span(Some(30)), "30 seconds", None),
    spec("perf.span 1m", Command::Span(Some(60)), "a minute", None),
    spec("perf.span 5m", Command::Span(Some(300)), "5 minutes", None),
    spec("perf.span 15m", Command::Span(Some(900)), "15 minutes", None),
    spec("perf.span 1h", Command::Span(Some(3_600)), "an hour", None),
    spec("perf.copy", Command::Copy, "copy address", None),
];

const fn spec(name: &'static str, command: Command, title: &'static str, footer: Option<u8>) -> CommandRow<Command> {
    row(name, command, title, &["perf"], footer)
}
