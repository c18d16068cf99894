//! Permutations: every endpoint under every load in every configuration of a target, measured in turn. What is to be measured and in which order is in
//! here and pure; changing the target is in `permute/conduct.rs`, what is written down before each change in `permute/journal.rs`.

pub mod conduct;
pub mod journal;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use crate::cluster::alter::Patch;
use crate::load::plan::{self, Pace, Plan};
use crate::load::target::Target;
use crate::names::Problem;
use crate::perf::service::{self, Service};
use crate::stats::random::Random;
use crate::text::{age, sanitise, yaml};

/// A file of permutations.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// What it is called.
    pub name: String,
    /// Where chance begins: the same number gives the same order.
    #[serde(default = "one")]
    pub seed: u64,
    /// How often each cell is measured.
    #[serde(default = "six")]
    pub repeats: usize,
    /// The object whose configuration changes, where one does.
    #[serde(default)]
    pub target: Option<Changed>,
    /// What is loaded.
    pub endpoints: Vec<Endpoint>,
    /// How.
    pub loads: Vec<Load>,
    /// In which states of the target.
    #[serde(default)]
    pub configurations: Vec<Configuration>,
}

/// The object whose configuration changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// The context; none: the current one.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Its namespace.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Its kind by any of its names.
    #[serde(default = "deployment")]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How long a change may take to be rolled out.
    #[serde(default = "five_minutes", deserialize_with = "span")]
    pub ready_within: Duration,
    /// How long it is left alone after that: whoever leads requests to it hears of it a little later.
    #[serde(default = "one_second", deserialize_with = "span")]
    pub settle: Duration,
}

/// What is loaded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// What it is called.
    pub name: String,
    /// Its address; `service://shop/web/path` is a Service in the target's cluster, or in the current one where there is no target.
    #[serde(default)]
    pub url: Option<String>,
    /// In place of an address, a Service of the target's cluster, `shop/web`.
    #[serde(default)]
    pub service: Option<String>,
    /// Behind the Service's address.
    #[serde(default)]
    pub path: String,
}

/// How it is loaded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// What it is called.
    pub name: String,
    /// Connections kept open.
    #[serde(default)]
    pub connections: Option<usize>,
    /// Requests a second; none: as gently as elsewhere.
    #[serde(default)]
    pub rate: Option<f64>,
    /// How long.
    #[serde(default = "ten_seconds", deserialize_with = "span")]
    pub duration: Duration,
    /// It ends earlier after so many requests.
    #[serde(default)]
    pub requests: Option<u64>,
}

/// One state of the target; without anything in it, the one it is in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// What it is called.
    pub name: String,
    /// So many replicas.
    #[serde(default)]
    pub replicas: Option<u32>,
    /// A container and its image, `web=shop/web:3.3.0`.
    #[serde(default)]
    pub image: Option<String>,
    /// A merge patch (RFC 7386).
    #[serde(default)]
    pub patch: Option<Value>,
    /// A JSON patch (RFC 6902).
    #[serde(default)]
    pub json_patch: Option<Value>,
    /// A strategic merge patch.
    #[serde(default)]
    pub strategic_patch: Option<Value>,
}

/// One run of many: places in the lists of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// From 0.
    pub round: usize,
    /// Which configuration.
    pub configuration: usize,
    /// Which endpoint.
    pub endpoint: usize,
    /// Which load.
    pub load: usize,
}

/// Runs of the largest matrix.
const MOST: usize = 10_000;

fn one() -> u64 {
    1
}

fn six() -> usize {
    6
}

fn deployment() -> String {
    "deployment".into()
}

fn one_second() -> Duration {
    Duration::from_secs(1)
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "0s" { Ok(Duration::ZERO) } else { age::parse(&text).map_err(de::Error::custom) }
}

fn wrong(why: impl Into<String>) -> Problem {
    Problem::new("perf.permutations", "these permutations cannot be measured", why)
}

impl Matrix {
    /// Reads a file's text.
    ///
    /// # Errors
    /// It is no YAML, knows other fields, or asks for something impossible.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let mut matrix: Self = yaml::read(text).map_err(|why| wrong(sanitise(&why)))?;
        if matrix.configurations.is_empty() {
            let name = "as it is".to_owned();
            matrix.configurations.push(Configuration { name, replicas: None, image: None, patch: None, json_patch: None, strategic_patch: None });
        }
        matrix.check()?;
        Ok(matrix)
    }

    fn check(&self) -> Result<(), Problem> {
        if self.endpoints.is_empty() || self.loads.is_empty() {
            return Err(wrong("at least one endpoint and one load are needed"));
        }
        let runs =
            [self.endpoints.len(), self.loads.len(), self.configurations.len()].iter().try_fold(self.repeats, |all, count| all.checked_mul(*count));
        if !runs.is_some_and(|runs| (1..=MOST).contains(&runs)) {
            return Err(wrong(format!("there have to be from 1 to {MOST} runs")));
        }
        distinct("endpoint", self.endpoints.iter().map(|one| &one.name))?;
        distinct("load", self.loads.iter().map(|one| &one.name))?;
        distinct("configuration", self.configurations.iter().map(|one| &one.name))?;
        for configuration in &self.configurations {
            let patch = configuration.change()?;
            if patch.is_some() && self.target.is_none() {
                return Err(wrong(format!("configuration {} changes something, and no target is named", sanitise(&configuration.name))));
            }
        }
        for endpoint in &self.endpoints {
            endpoint.address()?;
            if endpoint.service.is_some() && self.target.is_none() {
                return Err(wrong("a service is looked for in the cluster of the target, and none is named"));
            }
        }
        // Any address will do to see whether the numbers go together.
        let somewhere = Target::parse("127.0.0.1")?;
        self.loads.iter().try_for_each(|load| load.plan(somewhere.clone()).map(drop))
    }

    /// Every run in the order in which it is done: each round has every cell once. What drifts meanwhile touches all cells alike; within a round the
    /// runs of one configuration stand together, so that the target is changed once a round for each.
    pub fn order(&self) -> Vec<Cell> {
        let mut random = Random::new(self.seed);
        let mut cells = Vec::new();
        for round in 0..self.repeats {
            let mut configurations: Vec<usize> = (0..self.configurations.len()).collect();
            random.shuffle(&mut configurations);
            for configuration in configurations {
                let pairs = (0..self.endpoints.len()).flat_map(|endpoint| (0..self.loads.len()).map(move |load| (endpoint, load)));
                let mut part: Vec<Cell> = pairs.map(|(endpoint, load)| Cell { round, configuration, endpoint, load }).collect();
                random.shuffle(&mut part);
                cells.extend(part);
            }
        }
        cells
    }

    /// Axis to value.
    pub fn labels(&self, cell: Cell) -> BTreeMap<String, String> {
        let [endpoint, load, configuration] =
            [&self.endpoints[cell.endpoint].name, &self.loads[cell.load].name, &self.configurations[cell.configuration].name];
        [("endpoint", endpoint), ("load", load), ("configuration", configuration)]
            .map(|(axis, value)| (axis.to_owned(), sanitise(value).into_owned()))
            .into()
    }
}

fn distinct<'n>(what: &str, names: impl Iterator<Item = &'n String>) -> Result<(), Problem> {
    let mut seen: Vec<&String> = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return Err(wrong(format!("there are two {what}s called {}", sanitise(name))));
        }
        seen.push(name);
    }
    Ok(())
}

impl Endpoint {
    /// What is loaded, and the Service that it names, where it names one.
    pub(super) fn address(&self) -> Result<(plan::Endpoint, Option<Service>), Problem> {
        match (&self.url, &self.service) {
            (Some(url), None) => service::endpoint(0, url, 1),
            (None, Some(named)) => service::endpoint(0, &format!("service://{named}/{}", self.path.trim_start_matches('/')), 1),
            _ => Err(wrong(format!("endpoint {} needs either a url or a service", sanitise(&self.name)))),
        }
    }
}

impl Load {
    /// The plan of a run on that address.
    ///
    /// # Errors
    /// Its numbers do not go together.
    pub fn plan(&self, target: Target) -> Result<Plan, Problem> {
        let gentle = Plan::gentle(target);
        let plan = Plan {
            connections: self.connections.unwrap_or(gentle.connections),
            duration: self.duration,
            requests: self.requests,
            pace: self.rate.map_or_else(|| gentle.pace.clone(), Pace::Rate),
            ..gentle
        };
        plan.check().map(|()| plan)
    }
}

impl Configuration {
    /// The change that leads to it; none: nothing is changed.
    ///
    /// # Errors
    /// It asks for several changes at once that are no one patch.
    pub fn change(&self) -> Result<Option<Patch>, Problem> {
        let whole =
            [self.patch.clone().map(Patch::Merge), self.json_patch.clone().map(Patch::Json), self.strategic_patch.clone().map(Patch::Strategic)];
        let short = self.replicas.is_some() || self.image.is_some();
        let mut whole = whole.into_iter().flatten();
        match (whole.next(), whole.next(), short) {
            (None, None, false) => Ok(None),
            (Some(patch), None, false) => Ok(Some(patch)),
            (None, None, true) => self.short().map(Some),
            _ => Err(wrong(format!("configuration {} has more than one kind of change: write one patch", sanitise(&self.name)))),
        }
    }

    fn short(&self) -> Result<Patch, Problem> {
        let mut body = self.replicas.map_or_else(|| json!({}), |replicas| json!({"spec": {"replicas": replicas}}));
        let Some(image) = &self.image else { return Ok(Patch::Merge(body)) };
        let (container, image) = image.split_once('=').ok_or_else(|| wrong("an image is written container=image, as in web=shop/web:3.3.0"))?;
        body["spec"]["template"]["spec"]["containers"] = json!([{"name": container, "image": image}]);
        Ok(Patch::Strategic(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
name: replicas of web
seed: 3
repeats: 4
target: {cluster: lab, namespace: shop, name: web, ready_within: 2m, settle: 1s}
endpoints:
- {name: home, service: shop/web}
- {name: search, url: 'http://127.0.0.1:8080/search'}
loads:
- {name: steady, rate: 100, connections: 8, duration: 5s}
configurations:
- {name: as it is}
- {name: five, replicas: 5}
- {name: new, image: 'web=shop/web:3.3.0'}
";

    #[test]
    fn every_round_has_every_cell_once_and_changes_the_target_once_for_each_configuration() {
        let matrix = Matrix::read(FILE).unwrap();
        let cells = matrix.order();
        assert_eq!(cells.len(), 4 * 2 * 3);
        for round in cells.chunks(6) {
            let mut seen: Vec<_> = round.iter().map(|cell| (cell.configuration, cell.endpoint)).collect();
            let changes = seen.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
            assert_eq!(changes, 2);
            seen.sort_unstable();
            assert_eq!(seen, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
        }
        assert_eq!(cells, matrix.order());
        assert_ne!(cells, Matrix { seed: 4, ..matrix }.order());
    }

    #[test]
    fn short_words_are_patches() {
        let matrix = Matrix::read(FILE).unwrap();
        let changes: Vec<_> = matrix.configurations.iter().map(|one| one.change().unwrap()).collect();
        assert_eq!(changes[0], None);
        assert_eq!(changes[1], Some(Patch::Merge(json!({"spec": {"replicas": 5}}))));
        let containers = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shop/web:3.3.0"}]}}}});
        assert_eq!(changes[2], Some(Patch::Strategic(containers)));
    }

    #[test]
    fn what_cannot_be_measured_is_refused_before_anything_is_touched() {
        let with = |from: &str, to: &str| Matrix::read(&FILE.replace(from, to)).err().map(|problem| problem.why).unwrap_or_default();
        for (from, to, word) in [
            ("repeats: 4", "repeats: 0", "runs"),
            ("repeats: 4", "repeats: 100000", "runs"),
            ("name: five, ", "name: new, ", "two configurations"),
            ("name: five, ", "name: five, image: 'web', ", "container=image"),
            ("name: five, ", "name: five, patch: {}, ", "more than one kind"),
            ("rate: 100", "rate: -1", "rate"),
            ("duration: 5s", "duration: soon", "duration"),
            ("service: shop/web", "path: /", "url or a service"),
            ("service: shop/web", "service: web", "service://shop/web/"),
            ("service: shop/web", "url: 'service://shop'", "service://shop/web/"),
            ("repeats: 4", "repeat: 4", "repeat"),
        ] {
            assert!(with(from, to).contains(word), "{to}: {}", with(from, to));
        }
        let no_target = FILE.lines().filter(|line| !line.starts_with("target")).collect::<Vec<_>>().join("\n");
        assert!(Matrix::read(&no_target).unwrap_err().why.contains("no target"));
    }
}
