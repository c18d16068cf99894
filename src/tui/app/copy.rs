//! What goes to the clipboard of the person's terminal, in which ways, and what is said about it. A terminal never answers whether it took a text, so
//! nothing here says "copied".

use super::model::{Effect, Model, Overlay};
use super::pick::Pick;
use super::update::{Wanted, notice};
use crate::cluster::helm;
use crate::cluster::kubectl::{self, Verb};
use crate::cluster::rows::Row;
use crate::names::{ObjectKey, Problem};
use crate::text::{quantity, sanitise};
use crate::tui::flow::{At, Level, Look, Notice, PaneId, Step};
use crate::tui::overlays::list::{Entry, List};
use crate::tui::panes::inventory::state::{Body, Tab};
use crate::tui::panes::inventory::view;
use crate::tui::theme::Role;

/// The longest text that is sent, in bytes: coded it stays below the 100,000 bytes that terminals take.
pub const LONGEST: usize = 74_994;

/// As much of a text as a notice repeats.
const SHOWN: usize = 60;

/// Sends a text to the terminal and says so; what is too long is cut and said to be.
pub fn send(model: &mut Model, at: At, text: String) -> Wanted {
    let end = text.floor_char_boundary(LONGEST.min(text.len()));
    let sent = text[..end].to_owned();
    let said = if sent.len() < text.len() {
        let (part, whole) = (quantity::count(sent.len() as u64), quantity::count(text.len() as u64));
        let what = format!("sent to your terminal: only the first {part} of {whole} bytes");
        let problem = Problem::new("copy.cut", what, "terminals take no more at once").hint(":copy-to FILE writes all of them into a file");
        Notice { level: Level::Info, problem }
    } else {
        Notice::info(format!("sent to your terminal: {}", shown(&text)))
    };
    model.copied = Some(text);
    notice(model, at, said).and(Effect::Copy(sent))
}

/// The beginning of a text, and how much more there is.
fn shown(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let end = first.floor_char_boundary(SHOWN.min(first.len()));
    let cut = if end < first.len() { "…" } else { "" };
    let more = lines.count();
    let more = if more > 0 { format!("  and {} more lines", quantity::count(more as u64)) } else { String::new() };
    format!("{}{cut}{more}", sanitise(&first[..end].replace('\t', "  ")))
}

/// Writes what was sent last into a file.
pub fn to_file(model: &mut Model, at: At, name: &str) -> Wanted {
    match &model.copied {
        _ if name.is_empty() => notice(model, at, Notice::info(":copy-to FILE writes what was copied last into a new file")),
        None => notice(model, at, Notice::info("nothing was copied yet; c and Y do")),
        Some(text) => Step::effect(Effect::Write { path: name.to_owned(), text: text.clone() }),
    }
}

/// Opens the list of ways to copy what is under the cursor.
pub fn menu(model: &mut Model, at: At) -> Wanted {
    if model.pane != PaneId::Inventory {
        return notice(model, at, Notice::info("Y copies what the inventory shows; ,i goes there"));
    }
    let look = Look { theme: &model.theme, now: at.unix, mono: at.mono };
    let entries = ways(model, &look);
    let title = model.inventory.row().map_or_else(|| "copy as".to_owned(), |row| format!("copy {} as", row.key()));
    model.overlays.push(Overlay::List(List::new(title, &["AS", "WHAT"], entries)));
    Step::redraw()
}

fn ways(model: &Model, look: &Look<'_>) -> Vec<Entry<Pick>> {
    let state = &model.inventory;
    let entry =
        |name: &str, text: String| Entry { cells: vec![(name.to_owned(), Role::Text), (shown(&text), Role::Dim)], command: Some(Pick::Copy(text)) };
    let refused = |name: &str, why: &str| Entry { cells: vec![(name.to_owned(), Role::Dim), (format!("not now: {why}"), Role::Dim)], command: None };
    let mut entries = Vec::new();
    let marked: Vec<String> = if state.marks.is_empty() { Vec::new() } else { state.chosen().iter().map(place).collect() };
    if !marked.is_empty() {
        entries.push(entry(&format!("{} marked names", marked.len()), marked.join("\n")));
    }
    if let Some(row) = state.row() {
        entries.push(entry("namespace and name", place(&row.key())));
    }
    // The embedded cluster has no address that kubectl could dial.
    let embedded = model.shared.sandbox.is_some();
    if embedded {
        entries.push(refused("kubectl", "the sandbox is inside this program; `meshplay sandbox serve` makes one for kubectl"));
    } else {
        entries.extend(lines(model).into_iter().map(|(name, line)| entry(name, line)));
    }
    if let Some(row) = state.row() {
        entries.extend(table_ways(model, row, look).into_iter().map(|(name, text)| entry(&name, text)));
        entries.push(manifest(model, row));
    }
    let did = vec![("what I did".to_owned(), Role::Text), ("every action with its kubectl line, as :did lists them".to_owned(), Role::Dim)];
    entries.push(Entry { cells: did, command: Some(Pick::Line("did".into())) });
    entries
}

/// kubectl's lines: first the one for what is on the screen.
fn lines(model: &Model) -> Vec<(&'static str, String)> {
    let state = &model.inventory;
    let view = &state.view;
    if let Some(row) = state.row().filter(|row| helm::is(&row.gvk)) {
        return kubectl::helm(&row.key());
    }
    let mut lines = Vec::new();
    if let Some(detail) = &state.detail {
        let verb = match detail.tab {
            Tab::Summary => Verb::Describe,
            Tab::Yaml => Verb::Yaml,
            Tab::Events => Verb::Events,
            // kubectl does not know it; where it is written is what comes nearest.
            Tab::Uses => Verb::Yaml,
            Tab::Keys | Tab::Values | Tab::Difference => Verb::Get,
        };
        lines.push(("kubectl: what I see", kubectl::object(verb, &detail.key)));
    }
    if let Some(cluster) = state.row().map(|row| &row.cluster).or(model.shared.open.first()) {
        let table = kubectl::list(cluster.as_str(), &view.kind, &view.namespaces, &view.labels, &view.fields);
        lines.push((if state.detail.is_some() { "kubectl: the table" } else { "kubectl: what I see" }, table));
    }
    if let Some(row) = state.row() {
        let key = row.key();
        let mut verbs = vec![("kubectl get", Verb::Get), ("kubectl describe", Verb::Describe)];
        if matches!(&*key.gvk.kind, "Pod" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicaSet") {
            verbs.push(("kubectl logs", Verb::Logs));
        }
        verbs.push(("kubectl delete", Verb::Delete));
        lines.extend(verbs.into_iter().map(|(name, verb)| (name, kubectl::object(verb, &key))));
    }
    lines
}

/// The row as text: the cell of the chosen column, and all of it.
fn table_ways(model: &Model, row: &Row, look: &Look<'_>) -> Vec<(String, String)> {
    let cells = view::texts(&model.inventory, &model.shared, row, look);
    let mut ways = Vec::new();
    if let Some((head, text)) = cells.get(model.inventory.column).filter(|(_, text)| !text.is_empty()) {
        ways.push((format!("cell {head}"), text.clone()));
    }
    let row: Vec<String> = cells.into_iter().map(|(_, text)| text).collect();
    ways.push(("row, between tabs".to_owned(), row.join("\t")));
    ways
}

/// Its YAML: what is on the screen, else it has to be read first.
fn manifest(model: &Model, row: &Row) -> Entry<Pick> {
    let key = row.key();
    let here = model.inventory.detail.as_ref().filter(|detail| detail.key == key).and_then(|detail| match &detail.body {
        Body::Yaml(text) => Some(text.to_string()),
        _ => None,
    });
    let (about, pick) = match here {
        Some(text) => (shown(&text), Pick::Copy(text)),
        None => ("read from the cluster first".to_owned(), Pick::CopyYaml(key)),
    };
    Entry { cells: vec![("manifest, YAML".to_owned(), Role::Text), (about, Role::Dim)], command: Some(pick) }
}

/// `shop/web-1`.
fn place(key: &ObjectKey) -> String {
    key.namespace.as_ref().map_or_else(|| key.name.to_string(), |namespace| format!("{namespace}/{}", key.name))
}
