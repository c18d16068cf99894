//! The list of runs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{judged, measured, name, started};
use crate::results::{Latencies, Run, State as RunState};
use crate::text::quantity::count;
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::past::{Worth, worth};
use crate::tui::panes::perf::state::series::Point;
use crate::tui::panes::perf::state::{Entry, State};
use crate::tui::theme::Role;
use crate::tui::widgets::paint::scroll;
use crate::tui::widgets::spot::Spot;
use crate::tui::widgets::table::{Cell, Head, RowView, Sign, TableView, body_height, measure};

/// Draws all runs with the cursor on the one that is chosen.
pub(super) fn draw(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Vec<Spot> {
    let all: Vec<usize> = (0..state.runs.len()).collect();
    some(state, &all, state.chosen, look, area, buf)
}

/// Draws the runs at those places, with the cursor on one of them.
pub(super) fn some(state: &State, places: &[usize], cursor: usize, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Vec<Spot> {
    let column = |title: &str, right: bool, grows: bool, rank: u8| Head { title: title.into(), right, grows, rank, ..Head::default() };
    let heads = [
        column("STARTED", false, false, 0),
        column("TARGET", false, true, 0),
        column("WORTH", false, false, 2),
        column("REQ/S", true, false, 1),
        column("P50", true, false, 3),
        column("P99", true, false, 2),
        column("ERRORS", true, false, 1),
    ];
    let view = |at: usize| places.get(at).and_then(|place| state.runs.get(*place)).map(|entry| row(entry, state, look)).unwrap_or_default();
    // Figures that grow in a running test move no column.
    let widths = measure(&[0, 0, 7, 7, 7, 7, 6], &heads, (0..places.len().min(50)).map(view));
    let top = scroll(0, cursor, body_height(area), places.len());
    let table = TableView { heads: &heads, widths: &widths, row: &view, total: places.len(), top, cursor, focus: true, found: &[] };
    table.draw(area, buf, look.theme).spots
}

/// What was loaded, in a column in which two names must not be cut to one: nearly everything is a Service.
fn brief(run: &Run) -> String {
    let name = name(run);
    name.strip_prefix("service ").map_or_else(|| name.clone(), str::to_owned)
}

fn row(entry: &Entry, state: &State, look: &Look<'_>) -> RowView {
    let run = &entry.run;
    let (rate, latencies, errors) = match &entry.sample {
        Some(sample) => {
            let errors = sample.whole.errors().map(|(_, count)| count).sum();
            (Point::of(sample, None).rate, Latencies::of(sample.whole.response()), errors)
        }
        None => (run.requests_per_second, run.latencies.clone(), run.failed()),
    };
    let text = |text: String| Cell { text, role: Role::Text };
    // Of one in another program nothing is known yet.
    let known = entry.sample.is_some() || run.state != RunState::Running;
    let number = |number: u64| if known { count(number) } else { "·".to_owned() };
    let (_, word, role) = judged(run, look.theme);
    RowView {
        sign: match worth(run) {
            Worth::Running => Sign::Progress,
            Worth::Bad => Sign::Bad,
            Worth::Suspect => Sign::Warn,
            _ if errors > 0 => Sign::Warn,
            Worth::Cut => Sign::Unknown,
            Worth::Valid => Sign::None,
        },
        cells: vec![
            Cell { text: started(run), role: Role::Dim },
            // A long address says less than the name of a profile.
            text(run.provenance.profile.clone().filter(|_| run.target.what.is_none()).unwrap_or_else(|| brief(run))),
            Cell { text: word.to_owned(), role },
            text(number(rate.round() as u64)),
            text(measured(latencies.p50)),
            text(measured(latencies.p99)),
            Cell { text: number(errors), role: if errors > 0 { Role::StatusBad } else { Role::Text } },
        ],
        marked: state.marks.contains(&run.id),
        ..RowView::default()
    }
}
