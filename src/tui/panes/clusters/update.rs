//! What commands do to the list of connections. What is decided about a connection is asked first, with what it means, and done by the house.

use std::collections::BTreeMap;

use super::commands::Command;
use super::state::{Line, State, here, lines};
use super::work::{Effect, Report};
use crate::cluster::standing::{route, transition};
use crate::names::{ClusterId, ConnectionKind, Standing};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Confirmed, Intent, Notice, PaneId, Question, Step};

/// Does what the person asked.
pub fn command(state: &mut State, shared: &Shared, command: Command) -> Step<Effect> {
    match command {
        Command::Down => moved(state, shared, |at| at + 1),
        Command::Up => moved(state, shared, |at| at.saturating_sub(1)),
        Command::Mark => {
            if let Some(line) = here(state, shared)
                && !state.marks.remove(&line.id)
            {
                state.marks.insert(line.id);
            }
            moved(state, shared, |at| at + 1);
        }
        Command::Open => return open(state, shared),
        Command::Detail => {
            state.detail = !state.detail;
            return Step::redraw().then(look(shared));
        }
        Command::All => {
            state.all = !state.all;
            seat(state, shared);
        }
        Command::Stand(to) => return stand(state, shared, to),
    }
    Step::redraw()
}

/// The cursor goes to a row that was clicked on.
pub fn clicked(state: &mut State, shared: &Shared, row: usize) -> Step<Effect> {
    moved(state, shared, |_| row);
    Step::redraw()
}

fn moved(state: &mut State, shared: &Shared, step: impl Fn(usize) -> usize) {
    seat(state, shared);
    let lines = lines(state, shared);
    state.position = step(state.position).min(lines.len().saturating_sub(1));
    state.cursor = lines.get(state.position).map(|line| line.id.clone());
}

/// Puts the cursor back on its connection.
fn seat(state: &mut State, shared: &Shared) {
    let lines = lines(state, shared);
    let found = state.cursor.as_ref().and_then(|id| lines.iter().position(|line| line.contexts.contains(id)));
    state.position = found.unwrap_or(state.position).min(lines.len().saturating_sub(1));
}

/// What a decision is about: the marked lines, else the one under the cursor.
fn chosen(state: &State, shared: &Shared) -> Vec<Line> {
    let marked: Vec<Line> = lines(state, shared).into_iter().filter(|line| state.marks.contains(&line.id)).collect();
    if marked.is_empty() { here(state, shared).into_iter().collect() } else { marked }
}

fn open(state: &mut State, shared: &Shared) -> Step<Effect> {
    let (clusters, others): (Vec<Line>, Vec<Line>) = chosen(state, shared).into_iter().partition(|line| line.kind == ConnectionKind::Kubernetes);
    let there = |line: &Line| shared.contexts.iter().any(|context| context.id == line.id);
    let (clusters, gone): (Vec<Line>, Vec<Line>) = clusters.into_iter().partition(there);
    if let Some(line) = gone.first() {
        return say(format!("{} is gone from the kubeconfig", line.id));
    }
    state.marks.clear();
    let ids = |lines: Vec<Line>| lines.into_iter().map(|line| line.id).collect::<Vec<_>>();
    let mut step = Step::redraw();
    if !others.is_empty() {
        step = step.then(Step::intent(Intent::Stand(ids(others), Standing::Connected)));
    }
    if !clusters.is_empty() {
        step = step.then(Step::intent(Intent::Open(ids(clusters)))).then(Step::intent(Intent::Go(PaneId::Inventory)));
    }
    step
}

/// Asks, with what it means for whom; connecting is what was asked for, and is done.
fn stand(state: &mut State, shared: &Shared, to: Standing) -> Step<Effect> {
    let lines = chosen(state, shared);
    let to = aim(&lines, shared, to);
    let (able, unable): (Vec<_>, Vec<_>) = lines.iter().flat_map(|line| members(line, to)).partition(|id| refusal_of(shared, id, to).is_none());
    if able.is_empty() {
        return unable.first().and_then(|id| refusal_of(shared, id, to)).map_or_else(Step::quiet, say);
    }
    state.marks.clear();
    let verbs = able.iter().filter_map(|id| last_move(shared, id, to)).map(|step| (step.guard, step.verb));
    let Some((_, verb)) = verbs.clone().next() else { return Step::quiet() };
    let ids: Vec<ClusterId> = able.iter().map(|id| (*id).clone()).collect();
    if to == Standing::Connected {
        return Step::intent(Intent::Stand(ids, to));
    }
    let mut groups: BTreeMap<&str, Vec<&ClusterId>> = BTreeMap::new();
    for id in &able {
        if let Some(step) = last_move(shared, id, to) {
            groups.entry(step.guard).or_default().push(id);
        }
    }
    let names = |ids: &[&ClusterId]| ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
    let mut body: Vec<String> = groups.iter().flat_map(|(guard, ids)| [names(ids), (*guard).to_owned()]).collect();
    body.extend(unable.iter().filter_map(|id| refusal_of(shared, id, to)).map(|why| format!("left alone: {why}")));
    Step::intent(Intent::Confirm(Question { verb: verb.to_owned(), body, type_name: None, then: Confirmed::Stand(ids, to) }))
}

/// Maintenance is ended where it holds for all.
fn aim(lines: &[Line], shared: &Shared, to: Standing) -> Standing {
    let held = lines.iter().all(|line| shared.standing(&line.id) == Standing::Maintenance);
    if to == Standing::Maintenance && held { Standing::Connected } else { to }
}

/// What is open is one context; what a person thinks of a cluster goes for all contexts that lead there.
fn members(line: &Line, to: Standing) -> &[ClusterId] {
    match to {
        Standing::Ignored | Standing::Deleted | Standing::Registered => &line.contexts,
        _ => std::slice::from_ref(&line.id),
    }
}

fn last_move(shared: &Shared, id: &ClusterId, to: Standing) -> Option<&'static crate::cluster::standing::Transition> {
    route(shared.kind(id), shared.standing(id), to)?.last().copied()
}

/// Why a connection cannot come to stand so; none: it can.
fn refusal_of(shared: &Shared, id: &ClusterId, to: Standing) -> Option<String> {
    let (kind, now) = (shared.kind(id), shared.standing(id));
    let open = matches!(now, Standing::Connected | Standing::Maintenance);
    let gone = kind == ConnectionKind::Kubernetes && !shared.contexts.iter().any(|context| context.id == *id);
    match to {
        _ if now == to => Some(format!("{id} is {to} already")),
        _ if route(kind, now, to).is_none() => Some(format!("a {kind} connection that is {now} cannot be {to}")),
        Standing::Disconnected | Standing::Maintenance if !open => Some(format!("{id} is not connected")),
        Standing::Connected | Standing::Registered if gone => Some(format!("{id} is gone from the kubeconfig")),
        // The way out of maintenance is to end it or to disconnect.
        Standing::Registered if open => Some(format!("{id} is connected; disconnect it first")),
        Standing::Ignored | Standing::Deleted if open && transition(kind, now, to).is_none() => Some(format!("{id} is in maintenance; end it first")),
        _ => None,
    }
}

fn say(text: String) -> Step<Effect> {
    Step::intent(Intent::Notice(Notice::info(text)))
}

/// Why a command is not possible now; none: it is.
pub fn refusal(state: &State, shared: &Shared, command: Command) -> Option<String> {
    let chosen = chosen(state, shared);
    if chosen.is_empty() {
        return match command {
            Command::All => deleted(shared),
            _ => Some("there is no connection".into()),
        };
    }
    match command {
        Command::All => deleted(shared),
        Command::Stand(to) => {
            let to = aim(&chosen, shared, to);
            let all: Vec<Option<String>> = chosen.iter().flat_map(|line| members(line, to)).map(|id| refusal_of(shared, id, to)).collect();
            all.into_iter().min_by_key(Option::is_some).flatten()
        }
        _ => None,
    }
}

fn deleted(shared: &Shared) -> Option<String> {
    let any = shared.standings.values().any(|record| record.standing == Standing::Deleted);
    (!any).then(|| "none is deleted".into())
}

/// The cursor stands on an open context when the pane is entered, and what connections cost is looked up.
pub fn entered(state: &mut State, shared: &Shared) -> Step<Effect> {
    let lines = lines(state, shared);
    if let Some(place) = lines.iter().position(|line| shared.open.contains(&line.id)) {
        state.position = place;
    }
    state.cursor = lines.get(state.position).map(|line| line.id.clone());
    state.marks = shared.open.iter().filter(|_| shared.open.len() > 1).cloned().collect();
    look(shared)
}

/// Looks up what the connections cost that are open.
pub fn look(shared: &Shared) -> Step<Effect> {
    let open = shared.standings.iter().filter(|(_, record)| matches!(record.standing, Standing::Connected | Standing::Maintenance));
    let ids: Vec<ClusterId> = open.map(|(id, _)| id.clone()).collect();
    if ids.is_empty() { Step::quiet() } else { Step { effects: vec![Effect::Look(ids)], ..Step::quiet() } }
}

/// Asks connections of other kinds once more; clusters are asked all the time.
pub fn again(shared: &Shared) -> Step<Effect> {
    let connected = |id: &&ClusterId| shared.standing(id) == Standing::Connected;
    let ids: Vec<ClusterId> = shared.declared.iter().map(|one| &one.id).filter(connected).cloned().collect();
    let look = look(shared);
    if ids.is_empty() { look } else { Step::effect(Effect::Again(ids)).then(look) }
}

/// One rung up: closes the detail. `None` when there is nothing to close.
pub fn back(state: &mut State) -> Option<Step<Effect>> {
    std::mem::take(&mut state.detail).then(Step::redraw)
}

/// Takes in what was found.
pub fn report(state: &mut State, report: Report) {
    let Report::Looked(all) = report;
    state.particulars = all.into_iter().collect();
}
