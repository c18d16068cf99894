//! The shell: which pane is seen, what lies over it, and the routing of everything between them. It does no pane's work.

pub mod alias;
mod asked;
pub mod commands;
pub mod copy;
pub mod line;
pub mod looks;
pub mod memory;
pub mod model;
pub mod mouse;
mod over;
pub mod pick;
pub mod place;
mod possible;
pub mod shared;
pub mod slow;
mod standing;
pub mod status;
pub mod update;
pub mod view;
pub mod work;
