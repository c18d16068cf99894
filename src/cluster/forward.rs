//! A port of this machine that leads into a pod behind a Service, through the API server and a kubelet, as `kubectl port-forward` has it: each connection
//! is a WebSocket of its own. It lasts as long as somebody holds it, and goes to no other pod when that one goes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::Portforwarder;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::address::port_of;
use super::behind::{containers, lives, ready};
use super::connection::Connected;
use super::describe::read::{at, list};
use super::detail::segment;
use super::fleet::Fleet;
use super::relate::query;
use super::wire::{JSON, LIMIT, Wire, chain, encode};
use crate::names::{ObjectKey, Problem};
use crate::text::sanitise;

/// Most pods that are looked at.
const PODS: usize = 200;

/// Connections that may fail one after the other before nothing more is expected of it.
const FAILURES: u32 = 3;

/// How long no connection is taken after one could not be.
const PAUSE: Duration = Duration::from_millis(50);

/// A way into the pod that ends with whoever holds it: one that is only dropped goes on until the server says goodbye as well.
struct Opened(Portforwarder);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A forwarded port.
#[derive(Debug)]
pub struct Forward {
    address: SocketAddr,
    pod: String,
    lost: watch::Receiver<Option<Problem>>,
    _open: DropGuard,
}

/// The way into one pod.
struct Way {
    wire: Wire,
    namespace: String,
    pod: String,
    port: u16,
    /// Something has come back on it.
    carried: AtomicBool,
    /// Connections that failed since the last one that did not.
    failures: AtomicU32,
    lost: watch::Sender<Option<Problem>>,
}

/// Why a connection was not made.
struct Failure {
    /// What the server answered; none when it did not answer.
    status: Option<u16>,
    why: String,
}

impl Forward {
    /// Where it is reached on this machine.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The pod behind it, `shop/web-6d4b`.
    pub fn pod(&self) -> &str {
        &self.pod
    }

    /// Waits until it leads nowhere any more, and says why.
    pub async fn lost(&self) -> Problem {
        match self.lost.clone().wait_for(Option::is_some).await.map(|problem| problem.clone()) {
            Ok(Some(problem)) => problem,
            _ => lost(&self.pod, "it was closed"),
        }
    }
}

impl Fleet {
    /// Forwards a port of this machine to a pod behind a Service that is ready. `port`: one of the Service's, by number or by name; none: its first.
    ///
    /// # Errors
    /// The Service has no such port or no pod that is ready, it may not be done, or the API server or a kubelet does not do it.
    pub async fn forward(&self, key: &ObjectKey, port: Option<&str>) -> Result<Forward, Problem> {
        let service = self.object(key).await?;
        let port = port_of(&service, key, port)?;
        let connected = self.connected(&key.cluster).await?;
        let pod = pod_of(&connected, &service, key).await?;
        let number = target(&service, port, &pod).map_err(|why| {
            Problem::new("forward.port", format!("no port of {key} can be forwarded"), why)
                .hint("correct its `targetPort`, or name another of its ports, as in service://shop/web:http/")
        })?;
        let (namespace, name) = (at(&pod, "/metadata/namespace"), at(&pod, "/metadata/name"));
        let (tell, lost) = watch::channel(None);
        let way = Way {
            wire: connected.wire,
            namespace,
            pod: name,
            port: number,
            carried: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            lost: tell,
        };
        // Who may not do it learns that before anything else begins.
        drop(way.open().await.map_err(|failure| refused(&way.named(), &failure))?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let no_port = |error: std::io::Error| Problem::new("forward.refused", "no port of this machine can be forwarded", error.to_string());
        let (listener, address) = listener.and_then(|listener| listener.local_addr().map(|address| (listener, address))).map_err(no_port)?;
        let (pod, open) = (way.named(), CancellationToken::new());
        tokio::spawn(open.clone().run_until_cancelled_owned(way.serve(listener)));
        Ok(Forward { address, pod, lost, _open: open.drop_guard() })
    }
}

/// A pod that the Service sends to.
async fn pod_of(connected: &Connected, service: &Value, key: &ObjectKey) -> Result<Value, Problem> {
    let none = |why: &str| {
        Problem::new("forward.no-pod", format!("{key} leads to no pod that a port could be forwarded to"), why)
            .hint(format!("`meshplay get pods -n {}` shows what they wait for", key.namespace.as_deref().unwrap_or_default()))
    };
    let selector = service.pointer("/spec/selector").map(query).filter(|selector| !selector.is_empty());
    let selector = selector.ok_or_else(|| none("it selects no pods"))?;
    let namespace = segment(key.namespace.as_deref().unwrap_or_default());
    let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector={}&limit={PODS}", encode(&selector));
    let pods: Value = connected.wire.json(&path, JSON, LIMIT).await.map_err(|trouble| trouble.problem)?;
    let count = list(&pods, "/items").count();
    let pod = list(&pods, "/items").find(|pod| lives(pod) && ready(pod)).cloned();
    pod.ok_or_else(|| none(&if count == 0 { "there are none of those it selects".to_owned() } else { format!("none of the {count} is ready") }))
}

/// The port of a pod that a Service's port leads to, as kubectl finds it (k8s.io/kubectl/pkg/util/service_port.go): a Service without an address of its own
/// leads to its ports as they are, all others to their `targetPort`, a number or the name of a container's port.
fn target(service: &Value, port: &Value, pod: &Value) -> Result<u16, String> {
    if port["protocol"].as_str().is_some_and(|protocol| protocol != "TCP") {
        return Err(format!("{} is {}, and only TCP can be", port["port"], at(port, "/protocol")));
    }
    let own = &port["port"];
    let number = match &port["targetPort"] {
        _ if service.pointer("/spec/clusterIP").is_some_and(|address| address == "None") => own.as_u64(),
        Value::String(name) => {
            let named = containers(pod).flat_map(|container| list(container, "/ports")).find(|one| one["name"] == **name);
            named.ok_or_else(|| format!("no container of {} has a port called {}", at(pod, "/metadata/name"), sanitise(name)))?["containerPort"]
                .as_u64()
        }
        Value::Number(number) if number.as_u64() != Some(0) => number.as_u64(),
        _ => own.as_u64(),
    };
    number.and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0).ok_or_else(|| format!("{own} is no port"))
}

/// The next connection may be taken all the same: this one went away, or a run has every file open that it may (accept(2)).
fn passes(error: &std::io::Error) -> bool {
    use rustix::io::Errno;
    let passing = [Errno::CONNABORTED, Errno::INTR, Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|raw| passing.iter().any(|errno| errno.raw_os_error() == raw))
}

/// Why it cannot even begin.
fn refused(pod: &str, failure: &Failure) -> Problem {
    let why = sanitise(&failure.why);
    if failure.status == Some(403) {
        return Problem::new("forward.forbidden", format!("you may not forward a port of pod {pod}"), why)
            .hint("it takes the rights `create` and `get` on pods/portforward there; a load balancer, a node's port or --via ingress take neither");
    }
    Problem::new("forward.refused", format!("no port of pod {pod} is forwarded"), why)
        .hint("`kubectl port-forward` says whether the API server and the pod's kubelet do it at all")
}

fn lost(pod: &str, why: &str) -> Problem {
    Problem::new("forward.lost", format!("the port-forward to pod {pod} was lost"), sanitise(why))
        .hint("see what became of the pod; a new run takes another one that is ready")
}

impl Way {
    fn named(&self) -> String {
        format!("{}/{}", self.namespace, self.pod)
    }

    /// One connection into the pod.
    async fn open(&self) -> Result<Opened, Failure> {
        let pods: Api<Pod> = Api::namespaced(self.wire.client(), &self.namespace);
        match tokio::time::timeout(LIMIT, pods.portforward(&self.pod, &[self.port])).await {
            Ok(Ok(forwarder)) => Ok(Opened(forwarder)),
            Ok(Err(kube::Error::Api(said))) => Err(Failure { status: Some(said.code), why: said.message.clone() }),
            Ok(Err(error)) => Err(Failure { status: None, why: chain(&error) }),
            Err(_) => Err(Failure { status: None, why: format!("no answer within {} s", LIMIT.as_secs()) }),
        }
    }

    /// Carries every connection until it is cancelled.
    async fn serve(self, listener: TcpListener) {
        let way = Arc::new(self);
        // They end with this.
        let mut connections = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((local, _)) => _ = connections.spawn(way.clone().carry(local)),
                Err(error) if passes(&error) => tokio::time::sleep(PAUSE).await,
                Err(error) => return way.lose(&error.to_string()),
            }
            while connections.try_join_next().is_some() {}
        }
    }

    async fn carry(self: Arc<Self>, mut local: TcpStream) {
        _ = local.set_nodelay(true);
        let mut forwarder = match self.open().await {
            Ok(forwarder) => forwarder,
            Err(failure) => return self.failed(&failure),
        };
        self.failures.store(0, Ordering::Relaxed);
        let (Some(mut remote), Some(error)) = (forwarder.0.take_stream(self.port), forwarder.0.take_error(self.port)) else { return };
        let said = async {
            match error.await {
                Some(said) => said,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            said = said => self.complained(&said).await,
            copied = tokio::io::copy_bidirectional(&mut local, &mut remote) => {
                self.carried.fetch_or(copied.is_ok_and(|(_, back)| back > 0), Ordering::Relaxed);
            }
        }
    }

    /// No connection was made.
    fn failed(&self, failure: &Failure) {
        let again = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if matches!(failure.status, Some(401 | 403 | 404)) || again >= FAILURES {
            self.lose(&failure.why);
        }
    }

    /// The kubelet could not connect to the port. A program that is started anew in its pod may come back; one that never answered will not.
    async fn complained(&self, said: &str) {
        if !self.carried.load(Ordering::Relaxed) || !self.stands().await {
            self.lose(said);
        }
    }

    /// The pod is still there and neither goes nor has ended.
    async fn stands(&self) -> bool {
        let path = format!("/api/v1/namespaces/{}/pods/{}", segment(&self.namespace), segment(&self.pod));
        match self.wire.json::<Value>(&path, JSON, LIMIT).await {
            Ok(pod) => lives(&pod),
            Err(trouble) => trouble.status != Some(http::StatusCode::NOT_FOUND),
        }
    }

    fn lose(&self, why: &str) {
        self.lost.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert_with(|| lost(&self.named(), why));
            first
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The words are those of RBAC (k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go).
    #[test]
    fn a_right_that_is_missing_is_told_with_its_name() {
        let why = "pods \"web-1\" is forbidden: User \"jane\" cannot get resource \"pods/portforward\" in API group \"\" in the namespace \"shop\"";
        let told = refused("shop/web-1", &Failure { status: Some(403), why: why.into() });
        assert_eq!((told.code, told.why.as_str()), ("forward.forbidden", why));
        assert!(told.hints[0].contains("pods/portforward"), "{told}");
        assert_eq!(refused("shop/web-1", &Failure { status: None, why: "broken pipe".into() }).code, "forward.refused");
    }

    #[test]
    fn a_run_that_has_every_file_open_does_not_lose_its_way() {
        let of = |raw: i32| std::io::Error::from_raw_os_error(raw);
        assert!(passes(&of(rustix::io::Errno::MFILE.raw_os_error())) && !passes(&of(rustix::io::Errno::BADF.raw_os_error())));
        assert!(!passes(&std::io::Error::other("x")));
    }

    /// Cases of k8s.io/kubectl/pkg/util/service_port_test.go, `TestLookupContainerPortNumberByServicePort`.
    #[test]
    fn ports_of_services_lead_where_kubectl_says() {
        let pod = json!({"metadata": {"name": "web-1"}, "spec": {
            "containers": [{"ports": [{"name": "https", "containerPort": 443}, {"name": "http", "containerPort": 8080}]}],
            "initContainers": [{"restartPolicy": "Always", "ports": [{"name": "proxy", "containerPort": 15006}]}, {"ports": [{"name": "once", "containerPort": 1}]}]}});
        let found = |address: &str, port: Value| target(&json!({"spec": {"clusterIP": address}}), &port, &pod);
        assert_eq!(found("10.0.0.7", json!({"port": 80, "targetPort": 8080})), Ok(8080));
        assert_eq!(found("10.0.0.7", json!({"port": 80, "targetPort": "http"})), Ok(8080));
        assert_eq!(found("10.0.0.7", json!({"port": 80, "targetPort": "proxy"})), Ok(15006));
        assert_eq!(found("10.0.0.7", json!({"port": 80})), Ok(80));
        assert_eq!(found("10.0.0.7", json!({"port": 80, "targetPort": 0})), Ok(80));
        assert_eq!(found("None", json!({"port": 80, "targetPort": 8080})), Ok(80));
        for (port, word) in [
            (json!({"port": 80, "targetPort": "once"}), "no container of web-1 has a port called once"),
            (json!({"port": 53, "protocol": "UDP"}), "only TCP"),
            (json!({"port": 80_000}), "no port"),
        ] {
            assert!(found("10.0.0.7", port).unwrap_err().contains(word), "{word}");
        }
    }
}
