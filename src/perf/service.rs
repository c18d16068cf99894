//! Services of a cluster as addresses of load tests, `service://shop/web/path` or `service://shop/web:http/path`: what names one stays the same wherever
//! the Service is reached. Finding the way to it needs a cluster, and nothing is loaded before it is found.

use serde::{Deserialize, Serialize};

use super::{Order, found, ways};
use crate::cluster::fleet::Fleet;
use crate::load::plan::Endpoint;
use crate::load::target::Target;
use crate::names::{ClusterId, Problem};
use crate::text::sanitise;

/// How such an address begins.
const SCHEME: &str = "service://";

/// A Service that an address of a plan names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its place among the addresses of the plan: 0 is the target, the others stand in `also`.
    pub at: usize,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// One of its ports, by number or by name; none: its first.
    #[serde(default)]
    pub port: Option<String>,
    /// Path and query behind its address; may be empty.
    pub path: String,
}

/// Whether an address names a Service.
pub fn is(text: &str) -> bool {
    text.trim().starts_with(SCHEME)
}

/// The endpoint of an address at a place of a plan, and the Service it names, where it names one: then the target is only the Service's name within its
/// cluster until the address is found.
///
/// # Errors
/// It is no address.
pub fn endpoint(at: usize, text: &str, weight: u32) -> Result<(Endpoint, Option<Service>), Problem> {
    let Some(rest) = text.trim().strip_prefix(SCHEME) else {
        let target = Target::parse(text)?;
        return Ok((Endpoint { name: target.url().to_owned(), target, weight }, None));
    };
    let mut parts = rest.splitn(3, '/');
    let [namespace, name, path] = [0; 3].map(|_| parts.next().unwrap_or_default());
    let (name, port) = name.split_once(':').map_or((name, None), |(name, port)| (name, Some(port)));
    let label = |text: &str| !text.is_empty() && text.len() <= 63 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !label(namespace) || !label(name) || !port.is_none_or(label) {
        let what = format!("{} names no Service", sanitise(text));
        return Err(Problem::new(
            "load.target",
            what,
            "its namespace and its name are wanted, as in service://shop/web/ or service://shop/web:http/",
        ));
    }
    let number = port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())).map_or_else(String::new, |port| format!(":{port}"));
    let target = Target::parse(&format!("http://{name}.{namespace}.svc{number}/{path}"))?;
    let service = Service { at, namespace: namespace.into(), name: name.into(), port: port.map(Into::into), path: path.into() };
    Ok((Endpoint { name: sanitise(text.trim()).into_owned(), target, weight }, Some(service)))
}

/// Leads an order the way to its Services, looks at what stands behind its target, and answers what whoever ordered it should hear of that way. Services are
/// in the cluster `context`, else in the one that the order names, else in the current one.
///
/// # Errors
/// There is no such cluster or Service, none of the ways that are allowed leads to the Service, or one run cannot take all of them.
pub async fn find(order: &mut Order, fleet: &Fleet, context: Option<&ClusterId>) -> Result<Vec<String>, Problem> {
    if order.services.is_empty() {
        found::look(order, fleet).await;
        return Ok(Vec::new());
    }
    let cluster = cluster(fleet, context.or(order.cluster.as_ref()))?;
    fleet.connect(&cluster);
    let mut all = Vec::new();
    for service in std::mem::take(&mut order.services) {
        let key = fleet.find(&cluster, "service", Some(&service.namespace), &service.name).await?;
        all.push(ways::to(&service, &key, order, fleet).await?);
        if service.at == 0 {
            found::behind(order, fleet, &key).await;
            order.what.get_or_insert_with(|| service.said());
        }
    }
    order.cluster = Some(cluster);
    ways::take(order, all)
}

fn cluster(fleet: &Fleet, context: Option<&ClusterId>) -> Result<ClusterId, Problem> {
    match context {
        Some(id) => fleet.context(id).map(|context| context.id),
        None => fleet.current().map(|context| context.id).ok_or_else(|| {
            Problem::new("cluster.none", "it is not known in which cluster the Service is", "the kubeconfig names no current context")
                .hint("say which with --context NAME")
        }),
    }
}

impl Service {
    /// What a run on it says it loaded.
    pub fn said(&self) -> String {
        format!("service {}/{}", self.namespace, self.name)
    }

    /// Why nothing is loaded before its address is known.
    pub(super) fn unknown(&self) -> Problem {
        Problem::new("service.unknown", format!("the address of {} is not known", self.said()), "no cluster was asked for it")
            .hint("give its address instead, http://host:port/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_name_a_service() {
        let (endpoint, service) = endpoint(2, "service://shop/web/items?n={{counter}}", 3).unwrap();
        assert_eq!((endpoint.name.as_str(), endpoint.weight), ("service://shop/web/items?n={{counter}}", 3));
        let expected = Service { at: 2, namespace: "shop".into(), name: "web".into(), port: None, path: "items?n={{counter}}".into() };
        assert_eq!(service, Some(expected));
        let port =
            |text: &str| super::endpoint(0, text, 1).map(|(endpoint, service)| (endpoint.target.url().to_owned(), service.unwrap().port)).unwrap();
        assert_eq!(port("service://shop/web:8080/a"), ("http://web.shop.svc:8080/a".into(), Some("8080".into())));
        assert_eq!(port("service://shop/web:metrics"), ("http://web.shop.svc/".into(), Some("metrics".into())));
        assert_eq!(super::endpoint(0, "service://shop/web", 1).unwrap().1.unwrap().said(), "service shop/web");
        assert_eq!(super::endpoint(0, "127.0.0.1:1", 1).unwrap().1, None);
        for wrong in
            ["service://", "service://shop", "service://shop/", "service:///web", "service://shop/we@b/", "service://shop/web:/", "service://../x"]
        {
            assert!(super::endpoint(0, wrong, 1).is_err(), "{wrong}");
        }
    }
}
