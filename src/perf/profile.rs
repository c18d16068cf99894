//! Profiles: what is measured again and again, as a YAML file that a person writes. From text to plans; where profiles lie is in `kept`, the forms of others in `foreign`.
//!
//! The fields are those of Meshery's v1beta3 profile, the older snake_case names are read too; what Meshery has no field for stands in a block `meshplay:`.

mod foreign;
pub mod kept;
mod written;

use std::collections::BTreeMap;

use serde_json::Value;

use self::written::File;
use super::Order;
use super::limit::{Limit, measured};
use super::service::Service;
use crate::load::plan::{Path, Plan};
use crate::names::{ClusterId, Problem};
use crate::results::compare::Metric;
use crate::results::gate::{Threshold, asked};
use crate::results::history::RUNS_A_POINT;
use crate::results::provenance::Turn;
use crate::results::{Provenance, Run};
use crate::text::fingerprint::fingerprint;
use crate::text::sanitise;
use crate::text::yaml::{self, Placed};

/// A profile that can be run.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What is run, one after the other: one part for each client.
    pub parts: Vec<Part>,
    /// How often each part is run for one point of the history.
    pub repeat: usize,
    /// What has to hold.
    pub limits: Vec<Limit>,
    /// The metrics that decide.
    pub gate: Vec<Metric>,
    /// The smallest change that matters, as a share.
    pub band: f64,
    /// What is said of every run.
    pub labels: BTreeMap<String, String>,
    /// The context of the cluster with its Services; none: the current one.
    pub cluster: Option<ClusterId>,
    /// How its Services are reached; none: as well as it goes.
    pub via: Option<Path>,
    /// A short name of what it does: two profiles with the same one may be compared.
    pub hash: String,
    /// What it says and what is not done.
    pub remarks: Vec<String>,
}

/// One client of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name; none where it is the only one.
    pub name: Option<String>,
    /// What it does.
    pub plan: Plan,
    /// The Services among its addresses.
    pub services: Vec<Service>,
}

/// Something wrong in a profile, on a line counted from 1; 0 where that is not known.
struct Fault(u64, String);

impl Profile {
    /// Reads a profile: ours, Meshery's of any generation, or an SMP `test:` file. `file` is only told.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let wrong = |Fault(line, what): Fault| {
            let place = if line == 0 { sanitise(file).into_owned() } else { format!("{}:{line}", sanitise(file)) };
            Problem::new("perf.profile", format!("{place} is no profile that can be run"), sanitise(&what))
        };
        Self::read(file, text).map_err(wrong)
    }

    fn read(file: &str, text: &str) -> Result<Self, Fault> {
        let whole: Value = placed(text)?;
        let foreign = foreign::is_smp(&whole);
        let written: File = if foreign { foreign::smp(&whole)? } else { placed(text)? };
        let stem = std::path::Path::new(file).file_stem().map_or_else(|| "profile".into(), |stem| stem.to_string_lossy());
        let name = written.name.clone().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| stem.into_owned());
        let parts = written.parts()?;
        let ours = &written.meshplay;
        let limit = |text: &Placed<String>| text.value.parse().map_err(|why| at(text, why));
        let metric = |text: &Placed<String>| {
            let known = Metric::ALL.into_iter().find(|metric| metric.name() == text.value);
            known.ok_or_else(|| at(text, format!("there is no metric {}; there are {}", text.value, Metric::ALL.map(Metric::name).join(", "))))
        };
        let gate: Vec<Metric> = ours.gate.iter().map(metric).collect::<Result<_, _>>()?;
        let repeat = ours.repeat.as_ref().map_or(Ok(1), |repeat| {
            if (1..=1_000).contains(&repeat.value) { Ok(repeat.value) } else { Err(at(repeat, "repeat has to be from 1 to 1,000")) }
        })?;
        let band = ours.band.as_ref().map_or(Ok(3.0), |band| {
            if (0.0..100.0).contains(&band.value) { Ok(band.value) } else { Err(at(band, "band is in per cent, from 0 to 100")) }
        })?;
        Ok(Self {
            name: sanitise(&name).into_owned(),
            parts,
            repeat,
            limits: ours.slo.iter().map(limit).collect::<Result<_, _>>()?,
            gate: if gate.is_empty() { vec![Metric::P99] } else { gate },
            band: band / 100.0,
            labels: ours.labels.iter().map(|(key, value)| (sanitise(key).into_owned(), sanitise(value).into_owned())).collect(),
            via: ours.via,
            cluster: ours.cluster.as_deref().map(|name| ClusterId::new(sanitise(name))),
            hash: fingerprint(canonical(&whole, true).as_bytes()),
            remarks: written.remarks(),
        })
    }

    /// A run of a part.
    pub fn order(&self, part: &Part) -> Order {
        let (cluster, services) = (self.cluster.clone(), part.services.clone());
        Order { provenance: self.provenance(part), cluster, services, via: self.via, ..Order::new(part.plan.clone()) }
    }

    /// It loads Services, whose addresses have to be found in a cluster first.
    pub fn names_services(&self) -> bool {
        self.parts.iter().any(|part| !part.services.is_empty())
    }

    /// What the runs of a part belong to.
    fn provenance(&self, part: &Part) -> Provenance {
        Provenance {
            profile: Some(self.name.clone()),
            profile_hash: Some(self.hash.clone()),
            part: part.name.clone(),
            labels: self.labels.clone(),
            limits: self.limits.iter().map(ToString::to_string).collect(),
            ..Provenance::default()
        }
    }

    /// Asks of runs whether they keep its limits.
    pub fn thresholds(&self, runs: &[Run]) -> Vec<Threshold> {
        let one = |limit: &Limit| asked(limit.to_string(), runs, |run| measured(run, limit.metric).map(|value| (value, limit.holds(value))));
        self.limits.iter().map(one).collect()
    }

    /// Runs that make one point of its history.
    pub fn every(&self) -> usize {
        if self.repeat > 1 { self.repeat } else { RUNS_A_POINT }
    }
}

/// A round of orders so often, one after the other; each is told which of how many it is.
pub fn in_turn(round: &[Order], times: usize) -> Vec<Order> {
    let of = round.len() * times;
    let one = |(at, mut order): (usize, Order)| {
        order.provenance.turn = Some(Turn { nth: at + 1, of });
        order
    };
    (0..times).flat_map(|_| round.iter().cloned()).enumerate().map(one).collect()
}

fn at<T>(place: &Placed<T>, what: impl Into<String>) -> Fault {
    Fault(place.line, what.into())
}

fn placed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
    yaml::read_placed(text).map_err(|mistake| Fault(mistake.line, mistake.what))
}

/// A plain name: nothing that leads out of the folder.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && !text.starts_with('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// What a profile does, the same however it is written; names, owners, times, labels and limits change nothing of that.
fn canonical(value: &Value, top: bool) -> String {
    const NOTHING: [&str; 19] = [
        "id",
        "name",
        "owner",
        "schedule",
        "lastRun",
        "last_run",
        "totalResults",
        "total_results",
        "createdAt",
        "created_at",
        "updatedAt",
        "updated_at",
        "loadGenerators",
        "load_generators",
        "slo",
        "gate",
        "labels",
        "band",
        // Runs in another cluster are of another environment, and so of another series.
        "cluster",
    ];
    match value {
        Value::Object(map) => {
            let fields: BTreeMap<&String, &Value> =
                map.iter().filter(|(key, value)| !(value.is_null() || (top && NOTHING.contains(&key.as_str())))).collect();
            // The block of our own is looked at like the file.
            let field =
                |(key, value): (&String, &Value)| format!("{}:{}", key.replace('_', "").to_lowercase(), canonical(value, top && *key == "meshplay"));
            format!("{{{}}}", fields.into_iter().map(field).collect::<Vec<_>>().join(","))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(|value| canonical(value, false)).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::plan::{Pace, Stage};

    const OURS: &str = "\
name: shop
endpoints: [http://127.0.0.1:8080/, http://127.0.0.1:8080/cart]
concurrentRequest: 8
qps: 500
duration: 1m30s
requestHeaders: {X-Team: \"{{team}}\"}
requestBody: '{\"n\": {{counter}}}'
contentType: application/json
meshplay:
  warmUp: 2s
  weights: [3, 1]
  values: {team: shop}
  repeat: 5
  slo: [p99<50ms, errors<1%]
  gate: [p99, req/s]
  labels: {release: v1}
  cluster: kind-shop
  via: port-forward
";

    fn read(text: &str) -> Result<Profile, Problem> {
        Profile::parse("profiles/shop.yaml", text)
    }

    #[test]
    fn a_profile_becomes_a_plan_with_all_its_endpoints() {
        let profile = read(OURS).unwrap();
        let plan = &profile.parts[0].plan;
        assert_eq!(
            (plan.connections, plan.pace.clone(), plan.duration, plan.warm_up),
            (8, Pace::Rate(500.0), Duration::from_secs(90), Duration::from_secs(2))
        );
        let endpoints: Vec<_> = plan.endpoints().into_iter().map(|one| (one.target.url().to_owned(), one.weight)).collect();
        assert_eq!(endpoints, [("http://127.0.0.1:8080/".to_owned(), 3), ("http://127.0.0.1:8080/cart".to_owned(), 1)]);
        assert_eq!((plan.request.method.as_str(), plan.request.headers.len()), ("POST", 2));
        assert_eq!(
            (profile.order(&profile.parts[0]).cluster, profile.cluster.as_ref().map(ClusterId::as_str)),
            (profile.cluster.clone(), Some("kind-shop"))
        );
        assert_eq!((profile.gate.clone(), profile.repeat, profile.limits.len()), (vec![Metric::P99, Metric::Rate], 5, 2));
        assert_eq!((profile.via, plan.path), (Some(Path::PortForward), Path::PortForward));
        // Labels, limits and where it is done are no other measurement, connections are; so is the spelling of fields none.
        assert_eq!(
            read(&OURS.replace("v1", "v2").replace("kind-shop", "prod").replace("50ms", "60ms").replace("name: shop", "name: x")).unwrap().hash,
            profile.hash
        );
        assert_eq!(read(&OURS.replace("concurrentRequest", "concurrent_request").replace("contentType", "content_type")).unwrap().hash, profile.hash);
        assert_ne!(read(&OURS.replace("Request: 8", "Request: 9")).unwrap().hash, profile.hash);
    }

    /// A profile as Meshery's snake_case API answers it.
    #[test]
    fn the_older_generation_is_read_and_what_is_not_done_is_said() {
        let text = r#"{"id": "a", "name": "istio", "load_generators": ["fortio"], "endpoints": ["http://127.0.0.1:1/"], "service_mesh": "istio", "concurrent_request": 2,
            "qps": 0, "duration": "30s", "request_headers": "{\"a\": \"b\"}", "request_cookies": "{\"c\": \"d\"}", "request_body": "", "content_type": "",
            "last_run": null, "total_results": 3, "metadata": {"additional_options": ["-x"]}}"#;
        let profile = read(text).unwrap();
        let plan = &profile.parts[0].plan;
        assert_eq!((plan.connections, plan.pace.clone(), plan.request.headers.len()), (2, Pace::Max, 2));
        let told = profile.remarks.join("; ");
        assert!(told.contains("fortio") && told.contains("additional_options") && told.contains("label"), "{told}");
    }

    #[test]
    fn every_client_is_a_part() {
        let clients = "  clients:\n    - {name: a, connections: 2}\n    - {endpoints: [http://127.0.0.1:9/], qps: 0}\n";
        let profile = read(&format!("{OURS}{clients}")).unwrap();
        let parts: Vec<_> = profile
            .parts
            .iter()
            .map(|part| (part.name.as_deref().unwrap(), part.plan.connections, part.plan.endpoints().len(), part.plan.pace.clone()))
            .collect();
        assert_eq!(parts, [("a", 2, 2, Pace::Rate(500.0)), ("client 2", 8, 1, Pace::Max)]);
    }

    #[test]
    fn shapes_are_read() {
        let shape =
            |text: &str| read(&format!("endpoints: [127.0.0.1:1]\nmeshplay:\n  shape: {text}\n")).map(|profile| profile.parts[0].plan.pace.clone());
        assert_eq!(shape("{ramp: {from: 10, to: 100}}"), Ok(Pace::Ramp { from: 10.0, to: 100.0 }));
        assert_eq!(shape("{burst: {every: 500ms, size: 5}}"), Ok(Pace::Burst { every: Duration::from_millis(500), size: 5 }));
        assert_eq!(shape("{stages: [{duration: 2s, rate: 7}]}"), Ok(Pace::Stages(vec![Stage { duration: Duration::from_secs(2), rate: 7.0 }])));
        assert!(shape("{sine: {}}").is_err());
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, line, word) in [
            (OURS.replace("1m30s", "soon"), 5, "duration"),
            (OURS.replace("p99<50ms", "p98<50ms"), 14, "p98"),
            (OURS.replace("[p99, req/s]", "[p97]"), 15, "p97"),
            (OURS.replace("http://127.0.0.1:8080/cart", "ftp://x"), 2, "ftp"),
            (OURS.replace("[3, 1]", "[3]"), 2, "weights"),
            (OURS.replace("repeat: 5", "repeats: 5"), 13, "repeats"),
            (OURS.replace("{team: shop}", "{team: \"{{crew}}\", crew: \"{{team}}\"}"), 2, ""),
            (OURS.replace("{{team}}", "{{unknown}}"), 2, "unknown"),
            ("name: [".to_owned(), 1, ""),
            ("name: x".to_owned(), 0, "endpoints"),
        ] {
            let problem = read(&text).unwrap_err();
            let place = problem.what.split(' ').next().unwrap_or_default().to_owned();
            let have: u64 = place.strip_prefix("profiles/shop.yaml").and_then(|rest| rest.strip_prefix(':')).map_or(0, |line| line.parse().unwrap());
            assert!(have.abs_diff(line) <= 1 && problem.why.contains(word), "{problem} instead of line {line}, {word}");
        }
    }
}
