//! Relations against a real API server: every path of every rule stands in the schemas it publishes, and a survey of real objects says what kubectl says.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use meshplay::cluster::fleet::Fleet;
use meshplay::names::{ClusterId, ObjectKey};
use meshplay::relations::facts::schema_paths;
use meshplay::relations::path::{Path, Step};
use meshplay::relations::rules::{Match, Piece, Rules};
use meshplay::survey::world::{Relation, There, World};
use meshplay::survey::{Survey, plan};
use serde_json::{Value, json};

use super::Real;

/// The schemas of one server, by group and kind.
struct Schemas {
    documents: Vec<Value>,
    kinds: HashMap<(String, String), (usize, String)>,
}

impl Schemas {
    fn of(real: &Real, groups: &[&str]) -> Self {
        let documents: Vec<Value> =
            groups.iter().map(|group| serde_json::from_str(&real.says(&["get", "--raw", &format!("/openapi/v3/{group}")], "")).unwrap()).collect();
        let mut kinds = HashMap::new();
        for (at, document) in documents.iter().enumerate() {
            for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
                for gvk in schema["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
                    let key = (gvk["group"].as_str().unwrap().to_owned(), gvk["kind"].as_str().unwrap().to_owned());
                    kinds.entry(key).or_insert((at, name.clone()));
                }
            }
        }
        Self { documents, kinds }
    }

    /// What stands at a path of a kind; an error names the step that leads nowhere.
    fn resolve(&self, group: &str, kind: &str, path: &Path) -> Result<&Value, String> {
        let (at, name) = self.kinds.get(&(group.to_owned(), kind.to_owned())).ok_or_else(|| format!("no schema for {group}/{kind}"))?;
        let schemas = &self.documents[*at]["components"]["schemas"];
        let mut here = &schemas[name];
        for step in path.steps() {
            here = meant(schemas, here);
            here = match step {
                Step::Up => return Err("a step upwards".into()),
                Step::Each => here.get("items"),
                Step::Field(field) => here["properties"].get(field).or_else(|| here.get("additionalProperties")),
            }
            .ok_or_else(|| format!("{step:?} is not in {kind}"))?;
        }
        Ok(meant(schemas, here))
    }
}

/// Follows references.
fn meant<'a>(schemas: &'a Value, mut here: &'a Value) -> &'a Value {
    while let Some(name) = here.get("$ref").or_else(|| here.pointer("/allOf/0/$ref")).and_then(Value::as_str) {
        here = &schemas[name.rsplit('/').next().unwrap()];
    }
    here
}

/// Group versions whose kinds the rules name.
const GROUPS: &[&str] =
    &["api/v1", "apis/apps/v1", "apis/batch/v1", "apis/autoscaling/v2", "apis/rbac.authorization.k8s.io/v1", "apis/apiextensions.k8s.io/v1"];

#[tokio::test]
async fn every_path_of_every_rule_stands_in_the_schema_of_its_kinds() {
    let Some(real) = Real::find("every_path_of_every_rule_stands_in_the_schema_of_its_kinds") else { return };
    let schemas = Schemas::of(&real, GROUPS);
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for (_, rule) in Rules::embedded().iter() {
        let mut kinds = rule.kinds();
        // Of "any" kind some stand for all.
        if kinds.is_empty() {
            kinds = vec![("".into(), "Pod".into()), ("apps".into(), "Deployment".into()), ("rbac.authorization.k8s.io".into(), "RoleBinding".into())];
        }
        // Other people's kinds are not on this server.
        kinds.retain(|(group, _)| !matches!(group.as_str(), "argoproj.io" | "serving.knative.dev"));
        for (group, kind) in kinds {
            for path in schema_paths(rule, &group, &kind) {
                checked += 1;
                match schemas.resolve(&group, &kind, &path) {
                    Err(why) => wrong.push(format!("{}: {path:?}: {why}", rule.id)),
                    Ok(found) if rule.by == Match::Ref && rule.paths.iter().any(|own| path.steps().ends_with(own.steps())) => {
                        let named = ["kind", "name"].iter().all(|field| found["properties"].get(field).is_some());
                        if !named {
                            wrong.push(format!("{}: {path:?} names no object: {found}", rule.id));
                        }
                    }
                    Ok(_) => {}
                }
            }
        }
        if let Match::Pattern { provides, .. } = &rule.by {
            for piece in &provides.0 {
                if let Piece::Field(path) = piece {
                    checked += 1;
                    wrong.extend(schemas.resolve("apiextensions.k8s.io", "CustomResourceDefinition", path).err());
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked > 200, "{checked}");
}

/// Looks at an object until what is known of it is as wished.
async fn looks(fleet: &Fleet, key: &ObjectKey, what: &str, wished: impl Fn(&[Relation]) -> bool) -> Vec<Relation> {
    let rules = Arc::new(Rules::embedded());
    let mut world = World::new(rules.clone());
    let parts = plan::around(fleet, &rules, key).await.unwrap();
    let mut survey = Survey::begin(fleet, &rules, parts);
    let mut last = Vec::new();
    let seen = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            world.apply(survey.next().await.unwrap());
            last = world.find(key).map(|at| world.relations(at)).unwrap_or_default();
            if wished(&last) {
                return;
            }
        }
    });
    let seen = seen.await.is_ok();
    assert!(seen, "{what}: {last:#?}");
    last
}

fn has(relations: &[Relation], verb: &str, kind: &str, name: &str, there: &There) -> bool {
    relations.iter().any(|one| one.verb == verb && &*one.other.gvk.kind == kind && &*one.other.name == name && one.there == *there)
}

#[tokio::test]
async fn a_survey_of_real_objects_says_what_is_missing_and_who_uses_whom() {
    let Some(real) = Real::find("a_survey_of_real_objects_says_what_is_missing_and_who_uses_whom") else { return };
    real.says(&["wait", "--for=create", "serviceaccount/default", "--timeout=20s"], "");
    real.says(&["create", "configmap", "web-config", "--from-literal=theme=plain"], "");
    real.says(&["create", "secret", "generic", "key", "--from-literal=password=hunter2"], "");
    let spec = json!({"nodeSelector": {"no": "where"}, "containers": [{"name": "web", "image": "example.com/web",
        "envFrom": [{"configMapRef": {"name": "web-config"}}, {"configMapRef": {"name": "later"}}, {"secretRef": {"name": "never", "optional": true}}],
        "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "web-config", "key": "thme"}}}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "key", "key": "password"}}}]}]});
    let labels = json!({"app": "web"});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": labels, "ports": [{"port": 80}]}});
    real.says(&["create", "-f", "-"], &deployment.to_string());
    real.says(&["create", "-f", "-"], &service.to_string());
    let (fleet, cluster) = real.fleet();
    let key = |kind: &'static str, name: &'static str| find(&fleet, &cluster, kind, &real.namespace, name);

    let web = key("deployments", "web").await;
    let wanted = [
        ("reads", "ConfigMap", "later", There::Missing),
        ("reads", "ConfigMap", "web-config", There::Yes),
        ("reads", "ConfigMap", "web-config", There::Lacks("thme".into())),
        ("reads", "Secret", "never", There::Optional),
        ("runs as", "ServiceAccount", "default", There::Yes),
        ("selected by", "Service", "web", There::Yes),
    ];
    let whole = |all: &[Relation]| wanted.iter().all(|(verb, kind, name, there)| has(all, verb, kind, name, there));
    let all = looks(&fleet, &web, "all of web", |all| whole(all) && all.iter().any(|one| one.verb == "owns")).await;
    assert!(!format!("{all:?}").contains("hunter2"));

    // The config is used by the deployment; its set and its pods are told with it.
    let config = key("configmaps", "web-config").await;
    let used = looks(&fleet, &config, "users of the config", |all| all.iter().any(|one| one.more == 3)).await;
    assert!(used.iter().all(|one| one.out || &*one.other.gvk.kind == "Deployment"), "{used:#?}");

    // A Service selects what kubectl selects with its labels.
    let service = key("services", "web").await;
    let selected = looks(&fleet, &service, "pods of the service", |all| all.iter().filter(|one| one.verb == "selects").count() == 2).await;
    let pods = real.says(&["get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}"], "");
    let mut pods: Vec<&str> = pods.split(' ').collect();
    pods.sort_unstable();
    let own: Vec<&str> = selected.iter().filter(|one| one.verb == "selects").map(|one| &*one.other.name).collect();
    assert_eq!(own, pods);
    assert_eq!(fleet.selector(&service).await.unwrap(), "app=web");

    // The owner of a pod is the one kubectl names.
    let pod = fleet.find(&cluster, "pods", Some(&real.namespace), pods[0]).await.unwrap();
    let owner = real.says(&["get", "pod", pods[0], "-o", "jsonpath={.metadata.ownerReferences[0].name}"], "");
    assert_eq!(&*fleet.owner(&pod).await.unwrap().name, owner);

    // What was missing comes while one looks.
    let live = looks(&fleet, &web, "the config that came", |all| {
        if has(all, "reads", "ConfigMap", "later", &There::Missing) {
            _ = real.command(&["create", "configmap", "later"]).output();
        }
        has(all, "reads", "ConfigMap", "later", &There::Yes)
    });
    live.await;
}

async fn find(fleet: &Fleet, cluster: &ClusterId, kind: &str, namespace: &str, name: &str) -> ObjectKey {
    fleet.find(cluster, kind, Some(namespace), name).await.unwrap()
}
