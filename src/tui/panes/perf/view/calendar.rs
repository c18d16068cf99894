//! All runs by day: the worst of each day, and the runs of the day under the cursor.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list;
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::State;
use crate::tui::panes::perf::state::past::{Worth, day, worth};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::bar::{Segment, bar, rule};
use crate::tui::widgets::calendar::{self, Day};
use crate::tui::widgets::paint::row;

/// Rows of the weeks with the months above them.
const WEEKS: u16 = 8;

/// Draws it.
pub(super) fn draw(state: &State, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let today = Timestamp::from_second(look.now).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date();
    // The cursor is seen, however long ago its day is.
    let last = if weeks_between(state.day, today) < i64::from(calendar::weeks(area)) { today } else { state.day };
    let days = days(state, look.theme);
    let grid = Rect { height: WEEKS.min(area.height), ..area };
    calendar::draw(&days, last.max(state.day), Some(state.day), grid, buf, look.theme);
    bar(buf, row(area, WEEKS), &legend(look.theme), &[], look.theme.style(Role::Text), look.theme);
    let of_day = state.of_day(state.day);
    let line = Rect { y: area.y + WEEKS + 1, height: 1, ..area };
    if area.height < WEEKS + 3 {
        return;
    }
    let count = format!("{} {}", of_day.len(), if of_day.len() == 1 { "run" } else { "runs" });
    let title = Segment::new(state.day.strftime("%a %d %b %Y").to_string(), Role::Title, 0);
    rule(buf, line, &[title, Segment::new(count, Role::Dim, 1)], &[], false, look.theme);
    let below = Rect { y: line.y + 1, height: area.height.saturating_sub(WEEKS + 2), ..area };
    list::some(state, &of_day, 0, look, below, buf);
}

fn weeks_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days())) / 7 + 1
}

/// Each day with the worst of its runs.
fn days(state: &State, theme: &Theme) -> Vec<Day> {
    let mut days = std::collections::BTreeMap::<Date, (Worth, usize)>::new();
    for entry in &state.runs {
        let (worst, count) = days.entry(day(&entry.run)).or_insert((Worth::Valid, 0));
        (*worst, *count) = ((*worst).max(worth(&entry.run)), *count + 1);
    }
    let all = days.into_iter().map(|(date, (worst, count))| {
        let (sign, role) = sign(worst, theme);
        Day { date, sign, role, count }
    });
    all.collect()
}

fn sign(worth: Worth, theme: &Theme) -> (&'static str, Role) {
    let glyphs = theme.glyphs();
    match worth {
        Worth::Valid => (glyphs.good, Role::StatusOk),
        Worth::Cut => (glyphs.unknown, Role::StatusUnknown),
        Worth::Running => (glyphs.progress, Role::StatusProgress),
        Worth::Suspect => (glyphs.warn, Role::StatusWarn),
        Worth::Bad => (glyphs.bad, Role::StatusBad),
    }
}

fn legend(theme: &Theme) -> Vec<Segment> {
    let all = [
        (Worth::Valid, "valid"),
        (Worth::Suspect, "suspect"),
        (Worth::Bad, "invalid or failed"),
        (Worth::Cut, "cut short"),
        (Worth::Running, "running"),
    ];
    let one = |(worth, word)| {
        let (sign, role) = sign(worth, theme);
        Segment::new(sign, role, 1).and(format!(" {word}"), Role::Dim)
    };
    all.into_iter().map(one).chain([Segment::new("the worst of each day, and how many", Role::Dim, 2)]).collect()
}
