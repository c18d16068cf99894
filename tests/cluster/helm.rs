//! Helm releases in a real API server, kept there as Helm keeps them by a program that is not ours.

use std::process::{Command, Stdio};

use meshplay::cluster::helm::Part;
use serde_json::{Value, json};

use super::*;

/// Packs a release as Helm does: JSON, gzip, base64.
const PACK: &str = "import sys,gzip,base64; sys.stdout.write(base64.b64encode(gzip.compress(sys.stdin.buffer.read(), 9)).decode())";

fn packed(python: &std::path::Path, release: &Value) -> String {
    let mut child = Command::new(python).args(["-c", PACK]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), release.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn release(number: i64, status: &str, version: &str) -> Value {
    json!({"name": "db", "namespace": "x", "version": number, "config": {"auth": {"password": "correct-horse"}, "size": "20Gi"},
        "info": {"first_deployed": "2026-05-01T10:00:00.123456789+02:00", "last_deployed": "2026-05-02T10:00:00Z", "deleted": "", "status": status,
            "description": "Upgrade complete", "notes": "psql -W correct-horse"},
        "chart": {"metadata": {"name": "postgres", "version": version, "appVersion": "17.2"}, "values": {"size": "8Gi", "replicas": 1}},
        "manifest": "---\n# Source: a.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: correct-horse\n---\n# Source: b.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: db\n"})
}

fn labels(name: &str, number: i64, status: &str) -> Value {
    json!({"name": format!("sh.helm.release.v1.{name}.v{number}"), "labels": {"owner": "helm", "name": name, "status": status, "version": number.to_string()}})
}

fn secret(kind: &str, metadata: &Value, payload: &str) -> String {
    json!({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "stringData": {"release": payload}}).to_string()
}

#[tokio::test]
async fn releases_that_another_program_kept_are_read_and_no_secret_of_them_is_told() {
    let test = "releases_that_another_program_kept_are_read_and_no_secret_of_them_is_told";
    let (Some(real), Some(python)) = (Real::find(test), real::program(test, "python3", &[])) else { return };
    let (fleet, cluster) = real.fleet();
    let create = |object: &str| real.says(&["create", "-f", "-"], object);
    for (number, status, version) in [(9, "superseded", "16.4.1"), (10, "deployed", "16.4.2")] {
        create(&secret("helm.sh/release.v1", &labels("db", number, status), &packed(&python, &release(number, status, version))));
    }
    create(&secret("helm.sh/release.v1", &labels("broken", 1, "failed"), "correct-horse"));
    // It looks like one, and is another's.
    create(&secret("Opaque", &labels("trap", 1, "deployed"), "correct-horse"));
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": labels("maps", 2, "pending-upgrade"), "data": {"release": packed(&python, &release(2, "pending-upgrade", "1.0.0"))}});
    create(&map.to_string());

    let (mut helm, mut seen) = (real.watch(&fleet, &cluster, "helm"), Seen::default());
    let told =
        |seen: &Seen| seen.cell("db", "APP VERSION").as_deref() == Some("17.2") && seen.cell("maps", "CHART").as_deref() == Some("postgres-1.0.0");
    seen.until("what the payloads say", &mut helm, |seen| told(seen) && seen.cell("broken", "MESSAGE").is_some_and(|why| why.contains("base64")))
        .await;
    assert_eq!(seen.names(), ["broken", "db", "maps"]);
    let cells = ["REVISION", "STATUS", "CHART", "MESSAGE"].map(|column| seen.cell("db", column).unwrap());
    assert_eq!(cells, ["10", "deployed", "postgres-16.4.2", "Upgrade complete"]);
    assert_eq!(seen.row("db").unwrap().created, 1_777_622_400, "as date(1) reads 2026-05-01T10:00:00+02:00");

    let key = seen.row("db").unwrap().key();
    let (mut revisions, mut all) = (real.watch(&fleet, &cluster, "revisions"), Seen::default());
    all.until("every revision", &mut revisions, |seen| seen.cell("db.v9", "CHART").as_deref() == Some("postgres-16.4.1")).await;
    let old = all.row("db.v9").unwrap().key();
    let text = fleet.difference(&old, &all.row("db.v10").unwrap().key(), false).await.unwrap();
    assert!(text.contains("-  version: \"16.4.1\"") && text.contains("+  version: \"16.4.2\""), "{text}");

    let mut everything = text;
    for part in [Part::Values, Part::AllValues, Part::Manifest] {
        everything += &fleet.release_text(&key, part).await.unwrap();
    }
    assert!(everything.contains("size: 20Gi") && everything.contains("replicas: 1") && everything.contains("# Source: b.yaml"), "{everything}");
    let found = fleet.find(&cluster, "hr", Some(&real.namespace), "db").await.unwrap();
    everything += &fleet.yaml(&found, false).await.unwrap();
    everything += &format!("{:?}", fleet.describe(&key).await.unwrap());
    for value in ["correct-horse", "Y29ycmVjdC1ob3JzZQ"] {
        assert!(!everything.contains(value), "{everything}");
    }
    let broken = seen.row("broken").unwrap().key();
    is_said(&fleet.describe(&broken).await.unwrap_err(), "helm.payload", "base64");
    let trap = fleet.find(&cluster, "helm", Some(&real.namespace), "trap").await.unwrap_err();
    assert_eq!(trap.code, "helm.gone", "{trap}");

    // What Helm does next is seen at once.
    create(&secret("helm.sh/release.v1", &labels("db", 11, "failed"), &packed(&python, &release(11, "failed", "17.0.0"))));
    seen.until("the next revision", &mut helm, |seen| seen.cell("db", "CHART").as_deref() == Some("postgres-17.0.0")).await;
    real.says(&["delete", "secret", "sh.helm.release.v1.db.v11"], "");
    seen.until("the one before again", &mut helm, |seen| seen.cell("db", "REVISION").as_deref() == Some("10")).await;
}
