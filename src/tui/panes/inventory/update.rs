//! What commands, rows and answers do to the inventory. Never waits, never reads a clock.

mod act;
mod annotate;
mod census;
mod columns;
mod detail;
mod drill;
mod follow;
mod groups;
mod helm;
mod measure;
mod mouse;
mod namespaces;
mod news;
mod places;
mod reading;
mod resume;
mod rights;
mod saved;
mod table;
mod tabs;
mod told;
mod uses;

use std::time::Duration;

pub use self::act::confirmed;
pub use self::annotate::{annotate, annotated};
pub use self::columns::{add_columns, choose_columns, new_column};
pub use self::detail::{next_region, zoom};
pub use self::drill::reveal;
pub use self::mouse::{clicked, wheeled};
pub use self::places::travel;
pub use self::resume::resume;
pub use self::saved::{restore, save_view, unsave};
pub use self::table::{filter, work};
pub use self::tabs::{kept as kept_tabs, reopen};

use self::act::{copy, delete, load_test, logged, logs};
use self::detail::{close, described, heard, inspect, inspected, next_match, open, scroll};
use self::drill::{drill, node, owner, selected, to_owner, warp};
use self::measure::measured;
use self::table::{column, filtered, mark, mark_range, moved, pan, rows, seat, sort, sort_here, unmark};
use super::commands::{Command, Folding, Sideways, TabStep};
use super::state::{News, Origin, State, Tab, Tie, View};
use super::work::{Effect, Report};
use crate::cluster::table::{Sort, SortBy, Table};
use crate::cluster::views::Ask;
use crate::cluster::watch::WatchSpec;
use crate::names::{ClusterId, Problem};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, Intent, Notice, Step};
use crate::tui::widgets::document::Document;

/// Does what the person asked.
pub fn command(state: &mut State, shared: &Shared, at: At, command: Command) -> Step<Effect> {
    if let Some(step) = groups::command(state, &command) {
        return step;
    }
    if let Some(kind) = rights::leads_to(state).filter(|_| command == Command::Drill) {
        return rights::drill(state, shared, kind);
    }
    if let Some(why) = told::refusal(state, &command) {
        return say(&why);
    }
    match command {
        Command::Move(step) => moved(state, at, step),
        Command::Drill => namespaces::enter_marked(state, shared).unwrap_or_else(|| drill(state, shared, at)),
        Command::Node => node(state, shared),
        Command::Owner => owner(state),
        Command::Warp => warp(state, shared),
        Command::Describe => described(state, at),
        Command::Yaml => open(state, at, Tab::Yaml, true),
        Command::Values => helm::values(state, at),
        Command::Events | Command::Uses if helm::is_meant(state) => say(helm::NOTHING_AROUND),
        Command::Events => open(state, at, Tab::Events, true),
        Command::Uses => open(state, at, Tab::Uses, true),
        Command::GoThere => uses::follow(state, shared),
        Command::Logs => logs(state, false),
        Command::PreviousLogs => logs(state, true),
        Command::LoadTest => load_test(state, shared),
        Command::CopyName => copy(state, |row| row.name.to_string()),
        Command::CopyNamespace => copy(state, |row| row.namespace.as_deref().unwrap_or_default().to_owned()),
        Command::Mark => mark(state),
        Command::MarkRange => mark_range(state),
        Command::Unmark => unmark(state),
        Command::Delete => delete(state, shared),
        Command::Wide => {
            state.wide = !state.wide;
            Step::redraw().then(census::settle(state, shared))
        }
        Command::Column(side) => column(state, shared, side),
        Command::Pan(side) => pan(state, shared, side),
        Command::Columns => columns::choose(state),
        Command::Save => saved_later(state, at),
        Command::Pin => namespaces::pin(state),
        Command::SavedViews => Step::intent(Intent::SavedViews),
        Command::OpenSaved(name) => Step::intent(Intent::OpenSaved(name)),
        Command::Tab(step) => tabs::step(state, shared, step),
        Command::SortHere => sort_here(state, shared),
        Command::Sort(order) => sort(state, order),
        Command::Follow => follow::follow(state),
        Command::Group(by) => groups::group(state, by),
        Command::Namespace(digit) => namespace_digit(state, shared, digit),
        Command::Trouble => {
            state.trouble = !state.trouble;
            filtered(state)
        }
        Command::Reload => reload(state, shared),
        Command::Scroll(step) => scroll(state, step),
        Command::Wrap => reading::wrap(state),
        Command::Fold(how) => reading::fold(state, how),
        Command::Whole => reading::whole(state),
        Command::CopyText => reading::copy_text(state),
        Command::SaveText => reading::save_text(state, at),
        Command::Reveal => reading::reveal(state, at),
        Command::Compare => reading::compare(state, shared, at),
        Command::NextMatch => next_match(state, true),
        Command::PreviousMatch => next_match(state, false),
    }
}

fn saved_later(state: &mut State, at: At) -> Step<Effect> {
    let step = saved::save_table(state, at);
    state.saving += step.effects.len();
    step
}

fn redraw(state: &mut State, change: impl FnOnce(&mut State)) -> Step<Effect> {
    change(state);
    Step::redraw()
}

/// Takes in what happened outside.
pub fn report(state: &mut State, shared: &Shared, at: At, report: Report) -> Step<Effect> {
    match report {
        // What was on its way when its cluster was closed is nobody's any more.
        Report::Measured { cluster, .. } | Report::Rows { cluster, .. } if !shared.open.contains(&cluster) => Step::quiet(),
        Report::Measured { generation, cluster, reading } if generation == state.generation => measured(state, &cluster, reading),
        Report::Counted { generation, cluster, pods } if generation == state.generation => census::counted(state, &cluster, pods),
        Report::Rows { generation, cluster, delta } if generation == state.generation => rows(state, at, &cluster, delta),
        Report::Rows { .. } | Report::Measured { .. } | Report::Counted { .. } => Step::quiet(),
        Report::Selected { generation, labels } if generation == state.generation => selected(state, shared, at, labels),
        Report::Owner { generation, owner } if generation == state.generation => to_owner(state, shared, owner),
        Report::Selected { .. } | Report::Owner { .. } => Step::quiet(),
        Report::Inspected { job, body } => inspected(state, job, body),
        Report::Related { job, lines, unknown, complete } => uses::related(state, job, lines, unknown, complete),
        Report::Heard { job, lines, phase } => heard(state, job, lines, phase),
        Report::Revealed { key, name, value } => reading::revealed(state, at, &key, name, value),
        Report::Kinds { words, scoped } => {
            state.kinds.extend(words);
            state.scoped.extend(scoped);
            // A view that was asked for by another name before the names were known.
            if let Some(plural) = state.kinds.get(&state.view.kind).filter(|plural| Ask::parse(plural).is_none()) {
                state.view.kind.clone_from(plural);
            }
            Step::redraw()
        }
        Report::Saved(written) => {
            state.saving = state.saving.saturating_sub(1);
            Step::intent(Intent::Notice(written.map_or_else(Notice::error, Notice::info)))
        }
        Report::Annotated { key, name, problem } => {
            let notice = problem.map_or_else(|| Notice::info(format!("annotated {key}: {name}")), Notice::error);
            Step::intent(Intent::Notice(notice))
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
    reading::hide(state, at);
    news::pass(state, at);
    if state.grouping.as_ref().and_then(|grouping| grouping.due).is_some_and(|due| due <= at.mono) {
        groups::count(state);
    }
    let due = state.detail.as_ref().is_some_and(|detail| detail.due.is_some_and(|due| due <= at.mono) && detail.job.is_none());
    if due { inspect(state) } else { Step::quiet() }
}

/// When [`tick`], or [`work`], has something to do next.
pub fn next_wake(state: &State) -> Option<Duration> {
    if state.table.is_busy() {
        return Some(Duration::ZERO);
    }
    let detail = state.detail.as_ref().filter(|detail| detail.job.is_none()).and_then(|detail| detail.due);
    let groups = state.grouping.as_ref().and_then(|grouping| grouping.due);
    let hides = state.detail.as_ref().and_then(|detail| detail.revealed.as_ref()).map(|shown| shown.until);
    [detail, groups, hides, news::next(state)].into_iter().flatten().min()
}

/// Looks at something else in the clusters that are open.
pub fn go(state: &mut State, shared: &Shared, view: View, remember: bool) -> Step<Effect> {
    if remember && view != state.view {
        places::remember(state, false);
    }
    enter(state, shared, view)
}

/// Begins a view anew, with nothing known of it.
fn enter(state: &mut State, shared: &Shared, view: View) -> Step<Effect> {
    let same_kind = view.kind == state.view.kind;
    state.known_namespaces = state.namespaces();
    let sort = if same_kind { state.table.sort() } else { first_order(&view.kind) };
    state.view = view;
    state.table = Table::new();
    state.table.set_sort(sort);
    state.news = News::default();
    (state.position, state.top, state.cursor, state.seek) = (0, 0, None, None);
    let mut step = Step::redraw();
    if !same_kind {
        state.column = 0;
        state.skip = 0;
        state.lent = None;
        state.order = None;
        state.seen.widths.clear();
        state.filter.clear();
        state.trouble = false;
        state.grouping = groups::first(&state.view.kind);
        state.followed = None;
        step = close(state);
    }
    _ = filtered(state);
    step.then(watch(state, shared))
}

/// Watches the view from here on; rows of an earlier one are no longer its own.
fn watch(state: &mut State, shared: &Shared) -> Step<Effect> {
    state.generation += 1;
    state.marks.clear();
    state.last_mark = None;
    ask(state, shared)
}

/// What is asked for: rows, or first what makes them rows of this view.
fn ask(state: &mut State, shared: &Shared) -> Step<Effect> {
    let generation = state.generation;
    let step = match &state.view.of {
        Some(Origin { key, tie: Tie::Selector }) if state.view.labels.is_empty() => {
            Step::effect(Effect::Watch { generation, specs: Vec::new() }).and(Effect::Select { generation, key: key.clone() })
        }
        _ => Step::effect(Effect::Watch { generation, specs: specs(state, shared) }),
    };
    step.then(census::settle(state, shared))
}

/// Sorts again where the order is held, else asks anew.
fn reload(state: &mut State, shared: &Shared) -> Step<Effect> {
    if !state.table.is_held() {
        return watch_again(state, shared);
    }
    state.table.arrange();
    seat(state, None);
    Step::redraw()
}

/// Asks anew; what is shown stays until all new rows have come.
fn watch_again(state: &mut State, shared: &Shared) -> Step<Effect> {
    drop_closed(state, shared);
    shared.open.iter().for_each(|id| state.table.outdate(id));
    state.generation += 1;
    ask(state, shared)
}

/// Other clusters are looked at: those that stay open are watched on, and their rows are as good as they were.
fn watch_on(state: &mut State, shared: &Shared) -> Step<Effect> {
    let waits = state.view.of.as_ref().is_some_and(|of| of.tie == Tie::Selector) && state.view.labels.is_empty();
    if waits {
        return watch_again(state, shared);
    }
    drop_closed(state, shared);
    ask(state, shared)
}

fn drop_closed(state: &mut State, shared: &Shared) {
    let closed: Vec<ClusterId> = state.table.phases().iter().map(|(id, _)| id).filter(|id| !shared.open.contains(id)).cloned().collect();
    closed.iter().for_each(|id| state.table.drop_source(id));
    seat(state, None);
}

/// Events are read newest first; everything else by name.
fn first_order(kind: &str) -> Sort {
    if let Some(ask) = Ask::parse(kind) {
        return ask.view.order;
    }
    if matches!(kind, "events" | "event" | "ev") { Sort { by: SortBy::Age, descending: false } } else { Sort::default() }
}

fn specs(state: &State, shared: &Shared) -> Vec<WatchSpec> {
    let spec = |cluster: &ClusterId| WatchSpec {
        cluster: cluster.clone(),
        view: state.view.kind.clone(),
        namespaces: rights::namespaces(state, shared, cluster),
        labels: state.view.labels.clone(),
        fields: state.view.fields.clone(),
        columns: columns::user_columns(state),
        exact: false,
    };
    let meant = |id: &&ClusterId| state.view.of.as_ref().is_none_or(|of| of.key.cluster == **id);
    shared.open.iter().filter(meant).map(spec).collect()
}

/// Other clusters are open now, and something else may be looked at.
pub fn clusters(state: &mut State, shared: &Shared, view: Option<View>) -> Step<Effect> {
    let mut step = match view {
        Some(view) => go(state, shared, view, true),
        None => watch_on(state, shared),
    };
    for cluster in &shared.open {
        step = step.and(Effect::Kinds { cluster: cluster.clone() });
    }
    step
}

/// One rung up: `None` when the inventory itself is the last one.
pub fn back(state: &mut State, shared: &Shared) -> Option<Step<Effect>> {
    if let Some(detail) = state.detail.as_mut().filter(|detail| !detail.find.is_empty() && state.in_detail) {
        detail.find.clear();
    } else if state.detail.is_some() {
        return Some(close(state));
    } else if !state.filter.is_empty() || state.trouble {
        state.filter.clear();
        state.trouble = false;
        _ = filtered(state);
    } else if let Some(step) = groups::close(state).or_else(|| groups::leave(state)) {
        return Some(step);
    } else if places::returns(state) {
        return Some(travel(state, shared, true));
    } else {
        return None;
    }
    Some(Step::redraw())
}

/// [`back`] would close or clear something.
pub fn can_go_back(state: &State) -> bool {
    let grouped = state.grouping.as_ref().is_some_and(|grouping| grouping.open.is_some());
    state.detail.is_some() || !state.filter.is_empty() || state.trouble || grouped || places::returns(state)
}

fn say(what: &str) -> Step<Effect> {
    Step::intent(Intent::Notice(Notice::info(what)))
}

/// Why a command is not possible now; none: it is.
pub fn refusal(state: &State, shared: &Shared, command: &Command) -> Option<String> {
    if *command == Command::Drill && rights::leads_to(state).is_some() {
        return None;
    }
    if let Some(why) = told::refusal(state, command) {
        return Some(why);
    }
    let row = state.row();
    let kind = row.map(|row| &*row.gvk.kind);
    let nothing = row.is_none() && state.detail.is_none();
    let compares = state.detail.as_ref().is_some_and(|detail| detail.tab == Tab::Difference);
    let secret = state.detail.as_ref().map(|detail| &detail.key.gvk).or(row.map(|row| &row.gvk)).is_some_and(|gvk| &*gvk.kind == "Secret");
    let document = state.detail.as_ref().and_then(|detail| detail.document.as_ref());
    let text = document.is_some();
    let searched = state.detail.as_ref().is_some_and(|detail| !detail.find.is_empty());
    let why = match command {
        Command::Delete | Command::LoadTest if shared.gate.readonly() => "this session is read-only",
        Command::Drill
        | Command::Describe
        | Command::Yaml
        | Command::Values
        | Command::Events
        | Command::Uses
        | Command::Delete
        | Command::Mark
        | Command::MarkRange
        | Command::CopyName
            if nothing =>
        {
            if state.pointed().is_some() {
                "it is gone"
            } else {
                "no row is chosen"
            }
        }
        Command::Logs | Command::PreviousLogs => match kind {
            Some(kind) if !logged(kind) => return Some(format!("a {kind} has no containers")),
            Some(_) => return None,
            None => "no row is chosen",
        },
        Command::LoadTest => match kind {
            Some("Service" | "Deployment" | "StatefulSet" | "DaemonSet" | "Pod") => return None,
            Some(kind) => return Some(format!("a {kind} answers no HTTP")),
            None => "no row is chosen",
        },
        Command::Values if !helm::is_meant(state) => helm::ONLY_RELEASES,
        Command::Events | Command::Uses if helm::is_meant(state) => helm::NOTHING_AROUND,
        Command::Delete if helm::is_meant(state) => helm::UNINSTALLS,
        Command::Node | Command::Owner | Command::Warp => return drill::refusal(state, command),
        Command::GoThere => return uses::refusal(state),
        Command::NextMatch | Command::PreviousMatch if !searched && !compares => "nothing is searched for",
        Command::Reveal if !secret => "only Secrets have values to reveal",
        Command::Fold(_) | Command::CopyText | Command::SaveText if !text => "y shows a manifest, which can be folded and copied",
        Command::Fold(Folding::All) if !document.is_some_and(Document::folds) => "nothing in it can be folded",
        Command::Fold(_) if !document.is_some_and(Document::folds_here) => "nothing lies below this line",
        Command::Whole if !text => "y shows the manifest",
        Command::Compare if nothing => "no row is chosen",
        Command::Compare if state.marks.len() != 2 && shared.open.len() < 2 => "mark two rows with space, or open another context",
        Command::Wide if !state.wide && state.seen.hidden == 0 => "all columns are shown",
        Command::Pin => return namespaces::no_pin(state).map(str::to_owned),
        Command::Save if state.table.visible() == 0 => "there are no rows",
        Command::Columns if state.table.columns().is_empty() => "no columns are known yet",
        Command::Tab(TabStep::Next | TabStep::Previous | TabStep::Close) if state.tabs.others.is_empty() => tabs::ONE,
        Command::Unmark if state.marks.is_empty() => "nothing is marked",
        Command::Pan(Sideways::Right) if !state.seen.more => "all columns are shown",
        Command::Pan(Sideways::Left) if state.seen.skip == 0 => "the first columns are shown",
        Command::Namespace(0) if state.view.namespaces.is_empty() => "all are shown",
        _ => return None,
    };
    Some(why.into())
}

fn namespace_digit(state: &mut State, shared: &Shared, digit: u8) -> Step<Effect> {
    let namespaces = match digit {
        0 => Vec::new(),
        _ => match state.namespaces().get(usize::from(digit) - 1) {
            Some(name) => vec![name.to_string()],
            None => return say("no namespace has that digit; 0 shows all"),
        },
    };
    let view = state.view.within(namespaces);
    go(state, shared, view, true)
}

/// The rows can be seen in groups by these headings, and are by that one.
pub fn groupings(state: &State) -> (Vec<String>, Option<&str>) {
    (crate::cluster::groups::choices(state.table.columns()), state.grouping.as_ref().map(|grouping| grouping.by.as_str()))
}

/// What a notice says when a kind is not known.
pub fn unknown(word: &str) -> Problem {
    Problem::new("line.unknown", format!("`{word}` is neither a command nor a kind that is served"), "").hint(": and tab lists both")
}

/// Remembers what the last frame showed.
pub fn seen(state: &mut State, seen: super::state::Seen) {
    state.top = seen.top;
    state.skip = seen.skip;
    state.seen = seen;
}
