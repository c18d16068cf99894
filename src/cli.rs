//! Door 2: subcommands for scripts. Each verb writes to the `out` and `err` it was given and answers an exit code: 0 done, 1 it failed, 2 wrong usage.

use std::io::{self, Write};

use clap::ValueEnum;

use crate::names::Problem;

pub mod doctor;
pub mod get;
pub mod perf;
pub mod sandbox;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The two streams a verb writes to.
pub struct Streams<'a> {
    /// What was asked for, and nothing else.
    pub out: &'a mut dyn Write,
    /// Progress, remarks and problems.
    pub err: &'a mut dyn Write,
}

impl Streams<'_> {
    /// Says what went wrong and answers exit code 1.
    ///
    /// # Errors
    /// The stream is gone.
    pub fn fail(&mut self, problem: &Problem) -> io::Result<u8> {
        writeln!(self.err, "meshplay: {problem}")?;
        Ok(1)
    }
}
