//! What is looked at: which run, in which view, which part of its time, which runs are marked and held against each other.

use jiff::{Span, Timestamp, tz::TimeZone};

use super::series;
use crate::results::Run;
use crate::results::compare::{Metric, unlike};
use crate::results::past::Past;
use crate::tui::flow::{At, Intent, Notice, Step};
use crate::tui::panes::perf::state::{Face, Pairing, State, View};
use crate::tui::panes::perf::work::Effect;

/// Fewest seconds the charts can be zoomed to.
const CLOSEST: u64 = 5;

/// The run at that place of the list is shown.
pub(super) fn choose(state: &mut State, place: usize) -> Step<Effect> {
    if state.chosen != place {
        // Series of runs nobody looks at are read again when somebody does.
        if let Some(entry) = state.runs.get_mut(state.chosen).filter(|entry| entry.sample.is_none()) {
            (entry.series, entry.asked) = (Default::default(), false);
        }
        (state.span, state.second) = (None, None);
    }
    state.chosen = place;
    (state.frozen, state.top) = (None, 0);
    series(state)
}

/// A page of runs, or of what is told of one.
pub(super) fn page(state: &mut State, down: bool) -> Step<Effect> {
    let (at, last) = if state.view == View::Figures { (state.top, state.seen.last) } else { (state.chosen, state.runs.len().saturating_sub(1)) };
    let page = state.seen.page.max(1);
    let to = if down { (at + page).min(last) } else { at.saturating_sub(page) };
    if state.view != View::Figures {
        return choose(state, to);
    }
    state.top = to;
    Step::redraw()
}

/// The next or the run before: in the list, of the calendar's day the day itself.
pub(super) fn step(state: &mut State, down: bool) -> Step<Effect> {
    let last = state.runs.len().saturating_sub(1);
    match state.view {
        View::Calendar => day(state, if down { 1 } else { -1 }),
        View::History | View::Compare { .. } => Step::quiet(),
        _ if down => choose(state, (state.chosen + 1).min(last)),
        _ => choose(state, state.chosen.saturating_sub(1)),
    }
}

/// The first or the last of what is seen.
pub(super) fn end(state: &mut State, first: bool) -> Step<Effect> {
    let last = state.runs.len().saturating_sub(1);
    match (state.view, first) {
        (View::Calendar | View::Compare { .. }, _) => Step::quiet(),
        // The newest run is first in the list and last in the history.
        (View::History, _) => point(state, if first { usize::MAX } else { 0 }),
        (_, true) => choose(state, 0),
        (_, false) => choose(state, last),
    }
}

/// The cursor in time goes to earlier or to later.
pub(super) fn sideways(state: &mut State, later: bool) -> Step<Effect> {
    match state.view {
        View::Calendar => day(state, if later { 7 } else { -7 }),
        View::History => {
            let to = if later { state.point + 1 } else { state.point.saturating_sub(1) };
            point(state, to)
        }
        _ => second(state, later),
    }
}

fn second(state: &mut State, later: bool) -> Step<Effect> {
    let Some(series) = state.shown().map(|entry| &entry.series).filter(|series| !series.is_empty()) else { return Step::quiet() };
    let each = series.window(state.span, state.second, usize::from(state.seen.columns)).each;
    let last = series.seconds().saturating_sub(1);
    state.second = Some(match state.second {
        None => last / each * each,
        Some(at) if later => (at + each).min(last),
        Some(at) => at.saturating_sub(each),
    });
    Step::redraw()
}

fn point(state: &mut State, to: usize) -> Step<Effect> {
    let last = state.past.as_ref().map_or(0, |past| past.history.points.len().saturating_sub(1));
    state.point = to.min(last);
    Step::redraw()
}

fn day(state: &mut State, days: i64) -> Step<Effect> {
    state.day = state.day.checked_add(Span::new().days(days)).unwrap_or(state.day);
    Step::redraw()
}

/// Opens what is under the cursor.
pub(super) fn open(state: &mut State) -> Step<Effect> {
    let Some(place) = under(state) else { return Step::quiet() };
    let running = state.runs.get(place).is_some_and(|entry| entry.sample.is_some());
    state.below = state.view;
    state.view = if running { View::Charts } else { View::Figures };
    choose(state, place)
}

/// The place in the list of the run under the cursor of a view that is no view of one run.
pub(super) fn under(state: &State) -> Option<usize> {
    match state.view {
        View::List => (state.chosen < state.runs.len()).then_some(state.chosen),
        View::Calendar => state.of_day(state.day).first().copied(),
        View::History => {
            let id = state.of_point().first()?;
            state.runs.iter().position(|entry| entry.run.id == *id)
        }
        View::Charts | View::Figures | View::Compare { .. } => None,
    }
}

/// The other face of what is seen.
pub(super) fn face(state: &mut State) -> Step<Effect> {
    state.top = 0;
    state.view = match state.view {
        View::Charts => View::Figures,
        View::Figures => View::Charts,
        View::Compare { face } => View::Compare { face: next(face) },
        other => other,
    };
    Step::redraw()
}

fn next(face: Face) -> Face {
    match face {
        Face::Shares => Face::Boxes,
        Face::Boxes => Face::Shift,
        Face::Shift => Face::Shares,
    }
}

/// Half or twice as much time on the same columns.
pub(super) fn zoom(state: &mut State, closer: bool) -> Step<Effect> {
    let all = state.shown().map_or(0, |entry| entry.series.seconds());
    let now = state.span.unwrap_or(all).min(all);
    state.span = if closer { Some((now / 2).max(CLOSEST)) } else { Some(now * 2).filter(|span| *span < all) };
    Step::redraw()
}

/// Nothing closer can be seen.
pub(super) fn closest(state: &State) -> bool {
    let all = state.shown().map_or(0, |entry| entry.series.seconds());
    state.span.unwrap_or(all).min(all) <= CLOSEST
}

/// Marks the run under the cursor, of a history all runs of the point, or takes the mark away.
pub(super) fn mark(state: &mut State) -> Step<Effect> {
    if state.view == View::History {
        let ids = state.of_point().to_vec();
        let all = ids.iter().all(|id| state.marks.contains(id));
        state.marks.retain(|marked| !ids.contains(marked));
        state.marks.extend(ids.into_iter().filter(|_| !all));
        return Step::redraw();
    }
    let Some(id) = marked(state).and_then(|place| state.runs.get(place)).map(|entry| entry.run.id.clone()) else { return Step::quiet() };
    let before = state.marks.len();
    state.marks.retain(|marked| *marked != id);
    if state.marks.len() == before {
        state.marks.push(id);
    }
    Step::redraw()
}

/// The run a mark would be for.
pub(super) fn marked(state: &State) -> Option<usize> {
    match state.view {
        View::Charts | View::Figures => (state.chosen < state.runs.len()).then_some(state.chosen),
        _ => under(state),
    }
}

/// Holds the marked runs against each other, by the figure that is looked at, or by one that all of them know.
pub(super) fn compare(state: &mut State) -> Step<Effect> {
    let mut runs: Vec<&Run> = state.marks.iter().filter_map(|id| state.run(id)).collect();
    runs.sort_by_key(|run| run.started);
    if runs.len() < 2 {
        return Step::intent(Intent::Notice(Notice::info("mark two runs or more first: space")));
    }
    let pairing = sides(&runs);
    let (wanted, known) = (state.metric, state.metric.known(both(state, &pairing).each_ref().map(Vec::as_slice), usize::MAX));
    (state.pairing, state.metric) = (Some(pairing), known);
    if !matches!(state.view, View::Compare { .. }) {
        state.view = View::Compare { face: Face::default() };
    }
    state.frozen = None;
    let step = ask(state);
    if known == wanted {
        return step;
    }
    let (wanted, known) = (wanted.name(), known.name());
    Step::intent(Intent::Notice(Notice::info(format!("{wanted} is not known of every run, so {known} decides; > takes another")))).then(step)
}

/// Wants the numbers of the comparison that is looked at.
fn ask(state: &State) -> Step<Effect> {
    let Some(pairing) = &state.pairing else { return Step::redraw() };
    let [a, b] = both(state, pairing);
    Step::effect(Effect::Compare { a, b, gate: state.metric })
}

/// The runs of A and of B.
fn both(state: &State, pairing: &Pairing) -> [Vec<Run>; 2] {
    [&pairing.a, &pairing.b].map(|ids| ids.iter().filter_map(|id| state.run(id)).cloned().collect())
}

/// Which are A and which are B, of runs in the order of their start: by what they loaded where that is two things, else the older and the newer half.
fn sides(runs: &[&Run]) -> Pairing {
    let what = |run: &Run| run.target.what.clone().unwrap_or_else(|| run.target.url.clone());
    let first = what(runs[0]);
    let others: Vec<String> = runs.iter().map(|run| what(run)).filter(|one| *one != first).collect();
    let two = !others.is_empty() && others.iter().all(|one| *one == others[0]);
    let half = runs.len() / 2;
    let (a, b): (Vec<_>, Vec<_>) = runs.iter().enumerate().partition(|(at, run)| if two { what(run) == first } else { *at < half });
    let ids = |side: &[(usize, &&Run)]| side.iter().map(|(_, run)| run.id.clone()).collect();
    let why = if two { "by what they loaded" } else { "the older and the newer half" };
    let unlike = !unlike(runs).is_empty() || (!others.is_empty() && !two);
    Pairing { a: ids(&a), b: ids(&b), why: why.to_owned(), unlike, compared: None, changed: Vec::new() }
}

/// The history of runs like the one shown.
pub(super) fn history(state: &mut State) -> Step<Effect> {
    let Some(place) = marked(state) else { return Step::quiet() };
    let Some(run) = state.runs.get(place).map(|entry| entry.run.clone()) else { return Step::quiet() };
    state.past_of = Some(run.id.clone());
    (state.view, state.frozen, state.past) = (View::History, None, None);
    looked_back(state).then(super::held::judge(state, &run, false))
}

/// Wants the past of the run it is about.
pub(super) fn looked_back(state: &State) -> Step<Effect> {
    match state.past_of.as_ref().and_then(|id| state.run(id)) {
        Some(run) => Step::effect(Effect::Past { run: Box::new(run.clone()), metric: state.metric }),
        None => Step::redraw(),
    }
}

/// Takes in a past, unless another one is looked at meanwhile: the cursor is on the point of the run it is about, else on the newest.
pub(super) fn past(state: &mut State, id: &str, past: Past) -> Step<Effect> {
    if state.past_of.as_deref() == Some(id) && state.metric == past.history.metric {
        let points = &past.history.points;
        state.point = points.iter().position(|point| point.runs.iter().any(|run| run == id)).unwrap_or(points.len().saturating_sub(1));
        state.past = Some(past);
    }
    Step::redraw()
}

/// All runs by day, from the day of the run shown, or from today where there is none.
pub(super) fn calendar(state: &mut State, at: At) -> Step<Effect> {
    let today = Timestamp::from_second(at.unix).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date();
    state.day = state.shown().map_or(today, |entry| crate::tui::panes::perf::state::past::day(&entry.run)).min(today);
    (state.view, state.frozen) = (View::Calendar, None);
    Step::redraw()
}

/// The next figure decides.
pub(super) fn metric(state: &mut State) -> Step<Effect> {
    let all = Metric::ALL;
    let next = all.iter().position(|metric| *metric == state.metric).map_or(0, |at| (at + 1) % all.len());
    state.metric = all[next];
    match state.view {
        View::Compare { .. } => ask(state),
        View::History => {
            // The cursor stays where it is.
            state.past_of = state.of_point().first().cloned().or(state.past_of.take());
            state.past = None;
            let run = state.past_of.as_ref().and_then(|id| state.run(id)).cloned();
            let judged = run.map_or_else(Step::redraw, |run| super::held::judge(state, &run, false));
            looked_back(state).then(judged)
        }
        _ => Step::redraw(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::{Pace, Plan};
    use crate::load::target::Target;
    use crate::results::Subject;

    fn run(id: &str, what: &str, rate: f64) -> Run {
        let plan = Plan { pace: Pace::Rate(rate), ..Plan::gentle(Target::parse("127.0.0.1:1").unwrap()) };
        Run::begin(id.into(), Subject { what: Some(what.into()), ..Subject::default() }, &plan, Timestamp::UNIX_EPOCH)
    }

    fn split(runs: &[Run]) -> (Vec<String>, Vec<String>, bool) {
        let pairing = sides(&runs.iter().collect::<Vec<_>>());
        (pairing.a, pairing.b, pairing.unlike)
    }

    #[test]
    fn sides_are_two_things_or_before_and_after() {
        let ids = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(split(&[run("1", "web", 9.0), run("2", "cart", 9.0), run("3", "web", 9.0)]), (ids("1 3"), ids("2"), false));
        assert_eq!(split(&[run("1", "web", 9.0), run("2", "web", 9.0), run("3", "web", 9.0)]), (ids("1"), ids("2 3"), false));
        assert!(split(&[run("1", "web", 9.0), run("2", "web", 8.0)]).2, "two rates are not alike");
        assert!(split(&[run("1", "a", 9.0), run("2", "b", 9.0), run("3", "c", 9.0)]).2);
    }
}
