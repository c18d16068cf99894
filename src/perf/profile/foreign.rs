//! Profiles in the forms of others: the `test:` and `mesh:` of a Service Mesh Performance file, and taking credentials out of what is imported.

use serde_json::{Map, Value, json};

use super::Fault;
use super::written::File;
use crate::text::credentials::{self, is_secret};
use crate::text::sanitise;
use crate::text::yaml;

/// Numbers and names of SMP's protocols, with the scheme each means.
const PROTOCOLS: [(&str, &str); 4] = [("HTTP", ""), ("TCP", "tcp://"), ("UDP", "udp://"), ("GRPC", "grpc://")];

/// Whether a document is a configuration of SMP, alone or under `test:`.
pub(super) fn is_smp(value: &Value) -> bool {
    value.get("test").is_some_and(Value::is_object) || (value.get("clients").is_some_and(Value::is_array) && value.get("endpoints").is_none())
}

/// A `PerformanceTestConfig` as a profile: every client runs, with all its addresses.
pub(super) fn smp(value: &Value) -> Result<File, Fault> {
    let test = value.get("test").unwrap_or(value);
    let clients = test.get("clients").and_then(Value::as_array).filter(|clients| !clients.is_empty());
    let clients = clients.ok_or_else(|| Fault(0, "it has no clients".into()))?;
    let parts: Vec<Value> = clients.iter().map(client).collect::<Result<_, _>>()?;
    let mut labels = test.get("labels").and_then(Value::as_object).cloned().unwrap_or_default();
    labels.extend(value.get("mesh").and_then(mesh).map(|mesh| ("mesh".to_owned(), mesh.into())));
    let mut labels: Map<String, Value> =
        labels.into_iter().map(|(key, value)| (key, value.as_str().map_or_else(|| value.to_string(), str::to_owned).into())).collect();
    let text = |name: &str| test.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    // What stands in a block of ours beside it holds too.
    let mut ours = value.get("meshplay").and_then(Value::as_object).cloned().unwrap_or_default();
    labels.extend(ours.remove("labels").and_then(|labels| labels.as_object().cloned()).unwrap_or_default());
    ours.extend([("clients".to_owned(), parts.into()), ("labels".to_owned(), labels.into())]);
    let mut profile = json!({"name": text("name").or(text("id")), "meshplay": ours});
    if let Some(duration) = text("duration") {
        profile["duration"] = duration.into();
    }
    yaml::read(&profile.to_string()).map_err(|why| Fault(0, why))
}

fn client(client: &Value) -> Result<Value, Fault> {
    let get = |snake: &str, camel: &str| client.get(snake).or_else(|| client.get(camel)).filter(|value| !value.is_null());
    let scheme = get("protocol", "protocol").map_or(Ok(""), scheme)?;
    let addresses = get("endpoint_urls", "endpointUrls").and_then(Value::as_array).cloned().unwrap_or_default();
    let address = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        if text.contains("://") { text.to_owned() } else { format!("{scheme}{text}") }
    };
    let addresses: Vec<String> = addresses.iter().map(address).collect();
    let mut headers = get("headers", "headers").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(cookies) = get("cookies", "cookies").and_then(Value::as_object).filter(|cookies| !cookies.is_empty()) {
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
        headers.insert("Cookie".into(), pairs.join("; ").into());
    }
    let mut part = json!({"endpoints": addresses, "headers": headers, "qps": number(get("rps", "rps")).unwrap_or(0.0)});
    for (name, value) in
        [("connections", get("connections", "connections")), ("body", get("body", "body")), ("contentType", get("content_type", "contentType"))]
    {
        if let Some(value) = value {
            part[name] = value.clone();
        }
    }
    Ok(part)
}

/// Enumerations come as names or as numbers.
fn scheme(value: &Value) -> Result<&'static str, Fault> {
    let nth = value.as_u64().and_then(|nth| usize::try_from(nth).ok());
    let found = match nth {
        Some(nth) => nth.checked_sub(1).and_then(|nth| PROTOCOLS.get(nth)),
        None => PROTOCOLS.iter().find(|(name, _)| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(name))),
    };
    found.map(|(_, scheme)| *scheme).ok_or_else(|| Fault(0, format!("{} is no protocol that can be loaded", sanitise(&value.to_string()))))
}

fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()))
}

/// The mesh by its name, as `smp.ServiceMesh.Type` counts them.
fn mesh(value: &Value) -> Option<String> {
    const NAMES: [&str; 13] = [
        "INVALID",
        "APP_MESH",
        "CONSUL",
        "ISTIO",
        "KUMA",
        "LINKERD",
        "TRAEFIK_MESH",
        "OCTARINE",
        "NETWORK_SERVICE_MESH",
        "TANZU",
        "OPEN_SERVICE_MESH",
        "NGINX_SERVICE_MESH",
        "CILIUM_SERVICE_MESH",
    ];
    let kind = value.get("type")?;
    let nth = kind.as_u64().and_then(|nth| usize::try_from(nth).ok());
    Some(nth.and_then(|nth| NAMES.get(nth)).map_or_else(|| kind.as_str().unwrap_or_default().to_owned(), |name| (*name).to_owned()))
}

/// Takes out what gives access: headers, cookies and fields with such names, and names and passwords in addresses. What was taken is told.
pub(super) fn stripped(value: &mut Value, taken: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let secrets: Vec<String> = map.keys().filter(|key| is_secret(key)).cloned().collect();
            for key in secrets {
                map.remove(&key);
                taken.push(sanitise(&key).into_owned());
            }
            map.values_mut().for_each(|value| stripped(value, taken));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| stripped(value, taken)),
        Value::String(text) => {
            // Meshery keeps headers as the text of JSON.
            if let Some(mut inner) = text.trim_start().starts_with('{').then(|| serde_json::from_str::<Value>(text).ok()).flatten() {
                let before = taken.len();
                stripped(&mut inner, taken);
                if taken.len() > before {
                    *text = inner.to_string();
                }
            } else if let (without, true) = credentials::stripped(text) {
                *text = without;
                taken.push("credentials in an address".into());
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;

    /// After the sample of the specification, with a second client.
    const SMP: &str = "\
test:
  smp_version: v0.0.1
  name: istio bookinfo
  labels: {}
  clients:
    - {internal: false, load_generator: fortio, protocol: 1, connections: 2, rps: 10, headers: {h1: h2}, cookies: {c1: c2}, body: '', content_type: '',
       endpoint_urls: [http://localhost:2323/productpage, http://localhost:2323/login]}
    - {protocol: TCP, connections: 4, endpoint_urls: ['localhost:6379']}
  duration: 10m
mesh:
  type: 3
";

    #[test]
    fn every_client_and_every_address_of_an_smp_file_runs() {
        let profile = Profile::parse("x.yaml", SMP).unwrap();
        assert_eq!((profile.name.as_str(), profile.labels["mesh"].as_str()), ("istio bookinfo", "ISTIO"));
        let urls = |at: usize| profile.parts[at].plan.endpoints().iter().map(|one| one.target.url().to_owned()).collect::<Vec<_>>();
        assert_eq!(urls(0), ["http://localhost:2323/productpage", "http://localhost:2323/login"]);
        assert_eq!(urls(1), ["tcp://localhost:6379"]);
        assert_eq!((profile.parts[0].plan.request.headers.len(), profile.parts[1].plan.connections), (2, 4));
        assert!(Profile::parse("x.yaml", &SMP.replace("protocol: 1", "protocol: 9")).is_err());
        let ours = Profile::parse("x.yaml", &format!("{SMP}meshplay: {{repeat: 5, labels: {{release: v1}}}}\n")).unwrap();
        assert_eq!((ours.repeat, ours.labels.len(), ours.parts.len()), (5, 2, 2));
    }

    #[test]
    fn what_gives_access_is_taken_out() {
        let mut value = json!({"requestHeaders": "{\"Authorization\": \"Bearer x\", \"a\": \"b\"}", "requestCookies": "{}", "endpoints": ["http://me:pw@x/y", "http://z/?access_token=t&n={{counter}}"],
            "metadata": {"apiKey": "k"}, "name": "n"});
        let mut taken = Vec::new();
        stripped(&mut value, &mut taken);
        let text = value.to_string();
        assert!(!text.contains("Bearer") && !text.contains("pw") && text.contains("http://x/y") && text.contains("\\\"a\\\""), "{text}");
        assert!(taken.len() == 5 && text.contains("http://z/?n={{counter}}"), "{taken:?} {text}");
    }
}
