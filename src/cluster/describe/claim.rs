//! Claims: what was asked for, what was got, and which pods use it.

use serde_json::Value;

use super::read::{Facts, at, conditions, joined, list, listed, moment, troubles, words};
use super::{Around, Description, Said, unread};
use crate::cluster::rows::RowState;

pub(super) async fn describe(around: &Around<'_>, claim: &Value) -> Description {
    let mut facts = Facts::default();
    let phase = at(claim, "/status/phase");
    let state = match phase.as_str() {
        "Bound" => RowState::Fine,
        "Lost" => RowState::Bad,
        _ => RowState::Progress,
    };
    match moment(claim, "/metadata/deletionTimestamp") {
        Some(since) => facts.put("status", Said::from("Terminating since ").ago(since), RowState::Progress),
        None => facts.put("status", phase, state),
    }
    facts.0.extend(troubles(claim));
    match around.list("pods", "").await {
        Ok(pods) => {
            let users = joined(pods.iter().filter(|pod| uses(pod, claim)).map(|pod| at(pod, "/metadata/name")));
            facts.add("used by", if users.is_empty() { "no pod".to_owned() } else { users });
        }
        Err(problem) => facts.0.extend(unread("used by", &problem)),
    }
    let bound = !at(claim, "/spec/volumeName").is_empty();
    if bound {
        facts.add("capacity", at(claim, "/status/capacity/storage"));
    }
    facts.take(
        claim,
        &[("requested", "/spec/resources/requests/storage"), ("storage class", "/spec/storageClassName"), ("volume", "/spec/volumeName")],
    );
    facts.add("access modes", short_modes(&listed(claim, if bound { "/status/accessModes" } else { "/spec/accessModes" })));
    facts.take(claim, &[("volume mode", "/spec/volumeMode"), ("finalizers", "/metadata/finalizers"), ("created", "/metadata/creationTimestamp")]);
    if let Some(source) = claim.pointer("/spec/dataSource") {
        facts.add("data source", format!("{} {} {}", at(source, "/kind"), at(source, "/name"), at(source, "/apiGroup")).trim_end().to_owned());
    }
    let sections = conditions(claim).into_iter().chain(words(claim)).collect();
    Description { facts: facts.0, sections, about: Vec::new() }
}

/// A pod that mounts the claim, or one that owns it because it was made for it alone.
fn uses(pod: &Value, claim: &Value) -> bool {
    let name = at(claim, "/metadata/name");
    let mounts = list(pod, "/spec/volumes").any(|volume| at(volume, "/persistentVolumeClaim/claimName") == name);
    let uid = at(pod, "/metadata/uid");
    mounts || list(claim, "/metadata/ownerReferences").any(|owner| at(owner, "/kind") == "Pod" && at(owner, "/uid") == uid)
}

/// `RWO` beside the long name, which is how people speak of it.
fn short_modes(modes: &str) -> String {
    let short =
        modes.replace("ReadWriteOncePod", "RWOP").replace("ReadWriteOnce", "RWO").replace("ReadOnlyMany", "ROX").replace("ReadWriteMany", "RWX");
    if modes.is_empty() { short } else { format!("{short} ({modes})") }
}
