//! What commands, samples and answers do to the perf pane. Never waits, never reads a clock.

mod begun;
mod form;
mod held;
mod left;
mod look;
mod note;

use std::time::Duration;

pub use self::form::{confirmed, load_test, load_url, profile, submitted};
pub use self::left::put_back;

use super::commands::Command;
use super::state::series::Point;
use super::state::{Entry, Seen, State, View};
use super::work::{Effect, Report};
use crate::load::sample::Sample;
use crate::names::Problem;
use crate::perf::verdict::is_last;
use crate::results::compare::Compared;
use crate::results::difference::Difference;
use crate::results::{Run, State as RunState};
use crate::text::quantity::count;
use crate::text::sanitise;
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, GuideStep, Intent, Notice, PaneId, Step};

/// How often a live picture changes, and how often on a slow line: with every column of its charts.
const REDRAW: Duration = Duration::from_millis(500);
const REDRAW_SLOW: Duration = Duration::from_secs(1);

/// Does what the person asked.
pub fn command(state: &mut State, shared: &Shared, at: At, command: Command) -> Step<Effect> {
    match command {
        Command::Down | Command::Up => look::step(state, command == Command::Down),
        Command::PageDown | Command::PageUp => look::page(state, command == Command::PageDown),
        Command::Top | Command::Bottom => look::end(state, command == Command::Top),
        Command::Left | Command::Right => look::sideways(state, command == Command::Right),
        Command::Open => look::open(state),
        Command::Face => look::face(state),
        Command::ZoomIn | Command::ZoomOut => look::zoom(state, command == Command::ZoomIn),
        Command::Span(span) => {
            state.span = span;
            Step::redraw()
        }
        Command::Freeze => {
            state.frozen = if state.frozen.is_some() { None } else { state.shown().cloned() };
            Step::redraw()
        }
        Command::Note => note::ask(state),
        Command::Mark => look::mark(state),
        Command::Compare => look::compare(state),
        Command::History => look::history(state),
        Command::Baseline => held::pin(state),
        Command::Calendar => look::calendar(state, at),
        Command::Recover => left::ask(state, shared),
        Command::Metric => look::metric(state),
        Command::New => form::again(state, shared),
        Command::Stop => stop(state),
        Command::Copy => match state.shown() {
            Some(entry) => Step::intent(Intent::Copy(entry.run.target.url.clone())),
            None => Step::quiet(),
        },
    }
}

/// The run that was clicked on is shown.
pub fn clicked(state: &mut State, row: usize) -> Step<Effect> {
    if row < state.runs.len() { look::choose(state, row) } else { Step::quiet() }
}

/// So it was drawn.
pub fn seen(state: &mut State, seen: Seen) {
    state.seen = seen;
    state.top = state.top.min(seen.last);
}

/// Asks for the series of an old run, once.
fn series(state: &mut State) -> Step<Effect> {
    match state.runs.get_mut(state.chosen) {
        Some(entry) if !entry.asked && entry.sample.is_none() => {
            entry.asked = true;
            Step::effect(Effect::Series { id: entry.run.id.clone() })
        }
        _ => Step::redraw(),
    }
}

/// The pane is shown.
pub fn entered(state: &mut State) -> Step<Effect> {
    if state.listed { series(state) } else { Step::effect(Effect::List) }
}

/// One rung up: `None` when there is none.
pub fn back(state: &mut State) -> Option<Step<Effect>> {
    if state.frozen.take().is_some() || state.second.take().is_some() {
        return Some(Step::redraw());
    }
    // A run that was opened from a history or a calendar is left to there.
    let below = if matches!(state.view, View::Charts | View::Figures) { std::mem::take(&mut state.below) } else { View::List };
    (std::mem::replace(&mut state.view, below) != View::List).then(Step::redraw)
}

fn stop(state: &State) -> Step<Effect> {
    match state.shown().filter(|entry| entry.sample.is_some()) {
        Some(entry) => Step::effect(Effect::Stop { id: entry.run.id.clone() }),
        None if state.shown().is_some_and(elsewhere) => Step::intent(Intent::Notice(Notice::info(ELSEWHERE))),
        None => Step::intent(Intent::Notice(Notice::info("this run is over; nothing was stopped"))),
    }
}

/// It runs in a program that cannot be spoken to.
fn elsewhere(entry: &Entry) -> bool {
    entry.sample.is_none() && entry.run.state == RunState::Running
}

const ELSEWHERE: &str = "it runs in another program: stop it there";

/// Why a command is not possible now; none: it is.
pub fn refusal(state: &State, shared: &Shared, command: Command) -> Option<String> {
    let runs = state.shown().is_some_and(|entry| entry.sample.is_some());
    let one = matches!(state.view, View::Charts | View::Figures);
    let paired = matches!(state.view, View::Compare { .. });
    let charts = matches!(state.view, View::Charts | View::List) && state.shown().is_some_and(|entry| !entry.series.is_empty());
    let timed = charts || matches!(state.view, View::History | View::Calendar);
    let under = look::under(state);
    let why = match command {
        Command::Recover if state.left.is_empty() => "nothing was left changed",
        _ if state.runs.is_empty() && !matches!(command, Command::New | Command::Calendar | Command::Recover) => "there is no run",
        Command::Baseline if held::meant(state).is_none() => "it still runs",
        Command::New if shared.gate.readonly() => "this session is read-only",
        Command::Stop if state.shown().is_some_and(elsewhere) => ELSEWHERE,
        Command::Stop if !runs => "nothing runs here",
        Command::Freeze if !runs && state.frozen.is_none() => "nothing moves here",
        Command::Freeze if state.view != View::List && !one => "nothing moves here",
        Command::Down if state.view == View::History || paired => "there is no list here",
        Command::Down if state.view != View::Calendar && state.chosen + 1 >= state.runs.len() => "there is no run after it",
        Command::PageDown | Command::PageUp if !matches!(state.view, View::List | View::Figures) => "there is no page here",
        Command::PageDown if state.view == View::Figures && state.top >= state.seen.last => "all of it is seen",
        Command::PageUp if state.view == View::Figures && state.top == 0 => "this is its beginning",
        Command::Open if one || paired => "it is open",
        Command::Open if under.is_none() => "there is no run here",
        Command::Face if !one && !paired => "this is seen in one way only",
        Command::Metric if !paired && state.view != View::History => "nothing is compared here",
        Command::Left | Command::Right if !timed => "there is no time axis here",
        Command::Left if state.view == View::History && state.point == 0 => "there is no run before it",
        Command::Left if charts && state.second == Some(0) => "it begins here",
        Command::ZoomIn | Command::ZoomOut | Command::Span(_) if !charts => "there is no time axis here",
        Command::Note if !charts => "there is no time axis here",
        Command::ZoomIn if look::closest(state) => "there is no more to be seen",
        Command::ZoomOut if state.span.is_none() => "all of it is seen",
        Command::Mark if paired || look::marked(state).is_none() => "there is no run here",
        Command::Mark if look::marked(state).and_then(|at| state.runs.get(at)).is_some_and(|entry| entry.sample.is_some()) => "it still runs",
        Command::Compare if state.marks.len() < 2 => "mark two runs or more first: space",
        Command::Compare if paired => "they are compared",
        Command::History if state.view == View::History => "this is the history",
        Command::Calendar if state.view == View::Calendar => "this is the calendar",
        Command::Calendar if state.runs.is_empty() => "there is no run",
        _ => return None,
    };
    Some(why.to_owned())
}

/// Takes in what happened outside; on a slow line pictures change less often.
pub fn report(state: &mut State, report: Report, slow: bool) -> Step<Effect> {
    match report {
        Report::Listed { runs, problems } => listed(state, runs, problems),
        Report::Series { id, series } => {
            if let Some(entry) = entry(state, &id) {
                entry.series = series;
            }
            Step::redraw()
        }
        Report::Past { id, past } => look::past(state, &id, past),
        Report::Notes { id, notes } => note::noted(state, &id, &notes),
        Report::Compared { a, b, compared, changed } => paired(state, &a, &b, compared, changed),
        Report::Resolved { key, url } => form::resolved(state, &key, url),
        Report::Started { run } => started(state, *run),
        Report::Again { run, nth, of } => again_begun(state, *run, nth, of),
        Report::Baselines { all, changed } => held::baselines(state, all, changed),
        Report::Judged { of, metric, checks, tell } => held::judged(state, &of, metric, &checks, tell),
        Report::Left { entries, put_back, problem } => left::left(state, entries, put_back, problem),
        Report::Verdict { of, verdict } => held::told(state, &of, &verdict),
        Report::Found { run, reached } => found(state, *run, reached),
        Report::Scheduled { name, run } => scheduled(state, &name, *run),
        Report::Missed { name, times } => {
            let what = format!("the schedule {} was missed {times} times; nothing of that is made up for", sanitise(&name));
            Step::intent(Intent::Notice(Notice::info(what)))
        }
        Report::Inside { id, problem } => {
            state.inside.push(id);
            Step::intent(Intent::Notice(Notice::error(problem)))
        }
        Report::Refused { problem } => Step::intent(Intent::Notice(Notice::error(problem))),
        Report::NotBegun { problem } => begun::not(state, problem),
        Report::Lost { id, problem } => begun::lost(state, &id, problem),
        Report::Profiles { names } => {
            state.profiles = names;
            Step::quiet()
        }
        Report::Sample { id, sample } => sampled(state, &id, sample, if slow { REDRAW_SLOW } else { REDRAW }),
        Report::Finished { run, problems } => finished(state, *run, problems),
    }
}

fn entry<'s>(state: &'s mut State, id: &str) -> Option<&'s mut Entry> {
    state.runs.iter_mut().find(|entry| entry.run.id == id)
}

fn listed(state: &mut State, runs: Vec<Run>, problems: Vec<Problem>) -> Step<Effect> {
    (state.listed, state.unreadable) = (true, !problems.is_empty());
    for run in runs {
        if entry(state, &run.id).is_none() {
            state.runs.push(Entry::of(run));
        }
    }
    state.runs.sort_by_key(|entry| std::cmp::Reverse(entry.run.started));
    problems.into_iter().fold(series(state), |step, problem| step.then(Step::intent(Intent::Notice(Notice::error(problem)))))
}

fn started(state: &mut State, run: Run) -> Step<Effect> {
    (state.starting, state.draft) = (None, None);
    state.round = run.provenance.turn.map(|turn| (run.id.clone(), turn.nth, turn.of));
    state.runs.insert(0, Entry { asked: true, ..Entry::of(run) });
    (state.chosen, state.view, state.below) = (0, View::Charts, View::List);
    (state.frozen, state.span, state.second) = (None, None, None);
    Step::intent(Intent::Go(PaneId::Perf)).then(Step::intent(Intent::Guide(GuideStep::Loaded)))
}

/// A run of another start: what it has measured until now lies on disk. Where its process cannot be spoken to, no more is known before its end.
fn found(state: &mut State, run: Run, reached: bool) -> Step<Effect> {
    let id = run.id.clone();
    let known = entry(state, &id).is_some();
    let before = run.provenance.turn.and_then(|turn| {
        let same = |entry: &&Entry| {
            let (from, other) = (&run.provenance, &entry.run.provenance);
            other.turn.is_some_and(|one| (one.nth + 1, one.of) == (turn.nth, turn.of))
                && (&from.profile, &from.profile_hash) == (&other.profile, &other.profile_hash)
        };
        state.runs.iter().find(same).map(|entry| entry.run.id.clone())
    });
    let place = if reached { "is under way" } else { "runs in another program; here it shows at its end" };
    let told = format!("a load test of {} {place}", run.target.url);
    if let Some(turn) = run.provenance.turn {
        state.round = Some((id.clone(), turn.nth, turn.of));
    }
    let follows = before.is_some();
    if !known {
        next_begun(state, run, before.as_deref());
    }
    let step = Step::effect(Effect::Series { id });
    // Line 2 says which of how many it is.
    if follows { step } else { step.then(Step::intent(Intent::Notice(Notice::info(told)))) }
}

/// The next of several that were asked for here.
fn again_begun(state: &mut State, run: Run, nth: usize, of: usize) -> Step<Effect> {
    let before = state.round.take().map(|(id, ..)| id).or_else(|| state.runs.first().map(|entry| entry.run.id.clone()));
    state.round = Some((run.id.clone(), nth, of));
    next_begun(state, run, before.as_deref());
    Step::redraw()
}

/// Puts a new run into the list: who watches the one before it goes on to it, who looks at something else stays there.
fn next_begun(state: &mut State, run: Run, before: Option<&str>) {
    let watched = before.is_some() && state.runs.get(state.chosen).map(|entry| entry.run.id.as_str()) == before;
    let place = state.runs.partition_point(|entry| entry.run.started > run.started);
    state.runs.insert(place, Entry { asked: true, ..Entry::of(run) });
    if watched && state.frozen.is_none() && matches!(state.view, View::List | View::Charts) {
        (state.chosen, state.span, state.second) = (place, None, None);
    } else if place <= state.chosen && state.runs.len() > 1 {
        state.chosen += 1;
    }
}

/// It was due: the person looks at something else and stays there.
fn scheduled(state: &mut State, name: &str, run: Run) -> Step<Effect> {
    let told = format!("{}: a load test of {} has begun", sanitise(name), run.target.url);
    if let Some(turn) = run.provenance.turn {
        state.round = Some((run.id.clone(), turn.nth, turn.of));
    }
    let first = run.provenance.turn.is_none_or(|turn| turn.nth == 1);
    next_begun(state, run, None);
    // Line 2 says which of how many it is.
    if first { Step::intent(Intent::Notice(Notice::info(told))) } else { Step::redraw() }
}

fn sampled(state: &mut State, id: &str, sample: std::sync::Arc<Sample>, redraw: Duration) -> Step<Effect> {
    let Some(entry) = entry(state, id) else { return Step::quiet() };
    // The last second of a run may end a hair early.
    let seconds = (sample.elapsed + Duration::from_millis(50)).as_secs();
    if seconds > entry.series.seconds() {
        entry.series.push(Point::of(&sample, entry.last.as_deref()));
        entry.last = Some(sample.clone());
    }
    let before = entry.sample.as_ref().map_or(Duration::ZERO, |sample| sample.elapsed);
    let steps = |elapsed: Duration| elapsed.as_millis() / redraw.as_millis();
    let dirty = entry.sample.is_none() || steps(before) != steps(sample.elapsed);
    entry.sample = Some(sample);
    if dirty { Step::redraw() } else { Step::quiet() }
}

fn finished(state: &mut State, run: Run, problems: Vec<Problem>) -> Step<Effect> {
    let rate = count(run.requests_per_second.round() as u64);
    let how = run.cut_by().map_or_else(|| "ended".to_owned(), |cause| format!("was ended by {cause}"));
    let what = format!("load test of {} {how}: {rate} requests/s, {} failures", run.target.url, count(run.failed()));
    let told = match run.trouble() {
        Some(problem) => Notice::error(problem),
        None => Notice::info(what),
    };
    if let Some(entry) = entry(state, &run.id) {
        (entry.run, entry.sample, entry.last) = (run.clone(), None, None);
    }
    // What a profile's runs come to is told once, at its end.
    let turn = run.provenance.turn.is_some();
    let step = Step::intent(Intent::Notice(told)).then(held::judge(state, &run, !turn));
    let step = if run.state == RunState::Done && is_last(&run) { step.and(Effect::Verdict { of: Box::new(run) }) } else { step };
    problems.into_iter().fold(step, |step, problem| step.then(Step::intent(Intent::Notice(Notice::error(problem)))))
}

/// Takes in a comparison, unless other runs are compared meanwhile.
fn paired(state: &mut State, a: &[String], b: &[String], compared: Compared, changed: Vec<Difference>) -> Step<Effect> {
    if let Some(pairing) = state.pairing.as_mut().filter(|pairing| pairing.a == a && pairing.b == b) {
        (pairing.compared, pairing.changed) = (Some(compared), changed);
    }
    Step::redraw()
}
