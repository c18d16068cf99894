//! What was drawn where, so that a mouse can mean it: a view answers it beside the picture.

use ratatui::layout::{Position, Rect};

/// A place of the screen and what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The place.
    pub area: Rect,
    /// It belongs to what stands beside or below the pane's own list.
    pub beside: bool,
    /// What stands there.
    pub what: What,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Rows, one a line, from the one with this index on.
    Rows(usize),
    /// The heading of a column, by its index.
    Head(usize),
    /// A tab, by its index.
    Tab(usize),
    /// A field or a button, by its index.
    Field(usize),
    /// Something that can only be scrolled.
    Text,
}

/// What was drawn of something that lies over others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Where the text cursor stands.
    pub cursor: Option<Position>,
    /// What stands where.
    pub spots: Vec<Spot>,
}

impl Spot {
    /// Something in the pane's own list.
    pub const fn new(area: Rect, what: What) -> Self {
        Self { area, beside: false, what }
    }

    /// As many rows as there are, from the one with this index on.
    pub fn rows(area: Rect, top: usize, total: usize) -> Self {
        let shown = u16::try_from(total.saturating_sub(top)).unwrap_or(u16::MAX).min(area.height);
        Self::new(Rect { height: shown, ..area }, What::Rows(top))
    }

    /// The same beside the list.
    #[must_use]
    pub const fn aside(self) -> Self {
        Self { beside: true, ..self }
    }

    /// The row of a list that stands on that line.
    pub fn row(&self, line: u16) -> Option<usize> {
        match self.what {
            What::Rows(first) => Some(first + usize::from(line.saturating_sub(self.area.y))),
            _ => None,
        }
    }
}

/// The spot at a place; what was drawn later lies over what was drawn before.
pub fn at(spots: &[Spot], place: Position) -> Option<Spot> {
    spots.iter().rev().find(|spot| spot.area.contains(place)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_list_is_its_row_and_what_lies_over_it_wins() {
        let list = Spot::rows(Rect::new(0, 2, 20, 10), 5, 8);
        let over = Spot::new(Rect::new(4, 3, 4, 1), What::Field(0));
        let spots = [Spot::new(Rect::new(0, 1, 20, 11), What::Text), list, over];
        let found = |x, y| at(&spots, Position::new(x, y)).map(|spot| (spot.what, spot.row(y)));
        assert_eq!(found(0, 4), Some((What::Rows(5), Some(7))));
        assert_eq!(found(0, 5), Some((What::Text, None)), "there are three rows");
        assert_eq!(found(4, 3), Some((What::Field(0), None)));
        assert_eq!(found(0, 12), None);
    }
}
