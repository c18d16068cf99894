//! Mixed views: questions that take several kinds in one table, each a row of facts. How the objects are read is told in the files beside.

mod book;
mod object;
mod trouble;

use std::time::Duration;

use super::decode::{Own, Shape};
use super::kinds::{Kind, Kinds};
use super::table::{Sort, SortBy};
use crate::text::age;

use book::Maker;
pub(super) use book::{Book, Changed, clock};

/// How a view's objects are read together.
type Making = fn(&Ask) -> Box<dyn Maker>;

/// A table over several kinds.
pub struct MixedView {
    /// What is typed after `:`.
    pub name: &'static str,
    /// What may be typed instead.
    pub aliases: &'static [&'static str],
    /// The question it answers.
    pub about: &'static str,
    /// Its rows begin grouped by this column; none: they stand alone.
    pub group: Option<&'static str>,
    /// How it is ordered first.
    pub order: Sort,
    /// Asked of all namespaces where none is named.
    pub everywhere: bool,
    /// How far back it looks where nothing is said; none: it looks at no stretch of time.
    pub span: Option<Duration>,
    /// Its kinds as `plural.group`, events with a field selector behind `?`. Those that are not served are left out.
    kinds: &'static [&'static str],
    columns: &'static [&'static str],
    /// How its objects are read; none: as workloads.
    maker: Option<Making>,
}

/// Every mixed view there is, in the order of a menu.
pub const BUILT_IN: &[MixedView] = &[
    MixedView {
        name: "workloads",
        aliases: &["wl"],
        about: "what runs, of all kinds",
        group: None,
        order: Sort { by: SortBy::Name, descending: false },
        everywhere: false,
        span: None,
        kinds: &["deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch", "cronjobs.batch"],
        columns: &[],
        maker: None,
    },
    MixedView {
        name: "trouble",
        aliases: &[],
        about: "what is broken, why and since when, of all kinds",
        group: Some("CAUSE"),
        order: Sort { by: SortBy::Fault, descending: true },
        everywhere: true,
        span: None,
        kinds: trouble::KINDS,
        columns: trouble::COLUMNS,
        maker: Some(|_| Box::<trouble::Trouble>::default()),
    },
];

/// A mixed view with what was asked of it.
#[derive(Clone, Copy)]
pub struct Ask {
    /// The view.
    pub view: &'static MixedView,
    /// How far back, where it looks at a stretch of time.
    pub span: Option<Duration>,
}

/// One kind of a view, and how its objects become rows.
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// A field selector of its own; may be empty.
    pub(super) fields: &'static str,
}

impl Ask {
    /// Reads `workloads`, `changes` or `changes 30m`; none: it is a kind's name, or nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.trim().split_once(' ').unwrap_or((text, ""));
        let view = BUILT_IN.iter().find(|view| view.name == name || view.aliases.contains(&name))?;
        match (view.span, rest.trim()) {
            (span, "") => Some(Self { view, span }),
            (Some(_), span) => Some(Self { view, span: Some(age::parse(span).ok()?) }),
            (None, _) => None,
        }
    }

    /// The parts that a cluster serves.
    pub(super) fn parts(&self, kinds: &Kinds) -> Vec<Part> {
        let shape = if self.view.maker.is_some() { Shape::Book(self.view.columns) } else { Shape::Own(Own::Workloads) };
        let part = |spelling: &&'static str| {
            let (name, fields) = spelling.split_once('?').unwrap_or((spelling, ""));
            Some(Part { kind: kinds.find(name)?.clone(), shape, fields })
        };
        self.view.kinds.iter().filter_map(part).collect()
    }

    /// How its objects are read together; none where each is a row of its own.
    pub(super) fn maker(&self) -> Option<Box<dyn Maker>> {
        self.view.maker.map(|make| make(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_found_by_any_of_its_names_and_takes_only_what_it_can_use() {
        assert_eq!(Ask::parse("wl").map(|ask| ask.view.name), Some("workloads"));
        for wrong in ["pods", "workloads 30m", ""] {
            assert!(Ask::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn no_name_means_two_views_and_groups_and_orders_name_columns() {
        let mut names: Vec<&str> = BUILT_IN.iter().flat_map(|view| view.aliases.iter().copied().chain([view.name])).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        let plain = |column: &str| column.trim_start_matches('>').trim_end_matches('+').to_owned();
        for view in BUILT_IN {
            let columns: Vec<String> = view.columns.iter().map(|column| plain(column)).collect();
            assert!(view.group.is_none_or(|group| columns.iter().any(|column| column == group)), "{} has no such column", view.name);
            assert!(!matches!(view.order.by, SortBy::Column(at) if at >= columns.len()), "{} is ordered by no column", view.name);
        }
    }
}
