//! Rows that wait to be taken, in the order in which their objects came; a newer row of the same object takes the older one's place.

use std::collections::{HashMap, VecDeque};

use super::super::rows::{Row, Uid};

#[derive(Default)]
pub(super) struct Queue {
    /// None: the object went before it was taken.
    rows: VecDeque<Option<Row>>,
    /// Where each object waits, counted from the first row there ever was.
    places: HashMap<Uid, usize>,
    /// Rows that have left.
    left: usize,
}

impl Queue {
    /// Objects that wait.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Where the next row to be taken stands, and where the next one that comes will, counted from the first row there ever was.
    pub(super) fn ends(&self) -> (usize, usize) {
        (self.left, self.left + self.rows.len())
    }

    pub(super) fn put(&mut self, row: Row) {
        let place = *self.places.entry(row.uid).or_insert(self.left + self.rows.len());
        match self.rows.get_mut(place - self.left) {
            Some(waiting) => *waiting = Some(row),
            None => self.rows.push_back(Some(row)),
        }
    }

    pub(super) fn remove(&mut self, uid: Uid) {
        if let Some(place) = self.places.remove(&uid)
            && let Some(waiting) = self.rows.get_mut(place - self.left)
        {
            *waiting = None;
        }
    }

    /// The first rows, at most so many.
    pub(super) fn take(&mut self, most: usize) -> Vec<Row> {
        let mut taken = Vec::with_capacity(most.min(self.len()));
        while taken.len() < most
            && let Some(row) = self.rows.pop_front()
        {
            self.left += 1;
            if let Some(row) = row {
                self.places.remove(&row.uid);
                taken.push(row);
            }
        }
        taken
    }

    /// Gives back what more than so many rows needed.
    pub(super) fn shrink_to(&mut self, rows: usize) {
        if self.rows.capacity().max(self.places.capacity()) > 2 * rows {
            self.rows.shrink_to(rows);
            self.places.shrink_to(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cluster::rows::RowState;
    use crate::names::{ClusterId, Gvk};

    fn row(uid: u128, name: &str) -> Row {
        Row {
            uid: Uid(uid),
            cluster: ClusterId::new("c"),
            gvk: Arc::new(Gvk::new("", "v1", "Pod")),
            namespace: None,
            name: name.into(),
            created: 0,
            state: RowState::Fine,
            cells: Box::default(),
            labels: Arc::new([]),
            owner: None,
        }
    }

    #[test]
    fn an_object_waits_once_in_the_place_where_it_came_first() {
        let mut queue = Queue::default();
        for (uid, name) in [(1, "a"), (2, "b"), (3, "c"), (1, "a2")] {
            queue.put(row(uid, name));
        }
        queue.remove(Uid(2));
        assert_eq!(queue.len(), 2);
        let names = |rows: Vec<Row>| rows.iter().map(|row| row.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(queue.take(1)), ["a2"]);
        queue.put(row(1, "a3"));
        queue.put(row(2, "b2"));
        queue.put(row(3, "c2"));
        assert_eq!(names(queue.take(9)), ["c2", "a3", "b2"]);
        assert!(queue.is_empty() && queue.take(9).is_empty());
    }
}
