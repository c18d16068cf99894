//! What a person can ask of the load tests. What each does to the state is in `update.rs` and in `update/look.rs`.

pub mod words;

use crate::tui::flow::{CommandRow, CommandSpec, spelt};

/// One request to the perf pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The next run, or the day after.
    Down,
    /// The run or day before.
    Up,
    /// A page of runs, or of what is told of one.
    PageDown,
    /// A page back.
    PageUp,
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

/// How they are spelt, what the footer says of them, and what help and the `:` line do.
pub const TABLE: &[CommandRow<Command>] = &[
    spec("perf.open", Command::Open, "open", "open the run under the cursor", Some(1)),
    spec("perf.stop", Command::Stop, "stop", "end the run at once; what was measured is kept", Some(2)),
    spec("perf.freeze", Command::Freeze, "freeze", "hold the picture, the run goes on; again: let it go", Some(3)),
    spec("perf.face", Command::Face, "view", "charts or figures; percentiles, boxes or shift", Some(4)),
    spec("perf.note", Command::Note, "note…", "write down what happened at the time cursor", Some(4)),
    spec("perf.mark", Command::Mark, "mark", "mark the run to be compared; again: not", Some(5)),
    spec("perf.compare", Command::Compare, "compare", "hold the marked runs against each other", Some(5)),
    spec("perf.new", Command::New, "new…", "a new run, filled in like the one shown", Some(6)),
    spec("perf.history", Command::History, "history", "runs like this one over time, with what changed", Some(7)),
    spec("perf.baseline", Command::Baseline, "baseline", "hold later runs against those up to here; again: no more", Some(6)),
    spec("perf.recover", Command::Recover, "put back…", "put back what cut off permutations left changed", Some(1)),
    spec("perf.calendar", Command::Calendar, "calendar", "all runs by day", Some(8)),
    spec("perf.metric", Command::Metric, "metric", "another figure decides: p99, p90, p50, requests/s, CPU", Some(4)),
    spec("perf.zoom-in", Command::ZoomIn, "zoom in", "less time on the same columns", Some(7)),
    spec("perf.zoom-out", Command::ZoomOut, "zoom out", "more time on them", Some(8)),
    spec("perf.left", Command::Left, "cursor to earlier", "the time cursor to earlier: what was measured there", Some(6)),
    spec("perf.right", Command::Right, "cursor to later", "the time cursor to later", None),
    spec("perf.down", Command::Down, "next run", "the next run; in the calendar the next day", Some(9)),
    spec("perf.up", Command::Up, "run before", "the run before; in the calendar the day before", None),
    spec("perf.page-down", Command::PageDown, "page down", "a page of runs, or of what is told of one", None),
    spec("perf.page-up", Command::PageUp, "page up", "a page up", None),
    spec("perf.top", Command::Top, "newest run", "", None),
    spec("perf.bottom", Command::Bottom, "oldest run", "", None),
    spec("perf.span all", Command::Span(None), "whole run", "", None),
    spec("perf.span 10s", Command::Span(Some(10)), "10 seconds", "only 10 seconds, the newest or those at the time cursor", None),
    spec("perf.span 30s", Command::Span(Some(30)), "30 seconds", "", None),
    spec("perf.span 1m", Command::Span(Some(60)), "a minute", "", None),
    spec("perf.span 5m", Command::Span(Some(300)), "5 minutes", "", None),
    spec("perf.span 15m", Command::Span(Some(900)), "15 minutes", "", None),
    spec("perf.span 1h", Command::Span(Some(3_600)), "an hour", "", None),
    spec("perf.copy", Command::Copy, "copy address", "", None),
];

const fn spec(name: &'static str, command: Command, title: &'static str, about: &'static str, footer: Option<u8>) -> CommandRow<Command> {
    CommandRow { spec: CommandSpec { name, title, about, contexts: &["perf"], footer }, command }
}
