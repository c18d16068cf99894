//! The forms in which a report about load tests is written: for people, for programs, for continuous integration.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::Value;

use crate::results::Run;
use crate::results::gate::{Check, Outcome};
use crate::text::{csv, yaml};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// The same as YAML.
    Yaml,
    /// Rows for a spreadsheet.
    Csv,
    /// `JUnit` XML, as continuous integration reads it.
    Junit,
    /// A table for a comment on a change.
    Markdown,
}

/// JSON, or the same as YAML.
pub(super) fn value(form: Form, value: &Value, out: &mut dyn Write) -> io::Result<()> {
    if form == Form::Yaml { write!(out, "{}", yaml::write(value).map_err(io::Error::other)?) } else { writeln!(out, "{value:#}") }
}

/// Rows under a head, as CSV or as a table of Markdown.
pub(super) fn rows(form: Form, head: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    if form == Form::Csv {
        write!(out, "{}", csv::line(head))?;
        return rows.iter().try_for_each(|row| write!(out, "{}", csv::line(row)));
    }
    writeln!(out, "| {} |", head.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(head.len()))?;
    let cell = |text: &String| text.replace('|', "\\|").replace('<', "&lt;");
    rows.iter().try_for_each(|row| writeln!(out, "| {} |", row.iter().map(cell).collect::<Vec<_>>().join(" | ")))
}

/// Runs as rows; latencies are nanoseconds, and empty where they are not known.
pub(super) fn runs(form: Form, runs: &[Run], out: &mut dyn Write) -> io::Result<()> {
    let head = ["id", "started", "state", "requests", "requests_per_second", "p50_ns", "p90_ns", "p99_ns", "max_ns", "failed", "profile", "url"];
    let known = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let row = |run: &Run| {
        let state = serde_json::to_value(run.state).ok().and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default();
        let latencies = [run.latencies.p50, run.latencies.p90, run.latencies.p99, run.latencies.max].map(known);
        let counts = [run.requests.to_string(), run.requests_per_second.to_string()];
        let first = [run.id.clone(), run.started.to_string(), state];
        let last = [run.failed().to_string(), run.provenance.profile.clone().unwrap_or_default(), run.target.url.clone()];
        first.into_iter().chain(counts).chain(latencies).chain(last).collect::<Vec<_>>()
    };
    rows(form, &head, &runs.iter().map(row).collect::<Vec<_>>(), out)
}

/// Checks as one suite of test cases: a regression is a failure, what cannot be told an error.
pub(super) fn junit(suite: &str, checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    let count = |outcome: Outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    let (failures, errors) = (count(Outcome::Regressed), count(Outcome::Inconclusive));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites><testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\">", xml(suite), checks.len())?;
    for check in checks {
        write!(out, "<testcase classname=\"meshplay.{}\" name=\"{}\">", xml(suite), xml(&check.name))?;
        match check.outcome {
            Outcome::Passed => write!(out, "<system-out>{}</system-out>", xml(&check.said))?,
            Outcome::Regressed => write!(out, "<failure message=\"{}\"/>", xml(&check.said))?,
            Outcome::Inconclusive => write!(out, "<error message=\"{}\"/>", xml(&check.said))?,
        }
        writeln!(out, "</testcase>")?;
    }
    writeln!(out, "</testsuite></testsuites>")
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_test_cases() {
        let check = |name: &str, outcome| Check { name: name.into(), outcome, said: "a \"b\" <c>".into() };
        let checks = [check("p99<50ms", Outcome::Passed), check("b", Outcome::Regressed), check("c", Outcome::Inconclusive)];
        let mut out = Vec::new();
        junit("shop & co", &checks, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("tests=\"3\" failures=\"1\" errors=\"1\"")
                && text.contains("name=\"p99&lt;50ms\"")
                && text.contains("meshplay.shop &amp; co"),
            "{text}"
        );
        assert!(text.contains("<failure message=\"a &quot;b&quot; &lt;c&gt;\"/>"));
    }

    #[test]
    fn rows_keep_their_cells() {
        let written = |form| {
            let mut out = Vec::new();
            rows(form, &["a", "b"], &[vec!["x|y".into(), "1,2".into()]], &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(Form::Csv), "a,b\r\nx|y,\"1,2\"\r\n");
        assert_eq!(written(Form::Markdown), "| a | b |\n| --- | --- |\n| x\\|y | 1,2 |\n");
    }
}
