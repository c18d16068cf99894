//! Stories of a profile whose runs another program does: each next one is followed as it begins, and what they come to is told at their end.

use std::sync::Arc;
use std::time::Duration;

use meshplay::load::sample::Ended;
use meshplay::names::Problem;
use meshplay::perf::verdict::Verdict;
use meshplay::results::gate::{Check, Outcome};
use meshplay::results::provenance::Turn;
use meshplay::results::{Provenance, Run, State};
use meshplay::tui::app::model::Effect;
use meshplay::tui::panes::perf::work::{Effect as Perf, Report};

use crate::play::Stage;
use crate::scene::{Load, gentle};
use crate::{assert_not_shown, assert_shown, newcomer, wanted};

/// One of three runs of the shop, under way.
fn load(nth: usize) -> Load {
    let mut load = Load::begin(&format!("run-{nth}"), None, None, gentle("http://127.0.0.1:38111/"), 600 - nth as i64 * 60);
    let (profile, profile_hash) = (Some("The shop".to_owned()), Some("h".to_owned()));
    load.run.provenance = Provenance { profile, profile_hash, turn: Some(Turn { nth, of: 3 }), ..Provenance::default() };
    load
}

fn begins(stage: &mut Stage, load: &mut Load) {
    stage.perf(Report::Found { run: Box::new(load.run.clone()), reached: true });
    let sample = Arc::new(load.second(2_000, Duration::from_micros(300), 0));
    stage.perf(Report::Sample { id: load.run.id.clone(), sample });
}

fn ends(stage: &mut Stage, load: Load) -> Run {
    let run = load.end(Ended::Done);
    stage.perf(Report::Finished { run: Box::new(run.clone()), problems: vec![] });
    run
}

fn check(name: &str, outcome: Outcome, said: &str) -> Check {
    Check { name: name.into(), outcome, said: said.into() }
}

#[test]
fn each_next_run_is_followed_by_who_watches_and_the_last_one_brings_a_verdict() {
    let mut stage = newcomer();
    stage.play(",p").perf(Report::Listed { runs: vec![], problems: vec![] });
    for nth in 1..=3 {
        let mut load = load(nth);
        begins(&mut stage, &mut load);
        if nth == 1 {
            stage.play("<ret>");
        }
        assert_shown(&mut stage, &[&format!("run {nth} of 3"), "1 s of 10 s"]);
        stage.wanted();
        let run = ends(&mut stage, load);
        let due = wanted(&mut stage).into_iter().any(|effect| matches!(effect, Effect::Perf(Perf::Verdict { of }) if of.id == run.id));
        assert_eq!(due, nth == 3);
    }
    let checks =
        vec![check("p99 against the baseline", Outcome::Regressed, "worse, 77× [70×, 85×], p 0.008"), check("errors<1%", Outcome::Passed, "kept")];
    let of = Box::new(stage.model.perf.runs[0].run.clone());
    stage.perf(Report::Verdict { of: of.clone(), verdict: Verdict { checks, problem: None } });
    assert_shown(&mut stage, &["The shop has regressed: p99 worse, 77× [70×, 85×], p 0.008"]);
    let passed = Verdict { checks: vec![check("p99<5ms", Outcome::Passed, "kept by 3 of 3 runs")], problem: None };
    stage.perf(Report::Verdict { of: of.clone(), verdict: passed });
    assert_shown(&mut stage, &["The shop passed, 3 runs: p99<5ms: kept by 3 of 3 runs"]);
    let nothing = Problem::new("results.no-baseline", "there is nothing to compare with", "");
    stage.perf(Report::Verdict { of, verdict: Verdict { checks: vec![], problem: Some(nothing) } });
    assert_shown(&mut stage, &["The shop is done: 3 runs, no limits and no baseline yet: B"]);
}

#[test]
fn who_looks_at_something_else_stays_there() {
    let mut stage = newcomer();
    stage.play(",p").perf(Report::Listed { runs: vec![], problems: vec![] });
    let mut first = load(1);
    begins(&mut stage, &mut first);
    ends(&mut stage, first);
    stage.play("<ret>").wait(Duration::from_secs(7));
    assert_shown(&mut stage, &["how it was measured"]);
    begins(&mut stage, &mut load(2));
    assert_shown(&mut stage, &["how it was measured", "run-1", "run 2 of 3"]);
    assert_not_shown(&mut stage, &["run-2"]);
}

#[test]
fn a_run_of_a_program_that_nobody_can_speak_to_is_listed_until_it_ends() {
    let mut stage = newcomer();
    stage.play(",p").perf(Report::Listed { runs: vec![], problems: vec![] });
    let mut load = Load::begin("run-1", None, None, gentle("http://127.0.0.1:38111/"), 5);
    stage.perf(Report::Found { run: Box::new(load.run.clone()), reached: false });
    assert_shown(&mut stage, &["runs in another program", "running"]);
    stage.play("ctrl-d").wait(Duration::from_secs(1));
    assert_shown(&mut stage, &["it runs in another program: stop it there"]);
    _ = load.second(2_000, Duration::from_micros(300), 0);
    let ended = Run { state: State::Stopped, stamp: None, ..load.end(Ended::Stopped) };
    stage.perf(Report::Finished { run: Box::new(ended), problems: vec![] }).wait(Duration::from_secs(7));
    assert_shown(&mut stage, &["stopped"]);
    assert_not_shown(&mut stage, &["running"]);
}

#[test]
fn a_profile_is_run_by_its_name() {
    let mut stage = newcomer();
    stage.play(": 'profile shop' <ret>");
    let asked = wanted(&mut stage).into_iter().find_map(|effect| match effect {
        Effect::Perf(Perf::Profile { name, aborts, .. }) => Some((name, aborts.iter().map(ToString::to_string).collect::<Vec<_>>())),
        _ => None,
    });
    assert_eq!(asked, Some(("shop".to_owned(), vec!["errors>5%/10s".to_owned()])));
    let mut load = load(1);
    stage.perf(Report::Started { run: Box::new(load.run.clone()) });
    stage.perf(Report::Sample { id: load.run.id.clone(), sample: Arc::new(load.second(2_000, Duration::from_micros(300), 0)) });
    assert_shown(&mut stage, &["run 1 of 3", "1 s of 10 s"]);
    stage.perf(Report::Refused { problem: Problem::new("perf.no-profile", "there is no profile shap", "kept are shop") });
    assert_shown(&mut stage, &["there is no profile shap", "kept are shop"]);
}
