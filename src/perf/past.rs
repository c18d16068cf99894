//! The past of a run as it lies on disk: what `meshplay perf history` and the pane both look at.

use super::profile::kept::Profiles;
use crate::results::baseline::Baselines;
use crate::results::compare::Metric;
use crate::results::history::RUNS_A_POINT;
use crate::results::past::Past;
use crate::results::series::facts;
use crate::results::{Run, Store};

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
