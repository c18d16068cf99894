//! What is marked on the charts of a run: missed slots and stalls, the limit on a percentile, and what people said of its moments.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::LABEL;
use crate::perf::limit::{self, Metric};
use crate::results::Run;
use crate::results::note::Note;
use crate::text::quantity::latency;
use crate::tui::flow::Look;
use crate::tui::panes::perf::state::Entry;
use crate::tui::panes::perf::state::series::{Point, Window};
use crate::tui::theme::Role;
use crate::tui::widgets::curves;
use crate::tui::widgets::lines::Spans;
use crate::tui::widgets::paint::put;
use crate::tui::widgets::scale::Scale;

/// A limit is a line where it is no more than so many times the slowest that was seen: one far above would press everything else together.
const NEAR: f64 = 20.0;

/// What the plan, or anybody who waits, did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// Slots were due and never sent.
    Missed,
    /// It stood still: see [`Point::stalled`].
    Stalled,
}

impl Broken {
    /// In a step of the axis: what was missed is worse than what was late.
    fn of(point: &Point) -> Option<Self> {
        if point.missed > 0 { Some(Self::Missed) } else { (point.stalled > 0).then_some(Self::Stalled) }
    }

    fn look(self, look: &Look<'_>) -> (&'static str, &'static str, Role) {
        let glyphs = look.theme.glyphs();
        match self {
            Self::Missed => (glyphs.bad, "missed", Role::StatusBad),
            Self::Stalled => (glyphs.warn, "held up", Role::StatusWarn),
        }
    }
}

/// Where the plan was not kept, on the bottom row of the heat map.
pub(super) fn broken(window: &Window, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let Some(bottom) = area.height.checked_sub(1) else { return };
    for (broken, x) in window.columns(Broken::of).into_iter().zip(LABEL + 1..area.width) {
        if let Some((sign, _, role)) = broken.map(|broken| broken.look(look)) {
            put(buf, area, x, bottom, sign, look.theme.style(role));
        }
    }
}

/// What the signs mean that are seen, from a column on.
pub(super) fn legend(entry: &Entry, window: &Window, look: &Look<'_>, area: Rect, x: u16, buf: &mut Buffer) {
    let seen: Vec<Broken> = window.steps.iter().filter_map(Broken::of).collect();
    let broken = [Broken::Missed, Broken::Stalled].into_iter().filter(|one| seen.contains(one)).map(|one| one.look(look));
    let notes = (!entry.notes.is_empty()).then_some((look.theme.glyphs().here, "note", Role::Mark));
    broken.chain(notes).fold(x + 1, |x, (sign, word, role)| put(buf, area, x, 0, &format!("{sign} {word}  "), look.theme.style(role)));
}

/// The notes of a step of the axis.
fn of_step<'e>(entry: &'e Entry, window: &Window, step: usize) -> impl Iterator<Item = &'e Note> {
    let from = window.from + step as u64 * window.each;
    let to = from + window.each;
    entry.notes.iter().filter(move |note| (from..to).contains(&note.second()))
}

/// A sign on the axis for each step of which something is said.
pub(super) fn notes(entry: &Entry, window: &Window, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    for step in 0..window.steps.len() {
        // Columns of a screen.
        let x = LABEL + 1 + (step * window.wide) as u16;
        if of_step(entry, window, step).next().is_some() {
            put(buf, area, x, 0, look.theme.glyphs().here, look.theme.style(Role::Mark));
        }
    }
}

/// What is said of a step.
pub(super) fn said(entry: &Entry, window: &Window, step: usize, look: &Look<'_>) -> Spans {
    let here = look.theme.glyphs().here;
    of_step(entry, window, step).map(|note| (format!("{here} {}  ", note.text), Role::Mark)).collect()
}

/// The limit a run had on a percentile.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limit {
    /// `p99<50.0 ms` has to hold, `p99>500 ms` ends the run.
    text: String,
    /// In nanoseconds.
    value: f64,
    /// It can be seen beside what was measured.
    near: bool,
}

impl Limit {
    /// That on the percentile of that name, else on the highest one: what has to hold, else what ends the run. `most`: the slowest that was seen.
    pub(super) fn of(run: &Run, name: Option<&str>, most: f64) -> Option<Self> {
        let names = || name.into_iter().chain(["p99", "p90", "p50"]);
        let held = names().find_map(|name| Some((name, '<', wanted(run, name)?)));
        let ends = |name: &str| run.provenance.ends.iter().find_map(|rule| on(rule.split('/').next()?, name, false));
        let (name, sign, value) = held.or_else(|| names().find_map(|name| Some((name, '>', ends(name)?))))?;
        Some(Self { text: format!("{name}{sign}{}", latency(value as u64)), value, near: value <= most * NEAR })
    }

    pub(super) fn near(&self) -> Option<f64> {
        self.near.then_some(self.value)
    }

    /// The row it stands in: at the top where it lies far above.
    pub(super) fn row(&self, scale: Scale, height: u16) -> u16 {
        if self.near { curves::height(scale, self.value, height) } else { 0 }
    }

    /// Its name left of the axis, in place of what stands there.
    pub(super) fn name(&self, y: u16, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
        let far = if self.near { "" } else { look.theme.glyphs().above };
        let text = format!("{:>1$}", format!("{}{far}", self.text), usize::from(LABEL));
        put(buf, area, 0, y, &text, look.theme.style(Role::StatusWarn));
    }
}

/// What the run had to keep a latency below, in nanoseconds.
pub(super) fn wanted(run: &Run, name: &str) -> Option<f64> {
    run.provenance.limits.iter().find_map(|limit| on(limit, name, true))
}

/// The value of a limit on the latency of that name, `p99<50ms`.
fn on(text: &str, name: &str, below: bool) -> Option<f64> {
    let limit = text.parse::<limit::Limit>().ok()?;
    (limit.below == below && matches!(limit.metric, Metric::Latency(known) if known == name)).then_some(limit.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::Plan;
    use crate::load::target::Target;
    use crate::results::Subject;

    #[test]
    fn what_has_to_hold_goes_before_what_ends_a_run() {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let mut run = Run::begin("r".into(), Subject::default(), &plan, jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(Limit::of(&run, Some("p99"), 1e6), None);
        run.provenance.ends = ["errors>5%/10s", "p99>500ms/10s"].map(str::to_owned).into();
        assert_eq!(Limit::of(&run, Some("p99"), 1e6), Some(Limit { text: "p99>500 ms".into(), value: 5e8, near: false }));
        assert_eq!(Limit::of(&run, Some("p90"), 1e8).map(|limit| (limit.text, limit.near)), Some(("p99>500 ms".into(), true)));
        run.provenance.limits = ["errors<1%", "p99<5ms", "nonsense"].map(str::to_owned).into();
        assert_eq!(Limit::of(&run, Some("p99"), 1e6), Some(Limit { text: "p99<5.00 ms".into(), value: 5e6, near: true }));
    }
}
