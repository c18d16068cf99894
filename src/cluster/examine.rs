//! One close look at one context, for `meshplay doctor`: does it answer, as whom does it know us, may we list and watch. Each step that fails says why
//! and what mends it. Nothing is kept open afterwards, and nothing is tried twice.

use std::time::{Duration, Instant};

use futures::future::join;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::fleet::{Context, Fleet};
use super::wire::{JSON, Trouble, Wire};
use crate::names::{ClusterId, Problem};
use crate::text::sanitise;

/// What was found about one context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examination {
    /// The server's version.
    pub version: Option<String>,
    /// How long its first answer took, with the handshakes before it.
    pub latency: Option<Duration>,
    /// Who the server says we are; servers before 1.28 do not say.
    pub user: Option<String>,
    /// What we may do with pods in the context's namespace; empty when it could not be asked.
    pub rights: Vec<Right>,
    /// What is wrong; empty when all is well.
    pub problems: Vec<Problem>,
}

/// The server's answer to "may I?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// `list`, `watch`.
    pub verb: &'static str,
    /// `pods`.
    pub resource: &'static str,
    /// It may.
    pub allowed: bool,
}

const VERBS: [&str; 2] = ["list", "watch"];

/// What is under way, so that a limit that is reached can say where.
#[derive(Clone, Copy)]
enum Step {
    Credentials,
    Server,
    Rights,
}

impl Fleet {
    /// Examines one context within `limit`. Needs a tokio runtime.
    pub async fn examine(&self, id: &ClusterId, limit: Duration) -> Examination {
        let mut found = Examination::default();
        let Ok(context) = self.context(id) else { return found };
        let context = &context;
        let mut step = Step::Credentials;
        if tokio::time::timeout(limit, self.steps(context, limit, &mut step, &mut found)).await.is_err() {
            found.problems.push(late(context, limit, step));
        }
        for problem in &mut found.problems {
            if let Some(remedy) = remedy(context, problem) {
                problem.hints = vec![remedy];
            }
        }
        found
    }

    async fn steps(&self, context: &Context, limit: Duration, step: &mut Step, found: &mut Examination) {
        let wire = match self.builder(&context.id).build().await {
            Ok(built) => Wire::new(context.id.clone(), built),
            Err(problem) => return found.problems.push(problem),
        };
        *step = Step::Server;
        let begun = Instant::now();
        match version(&wire, limit).await {
            Ok(version) => found.version = version,
            Err(trouble) => {
                found.latency = trouble.status.map(|_| begun.elapsed());
                return found.problems.push(trouble.problem);
            }
        }
        found.latency = Some(begun.elapsed());
        *step = Step::Rights;
        let (user, rights) = join(whoami(&wire, limit), rights(&wire, context, limit)).await;
        found.user = user;
        match rights {
            Ok(rights) => found.rights = rights,
            Err(problem) => return found.problems.push(problem),
        }
        found.problems.extend(not_allowed(context, found));
    }
}

/// The version, or none where it is kept secret: `/version` needs a right that a cluster may have taken away.
async fn version(wire: &Wire, limit: Duration) -> Result<Option<String>, Trouble> {
    match wire.version(limit).await {
        Ok(version) => Ok(Some(version)),
        Err(Trouble { status: Some(StatusCode::FORBIDDEN), .. }) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// A review of our own standing: created, answered, never stored (authentication.k8s.io and authorization.k8s.io).
async fn review(wire: &Wire, path: &str, body: &Value, limit: Duration) -> Result<Value, Trouble> {
    let answer = wire.whole(Method::POST, path, JSON, body.to_string().into_bytes(), limit).await?;
    serde_json::from_slice(&answer).map_err(|error| wire.nonsense(&answer, &error.to_string()))
}

async fn whoami(wire: &Wire, limit: Duration) -> Option<String> {
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = review(wire, "/apis/authentication.k8s.io/v1/selfsubjectreviews", &body, limit).await.ok()?;
    let name = answer.pointer("/status/userInfo/username")?.as_str()?;
    Some(sanitise(name).into_owned())
}

async fn rights(wire: &Wire, context: &Context, limit: Duration) -> Result<Vec<Right>, Problem> {
    let ask = |verb: &'static str| async move {
        let attributes = json!({"namespace": context.namespace, "verb": verb, "resource": "pods"});
        let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}});
        let answer = review(wire, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &body, limit).await.map_err(|it| it.problem)?;
        let allowed = answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or_default();
        Ok(Right { verb, resource: "pods", allowed })
    };
    futures::future::try_join_all(VERBS.map(ask)).await
}

fn not_allowed(context: &Context, found: &Examination) -> Option<Problem> {
    let refused: Vec<&str> = found.rights.iter().filter(|right| !right.allowed).map(|right| right.verb).collect();
    if refused.is_empty() {
        return None;
    }
    let Context { id, namespace, .. } = context;
    let user = found.user.as_deref();
    let what = format!("{id} does not let you {} pods in namespace {namespace}", refused.join(" or "));
    let why = format!("no role there gives {} that right", user.unwrap_or("you"));
    let binding =
        format!("kubectl --context {id} -n {namespace} create rolebinding meshplay-view --clusterrole=view --user={}", user.unwrap_or("NAME"));
    let problem = Problem::new("cluster.right", what, why).hint(format!("ask its administrator: `{binding}`"));
    Some(problem.hint(format!("or start in a namespace where you have rights: `kubectl config set-context {id} --namespace NAME`")))
}

fn late(context: &Context, limit: Duration, step: Step) -> Problem {
    let (id, within) = (&context.id, format!("within {} s", limit.as_secs_f32()));
    match step {
        Step::Credentials => {
            Problem::new("cluster.credentials", format!("{id} has no credentials yet"), format!("the credential plugin has not answered {within}"))
                .hint(format!("run `kubectl --context {id} get ns` once: it shows what the plugin waits for"))
        }
        Step::Server => {
            Problem::new("cluster.unreachable", format!("{id} cannot be reached"), format!("{} has not answered {within}", context.server))
        }
        Step::Rights => Problem::new("cluster.slow", format!("{id} answers slowly"), format!("it has not said {within} what you may do"))
            .hint("look at its load; a webhook that authorises may be the slow part"),
    }
}

const PLAIN: &str = "SERVER does not speak TLS: it may want http:// or another port";
const SILENT: &str = "a firewall may drop what is sent to SERVER, or a VPN is missing: `curl -kv SERVER/version` shows how far it gets";

/// What an error of the layers below says, and what mends it. `SERVER` and `CONTEXT` are filled in.
const REMEDIES: &[(&str, &str)] = &[
    ("onnection refused", "nothing listens at SERVER: start the cluster, or correct `server:` of its cluster in the kubeconfig"),
    ("lookup address", "the name in SERVER is not known here: connect the VPN, or check DNS and `server:` in the kubeconfig"),
    ("dns error", "the name in SERVER is not known here: connect the VPN, or check DNS and `server:` in the kubeconfig"),
    ("tls handshake eof", PLAIN),
    ("InvalidContentType", PLAIN),
    ("HTTP request to an HTTPS server", "write https:// instead of http:// in `server:` of its cluster in the kubeconfig"),
    ("no route to host", "no network leads to SERVER: connect the VPN"),
    ("etwork is unreachable", "no network leads to SERVER: connect the VPN"),
    ("has not answered within", SILENT),
    ("no answer within", SILENT),
];

/// A better remedy than that of a program that goes on trying; none: the problem's own stays.
fn remedy(context: &Context, problem: &Problem) -> Option<String> {
    let known = REMEDIES.iter().find(|(part, _)| problem.why.contains(part)).map(|(_, remedy)| *remedy);
    let text = match problem.code {
        "cluster.auth" => "the token or certificate is refused: log in again with your provider's tool, then `kubectl --context CONTEXT auth whoami`",
        "cluster.forbidden" => "it does not even say what you may do: ask its administrator for the ClusterRole `system:basic-user`",
        "cluster.unreachable" => known.unwrap_or("`curl -kv SERVER/version` shows how far a request gets"),
        "cluster.refused" | "cluster.busy" => known.unwrap_or("look at the API server's own log: it answers, but not well"),
        "cluster.not-found" => "SERVER is no Kubernetes API server, or a path is missing in `server:` of the kubeconfig",
        _ => return None,
    };
    Some(text.replace("SERVER", &context.server).replace("CONTEXT", context.id.as_str()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::cluster::fleet::{Embedded, FleetOptions};

    const LIMIT: Duration = Duration::from_secs(3);

    /// A server that answers each path with a status and a body, one request a connection.
    async fn examine(answer: impl Fn(&str, &str) -> (u16, &'static str) + Clone + Send + Sync + 'static) -> Examination {
        let serve = move |mut stream: DuplexStream| {
            let answer = answer.clone();
            async move {
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
                let (status, body) = answer(&path, &text);
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        };
        let dial = Arc::new(move || {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            tokio::spawn(serve(theirs));
            ours
        });
        let embedded = Some(Embedded { name: "lab".into(), namespace: "shop".into(), dial });
        let fleet = Fleet::open(FleetOptions { embedded, ..FleetOptions::default() }).unwrap();
        fleet.examine(&ClusterId::new("lab"), LIMIT).await
    }

    /// Messages as the layers below wrote them on real servers.
    #[test]
    fn what_the_layers_below_say_leads_to_a_remedy() {
        let context = Context { id: ClusterId::new("lab"), namespace: "shop".into(), server: "https://h:1".into(), current: true, protected: false };
        let cases = [
            ("ServiceError: client error (Connect): tcp connect error: Connection refused (os error 111)", "nothing listens at https://h:1"),
            ("ServiceError: client error (Connect): dns error: failed to lookup address information: Name or service not known", "VPN"),
            ("ServiceError: client error (Connect): tls handshake eof", "does not speak TLS"),
            ("no answer within 3 s", "firewall"),
            ("something new", "curl -kv https://h:1/version"),
        ];
        for (why, part) in cases {
            let remedy = remedy(&context, &Problem::new("cluster.unreachable", "lab cannot be reached", why)).unwrap();
            assert!(remedy.contains(part), "{why}: {remedy}");
        }
        let plain = Problem::new("cluster.refused", "lab refused the request (400)", "Client sent an HTTP request to an HTTPS server.");
        assert!(remedy(&context, &plain).unwrap().contains("https://"));
    }

    const VERSION: &str = r#"{"gitVersion": "v1.36.0"}"#;

    #[tokio::test]
    async fn a_well_cluster_says_version_user_and_rights() {
        let found = examine(|path, _| match path {
            "/version" => (200, VERSION),
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => (201, r#"{"status": {"userInfo": {"username": "jane"}}}"#),
            _ => (201, r#"{"status": {"allowed": true}}"#),
        })
        .await;
        assert_eq!((found.version.as_deref(), found.user.as_deref()), (Some("v1.36.0"), Some("jane")));
        assert!(found.latency.is_some());
        assert!(found.rights.len() == 2 && found.rights.iter().all(|right| right.allowed), "{:?}", found.rights);
        assert_eq!(found.problems, []);
    }

    #[tokio::test]
    async fn a_missing_right_is_named_with_namespace_and_remedy() {
        let found = examine(|path, text| match path {
            "/version" => (200, VERSION),
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => (404, "{}"),
            _ if text.contains(r#""watch""#) => (201, r#"{"status": {"allowed": false}}"#),
            _ => (201, r#"{"status": {"allowed": true}}"#),
        })
        .await;
        let [problem] = &found.problems[..] else { panic!("{:?}", found.problems) };
        assert_eq!((problem.code, problem.what.as_str()), ("cluster.right", "lab does not let you watch pods in namespace shop"));
        assert!(problem.hints[0].contains("--clusterrole=view"), "{:?}", problem.hints);
    }

    #[tokio::test]
    async fn refusals_and_nonsense_have_cause_and_remedy() {
        let cases = [
            (401, r#"{"message": "Unauthorized", "code": 401}"#, "cluster.auth", "Unauthorized"),
            (500, r#"{"message": "etcd is ill"}"#, "cluster.refused", "etcd is ill"),
            (200, "<html>log in</html>", "cluster.nonsense", "HTML"),
        ];
        for (status, body, code, why) in cases {
            let found = examine(move |_, _| (status, body)).await;
            let [problem] = &found.problems[..] else { panic!("{:?}", found.problems) };
            assert_eq!(problem.code, code);
            assert!(problem.why.contains(why), "{}", problem.why);
            assert!(!problem.hints.is_empty() && !problem.hints.iter().any(|hint| hint.contains("doctor")), "{:?}", problem.hints);
        }
    }

    #[tokio::test]
    async fn who_is_known_but_may_not_even_ask_is_told_so() {
        let found = examine(|path, _| if path == "/version" { (200, VERSION) } else { (403, r#"{"message": "anonymous cannot"}"#) }).await;
        let codes: Vec<_> = found.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["cluster.forbidden"]);
        assert_eq!(found.version.as_deref(), Some("v1.36.0"));
    }

    #[tokio::test]
    async fn a_silent_server_is_not_waited_for_beyond_the_limit() {
        let dial = Arc::new(|| {
            let (ours, theirs) = tokio::io::duplex(64);
            tokio::spawn(async move {
                let _kept = theirs;
                std::future::pending::<()>().await;
            });
            ours
        });
        let embedded = Some(Embedded { name: "lab".into(), namespace: "shop".into(), dial });
        let fleet = Fleet::open(FleetOptions { embedded, ..FleetOptions::default() }).unwrap();
        let found = fleet.examine(&ClusterId::new("lab"), Duration::from_millis(50)).await;
        assert_eq!(found.problems.len(), 1);
        assert!(found.problems[0].hints[0].contains("firewall"), "{:?}", found.problems);
    }
}
