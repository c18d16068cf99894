//! Connections to clusters: discovery, watches, rows, details, and the gate through which every change goes. Kubernetes' API stops here: what leaves
//! this room is rows, texts and problems, sanitised.

pub mod census;
mod certificate;
pub mod client;
pub mod connection;
mod decode;
pub mod describe;
pub mod detail;
mod difference;
mod entrance;
pub mod events;
pub mod examine;
pub mod export;
pub mod filter;
pub mod fleet;
pub mod gate;
pub mod groups;
pub mod kinds;
pub mod kubeconfig;
pub mod kubectl;
mod login;
pub mod logs;
pub mod metrics;
pub mod path;
mod pieces;
mod probe;
pub mod proxy;
pub mod relate;
pub mod rows;
pub mod secret;
pub mod standing;
pub mod table;
pub mod tally;
pub mod views;
pub mod watch;
mod wire;
