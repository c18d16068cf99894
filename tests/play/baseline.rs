//! The story of a load test by keys: runs become a baseline, the target becomes slower, and the newer runs are called a regression.

use std::time::Duration;

use meshplay::load::plan::Pace;
use meshplay::load::sample::Ended;
use meshplay::results::Run;
use meshplay::results::baseline::{Baseline, Kind};
use meshplay::results::compare::Compared;
use meshplay::results::gate::checks;
use meshplay::tui::app::model::Effect;
use meshplay::tui::panes::inventory::work::{Effect as Inventory, Report as Told};
use meshplay::tui::panes::perf::work::{Effect as Perf, Report};

use crate::play::{NOW, Opening, Stage};
use crate::scene::{Load, gentle, looked_back, ready, shop};
use crate::{KINDS, assert_shown, newcomer, wanted};

/// A run of web as it is at its end; where it is the newest is told by its number.
fn run(number: i64, usual: Duration) -> Run {
    let plan = meshplay::load::plan::Plan { pace: Pace::Rate(1_000.0), ..gentle("http://127.0.0.1:38111/") };
    let mut load =
        Load::begin(&format!("run-{number:02}"), Some("service shop/web"), Some("sandbox"), plan, 600 - number * 20).seeded(number as u64 + 1);
    _ = load.second(2_000, usual, 0);
    load.end(Ended::Done)
}

const FAST: Duration = Duration::from_micros(300);
const SLOW: Duration = Duration::from_micros(900);

/// The disk and the numbers answer at once.
fn answer(stage: &mut Stage) {
    for effect in stage.wanted() {
        match effect {
            Effect::Perf(Perf::Pin { of, runs }) => {
                let set = moment(NOW);
                let baseline = (!runs.is_empty()).then(|| Baseline::new(of.named(), &of.provenance, Kind::Pinned { runs }, set));
                let all = baseline.map(|baseline| (of.series(), baseline)).into_iter().collect();
                stage.perf(Report::Baselines { all, changed: Some(of) });
            }
            Effect::Perf(Perf::Past { run, metric }) => {
                let baseline = stage.model.perf.baselines.get(&run.series()).cloned();
                looked_back(stage, *run, metric, baseline.as_ref());
            }
            Effect::Perf(Perf::Judge { of, before, now, metric, tell }) => {
                let checks = checks(&Compared::apart(&before, &now, metric, 0.03, 1), &[metric], &[]);
                stage.perf(Report::Judged { of, metric, checks, tell });
            }
            _ => {}
        }
    }
}

fn moment(unix: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(unix).unwrap()
}

#[test]
fn runs_become_a_baseline_and_slower_ones_are_called_a_regression() {
    let mut stage = newcomer();
    stage.play(",p").perf(Report::Listed { runs: (0..6).map(|number| run(number, FAST)).collect(), problems: vec![] });
    stage.play("H");
    answer(&mut stage);
    assert_shown(&mut stage, &["6 runs", "no baseline; B"]);
    stage.play("B");
    answer(&mut stage);
    assert_shown(&mut stage, &["baseline of service shop/web: 6 runs", "against the baseline, 6 pinned runs: 5 more runs like these are needed"]);

    // Five more, asked for together and followed as they come.
    stage.play("<esc> b <up> <up> ctrl-u 5 <ret>");
    let times =
        wanted(&mut stage).into_iter().find_map(|effect| if let Effect::Perf(Perf::Start { times, .. }) = effect { Some(times) } else { None });
    assert_eq!(times, Some(5));
    for (nth, number) in (1..=5).zip(6..) {
        let begun = Box::new(Run { state: meshplay::results::State::Running, ..run(number, SLOW) });
        stage.perf(if nth == 1 { Report::Started { run: begun } } else { Report::Again { run: begun, nth, of: 5 } });
        assert_eq!(stage.model.perf.chosen, 0, "the newest is watched");
        stage.perf(Report::Finished { run: Box::new(run(number, SLOW)), problems: vec![] });
        answer(&mut stage);
        let told = stage.screen().contains("service shop/web has regressed");
        assert_eq!(told, nth == 5, "after run {nth}:\n{}", stage.screen());
    }
    stage.play("<esc> H");
    answer(&mut stage);
    assert_shown(&mut stage, &["11 runs", "✗ REGRESSION  p99 worse, +"]);

    // The same runs again: the baseline is taken away. Marked ones are another baseline.
    stage.play("<esc> g 5j B");
    assert!(matches!(&wanted(&mut stage)[..], [Effect::Perf(Perf::Pin { runs, .. })] if runs.is_empty()), "{}", stage.screen());
    stage.play("<space> j <space> B");
    assert!(wanted(&mut stage).iter().any(|effect| matches!(effect, Effect::Perf(Perf::Pin { runs, .. }) if runs.len() == 2)));
}

#[test]
fn a_latency_is_injected_by_an_annotation_that_is_asked_for_first() {
    let mut stage = newcomer();
    stage.play(": 'annotate ' <tab>");
    assert_shown(&mut stage, &[":annotate shop.meshplay/latency=40ms"]);
    stage.play("<ret>");
    assert_shown(&mut stage, &["Annotate", "Deployment shop/cart in sandbox", "shop.meshplay/latency: 40ms", "[ Cancel ]"]);
    stage.play("<ret>");
    assert!(wanted(&mut stage).is_empty(), "Cancel has the focus");
    stage.play("':annotate shop.meshplay/latency-' <ret>");
    assert_shown(&mut stage, &["shop.meshplay/latency is taken away"]);
    stage.play("<tab> <ret>");
    let [Effect::Inventory(Inventory::Annotate { key, name, value: None, typed: None })] = &wanted(&mut stage)[..] else {
        panic!("{}", stage.screen())
    };
    assert_eq!((&*key.name, name.as_str()), ("cart", "shop.meshplay/latency"));
    stage.report(meshplay::tui::app::model::Report::Inventory(Told::Annotated { key: key.clone(), name: name.clone(), problem: None }));
    assert_shown(&mut stage, &["annotated Deployment shop/cart in sandbox: shop.meshplay/latency"]);
    stage.play("':annotate nonsense' <ret>");
    assert_shown(&mut stage, &[":annotate NAME=VALUE sets an annotation"]);
}

#[test]
fn a_protected_cluster_wants_its_name_before_anything_is_annotated() {
    let mut stage = Opening::sandbox().protected("sand*").start();
    stage.connections(vec![ready("sandbox")]).kinds(KINDS).rows("sandbox", shop());
    stage.wanted();
    stage.play("':annotate a=b' <ret> 'sandbox' <tab> <tab> <ret>");
    let effects = wanted(&mut stage);
    assert!(
        matches!(&effects[..], [Effect::Inventory(Inventory::Annotate { typed: Some(name), .. })] if name == "sandbox"),
        "{effects:?}\n{}",
        stage.screen()
    );
    let mut stage = Opening::sandbox().readonly().start();
    stage.connections(vec![ready("sandbox")]).kinds(KINDS).rows("sandbox", shop());
    stage.wanted();
    stage.play("':annotate a=b' <ret>");
    assert_shown(&mut stage, &["was not done; start without --readonly"]);
    assert!(wanted(&mut stage).is_empty());
}

#[test]
fn what_cut_off_permutations_left_changed_is_put_back_by_a_key() {
    use meshplay::names::{ClusterId, Gvk, ObjectKey};
    use meshplay::perf::permute::journal::Entry;
    let gvk = std::sync::Arc::new(Gvk::new("apps", "v1", "Deployment"));
    let key = ObjectKey { cluster: ClusterId::new("sandbox"), gvk, namespace: Some("shop".into()), name: "web".into(), uid: "u-1".into() };
    let entry = Entry { matrix: "slower web".into(), key: key.clone(), undo: serde_json::json!({"spec": {"replicas": 3}}), since: moment(NOW - 60) };
    let mut stage = newcomer();
    stage.play(",p").perf(Report::Listed { runs: vec![], problems: vec![] });
    stage.perf(Report::Left { entries: vec![entry], put_back: None, problem: None });
    assert_shown(&mut stage, &["web left changed, R puts back"]);
    stage.wanted();
    stage.play("R");
    assert_shown(&mut stage, &["Put back", "Deployment shop/web in sandbox", "slower web at 2026-05-12 14:03:00Z", "{\"spec\":{\"replicas\":3}}"]);
    stage.play("<tab> <ret>");
    let effects = wanted(&mut stage);
    assert!(matches!(&effects[..], [Effect::Perf(Perf::Recover { key: meant, typed: None })] if *meant == key), "{effects:?}");
    stage.perf(Report::Left { entries: vec![], put_back: Some(key.to_string()), problem: None });
    assert_shown(&mut stage, &["Deployment shop/web in sandbox is as it was"]);
    crate::assert_not_shown(&mut stage, &["left changed"]);
}

#[test]
fn runs_too_short_for_the_figure_that_is_looked_at_are_held_by_one_they_know() {
    // Of fifty answers the median is known and p99 is not.
    let short = |number: i64| {
        let mut run = run(number, SLOW);
        (run.latencies.p99, run.latencies.p90) = (None, None);
        run
    };
    let mut stage = newcomer();
    stage.play(",p").perf(Report::Listed { runs: (0..6).map(|number| run(number, FAST)).collect(), problems: vec![] });
    stage.play("B");
    answer(&mut stage);
    stage.perf(Report::Listed { runs: (6..11).map(short).collect(), problems: vec![] }).play("H");
    answer(&mut stage);
    assert_shown(&mut stage, &["✗ REGRESSION  p50 worse, +"]);
}
