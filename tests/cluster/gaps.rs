//! What may not be read of a question across kinds: the rest of it is answered, live, and the part is named. Against a real API server and its rights.

use std::sync::Arc;

use meshplay::cluster::rows::{Delta, Gap};

use super::*;

/// Everything a subscription has said, and which parts it lacks.
#[derive(Default)]
struct Told {
    seen: Seen,
    gaps: Arc<[Gap]>,
}

impl Told {
    async fn until(&mut self, what: &str, rows: &mut Subscription, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            let delta: Delta = until(what, rows.next()).await.unwrap();
            self.gaps = delta.gaps.clone().unwrap_or(self.gaps.clone());
            self.seen.take(delta);
        }
    }

    fn lacks(&self) -> Vec<(&str, Option<&str>)> {
        self.gaps.iter().map(|gap| (&*gap.plural, gap.namespace.as_deref())).collect()
    }
}

/// Somebody who may look at all workloads of one namespace but its cron jobs.
const RIGHTS: &str = r#"
apiVersion: v1
kind: ServiceAccount
metadata: {name: somebody, namespace: ONE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: looks, namespace: ONE}
rules:
- {apiGroups: [apps, batch], resources: [deployments, statefulsets, daemonsets, jobs], verbs: [list, watch, get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: looks, namespace: ONE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: looks}
subjects: [{kind: ServiceAccount, name: somebody, namespace: ONE}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ONE}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: ONE}
spec:
  schedule: 0 0 1 1 *
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: report, image: report}]}}}}
"#;

#[tokio::test]
async fn a_kind_that_may_not_be_read_is_named_and_the_others_stay_live() {
    let Some(real) = Real::find("a_kind_that_may_not_be_read_is_named_and_the_others_stay_live") else { return };
    let one = real.namespace.clone();
    real.says(&["apply", "-f", "-"], &RIGHTS.replace("ONE", &one));
    let token = real.says(&["create", "token", "somebody"], "");
    let mut config: serde_json::Value = serde_json::from_str(&real.says(&["config", "view", "--flatten", "--minify", "-o", "json"], "")).unwrap();
    config["users"][0]["user"] = json!({"token": token.trim()});
    config["contexts"][0]["name"] = "lab".into();
    config["current-context"] = "lab".into();
    let (_folder, path) = fault::write(&config.to_string());
    let fleet = fleet(path).unwrap();
    fleet.connect(&id("lab"));

    let spec = |namespaces: &[&str]| WatchSpec {
        cluster: id("lab"),
        view: "workloads".into(),
        namespaces: namespaces.iter().map(ToString::to_string).collect(),
        labels: String::new(),
        fields: String::new(),
        columns: Vec::new(),
        exact: false,
    };
    let (mut told, mut rows) = (Told::default(), fleet.watch(spec(&[&one])));
    told.until("what may be read", &mut rows, |told| told.seen.phase == Some(Phase::Synced)).await;
    assert_eq!((told.seen.names(), told.lacks()), (vec!["web"], vec![("cronjobs", Some(one.as_str()))]));
    let problem = &told.gaps[0].problem;
    is_said(problem, "cluster.forbidden", "resource \"cronjobs\" in API group \"batch\"");

    // The others are live.
    real.says(&["scale", "deployment", "web", "--replicas", "3"], "");
    told.until("the change", &mut rows, |told| told.seen.cell("web", "READY").is_some_and(|ready| ready == "0/3")).await;
    assert_eq!(told.seen.phase, Some(Phase::Synced));

    // Nothing of it may be read elsewhere: then there is no view.
    let (mut nothing, mut elsewhere) = (Told::default(), fleet.watch(spec(&["default"])));
    nothing.until("a refusal", &mut elsewhere, |told| stale(&told.seen).is_some()).await;
    is_said(stale(&nothing.seen).unwrap(), "cluster.forbidden", "in the namespace \"default\"");

    // What is granted comes by itself; it is asked for again after a while.
    let rule = r#"[{"op": "add", "path": "/rules/0/resources/-", "value": "cronjobs"}]"#;
    real.says(&["patch", "role", "looks", "--type=json", "-p", rule], "");
    told.until("the cron job", &mut rows, |told| told.seen.names() == ["report", "web"] && told.lacks().is_empty()).await;
}
