//! Runs as results: what was measured, as plain values, as JSON and as folders on disk. How it is measured is not in here, nor when.

pub mod compare;
pub mod run;
pub mod store;
pub mod told;

pub use run::{Bucket, Interval, Latencies, Run, Shape, State, Subject};
pub use store::{Store, Writing};
pub use told::{Endpoint, Generator, WarmUp};
