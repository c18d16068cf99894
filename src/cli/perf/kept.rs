//! `meshplay perf list` and `perf show`: the runs that are kept, and one of them.

use std::io;

use clap::Args;
use serde_json::json;

use super::super::Streams;
use super::form::{self, Form};
use super::{report, told, usage};
use crate::names::Problem;
use crate::perf;
use crate::results::Store;
use crate::results::settled::Settled;

/// How to list.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// What to show.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// A run by its id, the beginning or the end of that, or `last`.
    id: String,
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

pub(super) fn list(args: &ListArgs, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    let (runs, problems) = perf::list(store);
    for problem in &problems {
        writeln!(io.err, "meshplay: {problem}")?;
    }
    match args.output {
        Form::Text => write!(io.out, "{}", report::table(&runs))?,
        Form::Json | Form::Yaml => form::value(args.output, &json!({ "runs": runs }), io.out)?,
        Form::Csv | Form::Markdown => form::runs(args.output, &runs, io.out)?,
        Form::Junit => return no_test("a list", io),
    }
    Ok(0)
}

pub(super) fn show(args: &ShowArgs, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    match store.find(&args.id).and_then(|id| store.read(&id)) {
        Ok(run) => match args.output {
            Form::Text => {
                told::run(&run, &[], Form::Text, io.out)?;
                let settled = store.samples(&run.id).ok().and_then(|lines| Settled::of(&lines)).and_then(|settled| settled.told());
                settled.map_or(Ok(()), |told| writeln!(io.out, "\n{told}"))?;
                store.notes(&run.id).iter().try_for_each(|note| writeln!(io.out, "note {}  {}", note.when(), note.text)).map(|()| 0)
            }
            form => told::run(&run, &[], form, io.out).map(|()| 0),
        },
        Err(problem) => io.fail(&problem),
    }
}

/// Only what can fail has a form as test cases.
fn no_test(what: &str, io: &mut Streams<'_>) -> io::Result<u8> {
    usage(&Problem::new("perf.form", format!("{what} is no test"), "").hint("`meshplay perf gate`, `perf compare` and `perf run` write JUnit"), io)
}
