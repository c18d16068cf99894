//! The panes: one folder each, always the same files. No pane knows another.

pub mod clusters;
pub mod inventory;
pub mod logs;
pub mod perf;
pub mod pulse;
pub mod xray;
