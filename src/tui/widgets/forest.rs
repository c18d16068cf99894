//! A forest plot: ratios with their intervals around 1.00 on one axis, and the band within which a change does not matter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{put, width};
use super::scale::Scale;
use crate::tui::theme::{Role, Theme};

/// What all rows share: how far the axis reaches to both sides, as factors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forest {
    reach: f64,
}

/// One ratio with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The lower end of the interval.
    pub low: f64,
    /// The ratio.
    pub centre: f64,
    /// The upper end.
    pub high: f64,
    /// The smallest change that matters, as a share.
    pub band: f64,
}

impl Forest {
    /// An axis that holds what is to be shown, up to a factor of two: what lies beyond is an arrow at its end.
    pub fn around(ratios: &[Ratio]) -> Self {
        Self::within(ratios, &[1.05, 1.1, 1.2, 1.5, 2.0])
    }

    /// The same up to a factor of a hundred, where all rows belong together.
    pub fn wide(ratios: &[Ratio]) -> Self {
        Self::within(ratios, &[1.05, 1.1, 1.2, 1.5, 2.0, 5.0, 10.0, 100.0])
    }

    fn within(ratios: &[Ratio], reaches: &[f64]) -> Self {
        let farthest = ratios.iter().flat_map(|one| [one.low, one.centre, one.high, 1.0 + one.band * 2.0]).filter(|ratio| *ratio > 0.0);
        let needed = farthest.map(|ratio| ratio.ln().abs().exp()).fold(1.0, f64::max);
        let last = reaches.last().copied().unwrap_or(2.0);
        Self { reach: reaches.iter().copied().find(|reach| *reach >= needed).unwrap_or(last) }
    }

    fn scale(self) -> Scale {
        Scale::log(1.0 / self.reach, self.reach)
    }

    /// The axis with both ends written at it.
    pub fn axis(self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let line = theme.style(Role::ChartAxis);
        put(buf, area, 0, 0, &theme.glyphs().rule.repeat(usize::from(area.width)), line);
        put(buf, area, area.width / 2, 0, theme.glyphs().cross, line);
        let dim = theme.style(Role::Dim);
        let (low, high) = (format!("{:.2} ", 1.0 / self.reach), format!(" {:.2}", self.reach));
        put(buf, area, 0, 0, &low, dim);
        put(buf, area, area.width.saturating_sub(width(&high)), 0, &high, dim);
    }

    /// One row: `├──●──┤` over the band and the line at 1.00.
    pub fn row(self, ratio: Ratio, role: Role, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let (scale, glyphs) = (self.scale(), theme.glyphs());
        let at = |value: f64| scale.cell(value, area.width);
        for x in at(1.0 / (1.0 + ratio.band))..=at(1.0 + ratio.band) {
            put(buf, area, x, 0, glyphs.shade, theme.style(Role::ChartAxis));
        }
        put(buf, area, area.width.saturating_sub(1) / 2, 0, glyphs.upright, theme.style(Role::ChartAxis));
        let style = theme.style(role);
        let (from, to) = (at(ratio.low), at(ratio.high));
        (from..=to).for_each(|x| _ = put(buf, area, x, 0, glyphs.rule, style));
        let end = |value: f64, usual, beyond| if scale.holds(value) { usual } else { beyond };
        if from < to {
            put(buf, area, from, 0, end(ratio.low, glyphs.ends[0], glyphs.left), style);
            put(buf, area, to, 0, end(ratio.high, glyphs.ends[1], glyphs.right), style);
        }
        if scale.holds(ratio.centre) {
            put(buf, area, at(ratio.centre), 0, glyphs.point, style);
        } else if from == to {
            // All of it lies beyond.
            put(buf, area, to, 0, if ratio.centre > 1.0 { glyphs.right } else { glyphs.left }, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::paint::tests::{drawn, theme};

    const RATIOS: [Ratio; 3] = [
        Ratio { low: 0.99, centre: 1.01, high: 1.02, band: 0.03 },
        Ratio { low: 1.09, centre: 1.17, high: 1.26, band: 0.03 },
        Ratio { low: 1.2, centre: 1.9, high: 3.5, band: 0.03 },
    ];

    fn rows(ascii: bool) -> Vec<String> {
        let forest = Forest::around(&RATIOS[..2]);
        drawn(41, 4, |area, buf| {
            let theme = theme("mono", ascii);
            forest.axis(Rect { height: 1, ..area }, buf, &theme);
            for (ratio, y) in RATIOS.into_iter().zip(1..) {
                forest.row(ratio, Role::Text, Rect { y, height: 1, ..area }, buf, &theme);
            }
        })
    }

    #[test]
    fn intervals_stand_around_one_and_over_the_band() {
        assert_eq!(
            rows(false),
            [
                "0.67 ───────────────┼─────────────── 1.50",
                "                   ░●┤                   ",
                "                   ░│░  ├───●──┤         ",
                "                   ░│░       ├──────────▸",
            ]
        );
        assert_eq!(rows(true)[2], "                   :|:  |---o--|         ");
    }

    #[test]
    fn what_lies_far_beyond_is_an_arrow_and_a_wide_axis_holds_it() {
        let far = [Ratio { low: 84.0, centre: 88.0, high: 92.0, band: 0.1 }, Ratio { low: 0.01, centre: 0.02, high: 0.03, band: 0.1 }];
        let ends = |forest: Forest, at: usize| {
            let row = drawn(21, 1, |area, buf| forest.row(far[at], Role::Text, area, buf, &theme("mono", false))).remove(0);
            (row.starts_with('◂'), row.ends_with('▸'))
        };
        assert_eq!((ends(Forest::around(&far), 0), ends(Forest::around(&far), 1)), ((false, true), (true, false)));
        assert_eq!((Forest::wide(&far), ends(Forest::wide(&far), 0)), (Forest { reach: 100.0 }, (false, false)));
    }

    #[test]
    fn the_axis_is_as_short_as_it_can_be() {
        assert_eq!(Forest::around(&RATIOS[..1]), Forest { reach: 1.1 });
        assert_eq!(Forest::around(&RATIOS), Forest { reach: 2.0 });
    }
}
