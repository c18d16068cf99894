//! What the server says it serves: groups, versions, resources, and what one may do with them.

use super::*;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

pub(super) fn served(group: &str) -> bool {
    KINDS.iter().any(|kind| kind.group == group)
}

pub(super) fn group_of(group: &str) -> Value {
    let versions = KINDS.iter().find(|kind| kind.group == group).map(|kind| json!({"groupVersion": kind.api_version(), "version": kind.version}));
    json!({"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": [versions], "preferredVersion": versions})
}

pub(super) fn discovery(core: bool, ask: &Ask) -> Response<Body> {
    let mut groups: Vec<(&str, &str)> = KINDS.iter().map(|kind| (kind.group, kind.version)).filter(|(group, _)| group.is_empty() == core).collect();
    groups.dedup();
    if ask.accept.contains("g=apidiscovery.k8s.io;v=v2;") {
        let own = (!core).then(metrics::aggregated);
        let items: Vec<Value> = groups.iter().map(|(group, version)| aggregated(group, version)).chain(own).collect();
        let body = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
        return respond(StatusCode::OK, AGGREGATED, full(body.to_string()));
    }
    if core {
        return whole(&json!({"kind": "APIVersions", "versions": ["v1"]}));
    }
    let groups: Vec<Value> = groups.iter().map(|(group, _)| group_of(group)).chain([metrics::group()]).collect();
    whole(&json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
}

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

fn aggregated(group: &str, version: &str) -> Value {
    let resource = |kind: &Kind| {
        let response = |name: &str| json!({"group": kind.group, "version": kind.version, "kind": name});
        let scale = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
        let sub = |name: &&str| json!({"subresource": name, "responseKind": if *name == "scale" { scale.clone() } else { response(kind.kind) }, "verbs": ["get", "patch", "update"]});
        json!({"resource": kind.plural, "responseKind": response(kind.kind), "scope": if kind.namespaced { "Namespaced" } else { "Cluster" }, "singularResource": kind.singular,
            "verbs": VERBS, "shortNames": kind.short, "categories": category(kind), "subresources": kind.subresources.iter().map(sub).collect::<Vec<_>>()})
    };
    let resources: Vec<Value> = KINDS.iter().filter(|kind| kind.group == group).map(resource).collect();
    json!({"metadata": {"name": group}, "versions": [{"version": version, "freshness": "Current", "resources": resources}]})
}

/// What `kubectl get all` means.
fn category(kind: &Kind) -> Value {
    let all = matches!(kind.plural, "pods" | "services" | "deployments" | "replicasets" | "statefulsets" | "daemonsets" | "jobs" | "cronjobs");
    if all { json!(["all"]) } else { json!([]) }
}

pub(super) fn resources(group: &str, version: &str) -> Value {
    let mut list = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.group == group && kind.version == version) {
        list.push(json!({"name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind, "verbs": VERBS, "shortNames": kind.short, "categories": category(kind)}));
        let sub = |sub: &&str| {
            json!({"name": format!("{}/{sub}", kind.plural), "singularName": "", "namespaced": kind.namespaced, "kind": if *sub == "scale" { "Scale" } else { kind.kind },
            "group": if *sub == "scale" { "autoscaling" } else { kind.group }, "version": "v1", "verbs": ["get", "patch", "update"]})
        };
        list.extend(kind.subresources.iter().map(sub));
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list})
}

/// Everybody may do everything here.
pub(super) fn allowed(ask: &Ask) -> Response<Body> {
    let mut review: Value = serde_json::from_slice(&ask.body).ok().filter(Value::is_object).unwrap_or_default();
    let all = ["*"];
    review["status"] = if review["kind"] == "SelfSubjectRulesReview" {
        json!({"resourceRules": [{"verbs": all, "apiGroups": all, "resources": all}], "nonResourceRules": [{"verbs": all, "nonResourceURLs": all}], "incomplete": false})
    } else {
        json!({"allowed": true})
    };
    let mut response = whole(&review);
    *response.status_mut() = StatusCode::CREATED;
    response
}
