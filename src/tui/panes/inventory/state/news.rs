//! What became of rows a moment ago, as long as it is to be seen.

use std::collections::HashMap;
use std::time::Duration;

use super::Seat;
use crate::cluster::rows::Row;
use crate::tui::widgets::table::Change;

/// Rows that came, changed or went lately. Bounded by what is noted in `update/news.rs`.
#[derive(Debug, Default)]
pub struct News {
    /// Rows that came or changed, and until when that is seen.
    pub lately: HashMap<Seat, (Change, Duration)>,
    /// So much changed that no mark tells anything: until when none is made.
    pub flood: Option<Duration>,
    /// Objects that are gone, with the moment their rows go.
    pub leaving: Vec<(Seat, Duration)>,
}

impl News {
    /// The object is gone; its row is only shown a moment longer.
    pub fn leaves(&self, row: &Row) -> bool {
        self.leaving.iter().any(|((cluster, uid), _)| *uid == row.uid && *cluster == row.cluster)
    }

    /// What is to be seen of a row at that moment.
    pub fn of(&self, row: &Row, now: Duration) -> Change {
        if self.leaves(row) {
            return Change::Gone;
        }
        if self.lately.is_empty() {
            return Change::None;
        }
        let noted = self.lately.get(&(row.cluster.clone(), row.uid));
        noted.filter(|(_, until)| *until > now).map_or(Change::None, |(change, _)| *change)
    }
}
