//! Fortio's JSON (fortio.org/fortio, `HTTPRunnerResults`): times in seconds, durations in nanoseconds, percentiles linear within a bucket.
//!
//! What is written has buckets as fine as our histogram, so that Fortio's own code finds the same percentiles within them. Credentials in a file
//! (`UserCredentials`, `Payload`, names and tokens in addresses) are never read. Fortio itself measures from the send; what we write says in a field of its
//! own, `LatencyFrom`, which Fortio passes over, where latencies begin.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::spectrum::{Bin, Spectrum};
use super::super::store::Kept;
use super::super::{Run, Shape};
use super::{Read, Sketch, seconds};
use crate::load::record::Class;
use crate::text::age;
use crate::text::credentials::stripped;

/// Most buckets that are read of one file; Fortio itself has about 60.
const MOST: usize = 100_000;
/// Fields that may hold a credential and are not read.
const SECRET: [&str; 4] = ["UserCredentials", "Payload", "Key", "Cert"];

/// What is read of a file. A field that is missing is as Fortio leaves it out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct File {
    run_type: String,
    labels: String,
    start_time: Option<String>,
    #[serde(rename = "RequestedQPS")]
    requested_qps: Value,
    requested_duration: String,
    #[serde(rename = "ActualQPS")]
    actual_qps: f64,
    actual_duration: Value,
    num_threads: Value,
    duration_histogram: Histogram,
    exactly: Value,
    ret_codes: BTreeMap<String, Value>,
    #[serde(rename = "URL")]
    url: String,
    destination: String,
    #[serde(rename = "HTTPReqTimeOut")]
    timeout: Value,
    sizes: Option<Histogram>,
    header_sizes: Option<Histogram>,
    bytes_received: Value,
    latency_from: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Histogram {
    count: Value,
    min: f64,
    max: f64,
    sum: f64,
    avg: f64,
    data: Vec<Bucket>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Bucket {
    start: f64,
    end: f64,
    count: Value,
}

/// Reads a file, also Nighthawk's, which writes its 64-bit numbers as text.
pub(super) fn read(value: &Value) -> Result<Read, String> {
    let file = File::deserialize(value).map_err(|error| error.to_string())?;
    let mut remarks = Vec::new();
    let held = |name: &&&str| value.get(**name).is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    let secrets: Vec<&str> = SECRET.iter().filter(held).copied().collect();
    if !secrets.is_empty() {
        remarks.push(format!("not read, as it may hold credentials: {}", secrets.join(", ")));
    }
    let (url, taken) = stripped(if file.url.is_empty() { &file.destination } else { &file.url });
    if taken {
        remarks.push("credentials in the address were taken out".into());
    }
    let spectrum = spectrum(&file.duration_histogram)?;
    let errors = errors(&file.ret_codes)?;
    let requests = whole(&file.duration_histogram.count, "Count")?;
    let sockets = errors.get("socket").copied().unwrap_or(0);
    // Fortio counts a call that failed at its socket as one with a duration; we write such calls beside those with one.
    let beside = codes(&file.ret_codes)? > requests;
    if value.get("ConnectionStats").is_some_and(|stats| !stats.is_null()) {
        remarks.push("the times of its connections are not kept".into());
    }
    let width = spectrum.width_ns();
    let (latency, from) = match file.latency_from.as_str() {
        "plan" => ("plan", "count from the plan"),
        "unknown" => ("unknown", "count from the plan or the send, which is not known"),
        _ => ("send", "count from the send"),
    };
    remarks.push(format!("its latencies {from}, in buckets of up to {}", crate::text::quantity::latency(width)));
    let plan = Shape {
        connections: usize::try_from(whole(&file.num_threads, "NumThreads")?).unwrap_or(usize::MAX),
        duration_ns: age::parse(&file.requested_duration).map_or(0, age::nanoseconds),
        requests: Some(whole(&file.exactly, "Exactly")?).filter(|count| *count > 0),
        rate: number(&file.requested_qps).filter(|rate| *rate > 0.0 && rate.is_finite()),
        timeout_ns: whole(&file.timeout, "HTTPReqTimeOut")?,
        ..Shape::default()
    };
    let sketch = Sketch {
        format: "fortio",
        latency,
        url,
        what: Some(format!("{} {}", file.run_type, file.labels).trim().to_owned()).filter(|what| !what.is_empty()),
        started: file.start_time.as_deref().and_then(|time| time.parse().ok()),
        elapsed_ns: whole(&file.actual_duration, "ActualDuration")?,
        requests: if beside { requests } else { requests.saturating_sub(sockets) },
        rate: Some(file.actual_qps).filter(|rate| *rate >= 0.0 && rate.is_finite()),
        bytes: bytes(&file)?,
        errors,
        plan,
        labels: if file.labels.is_empty() { BTreeMap::new() } else { [("fortio".to_owned(), file.labels.clone())].into() },
        latencies: None,
    };
    Ok(Read { runs: vec![sketch.run(spectrum, Vec::new(), None, &remarks)], remarks })
}

fn spectrum(histogram: &Histogram) -> Result<Spectrum, String> {
    if histogram.data.len() > MOST {
        return Err(format!("{} buckets are more than the {MOST} that are read", histogram.data.len()));
    }
    let mut bins: Vec<Bin> = Vec::with_capacity(histogram.data.len());
    for bucket in &histogram.data {
        let (from_ns, to_ns) = (seconds(bucket.start, "the start of a bucket")?, seconds(bucket.end, "the end of a bucket")?);
        if to_ns < from_ns || bins.last().is_some_and(|last| from_ns < last.to_ns) {
            return Err(format!("the bucket from {} to {} overlaps another or ends before it begins", bucket.start, bucket.end));
        }
        let count = whole(&bucket.count, "the count of a bucket")?;
        if count > 0 {
            bins.push(Bin { from_ns, to_ns, count });
        }
    }
    let known = !bins.is_empty();
    let (min, max) = (seconds(histogram.min, "Min")?, seconds(histogram.max, "Max")?);
    Ok(Spectrum::of_bins(bins, known.then_some(min), known.then_some(max), known.then_some(seconds(histogram.avg, "Avg")? as f64)))
}

/// Failures by our classes, as far as codes tell them; −1 is any trouble with a socket.
fn errors(codes: &BTreeMap<String, Value>) -> Result<BTreeMap<String, u64>, String> {
    let mut errors = BTreeMap::new();
    for (code, count) in codes {
        let class = match code.parse::<i64>() {
            Ok(-1) => "socket".to_owned(),
            Ok(400..500) => Class::Status4xx.name().to_owned(),
            Ok(500..) => Class::Status5xx.name().to_owned(),
            Ok(_) => continue,
            Err(_) if matches!(code.as_str(), "OK" | "SERVING" | "1") => continue,
            Err(_) => format!("grpc {code}"),
        };
        let sum: &mut u64 = errors.entry(class).or_default();
        *sum = sum.saturating_add(whole(count, "a count of RetCodes")?);
    }
    Ok(errors.into_iter().filter(|(_, count)| *count > 0).collect())
}

/// All calls that a code is known of.
fn codes(codes: &BTreeMap<String, Value>) -> Result<u64, String> {
    codes.values().try_fold(0u64, |sum, count| Ok(sum.saturating_add(whole(count, "a count of RetCodes")?)))
}

/// Sizes are of bodies; Fortio's own client counts heads among them.
fn bytes(file: &File) -> Result<u64, String> {
    let sum = |histogram: &Option<Histogram>| histogram.as_ref().map_or(0.0, |sizes| if sizes.sum.is_finite() { sizes.sum.max(0.0) } else { 0.0 });
    let sizes = sum(&file.sizes) + sum(&file.header_sizes) * f64::from(u8::from(file.sizes.is_none()));
    Ok((sizes as u64).max(whole(&file.bytes_received, "BytesReceived")?))
}

/// A count, as a number or as text.
fn whole(value: &Value, what: &str) -> Result<u64, String> {
    match value {
        Value::Null => Ok(0),
        Value::Number(number) => number.as_u64().ok_or_else(|| format!("{what} is {number}, which is no count")),
        Value::String(text) => text.parse().map_err(|_| format!("{what} is no count")),
        _ => Err(format!("{what} is no count")),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// A run as Fortio would have written it.
pub(super) fn write(kept: &Kept) -> String {
    let (run, spectrum) = (&kept.run, &kept.spectrum);
    let (url, _) = stripped(&run.target.url);
    let labels = labels(kept);
    let id = format!("{}-{}", run.started.strftime("%Y-%m-%d-%H%M%S"), slug(&labels));
    let text = json!({
        "RunType": run_type(&url),
        "LatencyFrom": run.latency(),
        "Labels": labels,
        "StartTime": run.started,
        "RequestedQPS": run.plan.rate.map_or_else(|| "max".to_owned(), |rate| rate.to_string()),
        "RequestedDuration": run.plan.requests.map_or_else(|| go_duration(run.plan.duration_ns), |count| format!("exactly {count} calls")),
        "ActualQPS": run.requests_per_second,
        "ActualDuration": run.elapsed_ns,
        "NumThreads": run.plan.connections,
        "Version": concat!("meshplay ", env!("CARGO_PKG_VERSION")),
        "DurationHistogram": histogram(spectrum),
        "ErrorsDurationHistogram": null,
        "Exactly": run.plan.requests.unwrap_or(0),
        "Jitter": false, "Uniform": true, "NoCatchUp": false, "RunID": 0, "AccessLoggerInfo": "",
        "ID": id,
        "RetCodes": statuses(run),
        "IPCountMap": {},
        "URL": url,
        "NumConnections": run.plan.connections,
        "HTTPReqTimeOut": run.plan.timeout_ns,
        "Resolution": 0.000_001,
        "Sizes": null, "HeaderSizes": null, "Sockets": [], "SocketCount": run.plan.connections, "ConnectionStats": null, "AbortOn": 0,
    });
    format!("{text:#}\n")
}

fn histogram(spectrum: &Spectrum) -> Value {
    let count = spectrum.count();
    let as_seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
    let mut passed = 0u64;
    let last = spectrum.bins.len().saturating_sub(1);
    let mut bucket = |(at, bin): (usize, &Bin)| {
        passed = passed.saturating_add(bin.count);
        let from_ns = if at == 0 { spectrum.min_ns } else { bin.from_ns };
        let to_ns = if at == last { spectrum.max_ns } else { bin.to_ns };
        json!({"Start": as_seconds(from_ns), "End": as_seconds(to_ns), "Percent": 100.0 * passed as f64 / count as f64, "Count": bin.count})
    };
    let data: Vec<Value> = spectrum.bins.iter().enumerate().map(&mut bucket).collect();
    let percentile = |share: f64| spectrum.percentile(share).map(|value| json!({"Percentile": share * 100.0, "Value": as_seconds(value)}));
    let percentiles: Vec<Value> = [0.5, 0.75, 0.9, 0.99, 0.999].into_iter().filter_map(percentile).collect();
    json!({
        "Count": count, "Min": as_seconds(spectrum.min_ns), "Max": as_seconds(spectrum.max_ns),
        "Sum": spectrum.mean_ns * count as f64 / 1e9, "Avg": spectrum.mean_ns / 1e9, "StdDev": spectrum.deviation_ns / 1e9,
        "Data": data,
        "Percentiles": percentiles,
    })
}

/// Status classes as their first code; whatever failed without an answer as −1.
fn statuses(run: &Run) -> Map<String, Value> {
    let class = |class: Class| run.errors.get(class.name()).copied().unwrap_or(0);
    let (of_4xx, of_5xx) = (class(Class::Status4xx), class(Class::Status5xx));
    let codes = [("200", run.succeeded()), ("400", of_4xx), ("500", of_5xx), ("-1", run.failed().saturating_sub(of_4xx.saturating_add(of_5xx)))];
    codes.into_iter().filter(|(_, count)| *count > 0).map(|(code, count)| (code.to_owned(), count.into())).collect()
}

/// As Fortio names its runners.
fn run_type(url: &str) -> &'static str {
    match url.split_once("://").map_or("", |(scheme, _)| scheme) {
        "grpc" | "grpcs" => "GRPC",
        "tcp" => "TCP",
        "udp" => "UDP",
        _ => "HTTP",
    }
}

fn labels(kept: &Kept) -> String {
    let run = &kept.run;
    let environment = run.provenance.environment.iter().map(|id| format!("environment={id}"));
    let labels = run.provenance.labels.iter().map(|(key, value)| format!("{key}={value}"));
    run.target.what.clone().into_iter().chain(run.provenance.profile.clone()).chain(labels).chain(environment).collect::<Vec<_>>().join(" ")
}

/// As Fortio makes a name of its labels.
fn slug(labels: &str) -> String {
    labels.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(70).collect()
}

/// A duration as Go reads it.
fn go_duration(nanoseconds: u64) -> String {
    if nanoseconds.is_multiple_of(1_000_000_000) { format!("{}s", nanoseconds / 1_000_000_000) } else { format!("{}ms", nanoseconds / 1_000_000) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Found;
    use super::*;

    /// The run of the fixture.
    pub(in super::super) fn found() -> Found {
        read(FILE).unwrap().runs.remove(0)
    }

    const FILE: &str = include_str!("../../../tests/fixtures/fortio.json");

    fn read(text: &str) -> Result<Read, String> {
        super::read(&serde_json::from_str(text).unwrap())
    }

    /// The percentiles stand in the file as Fortio computed them.
    #[test]
    fn a_file_of_fortio_shows_fortios_percentiles() {
        let found = read(FILE).unwrap().runs.remove(0);
        let file: Value = serde_json::from_str(FILE).unwrap();
        let theirs = |percentile: f64| {
            let rows = file["DurationHistogram"]["Percentiles"].as_array().unwrap();
            rows.iter().find(|row| row["Percentile"] == percentile).unwrap()["Value"].as_f64().unwrap() * 1e9
        };
        let ours = &found.run.latencies;
        for (ours, percentile) in [(ours.p50, 50.0), (ours.p75, 75.0), (ours.p90, 90.0), (ours.p99, 99.0)] {
            assert!((ours.unwrap() as f64 - theirs(percentile)).abs() < 2.0, "p{percentile}: {ours:?} is not {}", theirs(percentile));
        }
        assert_eq!(found.run.requests, file["DurationHistogram"]["Count"].as_u64().unwrap());
        assert!((found.run.requests_per_second - file["ActualQPS"].as_f64().unwrap()).abs() < 1e-5);
        assert_eq!((found.run.plan.connections, found.run.plan.rate), (4, Some(1000.0)));
        let width = found.run.provenance.imported.as_ref().unwrap().width_ns;
        assert!(width >= 1_000_000, "the resolution was a millisecond: {width}");
    }

    /// A run of an open loop of which a tenth was never answered, and one of a closed loop over TCP.
    #[test]
    fn what_we_wrote_is_read_as_it_was_meant() {
        let mut kept = Kept { run: found().run, lines: Vec::new(), spectrum: found().spectrum, log: None, environment: None, notes: Vec::new() };
        kept.run.provenance.imported = None;
        (kept.run.requests, kept.run.planned_rate, kept.run.errors) = (1_984, Some(1_000.0), [("timeout".to_owned(), 220)].into());
        let again = |kept: &Kept| read(&write(kept)).unwrap();
        let planned = again(&kept);
        let (run, imported) = (&planned.runs[0].run, planned.runs[0].run.provenance.imported.as_ref().unwrap());
        assert_eq!((imported.latency.as_str(), run.latency(), run.requests, run.failed(), run.tried()), ("plan", "plan", 1_984, 220, 2_204));
        assert!(planned.remarks.iter().any(|remark| remark.contains("from the plan")), "{:?}", planned.remarks);
        (kept.run.planned_rate, kept.run.target.url) = (None, "tcp://127.0.0.1:6379".into());
        assert_eq!(again(&kept).runs[0].run.latency(), "send");
        assert!(write(&kept).contains(r#""RunType": "TCP""#) && !FILE.contains("LatencyFrom"));
    }

    #[test]
    fn credentials_are_never_read() {
        let text = FILE.replace("\"UserCredentials\": \"\"", "\"UserCredentials\": \"me:hunter2\"").replace("http://", "http://me:hunter2@");
        assert!(text.matches("hunter2").count() >= 2);
        let read = read(&text).unwrap();
        assert!(!format!("{read:?}").contains("hunter2"));
        assert!(read.remarks.iter().any(|remark| remark.contains("UserCredentials")) && read.remarks.iter().any(|remark| remark.contains("address")));
    }

    #[test]
    fn numbers_that_are_none_are_refused_by_name() {
        let with = |histogram: &str| read(&format!("{{\"DurationHistogram\": {histogram}}}"));
        for (histogram, word) in [
            (r#"{"Count": -1}"#, "Count"),
            (r#"{"Count": 1, "Data": [{"Start": -0.1, "End": 1, "Count": 1}]}"#, "start"),
            (r#"{"Count": 1, "Data": [{"Start": 2, "End": 1, "Count": 1}]}"#, "before"),
            (r#"{"Count": 2, "Data": [{"Start": 0, "End": 2, "Count": 1}, {"Start": 1, "End": 3, "Count": 1}]}"#, "overlaps"),
            (r#"{"Count": 1, "Data": [{"Start": 0, "End": 2, "Count": 1.5}]}"#, "count"),
        ] {
            let why = with(histogram).unwrap_err();
            assert!(why.contains(word), "{histogram}: {why}");
        }
        let found =
            with(r#"{"Count": 18446744073709551615, "Max": 1e308, "Data": [{"Start": 0, "End": 1e308, "Count": 18446744073709551615}]}"#).unwrap();
        assert_eq!(found.runs[0].run.requests, u64::MAX);
    }
}
