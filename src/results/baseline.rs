//! What later runs are held against: for each series of runs one baseline, which is some runs, the release before, or the regime the series is in.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::compare::Metric;
use super::history::{Facts, History, RUNS_A_POINT};
use super::{Provenance, Run};
use crate::names::Problem;
use crate::text::quantity::counted;
use crate::text::sanitise;

/// Which runs are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// Those, whatever comes later.
    Pinned {
        /// Their ids.
        runs: Vec<String>,
    },
    /// The newest runs whose label has another value than the runs in question.
    Release {
        /// The label, `release`.
        label: String,
    },
    /// Every run since the last change of the series.
    Regime,
}

/// One baseline, with what a person has to know of its series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The profile, or what was loaded without one.
    pub profile: String,
    /// The permutation in one line; empty where there is none.
    #[serde(default)]
    pub cell: String,
    /// The environment.
    #[serde(default)]
    pub environment: Option<String>,
    /// Which runs.
    #[serde(flatten)]
    pub kind: Kind,
    /// Since when.
    pub set: Timestamp,
}

/// All baselines, in one file: series to baseline.
#[derive(Clone, Debug)]
pub struct Baselines {
    path: PathBuf,
}

impl Baselines {
    /// Those under a data folder. Touches nothing yet.
    pub fn open(data: &Path) -> Self {
        Self { path: data.join("baselines.json") }
    }

    /// All of them.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn all(&self) -> Result<BTreeMap<String, Baseline>, Problem> {
        let unreadable = |why: String| {
            Problem::new("results.baselines", format!("{} cannot be read", sanitise(&self.path.display().to_string())), sanitise(&why))
                .hint("mend it, or remove it and set the baselines again")
        };
        match fs::read(&self.path) {
            Ok(bytes) => {
                let all: BTreeMap<String, Baseline> = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
                Ok(all.into_iter().map(|(series, baseline)| (series, baseline.sanitised())).collect())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    /// That of a series.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of(&self, series: &str) -> Result<Option<Baseline>, Problem> {
        Ok(self.all()?.remove(series))
    }

    /// Sets the baseline of a series by its short name, or takes it away; whether there was one.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn set(&self, series: &str, baseline: Option<Baseline>) -> Result<bool, Problem> {
        let unwritable = |error: io::Error| {
            Problem::new("results.unwritable", format!("{} cannot be written", sanitise(&self.path.display().to_string())), error.to_string())
                .hint("free or mend that place")
        };
        let _alone = self.alone().map_err(unwritable)?;
        let mut all = self.all()?;
        let had = match baseline {
            Some(baseline) => all.insert(series.to_owned(), baseline).is_some(),
            None => all.remove(series).is_some(),
        };
        self.write(&all).map_err(unwritable)?;
        Ok(had)
    }

    /// Held from reading to writing, so that two who set baselines at once lose none; where the file system has no locks nobody is held back.
    fn alone(&self) -> io::Result<fs::File> {
        self.path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let file = fs::OpenOptions::new().create(true).append(true).open(self.path.with_extension("lock"))?;
        _ = file.lock();
        Ok(file)
    }

    fn write(&self, all: &BTreeMap<String, Baseline>) -> io::Result<()> {
        let half = self.path.with_extension("json.new");
        let mut file = fs::File::create(&half)?;
        serde_json::to_writer_pretty(&mut file, all)?;
        file.write_all(b"\n")?;
        file.sync_data()?;
        fs::rename(half, &self.path)
    }
}

impl Baseline {
    /// That of the series of runs that are called so and come from there.
    pub fn new(name: &str, from: &Provenance, kind: Kind, now: Timestamp) -> Self {
        Self { profile: name.to_owned(), cell: from.cell(), environment: from.environment.clone(), kind, set: now }
    }

    /// Makes harmless what came from a file.
    fn sanitised(self) -> Self {
        let clean = |text: String| sanitise(&text).into_owned();
        let kind = match self.kind {
            Kind::Release { label } => Kind::Release { label: clean(label) },
            Kind::Pinned { runs } => Kind::Pinned { runs: runs.into_iter().map(clean).collect() },
            Kind::Regime => Kind::Regime,
        };
        Self { profile: clean(self.profile), cell: clean(self.cell), environment: self.environment.map(clean), kind, set: self.set }
    }
}

impl Kind {
    /// What it is, in a few words.
    pub fn name(&self) -> String {
        match self {
            Self::Pinned { runs } => counted(runs.len(), "pinned run"),
            Self::Release { label } => format!("the {label} before"),
            Self::Regime => "the regime it is in".to_owned(),
        }
    }

    /// How many of the newest runs of a series are in question where `new` are asked for: of a release only its own, for what is held against the release
    /// before must not be in it.
    pub fn in_question(&self, series: &[(Run, Facts)], new: usize) -> usize {
        let newest = series.iter().rev().take(new);
        match self {
            Self::Release { label } => {
                let value = |(run, _): &(Run, Facts)| run.provenance.labels.get(label).cloned();
                let now = series.last().and_then(value);
                newest.take_while(|one| value(one) == now).count()
            }
            Self::Pinned { .. } | Self::Regime => newest.count(),
        }
    }

    /// The runs that are meant, out of one series, oldest first. Those [`Self::in_question`] are never meant.
    ///
    /// # Errors
    /// There are none, and why.
    pub fn resolve(&self, series: &[(Run, Facts)], new: usize, metric: Metric) -> Result<Vec<Run>, Problem> {
        let none = |why: String| {
            Problem::new("results.no-baseline", "there is nothing to compare with", why)
                .hint("`meshplay perf baseline set` pins runs, names a release or takes the regime")
        };
        let (old, new) = series.split_at(series.len() - self.in_question(series, new));
        if old.is_empty() {
            return Err(none(format!("all {} runs that are kept are those in question", new.len())));
        }
        let runs: Vec<Run> = match self {
            Self::Pinned { runs } => old.iter().filter(|(run, _)| runs.contains(&run.id)).map(|(run, _)| run.clone()).collect(),
            Self::Release { label } => {
                let value = |run: &Run| run.provenance.labels.get(label).cloned();
                let now = new.last().and_then(|(run, _)| value(run)).ok_or_else(|| none(format!("the newest run has no label {label}")))?;
                let before = old.iter().rev().filter_map(|(run, _)| value(run)).find(|value| *value != now);
                let before = before.ok_or_else(|| none(format!("every run has {label} {now}")))?;
                old.iter().filter(|(run, _)| value(run).as_ref() == Some(&before)).map(|(run, _)| run.clone()).collect()
            }
            Self::Regime => {
                let history = History::of(old, metric, RUNS_A_POINT, 1);
                let regime: Vec<&String> = history.regime().collect();
                old.iter().filter(|(run, _)| regime.contains(&&run.id)).map(|(run, _)| run.clone()).collect()
            }
        };
        match (self, runs.is_empty()) {
            (_, false) => Ok(runs),
            (Self::Pinned { .. }, true) => {
                Err(none(format!("{}: they are gone, or among the newest {}, which are in question", self.name(), new.len())))
            }
            (_, true) => Err(none(format!(
                "none of the {} runs before measured enough of {}: a percentile takes ten answers beyond it",
                old.len(),
                metric.name()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Subject;
    use super::*;
    use crate::load::plan::Plan;
    use crate::load::target::Target;

    fn series() -> Vec<(Run, Facts)> {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let one = |at: usize| {
            let mut run = Run::begin(format!("r{at:02}"), Subject::default(), &plan, Timestamp::UNIX_EPOCH);
            (run.requests, run.latencies.p99) = (1_000, Some(1_000 + at as u64 % 3));
            run.provenance.labels = [("release".to_owned(), format!("v{}", at / 10))].into();
            (run, Facts::new())
        };
        (0..25).map(one).collect()
    }

    #[test]
    fn each_kind_finds_its_runs_and_never_those_in_question() {
        let series = series();
        let found = |kind: Kind| kind.resolve(&series, 5, Metric::P99).map(|runs| (runs.len(), runs[0].id.clone()));
        assert_eq!(found(Kind::Pinned { runs: vec!["r03".into(), "r04".into(), "r24".into()] }), Ok((2, "r03".into())));
        assert_eq!(found(Kind::Release { label: "release".into() }), Ok((10, "r10".into())));
        assert_eq!(found(Kind::Regime), Ok((20, "r00".into())));
        // Of five runs two are of the newest release; those of the one before are not held against themselves.
        let release = Kind::Release { label: "release".into() };
        assert_eq!((release.in_question(&series[..22], 5), Kind::Regime.in_question(&series[..22], 5), Kind::Regime.in_question(&[], 5)), (2, 5, 0));
        assert_eq!(release.resolve(&series[..22], 5, Metric::P99).unwrap().len(), 10);
        let why = |series: &[(Run, Facts)], kind: Kind| kind.resolve(series, 5, Metric::P90).unwrap_err().why;
        assert_eq!(why(&series[..5], Kind::Regime), "all 5 runs that are kept are those in question");
        assert!(why(&series, Kind::Regime).contains("none of the 20 runs before measured enough of p90"));
        assert!(why(&series, Kind::Pinned { runs: vec!["r24".into()] }).contains("among the newest 5"));
        for kind in [Kind::Pinned { runs: vec!["gone".into()] }, Kind::Release { label: "image".into() }] {
            assert_eq!(found(kind).unwrap_err().code, "results.no-baseline");
        }
    }

    #[test]
    fn baselines_that_are_set_at_once_are_all_kept() {
        let data = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let baselines = Baselines::open(data.path());
                scope.spawn(move || {
                    for nth in 0..10 {
                        let regime = Baseline::new("shop", &Provenance::default(), Kind::Regime, Timestamp::UNIX_EPOCH);
                        baselines.set(&format!("{thread}-{nth}"), Some(regime)).unwrap();
                    }
                });
            }
        });
        assert_eq!(Baselines::open(data.path()).all().unwrap().len(), 40);
    }

    #[test]
    fn a_baseline_is_kept_by_series_and_taken_away_again() {
        let data = tempfile::tempdir().unwrap();
        let baselines = Baselines::open(data.path());
        let from = Provenance { profile: Some("shop".into()), environment: Some("a".into()), ..Provenance::default() };
        let regime = Baseline::new("shop", &from, Kind::Regime, Timestamp::UNIX_EPOCH);
        assert_eq!(baselines.set(&from.series(), Some(regime.clone())), Ok(false));
        assert_eq!(baselines.of(&from.series()), Ok(Some(regime)));
        assert_eq!(baselines.of(&Provenance { environment: Some("b".into()), ..from.clone() }.series()), Ok(None));
        assert_eq!(baselines.set(&from.series(), None), Ok(true));
        let hostile = Baseline::new("shop\u{1b}[2J", &from, Kind::Release { label: "\u{202e}".into() }, Timestamp::UNIX_EPOCH);
        baselines.set("a", Some(hostile)).unwrap();
        assert!(!format!("{:?}", baselines.all()).contains("\\u{1b}") && !baselines.all().unwrap()["a"].kind.name().contains('\u{202e}'));
        fs::write(data.path().join("baselines.json"), "{\"a\":").unwrap();
        assert_eq!(baselines.all().unwrap_err().code, "results.baselines");
    }
}
