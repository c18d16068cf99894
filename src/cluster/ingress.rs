//! The way to a Service through an Ingress (networking.k8s.io/v1) of its namespace: host and path of the rule that routes there, TLS where the host has it,
//! and the address that its controller has written into the status. Nothing is sent anywhere; pure but for two reads.

use std::net::Ipv6Addr;

use serde_json::Value;

use super::address::{is_called, port_of};
use super::describe::read::{at, list};
use super::detail::segment;
use super::fleet::Fleet;
use super::wire::{JSON, LIMIT};
use crate::names::{ObjectKey, Problem};

/// Where a Service is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is asked for.
    pub url: String,
    /// The `host:port` to connect to; none: where the name of the host leads.
    pub place: Option<String>,
    /// What was taken, and instead of what, where there was a choice.
    pub choice: Option<String>,
}

/// One path of one rule.
struct Rule {
    ingress: String,
    /// Empty: every host.
    host: String,
    path: String,
    exact: bool,
    service: String,
    /// The Service's port, by number or by name.
    port: String,
    secure: bool,
    /// Host and port that the controller has written down.
    balancer: Option<(String, Option<u64>)>,
}

impl Fleet {
    /// Where an Ingress lets requests to a Service in. `port`: one of the Service's, by number or by name; none: whichever is routed to. `path`: without its
    /// first slash, as the request is to have it; empty: whichever is routed to.
    ///
    /// # Errors
    /// The Service is gone, Ingresses may not be listed, or none routes there.
    pub async fn ingress_to(&self, key: &ObjectKey, port: Option<&str>, path: &str) -> Result<Entry, Problem> {
        let service = self.object(key).await?;
        let port = port.map(|port| port_of(&service, key, Some(port))).transpose()?;
        let connected = self.connected(&key.cluster).await?;
        let namespace = segment(key.namespace.as_deref().unwrap_or_default());
        let path_of = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses?limit=500");
        let all: Value = connected.wire.json(&path_of, JSON, LIMIT).await.map_err(|trouble| trouble.problem)?;
        let rules: Vec<Rule> = list(&all, "/items").flat_map(rules).collect();
        let none = |why| {
            Problem::new("service.ingress", format!("no Ingress leads to {key}"), why)
                .hint("`meshplay get ingresses` lists them; --via port-forward needs none, and an address behind one can be given itself")
        };
        entry(&rules, &key.name, port, path).map_err(none)
    }
}

/// Everything that an Ingress routes.
fn rules(ingress: &Value) -> Vec<Rule> {
    let first = ingress.pointer("/status/loadBalancer/ingress/0");
    let balancer = first.and_then(|first| {
        let host = [at(first, "/ip"), at(first, "/hostname")].into_iter().find(|host| !host.is_empty())?;
        Some((host, list(first, "/ports").find_map(|port| port["port"].as_u64())))
    });
    let secured: Vec<String> = list(ingress, "/spec/tls").flat_map(|tls| list(tls, "/hosts")).filter_map(Value::as_str).map(str::to_owned).collect();
    let rule = |host: String, path: &Value, backend: &Value| Rule {
        ingress: at(ingress, "/metadata/name"),
        secure: secured
            .iter()
            .any(|one| *one == host || one.strip_prefix('*').is_some_and(|end| host.split_once('.').is_some_and(|(_, rest)| end[1..] == *rest))),
        host,
        // Some controllers write a prefix as a glob.
        path: at(path, "/path").trim_end_matches('*').to_owned(),
        exact: path["pathType"] == "Exact",
        service: at(backend, "/service/name"),
        port: [at(backend, "/service/port/name"), at(backend, "/service/port/number")].into_iter().find(|port| !port.is_empty()).unwrap_or_default(),
        balancer: balancer.clone(),
    };
    let mut all: Vec<Rule> = Vec::new();
    for one in list(ingress, "/spec/rules") {
        all.extend(list(one, "/http/paths").map(|path| rule(at(one, "/host"), path, &path["backend"])));
    }
    if all.is_empty() {
        all.extend(ingress.pointer("/spec/defaultBackend").map(|backend| rule(String::new(), &Value::Null, backend)));
    }
    all
}

/// The way in. Rules that other rules of the same host win over for that path lead nowhere; of several the first one with an address is taken, by name of
/// the Ingress and its shortest path, and the others are told.
fn entry(rules: &[Rule], service: &str, port: Option<&Value>, path: &str) -> Result<Entry, String> {
    let ours = |rule: &&Rule| rule.service == service && port.is_none_or(|port| is_called(port, &rule.port));
    if !rules.iter().any(|rule| ours(&rule)) {
        let none = if rules.is_empty() { "there is none in its namespace" } else { "none of those in its namespace routes there" };
        return Err(none.to_owned());
    }
    let mut found: Vec<(&Rule, String)> = Vec::new();
    for rule in rules.iter().filter(ours) {
        let asked = if path.is_empty() { rule.path.clone() } else { format!("/{path}") };
        let asked = if asked.is_empty() { "/".to_owned() } else { asked };
        let bare = asked.split(['?', '#']).next().unwrap_or_default();
        let rivals = rules.iter().filter(|rival| rival.host == rule.host && rival.takes(bare));
        // An exact path wins, then the longest one.
        let winner = rivals.max_by_key(|rival| (rival.exact, rival.path.len()));
        if winner.is_some_and(|winner| ours(&winner)) && !rule.host.starts_with('*') && (!rule.host.is_empty() || rule.balancer.is_some()) {
            found.push((rule, asked));
        }
    }
    found.sort_by_key(|(rule, asked)| (rule.balancer.is_none(), rule.host.is_empty(), rule.ingress.clone(), rule.host.clone(), asked.len()));
    found.dedup_by(|(one, _), (other, _)| (&one.ingress, &one.host) == (&other.ingress, &other.host));
    let Some((rule, asked)) = found.first() else {
        let paths: Vec<String> = rules.iter().filter(ours).map(|rule| format!("{}{}", rule.shown(), rule.path)).collect();
        return Err(format!("/{path} is not routed to it; what is: {}", paths.join(", ")));
    };
    let shown = |(rule, asked): &(&Rule, String)| format!("{} (ingress {})", rule.url(asked), rule.ingress);
    let others: Vec<String> = found.iter().skip(1).map(shown).collect();
    let choice = (!others.is_empty()).then(|| format!("{} is taken, others would lead there too: {}", shown(&found[0]), others.join(", ")));
    Ok(Entry { url: rule.url(asked), place: rule.place(), choice })
}

impl Rule {
    /// It routes requests for that path. What is written for one controller alone is taken as a prefix.
    fn takes(&self, path: &str) -> bool {
        if self.exact {
            return path == self.path;
        }
        let prefix = self.path.trim_end_matches('/');
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn shown(&self) -> &str {
        if self.host.is_empty() { "*" } else { &self.host }
    }

    fn scheme(&self) -> (&'static str, u64) {
        if self.secure { ("https", 443) } else { ("http", 80) }
    }

    /// What is asked for: a rule for every host is asked for by the address itself.
    fn url(&self, path: &str) -> String {
        let (scheme, _) = self.scheme();
        let host = if self.host.is_empty() { self.place().unwrap_or_default() } else { self.host.clone() };
        format!("{scheme}://{host}{path}")
    }

    fn place(&self) -> Option<String> {
        let (host, port) = self.balancer.as_ref()?;
        let port = port.unwrap_or(self.scheme().1);
        Some(if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(path: &str, kind: &str, service: &str) -> Value {
        json!({"path": path, "pathType": kind, "backend": {"service": {"name": service, "port": {"name": "http"}}}})
    }

    /// After the example of a fan-out (kubernetes.io/docs/concepts/services-networking/ingress).
    fn shop() -> Vec<Rule> {
        rules(&json!({
            "metadata": {"name": "shop"},
            "spec": {
                "tls": [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}],
                "rules": [
                    {"host": "shop.example.com", "http": {"paths": [path("/", "Prefix", "web"), path("/cart", "Prefix", "cart"), path("/cart/new", "Exact", "web")]}},
                    {"host": "*.wild.example.com", "http": {"paths": [path("/", "Prefix", "wild")]}},
                    {"http": {"paths": [path("/any", "Prefix", "any")]}},
                ],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}},
        }))
    }

    fn found(service: &str, path: &str) -> Result<(String, Option<String>), String> {
        entry(&shop(), service, None, path).map(|entry| (entry.url, entry.place))
    }

    #[test]
    fn a_rule_says_host_path_and_tls_and_the_status_where_to_connect() {
        let secure = |url: &str| Ok((url.to_owned(), Some("192.0.2.7:443".to_owned())));
        assert_eq!(found("web", ""), secure("https://shop.example.com/"));
        assert_eq!(found("web", "items?n=1"), secure("https://shop.example.com/items?n=1"));
        assert_eq!(found("cart", ""), secure("https://shop.example.com/cart"));
        assert_eq!(found("cart", "cart/7"), secure("https://shop.example.com/cart/7"));
        assert_eq!(found("any", ""), Ok(("http://192.0.2.7:80/any".to_owned(), Some("192.0.2.7:80".to_owned()))));
    }

    #[test]
    fn what_another_rule_takes_is_no_way() {
        assert!(found("web", "cart/7").unwrap_err().contains("/cart/7 is not routed to it; what is: shop.example.com/"));
        assert_eq!(found("web", "cart/new").unwrap().0, "https://shop.example.com/cart/new");
        assert!(found("cart", "cart/new").is_err() && found("cart", "cartoon").is_err());
        // Which of its names is meant is not known.
        assert!(found("wild", "").is_err());
        assert!(found("nobody", "").unwrap_err().contains("none of those"));
    }

    #[test]
    fn ports_are_told_apart_and_a_choice_is_told() {
        let (http, metrics) = (json!({"name": "http", "port": 80}), json!({"name": "metrics", "port": 9090}));
        assert!(entry(&shop(), "web", Some(&http), "").is_ok() && entry(&shop(), "web", Some(&metrics), "").is_err());
        let other = json!({"metadata": {"name": "a-second"}, "spec": {"rules": [{"host": "other.example.com", "http": {"paths": [path("/", "Prefix", "web")]}}]}});
        let both: Vec<Rule> = shop().into_iter().chain(rules(&other)).collect();
        let taken = entry(&both, "web", None, "").unwrap();
        assert_eq!(taken.url, "https://shop.example.com/");
        assert!(taken.choice.unwrap().ends_with("others would lead there too: http://other.example.com/ (ingress a-second)"));
        // Without an address in its status the name itself has to lead there.
        assert_eq!(entry(&rules(&other), "web", None, "").unwrap(), Entry { url: "http://other.example.com/".into(), place: None, choice: None });
    }
}
