//! `meshplay perf profile`: profiles listed, shown, checked, saved and removed; and one of them run, with all its parts.

use std::io;

use clap::Subcommand;
use serde_json::json;

use super::super::Streams;
use super::form::{self, Form};
use super::{Around, RunArgs, apart, print_problems, report, to_its_end, told, usage};
use crate::names::Problem;
use crate::perf::profile::kept::Profiles;
use crate::perf::profile::{Profile, in_turn};
use crate::perf::{Finished, Order, verdict};
use crate::results::gate::{Check, Outcome, threshold};
use crate::results::{Run, State, Store};
use crate::text::sanitise;

/// What to do about profiles.
#[derive(Clone, Debug, Subcommand)]
pub enum ProfileVerb {
    /// List the profiles that are kept.
    List {
        /// How to write them.
        #[arg(short, long, value_enum, default_value_t = Form::Text)]
        output: Form,
    },
    /// Print a profile as it is written.
    Show {
        /// Its name.
        profile: String,
    },
    /// Say whether a profile can be run, and what of it is not done.
    Check {
        /// Names, or files.
        #[arg(required = true)]
        profiles: Vec<String>,
    },
    /// Keep a file as a profile: ours, Meshery's of any generation, or an SMP `test:`.
    Save {
        /// The file.
        file: String,
        /// The name it is kept under; if not given, the one it has inside.
        #[arg(long)]
        name: Option<String>,
    },
    /// Take a profile away; its runs stay.
    Remove {
        /// Its name.
        profile: String,
    },
}

/// Does it.
pub(super) fn run(verb: &ProfileVerb, store: &Store, io: &mut Streams<'_>) -> io::Result<u8> {
    let profiles = Profiles::open(store.data());
    let done = match verb {
        ProfileVerb::List { output } => return list(&profiles, *output, io),
        ProfileVerb::Check { profiles: names } => return check(&profiles, names, io),
        ProfileVerb::Show { profile } => profiles.text(profile).map(|(_, text)| text),
        ProfileVerb::Save { file, name } => save(&profiles, file, name.as_deref()),
        ProfileVerb::Remove { profile } => profiles.remove(profile).map(|()| String::new()),
    };
    match done {
        Ok(text) => write!(io.out, "{text}").map(|()| 0),
        Err(problem) => io.fail(&problem),
    }
}

fn save(profiles: &Profiles, file: &str, name: Option<&str>) -> Result<String, Problem> {
    let (path, text) = profiles.text(file)?;
    profiles.save(name, &path.display().to_string(), &text).map(|name| name + "\n")
}

fn list(profiles: &Profiles, output: Form, io: &mut Streams<'_>) -> io::Result<u8> {
    let (all, problems) = profiles.list();
    print_problems(&problems, io);
    let row = |(name, profile): &(String, Profile)| {
        let plan = profile.parts.first().map(|part| report::announced(&part.plan)).unwrap_or_default();
        vec![name.clone(), profile.parts.len().to_string(), profile.repeat.to_string(), profile.hash.clone(), plan]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let head = ["profile", "parts", "repeat", "hash", "first"];
    match output {
        Form::Json | Form::Yaml => {
            let one = |row: &Vec<String>| {
                json!(head.iter().zip(row).map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<std::collections::BTreeMap<_, _>>())
            };
            form::value(output, &json!({ "profiles": rows.iter().map(one).collect::<Vec<_>>() }), io.out)?;
        }
        Form::Csv | Form::Markdown => form::rows(output, &head, &rows, io.out)?,
        Form::Junit => {
            return usage(&Problem::new("perf.form", "profiles are no test", "").hint("text, json, yaml, csv and markdown can be written"), io);
        }
        Form::Text if rows.is_empty() => writeln!(io.out, "no profiles are kept: `meshplay perf profile save FILE` keeps one")?,
        Form::Text => {
            let width = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0);
            for row in rows {
                writeln!(io.out, "{:<width$}   {}   {}", row[0], turns(&row[1], &row[2]), row[4])?;
            }
        }
    }
    Ok(0)
}

/// `3 parts, 5 times`.
fn turns(parts: &str, repeat: &str) -> String {
    let parts = if parts == "1" { "1 part".to_owned() } else { format!("{parts} parts") };
    if repeat == "1" { parts } else { format!("{parts}, {repeat} times") }
}

fn check(profiles: &Profiles, names: &[String], io: &mut Streams<'_>) -> io::Result<u8> {
    let mut code = 0;
    for name in names {
        match profiles.read(name) {
            Ok(profile) => {
                writeln!(io.out, "{}: can be run, {} parts, hash {}", sanitise(name), profile.parts.len(), profile.hash)?;
                profile.remarks.iter().try_for_each(|remark| writeln!(io.err, "{}: {remark}", sanitise(name)))?;
            }
            Err(problem) => code = io.fail(&problem)?,
        }
    }
    Ok(code)
}

/// Runs every part as often as the profile says, in turn. What has to hold is asked in the end; exit code 1 where it does not.
pub(super) async fn conduct(name: &str, args: &RunArgs, around: &Around, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let mut profile = match Profiles::open(around.store.data()).read(name) {
        Ok(profile) => profile,
        Err(problem) => return io.fail(&problem),
    };
    profile.labels.extend(args.labels.iter().cloned());
    for remark in &profile.remarks {
        _ = writeln!(io.err, "{}: {remark}", profile.name);
    }
    let orders = match orders(&profile, args, around, io).await {
        Ok(orders) => orders,
        Err((problem, code)) => return io.fail(&problem).map(|_| code),
    };
    if args.detach {
        let mut rest = orders.into_iter();
        let Some(first) = rest.next() else { return Ok(0) };
        return apart::detach(Order { then: rest.collect(), ..first }, args.output, around, io).await;
    }
    let mut runs = Vec::new();
    let mut stop = std::pin::pin!(stop);
    let count = orders.len();
    for (at, order) in orders.into_iter().enumerate() {
        let named = order.provenance.part.as_ref().map_or_else(String::new, |name| format!("{name}: "));
        _ = writeln!(io.err, "{} of {count}: {named}{}", at + 1, report::announced(&order.plan));
        let finished = match around.start(order).await {
            Ok(handle) => to_its_end(handle, stop.as_mut(), io.err).await,
            Err(problem) => Err(problem),
        };
        match finished {
            Ok(Finished { run, problems }) => {
                print_problems(&problems, io);
                let whole = run.state == State::Done;
                runs.push(run);
                // Somebody stopped it, or a rule did.
                if !whole {
                    break;
                }
            }
            Err(problem) => return io.fail(&problem),
        }
    }
    let code = all_told(&profile, &runs, args.output, io)?;
    // Limits are told already, and decide the exit code; what stands against a baseline is told, and decides that of `perf gate`.
    let against = runs.last().and_then(|last| verdict::due(&around.store, last)).filter(|verdict| verdict.problem.is_none());
    if let Some(verdict) = against {
        _ = writeln!(io.err, "{}: {}", profile.name, verdict.line());
    }
    Ok(code)
}

/// Every part as often as the profile says, in turn; else what is wrong, with the exit code of that.
async fn orders(profile: &Profile, args: &RunArgs, around: &Around, io: &mut Streams<'_>) -> Result<Vec<Order>, (Problem, u8)> {
    let mut parts = Vec::new();
    for part in &profile.parts {
        let aborts = args.aborts.iter().copied().chain(args.abort_errors).collect();
        let order = profile.order(part);
        let order = Order { aborts, typed: args.how.confirm.clone(), via: args.how.via().or(order.via), ..order };
        let plan = args.how.over(order.plan.clone()).map_err(|problem| (problem, 2))?;
        parts.push(around.found(Order { plan, ..order }, io).await.map_err(|problem| (problem, 1))?);
    }
    Ok(in_turn(&parts, profile.repeat))
}

fn all_told(profile: &Profile, runs: &[Run], output: Form, io: &mut Streams<'_>) -> io::Result<u8> {
    let limits: Vec<Check> = profile.thresholds(runs).iter().map(threshold).collect();
    match output {
        Form::Json | Form::Yaml => {
            let limit = |check: &Check| json!({"name": check.name, "outcome": check.outcome.name(), "said": check.said});
            let limits: Vec<_> = limits.iter().map(limit).collect();
            form::value(output, &json!({"profile": profile.name, "hash": profile.hash, "runs": runs, "limits": limits}), io.out)?;
        }
        Form::Csv | Form::Markdown => form::runs(output, runs, io.out)?,
        Form::Junit => {
            // A profile has many runs: each names its own cases.
            let own = |run: &Run| {
                told::cases(run, &[]).into_iter().map(|case| Check { name: format!("{}: {}", run.id, case.name), ..case }).collect::<Vec<_>>()
            };
            let cases: Vec<Check> = limits.iter().cloned().chain(runs.iter().flat_map(own)).collect();
            form::junit(&profile.name, &cases, io.out)?;
        }
        Form::Text => {
            write!(io.out, "{}", report::table(runs))?;
            limits.iter().try_for_each(|check| writeln!(io.out, "{:<12}  {}  {}", check.outcome.name(), check.name, check.said))?;
        }
    }
    if let Some(problem) = runs.iter().find_map(Run::trouble) {
        return io.fail(&problem);
    }
    Ok(u8::from(limits.iter().any(|check| check.outcome == Outcome::Regressed)))
}
