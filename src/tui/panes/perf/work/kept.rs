//! What is kept on the disk, read, written and reckoned with beside the loop.

use super::{Desk, Report};
use crate::perf::profile::kept::Profiles;
use crate::perf::{self, verdict};
use crate::results::Run;
use crate::results::baseline::{Baseline, Baselines, Kind};
use crate::results::compare::{Compared, Metric};
use crate::results::gate::checks;
use crate::results::note::Note;
use crate::results::series::changed;
use crate::tui::panes::perf::state::series::{Point, Series};

/// The smallest change that is believed, unless repeats of A differ by more; and where chance begins. Both as `meshplay perf compare` has them.
const BAND: f64 = 0.03;
const SEED: u64 = 1;

impl<F: Send + 'static> Desk<F> {
    pub(super) fn profiles(&self) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let names = Profiles::open(store.data()).names();
            _ = reports.blocking_send(wrap(Report::Profiles { names }));
        });
    }

    pub(super) fn list(&self) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let (runs, mut problems) = perf::list(&store);
            let all = Baselines::open(store.data()).all();
            let all = all.map_err(|problem| problems.push(problem)).unwrap_or_default();
            _ = reports.blocking_send(wrap(Report::Baselines { all, changed: None }));
            _ = reports.blocking_send(wrap(Report::Listed { runs, problems }));
        });
    }

    pub(super) fn series(&self, id: String) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let report = match store.samples(&id) {
                Ok(lines) => Report::Series { id: id.clone(), series: Series::of(lines.iter().map(Point::kept)) },
                Err(problem) => Report::Refused { problem },
            };
            _ = reports.blocking_send(wrap(report));
            let notes = store.notes(&id);
            if !notes.is_empty() {
                _ = reports.blocking_send(wrap(Report::Notes { id, notes }));
            }
        });
    }

    pub(super) fn note(&self, id: String, second: u64, text: String) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let note = Note { at_ns: second.saturating_mul(1_000_000_000), text, written: jiff::Timestamp::now() };
            let report = match store.annotate(&id, &note) {
                Ok(notes) => Report::Notes { id, notes },
                Err(problem) => Report::Refused { problem },
            };
            _ = reports.blocking_send(wrap(report));
        });
    }

    pub(super) fn compare(&self, a: Vec<Run>, b: Vec<Run>, gate: Metric) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        // Ten thousand resamples of each metric take a while.
        tokio::task::spawn_blocking(move || {
            let compared = Compared::of(&a, &b, gate, BAND, SEED).deepened(&store.spectra(&a), &store.spectra(&b), SEED);
            let changed = changed(&store, &a, &b);
            let ids = |runs: Vec<Run>| runs.into_iter().map(|run| run.id).collect();
            _ = reports.blocking_send(wrap(Report::Compared { a: ids(a), b: ids(b), compared, changed }));
        });
    }

    pub(super) fn past(&self, run: Run, metric: Metric) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let past = perf::past::past(&store, &run, metric);
            _ = reports.blocking_send(wrap(Report::Past { id: run.id, past }));
        });
    }

    pub(super) fn pin(&self, of: Box<Run>, runs: Vec<String>) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let baselines = Baselines::open(store.data());
            let baseline = (!runs.is_empty()).then(|| Baseline::new(of.named(), &of.provenance, Kind::Pinned { runs }, jiff::Timestamp::now()));
            let report = match baselines.set(&of.series(), baseline).and_then(|_| baselines.all()) {
                Ok(all) => Report::Baselines { all, changed: Some(of) },
                Err(problem) => Report::Refused { problem },
            };
            _ = reports.blocking_send(wrap(report));
        });
    }

    pub(super) fn judge(&self, of: Box<Run>, before: Vec<Run>, now: Vec<Run>, metric: Metric, tell: bool) {
        let (reports, wrap) = (self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let checks = checks(&Compared::apart(&before, &now, metric, BAND, SEED), &[metric], &[]);
            _ = reports.blocking_send(wrap(Report::Judged { of, metric, checks, tell }));
        });
    }

    pub(super) fn verdict(&self, of: Box<Run>) {
        let (store, reports, wrap) = (self.store.clone(), self.reports.clone(), self.wrap);
        tokio::task::spawn_blocking(move || {
            let verdict = verdict::at_the_end(&store, &of);
            _ = reports.blocking_send(wrap(Report::Verdict { of, verdict }));
        });
    }
}
