//! What commands and windows do to the logs. Never waits, never reads a clock.

use super::commands::Command;
use super::state::{SINCE, State};
use super::work::{Effect, Report};
use crate::cluster::logs::{LogSpec, moment};
use crate::names::ObjectKey;
use crate::tui::flow::{Intent, Notice, Step};

/// Opens the logs of these.
pub fn open(state: &mut State, of: Vec<ObjectKey>, previous: bool, rows: usize) -> Step<Effect> {
    let kept =
        State { generation: state.generation, timeless: state.timeless, cut: state.cut, raw: state.raw, since: state.since, ..State::default() };
    *state = State { of, previous, ..kept };
    state.want.rows = rows;
    begin(state)
}

/// Asks for the streams anew: another container, run or time.
fn begin(state: &mut State) -> Step<Effect> {
    state.generation += 1;
    state.want.top = None;
    state.window = Default::default();
    (state.problem, state.answered) = (None, false);
    let spec = LogSpec {
        of: state.of.clone(),
        container: state.container.clone(),
        previous: state.previous,
        since: SINCE[state.since.min(SINCE.len() - 1)].0,
    };
    Step::effect(Effect::Open { generation: state.generation, spec, want: state.want.clone() })
}

/// The body has another height now.
pub fn resized(state: &mut State, rows: usize) -> Step<Effect> {
    if state.want.rows == rows || state.of.is_empty() {
        return Step::quiet();
    }
    state.want.rows = rows;
    look(state)
}

/// Ends the streams: the pane is left.
pub fn close(state: &mut State) -> Step<Effect> {
    if state.of.is_empty() {
        return Step::quiet();
    }
    state.of.clear();
    state.generation += 1;
    Step::effect(Effect::Close)
}

fn look(state: &State) -> Step<Effect> {
    Step::effect(Effect::Look { want: state.want.clone() })
}

/// Does what the person asked.
pub fn command(state: &mut State, command: Command) -> Step<Effect> {
    match command {
        Command::Down => moved(state, 1),
        Command::Up => moved(state, -1),
        Command::PageDown => moved(state, page(state)),
        Command::PageUp => moved(state, -page(state)),
        Command::Top => at(state, Some(state.window.start)),
        Command::Bottom => at(state, None),
        Command::Follow => at(state, if state.want.top.is_none() { Some(state.window.top) } else { None }),
        Command::Previous => {
            state.previous = !state.previous;
            begin(state)
        }
        Command::All => {
            state.container = None;
            begin(state)
        }
        Command::NextContainer => container(state, 1),
        Command::PreviousContainer => container(state, -1),
        Command::Since(at) => {
            state.since = at;
            begin(state)
        }
        Command::Time => redraw(state, |state| state.timeless = !state.timeless),
        Command::Wrap => redraw(state, |state| state.cut = !state.cut),
        Command::Json => redraw(state, |state| state.raw = !state.raw),
        Command::Mark => Step::effect(Effect::Mark),
        Command::Clear => {
            state.want.top = None;
            Step::effect(Effect::Clear).and(Effect::Look { want: state.want.clone() })
        }
        Command::Copy => copy(state),
        Command::Save => Step::effect(Effect::Save { name: title(state) }),
        Command::InPlace => in_place(state),
        Command::NextMatch => to_match(state, state.window.next),
        Command::PreviousMatch => to_match(state, state.window.previous),
    }
}

/// The wheel scrolls.
pub fn wheeled(state: &mut State, lines: i64) -> Step<Effect> {
    moved(state, lines)
}

fn redraw(state: &mut State, change: impl FnOnce(&mut State)) -> Step<Effect> {
    change(state);
    Step::redraw()
}

fn page(state: &State) -> i64 {
    i64::try_from(state.want.rows.saturating_sub(1).max(1)).unwrap_or(1)
}

fn moved(state: &mut State, by: i64) -> Step<Effect> {
    let window = &state.window;
    let newest = window.end.saturating_sub(state.want.rows as u64).max(window.start);
    let top = window.top.saturating_add_signed(by).max(window.start);
    // Whoever comes to the end follows again.
    at(state, (top < newest).then_some(top))
}

fn at(state: &mut State, top: Option<u64>) -> Step<Effect> {
    state.want.top = top;
    look(state)
}

fn container(state: &mut State, by: i32) -> Step<Effect> {
    let names = state.containers();
    let now = state.container.as_deref().and_then(|only| names.iter().position(|name| *name == only));
    let count = i32::try_from(names.len()).unwrap_or(0);
    if count < 2 {
        return say("there is one container only");
    }
    let next = match now {
        None => 0,
        Some(at) => (i32::try_from(at).unwrap_or(0) + by).rem_euclid(count),
    };
    state.container = usize::try_from(next).ok().and_then(|next| names.get(next)).map(|name| (*name).to_owned());
    begin(state)
}

/// What is typed after `/`: only lines that hold it.
pub fn filter(state: &mut State, text: &str) -> Step<Effect> {
    state.want.find = text.to_owned();
    state.want.only = true;
    state.want.top = None;
    look(state)
}

fn in_place(state: &mut State) -> Step<Effect> {
    let first = state.window.lines.first().map(|(place, _)| *place);
    match first.filter(|_| state.want.only && !state.want.find.is_empty()) {
        Some(place) => {
            state.want.only = false;
            to(state, place)
        }
        None if state.want.find.is_empty() => say("/ searches here; enter then shows what was found among the other lines"),
        None => redraw(state, |state| state.want.only = true).then(look(state)),
    }
}

/// Puts a line a third down the screen.
fn to(state: &mut State, place: u64) -> Step<Effect> {
    at(state, Some(place.saturating_sub(state.want.rows as u64 / 3)))
}

fn to_match(state: &mut State, place: Option<u64>) -> Step<Effect> {
    if state.want.find.is_empty() {
        return say("/ searches here; n and N go from match to match");
    }
    state.want.only = false;
    match place {
        // The engine counts from the first line seen: it is the match itself that has to stand there.
        Some(place) => at(state, Some(place)),
        None => say("no further match"),
    }
}

fn copy(state: &State) -> Step<Effect> {
    let lines: Vec<String> = state.window.lines.iter().map(|(_, line)| format!("{} {}", moment(line.at), line.text)).collect();
    if lines.is_empty() { say("there is nothing to copy here") } else { Step::intent(Intent::Copy(lines.join("\n"))) }
}

fn say(what: &str) -> Step<Effect> {
    Step::intent(Intent::Notice(Notice::info(what)))
}

/// Whose logs they are, for line 2 and as the name of a file.
pub fn title(state: &State) -> String {
    match &state.of[..] {
        [] => String::new(),
        [one] => one.name.to_string(),
        [first, rest @ ..] => format!("{} and {} more", first.name, rest.len()),
    }
}

/// Takes in what happened outside.
pub fn report(state: &mut State, report: Report) -> Step<Effect> {
    match report {
        Report::Seen { generation, window, sources, problem } if generation == state.generation => {
            (state.window, state.problem, state.answered) = (window, problem, true);
            // A container that is left out still is one that can be chosen.
            for source in sources {
                if !state.sources.contains(&source) {
                    state.sources.push(source);
                }
            }
            Step::redraw()
        }
        Report::Seen { .. } => Step::quiet(),
        Report::Saved { path } => say(&format!("saved to {path}")),
        Report::Failed { problem } => Step::intent(Intent::Notice(Notice::error(problem))),
    }
}

/// One rung up: the search first; `None` when the pane itself is the last one.
pub fn back(state: &mut State) -> Option<Step<Effect>> {
    if state.want.find.is_empty() {
        return None;
    }
    state.want.find.clear();
    state.want.only = false;
    Some(look(state))
}

/// Why a command is not possible now; none: it is.
pub fn refusal(state: &State, command: Command) -> Option<String> {
    let searched = !state.want.find.is_empty();
    let why = match command {
        Command::InPlace | Command::NextMatch | Command::PreviousMatch if !searched => "nothing is searched for",
        Command::NextContainer | Command::PreviousContainer if state.containers().len() < 2 => "there is one container only",
        Command::All if state.container.is_none() => "all are shown",
        Command::Copy | Command::Save if state.window.kept == 0 => "there are no lines",
        _ => return None,
    };
    Some(why.into())
}
