//! The form of a load test: opened empty, for a Service, for an address or for the run shown once more; looked up meanwhile; read when it is sent off.

use std::sync::Arc;

use super::super::state::{Draft, Pending, State};
use super::super::work::Effect;
use super::begun;
use crate::cluster::gate::Verdict;
use crate::load::pace;
use crate::load::plan::{Pace, Path, Plan};
use crate::load::target::Target;
use crate::names::{ClusterId, Gvk, ObjectKey, Problem};
use crate::perf::Order;
use crate::perf::abort::Rule;
use crate::perf::service::{self, Service};
use crate::results::Run;
use crate::text::{age, sanitise};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{Confirmed, Field, Form, Intent, PaneId, Question, Step};

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

pub(super) fn resolved(state: &mut State, key: &ObjectKey, url: Result<String, Problem>) -> Step<Effect> {
    if state.pending.resolving.as_ref() != Some(key) {
        return Step::quiet();
    }
    state.pending.resolving = None;
    let path = state.pending.path.take();
    let mut filled = |url: String| {
        state.pending.url = Some(url.clone());
        Step::intent(Intent::Fill(0, url))
    };
    match url {
        Ok(url) => filled(format!("{}{}", url.trim_end_matches('/'), path.as_deref().unwrap_or("/"))),
        // What has no address of its own goes through a port of a pod, as the run's path then says.
        Err(problem) if problem.code == "service.unreachable" => {
            filled(format!("service://{}/{}{}", key.namespace.as_deref().unwrap_or_default(), key.name, path.as_deref().unwrap_or("/")))
        }
        Err(problem) => {
            let fault = problem.hints.first().map_or_else(|| problem.what.clone(), |hint| format!("{}: {hint}", problem.what));
            Step::intent(Intent::Fault(fault))
        }
    }
}

pub(super) fn again(state: &mut State, shared: &Shared) -> Step<Effect> {
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
        resolving: moved(run, shared),
        path: Target::parse(&run.target.url).ok().map(|target| target.path().to_owned()),
        url: Some(url),
        via: Some(run.plan.path),
    };
    let (title, key) = (run_title(&pending), pending.resolving.clone());
    let step = ask(state, pending, title, texts);
    match key {
        Some(key) => step.and(Effect::Resolve { key }),
        None => step,
    }
}

/// The Service of a run on the sandbox: at every start it has another address.
fn moved(run: &Run, shared: &Shared) -> Option<ObjectKey> {
    let (namespace, name) = run.target.what.as_deref()?.strip_prefix("service ").filter(|_| run.plan.path == Path::Direct)?.split_once('/')?;
    let cluster = shared.sandbox.clone().filter(|id| Some(id.as_str()) == run.target.cluster.as_deref())?;
    let gvk = Arc::new(Gvk::new("", "v1", "Service"));
    Some(ObjectKey { cluster, gvk, namespace: Some(namespace.into()), name: name.into(), uid: "".into() })
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
        return super::note::written(state, text(0)).map_err(|why| (Some(0), why));
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
    use crate::tui::flow::{Level, Notice};

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
        let gvk = Arc::new(Gvk::new("", "v1", "Service"));
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
