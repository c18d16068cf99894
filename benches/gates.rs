//! What the program promises about speed, memory and bytes, measured on the real binary and printed as the README's table. How each is measured stands in
//! `gates/`, one file for each place where it is measured.
//!
//! `cargo bench --bench gates` measures everything, `cargo bench --bench gates -- first-frame still` some, `--quick` with fewer repetitions. `load` stands
//! for all rows whose names begin with `load-`. `soak` takes two minutes among others and half an hour when it is named; `--minutes=N` says otherwise, for
//! `load-memory` too. `--loose` judges only what a build for debugging on a busy machine can do too; `.ci/run` does so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a row ends here when something is wrong, and says so in the table")]

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

#[path = "gates/events.rs"]
mod events;
#[path = "gates/figures.rs"]
mod figures;
#[path = "gates/fleet.rs"]
mod fleet;
#[path = "gates/http.rs"]
mod http;
#[path = "gates/keys.rs"]
mod keys;
#[path = "gates/load.rs"]
mod load;
#[path = "gates/machine.rs"]
mod machine;
#[path = "gates/paint.rs"]
mod paint;
#[path = "../tests/support/process.rs"]
mod process;
#[path = "../tests/support/pty.rs"]
mod pty;
#[path = "gates/real.rs"]
mod real;
#[path = "gates/requests.rs"]
mod requests;
#[path = "gates/rest.rs"]
mod rest;
#[path = "gates/scale.rs"]
mod scale;
#[path = "gates/screen.rs"]
mod screen;
#[path = "gates/slices.rs"]
mod slices;
#[path = "gates/soak.rs"]
mod soak;
#[path = "gates/start.rs"]
mod start;

use figures::{Line, Verdict};

/// Something that is measured in one go; it may fill several lines of the table.
struct Row {
    /// What it is called on the command line.
    name: &'static str,
    measure: fn(&Effort) -> Vec<Line>,
}

impl Row {
    /// It is called so, or is one of several that begin so.
    fn answers_to(&self, name: &str) -> bool {
        let one = ROWS.iter().any(|row| row.name == name);
        self.name == name || !one && self.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
    }
}

/// How thoroughly.
pub struct Effort {
    quick: bool,
    /// Rows were asked for by their names.
    named: bool,
    /// A build for debugging among other work: only what holds there too is judged.
    loose: bool,
    minutes: Option<u64>,
}

impl Effort {
    /// So many times, or fewer when it has to be quick.
    pub fn times(&self, thorough: usize, quick: usize) -> usize {
        if self.quick { quick } else { thorough }
    }

    /// It is nothing to fail for. What even a build for debugging can do has to be done.
    fn takes(&self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Met | Verdict::Told => true,
            Verdict::Missed | Verdict::LeftOut(_) => !self.loose,
            Verdict::Failed => false,
        }
    }

    /// So many minutes as were asked for; else long for a row that was named, short among all others.
    pub fn minutes(&self, long: u64, short: u64) -> u64 {
        self.minutes.unwrap_or(if self.named && !self.quick { long } else { short })
    }
}

/// In the order of the table.
const ROWS: &[Row] = &[
    Row { name: "first-frame", measure: start::first_frame },
    Row { name: "rows", measure: start::rows },
    Row { name: "real", measure: real::beside_curl },
    Row { name: "memory", measure: rest::memory },
    Row { name: "still", measure: rest::still },
    Row { name: "keys", measure: keys::idle },
    Row { name: "keys-churn", measure: keys::under_churn },
    Row { name: "filter", measure: keys::filter },
    Row { name: "events", measure: events::taken_in },
    Row { name: "bytes", measure: paint::bytes },
    Row { name: "load-wrk", measure: load::beside_wrk },
    Row { name: "load-bound", measure: load::client_bound },
    Row { name: "load-bound-peers", measure: load::client_bound_peers },
    Row { name: "load-peers", measure: load::beside_peers },
    Row { name: "load-h2", measure: load::http2 },
    Row { name: "load-tls", measure: load::tls },
    Row { name: "load-new", measure: load::fresh },
    Row { name: "load-live", measure: load::beside_headless },
    Row { name: "load-open", measure: load::evenly },
    Row { name: "load-stall", measure: load::frozen },
    Row { name: "load-memory", measure: load::memory },
    Row { name: "load-hostile", measure: load::named },
    Row { name: "real-50k", measure: real::fifty_thousand },
    Row { name: "memory-100k", measure: scale::memory },
    Row { name: "filter-100k", measure: scale::filter },
    Row { name: "sort-100k", measure: scale::sort },
    Row { name: "slices-100k", measure: slices::longest },
    Row { name: "relist-50k", measure: scale::relist },
    Row { name: "fleet", measure: fleet::many },
    Row { name: "flood", measure: fleet::flood },
    Row { name: "requests", measure: requests::idle },
    Row { name: "soak", measure: soak::flat },
];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, kind] = asked.as_slice()
        && serve == "serve"
    {
        return load::be(kind);
    }
    // `cargo test --benches` only wants to know that this builds.
    if !asked.iter().any(|word| word == "--bench") {
        return ExitCode::SUCCESS;
    }
    let names: Vec<&str> = asked.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let minutes = asked.iter().find_map(|word| word.strip_prefix("--minutes=")).map(|text| text.parse().expect("--minutes wants a number"));
    let effort = Effort {
        quick: asked.iter().any(|word| word == "--quick"),
        named: !names.is_empty(),
        loose: asked.iter().any(|word| word == "--loose"),
        minutes,
    };
    if let Some(unknown) = names.iter().find(|name| ROWS.iter().all(|row| !row.answers_to(name))) {
        let all: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        say(&format!("no row is called {unknown}; there are: {}", all.join(" ")));
        return ExitCode::from(2);
    }
    let mut disturbed: Option<f64> = None;
    let mut lines = Vec::new();
    for row in ROWS.iter().filter(|row| names.is_empty() || names.iter().any(|name| row.answers_to(name))) {
        say(&format!("measuring {}", row.name));
        disturbed = machine::busy().into_iter().chain(disturbed).reduce(f64::max);
        // A row that fails takes no other with it; the panic has said why.
        let failed = || vec![Line::new(row.name, "", "", Verdict::Failed)];
        let measured = catch_unwind(AssertUnwindSafe(|| (row.measure)(&effort))).unwrap_or_else(|_| failed());
        for line in &measured {
            say(&format!("  {line}"));
        }
        lines.extend(measured);
    }
    match io::stdout().write_all(table(&lines, disturbed).as_bytes()) {
        Ok(()) if lines.iter().all(|line| effort.takes(&line.verdict)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Ready for the README.
fn table(lines: &[Line], disturbed: Option<f64>) -> String {
    let mut text = format!("\n{}\n", machine::described());
    if let Some(busy) = disturbed.filter(|busy| *busy > 0.1) {
        text.push_str(&format!(
            "Other programs kept up to {busy:.1} of its cores busy between the rows: the figures are worse than they would be alone.\n"
        ));
    }
    text.push_str("\n| what | gate | measured | |\n|---|---|---|---|\n");
    for line in lines {
        text.push_str(&format!("| {} | {} | {} | {} |\n", line.what, line.gate, line.measured, line.verdict));
    }
    text
}

/// To the person who waits.
pub fn say(what: &str) {
    _ = writeln!(io::stderr(), "{what}");
}
