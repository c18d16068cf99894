//! What a run in a process of its own and whoever watches it say to each other: one JSON object a line this way, the word `stop` the other way.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::OwnedReadHalf;

use crate::load::engine::Sample;
use crate::names::Problem;
use crate::results::Run;

/// What a watcher may say.
pub(super) const STOP: &[u8] = b"stop\n";

/// The longest line that is read, in bytes; one with a sample has some ten thousand.
const LONGEST: u64 = 8 << 20;

/// One line of the run's process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Frame {
    /// It begins.
    Run(Box<Run>),
    /// The newest sample. Those a slow watcher misses are never sent.
    Sample(Arc<Sample>),
    /// It is over.
    Finished { run: Box<Run>, problems: Vec<Told> },
    /// It could not be done.
    Failed(Told),
    /// It cannot be done in a process of its own.
    Alone(Told),
}

/// A problem with its code as text: the code itself is known to whoever reads it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    code: String,
    problem: Problem,
}

/// Codes of what can go wrong with a run.
const CODES: &[&str] = &[
    "cluster.auth",
    "cluster.busy",
    "cluster.certificate",
    "cluster.context",
    "cluster.credentials",
    "cluster.forbidden",
    "cluster.kind",
    "cluster.nonsense",
    "cluster.not-found",
    "cluster.proxy",
    "cluster.refused",
    "cluster.slow",
    "cluster.unreachable",
    "forward.closed",
    "forward.forbidden",
    "forward.lost",
    "forward.no-pod",
    "forward.port",
    "forward.refused",
    "gate.audit",
    "gate.maintenance",
    "gate.name",
    "gate.readonly",
    "gate.target",
    "gate.unread",
    "load.dns",
    "load.feed",
    "load.file",
    "load.grpc",
    "load.plan",
    "load.request",
    "load.target",
    "load.template",
    "load.threads",
    "load.tls",
    "kubeconfig.gone",
    "kubeconfig.server",
    "perf.apart",
    "perf.nothing-succeeded",
    "perf.thread",
    "results.unreadable",
    "results.unwritable",
    "service.port",
    "service.unknown",
];

impl From<Problem> for Told {
    fn from(problem: Problem) -> Self {
        Self { code: problem.code.to_owned(), problem }
    }
}

impl Told {
    pub(super) fn problem(self) -> Problem {
        let code = CODES.iter().copied().find(|code| *code == self.code).unwrap_or("perf.lost");
        Problem { code, ..self.problem }
    }
}

impl Frame {
    /// As one line.
    pub(super) fn line(&self) -> Vec<u8> {
        // Nothing in a frame cannot be written as JSON; an empty line would end the watcher's patience, which is right then.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// Reads frames.
pub(super) struct Reader(BufReader<OwnedReadHalf>);

impl Reader {
    pub(super) fn new(read: OwnedReadHalf) -> Self {
        Self(BufReader::new(read))
    }

    /// The next frame; none: there will be no more that can be understood.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        let mut line = Vec::new();
        let mut limited = (&mut self.0).take(LONGEST);
        limited.read_until(b'\n', &mut line).await.ok()?;
        serde_json::from_slice(&line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A port that cannot be forwarded is told by the process that would have opened it.
    #[test]
    fn what_goes_wrong_on_the_way_keeps_its_code() {
        let listed = include_str!("../../../docs/errors.md").lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let ways: Vec<&str> = listed.filter(|code| code.starts_with("forward.") || code.starts_with("gate.")).collect();
        assert!(ways.len() > 10, "{ways:?}");
        for code in ways {
            let line = serde_json::json!({"code": code, "problem": {"what": "w", "why": "y", "hints": ["h"]}});
            let told: Told = serde_json::from_value(line).unwrap();
            assert_eq!(told.problem().code, code);
        }
    }
}
