//! Permutations on the shop, by the real program: a variant of a service is rolled out, measured and taken back, also after a kill in the middle.

use std::io::Read;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::process::Served;
use super::script::{begun, deployment, ran, runs_of};

/// The variant is 40 ms slower; both are measured with 60 requests a round.
const FILE: &str = "
name: slower web
seed: 2
repeats: 2
target: {namespace: shop, name: web, ready_within: 2m}
endpoints:
- {name: home, url: 'service://shop/web/'}
loads:
- {name: short, connections: 2, requests: 60, duration: 60s}
configurations:
- {name: as it is}
- {name: slower, patch: {metadata: {annotations: {shop.meshplay/latency: 40ms}}}}
- {name: four, replicas: 4}
";

/// Web as the server has it: replicas and the annotation.
async fn web(served: &Served) -> (u64, Option<String>) {
    let object = deployment(served, "web", None).await;
    let annotation = object["metadata"]["annotations"]["shop.meshplay/latency"].as_str().map(str::to_owned);
    (object["spec"]["replicas"].as_u64().unwrap(), annotation)
}

fn write(folder: &Path, text: &str) -> String {
    let path = folder.join("matrix.yaml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn medians(served: &Served, result: &Value, configuration: &str) -> Vec<u64> {
    let of = |id: String| {
        let (_, out, _) = ran(served, &format!("perf show {id} -o json"));
        serde_json::from_str::<Value>(&out).unwrap()["latencies"]["p50"].as_u64().unwrap()
    };
    runs_of(result, configuration).into_iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slower_variant_is_measured_beside_the_others_and_taken_back() {
    let (served, folder) = (Served::start(), tempfile::tempdir().unwrap());
    let file = write(folder.path(), FILE);
    let (code, out, err) = ran(&served, &format!("perf permute {file} --dry-run"));
    assert!(code == Some(0) && out.contains("6 runs") && out.contains("\"replicas\":4") && out.contains("as it was"), "{out}{err}");
    assert_eq!(web(&served).await, (3, None));

    let (code, out, err) = ran(&served, &format!("perf permute {file} -o json"));
    assert_eq!(code, Some(0), "{err}");
    let result: Value = serde_json::from_str(&out).unwrap();
    let [usual, slower, four] = ["as it is", "slower", "four"].map(|name| medians(&served, &result, name));
    assert_eq!((usual.len(), slower.len(), four.len()), (2, 2, 2));
    assert!(slower.iter().all(|median| *median > 40_000_000), "{slower:?}");
    assert!(usual.iter().all(|median| *median < 40_000_000), "{usual:?}");
    assert!(err.contains("6 of 6") && err.contains("the target is as it was"), "{err}");
    assert_eq!(web(&served).await, (3, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_one_changed_is_put_back_by_the_next() {
    let (served, folder) = (Served::start(), tempfile::tempdir().unwrap());
    let only_slower = FILE.replace("- {name: as it is}\n", "").replace("- {name: four, replicas: 4}\n", "");
    let file = write(folder.path(), &only_slower);
    let (mut child, _err) = begun(&served, &format!("perf permute {file}"), "1 of 2");
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    assert_eq!(web(&served).await, (3, Some("40ms".into())));

    let (code, _, err) = ran(&served, &format!("perf permute {file}"));
    assert!(code == Some(1) && err.contains("is not as it was") && err.contains("--recover"), "{err}");
    let (code, out, err) = ran(&served, "perf permute --recover");
    assert!(code == Some(0) && out.contains("web"), "{out}{err}");
    assert_eq!(web(&served).await, (3, None));
    let (code, _, err) = ran(&served, "perf permute --recover");
    assert!(code == Some(0) && err.contains("nothing was left"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_puts_the_target_back_and_bad_files_change_nothing() {
    let (served, folder) = (Served::start(), tempfile::tempdir().unwrap());
    let long = FILE.replace("requests: 60, ", "").replace("- {name: as it is}\n", "").replace("- {name: four, replicas: 4}\n", "");
    let file = write(folder.path(), &long);
    let (mut child, mut err) = begun(&served, &format!("perf permute {file}"), "1 of 2");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    child.wait().unwrap();
    assert!(rest.contains("the target is as it was"), "{rest}");
    assert_eq!(web(&served).await, (3, None));

    for (text, code, word) in [
        (FILE.replace("name: web,", "name: nobody,"), 1, "no such thing"),
        (FILE.replace("replicas: 4", "image: 'nobody=x:1'"), 1, "no container"),
        (FILE.replace("seed: 2", "seeds: 2"), 2, "seeds"),
        (FILE.replace("shop/web/", "shop/nobody/"), 1, "no such thing"),
    ] {
        let (found, _, err) = ran(&served, &format!("perf permute {}", write(folder.path(), &text)));
        assert!(found == Some(code) && err.contains(word), "{found:?} {err}");
        assert_eq!(web(&served).await, (3, None));
    }
}
