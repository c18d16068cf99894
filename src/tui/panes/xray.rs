//! Xray: the objects of a kind as a tree of what stands below them and what they need, live.

pub mod commands;
pub mod state;
pub mod update;
pub mod view;
pub mod work;
