//! How one container of a pod does, as the pod's status tells it (core/v1, `ContainerStatus`): for a pod's row, and for views that look for trouble and for
//! restarts. What nobody asks for is not read.

use serde::Deserialize;

/// One container.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct ContainerStatus {
    pub(in crate::cluster) name: String,
    pub(in crate::cluster) ready: bool,
    pub(in crate::cluster) started: Option<bool>,
    pub(in crate::cluster) restart_count: u32,
    pub(in crate::cluster) state: State,
    pub(in crate::cluster) last_state: State,
}

/// One of these, or none.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct State {
    pub(in crate::cluster) waiting: Option<Waiting>,
    pub(in crate::cluster) running: Option<Running>,
    pub(in crate::cluster) terminated: Option<Terminated>,
}

/// It is not started yet, or again.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Waiting {
    pub(in crate::cluster) reason: String,
    pub(in crate::cluster) message: String,
}

/// It runs.
#[derive(Deserialize)]
pub(in crate::cluster) struct Running {}

/// It ended.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Terminated {
    pub(in crate::cluster) reason: String,
    pub(in crate::cluster) message: String,
    pub(in crate::cluster) exit_code: i32,
    pub(in crate::cluster) signal: i32,
    pub(in crate::cluster) finished_at: Option<String>,
}
