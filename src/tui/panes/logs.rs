//! Logs: the lines of one pod or of all pods of a workload, followed, searched and saved. The text lives in the engine; here is the window that is seen.

pub mod commands;
pub mod state;
pub mod update;
pub mod view;
pub mod work;
