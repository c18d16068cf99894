//! Stories of load tests that do not go as wished: each says what, why and what to do, and loses nothing of what was typed or measured.

use std::sync::Arc;
use std::time::Duration;

use meshplay::load::audit::{Cause, Reason, Stamp};
use meshplay::load::plan::{Pace, Plan};
use meshplay::load::sample::Ended;
use meshplay::names::Problem;
use meshplay::results::Run;
use meshplay::tui::app::commands::Command;
use meshplay::tui::app::model::Effect;
use meshplay::tui::panes::perf::commands::TABLE;
use meshplay::tui::panes::perf::state::series::{Point, Series};
use meshplay::tui::panes::perf::work::{Effect as Perf, Report};

use crate::play::{Opening, Stage};
use crate::scene::{HOUR, Load, gentle};
use crate::{assert_not_shown, assert_shown, newcomer, started};

fn nowhere() -> Problem {
    Problem::new("load.address", "no.such.host.invalid has no address", "it cannot be resolved").hint("check the name")
}

/// Among the load tests, of which there are these.
fn with_runs(opening: Opening, runs: Vec<Run>) -> Stage {
    let mut stage = opening.start();
    stage.play(",p").perf(Report::Listed { runs, problems: vec![] });
    stage.wanted();
    stage
}

/// A run that ended as planned but for what is done to it.
fn ended(id: &str, change: impl FnOnce(&mut Run)) -> Run {
    let plan = Plan { pace: Pace::Rate(1_000.0), ..gentle("http://127.0.0.1:38111/") };
    let mut load = Load::begin(id, Some("service shop/web"), Some("sandbox"), plan, HOUR);
    _ = load.second(2_000, Duration::from_micros(300), 0);
    let mut run = load.end(Ended::Done);
    change(&mut run);
    run
}

#[test]
fn what_cannot_begin_is_filled_in_again() {
    let mut stage = newcomer();
    stage.play("':load http://no.such.host.invalid/' <ret> <up> <up> ctrl-u 7 <ret>");
    assert_eq!(started(&mut stage).len(), 1);
    assert_shown(&mut stage, &[" Perf", "starting http://no.such.host.invalid/"]);
    stage.perf(Report::NotBegun { problem: nowhere() });
    assert_shown(&mut stage, &["no.such.host.invalid has no address"]);
    assert_not_shown(&mut stage, &["starting"]);
    stage.play(",e");
    assert_shown(&mut stage, &["it cannot be resolved", "check the name", "opens the form again"]);
    stage.play("<esc> b");
    assert_shown(&mut stage, &["URL          http://no.such.host.invalid/", "runs         7"]);
    // Given up, it is a new one again.
    stage.play("<esc> b");
    assert_not_shown(&mut stage, &["no.such.host.invalid/"]);
}

#[test]
fn a_wrong_address_is_told_in_the_form_with_what_is_right() {
    let mut stage = newcomer();
    stage.play("':load ftp://example.com' <ret> <ret>");
    assert_shown(&mut stage, &["ftp is not spoken; http, https, h2c, grpc"]);
}

#[test]
fn a_run_that_never_began_is_none_and_one_that_is_lost_keeps_what_was_seen() {
    let mut stage = with_runs(Opening::sandbox(), vec![]);
    let mut load = Load::begin("run-1", None, None, gentle("http://127.0.0.1:38111/"), 0);
    stage.perf(Report::Started { run: Box::new(load.run.clone()) });
    stage.perf(Report::Lost { id: "run-1".into(), problem: nowhere() }).wait(Duration::from_secs(7));
    assert_shown(&mut stage, &["no load test has been run yet", "starts one; on a Service or a workload", "meshplay perf run"]);
    stage.perf(Report::Started { run: Box::new(load.run.clone()) });
    let sample = load.second(2_000, Duration::from_micros(300), 0);
    stage.perf(Report::Sample { id: "run-1".into(), sample: Arc::new(sample) });
    stage.perf(Report::Lost { id: "run-1".into(), problem: nowhere() });
    assert_shown(&mut stage, &["? cut off", "req/s"]);
    assert!(!stage.line(0).contains("load test"), "{}", stage.line(0));
}

#[test]
fn of_a_run_nobody_answers_for_nothing_is_said_to_be_none() {
    let mut stage = with_runs(Opening::sandbox(), vec![]);
    let load = Load::begin("run-1", None, None, gentle("http://127.0.0.1:38111/"), 0);
    stage.perf(Report::Found { run: Box::new(load.run), reached: false }).wait(Duration::from_secs(7));
    stage.play("v");
    assert_shown(&mut stage, &["running", "a run of another program shows at its end"]);
    assert_not_shown(&mut stage, &["answered 0/s"]);
}

#[test]
fn a_long_reason_is_read_to_its_end_and_a_failed_run_says_what_to_do() {
    let busy = Reason { cause: Cause::Busy, stamp: Stamp::Suspect, value: 4.4e8, limit: 1e6 };
    let trend = Reason { cause: Cause::Trend, stamp: Stamp::Suspect, value: 0.3, limit: 0.2 };
    let bent = ended("bent", |run| (run.stamp, run.reasons) = (Some(Stamp::Suspect), vec![busy, trend]));
    let refused = ended("refused", |run| {
        let nothing = Reason { cause: Cause::Nothing, stamp: Stamp::Invalid, value: 1.0, limit: 0.0 };
        (run.stamp, run.reasons, run.requests) = (Some(Stamp::Invalid), vec![nothing], 0);
        run.errors = [("refused".to_owned(), 40)].into();
        run.started = run.started.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap();
    });
    let mut stage = with_runs(Opening::sandbox(), vec![bent, refused]);
    assert_shown(&mut stage, &["all connections were busy", "for more of them  and 1 more, enter shows them"]);
    stage.play("<ret> v");
    assert_shown(&mut stage, &["for more of them  and 1 more, v shows them"]);
    stage.play("j");
    assert_shown(&mut stage, &["FAILED", "refused", "40 × refused"]);
    assert_not_shown(&mut stage, &["nothing was answered"]);
    stage.play("v");
    assert_shown(&mut stage, &["to do"]);
}

#[test]
fn what_is_told_of_a_run_is_scrolled_where_there_is_no_room_for_it() {
    let many = |run: &mut Run| {
        let reason = |cause| Reason { cause, stamp: Stamp::Suspect, value: 1.0, limit: 0.0 };
        run.reasons = [Cause::Rate, Cause::Missed, Cause::Busy, Cause::Cpu, Cause::Steal, Cause::Trend, Cause::Cut].map(reason).into();
        run.stamp = Some(Stamp::Suspect);
    };
    let mut stage = with_runs(Opening::sandbox(), vec![ended("many", many)]);
    stage.play("<ret>");
    assert_shown(&mut stage, &["1 to 11 of", "pgdn pgup", "the rate was"]);
    assert_not_shown(&mut stage, &["generator 2 threads"]);
    stage.play("<pgdn> <pgdn>");
    assert_shown(&mut stage, &["generator 2 threads"]);
    stage.play("<pgup> <pgup>");
    assert_shown(&mut stage, &["1 to 11 of"]);
}

#[test]
fn help_says_what_the_words_mean_and_every_command_has_a_key_in_every_preset() {
    for preset in ["k9s", "vim", "emacs"] {
        let stage = Opening::sandbox().preset(preset).start();
        for row in TABLE {
            let keys = stage.model.keymap.keys_for(&["perf", "global"], &Command::Perf(row.command));
            assert!(keys.is_some(), "{preset}: {} has no key", row.spec.name);
        }
    }
    let mut stage = with_runs(Opening::sandbox(), vec![]);
    stage.play("?");
    assert_shown(&mut stage, &["load tests", "next run"]);
    stage.play("<pgdn> <pgdn>");
    assert_shown(&mut stage, &["what the words mean", "VALID", "the generator did as planned"]);
    stage.play("<pgdn>");
    assert_shown(&mut stage, &["generator CPU", "held up"]);
}

#[test]
fn names_of_profiles_are_completed() {
    let mut stage = newcomer();
    stage.perf(Report::Profiles { names: vec!["the-shop".into()] });
    stage.play("':profile the' <tab> <ret>");
    let asked = stage.wanted().into_iter().any(|effect| matches!(effect, Effect::Perf(Perf::Profile { name, .. }) if name == "the-shop"));
    assert!(asked, "{}", stage.screen());
    assert_shown(&mut stage, &["starting profile the-shop"]);
    stage.perf(Report::NotBegun { problem: Problem::new("perf.no-profile", "there is no profile the-shop", "none is kept") });
    assert_not_shown(&mut stage, &["starting"]);
}

#[test]
fn a_run_on_a_former_sandbox_is_made_again_on_the_one_there_is() {
    let old = ended("old", |run| run.target.url = "http://127.0.0.1:1111/items?n=1".into());
    let mut stage = with_runs(Opening::sandbox(), vec![old]);
    stage.play("b");
    let key = stage.wanted().into_iter().find_map(|effect| match effect {
        Effect::Perf(Perf::Resolve { key }) => Some(key),
        _ => None,
    });
    let key = key.expect("its address is looked up");
    stage.perf(Report::Resolved { key, url: Ok("http://127.0.0.1:2222/".into()) });
    assert_shown(&mut stage, &["service shop/web in sandbox", "http://127.0.0.1:2222/items?n=1"]);
    stage.play("<ret>");
    let order = started(&mut stage).remove(0);
    assert_eq!((order.what.as_deref(), order.plan.target.url()), (Some("service shop/web"), "http://127.0.0.1:2222/items?n=1"));
}

#[test]
fn where_nothing_was_answered_no_chart_pretends_it_was() {
    let mut stage = with_runs(Opening::sandbox(), vec![ended("refused", |run| run.requests = 0)]);
    let points = (0..5).map(|_| Point { errors: 7, ..Point::default() });
    stage.perf(Report::Series { id: "refused".into(), series: Series::of(points) });
    assert_shown(&mut stage, &["nothing was answered"]);
    assert_not_shown(&mut stage, &["answers in a cell", "µs▏", "req/s 1▏▁"]);
}

#[test]
fn runs_that_cannot_be_read_are_not_said_to_be_none() {
    let mut stage = newcomer();
    let problem = Problem::new("results.unreadable", "the runs in /data/runs cannot be read", "Permission denied");
    stage.play(",p").perf(Report::Listed { runs: vec![], problems: vec![problem] }).wait(Duration::from_secs(7));
    assert_shown(&mut stage, &["no run that is kept can be read: ,e says why"]);
    assert_not_shown(&mut stage, &["no load test has been run yet"]);
}
