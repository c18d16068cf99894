//! The contexts of the kubeconfig: how each connection does, and which of them are open.

pub mod commands;
pub mod state;
pub mod update;
pub mod view;
