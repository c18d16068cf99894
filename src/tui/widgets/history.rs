//! The history of one figure: a dot a run, the level of each regime as a line of steps, and the points at which it changed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::curves::axis;
use super::paint::{fit, put, put_right, width};
use super::scale::{Scale, Unit};
use crate::tui::theme::{Role, Theme};

/// One run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Nanoseconds, or whatever the axis shows.
    pub value: f64,
    /// How it looks.
    pub role: Role,
    /// What stands for it, where it is no usual one.
    pub sign: Option<&'static str>,
}

/// Runs between two changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regime {
    /// The first run of it.
    pub from: usize,
    /// The first run after it.
    pub to: usize,
    /// Its level.
    pub level: f64,
}

/// A change, and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The first run that is different.
    pub at: usize,
    /// Values are larger from here on.
    pub up: bool,
    /// How large it is, `+17.0 %`.
    pub size: String,
    /// What that is worth, `worse`.
    pub word: String,
    /// What changed with it, `image 1.8.1 → 1.8.2`.
    pub with: String,
    /// How it looks: a change for the worse is not one for the better.
    pub role: Role,
}

/// A history to be drawn.
pub struct History<'a> {
    /// Oldest first.
    pub dots: &'a [Dot],
    /// In order.
    pub regimes: &'a [Regime],
    /// In order.
    pub turns: &'a [Turn],
    /// What values are held against, as a line of its own.
    pub baseline: Option<f64>,
    /// The run under the cursor.
    pub cursor: usize,
    /// What values are.
    pub unit: Unit,
}

/// Columns from which on the beginning of what changed says something.
const LEAST: u16 = 10;

impl Turn {
    /// As much as there is room for: size and word are whole or not there.
    fn told(&self, room: u16, theme: &Theme) -> String {
        let sign = if self.up { theme.glyphs().rises } else { theme.glyphs().falls };
        let size = format!("{sign} {}", self.size);
        let judged = format!("{size} {}", self.word);
        let all = if self.with.is_empty() { judged.clone() } else { format!("{judged}  {}", self.with) };
        if width(&all) <= room || width(&judged) + LEAST <= room {
            return fit(&all, room, theme.glyphs().cut).into_owned();
        }
        [judged, size].into_iter().find(|text| width(text) <= room).unwrap_or_else(|| sign.to_owned())
    }
}

impl History<'_> {
    /// Draws it with `label` columns left of the axis. The first row is left to what is said of changes.
    pub fn draw(&self, area: Rect, label: u16, buf: &mut Buffer, theme: &Theme) {
        let Some(scale) =
            Scale::around(self.dots.iter().map(|dot| dot.value).chain(self.regimes.iter().map(|regime| regime.level)).chain(self.baseline))
        else {
            return;
        };
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let plot = Rect { x: body.x + label + 1, width: body.width.saturating_sub(label + 1), ..body };
        axis(scale, self.unit, body, label, buf, theme);
        let y = |value: f64| body.height.saturating_sub(1) - scale.cell(value, body.height);
        if let Some(level) = self.baseline {
            (0..plot.width).step_by(2).for_each(|x| _ = put(buf, plot, x, y(level), theme.glyphs().base, theme.style(Role::Match)));
            put_right(buf, plot, plot.width, y(level), " baseline", theme.style(Role::Match));
        }
        for regime in self.regimes {
            let (from, to) = (self.column(regime.from, plot.width), self.column(regime.to, plot.width).min(plot.width));
            (from..to.max(from + 1)).for_each(|x| _ = put(buf, plot, x, y(regime.level), theme.glyphs().rule, theme.style(Role::ChartAxis)));
        }
        for (at, dot) in self.dots.iter().enumerate() {
            let sign = if at == self.cursor { theme.glyphs().here } else { dot.sign.unwrap_or(theme.glyphs().point) };
            put(buf, plot, self.column(at, plot.width), y(dot.value), sign, theme.style(dot.role));
        }
        self.turns(area, plot, buf, theme);
    }

    fn turns(&self, area: Rect, plot: Rect, buf: &mut Buffer, theme: &Theme) {
        let top = Rect { y: area.y, height: 1, x: plot.x, width: plot.width };
        let columns: Vec<u16> = self.turns.iter().map(|turn| self.column(turn.at, plot.width)).collect();
        let mut free = 0;
        for (at, turn) in self.turns.iter().enumerate() {
            let (x, style) = (columns[at], theme.style(turn.role));
            (0..plot.height).for_each(|y| self.upright(plot, x, y, buf, theme));
            // What is said ends before the next change; of the last one it stands further left where there is no room right of it.
            let told = match columns.get(at + 1) {
                Some(next) => turn.told(next.saturating_sub(x + 1), theme),
                None => turn.told(plot.width.saturating_sub(free), theme),
            };
            let start = if at + 1 < columns.len() { x } else { x.min(plot.width.saturating_sub(width(&told))).max(free) };
            free = put(buf, top, start, 0, &told, style) + 1;
        }
    }

    /// A piece of a vertical line where nothing stands yet.
    fn upright(&self, plot: Rect, x: u16, y: u16, buf: &mut Buffer, theme: &Theme) {
        if buf.cell((plot.x + x, plot.y + y)).is_some_and(|cell| cell.symbol() == " ") {
            put(buf, plot, x, y, theme.glyphs().limit, theme.style(Role::Dim));
        }
    }

    /// The column of a run: they stand apart while there is room, four columns at most, and share columns where there is none.
    pub fn column(&self, at: usize, room: u16) -> u16 {
        let (room, count) = (usize::from(room.max(1)), self.dots.len().max(1));
        let apart = (room / count).clamp(1, 4);
        let column = if count > room { at * room / count } else { at * apart };
        u16::try_from(column).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::paint::tests::{drawn, theme};

    fn history(ascii: bool) -> Vec<String> {
        let dots: Vec<Dot> = [1e6, 1e6, 1e6, 1e6, 1e7, 1e7, 1e7, 1e7].map(|value| Dot { value, role: Role::Text, sign: None }).into();
        let regimes = [Regime { from: 0, to: 4, level: 1e6 }, Regime { from: 4, to: 8, level: 1e7 }];
        let turns = [Turn { at: 4, up: true, size: "+900 %".into(), word: "worse".into(), with: "image 1.8.2".into(), role: Role::StatusBad }];
        drawn(26, 4, |area, buf| {
            History { dots: &dots, regimes: &regimes, turns: &turns, baseline: None, cursor: 7, unit: super::super::scale::latencies }.draw(
                area,
                8,
                buf,
                &theme("mono", ascii),
            );
        })
    }

    #[test]
    fn dots_stand_on_the_steps_of_their_regimes() {
        assert_eq!(
            history(false),
            ["            ▲ +900 % worse", " 10.0 ms▏        ●─●─●─◆─ ", "        ▏        ┊        ", " 1.00 ms▏●─●─●─●─┊        "]
        );
        assert_eq!(
            history(true),
            ["            ^ +900 % worse", " 10.0 ms|        o-o-o-x- ", "        |        :        ", " 1.00 ms|o-o-o-o-:        "]
        );
    }

    #[test]
    fn a_baseline_is_a_line_of_its_own_with_its_name() {
        let dots: Vec<Dot> = [1e6, 1e6, 1e7].map(|value| Dot { value, role: Role::Text, sign: None }).into();
        let of = |ascii: bool| {
            drawn(34, 4, |area, buf| {
                let history = History { dots: &dots, regimes: &[], turns: &[], baseline: Some(1e6), cursor: 2, unit: super::super::scale::latencies };
                history.draw(area, 8, buf, &theme("mono", ascii));
            })
        };
        assert_eq!(of(false)[3], " 1.00 ms▏● ╌ ● ╌ ╌ ╌ ╌ ╌  baseline");
        assert_eq!(of(true)[3], " 1.00 ms|o = o = = = = =  baseline");
    }

    #[test]
    fn what_is_said_of_two_changes_stands_apart() {
        let dots = vec![Dot { value: 1e6, role: Role::Text, sign: None }; 8];
        let turn = |at| Turn { at, up: true, size: "+12 %".into(), word: "worse".into(), with: "revision 7".into(), role: Role::StatusBad };
        let drawn = drawn(26, 3, |area, buf| {
            let history =
                History { dots: &dots, regimes: &[], turns: &[turn(2), turn(6)], baseline: None, cursor: 0, unit: super::super::scale::latencies };
            history.draw(area, 8, buf, &theme("mono", false));
        });
        assert_eq!(drawn[0], "             ▲ +12 % ▲    ");
    }

    #[test]
    fn more_runs_than_columns_share_them() {
        let dots = vec![Dot { value: 1.0, role: Role::Text, sign: None }; 100];
        let history = History { dots: &dots, regimes: &[], turns: &[], baseline: None, cursor: 0, unit: super::super::scale::latencies };
        assert_eq!((history.column(0, 10), history.column(55, 10), history.column(99, 10)), (0, 5, 9));
    }
}
