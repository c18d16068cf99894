//! `meshplay get KIND NAME --uses`: what an object uses and what uses it, once everything has answered.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::print::{aligned, widths};
use crate::cluster::fleet::Fleet;
use crate::cluster::rows::Phase;
use crate::names::{ObjectKey, Problem};
use crate::relations::rules::Rules;
use crate::survey::world::{Relation, There, World};
use crate::survey::{Survey, plan};

/// Longest wait for all kinds to be listed.
const LIMIT: Duration = Duration::from_secs(60);

/// Everything the object is related to: what is wrong first.
pub(super) async fn all(fleet: &Fleet, key: &ObjectKey) -> Result<Vec<Relation>, Problem> {
    let rules = Arc::new(Rules::embedded());
    let parts = plan::around(fleet, &rules, key).await?;
    let (asked, mut survey, mut world) = (parts.len(), Survey::begin(fleet, &rules, parts), World::new(rules.clone()));
    let gather = async {
        while let Some(news) = survey.next().await {
            world.apply(news);
            // A kind that may not be listed has answered too: what it would have told is not known.
            if world.phases().iter().filter(|(_, phase)| !matches!(phase, Phase::Syncing { .. })).count() == asked {
                return;
            }
        }
    };
    let late = |_| Problem::new("cluster.slow", format!("{} has not listed everything", key.cluster), format!("within {} s", LIMIT.as_secs()));
    tokio::time::timeout(LIMIT, gather).await.map_err(late)?;
    Ok(world.find(key).map(|at| world.relations(at)).unwrap_or_default())
}

pub(super) fn text(relations: &[Relation]) -> String {
    if relations.is_empty() {
        return "it uses nothing, and nothing uses it\n".into();
    }
    let line = |one: &Relation| {
        let place = one.other.namespace.as_deref().unwrap_or_default().to_owned();
        vec![one.verb.clone(), one.other.gvk.kind.to_string(), place, one.other.name.to_string(), there(one)]
    };
    let head = ["RELATION", "KIND", "NAMESPACE", "NAME", "STATE"].map(str::to_owned).to_vec();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(relations.iter().map(line)).collect();
    let widths = widths(&lines);
    lines.iter().map(|line| aligned(line, &widths)).collect()
}

fn there(one: &Relation) -> String {
    match &one.there {
        There::Yes if one.more > 0 => format!("{} and {} more it owns", one.note, one.more).trim_start().to_owned(),
        There::Yes => one.note.clone(),
        There::Missing => "missing".into(),
        There::Optional => "not there, optional".into(),
        There::Lacks(key) => format!("has no key {key}"),
        There::Unknown => "not known".into(),
    }
}

pub(super) fn json(relations: &[Relation]) -> Value {
    let one = |one: &Relation| {
        let (state, key) = match &one.there {
            There::Yes => ("there", None),
            There::Missing => ("missing", None),
            There::Optional => ("optional", None),
            There::Lacks(key) => ("lacks", Some(key)),
            There::Unknown => ("unknown", None),
        };
        json!({"direction": if one.out { "out" } else { "in" }, "relation": one.verb, "group": &*one.other.gvk.group, "kind": &*one.other.gvk.kind,
            "namespace": one.other.namespace.as_deref(), "name": &*one.other.name, "uid": &*one.other.uid, "state": state, "key": key, "more": one.more})
    };
    json!({"relations": relations.iter().map(one).collect::<Vec<_>>()})
}
