//! How connections stand: what opening, closing, finding and losing them does to their records, and to the gate. What the moves are is known by
//! `cluster::standing`.

use std::sync::Arc;

use super::memory::Memory;
use super::model::{Effect, Model};
use super::shared::{Environment, Shared};
use super::update::{Wanted, open, remember, say};
use crate::cluster::connection::Connection;
use crate::cluster::fleet::Context;
use crate::names::{ClusterId, ConnectionKind, Standing};
use crate::tui::flow::{At, Step};

/// Takes over what the last start left. What was connected of other kinds is not connected again unasked.
pub(super) fn begin(shared: &mut Shared, at: At, memory: &Memory) {
    shared.standings.clone_from(&memory.standings);
    let typed = memory.environments.iter().map(|(name, contexts)| (name.clone(), Environment { contexts: contexts.clone(), typed: true }));
    shared.environments.extend(typed);
    for id in shared.declared.iter().map(|one| one.id.clone()).collect::<Vec<_>>() {
        if is_open(shared.standing(&id)) {
            stand(shared, at, &id, Standing::Disconnected);
        }
    }
}

/// What the next start has to know of it.
pub(super) fn kept(shared: &Shared, memory: Memory) -> Memory {
    let typed = shared.environments.iter().filter(|(_, environment)| environment.typed);
    let real = shared.standings.iter().filter(|(id, _)| shared.sandbox.as_ref() != Some(id));
    Memory {
        standings: real.map(|(id, record)| (id.clone(), record.clone())).collect(),
        environments: typed.map(|(name, environment)| (name.clone(), environment.contexts.clone())).collect(),
        ..memory
    }
}

fn is_open(standing: Standing) -> bool {
    matches!(standing, Standing::Connected | Standing::Maintenance)
}

fn stand(shared: &mut Shared, at: At, id: &ClusterId, to: Standing) -> bool {
    let kind = shared.kind(id);
    shared.standings.entry(id.clone()).or_default().go(kind, to, at.unix)
}

/// Contexts that are to be open together, without those that lead to a cluster which is among them already; and what is to be said of these.
pub(super) fn distinct(shared: &Shared, wanted: Vec<ClusterId>) -> (Vec<ClusterId>, Vec<String>) {
    let (mut kept, mut said): (Vec<ClusterId>, Vec<String>) = (Vec::new(), Vec::new());
    for id in wanted {
        match kept.iter().find(|one| shared.same(one, &id)) {
            Some(one) if *one != id => said.push(twice(&id, one)),
            Some(_) => {}
            None => kept.push(id),
        }
    }
    (kept, said)
}

fn twice(id: &ClusterId, one: &ClusterId) -> String {
    format!("{id} is the same cluster as {one}, which is open: its rows would stand there twice")
}

/// Contexts were closed and opened.
pub(super) fn opened(model: &mut Model, at: At) -> Wanted {
    for id in model.shared.contexts.iter().map(|context| context.id.clone()).collect::<Vec<_>>() {
        match (is_open(model.shared.standing(&id)), model.shared.open.contains(&id)) {
            (true, false) => _ = stand(&mut model.shared, at, &id, Standing::Disconnected),
            (false, true) => _ = stand(&mut model.shared, at, &id, Standing::Connected),
            _ => {}
        }
    }
    gate(model)
}

/// Actions are refused where there is maintenance.
fn gate(model: &mut Model) -> Wanted {
    let held: Vec<ClusterId> = model.shared.open.iter().filter(|id| model.shared.standing(id) == Standing::Maintenance).cloned().collect();
    if model.shared.contexts.iter().all(|context| model.shared.gate.is_held(&context.id) == held.contains(&context.id)) {
        return Step::quiet();
    }
    model.shared.gate = model.shared.gate.holding(held.clone());
    Step::effect(Effect::Hold(held))
}

/// The person decided about connections.
pub(super) fn go(model: &mut Model, at: At, ids: Vec<ClusterId>, to: Standing) -> Wanted {
    let mut step = Step::redraw();
    let (clusters, others): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| model.shared.kind(id) == ConnectionKind::Kubernetes);
    for id in others.iter().filter(|id| stand(&mut model.shared, at, id, to)) {
        step = step.and(if to == Standing::Connected { Effect::Connect(id.clone()) } else { Effect::Disconnect(id.clone()) });
    }
    let before = model.shared.open.clone();
    let mut wanted = before.clone();
    match to {
        Standing::Connected | Standing::Maintenance => wanted.extend(clusters.iter().filter(|id| !before.contains(id)).cloned()),
        _ => wanted.retain(|id| !clusters.contains(id)),
    }
    if wanted != before {
        step = step.then(open(model, at, wanted));
    }
    for id in &clusters {
        stand(&mut model.shared, at, id, to);
    }
    step.then(gate(model)).then(Step::effect(remember(model)))
}

/// The kubeconfig names other contexts now.
pub(super) fn contexts(model: &mut Model, at: At, now: &Arc<[Context]>) -> Wanted {
    let before = std::mem::replace(&mut model.shared.contexts, now.to_vec());
    let named = |id: &ClusterId| now.iter().any(|context| context.id == *id);
    let lost: Vec<Context> = before.iter().filter(|context| !named(&context.id)).cloned().collect();
    let found = |context: &&Context| !before.iter().any(|one| one.id == context.id);
    let found: Vec<ClusterId> = now.iter().filter(found).map(|context| context.id.clone()).collect();
    model.shared.vanished.retain(|context| !named(&context.id));
    let mut step = Step::redraw();
    for context in &lost {
        stand(&mut model.shared, at, &context.id, Standing::NotFound);
    }
    for id in &found {
        if model.shared.standing(id) == Standing::NotFound {
            stand(&mut model.shared, at, id, Standing::Discovered);
        }
        // Nobody closed it meanwhile.
        if model.shared.open.contains(id) {
            stand(&mut model.shared, at, id, Standing::Connected);
            step = step.and(Effect::Connect(id.clone()));
        }
    }
    model.shared.vanished.extend(lost.iter().cloned());
    let list = |ids: Vec<&str>, what: &str| (!ids.is_empty()).then(|| format!("{} {what}", ids.join(", ")));
    let gone = list(lost.iter().map(|context| context.id.as_str()).collect(), "gone from the kubeconfig");
    let new = list(found.iter().map(ClusterId::as_str).collect(), "new in the kubeconfig");
    let said = gone.into_iter().chain(new).collect::<Vec<_>>().join("; ");
    let said = if said.is_empty() { "the kubeconfig was read again".to_owned() } else { said };
    step.then(gate(model)).then(Step::effect(remember(model))).then(say(model, at, said))
}

/// Which clusters the connections lead to became known: what turns out to be open twice is closed once.
pub(super) fn identified(model: &mut Model, at: At, now: &[Connection]) -> Wanted {
    let mut learned = false;
    for (id, identity) in now.iter().filter_map(|one| Some((&one.id, one.identity.as_ref()?))) {
        let record = model.shared.standings.entry(id.clone()).or_default();
        learned |= record.identity.as_ref() != Some(identity);
        record.identity = Some(identity.clone());
    }
    if !learned {
        return Step::quiet();
    }
    let (kept, said) = distinct(&model.shared, model.shared.open.clone());
    let step = if said.is_empty() { Step::effect(remember(model)) } else { open(model, at, kept) };
    said.into_iter().fold(step, |step, text| step.then(say(model, at, text)))
}

/// The person names a group of contexts; without any it is forgotten.
pub(super) fn environment(model: &mut Model, at: At, name: String, contexts: Vec<String>) -> Wanted {
    let said = if contexts.is_empty() {
        model.shared.environments.remove(&name);
        format!("environment {name} is forgotten")
    } else {
        model.shared.environments.insert(name.clone(), Environment { contexts, typed: true });
        let members = model.shared.members(&name).unwrap_or_default().len();
        format!("environment {name} has {members} context{} now; @{name} means them", if members == 1 { "" } else { "s" })
    };
    Step::effect(remember(model)).then(say(model, at, said))
}
