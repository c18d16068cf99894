//! What a table promises, against a model that sorts and filters everything anew.

use proptest::prelude::*;

use super::*;
use crate::cluster::metrics::{Gauge, Known, Reading, Resource, Use, Uses};
use crate::cluster::rows::RowState;
use crate::names::Gvk;

fn row(uid: u128, name: &str, state: RowState) -> Row {
    Row {
        uid: Uid(uid),
        cluster: ClusterId::new("c"),
        gvk: Arc::new(Gvk::new("", "v1", "Pod")),
        namespace: Some("shop".into()),
        name: name.into(),
        created: 0,
        state,
        cells: Box::new([Cell::Number(uid as i64)]),
        labels: Arc::new([]),
        owner: None,
    }
}

fn names(table: &Table) -> Vec<String> {
    (0..table.visible()).filter_map(|at| table.row(at)).map(|row| row.name.to_string()).collect()
}

fn apply(table: &mut Table, upserts: Vec<Row>, removed: Vec<Uid>) {
    table.apply(&ClusterId::new("c"), Delta { upserts, removed, ..Delta::default() });
}

#[test]
fn faults_come_first_when_asked_and_names_break_ties() {
    let mut table = Table::new();
    apply(&mut table, vec![row(1, "b", RowState::Fine), row(2, "a", RowState::Fine), row(3, "z", RowState::Bad)], vec![]);
    assert_eq!(names(&table), ["a", "b", "z"]);
    table.set_sort(Sort { by: SortBy::Fault, descending: true });
    assert_eq!(names(&table), ["z", "a", "b"]);
    table.set_sort(Sort { by: SortBy::Column(0), descending: true });
    assert_eq!(names(&table), ["z", "a", "b"]);
}

#[test]
fn a_reset_forgets_only_its_own_cluster() {
    let mut table = Table::new();
    apply(&mut table, vec![row(1, "a", RowState::Fine)], vec![]);
    let other = ClusterId::new("d");
    table.apply(&other, Delta { upserts: vec![Row { cluster: other.clone(), ..row(1, "b", RowState::Fine) }], ..Delta::default() });
    table.apply(&other, Delta { reset: true, ..Delta::default() });
    assert_eq!(names(&table), ["a"]);
}

#[test]
fn rows_that_come_as_others_go_are_counted_once() {
    let mut table = Table::new();
    apply(&mut table, vec![row(1, "a", RowState::Fine), row(2, "b", RowState::Fine)], vec![]);
    apply(&mut table, vec![row(3, "c", RowState::Fine), row(4, "a", RowState::Fine)], vec![Uid(1), Uid(2)]);
    apply(&mut table, vec![row(5, "b", RowState::Fine)], vec![Uid(3)]);
    assert_eq!(names(&table), ["a", "b"]);
    assert_eq!((table.len(), table.visible()), (2, 2));
}

proptest! {
    #[test]
    fn any_history_ends_as_the_naive_model(steps in prop::collection::vec((0u128..8, "[a-c]{1,2}", any::<bool>()), 0..60)) {
        let (mut table, mut model) = (Table::new(), std::collections::BTreeMap::new());
        table.set_filter(Filter::parse("a").unwrap());
        for (uid, name, keep) in steps {
            if keep {
                model.insert(uid, name.clone());
                apply(&mut table, vec![row(uid, &name, RowState::Fine)], vec![]);
            } else {
                model.remove(&uid);
                apply(&mut table, vec![], vec![Uid(uid)]);
            }
        }
        // The namespace `shop` and the cluster `c` hold no `a`.
        let mut wanted: Vec<String> = model.into_values().filter(|name| name.contains('a')).collect();
        wanted.sort();
        prop_assert_eq!(names(&table), wanted);
    }
}

/// Rows that come one by one stand where a full sort would put them.
#[test]
fn a_few_changes_leave_the_same_order_as_a_sort() {
    let cluster = ClusterId::new("c");
    let (mut one_by_one, mut at_once) = (Table::new(), Table::new());
    let sort = Sort { by: SortBy::Fault, descending: true };
    let rows: Vec<Row> =
        (0..200u128).map(|at| row_with(at, ["b", "a", "c"][at as usize % 3], if at % 7 == 0 { RowState::Bad } else { RowState::Fine })).collect();
    one_by_one.set_sort(sort);
    at_once.set_sort(sort);
    let delta = |upserts: Vec<Row>, removed: Vec<Uid>| Delta { upserts, removed, ..Delta::default() };
    for row in rows.clone() {
        one_by_one.apply(&cluster, delta(vec![row], vec![]));
    }
    let changed = row_with(5, "zz", RowState::Bad);
    one_by_one.apply(&cluster, delta(vec![changed.clone()], vec![Uid(7)]));
    at_once.apply(&cluster, delta(rows, vec![]));
    at_once.apply(&cluster, delta(vec![changed], vec![Uid(7)]));
    at_once.set_sort(sort);
    let order = |table: &Table| (0..table.visible()).map(|at| table.row(at).unwrap().uid).collect::<Vec<_>>();
    assert_eq!(order(&one_by_one), order(&at_once));
    assert_eq!(one_by_one.visible(), 199);
}

fn row_with(uid: u128, name: &str, state: RowState) -> Row {
    Row {
        uid: Uid(uid),
        cluster: ClusterId::new("c"),
        gvk: crate::names::Gvk::new("", "v1", "Pod").into(),
        namespace: Some("n".into()),
        name: name.into(),
        created: 0,
        state,
        cells: Box::default(),
        labels: [].into(),
        owner: None,
    }
}

/// Something that happens to a table.
#[derive(Clone, Debug)]
enum Happening {
    /// Rows of a cluster come or change, and others go: number, state, a number or a word.
    Delta(usize, Vec<(u128, RowState, Cell)>, Vec<u128>),
    Filter(&'static str),
    Sort(Sort),
    Hold(bool),
    Arrange,
    /// What was asked for is gone on with.
    Work,
    Outdate(usize),
    Synced(usize),
    Drop(usize),
}

const CLUSTERS: [&str; 2] = ["d", "c"];

fn happening() -> impl Strategy<Value = Happening> {
    let state = prop_oneof![Just(RowState::Fine), Just(RowState::Warn), Just(RowState::Bad)];
    let cell = prop_oneof![
        Just(Cell::Empty),
        (0i64..4).prop_map(Cell::Number),
        (0u32..3, 1u32..3).prop_map(|(ready, wanted)| Cell::Ratio(ready, wanted)),
        "[A-b]{0,2}".prop_map(|word| Cell::Text(word.into()))
    ];
    // An object is in a delta once.
    let rows = prop::collection::btree_map(0u128..20, (state, cell), 0..12);
    let by = prop_oneof![
        Just(SortBy::Name),
        Just(SortBy::Namespace),
        Just(SortBy::Cluster),
        Just(SortBy::Fault),
        Just(SortBy::Age),
        (0usize..2).prop_map(SortBy::Column)
    ];
    let filter = prop_oneof![Just(""), Just("a"), Just("ab"), Just("!a"), Just("is:trouble"), Just("@c 1"), Just("b|a")];
    prop_oneof![
        6 => (0usize..2, rows, prop::collection::vec(0u128..20, 0..4)).prop_map(|(at, rows, mut gone)| {
            gone.retain(|number| !rows.contains_key(number));
            Happening::Delta(at, rows.into_iter().map(|(number, (state, cell))| (number, state, cell)).collect(), gone)
        }),
        2 => filter.prop_map(Happening::Filter),
        2 => (by, any::<bool>()).prop_map(|(by, descending)| Happening::Sort(Sort { by, descending })),
        1 => any::<bool>().prop_map(Happening::Hold),
        1 => Just(Happening::Arrange),
        4 => Just(Happening::Work),
        1 => (0usize..2).prop_map(Happening::Outdate),
        1 => (0usize..2).prop_map(Happening::Synced),
        1 => (0usize..2).prop_map(Happening::Drop),
    ]
}

/// Row number so and so: what never changes of it follows from the number.
fn numbered(cluster: usize, number: u128, state: RowState, cell: Cell) -> Row {
    let names = ["a", "b", "ab", "a-name-that-is-longer-than-what-is-compared-at-once-1", "a-name-that-is-longer-than-what-is-compared-at-once-2"];
    Row {
        cluster: ClusterId::new(CLUSTERS[cluster]),
        namespace: [None, Some("a".into()), Some("x".into())][number as usize % 3].clone(),
        created: number as i64 % 4,
        cells: Box::new([cell]),
        ..row(number, names[number as usize % 5], state)
    }
}

/// Every row with the key it is held by, whether it is of an older list, and nothing else.
#[derive(Default)]
struct Model {
    rows: Vec<(Row, Option<Cell>, bool)>,
    /// Those that are gone as soon as the table has come to it.
    going: Vec<(ClusterId, Uid)>,
    outdated: [bool; 2],
    filter: Filter,
    sort: Sort,
    hold: bool,
    /// What was asked for, until it is done.
    next_filter: Option<Filter>,
    next_sort: Option<Sort>,
}

impl Model {
    fn key(&self, row: &Row) -> Cell {
        match self.sort.by {
            SortBy::Fault => Cell::Number(row.state as i64),
            SortBy::Age => Cell::Number(-row.created),
            SortBy::Column(at) => row.cells.get(at).cloned().unwrap_or_default(),
            SortBy::Name => Cell::Text(row.name.clone()),
            SortBy::Cluster => Cell::Text(row.cluster.as_str().into()),
            SortBy::Namespace => Cell::Text(row.namespace.clone().unwrap_or_default()),
        }
    }

    fn is(row: &Row, cluster: usize, number: u128) -> bool {
        row.cluster.as_str() == CLUSTERS[cluster] && row.uid == Uid(number)
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Delta(cluster, rows, gone) => {
                self.rows.retain(|(row, ..)| !gone.iter().any(|number| Self::is(row, cluster, *number)));
                for (number, state, cell) in rows {
                    let row = numbered(cluster, number, state, cell);
                    let before = self.rows.iter().position(|(row, ..)| Self::is(row, cluster, number)).map(|at| self.rows.remove(at));
                    let held = before.filter(|_| self.hold).map(|(before, held, _)| held.unwrap_or_else(|| self.key(&before)));
                    self.going.retain(|(of, uid)| *of != row.cluster || *uid != row.uid);
                    self.rows.push((row, held, false));
                }
            }
            Happening::Filter(text) => self.next_filter = Some(Filter::parse(text).unwrap()),
            Happening::Sort(sort) => self.next_sort = Some(sort),
            Happening::Hold(hold) => self.hold = hold,
            Happening::Arrange => self.next_sort = Some(self.next_sort.unwrap_or(self.sort)),
            Happening::Work => {}
            Happening::Outdate(cluster) => {
                self.outdated[cluster] = true;
                self.rows.iter_mut().filter(|row| row.0.cluster.as_str() == CLUSTERS[cluster]).for_each(|row| row.2 = true);
            }
            Happening::Synced(cluster) => {
                let sweeps = std::mem::take(&mut self.outdated[cluster]);
                let old = self.rows.iter().filter(|(row, _, old)| sweeps && *old && row.cluster.as_str() == CLUSTERS[cluster]);
                self.going.extend(old.map(|(row, ..)| (row.cluster.clone(), row.uid)));
            }
            Happening::Drop(cluster) => self.rows.retain(|row| row.0.cluster.as_str() != CLUSTERS[cluster]),
        }
    }

    /// What the table is done with is done here in one step.
    fn keep_up(&mut self, table: &Table) {
        let gone = |cluster: &ClusterId, uid: Uid| table.going.is_empty() || table.find(cluster, uid).is_none();
        self.rows.retain(|(row, ..)| !(self.going.contains(&(row.cluster.clone(), row.uid)) && gone(&row.cluster, row.uid)));
        self.going.retain(|(cluster, uid)| !gone(cluster, *uid));
        if table.filtering.is_none() {
            self.filter = self.next_filter.take().unwrap_or_else(|| self.filter.clone());
        }
        if table.sorting.is_none()
            && let Some(sort) = self.next_sort.take()
        {
            self.sort = sort;
            self.rows.iter_mut().for_each(|row| row.1 = None);
        }
    }

    fn shown(&self) -> Vec<&Row> {
        let passes = |row: &Row| {
            let words = row.cells.iter().map(|cell| format!("{} ", cell.show(0))).collect::<String>();
            let state = if row.state == RowState::Bad {
                "failed"
            } else if row.state == RowState::Warn {
                "warning"
            } else {
                ""
            };
            let text = format!("{} {} {} {words}{state}", row.cluster, row.namespace.as_deref().unwrap_or_default(), row.name);
            self.filter.matches(row, &[], &text.to_lowercase())
        };
        let mut rows: Vec<&(Row, Option<Cell>, bool)> = self.rows.iter().filter(|row| passes(&row.0)).collect();
        rows.sort_by(|(a, held_a, _), (b, held_b, _)| {
            let key = |row: &Row, held: &Option<Cell>| held.clone().unwrap_or_else(|| self.key(row));
            let first = key(a, held_a).order(&key(b, held_b));
            let first = if self.sort.descending { first.reverse() } else { first };
            first.then_with(|| (&a.namespace, &a.name, &a.cluster, a.uid).cmp(&(&b.namespace, &b.name, &b.cluster, b.uid)))
        });
        rows.into_iter().map(|row| &row.0).collect()
    }
}

fn happen(table: &mut Table, happening: Happening) {
    let id = |at: usize| ClusterId::new(CLUSTERS[at]);
    match happening {
        Happening::Delta(cluster, rows, gone) => {
            let upserts = rows.into_iter().map(|(number, state, cell)| numbered(cluster, number, state, cell)).collect();
            table.apply(&id(cluster), Delta { upserts, removed: gone.into_iter().map(Uid).collect(), ..Delta::default() });
        }
        Happening::Filter(text) => _ = table.set_filter(Filter::parse(text).unwrap()),
        Happening::Sort(sort) => table.set_sort(sort),
        Happening::Hold(hold) => table.hold(hold),
        Happening::Arrange => table.arrange(),
        Happening::Work => _ = table.work(),
        Happening::Outdate(cluster) => table.outdate(&id(cluster)),
        Happening::Synced(cluster) => _ = table.apply(&id(cluster), Delta { phase: Some(Phase::Synced), ..Delta::default() }),
        Happening::Drop(cluster) => table.drop_source(&id(cluster)),
    }
}

proptest! {
    #[test]
    fn any_history_of_everything_ends_as_the_naive_model(history in prop::collection::vec(happening(), 0..60), slice in slices()) {
        let (mut table, mut model) = (Table { slice, ..Table::new() }, Model::default());
        for happening in history {
            happen(&mut table, happening.clone());
            model.happen(happening);
            model.keep_up(&table);
            same(&table, &model)?;
        }
        table.finish();
        model.keep_up(&table);
        same(&table, &model)?;
    }
}

/// So few rows that nearly nothing is done at once, or all of them.
fn slices() -> impl Strategy<Value = Slice> {
    prop_oneof![4 => (1usize..8).prop_map(Slice), 1 => Just(Slice::default())]
}

fn same(table: &Table, model: &Model) -> Result<(), TestCaseError> {
    let rows: Vec<&Row> = (0..table.visible()).filter_map(|at| table.row(at)).collect();
    prop_assert_eq!(&rows, &model.shown());
    prop_assert_eq!(table.len(), model.rows.len());
    for (at, row) in rows.iter().enumerate() {
        prop_assert_eq!(table.position(&row.cluster, row.uid), Some(at));
    }
    let mut counts = [0; 6];
    rows.iter().for_each(|row| counts[row.state as usize] += 1);
    prop_assert_eq!(table.counts(), counts);
    let spaces: usize = table.namespaces().iter().map(|(_, count)| count).sum();
    prop_assert_eq!(spaces, model.rows.iter().filter(|row| row.0.namespace.is_some()).count());
    let differs = |row: &(Row, Option<Cell>, bool)| row.1.as_ref().is_some_and(|held| held.order(&model.key(&row.0)).is_ne());
    prop_assert_eq!(table.is_held(), table.sorting.is_none() && model.rows.iter().any(differs));
    Ok(())
}

/// A hundred rows change between two slices, for as long as it takes.
#[test]
fn a_stream_of_changes_does_not_keep_a_filter_or_an_order_from_being_done() {
    let mut table = Table { slice: Slice(50), ..Table::new() };
    apply(&mut table, (0..2_000).map(|at| row(at, &format!("pod-{at}"), RowState::Fine)).collect(), vec![]);
    table.set_filter(Filter::parse("^pod.*1").unwrap());
    table.set_sort(Sort { by: SortBy::Column(0), descending: true });
    let mut slices = 0;
    while table.is_busy() {
        assert_eq!(
            table.visible(),
            if table.filtering.is_some() { 2_000 } else { (0..2_000).filter(|at| format!("pod-{at}").contains('1')).count() }
        );
        let changed = (0..100)
            .map(|at| (slices * 100 + at) % 2_000)
            .map(|at| Row { cells: [Cell::Number(at as i64 * 7 % 1_999 + slices as i64)].into(), ..row(at, &format!("pod-{at}"), RowState::Fine) });
        apply(&mut table, changed.collect(), vec![]);
        table.work();
        slices += 1;
        assert!(slices < 200, "2,000 rows are filtered in 40 slices, sorted in 40 and merged in little more than 40");
    }
    let numbers: Vec<i64> =
        (0..table.visible()).filter_map(|at| table.row(at)).map(|row| if let Cell::Number(number) = row.cells[0] { number } else { -1 }).collect();
    assert!(numbers.is_sorted_by(|a, b| a >= b));
}

#[test]
fn a_letter_more_replaces_what_is_under_way_and_a_letter_taken_back_ends_it() {
    let mut table = Table { slice: Slice(10), ..Table::new() };
    apply(&mut table, (0..100).map(|at| row(at, &format!("pod-{at}"), RowState::Fine)).collect(), vec![]);
    table.set_filter(Filter::parse("9").unwrap());
    assert!(table.is_busy() && table.work() == Worked::Nothing);
    table.set_filter(Filter::parse("99").unwrap());
    assert_eq!((table.filter(), table.visible()), (&Filter::parse("99").unwrap(), 100));
    table.set_filter(Filter::default());
    assert!(!table.is_busy());
    table.set_filter(Filter::parse("99").unwrap());
    table.finish();
    assert_eq!(names(&table), ["pod-99"]);
    // Of one row there is not much to be looked at.
    table.set_filter(Filter::parse("991").unwrap());
    assert!(!table.is_busy() && table.visible() == 0);
}

#[test]
fn rows_of_an_earlier_watch_stay_until_the_new_list_is_complete() {
    let cluster = ClusterId::new("c");
    let mut table = Table::new();
    apply(&mut table, vec![row(1, "a", RowState::Fine), row(2, "b", RowState::Fine)], vec![]);
    table.outdate(&cluster);
    apply(&mut table, vec![row(2, "b", RowState::Bad), row(3, "c", RowState::Fine)], vec![]);
    assert_eq!(names(&table), ["a", "b", "c"]);
    assert!(table.apply(&cluster, Delta { phase: Some(Phase::Synced), ..Delta::default() }));
    assert_eq!(names(&table), ["b", "c"]);
}

#[test]
fn many_rows_that_are_gone_go_a_slice_at_a_time_and_those_that_come_again_stay() {
    let cluster = ClusterId::new("c");
    let mut table = Table { slice: Slice(80), ..Table::new() };
    apply(&mut table, (0..100).map(|at| row(at, &format!("pod-{at}"), RowState::Fine)).collect(), vec![]);
    table.outdate(&cluster);
    assert!(table.apply(&cluster, Delta { phase: Some(Phase::Synced), ..Delta::default() }));
    assert!(table.is_busy() && table.visible() == 90, "{}", table.visible());
    let first = table.row(0).unwrap().clone();
    apply(&mut table, vec![first.clone()], vec![]);
    table.outdate(&cluster);
    assert_eq!(table.work(), Worked::Swept);
    table.finish();
    assert_eq!(names(&table), [&*first.name]);
    table.apply(&cluster, Delta { phase: Some(Phase::Synced), ..Delta::default() });
    assert!(table.is_empty() && !table.is_busy());
}

/// Numbers come into the rows while an order by them is made, and while it is shown.
#[test]
fn numbers_that_change_under_an_order_by_them_leave_no_row_in_a_wrong_place() {
    let gauged = |at| Row { cells: Box::new([Cell::Gauge(Gauge::number(Resource::Cpu))]), ..row(at, &format!("pod-{at}"), RowState::Fine) };
    let reading = |of: &dyn Fn(u64) -> u64| {
        let pods = (0..50).map(|at| (format!("pod-{at}").into(), Use { cpu: of(at), memory: 0 })).collect();
        let known = Known::Measured(Arc::new(Uses { of: [("shop".into(), pods)].into(), ..Uses::default() }));
        Reading { namespace: None, known }
    };
    let cluster = ClusterId::new("c");
    let mut table = Table { slice: Slice(8), ..Table::new() };
    apply(&mut table, (0..50).map(gauged).collect(), vec![]);
    table.set_sort(Sort { by: SortBy::Column(0), descending: true });
    (0..9).for_each(|_| _ = table.work());
    assert!(table.is_busy() && table.measure(&cluster, reading(&|at| at * 10)));
    apply(&mut table, vec![gauged(3)], vec![Uid(49)]);
    table.finish();
    assert_eq!((names(&table)[0].as_str(), names(&table)[48].as_str()), ("pod-48", "pod-0"));
    table.measure(&cluster, reading(&|at| 1_000 - at * 10));
    assert!(table.is_busy() && !table.is_held());
    // Until they are put where they belong now they stand where they stood, and can be found there.
    apply(&mut table, vec![gauged(7)], vec![Uid(48)]);
    assert_eq!(names(&table)[..2], ["pod-7", "pod-47"], "what came anew goes by what it uses now");
    assert_eq!(table.position(&cluster, Uid(47)), Some(1));
    table.finish();
    assert_eq!((names(&table)[0].as_str(), names(&table)[47].as_str()), ("pod-0", "pod-47"));
}
