//! The way to a Service through an Ingress (networking.k8s.io/v1) of its namespace: host and path of the rule that routes there, TLS where the host has it,
//! and the address that its controller has written into the status. Nothing is sent anywhere; pure but for two reads.

use std::net::Ipv6Addr;
use std::rc::Rc;

use serde_json::Value;

use super::address::{is_called, port_of};
use super::describe::read::{at, list};
use super::detail::segment;
use super::fleet::Fleet;
use super::wire::{JSON, LIMIT};
use crate::names::{ObjectKey, Problem};
use crate::text::sanitise;

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

/// One way through a rule: for which host, and for which path.
type Found<'r> = (&'r Rule, &'r str, String);

/// One path of one rule.
struct Rule {
    ingress: String,
    /// Empty: every host; `*.shop.example`: every name with one label more than `shop.example`.
    host: String,
    path: String,
    exact: bool,
    service: String,
    /// The Service's port, by number or by name.
    port: String,
    /// Hosts with TLS.
    secured: Rc<[String]>,
    /// Host and port that the controller has written down.
    balancer: Option<(String, Option<u64>)>,
}

impl Fleet {
    /// Where an Ingress lets requests to a Service in. `port`: one of the Service's, by number or by name; none: whichever is routed to. `path`: without its
    /// first slash, as the request is to have it; empty: whichever is routed to. `host`: the one that the request names itself; none: whichever is routed to.
    ///
    /// # Errors
    /// The Service is gone, Ingresses may not be listed, or none routes there.
    pub async fn ingress_to(&self, key: &ObjectKey, port: Option<&str>, path: &str, host: Option<&str>) -> Result<Entry, Problem> {
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
        entry(&rules, &key.name, port, path, host).map_err(none)
    }
}

/// Everything that an Ingress routes.
fn rules(ingress: &Value) -> Vec<Rule> {
    let first = ingress.pointer("/status/loadBalancer/ingress/0");
    let balancer = first.and_then(|first| {
        let host = [at(first, "/ip"), at(first, "/hostname")].into_iter().find(|host| !host.is_empty())?;
        Some((host, list(first, "/ports").find_map(|port| port["port"].as_u64())))
    });
    let secured: Rc<[String]> = list(ingress, "/spec/tls").flat_map(|tls| list(tls, "/hosts")).map(|host| at(host, "")).collect();
    let rule = |host: String, path: &Value, backend: &Value| Rule {
        ingress: at(ingress, "/metadata/name"),
        secured: secured.clone(),
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
fn entry(rules: &[Rule], service: &str, port: Option<&Value>, path: &str, host: Option<&str>) -> Result<Entry, String> {
    let ours = |rule: &Rule| rule.service == service && port.is_none_or(|port| is_called(port, &rule.port));
    if !rules.iter().any(ours) {
        let none = if rules.is_empty() { "there is none in its namespace" } else { "none of those in its namespace routes there" };
        return Err(none.to_owned());
    }
    // What a request says of its port is not looked at by rules.
    let host = host.map(|host| host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(host, _)| host));
    let mut found: Vec<Found> = Vec::new();
    for rule in rules.iter().filter(|rule| ours(rule)) {
        let asked = if path.is_empty() { rule.path.clone() } else { format!("/{path}") };
        let asked = if asked.is_empty() { "/".to_owned() } else { asked };
        let bare = asked.split(['?', '#']).next().unwrap_or_default();
        let host = host.unwrap_or(&rule.host);
        // An exact path wins, then the longest one.
        let winner = of_host(rules, host).filter(|rival| rival.takes(bare)).max_by_key(|rival| (rival.exact, rival.path.len()));
        if winner.is_some_and(|winner| ours(winner) && winner.host == rule.host)
            && !host.starts_with('*')
            && (!host.is_empty() || rule.balancer.is_some())
        {
            found.push((rule, host, asked));
        }
    }
    found.sort_by_key(|(rule, host, asked)| (rule.balancer.is_none(), host.is_empty(), rule.ingress.clone(), rule.host.clone(), asked.len()));
    found.dedup_by(|(one, ..), (other, ..)| (&one.ingress, &one.host) == (&other.ingress, &other.host));
    let Some((rule, host, asked)) = found.first() else {
        let ways: Vec<String> = rules.iter().filter(|rule| ours(rule)).map(|rule| format!("{}{}", rule.shown(), rule.path)).collect();
        let named = match host {
            None if rules.iter().any(|rule| ours(rule) && rule.host.starts_with('*')) => {
                "; which name is meant with * is said with --header 'Host: NAME'"
            }
            _ => "",
        };
        return Err(format!("{}/{path} is not routed to it; what is: {}{named}", sanitise(host.unwrap_or_default()), ways.join(", ")));
    };
    let shown = |(rule, host, asked): &Found| format!("{} (ingress {})", rule.url(host, asked), rule.ingress);
    let others: Vec<String> = found.iter().skip(1).map(shown).collect();
    let choice = (!others.is_empty()).then(|| format!("{} is taken, others would lead there too: {}", shown(&found[0]), others.join(", ")));
    Ok(Entry { url: rule.url(host, asked), place: rule.place(host), choice })
}

/// The rules that requests for a host are held against: its own, else those of all names beside it, else those of every host (networking.k8s.io/v1,
/// `IngressRule.host`).
fn of_host<'r>(rules: &'r [Rule], host: &str) -> impl Iterator<Item = &'r Rule> {
    let nearest = rules.iter().filter_map(|rule| rule.rank(host)).min();
    rules.iter().filter(move |rule| nearest.is_some() && rule.rank(host) == nearest)
}

/// It is that name with a star in place of its first label.
fn covers(wild: &str, host: &str) -> bool {
    wild.strip_prefix("*.").zip(host.split_once('.')).is_some_and(|(end, (label, rest))| !label.is_empty() && end == rest)
}

impl Rule {
    /// How near it is to a host, the nearest first; none: it is for others.
    fn rank(&self, host: &str) -> Option<u8> {
        match self.host.as_str() {
            own if own == host => Some(0),
            wild if covers(wild, host) => Some(1),
            "" => Some(2),
            _ => None,
        }
    }

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

    fn scheme(&self, host: &str) -> (&'static str, u64) {
        if self.secured.iter().any(|one| !host.is_empty() && (one == host || covers(one, host))) { ("https", 443) } else { ("http", 80) }
    }

    /// What is asked for: a rule for every host is asked for by the address itself.
    fn url(&self, host: &str, path: &str) -> String {
        let (scheme, _) = self.scheme(host);
        let host = if host.is_empty() { self.place(host).unwrap_or_default() } else { host.to_owned() };
        format!("{scheme}://{host}{path}")
    }

    fn place(&self, host: &str) -> Option<String> {
        let (address, port) = self.balancer.as_ref()?;
        let port = port.unwrap_or(self.scheme(host).1);
        Some(if address.parse::<Ipv6Addr>().is_ok() { format!("[{address}]:{port}") } else { format!("{address}:{port}") })
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
        entry(&shop(), service, None, path, None).map(|entry| (entry.url, entry.place))
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
        assert!(found("wild", "").unwrap_err().contains("'Host: NAME'"));
        assert!(found("nobody", "").unwrap_err().contains("none of those"));
    }

    /// kubernetes.io/docs/concepts/services-networking/ingress, "Hostname wildcards": one label, and a host of its own goes before.
    #[test]
    fn a_host_that_is_named_is_held_against_stars_and_goes_before_every_other() {
        let named = |service: &str, host: &str| entry(&shop(), service, None, "", Some(host)).map(|entry| entry.url);
        assert_eq!(named("wild", "a.wild.example.com"), Ok("http://a.wild.example.com/".to_owned()));
        assert_eq!(named("wild", "a.wild.example.com:8080"), Ok("http://a.wild.example.com/".to_owned()));
        for other in ["wild.example.com", "b.a.wild.example.com", ".wild.example.com", "shop.example.com"] {
            assert!(named("wild", other).unwrap_err().contains(other), "{other}");
        }
        assert_eq!(named("web", "shop.example.com"), Ok("https://shop.example.com/".to_owned()));
        // A rule for every host takes a name that no other is for, and none that another is for.
        assert_eq!(named("any", "else.example.com"), Ok("http://else.example.com/any".to_owned()));
        assert!(named("any", "shop.example.com").is_err());
    }

    /// What a server should never have let in: a star alone, and one before half a letter.
    #[test]
    fn names_that_are_none_are_no_panic() {
        let odd = rules(
            &json!({"spec": {"tls": [{"hosts": ["*", "*é", ""]}], "rules": [{"host": "a.b", "http": {"paths": [path("/", "Prefix", "web")]}}]}}),
        );
        assert_eq!(entry(&odd, "web", None, "", None).unwrap().url, "http://a.b/");
        let wild =
            rules(&json!({"spec": {"tls": [{"hosts": ["*.b"]}], "rules": [{"host": "a.b", "http": {"paths": [path("/", "Prefix", "web")]}}]}}));
        assert_eq!(entry(&wild, "web", None, "", None).unwrap().url, "https://a.b/");
    }

    #[test]
    fn ports_are_told_apart_and_a_choice_is_told() {
        let (http, metrics) = (json!({"name": "http", "port": 80}), json!({"name": "metrics", "port": 9090}));
        assert!(entry(&shop(), "web", Some(&http), "", None).is_ok() && entry(&shop(), "web", Some(&metrics), "", None).is_err());
        let other = json!({"metadata": {"name": "a-second"}, "spec": {"rules": [{"host": "other.example.com", "http": {"paths": [path("/", "Prefix", "web")]}}]}});
        let both: Vec<Rule> = shop().into_iter().chain(rules(&other)).collect();
        let taken = entry(&both, "web", None, "", None).unwrap();
        assert_eq!(taken.url, "https://shop.example.com/");
        assert!(taken.choice.unwrap().ends_with("others would lead there too: http://other.example.com/ (ingress a-second)"));
        // Without an address in its status the name itself has to lead there.
        assert_eq!(
            entry(&rules(&other), "web", None, "", None).unwrap(),
            Entry { url: "http://other.example.com/".into(), place: None, choice: None }
        );
    }
}
