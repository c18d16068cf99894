//! The shell: which pane is seen, what lies over it, and the routing of everything between them. It does no pane's work.

pub mod commands;
pub mod line;
pub mod memory;
pub mod model;
pub mod shared;
mod standing;
pub mod update;
pub mod view;
pub mod work;
