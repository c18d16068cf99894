//! A profile as it is written, field by field, and the plans that follow from it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{Fault, Part, at};
use crate::load::plan::{Pace, Path, Plan, Stage};
use crate::load::request::{Body, Header, Request};
use crate::perf::service::{self, Service};
use crate::text::yaml::Placed;
use crate::text::{age, sanitise};

/// The file as it is written. What is only Meshery's own (ids, owners, times) is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct File {
    pub(super) name: Option<String>,
    pub(super) endpoints: Vec<Placed<String>>,
    #[serde(alias = "concurrent_request")]
    pub(super) concurrent_request: Option<Placed<usize>>,
    pub(super) qps: Option<Placed<f64>>,
    pub(super) duration: Option<Placed<String>>,
    #[serde(alias = "load_generators")]
    pub(super) load_generators: Vec<String>,
    #[serde(alias = "service_mesh")]
    pub(super) service_mesh: Option<String>,
    #[serde(alias = "request_headers")]
    pub(super) request_headers: Option<Placed<Value>>,
    #[serde(alias = "request_cookies")]
    pub(super) request_cookies: Option<Placed<Value>>,
    #[serde(alias = "request_body")]
    pub(super) request_body: Option<String>,
    #[serde(alias = "content_type")]
    pub(super) content_type: Option<String>,
    pub(super) metadata: Option<Value>,
    pub(super) meshplay: Ours,
}

/// What Meshery has no field for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Ours {
    pub(super) shape: Option<Placed<Form>>,
    pub(super) warm_up: Option<Placed<String>>,
    pub(super) timeout: Option<Placed<String>>,
    pub(super) requests: Option<u64>,
    pub(super) method: Option<String>,
    pub(super) keep_alive: Option<bool>,
    pub(super) values: BTreeMap<String, String>,
    pub(super) weights: Vec<u32>,
    pub(super) clients: Vec<Client>,
    pub(super) repeat: Option<Placed<usize>>,
    pub(super) slo: Vec<Placed<String>>,
    pub(super) gate: Vec<Placed<String>>,
    pub(super) band: Option<Placed<f64>>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) cluster: Option<String>,
    pub(super) via: Option<Path>,
}

/// One of several clients; what it does not say is as the file says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Client {
    name: Option<String>,
    endpoints: Vec<Placed<String>>,
    weights: Vec<u32>,
    connections: Option<Placed<usize>>,
    qps: Option<Placed<f64>>,
    headers: Option<Placed<Value>>,
    body: Option<String>,
    content_type: Option<String>,
}

/// When requests are sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Form {
    Ramp {
        from: f64,
        to: f64,
    },
    Poisson {
        rate: f64,
        #[serde(default)]
        seed: u64,
    },
    Burst {
        every: String,
        size: u64,
    },
    Stages(Vec<Step>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    duration: String,
    rate: f64,
}

impl File {
    /// Every client as a part; the only one has no name.
    pub(super) fn parts(&self) -> Result<Vec<Part>, Fault> {
        let clients = &self.meshplay.clients;
        if clients.is_empty() {
            let (plan, services) = self.plan(&Client::default())?;
            return Ok(vec![Part { name: None, plan, services }]);
        }
        let part = |(nth, client): (usize, &Client)| {
            let name = client.name.clone().unwrap_or_else(|| format!("client {}", nth + 1));
            let (plan, services) = self.plan(client)?;
            Ok(Part { name: Some(sanitise(&name).into_owned()), plan, services })
        };
        clients.iter().enumerate().map(part).collect()
    }

    fn plan(&self, client: &Client) -> Result<(Plan, Vec<Service>), Fault> {
        let ours = &self.meshplay;
        let own = !client.endpoints.is_empty();
        let (addresses, weights) = if own { (&client.endpoints, &client.weights) } else { (&self.endpoints, &ours.weights) };
        let first = addresses.first().ok_or_else(|| Fault(0, "it names no endpoints".into()))?;
        if !weights.is_empty() && weights.len() != addresses.len() {
            return Err(at(first, format!("there are {} endpoints and {} weights", addresses.len(), weights.len())));
        }
        let endpoint = |(nth, address): (usize, &Placed<String>)| {
            let found = service::endpoint(nth, &address.value, weights.get(nth).copied().unwrap_or(1));
            found.map_err(|problem| at(address, format!("{}: {}", problem.what, problem.why)))
        };
        let (mut also, services): (Vec<_>, Vec<_>) =
            addresses.iter().enumerate().map(endpoint).collect::<Result<Vec<_>, Fault>>()?.into_iter().unzip();
        let here = also.remove(0);
        let gentle = Plan::gentle(here.target);
        let connections = client.connections.as_ref().or(self.concurrent_request.as_ref());
        let span = |text: &Option<Placed<String>>, other: Duration| {
            text.as_ref().map_or(Ok(other), |text| age::parse(&text.value).map_err(|why| at(text, why)))
        };
        let plan = Plan {
            request: self.request(client)?,
            weight: here.weight,
            also,
            connections: connections.map_or(gentle.connections, |count| count.value),
            duration: span(&self.duration, gentle.duration)?,
            requests: ours.requests,
            pace: self.pace(client, gentle.pace.clone())?,
            warm_up: span(&ours.warm_up, Duration::ZERO)?,
            timeout: span(&ours.timeout, gentle.timeout)?,
            keep_alive: ours.keep_alive.unwrap_or(true),
            path: ours.via.unwrap_or_default(),
            ..gentle
        };
        plan.check()
            .map_err(|problem| at(first, if problem.why.is_empty() { problem.what } else { format!("{}: {}", problem.what, problem.why) }))?;
        Ok((plan, services.into_iter().flatten().collect()))
    }

    /// 0 requests a second are as many as possible, as Meshery has it.
    fn pace(&self, client: &Client, gentle: Pace) -> Result<Pace, Fault> {
        if let Some(form) = self.meshplay.shape.as_ref().filter(|_| client.qps.is_none()) {
            let span = |text: &str| age::parse(text).map_err(|why| at(form, why));
            return Ok(match &form.value {
                Form::Ramp { from, to } => Pace::Ramp { from: *from, to: *to },
                Form::Poisson { rate, seed } => Pace::Poisson { rate: *rate, seed: *seed },
                Form::Burst { every, size } => Pace::Burst { every: span(every)?, size: *size },
                Form::Stages(steps) => {
                    let stage = |step: &Step| Ok(Stage { duration: span(&step.duration)?, rate: step.rate });
                    Pace::Stages(steps.iter().map(stage).collect::<Result<_, Fault>>()?)
                }
            });
        }
        match client.qps.as_ref().or(self.qps.as_ref()) {
            None => Ok(gentle),
            Some(qps) if qps.value == 0.0 => Ok(Pace::Max),
            Some(qps) if qps.value > 0.0 && qps.value.is_finite() => Ok(Pace::Rate(qps.value)),
            Some(qps) => Err(at(qps, format!("{} is no rate", qps.value))),
        }
    }

    fn request(&self, client: &Client) -> Result<Request, Fault> {
        let mut headers = Vec::new();
        for (name, value) in pairs(client.headers.as_ref().or(self.request_headers.as_ref()))? {
            headers.push(Header::new(&name, &value));
        }
        let cookies: Vec<String> = pairs(self.request_cookies.as_ref())?.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            headers.push(Header::new("Cookie", &cookies.join("; ")));
        }
        let content_type = client.content_type.as_ref().or(self.content_type.as_ref()).filter(|text| !text.is_empty());
        headers.extend(content_type.map(|kind| Header::new("Content-Type", kind)));
        let body = client.body.as_ref().or(self.request_body.as_ref()).filter(|body| !body.is_empty());
        let method = self.meshplay.method.clone().unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
        let values = self.meshplay.values.clone().into_iter().collect();
        Ok(Request { method, headers, body: body.map_or(Body::Empty, |text| Body::Text(text.clone())), values, ..Request::default() })
    }

    /// What it says and what is not done.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.load_generators.iter().any(|name| !name.eq_ignore_ascii_case("meshplay")) {
            remarks.push(format!("its own generator is used instead of {}", sanitise(&self.load_generators.join(", "))));
        }
        if self.service_mesh.as_deref().is_some_and(|mesh| !mesh.is_empty() && !mesh.eq_ignore_ascii_case("none")) {
            remarks.push("the mesh it names is only a label".into());
        }
        let given = |name: &str| self.metadata.as_ref().and_then(|metadata| metadata.get(name)).is_some_and(|value| !value.is_null() && value != "");
        let unused: Vec<&str> =
            ["additional_options", "additionalOptions", "ca_certificate", "caCertificate"].into_iter().filter(|name| given(name)).collect();
        if !unused.is_empty() {
            remarks.push(format!("not used: metadata.{}", unused.join(", metadata.")));
        }
        remarks
    }
}

/// Names and values: a map, or the JSON text of one, as Meshery keeps them.
fn pairs(written: Option<&Placed<Value>>) -> Result<Vec<(String, String)>, Fault> {
    let Some(written) = written else { return Ok(Vec::new()) };
    let text = written.value.as_str().map(str::trim);
    let map = match text {
        Some("" | "null") => return Ok(Vec::new()),
        Some(text) => serde_json::from_str(text).map_err(|error| at(written, format!("its JSON cannot be read: {error}")))?,
        None => written.value.clone(),
    };
    match map {
        Value::Null => Ok(Vec::new()),
        Value::Object(map) => {
            Ok(map.into_iter().map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect())
        }
        _ => Err(at(written, "names with values are wanted")),
    }
}
