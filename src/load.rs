//! The load generator: closed and open loops over prebuilt requests, threads with a runtime of their own, latencies in histograms.
//!
//! What is sent when is a pure plan ([`plan`], [`schedule`]); threads work it off ([`engine`]) and hand over what they measured ([`record`], [`sample`]); whether
//! that may be believed is judged from the generator's own figures ([`audit`]). One exchange with a server is all that `wire` knows.

pub mod audit;
mod chance;
pub mod class;
pub mod engine;
pub mod pace;
pub mod plan;
pub mod record;
pub mod request;
pub mod sample;
pub mod schedule;
pub mod target;
mod wire;
