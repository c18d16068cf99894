//! The table: which columns there are, in which order they go where room is short, and what stands in them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::kept::Choice;
use super::super::state::{Seen, State};
use super::{cluster_scoped, empty, gaps, gauge, role_of, sign};
use crate::cluster::census::PODS;
use crate::cluster::connection::Health;
use crate::cluster::rows::{Cell as Value, Column, Phase, Row, RowState};
use crate::cluster::table::{Sort, SortBy};
use crate::text::age::age;
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Look, Show};
use crate::tui::theme::Role;
use crate::tui::widgets::paint::{leap, scroll};
use crate::tui::widgets::table::{Cell, Change, EXTRA, Head, RowView, Sign, TableView, body_height, furthest, measure, room};

/// Rows measured for the widths of columns, beside those that are seen.
const SAMPLE: usize = 200;

pub(super) fn table(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, focus: bool, buf: &mut Buffer) -> Seen {
    let heads = heads(state, shared);
    let fields = fields(state, shared);
    let visible = state.table.visible();
    let page_rows = body_height(area);
    let scroll = if state.slow { leap } else { scroll };
    let top = scroll(state.top, state.position, page_rows, visible);
    let view_of = |at: usize| state.table.row(at).map(|row| row_view(row, &fields, state, shared, look)).unwrap_or_default();
    let window = (top..visible.min(top + page_rows)).chain(0..visible.min(SAMPLE));
    let widths = measure(&state.seen.widths, &heads, window.map(view_of));
    let found = words(&state.filter);
    let furthest = furthest(&heads, &widths, room(area));
    let skip = state.skip.min(furthest);
    let view = TableView {
        heads: &heads,
        widths: &widths,
        row: &view_of,
        total: visible,
        top,
        cursor: state.pointed().map_or(usize::MAX, |_| state.position),
        focus,
        found: &found,
    };
    let unnamed = !fields.iter().any(|field| matches!(field, Field::Name));
    let drawn = view.draw_from(skip, area, buf, look.theme);
    let hidden = heads.len() - drawn.columns + usize::from(unnamed) + kept_back(state);
    if visible == 0 {
        empty(state, shared, look, area, buf);
    }
    let spots = drawn.spots;
    Seen { page: page_rows, top, widths, hidden, skip, more: skip < furthest, room: room(area), spots, ..state.seen.clone() }
}

/// Plain words of a filter, to be shown where they stand.
fn words(filter: &str) -> Vec<String> {
    let plain = filter.split_whitespace().filter(|word| !word.starts_with(['!', '@', '-']) && !word.contains(['=', ':']));
    plain.flat_map(|word| word.split('|')).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A column of the table: what it holds.
#[derive(Clone, Copy)]
enum Field {
    Cluster,
    Namespace,
    Name,
    Own(usize),
    /// How the use in that column went.
    Past(usize),
    Age,
}

fn fields(state: &State, shared: &Shared) -> Vec<Field> {
    let columns = state.table.columns();
    let mut fields = Vec::new();
    if shared.open.len() > 1 {
        fields.push(Field::Cluster);
    }
    if state.view.namespaces.len() != 1 && !cluster_scoped(state) {
        fields.push(Field::Namespace);
    }
    // An event is known by what it is about; its own name says nothing.
    if state.wide || object(columns).is_none() {
        fields.push(Field::Name);
    }
    for field in arranged(state) {
        fields.push(field);
        if let Field::Own(at) = field
            && columns.get(at).is_some_and(|column| gauge::has_past(column, state))
        {
            fields.push(Field::Past(at));
        }
    }
    fields
}

/// The kind's own columns and the age: in the order that was chosen, what nobody has chosen about behind it.
fn arranged(state: &State) -> Vec<Field> {
    let columns = state.table.columns();
    let mut rest: Vec<Field> = gauge::in_order(state).into_iter().map(Field::Own).chain([Field::Age]).collect();
    let mut fields = Vec::new();
    for choice in state.choices() {
        let is = |field: &Field| match field {
            Field::Own(at) => columns.get(*at).is_some_and(|column| *column.name == *choice.name),
            _ => choice.name == "AGE",
        };
        if let Some(at) = rest.iter().position(is) {
            let field = rest.remove(at);
            let shown = match choice.show {
                Show::Always => true,
                Show::Usual => state.wide || !rare(field, columns),
                Show::Never => false,
            };
            fields.extend(shown.then_some(field));
        }
    }
    fields.extend(rest.into_iter().filter(|field| state.wide || !rare(*field, columns)));
    fields
}

/// Columns that `ctrl-w` would bring.
fn kept_back(state: &State) -> usize {
    let columns = state.table.columns();
    (0..columns.len()).filter(|at| !state.wide && rare(Field::Own(*at), columns)).count()
}

/// Columns that are not shown for the sake of room alone: they hold something seldom, or cost something.
const RARE: &[&str] = &["NOMINATED NODE", "READINESS GATES", PODS];

fn rare(field: Field, columns: &[Column]) -> bool {
    matches!(field, Field::Own(at) if columns.get(at).is_some_and(|column| RARE.contains(&&*column.name)))
}

/// The column that tells what an event is about.
fn object(columns: &[Column]) -> Option<usize> {
    columns.iter().position(|column| &*column.name == "OBJECT")
}

/// The column that tells who may: where it is, a row's own name is that of a binding, and says less than who is bound.
const SUBJECT: &str = "SUBJECT";

/// The column of free text: it takes what room is left.
fn message(columns: &[Column]) -> Option<usize> {
    columns.iter().position(|column| matches!(&*column.name, "MESSAGE" | "WHAT"))
}

/// What each heading sorts on, from the left.
pub(in super::super) fn orders(state: &State, shared: &Shared) -> Vec<SortBy> {
    let by = |field: Field| match field {
        Field::Cluster => SortBy::Cluster,
        Field::Namespace => SortBy::Namespace,
        Field::Name => SortBy::Name,
        Field::Own(at) | Field::Past(at) => SortBy::Column(at),
        Field::Age => SortBy::Age,
    };
    fields(state, shared).into_iter().map(by).collect()
}

pub(in super::super) fn heads(state: &State, shared: &Shared) -> Vec<Head> {
    let columns = state.table.columns();
    let sort = state.table.sort();
    let fields = fields(state, shared);
    let last = fields.len();
    let by_subject = columns.iter().any(|column| &*column.name == SUBJECT);
    let head = |(at, (field, by)): (usize, (Field, SortBy))| {
        let (title, right, rank) = match field {
            Field::Cluster => ("CLUSTER", false, 0),
            Field::Namespace => ("NAMESPACE", false, if by_subject { 8 } else { 0 }),
            Field::Name => ("NAME", false, if by_subject { 7 } else { 0 }),
            Field::Own(own) if message(columns).is_some() => event_head(&columns[own], state.wide),
            Field::Own(own) => {
                let always = |choice: &Choice| choice.show == Show::Always && *choice.name == *columns[own].name;
                let wide = state.wide || state.choices().iter().any(always);
                let (title, right, rank) = own_head(&columns[own], at, wide);
                (title, right, gauge::rank(&columns[own], wide, state).unwrap_or(rank))
            }
            Field::Past(own) => (&*columns[own].name, false, if state.wide { 90 } else { u8::MAX }),
            Field::Age => ("AGE", true, if message(columns).is_some() { 9 } else { 50 }),
        };
        Head {
            title: if matches!(field, Field::Past(_)) { format!("{title} PAST") } else { title.to_owned() },
            right,
            grows: match (field, message(columns)) {
                (Field::Own(own), Some(message)) => own == message,
                (_, Some(_)) => false,
                (field, None) => matches!(field, Field::Name),
            },
            rank,
            fixed: matches!(field, Field::Cluster | Field::Namespace | Field::Name),
            sorted: (sort.by == by && sort != Sort::default() && !matches!(field, Field::Past(_))).then_some(sort.descending),
            chosen: state.column == at && state.column > 0 && at < last,
        }
    };
    fields.iter().copied().zip(orders(state, shared)).enumerate().map(head).collect()
}

/// What an event says and about what stays longest, and who it is that may; an event's type is seen by its sign.
fn event_head(column: &Column, wide: bool) -> (&str, bool, u8) {
    let rank = match &*column.name {
        "MESSAGE" | "WHAT" | SUBJECT => 0,
        "CAUSE" | "WHEN" | "LAST" => 1,
        "OBJECT" => 2,
        "REASON" | "SINCE" | "BY" => 3,
        "COUNT" | "KIND" => 4,
        "ROLE" => 5,
        "VERSION" | "SCOPE" => 6,
        _ if column.wide && !wide => EXTRA,
        _ => 8,
    };
    (&column.name, column.right, rank)
}

/// Where room is short wide columns go first unless they are asked for, then the later ones, and last what says how an object does.
fn own_head(column: &Column, at: usize, wide: bool) -> (&str, bool, u8) {
    let later = u8::try_from(at).unwrap_or(u8::MAX).min(60);
    let rank = match &*column.name {
        "STATUS" => 1,
        "READY" => 2,
        "RESTARTS" => 3,
        _ if column.wide && !wide => EXTRA + later,
        _ => 4 + later,
    };
    (&column.name, column.right, rank)
}

fn row_view(row: &Row, fields: &[Field], state: &State, shared: &Shared, look: &Look<'_>) -> RowView {
    let stale = state.table.phases().iter().any(|(id, phase)| *id == row.cluster && matches!(phase, Phase::Stale { .. }));
    let away = stale
        || gaps::hides(state, row)
        || shared.connection(&row.cluster).is_some_and(|one| matches!(one.health, Health::Unreachable | Health::AuthNeeded));
    let plain = |text: &str| Cell { text: text.to_owned(), role: Role::Text };
    let cell = |field: &Field| match field {
        Field::Cluster => plain(row.cluster.as_str()),
        Field::Namespace => plain(row.namespace.as_deref().unwrap_or_default()),
        Field::Name => plain(&row.name),
        Field::Own(at) => match (row.cells.get(*at), state.table.columns().get(*at)) {
            (Some(Value::Gauge(gauge)), Some(column)) => gauge::cell(gauge, column, &row.cluster, state, look),
            _ => own_cell(row, *at, state.table.columns(), look.now),
        },
        Field::Past(at) => gauge::past(row, *at, state, look),
        Field::Age if row.created == 0 => plain(""),
        Field::Age => Cell { text: age(look.now - row.created), role: Role::Dim },
    };
    let change = state.news.of(row, look.mono);
    RowView {
        sign: if away { Sign::Unknown } else { sign(row.state) },
        cells: fields.iter().map(cell).collect(),
        marked: state.marks.contains(&(row.cluster.clone(), row.uid)),
        change,
        grey: away || row.state == RowState::Done || change == Change::Gone,
    }
}

/// A row's cells as text, each with its heading.
pub fn texts(state: &State, shared: &Shared, row: &Row, look: &Look<'_>) -> Vec<(String, String)> {
    let cells = row_view(row, &fields(state, shared), state, shared, look).cells;
    heads(state, shared).into_iter().map(|head| head.title).zip(cells.into_iter().map(|cell| cell.text)).collect()
}

fn own_cell(row: &Row, at: usize, columns: &[Column], now: i64) -> Cell {
    let Some(value) = row.cells.get(at) else { return Cell { text: String::new(), role: Role::Text } };
    let status = columns.get(at).is_some_and(|column| matches!(&*column.name, "STATUS" | "READY" | "LAST" | "TYPE" | "CAUSE"));
    let role = match (value, row.state) {
        (Value::Ratio(..) | Value::Text(_), state) if status => role_of(state),
        (Value::Since(_), _) => Role::Dim,
        _ => Role::Text,
    };
    Cell { text: value.show(now).into_owned(), role }
}
