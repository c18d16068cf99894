//! The past of a run as it lies on disk: what `meshplay perf history` and the pane both look at.

use super::profile::kept::Profiles;
use crate::names::Problem;
use crate::results::baseline::Baselines;
use crate::results::compare::Metric;
use crate::results::history::RUNS_A_POINT;
use crate::results::past::Past;
use crate::results::series::{Series, facts, of_profile};
use crate::results::{Run, Store};

/// The series of a profile by its name or its file, or of what runs without one loaded, and the runs behind one of its points; whether or not its file is
/// still there.
///
/// # Errors
/// There are no such runs.
pub fn series(store: &Store, profile: &str) -> Result<(Vec<Series>, usize), Problem> {
    let kept = Profiles::open(store.data()).read(profile).ok();
    let name = kept.as_ref().map_or(profile, |kept| &kept.name);
    let (mut all, _) = of_profile(store, name, kept.as_ref().map(|kept| kept.hash.as_str()));
    if all.is_empty() {
        // The profile may have been changed since its runs.
        all = of_profile(store, name, None).0;
    }
    if all.is_empty() {
        let none = Problem::new("perf.no-runs", format!("no runs of {name} are kept"), "");
        return Err(none.hint(format!("`meshplay perf run --profile {profile}` makes some")));
    }
    Ok((all, kept.map_or(RUNS_A_POINT, |kept| kept.every())))
}

/// Reads every run that is kept and looks through those like this one. Waits for the disk.
pub fn past(store: &Store, run: &Run, metric: Metric) -> Past {
    let (all, _) = store.list();
    let name = run.provenance.profile.as_deref();
    let profile = Profiles::open(store.data()).list().0.into_iter().find(|(file, profile)| name == Some(profile.name.as_str()) || name == Some(file));
    let every = profile.map_or(RUNS_A_POINT, |(_, profile)| profile.every());
    // A broken file of baselines is told where baselines are set.
    let baseline = Baselines::open(store.data()).of(&run.series()).ok().flatten();
    Past::of(run, &all, |run| facts(store, run), every, baseline.as_ref(), metric)
}
