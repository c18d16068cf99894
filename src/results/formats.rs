//! Other people's files of results: which format a file has, what is read from it, what is written into one, and what that cannot carry.

pub mod csv;
pub mod fortio;
pub mod hdr;
mod html;
pub(super) mod logs;
mod meshery;
mod smp;
mod wrk;

use jiff::Timestamp;
use serde_json::Value;

use super::interval::{millionths, rate};
use super::provenance::{Imported, Provenance};
use super::spectrum::Spectrum;
use super::store::Kept;
use super::{Interval, Latencies, Run, Shape, State, Subject};
use crate::names::Problem;
use crate::text::fingerprint::fingerprint;
use crate::text::{sanitise, yaml};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own summary.
    Json,
    /// Fortio's JSON.
    Fortio,
    /// HdrHistogram's interval log.
    Hdr,
    /// HdrHistogram's percentile table.
    Hgrm,
    /// A line a second.
    Csv,
    /// A result of the Service Mesh Performance specification.
    Smp,
    /// A result of Meshery.
    Meshery,
    /// A page for a browser.
    Html,
}

/// A run that was read from a file.
#[derive(Clone, Debug)]
pub struct Found {
    /// The summary.
    pub run: Run,
    /// A line for each stretch of time the file tells apart.
    pub lines: Vec<Interval>,
    /// Its latencies.
    pub spectrum: Spectrum,
    /// Its latencies as an HDR interval log, where the file is one.
    pub log: Option<String>,
}

/// What a file held.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// Runs.
    pub runs: Vec<Found>,
    /// What was left out or stripped, and what looks wrong.
    pub remarks: Vec<String>,
}

/// Largest document that is read, in bytes; logs, which are read line by line, may be larger.
const LARGEST: usize = 32 * 1024 * 1024;

/// A row of the table of formats.
struct Row {
    format: Format,
    name: &'static str,
    extension: &'static str,
    /// What a file of it cannot carry; none: it is only read.
    lost: Option<&'static [&'static str]>,
}

const ROWS: [Row; 8] = [
    Row { format: Format::Json, name: "json", extension: "json", lost: Some(&["latencies finer than the summary's buckets", "the lines a second"]) },
    Row {
        format: Format::Fortio,
        name: "fortio",
        extension: "json",
        lost: Some(&[
            "the lines a second",
            "service times and how late requests were sent",
            "why requests failed: Fortio knows status codes and one code for sockets",
            "the environment, unless in the labels",
        ]),
    },
    Row { format: Format::Hdr, name: "hdr", extension: "hlog", lost: Some(&["errors", "bytes", "target and plan", "the environment"]) },
    Row {
        format: Format::Hgrm,
        name: "hgrm",
        extension: "hgrm",
        lost: Some(&["time", "service times and lateness", "errors", "bytes", "target and plan", "the environment"]),
    },
    Row {
        format: Format::Smp,
        name: "smp",
        extension: "json",
        lost: Some(&[
            "latencies other than min, average, p50, p90, p99 and max, and service times",
            "the lines a second",
            "errors, plan and target, unless in the labels",
            "the environment",
        ]),
    },
    Row {
        format: Format::Meshery,
        name: "meshery",
        extension: "json",
        lost: Some(&[
            "the lines a second",
            "service times and how late requests were sent",
            "why requests failed: one code stands for all sockets",
            "the environment, unless in the labels",
        ]),
    },
    Row { format: Format::Html, name: "html", extension: "html", lost: Some(&["figures that a program could read"]) },
    Row {
        format: Format::Csv,
        name: "csv",
        extension: "csv",
        lost: Some(&["latencies finer than percentiles", "service times and lateness", "the environment"]),
    },
];

impl Format {
    /// Every format that can be written.
    pub fn written() -> impl Iterator<Item = Self> {
        ROWS.iter().filter(|row| row.lost.is_some()).map(|row| row.format)
    }

    fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.format == self).unwrap_or(&ROWS[0])
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// How the name of such a file ends.
    pub fn extension(self) -> &'static str {
        self.row().extension
    }

    /// What a file of it cannot carry.
    pub fn lost(self) -> &'static [&'static str] {
        self.row().lost.unwrap_or_default()
    }

    /// Reads a name of a format that can be written.
    ///
    /// # Errors
    /// The names there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let names = || Self::written().map(Self::name).collect::<Vec<_>>().join(", ");
        Self::written().find(|format| format.name() == text).ok_or_else(|| format!("there are {}", names()))
    }
}

/// Writes a run as a file of that format.
///
/// # Errors
/// The run holds nothing the format could hold.
pub fn write(kept: &Kept, format: Format) -> Result<String, Problem> {
    let broken = |why: String| Problem::new("results.format", format!("run {} cannot be written as {}", kept.run.id, format.name()), why);
    match format {
        Format::Json => serde_json::to_string_pretty(&kept.run).map(|text| text + "\n").map_err(|error| broken(error.to_string())),
        Format::Fortio => Ok(fortio::write(kept)),
        Format::Csv => Ok(csv::write(&kept.lines)),
        Format::Smp => Ok(smp::write(kept)),
        Format::Meshery => meshery::write(kept).map_err(broken),
        Format::Html => Ok(html::write(kept)),
        Format::Hdr => logs::write(kept).map_err(broken),
        Format::Hgrm => kept.spectrum.histogram().map(|histogram| hdr::table(&histogram)).ok_or_else(|| broken("it has no latencies".into())),
    }
}

/// Reads a file, whatever its format. `name` is only told.
///
/// # Errors
/// The format is none that is known, or the file is broken.
pub fn read(name: &str, bytes: &[u8]) -> Result<Read, Problem> {
    let mut read = parsed(name, bytes)?;
    // Some of them quote the file.
    read.remarks.iter_mut().for_each(|remark| *remark = sanitise(remark).into_owned());
    Ok(read)
}

fn parsed(name: &str, bytes: &[u8]) -> Result<Read, Problem> {
    let wrong = |why: String| {
        Problem::new("results.format", format!("{} cannot be imported", sanitise(name)), sanitise(&why))
            .hint("Fortio, SMP and Meshery results, HdrHistogram logs and tables, and what wrk and wrk2 print are read")
    };
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is no text".into()))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.len() > LARGEST && !text.starts_with("#[") {
        return Err(wrong(format!("its {} bytes are more than the {LARGEST} that are read", text.len())));
    }
    if text.starts_with("#[") || text.contains(",HISTFAAA") {
        return logs::read(text).map_err(wrong);
    }
    if wrk::is_output(text) {
        return wrk::read(text).map_err(wrong);
    }
    if text.lines().take(3).any(|line| line.split_whitespace().eq(["Value", "Percentile", "TotalCount", "1/(1-Percentile)"])) {
        return logs::read_table(text).map_err(wrong);
    }
    let unknown = || wrong("its format is none that is known".into());
    if text.trim_start().starts_with('<') {
        return Err(unknown());
    }
    let value: Value = if text.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?
    } else {
        yaml::read_placed(text).map_err(|mistake| wrong(format!("line {}: {}", mistake.line, mistake.what)))?
    };
    if value.get("DurationHistogram").is_some() {
        return fortio::read(&value).map_err(wrong);
    }
    if meshery::is_result(&value) {
        return meshery::read(&value).map_err(wrong);
    }
    if smp::is_result(&value) {
        return smp::read(&value).map_err(wrong);
    }
    if value.get("requests_per_second").is_some() && value.get("plan").is_some() {
        return own(value).map_err(wrong);
    }
    Err(unknown())
}

/// A summary of ours, as `run.json` and `-o json` have it.
fn own(value: Value) -> Result<Read, String> {
    let run: Run = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let id = run.id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect::<String>();
    let id = id.trim_start_matches('.').to_owned();
    if id.is_empty() {
        return Err("it has no id".into());
    }
    let spectrum = Spectrum::of_buckets(&run.histogram, &run.latencies);
    let remarks = vec!["its latencies are known in the buckets of the summary".to_owned()];
    let run = Run { id, ..run }.sanitised();
    Ok(Read { runs: vec![Found { run, lines: Vec::new(), spectrum, log: None }], remarks })
}

/// What a foreign file says of a run, as far as it says it.
#[derive(Clone, Debug, Default)]
struct Sketch {
    format: &'static str,
    latency: &'static str,
    url: String,
    what: Option<String>,
    started: Option<Timestamp>,
    elapsed_ns: u64,
    requests: u64,
    rate: Option<f64>,
    bytes: u64,
    errors: std::collections::BTreeMap<String, u64>,
    plan: Shape,
    labels: std::collections::BTreeMap<String, String>,
    /// Where the file tells percentiles and no bins.
    latencies: Option<Latencies>,
}

impl Sketch {
    /// A run of it, with a name that follows from what it holds: the same file gives the same run.
    fn run(self, spectrum: Spectrum, lines: Vec<Interval>, log: Option<String>, remarks: &[String]) -> Found {
        let started = self.started.unwrap_or(Timestamp::UNIX_EPOCH);
        let content = (&self.url, self.requests, self.elapsed_ns, spectrum.max_ns, spectrum.mean_ns.to_bits());
        let content = fingerprint(format!("{content:?}").as_bytes());
        let id = format!("{}-{}-{}", started.strftime("%Y%m%dT%H%M%SZ"), self.format, &content[..6]);
        let width_ns = spectrum.width_ns();
        // A list has to call it something.
        let what = self.what.or_else(|| self.url.is_empty().then(|| format!("a file of {}", self.format)));
        let run = Run {
            state: State::Done,
            ended: started.checked_add(std::time::Duration::from_nanos(self.elapsed_ns)).ok(),
            elapsed_ns: self.elapsed_ns,
            requests: self.requests,
            requests_per_second: self.rate.map_or_else(|| rate(self.requests, self.elapsed_ns), millionths),
            bytes: self.bytes,
            errors: self.errors,
            latencies: self.latencies.unwrap_or_else(|| spectrum.latencies()),
            histogram: spectrum.buckets(),
            provenance: Provenance {
                labels: self.labels,
                imported: Some(Imported { format: self.format.into(), latency: self.latency.into(), width_ns, remarks: remarks.to_vec() }),
                ..Provenance::default()
            },
            ..Run::blank(id, Subject { url: self.url, what, cluster: None }, self.plan, started)
        };
        Found { run: run.sanitised(), lines, spectrum, log }
    }
}

/// A time in seconds as nanoseconds.
///
/// # Errors
/// It is below zero or no number.
fn seconds(value: f64, what: &str) -> Result<u64, String> {
    if value.is_finite() && value >= 0.0 { Ok((value * 1e9).round() as u64) } else { Err(format!("{what} is {value}, which is no time")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_summary_is_read_again_and_its_name_stays_in_the_folder() {
        let run = Run { requests_per_second: 1.0, ..super::super::run::tests::run() };
        let text = |run: &Run| serde_json::to_vec(run).unwrap();
        assert_eq!(read("x", &text(&run)).unwrap().runs[0].run, run);
        let named = |id: &str| read("x", &text(&Run { id: id.into(), ..run.clone() })).map(|read| read.runs[0].run.id.clone());
        assert_eq!(named("../../etc/x"), Ok("etcx".to_owned()));
        assert_eq!(named("../").unwrap_err().code, "results.format");
    }

    #[test]
    fn files_that_hold_no_results_are_told_so() {
        for bytes in [
            &b"\xff\xfe"[..],
            b"",
            b"{",
            b"{\"a\": 1}",
            b"a: [",
            b"#[Histogram log format version 1.3]\n",
            b"[[[[[[[[",
            b"1e999",
            b"<!doctype html>\n<a>",
        ] {
            let problem = read("x\u{1b}[2J", bytes).unwrap_err();
            assert!(problem.code == "results.format" && !problem.to_string().contains('\u{1b}'), "{problem}");
        }
        let deep = "[".repeat(200_000);
        assert_eq!(read("deep", deep.as_bytes()).unwrap_err().code, "results.format");
    }
}
