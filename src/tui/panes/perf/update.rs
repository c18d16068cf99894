//! What commands, samples and answers do to the perf pane. Never waits, never reads a clock.

mod begun;
mod held;
mod left;
mod look;
mod note;

use std::time::Duration;

pub use self::left::put_back;

use super::commands::Command;
use super::state::series::Point;
use super::state::{Draft, Entry, Pending, Seen, State, View};
use super::work::{Effect, Report};
use crate::cluster::gate::Verdict;
use crate::load::pace;
use crate::load::plan::{Pace, Path, Plan};
use crate::load::sample::Sample;
use crate::load::target::Target;
use crate::names::{ClusterId, ObjectKey, Problem};
use crate::perf::Order;
use crate::perf::abort::Rule;
use crate::perf::service::{self, Service};
use crate::perf::verdict::is_last;
use crate::results::compare::Compared;
use crate::results::difference::Difference;
use crate::results::{Run, State as RunState};
use crate::text::quantity::count;
use crate::text::{age, sanitise};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, Confirmed, Field, Form, GuideStep, Intent, Notice, PaneId, Question, Step};

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
        Command::New => again(state),
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
        Report::Resolved { key, url } => resolved(state, &key, url),
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
    state.listed = true;
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

/// What stands for the rate until the person says otherwise.
const AUTO: &str = "auto";

/// A run outlives its screen, so it ends itself when its target does not answer any more.
const ENDS: &str = "errors>5%/10s";

/// One run, until the person says otherwise.
const ONCE: &str = "1";

/// Runs that can be asked for together.
const MOST: usize = 100;

/// Opens the form for a Service, whose address is looked up meanwhile.
pub fn load_test(state: &mut State, key: ObjectKey) -> Step<Effect> {
    let name = key.namespace.as_deref().map_or_else(|| key.name.to_string(), |space| format!("{space}/{}", key.name));
    let pending =
        Pending { what: Some(format!("service {name}")), cluster: Some(key.cluster.clone()), resolving: Some(key.clone()), ..Pending::default() };
    let about = format!("service {name} in {}", key.cluster);
    ask(state, pending, about, ["", "4", "10s", AUTO, ENDS, ONCE].map(str::to_owned)).and(Effect::Resolve { key })
}

fn ask(state: &mut State, pending: Pending, about: String, texts: impl IntoIterator<Item = String>) -> Step<Effect> {
    (state.pending, state.noting) = (pending, None);
    Step::intent(Intent::Ask(form(about, texts)))
}

/// Opens the form for an address.
pub fn load_url(state: &mut State, url: &str) -> Step<Effect> {
    ask(state, Pending::default(), String::new(), [url, "4", "10s", AUTO, ENDS, ONCE].map(str::to_owned))
}

/// Runs a profile that is kept. Services of it are those of the cluster that is looked at, where it names none.
pub fn profile(state: &mut State, shared: &Shared, name: String) -> Step<Effect> {
    state.starting = Some(format!("profile {}", sanitise(&name)));
    Step::intent(Intent::Go(PaneId::Perf)).and(Effect::Profile {
        name,
        cluster: shared.open.first().cloned(),
        aborts: rules(ENDS).unwrap_or_default(),
    })
}

fn form(about: String, texts: impl IntoIterator<Item = String>) -> Form {
    const FIELDS: [(&str, &str); 6] = [
        ("URL", "http://host:port/path"),
        ("connections", "1 to 10,000"),
        ("duration", "10s, 1m30s, 2h"),
        ("rate", "auto, 250, max, 10..500, 30s@100,1m@500, poisson:100, burst:50/1s"),
        ("ends itself", "errors>5%/10s, p99>500ms/10s, or nothing"),
        ("runs", "one by one; 5 for a verdict"),
    ];
    let fields: Vec<Field> = FIELDS.into_iter().zip(texts).map(|((label, hint), text)| Field { label, hint, text }).collect();
    let focus = fields.first().filter(|url| url.text.is_empty()).map(|_| 0);
    Form { title: "Load test".into(), about, fields, button: "Start".into(), focus }
}

fn resolved(state: &mut State, key: &ObjectKey, url: Result<String, Problem>) -> Step<Effect> {
    if state.pending.resolving.as_ref() != Some(key) {
        return Step::quiet();
    }
    state.pending.resolving = None;
    let mut filled = |url: String| {
        state.pending.url = Some(url.clone());
        Step::intent(Intent::Fill(0, url))
    };
    match url {
        Ok(url) => filled(url),
        // What has no address of its own goes through a port of a pod, as the run's path then says.
        Err(problem) if problem.code == "service.unreachable" => {
            filled(format!("service://{}/{}/", key.namespace.as_deref().unwrap_or_default(), key.name))
        }
        Err(problem) => {
            let fault = problem.hints.first().map_or_else(|| problem.what.clone(), |hint| format!("{}: {hint}", problem.what));
            Step::intent(Intent::Fault(fault))
        }
    }
}

fn again(state: &mut State) -> Step<Effect> {
    // What could not begin can be put right without typing it again.
    if let Some(Draft { pending, texts }) = state.draft.take_if(|_| state.starting.is_none()) {
        return ask(state, pending.clone(), run_title(&pending), texts);
    }
    let Some(run) = state.shown().map(|entry| &entry.run) else { return load_url(state, "") };
    let mean = run.plan.rate.map_or(Pace::Max, Pace::Rate);
    let rate = run.plan.pace.as_ref().and_then(pace::written).or_else(|| pace::written(&mean)).unwrap_or_default();
    let seconds = run.plan.duration_ns / 1_000_000_000;
    let url = named(run).unwrap_or_else(|| run.target.url.clone());
    let texts = [url.clone(), run.plan.connections.to_string(), format!("{seconds}s"), rate, ENDS.to_owned(), ONCE.to_owned()];
    let pending = Pending {
        what: run.target.what.clone(),
        cluster: run.target.cluster.clone().map(ClusterId::new),
        resolving: None,
        url: Some(url),
        via: Some(run.plan.path),
    };
    let title = run_title(&pending);
    ask(state, pending, title, texts)
}

/// The name of a Service that was not reached at an address of its own: the address of a run on it leads nowhere from here.
fn named(run: &Run) -> Option<String> {
    let service = run.target.what.as_deref()?.strip_prefix("service ").filter(|_| run.plan.path != Path::Direct)?;
    Target::parse(&run.target.url).ok().map(|target| format!("service://{service}{}", target.path()))
}

fn run_title(pending: &Pending) -> String {
    let place = pending.cluster.as_ref().map_or_else(String::new, |cluster| format!(" in {cluster}"));
    pending.what.as_ref().map_or_else(String::new, |what| format!("{what}{place}"))
}

/// The form was sent off.
///
/// # Errors
/// The field that is wrong, and why: the form stays open.
pub fn submitted(state: &mut State, shared: &Shared, texts: &[String]) -> Result<Step<Effect>, (Option<usize>, String)> {
    let text = |at: usize| texts.get(at).map(String::as_str).unwrap_or_default();
    if state.noting.is_some() {
        return note::written(state, text(0)).map_err(|why| (Some(0), why));
    }
    if state.pending.resolving.is_some() && text(0).is_empty() {
        return Err((None, "its address is not known yet".to_owned()));
    }
    let (plan, service) = plan(text)?;
    let aborts = rules(text(4)).map_err(|why| (Some(4), why))?;
    let times = times(text(5)).ok_or_else(|| (Some(5), format!("`{}` is no number of runs from 1 to {MOST}", text(5))))?;
    // An address the person typed over the Service's is somebody else's.
    let pending = std::mem::take(&mut state.pending);
    let known = if pending.url.as_deref() == Some(text(0)) { pending } else { Pending::default() };
    state.draft = Some(Draft { pending: known.clone(), texts: texts.to_vec() });
    // A Service that was typed is in the cluster that is looked at.
    let cluster = known.cluster.or_else(|| shared.open.first().filter(|_| service.is_some()).cloned());
    let services = service.into_iter().collect();
    let order = Order { what: known.what, cluster, aborts, services, via: known.via, ..Order::new(plan) };
    Ok(match shared.gate.check(&order.action()) {
        Verdict::Allowed => begun::begin(state, order, times),
        Verdict::Refused(problem) => begun::not(state, problem),
        Verdict::TypeName(name) => {
            let body = vec![format!("{} in {name}", order.plan.target.url()), "it may hurt whoever uses it now".to_owned()];
            state.waiting = Some((order, times));
            Step::intent(Intent::Confirm(Question { verb: "Load".into(), body, type_name: Some(name), then: Confirmed::StartRun }))
        }
    })
}

/// How often; once where nothing stands.
fn times(text: &str) -> Option<usize> {
    let times = if text.is_empty() { 1 } else { text.parse().ok()? };
    (1..=MOST).contains(&times).then_some(times)
}

/// Rules after commas; none where nothing stands.
fn rules(text: &str) -> Result<Vec<Rule>, String> {
    text.split(',').map(str::trim).filter(|rule| !rule.is_empty()).map(str::parse).collect()
}

/// The plan of a filled-in form, and the Service it names, where it names one; else the field that is wrong and why.
fn plan<'t>(text: impl Fn(usize) -> &'t str) -> Result<(Plan, Option<Service>), (Option<usize>, String)> {
    let wrong = |field: usize| move |why: String| (Some(field), why);
    let (endpoint, service) = service::endpoint(0, text(0), 1).map_err(|problem| wrong(0)(problem.clause()))?;
    let connections = text(1).parse().map_err(|_| wrong(1)(format!("`{}` is no number of connections", text(1))))?;
    let duration = age::parse(text(2)).map_err(wrong(2))?;
    let gentle = Plan::gentle(endpoint.target);
    let pace = match text(3) {
        AUTO | "" => gentle.pace,
        written => pace::parse(written).ok_or_else(|| wrong(3)(format!("`{written}` is no pace; write auto, {}", pace::WAYS)))?,
    };
    let plan = Plan { connections, duration, pace, ..gentle };
    plan.check().map(|()| (plan, service)).map_err(|problem| (None, problem.clause()))
}

/// The person typed the protected cluster's name.
pub fn confirmed(state: &mut State) -> Step<Effect> {
    match state.waiting.take() {
        Some((order, times)) => {
            let typed = order.cluster.as_ref().map(ToString::to_string);
            begun::begin(state, Order { typed, ..order }, times)
        }
        None => Step::quiet(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::flow::Level;

    fn texts(url: &str) -> Vec<String> {
        [url, "4", "10s", AUTO].map(str::to_owned).into()
    }

    fn started(url: &str) -> Plan {
        let step = submitted(&mut State::default(), &Shared::default(), &texts(url)).unwrap();
        let [Effect::Start { order, times: 1 }] = &step.effects[..] else { panic!("{step:?}") };
        order.plan.clone()
    }

    #[test]
    fn elsewhere_is_loaded_gently() {
        assert_eq!(started("http://127.0.0.1:8080/").pace, Pace::Max);
        assert_eq!(started("http://example.com/").pace, Pace::Rate(100.0));
    }

    #[test]
    fn a_service_without_an_address_is_loaded_by_its_name() {
        let gvk = std::sync::Arc::new(crate::names::Gvk::new("", "v1", "Service"));
        let key = ObjectKey { cluster: ClusterId::new("lab"), gvk, namespace: Some("shop".into()), name: "web".into(), uid: "".into() };
        let pending =
            Pending { what: Some("service shop/web".into()), cluster: Some(key.cluster.clone()), resolving: Some(key.clone()), ..Pending::default() };
        let mut state = State { pending, ..State::default() };
        let step = resolved(&mut state, &key, Err(Problem::new("service.unreachable", "no address", "")));
        assert!(matches!(&step.intents[..], [Intent::Fill(0, url)] if url == "service://shop/web/"), "{step:?}");
        let step = submitted(&mut state, &Shared::default(), &texts("service://shop/web/")).unwrap();
        let [Effect::Start { order, .. }] = &step.effects[..] else { panic!("{step:?}") };
        assert_eq!((order.services.len(), order.cluster.as_ref(), order.via), (1, Some(&key.cluster), None));
        // Again goes the way it went.
        let mut run = Run::begin("r".into(), crate::results::Subject::default(), &order.plan, jiff::Timestamp::UNIX_EPOCH);
        (run.target.url, run.target.what, run.plan.path) = ("http://web.shop.svc/a?b".into(), Some("service shop/web".into()), Path::PortForward);
        assert_eq!(named(&run).as_deref(), Some("service://shop/web/a?b"));
        run.plan.path = Path::Direct;
        assert_eq!(named(&run), None);
    }

    #[test]
    fn a_bad_form_says_which_field_and_why() {
        let (field, why) = submitted(&mut State::default(), &Shared::default(), &texts("ftp://example.com")).unwrap_err();
        assert!(field == Some(0) && why.contains("not spoken"), "{why}");
    }

    #[test]
    fn a_rule_that_ends_a_run_is_taken_from_the_form_and_a_wrong_one_is_told_there() {
        let with = |rules: &str| {
            let mut texts = texts("127.0.0.1:1");
            texts.push(rules.to_owned());
            submitted(&mut State::default(), &Shared::default(), &texts)
        };
        let step = with("errors>5%/10s, p99>1s/30s").unwrap();
        assert!(matches!(&step.effects[..], [Effect::Start { order, .. }] if order.aborts.len() == 2), "{step:?}");
        assert_eq!(with("errors>5%").unwrap_err().0, Some(4));
    }

    #[test]
    fn a_read_only_session_loads_nothing() {
        let shared = Shared { gate: crate::cluster::gate::Gate::new(true, vec![], None), ..Shared::default() };
        let step = submitted(&mut State::default(), &shared, &texts("127.0.0.1:1")).unwrap();
        assert!(step.effects.is_empty());
        assert!(matches!(&step.intents[..], [Intent::Notice(Notice { level: Level::Error, .. })]));
    }

    #[test]
    fn a_protected_cluster_asks_for_its_name_first() {
        let pending = Pending { cluster: Some(ClusterId::new("prod")), url: Some("http://127.0.0.1:1/".into()), ..Pending::default() };
        let mut state = State { pending, ..State::default() };
        let shared = Shared { gate: crate::cluster::gate::Gate::new(false, vec!["prod".into()], None), ..Shared::default() };
        let step = submitted(&mut state, &shared, &texts("http://127.0.0.1:1/")).unwrap();
        assert!(step.effects.is_empty());
        assert!(matches!(&step.intents[..], [Intent::Confirm(Question { type_name: Some(name), .. })] if name == "prod"));
        let step = confirmed(&mut state);
        assert!(matches!(&step.effects[..], [Effect::Start { order, .. }] if order.typed.as_deref() == Some("prod")));
    }
}
