//! `meshplay perf import` and `export`: runs from and to files of other programs; what a format cannot carry is said on standard error.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::Streams;
use crate::names::Problem;
use crate::perf::profile::kept::Profiles;
use crate::results::formats::{self, Format};
use crate::results::store::open_file;
use crate::results::{Run, Store};
use crate::text::quantity::count;
use crate::text::sanitise;

/// What to read.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Files; their format is found out.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What to write, and how.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// A run by its id, the beginning or the end of that, or `last`.
    id: String,
    /// The format.
    #[arg(short, long, value_parser = Format::parse)]
    format: Format,
    /// A file that is not there yet; without it, standard output.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Reads every file that can be read; answers 1 where one could not.
pub(super) fn import(args: &ImportArgs, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    let mut code = 0;
    for file in &args.files {
        let name = sanitise(&file.display().to_string()).into_owned();
        let bytes = match open_file(file) {
            Ok(bytes) => bytes,
            Err(problem) => {
                code = io.fail(&problem)?;
                continue;
            }
        };
        if let Some(text) = std::str::from_utf8(&bytes).ok().filter(|text| Profiles::is_profile(text)) {
            code = code.max(profile(&name, text, store, io)?);
            continue;
        }
        match formats::read(&name, &bytes) {
            Ok(read) => code = code.max(kept(&name, &read, store, io)?),
            Err(problem) => code = io.fail(&problem)?,
        }
    }
    Ok(code)
}

/// A profile of somebody else, without what gives access.
fn profile(name: &str, text: &str, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    match Profiles::open(store.data()).import(name, text) {
        Ok((kept, taken)) => {
            if !taken.is_empty() {
                writeln!(io.err, "{name}: taken out, as it gives access: {}", taken.join(", "))?;
            }
            writeln!(io.out, "profile {kept}").map(|()| 0)
        }
        Err(problem) => io.fail(&problem),
    }
}

fn kept(name: &str, read: &formats::Read, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    for remark in &read.remarks {
        writeln!(io.err, "{name}: {remark}")?;
    }
    for found in &read.runs {
        match store.keep(found) {
            Ok(true) => writeln!(io.out, "{}", found.run.id)?,
            Ok(false) => {
                writeln!(io.err, "{name}: is there already")?;
                writeln!(io.out, "{}", found.run.id)?;
            }
            Err(problem) => return io.fail(&problem),
        }
    }
    Ok(0)
}

/// Writes one run.
pub(super) fn export(args: &ExportArgs, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    let written = store.find(&args.id).and_then(|id| store.kept(&id)).and_then(|kept| formats::write(&kept, args.format).map(|text| (kept, text)));
    let (kept, text) = match written {
        Ok(written) => written,
        Err(problem) => return io.fail(&problem),
    };
    if let Some(path) = &args.output {
        if let Err(problem) = new_file(path, &text) {
            return io.fail(&problem);
        }
        writeln!(io.err, "{}: {}", sanitise(&path.display().to_string()), kept.run.id)?;
    } else {
        write!(io.out, "{text}")?;
    }
    lost(&kept.run, args.format, io)?;
    let (logged, answers) = (kept.spectrum.count(), kept.run.requests);
    if logged < answers && kept.run.provenance.imported.is_none() {
        writeln!(io.err, "its log of latencies is cut off: it holds {} of {} answers", count(logged), count(answers))?;
    }
    Ok(0)
}

fn lost(run: &Run, format: Format, io: &mut Streams<'_>) -> io::Result<()> {
    let lost = format.lost();
    if !lost.is_empty() {
        writeln!(io.err, "{} does not carry: {}", format.name(), lost.join("; "))?;
    }
    match &run.provenance.imported {
        Some(from) if from.width_ns > 0 => {
            writeln!(io.err, "the run came from {}: its latencies are known to {}", from.format, crate::text::quantity::latency(from.width_ns))
        }
        _ => Ok(()),
    }
}

/// A file that was there before stays as it is.
fn new_file(path: &Path, text: &str) -> Result<(), Problem> {
    let written = fs::File::create_new(path).and_then(|mut file| {
        // Half a file looks like a whole one.
        file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).inspect_err(|_| _ = fs::remove_file(path))
    });
    written.map_err(|error| {
        let what = format!("{} was not written", sanitise(&path.display().to_string()));
        Problem::new("results.export", what, error.to_string()).hint("name a file that is not there yet, in a folder that you may write to")
    })
}
