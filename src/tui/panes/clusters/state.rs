//! What the list of connections knows beside the connections, which all panes share; and which lines it has.

use std::collections::{HashMap, HashSet};

use crate::cluster::fleet::Context;
use crate::cluster::tally::Particulars;
use crate::names::{ClusterId, ConnectionKind, Standing};
use crate::tui::app::shared::Shared;

/// Cursor and marks.
#[derive(Debug, Default)]
pub struct State {
    /// Where the cursor stands.
    pub position: usize,
    /// The connection under the cursor, so that it stays there while lines come and go.
    pub cursor: Option<ClusterId>,
    /// Connections to be decided about together.
    pub marks: HashSet<ClusterId>,
    /// Everything known about the one under the cursor is shown.
    pub detail: bool,
    /// Those that are deleted are shown too.
    pub all: bool,
    /// What connections cost, as of the last look.
    pub particulars: HashMap<ClusterId, Particulars>,
}

/// One line: a connection, with all the contexts that lead to the same cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The connection; of several contexts the open one, else the current one, else the first.
    pub id: ClusterId,
    /// What it leads to.
    pub kind: ConnectionKind,
    /// Every context that leads there, `id` among them.
    pub contexts: Vec<ClusterId>,
    /// The namespace it starts in; empty where there are none.
    pub namespace: String,
    /// Where it is.
    pub server: String,
    /// Actions ask for its name.
    pub protected: bool,
}

/// The lines, in the order of the kubeconfig; then what is gone from it, then connections of other kinds. Of one cluster there is one.
pub fn lines(state: &State, shared: &Shared) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for context in shared.contexts.iter().chain(&shared.vanished) {
        match lines.iter_mut().find(|line| shared.same(&line.id, &context.id)) {
            Some(line) => join(line, context, shared),
            None => lines.push(of(context)),
        }
    }
    let declared = shared.declared.iter().map(|one| Line {
        id: one.id.clone(),
        kind: one.kind,
        contexts: vec![one.id.clone()],
        namespace: String::new(),
        server: one.url.clone(),
        protected: false,
    });
    lines.extend(declared);
    lines.retain(|line| state.all || shared.standing(&line.id) != Standing::Deleted);
    lines
}

fn of(context: &Context) -> Line {
    let Context { id, namespace, server, protected, .. } = context.clone();
    Line { contexts: vec![id.clone()], id, kind: ConnectionKind::Kubernetes, namespace, server, protected }
}

fn join(line: &mut Line, context: &Context, shared: &Shared) {
    let mut contexts = std::mem::take(&mut line.contexts);
    contexts.push(context.id.clone());
    let open = |id: &ClusterId| shared.open.contains(id);
    if open(&context.id) && !open(&line.id) || context.current && !open(&line.id) {
        *line = of(context);
    }
    line.contexts = contexts;
}

/// The line under the cursor.
pub fn here(state: &State, shared: &Shared) -> Option<Line> {
    lines(state, shared).into_iter().nth(state.position)
}
