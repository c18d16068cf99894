//! What the list of contexts looks like. Changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::State;
use crate::cluster::connection::{Connection, Health};
use crate::cluster::fleet::Context;
use crate::text::age::age;
use crate::tui::app::shared::Shared;
use crate::tui::flow::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::Segment;
use crate::tui::widgets::paint::{put, row, scroll};
use crate::tui::widgets::table::{Cell, Head, RowView, Sign, TableView, body_height, measure};

/// Line 2.
pub fn crumbs(state: &State, shared: &Shared) -> Vec<Segment> {
    let mut segments = vec![
        Segment::new("contexts", Role::Title, 0),
        Segment::new(format!("{} of {} open", shared.open.len(), shared.contexts.len()), Role::Text, 0),
    ];
    if !state.marks.is_empty() {
        segments.push(Segment::new(format!("{} marked", state.marks.len()), Role::Mark, 1));
    }
    segments
}

/// Draws the table.
pub fn draw(state: &State, shared: &Shared, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let column = |title: &str, grows: bool, rank: u8| Head { title: title.into(), grows, rank, ..Head::default() };
    let heads = [
        column("CONTEXT", false, 0),
        column("HEALTH", false, 0),
        column("SINCE", false, 3),
        column("VERSION", false, 4),
        column("NAMESPACE", false, 5),
        column("SERVER", false, 6),
        column("WHY", true, 0),
    ];
    let view = |at: usize| shared.contexts.get(at).map(|context| context_row(context, state, shared, look)).unwrap_or_default();
    let widths = measure(&[], &heads, (0..shared.contexts.len()).map(view));
    let top = scroll(0, state.position, body_height(area), shared.contexts.len());
    let table =
        TableView { heads: &heads, widths: &widths, row: &view, total: shared.contexts.len(), top, cursor: state.position, focus: true, found: &[] };
    table.draw(area, buf, look.theme);
    if shared.contexts.is_empty() {
        put(buf, row(area, 2), 2, 0, "the kubeconfig names no context; `meshplay doctor` says where it was looked for", look.theme.style(Role::Dim));
    }
}

fn context_row(context: &Context, state: &State, shared: &Shared, look: &Look<'_>) -> RowView {
    let connection = shared.connection(&context.id);
    let (word, sign, role) = connection.map_or_else(|| health(Health::Off), condition);
    let text = |text: &str| Cell { text: text.to_owned(), role: Role::Text };
    let since = |one: &Connection| if one.health == Health::Off { String::new() } else { age(look.now - one.since) };
    let why = connection.and_then(|one| one.problem.as_ref()).map_or_else(String::new, |problem| problem.why.clone());
    let name = if context.protected { format!("{} PROTECTED", context.id) } else { context.id.to_string() };
    RowView {
        sign,
        cells: vec![
            text(&name),
            Cell { text: word.to_owned(), role },
            text(&connection.map(since).unwrap_or_default()),
            text(connection.and_then(|one| one.version.as_deref()).unwrap_or_default()),
            text(&context.namespace),
            text(&context.server),
            text(&why),
        ],
        marked: state.marks.contains(&context.id),
        grey: !shared.open.contains(&context.id),
    }
}

/// How a connection does, as word, sign and look.
pub fn condition(connection: &Connection) -> (&'static str, Sign, Role) {
    if connection.slow() { ("slow", Sign::Warn, Role::StatusWarn) } else { health(connection.health) }
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
