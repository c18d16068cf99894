//! A release of Helm in the sandbox: the shop's database, as Helm keeps what it has installed. The payloads are made as Helm makes them.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::scenario::time;

/// Release, and the chart it is of.
const NAME: &str = "db";
const CHART: &str = "postgres";

/// Versions of the chart and of what is in it, and how each went, oldest first.
const REVISIONS: [(&str, &str, &str, &str); 3] = [
    ("16.2.0", "17.0", "superseded", "Install complete"),
    ("16.4.1", "17.1", "superseded", "Upgrade complete"),
    ("16.4.2", "17.2", "deployed", "Upgrade complete"),
];

/// The Secrets of its revisions: name, age in seconds, body. `age` is that of the oldest, in seconds.
pub(super) fn revisions(now: i64, age: i64) -> Vec<(String, i64, Value)> {
    let first = now - age;
    let count = i64::try_from(REVISIONS.len()).unwrap_or(1);
    REVISIONS
        .iter()
        .zip(1i64..)
        .map(|(revision, number)| {
            let deployed = first + (number - 1) * age / count;
            let payload = payload(number, *revision, first, deployed).to_string();
            let labels = json!({"owner": "helm", "name": NAME, "status": revision.2, "version": number.to_string(), "modifiedAt": deployed.to_string()});
            let body = json!({"type": "helm.sh/release.v1", "metadata": {"labels": labels}, "data": {"release": STANDARD.encode(packed(payload.as_bytes()))}});
            (format!("sh.helm.release.v1.{NAME}.v{number}"), now - deployed, body)
        })
        .collect()
}

/// Gzip, in base64. Writing into memory does not fail.
fn packed(bytes: &[u8]) -> String {
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    _ = zip.write_all(bytes);
    STANDARD.encode(zip.finish().unwrap_or_default())
}

fn payload(number: i64, (chart, app, status, said): (&str, &str, &str, &str), first: i64, deployed: i64) -> Value {
    let mut config =
        json!({"auth": {"database": "shop", "password": "not-a-real-password"}, "persistence": {"size": if number < 2 { "10Gi" } else { "20Gi" }}});
    if number > 2 {
        config["resources"] = json!({"requests": {"cpu": "250m", "memory": "512Mi"}});
    }
    let defaults = json!({"auth": {"database": "", "password": "", "username": "shop"}, "persistence": {"enabled": true, "size": "8Gi"}, "replicas": 1,
        "resources": {}, "service": {"port": 5432}});
    json!({
        "name": NAME, "namespace": "shop", "version": number,
        "info": {"first_deployed": time(first), "last_deployed": time(deployed), "deleted": "", "description": said, "status": status,
            "notes": "The database answers inside the cluster at db.shop.svc:5432.\nIts password is in Secret db-auth."},
        "chart": {"metadata": {"name": CHART, "version": chart, "appVersion": app, "apiVersion": "v2", "description": "A database for the shop"},
            "lock": null, "templates": [], "values": defaults, "schema": null, "files": []},
        "config": config,
        "manifest": manifest(chart, app),
    })
}

fn manifest(chart: &str, app: &str) -> String {
    format!(
        "---\n# Source: {CHART}/templates/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db-auth\n  labels:\n    helm.sh/chart: {CHART}-{chart}\n\
         stringData:\n  password: not-a-real-password\n---\n# Source: {CHART}/templates/statefulset.yaml\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  \
         name: db\n  labels:\n    helm.sh/chart: {CHART}-{chart}\nspec:\n  replicas: 1\n  serviceName: db\n  template:\n    spec:\n      containers:\n        \
         - name: db\n          image: shop/postgres:{app}\n"
    )
}
