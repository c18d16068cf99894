//! Which proxy leads to a server: the kubeconfig's own, else the environment's unless `NO_PROXY` names the server. The rules are those of Go's
//! `golang.org/x/net/http/httpproxy`, which kubectl follows; kube compares `NO_PROXY` with the proxy's address instead.

use std::net::IpAddr;

use http::Uri;

use crate::text::sanitise;

/// What the environment says about proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// `HTTPS_PROXY`, for servers at https://.
    pub https: Option<String>,
    /// `HTTP_PROXY`, for servers at http://.
    pub http: Option<String>,
    /// `NO_PROXY`: the servers that are reached without.
    pub none: Option<String>,
}

impl Proxies {
    /// The proxy for a server; `own` is `proxy-url` of its cluster, to which `NO_PROXY` does not apply.
    ///
    /// # Errors
    /// What is wrong with the address of the proxy.
    pub(super) fn choose(&self, server: &Uri, own: Option<&str>) -> Result<Option<Uri>, String> {
        let own = own.filter(|url| !url.trim().is_empty());
        let set = if server.scheme_str() == Some("https") { &self.https } else { &self.http };
        let environment = || set.as_deref().filter(|url| !url.trim().is_empty() && !self.spares(server));
        let Some(text) = own.or_else(environment) else { return Ok(None) };
        let text = text.trim();
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let wrong = |why: &str| Err(format!("`{}` is no proxy that can be used: {why}", without_password(&text)));
        match text.parse::<Uri>() {
            Ok(url) if !matches!(url.scheme_str(), Some("http" | "https" | "socks5" | "socks5h")) => {
                wrong("it begins with none of http://, https://, socks5://")
            }
            Ok(url) if url.host().is_none_or(str::is_empty) => wrong("it names no host"),
            Ok(url) => Ok(Some(url)),
            Err(error) => wrong(&error.to_string()),
        }
    }

    /// The server is to be reached without a proxy.
    fn spares(&self, server: &Uri) -> bool {
        let Some(host) = server.host().map(|host| host.trim_matches(['[', ']']).to_lowercase()) else { return true };
        let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("https") { 443 } else { 80 });
        let ip: Option<IpAddr> = host.parse().ok();
        if host == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
            return true;
        }
        let list = self.none.as_deref().unwrap_or_default();
        list.split(',').map(|part| part.trim().to_lowercase()).filter(|part| !part.is_empty()).any(|part| spares(&part, &host, ip, port))
    }
}

/// One part of `NO_PROXY`, in lower case: `*`, a network, an address or a name, the last two also with a port.
fn spares(part: &str, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
    if part == "*" {
        return true;
    }
    if let Some((network, length)) = part.split_once('/') {
        return ip.zip(network.parse().ok()).zip(length.parse().ok()).is_some_and(|((ip, network), length)| within(ip, network, length));
    }
    let (name, wanted) = match part.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => (name, digits.parse::<u16>().ok()),
        _ => (part, None),
    };
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    let name = name.trim_matches(['[', ']']);
    if let Ok(address) = name.parse::<IpAddr>() {
        return ip == Some(address);
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    match name.strip_prefix('.') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn within(ip: IpAddr, network: IpAddr, length: u32) -> bool {
    let (ip, network, bits) = match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => (u128::from(u32::from(ip)), u128::from(u32::from(network)), 32),
        (IpAddr::V6(ip), IpAddr::V6(network)) => (u128::from(ip), u128::from(network), 128),
        _ => return false,
    };
    let rest = bits - length.min(bits);
    ip.checked_shr(rest).unwrap_or(0) == network.checked_shr(rest).unwrap_or(0)
}

/// An address as a person may read it.
pub(super) fn without_password(url: &str) -> String {
    let shown = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://…@{place}"),
        _ => url.to_owned(),
    };
    sanitise(&shown).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(none: &str, server: &str) -> Option<String> {
        let proxies = Proxies { https: Some("http://proxy.corp:3128".into()), http: None, none: Some(none.into()) };
        proxies.choose(&server.parse().unwrap(), None).unwrap().map(|url| url.to_string())
    }

    /// Cases of `httpproxy`'s own tests (proxy_test.go: UseProxyTests and the cases of TestProxyForURL).
    #[test]
    fn no_proxy_is_about_the_server_and_not_about_the_proxy() {
        let list = "foobar.com, .barbaz.net,, 192.168.1.1,192.168.1.2:81,10.0.0.0/30,2001:db8::52:0:1,[2001:db8::52:0:2]:443,*.wild.io";
        for spared in [
            "https://localhost",
            "https://127.0.0.1:6443",
            "https://[::1]:6443",
            "https://foobar.com",
            "https://www.foobar.com",
            "https://x.barbaz.net",
            "https://192.168.1.1:6443",
            "https://192.168.1.2:81",
            "https://10.0.0.3",
            "https://[2001:db8::52:0:1]:6443",
            "https://[2001:db8::52:0:2]:443",
            "https://a.wild.io",
        ] {
            assert_eq!(chosen(list, spared), None, "{spared}");
        }
        for led in [
            "https://barbaz.net",
            "https://foofoobar.com",
            "https://foobarbaz.com",
            "https://192.168.1.3",
            "https://192.168.1.2:82",
            "https://10.0.0.4",
            "https://[2001:db8::52:0:3]",
            "https://proxy.corp",
        ] {
            assert_eq!(chosen(list, led).as_deref(), Some("http://proxy.corp:3128/"), "{led}");
        }
        assert_eq!(chosen("proxy.corp:3128", "https://api.internal.example"), Some("http://proxy.corp:3128/".into()));
        assert_eq!(chosen("*", "https://api.internal.example"), None);
    }

    #[test]
    fn a_clusters_own_proxy_comes_first_and_a_wrong_one_is_said_without_its_password() {
        let proxies = Proxies { https: Some("http://proxy.corp:3128".into()), http: None, none: Some("*".into()) };
        let server = "https://api.example".parse().unwrap();
        assert_eq!(proxies.choose(&server, Some("socks5://lab:1080")).unwrap().unwrap().to_string(), "socks5://lab:1080/");
        let wrong = proxies.choose(&server, Some("ftp://me:secret@lab")).unwrap_err();
        assert!(wrong.contains("ftp://…@lab") && !wrong.contains("secret"), "{wrong}");
    }
}
