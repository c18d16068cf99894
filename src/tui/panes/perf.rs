//! Load tests: the form that starts one, the live figures and charts, and the list of runs. Leaving the pane stops nothing.

pub mod commands;
pub mod state;
pub mod update;
pub mod view;
pub mod work;
