//! Connections: how each one stands and does, which are open, and what can be decided about them.

pub mod commands;
pub mod state;
pub mod update;
pub mod view;
pub mod work;
