//! Connections to clusters: discovery, watches, rows, details, and the gate through which every change goes.

pub mod filter;
pub mod rows;
pub mod table;
