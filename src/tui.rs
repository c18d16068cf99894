//! Door 1: everything that exists because there is a terminal.

pub mod app;
pub mod flow;
pub mod keys;
pub mod overlays;
pub mod own;
pub mod panes;
pub mod run;
pub mod start;
pub mod tape;
pub mod term;
pub mod theme;
pub mod widgets;
