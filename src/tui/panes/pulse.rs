//! The pulse: how everything does in all open clusters, on one screen.

pub mod commands;
pub mod state;
pub mod update;
pub mod view;
pub mod work;
