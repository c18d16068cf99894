//! From one object to others: what belongs to it, its node, its owner, its namespace, and any object by its key.

use super::super::commands::Command;
use super::super::jumps;
use super::super::state::{Origin, State, Tab, Tie, View};
use super::super::work::Effect;
use super::detail::{close, open};
use super::places::remember;
use super::table::{is, seat_of};
use super::{ask, enter, filtered};
use crate::cluster::rows::{Cell, Column, Delta, Phase, Row, Uid};
use crate::names::{Gvk, ObjectKey, Problem};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, Intent, Notice, Step};

/// Where `enter` leads from an object.
#[derive(Clone, Copy)]
enum Way {
    /// To the pods it selects.
    Pods,
    /// To the objects of that kind it controls.
    Controlled(&'static str),
    /// To the pods on it.
    OnNode,
    /// To the workloads in it.
    Inside,
    /// To the objects of the kind it defines.
    Defined,
    /// To the revisions of a Helm release.
    Revisions,
}

/// Kinds with something below them, by group and kind. Of all others the detail is opened.
const WAYS: &[(&str, &str, Way)] = &[
    ("apps", "Deployment", Way::Pods),
    ("apps", "ReplicaSet", Way::Pods),
    ("apps", "StatefulSet", Way::Pods),
    ("apps", "DaemonSet", Way::Pods),
    ("batch", "Job", Way::Pods),
    ("", "ReplicationController", Way::Pods),
    ("", "Service", Way::Pods),
    ("batch", "CronJob", Way::Controlled("jobs")),
    ("", "Node", Way::OnNode),
    ("", "Namespace", Way::Inside),
    ("apiextensions.k8s.io", "CustomResourceDefinition", Way::Defined),
    ("helm.sh", "Release", Way::Revisions),
];

/// What belongs to the object under the cursor.
pub(super) fn drill(state: &mut State, shared: &Shared, at: At) -> Step<Effect> {
    let Some(row) = state.row() else { return Step::quiet() };
    let key = row.key();
    match jumps::from(state, row) {
        Some(Ok(view)) => return go_down(state, shared, view),
        Some(Err(why)) => return super::say(&why),
        None => {}
    }
    let Some((_, _, way)) = WAYS.iter().find(|(group, kind, _)| *group == &*key.gvk.group && *kind == &*key.gvk.kind) else {
        return open(state, at, Tab::Summary, false);
    };
    go_down(state, shared, view(*way, key))
}

fn go_down(state: &mut State, shared: &Shared, view: View) -> Step<Effect> {
    remember(state, true);
    let step = enter(state, shared, view);
    serve_known(state);
    step
}

fn view(way: Way, key: ObjectKey) -> View {
    let name = key.name.to_string();
    let own: Vec<String> = key.namespace.iter().map(ToString::to_string).collect();
    let (kind, namespaces, fields, tie) = match way {
        Way::Pods => ("pods".to_owned(), own, String::new(), Tie::Selector),
        Way::Controlled(kind) => (kind.to_owned(), own, String::new(), Tie::Owner),
        Way::OnNode => ("pods".to_owned(), Vec::new(), format!("spec.nodeName={name}"), Tie::View),
        Way::Inside => ("workloads".to_owned(), vec![name], String::new(), Tie::View),
        // It is called `plural.group`, as a kind can be.
        Way::Defined => (name, Vec::new(), String::new(), Tie::View),
        Way::Revisions => ("revisions".to_owned(), own, String::new(), Tie::View),
    };
    let labels = if matches!(way, Way::Revisions) { format!("name={}", key.name) } else { String::new() };
    View { kind, namespaces, fields, labels, of: Some(Origin { key, tie }) }
}

/// How the object selects its pods is known: now they can be watched.
pub(super) fn selected(state: &mut State, shared: &Shared, at: At, labels: Result<String, Problem>) -> Step<Effect> {
    match labels {
        Ok(labels) => {
            state.view.labels = labels;
            let step = ask(state, shared);
            serve_known(state);
            step
        }
        Err(problem) => {
            if let Some(of) = &state.view.of {
                let phase = Some(Phase::Stale { since: at.unix, problem });
                state.table.apply(&of.key.cluster, Delta { phase, ..Delta::default() });
            }
            Step::redraw()
        }
    }
}

/// Rows of the new view that a place before has shown stand there at once; what the servers do not send goes then.
fn serve_known(state: &mut State) {
    let Some(of) = state.view.of.clone() else { return };
    let (cluster, view) = (&of.key.cluster, &state.view);
    let all = |place: &&super::super::state::Place| {
        let View { kind, labels, fields, of, .. } = &place.view;
        *kind == view.kind && labels.is_empty() && fields.is_empty() && of.is_none()
    };
    let known = state.past.iter().rev().filter(all).find_map(|place| place.table.as_ref());
    let waits = of.tie == Tie::Selector && view.labels.is_empty();
    let fitting = |row: &&Row, columns: &[Column]| !waits && row.cluster == *cluster && belongs(row, view, columns);
    let rows = known.map(|table| (table.columns(), table.rows().filter(|row| fitting(row, table.columns())).cloned().collect::<Vec<_>>()));
    let (columns, upserts) = rows.filter(|(_, rows)| !rows.is_empty()).map_or_else(Default::default, |(columns, rows)| (Some(columns.into()), rows));
    // Until the first rows come it is said that they are being read.
    state.table.apply(cluster, Delta { columns, upserts, phase: Some(Phase::Syncing { count: 0 }), ..Delta::default() });
    state.table.outdate(cluster);
}

/// The row is one of the view's, as far as a row can tell. Selectors are `key=value` only: others wait for the servers.
fn belongs(row: &Row, view: &View, columns: &[Column]) -> bool {
    let here = view.namespaces.is_empty() || row.namespace.as_deref().is_some_and(|name| view.namespaces.iter().any(|one| one == name));
    let labelled = view.labels.is_empty() || view.labels.split(',').all(|label| row.labels.iter().any(|own| **own == *label));
    let owned = match &view.of {
        Some(Origin { key, tie: Tie::Owner }) => row.owner == Some(Uid::parse(&key.uid)),
        _ => true,
    };
    let placed = view.fields.strip_prefix("spec.nodeName=").is_none_or(|node| node_of(row, columns) == Some(node));
    here && labelled && owned && placed
}

/// The node a pod's row names.
fn node_of<'a>(row: &'a Row, columns: &[Column]) -> Option<&'a str> {
    match row.cells.get(columns.iter().position(|column| &*column.name == "NODE")?)? {
        Cell::Text(node) if &**node != "<none>" => Some(node),
        _ => None,
    }
}

/// The node of the pod under the cursor.
pub(super) fn node(state: &mut State, shared: &Shared) -> Step<Effect> {
    let Some((row, node)) = state.row().and_then(|row| Some((row, node_of(row, state.table.columns())?))) else {
        return refused(state, &Command::Node);
    };
    let key = ObjectKey { gvk: Gvk::new("", "v1", "Node").into(), namespace: None, name: node.into(), uid: "".into(), ..row.key() };
    jump(state, shared, key)
}

/// Asks who owns the object under the cursor.
pub(super) fn owner(state: &State) -> Step<Effect> {
    match state.row().filter(|row| row.owner.is_some()) {
        Some(row) => Step::effect(Effect::Owner { generation: state.generation, key: row.key() }),
        None => refused(state, &Command::Owner),
    }
}

pub(super) fn to_owner(state: &mut State, shared: &Shared, owner: Result<ObjectKey, Problem>) -> Step<Effect> {
    match owner {
        Ok(key) => jump(state, shared, key),
        Err(problem) => Step::intent(Intent::Notice(Notice::error(problem))),
    }
}

/// The same kind in the namespace of the row, the cursor on the same object.
pub(super) fn warp(state: &mut State, shared: &Shared) -> Step<Effect> {
    if let Some(why) = refusal(state, &Command::Warp) {
        return super::say(&why);
    }
    let Some(key) = state.row().map(Row::key) else { return Step::quiet() };
    let view = state.view.within(key.namespace.iter().map(ToString::to_string).collect());
    show(state, shared, view, key, true)
}

/// Any object in the table of its kind, the cursor on it.
pub(super) fn jump(state: &mut State, shared: &Shared, key: ObjectKey) -> Step<Effect> {
    let view = table_of(state, &key);
    show(state, shared, view, key, true)
}

/// The same for somebody outside: `esc` does not come back to the view before.
pub fn reveal(state: &mut State, shared: &Shared, key: ObjectKey) -> Step<Effect> {
    let view = table_of(state, &key);
    show(state, shared, view, key, false)
}

fn table_of(state: &State, key: &ObjectKey) -> View {
    View { kind: word(state, &key.gvk), namespaces: key.namespace.iter().map(ToString::to_string).collect(), ..View::default() }
}

fn show(state: &mut State, shared: &Shared, view: View, key: ObjectKey, returns: bool) -> Step<Effect> {
    if view == state.view {
        return point_at(state, key);
    }
    remember(state, returns);
    let step = close(state).then(enter(state, shared, view));
    (state.filter, state.trouble) = (String::new(), false);
    _ = filtered(state);
    state.seek = Some(key);
    step
}

/// The object is in the table that is shown.
fn point_at(state: &mut State, key: ObjectKey) -> Step<Effect> {
    (state.filter, state.trouble) = (String::new(), false);
    let closed = close(state);
    state.cursor = state.table.rows().find(|row| is(row, &key)).map(seat_of);
    state.seek = Some(key);
    let step = closed.then(filtered(state));
    // It stands where it was looked for; of many rows it is put there when all are shown.
    if state.row().is_some_and(|row| state.seek.as_ref().is_some_and(|key| is(row, key))) {
        state.seek = None;
    }
    step
}

/// A kind as a view names it: by its plural, and by its group too where others may be called the same.
fn word(state: &State, gvk: &Gvk) -> String {
    let kind = gvk.kind.to_lowercase();
    let plural = state.kinds.get(&kind).unwrap_or(&kind);
    let built_in = gvk.group.is_empty() || !gvk.group.contains('.') || gvk.group.ends_with(".k8s.io");
    if built_in { plural.clone() } else { format!("{plural}.{}", gvk.group) }
}

fn refused(state: &State, command: &Command) -> Step<Effect> {
    refusal(state, command).map_or_else(Step::quiet, |why| super::say(&why))
}

/// Why the command leads nowhere from here; none: it leads somewhere.
pub(super) fn refusal(state: &State, command: &Command) -> Option<String> {
    let Some(row) = state.row() else { return Some("no row is chosen".into()) };
    let kind = &row.gvk.kind;
    let namespace = row.namespace.as_deref();
    match command {
        Command::Node if &**kind != "Pod" => Some(format!("a {kind} runs on no node")),
        Command::Node if node_of(row, state.table.columns()).is_none() => Some("it is not on a node yet".into()),
        Command::Owner if row.owner.is_none() => Some("nothing owns it".into()),
        Command::Warp if namespace.is_none() => Some(format!("a {kind} lives in no namespace")),
        Command::Warp if state.view.of.is_none() && state.view.namespaces.iter().map(String::as_str).eq(namespace) => {
            Some(format!("only {} is shown already", namespace.unwrap_or_default()))
        }
        _ => None,
    }
}
