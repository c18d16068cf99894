//! A table of rows that are asked for one at a time, so that only what is seen is made. Column widths only grow, so that nothing jumps.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::paint::{find_all, fit, fit_middle, page, put, put_right, tint, width};
use super::spot::{Spot, What};
use crate::tui::theme::{Role, Theme};

/// A column's heading and its behaviour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// In capitals.
    pub title: String,
    /// Values stand at the right edge.
    pub right: bool,
    /// Takes what room is left, and is the first to be cut.
    pub grows: bool,
    /// Dropped when the line is too short; the largest first; 0 never.
    pub rank: u8,
    /// Stays where it is when the columns are scrolled; a name is cut in its middle.
    pub fixed: bool,
    /// `Some(true)`: the rows are ordered by it, largest first.
    pub sorted: Option<bool>,
    /// The column cursor stands here.
    pub chosen: bool,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What stands there.
    pub text: String,
    /// How.
    pub role: Role,
}

/// The sign before a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sign {
    /// Nothing to say.
    #[default]
    None,
    /// Failed.
    Bad,
    /// Somebody should look.
    Warn,
    /// On its way.
    Progress,
    /// Not known.
    Unknown,
}

/// What became of a row a moment ago.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    #[default]
    None,
    /// It came.
    Added,
    /// Something that is seen of it changed.
    Changed,
    /// It is gone, and will not be shown much longer.
    Gone,
}

/// One row as it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowView {
    /// Before the first column.
    pub sign: Sign,
    /// One cell a column.
    pub cells: Vec<Cell>,
    /// The person marked it.
    pub marked: bool,
    /// What became of it; of a marked row seen behind the sign.
    pub change: Change,
    /// Old or unimportant.
    pub grey: bool,
}

/// A table to be drawn.
pub struct TableView<'a> {
    /// Headings.
    pub heads: &'a [Head],
    /// Widths as [`measure`] gave them.
    pub widths: &'a [u16],
    /// The row at a position.
    pub row: &'a dyn Fn(usize) -> RowView,
    /// How many rows there are.
    pub total: usize,
    /// The first one seen.
    pub top: usize,
    /// The one under the cursor.
    pub cursor: usize,
    /// The keys go here.
    pub focus: bool,
    /// Words to be shown where they stand.
    pub found: &'a [String],
}

/// What was drawn of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Columns there was room for.
    pub columns: usize,
    /// Its rows and headings.
    pub spots: Vec<Spot>,
}

/// Columns taken by cursor bar, mark and sign.
const SIGNS: u16 = 4;
const GAP: u16 = 2;

/// Rows that fit below the headings.
pub fn body_height(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
}

/// Widths that hold the headings and a sample of rows, and are nowhere smaller than before.
pub fn measure(previous: &[u16], heads: &[Head], sample: impl Iterator<Item = RowView>) -> Vec<u16> {
    let mut widths: Vec<u16> = heads.iter().map(|head| width(&head.title) + u16::from(head.sorted.is_some())).collect();
    for row in sample {
        for (at, cell) in widths.iter_mut().zip(&row.cells) {
            *at = (*at).max(width(&cell.text));
        }
    }
    if previous.len() == widths.len() {
        for (at, before) in widths.iter_mut().zip(previous) {
            *at = (*at).max(*before);
        }
    }
    widths
}

/// Columns up to this rank are worth a cut name.
const VITAL: u8 = 3;

/// Columns from this rank on are shown only where nothing has to be cut for them.
pub const EXTRA: u8 = 100;

/// Columns that are left of a line of that width.
pub fn room(area: Rect) -> u16 {
    area.width.saturating_sub(SIGNS + 1)
}

/// Which columns are shown in `room`, with the widths they get, after `skip` of those that are not fixed were scrolled out.
fn layout(heads: &[Head], widths: &[u16], room: u16, skip: usize) -> Vec<(usize, u16)> {
    if skip == 0 { ranked(heads, widths, room) } else { scrolled(heads, widths, room, skip) }
}

/// Columns scrolled out at most: then the last one is seen.
pub fn furthest(heads: &[Head], widths: &[u16], room: u16) -> usize {
    let last = heads.len().saturating_sub(1);
    if heads.len() != widths.len() || ranked(heads, widths, room).len() == heads.len() {
        return 0;
    }
    let movable = heads.iter().filter(|head| !head.fixed).count();
    (1..movable).find(|skip| scrolled(heads, widths, room, *skip).iter().any(|(at, _)| *at == last)).unwrap_or(movable.saturating_sub(1))
}

/// How far to scroll so that a column is seen, from `skip` on and no further than needed.
pub fn reveal(heads: &[Head], widths: &[u16], room: u16, skip: usize, column: usize) -> usize {
    let seen = |skip: usize| layout(heads, widths, room, skip).iter().any(|(at, _)| *at == column);
    if heads.len() != widths.len() || seen(skip) {
        return skip;
    }
    let before = heads.iter().take(column).filter(|head| !head.fixed).count();
    if before < skip { before } else { (skip + 1..=before).find(|skip| seen(*skip)).unwrap_or(before) }
}

/// Fixed columns, and behind them the others in their order. A growing column gives way, and takes what is left.
fn scrolled(heads: &[Head], widths: &[u16], room: u16, skip: usize) -> Vec<(usize, u16)> {
    let all = || widths.iter().copied().enumerate().zip(heads);
    let mut shown: Vec<(usize, u16)> = all().filter(|(_, head)| head.fixed).map(|(one, _)| one).collect();
    for one in all().filter(|(_, head)| !head.fixed).map(|(one, _)| one).skip(skip) {
        shown.push(one);
        if need(&shown, heads, 24) > room && shown.iter().filter(|(at, _)| !heads[*at].fixed).count() > 1 {
            shown.pop();
            break;
        }
    }
    shrink(&mut shown, heads, room);
    shown
}

/// All that fits: a growing column shrinks to a readable rest before a neighbour is dropped for it, and to less before a vital one is.
fn ranked(heads: &[Head], widths: &[u16], room: u16) -> Vec<(usize, u16)> {
    let mut shown: Vec<(usize, u16)> = widths.iter().copied().enumerate().collect();
    drop_columns(&mut shown, heads, room, u16::MAX, EXTRA - 1);
    drop_columns(&mut shown, heads, room, 24, VITAL);
    drop_columns(&mut shown, heads, room, 16, 0);
    take_back(&mut shown, heads, widths, room);
    shrink(&mut shown, heads, room);
    shown
}

/// Growing columns give what is too much.
fn shrink(shown: &mut [(usize, u16)], heads: &[Head], room: u16) {
    let total: u16 = shown.iter().map(|(_, width)| width + GAP).sum::<u16>().saturating_sub(GAP);
    if total > room
        && let Some((_, width)) = shown.iter_mut().find(|(at, _)| heads[*at].grows)
    {
        *width = width.saturating_sub(total - room).max(4);
    }
}

/// Drops columns above a rank, the largest and last first, until what is left fits with growing columns at `least`.
fn drop_columns(shown: &mut Vec<(usize, u16)>, heads: &[Head], room: u16, least: u16, above: u8) {
    while need(shown, heads, least) > room {
        let droppable = shown.iter().enumerate().filter(|(_, (at, _))| heads[*at].rank > above);
        let Some((worst, _)) = droppable.max_by_key(|(place, (at, _))| (heads[*at].rank, *place)) else { break };
        shown.remove(worst);
    }
}

/// Columns that were dropped for a wider one that had to go too all the same, the most important first.
fn take_back(shown: &mut Vec<(usize, u16)>, heads: &[Head], widths: &[u16], room: u16) {
    let mut dropped: Vec<(usize, u16)> = widths.iter().copied().enumerate().filter(|one| !shown.contains(one)).collect();
    dropped.retain(|(at, _)| heads[*at].rank < EXTRA);
    dropped.sort_by_key(|(at, _)| heads[*at].rank);
    for one in dropped {
        let place = shown.iter().position(|(at, _)| *at > one.0).unwrap_or(shown.len());
        shown.insert(place, one);
        if need(shown, heads, if heads[one.0].rank > VITAL { 24 } else { 16 }) > room {
            shown.remove(place);
        }
    }
}

/// Room that columns take with growing ones at `least`.
fn need(shown: &[(usize, u16)], heads: &[Head], least: u16) -> u16 {
    let width = |(at, width): &(usize, u16)| if heads[*at].grows { least.min(*width) } else { *width };
    shown.iter().map(|one| width(one) + GAP).sum::<u16>().saturating_sub(GAP)
}

impl TableView<'_> {
    /// Draws headings and rows.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Shown {
        self.draw_from(0, area, buf, theme)
    }

    /// The same with so many columns that are not fixed scrolled out to the left.
    pub fn draw_from(&self, skip: usize, area: Rect, buf: &mut Buffer, theme: &Theme) -> Shown {
        page(buf, area, theme.style(Role::Text));
        let shown = layout(self.heads, self.widths, room(area), skip);
        self.headings(&shown, skip, area, buf, theme);
        for line in 0..body_height(area).min(self.total.saturating_sub(self.top)) {
            let position = self.top + line;
            let row = (self.row)(position);
            // At most as many lines as the area has rows.
            let y = u16::try_from(line + 1).unwrap_or(u16::MAX);
            self.line(&row, position == self.cursor, &shown, Rect { y: area.y + y, height: 1, ..area }, buf, theme);
        }
        Shown { columns: shown.len(), spots: self.spots(&shown, area) }
    }

    /// The whole area, the headings that are seen, and the rows.
    fn spots(&self, shown: &[(usize, u16)], area: Rect) -> Vec<Spot> {
        let mut spots = vec![Spot::new(area, What::Text)];
        let mut column = SIGNS;
        for (at, width) in shown {
            let width = (*width).min(area.width.saturating_sub(column));
            spots.push(Spot::new(Rect { x: area.x + column, width, height: area.height.min(1), ..area }, What::Head(*at)));
            column += width + GAP;
        }
        let body = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        spots.push(Spot::rows(body, self.top, self.total));
        spots
    }

    fn headings(&self, shown: &[(usize, u16)], skip: usize, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let style = theme.style(Role::Header);
        let mut column = SIGNS;
        let mut scrolled = true;
        for (at, width) in shown {
            let head = &self.heads[*at];
            let sign = match head.sorted {
                Some(true) => theme.glyphs().descending,
                Some(false) => theme.glyphs().ascending,
                None => "",
            };
            let title = format!("{}{sign}", head.title);
            let style = if head.chosen { style.add_modifier(Modifier::UNDERLINED) } else { style };
            let title = fit(&title, (*width).min(area.width.saturating_sub(column)), theme.glyphs().cut);
            place(buf, area, column, *width, &title, style, head.right);
            if skip > 0 && !head.fixed && std::mem::take(&mut scrolled) {
                put(buf, area, column - 1, 0, theme.glyphs().left, style);
            }
            column += width + GAP;
        }
        if shown.len() + skip < self.heads.len() {
            put(buf, area, area.width.saturating_sub(1), 0, theme.glyphs().right, style);
        }
    }

    fn line(&self, row: &RowView, here: bool, shown: &[(usize, u16)], area: Rect, buf: &mut Buffer, theme: &Theme) {
        let (glyph, role) = sign(row.sign, theme);
        let plain = theme.style(if row.grey { Role::Stale } else { Role::Text });
        let style = |role: Role| if row.grey && role == Role::Text { plain } else { theme.style(role) };
        let [before, behind] = changes(row, theme);
        put(buf, area, 1, 0, before.0, theme.style(before.1));
        put(buf, area, 2, 0, glyph, theme.style(role));
        put(buf, area, 3, 0, behind.0, theme.style(behind.1));
        let mut column = SIGNS;
        for (at, width) in shown {
            if let Some(cell) = row.cells.get(*at) {
                let (head, room) = (&self.heads[*at], (*width).min(area.width.saturating_sub(column)));
                let fit = if head.fixed { fit_middle } else { fit };
                let text = fit(&cell.text, room, theme.glyphs().cut);
                place(buf, area, column, *width, &text, style(cell.role), head.right);
                self.show_found(&text, column, *width, area, buf, theme);
            }
            column += width + GAP;
        }
        if here {
            let cursor = theme.style(Role::Cursor);
            tint(buf, area, if self.focus { cursor } else { Style { add_modifier: Modifier::empty(), ..cursor } });
            put(buf, area, 0, 0, theme.glyphs().cursor, theme.style(Role::BorderFocus));
        }
    }

    fn show_found(&self, text: &str, column: u16, room: u16, area: Rect, buf: &mut Buffer, theme: &Theme) {
        for needle in self.found {
            for at in find_all(text, needle) {
                let start = width(text.get(..at.start).unwrap_or_default());
                let end = width(text.get(..at.end).unwrap_or_default()).min(room);
                if start < end && column + end <= area.width {
                    tint(buf, Rect { x: area.x + column + start, width: end - start, ..area }, theme.style(Role::Match));
                }
            }
        }
    }
}

fn place(buf: &mut Buffer, area: Rect, column: u16, width: u16, text: &str, style: Style, right: bool) {
    if right {
        put_right(buf, area, column + width, 0, text, style);
    } else {
        put(buf, area, column, 0, text, style);
    }
}

/// The characters before and behind the sign: the person's mark, and what became of the row. What became of it stands before where there is no mark.
fn changes(row: &RowView, theme: &Theme) -> [(&'static str, Role); 2] {
    let glyphs = theme.glyphs();
    let nothing = (" ", Role::Text);
    let change = match row.change {
        Change::Gone => (glyphs.gone, Role::DiffDel),
        Change::Added => (glyphs.added, Role::DiffAdd),
        Change::Changed => (glyphs.changed, Role::StatusProgress),
        Change::None => nothing,
    };
    if row.marked { [(glyphs.mark, Role::Mark), change] } else { [change, nothing] }
}

/// A sign's character and look.
pub fn sign(sign: Sign, theme: &Theme) -> (&'static str, Role) {
    let glyphs = theme.glyphs();
    match sign {
        Sign::None => (" ", Role::Text),
        Sign::Bad => (glyphs.bad, Role::StatusBad),
        Sign::Warn => (glyphs.warn, Role::StatusWarn),
        Sign::Progress => (glyphs.progress, Role::StatusProgress),
        Sign::Unknown => (glyphs.unknown, Role::StatusUnknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(title: &str, rank: u8, grows: bool) -> Head {
        Head { title: title.into(), rank, grows, ..Head::default() }
    }

    #[test]
    fn columns_go_by_rank_and_the_growing_one_gives_way_first() {
        let heads = [head("NAME", 0, true), head("READY", 1, false), head("NODE", 9, false)];
        assert_eq!(layout(&heads, &[40, 5, 10], 60, 0), [(0, 40), (1, 5), (2, 10)]);
        assert_eq!(layout(&heads, &[40, 5, 10], 50, 0), [(0, 31), (1, 5), (2, 10)]);
        assert_eq!(layout(&heads, &[40, 5, 10], 40, 0), [(0, 33), (1, 5)]);
        assert_eq!(layout(&heads, &[40, 5, 10], 25, 0), [(0, 18), (1, 5)]);
        assert_eq!(layout(&heads, &[40, 5, 10], 20, 0), [(0, 20)]);
    }

    #[test]
    fn a_column_too_wide_for_the_line_takes_no_other_with_it() {
        let heads = [head("NAME", 0, true), head("READY", 2, false), head("STATUS", 1, false), head("AGE", 50, false)];
        assert_eq!(layout(&heads, &[14, 5, 30, 3], 40, 0), [(0, 14), (1, 5), (3, 3)]);
    }

    #[test]
    fn extra_columns_take_only_room_that_nobody_else_wants() {
        let heads = [head("NAME", 0, true), head("NODE", EXTRA, false), head("AGE", 1, false)];
        assert_eq!(layout(&heads, &[40, 10, 5], 59, 0), [(0, 40), (1, 10), (2, 5)]);
        assert_eq!(layout(&heads, &[40, 10, 5], 58, 0), [(0, 40), (2, 5)]);
    }

    #[test]
    fn scrolled_columns_pass_behind_the_fixed_ones() {
        let fixed = Head { fixed: true, ..head("NAME", 0, true) };
        let heads = [fixed, head("A", 4, false), head("B", 5, false), head("C", 6, false), head("D", 7, false)];
        let widths = [30, 10, 10, 10, 10];
        assert_eq!(layout(&heads, &widths, 55, 0), [(0, 30), (1, 10), (2, 10)]);
        assert_eq!(layout(&heads, &widths, 55, 1), [(0, 30), (2, 10), (3, 10)]);
        assert_eq!(layout(&heads, &widths, 55, 2), [(0, 30), (3, 10), (4, 10)]);
        assert_eq!((furthest(&heads, &widths, 55), furthest(&heads, &widths, 90)), (2, 0));
        assert_eq!((reveal(&heads, &widths, 55, 0, 4), reveal(&heads, &widths, 55, 2, 1), reveal(&heads, &widths, 55, 1, 2)), (2, 0, 1));
        // One column is always seen, however narrow the line.
        assert_eq!(layout(&heads, &widths, 20, 3), [(0, 8), (4, 10)]);
    }

    #[test]
    fn widths_never_shrink() {
        let heads = [head("NAME", 0, true)];
        let row = |text: &str| RowView { cells: vec![Cell { text: text.into(), role: Role::Text }], ..RowView::default() };
        let wide = measure(&[], &heads, [row("a-long-name")].into_iter());
        assert_eq!(measure(&wide, &heads, [row("x")].into_iter()), [11]);
    }
}
