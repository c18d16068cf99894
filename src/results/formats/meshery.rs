//! Results of Meshery and of its kin: a result or a page of them, in snake_case or camelCase, each around what Fortio measured (`runner_results`).

use serde_json::{Value, json};

use super::super::store::Kept;
use super::smp::field;
use super::{Read, fortio};

/// Most results that are read of one page.
const MOST: usize = 10_000;

/// Whether a document is such a result, or a page of them.
pub(super) fn is_result(value: &Value) -> bool {
    let one = |value: &Value| field(value, "runner_results").is_some();
    one(value) || value.get("results").and_then(Value::as_array).is_some_and(|results| results.iter().any(one))
}

/// Reads them all; one that cannot be read is told.
pub(super) fn read(value: &Value) -> Result<Read, String> {
    let mut read = Read::default();
    let page = value.get("results").and_then(Value::as_array);
    let results: Vec<&Value> = page.map_or_else(|| vec![value], |results| results.iter().take(MOST).collect());
    for (at, result) in results.iter().enumerate() {
        match one(result) {
            Ok(found) => {
                read.remarks.extend(found.remarks.into_iter().filter(|remark| !remark.is_empty()));
                read.runs.extend(found.runs);
            }
            Err(why) if results.len() == 1 => return Err(why),
            Err(why) => read.remarks.push(format!("result {} was left out: {why}", at + 1)),
        }
    }
    read.remarks.sort();
    read.remarks.dedup();
    if ["server_metrics", "server_board_config"].iter().any(|name| results.iter().any(|result| field(result, name).is_some())) {
        read.remarks.push("metrics of servers and their boards are not kept".into());
    }
    if read.runs.is_empty() { Err(read.remarks.join("; ")) } else { Ok(read) }
}

fn one(result: &Value) -> Result<Read, String> {
    let runner = field(result, "runner_results").ok_or("it has no runner_results")?;
    let mut read = fortio::read(runner)?;
    let text = |value: &Value, name: &str| {
        field(value, name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(crate::text::sanitise).map(String::from)
    };
    for found in &mut read.runs {
        let labels = [
            ("mesh", text(result, "mesh")),
            ("performance_profile", text(result, "performance_profile")),
            ("load-generator", text(runner, "load-generator")),
            ("kubernetes", runner.get("kubernetes").and_then(|kubernetes| text(kubernetes, "server_version"))),
        ];
        found.run.provenance.labels.extend(labels.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        found.run.target.what = text(result, "name").or(found.run.target.what.take());
        if let Some(imported) = &mut found.run.provenance.imported {
            imported.format = "meshery".into();
        }
        found.run.id = found.run.id.replace("-fortio-", "-meshery-");
    }
    Ok(read)
}

/// A run as a result of the snake_case generation, which every version reads.
pub(super) fn write(kept: &Kept) -> Result<String, String> {
    let mut runner: Value = serde_json::from_str(&fortio::write(kept)).map_err(|error| error.to_string())?;
    runner["load-generator"] = "meshplay".into();
    let run = &kept.run;
    let label = |name: &str| run.provenance.labels.get(name).cloned().unwrap_or_default();
    let text = json!({
        "name": run.target.what.clone().or(run.provenance.profile.clone()).unwrap_or_else(|| run.id.clone()),
        "mesh": label("mesh"),
        "performance_profile": label("performance_profile"),
        "test_id": "",
        "runner_results": runner,
        "server_metrics": null,
        "server_board_config": null,
        "test_start_time": run.started,
    });
    Ok(format!("{text:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORTIO: &str = include_str!("../../../tests/fixtures/fortio.json");

    /// The fields as `models/meshery_results.go` and the v1beta3 schema name them.
    #[test]
    fn every_generation_is_read_alone_and_as_a_page() {
        let old = format!(r#"{{"meshery_id": "1", "name": "istio run", "mesh": "Istio", "runner_results": {FORTIO}, "test_start_time": null}}"#);
        let new = format!(r#"{{"mesheryId": "1", "name": "istio run", "mesh": "Istio", "runnerResults": {FORTIO}, "serverMetrics": {{}}}}"#);
        let page = format!(r#"{{"page": 0, "page_size": 10, "total_count": 3, "results": [{old}, {new}, {{"name": "no run"}}]}}"#);
        for (text, count) in [(&old, 1), (&new, 1), (&page, 2)] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert!(is_result(&value));
            let found = read(&value).unwrap();
            assert_eq!(found.runs.len(), count);
            let run = &found.runs[0].run;
            assert_eq!((run.target.what.as_deref(), run.provenance.labels["mesh"].as_str(), run.requests), (Some("istio run"), "Istio", 1984));
            assert!(run.id.contains("-meshery-"));
        }
        let told = read(&serde_json::from_str(&page).unwrap()).unwrap().remarks.join("; ");
        assert!(told.contains("result 3 was left out") && told.contains("metrics of servers"), "{told}");
    }
}
