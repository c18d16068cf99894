//! Results of the Service Mesh Performance specification (`smp.PerformanceTestResult`, proto3 as JSON or YAML). Ours are truthful: milliseconds under `latencies_ms`.
//!
//! The published sample and some programs write seconds there; what was read is checked against Little's law and told.

use serde_json::{Map, Value, json};

use super::super::store::Kept;
use super::super::{Latencies, Shape};
use super::{Read, Sketch};
use crate::text::age;
use crate::text::credentials::{is_secret, stripped};

/// Version of the specification that is written.
const VERSION: &str = "v0.0.1";

/// A value under its name in proto (`actual_qps`) or in its JSON form (`actualQps`).
pub(super) fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| value.get(camel(name))).filter(|found| !found.is_null())
}

/// `actual_qps` as `actualQps`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| text + &word[..1].to_ascii_uppercase() + &word[1..])
}

/// Whether a document is such a result.
pub(super) fn is_result(value: &Value) -> bool {
    field(value, "latencies_ms").is_some()
}

/// Reads a result.
pub(super) fn read(value: &Value) -> Result<Read, String> {
    let latencies_ms = field(value, "latencies_ms").ok_or("it has no latencies_ms")?;
    let at = |name: &str| match latencies_ms.get(name).map(number) {
        None => Ok(None),
        Some(Some(ms)) if ms.is_finite() && ms >= 0.0 => Ok(Some((ms * 1e6).round() as u64)),
        Some(_) => Err(format!("latencies_ms.{name} is no time")),
    };
    let latencies = Latencies {
        min: at("min")?,
        mean: at("average")?,
        p50: at("p50")?,
        p90: at("p90")?,
        p99: at("p99")?,
        max: at("max")?,
        ..Latencies::default()
    };
    let qps = field(value, "actual_qps").and_then(number).filter(|qps| qps.is_finite() && *qps >= 0.0);
    let moment = |name: &str| field(value, name).and_then(Value::as_str).and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let (started, ended) = (moment("start_time"), moment("end_time"));
    let elapsed_ns = started.zip(ended).and_then(|(from, to)| u64::try_from(to.as_nanosecond() - from.as_nanosecond()).ok()).unwrap_or(0);
    let labels: std::collections::BTreeMap<String, String> = labels(value);
    let connections = labels.get("connections").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut remarks = vec!["it knows no counts: how many requests there were is taken from rate and time".to_owned()];
    remarks.extend(doubt(latencies.mean.or(latencies.p50), qps, connections));
    let sketch = Sketch {
        format: "smp",
        latency: "unknown",
        what: field(value, "id").and_then(Value::as_str).map(|id| format!("SMP result {id}")),
        started,
        elapsed_ns,
        requests: qps.map_or(0, |qps| (qps * elapsed_ns as f64 / 1e9).round() as u64),
        rate: qps,
        plan: Shape { connections, duration_ns: elapsed_ns, ..Shape::default() },
        labels,
        latencies: Some(latencies),
        ..Sketch::default()
    };
    Ok(Read { runs: vec![sketch.run(Default::default(), Vec::new(), None, &remarks)], remarks })
}

/// Little's law: as many requests are under way as arrive in the time one of them takes; more than there are connections cannot be, and next to none looks like
/// seconds that were written as milliseconds.
fn doubt(mean_ns: Option<u64>, qps: Option<f64>, connections: usize) -> Option<String> {
    let (mean, qps) = (mean_ns? as f64 / 1e9, qps?);
    let (under_way, in_seconds) = (mean * qps, mean * 1_000.0 * qps);
    if connections > 0 && under_way > connections as f64 * 1.05 {
        return Some(format!("impossible: {under_way:.1} requests would have been under way on {connections} connections"));
    }
    let fits = connections == 0 || in_seconds <= connections as f64 * 1.05;
    (under_way < 0.01 && in_seconds >= 0.05 && fits).then(|| {
        format!("suspect: with milliseconds {under_way:.4} requests would have been under way, with seconds {in_seconds:.1}; its latencies are probably seconds")
    })
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim_end_matches("ms").parse().ok())
}

fn labels(value: &Value) -> std::collections::BTreeMap<String, String> {
    let of = |map: &Map<String, Value>| {
        map.iter().map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
    };
    let mut labels: std::collections::BTreeMap<String, String> = field(value, "labels").and_then(Value::as_object).map(of).unwrap_or_default();
    labels.retain(|key, _| !is_secret(key));
    labels
}

/// A run as a result, in JSON.
pub(super) fn write(kept: &Kept) -> String {
    let run = &kept.run;
    let ms = |value: Option<u64>| value.map(|ns| ns as f64 / 1e6);
    let latencies = [
        ("min", run.latencies.min),
        ("average", run.latencies.mean),
        ("p50", run.latencies.p50),
        ("p90", run.latencies.p90),
        ("p99", run.latencies.p99),
        ("max", run.latencies.max),
    ];
    let latencies: Map<String, Value> = latencies.into_iter().filter_map(|(name, value)| Some((name.to_owned(), ms(value)?.into()))).collect();
    let mut labels = run.provenance.labels.clone();
    labels.insert("connections".into(), run.plan.connections.to_string());
    labels.insert("requests".into(), run.requests.to_string());
    labels.insert("errors".into(), run.failed().to_string());
    labels.insert("url".into(), stripped(&run.target.url).0);
    labels.insert("duration".into(), age::human(i64::try_from(run.elapsed_ns / 1_000_000_000).unwrap_or(i64::MAX)));
    let text = json!({
        "smp_version": VERSION,
        "id": run.id,
        "labels": labels,
        "start_time": run.started,
        "end_time": run.ended,
        "latencies_ms": latencies,
        "actual_qps": run.requests_per_second,
        "details_uri": "",
        "test_id": run.provenance.profile_hash.clone().unwrap_or_default(),
        "mesh_config_id": "",
        "env_id": run.provenance.environment.clone().unwrap_or_default(),
    });
    format!("{text:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Read {
        super::read(&crate::text::yaml::read(text).unwrap()).unwrap()
    }

    /// The latencies of the specification's published sample, which are seconds.
    #[test]
    fn seconds_where_milliseconds_belong_are_told() {
        let sample = "smp_version: v0.0.1\nid: a\nlabels: {connections: 2}\nstart_time: 2020-01-01T00:00:00Z\nend_time: 2020-01-01T00:01:00Z\n\
                      latencies_ms: {min: 0.01, average: 0.02, p50: 0.02, p90: 0.04, p99: 0.055, max: 0.06}\nactual_qps: 40\n";
        let found = read(sample);
        assert!(found.remarks.iter().any(|remark| remark.contains("probably seconds")), "{:?}", found.remarks);
        let run = &found.runs[0].run;
        assert_eq!((run.latencies.p99, run.requests, run.plan.connections), (Some(55_000), 2_400, 2));
        let honest = read(&sample.replace("0.0", "1"));
        assert!(!honest.remarks.iter().any(|remark| remark.contains("suspect") || remark.contains("impossible")), "{:?}", honest.remarks);
        let slow = read(&sample.replace("average: 0.02", "average: 500"));
        assert!(slow.remarks.iter().any(|remark| remark.starts_with("impossible: 20.0 requests")), "{:?}", slow.remarks);
    }

    #[test]
    fn names_of_proto_and_of_its_json_are_read_and_nonsense_is_refused() {
        let found = read(r#"{"latenciesMs": {"p50": "3"}, "actualQps": "10", "labels": {"api-token": "x", "a": "b"}}"#);
        assert_eq!((found.runs[0].run.latencies.p50, found.runs[0].run.requests_per_second), (Some(3_000_000), 10.0));
        assert_eq!(found.runs[0].run.provenance.labels, [("a".to_owned(), "b".to_owned())].into());
        for broken in ["latencies_ms: {p50: -1}", "latencies_ms: {p50: [1]}"] {
            assert!(super::read(&crate::text::yaml::read(broken).unwrap()).is_err(), "{broken}");
        }
    }
}
