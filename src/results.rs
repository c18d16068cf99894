//! Runs as results: what was measured, as plain values, as JSON and as folders on disk. How it is measured is not in here, nor when.

pub mod baseline;
pub mod compare;
pub mod difference;
pub mod environment;
pub mod formats;
pub mod gate;
pub mod history;
pub mod interval;
pub mod note;
pub mod past;
pub mod provenance;
pub mod run;
pub mod series;
pub mod settled;
pub mod shape;
pub mod spectrum;
pub mod store;
pub mod told;

pub use environment::Environment;
pub use interval::{Bucket, Interval, Latencies};
pub use provenance::Provenance;
pub use run::{Run, State};
pub use shape::{Shape, Subject};
pub use store::{Kept, Store, Writing};
pub use told::{Endpoint, Generator, WarmUp};
