//! Stories of load tests as one looks at them: on a time axis, as figures, against each other, over time and by day.

use std::sync::Arc;
use std::time::Duration;

use meshplay::load::plan::{Pace, Path, Plan};
use meshplay::load::sample::Ended;
use meshplay::results::Run;
use meshplay::results::baseline::{Baseline, Kind};
use meshplay::results::compare::Compared;
use meshplay::results::note::Note;
use meshplay::tui::app::model::Effect;
use meshplay::tui::panes::perf::state::series::{Point, Series};
use meshplay::tui::panes::perf::work::{Effect as Perf, Report};

use crate::play::{Opening, Stage};
use crate::scene::{DAY, HOUR, Load, changed_between, gentle, look_back};
use crate::{assert_not_shown, assert_shown, newcomer, started, wanted};

const URL: &str = "http://127.0.0.1:38111/";

fn sampled(stage: &mut Stage, load: &mut Load, seconds: usize, usual: u64) {
    for _ in 0..seconds {
        let sample = load.second(2_000, Duration::from_micros(usual), 0);
        stage.perf(Report::Sample { id: load.run.id.clone(), sample: Arc::new(sample) });
    }
}

/// Runs of web that ended, the newest first: p99 of the newest ten is a third higher.
fn kept(count: i64) -> Vec<Run> {
    let one = |at: i64| {
        let plan = Plan { pace: Pace::Rate(1_000.0), ..gentle(URL) };
        let mut load =
            Load::begin(&format!("run-{at:02}"), Some("service shop/web"), Some("sandbox"), plan, HOUR + at * DAY / 2).seeded(at as u64 + 1);
        _ = load.second(2_000, Duration::from_micros(if at < 10 { 400 } else { 300 }), 0);
        load.end(Ended::Done)
    };
    (0..count).map(one).collect()
}

fn with_runs(opening: Opening, runs: Vec<Run>) -> Stage {
    let mut stage = opening.start();
    stage.play(",p").perf(Report::Listed { runs, problems: vec![] });
    stage.wanted();
    stage
}

/// What is compared is computed outside; here at once.
fn answer(stage: &mut Stage) {
    for effect in stage.wanted() {
        if let Effect::Perf(Perf::Compare { a, b, gate }) = effect {
            let compared = Compared::of(&a, &b, gate, 0.03, 1);
            let changed = changed_between(&a, &b);
            let ids = |runs: Vec<Run>| runs.into_iter().map(|run| run.id).collect();
            stage.perf(Report::Compared { a: ids(a), b: ids(b), compared, changed });
        }
    }
}

#[test]
fn a_run_from_an_address_is_held_looked_into_and_read_when_it_is_over() {
    let mut stage = newcomer();
    stage.play("':load http://127.0.0.1:38111/' <ret> <ret>");
    let order = started(&mut stage).remove(0);
    let mut load = Load::begin("run-1", None, None, order.plan, 0);
    stage.perf(Report::Started { run: Box::new(load.run.clone()) });
    sampled(&mut stage, &mut load, 3, 300);
    assert_shown(&mut stage, &["http://127.0.0.1:38111/", "direct", "closed loop, 4 conns", "3 s of 10 s", "running", "answers in a cell from"]);
    // Held, with the cursor on the second before the last.
    stage.play("s h h");
    assert_shown(&mut stage, &["picture held", " 1 s 14:04:01Z", "most", "slowest"]);
    sampled(&mut stage, &mut load, 2, 300);
    assert_shown(&mut stage, &["3 s of 10 s", " 1 s 14:04:01Z"]);
    stage.play("s");
    assert_shown(&mut stage, &["5 s of 10 s", " 1 s 14:04:01Z"]);
    stage.play("l l <esc>");
    assert_not_shown(&mut stage, &["most"]);
    stage.perf(Report::Finished { run: Box::new(load.end(Ended::Done)), problems: vec![] });
    stage.wait(Duration::from_secs(7));
    assert_shown(&mut stage, &["VALID"]);
    stage.play("v");
    assert_shown(&mut stage, &["how it was measured", "closed loop: nothing was planned", "generator", "p50", "by share of answers"]);
    stage.play("<esc>");
    assert_shown(&mut stage, &["load tests", "WORTH"]);
}

#[test]
fn an_exact_count_stands_under_the_cursor() {
    let mut stage = newcomer();
    let load = Load::begin("run-1", None, None, gentle(URL), 0);
    stage.perf(Report::Started { run: Box::new(load.run.clone()) });
    let mut record = meshplay::load::record::Record::default();
    (0..1_234).for_each(|_| record.answer(300_000, 10));
    (0..7).for_each(|_| record.answer(3_000_000, 10));
    let sample = meshplay::load::sample::Sample {
        elapsed: Duration::from_secs(1),
        last: record.clone(),
        last_span: Duration::from_secs(1),
        whole: record,
        ..meshplay::load::sample::Sample::default()
    };
    stage.perf(Report::Sample { id: "run-1".into(), sample: Arc::new(sample) }).resize(120, 30).play("h");
    assert_shown(&mut stage, &["most 1,234 in 256–362 µs", "slowest 7 in 2.90–4.10 ms"]);
}

#[test]
fn both_latencies_stand_side_by_side_and_the_path_is_told() {
    let plan = Plan { pace: Pace::Rate(500.0), path: Path::PortForward, ..gentle(URL) };
    let mut load = Load::begin("run-1", Some("service shop/web"), Some("sandbox"), plan, 60);
    (0..5).for_each(|_| _ = load.second(2_000, Duration::from_micros(300), 0));
    let mut stage = with_runs(Opening::sandbox(), vec![load.end(Ended::Done)]);
    stage.play("<ret>");
    assert_shown(
        &mut stage,
        &["via port-forward", "SUSPECT", "the tunnel is measured as well", "response", "service", "sent late", "service time from the send"],
    );
    stage.play("v");
    let points = Series::of((0..5).map(|_| Point { rate: 10.0, late: Some(70_000), ..Point::default() }));
    stage.perf(Report::Series { id: "run-1".into(), series: points });
    assert_shown(&mut stage, &["response time", "late 70.0 µs", "it went through a forwarded port"]);
}

#[test]
fn a_long_run_is_zoomed_and_its_windows_have_keys() {
    let mut stage = with_runs(Opening::sandbox(), kept(1));
    let points = Series::of((0..600).map(|at| Point { rate: f64::from(at), ..Point::default() }));
    stage.perf(Report::Series { id: "run-00".into(), series: points }).play("<ret> v");
    assert_shown(&mut stage, &["1 column = 16 s"]);
    stage.play("+");
    assert_shown(&mut stage, &["1 column = 8 s"]);
    stage.play("2");
    assert_shown(&mut stage, &["2 columns = 1 s"]);
    stage.play("0");
    assert_shown(&mut stage, &["1 column = 16 s"]);
}

#[test]
fn two_marked_runs_are_no_verdict() {
    let mut stage = with_runs(Opening::sandbox(), kept(20));
    stage.play("=");
    assert_not_shown(&mut stage, &["B/A"]);
    stage.play("2j <space> j <space>");
    assert_shown(&mut stage, &["2 marked"]);
    stage.play("=");
    assert_shown(&mut stage, &["the comparison is being made"]);
    answer(&mut stage);
    assert_shown(&mut stage, &["? INCONCLUSIVE", "a verdict takes 6", "the older and the newer half"]);
    stage.wait(Duration::from_secs(7)).play("<esc>");
    assert_shown(&mut stage, &["WORTH", "2 marked"]);
}

#[test]
fn runs_too_short_for_a_p99_are_compared_by_what_all_of_them_know() {
    let mut runs = kept(20);
    runs[3].latencies.p99 = None;
    let mut stage = with_runs(Opening::sandbox().size(120, 40), runs);
    stage.play("j j").play(&"<space> j ".repeat(16)).play("=");
    assert_shown(&mut stage, &["p99 is not known of every run, so p90 decides; > takes another"]);
    answer(&mut stage);
    assert_shown(&mut stage, &["p90 +", "8 pairs", "p99"]);
}

#[test]
fn eight_pairs_are_one_in_words_and_the_figures_of_one_metric_decide() {
    let mut stage = with_runs(Opening::sandbox().size(120, 40), kept(20));
    stage.play("j j").play(&"<space> j ".repeat(16)).play("=");
    answer(&mut stage);
    assert_shown(&mut stage, &["✗ WORSE", "p99 +", "8 pairs", "✗ worse", "= no change", "┼", "●", "A ● and B ◆"]);
    stage.play("v");
    assert_shown(&mut stage, &["each run", "A8", "B1"]);
    stage.play(">");
    assert!(wanted(&mut stage).iter().any(|effect| matches!(effect, Effect::Perf(Perf::Compare { .. }))));
}

/// Ninety runs of web: the newest 45 by a later release, which is slower by a third.
fn released() -> Vec<Run> {
    let mut runs = kept(90);
    for (at, run) in runs.iter_mut().enumerate() {
        let slow = at < 45;
        let p99 = run.latencies.p99.unwrap();
        // A story of its own: the noise between runs is that of the scene.
        run.latencies.p99 = Some(if at < 10 { p99 / 4 * 3 } else { p99 } * if slow { 4 } else { 3 } / 3);
        let (image, revision) = if slow { ("shop/web:1.5", "8") } else { ("shop/web:1.4", "7") };
        run.provenance.found = [("image.web".to_owned(), image.to_owned()), ("revision".to_owned(), revision.to_owned())].into();
    }
    runs
}

#[test]
fn a_history_names_the_first_run_that_is_worse_and_what_changed_there() {
    let mut stage = with_runs(Opening::sandbox(), released());
    stage.play("H");
    assert_shown(&mut stage, &["looking through the runs"]);
    look_back(&mut stage, None);
    let changed = "image web:1.4 → web:1.5, revision 7 → 8";
    assert_shown(
        &mut stage,
        &["p99 of service shop/web @sandbox", "90 runs", "18 points, each the median of 5", "▲ +3", changed, "first run-44", "before,"],
    );
    stage.play("8h").wait(Duration::from_secs(7));
    assert_shown(&mut stage, &["run-44 to run-40", "the first run that is worse is its first"]);
    stage.play("<space>");
    assert_shown(&mut stage, &["5 marked"]);
    stage.play("<ret>");
    assert_shown(&mut stage, &["how it was measured", "run-44", "image shop/web:1.5, revision 8"]);
    // Back to the point it was opened from.
    stage.play("<esc>");
    assert_shown(&mut stage, &["run-44 to run-40", "each the median of 5"]);
    stage.play("<esc>");
    assert_shown(&mut stage, &["WORTH"]);
}

#[test]
fn a_stored_baseline_is_a_line_of_the_history_and_the_point_is_held_against_it() {
    let runs = released();
    let pinned = Kind::Pinned { runs: runs[80..85].iter().map(|run| run.id.clone()).collect() };
    let baseline = Baseline { profile: "shop".into(), cell: String::new(), environment: None, kind: pinned, set: jiff::Timestamp::UNIX_EPOCH };
    for (opening, line) in [(Opening::sandbox(), "╌"), (Opening::sandbox().theme("mono").ascii(), "=")] {
        let mut stage = with_runs(opening, runs.clone());
        stage.play("H");
        look_back(&mut stage, Some(&baseline));
        assert_shown(&mut stage, &[" baseline", line, "5 pinned runs:", "this point +"]);
    }
}

#[test]
fn runs_that_do_not_count_are_said_to_be_left_out() {
    let mut runs = kept(3);
    runs[1].state = meshplay::results::State::Stopped;
    let mut stage = with_runs(Opening::sandbox(), runs);
    stage.play("H");
    look_back(&mut stage, None);
    assert_shown(&mut stage, &["2 runs, 1 left out", "2 of 5 runs, too few to tell", "no change found"]);
}

#[test]
fn a_calendar_shows_the_worst_of_each_day_and_opens_its_runs() {
    let mut runs = kept(6);
    let all = runs[0].requests;
    runs[0].errors.insert("status_5xx".into(), all);
    let mut stage = with_runs(Opening::sandbox(), runs);
    stage.play("C");
    // 2026-05-12 is a Tuesday; a run at 13:04 that failed and one at 01:04.
    assert_shown(&mut stage, &["✗2", "✓2", "Tue 12 May 2026", "2 runs", "FAILED", "invalid or failed"]);
    stage.play("k");
    assert_shown(&mut stage, &["Mon 11 May 2026"]);
    assert_not_shown(&mut stage, &["FAILED"]);
    stage.play("<ret>");
    assert_shown(&mut stage, &["how it was measured", "run-02"]);
}

#[test]
fn an_answer_with_a_bad_status_is_tried_once() {
    let mut runs = kept(1);
    let half = runs[0].requests / 2;
    runs[0].errors.insert("status_5xx".into(), half);
    let mut stage = with_runs(Opening::sandbox(), runs);
    stage.play("<ret>");
    assert_shown(&mut stage, &["how it was measured", "status_5xx (50.0 %)"]);
}

#[test]
fn every_view_says_something_on_the_smallest_screen() {
    let mut stage = with_runs(Opening::sandbox(), kept(14));
    stage.resize(40, 10);
    for (keys, told) in [("<ret>", "VALID"), ("v", "VALID"), ("<esc> H", "p99"), ("<esc> C", "Mon"), ("<esc> <space> j <space> =", "A ")] {
        stage.play(keys);
        look_back(&mut stage, None);
        assert_shown(&mut stage, &[told]);
    }
}

#[test]
fn stalls_missed_slots_and_the_limit_are_marked_with_and_without_colour() {
    for (opening, missed, stalled) in [(Opening::sandbox(), "✗", "▲"), (Opening::sandbox().theme("mono").ascii(), "X", "!")] {
        let mut stage = with_runs(opening, vec![]);
        let plan = Plan { pace: Pace::Rate(2_000.0), ..gentle(URL) };
        let mut load = Load::begin("run-1", Some("service shop/web"), Some("sandbox"), plan, 0);
        load.run.provenance.limits = vec!["p99<1ms".into()];
        load.run.provenance.ends = vec!["errors>5%/10s".into()];
        stage.perf(Report::Started { run: Box::new(load.run.clone()) });
        sampled(&mut stage, &mut load, 2, 300);
        let seconds = [load.stalled(1_000, Duration::from_millis(440), 0), load.stalled(500, Duration::from_millis(900), 700)];
        for sample in seconds {
            stage.perf(Report::Sample { id: "run-1".into(), sample: Arc::new(sample) });
        }
        sampled(&mut stage, &mut load, 1, 300);
        let (missed, stalled) = (format!("{missed} missed"), format!("{stalled} held up"));
        assert_shown(&mut stage, &[&missed, &stalled, "p99<1.00 ms", "limit"]);
        let screen = stage.screen();
        let bottom = screen.lines().rev().find(|line| line.trim_start().starts_with('<')).unwrap_or_default().to_owned();
        let signs = format!("{}{}", &stalled[..stalled.find(' ').unwrap()], &missed[..missed.find(' ').unwrap()]);
        assert!(bottom.contains(&signs), "{screen}");
        stage.play("h h");
        assert_shown(&mut stage, &["missed 700", "held up"]);
    }
}

#[test]
fn a_note_is_left_at_the_time_cursor_and_stays_with_the_run() {
    let mut stage = newcomer();
    let mut load = Load::begin("run-1", None, None, gentle(URL), 0);
    stage.perf(Report::Started { run: Box::new(load.run.clone()) });
    sampled(&mut stage, &mut load, 5, 300);
    stage.play("h h m");
    assert_shown(&mut stage, &["at 0:03 of http://127.0.0.1:38111/", "what happened here"]);
    stage.play("'cache emptied' <ret>");
    let Some(Effect::Perf(Perf::Note { id, second: 3, text })) = wanted(&mut stage).pop() else { panic!("{}", stage.screen()) };
    assert_eq!((id.as_str(), text.as_str()), ("run-1", "cache emptied"));
    let note = Note { at_ns: 3_000_000_000, text, written: jiff::Timestamp::UNIX_EPOCH };
    stage.perf(Report::Notes { id, notes: vec![note] });
    assert_shown(&mut stage, &["◆ cache emptied"]);
    stage.play("l");
    assert_not_shown(&mut stage, &["cache emptied"]);
    // The same moment again: what is said there can be said better. A form of another kind is not mistaken for it.
    stage.play("h m");
    assert_shown(&mut stage, &["cache emptied"]);
    stage.play("<esc> b <ret>");
    assert!(wanted(&mut stage).iter().any(|effect| matches!(effect, Effect::Perf(Perf::Start { .. }))));
    stage.perf(Report::Finished { run: Box::new(load.end(Ended::Done)), problems: vec![] }).play("<esc> v");
    assert_shown(&mut stage, &["◆ 0:03  cache emptied"]);
}

#[test]
fn a_comparison_says_what_was_another_and_where_in_the_distribution_it_is() {
    let mut stage = with_runs(Opening::sandbox(), released());
    stage.play(&"<space> j ".repeat(5)).play("40j").play(&"<space> j ".repeat(5)).play("=");
    answer(&mut stage);
    assert_shown(&mut stage, &["changed", "image web:1.4 → web:1.5, revision 7 → 8", "A ● and B ◆"]);
    stage.play("v v");
    assert_shown(&mut stage, &["B/A at each share of answers", "p50", "p90", "├"]);
    stage.play("v");
    assert_shown(&mut stage, &["A ● and B ◆"]);
}
