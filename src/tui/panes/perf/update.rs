//! What commands, samples and answers do to the perf pane. Never waits, never reads a clock.

use std::time::Duration;

use super::commands::Command;
use super::state::{Entry, FIELDS, Form, PLACES, Point, State};
use super::work::{Effect, Report};
use crate::cluster::gate::Verdict;
use crate::load::engine::Sample;
use crate::load::plan::{Pace, Plan, Target};
use crate::names::{ClusterId, ObjectKey, Problem};
use crate::perf::Order;
use crate::results::Run;
use crate::text::age;
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Confirmed, GuideStep, Intent, Level, Notice, PaneId, Question, Step};
use crate::tui::keys::readline::{Outcome, Readline};
use crate::tui::term::key::{Code, Key};

/// How often a live picture changes.
const REDRAW: Duration = Duration::from_millis(500);

/// Does what the person asked.
pub fn command(state: &mut State, command: Command) -> Step<Effect> {
    let last = state.runs.len().saturating_sub(1);
    match command {
        Command::Down => choose(state, (state.chosen + 1).min(last)),
        Command::Up => choose(state, state.chosen.saturating_sub(1)),
        Command::Top => choose(state, 0),
        Command::Bottom => choose(state, last),
        Command::Freeze => {
            state.frozen = if state.frozen.is_some() { None } else { state.shown().cloned() };
            Step::redraw()
        }
        Command::New => again(state),
        Command::Stop => stop(state),
        Command::Copy => match state.shown() {
            Some(entry) => Step::intent(Intent::Copy(entry.run.target.url.clone())),
            None => Step::quiet(),
        },
    }
}

fn choose(state: &mut State, place: usize) -> Step<Effect> {
    state.chosen = place;
    state.frozen = None;
    series(state)
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
    state.frozen.take().map(|_| Step::redraw())
}

fn stop(state: &State) -> Step<Effect> {
    match state.shown().filter(|entry| entry.sample.is_some()) {
        Some(entry) => Step::effect(Effect::Stop { id: entry.run.id.clone() }),
        None => Step::intent(Intent::Notice(Notice::info("this run is over; nothing was stopped"))),
    }
}

/// Takes in what happened outside.
pub fn report(state: &mut State, report: Report) -> Step<Effect> {
    match report {
        Report::Listed { runs, problems } => listed(state, runs, problems),
        Report::Series { id, points } => {
            if let Some(entry) = entry(state, &id) {
                entry.series = points;
            }
            Step::redraw()
        }
        Report::Resolved { key, url } => resolved(state, &key, url),
        Report::Started { run } => started(state, *run),
        Report::Refused { problem } => Step::intent(Intent::Notice(Notice::error(problem))),
        Report::Sample { id, sample } => sampled(state, &id, sample),
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
            state.runs.push(Entry { run, sample: None, series: Vec::new(), asked: false });
        }
    }
    state.runs.sort_by_key(|entry| std::cmp::Reverse(entry.run.started));
    problems.into_iter().fold(series(state), |step, problem| step.then(Step::intent(Intent::Notice(Notice::error(problem)))))
}

fn started(state: &mut State, run: Run) -> Step<Effect> {
    state.runs.insert(0, Entry { run, sample: None, series: Vec::new(), asked: true });
    state.chosen = 0;
    state.frozen = None;
    Step::intent(Intent::Go(PaneId::Perf)).then(Step::intent(Intent::Guide(GuideStep::Loaded)))
}

fn sampled(state: &mut State, id: &str, sample: std::sync::Arc<Sample>) -> Step<Effect> {
    let Some(entry) = entry(state, id) else { return Step::quiet() };
    // The last second of a run may end a hair early.
    let seconds = (sample.elapsed + Duration::from_millis(50)).as_secs();
    if seconds > entry.series.len() as u64 {
        entry.series.push(Point::of(&sample));
    }
    let before = entry.sample.as_ref().map_or(Duration::ZERO, |sample| sample.elapsed);
    let steps = |elapsed: Duration| elapsed.as_millis() / REDRAW.as_millis();
    let dirty = entry.sample.is_none() || steps(before) != steps(sample.elapsed);
    entry.sample = Some(sample);
    if dirty { Step::redraw() } else { Step::quiet() }
}

fn finished(state: &mut State, run: Run, problems: Vec<Problem>) -> Step<Effect> {
    let rate = super::view::grouped(run.requests_per_second.round() as u64);
    let what = format!("load test of {} ended: {rate} requests/s, {} failures", run.target.url, run.failed());
    let told = match run.trouble() {
        Some(problem) => Notice::error(problem),
        None => Notice::info(what),
    };
    if let Some(entry) = entry(state, &run.id) {
        entry.run = run;
        entry.sample = None;
    }
    let step = Step::intent(Intent::Notice(told));
    problems.into_iter().fold(step, |step, problem| step.then(Step::intent(Intent::Notice(Notice::error(problem)))))
}

/// Opens the form for a Service, whose address is looked up meanwhile.
pub fn load_test(state: &mut State, key: ObjectKey) -> Step<Effect> {
    let mut form = blank("");
    form.what = Some(format!("service {}", key.namespace.as_deref().map_or_else(|| key.name.to_string(), |space| format!("{space}/{}", key.name))));
    form.cluster = Some(key.cluster.clone());
    form.resolving = Some(key.clone());
    state.form = Some(form);
    Step::effect(Effect::Resolve { key })
}

/// Opens the form for an address.
pub fn load_url(state: &mut State, url: &str) -> Step<Effect> {
    state.form = Some(blank(url));
    Step::redraw()
}

fn blank(url: &str) -> Form {
    let texts = [url, "4", "10s", ""];
    let mut form = Form { fields: texts.map(Readline::with_text), focus: if url.is_empty() { 0 } else { PLACES - 1 }, ..Form::default() };
    pace(&mut form);
    form
}

/// As fast as possible on this machine itself, gently elsewhere, unless the person said otherwise.
fn pace(form: &mut Form) {
    if form.paced {
        return;
    }
    let gentle = match Target::parse(form.fields[0].text()).map(Plan::gentle) {
        Ok(Plan { pace: Pace::Rate(rate), .. }) => rate.to_string(),
        Ok(_) => "max".to_owned(),
        Err(_) => "100".to_owned(),
    };
    form.fields[3] = Readline::with_text(&gentle);
}

fn resolved(state: &mut State, key: &ObjectKey, url: Result<String, Problem>) -> Step<Effect> {
    let Some(form) = state.form.as_mut().filter(|form| form.resolving.as_ref() == Some(key)) else { return Step::quiet() };
    form.resolving = None;
    match url {
        Ok(url) => {
            form.fields[0] = Readline::with_text(&url);
            form.focus = PLACES - 1;
            pace(form);
        }
        Err(problem) => form.fault = problem.hints.first().map_or_else(|| problem.what.clone(), |hint| format!("{}: {hint}", problem.what)),
    }
    Step::redraw()
}

fn again(state: &mut State) -> Step<Effect> {
    let Some(run) = state.shown().map(|entry| &entry.run) else { return load_url(state, "") };
    let rate = run.plan.rate.map_or_else(|| "max".to_owned(), |rate| rate.to_string());
    let seconds = run.plan.duration_ns / 1_000_000_000;
    let texts = [run.target.url.clone(), run.plan.connections.to_string(), format!("{seconds}s"), rate];
    let form = Form {
        what: run.target.what.clone(),
        cluster: run.target.cluster.clone().map(ClusterId::new),
        fields: texts.map(|text| Readline::with_text(&text)),
        focus: PLACES - 1,
        paced: true,
        ..Form::default()
    };
    state.form = Some(form);
    Step::redraw()
}

/// A key while the form is open; it swallows all of them.
pub fn form_key(state: &mut State, shared: &Shared, key: Key) -> Step<Effect> {
    let Some(form) = &mut state.form else { return Step::quiet() };
    let fields = FIELDS.len();
    match key.code {
        Code::Esc => state.form = None,
        Code::Char('c') if key.ctrl => state.form = None,
        Code::Tab | Code::Down => form.focus = (form.focus + 1) % PLACES,
        Code::BackTab | Code::Up => form.focus = (form.focus + PLACES - 1) % PLACES,
        Code::Right if form.focus >= fields => form.focus = PLACES - 1,
        Code::Left if form.focus >= fields => form.focus = fields,
        Code::Enter if form.focus == fields => state.form = None,
        Code::Enter => return submit(state, shared),
        _ => typed(form, key),
    }
    Step::redraw()
}

fn typed(form: &mut Form, key: Key) {
    let focus = form.focus;
    let Some(field) = form.fields.get_mut(focus) else { return };
    if field.key(key) == Outcome::Changed {
        form.fault.clear();
        match focus {
            // Another address than the Service's: what is known of that does not hold any more.
            0 => {
                form.resolving = None;
                pace(form);
            }
            3 => form.paced = true,
            _ => {}
        }
    }
}

/// A paste while the form is open.
pub fn form_paste(state: &mut State, text: &str) -> Step<Effect> {
    if let Some(form) = &mut state.form
        && let Some(field) = form.fields.get_mut(form.focus)
    {
        field.insert(text);
        form.fault.clear();
    }
    Step::redraw()
}

fn submit(state: &mut State, shared: &Shared) -> Step<Effect> {
    let Some(form) = &mut state.form else { return Step::quiet() };
    if form.resolving.is_some() {
        "its address is not known yet".clone_into(&mut form.fault);
        return Step::redraw();
    }
    let plan = match plan(form) {
        Ok(plan) => plan,
        Err((place, fault)) => {
            form.focus = place;
            form.fault = fault;
            return Step::redraw();
        }
    };
    let order = Order { what: form.what.clone(), cluster: form.cluster.clone(), ..Order::new(plan) };
    state.form = None;
    match shared.gate.check(&order.action()) {
        Verdict::Allowed => Step::effect(Effect::Start { order: Box::new(order) }),
        Verdict::Refused(problem) => Step::intent(Intent::Notice(Notice { level: Level::Error, problem })),
        Verdict::TypeName(name) => {
            let body = vec![format!("{} in {name}", order.plan.target.url()), "it may hurt whoever uses it now".to_owned()];
            state.waiting = Some(order);
            Step::intent(Intent::Confirm(Question { verb: "Load".into(), body, type_name: Some(name), then: Confirmed::StartRun }))
        }
    }
}

/// The plan of a filled-in form; else the field that is wrong and why.
fn plan(form: &Form) -> Result<Plan, (usize, String)> {
    let text = |at: usize| form.fields[at].text().trim();
    let target = Target::parse(text(0)).map_err(|problem| (0, problem.why))?;
    let connections = text(1).parse().map_err(|_| (1, format!("`{}` is no number of connections", text(1))))?;
    let duration = age::parse(text(2)).map_err(|why| (2, why))?;
    let pace = match text(3) {
        "max" | "" => Pace::Max,
        rate => Pace::Rate(rate.parse().map_err(|_| (3, format!("`{rate}` is neither a rate nor max")))?),
    };
    let plan = Plan { connections, duration, pace, ..Plan::gentle(target) };
    plan.check().map(|()| plan).map_err(|problem| (1, problem.why))
}

/// The person typed the protected cluster's name.
pub fn confirmed(state: &mut State) -> Step<Effect> {
    match state.waiting.take() {
        Some(order) => {
            let typed = order.cluster.as_ref().map(ToString::to_string);
            Step::effect(Effect::Start { order: Box::new(Order { typed, ..order }) })
        }
        None => Step::quiet(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    #[test]
    fn enter_in_a_good_form_starts_and_in_a_bad_one_says_why() {
        let (mut state, shared) = (State::default(), Shared::default());
        _ = load_url(&mut state, "http://127.0.0.1:8080/");
        let step = form_key(&mut state, &shared, key(Code::Enter));
        let [Effect::Start { order }] = &step.effects[..] else { panic!("{step:?}") };
        assert_eq!((order.plan.connections, order.plan.pace), (4, Pace::Max));
        _ = load_url(&mut state, "https://example.com");
        let step = form_key(&mut state, &shared, key(Code::Enter));
        assert!(step.effects.is_empty());
        let form = state.form.as_ref().unwrap();
        assert_eq!((form.focus, form.fault.as_str()), (0, "TLS is not spoken yet"));
    }

    #[test]
    fn elsewhere_is_loaded_gently() {
        assert_eq!(blank("http://example.com/").fields[3].text(), "100");
        assert_eq!(blank("http://localhost/").fields[3].text(), "max");
    }

    #[test]
    fn a_read_only_session_loads_nothing() {
        let mut state = State::default();
        let shared = Shared { gate: crate::cluster::gate::Gate::new(true, vec![], None), ..Shared::default() };
        _ = load_url(&mut state, "127.0.0.1:1");
        let step = form_key(&mut state, &shared, key(Code::Enter));
        assert!(step.effects.is_empty());
        assert!(matches!(&step.intents[..], [Intent::Notice(Notice { level: Level::Error, .. })]));
    }
}
