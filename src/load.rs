//! The load generator: closed loop over HTTP/1.1 keep-alive, one current-thread runtime a core, requests prebuilt, latencies in histograms.
//!
//! A latency is the *service* time: from the first byte written to the last byte read. Requests that waited for their turn are not told apart here.

pub mod engine;
pub mod plan;
pub mod record;
pub mod target;
mod wire;
