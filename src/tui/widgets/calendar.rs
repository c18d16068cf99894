//! A calendar: weeks as columns, Monday to Sunday as rows, and what each day is judged by, with how often.

use jiff::civil::Date;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::paint::{put, tint};
use crate::tui::theme::{Role, Theme};

/// Columns of a week.
const WEEK: u16 = 4;
/// Columns left of the first one.
const LABEL: u16 = 5;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// One day on which something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// When.
    pub date: Date,
    /// What it is judged by: a glyph.
    pub sign: &'static str,
    /// How that looks.
    pub role: Role,
    /// How often.
    pub count: usize,
}

/// Weeks that fit.
pub fn weeks(area: Rect) -> u16 {
    area.width.saturating_sub(LABEL) / WEEK
}

/// Draws as many weeks as fit, the last being the one of `today`; `cursor` is marked. Takes eight rows.
pub fn draw(days: &[Day], today: Date, cursor: Option<Date>, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let weeks = weeks(area).max(1);
    let monday = |date: Date| date.checked_sub(jiff::Span::new().days(i64::from(date.weekday().to_monday_zero_offset()))).unwrap_or(date);
    let first = monday(today).checked_sub(jiff::Span::new().weeks(i64::from(weeks) - 1)).unwrap_or(today);
    for (name, y) in DAYS.iter().zip(1..) {
        put(buf, area, 1, y, name, theme.style(Role::Dim));
    }
    for week in 0..weeks {
        let Ok(start) = first.checked_add(jiff::Span::new().weeks(i64::from(week))) else { break };
        let x = LABEL + week * WEEK;
        // A month is named over the week that holds its first day.
        let end = start.checked_add(jiff::Span::new().days(6)).unwrap_or(start);
        if end.day() <= 7 || week == 0 && end.day() < 22 {
            put(buf, area, x, 0, &end.strftime("%b").to_string(), theme.style(Role::Dim));
        }
        for (day, y) in (0..7i64).zip(1..) {
            let Ok(date) = start.checked_add(jiff::Span::new().days(day)) else { break };
            if date > today {
                break;
            }
            cell(
                days.iter().find(|one| one.date == date),
                cursor == Some(date),
                Rect { x: area.x + x, y: area.y + y, width: WEEK, height: 1 },
                buf,
                theme,
            );
        }
    }
}

fn cell(day: Option<&Day>, here: bool, area: Rect, buf: &mut Buffer, theme: &Theme) {
    match day {
        None => put(buf, area, 0, 0, "·", theme.style(Role::ChartAxis)),
        Some(day) => {
            let after = put(buf, area, 0, 0, day.sign, theme.style(day.role));
            let count = if day.count > 99 { "++".to_owned() } else { day.count.to_string() };
            put(buf, area, after, 0, &count, theme.style(Role::Text))
        }
    };
    if here {
        tint(buf, Rect { width: WEEK - 1, ..area }, theme.style(Role::Cursor).add_modifier(Modifier::REVERSED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::paint::tests::{drawn, theme};
    use jiff::civil::date;

    /// 2026-05-12 is a Tuesday (`cal 5 2026`).
    #[test]
    fn days_stand_in_their_weeks() {
        let day = |date, sign| Day { date, sign, role: Role::Text, count: 3 };
        let days = [day(date(2026, 5, 12), "✓"), day(date(2026, 4, 28), "✗")];
        let drawn = drawn(18, 8, |area, buf| draw(&days, date(2026, 5, 12), None, area, buf, &theme("mono", false)));
        assert_eq!(
            drawn,
            [
                "     May          ",
                " Mon ·   ·   ·    ",
                " Tue ✗3  ·   ✓3   ",
                " Wed ·   ·        ",
                " Thu ·   ·        ",
                " Fri ·   ·        ",
                " Sat ·   ·        ",
                " Sun ·   ·        ",
            ]
        );
    }
}
