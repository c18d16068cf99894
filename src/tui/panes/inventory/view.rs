//! What the inventory looks like: breadcrumb, table, and the object beside or over it. Changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::{Body, Detail, Seen, State, Tab, View};
use crate::cluster::connection::Health;
use crate::cluster::describe::{Description, Fact};
use crate::cluster::detail::EventLine;
use crate::cluster::rows::{Cell as Value, Column, Phase, Row, RowState};
use crate::cluster::table::{Sort, SortBy};
use crate::names::Problem;
use crate::text::age::age;
use crate::text::quantity;
use crate::tui::app::shared::Shared;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, rule};
use crate::tui::widgets::lines::{self, Spans, plain};
use crate::tui::widgets::paint::{page, put, row, scroll, width};
use crate::tui::widgets::table::{Cell, EXTRA, Head, RowView, Sign, TableView, body_height, measure};

/// Rows measured for the widths of columns, beside those that are seen.
const SAMPLE: usize = 200;
/// From this width on the detail stands at the right instead of below.
const BESIDE: u16 = 140;

/// Line 2: where I am, how much there is, what hurts, how old it is.
pub fn crumbs(state: &State, shared: &Shared, look: &Look<'_>) -> Vec<Segment> {
    let view = &state.view;
    let place = view.namespace.as_deref().unwrap_or("all namespaces");
    let place = if cluster_scoped(state) { String::new() } else { place.to_owned() };
    let mut segments = vec![Segment::new(view.kind.clone(), Role::Title, 0)];
    if !place.is_empty() {
        segments.push(Segment::new(place, Role::Text, 1));
    }
    segments.push(count(state));
    segments.extend(faults(state, look));
    if !view.labels.is_empty() {
        segments.push(Segment::new(format!("-l {}", view.labels), Role::Match, 2));
    }
    if !state.filter.is_empty() {
        segments.push(Segment::new(format!("/{}", state.filter), Role::Match, 1));
    }
    if state.trouble {
        segments.push(Segment::new("trouble only", Role::Match, 1));
    }
    if !state.marks.is_empty() {
        segments.push(Segment::new(format!("{} marked", state.marks.len()), Role::Mark, 1));
    }
    if state.deleting > 0 {
        segments.push(Segment::new(format!("deleting {}", state.deleting), Role::StatusProgress, 1));
    }
    if state.table.sort() != Sort::default() {
        segments.push(order(state, shared, look));
    }
    segments.extend(staleness(state));
    segments
}

fn cluster_scoped(state: &State) -> bool {
    state.scoped.contains(&state.view.kind) || state.table.row(0).is_some_and(|row| row.namespace.is_none())
}

fn count(state: &State) -> Segment {
    let (seen, all) = (state.table.visible(), state.table.len());
    let text = if seen == all {
        format!("{} {}", quantity::count(all as u64), if all == 1 { "row" } else { "rows" })
    } else {
        format!("{} of {}", quantity::count(seen as u64), quantity::count(all as u64))
    };
    Segment::new(text, Role::Text, 0)
}

fn faults(state: &State, look: &Look<'_>) -> Option<Segment> {
    let counts = state.table.counts();
    let glyphs = look.theme.glyphs();
    let kinds = [
        (RowState::Bad, glyphs.bad, Role::StatusBad),
        (RowState::Warn, glyphs.warn, Role::StatusWarn),
        (RowState::Progress, glyphs.progress, Role::StatusProgress),
    ];
    let some = kinds.into_iter().filter(|(kind, ..)| counts[*kind as usize] > 0);
    some.fold(None, |sum: Option<Segment>, (kind, glyph, role)| {
        let text = format!("{glyph}{}", counts[kind as usize]);
        Some(match sum {
            None => Segment::new(text, role, 0),
            Some(sum) => sum.and(format!(" {text}"), role),
        })
    })
}

fn order(state: &State, shared: &Shared, look: &Look<'_>) -> Segment {
    let sort = state.table.sort();
    let glyphs = look.theme.glyphs();
    let sign = if sort.descending { glyphs.descending } else { glyphs.ascending };
    let name = match sort.by {
        SortBy::Fault => "faults".to_owned(),
        SortBy::Column(at) => state.table.columns().get(at).map(|column| column.name.to_lowercase()).unwrap_or_default(),
        by => orders(state, shared).iter().position(|one| *one == by).map_or_else(String::new, |at| heads(state, shared)[at].title.to_lowercase()),
    };
    Segment::new(format!("{name}{sign}"), Role::Dim, 3)
}

/// Clusters whose rows are not the newest.
fn staleness(state: &State) -> Vec<Segment> {
    let one = |(cluster, phase): &(crate::names::ClusterId, Phase)| match phase {
        Phase::Synced => None,
        Phase::Syncing { count: 0 } => Some(Segment::new(format!("reading {cluster}"), Role::StatusProgress, 1)),
        Phase::Syncing { count } => Some(Segment::new(format!("reading {cluster}: {}", quantity::count(*count as u64)), Role::StatusProgress, 1)),
        Phase::Stale { since, .. } => Some(Segment::new(format!("{cluster} as of {}", clock(*since)), Role::StatusUnknown, 1)),
    };
    state.table.phases().iter().filter_map(one).collect()
}

/// `14:03Z`.
pub fn clock(unix: i64) -> String {
    let minutes = unix.rem_euclid(86_400) / 60;
    format!("{:02}:{:02}Z", minutes / 60, minutes % 60)
}

/// Draws table and detail; answers what was seen.
pub fn draw(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Seen {
    let Some(detail) = &state.detail else { return table(state, shared, look, area, true, buf) };
    if detail.full || area.height < 10 {
        let mut seen = state.seen.clone();
        body(detail, true, look, area, buf, &mut seen);
        return seen;
    }
    let (above, below) = split(area);
    let mut seen = table(state, shared, look, above, !state.in_detail, buf);
    body(detail, state.in_detail, look, below, buf, &mut seen);
    seen
}

/// The detail at the right of a wide screen, else below.
fn split(area: Rect) -> (Rect, Rect) {
    if area.width >= BESIDE {
        let left = area.width * 6 / 10;
        return (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area });
    }
    let above = area.height * 45 / 100;
    (Rect { height: above, ..area }, Rect { y: area.y + above, height: area.height - above, ..area })
}

fn table(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, focus: bool, buf: &mut Buffer) -> Seen {
    let heads = heads(state, shared);
    let fields = fields(state, shared);
    let visible = state.table.visible();
    let page_rows = body_height(area);
    let top = scroll(state.top, state.position, page_rows, visible);
    let view_of = |at: usize| state.table.row(at).map(|row| row_view(row, &fields, state, shared, look)).unwrap_or_default();
    let window = (top..visible.min(top + page_rows)).chain(0..visible.min(SAMPLE));
    let widths = measure(&state.seen.widths, &heads, window.map(view_of));
    let found = words(&state.filter);
    let view = TableView {
        heads: &heads,
        widths: &widths,
        row: &view_of,
        total: visible,
        top,
        cursor: state.row().map_or(usize::MAX, |_| state.position),
        focus,
        found: &found,
    };
    let unnamed = !fields.iter().any(|field| matches!(field, Field::Name));
    let hidden = heads.len() - view.draw(area, buf, look.theme) + usize::from(unnamed);
    if visible == 0 {
        empty(state, shared, look, area, buf);
    }
    Seen { page: page_rows, top, widths, hidden, ..state.seen.clone() }
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
    Age,
}

fn fields(state: &State, shared: &Shared) -> Vec<Field> {
    let columns = state.table.columns();
    let mut fields = Vec::new();
    if shared.open.len() > 1 {
        fields.push(Field::Cluster);
    }
    if state.view.namespace.is_none() && !cluster_scoped(state) {
        fields.push(Field::Namespace);
    }
    // An event is known by what it is about; its own name says nothing.
    if state.wide || message(columns).is_none() {
        fields.push(Field::Name);
    }
    fields.extend((0..columns.len()).map(Field::Own));
    fields.push(Field::Age);
    fields
}

/// The column of free text that events have.
fn message(columns: &[Column]) -> Option<usize> {
    columns.iter().any(|column| &*column.name == "OBJECT").then(|| columns.iter().position(|column| &*column.name == "MESSAGE"))?
}

/// What each heading sorts on, from the left.
pub fn orders(state: &State, shared: &Shared) -> Vec<SortBy> {
    let by = |field: Field| match field {
        Field::Cluster => SortBy::Cluster,
        Field::Namespace => SortBy::Namespace,
        Field::Name => SortBy::Name,
        Field::Own(at) => SortBy::Column(at),
        Field::Age => SortBy::Age,
    };
    fields(state, shared).into_iter().map(by).collect()
}

fn heads(state: &State, shared: &Shared) -> Vec<Head> {
    let columns = state.table.columns();
    let sort = state.table.sort();
    let fields = fields(state, shared);
    let last = fields.len();
    let head = |(at, (field, by)): (usize, (Field, SortBy))| {
        let (title, right, rank) = match field {
            Field::Cluster => ("CLUSTER", false, 0),
            Field::Namespace => ("NAMESPACE", false, 0),
            Field::Name => ("NAME", false, 0),
            Field::Own(own) if message(columns).is_some() => event_head(&columns[own]),
            Field::Own(own) => own_head(&columns[own], at, state.wide),
            Field::Age => ("AGE", true, if message(columns).is_some() { 9 } else { 50 }),
        };
        Head {
            title: title.to_owned(),
            right,
            grows: match (field, message(columns)) {
                (Field::Own(own), Some(message)) => own == message,
                (field, _) => matches!(field, Field::Name),
            },
            rank,
            sorted: (sort.by == by && sort != Sort::default()).then_some(sort.descending),
            chosen: state.column == at && state.column > 0 && at < last,
        }
    };
    fields.iter().copied().zip(orders(state, shared)).enumerate().map(head).collect()
}

/// What an event says and about what stays longest; its type is seen by its sign.
fn event_head(column: &Column) -> (&str, bool, u8) {
    let rank = match &*column.name {
        "MESSAGE" => 0,
        "LAST" => 1,
        "OBJECT" => 2,
        "REASON" => 3,
        "COUNT" => 4,
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
    let away = stale || shared.connection(&row.cluster).is_some_and(|one| matches!(one.health, Health::Unreachable | Health::AuthNeeded));
    let plain = |text: &str| Cell { text: text.to_owned(), role: Role::Text };
    let cell = |field: &Field| match field {
        Field::Cluster => plain(row.cluster.as_str()),
        Field::Namespace => plain(row.namespace.as_deref().unwrap_or_default()),
        Field::Name => plain(&row.name),
        Field::Own(at) => own_cell(row, *at, state.table.columns(), look.now),
        Field::Age if row.created == 0 => plain(""),
        Field::Age => Cell { text: age(look.now - row.created), role: Role::Dim },
    };
    RowView {
        sign: if away { Sign::Unknown } else { sign(row.state) },
        cells: fields.iter().map(cell).collect(),
        marked: state.marks.contains(&(row.cluster.clone(), row.uid)),
        grey: away || row.state == RowState::Done,
    }
}

fn own_cell(row: &Row, at: usize, columns: &[Column], now: i64) -> Cell {
    let Some(value) = row.cells.get(at) else { return Cell { text: String::new(), role: Role::Text } };
    let status = columns.get(at).is_some_and(|column| matches!(&*column.name, "STATUS" | "READY" | "LAST" | "TYPE"));
    let role = match (value, row.state) {
        (Value::Ratio(..) | Value::Text(_), state) if status => role_of(state),
        (Value::Since(_), _) => Role::Dim,
        _ => Role::Text,
    };
    Cell { text: value.show(now).into_owned(), role }
}

fn role_of(state: RowState) -> Role {
    match state {
        RowState::Fine | RowState::Done => Role::Text,
        RowState::Progress => Role::StatusProgress,
        RowState::Unknown => Role::StatusUnknown,
        RowState::Warn => Role::StatusWarn,
        RowState::Bad => Role::StatusBad,
    }
}

fn sign(state: RowState) -> Sign {
    match state {
        RowState::Fine | RowState::Done => Sign::None,
        RowState::Progress => Sign::Progress,
        RowState::Unknown => Sign::Unknown,
        RowState::Warn => Sign::Warn,
        RowState::Bad => Sign::Bad,
    }
}

/// What would be here, why it is not, and the key that changes it.
fn empty(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let area = Rect { x: area.x + 4, y: area.y + 2, width: area.width.saturating_sub(6), height: area.height.saturating_sub(2) };
    for (at, line) in lines::fold(&why_empty(state, shared), area.width, true).iter().enumerate() {
        lines::line(line, "", row(area, u16::try_from(at).unwrap_or(u16::MAX)), buf, look.theme);
    }
}

fn why_empty(state: &State, shared: &Shared) -> Vec<Spans> {
    let text = |text: String| plain(text, Role::Dim);
    if shared.open.is_empty() {
        return vec![text("no context is open".into()), text(":ctx lists them; space marks several, enter opens".into())];
    }
    if !state.table.is_empty() {
        return vec![text(format!("none of {} rows passes the filter; esc clears it", quantity::count(state.table.len() as u64)))];
    }
    let mut lines = Vec::new();
    for (cluster, phase) in state.table.phases() {
        match phase {
            Phase::Stale { problem, .. } => lines.extend(told(problem)),
            Phase::Syncing { .. } => lines.push(text(format!("reading {} of {cluster}…", state.view.kind))),
            Phase::Synced => lines.push(text(nothing_there(state, cluster.as_str()))),
        }
    }
    if lines.is_empty() {
        let troubled = shared.open.iter().filter_map(|id| shared.connection(id)?.problem.as_ref());
        lines.extend(troubled.flat_map(told));
    }
    if lines.is_empty() {
        let names: Vec<&str> = shared.open.iter().map(crate::names::ClusterId::as_str).collect();
        lines.push(text(format!("connecting to {}…", names.join(", "))));
    }
    lines
}

fn nothing_there(state: &State, cluster: &str) -> String {
    let View { kind, namespace, labels } = &state.view;
    let with = if labels.is_empty() { String::new() } else { format!(" with -l {labels}") };
    match namespace {
        Some(namespace) if !cluster_scoped(state) => format!("{cluster} has no {kind}{with} in namespace {namespace}; 0 shows all namespaces"),
        _ => format!("{cluster} has no {kind}{with}"),
    }
}

/// A problem as lines: what, why, what to do.
pub fn told(problem: &Problem) -> Vec<Spans> {
    let mut lines = vec![plain(problem.what.clone(), Role::NoticeError)];
    if !problem.why.is_empty() {
        lines.push(plain(problem.why.clone(), Role::Text));
    }
    lines.extend(problem.hints.iter().map(|hint| plain(hint.clone(), Role::Dim)));
    lines
}

fn body(detail: &Detail, focus: bool, look: &Look<'_>, area: Rect, buf: &mut Buffer, seen: &mut Seen) {
    let tabs = [(Tab::Summary, "summary"), (Tab::Yaml, "yaml"), (Tab::Events, "events")];
    let title = Segment::new(detail.key.name.to_string(), if focus { Role::Title } else { Role::Text }, 0);
    let tab = |(tab, name): &(Tab, &str)| {
        if *tab == detail.tab { Segment::new(format!("[{name}]"), Role::Title, 1) } else { Segment::new(*name, Role::Dim, 2) }
    };
    let place = match &detail.key.namespace {
        Some(namespace) => format!("{}/{namespace}", detail.key.cluster),
        None => detail.key.cluster.to_string(),
    };
    let left: Vec<Segment> = std::iter::once(title).chain(tabs.iter().map(tab)).collect();
    rule(buf, row(area, 0), &left, &[Segment::new(place, Role::Dim, 3)], focus, look.theme);
    let inside = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(1) };
    page(buf, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, look.theme.style(Role::Text));
    // Beside the table a line keeps them apart.
    for y in 1..if area.x > 0 { area.height } else { 0 } {
        put(buf, area, 0, y, look.theme.glyphs().side, look.theme.style(if focus { Role::BorderFocus } else { Role::Border }));
    }
    let rows = lines::fold(&content(detail, look), inside.width, detail.wrap);
    let height = usize::from(inside.height);
    let top = detail.top.min(rows.len().saturating_sub(height));
    lines::draw(&rows, top, &detail.find, inside, buf, look.theme);
    if !detail.find.is_empty() {
        let text = format!(" /{} ", detail.find);
        put(buf, row(area, 0), area.width.saturating_sub(width(&text) + 24).max(2), 0, &text, look.theme.style(Role::Match));
    }
    *seen = Seen {
        detail_page: height,
        detail_rows: rows.len(),
        matches: if detail.find.is_empty() { Vec::new() } else { lines::matches(&rows, &detail.find) },
        ..std::mem::take(seen)
    };
}

fn content(detail: &Detail, look: &Look<'_>) -> Vec<Spans> {
    match &detail.body {
        Body::Waiting => vec![plain("reading…", Role::Dim)],
        Body::Failed(problem) => told(problem),
        Body::Yaml(text) => lines::yaml(text),
        Body::Events(events) if events.is_empty() => vec![plain("nothing was said about it in the last hour", Role::Dim)],
        Body::Events(events) => events.iter().map(|event| event_line(event, look)).collect(),
        Body::Summary(description) => summary(description, look),
    }
}

fn summary(description: &Description, look: &Look<'_>) -> Vec<Spans> {
    let label = description.facts.iter().map(|fact| width(&fact.label)).max().unwrap_or(0).min(24);
    let mut lines: Vec<Spans> = description.facts.iter().map(|fact| fact_line(fact, usize::from(label), look)).collect();
    if !description.events.is_empty() {
        lines.push(plain("", Role::Text));
        lines.extend(description.events.iter().map(|event| event_line(event, look)));
    }
    lines
}

fn fact_line(fact: &Fact, label: usize, look: &Look<'_>) -> Spans {
    let (glyph, role) = crate::tui::widgets::table::sign(sign(fact.state), look.theme);
    let text = if fact.state == RowState::Done { Role::Stale } else { role_of(fact.state) };
    vec![(format!("{glyph} "), role), (format!("{:<label$}  ", fact.label), Role::Dim), (fact.text.clone(), text)]
}

fn event_line(event: &EventLine, look: &Look<'_>) -> Spans {
    let (glyph, role) = if event.warning { (look.theme.glyphs().warn, Role::StatusWarn) } else { (" ", Role::Text) };
    let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
    let ago = age(look.now - event.last);
    vec![
        (format!("{glyph} "), role),
        (format!("{ago:>5}  "), Role::Dim),
        (format!("{}{times}  ", event.reason), role),
        (event.message.clone(), Role::Text),
        (format!("  {}", event.from), Role::Dim),
    ]
}
