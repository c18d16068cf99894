//! How long a key may have to wait for the table: a hundred thousand rows are filtered, sorted and swept in slices, and every slice is timed. The table
//! alone, in this process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use meshplay::cluster::filter::Filter;
use meshplay::cluster::rows::{Cell, Column, Delta, Phase, Row, RowState, Uid};
use meshplay::cluster::table::{Sort, SortBy, Table};
use meshplay::names::{ClusterId, Gvk};

use super::Effort;
use super::figures::{Line, median, span};

const ROWS: usize = 100_000;
const GATE: Duration = Duration::from_millis(8);

/// The longest of all steps. A step is what one key or one stroke of the clock sets off; what the machine does beside it counts too, so that of several
/// rounds the one with the shortest is told.
pub fn longest(effort: &Effort) -> Vec<Line> {
    let rounds: Vec<Vec<(&str, Vec<Duration>)>> = (0..effort.times(5, 3)).map(|_| round()).collect();
    let longest = |steps: &Vec<Duration>| steps.iter().copied().max().unwrap_or_default();
    let mut lines = Vec::new();
    for (at, (what, _)) in rounds[0].iter().enumerate() {
        let of_rounds: Vec<&Vec<Duration>> = rounds.iter().map(|round| &round[at].1).collect();
        let worst = of_rounds.iter().map(|steps| longest(steps)).min().unwrap_or_default();
        let whole = median(&of_rounds.iter().map(|steps| steps.iter().sum::<Duration>()).collect::<Vec<_>>());
        let measured = format!("{}; {} in {} steps in all", span(worst), span(whole), of_rounds[0].len());
        lines.push(Line::judged(format!("the longest step of {what} at 100,000 rows"), span(GATE), measured, worst <= GATE));
    }
    lines
}

/// Every kind of work once, with the time that each of its steps took.
fn round() -> Vec<(&'static str, Vec<Duration>)> {
    let cluster = ClusterId::new("c");
    let mut table = Table::new();
    let columns = ["READY", "STATUS", "RESTARTS", "NODE", "IP"].map(|name| Column { name: name.into(), wide: false, right: false });
    let (namespaces, nodes) = (named("namespace", 40), named("node", 200));
    let row = |at: usize| pod(&cluster, at, &namespaces, &nodes);
    for from in (0..ROWS).step_by(1_000) {
        let upserts = (from..from + 1_000).map(row).collect();
        table.apply(&cluster, Delta { columns: Some(columns.clone().into()), upserts, ..Delta::default() });
    }
    let filters = ["w", "we", "^web.*7$", "-f w9", "status:run", ""].map(|text| Filter::parse(text).expect("a filter"));
    let by = [SortBy::Fault, SortBy::Age, SortBy::Name, SortBy::Column(3), SortBy::Column(4), SortBy::Namespace];
    let mut changed = 0;
    let mut steps = |table: &mut Table, begin: &mut dyn FnMut(&mut Table)| {
        let mut times = vec![timed(|| begin(table))];
        while table.is_busy() {
            times.push(timed(|| _ = table.work()));
            // Beside it ten thousand objects a second change.
            let upserts = (changed..changed + 50).map(|at| Row { created: at as i64, ..row(at * 7_919 % ROWS) }).collect();
            table.apply(&cluster, Delta { upserts, ..Delta::default() });
            changed += 50;
        }
        times
    };
    let filtering = filters.iter().flat_map(|filter| steps(&mut table, &mut |table| _ = table.set_filter(filter.clone()))).collect();
    let sorting = by.iter().flat_map(|by| steps(&mut table, &mut |table| table.set_sort(Sort { by: *by, descending: true }))).collect();
    let outdated = timed(|| table.outdate(&cluster));
    let mut sweeping = steps(&mut table, &mut |table| _ = table.apply(&cluster, Delta { phase: Some(Phase::Synced), ..Delta::default() }));
    sweeping.push(outdated);
    vec![("a filter", filtering), ("an order", sorting), ("a list that replaces another", sweeping)]
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn named(what: &str, count: usize) -> Vec<Arc<str>> {
    (0..count).map(|at| format!("{what}-{at}").into()).collect()
}

/// A pod as it is read: names and words of other lengths, in no order.
fn pod(cluster: &ClusterId, at: usize, namespaces: &[Arc<str>], nodes: &[Arc<str>]) -> Row {
    let mixed = at * 48_271 % ROWS;
    let app = ["web", "cart", "catalog", "payments", "search"][mixed % 5];
    let bad = mixed.is_multiple_of(50);
    let cells = [
        Cell::Ratio(u32::from(!bad), 1),
        Cell::Text(if bad { "CrashLoopBackOff" } else { "Running" }.into()),
        Cell::Restarts(u32::try_from(mixed % 7).expect("a few"), 0),
        Cell::Text(nodes[mixed % nodes.len()].clone()),
        Cell::Text(format!("10.{}.{}.{}", mixed >> 16, mixed >> 8 & 255, mixed & 255).into()),
    ];
    Row {
        uid: Uid(0x9b7c_0e5b_6c6f_4b9c_8c1b_0000_0000_0000 + at as u128),
        cluster: cluster.clone(),
        gvk: Arc::new(Gvk::new("", "v1", "Pod")),
        namespace: Some(namespaces[at * namespaces.len() / ROWS].clone()),
        name: format!("{app}-6c4d9f7d8-{mixed:05x}").into(),
        created: mixed as i64,
        state: if bad { RowState::Bad } else { RowState::Fine },
        cells: Box::new(cells),
        labels: Arc::new([]),
        owner: None,
    }
}
