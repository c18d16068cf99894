//! Runs of one profile, sorted into series: what may be held against each other, oldest first, each run with what was the case then.

use super::difference::{Difference, between};
use super::history::Facts;
use super::{Provenance, Run, State, Store};
use crate::load::audit::Stamp;
use crate::load::pace;
use crate::load::plan::Pace;
use crate::load::request::Asked;
use crate::names::Problem;
use crate::text::fingerprint::fingerprint;

/// Runs with the same profile, part, permutation and environment.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its short name, the same for all of them.
    pub key: String,
    /// What it is called: the profile, or what was loaded.
    pub name: String,
    /// What they have in common, as the newest of them says it.
    pub of: Provenance,
    /// The runs, oldest first, with their facts.
    pub runs: Vec<(Run, Facts)>,
}

impl Run {
    /// What runs like this one are called: their profile, and without one what they loaded.
    pub fn named(&self) -> &str {
        self.provenance.profile.as_ref().or(self.target.what.as_ref()).unwrap_or(&self.target.url)
    }

    /// A short name that runs have in common which may be held against each other: with the same profile, part, permutation and environment. Without a profile
    /// they loaded the same thing in the same way: what belongs to a Service is told by its name, for its address may change.
    pub fn series(&self) -> String {
        if self.provenance.profile.is_some() {
            return self.provenance.series();
        }
        // A mean says all of an even pace.
        let shape = self.plan.pace.as_ref().filter(|pace| !matches!(pace, Pace::Max | Pace::Rate(_))).and_then(pace::written);
        let how = (self.plan.connections, self.plan.rate.map(f64::to_bits), shape, self.plan.path);
        let mut key = format!("{:?}", (&self.target.cluster, self.named(), how, &self.provenance.environment));
        // A plain GET of one address adds nothing.
        if self.plan.request != Asked::default() || !self.endpoints.is_empty() {
            let also = self.endpoints.iter().map(|endpoint| (&endpoint.url, endpoint.weight)).collect::<Vec<_>>();
            key.push_str(&format!("{:?}", (&self.plan.request, also)));
        }
        fingerprint(key.as_bytes())
    }
}

/// The series of a profile, or of runs without one on that address or Service (`shop/web`); those with the newest run first, and what is wrong with other
/// runs. `hash`: only those of a profile that said the same. Runs that did not end as planned and runs stamped INVALID are left out.
pub fn of_profile(store: &Store, profile: &str, hash: Option<&str>) -> (Vec<Series>, Vec<Problem>) {
    let (runs, problems) = store.list();
    let fits = |run: &Run| {
        let from = &run.provenance;
        let same = run.named() == profile || run.named().strip_prefix("service ") == Some(profile);
        same && hash.is_none_or(|hash| from.profile_hash.as_deref() == Some(hash)) && counts(run)
    };
    let mut all: Vec<Series> = Vec::new();
    // The list begins with the newest.
    for run in runs.into_iter().filter(fits) {
        let facts = facts(store, &run);
        let key = run.series();
        match all.iter_mut().find(|series| series.key == key) {
            Some(series) => series.runs.push((run, facts)),
            None => all.push(Series { key, name: run.named().to_owned(), of: run.provenance.clone(), runs: vec![(run, facts)] }),
        }
    }
    all.iter_mut().for_each(|series| series.runs.reverse());
    (all, problems)
}

/// It ended as planned and measured what was planned.
pub fn counts(run: &Run) -> bool {
    run.state == State::Done && run.stamp != Some(Stamp::Invalid)
}

/// What was the case when a run began: its environment, what the cluster said of its target, and what a person said of it, who knows best.
pub fn facts(store: &Store, run: &Run) -> Facts {
    let mut facts = store.environment(&run.id).map(|environment| environment.facts()).unwrap_or_default();
    facts.extend(run.provenance.found.clone());
    facts.extend(run.provenance.labels.clone());
    facts
}

/// What was another for B than for A, as far as that was written down; what explains most is first.
pub fn changed(store: &Store, a: &[Run], b: &[Run]) -> Vec<Difference> {
    let [a, b] = [a, b].map(|runs| runs.iter().map(|run| facts(store, run)).collect::<Vec<_>>());
    between(&a.iter().collect::<Vec<_>>(), &b.iter().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::super::Subject;
    use super::*;
    use crate::load::plan::Plan;
    use crate::load::target::Target;

    #[test]
    fn only_what_is_alike_and_counts_is_one_series() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path());
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let keep = |at: i64, part: Option<&str>, hash: &str, change: &dyn Fn(&mut Run)| {
            let started = jiff::Timestamp::from_second(at).unwrap();
            let mut run = Run::begin(format!("r{at}"), Subject::default(), &plan, started);
            run.state = State::Done;
            run.provenance =
                Provenance { profile: Some("shop".into()), profile_hash: Some(hash.into()), part: part.map(str::to_owned), ..Provenance::default() };
            change(&mut run);
            store.begin(&run).unwrap().finish(&run).unwrap();
        };
        keep(1, None, "a", &|_| {});
        keep(2, None, "a", &|run| run.provenance.labels = [("release".to_owned(), "v1".to_owned())].into());
        keep(3, Some("b"), "a", &|_| {});
        keep(4, None, "a", &|run| run.state = State::Stopped);
        keep(5, None, "a", &|run| run.stamp = Some(Stamp::Invalid));
        keep(6, None, "other", &|_| {});
        let (series, problems) = of_profile(&store, "shop", Some("a"));
        let ids: Vec<Vec<&str>> = series.iter().map(|series| series.runs.iter().map(|(run, _)| run.id.as_str()).collect()).collect();
        assert_eq!((ids, problems), (vec![vec!["r3"], vec!["r1", "r2"]], vec![]));
        assert_eq!(series[1].runs[1].1["release"], "v1");
        assert_eq!(of_profile(&store, "shop", None).0.len(), 3);
    }

    #[test]
    fn without_a_profile_runs_that_asked_something_else_are_another_series() {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1/a").unwrap());
        let plain = Run::begin("r".into(), Subject { url: plan.target.url().into(), ..Subject::default() }, &plan, jiff::Timestamp::UNIX_EPOCH);
        let with = |change: &dyn Fn(&mut Run)| {
            let mut run = plain.clone();
            change(&mut run);
            run.series()
        };
        let posted = with(&|run| run.plan.request.method = Some("POST".into()));
        let mixed = with(&|run| run.endpoints = vec![Default::default(), Default::default()]);
        let longer = with(&|run| run.plan.duration_ns *= 2);
        assert!(posted != plain.series() && mixed != plain.series() && mixed != posted && longer == plain.series());
    }
}
