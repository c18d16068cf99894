//! The whole story of a load test as a script tells it, by the real program: a service of the shop is profiled, compared with a variant, given a baseline,
//! and shown to regress when it becomes slower.

use serde_json::{Value, json};

use super::process::Served;
use super::script::{deployment, ran, runs_of};

/// A service that takes 18 ms for an answer: what a busy machine adds is small beside that. Its address is another one at every start of the sandbox.
const PROFILE: &str = "
name: recommendations
endpoints: ['service://shop/recommend/']
concurrentRequest: 4
qps: 0
duration: 60s
meshplay:
  requests: 80
  repeat: 6
  gate: [p50]
  band: 40
  slo: [errors<1%]
";

/// The variant takes 40 ms more.
const VARIANT: &str = "
name: slower recommendations
repeats: 6
target: {namespace: shop, name: recommend, settle: 0s}
endpoints:
- {name: home, service: shop/recommend}
loads:
- {name: short, connections: 4, requests: 80, duration: 60s}
configurations:
- {name: as it is}
- {name: slower, patch: {metadata: {annotations: {shop.meshplay/latency: 40ms}}}}
";

/// A line of the script that has to end with that code; what it wrote to standard output.
fn line(served: &Served, code: i32, line: &str) -> String {
    let (found, out, err) = ran(served, line);
    assert_eq!(found, Some(code), "meshplay {line}\n{out}{err}");
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_profiled_compared_with_a_variant_given_a_baseline_and_shown_to_regress() {
    let (served, folder) = (Served::start(), tempfile::tempdir().unwrap());
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    // Profiled.
    assert_eq!(line(&served, 0, &format!("perf profile save {}", file("profile.yaml", PROFILE))), "recommendations\n");
    assert!(line(&served, 0, "perf run --profile recommendations").contains("passed        errors<1%"));

    // Compared with a variant.
    let result: Value = serde_json::from_str(&line(&served, 0, &format!("perf permute {} -o json", file("variant.yaml", VARIANT)))).unwrap();
    let [usual, slower] = ["as it is", "slower"].map(|name| runs_of(&result, name).join(","));
    assert!(line(&served, 0, &format!("perf compare {usual} {slower} --gate p50")).contains("WORSE  p50"));

    // Given a baseline, against which nothing has changed, also when everything has another address.
    line(&served, 0, "perf baseline set recommendations --runs last:6");
    let served = served.revive();
    line(&served, 0, "perf run --profile recommendations");
    assert!(line(&served, 0, "perf gate recommendations").starts_with("PASSED"));

    // Shown to regress.
    let slower = json!({"metadata": {"annotations": {"shop.meshplay/latency": "40ms"}}});
    deployment(&served, "recommend", Some(slower)).await;
    line(&served, 0, "perf run --profile recommendations");
    let told = line(&served, 1, "perf gate recommendations");
    assert!(told.starts_with("REGRESSION") && told.contains("worse, +"), "{told}");
    let junit = line(&served, 1, "perf gate recommendations -o junit");
    assert!(junit.contains("failures=\"1\" errors=\"0\"") && junit.contains("<failure message=\"worse, +"), "{junit}");
    let markdown = line(&served, 1, "perf gate recommendations -o markdown");
    assert!(
        markdown.starts_with("**regression**: recommendations\n") && markdown.contains("| regression | p50 against the baseline |"),
        "{markdown}"
    );
}

#[test]
fn a_service_is_loaded_by_its_name_and_one_that_is_not_there_is_told() {
    let served = Served::start();
    let run: Value = serde_json::from_str(&line(&served, 0, "perf run service://shop/web/items -n 20 -o json")).unwrap();
    assert_eq!((&run["target"]["what"], &run["requests"]), (&json!("service shop/web"), &json!(20)));
    assert!(run["target"]["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{run}");
    let (code, _, err) = ran(&served, "perf run service://shop/nobody/");
    assert!(code == Some(1) && err.contains("nobody"), "{err}");
    let (code, _, err) = ran(&served, "perf run service://shop");
    assert!(code == Some(2) && err.contains("service://shop/web/"), "{err}");
}

#[test]
fn a_profile_finds_its_service_in_its_own_cluster_whatever_the_current_one_is() {
    let (served, folder) = (Served::start(), tempfile::tempdir().unwrap());
    let nowhere = "clusters:\n- name: nowhere\n  cluster:\n    server: http://127.0.0.1:9\n";
    let context = "contexts:\n- name: nowhere\n  context: {cluster: nowhere, user: sandbox}\n";
    let kubeconfig = std::fs::read_to_string(&served.kubeconfig).unwrap();
    let both =
        kubeconfig.replace("current-context: sandbox", "current-context: nowhere").replace("clusters:\n", nowhere).replace("contexts:\n", context);
    std::fs::write(&served.kubeconfig, both).unwrap();
    let run = |cluster: &str, flags: &str| {
        let path = folder.path().join("profile.yaml");
        std::fs::write(&path, PROFILE.replace("repeat: 6", &format!("cluster: {cluster}"))).unwrap();
        ran(&served, &format!("perf run --profile {} -o json {flags}", path.display()))
    };
    let (code, out, err) = run("sandbox", "");
    assert!(code == Some(0), "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["runs"][0]["target"]["cluster"], &told["runs"][0]["requests"]), (&json!("sandbox"), &json!(80)));
    let (code, _, err) = run("no-such-cluster", "");
    assert!(code == Some(1) && err.contains("no-such-cluster"), "{err}");
    // What is typed wins over what is written.
    assert_eq!(run("no-such-cluster", "--context sandbox").0, Some(0));
}
