//! What stands between here and a cluster: certificates, proxies, and the service account of a pod.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use meshplay::cluster::client::InCluster;
use meshplay::config::Config;

use super::faults::beside;
use super::proxy::{Mood, Proxy};
use super::tls::{Authority, serve};
use super::*;

/// The name under which a cluster behind a proxy is known; the proxy alone could look it up.
const NAME: &str = "api.lab.example";

#[tokio::test]
async fn a_servers_certificate_that_is_not_accepted_says_why_and_what_mends_it() {
    let test = "a_servers_certificate_that_is_not_accepted_says_why_and_what_mends_it";
    let Some(openssl) = real::program(test, "openssl", &[]) else { return };
    let [known, unknown, remade] = ["one", "other", "one"].map(|name| Authority::new(&openssl, name));
    let (then, now) = (("20240101000000Z", "20240201000000Z"), ("20240101000000Z", "20491231000000Z"));
    let good = serve(known.signs(&openssl, "IP:127.0.0.1", now.0, now.1));
    // The authority, names and dates of a server, and what is said of them.
    let cases = [
        (&known, "IP:127.0.0.1", then, "it expired at 2024-02-01T00:00:00Z", "kubeadm certs renew"),
        (&known, "IP:127.0.0.1", ("20480101000000Z", "20491231000000Z"), "it is valid only from 2048-01-01T00:00:00Z", "clock"),
        (&known, "DNS:api.lab.example, IP:10.0.0.1", now, "it is not for 127.0.0.1 but for api.lab.example, 10.0.0.1", "tls-server-name"),
        (&unknown, "IP:127.0.0.1", now, "signed by an authority that the kubeconfig does not name", "certificate-authority-data"),
        (&remade, "IP:127.0.0.1", now, "another authority of the name that the kubeconfig has", "certificate-authority-data"),
    ];
    for (authority, names, (from, until), why, hint) in cases {
        let sick = serve(authority.signs(&openssl, names, from, until));
        let trust = known.path("ca.crt").display().to_string();
        let (mut well, _folder, _) = beside(json!({"server": format!("https://{sick}"), "certificate-authority": trust}), json!({})).await;
        let problem = health(&well.fleet, &id("sick"), Health::Unreachable).await.problem.unwrap();
        is_said(&problem, "cluster.certificate", why);
        assert!(problem.what.contains("the certificate of sick's server") && problem.hints[0].contains(hint), "{problem:?}");
        // The doctor says the same.
        let found = well.fleet.examine(&id("sick"), Duration::from_secs(10)).await;
        let [told] = &found.problems[..] else { panic!("{:?}", found.problems) };
        // A second may have passed between the two.
        is_said(told, "cluster.certificate", why);
        assert_eq!((&told.what, &told.hints), (&problem.what, &problem.hints));
        well.has_not_noticed();
    }
    let trust = known.path("ca.crt").display().to_string();
    let (well, _folder, _) = beside(json!({"server": format!("https://{good}"), "certificate-authority": trust}), json!({})).await;
    health(&well.fleet, &id("sick"), Health::Ready).await;
}

async fn healthy_pods() -> Fault {
    Fault::start(|path, _| (pods(path) && streams(path)).then(|| Reply::Holds(vec![pod("ADDED", "one", "5"), end("5")]))).await
}

#[tokio::test]
async fn a_table_comes_through_the_proxy_of_its_cluster() {
    let server = healthy_pods().await;
    let proxy = Proxy::to(server.address, Mood::Passes).await;
    let login = STANDARD.encode("me:p@ss");
    for (url, asked) in [
        (format!("http://{}", proxy.address), format!("{NAME}:6443")),
        (format!("http://me:p%40ss@{}", proxy.address), format!("{login}@{NAME}:6443")),
        (format!("socks5://{}", proxy.address), format!("{NAME}:6443")),
    ] {
        let before = proxy.asked().len();
        let (mut well, _folder, _) = beside(json!({"server": format!("http://{NAME}:6443"), "proxy-url": url}), json!({})).await;
        let (mut seen, mut rows) = (Seen::default(), watch(&well.fleet, "sick", "pods"));
        seen.synced(&mut rows).await;
        assert_eq!(seen.names(), ["one"], "{url}");
        assert!(proxy.asked()[before..].iter().all(|one| *one == asked), "{url}: {:?}", proxy.asked());
        well.has_not_noticed();
    }
}

#[tokio::test]
async fn a_proxy_that_is_in_the_way_is_blamed_instead_of_the_cluster() {
    let server = healthy_pods().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        ("http", Mood::Refuses, format!("it refuses to open a way to {NAME}:6443")),
        ("http", Mood::Asks, "it wants a login".to_owned()),
        ("http", Mood::Hangs, "it has not opened a way within 3 s".to_owned()),
        ("socks5", Mood::Hangs, "it has not opened a way within 3 s".to_owned()),
        ("socks5", Mood::Refuses, "not allowed".to_owned()),
    ];
    let mut all = tokio::task::JoinSet::new();
    let begun = [("http", nobody), ("socks5", nobody)].map(|(scheme, address)| (scheme, None, address, "no connection to it can be made".to_owned()));
    let mut stories: Vec<_> = begun.into_iter().collect();
    for (scheme, mood, why) in cases {
        let proxy = Proxy::to(server.address, mood).await;
        let address = proxy.address;
        stories.push((scheme, Some(proxy), address, why));
    }
    for (scheme, proxy, address, why) in stories {
        all.spawn(async move {
            let url = format!("{scheme}://me:secret@{address}");
            // SOCKS5 with a name and a password wants another handshake than the one that is played here.
            let url = if scheme == "socks5" { url.replace("me:secret@", "") } else { url };
            let (mut well, _folder, _) = beside(json!({"server": format!("http://{NAME}:6443"), "proxy-url": url}), json!({})).await;
            let problem = health(&well.fleet, &id("sick"), Health::Unreachable).await.problem.unwrap();
            is_said(&problem, "cluster.proxy", &why);
            assert!(problem.why.contains(&address.to_string()) && !problem.why.contains("secret"), "{problem}");
            assert!(problem.hints[0].contains("the cluster itself was not asked"), "{problem}");
            if let Some(proxy) = proxy {
                proxy.becomes(Mood::Passes);
                health(&well.fleet, &id("sick"), Health::Ready).await;
            }
            well.has_not_noticed();
        });
    }
    all.join_all().await;
}

#[tokio::test]
async fn the_proxy_of_the_environment_leads_to_a_real_server_unless_it_is_spared() {
    let test = "the_proxy_of_the_environment_leads_to_a_real_server_unless_it_is_spared";
    let Some(real) = Real::find(test) else { return };
    let port = real.address().port();
    let proxy = Proxy::to(real.address(), Mood::Passes).await;
    // A name that its certificate has and that nobody but the proxy can look up.
    let text = real.says(&["config", "view", "--raw", "--flatten"], "").replace("https://127.0.0.1:", "https://kubernetes.default.svc:");
    let (_folder, kubeconfig) = fault::write(&text);
    let get = |variables: &[(&str, &str)]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_meshplay"));
        command.args(["get", "namespaces"]).env_clear().env("KUBECONFIG", &kubeconfig).envs(variables.iter().copied());
        async move { until("its end", command.output()).await.unwrap() }
    };
    for url in [format!("http://{}", proxy.address), format!("socks5://{}", proxy.address)] {
        let output = get(&[("HTTPS_PROXY", &url), ("HTTP_PROXY", "http://127.0.0.1:1")]).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("kube-system"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    }
    let asked = proxy.asked();
    assert!(asked.len() >= 2 && asked.iter().all(|one| *one == format!("kubernetes.default.svc:{port}")), "{asked:?}");
    let spared = get(&[("HTTPS_PROXY", &format!("http://{}", proxy.address)), ("NO_PROXY", "10.0.0.0/8,.svc")]).await;
    assert!(!spared.status.success() && String::from_utf8_lossy(&spared.stderr).contains("cannot be reached"), "{spared:?}");
    assert_eq!(proxy.asked(), asked, "who is spared does not go there");
    proxy.becomes(Mood::Refuses);
    let refused = get(&[("HTTPS_PROXY", &format!("http://{}", proxy.address))]).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cannot be reached through its proxy"), "{refused:?}");
}

/// The service account of a pod that is not there: its folder, as the kubelet would fill it.
struct Account<'a> {
    real: &'a Real,
    folder: tempfile::TempDir,
}

impl Account<'_> {
    /// A token that is worth something as long as there is a Secret of that name.
    fn token(&self, secret: &str) -> String {
        self.real.says(&["create", "secret", "generic", secret], "");
        self.real.says(&["create", "token", "watcher", "--bound-object-kind=Secret", &format!("--bound-object-name={secret}")], "").trim().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        // Replaced in one step, as the kubelet does it.
        std::fs::write(self.folder.path().join("new"), bytes).unwrap();
        std::fs::rename(self.folder.path().join("new"), self.folder.path().join(name)).unwrap();
    }
}

#[tokio::test]
async fn a_pod_reaches_its_cluster_and_a_token_that_was_renewed_is_read_again() {
    let test = "a_pod_reaches_its_cluster_and_a_token_that_was_renewed_is_read_again";
    let Some(real) = Real::find(test) else { return };
    let account = Account { real: &real, folder: tempfile::tempdir().unwrap() };
    real.says(&["create", "serviceaccount", "watcher"], "");
    real.says(&["create", "rolebinding", "watcher", "--clusterrole=view", &format!("--serviceaccount={}:watcher", real.namespace)], "");
    let (address, home) = (real.address(), account.folder.path().display().to_string());
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let environment = |name: &str| {
        let all = [("HOME", &home), ("KUBERNETES_SERVICE_HOST", &host), ("KUBERNETES_SERVICE_PORT", &port)];
        all.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).clone())
    };
    let (server, _) = Config::from_lookup(&environment).0.in_cluster.unwrap();
    let open = || {
        let pod = InCluster { server: server.clone(), folder: account.folder.path().to_owned() };
        Fleet::open(FleetOptions { in_cluster: Some(pod), ..FleetOptions::default() }).unwrap()
    };

    // Without its files it says which one is missing.
    let empty = open();
    empty.connect(&id("in-cluster"));
    let problem = health(&empty, &id("in-cluster"), Health::AuthNeeded).await.problem.unwrap();
    is_said(&problem, "cluster.credentials", &account.folder.path().join("token").display().to_string());

    let first = account.token("first");
    account.write("token", first.as_bytes());
    account.write("namespace", real.namespace.as_bytes());
    let authority = real.says(&["config", "view", "--raw", "--flatten", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}"], "");
    account.write("ca.crt", &STANDARD.decode(authority.trim()).unwrap());
    let fleet = open();
    let context = fleet.current().unwrap();
    assert_eq!((context.id.as_str(), &context.namespace), ("in-cluster", &real.namespace));
    fleet.connect(&context.id);
    health(&fleet, &context.id, Health::Ready).await;
    let mut maps = (Seen::default(), real.watch(&fleet, &context.id, "cm"));
    maps.0.synced(&mut maps.1).await;
    let mut secrets = Seen::default();
    secrets.until("a refusal", &mut real.watch(&fleet, &context.id, "secrets"), |seen| stale(seen).is_some()).await;
    is_said(stale(&secrets).unwrap(), "cluster.forbidden", &format!("system:serviceaccount:{}:watcher", real.namespace));

    // The old token is worth nothing any more, and the kubelet has written another.
    account.write("token", account.token("second").as_bytes());
    real.says(&["delete", "secret", "first"], "");
    let refused = async {
        let token = format!("--token={first}");
        let server = format!("--server={server}");
        while tokio::process::Command::new(&real.kubectl)
            .args(["--kubeconfig=/dev/null", "--insecure-skip-tls-verify", &server, &token, "auth", "whoami"])
            .output()
            .await
            .unwrap()
            .status
            .success()
        {}
    };
    until("the end of the first token", refused).await;
    let (mut seen, mut rows) = (Seen::default(), real.watch(&fleet, &context.id, "serviceaccounts"));
    seen.until("rows with the second token", &mut rows, |seen| seen.row("watcher").is_some()).await;
    assert_eq!(health(&fleet, &context.id, Health::Ready).await.problem, None);
    real.says(&["create", "configmap", "later"], "");
    maps.0.until("what was watched is watched on", &mut maps.1, |seen| seen.row("later").is_some()).await;
}
