//! What the list of connections looks like. Changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::{Line, State, lines};
use crate::cluster::connection::{Connection, Health};
use crate::cluster::tally::{Particulars, Requests};
use crate::names::{ConnectionKind, Standing};
use crate::text::age::age;
use crate::tui::app::shared::Shared;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::{Segment, rule};
use crate::tui::widgets::lines::{self as text, Spans, plain};
use crate::tui::widgets::paint::{row, scroll};
use crate::tui::widgets::spot::Spot;
use crate::tui::widgets::table::{Cell, EXTRA, Head, RowView, Sign, TableView, body_height, measure};

/// Rows of the detail, at most.
const DETAIL: u16 = 14;

/// Line 2.
pub fn crumbs(state: &State, shared: &Shared) -> Vec<Segment> {
    let total = lines(&State { all: true, ..State::default() }, shared).len();
    let mut segments = vec![Segment::new("connections", Role::Title, 0), Segment::new(format!("{} of {total} open", open(shared)), Role::Text, 0)];
    if !state.marks.is_empty() {
        segments.push(Segment::new(format!("{} marked", state.marks.len()), Role::Mark, 1));
    }
    let deleted = total - lines(state, shared).len();
    if deleted > 0 {
        segments.push(Segment::new(format!("{deleted} deleted: a shows them"), Role::Dim, 3));
    }
    segments
}

fn open(shared: &Shared) -> usize {
    let others = shared.declared.iter().filter(|one| shared.standing(&one.id) == Standing::Connected);
    shared.open.len() + others.count()
}

/// Draws the table, and what is known about the connection under the cursor; answers where the rows stand.
pub fn draw(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Vec<Spot> {
    let lines = lines(state, shared);
    if lines.is_empty() {
        nothing(shared, look, area, buf);
        return Vec::new();
    }
    let here = lines.get(state.position).filter(|_| state.detail && area.height >= 10);
    let Some(line) = here else { return table(&lines, state, shared, look, area, buf) };
    let told = text::fold(&told(line, state, shared, look), area.width.saturating_sub(2), true);
    let rows = u16::try_from(told.len()).unwrap_or(DETAIL).min(DETAIL).min(area.height - 6) + 1;
    let spots = table(&lines, state, shared, look, Rect { height: area.height - rows, ..area }, buf);
    let below = Rect { y: area.bottom() - rows, height: rows, ..area };
    rule(
        buf,
        row(below, 0),
        &[Segment::new(line.id.as_str(), Role::Title, 0)],
        &[Segment::new(line.kind.to_string(), Role::Dim, 1)],
        false,
        look.theme,
    );
    let inside = Rect { x: area.x + 2, y: below.y + 1, width: area.width.saturating_sub(2), height: rows - 1 };
    text::draw(&told, 0, "", inside, buf, look.theme);
    spots
}

fn table(lines: &[Line], state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Vec<Spot> {
    let column = |title: &str, rank: u8| Head { title: title.into(), rank, ..Head::default() };
    let heads = [
        column("NAME", 0),
        column("KIND", 3),
        column("STANDING", 2),
        column("HEALTH", 0),
        column("SINCE", 4),
        column("ENVIRONMENT", 6),
        column("VERSION", 5),
        Head { right: true, ..column("LATENCY", 7) },
        Head { right: true, ..column("REQ/MIN", 9) },
        column("SERVER", EXTRA),
        Head { grows: true, ..column("WHY", 0) },
    ];
    let rows: Vec<RowView> = lines.iter().map(|line| line_row(line, state, shared, look)).collect();
    // A column in which nothing stands, or everywhere the same, says nothing.
    let says = |at: &usize| match heads[*at].title.as_str() {
        "KIND" => lines.iter().any(|line| line.kind != ConnectionKind::Kubernetes),
        "WHY" => true,
        _ => rows.iter().any(|row| row.cells.get(*at).is_some_and(|cell| !cell.text.is_empty())),
    };
    let kept: Vec<usize> = (0..heads.len()).filter(says).collect();
    let heads: Vec<Head> = kept.iter().map(|at| heads[*at].clone()).collect();
    let view = |at: usize| {
        let row = rows.get(at).cloned().unwrap_or_default();
        RowView { cells: kept.iter().filter_map(|at| row.cells.get(*at).cloned()).collect(), ..row }
    };
    let widths = measure(&[], &heads, (0..lines.len()).map(view));
    let top = scroll(0, state.position, body_height(area), lines.len());
    let table = TableView { heads: &heads, widths: &widths, row: &view, total: lines.len(), top, cursor: state.position, focus: true, found: &[] };
    table.draw(area, buf, look.theme).spots
}

fn line_row(line: &Line, state: &State, shared: &Shared, look: &Look<'_>) -> RowView {
    let connection = shared.connection(&line.id);
    let standing = shared.standing(&line.id);
    let (word, sign, role) = connection.map_or_else(|| health(Health::Off), condition);
    let text = |text: &str| Cell { text: text.to_owned(), role: Role::Text };
    let since = |one: &Connection| if one.health == Health::Off { String::new() } else { age(look.now - one.since) };
    let why = connection.and_then(|one| one.problem.as_ref()).map_or_else(String::new, |problem| problem.why.clone());
    let more = line.contexts.len() - 1;
    let more = if more > 0 { format!(" +{more}") } else { String::new() };
    let name = format!("{}{more}{}", line.id, if line.protected { " PROTECTED" } else { "" });
    let known = state.particulars.get(&line.id);
    let latency = known.and_then(|known| known.latency_ms).or(connection.and_then(|one| one.latency_ms));
    RowView {
        sign,
        cells: vec![
            text(&name),
            text(&line.kind.to_string()),
            Cell { text: standing.to_string(), role: standing_role(standing) },
            Cell { text: word.to_owned(), role },
            text(&connection.map(since).unwrap_or_default()),
            text(&shared.environments_of(&line.id).join(",")),
            text(connection.and_then(|one| one.version.as_deref()).unwrap_or_default()),
            text(&latency.map_or_else(String::new, |ms| format!("{ms} ms"))),
            text(&known.map_or_else(String::new, |known| known.minute.sum().to_string())),
            text(&line.server),
            text(&why),
        ],
        marked: state.marks.contains(&line.id),
        grey: !matches!(standing, Standing::Connected | Standing::Maintenance),
        ..RowView::default()
    }
}

fn standing_role(standing: Standing) -> Role {
    match standing {
        Standing::Connected => Role::Text,
        Standing::Maintenance => Role::StatusWarn,
        Standing::NotFound => Role::StatusBad,
        _ => Role::Dim,
    }
}

/// How a connection does, as word, sign and look.
pub fn condition(connection: &Connection) -> (&'static str, Sign, Role) {
    let code = connection.problem.as_ref().map(|problem| problem.code);
    match (connection.health, code) {
        (Health::Unreachable, Some("kubeconfig.gone")) => ("gone", Sign::Bad, Role::StatusBad),
        (Health::Ready, Some("cluster.clock")) => ("clock off", Sign::Warn, Role::StatusWarn),
        _ if connection.slow() => ("slow", Sign::Warn, Role::StatusWarn),
        (other, _) => health(other),
    }
}

/// A health as word, sign and look.
fn health(health: Health) -> (&'static str, Sign, Role) {
    match health {
        Health::Off => ("off", Sign::None, Role::Dim),
        Health::Connecting => ("connecting", Sign::Progress, Role::StatusProgress),
        Health::Ready => ("ready", Sign::None, Role::StatusOk),
        Health::AuthNeeded => ("auth needed", Sign::Bad, Role::StatusBad),
        Health::Forbidden => ("forbidden", Sign::Warn, Role::StatusWarn),
        Health::Degraded => ("degraded", Sign::Warn, Role::StatusWarn),
        Health::Unreachable => ("unreachable", Sign::Bad, Role::StatusBad),
    }
}

/// Everything known about a connection.
fn told(line: &Line, state: &State, shared: &Shared, look: &Look<'_>) -> Vec<Spans> {
    let connection = shared.connection(&line.id);
    let mut lines = Vec::new();
    if let Some(problem) = connection.and_then(|one| one.problem.as_ref()) {
        let (_, _, role) = connection.map_or_else(|| health(Health::Off), condition);
        lines.push(fact("trouble", &problem.what, role));
        lines.extend([&problem.why].into_iter().chain(&problem.hints).filter(|text| !text.is_empty()).map(|text| fact("", text, Role::Text)));
    }
    lines.push(fact("at", &line.server, Role::Text));
    if line.contexts.len() > 1 {
        let names: Vec<&str> = line.contexts.iter().map(crate::names::ClusterId::as_str).collect();
        lines.push(fact("contexts", &format!("{} lead to the same cluster", names.join(", ")), Role::Text));
    }
    if line.kind == ConnectionKind::Kubernetes {
        lines.push(fact("namespace", &line.namespace, Role::Text));
    }
    let environments = shared.environments_of(&line.id);
    if !environments.is_empty() {
        lines.push(fact("belongs to", &environments.join(", "), Role::Text));
    }
    lines.extend(state.particulars.get(&line.id).map(|known| costs(known, look)).unwrap_or_default());
    lines.extend(history(line, shared, look));
    lines
}

fn fact(label: &str, text: &str, role: Role) -> Spans {
    vec![(format!("{label:<12}"), Role::Dim), (text.to_owned(), role)]
}

fn costs(known: &Particulars, look: &Look<'_>) -> Vec<Spans> {
    let mut lines = vec![fact("last minute", &requests(&known.minute), Role::Text), fact("in all", &requests(&known.all), Role::Text)];
    if let Some(ahead) = known.ahead.filter(|seconds| seconds.abs() > 1) {
        let side = if ahead > 0 { "ahead of" } else { "behind" };
        lines.push(fact("clock", &format!("{} s {side} this machine's", ahead.abs()), Role::Text));
    }
    if let Some(end) = known.credentials_end {
        let left = if end > look.now { format!("in {}", age(end - look.now)) } else { format!("{} ago", age(look.now - end)) };
        lines.push(fact("credentials", &format!("end {left}"), Role::Text));
    }
    lines
}

fn requests(requests: &Requests) -> String {
    let Requests { heartbeats, watches, lists, metrics, others } = *requests;
    let parts = [(heartbeats, "heartbeats"), (watches, "watches"), (lists, "lists"), (metrics, "metrics"), (others, "others")];
    let parts: Vec<String> = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{} requests{}{}", requests.sum(), if parts.is_empty() { "" } else { ": " }, parts.join(", "))
}

/// The moves a connection made, the newest first.
fn history(line: &Line, shared: &Shared, look: &Look<'_>) -> Vec<Spans> {
    let moves = shared.standings.get(&line.id).map(|record| record.history.as_slice()).unwrap_or_default();
    let one = |(at, step): (usize, &crate::cluster::standing::Move)| {
        let label = if at == 0 { "history" } else { "" };
        fact(label, &format!("{} ago  {} → {}", age(look.now - step.at), step.from, step.to), Role::Text)
    };
    moves.iter().rev().enumerate().map(one).collect()
}

/// There is no cluster at all: what can be done without one, and how to get one.
fn nothing(shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let hint = |keys: &str, what: &str| -> Spans { vec![(format!("  {keys:<22}"), Role::FooterKey), (what.to_owned(), Role::Text)] };
    let mut lines = vec![plain("no kubeconfig names a cluster", Role::Title)];
    lines.extend(shared.looked_at.iter().map(|path| plain(format!("looked at {path}"), Role::Dim)));
    lines.push(plain("", Role::Text));
    lines.push(plain("without one", Role::Dim));
    lines.push(hint(":load http://HOST/", "a real load test on any address"));
    lines.push(hint(",p", "the load tests there were, and what they measured"));
    lines.push(hint("meshplay --sandbox", "a cluster inside this program, with a shop in it"));
    lines.push(plain("", Role::Text));
    lines.push(plain("with one", Role::Dim));
    lines.push(hint("~/.kube/config", "or KUBECONFIG; it is read again when it changes"));
    lines.push(hint("meshplay doctor", "says where one was looked for and what is wrong with it"));
    let inside = Rect { x: area.x + 4, y: area.y + 1, width: area.width.saturating_sub(6), height: area.height.saturating_sub(1) };
    text::draw(&text::fold(&lines, inside.width, true), 0, "", inside, buf, look.theme);
}
