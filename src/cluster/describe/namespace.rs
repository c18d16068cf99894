//! Namespaces: whether they end, and what may be used in them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::amount::Amount;
use super::read::{Facts, at, conditions, list, listed, moment, pairs, troubles, words};
use super::{Around, Description, Fact, Said, Section, unread};
use crate::cluster::rows::RowState;

pub(super) async fn describe(around: &Around<'_>, namespace: &Value) -> Description {
    let mut facts = Facts::default();
    let phase = at(namespace, "/status/phase");
    match moment(namespace, "/metadata/deletionTimestamp") {
        Some(since) => facts.put("status", Said::from(format!("{phase} since ")).ago(since), RowState::Progress),
        None => facts.add("status", phase),
    }
    facts.0.extend(troubles(namespace));
    let name = Some(&*around.key.name);
    let quotas: Vec<Section> = match around.list_in(name, "resourcequotas", "").await {
        Ok(quotas) => quotas.iter().map(quota).collect(),
        Err(problem) => unread("quotas", &problem).map(alone).into_iter().collect(),
    };
    let ranges: Vec<Section> = match around.list_in(name, "limitranges", "").await {
        Ok(ranges) => ranges.iter().filter_map(range).collect(),
        Err(problem) => unread("limit ranges", &problem).map(alone).into_iter().collect(),
    };
    for (label, sections) in [("quotas", &quotas), ("limit ranges", &ranges)] {
        facts.add(label, if sections.is_empty() { "none".to_owned() } else { sections.len().to_string() });
    }
    facts.take(namespace, &[("created", "/metadata/creationTimestamp"), ("finalizers", "/spec/finalizers")]);
    let sections = quotas.into_iter().chain(ranges).chain(conditions(namespace)).chain(words(namespace)).collect();
    Description { facts: facts.0, sections, about: Vec::new() }
}

fn alone(fact: Fact) -> Section {
    Section { title: fact.label.clone(), heads: Vec::new(), facts: vec![fact] }
}

/// Used of hard, resource by resource; what is used up hurts.
fn quota(quota: &Value) -> Section {
    let row = |(resource, hard): (String, String)| {
        let used = quota.pointer("/status/used").and_then(|used| used.get(&resource)).map(super::read::text).unwrap_or_default();
        let percent = Amount::parse(&used).zip(Amount::parse(&hard)).and_then(|(used, hard)| used.percent_of(hard));
        let state = if percent.is_some_and(|percent| percent >= 100) { RowState::Warn } else { RowState::Fine };
        let share = percent.map_or_else(String::new, |percent| format!("{percent}%"));
        Fact { more: vec![used.into(), hard.into(), share.into()], ..Fact::new(resource, "", state) }
    };
    let scopes = listed(quota, "/spec/scopes");
    let scopes = if scopes.is_empty() { scopes } else { format!(" for {scopes}") };
    let heads = ["RESOURCE", "USED", "HARD", "SHARE"].map(str::to_owned).to_vec();
    Section {
        title: format!("quota {}{scopes}", at(quota, "/metadata/name")),
        heads,
        facts: pairs(quota, "/status/hard").into_iter().map(row).collect(),
    }
}

fn range(range: &Value) -> Option<Section> {
    const PARTS: [&str; 5] = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
    let mut facts = Vec::new();
    for limit in list(range, "/spec/limits") {
        let resources: BTreeSet<String> = PARTS.iter().flat_map(|part| pairs(limit, &format!("/{part}"))).map(|(resource, _)| resource).collect();
        for resource in resources {
            let value = |part: &&str| limit.get(*part).and_then(|part| part.get(&resource)).map(super::read::text).unwrap_or_else(|| "-".into());
            let values = PARTS.iter().map(|part| Said::from(value(part)));
            facts.push(Fact { more: values.collect(), ..Fact::new(format!("{} {resource}", at(limit, "/type")), "", RowState::Fine) });
        }
    }
    let heads = ["RESOURCE", "MIN", "MAX", "DEFAULT REQ", "DEFAULT LIM", "MAX RATIO"].map(str::to_owned).to_vec();
    (!facts.is_empty()).then(|| Section { title: format!("limit range {}", at(range, "/metadata/name")), heads, facts })
}
