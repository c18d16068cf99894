//! The order of a table's rows: what is compared, sorting all of them, and taking a few out of a sorted list or putting a few in without looking at
//! the rest.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::super::rows::{Cell, Row};
use super::{Entry, Sort, SortBy};

/// Rows to be compared, and by what.
#[derive(Clone, Copy)]
pub(super) struct Ranking<'a> {
    pub(super) rows: &'a [Entry],
    pub(super) sort: Sort,
    /// Rows that are held go by the key they are held by.
    pub(super) held: bool,
}

pub(super) const NOTHING: &Cell = &Cell::Empty;

impl<'a> Ranking<'a> {
    fn row(self, slot: u32) -> Option<(&'a Entry, &'a Row)> {
        let entry = self.rows.get(slot as usize)?;
        Some((entry, entry.row.as_ref()?))
    }

    /// The key that a row goes by instead of its own; an empty one: its own.
    fn held(self, entry: &'a Entry) -> &'a Cell {
        entry.held.as_deref().filter(|_| self.held).unwrap_or(NOTHING)
    }

    /// The order of two rows. A slot without a row comes first; there is none in a list that is in order.
    pub(super) fn compare(self, a: u32, b: u32) -> Ordering {
        match (self.row(a), self.row(b)) {
            (Some((a, first)), Some((b, second))) => compare(self.sort, (first, self.held(a)), (second, self.held(b))),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }

    /// Puts a list in order whatever it was before.
    pub(super) fn sort(self, list: &mut [u32]) {
        let ranks = Ranks::of(self, list);
        let mut leads: Vec<Lead> = list.iter().map(|slot| ranks.lead(self, *slot)).collect();
        leads.sort_unstable_by(|a, b| (a.first, &a.name).cmp(&(b.first, &b.name)).then_with(|| self.compare(a.slot, b.slot)));
        for (place, lead) in list.iter_mut().zip(leads) {
            *place = lead.slot;
        }
    }

    /// Where a slot stands in a list that is in order.
    pub(super) fn find(self, list: &[u32], slot: u32) -> Option<usize> {
        list.binary_search_by(|at| self.compare(*at, slot)).ok()
    }

    /// Takes slots out of a list that is in order, before their rows change. Those that are not in it do not matter.
    pub(super) fn take_out(self, list: &mut Vec<u32>, slots: &[u32]) {
        let mut places: Vec<usize> = slots.iter().filter_map(|slot| self.find(list, *slot)).collect();
        places.sort_unstable();
        places.dedup();
        let Some(first) = places.first().copied() else { return };
        let mut end = first;
        for (at, place) in places.iter().enumerate() {
            let next = places.get(at + 1).copied().unwrap_or(list.len());
            list.copy_within(place + 1..next, end);
            end += next - place - 1;
        }
        list.truncate(end);
    }

    /// Puts slots, themselves in order, into a list that is in order.
    pub(super) fn put_in(self, list: &mut Vec<u32>, slots: &[u32]) {
        let mut end = list.len();
        list.resize(end + slots.len(), 0);
        for (before, slot) in slots.iter().enumerate().rev() {
            let place = list.get(..end).unwrap_or_default().partition_point(|at| self.compare(*at, *slot) == Ordering::Less);
            // Rows behind it make room for it and for the ones before it.
            list.copy_within(place..end, place + before + 1);
            if let Some(free) = list.get_mut(place + before) {
                *free = *slot;
            }
            end = place;
        }
    }
}

/// The order of two rows, each with the key it is held by; an empty one: its own.
pub(super) fn compare(sort: Sort, (a, held_a): (&Row, &Cell), (b, held_b): (&Row, &Cell)) -> Ordering {
    let first = match sort.by {
        SortBy::Name => a.name.cmp(&b.name),
        SortBy::Namespace => Ordering::Equal,
        SortBy::Cluster => a.cluster.cmp(&b.cluster),
        SortBy::Age => b.created.cmp(&a.created),
        SortBy::Fault | SortBy::Column(_) => match (volatile(sort, a), volatile(sort, b)) {
            (Key::Fault(a), Key::Fault(b)) => fault(held_a, a).cmp(&fault(held_b, b)),
            (Key::Cell(a), Key::Cell(b)) => kept(held_a, a).order(kept(held_b, b)),
            _ => Ordering::Equal,
        },
    };
    let namespaces = |a: &Row, b: &Row| match (&a.namespace, &b.namespace) {
        (Some(a), Some(b)) if Arc::ptr_eq(a, b) => Ordering::Equal,
        (a, b) => a.cmp(b),
    };
    let backwards = |order: Ordering| if sort.descending { order.reverse() } else { order };
    let by_namespace = namespaces(a, b);
    let first = if sort.by == SortBy::Namespace { by_namespace } else { first };
    backwards(first).then(by_namespace).then_with(|| (&a.name, &a.cluster, a.uid).cmp(&(&b.name, &b.cluster, b.uid)))
}

/// A key that may change while the object stays the same.
enum Key<'a> {
    Fault(i64),
    Cell(&'a Cell),
    None,
}

fn volatile(sort: Sort, row: &Row) -> Key<'_> {
    match sort.by {
        SortBy::Fault => Key::Fault(row.state as i64),
        SortBy::Column(index) => Key::Cell(row.cells.get(index).unwrap_or(NOTHING)),
        _ => Key::None,
    }
}

fn fault(held: &Cell, own: i64) -> i64 {
    if let Cell::Number(held) = held { *held } else { own }
}

fn kept<'a>(held: &'a Cell, own: &'a Cell) -> &'a Cell {
    if *held == Cell::Empty { own } else { held }
}

/// The key that a row goes by now, to be held; none where keys do not change.
pub(super) fn key(sort: Sort, row: &Row) -> Option<Cell> {
    match volatile(sort, row) {
        Key::Fault(state) => Some(Cell::Number(state)),
        // An empty cell stands where an empty text does.
        Key::Cell(Cell::Empty) => Some(Cell::Text("".into())),
        Key::Cell(cell) => Some(cell.clone()),
        Key::None => None,
    }
}

/// The beginning of a row's key in one piece, so that sorting seldom has to look at the row. What is smaller here is smaller in [`compare`]; what is
/// equal is not decided.
struct Lead {
    first: u128,
    name: [u8; 44],
    slot: u32,
}

/// Places of words among all of their kind: numbers are compared faster.
struct Ranks<'a> {
    spaces: HashMap<&'a str, u32>,
    clusters: HashMap<&'a str, u32>,
    words: HashMap<&'a str, u32>,
}

impl<'a> Ranks<'a> {
    fn of(ranking: Ranking<'a>, list: &[u32]) -> Self {
        let rows = || list.iter().filter_map(|slot| ranking.row(*slot));
        let spaces = ranked(rows().filter_map(|(_, row)| row.namespace.as_ref()).map(|space| &**space));
        let clusters = ranked(rows().map(|(_, row)| row.cluster.as_str()));
        let words = match ranking.sort.by {
            SortBy::Column(index) => ranked(rows().filter_map(|(entry, row)| match kept(ranking.held(entry), row.cells.get(index)?) {
                Cell::Text(word) => Some(&**word),
                _ => None,
            })),
            _ => HashMap::new(),
        };
        Self { spaces, clusters, words }
    }

    fn lead(&self, ranking: Ranking<'_>, slot: u32) -> Lead {
        let Some((entry, row)) = ranking.row(slot) else { return Lead { first: 0, name: [0; 44], slot } };
        let held = ranking.held(entry);
        let space = row.namespace.as_deref().and_then(|space| self.spaces.get(space)).map_or(0, |rank| rank + 1);
        // A class, so that numbers come after words; and a key of 64 bits, or the beginning of the name.
        let (class, key): (u8, u64) = match ranking.sort.by {
            SortBy::Name => return by_name(row, ranking.sort.descending, slot),
            SortBy::Namespace => (0, u64::from(space)),
            SortBy::Cluster => (0, u64::from(self.clusters.get(row.cluster.as_str()).copied().unwrap_or_default())),
            SortBy::Age => (0, u64::MAX - signed(row.created)),
            SortBy::Fault => (0, signed(fault(held, row.state as i64))),
            SortBy::Column(index) => match kept(held, row.cells.get(index).unwrap_or(NOTHING)) {
                Cell::Text(word) if !word.is_empty() => (0, self.words.get(&**word).map_or(0, |rank| u64::from(*rank) + 1)),
                Cell::Text(_) | Cell::Empty => (0, 0),
                number => (1, float(number.rank().unwrap_or_default())),
            },
        };
        let key = u128::from(class) << 64 | u128::from(key);
        let key = if ranking.sort.descending { (1 << 65) - 1 - key } else { key };
        Lead { first: key << 32 | u128::from(space), name: beginning(&row.name), slot }
    }
}

/// By name first the namespace comes after the name, so that it cannot be in front here.
fn by_name(row: &Row, descending: bool, slot: u32) -> Lead {
    let name = beginning(&row.name);
    Lead { first: 0, name: if descending { name.map(|byte| !byte) } else { name }, slot }
}

fn beginning(name: &str) -> [u8; 44] {
    let mut bytes = [0; 44];
    for (place, byte) in bytes.iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    bytes
}

/// Signed numbers in the order of unsigned ones.
fn signed(number: i64) -> u64 {
    number.cast_unsigned() ^ 1 << 63
}

/// Floating numbers in the order of [`f64::total_cmp`].
fn float(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn ranked<'a>(words: impl Iterator<Item = &'a str>) -> HashMap<&'a str, u32> {
    // Words are kept once for all rows, and rows that stand together often share them.
    let mut known: HashMap<&'a str, u32> = HashMap::new();
    let mut last: &str = "";
    for word in words {
        if !std::ptr::eq(word, last) {
            known.insert(word, 0);
            last = word;
        }
    }
    let mut sorted: Vec<(u128, &'a str)> = known.keys().map(|word| (leading(word), *word)).collect();
    sorted.sort_unstable();
    for (rank, (_, word)) in (0..).zip(sorted) {
        known.insert(word, rank);
    }
    known
}

fn leading(word: &str) -> u128 {
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().zip(word.bytes()) {
        *place = byte;
    }
    u128::from_be_bytes(bytes)
}
