//! What commands, rows and answers do to the inventory. Never waits, never reads a clock.

use std::time::Duration;

use super::commands::{Command, Move, Order, Sideways};
use super::state::{Body, Detail, Seat, State, Tab, View};
use super::work::{Effect, Report};
use crate::cluster::filter::Filter;
use crate::cluster::gate::{Action, Verdict};
use crate::cluster::rows::{Delta, Phase, Row, RowState, Uid};
use crate::cluster::table::{Sort, SortBy, Table};
use crate::cluster::watch::WatchSpec;
use crate::names::{ClusterId, Gvk, ObjectKey, Problem};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, Confirmed, GuideStep, Intent, Level, Notice, Question, Step};

/// How long the cursor rests before an object is fetched.
const REST: Duration = Duration::from_millis(150);
/// How often a changing object is fetched again at most.
const AGAIN: Duration = Duration::from_secs(1);
/// Views that can be gone back to.
const PAST: usize = 50;
/// Objects that a question names.
const NAMED: usize = 8;

/// Does what the person asked.
pub fn command(state: &mut State, shared: &Shared, at: At, command: Command) -> Step<Effect> {
    match command {
        Command::Move(step) => moved(state, at, step),
        Command::Drill => open(state, at, Tab::Summary, false),
        Command::Describe => described(state, at),
        Command::Yaml => open(state, at, Tab::Yaml, true),
        Command::Events => open(state, at, Tab::Events, true),
        Command::LoadTest => load_test(state, shared),
        Command::CopyName => copy(state, |row| row.name.to_string()),
        Command::CopyNamespace => copy(state, |row| row.namespace.as_deref().unwrap_or_default().to_owned()),
        Command::Mark => mark(state),
        Command::Delete => delete(state, shared),
        Command::Wide => redraw(state, |state| state.wide = !state.wide),
        Command::Column(side) => column(state, shared, side),
        Command::SortHere => sort_here(state, shared),
        Command::Sort(order) => sort(state, order),
        Command::Namespace(digit) => namespace_digit(state, shared, digit),
        Command::Trouble => {
            state.trouble = !state.trouble;
            filtered(state)
        }
        Command::Reload => watch_again(state, shared),
        Command::Scroll(step) => scroll(state, step),
        Command::Wrap => redraw(state, |state| {
            if let Some(detail) = &mut state.detail {
                detail.wrap = !detail.wrap;
            }
        }),
        Command::NextMatch => next_match(state, true),
        Command::PreviousMatch => next_match(state, false),
    }
}

fn redraw(state: &mut State, change: impl FnOnce(&mut State)) -> Step<Effect> {
    change(state);
    Step::redraw()
}

/// Takes in what happened outside.
pub fn report(state: &mut State, at: At, report: Report) -> Step<Effect> {
    match report {
        Report::Rows { generation, cluster, delta } if generation == state.generation => rows(state, at, &cluster, delta),
        Report::Rows { .. } => Step::quiet(),
        Report::Inspected { job, body } => inspected(state, job, body),
        Report::Kinds { words, scoped } => {
            state.kinds.extend(words);
            state.scoped.extend(scoped);
            // A view that was asked for by another name before the names were known.
            if let Some(plural) = state.kinds.get(&state.view.kind) {
                state.view.kind.clone_from(plural);
            }
            Step::redraw()
        }
        Report::Deleted { key, problem } => {
            state.deleting = state.deleting.saturating_sub(1);
            let notice = problem.map_or_else(|| Notice::info(format!("deleted {key}")), Notice::error);
            Step::intent(Intent::Notice(notice))
        }
    }
}

/// What is due at this moment.
pub fn tick(state: &mut State, at: At) -> Step<Effect> {
    let due = state.detail.as_ref().is_some_and(|detail| detail.due.is_some_and(|due| due <= at.mono) && detail.job.is_none());
    if due { inspect(state) } else { Step::quiet() }
}

/// When [`tick`] has something to do next.
pub fn next_wake(state: &State) -> Option<Duration> {
    state.detail.as_ref().filter(|detail| detail.job.is_none())?.due
}

/// Looks at something else in the clusters that are open.
pub fn go(state: &mut State, shared: &Shared, view: View, remember: bool) -> Step<Effect> {
    if remember && view != state.view {
        state.past.push(state.view.clone());
        state.ahead.clear();
        if state.past.len() > PAST {
            state.past.remove(0);
        }
    }
    let same_kind = view.kind == state.view.kind;
    state.known_namespaces = state.namespaces();
    let sort = if same_kind { state.table.sort() } else { first_order(&view.kind) };
    state.view = view;
    state.generation += 1;
    state.outdated.clear();
    state.table = Table::new();
    state.table.set_sort(sort);
    state.marks.clear();
    (state.position, state.top, state.cursor) = (0, 0, None);
    if !same_kind {
        state.column = 0;
        state.seen.widths.clear();
        state.filter.clear();
        state.trouble = false;
        state.detail = None;
        state.in_detail = false;
    }
    _ = filtered(state);
    Step::effect(Effect::Watch { generation: state.generation, specs: specs(state, shared) })
}

/// Asks anew; what is shown stays until the first new rows come.
fn watch_again(state: &mut State, shared: &Shared) -> Step<Effect> {
    let closed: Vec<ClusterId> = state.table.phases().iter().map(|(id, _)| id).filter(|id| !shared.open.contains(id)).cloned().collect();
    closed.iter().for_each(|id| state.table.drop_source(id));
    seat(state, None);
    state.outdated = shared.open.iter().cloned().collect();
    state.generation += 1;
    Step::effect(Effect::Watch { generation: state.generation, specs: specs(state, shared) })
}

/// Events are read newest first; everything else by name.
fn first_order(kind: &str) -> Sort {
    if matches!(kind, "events" | "event" | "ev") { Sort { by: SortBy::Age, descending: false } } else { Sort::default() }
}

fn specs(state: &State, shared: &Shared) -> Vec<WatchSpec> {
    let spec = |cluster: &ClusterId| WatchSpec {
        cluster: cluster.clone(),
        view: state.view.kind.clone(),
        namespace: state.view.namespace.clone(),
        labels: state.view.labels.clone(),
    };
    shared.open.iter().map(spec).collect()
}

/// The view before, or the one after it again.
pub fn travel(state: &mut State, shared: &Shared, back: bool) -> Step<Effect> {
    let (from, to) = if back { (&mut state.past, &mut state.ahead) } else { (&mut state.ahead, &mut state.past) };
    match from.pop() {
        Some(view) => {
            to.push(state.view.clone());
            go(state, shared, view, false)
        }
        None => Step::quiet(),
    }
}

/// Other clusters are open now, and something else may be looked at.
pub fn clusters(state: &mut State, shared: &Shared, view: Option<View>) -> Step<Effect> {
    let mut step = match view {
        Some(view) => go(state, shared, view, true),
        None => watch_again(state, shared),
    };
    for cluster in &shared.open {
        step = step.and(Effect::Kinds { cluster: cluster.clone() });
    }
    step
}

/// One rung up: `None` when the inventory itself is the last one.
pub fn back(state: &mut State) -> Option<Step<Effect>> {
    if let Some(detail) = state.detail.as_mut().filter(|detail| !detail.find.is_empty() && state.in_detail) {
        detail.find.clear();
    } else if state.detail.take().is_some() {
        state.in_detail = false;
    } else if !state.filter.is_empty() || state.trouble {
        state.filter.clear();
        state.trouble = false;
        _ = filtered(state);
    } else {
        return None;
    }
    Some(Step::redraw())
}

/// [`back`] would close or clear something.
pub fn can_go_back(state: &State) -> bool {
    state.detail.is_some() || !state.filter.is_empty() || state.trouble
}

/// What is typed after `/`: filters the table, or searches the detail that has the focus.
pub fn filter(state: &mut State, text: &str) -> Result<Step<Effect>, String> {
    if let Some(detail) = state.detail.as_mut().filter(|_| state.in_detail) {
        text.clone_into(&mut detail.find);
        return Ok(Step::redraw());
    }
    Filter::parse(text)?;
    text.clone_into(&mut state.filter);
    Ok(filtered(state))
}

fn filtered(state: &mut State) -> Step<Effect> {
    let text = if state.trouble { format!("{} is:trouble", state.filter) } else { state.filter.clone() };
    // Parsed before it was taken over, and `is:` is always right.
    state.table.set_filter(Filter::parse(&text).unwrap_or_default());
    seat(state, None);
    Step::redraw()
}

/// The next region: table, detail beside it, and back.
pub fn next_region(state: &mut State, at: At) -> Step<Effect> {
    match &state.detail {
        None => open(state, at, Tab::Summary, false),
        Some(_) => redraw(state, |state| state.in_detail = !state.in_detail || state.detail.as_ref().is_some_and(|detail| detail.full)),
    }
}

/// The detail takes the whole body, or shares it.
pub fn zoom(state: &mut State, at: At) -> Step<Effect> {
    match &mut state.detail {
        None => open(state, at, Tab::Summary, true),
        Some(detail) => {
            detail.full = !detail.full;
            state.in_detail = detail.full;
            Step::redraw()
        }
    }
}

fn moved(state: &mut State, at: At, step: Move) -> Step<Effect> {
    let last = state.table.visible().saturating_sub(1);
    state.position = target(state.position, step, state.seen.page, last);
    state.cursor = state.table.row(state.position).map(seat_of);
    follow(state, at)
}

fn target(from: usize, step: Move, page: usize, last: usize) -> usize {
    let page = page.saturating_sub(1).max(1);
    match step {
        Move::Down => (from + 1).min(last),
        Move::Up => from.saturating_sub(1),
        Move::PageDown => (from + page).min(last),
        Move::PageUp => from.saturating_sub(page),
        Move::Top => 0,
        Move::Bottom => last,
    }
}

fn seat_of(row: &Row) -> Seat {
    (row.cluster.clone(), row.uid)
}

/// An open detail goes with the cursor, once it rests.
fn follow(state: &mut State, at: At) -> Step<Effect> {
    let key = state.row().map(Row::key);
    if let (Some(detail), Some(key)) = (&mut state.detail, key)
        && detail.key != key
    {
        detail.key = key;
        detail.body = Body::Waiting;
        detail.top = 0;
        detail.job = None;
        detail.due = Some(at.mono + REST);
    }
    Step::redraw()
}

/// `d`: full screen, or the tab of an open detail. Describing what fails is a step of the guide.
fn described(state: &mut State, at: At) -> Step<Effect> {
    let failing = state.row().is_some_and(|row| row.state == RowState::Bad);
    let step = open(state, at, Tab::Summary, true);
    if failing { step.then(Step::intent(Intent::Guide(GuideStep::Described))) } else { step }
}

fn open(state: &mut State, at: At, tab: Tab, full: bool) -> Step<Effect> {
    if let Some(detail) = &mut state.detail {
        if detail.tab != tab {
            detail.tab = tab;
            detail.top = 0;
            detail.body = Body::Waiting;
        }
        return inspect(state);
    }
    let Some(key) = state.row().map(Row::key) else { return Step::quiet() };
    let empty = Detail { key, tab, full, wrap: tab != Tab::Yaml, top: 0, find: String::new(), body: Body::Waiting, due: Some(at.mono), job: None };
    state.detail = Some(empty);
    state.in_detail = full;
    inspect(state)
}

fn inspect(state: &mut State) -> Step<Effect> {
    let Some(detail) = &mut state.detail else { return Step::quiet() };
    state.jobs += 1;
    detail.job = Some(state.jobs);
    detail.due = None;
    Step::effect(Effect::Inspect { job: state.jobs, key: detail.key.clone(), tab: detail.tab })
}

fn inspected(state: &mut State, job: u64, body: Body) -> Step<Effect> {
    let Some(detail) = state.detail.as_mut().filter(|detail| detail.job == Some(job)) else { return Step::quiet() };
    detail.job = None;
    let changed = detail.body != body;
    detail.body = body;
    if changed { Step::redraw() } else { Step::quiet() }
}

fn rows(state: &mut State, at: At, cluster: &ClusterId, mut delta: Delta) -> Step<Effect> {
    // An answer without rows says only how far the watch is, unless it is the whole answer.
    let settles = !delta.upserts.is_empty() || delta.phase == Some(Phase::Synced);
    delta.reset |= settles && state.outdated.remove(cluster);
    let touched = state.detail.as_ref().filter(|detail| detail.key.cluster == *cluster).map(|detail| Uid::parse(&detail.key.uid));
    let failed = state.detail.as_ref().is_some_and(|detail| matches!(detail.body, Body::Failed(_)));
    // It changed, it is gone, or what could not be read may be read again.
    let changed = touched.is_some_and(|uid| {
        delta.upserts.iter().any(|row| row.uid == uid) || delta.removed.contains(&uid) || failed && delta.phase == Some(Phase::Synced)
    });
    for uid in &delta.removed {
        state.marks.remove(&(cluster.clone(), *uid));
    }
    if let Some(detail) = state.detail.as_mut().filter(|detail| changed && detail.due.is_none()) {
        detail.due = Some(at.mono + AGAIN);
    }
    let before = state.position;
    state.table.apply(cluster, delta);
    seat(state, Some(before));
    Step::redraw()
}

/// Puts the cursor back on its object; its line on the screen stays where it was.
fn seat(state: &mut State, before: Option<usize>) {
    let found = state.cursor.as_ref().and_then(|(cluster, uid)| state.table.position(cluster, *uid));
    let line = state.position.saturating_sub(state.top);
    match found {
        Some(position) => state.position = position,
        // It was taken away, not filtered out: the cursor never slides onto another object beside the old one's detail.
        None if before.is_some() && state.detail.is_some() && state.cursor.is_some() => return,
        None => {
            state.position = state.position.min(state.table.visible().saturating_sub(1));
            state.cursor = state.cursor.take().and_then(|_| state.row().map(seat_of));
        }
    }
    if before.is_some_and(|before| before != state.position) && state.top > 0 {
        state.top = state.position.saturating_sub(line);
    }
}

fn mark(state: &mut State) -> Step<Effect> {
    let Some(seat) = state.row().map(seat_of) else { return Step::quiet() };
    if !state.marks.remove(&seat) {
        state.marks.insert(seat);
    }
    let last = state.table.visible().saturating_sub(1);
    state.position = (state.position + 1).min(last);
    state.cursor = state.table.row(state.position).map(seat_of);
    Step::redraw()
}

fn copy(state: &State, what: impl Fn(&Row) -> String) -> Step<Effect> {
    match state.row().map(what).filter(|text| !text.is_empty()) {
        Some(text) => Step::intent(Intent::Copy(text)),
        None => say("there is nothing to copy here"),
    }
}

fn say(what: &str) -> Step<Effect> {
    Step::intent(Intent::Notice(Notice::info(what)))
}

/// A Service is resolved by the perf pane; a workload is meant by the Service of its name.
fn load_test(state: &State, shared: &Shared) -> Step<Effect> {
    let Some(row) = state.row() else { return Step::quiet() };
    let load = Action { verb: "load", cluster: Some(row.cluster.clone()), target: row.key().to_string() };
    if let Verdict::Refused(problem) = shared.gate.check(&load) {
        return Step::intent(Intent::Notice(Notice::error(problem)));
    }
    match row.gvk.kind.as_ref() {
        "Service" => Step::intent(Intent::LoadTest(row.key())),
        "Deployment" | "StatefulSet" | "DaemonSet" | "Pod" => {
            let name = if &*row.gvk.kind == "Pod" { service_of(row) } else { row.name.to_string() };
            Step::intent(Intent::LoadTest(ObjectKey { gvk: Gvk::new("", "v1", "Service").into(), name: name.into(), uid: "".into(), ..row.key() }))
        }
        kind => say(&format!("a {kind} answers no HTTP; load tests run on Services and workloads, or on any address with :load URL")),
    }
}

fn service_of(pod: &Row) -> String {
    let label = |name: &str| pod.labels.iter().find_map(|label| label.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
    label("app").or_else(|| label("app.kubernetes.io/name")).unwrap_or_else(|| pod.name.to_string())
}

fn delete(state: &State, shared: &Shared) -> Step<Effect> {
    let keys = state.chosen();
    let hidden = state.marks.len().saturating_sub(keys.len());
    let Some(first) = keys.first() else {
        return if hidden > 0 { say("what is marked is hidden by the filter; nothing was done") } else { Step::quiet() };
    };
    let mut type_name = None;
    for key in &keys {
        match shared.gate.check(&Action::delete(key)) {
            Verdict::Allowed => {}
            Verdict::TypeName(name) if type_name.as_ref().is_some_and(|other| *other != name) => {
                return say("what is marked lies in several protected contexts; delete it in one after the other");
            }
            Verdict::TypeName(name) => type_name = Some(name),
            Verdict::Refused(problem) => return Step::intent(Intent::Notice(Notice { level: Level::Error, problem })),
        }
    }
    let mut body = match keys.len() {
        1 => vec![format!("{first}")],
        count => std::iter::once(format!("{count} objects:")).chain(keys.iter().take(NAMED).map(ToString::to_string)).collect(),
    };
    if keys.len() > NAMED {
        body.push(format!("and {} more", keys.len() - NAMED));
    }
    if !state.marks.is_empty() && hidden > 0 {
        body.push(format!("{hidden} more marked: hidden by the filter, left alone"));
    }
    Step::intent(Intent::Confirm(Question { verb: "Delete".into(), body, type_name, then: Confirmed::Delete(keys) }))
}

/// Why a command is not possible now; none: it is.
pub fn refusal(state: &State, shared: &Shared, command: &Command) -> Option<String> {
    let row = state.row();
    let kind = row.map(|row| &*row.gvk.kind);
    let nothing = row.is_none() && state.detail.is_none();
    let searched = state.detail.as_ref().is_some_and(|detail| !detail.find.is_empty());
    let why = match command {
        Command::Delete | Command::LoadTest if shared.gate.readonly() => "this session is read-only",
        Command::Drill | Command::Describe | Command::Yaml | Command::Events | Command::Delete | Command::Mark | Command::CopyName if nothing => {
            "no row is chosen"
        }
        Command::LoadTest => match kind {
            Some("Service" | "Deployment" | "StatefulSet" | "DaemonSet" | "Pod") => return None,
            Some(kind) => return Some(format!("a {kind} answers no HTTP")),
            None => "no row is chosen",
        },
        Command::NextMatch | Command::PreviousMatch if !searched => "nothing is searched for",
        Command::Wide if !state.wide && state.seen.hidden == 0 => "all columns are shown",
        Command::Namespace(0) if state.view.namespace.is_none() => "all are shown",
        _ => return None,
    };
    Some(why.into())
}

/// The person said yes.
pub fn confirmed(state: &mut State, keys: Vec<ObjectKey>) -> Step<Effect> {
    for key in &keys {
        state.marks.remove(&(key.cluster.clone(), Uid::parse(&key.uid)));
    }
    state.deleting += keys.len();
    keys.into_iter().fold(Step::redraw(), |step, key| step.and(Effect::Delete { key }))
}

fn column(state: &mut State, shared: &Shared, side: Sideways) -> Step<Effect> {
    let last = super::view::orders(state, shared).len().saturating_sub(1);
    state.column = match side {
        Sideways::Left => state.column.saturating_sub(1),
        Sideways::Right => (state.column + 1).min(last),
    };
    Step::redraw()
}

fn sort_here(state: &mut State, shared: &Shared) -> Step<Effect> {
    match super::view::orders(state, shared).get(state.column) {
        Some(by) => sort_by(state, *by, false),
        None => Step::quiet(),
    }
}

fn sort(state: &mut State, order: Order) -> Step<Effect> {
    match order {
        Order::Name => sort_by(state, SortBy::Name, false),
        Order::Age => sort_by(state, SortBy::Age, false),
        Order::Status => sort_by(state, SortBy::Fault, true),
        Order::Namespace => sort_by(state, SortBy::Namespace, false),
    }
}

/// The same key again turns the order round.
fn sort_by(state: &mut State, by: SortBy, descending: bool) -> Step<Effect> {
    let now = state.table.sort();
    let descending = if now.by == by { !now.descending } else { descending };
    state.table.set_sort(Sort { by, descending });
    seat(state, None);
    Step::redraw()
}

fn namespace_digit(state: &mut State, shared: &Shared, digit: u8) -> Step<Effect> {
    let namespace = match digit {
        0 => None,
        _ => match state.namespaces().get(usize::from(digit) - 1) {
            Some(name) => Some(name.to_string()),
            None => return say("no namespace has that digit; 0 shows all"),
        },
    };
    go(state, shared, View { namespace, ..state.view.clone() }, true)
}

fn scroll(state: &mut State, step: Move) -> Step<Effect> {
    let (page, rows) = (state.seen.detail_page, state.seen.detail_rows);
    let last = rows.saturating_sub(page);
    if let Some(detail) = &mut state.detail {
        detail.top = target(detail.top.min(last), step, page, last);
    }
    Step::redraw()
}

fn next_match(state: &mut State, forward: bool) -> Step<Effect> {
    let Some(detail) = &mut state.detail else { return Step::quiet() };
    if detail.find.is_empty() {
        return say("/ searches here; then n and N go from match to match");
    }
    let matches = &state.seen.matches;
    let next = if forward {
        matches.iter().find(|row| **row > detail.top).or(matches.first())
    } else {
        matches.iter().rev().find(|row| **row < detail.top).or(matches.last())
    };
    match next {
        Some(row) => {
            detail.top = *row;
            Step::redraw()
        }
        None => {
            let what = format!("{} is not in here", detail.find);
            say(&what)
        }
    }
}

/// What a notice says when a kind is not known.
pub fn unknown(word: &str) -> Problem {
    Problem::new("line.unknown", format!("`{word}` is neither a command nor a kind that is served"), "").hint(": and tab lists both")
}

/// Remembers what the last frame showed.
pub fn seen(state: &mut State, seen: super::state::Seen) {
    state.top = seen.top;
    state.seen = seen;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn row(uid: u128, name: &str) -> Row {
        Row {
            uid: Uid(uid),
            cluster: ClusterId::new("lab"),
            gvk: Arc::new(Gvk::new("", "v1", "Pod")),
            namespace: Some("shop".into()),
            name: name.into(),
            created: 0,
            state: RowState::Fine,
            cells: Box::new([]),
            labels: Arc::new([]),
        }
    }

    /// Two pods, both marked.
    fn marked() -> State {
        let mut state = State::default();
        state.table.apply(&ClusterId::new("lab"), Delta { upserts: vec![row(1, "web"), row(2, "cart")], ..Delta::default() });
        _ = mark(&mut state);
        _ = mark(&mut state);
        state
    }

    fn asked(step: &Step<Effect>) -> &Question {
        match &step.intents[..] {
            [Intent::Confirm(question)] => question,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_filter_hides_is_left_alone_and_keeps_its_mark() {
        let mut state = marked();
        _ = filter(&mut state, "web").unwrap();
        let step = delete(&state, &Shared::default());
        let question = asked(&step);
        assert!(question.body.iter().any(|line| line.contains("1 more marked")), "{:?}", question.body);
        let Confirmed::Delete(keys) = question.then.clone() else { panic!() };
        _ = confirmed(&mut state, keys);
        assert_eq!(state.marks.iter().map(|(_, uid)| *uid).collect::<Vec<_>>(), [Uid(2)]);
        let step = delete(&state, &Shared::default());
        assert!(matches!(&step.intents[..], [Intent::Notice(_)]), "{step:?}");
    }

    #[test]
    fn an_object_that_is_gone_is_no_longer_marked() {
        let mut state = marked();
        _ = rows(&mut state, At::default(), &ClusterId::new("lab"), Delta { removed: vec![Uid(1)], ..Delta::default() });
        assert_eq!(state.marks.len(), 1);
    }

    #[test]
    fn a_read_only_session_offers_no_load_test() {
        let shared = Shared { gate: crate::cluster::gate::Gate::new(true, vec![], None), ..Shared::default() };
        let step = load_test(&marked(), &shared);
        assert!(matches!(&step.intents[..], [Intent::Notice(Notice { level: Level::Error, .. })]), "{step:?}");
    }
}
