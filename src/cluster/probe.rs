//! Connections of other kinds than clusters: one cheap question, when a person connects, says whether they answer and which version they are.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;

use super::client::Builder;
use super::connection::{Health, Voice};
use super::wire::{JSON, Trouble, Wire};
use crate::names::ConnectionKind;
use crate::text::sanitise;

/// How one kind is asked.
struct Question {
    kind: ConnectionKind,
    /// Says whether it is well.
    path: &'static str,
    /// Says which version it is, and where in the answer.
    version: Option<(&'static str, &'static str)>,
}

/// Prometheus management API and HTTP API; Grafana health API; OCI distribution specification ("determining support"); git smart HTTP.
const QUESTIONS: [Question; 4] = [
    Question { kind: ConnectionKind::Prometheus, path: "/-/healthy", version: Some(("/api/v1/status/buildinfo", "/data/version")) },
    Question { kind: ConnectionKind::Grafana, path: "/api/health", version: Some(("/api/health", "/version")) },
    Question { kind: ConnectionKind::Registry, path: "/v2/", version: None },
    Question { kind: ConnectionKind::Git, path: "/info/refs?service=git-upload-pack", version: None },
];

const LIMIT: Duration = Duration::from_secs(10);

/// Asks once and says how it is.
pub(super) async fn probe(builder: Builder, kind: ConnectionKind, voice: Voice) {
    voice.tell(Health::Connecting, None);
    let Some(question) = QUESTIONS.iter().find(|one| one.kind == kind) else { return };
    let wire = match builder.build().await {
        Ok(built) => Wire::new(builder.id().clone(), built),
        Err(problem) => return voice.tell(Health::Unreachable, Some(problem)),
    };
    match wire.whole(Method::GET, question.path, "*/*", Vec::new(), LIMIT).await {
        Ok(_) => voice.ready(version(&wire, question).await),
        // A registry that wants a login is there: clients begin so.
        Err(Trouble { status: Some(StatusCode::UNAUTHORIZED), .. }) if kind == ConnectionKind::Registry => voice.ready(None),
        Err(trouble) => {
            let health = match trouble.status {
                None => Health::Unreachable,
                Some(StatusCode::UNAUTHORIZED) => Health::AuthNeeded,
                Some(StatusCode::FORBIDDEN) => Health::Forbidden,
                Some(_) => Health::Degraded,
            };
            voice.tell(health, Some(trouble.problem));
        }
    }
}

async fn version(wire: &Wire, question: &Question) -> Option<String> {
    let (path, pointer) = question.version?;
    let answer: Value = wire.json(path, JSON, LIMIT).await.ok()?;
    Some(sanitise(answer.pointer(pointer)?.as_str()?).into_owned())
}
