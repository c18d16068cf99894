//! One-line bars: segments at both ends, the least important dropped first when the line is too short; and rules with a title.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::{fit, page, put, width};
use crate::tui::theme::{Role, Theme};

/// A piece of a bar: texts with their looks. A smaller rank is more important; rank 0 is never dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segment {
    parts: Vec<(String, Role)>,
    rank: u8,
}

impl Segment {
    /// One text.
    pub fn new(text: impl Into<String>, role: Role, rank: u8) -> Self {
        Self { parts: vec![(text.into(), role)], rank }
    }

    /// The same with more text behind it.
    #[must_use]
    pub fn and(mut self, text: impl Into<String>, role: Role) -> Self {
        self.parts.push((text.into(), role));
        self
    }

    /// How soon it is dropped.
    pub const fn rank(&self) -> u8 {
        self.rank
    }

    /// A key and what it does.
    pub fn hint(keys: &str, what: &str, rank: u8) -> Self {
        Self::new(keys, Role::FooterKey, rank).and(format!(" {what}"), Role::FooterText)
    }

    /// Columns it takes.
    pub fn width(&self) -> u16 {
        self.parts.iter().map(|(text, _)| width(text)).sum()
    }
}

/// Columns between two segments.
pub const GAP: u16 = 2;

/// Where the segments of a bar's left end stand, by their index; those that were dropped stand nowhere.
pub type Placed = Vec<(usize, Rect)>;

/// Draws `left` from the left and `right` towards the right end over `base`; answers where the left ones stand.
pub fn bar(buf: &mut Buffer, area: Rect, left: &[Segment], right: &[Segment], base: Style, theme: &Theme) -> Placed {
    page(buf, area, base);
    let kept = fitting(left, right, area.width.saturating_sub(2));
    let (mut column, mut placed) = (1, Placed::new());
    for (at, segment) in left.iter().enumerate().filter(|(at, _)| kept.contains(&(false, *at))) {
        let end = draw(buf, area, column, segment, base, theme);
        placed.push((at, stretch(area, column, end)));
        column = end + GAP;
    }
    let right: Vec<&Segment> = right.iter().enumerate().filter(|(at, _)| kept.contains(&(true, *at))).map(|(_, segment)| segment).collect();
    let wanted: u16 = right.iter().map(|segment| segment.width() + GAP).sum();
    let mut column = area.width.saturating_sub((wanted + 1).saturating_sub(GAP)).max(column);
    for segment in right {
        column = draw(buf, area, column, segment, base, theme) + GAP;
    }
    placed
}

/// The columns of a line from one up to another.
fn stretch(area: Rect, from: u16, to: u16) -> Rect {
    Rect { x: area.x + from, width: to.saturating_sub(from), height: 1, ..area }
}

/// Which segments (`true`: of the right end) are kept in `room` columns.
fn fitting(left: &[Segment], right: &[Segment], room: u16) -> Vec<(bool, usize)> {
    let all = left.iter().enumerate().map(|(at, one)| (false, at, one)).chain(right.iter().enumerate().map(|(at, one)| (true, at, one)));
    let mut kept: Vec<_> = all.collect();
    while kept.iter().map(|(_, _, one)| u32::from(one.width() + GAP)).sum::<u32>() > u32::from(room + GAP) {
        let Some(worst) = kept.iter().enumerate().filter(|(_, (_, _, one))| one.rank > 0).max_by_key(|(at, (_, _, one))| (one.rank, *at)) else {
            break;
        };
        let worst = worst.0;
        kept.remove(worst);
    }
    kept.into_iter().map(|(side, at, _)| (side, at)).collect()
}

fn draw(buf: &mut Buffer, area: Rect, column: u16, segment: &Segment, base: Style, theme: &Theme) -> u16 {
    segment.parts.iter().fold(column, |column, (text, role)| {
        let text = fit(text, area.width.saturating_sub(column), theme.glyphs().cut);
        put(buf, area, column, 0, &text, base.patch(look(theme, *role, base)))
    })
}

/// A role's style on somebody else's page: the page's background stays unless the role has one of its own.
fn look(theme: &Theme, role: Role, base: Style) -> Style {
    let style = theme.style(role);
    let page = theme.style(Role::Text).bg;
    if style.bg == page { Style { bg: base.bg, ..style } } else { style }
}

/// A horizontal rule with segments standing in it; answers where the left ones stand.
pub fn rule(buf: &mut Buffer, area: Rect, left: &[Segment], right: &[Segment], focus: bool, theme: &Theme) -> Placed {
    let border = theme.style(if focus { Role::BorderFocus } else { Role::Border });
    page(buf, area, theme.style(Role::Text));
    let line = theme.glyphs().rule.repeat(usize::from(area.width));
    put(buf, area, 0, 0, &line, border);
    let kept = fitting(left, right, area.width.saturating_sub(6));
    let (mut column, mut placed) = (2, Placed::new());
    for (at, segment) in left.iter().enumerate().filter(|(at, _)| kept.contains(&(false, *at))) {
        let start = column;
        column = put(buf, area, column, 0, " ", border);
        column = draw(buf, area, column, segment, theme.style(Role::Text), theme);
        column = put(buf, area, column, 0, " ", border);
        placed.push((at, stretch(area, start, column)));
    }
    let mut end = area.width.saturating_sub(2);
    for (_, segment) in right.iter().enumerate().rev().filter(|(at, _)| kept.contains(&(true, *at))) {
        let start = end.saturating_sub(segment.width() + 2);
        if start < column {
            break;
        }
        let at = put(buf, area, start, 0, " ", border);
        let at = draw(buf, area, at, segment, theme.style(Role::Text), theme);
        put(buf, area, at, 0, " ", border);
        end = start;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Depth;
    use crate::tui::theme::builtin;

    fn line(width: u16) -> String {
        let (theme, _) = Theme::load("mono", &builtin, None, Depth::None).unwrap();
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        let left = [Segment::new("Inventory", Role::Title, 0), Segment::new(", go", Role::Dim, 3)];
        bar(&mut buf, area, &left, &[Segment::new("lab", Role::Text, 1)], Style::new(), &theme);
        (0..width).map(|x| buf[(x, 0)].symbol().to_owned()).collect()
    }

    #[test]
    fn the_least_important_goes_first() {
        assert_eq!(line(24), " Inventory  , go    lab ");
        assert_eq!(line(18), " Inventory    lab ");
        assert_eq!(line(12), " Inventory  ");
        assert_eq!(line(6), " Inve…");
    }
}
