//! An API server as the contract sees it: requests, answers, watches, and a namespace of its own that goes when the check is over. It knows no rule of
//! the contract.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use meshplay::sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::until::until;

pub const JSON: &str = "application/json";
pub const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
pub const MERGE: &str = "application/merge-patch+json";
pub const JSON_PATCH: &str = "application/json-patch+json";

/// One server under test.
pub struct Server {
    client: kube::Client,
    /// Where this check may do what it likes.
    pub namespace: String,
    _sandbox: Option<Sandbox>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub text: String,
}

/// A running watch.
pub struct Events {
    body: Body,
    buffer: Vec<u8>,
}

impl Server {
    /// A sandbox of its own, over TCP as everybody else sees it.
    pub async fn sandbox() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let kubeconfig = sandbox.kubeconfig(listener.local_addr().unwrap());
        let serving = sandbox.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        Self::of(Kubeconfig::from_yaml(&kubeconfig).unwrap(), Some(sandbox)).await
    }

    /// A real one.
    pub async fn real(kubeconfig: &Path) -> Self {
        Self::of(Kubeconfig::read_from(kubeconfig).unwrap(), None).await
    }

    async fn of(kubeconfig: Kubeconfig, sandbox: Option<Sandbox>) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        _ = rustls::crypto::ring::default_provider().install_default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        let client = kube::Client::try_from(config).unwrap();
        let namespace = format!("contract-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        Self { client, namespace, _sandbox: sandbox }
    }

    /// Runs a check in a namespace that is gone afterwards, also when the check fails.
    pub async fn holds(self, check: impl AsyncFnOnce(&Self)) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}});
        let made = self.send(Method::POST, "/api/v1/namespaces", JSON, JSON, &namespace.to_string()).await;
        assert_eq!(made.status, 201, "{made:?}");
        let outcome = std::panic::AssertUnwindSafe(check(&self)).catch_unwind().await;
        let gone = self.delete(&format!("/api/v1/namespaces/{}", self.namespace), &json!({})).await;
        if let Err(failure) = outcome {
            std::panic::resume_unwind(failure);
        }
        assert_eq!(gone.status, 200, "{gone:?}");
    }

    /// The collection of a kind in this check's namespace; `group_version` as in `apps/v1`.
    pub fn path(&self, group_version: &str, plural: &str) -> String {
        let root = if group_version.contains('/') { "apis" } else { "api" };
        format!("/{root}/{group_version}/namespaces/{}/{plural}", self.namespace)
    }

    pub async fn send(&self, method: Method, path: &str, accept: &str, content_type: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("accept", accept).header("content-type", content_type);
        let request = request.body(Body::from(body.as_bytes().to_vec())).unwrap();
        let answer = until(path, self.client.send(request)).await.unwrap();
        let status = answer.status();
        let content_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let body = until("the body", answer.into_body().collect()).await.unwrap().to_bytes();
        Answer { status, content_type, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, JSON, JSON, "").await
    }

    pub async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.send(Method::GET, path, accept, JSON, "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, JSON, JSON, &body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, JSON, JSON, &body.to_string()).await
    }

    pub async fn patch(&self, path: &str, kind: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, JSON, kind, &body.to_string()).await
    }

    pub async fn delete(&self, path: &str, options: &Value) -> Answer {
        self.send(Method::DELETE, path, JSON, JSON, &options.to_string()).await
    }

    /// A config map with one entry, in this check's namespace.
    pub async fn config_map(&self, name: &str, labels: Value) -> Value {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": {"key": "1"}});
        self.post(&self.path("v1", "configmaps"), &object).await.expect(201)
    }

    /// Opens a watch; `query` stands after `?watch=1`.
    pub async fn watch(&self, path: &str, query: &str, accept: &str) -> Events {
        let uri = format!("{path}?watch=1{query}");
        let request = Request::get(&uri).header("accept", accept).body(Body::empty()).unwrap();
        let answer = until(&uri, self.client.send(request)).await.unwrap();
        let status = answer.status();
        let mut events = Events { body: answer.into_body(), buffer: Vec::new() };
        if status != 200 {
            panic!("{uri}: {status} {:?}", events.next().await);
        }
        events
    }
}

impl Answer {
    /// The body, if the status is as wanted.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body as a failed `metav1.Status` of that code and reason.
    #[track_caller]
    pub fn refuses(&self, code: u16, reason: &str) -> Value {
        let status = self.expect(code);
        let said = (&status["kind"], &status["apiVersion"], &status["status"], &status["code"], &status["reason"]);
        assert_eq!(said, (&json!("Status"), &json!("v1"), &json!("Failure"), &json!(code), &json!(reason)), "{status}");
        assert!(status["message"].as_str().is_some_and(|message| !message.is_empty()), "{status}");
        status
    }
}

impl Events {
    /// The next event; `None` when the server ended the watch.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&line))));
            }
            match until("an event of the watch", self.body.frame()).await {
                Some(frame) => self.buffer.extend_from_slice(frame.unwrap().data_ref().map_or(&[][..], |data| data)),
                None => {
                    assert!(self.buffer.is_empty(), "the watch ended in the middle of {}", String::from_utf8_lossy(&self.buffer));
                    return None;
                }
            }
        }
    }

    /// The next event about an object: its type, the object.
    pub async fn object(&mut self) -> (String, Value) {
        loop {
            let mut event = self.next().await.expect("the watch goes on");
            if event["type"] != "BOOKMARK" {
                return (event["type"].as_str().unwrap().to_owned(), event["object"].take());
            }
        }
    }

    /// As [`Self::object`], of which only the type and the name.
    pub async fn brief(&mut self) -> (String, String) {
        let (what, object) = self.object().await;
        (what, object["metadata"]["name"].as_str().unwrap_or_default().to_owned())
    }
}

/// The resourceVersion of an object or a list, as the number it is.
#[track_caller]
pub fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no resourceVersion in {object}"))
}

/// Names of a list's items.
pub fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}
