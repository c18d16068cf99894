//! Text as data: what comes from outside is made harmless here once, durations and ages are written here,
//! and YAML passes through one door. No files, no clock: times are parameters.

pub mod age;
pub mod credentials;
pub mod csv;
pub mod errors;
pub mod fault;
pub mod fingerprint;
pub mod measure;
pub mod quantity;
pub mod sanitise;
pub mod shell;
pub mod yaml;

pub use sanitise::sanitise;
