//! What commands and news do to the tree. Never waits, never reads a clock.

mod grow;

use std::sync::Arc;
use std::time::Duration;

use super::commands::Command;
use super::state::{Ask, Grove, State, What};
use super::work::{Effect, Report};
use crate::names::ObjectKey;
use crate::relations::rules::Rules;
use crate::survey::world::{There, World};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, Intent, Notice, Step};

/// Between two makings of the lines while news come: a frame shows all of them.
const BREATH: Duration = Duration::from_millis(80);

/// Something else is to be looked at, as soon as the pane is seen.
pub fn ask(state: &mut State, ask: Ask) {
    if state.ask.as_ref() != Some(&ask) {
        *state = State { ask: Some(ask), generation: state.generation, page: state.page, ..State::default() };
    }
}

/// The pane is seen: what was asked is looked at anew.
pub fn entered(state: &mut State, shared: &Shared) -> Step<Effect> {
    let Some(Ask { kind, namespaces }) = state.ask.clone() else { return Step::redraw() };
    state.generation += 1;
    let rules = Arc::new(Rules::embedded());
    let grove = |cluster: &crate::names::ClusterId| Grove { cluster: cluster.clone(), root: None, world: World::new(rules.clone()), problem: None };
    state.groves = shared.open.iter().map(grove).collect();
    (state.due, state.made) = (None, None);
    grow::lines(state);
    Step::effect(Effect::Survey { generation: state.generation, clusters: shared.open.clone(), kind, namespaces })
}

/// The pane is no longer seen: nobody looks.
pub fn left(state: &mut State) -> Step<Effect> {
    if state.ask.is_none() {
        return Step::quiet();
    }
    state.generation += 1;
    state.due = None;
    Step::effect(Effect::Survey { generation: state.generation, clusters: Vec::new(), kind: String::new(), namespaces: Vec::new() })
}

/// Does what the person asked.
pub fn command(state: &mut State, command: Command) -> Step<Effect> {
    let last = state.lines.len().saturating_sub(1);
    let page = state.page.saturating_sub(1).max(1);
    match command {
        Command::Down => point(state, state.position + 1),
        Command::Up => point(state, state.position.saturating_sub(1)),
        Command::PageDown => point(state, state.position + page),
        Command::PageUp => point(state, state.position.saturating_sub(page)),
        Command::Top => point(state, 0),
        Command::Bottom => point(state, last),
        Command::Fold => fold(state),
        Command::Unfold => unfold(state),
        Command::FoldAll => {
            state.all = Some(!state.lines.iter().any(|line| line.open == Some(true) && !matches!(line.what, What::Cluster)));
            state.folds.clear();
            grow::lines(state);
            Step::redraw()
        }
        Command::Reveal => reveal(state),
    }
}

fn point(state: &mut State, position: usize) -> Step<Effect> {
    state.position = position.min(state.lines.len().saturating_sub(1));
    state.cursor = state.line().map(|line| line.key);
    Step::redraw()
}

/// The cursor goes to a line that was clicked on.
pub fn clicked(state: &mut State, line: usize) -> Step<Effect> {
    point(state, line)
}

/// The wheel moves the cursor.
pub fn wheeled(state: &mut State, lines: isize) -> Step<Effect> {
    point(state, state.position.saturating_add_signed(lines))
}

/// Folds the line; of one that is folded, or has nothing below it, the parent is gone to.
fn fold(state: &mut State) -> Step<Effect> {
    let Some((key, depth, open)) = state.line().map(|line| (line.key, line.depth, line.open)) else { return Step::quiet() };
    if open == Some(true) && state.filter.is_empty() {
        state.folds.insert(key, false);
        grow::lines(state);
        return Step::redraw();
    }
    let parent = state.lines.get(..state.position).and_then(|above| above.iter().rposition(|line| line.depth < depth));
    parent.map_or_else(Step::quiet, |parent| point(state, parent))
}

fn unfold(state: &mut State) -> Step<Effect> {
    match state.line().map(|line| (line.key, line.open)) {
        Some((key, Some(false))) => {
            state.folds.insert(key, true);
            grow::lines(state);
            Step::redraw()
        }
        Some((_, Some(true))) => point(state, state.position + 1),
        _ => Step::quiet(),
    }
}

fn reveal(state: &State) -> Step<Effect> {
    match (refusal(state, Command::Reveal), object(state)) {
        (None, Some(key)) => Step::intent(Intent::Reveal(key)),
        (why, _) => why.map_or_else(Step::quiet, |why| Step::intent(Intent::Notice(Notice::info(why)))),
    }
}

/// The object under the cursor; of a container its pod.
fn object(state: &State) -> Option<ObjectKey> {
    let line = state.line()?;
    let world = &state.groves.get(line.grove)?.world;
    match &line.what {
        What::Cluster => None,
        What::Object(at) | What::Inside(at, _) => world.row(*at).map(crate::cluster::rows::Row::key),
        What::Need(relation, _) => Some(relation.other.clone()),
    }
}

/// Why a command is not possible now; none: it is.
pub fn refusal(state: &State, command: Command) -> Option<String> {
    let line = state.line();
    match (command, line.map(|line| (&line.what, line.open))) {
        (Command::Reveal | Command::Fold | Command::Unfold, None) => Some("nothing is chosen".into()),
        (Command::Reveal, Some((What::Cluster, _))) => Some("a cluster is no object".into()),
        (Command::Reveal, Some((What::Need(relation, _), _))) if !matches!(relation.there, There::Yes | There::Lacks(_) | There::Unknown) => {
            Some(format!("{} {} is not there", relation.other.gvk.kind, relation.other.name))
        }
        (Command::Unfold, Some((_, None))) => Some("there is nothing below it".into()),
        (Command::Unfold, Some((_, Some(true)))) => Some("it is unfolded".into()),
        _ => None,
    }
}

/// Takes in what happened outside.
pub fn report(state: &mut State, at: At, report: Report) -> Step<Effect> {
    match report {
        Report::Root { generation, cluster, root } if generation == state.generation => {
            if let Some(grove) = state.groves.iter_mut().find(|grove| grove.cluster == cluster) {
                match root {
                    Ok(root) => grove.root = Some(root),
                    Err(problem) => grove.problem = Some(problem),
                }
            }
            make(state, at);
            Step::redraw()
        }
        Report::News { generation, cluster, news } if generation == state.generation => {
            let gone = !news.removed.is_empty();
            if let Some(grove) = state.groves.iter_mut().find(|grove| grove.cluster == cluster) {
                grove.world.apply(news);
            }
            let rested = state.made.is_none_or(|made| at.mono >= made + BREATH);
            // The place of what is gone may be another's at once.
            if gone || rested {
                make(state, at);
                return Step::redraw();
            }
            state.due = state.due.or(state.made.map(|made| made + BREATH));
            Step::quiet()
        }
        Report::Root { .. } | Report::News { .. } => Step::quiet(),
    }
}

fn make(state: &mut State, at: At) {
    grow::lines(state);
    (state.made, state.due) = (Some(at.mono), None);
}

/// What is due at this moment.
pub fn tick(state: &mut State, at: At) -> Step<Effect> {
    if state.due.is_some_and(|due| due <= at.mono) {
        make(state, at);
        return Step::redraw();
    }
    Step::quiet()
}

/// When [`tick`] has something to do next.
pub fn next_wake(state: &State) -> Option<Duration> {
    state.due
}

/// Shows only lines with that text, and those above them.
pub fn filter(state: &mut State, text: &str) {
    text.clone_into(&mut state.filter);
    grow::lines(state);
}

/// One rung up: `None` when nothing is open here.
pub fn back(state: &mut State) -> Option<Step<Effect>> {
    if state.filter.is_empty() {
        return None;
    }
    filter(state, "");
    Some(Step::redraw())
}

/// Remembers what the last frame showed: the first line and how many a page has.
pub fn seen(state: &mut State, (top, page): (usize, usize)) {
    (state.top, state.page) = (top, page);
}
