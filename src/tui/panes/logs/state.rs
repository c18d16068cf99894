//! What the logs pane knows: whose logs, how they are looked at, and the window of lines that is seen.

use crate::cluster::logs::ring::{Want, Window};
use crate::cluster::logs::{Since, Source};
use crate::names::{ObjectKey, Problem};

/// From when on, by digit, as k9s has them: tail, head, 1, 5, 15, 30 minutes, an hour.
pub const SINCE: [(Since, &str); 7] = [
    (Since::Tail(1_000), "last 1,000 lines"),
    (Since::Head, "from the beginning"),
    (Since::Seconds(60), "last 1m"),
    (Since::Seconds(300), "last 5m"),
    (Since::Seconds(900), "last 15m"),
    (Since::Seconds(1_800), "last 30m"),
    (Since::Seconds(3_600), "last 1h"),
];

/// Everything the pane draws and decides from.
#[derive(Debug, Default)]
pub struct State {
    /// Whose logs.
    pub of: Vec<ObjectKey>,
    /// Only this container.
    pub container: Option<String>,
    /// The run before.
    pub previous: bool,
    /// From when on: an index into [`SINCE`].
    pub since: usize,
    /// Counts what was opened; windows of something earlier are dropped.
    pub generation: u64,
    /// What is asked of the engine.
    pub want: Want,
    /// What it answered last.
    pub window: Window,
    /// Every stream there has been.
    pub sources: Vec<Source>,
    /// What stands in the way of all of it.
    pub problem: Option<Problem>,
    /// Something has been answered.
    pub answered: bool,
    /// No moments.
    pub timeless: bool,
    /// Long lines are cut.
    pub cut: bool,
    /// JSON as it came.
    pub raw: bool,
}

impl State {
    /// The names of the containers there are, in the order in which they came.
    pub fn containers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for source in &self.sources {
            if !names.contains(&source.container.as_str()) {
                names.push(&source.container);
            }
        }
        names
    }
}
